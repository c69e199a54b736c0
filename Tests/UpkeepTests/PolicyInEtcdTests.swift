import Encodings
import Etcd
import Fleet
import Foundation
import HTTP
import HostFiles
import Policy
import Synchronization
import Testing

@testable import Upkeep

@Suite("Refreshing a policy that is in etcd", .server) struct PolicyInEtcdTests {
    @Test("it is read at its key, applied as published, and never taken for one of another place")
    func applied() async throws {
        let host = try PolicyHost(etcd: "")
        let (first, second) = (try host.policy(1), try host.policy(2, members: ""))
        let missing = try await host.refresh()
        #expect(missing.verdict == .none)
        #expect(
            missing.failure?.description == "etcd: /\(host.host.name)/policy: a policy expected, nothing found")
        #expect(missing.failure?.advice?.contains("pair fleet publish --to etcd") == true)

        try await host.publish(first)
        var refreshed = try await host.refresh()
        #expect(refreshed.verdict == .fresh && refreshed.action == .asked && refreshed.change == .first)
        #expect(host.applied == first)
        refreshed = try await host.refresh()
        #expect(refreshed.change == .same && refreshed.verdict == .fresh)
        try await host.publish(second)
        refreshed = try await host.refresh()
        #expect(refreshed.change == .new && host.applied == second)

        try await host.publish(first)
        refreshed = try await host.refresh()
        #expect(refreshed.verdict == .old && host.applied == second)
        #expect(
            refreshed.failure?.description
                == "etcd: /\(host.host.name)/policy: policy: serial 2 or higher expected, 1 found")
        #expect(try await host.host.requests().allSatisfy { $0.what == "/v3/kv/range" })
    }

    @Test("it is asked for as the user of pair.toml, whose password nobody else may read")
    func user() async throws {
        let host = try PolicyHost(etcd: "user = \"host\"\npassword_file = \"password\"")
        try await host.publish(try host.policy(1))
        let file = "\(host.host.folder)/password"
        #expect(try await host.refresh().failure?.description == "\(file): no such file")
        try host.host.write("password\n", to: file)
        let open = try await host.refresh()
        #expect(open.failure?.description == "\(file): others may read this password")
        #expect(open.failure?.advice == "Do this: chmod 0600 \(file).")
        #expect(try await host.host.requests().isEmpty)

        func set(_ text: String) throws {
            try host.host.write(text, to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        }
        try set("\n")
        #expect(try await host.refresh().failure?.description == "\(file): a password expected")
        try set("guessed\n")
        let refused = try await host.refresh()
        #expect(refused.failure?.description.hasSuffix("the user or the password is wrong") == true)
        #expect(refused.failure?.description.contains("guessed") == false)
        try set("password\n")
        #expect(try await host.refresh().verdict == .fresh)
        #expect(try await host.host.requests().last?.headers["authorization"] == "of-the-host")
    }

    @Test("where no member answers the policy stays, and that is told and kept")
    func unavailable() async throws {
        let host = try PolicyHost(etcd: "")
        try await host.publish(try host.policy(1))
        try await host.refresh()
        try await host.host.serve(["store": "status_500"])
        let refreshed = try await host.refresh(timeout: 1)
        #expect(refreshed.action == .failed && refreshed.verdict == .old)
        #expect(refreshed.failure?.description.hasPrefix("etcd: no member answered: ") == true)
        let left = try await host.refresh(RefreshTerms(isOnlyIfDue: true))
        #expect(left.action == .left && left.failure == refreshed.failure && left.failures == 1)
    }

    // MARK: - What a watch brings

    @Test("what a watch brings is applied where a refresh would, and nobody is asked")
    func brought() async throws {
        let host = try PolicyHost(etcd: "min_serial = 3")
        let low = try await host.apply(try host.policy(2))
        #expect(low.verdict == .none && host.applied == nil)
        #expect(low.failure?.description.hasSuffix("policy: serial 3 or higher expected, 2 found") == true)

        let good = try host.policy(7)
        let first = try await host.apply(good)
        #expect(first.verdict == .fresh && first.change == .first && first.holds && host.applied == good)
        let again = try await host.apply(good)
        #expect(again.change == .same && again.holds)
        // From here on it is not due.
        try await host.publish(good)
        try await host.refresh()
        let requests = try await host.host.requests().count
        let refused: [([UInt8], String)] = [
            (try host.policy(6), "policy: serial 7 or higher expected, 6 found"),
            (try host.policy(7, members: ""), "another policy with serial 7, which is applied already"),
            (try host.policy(8, lasting: 0), "policy: expired at 2026-11-22T12:00:00Z"),
            (try Signer().signed(try host.bundle(8)).published, "policy: signer: none of the allowed"),
            (Array(good.dropLast(20)), "-----BEGIN and -----END SSH SIGNATURE----- expected"),
            ([], "policy: an SSH signature expected at its end"),
        ]
        for (policy, reason) in refused {
            let refreshed = try await host.apply(policy)
            #expect(refreshed.action == .failed && refreshed.verdict == .old && host.applied == good, "\(reason)")
            #expect(!refreshed.holds)
            #expect(refreshed.failure?.description.contains(reason) == true, "\(refreshed.failure as Any)")
            // A doctor, and a refresh that does not ask, tell of it.
            #expect(try await host.refresh(RefreshTerms(isOnlyIfDue: true)).failure == refreshed.failure)
        }
        #expect(try await host.apply(try host.policy(8)).verdict == .fresh)
        #expect(try await host.refresh(RefreshTerms(isOnlyIfDue: true)).failure == nil)
        #expect(try await host.host.requests().count == requests)
    }

    @Test("what a watch brings, however often, does not put off when a host asks by itself")
    func pullStaysDue() async throws {
        let host = try PolicyHost(etcd: "")
        try await host.publish(try host.policy(7))
        try await host.refresh()
        let old = try host.policy(6)
        let configuration = try host.host.configuration
        let source = try #require(configuration.policySource)
        func state() throws -> RefreshState {
            try #require(RefreshState(of: source, under: configuration, ownedBy: TestHost.ownership))
        }
        let before = try state()
        for _ in 1...20 {
            host.host.pass(3)
            #expect(try await host.apply(old).failure != nil)
        }
        let after = try state()
        #expect((after.begun, after.ended, after.failures) == (before.begun, before.ended, before.failures))
        #expect((after.asked, after.next, after.serial) == (before.asked, before.next, 7))
        let due = try await host.refresh(RefreshTerms(isOnlyIfDue: true))
        #expect(due.action == .asked && due.failure == nil)
    }

    @Test("the applied policy says when it was applied, whoever did it")
    func time() async throws {
        let host = try PolicyHost(etcd: "")
        let none = try await host.apply([])
        #expect(none.policy.time == nil)
        let applied = try await host.apply(try host.policy(1))
        let written = try #require(
            try FileManager.default.attributesOfItem(atPath: host.path)[.modificationDate] as? Date)
        #expect(applied.policy.time == UnixTime(seconds: Int64(written.timeIntervalSince1970.rounded(.down))))
    }

    @Test("a cancelled task does not wait for a lock that another holds")
    func cancelledWait() async throws {
        let host = try TestHost()
        let path = host.folder
        let lock = try FileLock(
            "x.lock", in: OpenFolder(path, ownedBy: TestHost.ownership), waitingFor: .zero)
        let tries = Mutex(0)
        let (never, _) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            for await _ in never {}
            do throws(LockFault) {
                _ = try await waitForLock("x.lock", atMost: .seconds(60)) { () throws(FileFault) in
                    tries.withLock { $0 += 1 }
                    return try OpenFolder(path, ownedBy: TestHost.ownership)
                }
                return nil as LockFault?
            } catch {
                return error
            }
        }
        task.cancel()
        #expect(await task.value == .held("\(path)/x.lock"))
        #expect(tries.withLock { $0 } == 1)
        try lock.delete()
    }

    @Test("the serial is remembered where the applied policy is damaged, by whatever came last")
    func floor() async throws {
        let host = try PolicyHost(etcd: "")
        try await host.apply(try host.policy(9))
        try host.host.write("pair-policy 1\n", to: host.path)
        #expect(try await host.apply(try host.policy(8)).verdict == .none)
        try await host.publish(try host.policy(8))
        #expect(try await host.refresh().verdict == .none)
        #expect(try await host.apply(try host.policy(9)).verdict == .fresh)
    }

    @Test("watches and refreshes at once leave the latest policy, whole")
    func together() async throws {
        let host = try PolicyHost(etcd: "")
        let policies = try (1...8).map { try host.policy(UInt64($0)) }
        try await host.publish(policies[7])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for policy in policies { group.addTask { try await host.apply(policy) } }
            for _ in 0..<2 { group.addTask { try await host.refresh() } }
            try await group.waitForAll()
        }
        #expect(host.applied == policies[7])
    }

    @Test("a login's wish is not taken for answered by what a watch brings")
    func wish() async throws {
        let host = try PolicyHost(etcd: "")
        try await host.publish(try host.policy(1))
        host.host.poke.withLock { $0 = Poke(microseconds: 1) }
        try await host.apply(try host.policy(1))
        #expect(try await host.refresh(RefreshTerms(isOnlyIfWanted: true)).action == .asked)
    }
}
