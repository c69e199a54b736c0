import Decision
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

    /// By the zone of TZ or /etc/localtime, which sshd goes by too.
    static let localTime = LocalTime(
        shown: { moment in
            var time = time_t(moment.seconds)
            var local = unsafe tm()
            guard unsafe localtime_r(&time, &local) != nil else { return moment }
            return moment + Seconds(Int64(unsafe local.tm_gmtoff))
        },
        readBySSHD: { shown in
            var time = time_t(shown.seconds)
            var local = unsafe tm()
            guard unsafe gmtime_r(&time, &local) != nil else { return .never }
            unsafe local.tm_isdst = 0
            let seconds = unsafe mktime(&local)
            return seconds == -1 ? .never : UnixTime(seconds: Int64(seconds))
        })

    /// Reads the zone's file, which is else read when `localTime` is first asked.
    static func loadTimeZone() { tzset() }

    /// The effective user.
    static var userID: UInt32 { geteuid() }

    /// For syslog.
    static var id: Int32 { getpid() }

    /// Who started this one; `nil` where they have ended, or cannot be seen from here.
    static var parent: Int32? {
        let parent = getppid()
        return parent > 1 ? parent : nil
    }

    /// The machine's own name; `nil` where it has none.
    static var hostName: String? {
        // One byte more than the kernel's longest, for the NUL at its end.
        let room = 65
        var name = [CChar](repeating: 0, count: room)
        guard unsafe gethostname(&name, room) == 0 else { return nil }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Whether a person reads what is printed.
    static var isOutputATerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether a person wants no colours: NO_COLOR is set and not empty (no-color.org).
    static var isColourRefused: Bool { unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false }

    /// Ends the process as a refusal once `seconds` have passed.
    ///
    /// sshd waits for as long as LoginGraceTime, and on a signal's death it would log the command line, token and all.
    /// - Parameter seconds: How long it may take; `nil` for as long as it takes.
    /// - Returns: Whether the time is nearly up, so that a refusal can still be recorded.
    static func arm(deadline seconds: UInt32?) -> @Sendable () -> Bool {
        guard let seconds else { return { false } }
        var blocked = sigset_t()
        unsafe sigemptyset(&blocked)
        unsafe sigaddset(&blocked, SIGALRM)
        // Whoever started us may have blocked it.
        unsafe sigprocmask(SIG_UNBLOCK, &blocked, nil)
        _ = signal(SIGALRM) { _ in _exit(0) }
        _ = alarm(seconds)
        let end = uptime + Int64(seconds) - 1
        return { uptime >= end }
    }

    /// Takes a closed pipe, and a file at its size limit, as errors of the write: sshd would log a signal's death with the
    /// command line.
    static func ignoreSignalsOfWriting() {
        _ = signal(SIGPIPE, SIG_IGN)
        _ = signal(SIGXFSZ, SIG_IGN)
    }

    /// Opens nothing in the place of each standard stream that is closed: the log would else get its number, and then what
    /// is written to the stream.
    static func fillStandardStreams() {
        // The lowest number that is free is taken, so each of those below is open by then.
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

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

#if hasFeature(Embedded)
    /// In the place of the standard library's, which Embedded Swift is without.
    enum CommandLine {
        /// The words of the command line, the program's own name first.
        static var arguments: [String] {
            (0..<glibc_argument_count()).map { unsafe glibc_argument($0).map { unsafe String(cString: $0) } ?? "" }
        }
    }
#endif
