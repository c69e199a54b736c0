import Foundation

/// Where a person types what they are asked for.
struct PersonalInput {
    private let file: FileHandle

    /// Standard input; where that is no terminal, the terminal that this runs in, as when ssh runs it; `nil` for neither.
    /// - Parameter readsPipes: Whether standard input counts whatever it is.
    init?(readsPipes: Bool) {
        if readsPipes || isatty(STDIN_FILENO) == 1 {
            file = .standardInput
            return
        }
        guard let terminal = FileHandle(forReadingAtPath: "/dev/tty") else { return nil }
        // To read there from the background would stop the process.
        guard tcgetpgrp(terminal.fileDescriptor) == getpgrp() else { return nil }
        file = terminal
    }

    /// What is typed, a line at a time, read on a thread that nothing waits for; ends with the input.
    func lines() -> AsyncStream<String> {
        let (lines, entrance) = AsyncStream.makeStream(of: String.self)
        Thread.detachNewThread { [file] in
            var rest = Data()
            while case let more = file.availableData, !more.isEmpty {
                rest += more
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    entrance.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
                // No address is that long.
                if rest.count > 1 << 16 { rest = Data() }
            }
            if !rest.isEmpty { entrance.yield(String(decoding: rest, as: UTF8.self)) }
            entrance.finish()
        }
        return lines
    }
}
