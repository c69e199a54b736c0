// `pair host setup` and `pair host remove` on a machine of its own, with Debian's sshd and a real provider.

import Foundation
import Testing

extension EndToEnd {
    @Suite("pair host setup")
    struct HostSetup {
        let lab: Lab

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.startProvider()
        }

        private func isIn(_ login: Command) -> Bool { login.status == 0 && login.output == "deploy\n" }

        private func isRefused(_ login: Command) -> Bool {
            login.status == 255 && login.error.contains("Permission denied (publickey")
        }

        @Test("one command takes a bare machine to logins with Keys, and another takes it back")
        func wholeLife() async throws {
            let machine = try await Machine(lab)
            let own = try await lab.plainKey()
            try await machine.authorize(own, in: "/home/deploy/.ssh/authorized_keys", owner: "deploy")
            try await machine.startSSHD()
            #expect(isIn(try await machine.login(with: own)))
            let before = try await machine.listing()
            let alice = try await lab.signIn("alice")

            let setup = try await machine.setUp()
            #expect(setup.status == 0, "\(setup)")
            #expect(
                setup.error.contains(
                    "This shuts out, for new logins:\n  deploy: 1 key in /home/deploy/.ssh/authorized_keys"))
            for line in [
                "ok  trial login: deploy with a granted key got in\n",
                "ok  trial login: deploy with a key in its own authorized_keys was refused\n",
                "ok  kill -HUP ", "for 1 login, as `sshd -T` says", "Keep this shell open",
            ] { #expect(setup.output.contains(line), "\(line) in \(setup)") }

            #expect(isRefused(try await machine.login(with: own)))
            let login = try await machine.login(with: alice)
            #expect(isIn(login), "\(login)")
            #expect(isRefused(try await machine.login(with: try await lab.signIn("bob"))))
            let record = try await machine.contents(of: "/var/log/pair/access.jsonl")
            #expect(
                record.contains("\"decision\":\"accept\"") && record.contains("\"reason\":\"not-a-member\""),
                "\(record)")
            // Nothing of the trial is left: neither a policy nor a key nor a process.
            #expect(try await machine.shell("ls -A /var/lib/pair") == "setup.json\nsetup.lock\n")

            let remove = try await machine.run("pair", "host", "remove", "--purge")
            #expect(remove.status == 0, "\(remove)")
            #expect(remove.error.contains("Keys that count again:\n  deploy: 1 in /home/deploy/.ssh/authorized_keys"))
            #expect(isIn(try await machine.login(with: own)))
            #expect(isRefused(try await machine.login(with: alice)))
            let after = try await machine.listing()
            #expect(after == before, "\(after.difference(from: before))")
            #expect(try await machine.run("pair", "host", "remove").status == 1)
        }

        @Test("a second run finds all of it so already, a dry run changes nothing, and removal keeps policy and log")
        func again() async throws {
            let machine = try await Machine(lab)
            let bare = try await machine.listing()
            let dry = try await machine.setUp("--dry-run")
            #expect(dry.status == 0, "\(dry)")
            for part in [
                "useradd --system --no-create-home", "+issuer     = \"\(lab.issuer)\"", "+Match User deploy\n",
                "+    AuthorizedKeysFile none\n", "  alice@example.org  lab  deploy  role=owner",
            ] { #expect(dry.output.contains(part), "\(part) in \(dry)") }
            #expect(try await machine.listing() == bare)

            #expect(try await machine.setUp("--no-trial").status == 0)
            let before = try await machine.listing()
            let second = try await machine.run("pair", "host", "setup", "--no-trial", "--json")
            #expect(second.status == 0, "\(second)")
            #expect(second.output.hasPrefix("{\"changed\":false,"), "\(second)")
            let after = try await machine.listing()
            #expect(after == before, "\(after.difference(from: before))")

            // Somebody more, as somebody else: one line in members, one name in the drop-in.
            let more = try await machine.run(
                "pair", "host", "setup", "--no-trial", "--member", "group:ops", "--login", "other")
            #expect(more.status == 0, "\(more)")
            let dropIn = try await machine.contents(of: "/etc/ssh/sshd_config.d/10-pair.conf")
            #expect(dropIn.contains("\nMatch User deploy,other\n"), "\(dropIn)")
            #expect(
                try await machine.contents(of: "/etc/pair/members").contains("  group:ops  lab  other  role=owner\n"))

            try await machine.shell("echo '# mine' >>/etc/ssh/sshd_config.d/10-pair.conf")
            let remove = try await machine.run("pair", "host", "remove")
            #expect(remove.status == 0, "\(remove)")
            #expect(try await machine.shell("ls /etc/ssh/sshd_config.d") == "10-pair.conf.removed\n50-port.conf\n")
            #expect(
                try await machine.shell("ls /etc/pair /var/log/pair; id -un _pair").contains("members\npair.toml\n"))
            #expect(try await machine.run("test", "-e", "/etc/cron.d/pair").status == 1)
            #expect(try await machine.run("test", "-e", "/var/cache/pair").status == 1)
        }

        /// What is wrong with a machine, and what set-up says of it.
        struct Fault: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let damage: String
            var flags: [String] = []
            var login = "deploy"
            let said: [String]
        }

        /// A program that stands in the place of another, for what is not asked of it there.
        private static func fake(_ program: String, _ cases: String) -> String {
            """
            cp \(program) /usr/local/bin/real
            cat >/usr/local/bin/fake <<'END'
            #!/bin/sh
            \(cases)
            exec /usr/local/bin/real "$@"
            END
            chmod 755 /usr/local/bin/fake
            mount --bind /usr/local/bin/fake \(program)
            """
        }

        static let faults = [
            Fault(
                testDescription: "a login that is not there", damage: "", login: "nobody-here",
                said: ["login \"nobody-here\": this machine has no such user"]),
            Fault(
                testDescription: "a provider that is down", damage: "",
                flags: ["--issuer", "http://127.0.0.1:9", "--client-id", "x", "--provider", "down"],
                said: ["down: http://127.0.0.1:9/.well-known/openid-configuration"]),
            Fault(
                testDescription: "a main file without Include",
                damage: "sed -i /Include/d /etc/ssh/sshd_config",
                said: [
                    "/etc/ssh/sshd_config: includes no folder such as /etc/ssh/sshd_config.d",
                    "Put `Include /etc/ssh/sshd_config.d/*.conf` into its first line",
                ]),
            Fault(
                testDescription: "an sshd that knows no Include",
                damage: fake("/usr/sbin/sshd", "[ \"$1\" = -V ] && echo OpenSSH_8.1p1 >&2 && exit 0"),
                said: ["sshd 8.1: Include needs 8.2 or newer"]),
            Fault(
                testDescription: "a Match block of the main file that comes first",
                damage: """
                    printf 'Match User deploy\\n AuthorizedKeysCommand /bin/false\\n AuthorizedKeysCommandUser root\\nMatch all\\n' \
                    | cat - /etc/ssh/sshd_config >/tmp/pair-machine && cp /tmp/pair-machine /etc/ssh/sshd_config
                    rm /tmp/pair-machine
                    rm /etc/ssh/sshd_config.d/50-port.conf
                    """,
                said: [
                    "/etc/ssh/sshd_config:2: for deploy, authorizedkeyscommand is \"/bin/false\" in spite of the drop-in"
                ]),
            Fault(
                testDescription: "a main file that sets AuthorizedKeysFile before Include, for every login",
                damage: "sed -i '1i AuthorizedKeysFile /etc/keys/%u' /etc/ssh/sshd_config", flags: ["--all"],
                said: [
                    "/etc/ssh/sshd_config:1: for ", "authorizedkeysfile is \"/etc/keys/%u\" in spite of the drop-in",
                ]),
            Fault(
                testDescription: "a login that AllowUsers leaves out",
                damage: "echo 'AllowUsers other' >/etc/ssh/sshd_config.d/60-allow.conf",
                said: [
                    "trial login: a granted login as deploy was refused: \"User deploy from 127.0.0.1 not allowed because",
                    "Nothing was changed.",
                ]),
            Fault(
                testDescription: "a helper that a group can write", damage: "chmod g+w /usr/local/bin/pair-authkeys",
                said: ["/usr/local/bin/pair-authkeys: cannot be run by sshd: "]),
            Fault(
                testDescription: "a useradd that fails", damage: fake("/usr/sbin/useradd", "exit 9"),
                said: ["/usr/sbin/nologin _pair` ended with status 9"]),
            Fault(
                testDescription: "a folder of drop-ins that cannot be written",
                damage:
                    "mount --bind /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d; mount -o remount,ro,bind /etc/ssh/sshd_config.d",
                flags: ["--no-trial"], said: ["/etc/ssh/sshd_config.d/10-pair.conf"]),
            Fault(
                testDescription: "a policy for another Space",
                damage: """
                    install -d /etc/pair
                    printf 'space = "x"\\n[[provider]]\\nname = "p"\\nissuer = "https://p.example"\\nclient_ids = ["c"]\\n' \
                    >/etc/pair/pair.toml
                    """, flags: ["--space", "y"],
                said: ["/etc/pair/pair.toml: it is for the Space \"x\", and \"y\" was asked for"]),
        ]

        @Test("what is wrong is named, and the machine is as it was", arguments: faults)
        func undoes(_ fault: Fault) async throws {
            let machine = try await Machine(lab)
            try await machine.shell(fault.damage)
            let before = try await machine.listing()
            // Of an option that is given twice, the last one counts.
            let setup = try await machine.run(machine.setUpCommand(login: fault.login) + fault.flags)
            #expect(setup.status == 1, "\(setup)")
            #expect(setup.output.isEmpty)
            for words in fault.said { #expect(setup.error.contains(words), "\(words) in \(setup)") }
            #expect(!setup.error.contains("could not be undone"), "\(setup)")
            let after = try await machine.listing()
            #expect(after == before, "\(after.difference(from: before))")
        }
    }
}
