// Keys whose private half is in an ssh-agent and nowhere else, by OpenSSH's own agent.

import Foundation
import Testing

extension EndToEnd {
    @Suite("Keys in ssh-agent")
    struct AgentKeys {
        let lab: Lab
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            person = try Person(in: lab)
        }

        /// What the agent lists: type, base64, comment.
        private func listed(by person: Person) async throws -> [[Substring]] {
            let list = try await person.run("ssh-add", "-L")
            guard list.status == 0 else {
                #expect(list.output == "The agent has no identities.\n", "\(list)")
                return []
            }
            return list.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 2) }
        }

        /// By the agent alone, as in a terminal without any option.
        private func login(by person: Person) async throws -> Login {
            let options = ["-o", "IdentityAgent=\(person.socket)", "-o", "IdentitiesOnly=no"]
            return try await lab.login(
                with: Keys(path: "\(person.home)/none", publicPath: ""), as: lab.alice, options: options)
        }

        private func expectNoPrivateKey(at location: SourceLocation = #_sourceLocation) throws {
            for (path, file) in try person.files() {
                let text = String(decoding: file.bytes, as: UTF8.self)
                #expect(!text.contains("PRIVATE"), "\(path)", sourceLocation: location)
            }
        }

        @Test("the agent has the key and nobody else, and ssh enters by it", arguments: ["ed25519", "ecdsa"])
        func create(type: String) async throws {
            try await person.withAgent { person in
                let created = try await person.pair("keys", "create", "--agent", "--type", type)
                expectSuccess(created)
                #expect(created.output.contains("in agent  alice@example.org pair:lab\n"), "\(created)")
                #expect(created.output.contains("Next:  ssh LOGIN@HOST\n"), "\(created)")
                try expectNoPrivateKey()
                let files = try person.files().keys.sorted()
                #expect(files == ["pair", "pair/lab-cert.pub", "pair/lab.json", "pair/lab.lock", "pair/lab.pub"])
                let judgement = try await lab.judge(person.keys())
                #expect(judgement.status == 0, "\(judgement)")

                let offered = try person.keys().offered()
                let identities = try await listed(by: person)
                #expect(identities.count == 2, "\(identities)")
                #expect(identities.contains { $0[0] == offered[0] && $0[1] == offered[1] }, "\(identities)")
                #expect(identities.allSatisfy { $0[2] == "alice@example.org pair:lab" }, "\(identities)")

                let login = try await login(by: person)
                #expect(login.isIn && login.reasons == ["accepted"], "\(login)")
            }
        }

        @Test("the agent forgets the key when the Keys expire")
        func lifetime() async throws {
            try await lab.startProvider(idTokenLife: 4)
            try await person.withAgent { person in
                expectSuccess(try await person.pair("keys", "create", "--agent"))
                let isGone = try await awaited { try await listed(by: person).isEmpty ? true : nil }
                #expect(isGone == true)
            }
        }

        @Test("a renewal puts a new key into the agent in place of the old one")
        func renew() async throws {
            try await person.withAgent { person in
                expectSuccess(try await person.pair("keys", "create", "--agent"))
                let before = try await listed(by: person)
                let renewed = try await person.pair("keys", "renew")
                expectSuccess(renewed)
                #expect(person.visits.count == 1)
                let after = try await listed(by: person)
                #expect(after.count == 2 && Set(after).isDisjoint(with: before), "\(after)")
                try expectNoPrivateKey()
                let judgement = try await lab.judge(person.keys())
                #expect(judgement.status == 0, "\(judgement)")
                let login = try await login(by: person)
                #expect(login.isIn, "\(login)")
            }
        }

        @Test("removing Keys takes them out of the agent, and leaves the others there")
        func remove() async throws {
            try await person.withAgent { person in
                let plain = try await lab.plainKey()
                _ = try await Command.output(of: person.command(["ssh-add", "-q", plain.path]))
                expectSuccess(try await person.pair("keys", "create", "--agent"))
                #expect(try await listed(by: person).count == 3)
                let removed = try await person.pair("keys", "remove", "lab")
                expectSuccess(removed)
                let left = try await listed(by: person)
                #expect(left.map { $0[1] } == [try plain.offered()[1]], "\(left)")
                #expect(try person.files().keys.sorted() == ["pair"])
            }
        }

        @Test("without an agent nobody is sent anywhere", arguments: ["", "/nonexistent/agent"])
        func noAgent(socket: String) async throws {
            let lonely = person.with(["SSH_AUTH_SOCK": socket])
            let created = try await lonely.pair("keys", "create", "--agent")
            expectFailure(created, saying: "ssh-agent: ", "SSH_AUTH_SOCK")
            #expect(lonely.visits.isEmpty)
            #expect(try lonely.files().isEmpty)
        }
    }
}

extension Person {
    /// Where `withAgent` has the agent listen.
    var socket: String { "\(home)/agent" }

    /// Runs `body` for the same person with an agent of their own.
    func withAgent(_ body: (Person) async throws -> Void) async throws {
        let person = with(["SSH_AUTH_SOCK": socket])
        try? FileManager.default.removeItem(atPath: socket)
        let agent = try Running(person.command(["ssh-agent", "-D", "-a", socket]))
        let outcome: Result<Void, any Error>
        do {
            let isThere = try await awaited { FileManager.default.fileExists(atPath: socket) ? true : nil }
            try #require(isThere == true)
            outcome = .success(try await body(person))
        } catch {
            outcome = .failure(error)
        }
        try agent.send(SIGTERM)
        _ = try await agent.ended()
        try outcome.get()
    }
}
