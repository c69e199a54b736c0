"""Tokens: what pair holds to be signed, joserfc does too, with the same keys and the same algorithms."""

import hashlib
import json
import warnings

from certificates import certificate, ssh_name
from changed_tokens import ISSUER, NOW, PROVIDER, Token, key, key_set, mutated, provider_key
from differences import Differences, Known
from joserfc import jws
from programs import reason
from tokens import b64u, canonical_json, unb64u

warnings.filterwarnings("ignore", module="joserfc")  # it advises against EdDSA, which is wanted here

PAIR_TOML = f"""\
space = "build-box"
keysets = "FOLDER/keysets"
[[provider]]
name = "example"
issuer = "{ISSUER}"
client_ids = ["pair-ssh"]
algorithms = ["RS256", "PS256", "ES256", "EdDSA"]
"""
MEMBERS = "build-box sub:248289761001 example alice\n"
# By what pair refuses a token, in the order in which it looks.
STAGES = ["token-missing", "token-too-large", "token-structure", "token-cosigned", "token-type", "cic-malformed",
          "cic-not-canonical", "cic-key-mismatch", "cic-signature", "token-claims", "provider-unknown", "audience",
          "alg-not-allowed", "keyset-missing", "keyset-malformed", "keyset-future", "keyset-stale", "kid-unknown",
          "kid-ambiguous", "op-signature", "commitment", "iat-future", "not-yet-valid", "token-expired", "keys-expired",
          "refreshed-identity", "refreshed-signature", "refreshed-nonce", "refreshed-order", "refreshed-expired",
          "renewal-too-old", "revoked-identity", "denied", "deny-undecidable", "not-a-member", "login-not-granted",
          "login-uid", "grant-expired"]

# What a key without `alg` may sign by, and a client.
ALLOWED = {"rsa": ["RS256", "PS256"], "p256": ["ES256"], "ed25519": ["EdDSA", "Ed25519"]}
FOLLOWED = {"alg", "kid", "typ", "crit", "b64"}

KNOWN = [
    Known("a refreshed token of another type", "refreshed-signature: .*or type", "signed",
          lambda text: header_type(text.rsplit(b".", 3)[1]) not in ("JWT", None)),
]


def header_type(header):
    return json.loads(unb64u(header.decode())).get("typ")


# Judges


class Registry(jws.JWSRegistry):
    """Looks at no header member but those that pair follows, and takes long ones: a client's has its RSA key."""

    max_header_length = max_payload_length = max_signature_length = 1 << 16

    def __init__(self, algorithms):
        super().__init__(algorithms=algorithms, strict_check_header=False)

    def check_header(self, header):
        super().check_header({name: header[name] for name in FOLLOWED & header.keys()})


def verifies(header, payload, signature, candidates):
    """Whether joserfc takes the three parts with one of `(key, algorithms)`."""
    value = b".".join((header, payload, signature))
    for signer, algorithms in candidates:
        try:
            jws.deserialize_compact(value, signer.jose, registry=Registry(algorithms))
            return True
        except Exception:  # whatever it is, it is a refusal
            continue
    return False


def by_kid(header):
    """The provider's keys that a header may mean, each with the algorithms that it is for."""
    try:
        kid = json.loads(unb64u(header.decode())).get("kid")
    except Exception:
        kid = None
    kids = [kid] if isinstance(kid, str) else list(PROVIDER)
    found = []
    for kid in kids:
        if kid in PROVIDER:
            kind, algorithm, is_named = PROVIDER[kid]
            spelled = ["EdDSA", "Ed25519"] if algorithm == "EdDSA" else [algorithm]
            found.append((provider_key(kid), spelled if is_named else ALLOWED[kind]))
    return found


def by_joserfc(text, user_kind):
    """Which signatures joserfc verifies: (client's, provider's, refreshed token's or None where there is none)."""
    segments = text.split(b":")
    if len(segments) != 5:
        return False, False, False
    refreshed = None
    if b"." in segments[4]:
        segments[4], _, tail = segments[4].partition(b".")
        parts = tail.split(b".")
        refreshed = len(parts) == 3 and verifies(*parts, by_kid(parts[0]))
    payload, header, signature, client, client_signature = segments
    user = (key("user", user_kind), ALLOWED[user_kind])
    return (verifies(client, payload, client_signature, [user]),
            verifies(header, payload, signature, by_kid(header)), refreshed)


def is_bound(text):
    """Whether the nonce commits to the client's header, and what is claimed is claimed of alice, still."""
    original, _, refreshed = text.partition(b".")
    payload, _, _, client, _ = original.split(b":")
    claims = json.loads(unb64u(payload.decode()))
    newest = json.loads(unb64u(refreshed.split(b".")[1].decode())) if refreshed else claims
    digest = hashlib.sha3_256(canonical_json(json.loads(unb64u(client.decode())))).digest()
    return (claims["nonce"] == b64u(digest) and claims["iss"] == newest["iss"] == ISSUER
            and claims["sub"] == newest["sub"] == "248289761001" and "pair-ssh" in claims["aud"]
            and NOW < newest["exp"])


def run(programs, random, count):
    cases = []
    for number in range(count):
        token = Token(random)
        is_good = number % 50 == 0
        cases.append((token.text if is_good else mutated(token, random), token.user_kind, is_good))
    questions = []
    for text, user_kind, _ in cases:
        user = key("user", user_kind)
        blob = certificate(user, text, hand=True, valid=(NOW - 60, NOW + 300))
        questions.append(("alice", ssh_name(user, certificate=True), blob))
    host = {"pair.toml": PAIR_TOML, "members": MEMBERS, "now": f"{NOW}\n",
            "keysets/example.json": json.dumps(key_set())}
    answers = programs.decide(host, questions)

    differences = Differences("tokens", "joserfc", KNOWN)
    for (text, user_kind, is_good), answer in zip(cases, answers):
        judge(differences, text, user_kind, answer, is_good)
    return differences


def judge(differences, text, user_kind, answer, is_good):
    client, provider, refreshed = by_joserfc(text, user_kind)
    why = reason(answer)
    what = f"{user_kind} {text!r}"
    theirs = "all signed" if client and provider and refreshed is not False else "some not signed"
    differences.count("line" if why is None else why, theirs, why is None)
    if why is not None and why not in STAGES:
        differences.add(what, f"pair: {answer}")
        return
    if is_good and why is not None:
        differences.add(what, f"a good token is refused: {answer}")
    stage = len(STAGES) if why is None else STAGES.index(why)
    for name, verified, after in (
            ("the client's signature", client, "cic-signature"), ("the provider's signature", provider, "op-signature"),
            ("the refreshed token's signature", refreshed, "refreshed-signature")):
        if stage > STAGES.index(after) and verified is False:
            differences.judge(text, what, f"{name} is good: {why or 'line'}", "not signed")
    # The other way round: what joserfc verifies, pair refuses for its signature nowhere.
    for why_not, verified in (("cic-signature", client), ("op-signature", provider),
                              ("refreshed-signature", refreshed),
                              ("alg-not-allowed", provider and refreshed is not False)):
        if why == why_not and verified:
            differences.judge(text, what, f"{why}: {answer[1]}", "signed")
    if why is None and not is_bound(text):
        differences.add(what, "a line for a token that is not bound to its key")


