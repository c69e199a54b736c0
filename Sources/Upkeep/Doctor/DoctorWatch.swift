public import Encodings
internal import Policy

/// `pair-policy-watch.service`, which follows a fleet's policy in etcd.
public struct WatchFacts: Sendable, Equatable {
    /// How it stands.
    public enum Service: Sendable, Equatable {
        /// systemd has no such unit.
        case missing
        /// It is not to be started.
        case off
        /// It is to be started at boot, and does not run.
        case stopped
        case running
        /// It ended with that status, and is started again after a while.
        case restarting(status: Int32)
        /// It ended with that status for good.
        case failed(status: Int32)
    }

    /// What it said.
    public struct Word: Sendable, Equatable {
        /// The line.
        public let text: String
        /// When.
        public let time: UnixTime
        /// Whether it says that the policy is followed.
        public let isWell: Bool

        /// What was said at that time.
        public init(_ text: String, at time: UnixTime, isWell: Bool) {
            self.text = text
            self.time = time
            self.isWell = isWell
        }
    }

    /// How it stands.
    public let service: Service
    /// What it said last; `nil` where that is not known.
    public let lastWord: Word?

    /// What was found.
    public init(service: Service, lastWord: Word? = nil) {
        self.service = service
        self.lastWord = lastWord
    }
}

extension WatchFacts {
    /// The unit's name.
    public static let unit = "pair-policy-watch.service"

    /// What systemd is asked for of it.
    public static let properties = ["LoadState", "UnitFileState", "ActiveState", "SubState", "ExecMainStatus"]

    /// How the unit stands by what `systemctl show` prints for `properties`.
    public static func service(shown: String) -> Service {
        var values: [String: Substring] = [:]
        for line in shown.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if let name = parts.first, parts.count == 2 { values[String(name)] = parts[1] }
        }
        let status = values["ExecMainStatus"].flatMap { Int32($0) } ?? 0
        guard let load = values["LoadState"], load != "not-found" else { return .missing }
        switch values["ActiveState"] {
        case "active", "reloading": return .running
        case "failed": return .failed(status: status)
        case "activating": return values["SubState"] == "auto-restart" ? .restarting(status: status) : .running
        default: return values["UnitFileState"]?.hasPrefix("enabled") == true ? .stopped : .off
        }
    }
}

extension HostFacts {
    /// Reading the policy and trying the next member takes a watch less, and it says so when it is well again.
    private static let patience = Seconds(120)

    /// How long after it was due a policy may be asked for: the timer runs every five minutes.
    private static let leeway = Seconds(15 * 60)

    /// What follows the fleet's policy, and whether news of it come.
    var watchLines: [DoctorLine] {
        guard let settings else { return [] }
        return (serviceLine(settings.policySource).map { [$0] } ?? []) + overdueLines
    }

    private func serviceLine(_ source: PolicySource?) -> DoctorLine? {
        guard let watch else { return nil }
        guard case .etcd = source?.origin else {
            switch watch.service {
            case .missing, .off: return nil
            case .stopped, .running, .restarting, .failed:
                return DoctorLine(
                    .refresh, .policyWatchUnused,
                    "\(WatchFacts.unit) is on, and pair.toml has no etcd in [policy_source] to follow",
                    mend: "systemctl disable --now \(WatchFacts.unit)")
            }
        }
        let meanwhile = "what is published comes with the next refresh only"
        switch watch.service {
        case .missing, .off:
            return DoctorLine(
                .refresh, .ok, "the policy in etcd is not followed, \(meanwhile); \(WatchFacts.unit) would follow it")
        case .stopped:
            return DoctorLine(
                .refresh, .policyWatchStopped, "\(WatchFacts.unit) is enabled, and does not run: \(meanwhile)",
                mend: "systemctl start \(WatchFacts.unit)")
        case .failed(let status): return failedLine("has failed", status, meanwhile, watch.lastWord)
        case .restarting(let status): return failedLine("ends time and again", status, meanwhile, watch.lastWord)
        case .running:
            guard let word = watch.lastWord, !word.isWell, now.since(word.time) >= Self.patience else {
                return DoctorLine(.refresh, .ok, "\(WatchFacts.unit) follows the policy in etcd")
            }
            return DoctorLine(
                .refresh, .policyWatchAiling,
                "\(WatchFacts.unit) runs, and cannot follow: \(meanwhile); its last word, \(now.since(word.time)) ago: "
                    + quoted(word.text, limit: 400),
                mend: "Mend what it says; it goes on by itself. All of it: journalctl -u \(WatchFacts.unit)")
        }
    }

    private func failedLine(
        _ what: String, _ status: Int32, _ meanwhile: String, _ word: WatchFacts.Word?
    ) -> DoctorLine {
        let last = word.map { "; its last word: \(quoted($0.text, limit: 400))" } ?? ""
        return DoctorLine(
            .refresh, .policyWatchFailed, "\(WatchFacts.unit) \(what) (status \(status)): \(meanwhile)\(last)",
            mend: "Mend what `journalctl -u \(WatchFacts.unit)` says; then: systemctl restart \(WatchFacts.unit)")
    }

    private var overdueLines: [DoctorLine] {
        guard let state = policy?.refresh, let due = state.next, now.since(due) >= Self.leeway else { return [] }
        let asked = state.asked.map { "\(now.since($0)) ago" } ?? "never"
        return [
            DoctorLine(
                .refresh, .policyOverdue,
                "the policy was last asked for \(asked), and was due \(now.since(due)) ago: somebody may still get in",
                mend:
                    "pair host refresh\(configurationOption); then see why nothing does: systemctl status pair-refresh.timer"
            )
        ]
    }
}
