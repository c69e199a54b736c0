import Encodings
import HTTP
import SignIn
import Testing

@Suite(.tokenServer) struct TokenEndpointTests {
    /// Of RFC 6749 §4.1.3, made longer; with what must be encoded.
    static let code = "SplxlOBeZQQYbYS6WxSbIA/+=& ~"
    static let refreshToken: Text = "tGzv3JOkF0XG5Qx2TlKWIA/+="
    static let secret: Text = "7Fjfp0ZBr1KtDRbnfVdmIw %&+\u{E9}"
    static let idToken = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"

    static func exchange(
        _ provider: FakeProvider, clientID: Text = "client 1", secret: Text? = nil, timeout: Int64 = 20
    ) async throws -> Result<TokenAnswer, SignInError> {
        let registration = FakeProvider.registration(clientID: clientID, secret: secret)
        let request = try AuthorizationRequestTests.request(registration: registration, metadata: provider.metadata)
        let endpoint = TokenEndpoint(
            registration: registration, metadata: provider.metadata, client: TokenServer.client(timeout: timeout))
        do throws(SignInError) {
            return .success(try await endpoint.exchange(code: code, request: request))
        } catch {
            return .failure(error)
        }
    }

    static func refresh(_ provider: FakeProvider, secret: Text? = nil) async throws -> Result<TokenAnswer, SignInError>
    {
        let registration = FakeProvider.registration(secret: secret)
        let endpoint = TokenEndpoint(
            registration: registration, metadata: provider.metadata, client: TokenServer.client())
        do throws(SignInError) {
            return .success(try await endpoint.refresh(refreshToken))
        } catch {
            return .failure(error)
        }
    }

    static let good =
        "{\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\",\"token_type\":\"Bearer\",\"id_token\":\"\(idToken)\"}"

    // MARK: - What is sent

    static let exchangeForm =
        "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA%2F%2B%3D%26%20~"
        + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback"
        + "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let refreshForm = "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA%2F%2B%3D"

    static func received(_ form: String, authorization: String? = nil) -> TokenServer.Received {
        let fields = [
            "User-Agent: pair/test", "Accept: application/json", "Accept-Encoding: identity",
            "Content-Length: \(form.utf8.count)", "Content-Type: application/x-www-form-urlencoded",
        ]
        return TokenServer.Received(
            fields: (fields + (authorization.map { ["Authorization: \($0)"] } ?? [])).sorted(), body: form)
    }

    @Test("a public client says who it is in the form")
    func publicClient() async throws {
        let provider = try await FakeProvider(Answer(200, Self.good), authMethods: ["client_secret_basic"])
        let answer = try await Self.exchange(provider).get()
        #expect(answer == TokenAnswer(idToken: Array(Self.idToken.utf8), refreshToken: nil))
        #expect(
            try await TokenServer.current.received(provider.id)
                == [Self.received(Self.exchangeForm + "&client_id=client%201")])
        _ = try await Self.refresh(provider).get()
        #expect(
            try await TokenServer.current.received(provider.id).last
                == Self.received(Self.refreshForm + "&client_id=client%201"))
    }

    // printf %s 'client+1:7Fjfp0ZBr1KtDRbnfVdmIw+%25%26%2B%C3%A9' | base64 -w0
    static let basic = "Basic Y2xpZW50KzE6N0ZqZnAwWkJyMUt0RFJibmZWZG1JdyslMjUlMjYlMkIlQzMlQTk="

    @Test(
        "a client with a secret sends both encoded by HTTP's Basic scheme, where the provider does not rule it out",
        arguments: [nil, ["client_secret_basic"], ["client_secret_post", "client_secret_basic"]])
    func basicClient(_ methods: [String]?) async throws {
        let provider = try await FakeProvider(Answer(200, Self.good), authMethods: methods)
        _ = try await Self.exchange(provider, secret: Self.secret).get()
        _ = try await Self.refresh(provider, secret: Self.secret).get()
        #expect(
            try await TokenServer.current.received(provider.id)
                == [
                    Self.received(Self.exchangeForm, authorization: Self.basic),
                    Self.received(Self.refreshForm, authorization: Self.basic),
                ])
    }

    @Test(
        "a client with a secret sends it in the form where the provider takes no other way",
        arguments: [["client_secret_post"], ["none"], []])
    func postClient(_ methods: [String]) async throws {
        let provider = try await FakeProvider(Answer(200, Self.good), authMethods: methods)
        _ = try await Self.exchange(provider, secret: Self.secret).get()
        _ = try await Self.refresh(provider, secret: Self.secret).get()
        let client = "&client_id=client%201&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw%20%25%26%2B%C3%A9"
        #expect(
            try await TokenServer.current.received(provider.id)
                == [Self.received(Self.exchangeForm + client), Self.received(Self.refreshForm + client)])
    }

    // MARK: - What is answered

    struct Taken: Sendable, CustomTestStringConvertible {
        let body: String
        var type = "application/json"
        var hasIDToken = true
        var refreshToken: Text?
        var testDescription: String { "\(type): \(body)" }
    }

    static let taken = [
        Taken(body: "{\"id_token\":\"\(idToken)\"}"),
        Taken(body: " {\"id_token\":\"\(idToken)\"}\r\n", type: "text/html; charset=utf-8"),
        Taken(body: "{\"id_token\":\"\(idToken)\"}", type: "application/octet-stream"),
        Taken(body: "{\"id_token\":\"\(idToken)\",\"refresh_token\":\"r / \\u0041\"}", refreshToken: "r / A"),
        Taken(body: "{\"id_token\":\"\(idToken)\",\"refresh_token\":null,\"error\":null,\"expires_in\":\"3600\"}"),
        Taken(body: "{\"id_token\":\"\(idToken)\",\"refresh_token\":\"\",\"error\":\"\",\"scope\":[]}"),
        // Less than these a refresh may bring, an exchange may not.
        Taken(body: "{\"access_token\":\"a\",\"refresh_token\":\"r\"}", hasIDToken: false, refreshToken: "r"),
        Taken(body: "{\"access_token\":\"a\",\"id_token\":null}", hasIDToken: false),
        Taken(body: "{\"access_token\":\"a\",\"id_token\":\"\"}", hasIDToken: false),
        Taken(body: "{}", hasIDToken: false),
    ]

    @Test("ID token and refresh token are taken out of JSON, whatever it is called", arguments: taken)
    func takes(_ row: Taken) async throws {
        let answer = Answer(200, row.body, type: row.type)
        let expected = TokenAnswer(
            idToken: row.hasIDToken ? Array(Self.idToken.utf8) : nil, refreshToken: row.refreshToken)
        #expect(try await Self.refresh(FakeProvider(answer)) == .success(expected))
        #expect(
            try await Self.exchange(FakeProvider(answer))
                == (row.hasIDToken ? .success(expected) : .failure(.tokenAnswer(.idTokenMissing))))
    }

    struct Useless: Sendable, CustomTestStringConvertible {
        let answer: Answer
        let defect: TokenAnswerDefect
        var testDescription: String { quoted(answer.raw ?? [], limit: 300) }
    }

    static let useless = [
        Useless(answer: Answer(200, ""), defect: .empty(status: 200)),
        Useless(answer: Answer(204, ""), defect: .empty(status: 204)),
        Useless(answer: Answer(400, ""), defect: .empty(status: 400)),
        Useless(answer: Answer(401, "", type: "text/html"), defect: .empty(status: 401)),
        Useless(answer: Answer(500, ""), defect: .empty(status: 500)),
        Useless(answer: Answer(raw: "HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n"), defect: .empty(status: 302)),
        Useless(answer: Answer(200, "<html>Log in</html>", type: "text/html"), defect: .html(status: 200)),
        Useless(answer: Answer(502, "\r\n <h1>Bad gateway</h1>", type: "x"), defect: .html(status: 502)),
        Useless(answer: Answer(404, "Not found", type: "Text/HTML;x"), defect: .html(status: 404)),
        Useless(answer: Answer(400, "No.", type: "text/plain"), defect: .notJSON(.unexpected(at: 0), status: 400)),
        Useless(
            answer: Answer(200, good.dropLast().utf8),
            defect: .notJSON(.unexpected(at: good.utf8.count - 1), status: 200)),
        Useless(answer: Answer(200, good + "x"), defect: .notJSON(.trailing(at: good.utf8.count), status: 200)),
        Useless(
            answer: Answer(200, [0xEF, 0xBB, 0xBF] + good.utf8), defect: .notJSON(.unexpected(at: 0), status: 200)),
        Useless(
            answer: Answer(200, "{\"id_token\":\"a\",\"id_token\":\"b\"}"),
            defect: .notJSON(.duplicateMember("id_token", at: 16), status: 200)),
        Useless(answer: Answer(200, "access_token=a&id_token=b"), defect: .notJSON(.unexpected(at: 0), status: 200)),
        Useless(answer: Answer(200, "[]"), defect: .notAnObject(status: 200)),
        Useless(answer: Answer(400, "\"invalid_grant\""), defect: .notAnObject(status: 400)),
        Useless(answer: Answer(400, "{}"), defect: .noErrorCode(status: 400)),
        Useless(answer: Answer(429, "{\"message\":\"Too many\"}"), defect: .noErrorCode(status: 429)),
        Useless(answer: Answer(400, "{\"error\":{\"code\":\"x\"}}"), defect: .noErrorCode(status: 400)),
        Useless(answer: Answer(400, "{\"error\":\"\"}"), defect: .noErrorCode(status: 400)),
        Useless(answer: Answer(500, good), defect: .noErrorCode(status: 500)),
        Useless(answer: Answer(200, "{\"id_token\":1}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":{}}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"x\"}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"a.b\"}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"AA.AA.\"}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"AA.AA.A\"}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"AA.AA.AB\"}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"AA.AA.A+==\"}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"AA.AA.AA.AA\"}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"AA.AA.AA \"}"), defect: .member("id_token")),
        Useless(answer: Answer(200, "{\"id_token\":\"AA..AA.AA.AA\"}"), defect: .idTokenEncrypted),
        Useless(
            answer: Answer(200, "{\"id_token\":\"\(idToken)\",\"refresh_token\":1}"), defect: .member("refresh_token")),
        Useless(
            answer: Answer(200, "{\"id_token\":\"\(idToken)\",\"refresh_token\":\"\\u0000\"}"),
            defect: .member("refresh_token")),
        Useless(
            answer: Answer(
                raw: "HTTP/1.1 307 X\r\nLocation: https://evil.example/token?x\r\nContent-Length: 0\r\n\r\n"),
            defect: .redirect(to: "https://evil.example/token")),
        Useless(
            answer: Answer(raw: "HTTP/1.1 200 X\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"),
            defect: .encoded("br")),
    ]

    @Test("what is no answer of a token endpoint is refused with its reason", arguments: useless)
    func refuses(_ row: Useless) async throws {
        let provider = try await FakeProvider(row.answer)
        #expect(try await Self.exchange(provider) == .failure(.tokenAnswer(row.defect)))
        #expect(try await Self.refresh(provider) == .failure(.tokenAnswer(row.defect)))
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let status: Int
        let body: String
        let atExchange: SignInError
        let atRefresh: SignInError
        var testDescription: String { "\(status): \(body)" }

        init(_ status: Int, _ body: String, _ atExchange: SignInError, atRefresh: SignInError? = nil) {
            self.status = status
            self.body = body
            self.atExchange = atExchange
            self.atRefresh = atRefresh ?? atExchange
        }
    }

    static let grant = ProviderError(code: "invalid_grant")
    static let refused = [
        Refused(400, "{\"error\":\"invalid_grant\"}", .tokenRefused(grant), atRefresh: .refreshRejected(grant)),
        Refused(200, "{\"error\":\"invalid_grant\"}", .tokenRefused(grant), atRefresh: .refreshRejected(grant)),
        Refused(
            200, "{\"error\":\"invalid_grant\",\"id_token\":\"\(idToken)\"}", .tokenRefused(grant),
            atRefresh: .refreshRejected(grant)),
        Refused(
            401, "{\"error\":\"invalid_client\"}",
            .clientRejected(ProviderError(code: "invalid_client"), hasSecret: false)),
        Refused(
            400, "{\"error\":\"interaction_required\"}", .tokenRefused(.init(code: "interaction_required")),
            atRefresh: .refreshRejected(.init(code: "interaction_required"))),
        Refused(400, "{\"error\":\"invalid_scope\"}", .tokenRefused(.init(code: "invalid_scope"))),
        Refused(
            400, "{\"error\":\"e\",\"error_description\":\"No\\nthanks\",\"error_uri\":\"https://idp.example/e\"}",
            .tokenRefused(.init(code: "e", detail: "No\nthanks", uri: "https://idp.example/e"))),
        Refused(
            503, "{\"error\":\"temporarily_unavailable\",\"error_description\":7}",
            .tokenRefused(.init(code: "temporarily_unavailable"))),
    ]

    @Test("an error of the provider's is passed on, whatever the status", arguments: refused)
    func passesOn(_ row: Refused) async throws {
        let answer = Answer(row.status, row.body)
        #expect(try await Self.exchange(FakeProvider(answer)) == .failure(row.atExchange))
        #expect(try await Self.refresh(FakeProvider(answer)) == .failure(row.atRefresh))
    }

    @Test("a client whose secret is not taken is told so")
    func secretRejected() async throws {
        let provider = try await FakeProvider(Answer(401, "{\"error\":\"invalid_client\"}"))
        #expect(
            try await Self.exchange(provider, secret: Self.secret)
                == .failure(.clientRejected(ProviderError(code: "invalid_client"), hasSecret: true)))
    }

    // MARK: - No answer

    @Test("an endpoint that never answers ends at the client's time-out, and is asked once")
    func silent() async throws {
        let provider = try await FakeProvider(Answer(raw: nil))
        let failure = HTTPFailure.timedOut(.answering, after: Seconds(1))
        let answer = try await Self.exchange(provider, timeout: 1)
        guard case .failure(.unreachable(let error)) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(error.failure == failure)
        #expect(try await TokenServer.current.received(provider.id).count == 1)
    }

    static let brokenOff = ["", "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"id_token\":"]

    @Test("an answer that is not whole is none, and the code is not sent again", arguments: brokenOff)
    func cutShort(_ raw: String) async throws {
        let provider = try await FakeProvider(Answer(raw: raw))
        let answer = try await Self.exchange(provider)
        guard case .failure(.unreachable(let error)) = answer, case .closedEarly = error.failure else {
            Issue.record("\(answer)")
            return
        }
        #expect(try await TokenServer.current.received(provider.id).count == 1)
    }

    @Test("more than the client takes is left")
    func tooLarge() async throws {
        let provider = try await FakeProvider(Answer(200, String(repeating: " ", count: 20_001)))
        let answer = try await Self.exchange(provider)
        guard case .failure(.unreachable(let error)) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(error.failure == .tooLarge(limit: 20_000))
    }
}
