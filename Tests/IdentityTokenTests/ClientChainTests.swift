import Encodings
import IdentityToken
import Testing

@testable import TestSupport

/// What a client does with a token before it writes anything: with nothing but what IdentityToken has for everybody.
@Suite("A client's own check of its token")
struct ClientChainTests {
    private static let now = HandmadeToken.now
    private static let salt = [UInt8](repeating: 7, count: 32)

    /// As a login is decided, by the same code: see KeysPath of Decision.
    private func verified(
        _ compact: CompactToken, client: ClientClaims, keys: KeySet, at now: UnixTime = now
    ) throws -> VerifiedToken {
        let bound = try compact.bound(to: client.key)
        #expect(bound.claims.issuer == keys.issuer)
        return try bound.signed(by: keys, under: HandmadeToken.rules).committed().verified(at: now)
    }

    private func assembled(_ token: HandmadeToken, client: ClientClaims) throws -> CompactToken {
        let idToken = Array(try token.provider.compact(header: token.providerHeader, payload: token.payload).utf8)
        return try CompactToken(idToken: idToken[...], client: client) { (message) throws(TokenError) in
            do {
                return try token.client.sign(String(decoding: message, as: UTF8.self))
            } catch {
                throw .libcrypto(LibcryptoFailure(description: "\(error)"))
            }
        }
    }

    @Test("a new token and a renewed one are verified as the server would, over a key set as it is served")
    func verifies() throws {
        var token = try HandmadeToken(in: Scratch())
        let client = try ClientClaims(for: token.client.publicKey, salt: Self.salt)
        token.claims["nonce"] = "\"\(try client.commitment())\""
        let compact = try assembled(token, client: client)
        let jwks = Array("{\"keys\":[\(token.provider.jwk("key-1"))]}".utf8)
        let keys = try KeySet(jwks: jwks, issuer: "https://login.example.com", fetchedAt: Self.now)
        #expect(try verified(compact, client: client, keys: keys).end == Self.now + Seconds(240))

        // Refreshed after an hour, as most providers do it: with no nonce.
        let later = Self.now + Seconds(3600)
        #expect(throws: TokenError.tokenExpired(UnixTime(seconds: HandmadeToken.issuedAt + 3600))) {
            try verified(compact, client: client, keys: keys, at: later)
        }
        token.claims["nonce"] = #""another""#
        token.claims["iat"] = "\(later.seconds)"
        token.claims["exp"] = "\(later.seconds + 3600)"
        let foreign = try token.provider.compact(header: token.providerHeader, payload: token.payload)
        #expect(throws: TokenError.refreshedNonce) {
            try verified(compact.renewed(with: Array(foreign.utf8)[...]), client: client, keys: keys, at: later)
        }
        token.claims["nonce"] = "\"\(try client.commitment())\""
        let own = try token.provider.compact(header: token.providerHeader, payload: token.payload)
        let renewed = try compact.renewed(with: Array(own.utf8)[...])
        let result = try verified(renewed, client: client, keys: keys, at: later)
        #expect(result.isRefreshed)
        #expect(result.end == later + Seconds(300))
    }

    @Test("a provider that drops the nonce, or makes one of its own, can be told from the claims")
    func tellsDroppedNonce() throws {
        var token = try HandmadeToken(in: Scratch())
        let client = try ClientClaims(for: token.client.publicKey, salt: Self.salt)
        let keys = try token.keys()
        for (nonce, expected) in [("null", JSON.null), (#""x""#, .string("x"))] {
            token.claims["nonce"] = nonce
            let compact = try assembled(token, client: client)
            #expect(throws: TokenError.commitment) { try verified(compact, client: client, keys: keys) }
            #expect(try compact.bound(to: client.key).claims.all["nonce"] == expected)
        }
    }
}
