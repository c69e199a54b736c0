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
        /// How often policies are applied, for whoever may write them may write them in a loop.
        var applications = Moderation()

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
    /// the last of them; a few in a row at once, and then one a second. One that is refused it gets again, after
    /// `Pace.pull` and more and more time: what was wrong may have been the clock, or a full disk.
    /// - Parameters:
    ///   - report: Gets what is going on.
    ///   - apply: Verifies and applies a policy, and says whether that is what holds now.
    public func run(
        report: @escaping @Sendable (News) -> Void, apply: @escaping @Sendable (Published) async -> Bool
    ) async {
        let (policies, continuation) = AsyncStream.makeStream(of: Published.self, bufferingPolicy: .bufferingNewest(1))
        let known = KnownPolicy(report: report, policies: continuation)
        await withTaskGroup { group in
            group.addTask { await applyAll(policies, known, apply) }
            group.addTask {
                await follow(known)
                continuation.finish()
            }
        }
    }

    // MARK: - Applying

    private func applyAll(
        _ policies: AsyncStream<Published>, _ known: KnownPolicy, _ apply: (Published) async -> Bool
    ) async {
        var moderation = pace.applications
        var backOff = BackOff(first: .seconds(pace.pull.count), longest: .seconds(pace.pull.count) * 16)
        var retry: Task<Void, Never>?
        for await policy in policies {
            retry?.cancel()
            let holds = await apply(policy)
            if holds {
                backOff.reset()
            } else {
                let pause = backOff.next(random())
                retry = Task {
                    if (try? await Task.sleep(for: pause)) != nil { known.offerAgain(policy) }
                }
            }
            // Others that come meanwhile are not missed: the last of them waits.
            try? await Task.sleep(for: moderation.pause(after: holds, at: .now))
        }
        retry?.cancel()
    }

    // MARK: - Following

    private func follow(_ known: KnownPolicy) async {
        var backOff = BackOff(first: pace.firstPause, longest: .seconds(pace.pull.count))
        while !Task.isCancelled {
            do throws(EtcdError) {
                let (revision, member) = try await catchUp(known)
                if await watch(member, from: revision + 1, known) { backOff.reset() }
            } catch {
                if error != .cancelled { known.report(.unreadable(error)) }
            }
            try? await Task.sleep(for: backOff.next(random()))
        }
    }

    /// Reads the policy where it is another than before.
    /// - Returns: The revision up to which nothing was missed, and who knew.
    private func catchUp(_ known: KnownPolicy) async throws(EtcdError) -> (revision: Int64, member: WebAddress) {
        let deadline = ContinuousClock.now + .seconds(pace.patience.count)
        // With its value only where none is known yet: it may be large, and a fleet reconnects all at once.
        let request = RangeRequest(key: key)
        var (answer, member) = try await client.locatedRange(known.isNone ? request : request.keysOnly, until: deadline)
        if !known.isNone, !answer.pairs.isEmpty, !known.isLatest(in: answer) {
            (answer, member) = try await client.locatedRange(request, until: deadline)
        }
        if let pair = answer.pairs.first {
            // Without its value it is the one that is known.
            if !known.isLatest(in: answer) { known.take(pair, of: answer.cluster) }
        } else if known.lose(in: answer.cluster) {
            known.report(.missing)
        }
        return (answer.revision, member)
    }

    /// Watches at one member.
    /// - Returns: Whether it was held for so long that the next try need not be delayed.
    private func watch(_ member: WebAddress, from revision: Int64, _ known: KnownPolicy) async -> Bool {
        let began = StartTime()
        let end: WatchEnd? = await withTaskGroup(of: WatchEnd?.self) { group in
            group.addTask {
                await client.watch(
                    key, from: revision, at: member,
                    began: {
                        if began.note() { known.report(.watching(member)) }
                    },
                    receive: { known.take($0) })
            }
            group.addTask { await check(member, known) }
            // The other one has nothing to add.
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard !Task.isCancelled else { return false }
        client.avoid(member)
        known.report(end.map { .watchEnded(at: member, $0) } ?? .behind(member))
        return began.isOlder(than: pace.pull)
    }

    /// Asks the member now and then, until it does not answer or shows another revision than the watch has brought.
    /// - Returns: Why, `nil` for the latter.
    private func check(_ member: WebAddress, _ known: KnownPolicy) async -> WatchEnd? {
        while true {
            do {
                // All hosts would else ask at the same time, after a member is gone.
                try await Task.sleep(for: .seconds(pace.check.count) * (0.75 + 0.5 * random()))
                guard try await isBehind(member, known) else { continue }
                // What was published just now may be on its way.
                try await Task.sleep(for: .seconds(1))
                if try await isBehind(member, known) { return nil }
            } catch let error as EtcdError {
                return .broken(error)
            } catch {
                return .left
            }
        }
    }

    private func isBehind(_ member: WebAddress, _ known: KnownPolicy) async throws(EtcdError) -> Bool {
        !known.isLatest(in: try await client.range(RangeRequest(key: key).keysOnly, at: member))
    }
}
