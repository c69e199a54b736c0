import Glibc
import HostFiles
import Testing

@Suite("Local sockets", .enabled(if: Scratch.obstacle == nil, "\(Scratch.obstacle ?? "")"))
struct LocalSocketTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test("a message arrives whole, and an answer in parts is put together")
    func exchanges() throws {
        let listener = try Listener(scratch.at("s"))
        let socket = try LocalSocket(connectingTo: listener.path, timeOut: .seconds(20))
        let peer = try listener.accepted()
        try socket.send([1, 2, 3])
        #expect(peer.received(3) == [1, 2, 3])
        peer.send([4])
        peer.send([5, 6])
        #expect(try socket.receive(2) == [4, 5])
        #expect(try socket.receive(1) == [6])
        #expect(try socket.receive(0) == [])
    }

    @Test("a message larger than what the system holds is sent as the other side reads it")
    func sendsLarge() async throws {
        let listener = try Listener(scratch.at("s"))
        let message = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let path = listener.path
        async let sent: Void = Task {
            try LocalSocket(connectingTo: path, timeOut: .seconds(20)).send(message)
        }.value
        #expect(try listener.accepted().received(message.count) == message)
        try await sent
    }

    @Test("a program that says nothing, or too little, is not waited for for ever")
    func timesOutReceiving() throws {
        let listener = try Listener(scratch.at("s"))
        let socket = try LocalSocket(connectingTo: listener.path, timeOut: .milliseconds(20))
        let peer = try listener.accepted()
        #expect(throws: SocketFault.timedOut(listener.path, call: "receive")) { try socket.receive(1) }
        peer.send([1])
        #expect(throws: SocketFault.timedOut(listener.path, call: "receive")) { try socket.receive(2) }
    }

    @Test("a program that reads nothing is not waited for for ever")
    func timesOutSending() throws {
        let listener = try Listener(scratch.at("s"))
        let socket = try LocalSocket(connectingTo: listener.path, timeOut: .milliseconds(20))
        #expect(throws: SocketFault.timedOut(listener.path, call: "send")) {
            try socket.send([UInt8](repeating: 0, count: 8_000_000))
        }
    }

    @Test("a program that takes no more connections is not waited for for ever")
    func timesOutConnecting() throws {
        let listener = try Listener(scratch.at("s"), backlog: 0)
        let first = try LocalSocket(connectingTo: listener.path, timeOut: .milliseconds(20))
        #expect(throws: SocketFault.timedOut(listener.path, call: "connect")) {
            _ = try LocalSocket(connectingTo: listener.path, timeOut: .milliseconds(20))
        }
        #expect(first.path == listener.path)
    }

    @Test("an end in the middle of an answer is told with how much there was of it")
    func findsEnd() throws {
        let listener = try Listener(scratch.at("s"))
        let socket = try LocalSocket(connectingTo: listener.path, timeOut: .seconds(20))
        var peer: Peer? = try listener.accepted()
        peer?.send([1, 2])
        peer = nil
        let fault = SocketFault.closed(listener.path, received: 2, of: 4)
        #expect(throws: fault) { try socket.receive(4) }
        #expect("\(fault)" == "\(listener.path): closed by the other side, 2 of 4 bytes received")
    }

    @Test("to send to a program that has gone is an error, not a signal")
    func survivesGonePeer() throws {
        let listener = try Listener(scratch.at("s"))
        let socket = try LocalSocket(connectingTo: listener.path, timeOut: .seconds(20))
        _ = try listener.accepted()
        #expect(throws: SocketFault.file(.system(listener.path, call: "send", errno: EPIPE))) { try socket.send([1]) }
    }

    @Test("where nobody listens, that is said at once")
    func refuses() throws {
        let path = scratch.at("s")
        #expect(throws: SocketFault.file(.missing(path))) {
            _ = try LocalSocket(connectingTo: path, timeOut: .seconds(20))
        }
        _ = try Listener(path)
        #expect(throws: SocketFault.file(.system(path, call: "connect", errno: ECONNREFUSED))) {
            _ = try LocalSocket(connectingTo: path, timeOut: .seconds(20))
        }
        let long = "/" + String(repeating: "x", count: 107)
        #expect(throws: SocketFault.file(.pathMalformed(long))) {
            _ = try LocalSocket(connectingTo: long, timeOut: .seconds(20))
        }
    }
}

/// The other side of the connections under test.
struct Listener: ~Copyable {
    let path: String
    private let number: CInt

    init(_ path: String, backlog: CInt = 8) throws {
        number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        self.path = path
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let number = number
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound)
        try made(listen(number, backlog))
    }

    /// The next connection; one that is made already does not wait for this.
    func accepted() throws -> Peer {
        let connection = accept(number, nil, nil)
        try #require(connection >= 0)
        return Peer(number: connection)
    }

    deinit { close(number) }
}

final class Peer: Sendable {
    private let number: CInt

    init(number: CInt) { self.number = number }

    func send(_ bytes: [UInt8]) {
        let count = unsafe Glibc.send(number, bytes, bytes.count, CInt(MSG_NOSIGNAL))
        #expect(count == bytes.count)
    }

    func received(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = unsafe recv(number, &bytes, count, CInt(MSG_WAITALL))
        #expect(received == count)
        return bytes
    }

    deinit { close(number) }
}
