internal import Encodings
internal import Foundation
internal import HostFiles

/// Takes back what set-up made: sshd first, so that it goes by its other files again.
public struct HostRemoval: Sendable {
    let surroundings: SetupSurroundings

    /// A removal; nothing is looked at yet.
    public init(in surroundings: SetupSurroundings) {
        self.surroundings = surroundings
    }

    /// What is to be taken back.
    public struct Plan: Sendable {
        /// What changes sshd, in order.
        public let deactivation: [SetupStep]
        /// What takes back commands.
        public let commands: [[String]]
        /// Files and folders that go, each file before its folder.
        public let paths: [String]
        /// The user that goes; `nil` for none.
        public let user: String?
        /// Keys in logins' own files that count again.
        public let letIn: [SetupPlan.ShutOut]
        /// What stays, and would go with --purge.
        public let kept: [String]

        /// Whether there is nothing to do.
        public var isEmpty: Bool { deactivation.isEmpty && commands.isEmpty && paths.isEmpty && user == nil }

        let reload: SSHDReload
        let record: SetupRecord
    }

    private var places: HostPlaces { surroundings.places }

    /// Finds out what is to be done, and changes nothing.
    /// - Parameter purge: Whether the policy, the log, the key sets and the user go too.
    /// - Returns: The steps.
    /// - Throws: `.nothingMade`, and what sshd says.
    public func plan(purge: Bool) throws -> Plan {
        let record = try SetupRecord(in: places.state)
        let sshd = SSHD(configurationPath: places.sshdConfiguration, by: surroundings.programs)
        let configuration = SSHDConfiguration(places.sshdConfiguration, from: surroundings.files)
        let dropIns = configuration.files.filter { surroundings.contents(of: $0).map { DropIn.isOurs($0) } ?? false }
        guard record != SetupRecord() || !dropIns.isEmpty else { throw SetupError.nothingMade }
        let reload = try SSHDReload(places: places, pidFile: try? sshd.settings().pidFile, by: surroundings.programs)
        var deactivation: [SetupStep] = []
        for path in dropIns {
            guard let bytes = surroundings.contents(of: path) else { continue }
            // Somebody's own lines are in it: they are kept, where sshd does not read them.
            if DropIn(parsing: bytes) == nil {
                let copy = "\(path).removed"
                deactivation.append(
                    .file(SetupFile(copy, old: surroundings.contents(of: copy), new: bytes)))
            }
            deactivation.append(.removal(path))
        }
        if !dropIns.isEmpty, let command = reload.command {
            deactivation.append(.reload(command.joined(separator: " ")))
        }
        let (paths, kept) = paths(record, purge: purge, dropIns: dropIns)
        return Plan(
            deactivation: deactivation, commands: record.undo.reversed() + watchCommands(paths), paths: paths,
            user: purge ? record.user : nil, letIn: try letIn(dropIns), kept: kept, reload: reload, record: record)
    }

    /// What stops the watch of a fleet's policy where pair.toml goes: it would put the next one in its place still.
    private func watchCommands(_ gone: [String]) -> [[String]] {
        guard gone.contains(places.configuration), FileManager.default.fileExists(atPath: places.systemd),
            places.units.contains(where: { FileManager.default.fileExists(atPath: "\($0)/\(WatchFacts.unit)") })
        else { return [] }
        return [["systemctl", "disable", "--now", WatchFacts.unit]]
    }

    /// Files before their folders; of the policy's, log's and caches' folders everything.
    private func paths(_ record: SetupRecord, purge: Bool, dropIns: [String]) -> (gone: [String], kept: [String]) {
        let lasting = [places.policy, places.log]
        func isLasting(_ path: String) -> Bool { lasting.contains { "\(path)/".hasPrefix("\($0)/") } }
        let there = (record.files + record.folders.reversed()).filter {
            FileManager.default.standing(of: $0) != nil && !dropIns.contains($0)
        }
        let gone = there.filter { purge || !isLasting($0) }
        let kept = there.filter { !purge && isLasting($0) }
        let applied = places.keptState.map { "\(places.state)/\($0)" }
        let isLeft = !gone.contains(places.configuration)
        return (gone, kept + (isLeft ? applied : []) + (purge ? [] : record.user.map { ["user \($0)"] } ?? []))
    }

    /// Keys that were shut out: what counts for each login without the drop-ins is for sshd to say.
    private func letIn(_ dropIns: [String]) throws -> [SetupPlan.ShutOut] {
        guard
            let dropIn = dropIns.lazy.compactMap({ surroundings.contents(of: $0) }).compactMap({
                DropIn(parsing: $0)
            }).first, dropIn.keyFiles != .kept
        else { return [] }
        return try LocalLogin.all(by: surroundings.programs).filter { dropIn.isFor($0.name) }.compactMap { login in
            let file = "\(login.home)/.ssh/authorized_keys"
            let count = surroundings.contents(of: file).map { keyCount($0) } ?? 0
            return count == 0 ? nil : SetupPlan.ShutOut(login: login.name, file: file, keys: count)
        }
    }

    /// Does what is planned.
    ///
    /// Where sshd does not take its configuration afterwards, that is put back, and nothing else is done.
    /// - Parameters:
    ///   - plan: Of this host, as it is.
    ///   - purge: As it was planned.
    /// - Returns: What could not be taken away, and why.
    /// - Throws: Why sshd's part failed; the host is as it was, unless the error is `.notUndone`.
    public func carryOut(_ plan: Plan, purge: Bool) async throws -> [String] {
        if FileManager.default.standing(of: places.state) == nil { try makeFolder(places.state, mode: 0o755) }
        let work = try SetupWork(surroundings, reload: plan.reload)
        do {
            try await deactivate(plan, work)
        } catch {
            let failures = work.undo()
            guard failures.isEmpty else { throw SetupError.notUndone("\(error)", failures) }
            throw error
        }
        try work.journal.close()
        var failures: [String] = []
        func attempt(_ body: () throws -> Void) {
            do { try body() } catch { failures.append("\(error)") }
        }
        for command in plan.commands {
            attempt {
                let result = try surroundings.programs.run(command)
                guard result.status == 0 else {
                    throw SetupError.command(command, status: result.status, said: result.lastWords)
                }
            }
        }
        for path in plan.paths { attempt { try remove(path, work) } }
        if let user = plan.user { attempt { try work.removeUser(user) } }
        attempt { try conclude(plan, purge: purge) }
        return failures
    }

    private func deactivate(_ plan: Plan, _ work: SetupWork) async throws {
        let sshd = SSHD(configurationPath: places.sshdConfiguration, by: surroundings.programs)
        if !plan.deactivation.isEmpty { try work.journal.note(.reload) }
        for step in plan.deactivation {
            if case .reload = step { try sshd.check() }
            try await work.take(step)
        }
        try sshd.check()
    }

    /// A folder of ours goes with all that pair has put there since; another one only where it is empty.
    private func remove(_ path: String, _ work: SetupWork) throws {
        let whole = [places.policy, places.log, places.cache, places.keySets, places.run]
        if whole.contains(path) { return try FileManager.default.removeFolder(path) }
        guard let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType else {
            return
        }
        if type == .typeDirectory { return try work.removeEmptyFolder(path) }
        _ = try removeFile(at: path)
    }

    /// Forgets what is gone; the rest can be purged later.
    private func conclude(_ plan: Plan, purge: Bool) throws {
        if purge {
            // As long as something names the policy that was applied, it is not ours to take.
            let isFollowed = FileManager.default.standing(of: places.configuration) != nil
            return try isFollowed ? places.removeState() : FileManager.default.removeFolder(places.state)
        }
        var record = plan.record
        let isThere = { (path: String) in FileManager.default.standing(of: path) != nil }
        record.files = record.files.filter(isThere)
        record.folders = record.folders.filter(isThere)
        record.dropIn = nil
        record.undo = []
        guard record != SetupRecord() else { return try places.removeState() }
        try replaceFile(at: "\(places.state)/\(SetupRecord.name)", with: try record.bytes, mode: 0o600)
    }
}

/// How many lines of an authorized_keys file have something on them.
func keyCount(_ bytes: [UInt8]) -> Int {
    bytes.split(separator: 0x0A).map { $0.drop { $0 == 0x20 || $0 == 0x09 } }
        .filter { !$0.isEmpty && $0.first != UInt8(ascii: "#") }.count
}
