"""Lines 21 to 24 of docs/threat-model.md: key sets, sizes, base64, keys of nobody."""

import base64
import functools
import itertools

from baseline import DROP, HOUR, NOW, Accepted, Login, b64u
from certificates import FOREVER, plain_base64, ssh_name
from registry import case, crafted, ok
from tokens import key

# 21. Key set stale, half-written, HTML, empty, with an oct or a private key.
BAD_SET = "keyset-malformed"
HTML = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n"
for name, about, text in [
    ("half-written", "cut in the middle, as by a crash while it was written", lambda good: good[: len(good) // 2]),
    ("html", "an HTML page, as a captive portal or proxy serves it", HTML),
    ("empty-file", "an empty file", ""),
    ("empty-object", "an empty object", "{}\n"),
    ("array", "an array instead of an object", lambda good: f"[{good}]"),
    ("bytes-behind", "bytes behind the object", lambda good: good + "x"),
    ("two-objects", "two objects, one behind the other", lambda good: good + good),
    ("duplicate-keys", "keys stands twice", lambda good: good.replace('"keys"', '"keys": [], "keys"')),
    ("byte-order-mark", "a byte order mark before it", lambda good: "\ufeff" + good),
    ("deep-nesting", "5,000 arrays in each other",
     lambda good: good.replace("{", '{"x":' + "[" * 5000 + "]" * 5000 + ",", 1)),
    ("not-utf-8", "a byte that is not UTF-8", lambda good: good.encode().replace(b"key-1", b"key-\xff")),
]:
    case(f"a21-key-set-{name}", f"the key set's file: {about}", BAD_SET, key_set_text=text)
for name, about, members in [
    ("no-keys", "no keys in it", {"keys": []}),
    ("keys-missing", "no member keys", {"keys": DROP}),
    ("keys-object", "keys is an object", {"keys": lambda keys: {"0": keys[0]}}),
    ("key-string", "a string among the keys", {"keys": lambda keys: keys + ["key-1"]}),
    ("fetched-at-missing", "no fetched_at", {"fetched_at": DROP}),
    ("fetched-at-string", "fetched_at as a string", {"fetched_at": str(NOW - HOUR)}),
    ("of-another-issuer", "its issuer is another", {"issuer": "https://evil.example"}),
    ("oct-key", "a symmetric key in it (for fixtures only)", {
        "keys": lambda keys: keys + [{"kty": "oct", "kid": "key-2", "k": b64u(b"for fixtures only")}]}),
    ("private-rsa-key", "a private member in another RSA key (its value is not a key)", {
        "keys": lambda keys: keys + [key("provider-2", "rsa").jwk(kid="key-2", d=b64u(b"not a key, for fixtures"))]}),
    ("private-ec-key", "a private member in a P-256 key (its value is not a key)", {
        "keys": lambda keys: keys + [key("provider-2", "p256").jwk(kid="key-2", d=b64u(b"not a key, for fixtures"))]}),
]:
    case(f"a21-key-set-{name}", f"the key set: {about}", BAD_SET, key_set=members)
case("a21-key-set-private-key-itself", "the key set: a private member in the key that the kid names", BAD_SET,
     jwk={"d": b64u(b"not a key, for fixtures only")})
case("a21-key-set-missing", "the provider's key set was never fetched", "keyset-missing", second={},
     files={"keysets/example.json": DROP})
case("a21-key-set-stale", "the key set was fetched a second more than a day ago", "keyset-stale",
     key_set={"fetched_at": NOW - 24 * HOUR - 1})
case("a21-key-set-stale-as-configured", "the key set is older than a shorter max_key_set_age", "keyset-stale",
     provider={"max_key_set_age": "30m"})
case("a21-key-set-fetched-in-1970", "fetched_at is 0", "keyset-stale", key_set={"fetched_at": 0})
case("a21-key-set-from-the-future", "fetched_at is a second further ahead than the skew forgives", "keyset-future",
     key_set={"fetched_at": NOW + 31})
ok("ok-key-set-at-skew", "fetched_at is as far ahead as the skew forgives", line=21, key_set={"fetched_at": NOW + 30})
ok("ok-key-set-nearly-stale", "the key set was fetched a second less than a day ago", line=21,
   key_set={"fetched_at": NOW - 24 * HOUR + 1})

# 22. Sizes over every cap; 128 KiB of A; a token with 10,000 groups.
BLOB, TOKEN, KEY_SET = 65_536, 32_768, 262_144


def with_blob_of(size):
    """A login whose certificate blob has `size` bytes, filled by an access token, which is ignored."""
    settings = functools.partial(Login, user="ed25519")  # whose signatures have one length
    short = len(settings(cert={"extensions": {"openpubkey-act": "x"}}).blob)
    return settings(cert={"extensions": {"openpubkey-act": "x" * (size - short + 1)}, "hand": True})


def with_token_of(size):
    """A login whose compact token has `size` bytes, filled by a claim and, since base64url has gaps, by the kid."""
    for extra, guess in itertools.product(range(4), range(3)):
        kid = "key-1" + "x" * extra
        short = len(Login(op_header={"kid": kid}, jwk={"kid": kid}).token)
        fill = (size - short) * 3 // 4 - 8 + guess
        good = Login(op_header={"kid": kid}, jwk={"kid": kid}, claims={"x": "x" * fill})
        if len(good.token) == size:
            return good
    raise ValueError(f"no token of {size} bytes found")


def filled_to(size):
    return lambda good: good[:-1] + " " * (size - len(good)) + "\n"


def keys_numbering(count):
    """The good key and as many more, of kinds that nobody knows, as make `count`."""
    return {"keys": lambda keys: keys + [{"kty": "X", "kid": f"x-{number}"} for number in range(count - len(keys))]}


crafted("ok-blob-at-cap", "a certificate of exactly 64 KiB", Accepted(), line=22)(lambda: with_blob_of(BLOB))
crafted("ok-token-at-cap", "a token of exactly 32 KiB", Accepted(), line=22)(lambda: with_token_of(TOKEN))
crafted("a22-blob-over-cap", "a certificate of 64 KiB and one byte", "key-too-large")(lambda: with_blob_of(BLOB + 1))
crafted("a22-token-over-cap", "a token of 32 KiB and one byte", "token-too-large")(lambda: with_token_of(TOKEN + 1))
case("a22-base64-over-cap", "base64 four characters longer than a certificate of 64 KiB has", "key-too-large",
     key_text="A" * 87_388 + "\n")
case("a22-128-kib-of-a", "128 KiB of A", "key-too-large", key_text="A" * 131_072 + "\n")
case("a22-10000-groups", "10,000 groups of one letter, which the certificate still holds", "token-too-large",
     claims={"groups": ["g"] * 10_000})
case("a22-key-set-over-cap", "a key set of 256 KiB and one byte", BAD_SET, key_set_text=filled_to(KEY_SET + 1))
case("a22-101-keys", "a key set of 101 keys", BAD_SET, key_set=keys_numbering(101))
case("a22-30000-colons", "a token of 30,000 colons", "token-structure", token=":" * 30_000)
case("a22-header-deeply-nested", "5,000 arrays in each other in the provider's header", "token-structure",
     op_json=lambda good: good[:-1] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}")
case("a22-one-segment-of-30000", "a token of one segment of 30,000 characters", "token-structure", token="A" * 30_000)
ok("ok-100-keys", "a key set of 100 keys", line=22, key_set=keys_numbering(100))
ok("ok-2000-groups", "a member by the last of 2,000 groups", line=22,
   claims={"groups": [f"g{number}" for number in range(2000)]}, members="build-box  group:g1999  example  alice\n")

# 23. Base64 with white space, url alphabet, missing or extra padding, non-zero trailing bits.


@functools.cache
def text_with_padding(padding):
    """The base64 of a good certificate that ends in so many =; its key id makes up the length."""
    for filler in range(3):
        blob = Login(user="ed25519", cert={"key_id": "x" * filler, "hand": True}).blob
        text = base64.b64encode(blob).decode()
        if len(text) - len(text.rstrip("=")) == padding and set("+/") & set(text):
            return text
    return text_with_padding.__wrapped__(padding)  # no + or / in it: once more


def next_character(text):
    """The text with its last character before the padding replaced by one that differs in unused bits only."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = text.rstrip("=")
    return bare[:-1] + alphabet[alphabet.index(bare[-1]) + 1] + text[len(bare):]


for name, about, padding, change in [
    ("space", "a space in it", 0, lambda text: text[:100] + " " + text[100:]),
    ("tab", "a tab in it", 0, lambda text: text[:100] + "\t" + text[100:]),
    ("line-feed", "a line feed in it", 0, lambda text: text[:100] + "\n" + text[100:]),
    ("space-in-front", "a space in front", 0, lambda text: " " + text),
    ("carriage-return-behind", "a carriage return behind", 0, lambda text: text + "\r"),
    ("two-line-feeds-behind", "one more line feed behind", 0, lambda text: text + "\n"),
    ("nul-behind", "a NUL behind", 0, lambda text: text + "\0"),
    ("url-alphabet", "base64url's alphabet", 0, lambda text: text.replace("+", "-").replace("/", "_")),
    ("padding-missing", "no padding where two belong", 2, lambda text: text.rstrip("=")),
    ("padding-short", "one = where two belong", 2, lambda text: text[:-1]),
    ("padding-extra", "padding where none belongs", 0, lambda text: text + "===="),
    ("padding-three", "three = where two belong", 2, lambda text: text + "="),
    ("padding-inside", "padding in the middle", 0, lambda text: text[:98] + "==" + text[100:]),
    ("unused-bits-of-one", "unused bits set before one =", 1, next_character),
    ("unused-bits-of-two", "unused bits set before two =", 2, next_character),
    ("not-ascii", "a letter beyond ASCII", 0,
     lambda text: text[:99] + "\N{LATIN SMALL LETTER A WITH DIAERESIS}" + text[100:]),
    ("cut", "its last character missing", 0, lambda text: text[:-1]),
    ("empty", "nothing", 0, lambda text: ""),
]:
    case(f"a23-base64-{name}", f"the key's base64 has {about}", "key-base64", user="ed25519",
         key_text=lambda _, padding=padding, change=change: change(text_with_padding(padding)) + "\n")
case("a23-base64-in-whole-line", "unused bits set in the base64 of a whole line", "key-base64", user="ed25519",
     key_text=lambda _: "ssh-ed25519-cert-v01@openssh.com " + next_character(text_with_padding(1)) + " alice\n")

# 24. A plain key of nobody: nothing printed, exit 0, no noise.
for kind in ("ed25519", "p256", "p384", "rsa", "sk-ed25519", "sk-p256"):
    case(f"a24-plain-key-{kind}", f"a plain {kind} key that nobody registered", "key-unknown", user=kind,
         key_text=lambda _, kind=kind: plain_base64(key("alice", kind)) + "\n",
         argv=lambda good, kind=kind: good[:-1] + [ssh_name(key("alice", kind))])
case("a24-plain-key-whole-line", "a plain key that nobody registered, as a line of authorized_keys", "key-unknown",
     key_text=lambda _: f"{ssh_name(key('alice', 'p256'))} {plain_base64(key('alice', 'p256'))} alice@laptop\n",
     argv=["--user", "alice", "--key", "@key.pub"])
case("a24-plain-key-broken-members", "a plain key of nobody while the membership file is torn: no fault for a stranger",
     "key-unknown", members="build-box alice@exam", key_text=lambda _: plain_base64(key("alice", "p256")) + "\n",
     argv=["--user", "alice", "--key", "@key.pub"])
case("a24-certificate-of-another-ca", "an ordinary certificate of a CA that nobody listed", "ca-unknown", token=DROP,
     cert={"ca": key("another", "ed25519"), "principals": ("alice",), "valid": (0, FOREVER)})
