internal import Encodings
internal import NIOHTTP1

/// Tells the callback from everything else that may be asked for.
struct RequestRules: Sendable {
    /// RFC 6749 sets no bound; the codes in use are a fraction of it, and what tells of an error is text.
    static let maximumQuery = 8192
    /// Cookies of 127.0.0.1 and localhost go to every port, so another program's come here.
    static let maximumHeader = 64 << 10

    /// As in the target of a request: never empty.
    private let path: String
    /// What the header Host may be.
    private let authorities: [Text]

    init(redirectURI: RedirectURI, port: Int) {
        path = redirectURI.path.isEmpty ? "/" : redirectURI.path
        let host = redirectURI.host.rawValue
        // Browsers leave out the scheme's own port.
        authorities = [Text("\(host):\(port)")] + (port == 80 ? [Text(host)] : [])
    }

    /// What a request is.
    enum Verdict: Equatable {
        case callback(query: String)
        case refused(Answer)
    }

    /// What the request with the header `head` is.
    ///
    /// In order: whose it is, what it asks for, how, and who asked.
    func verdict(on head: HTTPRequestHead) -> Verdict {
        let hosts = head.headers["host"]
        guard let host = hosts.first, hosts.count == 1 else { return .refused(.notice(.badRequest)) }
        // By DNS rebinding a page of any site could read our answers: its requests name that site's host.
        guard authorities.contains(Text(host).asciiLowercased) else { return .refused(.notice(.misdirectedRequest)) }

        let target = head.uri.utf8
        let asked = target.prefix { $0 != UInt8(ascii: "?") }
        guard asked.elementsEqual(path.utf8) else { return .refused(.notice(.notFound)) }
        guard head.method == .GET else { return .refused(.notice(.methodNotAllowed, [("Allow", "GET")])) }
        guard !hasBody(head) else { return .refused(.notice(.payloadTooLarge)) }

        // Only somebody who goes to a page may come: no script, no image, no frame of another page. Older browsers and
        // other programs do not tell. Source: W3C Fetch Metadata Request Headers.
        guard head.headers["sec-fetch-mode"].allSatisfy({ Text($0) == "navigate" }),
            head.headers["sec-fetch-dest"].allSatisfy({ Text($0) == "document" })
        else { return .refused(.notice(.forbidden)) }

        let query = target[asked.endIndex...].dropFirst()
        guard query.count <= RequestRules.maximumQuery else { return .refused(.notice(.uriTooLong)) }
        guard query.allSatisfy({ (0x21...0x7E).contains($0) }) else { return .refused(.notice(.badRequest)) }
        return .callback(query: String(decoding: query, as: UTF8.self))
    }

    private func hasBody(_ head: HTTPRequestHead) -> Bool {
        head.headers.contains(name: "transfer-encoding") || head.headers["content-length"].contains { Text($0) != "0" }
    }
}
