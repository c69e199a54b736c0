import Decision
import Encodings
import Policy
import Testing

@testable import TestSupport

/// Grants that want the login in a group of the host's.
@Suite struct UnixGroupTests {
    /// Alice's Keys, with these lines behind `build-box alice@example.com example alice`.
    private static func login(_ options: [String], isOn: Bool = true) throws -> Case {
        var login = try Fixture("ok-opkssh-certificate").load()
        if isOn { login.set("unix_groups = true") }
        login.setMembers(options.map { "build-box alice@example.com example alice \($0)\n" }.joined())
        login.groups = [
            "in": .success(.member), "out": .success(.notMember), "strangers": .success(.noSuchLogin),
            "hangs": .failure(.refusal(Refusal(.unixGroupUnavailable, "no answer"))),
        ]
        return login
    }

    struct Row: Sendable, CustomStringConvertible {
        let options: [String]
        /// The reason, or the end of the line's options that shows which grant counts.
        let expected: String
        let description: String
    }

    private static let rows = [
        Row(options: ["unix-group=in"], expected: "accepted", description: "a login in the group"),
        Row(options: ["unix-group=out"], expected: "unix-group", description: "a login that is not"),
        Row(options: ["unix-group=nowhere"], expected: "unix-group", description: "a group that there is not"),
        Row(options: ["unix-group=strangers"], expected: "unix-group", description: "a login that there is not"),
        Row(options: ["unix-group=hangs"], expected: "unix-group-unavailable", description: "no answer"),
        Row(
            options: ["unix-group=out,no-pty", ""], expected: "accepted",
            description: "the next grant, where the group of the first is another"),
        Row(
            options: ["unix-group=out", "unix-group=in,no-pty"], expected: "accepted without pty",
            description: "the next one's group"),
        Row(
            options: ["unix-group=in,no-pty", ""], expected: "accepted without pty",
            description: "the first grant whose group it is, with all of its options"),
        Row(
            options: ["unix-group=hangs,no-pty", ""], expected: "unix-group-unavailable",
            description: "no wider grant where the group of a narrower one is not known"),
        Row(
            options: ["unix-group=in", "unix-group=hangs"], expected: "accepted",
            description: "no question behind the one that is answered"),
        Row(
            options: ["until=2020-01-01T00:00:00Z,unix-group=hangs"], expected: "grant-expired",
            description: "no question for a grant that is over"),
    ]

    @Test("a grant with a group counts where the login is in it", arguments: rows)
    func decided(_ row: Row) throws {
        switch try Self.login(row.options).decided().outcome {
        case .accepted(let line):
            #expect(row.expected == (line.text.contains(",pty") ? "accepted" : "accepted without pty"))
        case .refused(let refusal): #expect(refusal.reason.rawValue == row.expected)
        case .faulted(let fault): Issue.record("\(fault)")
        }
    }

    @Test("the refusal names the line, the group, and what the directory has of both")
    func details() throws {
        for (group, end) in [
            ("out", "it is not"), ("nowhere", "there is no such group"), ("strangers", "there is no user alice"),
        ] {
            let decision = try Self.login(["unix-group=\(group)", "unix-group=out"]).decided()
            guard case .refused(let refusal) = decision.outcome else {
                Issue.record("\(group): let in")
                continue
            }
            let start = "members line 1 means \"alice@example.com\" where alice is in the group \"\(group)\"; "
            #expect(refusal.detail == start + end)
        }
    }

    @Test("where pair.toml does not want the directory asked, such a grant lets nobody in, nor does one behind it")
    func off() throws {
        let decision = try Self.login(["unix-group=in", ""], isOn: false).decided()
        #expect(
            decision.outcome
                == .refused(
                    Refusal(
                        .unixGroupUnavailable,
                        "members line 1 asks for the group \"in\", and pair.toml does not have unix_groups = true")))
    }

    @Test("a deny behind it, and one who is no member, leave the directory unasked")
    func unasked() throws {
        var login = try Self.login(["unix-group=hangs"])
        login.members? += Array("build-box sub:248289761001 example deny\n".utf8)
        #expect(login.decided().expectation == "refused: denied")
        login.setMembers("build-box bob@example.com example alice unix-group=hangs\n")
        #expect(login.decided().expectation == "refused: not-a-member")
    }

    @Test("the explanation of a login says in which group it is")
    func explained() throws {
        let checks = try Self.login(["unix-group=in"]).decided(isExplained: true).checks
        #expect(checks.last?.detail.hasSuffix("may enter build-box as alice, which is in the group \"in\"") == true)
    }
}
