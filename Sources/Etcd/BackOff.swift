/// How long to wait after a failure: twice as long after each, up to a bound, and never the same for two hosts.
struct BackOff: Sendable {
    private let first: Duration
    private let longest: Duration
    private var ceiling: Duration

    init(first: Duration, longest: Duration) {
        self.first = min(first, longest)
        self.longest = longest
        ceiling = self.first
    }

    /// The next pause: from half of its ceiling up to the whole, by `random`, which is from 0 up to 1.
    mutating func next(_ random: Double) -> Duration {
        defer { ceiling = min(ceiling * 2, longest) }
        return ceiling / 2 + ceiling / 2 * min(max(random, 0), 1)
    }

    /// Begins anew, after something worked.
    mutating func reset() { ceiling = first }
}
