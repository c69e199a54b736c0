import Encodings
import SSHKeys
import Signatures
import Testing

@testable import IdentityToken
@testable import TestSupport

/// The tokens that a client makes, of a provider and keys that openssl plays.
@Suite("Assembling")
struct AssemblingTests {
    private static let salt = [UInt8](repeating: 0xAB, count: 32)

    /// The ID token that `token`'s provider would give for a sign-in with `client`'s commitment.
    private static func idToken(of token: HandmadeToken, for client: ClientClaims) throws -> [UInt8] {
        var token = token
        token.claims["nonce"] = "\"\(try client.commitment())\""
        return Array(try token.provider.compact(header: token.providerHeader, payload: token.payload).utf8)
    }

    private static func assembled(
        _ idToken: [UInt8], client: ClientClaims, signedBy key: JOSEKey
    ) throws(TokenError) -> CompactToken {
        try CompactToken(idToken: idToken[...], client: client) { (message) throws(TokenError) in
            do {
                return try key.sign(String(decoding: message, as: UTF8.self))
            } catch {
                throw .libcrypto(LibcryptoFailure(description: "\(error)"))
            }
        }
    }

    // MARK: - The client's claims

    @Test("claims are written as the canonical header and read as they were", arguments: [JOSEKey.Kind.es256, .eddsa])
    func writesHeader(kind: JOSEKey.Kind) throws {
        let key = try JOSEKey(kind, in: Scratch(), name: "client")
        let client = try ClientClaims(for: key.publicKey, salt: Self.salt)
        let rz = String(repeating: "ab", count: 32)
        let header = #"{"alg":"\#(kind.rawValue)","rz":"\#(rz)","typ":"CIC","upk":{\#(key.members)}}"#
        #expect(client.canonical == Array(header.utf8))
        #expect(client.key == key.publicKey)
        #expect(client.algorithm.rawValue == kind.rawValue)
        #expect(try client.commitment() == Base64.url.encode(Digest.sha3x256(Array(header.utf8))))
    }

    @Test("published headers and commitments come of their keys and salts", .enabled(if: Vectors.areExpected))
    func agreesWithVectors() throws {
        var made = 0
        for row in try #require(try Vectors.read("pk-token.json")["cic_hash_vectors"]?.elements).compactMap(\.object) {
            let text = try #require(row["cic_canonical_json"]?.text)
            let header = try #require(try JSON(parsing: Array(text.utf8)).object)
            // Members beyond the four are other clients' habit.
            guard header["extra"] == nil else { continue }
            let upk = try #require(header["upk"]?.object)
            let coordinates = try ["x", "y"].map { name in
                try #require(upk[name]?.text.flatMap { Base64.url.decode($0.utf8) })
            }
            let salt = try bytes(ofHex: try #require(header["rz"]?.text))
            let client = try ClientClaims(for: .ecdsa(.p256, point: [4] + coordinates.joined()), salt: salt)
            #expect(client.canonical == Array(text.utf8))
            #expect(Text(try client.commitment()) == row["commitment"]?.text)
            made += 1
        }
        #expect(made == 3)
    }

    private func bytes(ofHex text: Text) throws -> [UInt8] {
        let digits = Array(text.utf8)
        return try stride(from: 0, to: digits.count, by: 2).map { start in
            try #require(UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16))
        }
    }

    @Test("a salt of any other size is refused", arguments: [0, 1, 16, 31, 33, 64])
    func refusesSalts(count: Int) {
        #expect(throws: TokenError.clientHeader(.member("rz"))) {
            try ClientClaims(for: .ed25519([UInt8](repeating: 1, count: 32)), salt: [UInt8](repeating: 0, count: count))
        }
    }

    static let otherKeys: [(PublicKey, String)] = [
        (.ecdsa(.p384, point: [4] + [UInt8](repeating: 1, count: 96)), "ecdsa-sha2-nistp384"),
        (.rsa(exponent: [1, 0, 1], modulus: [UInt8](repeating: 0xFF, count: 256)), "ssh-rsa"),
        (.skEd25519([UInt8](repeating: 1, count: 32), application: []), "sk-ssh-ed25519@openssh.com"),
        (.skECDSA(point: ClientClaimsTests.point, application: []), "sk-ecdsa-sha2-nistp256@openssh.com"),
        (.mldsa44Ed25519([UInt8](repeating: 1, count: 1344)), "ssh-mldsa44-ed25519@openssh.com"),
        // Of another shape than their type has.
        (.ed25519([UInt8](repeating: 1, count: 31)), "ssh-ed25519"),
        (.ecdsa(.p256, point: [2] + [UInt8](repeating: 1, count: 64)), "ecdsa-sha2-nistp256"),
        (.ecdsa(.p256, point: [4] + [UInt8](repeating: 1, count: 63)), "ecdsa-sha2-nistp256"),
        (.ecdsa(.p256, point: []), "ecdsa-sha2-nistp256"),
    ]

    @Test("a key of another type or shape makes no claims", arguments: otherKeys)
    func refusesKeys(key: PublicKey, name: String) {
        let what = "an Ed25519 or P-256 key expected, \(name) found"
        #expect(throws: TokenError.clientHeader(.key(what))) { try ClientClaims(for: key, salt: Self.salt) }
    }

    // MARK: - The token

    @Test(
        "an assembled token is verified, whatever client and provider sign with",
        arguments: [JOSEKey.Kind.es256, .eddsa], JOSEKey.Kind.allCases)
    func assembles(clientKind: JOSEKey.Kind, providerKind: JOSEKey.Kind) throws {
        let scratch = try Scratch()
        let token = HandmadeToken(
            provider: try JOSEKey(providerKind, in: scratch, name: "provider"),
            client: try JOSEKey(clientKind, in: scratch, name: "client"))
        let client = try ClientClaims(for: token.client.publicKey, salt: Self.salt)
        let idToken = try Self.idToken(of: token, for: client)
        let compact = try Self.assembled(idToken, client: client, signedBy: token.client)

        let header = Base64.url.encode(client.canonical)
        let parts = idToken.split(separator: UInt8(ascii: ".")).map { String(decoding: $0, as: UTF8.self) }
        let signature = Base64.url.encode(try token.client.sign("\(header).\(parts[1])"))
        let text = String(decoding: compact.text, as: UTF8.self)
        // ECDSA's signature is another one each time.
        let expected = "\(parts[1]):\(parts[0]):\(parts[2]):\(header):"
        #expect(clientKind == .es256 ? text.hasPrefix(expected) : text == expected + signature)
        #expect(!compact.hasRefreshedToken)
        #expect(try token.verify(text, keys: token.keys()).claims.subject == "248289761001")
    }

    @Test("an assembled token for another nonce, or signed by another key, is not verified")
    func verifiesNothingElse() throws {
        let scratch = try Scratch()
        let token = try HandmadeToken(in: scratch)
        let other = try JOSEKey(.es256, in: scratch, name: "other")
        let (client, keys) = (try ClientClaims(for: token.client.publicKey, salt: Self.salt), try token.keys())
        let idToken = try Self.idToken(of: token, for: client)

        let salted = try ClientClaims(for: token.client.publicKey, salt: [0] + Self.salt.dropFirst())
        let uncommitted = try Self.assembled(idToken, client: salted, signedBy: token.client)
        #expect(throws: TokenError.commitment) {
            try token.verify(String(decoding: uncommitted.text, as: UTF8.self), keys: keys)
        }
        let signedByOther = try Self.assembled(idToken, client: client, signedBy: other)
        #expect(throws: TokenError.clientSignature) {
            try token.verify(String(decoding: signedByOther.text, as: UTF8.self), keys: keys)
        }
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let idToken: String
        let error: TokenError
        var testDescription: String { quoted(idToken) }

        init(_ idToken: String, _ error: TokenError) {
            self.idToken = idToken
            self.error = error
        }
    }

    private static let op = Base64.url.encode(Array(#"{"alg":"RS256"}"#.utf8))
    private static func op(_ header: String) -> String { Base64.url.encode(Array(header.utf8)) }

    static let idTokens = [
        Rejected("", .segments(1, expected: 3)),
        Rejected("opaque", .segments(1, expected: 3)),
        Rejected("\(op).e30", .segments(2, expected: 3)),
        // Encrypted (RFC 7516 §7.1).
        Rejected("\(op).AA.AA.AA.AA", .segments(5, expected: 3)),
        Rejected("..", .base64(.payload)),
        Rejected("\(op)..AA", .base64(.payload)),
        Rejected(".e30.AA", .base64(.providerHeader)),
        Rejected("\(op).e30.", .base64(.providerSignature)),
        Rejected("\(op).e30.AA==", .base64(.providerSignature)),
        Rejected("\(op).e30.AA\n", .base64(.providerSignature)),
        Rejected("\(op).e30:\(op):AA:\(op).AA", .segments(8, expected: 5)),
        Rejected("\(op):AA.e30.AA", .segments(6, expected: 5)),
        Rejected("\(op("{")).e30.AA", .header(.providerHeader, .json(.unexpected(at: 1)))),
        Rejected(#"\#(op(#"{"crit":[]}"#)).e30.AA"#, .header(.providerHeader, .forbidden("crit"))),
        Rejected(#"\#(op(#"{"typ":"CIC"}"#)).e30.AA"#, .role(.providerHeader, found: "CIC")),
        Rejected(#"\#(op(#"{"typ":"COS"}"#)).e30.AA"#, .role(.providerHeader, found: "COS")),
    ]

    @Test("an ID token of another form is refused for its reason", arguments: idTokens)
    func refusesIDTokens(_ row: Rejected) throws {
        let client = try ClientClaims(for: .ecdsa(.p256, point: ClientClaimsTests.point), salt: Self.salt)
        #expect(throws: row.error) {
            try CompactToken(idToken: Array(row.idToken.utf8)[...], client: client) { _ in [0] }
        }
    }

    @Test("an ID token too large for the whole is refused")
    func boundsSize() throws {
        let client = try ClientClaims(for: .ecdsa(.p256, point: ClientClaimsTests.point), salt: Self.salt)
        let rest = "::::".utf8.count + Self.op.utf8.count + 2 + Base64.url.encode(client.canonical).utf8.count + 2
        func idToken(_ count: Int) -> [UInt8] {
            Array("\(Self.op).\(String(repeating: "A", count: count - rest)).AA".utf8)
        }
        let most = CompactToken.maximumCount
        #expect(try CompactToken(idToken: idToken(most)[...], client: client) { _ in [0] }.text.count == most)
        #expect(throws: TokenError.tooLarge(most + 1)) {
            try CompactToken(idToken: idToken(most + 1)[...], client: client) { _ in [0] }
        }
    }

    @Test("a failure to sign is thrown on, and nothing of a signature left out is made up")
    func failsToSign() throws {
        let client = try ClientClaims(for: .ecdsa(.p256, point: ClientClaimsTests.point), salt: Self.salt)
        let idToken = Array("\(Self.op).e30.AA".utf8)
        let failure = TokenError.libcrypto(LibcryptoFailure(description: "locked"))
        #expect(throws: failure) {
            try CompactToken(idToken: idToken[...], client: client) { (_) throws(TokenError) in throw failure }
        }
        #expect(throws: TokenError.base64(.clientSignature)) {
            try CompactToken(idToken: idToken[...], client: client) { _ in [] }
        }
    }

    // MARK: - Renewal

    /// A token whose signatures nobody looks at here.
    private static let original = Array("e30:\(op):AA:\(op(ClientClaimsTests.header)):AA".utf8)

    @Test("a token is renewed, renewed again, and taken back to what it was")
    func renews() throws {
        let token = try CompactToken(parsing: Self.original[...])
        let (first, second) = (Array("\(Self.op).e30.AQ".utf8), Array("\(Self.op).e30.Ag".utf8))
        let renewed = try token.renewed(with: first[...])
        #expect(renewed.hasRefreshedToken)
        #expect(renewed.text == token.text + ".".utf8 + first)
        let again = try renewed.renewed(with: second[...])
        #expect(again.text == token.text + ".".utf8 + second)
        #expect(try again.withoutRefreshedToken().text == token.text)
        #expect(try !again.withoutRefreshedToken().hasRefreshedToken)
        #expect(try token.withoutRefreshedToken().text == token.text)
    }

    @Test("a slice of something longer is the token's text, and no more")
    func takesSlices() throws {
        let text = Self.original
        let idToken = Array("\(Self.op).e30.AQ".utf8)
        let token = try CompactToken(parsing: (".:".utf8 + text + ".:".utf8)[2..<2 + text.count])
        #expect(token.text == text)
        let renewed = try token.renewed(with: (".:".utf8 + idToken + ":.".utf8)[2..<2 + idToken.count])
        #expect(renewed.text == text + ".".utf8 + idToken)
    }

    static let refreshedTokens = [
        Rejected("", .segments(1, expected: 3)),
        Rejected("opaque", .segments(1, expected: 3)),
        Rejected("\(op).AA.AA.AA.AA", .segments(5, expected: 3)),
        Rejected("\(op).e30.", .base64(.refreshedSignature)),
        Rejected("\(op).e30.AA:\(op)", .segments(6, expected: 5)),
        Rejected("\(op).e30.AA.\(op).e30.AA", .segments(6, expected: 3)),
        Rejected("\(op("[]")).e30.AA", .header(.refreshedHeader, .notAnObject)),
    ]

    @Test("a refreshed token of another form is refused for its reason", arguments: refreshedTokens)
    func refusesRefreshedTokens(_ row: Rejected) throws {
        let token = try CompactToken(parsing: Self.original[...])
        #expect(throws: row.error) { try token.renewed(with: Array(row.idToken.utf8)[...]) }
    }

    @Test("each truncation of an assembled token is refused, where it is read or where it is verified")
    func refusesTruncations() throws {
        let token = try HandmadeToken(in: Scratch())
        let client = try ClientClaims(for: token.client.publicKey, salt: Self.salt)
        let compact = try Self.assembled(Self.idToken(of: token, for: client), client: client, signedBy: token.client)
        let keys = try token.keys()
        let text = compact.text
        let signatureStart = try #require(text.lastIndex(of: UInt8(ascii: ":")))
        for count in text.indices {
            let cut = Result { () throws(TokenError) in try CompactToken(parsing: text[..<count]) }
            guard case .success(let token) = cut else { continue }
            // Only the last segment can still be one when cut, and then it is no signature of the client's.
            #expect(count > signatureStart)
            #expect(throws: TokenError.clientSignature, "\(count) bytes") { try token.bound(to: client.key) }
        }
        _ = try token.verify(String(decoding: text, as: UTF8.self), keys: keys)
    }
}
