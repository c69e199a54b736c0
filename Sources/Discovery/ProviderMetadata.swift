public import Encodings
public import HTTP

/// What a provider's discovery document says, as far as signing in and fetching keys need it.
///
/// Source: OpenID Connect Discovery 1.0 §3, RFC 8414 §2, RFC 9207 §3.
public struct ProviderMetadata: Sendable, Equatable {
    /// The most bytes that are read of a document; real ones have a few thousand.
    public static let maximumCount = 256 << 10

    /// `issuer`: the configured one, byte for byte.
    public let issuer: Text

    /// `authorization_endpoint`: where the browser goes to sign in.
    public let authorizationEndpoint: WebAddress

    /// `token_endpoint`: where a code or a refresh token is exchanged.
    public let tokenEndpoint: WebAddress

    /// `jwks_uri`: where the key set is.
    public let jwksURI: WebAddress

    /// `scopes_supported`; `nil` where the provider does not say, and what is not on the list may be supported all the same.
    public let scopesSupported: [Text]?

    /// `authorization_response_iss_parameter_supported`: whether each answer to an authorization request has `iss`.
    public let sendsIssuer: Bool

    /// `code_challenge_methods_supported`; `nil` where the provider does not say.
    public let codeChallengeMethods: [Text]?

    /// `token_endpoint_auth_methods_supported`; `nil` where the provider does not say, which means `client_secret_basic`.
    public let tokenEndpointAuthMethods: [Text]?

    /// Reads a discovery document.
    ///
    /// Members of no use here may be of any shape. An endpoint is on https, or as the issuer on this machine.
    /// - Parameters:
    ///   - body: The whole document.
    ///   - issuer: The configured issuer, which the document must name byte for byte: else anybody's document would do.
    /// - Throws: `DiscoveryError.issuer`, `body`, `otherIssuer`, `member`.
    public init(parsing body: [UInt8], issuer: Text) throws(DiscoveryError) {
        let address = try ProviderMetadata.address(of: issuer)
        guard body.count <= ProviderMetadata.maximumCount else { throw .body(.tooLarge, of: .metadata, at: address) }
        let members = Members(
            object: try object(in: body, of: .metadata, at: address), address: address)
        guard let found = try members.text("issuer") else { throw .member("issuer", .missing, at: address) }
        guard found == issuer else { throw .otherIssuer(found, expected: issuer, at: address) }
        self.issuer = issuer
        authorizationEndpoint = try members.endpoint("authorization_endpoint")
        tokenEndpoint = try members.endpoint("token_endpoint")
        jwksURI = try members.endpoint("jwks_uri")
        scopesSupported = try members.texts("scopes_supported")
        sendsIssuer = try members.bool("authorization_response_iss_parameter_supported") ?? false
        codeChallengeMethods = try members.texts("code_challenge_methods_supported")
        tokenEndpointAuthMethods = try members.texts("token_endpoint_auth_methods_supported")
    }

    /// Where the discovery document of an issuer is.
    ///
    /// Source: OpenID Connect Discovery 1.0 §4.
    /// - Parameter issuer: The configured issuer.
    /// - Returns: The issuer, without a slash at its end, and `/.well-known/openid-configuration`.
    /// - Throws: `DiscoveryError.issuer`.
    public static func address(of issuer: Text) throws(DiscoveryError) -> WebAddress {
        let stem = issuer.utf8.last == UInt8(ascii: "/") ? String(issuer.string.dropLast()) : issuer.string
        let query: String?
        let address: WebAddress
        do throws(WebAddressError) {
            query = try WebAddress(issuer).query
            address = try WebAddress(Text(stem + "/.well-known/openid-configuration"))
        } catch {
            throw .issuer(issuer, .address(error))
        }
        guard query == nil else { throw .issuer(issuer, .query) }
        return address
    }
}

/// The members of a discovery document.
private struct Members {
    let object: JSON.Object
    /// Where the document is.
    let address: WebAddress

    func text(_ name: String) throws(DiscoveryError) -> Text? {
        guard let value = value(name) else { return nil }
        guard let text = value.text else { throw .member(name, .shape("a string"), at: address) }
        return text
    }

    func endpoint(_ name: String) throws(DiscoveryError) -> WebAddress {
        guard let text = try text(name) else { throw .member(name, .missing, at: address) }
        let endpoint: WebAddress
        do throws(WebAddressError) {
            endpoint = try WebAddress(text)
        } catch .plainHTTP {
            throw .member(name, .plainHTTP(text), at: address)
        } catch {
            throw .member(name, .address(text, error), at: address)
        }
        // Codes and secrets go there: a provider that is elsewhere has none for whoever listens on this machine.
        guard endpoint.scheme == .https || address.scheme == .http else {
            throw .member(name, .plainHTTP(text), at: address)
        }
        return endpoint
    }

    func texts(_ name: String) throws(DiscoveryError) -> [Text]? {
        guard let value = value(name) else { return nil }
        let texts = value.elements?.map(\.text) ?? [nil]
        let found = texts.compactMap { $0 }
        guard found.count == texts.count else { throw .member(name, .shape("a list of strings"), at: address) }
        return found
    }

    func bool(_ name: String) throws(DiscoveryError) -> Bool? {
        switch value(name) {
        case nil: return nil
        case .bool(let bool): return bool
        case .null, .integer, .number, .string, .array, .object:
            throw .member(name, .shape("true or false"), at: address)
        }
    }

    /// Some providers write a list without elements as null.
    private func value(_ name: String) -> JSON? { object[Text(name)].flatMap { $0 == .null ? nil : $0 } }
}
