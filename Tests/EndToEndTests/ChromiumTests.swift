// Sign-ins in a real browser: chromium on the pages of glewlwyd, of the light provider, and on ours.

import Foundation
import Testing

extension EndToEnd {
    /// The pictures of all pages stay in $PAIR_SHOTS.
    @Suite(
        "pair and a real browser",
        .enabled(if: Lab.browserObstacle == nil || Lab.mustRun, Lab.browserObstacle ?? "chromium can run"))
    struct RealBrowser {
        let lab: Lab
        let person: Person
        private let issuer: String
        private let port: Int
        private let keySet: String

        init() async throws {
            if let obstacle = Lab.browserObstacle { throw Unavailable(description: "\(obstacle)") }
            lab = try #require(Lab.current)
            // glewlwyd takes a redirect URI as a whole, so the ports are fixed; of these the first is taken.
            let sshdPort = try lab.sshdPort()
            port = try await lab.freePort()
            issuer = try await Command.output(
                of: Lab.tool, "glewlwyd", "start", "\(lab.folder)/glewlwyd", "--redirect-port", "\(sshdPort)",
                "--redirect-port", "\(port)")
            let clients = Self.algorithms.map { "pair-\($0.key)" }
            // It says of no address that it is verified.
            try await lab.configure(
                provider: """
                    [[provider]]
                    name = "glewlwyd"
                    issuer = "\(issuer)"
                    client_ids = [\(clients.map { "\"\($0)\"" }.joined(separator: ", "))]
                    """,
                members: ["lab group:ops glewlwyd \(lab.deploy)", "lab alice@example.org lab \(lab.alice)"])
            keySet = "\(lab.folder)/keysets/glewlwyd.json"
            _ = try await Command.output(of: Lab.tool, "keyset", issuer, keySet)

            let somebody = try Person(browser: "chromium", in: lab)
            person = somebody.with(["OIDC_TIMEOUT": "40", "OIDC_PROFILE": "\(somebody.home)/profile"])
            let uris = [sshdPort, port].map { "\"http://127.0.0.1:\($0)/callback\"" }.joined(separator: ", ")
            try person.configure(
                clients.map { client in
                    """
                    [[provider]]
                    name = "\(client)"
                    issuer = "\(issuer)"
                    client_id = "\(client)"
                    redirect_uris = [\(uris)]
                    """
                }.joined(separator: "\n"))
        }

        /// The clients of the lab's glewlwyd, by the algorithm that they have their ID tokens signed with.
        static let algorithms = ["rs256": "RS256", "ps256": "PS256", "es256": "ES256", "eddsa": "EdDSA"]

        /// The person, with pictures of what they see in a folder of that name.
        private func photographed(_ name: String) -> (Person, folder: String) {
            let folder = "\(Lab.environment["PAIR_SHOTS"] ?? "\(lab.folder)/shots")/\(name)"
            try? FileManager.default.removeItem(atPath: folder)
            return (person.with(["OIDC_SHOTS": folder]), folder)
        }

        /// What the pictures in a folder are of, in turn.
        private func pictures(in folder: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
                .map { String($0.dropFirst(3).dropLast(4)) }
        }

        private func expectGood(_ client: String, at location: SourceLocation = #_sourceLocation) async throws {
            let judgement = try await Command.run([
                Lab.tool, "check-keys", person.keys(client).path, "--keyset", keySet, "--client-id", client,
            ])
            #expect(judgement.status == 0, "\(judgement)", sourceLocation: location)
            let algorithm = try #require(Self.algorithms[String(client.dropFirst(5))])
            let text = #""algorithm": "\#(algorithm)""#
            #expect(judgement.output.contains(text), "\(judgement)", sourceLocation: location)
            let login = try await lab.login(with: person.keys(client), as: lab.deploy)
            #expect(login.isIn && login.reasons == ["accepted"], "\(login)", sourceLocation: location)
        }

        @Test(
            "signing in on glewlwyd's pages, whatever it signs with, by the second port as the first is taken",
            arguments: ["rs256", "ps256", "es256", "eddsa"])
        func glewlwyd(name: String) async throws {
            let (person, folder) = photographed("create-\(name)")
            let created = try await person.pair("keys", "create", "--provider", "pair-\(name)", "--timeout", "45")
            expectSuccess(created)
            #expect(created.error.contains("%3A\(port)%2Fcallback"), "\(created)")
            #expect(person.page.outcome == "signed-in", "\(person.page)")
            for text in ["alice@example.org", "pair-\(name)", "close this window"] {
                #expect("\(person.page)".contains(text), "\(person.page)")
            }
            let pictures = pictures(in: folder)
            #expect(pictures.first == "login" && pictures.last == "signed-in", "\(pictures)")
            try await expectGood("pair-\(name)")
        }

        @Test("renewing where glewlwyd has a session: no password, the same key")
        func renewal() async throws {
            expectSuccess(try await person.pair("keys", "create", "--provider", "pair-es256", "--timeout", "45"))
            let before = try person.files()["pair/pair-es256"]
            // It gives no ID token for its refresh token.
            expectFailure(try await person.pair("keys", "renew", "--batch"), status: 3, saying: "you have to sign in")
            let (person, folder) = photographed("renew-es256")
            expectSuccess(try await person.pair("keys", "renew", "--timeout", "45"))
            #expect(person.page.outcome == "signed-in", "\(person.page)")
            let pictures = pictures(in: folder)
            #expect(!pictures.contains("login") && pictures.last == "signed-in", "\(pictures)")
            #expect(try person.files()["pair/pair-es256"] == before)
            try await expectGood("pair-es256")
        }

        @Test("who logs out instead never returns, and the terminal says so")
        func neverReturns() async throws {
            let (person, folder) = photographed("never-returns")
            let unwilling = person.with(["OIDC_DENY": "1"])
            let created = try await unwilling.pair("keys", "create", "--provider", "pair-rs256", "--timeout", "3")
            expectFailure(created, saying: "nobody came back from the provider's page within 3 s")
            #expect(try person.files().isEmpty)
            #expect(!pictures(in: folder).contains("signed-in"))
        }

        @Test("a session at the light provider renews without any page of its")
        func silent() async throws {
            try await lab.startProvider("no-refresh-token", "remember-consent")
            expectSuccess(try await person.pair("keys", "create", "--provider", "lab", "--timeout", "45"))
            let (person, folder) = photographed("renew-silently")
            expectSuccess(try await person.pair("keys", "renew", "--timeout", "45"))
            #expect(pictures(in: folder) == ["signed-in"])
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)")
        }

        /// How our page says what went wrong.
        struct Ending: Sendable, CustomTestStringConvertible {
            let outcome: String
            var oddity: String?
            let text: String
            var testDescription: String { outcome }
        }

        static let endings = [
            Ending(outcome: "refused", text: "lab did not sign you in."),
            Ending(outcome: "failed", oddity: "no-nonce", text: "this provider cannot bind keys"),
        ]

        @Test("a browser shows what went wrong", arguments: endings)
        func wrong(_ ending: Ending) async throws {
            if let oddity = ending.oddity { try await lab.startProvider(oddity) }
            let (person, folder) = photographed(ending.outcome)
            let other = person.with(["OIDC_DENY": ending.outcome == "refused" ? "1" : ""])
            let created = try await other.pair("keys", "create", "--provider", "lab", "--timeout", "45")
            expectFailure(created)
            #expect(person.page.outcome == ending.outcome, "\(person.page)")
            #expect("\(person.page)".split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(ending.text))
            #expect(pictures(in: folder).last == ending.outcome)
            #expect(try person.files().isEmpty)
        }
    }
}

extension Lab {
    /// Why these cannot run here; nil if they can.
    static let browserObstacle: Comment? = {
        let programs = ["/usr/bin/chromium", "/usr/bin/chromedriver", "/usr/bin/glewlwyd"]
        for needed in programs where !isProgram(needed) {
            return "needs \(needed): scripts/install-deps browser"
        }
        let requirements = "\(cache)/venv/requirements-browser.txt"
        if FileManager.default.fileExists(atPath: requirements) { return nil }
        return "needs selenium: scripts/install-deps browser"
    }()
}
