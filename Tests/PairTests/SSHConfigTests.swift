import Encodings
import Foundation
import Testing

@testable import TestSupport
@testable import pair

/// `pair ssh-config`, with `ssh -G` as judge of what it writes.
@Suite("pair ssh-config")
struct SSHConfigTests {
    /// Built beside the tests.
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("pair").path

    /// A person's home, and the program that works on it.
    private final class Home: Sendable {
        let scratch: Scratch

        init() throws { scratch = try Scratch() }

        @discardableResult
        func pair(_ arguments: String...) throws -> String {
            try pair(arguments)
        }

        @discardableResult
        func pair(_ arguments: [String]) throws -> String {
            let output = try scratch.run(["HOME=\(scratch.folder.path)", program, "ssh-config"] + arguments)
            return String(decoding: output, as: UTF8.self)
        }

        /// Which options ssh takes for `host` from the configuration, or from `file`.
        func options(for host: String, from file: String = ".ssh/config", shell: String = "/bin/sh") throws -> [String]
        {
            // ssh looks for what is included in the home of the password file.
            let text = String(decoding: try scratch.read(file), as: UTF8.self)
            let judged = text.replacing("Include pair", with: "Include \(scratch.path(".ssh/pair"))")
            try scratch.write(Array(judged.utf8), to: "judged")
            let output = try scratch.run("SHELL=\(shell)", "ssh", "-G", "-F", scratch.path("judged"), host)
            return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
        }

        func makeFolder() throws {
            try FileManager.default.createDirectory(
                atPath: scratch.path(".ssh"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700]
            )
        }

        func write(_ text: String, to name: String = ".ssh/config", mode: Int = 0o600) throws {
            try scratch.write(Array(text.utf8), to: name)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: scratch.path(name))
        }

        func text(_ name: String = ".ssh/config") throws -> String {
            String(decoding: try scratch.read(name), as: UTF8.self)
        }

        func mode(_ name: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: scratch.path(name))[.posixPermissions] as? Int
        }

        func has(_ name: String) -> Bool {
            (try? FileManager.default.attributesOfItem(atPath: scratch.path(name))) != nil
        }
    }

    private static let offered = [
        "identityfile ~/.ssh/pair/google", "certificatefile ~/.ssh/pair/google-cert.pub", "identitiesonly yes",
    ]

    // MARK: - What ssh makes of the lines

    /// A program that says that it ran, with which arguments, and ends with `status`.
    private static func renewer(in home: Home, at folder: String, status: Int) throws -> RenewedLines {
        let path = home.scratch.path(folder)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let script = "#!/bin/sh\necho \"$*\" >>'\(home.scratch.path("ran"))'\nexit \(status)\n"
        try home.write(script, to: "\(folder)/pair", mode: 0o700)
        let hosts = try HostPatterns(["build-box", "*.example.com,!old.example.com"])
        let entry = RenewedHosts(name: "google", hosts: hosts)
        let lines = entry.lines(running: try RenewalCommand(program: "\(path)/pair"))
        try home.write(lines + "Host *\n    IdentityFile ~/other\n", to: "config")
        return RenewedLines(home: home)
    }

    private struct RenewedLines {
        let home: Home

        func options(for host: String, shell: String = "/bin/sh") throws -> [String] {
            try home.options(for: host, from: "config", shell: shell)
        }

        var runs: [String] { (try? home.text("ran").split(separator: "\n").map(String.init)) ?? [] }
    }

    private static let run = "keys renew --if-expiring --quiet google"

    @Test("ssh renews before it offers Keys, wherever the program is", arguments: ["bin", "my apps", "100%", "a$b;c&"])
    func renews(folder: String) throws {
        let lines = try Self.renewer(in: Home(), at: folder, status: 0)
        let options = try lines.options(for: "build-box")
        #expect(Self.offered.allSatisfy(options.contains))
        #expect(lines.runs == [Self.run])
    }

    @Test("the person's own shell reads the program's path", arguments: ["/bin/sh", "/bin/bash", "/bin/dash"])
    func suitsShell(shell: String) throws {
        let lines = try Self.renewer(in: Home(), at: "my $apps", status: 0)
        _ = try lines.options(for: "build-box", shell: shell)
        #expect(lines.runs == [Self.run])
    }

    @Test(
        "a host matches as ssh says", arguments: ["build-box", "BUILD-BOX", "a.example.com", "alice@a.b.example.com"])
    func matches(host: String) throws {
        let lines = try Self.renewer(in: Home(), at: "bin", status: 0)
        #expect(try lines.options(for: host).contains(Self.offered[0]))
        #expect(lines.runs == [Self.run])
    }

    @Test(
        "for other hosts nothing is run and nothing offered",
        arguments: ["github.com", "example.com", "old.example.com"])
    func leavesOthers(host: String) throws {
        let lines = try Self.renewer(in: Home(), at: "bin", status: 0)
        let options = try lines.options(for: host)
        #expect(options.filter { $0.hasPrefix("identityfile") } == ["identityfile ~/other"])
        #expect(options.contains("identitiesonly no"))
        #expect(lines.runs.isEmpty)
    }

    @Test("where the renewal fails, ssh goes on with the other keys", arguments: [1, 3, 255])
    func fallsBack(status: Int) throws {
        let lines = try Self.renewer(in: Home(), at: "bin", status: status)
        let options = try lines.options(for: "build-box")
        #expect(options.filter { $0.hasPrefix("identityfile") } == ["identityfile ~/other"])
        #expect(!options.contains { $0.hasPrefix("certificatefile") })
        #expect(options.contains("identitiesonly no"))
        #expect(lines.runs == [Self.run])
    }

    // MARK: - Installing

    static let configs: [String?] = [
        nil, "", "\n", "Host a\n    User b\n", "Host a\n    User b", "Host a\r\n    User b\r\n", "# no line feed",
        "\n\n# comment\nUser x\n\nMatch all\n",
    ]

    @Test("what was installed is taken out without a trace", arguments: configs)
    func installs(config: String?) throws {
        let home = try Home()
        if let config {
            try home.makeFolder()
            try home.write(config, mode: 0o644)
        }
        try home.pair("--install", "--name", "google", "--host", "build-box")
        #expect(try home.text().utf8.starts(with: "Include pair/ssh_config".utf8))
        #expect(try home.mode(".ssh/config") == (config == nil ? 0o600 : 0o644))
        #expect(try home.mode(".ssh") == 0o700)
        #expect(try home.mode(".ssh/pair") == 0o700)
        #expect(try home.mode(".ssh/pair/ssh_config") == 0o600)
        #expect(try home.text(".ssh/pair/ssh_config").contains("exec \"\(Self.program) \(Self.run)\""))

        try home.pair("--uninstall")
        #expect(home.has(".ssh/config") == (config != nil))
        if let config {
            #expect(try home.text().utf8.elementsEqual(config.utf8))
            #expect(try home.mode(".ssh/config") == 0o644)
        }
        #expect(!home.has(".ssh/pair/ssh_config"))
    }

    @Test(
        "what is installed reaches ssh whatever stands below",
        arguments: ["User x\n", "Host *\r\n    IdentitiesOnly no\r\n"])
    func reachesSSH(config: String) throws {
        let home = try Home()
        try home.makeFolder()
        try home.write(config)
        try home.pair("--install", "--name", "google", "--host", "build-box")
        // The program itself would be run, and finds no Keys.
        let file = ".ssh/pair/ssh_config"
        try home.write(try home.text(file).replacing("\"\(Self.program) ", with: "\"true "), to: file)
        #expect(Self.offered.allSatisfy(try home.options(for: "build-box").contains))
        #expect(try !home.options(for: "other").contains(Self.offered[0]))
    }

    @Test("installing again changes nothing, not even the file")
    func isIdempotent() throws {
        let home = try Home()
        try home.makeFolder()
        try home.write("Host a\n")
        try home.pair("--install", "--name", "google", "--host", "build-box")
        let names = [".ssh/config", ".ssh/pair/ssh_config"]
        let before = try names.map { try home.text($0) }
        let inodes = try names.map { try Self.inode(home.scratch.path($0)) }
        #expect(try home.pair("--install", "--name", "google", "--host", "build-box").isEmpty)
        #expect(try home.pair("--install").isEmpty)
        #expect(try names.map { try home.text($0) } == before)
        #expect(try names.map { try Self.inode(home.scratch.path($0)) } == inodes)
    }

    private static func inode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    }

    @Test("what the person wrote since stays, in a file that we had made too")
    func keepsAdditions() throws {
        let home = try Home()
        try home.pair("--install", "--name", "google", "--host", "build-box")
        try home.write("Host mine\n" + (try home.text()) + "# end")
        try home.pair("--install")
        #expect(try home.text() == "Include pair/ssh_config\nHost mine\n# end")
        try home.pair("--uninstall")
        #expect(try home.text() == "Host mine\n# end")
    }

    @Test("a configuration that is a link stays one, and what it leads to is changed")
    func followsLinks() throws {
        let home = try Home()
        try home.makeFolder()
        let manager = FileManager.default
        try manager.createDirectory(atPath: home.scratch.path("dotfiles"), withIntermediateDirectories: false)
        try home.write("Host a\n", to: "dotfiles/ssh", mode: 0o640)
        try manager.createSymbolicLink(atPath: home.scratch.path("dotfiles/link"), withDestinationPath: "ssh")
        try manager.createSymbolicLink(
            atPath: home.scratch.path(".ssh/config"), withDestinationPath: "../dotfiles/link")
        try home.pair("--install", "--name", "google", "--host", "build-box")
        #expect(try home.text("dotfiles/ssh") == "Include pair/ssh_config\nHost a\n")
        #expect(try home.mode("dotfiles/ssh") == 0o640)
        #expect(try manager.destinationOfSymbolicLink(atPath: home.scratch.path(".ssh/config")) == "../dotfiles/link")
        #expect(try manager.destinationOfSymbolicLink(atPath: home.scratch.path("dotfiles/link")) == "ssh")
        try home.pair("--uninstall")
        #expect(try home.text("dotfiles/ssh") == "Host a\n")
        #expect(try manager.contentsOfDirectory(atPath: home.scratch.path("dotfiles")).sorted() == ["link", "ssh"])
        #expect(try manager.contentsOfDirectory(atPath: home.scratch.path(".ssh")).sorted() == ["config", "pair"])
    }

    @Test("a link to nothing yet gets its file")
    func followsDanglingLink() throws {
        let home = try Home()
        try home.makeFolder()
        try FileManager.default.createSymbolicLink(
            atPath: home.scratch.path(".ssh/config"), withDestinationPath: home.scratch.path("dotfile"))
        try home.pair("--install", "--name", "google", "--host", "build-box")
        #expect(try home.text("dotfile") == "Include pair/ssh_config\n")
        try home.pair("--uninstall")
        #expect(!home.has("dotfile"))
        #expect(home.has(".ssh/config"))
    }

    @Test("root leaves a file to whoever it belongs to", .enabled(if: geteuid() == 0))
    func keepsOwner() throws {
        let home = try Home()
        try home.makeFolder()
        try home.write("Host a\n", mode: 0o640)
        let path = home.scratch.path(".ssh/config")
        try FileManager.default.setAttributes(
            [.ownerAccountID: 12345, .groupOwnerAccountID: 54321], ofItemAtPath: path)
        try home.pair("--install", "--name", "google", "--host", "build-box")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.ownerAccountID] as? Int == 12345)
        #expect(attributes[.groupOwnerAccountID] as? Int == 54321)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
    }

    @Test("Keys of several names have hosts of their own")
    func holdsSeveral() throws {
        let home = try Home()
        try home.pair("--install", "--name", "google", "--host", "a")
        try home.pair("--install", "--name", "lab", "--host", "b")
        let printed = try home.pair()
        #expect(printed.split(separator: "\n").filter { $0.hasPrefix("Match host ") }.count == 2)
        #expect(try home.pair("--name", "lab").contains("Match host b exec"))
        try home.pair("--uninstall", "--name", "google")
        #expect(try home.pair().contains("Match host b exec"))
        #expect(try !home.pair().contains("google"))
        try home.pair("--uninstall", "--name", "lab")
        #expect(!home.has(".ssh/config"))
        #expect(!home.has(".ssh/pair/ssh_config"))
    }

    @Test("a dry run shows both files and touches neither")
    func runsDry() throws {
        let home = try Home()
        let shown = try home.pair("--install", "--dry-run", "--name", "google", "--host", "a")
        #expect(shown.contains("+++ \(home.scratch.path(".ssh/config"))\n@@ -0,0 +1 @@\n+Include pair/ssh_config\n"))
        #expect(shown.contains("+Match host a exec"))
        #expect(!home.has(".ssh"))
        try home.pair("--install", "--name", "google", "--host", "a")
        #expect(try home.pair("--uninstall", "--dry-run").contains("-Include pair/ssh_config\n"))
        #expect(home.has(".ssh/config"))
    }

    // MARK: - Refusals

    /// A command that fails, by its status and a part of what it says.
    struct Refused: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let status: Int32
        let words: String
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let refused = [
        Refused(arguments: ["--name", "google"], status: 1, words: "which hosts take your Keys is not known"),
        Refused(arguments: ["--install", "--name", "google"], status: 1, words: "Name them"),
        Refused(arguments: ["--host", "a"], status: 1, words: "you have no Keys yet"),
        Refused(arguments: ["--host", "a", "--name", "../x"], status: 1, words: "../x"),
        Refused(arguments: ["--uninstall"], status: 1, words: "nothing of pair is in your configuration of ssh"),
        Refused(arguments: ["--host", "a b", "--name", "google"], status: 64, words: "\"a b\" found"),
        Refused(arguments: ["--host", "!a", "--name", "google"], status: 64, words: "at least one pattern without !"),
        Refused(arguments: ["--install", "--uninstall"], status: 64, words: "exclude each other"),
        Refused(arguments: ["--dry-run", "--host", "a"], status: 64, words: "--dry-run goes with"),
        Refused(arguments: ["--uninstall", "--host", "a"], status: 64, words: "takes no --host"),
    ]

    @Test("what cannot be done is said, and nothing is written", arguments: refused)
    func refuses(row: Refused) throws {
        let home = try Home()
        let error = #expect(throws: ProgramFailed.self) {
            try home.pair(row.arguments)
        }
        #expect(error?.status == row.status)
        #expect(error?.error.contains(row.words) == true)
        #expect(!home.has(".ssh"))
    }

    @Test("our file is left alone once somebody has written in it")
    func refusesEdited() throws {
        let home = try Home()
        try home.pair("--install", "--name", "google", "--host", "a")
        let edited = try home.text(".ssh/pair/ssh_config") + "    User alice\n"
        try home.write(edited, to: ".ssh/pair/ssh_config")
        for arguments in [["--install", "--name", "google", "--host", "b"], ["--uninstall"]] {
            let error = #expect(throws: ProgramFailed.self) {
                try home.pair(arguments)
            }
            #expect(error?.error.contains("holds something that pair did not write") == true)
        }
        #expect(try home.text(".ssh/pair/ssh_config") == edited)
        #expect(try home.text() == "Include pair/ssh_config\n")
    }

    @Test("a configuration that is no file, or a link to itself, is left as it is")
    func refusesOtherKinds() throws {
        let home = try Home()
        try home.makeFolder()
        let path = home.scratch.path(".ssh/config")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let folder = #expect(throws: ProgramFailed.self) { try home.pair("--install", "--name", "g", "--host", "a") }
        #expect(folder?.error.contains("not a regular file") == true)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "config")
        let loop = #expect(throws: ProgramFailed.self) { try home.pair("--install", "--name", "g", "--host", "a") }
        #expect(loop?.error.contains("a link that leads to itself") == true)
        #expect(!home.has(".ssh/pair"))
    }
}
