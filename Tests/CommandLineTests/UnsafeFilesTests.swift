import Foundation
import Testing

/// Files that somebody else could have written: no decision rests on them.
@Suite(.onHost) struct UnsafeFilesTests {
    struct Loose: Sendable, CustomStringConvertible {
        let file: String
        let mode: Int
        let mend: String

        var description: String { "\(file) \(String(mode, radix: 8))" }
    }

    private static let loose = ["pair.toml", "members", "revoked", "keysets/example.json", "keysets"].flatMap { file in
        [0o664, 0o646, 0o777].map { Loose(file: file, mode: $0, mend: "chmod go-w") }
    }

    @Test("a file or folder that group or others can write to is a fault that names it and the mend", arguments: loose)
    func writable(_ row: Loose) async throws {
        let host = try Host.atAnyTime()
        try host.write("revoked", "")
        try host.set(mode: row.mode | (row.file == "keysets" ? 0o111 : 0), of: host.at(row.file))
        let run = try await host.run(try host.question)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(
            run.error.hasPrefix(
                "pair-authkeys: config-unsafe: \(host.at(row.file)): writable by group or others (mode "))
        #expect(run.error.hasSuffix("\nTo mend it: \(row.mend) \(host.at(row.file))\n"))
    }

    @Test("an admin who asks is told the same", arguments: ["--explain", "--json"])
    func explained(_ reader: String) async throws {
        let host = try Host()
        try host.set(mode: 0o664, of: host.at("members"))
        let run = try await host.run(try host.trial + [reader])
        #expect(run.status == 2)
        #expect(run.output.contains("config-unsafe"))
        #expect(run.output.contains("chmod go-w \(host.at("members"))"))
        #expect(run.error.isEmpty)
    }

    @Test("the folder of pair.toml counts as well")
    func folder() async throws {
        let host = try Host.atAnyTime()
        try host.set(mode: 0o775, of: host.folder)
        let run = try await host.run(try host.question)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(
            run.error.hasPrefix(
                "pair-authkeys: config-unsafe: \(host.folder): writable by group or others (mode 775)\n"))
    }

    @Test("what another user owns is a fault", arguments: ["pair.toml", "members", "keysets/example.json", "keysets"])
    func owner(_ file: String) async throws {
        let host = try Host.atAnyTime()
        try host.set(owner: 65534, of: file)
        let run = try await host.run(try host.question)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(
            run.error == """
                pair-authkeys: config-unsafe: \(host.at(file)): owned by uid 65534, which may change it
                To mend it: chown root \(host.at(file))

                """)
    }

    @Test("the running user is trusted as owner only with --config and one of --explain, --json, --at")
    func runningUser() async throws {
        let host = try Host.atAnyTime()
        for file in ["", "pair.toml", "members", "keysets", "keysets/example.json"] {
            try host.set(owner: 65534, of: file)
        }
        // The program may stand where nobody else can enter.
        try FileManager.default.copyItem(atPath: Program.path, toPath: host.at("program"))
        try host.set(mode: 0o755, of: host.at("program"))
        func asNobody(_ more: [String]) async throws -> Run {
            let become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", host.at("program")]
            return try await Program.run(under: become, try host.question + more)
        }
        let alone = try await asNobody([])
        #expect(alone.status == 2)
        #expect(alone.output.isEmpty)
        #expect(alone.error.hasPrefix("pair-authkeys: config-unsafe: \(host.folder): owned by uid 65534"))
        for more in [["--explain"], ["--json"], ["--at", try host.now]] {
            let run = try await asNobody(more)
            #expect(run.status == 0, "\(more): \(run)")
            #expect(run.output.contains("cert-authority,principals="))
        }
        try host.set(owner: 65533, of: "members")
        #expect(try await asNobody(["--json"]).json["reason"] as? String == "config-unsafe")
    }

    struct Odd: Sendable, CustomStringConvertible {
        let kind: String
        let command: [String]

        var description: String { kind }
    }

    private static let odd = [
        Odd(kind: "symbolic link", command: ["ln", "-s", "/etc/hostname"]),
        Odd(kind: "FIFO", command: ["mkfifo"]),
        Odd(kind: "directory", command: ["mkdir", "-m", "755"]),
    ]

    @Test("what is no file is a fault, and nobody waits for it", arguments: odd)
    func noFile(_ row: Odd) async throws {
        for file in ["pair.toml", "members", "keysets/example.json"] {
            let host = try Host.atAnyTime()
            try FileManager.default.removeItem(atPath: host.at(file))
            _ = try await Program.run(under: row.command + [host.at(file)], [])
            let run = try await host.run(try host.question)
            #expect(run.status == 2)
            #expect(run.output.isEmpty)
            #expect(
                run.error.hasPrefix(
                    "pair-authkeys: config-unsafe: \(host.at(file)): a regular file expected, a \(row.kind) found\n"))
        }
    }

    @Test("a link on the way to pair.toml is a fault")
    func linkOnTheWay() async throws {
        let host = try Host.atAnyTime()
        let link = "/opt/pair-command-\(UUID())"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: host.folder)
        defer { try? FileManager.default.removeItem(atPath: link) }
        let flags = ["--user", "alice", "--key", "AAAA", "--config", "\(link)/pair.toml"]
        let run = try await host.run(flags)
        #expect(run.status == 2)
        #expect(
            run.error.hasPrefix("pair-authkeys: config-unsafe: \(link): a directory expected, a symbolic link found\n"))
    }

    @Test("a missing pair.toml, and a missing file that it names, are faults; a default one is empty")
    func missing() async throws {
        let host = try Host.atAnyTime()
        try FileManager.default.removeItem(atPath: host.at("members"))
        #expect(try await host.run(try host.question + ["--json"]).json["reason"] as? String == "not-a-member")
        try host.write("pair.toml", "members = \"members\"\n" + host.text("pair.toml"))
        let named = try await host.run(try host.question)
        #expect(named.status == 2)
        #expect(named.error.hasPrefix("pair-authkeys: config-missing: \(host.at("members")): no such file\n"))
        try FileManager.default.removeItem(atPath: host.at("pair.toml"))
        let none = try await host.run(try host.question)
        #expect(none.status == 2)
        #expect(none.error.hasPrefix("pair-authkeys: config-missing: \(host.at("pair.toml")): no such file\n"))
    }
}
