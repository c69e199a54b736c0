import Foundation
import Testing

/// What each reader is answered, and with which status the program ends.
@Suite(.onHost) struct AnswerTests {
    struct Mode: Sendable, CustomStringConvertible {
        let fixture: String
        let flags: [String]
        let status: Int32

        var description: String { "\(fixture) \(flags)" }
    }

    private static let modes = [
        Mode(fixture: "ok-opkssh-certificate", flags: [], status: 0),
        Mode(fixture: "ok-opkssh-certificate", flags: ["--explain"], status: 0),
        Mode(fixture: "ok-opkssh-certificate", flags: ["--json"], status: 0),
        Mode(fixture: "a20-denied-by-claim", flags: [], status: 0),
        Mode(fixture: "a20-denied-by-claim", flags: ["--explain"], status: 1),
        Mode(fixture: "a20-denied-by-claim", flags: ["--json"], status: 1),
        Mode(fixture: "a24-plain-key-ed25519", flags: [], status: 0),
        Mode(fixture: "a24-plain-key-ed25519", flags: ["--json"], status: 1),
        Mode(fixture: "fault-members-unknown-option", flags: [], status: 2),
        Mode(fixture: "fault-members-unknown-option", flags: ["--explain"], status: 2),
        Mode(fixture: "fault-members-unknown-option", flags: ["--json"], status: 2),
    ]

    @Test("the status tells sshd faults alone, and others refusals too", arguments: modes)
    func status(_ row: Mode) async throws {
        let host = try Host(row.fixture)
        let run = try await host.run(try host.trial + row.flags)
        #expect(run.status == row.status)
        #expect(run.output.isEmpty == (row.flags.isEmpty && row.fixture != "ok-opkssh-certificate"))
        #expect(run.error.isEmpty == (row.status != 2 || !row.flags.isEmpty))
    }

    @Test("sshd is told one line for a key that may enter, and nothing else")
    func line() async throws {
        let host = try Host()
        let run = try await host.run(try host.trial)
        #expect(run.output == (try host.expected) + "\n")
        #expect(run.error.isEmpty)
    }

    @Test("by the clock sshd is told the same line with the end that it is then")
    func clock() async throws {
        let host = try Host.atAnyTime()
        let run = try await host.run(try host.question)
        #expect(run.status == 0)
        // 99,999 days behind the token's iat.
        let line = try host.expected.replacingOccurrences(of: "20261122120400Z", with: "23000906115900Z")
        #expect(run.output == line + "\n")
        #expect(run.error.isEmpty)
    }

    struct Reported: Sendable, CustomStringConvertible {
        let fixture: String
        let decision: String
        let reason: String

        var description: String { fixture }
    }

    private static let reported = [
        Reported(fixture: "ok-opkssh-certificate", decision: "accept", reason: "accepted"),
        Reported(fixture: "ok-key-id-with-line-feed-and-escape", decision: "accept", reason: "accepted"),
        Reported(fixture: "a20-denied-by-claim", decision: "refuse", reason: "denied"),
        Reported(fixture: "a17-principal-line-feed", decision: "refuse", reason: "cert-principals"),
        Reported(fixture: "fault-members-unknown-option", decision: "fault", reason: "config-syntax"),
        Reported(fixture: "fault-config-algorithm-none", decision: "fault", reason: "config-invalid"),
    ]

    @Test("--json is one line with exactly the members of the design", arguments: reported)
    func json(_ row: Reported) async throws {
        let host = try Host(row.fixture)
        let run = try await host.run(try host.trial + ["--json"])
        let report = try run.json
        #expect(run.error.isEmpty)
        #expect(run.output.hasSuffix("}\n") && run.output.dropLast().allSatisfy { $0 != "\n" })
        #expect(Set(report.keys) == ["decision", "reason", "detail", "line", "checks", "sandbox"])
        #expect(report["decision"] as? String == row.decision)
        #expect(report["reason"] as? String == row.reason)
        #expect((report["detail"] as? String)?.isEmpty == false)
        let line = try row.decision == "accept" ? host.expected : nil
        #expect(report["line"] as? String == line)
        #expect((report["line"] is NSNull) == (line == nil))
        let checks = try #require(report["checks"] as? [[String: Any]])
        #expect(checks.isEmpty == (row.reason == "config-invalid"))
        for check in checks {
            #expect(Set(check.keys) == ["name", "outcome", "detail"])
            #expect(["pass", "fail", "skipped"].contains(check["outcome"] as? String ?? ""))
            #expect(check["name"] is String && check["detail"] is String)
        }
        #expect(checks.filter { $0["outcome"] as? String == "fail" }.count == (line == nil && !checks.isEmpty ? 1 : 0))
    }

    @Test("a fault of the host leaves stdout empty and tells the place and the mend on stderr")
    func fault() async throws {
        let host = try Host("fault-members-unknown-option")
        let run = try await host.run(try host.trial)
        #expect(run.output.isEmpty)
        #expect(run.error.hasPrefix("pair-authkeys: config-syntax: \(host.at("members")):1:"))
        #expect(run.error.contains("\nTo mend it: correct it there"))
        #expect(run.error.split(separator: "\n").count == 2)
    }

    @Test(
        "no part of the token comes back, whoever asks and however it ends",
        arguments: [
            "ok-opkssh-certificate", "ok-refreshed", "a03-es256-all-zero", "a08-commitment-in-aud", "a13-too-old",
            "a20-denied-by-claim", "a16-bit-flip-in-after", "fault-members-unknown-option", "a01-alg-none",
        ])
    func secrets(_ fixture: String) async throws {
        let host = try Host(fixture)
        let secrets = try host.secrets
        for flags in [[], ["--explain"], ["--json"]] as [[String]] {
            let run = try await host.run(try host.trial + flags)
            let text = run.output + run.error
            #expect(secrets.filter { text.contains($0) }.isEmpty)
        }
    }
}
