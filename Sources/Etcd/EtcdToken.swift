internal import Encodings
internal import HTTP
internal import Synchronization

/// What is known of the token that etcd gives for a password.
enum EtcdToken: Equatable {
    case unknown
    /// Authentication is not enabled.
    case notWanted
    case known(String)

    /// The most bytes of one: a JWT of etcd's has some 300.
    static let maximumCount = 4096

    /// Whether `text` can stand in a header.
    static func isToken(_ text: Text) -> Bool {
        (1...maximumCount).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension EtcdClient {
    var hasUser: Bool { settings.credentials != nil }

    /// Forgets the token in `headers`, unless there is a newer one by now.
    func forgetToken(of headers: [String: String]) {
        token.withLock { token in
            let known = headers["Authorization"].map { EtcdToken.known($0) } ?? .notWanted
            if token == known { token = .unknown }
        }
    }

    /// Takes the password, and the token in `headers`, out of what a member says.
    func redaction(of headers: [String: String] = [:]) -> Redaction {
        Redaction(of: [settings.credentials?.password, headers["Authorization"]].compactMap { $0.map { Text($0) } })
    }

    /// The headers that say who asks.
    func authorization(
        from member: WebAddress, until deadline: ContinuousClock.Instant? = nil
    ) async -> Result<[String: String], EtcdMemberFailure> {
        guard let credentials = settings.credentials else { return .success([:]) }
        switch token.withLock({ $0 }) {
        case .known(let token): return .success(["Authorization": token])
        case .notWanted: return .success([:])
        case .unknown: break
        }
        let body = JSON.Object([
            "name": .string(Text(credentials.user)), "password": .string(Text(credentials.password)),
        ])
        let request = HTTPRequest.post(
            member.at(path: EtcdMethod.authenticate.path), json: JSON.object(body).encoded)
        switch await send(request, within: patience(false, until: deadline)) {
        case .failure(let error): return .failure(EtcdMemberFailure(member, .init(error, without: redaction())))
        case .success(let response): return token(in: response, of: member)
        }
    }

    private func token(
        in response: HTTPResponse, of member: WebAddress
    ) -> Result<[String: String], EtcdMemberFailure> {
        let object = JSON.Object(ofGateway: response.body)
        if response.status == 200 {
            guard let text = object?["token"]?.text, EtcdToken.isToken(text) else {
                return .failure(EtcdMemberFailure(member, .malformed(.authenticate)))
            }
            token.withLock { $0 = .known(text.string) }
            return .success(["Authorization": text.string])
        }
        let status = GatewayStatus(object, status: response.status)
        if status.words.string.contains("authentication is not enabled") {
            // The user was made, and the switch not turned yet: asking goes without.
            token.withLock { $0 = .notWanted }
            return .success([:])
        }
        let shown = status.redacted(by: redaction())
        switch shown.meaning {
        case .token, .notNow: return .failure(EtcdMemberFailure(member, .notNow(shown.words)))
        case .refused(let refusal): return .failure(EtcdMemberFailure(member, .refused(refusal)))
        }
    }
}

extension EtcdMemberFailure.Reason {
    /// No answer; where what is told of that repeats what was sent, it is not told.
    init(_ error: HTTPError, without redaction: Redaction) {
        let words = Text(error.description)
        self = redaction.redacted(words) == words ? .noAnswer(error) : .notNow("(hidden)")
    }
}
