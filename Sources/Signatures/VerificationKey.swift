internal import CLibsodium

/// Why some numbers are not a public key that we verify with.
public enum KeyDefect: Error, Equatable, Sendable {
    case rsaModulus(bits: Int)
    case rsaExponent
    case notOnCurve(Curve)
    case length(Int)
    case libcrypto(LibcryptoError)
}

extension KeyDefect: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .rsaModulus(let bits):
            "an RSA modulus of \(VerificationKey.rsaBits.lowerBound) to \(VerificationKey.rsaBits.upperBound) bits "
                + "expected, \(bits) found"
        case .rsaExponent: "an odd RSA exponent of 3 to 2^64 expected"
        case .notOnCurve(let curve): "a point of \(curve) expected"
        case .length(let count): "32 bytes of Ed25519 key expected, \(count) found"
        case .libcrypto(let error): "\(error)"
        }
    }
}

/// The elliptic curves in use.
///
/// Source: FIPS 186-5, RFC 5656 §10.1.
public enum Curve: Sendable, CaseIterable {
    case p256
    case p384
    case p521

    /// How many bytes a coordinate has, and so each half of `r ‖ s`.
    public var coordinateCount: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }

    /// The hash that ECDSA uses with this curve, in SSH and in JOSE alike.
    public var digest: Digest {
        switch self {
        case .p256: .sha256
        case .p384: .sha384
        case .p521: .sha512
        }
    }

    var libcryptoName: StaticString {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        }
    }
}

/// How a signature is made, beyond what the key says.
public enum SignatureScheme: Equatable, Sendable {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2); as many bytes as the modulus.
    case rsaPKCS1(Digest)
    /// RSASSA-PSS with a salt as long as the hash (RFC 8017 §8.1, RFC 7518 §3.5).
    case rsaPSS(Digest)
    /// ECDSA with the curve's hash; `r ‖ s`, each as long as a coordinate, big-endian.
    case ecdsa
    /// Ed25519 (RFC 8032 §5.1); 64 bytes.
    case ed25519
}

/// A public key ready to check signatures; there is none that is off its curve or too weak.
public struct VerificationKey: ~Copyable {
    /// The sizes of RSA modulus that we accept: OpenSSH's and NIST's lower bound, libcrypto's upper.
    public static let rsaBits = 2048...16384

    enum Material: ~Copyable {
        case libcrypto(LibcryptoKey)
        case ed25519([UInt8])
    }

    private let material: Material

    /// An RSA key.
    /// - Parameters:
    ///   - modulus: Unsigned, big-endian; leading zeros are ignored.
    ///   - exponent: Unsigned, big-endian; leading zeros are ignored.
    /// - Throws: `KeyDefect.rsaModulus`, `KeyDefect.rsaExponent`, `KeyDefect.libcrypto`.
    public init(modulus: [UInt8], exponent: [UInt8]) throws(KeyDefect) {
        try VerificationKey.checkRSA(modulus: modulus, exponent: exponent)
        do throws(LibcryptoError) {
            material = .libcrypto(try LibcryptoKey(modulus: modulus, exponent: exponent))
        } catch {
            throw .libcrypto(error)
        }
    }

    /// An ECDSA key.
    /// - Parameters:
    ///   - curve: Its curve.
    ///   - point: Uncompressed: 4, then x and y, each as long as the curve's coordinates.
    /// - Throws: `KeyDefect.notOnCurve`, `KeyDefect.libcrypto`.
    public init(curve: Curve, point: [UInt8]) throws(KeyDefect) {
        guard point.count == 1 + 2 * curve.coordinateCount, point.first == 4 else { throw .notOnCurve(curve) }
        material = .libcrypto(try LibcryptoKey(curve: curve, point: point))
    }

    /// An Ed25519 key.
    /// - Parameter ed25519: 32 bytes; whether they are a point, and not one of small order, is checked with each signature.
    /// - Throws: `KeyDefect.length`.
    public init(ed25519: [UInt8]) throws(KeyDefect) {
        guard ed25519.count == 32 else { throw .length(ed25519.count) }
        material = .ed25519(ed25519)
    }

    /// Refuses numbers that are no RSA key of the strength we ask for, without libcrypto.
    /// - Parameters:
    ///   - modulus: Unsigned, big-endian.
    ///   - exponent: Unsigned, big-endian.
    /// - Throws: `KeyDefect.rsaModulus`, `KeyDefect.rsaExponent`.
    public static func checkRSA(modulus: [UInt8], exponent: [UInt8]) throws(KeyDefect) {
        let n = modulus.drop { $0 == 0 }
        let bits = n.count * 8 - (n.first?.leadingZeroBitCount ?? 0)
        guard rsaBits.contains(bits) else { throw .rsaModulus(bits: bits) }
        let e = exponent.drop { $0 == 0 }
        // 64 bits are libcrypto's own limit for large moduli: a longer exponent only costs time.
        guard let last = e.last, !last.isMultiple(of: 2), e.count <= 8, e.count > 1 || last >= 3 else {
            throw .rsaExponent
        }
    }

    /// Whether `signature` is this key's over `message`.
    /// - Parameters:
    ///   - signature: In the scheme's form; any other length is a signature that does not match.
    ///   - message: What was signed, not its hash.
    ///   - scheme: A scheme for another type of key does not match either.
    /// - Returns: `true` only for a signature that was checked and matches.
    /// - Throws: `LibcryptoError` where the check could not be made.
    public func verifies(
        _ signature: [UInt8], over message: [UInt8], scheme: SignatureScheme
    ) throws(LibcryptoError) -> Bool {
        switch material {
        case .libcrypto(let key):
            switch (scheme, key.curve) {
            case (.rsaPKCS1(let digest), nil):
                return try key.verifies(signature, over: message, digest: digest, padding: .pkcs1)
            case (.rsaPSS(let digest), nil):
                return try key.verifies(signature, over: message, digest: digest, padding: .pss)
            case (.ecdsa, let curve?) where signature.count == 2 * curve.coordinateCount:
                return try key.verifies(derOfHalves(signature), over: message, digest: curve.digest, padding: nil)
            case (.rsaPKCS1, _), (.rsaPSS, _), (.ecdsa, _), (.ed25519, _): return false
            }
        case .ed25519(let key):
            return scheme == .ed25519 && verifiesEd25519(signature, over: message, key: key)
        }
    }
}

/// libsodium refuses an `s` that is not reduced, and keys and `R` of small order.
private func verifiesEd25519(_ signature: [UInt8], over message: [UInt8], key: [UInt8]) -> Bool {
    guard signature.count == 64, key.count == 32 else { return false }  // it reads that many, whatever it is given
    return unsafe crypto_sign_verify_detached(signature, message, UInt64(message.count), key) == 0
}

/// `r ‖ s` as the SEQUENCE of two INTEGERs that libcrypto reads.
///
/// Source: RFC 3279 §2.2.3, X.690 §8.3.
private func derOfHalves(_ halves: [UInt8]) -> [UInt8] {
    func header(_ tag: UInt8, _ count: Int) -> [UInt8] {
        // 2 × (66 + 1 + 2) is the most there is: one byte of length behind 0x81 suffices.
        count < 0x80 ? [tag, UInt8(count)] : [tag, 0x81, UInt8(truncatingIfNeeded: count)]
    }
    func integer(_ half: ArraySlice<UInt8>) -> [UInt8] {
        let significant = Array(half.drop { $0 == 0 })
        let magnitude = (significant.first ?? 0x80) < 0x80 ? significant : [0] + significant
        return header(0x02, magnitude.count) + magnitude
    }
    let body = integer(halves.prefix(halves.count / 2)) + integer(halves.suffix(halves.count / 2))
    return header(0x30, body.count) + body
}
