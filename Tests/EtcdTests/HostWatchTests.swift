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
        ///
        /// `nil` where it was taken away.
        private func reports(of host: String) async throws -> AsyncStream<HostReport?> {
            let (stream, continuation) = AsyncStream.makeStream(of: HostReport?.self)
            let member = try #require(try Cluster.current.members["b"])
            let (client, key) = (client, prefix + "hosts/" + host)
            let (began, beginning) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                _ = await client.watch(key, from: 0, at: member, began: { beginning.yield() }) { event in
                    switch event {
                    case .put(let pair):
                        if let report = try? HostReport(parsing: pair.value, host: host) { continuation.yield(report) }
                    case .deleted: continuation.yield(nil)
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
            let applied = Mutex(HostWatch.Applied())
            let host = HostWatch.Surroundings(
                apply: { text in
                    let text = String(decoding: text, as: UTF8.self)
                    guard let serial = UInt64(text) else { return .refused("not a number: \(text)") }
                    applied.withLock { $0 = HostWatch.Applied(serial: serial, time: UnixTime(seconds: Int64(serial))) }
                    return .applied(serial: serial)
                },
                applied: { applied.withLock { $0 } },
                doctor: { HostReport.Doctor(failures: 0, warnings: 1, first: "the clock") },
                now: {
                    clock.withLock { time in
                        time += 1
                        return UnixTime(seconds: time)
                    }
                }, report: { _ in })
            var pace = HostWatch.Pace()
            pace.beat = Seconds(1)
            let watch = HostWatch(client: client, prefix: prefix, pace: pace)
            let task = Task { await watch.run(as: "web1", of: "build-box", host) }

            let first = try #require(await reports.next() ?? nil)
            #expect(first.serial == nil)
            #expect(first.doctor == HostReport.Doctor(failures: 0, warnings: 1, first: "the clock"))
            let publication = PolicyPublication(client: client, prefix: prefix)
            _ = try await publication.publish(Array("7".utf8), serial: 7, until: seconds(10))
            let seven = try #require(await reports.next() ?? nil)
            #expect(seven.serial == 7 && seven.problem == nil && seven.applied == UnixTime(seconds: 7))
            _ = try await publication.publish(Array("eight".utf8), serial: 8, until: seconds(10))
            let refused = try #require(await reports.next() ?? nil)
            #expect(refused.serial == 7 && refused.problem == "not a number: eight")
            #expect(refused.applied == seven.applied)
            let status = try await FleetStatus(client: client, prefix: prefix, until: seconds(10))
            #expect(status.hosts.map { $0.standing(to: status.published) } == [.behind(by: 1)])
            _ = try await publication.publish(Array("9".utf8), serial: 9, until: seconds(10))
            let mended = try #require(await reports.next() ?? nil)
            #expect(mended.serial == 9 && mended.problem == nil)

            // What has become of it since, and what others have done.
            applied.withLock { $0.fault = "expired" }
            let expired = try #require(await reports.next() ?? nil)
            #expect(expired.serial == 9 && expired.fault == "expired")
            let invalid = try await FleetStatus(client: client, prefix: prefix, until: seconds(10))
            #expect(invalid.hosts.map { $0.standing(to: invalid.published) } == [.invalid("expired")])
            applied.withLock { $0 = HostWatch.Applied() }
            let deleted = try #require(await reports.next() ?? nil)
            #expect(deleted.serial == nil && deleted.applied == nil && deleted.fault == nil)
            _ = try await publication.publish(Array("ten".utf8), serial: 10, until: seconds(10))
            #expect(try #require(await reports.next() ?? nil).problem == "not a number: ten")
            applied.withLock { $0 = HostWatch.Applied(serial: 10, time: UnixTime(seconds: 10)) }
            let byAnother = try #require(await reports.next() ?? nil)
            #expect(byAnother.serial == 10 && byAnother.problem == nil)

            task.cancel()
            await task.value
            #expect(await reports.next() == .some(nil))
        }

        @Test("a heartbeat that was taken away is there again with the next beat")
        func takenAway() async throws {
            var reports = try await reports(of: "web1").makeAsyncIterator()
            var pace = HostWatch.Pace()
            pace.beat = Seconds(1)
            let watch = HostWatch(client: client, prefix: prefix, pace: pace)
            let start = HostReport(host: "web1", space: "build-box", since: UnixTime(seconds: 1))
            let host = HostWatch.Surroundings(
                apply: { _ in .applied(serial: 1) }, applied: { HostWatch.Applied() },
                now: { UnixTime(seconds: 1) }, report: { _ in })
            let task = Task { await watch.run(as: "web1", of: "build-box", host) }
            #expect(await reports.next() ?? nil == start)
            // Every lease that there is: only this test has one.
            try Cluster.current.etcdctl("etcdctl lease list | tail -n +2 | xargs -n 1 etcdctl lease revoke")
            #expect(await reports.next() == .some(nil))
            #expect(await reports.next() ?? nil == start)
            task.cancel()
            await task.value
        }
    }
}
