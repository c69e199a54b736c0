import Foundation
import Testing

/// The file of accounts, as the host has it: who could have written it, whether it is there, and who is stopped by it.
@Suite(.onHost) struct AccountsFileTests {
    private static let stray = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILmj4eNgzwJbhYVCQZYYwLRGwRxAM1trz1mXAvj/U6QO"

    /// A host with a service for alice, and these accounts.
    private func host(_ accounts: String? = "acme \(stray) laptop\n") throws -> Host {
        let host = try Host.atAnyTime()
        let service = "[[service]]\nname = \"pgs\"\nlogins = [\"alice\"]\n"
        try host.write("pair.toml", try host.text("pair.toml") + service)
        if let accounts { try host.write("accounts", accounts) }
        return host
    }

    private func ask(_ host: Host) async throws -> Run {
        try await host.run(["--user", "alice", "--key", Self.stray, "--config", host.at("pair.toml")])
    }

    @Test("a key that the file has enters, and one that it does not have is nobody's")
    func there() async throws {
        let host = try host()
        let known = try await ask(host)
        #expect(known.output.hasPrefix("restrict,") && known.output.hasSuffix(" \(Self.stray)\n"))
        for accounts in ["", "# acme \(Self.stray)\n"] {
            try host.write("accounts", accounts)
            let unknown = try await ask(host)
            #expect(unknown.status == 0 && unknown.output.isEmpty && unknown.error.isEmpty)
        }
    }

    @Test("a file that pair.toml does not name may be missing, and one that it names may not")
    func missing() async throws {
        let host = try host(nil)
        let unknown = try await ask(host)
        #expect(unknown.status == 0 && unknown.output.isEmpty && unknown.error.isEmpty)
        try host.write("pair.toml", "accounts = \"accounts\"\n" + host.text("pair.toml"))
        let named = try await ask(host)
        #expect(named.status == 2 && named.output.isEmpty)
        #expect(named.error.hasPrefix("pair-authkeys: config-missing: \(host.at("accounts")): no such file\n"))
    }

    struct Unsafe: Sendable, CustomStringConvertible {
        /// As a shell does it to `$1`.
        let damage: String
        let fault: String

        var description: String { damage }
    }

    private static let damages = [
        Unsafe(damage: "chmod g+w $1", fault: "writable by group or others (mode "),
        Unsafe(damage: "chmod o+w $1", fault: "writable by group or others (mode "),
        Unsafe(damage: "chown 65534 $1", fault: "owned by uid 65534, which may change it"),
        Unsafe(damage: "mv $1 $1.aside; ln -s $1.aside $1", fault: "a regular file expected, a symbolic link found"),
        Unsafe(damage: "rm $1; mkfifo -m 644 $1", fault: "a regular file expected, a FIFO found"),
    ]

    @Test("a file that somebody else could have written is a fault, and Keys enter beside it", arguments: damages)
    func damaged(_ row: Unsafe) async throws {
        let host = try host()
        _ = try await Program.run(under: ["sh", "-c", row.damage, "sh", host.at("accounts")], [])
        let run = try await ask(host)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.error.hasPrefix("pair-authkeys: config-unsafe: \(host.at("accounts")): \(row.fault)"))
        let keys = try await host.run(try host.question)
        #expect(keys.status == 0 && keys.output.contains("cert-authority,principals="))
    }

    @Test("a line that does not parse is a fault with its place, whoever asks by an account")
    func syntax() async throws {
        let host = try host("acme \(Self.stray) laptop\nacme no-pty \(Self.stray)\n")
        let run = try await ask(host)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(
            run.error == """
                pair-authkeys: config-syntax: \(host.at("accounts")):2:6: unknown option "no-pty"
                To mend it: correct it there; until then nothing in the file counts

                """)
    }
}
