// What can be wrong with the policy that a host follows.

import Encodings
import HostFiles
import Policy

@testable import Upkeep

extension DoctorTests {
    private static let source = """
        [policy_source]
        url = "https://policy.example.com/policy"
        grace = "1h"
        """

    /// A host that follows a policy.
    private static func follow(
        _ facts: inout HostFacts, _ condition: AppliedPolicy.Condition, expires: Int64? = 3600,
        failing: String? = nil
    ) {
        guard let settings = try? SampleHost.configuration(source) else { return }
        facts.configuration = .success(settings)
        let header = expires.flatMap { span in
            try? PolicyHeader(
                serial: 42, created: SampleHost.now - Seconds(7200), expires: SampleHost.now + Seconds(span)
            ) { _ in 0 }
        }
        let state = failing.map { text in
            RefreshState(issuer: "https://policy.example.com/policy").failing(
                next: SampleHost.now, failure: RefreshFailure(description: text, advice: "Call them."))
        }
        facts.policy = PolicyFacts(condition: condition, header: header, refresh: state)
    }

    private static let inAnHour = SampleHost.now + Seconds(3600)

    static let appliedFaults: [Fault] = [
        Fault("no policy", .policy, .policyMissing, "no policy has been applied yet: nobody", "pair host refresh") {
            follow(&$0, .missing, expires: nil)
        },
        Fault("no policy, and why", .policy, .policyMissing, "the latest was not applied: no route", "Call them.") {
            follow(&$0, .missing, expires: nil, failing: "no route")
        },
        Fault("a policy that is none", .policy, .policyUnusable, "pair-policy 1 expected first", "pair host refresh") {
            follow(&$0, .malformed(.notAPolicy), expires: nil)
        },
        Fault("half a policy", .policy, .policyUnusable, "is cut short: nobody is let in", "pair host refresh") {
            follow(&$0, .cut, expires: nil)
        },
        Fault("a policy of another user", .policy, .policyUnusable, "owned by uid 1001", "chown root /p") {
            follow(&$0, .unreadable(.foreignOwner("/p", uid: 1001)), expires: nil)
        },
        Fault("an expired policy", .policy, .policyExpired, "counted until 2026-11-22T12:00:00Z: nobody", "refresh") {
            follow(&$0, .expired(SampleHost.now), expires: -3600)
        },
        Fault("a policy in its grace", .policy, .policyInGrace, "by its grace alone", "publish a newer one") {
            follow(&$0, .counts(until: inAnHour), expires: 0)
        },
        Fault(
            "a refused policy", .policy, .policyRefused,
            "policy 42 of \"https://policy.example.com/policy\" counts for 1 h; the latest was not applied: serial",
            "Call them."
        ) {
            follow(&$0, .counts(until: inAnHour), failing: "serial 43 or higher expected")
        },
    ]

    private static let etcd = """
        [policy_source]
        etcd = ["https://etcd1.example.com:2379"]
        user = "host-web1"
        password_file = "etcd-password"
        """

    /// A host that follows a policy in etcd, whose watch stands so.
    static func watch(
        _ facts: inout HostFacts, _ service: WatchFacts.Service, said text: String? = nil, ago span: Int64 = 600,
        isWell: Bool = false, source: String = etcd
    ) {
        guard let settings = try? SampleHost.configuration(source) else { return }
        facts.configuration = .success(settings)
        let word = text.map { WatchFacts.Word($0, at: SampleHost.now - Seconds(span), isWell: isWell) }
        facts.watch = WatchFacts(service: service, lastWord: word)
    }

    private static let over = "pair: the watch at https://etcd1.example.com:2379 is over: no route"

    static let watchFaults: [Fault] = [
        Fault(
            "a watch that failed", .refresh, .policyWatchFailed,
            "pair-policy-watch.service has failed (status 3): what is published comes with the next refresh only; "
                + "its last word: \"pair: /etc/pair/pair.toml: \\x0a\"",
            "systemctl restart pair-policy-watch.service"
        ) { watch(&$0, .failed(status: 3), said: "pair: /etc/pair/pair.toml: \n") },
        Fault(
            "a watch that failed without a word", .refresh, .policyWatchFailed, "has failed (status 64): what",
            "journalctl -u pair-policy-watch.service"
        ) { watch(&$0, .failed(status: 64)) },
        Fault(
            "a watch that ends again and again", .refresh, .policyWatchFailed, "ends time and again (status 139)",
            "journalctl -u pair-policy-watch.service"
        ) { watch(&$0, .restarting(status: 139)) },
        Fault(
            "a watch that was not started", .refresh, .policyWatchStopped, "is enabled, and does not run",
            "systemctl start pair-policy-watch.service"
        ) { watch(&$0, .stopped) },
        Fault(
            "a watch that cannot follow", .refresh, .policyWatchAiling,
            "cannot follow: what is published comes with the next refresh only; its last word, 2 min ago: \"\(over)\"",
            "Mend what it says"
        ) { watch(&$0, .running, said: over, ago: 120) },
        Fault(
            "a watch where a policy is fetched by https", .refresh, .policyWatchUnused, "no etcd in [policy_source]",
            "systemctl disable --now pair-policy-watch.service"
        ) { watch(&$0, .failed(status: 3), source: source) },
        Fault(
            "a watch where no policy is followed", .refresh, .policyWatchUnused, "no etcd in [policy_source]",
            "systemctl disable --now pair-policy-watch.service"
        ) { watch(&$0, .running, source: "") },
        Fault(
            "a policy that nobody asks for", .refresh, .policyOverdue,
            "last asked for 20 min ago, and was due 15 min ago", "pair host refresh"
        ) { overdue(&$0, by: 900) },
    ]

    /// A host whose policy was due so many seconds ago.
    static func overdue(_ facts: inout HostFacts, by span: Int64) {
        follow(&facts, .counts(until: inAnHour))
        let due = SampleHost.now - Seconds(span)
        let state = RefreshState(issuer: "https://policy.example.com/policy")
            .beginning(at: due - Seconds(300), poke: nil).succeeding(next: due, served: nil)
        facts.policy = facts.policy.map {
            PolicyFacts(condition: $0.condition, header: $0.header, refresh: state)
        }
    }
}
