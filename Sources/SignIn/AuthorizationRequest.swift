public import Discovery
public import Encodings
public import HTTP
internal import Signatures

/// One request to sign in, made of what the provider is asked in the browser and what only we know.
///
/// Source: RFC 6749 §4.1.1, RFC 7636 §4, OpenID Connect Core 1.0 §3.1.2.1, RFC 8252, RFC 9700 §2.1.
public struct AuthorizationRequest: Sendable {
    /// Whether the provider may show the person anything.
    public enum Prompt: String, Sendable, CaseIterable {
        /// Nothing: the answer comes at once, with a code or with what would have had to be shown.
        case none
    }

    /// 43 characters that nobody can guess; an answer with any other is not to this request.
    public let state: Text
    /// What the ID token must hold as `nonce`: the commitment to a key.
    public let nonce: Text
    /// Where the browser is sent back to, with its port: the same text in both requests to the provider.
    public let redirectURI: Text
    /// 43 characters that nobody can guess, told to the token endpoint alone.
    let verifier: Text
    private let challenge: String
    private let registration: ClientRegistration
    private let metadata: ProviderMetadata

    /// A request for one sign-in.
    /// - Parameters:
    ///   - registration: Which client asks.
    ///   - metadata: The provider's.
    ///   - redirectURI: Where the browser is sent back to, with its port.
    ///   - commitment: What the ID token is to be bound to, in the nonce.
    ///   - random: As many bytes that nobody can guess.
    /// - Throws: `SignInError.libcrypto`.
    public init(
        registration: ClientRegistration, metadata: ProviderMetadata, redirectURI: String, commitment: String,
        random: (Int) -> [UInt8]
    ) throws(SignInError) {
        state = Text(Base64.url.encode(random(32)))
        nonce = Text(commitment)
        self.redirectURI = Text(redirectURI)
        verifier = Text(Base64.url.encode(random(32)))
        do throws(LibcryptoError) {
            challenge = Base64.url.encode(try Digest.sha256(Array(verifier.utf8)))
        } catch {
            throw .libcrypto(error.description)
        }
        self.registration = registration
        self.metadata = metadata
    }

    /// The same request once more, after the provider answered that it must show something: only the nonce stays.
    /// - Parameter random: As many bytes that nobody can guess.
    /// - Returns: A request with another state and verifier, so that a late answer to this one is not to that one.
    /// - Throws: `SignInError.libcrypto`.
    public func secondRound(random: (Int) -> [UInt8]) throws(SignInError) -> AuthorizationRequest {
        try AuthorizationRequest(
            registration: registration, metadata: metadata, redirectURI: redirectURI.string, commitment: nonce.string,
            random: random)
    }

    /// Where the browser goes.
    /// - Parameters:
    ///   - prompt: `nil` leaves it to the provider what it shows.
    ///   - loginHint: Whom the sign-in is of, an e-mail as a rule: spares a person with several accounts the choice.
    /// - Returns: The authorization endpoint with its own query, our parameters, and the registration's behind them.
    public func address(prompt: Prompt? = nil, loginHint: Text? = nil) -> WebAddress {
        var parameters = [
            ("response_type", "code"), ("client_id", registration.clientID.string),
            ("redirect_uri", redirectURI.string), ("scope", scope), ("state", state.string), ("nonce", nonce.string),
            ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ]
        // The registration's login_hint is the person's own choice; its prompt is for when something may be shown.
        if let loginHint, !registration.parameters.contains(where: { $0.name == "login_hint" }) {
            parameters.append(("login_hint", loginHint.string))
        }
        if let prompt { parameters.append(("prompt", prompt.rawValue)) }
        for parameter in registration.parameters where prompt == nil || parameter.name != "prompt" {
            parameters.append((parameter.name.string, parameter.value.string))
        }
        return metadata.authorizationEndpoint.adding(parameters)
    }

    /// What is asked for: `openid` first, each scope once.
    private var scope: String {
        let listsGroups = metadata.scopesSupported?.contains("groups") ?? false
        let wanted = registration.scopes ?? (listsGroups ? ["email", "groups"] : ["email"])
        var scopes: [Text] = ["openid"]
        for name in wanted.flatMap({ $0.utf8.split(separator: 0x20) }).map({ Text(String(Substring($0))) })
        where !scopes.contains(name) {
            scopes.append(name)
        }
        return scopes.map(\.string).joined(separator: " ")
    }

    /// The code of the provider's answer to this request.
    ///
    /// State comes first: what is not to this request says nothing about it.
    /// - Parameter answer: What came to the redirect URI, from anybody.
    /// - Returns: The code, a secret, good for one exchange.
    /// - Throws: `SignInError.foreignAnswer`, after which the answer may still come; `answerIssuer`,
    ///   `refusedByPersonOrProvider`, `interactionNeeded`, `authorizationRefused`.
    public func code(from answer: AuthorizationAnswer) throws(SignInError) -> String {
        guard let found = answer.state, isSame(found, state) else { throw .foreignAnswer }
        // RFC 9207 §2.4: else a code of one provider could be had exchanged at another.
        if answer.issuer == nil ? metadata.sendsIssuer : answer.issuer != metadata.issuer {
            throw .answerIssuer(expected: metadata.issuer, found: answer.issuer)
        }
        switch answer.outcome {
        case .code(let code): return code
        case .error(let error):
            switch error.known {
            case .accessDenied: throw .refusedByPersonOrProvider(error)
            case .interactionRequired, .loginRequired, .accountSelectionRequired, .consentRequired:
                throw .interactionNeeded(error)
            case .invalidRequest, .unauthorizedClient, .unsupportedResponseType, .invalidScope, .serverError,
                .temporarilyUnavailable, .invalidClient, .invalidGrant, .unsupportedGrantType, .redirectURIMismatch,
                .invalidRedirectURI, nil:
                throw .authorizationRefused(error)
            }
        }
    }
}

/// Whether both have the same UTF-8, found out in a time that depends on their lengths alone.
private func isSame(_ left: Text, _ right: Text) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    return zip(left.utf8, right.utf8).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
}
