import Foundation
import Testing

/// What is sent on by rsyslog, with the configuration that the package brings for it.
@Suite(.onHost, .withRsyslog) struct CollectorTests {
    private struct Collected: Decodable {
        let records: [String]
        let twice: Int
        let long: String
        let rejected: [String]
        let spooled: [String]
    }

    @Test("each record is at the collector, whole and as it is in the file, also what was recorded while that was away")
    func collected() async throws {
        let host = try Host.atAnyTime()
        try host.write("pair.toml", try host.text("pair.toml").replacing("syslog = false", with: "syslog = true"))
        let question = try host.question
        // Each second one is of somebody who is not let in; with a shell of its own, as each connection has its own sshd.
        let ask = """
            if [ $((RUN % 2)) = 0 ]; then login=alice; else login=bob; fi
            program=$1
            shift
            "$program" --user $login "$@"
            exit 0
            """
        let burst = 80
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let run = try await host.run(
            directly: [
                "python3", "-B", "\(folder)/collecting.py", "\(Program.repository)/scripts/package.d/examples",
                "\(burst)",
                "sh", "-c", ask, "sh", Program.path,
            ], Array(question.dropFirst(2)), within: 120)
        try #require(run.status == 0, "\(run)")
        let collected = try JSONDecoder().decode(Collected.self, from: Data(run.output.utf8))

        let kept = try host.text("access.jsonl").split(separator: "\n").map(String.init)
        #expect(kept.count == burst + 2)
        #expect(kept.filter { $0.contains("\"decision\":\"accept\"") }.count == burst / 2 + 1)
        #expect(kept.filter { $0.contains("\"reason\":\"login-not-granted\"") }.count == burst / 2 + 1)
        #expect(kept.allSatisfy { $0.contains("\"host\":\"web1\",\"sshd\":") })
        let byHand = #"{"from": "web1.hosts.example.com"}"#
        #expect(Set(collected.records) == Set(kept + [collected.long, byHand]))
        #expect(collected.long.utf8.count > 20 << 10)
        for record in collected.records { _ = try JSONSerialization.jsonObject(with: Data(record.utf8)) }
        // What was on its way when the collector died.
        #expect(collected.twice <= 2, "\(collected.twice) records came twice")
        #expect(collected.rejected.count == 1)
        #expect(collected.rejected.first?.hasSuffix(" no record") == true)
        #expect(collected.spooled.contains { $0.hasPrefix("pair.0") })
    }
}

extension Trait where Self == ConditionTrait {
    /// Leaves a suite out where rsyslog is not installed; not under CI.
    static var withRsyslog: Self {
        let libraries = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        let isThere = libraries.contains { FileManager.default.fileExists(atPath: "/usr/lib/\($0)/rsyslog/omrelp.so") }
        return .enabled(if: isThere || Program.mustRun, "needs rsyslog and rsyslog-relp: scripts/install-deps audit")
    }
}
