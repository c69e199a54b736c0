import Encodings
import Foundation
import IdentityToken
import TOML
import Testing

@testable import SignIn

@Suite("config.toml")
struct ClientConfigurationTests {
    private static let file = "/home/alice/.config/pair/config.toml"

    private static func configuration(_ toml: String) throws(SettingsError) -> ClientConfiguration {
        try ClientConfiguration(parsing: Array(toml.utf8), file: file)
    }

    /// A provider with what it must have, on lines 1 to 4.
    private static func provider(_ name: String = "idp") -> String {
        "[[provider]]\nname = \"\(name)\"\nissuer = \"https://idp.example\"\nclient_id = \"pair\"\n"
    }

    @Test("what is left out has its default")
    func fillsDefaults() throws {
        let registration = try #require(try Self.configuration(Self.provider()).registrations.first)
        #expect(
            registration == ClientRegistration(name: "idp", issuer: "https://idp.example", clientID: "pair"))
        #expect(registration.clientSecret == nil)
        #expect(registration.scopes == nil)
        #expect(registration.redirectURIs.map(\.description) == ["http://127.0.0.1/callback"])
        #expect(registration.parameters.isEmpty)
        #expect(registration.keysLifetime == Seconds(300))
        #expect(registration.renewableFor == Seconds(43_200))
        #expect(!registration.beyondTokenExpiry)
        #expect(registration.algorithms == SigningAlgorithm.allCases)
        #expect(registration.tokenTypes == ["JWT"])
    }

    @Test("what is given is taken")
    func takesAll() throws {
        let configuration = try Self.configuration(
            """
            default_provider = "google"
            [[provider]]
            name = "google"
            issuer = "https://accounts.google.com"
            client_id = "1234.apps.googleusercontent.com"
            client_secret = "GOCSPX-x y"
            scopes = ["openid", "email", "https://example.com/auth/groups"]
            redirect_uris = ["http://localhost:3000/login-callback", "http://127.0.0.1:8085", "http://[::1]/a/"]
            parameters = ["access_type=offline", "prompt=consent", "hd=a=b", "empty="]
            keys_lifetime = "12h"
            renewable_for = "7d"
            beyond_token_expiry = true
            token_types = ["JWT", "at+jwt"]
            algorithms = ["Ed25519", "RS256"]
            [[provider]]
            name = "lab"
            issuer = "http://127.0.0.1:9000/o"
            client_id = "lab"
            """)
        #expect(configuration.defaultProvider == "google")
        #expect(configuration.file == Self.file)
        #expect(configuration.registrations.map(\.name) == ["google", "lab"])
        let registration = try #require(configuration.registrations.first)
        #expect(registration.issuer == "https://accounts.google.com")
        #expect(registration.clientID == "1234.apps.googleusercontent.com")
        #expect(registration.clientSecret == "GOCSPX-x y")
        #expect(registration.scopes == ["openid", "email", "https://example.com/auth/groups"])
        #expect(
            registration.redirectURIs.map(\.description)
                == ["http://localhost:3000/login-callback", "http://127.0.0.1:8085", "http://[::1]/a/"])
        #expect(registration.parameters.map(\.name) == ["access_type", "prompt", "hd", "empty"])
        #expect(registration.parameters.map(\.value) == ["offline", "consent", "a=b", ""])
        #expect(registration.keysLifetime == Seconds(43_200))
        #expect(registration.renewableFor == Seconds(604_800))
        #expect(registration.beyondTokenExpiry)
        #expect(registration.tokenTypes == ["JWT", "at+jwt"])
        #expect(registration.algorithms == [.eddsa, .rs256])
    }

    // MARK: - Faults

    struct Rejected: Sendable, CustomTestStringConvertible {
        let toml: String
        let line: Int?
        let reason: SettingsError.Reason
        var testDescription: String { toml }

        init(_ toml: String, _ line: Int?, _ reason: SettingsError.Reason) {
            self.toml = toml
            self.line = line
            self.reason = reason
        }

        /// A member behind those that must be there.
        init(_ name: String, _ value: String, found: Text, expected: String) {
            let reason = SettingsError.Reason.memberValue(name, table: "provider", found: found, expected: expected)
            self.init(provider() + "\(name) = \(value)", 5, reason)
        }
    }

    private static let visible = "printable ASCII characters, not empty"
    private static let duration = "a duration such as \"30s\", \"5m\", \"12h\" or \"7d\""
    private static let algorithms = "RS256, PS256, ES256 or EdDSA, each once"
    private static let scopes = "scopes without blanks, each once"
    private static let redirectURI =
        "http://127.0.0.1, http://[::1] or http://localhost, with a port or not, and a path, each once"
    private static let parameters = "\"NAME=VALUE\" with names that pair does not set itself, each once"

    static let rejected = [
        Rejected("provider = \"a\"", 1, .memberUnknown("provider", table: "")),
        Rejected("[provider]\nname = \"a\"", 1, .tableNotArray("provider")),
        Rejected("[log]", 1, .tableUnknown("log")),
        Rejected("[[provider]]", 1, .memberMissing("name", table: "provider")),
        Rejected("[[provider]]\nname = \"a\"", 1, .memberMissing("issuer", table: "provider")),
        Rejected(
            "[[provider]]\nname = \"a\"\nissuer = \"https://a\"", 1, .memberMissing("client_id", table: "provider")),
        Rejected(
            "[[provider]]\nname = \"A\"", 2,
            .memberValue("name", table: "provider", found: "A", expected: "a name of a-z, 0-9, . _ -, at most 32")),
        Rejected(
            "[[provider]]\nname = \"a\"\nissuer = \"https://a\"\nclient_id = \"ü\"", 4,
            .memberValue("client_id", table: "provider", found: "ü", expected: visible)),
        Rejected(provider() + "client_ids = [\"x\"]", 5, .memberUnknown("client_ids", table: "provider")),
        Rejected(provider() + provider(), 5, .nameTwice("idp", table: "provider")),
        Rejected(
            "default_provider = \"x\"", 1,
            .memberValue("default_provider", table: "", found: "x", expected: "the name of a [[provider]]")),
        Rejected(
            "default_provider = \"x\"\n" + provider("a") + provider("b"), 1,
            .memberValue("default_provider", table: "", found: "x", expected: "a or b")),
        Rejected("default_provider = 1", 1, .memberType("default_provider", table: "", expected: "a text")),
        Rejected("scopes", "[\"openid email\"]", found: "openid email", expected: scopes),
        Rejected("scopes", "[\"\"]", found: "", expected: scopes),
        Rejected("scopes", "[\"a\", \"a\"]", found: "a", expected: scopes),
        Rejected("scopes", "['a\"b']", found: "a\"b", expected: scopes),
        Rejected(
            provider() + "scopes = \"openid\"", 5,
            .memberType("scopes", table: "provider", expected: "an array of texts, not empty")),
        Rejected("redirect_uris", "[\"http://10.0.0.1/\"]", found: "http://10.0.0.1/", expected: redirectURI),
        Rejected("redirect_uris", "[\"https://localhost/\"]", found: "https://localhost/", expected: redirectURI),
        Rejected("redirect_uris", "[\"http://localhost/?a\"]", found: "http://localhost/?a", expected: redirectURI),
        Rejected("parameters", "[\"nonce=x\"]", found: "nonce=x", expected: parameters),
        Rejected("parameters", "[\"redirect_uri=x\"]", found: "redirect_uri=x", expected: parameters),
        Rejected("parameters", "[\"hd\"]", found: "hd", expected: parameters),
        Rejected("parameters", "[\"=x\"]", found: "=x", expected: parameters),
        Rejected("parameters", "[\"hd=a\", \"hd=b\"]", found: "hd=b", expected: parameters),
        Rejected("parameters", "[\"a=\\n\"]", found: "a=\n", expected: parameters),
        Rejected("keys_lifetime", "\"0s\"", found: "0s", expected: duration),
        Rejected("renewable_for", "\"1w\"", found: "1w", expected: duration),
        Rejected(
            provider() + "beyond_token_expiry = 1", 5,
            .memberType("beyond_token_expiry", table: "provider", expected: "true or false")),
        Rejected("token_types", "[\"jwt\"]", found: "jwt", expected: "JWT or at+jwt, each once"),
        Rejected("algorithms", "[\"HS256\"]", found: "HS256", expected: algorithms),
        Rejected("algorithms", "[\"none\"]", found: "none", expected: algorithms),
    ]

    static let issuers = [
        "http://idp.example", "https://idp.example?a", "https://idp.example/?", "https://idp.example#x",
        "https://u@idp.example", "https://", "idp.example", "",
    ].map { issuer in
        Rejected(
            "[[provider]]\nname = \"a\"\nissuer = \"\(issuer)\"", 3,
            .memberValue("issuer", table: "provider", found: Text(issuer), expected: "an https URL without query"))
    }

    @Test("what cannot be is refused where it stands", arguments: rejected + issuers)
    func refuses(row: Rejected) {
        do {
            _ = try Self.configuration(row.toml)
            Issue.record("taken")
        } catch {
            #expect(error.reason == row.reason)
            #expect(error.line == row.line)
            #expect(error.file == Self.file)
        }
    }

    @Test("each name that pair sets itself is refused as a parameter", arguments: Array(Parameter.reserved))
    func refusesReserved(name: Text) {
        #expect(throws: SettingsError.self) {
            try Self.configuration(Self.provider() + "parameters = [\"\(name.string)=x\"]")
        }
    }

    static let secrets = ["\"\"", "\"hush\\n\"", "\"hush\u{fc}\"", "hush", "\"hush", "12345", "[\"hush\"]", "'hush"]

    @Test("no error shows the client secret", arguments: secrets)
    func hidesSecret(value: String) {
        do {
            _ = try Self.configuration(Self.provider() + "client_secret = \(value)\n")
            Issue.record("taken")
        } catch {
            #expect(error.line == 5)
            #expect(!error.description.contains("hush"))
            #expect(!error.description.contains("12345"))
        }
    }

    // MARK: - Which one

    @Test("the one that is named is taken, whatever the default")
    func selectsNamed() throws {
        let configuration = try Self.configuration(
            "default_provider = \"a\"\n" + Self.provider("a") + Self.provider("b"))
        #expect(try configuration.registration(named: "b").name == "b")
        #expect(try configuration.registration(named: nil).name == "a")
    }

    @Test("the only one needs no name")
    func selectsOnly() throws {
        #expect(try Self.configuration(Self.provider()).registration(named: nil).name == "idp")
    }

    @Test("without a name, a default or an only one, the names there are are listed")
    func listsNames() throws {
        let configuration = try Self.configuration(Self.provider("a") + Self.provider("b"))
        let several = SelectionError.severalWithoutDefault(["a", "b"], file: Self.file)
        #expect(throws: several) { try configuration.registration(named: nil) }
        #expect(several.description == "several providers in \(Self.file) and no default_provider: a, b")
        #expect(
            several.advice
                == "Pass --provider NAME, or write default_provider = \"a\" at the top of the file.")

        let unknown = SelectionError.unknown("c\n", known: ["a", "b"], file: Self.file)
        #expect(throws: unknown) { try configuration.registration(named: "c\n") }
        #expect(unknown.description == "no provider \"c\\x0a\" in \(Self.file), which has a, b")
    }

    @Test("nobody who has no file is told to choose")
    func saysThereIsNone() {
        let configuration = ClientConfiguration(emptyAt: Self.file)
        #expect(configuration.registrations.isEmpty)
        let none = SelectionError.noneConfigured(wanted: nil, file: Self.file)
        #expect(throws: none) { try configuration.registration(named: nil) }
        #expect(none.description == "no provider is configured in \(Self.file)")
        let wanted = SelectionError.noneConfigured(wanted: "a", file: Self.file)
        #expect(throws: wanted) { try configuration.registration(named: "a") }
        #expect(wanted.description == "no provider \"a\": none is configured in \(Self.file)")
    }

    @Test("an empty file is an empty configuration")
    func takesEmpty() throws {
        #expect(try Self.configuration("") == ClientConfiguration(emptyAt: Self.file))
    }

    // MARK: - Where it is

    static let environments: [([String: String], String?)] = [
        (["HOME": "/home/a"], "/home/a/.config/pair/config.toml"),
        (["HOME": "/home/a", "XDG_CONFIG_HOME": "/x"], "/x/pair/config.toml"),
        (["HOME": "/home/a", "XDG_CONFIG_HOME": ""], "/home/a/.config/pair/config.toml"),
        (["HOME": "/home/a", "XDG_CONFIG_HOME": "x"], "/home/a/.config/pair/config.toml"),
        (["XDG_CONFIG_HOME": "/x"], "/x/pair/config.toml"),
        (["HOME": "a"], nil), (["HOME": ""], nil), ([:], nil),
    ]

    @Test("the file is where the XDG specification says", arguments: environments)
    func findsFile(environment: [String: String], path: String?) {
        #expect(ClientConfiguration.path(environment: environment) == path)
    }

    // MARK: - The documentation

    /// What docs/providers.md shows as this file: blocks of TOML whose first header says so, and the whole file.
    private static let documented: [String] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let page = try? String(contentsOf: folder.appendingPathComponent("docs/providers.md"), encoding: .utf8)
        let blocks = (page ?? "").components(separatedBy: "```toml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        return blocks.filter { block in
            let first = block.prefix { $0 != "\n" }
            return !first.hasPrefix("[[provider]]") || first.hasSuffix("# config.toml")
        }
    }()

    @Test("each example of the documentation is taken", arguments: documented)
    func takesExample(toml: String) throws {
        #expect(try Self.configuration(toml).registrations.count == 1)
    }

    @Test("the documentation has an example for each provider, and the defaults as they are")
    func documentsDefaults() throws {
        let all = try Self.documented.flatMap { try Self.configuration($0).registrations }
        #expect(all.map(\.name) == ["work", "google", "entra", "gitlab", "okta", "keycloak", "authelia", "idp"])
        #expect(all.first == ClientRegistration(name: "work", issuer: "https://idp.example.com", clientID: "pair"))
    }
}
