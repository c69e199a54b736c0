public import Encodings
public import HTTP
public import IdentityToken

/// Why a provider's metadata or keys could not be had; `at` is where they were asked for.
public enum DiscoveryError: Error, Equatable, Sendable {
    /// The configured issuer cannot be one.
    case issuer(Text, IssuerDefect)
    case noAnswer(HTTPError)
    /// An answer that says failure, with the beginning of its body where that is plain text.
    case status(Int, of: ProviderDocument, at: WebAddress, said: Text?)
    case body(BodyDefect, of: ProviderDocument, at: WebAddress)
    /// The document is of another issuer than the configured one.
    case otherIssuer(Text, expected: Text, at: WebAddress)
    case member(String, MemberDefect, at: WebAddress)
    /// Not for what is no JSON.
    case keySet(TokenError, at: WebAddress)
}

/// The two documents that a provider is asked for.
public enum ProviderDocument: Equatable, Sendable, CaseIterable {
    /// The discovery document.
    case metadata
    /// The JWKS.
    case keySet

    /// What `Accept` says; the second is what a JWKS may be served as (RFC 7517 §8.5.2).
    var mediaTypes: String {
        switch self {
        case .metadata: "application/json"
        case .keySet: "application/json, application/jwk-set+json"
        }
    }
}

/// What is wrong with a configured issuer.
public enum IssuerDefect: Equatable, Sendable {
    case address(WebAddressError)
    case query
}

/// What an answer is in place of a JSON object.
public enum BodyDefect: Equatable, Sendable {
    case empty
    /// HTML: a sign-in page, a proxy's or a captive portal's.
    case webPage
    case json(JSONError)
    case notAnObject
    case tooLarge

    /// What `body` is that is no JSON because of `error`.
    init(_ body: [UInt8], _ error: JSONError) {
        switch body.first(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) {
        case nil: self = .empty
        case UInt8(ascii: "<"): self = .webPage
        case .some: self = .json(error)
        }
    }
}

/// What is wrong with a member of a discovery document.
public enum MemberDefect: Equatable, Sendable {
    case missing
    /// Which shape it should have.
    case shape(String)
    case address(Text, WebAddressError)
    /// Not on this machine, or on it where the issuer is not.
    case plainHTTP(Text)
}

extension DiscoveryError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .issuer(let issuer, let defect): "issuer \(quoted(issuer)): \(defect)"
        case .noAnswer(let error): "\(error)"
        case .status(let status, let document, let address, let text):
            "\(address.withoutQuery): \(document) expected, status \(status) found"
                + (text.map { ": \(quoted($0))" } ?? "")
        case .body(let defect, let document, let address):
            "\(address.withoutQuery): \(document) expected, \(defect) found"
        case .otherIssuer(let found, let expected, let address):
            "\(address.withoutQuery): issuer \(quoted(expected)) expected, \(quoted(found)) found"
        case .member(let name, let defect, let address): "\(address.withoutQuery): \(name): \(defect)"
        case .keySet(let error, let address): "\(address.withoutQuery): \(error)"
        }
    }
}

extension ProviderDocument: CustomStringConvertible {
    /// What it is called.
    public var description: String {
        switch self {
        case .metadata: "a discovery document"
        case .keySet: "a key set"
        }
    }
}

extension IssuerDefect: CustomStringConvertible {
    /// What was expected.
    public var description: String {
        switch self {
        case .address(let error): "\(error)"
        case .query: "an address without ? expected"
        }
    }
}

extension BodyDefect: CustomStringConvertible {
    /// What was found.
    public var description: String {
        switch self {
        case .empty: "nothing"
        case .webPage: "a web page"
        case .json(let error): "no JSON (\(error))"
        case .notAnObject: "JSON that is no object"
        case .tooLarge: "more than \(ProviderMetadata.maximumCount) bytes"
        }
    }
}

extension MemberDefect: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .missing: "an address expected, none found"
        case .shape(let expected): "\(expected) expected"
        case .address(let found, let error): "\(error), \(quoted(found)) found"
        case .plainHTTP(let found): "an https address expected, \(quoted(found)) found"
        }
    }
}
