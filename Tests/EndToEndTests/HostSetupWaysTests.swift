// The ways in which `pair host setup` can be asked for something, on a machine of its own.

import Foundation
import Testing

extension EndToEnd {
    @Suite("the ways of pair host setup")
    struct HostSetupWays {
        let lab: Lab

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.startProvider()
        }

        private func isIn(_ login: Command) -> Bool { login.status == 0 && login.output == "deploy\n" }

        @Test("keys that were kept go on to work until they are not, and a key for emergencies does then")
        func gently() async throws {
            let machine = try await Machine(lab)
            let own = try await lab.plainKey()
            let emergency = try await lab.plainKey()
            try await machine.authorize(own, in: "/home/deploy/.ssh/authorized_keys", owner: "deploy")
            try await machine.startSSHD()
            let gentle = try await machine.setUp("--keep-authorized-keys")
            #expect(gentle.status == 0, "\(gentle)")
            // The same key in the same place as where it is refused: so the trial can tell.
            #expect(gentle.output.contains("with a key in its own authorized_keys got in, as was asked for"))
            #expect(gentle.output.contains("note  Keys in a login's own authorized_keys still count: "))
            #expect(isIn(try await machine.login(with: own)))
            #expect(isIn(try await machine.login(with: try await lab.signIn("alice"))))

            let strict = try await machine.run("pair", "host", "setup", "--break-glass")
            #expect(strict.status == 0, "\(strict)")
            #expect(strict.output.contains("in its own authorized_keys was refused"))
            #expect(try await machine.login(with: own).status == 255)
            #expect(try await machine.login(with: emergency).status == 255)
            try await machine.shell("install -m 644 \(emergency.publicPath) /etc/pair/break-glass/deploy")
            #expect(isIn(try await machine.login(with: emergency)))

            let again = try await machine.run("pair", "host", "setup", "--keep-authorized-keys")
            #expect(again.status == 0, "\(again)")
            #expect(again.error.contains("/etc/pair/break-glass/deploy"), "what will not count is said: \(again)")
            #expect(isIn(try await machine.login(with: own)))
            #expect(try await machine.login(with: emergency).status == 255)
            try await machine.stopSSHD()
        }

        @Test("a drop-in that sets the same is gone past; what cannot be outweighed is named, for every login")
        func displaced() async throws {
            let machine = try await Machine(lab)
            try await machine.write(
                "AuthorizedKeysCommand /bin/false\nAuthorizedKeysCommandUser root\n",
                to: "/etc/ssh/sshd_config.d/20-systemd-userdb.conf")
            try await machine.write(
                "Match User deploy\n  AuthorizedKeysFile /etc/keys/%u\n", to: "/etc/ssh/sshd_config.d/05-corp.conf")
            let setup = try await machine.setUp("--no-trial")
            #expect(setup.status == 0, "\(setup)")
            #expect(setup.output.contains("/etc/ssh/sshd_config.d/00-pair.conf"))
            let settings = try await machine.shell(
                "sshd -T -C user=deploy,host=x,addr=10.0.0.1 | grep ^authorizedkeys")
            #expect(
                settings == """
                    authorizedkeyscommand /usr/local/bin/pair-authkeys --user %u --uid %U --key %k --type %t
                    authorizedkeyscommanduser _pair
                    authorizedkeysfile none

                    """)
            // A Match block outweighs what is set outside of one, wherever that stands.
            let before = try await machine.listing()
            let all = try await machine.setUp("--all", "--no-trial")
            #expect(all.status == 1)
            #expect(
                all.error.contains(
                    "05-corp.conf:2: for deploy, authorizedkeysfile is \"/etc/keys/%u\" in spite of the drop-in\n"),
                "\(all)")
            #expect(try await machine.listing() == before)
            try await machine.shell("rm /etc/ssh/sshd_config.d/05-corp.conf")
            #expect(try await machine.setUp("--all", "--no-trial").status == 0)
            for login in ["deploy", "other", "root"] {
                let settings = try await machine.shell("sshd -T -C user=\(login),host=x,addr=10.0.0.1")
                #expect(settings.contains("\nauthorizedkeysfile none\n"), "\(login)")
            }
        }

        @Test("who looks after the machine is not locked out unless they say so")
        func lockedOut() async throws {
            let machine = try await Machine(lab)
            try await machine.authorize(try await lab.plainKey(), in: "/root/.ssh/authorized_keys", owner: "root")
            let before = try await machine.listing()
            let preview = try await machine.setUp("--all", "--dry-run")
            #expect(preview.status == 0)
            #expect(preview.error.contains("asks before it goes on: nothing would let in root by key any more."))
            let setup = try await machine.setUp("--all")
            #expect(setup.status == 1)
            #expect(
                setup.error.contains("nothing would let in root by key any more\nNothing was changed. Grant them"),
                "\(setup)")
            #expect(try await machine.listing() == before)
        }

        @Test("what is missing is named where nobody can be asked, and asked for where somebody can")
        func questions() async throws {
            let machine = try await Machine(lab)
            let silent = try await machine.run("pair", "host", "setup")
            #expect(silent.status == 1)
            #expect(
                silent.error.hasPrefix(
                    "pair: not said, and nobody to ask: --issuer, --client-id, --member, --login\n"), "\(silent)")

            let typed = try machine.start(
                ["script", "-qec", "pair host setup --no-trial", "/dev/null"], isTypedTo: true)
            for (question, answer) in [
                ("Name of this Space", "no good!"), ("expected: letters, digits", "build-box"),
                ("Issuer of your OpenID provider", lab.issuer), ("Client id there", "pair-cli"),
                ("Who may enter", "alice@example.org"), ("As which local user", "missing"),
                ("expected: a user of this machine", "deploy"),
            ] {
                let asked = try await awaited { typed.said.contains(question) ? true : nil }
                #expect(asked == true, "\(question) in \(typed.said)")
                try typed.type(answer)
            }
            let setup = try await typed.ended()
            #expect(setup.status == 0, "\(setup)")
            #expect(
                try await machine.contents(of: "/etc/pair/members").contains(
                    "build-box  alice@example.org  local  deploy  role=owner\n"))
        }

        @Test("a signal has it undo everything, and one that cannot be heeded is made good by the next run")
        func signals() async throws {
            let machine = try await Machine(lab)
            let before = try await machine.listing()
            for signal in [SIGTERM, SIGKILL] {
                try await lab.withFrozenProvider {
                    let setup = try machine.start(machine.setUpCommand() + ["--no-trial"])
                    // It waits for the provider by then.
                    let isThere = try await awaited {
                        try await machine.run("test", "-e", "/etc/pair/members").status == 0 ? true : nil
                    }
                    #expect(isThere == true)
                    try setup.send(signal)
                    // What SIGTERM finds it waiting for comes to its end first, out of this.
                    if signal == SIGKILL { _ = try await setup.ended() }
                }
                if signal == SIGTERM {
                    let isGone = try await awaited {
                        try await machine.run("test", "-e", "/var/lib/pair").status == 1 ? true : nil
                    }
                    #expect(isGone == true)
                    #expect(try await machine.listing() == before)
                }
            }
            #expect(try await machine.run("test", "-e", "/var/lib/pair/setup.journal").status == 0)
            let next = try await machine.setUp("--no-trial")
            #expect(next.status == 0, "\(next)")
            #expect(next.error.contains("An earlier set-up was cut short; what it had done is undone.\n"))
            #expect(next.output.contains("ok  user _pair\n"), "\(next)")
            #expect(try await machine.run("pair", "host", "remove", "--purge").status == 0)
            #expect(try await machine.listing() == before)
        }

        @Test(
            "where no mount is allowed, the login's own keys are left untried, which is said; a killed trial leaves nothing"
        )
        func withoutMount() async throws {
            let machine = try await Machine(lab)
            try await machine.shell(
                """
                printf '#!/bin/sh\\nexit 1\\n' >/usr/local/bin/fake
                chmod 755 /usr/local/bin/fake
                mount --bind /usr/local/bin/fake /usr/bin/unshare
                """)
            let before = try await machine.listing()
            let setup = try await machine.setUp("--json")
            #expect(setup.status == 0, "\(setup)")
            #expect(
                setup.output.contains(#""trial":{"login":"deploy","granted":"accepted","own_keys":"untried"}"#),
                "\(setup)")

            #expect(try await machine.run("pair", "host", "remove", "--purge").status == 0)
            // A trial that hangs: ssh never comes to its end, and neither does what waits for it.
            try await machine.shell(
                """
                printf '#!/bin/sh\\nexec sleep 10\\n' >/usr/local/bin/slow
                chmod 755 /usr/local/bin/slow
                mount --bind /usr/local/bin/slow /usr/bin/ssh
                """)
            let stuck = try machine.start(machine.setUpCommand())
            let pid = try await awaited {
                try? await machine.shell("test -e /var/lib/pair/trial/sshd.pid && cat /var/lib/pair/trial/sshd.pid")
            }
            let sshd = try #require(pid.flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
            try stuck.send(SIGKILL)
            _ = try await stuck.ended()
            #expect(kill(sshd, 0) == 0)
            try await machine.shell("umount /usr/bin/ssh")
            #expect(try await machine.run("pair", "host", "remove").status == 1)
            let isGone = try await awaited { kill(sshd, 0) == 0 ? nil : true }
            #expect(isGone == true)
            let after = try await machine.listing()
            #expect(after == before, "\(after.difference(from: before))")
        }

        @Test("sessions that are open go on")
        func sessions() async throws {
            let machine = try await Machine(lab)
            let own = try await lab.plainKey()
            try await machine.authorize(own, in: "/home/deploy/.ssh/authorized_keys", owner: "deploy")
            try await machine.startSSHD()
            let session = try Running(
                [
                    "ssh", "-F", "/dev/null", "-i", own.path, "-p", "\(machine.port)", "-o", "BatchMode=yes", "-o",
                    "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                    "-o", "IdentitiesOnly=yes", "deploy@127.0.0.1", "echo open; cat",
                ], isTypedTo: true)
            #expect(try await awaited { session.said.contains("open") ? true : nil } == true)
            #expect(try await machine.setUp("--no-trial").status == 0)
            try session.type("still here")
            #expect(try await awaited { session.said.contains("still here") ? true : nil } == true)
            try session.send(SIGTERM)
            try await machine.stopSSHD()
        }
    }
}
