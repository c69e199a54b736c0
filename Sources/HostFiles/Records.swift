public import Encodings
internal import Glibc

/// What became of a record.
public enum AppendOutcome: Sendable, Equatable {
    /// It is the file's last bytes now; the file was this long before.
    case written(sizeBefore: Int64)
    /// The file had reached the cap; nothing was written.
    case full(size: Int64)
}

extension HostFile {
    /// Appends `record` to the existing file at `path`, whole and by one write, so that records of two processes never mix.
    ///
    /// Never creates the file, follows no link at its name and never waits.
    /// - Parameters:
    ///   - record: With its LF.
    ///   - path: The folder above is the caller's word: nobody but root may write there.
    ///   - cap: Where the file is this long already, nothing is written; `nil` for no cap.
    /// - Returns: How long the file was before, and whether that was too long.
    /// - Throws: `.missing`, `.notRegular`, `.shortWrite` where the disk took a part only, `.system`.
    public static func append(
        _ record: [UInt8], to path: String, whileSmallerThan cap: Int64? = nil
    ) throws(FileFault) -> AppendOutcome {
        let file = try existing(path, O_WRONLY | O_APPEND)
        let size = try file.status(at: path).size
        if let cap, size >= cap { return .full(size: size) }
        let count = retrying { unsafe write(file.number, record, record.count) }
        guard count >= 0 else { throw fault(errno, call: "write", path) }
        guard count == record.count else { throw .shortWrite(path, written: count, of: record.count) }
        return .written(sizeBefore: size)
    }

    /// Sets the mtime of the existing file at `path` to the present where it is `age` or more before `now`, or after it.
    ///
    /// - Returns: Whether it was set.
    /// - Throws: `.missing`, `.notRegular`, `.system`.
    public static func touch(_ path: String, ifOlderThan age: Seconds, at now: UnixTime) throws(FileFault) -> Bool {
        // For reading: whoever watches the file is told of each closing of a descriptor that could have written.
        let file = try existing(path, O_RDONLY)
        let modified = UnixTime(seconds: try file.status(at: path).modified.seconds)
        // An mtime that is still to come would else keep us quiet until then.
        guard now.since(modified) >= age || modified > now else { return false }
        // "The present" takes no more than the right to write; any other moment only the owner may set.
        guard futimens(file.number, nil) == 0 else { throw fault(errno, call: "futimens", path) }
        return true
    }

    private static func existing(_ path: String, _ flags: CInt) throws(FileFault) -> Descriptor {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .pathMalformed(path) }
        let number = retrying { unsafe Glibc.open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) }
        guard number >= 0 else {
            switch errno {
            case ELOOP: throw .notRegular(path, .symbolicLink)
            // Nobody reads the FIFO.
            case ENXIO: throw .notRegular(path, .fifo)
            case EISDIR: throw .notRegular(path, .directory)
            default: throw fault(errno, call: "open", path)
            }
        }
        let file = Descriptor(owning: number)
        let kind = try file.status(at: path).kind
        guard kind == .regular else { throw .notRegular(path, kind) }
        return file
    }
}

/// Sends `message` as one datagram to the Unix socket at `path`, or not at all: it never waits.
///
/// - Throws: `.missing` where there is no socket; `.system` where nobody listens or the queue is full.
public func sendDatagram(_ message: [UInt8], to path: String) throws(FileFault) {
    var address = try socketAddress(path)
    let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
    guard number >= 0 else { throw fault(errno, call: "socket", path) }
    let socket = Descriptor(owning: number)
    let count = retrying {
        unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(
                    socket.number, message, message.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL),
                    address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
    guard count >= 0 else { throw fault(errno, call: "sendto", path) }
    guard count == message.count else { throw .shortWrite(path, written: count, of: message.count) }
}
