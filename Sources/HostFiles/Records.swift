public import Encodings
internal import Glibc

/// What became of a record.
public enum AppendOutcome: Sendable, Equatable {
    /// It is the file's last bytes now; the file was this long before.
    case written(sizeBefore: Int64)
    /// The file had reached the cap; nothing was written.
    case full(size: Int64)
}

/// An existing file, open for records to be added and for nothing else; closed when it goes out of scope.
///
/// Opening it never creates it, follows no link at its name and never waits.
public struct RecordFile: ~Copyable {
    /// As it was given: for messages.
    public let path: String

    private let descriptor: Descriptor
    /// The length of the file where it ended in the middle of a line: there the disk took a part of a record only.
    private let torn: Int64?

    /// Opens the file at `path`.
    /// - Parameter path: The folder above is the caller's word: nobody but root may write there.
    /// - Throws: `.missing`, `.notRegular`, `.pathMalformed`, `.system`.
    public init(_ path: String) throws(FileFault) {
        descriptor = try existing(path, O_WRONLY | O_APPEND)
        torn = RecordFile.tornLength(path)
        self.path = path
    }

    /// How long the file is where its last byte is no LF, `nil` where it is one or cannot be read.
    ///
    /// By a descriptor of its own that is closed at once: what is kept is for adding records, and shows none.
    private static func tornLength(_ path: String) -> Int64? {
        guard let file = try? existing(path, O_RDONLY), let size = try? file.status(at: path).size, size > 0 else {
            return nil
        }
        var last: UInt8 = 0x0A
        let count = retrying { unsafe pread(file.number, &last, 1, off_t(size - 1)) }
        return count == 1 && last != 0x0A ? size : nil
    }

    /// Appends `record` whole and by one write, so that records of two processes never mix.
    ///
    /// Behind what is no whole line it begins a new one.
    /// - Parameters:
    ///   - record: With its LF.
    ///   - cap: Where the file is this long already, nothing is written; `nil` for no cap.
    /// - Returns: How long the file was before, and whether that was too long.
    /// - Throws: `.shortWrite` where the disk took a part only, `.system`.
    public func append(_ record: [UInt8], whileSmallerThan cap: Int64? = nil) throws(FileFault) -> AppendOutcome {
        let size = try descriptor.status(at: path).size
        if let cap, size >= cap { return .full(size: size) }
        // Where it has grown since, whoever wrote has begun a new line.
        let record = size == torn ? [0x0A] + record : record
        let count = retrying { unsafe write(descriptor.number, record, record.count) }
        guard count >= 0 else { throw fault(errno, call: "write", path) }
        guard count == record.count else { throw .shortWrite(path, written: count, of: record.count) }
        return .written(sizeBefore: size)
    }
}

/// An existing file whose mtime is a request to whoever watches it; closed when it goes out of scope.
///
/// Opening it never creates it, follows no link at its name and never waits.
public struct PokedFile: ~Copyable {
    private let path: String
    private let descriptor: Descriptor

    /// Opens the file at `path`.
    /// - Throws: `.missing`, `.notRegular`, `.pathMalformed`, `.system`.
    public init(_ path: String) throws(FileFault) {
        // For reading: whoever watches the file is told of each closing of a descriptor that could have written.
        descriptor = try existing(path, O_RDONLY)
        self.path = path
    }

    /// Sets its mtime to the present where that is `age` or more before `now`, or after it.
    /// - Returns: Whether it was set.
    /// - Throws: `.system`.
    public func touch(ifOlderThan age: Seconds, at now: UnixTime) throws(FileFault) -> Bool {
        let modified = UnixTime(seconds: try descriptor.status(at: path).modified.seconds)
        // An mtime that is still to come would else keep us quiet until then.
        guard now.since(modified) >= age || modified > now else { return false }
        // "The present" takes no more than the right to write; any other moment only the owner may set.
        guard futimens(descriptor.number, nil) == 0 else { throw fault(errno, call: "futimens", path) }
        return true
    }
}

private func existing(_ path: String, _ flags: CInt) throws(FileFault) -> Descriptor {
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

/// A Unix datagram socket, connected to a program that listens; closed when it goes out of scope.
///
/// Source: unix(7).
public struct DatagramSocket: ~Copyable {
    private let path: String
    private let descriptor: Descriptor

    /// Connects to the program that listens at `path`, without waiting.
    /// - Throws: `.missing` where there is no socket; `.pathMalformed`; `.system` where nobody listens.
    public init(connectingTo path: String) throws(FileFault) {
        var address = try socketAddress(path)
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
        guard number >= 0 else { throw fault(errno, call: "socket", path) }
        let descriptor = Descriptor(owning: number)
        let result = retrying {
            unsafe withUnsafePointer(to: &address) { address in
                unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe connect(number, address, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        guard result == 0 else { throw fault(errno, call: "connect", path) }
        self.path = path
        self.descriptor = descriptor
    }

    /// Sends `message` as one datagram, or not at all: it never waits.
    /// - Throws: `.system` where nobody listens any more or the queue is full; `.shortWrite`.
    public func send(_ message: [UInt8]) throws(FileFault) {
        let count = retrying {
            unsafe Glibc.send(descriptor.number, message, message.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
        }
        guard count >= 0 else { throw fault(errno, call: "send", path) }
        guard count == message.count else { throw .shortWrite(path, written: count, of: message.count) }
    }
}
