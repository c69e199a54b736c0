public import Encodings
public import SSHKeys

/// What is kept about Keys beside their files: whose they are, where they came from, and which keys are ours.
public struct StoredState: Sendable, Equatable {
    /// What the files are named after.
    public let name: String

    /// Where the person signed in, for the next time.
    public var provider: StoredProvider

    /// The fingerprints of the keys that may stand in the files, the newest first; never empty.
    public var keys: [Fingerprint]

    /// Whether the private key is in an agent and on no disk.
    public var isInAgent: Bool

    /// What a renewal is had for without signing in, and a secret.
    ///
    /// `nil` where the provider gave none.
    public var refreshToken: Text?

    /// The person's `sub` at the provider.
    public var subject: Text

    /// The person's e-mail, `nil` where the token has none.
    public var email: Text?

    /// When the certificate was made.
    public var issued: UnixTime

    /// When the certificate ends.
    public var expires: UnixTime

    /// What is to be kept about Keys.
    public init(
        name: String, provider: StoredProvider, keys: [Fingerprint], isInAgent: Bool, refreshToken: Text?,
        subject: Text, email: Text?, issued: UnixTime, expires: UnixTime
    ) {
        self.name = name
        self.provider = provider
        self.keys = keys
        self.isInAgent = isInAgent
        self.refreshToken = refreshToken
        self.subject = subject
        self.email = email
        self.issued = issued
        self.expires = expires
    }

    /// Whether the last run that wrote the files came to its end; where it did not, they count as expired.
    public var isWhole: Bool { expires > issued }
}

/// A provider, and how we are its client, as it was when the Keys were made; without the client's secret.
public struct StoredProvider: Sendable, Equatable {
    /// One more parameter of the authorization request.
    public struct Parameter: Sendable, Equatable {
        /// The parameter's name.
        public let name: Text
        /// Its value, not yet percent-encoded.
        public let value: Text

        /// A parameter of these.
        public init(name: Text, value: Text) {
            self.name = name
            self.value = value
        }
    }

    /// What the person's configuration calls it.
    public let name: Text

    /// The issuer, as the tokens have it.
    public let issuer: Text

    /// Our client id there.
    public let clientID: Text

    /// What to ask for; `nil` where that is left to us.
    public var scopes: [Text]?

    /// Where the browser may be sent back to; `nil` where that is left to us.
    public var redirectURIs: [Text]?

    /// More parameters of the authorization request; `nil` or empty for none.
    public var parameters: [Parameter]?

    /// How long Keys live; `nil` where that is left to us.
    public var keysLifetime: Seconds?

    /// How old the original token of renewed Keys may be; `nil` where that is left to us.
    public var renewableFor: Seconds?

    /// Whether Keys may outlive the ID token; `nil` where that is left to us.
    public var beyondTokenExpiry: Bool?

    /// Which `typ` ID tokens may have; `nil` where that is left to us.
    public var tokenTypes: [Text]?

    /// Which algorithms ID tokens may be signed by; `nil` where that is left to us.
    public var algorithms: [Text]?

    /// A provider of these.
    public init(
        name: Text, issuer: Text, clientID: Text, scopes: [Text]? = nil, redirectURIs: [Text]? = nil,
        parameters: [Parameter]? = nil, keysLifetime: Seconds? = nil, renewableFor: Seconds? = nil,
        beyondTokenExpiry: Bool? = nil,
        tokenTypes: [Text]? = nil, algorithms: [Text]? = nil
    ) {
        self.name = name
        self.issuer = issuer
        self.clientID = clientID
        self.scopes = scopes
        self.redirectURIs = redirectURIs
        self.parameters = parameters
        self.keysLifetime = keysLifetime
        self.renewableFor = renewableFor
        self.beyondTokenExpiry = beyondTokenExpiry
        self.tokenTypes = tokenTypes
        self.algorithms = algorithms
    }
}
