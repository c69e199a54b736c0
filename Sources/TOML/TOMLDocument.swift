public import Encodings

/// A TOML document as far as settings need it: members of the root and of the root's own tables, with their places.
///
/// Source: TOML 1.0.0.
public struct TOMLDocument: Sendable {
    /// A place in the document.
    public struct Position: Sendable, Hashable, Comparable {
        /// From 1; 0 where the parser knows none.
        public let line: Int
        /// From 1, in characters; 0 where the parser knows none.
        public let column: Int

        /// The place at `line` and `column`.
        public init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }

        /// Whether `left` stands first.
        public static func < (left: Position, right: Position) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }
    }

    /// What a member stands for.
    public enum Value: Sendable, Hashable {
        case string(Text)
        case bool(Bool)
        case integer(Int64)
        /// An array of nothing but strings, each with its place; also the empty array.
        case strings([Element])
        /// A fraction, a date, a mixed array, a table inside a table: no setting is one.
        case other
    }

    /// One string of an array.
    public struct Element: Sendable, Hashable {
        /// The string.
        public let text: Text
        /// Where it starts.
        public let position: Position
    }

    /// A name with its value.
    public struct Member: Sendable, Hashable {
        /// Unquoted; a dotted key is a table and its member.
        public let name: Text
        /// Where the name starts.
        public let position: Position
        /// What the name stands for.
        public var value: Value
    }

    /// The members that stand under one header.
    public struct Table: Sendable, Hashable {
        /// What is between the brackets.
        public let name: Text
        /// Whether it is one of an array of tables: `[[name]]`.
        public let isElement: Bool
        /// Where the header starts.
        public let position: Position
        /// In the order they stand, no name twice.
        public var members: [Member]
    }

    /// The members above the first header.
    public let root: [Member]

    /// The root's tables in the order they stand.
    public let tables: [Table]

    /// The most dots in one line: the parser goes down a level for each in a key, and the stack is not endless.
    private static let maximumDots = 2_000

    /// The document that `bytes` are.
    /// - Parameter bytes: UTF-8; the caller bounds the size.
    /// - Throws: `TOMLError.syntax` with the place at which the text stops being TOML; line 0 where there is none.
    public init(parsing bytes: [UInt8]) throws(TOMLError) {
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
        where line.count > Self.maximumDots && line.count(where: { $0 == UInt8(ascii: ".") }) > Self.maximumDots {
            throw .syntax("a line with too many dots", at: Position(line: index + 1, column: 1))
        }
        var (root, tables) = try parse(bytes)
        root.members.sort { $0.position < $1.position }
        tables.sort { $0.position < $1.position }
        for index in tables.indices { tables[index].members.sort { $0.position < $1.position } }
        self.root = root.members
        self.tables = tables
    }
}

/// Why some bytes are not TOML.
public enum TOMLError: Error, Equatable, Sendable {
    /// The parser's own words, which may quote the document: to be shown through `quoted` only.
    case syntax(Text, at: TOMLDocument.Position)
}

extension TOMLError: CustomStringConvertible {
    /// Where and what, without a full stop.
    public var description: String {
        switch self {
        case .syntax(let message, let place):
            "\(place.line):\(place.column): not TOML here: \(quoted(message, limit: 200))"
        }
    }
}
