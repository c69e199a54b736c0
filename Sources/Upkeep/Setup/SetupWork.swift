public import Encodings
internal import Foundation
public import HostFiles
internal import Policy

/// Does what set-up plans, a step at a time, and undoes it.
final class SetupWork {
    let surroundings: SetupSurroundings
    let journal: Journal
    var record: SetupRecord
    /// How the running sshd is reached, and whether it has been told something since.
    private var reload: SSHDReload?
    private var hasReloaded: Bool

    private var programs: any Programs { surroundings.programs }

    /// Nothing is done yet.
    /// - Parameters:
    ///   - surroundings: The host.
    ///   - reload: How the running sshd is reached.
    ///   - hasReloaded: Whether sshd may have read what is undone; so after a set-up that never ended.
    /// - Throws: `.journal`.
    init(_ surroundings: SetupSurroundings, reload: SSHDReload?, hasReloaded: Bool = false) throws {
        self.surroundings = surroundings
        self.reload = reload
        self.hasReloaded = hasReloaded
        journal = try Journal(in: surroundings.places.state)
        record = try SetupRecord(in: surroundings.places.state)
    }

    /// Stops here where somebody wants it to.
    func pass(_ point: String) throws {
        if surroundings.isInterrupted() { throw SetupError.interrupted }
        try surroundings.willPass(point)
    }

    // MARK: - Doing

    func take(_ step: SetupStep) async throws {
        try pass("before \(step)")
        switch step {
        case .user(let name, let command):
            try journal.note(.removeUser(name))
            try run(command)
            guard try LocalLogin.named(name, by: programs) != nil else { throw SetupError.loginMissing(name) }
            record.add(step, isNew: true)
        case .folder(let path, let mode): try take(step, folder: path, mode: mode)
        case .file(let file): try write(file, step)
        case .standing(let file):
            guard let standing = FileManager.default.standing(of: file.path) else {
                throw SetupError.changed(file.path)
            }
            try noteAttributes(of: file.path, standing)
            try FileManager.default.setOwner(owner(of: file), of: file.path)
            try FileManager.default.setMode(file.mode, of: file.path)
        case .removal(let path):
            try noteFile(path)
            _ = try removeFile(at: path)
            record.add(step, isNew: false)
        case .keySets(let folder, _):
            try journal.note(.removeNew(folder, known: Self.contents(of: folder)))
            try await surroundings.fetchKeySets()
        case .command(let command, let undo):
            try journal.note(.run(undo))
            try run(command)
            record.add(step, isNew: true)
        case .reload:
            hasReloaded = true
            try reload?.carryOut(by: programs)
        }
        try pass("after \(step)")
    }

    private func take(_ step: SetupStep, folder path: String, mode: UInt32) throws {
        if let standing = FileManager.default.standing(of: path) {
            try noteAttributes(of: path, standing)
        } else {
            try journal.note(.removeFolder(path))
            record.add(step, isNew: true)
        }
        try makeFolder(path, mode: mode)
        try FileManager.default.setMode(mode, of: path)
        try FileManager.default.setOwner(surroundings.root, of: path)
    }

    private func write(_ file: SetupFile, _ step: SetupStep) throws {
        guard try existingFile(file.path) == file.old else { throw SetupError.changed(file.path) }
        try noteFile(file.path)
        let (folder, name) = Self.split(file.path)
        // What is there keeps its owner and mode.
        let standing = FileManager.default.standing(of: file.path)
        guard (standing == nil) == (file.old == nil) else { throw SetupError.changed(file.path) }
        try OpenFolder(folder, ownedBy: .any)
            .replace(name, with: file.new, mode: standing?.mode ?? file.mode, owner: standing?.owner ?? owner(of: file))
        record.add(step, isNew: file.old == nil)
    }

    private func owner(of file: SetupFile) throws -> FileOwner {
        guard file.owner != "root" || file.group != "root" else { return surroundings.root }
        let user = file.owner == "root" ? nil : try LocalLogin.named(file.owner, by: programs)
        guard file.owner == "root" || user != nil else { throw SetupError.loginMissing(file.owner) }
        let group = file.group == "root" ? 0 : try LocalLogin.group(file.group, by: programs)
        // Not every system has a group `adm`: there root alone reads the log.
        return FileOwner(user: user?.uid ?? surroundings.root.user, group: group ?? surroundings.root.group)
    }

    private func noteFile(_ path: String) throws {
        let bytes = try existingFile(path)
        let standing = FileManager.default.standing(of: path)
        // Noted as absent, it would be removed when this is undone.
        guard (standing == nil) == (bytes == nil) else { throw SetupError.changed(path) }
        try journal.note(
            .restore(
                path, bytes: bytes.map { Data($0) }, mode: standing?.mode ?? 0,
                user: standing?.owner.user ?? 0, group: standing?.owner.group ?? 0))
    }

    private func noteAttributes(of path: String, _ standing: (mode: UInt32, owner: FileOwner)) throws {
        try journal.note(
            .attributes(path, mode: standing.mode, user: standing.owner.user, group: standing.owner.group))
    }

    private func run(_ command: [String]) throws {
        let result = try programs.run(command)
        guard result.status == 0 else {
            throw SetupError.command(command, status: result.status, said: result.lastWords)
        }
    }

    /// Writes down what was made; undone with all the rest.
    func writeRecord() throws {
        let path = "\(surroundings.places.state)/\(SetupRecord.name)"
        try noteFile(path)
        try replaceFile(at: path, with: try record.bytes, mode: 0o600)
    }

    // MARK: - Undoing

    /// Undoes all that the journal has.
    /// - Returns: What could not be undone.
    func undo() -> [String] { journal.undo(undo) }

    private func undo(_ undoing: Undoing) throws {
        let manager = FileManager.default
        switch undoing {
        case .removeUser(let name):
            try removeUser(name)
        case .removeFolder(let path): try removeEmptyFolder(path)
        case .attributes(let path, let mode, let user, let group):
            guard manager.standing(of: path) != nil else { return }
            try manager.setOwner(FileOwner(user: user, group: group), of: path)
            try manager.setMode(mode, of: path)
        case .restore(let path, nil, _, _, _):
            try removeLeftovers(of: path)
            _ = try removeFile(at: path)
        case .restore(let path, let bytes?, let mode, let user, let group):
            try removeLeftovers(of: path)
            let (folder, name) = Self.split(path)
            try OpenFolder(folder, ownedBy: .any)
                .replace(name, with: Array(bytes), mode: mode, owner: FileOwner(user: user, group: group))
        case .removeNew(let folder, let known):
            // The deepest first: a folder goes after what is in it.
            for path in Self.contents(of: folder).reversed() where !known.contains(path) {
                try manager.removeItem(atPath: "\(folder)/\(path)")
            }
        case .run(let command): try run(command)
        case .reload: if hasReloaded { try reload?.carryOut(by: programs) }
        }
    }

    /// Removes what was to take a file's place when set-up was killed; its folder could not go else.
    private func removeLeftovers(of path: String) throws(FileFault) {
        let (folder, name) = Self.split(path)
        do throws(FileFault) {
            try OpenFolder(folder, ownedBy: .any).removeLeftovers(of: [name])
        } catch .missing {
            // Nor is there anything in it.
        }
    }

    /// Removes a user, waiting for what still runs as them: `pair-authkeys` ends within five seconds.
    func removeUser(_ name: String) throws {
        guard try LocalLogin.named(name, by: programs) != nil else { return }
        let command = ["userdel", name]
        var result = try programs.run(command)
        for _ in 0..<24 where result.status == Self.isInUse {
            Thread.sleep(forTimeInterval: 0.25)
            result = try programs.run(command)
        }
        guard result.status == 0 else {
            throw SetupError.command(command, status: result.status, said: result.lastWords)
        }
    }

    /// What userdel(8) ends with while processes run as the user.
    private static let isInUse: Int32 = 8

    /// Removes a folder that is empty; what somebody else has put there stays, and so does the folder.
    func removeEmptyFolder(_ path: String) throws {
        guard FileManager.default.standing(of: path) != nil else { return }
        guard try FileManager.default.contentsOfDirectory(atPath: path).isEmpty else { throw SetupError.changed(path) }
        try FileManager.default.removeItem(atPath: path)
    }

    /// Everything in a folder, as paths from there, each folder before what is in it.
    static func contents(of folder: String) -> [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    static func split(_ path: String) -> (folder: String, name: String) {
        let name = String(path.split(separator: "/").last ?? "")
        return (String(path.dropLast(name.count + 1)), name)
    }
}

/// What set-up finds around it.
public struct SetupSurroundings: Sendable {
    let places: HostPlaces
    let programs: any Programs
    let files: any SSHDFiles
    let now: @Sendable () -> UnixTime
    let fetchKeySets: @Sendable () async throws -> Void
    let isInterrupted: @Sendable () -> Bool
    let willPass: @Sendable (String) throws -> Void
    /// Who root is; in tests perhaps somebody else.
    let root: FileOwner

    /// - Parameters:
    ///   - places: Where the parts of the host are.
    ///   - programs: What runs programs.
    ///   - files: sshd's files.
    ///   - now: This host's clock.
    ///   - fetchKeySets: Fetches the keys of every provider of the pair.toml that has just been written.
    ///   - isInterrupted: Whether somebody wants to stop, asked between steps.
    ///   - willPass: Told before and after each step, so that a test can have it fail there.
    ///   - root: Who owns what set-up makes.
    public init(
        places: HostPlaces, programs: any Programs, files: any SSHDFiles, now: @escaping @Sendable () -> UnixTime,
        fetchKeySets: @escaping @Sendable () async throws -> Void,
        isInterrupted: @escaping @Sendable () -> Bool = { false },
        willPass: @escaping @Sendable (String) throws -> Void = { _ in }, root: FileOwner = FileOwner(user: 0, group: 0)
    ) {
        self.places = places
        self.programs = programs
        self.files = files
        self.now = now
        self.fetchKeySets = fetchKeySets
        self.isInterrupted = isInterrupted
        self.willPass = willPass
        self.root = root
    }

    /// The bytes of a file, `nil` where there is none.
    func contents(of path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { Array($0) } }
}
