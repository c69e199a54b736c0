public import Encodings

/// What holds for one login, as `sshd -T -C user=…` prints it.
public struct SSHDSettings: Sendable, Equatable {
    /// Its lines in their order: the keyword in lower case, and the rest of the line.
    public let lines: [Line]

    /// One line.
    public struct Line: Sendable, Hashable {
        /// In lower case.
        public let keyword: Text
        /// As sshd prints it: arguments with a blank between them, without any quotes.
        public let value: Text
    }

    /// The settings that `text` lists.
    public init(parsing text: String) {
        lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { line in
            let keyword = line.prefix { $0 != UInt8(ascii: " ") }
            let value = line[keyword.endIndex...].dropFirst()
            return Line(
                keyword: Text(String(decoding: keyword, as: UTF8.self)).asciiLowercased,
                value: Text(String(decoding: value, as: UTF8.self)))
        }
    }

    /// The values of a keyword, which is in lower case; more than one where sshd prints a line for each.
    public func values(of keyword: Text) -> [Text] { lines.filter { $0.keyword == keyword }.map(\.value) }

    /// The value of a keyword, which is in lower case; `nil` where there is none, or sshd prints `none`.
    public func value(of keyword: Text) -> Text? {
        values(of: keyword).first { !$0.isEmpty && $0.asciiLowercased != "none" }
    }

    /// The whole command that is asked for keys; `nil` for none.
    public var authorizedKeysCommand: Text? { value(of: "authorizedkeyscommand") }

    /// The user it runs as; `nil` for none.
    public var authorizedKeysCommandUser: Text? { value(of: "authorizedkeyscommanduser") }

    /// Where keys are looked for before any command is asked; none where that is switched off.
    ///
    /// A path that is not absolute, or has `%h` in it, is one that the login can write.
    public var authorizedKeysFiles: [Text] {
        let words = value(of: "authorizedkeysfile")?.utf8.split(separator: UInt8(ascii: " ")) ?? []
        return words.map { Text(String(decoding: $0, as: UTF8.self)) }
    }

    /// The file of CAs that are looked for before any command is asked; `nil` for none.
    public var trustedUserCAKeys: Text? { value(of: "trustedusercakeys") }

    /// Whether keys are looked at at all.
    public var allowsKeys: Bool { value(of: "pubkeyauthentication") != "no" }

    /// Where sshd notes its own process; `nil` for nowhere.
    public var pidFile: Text? { value(of: "pidfile") }
}
