#ifndef CLIBCRYPTO_H
#define CLIBCRYPTO_H

// For its types and constants, and the types of its functions: the library itself is loaded when it is first wanted.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

/* A macro of macros, which Swift does not import. */
static const int PAIR_EVP_PKEY_PUBLIC_KEY = EVP_PKEY_PUBLIC_KEY;
static const int PAIR_EVP_PKEY_KEY_PARAMETERS = EVP_PKEY_KEY_PARAMETERS;
static const int PAIR_EVP_PKEY_KEYPAIR = EVP_PKEY_KEYPAIR;

#define CLIBCRYPTO_FUNCTIONS(each)         \
    each(BN_bin2bn)                        \
    each(BN_bn2binpad)                     \
    each(BN_clear_free)                    \
    each(BN_cmp)                           \
    each(BN_is_zero)                       \
    each(BN_set_flags)                     \
    each(ECDSA_SIG_free)                   \
    each(ECDSA_SIG_get0_r)                 \
    each(ECDSA_SIG_get0_s)                 \
    each(EC_GROUP_free)                    \
    each(EC_GROUP_get0_order)              \
    each(EC_GROUP_new_by_curve_name)       \
    each(EC_POINT_free)                    \
    each(EC_POINT_mul)                     \
    each(EC_POINT_new)                     \
    each(EC_POINT_point2oct)               \
    each(ERR_clear_error)                  \
    each(ERR_peek_last_error)              \
    each(EVP_Digest)                       \
    each(EVP_DigestSign)                   \
    each(EVP_DigestSignInit)               \
    each(EVP_DigestVerify)                 \
    each(EVP_DigestVerifyInit)             \
    each(EVP_MD_CTX_free)                  \
    each(EVP_MD_CTX_new)                   \
    each(EVP_PKEY_CTX_free)                \
    each(EVP_PKEY_CTX_new_from_name)       \
    each(EVP_PKEY_CTX_set_group_name)      \
    each(EVP_PKEY_CTX_set_rsa_padding)     \
    each(EVP_PKEY_CTX_set_rsa_pss_saltlen) \
    each(EVP_PKEY_free)                    \
    each(EVP_PKEY_fromdata)                \
    each(EVP_PKEY_fromdata_init)           \
    each(EVP_PKEY_generate)                \
    each(EVP_PKEY_get_bn_param)            \
    each(EVP_PKEY_get_octet_string_param)  \
    each(EVP_PKEY_get_size)                \
    each(EVP_PKEY_keygen_init)             \
    each(EVP_PKEY_set1_encoded_public_key) \
    each(EVP_sha256)                       \
    each(EVP_sha384)                       \
    each(EVP_sha3_256)                     \
    each(EVP_sha512)                       \
    each(OPENSSL_init_crypto)              \
    each(OSSL_PARAM_BLD_free)              \
    each(OSSL_PARAM_BLD_new)               \
    each(OSSL_PARAM_BLD_push_BN)           \
    each(OSSL_PARAM_BLD_push_utf8_string)  \
    each(OSSL_PARAM_BLD_to_param)          \
    each(OSSL_PARAM_free)                  \
    each(d2i_ECDSA_SIG)

/// libcrypto's functions that are in use, each by its own name and of its own type.
typedef struct {
#define CLIBCRYPTO_MEMBER(name) __typeof__(name) *_Nonnull name;
    CLIBCRYPTO_FUNCTIONS(CLIBCRYPTO_MEMBER)
} CLibcrypto;

/// Loads libcrypto. Where it cannot be had it says so on the standard error and aborts, as the dynamic loader would.
CLibcrypto clibcrypto_load(void);

#endif
