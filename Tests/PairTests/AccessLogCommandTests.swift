import Encodings
import Foundation
import Testing

@testable import TestSupport

/// `pair access-log`, as it is run.
@Suite("pair access-log")
struct AccessLogCommandTests {
    /// A record `seconds` after 2026-11-22T12:00:00Z.
    static func record(
        _ seconds: Int64 = 0, _ login: String, _ decision: String = "accept", _ reason: String = "accepted",
        _ others: (String, String)...
    ) -> String {
        var members = JSON.Object()
        members.add("time", (UnixTime(seconds: 1_795_348_800) + Seconds(seconds)).rfc3339)
        members.add("decision", decision)
        members.add("reason", reason)
        members.add("login", login)
        for (name, value) in others { members.add(Text(name), value) }
        return String(decoding: JSON.object(members).encoded, as: UTF8.self)
    }

    private func logins(_ output: String) throws -> [String] {
        try output.split(separator: "\n").map { line in
            let object = try #require(try JSON(parsing: Array(line.utf8)).object)
            let count: String
            if case .integer(let number)? = object["count"] { count = "×\(number)" } else { count = "" }
            return (object["login"]?.text?.string ?? "-") + count
        }
    }

    // MARK: - Lists

    @Test("in a pipe a record is an object as it stood, with how many there were; --raw shows each")
    func folded() throws {
        let log = try LogFolder([
            "log": [Self.record(0, "a", "accept", "accepted", ("new", "é")), Self.record(0, "a"), Self.record(1, "a")]
        ])
        let run = try log.pair()
        #expect(
            run.output == """
                {"time":"2026-11-22T12:00:00Z","decision":"accept","reason":"accepted","login":"a","new":"é","count":1}
                {"time":"2026-11-22T12:00:00Z","decision":"accept","reason":"accepted","login":"a","count":2}

                """)
        #expect(run.status == 0)
        #expect(run.error == "")
        #expect(try log.pair("--raw").output == log.text("log"))
    }

    struct Query: Sendable, CustomStringConvertible {
        let arguments: [String]
        let found: [String]

        init(_ arguments: String..., found: String) {
            self.arguments = arguments
            self.found = found.split(separator: " ").map(String.init)
        }

        var description: String { arguments.joined(separator: " ") }
    }

    private static let key = "SHA256:" + String(repeating: "A", count: 42) + "E"
    private static let sample = [
        record(0, "a", "accept", "accepted", ("provider", "idp"), ("email", "a@example.com"), ("space", "one")),
        record(60, "b", "accept", "accepted", ("account", "ci"), ("key_id", "deploy 42"), ("ca", key)),
        record(120, "c", "refuse", "denied", ("sub", "4711"), ("key", key), ("space", "two")),
        record(180, "d", "fault", "config-syntax"),
    ]
    private static let queries = [
        Query(found: "a b c d"),
        Query("--since", "2026-11-22T12:01:00Z", found: "b c d"),
        Query("--until", "2026-11-22T12:01:00Z", found: "a"),
        Query("--since", "2026-11-22T13:01:00+01:00", "--until", "2026-11-22T12:03:00Z", found: "b c"),
        Query("--since", "2026-11-22T17:48", "--until", "2026-11-23", found: "d"),
        Query("--decision", "refuse", "--decision", "fault", found: "c d"),
        Query("--reason", "accepted", "--login", "b", found: "b"),
        Query("--identity", "A@EXAMPLE.com", found: "a"),
        Query("--identity", "deploy 42", "--identity", "4711", found: "b c"),
        Query("--provider", "idp", found: "a"),
        Query("--account", "ci", found: "b"),
        Query("--service", "pgs", found: ""),
        Query("--space", "two", found: "c"),
        Query("--key", key, found: "b c"),
        Query("-n", "2", found: "c d"),
        Query("-n", "0", found: ""),
        Query("-n", "9", "--decision", "accept", found: "a b"),
    ]

    @Test("what is asked for is found, and nothing else", arguments: queries)
    func finds(_ query: Query) throws {
        let log = try LogFolder(["log": Self.sample])
        let run = try log.pair(query.arguments + ["--raw"], zone: "Asia/Kathmandu")
        #expect(try logins(run.output) == query.found)
        #expect(run.status == 0)
        #expect(run.error == "")
    }

    struct Wrong: Sendable, CustomStringConvertible {
        let arguments: [String]
        let says: String

        var description: String { arguments.joined(separator: " ") }
    }

    private static let wrong = [
        Wrong(arguments: ["--since", "yesterday"], says: #"--since "yesterday": 30d, 12h"#),
        Wrong(arguments: ["--until", "2026-02-30"], says: #"--until "2026-02-30""#),
        Wrong(arguments: ["--key", "SHA256:x"], says: #"--key "SHA256:x": SHA256: and 43 characters"#),
        Wrong(arguments: ["--decision", "accepted"], says: "'--decision <word>'"),
        Wrong(arguments: ["-n", "-1"], says: "Missing value for '-n"),
        Wrong(arguments: ["--lines=-1"], says: "not negative"),
        Wrong(arguments: ["--summary", "-f"], says: "--summary and -f exclude each other"),
        Wrong(arguments: ["--summary", "-n", "1"], says: "--summary and -n exclude each other"),
        Wrong(arguments: ["-f", "--until", "1h"], says: "-f and --until exclude each other"),
        Wrong(arguments: ["--config", "x"], says: "--file and --config exclude each other"),
    ]

    @Test("what cannot be meant is refused with status 64", arguments: wrong)
    func refuses(_ row: Wrong) throws {
        let run = try LogFolder(["log": []]).pair(row.arguments)
        #expect(run.status == 64)
        #expect(run.error.contains(row.says), "\(run.error)")
        #expect(run.output == "")
    }

    @Test("a code that this version does not know is looked for all the same, and said to be unknown")
    func unknownReason() throws {
        let run = try LogFolder(["log": [Self.record(0, "a", "refuse", "brand-new")]]).pair("--reason", "brand-new")
        #expect(try logins(run.output) == ["a×1"])
        #expect(run.error == "pair: --reason \"brand-new\": no code that this version knows\n")
    }

    // MARK: - Files

    @Test("rotated files are read from the oldest on, as one log, and what is compressed is named")
    func rotated() throws {
        let log = try LogFolder([
            "log.10": [Self.record(0, "a")], "log.2": [Self.record(60, "b")], "log.1": [Self.record(120, "c")],
            "log": [Self.record(121, "c"), Self.record(180, "d")], "log.3.gz": ["x"], "log.4.gz": ["x"], "log~": ["x"],
        ])
        let run = try log.pair()
        #expect(try logins(run.output) == ["a×1", "b×1", "c×2", "d×1"])
        #expect(run.error.hasPrefix("pair: not read: log.3.gz and 1 more; "))
        #expect(run.status == 0)
        // All that was asked for was read.
        #expect(try log.pair("--since", "2026-11-22T12:02:00Z").error == "")
        #expect(try log.pair("-n", "2").error == "")
        #expect(try logins(try log.pair("-n", "2").output) == ["c×2", "d×1"])
    }

    @Test("what is compressed is read from standard input, and so is what journalctl prints")
    func standardInput() throws {
        let log = try LogFolder(["past": [Self.record(0, "a")]])
        try log.scratch.run("gzip", "past")
        let output = try log.scratch.run(
            "sh", "-c", "gzip -dc past.gz | \"$0\" access-log --file -", LogFolder.program)
        #expect(try logins(String(decoding: output, as: UTF8.self)) == ["a×1"])
    }

    @Test("lines that are no records are left out, counted, named with their files, and do not change the status")
    func malformed() throws {
        let log = try LogFolder([
            "log.1": ["x", Self.record(0, "a")],
            "log": [Self.record(60, "b")] + Array(repeating: "\u{1B}[2J", count: 12),
        ])
        try log.append("{\"time\":\"2026-", to: "log")
        let run = try log.pair()
        #expect(try logins(run.output) == ["a×1", "b×1"])
        let lines = run.error.split(separator: "\n")
        #expect(lines.first == "pair: 14 lines are no record of ours and left out:")
        #expect(lines[1] == "  \(log.at("log.1")):1: byte 0: not JSON here")
        #expect(lines[2] == "  \(log.at("log")):2: byte 0: not JSON here")
        #expect(lines.last == "  and 4 more")
        #expect(lines.count == 12)
        #expect(run.status == 0)
    }

    @Test("a last line that is not whole is no record, and says so")
    func torn() throws {
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        try log.append(Self.record(60, "b"), to: "log")
        let run = try log.pair()
        #expect(try logins(run.output) == ["a×1"])
        #expect(run.error.contains("log:2: the last line does not end in a newline"))
    }

    @Test("a missing log is an error with what to do, and the past is shown where there is one")
    func missing() throws {
        let run = try LogFolder([:]).pair()
        #expect(run.status == 1)
        #expect(run.error.contains("log: no such file\nName another by --file"))
        let past = try LogFolder(["log.1": [Self.record(0, "a")]]).pair()
        #expect(past.status == 1)
        #expect(try logins(past.output) == ["a×1"])
        #expect(past.error.contains("log: no such file"))
    }

    @Test("a folder instead of a log is an error")
    func folder() throws {
        let log = try LogFolder([:])
        try FileManager.default.createDirectory(atPath: log.at("log"), withIntermediateDirectories: false)
        let run = try log.pair()
        #expect(run.status == 1)
        #expect(run.error.hasPrefix("pair: \(log.at("log")): "), "\(run.error)")
    }

    @Test("a log that one may not read says who may", .enabled(if: NSUserName() == "root"))
    func forbidden() throws {
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        try log.scratch.run("chmod", "711", ".")
        try log.scratch.run("chmod", "640", "log")
        let run = try log.run([
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", LogFolder.program, "access-log", "--file",
            log.at("log"),
        ])
        #expect(run.status == 1)
        let said = "log: permission denied\nRun this as root, or as a member of the file's group"
        #expect(run.error.contains(said), "\(run.error)")
    }

    // MARK: - pair.toml

    @Test("the log is where pair.toml says", .enabled(if: NSUserName() == "root"))
    func configured() throws {
        let folder = "/opt/pair-access-log-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = try LogFolder([:])
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        try write(Self.record(0, "a") + "\n", "access.jsonl")
        let settings = """
            space = "one"
            [[provider]]
            name = "idp"
            issuer = "https://idp.example.com"
            client_ids = ["pair"]

            """
        try write(settings + "[log]\nfile = \"access.jsonl\"\n", "pair.toml")
        func run() throws -> LogRun {
            try log.run([LogFolder.program, "access-log", "--config", "\(folder)/pair.toml"])
        }
        #expect(try logins(run().output) == ["a×1"])

        try write(settings + "[log]\nfile = \"\"\n", "pair.toml")
        #expect(try run().status == 1)
        #expect(try run().error.contains("journalctl -t pair-authkeys"))

        try write("space = 1\n", "pair.toml")
        #expect(try run().status == 1)
        #expect(try run().error.contains("pair.toml:1:"))

        try FileManager.default.removeItem(atPath: "\(folder)/pair.toml")
        #expect(try run().status == 1)
        #expect(try run().error.contains("pair.toml: no such file\nTo mend it: create"))
    }

    // MARK: - On a terminal

    @Test("on a terminal there is a table of local times, in colours unless they are not wanted")
    func table() throws {
        let log = try LogFolder([
            "log": [
                Self.record(
                    0, "deploy", "accept", "accepted", ("email", "a@example.com"), ("expires", "2026-11-22T12:05:00Z")),
                Self.record(
                    1, "deploy", "accept", "accepted", ("email", "a@example.com"), ("expires", "2026-11-22T12:05:00Z")),
                Self.record(60, "pgs", "refuse", "service-not-granted", ("account", "ci"), ("key_id", "d 1")),
                Self.record(70, "pgs", "fault", "config-syntax"),
            ]
        ])
        let plain = try log.onTerminal(["NO_COLOR=1", "TZ=Asia/Kathmandu"], [])
        #expect(
            plain.output == """
                TIME                 DECISION  REASON               LOGIN   WHO            SERVICE  UNTIL
                2026-11-22 17:45:00  accept    accepted             deploy  a@example.com  -        17:50:00  ×2
                2026-11-22 17:46:00  refuse    service-not-granted  pgs     "d 1" (ci)     -        -
                2026-11-22 17:46:10  fault     config-syntax        pgs     -              -        -

                """)
        let coloured = try log.onTerminal(["TZ=UTC"], []).output
        for word in ["\u{1B}[32maccept\u{1B}[0m", "\u{1B}[33mrefuse\u{1B}[0m", "\u{1B}[31mfault\u{1B}[0m"] {
            #expect(coloured.contains(word))
        }
        #expect(try log.onTerminal([], ["--json"]).output == log.pair().output)
        #expect(try log.onTerminal([], ["--login", "x"]).output == "No record in \(log.at("log")) is like that.\n")
    }

    private static let hostile = [
        "a\u{1B}[2Kroot", "a\nb", "a  accept", "\u{202E}toor", "\u{9B}2J", "a\"b", "", "é",
    ]

    @Test("text of any kind stays in its column and reaches no terminal as it is", arguments: hostile)
    func hostileText(_ text: String) throws {
        let log = try LogFolder([
            "log": [Self.record(0, text, "refuse", text.isEmpty ? "x" : text, ("email", text), ("key_id", text))]
        ])
        let run = try log.onTerminal(["NO_COLOR=1"], [])
        #expect(run.output.split(separator: "\n").count == 2)
        #expect(run.output.utf8.allSatisfy { $0 == 0x0A || ($0 >= 0x20 && $0 < 0x7F) })
        #expect(run.output.contains(quoted(text)))
        let json = try log.pair().output
        #expect(json.split(separator: "\n").count == 1)
        #expect(!json.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" || $0 == "\u{9B}" })
    }

    // MARK: - Summaries

    @Test("a summary counts what was folded, as bars on a terminal and as one object in a pipe")
    func summary() throws {
        func person(_ seconds: Int64, _ sub: String) -> String {
            Self.record(
                seconds, "deploy", "accept", "accepted", ("provider", "idp"), ("sub", sub),
                ("email", "p\(sub)@example.com"))
        }
        let log = try LogFolder([
            "log": [
                person(0, "1"), person(1, "1"), person(60, "1"), person(120, "2"),
                Self.record(180, "deploy", "refuse", "denied"),
                Self.record(200, "deploy", "fault", "config-syntax"),
            ]
        ])
        #expect(
            try log.pair("--summary").output == """
                {"first":"2026-11-22T12:00:00Z","last":"2026-11-22T12:03:20Z","accepted":[\
                {"provider":"idp","sub":"1","email":"p1@example.com","count":2,"last":"2026-11-22T12:01:00Z"},\
                {"provider":"idp","sub":"2","email":"p2@example.com","count":1,"last":"2026-11-22T12:02:00Z"}],\
                "refused":[{"reason":"denied","count":1}],"faults":[{"reason":"config-syntax","count":1}]}

                """)
        let bars = try log.onTerminal(["NO_COLOR=1", "TZ=UTC", "COLUMNS=72"], ["--summary"]).output
        #expect(
            bars == """
                2026-11-22 12:00:00 to 2026-11-22 12:03:20

                Accepted, by identity  3
                p1@example.com at idp  ████████████████████  2  last 2026-11-22 12:01:00
                p2@example.com at idp  ██████████            1  last 2026-11-22 12:02:00

                Refused, by reason  1
                denied  \(String(repeating: "█", count: 61))  1

                Faults, by reason  1
                config-syntax  \(String(repeating: "█", count: 54))  1

                """)
        #expect(bars.split(separator: "\n").allSatisfy { $0.count <= 72 })
        #expect(
            try log.pair("--summary", "--login", "x").output
                == "{\"accepted\":[],\"refused\":[],\"faults\":[]}\n")
    }

    @Test("bars are as wide as the terminal is")
    func width() throws {
        let log = try LogFolder(["log": [Self.record(0, "a", "refuse", "denied")]])
        let output = try log.onTerminal(["NO_COLOR=1"], ["--summary"], columns: 53).output
        #expect(output.split(separator: "\n").last?.count == 53)
    }
}
