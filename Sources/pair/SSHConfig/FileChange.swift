import Encodings
import Foundation
import HostFiles

/// What is to become of one file.
struct FileChange: Equatable {
    /// Of the file itself, behind any link.
    let path: String
    /// `nil` where there is no such file.
    let old: [UInt8]?
    /// `nil` where there is to be none.
    let new: [UInt8]?

    /// Whether there is nothing to do.
    var isEmpty: Bool { old == new }

    /// Makes it, in one step: whoever reads the file meanwhile sees the old one or the new one.
    ///
    /// The file keeps its permission bits, owner and group; a new one is the person's alone.
    /// - Throws: A `Failure` where the file is no longer as it was read, or is somebody else's; a `FileFault`.
    func make() throws {
        guard !isEmpty else { return }
        guard try FileChange.contents(of: path) == old else { throw Failure.changed(path) }
        guard let new else {
            try removeFile(at: path)
            return
        }
        guard old != nil else {
            try replaceFile(at: path, with: new, mode: 0o600)
            return
        }
        let manager = FileManager.default
        let before = try manager.attributesOfItem(atPath: path)
        let owner = Owner(before)
        guard geteuid() == 0 || owner.user == geteuid() else { throw Failure.foreign(path, uid: owner.user) }
        let mode = (before[.posixPermissions] as? NSNumber)?.uint32Value ?? 0o600
        // Nobody else's until it is who it was's.
        try replaceFile(at: path, with: new, mode: mode & 0o700)
        if try Owner(manager.attributesOfItem(atPath: path)) != owner {
            try manager.setAttributes(
                [.ownerAccountID: NSNumber(value: owner.user), .groupOwnerAccountID: NSNumber(value: owner.group)],
                ofItemAtPath: path)
        }
        try manager.setAttributes([.posixPermissions: NSNumber(value: mode)], ofItemAtPath: path)
    }

    /// The bytes of the regular file at `path`, `nil` where there is none.
    static func contents(of path: String) throws -> [UInt8]? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        guard attributes[.type] as? FileAttributeType == .typeRegular else { throw Failure.notRegular(path) }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw Failure.unreadable(path, error)
        }
    }

    /// Where the links at `path` lead in the end, which need not exist; `path` itself where it is none.
    static func target(of path: String) throws -> String {
        var path = path
        // The kernel gives up as early: path_resolution(7).
        for _ in 0..<40 {
            guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return path }
            path = link.hasPrefix("/") ? link : (path as NSString).deletingLastPathComponent + "/" + link
        }
        throw Failure.loop(path)
    }
}

/// Whose a file is.
private struct Owner: Equatable {
    let user: UInt32
    let group: UInt32

    init(_ attributes: [FileAttributeKey: Any]) {
        user = (attributes[.ownerAccountID] as? NSNumber)?.uint32Value ?? geteuid()
        group = (attributes[.groupOwnerAccountID] as? NSNumber)?.uint32Value ?? getegid()
    }
}

extension Failure {
    fileprivate static func changed(_ path: String) -> Failure {
        Failure(
            description: "\(shown(path)): changed while it was worked on",
            advice: "See that no editor has it open, and try again.")
    }

    fileprivate static func foreign(_ path: String, uid: UInt32) -> Failure {
        Failure(
            description: "\(shown(path)): belongs to uid \(uid), and would belong to you afterwards",
            advice: "Write `\(SSHConfigFile.line)` into its first line yourself.")
    }

    fileprivate static func notRegular(_ path: String) -> Failure {
        Failure(description: "\(shown(path)): not a regular file", advice: "Put a file there, or nothing.")
    }

    fileprivate static func unreadable(_ path: String, _ error: any Error) -> Failure {
        Failure(
            description: "\(shown(path)): cannot be read: \(error.localizedDescription)",
            advice: "See that it is a file that you may read.")
    }

    fileprivate static func loop(_ path: String) -> Failure {
        Failure(description: "\(shown(path)): a link that leads to itself", advice: "Mend the link.")
    }
}
