internal import Encodings
internal import Synchronization

/// What a watch of a policy knows.
final class KnownPolicy: Sendable {
    let report: @Sendable (PolicyWatch.News) -> Void
    private let policies: AsyncStream<PolicyWatch.Published>.Continuation
    private let state = Mutex(State())

    private struct State {
        /// Of the policy that was handed over last; `nil` where there is none.
        var revision: Int64?
        /// Where that came from: one that was restored from a backup counts the same revisions again.
        var cluster: Text = ""
        var isLost = false
    }

    init(
        report: @escaping @Sendable (PolicyWatch.News) -> Void,
        policies: AsyncStream<PolicyWatch.Published>.Continuation
    ) {
        self.report = report
        self.policies = policies
    }

    var isNone: Bool { state.withLock { $0.revision == nil } }

    /// Whether the policy that was handed over last is what `answer` shows, or as little.
    func isLatest(in answer: RangeAnswer) -> Bool {
        state.withLock { state in
            guard let revision = state.revision else { return answer.pairs.isEmpty }
            return answer.pairs.first?.revision == revision && answer.cluster == state.cluster
        }
    }

    /// Hands a policy over; `nil` where it is of the same cluster as the last.
    func take(_ pair: KeyValue, of cluster: Text? = nil) {
        state.withLock { state in
            state.revision = pair.revision
            state.cluster = cluster ?? state.cluster
            state.isLost = false
            policies.yield(PolicyWatch.Published(text: pair.value, revision: pair.revision))
        }
    }

    func take(_ event: WatchEvent) {
        switch event {
        case .put(let pair): take(pair)
        case .deleted: if lose() { report(.missing) }
        }
    }

    /// Hands a policy over once more, unless another has come since.
    func offerAgain(_ policy: PolicyWatch.Published) {
        state.withLock { state in
            // In one step with that: else it could take the place of a newer one.
            if state.revision == policy.revision { policies.yield(policy) }
        }
    }

    /// Notes that there is none, in the same cluster as before for `nil`, and says whether that is new.
    func lose(in cluster: Text? = nil) -> Bool {
        state.withLock { state in
            defer { (state.revision, state.cluster, state.isLost) = (nil, cluster ?? state.cluster, true) }
            return !state.isLost
        }
    }
}

/// When a watch began.
final class StartTime: Sendable {
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
