import Foundation
import Testing

/// A command line that is not understood: the flag is named and no value, which may be a token.
@Suite(.onHost) struct UsageTests {
    private static let secret = "SECRETeyJhbGciOiJSUzI1NiJ9"

    struct Wrong: Sendable, CustomStringConvertible {
        let arguments: [String]
        let message: String

        var description: String { arguments.joined(separator: " ") }
    }

    private static let good = ["--user", secret, "--key", secret]

    private static let strays = [
        Wrong(arguments: [secret], message: "argument 1 is no flag of this program"),
        Wrong(arguments: ["--user", secret, secret], message: "argument 3 is no flag of this program"),
        Wrong(arguments: good + [secret], message: "argument 5 is no flag of this program"),
        Wrong(arguments: good + ["--explain", secret], message: "argument 6 is no flag of this program"),
        Wrong(arguments: good + ["--json", secret], message: "argument 6 is no flag of this program"),
        Wrong(arguments: ["--user=\(secret)"], message: "argument 1 is no flag of this program"),
        Wrong(arguments: ["--key=\(secret)"], message: "argument 1 is no flag of this program"),
        Wrong(arguments: ["--\(secret)", secret], message: "argument 1 is no flag of this program"),
        Wrong(arguments: ["-\(secret)"], message: "argument 1 is no flag of this program"),
        Wrong(arguments: ["--KEY", secret], message: "argument 1 is no flag of this program"),
        Wrong(arguments: ["-k", secret], message: "argument 1 is no flag of this program"),
        Wrong(arguments: ["", secret], message: "argument 1 is no flag of this program"),
        Wrong(arguments: ["--", secret], message: "argument 1 is no flag of this program"),
        Wrong(arguments: good + ["--help"], message: "argument 5 is no flag of this program"),
        Wrong(arguments: good + ["replay", secret], message: "argument 5 is no flag of this program"),
        Wrong(arguments: ["Replay", secret], message: "argument 1 is no flag of this program"),
        Wrong(
            arguments: ["--user", secret, "\n\(secret)\u{1B}[31m"], message: "argument 3 is no flag of this program"),
    ]

    private static let missing = [
        Wrong(arguments: [], message: "--user is missing"),
        Wrong(arguments: ["--key", secret], message: "--user is missing"),
        Wrong(arguments: ["--user", secret], message: "--key is missing"),
        Wrong(arguments: ["--explain"], message: "--user is missing"),
        Wrong(arguments: ["replay"], message: "replay takes one folder"),
        Wrong(arguments: ["replay", secret, secret], message: "replay takes one folder"),
        Wrong(arguments: ["replay", "--key", secret], message: "replay takes one folder"),
        Wrong(arguments: good + ["--explain", "--json"], message: "--explain and --json exclude each other"),
        Wrong(arguments: good + ["--json", "--explain"], message: "--explain and --json exclude each other"),
    ]

    private static let flags = ["--user", "--uid", "--key", "--type", "--fingerprint", "--config", "--at"]

    private static let repeated =
        flags.map { Wrong(arguments: [$0, secret, $0, secret], message: "\($0) is given twice") }
        + ["--explain", "--json"].map { Wrong(arguments: good + [$0, $0], message: "\($0) is given twice") }

    private static let valueless =
        flags.map { Wrong(arguments: [$0], message: "\($0) needs a value") }
        + flags.filter { !good.contains($0) }.map { Wrong(arguments: good + [$0], message: "\($0) needs a value") }

    private static let values =
        [secret, "", "-1", "+1", "1 ", " 1", "0x10", "1e3", "1.0", "4294967296", "99999999999999999999", "١"].map {
            Wrong(arguments: good + ["--uid", $0], message: "--uid needs a number")
        }
        + [
            secret, "", "now", "1.5", "2026-11-22", "2026-11-22T12:00:00", "2026-11-22T12:00:00+01:00",
            "2026-11-22t12:00:00z", "2026-11-22T12:00:00Z ", "2026-02-30T12:00:00Z", "99999999999999999999",
        ].map { Wrong(arguments: good + ["--at", $0], message: "--at needs YYYY-MM-DDTHH:MM:SSZ or Unix seconds") }

    @Test(
        "a wrong command line ends with status 2, its flag on stderr and nothing else",
        arguments: strays + missing + repeated + valueless + values)
    func wrong(_ row: Wrong) async throws {
        let run = try await Program.run(row.arguments)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.error == "pair-authkeys: \(row.message)\npair-authkeys --help lists the flags\n")
        #expect(!run.error.contains("SECRET"))
    }

    @Test("as sshd runs it no value of any flag comes back, whatever it is")
    func silent() async throws {
        let host = try Host()
        let values = ["--user", "--key", "--type", "--fingerprint"].flatMap { [$0, "\(Self.secret)\($0)"] }
        let run = try await host.run(values + ["--uid", "7777777", "--config", host.at("pair.toml")])
        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        #expect(run.error.isEmpty)
    }

    @Test(
        "explained, the login comes back quoted, and neither key nor fingerprint", arguments: ["--explain", "--json"])
    func explained(_ reader: String) async throws {
        let host = try Host()
        let login = "LOGIN\n\u{1B}[31m"
        let flags = [
            "--user", login, "--key", Self.secret, "--fingerprint", Self.secret, "--config", host.at("pair.toml"),
        ]
        let run = try await host.run(flags + [reader])
        #expect(run.status == 1)
        #expect(run.error.isEmpty)
        #expect(!run.output.contains("SECRET"))
        #expect(!run.output.contains("\u{1B}"))
        #expect(run.output.contains(reader == "--json" ? #"\"LOGIN\\x0a\\x1b[31m\""# : #""LOGIN\x0a\x1b[31m""#))
    }

    @Test("a key file that is missing is named without its text, and is a wrong use")
    func keyFile() async throws {
        let host = try Host()
        let run = try await host.run([
            "--user", "alice", "--key", "@\(host.at("absent"))", "--config", host.at("pair.toml"),
        ])
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.error.hasPrefix("pair-authkeys: usage: --key: \(host.at("absent")): no such file\nTo mend it: "))
    }

    @Test("help and version are printed and end with status 0", arguments: ["--help", "-h", "--version"])
    func help(_ flag: String) async throws {
        let run = try await Program.run([flag])
        #expect(run.status == 0)
        #expect(run.error.isEmpty)
        #expect(run.output.hasPrefix(flag == "--version" ? "pair-authkeys 0." : "usage: pair-authkeys --user LOGIN"))
        for name in Self.flags + ["--explain", "--json", "replay"] where flag != "--version" {
            #expect(run.output.contains(name))
        }
    }
}
