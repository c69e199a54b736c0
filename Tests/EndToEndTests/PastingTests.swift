// A person whose browser is elsewhere: the address is printed, and what the browser was sent to is pasted back.

import Foundation
import Testing

extension EndToEnd {
    @Suite("signing in without a browser here")
    struct Pasting {
        let lab: Lab
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            person = try Person(in: lab)
        }

        @Test("the pasted address signs in, whatever was pasted before")
        func pasted() async throws {
            let running = try person.startPair("keys", "create", "--no-browser")
            let address = try await running.address()
            let redirect = try await person.redirect(from: address)

            try running.type("")
            try await running.says("nothing was pasted")
            try running.type("what now")
            try await running.says("what was pasted is no address")
            try running.type(address)
            try await running.says("is the one to open in a browser")
            try running.type(redirect.replacing(/state=[^&]*/, with: "state=\(String(repeating: "A", count: 43))"))
            try await running.says("its state is not ours")
            try running.type("  \(redirect) ")

            let created = try await running.ended()
            expectSuccess(created)
            #expect(person.visits.isEmpty)
            let login = try await lab.login(with: person.keys(), as: lab.alice)
            #expect(login.isIn, "\(login)")
        }

        @Test("a browser on this machine that comes back by itself is as good")
        func listening() async throws {
            let running = try person.startPair("keys", "create", "--no-browser")
            let address = try await running.address()
            try await person.browse(address)
            let created = try await running.ended()
            expectSuccess(created)
            #expect(person.page.outcome == "signed-in", "\(person.page)")
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)")
        }

        @Test("a refusal that is pasted ends it")
        func refused() async throws {
            let running = try person.startPair("keys", "create", "--no-browser")
            let address = try await running.address()
            try running.type(try await person.with(["OIDC_DENY": "1"]).redirect(from: address))
            expectFailure(try await running.ended(), saying: "refused by you or the provider", "access_denied")
            #expect(try person.files().isEmpty)
        }

        @Test("a renewal takes a pasted address, too")
        func renewal() async throws {
            try await lab.startProvider("no-refresh-token")
            expectSuccess(try await person.pair("keys", "create"))
            let before = try person.files()
            let running = try person.startPair("keys", "renew", "--no-browser", "lab")
            let silent = try await running.address()
            #expect(silent.contains("prompt=none"))
            // No session there: what comes back says that there is a page to see, and the address of that is printed.
            try running.type(try await person.redirect(from: silent))
            let address = try await running.address(after: silent)
            #expect(!address.contains("prompt=none"))
            try running.type(try await person.redirect(from: address))
            expectSuccess(try await running.ended())
            #expect(try person.files()["pair/lab"] == before["pair/lab"])
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)")
        }

        @Test("a pipe without a browser is told what is missing, and nobody waits for it to type")
        func neither() async throws {
            let nowhere = person.with(["BROWSER": ""])
            let created = try await nowhere.pair("keys", "create", "--timeout", "1")
            expectFailure(created, saying: "nobody came back from the provider's page within 1 s", "--no-browser")
            #expect(!created.error.contains("paste it here"), "\(created)")
        }
    }
}
