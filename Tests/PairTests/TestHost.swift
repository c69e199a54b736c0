import Foundation
import Testing

@testable import TestSupport

/// A host's files in a folder that root alone can write to, and the programs that work on them; removed with the value.
final class TestHost: Sendable {
    let folder: String
    private let scratch: Scratch

    /// Why there can be none here, `nil` where there can.
    static let obstacle: Comment? =
        NSUserName() == "root" ? nil : "needs root: files that root alone could have written"

    static let mustRun = ProcessInfo.processInfo.environment["CI"] == "true"

    /// A host whose pair.toml is `toml`.
    init(_ toml: String = TestHost.toml) throws {
        scratch = try Scratch()
        folder = "/opt/pair-host-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try write("pair.toml", toml)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Two providers, two services with users that every machine has, and nothing that is logged.
    static let toml = """
        space = "build-box"
        keysets = "keysets"
        clock_skew = "99999d"

        [[provider]]
        name = "example"
        issuer = "https://login.example.com"
        client_ids = ["pair-ssh"]
        keys_lifetime = "99999d"
        max_key_set_age = "99999d"
        beyond_token_expiry = true

        [[provider]]
        name = "okta"
        issuer = "https://okta.example.com"
        client_ids = ["pair"]

        [[service]]
        name = "pgs"
        logins = ["games"]
        command = "/usr/bin/pgs --account {account}"

        [[service]]
        name = "admin"
        logins = ["root"]

        [log]
        file = ""
        syslog = false

        """

    // MARK: - Files

    func at(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: at(name)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: at(name))
    }

    func text(_ name: String) throws -> String { try String(contentsOfFile: at(name), encoding: .utf8) }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: at(name)) }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
    }

    /// What ssh-keygen makes: the path of a new private key.
    func key(_ arguments: String...) throws -> String { try key(arguments) }

    /// The same, with what ssh-keygen is to be told in an array.
    func key(_ arguments: [String]) throws -> String {
        let path = scratch.path("key-\(UUID())")
        try scratch.run(
            ["ssh-keygen", "-q", "-N", "", "-C", "me", "-f", path]
                + (arguments.isEmpty ? ["-t", "ed25519"] : arguments))
        return path
    }

    @discardableResult
    func keygen(_ arguments: String...) throws -> String {
        String(decoding: try scratch.run(["ssh-keygen"] + arguments), as: UTF8.self)
    }

    /// `SHA256:…` of a key's file.
    func fingerprint(_ path: String) throws -> String {
        let words = try keygen("-lf", path).split(separator: " ")
        return String(try #require(words.dropFirst().first))
    }

    // MARK: - Programs

    struct Run: CustomStringConvertible {
        let status: Int32
        let output: String
        let error: String
        var description: String { "status \(status)\n\(output)\n\(error)" }

        /// Of each line of the output.
        var json: [[String: Any]] {
            output.split(separator: "\n").compactMap {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
            }
        }
    }

    /// What was built beside the tests; pair-authkeys rather as it ships, for its sandbox has no place for a sanitizer.
    static func program(_ name: String) -> String {
        if name == "pair-authkeys", let path = ProcessInfo.processInfo.environment["PAIR_AUTHKEYS"] { return path }
        return URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent(name).path
    }

    /// Runs `pair` with its configuration, and no terminal.
    @discardableResult
    func pair(_ arguments: String..., input: String = "", environment: [String: String] = [:]) throws -> Run {
        try pair(arguments, input: input, environment: environment)
    }

    @discardableResult
    func pair(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws -> Run {
        try run([Self.program("pair")] + arguments + ["--config", at("pair.toml")], input, environment)
    }

    /// Starts `pair` as `pair` does, and does not wait.
    func start(_ script: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-ec", script]
        process.environment = sanitizerSettings.merging([
            "PATH": "/usr/bin:/bin", "PAIR": Self.program("pair"), "CONFIG": at("pair.toml"),
        ]) { _, mine in mine }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs `pair` on a terminal where `typed` is typed.
    func pairOnTerminal(_ arguments: [String], typing typed: String) throws -> Run {
        let script = """
            import os, pty, sys
            pid, terminal = pty.fork()
            if pid == 0: os.execv(sys.argv[2], sys.argv[2:])
            shown, asked = b"", False
            while True:
                try: more = os.read(terminal, 4096)
                except OSError: break
                if not more: break
                shown += more
                if b"[y/N]" in shown and not asked:
                    asked = True
                    os.write(terminal, sys.argv[1].encode())
            sys.stdout.buffer.write(shown)
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        return try run(
            ["python3", "-c", script, typed, Self.program("pair")] + arguments + ["--config", at("pair.toml")], "", [:])
    }

    /// Runs `pair` where nobody can be told: its standard error takes nothing.
    func pairUnheard(_ arguments: String...) throws -> Run {
        let script = ["sh", "-c", "exec \"$@\" 2>/dev/full", "sh", Self.program("pair")]
        return try run(script + arguments + ["--config", at("pair.toml")], "", [:])
    }

    /// What pair-authkeys says of a key: `accepted`, or the reason.
    func decision(_ key: String, user: String, uid: Int = 1001) throws -> String {
        let run = try run(
            [
                Self.program("pair-authkeys"), "--user", user, "--uid", "\(uid)", "--key", key, "--json", "--config",
                at("pair.toml"),
            ], "", [:])
        return try #require(run.json.first?["reason"] as? String, "\(run)")
    }

    /// The decision as a person has it explained.
    func explanation(_ key: String, user: String, uid: Int = 1001) throws -> Run {
        try run(
            [
                Self.program("pair-authkeys"), "--user", user, "--uid", "\(uid)", "--key", key, "--explain", "--config",
                at("pair.toml"),
            ], "", [:])
    }

    func run(_ command: [String], _ input: String, _ environment: [String: String]) throws -> Run {
        let names = ["input", "output", "error"].map { "\($0)-\(UUID())" }
        try scratch.write(Array(input.utf8), to: names[0])
        for name in names.dropFirst() { try scratch.write([], to: name) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        let usual = sanitizerSettings.merging(["PATH": "/usr/bin:/bin"]) { _, mine in mine }
        let variables = environment.merging(usual) { mine, _ in mine }
        process.arguments =
            ["--signal=KILL", "60", "env", "-i", "--default-signal"] + variables.map { "\($0)=\($1)" } + command
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: scratch.path(names[0])))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.path(names[1])))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.path(names[2])))
        try process.run()
        process.waitUntilExit()
        return Run(
            status: process.terminationStatus, output: String(decoding: try scratch.read(names[1]), as: UTF8.self),
            error: String(decoding: try scratch.read(names[2]), as: UTF8.self))
    }
}

extension Trait where Self == ConditionTrait {
    /// Leaves a suite out where there can be no `TestHost`; not under CI, where it must be possible.
    static var onTestHost: Self {
        .enabled(if: TestHost.obstacle == nil || TestHost.mustRun, TestHost.obstacle ?? "a host can be made")
    }
}
