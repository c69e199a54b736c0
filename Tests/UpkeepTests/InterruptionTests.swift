import Encodings
import Foundation
import IdentityToken
import Policy
import Testing

@testable import Upkeep

/// Real processes that die, or are many.
@Suite("pair host refresh, interrupted", .server, .serialized) struct InterruptionTests {
    /// Which version of the keys stands in the cache, whole.
    private func version(_ host: TestHost) throws -> Int {
        let bytes = try host.read(host.keySet)
        let set = try KeySet(parsing: bytes, issuer: host.issuer)
        #expect(set.algorithmsOfKeys.count == 40)
        let keys = try #require(try JSON(parsing: bytes).object?["keys"]?.elements)
        let versions = keys.map { $0.object?["kid"]?.text?.string.split(separator: "-").first.flatMap { Int($0) } }
        #expect(Set(versions).count == 1)
        return try #require(versions.first ?? nil)
    }

    /// Whether the host goes on as if nothing had been.
    private func recovers(_ host: TestHost) async throws {
        let run = try await host.run()
        #expect(run.status == 0, "\(run)")
        #expect(try host.names == [".refresh", ".refresh/idp.json", ".refresh/idp.lock", "idp.json"])
    }

    @Test("twenty that are killed at any moment leave the old set or the new one, whole")
    func killed() async throws {
        let host = try TestHost()
        #expect(try await host.run().status == 0)
        var seen = try version(host)
        // Grows and shrinks so that about every other one is killed before its end, however busy the machine is.
        var latest = Duration.milliseconds(50)
        var killed = 0
        for attempt in 2...21 {
            try await host.serve(["version": "\(attempt)"])
            let program = try host.start()
            try await ContinuousClock().sleep(for: latest * Double.random(in: 0...1))
            program.kill()
            if try await program.run.status == 137 {
                killed += 1
                latest = latest * 1.2
            } else {
                latest = latest / 1.2
            }
            let found = try version(host)
            #expect(found == seen || found == attempt)
            seen = found
        }
        print("of 20 refreshes \(killed) were killed before their end")
        #expect(killed >= 3)
        try await recovers(host)
    }

    @Test("one that is killed at any step of a replacement leaves the old set or the new one, whole", .underStrace)
    func killedAtEachStep() async throws {
        let host = try TestHost()
        #expect(try await host.run().status == 0)
        var version = 1
        for call in ["flock", "fchmod", "write", "fsync", "renameat"] {
            var steps = 0
            var isKilled = true
            while isKilled, steps < 30 {
                steps += 1
                try await host.serve(["version": "\(version + 1)"])
                let run = try await host.start(under: [
                    "strace", "-f", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
                    "inject=\(call):signal=KILL:when=\(steps)",
                ]).run
                let found = try self.version(host)
                #expect(found == version || found == version + 1)
                version = found
                isKilled = run.status == 137
                #expect(isKilled || run.status == 0, "\(run)")
            }
            print("killed at each of \(steps - 1) calls of \(call)")
            #expect(!isKilled && steps > 1, "\(call)")
        }
        try await recovers(host)
    }

    @Test("one that is killed while the provider answers has asked, and that is known")
    func killedWhileAsking() async throws {
        let host = try TestHost()
        try await host.serve(["document": "silent"])
        let program = try host.start()
        while try await host.requests().isEmpty {}
        program.kill()
        #expect(try await program.run.status == 137)
        let configuration = try host.configuration
        let provider = try #require(configuration.providers.first)
        let state = RefreshState(of: provider, under: configuration, ownedBy: TestHost.ownership)
        #expect(state?.asked != nil && state?.begun == 1 && state?.ended == 0)
        // So one that a login asks for waits for its minute.
        let decision = RefreshSchedule(maximumAge: provider.maximumKeySetAge).decision(
            on: RefreshTerms(isOnlyIfWanted: true), state: try #require(state), fetchedAt: nil,
            poke: Poke(microseconds: 1), seen: 0, at: try #require(state?.asked))
        #expect(decision == .wait(Seconds(60)))
        try await host.serve(["document": "good"])
        try await recovers(host)
    }

    @Test("a hundred at once end well, and ask a few times; where they ask only if it is due, once")
    func hundred() async throws {
        let host = try TestHost()
        for (arguments, most) in [(["--if-due", "--quiet"], 1), (["--quiet", "idp"], 20)] {
            let before = try await host.askedCount()
            let programs = try (0..<100).map { _ in try host.start(arguments[0], arguments[1]) }
            for program in programs {
                let run = try await program.run
                #expect(run.description == "status 0\n\n")
            }
            let asked = try await host.askedCount() - before
            print("a hundred refreshes at once, \(arguments[0]): asked \(asked) times")
            #expect((1...most).contains(asked))
        }
        #expect(try version(host) == 1)
        try await recovers(host)
    }
}

extension Trait where Self == ConditionTrait {
    /// Leaves a test out where processes cannot be traced; not under CI, where it must be possible.
    static var underStrace: Self {
        let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")
        if !isThere { print("a test of each step is skipped: it needs strace") }
        return .enabled(if: isThere || ProcessInfo.processInfo.environment["CI"] == "true", "needs strace")
    }
}
