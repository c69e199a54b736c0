import Encodings
import Testing

@testable import Policy

@Suite("Membership: which line counts")
struct MembershipRuleTests {
    typealias Case = MembershipMatchingTests.Case

    static func granted(_ line: Int) -> MembershipOutcome { MembershipMatchingTests.granted(line) }
    static func grant(_ line: Int, _ setting: (inout MembershipLine.Options) -> Void) -> Grant {
        MembershipMatchingTests.grant(line, setting)
    }

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
            expected: .granted(grant(1) { $0.role = "first" })),
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
            expected: .granted(grant(1) { $0.until = UnixTime(seconds: Person.now.seconds + 1) })),
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
                grant(1) {
                    $0.role = "owner"
                    $0.from = "10.0.0.0/8,::1"
                    $0.command = #"say "hi" \o"#
                    $0.withheld = [.pty, .portForwarding, .agentForwarding, .userRC]
                })),
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

    /// What a line that wants a group, on line `line`, gives.
    private static func wants(_ group: Text, line: Int) -> Grant { grant(line) { $0.unixGroup = group } }

    static let groups = [
        Case(
            name: "a grant that wants a group depends on it",
            lines: #"build-box sub:1101694 google alice unix-group="Domain Admins""#,
            expected: .depending([wants("Domain Admins", line: 1)], otherwise: .notAMember(nil))),
        Case(
            name: "in their order, up to the first grant that wants none",
            lines: "build-box sub:1101694 google alice unix-group=a\nbuild-box sub:1101694 google alice unix-group=b\n"
                + "build-box sub:1101694 google alice\nbuild-box sub:1101694 google alice unix-group=c",
            expected: .depending([wants("a", line: 1), wants("b", line: 2)], otherwise: granted(3))),
        Case(
            name: "behind a grant that wants none it says nothing",
            lines: "build-box sub:1101694 google alice\nbuild-box sub:1101694 google alice unix-group=a",
            expected: granted(1)),
        Case(
            name: "a deny behind it refuses whatever group it is",
            lines: "build-box sub:1101694 google alice unix-group=a\nbuild-box sub:1101694 google deny",
            expected: .denied(line: 2)),
        Case(
            name: "a deny that cannot be decided too",
            lines: "build-box sub:1101694 google alice unix-group=a\nbuild-box group:x google deny",
            expected: .undecidable(line: 2)),
        Case(
            name: "one of another login, that is over, or whose claim is missing depends on no group",
            lines: "build-box sub:1101694 google bob unix-group=a\n"
                + "build-box sub:1101694 google alice unix-group=b,until=2020-01-01T00:00:00Z\n"
                + "build-box sub:1101694 google alice unix-group=c,require=acr:mfa",
            expected: .expired(line: 2, at: UnixTime(seconds: 1_577_836_800))),
        Case(
            name: "what else keeps them out stands behind it",
            lines: "build-box sub:1101694 google bob\nbuild-box sub:1101694 google alice unix-group=a",
            expected: .depending([wants("a", line: 2)], otherwise: .loginNotGranted(line: 1))),
    ]

    @Test("what depends on a group of the host's is told with what else there is", arguments: groups)
    func dependsOnGroups(row: Case) throws {
        #expect(try outcome(row.lines, row.person, login: row.login, uid: row.uid) == row.expected)
    }

    @Test("a deny refuses whom it should", arguments: denies)
    func refusesDenied(row: Case) throws {
        #expect(try outcome(row.lines, row.person, login: row.login, uid: row.uid) == row.expected)
    }

    @Test("the right line is the one that counts", arguments: order)
    func choosesLine(row: Case) throws {
        #expect(try outcome(row.lines, row.person, login: row.login, uid: row.uid) == row.expected)
    }
}
