import Decision
import Encodings
import Policy
import SSHKeys
import Testing

@testable import TestSupport

/// What a decision reads beside pair.toml, when, and what it makes of a file that cannot be used.
@Suite struct PolicyFilesTests {
    private static let faults = [
        Fault(.configUnsafe, "/etc/pair/members: writable by group", mend: "chmod go-w /etc/pair/members"),
        Fault(.configMissing, "/etc/pair/revoked: no such file", mend: "create it"),
        Fault(.configSyntax, "members:3:1: a column expected", mend: "correct it there"),
        Fault(.configInvalid, "members:3:1: pair.toml has no provider \"x\"", mend: "correct it there"),
        Fault(.internal, "members: changed while it was read", mend: "write a new file beside it"),
    ]

    struct Reading: Sendable, CustomStringConvertible {
        let file: File
        let check: Check
        var fixture = "ok-opkssh-certificate"
        var description: String { "\(file)" }
    }

    private static let readings = [
        Reading(file: .revoked, check: .revokedKey), Reading(file: .keySet, check: .keySet),
        Reading(file: .members, check: .membership),
        Reading(file: .accounts, check: .authority, fixture: "ok-ca-ed25519"),
        Reading(file: .revoked, check: .revokedKey, fixture: "ok-ca-ed25519"),
        Reading(file: .accounts, check: .account, fixture: "ok-account-key-ed25519"),
        Reading(file: .revoked, check: .revokedKey, fixture: "ok-account-key-ed25519"),
    ]

    @Test("a fault of a file ends the decision as it is, at the check that read the file", arguments: readings)
    func fault(_ row: Reading) throws {
        for fault in Self.faults {
            let decision = try decision(row.fixture, failing: [row.file: .fault(fault)])
            #expect(decision.outcome == .faulted(fault))
            #expect(decision.line == nil)
            #expect(!decision.wantsRefresh)
            let failed = decision.checks.filter { $0.outcome == .fail }
            #expect(failed.map(\.check) == [row.check])
            #expect(failed.map(\.detail) == [fault.detail])
            #expect(decision.checks.filter { $0.check > row.check }.allSatisfy { $0.outcome == .skipped })
        }
    }

    @Test("a refusal by a file that took too long to read is given as it is", arguments: readings)
    func deadline(_ row: Reading) throws {
        let refusal = Refusal(.deadline, "/etc/pair/members: reading was stopped")
        let decision = try decision(row.fixture, failing: [row.file: .refusal(refusal)])
        #expect(decision.outcome == .refused(refusal))
    }

    @Test("the revocations are read once, for the key and for the identity")
    func oneReading() throws {
        let files = try RecordingFiles(Fixture("ok-opkssh-certificate").load(), failing: [:])
        #expect(try decision("ok-opkssh-certificate", with: files).line != nil)
        #expect(files.log.read.count { $0 == .revoked } == 1)
    }

    struct Read: Sendable, CustomStringConvertible {
        let fixture: String
        let files: [File]
        var description: String { fixture }
    }

    private static let read = [
        Read(fixture: "a19-login-braces", files: []),
        Read(fixture: "a23-base64-cut", files: []),
        Read(fixture: "a24-plain-key-broken-members", files: [.accounts]),
        Read(fixture: "a24-plain-key-ed25519", files: [.accounts]),
        Read(fixture: "a18-plain-key-revoked", files: [.accounts, .revoked]),
        Read(fixture: "ok-account-key-ed25519", files: [.accounts, .revoked]),
        Read(fixture: "a18-forged-signature", files: []),
        Read(fixture: "a18-bit-flip-in-principals", files: []),
        Read(fixture: "a18-expired", files: [.accounts]),
        Read(fixture: "a18-ca-of-nobody", files: [.accounts, .revoked]),
        Read(fixture: "a18-service-beyond-cap", files: [.accounts, .revoked]),
        Read(fixture: "ok-ca-ed25519", files: [.accounts, .revoked]),
        Read(fixture: "ok-keys-beside-broken-accounts", files: [.revoked, .keySet, .members]),
        Read(fixture: "a16-host-certificate", files: []),
        Read(fixture: "a16-bit-flip-in-after", files: []),
        Read(fixture: "a16-expired-just-now", files: []),
        Read(fixture: "a16-critical-option-unknown", files: []),
        Read(fixture: "revoked-key", files: [.revoked]),
        Read(fixture: "a16-signed-by-another-key", files: [.accounts, .revoked]),
        Read(fixture: "a11-no-token", files: [.revoked]),
        Read(fixture: "a09-stolen-pk-token", files: [.revoked]),
        Read(fixture: "a06-iss-default-port", files: [.revoked]),
        Read(fixture: "a01-alg-none", files: [.revoked]),
        Read(fixture: "a21-key-set-missing", files: [.revoked, .keySet]),
        Read(fixture: "a03-es256-all-zero", files: [.revoked, .keySet]),
        Read(fixture: "a13-too-old", files: [.revoked, .keySet]),
        Read(fixture: "revoked-identity-by-sub", files: [.revoked, .keySet]),
        Read(fixture: "a20-denied-by-claim", files: [.revoked, .keySet, .members]),
        Read(fixture: "ok-opkssh-certificate", files: [.revoked, .keySet, .members]),
    ]

    @Test("a file is read only once a login has come so far", arguments: read)
    func order(_ row: Read) throws {
        let files = try RecordingFiles(Fixture(row.fixture).load(), failing: [:])
        _ = try decision(row.fixture, with: files)
        #expect(files.log.read == row.files)
    }

    @Test("a key set is asked for of the provider that the token names")
    func provider() throws {
        let files = try RecordingFiles(Fixture("ok-second-of-two-providers-of-one-issuer").load(), failing: [:])
        let decision = try decision("ok-second-of-two-providers-of-one-issuer", with: files)
        #expect(decision.line != nil)
        #expect(files.log.providers == [decision.facts.provider])
    }

    @Test("membership is asked for with the login, the uid, the moment and the verified identity")
    func query() throws {
        let files = try RecordingFiles(Fixture("ok-opkssh-certificate").load(), failing: [:])
        _ = try decision("ok-opkssh-certificate", with: files)
        let query = try #require(files.log.query)
        #expect(query.login == "alice")
        #expect(query.uid == 1001)
        #expect(query.now.rfc3339 == "2026-11-22T12:00:00Z")
        #expect(query.identity.providerName == "example")
        #expect(query.identity.issuer == "https://login.example.com")
        #expect(query.identity.subject == "248289761001")
        #expect(query.identity.email == "alice@example.com")
        #expect(query.identity.isEmailVerified)
        #expect(query.identity.groupsClaim == "groups")
    }

    // MARK: - Decisions

    private func decision(_ fixture: String, failing: [File: Stop]) throws -> Decision {
        try decision(fixture, with: RecordingFiles(Fixture(fixture).load(), failing: failing))
    }

    private func decision(_ fixture: String, with files: RecordingFiles) throws -> Decision {
        let login = try Fixture(fixture).load()
        return login.decided(with: files, under: try login.configuration, isExplained: true)
    }

    enum File: Sendable {
        case revoked
        case keySet
        case members
        case accounts
        case group
    }
}

/// Files that tell in what order they were read, and fail as they are told.
private struct RecordingFiles: PolicyFiles {
    final class Log {
        var read: [PolicyFilesTests.File] = []
        var providers: [String?] = []
        var query: MembershipQuery?
    }

    let log = Log()
    private let stops: [PolicyFilesTests.File: Stop]
    private let files: MemoryFiles

    init(_ login: Case, failing: [PolicyFilesTests.File: Stop]) throws {
        files = try login.files
        stops = failing
    }

    private func note(_ file: PolicyFilesTests.File) throws(Stop) {
        log.read.append(file)
        if let stop = stops[file] { throw stop }
    }

    func keySet(of provider: Provider) throws(Stop) -> [UInt8]? {
        log.providers.append(provider.name)
        try note(.keySet)
        return try files.keySet(of: provider)
    }

    func account(with key: PublicKey) throws(Stop) -> AccountKey? {
        try note(.accounts)
        return try files.account(with: key)
    }

    func revocations(of keys: [Fingerprint]) throws(Stop) -> Revocations {
        try note(.revoked)
        return try files.revocations(of: keys)
    }

    func outcome(of query: MembershipQuery) throws(Stop) -> MembershipOutcome {
        log.query = query
        try note(.members)
        return try files.outcome(of: query)
    }

    func answer(for group: Text) throws(Stop) -> GroupAnswer {
        try note(.group)
        return try files.answer(for: group)
    }
}
