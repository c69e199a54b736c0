/// One thing that a decision looks at, in the order of `allCases`.
public enum Check: String, CaseIterable, Sendable {
    case login
    case key
    case keyType = "key type"
    /// Of a plain key.
    case account
    case certificate
    case principals
    case certificateSignature = "certificate signature"
    case validity
    case criticalOptions = "critical options"
    case revokedKey = "revoked keys"
    case authority = "CA"
    case service
    case loginPrincipal = "login principal"
    case token
    case clientSignature = "client signature"
    case provider
    case keySet = "key set"
    case providerSignature = "provider signature"
    case commitment
    case times
    case revokedIdentity = "revoked identities"
    case membership
}

/// What came of a check.
public struct CheckResult: Equatable, Sendable {
    /// Passed, failed, or never reached.
    public enum Outcome: String, Sendable {
        case pass
        case fail
        case skipped
    }

    /// Which check.
    public let check: Check

    /// What came of it.
    public let outcome: Outcome

    /// What was compared; empty where it was skipped.
    public let detail: String
}

/// The checks of one decision as they happen; keeps nothing where nobody will read it.
final class Trace {
    /// Whether somebody will read them.
    let isKept: Bool
    private var results: [CheckResult] = []
    private var current: Check?

    init(isKept: Bool) { self.isKept = isKept }

    /// What follows belongs to `check`.
    func begin(_ check: Check) { current = check }

    /// The check that was begun holds.
    func pass(_ detail: @autoclosure () -> String) {
        guard isKept, let check = current else { return }
        results.append(CheckResult(check: check, outcome: .pass, detail: detail()))
        current = nil
    }

    /// All of them, once the decision is made: the one that was begun last failed, if it did not pass.
    func finished(failing detail: String?, path: Path) -> [CheckResult] {
        guard isKept else { return [] }
        var all = results
        if let current, let detail { all.append(CheckResult(check: current, outcome: .fail, detail: detail)) }
        let skipped = path.checks.filter { check in !all.contains { $0.check == check } }
        return all + skipped.map { CheckResult(check: $0, outcome: .skipped, detail: "") }
    }
}
