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
        Fault("no policy, and why", .policy, .policyMissing, "the last refresh failed: no route", "Call them.") {
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
            "policy 42 of \"https://policy.example.com/policy\" counts for 1 h; the last refresh failed: serial",
            "Call them."
        ) {
            follow(&$0, .counts(until: inAnHour), failing: "serial 43 or higher expected")
        },
    ]
}
