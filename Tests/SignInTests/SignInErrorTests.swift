import Discovery
import Encodings
import HTTP
import IdentityToken
import SignIn
import Testing

@Suite struct SignInErrorTests {
    static let now = UnixTime(seconds: 1_795_348_800)

    struct Told: Sendable, CustomTestStringConvertible {
        let error: SignInError
        let description: String
        var advice: String?
        var testDescription: String { description }

        init(_ error: SignInError, _ description: String, _ advice: String? = nil) {
            self.error = error
            self.description = description
            self.advice = advice
        }
    }

    static func token(_ error: TokenError, _ stage: TokenStage = .signIn) -> SignInError {
        .token(error, stage, at: now)
    }

    static let told = [
        Told(
            .discovery(.issuer("idp", .address(.scheme))),
            "discovery: issuer \"idp\": an address that begins with https:// expected"),
        Told(
            .listener(.noRedirectURI), "a redirect URI expected, none found",
            "Name at least one in the provider's redirect_uris, or leave redirect_uris out."),
        Told(.timedOut(after: Seconds(300)), "sign-in: nobody came back from the provider's page within 5 min"),
        Told(.foreignAnswer, "answer to the sign-in: its state is not ours, so it is not to this sign-in"),
        Told(.answer(.form(.twice("a\n"))), "answer to the sign-in: parameter \"a\\x0a\" stands twice"),
        Told(
            .answer(.pastedRequest),
            "answer to the sign-in: the address that was pasted is the one to open in a browser",
            "Open that address in a browser and sign in there; then paste the address that the browser ends up at."),
        Told(
            .answerIssuer(expected: "https://a", found: "https://b"),
            "answer to the sign-in: iss \"https://a\" expected, \"https://b\" found"),
        Told(
            .answerIssuer(expected: "https://a", found: nil),
            "answer to the sign-in: iss \"https://a\" expected, none found"),
        Told(
            .refusedByPersonOrProvider(.init(code: "access_denied", detail: "Nein\u{1B}[2J", uri: "https://x")),
            "sign-in: refused by you or the provider: \"access_denied\": \"Nein\\x1b[2J\" (see \"https://x\")",
            "Sign in again and agree to it; if you did, whoever runs the provider must let you use this client."),
        Told(
            .interactionNeeded(.init(code: "login_required")),
            "sign-in: the provider must show its page: \"login_required\"",
            "Sign in on the provider's page: pair keys create."),
        Told(
            .authorizationRefused(.init(code: "invalid_request", detail: "The Redirect_URI is unknown")),
            "sign-in: the provider answered \"invalid_request\": \"The Redirect_URI is unknown\"",
            "Register the redirect URI for this client at the provider (http://127.0.0.1/callback, any port), or set "
                + "redirect_uris in config.toml to one that is registered."),
        Told(
            .tokenRefused(.init(code: "redirect_uri_mismatch")),
            "token endpoint: the provider answered \"redirect_uri_mismatch\"",
            "Register the redirect URI for this client at the provider (http://127.0.0.1/callback, any port), or set "
                + "redirect_uris in config.toml to one that is registered."),
        Told(
            .tokenAnswer(.idTokenMissing), "token endpoint: this provider answered without an ID token",
            "Is the scope openid granted? Allow it for this client at the provider, and see that it speaks OpenID "
                + "Connect, not OAuth 2.0 alone."),
        Told(
            .tokenAnswer(.html(status: 503)), "token endpoint: JSON expected, an HTML page found (status 503)",
            "Try again in a while; if it persists, tell whoever runs the provider."),
        Told(
            .tokenAnswer(.empty(status: 401)), "token endpoint: JSON expected, nothing found (status 401)",
            "Check client_id and client_secret in config.toml; then ask whoever runs the provider."),
        Told(
            .clientRejected(.init(code: "invalid_client"), hasSecret: true),
            "token endpoint: the client was not recognised: \"invalid_client\"",
            "Check client_id and client_secret in config.toml; a secret may have expired at the provider."),
        Told(
            .clientRejected(.init(code: "invalid_client"), hasSecret: false),
            "token endpoint: the client was not recognised: \"invalid_client\"",
            "Check client_id in config.toml. Register the client as a public one at the provider (native, desktop), or "
                + "set its client_secret."),
        Told(
            .issuer(expected: "https://a", found: "https://a/"),
            "the ID token: issuer \"https://a\" expected, \"https://a/\" found"),
        Told(
            .nonceMissing, "the ID token: this provider cannot bind keys: it did not put our nonce into the ID token",
            "Use another provider, or ask whoever runs this one to return the nonce, as OpenID Connect Core 1.0, "
                + "3.1.2.1, has it: nothing else ties a token to a key."),
        Told(token(.commitment), "the ID token: this provider cannot bind keys: the nonce in its ID token is not ours"),
        Told(
            token(.issuedInFuture(now + Seconds(301))),
            "the ID token: issued in the future, at 2026-11-22T12:05:01Z, which is 5 min 1 s ahead of this machine's clock",
            "Set this machine's clock: timedatectl shows whether it is synchronised. If it is right, the provider's is "
                + "wrong, or its tokens live too short."),
        Told(
            token(.tokenExpired(now - Seconds(7200)), .refresh),
            "the refreshed ID token: the ID token expired at 2026-11-22T10:00:00Z, which is 2 h ago by this machine's clock"
        ),
        Told(
            token(.keyIDUnknown("k\n")), "the ID token: no key \"k\\x0a\" in the key set",
            "Try again: the provider may have changed its keys this minute. Else tell whoever runs it."),
        Told(
            token(.providerSignature), "the ID token: the provider's signature does not match",
            "Sign in again; if it persists, do not trust this network: the token may be a forgery."),
        Told(
            token(.algorithm(.unknown("none"))), "the ID token: alg \"none\" is not supported",
            "Have the provider sign this client's ID tokens by an algorithm that algorithms lists: RS256, PS256, ES256, "
                + "EdDSA."),
    ]

    @Test("an error says what failed and why, and what to do", arguments: told)
    func tells(_ row: Told) {
        #expect(row.error.description == row.description)
        if let advice = row.advice { #expect(row.error.advice == advice) }
    }

    static let all: [SignInError] =
        told.map(\.error)
        + ProviderError.Known.allCases.map { .authorizationRefused(ProviderError(code: Text($0.rawValue))) }
        + [
            .libcrypto("libcrypto: x failed (error 0)"), .tokenRefused(ProviderError(code: "x")),
            .refreshRejected(ProviderError(code: "invalid_grant")), .tokenAnswer(.notAnObject(status: 400)),
            .tokenAnswer(.noErrorCode(status: 429)), .tokenAnswer(.noErrorCode(status: 404)),
            .tokenAnswer(.notJSON(.unexpected(at: 0), status: 403)), .tokenAnswer(.redirect(to: "/x")),
            .tokenAnswer(.encoded("br")), .tokenAnswer(.withheld), .tokenAnswer(.member("id_token")),
            .tokenAnswer(.idTokenEncrypted), token(.tooLarge(40_000)), token(.segments(2, expected: 3)),
            token(.cosigned),
            token(.tokenType("x")), token(.keySet(.noKeys)), token(.keyIDAmbiguous(nil)), token(.notYetValid(now)),
            token(.renewalTooOld(Seconds(1)), .refresh), token(.refreshedNonce, .refresh),
        ]
        + [.form(.percent), .form(.notUTF8), .form(.tooLong(count: 1)), .form(.tooManyFields(count: 1))].map {
            .answer($0)
        }
        + [.form(.control(1)), .code, .codeAndError, .neither, .pastedNothing].map { .answer($0) }

    @Test("a description is a part of a sentence, an advice is a whole one, both in printable ASCII", arguments: all)
    func form(_ error: SignInError) throws {
        #expect(error.description.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(!error.description.hasSuffix("."))
        let advice = try #require(error.advice)
        #expect(advice.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(advice.hasSuffix(".") && !advice.hasSuffix(".."))
        #expect(advice.first?.isUppercase == true)
    }

    @Test("who cancels knows what to do")
    func cancelled() {
        #expect(SignInError.cancelled.description == "sign-in: cancelled")
        #expect(SignInError.cancelled.advice == nil)
    }

    @Test("only an answer that is not to this sign-in leaves it going")
    func ends() {
        for error in Self.all {
            switch error {
            case .answer, .foreignAnswer: #expect(!error.endsSignIn)
            default: #expect(error.endsSignIn)
            }
        }
    }

    // MARK: - Whose token

    /// The claims of a token of which nothing else is looked at.
    static func claims(_ members: String) throws -> ClaimSet {
        let payload = "{\"iss\":\"https://idp.example\",\"sub\":\"1\",\"iat\":1,\"exp\":2,\(members)}"
        let key =
            "{\"alg\":\"EdDSA\",\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"\(String(repeating: "A", count: 43))\"}"
        let client =
            "{\"alg\":\"EdDSA\",\"rz\":\"\(String(repeating: "0", count: 64))\",\"typ\":\"CIC\",\"upk\":\(key)}"
        let segments = [payload, "{\"alg\":\"RS256\"}", "x", client, "x"].map { Base64.url.encode(Array($0.utf8)) }
        return try CompactToken(parsing: Array(segments.joined(separator: ":").utf8)[...]).unverifiedClaims()
    }

    struct Checked: Sendable, CustomTestStringConvertible {
        let members: String
        var issuer: Text = "https://idp.example"
        var error: SignInError?
        var testDescription: String { members }
    }

    static let checked = [
        Checked(members: "\"aud\":\"pair\",\"nonce\":\"n\""),
        Checked(
            members: "\"aud\":\"pair\",\"nonce\":\"n\"", issuer: "https://idp.example/",
            error: .issuer(expected: "https://idp.example/", found: "https://idp.example")),
        Checked(members: "\"aud\":\"pair\"", error: .nonceMissing),
    ]

    @Test("a token must be of this provider and with a nonce", arguments: checked)
    func checks(_ row: Checked) throws {
        let registration = ClientRegistration(name: "example", issuer: row.issuer, clientID: "pair")
        let claims = try Self.claims(row.members)
        guard let error = row.error else {
            try registration.check(claims)
            return
        }
        #expect(throws: error) { try registration.check(claims) }
    }
}
