import Decision
import Encodings
import SSHKeys
import Testing

@testable import TestSupport

/// What a decision lets the access log know, and from which check on.
@Suite struct FactsTests {
    struct Row: Sendable, CustomStringConvertible {
        let fixture: String
        var path: Path? = .keys
        var knowsKey = true
        var provider: String? = "example"
        var isVouchedFor = false

        var description: String { fixture }
    }

    private static let rows = [
        Row(fixture: "a19-login-braces", path: nil, knowsKey: false, provider: nil),
        Row(fixture: "a23-base64-cut", path: nil, knowsKey: false, provider: nil),
        Row(fixture: "a02-user-rsa-1024", knowsKey: false, provider: nil),
        Row(fixture: "a16-argument-type-of-the-plain-key", provider: nil),
        Row(fixture: "a24-plain-key-ed25519", path: .key, knowsKey: false, provider: nil),
        Row(fixture: "a16-signed-by-another-key", path: .certificate, provider: nil),
        Row(fixture: "a16-bit-flip-in-after", provider: nil),
        Row(fixture: "a11-no-token", provider: nil),
        Row(fixture: "a09-stolen-pk-token", provider: nil),
        Row(fixture: "a06-iss-default-port", provider: nil),
        Row(fixture: "a07-aud-empty-list", provider: nil),
        Row(fixture: "a01-alg-none"),
        Row(fixture: "a21-key-set-missing"),
        Row(fixture: "a05-kid-twice"),
        Row(fixture: "a03-es256-all-zero"),
        Row(fixture: "a08-commitment-in-aud", isVouchedFor: true),
        Row(fixture: "a13-too-old", isVouchedFor: true),
        Row(fixture: "a14-refreshed-alg-none", isVouchedFor: true),
        Row(fixture: "revoked-identity-by-sub", isVouchedFor: true),
        Row(fixture: "a20-denied-by-claim", isVouchedFor: true),
        Row(fixture: "fault-members-unknown-option", isVouchedFor: true),
        Row(fixture: "ok-opkssh-certificate", isVouchedFor: true),
    ]

    @Test("what only the client says is not known before the provider's signature was verified", arguments: rows)
    func known(_ row: Row) throws {
        let facts = try Fixture(row.fixture).load().decided().facts
        #expect(facts.path == row.path)
        #expect((facts.key != nil) == row.knowsKey)
        #expect(facts.provider == row.provider)
        #expect(facts.isVouchedFor == row.isVouchedFor)
        #expect(facts.issuer == (row.isVouchedFor ? "https://login.example.com" : nil))
        #expect(facts.subject == (row.isVouchedFor ? "248289761001" : nil))
        #expect(facts.email == (row.isVouchedFor ? "alice@example.com" : nil))
    }

    @Test("claims are known exactly where a provider's signature was verified", arguments: Decided.all)
    func vouched(_ decided: Decided) {
        let decision = decided.decision
        let facts = decision.facts
        let isProviders = facts.isVouchedFor && facts.path == .keys
        #expect((facts.issuer != nil) == isProviders)
        #expect((facts.subject != nil) == isProviders)
        #expect(facts.email == nil || isProviders)
        #expect(facts.role == nil || decision.line != nil)
        #expect(facts.expires == decision.line.flatMap { $0.end == .never ? nil : $0.end })
        #expect(decision.line == nil || (facts.key != nil && facts.isVouchedFor == (facts.path != .key)))
        #expect(facts.ca == nil || facts.path == .certificate)
    }

    @Test(
        "what a CA wrote is known exactly where an account's CA signed, and the account of a plain key too",
        arguments: Decided.all)
    func account(_ decided: Decided) {
        let decision = decided.decision
        let facts = decision.facts
        let isAuthoritys = facts.isVouchedFor && facts.path == .certificate
        #expect((facts.keyID != nil) == isAuthoritys)
        #expect((facts.serial != nil) == isAuthoritys)
        #expect((facts.account != nil) == (isAuthoritys || (facts.path == .key && facts.key != nil)))
        #expect(facts.services.isEmpty == (facts.account == nil || decision.line == nil))
    }

    @Test("of Keys the fingerprint is the plain key's, and there is no CA")
    func fingerprint() throws {
        let fixture = try Fixture("ok-opkssh-certificate")
        let facts = try fixture.load().decided().facts
        #expect(facts.key == (try Fingerprint(ofBlob: try fixture.acceptedKey.blob)))
        #expect(facts.ca == nil)
    }

    @Test("of a certificate both fingerprints are known, its own and its CA's")
    func authority() throws {
        let login = try Fixture("a24-certificate-of-another-ca").load()
        let facts = login.decided().facts
        #expect(facts.key != nil)
        #expect(facts.ca != nil)
        #expect(facts.ca != facts.key)
        #expect(!facts.isVouchedFor)
    }

    struct Authoritys: Sendable, CustomStringConvertible {
        let fixture: String
        var services: [String] = []
        var isVouchedFor = true

        var description: String { fixture }
    }

    private static let authoritys = [
        Authoritys(fixture: "ok-ca-ed25519", services: ["pgs"]),
        Authoritys(fixture: "ok-ca-admin-beside-service", services: ["pgs"]),
        Authoritys(fixture: "ok-ca-admin", services: ["pgs", "admin"]),
        Authoritys(fixture: "ok-ca-admin-login", services: ["admin"]),
        Authoritys(fixture: "a18-service-beyond-cap"),
        Authoritys(fixture: "a18-expired-within-skew"),
        Authoritys(fixture: "a18-critical-option-unknown"),
        Authoritys(fixture: "a18-revoked-ca"),
        Authoritys(fixture: "a18-forged-signature", isVouchedFor: false),
        Authoritys(fixture: "a18-bit-flip-in-key-id", isVouchedFor: false),
        Authoritys(fixture: "a18-ca-of-nobody", isVouchedFor: false),
        Authoritys(fixture: "a18-plain-key-as-ca", isVouchedFor: false),
        Authoritys(fixture: "fault-accounts-torn", isVouchedFor: false),
    ]

    @Test(
        "account, key id and serial are known as soon as an account's CA is known to have signed", arguments: authoritys
    )
    func authority(_ row: Authoritys) throws {
        let facts = try Fixture(row.fixture).load().decided().facts
        #expect(facts.isVouchedFor == row.isVouchedFor)
        #expect(facts.account == (row.isVouchedFor ? "acme" : nil))
        #expect(facts.keyID == (row.isVouchedFor ? "alice@2026-11-22" : nil))
        #expect(facts.serial == (row.isVouchedFor ? 42 : nil))
        #expect(facts.services == row.services)
        #expect(facts.key != nil && facts.ca != nil)
    }

    @Test("a plain key's account and fingerprint are known, and nobody vouches for the offer of a public key")
    func plainKey() throws {
        for (name, services) in [
            ("ok-account-key-p256", ["pgs", "admin"]), ("ok-account-key-for-admin-login", ["admin"]),
            ("a18-plain-key-login-of-no-service", []), ("a18-plain-key-revoked", []),
        ] {
            let facts = try Fixture(name).load().decided().facts
            #expect(facts.account == "acme")
            #expect(facts.services == services)
            #expect(facts.key != nil && facts.ca == nil && facts.keyID == nil)
            #expect(!facts.isVouchedFor)
        }
        let unknown = try Fixture("a18-ca-as-login-key").load().decided().facts
        #expect(unknown.account == nil && unknown.key == nil)
    }

    @Test("of a line without an end no end is known")
    func endless() throws {
        for name in ["ok-ca-for-ever", "ok-ca-until-2-63", "ok-account-key-ed25519"] {
            let decision = try Fixture(name).load().decided()
            #expect(decision.line?.end == .never)
            #expect(decision.facts.expires == nil)
        }
        let last = try Fixture("ok-ca-until-9999").load().decided()
        #expect(last.facts.expires?.rfc3339 == "9999-12-31T23:59:59Z")
    }

    @Test("a key id that is not UTF-8 is known with what is none replaced")
    func keyID() throws {
        let facts = try Fixture("ok-ca-key-id-not-utf-8").load().decided().facts
        #expect(facts.keyID == "alice\u{FFFD}\u{FFFD}")
        let highest = try Fixture("ok-ca-highest-serial").load().decided().facts
        #expect(highest.serial == .max)
        #expect(highest.keyID == "")
    }

    @Test("the grant's role and the line's end are known of an accepted login")
    func accepted() throws {
        let decision = try Fixture("ok-all-options").load().decided()
        #expect(decision.facts.role == "guest")
        #expect(decision.facts.expires?.rfc3339 == "2026-11-22T12:04:00Z")
        #expect(decision.facts.expires == decision.line?.end)
    }

    @Test("of renewed Keys the e-mail is the refreshed token's")
    func refreshed() throws {
        let facts = try Fixture("ok-refreshed-email-only-there").load().decided().facts
        #expect(facts.email == "alice@example.com")
        let old = try Fixture("a14-refreshed-expired").load().decided().facts
        #expect(old.isVouchedFor)
        #expect(old.role == nil)
        #expect(old.expires == nil)
    }

    @Test(
        "a refresh is wanted where a key, its whole set or a policy that counts is missing, and nowhere else",
        arguments: Decided.all)
    func refresh(_ decided: Decided) {
        let wanting = ["kid-unknown", "keyset-missing", "policy-missing", "policy-malformed", "policy-expired"]
        let isWanted = wanting.contains { decided.fixture.expected == "refused: \($0)" }
        #expect(decided.decision.wantsRefresh == isWanted)
    }
}
