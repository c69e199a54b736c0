import Encodings
import HTTP
import Testing

@testable import Etcd

/// What is made of the gateway's words, without a cluster.
@Suite("The gateway's formats") struct GatewayTests {
    struct Line: Sendable, CustomTestStringConvertible {
        let text: String
        let message: WatchMessage?
        var testDescription: String { text }
    }

    /// As etcd 3.4 wrote them.
    static let lines: [Line] = [
        Line(text: #"{"result":{"header":{"revision":"5"},"created":true}}"#, message: .began),
        Line(
            text: #"{"result":{"header":{"raft_term":"2"},"canceled":true,"compact_revision":"3"}}"#,
            message: .compacted(3)),
        Line(
            text: #"{"result":{"watch_id":"-1","created":true,"canceled":true,"cancel_reason":"no"}}"#,
            message: .failed(GatewayStatus(cancelReason: "no"))),
        Line(
            text: #"{"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader"}}"#,
            message: .failed(
                GatewayStatus(
                    JSON.Object(["code": .integer(14), "message": .string("etcdserver: no leader")]), status: 0))
        ),
        Line(
            text: #"{"result":{"header":{},"events":[{"kv":{"key":"aw==","mod_revision":"7","value":"dg=="}}]}}"#,
            message: .events([.put(pair("k", "v", 7))])),
        Line(
            text: #"{"result":{"events":[{"type":"DELETE","kv":{"key":"aw==","mod_revision":"8"}},"#
                + #"{"kv":{"key":"aw==","mod_revision":"9"}}]}}"#,
            message: .events([.deleted(at: 8), .put(pair("k", "", 9))])),
        Line(text: #"{"result":{"header":{"revision":"9"}}}"#, message: .events([])),
        Line(text: #"{"result":{"events":[{}]}}"#, message: nil),
        Line(text: #"{"result":{"events":{}}}"#, message: nil),
        Line(text: #"{"result":{"events":[{"kv":{"value":"!"}}]}}"#, message: nil),
        Line(text: #"{"result":{"events":[{"kv":{"key":"aw=="}}]}}"#, message: nil),
        Line(text: #"{"result":{"events":[{"kv":{"key":"aw==","mod_revision":"-7"}}]}}"#, message: nil),
        Line(
            text: #"{"result":{"events":[{"kv":{"key":"aw==","mod_revision":"9223372036854775807"}}]}}"#, message: nil),
        Line(text: #"{"result":{"events":[{"kv":{"key":"bA==","mod_revision":"7"}}]}}"#, message: nil),
        Line(text: #"{"result":{"compact_revision":"many"}}"#, message: nil),
        Line(text: #"{"result":{"canceled":true,"compact_revision":"-3"}}"#, message: nil),
        Line(text: #"{"result":{"canceled":"true"}}"#, message: nil),
        Line(text: #"{"result":[]}"#, message: nil),
        Line(text: "{}", message: nil),
        Line(text: "<html>", message: nil),
    ]

    private static func pair(_ key: String, _ value: String, _ revision: Int64) -> KeyValue {
        KeyValue(key: Array(key.utf8), value: Array(value.utf8), revision: revision)
    }

    @Test("a line of a watch is what it says, or nothing", arguments: lines)
    func watchLine(_ line: Line) {
        #expect(WatchMessage(parsing: Array(line.text.utf8), of: "k") == line.message)
    }

    @Test("a line that is cut short is none")
    func truncated() {
        let line = Array(#"{"result":{"events":[{"kv":{"key":"aw==","mod_revision":"7","value":"dg=="}}]}}"#.utf8)
        for count in line.indices { #expect(WatchMessage(parsing: Array(line[..<count]), of: "k") == nil) }
    }

    struct Status: Sendable {
        let code: Int64
        let words: Text
        let meaning: GatewayStatus.Meaning
    }

    static let statuses: [Status] = [
        Status(code: 16, words: "etcdserver: invalid auth token", meaning: .token),
        Status(code: 3, words: "etcdserver: revision of auth store is old", meaning: .token),
        Status(
            code: 0, words: "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token", meaning: .token),
        Status(code: 3, words: "etcdserver: user name is empty", meaning: .refused(.userMissing)),
        Status(
            code: 3, words: "etcdserver: authentication failed, invalid user ID or password",
            meaning: .refused(.authentication)),
        Status(code: 7, words: "etcdserver: permission denied", meaning: .refused(.permission)),
        Status(
            code: 0, words: "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
            meaning: .refused(.permission)),
        Status(code: 3, words: "etcdserver: request is too large", meaning: .refused(.tooLarge)),
        Status(code: 8, words: "etcdserver: mvcc: database space exceeded", meaning: .refused(.noSpace)),
        Status(code: 8, words: "etcdserver: too many requests", meaning: .notNow),
        Status(code: 14, words: "etcdserver: no leader", meaning: .notNow),
        Status(code: 14, words: "etcdserver: request timed out", meaning: .notNow),
        Status(code: 4, words: "context deadline exceeded", meaning: .notNow),
        Status(code: 3, words: "key is not provided", meaning: .refused(.other(code: 3, "key is not provided"))),
    ]

    @Test("what etcd says is sorted by what to do about it", arguments: statuses)
    func status(_ row: Status) {
        let object = JSON.Object(["code": .integer(row.code), "message": .string(row.words)])
        #expect(GatewayStatus(object, status: 500).meaning == row.meaning)
    }

    @Test("an error of a stream is read as one that stands alone")
    func streamError() {
        let alone = JSON.Object(["grpc_code": .integer(16), "message": .string("etcdserver: invalid auth token")])
        let status = GatewayStatus(JSON.Object(["error": .object(alone)]), status: 401)
        #expect(status == GatewayStatus(alone, status: 401) && status.meaning == .token)
    }

    @Test("what is shown of etcd's words has nothing of what was sent, and means the same")
    func redacted() {
        let words: Text = "odd: correct horse battery, and a token token.123"
        let status = GatewayStatus(JSON.Object(["code": .integer(9), "message": .string(words)]), status: 400)
        let shown = status.redacted(by: Redaction(of: ["correct horse battery", "token.123"]))
        #expect(shown.words == "odd: (hidden), and a token (hidden)")
        #expect(shown.meaning == .refused(.other(code: 9, shown.words)))
        let token = GatewayStatus(cancelReason: "invalid auth token").redacted(by: Redaction(of: ["invalid auth"]))
        #expect(token.meaning == .token)
    }

    @Test(
        "a few in a row are done at once, then one a second; in vain, they become seldom, and are done soon again after"
    )
    func moderation() {
        var moderation = Moderation()
        let start = ContinuousClock.now
        func pauses(_ outcomes: [Bool], at now: ContinuousClock.Instant) -> [Duration] {
            var now = now
            return outcomes.map { isWell in
                let pause = moderation.pause(after: isWell, at: now)
                now += pause
                return pause
            }
        }
        #expect(pauses(Array(repeating: true, count: 7), at: start).map(\.components.seconds) == [0, 0, 0, 0, 0, 1, 1])
        let later = start + .seconds(3600)
        let refused = pauses(Array(repeating: false, count: 8), at: later).map(\.components.seconds)
        #expect(refused == [0, 1, 8, 16, 32, 60, 60, 60])
        #expect(pauses([true, true], at: later + .seconds(3600)) == [.zero, .zero])
    }

    @Test("an answer without etcd's words is one of something before it, and passing")
    func noWords() {
        #expect(
            GatewayStatus(nil, status: 502)
                == GatewayStatus(JSON.Object(["message": .string("HTTP status 502")]), status: 0))
        #expect(GatewayStatus(nil, status: 502).meaning == .notNow)
    }

    @Test("the end of a prefix is the first text behind all that begin with it")
    func prefixEnd() {
        #expect(RangeRequest(prefix: "/pair/hosts/").end == Array("/pair/hosts0".utf8))
        #expect(RangeRequest(key: "k").end == nil)
    }

    @Test("serials are compared as numbers by comparing their bytes")
    func digits() {
        let serials: [UInt64] = [0, 1, 9, 10, 99, 1_700_000_000, 1 << 53, .max]
        let digits = serials.map(FleetKeys.digits)
        #expect(digits.allSatisfy { $0.count == 20 })
        for (left, right) in zip(digits, digits.dropFirst()) { #expect(left.lexicographicallyPrecedes(right)) }
        #expect(digits.map { FleetKeys.serial(of: $0) } == serials)
        for other in ["", "1", String(repeating: "9", count: 20), "0000000000000000001x", "000000000000000000001"] {
            #expect(FleetKeys.serial(of: Array(other.utf8)) == nil)
        }
    }

    @Test("pauses grow to their bound, spread over half of it, and begin anew")
    func backOff() {
        var lowest = BackOff(first: .seconds(1), longest: .seconds(5))
        #expect(
            (0..<4).map { _ in lowest.next(0) } == [.milliseconds(500), .seconds(1), .seconds(2), .milliseconds(2500)])
        var highest = BackOff(first: .seconds(1), longest: .seconds(5))
        #expect((0..<4).map { _ in highest.next(1) } == [.seconds(1), .seconds(2), .seconds(4), .seconds(5)])
        highest.reset()
        #expect(highest.next(1) == .seconds(1))
        var short = BackOff(first: .seconds(9), longest: .seconds(1))
        #expect(short.next(1) == .seconds(1))
    }
}
