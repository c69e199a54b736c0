public import Encodings

/// A request that got no answer, or none that may be used.
public struct HTTPError: Error, Equatable, Sendable {
    /// Whom it was sent to at the time, a redirect's target included.
    public let address: WebAddress
    /// What went wrong there.
    public let failure: HTTPFailure
}

extension HTTPError: CustomStringConvertible {
    /// Where and what, without a full stop; no query, whose values may be secret.
    public var description: String { "\(address.withoutQuery): \(failure)" }

    /// What to do about it, in a sentence.
    public var advice: String {
        let phrase = failure.mend(address)
        return phrase.prefix(1).uppercased() + phrase.dropFirst() + "."
    }
}

/// Why a request got no answer; `detail` is libcurl's own words.
public enum HTTPFailure: Error, Equatable, Sendable {
    case couldNotResolve(detail: String)
    case couldNotConnect(detail: String)
    case timedOut(HTTPPhase, after: Seconds)
    case certificate(CertificateDefect, detail: String)
    case tls(detail: String)
    /// The file of trusted certificates, or the system's for `nil`, could not be read or has none in it.
    case caFile(String?)
    case proxy(detail: String)
    case closedEarly(detail: String)
    case notHTTP(detail: String)
    /// More body than `limit` bytes.
    case tooLarge(limit: Int)
    /// More header than `limit` bytes.
    case headerTooLarge(limit: Int)
    /// Compressed, though asked not to be.
    case encoded(Text)
    case redirectRefused(to: Text, RedirectDefect)
    /// A header of the request that has no form to be sent in; the value may be a secret.
    case headerMalformed(String)
    case libcurlMissing(detail: String)
    /// The task that waited for the answer was cancelled.
    case cancelled
    case other(code: UInt32, detail: String)
}

/// How far a request had come.
public enum HTTPPhase: Equatable, Sendable {
    /// Looking up the host, connecting, and agreeing on TLS.
    case connecting
    /// Sending the request and receiving the answer.
    case answering
}

/// What is wrong with a server's certificate.
public enum CertificateDefect: Equatable, Sendable {
    case expired
    case notYetValid
    case otherHost
    /// No chain from it to a certificate that is trusted here.
    case unknownIssuer
    /// Any other, by its number in OpenSSL's x509_vfy.h.
    case other(Int)
}

/// Why a redirect is not followed.
public enum RedirectDefect: Equatable, Sendable {
    /// Another scheme, host or port.
    case otherOrigin
    case address(WebAddressError)
    /// A form goes to whom it was made for, and to nobody else.
    case form
    case tooMany(limit: Int)
}

extension HTTPFailure: CustomStringConvertible {
    /// What failed, without a full stop.
    public var description: String {
        switch self {
        case .couldNotResolve(let detail): "the name could not be looked up: \(quoted(detail))"
        case .couldNotConnect(let detail): "could not connect: \(quoted(detail))"
        case .timedOut(.connecting, let span): "no connection within \(span)"
        case .timedOut(.answering, let span): "no whole answer within \(span)"
        case .certificate(let defect, let detail): "\(defect): \(quoted(detail))"
        case .tls(let detail): "no TLS connection: \(quoted(detail))"
        case .caFile(let path): "no trusted certificates in \(path.map { quoted($0) } ?? "the system's own file")"
        case .proxy(let detail): "the proxy did not connect us: \(quoted(detail))"
        case .closedEarly(let detail): "the connection was closed before the answer was whole: \(quoted(detail))"
        case .notHTTP(let detail): "what answers there is not an HTTP server: \(quoted(detail))"
        case .tooLarge(let limit): "the answer is larger than \(limit) bytes"
        case .headerTooLarge(let limit): "the answer's header is larger than \(limit) bytes"
        case .encoded(let encoding): "the answer is encoded as \(quoted(encoding)), which was not asked for"
        case .redirectRefused(let target, let defect): "a redirect to \(shown(target)) was not followed: \(defect)"
        case .headerMalformed(let name): "the request's header \(quoted(name)) cannot be sent"
        case .libcurlMissing(let detail): "libcurl could not be loaded: \(quoted(detail))"
        case .cancelled: "given up before there was an answer"
        case .other(let code, let detail): "libcurl's error \(code): \(quoted(detail))"
        }
    }

    func mend(_ address: WebAddress) -> String {
        switch self {
        case .couldNotResolve:
            "check the spelling of \(address.host) and this machine's resolver, or set https_proxy"
        case .couldNotConnect, .timedOut(.connecting, _):
            address.isLoopback
                ? "start the server on port \(address.port)"
                : "check that port \(address.port) of \(address.host) can be reached from here, or set https_proxy"
        case .timedOut(.answering, _): "try again later; the server at \(address.host) is slow or in trouble"
        case .certificate(let defect, _): defect.mend(address)
        case .tls: "check with openssl s_client -connect \(address.endpoint) that it speaks TLS 1.2 or newer"
        case .caFile(let path?):
            "name a file of PEM certificates in SSL_CERT_FILE in place of \(quoted(path)), or unset it"
        case .caFile(nil):
            "install the trusted certificates (Debian: apt install ca-certificates), or set SSL_CERT_FILE"
        case .proxy: "correct https_proxy or all_proxy, or name \(address.host) in no_proxy"
        case .closedEarly: "try again; the server at \(address.host), or a proxy before it, is in trouble"
        case .notHTTP: "check host and port of \(address.origin)"
        case .tooLarge, .headerTooLarge: "check that \(address.withoutQuery) is the right address"
        case .encoded: "tell whoever runs \(address.host) that it ignores Accept-Encoding"
        case .redirectRefused(let target, .otherOrigin):
            "where \(shown(target)) is to be trusted, configure that address itself"
        case .redirectRefused: "correct the configured address, or tell whoever runs \(address.host)"
        case .headerMalformed(let name): "correct what \(quoted(name)) is made from"
        case .cancelled: "try again"
        case .libcurlMissing: "install libcurl (Debian: apt install libcurl4)"
        case .other: "try again; then report it with this message"
        }
    }
}

extension CertificateDefect: CustomStringConvertible {
    /// What is wrong, without a full stop.
    public var description: String {
        switch self {
        case .expired: "the server's certificate has expired"
        case .notYetValid: "the server's certificate is not valid yet"
        case .otherHost: "the server's certificate is for another host"
        case .unknownIssuer: "the server's certificate is from nobody trusted here"
        case .other(let number): "the server's certificate is not valid (error \(number))"
        }
    }

    fileprivate func mend(_ address: WebAddress) -> String {
        switch self {
        case .expired, .notYetValid: "check this machine's clock; if it is right, tell whoever runs \(address.host)"
        case .otherHost: "use the name that the certificate is for, or tell whoever runs \(address.host)"
        case .unknownIssuer: "if its CA is your organisation's own, name the CA's certificate in SSL_CERT_FILE"
        case .other: "see by openssl s_client -connect \(address.endpoint) what is wrong with it"
        }
    }
}

extension RedirectDefect: CustomStringConvertible {
    /// Why, without a full stop.
    public var description: String {
        switch self {
        case .otherOrigin: "it leads to another scheme, host or port"
        case .address(let error): "\(error)"
        case .form: "a form is sent to nobody else"
        case .tooMany(let limit): "more than \(limit) in a row"
        }
    }
}

extension WebAddress {
    /// As tools take it: `idp.example:443`.
    fileprivate var endpoint: String { "\(host):\(port)" }
}

/// Where a redirect leads to, without the query.
private func shown(_ target: Text) -> String { quoted(target.utf8.prefix { $0 != UInt8(ascii: "?") }) }
