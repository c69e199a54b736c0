import Decision
import Encodings
import SSHKeys
import Testing

@testable import TestSupport

/// Whatever a client writes into its own certificate or into its account at the provider, sshd reads one line that says
/// what was configured.
@Suite struct HostileTextTests {
    /// What would end a quote, a line or an option, add an option, colour a terminal, or be another name by accident.
    static let hostile: [Text] =
        [
            "", " ", "\n", "\r\n", "\t", "\u{0}", "\"", "\\", "\\\"", "\",cert-authority,principals=\"root", "a\nroot",
            "a\" ssh-ed25519 AAAA", "alice\ncert-authority ssh-ed25519 AAAA", "alice,root", "alice root", "*", "?",
            "!alice",
            "-alice", ".alice", "alice\u{1B}[2K", "alice\u{7F}", "alice\u{85}", "alice\u{2028}root", "\u{202E}ecila",
            "älice",
            "аlice", "alice\u{301}", "Alice", "ALICE", "alice ", " alice", "alice$", "alice..", "../alice",
            "{email-local}",
            "%u", "$(id)", "`id`", "#alice", "opkssh-wildcard ", "OPKSSH-WILDCARD", "root", "admin", "command=\"id\"",
            "environment=\"LD_PRELOAD=x\"", "from=\"*\"", "expiry-time=\"99991231235959Z\"",
        ] + [128, 129, 4000].map { Text(String(repeating: "a", count: $0)) }

    private static let members = #"""
        build-box sub:248289761001 example alice,alice$,Alice,ALICE,root,admin command="echo \"a, b\"",from="10.0.0.0/8,::1",no-pty

        """#

    private static let options: [[Text?]] = [
        ["restrict", nil], ["port-forwarding", nil], ["agent-forwarding", nil], ["user-rc", nil],
        ["command", #"echo "a, b""#], ["from", "10.0.0.0/8,::1"], ["expiry-time", "20261122120500Z"],
        ["cert-authority", nil],
    ]

    /// Checks that the decision is no line, or the very line that was configured for `principal`.
    private func expectNothingElse(_ decision: Decision, principal: Text, _ comment: Comment) throws {
        guard let text = decision.line?.text else { return }
        #expect(text.isPlain, comment)
        let parsed = try AuthorizedKey(line: text.utf8)
        #expect(
            parsed.options.map { [Text($0.name), $0.value] } == Self.options + [["principals", principal]], comment)
        #expect(parsed.type == "ssh-ed25519", comment)
        #expect(parsed.blob == Keys.user.sshKey.blob, comment)
        #expect(parsed.comment.isEmpty, comment)
    }

    @Test("the Keys that these tests make up are accepted")
    func accepted() throws {
        let decision = Keys().offered(members: Self.members).decided()
        #expect(decision.line != nil, "\(decision.outcome)")
        try expectNothingElse(decision, principal: "opkssh-wildcard", "as made")
    }

    @Test(
        "a principal beside the sentinel is never on the line, and one that could not be on it refuses",
        arguments: hostile)
    func principal(_ name: Text) throws {
        let isName = ["alice$", "Alice", "ALICE", "OPKSSH-WILDCARD", "root", "admin", "alice.."].contains(name)
        let isShort = name.utf8.count <= 128 && name.utf8.allSatisfy { $0 == UInt8(ascii: "a") } && !name.isEmpty
        for names in [[name, "opkssh-wildcard"], ["opkssh-wildcard", name], ["alice", name, "opkssh-wildcard"]] {
            let decision = Keys(principals: names).offered(members: Self.members).decided()
            #expect((decision.line != nil) == (isName || isShort), "\(names)")
            if decision.line == nil {
                #expect(["refused: cert-principals", "refused: key-malformed"].contains(decision.expectation))
            }
            try expectNothingElse(decision, principal: "opkssh-wildcard", "\(names)")
        }
    }

    @Test("a login is only on the line as the very name that members grants", arguments: hostile)
    func login(_ name: Text) throws {
        let granted: [Text] = ["alice$", "Alice", "ALICE", "root", "admin"]
        for names in [[name], ["alice", name], [name, "opkssh-wildcard"]] as [[Text]] {
            let decision = Keys(principals: names).offered(for: name, members: Self.members).decided()
            #expect((decision.line != nil) == granted.contains(name), "\(names): \(decision.outcome)")
            let principal = names.contains("opkssh-wildcard") ? "opkssh-wildcard" : name
            try expectNothingElse(decision, principal: principal, "\(names)")
        }
    }

    @Test("a key id is free text and never on the line", arguments: hostile)
    func keyID(_ text: Text) throws {
        let decision = Keys(keyID: Array(text.utf8)).offered(members: Self.members).decided(isExplained: true)
        let isAccepted = !text.utf8.contains(0)
        #expect((decision.line != nil) == isAccepted, "\(decision.outcome)")
        try expectNothingElse(decision, principal: "opkssh-wildcard", "\(text)")
        for check in decision.checks { #expect(check.detail.isPlain) }
    }

    @Test("a key id need not be UTF-8")
    func keyIDOfBytes() throws {
        for byte in UInt8(1) ... .max {
            let decision = Keys(keyID: [0x61, byte, 0xC0]).offered(members: Self.members).decided(isExplained: true)
            try expectNothingElse(decision, principal: "opkssh-wildcard", "\(byte)")
            #expect(decision.line != nil)
        }
    }

    @Test("an e-mail is never on the line, and one with a control character is refused", arguments: hostile)
    func email(_ text: Text) throws {
        for address in [text, Text(text.string + "@example.com"), Text("alice@" + text.string)] {
            let decision = Keys(email: address).offered(members: Self.members).decided(isExplained: true)
            #expect((decision.line != nil) == !address.hasControls, "\(decision.outcome)")
            try expectNothingElse(decision, principal: "opkssh-wildcard", "\(address)")
            for check in decision.checks { #expect(check.detail.isPlain) }
        }
    }

    @Test("a subject that is not the granted one enters nowhere, and says nothing on the line", arguments: hostile)
    func subject(_ text: Text) throws {
        let decision = Keys(subject: text).offered(members: Self.members).decided(isExplained: true)
        #expect(decision.line == nil)
        for check in decision.checks { #expect(check.detail.isPlain) }
    }

    @Test("other extensions of the certificate change nothing", arguments: hostile)
    func extensions(_ text: Text) throws {
        let name = "z" + String(decoding: text.utf8.filter { $0 > 0x20 && $0 < 0x7F }.prefix(64), as: UTF8.self)
        let more = CertificateOption(name: name, string: Array(text.utf8))
        let decision = Keys(extensions: [more]).offered(members: Self.members).decided()
        #expect(decision.line != nil, "\(decision.outcome)")
        try expectNothingElse(decision, principal: "opkssh-wildcard", "\(text)")
    }

    @Test("a template gives a login only as the e-mail's own local part that is a login", arguments: hostile)
    func template(_ text: Text) throws {
        let address = Text(text.string + "@example.com")
        let members = "build-box *@example.com example {email-local}\n"
        for login in [text, text.asciiLowercased, "alice", "root"] {
            let decision = Keys(email: address).offered(for: login, members: members).decided()
            guard let line = decision.line else { continue }
            #expect(login == address.asciiLowercased.localPart)
            #expect(line.text.isPlain)
            #expect(try AuthorizedKey(line: line.text.utf8).options.last?.value == "opkssh-wildcard")
        }
    }
}

extension Text {
    /// What stands before the first `@`.
    fileprivate var localPart: Text { Text(String(decoding: utf8.prefix { $0 != UInt8(ascii: "@") }, as: UTF8.self)) }
}
