internal import Discovery
public import Encodings
public import HTTP
public import HostFiles
public import Policy

/// Fetches a fleet's signed policy, verifies it and applies it: puts it where `pair-authkeys` reads it, in one step.
///
/// One refresh at a time asks, under a lock. A policy that is refused, or cannot be had, leaves the one that is applied.
/// Source: docs/fleet.md "On a host".
public struct PolicyRefresh: Sendable {
    let configuration: Configuration
    let source: PolicySource
    let ownership: Ownership
    let http: HTTPClient
    let surroundings: KeySetRefresh.Surroundings
    let secondsFromUTC: @Sendable (UnixTime) -> Seconds

    /// How long another refresh is waited for.
    static let patience = Duration.seconds(60)

    /// A refresh; nothing is asked or opened yet.
    ///
    /// `nil` where pair.toml has no source of a policy.
    /// - Parameters:
    ///   - configuration: pair.toml.
    ///   - ownership: Who may have written the policy, the file of signers and the folders above them.
    ///   - http: Sends the request; its time-outs hold, and its bound of the body. Of etcd the time-out holds alone.
    ///   - surroundings: The clock and whatever else differs from one run to the next.
    ///   - secondsFromUTC: See `AllowedSigners`.
    public init?(
        of configuration: Configuration, ownedBy ownership: Ownership, by http: HTTPClient,
        in surroundings: KeySetRefresh.Surroundings, secondsFromUTC: @escaping @Sendable (UnixTime) -> Seconds
    ) {
        guard let source = configuration.policySource else { return nil }
        self.configuration = configuration
        self.source = source
        self.ownership = ownership
        self.http = http
        self.surroundings = surroundings
        self.secondsFromUTC = secondsFromUTC
    }

    /// Where the policy is.
    var path: String { configuration.resolve(source.file) }

    /// Asks for the policy, and applies what comes where it may be.
    /// - Parameter terms: When it is asked for.
    /// - Returns: What came of it.
    public func refresh(on terms: RefreshTerms) async -> AppliedRefresh {
        do throws(PolicyRefreshError) {
            try makeFolders()
            let seen = try state(in: folder(of: .state)).begun
            while true {
                switch try await step(on: terms, seen: seen) {
                case .wait(let span): await surroundings.pause(span)
                case .done(let refresh): return refresh
                }
            }
        } catch {
            return failed(error)
        }
    }

    /// Applies a policy that a watch has brought, where a refresh that was served it would; nobody is asked.
    /// - Parameter published: The signed text, verified by nobody.
    /// - Returns: What came of it.
    public func apply(brought published: [UInt8]) async -> AppliedRefresh {
        do throws(PolicyRefreshError) {
            try makeFolders()
            let lock = try await lock()
            return try take(published, state: try state(in: lock.folder), under: lock)
        } catch {
            return failed(error)
        }
    }

    private func failed(_ error: PolicyRefreshError) -> AppliedRefresh {
        AppliedRefresh(
            action: .failed, state: RefreshState(issuer: source.name), policy: applied(), from: source,
            failure: RefreshFailure(error), at: surroundings.now())
    }

    private enum Step {
        case wait(Seconds)
        case done(AppliedRefresh)
    }

    /// Decides under the lock what to do, and does it unless it is to wait.
    private func step(on terms: RefreshTerms, seen: Int64) async throws(PolicyRefreshError) -> Step {
        let lock = try await lock()
        let state = try state(in: lock.folder)
        let before = applied()
        let decision = PolicySchedule.schedule.decision(
            on: terms, state: state, fetchedAt: before.counts ? state.asked : nil, poke: surroundings.poke(),
            seen: seen, at: surroundings.now())
        switch decision {
        case .wait(let span): return .wait(span)
        case .leave(let reason):
            return .done(
                AppliedRefresh(
                    action: reason == .isShared ? .shared : .left, state: state, policy: before, from: source,
                    failure: state.failure, at: surroundings.now()))
        case .ask(let isUrgent):
            let asking = Asking(isUrgent: isUrgent, isForced: terms.isForced, before: before)
            return .done(try await ask(asking, state: state, under: lock))
        }
    }

    /// Asks, and applies what comes of it; what went wrong is kept.
    /// - Throws: `.file` where nothing can be kept; then nobody was asked.
    private func ask(
        _ asking: Asking, state: RefreshState, under lock: borrowing FileLock
    ) async throws(PolicyRefreshError) -> AppliedRefresh {
        try removeLeftovers(under: lock)
        let asked = surroundings.now()
        let begun = state.beginning(at: asked, poke: surroundings.poke())
        // Before all else, so that even one that dies now counts as a request.
        try write(begun, in: lock.folder)

        var failure: RefreshFailure?
        let ended: RefreshState
        do throws(PolicyRefreshError) {
            let fetched = try await fetch(asking, at: asked, known: state)
            if let policy = fetched.policy { try install(policy) }
            // Behind the policy: a name for one that is not there would have the old one taken for new.
            let present = applied()
            ended = begun.succeeding(
                next: PolicySchedule.next(
                    after: asked, freshFor: fetched.terms.freshFor, chance: surroundings.chance()),
                served: RefreshState.ServedSet(fetched.terms.entityTag, of: present.bytes, from: source.name),
                serial: present.header?.serial)
        } catch {
            let reason = RefreshFailure(error)
            failure = reason
            ended = begun.failing(
                next: PolicySchedule.schedule.retry(
                    after: asked, failures: begun.failures &+ 1, hasSet: asking.before.counts,
                    chance: surroundings.chance()),
                failure: reason)
        }
        return end(ended, failure, after: asking.before, under: lock)
    }

    /// Applies what a watch has brought, or does not; either is kept, and when to ask next stays as it was.
    /// - Throws: `.file` where nothing can be kept.
    private func take(
        _ published: [UInt8], state: RefreshState, under lock: borrowing FileLock
    ) throws(PolicyRefreshError) -> AppliedRefresh {
        try removeLeftovers(under: lock)
        let before = applied()
        var failure: RefreshFailure?
        do throws(PolicyRefreshError) {
            if try isNew(published, known: state, before, at: surroundings.now()) { try install(published) }
        } catch {
            failure = RefreshFailure(error)
        }
        let ended = state.brought(serial: applied().header?.serial, failure: failure)
        return end(ended, failure, after: before, under: lock)
    }

    private func removeLeftovers(under lock: borrowing FileLock) throws(PolicyRefreshError) {
        let policies = try folder(of: .policy)
        do throws(FileFault) {
            try lock.folder.removeLeftovers(of: [stateName])
            try policies.removeLeftovers(of: [name])
        } catch {
            throw .file(error)
        }
    }

    /// Keeps the state.
    private func end(
        _ state: RefreshState, _ failure: RefreshFailure?, after before: AppliedPolicy, under lock: borrowing FileLock
    ) -> AppliedRefresh {
        var failure = failure
        let holds = failure == nil
        do throws(PolicyRefreshError) {
            try write(state, in: lock.folder)
        } catch {
            // The first thing that went wrong is the one to be told.
            failure = failure ?? RefreshFailure(error)
        }
        return AppliedRefresh(
            action: failure == nil ? .asked : .failed, state: state, policy: applied(), from: source,
            failure: failure, before: before, holds: holds, at: surroundings.now())
    }

    // MARK: - What is applied

    /// Puts what is published where logins are decided by it.
    private func install(_ published: [UInt8]) throws(PolicyRefreshError) {
        let policies = try folder(of: .policy)
        do throws(FileFault) {
            try policies.replace(name, with: published, mode: 0o644)
        } catch {
            throw .file(error)
        }
        let written = applied()
        guard written.counts else { throw .notAccepted(path, written.condition) }
    }

    /// What is applied, as it is now.
    func applied() -> AppliedPolicy {
        AppliedPolicy(of: source, under: configuration, ownedBy: ownership, at: surroundings.now())
    }
}
