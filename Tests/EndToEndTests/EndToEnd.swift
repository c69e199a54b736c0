// The suite around all end-to-end tests: one lab for all of them, taken down whatever happens.

import Testing

/// The built program under a real sshd, with tokens of a real OpenID provider.
@Suite(
    .serialized,
    .enabled(if: Lab.obstacle == nil || Lab.mustRun, Lab.obstacle ?? "the lab can run"),
    .inLab)
enum EndToEnd {}

/// Sets up the lab before a suite's tests and takes it down after the last.
struct InLab: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing tests: @Sendable () async throws -> Void
    ) async throws {
        try await Lab.run(tests)
    }
}

extension Trait where Self == InLab {
    static var inLab: Self { Self() }
}
