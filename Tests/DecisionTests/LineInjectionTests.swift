import Decision
import Encodings
import Foundation
import SSHKeys
import Testing

@testable import TestSupport

/// Lines that hostile text of every origin at once had a part in, as OpenSSH's own parser reads them.
@Suite struct LineInjectionTests {
    /// An accepted line, and what alone it may say.
    private struct Line {
        let text: String
        let key: PublicKey
        let command: Text?
        let from: Text?
        let principal: Text
    }

    private static func hostile(_ random: inout SplitMix64) -> Text {
        HostileTextTests.hostile.randomElement(using: &random) ?? ""
    }

    /// As members and pair.toml have it in quotes.
    private static func quoted(_ text: Text) -> String {
        "\"" + text.string.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            + "\""
    }

    /// Text that may stand in a command, most of it trying to end that.
    private static func command(_ random: inout SplitMix64) -> Text? {
        let pieces: [Text] = [
            "id", "\"", " ", ",cert-authority", "principals=\"root", "\\n", "größe", "#", "'", "ssh-ed25519 AAAA", "%u",
            "{account}", "{login}{", "=", "*",
        ]
        guard Bool.random(using: &random) else { return nil }
        let count = Int.random(in: 1...6, using: &random)
        let text = (0..<count).map { _ in pieces.randomElement(using: &random)?.string ?? "" }.joined()
        return Text(text)
    }

    private static let lists: [Text?] = [nil, "*", "10.0.0.0/8,::1", "!10.1.2.3,*.example.com,192.168.?.1"]
    private static let logins = ["alice", "alice$", "Alice", "root", "admin", "a+b@c-d.e_f"]

    /// Somebody's Keys, and a members file with as odd a text around the grant.
    private static func keys(_ random: inout SplitMix64) -> Line? {
        let login = logins.randomElement(using: &random) ?? "alice"
        let (command, from) = (command(&random), lists.randomElement(using: &random) ?? nil)
        var options = ["role=" + quoted(Text("r" + hostile(&random).string.filter { !$0.isNewline && $0 != "\t" }))]
        if let command { options.append("command=\(quoted(command))") }
        if let from { options.append("from=\(quoted(from))") }
        let isByLogin = Bool.random(using: &random)
        let principal = isByLogin ? Text(login) : "opkssh-wildcard"
        let other: Text = ["root", "admin", "alice$", "OPKSSH-WILDCARD"].randomElement(using: &random) ?? "root"
        let name =
            "z" + String(decoding: hostile(&random).utf8.filter { $0 > 0x20 && $0 < 0x7F }.prefix(64), as: UTF8.self)
        let keys = Keys(
            principals: [other, principal], keyID: Array(hostile(&random).utf8),
            email: Text(hostile(&random).string + "@example.com"),
            extensions: [CertificateOption(name: name, string: Array(hostile(&random).utf8))])
        let members = """
            # \(hostile(&random).string.filter { !$0.isNewline })
            elsewhere \(hostile(&random).string.filter { !$0.isNewline })
            build-box sub:248289761001 example \(login) \(options.joined(separator: ","))

            """
        let text = keys.offered(for: Text(login), members: members).decided().line?.text
        return text.map { Line(text: $0, key: Keys.user.sshKey, command: command, from: from, principal: principal) }
    }

    /// What a CA of an account's signed, with a command of the service's and a comment behind the CA.
    private static func certificate(_ random: inout SplitMix64) -> Line? {
        let command = command(&random)
        let principal: Text = ["pgs", "admin"].randomElement(using: &random) ?? "pgs"
        var certificate = AuthorityCertificate(principals: ["root", principal], keyID: Array(hostile(&random).utf8))
        certificate.criticalOptions = [
            CertificateOption(name: "force-command", string: Array(hostile(&random).utf8)),
            CertificateOption(name: "source-address", string: Array(hostile(&random).utf8)),
        ]
        certificate.services = "[[service]]\nname = \"pgs\"\nlogins = [\"pgs\"]\n"
        if let command { certificate.services += "command = \(quoted(command))\n" }
        let text = certificate.offered().decided().line?.text
        let replaced = command.map {
            $0.string.replacingOccurrences(of: "{account}", with: "acme").replacingOccurrences(
                of: "{login}", with: "pgs")
        }
        return text.map { text in
            Line(
                text: text, key: AuthorityCertificate.authority.sshKey, command: replaced.map { Text($0) }, from: nil,
                principal: principal)
        }
    }

    private static let lines: [Line] = {
        var random = SplitMix64(state: 6)
        var lines: [Line] = []
        for number in 0..<4000 where lines.count < 300 {
            guard let line = number.isMultiple(of: 2) ? keys(&random) : certificate(&random) else { continue }
            lines.append(line)
        }
        return lines
    }()

    @Test("300 of them say what was configured, and nothing else")
    func parsed() throws {
        try #require(Self.lines.count == 300)
        for line in Self.lines {
            let parsed = try AuthorizedKey(line: line.text.utf8)
            #expect(!line.text.utf8.contains { $0 < 0x20 || $0 == 0x7F })
            #expect(parsed.blob == line.key.blob && parsed.comment.isEmpty, "\(line.text)")
            let values = parsed.options.filter { $0.value != nil && $0.name != "expiry-time" }.map {
                [Text($0.name), $0.value]
            }
            let expected: [[Text?]] = [
                ["command", line.command], ["from", line.from], ["principals", line.principal],
            ]
            #expect(values == expected.filter { $0[1] != nil }, "\(line.text)")
            let flags = parsed.options.filter { $0.value == nil }.map(\.name)
            let permits = ["pty", "port-forwarding", "agent-forwarding", "user-rc"]
            #expect(flags == ["restrict"] + permits + ["cert-authority"], "\(line.text)")
        }
    }

    @Test("ssh-keygen -l finds in a file of them the one key of each, in order, and where its options end")
    func keygen() throws {
        let scratch = try Scratch()
        try scratch.write(Array(Self.lines.map { $0.text + "\n" }.joined().utf8), to: "authorized_keys")
        let output = try scratch.run("env", "LC_ALL=C.UTF-8", "ssh-keygen", "-l", "-f", "authorized_keys")
        // Where there is no comment, it shows the options in its place.
        let expected = try Self.lines.map { line in
            let options = line.text.dropLast(" \(line.key.authorizedKeysText)".count)
            return "256 \(try line.key.fingerprint()) \(options) (ED25519)"
        }
        #expect(String(decoding: output, as: UTF8.self).split(separator: "\n").map { String($0) } == expected)
    }
}
