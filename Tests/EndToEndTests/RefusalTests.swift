// Sign-ins that come to nothing: what the person is told, and that nothing is written.

import Foundation
import Testing

extension EndToEnd {
    @Suite("pair keys create that fails")
    struct Refusal {
        let lab: Lab
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            person = try Person(in: lab)
        }

        /// Expects that nothing was written, and that the browser's last page says how it ended.
        private func expectNothing(
            _ outcome: String?, of person: Person, at location: SourceLocation = #_sourceLocation
        ) throws {
            #expect(try person.files().isEmpty, sourceLocation: location)
            #expect(person.page.outcome == outcome, "\(person.page)", sourceLocation: location)
        }

        @Test("who does not consent gets no Keys, and is told so in both places")
        func denied() async throws {
            let unwilling = person.with(["OIDC_DENY": "1"])
            let created = try await unwilling.pair("keys", "create")
            expectFailure(created, saying: "refused by you or the provider", "access_denied")
            try expectNothing("refused", of: unwilling)
            #expect("\(unwilling.page)".contains("did not sign you in"), "\(unwilling.page)")
            #expect(unwilling.answers == [403])
        }

        @Test("whose browser never returns is told after the time-out", arguments: [1, 2])
        func neverReturns(seconds: Int) async throws {
            let lost = person.with(["OIDC_TAMPER": "never"])
            let began = ContinuousClock.now
            let created = try await lost.pair("keys", "create", "--timeout", "\(seconds)")
            expectFailure(
                created, saying: "nobody came back from the provider's page within \(seconds) s", "--no-browser")
            #expect(ContinuousClock.now - began >= .seconds(seconds))
            try expectNothing(nil, of: lost)
        }

        /// What a provider does wrong, and what is said of it.
        struct Oddity: Sendable, CustomTestStringConvertible {
            let name: String
            let texts: [String]
            var testDescription: String { name }
        }

        static let oddities = [
            Oddity(name: "no-nonce", texts: ["this provider cannot bind keys", "did not put our nonce into"]),
            Oddity(name: "other-nonce", texts: ["cannot bind keys: the nonce in its ID token is not ours"]),
            Oddity(name: "token-error-empty", texts: ["JSON expected, nothing found (status 400)"]),
            Oddity(name: "token-error-html", texts: ["JSON expected, an HTML page found (status 502)"]),
            Oddity(name: "token-html", texts: ["JSON expected, an HTML page found (status 200)"]),
        ]

        @Test("a provider that does it wrong", arguments: oddities)
        func oddity(_ oddity: Oddity) async throws {
            try await lab.startProvider(oddity.name)
            let created = try await person.pair("keys", "create")
            expectFailure(created)
            for text in oddity.texts {
                #expect(created.error.contains(text), "\(created)")
                #expect("\(person.page)".contains(text), "\(person.page)")
            }
            try expectNothing("failed", of: person)
        }

        @Test("a provider that is stopped")
        func stopped() async throws {
            try await lab.stopProvider()
            let created = try await person.pair("keys", "create")
            expectFailure(created, saying: "discovery: \(lab.issuer)/", "could not connect", "Start the server on port")
            #expect(person.visits.isEmpty)
            try expectNothing(nil, of: person)
        }
    }
}

// MARK: What is on the machine

extension EndToEnd.Refusal {
    /// What stands in the way of a file of Keys, as a shell makes it at `$1`.
    enum Obstacle: String, CaseIterable, Sendable {
        case key = "ssh-keygen -q -t ed25519 -N '' -f $1; rm $1.pub"
        case text = "echo mine >$1"
        case folder = "mkdir $1"
        case link = "ln -s $1.elsewhere $1"
    }

    @Test(
        "what pair did not make is left as it is, and nobody is sent anywhere",
        arguments: ["", ".pub", "-cert.pub"], Obstacle.allCases)
    func foreign(file: String, obstacle: Obstacle) async throws {
        let path = person.keys().path + file
        try FileManager.default.createDirectory(atPath: person.folder, withIntermediateDirectories: true)
        for folder in [person.folder, "\(person.home)/.ssh"] {
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
        }
        _ = try await Command.output(of: "sh", "-ec", obstacle.rawValue, "sh", path)
        let before = try person.files()
        let created = try await person.pair("keys", "create")
        expectFailure(created, saying: "\(path): not made by pair", "choose another name")
        #expect(person.visits.isEmpty)
        #expect(try person.files() == before)
    }

    @Test("a port that is taken is passed over for the next")
    func takenPort() async throws {
        let free = try await lab.freePort()
        try person.configure(redirects(to: [lab.providerPort, free]))
        let created = try await person.pair("keys", "create")
        expectSuccess(created)
        #expect(created.error.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A\(free)%2Fcallback"), "\(created)")
        #expect(person.answers == [200])
    }

    @Test("where all ports are taken, each is named")
    func takenPorts() async throws {
        let ports = [lab.providerPort, try lab.sshdPort()]
        try person.configure(redirects(to: ports))
        let created = try await person.pair("keys", "create")
        expectFailure(created, saying: "nothing to listen on for the browser", "register one more redirect URI")
        for port in ports {
            let failure = "http://127.0.0.1:\(port)/callback: another program has the port (EADDRINUSE)"
            #expect(created.error.contains(failure), "\(created)")
        }
        #expect(person.visits.isEmpty)
        try expectNothing(nil, of: person)
    }

    private func redirects(to ports: [Int]) -> String {
        "redirect_uris = [\(ports.map { "\"http://127.0.0.1:\($0)/callback\"" }.joined(separator: ", "))]"
    }

    @Test("without HOME there is no place for Keys", arguments: [["create"], ["renew"], ["list"], ["remove", "lab"]])
    func homeless(arguments: [String]) async throws {
        let homeless = person.with(["HOME": ""])
        let command = try await Command.run(homeless.command([lab.pair, "keys"] + arguments))
        expectFailure(command, saying: "HOME is not set", "Set HOME to your home directory.")
        #expect(homeless.visits.isEmpty)
    }

    @Test("without a configuration it says where one is looked for, and what to do without")
    func unconfigured() async throws {
        try FileManager.default.removeItem(atPath: person.configFile)
        let created = try await person.pair("keys", "create")
        expectFailure(
            created, saying: "no provider is configured in \(person.configFile)", "--issuer URL --client-id ID")
        let elsewhere = person.with(["XDG_CONFIG_HOME": "\(person.home)/xdg"])
        let other = try await elsewhere.pair("keys", "create")
        expectFailure(other, saying: "no provider is configured in \(person.home)/xdg/pair/config.toml")
        #expect(person.visits.isEmpty)
    }

    /// A configuration that is wrong, and where.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let config: String
        let place: String
        let text: String
        var testDescription: String { text }
    }

    private static let whole = "[[provider]]\nname = \"lab\"\nissuer = \"https://idp.example\"\nclient_id = \"x\"\n"

    static let mistakes = [
        Mistake(config: "[[provider]", place: "1:12: ", text: "not TOML here"),
        Mistake(config: "[[provider]]\nclient_id = \"x\"", place: "1:1: ", text: "name is missing"),
        Mistake(config: whole + "naem = \"x\"", place: "5:1: ", text: "naem"),
        Mistake(config: whole + "redirect_uris = [\"http://[::2]/\"]", place: "5:", text: "redirect_uris"),
        Mistake(config: whole + "client_secret = 12345678", place: "5:1: ", text: "client_secret"),
    ]

    @Test("a wrong configuration is named by file, line and column", arguments: mistakes)
    func misconfigured(_ mistake: Mistake) async throws {
        try person.configure(whole: mistake.config)
        let created = try await person.pair("keys", "create")
        expectFailure(created, saying: "\(person.configFile):\(mistake.place)", mistake.text)
        #expect(!created.error.contains("12345678"), "\(created)")
        #expect(person.visits.isEmpty)
        try expectNothing(nil, of: person)
    }
}
