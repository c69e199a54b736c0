internal import CLibcrypto
internal import CLibsodium

/// The hash functions in use.
///
/// Source: FIPS 180-4, FIPS 202.
public enum Digest: Sendable, CaseIterable {
    /// 32 bytes.
    case sha256
    /// 48 bytes.
    case sha384
    /// 64 bytes.
    case sha512
    /// 32 bytes; FIPS 202's, which differs from Keccak's in its padding.
    case sha3x256

    /// The hash of `message`.
    /// - Parameter message: Any bytes.
    /// - Returns: As many bytes as the case says.
    /// - Throws: `LibcryptoError` where libcrypto has no such hash or no memory.
    public func callAsFunction(_ message: [UInt8]) throws(LibcryptoError) -> [UInt8] {
        if self == .sha256 {
            // For a fingerprint alone libcrypto would first be set up, which takes longer than all else that is done
            // about a plain key. Never fails.
            var hash = [UInt8](repeating: 0, count: crypto_hash_sha256_bytes())
            _ = unsafe crypto_hash_sha256(&hash, message, UInt64(message.count))
            return hash
        }
        var hash = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard unsafe libcrypto.EVP_Digest(message, message.count, &hash, &count, algorithm, nil) == 1 else {
            throw LibcryptoError(call: "EVP_Digest")
        }
        return Array(hash.prefix(Int(count)))
    }

    /// Static storage of libcrypto's; never freed.
    var algorithm: OpaquePointer? {
        switch self {
        case .sha256: unsafe libcrypto.EVP_sha256()
        case .sha384: unsafe libcrypto.EVP_sha384()
        case .sha512: unsafe libcrypto.EVP_sha512()
        case .sha3x256: unsafe libcrypto.EVP_sha3_256()
        }
    }
}
