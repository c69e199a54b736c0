// Runs a program to its end: used by all of the end-to-end tests, which drive ssh, the lab and pair-authkeys.

import Foundation

/// What a program that ran to its end left: exit status and output.
struct Command: Sendable, CustomStringConvertible {
    let arguments: [String]
    let status: Int32
    let output: String
    let error: String

    /// Runs `arguments` with nothing on stdin; killed after a minute (status 9), so that a hang is a failure.
    static func run(_ arguments: [String]) async throws -> Command {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("pair-e2e-\(UUID())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }

        // Files, not pipes: a server that the program leaves behind would hold a pipe open.
        let files = ["output", "error"].map { scratch.appendingPathComponent($0) }
        for file in files { try Data().write(to: file) }

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments = ["--signal=KILL", "60", "env", "--default-signal"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        let status = try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        return Command(
            arguments: arguments,
            status: status,
            output: String(decoding: try Data(contentsOf: files[0]), as: UTF8.self),
            error: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self))
    }

    /// The output of a program that must succeed, without the last line's end.
    static func output(of arguments: String...) async throws -> String {
        let command = try await run(arguments)
        guard command.status == 0 else { throw CommandFailed(command: command) }
        return command.output.trimmingCharacters(in: .newlines)
    }

    var description: String {
        "\(arguments.joined(separator: " ").prefix(300)): status \(status)\n\(output)\n\(error)"
    }
}

struct CommandFailed: Error, CustomStringConvertible {
    let command: Command
    var description: String { "failed: \(command)" }
}
