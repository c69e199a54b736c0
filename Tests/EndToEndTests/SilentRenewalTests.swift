// Renewals by a new sign-in: silent where the provider knows the person, else with its page.

import Foundation
import Testing

extension EndToEnd {
    @Suite("pair keys renew by the browser")
    struct SilentRenewal {
        let lab: Lab
        /// With Keys that no refresh token belongs to, and a browser that keeps its session.
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            try await lab.startProvider("no-refresh-token", "remember-consent")
            let somebody = try Person(in: lab)
            person = somebody.with(["OIDC_COOKIES": "\(somebody.home)/cookies"])
            expectSuccess(try await person.pair("keys", "create"))
        }

        private func expectRenewed(
            _ renewed: Command, by person: Person, answers: [Int], at location: SourceLocation = #_sourceLocation
        ) async throws {
            expectSuccess(renewed, at: location)
            #expect(person.answers == answers, "\(renewed)", sourceLocation: location)
            #expect(person.page.outcome == "signed-in", "\(person.page)", sourceLocation: location)
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)", sourceLocation: location)
            let login = try await lab.login(with: person.keys(), as: lab.alice)
            #expect(login.isIn, "\(login)", sourceLocation: location)
        }

        @Test("where the provider has a session, nobody sees a page of it")
        func silent() async throws {
            let before = try person.files()
            let renewed = try await person.pair("keys", "renew")
            try await expectRenewed(renewed, by: person, answers: [200])
            let address = try #require(person.visits.first)
            #expect(person.visits.count == 1 && address.contains("prompt=none"), "\(address)")
            #expect(address.contains("login_hint=alice%40example.org"), "\(address)")
            #expect(try person.files()["pair/lab"] == before["pair/lab"])
            #expect(try person.files()["pair/lab-cert.pub"] != before["pair/lab-cert.pub"])
        }

        @Test("without a session the same tab goes on to the provider's page")
        func noSession() async throws {
            try FileManager.default.removeItem(atPath: "\(person.home)/cookies")
            let renewed = try await person.pair("keys", "renew")
            try await expectRenewed(renewed, by: person, answers: [302, 200])
            #expect(person.visits.count == 1)
        }

        @Test("where consent is to be given anew, too")
        func consent() async throws {
            try await lab.startProvider("no-refresh-token")
            let renewed = try await person.pair("keys", "renew")
            try await expectRenewed(renewed, by: person, answers: [302, 200])
            #expect(person.visits.count == 1)
        }

        @Test("where the provider does not answer prompt=none, the page is opened after a while")
        func promptNoneDies() async throws {
            try await lab.startProvider("no-refresh-token", "remember-consent", "prompt-none-dies")
            let renewed = try await person.pair("keys", "renew")
            try await expectRenewed(renewed, by: person, answers: [200])
            #expect(person.visits.map { $0.contains("prompt=none") } == [true, false])
        }

        @Test("Keys do not become another person's")
        func somebodyElse() async throws {
            let before = try person.files()
            let bob = person.with(["OIDC_USER": "bob", "OIDC_COOKIES": ""])
            let renewed = try await bob.pair("keys", "renew")
            expectFailure(
                renewed, saying: #"these Keys are of "alice@example.org", and you signed in as "bob@example.org""#,
                "`pair keys create NAME`")
            #expect(bob.page.outcome == "failed", "\(bob.page)")
            #expect("\(bob.page)".contains("you signed in as"), "\(bob.page)")
            #expect(try person.files() == before)
        }

        @Test("who does not consent keeps the Keys that there are")
        func denied() async throws {
            let before = try person.files()
            try await lab.startProvider("no-refresh-token")
            let unwilling = person.with(["OIDC_DENY": "1"])
            expectFailure(try await unwilling.pair("keys", "renew"), saying: "refused by you or the provider")
            #expect(unwilling.page.outcome == "refused", "\(unwilling.page)")
            #expect(try person.files() == before)
        }

        @Test("without a browser and a terminal nobody can be asked, which has a status of its own")
        func nobodyToAsk() async throws {
            let nowhere = person.with(["BROWSER": ""])
            expectFailure(try await nowhere.pair("keys", "renew"), status: 3, saying: "you have to sign in")
        }
    }
}
