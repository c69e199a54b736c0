import Encodings
import SSHKeys
import Signatures
import Testing

@testable import IdentityToken

@Suite("ClientClaims")
struct ClientClaimsTests {
    /// P-256's generator (SEC 2), whose private key is 1.
    static let x = "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY"
    static let y = "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
    static let point = [4] + (Base64.url.decode(x.utf8) ?? []) + (Base64.url.decode(y.utf8) ?? [])
    static let rz = HandmadeToken.salt
    static let upk = #"{"alg":"ES256","crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#
    static let header = #"{"alg":"ES256","rz":"\#(rz)","typ":"CIC","upk":\#(upk)}"#

    private static let edKey = #"{"alg":"EdDSA","crv":"Ed25519","kty":"OKP","x":"\#(x)"}"#
    private static let rsaKey = #"{"alg":"RS256","e":"AQAB","kty":"RSA","n":"\#(x)"}"#

    private static func header(alg: String, upk: String) -> String {
        #"{"alg":"\#(alg)","rz":"\#(rz)","typ":"CIC","upk":\#(upk)}"#
    }

    private static func parse(_ header: String) throws -> ClientClaims {
        let text = Base64.url.encode(Array(header.utf8))
        return try CompactToken(parsing: Array("e30:e30:AA:\(text):AA".utf8)[...]).client
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let header: String
        let error: TokenError
        var testDescription: String { quoted(header, limit: 400) }

        init(_ header: String, _ error: TokenError) {
            self.header = header
            self.error = error
        }

        init(_ header: String, _ defect: TokenError.ClientHeaderDefect) {
            self.init(header, .clientHeader(defect))
        }

        /// The good header with one text replaced.
        init(_ old: String, by new: String, _ defect: TokenError.ClientHeaderDefect) {
            self.init(ClientClaimsTests.header.replacing(old, with: new), .clientHeader(defect))
        }

        /// The good header in a form that says the same.
        init(otherForm old: String, _ new: String) {
            self.init(ClientClaimsTests.header.replacing(old, with: new), .clientHeaderNotCanonical)
        }
    }

    private static func rejectedKey(_ alg: String, _ upk: String) -> Rejected {
        Rejected(header(alg: alg, upk: upk), .key("not the members of one public key for \(alg)"))
    }

    static let members = [
        Rejected(#"{"typ":"CIC"}"#, .member("rz")),
        Rejected(#""rz":"\#(rz)","#, by: "", .member("rz")),
        Rejected(rz, by: rz.uppercased(), .member("rz")),
        Rejected(rz, by: String(rz.dropLast()), .member("rz")),
        Rejected(rz, by: rz + "0", .member("rz")),
        Rejected(rz, by: String(rz.dropLast()) + "g", .member("rz")),
        Rejected(rz, by: "", .member("rz")),
        Rejected("\"\(rz)\"", by: "1", .extra("rz")),
        Rejected(#"{"alg":"ES256","#, by: "{", .algorithm),
        Rejected(#"{"alg":"ES256","#, by: #"{"alg":"none","#, .algorithm),
        Rejected(#"{"alg":"ES256","#, by: #"{"alg":"PS256","#, .algorithm),
        Rejected(#"{"alg":"ES256","#, by: #"{"alg":"ES384","#, .algorithm),
        Rejected(#"{"alg":"ES256","#, by: #"{"alg":"HS256","#, .algorithm),
        Rejected(#"{"alg":"ES256","#, by: #"{"alg":"es256","#, .algorithm),
        Rejected(#"{"alg":"ES256","#, by: #"{"alg":256,"#, .extra("alg")),
        Rejected(header(alg: "Ed25519", upk: edKey), .algorithm),
        Rejected(#"{"alg":"ES256","rz":"\#(rz)","typ":"CIC"}"#, .member("upk")),
        Rejected(header(alg: "ES256", upk: "null"), .member("upk")),
        Rejected(header(alg: "ES256", upk: "\"\(x)\""), .member("upk")),
        Rejected(header(alg: "ES256", upk: "[\(upk)]"), .member("upk")),
        Rejected(header(alg: "ES256", upk: edKey), .keyAlgorithm),
        Rejected(header(alg: "ES256", upk: "{}"), .keyAlgorithm),
        Rejected(header(alg: "EdDSA", upk: edKey.replacing("EdDSA", with: "Ed25519")), .keyAlgorithm),
        Rejected(#""typ":"CIC""#, by: #""typ":"CIC","u":1"#, .extra("u")),
        Rejected(#""typ":"CIC""#, by: #""extra":{"a":"b"},"typ":"CIC""#, .extra("extra")),
        Rejected(#""typ":"CIC""#, by: #""extra":null,"typ":"CIC""#, .extra("extra")),
        Rejected(
            header.replacing(#""typ":"CIC""#, with: #""typ":"CIC","upk":{}"#),
            .header(.clientHeader, .json(.duplicateMember("upk", at: 108)))),
        Rejected(
            header.replacing(#""kty":"EC","#, with: #""kty":"EC","kty":"EC","#),
            .header(.clientHeader, .json(.duplicateMember("kty", at: 145)))),
    ]

    static let keys = [
        rejectedKey("ES256", upk.replacing(#","y":"\#(y)""#, with: "")),
        rejectedKey("ES256", upk.replacing(#""crv":"P-256","#, with: "")),
        rejectedKey("ES256", upk.replacing("P-256", with: "P-384")),
        rejectedKey("ES256", upk.replacing("P-256", with: "secp256k1")),
        rejectedKey("ES256", upk.replacing(#""EC""#, with: #""RSA""#)),
        rejectedKey("ES256", upk.replacing(#""crv""#, with: #""d":"AQ","crv""#)),
        rejectedKey("ES256", upk.replacing(#""kty""#, with: #""kid":"a","kty""#)),
        rejectedKey("ES256", edKey.replacing("EdDSA", with: "ES256")),
        rejectedKey("EdDSA", edKey.replacing("Ed25519", with: "X25519")),
        rejectedKey("EdDSA", edKey.replacing("Ed25519", with: "Ed448")),
        rejectedKey("EdDSA", edKey.replacing(#""kty""#, with: #""d":"AQ","kty""#)),
        rejectedKey("EdDSA", edKey.replacing(#","x""#, with: #","X""#)),
        rejectedKey("RS256", rsaKey.replacing(#""kty""#, with: #""d":"AQ","kty""#)),
        rejectedKey("RS256", rsaKey.replacing(#""e":"AQAB","#, with: "")),
        rejectedKey("RS256", rsaKey.replacing(#""kty""#, with: #""crv":"P-256","kty""#)),
        rejectedKey("RS256", #"{"alg":"RS256","k":"AAAA","kty":"oct"}"#),
        Rejected(x, by: "", .key("x is malformed")),
        Rejected(x, by: x + "=", .key("x is malformed")),
        Rejected(x, by: x.dropLast() + "Z", .key("x is malformed")),
        Rejected("\"\(y)\"", by: "1", .key("y is malformed")),
        Rejected(y, by: "AA\(y)", .key("y is malformed")),
        Rejected(x, by: "AAAA", .key("32 bytes each expected in x and y")),
        Rejected(y, by: "AAAA", .key("32 bytes each expected in x and y")),
        Rejected(x, by: "AA" + x.dropLast() + "YA", .key("32 bytes each expected in x and y")),
        Rejected(header(alg: "RS256", upk: rsaKey.replacing("AQAB", with: "A")), .key("e is malformed")),
        Rejected(header(alg: "RS256", upk: rsaKey.replacing(x, with: "")), .key("n is malformed")),
    ]

    static let forms = [
        Rejected(otherForm: #"{"alg":"ES256","rz":"\#(rz)","#, #"{"rz":"\#(rz)","alg":"ES256","#),
        Rejected(otherForm: #"{"alg":"ES256","crv":"P-256","#, #"{"crv":"P-256","alg":"ES256","#),
        Rejected(otherForm: #"{"alg""#, #"{ "alg""#),
        Rejected(otherForm: #""upk":{"#, #""upk": {"#),
        Rejected(otherForm: #""}}"#, "\"}}\n"),
        Rejected(otherForm: #""CIC""#, #""\u0043IC""#),
        Rejected(otherForm: #""typ""#, #""t\u0079p""#),
        Rejected(otherForm: #""typ":"CIC""#, #""typ":"CIC","upz":"early""#),
        Rejected(otherForm: #""rz""#, #""path":"a\/b","rz""#),
        Rejected(otherForm: #""rz""#, #""name":"\u00e9","rz""#),
        Rejected(otherForm: #""rz""#, #""name":"\u000a","rz""#),
    ]

    @Test("a client's header with a member missing or wrong is refused for its reason", arguments: members)
    func refusesMembers(_ row: Rejected) {
        #expect(throws: row.error) { try Self.parse(row.header) }
    }

    @Test("a upk that is not one public key, exactly, is refused for its reason", arguments: keys)
    func refusesKeys(_ row: Rejected) {
        #expect(throws: row.error) { try Self.parse(row.header) }
    }

    @Test("a header that says the same in another form is refused", arguments: forms)
    func refusesForms(_ row: Rejected) {
        #expect(throws: row.error) { try Self.parse(row.header) }
    }

    @Test("the key is the one in upk, whatever its type")
    func readsKeys() throws {
        let bytes = Array(Self.point[1..<33])
        #expect(try Self.parse(Self.header).key == .ecdsa(.p256, point: Self.point))
        #expect(try Self.parse(Self.header(alg: "EdDSA", upk: Self.edKey)).key == .ed25519(bytes))
        let rsa = try Self.parse(Self.header(alg: "RS256", upk: Self.rsaKey))
        #expect(rsa.key == .rsa(exponent: [1, 0, 1], modulus: bytes))
        #expect(rsa.algorithm == .rs256)
    }

    @Test("more texts are allowed, and committed to")
    func takesMoreTexts() throws {
        let header = Self.header.replacing(#""rz""#, with: #""extra":"é \" \n /<&>","rz""#)
        let client = try Self.parse(header)
        #expect(client.canonical == Array(header.utf8))
        #expect(try client.commitment() != (try Self.parse(Self.header).commitment()))
    }

    @Test("the commitment is 43 characters, and another salt gives another")
    func commits() throws {
        let commitment = try Self.parse(Self.header).commitment()
        #expect(commitment == "WuRu8TKtmiCsZeUGTaSZ3tDn9k2pz8DWg7fz0zsp3Dg")
        #expect(commitment.utf8.count == 43)
        let other = try Self.parse(Self.header.replacing("\"0123", with: "\"1123"))
        #expect(try other.commitment() != commitment)
    }
}
