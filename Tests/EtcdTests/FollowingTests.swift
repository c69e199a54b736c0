import Encodings
import HTTP
import Testing

@testable import Etcd

/// What a follower makes of a member that says what it is told to say.
@Suite("Following", .gateways, .serialized, .timeLimit(.minutes(2))) struct FollowingTests {
    private let member: HostileMember
    private let other: HostileMember

    init() throws {
        member = try HostileMember()
        other = try HostileMember()
        for one in [member, other] {
            try one.says(.range, .policy("one", revision: 1))
            try one.says(.watch, .watch(Answer.began))
        }
    }

    private static let deletion =
        #"{"result":{"events":[{"type":"DELETE","kv":{"key":"L3BhaXIvcG9saWN5","mod_revision":"99"}}]}}"#

    /// Follows, and applies what `judge` says yes to; the first two members in this order.
    private func follow(
        _ members: [HostileMember], pace: PolicyWatch.Pace = .relying, user: Bool = false,
        _ judge: @escaping @Sendable (String) async -> Bool = { _ in true }
    ) throws -> Follower {
        var settings = EtcdSettings(members: try members.map { try $0.address }, userAgent: "pair/test")
        if user { settings.credentials = EtcdCredentials(user: "host-web1", password: "correct horse battery") }
        return Follower(EtcdClient(settings, random: { 0 }), prefix: "/pair/", pace: pace, judge)
    }

    @Test("of what comes while one policy is applied the last one is applied, and no other")
    func slowApply() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let follower = try follow([member]) { _ in
            for await _ in gate { break }
            return true
        }
        await follower.applies("one")
        _ = await follower.watches()
        for serial in 2...6 { try member.push(Answer.event("policy \(serial)", Int64(serial))) }
        // When it has that, it has all before it.
        try member.push(Self.deletion)
        await follower.seen.wait { $0.news.contains(.missing) }
        opening.yield()
        await follower.applies("policy 6")
        try member.push(Answer.event("policy 7", 100))
        opening.yield()
        await follower.applies("policy 7")
        #expect(follower.seen.contents.applied == ["one", "policy 6", "policy 7"])
        opening.finish()
        await follower.stop()
    }

    @Test("a policy that was refused for a passing reason is tried again, and no more once it holds")
    func retried() async throws {
        let follower = try follow([member]) { $0 != "one" }
        await follower.seen.wait { $0.applied.count { $0 == "one" } >= 2 }
        try member.push(Answer.event("two", 2))
        await follower.applies("two")
        try member.push(Answer.event("three", 3))
        await follower.applies("three")
        #expect(follower.seen.contents.applied.suffix(2) == ["two", "three"])
        await follower.stop()
    }

    @Test("a member whose watch shows less than it answers is left, and that is said")
    func behind() async throws {
        let follower = try follow([member, other], pace: .brisk)
        _ = await follower.watches()
        try other.says(.range, .policy("two", revision: 2))
        try member.says(.range, .policy("two", revision: 2))
        let address = try member.address
        await follower.seen.wait { $0.news.contains(.behind(address)) }
        await follower.applies("two")
        #expect(await follower.watches(times: 2) == (try other.address))
        await follower.stop()
    }

    @Test("a member that shows what its watch has brought is not left, though there was nothing at first")
    func notBehind() async throws {
        try member.says(
            .range, .says(#"{"header":{"cluster_id":"1","revision":"1"}}"#), .policy("one", revision: 2))
        try member.says(.watch, .watch(Answer.began, Answer.event("one", 2)))
        let follower = try follow([member], pace: .brisk)
        await follower.applies("one")
        try member.waits(for: 4, of: .range)
        #expect(follower.seen.contents.news == [.missing, .watching(try member.address)])
        #expect(follower.seen.contents.applied == ["one"])
        await follower.stop()
    }

    @Test("the same revision of another cluster is another policy")
    func restored() async throws {
        let follower = try follow([member], pace: .brisk)
        _ = await follower.watches()
        try member.says(.range, .policy("restored", revision: 1, cluster: 2))
        await follower.applies("restored")
        await follower.stop()
    }

    @Test(
        "a watch that brings what is none is left for another member",
        arguments: [
            "<html>", "{}", Answer.event("bad", .max), Answer.event("bad", -1),
            #"{"result":{"events":[{"kv":{"key":"aw==","mod_revision":"5","value":"aw=="}}]}}"#,
            #"{"result":{"compact_revision":"-1"}}"#,
        ])
    func rubbish(_ line: String) async throws {
        let follower = try follow([member, other])
        #expect(await follower.watches() == (try member.address))
        try member.push(line)
        #expect(await follower.watches(times: 2) == (try other.address))
        #expect(follower.seen.contents.ends == [.broken(.malformed(.watch, by: try member.address))])
        #expect(follower.seen.contents.applied == ["one"])
        await follower.stop()
    }

    @Test("a watch that a member closes is tried elsewhere")
    func closed() async throws {
        try member.says(.watch, .says(Answer.began + "\n"))
        let follower = try follow([member, other])
        #expect(await follower.watches(times: 2) == (try other.address))
        #expect(follower.seen.contents.ends == [.closed])
        await follower.stop()
    }

    @Test("a watch whose token is not taken is begun again with another one", arguments: [true, false])
    func tokenInWatch(_ says: Bool) async throws {
        try member.says(.authenticate, .token("one.1"), .token("two.2"))
        try member.says(.watch, says ? .refusesToken : .closes, .watch(Answer.began))
        let follower = try follow([member], user: true)
        _ = await follower.watches()
        #expect(try member.requests(of: .watch).map(\.token) == ["one.1", "two.2"])
        await follower.stop()
    }

    @Test("what a member repeats of the password or the token is not shown")
    func secrets() async throws {
        try member.says(.authenticate, .token("secret.token.12"))
        let words = "no: correct horse battery, secret.token.12"
        try member.says(.range, .says(#"{"code":9,"message":"\#(words)"}"#, status: 400))
        try other.says(.authenticate, .says(#"{"code":14,"message":"\#(words)"}"#, status: 503))
        try other.says(.range, .says(#"{"code":14,"message":"\#(words)"}"#, status: 503))
        for one in [member, other] {
            let client = try client(of: one, user: true)
            do throws(EtcdError) {
                _ = try await client.range(RangeRequest(key: "/pair/policy"), until: .now)
                Issue.record("it answered")
            } catch {
                let text = "\(error) \(error.advice ?? "") \(String(reflecting: error))"
                #expect(!text.contains("horse") && text.contains("(hidden)"), "\(text)")
                #expect(one.port == other.port || !text.contains("token.12"), "\(text)")
            }
        }
    }
}
