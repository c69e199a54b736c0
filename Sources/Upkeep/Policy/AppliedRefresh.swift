public import Encodings
public import Policy

/// What came of refreshing a host's policy.
public struct AppliedRefresh: Sendable {
    /// How the policy differs from the one before.
    public enum Change: String, Sendable {
        /// There was none that could be read.
        case first
        case new
        case same
    }

    /// Where it comes from.
    public let source: PolicySource
    /// What was done.
    public let action: ProviderRefresh.Action
    /// How it differs from the one before; `nil` where none was fetched.
    public let change: Change?
    /// What is applied now.
    public let policy: AppliedPolicy
    /// Why the last attempt failed, this one or one before; `nil` where it did not.
    public let failure: RefreshFailure?
    /// Whether what was asked for, or brought, is what is applied now, though the note of it may not have been written.
    public let holds: Bool
    /// How many attempts in a row failed.
    public let failures: Int64
    /// When it is due again; `nil` for now.
    public let next: UnixTime?
    /// When this was found.
    public let time: UnixTime

    init(
        action: ProviderRefresh.Action, state: RefreshState, policy: AppliedPolicy, from source: PolicySource,
        failure: RefreshFailure?, before: AppliedPolicy? = nil, holds: Bool = false, at time: UnixTime
    ) {
        self.source = source
        self.action = action
        self.policy = policy
        self.failure = failure
        self.holds = holds
        self.time = time
        failures = state.failures
        next = state.next
        change =
            if action == .asked, let before {
                before.header == nil ? .first : before.header == policy.header ? .same : .new
            } else {
                nil
            }
    }

    /// How logins stand by now.
    public var verdict: ProviderRefresh.Verdict {
        guard policy.counts else { return .none }
        return failure == nil ? .fresh : .old
    }
}
