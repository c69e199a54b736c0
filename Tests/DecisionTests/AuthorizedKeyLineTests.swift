import Decision
import Encodings
import SSHKeys
import Testing

@testable import TestSupport

/// The options of the line that sshd is told; its end is `LineEndTests`' matter.
@Suite struct AuthorizedKeyLineTests {
    /// A login that is accepted, with this membership line and what is appended to pair.toml.
    private func options(_ grant: String, _ toml: String = "") throws -> [AuthorizedKey.Option] {
        let fixture = try Fixture("ok-opkssh-certificate")
        var login = try fixture.load()
        login.setMembers("build-box alice@example.com example alice \(grant)\n")
        login.append(toml)
        let decision = login.decided()
        let line = try #require(decision.line, "\(decision.outcome)")
        let parsed = try AuthorizedKey(line: line.text.utf8)
        #expect(parsed.blob == (try fixture.acceptedKey.blob))
        #expect(parsed.type == "ecdsa-sha2-nistp256")
        #expect(parsed.comment.isEmpty)
        return parsed.options
    }

    private static let permits = ["pty", "port-forwarding", "agent-forwarding", "X11-forwarding", "user-rc"]
    /// What a grant can take back; nothing takes X11-forwarding back.
    private static let withholdable = ["pty", "port-forwarding", "agent-forwarding", "user-rc"]

    @Test("the line has restrict, then each permit of pair.toml in sshd's order, less the grant's no-options")
    func everyCombination() throws {
        for configured in 0..<32 {
            let named = Self.permits.enumerated().filter { configured >> $0.offset & 1 == 1 }.map(\.element)
            // In the other order, which must not matter.
            let list = named.reversed().map { "\"\($0)\"" }.joined(separator: ", ")
            for withheld in 0..<16 {
                let taken = Self.withholdable.enumerated().filter { withheld >> $0.offset & 1 == 1 }.map(\.element)
                let grant = taken.map { "no-\($0)" }.joined(separator: ",")
                let found = try options(grant, "[session]\npermit = [\(list)]")
                let expected = ["restrict"] + named.filter { !taken.contains($0) }
                #expect(found.map(\.name) == expected + ["expiry-time", "cert-authority", "principals"])
            }
        }
    }

    @Test("without [session] everything but X11 is permitted")
    func defaultPermits() throws {
        #expect(
            try options("").map(\.name) == [
                "restrict", "pty", "port-forwarding", "agent-forwarding", "user-rc", "expiry-time", "cert-authority",
                "principals",
            ])
    }

    struct Command: Sendable, CustomStringConvertible {
        /// As it stands in members.
        let quoted: String
        let command: Text
        /// As it stands on the line.
        let onLine: String

        var description: String { quoted }
    }

    private static let commands = [
        Command(quoted: #"id"#, command: "id", onLine: #"command="id""#),
        Command(quoted: #""/bin/sh -c 'a, b'""#, command: "/bin/sh -c 'a, b'", onLine: #"command="/bin/sh -c 'a, b'""#),
        Command(quoted: #""echo \"a\"""#, command: #"echo "a""#, onLine: #"command="echo \"a\"""#),
        Command(quoted: #""\"""#, command: #"""#, onLine: #"command="\"""#),
        Command(quoted: #""\"\"\"""#, command: #"""""#, onLine: #"command="\"\"\"""#),
        Command(quoted: #""a\\nb""#, command: #"a\nb"#, onLine: #"command="a\nb""#),
        Command(quoted: #""a\\\\b""#, command: #"a\\b"#, onLine: #"command="a\\b""#),
        Command(
            quoted: #""x\",cert-authority,from=\"*""#, command: #"x",cert-authority,from="*"#,
            onLine: #"command="x\",cert-authority,from=\"*""#),
        Command(quoted: #""größe %s # $HOME""#, command: "größe %s # $HOME", onLine: #"command="größe %s # $HOME""#),
    ]

    @Test(
        "a command stands in quotes, each of its own quotes escaped, and reads as it was configured",
        arguments: commands)
    func command(_ row: Command) throws {
        let found = try options("command=\(row.quoted)")
        #expect(found.map(\.name) == ["restrict"] + Self.withholdable + ["command"] + Self.end)
        #expect(found.first { $0.name == "command" }?.value == row.command)
        var login = try Fixture("ok-opkssh-certificate").load()
        login.setMembers("build-box alice@example.com example alice command=\(row.quoted)\n")
        #expect(login.decided().line?.text.contains(",\(row.onLine),expiry-time=") == true)
    }

    private static let end = ["expiry-time", "cert-authority", "principals"]

    private static let unreadable = [#""a\\""#, #""a\\\"b""#, "\"a\tb\"", #""""#, "\"a\u{7F}\"", "\"a\rb\""]

    @Test("a command that sshd would read otherwise is a fault and no line", arguments: unreadable)
    func refuses(_ command: String) throws {
        var login = try Fixture("ok-opkssh-certificate").load()
        login.setMembers("build-box alice@example.com example alice command=\(command)\n")
        #expect(login.decided().expectation == "fault: config-syntax")
    }

    @Test(
        "from stands in quotes as it was configured",
        arguments: ["::1", "10.0.0.0/8", "10.0.0.0/8,::1,!10.1.2.3,*.example.com,192.168.?.1"] as [Text])
    func from(_ list: Text) throws {
        let found = try options(#"from="\#(list.string)""#)
        #expect(found.map(\.name) == ["restrict"] + Self.withholdable + ["from"] + Self.end)
        #expect(found.first { $0.name == "from" }?.value == list)
    }

    @Test("command stands in front of from, and each option stands once")
    func all() throws {
        let found = try options(#"from="::1",no-pty,command="id",role=owner,until=2030-01-01T00:00:00Z"#)
        #expect(
            found.map(\.name) == ["restrict", "port-forwarding", "agent-forwarding", "user-rc", "command", "from"]
                + Self.end)
        #expect(found.filter { $0.value == nil }.map(\.name).last == "cert-authority")
    }

    struct Printed: Sendable, CustomStringConvertible {
        let fixture: String
        let principal: Text

        var description: String { fixture }
    }

    private static let printed = [
        Printed(fixture: "ok-opkssh-certificate", principal: "opkssh-wildcard"),
        Printed(fixture: "ok-sentinel-before-login", principal: "opkssh-wildcard"),
        Printed(fixture: "ok-256-principals", principal: "opkssh-wildcard"),
        Printed(fixture: "ok-login-as-principal", principal: "alice"),
        Printed(fixture: "ok-login-among-principals", principal: "alice"),
    ]

    @Test("the one principal is the sentinel where the certificate has it, else the login", arguments: printed)
    func principal(_ row: Printed) throws {
        let text = try #require(try Fixture(row.fixture).load().decided().line?.text)
        let principals = try AuthorizedKey(line: text.utf8).options.filter { $0.name == "principals" }
        #expect(principals.map(\.value) == [row.principal])
    }

    @Test(
        "every accepted line reads as one line of known options with the plain key",
        arguments: Decided.all.filter { $0.decision.line != nil })
    func readsBack(_ decided: Decided) throws {
        let text = try #require(decided.decision.line?.text)
        #expect(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F })
        let parsed = try AuthorizedKey(line: text.utf8)
        let known = ["restrict"] + Self.permits + ["command", "from", "expiry-time", "cert-authority", "principals"]
        #expect(parsed.options.map(\.name) == known.filter(parsed.options.map(\.name).contains))
        #expect(parsed.options.first?.name == "restrict")
        #expect(try PublicKey(blob: parsed.blob[...]).algorithm.rawValue == parsed.type)
    }
}
