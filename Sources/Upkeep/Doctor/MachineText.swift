public import Encodings

// What a doctor reads from the files of a machine, as values.

extension RotationFacts {
    /// What logrotate is told about a log.
    ///
    /// Settings outside of every block hold for those behind them, in the same file and in those that it includes; the main
    /// file comes first here, and the others after all of it.
    /// - Parameters:
    ///   - log: The log's path.
    ///   - files: Names and contents, in the order in which logrotate reads them.
    /// - Returns: The first block about it; `nil` where there is none.
    public static func find(_ log: String, in files: [(name: String, contents: [UInt8])]) -> RotationFacts? {
        var general: [String] = []
        for (index, file) in files.enumerated() {
            var reading = RotationReading(log: log, general: general)
            let lines = file.contents.split(separator: 0x0A, omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated() {
                if let directives = reading.take(String(decoding: line, as: UTF8.self)) {
                    return RotationFacts(place: "\(file.name):\(number + 1 - reading.length)", directives: directives)
                }
            }
            // What an included file says outside of a block holds there alone.
            if index == 0 { general = reading.general }
        }
        return nil
    }
}

/// Reads a file of logrotate's, line by line.
private struct RotationReading {
    let log: String
    var general: [String]
    /// How many lines the block had behind its first.
    private(set) var length = 0

    private var names: [String] = []
    private var block: [String]?
    private var isScript = false

    init(log: String, general: [String]) {
        self.log = log
        self.general = general
    }

    /// Takes the next line; the directives of the block about the log once it has ended.
    mutating func take(_ text: String) -> [String]? {
        let line = text.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !line.isEmpty else {
            if block != nil { length += 1 }
            return nil
        }
        if var directives = block {
            length += 1
            if isScript {
                isScript = line != "endscript"
            } else if line == "}" {
                block = nil
                let isOurs = names.contains { SSHDPattern($0).matches(log) }
                names = []
                return isOurs ? general + directives : nil
            } else if ["prerotate", "postrotate", "firstaction", "lastaction", "preremove"].contains(line) {
                isScript = true
            } else {
                directives.append(line)
                block = directives
            }
            return nil
        }
        let words = line.split(separator: " ").map { $0.filter { $0 != "\"" } }
        if words.contains(where: { $0.first == "/" }) || line.contains("{") {
            names += words.flatMap { $0.split(separator: "{") }.map(String.init).filter { $0.first == "/" }
            if line.contains("{") {
                block = []
                length = 0
            }
        } else {
            general.append(line)
        }
        return nil
    }
}

/// A line by which cron starts `pair host refresh`.
public struct CronLine: Sendable, Equatable {
    /// From 1.
    public let number: Int
    /// Whether it has `--if-wanted`, and so waits for logins that miss a key.
    public let isWatching: Bool

    /// The lines of a crontab that start `pair host refresh`.
    public static func all(in contents: [UInt8]) -> [CronLine] {
        contents.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            guard let first = words.first, first.first != "#" else { return nil }
            let command = zip(words.indices, words).first { index, word in
                (word == "pair" || word.hasSuffix("/pair"))
                    && words[index...].dropFirst().starts(with: ["host", "refresh"])
            }
            guard command != nil else { return nil }
            return CronLine(number: index + 1, isWatching: words.contains("--if-wanted"))
        }
    }
}

/// The process of a session, as `/proc` tells of it.
public struct SessionProcess: Sendable, Equatable {
    /// The login, by the title that sshd gives the process.
    public let login: String
    /// When it began, in ticks after the machine's start.
    public let began: UInt64

    /// The session of a process, `nil` where it has none.
    ///
    /// sshd calls the process of an open session `sshd: LOGIN@pts/0`, `sshd: LOGIN@notty`, or `sshd: LOGIN` before a first
    /// channel; what still asks who is there, or only watches over another, has `[…]` behind it.
    /// - Parameters:
    ///   - title: Of `/proc/PID/cmdline`.
    ///   - status: Of `/proc/PID/stat`.
    public init?(title: [UInt8], status: [UInt8]) {
        let text = String(decoding: title.prefix { $0 != 0 }, as: UTF8.self)
        guard let prefix = ["sshd: ", "sshd-session: "].first(where: { text.hasPrefix($0) }) else { return nil }
        let name = text.dropFirst(prefix.count)
        guard !name.contains("["), !name.contains("/") || name.contains("@") else { return nil }
        // A login may have an @ in it, a terminal none.
        let login = name.lastIndex(of: "@").map { name[..<$0] } ?? name
        guard !login.isEmpty, !login.contains(" ") else { return nil }
        // The program's name stands in brackets and may have anything in it; the 20th word behind it is the time.
        guard let end = status.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let words = status[(end + 1)...].split(separator: 0x20)
        guard words.count > 19, let began = UInt64(String(decoding: words[19], as: UTF8.self)) else { return nil }
        self.login = String(login)
        self.began = began
    }

    /// When the machine was started, by `/proc/stat`; `nil` where that is not told.
    public static func machineStart(_ statistics: [UInt8]) -> UnixTime? {
        let line = statistics.split(separator: 0x0A).first { $0.starts(with: "btime ".utf8) }
        return line.flatMap { Int64(String(decoding: $0.dropFirst(6), as: UTF8.self)) }.map { UnixTime(seconds: $0) }
    }
}

/// Whether the file system that `path` is on is mounted read-only.
/// - Parameters:
///   - path: Absolute, without links.
///   - mounts: Of `/proc/self/mounts`.
/// - Returns: What the nearest mount says; `false` where none is told.
public func isReadOnly(_ path: String, mounts: [UInt8]) -> Bool {
    var best: (count: Int, isReadOnly: Bool) = (0, false)
    for line in mounts.split(separator: 0x0A) {
        let words = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 4 else { continue }
        let folder = words[1]
        guard folder == "/" || path == folder || path.hasPrefix(folder + "/"), folder.utf8.count >= best.count else {
            continue
        }
        // A later mount at the same place hides an earlier one.
        best = (folder.utf8.count, words[3].split(separator: ",").contains("ro"))
    }
    return best.isReadOnly
}

/// A path of AuthorizedKeysFile for one user: its tokens filled in, and from the user's home where it is not absolute.
public func keysFile(_ pattern: String, of user: UserFacts) -> String {
    var path = ""
    var rest = pattern[...]
    while let next = rest.popFirst() {
        guard next == "%", let token = rest.popFirst() else {
            path.append(next)
            continue
        }
        switch token {
        case "u": path += user.name
        case "h": path += user.home
        case "U": path += String(user.uid)
        case "%": path += "%"
        default: path += "%\(token)"
        }
    }
    return path.utf8.first == UInt8(ascii: "/") ? path : "\(user.home)/\(path)"
}
