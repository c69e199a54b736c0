internal import CLibcrypto

/// libcrypto's functions; the library is loaded when one of them is first wanted.
let libcrypto = clibcrypto_load()

/// Loads libcrypto for a process that checks signatures and has no other use for it, and has it read its settings.
///
/// What such a process never asks for stays out: the words of libcrypto's errors, and its second list of all digests and
/// ciphers, by which a certificate of X.509 or a password's file would name one.
/// Source: OPENSSL_init_crypto(3).
public func prepareToVerify() {
    let without =
        OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS
    // Where it fails, so does the digest, and what needs libcrypto after that.
    _ = libcrypto.OPENSSL_init_crypto(UInt64(without), nil)
    _ = try? Digest.sha512([])
}
