internal import Encodings
public import SSHKeys
internal import Signatures

/// The client instance claims: the protected header by which a client commits to its key.
///
/// Source: docs/token.md "CIC header".
public struct ClientClaims: Sendable {
    /// `upk`: the key that the client signs with.
    public let key: PublicKey

    /// `alg`; never PS256.
    public let algorithm: SigningAlgorithm

    /// The header as received, which is its canonical form.
    let canonical: [UInt8]

    init(_ members: JSON.Object, received: [UInt8]) throws(TokenError) {
        for member in members.members where member.name != "upk" && member.value.text == nil {
            throw .clientHeader(.extra(member.name))
        }
        guard let salt = members["rz"]?.text?.utf8, salt.count == 64, salt.allSatisfy(isLowerHex) else {
            throw .clientHeader(.member("rz"))
        }
        guard let name = members["alg"]?.text, let algorithm = Self.algorithm(name) else {
            throw .clientHeader(.algorithm)
        }
        guard let key = members["upk"]?.object else { throw .clientHeader(.member("upk")) }
        guard key["alg"]?.text == name else { throw .clientHeader(.keyAlgorithm) }
        self.algorithm = algorithm
        self.key = try Self.publicKey(key, for: algorithm)
        // Hashing what was received, and only where no other bytes could mean the same.
        guard JSON.object(members).canonical == received else { throw .clientHeaderNotCanonical }
        canonical = received
    }

    /// Clients spell EdDSA in one way only, unlike providers.
    private static func algorithm(_ name: Text) -> SigningAlgorithm? {
        switch name {
        case "ES256": .es256
        case "EdDSA": .eddsa
        case "RS256": .rs256
        default: nil
        }
    }

    private static func publicKey(_ key: JSON.Object, for algorithm: SigningAlgorithm) throws(TokenError) -> PublicKey {
        func isMade(of names: [Text]) -> Bool {
            key.members.count == names.count && names.allSatisfy { key[$0] != nil }
        }
        func bytes(_ name: Text) throws(TokenError) -> [UInt8] {
            guard let bytes = key[name]?.text.flatMap({ Base64.url.decode(Array($0.utf8)) }), !bytes.isEmpty else {
                throw .clientHeader(.key("\(name.string) is malformed"))
            }
            return bytes
        }
        switch (algorithm, key["kty"]?.text, key["crv"]?.text) {
        case (.es256, "EC", "P-256") where isMade(of: ["alg", "crv", "kty", "x", "y"]):
            let (x, y) = (try bytes("x"), try bytes("y"))
            guard x.count == 32, y.count == 32 else { throw .clientHeader(.key("32 bytes each expected in x and y")) }
            return .ecdsa(.p256, point: [4] + x + y)
        case (.eddsa, "OKP", "Ed25519") where isMade(of: ["alg", "crv", "kty", "x"]):
            return .ed25519(try bytes("x"))
        case (.rs256, "RSA", nil) where isMade(of: ["alg", "e", "kty", "n"]):
            return .rsa(exponent: try bytes("e"), modulus: try bytes("n"))
        case (.es256, _, _), (.eddsa, _, _), (.rs256, _, _), (.ps256, _, _):
            throw .clientHeader(.key("not the members of one public key for \(algorithm.rawValue)"))
        }
    }

    /// What the provider's nonce must be: base64url of the header's SHA3-256, 43 characters.
    ///
    /// - Returns: The commitment.
    /// - Throws: `TokenError.libcrypto`.
    public func commitment() throws(TokenError) -> String {
        do throws(LibcryptoError) {
            return Base64.url.encode(try Digest.sha3x256(canonical))
        } catch {
            throw .libcrypto(LibcryptoFailure(error))
        }
    }
}

private func isLowerHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}
