import Encodings
import Fleet
import Foundation
import HTTP
import HostFiles
import Policy
import Synchronization
import Testing

@testable import Upkeep

@Suite("Refreshing a policy", .server) struct PolicyRefreshTests {
    @Test("a signed policy is applied as it was published, root's and readable to all; then asked for by its name")
    func applied() async throws {
        let host = try PolicyHost()
        let (first, second) = (try host.policy(1), try host.policy(2, members: ""))
        try await host.publish(first)
        var refreshed = try await host.refresh()
        #expect(refreshed.verdict == .fresh && refreshed.action == .asked && refreshed.change == .first)
        #expect(host.applied == first)
        #expect(try host.host.mode(of: host.path) == 0o644)
        #expect(refreshed.policy.condition == .counts(until: TestHost.start + Seconds(3600)))
        #expect(refreshed.policy.contents(of: .members) == Array(PolicyHost.members.utf8))
        #expect(try await host.lastHeaders()["if-none-match"] == nil)

        refreshed = try await host.refresh()
        #expect(refreshed.change == .same && refreshed.verdict == .fresh)
        #expect(try await host.lastHeaders()["if-none-match"] != nil)

        try await host.publish(second)
        refreshed = try await host.refresh()
        #expect(refreshed.change == .new && refreshed.policy.header?.serial == 2)
        #expect(host.applied == second)
        // A file that is not the one that was fetched is not named.
        try host.host.write(String(decoding: first, as: UTF8.self), to: host.path)
        #expect(try await host.refresh().policy.header?.serial == 2)
        #expect(try await host.lastHeaders()["if-none-match"] == nil)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// What the failure's text ends in.
        let reason: String
        let served: String
        let file: @Sendable (PolicyHost, _ good: [UInt8]) throws -> [UInt8]

        init(
            _ name: String, _ reason: String, served: String = "tagged",
            _ file: @escaping @Sendable (PolicyHost, [UInt8]) throws -> [UInt8] = { _, good in good }
        ) {
            (testDescription, self.reason, self.served, self.file) = (name, reason, served, file)
        }
    }

    private static let refused = [
        Refused("old", "policy: serial 7 or higher expected, 6 found") { host, _ in try host.policy(6) },
        Refused("another of the same serial", "another policy with serial 7, which is applied already") { host, _ in
            try host.policy(7, members: "")
        },
        Refused("expired", "policy: expired at 2026-11-22T12:00:00Z") { host, _ in try host.policy(8, lasting: 0) },
        Refused("for another use", "policy: signed for \"file\", and not for \"pair-policy\"") { host, _ in
            try host.signer.signed(try host.bundle(8), for: "file").published
        },
        Refused("by another signer", "policy: signer: none of the allowed") { host, _ in
            try Signer().signed(try host.bundle(8)).published
        },
        Refused("with the signature of another policy", "policy: signature: does not match") { host, good in
            let signature = try SignedPolicy(parsing: good).signature
            return SignedPolicy(text: try host.bundle(9).text, signature: signature).published
        },
        Refused("cut in the middle", "policy: an SSH signature expected at its end") { _, good in
            Array(good[..<(good.count / 3)])
        },
        Refused("without its signature", "policy: an SSH signature expected at its end") { host, _ in
            try host.bundle(8).text
        },
        Refused("with a cut signature", "-----BEGIN and -----END SSH SIGNATURE----- expected") { _, good in
            Array(good.dropLast(20))
        },
        Refused("with a line more", "policy: signature: does not match") { host, good in
            let signed = try SignedPolicy(parsing: good)
            return SignedPolicy(
                text: signed.text + Array("x bob@example.com idp root\n".utf8), signature: signed.signature
            )
            .published
        },
        Refused("signed, and no policy", "bundle: the line pair-policy 1 expected first") { host, _ in
            try host.signer.sign(Array("members\n".utf8)).published
        },
        Refused("empty", "policy: an SSH signature expected at its end") { _, _ in [] },
        Refused("larger than is taken", "the answer is larger than 1048576 bytes", served: "huge"),
        Refused("broken off", "the connection was closed before the answer was whole", served: "truncated"),
        Refused("half of it", "-----BEGIN and -----END SSH SIGNATURE----- expected", served: "torn"),
        Refused("a web page", "policy: an SSH signature expected at its end", served: "html"),
        Refused("gone", "status 200 expected, 404 found", served: "missing"),
        Refused("an error", "status 200 expected, 500 found", served: "status_500"),
        Refused("elsewhere", "it leads to another scheme, host or port", served: "elsewhere"),
    ]

    @Test(
        "what may not be applied leaves the policy as it was, and is told; the next good one is applied",
        arguments: refused)
    func refuses(_ row: Refused) async throws {
        let host = try PolicyHost()
        let good = try host.policy(7)
        try await host.publish(good)
        try await host.refresh()
        let next = try host.policy(8)
        try await host.publish(try row.file(host, next), served: row.served)
        let refreshed = try await host.refresh()
        #expect(refreshed.action == .failed && refreshed.verdict == .old && refreshed.change == nil)
        let failure = try #require(refreshed.failure)
        #expect(failure.description.contains(row.reason), "\(failure.description)")
        #expect(failure.advice?.isEmpty == false)
        #expect(host.applied == good)
        // By a run that does not ask, and by a doctor, it is told again.
        #expect(try await host.refresh(RefreshTerms(isOnlyIfDue: true)).failure == failure)
        let configuration = try host.host.configuration
        let source = try #require(configuration.policySource)
        #expect(RefreshState(of: source, under: configuration, ownedBy: TestHost.ownership)?.failure == failure)

        try await host.publish(next)
        #expect(try await host.refresh().verdict == .fresh)
        #expect(host.applied == next)
    }

    @Test("no bit of what was signed can be another, nor can any byte be missing at its end")
    func bits() async throws {
        let host = try PolicyHost()
        try await host.publish(try host.policy(7))
        try await host.refresh()
        let next = try host.policy(8)
        let text = try SignedPolicy(parsing: next).text
        for index in stride(from: 0, to: text.count, by: 7) {
            var changed = next
            changed[index] ^= 1 << UInt8(index % 8)
            try await host.publish(changed)
            #expect(try await host.refresh().action == .failed, "\(index)")
        }
        for count in stride(from: 2, to: next.count, by: 23) {
            try await host.publish(Array(next.dropLast(count)))
            #expect(try await host.refresh().action == .failed, "\(count)")
        }
        #expect(try await host.refresh().policy.header?.serial == 7)
    }

    @Test("a host without a policy takes min_serial at least, and one whose policy is damaged what it had")
    func minimum() async throws {
        let host = try PolicyHost("min_serial = 5")
        try await host.publish(try host.policy(4))
        let refused = try await host.refresh()
        #expect(refused.verdict == .none && refused.policy.condition == .missing)
        #expect(refused.failure?.description.hasSuffix("serial 5 or higher expected, 4 found") == true)
        try await host.publish(try host.policy(9))
        #expect(try await host.refresh().verdict == .fresh)

        try host.host.write("pair-policy 1\n", to: host.path)
        try await host.publish(try host.policy(8))
        let damaged = try await host.refresh()
        #expect(damaged.verdict == .none)
        #expect(damaged.failure?.description.hasSuffix("serial 9 or higher expected, 8 found") == true)
        try await host.publish(try host.policy(9, members: ""))
        #expect(try await host.refresh().verdict == .fresh)
    }

    @Test("the same policy under another signature is the same, and stays as it was")
    func signedAnew() async throws {
        let host = try PolicyHost()
        let first = try host.policy(7)
        try await host.publish(first)
        try await host.refresh()
        let other = try Signer()
        try host.host.write(
            "a@example.com \(host.signer.publicKey)\nb@example.com \(other.publicKey)\n",
            to: "\(host.host.folder)/allowed_signers")
        try await host.publish(try other.signed(try host.bundle(7)).published)
        let refreshed = try await host.refresh()
        #expect(refreshed.change == .same && refreshed.verdict == .fresh)
        #expect(host.applied == first)
        #expect(try await host.refresh().verdict == .fresh)
        #expect(try await host.lastHeaders()["if-none-match"] == nil)
    }

    @Test("who signs is judged when it is applied: by their time, and by a file that root alone could have written")
    func signers() async throws {
        let host = try PolicyHost()
        try await host.publish(try host.policy(7))
        try host.allow(host.signer, "valid-before=\"20261122115959Z\"")
        let late = try await host.refresh()
        #expect(late.failure?.description.hasSuffix("policy: signer: not allowed since 2026-11-22T11:59:59Z") == true)
        try host.allow(host.signer, "valid-before=\"20261122120000Z\"")
        let file = "\(host.host.folder)/allowed_signers"
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: file)
        let unsafe = try await host.refresh()
        #expect(unsafe.failure?.description == "\(file): writable by group or others (mode 666)")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        #expect(try await host.refresh().verdict == .fresh)
        // What is applied stays so without them.
        try FileManager.default.removeItem(atPath: file)
        try await host.publish(try host.policy(8))
        let none = try await host.refresh()
        #expect(none.verdict == .old && none.failure?.description == "\(file): no such file")
        try host.host.write("ops@example.com\n", to: file)
        #expect(try await host.refresh().failure?.description.hasPrefix("\(file): line 1: ") == true)
        #expect(try await host.refresh().policy.header?.serial == 7)
    }

    @Test("a policy counts until its end and grace; what is served then does not replace it before")
    func grace() async throws {
        let host = try PolicyHost("grace = \"1h\"")
        try await host.publish(try host.policy(7))
        try await host.refresh()
        host.host.pass(3600)
        let old = try await host.refresh(RefreshTerms(isForced: true))
        #expect(old.verdict == .old && old.failure?.description.contains("policy: expired at") == true)
        host.host.pass(3600)
        let over = try await host.refresh(RefreshTerms(isForced: true))
        #expect(over.verdict == .none)
        #expect(over.policy.condition == .expired(TestHost.start + Seconds(7200)))
    }

    @Test("it is due after a minute, or when the server says; a login's wish is heard once a minute")
    func due() async throws {
        let host = try PolicyHost()
        try await host.publish(try host.policy(7))
        try await host.host.serve(["cache": "max-age=300"])
        try await host.refresh()
        let due = RefreshTerms(isOnlyIfDue: true)
        host.host.pass(299)
        #expect(try await host.refresh(due).action == .left)
        host.host.pass(1)
        try await host.host.serve(["cache": "max-age=1"])
        #expect(try await host.refresh(due).action == .asked)
        host.host.pass(59)
        #expect(try await host.refresh(due).action == .left)
        host.host.pass(1)
        #expect(try await host.refresh(due).action == .asked)
        host.host.poke.withLock { $0 = Poke(microseconds: 1) }
        #expect(try await host.refresh(RefreshTerms(isOnlyIfWanted: true)).action == .asked)
        #expect(host.host.pauses.withLock { $0 } == [Seconds(60)])
        #expect(try await host.lastHeaders()["cache-control"] == "no-cache")
    }

    @Test("many at once apply one policy whole, and ask as often as is needed")
    func together() async throws {
        let host = try PolicyHost()
        try await host.publish(try host.policy(7))
        try await withThrowingTaskGroup(of: ProviderRefresh.Verdict.self) { group in
            for _ in 0..<8 { group.addTask { try await host.refresh().verdict } }
            for try await verdict in group { #expect(verdict == .fresh) }
        }
        #expect(try await host.host.requests().count <= 2)
    }

    @Test("a folder that cannot be written to is told, and nobody is asked")
    func unwritable() async throws {
        let host = try PolicyHost()
        try host.host.write("", to: "\(host.host.folder)/lib")
        let refreshed = try await host.refresh()
        #expect(refreshed.verdict == .none)
        #expect(refreshed.failure?.description == "\(host.host.folder)/lib: a directory expected, a regular file found")
        #expect(try await host.host.requests().isEmpty)
    }
}
