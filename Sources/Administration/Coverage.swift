public import Encodings
public import Policy

// What two lines say of each other, as far as that shows without anybody's token.

extension IdentityPattern {
    /// Whether everybody whom `other` means is meant by this too, where a domain is whatever stands behind the `@`.
    public func covers(_ other: IdentityPattern) -> Bool {
        if self == other { return true }
        guard case .domain(let domain) = self, case .email(let email) = other else { return false }
        return emailParts(email)?.domain == domain
    }

    /// Whether no more than one person is meant.
    var isOnePerson: Bool {
        switch self {
        case .email, .subject: true
        case .domain, .group, .claim: false
        }
    }

    /// Whether a deny of this pattern may refuse people whom `grant` means, without covering them all.
    ///
    /// By what else their tokens say, or by what they do not say: a deny that a token does not answer refuses.
    func mayRefuse(_ grant: IdentityPattern) -> Bool {
        switch (self, grant) {
        case (.subject, .subject): false
        // Such tokens have an e-mail, and it is another one, or its domain is.
        case (.email, .email), (.email, .domain), (.domain, .domain), (.domain, .email): false
        case (.subject, _), (.email, _), (.domain, _), (.group, _), (.claim, _): true
        }
    }
}

/// The two sides of an address's last `@`.
func emailParts(_ email: Text) -> (local: Text, domain: Text)? {
    guard let at = email.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
    return (
        Text(String(decoding: email.utf8[..<at], as: UTF8.self)),
        Text(String(decoding: email.utf8[email.utf8.index(after: at)...], as: UTF8.self))
    )
}

extension MembershipEntry {
    /// What it grants, `nil` for a deny.
    public var grant: (provider: Text, logins: [MembershipLine.Login], options: MembershipLine.Options)? {
        // PROVIDER * stands with deny alone.
        guard case .allow(let logins, let options) = line.rule, let provider = line.provider else { return nil }
        return (provider, logins, options)
    }

    /// Whether it refuses.
    public var isDeny: Bool { line.rule == .deny }

    /// Whether it is a grant that was over at `now`.
    public func isExpired(at now: UnixTime) -> Bool { grant?.options.until.map { $0 <= now } ?? false }

    /// Whether a deny refuses all whom `other` lets in.
    func denies(_ other: MembershipEntry) -> Bool {
        isDeny && (line.provider == nil || line.provider == other.line.provider)
            && line.identity.covers(other.line.identity)
    }

    /// Whether both say the same of the same people.
    func isSame(as other: MembershipEntry) -> Bool {
        guard space == other.space, line.identity == other.line.identity, line.provider == other.line.provider else {
            return false
        }
        guard let grant, let same = other.grant else { return isDeny && other.isDeny }
        return Set(grant.logins) == Set(same.logins) && grant.options == same.options
    }
}

/// What the host tells that a line does not.
struct GrantSurroundings {
    let configuration: Configuration
    let now: UnixTime
    /// The uids of logins, as far as they are known.
    let users: [String: UInt32]

    /// The logins of `later` that `earlier`, which stands in front of it, gives to all whom `later` means and for as long.
    func logins(of later: MembershipEntry, takenBy earlier: MembershipEntry) -> [MembershipLine.Login] {
        guard let mine = later.grant, let first = earlier.grant, first.provider == mine.provider,
            earlier.line.identity.covers(later.line.identity)
        else { return [] }
        guard first.options.requirements.allSatisfy({ mine.options.requirements.contains($0) }),
            first.options.unixGroup == nil || first.options.unixGroup == mine.options.unixGroup,
            !needsHostedDomain(earlier, later)
        else { return [] }
        // One that is over holds for no longer than any that is not.
        if let end = first.options.until {
            guard let mine = mine.options.until, mine <= end else { return [] }
        }
        return mine.logins.filter { gives($0, to: later.line.identity, first.logins) }
    }

    /// Whether `earlier` wants a claim of Google's that whom `later` means need not have.
    private func needsHostedDomain(_ earlier: MembershipEntry, _ later: MembershipEntry) -> Bool {
        guard case .domain(let domain) = earlier.line.identity, case .email = later.line.identity,
            isGoogle(later.line.provider)
        else { return false }
        return later.grant?.options.requirements.contains { $0.claim == "hd" && $0.value.asciiLowercased == domain }
            != true
    }

    func isGoogle(_ provider: Text?) -> Bool {
        configuration.providers.contains { Text($0.name) == provider && $0.issuer == Provider.google }
    }

    /// Whether `logins` hold `login` for whom `identity` means.
    private func gives(
        _ login: MembershipLine.Login, to identity: IdentityPattern, _ logins: [MembershipLine.Login]
    ) -> Bool {
        if logins.contains(login) { return true }
        guard case .email(let email) = identity, let local = emailParts(email)?.local else { return false }
        switch login {
        case .name(let name):
            guard name == local, logins.contains(.emailLocal), let uid = users[name.string] else { return false }
            return uid >= configuration.templateMinimumUID && uid != 65_534
        case .emailLocal: return logins.contains(.name(local))
        case .claim: return false
        }
    }
}

extension MembershipLine.Login {
    /// As LOGINS has it.
    public var text: Text {
        switch self {
        case .name(let name): name
        case .emailLocal: "{email-local}"
        case .claim(let name): Text("{claim:" + name.string + "}")
        }
    }
}
