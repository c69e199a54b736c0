import AccessLog
import Administration
import Discovery
import Encodings
import Foundation
import HTTP
import HostFiles
import IdentityToken
import Policy
import Upkeep

/// Looks at a host; changes nothing.
struct HostExamination {
    let configurationPath: String
    let sshdConfiguration: String
    /// Those to look at; empty for all that are granted, as far as there are few.
    let wantedLogins: [String]
    let isOffline: Bool
    let programs = SystemPrograms(timeout: Seconds(10))
    let now: UnixTime

    /// More are a fleet's file, of which each costs a run of sshd.
    static let mostLogins = 40

    var isRoot: Bool { geteuid() == 0 }

    /// All there is to know.
    func facts() async -> HostFacts {
        let configuration = HostFacts.configuration(at: configurationPath, ownedBy: isRoot ? .root : .rootOrSelf)
        var facts = HostFacts(
            now: now, isRoot: isRoot, ownVersion: Pair.version, configurationPath: configurationPath,
            configuration: configuration)
        let settings = try? configuration.get()
        async let probes = probes(of: isOffline ? [] : settings?.providers ?? [])
        examine(&facts, settings)
        let answered = await probes
        facts.providers = (settings?.providers ?? []).map { provider in
            let ownership: Ownership = isRoot ? .root : .rootOrSelf
            let set = settings.map { CachedKeySet(of: provider, under: $0, ownedBy: ownership, at: now) }
            return ProviderFacts(
                provider: provider, keySet: set?.condition ?? .missing, fetchedAt: set?.keySet?.fetchedAt,
                refresh: settings.flatMap { RefreshState(of: provider, under: $0, ownedBy: ownership) },
                probe: answered[provider.name])
        }
        return facts
    }

    // MARK: - All but the network

    private func examine(_ facts: inout HostFacts, _ settings: Configuration?) {
        let host = settings.flatMap { _ in try? AdministeredHost(at: configurationPath) }
        let granted = grants(of: host)
        facts.grantsByTemplate = granted.byTemplate
        let names = wantedLogins.isEmpty ? Array(granted.names.prefix(Self.mostLogins)) : wantedLogins
        facts.loginsLeftOut = wantedLogins.isEmpty ? max(granted.names.count - names.count, 0) : 0

        facts.sshd = sshd(for: names + (names.contains("root") ? [] : ["root"]))
        let commands = facts.sshd.effective.compactMap { $0.settings.authorizedKeysCommand }.map { KeysCommand($0) }
        facts.programs = programFacts(of: commands.filter(\.isOurs).map(\.program))
        let commandUsers = Set(facts.sshd.effective.compactMap { $0.settings.authorizedKeysCommandUser?.string })
        let users = users(named: names + ["root"] + commandUsers + [HostFacts.userName], by: programs)
        for name in commandUsers.isEmpty ? [HostFacts.userName] : commandUsers {
            facts.commandUsers.updateValue(users[name], forKey: name)
        }
        facts.logins = loginFacts(names, granted.names, users, facts.sshd)
        guard let settings else { return }
        facts.files = files(of: settings)
        if let source = settings.policySource {
            let ownership: Ownership = isRoot ? .root : .rootOrSelf
            let policy = AppliedPolicy(of: source, under: settings, ownedBy: ownership, at: now)
            facts.policy = PolicyFacts(
                condition: policy.condition, header: policy.header,
                refresh: RefreshState(of: source, under: settings, ownedBy: ownership))
        }
        facts.schedule = schedule()
        facts.watch = facts.schedule.isSystemdRunning ? watch() : nil
        facts.log = log(of: settings)
        if let host {
            facts.findings = HostCheck(of: host, space: settings.space).findings
            // What else stands in its place might never come to an end.
            if facts.log.path?.target?.kind == .regular { examineRecord(&facts, host) }
        }
        facts.security = security(for: facts.programs.first?.path.path ?? ProgramFacts.standardPath)
        facts.answer = answer(by: facts.programs.first, as: users[HostFacts.userName], for: names.first, users)
    }

    /// The logins that are granted by name, sorted, and whether some are given by a template.
    private func grants(of host: AdministeredHost?) -> (names: [String], byTemplate: Bool) {
        guard let host else { return ([], false) }
        let bytes = ((try? host.contents(of: .members)) ?? nil) ?? []
        var names: Set<String> = []
        var byTemplate = false
        // Line by line, as a check does: one that is not as it should be keeps none of the others out.
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let entry = try? MembershipEntry(line.span, number: index + 1, file: "")
            guard let entry, entry.isOf(host.configuration.space), !entry.isExpired(at: now) else { continue }
            for login in entry.grant?.logins ?? [] {
                switch login {
                case .name(let name): names.insert(name.string)
                case .emailLocal, .claim: byTemplate = true
                }
            }
        }
        names.formUnion(host.configuration.services.flatMap(\.logins))
        return (names.sorted(), byTemplate)
    }

    // MARK: - sshd

    private func sshd(for logins: [String]) -> SSHDFacts {
        var facts = SSHDFacts()
        let sshd = SSHD(configurationPath: sshdConfiguration, by: programs)
        do throws(SSHDFault) {
            for login in logins {
                do throws(SSHDFault) {
                    facts.effective.append(EffectiveSettings(login: login, settings: try sshd.settings(for: login)))
                } catch .loginMalformed {
                    continue
                }
            }
            facts.state = .asked
        } catch {
            if case .refused = error, !isRoot {
                facts.state = .unseen("sshd tells its settings to root alone")
            } else {
                facts.state = .unusable(error)
            }
        }
        facts.version = try? sshd.version()
        let configuration = SSHDConfiguration(sshdConfiguration, from: SystemSSHDFiles())
        facts.configuration = configuration.files.isEmpty ? nil : configuration
        return facts
    }

    private func programFacts(of paths: [String]) -> [ProgramFacts] {
        let paths = paths.isEmpty ? [ProgramFacts.standardPath] : Set(paths).sorted()
        return paths.map { path in
            let facts = PathFacts(resolving: path)
            let unsafe = ProgramFacts(path: facts, version: nil)
            // Root runs nothing that somebody else could have put there.
            guard unsafe.isRootsAlone, let told = try? programs.run([facts.path, "--version"]), told.status == 0 else {
                return unsafe
            }
            let version = told.outputText.split(whereSeparator: \.isWhitespace).last.map(String.init)
            return ProgramFacts(path: facts, version: version)
        }
    }

    private func loginFacts(
        _ names: [String], _ granted: [String], _ users: [String: UserFacts], _ sshd: SSHDFacts
    ) -> [LoginFacts] {
        var shadow: [String: LoginFacts.Shadow] = [:]
        for line in systemFile("/etc/shadow")?.split(separator: 0x0A) ?? [] {
            let text = String(decoding: line, as: UTF8.self)
            guard let name = text.split(separator: ":").first.map(String.init) else { continue }
            shadow[name] = LoginFacts.Shadow(line: text)
        }
        return (names + (names.contains("root") ? [] : ["root"])).map { name in
            let user = users[name]
            let settings = sshd.effective.first { $0.login == name }?.settings
            let patterns = settings?.authorizedKeysFiles ?? []
            return LoginFacts(
                name: name, isGranted: granted.contains(name) || wantedLogins.contains(name), user: user,
                hasShell: user.map { FileManager.default.isExecutableFile(atPath: $0.shell) } ?? false,
                shadow: shadow[name],
                keysFiles: user.map { user in
                    patterns.map { PathFacts(resolving: keysFile($0.string, of: user)) }
                } ?? [])
        }
    }

    private func files(of settings: Configuration) -> [FileFacts] {
        let named =
            if let source = settings.policySource {
                // That it is there, its own line tells.
                [FileFacts(path: PathFacts(lookingAt: absolute(settings.resolve(source.file))), isNeeded: false)]
            } else {
                HostFileKind.allCases.map { $0.location(in: settings) }.map {
                    FileFacts(path: PathFacts(lookingAt: absolute(settings.resolve($0.path))), isNeeded: $0.isNamed)
                }
            }
        // That a key set is there, its own line tells.
        let sets = settings.providers.map {
            FileFacts(path: PathFacts(lookingAt: absolute(settings.keySetPath(of: $0))), isNeeded: false)
        }
        return [FileFacts(path: PathFacts(lookingAt: absolute(configurationPath)), isNeeded: true)] + named + sets
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    // MARK: - The network

    /// What providers answer, all asked at the same time.
    private func probes(of providers: [Provider]) async -> [String: ProviderProbe] {
        let http = HTTPClient(userAgent: "pair/\(Pair.version)", timeout: Seconds(4), connectTimeout: Seconds(3))
        return await withTaskGroup(of: (String, ProviderProbe).self) { group in
            for provider in providers {
                group.addTask { (provider.name, await ProviderProbe(asking: provider.issuer, by: http)) }
            }
            var probes: [String: ProviderProbe] = [:]
            for await (name, probe) in group { probes[name] = probe }
            return probes
        }
    }
}

extension ProviderProbe {
    /// Asks a provider for its discovery document and its keys.
    init(asking issuer: Text, by http: HTTPClient) async {
        let clock = ContinuousClock()
        let start = clock.now
        var ahead: Seconds?
        do throws(DiscoveryError) {
            let address = try ProviderMetadata.address(of: issuer)
            let response: HTTPResponse
            do throws(HTTPError) {
                response = try await http.send(.get(address, headers: ["Accept": "application/json"]))
            } catch {
                throw .noAnswer(error)
            }
            let heard = now()
            ahead = response.date.map { $0.since(heard) }
            guard response.isSuccess else {
                throw .status(response.status, of: .metadata, at: response.address, said: nil)
            }
            let metadata = try ProviderMetadata(parsing: response.body, issuer: issuer)
            _ = try await fetchKeySet(of: metadata, at: heard, with: http)
            self.init(failure: nil, ahead: ahead, took: clock.now - start)
        } catch {
            self.init(failure: error, ahead: ahead, took: clock.now - start)
        }
    }
}

extension ProgramFacts {
    /// Where a package has it.
    static let standardPath = "/usr/bin/pair-authkeys"
}

extension AdministeredHost {
    /// Reads the pair.toml at `path`.
    init(at path: String) throws {
        var options = ConfigurationOptions()
        options.config = path
        try self.init(options)
    }
}
