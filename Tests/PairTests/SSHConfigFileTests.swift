import Encodings
import Foundation
import Testing

@testable import TestSupport
@testable import pair

/// What `pair ssh-config` makes of texts, without a file system.
@Suite("Configuration of ssh")
struct SSHConfigFileTests {
    private static let own = "/home/alice/.ssh/pair/ssh_config"

    // MARK: - The person's file

    static let including: [(String, String)] = [
        ("", "Include pair/ssh_config\n"),
        ("Host a\n  User b\n", "Include pair/ssh_config\nHost a\n  User b\n"),
        ("Host a\r\n  User b\r\n", "Include pair/ssh_config\r\nHost a\r\n  User b\r\n"),
        ("Host a\n  User b", "Include pair/ssh_config\nHost a\n  User b"),
        ("Host a", "Include pair/ssh_config\nHost a"),
        ("\n\n", "Include pair/ssh_config\n\n\n"),
        // Behind a Host it would be for that host alone.
        ("Host a\nInclude pair/ssh_config\n", "Include pair/ssh_config\nHost a\n"),
    ]

    @Test("our line is put first, in the manner of the first line", arguments: including)
    func includes(old: String, new: String) {
        #expect(SSHConfigFile(bytes: Array(old.utf8)).including == SSHConfigFile(bytes: Array(new.utf8)))
    }

    @Test("what is put in and taken out leaves every file as it was")
    func restores() {
        var random = SplitMix64(state: 7)
        let pieces: [[UInt8]] = [
            [0x0A], [0x0D, 0x0A], [0x0D], [0], [0xFF], Array("Host".utf8), Array(" ".utf8), Array("Include".utf8),
            Array("Include pair/ssh_config ".utf8), Array("#Include pair/ssh_config".utf8),
        ]
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).flatMap { _ in
                pieces.randomElement(using: &random) ?? []
            }
            let file = SSHConfigFile(bytes: bytes)
            #expect(file.including.excluding == file)
            #expect(file.excluding == file)
            #expect(file.including.including == file.including)
            #expect(file.including.includes(Self.own))
        }
    }

    static let detected: [(String, Bool)] = [
        ("Include pair/ssh_config\n", true), ("include pair/ssh_config", true), ("INCLUDE pair/ssh_config\r\n", true),
        ("  \tInclude\tpair/ssh_config  # ours\n", true), ("Include=pair/ssh_config\n", true),
        ("Include = pair/ssh_config\n", true), ("Include \"pair/ssh_config\"\n", true),
        ("Include other ~/.ssh/pair/ssh_config\n", true), ("Include \(own)\n", true),
        ("# a\n\nUser b\nInclude pair/ssh_config\n", true),
        ("", false), ("#Include pair/ssh_config\n", false), ("Include pair/ssh_config2\n", false),
        ("Include # pair/ssh_config\n", false), ("Include", false), ("Host a\nInclude pair/ssh_config\n", false),
        ("MATCH all\nInclude pair/ssh_config\n", false), ("Host=a\nInclude pair/ssh_config\n", false),
        ("IncludeX pair/ssh_config\n", false), ("User pair/ssh_config\n", false), ("\"Include pair/ssh_config", false),
    ]

    @Test("our file counts as read where ssh reads it for every host", arguments: detected)
    func detects(text: String, isIncluded: Bool) {
        #expect(SSHConfigFile(bytes: Array(text.utf8)).includes(Self.own) == isIncluded)
    }

    // MARK: - Our file

    private static func ownFile() throws -> KeysSSHConfig {
        var own = KeysSSHConfig(command: try RenewalCommand(program: "/opt/my apps/100%/pair"))
        own.hasMadeConfiguration = true
        own.set(RenewedHosts(name: "google", hosts: try HostPatterns(["build-box", "*.example.com,!old.example.com"])))
        own.set(RenewedHosts(name: "lab", hosts: try HostPatterns(["10.0.0.?", "fd00::1"])))
        return own
    }

    private static let written = """
        # Made by "pair ssh-config --install", which writes it anew; "pair ssh-config --uninstall" takes it away.
        # There was no ~/.ssh/config before.

        Match host build-box,*.example.com,!old.example.com exec "'/opt/my apps/100%%/pair' keys renew --if-expiring --quiet google"
            IdentityFile ~/.ssh/pair/google
            CertificateFile ~/.ssh/pair/google-cert.pub
            IdentitiesOnly yes

        Match host 10.0.0.?,fd00::1 exec "'/opt/my apps/100%%/pair' keys renew --if-expiring --quiet lab"
            IdentityFile ~/.ssh/pair/lab
            CertificateFile ~/.ssh/pair/lab-cert.pub
            IdentitiesOnly yes

        """

    @Test("our file is written as it is read")
    func readsOwn() throws {
        let own = try Self.ownFile()
        #expect(own.text == Self.written)
        #expect(KeysSSHConfig(parsing: Array(own.text.utf8)) == own)
        var other = own
        other.hasMadeConfiguration = false
        #expect(other.text.utf8.count < own.text.utf8.count)
        #expect(KeysSSHConfig(parsing: Array(other.text.utf8)) == other)
    }

    @Test("the hosts of Keys are replaced in their place, and taken out alone")
    func changesOwn() throws {
        var own = try Self.ownFile()
        own.set(RenewedHosts(name: "google", hosts: try HostPatterns(["x"])))
        #expect(own.entries.map(\.name) == ["google", "lab"])
        #expect(own.entries.map(\.hosts.list) == ["x", "10.0.0.?,fd00::1"])
        own.remove("google")
        #expect(own.entries.map(\.name) == ["lab"])
    }

    @Test("a file that somebody has changed is not ours")
    func refusesEdited() throws {
        let bytes = Array(try Self.ownFile().text.utf8)
        for count in 0..<bytes.count {
            // Whole blocks at the end may be missing: then it is another file of ours.
            guard let cut = KeysSSHConfig(parsing: Array(bytes.prefix(count))) else { continue }
            #expect(cut.text.utf8.elementsEqual(bytes.prefix(count)))
        }
        for line in ["\n", "# mine\n", "Host x\n", "    User alice\n", "\r"] {
            #expect(KeysSSHConfig(parsing: bytes + Array(line.utf8)) == nil)
        }
        #expect(KeysSSHConfig(parsing: []) == nil)
        #expect(KeysSSHConfig(parsing: [0xFF]) == nil)
        let two = Self.written.replacing("renew --if-expiring --quiet lab", with: "renew --if-expiring --quiet google")
        #expect(KeysSSHConfig(parsing: Array(two.utf8)) == nil)
    }

    // MARK: - Hosts and programs

    static let hosts: [([String], String?)] = [
        (["a"], "a"), (["a", "b"], "a,b"), (["a,b", "a"], "a,b"), (["*"], "*"), (["!a", "*"], "!a,*"),
        (["Build_Box-1.example.com"], "Build_Box-1.example.com"), (["10.0.0.?"], "10.0.0.?"), (["[::1]"], nil),
        (["fe80::1%eth0"], nil), ([], nil), ([""], nil), (["a,"], nil), (["!a"], nil), (["!"], nil), (["a b"], nil),
        (["-oProxyCommand"], nil), (["a\"b"], nil), (["a\nHost"], nil), (["a#b"], nil), (["ü"], nil), (["!!a"], nil),
        (["alice@a"], nil),
    ]

    @Test("hosts are names, addresses and patterns, one of them not negated", arguments: hosts)
    func readsHosts(texts: [String], list: String?) {
        #expect((try? HostPatterns(texts))?.list == list)
    }

    static let programs: [(String, String?)] = [
        ("/usr/bin/pair", "/usr/bin/pair"), ("/opt/pair-0.1_x+y/pair", "/opt/pair-0.1_x+y/pair"),
        ("/my apps/pair", "'/my apps/pair'"), ("/a%b/pair", "'/a%%b/pair'"),
        ("/a$HOME`x`;&|*/pair", "'/a$HOME`x`;&|*/pair'"),
        ("/ü/pair", "'/ü/pair'"), ("/a'b/pair", nil), ("/a\"b/pair", nil), ("/a\\b/pair", nil), ("/a\nb/pair", nil),
        ("pair", nil), ("", nil),
    ]

    @Test("a program's path is quoted for ssh and every shell, or refused", arguments: programs)
    func quotesProgram(path: String, quoted: String?) {
        #expect((try? RenewalCommand(program: path))?.program == quoted)
    }

    @Test("the program is named as it was called")
    func findsProgram() throws {
        let scratch = try Scratch()
        try scratch.write([], to: "pair")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path("pair"))
        func path(_ name: String, _ search: String = "") -> String {
            RenewalCommand.ownPath(calledAs: name, environment: ["PATH": search], folder: "/work/dir")
        }
        #expect(path("/usr/bin/pair") == "/usr/bin/pair")
        #expect(path("./pair") == "/work/dir/pair")
        #expect(path("../bin/pair") == "/work/bin/pair")
        #expect(path("pair", "/nowhere:.::\(scratch.folder.path):/usr/bin") == scratch.path("pair"))
        // By no name that leads anywhere: by what runs.
        #expect(path("pair", "/nowhere").hasPrefix("/"))
    }

    // MARK: - Differences

    static let differences: [(String, String)] = [
        ("", "a\n"), ("a\n", ""), ("a\n", "b\na\n"), ("b\na\n", "a\n"), ("a", "b\na"), ("a", "a\n"),
        ("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nx\n6\n7\n8\n"),
        // Far apart, near each other, and with just enough between them to be two hunks.
        ("1\n2\n3\n4\n5\n6\n7\n8\n9\na\nb\n", "2\n3\n4\n5\n6\n7\n8\n9\nA\nb\n"),
        ("1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n"),
        ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\nz\n"),
        // Composed and decomposed: not the same bytes.
        ("\u{E9}\n", "e\u{301}\n"),
        ("a\r\nb\r\n", "x\r\na\r\nb\r\n"), ("x\nx\nx\n", "x\nx\n"), ("1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n"),
    ]

    @Test("a change is shown as diff -u shows it", arguments: differences)
    func showsDifference(old: String, new: String) throws {
        let scratch = try Scratch()
        try scratch.write(Array(old.utf8), to: "old")
        try scratch.write(Array(new.utf8), to: "new")
        let judged = String(
            decoding: try scratch.run("sh", "-c", "diff -u --label f --label f old new || test $? = 1"), as: UTF8.self)
        #expect(Difference(path: "f", old: old, new: new).text == judged)
    }

    @Test("no file is /dev/null, and nothing is shown where nothing differs")
    func showsCreation() {
        #expect(Difference(path: "f", old: nil, new: "a\n").text == "--- /dev/null\n+++ f\n@@ -0,0 +1 @@\n+a\n")
        #expect(Difference(path: "f", old: "a\n", new: nil).text == "--- f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n")
        #expect(Difference(path: "f", old: "a\n", new: "a\n").text.isEmpty)
    }
}
