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
    /// The value as UTF-8 without white space, members in their order; no control character stands in it as itself.
    ///
    /// Not DEL and those above ASCII either, which JSON would allow and a terminal or a reader of lines might obey.
    public var encoded: [UInt8] { encoded(canonical: false) }

    /// The value as UTF-8 without white space, members sorted by the bytes of their names at every level.
    ///
    /// The form that a commitment is computed over (docs/token.md, "Commitment"): the shortest escapes, everything outside
    /// ASCII as it is.
    public var canonical: [UInt8] { encoded(canonical: true) }

    private func encoded(canonical: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes, canonical: canonical)
        return bytes
    }

    private func write(to bytes: inout [UInt8], canonical: Bool) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .number(let value): bytes += String(value).utf8
        case .string(let text): JSON.write(text, to: &bytes, canonical: canonical)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes, canonical: canonical)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            var members = object.members
            if canonical { members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSON.write(member.name, to: &bytes, canonical: canonical)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes, canonical: canonical)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// `\u` and four digits, for a character that these suffice for.
    private static func escape(_ scalar: Unicode.Scalar) -> [UInt8] {
        let unit = scalar.value
        return Array(("\\u" + hex([UInt8(truncatingIfNeeded: unit >> 8), UInt8(truncatingIfNeeded: unit)])).utf8)
    }

    private static func write(_ text: Text, to bytes: inout [UInt8], canonical: Bool) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.string.unicodeScalars {
            switch scalar.value {
            case 0x22: bytes += "\\\"".utf8
            case 0x5C: bytes += "\\\\".utf8
            case 0x20..<0x7F: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0..<0x20: bytes += escape(scalar)
            case _ where !canonical && isControl(scalar): bytes += escape(scalar)
            default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
