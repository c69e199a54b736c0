internal import Encodings
internal import Foundation
internal import HostFiles
internal import Policy

/// Takes a host to where people log in with their organisation's sign-in, or leaves it as it was.
public struct HostSetup: Sendable {
    let surroundings: SetupSurroundings

    /// A set-up; nothing is looked at yet.
    public init(in surroundings: SetupSurroundings) {
        self.surroundings = surroundings
    }

    /// How it went.
    public struct Outcome: Sendable {
        /// What was done, in order.
        public let steps: [SetupStep]
        /// What the trial login showed; `nil` where none was wanted.
        public let trial: TrialOutcome?
        /// For how many logins was checked what is in force.
        public let checkedLogins: Int
    }

    private var places: HostPlaces { surroundings.places }

    /// Finds out what is to be done, and changes nothing.
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - administrators: The logins of whoever looks after the host.
    /// - Returns: The steps, and what an admin should know before they are taken.
    /// - Throws: `SetupError`, or what an edit of members throws.
    public func plan(_ request: SetupRequest, administrators: [String]) throws -> SetupPlan {
        try SetupPlanning(surroundings: surroundings, request: request, administrators: administrators).plan()
    }

    /// Whether an earlier set-up never came to its end, so that what it did is to be undone.
    public var isCutShort: Bool { surroundings.contents(of: "\(places.state)/\(Journal.name)") != nil }

    /// Undoes what an earlier set-up did that never came to its end.
    /// - Throws: `.notUndone`, and what keeps it from being tried.
    public func undoCutShort() throws {
        let lock = try lock()
        let sshd = SSHD(configurationPath: places.sshdConfiguration, by: surroundings.programs)
        let pidFile = try? sshd.settings().pidFile
        let reload = try SSHDReload(places: places, pidFile: pidFile ?? "/run/sshd.pid", by: surroundings.programs)
        let failures = try SetupWork(surroundings, reload: reload, hasReloaded: true).undo()
        try TrialLogin.endLeftover(of: places)
        try FileManager.default.removeFolder("\(places.state)/copy")
        // Unless an earlier set-up came to its end, there was no such folder.
        if surroundings.contents(of: "\(places.state)/\(SetupRecord.name)") == nil { try abandon(consume lock) }
        guard failures.isEmpty else { throw SetupError.notUndone("an earlier set-up was cut short", failures) }
    }

    /// Does what is planned; where anything fails, undoes it all.
    /// - Parameters:
    ///   - plan: Of this host, as it is.
    ///   - wantsTrial: Whether somebody logs in on trial before sshd changes.
    ///   - progress: Told what is being done.
    /// - Returns: What was done.
    /// - Throws: Why it failed; the host is as it was, unless the error is `.notUndone`.
    public func carryOut(
        _ plan: SetupPlan, wantsTrial: Bool, progress: (String) -> Void = { _ in }
    ) async throws -> Outcome {
        let isNew = FileManager.default.standing(of: places.state) == nil
        if isNew { try makeFolder(places.state, mode: 0o755) }
        let lock: FileLock
        do throws(LockFault) { lock = try self.lock() } catch { throw SetupError.lock(error) }
        let work = try SetupWork(surroundings, reload: plan.reload)
        do {
            let outcome = try await carryOut(plan, wantsTrial, work, progress)
            try work.writeRecord()
            try work.journal.close()
            return outcome
        } catch {
            progress("Undoing")
            let failures = work.undo()
            if isNew { try? abandon(consume lock) }
            guard failures.isEmpty else { throw SetupError.notUndone("\(error)", failures) }
            throw error
        }
    }

    private func carryOut(
        _ plan: SetupPlan, _ wantsTrial: Bool, _ work: SetupWork, _ progress: (String) -> Void
    ) async throws -> Outcome {
        for step in plan.preparation {
            progress("\(step)")
            try await work.take(step)
        }
        progress("Asking pair-authkeys")
        try work.pass("the helper")
        try checkHelper(plan)
        progress("Checking a copy of sshd's configuration")
        try work.pass("the copy")
        let check = EffectiveCheck(plan: plan, surroundings: surroundings)
        let expected = try check.ofCopy()
        var trial: TrialOutcome?
        if wantsTrial, let login = plan.concerned.first(where: { $0.name == plan.trialLogin }) {
            progress("Logging in on trial as \(login.name)")
            try work.pass("the trial login")
            trial = try TrialLogin(
                login: login, sshd: SystemPrograms.path(of: "sshd") ?? "/usr/sbin/sshd", places: places,
                programs: surroundings.programs, files: surroundings.files, dropIn: plan.dropIn, place: plan.place,
                expiryTime: plan.expiryTime
            ).run()
        }
        if plan.activation.contains(where: { if case .reload = $0 { true } else { false } }) {
            try work.journal.note(.reload)
        }
        for step in plan.activation {
            if case .reload = step {
                progress("Checking what is in force")
                try work.pass("what is in force")
                try check.ofHost(expected)
            }
            progress("\(step)")
            try await work.take(step)
        }
        try check.ofHost(expected)
        try work.pass("the end")
        work.record.dropIn = plan.dropInPath
        return Outcome(
            steps: plan.steps, trial: trial, checkedLogins: expected.count)
    }

    /// Has `pair-authkeys` read the configuration as the user that sshd runs it as.
    private func checkHelper(_ plan: SetupPlan) throws {
        var command = [
            plan.dropIn.program, "--user", plan.trialLogin, "--key", "AAAA", "--json", "--config",
            places.configuration,
        ]
        if SystemPrograms.path(of: "setpriv") != nil {
            let user = "--reuid=\(HostPlaces.user)"
            command = ["setpriv", user, "--regid=\(HostPlaces.user)", "--clear-groups"] + command
        }
        let result = try surroundings.programs.run(command)
        // 1 is what it should say of no key at all; 2 is a fault.
        guard result.status != 1 else { return }
        let detail = (try? JSON(parsing: result.output))?.object?["detail"]?.text
        if let detail { throw SetupError.helperFault(detail.string) }
        throw SetupError.helper(plan.dropIn.program, why: "ended with \(result.status), said \(result.lastWords)")
    }

    private func lock() throws(LockFault) -> FileLock {
        let folder: OpenFolder
        do throws(FileFault) { folder = try OpenFolder(places.state, ownedBy: .any) } catch { throw .file(error) }
        return try FileLock("setup.lock", in: folder, waitingFor: .zero)
    }

    /// Removes the folder that this has made.
    private func abandon(_ lock: consuming FileLock) throws {
        try lock.delete()
        try? FileManager.default.removeFolder("\(places.state)/trial")
        guard try FileManager.default.contentsOfDirectory(atPath: places.state).isEmpty else { return }
        try FileManager.default.removeItem(atPath: places.state)
    }
}

/// Compares what sshd says is in force with what set-up wants.
struct EffectiveCheck {
    let plan: SetupPlan
    let surroundings: SetupSurroundings

    private var places: HostPlaces { surroundings.places }

    /// Checks a copy of the configuration as it will be.
    /// - Returns: What will be in force, for each login.
    func ofCopy() throws -> [String: SSHDSettings] {
        let folder = "\(places.state)/copy"
        try FileManager.default.removeFolder(folder)
        // Before it is made: that may fail when the folder is there already.
        defer { try? FileManager.default.removeFolder(folder) }
        try makeFolder(folder, mode: 0o700)
        let copy = try StagedConfiguration(
            of: places.sshdConfiguration, with: (plan.place.path, plan.dropIn.text), without: plan.place.former,
            from: surroundings.files, in: folder, startingWith: [])
        let sshd = SSHD(configurationPath: copy.path, by: surroundings.programs)
        try sshd.check()
        let configuration = SSHDConfiguration(copy.path, from: surroundings.files)
        var settings: [String: SSHDSettings] = [:]
        for login in plan.concerned {
            let found = try sshd.settings(for: login.name)
            try judge(found, login.name, configuration, copy.originals)
            settings[login.name] = found
        }
        return settings
    }

    /// Checks the configuration itself: what is in force must be what was expected.
    func ofHost(_ expected: [String: SSHDSettings]) throws {
        let sshd = SSHD(configurationPath: places.sshdConfiguration, by: surroundings.programs)
        try sshd.check()
        let configuration = SSHDConfiguration(places.sshdConfiguration, from: surroundings.files)
        for login in plan.concerned {
            let found = try sshd.settings(for: login.name)
            try judge(found, login.name, configuration, [:])
            let differences = expected[login.name].map { found.differences(from: $0) } ?? []
            guard differences.isEmpty else { throw SetupError.trial(.copyDiffers(differences.map(\.string))) }
        }
    }

    private func judge(
        _ settings: SSHDSettings, _ login: String, _ configuration: SSHDConfiguration, _ originals: [String: String]
    ) throws {
        func place(_ keyword: Text, _ value: Text) -> String? {
            configuration.origin(of: keyword, value: value).map { setting in
                originals[setting.file].map { "\($0):\(setting.line)" } ?? setting.place
            }
        }
        for (keyword, value) in plan.dropIn.values {
            let found = settings.values(of: keyword).first ?? "none"
            guard found == value else {
                throw SetupError.displaced(
                    login: login, keyword: keyword.string, value: found.string, by: place(keyword, found))
            }
        }
        guard settings.allowsKeys else {
            throw SetupError.keysOff(login: login, by: place("pubkeyauthentication", "no"))
        }
    }
}
