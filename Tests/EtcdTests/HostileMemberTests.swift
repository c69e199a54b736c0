import Encodings
import HTTP
import Testing

@testable import Etcd

/// Members that answer what no member of etcd answers, or what only a sick one does.
@Suite("A hostile member", .gateways, .serialized, .timeLimit(.minutes(2))) struct HostileMemberTests {
    private let hostile: HostileMember
    private let good: HostileMember

    init() throws {
        hostile = try HostileMember()
        good = try HostileMember()
        try good.says(.range, .policy("good", revision: 7))
        try good.says(.authenticate, .token("good.1"))
        try good.says(.watch, .watch(Answer.began))
    }

    private func read(_ client: EtcdClient) async throws -> String? {
        let pairs = try await client.range(RangeRequest(key: "/pair/policy"), until: seconds(20)).pairs
        return pairs.first.map { String(decoding: $0.value, as: UTF8.self) }
    }

    // MARK: - What it answers

    static let rubbish: [(String, Answer)] = [
        ("nothing", .says("")), ("no JSON", .says("<html>")), ("no object", .says("[]")), ("no header", .says("{}")),
        ("no revision", .says(#"{"header":{}}"#)),
        ("the last revision", .policy("bad", revision: .max)),
        ("a revision below nothing", .policy("bad", revision: -1)),
        ("a revision of none", .policy("bad", revision: 0)),
        (
            "another key",
            .says(#"{"header":{"revision":"9"},"kvs":[{"key":"aw==","mod_revision":"9","value":"aw=="}]}"#)
        ),
        (
            "two of one key",
            .says(#"{"header":{"revision":"9"},"kvs":[\#(Answer.pair("a", 8)),\#(Answer.pair("b", 9))]}"#)
        ),
        ("more than one key", .says(#"{"header":{"revision":"9"},"kvs":[\#(Answer.pair("a", 8))],"more":true}"#)),
        (
            "many values of no use",
            .says(#"{"header":{"revision":"9"},"x":[\#(String(repeating: "0,", count: 60_000))0]}"#)
        ),
        (
            "the cluster's users not read yet",
            .says(#"{"code":3,"message":"etcdserver: user name is empty"}"#, status: 400)
        ),
        ("a refusal", .says(#"{"code":7,"message":"etcdserver: permission denied"}"#, status: 403)),
        ("an unknown refusal", .says(#"{"code":9,"message":"no"}"#, status: 400)),
        ("a closed connection", .closes),
    ]

    @Test("where a member answers rubbish, or refuses what others do not, the next one is asked", arguments: rubbish)
    func passedOver(_ name: String, _ answer: Answer) async throws {
        try hostile.says(.range, answer)
        #expect(try await read(try client(of: hostile, good)) == "good", "\(name)")
    }

    @Test("who answers rubbish is not asked first again")
    func preferred() async throws {
        try hostile.says(.range, .says("{}"))
        let client = try client(of: hostile, good)
        for _ in 1...3 { #expect(try await read(client) == "good") }
        #expect(try hostile.requests(of: .range).count == 1)
    }

    @Test("what all members refuse is refused, at once and as what it is")
    func refusedByAll() async throws {
        let refusal = Answer.says(#"{"code":7,"message":"etcdserver: permission denied"}"#, status: 403)
        try hostile.says(.range, .says("{}"))
        try good.says(.range, refusal)
        let client = try client(of: hostile, good)
        await #expect(throws: EtcdError.refused(.permission, by: try good.address)) { try await read(client) }
        #expect(try good.requests(of: .range).count == 1)
        try good.says(.range, .says("{}"))
        await #expect(throws: EtcdError.malformed(.range, by: try hostile.address)) { try await read(client) }
    }

    @Test("what most members refuse is refused at once, though another one is down or sick", arguments: [true, false])
    func refusedByMost(_ isDown: Bool) async throws {
        let third = try HostileMember()
        let refusal = Answer.says(#"{"code":7,"message":"etcdserver: permission denied"}"#, status: 403)
        try hostile.says(.range, isDown ? .closes : .says("{}"))
        for one in [good, third] { try one.says(.range, refusal) }
        let client = try client(of: hostile, good, third)
        await #expect(throws: EtcdError.refused(.permission, by: try good.address)) { try await read(client) }
        #expect(try third.requests(of: .range).count == 1)
    }

    @Test("an error within a stream is read as one, with any status")
    func streamError() async throws {
        let error = #"{"error":{"grpc_code":16,"http_code":401,"message":"etcdserver: invalid auth token"}}"#
        try hostile.says(.watch, .says(error, status: 401), .watch(Answer.began, Answer.event("new", 8)))
        try hostile.says(.authenticate, .token("one.1"), .token("two.2"))
        let client = try client(of: hostile, user: true)
        let member = try hostile.address
        let end = await client.watch("/pair/policy", from: 8, at: member) { _ in Issue.record("an event") }
        #expect(end == .broken(.unavailable([EtcdMemberFailure(member, .notNow("etcdserver: invalid auth token"))])))
        let task = Task { await client.watch("/pair/policy", from: 8, at: member) { _ in } }
        try hostile.waits(for: 2, of: .watch)
        #expect(try hostile.requests(of: .watch).map(\.token) == ["one.1", "two.2"])
        task.cancel()
        #expect(await task.value == .left)
    }

    // MARK: - How long it takes

    @Test("an answer that goes on is waited for, though it takes longer than a member has to begin it")
    func slow() async throws {
        let text = String(repeating: "x", count: 15_000)
        let body =
            #"{"header":{"revision":"9"},"kvs":[\#(Answer.pair(text, 9))]}"#
        try hostile.says(.range, .drips(body, 100))
        #expect(try await read(try client(of: hostile, timeout: 1)) == text)
    }

    @Test("no member is waited for longer than there is time")
    func bounded() async throws {
        try hostile.says(.leaseRevoke, .holds)
        let client = try client(of: hostile, timeout: 3600)
        do throws(EtcdError) {
            try await client.revoke(lease: 1, until: seconds(1))
            Issue.record("it answered")
        } catch {
            guard case .unavailable(let failures) = error, case .noAnswer(let reason) = failures.first?.reason else {
                Issue.record("\(error)")
                return
            }
            #expect(failures.count == 1 && reason.failure == .timedOut(.answering, after: Seconds(1)))
        }
    }

    @Test("a page that is more than is taken at once is asked for by halves")
    func largePage() async throws {
        let pair = #"{"key":"\#(Base64.standard.encode("/pair/hosts/a".utf8))","mod_revision":"3","value":""}"#
        let page = #"{"header":{"revision":"9"},"kvs":[\#(pair)]}"#
        try hostile.says(
            .range, .says(page + String(repeating: " ", count: EtcdSettings.maximumValue * 2)), .says(page))
        let client = try client(of: hostile)
        #expect(try await client.all(prefix: "/pair/hosts/", until: seconds(20)).map(\.revision) == [3])
        let limits = try hostile.requests(of: .range).map { $0.body.contains(#""limit":"500""#) ? 500 : 250 }
        #expect(limits == [500, 250])
        #expect(try hostile.requests(of: .range).last?.body.contains(#""limit":"250""#) == true)
    }

    @Test("what hosts would not take is not published")
    func largePolicy() async throws {
        let publication = PolicyPublication(client: try client(of: hostile), prefix: "/pair/")
        let count = EtcdSettings.maximumValue + 1
        await #expect(throws: PolicyPublicationError.tooLarge(count: count)) {
            try await publication.publish([UInt8](repeating: 0, count: count), serial: 1, until: seconds(1))
        }
        #expect(try hostile.requests(of: .txn).isEmpty)
    }

    // MARK: - Tokens

    @Test(
        "a token that cannot be sent is none, and the next member is asked for one",
        arguments: ["", "a\\nb", "a b", "é", String(repeating: "x", count: 4097)])
    func token(_ token: String) async throws {
        try hostile.says(.authenticate, .token(token))
        try hostile.says(.range, .policy("bad", revision: 9))
        let client = try client(of: hostile, good, user: true)
        for _ in 1...2 { #expect(try await read(client) == "good") }
        #expect(try good.requests(of: .range).map(\.token) == ["good.1", "good.1"])
    }

    @Test("where a member closes the connection on a token, another one is asked for, once")
    func closedOnToken() async throws {
        try hostile.says(.authenticate, .token("one.1"), .token("two.2"))
        // libcurl itself tries again where a connection that was there ends so.
        try hostile.says(.range, .closes, .closes, .policy("here", revision: 7))
        let client = try client(of: hostile, user: true)
        #expect(try await read(client) == "here")
        #expect(try hostile.requests(of: .range).map(\.token) == ["one.1", "one.1", "two.2"])
    }

    // MARK: - All keys of a prefix

    @Test("keys that do not go on are no answer, however many more are said to be there")
    func samePage() async throws {
        let pair = #"{"key":"\#(Base64.standard.encode("/pair/hosts/a".utf8))","mod_revision":"3","value":""}"#
        try hostile.says(.range, .says(#"{"header":{"revision":"9"},"more":true,"kvs":[\#(pair)]}"#))
        let client = try client(of: hostile)
        await #expect(throws: EtcdError.malformed(.range, by: try hostile.address)) {
            try await client.all(prefix: "/pair/hosts/", until: seconds(600))
        }
        #expect(try hostile.requests(of: .range).count == 2)
    }

    @Test("keys without an end are given up at the deadline")
    func endless() async throws {
        let pair = #"{"key":"@KEY@","mod_revision":"3","value":""}"#
        try hostile.says(.range, .counts(#"{"header":{"revision":"9"},"more":true,"kvs":[\#(pair)]}"#, "/pair/hosts/"))
        let client = try client(of: hostile)
        await #expect(throws: EtcdError.self) {
            try await client.all(prefix: "/pair/hosts/", until: seconds(1))
        }
    }
}
