public import Encodings

/// Why a settings file cannot be used, and where; nothing of such a file counts.
public struct SettingsError: Error, Equatable, Sendable {
    /// The file, as the caller named it.
    public let file: String
    /// From 1; `nil` where the whole file is meant.
    public let line: Int?
    /// From 1, in characters; `nil` where the whole line or file is meant.
    public let column: Int?
    /// What is wrong there.
    public let reason: Reason

    /// The error `reason` at a place.
    public init(file: String, line: Int?, column: Int?, reason: Reason) {
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason
    }

    /// A reason that whoever wrote the file can act on; `table` is empty for what stands above the first header.
    public enum Reason: Equatable, Sendable {
        /// The parser's own words, which may quote the file.
        case notTOML(Text)
        case tableUnknown(Text)
        case tableNotArray(String)
        case tableIsArray(String)
        case memberUnknown(Text, table: String)
        case memberMissing(String, table: String)
        case memberType(String, table: String, expected: String)
        case memberValue(String, table: String, found: Text, expected: String)
        case nameTwice(Text, table: String)
        /// What stands there cannot be beside the rest of the file, in words, without a full stop.
        case contradiction(String)

        /// Whether the text is not of the format; else what it says cannot be.
        public var isSyntax: Bool {
            switch self {
            case .notTOML: true
            case .tableUnknown, .tableNotArray, .tableIsArray, .memberUnknown, .memberMissing, .memberType,
                .memberValue, .nameTwice, .contradiction:
                false
            }
        }
    }
}

extension SettingsError: CustomStringConvertible {
    /// `file:line:column: what was expected and found`, without a full stop.
    public var description: String { "\(settingsPlace(file, line: line, column: column)): \(reason)" }

    /// What whoever wrote the file can do.
    public var advice: String? { "Correct it there; until then nothing in the file counts." }
}

extension SettingsError.Reason: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .notTOML(let message): "not TOML here: \(quoted(message, limit: 200))"
        case .tableUnknown(let name): "unknown table \(quoted(name))"
        case .tableNotArray(let name): "[[\(name)]] expected, with two brackets"
        case .tableIsArray(let name): "[\(name)] expected, with one bracket"
        case .memberUnknown(let name, let table): "unknown member \(quoted(name)) \(place(table))"
        case .memberMissing(let name, let table): "\(name) is missing \(place(table))"
        case .memberType(let name, let table, let expected): "\(name) \(place(table)): \(expected) expected"
        case .memberValue(let name, let table, let found, let expected):
            "\(name) \(place(table)): \(expected) expected, \(quoted(found)) found"
        case .nameTwice(let name, let table): "a second \(table) called \(quoted(name))"
        case .contradiction(let words): words
        }
    }

    private func place(_ table: String) -> String { table.isEmpty ? "at the top" : "in [\(table)]" }
}

/// `file:line:column` for a message, the file quoted where it is no plain word; what is `nil` is left out.
public func settingsPlace(_ file: String, line: Int?, column: Int?) -> String {
    let isPlain = file.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
    let parts = [isPlain ? file : quoted(file, limit: 4096)] + [line, column].compactMap { $0.map(String.init) }
    return parts.joined(separator: ":")
}
