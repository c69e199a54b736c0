import Foundation
import Testing

/// What a run leaves in the access log.
@Suite(.onHost) struct RecordingTests {
    private func records(_ host: Host) throws -> [[String: Any]] {
        try host.text("access.jsonl").split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test("as sshd runs it an accepted login leaves one record, with the clock's time")
    func accepted() async throws {
        let host = try Host.atAnyTime()
        let before = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        let run = try await host.run(try host.question)
        #expect(run.status == 0 && !run.output.isEmpty)
        let records = try records(host)
        let record = try #require(records.first)
        #expect(records.count == 1)
        #expect(record["decision"] as? String == "accept")
        #expect(record["login"] as? String == "alice")
        #expect(record["space"] as? String == "build-box")
        #expect(record["host"] as? String == ProcessInfo.processInfo.hostName)
        #expect(record["policy"] == nil)
        #expect(record["email"] as? String == "alice@example.com")
        #expect(record["expires"] as? String == "2300-09-06T11:59:00Z")
        let time = try #require(ISO8601DateFormatter().date(from: record["time"] as? String ?? ""))
        #expect(before <= time && time <= Date())
    }

    @Test("what one process of sshd's asks has its number in each record")
    func connection() async throws {
        let host = try Host.atAnyTime()
        let question = try host.question
        let sshd = ["sh", "-c", "echo $$; \"$@\"; \"$@\"; exit $?", "sshd", Program.path]
        var numbers: [Int] = []
        for _ in 0..<2 {
            let run = try await host.run(directly: sshd, question)
            numbers.append(try #require(Int(run.output.prefix { $0 != "\n" })))
        }
        #expect(try records(host).map { $0["sshd"] as? Int } == [numbers[0], numbers[0], numbers[1], numbers[1]])
        #expect(numbers[0] != numbers[1])
    }

    @Test("a refusal leaves a record too, and a stray key none")
    func others() async throws {
        let host = try Host.atAnyTime()
        let flags = ["--uid", "1001", "--config", host.at("pair.toml")]
        _ = try await host.run(["--user", "bob", "--key", try host.base64] + flags)
        _ = try await host.run(["--user", "a\nb", "--key", "AAAA"] + flags)
        try host.write("members", "build-box bob@example.com example alice\n")
        _ = try await host.run(try host.question)
        let stray = "AAAAC3NzaC1lZDI1NTE5AAAAI" + String(repeating: "A", count: 43)
        let run = try await host.run(["--user", "alice", "--key", stray] + flags)
        #expect(run.status == 0)
        let found = try records(host).map { "\($0["decision"] as? String ?? "") \($0["reason"] as? String ?? "")" }
        #expect(found == ["refuse login-not-granted", "refuse login-malformed", "refuse not-a-member"])
    }

    @Test("a fault of members leaves a record")
    func fault() async throws {
        let host = try Host.atAnyTime()
        try host.append("members", "build-box nobody\n")
        let run = try await host.run(try host.question)
        #expect(run.status == 2)
        let record = try #require(try records(host).first)
        #expect(record["decision"] as? String == "fault")
        #expect(record["reason"] as? String == "config-syntax")
        #expect(record["login"] as? String == "alice")
        #expect(record["detail"] == nil)
    }

    @Test("a trial leaves none", arguments: [["--explain"], ["--json"], ["--at", "1795348800"], ["--at", "0"]])
    func trial(_ flags: [String]) async throws {
        let host = try Host.atAnyTime()
        let run = try await host.run(try host.question + flags)
        #expect(run.status != 2)
        #expect(try host.text("access.jsonl").isEmpty)
    }

    @Test("no part of the token is in the log")
    func secrets() async throws {
        let host = try Host.atAnyTime()
        let secrets = try host.secrets
        for login in ["alice", "bob", "a\"b"] {
            _ = try await host.run(
                ["--user", login, "--key", try host.base64, "--config", host.at("pair.toml")])
        }
        let log = try host.text("access.jsonl")
        #expect(log.split(separator: "\n").count == 3)
        #expect(secrets.filter { log.contains($0) }.isEmpty)
    }

    @Test("a log that is missing stops nobody, is told on stderr and is not made")
    func missing() async throws {
        let host = try Host.atAnyTime(log: "file = \"absent.jsonl\"")
        let run = try await host.run(try host.question)
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("restrict,"))
        #expect(run.error == "pair-authkeys: access log: \(host.at("absent.jsonl")): no such file\n")
        #expect(!FileManager.default.fileExists(atPath: host.at("absent.jsonl")))
    }

    @Test(
        "no line is given without its record where the log is required", arguments: ["absent.jsonl", "keysets", "link"])
    func required(_ file: String) async throws {
        let host = try Host.atAnyTime(log: "file = \"\(file)\"\nrequired = true")
        try FileManager.default.createSymbolicLink(
            atPath: host.at("link"), withDestinationPath: host.at("access.jsonl"))
        let run = try await host.run(try host.question)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.error.hasPrefix("pair-authkeys: access log: \(host.at(file)): "))
        #expect(try host.text("access.jsonl").isEmpty)
    }

    @Test("where the log is required and can be written the line is given")
    func requiredAndThere() async throws {
        let host = try Host.atAnyTime(log: "file = \"access.jsonl\"\nrequired = true")
        let run = try await host.run(try host.question)
        #expect(run.status == 0 && run.output.hasPrefix("restrict,"))
        #expect(try records(host).count == 1)
    }

    @Test("from the cap on, what anyone can cause leaves no record, and a login still does")
    func cap() async throws {
        let host = try Host.atAnyTime(log: "file = \"access.jsonl\"\nunverified_cap = \"1KiB\"")
        try host.write("access.jsonl", String(repeating: "x", count: 1023) + "\n")
        _ = try await host.run(["--user", "a\"b", "--key", "AAAA", "--config", host.at("pair.toml")])
        #expect(try host.text("access.jsonl").utf8.count == 1024)
        let run = try await host.run(try host.question)
        #expect(!run.output.isEmpty)
        #expect(try host.text("access.jsonl").contains("\"decision\":\"accept\""))
    }

    @Test("runs at the same time leave their records whole, each on a line of its own")
    func concurrent() async throws {
        let host = try Host.atAnyTime()
        let question = try host.question
        try await withThrowingTaskGroup(of: Run.self) { group in
            for _ in 0..<24 { group.addTask { try await host.run(question) } }
            for try await run in group { #expect(run.status == 0 && run.output.hasPrefix("restrict,")) }
        }
        let records = try records(host)
        #expect(records.count == 24)
        #expect(records.allSatisfy { $0["decision"] as? String == "accept" })
    }
}
