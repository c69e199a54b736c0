// The host, the provider and the people that the end-to-end tests log in with: Tests/Lab, driven from Swift.

import Foundation
import Testing

/// A throw-away host with a running sshd that asks pair-authkeys, and a running OpenID provider.
struct Lab: Sendable {
    /// Everything of the host is in here; the same layout as `Tests/Lab/host.py` says.
    let folder: String
    let issuer: String
    /// The local users: `alice` and `deploy` with the folder's suffix, so that two labs never share one.
    let alice: String
    let deploy: String
    /// The people's program, as everybody here can run it.
    let pair: String

    @TaskLocal static var current: Lab?

    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    static let tool = "\(repository)/Tests/Lab/lab"
    static let environment = ProcessInfo.processInfo.environment

    /// The program under test: $PAIR_AUTHKEYS, else what `swift test` built beside the tests.
    static let program = environment["PAIR_AUTHKEYS"] ?? "\(repository)/.build/debug/pair-authkeys"

    /// The people's program under test: $PAIR, else what `swift test` built beside the tests.
    static let peoplesProgram = environment["PAIR"] ?? "\(repository)/.build/debug/pair"

    /// Where the lab's Python is; people here have homes of their own.
    static let cache = environment["PAIR_LAB_CACHE"] ?? "\(NSHomeDirectory())/.cache/pair-lab"

    static let mustRun = environment["CI"] == "true"

    /// Why the lab cannot run here; nil if it can.
    static let obstacle: Comment? = {
        if NSUserName() != "root" { return "needs root: sshd, local users" }
        for needed in ["/usr/sbin/sshd", "\(cache)/venv/bin/python"] where !isProgram(needed) {
            return "needs \(needed): scripts/install-deps lab"
        }
        for needed in [program, peoplesProgram] where !isProgram(needed) {
            return "needs \(needed): scripts/test release"
        }
        return nil
    }()

    static func isProgram(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// Runs `body` in a lab, and removes the lab whatever happens.
    ///
    /// $PAIR_LAB names a new host that the caller made.
    static func run(_ body: @Sendable () async throws -> Void) async throws {
        if let obstacle { throw Unavailable(description: "\(obstacle)") }
        let folder =
            if let made = environment["PAIR_LAB"] { made } else { try await Command.output(of: tool, "host", "new") }
        let outcome: Result<Void, any Error>
        do {
            let lab = try await Lab(startedIn: folder)
            outcome = .success(try await $current.withValue(lab, operation: body))
        } catch {
            outcome = .failure(error)
        }
        _ = try await Command.output(of: tool, "host", "remove", folder)
        try outcome.get()
    }

    private init(startedIn folder: String) async throws {
        self.folder = folder
        let suffix = folder.split(separator: "-").last ?? ""
        alice = "pair-alice-\(suffix)"
        deploy = "pair-deploy-\(suffix)"
        // Where all local users can run it.
        pair = "\(folder)/bin/pair"
        try FileManager.default.copyItem(atPath: Lab.peoplesProgram, toPath: pair)
        issuer = try await Command.output(of: Lab.tool, "provider", "start", "\(folder)/provider")
        _ = try await Command.output(of: Lab.tool, "host", "login", folder, alice, deploy)
        _ = try await Command.output(of: Lab.tool, "host", "start", folder, Lab.program)
    }
}

struct Unavailable: Error, CustomStringConvertible {
    let description: String
}

// MARK: The host's files

extension Lab {
    var config: String { "\(folder)/etc/pair.toml" }
    var members: String { "\(folder)/etc/members" }
    var keySet: String { "\(folder)/keysets/lab.json" }
    var accessLog: String { "\(folder)/log/access.jsonl" }
    var sshdLog: String { "\(folder)/sshd/sshd.log" }
    var refreshWanted: String { "/run/pair/refresh-wanted" }

    /// The helper's flags as sshd has them, for `login`.
    func helper(login: String, key: String, type: String) -> [String] {
        ["\(folder)/bin/pair-authkeys", "--user", login, "--key", key, "--type", type, "--config", config]
    }

    /// Puts the lab into a known state: the host's files anew, the provider running, its key set fetched.
    ///
    /// Unless `members` says otherwise, alice may log in as `alice` and the group `ops` as `deploy`.
    func configure(
        provider: String = "",
        clients: [String] = ["pair-cli"],
        members: [String]? = nil,
        revoked: [String] = [],
        log: String = ""
    ) async throws {
        for file in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/etc") {
            try FileManager.default.removeItem(atPath: "\(folder)/etc/\(file)")
        }
        try write(
            """
            space = "lab"
            keysets = "\(folder)/keysets"
            [[provider]]
            name = "lab"
            issuer = "\(issuer)"
            client_ids = [\(clients.map { "\"\($0)\"" }.joined(separator: ", "))]
            \(provider)
            [log]
            file = "\(accessLog)"
            syslog = false
            \(log)
            """, to: config)
        let grants = members ?? ["lab alice@example.org lab \(alice)", "lab group:ops lab \(deploy)"]
        try write(grants.joined(separator: "\n"), to: self.members)
        if !revoked.isEmpty { try write(revoked.joined(separator: "\n"), to: "\(folder)/etc/revoked") }
        try await startProvider()
        try await fetchKeySet()
    }

    func write(_ text: String, to path: String) throws {
        try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    }

    func contents(of path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
}

// MARK: The provider and the people

/// A person's Keys as the lab's sign-in wrote them, or a key pair of nobody.
struct Keys: Sendable {
    /// The private key's path; `.pub` and `-cert.pub` stand beside it.
    let path: String
    let publicPath: String

    /// The three words of what ssh offers: type, base64, comment.
    func offered() throws -> [Substring] {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: publicPath)), as: UTF8.self).split(separator: " ")
    }
}

extension Lab {
    /// Signs `person` in at the provider; `more` goes to `Tests/Lab/sign_in.py`.
    func signIn(_ person: String, _ more: String...) async throws -> Keys {
        let path = "\(folder)/keys/\(person)"
        let arguments = ["sign-in", "--issuer", issuer, "--user", person, "--out", path] + more
        let command = try await Command.run([Lab.tool] + arguments)
        guard command.status == 0 else { throw CommandFailed(command: command) }
        return Keys(path: path, publicPath: "\(path)-cert.pub")
    }

    func plainKey() async throws -> Keys {
        let path = "\(folder)/keys/plain-\(UUID())"
        _ = try await Command.output(of: "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path)
        return Keys(path: path, publicPath: "\(path).pub")
    }

    func fetchKeySet() async throws {
        _ = try await Command.output(of: Lab.tool, "keyset", issuer, keySet)
    }

    /// Has it run with that life of its ID tokens, in seconds, and with these of Tests/Lab/oddities.py and no others.
    func startProvider(idTokenLife: Int = 300, _ oddities: String...) async throws {
        let start = [Lab.tool, "provider", "start", "\(folder)/provider", "--id-token-life", "\(idTokenLife)"]
        _ = try await Command.output(of: start + oddities.map { "--\($0)" })
    }

    func stopProvider() async throws {
        _ = try await Command.output(of: Lab.tool, "provider", "stop", "\(folder)/provider")
    }

    /// Runs `body` while the provider takes connections and answers none.
    func withFrozenProvider<Value>(_ body: () async throws -> Value) async throws -> Value {
        let file = try contents(of: "\(folder)/provider/provider.pid")
        let pid = try #require(file.split(separator: " ").first.flatMap { pid_t($0) })
        kill(pid, SIGSTOP)
        defer { kill(pid, SIGCONT) }
        return try await body()
    }

    /// The provider signs with a new key, and no longer publishes the old one unless that is kept.
    func rotateProviderKey(isOldKept: Bool = false) async throws {
        let rotate = [Lab.tool, "provider", "rotate", "\(folder)/provider"]
        _ = try await Command.output(of: rotate + (isOldKept ? [] : ["--drop"]))
    }
}

// MARK: Ports

extension Lab {
    var providerPort: Int { Int(issuer.split(separator: ":").last ?? "") ?? 0 }

    func sshdPort() throws -> Int {
        let port = try contents(of: "\(folder)/ssh_config").firstMatch(of: /Port (\d+)/)?.1
        return try #require(port.flatMap { Int($0) })
    }

    /// A loopback port that nothing listens on.
    func freePort() async throws -> Int {
        let script = "import processes; print(processes.free_port())"
        let folder = "\(Lab.repository)/Tests/Lab"
        let port = try await Command.output(
            of: "env", "PYTHONPATH=\(folder)", "\(Lab.cache)/venv/bin/python", "-B", "-c", script)
        return try #require(Int(port))
    }
}

// MARK: Judging

extension Lab {
    /// What Python says of Keys that should live `lifetime` seconds (Tests/Lab/check_keys.py).
    func judge(_ keys: Keys, lifetime: Int = 300) async throws -> Command {
        try await Command.run(
            [Lab.tool, "check-keys", keys.path, "--keyset", keySet, "--lifetime", "\(lifetime)"])
    }
}
