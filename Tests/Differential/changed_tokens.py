"""Tokens as a provider and a client make them, and ways for them to go wrong."""

import base64
import functools
import json

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from fields import damaged
from tokens import ED25519_ORDER, P256_ORDER, Key, b64u, canonical_json, cic_header, commitment, compact_json, unb64u

NOW = 1_795_348_800  # 2026-11-22T12:00:00Z
ISSUER = "https://login.example.com"
# The provider's keys by kid: what is signed with each, and whether its JWK says so.
PROVIDER = {"rsa": ("rsa", "RS256", True), "pss": ("rsa", "PS256", True), "any": ("rsa", "RS256", False),
            "p256": ("p256", "ES256", True), "okp": ("ed25519", "EdDSA", True)}
USERS = {"p256": "ES256", "ed25519": "EdDSA", "rsa": "RS256"}
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519", "HS256", "none", "RS384", "ES384", "ES256K", "RS512", "",
              "rs256", None, 1, ["RS256"]]


@functools.cache
def key(owner, kind):
    return Key(kind)


def provider_key(kid):
    return key("provider", PROVIDER[kid][0])


def key_set():
    keys = []
    for kid, (_, algorithm, is_named) in PROVIDER.items():
        keys.append(provider_key(kid).jwk(kid=kid, use="sig", **({"alg": algorithm} if is_named else {})))
    return {"fetched_at": NOW - 3600, "issuer": ISSUER, "jwks_uri": ISSUER + "/jwks", "keys": keys}


class Token:
    """The parts of a token, good as they are; `text` is what is in the certificate."""

    def __init__(self, random):
        self.user_kind = random.choice(list(USERS))
        self.user = key("user", self.user_kind)
        self.kid = random.choice(list(PROVIDER))
        self.signer, self.algorithm = provider_key(self.kid), PROVIDER[self.kid][1]
        self.header = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        self.client_header = cic_header(self.user, random.randbytes(32).hex())
        self.claims = {"iss": ISSUER, "sub": "248289761001", "aud": "pair-ssh", "iat": NOW - 60, "exp": NOW + 3540,
                       "email": "alice@example.com", "email_verified": True, "groups": ["sre"]}
        self.is_renewed = random.random() < 0.25
        self.sign()

    def sign(self):
        """All of it, over what the parts are now."""
        client = canonical_json(self.client_header)
        payload = compact_json({**self.claims, "nonce": commitment(client)})
        self.put(b64u(payload), b64u(compact_json(self.header)), b64u(client))

    def put(self, payload, header, client, refreshed_header=None):
        """Signed, from segments that are what they are."""
        self.segments = [
            payload, header, self.signature(self.signer, f"{header}.{payload}", self.algorithm), client,
            self.signature(self.user, f"{client}.{payload}", USERS[self.user_kind])]
        self.refreshed = None
        if self.is_renewed:
            fresh = b64u(compact_json({**self.claims, "iat": NOW - 30, "exp": NOW + 3570}))
            header = refreshed_header or header
            self.refreshed = [header, fresh, self.signature(self.signer, f"{header}.{fresh}", self.algorithm)]

    @staticmethod
    def signature(signer, message, algorithm):
        return b64u(signer.sign(message.encode(), algorithm))

    @property
    def text(self):
        return (":".join(self.segments) + ("." + ".".join(self.refreshed) if self.refreshed else "")).encode()


# Ways to go wrong


def other_json(data, random):
    """A header's JSON, changed as JSON or as bytes."""
    members = json.loads(data)
    way = random.random()
    if way < 0.4:
        members["alg"] = random.choice(ALGORITHMS)
    elif way < 0.55:
        members["kid"] = random.choice([*PROVIDER, "none", "", None, 1])
    elif way < 0.65:
        members["typ"] = random.choice(["JWT", "at+jwt", "jwt", "CIC", "COS", None, 1])
    elif way < 0.8:
        name = random.choice(["crit", "crit", "crit", "b64", "jwk", "jku", "x5c", "x5t", "zip", "cty", "extra"])
        members[name] = random.choice([["exp"], ["b64"], [], "a", False, True, 1, {}, None])
    elif way < 0.85:
        members.pop(random.choice(list(members)))
    elif way < 0.92:
        return compact_json(members).replace(b"{", b'{"alg":"none",' if random.random() < 0.5 else b"{ ", 1)
    else:
        return damaged(data, random)
    members = {name: value for name, value in members.items() if value is not None or random.random() < 0.5}
    return canonical_json(members) if "upk" in members else compact_json(members)


def other_base64(text, random):
    """The same bytes or nearly, in another form."""
    match random.randrange(7):
        case 0:
            return text + "=" * random.choice((1, 2, -len(text) % 4))
        case 1:
            return text.replace("-", "+").replace("_", "/")
        case 2:
            at = random.randrange(len(text) + 1)
            return text[:at] + random.choice((" ", "\n", "\r\n", "\t", ".", ":", "=", "\0", "é")) + text[at:]
        case 3:  # unused bits
            letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            return text[:-1] + letters[letters.index(text[-1]) ^ random.choice((1, 2, 3))] if text else "A"
        case 4:
            return text[:-random.choice((1, 2, 3))]
        case 5:
            return base64.b64encode(unb64u(text)).decode()
        case _:
            return ""


def other_signature(data, random):
    """A signature that a careless verifier might take."""
    half = len(data) // 2
    r, s = data[:half], data[half:]
    way = random.randrange(9)
    if len(data) == 64 and way < 5:
        number = int.from_bytes(s, "big")
        return [
            r + (P256_ORDER - number % P256_ORDER).to_bytes(32, "big"), s + r, bytes(64), b"\0" + r + b"\0" + s,
            r + ((int.from_bytes(s, "little") + ED25519_ORDER) % (1 << 256)).to_bytes(32, "little"),
        ][way]
    if len(data) == 64 and way == 5:
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    if way == 6:
        return random.choice((b"\0" + data, data + b"\0", data[1:], data[:-1], b""))
    return damaged(data, random)


def said_algorithm(header):
    try:
        return json.loads(unb64u(header)).get("alg")
    except Exception:
        return None


def change_bytes(token, random):
    """One part's bytes, nothing signed again."""
    parts, index = a_part(token, random)
    is_signature = index == 2 or parts is token.segments and index == 4
    change = other_signature if is_signature and random.random() < 0.8 else damaged
    parts[index] = b64u(change(unb64u(parts[index]), random))


def change_base64(token, random):
    """The form of one part."""
    parts, index = a_part(token, random)
    parts[index] = other_base64(parts[index], random)


def a_part(token, random):
    parts = token.refreshed if token.refreshed and random.random() < 0.4 else token.segments
    return parts, random.randrange(len(parts))


def change_signed_header(token, random):
    """A header, and what is over it signed by who should; half of the time by the key that its new `alg` means."""
    payload, header, _, client, _ = token.segments
    refreshed = None
    which = random.random()
    if which < 0.5:
        header = b64u(other_json(unb64u(header), random))
    elif which < 0.75 or not token.refreshed:
        client = other_json(unb64u(client), random)
        payload = b64u(compact_json({**token.claims, "nonce": commitment(client)}))
        client = b64u(client)
    else:
        refreshed = b64u(other_json(unb64u(header), random))
    if random.random() < 0.5:
        said = said_algorithm(header)
        kid = next((kid for kid, (_, algorithm, _) in PROVIDER.items() if algorithm == said), token.kid)
        token.signer, token.algorithm = provider_key(kid), PROVIDER[kid][1]
    token.put(payload, header, client, refreshed)


def change_header(token, random):
    """A header, and not signed again."""
    index = random.choice((1, 3))
    token.segments[index] = b64u(other_json(unb64u(token.segments[index]), random))


def change_signed_payload(token, random):
    payload, header, _, client, _ = token.segments
    token.put(b64u(damaged(unb64u(payload), random)), header, client)


def move_parts(token, random):
    """Parts in other places."""
    match random.randrange(5):
        case 0:
            random.shuffle(token.segments)
        case 1:
            token.segments.pop(random.randrange(5))
        case 2:
            token.segments.insert(random.randrange(6), random.choice(token.segments))
        case 3:
            token.segments[2], token.segments[4] = token.segments[4], token.segments[2]
        case _:
            token.refreshed = [token.segments[1], token.segments[0], token.segments[2]]


WAYS = {change_bytes: 20, change_base64: 15, change_signed_header: 25, change_header: 15, change_signed_payload: 10,
        move_parts: 8}


def mutated(token, random):
    """The token's text, gone wrong in one way."""
    if random.random() < 0.07:
        return damaged(token.text, random)
    (way,) = random.choices(list(WAYS), list(WAYS.values()))
    way(token, random)
    return token.text
