import Encodings
import Testing

@testable import IdentityToken
@testable import TestSupport

/// Key sets as providers serve them, and the files that are made of those.
@Suite("Key sets as served")
struct ServedKeySetTests {
    private static let issuer: Text = "https://a"
    private static let time = UnixTime(seconds: 1000)
    private static let x = ClientClaimsTests.x
    private static let y = ClientClaimsTests.y
    /// The one key that a token of these tests names.
    private static let good = #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","kid":"good"}"#
    /// An odd number of 2048 bits.
    private static let n = Base64.url.encode([0x80] + [UInt8](repeating: 1, count: 255))

    private static func set(_ keys: String...) throws(TokenError) -> KeySet {
        let jwks = Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8)
        return try KeySet(jwks: jwks, issuer: issuer, fetchedAt: time)
    }

    @Test("a set has the issuer and the time that it was asked for, whatever it says of them itself")
    func knowsWhoseItIs() throws {
        let jwks = #"{"issuer":"https://b","fetched_at":"then","keys":[\#(Self.good)]}"#
        let set = try KeySet(jwks: Array(jwks.utf8), issuer: Self.issuer, fetchedAt: Self.time)
        #expect(set.issuer == Self.issuer)
        #expect(set.fetchedAt == Self.time)
        #expect(set.keys.count == 1)
    }

    // MARK: - Beside the key that is needed

    static let others = [
        // Encryption.
        #"{"kty":"RSA","n":"\#(n)","e":"AQAB","use":"enc","alg":"RSA-OAEP","kid":"other"}"#,
        #"{"kty":"RSA","n":"\#(n)","e":"AQAB","key_ops":["wrapKey"],"alg":"RSA-OAEP-256","kid":"other"}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","use":"enc","alg":"ECDH-ES+A256KW","kid":"other"}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","key_ops":["deriveKey"],"kid":"other"}"#,
        #"{"kty":"OKP","crv":"X25519","x":"\#(x)","use":"enc","kid":"other"}"#,
        #"{"kty":"OKP","crv":"X448","x":"AA","kid":"other"}"#,
        // Signatures by what we do not have.
        #"{"kty":"EC","crv":"secp256k1","x":"\#(x)","y":"\#(y)","use":"sig","alg":"ES256K","kid":"other"}"#,
        #"{"kty":"EC","crv":"P-384","x":"AA","y":"AA","use":"sig","alg":"ES384","kid":"other"}"#,
        #"{"kty":"EC","crv":"P-521","x":"AA","y":"AA","use":"sig","alg":"ES512","kid":"other"}"#,
        #"{"kty":"OKP","crv":"Ed448","x":"AA","use":"sig","alg":"Ed448","kid":"other"}"#,
        #"{"kty":"OKP","crv":"Ed448","x":"AA","use":"sig","alg":"EdDSA","kid":"other"}"#,
        #"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA","kid":"other"}"#,
        #"{"kty":"RSA","n":"\#(n)","e":"AQAB","use":"sig","alg":"RS512","kid":"other"}"#,
        #"{"kty":"RSA","n":"gQ","e":"AQ","use":"sig","alg":"RS256","kid":"other"}"#,
        // Keys of another type than is looked for, with all that Microsoft Entra and Keycloak put into them.
        #"{"kty":"RSA","n":"\#(n)","e":"AQAB","use":"sig","kid":"other","x5t":"AA","x5c":["MIIC=="],"#
            + #""cloud_instance_name":"microsoftonline.com","issuer":"https://login.microsoftonline.com/{tenantid}/v2.0"}"#,
        #"{"kty":"OKP","crv":"Ed25519","x":"\#(x)","alg":"Ed25519","use":"sig","x5t#S256":"AA","kid":"other"}"#,
        // Malformed.
        "{}", #"{"kid":"other"}"#, #"{"kty":null,"kid":"other"}"#, #"{"kty":1}"#, #"{"kty":"EC"}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","kid":1}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","kid":null}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","kid":["good"]}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","alg":["ES256"]}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","alg":null,"kid":"other"}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","use":["sig"]}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","use":null,"kid":"other"}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","key_ops":"verify"}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","key_ops":[1]}"#,
        #"{"kty":"EC","crv":"P-256","x":1,"y":null,"kid":"other"}"#,
    ]

    @Test("a key that is for something else or malformed does no harm to the one that is named", arguments: others)
    func toleratesOthers(key: String) throws {
        for set in [try Self.set(key, Self.good), try Self.set(Self.good, key)] {
            let expected = try #require(set.keys.first { $0.keyID == "good" })
            #expect(try set.key(named: "good", for: .es256) == expected)
            #expect(try set.key(named: nil, for: .es256) == expected)
        }
    }

    @Test("a key that is for something else or malformed is of no use for ES256 itself", arguments: others)
    func usesNoOthers(key: String) throws {
        let set = try Self.set(key)
        #expect(throws: TokenError.keyIDUnknown(nil)) { try set.key(named: nil, for: .es256) }
        #expect(set.keys[0].obstacle(to: .es256) != nil)
    }

    @Test("a set without any key of use is read all the same, and then has no key that fits")
    func readsUseless() throws {
        let set = try Self.set(#"{"kty":"OKP","crv":"Ed448","x":"AA","kid":"other"}"#)
        let misfit = TokenError.algorithm(.keyDoesNotFit(#"kty "OKP", crv "Ed448""#))
        #expect(throws: misfit) { try set.key(named: "other", for: .eddsa) }
    }

    @Test(
        "a secret or private key refuses the set, whatever it is for",
        arguments: [
            #"{"kty":"oct","k":"AAAA","use":"enc","alg":"A128KW"}"#, #"{"kty":"oct","use":"enc"}"#,
            #"{"kty":"OKP","crv":"X25519","x":"AA","d":"AA","use":"enc"}"#,
            #"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA","priv":"AA"}"#, #"{"kid":1,"d":"AA"}"#, #"{"kty":1,"k":"AA"}"#,
        ])
    func refusesSecrets(key: String) {
        #expect(throws: TokenError.keySet(.secretKey(index: 1))) { try Self.set(Self.good, key) }
    }

    static let notSets: [(String, TokenError.KeySetDefect)] = [
        ("", .json(.unexpected(at: 0))), ("<html>", .json(.unexpected(at: 0))), ("null", .member("keys")),
        ("[]", .member("keys")), ("{}", .member("keys")), (#"{"keys":{}}"#, .member("keys")),
        (#"{"keys":null}"#, .member("keys")), (#"{"keys":[]}"#, .noKeys),
        (#"{"keys":["good"]}"#, .key(index: 0, "a JSON object expected")),
        (#"{"keys":[{}],"keys":[{}]}"#, .json(.duplicateMember("keys", at: 13))),
        ("{\"keys\":[" + String(repeating: "{},", count: 100) + "{}]}", .tooManyKeys),
        ("{\"keys\":[{}]}" + String(repeating: "\n", count: KeySet.maximumCount - 12), .tooLarge),
    ]

    @Test("what is no key set is refused for its reason, as served and to be cached", arguments: notSets)
    func refuses(text: String, defect: TokenError.KeySetDefect) {
        let jwks = Array(text.utf8)
        #expect(throws: TokenError.keySet(defect)) {
            try KeySet(jwks: jwks, issuer: Self.issuer, fetchedAt: Self.time)
        }
        #expect(throws: TokenError.keySet(defect)) {
            try KeySet.cached(jwks: jwks, issuer: Self.issuer, jwksURI: "https://a/jwks", fetchedAt: Self.time)
        }
    }

    // MARK: - The cache

    private static func cached(_ jwks: String, at time: UnixTime = time) throws(TokenError) -> [UInt8] {
        try KeySet.cached(jwks: Array(jwks.utf8), issuer: issuer, jwksURI: "https://a/jwks", fetchedAt: time)
    }

    @Test("a cached set says when, from whom and from where, and keeps the keys whole")
    func writesCache() throws {
        let jwks = #"{ "issuer": "https://b", "keys": [ {"kty":"X","kid":"\u00e9\u0085","n":[1,2.5,null]} ], "m": 1 }"#
        let file = try Self.cached(jwks)
        let expected =
            #"{"fetched_at":1000,"issuer":"https://a","jwks_uri":"https://a/jwks","#
            + #""keys":[{"kty":"X","kid":"é\u0085","n":[1,2.5,null]}]}"# + "\n"
        #expect(file == Array(expected.utf8))
    }

    @Test("a cached set is read as the served one was")
    func readsCache() throws {
        let jwks = "{\"keys\":[\(([Self.good] + Self.others).joined(separator: ","))]}"
        let served = try KeySet(jwks: Array(jwks.utf8), issuer: Self.issuer, fetchedAt: Self.time)
        let cached = try KeySet(parsing: try Self.cached(jwks), issuer: Self.issuer)
        #expect(cached.keys == served.keys)
        #expect(cached.issuer == served.issuer)
        #expect(cached.fetchedAt == served.fetchedAt)
    }

    @Test("nothing is cached that would not be read: too large by what is added, or of before 1970")
    func writesNothingUnreadable() throws {
        func padded(_ count: Int) -> String {
            let start = #"{"keys":[{"kty":"X","pad":""#
            return start + String(repeating: "x", count: count - start.utf8.count - 4) + #""}]}"#
        }
        // `"fetched_at":1000,"issuer":"https://a","jwks_uri":"https://a/jwks",` and the line feed.
        let added = 68
        #expect(try Self.cached(padded(KeySet.maximumCount - added)).count == KeySet.maximumCount)
        #expect(throws: TokenError.keySet(.tooLarge)) { try Self.cached(padded(KeySet.maximumCount - added + 1)) }
        #expect(throws: TokenError.keySet(.member("fetched_at"))) {
            try Self.cached("{\"keys\":[\(Self.good)]}", at: UnixTime(seconds: -1))
        }
    }

    // MARK: - Whose tokens it verifies

    @Test("a set verifies no token of another issuer, by whichever key")
    func refusesOtherIssuers() throws {
        let token = try HandmadeToken(in: Scratch())
        let compact = try token.compact
        let jwks = Array("{\"keys\":[\(token.provider.jwk("key-1"))]}".utf8)
        for issuer in ["https://login.example.com/", "https://LOGIN.example.com", ""] as [Text] {
            let keys = try KeySet(jwks: jwks, issuer: issuer, fetchedAt: HandmadeToken.now)
            #expect(throws: TokenError.keySet(.issuer(issuer))) { try token.verify(compact, keys: keys) }
        }
        let own = try KeySet(jwks: jwks, issuer: HandmadeToken.issuer, fetchedAt: HandmadeToken.now)
        _ = try token.verify(compact, keys: own)
    }
}
