// Who is let in with Keys and who is not: the outcome that ssh sees and the reason in the access log.

import Foundation
import Testing

extension EndToEnd {
    @Suite("a login with Keys")
    struct KeysLogin {
        let lab: Lab

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
        }

        /// Expects that sshd turned the person away and that the access log gives `reason` and no other.
        func expectRefusal(
            _ login: Login, _ reason: String, at location: SourceLocation = #_sourceLocation
        ) {
            #expect(login.isRefused, "\(login)", sourceLocation: location)
            #expect(login.reasons == [reason], "\(login)", sourceLocation: location)
        }

        func expectEntry(_ login: Login, as name: String, at location: SourceLocation = #_sourceLocation) {
            #expect(login.isIn, "\(login)", sourceLocation: location)
            #expect(login.ssh.output == "\(name)\n", "\(login)", sourceLocation: location)
            #expect(login.reasons == ["accepted"], "\(login)", sourceLocation: location)
        }

        @Test("a member is in, with either kind of key", arguments: ["ed25519", "ecdsa"])
        func member(keyType: String) async throws {
            let keys = try await lab.signIn("alice", "--key-type", keyType)
            let login = try await lab.login(with: keys, as: lab.alice)
            expectEntry(login, as: lab.alice)
            let expected = Record(
                decision: "accept", reason: "accepted", login: lab.alice, space: "lab", path: "keys", provider: "lab",
                email: "alice@example.org")
            #expect(login.records.allSatisfy { $0 == expected }, "\(login)")
        }

        @Test("a member is in with a token that the provider renewed")
        func renewed() async throws {
            let keys = try await lab.signIn("alice", "--renew")
            expectEntry(try await lab.login(with: keys, as: lab.alice), as: lab.alice)
        }

        @Test("a member of a group is in as the group's login, and nobody else")
        func group() async throws {
            let alice = try await lab.signIn("alice")
            expectEntry(try await lab.login(with: alice, as: lab.deploy), as: lab.deploy)
            let bob = try await lab.signIn("bob")
            expectRefusal(try await lab.login(with: bob, as: lab.deploy), "not-a-member")
        }

        @Test("a member is refused for a login that no grant names")
        func otherLogin() async throws {
            try await lab.configure(members: ["lab alice@example.org lab \(lab.alice)"])
            let keys = try await lab.signIn("alice")
            expectRefusal(try await lab.login(with: keys, as: lab.deploy), "login-not-granted")
        }

        @Test("another person is refused")
        func stranger() async throws {
            let keys = try await lab.signIn("carol")
            expectRefusal(try await lab.login(with: keys, as: lab.alice), "not-a-member")
        }

        @Test("an address that the provider did not verify is nobody's")
        func unverifiedAddress() async throws {
            try await lab.configure(members: ["lab dave@example.org lab \(lab.alice)"])
            let keys = try await lab.signIn("dave")
            expectRefusal(try await lab.login(with: keys, as: lab.alice), "not-a-member")
        }

        @Test("a deny outweighs a grant")
        func denied() async throws {
            try await lab.configure(
                members: ["lab alice@example.org lab \(lab.alice)", "* alice@example.org * deny"])
            let keys = try await lab.signIn("alice")
            expectRefusal(try await lab.login(with: keys, as: lab.alice), "denied")
        }

        @Test("a revoked key is refused")
        func revoked() async throws {
            let keys = try await lab.signIn("alice")
            let listed = try await Command.output(of: "ssh-keygen", "-lf", "\(keys.path).pub")
            let fingerprint = try #require(listed.split(separator: " ").dropFirst().first)
            try await lab.configure(revoked: ["key \(fingerprint)"])
            expectRefusal(try await lab.login(with: keys, as: lab.alice), "revoked-key")
        }

        @Test("a token for another client is refused")
        func otherClient() async throws {
            try await lab.configure(clients: ["somebody-else"])
            let keys = try await lab.signIn("alice")
            expectRefusal(try await lab.login(with: keys, as: lab.alice), "audience")
        }

        @Test("a plain key of nobody is refused and leaves no record")
        func plainKey() async throws {
            let login = try await lab.login(with: try await lab.plainKey(), as: lab.alice)
            #expect(login.isRefused, "\(login)")
            #expect(login.records.isEmpty, "\(login)")
        }

        @Test("the login itself may stand in place of the sentinel, another principal may not")
        func principals() async throws {
            let named = try await lab.signIn("alice", "--principal", lab.alice)
            expectEntry(try await lab.login(with: named, as: lab.alice), as: lab.alice)
            expectRefusal(try await lab.login(with: named, as: lab.deploy), "cert-principals")
        }
    }
}

// MARK: Time and the provider

extension EndToEnd.KeysLogin {
    /// What ends Keys after a second or two.
    struct Ending: Sendable, CustomTestStringConvertible {
        let reason: String
        var provider = ""
        var idTokenLife = 300
        var certificateLife = 300
        var testDescription: String { reason }
    }

    static let endings = [
        Ending(reason: "keys-expired", provider: #"keys_lifetime = "2s""#),
        Ending(reason: "token-expired", idTokenLife: 2),
        Ending(reason: "cert-expired", certificateLife: 2),
    ]

    @Test("Keys that were good are refused once they have expired", arguments: endings)
    func expired(_ ending: Ending) async throws {
        try await lab.configure(provider: ending.provider)
        try await lab.startProvider(idTokenLife: ending.idTokenLife)
        let keys = try await lab.signIn("alice", "--lifetime", "\(ending.certificateLife)")
        expectEntry(try await lab.login(with: keys, as: lab.alice), as: lab.alice)
        // sshd asks more than once for one login: the end may fall between two of its questions.
        let last = try await lab.login(with: keys, as: lab.alice) { $0.reasons == [ending.reason] }
        expectRefusal(last, ending.reason)
    }

    @Test("a stopped provider costs nobody the login")
    func stoppedProvider() async throws {
        let keys = try await lab.signIn("alice")
        try await lab.stopProvider()
        expectEntry(try await lab.login(with: keys, as: lab.alice), as: lab.alice)
    }

    @Test("a token signed with a new key asks for a refresh and is accepted after it")
    func rotation() async throws {
        try await lab.rotateProviderKey()
        let keys = try await lab.signIn("alice")
        let longAgo = Date(timeIntervalSince1970: 1_000_000_000)
        try FileManager.default.setAttributes([.modificationDate: longAgo], ofItemAtPath: lab.refreshWanted)

        expectRefusal(try await lab.login(with: keys, as: lab.alice), "kid-unknown")
        let asked = try FileManager.default.attributesOfItem(atPath: lab.refreshWanted)[.modificationDate] as? Date
        #expect(try #require(asked) > longAgo)

        try await lab.fetchKeySet()
        expectEntry(try await lab.login(with: keys, as: lab.alice), as: lab.alice)
    }

    @Test("a key that the provider withdrew lets nobody in")
    func withdrawnKey() async throws {
        let keys = try await lab.signIn("alice")
        expectEntry(try await lab.login(with: keys, as: lab.alice), as: lab.alice)
        try await lab.rotateProviderKey()
        try await lab.fetchKeySet()
        expectRefusal(try await lab.login(with: keys, as: lab.alice), "kid-unknown")
    }
}
