// A folder that is fit to hold pair.toml: what sshd's run of the program must find.

import Foundation
import Testing

/// A copy of a fixture in a folder that root alone can write to, removed with the value.
final class Host: Sendable {
    let folder: String
    private let fixture: String

    /// Why there can be none here, `nil` where there can.
    static let obstacle: Comment? = {
        guard NSUserName() == "root" else { return "needs root: files that root alone could have written" }
        return FileManager.default.isExecutableFile(atPath: Program.path) ? nil : "needs \(Program.path)"
    }()

    init(_ fixture: String = "ok-opkssh-certificate") throws {
        folder = "/opt/pair-command-\(UUID())"
        self.fixture = "\(Program.repository)/Fixtures/\(fixture)"
        try FileManager.default.createDirectory(
            atPath: "/opt", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try FileManager.default.copyItem(atPath: self.fixture, toPath: folder)
        try set(mode: 0o755, of: folder)
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            try set(mode: name == "keysets" ? 0o755 : 0o644, of: at(name))
        }
        try write("access.jsonl", "")
        try append("pair.toml", "\n[log]\nfile = \"access.jsonl\"\nsyslog = false\n")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The fixture that is accepted, whatever the clock shows for the next two centuries.
    static func atAnyTime(log: String = "file = \"access.jsonl\"") throws -> Host {
        let host = try Host()
        let age = "\"99999d\""
        try host.write(
            "pair.toml",
            """
            space = "build-box"
            keysets = "keysets"
            clock_skew = \(age)
            [[provider]]
            name = "example"
            issuer = "https://login.example.com"
            client_ids = ["pair-ssh"]
            keys_lifetime = \(age)
            max_key_set_age = \(age)
            beyond_token_expiry = true
            [log]
            syslog = false
            \(log)

            """)
        return host
    }

    // MARK: - Runs, which the folder outlives

    /// Runs the program with `arguments`.
    func run(_ arguments: [String], environment: [String: String] = [:], in folder: String? = nil) async throws -> Run {
        let run = try await Program.run(arguments, environment: environment, in: folder)
        return withExtendedLifetime(self) { run }
    }

    /// Runs the program on a terminal.
    func runOnTerminal(_ arguments: [String], environment: [String: String] = [:]) async throws -> Run {
        let run = try await Program.runOnTerminal(arguments, environment: environment)
        return withExtendedLifetime(self) { run }
    }

    /// Runs `command` and `arguments`.
    func run(directly command: [String], _ arguments: [String], within seconds: Int = 20) async throws -> Run {
        let run = try await Program.run(under: command, arguments, within: seconds)
        return withExtendedLifetime(self) { run }
    }

    /// Runs `command` with the program and `arguments` behind it.
    func run(under command: [String], _ arguments: [String], environment: [String: String] = [:]) async throws -> Run {
        let run = try await Program.run(under: command + [Program.path], arguments, environment: environment)
        return withExtendedLifetime(self) { run }
    }

    // MARK: - Files

    func at(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: at(name)))
        try set(mode: 0o644, of: at(name))
    }

    func append(_ name: String, _ text: String) throws { try write(name, try self.text(name) + text) }

    func text(_ name: String) throws -> String { try String(contentsOfFile: at(name), encoding: .utf8) }

    func set(mode: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    func set(owner: Int, of name: String) throws {
        try FileManager.default.setAttributes([.ownerAccountID: owner], ofItemAtPath: at(name))
    }

    // MARK: - The fixture

    /// What is expected of it, without the line feed.
    var expected: String {
        get throws { try text("expect").trimmingCharacters(in: .newlines) }
    }

    var now: String {
        get throws { try text("now").trimmingCharacters(in: .newlines) }
    }

    /// Its key without type and comment.
    var base64: String {
        get throws {
            let words = try text("key.pub").split(whereSeparator: \.isWhitespace)
            return String(try #require(words.dropFirst().first ?? words.first))
        }
    }

    /// The flags with which sshd would ask, and pair.toml.
    var question: [String] {
        get throws { ["--user", "alice", "--uid", "1001", "--key", try base64, "--config", at("pair.toml")] }
    }

    /// The same at the fixture's own time.
    var trial: [String] {
        get throws { try question + ["--at", try now] }
    }

    /// Each 24 letters of the token that the certificate holds.
    var secrets: [String] {
        get throws {
            let blob = Array(try #require(Data(base64Encoded: try base64)))
            let runs = blob.split { byte in
                !((0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-_".utf8.contains(byte))
            }
            let long = runs.filter { $0.count >= 48 }.map { String(decoding: $0, as: UTF8.self) }
            try #require(long.count >= 4)
            return long.flatMap { run in
                stride(from: 0, to: run.utf8.count - 24, by: 24).map { String(run.dropFirst($0).prefix(24)) }
            }
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Leaves a suite out where there can be no `Host`; not under CI, where it must be possible.
    static var onHost: Self {
        .enabled(if: Host.obstacle == nil || Program.mustRun, Host.obstacle ?? "a host can be made")
    }
}
