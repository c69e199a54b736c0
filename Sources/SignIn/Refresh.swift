internal import Discovery
public import Encodings
public import HTTP
public import IdentityToken
public import SSHKeys

/// A provider's answer to a refresh token, by which Keys may get a new lifetime without the person.
///
/// In two steps, because many providers take a refresh token once: the new one has to be kept before anything else is
/// done that may fail. Source: RFC 6749 §6, OpenID Connect Core 1.0 §12.
public struct Refresh: Sendable {
    /// For the next time, in place of the one that was sent; a secret.
    public let refreshToken: Text
    private let idToken: [UInt8]?
    private let registration: ClientRegistration
    private let metadata: ProviderMetadata
    private let http: HTTPClient

    /// Asks the provider.
    /// - Parameters:
    ///   - refreshToken: The one kept.
    ///   - registration: Whose it is, and of which client.
    ///   - http: How the provider is asked.
    /// - Throws: `SignInError.discovery`, and those of the token endpoint: `refreshRejected` for a token that is used up.
    public init(by refreshToken: Text, of registration: ClientRegistration, http: HTTPClient) async throws(SignInError)
    {
        let metadata = try await discovering { () async throws(DiscoveryError) in
            try await discover(issuer: registration.issuer, with: http)
        }
        let endpoint = TokenEndpoint(registration: registration, metadata: metadata, client: http)
        let answer = try await endpoint.refresh(refreshToken)
        self.refreshToken = answer.refreshToken ?? refreshToken
        idToken = answer.idToken
        self.registration = registration
        self.metadata = metadata
        self.http = http
    }

    /// Whether there is an ID token in it; most providers give none, and then a person has to sign in.
    public var hasIDToken: Bool { idToken != nil }

    /// `token` with the refreshed ID token behind it.
    /// - Parameters:
    ///   - token: Of the last sign-in or renewal.
    ///   - key: The key that it is bound to.
    ///   - clock: Tells the time, each time it is asked.
    /// - Returns: The renewed token, verified; `nil` where there is no ID token, or one that says less of the person than
    ///   the sign-in's: hosts would miss the claims it lacks.
    /// - Throws: `SignInError.discovery`; `token` and its like for a token that no host would take.
    public func renewing(
        _ token: CompactToken, of key: PublicKey, clock: @Sendable () -> UnixTime
    ) async throws(SignInError) -> (token: CompactToken, verified: VerifiedToken)? {
        guard let idToken else { return nil }
        let keys = try await discovering { () async throws(DiscoveryError) in
            try await fetchKeySet(of: metadata, at: clock(), with: http)
        }
        let (renewed, original) = try verifying(.refresh, at: clock()) { () throws(TokenError) in
            (try token.renewed(with: idToken[...]), try token.withoutRefreshedToken().unverifiedClaims())
        }
        let verified = try registration.verify(renewed, for: key, with: keys, at: clock())
        guard verified.claims.says(asMuchAs: original) else { return nil }
        return (renewed, verified)
    }
}

extension ClaimSet {
    /// Claims about a sign-in or a token rather than about a person.
    ///
    /// Source: OpenID Connect Core 1.0 §2 and §3.1.3.6, RFC 7519 §4.1, OpenID Connect Front-Channel Logout 1.0 §3.
    private static let aboutTheToken: Set<Text> = [
        "iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti", "nonce", "auth_time", "acr", "amr", "at_hash", "c_hash",
        "s_hash", "sid",
    ]

    /// Whether each claim about the person in `other` is here too, whatever its value.
    fileprivate func says(asMuchAs other: ClaimSet) -> Bool {
        other.all.members.allSatisfy { ClaimSet.aboutTheToken.contains($0.name) || all[$0.name] != nil }
    }
}
