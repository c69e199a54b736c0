import Foundation
import HostFiles
import Testing

@testable import Upkeep

/// What set-up knows of what it did, where its files cannot be read.
@Suite("What set-up has written down") struct JournalTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-journal-\(UUID())").path

    /// A folder in the file's place cannot be read, root or not.
    private func unreadable(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        return "\(folder)/\(name)"
    }

    @Test("a journal that cannot be read is not an empty one: what it would undo would be forgotten")
    func journal() throws {
        let path = try unreadable(Journal.name)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: FileFault.notRegular(path, .directory)) { _ = try Journal(in: folder) }
    }

    @Test("a record that cannot be read is not an empty one: what it made would never be removed")
    func record() throws {
        let path = try unreadable(SetupRecord.name)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: FileFault.notRegular(path, .directory)) { _ = try SetupRecord(in: folder) }
    }

    @Test("where there is none, or no folder for it, nothing has been done")
    func none() throws {
        #expect(try Journal(in: folder).entries.isEmpty)
        #expect(try SetupRecord(in: folder) == SetupRecord())
        #expect(try existingFile("\(folder)/members") == nil)
    }

    @Test("a journal that cannot be removed still undoes what it has")
    func unremovable() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let journal = try Journal(in: folder)
        try journal.note(.removeUser("_pair"))
        try FileManager.default.removeItem(atPath: "\(folder)/\(Journal.name)")
        let path = try unreadable(Journal.name)
        #expect(throws: FileFault.notRegular(path, .directory)) { try journal.close() }
        var undone: [Undoing] = []
        _ = journal.undo { undone.append($0) }
        #expect(undone == [.removeUser("_pair")])
    }
}
