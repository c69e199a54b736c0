public import Encodings
public import IdentityToken

/// A client that a provider knows, which is how people sign in there, and what its Keys are to be like.
///
/// Source: RFC 6749 §2, RFC 8252 §8.4.
public struct ClientRegistration: Sendable, Equatable {
    /// What people call the provider.
    public let name: String
    /// Compared with a token's `iss`, byte for byte.
    public let issuer: Text
    /// Ours at the provider; should be for pair alone.
    public let clientID: Text
    /// `nil` for a public client, as nearly all programs on people's machines are.
    public let clientSecret: Text?
    /// What to ask for; `nil` for `openid`, `email`, and `groups` where the provider lists it.
    public let scopes: [Text]?
    /// Where the browser may be sent back to, tried in this order.
    public let redirectURIs: [RedirectURI]
    /// Go into the authorization request beside ours.
    public let parameters: [Parameter]
    /// How long Keys live after the newest `iat`.
    public let keysLifetime: Seconds
    /// How old the original token of renewed Keys may be.
    public let renewableFor: Seconds
    /// Whether Keys may outlive the ID token's own `exp`.
    public let beyondTokenExpiry: Bool
    /// By which an ID token may be signed.
    public let algorithms: [SigningAlgorithm]
    /// What an ID token's header may say that it is; an absent `typ` counts as `JWT`.
    public let tokenTypes: [Text]

    /// A registration with these values.
    /// - Parameters:
    ///   - name: What people call the provider.
    ///   - issuer: The provider's, as its tokens spell it.
    ///   - clientID: Ours at the provider.
    ///   - clientSecret: `nil` for a public client.
    ///   - scopes: `nil` for `openid`, `email`, and `groups` where the provider lists it.
    ///   - redirectURIs: Where the browser may be sent back to; by default `/callback` of any port of 127.0.0.1.
    ///   - parameters: For the authorization request beside ours.
    ///   - keysLifetime: How long Keys live after the newest `iat`.
    ///   - renewableFor: How old the original token of renewed Keys may be.
    ///   - beyondTokenExpiry: Whether Keys may outlive the ID token's own `exp`.
    ///   - algorithms: By which an ID token may be signed.
    ///   - tokenTypes: What an ID token's header may say that it is.
    public init(
        name: String, issuer: Text, clientID: Text, clientSecret: Text? = nil, scopes: [Text]? = nil,
        redirectURIs: [RedirectURI] = ClientRegistration.defaultRedirectURIs, parameters: [Parameter] = [],
        keysLifetime: Seconds = Seconds(300), renewableFor: Seconds = Seconds(43_200), beyondTokenExpiry: Bool = false,
        algorithms: [SigningAlgorithm] = SigningAlgorithm.allCases, tokenTypes: [Text] = ["JWT"]
    ) {
        self.name = name
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scopes = scopes
        self.redirectURIs = redirectURIs
        self.parameters = parameters
        self.keysLifetime = keysLifetime
        self.renewableFor = renewableFor
        self.beyondTokenExpiry = beyondTokenExpiry
        self.algorithms = algorithms
        self.tokenTypes = tokenTypes
    }

    /// `http://127.0.0.1/callback` with any free port.
    public static let defaultRedirectURIs = [RedirectURI("http://127.0.0.1/callback")].compactMap { $0 }

    /// How far ahead of this machine's clock a token's start may be, as on a host.
    public static let clockSkew = Seconds(30)

    /// What the provider's tokens must be like, for the verification that a host runs too.
    public var verificationRules: VerificationRules {
        VerificationRules(
            clientIDs: [clientID], algorithms: algorithms, tokenTypes: tokenTypes,
            clockSkew: ClientRegistration.clockSkew, keysLifetime: keysLifetime, renewableFor: renewableFor,
            beyondTokenExpiry: beyondTokenExpiry)
    }
}

/// A parameter of the authorization request that a provider wants beside ours: `access_type` is Google's.
public struct Parameter: Sendable, Equatable {
    /// Never one of `reserved`.
    public let name: Text
    /// Not encoded.
    public let value: Text

    /// Names that are ours to set, or that would change where and how the answer comes.
    ///
    /// `prompt` is not among them: Google gives a refresh token only where it says `consent`.
    /// Source: RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core 1.0 §3.1.2.1 and §6.
    public static let reserved: Set<Text> = [
        "response_type", "response_mode", "client_id", "client_secret", "redirect_uri", "scope", "state", "nonce",
        "code_challenge", "code_challenge_method", "code_verifier", "request", "request_uri",
    ]

    /// The longest name, in bytes.
    public static let maximumName = 128
    /// The longest value, in bytes.
    public static let maximumValue = 2048

    /// A parameter, `nil` where its name is empty or reserved, or name or value too long or with a control character.
    /// - Parameters:
    ///   - name: As it stands in the request, not encoded.
    ///   - value: Not encoded; may be empty.
    public init?(name: Text, value: Text) {
        guard !name.isEmpty, name.utf8.count <= Parameter.maximumName, !name.hasControls else { return nil }
        guard value.utf8.count <= Parameter.maximumValue, !value.hasControls else { return nil }
        guard !Parameter.reserved.contains(name) else { return nil }
        self.name = name
        self.value = value
    }
}
