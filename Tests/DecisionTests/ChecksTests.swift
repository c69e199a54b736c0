import Decision
import Encodings
import Testing

@testable import TestSupport

/// The list of checks that an admin reads.
@Suite struct ChecksTests {
    private static let keys = [
        "login", "key", "key type", "certificate", "principals", "certificate signature", "validity",
        "critical options", "revoked keys", "login principal", "token", "client signature", "provider", "key set",
        "provider signature", "commitment", "times", "revoked identities", "membership",
    ]
    private static let certificate = Array(keys[..<9]) + ["CA", "service"]
    private static let plainKey = ["login", "key", "key type", "account", "revoked keys", "service"]

    @Test("an accepted login has passed every check of the Keys path, each with what was compared")
    func accepted() throws {
        for name in ["ok-opkssh-certificate", "ok-refreshed", "ok-all-options", "ok-critical-options"] {
            let checks = try Fixture(name).load().decided(isExplained: true).checks
            #expect(checks.map(\.check.rawValue) == Self.keys)
            #expect(checks.allSatisfy { $0.outcome == .pass && !$0.detail.isEmpty })
        }
    }

    @Test("a login by an account has passed every check of its path, each with what was compared")
    func acceptedByAccount() throws {
        for (name, path) in [("ok-ca-ed25519", Self.certificate), ("ok-account-key-ed25519", Self.plainKey)] {
            let checks = try Fixture(name).load().decided(isExplained: true).checks
            #expect(checks.map(\.check.rawValue) == path)
            #expect(checks.allSatisfy { $0.outcome == .pass && !$0.detail.isEmpty })
        }
    }

    @Test("where nobody asked for the checks there are none")
    func notAsked() throws {
        for name in ["ok-opkssh-certificate", "a13-too-old", "a24-plain-key-ed25519", "fault-accounts-torn"] {
            #expect(try Fixture(name).load().decided().checks.isEmpty)
        }
    }

    struct Refused: Sendable, CustomStringConvertible {
        let fixture: String
        let failed: String
        var path = ChecksTests.keys

        var description: String { fixture }
    }

    private static let refused = [
        Refused(fixture: "a19-login-braces", failed: "login"),
        Refused(fixture: "a22-128-kib-of-a", failed: "key"),
        Refused(fixture: "a23-base64-empty", failed: "key"),
        Refused(fixture: "a16-bit-flip-in-kind", failed: "key"),
        Refused(fixture: "a02-user-rsa-1024", failed: "key"),
        Refused(fixture: "a16-argument-type-of-the-plain-key", failed: "key type"),
        Refused(fixture: "a24-plain-key-ed25519", failed: "account", path: plainKey),
        Refused(fixture: "a16-host-certificate", failed: "certificate"),
        Refused(fixture: "a17-principal-asterisk", failed: "principals"),
        Refused(fixture: "a16-bit-flip-in-after", failed: "certificate signature"),
        Refused(fixture: "a16-expired-just-now", failed: "validity"),
        Refused(fixture: "a16-not-yet-valid", failed: "validity"),
        Refused(fixture: "a16-critical-option-unknown", failed: "critical options"),
        Refused(fixture: "revoked-key", failed: "revoked keys"),
        Refused(fixture: "revoked-certificate-by-key-id", failed: "revoked keys"),
        Refused(fixture: "a16-signed-by-another-key", failed: "CA", path: certificate),
        Refused(fixture: "a18-plain-key-as-ca", failed: "CA", path: certificate),
        Refused(fixture: "fault-accounts-torn", failed: "CA", path: certificate),
        Refused(fixture: "a18-forged-signature", failed: "certificate signature", path: certificate),
        Refused(fixture: "a18-expired", failed: "validity", path: certificate),
        Refused(fixture: "a18-revoked-serial", failed: "revoked keys", path: certificate),
        Refused(fixture: "a18-service-beyond-cap", failed: "service", path: certificate),
        Refused(fixture: "a18-admin-from-capped-ca", failed: "service", path: certificate),
        Refused(fixture: "a18-ca-as-login-key", failed: "account", path: plainKey),
        Refused(fixture: "a18-plain-key-revoked", failed: "revoked keys", path: plainKey),
        Refused(fixture: "a18-plain-key-login-of-no-service", failed: "service", path: plainKey),
        Refused(fixture: "a17-principals-login-in-other-case", failed: "login principal"),
        Refused(fixture: "a11-no-token", failed: "token"),
        Refused(fixture: "a01-cic-alg-none", failed: "token"),
        Refused(fixture: "a09-stolen-pk-token", failed: "client signature"),
        Refused(fixture: "a06-iss-missing", failed: "client signature"),
        Refused(fixture: "a06-iss-default-port", failed: "provider"),
        Refused(fixture: "a01-alg-none", failed: "provider"),
        Refused(fixture: "a21-key-set-missing", failed: "key set"),
        Refused(fixture: "a21-key-set-stale", failed: "key set"),
        Refused(fixture: "a05-kid-twice", failed: "provider signature"),
        Refused(fixture: "a03-eddsa-all-zero", failed: "provider signature"),
        Refused(fixture: "a08-commitment-in-aud", failed: "commitment"),
        Refused(fixture: "a13-too-old", failed: "times"),
        Refused(fixture: "a14-refreshed-other-nonce", failed: "times"),
        Refused(fixture: "revoked-identity-by-sub", failed: "revoked identities"),
        Refused(fixture: "a20-denied-by-claim", failed: "membership"),
        Refused(fixture: "fault-members-unknown-option", failed: "membership"),
    ]

    @Test("a refusal shows what passed, the one check that failed, and that the rest was skipped", arguments: refused)
    func refuses(_ row: Refused) throws {
        let decision = try Fixture(row.fixture).load().decided(isExplained: true)
        let index = try #require(row.path.firstIndex(of: row.failed))
        let outcomes: [CheckResult.Outcome] =
            Array(repeating: .pass, count: index) + [.fail]
            + Array(repeating: .skipped, count: row.path.count - index - 1)
        #expect(decision.checks.map(\.check.rawValue) == row.path)
        #expect(decision.checks.map(\.outcome) == outcomes)
        #expect(decision.checks[index].detail == decision.failure)
    }

    private static let sizes =
        [
            (65_536, "key-type-unsupported", nil),  // of zeros: a key whose type has no name
            (65_537, "key-too-large", "65537 bytes"), (65_538, "key-too-large", "65538 bytes"),
            (65_539, "key-too-large", "87388 characters of base64"),
        ] as [(Int, String, String?)]

    @Test("a key of 64 KiB is looked at, and none of a byte more", arguments: sizes)
    func size(_ row: (count: Int, reason: String, detail: String?)) throws {
        var login = try Fixture("ok-opkssh-certificate").load()
        login.key = Array(Base64.standard.encode([UInt8](repeating: 0, count: row.count)).utf8)
        let decision = login.decided()
        #expect(decision.expectation == "refused: \(row.reason)")
        if let detail = row.detail { #expect(decision.failure == detail) }
    }

    @Test("no check stands twice or out of order, whatever the fixture", arguments: Decided.all)
    func order(_ decided: Decided) {
        let decision = decided.explained
        let found = decision.checks.map(\.check)
        #expect(found == Check.allCases.filter(found.contains))
        #expect(decision.checks.filter { $0.outcome == .fail }.count <= 1)
        for result in decision.checks { #expect(result.detail.isEmpty == (result.outcome == .skipped)) }
    }

    @Test("no detail can forge a line or colour a terminal", arguments: Decided.all)
    func printable(_ decided: Decided) {
        let decision = decided.explained
        for detail in decision.checks.map(\.detail) + [decision.failure ?? ""] {
            #expect(detail.isPlain, "\(detail)")
        }
    }

    @Test("nothing is kept where nobody will read it", arguments: Decided.all)
    func unexplained(_ decided: Decided) {
        #expect(decided.decision.checks.isEmpty)
    }

    @Test("a decision that something ended before the request was looked at has no checks and knows nothing")
    func stopped() {
        let fault = Fault(.configMissing, "pair.toml", mend: "create it")
        let decision = Decision(.fault(fault))
        #expect(decision.outcome == .faulted(fault))
        #expect(decision.checks.isEmpty)
        #expect(decision.facts.path == nil)
        #expect(!decision.facts.isVouchedFor)
        #expect(!decision.wantsRefresh)
        let refusal = Refusal(.deadline, "members: reading was stopped")
        #expect(Decision(.refusal(refusal)).outcome == .refused(refusal))
    }
}

extension Decision {
    /// The detail of a refusal or fault, `nil` of an acceptance.
    var failure: String? {
        switch outcome {
        case .accepted: nil
        case .refused(let refusal): refusal.detail
        case .faulted(let fault): fault.detail
        }
    }
}
