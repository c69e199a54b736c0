import Encodings
import Fleet
import Foundation
import Policy
import Testing

@testable import Upkeep

/// `pair host refresh` and what follows it on a host that follows a policy, as they are built.
@Suite("pair host refresh of a policy", .server, .serialized) struct PolicyCommandTests {
    /// The programs go by this machine's clock.
    private func policyHost(_ more: String = "", providers: Bool = false) throws -> PolicyHost {
        var host = try PolicyHost(more, providers: providers)
        host.now = UnixTime(seconds: Int64(Date().timeIntervalSince1970))
        return host
    }

    private func json(_ run: Run) throws -> [[String: Any]] {
        try run.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test("tells of the policy behind the providers, and ends by the worse of both")
    func table() async throws {
        let host = try policyHost(providers: true)
        let none = try await host.host.run()
        #expect(none.status == 2)
        #expect(none.output.hasSuffix("\npolicy: none that counts\n"))
        #expect(none.error.hasPrefix("pair: policy: \(host.host.server.origin)/store/\(host.host.name): status 200"))
        #expect(none.error.contains("\nPublish a policy there (pair fleet publish)"))
        #expect(none.error.hasSuffix("Nobody can log in until one is applied.\n"))

        try await host.publish(try host.policy(1))
        let applied = try await host.host.run()
        #expect(applied.status == 0 && applied.error.isEmpty, "\(applied)")
        #expect(applied.output.contains(/\npolicy 1: applied, counts for (1 h|5\d min.*)\n$/), "\(applied)")
        #expect(try await host.host.run("--if-due", "--quiet").description == "status 0\n\n")

        try await host.publish(try host.policy(2))
        // Those that are named are asked, and nobody else.
        #expect(try json(await host.host.run("--json", "idp")).count == 1)
        let objects = try json(await host.host.run("--json"))
        #expect(objects.count == 2)
        #expect(objects.last?["serial"] as? Int == 2)
        #expect(objects.last?["change"] as? String == "new")
        #expect(objects.last?["file"] as? String == host.path)

        try await host.publish(try host.policy(1))
        let old = try await host.host.run("--quiet")
        #expect(old.status == 1 && old.output.isEmpty)
        let lines = old.error.split(separator: "\n")
        #expect(lines.first?.hasSuffix("policy: serial 2 or higher expected, 1 found") == true, "\(old)")
        #expect(lines.last?.contains("Policy 2 still counts, for ") == true, "\(old)")
        #expect(try await host.host.run("--if-due", "--quiet").description == "status 1\n\n")
    }

    @Test("whoever a policy lets in enters after a refresh, and is out after the next")
    func logins() async throws {
        let fixture = "\(Program.repository)/Fixtures/ok-opkssh-certificate"
        let host = try policyHost()
        let folder = host.host.folder
        for name in ["keysets", "key.pub"] {
            try FileManager.default.copyItem(atPath: "\(fixture)/\(name)", toPath: "\(folder)/\(name)")
        }
        let grant = "build-box  alice@example.com  example  alice\n"
        let source = try #require(try host.host.configuration.policySource)
        try host.host.write(
            """
            space = "build-box"
            keysets = "keysets"
            [[provider]]
            name = "example"
            issuer = "https://login.example.com"
            client_ids = ["pair-ssh"]
            [policy_source]
            url = "\(source.name.string)"
            file = "lib/policy"
            """, to: "\(folder)/login.toml")
        try host.host.write(
            "space = \"build-box\"\n[policy_source]\nurl = \"\(source.name.string)\"\nfile = \"lib/policy\"\n",
            to: host.host.path)
        let now = try String(contentsOfFile: "\(fixture)/now", encoding: .utf8).dropLast()
        // At the fixture's time, when the policies must count as well, wherever this machine's clock stands.
        let lasting: Int64 = 100 * 365 * 86400
        func decision() async throws -> String {
            let asked = [
                Program.built("pair-authkeys"), "--user", "alice", "--uid", "1001", "--key", "@\(folder)/key.pub",
                "--config", "\(folder)/login.toml", "--at", String(now), "--json",
            ]
            let run = try await Program.run(asked)
            let report = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
            return try #require(report["reason"] as? String, "\(run)")
        }
        try await host.publish(try host.policy(1, members: grant, lasting: lasting))
        #expect(try await decision() == "policy-missing")
        #expect(try await host.host.run().status == 0)
        #expect(try await decision() == "accepted")
        try await host.publish(try host.policy(2, members: "", lasting: lasting))
        #expect(try await decision() == "accepted")
        #expect(try await host.host.run().status == 0)
        #expect(try await decision() == "not-a-member")
        try await host.publish(Array("no policy\n".utf8))
        #expect(try await host.host.run().status == 1)
        #expect(try await decision() == "not-a-member")
    }

    @Test("one that is killed before any call that changes a file leaves the old policy or the new one, whole")
    func killedAtEachStep() async throws {
        let host = try policyHost()
        let library = "\(host.host.folder)/killing.so"
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("killing.c")
        let compiled = try await Program.run(["cc", "-shared", "-fPIC", "-o", library, source.path, "-ldl"])
        try #require(compiled.status == 0, "\(compiled)")
        let allowed = try AllowedSigners(parsing: host.host.read("\(host.host.folder)/allowed_signers"))
        var serial: UInt64 = 1
        try await host.publish(try host.policy(serial))
        #expect(try await host.host.run().status == 0)
        var (step, old, new) = (0, 0, 0)
        while true {
            step += 1
            let members = String(repeating: "# policy \(serial + 1)\n", count: 20_000)
            try await host.publish(try host.policy(serial + 1, members: members))

            let run = try await host.host.start(
                under: ["env", "LD_PRELOAD=\(library)", "KILL_AT=\(step)"]
            ).run
            let file = try #require(host.applied)
            let policy = try VerifiedPolicy(
                try SignedPolicy(parsing: file), allowed: allowed, minimumSerial: serial, at: host.now)
            guard run.status == 137 else {
                #expect(run.status == 0 && policy.bundle.serial == serial + 1, "\(run)")
                break
            }
            #expect([serial, serial + 1].contains(policy.bundle.serial))
            if policy.bundle.serial == serial { old += 1 } else { new += 1 }
            serial = policy.bundle.serial
        }
        print("killed at each of \(step - 1) steps: \(old) times the old policy, \(new) times the new one")
        #expect(old >= 10 && new >= 5)
        let names = try FileManager.default.subpathsOfDirectory(atPath: "\(host.host.folder)/lib").sorted()
        #expect(names == [".refresh", ".refresh/policy.json", ".refresh/policy.lock", "policy"])
    }
}
