import Encodings
import Foundation
import HostFiles
import IdentityToken
import Policy
import Testing

@testable import Upkeep

/// What stands in the cache, judged.
@Suite("CachedKeySet", .server) struct CachedKeySetTests {
    private func condition(_ host: TestHost, after seconds: Int64 = 0) throws -> CachedKeySet.Condition {
        let configuration = try host.configuration
        let provider = try #require(configuration.providers.first)
        return CachedKeySet(
            of: provider, under: configuration, ownedBy: TestHost.ownership, at: TestHost.start + Seconds(seconds)
        ).condition
    }

    private func host(_ keys: String? = nil, issuer: Text? = nil, algorithms: String = "") async throws -> TestHost {
        let host = try TestHost()
        try await host.refresh()
        try host.configure(algorithms, issuer: issuer)
        guard let keys else { return host }
        let text = """
            {"fetched_at":\(TestHost.start.seconds),"issuer":"\(host.issuer.string)","jwks_uri":"x","keys":\(keys)}
            """
        try host.write(text, to: host.keySet)
        return host
    }

    @Test("a set counts from thirty seconds before it was fetched until it is too old")
    func counts() async throws {
        let host = try await host()
        let end = TestHost.start + Seconds(86_400)
        for seconds in [-30, 0, 86_400] as [Int64] {
            #expect(try condition(host, after: seconds) == .counts(until: end))
        }
        #expect(try condition(host, after: -31) == .outOfDate(.keySetInFuture(TestHost.start)))
        #expect(try condition(host, after: 86_401) == .outOfDate(.keySetStale(Seconds(86_401))))
    }

    @Test("a set that pair-authkeys would not take does not count")
    func malformed() async throws {
        #expect(try condition(await host("[]")) == .malformed(.keySet(.noKeys)))
        let other = try await host(issuer: "https://idp.example")
        guard case .malformed(.keySet(.issuer)) = try condition(other) else {
            Issue.record("a set of another issuer")
            return
        }
        let large = try await host()
        try large.write(String(repeating: " ", count: KeySet.maximumCount + 1), to: large.keySet)
        #expect(try condition(large) == .malformed(.keySet(.tooLarge)))
    }

    @Test("a set counts only with a key for an algorithm of the provider's")
    func useless() async throws {
        #expect(try condition(await host(#"[{"kty":"RSA","use":"enc"},{"kty":"NEW"}]"#)) == .useless)
        #expect(try condition(await host(algorithms: #"algorithms = ["RS256"]"#)) == .useless)
        let end = TestHost.start + Seconds(86_400)
        #expect(try condition(await host(algorithms: #"algorithms = ["RS256", "ES256"]"#)) == .counts(until: end))
    }

    @Test("a set that is not there, or not root's alone, does not count")
    func files() async throws {
        let host = try await host()
        try FileManager.default.setAttributes([.posixPermissions: 0o664], ofItemAtPath: host.keySet)
        #expect(try condition(host) == .unreadable(.writableByOthers(host.keySet, mode: 0o664)))
        try FileManager.default.removeItem(atPath: host.keySet)
        #expect(try condition(host) == .missing)
    }

    @Test("the state that the last refresh left can be read beside it, and is none without one")
    func state() async throws {
        let host = try await host()
        let configuration = try host.configuration
        let provider = try #require(configuration.providers.first)
        let state = RefreshState(of: provider, under: configuration, ownedBy: TestHost.ownership)
        #expect(state?.asked == TestHost.start)
        try FileManager.default.removeItem(atPath: "\(host.folder)/keysets")
        #expect(RefreshState(of: provider, under: configuration, ownedBy: TestHost.ownership) == nil)
    }
}
