internal import Glibc

/// A folder held open: what is done through it is done in the one that was judged, wherever its path leads since.
///
/// The way to the folder may have links in it; in the folder none is followed. A `name` is one component, not a path.
public struct OpenFolder: ~Copyable {
    /// As it was given: for messages, and never used again.
    public let path: String

    let descriptor: Descriptor

    /// Opens the folder at `path`.
    /// - Parameters:
    ///   - path: Absolute, or from the process's own directory; may be a link, or lead through some.
    ///   - ownership: Who may own it; unless anybody may, group and others must not be able to write there. The
    ///     directories above it are not looked at.
    /// - Throws: `.missing`, `.notDirectory`, `.foreignOwner`, `.writableByOthers`, `.pathMalformed`, `.system`.
    public init(_ path: String, ownedBy ownership: Ownership) throws(FileFault) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .pathMalformed(path) }
        // For reading, which alone lets it be synchronized.
        let number = retrying { unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC) }
        guard number >= 0 else {
            let errno = errno
            if errno == ENOTDIR, let kind = fileKind(path), kind != .directory { throw .notDirectory(path, kind) }
            throw fault(errno, call: "open", path)
        }
        let descriptor = Descriptor(owning: number)
        try ownership.judge(descriptor.status(at: path), at: path)
        self.path = path
        self.descriptor = descriptor
    }

    /// The path of `name` in the folder.
    public func path(of name: String) -> String {
        path.utf8.last == UInt8(ascii: "/") ? path + name : "\(path)/\(name)"
    }

    /// What stands at `name`, a symbolic link as itself; `nil` where nothing does.
    public func kind(of name: String) -> FileKind? { descriptor.status(of: name)?.kind }

    /// The permission bits of what stands at `name`, a symbolic link as itself; `nil` where nothing does.
    public func mode(of name: String) -> UInt32? { descriptor.status(of: name).map { $0.mode & 0o7777 } }

    /// All of the regular file `name`, as it was when it was opened.
    ///
    /// For files that are replaced whole: one that is written in place while it is read may come out torn.
    /// - Parameters:
    ///   - name: The file's name.
    ///   - limit: How many bytes are taken at most; one more is a fault.
    ///   - ownership: Who may have written it.
    /// - Returns: All its bytes.
    /// - Throws: `.missing`, `.notRegular`, `.foreignOwner`, `.writableByOthers`, `.tooLarge`, `.pathMalformed`,
    ///   `.system`.
    public func read(_ name: String, limit: Int, ownedBy ownership: Ownership) throws(FileFault) -> [UInt8] {
        let path = try checkedPath(of: name)
        let file = try OpenFile.openFile(name, in: descriptor, at: path)
        let status = try file.status(at: path)
        guard status.kind == .regular else { throw .notRegular(path, status.kind) }
        try ownership.judge(status, at: path)
        return try file.contents(size: status.size, limit: limit, at: path)
    }

    /// The names in the folder, sorted by their bytes, without `.` and `..`; one that is not UTF-8 is left out.
    /// - Throws: `.system`.
    public func names() throws(FileFault) -> [String] {
        // Opened anew: the stream takes its descriptor over and moves in it.
        let number = retrying { unsafe openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0 else { throw fault(errno, call: "open", path) }
        guard let stream = unsafe fdopendir(number) else {
            let errno = errno
            _ = close(number)
            throw fault(errno, call: "opendir", path)
        }
        defer { _ = unsafe closedir(stream) }
        return try unsafe entryNames(stream, of: path)
    }

    /// The path of `name`, provided that it is one component.
    func checkedPath(of name: String) throws(FileFault) -> String {
        let path = path(of: name)
        guard !name.isEmpty, !name.utf8.contains(0), !name.utf8.contains(UInt8(ascii: "/")),
            !name.utf8.elementsEqual(".".utf8), !name.utf8.elementsEqual("..".utf8)
        else { throw .pathMalformed(path) }
        return path
    }

    /// Has the folder's entries written to the disk.
    func synchronize() throws(FileFault) {
        // Where a file system has no such thing for folders it says EINVAL, and there is no more to be had.
        guard fsync(descriptor.number) == 0 || errno == EINVAL else { throw fault(errno, call: "fsync", path) }
    }
}

/// What stands at `path`, behind links; `nil` where nothing does.
func fileKind(_ path: String) -> FileKind? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return Status(status).kind
}

/// The folder that a path leads into, and the name there.
///
/// - Throws: `.pathMalformed` where it ends in a slash or is empty.
func split(_ path: String) throws(FileFault) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let name = String(path[path.utf8.index(after: slash)...])
    guard !name.isEmpty else { throw .pathMalformed(path) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
}
