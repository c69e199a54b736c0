// `pair keys renew` by the refresh token that the provider gave, and what becomes of it where that does not do.

import Foundation
import Testing

extension EndToEnd {
    @Suite("pair keys renew")
    struct Renew {
        let lab: Lab
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            person = try Person(in: lab)
        }

        /// Expects that the Keys are whole, and lead in.
        private func expectGood(renewed: Bool, at location: SourceLocation = #_sourceLocation) async throws {
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)", sourceLocation: location)
            #expect(judgement.output.contains("\"renewed\": \(renewed)"), "\(judgement)", sourceLocation: location)
            let login = try await lab.login(with: person.keys(), as: lab.alice)
            #expect(login.isIn && login.reasons == ["accepted"], "\(login)", sourceLocation: location)
        }

        @Test("expired Keys are refused, and let in again once renewed: the same key", arguments: ["ed25519", "ecdsa"])
        func expired(type: String) async throws {
            try await lab.startProvider(idTokenLife: 4)
            expectSuccess(try await person.pair("keys", "create", "--type", type))
            let before = try await lab.login(with: person.keys(), as: lab.alice)
            #expect(before.isIn, "\(before)")
            let after = try await lab.login(with: person.keys(), as: lab.alice) { $0.reasons == ["cert-expired"] }
            #expect(after.isRefused && after.reasons == ["cert-expired"], "\(after)")
            let old = try person.files()

            try await lab.startProvider()
            let renewed = try await person.pair("keys", "renew")
            expectSuccess(renewed)
            #expect(renewed.error.starts(with: "Your Keys lab were renewed: good until "), "\(renewed)")
            #expect(person.visits.isEmpty)
            try await expectGood(renewed: true)
            let new = try person.files()
            #expect(new.keys == old.keys && new.mapValues(\.mode) == old.mapValues(\.mode))
            for file in ["pair/lab", "pair/lab.pub"] { #expect(new[file] == old[file]) }
            #expect(new["pair/lab-cert.pub"] != old["pair/lab-cert.pub"])
        }

        @Test("again and again, with a refresh token that is good for once")
        func again() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            var tokens = [try person.state()["refresh_token"] as? String]
            for _ in 1...3 {
                let renewed = try await person.pair("keys", "renew", "--batch", "--quiet", "lab")
                expectSuccess(renewed)
                #expect(renewed.error.isEmpty, "\(renewed)")
                tokens.append(try person.state()["refresh_token"] as? String)
            }
            #expect(Set(tokens.compactMap { $0 }).count == 4)
            try await expectGood(renewed: true)
        }

        @Test("Keys that are good for a while yet are left alone, and nobody is asked")
        func notYet() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            let before = try person.files()
            try await lab.stopProvider()
            let renewed = try await person.pair("keys", "renew", "--if-expiring")
            expectSuccess(renewed)
            #expect(renewed.error.isEmpty && renewed.output.isEmpty, "\(renewed)")
            #expect(try person.files() == before)
        }

        @Test("Keys that are about to end are renewed")
        func expiring() async throws {
            try await lab.startProvider(idTokenLife: 50)
            expectSuccess(try await person.pair("keys", "create"))
            try person.pretendMadeEarlier()
            try await lab.startProvider()
            let renewed = try await person.pair("keys", "renew", "--if-expiring")
            expectSuccess(renewed)
            #expect(renewed.error.contains("were renewed"), "\(renewed)")
            try await expectGood(renewed: true)
        }

        @Test("Keys that are about to end are still good while the provider is away, and that is said")
        func expiringWithoutProvider() async throws {
            try await lab.startProvider(idTokenLife: 50)
            expectSuccess(try await person.pair("keys", "create"))
            try person.pretendMadeEarlier()
            let before = try person.files()
            try await lab.stopProvider()
            let renewed = try await person.pair("keys", "renew", "--if-expiring")
            expectSuccess(renewed)
            #expect(renewed.error.contains("could not connect"), "\(renewed)")
            #expect(renewed.error.contains(/Your Keys lab are good for \d+ s yet\./), "\(renewed)")
            #expect(try person.files() == before)
        }

        @Test("a provider that does not answer holds up nobody whose Keys are still good")
        func frozen() async throws {
            try await lab.startProvider(idTokenLife: 50)
            expectSuccess(try await person.pair("keys", "create"))
            try person.pretendMadeEarlier()
            let before = try person.files()
            let renewed = try await lab.withFrozenProvider {
                try await person.pair("keys", "renew", "--if-expiring", "--quiet")
            }
            expectSuccess(renewed)
            #expect(renewed.error.contains("no whole answer within 3 s"), "\(renewed)")
            #expect(try person.files() == before)
        }

        @Test("a provider that is away has a status of its own, and costs no refresh token")
        func stopped() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            let before = try person.files()
            try await lab.stopProvider()
            let renewed = try await person.pair("keys", "renew", "--batch")
            expectFailure(renewed, status: 4, saying: "could not connect", "Start the server on port")
            #expect(try person.files() == before)
            try await lab.startProvider()
            expectSuccess(try await person.pair("keys", "renew", "--batch"))
        }

        /// What keeps a renewal from doing without the person.
        static let hindrances = ["no-refresh-token", "refuse-refresh", "no-refresh-id-token", "token-html"]

        @Test("where the person has to sign in, --batch says so by its status", arguments: hindrances)
        func batch(oddity: String) async throws {
            if oddity == "no-refresh-token" { try await lab.startProvider(oddity) }
            expectSuccess(try await person.pair("keys", "create"))
            let before = try person.files()
            try await lab.startProvider(oddity)
            let renewed = try await person.pair("keys", "renew", "--batch")
            expectFailure(
                renewed, status: 3, saying: "lab: to renew these Keys you have to sign in", "Run `pair keys renew lab`")
            #expect(person.visits.isEmpty)
            let after = try person.files()
            for file in ["", ".pub", "-cert.pub"] { #expect(after["pair/lab\(file)"] == before["pair/lab\(file)"]) }
            try await expectGood(renewed: false)
        }

        @Test("of several Keys all are renewed that can be, and the status tells of the others")
        func several() async throws {
            expectSuccess(try await person.pair("keys", "create", "one"))
            expectSuccess(try await person.pair("keys", "create", "two"))
            _ = try await Command.output(of: Lab.tool, "refresh", "\(person.folder)/one.json")
            let renewed = try await person.pair("keys", "renew", "--batch")
            expectFailure(renewed, status: 3, saying: "one: to renew these Keys", "Your Keys two were renewed")
        }

        @Test("Keys that there are not", arguments: [[], ["nobody"]])
        func unknown(names: [String]) async throws {
            let command = person.command([lab.pair, "keys", "renew"] + names)
            let text = names.isEmpty ? "you have no Keys" : #""nobody": no Keys of that name"#
            expectFailure(try await Command.run(command), saying: text)
            #expect(try person.files().isEmpty)
        }
    }
}

// MARK: The provider changes its key, a run dies

extension EndToEnd.Renew {
    @Test("a new key at the provider beside the old one changes nothing for a renewal")
    func rotation() async throws {
        expectSuccess(try await person.pair("keys", "create"))
        try await lab.rotateProviderKey(isOldKept: true)
        expectSuccess(try await person.pair("keys", "renew", "--batch"))
        try await lab.fetchKeySet()
        try await expectGood(renewed: true)
    }

    @Test("a key that the provider withdrew takes a new sign-in")
    func withdrawnKey() async throws {
        expectSuccess(try await person.pair("keys", "create"))
        try await lab.rotateProviderKey()
        try await lab.fetchKeySet()
        expectFailure(try await person.pair("keys", "renew", "--batch"), status: 3, saying: "you have to sign in")
        let renewed = try await person.pair("keys", "renew")
        expectSuccess(renewed)
        #expect(person.visits.count == 1 && person.page.outcome == "signed-in", "\(person.page)")
        try await expectGood(renewed: false)
    }

    @Test("a refresh token that was used up by a run that died costs one sign-in")
    func usedUp() async throws {
        expectSuccess(try await person.pair("keys", "create"))
        let before = try person.files()
        _ = try await Command.output(of: Lab.tool, "refresh", "\(person.folder)/lab.json")
        expectFailure(try await person.pair("keys", "renew", "--batch"), status: 3, saying: "you have to sign in")
        let renewed = try await person.pair("keys", "renew")
        expectSuccess(renewed)
        #expect(person.visits.count == 1 && person.page.outcome == "signed-in", "\(person.page)")
        #expect(try person.files()["pair/lab"] == before["pair/lab"])
        try await expectGood(renewed: false)
        expectSuccess(try await person.pair("keys", "renew", "--batch"))
        try await expectGood(renewed: true)
    }

    @Test("a renewal that is killed while it waits for the person leaves all as it was, and no lock")
    func killedWaiting() async throws {
        try await lab.startProvider("no-refresh-token")
        expectSuccess(try await person.pair("keys", "create"))
        let before = try person.files()
        let lost = person.with(["OIDC_TAMPER": "never"])
        let waiting = try lost.startPair("keys", "renew")
        try #require(try await awaited { lost.visits.isEmpty ? nil : true } == true)

        let second = try await Command.run(person.command([lab.pair, "keys", "renew", "--timeout", "1"]))
        expectFailure(second, saying: "lab.lock: another pair is at work on these Keys")
        try waiting.send(SIGKILL)
        #expect(try await waiting.ended().status == SIGKILL)
        try await lost.browserEnded()
        #expect(try person.files() == before)
        expectSuccess(try await person.pair("keys", "renew"))
        try await expectGood(renewed: false)
    }

    @Test("a renewal that is killed at any moment leaves whole Keys, and the next one goes on from there")
    func killedAnywhere() async throws {
        expectSuccess(try await person.pair("keys", "create"))
        var statuses: [Int32] = []
        // From before it has read anything to after its end.
        for milliseconds in stride(from: 2, through: 80, by: 4) {
            let running = try person.startPair("keys", "renew", "--batch")
            try await Task.sleep(for: .milliseconds(milliseconds))
            try? running.send(SIGKILL)
            statuses.append(try await running.ended().status)
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "after \(milliseconds) ms: \(judgement)")
            // Where the token was used up before its successor was kept.
            if statuses.last == 3 { expectSuccess(try await person.pair("keys", "renew")) }
        }
        #expect(statuses.contains(SIGKILL) && Set(statuses).isSubset(of: [0, 3, SIGKILL]), "\(statuses)")
        expectSuccess(try await person.pair("keys", "renew"))
        let login = try await lab.login(with: person.keys(), as: lab.alice)
        #expect(login.isIn, "\(login)")
        #expect(
            try person.files().keys.sorted() == [
                "pair", "pair/lab", "pair/lab-cert.pub", "pair/lab.json", "pair/lab.lock", "pair/lab.pub",
            ])
    }

    @Test("two at once end whole, without a sign-in")
    func twoAtOnce() async throws {
        expectSuccess(try await person.pair("keys", "create"))
        async let first = Command.run(person.command([lab.pair, "keys", "renew", "--batch"]))
        async let second = Command.run(person.command([lab.pair, "keys", "renew", "--batch"]))
        for renewed in try await [first, second] { expectSuccess(renewed) }
        try await expectGood(renewed: true)
    }

    @Test("of two at once before two logins, one renews")
    func twoBeforeLogins() async throws {
        try await lab.startProvider(idTokenLife: 50)
        expectSuccess(try await person.pair("keys", "create"))
        try person.pretendMadeEarlier()
        try await lab.startProvider()
        let renewal = person.command([lab.pair, "keys", "renew", "--if-expiring"])
        async let first = Command.run(renewal)
        async let second = Command.run(renewal)
        let both = try await [first, second]
        for renewed in both { expectSuccess(renewed) }
        #expect(both.count { $0.error.contains("were renewed") } == 1, "\(both)")
        try await expectGood(renewed: true)
    }
}
