internal import Encodings
internal import HTTP

extension EtcdClient {
    /// Reads keys, as they are for most of the members.
    /// - Parameters:
    ///   - request: Which.
    ///   - deadline: Until when members are asked; one that has begun to answer may take half a minute beyond it.
    /// - Returns: What they hold.
    /// - Throws: `EtcdError`.
    public func range(
        _ request: RangeRequest, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> RangeAnswer {
        try await locatedRange(request, until: deadline).answer
    }

    /// The same with who answered.
    func locatedRange(
        _ request: RangeRequest, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> (answer: RangeAnswer, member: WebAddress) {
        let (answer, member) = try await ask(
            .range, request.json, isLarge: !request.isOfKeysOnly, until: deadline
        ) { (object) throws(NotOfGateway) in
            try RangeAnswer(object, to: request)
        }
        return (answer, member)
    }

    /// Reads keys from one member alone, which asks the others whether it is up to date.
    func range(_ request: RangeRequest, at member: WebAddress) async throws(EtcdError) -> RangeAnswer {
        let answer = await ask(member, .range, request.json, isLarge: !request.isOfKeysOnly) {
            (object) throws(NotOfGateway) in
            try RangeAnswer(object, to: request)
        }
        switch answer {
        case .success(let answer): return answer
        case .failure(let failure): throw EtcdError([failure])
        }
    }

    /// So many bytes are sent at once, over whatever connection.
    private static let smallValue = 64 << 10

    /// The most keys that are read of a prefix.
    static let maximumKeys = 100_000

    /// All keys with a prefix, of one revision, up to a hundred thousand.
    /// - Parameters:
    ///   - prefix: What they begin with; not empty.
    ///   - page: How many to read at a time; where that is more than is taken at once, it becomes half of it.
    ///   - deadline: Until when members are asked.
    /// - Returns: Those that there are, by the order of their keys.
    /// - Throws: `EtcdError`.
    public func all(
        prefix: String, page: Int64 = 500, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> [KeyValue] {
        var pairs: [KeyValue] = []
        var (page, revision) = (page, 0 as Int64)
        while true {
            // The key behind the last one is that with a zero byte more.
            var request = RangeRequest(prefix: prefix, from: pairs.last.map { $0.key + [0] })
            request.limit = page
            request.revision = revision
            let (answer, member): (RangeAnswer, WebAddress)
            do throws(EtcdError) {
                (answer, member) = try await locatedRange(request, until: deadline)
            } catch {
                guard error.isTooLarge, page > 1 else { throw error }
                page /= 2
                continue
            }
            pairs += answer.pairs
            guard answer.hasMore else { return pairs }
            // A member may say for ever that there are more.
            guard pairs.count < EtcdClient.maximumKeys else { throw .malformed(.range, by: member) }
            guard .now < deadline else { throw .unavailable([]) }
            revision = answer.revision
        }
    }

    /// Sets a key.
    /// - Parameters:
    ///   - key: Which.
    ///   - value: What it is to stand for.
    ///   - lease: With whose end the key goes; 0 for none.
    ///   - deadline: Until when members are asked.
    /// - Throws: `EtcdError`.
    public func put(
        _ key: String, _ value: [UInt8], lease: Int64 = 0, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) {
        var object = JSON.Object(["key": .base64(key.utf8), "value": .base64(value)])
        if lease != 0 { object.add("lease", .decimal(lease)) }
        let isLarge = value.count > EtcdClient.smallValue
        _ = try await ask(.put, .object(object), isLarge: isLarge, until: deadline) { (object) throws(NotOfGateway) in
            try object.header().revision("revision")
        }
    }

    /// Sets some keys, all or none of them, where something holds.
    /// - Parameters:
    ///   - comparisons: What is to hold.
    ///   - puts: What to set then.
    ///   - deadline: Until when members are asked.
    /// - Returns: Whether it held, and so was done.
    /// - Throws: `EtcdError`.
    public func transact(
        if comparisons: [Comparison], put puts: [(key: String, value: [UInt8])],
        until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> Bool {
        let operations = puts.map { put in
            JSON.object(
                JSON.Object([
                    "request_put": .object(
                        JSON.Object(["key": .base64(put.key.utf8), "value": .base64(put.value)]))
                ]))
        }
        let body = JSON.Object(["compare": .array(comparisons.map(\.json)), "success": .array(operations)])
        let isLarge = puts.contains { $0.value.count > EtcdClient.smallValue }
        return try await ask(.txn, .object(body), isLarge: isLarge, until: deadline) { (object) throws(NotOfGateway) in
            try object.flag("succeeded")
        }.0
    }

    // MARK: - Leases

    /// Makes a lease, which ends unless it is kept alive.
    /// - Parameters:
    ///   - seconds: How long it lasts; etcd may make it longer.
    ///   - deadline: Until when members are asked.
    /// - Returns: Its number.
    /// - Throws: `EtcdError`.
    public func grantLease(of seconds: Int64, until deadline: ContinuousClock.Instant) async throws(EtcdError) -> Int64
    {
        let body = JSON.Object(["TTL": .decimal(seconds)])
        return try await ask(.leaseGrant, .object(body), until: deadline) { (object) throws(NotOfGateway) in
            let lease = try object.number("ID")
            guard lease > 0 else { throw NotOfGateway() }
            return lease
        }.0
    }

    /// Has a lease last its time from now on.
    /// - Returns: Whether there was such a lease still.
    /// - Throws: `EtcdError`.
    public func keepAlive(lease: Int64, until deadline: ContinuousClock.Instant) async throws(EtcdError) -> Bool {
        let body = JSON.Object(["ID": .decimal(lease)])
        return try await ask(.leaseKeepAlive, .object(body), until: deadline) { (object) throws(NotOfGateway) in
            // A stream of one.
            guard let result = object["result"]?.object else { throw NotOfGateway() }
            return try result.natural("TTL") > 0
        }.0
    }

    /// Ends a lease now, with the keys that hang on it.
    /// - Throws: `EtcdError`; `.refused` where there is no such lease.
    public func revoke(lease: Int64, until deadline: ContinuousClock.Instant) async throws(EtcdError) {
        let body = JSON.Object(["ID": .decimal(lease)])
        _ = try await ask(.leaseRevoke, .object(body), until: deadline) { (object) throws(NotOfGateway) in
            try object.header().revision("revision")
        }
    }
}
