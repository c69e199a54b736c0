import Encodings
import Policy
import Testing

@testable import TestSupport
@testable import Upkeep

/// opkssh's files as a whole.
@Suite struct OpksshImportTests {
    /// As opkssh's documentation has them (docs/config.md, README).
    private static let documented = (
        providers: """
        # Issuer Client-ID expiration-policy
        https://accounts.google.com YOUR-CLIENT-ID.apps.googleusercontent.com 24h
        https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0 YOUR-CLIENT-ID 24h

        """,
        policy: """
        # email/sub principal issuer\u{20}
        alice alice@example.com https://accounts.google.com
        guest alice@example.com https://accounts.google.com\u{20}
        root alice@example.com https://accounts.google.com\u{20}
        dev bob@microsoft.com https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0

        # Group identifier\u{20}
        dev oidc:groups:developer https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0

        # Email suffix wildcard matching all emails ending in `@example.com`
        dev oidc-match-end:email:@example.com https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0

        """,
        settings: """
        ---
        env_vars:
          HTTPS_PROXY: http://yourproxy:3128
        deny_emails:
          - "user1@example.com"
          - "user2@example.com"

        """
    )

    @Test("the files of opkssh's documentation come to these")
    func whole() throws {
        let made = try imported(
            providers: Self.documented.providers, policy: Self.documented.policy, settings: Self.documented.settings)
        #expect(
            made.members == """
                # SPACE IDENTITY PROVIDER LOGINS OPTIONS, taken over from opkssh by `pair host import-opkssh`.

                # Refused by config.yml:
                *          user1@example.com  *       deny
                *          user2@example.com  *       deny

                # From auth_id:
                # email/sub principal issuer
                build-box  alice@example.com  google  alice
                build-box  alice@example.com  google  guest
                build-box  alice@example.com  google  root
                build-box  bob@microsoft.com  entra   dev
                # Group identifier
                build-box  group:developer    entra   dev
                # Email suffix wildcard matching all emails ending in `@example.com`
                build-box  *@example.com      entra   dev

                """)
        #expect(try made.parsed.providers.map(\.name) == ["google", "entra"])
        #expect(
            made.findings.map { "\($0.file):\($0.line ?? 0) \($0.outcome)" } == [
                "providers:2 equal", "providers:3 equal", "config.yml:3 missing", "config.yml:5 stricter",
                "config.yml:6 stricter", "auth_id:2 stricter", "auth_id:3 stricter", "auth_id:4 stricter",
                "auth_id:5 stricter", "auth_id:8 equal", "auth_id:11 stricter",
            ])
    }

    @Test("whom auth_id lets in enters, and nobody else")
    func enters() throws {
        let made = try imported(
            providers: Self.documented.providers, policy: Self.documented.policy, settings: Self.documented.settings)
        func granted(_ login: String, _ provider: String, _ claims: String, _ email: Text?, _ isVerified: Bool = true)
            throws -> Bool
        {
            guard
                case .granted = try made.outcome(
                    for: login, at: provider, claims: claims, email: email, isVerified: isVerified)
            else { return false }
            return true
        }
        #expect(try granted("root", "google", "{}", "Alice@Example.com"))
        #expect(try !granted("dev", "google", "{}", "alice@example.com"))
        #expect(try !granted("root", "google", "{}", "alice@example.com", false))
        #expect(try !granted("root", "entra", "{}", "alice@example.com"))
        #expect(try granted("dev", "entra", "{\"groups\": [\"x\", \"developer\"]}", "x@example.org"))
        #expect(try granted("dev", "entra", "{}", "carol@example.com"))
        #expect(try !granted("dev", "entra", "{}", "user1@example.com"))
        #expect(try !granted("dev", "entra", "{}", "carol@sub.example.com"))
    }

    // MARK: - auth_id

    /// One line of auth_id, and the finding on it.
    static let left: [(String, OpksshReason)] = [
        ("alice a@x.example", .row(.columns(2))), ("alice a@x.example https://idp.example.com x", .row(.columns(4))),
        ("alice", .row(.columns(1))), ("\\", .row(.columns(0))),
        ("alice a@x.example google", .entry(.issuerAlias("google", issuer: "https://accounts.google.com"))),
        (
            "alice a@x.example azure",
            .entry(
                .issuerAlias(
                    "azure", issuer: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"))
        ),
        ("alice a@x.example https://idp.example.com/", .entry(.issuerUnknown("https://idp.example.com/"))),
        ("alice a@x.example HTTPS://idp.example.com", .entry(.issuerUnknown("HTTPS://idp.example.com"))),
        ("alice a@x.example https://jobs.example/api/actions", .entry(.providerMissing(line: 3))),
        ("alice,root a@x.example https://idp.example.com", .entry(.refused(.malformed(.logins, found: "alice,root")))),
        ("deny a@x.example https://idp.example.com", .entry(.refused(.malformed(.logins, found: "deny")))),
        (
            "{email-local} a@x.example https://idp.example.com",
            .entry(.refused(.malformed(.logins, found: "{email-local}")))
        ),
        (
            "{claim:x} a@x.example https://idp.example.com",
            .entry(.refused(.malformed(.logins, found: "{claim:x}")))
        ),
        ("al*ce a@x.example https://idp.example.com", .entry(.refused(.malformed(.logins, found: "al*ce")))),
        ("ROOT a@x.example https://idp.example.com", .entry(.loginDenied("ROOT"))),
        ("root a@x.example https://idp.example.com", .entry(.loginDenied("root"))),
        ("alice a\u{202E}b https://idp.example.com", .entry(.controlCharacter)),
        ("alice a\u{1B}[2Jb https://idp.example.com", .entry(.controlCharacter)),
        ("alice a\\\tb https://idp.example.com", .entry(.controlCharacter)),
        ("alice oidc-match-end:email:x.example https://idp.example.com", .email(.suffixNotDomain("x.example"))),
    ]

    @Test("a line that grants nothing here has a finding and a comment in its place", arguments: left)
    func leaves(line: String, reason: OpksshReason) throws {
        let made = try imported(
            providers: opksshProviders + "https://jobs.example/api/actions x oidc\n", policy: "\(line)\n",
            settings: "deny_users: [Root]\n")
        #expect(made.grants.isEmpty)
        let finding = try #require(made.findings.last)
        #expect(finding.file == "auth_id" && finding.line == 1 && finding.result.isEmpty)
        #expect(finding.reasons == [reason])
        #expect(made.comments == ["# not taken over (auth_id:1, \(reason.code)): \(finding.source)"])
    }

    @Test("a line at an issuer with two providers is a grant at each")
    func bothProviders() throws {
        let made = try imported(
            providers: "https://idp.example.com a 12h\nhttps://idp.example.com b 24h\n",
            policy: "alice oidc:groups:x https://idp.example.com\n")
        #expect(
            made.grants == [
                "build-box group:x idp.example.com alice", "build-box group:x idp.example.com-2 alice",
            ])
        #expect(made.findings.last?.result == made.grants)
    }

    @Test("a value with blanks, quotes or backslashes comes through")
    func quoting() throws {
        let made = try imported(
            policy: "alice oidc:team:a\\ \"b\"\\\\c https://idp.example.com\n")
        #expect(made.grants == ["build-box \"claim:team=a \\\"b\\\"\\\\c\" idp.example.com alice"])
        let claims = "{\"team\": \"a \\\"b\\\"\\\\c\"}"
        guard case .granted = try made.outcome(for: "alice", at: "idp.example.com", claims: claims) else {
            Issue.record("not granted")
            return
        }
    }

    @Test("comments are carried over, and none can do anything to a terminal or become a line")
    func comments() throws {
        let made = try imported(
            policy: """
                # plain\twith a tab
                alice oidc:groups:x https://idp.example.com # behind
                # \u{1B}]0;owned\u{7} #
                # a\rbuild-box *@example.com google root
                # \u{202E}toor
                # \(String(repeating: "x", count: 500))

                """)
        #expect(
            made.comments == [
                "# plain with a tab", "# behind", "# \"\\x1b]0;owned\\x07 #\"",
                "# \"a\\x0dbuild-box *@example.com google root\"", "# \"\\xe2\\x80\\xaetoor\"",
                "# \"\(String(repeating: "x", count: 400))...\"",
            ])
        #expect(made.grants == ["build-box group:x idp.example.com alice"])
    }

    @Test("what is not UTF-8, too long or marked is left out alone, and shown quoted")
    func hostileLines() throws {
        let good = "bob oidc:groups:x https://idp.example.com\n"
        let lines: [[UInt8]] = [
            [0xEF, 0xBB, 0xBF] + Array(good.utf8), [0x61, 0xFF, 0x0A],
            Array("alice \(String(repeating: "x", count: 100_000)) https://idp.example.com\n".utf8),
            Array("alice oidc:groups:\(String(repeating: "x", count: 16_000)) https://idp.example.com\n".utf8),
            Array(good.replacing("\n", with: "\r\n").utf8),
        ]
        var files = OpksshFiles(providers: OpksshFile(path: "providers", bytes: Array(opksshProviders.utf8)))
        files.policy = OpksshFile(path: "auth_id", bytes: lines.flatMap(\.self))
        let made = try OpksshImport(of: files, space: "build-box")
        #expect(made.grants.count == 2)
        #expect(made.grants.last == "build-box group:x idp.example.com bob")
        #expect(
            made.findings.suffix(5).map(\.reasons) == [
                [.row(.byteOrderMark)], [.row(.notUTF8)], [.row(.tooLong(limit: 16_384))], [], [],
            ])
        #expect(made.findings[3].source == "\"a\\xff\"")
        #expect(made.findings.allSatisfy { $0.source.utf8.count < 700 })
    }

    // MARK: - Homes

    @Test("a home's lines count for its own login alone, below the host's")
    func homes() throws {
        let made = try imported(
            policy: "root oidc:groups:ops https://idp.example.com\n",
            homes: [
                (
                    "alice",
                    """
                    alice oidc:groups:a https://idp.example.com
                    root oidc:groups:a https://idp.example.com
                    Alice oidc:groups:a https://idp.example.com
                    alice *@example.com https://idp.example.com
                    """
                )
            ])
        #expect(
            made.grants == [
                "build-box group:ops idp.example.com root", "build-box group:a idp.example.com alice",
            ])
        #expect(
            made.findings.suffix(3).map(\.reasons) == [
                [.entry(.loginOfOther(owner: "alice"))], [.entry(.loginOfOther(owner: "alice"))],
                [.email(.starIsLetter)],
            ])
        #expect(made.members.contains("# From /home/alice/.opk/auth_id:\n"))
    }

    @Test("a home's path that is no plain text is quoted wherever it stands")
    func homePath() throws {
        let made = try imported(homes: [("a\nbuild-box sub:x google root", "a b c\n")])
        #expect(made.grants.isEmpty)
    }

    // MARK: - config.yml

    static let denials: [(String, OpksshReason.Setting)] = [
        ("alice", .notAddress), ("", .notAddress), ("sub:a@b", .notAddress), ("group:x@y", .notAddress),
        ("a@b@c", .notAddress), ("a,b@c", .notAddress), ("*@example.com", .starIsLetter),
        ("a*b@example.com", .starIsLetter),
        ("@example.com", .notAddress),
    ]

    @Test("a denial that has no equal says so, and never means others", arguments: denials)
    func denial(email: String, reason: OpksshReason.Setting) throws {
        let made = try imported(settings: "deny_emails:\n  - \"\(email)\"\n")
        #expect(made.grants.isEmpty)
        #expect(made.findings.last?.reasons == [.setting(reason)])
        #expect(
            made.comments == [
                "# not taken over (config.yml:2, \(OpksshReason.setting(reason).code)): deny_emails \(email)"
            ])
    }

    @Test("a denial holds for an e-mail verified or not, in any case of ASCII's letters")
    func denies() throws {
        let made = try imported(
            policy: "alice oidc:groups:a https://idp.example.com\n",
            settings: "deny_emails: [Mallory@Example.com, ä@example.com]\n")
        #expect(made.grants.prefix(2) == ["* Mallory@Example.com * deny", "* ä@example.com * deny"])
        for (email, isDenied) in [("mallory@example.COM", true), ("ä@Example.com", true), ("bob@example.com", false)] {
            let outcome = try made.outcome(
                for: "alice", at: "idp.example.com", claims: "{\"groups\": [\"a\"]}", email: Text(email),
                isVerified: false)
            if case .denied = outcome { #expect(isDenied) } else { #expect(!isDenied) }
        }
        #expect(
            made.findings.filter { $0.file == "config.yml" }.map(\.reasons) == [
                [.setting(.emailAbsent)], [.setting(.emailAbsent), .setting(.emailBeyondASCII)],
            ])
    }

    @Test("a denied login has a finding, and no line lets anybody in as it")
    func deniedLogin() throws {
        // The Kelvin sign is a k to opkssh.
        let made = try imported(
            policy: "kate sub https://idp.example.com\nbob sub https://idp.example.com\n",
            settings: "deny_users: [\"\u{212A}ate\", BOB2]\n")
        #expect(made.grants == ["build-box sub:sub idp.example.com bob"])
        #expect(
            made.findings.filter { $0.file == "config.yml" }.map(\.reasons) == [
                [.setting(.deniedLogin("\u{212A}ate"))], [.setting(.deniedLogin("BOB2"))],
            ])
        #expect(
            made.findings.last { $0.file == "config.yml" }?.reasons.first?.advice?.hasPrefix("`DenyUsers BOB2`") == true
        )
    }

    @Test("settings and plugins without an equal have findings, without a secret in them")
    func settings() throws {
        let made = try imported(
            providers: "",
            settings:
                "env_vars:\n  HTTPS_PROXY: http://user:secret@proxy\ncache:\n  base_dir: /x\ncae:\n  token: secret\n",
            plugins: ["/etc/opk/policy.d/a\nb.yml"])
        #expect(
            made.findings == [
                OpksshFinding(
                    file: "config.yml", line: 2, source: "env_vars HTTPS_PROXY", reasons: [.setting(.environment)]),
                OpksshFinding(file: "config.yml", line: 3, source: "cache", reasons: [.setting(.cache)]),
                OpksshFinding(file: "config.yml", line: 5, source: "cae", reasons: [.setting(.unknown("cae"))]),
                OpksshFinding(file: "\"/etc/opk/policy.d/a\\x0ab.yml\"", line: nil, reasons: [.setting(.plugin)]),
            ])
    }

    @Test("a config.yml that is not certain stops everything")
    func uncertain() {
        #expect(
            throws: OpksshImportError(
                file: "config.yml", line: 1, reason: .notUnderstood(expected: "a list of texts"))
        ) { try imported(settings: "deny_emails: a@b\n") }
    }

    @Test("a Space must have a name", arguments: ["", "a b", "*", "-a", String(repeating: "a", count: 129)])
    func space(name: String) {
        let files = OpksshFiles(providers: OpksshFile(path: "providers", bytes: []))
        #expect(throws: OpksshImportError(file: "--space", line: nil, reason: .spaceName(Text(name)))) {
            try OpksshImport(of: files, space: name)
        }
    }
}
