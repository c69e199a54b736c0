// A host with accounts: what the tests with certificates of ssh-keygen ask.

import Testing

@testable import TestSupport

/// A host whose accounts have some of `keys`.
final class CertificateHost: Sendable {
    @TaskLocal static var current: CertificateHost?

    let host: Host
    let keys: CertificateKeys

    private init() throws {
        host = try Host()
        keys = try CertificateKeys()
        try host.write(
            "pair.toml",
            """
            space = "build-box"
            [[service]]
            name = "pgs"
            logins = ["pgs"]
            command = "/usr/bin/pgs --account {account} '{service}' \\"{login}\\""
            [[service]]
            name = "tuns"
            logins = ["tuns"]
            [[service]]
            name = "admin"
            logins = ["root"]
            [log]
            file = "access.jsonl"
            syslog = false

            """)
        try host.write("accounts", try keys.accounts)
        try host.write("revoked", try keys.revoked)
    }

    /// Runs `body` with a host, which is removed then.
    static func run(_ body: @Sendable () async throws -> Void) async throws {
        try await $current.withValue(try CertificateHost(), operation: body)
    }
}

/// Sets the host up before a suite's tests and removes it after the last.
struct OnCertificateHost: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing tests: @Sendable () async throws -> Void
    ) async throws {
        try await CertificateHost.run(tests)
    }
}

extension Trait where Self == OnCertificateHost {
    static var onCertificateHost: Self { Self() }
}
