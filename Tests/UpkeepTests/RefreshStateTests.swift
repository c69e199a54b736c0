import Encodings
import Testing

@testable import Upkeep

/// What is kept from one refresh to the next.
@Suite("RefreshState") struct RefreshStateTests {
    static let issuer: Text = "https://idp.example"
    static let served = RefreshState.ServedSet(entityTag: "W/\"1\"", jwksURI: "https://idp.example/keys", digest: "00")
    static let fresh = RefreshState(issuer: issuer)
    static let begun = fresh.beginning(at: UnixTime(seconds: 5), poke: Poke(microseconds: 7))
    static let succeeded = begun.succeeding(next: UnixTime(seconds: 9), served: served)
    static let failure = RefreshFailure(description: "status 500 \u{1B}[2J", advice: "Wait.")
    static let failed = succeeded.beginning(at: UnixTime(seconds: 6), poke: nil).failing(
        next: UnixTime(seconds: 10), failure: failure)

    @Test("each state comes back from its file", arguments: [fresh, begun, succeeded, failed])
    func comesBack(state: RefreshState) {
        #expect(RefreshState(file: state.file, issuer: Self.issuer) == state)
    }

    @Test("a state is one line")
    func isOneLine() {
        #expect(Self.failed.file.filter { $0 == 0x0A }.count == 1)
        #expect(Self.failed.file.last == 0x0A)
        #expect(!Self.failed.file.contains(0x1B))
    }

    @Test("a failure keeps what is known of the set in the cache, and is counted until there is a success")
    func counts() {
        #expect(Self.failed.served == Self.served)
        #expect(Self.failed.failures == 1)
        #expect(Self.failed.failing(next: UnixTime(seconds: 9), failure: Self.failure).failures == 2)
        let again = Self.failed.succeeding(next: UnixTime(seconds: 9), served: nil)
        #expect(again.failures == 0 && again.failure == nil && again.served == nil)
        #expect((Self.failed.begun, Self.failed.ended) == (2, 2))
        #expect((Self.begun.begun, Self.begun.ended) == (1, 0))
    }

    @Test("a state of another issuer says nothing")
    func isOfAnIssuer() {
        #expect(RefreshState(file: Self.failed.file, issuer: "https://idp.example/") == nil)
    }

    static let rejected = [
        "", "[]", "{}", #"{"version":2,"issuer":"https://idp.example","begun":1,"ended":1,"failures":0}"#,
        #"{"version":1,"begun":1,"ended":1,"failures":0}"#,
        #"{"version":1,"issuer":"https://idp.example","ended":1,"failures":0}"#,
        #"{"version":1,"issuer":"https://idp.example","begun":1,"ended":2,"failures":0}"#,
        #"{"version":1,"issuer":"https://idp.example","begun":1,"ended":-1,"failures":0}"#,
        #"{"version":1,"issuer":"https://idp.example","begun":1,"ended":1,"failures":-1}"#,
        #"{"version":1,"issuer":"https://idp.example","begun":9223372036854775807,"ended":1,"failures":0}"#,
        #"{"version":1,"issuer":"https://idp.example","begun":1.5,"ended":1,"failures":0}"#,
    ]

    @Test("what is no state of ours is none", arguments: rejected)
    func rejects(text: String) {
        #expect(RefreshState(file: Array(text.utf8), issuer: Self.issuer) == nil)
    }

    @Test("no state that is cut short, or has a byte changed, does harm")
    func survivesDamage() {
        let file = Self.failed.file
        for count in 0..<(file.count - 1) {
            #expect(RefreshState(file: Array(file.prefix(count)), issuer: Self.issuer) == nil)
        }
        for index in file.indices {
            for bit in 0..<8 {
                var damaged = file
                damaged[index] ^= 1 << bit
                guard let state = RefreshState(file: damaged, issuer: Self.issuer) else { continue }
                // The next refresh can always go on from it.
                let next = state.beginning(at: UnixTime(seconds: 1), poke: nil)
                #expect(next.begun > next.ended)
                #expect(next.failing(next: UnixTime(seconds: 2), failure: Self.failure).failures > 0)
            }
        }
    }
}
