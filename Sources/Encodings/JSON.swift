/// A JSON value, as parsed by `init(parsing:)` or built to be written.
///
/// Source: RFC 8259.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that fits.
    case integer(Int64)
    /// Any other number; finite.
    case number(Double)
    case string(Text)
    case array([JSON])
    case object(Object)

    /// Members in the order they stood or were added; no name twice.
    public struct Object: Sendable, Hashable {
        /// One name and its value.
        public struct Member: Sendable, Hashable {
            /// Case-sensitive, like everything in JOSE.
            public let name: Text
            /// What the name stands for.
            public let value: JSON
        }

        /// All of them, in order.
        public private(set) var members: [Member] = []

        /// An object without members.
        public init() {}

        /// The value of the member called `name`, `nil` where there is none.
        public subscript(name: Text) -> JSON? { members.first { $0.name == name }?.value }

        /// Adds a member at the end; the caller guarantees that the name is new.
        public mutating func add(_ name: Text, _ value: JSON) {
            members.append(Member(name: name, value: value))
        }

        /// Adds a text member at the end, and nothing for `nil`.
        public mutating func add(_ name: Text, _ value: String?) {
            if let value { add(name, .string(Text(value))) }
        }
    }

    /// The text of a string, `nil` for any other value.
    public var text: Text? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The elements of an array, `nil` for any other value.
    public var elements: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The object, `nil` for any other value.
    public var object: Object? {
        if case .object(let object) = self { object } else { nil }
    }
}

// MARK: - Writing

extension JSON {
    /// The value as UTF-8 without white space, members in their order.
    public var encoded: [UInt8] { encoded(sorted: false) }

    /// The value as UTF-8 without white space, members sorted by the bytes of their names at every level.
    ///
    /// The form that a commitment is computed over (pk-token.md, "Commitment"): the shortest escapes, everything outside
    /// ASCII as it is.
    public var canonical: [UInt8] { encoded(sorted: true) }

    private func encoded(sorted: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes, sorted: sorted)
        return bytes
    }

    private func write(to bytes: inout [UInt8], sorted: Bool) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .number(let value): bytes += String(value).utf8
        case .string(let text): JSON.write(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes, sorted: sorted)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            var members = object.members
            if sorted { members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSON.write(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes, sorted: sorted)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: Text, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += "\\\"".utf8
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0..<0x20, 0x7F: bytes += ("\\u00" + hex([byte])).utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
