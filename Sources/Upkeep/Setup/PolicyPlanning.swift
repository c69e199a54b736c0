internal import Administration
internal import Encodings
internal import HTTP
internal import HostFiles
internal import Policy

/// pair.toml and members as they will be.
struct PlannedPolicy {
    let configuration: Configuration
    /// The logins that members names for this Space.
    let logins: [String]
}

/// Finds out what pair.toml and members lack.
struct PolicyPlanning {
    let request: SetupRequest
    let surroundings: SetupSurroundings
    let version: SSHDVersion

    private var path: String { surroundings.places.configuration }

    func plan(_ steps: inout Steps) throws -> PlannedPolicy {
        let old = try contents(of: path)
        let new = try configurationBytes(old)
        let configuration: Configuration
        do throws(PolicyError) {
            configuration = try Configuration(parsing: new, file: path)
        } catch {
            throw SetupError.policy(error)
        }
        guard version.understands(configuration.expiryTime) else {
            throw SetupError.expiryTime(configuration.expiryTime, version, file: path)
        }
        steps.file(path, String(decoding: new, as: UTF8.self))
        return PlannedPolicy(configuration: configuration, logins: try planMembers(configuration, &steps))
    }

    /// A file of the policy by the rules that a login has, `nil` where there is none.
    private func contents(of path: String) throws -> [UInt8]? {
        do throws(FileFault) {
            return try HostFile(path, ownedBy: .rootOrSelf).read(limit: 1 << 24)
        } catch .missing {
            return nil
        } catch {
            throw SetupError.file(error)
        }
    }

    // MARK: - pair.toml

    private func configurationBytes(_ old: [UInt8]?) throws -> [UInt8] {
        guard let old else { return try newConfiguration() }
        let configuration: Configuration
        do throws(PolicyError) {
            configuration = try Configuration(parsing: old, file: path)
        } catch {
            throw SetupError.policy(error)
        }
        if let space = request.space, Text(space) != Text(configuration.space) {
            throw SetupError.otherSpace(configuration.space, asked: space, file: path)
        }
        guard let wanted = request.provider else { return old }
        let isThere = configuration.providers.contains {
            $0.issuer == wanted.issuer && $0.clientIDs.contains(wanted.clientID)
                && (wanted.name.map { [name = $0.name] in Text($0) == Text(name) } ?? true)
        }
        if isThere { return old }
        let name = try name(of: wanted)
        guard !configuration.providers.contains(where: { Text($0.name) == Text(name) }) else {
            throw SetupError.otherProvider(name, file: path)
        }
        // A table at the end of a file belongs to nothing before it.
        let end: [UInt8] = old.last == 0x0A || old.isEmpty ? [] : [0x0A]
        return old + end + Array("\n\(table(of: wanted, name: name))".utf8)
    }

    private func newConfiguration() throws -> [UInt8] {
        guard let space = request.space, let provider = request.provider else { throw SetupError.loginsMissing }
        var text = """
            # What this host decides by: docs/configuration.md. `pair spaces check` looks it over.
            space = \(tomlText(Text(space)))

            \(table(of: provider, name: try name(of: provider)))
            """
        if version.expiryTime != .utc {
            text +=
                "\n# sshd \(version) does not know times in UTC.\n[line]\nexpiry_time = \"\(version.expiryTime.rawValue)\"\n"
        }
        return Array(text.utf8)
    }

    private func name(of provider: SetupRequest.WantedProvider) throws -> String {
        if let name = provider.name { return name }
        do throws(WebAddressError) {
            return SetupRequest.providerName(forHost: try WebAddress(provider.issuer).host)
        } catch {
            throw SetupError.issuer(provider.issuer, error.description)
        }
    }

    private func table(of provider: SetupRequest.WantedProvider, name: String) -> String {
        """
        [[provider]]
        name       = \(tomlText(Text(name)))
        issuer     = \(tomlText(provider.issuer))
        client_ids = [\(tomlText(provider.clientID))]

        """
    }

    // MARK: - members

    private func planMembers(_ configuration: Configuration, _ steps: inout Steps) throws -> [String] {
        if configuration.policySource != nil {
            guard request.member == nil else { throw SetupError.fleetDecides(file: path) }
            return []
        }
        let members = configuration.resolve(configuration.members.path)
        return try planMembers(configuration, at: members, &steps)
    }

    private func planMembers(
        _ configuration: Configuration, at path: String, _ steps: inout Steps
    ) throws -> [String] {
        let old = try contents(of: path)
        let heading = "# SPACE  IDENTITY  PROVIDER  LOGINS  OPTIONS     (docs/configuration.md; pair spaces allow)\n"
        let members = try MembersFile(
            old ?? Array(heading.utf8), path: path, under: configuration, space: configuration.space)
        guard let member = request.member, !request.logins.isEmpty else {
            if old == nil { steps.file(path, heading) } else { steps.present.append(path) }
            return Self.logins(members)
        }
        var options = MembershipLine.Options()
        options.role = "owner"
        let provider = try members.provider(named: try request.provider.map { Text(try name(of: $0)) })
        let grant = GrantRequest(
            identity: member, provider: provider, logins: request.logins.map { Text($0) }, options: options)
        let bytes: [UInt8]
        do throws(EditError) {
            bytes = try members.allowing(grant, at: .last, now: surroundings.now(), users: [:]).file.bytes
        } catch {
            // A line in front gives it already.
            guard case .shadowed = error else { throw error }
            bytes = members.file.bytes
        }
        steps.file(path, String(decoding: bytes, as: UTF8.self))
        return Self.logins(
            try MembersFile(bytes, path: path, under: configuration, space: configuration.space))
    }

    /// The logins that lines name, each once, in the order of the lines.
    private static func logins(_ members: MembersFile) -> [String] {
        var seen: Set<Text> = []
        return members.entries.flatMap { $0.grant?.logins ?? [] }.compactMap { login in
            guard case .name(let name) = login, seen.insert(name).inserted else { return nil }
            return name.string
        }
    }
}
