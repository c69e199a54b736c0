import Foundation
import Testing

/// Deciding a folder of cases again.
@Suite struct ReplayTests {
    /// A folder of copies of fixtures, which anybody may write to, removed with the value.
    private final class Cases: Sendable {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-replay-\(UUID())").path

        init(_ names: String...) throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for name in names { try copy(name, to: name) }
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func at(_ name: String) -> String { "\(folder)/\(name)" }

        func copy(_ fixture: String, to name: String) throws {
            let parent = URL(fileURLWithPath: at(name)).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "\(Program.repository)/Fixtures/\(fixture)", toPath: at(name))
        }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: at(name)))
        }

        func text(_ name: String) throws -> String { try String(contentsOfFile: at(name), encoding: .utf8) }

        func replay(_ folder: String? = nil) async throws -> Run {
            let run = try await Program.run(["replay", folder ?? self.folder])
            return withExtendedLifetime(self) { run }
        }
    }

    @Test("cases that are decided as they expect pass, whatever they expect")
    func passes() async throws {
        let cases = try Cases(
            "ok-opkssh-certificate", "a20-denied-by-claim", "a24-plain-key-ed25519", "fault-usage-stray-argument",
            "fault-config-missing", "ok-now-in-unix-seconds", "ok-key-inline")
        let run = try await cases.replay()
        #expect(run.status == 0)
        #expect(run.output == "7 passed, 0 failed\n")
        #expect(run.error.isEmpty)
    }

    @Test("a case that is decided otherwise is named with both, and the status is 1")
    func fails() async throws {
        let cases = try Cases("ok-opkssh-certificate", "a20-denied-by-claim")
        let line = try cases.text("ok-opkssh-certificate/expect")
        try cases.write("ok-opkssh-certificate/expect", "refused: denied\n")
        let run = try await cases.replay()
        #expect(run.status == 1)
        #expect(
            run.output.hasPrefix(
                """
                FAIL \(cases.at("ok-opkssh-certificate"))
                     expected  refused: denied
                     found     \(line)
                """))
        #expect(run.output.hasSuffix("\n1 passed, 1 failed\n"))
        #expect(!run.output.contains("a20-denied-by-claim"))
    }

    @Test(
        "a case fails by a single letter of its line", arguments: ["2026112212040", "X11-forwarding,user-rc", "cert-"])
    func letter(_ part: String) async throws {
        let cases = try Cases("ok-session-permit-all")
        let line = try cases.text("ok-session-permit-all/expect")
        try #require(line.contains(part) || part.hasPrefix("2026"))
        try cases.write(
            "ok-session-permit-all/expect", line.replacingOccurrences(of: part, with: part.uppercased() + "9"))
        #expect(try await cases.replay().status == 1)
    }

    @Test("a refusal for another reason fails")
    func otherReason() async throws {
        let cases = try Cases("a20-denied-by-claim")
        try cases.write("a20-denied-by-claim/expect", "refused: not-a-member\n")
        let run = try await cases.replay()
        #expect(run.status == 1)
        #expect(run.output.contains("\n     found     refused: denied\n"))
        #expect(run.output.hasSuffix("0 passed, 1 failed\n"))
    }

    @Test("a folder without a case is no pass, and one that is missing is a fault")
    func none() async throws {
        let cases = try Cases()
        try cases.write("README.md", "nothing here\n")
        let empty = try await cases.replay()
        #expect(empty.status == 2)
        #expect(empty.output == "0 passed, 0 failed\n")
        let missing = try await cases.replay(cases.at("absent"))
        #expect(missing.status == 2)
        #expect(missing.output.isEmpty)
        #expect(missing.error.hasPrefix("pair-authkeys: \(cases.at("absent")): no such file\nTo mend it: "))
    }

    @Test("a case may stand at any depth, or be the folder itself, beside files of any kind")
    func depth() async throws {
        let cases = try Cases("ok-opkssh-certificate")
        try cases.copy("a20-denied-by-claim", to: "deep/deeper/case")
        try cases.write("README.md", "text\n")
        try cases.write("deep/notes", "text\n")
        #expect(try await cases.replay().output == "2 passed, 0 failed\n")
        #expect(try await cases.replay(cases.at("deep/deeper/case")).output == "1 passed, 0 failed\n")
        #expect(try await cases.replay(cases.at("deep/")).output == "1 passed, 0 failed\n")
    }

    @Test("a case that cannot be read is a failure, not a case less", arguments: ["expect", "now"])
    func unreadable(_ file: String) async throws {
        let cases = try Cases("ok-opkssh-certificate", "a20-denied-by-claim")
        try FileManager.default.removeItem(atPath: cases.at("ok-opkssh-certificate/\(file)"))
        let run = try await cases.replay()
        #expect(run.status == 1)
        #expect(run.output.contains("FAIL \(cases.at("ok-opkssh-certificate"))\n"))
        #expect(run.output.hasSuffix("\n1 passed, 1 failed\n"))
    }

    @Test(
        "an argv that is no list of strings is a failure",
        arguments: ["", "{}", "[1]", "[\"--user\", \"alice\", null]", "[", "\"--user\""])
    func argv(_ text: String) async throws {
        let cases = try Cases("fault-usage-stray-argument")
        try cases.write("fault-usage-stray-argument/argv", text)
        let run = try await cases.replay()
        #expect(run.status == 1, "\(run)")
        #expect(run.output.hasSuffix("\n0 passed, 1 failed\n"))
    }

    @Test("the rules on owner and mode are left out, for a checkout may have any")
    func modes() async throws {
        let cases = try Cases("ok-opkssh-certificate")
        for name in ["", "pair.toml", "members", "keysets", "keysets/example.json"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o777], ofItemAtPath: cases.at("ok-opkssh-certificate/\(name)"))
        }
        #expect(try await cases.replay().status == 0)
    }

    @Test("nothing is recorded")
    func log() async throws {
        let cases = try Cases("ok-opkssh-certificate", "a20-denied-by-claim")
        for name in ["ok-opkssh-certificate", "a20-denied-by-claim"] {
            let toml = try cases.text("\(name)/pair.toml")
            try cases.write("\(name)/pair.toml", toml + "\n[log]\nfile = \"access.jsonl\"\nrequired = true\n")
            try cases.write("\(name)/access.jsonl", "")
        }
        #expect(try await cases.replay().output == "2 passed, 0 failed\n")
        #expect(try cases.text("ok-opkssh-certificate/access.jsonl").isEmpty)
        #expect(try cases.text("a20-denied-by-claim/access.jsonl").isEmpty)
    }
}
