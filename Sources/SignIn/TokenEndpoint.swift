public import Discovery
public import Encodings
public import HTTP

/// What a token endpoint gave that is of use to us; the access token is left where it is.
public struct TokenAnswer: Sendable, Equatable {
    /// In JWT form, not verified; `nil` only where a refresh brought none.
    public let idToken: [UInt8]?
    /// For the next renewal, a secret; `nil` where the provider gave none: after a refresh, the one that was sent stays good.
    public let refreshToken: Text?

    /// An answer of these tokens.
    public init(idToken: [UInt8]?, refreshToken: Text?) {
        self.idToken = idToken
        self.refreshToken = refreshToken
    }
}

/// Where a provider exchanges codes and refresh tokens for tokens.
///
/// Whatever it answers, no error holds what it was sent.
///
/// Source: RFC 6749 §3.2, OpenID Connect Core 1.0 §3.1.3 and §12.
public struct TokenEndpoint: Sendable {
    private let registration: ClientRegistration
    private let metadata: ProviderMetadata
    private let client: HTTPClient

    /// The token endpoint of a provider; nothing is connected yet.
    /// - Parameters:
    ///   - registration: Which client asks.
    ///   - metadata: The provider's.
    ///   - client: What the requests are sent by.
    public init(registration: ClientRegistration, metadata: ProviderMetadata, client: HTTPClient) {
        self.registration = registration
        self.metadata = metadata
        self.client = client
    }

    /// Exchanges a code, which is used up by it, for tokens.
    /// - Parameters:
    ///   - code: What came of `request`.
    ///   - request: What the provider was asked in the browser.
    /// - Returns: The tokens; the ID token is there.
    /// - Throws: `SignInError.unreachable`, `tokenAnswer`, `clientRejected`, `tokenRefused`.
    public func exchange(code: String, request: AuthorizationRequest) async throws(SignInError) -> TokenAnswer {
        let form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", request.redirectURI.string),
            ("code_verifier", request.verifier.string),
        ]
        do throws(Refusal) {
            let answer = try TokenAnswer(try await send(form, secrets: [Text(code), request.verifier]))
            guard answer.idToken != nil else { throw .defect(.idTokenMissing) }
            return answer
        } catch {
            throw error.atExchange(hasSecret: registration.clientSecret != nil)
        }
    }

    /// Exchanges a refresh token, which may be used up by it, for newer tokens.
    /// - Parameter token: What the last exchange gave.
    /// - Returns: The tokens; without an ID token only a new sign-in renews.
    /// - Throws: `SignInError.refreshRejected`, after which only a new sign-in helps; `unreachable`, `tokenAnswer`,
    ///   `clientRejected`, `tokenRefused`.
    public func refresh(_ token: Text) async throws(SignInError) -> TokenAnswer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.string)]
        do throws(Refusal) {
            return try TokenAnswer(try await send(form, secrets: [token]))
        } catch {
            throw error.atRefresh(hasSecret: registration.clientSecret != nil)
        }
    }

    /// Sends `form` with the client's own name to it, and takes the answer apart.
    private func send(_ form: [(String, String)], secrets: [Text]) async throws(Refusal) -> JSON.Object {
        var form = form
        var headers = ["Accept": "application/json"]
        var secrets = secrets
        let clientID = registration.clientID
        if let secret = registration.clientSecret {
            secrets.append(secret)
            if metadata.tokenEndpointAuthMethods?.contains("client_secret_basic") ?? true {
                let credentials = Base64.standard.encode(Array("\(formEncoded(clientID)):\(formEncoded(secret))".utf8))
                headers["Authorization"] = "Basic \(credentials)"
                secrets.append(Text(credentials))
            } else {
                form += [("client_id", clientID.string), ("client_secret", secret.string)]
            }
        } else {
            form.append(("client_id", clientID.string))
        }

        let redaction = Redaction(of: secrets)
        let request = HTTPRequest.post(metadata.tokenEndpoint, form: form, headers: headers)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request)
        } catch {
            throw Refusal(error, without: redaction)
        }
        return try response.tokenAnswer(without: redaction)
    }
}

// MARK: - Answers

extension TokenAnswer {
    fileprivate init(_ object: JSON.Object) throws(Refusal) {
        idToken = try TokenAnswer.member("id_token", of: object).map { (text) throws(Refusal) in
            let token = Array(text.utf8)
            let segments = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            // RFC 7516 §7.1: five segments are an encrypted token.
            guard segments.count != 5 else { throw .defect(.idTokenEncrypted) }
            guard segments.count == 3, segments.allSatisfy({ Base64.url.decode($0)?.isEmpty == false }) else {
                throw .defect(.member("id_token"))
            }
            return token
        }
        refreshToken = try TokenAnswer.member("refresh_token", of: object)
        // RFC 6749 Appendix A.17.
        guard refreshToken?.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) ?? true else {
            throw .defect(.member("refresh_token"))
        }
    }

    /// A token, `nil` where it is missing, null or empty, as providers have it that give none.
    private static func member(_ name: String, of object: JSON.Object) throws(Refusal) -> Text? {
        guard let value = object[Text(name)], value != .null, value != .string("") else { return nil }
        guard let text = value.text else { throw .defect(.member(name)) }
        return text
    }
}

extension HTTPResponse {
    /// The members of a token endpoint's answer, whatever it says that its type is.
    fileprivate func tokenAnswer(without redaction: Redaction) throws(Refusal) -> JSON.Object {
        guard !body.isEmpty else { throw .defect(.empty(status: status)) }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: body)
        } catch {
            let isMarkup = body.first { $0 > 0x20 } == UInt8(ascii: "<")
            if isMarkup || mediaType == "text/html" { throw .defect(.html(status: status)) }
            throw .defect(.notJSON(redaction.redacted(error), status: status))
        }
        guard let object = value.object else { throw .defect(.notAnObject(status: status)) }
        if let code = object["error"]?.text, !code.isEmpty {
            throw .provider(
                ProviderError(
                    code: redaction.redacted(code), detail: object["error_description"]?.text.map(redaction.redacted),
                    uri: object["error_uri"]?.text.map(redaction.redacted)))
        }
        guard isSuccess else { throw .defect(.noErrorCode(status: status)) }
        return object
    }
}

/// Why a token endpoint gave nothing, before it is known what that means for what was asked.
private enum Refusal: Error {
    case http(HTTPError)
    case defect(TokenAnswerDefect)
    case provider(ProviderError)

    /// What a server says in a failure of HTTP is what it says in an answer: it may be what it was sent.
    init(_ error: HTTPError, without redaction: Redaction) {
        switch error.failure {
        case .redirectRefused(let target, _):
            let shown = target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
            self = .defect(.redirect(to: redaction.redacted(Text(String(Substring(shown))))))
        case .encoded(let encoding): self = .defect(.encoded(redaction.redacted(encoding)))
        case .couldNotResolve, .couldNotConnect, .timedOut, .certificate, .tls, .caFile, .proxy, .closedEarly, .notHTTP,
            .tooLarge, .headerTooLarge, .headerMalformed, .libcurlMissing, .cancelled, .other:
            // libcurl's own words may quote a field of the answer.
            let words = Text(error.description)
            self = redaction.redacted(words) == words ? .http(error) : .defect(.withheld)
        }
    }

    func atExchange(hasSecret: Bool) -> SignInError {
        switch self {
        case .http(let error): .unreachable(error)
        case .defect(let defect): .tokenAnswer(defect)
        case .provider(let error) where error.known == .invalidClient: .clientRejected(error, hasSecret: hasSecret)
        case .provider(let error): .tokenRefused(error)
        }
    }

    func atRefresh(hasSecret: Bool) -> SignInError {
        guard case .provider(let error) = self else { return atExchange(hasSecret: hasSecret) }
        switch error.known {
        // The last four are Microsoft's way to say that the person must come by.
        case .invalidGrant, .interactionRequired, .loginRequired, .accountSelectionRequired, .consentRequired:
            return .refreshRejected(error)
        case .accessDenied, .invalidRequest, .unauthorizedClient, .unsupportedResponseType, .invalidScope, .serverError,
            .temporarilyUnavailable, .invalidClient, .unsupportedGrantType, .redirectURIMismatch, .invalidRedirectURI,
            nil:
            return atExchange(hasSecret: hasSecret)
        }
    }
}

/// Why what a token endpoint answered is of no use; nothing that it was sent is in it.
public enum TokenAnswerDefect: Error, Equatable, Sendable {
    case empty(status: Int)
    case html(status: Int)
    case notJSON(JSONError, status: Int)
    case notAnObject(status: Int)
    /// A status that says failure, and JSON that does not say which.
    case noErrorCode(status: Int)
    /// Not followed: a code goes to nobody else.
    case redirect(to: Text)
    case encoded(Text)
    /// Not HTTP as it should be, and a repetition of what it was sent.
    case withheld
    /// Of the wrong type or form.
    case member(String)
    case idTokenMissing
    case idTokenEncrypted
}

extension TokenAnswerDefect: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .empty(let status): "JSON expected, nothing found (status \(status))"
        case .html(let status): "JSON expected, an HTML page found (status \(status))"
        case .notJSON(let error, let status): "JSON expected (status \(status)): \(error)"
        case .notAnObject(let status): "a JSON object expected, other JSON found (status \(status))"
        case .noErrorCode(let status): "status \(status), without an error code"
        case .redirect(let target): "a redirect to \(quoted(target)), which a code or token is not sent to"
        case .encoded(let encoding): "encoded as \(quoted(encoding)), which was not asked for"
        case .withheld: "no answer of HTTP's; not shown, since it repeats what was sent"
        case .member(let name): "\(name) is not of the form of one"
        case .idTokenMissing: "no id_token in it"
        case .idTokenEncrypted: "the ID token is encrypted"
        }
    }

    /// What to do about it.
    public var advice: String {
        switch self {
        case .empty(let status), .html(let status), .notJSON(_, let status), .notAnObject(let status),
            .noErrorCode(let status):
            TokenAnswerDefect.advice(status: status)
        case .redirect: "Tell whoever runs the provider that its discovery document names the wrong token endpoint."
        case .encoded: "Tell whoever runs the provider that it ignores Accept-Encoding."
        case .withheld: "Tell whoever runs the provider that its token endpoint does not speak HTTP as it should."
        case .member: "Tell whoever runs the provider: OpenID Connect Core 1.0, 3.1.3.3, says what is to be answered."
        case .idTokenMissing:
            "Is the scope openid granted? Allow it for this client at the provider, and see that it speaks OpenID "
                + "Connect, not OAuth 2.0 alone."
        case .idTokenEncrypted: "Turn off the encryption of ID tokens for this client at the provider: hosts read them."
        }
    }

    private static func advice(status: Int) -> String {
        switch status {
        case 401, 403: "Check client_id and client_secret in config.toml; then ask whoever runs the provider."
        case 404, 405: "Tell whoever runs the provider that its discovery document names the wrong token endpoint."
        case 429: "Wait a few minutes: the provider limits how often it is asked."
        case 500...599: "Try again in a while; if it persists, tell whoever runs the provider."
        default: "Sign in again; if it persists, ask whoever runs the provider, whose log says more."
        }
    }
}

extension Redaction {
    fileprivate func redacted(_ error: JSONError) -> JSONError {
        switch error {
        case .duplicateMember(let name, let offset): .duplicateMember(redacted(name), at: offset)
        case .unexpected, .tooDeep, .numberOutOfRange, .notUTF8, .loneSurrogate, .trailing: error
        }
    }
}
