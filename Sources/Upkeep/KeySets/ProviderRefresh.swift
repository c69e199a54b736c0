public import Encodings
public import IdentityToken
public import Policy

/// What came of refreshing one provider's key set.
public struct ProviderRefresh: Sendable {
    /// What was done.
    public enum Action: String, Sendable {
        /// The provider was asked, and its set is in the cache.
        case asked
        /// Another refresh asked it meanwhile; what that one found counts.
        case shared
        /// It was not asked: nothing called for it.
        case left
        /// It was asked, or should have been, and the cache is as it was.
        case failed
    }

    /// How the keys differ from those before.
    public enum Change: String, Sendable {
        /// There was no set that could be read.
        case first
        case new
        case same
    }

    /// How logins stand by now.
    public enum Verdict: Int32, Sendable, Comparable {
        /// The set is as it should be.
        case fresh = 0
        /// The last attempt failed, and the set before it still counts.
        case old = 1
        /// There is no set that counts: nobody at this provider is let in.
        case none = 2

        /// Whether `left` is the better one.
        public static func < (left: Verdict, right: Verdict) -> Bool { left.rawValue < right.rawValue }
    }

    /// Whose set it is.
    public let provider: Provider
    /// What was done.
    public let action: Action
    /// How the keys differ from those before; `nil` where none were fetched.
    public let change: Change?
    /// What is in the cache now.
    public let cached: CachedKeySet
    /// Why the last attempt failed, this one or one before; `nil` where it did not.
    public let failure: RefreshFailure?
    /// How many attempts in a row failed.
    public let failures: Int64
    /// When the provider is due again; `nil` for now.
    public let next: UnixTime?
    /// When this was found.
    public let time: UnixTime

    init(
        provider: Provider, action: Action, state: RefreshState, cached: CachedKeySet, failure: RefreshFailure?,
        before: CachedKeySet? = nil, at time: UnixTime
    ) {
        self.provider = provider
        self.action = action
        self.cached = cached
        self.failure = failure
        self.time = time
        failures = state.failures
        next = state.next
        change =
            switch (action, before) {
            case (.asked, let before?):
                before.keySet == nil ? .first : before.keys == cached.keys ? .same : .new
            case (.asked, nil), (.shared, _), (.left, _), (.failed, _): nil
            }
    }

    /// How logins stand by now.
    public var verdict: Verdict {
        guard cached.counts else { return .none }
        return failure == nil ? .fresh : .old
    }

    /// How many keys the set has, those included that are of no use here; `nil` where there is no set.
    public var keyCount: Int? { cached.keySet?.algorithmsOfKeys.count }

    /// What the provider's tokens may be signed by: what it has keys for and pair.toml allows.
    public var algorithms: [SigningAlgorithm] {
        let found = cached.keySet?.algorithmsOfKeys.flatMap { $0 } ?? []
        return provider.algorithms.filter { found.contains($0) }
    }
}
