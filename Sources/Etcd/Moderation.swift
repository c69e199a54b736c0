/// How often something may be done: a few times in a row, and then once in a while, the more seldom the more often in
/// a row it was in vain.
struct Moderation: Sendable {
    /// What one that is not in vain costs.
    var cost = Duration.seconds(1)
    /// What one costs at most.
    var longest = Duration.seconds(60)
    /// What may be owed before anything has to wait.
    var credit = Duration.seconds(5)

    private var failures = 0
    /// When nothing is owed any more.
    private var free: ContinuousClock.Instant?

    /// How long to wait before the next one.
    mutating func pause(after isWell: Bool, at now: ContinuousClock.Instant) -> Duration {
        failures = isWell ? 0 : min(failures + 1, 16)
        let begin = max(free ?? now, now)
        let end = begin + min(cost * (1 << failures), longest)
        free = end
        return max(now.duration(to: end) - credit, .zero)
    }
}
