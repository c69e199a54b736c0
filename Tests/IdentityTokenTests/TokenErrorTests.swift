import Encodings
import Testing

@testable import IdentityToken

@Suite("TokenError")
struct TokenErrorTests {
    private static let time = UnixTime(seconds: 0)
    private static let date = "1970-01-01T00:00:00Z"

    static let described: [(TokenError, String)] = [
        (.tooLarge(40_000), "40000 bytes; at most 32768 are read"),
        (.segments(4, expected: 5), "5 segments expected, with a refreshed token behind them or not, 4 found"),
        (.segments(5, expected: 3), "3 segments of a signed ID token expected, 5 found"),
        (.base64(.payload), "payload: not strict base64url"),
        (.header(.providerHeader, .notText("kid")), "provider's header: kid must be a string"),
        (.header(.refreshedHeader, .forbidden("crit")), "refreshed token's header: crit is not supported"),
        (.header(.clientHeader, .notAnObject), "client's header: a JSON object expected"),
        (.role(.clientHeader, found: "a\n"), #"client's header: typ CIC expected, "a\x0a" found"#),
        (.role(.providerHeader, found: nil), "provider's header: typ JWT expected, none found"),
        (.cosigned, "a cosigner's signature: not supported"),
        (.clientHeader(.extra("a\"")), #"client's header: member "a\"" is not a string"#),
        (.clientHeader(.member("rz")), "client's header: rz is missing or malformed"),
        (.clientHeader(.algorithm), "client's header: alg must be ES256, EdDSA or RS256"),
        (.clientHeader(.keyAlgorithm), "client's header: upk has another alg than the header"),
        (.clientHeader(.key("x is malformed")), "client's header: upk: x is malformed"),
        (.claims(.json(.trailing(at: 3))), "claims: byte 3: bytes after the value"),
        (.claims(.notAnObject), "claims: a JSON object expected"),
        (.claims(.missing("sub")), "claims: sub is missing"),
        (.claims(.shape("sub")), "claims: sub has the wrong type or is empty"),
        (.claims(.time("exp")), "claims: exp is not a time between 1970 and 9999"),
        (.claims(.control("email")), "claims: email holds a control character"),
        (.audience([], authorizedParty: nil), "not issued to a client of ours: aud names nobody"),
        (
            .audience(["a", "b\n"], authorizedParty: "c"),
            #"not issued to a client of ours: aud "a", "b\x0a", azp "c""#
        ),
        (.tokenType("at+jwt"), #"typ "at+jwt" is not in the provider's token_types"#),
        (.tokenType(nil), "typ absent is not in the provider's token_types"),
        (.algorithm(.missing), "no alg in the provider's header"),
        (.algorithm(.unknown("\u{1B}")), #"alg "\x1b" is not supported"#),
        (.algorithm(.notListed(.rs256)), "alg RS256 is not in the provider's algorithms"),
        (.algorithm(.keyDoesNotFit("it is an RSA key")), "the key does not fit: it is an RSA key"),
        (.keySet(.issuer("x\r")), #"key set: of another issuer, "x\x0d""#),
        (.keySet(.secretKey(index: 2)), "key set: key 2: a secret or private key; whoever can read it can sign"),
        (.keySet(.key(index: 0, "kty must be a string")), "key set: key 0: kty must be a string"),
        (.keySet(.tooManyKeys), "key set: more than 100 keys"),
        (.keySet(.tooLarge), "key set: more than 262144 bytes"),
        (.keySet(.noKeys), "key set: no keys in it"),
        (.keySet(.member("keys")), "key set: keys is missing or malformed"),
        (.keySetStale(Seconds(90_000)), "the key set is 1 d 1 h old"),
        (.keySetInFuture(time), "the key set was fetched in the future, at \(date)"),
        (.keyIDUnknown("k\n"), #"no key "k\x0a" in the key set"#),
        (.keyIDUnknown(nil), "no kid, and no key fits"),
        (.keyIDAmbiguous("k"), #"several keys "k" in the key set"#),
        (.keyIDAmbiguous(nil), "no kid, and several keys fit"),
        (.issuedInFuture(time), "issued in the future, at \(date)"),
        (.notYetValid(time), "not valid before \(date)"),
        (.tokenExpired(time), "the ID token expired at \(date)"),
        (.keysExpired(time), "the Keys' lifetime ended at \(date)"),
        (.refreshedIdentity("sid"), "the refreshed token has another sid"),
        (.refreshedExpired(time), "the refreshed token expired at \(date)"),
        (.renewalTooOld(Seconds(45)), "the original sign-in was 45 s ago"),
    ]

    @Test(
        "each reason says what was expected and what was found, and quotes what came from outside", arguments: described
    )
    func describes(error: TokenError, text: String) {
        #expect("\(error)" == text)
    }
}
