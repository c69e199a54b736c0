public import Encodings

/// What a server answered, whatever its status.
public struct HTTPResponse: Sendable {
    /// 100 to 599: 200 is success, 304 says that what `If-None-Match` named is still so.
    public let status: Int
    /// All of it, not decoded.
    ///
    /// Where the server gave no length and sent no chunks, it goes up to the end of the connection, which anybody on the way can
    /// bring about, even over TLS: its format must show its own end, as JSON does.
    public let body: [UInt8]
    /// Who answered: where the last redirect led to.
    public let address: WebAddress
    let fields: [Field]

    struct Field: Sendable, Equatable {
        /// In lower case.
        let name: Text
        let value: [UInt8]
    }

    /// Whether the request was understood and done: 200 to 299.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The value of a header, `nil` where there is none or it is not UTF-8.
    ///
    /// Values of headers with the same name are joined by `, ` (RFC 9110 §5.2).
    public subscript(name: String) -> Text? { fields.value(of: name) }

    /// What to send as `If-None-Match` the next time, quotes and all.
    public var entityTag: Text? { self["ETag"] }

    /// What the body is, without parameters and in lower case: `application/json`.
    public var mediaType: Text? {
        self["Content-Type"].map { Text(trimmed($0.utf8.prefix { $0 != UInt8(ascii: ";") })).asciiLowercased }
    }

    /// The server's clock when it answered; `nil` where it does not say so in the one form of today.
    ///
    /// Source: RFC 9110 §5.6.7, `IMF-fixdate`.
    public var date: UnixTime? { moment("Date") }

    /// Whether what is there may have been changed after this answer without another name: servers that make entity tags
    /// of a file's time know it by the second.
    ///
    /// Source: RFC 9110 §8.8.2.2, of the same weakness of `Last-Modified`.
    public var mayShareItsTag: Bool {
        guard let modified = moment("Last-Modified") else { return false }
        return date.map { $0.since(modified) < Seconds(2) } ?? true
    }

    private func moment(_ header: String) -> UnixTime? {
        guard let text = self[header] else { return nil }
        let parts = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false).map { Array($0) }
        guard parts.count == 6, parts[0].count == 4, parts[5] == Array("GMT".utf8) else { return nil }
        guard let month = HTTPResponse.months.firstIndex(where: { $0.utf8.elementsEqual(parts[2]) }) else { return nil }
        let monthDigits = [UInt8(ascii: "0") + UInt8((month + 1) / 10), UInt8(ascii: "0") + UInt8((month + 1) % 10)]
        let day = [parts[3], monthDigits, parts[1]].joined(separator: "-".utf8)
        return UnixTime(rfc3339: Array(day) + "T".utf8 + parts[4] + "Z".utf8)
    }

    /// For how long the server says that the body is good; `nil` where it does not say.
    ///
    /// Source: RFC 9111 §5.2.2, `max-age`, `no-cache` and `no-store`.
    public var freshFor: Seconds? {
        guard let text = self["Cache-Control"]?.asciiLowercased else { return nil }
        let directives = text.utf8.split(separator: UInt8(ascii: ",")).map(trimmed)
        if directives.contains(where: { $0 == "no-cache" || $0 == "no-store" }) { return Seconds(0) }
        let prefix = "max-age="
        for directive in directives where directive.hasPrefix(prefix) {
            let digits = directive.dropFirst(prefix.count).utf8
            guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return nil }
            return Seconds(Int64(String(Substring(digits))) ?? .max)
        }
        return nil
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}

extension [HTTPResponse.Field] {
    func value(of name: String) -> Text? {
        let name = Text(name).asciiLowercased
        let values = filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : Text(validating: values.joined(separator: ", ".utf8))
    }
}

/// `text` without the spaces and tabs around it.
private func trimmed(_ text: some Collection<UInt8>) -> String {
    String(decoding: trimmingBlanks(Array(text)[...]), as: UTF8.self)
}

private func trimmingBlanks(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 }
    while bytes.last == 0x20 || bytes.last == 0x09 { bytes.removeLast() }
    return bytes
}

// MARK: - Receiving

/// A response while it comes in, bounded.
struct Reception: Receiving {
    /// Of all header lines together, those of interim responses included.
    static let maximumHeader = 65_536

    let maximumBody: Int
    private(set) var fields: [HTTPResponse.Field] = []
    private(set) var body: [UInt8] = []
    /// Why no more was taken.
    private(set) var excess: HTTPFailure?
    private var headerCount = 0
    private var isInHeader = false

    private let isCancelled: @Sendable () -> Bool

    init(maximumBody: Int, isCancelled: @escaping @Sendable () -> Bool = { false }) {
        self.maximumBody = maximumBody
        self.isCancelled = isCancelled
    }

    /// How the body is packed, which was not asked for; `nil` where it is not.
    var encoding: Text? {
        fields.value(of: "Content-Encoding").flatMap { $0.asciiLowercased == "identity" ? nil : $0 }
    }

    /// Asked from time to time: whether to wait on.
    mutating func goesOn() -> Bool {
        if isCancelled() { excess = excess ?? .cancelled }
        return excess == nil
    }

    /// Takes a line of the header, its end included, and says whether to go on.
    mutating func take(headerLine line: [UInt8]) -> Bool {
        headerCount += line.count
        guard headerCount <= Reception.maximumHeader else {
            excess = .headerTooLarge(limit: Reception.maximumHeader)
            return false
        }
        let text = line.prefix { $0 != 0x0D && $0 != 0x0A }
        if text.starts(with: "HTTP/".utf8) {
            // What came before was an interim response (100 to 199) or a proxy's: only the last one's fields count.
            fields = []
            isInHeader = true
        } else if text.isEmpty {
            isInHeader = false
        } else if isInHeader, let colon = text.firstIndex(of: UInt8(ascii: ":")), isToken(text[..<colon]),
            let name = Text(validating: text[..<colon])
        {
            // Not in the header are the fields behind a body in chunks, which nothing here is to be believed from.
            let value = Array(trimmingBlanks(text[(colon + 1)...]))
            fields.append(HTTPResponse.Field(name: name.asciiLowercased, value: value))
        }
        return true
    }

    /// Takes a part of the body and says whether to go on.
    mutating func take(body part: [UInt8]) -> Bool {
        guard part.count <= maximumBody - body.count else {
            excess = .tooLarge(limit: maximumBody)
            return false
        }
        body += part
        return true
    }
}
