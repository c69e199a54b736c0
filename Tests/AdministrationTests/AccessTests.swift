import Encodings
import Policy
import SSHKeys
import Testing

@testable import Administration
@testable import TestSupport

@Suite("Who would be left")
struct AccessReviewTests {
    private func ways(_ text: String, accounts: String = "", revoked: String = "") throws -> WaysIn {
        let configuration = try configuration()
        return WaysIn(
            members: try members(text).entries, accounts: try AccountsFile(Array(accounts.utf8), path: "accounts").keys,
            revocations: try RevokedFile(Array(revoked.utf8), path: "revoked", under: configuration).revocations,
            configuration: configuration, now: noon)
    }

    private static func key(_ byte: UInt8) -> PublicKey { .ed25519([UInt8](repeating: byte, count: 32)) }

    private func shown(_ ways: WaysIn) -> [String] { ways.all.map { "\($0.holder): \($0.login.text.string)" } }

    @Test("a way in is a grant that holds now and is neither denied nor revoked")
    func countsGrants() throws {
        let text = """
            build-box a@b.c okta alice,{email-local}
            build-box sub:1 okta alice until=2026-11-22T12:00:00Z
            build-box sub:2 okta alice
            build-box sub:3 google alice
            build-box x@denied.org okta x
            build-box *@denied.org okta deny
            build-box *@b.c google {email-local}
            build-box a@b.c okta a role=again

            """
        let ways = try ways(text, revoked: "identity okta sub:2\n")
        #expect(
            shown(ways) == [
                "a@b.c (okta): alice", "a@b.c (okta): a", "sub:3 (google): alice", "*@b.c (google): {email-local}",
            ])
    }

    @Test("an account's key is a way into each login that its services have")
    func countsKeys() throws {
        let accounts = """
            team cert-authority,services="pgs" \(Self.key(1).authorizedKeysText)
            ops cert-authority,services="admin" \(Self.key(2).authorizedKeysText)
            old cert-authority \(Self.key(3).authorizedKeysText)
            alice \(Self.key(4).authorizedKeysText)

            """
        let revoked = "key \(try Self.key(3).fingerprint())\n"
        let logins = try Dictionary(grouping: ways("", accounts: accounts, revoked: revoked).all, by: \.holder)
            .mapValues { $0.map(\.login.text.string) }
        #expect(logins.count == 3)
        #expect(logins[.authority(try Self.key(1).fingerprint(), account: "team")] == ["pgs"])
        #expect(logins[.authority(try Self.key(2).fingerprint(), account: "ops")] == ["pgs", "tunnel", "root", "ops"])
        #expect(logins[.key(try Self.key(4).fingerprint(), account: "alice")] == ["pgs", "tunnel", "root", "ops"])
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var before = "build-box sub:1 okta root\n"
        let after: String
        var refusal: (String, String?)?
        var lockedOut: [String] = []
        var perhaps: [String] = []
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "nobody was in", before: "", after: "build-box sub:1 okta deny\n"),
        Case(
            name: "the last grant goes", before: "build-box sub:1 okta root,alice\n", after: "",
            lockedOut: ["root", "alice"]),
        Case(
            name: "one login of the last grant goes", before: "build-box sub:1 okta root,alice\n",
            after: "build-box sub:1 okta alice\n", lockedOut: ["root"]),
        Case(
            name: "another grant is left", before: "build-box sub:1 okta root\nbuild-box sub:2 okta root\n",
            after: "build-box sub:2 okta root\n"),
        Case(
            name: "what is left was over", after: "build-box sub:2 okta root until=2026-01-01T00:00:00Z\n",
            lockedOut: ["root"]),
        Case(name: "a template never gives root", after: "build-box *@b.c okta {email-local}\n", lockedOut: ["root"]),
        Case(
            name: "a template may give anybody else", before: "build-box sub:1 okta alice\n",
            after: "build-box *@b.c okta {email-local}\n"),
        Case(name: "the only one is denied", after: "build-box sub:1 okta root\n* sub:1 * deny\n", lockedOut: ["root"]),
        Case(
            name: "perhaps the only one is denied", before: "build-box a@b.c okta root\n",
            after: "build-box a@b.c okta root\n* sub:1 * deny\n", refusal: ("sub:1", nil), perhaps: ["root"]),
        Case(
            name: "perhaps one of two is denied", before: "build-box a@b.c okta root\nbuild-box b@b.c okta root\n",
            after: "build-box a@b.c okta root\nbuild-box b@b.c okta root\n* sub:1 * deny\n", refusal: ("sub:1", nil)),
        Case(
            name: "one of a group is denied", before: "build-box group:sre okta root\n",
            after: "build-box group:sre okta root\nbuild-box sub:1 okta deny\n", refusal: ("sub:1", "okta")),
        Case(
            name: "a group is denied where others are granted",
            before: "build-box a@b.c okta root\nbuild-box sub:1 okta root\n",
            after: "build-box a@b.c okta root\nbuild-box sub:1 okta root\nbuild-box group:x okta deny\n",
            refusal: ("group:x", "okta"), perhaps: ["root"]),
        Case(
            name: "a group is denied at another provider", before: "build-box a@b.c okta root\n",
            after: "build-box a@b.c okta root\nbuild-box group:x google deny\n", refusal: ("group:x", "google")),
        Case(
            name: "an address is denied where tokens may have none", before: "build-box sub:1 okta root\n",
            after: "build-box sub:1 okta root\nbuild-box a@b.c okta deny\n", refusal: ("a@b.c", "okta"),
            perhaps: ["root"]),
        Case(
            name: "an address is denied where others are granted by theirs",
            before: "build-box a@b.c okta root\n", after: "build-box a@b.c okta root\nbuild-box x@b.c okta deny\n",
            refusal: ("x@b.c", "okta")),
    ]

    @Test("who would be locked out is known", arguments: cases)
    func reviews(_ row: Case) throws {
        let refusal = try row.refusal.map { identity, provider in
            AccessReview.Refusal(
                identity: try #require(IdentityPattern(Text(identity))), provider: provider.map { Text($0) })
        }
        let review = AccessReview(
            before: try ways(row.before), after: try ways(row.after), refusal: refusal, protecting: ["root", "alice"])
        #expect(review.lockedOut == row.lockedOut)
        #expect(review.perhapsLockedOut == row.perhaps)
        #expect(review.isRisky == (row.lockedOut + row.perhaps != []))
    }

    @Test("an account's key is a way in that keeps a grant's end from locking out")
    func countsBoth() throws {
        let accounts = "alice \(Self.key(4).authorizedKeysText)\n"
        let before = try ways("build-box sub:1 okta root\n", accounts: accounts)
        #expect(
            AccessReview(before: before, after: try ways("", accounts: accounts), protecting: ["root"]).lockedOut == [])
        #expect(AccessReview(before: before, after: try ways(""), protecting: ["root"]).lockedOut == ["root"])
    }

    @Test("losses are told for each holder")
    func tellsLosses() throws {
        let review = AccessReview(
            before: try ways("build-box sub:1 okta root,alice\nbuild-box \"group:A B\" google root\n"),
            after: try ways("build-box sub:1 okta alice\n"), protecting: [])
        #expect(review.losses == ["sub:1 (okta): root", "group:A B (google): root"])
    }
}

/// What is said of files without a token, beside the decision that has one.
@Suite("Said without a token, and decided with one")
struct AgreementTests {
    private static let patterns: [Text] = [
        "a@b.c", "alice@b.c", "root@b.c", "*@b.c", "*@b.c", "*@x.y", "sub:1", "group:g", "claim:team=t",
    ]
    private static let logins: [Text] = ["alice", "bob", "a", "root", "{email-local}", "{claim:team}"]

    private static func file(_ random: inout SplitMix64) -> String {
        (0..<Int.random(in: 1...9, using: &random)).map { _ in
            let space = ["build-box", "build-box", "*", "other"].randomElement(using: &random) ?? "*"
            let pattern = patterns.randomElement(using: &random) ?? ""
            let provider = ["okta", "google"].randomElement(using: &random) ?? ""
            guard Int.random(in: 0..<6, using: &random) > 0 else {
                return "\(space) \(pattern.string) \(Bool.random(using: &random) ? provider : "*") deny\n"
            }
            var some = logins.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
            if some.isEmpty { some = ["alice"] }
            if !pattern.utf8.contains(UInt8(ascii: "@")) { some.removeAll { $0 == "{email-local}" } }
            if some.isEmpty { some = ["bob"] }
            let options =
                [
                    "", "", "", "require=amr:mfa", "require=hd:b.c", "until=2026-11-22T11:00:00Z",
                    "until=2026-11-22T13:00:00Z",
                    "until=2026-11-22T14:00:00Z,require=amr:mfa",
                ].randomElement(using: &random) ?? ""
            return "\(space) \(pattern.string) \(provider) \(some.map(\.string).joined(separator: ",")) \(options)\n"
        }.joined()
    }

    private static func people(_ random: inout SplitMix64) -> [Identity] {
        (0..<12).map { _ in
            let provider = ["okta", "google"].randomElement(using: &random) ?? ""
            var claims = JSON.Object()
            if Bool.random(using: &random) { claims.add("amr", .array([.string("mfa")])) }
            if Bool.random(using: &random) { claims.add("hd", "b.c") }
            if Bool.random(using: &random) { claims.add("team", ["t", "alice"].randomElement(using: &random)) }
            if Bool.random(using: &random) {
                claims.add("groups", .array([.string(Bool.random(using: &random) ? "g" : "h")]))
            }
            let emails: [Text?] = ["a@b.c", "b@b.c", "a@x.y", "alice@b.c", "root@b.c", nil]
            return Identity(
                providerName: provider,
                issuer: provider == "google" ? "https://accounts.google.com" : "https://example.okta.com",
                subject: Bool.random(using: &random) ? "1" : "2", email: emails.randomElement(using: &random) ?? nil,
                isEmailVerified: Int.random(in: 0..<4, using: &random) > 0, claims: claims, groupsClaim: "groups")
        }
    }

    @Test("no line of which the check says that it never counts lets anybody in, and nobody is in without a way in")
    func agrees() throws {
        var random = SplitMix64(state: 4)
        let configuration = try configuration()
        let users: [String: UInt32] = ["alice": 1001, "bob": 1002, "a": 1003, "root": 0]
        var (granted, dead) = (0, 0)
        for _ in 0..<400 {
            let text = Self.file(&random)
            let file = try members(text)
            var check = HostCheck(
                of: configuration, parsed: [], file: "pair.toml", space: "build-box", now: noon,
                users: Users(uids: users))
            check.checkMembers(Array(text.utf8), path: "members")
            var deadLines: Set<Int> = []
            var deadLogins: [Int: [Text]] = [:]
            for finding in check.findings {
                guard let line = finding.line else { continue }
                switch finding.reason {
                case .grantShadowed, .grantDenied, .grantExpired, .duplicate: deadLines.insert(line)
                case .loginsShadowed(let logins, _): deadLogins[line] = logins
                default: break
                }
            }
            dead += deadLines.count + deadLogins.count
            let ways = WaysIn(
                members: file.entries, accounts: [], revocations: Revocations(under: configuration, file: "revoked"),
                configuration: configuration, now: noon)
            for person in Self.people(&random) {
                for (login, uid) in users {
                    let query = MembershipQuery(login: login, uid: uid, identity: person, now: noon)
                    var scan = MembershipScan(query, under: configuration, file: "members")
                    try file.file.forEachLine { (line, number) in try scan.take(line, number: number) }
                    guard case .granted(let grant) = scan.outcome else { continue }
                    granted += 1
                    #expect(!deadLines.contains(grant.line), "\(text)\(person)")
                    #expect(deadLogins[grant.line]?.contains(Text(login)) != true, "\(text)\(person)")
                    #expect(ways.all.contains { $0.leads(to: login) }, "\(text)\(person)")
                }
            }
        }
        #expect(granted > 500 && dead > 100, "\(granted) \(dead)")
    }
}
