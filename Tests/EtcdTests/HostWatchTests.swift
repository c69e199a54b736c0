import Encodings
import HTTP
import Synchronization
import Testing

@testable import Etcd

extension EtcdClusterTests {
    @Suite struct HostWatching {
        private let client: EtcdClient
        private let prefix = Cluster.prefix()

        init() throws { client = try Cluster.current.client() }

        /// What came of policies, as a host said it in etcd; read when it has said something new.
        private func reports(of host: String) async throws -> AsyncStream<HostReport> {
            let (stream, continuation) = AsyncStream.makeStream(of: HostReport.self)
            let member = try #require(try Cluster.current.members["b"])
            let (client, key) = (client, prefix + "hosts/" + host)
            let (began, beginning) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                _ = await client.watch(key, from: 0, at: member, began: { beginning.yield() }) { event in
                    switch event {
                    case .put(let pair):
                        if let report = try? HostReport(parsing: pair.value, host: host) { continuation.yield(report) }
                    case .deleted: continuation.finish()
                    }
                }
            }
            continuation.onTermination = { _ in task.cancel() }
            for await _ in began { break }
            return stream
        }

        @Test("a host says what it applied, what it refused and what doctor finds, and goes when it is stopped")
        func host() async throws {
            var reports = try await reports(of: "web1").makeAsyncIterator()
            let clock = Mutex<Int64>(1_795_348_800)
            let deeds = HostWatch.Deeds(
                apply: { text in
                    let text = String(decoding: text, as: UTF8.self)
                    return UInt64(text).map { .applied(serial: $0) } ?? .refused("not a number: \(text)")
                },
                doctor: { HostReport.Doctor(failures: 0, warnings: 1, first: "the clock") },
                now: {
                    clock.withLock { time in
                        time += 1
                        return UnixTime(seconds: time)
                    }
                }, report: { _ in })
            let watch = HostWatch(client: client, prefix: prefix)
            let start = HostReport(host: "web1", space: "build-box", since: UnixTime(seconds: 0))
            let task = Task { await watch.run(as: start, deeds) }

            let first = try #require(await reports.next())
            #expect(first.serial == nil)
            #expect(first.doctor == HostReport.Doctor(failures: 0, warnings: 1, first: "the clock"))
            let publication = PolicyPublication(client: client, prefix: prefix)
            _ = try await publication.publish(Array("7".utf8), serial: 7, until: seconds(10))
            let applied = try #require(await reports.next())
            #expect(applied.serial == 7 && applied.problem == nil && applied.applied != nil)
            _ = try await publication.publish(Array("eight".utf8), serial: 8, until: seconds(10))
            let refused = try #require(await reports.next())
            #expect(refused.serial == 7 && refused.problem == "not a number: eight")
            #expect(refused.applied == applied.applied)
            let status = try await FleetStatus(client: client, prefix: prefix, until: seconds(10))
            #expect(status.hosts.map { $0.standing(to: status.published) } == [.behind(by: 1)])
            _ = try await publication.publish(Array("9".utf8), serial: 9, until: seconds(10))
            let mended = try #require(await reports.next())
            #expect(mended.serial == 9 && mended.problem == nil)

            task.cancel()
            await task.value
            #expect(await reports.next() == nil)
        }

        @Test("a heartbeat that was taken away is there again with the next beat")
        func takenAway() async throws {
            var reports = try await reports(of: "web1").makeAsyncIterator()
            var pace = HostWatch.Pace()
            pace.beat = Seconds(1)
            let watch = HostWatch(client: client, prefix: prefix, pace: pace)
            let start = HostReport(host: "web1", space: "build-box", since: UnixTime(seconds: 0))
            let deeds = HostWatch.Deeds(
                apply: { _ in .applied(serial: 1) }, now: { UnixTime(seconds: 1) }, report: { _ in })
            let task = Task { await watch.run(as: start, deeds) }
            #expect(await reports.next() == start)
            // Every lease that there is: only this test has one.
            try Cluster.current.etcdctl("etcdctl lease list | tail -n +2 | xargs -n 1 etcdctl lease revoke")
            #expect(await reports.next() == nil)
            var again = try await self.reports(of: "web1").makeAsyncIterator()
            let pairs = try await client.range(RangeRequest(key: prefix + "hosts/web1"), until: seconds(10)).pairs
            if pairs.isEmpty { #expect(await again.next() == start) }
            task.cancel()
            await task.value
        }
    }
}
