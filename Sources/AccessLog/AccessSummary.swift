public import Encodings

/// How often who was accepted, and why how many were refused; what sshd asked twice for one login counts once.
public struct AccessSummary: Sendable {
    /// Somebody who was accepted.
    public struct Person: Sendable, Equatable {
        /// By which they are told apart.
        public let identity: AccessEntry.Identity
        /// The latest e-mail, where there is one.
        public var email: Text?
        /// How often.
        public var count: Int
        /// The last time.
        public var last: UnixTime
    }

    /// A code, and how often it was the answer.
    public struct Tally: Sendable, Equatable {
        /// The code.
        public let reason: Text
        /// How often.
        public var count: Int
    }

    /// The first and the last entry's time, `nil` where there is none.
    public private(set) var period: ClosedRange<UnixTime>?
    private var people: [AccessEntry.Identity: Person] = [:]
    private var refusals: [Text: Int] = [:]
    private var hostFaults: [Text: Int] = [:]

    /// Of nothing yet.
    public init() {}

    /// Counts `folded` once.
    public mutating func count(_ folded: FoldedEntry) {
        let entry = folded.first
        let (first, last) = period.map { ($0.lowerBound, $0.upperBound) } ?? (entry.time, entry.time)
        period = min(first, entry.time)...max(last, entry.time)
        switch entry.decision {
        case .accept:
            let identity = entry.identity
            var person = people[identity] ?? Person(identity: identity, email: nil, count: 0, last: entry.time)
            person.count += 1
            if entry.time >= person.last {
                person.last = entry.time
                person.email = entry.email ?? person.email
            }
            people[identity] = person
        case .refuse: refusals[entry.reason, default: 0] += 1
        case .fault: hostFaults[entry.reason, default: 0] += 1
        }
    }

    /// Those who were accepted, the most often first.
    public var accepted: [Person] {
        people.values.sorted { left, right in
            left.count == right.count ? precedes(left.sortedBy, right.sortedBy) : left.count > right.count
        }
    }

    /// Why others were refused, the most often first.
    public var refused: [Tally] { tallies(of: refusals) }

    /// What kept the host from deciding, the most often first.
    public var faults: [Tally] { tallies(of: hostFaults) }

    private func tallies(of counts: [Text: Int]) -> [Tally] {
        counts.map { Tally(reason: $0.key, count: $0.value) }.sorted { left, right in
            left.count == right.count ? precedes([left.reason], [right.reason]) : left.count > right.count
        }
    }
}

extension AccessSummary.Person {
    fileprivate var sortedBy: [Text] {
        [email, identity.subject, identity.keyID, identity.account, identity.provider].map { $0 ?? "" }
    }
}

private func precedes(_ left: [Text], _ right: [Text]) -> Bool {
    left.lexicographicallyPrecedes(right) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
