internal import Encodings

/// The texts that stand in the rest of one line of YAML.
///
/// Source: YAML 1.2.2 §7.3, without escapes but `\"`, `\\` and `\/`.
struct YAMLScalars {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// Whether nothing stands there but blanks and a comment.
    var isAtEnd: Bool {
        let text = rest.drop { $0 == 0x20 || $0 == 0x09 }
        guard let first = text.first else { return true }
        // A comment is set off by a blank.
        return first == UInt8(ascii: "#") && text.startIndex > rest.startIndex
    }

    /// Goes past a null or an empty collection that is all there is; tells whether there was one.
    mutating func takeNothing() -> Bool {
        for nothing in ["~", "null", "Null", "NULL", "[]", "{}"] {
            let text = withoutBlanks()
            guard text.starts(with: nothing.utf8) else { continue }
            let behind = YAMLScalars(text.dropFirst(nothing.utf8.count))
            guard behind.isAtEnd else { continue }
            rest = behind.rest
            return true
        }
        return false
    }

    /// The one text that is all there is, empty where it is null or nothing; `nil` for anything else.
    mutating func takeOnly() -> Text? {
        if isAtEnd { return "" }
        for null in ["~", "null", "Null", "NULL"] {
            let text = withoutBlanks()
            if text.starts(with: null.utf8), YAMLScalars(text.dropFirst(null.utf8.count)).isAtEnd { return "" }
        }
        guard let text = takeText(inList: false), isAtEnd else { return nil }
        return text
    }

    /// The texts of a list in brackets that is all there is; `nil` for anything else.
    mutating func takeList() -> [Text]? {
        rest = withoutBlanks()
        guard takes(UInt8(ascii: "[")) else { return nil }
        var texts: [Text] = []
        while true {
            rest = withoutBlanks()
            if takes(UInt8(ascii: "]")) { break }
            guard let text = takeText(inList: true) else { return nil }
            texts.append(text)
            rest = withoutBlanks()
            guard takes(UInt8(ascii: ",")) || rest.first == UInt8(ascii: "]") else { return nil }
        }
        return isAtEnd ? texts : nil
    }

    private mutating func takeText(inList: Bool) -> Text? {
        rest = withoutBlanks()
        switch rest.first {
        case UInt8(ascii: "\""): return takeDoubleQuoted()
        case UInt8(ascii: "'"): return takeSingleQuoted()
        default: return takePlain(inList: inList)
        }
    }

    private mutating func takeDoubleQuoted() -> Text? {
        rest = rest.dropFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return Text(validating: bytes)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst(), "\"\\/".utf8.contains(escaped) else { return nil }
                bytes.append(escaped)
            default: bytes.append(byte)
            }
        }
        return nil
    }

    private mutating func takeSingleQuoted() -> Text? {
        rest = rest.dropFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "'"), !takes(UInt8(ascii: "'")) { return Text(validating: bytes) }
            bytes.append(byte)
        }
        return nil
    }

    private mutating func takePlain(inList: Bool) -> Text? {
        guard let first = rest.first, !"&*!|>%@`{}[],?:-#\"'".utf8.contains(first) else { return nil }
        // Where the text ends: blanks before a comment or a comma do not belong to it.
        var end = rest.startIndex
        for (index, byte) in zip(rest.indices, rest) {
            let isBlank = byte == 0x20 || byte == 0x09
            if byte == UInt8(ascii: "#"), end < index { break }
            if inList, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") { break }
            // A mapping, or another list: no text.
            guard !inList || !"[{}".utf8.contains(byte) else { return nil }
            let next = rest[index...].dropFirst().first
            guard byte != UInt8(ascii: ":") || !(next.map { $0 == 0x20 || $0 == 0x09 } ?? true) else { return nil }
            if !isBlank { end = index + 1 }
        }
        defer { rest = rest[end...] }
        return Text(validating: rest[..<end])
    }

    private func withoutBlanks() -> ArraySlice<UInt8> { rest.drop { $0 == 0x20 || $0 == 0x09 } }

    private mutating func takes(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }
}
