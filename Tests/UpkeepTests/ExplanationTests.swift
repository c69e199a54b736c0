import AccessLog
import Decision
import Encodings
import Testing

@testable import Upkeep

@Suite("an explanation")
struct ExplanationTests {
    private func explanation(
        _ entry: AccessEntry, _ policy: TodaysPolicy?, path: String = "/etc/pair/pair.toml", uid: UInt32? = 1002
    ) -> Explanation {
        Explanation(
            of: entry, by: policy,
            in: Explanation.Surroundings(configurationPath: path, uid: uid, acceptedSince: nil, now: SampleHost.now))
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let reason: String
        var members = ""
        var email: String? = "bob@example.com"
        /// Of each change, in order; `nil` where it is a sentence alone.
        let commands: [String?]
        var testDescription: String { "\(reason) \(members)" }
    }

    private static let allow = "pair spaces allow bob@example.com --provider idp --login deploy"

    static let rows = [
        Row(reason: "not-a-member", commands: [allow]),
        Row(
            reason: "not-a-member", email: nil, commands: ["pair spaces allow sub:2 --provider idp --login deploy"]),
        Row(
            reason: "not-a-member", email: "$(id)'@example.com",
            commands: [#"pair spaces allow '$(id)'\''@example.com' --provider idp --login deploy"#]),
        Row(
            reason: "not-a-member", email: "b\u{F6}b@example.com",
            commands: ["pair spaces allow sub:2 --provider idp --login deploy"]),
        Row(reason: "login-not-granted", members: "x bob@example.com idp bob\n", commands: [allow]),
        Row(
            reason: "grant-expired", members: "x bob@example.com idp deploy until=2026-01-01T00:00:00Z\n",
            commands: [allow + " --until +30d"]),
        Row(
            reason: "denied", members: "x bob@example.com idp deploy\nx *@example.com idp deny\n",
            commands: ["pair spaces remove --deny '*@example.com'"]),
        Row(
            reason: "not-a-member", members: "x bob@example.com idp deploy\n",
            commands: [nil, "pair spaces allow sub:2 --provider idp --login deploy"]),
        Row(reason: "not-a-member", members: "x group:ops idp deploy\n", commands: [allow]),
        Row(reason: "keyset-stale", members: "x bob@example.com idp deploy\n", commands: ["pair host refresh idp"]),
        Row(reason: "keys-expired", members: "x bob@example.com idp deploy\n", commands: [nil]),
        // The key, and what would come after it.
        Row(reason: "keys-expired", commands: [nil, allow]),
        Row(reason: "config-unsafe", commands: ["pair host doctor"]),
        Row(reason: "of-a-newer-version", members: "x bob@example.com idp deploy\n", commands: [nil]),
    ]

    @Test("a refusal comes with the command that changes it", arguments: rows)
    func commands(_ row: Row) throws {
        let explanation = explanation(
            try SampleRecord.bob(row.reason, email: row.email), try SampleRecord.policy(members: row.members))
        #expect(explanation.changes.map(\.command) == row.commands)
        #expect(explanation.fullAnswer == "pair-authkeys --user deploy --uid 1002 --key @FILE --explain")
    }

    @Test("each reason of the decision has something to do")
    func everyReason() throws {
        for reason in Reason.allCases {
            for policy in [try SampleRecord.policy(), nil] {
                let changes = explanation(try SampleRecord.bob(reason.rawValue), policy).changes
                #expect(changes.allSatisfy { !$0.text.isEmpty } && !changes.isEmpty, "\(reason)")
            }
        }
    }

    @Test("a certificate's refusal names CA and service")
    func certificates() throws {
        let ca = "SHA256:N/OgYc5yQyrpWPQ1ZK0FPFVOfNZmd6vIfgK3Xv0Rx6Y"
        let entry = try SampleRecord.entry(
            #","login":"pgs","path":"certificate","key_id":"ci x","ca":"\#(ca)""#, reason: "ca-unknown")
        #expect(
            explanation(entry, try SampleRecord.policy()).changes.map(\.command)
                == ["pair accounts add-ca ACCOUNT CA.pub --services pgs"])
        let service = try SampleRecord.entry(
            #","login":"pgs","path":"certificate","key_id":"ci x","ca":"\#(ca)""#, reason: "service-not-granted")
        #expect(
            explanation(service, nil).changes.map(\.command) == [nil])
    }

    @Test("a login that the machine lacks is said first, and another pair.toml stands in each command")
    func surroundings() throws {
        let explanation = explanation(
            try SampleRecord.bob(), try SampleRecord.policy(), path: "/srv/a b.toml", uid: nil)
        #expect(
            explanation.changes.map(\.command) == [
                "useradd --create-home --shell /bin/bash --password '*' deploy",
                "pair spaces allow bob@example.com --provider idp --login deploy --config '/srv/a b.toml'",
            ])
        #expect(
            explanation.fullAnswer == "pair-authkeys --user deploy --key @FILE --explain --config '/srv/a b.toml'")
    }

    @Test("the JSON has the record, how it stands, and what to change")
    func json() throws {
        let text = String(
            decoding: explanation(try SampleRecord.bob(), try SampleRecord.policy()).json.encoded, as: UTF8.self)
        #expect(text.hasPrefix(#"{"record":{"time":"2026-11-22T05:46:00Z","#))
        #expect(
            text.contains(
                #""today":"refused","today_reason":"not-a-member","today_detail":"no line of members means them","changes":[{"text":"#
            ))
    }
}
