// What reaches the listener besides or instead of the provider's answer to the person's own browser.

import Foundation
import Testing

extension EndToEnd {
    @Suite("what comes to the listener from others")
    struct Forgery {
        let lab: Lab
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            person = try Person(in: lab)
        }

        /// What comes first, and what it is answered.
        struct Stray: Sendable, CustomTestStringConvertible {
            let tamper: String
            let status: Int
            var outcome: String?
            var page = "this request is not part of one"
            var said = ""
            var testDescription: String { tamper }
        }

        static let strays = [
            Stray(
                tamper: "state", status: 400, outcome: "failed", page: "its state is not ours",
                said: "its state is not ours"),
            Stray(tamper: "origin", status: 403),
            Stray(tamper: "host", status: 421),
            Stray(tamper: "post", status: 405),
        ]

        @Test("it is turned away, and the sign-in goes on", arguments: strays)
        func turnedAway(_ stray: Stray) async throws {
            let attacked = person.with(["OIDC_TAMPER": stray.tamper])
            let created = try await attacked.pair("keys", "create")
            expectSuccess(created)
            #expect(created.error.contains(stray.said) || stray.said.isEmpty, "\(created)")
            #expect(attacked.answers == [stray.status, 200])
            #expect("\(attacked.firstPage)".contains(stray.page), "\(attacked.firstPage)")
            #expect(attacked.firstPage.outcome == stray.outcome)
            #expect(attacked.page.outcome == "signed-in", "\(attacked.page)")
            let login = try await lab.login(with: attacked.keys(), as: lab.alice)
            #expect(login.isIn, "\(login)")
        }

        /// What ends the sign-in, and what is said of it.
        struct Forged: Sendable, CustomTestStringConvertible {
            let tamper: String
            var oddities: [String] = []
            let text: String
            var testDescription: String { "\(tamper) \(oddities)" }
        }

        private static let otherIssuer = #"iss "ISSUER" expected, "https://other.example" found"#

        static let forgeries = [
            Forged(tamper: "code", text: "token endpoint: the provider answered \"invalid_grant\""),
            Forged(tamper: "iss", oddities: ["issue-iss"], text: otherIssuer),
            Forged(tamper: "iss", text: otherIssuer),
        ]

        @Test("a code of another sign-in, or another provider's answer, ends it", arguments: forgeries)
        func ended(_ forged: Forged) async throws {
            if let oddity = forged.oddities.first { try await lab.startProvider(oddity) }
            let attacked = person.with(["OIDC_TAMPER": forged.tamper])
            let created = try await attacked.pair("keys", "create")
            let text = forged.text.replacing("ISSUER", with: lab.issuer)
            expectFailure(created, saying: text)
            #expect(attacked.page.outcome == "failed", "\(attacked.page)")
            #expect("\(attacked.page)".contains(text), "\(attacked.page)")
            #expect(try attacked.files().isEmpty)
        }

        @Test("a provider that names itself in its answers is believed")
        func issuer() async throws {
            try await lab.startProvider("issue-iss")
            expectSuccess(try await person.pair("keys", "create"))
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)")
        }
    }
}
