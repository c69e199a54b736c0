import Encodings
import Testing

@testable import Upkeep

/// When a provider is asked; `now` is 1000000 and the set may be a day old.
@Suite("RefreshSchedule") struct ScheduleTests {
    static let now = UnixTime(seconds: 1_000_000)
    static let day = RefreshSchedule(maximumAge: Seconds(86_400))

    // MARK: - The next time

    struct Freshness: Sendable {
        let said: Int64?
        var maximumAge: Int64 = 86_400
        var chance = 0.0
        let next: Int64
    }

    static let freshnesses = [
        Freshness(said: nil, next: 3600),
        Freshness(said: 0, next: 300),
        Freshness(said: 299, next: 300),
        Freshness(said: 301, next: 301),
        Freshness(said: 3600, chance: 0.5, next: 3420),
        Freshness(said: 28_800, next: 28_800),
        Freshness(said: 28_801, next: 28_800),
        Freshness(said: .max, next: 28_800),
        Freshness(said: nil, maximumAge: 600, next: 200),
        Freshness(said: 0, maximumAge: 600, next: 200),
        Freshness(said: nil, maximumAge: 1, next: 1),
        Freshness(said: nil, maximumAge: .max, next: 3600),
        Freshness(said: .max, maximumAge: .max, next: 3_074_457_345_618_258_602),
    ]

    @Test(
        "a set is fresh for as long as the provider says, from five minutes to a third of what it may age",
        arguments: freshnesses)
    func next(row: Freshness) {
        let schedule = RefreshSchedule(maximumAge: Seconds(row.maximumAge))
        let next = schedule.next(after: Self.now, freshFor: row.said.map { Seconds($0) }, chance: row.chance)
        #expect(next == Self.now + Seconds(row.next))
    }

    @Test("hosts spread: never later than the time itself, and at most a tenth before it")
    func spreads() {
        for step in 0..<100 {
            let next = Self.day.next(after: Self.now, freshFor: Seconds(10_000), chance: Double(step) / 100)
            #expect((9000...10_000).contains(next.since(Self.now).count))
        }
    }

    struct Failures: Sendable {
        let count: Int64
        var hasSet = true
        var maximumAge: Int64 = 86_400
        var chance = 0.0
        let next: Int64
    }

    static let failures = [
        Failures(count: 1, next: 60), Failures(count: 2, next: 120), Failures(count: 6, next: 1920),
        Failures(count: 7, next: 3600), Failures(count: .max, next: 3600), Failures(count: 1, chance: 0.99, next: 31),
        Failures(count: 9, hasSet: false, next: 300), Failures(count: 9, maximumAge: 3600, next: 300),
        Failures(count: 9, maximumAge: 60, next: 5), Failures(count: 9, hasSet: false, maximumAge: 60, next: 20),
        Failures(count: 1, maximumAge: 1, next: 1), Failures(count: 0, next: 60),
    ]

    @Test(
        "after each failure it takes twice as long, to an hour, or to five minutes without a set", arguments: failures)
    func retry(row: Failures) {
        let schedule = RefreshSchedule(maximumAge: Seconds(row.maximumAge))
        let next = schedule.retry(after: Self.now, failures: row.count, hasSet: row.hasSet, chance: row.chance)
        #expect(next == Self.now + Seconds(row.next))
    }

    // MARK: - What to do

    struct Situation: Sendable, CustomTestStringConvertible {
        let name: String
        var terms = RefreshTerms()
        /// In seconds from now.
        var asked: Int64? = -100
        var next: Int64? = 1000
        var fetched: Int64? = -100
        var failures = 0
        var poke: Int64? = 7
        var seenPoke: Int64? = 7
        var askedMeanwhile = false
        let decision: RefreshDecision

        var testDescription: String { name }

        var state: RefreshState {
            var state = RefreshState(issuer: "https://idp.example")
            guard let asked else { return state }
            let next = ScheduleTests.now + Seconds(next ?? 0)
            state = state.beginning(
                at: ScheduleTests.now + Seconds(asked), poke: seenPoke.map { Poke(microseconds: $0) })
            for _ in 0..<failures {
                state = state.failing(next: next, failure: RefreshFailure(description: "x", advice: nil))
            }
            return failures > 0 ? state : state.succeeding(next: next, served: nil)
        }
    }

    static let due = RefreshTerms(isOnlyIfDue: true)
    static let wanted = RefreshTerms(isOnlyIfWanted: true)
    static let either = RefreshTerms(isOnlyIfDue: true, isOnlyIfWanted: true)
    static let forced = RefreshTerms(isForced: true)

    static let situations = [
        Situation(name: "by hand, though it is fresh", decision: .ask(isUrgent: false)),
        Situation(name: "by hand, and a login waits for it", poke: 8, decision: .ask(isUrgent: true)),
        Situation(name: "by hand, just asked by another", askedMeanwhile: true, decision: .leave(.isShared)),
        Situation(
            name: "by force, just asked by another", terms: forced, askedMeanwhile: true,
            decision: .ask(isUrgent: true)),

        Situation(name: "due: not yet", terms: due, decision: .leave(.isNotDue)),
        Situation(name: "due: now", terms: due, next: 0, decision: .ask(isUrgent: false)),
        Situation(name: "due: for a second", terms: due, next: -1, decision: .ask(isUrgent: false)),
        Situation(name: "due: never asked", terms: due, asked: nil, fetched: nil, decision: .ask(isUrgent: true)),
        Situation(name: "due: not yet after a failure", terms: due, failures: 2, decision: .leave(.isNotDue)),
        Situation(
            name: "due: not yet after a failure, without a set", terms: due, fetched: nil, failures: 2,
            decision: .leave(.isNotDue)),
        Situation(name: "due: the set is gone", terms: due, fetched: nil, decision: .ask(isUrgent: false)),
        Situation(
            name: "due: an older set was put there", terms: due, fetched: -28_800, decision: .ask(isUrgent: false)),
        Situation(name: "due: the clock was set back", terms: due, asked: 1, decision: .ask(isUrgent: false)),
        Situation(
            name: "due: the clock was set back after a failure", terms: due, asked: 1, failures: 1,
            decision: .ask(isUrgent: false)),
        Situation(
            name: "due: max_key_set_age was lowered", terms: due, next: 28_801, decision: .ask(isUrgent: false)),
        Situation(name: "due: a login waits, too", terms: due, next: 0, poke: 8, decision: .ask(isUrgent: true)),
        Situation(name: "due: not yet, and a login waits", terms: due, poke: 8, decision: .leave(.isNotDue)),

        Situation(name: "wanted: by nobody", terms: wanted, next: -1, decision: .leave(.isNotWanted)),
        Situation(name: "wanted: there is no file", terms: wanted, poke: nil, decision: .leave(.isNotWanted)),
        Situation(name: "wanted", terms: wanted, poke: 8, decision: .ask(isUrgent: true)),
        Situation(name: "wanted: at a time before the last", terms: wanted, poke: 6, decision: .ask(isUrgent: true)),
        Situation(name: "wanted: after 59 s", terms: wanted, asked: -59, poke: 8, decision: .wait(Seconds(1))),
        Situation(name: "wanted: after 60 s", terms: wanted, asked: -60, poke: 8, decision: .ask(isUrgent: true)),
        Situation(name: "wanted: at once", terms: wanted, asked: 0, poke: 8, decision: .wait(Seconds(60))),
        Situation(
            name: "wanted: after a failure", terms: wanted, asked: -30, failures: 3, poke: 8,
            decision: .wait(Seconds(30))),
        Situation(
            name: "wanted: the clock was set back", terms: wanted, asked: 30, poke: 8, decision: .ask(isUrgent: true)),
        Situation(
            name: "wanted: never asked", terms: wanted, asked: nil, fetched: nil, decision: .ask(isUrgent: true)),

        Situation(name: "either: neither", terms: either, decision: .leave(.isNotDue)),
        Situation(name: "either: due", terms: either, next: 0, decision: .ask(isUrgent: false)),
        Situation(name: "either: wanted", terms: either, poke: 8, decision: .ask(isUrgent: true)),
        Situation(name: "either: wanted soon", terms: either, asked: -20, poke: 8, decision: .wait(Seconds(40))),
    ]

    @Test("a provider is asked when it is to be, and not else", arguments: situations)
    func decides(situation: Situation) {
        let state = situation.state
        let decision = Self.day.decision(
            on: situation.terms, state: state, fetchedAt: situation.fetched.map { Self.now + Seconds($0) },
            poke: situation.poke.map { Poke(microseconds: $0) },
            seen: situation.askedMeanwhile ? state.ended - 1 : state.begun, at: Self.now)
        #expect(decision == situation.decision)
    }

    @Test("what was asked before a refresh began, or is not answered, is not shared")
    func sharesOnlyWhatIsNew() {
        let state = RefreshState(issuer: "https://idp.example").beginning(at: Self.now, poke: nil)
        for seen in [0, 1] as [Int64] {
            let decision = Self.day.decision(
                on: RefreshTerms(), state: state, fetchedAt: nil, poke: nil, seen: seen, at: Self.now)
            #expect(decision == .ask(isUrgent: false))
        }
    }
}
