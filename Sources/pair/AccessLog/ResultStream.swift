import Foundation

/// Standard output, written in large pieces.
final class ResultStream {
    private var held: [UInt8] = []

    /// Writes `line` with an LF, at the next flush at the latest.
    func write(_ line: [UInt8]) throws {
        held += line
        held.append(0x0A)
        if held.count >= 64 << 10 { try flush() }
    }

    func write(_ line: String) throws { try write(Array(line.utf8)) }

    /// Writes `bytes` as they are, and all before them.
    func flush(_ bytes: String = "") throws {
        held += bytes.utf8
        guard !held.isEmpty else { return }
        defer { held = [] }
        try FileHandle.standardOutput.write(contentsOf: Data(held))
    }
}

/// How wide the terminal is that standard output goes to, in columns; 80 where that cannot be told.
func widthOfOutput(environment: [String: String] = ProcessInfo.processInfo.environment) -> Int {
    let possible = 1...1000
    if let columns = environment["COLUMNS"].flatMap({ Int($0) }), possible.contains(columns) { return columns }
    // stty asks the terminal that it reads from. Opened anew: Foundation gives descriptor 1 to a child as its standard
    // input before or after it has put the pipe there, as it happens.
    guard let terminal = FileHandle(forReadingAtPath: "/dev/stdout") else { return 80 }
    let stty = Process()
    let answer = Pipe()
    stty.executableURL = URL(fileURLWithPath: "/bin/stty")
    stty.arguments = ["size"]
    stty.standardInput = terminal
    stty.standardOutput = answer
    stty.standardError = FileHandle.nullDevice
    guard (try? stty.run()) != nil else { return 80 }
    stty.waitUntilExit()
    let words = String(decoding: answer.fileHandleForReading.availableData, as: UTF8.self).split(separator: " ")
    guard words.count == 2, let columns = Int(words[1].filter(\.isNumber)), possible.contains(columns) else {
        return 80
    }
    return columns
}
