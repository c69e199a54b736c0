public import Encodings

/// A line as authorized_keys has it: options, a key or certificate, a comment.
///
/// Source: sshd(8) "AUTHORIZED_KEYS FILE FORMAT"; OpenSSH's `auth-options.c`.
public struct AuthorizedKey: Hashable, Sendable {
    /// One option in front of the key.
    public struct Option: Hashable, Sendable {
        /// Without regard to case in OpenSSH; as it stands here.
        public let name: String

        /// What stands in quotes behind `=`, with `\"` undone; `nil` for a flag.
        public let value: Text?
    }

    /// In order; none where the line starts with the key type.
    public let options: [Option]

    /// The key type's name, as it stands.
    public let type: String

    /// The key or certificate, decoded from base64 and no further.
    public let blob: [UInt8]

    /// The rest of the line; empty where there is none.
    public let comment: Text

    /// The line that `text` holds.
    /// - Parameter text: One line, without its line feed; blanks around it are ignored.
    /// - Throws: Each case of `AuthorizedKeyError`.
    public init(line text: some Collection<UInt8>) throws(AuthorizedKeyError) {
        var scanner = LineScanner(rest: Array(text)[...])
        scanner.skipBlanks()
        if AuthorizedKey.startsWithType(scanner.rest) {
            options = []
        } else {
            options = try scanner.options()
            guard scanner.skipBlanks() else { throw .noKeyType }
        }
        guard AuthorizedKey.startsWithType(scanner.rest) else { throw .noKeyType }
        type = String(decoding: scanner.word(), as: UTF8.self)
        scanner.skipBlanks()
        guard let blob = Base64.standard.decode(scanner.word()), !blob.isEmpty else { throw .base64 }
        self.blob = blob
        scanner.skipBlanks()
        guard let comment = Text(validating: scanner.trimmed) else { throw .notUTF8 }
        self.comment = comment
    }

    /// Whether the first word is the name of a key type, known or like one.
    public static func startsWithType(_ text: some Collection<UInt8>) -> Bool {
        // Asked of whole keys too, where there is no word's end to be found.
        guard ["ssh-", "ecdsa-", "sk-"].contains(where: { text.starts(with: $0.utf8) }) else { return false }
        let word = text.prefix { $0 != 0x20 && $0 != 0x09 }
        return word.count < text.count && !word.contains(UInt8(ascii: "="))
    }
}

/// Why a line is not one of authorized_keys.
public enum AuthorizedKeyError: Error, Equatable, Sendable {
    case noKeyType
    case base64
    case notUTF8
    case optionName
    case unterminatedQuote(option: String)
}

extension AuthorizedKeyError: CustomStringConvertible {
    /// What was expected.
    public var description: String {
        switch self {
        case .noKeyType: "a key type expected"
        case .base64: "a key in base64 expected behind its type"
        case .notUTF8: "the comment is not UTF-8"
        case .optionName: "an option's name expected"
        case .unterminatedQuote(let option): "option \(quoted(option)): no quote at its end"
        }
    }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
}

/// Walks one line.
private struct LineScanner {
    var rest: ArraySlice<UInt8>

    var trimmed: ArraySlice<UInt8> {
        var rest = rest
        while rest.last == 0x20 || rest.last == 0x09 { rest.removeLast() }
        return rest
    }

    /// Whether there were any.
    @discardableResult mutating func skipBlanks() -> Bool {
        let before = rest.count
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
        return rest.count < before
    }

    mutating func word() -> ArraySlice<UInt8> {
        let word = rest.prefix { $0 != 0x20 && $0 != 0x09 }
        rest = rest.dropFirst(word.count)
        return word
    }

    /// `name[="value"]`, separated by commas, up to a blank outside quotes.
    mutating func options() throws(AuthorizedKeyError) -> [AuthorizedKey.Option] {
        var options: [AuthorizedKey.Option] = []
        repeat {
            let name = rest.prefix { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
            guard !name.isEmpty else { throw .optionName }
            rest = rest.dropFirst(name.count)
            let text = String(decoding: name, as: UTF8.self)
            var value: Text?
            if rest.first == UInt8(ascii: "=") {
                rest.removeFirst()
                value = try quotedValue(of: text)
            }
            options.append(AuthorizedKey.Option(name: text, value: value))
        } while takesComma()
        return options
    }

    private mutating func takesComma() -> Bool {
        guard rest.first == UInt8(ascii: ",") else { return false }
        rest.removeFirst()
        return true
    }

    /// As `opt_dequote` reads it: `\"` is a quote, any other backslash stands for itself.
    private mutating func quotedValue(of option: String) throws(AuthorizedKeyError) -> Text {
        guard rest.first == UInt8(ascii: "\"") else { throw .unterminatedQuote(option: option) }
        rest.removeFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") {
                guard let text = Text(validating: value) else { throw .notUTF8 }
                return text
            }
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "\"") {
                rest.removeFirst()
                value.append(UInt8(ascii: "\""))
            } else {
                value.append(byte)
            }
        }
        throw .unterminatedQuote(option: option)
    }
}
