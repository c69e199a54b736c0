import Encodings
import SSHKeys
import Testing

@testable import TestSupport

@Suite("AuthorizedKey")
struct AuthorizedKeyTests {
    struct Option: Sendable, Equatable {
        let name: String
        let value: Text?

        init(_ name: String, _ value: Text? = nil) {
            self.name = name
            self.value = value
        }
    }

    struct Accepted: Sendable, CustomTestStringConvertible {
        let line: String
        var options: [Option] = []
        var type = "ssh-ed25519"
        var comment: Text = ""
        var testDescription: String { quoted(line) }
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let line: String
        let error: AuthorizedKeyError
        var testDescription: String { quoted(line) }
    }

    /// `AAAA` stands for three zero bytes: what the blob holds is not looked at.
    static let accepted = [
        Accepted(line: "ssh-ed25519 AAAA"),
        Accepted(line: "  \t ssh-ed25519 \t AAAA \t "),
        Accepted(line: "ssh-ed25519 AAAA alice@host", comment: "alice@host"),
        Accepted(line: "ssh-ed25519 AAAA  two  words\t", comment: "two  words"),
        Accepted(line: "ssh-ed25519 AAAA # é, \"quoted", comment: "# é, \"quoted"),
        Accepted(line: "ecdsa-sha2-nistp256 AAAA", type: "ecdsa-sha2-nistp256"),
        Accepted(line: "sk-ssh-ed25519@openssh.com AAAA c", type: "sk-ssh-ed25519@openssh.com", comment: "c"),
        Accepted(line: "ssh-new-type-cert-v01@openssh.com AAAA", type: "ssh-new-type-cert-v01@openssh.com"),
        Accepted(line: "restrict ssh-ed25519 AAAA", options: [Option("restrict")]),
        Accepted(
            line: "restrict,pty,no-X11-forwarding ssh-ed25519 AAAA",
            options: [Option("restrict"), Option("pty"), Option("no-X11-forwarding")]),
        Accepted(line: "command=\"ls\" ssh-ed25519 AAAA", options: [Option("command", "ls")]),
        Accepted(line: "command=\"\" ssh-ed25519 AAAA", options: [Option("command", "")]),
        Accepted(
            line: #"command="echo \"hi\", there",pty ssh-ed25519 AAAA"#,
            options: [Option("command", #"echo "hi", there"#), Option("pty")]),
        Accepted(line: #"command="a\b\\c" ssh-ed25519 AAAA"#, options: [Option("command", #"a\b\\c"#)]),
        Accepted(
            line: "command=\"a ssh-rsa BBBB\" ssh-ed25519 AAAA", options: [Option("command", "a ssh-rsa BBBB")]),
        Accepted(
            line: "from=\"10.0.0.0/8,::1\",expiry-time=\"20261122120400Z\"\tssh-ed25519 AAAA",
            options: [Option("from", "10.0.0.0/8,::1"), Option("expiry-time", "20261122120400Z")]),
        Accepted(line: "COMMAND=\"ls\" ssh-ed25519 AAAA", options: [Option("COMMAND", "ls")]),
        Accepted(line: "environment=\"A=é\" ssh-ed25519 AAAA", options: [Option("environment", "A=é")]),
        Accepted(
            line: "cert-authority,principals=\"alice\" ssh-rsa AAAA",
            options: [Option("cert-authority"), Option("principals", "alice")],
            type: "ssh-rsa"),
        Accepted(line: "pty,pty ssh-ed25519 AAAA", options: [Option("pty"), Option("pty")]),
    ]

    static let rejected = [
        Rejected(line: "", error: .optionName),
        Rejected(line: "   ", error: .optionName),
        Rejected(line: "# a comment", error: .optionName),
        Rejected(line: "ssh-ed25519", error: .noKeyType),
        Rejected(line: "restrict", error: .noKeyType),
        Rejected(line: "restrict ", error: .noKeyType),
        Rejected(line: "AAAA", error: .noKeyType),
        Rejected(line: "restrict pty ssh-ed25519 AAAA", error: .noKeyType),
        Rejected(line: "rsa AAAA", error: .noKeyType),
        Rejected(line: "restrict,,pty ssh-ed25519 AAAA", error: .optionName),
        Rejected(line: "restrict, ssh-ed25519 AAAA", error: .optionName),
        Rejected(line: ",restrict ssh-ed25519 AAAA", error: .optionName),
        Rejected(line: "=\"x\" ssh-ed25519 AAAA", error: .optionName),
        Rejected(line: "\"restrict\" ssh-ed25519 AAAA", error: .optionName),
        Rejected(line: "é ssh-ed25519 AAAA", error: .optionName),
        Rejected(line: "a_b ssh-ed25519 AAAA", error: .noKeyType),
        Rejected(line: "restrict,é ssh-ed25519 AAAA", error: .optionName),
        Rejected(line: "command=ls ssh-ed25519 AAAA", error: .unterminatedQuote(option: "command")),
        Rejected(line: "command= ssh-ed25519 AAAA", error: .unterminatedQuote(option: "command")),
        Rejected(line: "command='ls' ssh-ed25519 AAAA", error: .unterminatedQuote(option: "command")),
        Rejected(line: "command=\"ls ssh-ed25519 AAAA", error: .unterminatedQuote(option: "command")),
        Rejected(line: #"command="ls\" ssh-ed25519 AAAA"#, error: .unterminatedQuote(option: "command")),
        Rejected(line: #"command="ls\\" ssh-ed25519 AAAA"#, error: .unterminatedQuote(option: "command")),
        Rejected(line: "pty,command=\"", error: .unterminatedQuote(option: "command")),
        Rejected(line: "command=\"a\"\"b\" ssh-ed25519 AAAA", error: .noKeyType),
        Rejected(line: "command=\"a\"ssh-ed25519 AAAA", error: .noKeyType),
        Rejected(line: "command=\"a\"b ssh-ed25519 AAAA", error: .noKeyType),
        Rejected(line: "ssh-ed25519 ", error: .base64),
        Rejected(line: "ssh-ed25519 AAA", error: .base64),
        Rejected(line: "ssh-ed25519 AAB=", error: .base64),
        Rejected(line: "ssh-ed25519 AA==AAAA", error: .base64),
        Rejected(line: "ssh-ed25519 A-_A", error: .base64),
        Rejected(line: "ssh-ed25519 \"AAAA\"", error: .base64),
        Rejected(line: "ssh-ed25519 AAAA\r", error: .base64),
        Rejected(line: "ssh-ed25519 ssh-ed25519 AAAA", error: .base64),
        Rejected(line: "ssh-ed25519,pty AA", error: .base64),
    ]

    @Test("a line that OpenSSH takes is read as OpenSSH reads it", arguments: accepted)
    func reads(_ row: Accepted) throws {
        let key = try AuthorizedKey(line: row.line.utf8)
        #expect(key.options.map { Option($0.name, $0.value) } == row.options)
        #expect(key.type == row.type)
        #expect(key.blob == [0, 0, 0])
        #expect(key.comment == row.comment)
    }

    @Test("any other line is refused for its reason", arguments: rejected)
    func refuses(_ row: Rejected) {
        #expect(throws: row.error) { try AuthorizedKey(line: row.line.utf8) }
    }

    @Test("of all 256 bytes blanks and tabs alone separate, and letters, digits and - alone name an option")
    func everyByte() {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-".utf8)
        for byte in UInt8.min ... .max {
            let isBlank = [0x20, 0x09].contains(byte)
            func isRead(_ before: String, _ behind: String) -> Bool {
                (try? AuthorizedKey(line: Array(before.utf8) + [byte] + Array(behind.utf8))) != nil
            }
            // Behind the type, behind an option, in front of all.
            #expect(isRead("ssh-ed25519", "AAAA") == isBlank, "\(byte)")
            #expect(isRead("pty", "ssh-ed25519 AAAA") == isBlank, "\(byte)")
            #expect(isRead("", "ssh-ed25519 AAAA") == isBlank, "\(byte)")
            #expect(AuthorizedKey.startsWithType(Array("ssh-a".utf8) + [byte]) == isBlank, "\(byte)")
            // Behind the key: part of it, or what ends it.
            let comment = try? AuthorizedKey(line: Array("ssh-ed25519 AAAA".utf8) + [byte]).comment
            #expect(comment == (isBlank ? "" : nil), "\(byte)")
            guard byte < 0x80 else { continue }
            let more = try? AuthorizedKey(line: Array("ssh-ed25519 AAAA x".utf8) + [byte]).comment
            #expect(more.map { Array($0.utf8) } == Array("x".utf8) + (isBlank ? [] : [byte]), "\(byte)")
            #expect(isRead("", " ssh-ed25519 AAAA") == (isBlank || letters.contains(byte)), "\(byte)")
            let isInOptions = letters.contains(byte) || byte == UInt8(ascii: ",")
            #expect(isRead("a", "a ssh-ed25519 AAAA") == isInOptions, "\(byte)")
        }
    }

    @Test("a comment and a value that are not UTF-8 are refused")
    func refusesOtherEncodings() {
        #expect(throws: AuthorizedKeyError.notUTF8) {
            try AuthorizedKey(line: Array("ssh-ed25519 AAAA ".utf8) + [0xFF])
        }
        #expect(throws: AuthorizedKeyError.notUTF8) {
            try AuthorizedKey(line: Array("command=\"".utf8) + [0xFF] + Array("\" ssh-ed25519 AAAA".utf8))
        }
    }

    @Test(
        "a key type is told from options by how it starts",
        arguments: [
            ("ssh-ed25519 A", true), ("ssh-new A", true), ("ecdsa-x A", true), ("sk-ssh A", true), ("ssh-\tA", true),
            ("ssh-ed25519", false), ("restrict A", false), ("SSH-rsa A", false), ("ssh-x=\"y z\" A", false),
            ("", false),
            (" ssh-rsa A", false), ("xssh-rsa A", false),
        ])
    func tellsTypes(text: String, isType: Bool) {
        #expect(AuthorizedKey.startsWithType(text.utf8) == isType)
    }

    @Test("no truncation and none of 10,000 mutations of a line traps")
    func survivesMutations() throws {
        let line = Array(#"restrict,command="echo \"hi\", é",pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA a comment"#.utf8)
        for count in line.indices { _ = try? AuthorizedKey(line: line[..<count]) }
        var random = SplitMix64(state: 8)
        var read = 0
        for _ in 0..<10_000 where (try? AuthorizedKey(line: random.mutation(of: line))) != nil { read += 1 }
        #expect(read > 100)
        #expect(read < 10_000)
    }

    @Test("each error says what was expected, and quotes what came from outside")
    func describesErrors() {
        #expect("\(AuthorizedKeyError.noKeyType)" == "a key type expected")
        #expect("\(AuthorizedKeyError.base64)" == "a key in base64 expected behind its type")
        #expect("\(AuthorizedKeyError.notUTF8)" == "the comment is not UTF-8")
        #expect("\(AuthorizedKeyError.optionName)" == "an option's name expected")
        #expect("\(AuthorizedKeyError.unterminatedQuote(option: "a"))" == #"option "a": no quote at its end"#)
    }
}
