// What sshd says, and what its files say, as texts.

import Encodings
import Policy
import Testing

@testable import Upkeep

/// Files that exist in a test alone.
struct TextFiles: SSHDFiles {
    let texts: [String: String]

    init(_ texts: [String: String]) { self.texts = texts }

    func contents(of path: String) -> [UInt8]? { texts[path].map { Array($0.utf8) } }

    func paths(matching pattern: String) -> [String] {
        texts.keys.filter { SSHDPattern(pattern).matches($0) }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

@Suite("SSHDVersion") struct SSHDVersionTests {
    struct Row: Sendable {
        let told: String
        let version: SSHDVersion?
    }

    static let rows = [
        Row(told: "OpenSSH_9.2, OpenSSL 3.0.19 27 Jan 2026\n", version: SSHDVersion(9, 2)),
        Row(told: "OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026\n", version: SSHDVersion(9, 2)),
        Row(
            told: "sshd: illegal option -- V\nOpenSSH_8.0p1, OpenSSL 1.1.1k\nusage: sshd [-46DdeiqTt]",
            version: SSHDVersion(8, 0)),
        Row(told: "OpenSSH_10.0p2 Debian-5", version: SSHDVersion(10, 0)),
        Row(told: "OpenSSH_for_Windows_9.5p1", version: nil),
        Row(told: "OpenSSH_9", version: nil),
        Row(told: "OpenSSH_99999.1", version: nil),
        Row(told: "dropbear 2022.83", version: nil),
        Row(told: "", version: nil),
    ]

    @Test("the version is read wherever it stands, and nothing else is taken for one", arguments: rows)
    func parses(_ row: Row) {
        #expect(SSHDVersion(told: row.told) == row.version)
    }

    @Test("each ability begins with its version")
    func abilities() {
        #expect(SSHDVersion(9, 1).expiryTime == .utc && SSHDVersion(10, 0).expiryTime == .utc)
        #expect(SSHDVersion(9, 0).expiryTime == .local && SSHDVersion(7, 7).expiryTime == .local)
        #expect(SSHDVersion(7, 6).expiryTime == .omitted)
        #expect(SSHDVersion(9, 0).understands(.local) && !SSHDVersion(9, 0).understands(.utc))
        #expect(SSHDVersion(9, 2).understands(.local) && SSHDVersion(9, 2).understands(.omitted))
        #expect(!SSHDVersion(7, 6).understands(.local))
        #expect(SSHDVersion(8, 2).hasInclude && !SSHDVersion(8, 1).hasInclude)
        #expect(SSHDVersion(9, 4).hasConnectionTokens && !SSHDVersion(9, 3).hasConnectionTokens)
        #expect(SSHDVersion(7, 2).hasRestrict && !SSHDVersion(7, 1).hasRestrict)
    }
}

@Suite("SSHDSettings") struct SSHDSettingsTests {
    @Test("values are found by keyword, and none means none")
    func values() {
        let settings = SSHDSettings(
            parsing: """
                port 22
                listenaddress 0.0.0.0:22
                listenaddress [::]:22
                pubkeyauthentication yes
                AuthorizedKeysCommand /usr/bin/pair-authkeys --user %u
                authorizedkeyscommanduser none
                authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
                trustedusercakeys none

                """)
        #expect(settings.authorizedKeysCommand == "/usr/bin/pair-authkeys --user %u")
        #expect(settings.authorizedKeysCommandUser == nil)
        #expect(settings.authorizedKeysFiles == [".ssh/authorized_keys", ".ssh/authorized_keys2"])
        #expect(settings.values(of: "listenaddress") == ["0.0.0.0:22", "[::]:22"])
        #expect(settings.trustedUserCAKeys == nil)
        #expect(settings.allowsKeys)
        #expect(SSHDSettings(parsing: "authorizedkeysfile none\n").authorizedKeysFiles.isEmpty)
        #expect(!SSHDSettings(parsing: "pubkeyauthentication no\n").allowsKeys)
    }

    @Test("what an sshd has for itself alone is no difference, and anything else is")
    func differences() {
        let one = SSHDSettings(parsing: "port 22\nhostkey /a\nusepam yes\npermitrootlogin no\n")
        let other = SSHDSettings(parsing: "port 2022\nhostkey /b\nusepam yes\npermitrootlogin yes\n")
        #expect(one.differences(from: other) == ["permitrootlogin"])
        #expect(one.differences(from: one).isEmpty)
    }
}

@Suite("SSHDConfiguration") struct SSHDConfigurationTests {
    static let files = TextFiles([
        "/etc/ssh/sshd_config": """
        # a comment
        Include /etc/ssh/sshd_config.d/*.conf
        AuthorizedKeysFile=.ssh/authorized_keys
        Match User git
            AuthorizedKeysCommand "/usr/bin/git keys" %u # trailing
            Include late/*.conf
        Match all
        UsePAM yes
        """,
        "/etc/ssh/sshd_config.d/10-a.conf": "Match Group admins\n  AuthorizedKeysCommand /a\n",
        "/etc/ssh/sshd_config.d/20-b.conf": "authorizedkeyscommand\t/b\n",
        "/etc/ssh/sshd_config.d/.hidden.conf": "AuthorizedKeysCommand /hidden\n",
        "/etc/ssh/sshd_config.d/30-c.conf.off": "AuthorizedKeysCommand /off\n",
        "/etc/ssh/late/x.conf": "AuthorizedKeysCommand /late\n",
    ])

    @Test("settings come in the order in which sshd reads them, each with the Match it is subject to")
    func order() {
        let configuration = SSHDConfiguration("/etc/ssh/sshd_config", from: Self.files)
        let commands = configuration.settings(of: "authorizedkeyscommand")
        #expect(commands.map(\.value) == ["/a", "/b", "/usr/bin/git keys %u", "/late"])
        #expect(commands.map(\.conditions) == [["Group admins"], [], ["User git"], ["User git"]])
        #expect(
            commands.map(\.place) == [
                "/etc/ssh/sshd_config.d/10-a.conf:2", "/etc/ssh/sshd_config.d/20-b.conf:1", "/etc/ssh/sshd_config:5",
                "/etc/ssh/late/x.conf:1",
            ])
        #expect(configuration.settings(of: "usepam").map(\.conditions) == [[]])
        #expect(configuration.settings(of: "authorizedkeysfile").map(\.value) == [".ssh/authorized_keys"])
    }

    @Test("the origin of a value is the line that has it, one under Match before one that holds for all")
    func origin() {
        let configuration = SSHDConfiguration("/etc/ssh/sshd_config", from: Self.files)
        #expect(
            configuration.origin(of: "authorizedkeyscommand", value: "/late")?.place == "/etc/ssh/late/x.conf:1")
        #expect(configuration.origin(of: "authorizedkeyscommand", value: "/none") == nil)
    }

    @Test("only what an unconditional Include matches is included")
    func includes() {
        let configuration = SSHDConfiguration("/etc/ssh/sshd_config", from: Self.files)
        #expect(configuration.includes("/etc/ssh/sshd_config.d/10-pair.conf"))
        #expect(!configuration.includes("/etc/ssh/sshd_config.d/10-pair"))
        #expect(!configuration.includes("/etc/ssh/late/10-pair.conf"))
    }

    @Test("files that include each other come to an end")
    func loops() {
        let files = TextFiles(["/a": "Include /b\nPort 1\n", "/b": "Include /a\nPort 2\n"])
        #expect(SSHDConfiguration("/a", from: files).files == ["/a", "/b"])
    }

    struct Glob: Sendable {
        let pattern: String
        let path: String
        let matches: Bool
    }

    @Test(
        "patterns match as glob(7) has them",
        arguments: [
            Glob(pattern: "/a/*.conf", path: "/a/x.conf", matches: true),
            Glob(pattern: "/a/*.conf", path: "/a/b/x.conf", matches: false),
            Glob(pattern: "/a/*.conf", path: "/a/.conf", matches: false),
            Glob(pattern: "/a/?[0-9]*", path: "/a/x5.conf", matches: true),
            Glob(pattern: "/a/[!x]*", path: "/a/x5", matches: false),
            Glob(pattern: "/a/[]x]", path: "/a/]", matches: true),
            Glob(pattern: "/a/[x", path: "/a/[x", matches: true),
            Glob(pattern: "/*/c", path: "/b/c", matches: true),
        ])
    func globs(_ row: Glob) {
        #expect(SSHDPattern(row.pattern).matches(row.path) == row.matches)
    }

    @Test("what sshd says is asked for with its criteria, and a login that could add one is refused")
    func questions() throws {
        let programs = ScriptedPrograms { command in
            if command.contains("-T") { return ProgramResult(status: 0, output: Array("usepam yes\n".utf8)) }
            if command == ["sshd", "-V"] { return ProgramResult(status: 1, errors: Array("usage\n".utf8)) }
            if command == ["ssh", "-V"] { return ProgramResult(status: 0, errors: Array("OpenSSH_8.9p1\n".utf8)) }
            return ProgramResult(status: 255, errors: Array("/etc/ssh/sshd_config: line 3: Bad\n".utf8))
        }
        let sshd = SSHD(by: programs)
        #expect(try sshd.version() == SSHDVersion(8, 9))
        #expect(try sshd.settings(for: "alice").lines.count == 1)
        #expect(
            programs.commands.last?.contains("user=alice,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22")
                == true)
        #expect(throws: SSHDFault.loginMalformed("a,addr=1")) { try sshd.settings(for: "a,addr=1") }
        #expect(
            throws: SSHDFault.refused(
                "/etc/ssh/sshd_config", said: "\"/etc/ssh/sshd_config: line 3: Bad\"")
        ) { try sshd.check() }
    }
}
