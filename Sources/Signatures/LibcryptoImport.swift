internal import CLibcrypto

/// An `EVP_PKEY` of `parameters`, which the caller frees.
func importedKey(
    _ type: StaticString, _ parameters: borrowing KeyParameters, selection: Int32
) throws(LibcryptoError) -> OpaquePointer {
    guard let context = unsafe libcrypto.EVP_PKEY_CTX_new_from_name(nil, type.characters, nil) else {
        throw LibcryptoError(call: "EVP_PKEY_CTX_new_from_name")
    }
    defer { unsafe libcrypto.EVP_PKEY_CTX_free(context) }
    guard unsafe libcrypto.EVP_PKEY_fromdata_init(context) == 1 else {
        throw LibcryptoError(call: "EVP_PKEY_fromdata_init")
    }
    guard let list = unsafe libcrypto.OSSL_PARAM_BLD_to_param(parameters.builder) else {
        throw LibcryptoError(call: "OSSL_PARAM_BLD_to_param")
    }
    defer { unsafe libcrypto.OSSL_PARAM_free(list) }
    var key: OpaquePointer?
    guard unsafe libcrypto.EVP_PKEY_fromdata(context, &key, selection, list) == 1, let key = unsafe key else {
        throw LibcryptoError(call: "EVP_PKEY_fromdata")
    }
    return unsafe key
}

/// Gives `key` up.
@usableFromInline func freeKey(_ key: OpaquePointer) { unsafe libcrypto.EVP_PKEY_free(key) }

/// Owns one `BIGNUM`; wiped and freed when it goes out of scope, as it may be a secret.
@safe struct BigNumber: ~Copyable {
    let pointer: OpaquePointer

    /// An unsigned number, big-endian.
    init(_ magnitude: [UInt8]) throws(LibcryptoError) {
        guard let pointer = unsafe libcrypto.BN_bin2bn(magnitude, Int32(clamping: magnitude.count), nil) else {
            throw LibcryptoError(call: "BN_bin2bn")
        }
        unsafe self.pointer = pointer
    }

    /// An unsigned number, big-endian, with which libcrypto takes as long as with any other.
    init(_ secret: borrowing SecretBytes) throws(LibcryptoError) {
        let count = secret.count
        guard let pointer = unsafe secret.withPointer({ unsafe libcrypto.BN_bin2bn($0, Int32(clamping: count), nil) })
        else {
            throw LibcryptoError(call: "BN_bin2bn")
        }
        unsafe libcrypto.BN_set_flags(pointer, BN_FLG_CONSTTIME)
        unsafe self.pointer = pointer
    }

    deinit { unsafe libcrypto.BN_clear_free(pointer) }
}

/// Owns one `OSSL_PARAM_BLD`, the list of what a key is made of.
@safe struct KeyParameters: ~Copyable {
    fileprivate let builder: OpaquePointer

    init() throws(LibcryptoError) {
        guard let builder = unsafe libcrypto.OSSL_PARAM_BLD_new() else {
            throw LibcryptoError(call: "OSSL_PARAM_BLD_new")
        }
        unsafe self.builder = builder
    }

    deinit { unsafe libcrypto.OSSL_PARAM_BLD_free(builder) }

    /// Adds a number, which must live until the key is imported.
    func add(_ name: StaticString, _ number: borrowing BigNumber) throws(LibcryptoError) {
        guard unsafe libcrypto.OSSL_PARAM_BLD_push_BN(builder, name.characters, number.pointer) == 1 else {
            throw LibcryptoError(call: "OSSL_PARAM_BLD_push_BN")
        }
    }

    func add(_ name: StaticString, _ text: StaticString) throws(LibcryptoError) {
        guard unsafe libcrypto.OSSL_PARAM_BLD_push_utf8_string(builder, name.characters, text.characters, 0) == 1 else {
            throw LibcryptoError(call: "OSSL_PARAM_BLD_push_utf8_string")
        }
    }
}

extension StaticString {
    /// The literal as C has it: zero-terminated, for as long as the program runs.
    var characters: UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
