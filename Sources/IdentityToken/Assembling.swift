internal import Encodings
public import SSHKeys
internal import Signatures

// The client's side. Whatever is made here goes through the very code that a host reads it with, and is nothing that
// this code would not take.

extension ClientClaims {
    /// How many bytes of salt a client takes.
    public static let saltCount = 32

    /// The claims of a client that is to sign with `key`; their `commitment()` is the nonce to sign in with.
    /// - Parameters:
    ///   - key: An Ed25519 key, which signs by EdDSA, or one on P-256, by ES256.
    ///   - salt: 32 random bytes, new ones for each sign-in, so that its nonce is like none before.
    /// - Throws: `TokenError.clientHeader`.
    public init(for key: PublicKey, salt: [UInt8]) throws(TokenError) {
        guard salt.count == ClientClaims.saltCount else { throw .clientHeader(.member("rz")) }
        let (algorithm, members) = try ClientClaims.members(of: key)
        var upk = JSON.Object()
        upk.add("alg", algorithm.rawValue)
        for (name, value) in members { upk.add(name, value) }
        var header = JSON.Object()
        header.add("alg", algorithm.rawValue)
        header.add("rz", hex(salt))
        header.add("typ", "CIC")
        header.add("upk", .object(upk))
        try self.init(header, received: JSON.object(header).canonical)
    }

    /// The members of a public JWK but `alg`, and the algorithm that such a key signs by.
    private static func members(
        of key: PublicKey
    ) throws(TokenError) -> (SigningAlgorithm, [(name: Text, value: String)]) {
        switch key {
        case .ed25519(let bytes) where bytes.count == 32:
            return (.eddsa, [("crv", "Ed25519"), ("kty", "OKP"), ("x", Base64.url.encode(bytes))])
        case .ecdsa(.p256, let point) where point.count == 65 && point.first == 4:
            let (x, y) = (Base64.url.encode(point[1..<33]), Base64.url.encode(point[33...]))
            return (.es256, [("crv", "P-256"), ("kty", "EC"), ("x", x), ("y", y)])
        case .ed25519, .ecdsa, .rsa, .skEd25519, .skECDSA, .mldsa44Ed25519:
            throw .clientHeader(.key("an Ed25519 or P-256 key expected, \(key.algorithm.rawValue) found"))
        }
    }
}

extension CompactToken {
    /// The token of an ID token, signed by the client too.
    ///
    /// Nothing is verified yet, not even that `sign` has the key: `bound(to:)` and what follows do that.
    /// - Parameters:
    ///   - idToken: As the provider gave it, in JWT form.
    ///   - client: What the ID token's nonce should commit to.
    ///   - sign: Signs a message with the client's key as JOSE has it, 64 bytes.
    /// - Throws: What `init(parsing:)` throws, `TokenError.segments` for an ID token that is not signed alone, and what
    ///   `sign` does.
    public init(
        idToken: ArraySlice<UInt8>, client: ClientClaims, sign: ([UInt8]) throws(TokenError) -> [UInt8]
    ) throws(TokenError) {
        let segments = idToken.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard segments.count == 3 else { throw .segments(segments.count, expected: 3) }
        let (header, payload, signature) = (segments[0], segments[1], segments[2])
        let clientHeader = Array(Base64.url.encode(client.canonical).utf8)
        // The header of a JWS comes first in what is signed, and in a PK token the payload they share.
        let clientSignature = Base64.url.encode(try sign(clientHeader + ".".utf8 + payload))
        let text = [payload, header, signature, clientHeader[...], Array(clientSignature.utf8)[...]]
        try self.init(parsing: Array(text.joined(separator: ":".utf8))[...])
    }

    /// The token as it stands in the certificate.
    public var text: [UInt8] { Array(received) }

    /// The token with a refreshed one behind it, in place of an older one.
    ///
    /// Whether it is of the same person and sign-in is for `CommittedToken.verified(at:)` to say, as with any token.
    /// - Parameter idToken: As the provider gave it on a refresh, in JWT form.
    /// - Returns: The renewed token, not verified.
    /// - Throws: What `init(parsing:)` throws.
    public func renewed(with idToken: ArraySlice<UInt8>) throws(TokenError) -> CompactToken {
        try CompactToken(parsing: (original + ".".utf8 + idToken)[...])
    }

    /// The token as it was before any renewal.
    /// - Returns: The original, not verified.
    /// - Throws: What `init(parsing:)` throws, which has taken it before.
    public func withoutRefreshedToken() throws(TokenError) -> CompactToken {
        try CompactToken(parsing: original)
    }

    /// Nothing in front of a refreshed token has a full stop in it.
    private var original: ArraySlice<UInt8> { received.prefix { $0 != UInt8(ascii: ".") } }
}
