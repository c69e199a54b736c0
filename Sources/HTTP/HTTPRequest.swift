/// What to ask for, and of whom.
public struct HTTPRequest: Sendable {
    enum Method: Sendable, Equatable {
        case get
        case post(body: [UInt8])
        case put(body: [UInt8])
    }

    let method: Method
    /// Whom it is sent to, first of all.
    public let address: WebAddress
    let headers: [String: String]
    /// Whether a server may get it twice: then it goes over a connection that is there, and again where that breaks.
    var isRepeatable = false

    /// Asks for what is at an address; the one kind of request that follows a redirect.
    /// - Parameters:
    ///   - address: What to get.
    ///   - headers: Beside those that every request has; `If-None-Match` makes it conditional.
    /// - Returns: The request.
    public static func get(_ address: WebAddress, headers: [String: String] = [:]) -> HTTPRequest {
        HTTPRequest(method: .get, address: address, headers: headers)
    }

    /// Sends a form.
    /// - Parameters:
    ///   - address: Whom to send it to, and nobody else.
    ///   - form: Names and values, not encoded, in this order.
    ///   - headers: Beside those that every request has.
    /// - Returns: The request.
    public static func post(
        _ address: WebAddress, form: [(String, String)], headers: [String: String] = [:]
    ) -> HTTPRequest {
        HTTPRequest(method: .post(body: Array(formEncoded(form).utf8)), address: address, headers: headers)
    }

    /// Puts a file at an address.
    /// - Parameters:
    ///   - address: Where to, and nowhere else.
    ///   - body: The whole file.
    ///   - headers: Beside those that every request has; `If-Match` and `If-None-Match` make it conditional.
    /// - Returns: The request.
    public static func put(
        _ address: WebAddress, body: [UInt8], headers: [String: String] = [:]
    ) -> HTTPRequest {
        let type = ["Content-Type": "application/octet-stream"]
        return HTTPRequest(method: .put(body: body), address: address, headers: type.merging(headers) { $1 })
    }

    /// The headers as lines, sorted, for libcurl to send as they are.
    /// - Throws: `HTTPFailure.headerMalformed`.
    func headerLines() throws(HTTPFailure) -> [String] {
        var lines = [
            // An answer may be as large as the cap says, not as what it unpacks to.
            "Accept-Encoding: identity",
            // libcurl would ask for leave before it sends a large body, and then wait a second for it.
            "Expect:",
        ]
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            let isTrimmed = value.utf8.first != 0x20 && value.utf8.last != 0x20
            guard isToken(name.utf8), !value.isEmpty, isTrimmed, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else { throw .headerMalformed(name) }
            lines.append("\(name): \(value)")
        }
        return lines
    }
}

/// Whether `text` is a token, as the name of a header is one (RFC 9110 §5.6.2).
func isToken(_ text: some Collection<UInt8>) -> Bool {
    !text.isEmpty && text.allSatisfy { isLetter($0) || isDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
}
