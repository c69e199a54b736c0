public import Encodings
public import Policy
public import SSHKeys

/// One way to enter as a login, as far as the files tell without anybody's token.
public struct WayIn: Sendable, Hashable {
    /// Who has it.
    public enum Holder: Sendable, Hashable {
        case member(IdentityPattern, provider: Text)
        /// Whoever has a certificate of this CA.
        case authority(Fingerprint, account: String)
        case key(Fingerprint, account: String)
    }

    /// Who has it.
    public let holder: Holder
    /// A login, or a template that gives some.
    public let login: MembershipLine.Login

    /// Whether it may lead to `name`, where a template leads to all that are not root.
    func leads(to name: String) -> Bool {
        switch login {
        case .name(let login): login == Text(name)
        case .emailLocal, .claim: name != "root"
        }
    }
}

extension WayIn.Holder: CustomStringConvertible {
    /// For people.
    public var description: String {
        switch self {
        case .member(let pattern, let provider): "\(pattern.text.shown) (\(provider.shown))"
        case .authority(let fingerprint, let account): "certificates of \(account)'s CA \(fingerprint)"
        case .key(let fingerprint, let account): "\(account)'s key \(fingerprint)"
        }
    }
}

/// Everybody's ways into a Space.
public struct WaysIn: Sendable, Equatable {
    /// In the order of the files, none twice.
    public let all: [WayIn]

    /// What the files say at one moment.
    /// - Parameters:
    ///   - members: The lines that hold in the Space.
    ///   - accounts: All keys.
    ///   - revocations: Who and what is out.
    ///   - configuration: pair.toml.
    ///   - now: When grants are judged.
    public init(
        members: [MembershipEntry], accounts: [AccountKey], revocations: Revocations, configuration: Configuration,
        now: UnixTime
    ) {
        var all: [WayIn] = []
        let denies = Denies(members)
        for entry in members {
            guard let grant = entry.grant, !entry.isExpired(at: now), denies.line(refusing: entry) == nil,
                grant.options.unixGroup == nil || configuration.asksForUnixGroups,
                revocations.line(revoking: entry.line.identity, at: grant.provider, configuration) == nil
            else { continue }
            let holder = WayIn.Holder.member(entry.line.identity, provider: grant.provider)
            all += grant.logins.map { WayIn(holder: holder, login: entry.line.identity.resolving($0)) }
        }
        for key in accounts {
            guard let fingerprint = key.fingerprint, revocations.line(revokingKey: fingerprint) == nil else { continue }
            let holder: WayIn.Holder =
                key.isAuthority
                ? .authority(fingerprint, account: key.account) : .key(fingerprint, account: key.account)
            all += configuration.logins(openTo: key).map { WayIn(holder: holder, login: .name(Text($0))) }
        }
        var seen: Set<WayIn> = []
        self.all = all.filter { seen.insert($0).inserted }
    }
}

/// The denies of a Space, to be asked about many grants.
struct Denies {
    private struct Key: Hashable {
        let identity: IdentityPattern
        /// `nil` for any.
        let provider: Text?
    }

    private var lines: [Key: Int] = [:]

    init(_ entries: [MembershipEntry]) {
        for entry in entries where entry.isDeny {
            let key = Key(identity: entry.line.identity, provider: entry.line.provider)
            lines[key] = lines[key] ?? entry.number
        }
    }

    /// The first line that refuses all whom a grant means; `nil` where none does.
    func line(refusing grant: MembershipEntry) -> Int? {
        guard !lines.isEmpty else { return nil }
        return grant.line.identity.coverers.flatMap { identity in
            [
                lines[Key(identity: identity, provider: nil)],
                lines[Key(identity: identity, provider: grant.line.provider)],
            ]
        }.compactMap { $0 }.min()
    }
}

extension IdentityPattern {
    /// All patterns that cover this one, itself first.
    var coverers: [IdentityPattern] {
        guard case .email(let email) = self, let domain = emailParts(email)?.domain else { return [self] }
        return [self, .domain(domain)]
    }

    /// `login` with the e-mail's local part for `{email-local}`, where that is known.
    fileprivate func resolving(_ login: MembershipLine.Login) -> MembershipLine.Login {
        guard login == .emailLocal, case .email(let email) = self, let local = emailParts(email)?.local else {
            return login
        }
        return .name(local)
    }
}

extension Configuration {
    /// The logins that an account's key opens, or certificates of its CA with all principals that its cap leaves.
    func logins(openTo key: AccountKey) -> [String] {
        let grants = { (service: String) in key.services?.contains(service) ?? true }
        var logins: [String] = []
        for service in services where !key.isAuthority || grants(Service.admin) || grants(service.name) {
            logins += service.logins.filter { !logins.contains($0) }
        }
        return logins
    }
}
