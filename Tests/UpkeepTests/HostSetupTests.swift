// Set-up on a host in a folder, with programs that a test answers for: each step made to fail.

import Encodings
import Foundation
import HostFiles
import Policy
import Synchronization
import Testing

@testable import Upkeep

/// A host in a folder of root's.
final class SetupHost: Sendable {
    let folder: String
    let places: HostPlaces
    let users = Mutex<Set<String>>([])
    /// How many points were passed, and at which one to fail.
    let points = Mutex(0)
    let failing: Int?
    /// What `sshd -V` says.
    let version: String
    /// The point to fail at, by its name.
    let failingPoint: String?
    /// What systemctl was told, where systemd runs.
    let told = Mutex<[String]>([])

    init(
        failingAt failing: Int? = nil, or failingPoint: String? = nil, version: String = "OpenSSH_9.2p1",
        hasSystemd: Bool = false
    ) throws {
        self.failing = failing
        self.failingPoint = failingPoint
        self.version = version
        folder = "\(geteuid() == 0 ? "/root" : NSHomeDirectory())/pair-setup-\(UUID())"
        var places = HostPlaces()
        for (path, sub) in [
            (\HostPlaces.policy, "etc/pair"), (\.log, "var/log/pair"), (\.state, "var/lib/pair"), (\.run, "run/pair"),
            (\.cache, "var/cache/pair"), (\.sshdConfiguration, "etc/ssh/sshd_config"), (\.cron, "etc/cron.d"),
            (\.temporaryFiles, "etc/tmpfiles.d"), (\.packagedTemporaryFiles, "none"), (\.packagedUser, "none"),
            (\.systemd, "none"),
        ] { places[keyPath: path] = "\(folder)/\(sub)" }
        places.units = hasSystemd ? ["\(folder)/units"] : []
        if hasSystemd { places.systemd = "\(folder)/units" }
        self.places = places
        if hasSystemd {
            try makeFolder("\(folder)/units", mode: 0o755)
            try replaceFile(at: "\(folder)/units/pair-refresh.timer", with: [], mode: 0o644)
        }
        for sub in ["etc/ssh/sshd_config.d", "etc/cron.d", "etc/tmpfiles.d", "var/log", "var/lib", "var/cache", "run"] {
            try makeFolder("\(folder)/\(sub)", mode: 0o755)
        }
        try replaceFile(
            at: places.sshdConfiguration, with: Array("Include \(folder)/etc/ssh/sshd_config.d/*.conf\n".utf8),
            mode: 0o644)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func setup() -> HostSetup { HostSetup(in: surroundings) }

    var surroundings: SetupSurroundings {
        let me = FileOwner(user: geteuid(), group: getegid())
        return SetupSurroundings(
            places: places, programs: ScriptedPrograms { [self] in answer($0) }, files: SystemSSHDFiles(),
            now: { UnixTime(seconds: 1_795_348_800) },
            fetchKeySets: { [places] in
                try makeFolder("\(places.keySets)/.refresh", mode: 0o755)
                for name in ["idp.json", ".refresh/idp.json"] {
                    try replaceFile(at: "\(places.keySets)/\(name)", with: [0x7B, 0x7D, 0x0A], mode: 0o644)
                }
            },
            willPass: { [self] point in
                let number = points.withLock { points in
                    points += 1
                    return points
                }
                if number == failing || point == failingPoint { throw SetupError.injected(point) }
            }, root: me)
    }

    /// As the programs of a machine would, with an sshd whose settings are what its files say.
    private func answer(_ command: [String]) -> ProgramResult? {
        func says(_ text: String, _ status: Int32 = 0) -> ProgramResult {
            ProgramResult(status: status, output: Array(text.utf8))
        }
        let ids = "\(geteuid()):\(getegid())"
        switch command.first {
        case "sshd" where command.contains("-V"): return says(version)
        case "sshd" where command.contains("-t"): return says("")
        case "sshd":
            let path = command[(command.firstIndex(of: "-f") ?? 0) + 1]
            let settings = SSHDConfiguration(path, from: SystemSSHDFiles()).settings
            var seen: Set<Text> = ["include", "match"]
            return says(
                settings.filter { seen.insert($0.keyword).inserted }
                    .map { "\($0.keyword.string) \($0.value.string)\n" }.joined())
        case "getent" where command[1] == "group": return says("\(command[2]):x:\(getegid()):\n")
        case "getent":
            let there = command.dropFirst(2).filter { $0 == "deploy" || users.withLock { $0 }.contains($0) }
            return says(there.map { "\($0):x:\(ids)::/nonexistent:/bin/bash\n" }.joined(), there.isEmpty ? 2 : 0)
        case "systemctl" where command[1] == "is-active":
            return says("", command[2] == "ssh.service" ? 0 : 3)
        case "systemctl": told.withLock { $0.append(command.dropFirst().joined(separator: " ")) }
        case "useradd": users.withLock { _ = $0.insert("_pair") }
        case "userdel": users.withLock { _ = $0.remove("_pair") }
        // pair-authkeys, which is /usr/bin/false here: 1 is what it says of no key at all.
        case "setpriv", "/usr/bin/false": return says("", 1)
        default: return nil
        }
        return says("")
    }

    var request: SetupRequest {
        var request = SetupRequest(program: "/usr/bin/false", pairProgram: "/usr/bin/pair")
        request.space = "x"
        request.provider = SetupRequest.WantedProvider(
            name: "idp", issuer: "https://idp.example.com", clientID: "c\"\\1")
        request.member = "alice@example.com"
        request.logins = ["deploy"]
        request.keyFiles = .breakGlass
        return request
    }

    func setUp() async throws -> HostSetup.Outcome {
        try await setup().carryOut(setup().plan(request, administrators: []), wantsTrial: false)
    }

    func contents(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// Kinds, modes, owners, paths and bytes of everything.
    var listing: [String] {
        get throws {
            try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().map { path in
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(path)")
                let keys: [FileAttributeKey] = [.type, .posixPermissions, .ownerAccountID, .groupOwnerAccountID]
                return "\(path) \(keys.map { "\(attributes[$0] ?? "")" }) \(contents("\(folder)/\(path)"))"
            } + users.withLock { $0.sorted() }
        }
    }
}

@Suite("HostSetup", .enabled(if: geteuid() == 0, "needs root: files whose owners are judged")) struct HostSetupTests {
    @Test("a bare host gets all of it, and the second time there is nothing to do")
    func whole() async throws {
        let host = try SetupHost()
        let outcome = try await host.setUp()
        #expect(outcome.steps.count == 15, "\(outcome.steps)")
        #expect(
            host.contents(host.places.configuration).contains(
                #"issuer     = "https://idp.example.com"\#nclient_ids = ["c\"\\1"]"#))
        #expect(
            host.contents(host.places.policy + "/members").hasSuffix(
                "\nx  alice@example.com  idp  deploy  role=owner\n"))
        let dropIn = host.contents("\(host.places.sshdConfiguration).d/10-pair.conf")
        #expect(dropIn.contains("AuthorizedKeysFile \(host.places.breakGlass)/%u\n"))
        let before = try host.listing
        let plan = try host.setup().plan(host.request, administrators: [])
        #expect(plan.steps.map(\.kind) == ["key-sets"])
        // What an admin has put there since stays: nothing that was not asked for is changed.
        var less = SetupRequest(program: "/usr/bin/false", pairProgram: "/usr/bin/pair")
        less.logins = []
        #expect(try host.setup().plan(less, administrators: []).steps.map(\.kind) == ["key-sets"])
        #expect(try host.listing == before)
    }

    @Test("wherever it fails, the host is as it was", arguments: 1...33)
    func undoes(_ point: Int) async throws {
        let host = try SetupHost(failingAt: point)
        let before = try host.listing
        let error = await #expect(throws: SetupError.self) { try await host.setUp() }
        guard case .injected = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let after = try host.listing
        #expect(after == before, "\(after.difference(from: before))")
    }

    @Test("there is no point behind the last one that is made to fail")
    func points() async throws {
        let host = try SetupHost()
        _ = try await host.setUp()
        #expect(host.points.withLock { $0 } == 33)
    }

    @Test("a second run that fails leaves what the first one made")
    func undoesSecond() async throws {
        let host = try SetupHost()
        _ = try await host.setUp()
        let before = try host.listing
        var request = host.request
        request.member = "group:ops"
        request.keyFiles = .kept
        request.logins = ["deploy"]
        let plan = try host.setup().plan(request, administrators: [])
        #expect(plan.steps.map(\.kind) == ["file", "key-sets", "file"])
        let surroundings = SetupSurroundings(
            places: host.places, programs: host.surroundings.programs, files: SystemSSHDFiles(),
            now: host.surroundings.now, fetchKeySets: {},
            willPass: { if $0 == "the end" { throw SetupError.injected($0) } }, root: host.surroundings.root)
        await #expect(throws: SetupError.injected("the end")) {
            try await HostSetup(in: surroundings).carryOut(plan, wantsTrial: false)
        }
        #expect(try host.listing == before)
    }

    @Test("what a set-up did that never came to its end is undone by the next one")
    func cutShort() async throws {
        let host = try SetupHost()
        let before = try host.listing
        try makeFolder(host.places.state, mode: 0o755)
        let work = try SetupWork(host.surroundings, reload: nil)
        for step in try host.setup().plan(host.request, administrators: []).steps { try await work.take(step) }
        #expect(host.setup().isCutShort)
        try host.setup().undoCutShort()
        #expect(!host.setup().isCutShort)
        #expect(try host.listing == before)
    }

    @Test("where its journal cannot be removed at the end, it has failed, and is undone to the record of what it made")
    func unclosed() async throws {
        let host = try SetupHost()
        let before = try host.listing
        let journal = "\(host.places.state)/\(Journal.name)"
        let plan = try host.setup().plan(host.request, administrators: [])
        let surroundings = SetupSurroundings(
            places: host.places, programs: host.surroundings.programs, files: SystemSSHDFiles(),
            now: host.surroundings.now, fetchKeySets: {},
            willPass: { point in
                guard point == "the end" else { return }
                try FileManager.default.removeItem(atPath: journal)
                try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: false)
            }, root: host.surroundings.root)
        await #expect(throws: (any Error).self) {
            try await HostSetup(in: surroundings).carryOut(plan, wantsTrial: false)
        }
        #expect(!FileManager.default.fileExists(atPath: "\(host.places.state)/\(SetupRecord.name)"))
        try FileManager.default.removeItem(atPath: host.places.state)
        #expect(try host.listing == before)
    }

    @Test("killed while it replaced a file, it leaves nothing of that in the folder that is to go")
    func leftover() async throws {
        let host = try SetupHost()
        let before = try host.listing
        try makeFolder(host.places.state, mode: 0o755)
        let work = try SetupWork(host.surroundings, reload: nil)
        let steps = try host.setup().plan(host.request, administrators: []).steps
        for step in steps { try await work.take(step) }
        let made = steps.compactMap { if case .file(let file) = $0 { file.path } else { nil } }
        #expect(made.count >= 3)
        for path in made {
            let (folder, name) = SetupWork.split(path)
            try Data("half".utf8).write(to: URL(fileURLWithPath: "\(folder)/.\(name).0123456789abcdef.new"))
        }
        try host.setup().undoCutShort()
        #expect(try host.listing == before)
    }

    @Test("removal takes away what set-up made, and with purge all of it")
    func removes() async throws {
        let host = try SetupHost()
        let before = try host.listing
        _ = try await host.setUp()
        let removal = HostRemoval(in: host.surroundings)
        #expect(try await removal.carryOut(removal.plan(purge: false), purge: false).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: host.places.cache))
        #expect(FileManager.default.fileExists(atPath: host.places.configuration))
        #expect(host.users.withLock { $0 } == ["_pair"])
        #expect(try await removal.carryOut(removal.plan(purge: true), purge: true).isEmpty)
        #expect(try host.listing == before)
        #expect(throws: SetupError.nothingMade) { try removal.plan(purge: true) }
    }

    @Test(
        "where systemd runs, it reloads sshd and has the timer; what fails after that is taken back, and sshd told again"
    )
    func systemd() async throws {
        let on = "enable --now pair-refresh.timer pair-refresh.path"
        let host = try SetupHost(hasSystemd: true)
        _ = try await host.setUp()
        #expect(host.told.withLock { $0 } == [on, "reload ssh.service"])
        #expect(!FileManager.default.fileExists(atPath: "\(host.places.cron)/pair"))
        let removal = HostRemoval(in: host.surroundings)
        _ = try await removal.carryOut(removal.plan(purge: false), purge: false)
        let off = "disable --now pair-refresh.timer pair-refresh.path"
        #expect(host.told.withLock { $0 } == [on, "reload ssh.service", "reload ssh.service", off])

        let failing = try SetupHost(or: "the end", hasSystemd: true)
        let before = try failing.listing
        await #expect(throws: SetupError.injected("the end")) { try await failing.setUp() }
        #expect(failing.told.withLock { $0 } == [on, "reload ssh.service", off, "reload ssh.service"])
        #expect(try failing.listing == before)
    }

    @Test("an sshd that does not know times in UTC is given local ones, and one that says otherwise is an error")
    func localTimes() async throws {
        let host = try SetupHost(version: "OpenSSH_8.9p1")
        _ = try await host.setUp()
        #expect(host.contents(host.places.configuration).hasSuffix("\n[line]\nexpiry_time = \"local\"\n"))
        let text = host.contents(host.places.configuration).replacing("\"local\"", with: "\"utc\"")
        try replaceFile(at: host.places.configuration, with: Array(text.utf8), mode: 0o644)
        #expect(throws: SetupError.expiryTime(.utc, SSHDVersion(8, 9), file: host.places.configuration)) {
            try host.setup().plan(host.request, administrators: [])
        }
        #expect(throws: SetupError.tooOld(SSHDVersion(8, 1), needed: SSHDVersion(8, 2), for: "Include")) {
            let old = try SetupHost(version: "OpenSSH_8.1p1")
            _ = try old.setup().plan(old.request, administrators: [])
        }
    }

    @Test("where the package says which user it needs, that is how it is made")
    func packagedUser() throws {
        let host = try SetupHost()
        var places = host.places
        places.packagedUser = "\(host.folder)/sysusers.conf"
        places.packagedTemporaryFiles = places.packagedUser
        try replaceFile(at: places.packagedUser, with: [], mode: 0o644)
        let surroundings = SetupSurroundings(
            places: places, programs: host.surroundings.programs, files: SystemSSHDFiles(),
            now: host.surroundings.now, fetchKeySets: {}, root: host.surroundings.root)
        let steps = try HostSetup(in: surroundings).plan(host.request, administrators: []).steps
        #expect(steps.first == .user("_pair", command: ["systemd-sysusers", places.packagedUser]))
        #expect(!steps.contains { $0.subject.hasPrefix(places.temporaryFiles) })
    }

    @Test("a file that was changed since it was planned is not written over")
    func changed() async throws {
        let host = try SetupHost()
        let plan = try host.setup().plan(host.request, administrators: [])
        try makeFolder(host.places.policy, mode: 0o755)
        try replaceFile(at: host.places.configuration, with: [0x23, 0x0A], mode: 0o600)
        let before = try host.listing
        await #expect(throws: SetupError.changed(host.places.configuration)) {
            try await host.setup().carryOut(plan, wantsTrial: false)
        }
        #expect(try host.listing == before)
    }

    @Test("owners and modes that are wrong are put right, and put back where something fails")
    func standing() async throws {
        for failingPoint in [nil, "the end"] {
            let host = try SetupHost(or: failingPoint)
            try makeFolder(host.places.policy, mode: 0o700)
            try makeFolder(host.places.log, mode: 0o755)
            try replaceFile(at: host.places.accessLog, with: [0x7B], mode: 0o666)
            let before = try host.listing
            _ = try? await host.setUp()
            guard failingPoint == nil else {
                #expect(try host.listing == before)
                continue
            }
            let manager = FileManager.default
            #expect(manager.standing(of: host.places.policy)?.mode == 0o755)
            #expect(manager.standing(of: host.places.accessLog)?.mode == 0o640)
            #expect(host.contents(host.places.accessLog) == "{")
        }
    }

    @Test("a provider that differs gets a table of its own, and a name that is taken is refused")
    func providers() async throws {
        let host = try SetupHost()
        _ = try await host.setUp()
        var request = host.request
        request.provider = SetupRequest.WantedProvider(
            name: "idp", issuer: "https://other.example.com", clientID: "d")
        #expect(throws: SetupError.otherProvider("idp", file: host.places.configuration)) {
            try host.setup().plan(request, administrators: [])
        }
        request.provider = SetupRequest.WantedProvider(
            name: nil, issuer: "https://other.example.com", clientID: "d")
        let plan = try host.setup().plan(request, administrators: [])
        guard case .file(let file)? = plan.steps.first else {
            Issue.record("\(plan.steps)")
            return
        }
        #expect(file.new.starts(with: file.old ?? [0]))
        #expect(String(decoding: file.new, as: UTF8.self).hasSuffix("\nclient_ids = [\"d\"]\n"))
    }

    @Test(
        "a provider is called by a word of its host",
        arguments: [
            ("accounts.google.com", "google"), ("login.microsoftonline.com", "microsoft"), ("gitlab.com", "gitlab"),
            ("idp.example.com", "idp"), ("127.0.0.1", "local"), ("[::1]", "local"), ("notgoogle.com", "notgoogle"),
        ])
    func names(_ host: String, _ name: String) {
        #expect(SetupRequest.providerName(forHost: host) == name)
    }
}
