"""Keys, JWS and PK tokens: what a provider and a user's client would make.

JWS signatures come from joserfc, wrong ones from plain `cryptography` or arithmetic; nothing here is pair's own code.
Keys are made anew in each run and live only in its memory.
"""

import base64
import functools
import hashlib
import json
import math
import warnings

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jwk, jws

warnings.filterwarnings("ignore", module="joserfc")  # it advises against EdDSA and short RSA keys; both are wanted here

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED25519_IDENTITY = b"\x01" + bytes(31)  # the neutral point: of order 1, so R = it and S = 0 "verify" anything
EDDSA_FOR_ANYTHING = ED25519_IDENTITY + bytes(32)


def b64u(data):
    """Base64url without padding, RFC 7515 §2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact_json(value):
    """JSON without white space, members in the order given."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def canonical_json(value):
    """JSON without white space, members sorted: the form that a commitment hashes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()


def commitment(cic_json):
    """What stands as `nonce` in the ID token: base64url(SHA3-256(canonical CIC header))."""
    return b64u(hashlib.sha3_256(cic_json).digest())


class Key:
    """A key pair. `kind` is rsa, rsa-1024, p256, p384, p521, secp256k1, ed25519, sk-p256 or sk-ed25519."""

    ALGORITHMS = {"rsa": "RS256", "p256": "ES256", "p384": "ES384", "p521": "ES512", "secp256k1": "ES256K",
                  "ed25519": "EdDSA"}

    def __init__(self, kind):
        self.kind = kind
        self.base, _, bits = kind.removeprefix("sk-").partition("-")
        curves = {"p256": "P-256", "p384": "P-384", "p521": "P-521", "secp256k1": "secp256k1"}
        if self.base == "rsa":
            self.jose = jwk.RSAKey.generate_key(int(bits or 2048))
        elif self.base == "ed25519":
            self.jose = jwk.OKPKey.generate_key("Ed25519")
        else:
            self.jose = jwk.ECKey.generate_key(curves[self.base])
        self.private = self.jose.private_key  # the same key for `cryptography`
        self.algorithm = self.ALGORITHMS[self.base]

    def jwk(self, **members):
        """The public JWK (RFC 7517) with `members` besides."""
        return {**self.jose.as_dict(private=False), **members}

    def sign(self, message, algorithm=None):
        """A JWS signature over `message`."""
        algorithm = algorithm or self.algorithm
        return jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).sign(message, self.jose)


@functools.cache
def key(owner, kind):
    """The key of that kind which belongs to `owner` in this run."""
    return Key(kind)


def cic_header(user, rz):
    """The header by which a client says which key the token is for (docs/token.md, CIC)."""
    upk = {**user.jose.as_dict(private=False), "alg": user.algorithm}
    upk = {name: upk[name] for name in ("alg", "crv", "e", "kty", "n", "x", "y") if name in upk}
    return {"alg": user.algorithm, "rz": rz, "typ": "CIC", "upk": upk}


# Signatures that no honest signer makes. Those without a key are applied to a good signature.


def der_instead_of_raw(good):
    """An ES256 signature as the DER that X.509 and openssl use."""
    return encode_dss_signature(int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big"))


def with_r(r):
    return lambda good: r.to_bytes(32, "big") + good[32:]


def with_s(s):
    return lambda good: good[:32] + s.to_bytes(32, "big")


def eddsa_s_plus_order(good):
    """The same Ed25519 signature with S + L: equal modulo the order, refused by RFC 8032 §5.1.7."""
    return good[:32] + (int.from_bytes(good[32:], "little") + ED25519_ORDER).to_bytes(32, "little")


def short_es256(signer):
    """Signs until r begins with a zero byte, and drops it: 63 bytes, as a careless encoder writes it."""

    def sign(message):
        while True:
            signature = signer.sign(message)
            if signature[0] == 0:
                return signature[1:]

    return sign


def sha256_digest_info(message):
    return bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()


def pkcs1_block(message, size=256):
    """The EMSA-PKCS1-v1_5 block itself: a valid RS256 "signature" where the exponent is 1."""
    info = sha256_digest_info(message)
    return b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info


def cube_root_forgery(message, size=256):
    """Bleichenbacher's forgery for e = 3: a cube whose head looks like a PKCS #1 block, with garbage after the hash."""
    head = b"\x00\x01" + b"\xff" * 8 + b"\x00" + sha256_digest_info(message)
    wanted = int.from_bytes(head + bytes(size - len(head)), "big")
    root = 1 << math.ceil(wanted.bit_length() / 3)
    while (better := (2 * root + wanted // (root * root)) // 3) < root:  # Newton, to the integer cube root
        root = better
    root += 1
    assert (root**3).to_bytes(size, "big").startswith(head)
    return root.to_bytes(size, "big")


def self_check():
    """Computes the commitment of a token that openpubkey published (docs/pktoken.md)."""
    upk = {"alg": "ES256", "crv": "P-256", "kty": "EC", "x": "cvqyUFNs1OUdRcDSmzJfS7ynuTHAjlDqoeinCZy_r1Q",
           "y": "Whl5jJUIz7ujFvlB5Hzhaz6DIlpyWQmIIA3J7VMj53o"}
    cic = {"upk": upk, "rz": "b9522b5c4cff90687ec6787236184659e077a619b82827227114108440fec26a", "typ": "CIC",
           "alg": "ES256"}
    assert commitment(canonical_json(cic)) == "fsTLlOIUqtJHomMB2t6HymoAqJi-wORIFtg3y8c65VY"
