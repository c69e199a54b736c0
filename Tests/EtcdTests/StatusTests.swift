import Encodings
import HTTP
import Testing

@testable import Etcd

extension EtcdClusterTests {
    @Suite struct Status {
        private let client: EtcdClient
        private let prefix = Cluster.prefix()

        init() throws { client = try Cluster.current.client() }

        private func report(_ host: String, serial: UInt64?) -> HostReport {
            var report = HostReport(host: host, space: "build-box", since: UnixTime(seconds: 1_795_348_800))
            report.serial = serial
            return report
        }

        private func status(expecting names: [Text] = []) async throws -> FleetStatus {
            try await FleetStatus(client: client, prefix: prefix, expected: names, until: seconds(10))
        }

        @Test("the status shows each host that says something, and each that ought to")
        func table() async throws {
            #expect(try await status().hosts.isEmpty)
            #expect(try await status().published == nil)
            let publication = PolicyPublication(client: client, prefix: prefix)
            _ = try await publication.publish([1], serial: 42, until: seconds(10))
            for (host, serial) in [("web2", 41), ("web1", 42), ("db1", nil)] as [(String, UInt64?)] {
                let heartbeat = Heartbeat(client: client, prefix: prefix)
                try await heartbeat.beat(report(host, serial: serial), until: seconds(10))
            }
            try await client.put(prefix + "hosts/odd", Array("{}".utf8), until: seconds(10))
            let status = try await status(expecting: ["web1", "web3"])
            #expect(status.published == 42)
            #expect(status.hosts.map(\.name) == ["db1", "odd", "web1", "web2", "web3"])
            #expect(
                status.hosts.map { $0.standing(to: status.published) } == [
                    .behind(by: nil), .silent(.malformed(.notAReport)), .current, .behind(by: 1), .silent(.noHeartbeat),
                ])
        }

        @Test("what did not change is not written again, and what did is")
        func writing() async throws {
            let heartbeat = Heartbeat(client: client, prefix: prefix)
            func revision() async throws -> Int64? {
                try await client.range(RangeRequest(key: prefix + "hosts/web1"), until: seconds(10)).pairs.first?
                    .revision
            }
            var report = report("web1", serial: 1)
            try await heartbeat.beat(report, until: seconds(10))
            let first = try await revision()
            report.since = UnixTime(seconds: 1_795_349_999)
            try await heartbeat.beat(report, until: seconds(10))
            #expect(try await revision() == first)
            report.serial = 2
            try await heartbeat.beat(report, until: seconds(10))
            #expect(try await revision() != first)
            try await heartbeat.end(until: seconds(10))
            #expect(try await revision() == nil)
        }

        @Test("a host that says nothing any more is gone when its lease ends, and is there again with its next beat")
        func expiry() async throws {
            // etcd makes it a little longer.
            let heartbeat = Heartbeat(client: client, prefix: prefix, lifetime: 1)
            let report = report("web1", serial: 1)
            try await heartbeat.beat(report, until: seconds(10))
            #expect(try await status().hosts.map(\.name) == ["web1"])
            let (gone, going) = AsyncStream.makeStream(of: Void.self)
            let key = prefix + "hosts/web1"
            let pairs = try await client.range(RangeRequest(key: key), until: seconds(10)).pairs
            let revision = try #require(pairs.first?.revision)
            let watch = Task {
                let member = try #require(try Cluster.current.members["a"])
                return await client.watch(key, from: revision, at: member) { event in
                    if case .deleted = event { going.yield() }
                }
            }
            for await _ in gone { break }
            #expect(try await status(expecting: ["web1"]).hosts.map(\.report) == [.failure(.noHeartbeat)])
            try await heartbeat.beat(report, until: seconds(10))
            #expect(try await status().hosts.map(\.report) == [.success(report)])
            watch.cancel()
            #expect(try await watch.value == .left)
        }
    }
}
