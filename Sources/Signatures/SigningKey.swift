internal import CLibsodium

/// Why some bytes are not a private key that we sign with.
public enum SigningKeyDefect: Error, Equatable, Sendable {
    case length(Int)
    case scalar
    case libcrypto(LibcryptoError)
}

extension SigningKeyDefect: CustomStringConvertible {
    /// What was expected and what was found, without a byte of it.
    public var description: String {
        switch self {
        case .length(let count): "\(SigningKey.secretCount) bytes of private key expected, \(count) found"
        case .scalar: "a P-256 scalar above zero and below the curve's order expected"
        case .libcrypto(let error): "\(error)"
        }
    }
}

/// A private key and its public half; its memory is wiped when it goes out of scope.
public struct SigningKey: ~Copyable, Sendable {
    /// The types of key that are made here.
    public enum Kind: Sendable, CaseIterable {
        /// Ed25519 (RFC 8032 §5.1).
        case ed25519
        /// ECDSA on P-256 with SHA-256 (FIPS 186-5 §6).
        case p256
    }

    /// How long a seed and a scalar are.
    static let secretCount = 32

    /// How long an uncompressed point of P-256 is.
    static let pointCount = 65

    // Not `private`: with a private enum here, the optimizer leaves references to symbols that it does not emit.
    enum Material: ~Copyable, Sendable {
        /// The seed, then the public key: what libsodium signs with.
        case ed25519(SecretBytes)
        case p256(LibcryptoPrivateKey)
    }

    private let material: Material

    /// Which type of key it is.
    public let kind: Kind

    /// The public half: 32 bytes for Ed25519; 65 for P-256, an uncompressed point.
    public let publicKey: [UInt8]

    /// A new key, from random numbers that nobody can guess.
    /// - Parameter kind: Which type of key.
    /// - Throws: `LibcryptoError`.
    public init(generating kind: Kind) throws(LibcryptoError) {
        self.kind = kind
        switch kind {
        case .ed25519:
            var publicKey = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
            let secret = SecretBytes(count: Int(crypto_sign_SECRETKEYBYTES))
            guard unsafe secret.withPointer({ unsafe crypto_sign_keypair(&publicKey, $0) }) == 0 else {
                throw LibcryptoError(call: "crypto_sign_keypair")
            }
            self.publicKey = publicKey
            material = .ed25519(secret)
        case .p256:
            let key = try LibcryptoPrivateKey()
            publicKey = try key.point()
            material = .p256(key)
        }
    }

    /// The Ed25519 key of a seed.
    /// - Parameter seed: 32 bytes, any; RFC 8032 calls them the private key.
    /// - Throws: `SigningKeyDefect.length`, `SigningKeyDefect.libcrypto`.
    public init(ed25519 seed: [UInt8]) throws(SigningKeyDefect) {
        guard seed.count == SigningKey.secretCount else { throw .length(seed.count) }
        var publicKey = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
        let secret = SecretBytes(count: Int(crypto_sign_SECRETKEYBYTES))
        guard unsafe secret.withPointer({ unsafe crypto_sign_seed_keypair(&publicKey, $0, seed) }) == 0 else {
            throw .libcrypto(LibcryptoError(call: "crypto_sign_seed_keypair"))
        }
        kind = .ed25519
        self.publicKey = publicKey
        material = .ed25519(secret)
    }

    /// The P-256 key of a scalar.
    /// - Parameter scalar: 32 bytes, big-endian, above zero and below the curve's order.
    /// - Throws: `SigningKeyDefect.length`, `SigningKeyDefect.scalar`, `SigningKeyDefect.libcrypto`.
    public init(p256 scalar: [UInt8]) throws(SigningKeyDefect) {
        guard scalar.count == SigningKey.secretCount else { throw .length(scalar.count) }
        let secret = SecretBytes(scalar)
        let point = try LibcryptoPrivateKey.point(of: secret)
        let key: LibcryptoPrivateKey
        do throws(LibcryptoError) {
            key = try LibcryptoPrivateKey(scalar: secret, point: point)
        } catch {
            throw .libcrypto(error)
        }
        kind = .p256
        publicKey = point
        material = .p256(key)
    }

    /// This key's signature over `message`.
    /// - Parameter message: What is signed, not its hash.
    /// - Returns: 64 bytes: RFC 8032's for Ed25519; `r ‖ s`, 32 bytes each, big-endian, for P-256.
    /// - Throws: `LibcryptoError` where it could not be made.
    public func signature(over message: [UInt8]) throws(LibcryptoError) -> [UInt8] {
        switch material {
        case .ed25519(let secret):
            var signature = [UInt8](repeating: 0, count: Int(crypto_sign_BYTES))
            let result = unsafe secret.withPointer {
                unsafe crypto_sign_detached(&signature, nil, message, UInt64(message.count), $0)
            }
            guard result == 0 else { throw LibcryptoError(call: "crypto_sign_detached") }
            return signature
        case .p256(let key):
            return try key.signature(over: message)
        }
    }

    /// What `body` makes of the seed or the scalar, 32 bytes.
    ///
    /// They are wiped behind it; copies that `body` makes or keeps are not.
    /// - Parameter body: Has them as long as it runs.
    /// - Returns: What `body` returns.
    public func withSecret<Result>(_ body: ([UInt8]) -> Result) -> Result {
        switch material {
        case .ed25519(let secret): secret.withCopy(prefix: SigningKey.secretCount, body)
        case .p256(let key): key.scalar.withCopy(prefix: SigningKey.secretCount, body)
        }
    }
}
