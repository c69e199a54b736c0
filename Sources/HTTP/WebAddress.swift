public import Encodings
internal import Glibc

/// An address that we send requests to: https, or http to this machine alone.
///
/// There is no user in it and no fragment, and nothing in it that two parsers could read differently: the host is a name
/// in lower-case ASCII, a dotted quad or an IPv6 address. Our own parser, not libcurl's, because that one takes `http:/x`,
/// `0x7f.1` and backslashes for what somebody may have meant, and because an address in a configuration file is no reason
/// to load libcurl. Source: RFC 3986 §3, RFC 9110 §4.2.
public struct WebAddress: Sendable, Hashable {
    /// The two schemes there are.
    public enum Scheme: String, Sendable, CaseIterable {
        case https
        /// To the loopback addresses and `localhost` only.
        case http

        var defaultPort: UInt16 { self == .https ? 443 : 80 }
    }

    /// The longest that is taken, in bytes; an authorization request with all its parameters is a quarter of it.
    public static let maximumCount = 8192

    /// How it is reached.
    public let scheme: Scheme
    /// In lower case, an IPv6 address in brackets.
    public let host: String
    /// The scheme's own where the text names none.
    public let port: UInt16
    /// Percent-encoded, beginning with `/`.
    public let path: String
    /// Percent-encoded, without the `?`.
    public let query: String?

    /// The address that `text` is.
    /// - Parameter text: Absolute, percent-encoded where need be.
    /// - Throws: each case of `WebAddressError`.
    public init(_ text: Text) throws(WebAddressError) {
        let bytes = Array(text.utf8)
        try WebAddress.checkCharacters(bytes)

        let colon = UInt8(ascii: ":")
        let schemeName = Text(String(decoding: bytes.prefix { $0 != colon }, as: UTF8.self)).asciiLowercased
        guard let scheme = Scheme(rawValue: schemeName.string) else { throw .scheme }
        let afterScheme = bytes.dropFirst(scheme.rawValue.utf8.count)
        guard afterScheme.starts(with: "://".utf8) else { throw .scheme }
        let rest = afterScheme.dropFirst(3)

        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard !authority.contains(UInt8(ascii: "@")) else { throw .userInfo }
        // A colon within brackets belongs to an IPv6 address.
        let portStart = authority.last == UInt8(ascii: "]") ? nil : authority.lastIndex(of: colon)
        guard let host = WebAddress.host(authority[..<(portStart ?? authority.endIndex)]) else { throw .host }
        var port = scheme.defaultPort
        if let portStart {
            guard let number = WebAddress.port(authority[(portStart + 1)...]) else { throw .port }
            port = number
        }

        let target = rest[authority.endIndex...]
        if let bracket = target.firstIndex(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") }) {
            throw .character(at: bracket)
        }
        let path = target.prefix { $0 != UInt8(ascii: "?") }

        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path.isEmpty ? "/" : String(decoding: path, as: UTF8.self)
        query = path.endIndex < target.endIndex ? String(decoding: target[(path.endIndex + 1)...], as: UTF8.self) : nil
        guard scheme == .https || isLoopback else { throw .plainHTTP }
    }

    private init(_ other: WebAddress, query: String) {
        scheme = other.scheme
        host = other.host
        port = other.port
        path = other.path
        self.query = query
    }

    /// Whether it is this very machine, by an address or name that no resolver is asked for.
    public var isLoopback: Bool { host == "127.0.0.1" || host == "localhost" || host == "[::1]" }

    /// Scheme, host and port: `https://idp.example`, `http://127.0.0.1:8080`.
    public var origin: String { "\(scheme.rawValue)://\(host)\(port == scheme.defaultPort ? "" : ":\(port)")" }

    /// The origin and the path: what a message shows, since a query may hold what is nobody's business.
    public var withoutQuery: String { origin + path }

    /// Whether `other` is on the same host, by the same scheme and port.
    public func isSameOrigin(as other: WebAddress) -> Bool {
        (scheme, host, port) == (other.scheme, other.host, other.port)
    }

    private init(_ other: WebAddress, path: String) {
        scheme = other.scheme
        host = other.host
        port = other.port
        self.path = path
        query = nil
    }

    /// Another path at the same origin, without a query.
    /// - Parameter path: Percent-encoded, beginning with `/`; the caller guarantees that.
    /// - Returns: The address.
    public func at(path: StaticString) -> WebAddress { WebAddress(self, path: "\(path)") }

    /// The same address with parameters behind those it has.
    /// - Parameter parameters: Names and values, not encoded.
    /// - Returns: An address whose query ends in `parameters`.
    public func adding(_ parameters: [(String, String)]) -> WebAddress {
        guard !parameters.isEmpty else { return self }
        let start = query.map { $0.isEmpty ? "" : $0 + "&" } ?? ""
        return WebAddress(self, query: start + formEncoded(parameters))
    }
}

extension WebAddress: CustomStringConvertible {
    /// The whole address, as it is sent to.
    public var description: String { withoutQuery + (query.map { "?" + $0 } ?? "") }
}

extension WebAddress {
    private static func checkCharacters(_ bytes: [UInt8]) throws(WebAddressError) {
        guard bytes.count <= maximumCount else { throw .tooLong(count: bytes.count) }
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "#"): throw .fragment
            case UInt8(ascii: "%"):
                guard bytes.count - index > 2, isHexDigit(bytes[index + 1]), isHexDigit(bytes[index + 2]) else {
                    throw .character(at: index)
                }
            default:
                guard isUnreserved(byte) || ":/?[]@!$&'()*+,;=".utf8.contains(byte) else { throw .character(at: index) }
            }
        }
    }

    private static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard let first = digits.first, first != UInt8(ascii: "0"), digits.allSatisfy(isDigit) else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self))
    }

    /// The host as everybody would write it, `nil` where it is none.
    private static func host(_ bytes: ArraySlice<UInt8>) -> String? {
        if bytes.first == UInt8(ascii: "[") {
            guard bytes.last == UInt8(ascii: "]"), bytes.count > 2 else { return nil }
            return ipv6(String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)).map { "[\($0)]" }
        }
        let name = Array(Text(String(decoding: bytes, as: UTF8.self)).asciiLowercased.utf8)
        // RFC 1035 §2.3.4.
        guard name.count <= 253 else { return nil }
        let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy(isLabel), let last = labels.last else { return nil }
        // What ends in a number is read as an IPv4 address, in any of C's spellings: only the plain one is taken.
        if last.allSatisfy(isDigit) || last.starts(with: "0x".utf8) {
            guard labels.count == 4, labels.allSatisfy(isOctet) else { return nil }
        }
        return String(decoding: name, as: UTF8.self)
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        guard (1...63).contains(label.count) else { return false }
        guard label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else { return false }
        return label.allSatisfy { isUnreserved($0) && $0 != UInt8(ascii: "~") }
    }

    private static func isOctet(_ label: ArraySlice<UInt8>) -> Bool {
        guard label.count == 1 || label.first != UInt8(ascii: "0"), label.allSatisfy(isDigit) else { return false }
        return UInt8(String(decoding: label, as: UTF8.self)) != nil
    }

    /// The address in its one text of RFC 5952.
    private static func ipv6(_ text: String) -> String? {
        var address = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        var canonical = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(AF_INET6, &address, &canonical, socklen_t(canonical.count)) != nil else { return nil }
        return String(decoding: canonical.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Why a text is no address that we send requests to.
public enum WebAddressError: Error, Equatable, Sendable {
    case tooLong(count: Int)
    /// White space, a control, a byte outside ASCII, or any other that must be percent-encoded.
    case character(at: Int)
    case scheme
    case plainHTTP
    case userInfo
    case host
    case port
    case fragment
}

extension WebAddressError: CustomStringConvertible {
    /// What was expected, without a full stop.
    public var description: String {
        switch self {
        case .tooLong(let count): "an address of at most \(WebAddress.maximumCount) bytes expected, \(count) found"
        case .character(let offset): "byte \(offset): not a character of an address; percent-encode it"
        case .scheme: "an address that begins with https:// expected"
        case .plainHTTP: "https expected: http is for 127.0.0.1, [::1] and localhost only"
        case .userInfo: "an address without user and password expected"
        case .host: "a host name in ASCII, an IPv4 address or an IPv6 address in brackets expected"
        case .port: "a port from 1 to 65535 expected"
        case .fragment: "an address without # expected"
        }
    }
}

// MARK: - Encoding

/// `parameters` as the body of a form, and as a query; what is not unreserved is percent-encoded, a space too.
///
/// Source: RFC 3986 §2.3; application/x-www-form-urlencoded reads `%20` and `+` alike.
func formEncoded(_ parameters: [(String, String)]) -> String {
    parameters.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
}

private func percentEncoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
        if isUnreserved(byte) {
            encoded.unicodeScalars.append(UnicodeScalar(byte))
        } else {
            encoded += "%" + hex([byte]).uppercased()
        }
    }
    return encoded
}

func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

private func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }

func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

/// RFC 3986 §2.3.
private func isUnreserved(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || "-._~".utf8.contains(byte) }
