import Encodings
import Testing

@testable import IdentityToken

@Suite("SigningAlgorithm")
struct SigningAlgorithmTests {
    @Test(
        "an algorithm has its names and no other",
        arguments: [
            ("RS256", SigningAlgorithm.rs256), ("PS256", .ps256), ("ES256", .es256), ("EdDSA", .eddsa),
            ("Ed25519", .eddsa), ("none", nil), ("None", nil), ("", nil), ("HS256", nil), ("rs256", nil),
            ("RS384", nil), ("RS512", nil), ("ES384", nil), ("ES256K", nil), ("PS512", nil), ("GQ256", nil),
            ("EDDSA", nil), ("ed25519", nil), ("Ed448", nil), ("RS256 ", nil), ("RS256\0", nil),
        ] as [(String, SigningAlgorithm?)])
    func hasNames(name: String, algorithm: SigningAlgorithm?) {
        #expect(SigningAlgorithm(name: name) == algorithm)
    }

    @Test("a header's algorithm is one that is allowed, by its exact name")
    func picksAlgorithm() throws {
        func algorithm(_ header: String, _ allowed: [SigningAlgorithm] = [.rs256, .eddsa]) throws -> SigningAlgorithm {
            try JOSEHeader(Array(header.utf8), part: .providerHeader).algorithm(among: allowed)
        }
        #expect(try algorithm(#"{"alg":"RS256"}"#) == .rs256)
        #expect(try algorithm(#"{"alg":"Ed25519"}"#) == .eddsa)
        #expect(try algorithm(#"{"\u0061lg":"RS256"}"#) == .rs256)
        #expect(throws: TokenError.algorithm(.notListed(.es256))) { try algorithm(#"{"alg":"ES256"}"#) }
        #expect(throws: TokenError.algorithm(.notListed(.rs256))) { try algorithm(#"{"alg":"RS256"}"#, []) }
        #expect(throws: TokenError.algorithm(.unknown("none"))) { try algorithm(#"{"alg":"none"}"#) }
        #expect(throws: TokenError.algorithm(.unknown("HS256"))) { try algorithm(#"{"alg":"HS256"}"#) }
        #expect(throws: TokenError.algorithm(.unknown("GQ256"))) { try algorithm(#"{"alg":"GQ256"}"#) }
        #expect(throws: TokenError.algorithm(.unknown("RS256\u{301}"))) { try algorithm(#"{"alg":"RS256\u0301"}"#) }
        for header in ["{}", #"{"alg":null}"#, #"{"alg":256}"#, #"{"alg":["RS256"]}"#, #"{"ALG":"RS256"}"#] {
            #expect(throws: TokenError.algorithm(.missing)) { try algorithm(header) }
        }
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let header: String
        let defect: TokenError.HeaderDefect
        var testDescription: String { quoted(header) }
    }

    static let rejected = [
        Rejected(header: "", defect: .json(.unexpected(at: 0))),
        Rejected(header: "[]", defect: .notAnObject),
        Rejected(header: #""RS256""#, defect: .notAnObject),
        Rejected(header: "null", defect: .notAnObject),
        Rejected(header: #"{"alg":"RS256"} "# + "x", defect: .json(.trailing(at: 16))),
        Rejected(header: #"{"alg":"none","alg":"RS256"}"#, defect: .json(.duplicateMember("alg", at: 14))),
        Rejected(header: #"{"kid":"a","k\u0069d":"b"}"#, defect: .json(.duplicateMember("kid", at: 11))),
        Rejected(header: #"{"crit":["exp"]}"#, defect: .forbidden("crit")),
        Rejected(header: #"{"crit":[]}"#, defect: .forbidden("crit")),
        Rejected(header: #"{"crit":null}"#, defect: .forbidden("crit")),
        Rejected(header: #"{"b64":false}"#, defect: .forbidden("b64")),
        Rejected(header: #"{"b64":true}"#, defect: .forbidden("b64")),
        Rejected(header: #"{"b\u00364":true}"#, defect: .forbidden("b64")),
        Rejected(header: #"{"typ":1}"#, defect: .notText("typ")),
        Rejected(header: #"{"typ":null}"#, defect: .notText("typ")),
        Rejected(header: #"{"kid":7}"#, defect: .notText("kid")),
        Rejected(header: #"{"kid":{"a":1}}"#, defect: .notText("kid")),
    ]

    @Test("a header that we cannot follow is refused for its reason", arguments: rejected)
    func refusesHeaders(_ row: Rejected) {
        for part in [TokenError.Part.providerHeader, .clientHeader, .refreshedHeader] {
            #expect(throws: TokenError.header(part, row.defect)) {
                try JOSEHeader(Array(row.header.utf8), part: part)
            }
        }
    }

    @Test("what names a key by itself is not read")
    func ignoresKeys() throws {
        let text = #"{"alg":"RS256","jwk":{"kty":"oct"},"jku":"https://e.example","x5u":1,"x5c":[],"kid":"../k"}"#
        let header = try JOSEHeader(Array(text.utf8), part: .providerHeader)
        #expect(header.keyID == "../k")
        #expect(header.type == nil)
    }
}
