import Encodings
import Testing

@testable import IdentityToken

@Suite("ClaimSet")
struct ClaimSetTests {
    private static let base = [
        "iss": #""https://a""#, "sub": #""s""#, "aud": #""c""#, "iat": "1000", "exp": "2000",
    ]

    /// The base claims with some replaced, added, or gone where empty.
    private static func payload(_ changes: [String: String]) -> [UInt8] {
        let claims = base.merging(changes) { _, new in new }.filter { !$0.value.isEmpty }
        return Array(
            ("{" + claims.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}")
                .utf8)
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let payload: [UInt8]
        let defect: TokenError.ClaimDefect
        var testDescription: String { quoted(payload) }

        init(_ payload: String, _ defect: TokenError.ClaimDefect) {
            self.payload = Array(payload.utf8)
            self.defect = defect
        }

        init(_ changes: [String: String], _ defect: TokenError.ClaimDefect) {
            payload = ClaimSetTests.payload(changes)
            self.defect = defect
        }
    }

    static let structure = [
        Rejected("", .json(.unexpected(at: 0))),
        Rejected("[]", .notAnObject),
        Rejected("null", .notAnObject),
        Rejected(#""claims""#, .notAnObject),
        Rejected("{}", .missing("iss")),
        Rejected("{} {}", .json(.trailing(at: 3))),
        Rejected(#"{"sub":"a","sub":"b"}"#, .json(.duplicateMember("sub", at: 11))),
        Rejected(#"{"sub":"a","\u0073ub":"b"}"#, .json(.duplicateMember("sub", at: 11))),
        Rejected(["extra": "1e400"], .json(.numberOutOfRange(at: 30))),
        Rejected(
            ["extra": String(repeating: "[", count: 16) + String(repeating: "]", count: 16)], .json(.tooDeep(at: 45))),
    ]

    static let names: [Rejected] = ["iss", "sub"].flatMap { name -> [Rejected] in
        [
            Rejected([name: ""], .missing(name)),
            Rejected([name: #""""#], .shape(name)),
            Rejected([name: "null"], .shape(name)),
            Rejected([name: "1"], .shape(name)),
            Rejected([name: #"["a"]"#], .shape(name)),
            Rejected([name: #""a\u0000""#], .control(name)),
            Rejected([name: #""a\n""#], .control(name)),
            Rejected([name: #""\u001b[2K""#], .control(name)),
            Rejected([name: "\"\u{7F}\""], .control(name)),
        ]
    }

    static let others = [
        Rejected(["iat": ""], .missing("iat")),
        Rejected(["exp": ""], .missing("exp")),
        Rejected(["aud": ""], .missing("aud")),
        Rejected(["aud": "null"], .shape("aud")),
        Rejected(["aud": "1"], .shape("aud")),
        Rejected(["aud": #"{"c":1}"#], .shape("aud")),
        Rejected(["aud": #"["c",1]"#], .shape("aud")),
        Rejected(["aud": #"[["c"]]"#], .shape("aud")),
        Rejected(["azp": "null"], .shape("azp")),
        Rejected(["azp": #"["c"]"#], .shape("azp")),
        Rejected(["email": #""a\u0000@b""#], .control("email")),
        Rejected(["email": #""a\n@b""#], .control("email")),
    ]

    static let times: [Rejected] = ["iat", "exp", "nbf"].flatMap { name -> [Rejected] in
        [
            Rejected([name: #""1000""#], .shape(name)),
            Rejected([name: "null"], .shape(name)),
            Rejected([name: "true"], .shape(name)),
            Rejected([name: "[1000]"], .shape(name)),
            Rejected([name: "-1"], .time(name)),
            Rejected([name: "-0.001"], .time(name)),
            Rejected([name: "253402300800"], .time(name)),
            Rejected([name: "253402300799.5"], .time(name)),
            Rejected([name: "9223372036854775807"], .time(name)),
            Rejected([name: "-9223372036854775808"], .time(name)),
            Rejected([name: "9223372036854775808"], .time(name)),
            Rejected([name: "1e300"], .time(name)),
        ]
    }

    @Test("claims of another shape are refused for their reason", arguments: structure + names + others + times)
    func refuses(_ row: Rejected) {
        #expect(throws: TokenError.claims(row.defect)) { try ClaimSet(parsing: row.payload) }
    }

    @Test(
        "a time may be an integer or a float, and is cut to the second",
        arguments: [
            ("0", 0), ("-0", 0), ("1000", 1000), ("1000.0", 1000), ("1000.999", 1000), ("1e3", 1000),
            ("253402300799", 253_402_300_799), ("0.5", 0),
        ] as [(String, Int64)])
    func readsTimes(text: String, seconds: Int64) throws {
        for name in ["iat", "exp", "nbf"] {
            let claims = try ClaimSet(parsing: Self.payload([name: text]))
            let time = ["iat": claims.issuedAt, "exp": claims.expires, "nbf": claims.notBefore][name]
            #expect(time == UnixTime(seconds: seconds))
        }
    }

    @Test("what is there is read, and what is not is absent")
    func readsClaims() throws {
        let least = try ClaimSet(parsing: Self.payload([:]))
        #expect((least.issuer, least.subject) == ("https://a", "s"))
        #expect(least.audiences == ["c"])
        #expect(least.authorizedParty == nil)
        #expect(least.notBefore == nil)
        #expect(least.email == nil)
        #expect(!least.isEmailVerified)
        let most = try ClaimSet(
            parsing: Self.payload([
                "aud": #"["c","d"]"#, "azp": #""c""#, "nbf": "999", "email": #""é@b""#, "email_verified": "true",
                "EMAIL": #""other""#, "groups": #"["a"]"#,
            ]))
        #expect(most.audiences == ["c", "d"])
        #expect(most.authorizedParty == "c")
        #expect(most.email == "é@b")
        #expect(most.isEmailVerified)
        #expect(most.all["groups"]?.elements == [.string("a")])
        #expect(try ClaimSet(parsing: Self.payload(["email": "1"])).email == nil)
        #expect(try ClaimSet(parsing: Self.payload(["aud": "[]"])).audiences.isEmpty)
    }

    @Test(
        "only JSON's true says that an address was verified",
        arguments: [#""true""#, "1", "false", "null", #"["true"]"#])
    func asksForTrue(value: String) throws {
        let claims = try ClaimSet(parsing: Self.payload(["email": #""a@b""#, "email_verified": value]))
        #expect(!claims.isEmailVerified)
    }

    struct Audience: Sendable, CustomTestStringConvertible {
        let aud: String
        var azp = ""
        let isOurs: Bool
        var testDescription: String { aud + " " + azp }
    }

    static let audiences = [
        Audience(aud: #""ours""#, isOurs: true),
        Audience(aud: #""also-ours""#, isOurs: true),
        Audience(aud: #"["ours"]"#, isOurs: true),
        Audience(aud: #""theirs""#, isOurs: false),
        Audience(aud: #""OURS""#, isOurs: false),
        Audience(aud: #""ours ""#, isOurs: false),
        Audience(aud: #""evil,ours""#, isOurs: false),
        Audience(aud: #""""#, isOurs: false),
        Audience(aud: "[]", isOurs: false),
        Audience(aud: "[]", azp: #""ours""#, isOurs: false),
        Audience(aud: #"["theirs"]"#, azp: #""ours""#, isOurs: false),
        Audience(aud: #"["ours","theirs"]"#, isOurs: false),
        Audience(aud: #"["theirs","ours"]"#, azp: #""ours""#, isOurs: true),
        Audience(aud: #"["ours","theirs"]"#, azp: #""also-ours""#, isOurs: true),
        Audience(aud: #"["ours","theirs"]"#, azp: #""theirs""#, isOurs: false),
        Audience(aud: #"["ours","ours"]"#, isOurs: false),
        Audience(aud: #""ours""#, azp: #""ours""#, isOurs: true),
        Audience(aud: #""ours""#, azp: #""theirs""#, isOurs: false),
        Audience(aud: #""ours""#, azp: #""""#, isOurs: false),
        Audience(aud: "\"our\u{17F}\"", isOurs: false),
    ]

    @Test("a token is ours where aud says so, and azp does not object", arguments: audiences)
    func findsOurs(_ row: Audience) throws {
        let claims = try ClaimSet(parsing: Self.payload(["aud": row.aud, "azp": row.azp]))
        #expect(claims.isIssued(toOneOf: ["ours", "also-ours"]) == row.isOurs)
        #expect(!claims.isIssued(toOneOf: []))
    }
}
