/// Why some bytes are not JSON as we take it; `at` is the offset of the byte, from the text's start.
public enum JSONError: Error, Equatable, Sendable {
    case unexpected(at: Int)
    case duplicateMember(Text, at: Int)
    case tooDeep(at: Int)
    case numberOutOfRange(at: Int)
    case notUTF8(at: Int)
    case loneSurrogate(at: Int)
    case trailing(at: Int)
}

extension JSONError: CustomStringConvertible {
    /// Where and what, without a full stop.
    public var description: String {
        switch self {
        case .unexpected(let offset): "byte \(offset): not JSON here"
        case .duplicateMember(let name, let offset): "byte \(offset): a second member \(quoted(name))"
        case .tooDeep(let offset): "byte \(offset): nested deeper than \(JSON.maximumDepth)"
        case .numberOutOfRange(let offset): "byte \(offset): a number out of range"
        case .notUTF8(let offset): "byte \(offset): not UTF-8"
        case .loneSurrogate(let offset): "byte \(offset): half of a surrogate pair"
        case .trailing(let offset): "byte \(offset): bytes after the value"
        }
    }
}

extension JSON {
    /// How deep arrays and objects may stand in one another; tokens and key sets need three.
    public static let maximumDepth = 16

    /// The one value that `bytes` hold.
    ///
    /// Stricter than RFC 8259, because two readers must never read one token differently: no member twice, no lone
    /// surrogate, no number that a `Double` cannot hold, nothing after the value, no byte order mark. The caller bounds
    /// the size.
    /// - Parameter bytes: UTF-8.
    /// - Throws: each case of `JSONError`.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.value(depth: 0)
        parser.skipWhiteSpace()
        guard parser.next == nil else { throw .trailing(at: parser.position) }
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    var position = 0

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipWhiteSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// Takes `letter` where it comes next.
    mutating func takes(_ letter: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: letter) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ letter: Unicode.Scalar) throws(JSONError) {
        guard takes(letter) else { throw .unexpected(at: position) }
    }

    mutating func value(depth: Int) throws(JSONError) -> JSON {
        skipWhiteSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some, nil: return try number()
        }
    }

    mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for letter in "\(word)".utf8 {
            guard next == letter else { throw .unexpected(at: position) }
            position += 1
        }
        return value
    }

    mutating func array(depth: Int) throws(JSONError) -> [JSON] {
        guard depth <= JSON.maximumDepth else { throw .tooDeep(at: position) }
        try expect("[")
        skipWhiteSpace()
        var elements: [JSON] = []
        if takes("]") { return elements }
        repeat {
            elements.append(try value(depth: depth))
            skipWhiteSpace()
        } while takes(",")
        try expect("]")
        return elements
    }

    mutating func object(depth: Int) throws(JSONError) -> JSON.Object {
        guard depth <= JSON.maximumDepth else { throw .tooDeep(at: position) }
        try expect("{")
        skipWhiteSpace()
        var object = JSON.Object()
        if takes("}") { return object }
        var names: [(text: Text, start: Int)] = []
        repeat {
            skipWhiteSpace()
            let start = position
            let name = try string()
            names.append((name, start))
            skipWhiteSpace()
            try expect(":")
            object.add(name, try value(depth: depth))
            skipWhiteSpace()
        } while takes(",")
        try expect("}")
        if let (name, start) = firstRepeated(names) { throw .duplicateMember(name, at: start) }
        return object
    }

    /// The first that stands a second time.
    ///
    /// By a sort: a `Set` has random seeds, and what sshd runs would ask for them at each login.
    private func firstRepeated(_ names: [(text: Text, start: Int)]) -> (text: Text, start: Int)? {
        let sorted = names.sorted { left, right in
            let (a, b) = (left.text.utf8, right.text.utf8)
            if a.count != b.count { return a.count < b.count }
            return left.text == right.text ? left.start < right.start : a.lexicographicallyPrecedes(b)
        }
        return zip(sorted, sorted.dropFirst()).filter { $0.text == $1.text }.map { $1 }.min { $0.start < $1.start }
    }

    mutating func string() throws(JSONError) -> Text {
        try expect("\"")
        let start = position
        // Most strings have no escape: they are taken as they stand.
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        var decoded = bytes[start..<position]
        while !takes("\"") {
            guard let byte = next, byte >= 0x20 else { throw .unexpected(at: position) }
            if byte == UInt8(ascii: "\\") {
                position += 1
                decoded += try escape()
            } else {
                decoded.append(byte)
                position += 1
            }
        }
        guard let text = Text(validating: decoded) else { throw .notUTF8(at: start) }
        return text
    }

    /// What stands behind a backslash, as UTF-8.
    mutating func escape() throws(JSONError) -> [UInt8] {
        guard let letter = next else { throw .unexpected(at: position) }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): break
        default: throw .unexpected(at: position - 1)
        }
        let start = position
        var code = try codeUnit()
        if code & 0xFC00 == 0xD800 {
            guard takes("\\"), takes("u") else { throw .loneSurrogate(at: start) }
            let low = try codeUnit()
            guard low & 0xFC00 == 0xDC00 else { throw .loneSurrogate(at: start) }
            code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
        }
        guard let scalar = Unicode.Scalar(code) else { throw .loneSurrogate(at: start) }
        return Array(String(scalar).utf8)
    }

    /// Four hex digits.
    mutating func codeUnit() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
                throw .unexpected(at: position)
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    mutating func number() throws(JSONError) -> JSON {
        let start = position
        let negative = takes("-")
        if !takes("0") { try digits() }
        var isInteger = true
        if takes(".") {
            isInteger = false
            try digits()
        }
        if takes("e") || takes("E") {
            isInteger = false
            if !takes("+") { _ = takes("-") }
            try digits()
        }
        let literal = String(decoding: bytes[start..<position], as: UTF8.self)
        // "-0" is a number, not an integer: written back it would lose its sign.
        if isInteger, !(negative && literal == "-0"), let value = Int64(literal) { return .integer(value) }
        guard let value = Double(literal), value.isFinite else { throw .numberOutOfRange(at: start) }
        return .number(value)
    }

    mutating func digits() throws(JSONError) {
        let start = position
        while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
        guard position > start else { throw .unexpected(at: position) }
    }
}
