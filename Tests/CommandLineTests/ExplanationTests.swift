import Foundation
import Testing

/// The explanation for a person, on a terminal and elsewhere.
@Suite(.onHost) struct ExplanationTests {
    private static let escape = "\u{1B}"

    @Test("an explanation of an accepted login ends in its end and the line")
    func accepted() async throws {
        let host = try Host()
        let run = try await host.run(try host.trial + ["--explain"])
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == "pass  login                  alice, uid 1001")
        let ending = ["", "accepted until 2026-11-22T12:04:00Z; sshd is told:", try host.expected, ""]
        #expect(lines.suffix(4).map(String.init) == ending)
        #expect(lines.dropLast(4).last?.hasPrefix("sandbox: no_new_privs, seccomp") == true)
        #expect(lines.dropLast(5).allSatisfy { $0.hasPrefix("pass  ") })
        #expect(run.error.isEmpty)
    }

    @Test("an explanation of a refusal ends in its reason and the advice, behind what passed and what was skipped")
    func refused() async throws {
        let host = try Host("a13-too-old")
        let run = try await host.run(try host.trial + ["--explain"])
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.suffix(2) == ["Run pair keys renew.", ""])
        #expect(lines.dropLast(2).last?.hasPrefix("refused: keys-expired: ") == true)
        #expect(lines.filter { $0.hasPrefix("FAIL  times") }.count == 1)
        let failed = try #require(lines.firstIndex { $0.hasPrefix("FAIL  times") })
        #expect(lines[..<failed].allSatisfy { $0.hasPrefix("pass  ") })
        #expect(lines[(failed + 1)...].prefix(2) == ["  --  revoked identities   ", "  --  membership           "])
    }

    @Test("an explanation of a fault ends in its code and the mend")
    func fault() async throws {
        let host = try Host("fault-config-algorithm-none")
        let run = try await host.run(try host.trial + ["--explain"])
        let lines = run.output.split(separator: "\n")
        #expect(lines.dropLast().last?.hasPrefix("fault: config-invalid: \(host.at("pair.toml")):") == true)
        #expect(lines.last?.hasPrefix("To mend it: ") == true)
        #expect(run.error.isEmpty)
    }

    @Test("there is no colour where nobody's terminal is")
    func plain() async throws {
        for fixture in ["ok-opkssh-certificate", "a13-too-old", "fault-config-algorithm-none"] {
            let host = try Host(fixture)
            let run = try await host.run(try host.trial + ["--explain"], environment: ["TERM": "xterm-256color"])
            #expect(!run.output.contains(Self.escape))
        }
    }

    @Test("on a terminal an explanation is the default, and coloured")
    func terminal() async throws {
        let host = try Host()
        let run = try await host.runOnTerminal(try host.trial)
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("\(Self.escape)[32mpass\(Self.escape)[0m  login "))
        #expect(run.output.hasSuffix("sshd is told:\n\(try host.expected)\n"))
        #expect(run.output.contains("\n\(Self.escape)[32maccepted\(Self.escape)[0m until "))
    }

    @Test("on a terminal a refusal ends with status 1, and what failed is red")
    func terminalRefused() async throws {
        let host = try Host("a13-too-old")
        let run = try await host.runOnTerminal(try host.trial)
        #expect(run.status == 1)
        #expect(run.output.contains("\(Self.escape)[31mFAIL\(Self.escape)[0m  times"))
        #expect(run.output.contains("\(Self.escape)[31mrefused: keys-expired\(Self.escape)[0m: "))
    }

    @Test("on a terminal nothing is recorded, and the files may belong to whoever asks")
    func terminalIsTrial() async throws {
        let host = try Host.atAnyTime()
        let run = try await host.runOnTerminal(try host.question)
        #expect(run.status == 0)
        #expect(run.output.contains("sshd is told:"))
        #expect(try host.text("access.jsonl").isEmpty)
    }

    @Test("NO_COLOR takes the colours off a terminal", arguments: ["1", "0", "anything"])
    func noColour(_ value: String) async throws {
        let host = try Host()
        let run = try await host.runOnTerminal(try host.trial, environment: ["NO_COLOR": value])
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("pass  login "))
        #expect(!run.output.contains(Self.escape))
    }

    /// "when present and not an empty string", says no-color.org.
    @Test("an empty NO_COLOR means nothing")
    func emptyNoColour() async throws {
        let host = try Host()
        let run = try await host.runOnTerminal(try host.trial, environment: ["NO_COLOR": ""])
        let isColoured = run.output.contains(Self.escape)
        #expect(isColoured)
    }

    @Test("--json on a terminal is JSON without colours")
    func terminalJSON() async throws {
        let host = try Host()
        let run = try await host.runOnTerminal(try host.trial + ["--json"])
        #expect(run.status == 0)
        #expect(try run.json["line"] as? String == host.expected)
        #expect(!run.output.contains(Self.escape))
    }
}
