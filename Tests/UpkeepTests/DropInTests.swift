// The file by which sshd asks pair-authkeys, and where it goes.

import Encodings
import Foundation
import HostFiles
import Testing

@testable import Upkeep

@Suite("DropIn") struct DropInTests {
    static let heading =
        "# Made by \"pair host setup\", which writes it anew; \"pair host remove\" takes it away.\n"

    static let all = DropIn(scope: .everybody, keyFiles: .none, program: "/usr/bin/pair-authkeys")

    @Test("for every login the three lines stand by themselves")
    func everybody() {
        #expect(
            Self.all.text == Self.heading + """
                AuthorizedKeysCommand /usr/bin/pair-authkeys --user %u --uid %U --key %k --type %t
                AuthorizedKeysCommandUser _pair
                AuthorizedKeysFile none

                """)
    }

    @Test("what it says is read back, and what somebody has changed is not taken for ours")
    func roundTrip() {
        let scopes: [DropIn.Scope] = [.everybody, .logins(["a", "b"])]
        for scope in scopes {
            for keyFiles: DropIn.KeyFiles in [.none, .kept, .breakGlass("/etc/pair/break-glass")] {
                for configuration in [nil, "/x/pair.toml"] {
                    let dropIn = DropIn(
                        scope: scope, keyFiles: keyFiles, program: "/p", configuration: configuration)
                    #expect(DropIn(parsing: Array(dropIn.text.utf8)) == dropIn)
                    #expect(DropIn(parsing: Array((dropIn.text + "UsePAM no\n").utf8)) == nil)
                }
            }
        }
        #expect(DropIn(parsing: Array("AuthorizedKeysCommand /p\n".utf8)) == nil)
    }

    @Test("where keys are kept, AuthorizedKeysFile is left alone")
    func kept() {
        let dropIn = DropIn(scope: .logins(["a"]), keyFiles: .kept, program: "/p")
        #expect(!dropIn.text.contains("AuthorizedKeysFile"))
        #expect(dropIn.values.map(\.keyword) == ["authorizedkeyscommand", "authorizedkeyscommanduser"])
    }

    struct Place: Sendable {
        let main: String
        var dropIns: [String: String] = [:]
        let place: Result<String, SetupError>
    }

    static let usual = "Include /etc/ssh/sshd_config.d/*.conf\n"
    static let theirs = "AuthorizedKeysCommand /x\n"

    static let places = [
        Place(main: usual, place: .success("/etc/ssh/sshd_config.d/10-pair.conf")),
        Place(
            main: usual, dropIns: ["/etc/ssh/sshd_config.d/20-systemd-userdb.conf": theirs],
            place: .success("/etc/ssh/sshd_config.d/10-pair.conf")),
        Place(
            main: usual, dropIns: ["/etc/ssh/sshd_config.d/05-corp.conf": "Match User a\nAuthorizedKeysFile /x\n"],
            place: .success("/etc/ssh/sshd_config.d/00-pair.conf")),
        Place(
            main: usual, dropIns: ["/etc/ssh/sshd_config.d/00-corp.conf": theirs],
            place: .success("/etc/ssh/sshd_config.d/0-pair.conf")),
        Place(
            main: usual, dropIns: ["/etc/ssh/sshd_config.d/05-other.conf": "UsePAM no\n"],
            place: .success("/etc/ssh/sshd_config.d/10-pair.conf")),
        Place(
            main: usual, dropIns: ["/etc/ssh/sshd_config.d/!first.conf": theirs],
            place: .failure(.noName(before: "/etc/ssh/sshd_config.d/!first.conf"))),
        Place(
            main: usual, dropIns: ["/etc/ssh/sshd_config.d/10-pair.conf": theirs],
            place: .success("/etc/ssh/sshd_config.d/00-pair.conf")),
        Place(
            main: usual, dropIns: ["/etc/ssh/sshd_config.d/10-pair.conf": all.text],
            place: .success("/etc/ssh/sshd_config.d/10-pair.conf")),
        Place(main: "Include conf/*.conf\n", place: .success("/etc/ssh/conf/10-pair.conf")),
        Place(main: "Include conf/*.conf\n\(usual)", place: .success("/etc/ssh/sshd_config.d/10-pair.conf")),
        Place(
            main: "UsePAM yes\n",
            place: .failure(.notIncluded("/etc/ssh/sshd_config", folder: "/etc/ssh/sshd_config.d"))),
        Place(
            main: "Match User a\n\(usual)",
            place: .failure(.notIncluded("/etc/ssh/sshd_config", folder: "/etc/ssh/sshd_config.d"))),
        Place(
            main: "Include /etc/ssh/one.conf\n",
            place: .failure(.notIncluded("/etc/ssh/sshd_config", folder: "/etc/ssh/sshd_config.d"))),
    ]

    @Test("it goes where nothing that sets the same comes before it, or nowhere", arguments: places)
    func place(_ row: Place) {
        let files = TextFiles(["/etc/ssh/sshd_config": row.main].merging(row.dropIns) { $1 })
        let configuration = SSHDConfiguration("/etc/ssh/sshd_config", from: files)
        let found = Result { () throws(SetupError) in try DropInPlace(in: configuration, from: files).path }
        #expect(found == row.place)
    }

    @Test("one of ours that no longer comes first is replaced")
    func moves() throws {
        let files = TextFiles([
            "/etc/ssh/sshd_config": Self.usual, "/etc/ssh/sshd_config.d/10-pair.conf": Self.all.text,
            "/etc/ssh/sshd_config.d/05-corp.conf": Self.theirs,
        ])
        let place = try DropInPlace(
            in: SSHDConfiguration("/etc/ssh/sshd_config", from: files), from: files)
        #expect(place.name == "00-pair.conf")
        #expect(place.former == "/etc/ssh/sshd_config.d/10-pair.conf")
    }

    @Test("a copy has the drop-in in its place, the same lines at the same numbers, and no address to listen on")
    func copy() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-copy-\(UUID())").path
        try makeFolder(folder, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = TextFiles([
            "/etc/ssh/sshd_config":
                "Port 22\nListenAddress ::\nInclude /etc/ssh/sshd_config.d/*.conf\nHostKey /k\nUsePAM yes\n",
            "/etc/ssh/sshd_config.d/20-x.conf": "PermitRootLogin no\n",
            "/etc/ssh/sshd_config.d/10-old.conf": "PermitRootLogin yes\n",
        ])
        let copy = try StagedConfiguration(
            of: "/etc/ssh/sshd_config", with: ("/etc/ssh/sshd_config.d/00-pair.conf", Self.all.text),
            without: "/etc/ssh/sshd_config.d/10-old.conf", from: files, in: folder, startingWith: ["Port 2022"])
        let read = SSHDConfiguration(copy.path, from: SystemSSHDFiles())
        #expect(read.settings(of: "port").map(\.value) == ["2022"])
        #expect(read.settings(of: "listenaddress").isEmpty && read.settings(of: "hostkey").isEmpty)
        #expect(read.settings(of: "permitrootlogin").map(\.value) == ["no"])
        #expect(
            read.settings(of: "authorizedkeysfile").map { copy.originals[$0.file] }
                == ["/etc/ssh/sshd_config.d/00-pair.conf"])
        #expect(read.settings(of: "usepam").map(\.line) == [5])
    }
}
