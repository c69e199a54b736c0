import Encodings
import Foundation
import Policy
import Synchronization
import Testing

@testable import Upkeep

extension KeySetRefreshTests {
    @Suite("a refresh that logins ask for") struct Wanted {
        static let wanted = RefreshTerms(isOnlyIfWanted: true)

        @Test("each request is answered once, by the provider itself")
        func once() async throws {
            let host = try TestHost()
            #expect(try await host.refresh(Self.wanted).action == .left)
            host.poke.withLock { $0 = Poke(microseconds: 1) }
            #expect(try await host.refresh(Self.wanted).action == .asked)
            #expect(try await host.lastHeaders()["cache-control"] == "no-cache")
            host.pass(100)
            let left = try await host.refresh(Self.wanted)
            #expect(left.action == .left && left.verdict == .fresh)
            #expect(try await host.askedCount() == 1)
            #expect(host.pauses.withLock { $0 } == [])
        }

        @Test("what is asked by hand or by the clock answers the login too")
        func byHand() async throws {
            let host = try TestHost()
            host.poke.withLock { $0 = Poke(microseconds: 1) }
            try await host.refresh()
            host.pass(100)
            #expect(try await host.refresh(Self.wanted).action == .left)
        }

        @Test("the second within a minute waits for the rest of it")
        func waits() async throws {
            let host = try TestHost()
            try await host.refresh()
            host.pass(20)
            host.poke.withLock { $0 = Poke(microseconds: 1) }
            #expect(try await host.refresh(Self.wanted).action == .asked)
            #expect(host.pauses.withLock { $0 } == [Seconds(40)])
            #expect(try await host.askedCount() == 2)
        }

        @Test("who waits does not keep others from asking, and takes what they found")
        func waitsWithoutLock() async throws {
            let host = try TestHost()
            try await host.refresh()
            host.poke.withLock { $0 = Poke(microseconds: 1) }
            let configuration = try host.configuration
            let surroundings = KeySetRefresh.Surroundings(
                now: { host.clock.withLock { $0 } }, poke: { host.poke.withLock { $0 } }, chance: { 0 },
                pause: { _ in _ = try? await host.refresh() })
            let refresh = await KeySetRefresh(
                of: configuration, ownedBy: TestHost.ownership, by: host.server.client(), in: surroundings
            ).refresh(configuration.providers, on: Self.wanted)
            #expect(refresh.map(\.action) == [.left])
            #expect(refresh.map(\.verdict) == [.fresh])
            #expect(try await host.askedCount() == 2)
        }

        @Test("one that comes while the provider answers has it asked once more, a minute later")
        func meanwhile() async throws {
            let host = try TestHost()
            host.poke.withLock { $0 = Poke(microseconds: 1) }
            let configuration = try host.configuration
            let surroundings = KeySetRefresh.Surroundings(
                now: {
                    // The clock is read last when the set is there.
                    if (try? host.read(host.keySet)) != nil { host.poke.withLock { $0 = Poke(microseconds: 2) } }
                    return host.clock.withLock { $0 }
                }, poke: { host.poke.withLock { $0 } }, chance: { 0 }, pause: host.surroundings.pause)
            let refresh = await KeySetRefresh(
                of: configuration, ownedBy: TestHost.ownership, by: host.server.client(), in: surroundings
            ).refresh(configuration.providers, on: Self.wanted)
            #expect(refresh.map(\.action) == [.asked])
            #expect(host.pauses.withLock { $0 } == [Seconds(60)])
            #expect(try await host.askedCount() == 2)
            host.pass(100)
            #expect(try await host.refresh(Self.wanted).action == .left)
        }

        @Test("whoever floods the file has nobody asked more often than once a minute")
        func flood() async throws {
            let host = try TestHost()
            let pokes = Counter(0)
            let configuration = try host.configuration
            let surroundings = KeySetRefresh.Surroundings(
                now: { host.clock.withLock { $0 } }, poke: { Poke(microseconds: Int64(pokes.next())) }, chance: { 0 },
                pause: host.surroundings.pause)
            let refresh = KeySetRefresh(
                of: configuration, ownedBy: TestHost.ownership, by: host.server.client(), in: surroundings)
            for _ in 0..<5 { _ = await refresh.refresh(configuration.providers, on: Self.wanted) }
            let asked = try await host.askedCount()
            let passed = host.clock.withLock { $0 }.since(TestHost.start).count
            #expect(asked == 10)
            #expect(passed == Int64(asked - 1) * 60)
        }

        @Test("a provider in trouble is asked again for a login before its time, and no more often")
        func inTrouble() async throws {
            let host = try TestHost()
            try await host.serve(["document": "status_500"])
            for _ in 0..<6 { try await host.refresh() }
            host.poke.withLock { $0 = Poke(microseconds: 1) }
            let failed = try await host.refresh(Self.wanted)
            #expect(failed.action == .failed && failed.failures == 7)
            #expect(host.pauses.withLock { $0 } == [Seconds(60)])
        }
    }

    @Suite("refreshes at once") struct AtOnce {
        @Test("of twenty, some share what the first ones asked for")
        func shares() async throws {
            let host = try TestHost()
            let refreshed = try await withThrowingTaskGroup(of: ProviderRefresh.self) { group in
                for _ in 0..<20 { group.addTask { try await host.refresh() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let asked = try await host.askedCount()
            #expect(refreshed.filter { $0.action == .asked }.count == asked)
            #expect(refreshed.filter { $0.action == .shared }.count == 20 - asked)
            #expect(refreshed.allSatisfy { $0.verdict == .fresh && $0.keyCount == 40 })
            #expect((1..<10).contains(asked))
        }

        @Test("of twenty that ask only where it is due, one asks")
        func due() async throws {
            let host = try TestHost()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await host.refresh(RefreshTerms(isOnlyIfDue: true)) } }
                try await group.waitForAll()
            }
            #expect(try await host.askedCount() == 1)
        }

        @Test("who shares a failure says so")
        func failure() async throws {
            let host = try TestHost()
            try await host.serve(["keys": "html"])
            let refreshed = try await withThrowingTaskGroup(of: ProviderRefresh.self) { group in
                for _ in 0..<5 { group.addTask { try await host.refresh() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(refreshed.allSatisfy { $0.verdict == .none && $0.failure != nil })
        }
    }
}
