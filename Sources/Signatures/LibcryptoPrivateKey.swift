internal import CLibcrypto

/// Owns one `EVP_PKEY` that holds a private key of P-256; wiped and freed when it goes out of scope.
@usableFromInline @safe struct LibcryptoPrivateKey: ~Copyable, @unchecked Sendable {
    // Sendable: libcrypto counts what refers to a key atomically, and signing only reads it.
    @usableFromInline let pointer: OpaquePointer

    /// The private scalar once more, big-endian, 32 bytes.
    @usableFromInline let scalar: SecretBytes

    /// Makes a new key.
    /// - Throws: `LibcryptoError`.
    init() throws(LibcryptoError) {
        guard let context = unsafe libcrypto.EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else {
            throw LibcryptoError(call: "EVP_PKEY_CTX_new_from_name")
        }
        defer { unsafe libcrypto.EVP_PKEY_CTX_free(context) }
        guard unsafe libcrypto.EVP_PKEY_keygen_init(context) == 1 else {
            throw LibcryptoError(call: "EVP_PKEY_keygen_init")
        }
        guard unsafe libcrypto.EVP_PKEY_CTX_set_group_name(context, Curve.p256.libcryptoName.characters) == 1 else {
            throw LibcryptoError(call: "EVP_PKEY_CTX_set_group_name")
        }
        var key: OpaquePointer?
        guard unsafe libcrypto.EVP_PKEY_generate(context, &key) == 1, let key = unsafe key else {
            throw LibcryptoError(call: "EVP_PKEY_generate")
        }
        do throws(LibcryptoError) {
            scalar = unsafe try privateScalar(of: key)
        } catch {
            unsafe libcrypto.EVP_PKEY_free(key)
            throw error
        }
        unsafe pointer = key
    }

    /// Imports a key.
    /// - Parameters:
    ///   - scalar: Big-endian, above zero and below the curve's order: what `point(of:)` has taken.
    ///   - point: What `point(of:)` made of it.
    /// - Throws: `LibcryptoError`.
    init(scalar: consuming SecretBytes, point: [UInt8]) throws(LibcryptoError) {
        let parameters = try KeyParameters()
        let number = try BigNumber(scalar)
        try parameters.add("group", Curve.p256.libcryptoName)
        try parameters.add("priv", number)
        let key = unsafe try importedKey("EC", parameters, selection: PAIR_EVP_PKEY_KEYPAIR)
        // The builder only refers to it.
        extendLifetime(number)
        guard unsafe libcrypto.EVP_PKEY_set1_encoded_public_key(key, point, point.count) == 1 else {
            let error = LibcryptoError(call: "EVP_PKEY_set1_encoded_public_key")
            unsafe libcrypto.EVP_PKEY_free(key)
            throw error
        }
        unsafe pointer = key
        self.scalar = scalar
    }

    @inlinable deinit { unsafe freeKey(pointer) }

    /// The generator times `scalar`.
    /// - Parameter scalar: Big-endian.
    /// - Returns: The point, uncompressed.
    /// - Throws: `SigningKeyDefect.scalar` where it is zero or not below the order, `SigningKeyDefect.libcrypto`.
    static func point(of scalar: borrowing SecretBytes) throws(SigningKeyDefect) -> [UInt8] {
        guard let group = unsafe libcrypto.EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1) else {
            throw .libcrypto(LibcryptoError(call: "EC_GROUP_new_by_curve_name"))
        }
        defer { unsafe libcrypto.EC_GROUP_free(group) }
        let number: BigNumber
        do throws(LibcryptoError) { number = try BigNumber(scalar) } catch { throw .libcrypto(error) }
        guard unsafe libcrypto.BN_is_zero(number.pointer) == 0,
            unsafe libcrypto.BN_cmp(number.pointer, libcrypto.EC_GROUP_get0_order(group)) < 0
        else { throw .scalar }

        guard let point = unsafe libcrypto.EC_POINT_new(group) else {
            throw .libcrypto(LibcryptoError(call: "EC_POINT_new"))
        }
        defer { unsafe libcrypto.EC_POINT_free(point) }
        guard unsafe libcrypto.EC_POINT_mul(group, point, number.pointer, nil, nil, nil) == 1 else {
            throw .libcrypto(LibcryptoError(call: "EC_POINT_mul"))
        }
        extendLifetime(number)
        var bytes = [UInt8](repeating: 0, count: SigningKey.pointCount)
        let form = POINT_CONVERSION_UNCOMPRESSED
        guard unsafe libcrypto.EC_POINT_point2oct(group, point, form, &bytes, bytes.count, nil) == bytes.count else {
            throw .libcrypto(LibcryptoError(call: "EC_POINT_point2oct"))
        }
        return bytes
    }

    /// The public point, uncompressed.
    /// - Returns: 65 bytes.
    /// - Throws: `LibcryptoError`.
    func point() throws(LibcryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SigningKey.pointCount)
        var count = 0
        guard unsafe libcrypto.EVP_PKEY_get_octet_string_param(pointer, "pub", &bytes, bytes.count, &count) == 1,
            count == bytes.count
        else { throw LibcryptoError(call: "EVP_PKEY_get_octet_string_param") }
        return bytes
    }

    /// This key's ECDSA signature with SHA-256 over `message`.
    /// - Parameter message: What is signed, not its hash.
    /// - Returns: `r ‖ s`, 32 bytes each, big-endian.
    /// - Throws: `LibcryptoError`.
    func signature(over message: [UInt8]) throws(LibcryptoError) -> [UInt8] {
        guard let context = unsafe libcrypto.EVP_MD_CTX_new() else { throw LibcryptoError(call: "EVP_MD_CTX_new") }
        defer { unsafe libcrypto.EVP_MD_CTX_free(context) }
        let digest = unsafe Curve.p256.digest.algorithm
        guard unsafe libcrypto.EVP_DigestSignInit(context, nil, digest, nil, pointer) == 1 else {
            throw LibcryptoError(call: "EVP_DigestSignInit")
        }
        var count = unsafe Int(libcrypto.EVP_PKEY_get_size(pointer))
        var der = [UInt8](repeating: 0, count: count)
        guard unsafe libcrypto.EVP_DigestSign(context, &der, &count, message, message.count) == 1 else {
            throw LibcryptoError(call: "EVP_DigestSign")
        }
        return try halvesOfDER(Array(der.prefix(count)))
    }
}

/// The private half of `key`, big-endian, 32 bytes.
private func privateScalar(of key: OpaquePointer) throws(LibcryptoError) -> SecretBytes {
    var number: OpaquePointer?
    guard unsafe libcrypto.EVP_PKEY_get_bn_param(key, "priv", &number) == 1, let number = unsafe number else {
        throw LibcryptoError(call: "EVP_PKEY_get_bn_param")
    }
    defer { unsafe libcrypto.BN_clear_free(number) }
    let bytes = SecretBytes(count: SigningKey.secretCount)
    let written = unsafe bytes.withPointer { unsafe libcrypto.BN_bn2binpad(number, $0, Int32(SigningKey.secretCount)) }
    guard written == SigningKey.secretCount else { throw LibcryptoError(call: "BN_bn2binpad") }
    return bytes
}

/// `r ‖ s`, 32 bytes each, from the SEQUENCE of two INTEGERs that libcrypto writes.
///
/// Source: RFC 3279 §2.2.3, RFC 7518 §3.4.
private func halvesOfDER(_ der: [UInt8]) throws(LibcryptoError) -> [UInt8] {
    let signature = unsafe der.withUnsafeBufferPointer { bytes in
        var next = bytes.baseAddress
        return unsafe libcrypto.d2i_ECDSA_SIG(nil, &next, bytes.count)
    }
    guard let signature = unsafe signature else { throw LibcryptoError(call: "d2i_ECDSA_SIG") }
    defer { unsafe libcrypto.ECDSA_SIG_free(signature) }
    return unsafe try half(libcrypto.ECDSA_SIG_get0_r(signature)) + half(libcrypto.ECDSA_SIG_get0_s(signature))
}

private func half(_ number: OpaquePointer?) throws(LibcryptoError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Curve.p256.coordinateCount)
    guard unsafe libcrypto.BN_bn2binpad(number, &bytes, Int32(clamping: bytes.count)) == bytes.count else {
        throw LibcryptoError(call: "BN_bn2binpad")
    }
    return bytes
}
