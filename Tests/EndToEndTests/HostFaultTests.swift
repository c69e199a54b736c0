// What sshd and the helper do when a file that the decision rests on cannot be trusted, and what they never print.

import Foundation
import Testing

extension EndToEnd {
    @Suite("the host's files and the helper's silence")
    struct HostFaults {
        let lab: Lab

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
        }

        /// Runs the helper as sshd does for these Keys: same user, same flags.
        func askLikeSSHD(for keys: Keys) async throws -> Command {
            let asPair = ["setpriv", "--reuid=_pair", "--regid=_pair", "--clear-groups", "--no-new-privs"]
            return try await Command.run(asPair + flags(for: keys))
        }

        /// Runs it as an admin's program does.
        func askLikeProgram(for keys: Keys) async throws -> Command {
            try await Command.run(flags(for: keys) + ["--json"])
        }

        private func flags(for keys: Keys) throws -> [String] {
            let offered = try keys.offered()
            return lab.helper(login: lab.alice, key: String(offered[1]), type: String(offered[0]))
        }

        /// A file that the decision rests on.
        enum File: String, CaseIterable, Sendable {
            case config = "pair.toml"
            case members
            case keySet = "key set"
        }

        func path(of file: File) -> String {
            switch file {
            case .config: lab.config
            case .members: lab.members
            case .keySet: lab.keySet
            }
        }

        /// What is done to it, as a shell does it to `$1`.
        enum Damage: String, CaseIterable, Sendable {
            case symlink = "mv $1 $1.aside; ln -s $1.aside $1"
            case fifo = "mv $1 $1.aside; mkfifo -m 644 $1"
            case directory = "mv $1 $1.aside; mkdir $1"
            case groupWritable = "chmod g+w $1"
            case othersWritable = "chmod o+w $1"
            case owner = "chown _pair $1"
            case writableFolder = "chmod g+w $(dirname $1)"

            /// What an admin is told to do about it.
            func mend(_ path: String) -> String {
                switch self {
                case .symlink, .fifo, .directory: "put the file itself at \(path)"
                case .groupWritable, .othersWritable: "chmod go-w \(path)"
                case .owner: "chown root \(path)"
                case .writableFolder: "chmod go-w \(URL(fileURLWithPath: path).deletingLastPathComponent().path)"
                }
            }
        }

        static let mend = """
            if [ -e $1.aside ]; then rm -rf $1; mv $1.aside $1; fi
            chown root $1; chmod 644 $1; chmod 755 $(dirname $1)
            """

        /// Runs `body` while a file is damaged; shell commands, with the file's path as `$1`, damage and mend it.
        func damaging(
            _ path: String, _ damage: String, mend: String = EndToEnd.HostFaults.mend, _ body: () async throws -> Void
        ) async throws {
            _ = try await Command.output(of: "sh", "-ec", damage, "sh", path)
            do { try await body() } catch {
                _ = try await Command.output(of: "sh", "-ec", mend, "sh", path)
                throw error
            }
            _ = try await Command.output(of: "sh", "-ec", mend, "sh", path)
        }

        /// Expects that sshd turns the Keys away and that the helper says why to nobody but the admin.
        func expectFault(
            _ reason: String, isRecorded: Bool, saying text: String, for keys: Keys,
            at location: SourceLocation = #_sourceLocation
        ) async throws {
            let login = try await lab.login(with: keys, as: lab.alice)
            #expect(login.isRefused, "\(login)", sourceLocation: location)
            #expect(login.reasons == (isRecorded ? [reason] : []), "\(login)", sourceLocation: location)

            let answer = try await askLikeSSHD(for: keys)
            #expect(answer.status == 2, "\(answer)", sourceLocation: location)
            #expect(answer.output.isEmpty, "\(answer)", sourceLocation: location)
            #expect(answer.error.contains(text), "\(answer)", sourceLocation: location)

            let report = try await askLikeProgram(for: keys)
            #expect(report.status == 2, "\(report)", sourceLocation: location)
            #expect(report.output.contains("\"\(reason)\""), "\(report)", sourceLocation: location)
        }

        @Test("a file that others could have written is a fault", arguments: File.allCases, Damage.allCases)
        func unsafe(file: File, damage: Damage) async throws {
            let keys = try await lab.signIn("alice")
            let path = path(of: file)
            // Where the log is stands in pair.toml, which shares its folder with members.
            let isConfigHit = file == .config || (file == .members && damage == .writableFolder)
            try await damaging(path, damage.rawValue) {
                try await expectFault(
                    "config-unsafe", isRecorded: !isConfigHit, saying: damage.mend(path), for: keys)
            }
            let mended = try await lab.login(with: keys, as: lab.alice)
            #expect(mended.isIn, "\(mended)")
        }

        @Test("a file that the helper may not read is a fault", arguments: File.allCases)
        func unreadable(file: File) async throws {
            let keys = try await lab.signIn("alice")
            try await damaging(path(of: file), "chmod 600 $1") {
                let login = try await lab.login(with: keys, as: lab.alice)
                #expect(login.isRefused, "\(login)")
                let answer = try await askLikeSSHD(for: keys)
                #expect(answer.status == 2 && answer.output.isEmpty, "\(answer)")
                #expect(answer.error.contains(path(of: file)), "\(answer)")
            }
        }

        @Test("a missing pair.toml is a fault")
        func missingConfig() async throws {
            let keys = try await lab.signIn("alice")
            try await damaging(lab.config, "mv $1 $1.aside") {
                try await expectFault("config-missing", isRecorded: false, saying: lab.config, for: keys)
            }
        }

        @Test("a missing key set refuses and is no fault")
        func missingKeySet() async throws {
            let keys = try await lab.signIn("alice")
            try await damaging(lab.keySet, "mv $1 $1.aside") {
                let login = try await lab.login(with: keys, as: lab.alice)
                #expect(login.isRefused, "\(login)")
                #expect(login.reasons == ["keyset-missing"], "\(login)")
            }
        }

        @Test("a torn members file is a fault for a member and none for a stray key")
        func tornMembers() async throws {
            let keys = try await lab.signIn("alice")
            try await damaging(lab.members, "cp $1 $1.aside; printf 'lab alice@exam' >>$1") {
                try await expectFault("config-syntax", isRecorded: true, saying: lab.members, for: keys)
                let stray = try await askLikeSSHD(for: try await lab.plainKey())
                #expect(stray.status == 0, "\(stray)")
                #expect(stray.output.isEmpty && stray.error.isEmpty, "\(stray)")
            }
        }

        @Test("a log that cannot be written keeps people out only where it is required", arguments: [false, true])
        func unwritableLog(isRequired: Bool) async throws {
            try await lab.configure(log: "required = \(isRequired)")
            let keys = try await lab.signIn("alice")
            try await damaging(lab.accessLog, "chown root $1", mend: "chown _pair $1") {
                let login = try await lab.login(with: keys, as: lab.alice)
                #expect(isRequired ? login.isRefused : login.isIn, "\(login)")
                #expect(login.records.isEmpty, "\(login)")
                let answer = try await askLikeSSHD(for: keys)
                #expect(answer.status == (isRequired ? 2 : 0), "\(answer)")
                #expect(answer.output.isEmpty == isRequired, "\(answer)")
            }
        }

        @Test("a refusal prints nothing, and sshd's log holds nothing of the token")
        func refusalIsSilent() async throws {
            let keys = try await lab.signIn("carol")
            let answer = try await askLikeSSHD(for: keys)
            #expect(answer.status == 0, "\(answer)")
            #expect(answer.output.isEmpty && answer.error.isEmpty, "\(answer)")

            let login = try await lab.login(with: keys, as: lab.alice)
            #expect(login.isRefused, "\(login)")
            #expect(!login.sshdLog.contains(try keys.offered()[1].prefix(60)), "\(login)")
            let record = try lab.contents(of: lab.accessLog)
            #expect(!record.contains(try keys.offered()[1].prefix(60)), "\(login)")
        }

        @Test("wrong usage names the flag and nothing that stood beside it")
        func usage() async throws {
            let keys = try await lab.signIn("alice")
            let key = try keys.offered()[1]
            for stray in [["--no-such-flag", String(key)], [String(key)], ["--uid", String(key)]] {
                let command = try await Command.run(flags(for: keys) + stray)
                #expect(command.status == 2, "\(command)")
                #expect(command.output.isEmpty, "\(command)")
                #expect(!command.error.contains(key.suffix(60)), "\(command)")
            }
        }
    }
}
