public import Encodings
public import HTTP
internal import Synchronization

/// Follows the policy that is published in etcd, and hands over each one that there is.
///
/// It reads the key, and then watches it at the member that answered. Every now and then it asks that member, most of the
/// others agreeing, which revision of the key is the latest: a member that is stopped, cut off or behind is left so. When
/// a watch ends, however, the key is read again before the next one, so that nothing is missed, not even where etcd has
/// compacted it away. Where no watch can be held at all, what is left is that reading: at the pace of `Pace.pull`.
public struct PolicyWatch: Sendable {
    /// How often what is done.
    public struct Pace: Sendable {
        /// How often the member that is watched is asked whether it is there and up to date.
        public var check = Seconds(30)
        /// How long the pauses between two tries are at most; so the pace of reading where there is no watch.
        public var pull = Seconds(60)
        /// How long the first pause is, about.
        public var firstPause = Duration.milliseconds(200)
        /// How long members are asked for, before it counts as a failure.
        public var patience = Seconds(15)

        /// The usual pace.
        public init() {}
    }

    /// What is going on, for a log.
    public enum News: Sendable, Equatable {
        /// A watch is held at this member.
        case watching(WebAddress)
        /// The watch is over; another one is tried for.
        case watchEnded(at: WebAddress, WatchEnd)
        /// The member that is watched shows something older than others do.
        case behind(WebAddress)
        /// The policy could not be read.
        case unreadable(EtcdError)
        /// There is none published, or it was taken away; a host goes on with what it has.
        case missing
    }

    /// A policy as published.
    public struct Published: Sendable, Equatable {
        /// The signed text; verified by nobody.
        public let text: [UInt8]
        /// The revision of etcd's that brought it.
        public let revision: Int64
    }

    private let client: EtcdClient
    private let key: String
    private let pace: Pace
    private let random: @Sendable () -> Double

    /// A follower.
    /// - Parameters:
    ///   - client: Of the cluster.
    ///   - prefix: What all keys of the fleet begin with: `/pair/`.
    ///   - pace: How often what is done.
    ///   - random: From 0 up to 1, other ones each time: hosts are not to come all at once.
    public init(
        client: EtcdClient, prefix: String, pace: Pace = Pace(),
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.client = client
        key = FleetKeys(prefix: prefix).policy
        self.pace = pace
        self.random = random
    }

    /// Follows until the task is cancelled.
    ///
    /// `apply` gets one policy at a time, the first as soon as it was read. Where several come while it is at work, it gets
    /// the last of them.
    /// - Parameters:
    ///   - report: Gets what is going on.
    ///   - apply: Verifies and applies a policy.
    public func run(
        report: @escaping @Sendable (News) -> Void, apply: @escaping @Sendable (Published) async -> Void
    ) async {
        let (policies, continuation) = AsyncStream.makeStream(of: Published.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup { group in
            group.addTask {
                for await policy in policies { await apply(policy) }
            }
            group.addTask {
                await follow(Following(report: report, policies: continuation))
                continuation.finish()
            }
        }
    }

    // MARK: - Following

    private func follow(_ following: Following) async {
        var backOff = BackOff(first: pace.firstPause, longest: .seconds(pace.pull.count))
        while !Task.isCancelled {
            do throws(EtcdError) {
                let (revision, member) = try await catchUp(following)
                if await watch(member, from: revision + 1, following) { backOff.reset() }
            } catch {
                if error != .cancelled { following.report(.unreadable(error)) }
            }
            try? await Task.sleep(for: backOff.next(random()))
        }
    }

    /// Reads the policy where it is another than before.
    /// - Returns: The revision up to which nothing was missed, and who knew.
    private func catchUp(_ following: Following) async throws(EtcdError) -> (revision: Int64, member: WebAddress) {
        let deadline = ContinuousClock.now + .seconds(pace.patience.count)
        var (answer, member) = try await client.locatedRange(key(in: following), until: deadline)
        if let pair = answer.pairs.first, pair.revision != following.revision, following.revision != nil {
            (answer, member) = try await client.locatedRange(RangeRequest(key: key), until: deadline)
        }
        if let pair = answer.pairs.first {
            // Without its value it is the one that is known.
            if pair.revision != following.revision { following.take(pair) }
        } else if following.lose() {
            following.report(.missing)
        }
        return (answer.revision, member)
    }

    /// With its value only where none is known yet: it may be large, and a fleet reconnects all at once.
    private func key(in following: Following) -> RangeRequest {
        following.revision == nil ? RangeRequest(key: key) : RangeRequest(key: key).keysOnly
    }

    /// Watches at one member.
    /// - Returns: Whether it was held for so long that the next try need not be delayed.
    private func watch(_ member: WebAddress, from revision: Int64, _ following: Following) async -> Bool {
        let began = Beginning()
        let end: WatchEnd? = await withTaskGroup(of: WatchEnd?.self) { group in
            group.addTask {
                await client.watch(
                    key, from: revision, at: member,
                    began: {
                        if began.note() { following.report(.watching(member)) }
                    },
                    receive: { following.take($0) })
            }
            group.addTask { await check(member, following) }
            // The other one has nothing to add.
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard !Task.isCancelled else { return false }
        client.avoid(member)
        following.report(end.map { .watchEnded(at: member, $0) } ?? .behind(member))
        return began.isOlder(than: pace.pull)
    }

    /// Asks the member now and then, until it does not answer or shows another revision than the watch has brought.
    /// - Returns: Why, `nil` for the latter.
    private func check(_ member: WebAddress, _ following: Following) async -> WatchEnd? {
        while true {
            do {
                // All hosts would else ask at the same time, after a member is gone.
                try await Task.sleep(for: .seconds(pace.check.count) * (0.75 + 0.5 * random()))
                guard try await isBehind(member, following) else { continue }
                // What was published just now may be on its way.
                try await Task.sleep(for: .seconds(1))
                if try await isBehind(member, following) { return nil }
            } catch let error as EtcdError {
                return .broken(error)
            } catch {
                return .left
            }
        }
    }

    private func isBehind(_ member: WebAddress, _ following: Following) async throws(EtcdError) -> Bool {
        let answer = try await client.range(RangeRequest(key: key).keysOnly, at: member)
        return answer.pairs.first?.revision != following.revision
    }
}

/// What a follower knows.
private final class Following: Sendable {
    let report: @Sendable (PolicyWatch.News) -> Void
    private let policies: AsyncStream<PolicyWatch.Published>.Continuation
    private let known = Mutex<(revision: Int64?, isLost: Bool)>((nil, false))

    init(
        report: @escaping @Sendable (PolicyWatch.News) -> Void,
        policies: AsyncStream<PolicyWatch.Published>.Continuation
    ) {
        self.report = report
        self.policies = policies
    }

    /// Of the policy that was handed over last; `nil` where there is none.
    var revision: Int64? { known.withLock { $0.revision } }

    func take(_ pair: KeyValue) {
        known.withLock { $0 = (pair.revision, false) }
        policies.yield(PolicyWatch.Published(text: pair.value, revision: pair.revision))
    }

    func take(_ event: WatchEvent) {
        switch event {
        case .put(let pair): take(pair)
        case .deleted: if lose() { report(.missing) }
        }
    }

    /// Notes that there is none, and says whether that is new.
    func lose() -> Bool {
        known.withLock { known in
            defer { known = (nil, true) }
            return !known.isLost
        }
    }
}

/// When a watch began.
private final class Beginning: Sendable {
    private let moment = Mutex<ContinuousClock.Instant?>(nil)

    /// Notes that it is now, and says whether it had not begun before.
    func note() -> Bool {
        moment.withLock { moment in
            defer { moment = moment ?? .now }
            return moment == nil
        }
    }

    func isOlder(than span: Seconds) -> Bool {
        moment.withLock { moment in moment.map { .now - $0 >= .seconds(span.count) } ?? false }
    }
}
