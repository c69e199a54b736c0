import Foundation
import Testing

/// A host that follows a fleet's policy, as sshd asks there.
@Suite(.onHost) struct PolicySourceTests {
    private static let members = "build-box  alice@example.com  example  alice\n"

    /// A host whose applied policy has these parts.
    private func host(_ policy: String?, source: String = "") async throws -> Host {
        let host = try Host.atAnyTime()
        try FileManager.default.removeItem(atPath: host.at("members"))
        try host.append(
            "pair.toml",
            "[policy_source]\nurl = \"https://policy.example.com/policy\"\nfile = \"policy\"\n\(source)\n")
        if let policy { try host.write("policy", policy) }
        return host
    }

    private static func policy(
        members: String = members, accounts: String = "", revoked: String = "", expires: String = "9999-12-31"
    ) -> String {
        """
        pair-policy 1
        serial 7
        created 2026-01-01T00:00:00Z
        expires \(expires)T00:00:00Z
        members \(members.utf8.count)
        accounts \(accounts.utf8.count)
        revoked \(revoked.utf8.count)

        \(members)\(accounts)\(revoked)
        """
    }

    @Test("who the policy lets in enters, and leaves a record")
    func accepted() async throws {
        let host = try await host(Self.policy())
        let run = try await host.run(try host.question)
        #expect(run.status == 0 && run.output.hasPrefix("restrict,") && run.error.isEmpty, "\(run)")
        let record = try host.text("access.jsonl")
        #expect(record.contains("\"decision\":\"accept\"") && record.contains("\"policy\":7,"), "\(record)")
    }

    @Test("without a policy, and with one whose end and grace are past, nobody enters: status 0, the reason in the log")
    func refused() async throws {
        let old = Self.policy(expires: "2026-01-02")
        for (policy, source, reason, isKnown) in [
            (nil, "", "policy-missing", false), ("# a members file\n", "", "policy-malformed", false),
            (old, "", "policy-expired", true), (old, "grace = \"1h\"", "policy-expired", true),
        ] {
            let host = try await host(policy, source: source)
            let run = try await host.run(try host.question)
            #expect(run.status == 0 && run.output.isEmpty && run.error.isEmpty, "\(reason): \(run)")
            let record = try host.text("access.jsonl")
            #expect(record.contains("\"reason\":\"\(reason)\""), "\(record)")
            #expect(record.contains("\"policy\":7,") == isKnown, "\(record)")
            #expect(record.contains("\"policy\":") == isKnown, "\(record)")
        }
        // More than nine hundred years, which this test will not see the end of.
        let lasting = try await host(old, source: "grace = \"333333d\"")
        #expect(try await lasting.run(try lasting.question).output.hasPrefix("restrict,"))
    }

    @Test("a person who asks is told what the policy's end was, and what to do")
    func explained() async throws {
        let host = try await host(Self.policy(expires: "2026-01-02"), source: "grace = \"1h\"")
        let run = try await host.run(try host.question + ["--explain"])
        #expect(run.status == 1)
        #expect(
            run.output.hasSuffix(
                """
                refused: policy-expired: policy 7 counted until 2026-01-02T01:00:00Z, 1 h of grace included
                Publish a newer policy (pair fleet build, sign, publish), then run pair host refresh.

                """), "\(run)")
        #expect(run.output.contains("FAIL  revoked keys  "), "\(run)")
    }

    @Test("a line that does not parse is a fault at the policy's part and the line in it")
    func place() async throws {
        let host = try await host(Self.policy(members: Self.members + "build-box bob\n"))
        let run = try await host.run(try host.question)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.error.hasPrefix("pair-authkeys: config-syntax: \(host.at("policy")):members:2:"), "\(run)")
    }

    @Test("a policy that others could have written is a fault", arguments: [0o664, 0o646])
    func unsafe(_ mode: Int) async throws {
        let host = try await host(Self.policy())
        try host.set(mode: mode, of: host.at("policy"))
        let run = try await host.run(try host.question)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.error.hasPrefix("pair-authkeys: config-unsafe: \(host.at("policy")): writable by"), "\(run)")
    }

    @Test("while policies take each other's place, no login sees the revoked of one beside the members of the other")
    func neverAMixture() async throws {
        let lists = Self.policy(revoked: "identity example alice@example.com\n" + comments)
        let grantsNothing = Self.policy(members: comments)
        let host = try await host(lists)
        let script = """
            import os, sys
            for name, text in zip("ab", sys.argv[2:]): open(sys.argv[1] + name, "w").write(text)
            while os.path.exists(sys.argv[1] + "go"):
                for name in "ab":
                    os.link(sys.argv[1] + name, sys.argv[1] + "new")
                    os.rename(sys.argv[1] + "new", sys.argv[1])
            """
        try host.write("policygo", "")
        async let swapping = Program.run(
            under: ["python3", "-c", script], [host.at("policy"), lists, grantsNothing])
        var reasons: [String: Int] = [:]
        for _ in 0..<100 {
            let run = try await host.run(try host.question + ["--json"])
            reasons[try run.json["reason"] as? String ?? "\(run)", default: 0] += 1
        }
        try FileManager.default.removeItem(atPath: host.at("policygo"))
        // On a busy machine it is ended before that (see `Program`), and has by then swapped often enough.
        let status = try await swapping.status
        #expect([0, 9, 137].contains(status), "\(status)")
        #expect(Set(reasons.keys) == ["revoked-identity", "not-a-member"], "\(reasons)")
    }

    /// So much that a swap falls between two readings now and then.
    private var comments: String { String(repeating: "# nothing but a remark\n", count: 5000) }
}
