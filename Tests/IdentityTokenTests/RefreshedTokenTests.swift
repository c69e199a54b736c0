import Encodings
import Testing

@testable import IdentityToken
@testable import TestSupport

@Suite("Refreshed tokens")
struct RefreshedTokenTests {
    private static let now = HandmadeToken.now.seconds

    private static func rules(beyondTokenExpiry: Bool = false, renewableFor: Int64 = 12 * 3600) -> VerificationRules {
        VerificationRules(
            clientIDs: ["pair-ssh", "pair-too"], algorithms: [.es256], tokenTypes: ["JWT"], clockSkew: Seconds(30),
            keysLifetime: Seconds(300), renewableFor: Seconds(renewableFor), beyondTokenExpiry: beyondTokenExpiry)
    }

    /// A token of six hours ago.
    private static func original(in scratch: Scratch) throws -> HandmadeToken {
        var token = try HandmadeToken(in: scratch)
        token.claims["iat"] = "\(now - 6 * 3600)"
        token.claims["exp"] = "\(now - 5 * 3600)"
        return token
    }

    struct Refreshed: Sendable, CustomTestStringConvertible {
        let name: String
        var original: [String: String] = [:]
        /// Claims that differ from the original's; gone where empty.
        var claims: [String: String] = [:]
        var header: String?
        var rules = RefreshedTokenTests.rules()
        /// When it ends, relative to now, or the reason.
        let result: Result<Int64, TokenError>
        var testDescription: String { name }
    }

    private static func time(_ offset: Int64) -> UnixTime { UnixTime(seconds: now + offset) }
    private static func text(_ offset: Int64) -> String { "\(now + offset)" }

    static let identity = [
        Refreshed(name: "the same person", result: .success(270)),
        Refreshed(
            name: "another issuer", claims: ["iss": #""https://other""#], result: .failure(.refreshedIdentity("iss"))),
        Refreshed(name: "another subject", claims: ["sub": #""1""#], result: .failure(.refreshedIdentity("sub"))),
        Refreshed(
            name: "another subject of ours", claims: ["aud": #""pair-too""#],
            result: .failure(.refreshedIdentity("aud"))),
        Refreshed(
            name: "an audience more", claims: ["aud": #"["pair-ssh","x"]"#], result: .failure(.refreshedIdentity("aud"))
        ),
        Refreshed(name: "no audience", claims: ["aud": "[]"], result: .failure(.refreshedIdentity("aud"))),
        Refreshed(name: "the same audience as a list", claims: ["aud": #"["pair-ssh"]"#], result: .success(270)),
        Refreshed(
            name: "an azp that is not ours", claims: ["azp": #""x""#], result: .failure(.refreshedIdentity("aud"))),
        Refreshed(
            name: "two audiences the other way round",
            original: ["aud": #"["pair-ssh","x"]"#, "azp": #""pair-ssh""#],
            claims: ["aud": #"["x","pair-ssh"]"#], result: .success(270)),
        Refreshed(
            name: "two audiences, azp lost", original: ["aud": #"["pair-ssh","x"]"#, "azp": #""pair-ssh""#],
            claims: ["azp": ""], result: .failure(.refreshedIdentity("aud"))),
        Refreshed(
            name: "another auth_time", original: ["auth_time": "1"], claims: ["auth_time": "2"],
            result: .failure(.refreshedIdentity("auth_time"))),
        Refreshed(
            name: "auth_time as a float", original: ["auth_time": "1"], claims: ["auth_time": "1.0"],
            result: .success(270)),
        Refreshed(
            name: "auth_time cut", original: ["auth_time": "1"], claims: ["auth_time": "1.5"],
            result: .failure(.refreshedIdentity("auth_time"))),
        Refreshed(
            name: "auth_time lost", original: ["auth_time": "1"], claims: ["auth_time": ""], result: .success(270)),
        Refreshed(name: "auth_time won", claims: ["auth_time": "1"], result: .success(270)),
        Refreshed(
            name: "another sid", original: ["sid": #""a""#], claims: ["sid": #""b""#],
            result: .failure(.refreshedIdentity("sid"))),
        Refreshed(
            name: "a sid that is null", original: ["sid": #""a""#], claims: ["sid": "null"],
            result: .failure(.refreshedIdentity("sid"))),
        Refreshed(name: "the same sid", original: ["sid": #""a""#], claims: ["sid": #""a""#], result: .success(270)),
    ]

    static let nonces = [
        Refreshed(name: "the same nonce", claims: ["nonce": "SAME"], result: .success(270)),
        Refreshed(name: "another nonce", claims: ["nonce": #""x""#], result: .failure(.refreshedNonce)),
        Refreshed(name: "an empty nonce", claims: ["nonce": #""""#], result: .failure(.refreshedNonce)),
        Refreshed(name: "a nonce that is null", claims: ["nonce": "null"], result: .failure(.refreshedNonce)),
    ]

    static let times = [
        Refreshed(
            name: "a second older than the original", claims: ["iat": text(-6 * 3600 - 1)],
            result: .failure(.refreshedOrder)),
        Refreshed(
            name: "as old as the original", claims: ["iat": text(-6 * 3600)],
            result: .failure(.keysExpired(time(-6 * 3600 + 300)))),
        Refreshed(name: "at its Keys' end", claims: ["iat": text(-300)], result: .failure(.keysExpired(time(0)))),
        Refreshed(name: "a second before its Keys' end", claims: ["iat": text(-299)], result: .success(1)),
        Refreshed(name: "iat as far ahead as clocks may be", claims: ["iat": text(30)], result: .success(330)),
        Refreshed(
            name: "iat a second farther ahead", claims: ["iat": text(31)], result: .failure(.issuedInFuture(time(31)))),
        Refreshed(name: "nbf too far ahead", claims: ["nbf": text(31)], result: .failure(.notYetValid(time(31)))),
        Refreshed(name: "at its exp", claims: ["exp": text(0)], result: .failure(.refreshedExpired(time(0)))),
        Refreshed(name: "a second before its exp", claims: ["exp": text(1)], result: .success(1)),
        Refreshed(
            name: "past its exp, which does not count", claims: ["exp": text(-10)],
            rules: rules(beyondTokenExpiry: true), result: .success(270)),
        Refreshed(
            name: "of an original as old as it may be", rules: rules(renewableFor: 6 * 3600), result: .success(270)),
        Refreshed(
            name: "of an original a second older", rules: rules(renewableFor: 6 * 3600 - 1),
            result: .failure(.renewalTooOld(Seconds(6 * 3600)))),
        Refreshed(
            name: "of an original from the future", original: ["iat": text(31)], claims: ["iat": text(31)],
            result: .failure(.issuedInFuture(time(31)))),
    ]

    private static func claims(_ name: String, _ defect: TokenError.ClaimDefect) -> Refreshed {
        Refreshed(name: "without \(name)", claims: [name: ""], result: .failure(.claims(defect)))
    }

    static let shapes =
        ["iss", "sub", "aud", "iat", "exp"].map { claims($0, .missing($0)) } + [
            Refreshed(name: "iat as a string", claims: ["iat": #""1""#], result: .failure(.claims(.shape("iat")))),
            Refreshed(
                name: "a control character in its subject", claims: ["sub": #""a\n""#],
                result: .failure(.claims(.control("sub")))),
        ]

    static let headers = [
        Refreshed(name: "no typ", header: #"{"alg":"ES256","kid":"key-1"}"#, result: .success(270)),
        Refreshed(name: "no kid", header: #"{"alg":"ES256"}"#, result: .success(270)),
        Refreshed(
            name: "an access token", header: #"{"alg":"ES256","kid":"key-1","typ":"at+jwt"}"#,
            result: .failure(.refreshedSignature)),
        Refreshed(
            name: "a client's typ", header: #"{"alg":"ES256","kid":"key-1","typ":"CIC"}"#,
            result: .failure(.refreshedSignature)),
        Refreshed(name: "alg none", header: #"{"alg":"none","kid":"key-1"}"#, result: .failure(.refreshedSignature)),
        Refreshed(name: "no alg", header: #"{"kid":"key-1"}"#, result: .failure(.refreshedSignature)),
        Refreshed(
            name: "an algorithm not listed", header: #"{"alg":"EdDSA","kid":"key-1"}"#,
            result: .failure(.refreshedSignature)),
        Refreshed(name: "an unknown kid", header: #"{"alg":"ES256","kid":"x"}"#, result: .failure(.keyIDUnknown("x"))),
        Refreshed(
            name: "the kid of a key that does not fit", header: #"{"alg":"ES256","kid":"key-2"}"#,
            result: .failure(.algorithm(.keyDoesNotFit("it is an Ed25519 key")))),
    ]

    @Test(
        "a refreshed token counts for the same person, and until its own end",
        arguments: identity + nonces + times + shapes + headers)
    func judges(_ row: Refreshed) throws {
        var token = try Self.original(in: Scratch())
        token.claims.merge(row.original) { _, new in new }
        let nonce = "\"\(try token.commitment)\""
        let compact = try token.compact(header: row.header) { claims in
            for (name, value) in row.claims {
                claims[name] = value.isEmpty ? nil : value.replacing("SAME", with: nonce)
            }
        }
        let ed = #"{"kty":"OKP","crv":"Ed25519","x":"\#(ClientClaimsTests.x)","kid":"key-2"}"#
        let keys = try token.keys(and: ed)
        switch row.result {
        case .success(let end):
            let verified = try token.verify(compact, keys: keys, rules: row.rules)
            #expect(verified.isRefreshed)
            #expect(verified.end == Self.time(end))
        case .failure(let error):
            #expect(throws: error) { try token.verify(compact, keys: keys, rules: row.rules) }
        }
    }

    @Test("without its refreshed token the original has ended")
    func endsWithout() throws {
        let token = try Self.original(in: Scratch())
        let (compact, keys) = (try token.compact, try token.keys())
        #expect(throws: TokenError.tokenExpired(Self.time(-5 * 3600))) { try token.verify(compact, keys: keys) }
    }

    @Test("a claim that the refreshed token lacks is absent")
    func forgetsOldClaims() throws {
        let token = try Self.original(in: Scratch())
        let compact = try token.compact { claims in
            claims["email"] = nil
            claims["groups"] = #"["new"]"#
        }
        let verified = try token.verify(compact, keys: token.keys())
        #expect(verified.claims.email == nil)
        #expect(verified.claims.all["nonce"] == nil)
        #expect(verified.claims.all["groups"]?.elements == [.string("new")])
    }

    @Test("a refreshed token that the provider did not sign is refused")
    func refusesOtherSigners() throws {
        let scratch = try Scratch()
        let token = try Self.original(in: scratch)
        let keys = try token.keys()
        let byUser = try token.compact(refreshedBy: token.client)
        #expect(throws: TokenError.refreshedSignature) { try token.verify(byUser, keys: keys) }
        let good = try token.compact()
        _ = try token.verify(good, keys: keys)
        let bent = good.dropLast(4) + "AAAA"
        #expect(throws: TokenError.refreshedSignature) { try token.verify(String(bent), keys: keys) }
        // The refreshed token's own signature does not make up for the original's.
        let parts = good.split(separator: ":").map(String.init)
        let broken = [parts[0], parts[1], "AA", parts[3], parts[4]].joined(separator: ":")
        #expect(throws: TokenError.providerSignature) { try token.verify(broken, keys: keys) }
    }

    @Test("the original's commitment still counts, and not the refreshed token's")
    func keepsCommitment() throws {
        var token = try Self.original(in: Scratch())
        let commitment = try token.commitment
        token.claims["nonce"] = #""x""#
        let compact = try token.compact { $0["nonce"] = "\"\(commitment)\"" }
        let keys = try token.keys()
        #expect(throws: TokenError.commitment) { try token.verify(compact, keys: keys) }
    }
}
