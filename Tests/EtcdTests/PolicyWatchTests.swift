import Encodings
import HTTP
import Synchronization
import Testing

@testable import Etcd

extension EtcdClusterTests {
    @Suite struct Watching {
        private let cluster: Cluster
        private let prefix = Cluster.prefix()
        private let publisher: EtcdClient

        init() throws {
            cluster = try Cluster.current
            publisher = try cluster.client(timeout: 2)
        }

        /// Publishes `text`, with the next serial; retried where the cluster is about to find a new leader.
        private func publish(_ text: String, _ serial: UInt64) async throws {
            let publication = PolicyPublication(client: publisher, prefix: prefix)
            _ = try await publication.publish(Array(text.utf8), serial: serial, until: seconds(60))
        }

        private func follower(
            of names: [String] = ["a", "b", "c"], pace: PolicyWatch.Pace = .brisk
        ) throws -> Follower {
            Follower(try cluster.client(of: names, timeout: 2), prefix: prefix, pace: pace)
        }

        @Test("what was published before is applied at once, and what comes later when it comes")
        func published() async throws {
            try await publish("one", 1)
            let follower = try follower(pace: .relying)
            await follower.applies("one")
            _ = await follower.watches()
            for serial in 2...5 {
                try await publish("policy \(serial)", UInt64(serial))
                await follower.applies("policy \(serial)")
            }
            #expect(follower.seen.contents.applied == ["one", "policy 2", "policy 3", "policy 4", "policy 5"])
            #expect(follower.seen.contents.watched.count == 1)
            await follower.stop()
        }

        @Test("where none is published that is said once, and the first is applied when it comes")
        func none() async throws {
            let follower = try follower(pace: .relying)
            _ = await follower.watches()
            try await publish("one", 1)
            await follower.applies("one")
            try cluster.etcdctl("etcdctl del \(prefix)policy")
            await follower.seen.wait { $0.news.count { $0 == .missing } == 2 }
            try await publish("two", 2)
            await follower.applies("two")
            #expect(follower.seen.contents.applied == ["one", "two"])
            await follower.stop()
        }

        @Test("a watch of what was compacted away says what there still is")
        func compactedWatch() async throws {
            for serial in 1...3 { try await publish("policy \(serial)", UInt64(serial)) }
            let revision = try await publisher.range(RangeRequest(key: prefix + "policy"), until: seconds(10)).revision
            try cluster.etcdctl("etcdctl compact \(revision)")
            let member = try #require(cluster.members["a"])
            let end = await publisher.watch(prefix + "policy", from: 1, at: member) { _ in Issue.record("an event") }
            #expect(end == .compacted(revision))
        }

        @Test("what was published and compacted away while a watcher was cut off: the last one is applied")
        func compaction() async throws {
            try await publish("one", 1)
            // Knows the one member only, which is then stopped: it sees nothing of what happens.
            let follower = try follower(of: ["a"])
            await follower.applies("one")
            _ = await follower.watches()
            try cluster.order("stop a")
            do {
                defer { _ = try? cluster.order("continue a") }
                await follower.seen.wait { !$0.ends.isEmpty }
                for serial in 2...4 { try await publish("policy \(serial)", UInt64(serial)) }
                let revision = try await publisher.range(RangeRequest(key: prefix), until: seconds(10)).revision
                try cluster.etcdctl("etcdctl compact \(revision)")
            }
            await follower.applies("policy 4")
            #expect(follower.seen.contents.applied == ["one", "policy 4"])
            await follower.stop()
        }

        @Test("the leader is killed: what is published next reaches all, wherever they watched")
        func leaderKilled() async throws {
            try await publish("one", 1)
            let followers = try ["a", "b", "c", "a", "b", "c"].map { first in
                try follower(of: [first] + ["a", "b", "c"].filter { $0 != first }, pace: .relying)
            }
            for follower in followers { _ = await follower.watches() }
            let leader = try cluster.order("leader")
            try cluster.order("kill \(leader)")
            defer { _ = try? cluster.order("start \(leader)") }
            try await publish("two", 2)
            for follower in followers {
                await follower.applies("two")
                #expect(follower.seen.contents.applied == ["one", "two"])
            }
            for follower in followers { await follower.stop() }
        }

        @Test("the member that is watched is stopped, and holds the connection: another is watched instead")
        func memberStopped() async throws {
            try await publish("one", 1)
            let follower = try follower()
            let first = try #require(await follower.watches())
            let name = try #require(cluster.name(of: first))
            try cluster.order("stop \(name)")
            defer { _ = try? cluster.order("continue \(name)") }
            try await publish("two", 2)
            await follower.applies("two")
            #expect(await follower.watches(times: 2) != first)
            await follower.stop()
        }

        @Test("a member that is cut off from the others ends the watch by itself")
        func minority() async throws {
            try await publish("one", 1)
            let follower = try follower(of: ["c"], pace: .relying)
            _ = await follower.watches()
            try cluster.order("stop a")
            try cluster.order("stop b")
            do {
                defer { for name in ["a", "b"] { _ = try? cluster.order("continue \(name)") } }
                await follower.seen.wait { !$0.ends.isEmpty }
            }
            guard case .broken(.unavailable(let failures)) = follower.seen.contents.ends.first else {
                Issue.record("\(follower.seen.contents.news)")
                return
            }
            #expect(failures.map(\.reason) == [.notNow("etcdserver: no leader")])
            try await publish("two", 2)
            await follower.applies("two")
            await follower.stop()
        }

        @Test("where no watch can be had the policy is pulled")
        func pulling() async throws {
            try await publish("one", 1)
            let client = EtcdClient(
                EtcdSettings(members: [cluster.withoutWatch], credentials: cluster.root, userAgent: "pair/test"))
            let follower = Follower(client, prefix: prefix)
            await follower.applies("one")
            try await publish("two", 2)
            await follower.applies("two")
            #expect(follower.seen.contents.watched.isEmpty)
            #expect(!follower.seen.contents.ends.isEmpty)
            await follower.stop()
        }

        @Test("a user who may not read the policy is told, and tried again")
        func forbidden() async throws {
            try cluster.etcdctl("echo secret | etcdctl user add stranger --interactive=false")
            defer { _ = try? cluster.etcdctl("etcdctl user delete stranger; etcdctl role delete late || true") }
            let stranger = EtcdCredentials(user: "stranger", password: "secret")
            let follower = Follower(try cluster.client(as: stranger), prefix: prefix)
            await follower.seen.wait { contents in
                contents.news.contains {
                    if case .unreadable(.refused(.permission, _)) = $0 { true } else { false }
                }
            }
            try await publish("one", 1)
            try cluster.etcdctl(
                """
                etcdctl role add late
                etcdctl role grant-permission late read \(prefix)policy
                etcdctl user grant-role stranger late
                """)
            await follower.applies("one")
            await follower.stop()
        }

        @Test("fifty watchers have each what is published, one after the other")
        func many() async throws {
            try await publish("policy 1", 1)
            var pace = PolicyWatch.Pace()
            pace.applications.cost = .zero
            let followers = try (0..<50).map { _ in try follower(pace: pace) }
            for follower in followers { _ = await follower.watches() }
            var delays: [Duration] = []
            for serial in 2...21 {
                let start = ContinuousClock.now
                try await publish("policy \(serial)", UInt64(serial))
                for follower in followers {
                    await follower.applies("policy \(serial)")
                    delays.append(try #require(follower.seen.time(of: "policy \(serial)")) - start)
                }
            }
            delays.sort()
            let (median, last) = (delays[delays.count / 2], delays[delays.count * 99 / 100])
            print("50 watchers, 20 publications: p50 \(median), p99 \(last), most \(delays[delays.count - 1])")
            for follower in followers { #expect(follower.seen.contents.applied.last == "policy 21") }
            await withTaskGroup { group in for follower in followers { group.addTask { await follower.stop() } } }
        }
    }
}
