import Encodings
import Foundation
import IdentityToken
import TOML
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

    private static let source = "[policy_source]\nurl = \"https://policy.example.com/policy.signed\"\n"

    @Test("a source of the policy has its defaults, and its file is where the three are")
    func policySource() throws {
        #expect(try configuration().policySource == nil)
        #expect(try configuration().path(of: .revoked) == "/etc/pair/revoked")
        let configuration = try configuration("space = \"s\"\n\(Self.source)")
        let source = try #require(configuration.policySource)
        #expect(source.origin == .web(url: "https://policy.example.com/policy.signed"))
        #expect(source.name == "https://policy.example.com/policy.signed")
        #expect(configuration.resolve(source.allowedSigners) == "/etc/pair/allowed_signers")
        #expect(source.file == "/var/lib/pair/policy")
        #expect(source.grace == Seconds(0))
        #expect(source.minimumSerial == 0)
        #expect(configuration.path(of: .members) == "/var/lib/pair/policy:members")
    }

    @Test("what is given of a source is taken, and its policy counts for its grace beyond its end")
    func wholePolicySource() throws {
        let text = "allowed_signers = \"/srv/signers\"\nfile = \"policy\"\ngrace = \"12h\"\nmin_serial = 7\n"
        let configuration = try configuration("space = \"s\"\n\(Self.source)\(text)")
        let source = try #require(configuration.policySource)
        #expect(configuration.resolve(source.allowedSigners) == "/srv/signers")
        #expect(configuration.path(of: .accounts) == "/etc/pair/policy:accounts")
        #expect(source.minimumSerial == 7)
        let (start, end) = (UnixTime(seconds: 0), UnixTime(seconds: 60))
        let header = try PolicyHeader(serial: 1, created: start, expires: end) { _ in 0 }
        #expect(source.end(of: header) == end + Seconds(12 * 3600))
    }

    private static let etcd = "[policy_source]\netcd = [\"https://a.example:2379\", \"https://b.example:2379\"]\n"

    @Test("a source may be in etcd, with a prefix of its own, a CA and a user, or none of them")
    func etcdSource() throws {
        let plain = try #require(try configuration("space = \"s\"\n\(Self.etcd)").policySource)
        #expect(plain.name == "https://a.example:2379,https://b.example:2379 /pair/")
        guard case .etcd(let place) = plain.origin else { throw Missing() }
        #expect(place.members == ["https://a.example:2379", "https://b.example:2379"])
        #expect(place.prefix == "/pair/")
        #expect(place.caFile == nil && place.user == nil && place.passwordFile == nil)

        let text = "prefix = \"/fleet/\"\nca = \"ca.pem\"\nuser = \"host\"\npassword_file = \"password\"\n"
        let whole = try #require(try configuration("space = \"s\"\n\(Self.etcd)\(text)").policySource)
        #expect(whole.name == "https://a.example:2379,https://b.example:2379 /fleet/")
        guard case .etcd(let other) = whole.origin else { throw Missing() }
        #expect(other.caFile == "ca.pem" && other.user == "host" && other.passwordFile == "password")
    }

    private struct Missing: Error {}

    @Test("a table that names nothing changes nothing")
    func fillsTables() throws {
        let (plain, tables) = (try configuration(), try configuration("space = \"s\"\n[session]\n[line]\n[log]"))
        #expect(tables.permits == plain.permits)
        #expect(tables.expiryTime == plain.expiryTime)
        #expect(tables.log == plain.log)
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
        #expect(provider.tokenTypes == [.accessToken, .jwt])
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

        init(_ toml: String, _ line: Int?, _ reason: SettingsError.Reason) {
            self.init(toml, line, .settings(reason))
        }

        static func provider(_ members: String, _ reason: PolicyError.Reason) -> Rejected {
            let head = "space = \"s\"\n[[provider]]\nname = \"p\"\nissuer = \"https://p\"\nclient_ids = [\"c\"]\n"
            return Rejected(head + members, 6, reason)
        }

        static func provider(_ members: String, _ reason: SettingsError.Reason) -> Rejected {
            provider(members, .settings(reason))
        }

        static func issuer(_ issuer: String) -> Rejected {
            let toml = "space = \"s\"\n[[provider]]\nname = \"p\"\nissuer = '\(issuer)'\nclient_ids = [\"c\"]\n"
            return Rejected(
                toml, 4,
                .memberValue("issuer", table: "provider", found: Text(issuer), expected: "an https URL without query"))
        }

        static func value(_ member: String, _ text: Text, _ expected: String) -> SettingsError.Reason {
            .memberValue(member, table: "provider", found: text, expected: expected)
        }
    }

    static let duration = "a duration such as \"30s\", \"5m\", \"12h\" or \"7d\""
    static let algorithms = "RS256, PS256, ES256 or EdDSA, each once"

    private static func beside(_ name: String) -> SettingsError.Reason {
        .contradiction("\(name) at the top and [policy_source]: only one of them can say who may enter")
    }

    private static func ofEtcd(_ name: String) -> SettingsError.Reason {
        .contradiction("\(name) in [policy_source] is for etcd, and not for url")
    }

    private static let halfUser = SettingsError.Reason.contradiction(
        "user and password_file in [policy_source]: both expected, or neither")

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
        Rejected(
            "space = \"s\"\n[log]\nfile = \"\"\nrequired = true", 2,
            .contradiction("required in [log] needs a file: syslog may lose records")),
        Rejected("space = \"s\"\n[policy_source]", 2, .memberMissing("url or etcd", table: "policy_source")),
        Rejected("space = \"s\"\n[[policy_source]]", 2, .tableIsArray("policy_source")),
        Rejected(
            "space = \"s\"\n\(source)etcd = [\"https://a\"]", 4,
            .contradiction("url and etcd in [policy_source]: only one of them can be where the policy is")),
        Rejected("space = \"s\"\n\(source)prefix = \"/pair/\"", 4, ofEtcd("prefix")),
        Rejected("space = \"s\"\n\(source)ca = \"a\"", 4, ofEtcd("ca")),
        Rejected("space = \"s\"\n\(source)user = \"a\"\npassword_file = \"b\"", 4, ofEtcd("user")),
        Rejected("space = \"s\"\n\(source)password_file = \"b\"", 4, ofEtcd("password_file")),
        Rejected("space = \"s\"\n\(etcd)user = \"a\"", 4, halfUser),
        Rejected("space = \"s\"\n\(etcd)password_file = \"a\"", 4, halfUser),
        Rejected(
            "space = \"s\"\n\(etcd)prefix = \"\"", 4,
            .memberValue("prefix", table: "policy_source", found: "", expected: "a text such as /pair/")),
        Rejected(
            "space = \"s\"\n[policy_source]\netcd = []", 3,
            .memberType("etcd", table: "policy_source", expected: "an array of texts, not empty")),
        Rejected(
            "space = \"s\"\n[policy_source]\netcd = [\"http://a.example:2379\"]", 3,
            .memberValue(
                "etcd", table: "policy_source", found: "http://a.example:2379",
                expected: "https URLs without query, each once")),
        Rejected("members = \"m\"\nspace = \"s\"\n\(source)", 3, beside("members")),
        Rejected("accounts = \"a\"\nspace = \"s\"\n\(source)", 3, beside("accounts")),
        Rejected("revoked = \"r\"\nspace = \"s\"\n\(source)", 3, beside("revoked")),
        Rejected(
            "space = \"s\"\n\(source)min_serial = 9007199254740993", 4,
            .memberValue(
                "min_serial", table: "policy_source", found: "9007199254740993", expected: "0 to 9007199254740992")),
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
            .contradiction(
                #"two providers with client id "c" at "https://p": no token could tell them apart"#)),
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
            5, .contradiction(#"login "a" belongs to two services"#)),
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

    /// What docs/providers.md shows of pair.toml: blocks of TOML whose first header says so.
    private static let documented: [String] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let page = try? String(contentsOf: folder.appendingPathComponent("docs/providers.md"), encoding: .utf8)
        let blocks = (page ?? "").components(separatedBy: "```toml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        return blocks.filter { $0.prefix { $0 != "\n" }.hasSuffix("# pair.toml") }
    }()

    @Test("the documentation's example for each provider is taken")
    func takesExamples() throws {
        let all = try configuration("space = \"s\"\n" + Self.documented.joined(separator: "\n"))
        #expect(all.providers.map(\.name) == ["google", "entra", "gitlab", "okta", "keycloak", "authelia", "idp"])
    }
}
