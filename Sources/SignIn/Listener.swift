public import HTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Waits on this machine for the browser to come back from the provider.
///
/// It answers by itself whatever is no callback: other paths and methods, other hosts (a page that has its own name
/// lead here), what another page fetches or frames, what is too large or too slow. A callback is answered only by
/// whoever takes it from `callbacks`, and so the page can tell what became of it. Anybody on this machine can send one:
/// only its `state` tells whether it is the browser's.
///
/// From the first one on this process ignores SIGPIPE, as SwiftNIO does on Linux. Source: RFC 8252 §7.3, §8.3.
public final class Listener: Sendable {
    /// For a whole request to arrive, however busy the connection is.
    public static let requestTime: Duration = .seconds(10)
    /// How many connections there are at once; one more is closed as it comes.
    ///
    /// A browser opens two or three.
    public static let maximumConnections = 16

    /// The redirect URI with its real port, for the authorization request.
    public let redirectURI: String
    /// The callbacks as they come, for one reader.
    ///
    /// They end with `close()`.
    public let callbacks: AsyncStream<Callback>
    private let servers: [any Channel]
    private let connections: Connections

    private init(
        redirectURI: String, callbacks: AsyncStream<Callback>, servers: [any Channel], connections: Connections
    ) {
        self.redirectURI = redirectURI
        self.callbacks = callbacks
        self.servers = servers
        self.connections = connections
    }

    /// Listens on the first of `redirectURIs` that can be had.
    /// - Parameters:
    ///   - redirectURIs: Tried in turn.
    ///   - requestTime: For a whole request to arrive.
    ///   - maximumConnections: How many there are at once.
    /// - Returns: A listener that must be closed.
    /// - Throws: each case of `ListenerError`.
    public static func bind(
        to redirectURIs: [RedirectURI], requestTime: Duration = Listener.requestTime,
        maximumConnections: Int = Listener.maximumConnections
    ) async throws(ListenerError) -> Listener {
        guard !redirectURIs.isEmpty else { throw .noRedirectURI }
        // As many callbacks as connections can wait; a flood of them is not to fill the memory.
        let (callbacks, continuation) = AsyncStream.makeStream(
            of: Callback.self, bufferingPolicy: .bufferingOldest(maximumConnections))
        let connections = Connections(limit: maximumConnections, callbacks: continuation)

        var failures: [BindFailure] = []
        for uri in redirectURIs {
            do throws(BindDefect) {
                let binding = Binding(
                    redirectURI: uri, connections: connections, requestTime: TimeAmount(requestTime))
                let (servers, port) = try await binding.servers()
                return Listener(
                    redirectURI: uri.at(port: port), callbacks: callbacks, servers: servers, connections: connections)
            } catch {
                failures.append(BindFailure(redirectURI: uri, defect: error))
            }
        }
        throw .nothingFree(failures)
    }

    /// Stops listening; a callback that nobody answered gets a page that says so, and other connections are closed.
    public func close() async {
        // Whoever was faster has closed or is closing: there is nothing to be done about a second time.
        for server in servers { try? await server.close() }
        for connection in connections.close() {
            try? await connection.triggerUserOutboundEvent(ConnectionOrder.abandon)
        }
    }
}

/// A request to the redirect URI, which waits for its one answer.
public struct Callback: Sendable {
    /// What stands behind the `?`: printable ASCII, percent-encoded, at most 8 KiB; empty where there is none.
    public let query: String
    let connection: any Channel

    /// Shows `page`, and returns when it is on its way; a second answer, or one to a browser that went away, is lost.
    public func respond(_ page: ResultPage) async {
        await order(.page(page))
    }

    /// Sends the browser on to `address`; otherwise like `respond(_:)`.
    public func redirect(to address: WebAddress) async {
        await order(.redirect(to: address))
    }

    private func order(_ answer: Answer) async {
        try? await connection.triggerUserOutboundEvent(ConnectionOrder.answer(answer))
    }
}

/// The connections there are, and whom their callbacks go to.
final class Connections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let limit: Int
    private let callbacks: AsyncStream<Callback>.Continuation
    private let state = Mutex(State())

    init(limit: Int, callbacks: AsyncStream<Callback>.Continuation) {
        self.limit = limit
        self.callbacks = callbacks
    }

    /// Whether there is room for `channel`, which is then counted until it closes.
    func admit(_ channel: any Channel) -> Bool {
        let isAdmitted = state.withLock { state in
            guard !state.isClosed, state.open.count < limit else { return false }
            state.open[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { _ in
            _ = self.state.withLock { $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        return true
    }

    /// Whether `callback` was taken: not where as many wait already, or nobody will ever take it.
    func deliver(_ callback: Callback) -> Bool {
        if case .enqueued = callbacks.yield(callback) { true } else { false }
    }

    /// Ends the callbacks, admits nobody any more, and returns the connections that are left.
    func close() -> [any Channel] {
        callbacks.finish()
        return state.withLock { state in
            state.isClosed = true
            return Array(state.open.values)
        }
    }
}

/// The sockets of one redirect URI.
private struct Binding {
    let redirectURI: RedirectURI
    let connections: Connections
    let requestTime: TimeAmount

    /// The one thread of all listeners, never shut down.
    ///
    /// An order to a connection of a thread that has ended would wait for ever.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// How often a port that the system chose for one family is tried in the other.
    private static let attempts = 8

    /// A socket for each address of the host, all on the same port.
    func servers() async throws(BindDefect) -> ([any Channel], port: UInt16) {
        if let port = redirectURI.port { return (try await servers(port: port), port) }
        var defect = BindDefect.taken
        for _ in 0..<Binding.attempts {
            do throws(BindDefect) {
                let servers = try await servers(port: 0)
                guard let port = servers.first?.localAddress?.port.flatMap(UInt16.init(exactly:)) else {
                    throw .noSuchAddress
                }
                return (servers, port)
            } catch {
                defect = error
                guard defect == .taken else { break }
            }
        }
        throw defect
    }

    /// A socket for each address of the host, on `port` or, for 0, on one that the system chooses.
    private func servers(port: UInt16) async throws(BindDefect) -> [any Channel] {
        var servers: [any Channel] = []
        for address in redirectURI.host.addresses {
            do throws(BindDefect) {
                let samePort = servers.first?.localAddress?.port ?? Int(port)
                servers.append(try await server(address, samePort))
            } catch {
                // `localhost` on a machine without IPv6: nobody can be reached there, neither we nor anybody else.
                if error == .noSuchAddress, !servers.isEmpty { continue }
                for server in servers { try? await server.close() }
                throw error
            }
        }
        return servers
    }

    private func server(_ address: String, _ port: Int) async throws(BindDefect) -> any Channel {
        var bootstrap = ServerBootstrap(group: Binding.group)
            .serverChannelOption(.backlog, value: 16)
            .childChannelInitializer { [redirectURI, connections, requestTime] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel), let port = channel.localAddress?.port else {
                        throw ChannelError.inputClosed
                    }
                    let rules = RequestRules(redirectURI: redirectURI, port: port)
                    try channel.pipeline.syncOperations.addConnection(rules, connections, requestTime)
                }
            }
        #if !os(Windows)
            // We close first, so a fixed port stays in TIME_WAIT for a minute after a sign-in, and only with this may
            // the next one have it. On Linux two still cannot listen on it: that takes SO_REUSEPORT, which is never
            // set. On Windows it would let two share the port.
            if redirectURI.port != nil {
                bootstrap = bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            }
        #endif
        do {
            return try await bootstrap.bind(to: SocketAddress(ipAddress: address, port: port)).get()
        } catch {
            throw BindDefect(error)
        }
    }
}
