public import Encodings
public import HTTP
internal import Synchronization

/// Whom to ask, and as whom.
public struct EtcdSettings: Sendable {
    /// The members' client URLs, none twice; at least one, of which scheme, host and port count.
    public let members: [WebAddress]
    /// The only certificates to trust, in PEM; `nil` for the system's.
    public var caFile: String?
    /// `nil` where the cluster asks for none.
    public var credentials: EtcdCredentials?
    /// Says who we are.
    public var userAgent: String
    /// How long a member may take to begin an answer, or to go on with one.
    public var memberTimeout = Seconds(5)
    /// The most bytes of a value, by which answers are bounded.
    public static let maximumValue = 4 << 20

    /// A cluster.
    public init(
        members: [WebAddress], caFile: String? = nil, credentials: EtcdCredentials? = nil, userAgent: String
    ) {
        var known: Set<String> = []
        self.members = members.filter { known.insert($0.origin).inserted }
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
/// Any member will do: one that does not answer, refuses or answers what is no answer is followed by the next, round and
/// round until the deadline; what most of them refuse is refused. What is sent may so come twice. A user's token is asked
/// for when it is first wanted, and anew when etcd no longer takes it.
public final class EtcdClient: Sendable {
    /// Whom to ask, and as whom.
    public let settings: EtcdSettings
    let http: HTTPClient
    private let random: @Sendable () -> Double
    private let preferred: Mutex<Int>
    let token = Mutex(EtcdToken.unknown)

    /// A client; nothing is asked yet.
    /// - Parameters:
    ///   - settings: Whom to ask, and as whom.
    ///   - random: From 0 up to 1, other ones each time: which member comes first, and how long a pause is.
    public init(_ settings: EtcdSettings, random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }) {
        self.settings = settings
        self.random = random
        let first = Int(random() * Double(settings.members.count))
        preferred = Mutex(min(max(first, 0), max(settings.members.count - 1, 0)))
        http = HTTPClient(
            userAgent: settings.userAgent, caFile: settings.caFile ?? HTTPClient.caFileOfEnvironment,
            timeout: settings.memberTimeout, connectTimeout: min(settings.memberTimeout, Seconds(3)),
            // Base64, and what stands around it.
            maximumBody: EtcdSettings.maximumValue / 3 * 4 + (1 << 20))
    }

    // MARK: - Asking

    /// Asks until a member answers; what `isLarge`, sent or asked for, may take its time.
    /// - Returns: What `read` makes of the answer, and who gave it.
    /// - Throws: Each case of `EtcdError`.
    func ask<Answer: Sendable>(
        _ method: EtcdMethod, _ body: JSON, isLarge: Bool = false, until deadline: ContinuousClock.Instant,
        _ read: (JSON.Object) throws(NotOfGateway) -> Answer
    ) async throws(EtcdError) -> (Answer, by: WebAddress) {
        var backOff = BackOff(first: .milliseconds(100), longest: .seconds(1))
        var failures: [WebAddress: EtcdMemberFailure] = [:]
        while true {
            for member in membersInOrder {
                if Task.isCancelled { throw .cancelled }
                guard failures.isEmpty || .now < deadline else { break }
                let asked = await ask(member, method, body, isLarge: isLarge, until: deadline, read)
                switch asked {
                case .success(let answer):
                    // One that answers rubbish would else be asked first, time and again.
                    prefer(member)
                    return (answer, member)
                case .failure(let failure): failures[member] = failure
                }
            }
            let last = settings.members.compactMap { failures[$0] }
            // One that is down is not waited for to hear the same; one that is sick does not speak for the others.
            let isRefused = last.count(where: \.isLasting) * 2 > settings.members.count
            let pause = backOff.next(random())
            guard !Task.isCancelled else { throw .cancelled }
            guard !isRefused, .now + pause < deadline else { throw EtcdError(last) }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw .cancelled
            }
        }
    }

    /// What one member says: an answer, or why there is none.
    func ask<Answer: Sendable>(
        _ member: WebAddress, _ method: EtcdMethod, _ body: JSON, isLarge: Bool = false,
        until deadline: ContinuousClock.Instant? = nil, _ read: (JSON.Object) throws(NotOfGateway) -> Answer
    ) async -> Result<Answer, EtcdMemberFailure> {
        var isTokenFresh = !hasUser
        while true {
            let headers: [String: String]
            switch await authorization(from: member, until: deadline) {
            case .success(let found): headers = found
            case .failure(let failure): return .failure(failure)
            }
            let request = HTTPRequest.post(member.at(path: method.path), json: body.encoded, headers: headers)
            switch await send(request, within: patience(isLarge, until: deadline)) {
            case .failure(let error):
                // Some versions close the connection on a token that they do not know.
                guard case .closedEarly = error.failure, !isTokenFresh, !headers.isEmpty else {
                    return .failure(EtcdMemberFailure(member, .init(error, without: redaction(of: headers))))
                }
                isTokenFresh = true
                forgetToken(of: headers)
            case .success(let response):
                let object = JSON.Object(ofGateway: response.body)
                guard response.status != 200 || object?["error"]?.object != nil else {
                    guard let object else { return .failure(EtcdMemberFailure(member, .malformed(method))) }
                    do throws(NotOfGateway) {
                        return .success(try read(object))
                    } catch {
                        return .failure(EtcdMemberFailure(member, .malformed(method)))
                    }
                }
                let status = GatewayStatus(object, status: response.status).redacted(by: redaction(of: headers))
                switch status.meaning {
                case .token where !isTokenFresh, .refused(.userMissing) where !isTokenFresh:
                    isTokenFresh = true
                    forgetToken(of: headers)
                case .token, .notNow: return .failure(EtcdMemberFailure(member, .notNow(status.words)))
                case .refused(let refusal): return .failure(EtcdMemberFailure(member, .refused(refusal)))
                }
            }
        }
    }

    func send(_ request: HTTPRequest, within patience: HTTPPatience) async -> Result<HTTPResponse, HTTPError> {
        do throws(HTTPError) {
            return .success(try await http.send(request, within: patience))
        } catch {
            return .failure(error)
        }
    }

    /// How long a member may take, where members are asked until the deadline; a second at least.
    func patience(_ isLarge: Bool, until deadline: ContinuousClock.Instant?) -> HTTPPatience {
        let left = deadline.map { Seconds(max(1, ContinuousClock.now.duration(to: $0).components.seconds)) }
        let usual = min(settings.memberTimeout, left ?? settings.memberTimeout)
        // A large value goes on for as long as it goes on well, also beyond the deadline.
        return isLarge ? HTTPPatience(whole: Seconds(usual.count + 30), stall: usual) : HTTPPatience(whole: usual)
    }

    // MARK: - Members

    /// All of them, the one that answered last first.
    private var membersInOrder: [WebAddress] {
        let first = preferred.withLock { $0 }
        return Array(settings.members[first...] + settings.members[..<first])
    }

    private func prefer(_ member: WebAddress) {
        guard let index = settings.members.firstIndex(of: member) else { return }
        preferred.withLock { $0 = index }
    }

    /// Has another member asked first from now on.
    func avoid(_ member: WebAddress) {
        guard let index = settings.members.firstIndex(of: member) else { return }
        preferred.withLock { preferred in
            guard preferred == index else { return }
            preferred = (index + 1) % settings.members.count
        }
    }
}
