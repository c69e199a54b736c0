import Encodings
import Policy
import Testing

@Suite("Membership: what does not parse")
struct MembershipSyntaxTests {
    struct Rejected: Sendable, CustomTestStringConvertible {
        let line: [UInt8]
        let column: Int?
        let reason: PolicyError.Reason
        var testDescription: String { quoted(line) }

        init(_ line: String, _ column: Int?, _ reason: PolicyError.Reason) {
            self.line = Array(line.utf8)
            self.column = column
            self.reason = reason
        }

        init(_ line: [UInt8], _ column: Int?, _ reason: PolicyError.Reason) {
            self.line = line
            self.column = column
            self.reason = reason
        }
    }

    static let columns = [
        Rejected("build-box", 10, .columnMissing(.identity)),
        Rejected("build-box a@b", 14, .columnMissing(.provider)),
        Rejected("build-box a@b google ", 22, .columnMissing(.logins)),
        Rejected("build-box a@b google x role=a y", 31, .columnUnexpected),
        Rejected("build-box a@b google x\r", 23, .controlCharacter(13)),
        Rejected("build-box a@b google x\0", 23, .controlCharacter(0)),
        Rejected("build-box \u{7F}a@b google x", 11, .controlCharacter(0x7F)),
        Rejected(Array("build-box a@b google ".utf8) + [0xFF], nil, .notUTF8),
        Rejected([0xEF, 0xBB, 0xBF] + Array("build-box a@b google x".utf8), 1, .byteOrderMark),
        Rejected(#"build-box "a@b google x"#, 11, .quoteUnclosed),
        Rejected(#"build-box "a@b"x google x"#, 16, .quoteMisplaced),
        Rejected(#"build-box a"@b" google x"#, 12, .quoteMisplaced),
        Rejected(#"build-box "group:a\n" google x"#, 19, .escapeUnknown),
        Rejected("build-box \"group:a\tb\" google x", 19, .controlCharacter(9)),
        Rejected(#""build-box a@b google x"#, 1, .quoteUnclosed),
    ]

    static let identities = [
        "alice", "sub:", "group:", "claim:a", "claim:=b", "claim:a=", "@example.com", "a@", "*", "*@",
        "*@*.example.com", "a*@b", "a@b@c", "subject:a@b", "SUB:1", "\"a b@c\"", "a,b@c",
    ].map { identity in
        let found = identity.filter { $0 != "\"" }
        return Rejected("build-box \(identity) google x", 11, .malformed(.identity, found: Text(found)))
    }

    static let logins = [
        "x,", ",x", "a b c", "../x", "x/y", "-x", "{email}", "{claim:}", "{claim:a", "x,deny", "a..b", "é",
        "abcdefghijklmnopqrstuvwxyz0123456", "{EMAIL-LOCAL}",
    ].map { Rejected("build-box a@b google \"\($0)\"", 22, .malformed(.logins, found: Text($0))) }

    static let options = [
        Rejected("build-box a@b google x admin", 24, .optionUnknown("admin")),
        Rejected("build-box a@b google x no-X11-forwarding", 24, .optionUnknown("no-X11-forwarding")),
        Rejected("build-box a@b google x role=a,", 31, .optionUnknown("")),
        Rejected("build-box a@b google x role_x=a", 24, .optionUnknown("role_x=a")),
        Rejected("build-box a@b google x role=a,role=b", 31, .optionTwice("role")),
        Rejected("build-box a@b google x no-pty,no-pty", 31, .optionTwice("no-pty")),
        Rejected("build-box a@b google x role", 24, .malformed(.role, found: "")),
        Rejected("build-box a@b google x role=", 24, .malformed(.role, found: "")),
        Rejected("build-box a@b google x no-pty=yes", 24, .malformed(.flag, found: "yes")),
        Rejected("build-box a@b google x until=2026-12-31", 24, .malformed(.until, found: "2026-12-31")),
        Rejected(
            "build-box a@b google x until=2026-02-30T00:00:00Z", 24, .malformed(.until, found: "2026-02-30T00:00:00Z")),
        Rejected("build-box a@b google x require=acr", 24, .malformed(.require, found: "acr")),
        Rejected("build-box a@b google x unix-group=", 24, .malformed(.unixGroup, found: "")),
        Rejected(
            "build-box a@b google x unix-group=\(String(repeating: "g", count: 257))", 24,
            .malformed(.unixGroup, found: Text(String(repeating: "g", count: 257)))),
        Rejected("build-box a@b google x unix-group=a,unix-group=b", 37, .optionTwice("unix-group")),
        Rejected("build-box a@b google x require=:v", 24, .malformed(.require, found: ":v")),
        Rejected("build-box a@b google x from=10.0.0.1/8", 24, .malformed(.from, found: "10.0.0.1/8")),
        Rejected(#"build-box a@b google x command="""#, 24, .malformed(.command, found: "")),
        Rejected(#"build-box a@b google x command="x\\""#, 24, .malformed(.command, found: #"x\"#)),
        Rejected(#"build-box a@b google x command="x\\\"y""#, 24, .malformed(.command, found: #"x\"y"#)),
        Rejected(#"build-box a@b google x role="a"b"#, 32, .quoteMisplaced),
        Rejected("build-box a@b google deny role=x", 27, .optionsOnDeny),
        Rejected("build-box a@b * x", 15, .anyProviderOnAllow),
        Rejected("build-box sub:1 google {email-local}", 24, .emailLocalWithoutEmail),
        Rejected("build-box a@b azure x", 15, .providerUnknown("azure")),
        Rejected("build-box a@b azure deny", 15, .providerUnknown("azure")),
        Rejected("build-box a@b Goo/gle x", 15, .malformed(.provider, found: "Goo/gle")),
        Rejected("* a@b google", 13, .columnMissing(.logins)),
    ]

    @Test("a line of this Space is refused at the right byte", arguments: columns + identities + logins + options)
    func refuses(row: Rejected) {
        let expected = PolicyError(file: "members", line: 1, column: row.column, reason: row.reason)
        #expect(throws: expected) { try outcome(row.line) }
        // A match before it, or a place far down, changes nothing.
        guard row.reason != .byteOrderMark else { return }
        let later = PolicyError(file: "members", line: 2, column: row.column, reason: row.reason)
        #expect(throws: later) { try outcome(Array("build-box sub:1101694 google alice\n".utf8) + row.line) }
    }

    @Test("an unknown provider is invalid, everything else is syntax")
    func distinguishesKinds() {
        for row in Self.columns + Self.identities + Self.logins + Self.options {
            let error = PolicyError(file: "members", line: 1, column: row.column, reason: row.reason)
            if case .providerUnknown = row.reason {
                #expect(error.kind == .invalid)
            } else {
                #expect(error.kind == .syntax)
            }
        }
    }

    @Test("an error names place, expectation and what was found, and no line can be forged with it")
    func describes() {
        let error = PolicyError(
            file: "members", line: 12, column: 30, reason: .malformed(.role, found: "x\u{1B}[2J\ny\""))
        #expect(error.description == #"members:12:30: role: role=NAME expected, "x\x1b[2J\x0ay\"" found"#)
    }

    @Test("every cut and every changed byte of a line is an answer or an error")
    func survivesDamage() {
        let line = Array(
            #"build-box "group:a\"b" google x,{claim:n} role=o,from="::1",require=a:b,until=2026-12-31T00:00:00Z"#.utf8)
        for count in 0...line.count { _ = try? outcome(Array(line[..<count])) }
        for index in line.indices {
            for byte: UInt8 in [0, 0x09, 0x20, 0x22, 0x2C, 0x3D, 0x5C, 0x80, 0xFF] {
                var damaged = line
                damaged[index] = byte
                _ = try? outcome(damaged)
            }
        }
    }
}
