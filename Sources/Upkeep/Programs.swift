public import Encodings
internal import Foundation
internal import Synchronization

/// Runs the programs of a host; in tests something else answers.
public protocol Programs: Sendable {
    /// Runs a program to its end.
    /// - Parameters:
    ///   - command: The program, by its path or its name alone, and its arguments.
    ///   - input: What it reads from standard input.
    /// - Returns: What it said, and its status.
    /// - Throws: each case of `ProgramFault`.
    func run(_ command: [String], input: [UInt8]) throws(ProgramFault) -> ProgramResult
}

extension Programs {
    /// Runs a program that is given nothing to read.
    /// - Parameter command: The program, by its path or its name alone, and its arguments.
    /// - Returns: What it said, and its status.
    /// - Throws: each case of `ProgramFault`.
    public func run(_ command: [String]) throws(ProgramFault) -> ProgramResult {
        try run(command, input: [])
    }
}

/// What a program that has ended left behind.
public struct ProgramResult: Sendable, Equatable {
    /// Its exit status; 128 and the signal's number where a signal ended it, as a shell has it.
    public let status: Int32
    /// What it wrote to standard output.
    public let output: [UInt8]
    /// What it wrote to standard error.
    public let errors: [UInt8]

    /// What a program left behind.
    public init(status: Int32, output: [UInt8] = [], errors: [UInt8] = []) {
        self.status = status
        self.output = output
        self.errors = errors
    }

    /// Standard output, what is no UTF-8 replaced.
    public var outputText: String { String(decoding: output, as: UTF8.self) }
    /// Standard error, what is no UTF-8 replaced.
    public var errorText: String { String(decoding: errors, as: UTF8.self) }

    /// Its last words, for a message: the last line of standard error, else of standard output; in quotes.
    public var lastWords: String {
        let said = [errorText, outputText].compactMap { text in
            text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
        }
        return said.first.map { quoted(String($0)) } ?? "nothing"
    }
}

/// Why a program did not run to its end.
public enum ProgramFault: Error, Equatable, Sendable {
    /// There is no such program.
    case missing(String)
    /// The system would not start it.
    case notStarted(String, reason: String)
    /// It did not end in time, and was killed.
    case timedOut(String, Seconds)
}

extension ProgramFault: CustomStringConvertible {
    /// The program, and what was the matter, without a full stop.
    public var description: String {
        switch self {
        case .missing(let name): "\(name): no such program"
        case .notStarted(let name, let reason): "\(name): did not start: \(quoted(reason))"
        case .timedOut(let name, let span): "\(name): did not end within \(span)"
        }
    }
}

/// The programs of this machine.
///
/// By the system's own folders alone, whatever PATH says, and without what the environment says otherwise.
public struct SystemPrograms: Programs {
    /// Where programs are looked for.
    public static let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"]

    private let timeout: Seconds

    /// The programs of this machine, each of which is killed where it does not end within `timeout`.
    public init(timeout: Seconds = Seconds(60)) {
        self.timeout = timeout
    }

    /// The path of the program `name`; `nil` where there is none.
    public static func path(of name: String) -> String? {
        if name.utf8.contains(UInt8(ascii: "/")) {
            return FileManager.default.isExecutableFile(atPath: name) ? name : nil
        }
        return folders.lazy.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs a program to its end.
    /// - Parameters:
    ///   - command: The program, by its path or its name alone, and its arguments.
    ///   - input: What it reads from standard input.
    /// - Returns: What it said, and its status.
    /// - Throws: each case of `ProgramFault`.
    public func run(_ command: [String], input: [UInt8]) throws(ProgramFault) -> ProgramResult {
        let name = command.first ?? ""
        guard let path = Self.path(of: name) else { throw .missing(name) }
        let process = Self.process(Self.prefix + [path] + command.dropFirst())
        let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input.isEmpty ? FileHandle.nullDevice : standardInput
        process.standardOutput = output
        process.standardError = errors
        // Foundation keeps them open for good.
        defer {
            for pipe in [standardInput, output, errors] {
                try? pipe.fileHandleForReading.close()
                try? pipe.fileHandleForWriting.close()
            }
        }
        do {
            try process.run()
        } catch {
            throw .notStarted(name, reason: error.localizedDescription)
        }
        try? output.fileHandleForWriting.close()
        try? errors.fileHandleForWriting.close()
        let isLate = Mutex(false)
        let watch = DispatchWorkItem {
            isLate.withLock { $0 = true }
            // Not `terminate`: it would be waited for again.
            kill(process.processIdentifier, SIGKILL)
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Int(timeout.count)), execute: watch)
        defer { watch.cancel() }
        if !input.isEmpty {
            try? standardInput.fileHandleForWriting.write(contentsOf: Data(input))
            try? standardInput.fileHandleForWriting.close()
        }
        let said = Reading(errors.fileHandleForReading)
        let result = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        let complaints = said.wait()
        process.waitUntilExit()
        if isLate.withLock({ $0 }) { throw .timedOut(name, timeout) }
        let status = process.terminationStatus
        return ProgramResult(
            status: process.terminationReason == .uncaughtSignal ? 128 + status : status, output: Array(result),
            errors: Array(complaints))
    }
}

extension SystemPrograms {
    private static func process(_ command: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ["PATH": folders.joined(separator: ":"), "LC_ALL": "C"]
        return process
    }

    /// What has a program start with no signal blocked or ignored, where this machine has it (coreutils 8.31).
    ///
    /// In Swift's threads all are blocked, and Foundation leaves that so: an sshd would not end when it is told to.
    private static let prefix: [String] = {
        let prefix = ["/usr/bin/env", "--default-signal"]
        let trial = process(prefix + ["true"])
        trial.standardError = FileHandle.nullDevice
        do { try trial.run() } catch { return [] }
        trial.waitUntilExit()
        return trial.terminationStatus == 0 ? prefix : []
    }()
}

/// Reads a pipe to its end while another is read.
private final class Reading: Sendable {
    private let bytes = Mutex(Data())
    private let end = DispatchSemaphore(value: 0)

    init(_ file: FileHandle) {
        Thread.detachNewThread { [self] in
            let read = (try? file.readToEnd()) ?? Data()
            bytes.withLock { $0 = read }
            end.signal()
        }
    }

    func wait() -> Data {
        end.wait()
        return bytes.withLock { $0 }
    }
}
