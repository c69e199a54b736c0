public import Encodings
public import HTTP
internal import Synchronization

/// Whom to ask, and as whom.
public struct EtcdSettings: Sendable {
    /// The members' client URLs; at least one, of which scheme, host and port count.
    public var members: [WebAddress]
    /// The only certificates to trust, in PEM; `nil` for the system's.
    public var caFile: String?
    /// `nil` where the cluster asks for none.
    public var credentials: EtcdCredentials?
    /// Says who we are.
    public var userAgent: String
    /// How long a member may take for an answer.
    public var memberTimeout = Seconds(5)
    /// The most bytes of a value, by which answers are bounded.
    public var maximumValue = 16 << 20

    /// A cluster.
    public init(
        members: [WebAddress], caFile: String? = nil, credentials: EtcdCredentials? = nil, userAgent: String
    ) {
        self.members = members
        self.caFile = caFile
        self.credentials = credentials
        self.userAgent = userAgent
    }
}

/// A user of etcd's; the password is shown nowhere.
public struct EtcdCredentials: Sendable, CustomStringConvertible, CustomReflectable {
    /// The user's name.
    public let user: String
    let password: String

    /// A user with the password.
    public init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// The user's name.
    public var description: String { "user \(quoted(user))" }

    /// Nothing of the password, for a dump.
    public var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}

/// A client of a cluster of etcd, over its JSON gateway.
///
/// Any member will do: one that does not answer, or cannot just then, is followed by the next, round and round until the
/// deadline. What is sent may so come twice. A user's token is asked for when it is first wanted, and anew when etcd no
/// longer takes it.
public final class EtcdClient: Sendable {
    /// Whom to ask, and as whom.
    public let settings: EtcdSettings
    let http: HTTPClient
    private let random: @Sendable () -> Double
    private let state: Mutex<State>

    private struct State {
        /// Of the member to ask first.
        var preferred: Int
        var token = Token.unknown
    }

    private enum Token: Equatable {
        case unknown
        /// Authentication is not enabled.
        case notWanted
        case known(String)
    }

    /// A client; nothing is asked yet.
    /// - Parameters:
    ///   - settings: Whom to ask, and as whom.
    ///   - random: From 0 up to 1, other ones each time: which member comes first, and how long a pause is.
    public init(_ settings: EtcdSettings, random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }) {
        self.settings = settings
        self.random = random
        let first = Int(random() * Double(settings.members.count))
        state = Mutex(State(preferred: min(max(first, 0), max(settings.members.count - 1, 0))))
        http = HTTPClient(
            userAgent: settings.userAgent, caFile: settings.caFile ?? HTTPClient.caFileOfEnvironment,
            timeout: settings.memberTimeout, connectTimeout: min(settings.memberTimeout, Seconds(3)),
            // Base64, and what stands around it.
            maximumBody: settings.maximumValue / 3 * 4 + (1 << 20))
    }

    // MARK: - Asking

    /// Asks until a member answers.
    /// - Returns: What `read` makes of the answer, and who gave it.
    func ask<Answer: Sendable>(
        _ method: EtcdMethod, _ body: JSON, until deadline: ContinuousClock.Instant,
        _ read: (JSON.Object) throws(NotOfGateway) -> Answer
    ) async throws(EtcdError) -> (Answer, by: WebAddress) {
        var backOff = BackOff(first: .milliseconds(100), longest: .seconds(1))
        while true {
            var failures: [EtcdMemberFailure] = []
            for member in membersInOrder {
                if Task.isCancelled { throw .cancelled }
                guard failures.isEmpty || .now < deadline else { break }
                switch try await ask(member, method, body) {
                case .success(let object):
                    prefer(member)
                    do throws(NotOfGateway) {
                        return (try read(object), member)
                    } catch {
                        throw .malformed(method, by: member)
                    }
                case .failure(let failure): failures.append(failure)
                }
            }
            let pause = backOff.next(random())
            guard .now + pause < deadline else { throw .unavailable(failures) }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw .cancelled
            }
        }
    }

    /// What one member says: an answer, or that it can give none now.
    func ask(
        _ member: WebAddress, _ method: EtcdMethod, _ body: JSON
    ) async throws(EtcdError) -> Result<JSON.Object, EtcdMemberFailure> {
        var isTokenFresh = false
        while true {
            let headers: [String: String]
            switch try await authorization(from: member) {
            case .success(let found): headers = found
            case .failure(let failure): return .failure(failure)
            }
            let sent = await send(.post(member.at(path: method.path), json: body.encoded, headers: headers))
            let response: HTTPResponse
            switch sent {
            case .success(let answer): response = answer
            case .failure(let error): return .failure(EtcdMemberFailure(member, .noAnswer(error)))
            }
            let object = (try? JSON(parsing: response.body))?.object
            if response.status == 200 {
                guard let object else { throw .malformed(method, by: member) }
                return .success(object)
            }
            let status = GatewayStatus(object, status: response.status)
            switch status.meaning {
            case .token where !isTokenFresh, .refused(.userMissing) where !isTokenFresh && hasUser:
                isTokenFresh = true
                forgetToken(of: headers)
            case .token, .notNow: return .failure(EtcdMemberFailure(member, .notNow(status.words)))
            case .refused(let refusal): throw .refused(refusal, by: member)
            }
        }
    }

    private func send(_ request: HTTPRequest) async -> Result<HTTPResponse, HTTPError> {
        do throws(HTTPError) {
            return .success(try await http.send(request))
        } catch {
            return .failure(error)
        }
    }

    // MARK: - Members

    /// All of them, the one that answered last first.
    private var membersInOrder: [WebAddress] {
        let first = state.withLock { $0.preferred }
        return Array(settings.members[first...] + settings.members[..<first])
    }

    private func prefer(_ member: WebAddress) {
        guard let index = settings.members.firstIndex(of: member) else { return }
        state.withLock { $0.preferred = index }
    }

    /// Has another member asked first from now on.
    func avoid(_ member: WebAddress) {
        guard let index = settings.members.firstIndex(of: member) else { return }
        state.withLock { state in
            guard state.preferred == index else { return }
            state.preferred = (index + 1) % settings.members.count
        }
    }

    // MARK: - Token

    private var hasUser: Bool { settings.credentials != nil }

    /// Forgets the token in `headers`, unless there is a newer one by now.
    func forgetToken(of headers: [String: String]) {
        state.withLock { state in
            let known = headers["Authorization"].map { Token.known($0) } ?? .notWanted
            if state.token == known { state.token = .unknown }
        }
    }

    /// The headers that say who asks.
    func authorization(
        from member: WebAddress
    ) async throws(EtcdError) -> Result<[String: String], EtcdMemberFailure> {
        guard let credentials = settings.credentials else { return .success([:]) }
        switch state.withLock({ $0.token }) {
        case .known(let token): return .success(["Authorization": token])
        case .notWanted: return .success([:])
        case .unknown: break
        }
        let body = JSON.Object([
            "name": .string(Text(credentials.user)), "password": .string(Text(credentials.password)),
        ])
        let request = HTTPRequest.post(
            member.at(path: EtcdMethod.authenticate.path), json: JSON.object(body).encoded)
        let response: HTTPResponse
        switch await send(request) {
        case .success(let answer): response = answer
        case .failure(let error): return .failure(EtcdMemberFailure(member, .noAnswer(error)))
        }
        let object = (try? JSON(parsing: response.body))?.object
        if response.status == 200 {
            guard let token = object?["token"]?.text else { throw .malformed(.authenticate, by: member) }
            state.withLock { $0.token = .known(token.string) }
            return .success(["Authorization": token.string])
        }
        let status = GatewayStatus(object, status: response.status)
        if status.words.string.contains("authentication is not enabled") {
            // The user was made, and the switch not turned yet: asking goes without.
            state.withLock { $0.token = .notWanted }
            return .success([:])
        }
        switch status.meaning {
        case .token, .notNow: return .failure(EtcdMemberFailure(member, .notNow(status.words)))
        case .refused(let refusal): throw .refused(refusal, by: member)
        }
    }
}
