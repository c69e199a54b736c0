internal import Encodings
internal import HTTP

/// What is asked of etcd's JSON gateway.
///
/// Keys and values are base64, and numbers of 64 bits strings; what has its default value is left out of an answer.
/// Source: etcd's documentation, "Why gRPC gateway", and its rpc.swagger.json.
public enum EtcdMethod: Sendable, CaseIterable {
    case authenticate, range, put, txn, watch, leaseGrant, leaseKeepAlive, leaseRevoke

    /// Where it is, as the gateway has it since etcd 3.4.
    var path: StaticString {
        switch self {
        case .authenticate: "/v3/auth/authenticate"
        case .range: "/v3/kv/range"
        case .put: "/v3/kv/put"
        case .txn: "/v3/kv/txn"
        case .watch: "/v3/watch"
        case .leaseGrant: "/v3/lease/grant"
        case .leaseKeepAlive: "/v3/lease/keepalive"
        case .leaseRevoke: "/v3/lease/revoke"
        }
    }
}

/// An answer that is not what the gateway answers.
struct NotOfGateway: Error {}

extension JSON.Object {
    /// An object of these members.
    init(_ members: KeyValuePairs<Text, JSON>) {
        self.init()
        for (name, value) in members { add(name, value) }
    }

    /// A number of 64 bits; 0 where there is none.
    func number(_ name: Text) throws(NotOfGateway) -> Int64 {
        switch self[name] {
        case nil: return 0
        case .integer(let value): return value
        case .string(let text):
            guard let value = text.ascii.flatMap({ Int64($0) }) else { throw NotOfGateway() }
            return value
        case .null, .bool, .number, .array, .object: throw NotOfGateway()
        }
    }

    func flag(_ name: Text) throws(NotOfGateway) -> Bool {
        switch self[name] {
        case nil: return false
        case .bool(let value): return value
        case .null, .integer, .number, .string, .array, .object: throw NotOfGateway()
        }
    }

    /// Bytes; none where there is no such member.
    func bytes(_ name: Text) throws(NotOfGateway) -> [UInt8] {
        switch self[name] {
        case nil: return []
        case .string(let text):
            guard let bytes = Base64.standard.decode(text.utf8) else { throw NotOfGateway() }
            return bytes
        case .null, .bool, .integer, .number, .array, .object: throw NotOfGateway()
        }
    }

    /// The objects of an array; none where there is no such member.
    func objects(_ name: Text) throws(NotOfGateway) -> [JSON.Object] {
        guard let value = self[name] else { return [] }
        guard let elements = value.elements else { throw NotOfGateway() }
        var objects: [JSON.Object] = []
        for element in elements {
            guard let object = element.object else { throw NotOfGateway() }
            objects.append(object)
        }
        return objects
    }

    /// The revision of the store when it answered.
    func headerRevision() throws(NotOfGateway) -> Int64 {
        guard let header = self["header"]?.object else { throw NotOfGateway() }
        return try header.number("revision")
    }
}

extension JSON {
    static func base64(_ bytes: some Collection<UInt8>) -> JSON { .string(Text(Base64.standard.encode(bytes))) }

    /// A number of 64 bits.
    static func decimal(_ number: Int64) -> JSON { .string(Text(String(number))) }
}

/// What the gateway says in place of an answer: gRPC's status.
struct GatewayStatus: Equatable {
    let code: Int64
    let words: Text

    /// Of an answer with a status that says failure, or of an `error` within a stream.
    init(_ object: JSON.Object?, status: Int) {
        let codes = ["code", "grpc_code"].lazy.compactMap { try? object?.number($0) }
        code = codes.first { $0 != 0 } ?? 0
        words = object?["message"]?.text ?? object?["error"]?.text ?? Text("HTTP status \(status)")
    }

    /// Of a watch that is refused: `rpc error: code = PermissionDenied desc = …`.
    init(cancelReason: Text) {
        code = 0
        words = cancelReason
    }

    enum Meaning: Equatable {
        /// The token is none, or no longer.
        case token
        /// Another member may answer, or the same one later.
        case notNow
        case refused(EtcdRefusal)
    }

    /// By etcd's words first: the code says less, and in a watch is among the words.
    ///
    /// Source: etcd's api/v3rpc/rpctypes/error.go.
    var meaning: Meaning {
        let words = words.string
        func says(_ part: String) -> Bool { words.utf8.count < 1000 && words.contains(part) }
        if says("invalid auth token") || says("revision of auth store is old") { return .token }
        if says("user name is empty") { return .refused(.userMissing) }
        if says("authentication failed") { return .refused(.authentication) }
        if says("permission denied") || code == 7 { return .refused(.permission) }
        if says("database space exceeded") { return .refused(.noSpace) }
        if says("too large") || says("larger than max") { return .refused(.tooLarge) }
        // CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE; and too many requests.
        if [0, 1, 2, 4, 13, 14].contains(code) || says("too many requests") { return .notNow }
        return code == 16 ? .token : .refused(.other(code: code, self.words))
    }
}
