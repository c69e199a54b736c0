"""Lines 6 to 11 of docs/threat-model.md: for whom the token is, the commitment, the client's own header, the token's parts."""

import hashlib
import json

from baseline import DROP, Login, b64u, compact_json
from patch import NULL
from registry import case, crafted, ok
from tokens import canonical_json, commitment, key

# 6. iss unknown, with a trailing slash, http for https, other case, look-alike.
for name, about, issuer in [
    ("unknown", "an issuer nobody configured", "https://evil.example"),
    ("trailing-slash", "the issuer with a slash behind it", "https://login.example.com/"),
    ("http", "http where https is configured", "http://login.example.com"),
    ("host-in-capitals", "the host in capitals", "https://LOGIN.example.com"),
    ("scheme-in-capitals", "the scheme in capitals", "HTTPS://login.example.com"),
    ("default-port", "the default port spelled out", "https://login.example.com:443"),
    ("look-alike", "a Cyrillic letter in the host", "https://l\N{CYRILLIC SMALL LETTER O}gin.example.com"),
    ("longer-host", "the issuer is the head of another host", "https://login.example.com.evil.example"),
    ("as-user-info", "the issuer is the user name of another host", "https://login.example.com@evil.example"),
    ("space-behind", "a space behind the issuer", "https://login.example.com "),
]:
    case(f"a06-iss-{name}", f"iss: {about}", "provider-unknown", claims={"iss": issuer})
case("a06-iss-without-configured-slash", "iss lacks the slash that is configured", "provider-unknown",
     provider={"issuer": "https://login.example.com/"}, claims={"iss": "https://login.example.com"})
case("a06-iss-list", "iss is a list that holds ours", "token-claims", claims={"iss": ["https://login.example.com"]})
case("a06-iss-missing", "no iss", "token-claims", claims={"iss": DROP})

# 7. aud of another client; list without ours; "evil,OURS" as one string; empty list; azp of another client.
for name, about, audience in [
    ("of-another-client", "another client's", "grafana"),
    ("list-without-ours", "a list without our client", ["grafana", "gitlab"]),
    ("comma-in-one-string", "one string that holds ours behind a comma", "evil,pair-ssh"),
    ("space-in-one-string", "one string that holds ours behind a space", "evil pair-ssh"),
    ("list-with-comma-string", "a list of one string that holds ours behind a comma", ["evil,pair-ssh"]),
    ("empty-list", "an empty list", []),
    ("empty-string", "an empty string", ""),
    ("in-capitals", "ours in capitals", "PAIR-SSH"),
    ("several-without-azp", "ours among two, and no azp", ["pair-ssh", "grafana"]),
]:
    case(f"a07-aud-{name}", f"aud: {about}", "audience", claims={"aud": audience})
case("a07-aud-several-azp-of-another", "ours among two, and azp is the other", "audience",
     claims={"aud": ["pair-ssh", "grafana"], "azp": "grafana"})
case("a07-azp-of-another", "aud is ours alone, but azp is another client", "audience", claims={"azp": "grafana"})
case("a07-aud-of-another-provider", "aud is our client id at another provider", "audience", second={},
     claims={"aud": "pair-second"})
case("a07-aud-missing", "no aud", "token-claims", claims={"aud": DROP})
case("a07-aud-number", "aud is a number", "token-claims", claims={"aud": 7})
case("a07-aud-list-with-number", "aud is a list of ours and a number", "token-claims", claims={"aud": ["pair-ssh", 7]})

# 8. nonce missing, empty, a number, padded, other case; commitment in another claim.
for name, about, nonce in [
    ("missing", "missing", DROP),
    ("null", "JSON null", NULL),
    ("empty", "empty", ""),
    ("number", "a number", 0),
    ("list", "a list of the right value", lambda good: [good]),
    ("padded", "padded with =", lambda good: good + "="),
    ("other-case", "the right value in the other case", lambda good: good.swapcase()),
    ("space-behind", "the right value with a space behind", lambda good: good + " "),
    ("cut", "the right value without its last character", lambda good: good[:-1]),
    ("of-other-keys", "another key's commitment", commitment(b"{}")),
]:
    case(f"a08-nonce-{name}", f"nonce: {about}", "commitment", claims={"nonce": nonce})
case("a08-nonce-name-in-capitals", "the commitment stands in Nonce", "commitment",
     claims=lambda good: {("Nonce" if name == "nonce" else name): value for name, value in good.items()})
for claim in ("jti", "at_hash"):
    case(f"a08-commitment-in-{claim.replace('_', '-')}", f"the commitment stands in {claim}, and there is no nonce",
         "commitment", claims=lambda good, claim=claim: {
             (claim if name == "nonce" else name): value for name, value in good.items()})


@crafted("a08-commitment-in-aud", "the commitment stands in aud beside ours, as GitHub Actions does it", "commitment")
def _():
    def moved(good):
        rest = {name: value for name, value in good.items() if name != "nonce"}
        return {**rest, "aud": ["pair-ssh", good["nonce"]], "azp": "pair-ssh"}

    return Login(claims=moved)


def hashed(function):
    """Gives the CIC's hash by another function as nonce."""

    def make():
        cic = Login().cic
        return Login(cic=lambda _: cic, commitment=function(canonical_json(cic)))

    return make


crafted("a08-nonce-sha256", "nonce: SHA-256 where SHA3-256 belongs", "commitment")(
    hashed(lambda cic: b64u(hashlib.sha256(cic).digest())))
crafted("a08-nonce-hash-of-base64", "nonce: the hash of the header's base64url, not of its JSON", "commitment")(
    hashed(lambda cic: commitment(b64u(cic).encode())))
crafted("a08-nonce-hexadecimal", "nonce: the right hash in hexadecimal", "commitment")(
    hashed(lambda cic: hashlib.sha3_256(cic).hexdigest()))


@crafted("a08-nonce-standard-alphabet", "nonce: the right hash in base64's standard alphabet", "commitment")
def _():
    while not set("-_") & set((good := Login()).commitment):
        pass
    return Login(cic=lambda _: good.cic, commitment=lambda right: right.replace("-", "+").replace("_", "/"))


# 9. A stolen ID token with the attacker's CIC; a stolen PK token in the attacker's certificate; the CIC signature.
def mallory():
    return key("mallory", "p256")


@crafted("a09-stolen-id-token-with-attackers-cic", "Alice's ID token behind a client header of Mallory's key",
         "commitment")
def _():
    alice = Login()
    return Login(user=mallory(), segments=lambda own: alice.segments[:3] + own[3:], payload=alice.payload)


@crafted("a09-stolen-pk-token", "Alice's whole PK token in a certificate for Mallory's key", "cic-key-mismatch")
def _():
    return Login(user=mallory(), token=Login().token)


@crafted("a09-stolen-pk-token-signed-anew", "Alice's PK token with Mallory's signature as the client's",
         "cic-key-mismatch")
def _():
    alice = Login()
    return Login(user=mallory(), cic=lambda _: alice.cic, payload=alice.payload)


@crafted("a09-cic-signature-over-another-payload", "the client signature is over an earlier token of the same person",
         "cic-signature")
def _():
    earlier = Login()
    return Login(cic=lambda _: earlier.cic, claims={"jti": "later"},
                 segments=lambda good: good[:4] + earlier.segments[4:])


case("a09-cic-signature-by-another-key", "the client signature is by another key", "cic-signature",
     cic_signer=lambda message: mallory().sign(message))
case("a09-cic-signature-over-op-header", "the client signature is over the provider's header", "cic-signature",
     cic_signer=lambda message: key("alice", "p256").sign(b"x" + message))
case("a09-cic-signature-empty", "the client signature is an empty segment", "token-structure", cic_signature=b"")
case("a09-cic-signature-absent", "the client signature's segment is not there", "token-structure",
     segments=lambda good: good[:4])
case("a09-cic-absent", "an ID token without any client header", "token-structure", segments=lambda good: good[:3])
case("a09-plain-jwt", "an ID token in ordinary JWT form", "token-structure",
     token=lambda good: ".".join([good.split(":")[i] for i in (1, 0, 2)]))
case("a09-signature-key-of-another", "Alice's certificate, signed by Mallory's key, which is no CA here", "ca-unknown",
     cert={"ca": mallory()})

# 10. CIC not canonical, duplicate upk, private member in upk, upk.alg ≠ alg, point off the curve.
for name, about, change in [
    ("member-order", "members are not sorted", lambda good: compact_json(dict(reversed(json.loads(good).items())))),
    ("upk-member-order", "members of upk are not sorted",
     lambda good: compact_json({name: dict(reversed(value.items())) if name == "upk" else value
                                for name, value in json.loads(good).items()})),
    ("white-space", "a space stands behind a comma", lambda good: good.replace(b',"rz"', b', "rz"')),
    ("line-feed-behind", "a line feed stands behind the object", lambda good: good + b"\n"),
    ("escape", "a letter is escaped", lambda good: good.replace(b'"CIC"', b'"\\u0043IC"')),
    ("escape-in-name", "a letter of a member's name is escaped", lambda good: good.replace(b'"rz"', b'"r\\u007a"')),
]:
    case(f"a10-not-canonical-{name}", f"the client's header: {about}", "cic-not-canonical", cic_json=change)


def off_curve(y):
    """The base64url of the same coordinate, one bit away."""
    return ("B" if y[0] == "A" else "A") + y[1:]


def duplicated(name):
    """Repeats a member of the client's header with Mallory's key or the same value."""

    def change(good):
        value = json.loads(good)[name]
        if name == "upk":
            value = {**mallory().jose.as_dict(private=False), "alg": "ES256"}
        return good[:-1] + b',"' + name.encode() + b'":' + canonical_json(value) + b"}"

    return change


MALFORMED = "cic-malformed"
case("a10-duplicate-upk", "two upk: Alice's and Mallory's", MALFORMED, cic_json=duplicated("upk"))
case("a10-duplicate-rz", "rz stands twice", MALFORMED, cic_json=duplicated("rz"))
case("a10-duplicate-inside-upk", "x stands twice in upk", MALFORMED,
     cic_json=lambda good: good.replace(b',"y":', b',"x":"AAAA","y":'))
case("a10-upk-private-member", "upk has a private member (its value is not a key)", MALFORMED,
     cic={"upk": {"d": b64u(b"not a key, for fixtures only")}})
case("a10-upk-alg-differs", "upk.alg is EdDSA, alg is ES256", MALFORMED, cic={"upk": {"alg": "EdDSA"}})
case("a10-upk-alg-missing", "upk has no alg", MALFORMED, cic={"upk": {"alg": DROP}})
case("a10-upk-missing", "no upk", MALFORMED, cic={"upk": DROP})
case("a10-upk-string", "upk is a string", MALFORMED, cic={"upk": lambda _: "ES256"})
case("a10-upk-kty-does-not-fit", "alg ES256 with kty OKP", MALFORMED, cic={"upk": {"kty": "OKP"}})
case("a10-upk-off-curve", "upk's point is not on the curve, so it is not the certificate's key", "cic-key-mismatch",
     cic={"upk": {"y": off_curve}})
case("a10-rz-missing", "no rz", MALFORMED, cic={"rz": DROP})
case("a10-rz-short", "rz has 63 digits", MALFORMED, cic={"rz": lambda good: good[1:]})
case("a10-rz-upper-case", "rz has upper-case digits", MALFORMED, cic={"rz": lambda good: "A" + good[1:].upper()})
case("a10-extra-member-number", "an extra member that is not a string", MALFORMED, cic={"extra": 1})
case("a10-alg-ps256", "alg PS256, which no client writes", MALFORMED, user="rsa",
     cic={"alg": "PS256", "upk": {"alg": "PS256"}},
     cic_signer=lambda message: key("alice", "rsa").sign(message, "PS256"))
case("a10-not-json", "the client's header is not JSON", MALFORMED, cic_json=b"{upk}")

# 11. Roles swapped; two OP; two CIC; COS; unknown typ; number of segments; empty segment; two refreshed tokens.
case("a11-roles-swapped", "the client's pair stands before the provider's", "token-type",
     segments=lambda good: [good[0], good[3], good[4], good[1], good[2]])
case("a11-two-op", "two provider's pairs", "token-type", segments=lambda good: good[:3] + good[1:3])
case("a11-two-cic", "two client's pairs", "token-type", segments=lambda good: [good[0], *good[3:], *good[3:]])
case("a11-cosigner", "a cosigner's pair behind the two", "token-cosigned",
     segments=lambda good: good + [b64u(b'{"alg":"ES256","kid":"cos","typ":"COS"}'), good[4]])
case("a11-third-pair-op", "the provider's pair once more behind the two", "token-structure",
     segments=lambda good: good + good[1:3])
case("a11-op-typ-unknown", "the provider's header has typ JOSE", "token-type", op_header={"typ": "JOSE"})
case("a11-op-typ-cic", "the provider's header has typ CIC", "token-type", op_header={"typ": "CIC"})
case("a11-op-typ-number", "the provider's header has a number as typ", "token-type", op_header={"typ": 1})
case("a11-cic-typ-jwt", "the client's header has typ JWT", "token-type", cic={"typ": "JWT"})
case("a11-cic-typ-lower-case", "the client's header has typ cic", "token-type", cic={"typ": "cic"})
case("a11-cic-typ-missing", "the client's header has no typ", "token-type", cic={"typ": DROP})
case("a11-four-segments", "four segments: a header without its signature", "token-structure",
     segments=lambda good: good[:3] + good[4:])
case("a11-six-segments", "six segments: a third header without its signature", "token-structure",
     segments=lambda good: good + good[3:4])
case("a11-one-segment", "the payload alone", "token-structure", segments=lambda good: good[:1])
for index, name in enumerate(["payload", "op-header", "op-signature", "cic-header"]):
    case(f"a11-empty-{name}", f"an empty segment: {name}", "token-structure",
         segments=lambda good, index=index: good[:index] + [""] + good[index + 1:])
case("a11-empty-token", "the extension holds an empty string", "token-structure", token="")
case("a11-colon-behind", "a colon behind the last segment", "token-structure", token=lambda good: good + ":")
case("a11-dot-behind", "a dot behind the last segment", "token-structure", token=lambda good: good + ".")
case("a11-two-refreshed-tokens", "two refreshed tokens", "token-structure", refreshed={},
     token=lambda good: good + "." + good.split(".", 1)[1])
case("a11-refreshed-of-two-parts", "a refreshed token of two parts", "token-structure", refreshed={},
     token=lambda good: good.rpartition(".")[0])
case("a11-op-header-not-json", "the provider's header is not JSON", "token-structure", op_json=b"{alg}")
case("a11-op-header-array", "the provider's header is an array", "token-structure", op_json=b'["ES256"]')
case("a11-op-header-duplicate-alg", "the provider's header has alg twice", "token-structure",
     op_json=lambda good: good.replace(b"{", b'{"alg":"none",'))
case("a11-op-header-bytes-behind", "the provider's header has bytes behind the object", "token-structure",
     op_json=lambda good: good + b"{}")
for name, about, change in [
    ("padding", "padding", lambda part: part + "=" * (-len(part) % 4 or 4)),
    ("standard-alphabet", "base64's standard alphabet", lambda part: "+/" + part[2:]),
    ("white-space", "a space", lambda part: part[:8] + " " + part[8:]),
    ("line-feed", "a line feed behind it", lambda part: part + "\n"),
    ("unused-bits", "unused bits set",
     lambda part: part[:-1] + chr(ord(part[-1]) + 1)),  # 64 bytes end in A, Q, g or w
]:
    case(f"a11-base64url-{name}", f"the client signature's base64url has {about}", "token-structure",
         segments=lambda good, change=change: good[:4] + [change(good[4])])
case("a11-no-token", "a self-signed certificate without a token", "token-missing", token=DROP)
ok("ok-capital-extension-name-ignored", "an extension OPENPUBKEY-PKT beside the real one is ignored", line=11,
   cert={"extensions": {"OPENPUBKEY-PKT": "x"}})
