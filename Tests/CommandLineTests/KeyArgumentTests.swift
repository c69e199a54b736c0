import Foundation
import Testing

/// The forms of `--key`, and what is no key.
@Suite(.onHost) struct KeyArgumentTests {
    private func run(_ host: Host, key: String, _ more: [String] = ["--json"], in folder: String? = nil) async throws
        -> Run
    {
        let flags = ["--user", "alice", "--uid", "1001", "--config", host.at("pair.toml"), "--at", try host.now]
        return try await host.run(flags + ["--key", key] + more, in: folder)
    }

    @Test("a key is taken as base64, as a whole line, and from a file with either")
    func forms() async throws {
        let host = try Host()
        let base64 = try host.base64
        let type = "ecdsa-sha2-nistp256-cert-v01@openssh.com"
        try host.write("bare", base64)
        try host.write("bare-lf", base64 + "\n")
        try host.write("line", "\(type) \(base64) alice@example.com and more\n")
        try host.write("tabs", "\(type)\t\(base64)\t")
        let files = ["bare", "bare-lf", "line", "tabs", "key.pub"].map { "@\(host.at($0))" }
        for key in [base64, "\(type) \(base64)", "\(type) \(base64) a comment", "\(type)  \(base64)"] + files {
            let report = try await run(host, key: key).json
            #expect(report["line"] as? String == (try host.expected))
        }
    }

    @Test("a file of a relative path is looked for where the program stands")
    func relative() async throws {
        let host = try Host()
        let run = try await run(host, key: "@key.pub", in: host.folder)
        #expect(try run.json["line"] as? String == host.expected)
    }

    struct Odd: Sendable, CustomStringConvertible {
        let key: String
        let reason: String

        var description: String { "\(key.prefix(40)), \(key.utf8.count) bytes" }
    }

    private static let odd = [
        Odd(key: "", reason: "key-base64"),
        Odd(key: " ", reason: "key-base64"),
        Odd(key: "AAAA", reason: "key-malformed"),
        Odd(key: "ssh-ed25519", reason: "key-base64"),
        Odd(key: "ssh-ed25519 ", reason: "key-base64"),
        Odd(key: "restrict ssh-ed25519 AAAA", reason: "key-base64"),
        Odd(key: "\u{1}\u{2}\u{3}\u{1B}[31m\u{7F}", reason: "key-base64"),
        Odd(key: "ÿþ\u{FFFD}", reason: "key-base64"),
        Odd(key: "AAAA\nAAAA", reason: "key-base64"),
        Odd(key: String(repeating: "A", count: 127 << 10), reason: "key-too-large"),
        Odd(key: String(repeating: "\u{1F511}", count: 32_000), reason: "key-too-large"),
        Odd(key: String(repeating: "A", count: 87_380), reason: "key-type-unsupported"),
        Odd(key: "ssh-ed25519 " + String(repeating: "A", count: 127 << 10), reason: "key-too-large"),
    ]

    @Test("what is no key is refused, whatever its bytes and however long", arguments: odd)
    func refused(_ row: Odd) async throws {
        let host = try Host()
        let asked = try await run(host, key: row.key)
        #expect(asked.status == 1)
        #expect(try asked.json["reason"] as? String == row.reason)
        let sshd = try await run(host, key: row.key, [])
        #expect(sshd.status == 0)
        #expect(sshd.output.isEmpty && sshd.error.isEmpty)
    }

    @Test("arguments that are not UTF-8 are refused like any others")
    func notUTF8() async throws {
        let host = try Host()
        // The shell's printf makes bytes that no String of ours can hold.
        let script = #"bytes=$(printf '\200\377\376'); exec "$@" --user "$bytes" --key "$bytes" --type "$bytes""#
        for reader in [[], ["--json"]] as [[String]] {
            let run = try await host.run(
                under: ["sh", "-c", script, "sh"], ["--config", host.at("pair.toml")] + reader)
            #expect(run.status == (reader.isEmpty ? 0 : 1))
            #expect(run.output.isEmpty == reader.isEmpty)
            #expect(run.error.isEmpty)
        }
    }

    @Test("a key file that is a folder, a FIFO or too large is a fault, and nobody waits for it")
    func unusable() async throws {
        let host = try Host()
        try host.write("large", String(repeating: "A", count: (1 << 20) + 1))
        _ = try await Program.run(under: ["mkfifo", host.at("fifo")], [])
        for name in ["keysets", "fifo", "large", "absent"] {
            let run = try await run(host, key: "@\(host.at(name))", [])
            #expect(run.status == 2)
            #expect(run.output.isEmpty)
            #expect(run.error.hasPrefix("pair-authkeys: usage: --key: \(host.at(name)): "))
        }
    }
}
