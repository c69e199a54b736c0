internal import Glibc

/// Owns one file descriptor; closed when it goes out of scope.
///
/// Its end is inlinable, as that of each such type here: Embedded Swift compiles it into whoever holds one.
@usableFromInline struct Descriptor: ~Copyable {
    @usableFromInline let number: CInt

    /// Takes over `number`, which the caller has just opened.
    init(owning number: CInt) {
        self.number = number
    }

    @inlinable deinit { closeDescriptor(number) }
}

@usableFromInline func closeDescriptor(_ number: CInt) { _ = close(number) }

/// Runs `call` again for as long as a signal interrupts it; the result is the last one.
func retrying<Number: SignedInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

extension Descriptor {
    /// Opens `name` in this directory.
    func open(_ name: String, _ flags: CInt, at path: String) throws(FileFault) -> Descriptor {
        let number = retrying { unsafe openat(self.number, name, flags | O_CLOEXEC) }
        guard number >= 0 else { throw fault(errno, call: "open", path) }
        return Descriptor(owning: number)
    }

    /// What this descriptor is of.
    func status(at path: String) throws(FileFault) -> Status {
        var result = stat()
        guard unsafe fstat(number, &result) == 0 else { throw fault(errno, call: "stat", path) }
        return Status(result)
    }

    /// What stands at `name` in this directory, a symbolic link as itself; `nil` where nothing does.
    func status(of name: String) -> Status? {
        var result = stat()
        guard unsafe fstatat(number, name, &result, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return Status(result)
    }

    /// The same, where to be unable to tell is no answer.
    /// - Throws: `.system`.
    func standing(at name: String, in path: String) throws(FileFault) -> Status? {
        var result = stat()
        guard unsafe fstatat(number, name, &result, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw fault(errno, call: "stat", path)
        }
        return Status(result)
    }

    /// Reads into `buffer` from `offset` on, and tells how many bytes; 0 at the end of the file.
    func read(into buffer: inout [UInt8], from offset: Int, at path: String) throws(FileFault) -> Int {
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            let free = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
            return retrying { unsafe Glibc.read(number, free.baseAddress, free.count) }
        }
        guard count >= 0 else { throw fault(errno, call: "read", path) }
        return count
    }

    /// Reads at most `count` bytes of the file, from `fileOffset` on, into `buffer` from `offset` on, and tells how many; 0
    /// at the end of the file.
    func read(
        into buffer: inout [UInt8], from offset: Int, atMost count: Int, fileOffset: Int64, at path: String
    ) throws(FileFault) -> Int {
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            let free = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + count])
            return retrying { unsafe pread(number, free.baseAddress, free.count, off_t(fileOffset)) }
        }
        guard count >= 0 else { throw fault(errno, call: "read", path) }
        return count
    }

    /// All that is to be read, of which `size` bytes are expected and `limit` taken at most.
    func contents(size: Int64, limit: Int, at path: String) throws(FileFault) -> [UInt8] {
        guard size <= limit else { throw .tooLarge(path, limit: limit) }
        // One more than it should be, so that the end is seen without asking for room again.
        var bytes = [UInt8](repeating: 0, count: Int(size) + 1)
        var filled = 0
        while true {
            let count = try read(into: &bytes, from: filled, at: path)
            guard count > 0 else { return Array(bytes[..<filled]) }
            filled += count
            guard filled <= limit else { throw .tooLarge(path, limit: limit) }
            if filled == bytes.count { bytes += [UInt8](repeating: 0, count: 4096) }
        }
    }
}

/// What `stat` tells and we ask.
struct Status: Equatable {
    let device: UInt64
    let inode: UInt64
    let mode: UInt32
    let owner: UInt32
    let group: UInt32
    let size: Int64
    let modified: Moment

    struct Moment: Equatable {
        let seconds: Int64
        let nanoseconds: Int64
    }

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        mode = status.st_mode
        owner = status.st_uid
        group = status.st_gid
        size = Int64(status.st_size)
        modified = Moment(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
    }

    var kind: FileKind {
        switch mode & UInt32(S_IFMT) {
        case UInt32(S_IFREG): .regular
        case UInt32(S_IFDIR): .directory
        case UInt32(S_IFLNK): .symbolicLink
        case UInt32(S_IFIFO): .fifo
        case UInt32(S_IFSOCK): .socket
        default: .device
        }
    }
}

/// The fault that `errno` after `call` stands for.
func fault(_ errno: CInt, call: String, _ path: String) -> FileFault {
    errno == ENOENT ? .missing(path) : .system(path, call: call, errno: errno)
}

/// What the C library says of `errno`.
func errorText(_ errno: CInt) -> String {
    // Never NULL, and no other thread of ours asks at the same time.
    unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
}

/// Whether `errno` means that another user might have been allowed.
func isPermission(_ errno: CInt) -> Bool { errno == EACCES || errno == EPERM }
