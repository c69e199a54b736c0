// `pair ssh-config`: plain `ssh`, without an option, renews Keys by itself and enters by them.

import Foundation
import Testing

extension EndToEnd {
    /// A person who has an account on this machine, since ssh goes by the password file and not by $HOME.
    @Suite("pair ssh-config")
    struct SSHConfig {
        let lab: Lab
        /// The account's; what they run, they run as that user.
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            person = try await Person(at: lab.alice, in: lab)
        }

        /// Makes Keys as somebody whose browser is elsewhere.
        private func createKeys(_ options: String..., by other: Person? = nil) async throws {
            let person = other ?? person
            let running = try person.startPair(["keys", "create", "--no-browser"] + options)
            try await person.browse(try await running.address())
            expectSuccess(try await running.ended())
        }

        /// Makes Keys that have expired by the time this returns, and installs the lines for the host.
        private func expiredKeys() async throws {
            try await lab.startProvider(idTokenLife: 4)
            try await createKeys()
            let isOver = try await awaited { () -> Bool? in
                try await person.run(lab.pair, "keys", "list").output.contains("expired") ? true : nil
            }
            try #require(isOver == true)
            try await lab.startProvider()
        }

        /// What anybody types.
        private func ssh(_ options: String...) async throws -> Command {
            try await Command.run(person.command(["ssh"] + options + ["\(lab.alice)@lab", "id", "-un"]))
        }

        @Test("plain ssh renews expired Keys and enters, and the next one leaves them alone")
        func installed() async throws {
            try await expiredKeys()
            let before = try await ssh()
            #expect(before.status == 255, "\(before)")

            let installed = try await person.run(lab.pair, "ssh-config", "--install", "--host", "lab")
            expectSuccess(installed)
            let first = try await ssh()
            #expect(first.status == 0 && first.output == "\(lab.alice)\n" && first.error.isEmpty, "\(first)")
            let files = try person.files()
            try await lab.stopProvider()
            let second = try await ssh()
            #expect(second.status == 0 && second.error.isEmpty, "\(second)")
            #expect(try person.files() == files)
        }

        @Test("scp renews, too")
        func scp() async throws {
            try await expiredKeys()
            expectSuccess(try await person.run(lab.pair, "ssh-config", "--install", "--host", "lab"))
            try lab.write("carried", to: "\(person.home)/there")
            let source = "\(lab.alice)@lab:\(person.home)/there"
            // By the old protocol, for which the host needs no subsystem.
            let copied = try await person.run("scp", "-O", "-q", source, "\(person.home)/here")
            #expect(copied.status == 0, "\(copied)")
            #expect(try lab.contents(of: "\(person.home)/here") == "carried\n")
        }

        @Test("the lines that it prints do the same, wherever they are put")
        func printed() async throws {
            try await expiredKeys()
            let printed = try await person.run(lab.pair, "ssh-config", "--host", "lab")
            expectSuccess(printed)
            let config = try lab.contents(of: "\(person.home)/.ssh/config")
            try lab.write(printed.output + config, to: "\(person.home)/own_config")
            let login = try await ssh("-F", "\(person.home)/own_config")
            #expect(login.status == 0 && login.output == "\(lab.alice)\n", "\(login)")
        }

        @Test("where Keys cannot be renewed ssh says why, and goes on with the person's other keys")
        func goesOn() async throws {
            try await expiredKeys()
            expectSuccess(try await person.run(lab.pair, "ssh-config", "--install", "--host", "lab"))
            try await lab.stopProvider()
            let login = try await ssh("-v")
            #expect(login.status == 255, "\(login)")
            #expect(login.error.contains("could not connect"), "\(login)")
            #expect(!login.error.contains("Offering public key: \(person.folder)/lab"), "\(login)")
        }

        @Test("in a terminal without a browser ssh waits for the pasted address, and goes on")
        func pasted() async throws {
            try await expiredKeys()
            expectSuccess(try await person.run(lab.pair, "ssh-config", "--install", "--host", "lab"))
            try await lab.startProvider("refuse-refresh")
            // In a terminal of its own, for which we type.
            let nowhere = person.with(["BROWSER": ""])
            let login = "ssh -v \(lab.alice)@lab id -un"
            let running = try Running(nowhere.command(["script", "-qec", login, "/dev/null"]), isTypedTo: true)
            let silent = try await running.address()
            try running.type(try await person.redirect(from: silent))
            let address = try await running.address(after: silent)
            try running.type(try await person.redirect(from: address))
            let ended = try await running.ended()
            #expect(ended.status == 0, "\(ended)")
            #expect(ended.output.contains("\(lab.alice)\r\n"), "\(ended)")
        }

        @Test("another host's login renews nothing")
        func otherHost() async throws {
            try await expiredKeys()
            expectSuccess(try await person.run(lab.pair, "ssh-config", "--install", "--host", "*.example.org"))
            let files = try person.files()
            #expect(try await ssh().status == 255)
            #expect(try person.files() == files)
        }

        @Test("uninstalling leaves the configuration as it was")
        func uninstalled() async throws {
            try await createKeys()
            let before = try person.files()
            expectSuccess(try await person.run(lab.pair, "ssh-config", "--install", "--host", "lab"))
            #expect(try person.files()["config"] != before["config"])
            expectSuccess(try await person.run(lab.pair, "ssh-config", "--uninstall"))
            #expect(try person.files() == before)
        }

        @Test("Keys in an agent are found by the same lines")
        func agent() async throws {
            try await person.withAgent { person in
                try await createKeys("--agent", by: person)
                expectSuccess(try await person.run(lab.pair, "ssh-config", "--install", "--host", "lab"))
                // The lab's configuration names no agent.
                let login = try await person.run(
                    "ssh", "-o", "IdentityAgent=\(person.socket)", "\(lab.alice)@lab", "id", "-un")
                #expect(login.status == 0 && login.output == "\(lab.alice)\n" && login.error.isEmpty, "\(login)")
            }
        }
    }
}
