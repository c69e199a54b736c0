public import Encodings

/// Who a verified token says is there, as the membership file asks for it.
public struct Identity: Sendable {
    /// The provider's name in pair.toml.
    public let providerName: String
    /// The token's `iss`.
    public let issuer: Text
    /// The token's `sub`; never empty.
    public let subject: Text
    /// The token's `email`, where that is a string.
    public let email: Text?
    /// Whether the token's `email_verified` is the JSON value `true`; the string "true" is not.
    public let isEmailVerified: Bool
    /// Everything that the token claims.
    public let claims: JSON.Object
    /// The name of the claim with the groups, as pair.toml has it.
    public let groupsClaim: Text

    /// The identity with `subject` at a provider; the caller guarantees that the token was verified.
    public init(
        providerName: String, issuer: Text, subject: Text, email: Text?, isEmailVerified: Bool, claims: JSON.Object,
        groupsClaim: Text
    ) {
        self.providerName = providerName
        self.issuer = issuer
        self.subject = subject
        self.email = email
        self.isEmailVerified = isEmailVerified
        self.claims = claims
        self.groupsClaim = groupsClaim
    }
}

extension Identity {
    /// The groups, `nil` where the claim is absent or of another shape; one string is one group, never split.
    var groups: [Text]? { strings(of: groupsClaim) }

    /// The strings that a claim holds: its own text or the elements of an array of strings, `nil` for any other shape.
    func strings(of claim: Text) -> [Text]? {
        switch claims[claim] {
        case .string(let text): return [text]
        case .array(let elements):
            let strings = elements.compactMap { $0.text }
            return strings.count == elements.count ? strings : nil
        default: return nil
        }
    }

    /// The e-mail's two sides of its last `@`, lower-cased in ASCII; `nil` where there is no e-mail or it has no two sides.
    var emailParts: (local: Text, domain: Text)? {
        guard let email = email?.asciiLowercased, let at = email.utf8.lastIndex(of: UInt8(ascii: "@")) else {
            return nil
        }
        let (local, domain) = email.split(at: at)
        return local.isEmpty || domain.isEmpty ? nil : (local, domain)
    }
}

/// The IDENTITY column: whom a line is about.
public enum IdentityPattern: Sendable, Hashable {
    /// Lower-cased in ASCII, as are domains.
    case email(Text)
    case domain(Text)
    case subject(Text)
    case group(Text)
    case claim(Text, value: Text)

    /// The pattern that `text` is, `nil` where it is none.
    public init?(_ text: Text) {
        if let subject = text.dropping("sub:") {
            guard !subject.isEmpty else { return nil }
            self = .subject(subject)
        } else if let group = text.dropping("group:") {
            guard !group.isEmpty else { return nil }
            self = .group(group)
        } else if let claim = text.dropping("claim:") {
            guard let sign = claim.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let (name, value) = claim.split(at: sign)
            guard isPlainClaim(name), !value.isEmpty else { return nil }
            self = .claim(name, value: value)
        } else {
            // A colon or a second star would be a slip of the pen (`subject:…`, `*@*.example.com`): as an e-mail it
            // would match nobody, and a deny would be void without a word.
            let email = text.asciiLowercased
            guard let at = email.utf8.firstIndex(of: UInt8(ascii: "@")) else { return nil }
            let (local, domain) = email.split(at: at)
            guard !local.isEmpty, !domain.isEmpty else { return nil }
            guard !(Array(local.utf8) + domain.utf8).contains(where: { ":@, \"".utf8.contains($0) }) else { return nil }
            guard !domain.utf8.contains(UInt8(ascii: "*")) else { return nil }
            guard local == "*" || !local.utf8.contains(UInt8(ascii: "*")) else { return nil }
            self = local == "*" ? .domain(domain) : .email(email)
        }
    }

    /// As the IDENTITY column has it, without quotes.
    public var text: Text {
        switch self {
        case .email(let email): email
        case .domain(let domain): Text("*@" + domain.string)
        case .subject(let subject): Text("sub:" + subject.string)
        case .group(let group): Text("group:" + group.string)
        case .claim(let name, let value): Text("claim:" + name.string + "=" + value.string)
        }
    }

    /// Whether it is about an e-mail.
    public var isEmail: Bool {
        switch self {
        case .email, .domain: true
        case .subject, .group, .claim: false
        }
    }
}

/// Whether a claim may be compared by itself: an e-mail counts only together with `email_verified`.
func isPlainClaim(_ name: Text) -> Bool { !name.isEmpty && name != "email" }

// MARK: - Matching

extension Provider {
    /// Where the domain of an address proves nothing: anybody may have a verified address of any domain there.
    public static let google: Text = "https://accounts.google.com"
}

extension Identity {
    /// How an identity stands to an allowing line.
    enum Match {
        case holds
        case fails
        /// It would hold if the provider had verified the e-mail.
        case emailNotVerified
        /// It would hold if the account were one of the domain's own.
        case notHostedDomain
    }

    /// Whether an allowing line with `pattern` means this identity.
    func matches(_ pattern: IdentityPattern) -> Match {
        switch pattern {
        case .subject(let subject): return subject == self.subject ? .holds : .fails
        case .group(let group): return groups?.contains(group) == true ? .holds : .fails
        case .claim(let name, let value): return strings(of: name)?.contains(value) == true ? .holds : .fails
        case .email(let wanted):
            guard emailParts != nil, email?.asciiLowercased == wanted else { return .fails }
            return isEmailVerified ? .holds : .emailNotVerified
        case .domain(let wanted):
            guard emailParts?.domain == wanted else { return .fails }
            guard isEmailVerified else { return .emailNotVerified }
            guard issuer != Provider.google || claims["hd"]?.text?.asciiLowercased == wanted else {
                return .notHostedDomain
            }
            return .holds
        }
    }

    /// How an identity stands to a line that refuses.
    enum Denial {
        case holds
        case fails
        /// The token lacks what the line asks about, or has it in another shape.
        case undecidable
    }

    /// Whether a refusing line with `pattern` means this identity; an e-mail counts verified or not.
    func isDenied(by pattern: IdentityPattern) -> Denial {
        let holds: Bool?
        switch pattern {
        case .subject(let subject): holds = subject == self.subject
        case .group(let group): holds = groups?.contains(group)
        case .claim(let name, let value): holds = strings(of: name)?.contains(value)
        case .email(let wanted): holds = emailParts.map { _ in email?.asciiLowercased == wanted }
        case .domain(let wanted): holds = emailParts.map { $0.domain == wanted }
        }
        guard let holds else { return .undecidable }
        return holds ? .holds : .fails
    }
}
