/// Base64 with the standard alphabet and with the URL alphabet, decoded strictly.
///
/// Exactly one text stands for given bytes: padding as the form demands, unused bits zero, nothing but the alphabet.
/// Source: RFC 4648 §4, §5 and §3.5.
public enum Base64: Sendable {
    /// `+` and `/`, padded with `=` to a multiple of four: OpenSSH's key files and `%k`.
    case standard
    /// `-` and `_`, never padded: JOSE (RFC 7515 §2).
    case url

    /// The bytes that `text` stands for, or `nil` where it is not the one text for them; empty text is no bytes.
    public func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var text = Array(text)[...]
        if self == .standard {
            guard text.count.isMultiple(of: 4) else { return nil }
            // At most two; a third `=` is then a letter outside the alphabet.
            for _ in 0..<2 where text.last == UInt8(ascii: "=") { text.removeLast() }
        }
        guard text.count % 4 != 1 else { return nil }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        let table = Base64.values
        var accumulator: UInt32 = 0
        var bits = 0
        for letter in text {
            var value = table[Int(letter)]
            if self == .url { value = Base64.urlValue(letter, standard: value) }
            guard value < 64 else { return nil }
            accumulator = accumulator << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
                accumulator &= (1 << UInt32(bits)) - 1
            }
        }
        return accumulator == 0 ? bytes : nil
    }

    /// The one text for `bytes`; empty for no bytes.
    public func encode(_ bytes: some Collection<UInt8>) -> String {
        let alphabet = self == .standard ? Base64.standardAlphabet : Base64.urlAlphabet
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var accumulator: UInt32 = 0
        var bits = 0
        for byte in bytes {
            accumulator = accumulator << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(accumulator >> UInt32(bits) & 63)])
            }
            accumulator &= (1 << UInt32(bits)) - 1
        }
        if bits > 0 { text.append(alphabet[Int(accumulator << UInt32(6 - bits) & 63)]) }
        while self == .standard, !text.count.isMultiple(of: 4) { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    private static let standardAlphabet =
        Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The standard alphabet's value of each byte, 255 where it has none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in standardAlphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    private static func urlValue(_ letter: UInt8, standard: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        case UInt8(ascii: "+"), UInt8(ascii: "/"): 255
        default: standard
        }
    }
}
