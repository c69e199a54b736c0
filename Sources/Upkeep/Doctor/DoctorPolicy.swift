internal import Encodings
internal import HostFiles
public import Policy

/// A fleet's policy, as it was applied.
public struct PolicyFacts: Sendable {
    /// Whether logins are decided by it.
    public let condition: AppliedPolicy.Condition
    /// Which it is; `nil` where there is none that can be read.
    public let header: PolicyHeader?
    /// What the last refresh left; `nil` for none.
    public let refresh: RefreshState?

    /// What was found.
    public init(condition: AppliedPolicy.Condition, header: PolicyHeader?, refresh: RefreshState?) {
        self.condition = condition
        self.header = header
        self.refresh = refresh
    }
}

extension HostFacts {
    /// How the fleet's policy stands that this host follows; nothing where it follows none.
    var appliedLines: [DoctorLine] {
        guard let policy, let source = settings?.policySource else { return [] }
        let fetch = "pair host refresh" + configurationOption
        // Why there is no other is what there is to mend.
        let failure = policy.refresh?.failure
        let because = failure.map { "; the latest was not applied: \($0.description)" } ?? ""
        let mend = failure.map { $0.advice ?? fetch } ?? fetch
        func line(_ code: DoctorLine.Code, _ text: String) -> [DoctorLine] {
            [DoctorLine(.policy, code, "\(text): nobody is let in\(because)", mend: mend)]
        }
        switch policy.condition {
        case .missing: return line(.policyMissing, "no policy has been applied yet")
        case .malformed, .cut: return line(.policyUnusable, "\(policy.condition)")
        case .expired: return line(.policyExpired, "\(policy.condition)")
        case .unreadable(let fault):
            if !isRoot, case .system = fault { return [unseen(.policy, "\(fault)")] }
            return [DoctorLine(.policy, .policyUnusable, "\(fault): nobody is let in", mend: fault.mend)]
        case .counts(let end):
            guard let header = policy.header else { return [] }
            let text = "policy \(header.serial) of \(quoted(source.name)) counts for \(end.since(now))"
            guard now < header.expires else {
                return [
                    DoctorLine(
                        .policy, .policyInGrace, "\(text), by its grace alone\(because)",
                        mend: failure == nil ? "Build, sign and publish a newer one; then: \(fetch)" : mend)
                ]
            }
            guard let failures = policy.refresh?.failures, let failure else {
                return [DoctorLine(.policy, .ok, text)]
            }
            let often = "; the last \(failures) refreshes failed: \(failure.description)"
            return [DoctorLine(.policy, .policyRefused, text + (failures > 1 ? often : because), mend: mend)]
        }
    }
}
