public import AccessLog
public import Administration
public import Decision
public import Encodings
public import Policy
internal import SSHKeys

/// How somebody whom the access log names would stand today, as far as a record tells.
public enum Standing: Sendable, Equatable {
    /// They would be let in; `by` names the line, or what else lets them in.
    case letIn(by: String)
    /// They would be refused whatever else their key or token says.
    case refused(Reason, String)
    /// It depends on what a record does not keep.
    case uncertain(String)
    /// The record does not say who it was.
    case nobody

    /// Whether they would surely be refused.
    public var isOut: Bool {
        if case .refused = self { true } else { false }
    }
}

/// What a host decides by today, to ask about those of the access log.
public struct TodaysPolicy: Sendable {
    let configuration: Configuration
    let members: MembersFile
    let accounts: AccountsFile
    let revocations: Revocations
    let revokedPath: String

    /// The policy that a host's files are.
    /// - Parameters:
    ///   - configuration: pair.toml.
    ///   - members: The whole file; empty where there is none.
    ///   - accounts: The same of accounts.
    ///   - revoked: The same of revoked.
    /// - Throws: The first line of any that a host would not take.
    public init(
        _ configuration: Configuration, members: [UInt8], accounts: [UInt8], revoked: [UInt8]
    ) throws(EditError) {
        self.configuration = configuration
        revokedPath = configuration.path(of: .revoked)
        self.members = try MembersFile(
            members, path: configuration.path(of: .members), under: configuration,
            space: configuration.space)
        self.accounts = try AccountsFile(accounts, path: configuration.path(of: .accounts))
        revocations = try RevokedFile(revoked, path: revokedPath, under: configuration).revocations
    }

    /// How whoever left `entry` would stand at `now`, with the same key or certificate where that still counts.
    /// - Parameters:
    ///   - entry: A record with a login.
    ///   - uid: The login's; `nil` where it is not known, and then no template gives it.
    ///   - now: The moment.
    /// - Returns: What is sure, or why nothing is.
    public func standing(of entry: AccessEntry, uid: UInt32?, at now: UnixTime) -> Standing {
        guard let login = entry.login?.string else { return .nobody }
        if let revoked = revokedKey(of: entry) { return revoked }
        switch entry.path {
        case .keys: return member(entry, as: login, uid, now)
        case .certificate: return certificate(entry, as: login)
        case .key: return plainKey(entry, as: login)
        case nil: return .nobody
        }
    }

    // MARK: - Keys and certificates

    private func revokedKey(of entry: AccessEntry) -> Standing? {
        for text in [entry.key, entry.ca].compactMap({ $0 }) {
            guard let fingerprint = Fingerprint(text), let line = revocations.line(revokingKey: fingerprint) else {
                continue
            }
            return .refused(.revokedKey, "\(revokedPath):\(line) revokes \(fingerprint)")
        }
        return nil
    }

    private func certificate(_ entry: AccessEntry, as login: String) -> Standing {
        guard let ca = entry.ca.flatMap({ Fingerprint($0) }) else { return .nobody }
        guard let key = accounts.keys.first(where: { $0.isAuthority && $0.fingerprint == ca }) else {
            return .refused(.caUnknown, "no account has the CA \(ca)")
        }
        if let serial = entry.serial,
            let line = revocations.line(revokingSerial: serial, keyID: Array((entry.keyID ?? "").utf8), of: ca)
        {
            return .refused(.revokedCert, "\(revokedPath):\(line) revokes the certificate")
        }
        guard let service = configuration.service(ofLogin: login) else {
            return .refused(.serviceNotGranted, "\(login) is a login of no service in pair.toml")
        }
        let names = service.name == Service.admin ? [Service.admin] : [service.name, Service.admin]
        let capped = names.filter { key.services?.contains($0) ?? true }
        guard !capped.isEmpty else {
            let reason: Reason = service.name == Service.admin ? .adminNotGranted : .serviceNotGranted
            return .refused(reason, "\(accounts.file.path):\(key.line): the CA may not grant \(service.name)")
        }
        // Which principals a certificate has is on record only where one of them was granted.
        guard let principal = entry.services.last else {
            return .uncertain(
                "\(accounts.file.path):\(key.line) lets in certificates for \(capped.joined(separator: " or ")), and the log "
                    + "does not keep what this one is for")
        }
        guard capped.contains(where: { Text($0) == principal }) else {
            return .refused(
                .serviceNotGranted, "\(accounts.file.path):\(key.line): the CA may not grant \(quoted(principal))")
        }
        return .letIn(by: "\(accounts.file.path):\(key.line)")
    }

    private func plainKey(_ entry: AccessEntry, as login: String) -> Standing {
        guard let fingerprint = entry.key.flatMap({ Fingerprint($0) }) else { return .nobody }
        guard let key = accounts.keys.first(where: { !$0.isAuthority && $0.fingerprint == fingerprint }) else {
            return .refused(.keyUnknown, "no account has the key \(fingerprint)")
        }
        guard configuration.service(ofLogin: login) != nil else {
            return .refused(.serviceNotGranted, "\(login) is a login of no service in pair.toml")
        }
        return .letIn(by: "\(accounts.file.path):\(key.line)")
    }

    // MARK: - Members

    private func member(_ entry: AccessEntry, as login: String, _ uid: UInt32?, _ now: UnixTime) -> Standing {
        guard let subject = entry.subject, let name = entry.provider else { return .nobody }
        guard let provider = configuration.providers.first(where: { Text($0.name) == name }) else {
            return .refused(.providerUnknown, "pair.toml has no provider \(quoted(name))")
        }
        let identity = identity(of: entry, subject, at: provider)
        switch revocations.answer(for: identity) {
        case .revoked(let line): return .refused(.revokedIdentity, "\(revokedPath):\(line) revokes them")
        case .undecidable(let line):
            return .refused(.denyUndecidable, "\(revokedPath):\(line) asks for an e-mail, and their token has none")
        case .notRevoked: break
        }
        let query = MembershipQuery(login: login, uid: uid, identity: identity, now: now)
        let outcome: MembershipOutcome
        // Denies on what the log does not keep would hide what the other lines say.
        let unknowable = members.entries.filter { $0.isDeny && $0.line.identity.isUnrecorded && $0.isAbout(provider) }
        do throws(PolicyError) {
            outcome = try self.outcome(of: query, leavingOut: Set(unknowable.map(\.number)))
        } catch {
            return .uncertain("\(error)")
        }
        let standing = judged(outcome, query, provider)
        guard !standing.isOut, let deny = unknowable.first else { return standing }
        return .uncertain(
            "\(place(deny.number)) denies \(quoted(deny.line.identity.text)), and the log does not keep that of them")
    }

    private func identity(of entry: AccessEntry, _ subject: Text, at provider: Provider) -> Identity {
        var claims = JSON.Object()
        claims.add("sub", .string(subject))
        if let email = entry.email { claims.add("email", .string(email)) }
        // Whether it is verified is not on record: the provider may say so.
        return Identity(
            providerName: provider.name, issuer: provider.issuer, subject: subject, email: entry.email,
            isEmailVerified: true, claims: claims, groupsClaim: provider.groupsClaim)
    }

    private func outcome(
        of query: MembershipQuery, leavingOut numbers: Set<Int>
    ) throws(PolicyError) -> MembershipOutcome {
        var scan = MembershipScan(query, under: configuration, file: members.file.path)
        for (index, line) in members.file.lines.enumerated() where !numbers.contains(index + 1) {
            try scan.take(line.span, number: index + 1)
        }
        return scan.outcome
    }

    private func judged(_ outcome: MembershipOutcome, _ query: MembershipQuery, _ provider: Provider) -> Standing {
        switch outcome {
        case .granted(let grant): return .letIn(by: place(grant.line))
        case .depending(let grants, let otherwise):
            let line = grants.first.map { place($0.line) } ?? members.file.path
            if case .granted = otherwise { return judged(otherwise, query, provider) }
            return .uncertain("\(line) lets them in where \(query.login) is in a group of this host's")
        case .notInGroup(let line, let group, _):
            return .refused(.unixGroup, "\(place(line)) wants \(query.login) in the group \(quoted(group))")
        case .denied(let line): return .refused(.denied, "\(place(line)) denies them")
        case .undecidable(let line): return .uncertain("\(place(line)) denies by a claim that the log does not keep")
        case .loginUID(let line): return maybe(.loginUID, "\(place(line)) gives no system account", query, provider)
        case .expired(let line, let end):
            return maybe(.grantExpired, "\(place(line)) is over since \(end.rfc3339)", query, provider)
        case .loginNotGranted(let line):
            let detail = "\(place(line)) means them, and does not grant \(query.login)"
            return maybe(.loginNotGranted, detail, query, provider)
        case .notAMember(.notHostedDomain(let line)):
            return .uncertain(
                "\(place(line)) means accounts of their domain, and the log does not keep whose theirs is")
        case .notAMember(nil): return maybe(.notAMember, "no line of members means them", query, provider)
        case .notAMember(let miss?): return maybe(.notAMember, explained(miss), query, provider)
        }
    }

    private func explained(_ miss: MembershipOutcome.NearMiss) -> String {
        switch miss {
        case .emailNotVerified(let line): "\(place(line)) means their address, which is not verified"
        case .notHostedDomain(let line): "\(place(line)) means their domain, which is not their account's"
        case .requirement(let line, let claim): "\(place(line)) requires \(quoted(claim))"
        case .otherProvider(let line, let name): "\(place(line)) means such an address at \(quoted(name)) alone"
        }
    }

    /// A refusal, unless a line may let them in by what the log does not keep.
    private func maybe(
        _ reason: Reason, _ detail: String, _ query: MembershipQuery, _ provider: Provider
    ) -> Standing {
        let lines = members.entries.filter { $0.isAbout(provider) && $0.mayLetIn(query) }
        guard let line = lines.first else { return .refused(reason, detail) }
        let others = lines.count > 1 ? " and \(lines.count - 1) more" : ""
        return .uncertain(
            "\(place(line.number))\(others) may let them in (\(quoted(line.line.identity.text))): the log does not keep what "
                + "groups and other claims they have")
    }

    private func place(_ line: Int) -> String { "\(members.file.path):\(line)" }
}

extension AccessEntry {
    /// The way by which the key asked.
    var path: Path? { members["path"]?.text.flatMap { text in Path.known.first { Text($0.rawValue) == text } } }

    /// The certificate's number.
    var serial: UInt64? {
        switch members["serial"] {
        case .integer(let number): UInt64(exactly: number)
        case .string(let text): UInt64(text.string)
        case .null, .bool, .number, .array, .object, nil: nil
        }
    }
}

extension Path {
    fileprivate static let known: [Path] = [.keys, .certificate, .key]
}

extension MembershipEntry {
    fileprivate func isAbout(_ provider: Provider) -> Bool {
        line.provider == nil || line.provider == Text(provider.name)
    }

    /// Whether it lets in somebody who has what the log does not keep, and has all that it does keep.
    fileprivate func mayLetIn(_ query: MembershipQuery) -> Bool {
        guard let grant, !isExpired(at: query.now) else { return false }
        let known =
            [.subject(query.identity.subject)] + (query.identity.email.map { [IdentityPattern.email($0)] } ?? [])
        guard line.identity.isUnrecorded || known.contains(where: { line.identity.covers($0.lowercased) }) else {
            return false
        }
        return grant.logins.contains { login in
            switch login {
            case .name(let name):
                name == Text(query.login) && (line.identity.isUnrecorded || !grant.options.requirements.isEmpty)
            // Which login a claim gives is for a token to say.
            case .claim: true
            case .emailLocal: false
            }
        }
    }
}

extension IdentityPattern {
    /// Whether it asks for what no record keeps; a domain may, at Google.
    fileprivate var isUnrecorded: Bool {
        switch self {
        case .group, .claim: true
        case .email, .domain, .subject: false
        }
    }

    /// As patterns of members are.
    fileprivate var lowercased: IdentityPattern {
        if case .email(let email) = self { .email(email.asciiLowercased) } else { self }
    }
}
