// A client that sends what it is told, byte for byte, and takes what comes.

import Encodings
import NIOCore
import NIOPosix
import Testing

@testable import SignIn

/// One connection to a listener.
struct RawConnection: Sendable {
    private let channel: any Channel
    private let received: EventLoopFuture<String>

    /// Connects to `port` of `address`.
    static func open(_ port: UInt16, _ address: String = "127.0.0.1") async throws -> RawConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let received = loop.makePromise(of: String.self)
        let bootstrap = ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Collector(received))
            }
        }
        do {
            let channel = try await bootstrap.connect(to: SocketAddress(ipAddress: address, port: Int(port))).get()
            return RawConnection(channel: channel, received: received.futureResult)
        } catch {
            received.fail(error)
            throw error
        }
    }

    /// Sends `text`; what was not taken because the connection is closed is no error.
    func send(_ text: String) async {
        try? await channel.writeAndFlush(ByteBuffer(string: text))
    }

    /// All that comes until the other side closes.
    func answer() async throws -> String {
        // So that a test of something that never answers ends with its time.
        try await withTaskCancellationHandler {
            try await received.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    /// Goes away.
    func close() async { try? await channel.close() }
}

/// Keeps what is received until the end.
private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let promise: EventLoopPromise<String>
    private var bytes = ByteBuffer()

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        bytes.writeBuffer(&buffer)
    }

    func channelInactive(context: ChannelHandlerContext) { promise.succeed(String(buffer: bytes)) }

    // What came before a reset is what the other side wrote and we might not have got.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }
}

extension Listener {
    /// A listener on `texts`, any port of 127.0.0.1 unless told.
    static func started(
        _ texts: Text..., requestTime: Duration = Listener.requestTime,
        maximumConnections: Int = Listener.maximumConnections
    ) async throws -> Listener {
        let uris = try (texts.isEmpty ? ["http://127.0.0.1/callback"] : texts).map { try #require(RedirectURI($0)) }
        return try await bind(to: uris, requestTime: requestTime, maximumConnections: maximumConnections)
    }

    var port: UInt16 {
        get throws { try #require(RedirectURI(Text(redirectURI))?.port) }
    }

    /// Sends a request with `fields` beside the right host, and waits for the answer.
    func answer(_ line: String, _ fields: String = "", body: String = "") async throws -> String {
        let connection = try await RawConnection.open(port)
        await connection.send("\(line) HTTP/1.1\r\nHost: 127.0.0.1:\(try port)\r\n\(fields)\r\n\(body)")
        return try await connection.answer()
    }

    /// Sends a callback and returns the connection that waits, with what the listener made of it.
    func callback(_ query: String = "code=c") async throws -> (RawConnection, Callback) {
        let connection = try await RawConnection.open(port)
        await connection.send("GET /callback?\(query) HTTP/1.1\r\nHost: 127.0.0.1:\(try port)\r\n\r\n")
        return (connection, try await next())
    }

    func next() async throws -> Callback {
        var callbacks = callbacks.makeAsyncIterator()
        return try #require(await callbacks.next())
    }
}

/// Runs `body` with a listener that is closed afterwards, whatever happens.
func withListener(
    _ listener: Listener, _ body: (Listener) async throws -> Void
) async throws {
    do { try await body(listener) } catch {
        await listener.close()
        throw error
    }
    await listener.close()
}
