"""Lines 1 to 5 of docs/threat-model.md: the provider's signature, its algorithm, its key."""

import base64
import datetime
import functools
import hashlib
import hmac

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from baseline import DROP, Login, b64u
from certificates import mpint
from patch import NULL
from registry import case as any_case
from registry import crafted, ok
from tokens import (
    ED25519_IDENTITY,
    EDDSA_FOR_ANYTHING,
    P256_ORDER,
    cube_root_forgery,
    der_instead_of_raw,
    eddsa_s_plus_order,
    key,
    pkcs1_block,
    short_es256,
    with_r,
    with_s,
)

case = functools.partial(any_case, idp="rsa")  # the provider signs with RS256, as most do


def mallory(kind="rsa"):
    return key("mallory", kind)


def hmac_with_public_key(encoding):
    """HS256 keyed with what everyone knows: the provider's public key."""

    def sign(message):
        public = key("provider", "rsa").private.public_key()
        text = public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        return hmac.digest(text, message, hashlib.sha256)

    return sign


# 1. alg none, HS256 keyed with the RSA public key, RS384, ES256K, rs256, None, missing.
NOT_ALLOWED = "alg-not-allowed"
case("a01-alg-none", "alg none over a signature that would verify as RS256", NOT_ALLOWED, op_header={"alg": "none"})
case("a01-alg-none-without-signature", "alg none with the empty signature that RFC 7515 gives it", "token-structure",
     op_header={"alg": "none"}, op_signature=b"")
case("a01-alg-none-capitalised", "alg None, which some libraries compared wrongly", NOT_ALLOWED,
     op_header={"alg": "None"})
case("a01-alg-hs256-public-key-pem", "HS256 keyed with the provider's public key as PEM", NOT_ALLOWED,
     op_header={"alg": "HS256"}, op_signer=hmac_with_public_key(serialization.Encoding.PEM))
case("a01-alg-hs256-public-key-der", "HS256 keyed with the provider's public key as DER", NOT_ALLOWED,
     op_header={"alg": "HS256"}, op_signer=hmac_with_public_key(serialization.Encoding.DER))
case("a01-alg-rs384", "a correct RS384 signature, an algorithm not listed", NOT_ALLOWED, alg="RS384")
case("a01-alg-es256k", "a correct ES256K signature by a secp256k1 key", NOT_ALLOWED, idp="secp256k1")
case("a01-alg-es384", "a correct ES384 signature by a P-384 key", NOT_ALLOWED, idp="p384")
case("a01-alg-rs256-lower-case", "alg rs256: names are case-sensitive", NOT_ALLOWED, op_header={"alg": "rs256"})
case("a01-alg-missing", "no alg at all", NOT_ALLOWED, op_header={"alg": DROP})
case("a01-alg-null", "alg is JSON null", NOT_ALLOWED, op_header={"alg": NULL})
case("a01-alg-empty", "alg is the empty string", NOT_ALLOWED, op_header={"alg": ""})
case("a01-alg-list", "alg is a list that holds RS256", NOT_ALLOWED, op_header={"alg": ["RS256"]})
case("a01-alg-not-on-providers-list", "ES256, verified correctly, where the provider is configured for RS256 only",
     NOT_ALLOWED, idp="p256", provider={"algorithms": ["RS256"]})
case("a01-cic-alg-none", "the client's own header says alg none", "cic-malformed",
     cic={"alg": "none", "upk": {"alg": "none"}})
case("a01-cic-alg-hs256", "the client's own header says alg HS256", "cic-malformed",
     cic={"alg": "HS256", "upk": {"alg": "HS256"}})

# 2. alg that does not fit the key's type; JWK alg ≠ header alg; JWK use enc; RSA under 2048 bits, exponent 1.
case("a02-es256-by-kid-of-rsa-key", "alg ES256 while the kid names an RSA key", NOT_ALLOWED,
     op_header={"alg": "ES256"}, op_signer=lambda message: mallory("p256").sign(message), jwk={"alg": DROP})
case("a02-rs256-by-kid-of-ec-key", "alg RS256 while the kid names a P-256 key", NOT_ALLOWED, idp="p256",
     op_header={"alg": "RS256"}, op_signer=lambda message: mallory().sign(message), jwk={"alg": DROP})
case("a02-eddsa-by-kid-of-p256-key", "alg EdDSA while the kid names a P-256 key", NOT_ALLOWED, idp="p256",
     op_header={"alg": "EdDSA"}, op_signer=lambda message: mallory("ed25519").sign(message), jwk={"alg": DROP})
case("a02-es256-by-kid-of-p384-key", "alg ES256 while the kid names a P-384 key", NOT_ALLOWED, idp="p384", alg="ES384",
     op_header={"alg": "ES256"}, jwk={"alg": DROP})
case("a02-eddsa-by-kid-of-x25519-key", "alg EdDSA while the kid names an X25519 key, which cannot sign", NOT_ALLOWED,
     idp="ed25519", jwk={"alg": DROP, "crv": "X25519"})
case("a02-jwk-alg-ps256-header-rs256", "the key is for PS256, the header says RS256", NOT_ALLOWED, jwk={"alg": "PS256"})
case("a02-jwk-alg-rs256-header-ps256", "the key is for RS256, the header says PS256", NOT_ALLOWED, alg="PS256",
     jwk={"alg": "RS256"})
case("a02-jwk-use-enc", "the key that the kid names is for encryption", NOT_ALLOWED, jwk={"use": "enc"})
case("a02-jwk-key-ops-encrypt", "the key that the kid names may not verify, by key_ops", NOT_ALLOWED,
     jwk={"use": DROP, "key_ops": ["encrypt", "wrapKey"]})
case("a02-rsa-1024", "a correct signature by a 1024-bit RSA key", NOT_ALLOWED, idp="rsa-1024")
case("a02-rsa-2040", "a correct signature by a 2040-bit RSA key, one byte short", NOT_ALLOWED, idp="rsa-2040")
case("a02-rsa-exponent-1", "exponent 1: the padded hash is its own signature", NOT_ALLOWED, jwk={"e": "AQ"},
     op_signer=pkcs1_block)
case("a02-rsa-exponent-even", "an even exponent, which no RSA key has", NOT_ALLOWED, jwk={"e": "AQAA"})
case("a02-user-rsa-1024", "the user's own key is RSA with 1024 bits", "key-type-unsupported", user="rsa-1024")
case("a02-user-rsa-exponent-1", "the user's own key is RSA with exponent 1", "key-type-unsupported", user="rsa",
     cert={"fields": lambda _: mpint(1) + mpint(key("alice", "rsa").private.public_key().public_numbers().n)})

# 3. ECDSA r or s zero or ≥ n; DER; 63 or 65 bytes; all zero. Ed25519 S ≥ L, small-order key.
SIGNATURE = "op-signature"
for name, about, change in [
    ("r-zero", "r is 0", with_r(0)),
    ("s-zero", "s is 0", with_s(0)),
    ("r-order", "r is the group's order", with_r(P256_ORDER)),
    ("s-order", "s is the group's order", with_s(P256_ORDER)),
    ("r-all-ones", "r is 2^256 - 1", with_r(2**256 - 1)),
    ("der", "DER where r ‖ s belongs", der_instead_of_raw),
    ("65-bytes", "65 bytes: r has a zero byte in front", lambda good: b"\0" + good),
    ("all-zero", "64 zero bytes (CVE-2022-21449)", bytes(64)),
]:
    case(f"a03-es256-{name}", f"the provider's ES256 signature: {about}", SIGNATURE, idp="p256", op_signature=change)
case("a03-es256-63-bytes", "the provider's ES256 signature: r's leading zero byte is left out", SIGNATURE, idp="p256",
     op_signer=lambda message: short_es256(key("provider", "p256"))(message))
for name, about, change in [
    ("s-order", "s is the group's order", with_s(P256_ORDER)),
    ("der", "DER where r ‖ s belongs", der_instead_of_raw),
    ("65-bytes", "65 bytes", lambda good: good + b"\0"),
    ("all-zero", "64 zero bytes", bytes(64)),
]:
    case(f"a03-cic-es256-{name}", f"the client's own ES256 signature: {about}", "cic-signature", cic_signature=change)
case("a03-cic-es256-63-bytes", "the client's own ES256 signature: r's leading zero byte is left out", "cic-signature",
     cic_signer=lambda message: short_es256(key("alice", "p256"))(message))
case("a03-eddsa-s-plus-order", "the provider's Ed25519 signature with S + L", SIGNATURE, idp="ed25519",
     op_signature=eddsa_s_plus_order)
case("a03-eddsa-all-zero", "the provider's Ed25519 signature is 64 zero bytes", SIGNATURE, idp="ed25519",
     op_signature=bytes(64))
case("a03-eddsa-63-bytes", "the provider's Ed25519 signature lacks its last byte", SIGNATURE, idp="ed25519",
     op_signature=lambda good: good[:-1])
case("a03-eddsa-small-order-key", "the provider's Ed25519 key is of order 1, so that R = A, S = 0 fits any message",
     SIGNATURE, idp="ed25519", jwk={"x": b64u(ED25519_IDENTITY)}, op_signature=EDDSA_FOR_ANYTHING)
case("a03-cic-eddsa-s-plus-order", "the client's own Ed25519 signature with S + L", "cic-signature", user="ed25519",
     cic_signature=eddsa_s_plus_order)
case("a03-rsa-257-bytes", "the provider's RS256 signature with a zero byte in front", SIGNATURE,
     op_signature=lambda good: b"\0" + good)
case("a03-rsa-ps256-under-rs256", "a PS256 signature under alg RS256", SIGNATURE, alg="PS256",
     op_header={"alg": "RS256"}, jwk={"alg": "RS256"})
case("a03-rsa-cube-root", "exponent 3 and Bleichenbacher's cube root, with garbage after the hash", SIGNATURE,
     jwk={"e": "Aw"}, op_signer=cube_root_forgery)
case("a03-rs256-bit-flip", "the provider's RS256 signature with one bit changed", SIGNATURE,
     op_signature=lambda good: good[:100] + bytes([good[100] ^ 1]) + good[101:])

# 4. Header jwk, jku, x5u, x5c naming the attacker's key; crit; b64: false.


def attackers_chain():
    """A self-signed X.509 certificate of the attacker's key, as `x5c` has it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "login.example.com")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, mallory().private.public_key(), 1, start, start.replace(year=2036))
    der = builder.sign(mallory().private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return base64.b64encode(der).decode()


by_mallory = {"op_signer": lambda message: mallory().sign(message, "RS256")}
for name, value in [
    ("jwk", lambda _: mallory().jwk()),
    ("jku", "https://evil.example/jwks.json"),
    ("x5u", "https://evil.example/chain.pem"),
    ("x5c", lambda _: [attackers_chain()]),
]:
    case(f"a04-header-{name}", f"header {name} offers the attacker's key, which signed, beside the provider's kid",
         SIGNATURE, op_header={name: value}, **by_mallory)
case("a04-header-jwk-with-its-kid", "header jwk and kid both name the attacker's key, which signed", "kid-unknown",
     op_header={"kid": "mallory-1", "jwk": lambda _: mallory().jwk(kid="mallory-1")}, **by_mallory)
case("a04-header-jwk-without-kid", "header jwk offers the attacker's key, which signed, and no kid is named", SIGNATURE,
     op_header={"kid": DROP, "jwk": lambda _: mallory().jwk()}, **by_mallory)
case("a04-crit", "the provider's header has crit", "token-structure", op_header={"crit": ["exp"], "exp": 1})
case("a04-crit-empty", "the provider's header has an empty crit", "token-structure", op_header={"crit": []})
case("a04-b64-false", "the provider's header has b64: false", "token-structure", op_header={"b64": False})
case("a04-b64-false-with-crit", "the provider's header has b64: false, named in crit as RFC 7797 wants it",
     "token-structure", op_header={"b64": False, "crit": ["b64"]})
case("a04-cic-crit", "the client's own header has crit", "token-structure", cic={"crit": ["rz"]})
case("a04-cic-jku", "the client's own header has a jku whose key signed", "cic-signature",
     cic={"jku": "https://evil.example/jwks.json"}, cic_signer=lambda message: mallory("p256").sign(message))
case("a04-refreshed-crit", "the refreshed token's header has crit", "token-structure",
     refreshed={"header": {"crit": ["exp"]}})
case("a04-refreshed-jwk", "the refreshed token's header offers the attacker's key, which signed", "refreshed-signature",
     refreshed={"header": {"jwk": lambda _: mallory().jwk()}, "signer": lambda message: mallory().sign(message)})
ok("ok-header-x5t-and-jku-not-followed", "x5t and jku in the header change nothing where the cached key verifies",
   line=4, idp="rsa", op_header={"x5t": "dGVzdA", "jku": "https://login.example.com/jwks"})

# 5. kid of another provider's key; no kid with several keys; a kid twice; kid with / or ...
case("a05-kid-of-another-provider", "the kid and the signature are another trusted provider's", "kid-unknown",
     second={}, op_header={"kid": "second-1"}, op_signer=lambda message: key("second", "rsa").sign(message))


@crafted("a05-kid-shared-by-two-providers", "both providers have this kid, and the other one's key signed", SIGNATURE)
def _():
    other = key("second", "rsa")
    return Login(idp="rsa", second={"keys": [other.jwk(kid="key-1")]}, op_signer=other.sign)


def second_key(**members):
    """The key set with one more RSA key of the same provider."""
    return {"keys": lambda keys: keys + [key("provider-2", "rsa").jwk(**members)]}


case("a05-no-kid-two-keys", "no kid, and two keys of the set fit", "kid-ambiguous", op_header={"kid": DROP},
     key_set=second_key(kid="key-2"))
case("a05-no-kid-no-key-fits", "no kid, and no key of the set fits the algorithm", "kid-unknown",
     op_header={"kid": DROP, "alg": "ES256"}, op_signer=lambda message: mallory("p256").sign(message))
case("a05-kid-twice", "two keys of the set have the kid", "kid-ambiguous", key_set=second_key(kid="key-1"))
case("a05-kid-twice-one-fits", "two keys of the set have the kid, of which one fits the algorithm", "kid-ambiguous",
     key_set={"keys": lambda keys: keys + [key("provider", "p256").jwk(kid="key-1")]})
case("a05-kid-path", "a kid that is a path to another key set", "kid-unknown", second={},
     op_header={"kid": "../keysets/second.json"})
case("a05-kid-absolute-path", "a kid that is an absolute path", "kid-unknown", op_header={"kid": "/etc/pair/pair.toml"})
case("a05-kid-other-case", "a kid that differs only in case", "kid-unknown", op_header={"kid": "KEY-1"})
case("a05-kid-empty", "an empty kid", "kid-unknown", op_header={"kid": ""})
case("a05-kid-number", "a kid that is a number", "token-structure", op_header={"kid": 1})
case("a05-kid-null", "a kid that is JSON null", "token-structure", op_header={"kid": NULL})
case("a05-key-without-kid", "a kid that no key has, since the only key has none", "kid-unknown", jwk={"kid": DROP})
