import Encodings
import NIOCore
import NIOEmbedded
import Testing

@testable import SignIn

/// One connection in a time that passes when told to.
@Suite struct ConnectionTests {
    /// As many callbacks as `room` are kept for a reader.
    private func connection(room: Int = 16) throws -> (EmbeddedChannel, AsyncStream<Callback>) {
        let (callbacks, continuation) = AsyncStream.makeStream(
            of: Callback.self, bufferingPolicy: .bufferingOldest(room))
        let connections = Connections(limit: 16, callbacks: continuation)
        let channel = EmbeddedChannel()
        let rules = RequestRules(redirectURI: try #require(RedirectURI("http://127.0.0.1/callback")), port: 4711)
        try channel.pipeline.syncOperations.addConnection(rules, connections, .seconds(10))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, callbacks)
    }

    private func write(_ text: String, to channel: EmbeddedChannel) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    private func written(by channel: EmbeddedChannel) throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }

    static let request = "GET /callback?code=c HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n\r\n"

    @Test("a byte now and then does not keep a connection open beyond its time")
    func drip() throws {
        let (channel, _) = try connection()
        for byte in ConnectionTests.request.utf8.prefix(9) {
            #expect(channel.isActive)
            try write(String(UnicodeScalar(byte)), to: channel)
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        }
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(999))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
        #expect(try written(by: channel).isEmpty)
    }

    @Test("a callback waits for its answer as long as it takes, whatever else is sent")
    func patience() throws {
        let (channel, callbacks) = try connection()
        try write(ConnectionTests.request, to: channel)
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        try write(ConnectionTests.request, to: channel)
        try write("\u{0}\r\n\r\n", to: channel)
        #expect(channel.isActive)
        #expect(try written(by: channel).isEmpty)
        channel.triggerUserOutboundEvent(ConnectionOrder.answer(.page(.abandoned)), promise: nil)
        #expect(try written(by: channel).hasSuffix("</html>\n"))
        withExtendedLifetime(callbacks) {}
    }

    @Test("a callback that there is no room for, or no reader, is told so", arguments: [true, false])
    func crowded(_ isRead: Bool) throws {
        var (channel, callbacks): (EmbeddedChannel, AsyncStream<Callback>?) = try connection(room: isRead ? 0 : 16)
        if !isRead { callbacks = nil }
        try write(ConnectionTests.request, to: channel)
        #expect(try written(by: channel).hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(!channel.isActive)
        withExtendedLifetime(callbacks) {}
    }

    @Test("a request in single bytes is read like one in one piece")
    func bytewise() async throws {
        let (channel, callbacks) = try connection()
        for byte in ConnectionTests.request.utf8 { try write(String(UnicodeScalar(byte)), to: channel) }
        var iterator = callbacks.makeAsyncIterator()
        #expect(await iterator.next()?.query == "code=c")
    }

    @Test("there is room for as many connections as there may be, again once one is closed, and for none after the end")
    func room() throws {
        let (_, continuation) = AsyncStream.makeStream(of: Callback.self)
        let connections = Connections(limit: 2, callbacks: continuation)
        let channels = [EmbeddedChannel(), EmbeddedChannel(), EmbeddedChannel(), EmbeddedChannel()]
        #expect(channels.prefix(3).map { connections.admit($0) } == [true, true, false])
        try channels[0].close().wait()
        channels[0].embeddedEventLoop.run()
        #expect(connections.admit(channels[2]))
        #expect(connections.close().count == 2)
        try channels[1].close().wait()
        #expect(!connections.admit(channels[3]))
    }
}
