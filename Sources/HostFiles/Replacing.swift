internal import Encodings
internal import Glibc

/// Whose a file is.
public struct FileOwner: Sendable, Hashable {
    /// The owner's uid.
    public let user: UInt32
    /// The group's gid.
    public let group: UInt32

    /// The user and group with these ids.
    public init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }
}

extension OpenFolder {
    /// The permission bits and the owner of what stands at `name`, a symbolic link as itself; `nil` where nothing does.
    /// - Throws: `.system` where that cannot be told: a file put in its place might else be readable to more.
    public func attributes(of name: String) throws(FileFault) -> (mode: UInt32, owner: FileOwner)? {
        try descriptor.standing(at: name, in: path(of: name)).map {
            ($0.mode & 0o7777, FileOwner(user: $0.owner, group: $0.group))
        }
    }

    /// Puts a file with `bytes` at `name`, in one step: a reader sees the old file or the new one, whole, even after the
    /// power has gone.
    ///
    /// Where it fails, the old file is as it was; only where the folder itself could not be synchronized (`fsync`) the new
    /// one stands there already, and might be gone after a power cut.
    /// - Parameters:
    ///   - name: Of a regular file, or of nothing so far.
    ///   - bytes: The whole file.
    ///   - mode: Its permission bits, whatever the process's umask; so from its first moment, under any name.
    ///   - owner: Whose it is to be once it stands there; `nil` for the process's own.
    /// - Throws: `.notRegular` where something else stands there, `.pathMalformed`, `.shortWrite`, `.system`.
    public func replace(
        _ name: String, with bytes: [UInt8], mode: UInt32, owner: FileOwner? = nil
    ) throws(FileFault) {
        let path = try checkedPath(of: name)
        // A link is left to whoever made it, instead of being replaced by a file.
        if let kind = try descriptor.standing(at: name, in: path)?.kind, kind != .regular {
            throw .notRegular(path, kind)
        }
        let temporary = leftoverName(of: name, mark: UInt64.random(in: .min ... .max))
        do throws(FileFault) {
            try write(bytes, toNew: temporary, mode: mode, owner: owner, at: path)
            guard unsafe renameat(descriptor.number, temporary, descriptor.number, name) == 0 else {
                throw fault(errno, call: "rename", path)
            }
        } catch {
            _ = unsafe unlinkat(descriptor.number, temporary, 0)
            throw error
        }
        try synchronize()
    }

    /// Removes the regular file `name`.
    /// - Returns: Whether there was one.
    /// - Throws: `.notRegular` where something else stands there, `.pathMalformed`, `.system`.
    @discardableResult
    public func remove(_ name: String) throws(FileFault) -> Bool {
        let path = try checkedPath(of: name)
        guard let kind = kind(of: name) else { return false }
        guard kind == .regular else { throw .notRegular(path, kind) }
        guard unsafe unlinkat(descriptor.number, name, 0) == 0 else {
            if errno == ENOENT { return false }
            throw fault(errno, call: "unlink", path)
        }
        try synchronize()
        return true
    }

    /// Removes what processes that died while they replaced one of `names` have left.
    ///
    /// The caller makes sure, by a lock, that no process is replacing one now.
    /// - Throws: `.notRegular`, `.system`.
    public func removeLeftovers(of names: [String]) throws(FileFault) {
        for found in try self.names() where names.contains(where: { isLeftover(found, of: $0) }) {
            try remove(found)
        }
    }

    private func write(
        _ bytes: [UInt8], toNew name: String, mode: UInt32, owner: FileOwner?, at path: String
    ) throws(FileFault) {
        let number = retrying {
            unsafe openat(
                descriptor.number, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode_t(mode))
        }
        guard number >= 0 else { throw fault(errno, call: "open", path) }
        let file = Descriptor(owning: number)
        if let owner {
            let now = try file.status(at: path)
            // Asked only where it is needed: a user may not give even what changes nothing.
            if FileOwner(user: now.owner, group: now.group) != owner, fchown(number, owner.user, owner.group) != 0 {
                throw fault(errno, call: "fchown", path)
            }
        }
        // The umask may have taken some.
        guard fchmod(number, mode_t(mode)) == 0 else { throw fault(errno, call: "fchmod", path) }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
                return retrying { unsafe Glibc.write(file.number, rest.baseAddress, rest.count) }
            }
            guard count >= 0 else { throw fault(errno, call: "write", path) }
            guard count > 0 else { throw .shortWrite(path, written: written, of: bytes.count) }
            written += count
        }
        guard fsync(file.number) == 0 else { throw fault(errno, call: "fsync", path) }
    }
}

/// The name that a file bears until it is whole: hidden, and the target's own with 16 hex digits.
private func leftoverName(of name: String, mark: UInt64) -> String {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: mark >> (8 * $0)) }
    return ".\(name).\(hex(bytes)).new"
}

private func isLeftover(_ found: String, of name: String) -> Bool {
    let (start, end) = (Array(".\(name).".utf8), Array(".new".utf8))
    let found = Array(found.utf8)
    guard found.count == start.count + 16 + end.count, found.starts(with: start) else { return false }
    let digits = found[start.count..<start.count + 16]
    return digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        && found.suffix(end.count).elementsEqual(end)
}

/// Puts a file with `bytes` at `path` in one step, as `OpenFolder.replace` does.
///
/// - Parameters:
///   - path: The folder above must exist; links on the way there are followed, and who owns it is the caller's word.
///   - bytes: The whole file.
///   - mode: Its permission bits, whatever the process's umask.
/// - Throws: `.missing` where there is no such folder; any `FileFault` of `OpenFolder.replace`.
public func replaceFile(at path: String, with bytes: [UInt8], mode: UInt32) throws(FileFault) {
    let (folder, name) = try split(path)
    try OpenFolder(folder, ownedBy: .any).replace(name, with: bytes, mode: mode)
}

/// Removes the regular file at `path`.
///
/// - Returns: Whether there was one; `false` too where there is no folder for it.
/// - Throws: any `FileFault` of `OpenFolder.remove`.
@discardableResult
public func removeFile(at path: String) throws(FileFault) -> Bool {
    let (folder, name) = try split(path)
    do throws(FileFault) {
        return try OpenFolder(folder, ownedBy: .any).remove(name)
    } catch .missing {
        return false
    }
}

/// Makes a folder at `path` where there is none, and those above it that are missing.
///
/// - Parameters:
///   - path: A link to a folder counts as one.
///   - mode: The permission bits of each that is made, whatever the process's umask; one that exists is left as it is.
/// - Throws: `.notDirectory` where something else stands there, `.pathMalformed`, `.system`.
public func makeFolder(_ path: String, mode: UInt32) throws(FileFault) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .pathMalformed(path) }
    var path = path
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    if let kind = fileKind(path) {
        guard kind == .directory else { throw .notDirectory(path, kind) }
        return
    }
    let (parent, name) = try split(path)
    try makeFolder(parent, mode: mode)
    let above = try OpenFolder(parent, ownedBy: .any)
    guard unsafe mkdirat(above.descriptor.number, name, mode_t(mode)) == 0 else {
        guard errno == EEXIST else { throw fault(errno, call: "mkdir", path) }
        // Another process was faster, or a link leads nowhere.
        guard fileKind(path) == .directory else { throw .notDirectory(path, above.kind(of: name) ?? .symbolicLink) }
        return
    }
    let made = try above.descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: path)
    if try made.status(at: path).mode & 0o777 != mode & 0o777, fchmod(made.number, mode_t(mode)) != 0 {
        throw fault(errno, call: "fchmod", path)
    }
    try above.synchronize()
}
