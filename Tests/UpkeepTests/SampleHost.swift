// The facts of a host that is in order, to be spoilt one by one.

import Encodings
import HostFiles
import Policy

@testable import Upkeep

enum SampleHost {
    static let now = UnixTime(seconds: 1_795_348_800)
    static let pair = UserFacts(name: "_pair", uid: 990, gid: 990, shell: "/usr/sbin/nologin", home: "/nonexistent")
    static let alice = UserFacts(name: "alice", uid: 1001, gid: 1001, shell: "/bin/bash", home: "/home/alice")
    static let root = UserFacts(name: "root", uid: 0, gid: 0, shell: "/bin/bash", home: "/root")

    static let toml = """
        space = "x"
        [[provider]]
        name = "idp"
        issuer = "https://idp.example.com"
        client_ids = ["x"]

        """

    static func configuration(_ more: String = "") throws(PolicyError) -> Configuration {
        try Configuration(parsing: Array((toml + more).utf8), file: "/etc/pair/pair.toml")
    }

    /// A path whose folders are root's, and what stands at its end.
    static func path(
        _ path: String, _ kind: FileKind = .regular, owner: UInt32 = 0, group: UInt32 = 0, mode: UInt32 = 0o644,
        end: PathFacts.End = .found
    ) -> PathFacts {
        var steps = [PathFacts.Step("/", .directory, mode: 0o755)]
        var passed = ""
        let components = path.split(separator: "/")
        for component in components.dropLast() {
            passed += "/\(component)"
            steps.append(PathFacts.Step(passed, .directory, mode: 0o755))
        }
        if end == .found { steps.append(PathFacts.Step(path, kind, owner: owner, group: group, mode: mode)) }
        return PathFacts(path, steps: steps, end: end)
    }

    static let command = "/usr/bin/pair-authkeys --user %u --uid %U --key %k --type %t"

    static func settings(_ changes: [String: String] = [:]) -> SSHDSettings {
        let values = [
            "pubkeyauthentication": "yes", "usepam": "yes", "permitrootlogin": "prohibit-password",
            "authorizedkeysfile": "none", "authorizedkeyscommand": command, "authorizedkeyscommanduser": "_pair",
            "trustedusercakeys": "none", "authenticationmethods": "any",
        ].merging(changes) { _, new in new }
        return SSHDSettings(parsing: values.map { "\($0) \($1)\n" }.sorted().joined())
    }

    /// sshd's files by their names.
    struct Files: SSHDFiles {
        let files: [String: String]
        func contents(of path: String) -> [UInt8]? { files[path].map { Array($0.utf8) } }
        func paths(matching pattern: String) -> [String] {
            files.keys.filter { SSHDPattern(pattern).matches($0) }.sorted()
        }
    }

    static let main = "/etc/ssh/sshd_config"
    static let ours = "/etc/ssh/sshd_config.d/10-pair.conf"
    static let dropIn = """
        AuthorizedKeysCommand \(command)
        AuthorizedKeysCommandUser _pair
        AuthorizedKeysFile none

        """

    static func sshd(_ changes: [String: String] = [:], files: [String: String] = [:]) -> SSHDFacts {
        var facts = SSHDFacts()
        facts.state = .asked
        facts.version = SSHDVersion(9, 2)
        facts.effective = ["alice", "root"].map { EffectiveSettings(login: $0, settings: settings(changes)) }
        let all = [main: "Include /etc/ssh/sshd_config.d/*.conf\n", ours: dropIn].merging(files) { _, new in new }
        facts.configuration = SSHDConfiguration(main, from: Files(files: all))
        return facts
    }

    static func login(
        _ user: UserFacts?, name: String = "alice", isGranted: Bool = true, hasShell: Bool = true,
        shadow: LoginFacts.Shadow? = LoginFacts.Shadow(isLocked: false, expires: nil), keysFiles: [PathFacts] = []
    ) -> LoginFacts {
        LoginFacts(
            name: name, isGranted: isGranted, user: user, hasShell: hasShell, shadow: shadow, keysFiles: keysFiles)
    }

    static func facts() throws(PolicyError) -> HostFacts {
        let settings = try configuration()
        var facts = HostFacts(
            now: now, isRoot: true, ownVersion: "0.1.0", configurationPath: "/etc/pair/pair.toml",
            configuration: .success(settings))
        facts.sshd = sshd()
        facts.programs = [ProgramFacts(path: path("/usr/bin/pair-authkeys", mode: 0o755), version: "0.1.0")]
        facts.commandUsers = ["_pair": pair]
        facts.files = [
            FileFacts(path: path("/etc/pair/pair.toml"), isNeeded: true),
            FileFacts(path: path("/etc/pair/members"), isNeeded: false),
            FileFacts(path: path("/etc/pair/revoked", end: .missing), isNeeded: false),
        ]
        facts.logins = [login(alice), login(root, name: "root", isGranted: false)]
        facts.providers = [
            ProviderFacts(
                provider: settings.providers[0], keySet: .counts(until: now + Seconds(80_000)),
                fetchedAt: now - Seconds(6400), refresh: nil,
                probe: ProviderProbe(failure: nil, ahead: Seconds(1), took: .milliseconds(80)))
        ]
        facts.schedule.isSystemdRunning = true
        facts.schedule.timer = .active
        facts.schedule.path = .active
        facts.schedule.wanted = path("/run/pair/refresh-wanted", group: 990, mode: 0o660)
        facts.log.path = path("/var/log/pair/access.jsonl", owner: 990, group: 4, mode: 0o640)
        facts.log.free = 1 << 30
        facts.log.rotation = RotationFacts(
            place: "/etc/logrotate.d/pair:6", directives: ["weekly", "create 0640 _pair adm"])
        facts.answer = AnswerFacts(user: "_pair", reason: "key-unknown", detail: "no account", took: .milliseconds(20))
        facts.record.accepted = 3
        facts.record.refused = [RecordFacts.Tally("not-a-member", 2)]
        return facts
    }
}

extension PathFacts {
    /// The same with a step replaced.
    func replacing(_ path: String, _ step: (Step) -> Step) -> PathFacts {
        PathFacts(self.path, steps: steps.map { $0.path == path ? step($0) : $0 }, end: end)
    }

    func owned(by owner: UInt32, at path: String) -> PathFacts {
        replacing(path) { Step($0.path, $0.kind, owner: owner, group: $0.group, mode: $0.mode) }
    }

    func with(mode: UInt32, at path: String) -> PathFacts {
        replacing(path) { Step($0.path, $0.kind, owner: $0.owner, group: $0.group, mode: mode) }
    }

    func with(_ kind: FileKind, at path: String) -> PathFacts {
        replacing(path) { Step($0.path, kind, owner: $0.owner, group: $0.group, mode: $0.mode) }
    }
}

extension ProviderFacts {
    func with(probe: ProviderProbe?) -> ProviderFacts {
        ProviderFacts(provider: provider, keySet: keySet, fetchedAt: fetchedAt, refresh: refresh, probe: probe)
    }

    func with(
        _ keySet: CachedKeySet.Condition, fetchedAt: UnixTime?, refresh: RefreshState? = nil
    ) -> ProviderFacts {
        ProviderFacts(provider: provider, keySet: keySet, fetchedAt: fetchedAt, refresh: refresh, probe: probe)
    }
}
