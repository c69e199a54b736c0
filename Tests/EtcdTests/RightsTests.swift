import Encodings
import Foundation
import HTTP
import Testing

@testable import Etcd

extension EtcdClusterTests {
    /// What the roles of docs/fleet-etcd.md allow, made by the commands that stand there.
    @Suite struct Rights {
        private let cluster: Cluster
        private static let prefix = "/pair/"

        init() throws { cluster = try Cluster.current }

        /// The commands of the docs for roles and users, but for those that make root.
        private static func commands() throws -> [String] {
            let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../docs/fleet-etcd.md")
            let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").map(String.init)
            let commands = lines.filter { $0.hasPrefix("    etcdctl ") }.map { String($0.dropFirst(4)) }
            return commands.filter { !$0.contains(" root") && $0 != "etcdctl auth enable" }
        }

        /// Runs `body` where the docs' users are, with two hosts.
        private func withUsers(_ body: (_ host: EtcdClient, _ publisher: EtcdClient) async throws -> Void) async throws
        {
            let commands = try Self.commands()
            try #require(commands.count == 16)
            let second = commands.filter { $0.contains("web1") }
                .map { $0.replacingOccurrences(of: "web1", with: "web2") }
            let script = """
                cd "$(mktemp -d)"
                for name in publisher web1 web2; do echo "of-$name" >$name-password; done
                \((commands + second).joined(separator: "\n"))
                """
            let undoing = """
                for user in publisher host-web1 host-web2; do etcdctl user delete $user; done
                for role in host status publisher host-web1 host-web2; do etcdctl role delete pair-$role; done
                etcdctl del --prefix \(Self.prefix)
                """
            try cluster.etcdctl(script)
            defer { _ = try? cluster.etcdctl(undoing) }
            try await body(
                try cluster.client(as: EtcdCredentials(user: "host-web1", password: "of-web1")),
                try cluster.client(as: EtcdCredentials(user: "publisher", password: "of-publisher")))
        }

        @Test("a host reads the policy and writes its own heartbeat, and nothing else")
        func host() async throws {
            try await withUsers { host, publisher in
                let publication = PolicyPublication(client: publisher, prefix: Self.prefix)
                #expect(try await publication.publish([1], serial: 1, until: seconds(10)) == .published)
                #expect(try await publication.publish([2], serial: 2, until: seconds(10)) == .published)
                let policy = Self.prefix + "policy"
                #expect(try await host.range(RangeRequest(key: policy), until: seconds(10)).pairs.first?.value == [2])
                let report = HostReport(host: "web1", space: "build-box", since: UnixTime(seconds: 0))
                let heartbeat = Heartbeat(client: host, prefix: Self.prefix)
                try await heartbeat.beat(report, until: seconds(10))
                let status = try await FleetStatus(client: publisher, prefix: Self.prefix, until: seconds(10))
                #expect(status.hosts.map(\.report) == [.success(report)])
                try await heartbeat.end(until: seconds(10))

                for key in ["policy", "serial", "hosts/web2", "hosts/", "hosts/web11", "other"] {
                    let reason = await refusal { () throws(EtcdError) in
                        try await host.put(Self.prefix + key, [9], until: seconds(10))
                    }
                    #expect(reason == .permission, "\(key)")
                    let inTransaction = await refusal { () throws(EtcdError) in
                        _ = try await host.transact(if: [], put: [(Self.prefix + key, [9])], until: seconds(10))
                    }
                    #expect(inTransaction == .permission, "\(key)")
                }
                for request in [
                    RangeRequest(key: Self.prefix + "serial"), RangeRequest(prefix: Self.prefix),
                    RangeRequest(key: Self.prefix + "hosts/web2"), RangeRequest(prefix: Self.prefix + "hosts/"),
                ] {
                    let reason = await refusal { () throws(EtcdError) in
                        _ = try await host.range(request, until: seconds(10))
                    }
                    #expect(reason == .permission, "\(request)")
                }
                let member = try #require(cluster.members["a"])
                let end = await host.watch(Self.prefix + "serial", from: 0, at: member) { _ in }
                #expect(end == .broken(.refused(.permission, by: member)))
            }
        }

        @Test("who publishes writes no heartbeat")
        func publisher() async throws {
            try await withUsers { _, publisher in
                let reason = await refusal { () throws(EtcdError) in
                    try await publisher.put(Self.prefix + "hosts/web1", [9], until: seconds(10))
                }
                #expect(reason == .permission)
            }
        }

        /// CVE-2026-33343; what etcd says decides nothing here, only that the fleet lives with it.
        @Test("what somebody else writes as the policy is handed over to be refused, and the next publication mends it")
        func nested() async throws {
            try await withUsers { host, publisher in
                let publication = PolicyPublication(client: publisher, prefix: Self.prefix)
                _ = try await publication.publish(Array("good".utf8), serial: 1, until: seconds(10))
                let follower = Follower(host, prefix: Self.prefix)
                await follower.applies("good")
                _ = await follower.watches()
                let put = JSON.Object([
                    "request_put": .object(
                        JSON.Object(["key": .base64("/pair/policy".utf8), "value": .base64("bad".utf8)]))
                ])
                let inner = JSON.Object(["request_txn": .object(JSON.Object(["success": .array([.object(put)])]))])
                let outer = JSON.object(JSON.Object(["success": .array([.object(inner)])]))
                let reason = await refusal { () throws(EtcdError) in
                    _ = try await host.ask(.txn, outer, until: seconds(10)) { $0 }
                }
                print("a transaction within one, by a host: \(reason.map { "\($0)" } ?? "done, as etcd is too old")")
                #expect(reason == nil || reason == .permission)
                if reason == nil { await follower.applies("bad") }
                _ = try await publication.publish(Array("better".utf8), serial: 2, until: seconds(10))
                await follower.applies("better")
                await follower.stop()
            }
        }
    }
}
