// `pair host doctor` and `pair host explain` on a real host: sshd, files, users, provider, log, sessions.

import Foundation
import Testing

extension EndToEnd {
    @Suite("the doctor")
    struct Doctor {
        let lab: Lab

        init() async throws {
            lab = try #require(Lab.current)
            // Once for all tests here: each leaves the files as they were, and other suites make all of them anew.
            guard !FileManager.default.fileExists(atPath: "\(lab.folder)/etc/doctor") else { return }
            try await lab.configure()
            try lab.write("", to: "\(lab.folder)/etc/doctor")
            // Faults that other tests caused would count.
            try FileHandle(forWritingTo: URL(fileURLWithPath: lab.accessLog)).truncate(atOffset: 0)
        }

        // MARK: - Running it

        struct Line: Decodable, Sendable, Equatable {
            let check: String
            let code: String
            let verdict: String
            let text: String
            let mend: String?
        }

        private struct Diagnosis: Decodable {
            let verdict: String
            let lines: [Line]
        }

        /// What a machine has beside the lab: cron and logrotate, each in a mount that nobody else sees.
        private var machine: String {
            """
            mount -t tmpfs tmpfs /etc/cron.d
            mount -t tmpfs tmpfs /etc/logrotate.d
            echo '* * * * * root \(lab.pair) host refresh --if-due --if-wanted --quiet' >/etc/cron.d/pair
            printf '%s {\\n  weekly\\n  create 0640 _pair adm\\n}\\n' \(lab.accessLog) >/etc/logrotate.d/pair
            """
        }

        private var arguments: [String] {
            [lab.pair, "host", "doctor", "--config", lab.config, "--sshd-config", "\(lab.folder)/sshd/sshd_config"]
        }

        /// Runs the doctor after `script`, which alone sees what it mounts.
        private func run(_ more: [String] = [], after script: String = "") async throws -> Command {
            try await Command.run(
                ["unshare", "--mount", "sh", "-ec", "\(machine)\n\(script)\nexec \"$@\"", "sh"] + arguments + more)
        }

        /// The lines that are not ok, and the status.
        private func diagnose(
            _ more: [String] = ["--offline"], after script: String = ""
        ) async throws -> (faults: [Line], status: Int32) {
            let command = try await run(["--json"] + more, after: script)
            let diagnosis = try? JSONDecoder().decode(Diagnosis.self, from: Data(command.output.utf8))
            let lines = try #require(diagnosis, "\(command)").lines
            return (lines.filter { $0.verdict != "ok" }, command.status)
        }

        /// Runs `body`, then `mend`, and puts back the host's files.
        private func keeping(mend: String = "true", _ body: () async throws -> Void) async throws {
            _ = try await Command.output(
                of: "sh", "-ec", "cd $1; rm -rf aside; mkdir aside; cp -a etc keysets aside", "sh", lab.folder)
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body())
            } catch {
                outcome = .failure(error)
            }
            _ = try await Command.output(
                of: "sh", "-ec", "\(mend); cd $1; rm -rf etc keysets; mv aside/* .", "sh", lab.folder)
            try outcome.get()
        }

        private func expect(
            _ faults: [Line], _ check: String, _ code: String, _ text: String, _ mend: String,
            at location: SourceLocation = #_sourceLocation
        ) {
            #expect(faults.map(\.check) == [check], "\(faults)", sourceLocation: location)
            #expect(faults.map(\.code) == [code], "\(faults)", sourceLocation: location)
            #expect(faults.first?.text.contains(text) == true, "\(faults)", sourceLocation: location)
            #expect(faults.first?.mend?.contains(mend) == true, "\(faults)", sourceLocation: location)
        }

        // MARK: - A host that is in order

        @Test("a host that is in order is all ok, and nothing on it changes")
        func wellHost() async throws {
            let folders = ["etc", "keysets", "log", "bin", "home"].map { "\(lab.folder)/\($0)" }
            let list = ["find"] + folders + ["/run/pair", "-printf", "%p %m %u %g %s %T@\n"]
            let before = try await Command.output(of: list)
            let command = try await run(["--strict"])
            #expect(command.status == 0, "\(command)")
            #expect(command.output.hasSuffix("\n\nall ok\n"), "\(command)")
            let checks = command.output.split(separator: "\n").filter { $0.hasPrefix("ok ") }
            #expect(checks.count == 19, "\(command)")
            #expect(try await Command.output(of: list) == before)
            let quiet = try await run(["--quiet"])
            #expect(quiet.output.isEmpty && quiet.status == 0, "\(quiet)")
        }

        // MARK: - Faults that a shell makes

        struct Fault: Sendable, CustomTestStringConvertible {
            let check: String
            let code: String
            /// Of the text and of the mend, with $F for the lab's folder, $A and $D for its logins.
            let text: String
            let mend: String
            /// What makes the fault, in a mount that nobody else sees, and then what undoes the rest.
            let damage: String
            var undoing = "true"
            var testDescription: String { "\(code): \(damage)" }
        }

        static let faults = [
            Fault(
                check: "program", code: "program-unsafe", text: "$F/bin is writable by group",
                mend: "chmod go-w $F/bin",
                damage: "chmod g+w $F/bin", undoing: "chmod g-w $F/bin"),
            Fault(
                check: "files", code: "file-unsafe", text: "$F/etc/members is owned by uid",
                mend: "chown root $F/etc/members",
                damage: "chown _pair $F/etc/members", undoing: "chown root $F/etc/members"),
            Fault(
                check: "files", code: "file-unreadable", text: "the user _pair may not read $F/etc/members",
                mend: "chmod o+r $F/etc/members", damage: "chmod 600 $F/etc/members"),
            Fault(
                check: "policy", code: "policy-errors", text: "1 error",
                mend: "pair spaces check --config $F/etc/pair.toml",
                damage: "echo 'lab nobody' >>$F/etc/members"),
            Fault(
                check: "logins", code: "login-unknown", text: "nobody-here is granted", mend: "useradd",
                damage: "echo 'lab sub:1 lab nobody-here' >>$F/etc/members"),
            Fault(
                check: "logins", code: "login-nologin", text: "$A: the shell is /usr/sbin/nologin",
                mend: "usermod --shell /bin/bash $A", damage: "usermod -s /usr/sbin/nologin $A",
                undoing: "usermod -s /bin/bash $A"),
            Fault(
                check: "logins", code: "login-locked", text: "$D is locked", mend: "usermod --password '*' $D",
                damage: "usermod -L $D", undoing: "usermod -p '*' $D"),
            Fault(
                check: "key-set", code: "key-set-stale", text: "lab: ", mend: "pair host refresh lab --config $F",
                damage: "sed -i -E 's/(\"fetched_at\": *)[0-9]+/\\11700000000/' $F/keysets/lab.json"),
            Fault(
                check: "key-set", code: "key-set-future", text: "in the future", mend: "Set the host's clock",
                damage: "sed -i -E 's/(\"fetched_at\": *)[0-9]+/\\14000000000/' $F/keysets/lab.json"),
            Fault(
                check: "key-set", code: "key-set-missing", text: "there is no key set", mend: "pair host refresh lab",
                damage: "rm $F/keysets/lab.json"),
            Fault(
                check: "log", code: "log-unwritable", text: "the user _pair may not write $F/log/access.jsonl",
                mend: "chown _pair:adm $F/log/access.jsonl", damage: "chown root $F/log/access.jsonl",
                undoing: "chown _pair $F/log/access.jsonl"),
            Fault(
                check: "log", code: "log-disk-full", text: "is full", mend: "Make room",
                damage: """
                    mount -t tmpfs -o size=64k,mode=755 tmpfs $F/log
                    install -o _pair -g adm -m 640 /dev/null $F/log/access.jsonl
                    dd if=/dev/zero of=$F/log/filler bs=1k count=100 2>/dev/null || true
                    """),
            Fault(
                check: "log", code: "log-unwritable", text: "is read-only", mend: "Mount",
                damage: "mount --bind $F/log $F/log; mount -o remount,ro,bind $F/log"),
            Fault(
                check: "rotation", code: "rotation-create",
                text: "/etc/logrotate.d/pair:1: the new log is made for \"root\"",
                mend: "create 0640 _pair adm", damage: "sed -i 's/_pair/root/' /etc/logrotate.d/pair"),
            Fault(
                check: "refresh", code: "refresh-unscheduled", text: "no timer", mend: "/etc/cron.d/pair",
                damage: "rm /etc/cron.d/pair"),
            Fault(
                check: "answer", code: "answer-fault", text: "says config-", mend: "setpriv --reuid=_pair",
                damage: "echo broken >$F/etc/accounts"),
        ]

        @Test("a fault that is made is named, with the command that mends it", arguments: faults)
        func named(_ fault: Fault) async throws {
            func filled(_ text: String) -> String {
                text.replacing("$F", with: lab.folder).replacing("$A", with: lab.alice).replacing(
                    "$D", with: lab.deploy)
            }
            try await keeping(mend: filled(fault.undoing)) {
                let (found, status) = try await diagnose(after: filled(fault.damage))
                // A line of accounts that is not one is an error of the policy, too.
                let faults = found.filter { fault.code != "answer-fault" || $0.check != "policy" }
                expect(faults, fault.check, fault.code, filled(fault.text), filled(fault.mend))
                #expect(status == (faults.contains { $0.verdict == "wrong" } ? 2 : 0))
            }
        }

        @Test("a program that others could have written is not run, and named")
        func foreignProgram() async throws {
            let program = "\(lab.folder)/bin/pair-authkeys"
            let exchange = """
                mv $1 $1.aside
                printf '#!/bin/sh\\ntouch %s.ran\\n' $1 >$1
                chmod 775 $1
                """
            _ = try await Command.output(of: "sh", "-ec", exchange, "sh", program)
            let faults = try? await diagnose().faults
            let hasRun = FileManager.default.fileExists(atPath: "\(program).ran")
            _ = try await Command.output(of: "sh", "-ec", "mv $1.aside $1; rm -f $1.ran", "sh", program)
            expect(
                faults ?? [], "program", "program-unsafe", "\(program) is writable by group", "chmod go-w \(program)")
            #expect(!hasRun)
        }

        // MARK: - sshd

        struct Displacement: Sendable, CustomTestStringConvertible {
            let name: String
            /// Files of the configuration, below `$F/displaced`; `$C` is our command.
            let files: [String: String]
            let check: String
            let code: String
            let text: String
            var testDescription: String { name }
        }

        private static let rest =
            "AuthorizedKeysCommandUser _pair\nAuthorizedKeysFile none\nUsePAM no\nHostKey $F/sshd/host_key\n"

        static let displacements = [
            Displacement(
                name: "a drop-in that sorts earlier",
                files: [
                    "main": "Include $F/displaced/*.conf\n" + rest,
                    "05-other.conf": "AuthorizedKeysCommand /bin/false %u\n",
                    "10-pair.conf": "AuthorizedKeysCommand $C\n",
                ],
                check: "command", code: "command-displaced",
                text: "(/displaced/05-other.conf:1); ours stands in /displaced/10-pair.conf:1"),
            Displacement(
                name: "a Match block",
                files: [
                    "main": "AuthorizedKeysCommand $C\n" + rest
                        + "Match User $A,$D\n  AuthorizedKeysCommand /bin/false %u\n"
                ],
                check: "command", code: "command-displaced", text: "(/displaced/main:7, Match User $A,$D)"),
            Displacement(
                name: "a Match block of ours for others",
                files: ["main": rest + "Match User bob\n  AuthorizedKeysCommand $C\n"],
                check: "command", code: "command-missing",
                text: "ours stands in /displaced/main:6, for Match User bob alone"),
            Displacement(
                name: "AuthorizedKeysFile as it is by default",
                files: [
                    "main": "AuthorizedKeysCommand $C\n"
                        + rest.replacing(
                            "AuthorizedKeysFile none", with: "AuthorizedKeysFile /etc/pair-none/%u .ssh/authorized_keys"
                        )
                ],
                check: "keys-file", code: "keys-file-writable",
                text: "$A may write /home/$A/.ssh/authorized_keys"),
            Displacement(
                name: "a user that there is not",
                files: ["main": "AuthorizedKeysCommand $C\n" + rest.replacing("User _pair", with: "User _nobody-here")],
                check: "user", code: "user-missing", text: "there is no user \"_nobody-here\""),
            Displacement(
                name: "a line that sshd does not know",
                files: ["main": "AuthorizedKeysCommand $C\nNoSuchThing yes\n" + rest],
                check: "sshd", code: "sshd-configuration", text: "sshd does not take"),
            Displacement(
                name: "a token that it does not know",
                files: ["main": "AuthorizedKeysCommand $C --fingerprint %D\n" + rest],
                check: "command", code: "command-token-unknown", text: "does not know the token %D"),
        ]

        @Test("what displaces us in sshd's configuration is named, with file and line", arguments: displacements)
        func displaced(_ row: Displacement) async throws {
            let isOld = try await Command.run(["/usr/sbin/sshd", "-V"]).error.contains("OpenSSH_9.2")
            // An sshd that knows the token has nothing to be told.
            if row.code == "command-token-unknown", !isOld { return }
            let folder = "\(lab.folder)/displaced"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let command = "\(lab.folder)/bin/pair-authkeys --user %u --uid %U --key %k --type %t --config \(lab.config)"
            func filled(_ text: String) -> String {
                text.replacing("$C", with: command).replacing("$F", with: lab.folder).replacing("$A", with: lab.alice)
                    .replacing("$D", with: lab.deploy).replacing("/displaced", with: folder)
                    .replacing("/home/", with: "\(lab.folder)/home/").replacing(
                        lab.folder + lab.folder, with: lab.folder)
            }
            for (name, text) in row.files { try lab.write(filled(text), to: "\(folder)/\(name)") }
            let found = try await diagnose(["--offline", "--sshd-config", "\(folder)/main"]).faults
            let named = found.filter { $0.check == row.check }
            #expect(named.first?.code == row.code, "\(found)")
            #expect(named.first?.text.contains(filled(row.text)) == true, "\(found)")
        }

        // MARK: - The provider

        @Test("a provider that is down, slow or another is named; offline none is asked")
        func providers() async throws {
            try await lab.stopProvider()
            expect(
                try await diagnose([]).faults, "provider", "provider-unreachable", "lab: \(lab.issuer)",
                "Start the server")
            #expect(try await diagnose(["--offline"]).faults == [])
            try await lab.startProvider()
            let slow = try await lab.withFrozenProvider { try await diagnose([]) }
            expect(slow.faults, "provider", "provider-unreachable", "no whole answer within 4 s", "slow or in trouble")
            try await keeping {
                let config = try lab.contents(of: lab.config)
                try lab.write(config.replacing("\(lab.issuer)\"", with: "\(lab.issuer)/\""), to: lab.config)
                let other = try await diagnose([]).faults.filter { $0.check == "provider" }
                expect(other, "provider", "provider-other", "\"\(lab.issuer)\" found", "without the slash at its end")
            }
        }

        // MARK: - People

        @Test("a session that outlives its member is named, and not ended; so is a refusal's way back in")
        func people() async throws {
            try await keeping {
                let alice = try await lab.signIn("alice")
                let session = try Running([
                    "ssh", "-F", "\(lab.folder)/ssh_config", "-i", alice.path, "\(lab.alice)@lab",
                    "echo in; exec sleep 50",
                ])
                #expect(try await awaited { session.said.contains("in") ? true : nil } == true)
                #expect(try await diagnose().faults == [])

                try lab.write("lab sub:nobody lab \(lab.alice)", to: lab.members)
                let (faults, status) = try await diagnose()
                expect(faults, "sessions", "session-of-removed", "as \(lab.alice) since", "kill ")
                #expect(faults.first?.text.contains("alice@example.org's by the log") == true)
                #expect(status == 2)
                try lab.write("lab group:ops lab \(lab.alice)", to: lab.members)
                #expect(try await diagnose().faults == [], "a group may let them in")
                // The doctor's own command ends it.
                let kill = try #require(faults.first?.mend?.split(separator: "or: ").last)
                _ = try await Command.output(of: "sh", "-c", String(kill))
                _ = try await session.ended()

                try lab.write("lab sub:nobody lab \(lab.alice)", to: lab.members)
                #expect(try await lab.login(with: alice, as: lab.alice).isRefused)
                let explain = [lab.pair, "host", "explain", "--config", lab.config]
                let refused = try await Command.run(explain)
                #expect(refused.output.contains("would be refused: not-a-member"), "\(refused)")
                #expect(!refused.output.contains("since then"), "\(refused)")
                let allow = try #require(refused.output.firstMatch(of: /→ pair (spaces allow .*)\n/)?.1)
                _ = try await Command.output(of: [lab.pair] + allow.split(separator: " ").map(String.init))
                #expect(try await lab.login(with: alice, as: lab.alice).isIn)
                let mended = try await Command.run(explain + [lab.alice])
                #expect(mended.output.contains("would be let in, by \(lab.members):2"), "\(mended)")
                #expect(mended.output.contains("since then"), "\(mended)")
                #expect(try await Command.run(explain + ["somebody"]).status == 1)
            }
        }

        @Test("somebody who is not root is told what was not seen, and no fault that is none")
        func notRoot() async throws {
            let asAlice = ["setpriv", "--reuid=\(lab.alice)", "--regid=\(lab.alice)", "--clear-groups", "--"]
            let command = try await Command.run(asAlice + arguments + ["--offline", "--json"])
            let diagnosis = try JSONDecoder().decode(Diagnosis.self, from: Data(command.output.utf8))
            let unseen = diagnosis.lines.filter { $0.verdict == "unseen" }.map(\.check)
            #expect(unseen == ["sshd", "refusals", "sessions"], "\(command)")
            #expect(
                diagnosis.lines.filter { $0.check == "files" || $0.check == "answer" }.allSatisfy { $0.verdict == "ok" }
            )
        }
    }
}
