internal import Encodings

/// When a provider is asked for its keys.
///
/// Pure: the clock, the requests of logins and chance come in as arguments; `chance` is from 0 up to 1, 1 excluded, and spreads
/// the hosts that would else all ask at once.
struct RefreshSchedule {
    /// The shortest that a set is taken as fresh, whatever the provider says.
    static let shortest = Seconds(5 * 60)
    /// How long it is where the provider does not say.
    static let standard = Seconds(3600)
    /// The shortest between two requests that logins asked for, whoever floods us.
    static let pause = Seconds(60)

    /// How old the provider's set may be.
    let maximumAge: Seconds

    /// The longest that a set is taken as fresh: two attempts may fail before it is too old.
    var longest: Seconds { Seconds(max(maximumAge.count / 3, 1)) }

    /// When to ask again after a success.
    func next(after asked: UnixTime, freshFor: Seconds?, chance: Double) -> UnixTime {
        let span = min(max(freshFor ?? Self.standard, Self.shortest), longest)
        return asked + shortened(span, by: 0.1 * chance)
    }

    /// When to ask again after so many failures in a row; sooner where there is no set to fall back on.
    func retry(after asked: UnixTime, failures: Int64, hasSet: Bool, chance: Double) -> UnixTime {
        let doublings = min(max(failures - 1, 0), 10)
        let most = min(hasSet ? maximumAge.count / 12 : 300, 3600, longest.count)
        return asked + shortened(Seconds(max(min(60 << doublings, most), 1)), by: 0.5 * chance)
    }

    private func shortened(_ span: Seconds, by part: Double) -> Seconds {
        // A third of the longest age there can be is exact enough as a Double.
        Seconds(span.count - Int64(Double(span.count) * min(max(part, 0), 1)))
    }

    /// What to do now.
    /// - Parameters:
    ///   - terms: When the provider is to be asked.
    ///   - state: As it was left.
    ///   - fetchedAt: When the set in the cache was fetched; `nil` where none counts.
    ///   - poke: The last request of a login, `nil` for none.
    ///   - seen: How many times the provider had been asked when this refresh began.
    ///   - now: The present.
    /// - Returns: To ask, to wait and decide again, or to leave it.
    func decision(
        on terms: RefreshTerms, state: RefreshState, fetchedAt: UnixTime?, poke: Poke?, seen: Int64, at now: UnixTime
    ) -> RefreshDecision {
        let isWanted = poke != nil && poke != state.poke
        guard terms.isOnlyIfDue || terms.isOnlyIfWanted else {
            // Asked since this refresh began, while it waited for the other: there is nothing newer to be had.
            if !terms.isForced, state.ended > seen { return .leave(.isShared) }
            return .ask(isUrgent: terms.isForced || isWanted)
        }
        if terms.isOnlyIfDue, isDue(state, fetchedAt, at: now) { return .ask(isUrgent: isWanted) }
        guard terms.isOnlyIfWanted else { return .leave(.isNotDue) }
        guard isWanted else { return .leave(terms.isOnlyIfDue ? .isNotDue : .isNotWanted) }
        // A time that is still to come says that the clock was set back, and nothing else.
        if let asked = state.asked, asked <= now, now.since(asked) < Self.pause {
            return .wait(Seconds(Self.pause.count - now.since(asked).count))
        }
        return .ask(isUrgent: true)
    }

    private func isDue(_ state: RefreshState, _ fetchedAt: UnixTime?, at now: UnixTime) -> Bool {
        guard let next = state.next, now < next else { return true }
        // The clock was set back, or max_key_set_age lowered.
        if state.asked.map({ $0 > now }) ?? false || next.since(now) > longest { return true }
        guard state.failures == 0 else { return false }
        // Another file than the one that was fetched then.
        return fetchedAt.map { now.since($0) >= longest } ?? true
    }
}

/// When a provider is to be asked; without any of these: now, whatever it said about keeping its answer.
public struct RefreshTerms: Sendable, Equatable {
    /// Where its time has come, by what it said or since the last time failed.
    public let isOnlyIfDue: Bool
    /// Where a login asked for it, but not within a minute of the last time.
    public let isOnlyIfWanted: Bool
    /// To serve the whole set, even if it is the one in the cache.
    public let isForced: Bool

    /// Both conditions together hold where either does.
    public init(isOnlyIfDue: Bool = false, isOnlyIfWanted: Bool = false, isForced: Bool = false) {
        self.isOnlyIfDue = isOnlyIfDue
        self.isOnlyIfWanted = isOnlyIfWanted
        self.isForced = isForced
    }
}

enum RefreshDecision: Equatable {
    /// And have caches on the way ask the provider itself, where it is urgent.
    case ask(isUrgent: Bool)
    /// And decide again.
    case wait(Seconds)
    case leave(Reason)

    /// Why a provider is not asked.
    enum Reason: Equatable {
        case isNotDue
        case isNotWanted
        /// Another refresh has just asked it.
        case isShared
    }
}
