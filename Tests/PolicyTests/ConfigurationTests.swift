import Encodings
import IdentityToken
import Testing

@testable import Policy

@Suite("pair.toml")
struct ConfigurationTests {
    @Test("what is left out has its default")
    func fillsDefaults() throws {
        let configuration = try configuration()
        #expect(configuration.space == "build-box")
        #expect(configuration.members == Configuration.Location(path: "members", isNamed: false))
        #expect(configuration.accounts == Configuration.Location(path: "accounts", isNamed: false))
        #expect(configuration.revoked == Configuration.Location(path: "revoked", isNamed: false))
        #expect(configuration.keySets == Configuration.Location(path: "/var/cache/pair/keysets", isNamed: false))
        #expect(configuration.clockSkew == Seconds(30))
        #expect(configuration.templateMinimumUID == 1000)
        #expect(configuration.permits == [.pty, .portForwarding, .agentForwarding, .userRC])
        #expect(configuration.expiryTime == .utc)
        #expect(configuration.log.file == "/var/log/pair/access.jsonl")
        #expect(configuration.log.isSyslogOn)
        #expect(!configuration.log.isRequired)
        #expect(configuration.log.unverifiedCap == 16 << 20)
        #expect(configuration.services.isEmpty)
        let provider = try #require(configuration.providers.first)
        #expect(provider.name == "google")
        #expect(provider.issuer == "https://accounts.google.com")
        #expect(provider.clientIDs == ["1234.apps.googleusercontent.com"])
        #expect(provider.algorithms == [.rs256, .ps256, .es256, .eddsa])
        #expect(provider.tokenTypes == [.jwt])
        #expect(provider.keysLifetime == Seconds(300))
        #expect(provider.renewableFor == Seconds(43_200))
        #expect(!provider.beyondTokenExpiry)
        #expect(provider.maximumKeySetAge == Seconds(86_400))
        #expect(provider.groupsClaim == "groups")
    }

    @Test("what is given is taken")
    func takesAll() throws {
        let configuration = try configuration(
            """
            space = "Build.example.com"
            members = "/srv/members"
            accounts = "sub/accounts"
            revoked = "r"
            keysets = "keysets"
            clock_skew = "0s"
            template_min_uid = 500
            [[provider]]
            name = "lab"
            issuer = "http://127.0.0.1:9000/realms/x/"
            client_ids = ["a", "b"]
            algorithms = ["Ed25519", "ES256"]
            token_types = ["at+jwt", "JWT"]
            keys_lifetime = "1h"
            renewable_for = "7d"
            beyond_token_expiry = true
            max_key_set_age = "90s"
            groups_claim = "roles"
            [[service]]
            name = "pgs"
            logins = ["pgs", "pgs2"]
            command = "/usr/bin/pgs --account {account}"
            [[service]]
            name = "admin"
            logins = ["root", "pgs"]
            [session]
            permit = ["X11-forwarding"]
            [line]
            expiry_time = "none"
            [log]
            file = ""
            syslog = false
            unverified_cap = "64KiB"
            """)
        #expect(configuration.resolve(configuration.members.path) == "/srv/members")
        #expect(configuration.resolve(configuration.accounts.path) == "/etc/pair/sub/accounts")
        #expect(configuration.members.isNamed)
        #expect(configuration.clockSkew == Seconds(0))
        #expect(configuration.templateMinimumUID == 500)
        #expect(configuration.permits == [.x11Forwarding])
        #expect(configuration.expiryTime == .omitted)
        #expect(configuration.log.file == nil)
        #expect(!configuration.log.isSyslogOn)
        #expect(configuration.log.unverifiedCap == 65_536)
        let provider = try #require(configuration.providers.first)
        #expect(provider.algorithms == [.eddsa, .es256])
        #expect(provider.tokenTypes == [.jwt, .accessToken])
        #expect(provider.keysLifetime == Seconds(3600))
        #expect(provider.renewableFor == Seconds(604_800))
        #expect(provider.beyondTokenExpiry)
        #expect(provider.maximumKeySetAge == Seconds(90))
        #expect(provider.groupsClaim == "roles")
        #expect(configuration.keySetPath(of: provider) == "/etc/pair/keysets/lab.json")
        #expect(configuration.service(ofLogin: "pgs")?.name == "pgs")
        #expect(configuration.service(ofLogin: "root")?.name == "admin")
        #expect(configuration.service(ofLogin: "alice") == nil)
        #expect(configuration.service(ofLogin: "pgs")?.command == "/usr/bin/pgs --account {account}")
    }

    @Test("paths beside a pair.toml without a folder stay as they are")
    func resolvesPlainName() throws {
        let configuration = try Configuration(parsing: Array(baseTOML.utf8), file: "pair.toml")
        #expect(configuration.resolve("members") == "members")
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let toml: String
        let line: Int?
        let reason: PolicyError.Reason
        var testDescription: String { toml }

        init(_ toml: String, _ line: Int?, _ reason: PolicyError.Reason) {
            self.toml = toml
            self.line = line
            self.reason = reason
        }

        static func provider(_ members: String, _ reason: PolicyError.Reason) -> Rejected {
            let head = "space = \"s\"\n[[provider]]\nname = \"p\"\nissuer = \"https://p\"\nclient_ids = [\"c\"]\n"
            return Rejected(head + members, 6, reason)
        }

        static func issuer(_ issuer: String) -> Rejected {
            let toml = "space = \"s\"\n[[provider]]\nname = \"p\"\nissuer = '\(issuer)'\nclient_ids = [\"c\"]\n"
            return Rejected(
                toml, 4,
                .memberValue("issuer", table: "provider", found: Text(issuer), expected: "an https URL without query"))
        }

        static func value(_ member: String, _ text: Text, _ expected: String) -> PolicyError.Reason {
            .memberValue(member, table: "provider", found: text, expected: expected)
        }
    }

    static let duration = "a duration such as \"30s\", \"5m\", \"12h\" or \"7d\""
    static let algorithms = "RS256, PS256, ES256 or EdDSA, each once"

    static let rejected = [
        Rejected("", nil, .memberMissing("space", table: "")),
        Rejected(
            "space = \"a b\"", 1,
            .memberValue("space", table: "", found: "a b", expected: "a name of letters, digits, . _ -")),
        Rejected("space = 7", 1, .memberType("space", table: "", expected: "a text")),
        Rejected("space = \"s\"\nspaces = 1", 2, .memberUnknown("spaces", table: "")),
        Rejected("space = \"s\"\nprovider = []", 2, .memberUnknown("provider", table: "")),
        Rejected("space = \"s\"\n[Log]", 2, .tableUnknown("Log")),
        Rejected("space = \"s\"\n[provider]", 2, .tableNotArray("provider")),
        Rejected("space = \"s\"\n[[log]]", 2, .tableIsArray("log")),
        Rejected("space = \"s\"\n[log]\nfiles = 1", 3, .memberUnknown("files", table: "log")),
        Rejected(
            "space = \"s\"\n[log]\nsyslog = \"yes\"", 3, .memberType("syslog", table: "log", expected: "true or false")),
        Rejected("space = \"s\"\n[log]\nfile = \"\"\nrequired = true", 2, .requiredLogWithoutFile),
        Rejected("space = \"s\"\nmembers = \"\"", 2, .memberValue("members", table: "", found: "", expected: "a path")),
        Rejected(
            "space = \"s\"\nmembers = \"a\\u0000\"", 2,
            .memberValue("members", table: "", found: "a\0", expected: "a path")),
        Rejected(
            "space = \"s\"\ntemplate_min_uid = 0", 2,
            .memberValue("template_min_uid", table: "", found: "0", expected: "1 to 4294967294")),
        Rejected(
            "space = \"s\"\ntemplate_min_uid = 1.5", 2,
            .memberType("template_min_uid", table: "", expected: "a whole number")),
        Rejected(
            "space = \"s\"\n[line]\nexpiry_time = \"UTC\"", 3,
            .memberValue("expiry_time", table: "line", found: "UTC", expected: "utc, local or none")),
        Rejected(
            "space = \"s\"\n[session]\npermit = [\"tunnel\"]", 3,
            .memberValue(
                "permit", table: "session", found: "tunnel",
                expected: "pty, port-forwarding, agent-forwarding, X11-forwarding or user-rc, each once")),
        Rejected("space = \"s\"\n[[provider]]\n", 2, .memberMissing("name", table: "provider")),
        Rejected("space = \"s\"\n[[provider]]\nname = \"p\"\n", 2, .memberMissing("issuer", table: "provider")),
        Rejected(
            "space = \"s\"\n[[provider]]\nname = \"p\"\nissuer = \"https://p\"", 2,
            .memberMissing("client_ids", table: "provider")),
        Rejected(
            "space = \"s\"\n[[provider]]\nname = \"../p\"\n", 3,
            Rejected.value("name", "../p", "a name of a-z, 0-9, . _ -, at most 32")),
        Rejected.provider("algorithms = [\"HS256\"]", Rejected.value("algorithms", "HS256", algorithms)),
        Rejected.provider("algorithms = [\"rs256\"]", Rejected.value("algorithms", "rs256", algorithms)),
        Rejected.provider("algorithms = [\"ES256\", \"ES256\"]", Rejected.value("algorithms", "ES256", algorithms)),
        Rejected.provider(
            "algorithms = []", .memberType("algorithms", table: "provider", expected: "an array of texts, not empty")),
        Rejected.provider(
            "algorithms = \"ES256\"",
            .memberType("algorithms", table: "provider", expected: "an array of texts, not empty")),
        Rejected.provider("token_types = [\"CIC\"]", Rejected.value("token_types", "CIC", "JWT or at+jwt, each once")),
        Rejected.provider("keys_lifetime = \"0s\"", Rejected.value("keys_lifetime", "0s", duration)),
        Rejected.provider("keys_lifetime = 300", .memberType("keys_lifetime", table: "provider", expected: "a text")),
        Rejected.provider("keys_lifetimes = \"5m\"", .memberUnknown("keys_lifetimes", table: "provider")),
        Rejected.provider(
            "[[provider]]\nname = \"p\"\nissuer = \"https://q\"\nclient_ids = [\"d\"]",
            .nameTwice("p", table: "provider")),
        Rejected.provider(
            "[[provider]]\nname = \"q\"\nissuer = \"https://p\"\nclient_ids = [\"d\", \"c\"]",
            .audienceTwice("c", issuer: "https://p")),
    ]

    static let services = [
        Rejected(
            "space = \"s\"\n[[service]]\nname = \"x\"\nlogins = []", 4,
            .memberType("logins", table: "service", expected: "an array of texts, not empty")),
        Rejected(
            "space = \"s\"\n[[service]]\nname = \"x\"\nlogins = [\"a/b\"]", 4,
            .memberValue("logins", table: "service", found: "a/b", expected: "logins, each once")),
        Rejected(
            "space = \"s\"\n[[service]]\nname = \"x\"\nlogins = [\"a\"]\n[[service]]\nname = \"y\"\nlogins = [\"a\"]",
            5, .loginInTwoServices("a")),
        Rejected(
            "space = \"s\"\n[[service]]\nname = \"x\"\nlogins = [\"a\"]\n[[service]]\nname = \"x\"\nlogins = [\"b\"]",
            5, .nameTwice("x", table: "service")),
        Rejected(
            "space = \"s\"\n[[service]]\nname = \"x\"\nlogins = [\"a\"]\ncommand = 'c\\'", 5,
            .memberValue("command", table: "service", found: "c\\", expected: PolicyError.Field.command.expected)),
    ]

    static let issuers = [
        "http://accounts.google.com", "http://localhost.evil.com", "http://127.0.0.2", "http://[::2]", "HTTPS://p",
        "https://",
        "https:///x", "https://u@p", "https://p?x", "https://p#x", "https://p:", "https://p:0", "https://p:65536",
        "https://p q",
        "ftp://p", "p", "", "https://[::1", "https://ü.example",
    ].map(Rejected.issuer)

    @Test("what cannot be is refused where it stands", arguments: rejected + services + issuers)
    func refuses(row: Rejected) {
        do {
            _ = try configuration(row.toml)
            Issue.record("taken")
        } catch {
            #expect(error.reason == row.reason)
            #expect(error.line == row.line)
            #expect(error.kind == .invalid)
        }
    }

    static let takenIssuers = [
        "https://p", "https://p/", "https://p.example:8443/realms/a%20b", "http://localhost", "http://localhost:9000/x",
        "http://127.0.0.1:1", "http://[::1]:65535/", "https://[2001:db8::1]/",
        "https://token.actions.githubusercontent.com",
    ]

    @Test("an issuer is an https URL, or an http one of this machine", arguments: takenIssuers)
    func takesIssuer(issuer: String) {
        #expect(isIssuer(Text(issuer)))
    }

    @Test("what is no TOML is a syntax error with its place")
    func refusesSyntax() {
        do {
            _ = try configuration("space = \"s\"\nmembers = ")
            Issue.record("taken")
        } catch {
            #expect(error.kind == .syntax)
            #expect(error.line == 2)
            #expect(error.description.hasPrefix("/etc/pair/pair.toml:2:11: not TOML here: "))
        }
    }

    static let durations: [(Text, Int64?)] = [
        ("0s", 0), ("30s", 30), ("5m", 300), ("12h", 43_200), ("7d", 604_800), ("9223372036854775807s", .max),
        ("9223372036854775808s", nil), ("153722867280912931m", nil), ("106751991167301d", nil), ("", nil), ("s", nil),
        ("5", nil), ("5 m", nil), (" 5m", nil), ("+5m", nil), ("-5m", nil), ("05m", nil), ("5M", nil), ("1h30m", nil),
        ("1.5h", nil), ("5ms", nil), ("\u{665}m", nil),
    ]

    @Test("a duration is a number and a unit", arguments: durations)
    func readsDuration(text: Text, count: Int64?) {
        #expect(Seconds(setting: text)?.count == count)
    }

    static let sizes: [(Text, Int64?)] = [
        ("64KiB", 65_536), ("16MiB", 16_777_216), ("1GiB", 1_073_741_824), ("0KiB", 0), ("64KB", nil), ("64", nil),
        ("64 KiB", nil),
        ("64\u{212A}iB", nil), ("9007199254740992KiB", nil), ("9007199254740991KiB", 9_223_372_036_854_774_784),
    ]

    @Test("a size is a number and a unit", arguments: sizes)
    func readsSize(text: Text, count: Int64?) {
        #expect(byteCount(setting: text) == count)
    }
}
