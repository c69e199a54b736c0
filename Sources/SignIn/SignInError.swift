public import Discovery
public import Encodings
public import HTTP
public import IdentityToken

/// Why a sign-in or a renewal came to nothing; no code, token or secret is in it.
public enum SignInError: Error, Equatable, Sendable {
    /// The provider does not say, or not well, where to sign in and what it signs with.
    case discovery(DiscoveryError)

    // On this machine.
    case listener(ListenerError)
    case timedOut(after: Seconds)
    case cancelled
    /// libcrypto's own words.
    case libcrypto(String)

    // What comes back by the browser.
    case answer(AnswerDefect)
    /// An answer without our state, or with another.
    case foreignAnswer
    case answerIssuer(expected: Text, found: Text?)
    case refusedByPersonOrProvider(ProviderError)
    /// The provider must show something, and was asked not to.
    case interactionNeeded(ProviderError)
    case authorizationRefused(ProviderError)

    // The token endpoint.
    case unreachable(HTTPError)
    case tokenAnswer(TokenAnswerDefect)
    case clientRejected(ProviderError, hasSecret: Bool)
    /// The refresh token is used up, withdrawn or too old.
    case refreshRejected(ProviderError)
    case tokenRefused(ProviderError)

    // The ID token.
    case issuer(expected: Text, found: Text)
    case nonceMissing
    /// The verification that a host runs too, at a time by this machine's clock.
    case token(TokenError, TokenStage, at: UnixTime)

    /// Whether the answer may still come: somebody else's ends no sign-in.
    public var endsSignIn: Bool {
        switch self {
        case .answer, .foreignAnswer: false
        case .discovery, .listener, .timedOut, .cancelled, .libcrypto, .answerIssuer, .refusedByPersonOrProvider,
            .interactionNeeded, .authorizationRefused, .unreachable, .tokenAnswer, .clientRejected, .refreshRejected,
            .tokenRefused, .issuer, .nonceMissing, .token:
            true
        }
    }
}

/// Where an ID token came from.
public enum TokenStage: String, Sendable, CaseIterable {
    case signIn = "the ID token"
    case refresh = "the refreshed ID token"
}

extension ClientRegistration {
    /// Checks that a token is of this registration's provider, and made for a key.
    ///
    /// A host finds the provider by the first, and has no words for a nonce that is missing.
    /// - Parameter claims: Of an ID token of a sign-in; a refreshed one has no nonce as a rule.
    /// - Throws: `SignInError.issuer`, `nonceMissing`.
    public func check(_ claims: ClaimSet) throws(SignInError) {
        guard claims.issuer == issuer else { throw .issuer(expected: issuer, found: claims.issuer) }
        guard claims.all["nonce"] != nil else { throw .nonceMissing }
    }
}

extension SignInError: CustomStringConvertible {
    /// What failed and why, without a full stop.
    public var description: String {
        switch self {
        case .discovery(let error): "discovery: \(error)"
        case .listener(let error): "\(error)"
        case .timedOut(let span): "sign-in: nobody came back from the provider's page within \(span)"
        case .cancelled: "sign-in: cancelled"
        case .libcrypto(let words): words
        case .answer(let defect): "answer to the sign-in: \(defect)"
        case .foreignAnswer: "answer to the sign-in: its state is not ours, so it is not to this sign-in"
        case .answerIssuer(let expected, let found):
            "answer to the sign-in: iss \(quoted(expected)) expected, \(found.map { quoted($0) } ?? "none") found"
        case .refusedByPersonOrProvider(let error): "sign-in: refused by you or the provider: \(error)"
        case .interactionNeeded(let error): "sign-in: the provider must show its page: \(error)"
        case .authorizationRefused(let error): "sign-in: the provider answered \(error)"
        case .unreachable(let error): "token endpoint: \(error)"
        case .tokenAnswer(.idTokenMissing): "token endpoint: this provider answered without an ID token"
        case .tokenAnswer(let defect): "token endpoint: \(defect)"
        case .clientRejected(let error, _): "token endpoint: the client was not recognised: \(error)"
        case .refreshRejected(let error): "token endpoint: the refresh token was not taken: \(error)"
        case .tokenRefused(let error): "token endpoint: the provider answered \(error)"
        case .issuer(let expected, let found):
            "the ID token: issuer \(quoted(expected)) expected, \(quoted(found)) found"
        case .nonceMissing:
            "the ID token: this provider cannot bind keys: it did not put our nonce into the ID token"
        case .token(.commitment, let stage, _):
            "\(stage.rawValue): this provider cannot bind keys: the nonce in its ID token is not ours"
        case .token(let error, let stage, let now):
            "\(stage.rawValue): \(error)" + (error.clockDifference(at: now).map { ", \($0)" } ?? "")
        }
    }

    /// What to do about it, a sentence or two; `nil` where nothing is to be done.
    public var advice: String? {
        switch self {
        case .discovery(let error): error.advice
        case .listener(let error): error.advice
        case .timedOut:
            "Run it again and finish signing in. Where the provider's page spoke of a redirect URI, register "
                + "http://127.0.0.1/callback for this client there. Without a browser on this machine: --no-browser."
        case .cancelled: nil
        case .libcrypto: "See that OpenSSL is installed whole; openssl version -a shows which it is."
        case .answer(let defect): defect.advice
        case .foreignAnswer:
            "Finish signing in on the page that was opened last: an older one, or another program's, does not count."
        case .answerIssuer:
            "Sign in again; if it persists, somebody may be passing another provider's answer off as this one's."
        case .refusedByPersonOrProvider(let error), .interactionNeeded(let error), .authorizationRefused(let error),
            .tokenRefused(let error):
            error.advice
        case .unreachable(let error): error.advice
        case .tokenAnswer(let defect): defect.advice
        case .clientRejected(_, hasSecret: true):
            "Check client_id and client_secret in config.toml; a secret may have expired at the provider."
        case .clientRejected(_, hasSecret: false):
            "Check client_id in config.toml. Register the client as a public one at the provider (native, desktop), or "
                + "set its client_secret."
        case .refreshRejected: "Sign in again: pair keys renew does so."
        case .issuer:
            "Set issuer in config.toml, and in pair.toml on the hosts, to the spelling in the token, if it is to be "
                + "trusted. At Microsoft Entra it has the tenant's id, not common."
        case .nonceMissing:
            "Use another provider, or ask whoever runs this one to return the nonce, as OpenID Connect Core 1.0, "
                + "3.1.2.1, has it: nothing else ties a token to a key."
        case .token(let error, _, _): error.adviceForPeople
        }
    }
}

extension TokenError {
    /// How far the token's time is from this machine's, `nil` for reasons that are not about time.
    fileprivate func clockDifference(at now: UnixTime) -> String? {
        switch self {
        case .issuedInFuture(let time), .notYetValid(let time), .keySetInFuture(let time):
            "which is \(time.since(now)) ahead of this machine's clock"
        case .tokenExpired(let time), .keysExpired(let time), .refreshedExpired(let time):
            "which is \(now.since(time)) ago by this machine's clock"
        case .tooLarge, .segments, .base64, .header, .role, .cosigned, .clientHeader, .clientHeaderNotCanonical,
            .clientKeyMismatch, .clientSignature, .claims, .audience, .tokenType, .algorithm, .keySet, .keySetStale,
            .keyIDUnknown, .keyIDAmbiguous, .providerSignature, .commitment, .refreshedIdentity, .refreshedSignature,
            .refreshedNonce,
            .refreshedOrder, .renewalTooOld, .libcrypto:
            nil
        }
    }

    fileprivate var adviceForPeople: String {
        switch self {
        case .tooLarge: "Ask for fewer scopes in config.toml: thousands of groups do not fit into a key."
        case .segments, .base64, .header, .role, .claims:
            "Tell whoever runs the provider: its ID tokens are not as OpenID Connect Core 1.0 has them."
        case .cosigned, .clientHeader, .clientHeaderNotCanonical, .clientKeyMismatch, .clientSignature:
            "Run pair keys create again; if it persists, report it with this message."
        case .audience: "Set client_id in config.toml to the one that this provider knows us by."
        case .tokenType:
            "Have the provider give an ID token to this client; list its typ in token_types only where it has no other."
        case .algorithm:
            "Have the provider sign this client's ID tokens by an algorithm that algorithms lists: RS256, PS256, ES256, EdDSA."
        case .keySet, .keySetStale: "Try again; if it persists, tell whoever runs the provider: its JWKS is not usable."
        case .keyIDUnknown: "Try again: the provider may have changed its keys this minute. Else tell whoever runs it."
        case .keyIDAmbiguous: "Tell whoever runs the provider: it publishes keys that cannot be told apart."
        case .providerSignature: "Sign in again; if it persists, do not trust this network: the token may be a forgery."
        case .commitment:
            "Sign in again; if it persists, use another provider, or ask whoever runs this one to return the nonce as "
                + "it was sent: nothing else ties a token to a key."
        case .issuedInFuture, .notYetValid, .keySetInFuture, .tokenExpired, .keysExpired, .refreshedExpired:
            "Set this machine's clock: timedatectl shows whether it is synchronised. If it is right, the provider's is "
                + "wrong, or its tokens live too short."
        case .refreshedIdentity, .refreshedSignature, .refreshedNonce, .refreshedOrder, .renewalTooOld:
            "Sign in again: pair keys create."
        case .libcrypto: "See that OpenSSL is installed whole; openssl version -a shows which it is."
        }
    }
}
