// A PolicyWatch at work, and waiting for what it says.

import Encodings
import HTTP
import Synchronization
import Testing

@testable import Etcd

/// Follows a policy until it goes out of scope.
final class Follower: Sendable {
    private let task: Task<Void, Never>
    let seen: Journal

    /// What was applied and said, in order; waited for by what it holds.
    final class Journal: Sendable {
        private struct State {
            var applied: [(text: String, at: ContinuousClock.Instant)] = []
            var news: [PolicyWatch.News] = []
            var waiting: [Waiting] = []
            var isGivenUp = false
        }

        fileprivate struct Waiting {
            let condition: @Sendable (Journal.Contents) -> Bool
            let done: CheckedContinuation<Void, Never>
        }

        struct Contents {
            let applied: [String]
            let news: [PolicyWatch.News]
        }

        private let state = Mutex(State())

        var contents: Contents { state.withLock { Contents(applied: $0.applied.map(\.text), news: $0.news) } }

        /// When it was applied for the first time.
        func time(of text: String) -> ContinuousClock.Instant? {
            state.withLock { $0.applied.first { $0.text == text }?.at }
        }

        func add(applied text: String) { add { $0.applied.append((text, .now)) } }

        func add(_ news: PolicyWatch.News) { add { $0.news.append(news) } }

        private func add(_ change: (inout State) -> Void) {
            let done = state.withLock { state in
                change(&state)
                let contents = Contents(applied: state.applied.map(\.text), news: state.news)
                let split = state.waiting.partition { $0.condition(contents) }
                defer { state.waiting.removeSubrange(split...) }
                return state.waiting[split...].map(\.done)
            }
            for one in done { one.resume() }
        }

        /// Waits until the journal is so; for good where the suite's time is over.
        func wait(until condition: @escaping @Sendable (Contents) -> Bool) async {
            await withTaskCancellationHandler {
                await withCheckedContinuation { done in
                    let isOver = state.withLock { state in
                        let contents = Contents(applied: state.applied.map(\.text), news: state.news)
                        if state.isGivenUp || condition(contents) { return true }
                        state.waiting.append(Waiting(condition: condition, done: done))
                        return false
                    }
                    if isOver { done.resume() }
                }
            } onCancel: {
                let waiting = state.withLock { state in
                    state.isGivenUp = true
                    defer { state.waiting = [] }
                    return state.waiting
                }
                for one in waiting { one.done.resume() }
            }
        }
    }

    /// Follows, and applies what `judge` says yes to.
    init(
        _ client: EtcdClient, prefix: String, pace: PolicyWatch.Pace = .brisk,
        _ judge: @escaping @Sendable (String) async -> Bool = { _ in true }
    ) {
        let seen = Journal()
        self.seen = seen
        let watch = PolicyWatch(client: client, prefix: prefix, pace: pace)
        task = Task {
            await watch.run(
                report: { seen.add($0) },
                apply: {
                    let text = String(decoding: $0.text, as: UTF8.self)
                    seen.add(applied: text)
                    return await judge(text)
                })
        }
    }

    deinit { task.cancel() }

    func stop() async {
        task.cancel()
        await task.value
    }

    /// Waits until `text` was applied.
    func applies(_ text: String) async { await seen.wait { $0.applied.contains(text) } }

    /// Waits until it watches, for the `count`th time.
    func watches(times count: Int = 1) async -> WebAddress? {
        await seen.wait { $0.watched.count >= count }
        return seen.contents.watched.last
    }
}

extension Follower.Journal.Contents {
    /// The members that were watched, one after the other.
    var watched: [WebAddress] {
        news.compactMap {
            if case .watching(let member) = $0 { member } else { nil }
        }
    }

    var ends: [WatchEnd] {
        news.compactMap {
            if case .watchEnded(_, let end) = $0 { end } else { nil }
        }
    }
}

extension PolicyWatch.Pace {
    /// For tests: what takes a minute elsewhere takes a second.
    static var brisk: Self {
        var pace = Self()
        pace.check = Seconds(1)
        pace.pull = Seconds(1)
        pace.firstPause = .milliseconds(50)
        pace.patience = Seconds(5)
        pace.applications.cost = .zero
        return pace
    }

    /// For tests of what a watch brings: nothing is asked besides.
    static var relying: Self {
        var pace = Self.brisk
        pace.check = Seconds(3600)
        return pace
    }
}
