import Encodings
import Testing

@testable import Upkeep

/// opkssh's `config.yml`, in the part of YAML that such files are written in.
@Suite struct OpksshImportServerConfigTests {
    private static func settings(of text: String) throws(OpksshImportError) -> OpksshServerConfig {
        try OpksshServerConfig(parsing: OpksshFile(path: "config.yml", bytes: Array(text.utf8)))
    }

    /// The ways to write the same list.
    static let lists = [
        "deny_emails:\n  - a@x.example\n  - b@x.example\n", "deny_emails:\n- a@x.example\n- b@x.example",
        "---\n# whom\n\ndeny_emails: # these\n  - \"a@x.example\" # one\n\n  # two\n  - 'b@x.example'\n...\n# end\n",
        "deny_emails: [a@x.example, b@x.example]\n", "deny_emails: [ \"a@x.example\",'b@x.example', ] # these\n",
        "\u{FEFF}deny_emails:\r\n  -   a@x.example  \r\n  -\t\"b@x.example\"\r\n",
        "--- # x\ndeny_emails:\n    - a@x.example\n    - b@x.example\nother: |\n  deny_emails: [c@x.example]\n  - x\n",
        "cache:\n  base_dir: /x\n  deny_emails:\n    - c@x.example\ndeny_emails:\n  - a@x.example\n  - b@x.example\n",
        "jwks_cache:\n- deny_emails: x\n- y\ndeny_emails:\n  - a@x.example\n  - b@x.example\n",
    ]

    @Test("a list of e-mails is read, however it is written", arguments: lists)
    func list(text: String) throws {
        #expect(try Self.settings(of: text).deniedEmails.map(\.value) == ["a@x.example", "b@x.example"])
    }

    @Test("a list of nothing is empty", arguments: ["", " ~", " null", " []", " {}", " # none", " [] # none", " [ ]"])
    func nothing(value: String) throws {
        let read = try Self.settings(of: "deny_emails:\(value)\ndeny_users: [root]\n")
        #expect(read.deniedEmails.isEmpty)
        #expect(read.deniedUsers == [OpksshServerConfig.Entry(line: 2, value: "root")])
    }

    static let texts: [(String, Text)] = [
        ("root", "root"), ("\"a \\\"b\\\\\\/\"", "a \"b\\/"), ("'it''s'", "it's"), ("a#b", "a#b"), ("a #b", "a"),
        ("a:b", "a:b"),
        ("1234", "1234"), ("~", ""), ("null", ""), ("", ""), ("nullx", "nullx"), ("a b  ", "a b"),
        ("ключ@пример.рф", "ключ@пример.рф"), ("a[b]", "a[b]"), ("\"# x\"", "# x"), ("yes", "yes"), ("\"\"", ""),
    ]

    @Test("a text is read as YAML has it", arguments: texts)
    func text(source: String, value: Text) throws {
        #expect(try Self.settings(of: "deny_users:\n  - \(source)\n").deniedUsers.map(\.value) == [value])
    }

    @Test("settings are told apart, and no variable's value is kept")
    func settings() throws {
        let read = try Self.settings(
            of:
                """
                ---
                env_vars:
                  HTTPS_PROXY: http://user:secret@proxy:3128
                  X: "a: b"
                deny_users:
                  - root
                cache: {base_dir: /x}
                cae:
                  enabled: true
                policy_command_path: /etc/opk/policy.d/
                """)
        #expect(read.environment.map(\.value) == ["HTTPS_PROXY", "X"])
        #expect(read.environment.map(\.line) == [3, 4])
        #expect(read.deniedUsers.map(\.value) == ["root"])
        #expect(read.cache?.line == 7)
        #expect(read.others.map(\.value) == ["cae", "policy_command_path"])
        #expect(!"\(read)".contains("secret"))
    }

    @Test("a file that says nothing is read", arguments: ["", "\n", "# x\n", "---\n", "---\n...\n", "\u{FEFF}"])
    func empty(text: String) throws {
        let read = try Self.settings(of: text)
        #expect(read.deniedEmails.isEmpty && read.deniedUsers.isEmpty && read.others.isEmpty)
    }

    /// What is not certain, where, and why.
    static let refused: [(String, Int?, OpksshImportError.Reason)] = [
        ("deny_emails: a@x.example\n", 1, .notUnderstood(expected: "a list of texts")),
        ("deny_emails: [a@x.example\n", 1, .notUnderstood(expected: "a list of texts")),
        ("deny_emails: [a@x.example,\n  b@x.example]\n", 1, .notUnderstood(expected: "a list of texts")),
        ("deny_emails: [a@x.example] b\n", 1, .notUnderstood(expected: "a list of texts")),
        ("deny_emails: [[a]]\n", 1, .notUnderstood(expected: "a list of texts")),
        ("deny_emails: [a: b]\n", 1, .notUnderstood(expected: "a list of texts")),
        ("deny_emails: *all\n", 1, .notUnderstood(expected: "a list of texts")),
        ("deny_emails: !!seq [a]\n", 1, .notUnderstood(expected: "a list of texts")),
        ("deny_emails: |\n  - a\n", 1, .notUnderstood(expected: "a list of texts")),
        (
            "deny_emails: [a] # b\n  - c\n", 2,
            .notUnderstood(expected: "entries one below the other, and no tab before them")
        ),
        (
            "deny_emails:\n  - a\n   - b\n", 3,
            .notUnderstood(expected: "entries one below the other, and no tab before them")
        ),
        ("deny_emails:\n\t- a\n", 2, .notUnderstood(expected: "NAME: at the start of a line")),
        ("deny_emails:\n  \t- a\n", 2, .notUnderstood(expected: "entries one below the other, and no tab before them")),
        (
            "deny_emails:\n  - a\n    b\n", 3,
            .notUnderstood(expected: "entries one below the other, and no tab before them")
        ),
        ("deny_emails:\n  - a\n  b\n", 3, .notUnderstood(expected: "- TEXT, in quotes where it has signs of YAML's")),
        ("deny_emails:\n  a: b\n", 2, .notUnderstood(expected: "- TEXT, in quotes where it has signs of YAML's")),
        ("  deny_emails:\n    - a\n", 1, .notUnderstood(expected: "NAME:")),
        ("- a\n", 1, .notUnderstood(expected: "NAME:")),
        ("{deny_emails: [a]}\n", 1, .notUnderstood(expected: "NAME: at the start of a line")),
        ("\"deny_emails\": [a]\n", 1, .notUnderstood(expected: "NAME: at the start of a line")),
        ("deny_emails : [a]\n", 1, .notUnderstood(expected: "NAME: at the start of a line")),
        ("? deny_emails\n", 1, .notUnderstood(expected: "NAME: at the start of a line")),
        ("<<: *x\n", 1, .notUnderstood(expected: "NAME: at the start of a line")),
        ("%YAML 1.2\n---\n", 1, .notUnderstood(expected: "NAME: at the start of a line")),
        ("deny_emails:[a]\n", 1, .notUnderstood(expected: "a blank behind NAME:")),
        ("env_vars: [A]\n", 1, .notUnderstood(expected: "a NAME: VALUE on each line below")),
        ("env_vars:\n  - A\n", 2, .notUnderstood(expected: "NAME: VALUE")),
        ("deny_emails: []\ncache: x\ndeny_emails:\n", 3, .settingTwice("deny_emails")),
        ("deny_emails: []\n---\ndeny_emails: [a]\n", 2, .severalDocuments),
        ("deny_emails: []\n...\ndeny_emails: [a]\n", 3, .severalDocuments),
        ("---\n---\n", 2, .severalDocuments),
        // Each ends a line for opkssh's parser, so that what follows is no comment.
        ("# x\u{2028}deny_emails: [a]\n", 1, .controlCharacter), ("# x\u{85}deny_emails: [a]\n", 1, .controlCharacter),
        ("# x\rdeny_emails: [a]\n", 1, .controlCharacter), ("a: \u{1B}[2J\n", 1, .controlCharacter),
        ("a: \u{0}\n", 1, .controlCharacter),
    ]

    @Test("what is not certain stops the import, where it stands", arguments: refused)
    func refuses(text: String, line: Int?, reason: OpksshImportError.Reason) {
        #expect(throws: OpksshImportError(file: "config.yml", line: line, reason: reason)) {
            try Self.settings(of: text)
        }
    }

    static let signs = [
        "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "{a: b}", "[a", "]", ",a", "? a", ": a", "a: b", "a:", "- b",
        "\"a", "'a", "\"a\" b", "\"\\x41\"", "\"a\\\"",
    ]

    @Test("a text with a sign of YAML's is not guessed at", arguments: signs)
    func sign(source: String) {
        let reason = OpksshImportError.Reason.notUnderstood(expected: "- TEXT, in quotes where it has signs of YAML's")
        #expect(throws: OpksshImportError(file: "config.yml", line: 2, reason: reason)) {
            try Self.settings(of: "deny_emails:\n  - \(source)\n")
        }
    }

    @Test("bytes that are not UTF-8 stop the import")
    func notUTF8() {
        #expect(throws: OpksshImportError(file: "config.yml", line: nil, reason: .notUTF8)) {
            try OpksshServerConfig(parsing: OpksshFile(path: "config.yml", bytes: [0x61, 0xFF]))
        }
    }
}
