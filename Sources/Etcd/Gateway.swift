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

    /// The object that an answer of the gateway is; `nil` where it is none.
    ///
    /// An answer has some six values for a key. With as many commas as a large one has bytes it would take more memory by
    /// far than its bytes: base64, in which all that is large stands, has none.
    init?(ofGateway bytes: [UInt8]) {
        guard bytes.count(where: { $0 == UInt8(ascii: ",") }) <= JSON.Object.maximumCommas else { return nil }
        guard let object = (try? JSON(parsing: bytes))?.object else { return nil }
        self = object
    }

    private static var maximumCommas: Int { 20_000 }

    /// A number of 64 bits that is not below 0; 0 where there is none.
    func natural(_ name: Text) throws(NotOfGateway) -> Int64 {
        let number = try number(name)
        guard number >= 0 else { throw NotOfGateway() }
        return number
    }

    /// A number that a revision of the store can be: from 1 on, and with one after it.
    func revision(_ name: Text) throws(NotOfGateway) -> Int64 {
        let number = try number(name)
        guard (1..<Int64.max).contains(number) else { throw NotOfGateway() }
        return number
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

    /// What stands over each answer.
    func header() throws(NotOfGateway) -> JSON.Object {
        guard let header = self["header"]?.object else { throw NotOfGateway() }
        return header
    }
}

extension JSON {
    static func base64(_ bytes: some Collection<UInt8>) -> JSON { .string(Text(Base64.standard.encode(bytes))) }

    /// A number of 64 bits.
    static func decimal(_ number: Int64) -> JSON { .string(Text(String(number))) }
}
