/// Text from outside, compared byte for byte.
///
/// Swift's `String` compares by canonical equivalence, so that `"\u{212A}" == "K"` (KELVIN SIGN) and é equals e with a
/// combining accent: two identities would be one. `Text` is equal only to the very same UTF-8.
public struct Text: Sendable, ExpressibleByStringLiteral {
    /// The same text for people and for APIs: never to be compared.
    public let string: String

    /// The text of `string`.
    public init(_ string: String) {
        self.string = string
    }

    /// The text of a literal.
    public init(stringLiteral value: String) {
        string = value
    }

    /// The text that `bytes` are in UTF-8, `nil` where they are not UTF-8.
    public init?(validating bytes: some Sequence<UInt8>) {
        guard let string = String(validating: bytes, as: UTF8.self) else { return nil }
        self.string = string
    }

    /// The text's UTF-8.
    public var utf8: String.UTF8View { string.utf8 }

    /// Whether there is nothing in it.
    public var isEmpty: Bool { string.isEmpty }

    /// The text as a `String` that is safe to compare, or `nil` where a byte is outside ASCII.
    public var ascii: String? { utf8.allSatisfy { $0 < 0x80 } ? string : nil }

    /// Whether it holds a character that controls how text is shown: nothing that names somebody has one.
    public var hasControls: Bool { string.unicodeScalars.contains(where: isControl) }

    /// The text with `A` to `Z` as `a` to `z`, and no other change.
    public var asciiLowercased: Text {
        guard utf8.contains(where: { $0 >= 0x41 && $0 <= 0x5A }) else { return self }
        return Text(String(decoding: utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self))
    }
}

extension Text: Hashable {
    /// Whether both have the same UTF-8.
    public static func == (left: Text, right: Text) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
    }

    /// Feeds the UTF-8 to `hasher`.
    public func hash(into hasher: inout Hasher) {
        for byte in utf8 { hasher.combine(byte) }
        hasher.combine(0xFF as UInt8)
    }
}

/// Whether `scalar` could do something to a terminal or break or turn a line, ASCII's controls and those above it.
///
/// Source: Unicode's categories Cc, Zl and Zp, and its property Bidi_Control.
func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
}

/// `text` for a message or a log: in double quotes, printable ASCII only, at most `limit` bytes of it.
///
/// Whatever comes from outside goes through here before a person or a log sees it, so that no newline or escape
/// sequence can forge a line.
public func quoted(_ text: some Sequence<UInt8>, limit: Int = 120) -> String {
    var result = "\""
    for (index, byte) in text.enumerated() {
        guard index < limit else { return result + "...\"" }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += "\\" + String(UnicodeScalar(byte))
        case 0x20..<0x7F: result.unicodeScalars.append(UnicodeScalar(byte))
        default: result += "\\x" + hex([byte])
        }
    }
    return result + "\""
}

/// `text` for a message or a log, quoted.
public func quoted(_ text: Text, limit: Int = 120) -> String { quoted(text.utf8, limit: limit) }

/// `text` for a message or a log, quoted.
public func quoted(_ text: String, limit: Int = 120) -> String { quoted(text.utf8, limit: limit) }

/// `bytes` as lower-case hex digits, two a byte.
public func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
