import Encodings
import Foundation
import Glibc
import IdentityToken
import Policy
import Synchronization
import Testing

@testable import Upkeep

extension KeySetRefreshTests {
    @Suite("a refresh that fails") struct Failing {
        struct Trouble: Sendable, CustomTestStringConvertible {
            let settings: [String: String]
            /// What is said, behind the address that was asked.
            let said: String
            var timeout: Int64 = 20

            var testDescription: String { "\(settings)" }
        }

        static let troubles = [
            Trouble(
                settings: ["document": "truncated"], said: "the connection was closed before the answer was whole: "),
            Trouble(settings: ["document": "torn"], said: "a discovery document expected, no JSON (byte "),
            Trouble(settings: ["document": "html"], said: "a discovery document expected, a web page found"),
            Trouble(settings: ["document": "empty"], said: "a discovery document expected, nothing found"),
            Trouble(settings: ["document": "huge"], said: "the answer is larger than 1048576 bytes"),
            Trouble(
                settings: ["document": "elsewhere"], said: "a redirect to \"https://elsewhere.example/keys\" was not"),
            Trouble(settings: ["document": "other_issuer"], said: "issuer \""),
            Trouble(
                settings: ["document": "status_500"],
                said: "a discovery document expected, status 500 found: \"database\""),
            Trouble(settings: ["document": "missing"], said: "a discovery document expected, status 404 found"),
            Trouble(settings: ["document": "silent"], said: "no whole answer within 1 s", timeout: 1),
            Trouble(settings: ["keys": "truncated"], said: "the connection was closed before the answer was whole: "),
            Trouble(settings: ["keys": "torn"], said: "a key set expected, no JSON (byte "),
            Trouble(settings: ["keys": "html"], said: "a key set expected, a web page found"),
            Trouble(settings: ["keys": "empty"], said: "a key set expected, nothing found"),
            Trouble(settings: ["keys": "huge"], said: "the answer is larger than 1048576 bytes"),
            Trouble(settings: ["keys": "large"], said: "key set: more than 262144 bytes"),
            Trouble(settings: ["keys": "elsewhere"], said: "a redirect to \"https://elsewhere.example/keys\" was not"),
            Trouble(settings: ["keys": "status_500"], said: "a key set expected, status 500 found: \"database\""),
            Trouble(settings: ["keys": "silent"], said: "no whole answer within 1 s", timeout: 1),
            Trouble(settings: ["keys": "trickle"], said: "no whole answer within 1 s", timeout: 1),
            Trouble(settings: ["keys": "secret"], said: "key set: key 40: a secret or private key"),
            Trouble(settings: ["keys": "no_keys"], said: "key set: no keys in it"),
            Trouble(
                settings: ["keys": "for_encryption"],
                said: "a key for RS256, PS256, ES256, EdDSA expected, only others found"),
        ]

        @Test("keeps the old set, says why and what to do, and the next good answer mends it", arguments: troubles)
        func keeps(trouble: Trouble) async throws {
            let host = try TestHost()
            try await host.refresh()
            let before = try host.read(host.keySet)
            host.pass(600)
            try await host.serve(trouble.settings.merging(["version": "2"]) { $1 })
            let failed = try await host.refresh(timeout: trouble.timeout)
            #expect(failed.action == .failed && failed.verdict == .old && failed.failures == 1)
            let description = try #require(failed.failure?.description)
            let end = try #require(description.range(of: ": "))
            let address = description[..<end.lowerBound]
            #expect(address.hasPrefix(host.issuer.string))
            #expect(description[end.upperBound...].hasPrefix(trouble.said), "\(description)")
            #expect(address.hasSuffix(trouble.settings["keys"] == nil ? "/openid-configuration" : "/keys"))
            #expect(failed.failure?.advice?.last == ".")
            #expect(failed.cached.condition == .counts(until: TestHost.start + Seconds(86_400)))
            #expect(failed.next == TestHost.start + Seconds(660))
            #expect(try host.read(host.keySet) == before)
            #expect(try host.names == [".refresh", ".refresh/idp.json", ".refresh/idp.lock", "idp.json"])

            try await host.serve(["document": "good", "keys": "good"])
            let good = try await host.refresh()
            #expect(good.verdict == .fresh && good.failures == 0 && good.failure == nil && good.change == .new)
        }

        @Test("without any set leaves none")
        func first() async throws {
            let host = try TestHost()
            try await host.serve(["keys": "html"])
            let failed = try await host.refresh()
            #expect(failed.verdict == .none && failed.cached.condition == .missing && failed.keyCount == nil)
            #expect(try host.names == [".refresh", ".refresh/idp.json", ".refresh/idp.lock"])
            // Nobody can log in: five minutes are the longest until the next time.
            for _ in 0..<4 { try await host.refresh() }
            #expect(try await host.refresh().next == TestHost.start + Seconds(300))
        }

        @Test("is tried again ever later, and said by runs that do not ask, until a success")
        func backOff() async throws {
            let host = try TestHost()
            let due = RefreshTerms(isOnlyIfDue: true)
            try await host.refresh()
            try await host.serve(["document": "status_500"])
            host.pass(3600)
            for (attempt, span) in [60, 120, 240, 480, 960, 1920, 3600, 3600].enumerated() {
                let failed = try await host.refresh(due)
                #expect(failed.action == .failed && failed.failures == Int64(attempt + 1))
                host.pass(Int64(span) - 1)
                let left = try await host.refresh(due)
                #expect(left.action == .left && left.verdict == .old && left.failure == failed.failure)
                host.pass(1)
            }
            #expect(try await host.requests().filter { $0.what == "document" }.count == 9)
            try await host.serve(["document": "good"])
            #expect(try await host.refresh(due).verdict == .fresh)
        }

        @Test("in the end leaves a set that is too old, and says that nobody is let in")
        func tooOld() async throws {
            let host = try TestHost()
            try await host.refresh()
            try await host.serve(["document": "status_500"])
            host.pass(86_400)
            #expect(try await host.refresh().verdict == .old)
            host.pass(1)
            let failed = try await host.refresh()
            #expect(failed.verdict == .none)
            #expect(failed.cached.condition == .outOfDate(.keySetStale(Seconds(86_401))))
            #expect(try host.read(host.keySet).isEmpty == false)
        }

        // MARK: - The set in the cache

        @Test("a set that was fetched later is not replaced by one that was asked for before")
        func newer() async throws {
            let host = try TestHost()
            try await host.refresh()
            // Another writer, at a time between our asking and our writing.
            let text = String(decoding: try host.read(host.keySet), as: UTF8.self)
            let later = text.replacingOccurrences(
                of: "\"fetched_at\":\(TestHost.start.seconds)", with: "\"fetched_at\":\(TestHost.start.seconds + 60)")
            try host.write(later, to: host.keySet)
            let calls = Counter(0)
            let surroundings = KeySetRefresh.Surroundings(
                now: { TestHost.start + Seconds(calls.next() <= 3 ? 30 : 90) }, poke: { nil }, chance: { 0 },
                pause: { _ in })
            let configuration = try host.configuration
            let refresh = await KeySetRefresh(
                of: configuration, ownedBy: TestHost.ownership, by: host.server.client(), in: surroundings
            ).refresh(configuration.providers, on: RefreshTerms())
            #expect(refresh.first?.verdict == .fresh)
            // It was asked before, and came to write after.
            #expect(refresh.first?.next == TestHost.start + Seconds(30 + 3600))
            #expect(try host.read(host.keySet) == Array(later.utf8))
        }

        @Test("a set that does not count once it is there, as the clock was set back meanwhile, is told")
        func notAccepted() async throws {
            let host = try TestHost()
            let calls = Counter(0)
            let surroundings = KeySetRefresh.Surroundings(
                now: { TestHost.start + Seconds(calls.next() <= 3 ? 1000 : 0) }, poke: { nil }, chance: { 0 },
                pause: { _ in })
            let configuration = try host.configuration
            let refresh = await KeySetRefresh(
                of: configuration, ownedBy: TestHost.ownership, by: host.server.client(), in: surroundings
            ).refresh(configuration.providers, on: RefreshTerms())
            #expect(refresh.first?.verdict == ProviderRefresh.Verdict.none)
            #expect(refresh.first?.failure?.description.hasPrefix("\(host.keySet): written, and yet ") == true)
            // The clock is right by then.
            #expect(try await host.refresh(RefreshTerms(isOnlyIfDue: true)).verdict == .fresh)
        }

        @Test("a set from the future, when the clock was wrong, is replaced")
        func future() async throws {
            let host = try TestHost()
            host.pass(100_000)
            try await host.refresh()
            host.pass(-100_000)
            let refresh = try await host.refresh(RefreshTerms(isOnlyIfDue: true))
            #expect(refresh.action == .asked && refresh.verdict == .fresh)
            #expect(refresh.cached.keySet?.fetchedAt == TestHost.start)
        }

        @Test("keys that are new are taken though the clock was set back a little, and the old set counts still")
        func setBack() async throws {
            let host = try TestHost()
            try await host.refresh()
            try await host.serve(["version": "2"])
            host.pass(-10)
            let refresh = try await host.refresh()
            #expect(refresh.change == .new)
            #expect(refresh.cached.keySet?.fetchedAt == TestHost.start - Seconds(10))
        }

        @Test("a set that others could write is replaced; a folder that they could is told, and nobody asked")
        func writable() async throws {
            let host = try TestHost()
            try await host.refresh()
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: host.keySet)
            #expect(try await host.refresh().verdict == .fresh)
            #expect(try host.mode(of: host.keySet) == 0o644)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: "\(host.folder)/keysets")
            let failed = try await host.refresh()
            #expect(failed.verdict == .none)
            #expect(failed.failure?.description == "\(host.folder)/keysets: writable by group or others (mode 777)")
            #expect(failed.failure?.advice == "To mend it: chmod go-w \(host.folder)/keysets.")
            #expect(try await host.askedCount() == 2)
        }

        @Test("a link in the place of a set is left alone, and nobody asked")
        func link() async throws {
            let host = try TestHost()
            try await host.refresh()
            try FileManager.default.removeItem(atPath: host.keySet)
            try FileManager.default.createSymbolicLink(atPath: host.keySet, withDestinationPath: "/etc/passwd")
            let failed = try await host.refresh()
            #expect(
                failed.failure?.description == "\(host.keySet): a regular file expected, a symbolic link found")
            #expect(try await host.askedCount() == 1)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: host.keySet) == "/etc/passwd")
        }

        // MARK: - The disk

        @Test("a full disk keeps the old set, and is told", .onOwnFileSystem)
        func full() async throws {
            let host = try TestHost(megabytes: 1)
            try await host.refresh()
            let before = try host.read(host.keySet)
            try await host.serve(["version": "2"])
            // Room for the state, and not for the set; then for nothing at all.
            for (left, asked) in [(4096, 2), (0, 2)] {
                try host.fill(leaving: left)
                let failed = try await host.refresh()
                #expect(failed.verdict == .old)
                #expect(failed.failure?.description.hasSuffix(": write: No space left on device") == true)
                #expect(failed.failure?.advice?.hasPrefix("Make room on the file system of \(host.folder)/") == true)
                #expect(try host.read(host.keySet) == before)
                #expect(try host.names.filter { $0.hasSuffix(".new") } == [])
                #expect(try await host.askedCount() == asked)
            }
            try FileManager.default.removeItem(atPath: "\(host.folder)/filling")
            #expect(try await host.refresh().change == .new)
        }

        @Test("a disk that cannot be written is told, and nobody asked", .onOwnFileSystem)
        func readOnly() async throws {
            let host = try TestHost(megabytes: 1)
            try await host.refresh()
            try #require(unsafe mount(nil, host.folder, nil, UInt(MS_RDONLY | MS_REMOUNT), nil) == 0)
            let failed = try await host.refresh()
            #expect(failed.verdict == .old)
            #expect(failed.failure?.description.hasSuffix(": open: Read-only file system") == true)
            #expect(failed.failure?.advice?.contains("ReadWritePaths= of pair-refresh.service") == true)
            #expect(try await host.askedCount() == 1)
        }
    }
}

extension TestHost {
    /// Fills the host's own file system but for `left` bytes.
    fileprivate func fill(leaving left: Int) throws {
        let path = "\(folder)/filling"
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(number >= 0)
        defer { close(number) }
        let page = [UInt8](repeating: 0, count: 4096)
        var count = 0
        while unsafe Glibc.write(number, page, page.count) == page.count { count += page.count }
        try #require(ftruncate(number, count - left) == 0)
    }
}

/// Counts calls.
final class Counter: Sendable {
    private let count: Mutex<Int>
    init(_ start: Int) { count = Mutex(start) }
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Leaves a test out where no file system can be mounted; not under CI, where it must be possible.
    static var onOwnFileSystem: Self {
        let isRoot = geteuid() == 0
        if !isRoot { print("tests of full and read-only disks are skipped: they need root") }
        return .enabled(
            if: isRoot || ProcessInfo.processInfo.environment["CI"] == "true", "needs root: a file system of its own")
    }
}
