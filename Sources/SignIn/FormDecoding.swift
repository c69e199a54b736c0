public import Encodings

/// The fields of a form or query, none of them twice.
///
/// Source: RFC 6749 Appendix B; WHATWG URL §5.1, where it parses `application/x-www-form-urlencoded`.
struct FormFields: Sendable {
    /// The longest form that is read, in bytes; the longest codes in use have some 2 KiB.
    static let maximumCount = 16 << 10
    /// The most fields that are read.
    static let maximumFields = 64

    private var values: [Text: Text] = [:]

    /// The fields of `form`.
    /// - Parameter form: Without `?`; may be empty.
    /// - Throws: `FormDefect`.
    init(decoding form: some StringProtocol) throws(FormDefect) {
        let bytes = Array(form.utf8)
        guard bytes.count <= FormFields.maximumCount else { throw .tooLong(count: bytes.count) }
        // `&&` and an `&` at the end are of the format: there is just no field there.
        let fields = bytes.split(separator: UInt8(ascii: "&"))
        guard fields.count <= FormFields.maximumFields else { throw .tooManyFields(count: fields.count) }
        for field in fields {
            let name = field.prefix { $0 != UInt8(ascii: "=") }
            let decodedName = try FormFields.decoded(name)
            let value = try FormFields.decoded(field[name.endIndex...].dropFirst())
            guard values.updateValue(value, forKey: decodedName) == nil else { throw .twice(decodedName) }
        }
    }

    /// The value of a field, `nil` where it is missing or empty, which mean the same.
    ///
    /// Source: RFC 6749 §3.1.
    subscript(name: Text) -> Text? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    private static func decoded(_ bytes: ArraySlice<UInt8>) throws(FormDefect) -> Text {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                    throw .percent
                }
                decoded.append(high << 4 | low)
            // White space and controls never stand for themselves.
            case 0...0x20, 0x7F: throw .control(byte)
            default: decoded.append(byte)
            }
        }
        guard let text = Text(validating: decoded) else { throw .notUTF8 }
        return text
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// Why a text is no form or query as we take it; nothing of its values is quoted.
public enum FormDefect: Error, Equatable, Sendable {
    case tooLong(count: Int)
    case tooManyFields(count: Int)
    /// White space or a control that stands for itself.
    case control(UInt8)
    /// A percent sign without two hex digits behind it.
    case percent
    case notUTF8
    case twice(Text)
}

extension FormDefect: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .tooLong(let count): "\(count) bytes; at most \(FormFields.maximumCount) are read"
        case .tooManyFields(let count): "\(count) parameters; at most \(FormFields.maximumFields) are read"
        case .control(let byte): "white space or a control character (0x\(hex([byte]))) in it"
        case .percent: "a % without two hex digits behind it"
        case .notUTF8: "not UTF-8"
        case .twice(let name): "parameter \(quoted(name, limit: 40)) stands twice"
        }
    }
}

/// `text` as a form has it, for a user name and a password of HTTP's Basic scheme.
///
/// Source: RFC 6749 §2.3.1 and Appendix B.
func formEncoded(_ text: Text) -> String {
    var encoded = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            // Some providers do not decode, and have it in their secrets.
            UInt8(ascii: "~"):
            encoded.unicodeScalars.append(UnicodeScalar(byte))
        case 0x20: encoded += "+"
        default: encoded += "%" + hex([byte]).uppercased()
        }
    }
    return encoded
}
