internal import CLibcrypto

/// Owns one `EVP_PKEY` that holds a public key; freed when it goes out of scope.
@usableFromInline @safe struct LibcryptoKey: ~Copyable {
    /// The curve of an EC key, `nil` for RSA.
    let curve: Curve?

    @usableFromInline let pointer: OpaquePointer

    /// Imports an RSA key.
    /// - Parameters:
    ///   - modulus: Unsigned, big-endian.
    ///   - exponent: Unsigned, big-endian.
    /// - Throws: `LibcryptoError`.
    init(modulus: [UInt8], exponent: [UInt8]) throws(LibcryptoError) {
        let parameters = try KeyParameters()
        let n = try BigNumber(modulus)
        let e = try BigNumber(exponent)
        try parameters.add("n", n)
        try parameters.add("e", e)
        let key = unsafe try importedKey("RSA", parameters, selection: PAIR_EVP_PKEY_PUBLIC_KEY)
        // The builder only refers to them.
        extendLifetime(n)
        extendLifetime(e)
        curve = nil
        unsafe pointer = key
    }

    /// Imports a point of `curve`; libcrypto checks that it lies on it and is not the point at infinity.
    /// - Parameters:
    ///   - curve: Which.
    ///   - point: Uncompressed.
    /// - Throws: `KeyDefect.notOnCurve`, `KeyDefect.libcrypto`.
    init(curve: Curve, point: [UInt8]) throws(KeyDefect) {
        let key: OpaquePointer
        do throws(LibcryptoError) {
            let parameters = try KeyParameters()
            try parameters.add("group", curve.libcryptoName)
            unsafe key = try importedKey("EC", parameters, selection: PAIR_EVP_PKEY_KEY_PARAMETERS)
        } catch {
            throw .libcrypto(error)
        }
        guard unsafe libcrypto.EVP_PKEY_set1_encoded_public_key(key, point, point.count) == 1 else {
            libcrypto.ERR_clear_error()
            unsafe libcrypto.EVP_PKEY_free(key)
            throw .notOnCurve(curve)
        }
        self.curve = curve
        unsafe pointer = key
    }

    @inlinable deinit { unsafe freeKey(pointer) }

    /// Whether `signature`, in libcrypto's own form, is this key's over `message`.
    /// - Parameters:
    ///   - signature: PKCS #1 or PSS bytes for RSA, DER for ECDSA.
    ///   - message: What was signed, not its hash.
    ///   - digest: The hash that the signature scheme names.
    ///   - padding: RSA's padding; `nil` for ECDSA.
    /// - Returns: `false` for any signature that does not match, malformed ones included.
    /// - Throws: `LibcryptoError` where the check could not be made.
    func verifies(
        _ signature: [UInt8], over message: [UInt8], digest: Digest, padding: RSAPadding?
    ) throws(LibcryptoError) -> Bool {
        // For RSA as long as the modulus (RFC 8017 §8.1.2 and §8.2.2); libcrypto lets PSS miss leading zeros.
        if padding != nil, unsafe signature.count != Int(libcrypto.EVP_PKEY_get_size(pointer)) { return false }
        guard let context = unsafe libcrypto.EVP_MD_CTX_new() else { throw LibcryptoError(call: "EVP_MD_CTX_new") }
        defer { unsafe libcrypto.EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?  // owned by `context`
        guard unsafe libcrypto.EVP_DigestVerifyInit(context, &keyContext, digest.algorithm, nil, pointer) == 1 else {
            throw LibcryptoError(call: "EVP_DigestVerifyInit")
        }
        if let padding, unsafe libcrypto.EVP_PKEY_CTX_set_rsa_padding(keyContext, padding.rawValue) != 1 {
            throw LibcryptoError(call: "EVP_PKEY_CTX_set_rsa_padding")
        }
        // RFC 7518 §3.5: the salt is as long as the hash, and MGF1 uses the same hash (libcrypto's default).
        if padding == .pss, unsafe libcrypto.EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, RSA_PSS_SALTLEN_DIGEST) != 1 {
            throw LibcryptoError(call: "EVP_PKEY_CTX_set_rsa_pss_saltlen")
        }
        let matches =
            unsafe libcrypto.EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        // A mismatch leaves entries behind that a later failure would otherwise report as its own.
        if !matches { libcrypto.ERR_clear_error() }
        return matches
    }
}

/// RSA's two signature paddings, by libcrypto's numbers.
enum RSAPadding: Int32 {
    /// RSASSA-PKCS1-v1_5, `RSA_PKCS1_PADDING`.
    case pkcs1 = 1
    /// RSASSA-PSS, `RSA_PKCS1_PSS_PADDING`.
    case pss = 6
}
