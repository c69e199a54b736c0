internal import Encodings

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
        revision = try object.number("mod_revision")
    }
}

/// What a range of keys holds.
public struct RangeAnswer: Sendable, Equatable {
    /// The revision of the whole store when it was read.
    public let revision: Int64
    /// Those that there are, by the order of their keys.
    public let pairs: [KeyValue]
    /// Whether there are more than were asked for.
    public let hasMore: Bool

    init(_ object: JSON.Object) throws(NotOfGateway) {
        revision = try object.headerRevision()
        hasMore = try object.flag("more")
        var pairs: [KeyValue] = []
        for pair in try object.objects("kvs") { pairs.append(try KeyValue(pair)) }
        self.pairs = pairs
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
