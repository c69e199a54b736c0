internal import Glibc

/// Why a conversation over a local socket ended.
public enum SocketFault: Error, Equatable, Sendable {
    /// The other side took or sent nothing for too long.
    case timedOut(String, call: String)
    /// The other side ended it with so many of the bytes expected there.
    case closed(String, received: Int, of: Int)
    /// The socket could not be used: nothing there, nobody listening, or a fault of the system.
    case file(FileFault)
}

extension SocketFault: CustomStringConvertible {
    /// The path and what was found, without a full stop.
    public var description: String {
        switch self {
        case .timedOut(let path, let call): "\(shown(path)): \(call): no answer in time"
        case .closed(let path, let received, let count):
            "\(shown(path)): closed by the other side, \(received) of \(count) bytes received"
        case .file(let fault): fault.description
        }
    }
}

/// A connection to a program that listens on a Unix stream socket; closed when it goes out of scope.
///
/// Source: unix(7).
public struct LocalSocket: ~Copyable {
    /// Where the program listens.
    public let path: String

    private let descriptor: Descriptor
    private let timeOut: Duration

    /// Connects to the program that listens at `path`.
    /// - Parameters:
    ///   - path: At most 107 bytes, as the system has room for.
    ///   - timeOut: How long connecting, and later each call, may take as a whole.
    /// - Throws: `.timedOut`; `.file` with `.missing`, `.pathMalformed`, or `.system` where nobody listens.
    public init(connectingTo path: String, timeOut: Duration) throws(SocketFault) {
        do throws(FileFault) {
            descriptor = try LocalSocket.connection(to: path, Deadline(after: timeOut))
        } catch {
            if case .system(_, "connect", EAGAIN) = error { throw .timedOut(path, call: "connect") }
            throw .file(error)
        }
        self.path = path
        self.timeOut = timeOut
    }

    private static func connection(to path: String, _ deadline: Deadline) throws(FileFault) -> Descriptor {
        var address = try socketAddress(path)
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard number >= 0 else { throw fault(errno, call: "socket", path) }
        let descriptor = Descriptor(owning: number)
        // Connecting waits where too many others do, and only this bounds it.
        var bound = timeval(deadline)
        let size = socklen_t(MemoryLayout<timeval>.size)
        guard unsafe setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &bound, size) == 0 else {
            throw fault(errno, call: "setsockopt", path)
        }
        let result = retrying {
            unsafe withUnsafePointer(to: &address) { address in
                unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        guard result == 0 else { throw fault(errno, call: "connect", path) }
        return descriptor
    }

    /// Sends all of `message`.
    /// - Throws: `.timedOut` where the other side does not take it; `.file` with `.system`, EPIPE where it has gone.
    public func send(_ message: [UInt8]) throws(SocketFault) {
        let deadline = Deadline(after: timeOut)
        var sent = 0
        while sent < message.count {
            try wait(for: POLLOUT, until: deadline, call: "send")
            let count = unsafe message.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
                // Without a signal where nobody is left to read: that would end the process.
                let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
                return retrying { unsafe Glibc.send(descriptor.number, rest.baseAddress, rest.count, flags) }
            }
            guard count >= 0 || errno == EAGAIN else { throw .file(fault(errno, call: "send", path)) }
            sent += max(count, 0)
        }
    }

    /// Receives the next `count` bytes.
    /// - Returns: As many as that.
    /// - Throws: `.closed` where the other side ends before, `.timedOut`, `.file` with `.system`.
    public func receive(_ count: Int) throws(SocketFault) -> [UInt8] {
        let deadline = Deadline(after: timeOut)
        var bytes = [UInt8](repeating: 0, count: max(count, 0))
        var received = 0
        while received < bytes.count {
            try wait(for: POLLIN, until: deadline, call: "receive")
            let taken = unsafe bytes.withUnsafeMutableBytes { bytes in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[received...])
                return retrying {
                    unsafe recv(descriptor.number, rest.baseAddress, rest.count, CInt(MSG_DONTWAIT))
                }
            }
            guard taken != 0 else { throw .closed(path, received: received, of: bytes.count) }
            guard taken > 0 || errno == EAGAIN else { throw .file(fault(errno, call: "receive", path)) }
            received += max(taken, 0)
        }
        return bytes
    }

    /// Waits until the socket is ready for `event` or has something to say that the call itself will tell.
    private func wait(for event: CInt, until deadline: Deadline, call: String) throws(SocketFault) {
        var entry = pollfd(fd: descriptor.number, events: Int16(event), revents: 0)
        let count = retrying { unsafe poll(&entry, 1, deadline.left) }
        guard count >= 0 else { throw .file(fault(errno, call: "poll", path)) }
        guard count > 0 else { throw .timedOut(path, call: call) }
    }
}

extension timeval {
    /// What is left; never zero, which would mean for ever.
    fileprivate init(_ deadline: Deadline) {
        let milliseconds = max(Int(deadline.left), 1)
        self.init(tv_sec: milliseconds / 1000, tv_usec: suseconds_t(milliseconds % 1000 * 1000))
    }
}

/// The address of the socket at `path`.
///
/// - Throws: `.pathMalformed` where it does not fit into one.
func socketAddress(_ path: String) throws(FileFault) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    // One byte stays for the NUL at its end.
    guard !name.isEmpty, name.count < room, !name.contains(0) else { throw .pathMalformed(path) }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
    return address
}
