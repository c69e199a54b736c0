import Encodings
import Policy
import SSHKeys
import Signatures
import Testing

@testable import Administration
@testable import TestSupport

@Suite("Looking a host over")
struct HostCheckTests {
    /// What is found in a file: line, severity and code of each.
    private static func found(
        members: String = "", accounts: String = "", revoked: String = "", toml: String = baseTOML,
        space: String = "build-box", users: Users = Users()
    ) throws -> [Finding] {
        let bytes = Array(toml.utf8)
        var check = HostCheck(
            of: try Configuration(parsing: bytes, file: "pair.toml"), parsed: bytes, file: "pair.toml", space: space,
            now: noon, users: users)
        check.checkMembers(Array(members.utf8), path: "members")
        check.checkAccounts(Array(accounts.utf8), path: "accounts")
        check.checkRevoked(Array(revoked.utf8), path: "revoked", accountsPath: "accounts")
        check.checkConfiguration()
        return check.findings
    }

    private static func codes(_ findings: [Finding], in file: String) -> [String] {
        findings.filter { $0.file == file }.map { "\($0.line ?? 0) \($0.severity.rawValue) \($0.reason.code)" }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let found: [String]
        var testDescription: String { name }
    }

    // MARK: - members

    static let members = [
        Case(name: "nothing", text: "", found: []),
        Case(
            name: "what is in order",
            text: """
                # Who may enter.
                build-box alice@example.com okta alice,ops
                build-box group:sre okta bob until=2026-12-31T00:00:00Z
                build-box *@example.com okta {email-local}
                build-box alice@example.com google alice require=hd:example.com
                build-box someone@gmail.com google bob
                other-box x@y.z azure nobody-here
                * sub:7 * deny

                """, found: []),
        Case(
            name: "every line that does not parse, with its column",
            text: "build-box\nbuild-box a google x\n\nbuild-box sub:1 okta alice x=\nbuild-box sub:2 okta alice\n",
            found: ["1 error fault", "2 error fault", "4 error fault"]),
        Case(name: "a line half written", text: "build-box sub:1 okta alice", found: ["1 error fault"]),
        Case(
            name: "a provider that there is not",
            text: "build-box sub:1 azure alice\n* sub:2 azure alice\n* sub:3 azure deny\n",
            found: ["1 error fault", "2 note provider-passed-over", "3 note provider-passed-over"]),
        Case(
            name: "a login that there is not", text: "build-box sub:1 okta alice,alcie\n",
            found: ["1 warning login-unknown"]),
        Case(name: "root", text: "build-box sub:1 okta root\n", found: ["1 warning login-root"]),
        Case(
            name: "a grant that is over, just now", text: "build-box sub:1 okta alice until=2026-11-22T12:00:00Z\n",
            found: ["1 warning grant-expired"]),
        Case(
            name: "a grant that is over does not shadow",
            text: "build-box sub:1 okta alice until=2026-11-22T12:00:00Z\nbuild-box sub:1 okta alice\n",
            found: ["1 warning grant-expired"]),
        Case(
            name: "the same twice, however it is written",
            text:
                "build-box A@b.C okta alice,bob role=x,no-pty\nbuild-box\t\"a@b.c\" okta bob,alice no-pty,role=\"x\"\n",
            found: ["2 warning duplicate"]),
        Case(
            name: "a deny twice",
            text: "build-box sub:1 okta deny\nbuild-box sub:1 okta deny\nbuild-box sub:1 * deny\n",
            found: ["2 warning duplicate"]),
        Case(
            name: "a grant behind one with other options",
            text: "build-box sub:1 okta alice,bob\nbuild-box sub:1 okta bob no-pty\n",
            found: ["2 warning grant-shadowed"]),
        Case(
            name: "a grant behind two that have its logins together",
            text: "build-box sub:1 okta alice\nbuild-box sub:1 okta bob\nbuild-box sub:1 okta bob,alice no-pty\n",
            found: ["3 warning grant-shadowed"]),
        Case(
            name: "a grant of which one login is taken",
            text: "build-box sub:1 okta alice\nbuild-box sub:1 okta bob,alice no-pty\n",
            found: ["2 warning logins-shadowed"]),
        Case(
            name: "an address behind its domain",
            text: "build-box *@b.c okta {email-local},ops\nbuild-box bob@b.c okta bob,ops\n",
            found: ["2 warning grant-shadowed"]),
        Case(
            name: "a domain behind an address", text: "build-box bob@b.c okta ops\nbuild-box *@b.c okta ops\n",
            found: []),
        Case(
            name: "an address behind its domain at Google, where that wants hd",
            text: "build-box *@b.c google ops\nbuild-box bob@b.c google ops require=amr:x\n",
            found: ["2 warning email-at-google"]),
        Case(
            name: "a group of the host's that nobody is asked for, and a grant behind it that wants none or another",
            text: "build-box sub:1 okta ops unix-group=a\nbuild-box sub:1 okta ops unix-group=b\n"
                + "build-box sub:1 okta ops\n",
            found: ["1 warning unix-group-unasked", "2 warning unix-group-unasked"]),
        Case(
            name: "the same group behind it",
            text: "build-box sub:1 okta ops unix-group=a\nbuild-box sub:1 okta ops unix-group=a,no-pty\n",
            found: ["1 warning unix-group-unasked", "2 warning grant-shadowed", "2 warning unix-group-unasked"]),
        Case(
            name: "a grant behind one that wants more",
            text: "build-box sub:1 okta ops require=amr:mfa\nbuild-box sub:1 okta ops\n", found: []),
        Case(
            name: "a grant that outlives the one in front of it",
            text: "build-box sub:1 okta ops until=2026-12-01T00:00:00Z\n"
                + "build-box sub:1 okta ops until=2026-12-01T00:00:01Z\n"
                + "build-box sub:1 okta ops no-pty,until=2026-12-01T00:00:00Z\n",
            found: ["3 warning grant-shadowed"]),
        Case(
            name: "a grant to somebody who is denied, before or after",
            text: "build-box sub:1 okta alice\n* sub:1 * deny\nbuild-box sub:1 google bob\n",
            found: ["1 warning grant-denied", "3 warning grant-denied"]),
        Case(
            name: "an address whose domain is denied", text: "build-box a@b.c okta alice\nbuild-box *@b.c okta deny\n",
            found: ["1 warning grant-denied"]),
        Case(
            name: "a deny at another provider", text: "build-box sub:1 okta alice\nbuild-box sub:1 google deny\n",
            found: []),
        Case(
            name: "a deny that not all tokens can answer",
            text: "build-box sub:1 okta alice\nbuild-box a@b.c okta deny\nbuild-box group:x okta deny\n",
            found: ["2 note deny-wants-claim", "3 note deny-wants-claim"]),
        Case(
            name: "a deny of an address where all are granted by address",
            text: "build-box *@b.c okta {email-local}\nbuild-box a@b.c okta deny\n", found: []),
        Case(
            name: "a deny of a group at Google, whose tokens have none", text: "build-box group:x google deny\n",
            found: ["1 error groups-at-google"]),
        Case(
            name: "a deny for a Space that nothing else is about",
            text: "bulid-box sub:1 okta deny\nweb sub:1 okta deny\nweb sub:2 okta alice\nmail sub:1 okta alice\n",
            found: ["1 warning deny-space-unused"]),
        Case(
            name: "a Space that is spelled otherwise or cannot be one",
            text: "Build-Box sub:1 okta deny\n-x sub:1 okta alice\n",
            found: ["1 warning space-case", "2 warning space-malformed"]),
        Case(
            name: "another Space's line that is a fault there", text: "web sub:1 okta\nweb sub:1 okta alice\n",
            found: ["1 warning other-space-fault"]),
        Case(
            name: "a claim that people choose themselves",
            text: "build-box claim:preferred_username=bob okta alice\nbuild-box sub:1 okta {claim:nickname}\n",
            found: [
                "1 warning claim-chosen-by-person", "2 warning claim-chosen-by-person",
                "2 warning template-service-login",
            ]),
        Case(
            name: "a template that may give a service's login",
            text: "build-box *@b.c okta {email-local}\nbuild-box pgs@b.c google {email-local} require=hd:b.c\n",
            found: ["1 warning template-service-login", "2 warning template-service-login"]),
    ]

    /// Services' logins below `template_min_uid`, but for the rows about just that.
    private static func users(for row: Case) -> Users {
        var users = Users()
        if !row.found.contains(where: { $0.hasSuffix("template-service-login") }) { users.uids["pgs"] = 200 }
        users.uids["ops"] = 202
        return users
    }

    @Test("members: what is found, and nothing else", arguments: members)
    func checksMembers(_ row: Case) throws {
        let found = try Self.found(members: row.text, users: Self.users(for: row))
        #expect(Self.codes(found, in: "members") == row.found, "\(found)")
    }

    @Test("a fault says what the parser says, and where")
    func keepsPlaces() throws {
        let found = try Self.found(members: "build-box sub:1 okta alice until=soon\n")
        let finding = try #require(found.first { $0.severity == .error })
        #expect(finding.line == 1 && finding.column == 28)
        #expect(finding.reason == .fault("until: until=YYYY-MM-DDTHH:MM:SSZ expected, \"soon\" found"))
    }

    @Test("another Space is looked at by its own lines, with providers of its own")
    func checksOtherSpace() throws {
        let text = "web sub:1 azure alice\nbuild-box x\nweb sub:1 azure alice\n"
        let found = try Self.found(members: text, space: "web")
        #expect(Self.codes(found, in: "members") == ["2 warning other-space-fault", "3 warning duplicate"])
    }

    // MARK: - accounts

    private static func key(_ byte: UInt8) -> String {
        PublicKey.ed25519([UInt8](repeating: byte, count: 32)).authorizedKeysText
    }

    private static let rsa = PublicKey.rsa(exponent: [1, 0, 1], modulus: [0xC1] + [UInt8](repeating: 0x55, count: 255))
        .authorizedKeysText

    private static let offCurve = PublicKey.ecdsa(.p256, point: [4] + [UInt8](repeating: 5, count: 64))
        .authorizedKeysText

    static let accounts = [
        Case(name: "nothing", text: "", found: []),
        Case(
            name: "a CA with a cap, and a plain key",
            text: "# x\nteam cert-authority,services=\"pgs,admin\" \(key(1)) c\nalice \(key(2))\n",
            found: ["3 note key-reaches-all"]),
        Case(name: "a CA without a cap", text: "team cert-authority \(key(1))\n", found: ["1 warning ca-uncapped"]),
        Case(
            name: "a cap with services that there are not",
            text: "team cert-authority,services=\"pgx,tuns,x\" \(key(1))\n",
            found: ["1 warning cap-unknown", "1 warning cap-unknown"]),
        Case(
            name: "every line that does not parse, and a key that stands twice",
            text: "team\nalice \(key(2))\nbob x=\"y\" \(key(3))\nbob \(key(2))\ncarol \(key(4))\n",
            found: [
                "1 error fault", "2 note key-reaches-all", "3 error fault", "4 error fault", "5 note key-reaches-all",
            ]),
        Case(
            name: "RSA of 2048 bits", text: "t cert-authority,services=\"pgs\" \(rsa)\n", found: ["1 warning rsa-short"]
        ),
        Case(
            name: "a point off its curve", text: "t cert-authority,services=\"pgs\" \(offCurve)\n",
            found: ["1 error key-weak"]),
        Case(name: "a line half written", text: "a \(key(1))", found: ["1 error fault", "1 note key-reaches-all"]),
    ]

    @Test("accounts: what is found, and nothing else", arguments: accounts)
    func checksAccounts(_ row: Case) throws {
        let found = try Self.found(accounts: row.text)
        #expect(Self.codes(found, in: "accounts") == row.found, "\(found)")
    }

    @Test("accounts without any service are found")
    func findsNoService() throws {
        let found = try Self.found(
            accounts: "t cert-authority,services=\"admin\" \(Self.key(1))\n",
            toml: "space = \"build-box\"\n")
        #expect(Self.codes(found, in: "accounts") == ["0 warning no-service"])
    }

    // MARK: - revoked

    @Test("revoked: faults, repetitions, CAs of nobody, and addresses that not all tokens have")
    func checksRevoked() throws {
        let (mine, other) = (
            try PublicKey.ed25519([UInt8](repeating: 1, count: 32)).fingerprint(),
            try PublicKey.ed25519([UInt8](repeating: 2, count: 32)).fingerprint()
        )
        let found = try Self.found(
            members: "build-box sub:1 okta alice\n",
            accounts: "t cert-authority,services=\"pgs\" \(Self.key(1))\n",
            revoked: """
                # x
                key \(other)
                key   \(other)
                key SHA256:x
                cert \(mine) serial=1
                cert \(other) serial=1
                identity okta a@b.c
                identity google a@b.c
                identity azure sub:1
                cert \(mine) id="a b"
                cert \(mine) id="a  b"
                key \(mine)

                """)
        #expect(
            Self.codes(found, in: "revoked") == [
                "3 note revoked-twice", "4 error fault", "6 note ca-unknown", "7 note revoked-email-wants-claim",
                "9 error fault",
            ])
        #expect(Self.codes(found, in: "accounts") == ["1 note key-revoked"])
    }

    // MARK: - pair.toml

    @Test("pair.toml: logins of services, providers that nothing is about, templates that reach system users")
    func checksConfiguration() throws {
        let toml = """
            space = "build-box"
            template_min_uid = 30
            [[provider]]
            name = "okta"
            issuer = "https://example.okta.com"
            client_ids = ["pair"]
            [[provider]]
            name = "old"
            issuer = "https://old.example.com"
            client_ids = ["pair"]
            [[service]]
            name = "pgs"
            logins = [
              "pgs",
              "gone",
              "root",
            ]
            [[service]]
            name = "admin"
            logins = ["root"]
            """
        let found = try Self.found(members: "build-box sub:1 okta {claim:login}\n", toml: toml)
        #expect(
            Self.codes(found, in: "pair.toml") == [
                "2 warning template-system-logins", "7 note provider-unused", "15 warning service-login-unknown",
                "16 warning service-login-root",
            ])
        #expect(found.contains { $0.reason == .templateGivesSystemLogins(["www", "tunnel", "git"], minimum: 30) })
    }

    @Test("where users cannot be looked up, that is found, and nothing about logins")
    func survivesLookup() throws {
        let found = try Self.found(members: "build-box sub:1 okta nobody-here,root\n", users: Users(isBroken: true))
        #expect(found.map(\.reason.code).filter { $0.contains("login") }.isEmpty)
        #expect(found.contains { $0.reason == .usersUnknown("out of order") })
    }

    // MARK: - Text

    @Test("every finding has its own code, and what to do in sentences")
    func explainsAll() throws {
        let all = try
            (Self.members.map { try Self.found(members: $0.text) }
            + Self.accounts.map { try Self.found(accounts: $0.text) }).joined()
        #expect(!all.isEmpty)
        for finding in all {
            #expect(finding.reason.advice.hasSuffix("."))
            #expect(!finding.reason.description.hasSuffix("."), "\(finding)")
        }
    }
}
