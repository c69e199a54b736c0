public import Encodings

/// What a provider sends the browser back with, decoded; whose answer it is shows only beside a request.
///
/// Source: RFC 6749 §4.1.2, RFC 9207 §2.
public struct AuthorizationAnswer: Sendable, Equatable {
    /// A code, or why there is none.
    public enum Outcome: Sendable, Equatable {
        /// A secret, of printable ASCII.
        case code(String)
        case error(ProviderError)
    }

    /// A code, or why there is none.
    public let outcome: Outcome
    /// What the request had, `nil` where absent.
    public let state: Text?
    /// `iss`: who says so, `nil` where absent.
    public let issuer: Text?

    /// The answer in a query.
    /// - Parameter query: What stands behind the `?` of the address, encoded.
    /// - Throws: `SignInError.answer`, after which the provider's answer may still come.
    public init(query: String) throws(SignInError) {
        let fields: FormFields
        do throws(FormDefect) {
            fields = try FormFields(decoding: query)
        } catch {
            throw .answer(.form(error))
        }
        switch (fields["code"], fields["error"]) {
        case (let code?, nil):
            // RFC 6749 Appendix A.11.
            guard code.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .answer(.code) }
            outcome = .code(code.string)
        case (nil, let error?):
            outcome = .error(
                ProviderError(code: error, detail: fields["error_description"], uri: fields["error_uri"]))
        case (.some, .some): throw .answer(.codeAndError)
        case (nil, nil): throw .answer(.neither)
        }
        state = fields["state"]
        issuer = fields["iss"]
    }

    /// The answer in what a person copied out of the browser's address bar.
    /// - Parameter pasted: A whole address or its query alone, with white space and quotes around it or not.
    /// - Throws: `SignInError.answer`, after which the person may try again; nothing of `pasted` is quoted.
    public init(pasted: String) throws(SignInError) {
        let text = Array(pasted.utf8).trimming { $0 <= 0x20 || $0 == 0x7F || "\"'<>".utf8.contains($0) }
        guard !text.isEmpty else { throw .answer(.pastedNothing) }
        // What stands behind # a server never sees, and some providers put a stray one there.
        let address = text.prefix { $0 != UInt8(ascii: "#") }
        let beforeQuery = address.prefix { $0 != UInt8(ascii: "?") }
        let isAddress = ["https:", "http:"].contains { scheme in
            Text(String(decoding: text.prefix(scheme.utf8.count), as: UTF8.self)).asciiLowercased == Text(scheme)
        }
        // A question mark may stand in a query too.
        let isQuery = !isAddress && beforeQuery.contains(UInt8(ascii: "="))
        guard isQuery || beforeQuery.endIndex < address.endIndex else {
            throw .answer(isAddress ? .pastedWithoutAnswer : .pastedNoAddress)
        }
        let query = String(decoding: isQuery ? address : address[beforeQuery.endIndex...].dropFirst(), as: UTF8.self)
        do throws(SignInError) {
            self = try AuthorizationAnswer(query: query)
        } catch .answer(.neither) {
            let fields = try? FormFields(decoding: query)
            throw .answer(fields?["response_type"] == nil ? .pastedWithoutAnswer : .pastedRequest)
        }
    }
}

/// Why something that came to the redirect URI, or that a person pasted, is no answer of a provider.
public enum AnswerDefect: Error, Equatable, Sendable {
    case form(FormDefect)
    /// A code outside printable ASCII.
    case code
    case codeAndError
    case neither
    case pastedNothing
    /// Some text that holds no parameters.
    case pastedNoAddress
    /// An address without code and error: of the provider's page, as a rule.
    case pastedWithoutAnswer
    /// The very address that was to be opened in a browser.
    case pastedRequest
}

extension AnswerDefect: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .form(let defect): "\(defect)"
        case .code: "a code with a character outside printable ASCII"
        case .codeAndError: "both a code and an error"
        case .neither: "neither a code nor an error"
        case .pastedNothing: "nothing was pasted"
        case .pastedNoAddress: "what was pasted is no address"
        case .pastedWithoutAnswer: "the address that was pasted holds neither a code nor an error"
        case .pastedRequest: "the address that was pasted is the one to open in a browser"
        }
    }

    /// What to do about it.
    public var advice: String {
        switch self {
        case .form, .code, .codeAndError, .neither:
            "Finish signing in on the provider's page; what came is not from there, or was cut or altered on the way."
        case .pastedNothing, .pastedNoAddress, .pastedWithoutAnswer:
            "Finish signing in; once the browser says that it cannot reach 127.0.0.1 or localhost, copy the whole "
                + "address from its address bar: it has code= in it."
        case .pastedRequest:
            "Open that address in a browser and sign in there; then paste the address that the browser ends up at."
        }
    }
}

/// What a provider says instead of giving a code or tokens, in its own words.
///
/// Source: RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core 1.0 §3.1.2.6.
public struct ProviderError: Error, Equatable, Sendable {
    /// `error`: one of `Known` as a rule.
    public let code: Text
    /// `error_description`: for people, `nil` where absent.
    public let detail: Text?
    /// `error_uri`: a page about it, `nil` where absent; not for opening unseen.
    public let uri: Text?

    /// An error of these words.
    public init(code: Text, detail: Text? = nil, uri: Text? = nil) {
        self.code = code
        self.detail = detail
        self.uri = uri
    }

    /// The codes that say what to do.
    public enum Known: String, Sendable, CaseIterable {
        case accessDenied = "access_denied"
        case invalidRequest = "invalid_request"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedResponseType = "unsupported_response_type"
        case invalidScope = "invalid_scope"
        case serverError = "server_error"
        case temporarilyUnavailable = "temporarily_unavailable"
        case interactionRequired = "interaction_required"
        case loginRequired = "login_required"
        case accountSelectionRequired = "account_selection_required"
        case consentRequired = "consent_required"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case unsupportedGrantType = "unsupported_grant_type"
        /// Google's, where others say `invalid_grant` or `invalid_request`.
        case redirectURIMismatch = "redirect_uri_mismatch"
        /// RFC 7591's.
        case invalidRedirectURI = "invalid_redirect_uri"
    }

    /// Which of the known codes it is, `nil` for any other.
    public var known: Known? { code.ascii.flatMap(Known.init(rawValue:)) }

    /// Whether it is the redirect URI that the provider does not like, by its code or its words.
    var isAboutRedirectURI: Bool {
        if known == .redirectURIMismatch || known == .invalidRedirectURI { return true }
        guard let words = detail?.asciiLowercased.utf8 else { return false }
        return ["redirect_uri", "redirect uri", "redirect url"].contains { Array(words).contains(Array($0.utf8)) }
    }
}

extension ProviderError: CustomStringConvertible {
    /// Code and words, quoted.
    public var description: String {
        quoted(code, limit: 80) + (detail.map { ": \(quoted($0, limit: 300))" } ?? "")
            + (uri.map { " (see \(quoted($0, limit: 200)))" } ?? "")
    }

    /// What to do about it.
    public var advice: String {
        if isAboutRedirectURI {
            return "Register the redirect URI for this client at the provider (http://127.0.0.1/callback, any port), "
                + "or set redirect_uris in config.toml to one that is registered."
        }
        return switch known {
        case .accessDenied:
            "Sign in again and agree to it; if you did, whoever runs the provider must let you use this client."
        case .interactionRequired, .loginRequired, .accountSelectionRequired, .consentRequired:
            "Sign in on the provider's page: pair keys create."
        case .invalidRequest:
            "Compare client_id, scopes and parameters in config.toml with what the provider documents."
        case .unauthorizedClient, .unsupportedResponseType, .unsupportedGrantType:
            "Allow this client the authorization code flow and refresh tokens at the provider: a native, public client."
        case .invalidScope:
            "Set scopes in config.toml to what this client may ask the provider for; openid is always among it."
        case .serverError, .temporarilyUnavailable:
            "Try again in a while; if it persists, tell whoever runs the provider."
        case .invalidClient:
            "Check client_id in config.toml, and that the client is registered at this provider."
        case .invalidGrant:
            "Sign in again: the provider no longer takes what it gave, or holds it for another client's."
        case .redirectURIMismatch, .invalidRedirectURI, nil:
            "Look the code up in the provider's documentation, or ask whoever runs it."
        }
    }
}

extension [UInt8] {
    /// Without the bytes at either end that `isOutside` is true for.
    fileprivate func trimming(_ isOutside: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        var bytes = drop(while: isOutside)
        while let last = bytes.last, isOutside(last) { bytes.removeLast() }
        return bytes
    }
}
