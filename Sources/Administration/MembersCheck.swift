internal import Encodings
internal import Policy

extension HostCheck {
    /// Looks at `members`.
    public mutating func checkMembers(_ bytes: [UInt8], path: String) {
        readMembers(bytes, path)
        let names = entries.flatMap { $0.grant?.logins ?? [] }.compactMap { login -> String? in
            if case .name(let name) = login { name.string } else { nil }
        }
        for entry in entries {
            guard let provider = entry.grant?.provider else { continue }
            evidence[provider, default: []].insert(entry.line.identity.evidence)
        }
        knownUsers = lookUp(names + configuration.services.flatMap(\.logins))
        checkOrder(path)
        let services = configuration.services.flatMap { service in
            service.logins.map { (login: $0, service: service.name) }
        }
        for entry in entries {
            guard let grant = entry.grant else {
                checkDeny(entry, path)
                continue
            }
            if case .claim(let claim, _) = entry.line.identity { checkClaim(claim, entry, path) }
            if case .email = entry.line.identity { checkGoogle(entry, grant.options, path) }
            if let group = grant.options.unixGroup, !configuration.asksForUnixGroups, space == configuration.space {
                add(.unixGroupUnasked(group), path, entry.number)
            }
            for login in grant.logins {
                switch login {
                case .name(let name): checkLogin(name, entry, path)
                case .claim(let claim): checkClaim(claim, entry, path)
                case .emailLocal: break
                }
                guard login.isTemplate else { continue }
                for (name, service) in services where mayGive(name, entry.line.identity, login) {
                    add(.templateGivesServiceLogin(name, service: service), path, entry.number)
                }
            }
        }
    }

    // MARK: - Lines by themselves

    /// Looks at each line of `members` alone, whatever Space it is of: whether a host of that Space takes it.
    ///
    /// Providers are not looked at, for another Space's hosts may have others.
    public mutating func checkEachLine(ofMembers bytes: [UInt8], path: String) {
        for (index, line) in lines(bytes, path).enumerated() {
            do throws(PolicyError) {
                _ = try MembershipEntry(line.span, number: index + 1, file: path)
            } catch {
                add(error)
            }
        }
    }

    private mutating func readMembers(_ bytes: [UInt8], _ path: String) {
        let providers = Set(configuration.providers.map { Text($0.name) })
        var counts: [Text: Int] = [:]
        var otherDenies: [MembershipEntry] = []
        for (index, line) in lines(bytes, path).enumerated() {
            do throws(PolicyError) {
                guard let name = try MembershipEntry.space(of: line.span, number: index + 1, file: path) else {
                    continue
                }
                counts[name, default: 0] += 1
                guard name == "*" || name == Text(space) else {
                    if let deny = checkOtherSpace(name, line.span, index + 1, path) { otherDenies.append(deny) }
                    continue
                }
                guard let entry = try MembershipEntry(line.span, number: index + 1, file: path) else { continue }
                try take(entry, providers, path)
            } catch {
                add(error)
            }
        }
        for deny in otherDenies where counts[deny.space] == 1 { add(.denySpaceUnused(deny.space), path, deny.number) }
    }

    private mutating func take(
        _ entry: MembershipEntry, _ providers: Set<Text>, _ path: String
    ) throws(PolicyError) {
        if let fault = entry.fault(amongProviders: providers, file: path) {
            // Another Space's hosts may have other providers.
            guard space == configuration.space else {
                entries.append(entry)
                return
            }
            throw fault
        }
        if let provider = entry.line.provider, !providers.contains(provider) {
            add(.providerPassedOver(provider), path, entry.number)
        } else {
            entries.append(entry)
        }
    }

    /// Looks at a line that does not hold here.
    /// - Returns: It, where it is a deny.
    private mutating func checkOtherSpace(
        _ name: Text, _ line: Span<UInt8>, _ number: Int, _ path: String
    ) -> MembershipEntry? {
        let isMisspelt = !isSpaceName(name.utf8) || name.asciiLowercased == Text(space).asciiLowercased
        if isMisspelt {
            add(isSpaceName(name.utf8) ? .spaceCase(name, ours: space) : .spaceMalformed(name), path, number)
        }
        do throws(PolicyError) {
            guard let entry = try MembershipEntry(line, number: number, file: path), entry.isDeny else { return nil }
            return isMisspelt ? nil : entry
        } catch {
            add(.otherSpaceFault(space: name, "\(error.reason)"), path, number)
            return nil
        }
    }

    private mutating func checkLogin(_ name: Text, _ entry: MembershipEntry, _ path: String) {
        guard let knownUsers else { return }
        guard let uid = knownUsers[name.string] else {
            add(.loginUnknown(name), path, entry.number)
            return
        }
        if uid == 0 { add(.loginIsRoot(name), path, entry.number) }
    }

    private mutating func checkClaim(_ claim: Text, _ entry: MembershipEntry, _ path: String) {
        // OpenID Connect Core 1.0 §5.1 and §5.7: "MUST NOT be used as unique identifiers".
        let chosen: [Text] = [
            "preferred_username", "nickname", "name", "given_name", "family_name", "middle_name", "profile", "website",
            "picture", "phone_number", "locale", "zoneinfo",
        ]
        if chosen.contains(claim) { add(.claimChosenByPerson(claim), path, entry.number) }
    }

    private mutating func checkGoogle(
        _ entry: MembershipEntry, _ options: MembershipLine.Options, _ path: String
    ) {
        guard case .email(let email) = entry.line.identity, let domain = emailParts(email)?.domain else { return }
        let surroundings = GrantSurroundings(configuration: configuration, now: now, users: [:])
        // Google owns these, so that nobody else's account can have such an address.
        guard surroundings.isGoogle(entry.line.provider), domain != "gmail.com", domain != "googlemail.com",
            !options.requirements.contains(where: { $0.claim == "hd" })
        else { return }
        add(.emailAtGoogle(domain: domain), path, entry.number)
    }

    /// Whether a template may come out as `login`, of which it is known that it belongs to a service.
    private func mayGive(_ login: String, _ identity: IdentityPattern, _ template: MembershipLine.Login) -> Bool {
        guard let uid = knownUsers?[login], uid >= configuration.templateMinimumUID, uid != 65_534 else { return false }
        guard template == .emailLocal, case .email(let email) = identity else { return true }
        return emailParts(email)?.local == Text(login)
    }

    private mutating func checkDeny(_ entry: MembershipEntry, _ path: String) {
        let pattern = entry.line.identity
        let kind: Finding.IdentityPatternKind
        switch pattern {
        case .subject: return
        case .email, .domain: kind = .email
        case .group: kind = .groups
        case .claim: kind = .claim
        }
        if kind == .groups, let provider = entry.line.provider,
            configuration.providers.contains(where: {
                Text($0.name) == provider && $0.issuer == Provider.google && $0.groupsClaim == "groups"
            })
        {
            add(.groupsAtGoogle, path, entry.number)
            return
        }
        let asked = grantedBy(at: entry.line.provider).subtracting([pattern.evidence])
        if !asked.isEmpty { add(.denyWantsClaim(kind, provider: entry.line.provider), path, entry.number) }
    }

    // MARK: - Lines beside each other

    private struct Place: Hashable {
        let identity: IdentityPattern
        let provider: Text?
    }

    /// Looks at which lines count at all, given those in front of them and the denies.
    private mutating func checkOrder(_ path: String) {
        let surroundings = GrantSurroundings(configuration: configuration, now: now, users: knownUsers ?? [:])
        let denies = Denies(entries)
        var earlier: [Place: [MembershipEntry]] = [:]
        for entry in entries {
            let mine = Place(identity: entry.line.identity, provider: entry.line.provider)
            let candidates = entry.line.identity.coverers.flatMap {
                earlier[Place(identity: $0, provider: entry.line.provider)] ?? []
            }
            if let same = candidates.first(where: { $0.isSame(as: entry) }) {
                add(.duplicate(of: same.number), path, entry.number)
            } else if entry.isExpired(at: now), let end = entry.grant?.options.until {
                add(.grantExpired(end), path, entry.number)
            } else if !entry.isDeny, let deny = denies.line(refusing: entry) {
                add(.grantDenied(by: deny), path, entry.number)
            } else if let grant = entry.grant {
                var takers: [Int] = []
                var left = grant.logins
                for candidate in candidates.sorted(by: { $0.number < $1.number }) {
                    let taken = surroundings.logins(of: entry, takenBy: candidate).filter { left.contains($0) }
                    if taken.isEmpty { continue }
                    left.removeAll { taken.contains($0) }
                    takers.append(candidate.number)
                }
                if left.isEmpty {
                    add(.grantShadowed(by: takers), path, entry.number)
                } else if !takers.isEmpty {
                    let gone = grant.logins.filter { !left.contains($0) }.map(\.text)
                    add(.loginsShadowed(gone, by: takers), path, entry.number)
                }
            }
            earlier[mine, default: []].append(entry)
        }
    }
}

/// What of a token a line looks at.
enum Evidence: Hashable {
    case subject, email, groups
    case claim(Text)
}

extension IdentityPattern {
    fileprivate var evidence: Evidence {
        switch self {
        case .subject: .subject
        case .email, .domain: .email
        case .group: .groups
        case .claim(let name, _): .claim(name)
        }
    }
}

extension HostCheck {
    /// What the grants of a provider look at; of all providers for `nil`.
    func grantedBy(at provider: Text?) -> Set<Evidence> {
        provider.map { evidence[$0] ?? [] } ?? evidence.values.reduce(into: []) { $0.formUnion($1) }
    }
}
