internal import Encodings
internal import Foundation
internal import HostFiles

/// The bytes of a file, `nil` where there is none: one that cannot be read is there, and nothing is put in its place.
/// - Throws: `FileFault`.
func existingFile(_ path: String) throws(FileFault) -> [UInt8]? {
    let (folder, name) = SetupWork.split(path)
    do throws(FileFault) {
        return try OpenFolder(folder, ownedBy: .any).read(name, limit: 1 << 26, ownedBy: .any)
    } catch .missing {
        return nil
    }
}

/// How one thing that set-up did is undone.
enum Undoing: Codable, Equatable {
    case removeUser(String)
    /// Where it is empty.
    case removeFolder(String)
    case attributes(String, mode: UInt32, user: UInt32, group: UInt32)
    /// A file as it was; without bytes, none.
    case restore(String, bytes: Data?, mode: UInt32, user: UInt32, group: UInt32)
    /// Whatever is in a folder and is not in the list, as paths from there.
    case removeNew(String, known: [String])
    case run([String])
    case reload
}

/// What was done so far, written down before it is done, so that it can be undone even after the power has gone.
final class Journal {
    static let name = "setup.journal"

    private let folder: String
    private(set) var entries: [Undoing]

    /// An empty one, or the one that a set-up which never ended has left.
    init(in folder: String) throws {
        self.folder = folder
        guard let bytes = try existingFile("\(folder)/\(Self.name)") else {
            entries = []
            return
        }
        do {
            entries = try JSONDecoder().decode([Undoing].self, from: Data(bytes))
        } catch {
            throw SetupError.journal("\(folder)/\(Self.name)")
        }
    }

    /// Notes what will undo the thing that is about to be done.
    func note(_ undoing: Undoing) throws {
        entries.append(undoing)
        try write()
    }

    /// Undoes everything, the last thing first.
    /// - Parameter body: Undoes one.
    /// - Returns: What could not be undone.
    func undo(_ body: (Undoing) throws -> Void) -> [String] {
        var failures: [String] = []
        while let last = entries.popLast() {
            do { try body(last) } catch { failures.append("\(error)") }
            // One that was undone twice stays undone.
            try? write()
        }
        try? close()
        return failures
    }

    /// Forgets everything: it is to stay.
    ///
    /// Where that fails, nothing is forgotten, so that it can be undone.
    func close() throws {
        _ = try removeFile(at: "\(folder)/\(Self.name)")
        entries = []
    }

    private func write() throws {
        try replaceFile(
            at: "\(folder)/\(Self.name)", with: Array(try JSONEncoder().encode(entries)), mode: 0o600)
    }
}

/// What set-up has made on this host and `pair host remove` may take away.
struct SetupRecord: Codable, Equatable {
    static let name = "setup.json"

    var version = 1
    /// The user that did not exist before.
    var user: String?
    /// Folders that did not exist before, in the order in which they were made.
    var folders: [String] = []
    /// Files that did not exist before.
    var files: [String] = []
    /// The drop-in.
    var dropIn: String?
    /// What takes back the commands that were run, in their order.
    var undo: [[String]] = []

    /// The record of an earlier set-up; an empty one where there is none.
    init(in folder: String) throws {
        guard let bytes = try existingFile("\(folder)/\(Self.name)") else { return }
        do {
            self = try JSONDecoder().decode(SetupRecord.self, from: Data(bytes))
        } catch {
            throw SetupError.journal("\(folder)/\(Self.name)")
        }
    }

    init() {}

    /// Its file.
    var bytes: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(self)) + [0x0A]
        }
    }

    /// Notes what `step` makes, where nothing of the kind was there before.
    mutating func add(_ step: SetupStep, isNew: Bool) {
        func append(_ item: String, to list: WritableKeyPath<SetupRecord, [String]>) {
            if isNew, !self[keyPath: list].contains(item) { self[keyPath: list].append(item) }
        }
        switch step {
        case .user(let name, _): if isNew { user = name }
        case .folder(let path, _): append(path, to: \.folders)
        case .file(let file): append(file.path, to: \.files)
        case .removal(let path): files.removeAll { $0 == path }
        case .command(_, let command): if !undo.contains(command) { undo.append(command) }
        case .standing, .keySets, .reload: break
        }
    }
}
