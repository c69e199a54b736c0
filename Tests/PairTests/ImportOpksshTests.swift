import Encodings
import Foundation
import Testing

@testable import TestSupport

/// `pair host import-opkssh`, and what comes of it under pair-authkeys.
@Suite("pair host import-opkssh")
struct ImportOpksshTests {
    /// Built beside the tests.
    private static let built = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    /// A folder with opkssh's files, as its installer leaves them.
    private final class Host: Sendable {
        let scratch: Scratch

        init(
            providers: String? = "https://login.example.com pair-ssh 12h\n",
            policy: String? = "alice alice@example.com https://login.example.com\n", settings: String? = nil
        ) throws {
            scratch = try Scratch()
            try scratch.run("mkdir", "-m", "750", "opk")
            for (name, text) in [("providers", providers), ("auth_id", policy), ("config.yml", settings)] {
                guard let text else { continue }
                try scratch.write(Array(text.utf8), to: "opk/\(name)")
                try scratch.run("chmod", "640", "opk/\(name)")
            }
        }

        /// What the program left, by the shell so that a status other than 0 is one too.
        func run(_ arguments: String..., under command: [String] = []) throws -> (
            status: Int, output: String, error: String
        ) {
            let program = ImportOpksshTests.built.appendingPathComponent("pair").path
            let script = "\"$@\" >output.txt 2>error.txt; echo $?"
            let line = ["sh", "-c", script, "sh"] + command + [program, "host", "import-opkssh"] + arguments
            let status = String(decoding: try scratch.run(line), as: UTF8.self)
            return (
                try #require(Int(status.dropLast())), String(decoding: try scratch.read("output.txt"), as: UTF8.self),
                String(decoding: try scratch.read("error.txt"), as: UTF8.self)
            )
        }

        func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: scratch.path(name)) }

        func mode(_ name: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: scratch.path(name))[.posixPermissions] as? Int
        }
    }

    private static let toml = """
        # Taken over from opkssh by `pair host import-opkssh`.
        space = "build-box"

        # opk/providers, line 1
        [[provider]]
        name = "login.example.com"
        issuer = "https://login.example.com"
        client_ids = ["pair-ssh"]
        keys_lifetime = "12h"
        renewable_for = "12h"
        beyond_token_expiry = true

        """

    private static let members = """
        # SPACE IDENTITY PROVIDER LOGINS OPTIONS, taken over from opkssh by `pair host import-opkssh`.

        # From opk/auth_id:
        build-box  alice@example.com  login.example.com  alice

        """

    // MARK: - What it says

    @Test("without --out both files are on standard output, and what became of each line on standard error")
    func prints() throws {
        let run = try Host().run("--from", "opk", "--space", "build-box")
        #expect(run.status == 0)
        #expect(run.output == "# pair.toml\n\(Self.toml)\n# members\n\(Self.members)")
        #expect(
            run.error == """
                opk/providers
                     1  equal      https://login.example.com pair-ssh 12h
                                   -> [[provider]] login.example.com

                opk/auth_id
                     1  stricter   alice alice@example.com https://login.example.com  [1]
                                   -> build-box alice@example.com login.example.com alice

                ~/.opk/auth_id
                     -  note       [2]

                [1]  an e-mail counts only where the token has email_verified: true, for which opkssh does not ask
                     Where the provider sends none, grant by sub:, group: or claim:. Where its sub is the e-mail, which opkssh \
                takes as well, write sub:E-MAIL.
                [2]  people's own ~/.opk/auth_id were not looked at
                     --homes takes them over.

                1 equal, 1 note, 1 stricter.

                """)
    }

    @Test("the status is 1 where something has no equal, and the rest is taken over")
    func incomplete() throws {
        let host = try Host(
            policy: "a oidc-match-end:email:x https://login.example.com\nb s https://login.example.com\n")
        try host.scratch.run("mkdir", "opk/policy.d")
        try host.scratch.write([], to: "opk/policy.d/plugin.yml")
        try host.scratch.write([], to: "opk/policy.d/plugin.yml.bak")
        let run = try host.run("--from", "opk", "--space", "build-box", "--out", "etc")
        #expect(run.status == 1)
        #expect(run.error == "")
        #expect(run.output.contains("opk/policy.d/plugin.yml\n     -  no equal   ["))
        #expect(!run.output.contains("plugin.yml.bak"))
        #expect(
            run.output.hasSuffix("1 equal, 1 note, 2 no equal.\nWritten: etc/members and etc/pair.toml.\n") == false)
        #expect(run.output.hasSuffix("Written: etc/members and etc/pair.toml.\n"))
        #expect(try String(decoding: host.scratch.read("etc/members"), as: UTF8.self).contains("\nbuild-box  sub:s "))
    }

    @Test("--json is one object with the files and what became of each line")
    func json() throws {
        let run = try Host().run("--from", "opk", "--space", "build-box", "--json")
        #expect(run.status == 0 && run.error == "")
        let object = try #require(try JSON(parsing: Array(run.output.utf8)).object)
        #expect(object["files"]?.object?["pair.toml"]?.text == Text(Self.toml))
        #expect(object["files"]?.object?["members"]?.text == Text(Self.members))
        #expect(object["written"]?.elements?.isEmpty == true)
        let findings = try #require(object["findings"]?.elements).compactMap(\.object)
        #expect(findings.map { $0["outcome"]?.text } == ["equal", "stricter", "note"])
        guard findings.count == 3 else { return }
        #expect(findings[1]["line"] == .integer(1))
        #expect(findings[1]["source"]?.text == "alice alice@example.com https://login.example.com")
        #expect(
            findings[1]["result"]?.elements?.compactMap(\.text)
                == ["build-box alice@example.com login.example.com alice"])
        #expect(findings[1]["reasons"]?.elements?.first?.object?["code"]?.text == "email-verified")
    }

    // MARK: - What it writes

    @Test("--out makes the folder and both files, and never writes over one")
    func writes() throws {
        let host = try Host()
        let first = try host.run("--from", "opk", "--space", "build-box", "--out", "etc/pair/")
        #expect(first.status == 0)
        #expect(try String(decoding: host.scratch.read("etc/pair/pair.toml"), as: UTF8.self) == Self.toml)
        #expect(try String(decoding: host.scratch.read("etc/pair/members"), as: UTF8.self) == Self.members)
        #expect(try host.mode("etc/pair/pair.toml") == 0o644 && host.mode("etc/pair/members") == 0o644)

        for name in ["pair.toml", "members"] {
            try host.scratch.run("rm", "-rf", "etc")
            try host.scratch.run("mkdir", "-p", "etc")
            try host.scratch.write(Array("mine".utf8), to: "etc/\(name)")
            let run = try host.run("--from", "opk", "--space", "build-box", "--out", "etc")
            #expect(run.status == 1 && run.output == "")
            #expect(
                run.error.hasPrefix("pair: etc/\(name): there already, and never written over; nothing was written\n"))
            #expect(try host.scratch.read("etc/\(name)") == Array("mine".utf8))
            #expect(!host.exists("etc/\(name == "members" ? "pair.toml" : "members")"))
        }
        // A link that leads nowhere is something too.
        try host.scratch.run("rm", "-rf", "etc")
        try host.scratch.run("mkdir", "etc")
        try host.scratch.run("ln", "-s", "../elsewhere", "etc/members")
        #expect(try host.run("--from", "opk", "--space", "build-box", "--out", "etc").status == 1)
        #expect(!host.exists("elsewhere") && !host.exists("etc/pair.toml"))
    }

    @Test("--dry-run says what would be written, and writes nothing")
    func dryRun() throws {
        let host = try Host()
        let run = try host.run("--from", "opk", "--space", "build-box", "--out", "etc", "--dry-run")
        #expect(run.status == 0)
        #expect(run.output.hasSuffix("\nNothing is written; it would be etc/members and etc/pair.toml.\n"))
        #expect(!host.exists("etc"))
        let object = try JSON(
            parsing: Array(try host.run("--from", "opk", "--out", "etc", "--dry-run", "--json").output.utf8))
        #expect(object.object?["written"]?.elements?.isEmpty == true)
        #expect(!host.exists("etc"))
    }

    // MARK: - What it refuses

    @Test("without providers there is nothing to take over, and it says where it looked")
    func noProviders() throws {
        for from in ["opk", "nowhere"] {
            let run = try Host(providers: nil).run("--from", from)
            #expect(run.status == 1 && run.output == "")
            #expect(
                run.error == """
                    pair: \(from == "opk" ? "opk/providers" : "nowhere"): no such file
                    opkssh's files are looked for in \(from); --from names another folder.

                    """)
        }
    }

    /// What is done to the files, and the path that is at fault.
    static let unsafe: [([String], String)] = [
        (["chmod", "660", "opk/auth_id"], "opk/auth_id: writable by group or others (mode 660)"),
        (["chmod", "642", "opk/providers"], "opk/providers: writable by group or others (mode 642)"),
        (["chmod", "770", "opk"], "opk: writable by group or others (mode 770)"),
        (
            ["sh", "-c", "mv opk/auth_id x; ln -s ../x opk/auth_id"],
            "opk/auth_id: a regular file expected, a symbolic link found"
        ),
        (
            ["sh", "-c", "rm opk/config.yml; mkfifo opk/config.yml"],
            "opk/config.yml: a regular file expected, a FIFO found"
        ),
        (["truncate", "-s", "17M", "opk/auth_id"], "opk/auth_id: larger than 16777216 bytes"),
    ]

    @Test("a file that others could have written is not taken over", arguments: unsafe)
    func refuses(command: [String], error: String) throws {
        let host = try Host(settings: "deny_users: []\n")
        try host.scratch.run(command)
        let run = try host.run("--from", "opk", "--out", "etc")
        #expect(run.status == 1 && run.output == "")
        #expect(run.error.hasPrefix("pair: \(error)\nDo this: "), "\(run.error)")
        #expect(!host.exists("etc"))
    }

    @Test("a config.yml that is not certain leaves nothing written")
    func uncertain() throws {
        let host = try Host(settings: "deny_emails: everybody\n")
        let run = try host.run("--from", "opk", "--space", "build-box", "--out", "etc")
        #expect(run.status == 1 && run.output == "")
        #expect(
            run.error.hasPrefix("pair: opk/config.yml:1: a list of texts expected, something else found\nNothing was"))
        #expect(!host.exists("etc"))
    }

    @Test("a Space that has no name asks for one")
    func space() throws {
        let run = try Host().run("--from", "opk", "--space", "a b")
        #expect(run.status == 1)
        #expect(
            run.error
                == "pair: --space: \"a b\" cannot name a Space\nName the Space with --space: letters, digits, . _ -.\n")
    }

    @Test("a file that opkssh itself would not read for its mode is taken, with a word about it")
    func mode() throws {
        let host = try Host()
        try host.scratch.run("chmod", "600", "opk/auth_id")
        let run = try host.run("--from", "opk", "--space", "build-box")
        #expect(run.status == 0)
        #expect(run.output.hasSuffix(Self.members))
        #expect(run.error.contains("opkssh reads this file with mode 640 only; it has 600"))
    }

    // MARK: - Homes

    /// Whether this machine lets root have a password file and file systems of its own.
    private static let mayMount: Bool = {
        guard geteuid() == 0, let scratch = try? Scratch() else { return false }
        return (try? scratch.run("unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt")) != nil
    }()

    /// What is done in the home of somebody with uid 12345, and what the program says of it.
    static let homes: [(script: String, words: String, isTaken: Bool)] = [
        ("true", "its lines are root's now: \"alice\" can no longer add or take away any", true),
        ("chmod 644 .opk/auth_id", "opkssh does not read it either: mode 644, where it must be 600", false),
        ("chmod 400 .opk/auth_id", "opkssh does not read it either: mode 400, where it must be 600", false),
        ("chmod 620 .opk/auth_id", "opkssh does not read it either: ", false),
        ("chown 0 .opk/auth_id", "opkssh does not read it either: owned by uid 0", false),
        ("chown 0 .opk/auth_id; chmod 644 .opk/auth_id", "where it must be 600", false),
        ("mv .opk/auth_id x; ln -s ../x .opk/auth_id", "a regular file expected, a symbolic link found", false),
        ("rm .opk/auth_id; ln -s /etc/shadow .opk/auth_id", "a regular file expected, a symbolic link found", false),
        ("rm .opk/auth_id; mkfifo .opk/auth_id", "a regular file expected, a FIFO found", false),
        ("rm .opk/auth_id; mkdir .opk/auth_id", "a regular file expected, a directory found", false),
        ("truncate -s 2M .opk/auth_id", "larger than 1048576 bytes", false),
        // opkssh goes through such a link; so does what the user themself may read.
        ("mv .opk o; ln -s o .opk", "its lines are root's now", true),
        ("mv .opk/auth_id $PWD/../secret; rmdir .opk; ln -s $PWD/../closed .opk", "owned by uid 0", false),
        ("chmod 000 .opk/auth_id", "opkssh does not read it either: mode 0", false),
        ("chmod 0 .opk", "not read: ", false),
        ("rm .opk/auth_id", "1 equal, 1 stricter.\n", false),
        ("rm -r .opk; touch .opk", "1 equal, 1 stricter.\n", false),
    ]

    @Test(
        "a user's own file is taken by opkssh's rules, and read as that user", .enabled(if: mayMount), arguments: homes)
    func home(script: String, words: String, isTaken: Bool) throws {
        let host = try Host()
        let scratch = host.scratch
        try scratch.run("chmod", "711", ".")
        let home = scratch.path("alice")
        let lines = "alice oidc:groups:own https://login.example.com\nroot oidc:groups:own https://login.example.com\n"
        try scratch.run("mkdir", "-p", "alice/.opk", "closed")
        try scratch.write(Array(lines.utf8), to: "alice/.opk/auth_id")
        try scratch.write(Array(lines.utf8), to: "closed/auth_id")
        try scratch.run("chmod", "600", "alice/.opk/auth_id", "closed/auth_id")
        try scratch.run("chmod", "700", "closed")
        try scratch.run("chown", "-R", "12345:12345", "alice")
        try scratch.run("sh", "-c", "cd alice && \(script)")
        let users = """
            root:x:0:0:root:/nonexistent:/bin/sh
            alice:x:12345:12345::\(home):/bin/sh
            alice:x:12346:12346::/elsewhere:/bin/sh
            Bob:x:12347:12347::\(home):/bin/sh
            broken:x:y:0::/:/bin/sh

            """
        try scratch.write(Array(users.utf8), to: "passwd")
        let mount = "mount --bind passwd /etc/passwd && exec \"$@\""
        let run = try host.run(
            "--from", "opk", "--space", "build-box", "--homes", under: ["unshare", "-m", "sh", "-c", mount, "sh"])
        #expect(run.error.contains(words), "\(run.error)")
        #expect(run.output.contains("build-box  group:own") == isTaken)
        #expect(run.output.contains("root\n") == false)
        #expect(run.error.contains("no effect  root oidc:groups:own") == isTaken)
    }

    @Test("--homes is for root", .enabled(if: mayMount))
    func homesOfOthers() throws {
        let run = try Host().run("--from", "opk", "--homes", under: ["unshare", "-U"])
        #expect(run.status == 1)
        #expect(
            run.error == """
                pair: --homes: only root can read what is in other users' homes
                Run it as root, or without --homes.

                """)
    }

    // MARK: - What comes of it

    /// A login to a host whose policy was opkssh's, and the code of its decision.
    struct Login: Sendable, CustomStringConvertible {
        let policy: String
        var settings: String?
        var login = "alice"
        let reason: String

        var description: String { "\(policy) \(settings ?? "")" }
    }

    static let logins = [
        Login(policy: "alice alice@example.com https://login.example.com", reason: "accepted"),
        Login(policy: "alice oidc-match-end:email:@EXAMPLE.com https://login.example.com", reason: "accepted"),
        Login(policy: "bob alice@example.com https://login.example.com", reason: "login-not-granted"),
        Login(policy: "bob alice@example.com https://login.example.com", login: "bob", reason: "accepted"),
        Login(policy: "alice carol@example.com https://login.example.com", reason: "not-a-member"),
        Login(policy: "alice *@example.com https://login.example.com", reason: "not-a-member"),
        Login(
            policy: "alice alice@example.com https://login.example.com", settings: "deny_emails: [Alice@Example.com]",
            reason: "denied"),
        Login(
            policy: "alice alice@example.com https://login.example.com", settings: "deny_users: [ALICE]",
            reason: "not-a-member"),
    ]

    @Test(
        "whom auth_id lets in enters by the files that come of it, and nobody else", .enabled(if: geteuid() == 0),
        arguments: logins)
    func enters(row: Login) throws {
        let host = try Host(policy: row.policy + "\n", settings: row.settings)
        // pair-authkeys takes no file of a folder that others could write to.
        let folder = URL(fileURLWithPath: "/opt/pair-import-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try host.run("--from", "opk", "--space", "build-box", "--out", folder.path)
        let toml = folder.appendingPathComponent("pair.toml")
        let members = "keysets = \"keysets\"\n" + (try String(contentsOf: toml, encoding: .utf8))
        try members.write(to: toml, atomically: false, encoding: .utf8)

        let fixture = Fixture.folder.appendingPathComponent("ok-opkssh-certificate")
        let keySets = folder.appendingPathComponent("keysets").path
        let keySet = fixture.appendingPathComponent("keysets/example.json").path
        try host.scratch.run("install", "-m", "644", "-D", keySet, "\(keySets)/login.example.com.json")
        let now = try String(contentsOf: fixture.appendingPathComponent("now"), encoding: .utf8).prefix {
            !$0.isNewline
        }
        let program = Self.built.appendingPathComponent("pair-authkeys").path
        try host.scratch.run(
            "sh", "-c", "\"$@\" >decision.json; true", "sh", program, "--config", toml.path, "--json", "--at",
            String(now), "--user", row.login, "--uid", "1001", "--key",
            "@\(fixture.appendingPathComponent("key.pub").path)")
        let decision = try JSON(parsing: try host.scratch.read("decision.json")).object
        #expect(decision?["reason"]?.text == Text(row.reason), "\(decision?["detail"]?.text?.string ?? "")")
        // Twelve hours from the token's iat, as in opkssh.
        let isBounded = decision?["line"]?.text?.string.contains("expiry-time=\"20261122235900Z\"") == true
        #expect(isBounded == (row.reason == "accepted"))
    }
}
