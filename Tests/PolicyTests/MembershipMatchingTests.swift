import Encodings
import Testing

@testable import Policy

@Suite("Membership: who is meant")
struct MembershipMatchingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let lines: String
        var person = Person()
        var login = "alice"
        var uid: UInt32? = 1001
        let expected: MembershipOutcome
        var testDescription: String { name }
    }

    static func granted(_ line: Int) -> MembershipOutcome { .granted(grant(line) { _ in }) }

    static func grant(_ line: Int, _ setting: (inout MembershipLine.Options) -> Void) -> Grant {
        var options = MembershipLine.Options()
        setting(&options)
        return Grant(line: line, options)
    }

    static let emails = [
        Case(name: "a verified e-mail", lines: "build-box alice@example.com google alice", expected: granted(1)),
        Case(
            name: "ASCII case does not count in an e-mail", lines: "build-box Alice@Example.COM google alice",
            person: Person(email: "aLICE@example.com"), expected: granted(1)),
        Case(
            name: "an unverified e-mail is nobody's", lines: "build-box alice@example.com google alice",
            person: Person(isVerified: false), expected: .notAMember(.emailNotVerified(line: 1))),
        Case(
            name: "KELVIN SIGN is no k", lines: "build-box k@example.com google alice",
            person: Person(email: "\u{212A}@example.com"), expected: .notAMember(nil)),
        Case(
            name: "LONG S is no s", lines: "build-box sam@example.com google alice",
            person: Person(email: "\u{17F}am@example.com"), expected: .notAMember(nil)),
        Case(
            name: "composed and decomposed é are two", lines: "build-box \u{E9}va@example.com google alice",
            person: Person(email: "e\u{301}va@example.com"), expected: .notAMember(nil)),
        Case(
            name: "the same e-mail at another provider is another person",
            lines: "build-box alice@example.com google alice", person: Person(provider: "okta"),
            expected: .notAMember(.otherProvider(line: 1, name: "google"))),
        Case(
            name: "no e-mail at all", lines: "build-box alice@example.com google alice", person: Person(email: nil),
            expected: .notAMember(nil)),
        Case(
            name: "a verified e-mail of the domain", lines: "build-box *@Example.com okta alice",
            person: Person(provider: "okta"), expected: granted(1)),
        Case(
            name: "a domain is compared whole", lines: "build-box *@example.com okta alice",
            person: Person(provider: "okta", email: "alice@evil-example.com"), expected: .notAMember(nil)),
        Case(
            name: "the last @ starts the domain", lines: "build-box *@example.com okta alice",
            person: Person(provider: "okta", email: "\"a@example.com\"@evil.com"), expected: .notAMember(nil)),
        Case(
            name: "at Google a domain needs hd", lines: "build-box *@example.com google alice",
            expected: .notAMember(.notHostedDomain(line: 1))),
        Case(
            name: "at Google hd must be the domain", lines: "build-box *@example.com google alice",
            person: Person(claims: #"{"hd":"other.com"}"#), expected: .notAMember(.notHostedDomain(line: 1))),
        Case(
            name: "at Google hd as a list is none", lines: "build-box *@example.com google alice",
            person: Person(claims: #"{"hd":["example.com"]}"#), expected: .notAMember(.notHostedDomain(line: 1))),
        Case(
            name: "at Google with hd", lines: "build-box *@example.com google alice",
            person: Person(claims: #"{"hd":"EXAMPLE.com"}"#), expected: granted(1)),
        Case(
            name: "an unverified e-mail of the domain", lines: "build-box *@example.com okta alice",
            person: Person(provider: "okta", isVerified: false), expected: .notAMember(.emailNotVerified(line: 1))),
    ]

    static let claims = [
        Case(name: "a subject", lines: "build-box sub:1101694 google alice", expected: granted(1)),
        Case(name: "another subject", lines: "build-box sub:110169 google alice", expected: .notAMember(nil)),
        Case(
            name: "a group of several", lines: "build-box group:sre google alice",
            person: Person(claims: #"{"groups":["dev","sre"]}"#), expected: granted(1)),
        Case(
            name: "a group with a blank", lines: #"build-box "group:Domain Admins" google alice"#,
            person: Person(claims: #"{"groups":["Domain Admins"]}"#), expected: granted(1)),
        Case(
            name: "a group's case counts", lines: "build-box group:sre google alice",
            person: Person(claims: #"{"groups":["SRE"]}"#), expected: .notAMember(nil)),
        Case(
            name: "one string is one group", lines: "build-box group:sre google alice",
            person: Person(claims: #"{"groups":"sre"}"#), expected: granted(1)),
        Case(
            name: "one string is never split", lines: "build-box group:sre google alice",
            person: Person(claims: #"{"groups":"dev,sre"}"#), expected: .notAMember(nil)),
        Case(
            name: "an element is never split", lines: "build-box group:sre google alice",
            person: Person(claims: #"{"groups":["dev,sre","dev sre"]}"#), expected: .notAMember(nil)),
        Case(
            name: "an array with a number is no array of strings", lines: "build-box group:sre google alice",
            person: Person(claims: #"{"groups":["sre",1]}"#), expected: .notAMember(nil)),
        Case(
            name: "a claim's text", lines: "build-box claim:team=a=b google alice",
            person: Person(claims: #"{"team":"a=b"}"#), expected: granted(1)),
        Case(
            name: "an element of a claim", lines: "build-box claim:team=x google alice",
            person: Person(claims: #"{"team":["y","x"]}"#), expected: granted(1)),
        Case(
            name: "a number is no text", lines: "build-box claim:team=7 google alice",
            person: Person(claims: #"{"team":7}"#), expected: .notAMember(nil)),
        Case(
            name: "true is no text", lines: "build-box claim:admin=true google alice",
            person: Person(claims: #"{"admin":true}"#), expected: .notAMember(nil)),
    ]

    static let logins = [
        Case(
            name: "any of the logins", lines: "build-box sub:1101694 google root,alice", expected: granted(1)),
        Case(
            name: "another login", lines: "build-box sub:1101694 google bob,carol",
            expected: .loginNotGranted(line: 1)),
        Case(
            name: "a login's case counts", lines: "build-box sub:1101694 google Alice",
            expected: .loginNotGranted(line: 1)),
        Case(
            name: "the e-mail's local part, lower-cased", lines: "build-box *@example.com okta {email-local}",
            person: Person(provider: "okta", email: "ALICE@example.com"), expected: granted(1)),
        Case(
            name: "a template gives no system account", lines: "build-box *@example.com okta {email-local}",
            person: Person(provider: "okta", email: "root@example.com"), login: "root", uid: 0,
            expected: .loginUID(line: 1)),
        Case(
            name: "a template gives nothing below the least uid",
            lines: "build-box alice@example.com google {email-local}",
            uid: 999, expected: .loginUID(line: 1)),
        Case(
            name: "a template gives the least uid", lines: "build-box alice@example.com google {email-local}",
            uid: 1000,
            expected: granted(1)),
        Case(
            name: "a template never gives nobody", lines: "build-box alice@example.com google {email-local}",
            uid: 65534, expected: .loginUID(line: 1)),
        Case(
            name: "without a uid a template gives nothing", lines: "build-box alice@example.com google {email-local}",
            uid: nil, expected: .loginUID(line: 1)),
        Case(
            name: "an exact name needs no uid", lines: "build-box alice@example.com google {email-local},alice",
            uid: nil, expected: granted(1)),
        Case(
            name: "a later exact line helps where a template failed",
            lines: "build-box alice@example.com google {email-local}\nbuild-box sub:1101694 google alice", uid: 5,
            expected: granted(2)),
        Case(
            name: "a claim as login", lines: "build-box sub:1101694 google {claim:user}",
            person: Person(claims: #"{"user":"alice"}"#), expected: granted(1)),
        Case(
            name: "a claim as login is not lower-cased", lines: "build-box sub:1101694 google {claim:user}",
            person: Person(claims: #"{"user":"Alice"}"#), expected: .loginNotGranted(line: 1)),
        Case(
            name: "a list is no login", lines: "build-box sub:1101694 google {claim:user}",
            person: Person(claims: #"{"user":["alice"]}"#), expected: .loginNotGranted(line: 1)),
    ]

    @Test("an e-mail or a domain means whom it should", arguments: emails)
    func matchesEmails(row: Case) throws {
        #expect(try outcome(row.lines, row.person, login: row.login, uid: row.uid) == row.expected)
    }

    @Test("a subject, group or claim means whom it should", arguments: claims)
    func matchesClaims(row: Case) throws {
        #expect(try outcome(row.lines, row.person, login: row.login, uid: row.uid) == row.expected)
    }

    @Test("a login is given to whom it should", arguments: logins)
    func matchesLogins(row: Case) throws {
        #expect(try outcome(row.lines, row.person, login: row.login, uid: row.uid) == row.expected)
    }
}
