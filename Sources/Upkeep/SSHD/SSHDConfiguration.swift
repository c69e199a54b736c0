public import Encodings

/// What an sshd's configuration is read from.
public protocol SSHDFiles: Sendable {
    /// The bytes of a file; `nil` where sshd could not read it.
    func contents(of path: String) -> [UInt8]?
    /// The paths that a pattern of `Include` stands for, in the order in which sshd reads them.
    func paths(matching pattern: String) -> [String]
}

/// The configuration of an sshd, the files that it includes put in, in the order in which sshd reads it.
///
/// Which of them hold for a login is for `sshd -T` to say: this tells where they come from. Source: sshd_config(5).
public struct SSHDConfiguration: Sendable, Equatable {
    /// One line.
    public struct Setting: Sendable, Equatable {
        /// The file it stands in.
        public let file: String
        /// Its number there, from 1.
        public let line: Int
        /// In lower case.
        public let keyword: Text
        /// Without quotes.
        public let arguments: [Text]
        /// The `Match` lines that it is subject to, from the outermost: what stands behind the word.
        public let conditions: [Text]

        /// The file and the line, for a message.
        public var place: String { "\(file):\(line)" }

        /// The arguments as `sshd -T` prints them.
        public var value: Text { Text(arguments.map(\.string).joined(separator: " ")) }
    }

    /// Every line but comments, `Include` and `Match` among them.
    public let settings: [Setting]
    /// The files in the order in which they are first read, the main one first.
    public let files: [String]
    /// The main file.
    public let path: String

    /// As deep as sshd follows `Include`.
    private static let maximumDepth = 16

    /// Reads the configuration whose main file is `path`.
    /// - Parameters:
    ///   - path: Absolute.
    ///   - source: Where files are.
    public init(_ path: String, from source: any SSHDFiles) {
        var reading = Reading(source: source)
        reading.read(path, under: [], depth: 0)
        self.path = path
        settings = reading.settings
        files = reading.files
    }

    /// The lines with `keyword`, which is in lower case.
    public func settings(of keyword: Text) -> [Setting] { settings.filter { $0.keyword == keyword } }

    /// The line that gives `keyword` the value that sshd says is in force.
    ///
    /// A `Match` block that holds outweighs all that stands outside of one, so those are looked at first.
    /// - Returns: `nil` where no line has that value, as for sshd's own defaults.
    public func origin(of keyword: Text, value: Text) -> Setting? {
        let meant = settings(of: keyword).filter { $0.value == value }
        return meant.first { !$0.conditions.isEmpty } ?? meant.first
    }

    /// Whether sshd reads the file at `path`, or would if it were there, whoever logs in.
    public func includes(_ path: String) -> Bool {
        settings.contains { setting in
            setting.keyword == "include" && setting.conditions.isEmpty
                && setting.arguments.contains { SSHDPattern(SSHDConfiguration.absolute($0)).matches(path) }
        }
    }

    /// A relative path of `Include` starts from there.
    static func absolute(_ argument: Text) -> String {
        argument.utf8.first == UInt8(ascii: "/") ? argument.string : "/etc/ssh/\(argument.string)"
    }

    private struct Reading {
        let source: any SSHDFiles
        var settings: [Setting] = []
        var files: [String] = []

        mutating func read(_ path: String, under outer: [Text], depth: Int) {
            guard depth < SSHDConfiguration.maximumDepth, let bytes = source.contents(of: path) else { return }
            if !files.contains(where: { Text($0) == Text(path) }) { files.append(path) }
            // A `Match` holds until the next one or the file's end, and what includes the file goes on as before.
            var conditions = outer
            for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
                let words = sshdWords(line)
                guard let keyword = words.first?.asciiLowercased else { continue }
                let arguments = Array(words.dropFirst())
                if keyword == "match" {
                    let criteria = Text(arguments.map(\.string).joined(separator: " "))
                    conditions = criteria.asciiLowercased == "all" ? outer : outer + [criteria]
                }
                settings.append(
                    Setting(
                        file: path, line: index + 1, keyword: keyword, arguments: arguments, conditions: conditions))
                guard keyword == "include" else { continue }
                for pattern in arguments {
                    for file in source.paths(matching: SSHDConfiguration.absolute(pattern)) {
                        read(file, under: conditions, depth: depth + 1)
                    }
                }
            }
        }
    }
}

/// Keyword and arguments as sshd tells them apart, none of a comment.
///
/// By blanks, with one `=` behind the keyword, in double quotes or not, up to a `#` that begins a word.
func sshdWords(_ line: ArraySlice<UInt8>) -> [Text] {
    let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0C, 0x0D].contains(byte) }
    var words: [Text] = []
    var rest = line.drop(while: isBlank)
    while let first = rest.first, first != UInt8(ascii: "#") {
        let word: ArraySlice<UInt8>
        if first == UInt8(ascii: "\"") {
            word = rest.dropFirst().prefix { $0 != first }
            rest = rest[word.endIndex...].dropFirst()
        } else {
            let isKeyword = words.isEmpty
            word = rest.prefix { !isBlank($0) && !(isKeyword && $0 == UInt8(ascii: "=")) }
            rest = rest[word.endIndex...]
        }
        words.append(Text(String(decoding: word, as: UTF8.self)))
        rest = rest.drop(while: isBlank)
        if words.count == 1, rest.first == UInt8(ascii: "=") { rest = rest.dropFirst().drop(while: isBlank) }
    }
    return words
}
