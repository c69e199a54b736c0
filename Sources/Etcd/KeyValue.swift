public import Encodings

/// A key with what it stands for at some time.
public struct KeyValue: Sendable, Equatable {
    /// Its name.
    public let key: [UInt8]
    /// What it stands for; empty, too, where only keys were asked for.
    public let value: [UInt8]
    /// The revision of the store that brought this value.
    public let revision: Int64

    init(key: [UInt8], value: [UInt8], revision: Int64) {
        self.key = key
        self.value = value
        self.revision = revision
    }

    init(_ object: JSON.Object) throws(NotOfGateway) {
        key = try object.bytes("key")
        value = try object.bytes("value")
        revision = try object.revision("mod_revision")
    }
}

/// What a range of keys holds.
public struct RangeAnswer: Sendable, Equatable {
    /// The revision of the whole store when it was read.
    public let revision: Int64
    /// Which cluster it is, by etcd's number of it; one that was restored from a backup is another.
    public let cluster: Text
    /// Those that there are, by the order of their keys.
    public let pairs: [KeyValue]
    /// Whether there are more than were asked for.
    public let hasMore: Bool

    /// An answer to `request`, and to no other.
    init(_ object: JSON.Object, to request: RangeRequest) throws(NotOfGateway) {
        let header = try object.header()
        revision = try header.revision("revision")
        cluster = header["cluster_id"]?.text ?? ""
        hasMore = try object.flag("more")
        var pairs: [KeyValue] = []
        for pair in try object.objects("kvs") {
            let pair = try KeyValue(pair)
            guard request.contains(pair.key),
                pairs.last.map({ $0.key.lexicographicallyPrecedes(pair.key) }) ?? true
            else { throw NotOfGateway() }
            pairs.append(pair)
        }
        self.pairs = pairs
        // Only where there is a limit there can be more, and a page with nothing on it leads nowhere.
        guard !hasMore || request.limit > 0 && !pairs.isEmpty else { throw NotOfGateway() }
    }
}

/// Which keys to read.
public struct RangeRequest: Sendable {
    let key: [UInt8]
    let end: [UInt8]?
    var isOfKeysOnly = false
    var limit: Int64 = 0
    var revision: Int64 = 0

    /// One key.
    public init(key: String) {
        self.key = Array(key.utf8)
        end = nil
    }

    /// All that begin with `prefix`, which is not empty, from `start` on.
    public init(prefix: String, from start: [UInt8]? = nil) {
        var end = Array(prefix.utf8)
        while let last = end.popLast() {
            guard last < 0xFF else { continue }
            end.append(last + 1)
            break
        }
        key = start ?? Array(prefix.utf8)
        self.end = end
    }

    /// Whether `key` is one of those.
    func contains(_ key: [UInt8]) -> Bool {
        guard let end else { return key == self.key }
        return !key.lexicographicallyPrecedes(self.key) && key.lexicographicallyPrecedes(end)
    }

    /// The same without values.
    public var keysOnly: RangeRequest {
        var request = self
        request.isOfKeysOnly = true
        return request
    }

    var json: JSON {
        var object = JSON.Object(["key": .base64(key)])
        if let end { object.add("range_end", .base64(end)) }
        if isOfKeysOnly { object.add("keys_only", .bool(true)) }
        if limit > 0 { object.add("limit", .decimal(limit)) }
        if revision > 0 { object.add("revision", .decimal(revision)) }
        return .object(object)
    }
}

/// What is to be so for a transaction to be done.
public enum Comparison: Sendable {
    /// There is no such key.
    case absent(String)
    /// There is, and its value comes before `than` in the order of bytes.
    case less(String, than: [UInt8])

    var json: JSON {
        switch self {
        case .absent(let key):
            .object(
                JSON.Object([
                    "key": .base64(key.utf8), "target": .string("VERSION"), "result": .string("EQUAL"),
                    "version": .decimal(0),
                ]))
        case .less(let key, let value):
            .object(
                JSON.Object([
                    "key": .base64(key.utf8), "target": .string("VALUE"), "result": .string("LESS"),
                    "value": .base64(value),
                ]))
        }
    }
}
