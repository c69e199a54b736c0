import Encodings
import Glibc

/// The process that this program is: the one place where it meets the C library.
enum Process {
    /// The clock of this host.
    static var now: UnixTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(seconds: Int64(time.tv_sec))
    }

    /// Seconds on a clock that nobody sets.
    private static var uptime: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec)
    }

    /// What local time is ahead of UTC at `moment`.
    static func localOffset(at moment: UnixTime) -> Seconds {
        var time = time_t(moment.seconds)
        var local = unsafe tm()
        guard unsafe localtime_r(&time, &local) != nil else { return Seconds(0) }
        return Seconds(Int64(unsafe local.tm_gmtoff))
    }

    /// The effective user.
    static var userID: UInt32 { geteuid() }

    /// For syslog.
    static var id: Int32 { getpid() }

    /// Whether a person reads what is printed.
    static var isOutputATerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether a person's terminal wants no colours, see no-color.org.
    static var isColourRefused: Bool { unsafe getenv("NO_COLOR") != nil }

    /// Ends the process as a refusal once `seconds` have passed.
    ///
    /// sshd waits for as long as LoginGraceTime, and on a signal's death it would log the command line, token and all.
    /// - Parameter seconds: How long it may take; `nil` for as long as it takes.
    /// - Returns: Whether the time is nearly up, so that a refusal can still be recorded.
    static func arm(deadline seconds: UInt32?) -> @Sendable () -> Bool {
        guard let seconds else { return { false } }
        _ = signal(SIGALRM) { _ in _exit(0) }
        _ = alarm(seconds)
        let end = uptime + Int64(seconds) - 1
        return { uptime >= end }
    }

    /// Takes a closed pipe as an error of the write: a signal's death would be logged with the command line.
    static func ignoreClosedPipe() { _ = signal(SIGPIPE, SIG_IGN) }

    /// Writes `text` by one write where the other end takes it so.
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    /// Writes `text` to the standard error, which sshd may pass on.
    static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Ends without what libraries do at exit: nothing here is buffered.
    static func end(_ status: Int32) -> Never { _exit(status) }
}
