internal import Administration
internal import Encodings
internal import Foundation
internal import HostFiles
internal import Policy

/// Finds out what a host lacks.
struct SetupPlanning {
    let surroundings: SetupSurroundings
    let request: SetupRequest
    /// The logins of whoever looks after the host.
    let administrators: [String]

    private var places: HostPlaces { surroundings.places }
    private var programs: any Programs { surroundings.programs }
    private var sshd: SSHD { SSHD(configurationPath: places.sshdConfiguration, by: programs) }

    /// Needed for `Include`, and so for a drop-in; with it come `%U` and `expiry-time`.
    private static let oldest = SSHDVersion(8, 2)

    func plan() throws -> SetupPlan {
        let version = try sshd.version()
        guard version.hasInclude else { throw SetupError.tooOld(version, needed: Self.oldest, for: "Include") }
        try sshd.check()
        try checkHelper()
        let configuration = SSHDConfiguration(places.sshdConfiguration, from: surroundings.files)
        let place = try DropInPlace(in: configuration, from: surroundings.files)
        var steps = Steps(surroundings: surroundings)
        try planHost(&steps)
        let policy = try PolicyPlanning(request: request, surroundings: surroundings, version: version).plan(&steps)
        let keySets = policy.configuration.keySets
        steps.keySets(
            keySets.isNamed ? policy.configuration.resolve(keySets.path) : places.keySets,
            providers: policy.configuration.providers.map(\.name))

        let former = place.former ?? place.path
        let existing = surroundings.contents(of: former).flatMap { DropIn(parsing: $0) }
        let dropIn = try dropIn(existing, policy)
        let (concerned, trialLogin) = try concerned(dropIn, policy)
        let preparation = steps.steps
        let reload = try SSHDReload(places: places, pidFile: sshd.settings().pidFile, by: programs)
        steps.steps = []
        steps.file(place.path, dropIn.text)
        if let former = place.former { steps.steps.append(.removal(former)) }
        let isTold = !steps.steps.isEmpty
        planSchedule(&steps)
        if isTold, let command = reload.command { steps.steps.append(.reload(command.joined(separator: " "))) }
        let shutOut = try shutOut(concerned, existing, dropIn)
        return SetupPlan(
            preparation: preparation, activation: steps.steps, present: steps.present, dropIn: dropIn,
            shutOut: shutOut, lockedOut: lockedOut(shutOut, dropIn, policy),
            notes: steps.notes + notes(dropIn, reload, isTold: isTold) + (try authorityNotes(trialLogin)),
            version: version, trialLogin: trialLogin, place: place, expiryTime: policy.configuration.expiryTime,
            concerned: concerned, reload: reload)
    }

    // MARK: - The host

    /// sshd runs a command only where root alone can have written it.
    private func checkHelper() throws {
        do throws(FileFault) {
            _ = try HostFile(request.program, ownedBy: .root).read(limit: 1 << 28)
        } catch .missing {
            throw SetupError.helperMissing([request.program])
        } catch {
            throw SetupError.helper(request.program, why: "\(error)")
        }
    }

    private func planHost(_ steps: inout Steps) throws {
        let user = try LocalLogin.named(HostPlaces.user, by: programs)
        if user == nil {
            let isPackaged = surroundings.contents(of: places.packagedUser) != nil
            let isThere = SystemPrograms.path(of: "systemd-sysusers") != nil
            let command =
                isPackaged && isThere
                ? ["systemd-sysusers", places.packagedUser]
                : [
                    "useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell",
                    "/usr/sbin/nologin", HostPlaces.user,
                ]
            steps.steps.append(.user(HostPlaces.user, command: command))
        } else {
            steps.present.append("user \(HostPlaces.user)")
        }
        for folder in [places.policy, places.cache, places.keySets, places.log, places.run] { steps.folder(folder) }
        if request.keyFiles == .breakGlass { steps.folder(places.breakGlass) }
        let readers = try LocalLogin.group(HostPlaces.readers, by: programs) ?? surroundings.root.group
        let group = try LocalLogin.group(HostPlaces.user, by: programs)
        steps.emptyFile(
            places.accessLog, mode: 0o640, owner: HostPlaces.user, group: HostPlaces.readers,
            ids: user.map { FileOwner(user: $0.uid, group: readers) })
        // Its group may set its time to the present, and to no other.
        steps.emptyFile(
            places.refreshWanted, mode: 0o660, owner: "root", group: HostPlaces.user,
            ids: group.map { FileOwner(user: surroundings.root.user, group: $0) })
        guard surroundings.contents(of: places.packagedTemporaryFiles) == nil else { return }
        if FileManager.default.standing(of: places.temporaryFiles) != nil {
            steps.file("\(places.temporaryFiles)/pair.conf", HostTexts.temporaryFiles(places))
        }
    }

    private func planSchedule(_ steps: inout Steps) {
        let timer = "pair-refresh.timer"
        let unitsAreThere = places.units.contains { surroundings.contents(of: "\($0)/\(timer)") != nil }
        if unitsAreThere, FileManager.default.fileExists(atPath: places.systemd) {
            let units = [timer, "pair-refresh.path"]
            let isOn = units.allSatisfy { unit in
                (try? programs.run(["systemctl", "is-active", unit]))?.status == 0
            }
            guard !isOn else { return steps.present.append(units.joined(separator: " and ")) }
            steps.steps.append(
                .command(
                    ["systemctl", "enable", "--now"] + units, undo: ["systemctl", "disable", "--now"] + units))
        } else if FileManager.default.standing(of: places.cron) != nil {
            let needsRun =
                surroundings.contents(of: places.packagedTemporaryFiles) == nil
                && FileManager.default.standing(of: places.temporaryFiles) == nil
            steps.file(
                "\(places.cron)/pair",
                HostTexts.cron(pair: request.pairProgram, makesFolder: needsRun ? places.run : nil))
        } else {
            steps.notes.append(
                "Nothing here runs `pair host refresh --if-due --if-wanted --quiet` every minute: without it nobody is let in "
                    + "once the key set is older than max_key_set_age.")
        }
    }

    // MARK: - sshd

    private func dropIn(_ existing: DropIn?, _ policy: PlannedPolicy) throws -> DropIn {
        let keyFiles: DropIn.KeyFiles
        switch request.keyFiles {
        case nil: keyFiles = existing?.keyFiles ?? .none
        case .none?: keyFiles = .none
        case .kept: keyFiles = .kept
        case .breakGlass: keyFiles = .breakGlass(places.breakGlass)
        }
        let isUsual = places.policy == HostPlaces().policy
        return DropIn(
            scope: try scope(existing?.scope, policy), keyFiles: keyFiles, program: request.program,
            configuration: isUsual ? nil : places.configuration)
    }

    /// Whose logins: as asked for; else as it is, and the logins that were named; else those that members names.
    private func scope(_ existing: DropIn.Scope?, _ policy: PlannedPolicy) throws -> DropIn.Scope {
        if let scope = request.scope { return scope }
        if existing == .everybody { return .everybody }
        var logins = Set(request.logins)
        if case .logins(let former) = existing { logins.formUnion(former) }
        if logins.isEmpty { logins.formUnion(policy.logins) }
        guard !logins.isEmpty else { throw SetupError.loginsMissing }
        return .logins(logins.sorted())
    }

    /// The logins that go by the drop-in, as far as they are users of this machine, and who of them is to log in on trial.
    private func concerned(_ dropIn: DropIn, _ policy: PlannedPolicy) throws -> ([LocalLogin], String) {
        var users: [LocalLogin]
        switch dropIn.scope {
        case .logins(let logins):
            users = try LocalLogin.all(logins, by: programs)
            for login in logins where !users.contains(where: { $0.name == login }) {
                throw SetupError.loginMissing(login)
            }
        case .everybody:
            users = try LocalLogin.all(by: programs).filter { $0.hasShell && isLoginName($0.name.utf8) }
            for login in request.logins where !users.contains(where: { $0.name == login }) {
                guard let user = try LocalLogin.named(login, by: programs) else {
                    throw SetupError.loginMissing(login)
                }
                users.append(user)
            }
        }
        let candidates = request.logins + policy.logins
        let trial = candidates.first { name in dropIn.isFor(name) && users.contains { $0.name == name } }
        guard let login = trial ?? users.first(where: \.hasShell)?.name else { throw SetupError.loginsMissing }
        return (users, login)
    }

    /// The logins whose own keys count now and will not.
    private func shutOut(
        _ logins: [LocalLogin], _ existing: DropIn?, _ dropIn: DropIn
    ) throws -> [SetupPlan.ShutOut] {
        let emergency = DropIn.KeyFiles.breakGlass(places.breakGlass)
        // What is ours goes as it came, and what is not comes back.
        guard dropIn.keyFiles != .kept || existing?.keyFiles == emergency else { return [] }
        return try logins.flatMap { login -> [SetupPlan.ShutOut] in
            try sshd.settings(for: login.name).authorizedKeysFiles.compactMap { value in
                let file = Self.expanded(value.string, for: login)
                let isKept = dropIn.keyFiles == emergency && file.hasPrefix("\(places.breakGlass)/")
                guard !isKept, let bytes = surroundings.contents(of: file) else { return nil }
                let keys = keyCount(bytes)
                return keys == 0 ? nil : SetupPlan.ShutOut(login: login.name, file: file, keys: keys)
            }
        }
    }

    /// As sshd does it.
    private static func expanded(_ value: String, for login: LocalLogin) -> String {
        let path = value.replacing("%h", with: login.home).replacing("%u", with: login.name)
            .replacing("%U", with: "\(login.uid)").replacing("%%", with: "%")
        return path.hasPrefix("/") ? path : "\(login.home)/\(path)"
    }

    private func lockedOut(
        _ shutOut: [SetupPlan.ShutOut], _ dropIn: DropIn, _ policy: PlannedPolicy
    ) -> [String] {
        administrators.filter { login in
            let hasKey = surroundings.contents(of: "\(places.breakGlass)/\(login)").map { !$0.isEmpty } ?? false
            let isKept = if case .breakGlass = dropIn.keyFiles { hasKey } else { false }
            guard dropIn.keyFiles != .kept, !isKept, !policy.logins.contains(login) else { return false }
            return shutOut.contains { $0.login == login }
        }
    }

    private func authorityNotes(_ login: String) throws -> [String] {
        guard let file = try sshd.settings(for: login).trustedUserCAKeys else { return [] }
        return [
            "TrustedUserCAKeys is \(shown(file.string)): what its CAs sign goes on to let in, and pair-authkeys is not asked."
        ]
    }

    private func notes(_ dropIn: DropIn, _ reload: SSHDReload, isTold: Bool) -> [String] {
        var notes: [String] = []
        if dropIn.keyFiles == .kept {
            notes.append(
                "Keys in a login's own authorized_keys still count: whoever was let in once can add one and enter with it "
                    + "past every expiry, removal and revocation. End that with --no-keep-authorized-keys.")
        }
        if case .breakGlass(let folder) = dropIn.keyFiles {
            notes.append(
                "A key in \(folder)/LOGIN enters past every expiry, removal and revocation, and is in sshd's log alone. "
                    + "Keep the private key offline.")
        }
        if isTold, case .unneeded(let why) = reload { notes.append("sshd is not told anything: \(why).") }
        return notes
    }
}

/// Steps, as far as they are needed.
struct Steps {
    let surroundings: SetupSurroundings
    var steps: [SetupStep] = []
    var present: [String] = []
    var notes: [String] = []

    init(surroundings: SetupSurroundings) { self.surroundings = surroundings }

    mutating func folder(_ path: String, mode: UInt32 = 0o755) {
        if let (found, owner) = FileManager.default.standing(of: path), found == mode, owner == surroundings.root {
            present.append(path)
        } else {
            steps.append(.folder(path, mode: mode))
        }
    }

    mutating func file(_ path: String, _ text: String) {
        let old = surroundings.contents(of: path)
        if old.map({ $0.elementsEqual(text.utf8) }) ?? false {
            present.append(path)
        } else {
            steps.append(.file(SetupFile(path, old: old, new: Array(text.utf8))))
        }
    }

    /// A file that others fill: of one that is there, only owner and mode are put right.
    ///
    /// `ids` are the owner's, as far as there are such a user and group.
    mutating func emptyFile(_ path: String, mode: UInt32, owner: String, group: String, ids: FileOwner?) {
        let file = SetupFile(path, old: nil, new: [], mode: mode, owner: owner, group: group)
        guard let standing = FileManager.default.standing(of: path) else { return steps.append(.file(file)) }
        if standing.mode == mode, standing.owner == ids {
            present.append(path)
        } else {
            steps.append(.standing(file))
        }
    }

    /// Always: keys that are fresh are left as they are by the refresh itself.
    mutating func keySets(_ folder: String, providers: [String]) {
        steps.append(.keySets(folder, providers: providers))
    }
}

/// The files of a host that have no other place in a checkout than here, and in scripts/package.d.
enum HostTexts {
    static let heading = "# Made by \"pair host setup\"; \"pair host remove\" takes it away.\n"

    /// As scripts/package.d/tmpfiles.conf has it.
    static func temporaryFiles(_ places: HostPlaces) -> String {
        heading + """
            d \(places.run) 0755 root root -
            f \(places.refreshWanted) 0660 root \(HostPlaces.user) -

            """
    }

    static func cron(pair: String, makesFolder run: String?) -> String {
        let boot = run.map { run in
            "@reboot root install -d \(run) && install -m 660 -g \(HostPlaces.user) /dev/null \(run)/refresh-wanted\n"
        }
        return heading + (boot ?? "") + "* * * * * root \(pair) host refresh --if-due --if-wanted --quiet\n"
    }
}
