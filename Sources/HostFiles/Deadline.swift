internal import Glibc

/// The moment at which a wait ends; by a clock that nobody sets, which tells no time of day.
struct Deadline {
    /// In milliseconds of that clock.
    private let end: Int64

    /// As far from now as `wait` says, at most a day.
    init(after wait: Duration) {
        let (seconds, attoseconds) = wait.components
        let day: Int64 = 86_400
        let milliseconds = min(max(seconds, 0), day) * 1000 + max(attoseconds, 0) / 1_000_000_000_000_000
        end = Deadline.now + milliseconds
    }

    /// How many milliseconds are left, as `poll` takes them; 0 once it has passed.
    var left: CInt { CInt(clamping: max(end - Deadline.now, 0)) }

    private static var now: Int64 {
        var time = timespec()
        // This clock always exists.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
