import Encodings
import Testing

@testable import IdentityToken

@Suite("KeySet")
struct KeySetTests {
    private static let x = ClientClaimsTests.x
    private static let y = ClientClaimsTests.y
    /// An odd number of 2048 bits.
    private static let n = Base64.url.encode([0x80] + [UInt8](repeating: 1, count: 255))

    private static let ec = #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)""#
    private static let ed = #"{"kty":"OKP","crv":"Ed25519","x":"\#(x)""#
    private static let rsa = #"{"kty":"RSA","n":"\#(n)","e":"AQAB""#

    private static func set(_ keys: String, rest: String = #""issuer":"https://a","fetched_at":1000,"#) -> String {
        "{\(rest)\"keys\":\(keys)}"
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let set: String
        let defect: TokenError.KeySetDefect
        var testDescription: String { quoted(set) }

        init(_ set: String, _ defect: TokenError.KeySetDefect) {
            self.set = set
            self.defect = defect
        }

        init(key: String, _ defect: TokenError.KeySetDefect) {
            self.init(KeySetTests.set("[\(KeySetTests.ec)},\(key)]"), defect)
        }
    }

    static let rejected = [
        Rejected("", .json(.unexpected(at: 0))),
        Rejected("<html></html>", .json(.unexpected(at: 0))),
        Rejected("{\"keys\":[", .json(.unexpected(at: 9))),
        Rejected("[]", .member("keys")),
        Rejected(set("[\(ec)}]", rest: ""), .member("issuer")),
        Rejected(set("[\(ec)}]", rest: #""issuer":1,"#), .member("issuer")),
        Rejected(set("[\(ec)}]", rest: #""issuer":"https://a/","fetched_at":1000,"#), .issuer("https://a/")),
        Rejected(set("[\(ec)}]", rest: #""issuer":"https://A","fetched_at":1000,"#), .issuer("https://A")),
        Rejected(set("[\(ec)}]", rest: #""issuer":"https://a","#), .member("fetched_at")),
        Rejected(set("[\(ec)}]", rest: #""issuer":"https://a","fetched_at":"1000","#), .member("fetched_at")),
        Rejected(set("[\(ec)}]", rest: #""issuer":"https://a","fetched_at":-1,"#), .member("fetched_at")),
        Rejected(set("[\(ec)}]", rest: #""issuer":"https://a","fetched_at":1000.5,"#), .member("fetched_at")),
        Rejected(#"{"issuer":"https://a","fetched_at":1000}"#, .member("keys")),
        Rejected(set("{}"), .member("keys")),
        Rejected(set("[]"), .noKeys),
        Rejected(set("[" + Array(repeating: ec + "}", count: 101).joined(separator: ",") + "]"), .tooManyKeys),
        Rejected(set("[\(ec)}]") + String(repeating: " ", count: 256 << 10), .tooLarge),
        Rejected(set("[\(ec)}]") + "x", .json(.trailing(at: set("[\(ec)}]").utf8.count))),
        Rejected(key: "1", .key(index: 1, "a JSON object expected")),
        Rejected(key: #"{"kty":"oct","k":"AAAA"}"#, .secretKey(index: 1)),
        Rejected(key: #"{"kty":"oct"}"#, .secretKey(index: 1)),
        Rejected(key: #"{"kty":"EC","k":"AAAA"}"#, .secretKey(index: 1)),
        Rejected(key: "\(ec),\"d\":\"AQ\"}", .secretKey(index: 1)),
        Rejected(key: "\(ed),\"d\":null}", .secretKey(index: 1)),
        Rejected(key: "\(rsa),\"p\":\"AQ\"}", .secretKey(index: 1)),
        Rejected(key: "\(rsa),\"oth\":[]}", .secretKey(index: 1)),
        Rejected(key: #"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA","priv":"AA"}"#, .secretKey(index: 1)),
        Rejected(key: #"{"d":"AQ"}"#, .secretKey(index: 1)),
        Rejected(key: #"{"kty":"OKP","crv":"X25519","x":"AA","d":"AA","use":"enc"}"#, .secretKey(index: 1)),
        Rejected(key: "\(ec),\"kid\":\"a\",\"kid\":\"b\"}", .json(.duplicateMember("kid", at: 311))),
    ]

    @Test("a key set of another shape, or with a secret in it, is refused for its reason", arguments: rejected)
    func refuses(_ row: Rejected) {
        #expect(throws: TokenError.keySet(row.defect)) {
            try KeySet(parsing: Array(row.set.utf8), issuer: "https://a")
        }
    }

    @Test("as many keys and bytes as allowed are read")
    func readsMost() throws {
        let keys = "[" + Array(repeating: Self.ec + "}", count: 100).joined(separator: ",") + "]"
        let text = Self.set(keys)
        let padded = text + String(repeating: " ", count: KeySet.maximumCount - text.utf8.count)
        let set = try KeySet(parsing: Array(padded.utf8), issuer: "https://a")
        #expect(set.keys.count == 100)
        #expect(set.fetchedAt == UnixTime(seconds: 1000))
        #expect(KeySet.maximumCount == 262_144)
    }

    @Test("a set of the first moment that can be told is read, however old")
    func readsOldest() throws {
        let text = Self.set("[\(Self.ec)}]", rest: #""issuer":"https://a","fetched_at":0,"#)
        #expect(try KeySet(parsing: Array(text.utf8), issuer: "https://a").fetchedAt == UnixTime(seconds: 0))
    }

    @Test("keys for something else and malformed ones may stand in a set, and are of no use")
    func readsUnusable() throws {
        let set = try KeySet(testing: [
            #"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#, #"{"kty":"AKP"}"#, #"{"kty":"RSA","e":"AQAB"}"#,
            #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"AA=="}"#, #"{"kty":"RSA","n":"AA+/","e":"AQAB"}"#,
        ])
        for key in set.keys {
            guard case .unusable = key.material else {
                Issue.record("\(key.material) is usable")
                continue
            }
            for algorithm in SigningAlgorithm.allCases {
                #expect(key.obstacle(to: algorithm) != nil)
                #expect(try !key.verifies([UInt8](repeating: 0, count: 64), over: [], algorithm: algorithm))
            }
        }
    }

    private static let useless = [
        (#"{"kid":"a"}"#, "kty is missing"), (#"{"kty":["RSA"]}"#, "kty must be a string"),
        (#"{"kty":"EC","kid":1}"#, "kid must be a string"), (#"{"kty":"AKP"}"#, #"kty "AKP", crv """#),
        (#"{"kty":"EC","crv":"P-256","x":"AA","y":"\#(y)"}"#, "x or y is malformed"),
        (#"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"AA"}"#, "x or y is malformed"),
        (#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, "x is malformed"),
    ]

    @Test("a key of no use says why", arguments: useless)
    func says(key: String, what: String) throws {
        let material = try #require(try KeySet(testing: [key]).keys.first).material
        guard case .unusable(what) = material else {
            Issue.record("\(material)")
            return
        }
    }

    @Test("of each key it is known which algorithms it can check, and none of one that is of no use")
    func algorithms() throws {
        let set = try KeySet(testing: [
            Self.rsa + "}", Self.rsa + #","alg":"PS256"}"#, Self.rsa + #","alg":"RS512"}"#, Self.ec + "}",
            Self.ec + #","use":"enc"}"#, Self.ed + "}", #"{"kty":"AKP"}"#,
        ])
        #expect(set.algorithmsOfKeys == [[.rs256, .ps256], [.ps256], [], [.es256], [], [.eddsa], []])
    }

    @Test("a key set has a time at which it can be relied on")
    func judgesAge() throws {
        let set = try KeySet(parsing: Array(Self.set("[\(Self.ec)}]").utf8), issuer: "https://a")
        func check(_ now: Int64) throws {
            try set.checkAge(at: UnixTime(seconds: now), maximumAge: Seconds(100), clockSkew: Seconds(30))
        }
        #expect(throws: TokenError.keySetInFuture(UnixTime(seconds: 1000))) { try check(969) }
        try check(970)
        try check(1000)
        try check(1100)
        #expect(throws: TokenError.keySetStale(Seconds(101))) { try check(1101) }
        #expect(throws: TokenError.keySetInFuture(UnixTime(seconds: 1000))) { try check(.min) }
        #expect(throws: TokenError.keySetStale(Seconds(.max - 1000))) { try check(.max) }
    }

    // MARK: - Which key

    struct Choice: Sendable, CustomTestStringConvertible {
        let name: String
        let keys: [String]
        let id: Text?
        var algorithm = SigningAlgorithm.es256
        /// `nil` where the first key is the one.
        let error: TokenError?
        var testDescription: String { name }
    }

    private static func misfit(_ what: String) -> TokenError { .algorithm(.keyDoesNotFit(what)) }

    static let choices = [
        Choice(name: "by kid", keys: ["\(ec),\"kid\":\"a\"}", "\(ec),\"kid\":\"b\"}"], id: "a", error: nil),
        Choice(name: "by an empty kid", keys: ["\(ec),\"kid\":\"\"}", "\(ec)}"], id: "", error: nil),
        Choice(name: "by a path as kid", keys: ["\(ec),\"kid\":\"../a\"}"], id: "../a", error: nil),
        Choice(name: "no such kid", keys: ["\(ec),\"kid\":\"a\"}"], id: "b", error: .keyIDUnknown("b")),
        Choice(name: "kid in another case", keys: ["\(ec),\"kid\":\"a\"}"], id: "A", error: .keyIDUnknown("A")),
        Choice(
            name: "a kid that looks alike", keys: ["\(ec),\"kid\":\"K\"}"], id: "\u{212A}",
            error: .keyIDUnknown("\u{212A}")),
        Choice(name: "a kid, and a key without one", keys: ["\(ec)}"], id: "a", error: .keyIDUnknown("a")),
        Choice(
            name: "a kid twice", keys: ["\(ec),\"kid\":\"a\"}", "\(ec),\"kid\":\"a\"}"], id: "a",
            error: .keyIDAmbiguous("a")),
        Choice(
            name: "a kid twice, once of another type", keys: ["\(ec),\"kid\":\"a\"}", "\(rsa),\"kid\":\"a\"}"], id: "a",
            error: .keyIDAmbiguous("a")),
        Choice(name: "no kid, one key", keys: ["\(ec)}"], id: nil, error: nil),
        Choice(name: "no kid, one key that has one", keys: ["\(ec),\"kid\":\"a\"}"], id: nil, error: nil),
        Choice(
            name: "no kid, one key fits", keys: ["\(ec)}", "\(rsa)}", "\(ec),\"use\":\"enc\"}"], id: nil, error: nil),
        Choice(
            name: "no kid, several fit", keys: ["\(ec)}", "\(ec),\"kid\":\"a\"}"], id: nil, error: .keyIDAmbiguous(nil)),
        Choice(name: "no kid, none fits", keys: ["\(rsa)}", "\(ed)}"], id: nil, error: .keyIDUnknown(nil)),
        Choice(name: "alg given and right", keys: ["\(ec),\"kid\":\"a\",\"alg\":\"ES256\"}"], id: "a", error: nil),
        Choice(
            name: "alg given and other", keys: ["\(ec),\"kid\":\"a\",\"alg\":\"ES384\"}"], id: "a",
            error: misfit(#"its alg is "ES384""#)),
        Choice(
            name: "PS256 by a key for RS256", keys: ["\(rsa),\"kid\":\"a\",\"alg\":\"RS256\"}"], id: "a",
            algorithm: .ps256,
            error: misfit(#"its alg is "RS256""#)),
        Choice(name: "PS256 by a key for RSA", keys: ["\(rsa),\"kid\":\"a\"}"], id: "a", algorithm: .ps256, error: nil),
        Choice(
            name: "EdDSA spelled Ed25519", keys: ["\(ed),\"kid\":\"a\",\"alg\":\"Ed25519\"}"], id: "a",
            algorithm: .eddsa,
            error: nil),
        Choice(
            name: "a key for encryption", keys: ["\(ec),\"kid\":\"a\",\"use\":\"enc\"}"], id: "a",
            error: misfit(#"its use is "enc""#)),
        Choice(name: "a key for signatures", keys: ["\(ec),\"kid\":\"a\",\"use\":\"sig\"}"], id: "a", error: nil),
        Choice(
            name: "key_ops without verify", keys: ["\(ec),\"kid\":\"a\",\"key_ops\":[\"encrypt\"]}"], id: "a",
            error: misfit("its key_ops lack verify")),
        Choice(
            name: "no key_ops at all", keys: ["\(ec),\"kid\":\"a\",\"key_ops\":[]}"], id: "a",
            error: misfit("its key_ops lack verify")),
        Choice(
            name: "key_ops with verify", keys: ["\(ec),\"kid\":\"a\",\"key_ops\":[\"sign\",\"verify\"]}"], id: "a",
            error: nil),
        Choice(name: "RSA for ES256", keys: ["\(rsa),\"kid\":\"a\"}"], id: "a", error: misfit("it is an RSA key")),
        Choice(
            name: "P-256 for RS256", keys: ["\(ec),\"kid\":\"a\"}"], id: "a", algorithm: .rs256,
            error: misfit("it is a P-256 key")),
        Choice(
            name: "P-256 for EdDSA", keys: ["\(ec),\"kid\":\"a\"}"], id: "a", algorithm: .eddsa,
            error: misfit("it is a P-256 key")),
        Choice(
            name: "Ed25519 for ES256", keys: ["\(ed),\"kid\":\"a\"}"], id: "a", error: misfit("it is an Ed25519 key")),
        Choice(
            name: "RSA of 1024 bits",
            keys: [rsa.replacing(n, with: "gA" + String(repeating: "E", count: 169)) + ",\"kid\":\"a\"}"],
            id: "a", algorithm: .rs256, error: misfit("an RSA modulus of 2048 to 16384 bits expected, 1024 found")),
        Choice(
            name: "RSA with exponent one", keys: [rsa.replacing("AQAB", with: "AQ") + ",\"kid\":\"a\"}"], id: "a",
            algorithm: .rs256, error: misfit("an odd RSA exponent of 3 to 2^64 expected")),
        Choice(
            name: "P-384", keys: [ec.replacing("P-256", with: "P-384") + ",\"kid\":\"a\"}"], id: "a",
            error: misfit(#"kty "EC", crv "P-384""#)),
    ]

    @Test("the key is the one that the header names and that fits, or none", arguments: choices)
    func picksKeys(_ row: Choice) throws {
        let set = try KeySet(testing: row.keys)
        if let error = row.error {
            #expect(throws: error) { try set.key(named: row.id, for: row.algorithm) }
        } else {
            #expect(try set.key(named: row.id, for: row.algorithm) == set.keys[0])
        }
    }

    @Test("a key off its curve is named so where it is used")
    func refusesOffCurve() throws {
        let set = try KeySet(testing: [Self.ec.replacing(#""y":"T"#, with: #""y":"U"#) + "}"])
        let key = try set.key(named: nil, for: .es256)
        #expect(throws: Self.misfit("a point of p256 expected")) {
            try key.verifies([UInt8](repeating: 1, count: 64), over: [], algorithm: .es256)
        }
    }
}
