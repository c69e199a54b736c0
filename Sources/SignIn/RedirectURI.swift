public import Encodings
internal import HTTP

/// Where the browser is sent back to: an address of this very machine, http, with a fixed port or any.
///
/// The text is kept as it was written, since providers compare it byte for byte with what was registered there.
/// Source: RFC 8252 §7.3, §8.3; RFC 6749 §3.1.2.
public struct RedirectURI: Sendable, Hashable {
    /// The three names of this machine that no resolver is asked for.
    public enum Host: String, Sendable, CaseIterable {
        case ipv4 = "127.0.0.1"
        case ipv6 = "[::1]"
        /// Both families; for providers that take no other.
        case localhost

        /// What is listened on.
        ///
        /// A browser may take either family for `localhost`: whoever had the other one would get our callbacks.
        var addresses: [String] {
            switch self {
            case .ipv4: ["127.0.0.1"]
            case .ipv6: ["::1"]
            case .localhost: ["127.0.0.1", "::1"]
            }
        }
    }

    /// Whose address it is.
    public let host: Host
    /// 1 to 65535; `nil` for any that is free.
    public let port: UInt16?
    /// Percent-encoded; empty, or beginning with `/`.
    public let path: String

    /// The redirect URI that `text` is, `nil` where it is none.
    ///
    /// No query, no fragment, no segment that is `.` or `..`, and nothing that a browser would spell otherwise: it asks
    /// for the path in its own spelling.
    /// - Parameter text: `http://127.0.0.1/callback`, `http://localhost:8085/`.
    public init?(_ text: Text) {
        guard let address = try? WebAddress(text), address.query == nil else { return nil }
        guard let host = Host(rawValue: address.host) else { return nil }
        let hasPort = text.utf8.starts(with: "http://\(host.rawValue):".utf8)
        let port = hasPort ? address.port : nil
        let origin = RedirectURI.origin(host, port)
        guard text.utf8.starts(with: origin.utf8) else { return nil }

        self.host = host
        self.port = port
        path = String(decoding: text.utf8.dropFirst(origin.utf8.count), as: UTF8.self)
        guard path.utf8.split(separator: UInt8(ascii: "/")).allSatisfy({ !RedirectURI.isDots($0) }) else { return nil }
    }

    /// The text with `port`, as an authorization request names it.
    public func at(port: UInt16) -> String { RedirectURI.origin(host, port) + path }

    private static func origin(_ host: Host, _ port: UInt16?) -> String {
        "http://\(host.rawValue)" + (port.map { ":\($0)" } ?? "")
    }

    /// Whether browsers leave `segment` out; to them `%2e` is a dot.
    ///
    /// Source: WHATWG URL, "double-dot URL path segment".
    private static func isDots(_ segment: Substring.UTF8View) -> Bool {
        let spelled = Text(String(decoding: segment, as: UTF8.self)).asciiLowercased
        return [".", "..", "%2e", ".%2e", "%2e.", "%2e%2e"].contains(spelled)
    }
}

extension RedirectURI: CustomStringConvertible {
    /// The text as it was written.
    public var description: String { RedirectURI.origin(host, port) + path }
}
