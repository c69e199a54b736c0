"""Lines 12 to 15 of docs/threat-model.md: the ID token's claims and times, the refreshed token, tokens of other kinds."""

from baseline import DROP, HOUR, IAT, NOW, ORIGINAL_IAT, REFRESHED_IAT, b64u
from patch import NULL
from registry import case, ok
from tokens import key

FOR_EVER = {"valid": (0, 2**64 - 1)}  # a certificate as opkssh makes it, so that it is not what has ended
YEAR_10000 = 253402300800

# 12. Payload with duplicate members, EMAIL beside email, not an object, trailing bytes, numbers like 1e400, ...
CLAIMS = "token-claims"


def instead(old, new):
    """The payload with some bytes replaced; the provider signs that."""

    def change(good):
        assert old in good
        return good.replace(old, new)

    return change


EMAIL = b'"email":"alice@example.com"'
for name, about, change in [
    ("duplicate-email", "email stands twice", instead(EMAIL, b'"email":"mallory@example.com",' + EMAIL)),
    ("duplicate-email-escaped", "email stands twice, once with an escaped letter",
     instead(EMAIL, b'"\\u0065mail":"mallory@example.com",' + EMAIL)),
    ("duplicate-sub", "sub stands twice with one value", lambda good: good[:-1] + b',"sub":"248289761001"}'),
    ("duplicate-inside", "a member stands twice in an inner object",
     lambda good: good[:-1] + b',"address":{"country":"DE","country":"FR"}}'),
    ("array", "an array of one object", lambda good: b"[" + good + b"]"),
    ("string", "a string", b'"alice"'),
    ("empty-object", "an empty object", b"{}"),
    ("bytes-behind", "bytes behind the object", lambda good: good + b"x"),
    ("two-objects", "two objects", lambda good: good + good),
    ("nul-behind", "a NUL behind the object", lambda good: good + b"\0"),
    ("byte-order-mark", "a byte order mark before the object", lambda good: b"\xef\xbb\xbf" + good),
    ("trailing-comma", "a comma behind the last member", lambda good: good[:-1] + b",}"),
    ("cut", "cut in the middle", lambda good: good[: len(good) // 2]),
    ("exp-1e400", "exp is 1e400", instead(b'"exp":%d' % (IAT + HOUR), b'"exp":1e400')),
    ("1e400", "a claim that nobody asks for is 1e400", lambda good: good[:-1] + b',"weight":1e400}'),
    ("not-a-number", "exp is NaN", instead(b'"exp":%d' % (IAT + HOUR), b'"exp":NaN')),
    ("leading-zero", "iat has a leading zero", instead(b'"iat":', b'"iat":0')),
    ("deep-nesting", "5,000 arrays in each other",
     lambda good: good[:-1] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    ("deep-nesting-open", "5,000 arrays that are never closed", b'{"x":' + b"[" * 5000),
    ("invalid-utf-8", "a byte that is not UTF-8", instead(b"staff", b"st\xffff")),
    ("overlong-utf-8", "a slash in two bytes of UTF-8", instead(b"staff", b"st\xc0\xafff")),
    ("lone-surrogate", "half of a surrogate pair, escaped", instead(b"staff", b"st\\ud800ff")),
    ("raw-line-feed", "a line feed that is not escaped within a string", instead(b"staff", b"st\nff")),
    ("single-quotes", "single quotes", instead(b'"staff"', b"'staff'")),
]:
    case(f"a12-{name}", f"the signed payload: {about}", CLAIMS, payload=change)
for name, about, claims in [
    ("iat-string", "iat as a string", {"iat": str(IAT)}),
    ("iat-true", "iat as true", {"iat": True}),
    ("iat-missing", "no iat", {"iat": DROP}),
    ("exp-string", "exp as a string", {"exp": str(IAT + HOUR)}),
    ("exp-list", "exp as a list", {"exp": [IAT + HOUR]}),
    ("nul-in-sub", "a NUL in sub", {"sub": "248289761001\0"}),
    ("c1-control-in-sub", "U+009B in sub, which starts a sequence on some terminals", {"sub": "248289761001\u009b31m"}),
    ("line-separator-in-email", "U+2028 in the e-mail, which ends a line for some readers",
     {"email": "alice\u2028@example.com"}),
    ("bidi-in-email", "U+202E in the e-mail, which turns the text behind it round", {"email": "alice\u202e@example.com"}),
    ("nul-in-email", "a NUL behind the e-mail of a member", {"email": "alice@example.com\0.evil.example"}),
    ("escape-in-sub", "an ESC sequence in sub", {"sub": "\x1b[2J248289761001"}),
    ("sub-missing", "no sub", {"sub": DROP}),
    ("sub-number", "sub as a number", {"sub": 248289761001}),
    ("sub-null", "sub is JSON null", {"sub": NULL}),
]:
    case(f"a12-{name}", f"the signed claims: {about}", CLAIMS, claims=claims)
case("a12-line-feed-in-email", "the signed claims: a line feed in email, where membership is by subject", CLAIMS,
     claims={"email": "alice@example.com\nmallory"}, members="build-box  sub:248289761001  example  alice\n")
case("a12-email-in-capitals", "EMAIL is Alice's, email is not: only email counts", "not-a-member",
     claims={"EMAIL": "alice@example.com", "email": "mallory@example.com"})
case("a12-only-email-in-capitals", "EMAIL is Alice's, and there is no email", "not-a-member",
     claims={"EMAIL": "alice@example.com", "email": DROP})
ok("ok-capital-email-ignored", "EMAIL beside email is ignored", line=12, claims={"EMAIL": "mallory@example.com"})

# 13. Expired; too old; iat or nbf in the future; exp missing, negative, overflowing; before 1970.
case("a13-expired", "the token's exp has passed, the Keys' five minutes have not", "token-expired",
     claims={"exp": NOW - 1})
case("a13-expired-just-now", "exp is this very second: an end is exclusive", "token-expired", claims={"exp": NOW})
case("a13-expired-within-skew", "exp passed ten seconds ago: the skew never lengthens an end", "token-expired",
     claims={"exp": NOW - 10}, settings={"clock_skew": "2m"})
case("a13-expired-in-1970", "exp is 1", "token-expired", claims={"exp": 1})
case("a13-too-old", "the Keys' five minutes have passed, the token's own exp has not", "keys-expired",
     claims={"iat": NOW - 301}, cert=FOR_EVER)
case("a13-too-old-just-now", "the Keys' five minutes end this very second", "keys-expired",
     claims={"iat": NOW - 300}, cert=FOR_EVER)
case("a13-too-old-beyond-token-expiry", "beyond_token_expiry does not lengthen keys_lifetime", "keys-expired",
     claims={"iat": NOW - 300}, cert=FOR_EVER, provider={"beyond_token_expiry": True})
case("a13-iat-in-future", "iat is a second further ahead than the skew forgives", "iat-future",
     claims={"iat": NOW + 31, "exp": NOW + HOUR})
case("a13-iat-in-future-without-skew", "iat is a second ahead where the skew is nought", "iat-future",
     claims={"iat": NOW + 1}, settings={"clock_skew": "0s"})
case("a13-iat-far-in-future", "iat is in a year, so that the Keys would never end", "iat-future",
     claims={"iat": NOW + 365 * 24 * HOUR, "exp": NOW + 366 * 24 * HOUR}, cert=FOR_EVER)
case("a13-nbf-in-future", "nbf is a second further ahead than the skew forgives", "not-yet-valid",
     claims={"nbf": NOW + 31})
for name, about, claims in [
    ("exp-missing", "no exp", {"exp": DROP}),
    ("exp-negative", "exp is -1", {"exp": -1}),
    ("exp-over-64-bits", "exp is 2^63", {"exp": 2**63}),
    ("exp-in-year-10000", "exp is the first second that a date of four digits cannot say", {"exp": YEAR_10000}),
    ("exp-1e300", "exp is 1e300", {"exp": 1e300}),
    ("iat-before-1970", "iat is -1", {"iat": -1}),
    ("iat-very-negative", "iat is -2^63", {"iat": -(2**63)}),
    ("iat-over-64-bits", "iat is 2^64", {"iat": 2**64}),
]:
    case(f"a13-{name}", f"the signed claims: {about}", CLAIMS, claims=claims)
ok("ok-exp-in-year-9999", "exp is the last second that a date of four digits can say", line=13,
   claims={"exp": YEAR_10000 - 1})
ok("ok-exp-in-one-second", "exp is the next second, and so the line's end", line=13, claims={"exp": NOW + 1},
   expect={"expires": "12:00:01"})
ok("ok-keys-with-one-second-left", "Keys in their last second", line=13, claims={"iat": NOW - 299}, cert=FOR_EVER,
   expect={"expires": "12:00:01"})
ok("ok-iat-at-skew", "iat is as far ahead as the skew forgives; the lifetime counts from it", line=13,
   claims={"iat": NOW + 30}, cert=FOR_EVER, expect={"expires": "12:05:30"})
ok("ok-nbf-at-skew", "nbf is as far ahead as the skew forgives", line=13, claims={"nbf": NOW + 30})
ok("ok-nbf-passed", "nbf has passed", line=13, claims={"nbf": IAT})

# 14. Refreshed token unsigned, of another subject or issuer, older, expired, with another nonce or sid, ...


def mallory(message):
    return key("mallory", "p256").sign(message)


for name, about, code, refreshed in [
    ("unsigned", "alg none and no signature", "token-structure", {"header": {"alg": "none"}, "signature": b""}),
    ("alg-none", "alg none over a signature that would verify", "refreshed-signature", {"header": {"alg": "none"}}),
    ("alg-es384", "alg ES384, which is not listed", "refreshed-signature", {
        "header": {"alg": "ES384"}, "signer": lambda message: key("provider", "p384").sign(message)}),
    ("by-another-key", "signed by another key under the provider's kid", "refreshed-signature", {"signer": mallory}),
    ("signature-changed", "its signature has one bit changed", "refreshed-signature",
     {"signature": lambda good: good[:9] + bytes([good[9] ^ 1]) + good[10:]}),
    ("typ-cic", "typ CIC", "refreshed-signature", {"header": {"typ": "CIC"}}),
    ("typ-at-jwt", "an access token where none is configured", "refreshed-signature", {"header": {"typ": "at+jwt"}}),
    ("kid-unknown", "a kid that the key set lacks", "kid-unknown", {"header": {"kid": "key-9"}, "signer": mallory}),
    ("of-another-subject", "another person's", "refreshed-identity", {"claims": {"sub": "1101694"}}),
    ("of-another-issuer", "another provider's, which is trusted too", "refreshed-identity",
     {"claims": {"iss": "https://id.second.example"}}),
    ("for-another-client", "issued to another client", "refreshed-identity", {"claims": {"aud": "grafana"}}),
    ("other-sid", "of another session", "refreshed-identity", {"claims": {"sid": "session-2"}}),
    ("other-auth-time", "of another sign-in, by its time", "refreshed-identity",
     {"claims": {"auth_time": ORIGINAL_IAT - 4}}),
    ("other-nonce", "a newer sign-in's token, grafted on: its nonce is another key's", "refreshed-nonce",
     {"claims": {"nonce": "fsTLlOIUqtJHomMB2t6HymoAqJi-wORIFtg3y8c65VY"}}),
    ("nonce-empty", "an empty nonce", "refreshed-nonce", {"claims": {"nonce": ""}}),
    ("nonce-number", "a nonce that is a number", "refreshed-nonce", {"claims": {"nonce": 1}}),
    ("expired", "its own exp has passed", "refreshed-expired", {"claims": {"exp": NOW - 1}}),
    ("expired-just-now", "its own exp is this very second", "refreshed-expired", {"claims": {"exp": NOW}}),
    ("keys-expired", "the Keys' five minutes from it have passed", "keys-expired", {"claims": {"iat": NOW - 300}}),
    ("iat-in-future", "its iat is further ahead than the skew forgives", "iat-future", {"claims": {"iat": NOW + 31}}),
    ("nbf-in-future", "its nbf is further ahead than the skew forgives", "not-yet-valid",
     {"claims": {"nbf": NOW + 31}}),
    ("payload-duplicate", "sub stands twice", CLAIMS, {"payload": lambda good: good[:-1] + b',"sub":"248289761001"}'}),
    ("exp-missing", "it has no exp", CLAIMS, {"claims": {"exp": DROP}}),
    ("sub-empty", "its sub is empty", CLAIMS, {"claims": {"sub": ""}}),
    ("header-not-json", "its header is not JSON", "token-structure", {"json": b"{alg}"}),
    ("without-email", "it lacks the e-mail that the original has, and only it counts", "not-a-member",
     {"claims": {"email": DROP, "email_verified": DROP}}),
    ("email-unverified", "its e-mail is no longer verified", "not-a-member", {"claims": {"email_verified": False}}),
    ("email-of-another", "its e-mail is not the original's, and only it counts", "not-a-member",
     {"claims": {"email": "alice@elsewhere.example"}}),
]:
    case(f"a14-refreshed-{name}", f"the refreshed token: {about}", code, second={} if "issuer" in name else None,
         claims={"sid": "session-1", "auth_time": ORIGINAL_IAT - 5}, refreshed=refreshed, cert=FOR_EVER)
case("a14-refreshed-older-than-original", "the refreshed token was issued a second before the original",
     "refreshed-order", refreshed={"claims": {"iat": ORIGINAL_IAT - 1}}, provider={"keys_lifetime": "24h"},
     cert=FOR_EVER)
case("a14-refreshed-without-groups", "a deny on a group cannot be decided, since the refreshed token lacks groups",
     "deny-undecidable", refreshed={"claims": {"groups": DROP}},
     members=lambda good: good + "build-box  group:suspended  example  deny\n")
case("a14-original-too-old", "the original is a second older than renewable_for", "renewal-too-old",
     claims={"iat": NOW - 12 * HOUR - 1}, refreshed={})
case("a14-original-too-old-as-configured", "the original is older than a shorter renewable_for", "renewal-too-old",
     provider={"renewable_for": "1h"}, refreshed={})
case("a14-original-key-withdrawn", "the provider withdrew the key that signed the original", "kid-unknown",
     op_header={"kid": "key-0"}, op_signer=lambda message: key("withdrawn", "p256").sign(message), refreshed={})
case("a14-original-signature-changed", "the refreshed token is good, the original's signature is not", "op-signature",
     op_signature=lambda good: good[:9] + bytes([good[9] ^ 1]) + good[10:], refreshed={})
case("a14-refreshed-expired-skew", "the refreshed token's exp passed ten seconds ago: the skew lengthens no end",
     "refreshed-expired", refreshed={"claims": {"exp": NOW - 10}}, settings={"clock_skew": "2m"}, cert=FOR_EVER)
RENEWED = {"expires": "12:04:30"}
ok("ok-refreshed", "renewed Keys: the original expired hours ago, the refreshed token counts", line=14, refreshed={},
   expect=RENEWED)
ok("ok-refreshed-with-nonce", "a refreshed token that repeats the nonce", line=14, expect=RENEWED,
   refreshed=lambda login: {"claims": {"nonce": login.commitment}})
ok("ok-refreshed-nearly-too-old", "the original's last second but one of being renewable", line=14, expect=RENEWED,
   claims={"iat": NOW - 12 * HOUR + 1}, refreshed={})
ok("ok-refreshed-same-iat", "original and refreshed token of the same second", line=14, expect=RENEWED,
   claims={"iat": REFRESHED_IAT, "exp": REFRESHED_IAT + HOUR}, refreshed={})
ok("ok-refreshed-exp-sooner", "the refreshed token's own exp is the earliest end", line=14,
   refreshed={"claims": {"exp": NOW + 100}}, expect={"expires": "12:01:40"})
ok("ok-refreshed-expired-beyond", "beyond_token_expiry holds for the refreshed token too", line=14, expect=RENEWED,
   provider={"beyond_token_expiry": True}, refreshed={"claims": {"exp": NOW - 1}})
ok("ok-refreshed-sid-only-in-original", "sid is compared only where both have it", line=14, expect=RENEWED,
   claims={"sid": "session-1"}, refreshed={"claims": {"sid": DROP}})
ok("ok-refreshed-email-only-there", "only the refreshed token has the e-mail that membership asks for", line=14,
   expect=RENEWED, claims={"email": DROP, "email_verified": DROP},
   refreshed={"claims": {"email": "alice@example.com", "email_verified": True}})

# 15. GQ256; an access token (at+jwt) where not configured.
case("a15-gq256", "GQ256 as openpubkey signs GitHub's tokens anew: not supported yet", "alg-not-allowed",
     op_header={"alg": "GQ256", "kid": b64u(b'{"alg":"RS256","kid":"key-1","typ":"JWT"}')}, idp="rsa")
case("a15-gq256-kid-known", "GQ256 over a signature that would verify as RS256", "alg-not-allowed",
     op_header={"alg": "GQ256"}, idp="rsa")
case("a15-access-token", "an access token where only ID tokens are configured", "token-type",
     op_header={"typ": "at+jwt"})
case("a15-id-token-where-only-access-tokens", "an ID token where only at+jwt is configured", "token-type",
     provider={"token_types": ["at+jwt"]})
case("a15-no-typ-where-only-access-tokens", "an absent typ counts as JWT", "token-type",
     provider={"token_types": ["at+jwt"]}, op_header={"typ": DROP})
ok("ok-access-token-configured", "an access token where at+jwt is configured", line=15, op_header={"typ": "at+jwt"},
   provider={"token_types": ["JWT", "at+jwt"]})
