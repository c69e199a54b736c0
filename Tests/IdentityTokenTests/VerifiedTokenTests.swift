import Encodings
import Testing

@testable import IdentityToken
@testable import TestSupport

@Suite("VerifiedToken")
struct VerifiedTokenTests {
    private static let issued = HandmadeToken.issuedAt

    private static func rules(
        skew: Int64 = 30, lifetime: Int64 = 300, beyondTokenExpiry: Bool = false,
        algorithms: [SigningAlgorithm] = SigningAlgorithm.allCases
    ) -> VerificationRules {
        VerificationRules(
            clientIDs: ["pair-ssh"], algorithms: algorithms, tokenTypes: ["JWT"], clockSkew: Seconds(skew),
            keysLifetime: Seconds(lifetime), renewableFor: Seconds(3600), beyondTokenExpiry: beyondTokenExpiry)
    }

    @Test("a token is verified whatever the keys sign with", arguments: JOSEKey.Kind.allCases)
    func verifies(kind: JOSEKey.Kind) throws {
        let scratch = try Scratch()
        let client = try JOSEKey(kind == .ps256 ? .es256 : kind, in: scratch, name: "client")
        let token = HandmadeToken(provider: try JOSEKey(kind, in: scratch, name: "provider"), client: client)
        let verified = try token.verify(token.compact, keys: token.keys())
        #expect(verified.claims.subject == "248289761001")
        #expect(verified.claims.email == "alice@example.com")
        #expect(!verified.isRefreshed)
        #expect(verified.end == UnixTime(seconds: Self.issued + 300))
    }

    struct Unwanted: Sendable, CustomTestStringConvertible {
        let name: String
        var clientIDs: [Text] = ["pair-ssh"]
        var algorithms: [SigningAlgorithm] = SigningAlgorithm.allCases
        var tokenTypes: [Text] = ["JWT"]
        let error: TokenError
        var testDescription: String { name }
    }

    static let unwanted = [
        Unwanted(
            name: "another client", clientIDs: ["pair"], error: .audience(["pair-ssh"], authorizedParty: nil)),
        Unwanted(name: "another type", tokenTypes: ["at+jwt"], error: .tokenType("JWT")),
        Unwanted(name: "another algorithm", algorithms: [.rs256], error: .algorithm(.notListed(.es256))),
    ]

    @Test("a token that a provider's rules do not want is refused before its key set matters", arguments: unwanted)
    func refusesUnwanted(_ row: Unwanted) throws {
        let scratch = try Scratch()
        let client = try JOSEKey(.es256, in: scratch, name: "client")
        let token = HandmadeToken(provider: try JOSEKey(.es256, in: scratch, name: "provider"), client: client)
        let rules = VerificationRules(
            clientIDs: row.clientIDs, algorithms: row.algorithms, tokenTypes: row.tokenTypes, clockSkew: Seconds(30),
            keysLifetime: Seconds(300), renewableFor: Seconds(3600), beyondTokenExpiry: false)
        let bound = try CompactToken(parsing: Array(token.compact.utf8)[...]).bound(to: client.publicKey)
        #expect(throws: row.error) { try bound.check(under: rules) }
        #expect(throws: row.error) { try bound.signed(by: try token.keys(), under: rules) }
    }

    @Test("the key set of another issuer verifies nothing, whatever keys are in it")
    func refusesOtherIssuersKeys() throws {
        let token = try HandmadeToken(in: Scratch())
        let jwks = Array("{\"keys\":[\(token.provider.jwk("key-1"))]}".utf8)
        let bound = try CompactToken(parsing: Array(token.compact.utf8)[...]).bound(to: token.client.publicKey)
        for (issuer, error) in [
            (HandmadeToken.issuer, nil), ("https://other.example.com", .keySet(.issuer("https://other.example.com"))),
        ] as [(Text, TokenError?)] {
            let keys = try KeySet(jwks: jwks, issuer: issuer, fetchedAt: HandmadeToken.now)
            if let error {
                #expect(throws: error) { try bound.signed(by: keys, under: Self.rules()) }
            } else {
                _ = try bound.signed(by: keys, under: Self.rules())
            }
        }
    }

    @Test("a key of the set that is no point of its curve verifies nothing, and says so")
    func refusesPointOffCurve() throws {
        let token = try HandmadeToken(in: Scratch())
        let one = Base64.url.encode([UInt8](repeating: 1, count: 32))
        let keys = try KeySet(testing: [#"{"kty":"EC","crv":"P-256","kid":"key-1","x":"\#(one)","y":"\#(one)"}"#])
        let bound = try CompactToken(parsing: Array(token.compact.utf8)[...]).bound(to: token.client.publicKey)
        #expect(throws: TokenError.algorithm(.keyDoesNotFit("a point of p256 expected"))) {
            try bound.signed(by: keys, under: Self.rules())
        }
    }

    // MARK: - Time

    struct Moment: Sendable, CustomTestStringConvertible {
        let name: String
        /// Claims that are other than usual, relative to the usual `iat`.
        var iat: Int64 = 0
        var exp: Int64 = 3600
        var nbf: Int64?
        var rules = VerifiedTokenTests.rules()
        /// When it is judged, relative to the usual `iat`.
        let now: Int64
        /// When it ends, relative to the usual `iat`, or the reason.
        let result: Result<Int64, TokenError>
        var testDescription: String { name }
    }

    private static func at(_ offset: Int64) -> UnixTime { UnixTime(seconds: issued + offset) }

    static let moments = [
        Moment(name: "just issued", now: 0, result: .success(300)),
        Moment(name: "a second before the Keys' end", now: 299, result: .success(300)),
        Moment(name: "at the Keys' end", now: 300, result: .failure(.keysExpired(at(300)))),
        Moment(name: "long after", now: 1_000_000_000, result: .failure(.tokenExpired(at(3600)))),
        Moment(name: "a second before exp", exp: 100, now: 99, result: .success(100)),
        Moment(name: "at exp", exp: 100, now: 100, result: .failure(.tokenExpired(at(100)))),
        Moment(name: "at exp and the Keys' end", exp: 300, now: 300, result: .failure(.tokenExpired(at(300)))),
        Moment(name: "exp at iat", exp: 0, now: 0, result: .failure(.tokenExpired(at(0)))),
        Moment(name: "exp before iat", exp: -10, now: 0, result: .failure(.tokenExpired(at(-10)))),
        Moment(
            name: "no skew for an end", exp: 100, rules: rules(skew: 3600), now: 100,
            result: .failure(.tokenExpired(at(100)))),
        Moment(
            name: "past exp, which does not count", exp: 100, rules: rules(beyondTokenExpiry: true), now: 299,
            result: .success(300)),
        Moment(
            name: "at the Keys' end, where exp does not count", exp: 100, rules: rules(beyondTokenExpiry: true),
            now: 300,
            result: .failure(.keysExpired(at(300)))),
        Moment(name: "iat as far ahead as clocks may be", now: -30, result: .success(300)),
        Moment(name: "iat a second farther ahead", now: -31, result: .failure(.issuedInFuture(at(0)))),
        Moment(
            name: "iat ahead where clocks are exact", rules: rules(skew: 0), now: -1,
            result: .failure(.issuedInFuture(at(0)))),
        Moment(name: "iat now where clocks are exact", rules: rules(skew: 0), now: 0, result: .success(300)),
        Moment(name: "nbf as far ahead as clocks may be", nbf: 40, now: 10, result: .success(300)),
        Moment(name: "nbf a second farther ahead", nbf: 41, now: 10, result: .failure(.notYetValid(at(41)))),
        Moment(name: "nbf past", nbf: -1, now: 10, result: .success(300)),
        Moment(name: "iat and nbf ahead", nbf: 1000, now: -31, result: .failure(.issuedInFuture(at(0)))),
        Moment(name: "a lifetime of no time", rules: rules(lifetime: 0), now: 0, result: .failure(.keysExpired(at(0)))),
        Moment(name: "a lifetime for ever", rules: rules(lifetime: .max), now: 3599, result: .success(3600)),
        Moment(
            name: "a lifetime for ever, exp not counting", rules: rules(lifetime: .max, beyondTokenExpiry: true),
            now: 1_000_000, result: .success(.max - issued)),
        Moment(name: "the end of time", now: .max - issued, result: .failure(.tokenExpired(at(3600)))),
        Moment(name: "the start of time", now: .min, result: .failure(.issuedInFuture(at(0)))),
        Moment(name: "skew for ever", rules: rules(skew: .max), now: -issued, result: .success(300)),
    ]

    @Test("a token holds from its start, give or take the clocks, until the first of its ends", arguments: moments)
    func judgesTime(_ row: Moment) throws {
        var token = try HandmadeToken(in: Scratch())
        token.claims["iat"] = "\(Self.issued + row.iat)"
        token.claims["exp"] = "\(Self.issued + row.exp)"
        token.claims["nbf"] = row.nbf.map { "\(Self.issued + $0)" }
        let now = UnixTime(
            seconds: Self.issued.addingReportingOverflow(row.now).overflow ? row.now : Self.issued + row.now)
        let (compact, keys) = (try token.compact, try token.keys())
        switch row.result {
        case .success(let end):
            #expect(try token.verify(compact, keys: keys, rules: row.rules, at: now).end == Self.at(end))
        case .failure(let error):
            #expect(throws: error) { try token.verify(compact, keys: keys, rules: row.rules, at: now) }
        }
    }

    // MARK: - Who signed what

    @Test(
        "a nonce that is not the very commitment refuses",
        arguments: [
            "null", "1", #""""#, #"["NONCE"]"#, #""NONCE=""#, #""NONCE ""#, #""nonce""#, #""UPPER""#, #""OTHER""#,
        ])
    func comparesCommitment(nonce: String) throws {
        var token = try HandmadeToken(in: Scratch())
        let commitment = try token.commitment
        token.claims["nonce"] =
            nonce.replacing("NONCE", with: commitment).replacing("UPPER", with: commitment.uppercased())
            .replacing("OTHER", with: String(commitment.dropLast()) + (commitment.hasSuffix("A") ? "E" : "A"))
        let (compact, keys) = (try token.compact, try token.keys())
        #expect(throws: TokenError.commitment) { try token.verify(compact, keys: keys) }
    }

    @Test("a commitment in another claim is none")
    func ignoresOtherClaims() throws {
        var token = try HandmadeToken(in: Scratch())
        token.claims["nonce"] = "\"\""
        token.claims["aud"] = "[\"pair-ssh\",\"\(try token.commitment)\"]"
        token.claims["azp"] = "\"pair-ssh\""
        token.claims["Nonce"] = "\"\(try token.commitment)\""
        let (compact, keys) = (try token.compact, try token.keys())
        #expect(throws: TokenError.commitment) { try token.verify(compact, keys: keys) }
    }

    @Test("a stolen ID token with another client's key is refused")
    func refusesStolenIDTokens() throws {
        let scratch = try Scratch()
        let victim = try HandmadeToken(in: scratch)
        var thief = HandmadeToken(provider: victim.provider, client: try JOSEKey(.es256, in: scratch, name: "thief"))
        thief.claims["nonce"] = "\"\(try victim.commitment)\""
        let (compact, keys) = (try thief.compact, try victim.keys())
        #expect(throws: TokenError.commitment) { try thief.verify(compact, keys: keys) }
        // And the whole token in a certificate for the thief's key.
        let stolen = try victim.compact
        #expect(throws: TokenError.clientKeyMismatch) { try thief.verify(stolen, keys: keys) }
    }

    @Test("signatures by others, and signatures of others, are refused")
    func refusesOtherSignatures() throws {
        let scratch = try Scratch()
        let token = try HandmadeToken(in: scratch)
        let impostor = try JOSEKey(.es256, in: scratch, name: "impostor")
        let keys = try token.keys()
        let parts = try token.compact.split(separator: ":").map(String.init)
        func swapped(_ index: Int, _ signer: JOSEKey, over header: Int, _ payload: String) throws -> String {
            var parts = parts
            parts[index] = Base64.url.encode(try signer.sign("\(parts[header]).\(payload)"))
            return parts.joined(separator: ":")
        }
        let byImpostor = try swapped(2, impostor, over: 1, parts[0])
        let byImpostorClient = try swapped(4, impostor, over: 3, parts[0])
        let overOther = try swapped(4, token.client, over: 3, "e30")
        let overProvidersHeader = try swapped(4, token.client, over: 1, parts[0])
        #expect(throws: TokenError.providerSignature) { try token.verify(byImpostor, keys: keys) }
        #expect(throws: TokenError.clientSignature) { try token.verify(byImpostorClient, keys: keys) }
        #expect(throws: TokenError.clientSignature) { try token.verify(overOther, keys: keys) }
        #expect(throws: TokenError.clientSignature) { try token.verify(overProvidersHeader, keys: keys) }
        let exchanged = [parts[0], parts[1], parts[4], parts[3], parts[2]].joined(separator: ":")
        #expect(throws: TokenError.clientSignature) { try token.verify(exchanged, keys: keys) }
    }

    @Test(
        "the key is found by kid, and a kid of another key does not help",
        arguments: [
            (#""kid":"key-1","#, nil), ("", .keyIDAmbiguous(nil)), (#""kid":"key-2","#, .providerSignature),
            (#""kid":"key-3","#, .algorithm(.keyDoesNotFit("it is an Ed25519 key"))),
            (#""kid":"key-4","#, .keyIDUnknown("key-4")),
            (#""kid":"","#, .keyIDUnknown("")),
        ] as [(String, TokenError?)])
    func findsKeys(kid: String, error: TokenError?) throws {
        let scratch = try Scratch()
        var token = try HandmadeToken(in: scratch)
        token.providerHeader = #"{"alg":"ES256",\#(kid)"typ":"JWT"}"#
        let other =
            #"{"kty":"EC","crv":"P-256","x":"\#(ClientClaimsTests.x)","y":"\#(ClientClaimsTests.y)","kid":"key-2"}"#
        let ed = #"{"kty":"OKP","crv":"Ed25519","x":"\#(ClientClaimsTests.x)","kid":"key-3"}"#
        let (compact, keys) = (try token.compact, try token.keys(and: other, ed))
        if let error {
            #expect(throws: error) { try token.verify(compact, keys: keys) }
        } else {
            _ = try token.verify(compact, keys: keys)
        }
    }

    @Test("a header's own keys are not followed, and an unlisted algorithm is refused")
    func ignoresHeaderKeys() throws {
        let scratch = try Scratch()
        let impostor = try JOSEKey(.es256, in: scratch, name: "impostor")
        let honest = try HandmadeToken(in: scratch)
        var token = HandmadeToken(provider: impostor, client: honest.client)
        token.providerHeader =
            #"{"alg":"ES256","jwk":\#(impostor.jwk("key-1")),"jku":"https://evil.example","kid":"key-1"}"#
        let (compact, keys) = (try token.compact, try honest.keys())
        #expect(throws: TokenError.providerSignature) { try token.verify(compact, keys: keys) }
        for (name, defect) in [
            ("none", TokenError.AlgorithmDefect.unknown("none")), ("HS256", .unknown("HS256")),
            ("RS256", .notListed(.rs256)), ("GQ256", .unknown("GQ256")),
        ] {
            token.providerHeader = #"{"alg":"\#(name)","kid":"key-1"}"#
            let compact = try token.compact
            #expect(throws: TokenError.algorithm(defect)) {
                try token.verify(compact, keys: keys, rules: Self.rules(algorithms: [.es256]))
            }
        }
    }
}
