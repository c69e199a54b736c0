internal import Encodings
internal import Glibc

/// Whom we trust to have written a file, and the directories above it.
public enum Ownership: Sendable, Equatable {
    /// Root alone.
    case root
    /// Root, or this user: for an admin who tries out files of their own.
    case rootOr(uid: UInt32)
    /// Anybody: for fixtures in a checkout. A FIFO or a directory is refused all the same.
    case any
}

/// Linux's O_PATH, which the C library shows to GNU sources only (fcntl.h; the same number on every machine Swift runs on).
private let openPath: CInt = 0o10_000_000

/// A regular file opened for reading under a rule, and how it looked then.
struct OpenFile: ~Copyable {
    let descriptor: Descriptor
    let path: String
    private let folder: Descriptor
    private let name: String
    private let before: Status

    var size: Int64 { before.size }

    var modified: UnixTime { UnixTime(seconds: before.modified.seconds) }

    init(_ path: String, ownedBy rule: Ownership) throws(FileFault) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .pathMalformed(path) }
        let components = OpenFile.components(of: path)
        guard let name = components.last else { throw .notRegular(path, .directory) }
        let folder = try rule == .any ? OpenFile.anyFolder(of: path) : OpenFile.walk(path, components.dropLast(), rule)
        let descriptor = try OpenFile.openFile(name, in: folder, at: path)
        let before = try descriptor.status(at: path)
        guard before.kind == .regular else { throw .notRegular(path, before.kind) }
        try rule.judge(before, at: path)
        self.path = path
        self.name = name
        self.folder = folder
        self.descriptor = descriptor
        self.before = before
    }

    private static func components(of path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The file `name` of `folder`, which stands at `path`, opened for reading without waiting and without following a link.
    static func openFile(
        _ name: String, in folder: borrowing Descriptor, at path: String
    ) throws(FileFault) -> Descriptor {
        do throws(FileFault) {
            // Not blocking: to open a FIFO would otherwise wait for a writer.
            return try folder.open(name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY, at: path)
        } catch {
            // A link (ELOOP) and a socket (ENXIO) do not open: better to say what it is.
            if let kind = folder.status(of: name)?.kind, kind != .regular { throw .notRegular(path, kind) }
            throw error
        }
    }

    /// What has happened to it since it was opened.
    enum Change {
        case none
        /// Another stands at the path; what was read of this one is whole.
        case replaced
        /// Nothing stands at the path, or this one was written: what was read may be half of each.
        case gone, written
    }

    /// What has happened to the file, and at its path, since it was opened.
    var change: Change {
        guard let now = try? descriptor.status(at: path), (now.size, now.modified) == (before.size, before.modified)
        else { return .written }
        guard let there = folder.status(of: name) else { return .gone }
        return (there.device, there.inode) == (before.device, before.inode) ? .none : .replaced
    }

    /// The directory that `components` of `path` lead to, none on the way from `/` a link and each as `rule` wants it.
    private static func walk(
        _ path: String, _ components: ArraySlice<String>, _ rule: Ownership
    ) throws(FileFault) -> Descriptor {
        var components = components
        if !path.utf8.starts(with: "/".utf8) {
            // A relative path begins where the process stands, and the way there counts too.
            components = OpenFile.components(of: try currentFolder()) + components
        }
        let flags = openPath | O_NOFOLLOW | O_DIRECTORY
        let number = retrying { unsafe Glibc.open("/", flags | O_CLOEXEC) }
        guard number >= 0 else { throw fault(errno, call: "open", "/") }
        var folder = Descriptor(owning: number)
        try rule.judge(folder.status(at: "/"), at: "/")
        var passed = ""
        for component in components where component != "." {
            passed += "/" + component
            let next: Descriptor
            do throws(FileFault) {
                next = try folder.open(component, flags, at: passed)
            } catch {
                if let kind = folder.status(of: component)?.kind, kind != .directory {
                    throw .notDirectory(passed, kind)
                }
                throw error
            }
            try rule.judge(next.status(at: passed), at: passed)
            folder = next
        }
        return folder
    }

    /// The directory that holds `path`, links and all.
    private static func anyFolder(of path: String) throws(FileFault) -> Descriptor {
        let parent = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "."
        let number = retrying { unsafe Glibc.open(parent, openPath | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0 else { throw fault(errno, call: "open", parent) }
        return Descriptor(owning: number)
    }
}

extension Ownership {
    /// Root, or the user that this process acts as.
    public static var rootOrSelf: Ownership { .rootOr(uid: geteuid()) }

    /// Refuses what somebody other than those we trust could write to.
    func judge(_ status: Status, at path: String) throws(FileFault) {
        switch self {
        case .any: return
        case .root: guard status.owner == 0 else { throw .foreignOwner(path, uid: status.owner) }
        case .rootOr(let uid):
            guard status.owner == 0 || status.owner == uid else { throw .foreignOwner(path, uid: status.owner) }
        }
        // A sticky directory such as /tmp still lets everybody put a file where we look for ours.
        guard status.mode & 0o022 == 0 else { throw .writableByOthers(path, mode: status.mode & 0o7777) }
    }
}

/// The directory that the process stands in.
private func currentFolder() throws(FileFault) -> String {
    guard let path = unsafe getcwd(nil, 0) else { throw fault(errno, call: "getcwd", ".") }
    defer { unsafe free(path) }
    return unsafe String(cString: path)
}
