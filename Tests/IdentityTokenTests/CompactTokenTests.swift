import Encodings
import SSHKeys
import Signatures
import Testing

@testable import IdentityToken

@Suite("CompactToken")
struct CompactTokenTests {
    struct Rejected: Sendable, CustomTestStringConvertible {
        let name: String
        let token: String
        let error: TokenError
        var testDescription: String { name }

        init(_ name: String, _ token: String, _ error: TokenError) {
            self.name = name
            self.token = token
            self.error = error
        }
    }

    private static func text(_ json: String) -> String { Base64.url.encode(Array(json.utf8)) }

    private static let op = text(#"{"alg":"ES256"}"#)
    private static let cic = text(ClientClaimsTests.header)
    private static let cos = text(#"{"alg":"ES256","typ":"COS"}"#)
    private static let good = "e30:\(op):AA:\(cic):AA"

    private static func opTyp(_ typ: String) -> String { text("{\"typ\":\(typ)}") }
    private static func cicTyp(_ typ: String) -> String {
        text(ClientClaimsTests.header.replacing(#""CIC""#, with: typ))
    }

    static let segments = [
        Rejected("nothing", "", .segments(1, expected: 5)),
        Rejected("one segment", "e30", .segments(1, expected: 5)),
        Rejected("a JWT", "\(op).e30.AA", .segments(1, expected: 5)),
        Rejected("no client", "e30:\(op):AA", .segments(3, expected: 5)),
        Rejected("four segments", "e30:\(op):AA:\(cic)", .segments(4, expected: 5)),
        Rejected("six segments", "\(good):AA", .segments(6, expected: 5)),
        Rejected("a colon behind", "\(good):", .segments(6, expected: 5)),
        Rejected("a colon in front", ":\(good)", .segments(6, expected: 5)),
        Rejected("a third signature that is no cosigner's", "\(good):\(op):AA", .segments(7, expected: 5)),
        Rejected("a cosigner's signature", "\(good):\(cos):AA", .cosigned),
        Rejected("a cosigner's signature and a refreshed token", "\(good):\(cos):AA.\(op).e30.AA", .cosigned),
        Rejected("a third header that is none", "\(good):AA:AA", .header(.clientHeader, .json(.unexpected(at: 0)))),
        Rejected("two tokens", "\(good):\(good)", .segments(10, expected: 5)),
        Rejected("a full stop behind", "\(good).", .segments(1, expected: 3)),
        Rejected("half a refreshed token", "\(good).\(op).e30", .segments(2, expected: 3)),
        Rejected("a refreshed token of four parts", "\(good).\(op).e30.AA.AA", .segments(4, expected: 3)),
        Rejected("two refreshed tokens", "\(good).\(op).e30.AA.\(op).e30.AA", .segments(6, expected: 3)),
        Rejected("two refreshed tokens, by a colon", "\(good).\(op).e30.AA:\(op).e30.AA", .segments(6, expected: 5)),
        Rejected(
            "a refreshed token before the client's signature", "e30:\(op).e30.AA:AA:\(cic):AA", .base64(.providerHeader)
        ),
    ]

    static let base64 = [
        Rejected("no payload", ":\(op):AA:\(cic):AA", .base64(.payload)),
        Rejected("no provider's header", "e30::AA:\(cic):AA", .base64(.providerHeader)),
        Rejected("no provider's signature", "e30:\(op)::\(cic):AA", .base64(.providerSignature)),
        Rejected("no client's header", "e30:\(op):AA::AA", .base64(.clientHeader)),
        Rejected("no client's signature", "e30:\(op):AA:\(cic):", .base64(.clientSignature)),
        Rejected("nothing but colons", "::::", .base64(.payload)),
        Rejected("padding", "e30=:\(op):AA:\(cic):AA", .base64(.payload)),
        Rejected("unused bits", "e31:\(op):AA:\(cic):AA", .base64(.payload)),
        Rejected("a blank in front", " \(good)", .base64(.payload)),
        Rejected("a line feed behind", "\(good)\n", .base64(.clientSignature)),
        Rejected("the standard alphabet", "e30:\(op):+/8:\(cic):AA", .base64(.providerSignature)),
        Rejected("no refreshed header", "\(good)..e30.AA", .base64(.refreshedHeader)),
        Rejected("no refreshed payload", "\(good).\(op)..AA", .base64(.refreshedPayload)),
        Rejected("an unsigned refreshed token", "\(good).\(op).e30.", .base64(.refreshedSignature)),
        Rejected("a refreshed token with padding", "\(good).\(op).e30.AA==", .base64(.refreshedSignature)),
    ]

    static let roles = [
        Rejected("roles swapped", "e30:\(cic):AA:\(op):AA", .role(.providerHeader, found: "CIC")),
        Rejected("two providers", "e30:\(op):AA:\(op):AA", .role(.clientHeader, found: nil)),
        Rejected("two clients", "e30:\(cic):AA:\(cic):AA", .role(.providerHeader, found: "CIC")),
        Rejected("a cosigner as provider", "e30:\(cos):AA:\(cic):AA", .role(.providerHeader, found: "COS")),
        Rejected("a cosigner as client", "e30:\(op):AA:\(cos):AA", .role(.clientHeader, found: "COS")),
        Rejected("jwt in small letters", "e30:\(opTyp(#""jwt""#)):AA:\(cic):AA", .role(.providerHeader, found: "jwt")),
        Rejected("an empty typ", "e30:\(opTyp(#""""#)):AA:\(cic):AA", .role(.providerHeader, found: "")),
        Rejected("a JWT as client", "e30:\(op):AA:\(cicTyp(#""JWT""#)):AA", .role(.clientHeader, found: "JWT")),
        Rejected("cic in small letters", "e30:\(op):AA:\(cicTyp(#""cic""#)):AA", .role(.clientHeader, found: "cic")),
        Rejected("a number as typ", "e30:\(op):AA:\(cicTyp("1")):AA", .header(.clientHeader, .notText("typ"))),
        Rejected(
            "crit in the provider's header", "e30:\(text(#"{"alg":"ES256","crit":[]}"#)):AA:\(cic):AA",
            .header(.providerHeader, .forbidden("crit"))),
        Rejected(
            "b64 in the refreshed header", "\(good).\(text(#"{"b64":false}"#)).e30.AA",
            .header(.refreshedHeader, .forbidden("b64"))),
        Rejected(
            "a provider's header that is no object", "e30:\(text("[]")):AA:\(cic):AA",
            .header(.providerHeader, .notAnObject)),
        Rejected(
            "a provider's header with alg twice", "e30:\(text(#"{"alg":"none","alg":"ES256"}"#)):AA:\(cic):AA",
            .header(.providerHeader, .json(.duplicateMember("alg", at: 14)))),
        Rejected(
            "a refreshed header that is no JSON", "\(good).AAAA.e30.AA",
            .header(.refreshedHeader, .json(.unexpected(at: 0)))),
    ]

    @Test("a token of another structure is refused for its reason", arguments: segments + base64 + roles)
    func refuses(_ row: Rejected) {
        #expect(throws: row.error) { try CompactToken(parsing: Array(row.token.utf8)[...]) }
    }

    @Test("a token of the right structure is taken apart, with a refreshed one behind it or not")
    func takesApart() throws {
        let token = try CompactToken(parsing: Array(Self.good.utf8)[...])
        #expect(!token.hasRefreshedToken)
        #expect(token.provider.payload == Array("{}".utf8))
        #expect(token.provider.signature == [0])
        #expect(token.provider.signingInput == Array("\(Self.op).e30".utf8))
        let renewed = try CompactToken(parsing: Array("\(Self.good).\(Self.op).e30.AQ".utf8)[...])
        #expect(renewed.hasRefreshedToken)
        #expect(renewed.refreshed?.signature == [1])
        #expect(renewed.refreshed?.signingInput == Array("\(Self.op).e30".utf8))
        let slice = Array("xx\(Self.good)xx".utf8)[2..<2 + Self.good.utf8.count]
        #expect(try CompactToken(parsing: slice).client.canonical == token.client.canonical)
    }

    @Test("a provider's typ may be JWT, at+jwt or absent", arguments: [#""JWT""#, #""at+jwt""#])
    func takesTypes(typ: String) throws {
        let token = try CompactToken(parsing: Array("e30:\(Self.opTyp(typ)):AA:\(Self.cic):AA".utf8)[...])
        #expect(token.provider.header.type?.string == typ.filter { $0 != "\"" })
    }

    @Test("a token of 32 KiB is read, one byte more is not")
    func boundsSize() throws {
        #expect(CompactToken.maximumCount == 32_768)
        let left = CompactToken.maximumCount - Self.good.utf8.count
        let token = Array(Self.good.replacing("e30:", with: String(repeating: "A", count: left + 3) + ":").utf8)
        #expect(token.count == 32_768)
        #expect(throws: Never.self) { try CompactToken(parsing: token[...]) }
        #expect(throws: TokenError.tooLarge(32_769)) { try CompactToken(parsing: (token + [0x41])[...]) }
        #expect(throws: TokenError.segments(1 << 15, expected: 5)) {
            try CompactToken(parsing: [UInt8](repeating: UInt8(ascii: ":"), count: (1 << 15) - 1)[...])
        }
    }

    @Test("a token is bound to its own key alone, and before its signature is looked at")
    func comparesKeys() throws {
        let token = try CompactToken(parsing: Array(Self.good.utf8)[...])
        #expect(throws: TokenError.clientSignature) { try token.bound(to: token.client.key) }
        let others: [PublicKey] = [
            .ed25519([UInt8](repeating: 1, count: 32)), .ecdsa(.p256, point: [4] + [UInt8](repeating: 1, count: 64)),
            .skECDSA(point: ClientClaimsTests.point, application: Array("ssh:".utf8)),
            .ecdsa(.p384, point: ClientClaimsTests.point),
        ]
        for key in others { #expect(throws: TokenError.clientKeyMismatch) { try token.bound(to: key) } }
    }

    @Test("a key off its curve signs nothing")
    func refusesOffCurveKeys() throws {
        let header = ClientClaimsTests.header.replacing(#""y":"T"#, with: #""y":"U"#)
        let token = try CompactToken(parsing: Array("e30:\(Self.op):AA:\(Self.text(header)):AA".utf8)[...])
        #expect(throws: TokenError.clientSignature) { try token.bound(to: token.client.key) }
    }
}
