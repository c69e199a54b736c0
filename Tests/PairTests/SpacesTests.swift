import Foundation
import Testing

@testable import TestSupport

/// `pair spaces`, with pair-authkeys as judge of what it writes.
@Suite("pair spaces", .onTestHost)
struct SpacesTests {
    /// Who the fixture's token says is there.
    private static let alice = "alice@example.com"

    /// A host where the key of a fixture passes all but membership, whatever the clock shows.
    private func host(members: String? = nil) throws -> (host: TestHost, key: String) {
        let host = try TestHost()
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/ok-opkssh-certificate").path
        try FileManager.default.copyItem(atPath: "\(fixture)/keysets", toPath: host.at("keysets"))
        for path in ["keysets", "keysets/example.json"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: path == "keysets" ? 0o755 : 0o644], ofItemAtPath: host.at(path))
        }
        if let members { try host.write("members", members) }
        return (host, "@\(fixture)/key.pub")
    }

    // MARK: - What the decision makes of it

    @Test("whoever is allowed is in, whoever is denied or removed is out")
    func decides() throws {
        let (host, key) = try host()
        #expect(try host.decision(key, user: "alice") == "not-a-member")

        let allowed = try host.pair("spaces", "allow", Self.alice, "--provider", "example", "--login", "alice,deploy")
        #expect(allowed.status == 0, "\(allowed)")
        #expect(allowed.output == "added \(host.at("members")):1: build-box  \(Self.alice)  example  alice,deploy\n")
        #expect(try host.text("members") == "build-box  \(Self.alice)  example  alice,deploy\n")
        #expect(try host.decision(key, user: "alice") == "accepted")
        #expect(try host.decision(key, user: "deploy") == "accepted")
        #expect(try host.decision(key, user: "root") == "login-not-granted")

        #expect(try host.pair("spaces", "deny", "sub:user-1", "--provider", "example").status == 0)
        #expect(try host.pair("spaces", "deny", Self.alice, "--provider", "*").status == 0)
        #expect(try host.decision(key, user: "alice") == "denied")
        #expect(try host.pair("spaces", "remove", Self.alice, "--deny").status == 0)
        #expect(try host.pair("spaces", "remove", "sub:user-1", "--deny").status == 0)
        #expect(try host.decision(key, user: "alice") == "accepted")

        #expect(try host.pair("spaces", "remove", Self.alice, "--login", "alice").status == 0)
        #expect(try host.decision(key, user: "alice") == "login-not-granted")
        #expect(try host.decision(key, user: "deploy") == "accepted")
        #expect(try host.pair("spaces", "remove", Self.alice).status == 0)
        #expect(try host.decision(key, user: "deploy") == "not-a-member")
        #expect(try host.text("members").isEmpty)
    }

    @Test("what is done is done, with status 0, though nobody can be told")
    func unheard() throws {
        let (host, key) = try host()
        let run = try host.pairUnheard("spaces", "allow", Self.alice, "--provider", "example", "--login", "alice")
        #expect(run.status == 0, "\(run)")
        #expect(run.output.hasPrefix("added "))
        #expect(try host.decision(key, user: "alice") == "accepted")
    }

    @Test("options stand on the line for sshd")
    func givesOptions() throws {
        let (host, key) = try host()
        let run = try host.pair(
            "spaces", "allow", Self.alice, "--provider", "example", "--login", "alice", "--role", "on call", "--from",
            "10.0.0.0/8,::1", "--command", #"/bin/echo "a, b""#, "--no-pty", "--no-user-rc", "--until", "+100000d")
        #expect(run.status == 0, "\(run)")
        let explained = try host.explanation(key, user: "alice")
        #expect(explained.status == 0)
        for part in [
            "restrict,port-forwarding,agent-forwarding,", #"from="10.0.0.0/8,::1""#, #"command="/bin/echo \"a, b\"""#,
        ] {
            #expect(explained.output.contains(part), "\(explained)")
        }
        #expect(
            try host.pair(
                "spaces", "allow", Self.alice, "--provider", "example", "--login", "alice", "--replace", "--require",
                "amr:hardware"
            ).status == 0)
        #expect(try host.decision(key, user: "alice") == "not-a-member")
    }

    @Test("a grant for every Space, or for another one")
    func worksOnOtherSpaces() throws {
        let (host, key) = try host()
        let grant = ["spaces", "allow", Self.alice, "--provider", "example", "--login", "alice", "--space"]
        #expect(try host.pair(grant + ["web"]).status == 0)
        #expect(try host.decision(key, user: "alice") == "not-a-member")
        #expect(try host.pair(grant + ["*"]).status == 0)
        #expect(try host.decision(key, user: "alice") == "accepted")
        let elsewhere = try host.pair("spaces", "remove", Self.alice)
        #expect(elsewhere.status == 1)
        #expect(elsewhere.error.contains("Line 2 is for every Space: --space '*' takes it out."))
        #expect(try host.pair("spaces", "remove", Self.alice, "--space", "*").status == 0)
        #expect(try host.text("members") == "web  \(Self.alice)  example  alice\n")
    }

    // MARK: - The file

    private static let members = """
        # Ours, since 2026.\t
        build-box   alice@example.com   example    alice,deploy    role=owner

        web x y
        build-box   bob@example.com     okta       bob

        """

    @Test("comments, order and other lines stay byte for byte, and so do mode and owner")
    func keepsTheRest() throws {
        let (host, _) = try host(members: Self.members)
        let path = host.at("members")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o640, .ownerAccountID: 0, .groupOwnerAccountID: 60], ofItemAtPath: path)
        let added = "build-box  carol@example.com  okta  carol\n"
        #expect(
            try host.pair("spaces", "allow", "carol@example.com", "--provider", "okta", "--login", "carol").status == 0)
        #expect(try host.text("members") == Self.members + added)
        #expect(try host.pair("spaces", "remove", "bob@example.com").status == 0)
        #expect(
            try host.text("members")
                == Self.members.replacing("build-box   bob@example.com     okta       bob\n", with: "") + added)
        for name in ["members", "members-"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: host.at(name))
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o640)
            #expect((attributes[.groupOwnerAccountID] as? NSNumber)?.intValue == 60)
        }
        // As it was before the last change; nothing else is left behind.
        #expect(try host.text("members-") == Self.members + added)
        #expect(try host.names == ["keysets", "members", "members-", "members.lock", "pair.toml"])
    }

    @Test("--dry-run shows what patch makes of the file what the change would, and changes nothing")
    func showsDifference() throws {
        let (host, _) = try host(members: Self.members)
        let arguments = ["spaces", "remove", "alice@example.com", "--login", "deploy"]
        let run = try host.pair(arguments + ["--dry-run"])
        #expect(run.status == 0)
        #expect(run.error.contains("This would take a way in from:\n  alice@example.com (example): deploy"))
        #expect(try host.names == ["keysets", "members", "pair.toml"])
        #expect(try host.text("members") == Self.members)
        let scratch = try Scratch()
        try scratch.write(Array(Self.members.utf8), to: "members")
        try scratch.write(Array(run.output.utf8), to: "change")
        try scratch.run("patch", "-s", scratch.path("members"), scratch.path("change"))
        #expect(try host.pair(arguments).status == 0)
        #expect(try String(decoding: scratch.read("members"), as: UTF8.self) == host.text("members"))
    }

    @Test(
        "a file that the decision would not take is not touched",
        arguments: [
            "build-box a@b.c example a", "build-box a@b.c azure a\n", "build-box a@b.c\n",
            "build-box a@b.c example a\r\n",
        ])
    func refusesFaults(text: String) throws {
        let (host, key) = try host(members: text)
        #expect(try host.decision(key, user: "alice").hasPrefix("config-"))
        let run = try host.pair("spaces", "allow", Self.alice, "--provider", "example", "--login", "alice")
        #expect(run.status == 1)
        #expect(try host.text("members") == text)
        #expect(try host.names == ["keysets", "members", "pair.toml"])
    }

    @Test("a link is not followed, and a folder is no file")
    func refusesLinks() throws {
        let (host, _) = try host()
        try host.write("elsewhere", "")
        try FileManager.default.createSymbolicLink(
            atPath: host.at("members"), withDestinationPath: host.at("elsewhere"))
        let run = try host.pair("spaces", "allow", Self.alice, "--provider", "example", "--login", "alice")
        #expect(run.status == 1)
        #expect(run.error.contains("a regular file expected, a symbolic link found"), "\(run)")
        #expect(try host.text("elsewhere").isEmpty)
    }

    @Test("two writers at once lose nothing of each other's")
    func survivesConcurrency() throws {
        let (host, _) = try host(members: "# start\n")
        let writers = try (1...2).map { writer in
            try host.start(
                """
                for i in $(seq 1 50); do
                    "$PAIR" spaces allow "sub:\(writer)-$i" --provider okta --login games --config "$CONFIG"
                done
                """)
        }
        for writer in writers {
            writer.waitUntilExit()
            #expect(writer.terminationStatus == 0)
        }
        let lines = try host.text("members").split(separator: "\n").map(String.init)
        #expect(lines.count == 101 && lines.first == "# start")
        let expected = (1...2).flatMap { writer in (1...50).map { "build-box  sub:\(writer)-\($0)  okta  games" } }
        #expect(Set(lines.dropFirst()) == Set(expected))
        #expect(try host.names == ["keysets", "members", "members-", "members.lock", "pair.toml"])
    }

    @Test("who holds the lock is waited for")
    func waits() throws {
        let (host, _) = try host(members: "")
        let holder = try host.start(
            "exec flock \"$(dirname \"$CONFIG\")/members.lock\" -c 'echo x >\"$(dirname \"$CONFIG\")/held\"; sleep 1'")
        while !host.has("held") { usleep(10_000) }
        let run = try host.pair("spaces", "allow", Self.alice, "--provider", "okta", "--login", "games")
        #expect(run.status == 0)
        #expect(!holder.isRunning)
    }

    // MARK: - Locking out

    private static let roots = """
        build-box   alice@example.com   example    root
        build-box   bob@example.com     okta       root,games

        """

    @Test("the last way in for root is not taken in a script, unless --yes")
    func protectsRoot() throws {
        let (host, key) = try host(members: Self.roots)
        #expect(try host.pair("spaces", "remove", "bob@example.com").status == 0)
        let refused = try host.pair("spaces", "remove", Self.alice)
        #expect(refused.status == 1)
        #expect(
            refused.error == """
                This takes a way in from:
                  alice@example.com (example): root
                pair: nobody would be left who may enter as root
                Nothing was changed. Let somebody in first (`pair spaces allow`), or pass --yes.

                """)
        #expect(try host.decision(key, user: "root", uid: 0) == "accepted")
        let denied = try host.pair("spaces", "deny", "*@example.com", "--provider", "*")
        #expect(denied.status == 1 && denied.error.contains("nobody would be left who may enter as root"))
        #expect(try host.pair("spaces", "remove", Self.alice, "--yes").status == 0)
        #expect(try host.decision(key, user: "root", uid: 0) == "not-a-member")
    }

    @Test("what might refuse everybody who is left is told, too")
    func warnsOfDoubt() throws {
        let (host, _) = try host(members: Self.roots)
        let run = try host.pair("spaces", "deny", "group:contractors", "--provider", "*")
        #expect(run.status == 1)
        #expect(run.error.contains("everybody who may still enter as root might be refused"), "\(run)")
        #expect(try host.text("members") == Self.roots)
        // Of one provider, the other's people stay.
        #expect(try host.pair("spaces", "deny", "group:contractors", "--provider", "okta").status == 0)
    }

    @Test("the user behind sudo is protected as root is")
    func protectsInvoker() throws {
        let (host, _) = try host(members: "build-box bob@example.com okta games\n")
        let run = try host.pair("spaces", "remove", "bob@example.com", environment: ["SUDO_USER": "games"])
        #expect(run.status == 1)
        #expect(run.error.contains("nobody would be left who may enter as games"))
        #expect(try host.pair("spaces", "remove", "bob@example.com").status == 0)
    }

    @Test("on a terminal a person is asked", arguments: [("y\r", 0), ("\r", 1), ("no\r", 1)] as [(String, Int32)])
    func asks(typed: String, status: Int32) throws {
        let (host, _) = try host(members: "build-box bob@example.com okta root\n")
        let run = try host.pairOnTerminal(["spaces", "remove", "bob@example.com"], typing: typed)
        #expect(run.status == status, "\(run)")
        #expect(run.output.contains("nobody would be left who may enter as root"))
        #expect(try host.text("members").isEmpty == (status == 0))
    }

    // MARK: - Showing

    @Test("members are listed as they stand, what is over marked")
    func lists() throws {
        let (host, _) = try host(
            members: """
                build-box   alice@example.com   example    alice,deploy   role=owner,from="::1"
                *           sub:7               *          deny
                build-box   *@example.com       okta       {email-local}  until=2020-01-01T00:00:00Z
                web         bob@example.com     okta       bob

                """)
        let run = try host.pair("spaces", "members")
        #expect(
            run.output == """
                SPACE      LINE  IDENTITY           PROVIDER  LOGINS         OPTIONS
                build-box  1     alice@example.com  example   alice,deploy   role=owner from=::1
                *          2     sub:7              *         deny
                build-box  3     *@example.com      okta      {email-local}  over until=2020-01-01T00:00:00Z

                """)
        let deploy = try host.pair("spaces", "members", "--login", "deploy", "--json").json
        #expect(deploy.map { $0["line"] as? Int } == [1, 2, 3])
        #expect(deploy[0]["logins"] as? [String] == ["alice", "deploy"])
        #expect(deploy[0]["role"] as? String == "owner" && deploy[0]["expired"] as? Bool == false)
        #expect(deploy[1]["rule"] as? String == "deny" && deploy[1]["provider"] as? String == "*")
        #expect(deploy[2]["expired"] as? Bool == true)
        let root = try host.pair("spaces", "members", "--identity", "Alice@example.com", "--json").json
        #expect(root.map { $0["line"] as? Int } == [1, 3])
        #expect(
            try host.pair("spaces", "members", "--space", "web", "--json").json.map { $0["line"] as? Int } == [2, 4])
    }

    @Test("check finds faults in all files, says where, and ends with 2")
    func checks() throws {
        let (host, _) = try host(
            members: """
                build-box alice@example.com azure root
                build-box bob@example.com okta nobody-here
                build-box
                build-box sub:1 okta root
                build-box sub:1 okta root no-pty

                """)
        try host.write("accounts", "team x\nteam cert-authority nothing\n")
        try host.write("revoked", "key SHA256:x\nidentity azure sub:1\n")
        let run = try host.pair("spaces", "check", "--json")
        #expect(run.status == 2)
        let found = run.json.map { finding in
            let name = (finding["file"] as? String ?? "").split(separator: "/").last ?? ""
            return "\(name):\(finding["line"] as? Int ?? 0) \(finding["severity"] ?? "") \(finding["code"] ?? "")"
        }
        #expect(
            found
                == [
                    "members:1 error fault", "members:2 warning login-unknown", "members:3 error fault",
                    "members:4 warning login-root", "members:5 warning grant-shadowed", "members:5 warning login-root",
                    "accounts:1 error fault", "accounts:2 error fault", "revoked:1 error fault",
                    "revoked:2 error fault",
                    "pair.toml:5 note provider-unused",
                ], "\(found)")
        let text = try host.pair("spaces", "check").output
        #expect(
            text.contains("\(host.at("members")):1:29: error: pair.toml has no provider \"azure\"\n    Correct it"),
            "\(text)")
    }

    @Test("check ends with 0 where all is in order, with 1 where --strict minds a warning")
    func checksStrictly() throws {
        let (host, _) = try host(members: "build-box sub:1 okta games\nbuild-box sub:2 example games\n")
        let good = try host.pair("spaces", "check", "--strict")
        #expect(good.status == 0 && good.output == "0 errors, 0 warnings, 0 notes\n", "\(good)")
        try host.write("members", "build-box sub:1 okta games\nbuild-box sub:2 example root\n")
        #expect(try host.pair("spaces", "check").status == 0)
        #expect(try host.pair("spaces", "check", "--strict").status == 1)
    }

    @Test("check finds files that sshd's run would not take, and ones that it cannot read")
    func checksFiles() throws {
        let (host, key) = try host(members: "build-box sub:1 okta games\nbuild-box sub:2 example games\n")
        let manager = FileManager.default
        let rows: [([FileAttributeKey: Any], String, Int32)] = [
            ([.posixPermissions: 0o666], "file", 2), ([.posixPermissions: 0o600], "file-unreadable", 0),
            ([.posixPermissions: 0o644, .ownerAccountID: 65_534], "file", 2),
        ]
        for (attributes, code, status) in rows {
            try manager.setAttributes([.posixPermissions: 0o644, .ownerAccountID: 0], ofItemAtPath: host.at("members"))
            try manager.setAttributes(attributes, ofItemAtPath: host.at("members"))
            let run = try host.pair("spaces", "check", "--json")
            #expect(run.status == status && run.json.map { $0["code"] as? String } == [code], "\(run)")
        }
        #expect(try host.decision(key, user: "alice") != "accepted")
        try manager.removeItem(atPath: host.at("members"))
        #expect(try host.pair("spaces", "check").status == 0)
        try host.write("pair.toml", "members = \"gone\"\n" + TestHost.toml)
        #expect(try host.pair("spaces", "check", "--json").json.contains { $0["code"] as? String == "file" })
        try host.write("pair.toml", "spaec = \"x\"\n" + TestHost.toml)
        let broken = try host.pair("spaces", "check", "--json")
        #expect(broken.status == 2 && broken.json.map { $0["code"] as? String } == ["fault"], "\(broken)")
        try manager.removeItem(atPath: host.at("pair.toml"))
        #expect(try host.pair("spaces", "check").status == 2)
    }

    @Test(
        "what cannot be is refused, with what to do",
        arguments: [
            (["allow", "alice", "--login", "a"], "which provider is not said"),
            (["allow", "alice", "--provider", "okta", "--login", "a"], "IDENTITY: an e-mail"),
            (["allow", "a@b.c", "--provider", "azure", "--login", "a"], "pair.toml has no provider \"azure\""),
            (["allow", "a@b.c", "--provider", "okta", "--login", "a,"], "LOGINS: logins separated by commas"),
            (["allow", "a@b.c", "--provider", "okta", "--login", "deny"], "LOGINS: logins separated by commas"),
            (
                ["allow", "a@b.c", "--provider", "okta", "--login", "a", "--until", "soon"],
                "until: 2026-12-31T00:00:00Z or"
            ),
            (["allow", "a@b.c", "--provider", "okta", "--login", "a", "--until", "2020-01-01T00:00:00Z"], "is over"),
            (
                ["allow", "a@b.c", "--provider", "okta", "--login", "a", "--require", "x"],
                "require: require=CLAIM:VALUE"
            ),
            (["remove", "a@b.c"], "no such line"), (["deny", "a@b.c"], "which provider is not said"),
        ] as [([String], String)])
    func refuses(arguments: [String], message: String) throws {
        let (host, _) = try host(members: Self.members)
        let run = try host.pair(["spaces"] + arguments)
        #expect(run.status == 1 && run.error.contains(message), "\(run)")
        #expect(run.output.isEmpty)
        #expect(try host.text("members") == Self.members)
    }
}
