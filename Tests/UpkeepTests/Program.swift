// Runs the built pair, and other programs, to their ends.

import Foundation
import Glibc
import Testing

@testable import TestSupport

/// What a run left: exit status, or 128 and the signal that ended it, and output.
struct Run: Sendable, CustomStringConvertible {
    let status: Int32
    let output: String
    let error: String

    var description: String { "status \(status)\n\(output)\n\(error)" }
}

/// A program that was started.
struct Program: Sendable {
    private let ended: Task<Run, any Error>
    private let id: Int32

    /// What was built beside the tests.
    static func built(_ name: String) -> String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent(name).path
    }

    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// Starts a program with stdin from /dev/null and little environment.
    init(_ command: [String], environment: [String: String] = [:]) throws {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("pair-run-\(UUID())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        let files = ["output", "error"].map { scratch.appendingPathComponent($0) }
        for file in files { try Data().write(to: file) }
        let output = try FileHandle(forWritingTo: files[0])
        let error = try FileHandle(forWritingTo: files[1])
        // The program has its own by then, and Foundation would keep these open for good.
        defer { for file in [output, error] { try? file.close() } }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let usual = sanitizerSettings.merging(["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]) { _, mine in mine }
        let variables = environment.merging(usual) { mine, _ in mine }
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments = ["-i", "--default-signal"] + variables.map { "\($0)=\($1)" } + command
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = error
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            end.yield(process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0))
            end.finish()
        }
        try process.run()
        id = process.processIdentifier
        ended = Task {
            defer { try? FileManager.default.removeItem(at: scratch) }
            let status = await ends.first { _ in true }
            return Run(
                status: try #require(status), output: String(decoding: try Data(contentsOf: files[0]), as: UTF8.self),
                error: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self))
        }
    }

    /// Ends it as nothing can be caught.
    func kill() { _ = Glibc.kill(id, SIGKILL) }

    /// Once it has ended.
    var run: Run {
        get async throws { try await ended.value }
    }

    /// Runs a program to its end.
    static func run(_ command: [String], environment: [String: String] = [:]) async throws -> Run {
        try await Program(command, environment: environment).run
    }
}

extension TestHost {
    private var command: [String] {
        [Program.built("pair"), "host", "refresh", "--config", path, "--wanted-file", "\(folder)/wanted"]
    }

    /// Starts `pair host refresh` with `arguments`, or a program with it behind.
    func start(_ arguments: String..., under program: [String] = []) throws -> Program {
        try Program(program + command + arguments, environment: ["SSL_CERT_FILE": server.ca])
    }

    /// Runs `pair host refresh` with `arguments` to its end.
    func run(_ arguments: String...) async throws -> Run {
        try await Program.run(command + arguments, environment: ["SSL_CERT_FILE": server.ca])
    }
}
