// `pair host setup` and `remove` on a machine that follows a fleet's policy.

import Foundation
import Testing

extension EndToEnd.HostSetup {
    @Test("a fleet's host is set up without a member, lets in whom its policy names, and is taken back with that left")
    func ofFleet() async throws {
        let machine = try await Machine(lab)
        let members = "build-box  alice@example.org  lab  deploy\n"
        let policy = """
            pair-policy 1
            serial 7
            created 2026-01-01T00:00:00Z
            expires 9999-12-31T00:00:00Z
            members \(members.utf8.count)
            accounts 0
            revoked 0

            \(members)
            """
        try await machine.write(
            """
            space = "build-box"
            [[provider]]
            name = "lab"
            issuer = "\(lab.issuer)"
            client_ids = ["pair-cli"]
            [policy_source]
            url = "https://127.0.0.1:9/policy"

            """, to: "/etc/pair/pair.toml")
        try await machine.write(policy, to: "/var/lib/pair/policy")
        try await machine.startSSHD()
        let alice = try await lab.signIn("alice")

        let member = try await machine.run(
            "pair", "host", "setup", "--member", "bob@example.org", "--login", "deploy", "--no-trial")
        #expect(member.status == 1)
        #expect(
            member.error.contains(
                "/etc/pair/pair.toml: who may enter is said by the policy of [policy_source], not here"), "\(member)")

        let setup = try await machine.run("pair", "host", "setup", "--login", "deploy")
        #expect(setup.status == 0, "\(setup)")
        #expect(setup.output.contains("ok  trial login: deploy with a granted key got in\n"), "\(setup)")
        #expect(try await machine.shell("ls /etc/pair") == "pair.toml\n")
        let login = try await machine.login(with: alice)
        #expect(login.status == 0 && login.output == "deploy\n", "\(login)")
        #expect(try await machine.login(with: try await lab.signIn("bob")).status == 255)
        let record = try await machine.contents(of: "/var/log/pair/access.jsonl")
        #expect(record.contains("\"policy\":7,") && record.contains("\"reason\":\"not-a-member\""), "\(record)")

        for flags in [[], ["--purge"]] {
            let remove = try await machine.run(["pair", "host", "remove"] + flags)
            #expect(remove.status == 0, "\(remove)")
            #expect(remove.output.contains("/var/lib/pair/policy"), "\(remove)")
            #expect(try await machine.contents(of: "/var/lib/pair/policy") == policy)
            #expect(try await machine.shell("ls /etc/pair") == "pair.toml\n")
        }
    }
}
