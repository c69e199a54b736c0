// Runs the built pair-authkeys to its end, as sshd does, on a terminal, or under another program.

import Foundation
import Testing

/// What a run left: exit status and output.
struct Run: Sendable, CustomStringConvertible {
    let status: Int32
    let output: String
    let error: String

    var description: String { "status \(status)\n\(output)\n\(error)" }

    /// The output's one object of JSON.
    var json: [String: Any] {
        get throws { try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:] }
    }
}

/// The program under test.
enum Program {
    private static let environment = ProcessInfo.processInfo.environment

    static let mustRun = environment["CI"] == "true"

    /// $PAIR_AUTHKEYS, else what was built beside the tests.
    static let path: String =
        environment["PAIR_AUTHKEYS"]
        ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("pair-authkeys").path

    /// Whether it is as it ships: nothing that it links starts before its traps are set.
    static let isWhole = environment["PAIR_AUTHKEYS"] != nil

    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// Runs it with `arguments` and no terminal.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
    ) async throws -> Run {
        try await run(under: [path], arguments, environment: environment, in: folder)
    }

    /// Runs it on a terminal of its own; the terminal's line ends are taken back.
    static func runOnTerminal(_ arguments: [String], environment: [String: String] = [:]) async throws -> Run {
        let script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        let run = try await run(under: ["python3", "-c", script, path], arguments, environment: environment)
        let output = run.output.replacingOccurrences(of: "\r\n", with: "\n")
        return Run(status: run.status, output: output, error: run.error)
    }

    /// Runs `command` and then `arguments` with stdin from /dev/null and little environment; killed after so many seconds
    /// (status 137), so that a hang is a failure.
    static func run(
        under command: [String], _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil,
        within seconds: Int = 20
    ) async throws -> Run {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("pair-run-\(UUID())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let files = ["output", "error"].map { scratch.appendingPathComponent($0) }
        for file in files { try Data().write(to: file) }

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        let variables = environment.merging(["PATH": "/usr/bin:/bin"]) { mine, _ in mine }
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments =
            ["--signal=KILL", "\(seconds)", "env", "-i", "--default-signal"] + variables.map { "\($0)=\($1)" } + command
            + arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.standardInput = FileHandle.nullDevice
        let handles = try files.map { try FileHandle(forWritingTo: $0) }
        // Thousands are started, and a handle that Process was given is not closed when it goes.
        defer { for handle in handles { try? handle.close() } }
        process.standardOutput = handles[0]
        process.standardError = handles[1]
        let status = try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        return Run(
            status: status, output: String(decoding: try Data(contentsOf: files[0]), as: UTF8.self),
            error: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self))
    }
}
