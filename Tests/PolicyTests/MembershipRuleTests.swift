import Encodings
import Testing

@testable import Policy

@Suite("Membership: which line counts")
struct MembershipRuleTests {
    typealias Case = MembershipMatchingTests.Case

    static func granted(_ line: Int) -> MembershipOutcome { MembershipMatchingTests.granted(line) }

    static let denies = [
        Case(
            name: "a deny counts wherever it stands",
            lines: "build-box sub:1101694 google alice\n* sub:1101694 google deny", expected: .denied(line: 2)),
        Case(
            name: "a deny at every provider", lines: "build-box sub:1101694 google alice\n* sub:1101694 * deny",
            expected: .denied(line: 2)),
        Case(
            name: "a deny at another provider is about somebody else",
            lines: "build-box sub:1101694 okta deny\nbuild-box sub:1101694 google alice", expected: granted(2)),
        Case(
            name: "a deny for another Space",
            lines: "other sub:1101694 google deny\nbuild-box sub:1101694 google alice",
            expected: granted(2)),
        Case(
            name: "a deny on an e-mail that is not verified",
            lines: "build-box ALICE@example.com google deny\nbuild-box sub:1101694 google alice",
            person: Person(isVerified: false), expected: .denied(line: 1)),
        Case(
            name: "a deny on a domain without hd",
            lines: "build-box *@example.com google deny\nbuild-box sub:1101694 google alice",
            person: Person(isVerified: false), expected: .denied(line: 1)),
        Case(
            name: "a deny on an e-mail, of a token without one",
            lines: "build-box eve@example.com google deny\nbuild-box sub:1101694 google alice",
            person: Person(email: nil), expected: .undecidable(line: 1)),
        Case(
            name: "a deny on another's e-mail",
            lines: "build-box eve@example.com google deny\nbuild-box sub:1101694 google alice", expected: granted(2)),
        Case(
            name: "a deny on a group, of a token without groups",
            lines: "build-box group:leavers google deny\nbuild-box sub:1101694 google alice",
            expected: .undecidable(line: 1)),
        Case(
            name: "a deny on a group, of a token with one string",
            lines: "build-box group:leavers google deny\nbuild-box sub:1101694 google alice",
            person: Person(claims: #"{"groups":"dev"}"#), expected: granted(2)),
        Case(
            name: "a deny on a group, of a token with groups of another shape",
            lines: "build-box group:leavers google deny\nbuild-box sub:1101694 google alice",
            person: Person(claims: #"{"groups":{"leavers":true}}"#), expected: .undecidable(line: 1)),
        Case(
            name: "a deny on a group, of a token with no group",
            lines: "build-box group:leavers google deny\nbuild-box sub:1101694 google alice",
            person: Person(claims: #"{"groups":[]}"#), expected: granted(2)),
        Case(
            name: "a deny on a claim of another shape",
            lines: "build-box claim:left=yes google deny\nbuild-box sub:1101694 google alice",
            person: Person(claims: #"{"left":true}"#), expected: .undecidable(line: 1)),
        Case(
            name: "an undecidable deny for another provider",
            lines: "build-box group:leavers okta deny\nbuild-box sub:1101694 google alice", expected: granted(2)),
        Case(
            name: "a deny that holds comes before one that cannot be decided",
            lines: "build-box group:leavers google deny\nbuild-box sub:1101694 google deny", expected: .denied(line: 2)),
    ]

    static let order = [
        Case(
            name: "the first grant that holds, whole",
            lines: "build-box sub:1101694 google alice role=first\nbuild-box sub:1101694 google alice no-pty",
            expected: .granted(Grant(line: 1, role: "first", until: nil, from: nil, command: nil, withheld: []))),
        Case(
            name: "a grant that is over is passed over",
            lines: "build-box sub:1101694 google alice until=2026-11-22T12:00:00Z\nbuild-box sub:1101694 google alice",
            expected: granted(2)),
        Case(
            name: "until is the first moment that is too late",
            lines: "build-box sub:1101694 google alice until=2026-11-22T12:00:00Z",
            expected: .expired(line: 1, at: Person.now)),
        Case(
            name: "a second before until",
            lines: "build-box sub:1101694 google alice until=2026-11-22T12:00:01Z",
            expected: .granted(
                Grant(
                    line: 1, role: nil, until: UnixTime(seconds: Person.now.seconds + 1), from: nil, command: nil,
                    withheld: []))),
        Case(
            name: "all requirements must hold",
            lines: "build-box sub:1101694 google alice require=acr:mfa,require=dept:it",
            person: Person(claims: #"{"acr":"mfa","dept":["hr"]}"#),
            expected: .notAMember(.requirement(line: 1, claim: "dept"))),
        Case(
            name: "requirements that hold",
            lines: "build-box sub:1101694 google alice require=acr:mfa,require=https://x.example/dept:it",
            person: Person(claims: #"{"acr":"mfa","https://x.example/dept":["hr","it"]}"#), expected: granted(1)),
        Case(
            name: "every option",
            lines: "\t build-box  sub:1101694\tgoogle alice "
                + #"role=owner,from="10.0.0.0/8,::1",command="say \"hi\" \\o",no-pty,no-port-forwarding,"#
                + "no-agent-forwarding,no-user-rc  ",
            expected: .granted(
                Grant(
                    line: 1, role: "owner", until: nil, from: "10.0.0.0/8,::1", command: #"say "hi" \o"#,
                    withheld: [.pty, .portForwarding, .agentForwarding, .userRC]))),
        Case(
            name: "a line for every Space", lines: "* sub:1101694 google alice", expected: granted(1)),
        Case(
            name: "a Space in quotes", lines: #""build-box" sub:1101694 google alice"#, expected: granted(1)),
        Case(
            name: "lines of other Spaces are not read",
            lines:
                "build-box2 \"\nBuild-Box nonsense\nbuild-bo\nbuild \u{1}\n\"other\" \u{1} \"\nbuild-box sub:1101694 google alice",
            expected: granted(6)),
        Case(
            name: "a bare first column with a quote in it is no Space's name",
            lines: "build-box\" sub:1101694 google deny\nbuild\"-box x\nbuild-box sub:1101694 google alice",
            expected: granted(3)),
        Case(
            name: "comments and blank lines", lines: "\n  \t\n# build-box x\n  # *\nbuild-box sub:1101694 google alice",
            expected: granted(5)),
        Case(
            name: "an unknown provider on a line for every Space",
            lines: "* sub:1101694 azure alice\nbuild-box sub:1101694 google alice", expected: granted(2)),
        Case(name: "an empty file", lines: "", expected: .notAMember(nil)),
        Case(
            name: "why not, in order: uid before expired before login",
            lines: "build-box sub:1101694 google bob\n"
                + "build-box sub:1101694 google alice until=2020-01-01T00:00:00Z\n"
                + "build-box alice@example.com google {email-local}",
            uid: 3, expected: .loginUID(line: 3)),
    ]

    @Test("a deny refuses whom it should", arguments: denies)
    func refusesDenied(row: Case) throws {
        #expect(try outcome(row.lines, row.person, login: row.login, uid: row.uid) == row.expected)
    }

    @Test("the right line is the one that counts", arguments: order)
    func choosesLine(row: Case) throws {
        #expect(try outcome(row.lines, row.person, login: row.login, uid: row.uid) == row.expected)
    }
}
