import Foundation
import Testing

/// The sandbox around a whole run: what is needed is still to be had, and what is missing of it changes no decision.
@Suite(.onHost) struct ConfinementTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
    private static let kinds = [
        "ok-rs", "ok-ps", "ok-es", "ok-ed", "ok-ca-", "ok-account-key", "ok-refreshed", "ok-2000-groups",
        "ok-blob-at-cap", "ok-256-principals", "a05-", "a21-", "a22-", "a24-plain-key", "fault-members", "fault-key",
        "ok-policy", "policy-", "fault-policy-line",
    ]

    /// Logins by every algorithm and with files and inputs of every kind, of every size.
    private static let fixtures: [String] = {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "\(Program.repository)/Fixtures")) ?? []
        return all.filter { name in kinds.contains { name.hasPrefix($0) } }.sorted()
    }()

    @Test("confined, each login is decided as it is replayed without: every algorithm, every kind of file")
    func decisions() async throws {
        #expect(Self.fixtures.count > 80)
        for fixture in Self.fixtures {
            let host = try Host(fixture)
            let flags = try JSONDecoder().decode([String].self, from: Data(try host.text("argv").utf8))
            let asked = flags + ["--config", host.at("pair.toml"), "--at", try host.now, "--json"]
            let run = try await host.run(asked, in: host.folder)
            let report = try run.json
            let reason = report["reason"] as? String ?? ""
            let found =
                switch report["decision"] as? String {
                case "accept": report["line"] as? String ?? ""
                case "refuse": "refused: \(reason)"
                default: "fault: \(reason)"
                }
            #expect(try found == host.expected, "\(fixture): \(run)")
            let parts = try #require(report["sandbox"] as? [[String: String]])
            #expect(parts.prefix(2).allSatisfy { $0["outcome"] == "pass" }, "\(fixture): \(parts)")
        }
    }

    @Test("--json has each part of the sandbox, in the shape of a check")
    func report() async throws {
        let host = try Host()
        let parts = try #require(try await host.run(try host.trial + ["--json"]).json["sandbox"] as? [[String: String]])
        #expect(parts.compactMap { $0["name"] } == ["no_new_privs", "seccomp", "Landlock"])
        #expect(parts.allSatisfy { Set($0.keys) == ["name", "outcome", "detail"] })
        #expect(parts.prefix(2).allSatisfy { $0["outcome"] == "pass" && $0["detail"] == "in force" })
    }

    struct Lacking: Sendable, CustomStringConvertible {
        let description: String
        let errno: Int32
        /// `landlock_create_ruleset` has one number on all machines.
        let calls: [Int]
        let sandbox: String
    }

    #if arch(x86_64)
        private static let seccomp = 317
    #else
        private static let seccomp = 277
    #endif

    private static let lacking = [
        Lacking(
            description: "neither", errno: ENOSYS, calls: [444, seccomp],
            sandbox: "no_new_privs; no seccomp: Function not implemented; "
                + "no Landlock: this kernel has none, or a container hides it"),
        Lacking(
            description: "no Landlock", errno: ENOSYS, calls: [444],
            sandbox: "no_new_privs, seccomp; no Landlock: this kernel has none, or a container hides it"),
        Lacking(
            description: "Landlock switched off", errno: EOPNOTSUPP, calls: [444],
            sandbox: "no_new_privs, seccomp; no Landlock: this kernel has it switched off (its parameter lsm=)"),
        Lacking(
            description: "a folder that cannot be excepted", errno: EINVAL, calls: [445],
            sandbox: "no_new_privs, seccomp; no Landlock: Invalid argument"),
    ]

    @Test("what the kernel lacks is told to a person, and changes neither the line nor the record", arguments: lacking)
    func poorKernel(_ row: Lacking) async throws {
        let host = try Host.atAnyTime()
        let wrapper = ["python3", "\(Self.folder)/without.py", "\(row.errno)"] + row.calls.map(String.init) + ["--"]
        let run = try await host.run(under: wrapper, try host.question)
        #expect(run.status == 0 && run.output.hasPrefix("restrict,") && run.error.isEmpty, "\(run)")
        #expect(try host.text("access.jsonl").contains("\"decision\":\"accept\""))
        let explained = try await host.run(under: wrapper, try host.question + ["--explain"])
        #expect(explained.output.contains("\nsandbox: \(row.sandbox)\n"), "\(explained)")
    }

    @Test("confined, a run still writes to the log and to syslog, and asks for a refresh")
    func outlets() async throws {
        let host = try Host.atAnyTime(log: "file = \"access.jsonl\"")
        try host.write("pair.toml", try host.text("pair.toml").replacing("syslog = false", with: "syslog = true"))
        let wrapper = ["python3", "\(Self.folder)/outlets.py"]
        let accepted = try await host.run(under: wrapper, try host.question)
        let record = try #require(try host.text("access.jsonl").split(separator: "\n").first)
        let lines = accepted.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("restrict,") == true, "\(accepted)")
        #expect(lines.dropFirst().first == "status 0")
        #expect(lines.dropFirst(2).first?.hasPrefix("log <86>pair-authkeys[") == true, "\(accepted)")
        #expect(lines.dropFirst(2).first?.hasSuffix("]: \(record)") == true, "\(accepted)")
        #expect(lines.dropFirst(3) == ["not poked"])

        try FileManager.default.removeItem(atPath: host.at("keysets/example.json"))
        let refused = try await host.run(under: wrapper, try host.question)
        #expect(refused.output.hasPrefix("status 0\nlog <86>pair-authkeys["), "\(refused)")
        #expect(refused.output.contains("\"reason\":\"keyset-missing\""))
        #expect(refused.output.hasSuffix("\npoked\n"), "\(refused)")
    }

    @Test("libcrypto is as the host has configured it: its settings are read before they cannot be any more")
    func libcryptoSettings() async throws {
        let host = try Host("ok-rs256-rsa")
        let settings = """
            openssl_conf = start
            [start]
            providers = providers
            [providers]
            base = on
            [on]
            activate = 1

            """
        let file = "\(host.folder)-openssl.cnf"
        try Data(settings.utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let plain = try await host.run(try host.trial)
        #expect(try plain.status == 0 && plain.output == host.expected + "\n")
        // The base provider alone has no algorithm to verify a signature with.
        let run = try await host.run(try host.trial, environment: ["OPENSSL_CONF": file])
        #expect(run.status == 2 && run.output.isEmpty, "\(run)")
    }

    private static let zone = "/usr/share/zoneinfo/Asia/Kathmandu"

    @Test(
        "an end in local time is by the host's own zone where TZ does not say: its file is read before it cannot be",
        .enabled(if: [zone, "/etc/localtime"].allSatisfy(FileManager.default.fileExists), "needs tzdata"))
    func localTime() async throws {
        let host = try Host()
        try host.append("pair.toml", "[line]\nexpiry_time = \"local\"\n")
        let script = "mount --bind \(Self.zone) \"$(readlink -f /etc/localtime)\" && exec \"$@\""
        let run = try await host.run(under: ["unshare", "--mount", "sh", "-c", script, "sh"], try host.trial)
        // 12:04 UTC, and five hours and three quarters.
        #expect(run.output.contains("expiry-time=\"20261122174900\""), "\(run)")
    }

    @Test("a members file that is replaced while others log in is read anew, wherever its name leads")
    func replaced() async throws {
        let host = try Host.atAnyTime()
        let script = """
            cd "$1" && shift
            (while cp members new && mv new members; do :; done) &
            for run in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$@" || echo "status $?"; done
            kill $!
            """
        let run = try await host.run(under: ["sh", "-c", script, "sh", host.folder], try host.question)
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 20)
        #expect(lines.allSatisfy { $0.hasPrefix("restrict,") }, "\(run)")
        #expect(run.error.isEmpty)
    }
}
