import Discovery
import Encodings
import HTTP
import IdentityToken
import SignIn
import Testing

@Suite struct AuthorizationRequestTests {
    /// The verifier of RFC 7636 Appendix B.
    static let verifier: [UInt8] = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240,
        91, 88, 5, 88, 83, 132, 141, 121,
    ]
    static let state = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static let nonce = "n-0S6_WzA2Mj0123456789012345678901234567890"

    /// Random bytes: first zeros, then the verifier of RFC 7636, then twos, threes and so on.
    struct Random: ~Copyable {
        var count: UInt8 = 0
        var sizes: [Int] = []

        mutating func next(_ size: Int) -> [UInt8] {
            defer { count += 1 }
            sizes.append(size)
            return count == 1 ? verifier : [UInt8](repeating: count, count: size)
        }
    }

    static func request(
        registration: ClientRegistration = FakeProvider.registration(), metadata: ProviderMetadata? = nil
    ) throws -> AuthorizationRequest {
        var random = Random()
        let request = try AuthorizationRequest(
            registration: registration, metadata: metadata ?? FakeProvider.metadata(),
            redirectURI: "http://127.0.0.1:4711/callback", commitment: nonce
        ) { random.next($0) }
        #expect(random.sizes == [32, 32])
        return request
    }

    static let common =
        "https://idp.example/authorize?response_type=code&client_id=client%201&redirect_uri="
        + "http%3A%2F%2F127.0.0.1%3A4711%2Fcallback&scope=openid%20email&state=\(state)&nonce=\(nonce)"
        + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"

    @Test("the address asks for a code by every parameter of ours, with the challenge of RFC 7636's verifier")
    func address() throws {
        #expect(try Self.request().address().description == Self.common)
    }

    @Test("a silent request says prompt=none")
    func silent() throws {
        #expect(
            try Self.request().address(prompt: AuthorizationRequest.Prompt.none).description == Self.common
                + "&prompt=none")
    }

    @Test("a hint of whom the sign-in is of is passed on, unless the registration has its own")
    func loginHint() throws {
        let hint: Text = "alice+x@example.com"
        #expect(
            try Self.request().address(loginHint: hint).description
                == Self.common + "&login_hint=alice%2Bx%40example.com")
        let own = FakeProvider.registration(parameters: [try #require(Parameter(name: "login_hint", value: "bob"))])
        #expect(
            try Self.request(registration: own).address(loginHint: hint).description == Self.common + "&login_hint=bob")
    }

    @Test("the registration's parameters come last, and its prompt gives way to a silent one")
    func parameters() throws {
        let parameters = [("access_type", "offline"), ("prompt", "consent"), ("hd", "a&b=c")]
        let registration = FakeProvider.registration(
            parameters: try parameters.map { try #require(Parameter(name: Text($0.0), value: Text($0.1))) })
        let request = try Self.request(registration: registration)
        #expect(
            request.address().description == Self.common + "&access_type=offline&prompt=consent&hd=a%26b%3Dc")
        #expect(
            request.address(prompt: AuthorizationRequest.Prompt.none).description == Self.common
                + "&prompt=none&access_type=offline&hd=a%26b%3Dc")
    }

    @Test("the authorization endpoint keeps its query")
    func endpointQuery() throws {
        let metadata = try FakeProvider.metadata(authorizationEndpoint: "https://idp.example/authorize?tenant=a%20b")
        let address = try Self.request(metadata: metadata).address()
        #expect(
            address.description
                == Self.common.replacing("?response_type", with: "?tenant=a%20b&response_type"))
    }

    struct Scopes: Sendable {
        let configured: [Text]?
        let supported: [String]?
        let asked: String
    }

    static let scopes = [
        Scopes(configured: nil, supported: nil, asked: "openid email"),
        Scopes(configured: nil, supported: [], asked: "openid email"),
        Scopes(configured: nil, supported: ["openid", "profile", "groups"], asked: "openid email groups"),
        Scopes(configured: nil, supported: ["Groups"], asked: "openid email"),
        Scopes(configured: [], supported: ["groups"], asked: "openid"),
        Scopes(configured: ["email"], supported: ["groups"], asked: "openid email"),
        Scopes(configured: ["offline_access", "openid"], supported: nil, asked: "openid offline_access"),
        Scopes(configured: ["openid email", "email", " a  b "], supported: nil, asked: "openid email a b"),
    ]

    @Test("openid is always asked for, once, and groups where the provider lists it", arguments: scopes)
    func scope(_ row: Scopes) throws {
        let address = try Self.request(
            registration: FakeProvider.registration(scopes: row.configured),
            metadata: FakeProvider.metadata(scopes: row.supported)
        ).address()
        let encoded = row.asked.replacing(" ", with: "%20")
        #expect(address.query?.contains("&scope=\(encoded)&") == true, "\(address)")
    }

    @Test("a second round has another state and verifier, and the same of everything else")
    func secondRound() throws {
        var random = Random()
        let first = try AuthorizationRequest(
            registration: FakeProvider.registration(), metadata: FakeProvider.metadata(),
            redirectURI: "http://127.0.0.1:4711/callback", commitment: Self.nonce
        ) { random.next($0) }
        let second = try first.secondRound { random.next($0) }
        #expect(first.state == Text(Self.state))
        #expect(second.state == "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI")
        #expect(second.nonce == first.nonce)
        #expect(second.redirectURI == first.redirectURI)
        // From: printf %s AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM | openssl dgst -sha256 -binary | base64
        let expected = Self.common.replacing(Self.state, with: second.state.string)
            .replacing(
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", with: "g77gcvvTQj90gfwWOCFjatjPtz-u8N0FgfOXnqDHMbk")
        #expect(second.address().description == expected)
        let late = try AuthorizationAnswer(query: "code=c&state=\(Self.state)")
        #expect(throws: SignInError.foreignAnswer) { try second.code(from: late) }
    }

    static let rejectedParameters: [(Text, Text)] = [
        ("response_type", "token"), ("response_mode", "form_post"), ("client_id", "x"), ("client_secret", "x"),
        ("redirect_uri", "https://evil.example"), ("scope", "x"), ("state", "x"), ("nonce", "x"),
        ("code_challenge", "x"), ("code_challenge_method", "plain"), ("code_verifier", "x"), ("request", "x"),
        ("request_uri", "x"), ("", "x"), ("a\n", "x"), ("a", "x\u{0}"), (Text(String(repeating: "a", count: 129)), "x"),
        ("a", Text(String(repeating: "a", count: 2049))),
    ]

    @Test("a parameter that is ours to set, or could not be sent, is none", arguments: rejectedParameters)
    func reservedParameters(_ name: Text, _ value: Text) {
        #expect(Parameter(name: name, value: value) == nil)
    }

    @Test("any other parameter is one, an empty one too")
    func otherParameters() {
        #expect(Parameter(name: "acr_values", value: "")?.value == "")
        #expect(Parameter(name: "State", value: "é")?.name == "State")
        #expect(Parameter(name: Text(String(repeating: "a", count: 128)), value: "x") != nil)
    }

    @Test("a registration's defaults are the ones documented, and its rules those of a host")
    func registrationDefaults() {
        let registration = FakeProvider.registration()
        #expect(registration.redirectURIs == [RedirectURI("http://127.0.0.1/callback")])
        let rules = registration.verificationRules
        #expect(rules.clientIDs == ["client 1"])
        #expect(rules.algorithms == SigningAlgorithm.allCases)
        #expect(rules.tokenTypes == ["JWT"])
        #expect(rules.clockSkew == Seconds(30))
        #expect(rules.keysLifetime == Seconds(300))
        #expect(rules.renewableFor == Seconds(43_200))
        #expect(!rules.beyondTokenExpiry)
    }

    // MARK: - The answer

    struct Answered: Sendable, CustomTestStringConvertible {
        let query: String
        var sendsIssuer: Bool?
        let error: SignInError
        var testDescription: String { "\(query) \(sendsIssuer == true ? "where iss is always sent" : "")" }
    }

    static let issuer = "https%3A%2F%2Fidp.example"
    static let denied = ProviderError(code: "access_denied", detail: "No, thanks")

    static let answered = [
        Answered(query: "code=c", error: .foreignAnswer),
        Answered(query: "code=c&state=", error: .foreignAnswer),
        Answered(query: "code=c&state=x", error: .foreignAnswer),
        Answered(query: "code=c&state=\(state.dropLast())", error: .foreignAnswer),
        Answered(query: "code=c&state=\(state)A", error: .foreignAnswer),
        Answered(query: "code=c&state=\(state.dropLast())B", error: .foreignAnswer),
        Answered(query: "code=c&state=\(state.lowercased())", error: .foreignAnswer),
        Answered(query: "code=c&state=\(state.dropLast())%EF%BC%A1", error: .foreignAnswer),
        Answered(query: "error=access_denied", error: .foreignAnswer),
        // Another provider's word counts for nothing, whatever else it says.
        Answered(query: "code=c&iss=https://evil.example&state=x", error: .foreignAnswer),
        Answered(
            query: "code=c&iss=https://evil.example&state=\(state)",
            error: .answerIssuer(expected: "https://idp.example", found: "https://evil.example")),
        Answered(
            query: "code=c&iss=\(issuer)/&state=\(state)",
            error: .answerIssuer(expected: "https://idp.example", found: "https://idp.example/")),
        Answered(
            query: "code=c&iss=https://IDP.example&state=\(state)", sendsIssuer: true,
            error: .answerIssuer(expected: "https://idp.example", found: "https://IDP.example")),
        Answered(
            query: "code=c&state=\(state)", sendsIssuer: true,
            error: .answerIssuer(expected: "https://idp.example", found: nil)),
        Answered(
            query: "code=c&iss=&state=\(state)", sendsIssuer: true,
            error: .answerIssuer(expected: "https://idp.example", found: nil)),
        Answered(
            query: "error=access_denied&state=\(state)", sendsIssuer: true,
            error: .answerIssuer(expected: "https://idp.example", found: nil)),
        Answered(
            query: "error=access_denied&error_description=No,+thanks&state=\(state)",
            error: .refusedByPersonOrProvider(denied)),
        Answered(
            query: "error=access_denied&error_description=No,+thanks&state=\(state)&iss=\(issuer)", sendsIssuer: true,
            error: .refusedByPersonOrProvider(denied)),
        Answered(
            query: "error=login_required&state=\(state)", error: .interactionNeeded(.init(code: "login_required"))),
        Answered(
            query: "error=interaction_required&state=\(state)",
            error: .interactionNeeded(.init(code: "interaction_required"))),
        Answered(
            query: "error=consent_required&state=\(state)", error: .interactionNeeded(.init(code: "consent_required"))),
        Answered(
            query: "error=account_selection_required&state=\(state)",
            error: .interactionNeeded(.init(code: "account_selection_required"))),
        Answered(
            query: "error=temporarily_unavailable&state=\(state)",
            error: .authorizationRefused(.init(code: "temporarily_unavailable"))),
        Answered(
            query: "error=invalid_scope&state=\(state)", error: .authorizationRefused(.init(code: "invalid_scope"))),
        Answered(
            query: "error=unauthorized_client&state=\(state)&error_uri=https://idp.example/e",
            error: .authorizationRefused(.init(code: "unauthorized_client", uri: "https://idp.example/e"))),
        Answered(
            query: "error=Login_Required&state=\(state)", error: .authorizationRefused(.init(code: "Login_Required"))),
    ]

    @Test("an answer that gives no code is refused with its reason, state first", arguments: answered)
    func refuses(_ row: Answered) throws {
        let request = try Self.request(metadata: FakeProvider.metadata(sendsIssuer: row.sendsIssuer))
        let answer = try AuthorizationAnswer(query: row.query)
        #expect(throws: row.error) { try request.code(from: answer) }
        #expect(row.error.endsSignIn == (row.error != .foreignAnswer))
    }

    static let accepted: [(String, Bool?)] = [
        ("code=a%2Fb&state=\(state)", nil),
        ("state=\(state)&code=a/b&iss=\(issuer)", nil),
        ("state=\(state)&code=a/b&iss=\(issuer)", true),
        ("state=\(state)&code=a/b&session_state=x.y&scope=openid+email&hd=", false),
    ]

    @Test("the answer to this request gives its code", arguments: accepted)
    func accepts(_ query: String, _ sendsIssuer: Bool?) throws {
        let request = try Self.request(metadata: FakeProvider.metadata(sendsIssuer: sendsIssuer))
        #expect(try request.code(from: AuthorizationAnswer(query: query)) == "a/b")
    }

    @Test("no answer to a state that differs in one letter is taken")
    func everyLetter() throws {
        let request = try Self.request()
        for index in 0..<43 {
            var other = Array(Self.state.utf8)
            other[index] ^= 1
            let answer = try AuthorizationAnswer(query: "code=c&state=\(String(decoding: other, as: UTF8.self))")
            #expect(throws: SignInError.foreignAnswer) { try request.code(from: answer) }
        }
    }
}
