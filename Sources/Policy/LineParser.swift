internal import Encodings

/// Takes one line of `members`, `revoked` or `accounts` apart: columns between blanks, values that may be quoted whole.
struct LineParser {
    private let file: String
    private let number: Int
    private let bytes: [UInt8]
    private(set) var position = 0

    /// A parser at the start of `line`, which comes without its LF and is not looked at yet.
    init(_ line: Span<UInt8>, number: Int, file: String) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(line.count)
        for index in line.indices { bytes.append(line[index]) }
        self.file = file
        self.number = number
        self.bytes = bytes
    }

    /// Fails unless the whole line is UTF-8 without any control character but the tab.
    func validate() throws(PolicyError) {
        if bytes.contains(where: { $0 >= 0x80 }), Text(validating: bytes) == nil { throw error(.notUTF8) }
        if let index = bytes.firstIndex(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
            throw error(.controlCharacter(bytes[index]), at: index)
        }
    }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// What is still to be read.
    var rest: ArraySlice<UInt8> { bytes[position...] }

    /// The error `reason`, at the byte with offset `offset` or for the whole line.
    func error(_ reason: PolicyError.Reason, at offset: Int? = nil) -> PolicyError {
        PolicyError(file: file, line: number, column: offset.map { $0 + 1 }, reason: reason)
    }

    mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    /// Goes past blanks, and tells whether the line ends there.
    mutating func isAtEnd() -> Bool {
        skipBlanks()
        return next == nil
    }

    /// One column, and where it starts.
    mutating func column(_ field: PolicyError.Field) throws(PolicyError) -> (value: Text, offset: Int) {
        guard !isAtEnd() else { throw error(.columnMissing(field), at: position) }
        let start = position
        let value = try value(until: nil)
        guard next == nil || next == 0x20 || next == 0x09 else { throw error(.quoteMisplaced, at: position) }
        return (value, start)
    }

    /// One `name` or `name=value` of a list separated by commas.
    struct Option {
        let name: Text
        let value: Text?
        let offset: Int

        /// The value, which the option must have.
        func required(_ field: PolicyError.Field, _ parser: LineParser) throws(PolicyError) -> Text {
            guard let value, !value.isEmpty else { throw malformed(field, parser) }
            return value
        }

        func malformed(_ field: PolicyError.Field, _ parser: LineParser) -> PolicyError {
            parser.error(.malformed(field, found: value ?? ""), at: offset)
        }
    }

    /// The list that is the next column; each name but `repeatable` once.
    mutating func options(repeatable: Text? = nil) throws(PolicyError) -> [Option] {
        var options: [Option] = []
        skipBlanks()
        repeat {
            let start = position
            while let byte = next, isLetterOrDigit(byte) || byte == UInt8(ascii: "-") { position += 1 }
            let name = Text(parsed: bytes[start..<position])
            var optionValue: Text?
            if takes(UInt8(ascii: "=")) { optionValue = try value(until: UInt8(ascii: ",")) }
            guard !name.isEmpty, next == nil || next == 0x20 || next == 0x09 || next == UInt8(ascii: ",") else {
                throw optionValue == nil
                    ? error(.optionUnknown(word(from: start)), at: start) : error(.quoteMisplaced, at: position)
            }
            if name != repeatable, options.contains(where: { $0.name == name }) {
                throw error(.optionTwice(name), at: start)
            }
            options.append(Option(name: name, value: optionValue, offset: start))
        } while takes(UInt8(ascii: ","))
        return options
    }

    /// Fails unless nothing is left.
    mutating func end() throws(PolicyError) {
        guard isAtEnd() else { throw error(.columnUnexpected, at: position) }
    }

    /// Everything that is left but blanks at both ends.
    mutating func takeRest() -> Text {
        skipBlanks()
        var text = rest
        while let byte = text.last, byte == 0x20 || byte == 0x09 { text.removeLast() }
        position = bytes.count
        return Text(parsed: text)
    }

    private mutating func takes(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private func word(from start: Int) -> Text {
        Text(parsed: bytes[start...].prefix { $0 != 0x20 && $0 != 0x09 && $0 != UInt8(ascii: ",") })
    }

    /// A quoted value, or a bare one that goes up to a blank or `stop`.
    private mutating func value(until stop: UInt8?) throws(PolicyError) -> Text {
        if next == UInt8(ascii: "\"") { return try quotedValue() }
        let start = position
        while let byte = next, byte != 0x20, byte != 0x09, byte != stop {
            guard byte != UInt8(ascii: "\"") else { throw error(.quoteMisplaced, at: position) }
            position += 1
        }
        return Text(parsed: bytes[start..<position])
    }

    private mutating func quotedValue() throws(PolicyError) -> Text {
        let start = position
        position += 1
        var value: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return Text(parsed: value)
            case UInt8(ascii: "\\"):
                guard let escaped = next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
                    throw error(.escapeUnknown, at: position - 1)
                }
                value.append(escaped)
                position += 1
            case 0x09: throw error(.controlCharacter(byte), at: position - 1)
            default: value.append(byte)
            }
        }
        throw error(.quoteUnclosed, at: start)
    }
}
