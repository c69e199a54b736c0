public import Encodings

/// One thing that `pair host doctor` looked at, how it stands, and what to do about it.
public struct DoctorLine: Sendable, Equatable {
    /// How a thing stands, the worst last.
    public enum Verdict: String, Sendable, CaseIterable, Comparable {
        case ok
        /// It could not be looked at, as a rule because root alone can.
        case unseen
        /// Logins work, and something should be done.
        case warning
        /// Somebody cannot log in who should, or could who should not.
        case wrong

        /// Whether `left` is the better one.
        public static func < (left: Verdict, right: Verdict) -> Bool {
            let order = Verdict.allCases
            return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
        }
    }

    /// What is looked at, in the order it is told; the raw value is for programs and stays as it is.
    public enum Check: String, Sendable, CaseIterable {
        case configuration
        case program
        case user
        case sshd
        case command
        case keysFile = "keys-file"
        case files
        case policy
        case logins
        case provider
        case keySet = "key-set"
        case clock
        case refresh
        case log
        case rotation
        case security
        case answer
        case refusals
        case sessions
    }

    /// What was looked at.
    public let check: Check
    /// What was found.
    public let code: Code
    /// How it stands.
    public let verdict: Verdict
    /// What was found, without a full stop.
    public let text: String
    /// What belongs to it, a line each.
    public let details: [String]
    /// What to do: a command, a line for a file, or a sentence; `nil` where nothing is to be done.
    public let mend: String?

    /// - Parameters:
    ///   - check: What was looked at.
    ///   - code: What was found.
    ///   - text: The same in words, without a full stop; text from outside quoted.
    ///   - details: What belongs to it, a line each.
    ///   - mend: What to do.
    init(_ check: Check, _ code: Code, _ text: String, details: [String] = [], mend: String? = nil) {
        self.check = check
        self.code = code
        verdict = code.verdict
        self.text = text
        self.details = details
        self.mend = mend
    }
}

extension DoctorLine {
    /// What can be found; the raw value is for programs and stays as it is.
    ///
    /// docs/doctor.md explains each.
    public enum Code: String, Sendable, CaseIterable {
        case ok
        case unseen

        // pair.toml, the program and its user.
        case configurationUnusable = "configuration-unusable"
        case programMissing = "program-missing"
        case programUnsafe = "program-unsafe"
        case programNotExecutable = "program-not-executable"
        case programVersion = "program-version"
        case userMissing = "user-missing"
        case userIsRoot = "user-root"
        case userHasShell = "user-shell"

        // sshd.
        case sshdMissing = "sshd-missing"
        case sshdConfiguration = "sshd-configuration"
        case sshdTooOld = "sshd-too-old"
        case sshdVersionUnknown = "sshd-version-unknown"
        case sshdPublicKeysOff = "sshd-public-keys-off"
        case sshdLoginKeptOut = "sshd-login-kept-out"
        case sshdOtherCA = "sshd-other-ca"
        case commandMissing = "command-missing"
        case commandDisplaced = "command-displaced"
        case commandArguments = "command-arguments"
        case commandConfiguration = "command-configuration"
        case commandTokenUnknown = "command-token-unknown"
        case commandUser = "command-user"
        case commandInert = "command-uid"
        case keysFileWritable = "keys-file-writable"
        case keysFileOfRoot = "keys-file-root"

        // What a decision rests on.
        case fileMissing = "file-missing"
        case fileUnsafe = "file-unsafe"
        case fileUnreadable = "file-unreadable"
        case policyErrors = "policy-errors"
        case policyWarnings = "policy-warnings"
        case policyMissing = "policy-missing"
        case policyUnusable = "policy-unusable"
        case policyExpired = "policy-expired"
        case policyInGrace = "policy-in-grace"
        case policyRefused = "policy-refresh-failing"
        case loginUnknown = "login-unknown"
        case loginNoLogin = "login-nologin"
        case loginShellMissing = "login-shell-missing"
        case loginLocked = "login-locked"
        case loginExpired = "login-expired"

        // Providers and time.
        case noProvider = "no-provider"
        case providerUnreachable = "provider-unreachable"
        case providerSlow = "provider-slow"
        case providerOther = "provider-other"
        case keySetMissing = "key-set-missing"
        case keySetUnusable = "key-set-unusable"
        case keySetStale = "key-set-stale"
        case keySetFuture = "key-set-future"
        case keySetOld = "key-set-old"
        case clockOff = "clock-off"
        case clockOfProvider = "clock-of-provider"
        case refreshFailing = "refresh-failing"
        case refreshUnscheduled = "refresh-unscheduled"
        case refreshNotWatching = "refresh-not-watching"
        case refreshWantedMissing = "refresh-wanted-missing"

        // The log.
        case logOff = "log-off"
        case logMissing = "log-missing"
        case logUnwritable = "log-unwritable"
        case logFolder = "log-folder"
        case logFull = "log-disk-full"
        case logCapped = "log-capped"
        case rotationMissing = "rotation-missing"
        case rotationCreates = "rotation-create"
        case rotationUnsafe = "rotation-unsafe"

        // The rest of the machine, and what happened.
        case securitySELinux = "selinux-label"
        case securityAppArmor = "apparmor-profile"
        case answerFault = "answer-fault"
        case answerSlow = "answer-slow"
        case hostRefuses = "host-refuses"
        case faults
        case sessionOfRemoved = "session-of-removed"
        case sessionUncertain = "session-uncertain"
    }
}

extension DoctorLine.Code {
    /// How bad it is.
    public var verdict: DoctorLine.Verdict {
        switch self {
        case .ok: .ok
        case .unseen: .unseen
        case .configurationUnusable, .programMissing, .programUnsafe, .programNotExecutable, .userMissing, .userIsRoot,
            .sshdMissing, .sshdConfiguration, .sshdTooOld, .sshdPublicKeysOff, .commandMissing, .commandDisplaced,
            .commandArguments, .commandConfiguration, .commandTokenUnknown, .commandUser, .keysFileWritable,
            .fileMissing, .fileUnsafe, .fileUnreadable, .policyErrors, .policyMissing, .policyUnusable, .policyExpired,
            .loginShellMissing, .loginLocked, .loginExpired,
            .providerOther, .keySetMissing, .keySetUnusable, .keySetStale, .keySetFuture, .clockOff,
            .refreshUnscheduled, .logMissing, .logUnwritable, .logFolder, .logFull, .rotationUnsafe, .securitySELinux,
            .answerFault, .sessionOfRemoved:
            .wrong
        case .programVersion, .userHasShell, .sshdVersionUnknown, .sshdLoginKeptOut, .sshdOtherCA, .commandInert,
            .keysFileOfRoot, .policyWarnings, .policyInGrace, .policyRefused, .loginUnknown, .loginNoLogin, .noProvider,
            .providerUnreachable,
            .providerSlow, .keySetOld, .clockOfProvider, .refreshFailing, .refreshNotWatching, .refreshWantedMissing,
            .logOff, .logCapped, .rotationMissing, .rotationCreates, .securityAppArmor, .answerSlow, .hostRefuses,
            .faults, .sessionUncertain:
            .warning
        }
    }
}

extension DoctorLine {
    /// For programs.
    public var json: JSON {
        var object = JSON.Object()
        object.add("check", check.rawValue)
        object.add("code", code.rawValue)
        object.add("verdict", verdict.rawValue)
        object.add("text", text)
        if !details.isEmpty { object.add("details", .array(details.map { .string(Text($0)) })) }
        object.add("mend", mend)
        return .object(object)
    }
}

/// All that a doctor found.
public struct Diagnosis: Sendable, Equatable {
    /// In the order of the checks.
    public let lines: [DoctorLine]

    init(_ lines: [DoctorLine]) { self.lines = lines }

    /// The worst of all; ok where nothing was looked at.
    public var verdict: DoctorLine.Verdict { lines.map(\.verdict).max() ?? .ok }

    /// How many lines have that verdict.
    public func count(of verdict: DoctorLine.Verdict) -> Int { lines.count { $0.verdict == verdict } }

    /// The exit status: 2 where something is wrong, 1 where something is short of ok and warnings count, else 0.
    public func status(isStrict: Bool) -> Int32 {
        switch verdict {
        case .wrong: 2
        case .warning, .unseen: isStrict ? 1 : 0
        case .ok: 0
        }
    }

    /// One object with all lines, and when they were found.
    public func json(foundAt now: UnixTime) -> JSON {
        var object = JSON.Object()
        object.add("time", now.rfc3339)
        object.add("verdict", verdict.rawValue)
        var counts = JSON.Object()
        for verdict in DoctorLine.Verdict.allCases {
            counts.add(Text(verdict.rawValue), .integer(Int64(count(of: verdict))))
        }
        object.add("counts", .object(counts))
        object.add("lines", .array(lines.map(\.json)))
        return .object(object)
    }
}
