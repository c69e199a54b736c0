internal import Discovery
public import Encodings
public import HTTP
public import IdentityToken
public import SSHKeys
internal import Signatures

/// A person's sign-in at their provider for one key, from the question to a token that hosts will accept.
///
/// Source: RFC 6749 §4.1, RFC 7636, RFC 8252; OpenID Connect Core 1.0 §3.1.
public struct SignIn: Sendable {
    /// What there is to tell the person on the way.
    public enum Step: Sendable {
        /// The provider is asked where to sign in.
        case discovering
        /// The person has to go there; why no browser was opened, where one should have been.
        case visiting(WebAddress, BrowserError?)
        /// What was pasted or came back does not help, and the sign-in goes on.
        case ignoring(SignInError)
        /// The provider is asked for the token.
        case exchanging
    }

    /// How the person gets to the provider's page and the answer gets back, beside the listener.
    public struct Way: Sendable {
        /// What opens the page; `nil` where the person does.
        public let browser: Browser?
        /// Lines into which the person may paste the address that the browser was sent to; `nil` where nobody asks.
        public let pasted: AsyncStream<String>?
        /// Whether to try first without a page: it is shown only where the provider knows no session of the person's.
        public let isSilent: Bool
        /// Whose sign-in it should be, for a provider that would otherwise ask.
        public let loginHint: Text?

        /// A way with these parts.
        public init(browser: Browser?, pasted: AsyncStream<String>?, isSilent: Bool = false, loginHint: Text? = nil) {
            self.browser = browser
            self.pasted = pasted
            self.isSilent = isSilent
            self.loginHint = loginHint
        }
    }

    /// Where to sign in, and as which client.
    public let registration: ClientRegistration
    /// How the provider is asked.
    public let http: HTTPClient
    /// How long the person has.
    public let patience: Seconds

    /// How long a provider may take to answer without a page: others show an error of theirs and never answer.
    static let silence = Seconds(6)

    /// A sign-in that has not begun.
    public init(registration: ClientRegistration, http: HTTPClient, patience: Seconds) {
        self.registration = registration
        self.http = http
        self.patience = patience
    }

    /// Has the person sign in, and verifies what the provider says of them.
    /// - Parameters:
    ///   - key: What the provider is to bind the identity to.
    ///   - way: How the person gets there and back.
    ///   - clock: Tells the time, each time it is asked.
    ///   - tell: Told of each step.
    /// - Returns: The verified token. Whoever has it must tell the waiting browser how it ended.
    /// - Throws: `SignInError`; a waiting browser has been told then.
    public func run(
        for key: borrowing PrivateKey, by way: Way, clock: @escaping @Sendable () -> UnixTime, tell: (Step) -> Void
    ) async throws(SignInError) -> SignedIn {
        tell(.discovering)
        let metadata = try await discovering { () async throws(DiscoveryError) in
            try await discover(issuer: registration.issuer, with: http)
        }
        let listener: Listener
        do throws(ListenerError) {
            listener = try await Listener.bind(to: registration.redirectURIs)
        } catch {
            throw .listener(error)
        }
        do throws(SignInError) {
            let visit = Visit(signIn: self, metadata: metadata, listener: listener, clock: clock)
            return try await visit.run(for: key, by: way, tell: tell)
        } catch {
            await listener.close()
            throw error
        }
    }
}

/// A person who has signed in, and whose browser waits to be told how it ended.
public struct SignedIn: Sendable {
    /// As it goes into the certificate.
    public let token: CompactToken
    /// The proof that `token` was verified.
    public let verified: VerifiedToken
    /// For renewals, a secret; `nil` where the provider gave none.
    public let refreshToken: Text?
    fileprivate let callback: Callback?
    fileprivate let listener: Listener

    /// Shows `page` in the browser, where one waits, and stops listening.
    public func conclude(with page: ResultPage) async {
        await callback?.respond(page)
        await listener.close()
    }
}

/// The part of a sign-in during which somebody listens.
private struct Visit {
    let signIn: SignIn
    let metadata: ProviderMetadata
    let listener: Listener
    let clock: @Sendable () -> UnixTime

    func run(
        for key: borrowing PrivateKey, by way: SignIn.Way, tell: (SignIn.Step) -> Void
    ) async throws(SignInError) -> SignedIn {
        // Fetched while the person is busy.
        let keySet = Task { [signIn, metadata, clock] in
            await result { () async throws(DiscoveryError) in
                try await fetchKeySet(of: metadata, at: clock(), with: signIn.http)
            }
        }
        let publicKey = key.publicKey
        let (client, nonce) = try verifying(.signIn, at: clock()) { () throws(TokenError) in
            let client = try ClientClaims(for: publicKey, salt: randomBytes(ClientClaims.saltCount))
            return (client, try client.commitment())
        }
        let (code, request, callback) = try await code(boundTo: nonce, by: way, tell: tell)
        do throws(SignInError) {
            tell(.exchanging)
            let endpoint = TokenEndpoint(
                registration: signIn.registration, metadata: metadata, client: signIn.http)
            let answer = try await endpoint.exchange(code: code, request: request)
            guard let idToken = answer.idToken else { throw .tokenAnswer(.idTokenMissing) }
            let token = try compactToken(idToken, client: client, key: key)
            let keys = try await discovering { () async throws(DiscoveryError) in try await keySet.value.get() }
            let verified = try signIn.registration.verify(token, for: publicKey, with: keys, at: clock())
            return SignedIn(
                token: token, verified: verified, refreshToken: answer.refreshToken, callback: callback,
                listener: listener)
        } catch {
            await callback?.respond(ResultPage(error, provider: signIn.registration.name))
            throw error
        }
    }

    private func compactToken(
        _ idToken: [UInt8], client: ClientClaims, key: borrowing PrivateKey
    ) throws(SignInError) -> CompactToken {
        do throws(TokenError) {
            return try CompactToken(idToken: idToken[...], client: client) { (message) throws(TokenError) in
                do throws(LibcryptoError) {
                    return try key.joseSignature(over: message)
                } catch {
                    throw .libcrypto(LibcryptoFailure(description: error.description))
                }
            }
        } catch {
            throw .token(error, .signIn, at: clock())
        }
    }

    /// The provider's answer to a request for `nonce`, that request, and the browser that brought it.
    private func code(
        boundTo nonce: String, by way: SignIn.Way, tell: (SignIn.Step) -> Void
    ) async throws(SignInError) -> (code: String, AuthorizationRequest, Callback?) {
        var request = try AuthorizationRequest(
            registration: signIn.registration, metadata: metadata, redirectURI: listener.redirectURI,
            commitment: nonce, random: randomBytes)
        var isSilent = way.isSilent
        let arrivals = Arrivals(
            listener: listener, lines: way.pasted, silence: isSilent ? SignIn.silence : nil, within: signIn.patience)
        var address = request.address(
            prompt: isSilent ? AuthorizationRequest.Prompt.none : nil, loginHint: way.loginHint)
        tell(.visiting(address, await failure(toOpen: address, by: way)))

        for await arrival in arrivals.events {
            switch meaning(of: arrival, to: request, isSilent: isSilent) {
            case .nothing: continue
            case .code(let code): return (code, request, arrival.callback)
            case .page:
                // Once: else a provider that never agrees would have us go round for ever.
                isSilent = false
                request = try request.secondRound(random: randomBytes)
                address = request.address(loginHint: way.loginHint)
                if let callback = arrival.callback {
                    // The same tab goes on to the page that there is to be seen.
                    await callback.redirect(to: address)
                } else {
                    tell(.visiting(address, await failure(toOpen: address, by: way)))
                }
            case .error(let error):
                await arrival.callback?.respond(ResultPage(error, provider: signIn.registration.name))
                guard !error.endsSignIn else { throw error }
                tell(.ignoring(error))
            }
        }
        throw .cancelled
    }

    private enum Meaning {
        case nothing
        case code(String)
        /// Without a page there will be no code.
        case page
        case error(SignInError)
    }

    private func meaning(of arrival: Arrival, to request: AuthorizationRequest, isSilent: Bool) -> Meaning {
        do throws(SignInError) {
            switch arrival {
            case .callback(let callback):
                return .code(try request.code(from: try AuthorizationAnswer(query: callback.query)))
            case .pasted(let line): return .code(try request.code(from: try AuthorizationAnswer(pasted: line)))
            case .silence: return isSilent ? .page : .nothing
            case .tooLate: throw .timedOut(after: signIn.patience)
            }
        } catch {
            switch error {
            // Some providers do not know prompt=none and call it a mistake.
            case .interactionNeeded, .authorizationRefused: return isSilent ? .page : .error(error)
            case .discovery, .listener, .timedOut, .cancelled, .libcrypto, .answer, .foreignAnswer, .answerIssuer,
                .refusedByPersonOrProvider, .unreachable, .tokenAnswer, .clientRejected, .refreshRejected,
                .tokenRefused,
                .issuer, .nonceMissing, .token:
                return .error(error)
            }
        }
    }

    /// Why the page could not be opened for the person, `nil` where it was, or nobody wants it.
    private func failure(toOpen address: WebAddress, by way: SignIn.Way) async -> BrowserError? {
        do throws(BrowserError) {
            try await way.browser?.open(address)
            return nil
        } catch {
            return error
        }
    }
}

extension Arrival {
    fileprivate var callback: Callback? {
        if case .callback(let callback) = self { callback } else { nil }
    }
}

extension ResultPage {
    /// What the browser shows of an error.
    fileprivate init(_ error: SignInError, provider: String) {
        if case .refusedByPersonOrProvider(let refusal) = error {
            self = .refused(provider: Text(provider), reason: refusal.detail)
        } else {
            self = .failed(what: Text(error.description), advice: error.advice.map { Text($0) })
        }
    }
}

/// Runs what asks the provider about itself.
func discovering<Value>(_ body: () async throws(DiscoveryError) -> Value) async throws(SignInError) -> Value {
    do throws(DiscoveryError) {
        return try await body()
    } catch {
        throw .discovery(error)
    }
}

/// What `body` returns or throws, for a task, which forgets the type of an error.
private func result<Value, Failure>(
    _ body: () async throws(Failure) -> Value
) async -> Result<Value, Failure> {
    do throws(Failure) {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}
