// Runs programs: used by all of the end-to-end tests, which drive ssh, the lab, pair and pair-authkeys.

import Foundation

/// What a program that ran to its end left: exit status and output.
struct Command: Sendable, CustomStringConvertible {
    let arguments: [String]
    let status: Int32
    let output: String
    let error: String

    /// Runs `arguments` with nothing on stdin; killed after a minute (status 9), so that a hang is a failure.
    static func run(_ arguments: [String]) async throws -> Command {
        try await Running(arguments).ended()
    }

    /// The output of a program that must succeed, without the last line's end.
    static func output(of arguments: String...) async throws -> String {
        try await output(of: arguments)
    }

    /// The same for a list of arguments.
    static func output(of arguments: [String]) async throws -> String {
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

/// A program that goes on while the test does; ended after a minute at the latest.
struct Running: Sendable {
    let arguments: [String]
    private let process: Process
    private let scratch: URL
    private let input: Pipe?
    private let status: Task<Int32, any Error>

    /// Starts `arguments`, with nothing on stdin unless `type(_:)` is to be used.
    init(_ arguments: [String], isTypedTo: Bool = false) throws {
        self.arguments = arguments
        scratch = FileManager.default.temporaryDirectory.appendingPathComponent("pair-e2e-\(UUID())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        // Files, not pipes: a server that the program leaves behind would hold a pipe open.
        for file in ["output", "error"] { try Data().write(to: scratch.appendingPathComponent(file)) }

        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments = ["--signal=KILL", "60", "env", "--default-signal"] + arguments
        input = isTypedTo ? Pipe() : nil
        let output = try FileHandle(forWritingTo: scratch.appendingPathComponent("output"))
        let error = try FileHandle(forWritingTo: scratch.appendingPathComponent("error"))
        // The program has its own by then. Foundation keeps these open for good, and with a thousand open it may crash:
        // to find the last of them it copies 256 bytes behind the end of what readdir(3) has read.
        defer { for file in [output, error, input?.fileHandleForReading] { try? file?.close() } }
        process.standardInput = input ?? FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = error
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { end.yield($0.terminationStatus) }
        status = Task {
            for await status in ends { return status }
            throw CancellationError()
        }
        do { try process.run() } catch {
            status.cancel()
            try? FileManager.default.removeItem(at: scratch)
            throw error
        }
    }

    /// What it has written to stderr so far, and to stdout: a terminal does not tell them apart.
    var said: String { written(to: "error") + written(to: "output") }

    /// Types a line.
    func type(_ line: String) throws { try input?.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8)) }

    /// Waits for its end.
    func ended() async throws -> Command {
        let status = try await status.value
        defer {
            try? input?.fileHandleForWriting.close()
            try? FileManager.default.removeItem(at: scratch)
        }
        return Command(
            arguments: arguments, status: status, output: written(to: "output"), error: written(to: "error"))
    }

    /// Sends it a signal, which `timeout` above it does not get.
    func send(_ signal: Int32) throws {
        let parent = process.processIdentifier
        let children = try String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
        for child in children.split(separator: " ").compactMap({ pid_t($0) }) { kill(child, signal) }
    }

    private func written(to file: String) -> String {
        String(decoding: (try? Data(contentsOf: scratch.appendingPathComponent(file))) ?? Data(), as: UTF8.self)
    }
}

/// Looks again and again until `look` finds something; nil once the deadline is past.
func awaited<Found>(
    within limit: Duration = .seconds(20), _ look: () async throws -> Found?
) async throws -> Found? {
    let deadline = ContinuousClock.now + limit
    while true {
        if let found = try await look() { return found }
        if ContinuousClock.now > deadline { return nil }
        try await Task.sleep(for: .milliseconds(20))
    }
}
