// Runs `pair access-log` over logs of its own, on a terminal or without, to its end or as it follows.

import Foundation
import Testing

@testable import TestSupport

/// What a run left.
struct LogRun: Sendable {
    let status: Int32
    let output: String
    let error: String
}

/// A folder with a log and its past.
final class LogFolder: Sendable {
    let scratch: Scratch

    /// Built beside the tests.
    static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("pair").path

    init(_ files: [String: [String]]) throws {
        scratch = try Scratch()
        for (name, lines) in files { try write(lines.map { $0 + "\n" }.joined(), to: name) }
    }

    func at(_ name: String) -> String { scratch.path(name) }

    func write(_ text: String, to name: String) throws { try scratch.write(Array(text.utf8), to: name) }

    func text(_ name: String) throws -> String { String(decoding: try scratch.read(name), as: UTF8.self) }

    /// By one write at the end, as pair-authkeys does it.
    func append(_ text: String, to name: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: at(name)))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    // MARK: - To the end

    func pair(_ arguments: String...) throws -> LogRun { try pair(arguments) }

    func pair(_ arguments: [String], zone: String = "UTC") throws -> LogRun {
        try run(["env", "TZ=\(zone)", Self.program, "access-log", "--file", at("log")] + arguments)
    }

    /// On a terminal of its own, whose line ends are taken back.
    func onTerminal(_ environment: [String], _ arguments: [String], columns: Int = 120) throws -> LogRun {
        let script = """
            import fcntl, os, pty, struct, sys, termios
            pid, terminal = pty.fork()
            if pid == 0:
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
                os.execvp(sys.argv[2], sys.argv[2:])
            try:
                while piece := os.read(terminal, 65536):
                    os.write(1, piece)
            except OSError:
                pass
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        let command =
            ["env", "TERM=xterm"] + environment + [Self.program, "access-log", "--file", at("log")] + arguments
        let run = try run(["python3", "-c", script, String(columns)] + command)
        return LogRun(
            status: run.status, output: run.output.replacingOccurrences(of: "\r\n", with: "\n"), error: run.error)
    }

    /// Killed after 20 s, so that a hang is a failure.
    func run(_ command: [String]) throws -> LogRun {
        let names = ["output", "error"].map { "\($0)-\(UUID())" }
        for name in names { try write("", to: name) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments =
            ["--signal=KILL", "20", "env", "-u", "COLUMNS", "-u", "NO_COLOR", "--default-signal"] + command
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: at(names[0])))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: at(names[1])))
        try process.run()
        process.waitUntilExit()
        return LogRun(status: process.terminationStatus, output: try text(names[0]), error: try text(names[1]))
    }
}

/// A `pair access-log -f` that runs; it ends with the value, and after 30 s in any case.
final class LogFollower: Sendable {
    private let process: UncheckedProcess
    private let output: FileHandle
    private let log: LogFolder

    /// Foundation's is not Sendable; only its number is asked for once it runs.
    private struct UncheckedProcess: @unchecked Sendable {
        let value: Process
    }

    /// Follows `log` with JSON lines as output.
    init(_ log: LogFolder, _ arguments: [String] = []) throws {
        self.log = log
        try log.write("", to: "follower-error")
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["--default-signal", LogFolder.program, "access-log", "-f", "--file", log.at("log")] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log.at("follower-error")))
        try process.run()
        self.process = UncheckedProcess(value: process)
        output = pipe.fileHandleForReading
        let number = process.processIdentifier
        DispatchQueue.global().asyncAfter(deadline: .now() + 30) { [weak self] in
            if self != nil { kill(number, SIGKILL) }
        }
    }

    deinit {
        kill(process.value.processIdentifier, SIGKILL)
        process.value.waitUntilExit()
    }

    /// The next line; ends with the test's deadline.
    func line() throws -> String {
        var line: [UInt8] = []
        while let byte = try output.read(upToCount: 1)?.first {
            if byte == 0x0A { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        Issue.record("the follower ended or took too long; it said: \(String(decoding: line, as: UTF8.self)) \(error)")
        throw ProgramFailed(arguments: [], status: 0, error: error)
    }

    /// What it has complained of so far.
    var error: String { (try? log.text("follower-error")) ?? "" }

    /// Waits until it has read `count` bytes of the log that it has open; false at the test's deadline.
    func hasRead(_ count: Int) -> Bool {
        let number = process.value.processIdentifier
        let folder = "/proc/\(number)/fd"
        while process.value.isRunning {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) ?? ""
                guard target.hasPrefix(log.at("log")) else { continue }
                let info = (try? String(contentsOfFile: "/proc/\(number)/fdinfo/\(name)", encoding: .utf8)) ?? ""
                if info.hasPrefix("pos:\t\(count)\n") { return true }
            }
        }
        return false
    }
}
