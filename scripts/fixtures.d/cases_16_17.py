"""Lines 16 and 17 of docs/threat-model.md: the certificate, field by field."""

import struct

from baseline import DROP, NOW, Login
from certificates import (
    FOREVER,
    SENTINEL,
    certificate,
    field_spans,
    mpint,
    options,
    plain_blob,
    ssh_keygen,
    string,
    work,
)
from registry import case, crafted, ok
from tokens import ED25519_IDENTITY, EDDSA_FOR_ANYTHING, P256_ORDER, eddsa_s_plus_order, key

MALFORMED = "key-malformed"
SIGNATURE = "cert-signature"
P256_CERT = "ecdsa-sha2-nistp256-cert-v01@openssh.com"

# 16. Certificate: host type; --type other than the blob's; bad own signature; signature key; options; validity; ...
case("a16-host-certificate", "a host certificate", "cert-host", cert={"kind": 2})
case("a16-type-0", "a certificate of type 0", MALFORMED, cert={"kind": 0})
case("a16-type-3", "a certificate of type 3", MALFORMED, cert={"kind": 3})
for name, kind in [("of-another-key-type", "ssh-ed25519-cert-v01@openssh.com"), ("of-the-plain-key",
                   "ecdsa-sha2-nistp256"), ("with-space-behind", P256_CERT + " ")]:
    case(f"a16-argument-type-{name}", f"--type is {kind!r}, the blob is a P-256 certificate", "key-type-mismatch",
         argv=lambda good, kind=kind: good[:-1] + [kind])
case("a16-signature-key-is-a-certificate", "the signature key is itself a certificate of the same key", "cert-nested",
     cert={"signature_key": lambda _: certificate(key("alice", "p256"), None, valid=(0, FOREVER))})
case("a16-signed-by-another-key", "the signature key is another key, which no account has as a CA", "ca-unknown",
     cert={"ca": key("another", "p256")})
case("a16-signature-by-another-key", "the signature key is Alice's, but another key signed", SIGNATURE,
     cert={"ca": key("another", "p256"), "signature_key": lambda _: plain_blob(key("alice", "p256"))})
case("a16-critical-option-unknown", "a critical option that nobody knows", "cert-critical-option",
     cert={"critical": {"no-such-option@example.com": "x"}})
case("a16-critical-token", "the token stands among the critical options", "cert-critical-option",
     cert={"critical": {"openpubkey-pkt": "x"}})
PTY = options([("permit-pty", None)])
for name, about, cert in [
    ("extensions-unsorted", "permit-user-rc before permit-pty", {
        "extension_bytes": lambda good: good.replace(PTY, b"") + PTY}),
    ("extension-twice", "permit-pty twice", {"extension_bytes": lambda good: good.replace(PTY, PTY * 2)}),
    ("token-twice", "two tokens", {"extension_bytes": lambda good: options([("openpubkey-pkt", "x")]) + good}),
    ("critical-unsorted", "source-address before force-command", {"critical_bytes": options(
        [("source-address", "10.0.0.0/8"), ("force-command", "/bin/true")])}),
    ("critical-twice", "force-command twice", {"critical_bytes": options(
        [("force-command", "/bin/true"), ("force-command", "/bin/true")])}),
    ("flag-with-data", "permit-pty has data", {"extensions": {"permit-pty": "yes"}, "hand": True}),
    ("force-command-wrapped-once", "force-command's data is not wrapped", {"critical_bytes": string("force-command")
                                                                            + string("/bin/true")}),
    ("verify-required-with-data", "verify-required has data", {"critical": {"verify-required": "yes"}}),
]:
    case(f"a16-{name}", f"the certificate's options: {about}", "cert-options", cert=cert)


def token_data(change):
    """The token's extension with its data packed otherwise; the rest stands behind it as always."""

    def packed(good):
        (size,) = struct.unpack_from(">I", good, 18)
        data = good[22:22 + size]
        return string("openpubkey-pkt") + string(change(data)) + good[22 + size:]

    return {"extension_bytes": packed}


for name, about, change in [
    ("token-wrapped-once", "not wrapped a second time", lambda data: data[4:]),
    ("token-with-bytes-behind", "with a byte behind the inner string", lambda data: data + b"\0"),
    ("token-inner-length-too-long", "with an inner length past its end",
     lambda data: struct.pack(">I", len(data)) + data[4:]),
    ("token-inner-length-overflowing", "with an inner length of 2^32 - 1", lambda data: b"\xff" * 4 + data[4:]),
    ("token-without-data", "empty, as a flag is", lambda data: b""),
]:
    case(f"a16-{name}", f"the token's extension: {about}", "token-structure", cert=token_data(change))
for name, about, code, valid in [
    ("not-yet-valid", "starts a second later than the skew forgives", "cert-not-yet-valid", (NOW + 31, FOREVER)),
    ("starts-in-2-63", "starts at 2^63, negative where read as signed", "cert-not-yet-valid", (2**63, FOREVER)),
    ("starts-never", "starts at 2^64 - 1", "cert-not-yet-valid", (FOREVER, FOREVER)),
    ("expired", "ended a second ago", "cert-expired", (0, NOW - 1)),
    ("expired-just-now", "ends this very second: an end is exclusive", "cert-expired", (0, NOW)),
    ("ends-at-0", "ends at 0, as some read for ever", "cert-expired", (0, 0)),
]:
    case(f"a16-{name}", f"the certificate {about}", code, cert={"valid": valid, "hand": True})
case("a16-expired-within-skew", "the certificate ended ten seconds ago: the skew lengthens no end", "cert-expired",
     cert={"valid": (0, NOW - 10)}, settings={"clock_skew": "2m"})
ok("ok-certificate-starts-at-skew", "the certificate starts as late as the skew forgives", line=16,
   cert={"valid": (NOW + 30, NOW + 300)})
ok("ok-certificate-ends-over-2-63", "the certificate ends at 2^63 + 1, negative where read as signed", line=16,
   cert={"valid": (0, 2**63 + 1), "hand": True})
for name, user, about, cert in [
    ("rsa-sha1", "rsa", "SHA-1, under ssh-rsa", {"algorithm": "ssh-rsa"}),
    ("rsa-label-512-hash-256", "rsa", "SHA-256 under the name rsa-sha2-512", {
        "signature": lambda good: good.replace(string("rsa-sha2-256"), string("rsa-sha2-512")),
        "algorithm": "rsa-sha2-256"}),
    ("rsa-label-of-ed25519", "rsa", "RSA under the name ssh-ed25519", {
        "signature": lambda good: good.replace(string("rsa-sha2-512"), string("ssh-ed25519"))}),
    ("ed25519-label-of-rsa", "ed25519", "Ed25519 under the name rsa-sha2-256", {"algorithm": "rsa-sha2-256"}),
    ("ed25519-s-plus-order", "ed25519", "Ed25519 with S + L", {"raw_signature": eddsa_s_plus_order}),
    ("ed25519-63-bytes", "ed25519", "Ed25519 without its last byte", {"raw_signature": lambda good: good[:-1]}),
    ("ed25519-small-order-key", "ed25519", "by a key of order 1, which fits any message", {
        "fields": string(ED25519_IDENTITY), "raw_signature": EDDSA_FOR_ANYTHING,
        "signature_key": string("ssh-ed25519") + string(ED25519_IDENTITY)}),
    ("ecdsa-r-zero", "p256", "r = 0", {"raw_signature": lambda good: mpint(0) + good[4 + good[3]:]}),
    ("ecdsa-s-order", "p256", "s is the group's order", {
        "raw_signature": lambda good: good[:4 + good[3]] + mpint(P256_ORDER)}),
    ("ecdsa-raw", "p256", "r ‖ s without lengths, as JWS has it", {"raw_signature": lambda good: bytes(range(64))}),
    ("ecdsa-bytes-behind", "p256", "with bytes behind s", {"raw_signature": lambda good: good + b"\0"}),
    ("bytes-behind", "p256", "with bytes behind the signature", {"signature": lambda good: good + b"\0"}),
    ("empty", "p256", "empty", {"signature": b""}),
]:
    case(f"a16-signature-{name}", f"the certificate's own signature: {about}", SIGNATURE, user=user, cert=cert)


@crafted("a16-dss", "an ssh-dss certificate, made by ssh-keygen", "key-type-unsupported")
def _():
    ssh_keygen("-q", "-t", "dsa", "-N", "", "-f", f"{work.name}/dss")
    ssh_keygen("-q", "-s", f"{work.name}/dss", "-I", "dss", "-n", SENTINEL, f"{work.name}/dss.pub")
    with open(f"{work.name}/dss-cert.pub", encoding="ascii") as made:
        return Login(key_text=made.read(), argv=lambda good: good[:-1] + ["ssh-dss-cert-v01@openssh.com"])


case("a16-type-unknown", "a certificate of a version that nobody knows", "key-type-unsupported",
     cert={"type_name": "ecdsa-sha2-nistp256-cert-v02@openssh.com"},
     argv=lambda good: good[:-1] + ["ecdsa-sha2-nistp256-cert-v02@openssh.com"])
case("a16-curve-of-another-type", "curve nistp384 in a P-256 certificate", MALFORMED,
     cert={"fields": lambda good: good.replace(b"nistp256", b"nistp384")})
for name, about, user, change in [
    ("point-off-curve", "a point off the curve", "p256", lambda good: good[:-1] + bytes([good[-1] ^ 1])),
    ("point-compressed", "a compressed point", "p256",
     lambda good: string("nistp256") + string(bytes([2 + good[-1] % 2]) + good[17:49])),
    ("point-at-infinity", "the point at infinity", "p256", lambda good: string("nistp256") + string(b"\0")),
    ("ed25519-31-bytes", "an Ed25519 key of 31 bytes", "ed25519", lambda good: string(good[4:-1])),
    ("rsa-e-not-minimal", "an RSA exponent with a zero byte in front", "rsa",
     lambda good: string(b"\0" + good[4:7]) + good[7:]),
    ("rsa-n-negative", "an RSA modulus that reads as negative", "rsa",
     lambda good: good[:7] + string(good[12:])),
]:
    case(f"a16-key-{name}", f"the certified key: {about}", MALFORMED, user=user, cert={"fields": change})
case("a16-bytes-behind", "a byte behind the certificate", MALFORMED, blob=lambda good: good + b"\0")
case("a16-signature-key-with-bytes-behind", "a byte behind the signature key's point", MALFORMED,
     cert={"signature_key": lambda good: good + b"\0"})
case("a16-length-overflowing", "a field's length is 2^32 - 1", MALFORMED,
     blob=lambda good: good[:44] + b"\xff" * 4 + good[48:])
case("a16-key-id-with-nul", "a NUL in the key id", MALFORMED, cert={"key_id": "alice\0root", "hand": True})
case("a16-option-name-cut", "an extension's name longer than the extensions", MALFORMED,
     cert={"extension_bytes": lambda good: good + b"\0\0\1\0"})


def cut_inside(name):
    """Cuts the blob within a field, or right before the field's length where it has but four bytes."""

    def change(good):
        start, end = field_spans(good)[name]
        return good[: (start + end) // 2]

    return change


CUT = "type point serial key-id after extensions signature-key signature"
for field in CUT.split():
    case(f"a16-cut-in-{field}", f"the certificate ends within its {field}", MALFORMED, blob=cut_inside(field))
case("a16-cut-before-critical", "the certificate ends within the critical options' length", MALFORMED,
     blob=lambda good: good[: field_spans(good)["critical"][0] - 2])
case("a16-cut-before-reserved", "the certificate ends within the reserved field's length", MALFORMED,
     blob=lambda good: good[: field_spans(good)["reserved"][0] - 2])
case("a16-cut-one-byte", "the certificate lacks its last byte", MALFORMED, blob=lambda good: good[:-1])
case("a16-cut-to-one-byte", "one byte", MALFORMED, blob=lambda good: good[:1])


def flipped(name, at=-1, bit=0):
    """Flips one bit of a field's byte `at`."""

    def change(good):
        start, end = field_spans(good)[name]
        blob = bytearray(good)
        blob[(end if at < 0 else start) + at] ^= 1 << bit
        return bytes(blob)

    return change


for field, code, where in [
    ("type", "key-type-unsupported", {"at": 8}),
    ("nonce", SIGNATURE, {}),
    ("curve", MALFORMED, {}),
    ("point", MALFORMED, {"at": 20}),
    ("serial", SIGNATURE, {}),
    ("kind", MALFORMED, {"bit": 1}),
    ("key-id", SIGNATURE, {}),
    ("principals", SIGNATURE, {}),
    ("after", SIGNATURE, {}),
    ("before", SIGNATURE, {}),
    ("extensions", SIGNATURE, {"at": 40}),
    ("signature-key", MALFORMED, {}),
    ("signature", SIGNATURE, {}),
]:
    case(f"a16-bit-flip-in-{field}", f"one bit is changed in the certificate's {field}", code,
         blob=flipped(field, **where))
case("a16-sk-ed25519-without-token", "a certificate that a security key signed itself, without a token",
     "token-missing", user="sk-ed25519", token=DROP)
case("a16-sk-p256-without-token", "a certificate that a P-256 security key signed itself, without a token",
     "token-missing", user="sk-p256", token=DROP)
case("a16-sk-plain-signature", "a security key's certificate with a signature that lacks flags and counter", SIGNATURE,
     user="sk-ed25519", cert={"signature": lambda good: good[:-5]})
case("a16-sk-counter-changed", "a security key's certificate whose signature has another counter", SIGNATURE,
     user="sk-p256", cert={"signature": lambda good: good[:-1] + b"\x08"})
case("a16-sk-application-of-another", "a security key's certificate signed for another application", SIGNATURE,
     user="sk-ed25519", cert={
         "fields": lambda good: good[:-8] + string("ssh:other"),
         "signature_key": lambda good: good[:-8] + string("ssh:other")})
case("a16-sk-key-with-token-of-its-point", "a token for a P-256 key in a certificate for a security key of that point",
     "cic-key-mismatch", user="sk-p256")

# 17. Principals with quote, comma, newline, ...; empty; over 128 bytes; NUL; over 256 of them; none. Key id with ESC.
PRINCIPALS = "cert-principals"
for name, about, principal in [
    ("quote", "a quote", 'alice"'), ("comma", "a comma", "alice,root"), ("line-feed", "a line feed", "alice\nroot"),
    ("backslash", "a backslash", "alice\\"), ("space", "a space", "alice root"), ("tab", "a tab", "alice\troot"),
    ("asterisk", "an asterisk", "*"), ("question-mark", "a question mark", "alic?"),
    ("leading-exclamation-mark", "a leading exclamation mark", "!alice"),
    ("leading-hyphen", "a leading hyphen", "-alice"), ("leading-dot", "a leading dot", ".alice"),
    ("empty", "nothing", ""), ("129-bytes", "129 bytes", "a" * 129), ("nul", "a NUL", "alice\0"),
    ("non-ascii", "a letter beyond ASCII", "\N{LATIN SMALL LETTER A WITH DIAERESIS}lice"),
    ("inner-dollar-sign", "a dollar sign that is not its last", "ali$ce"), ("colon", "a colon", "alice:root"),
]:
    case(f"a17-principal-{name}", f"beside the sentinel and LOGIN a principal with {about}", PRINCIPALS,
         cert={"principals": (SENTINEL, "alice", principal), "hand": True})
case("a17-principals-none", "no principals: before OpenSSH 10.3 such a certificate matched everyone", PRINCIPALS,
     cert={"principals": ()})
case("a17-principals-257", "257 principals", PRINCIPALS,
     cert={"principals": [SENTINEL, *(f"p{number}" for number in range(256))], "hand": True})
case("a17-principals-without-sentinel-and-login", "neither the sentinel nor LOGIN is a principal", PRINCIPALS,
     cert={"principals": ("deploy", "bob")})
case("a17-principals-login-in-other-case", "a principal is LOGIN in capitals", PRINCIPALS,
     cert={"principals": ("ALICE",)})
case("a17-principals-sentinel-in-other-case", "a principal is the sentinel in capitals", PRINCIPALS,
     cert={"principals": (SENTINEL.upper(),)})
ok("ok-256-principals", "256 principals, the sentinel last", line=17,
   cert={"principals": [*(f"p{number}" for number in range(255)), SENTINEL]})
ok("ok-principal-of-128-bytes", "a principal of 128 bytes and a dollar sign beside the sentinel", line=17,
   cert={"principals": (SENTINEL, "a" * 128 + "$")})
ok("ok-key-id-with-line-feed-and-escape", "a key id that would forge a log line and colour a terminal is free text",
   line=17, cert={"key_id": 'x\n{"decision":"accept"}\x1b[2J\x1b[31mroot', "hand": True})
