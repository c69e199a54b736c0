"""Line 18 of docs/threat-model.md: certificates of an account's own CA, and plain keys of accounts."""

import base64
import json

from baseline import DROP, HOUR, NOW, Login
from certificates import (
    FOREVER,
    SENTINEL,
    certificate,
    field_spans,
    fingerprint,
    options,
    plain_base64,
    plain_blob,
    signature_blob,
    ssh_name,
    string,
)
from registry import case, crafted
from tokens import key

COMMAND = "/usr/bin/pgs --account {account} --service {service} --login {login}"
SERVICES = {"pgs": (["pgs", "pgs-2"], COMMAND), "tuns": (["tuns"], None), "admin": (["root", "pgs-2"], None)}


def services_toml(services):
    tables = ""
    for name, (logins, command) in services.items():
        tables += f"\n[[service]]\nname = {json.dumps(name)}\nlogins = {json.dumps(logins)}\n"
        tables += f"command = {json.dumps(command)}\n" if command else ""
    return tables


def entry(public, *, account="acme", cap=None, authority=True, comment="a key"):
    """One line of accounts."""
    words = ["cert-authority"] if authority else []
    words += [f'services="{cap}"'] if cap is not None else []
    return f"{account} {','.join(words)}{' ' if words else ''}{ssh_name(public)} {plain_base64(public)} {comment}\n"


def plain(public, **settings):
    return entry(public, authority=False, **settings)


def made(*, ca=("ca", "ed25519"), accounts=None, services=None, cap=None, login="pgs", cert=None, toml="",
         **overrides):
    """A login as a service's login with a certificate by an account's CA; nothing of the Keys path is on the host."""
    signer = key(*ca)
    text = entry(signer, cap=cap) if accounts is None else accounts() if callable(accounts) else accounts
    mine = {} if accounts is DROP else {"accounts": text}
    settings = {"ca": signer, "principals": ("pgs",), "valid": (NOW - 60, NOW + 300), "key_id": "alice@2026-11-22",
                "serial": 42, "hand": signer.kind.startswith("sk-"), **(cert or {})}
    for name in ("ca", "signature_key"):  # keys by their owner and kind, made only where the case is
        if isinstance(settings.get(name), tuple):
            settings[name] = key(*settings[name])
    return Login(login=login, token=DROP, cert=settings,
                 toml=lambda good: good + services_toml(SERVICES if services is None else services) + toml,
                 files={"members": DROP, "keysets/example.json": DROP, **mine}, **overrides)


def refused(name, about, code, **settings):
    crafted(f"a18-{name}", about, code)(lambda: made(**settings))


def plainly(make=made, *, owner=("alice", "ed25519"), **settings):
    """The login with the plain key instead of the certificate."""
    public = key(*owner)
    return make(user=public, key_text=lambda _: plain_base64(public) + "\n",
                argv=lambda good: good[:-1] + [ssh_name(public)], **settings)


# A forged CA signature
SIGNATURE = "cert-signature"
refused("forged-signature", "the certificate names the account's CA, and another key of its type signed", SIGNATURE,
        cert={"ca": ("mallory", "ed25519"), "signature_key": lambda _: plain_blob(key("ca", "ed25519"))})
refused("forged-signature-by-the-certified-key", "the certificate names the account's CA, and the certified key signed",
        SIGNATURE, user="ed25519",
        cert={"ca": ("alice", "ed25519"), "signature_key": lambda _: plain_blob(key("ca", "ed25519"))})
refused("forged-signature-of-another-type", "the CA is an RSA key, the signature a P-256 key's", SIGNATURE,
        ca=("ca", "rsa"), cert={"ca": ("mallory", "p256"), "signature_key": lambda _: plain_blob(key("ca", "rsa"))})
refused("forged-signature-empty", "the CA's signature is empty", SIGNATURE, cert={"signature": b""})
refused("forged-signature-zeroes", "the CA's signature is 64 zero bytes", SIGNATURE,
        cert={"raw_signature": bytes(64)})
refused("forged-signature-of-another-certificate", "the CA's signature over another certificate of the same key",
        SIGNATURE, cert={"hand": True, "signature": lambda _: signature_blob(
            key("ca", "ed25519"), b"another certificate")})
refused("ca-signature-sha1", "an RSA CA signed with SHA-1, as ssh-keygen did before 8.2", SIGNATURE, ca=("ca", "rsa"),
        cert={"algorithm": "ssh-rsa"})
refused("ca-rsa-1024", "the account's CA is an RSA key of 1024 bits", SIGNATURE, ca=("ca", "rsa-1024"))
refused("ca-signature-without-sk-counter", "a security key's signature without flags and counter", SIGNATURE,
        ca=("ca", "sk-ed25519"), cert={"signature": lambda good: good[:-5]})
refused("ca-sk-application-of-another", "a security key's CA signature for another application than in accounts",
        SIGNATURE, ca=("ca", "sk-ed25519"),
        cert={"signature_key": lambda good: good[:-8] + string("ssh:other")})
refused("ca-dss", "the CA is an ssh-dss key", "key-type-unsupported",
        cert={"signature_key": string("ssh-dss") + string(b"\x01") * 4})
refused("ca-point-off-curve", "the CA's point is off its curve", "key-malformed", ca=("ca", "p256"),
        cert={"signature_key": lambda good: good[:-1] + bytes([good[-1] ^ 1])})


def flipped(field, at=-1):
    """Flips the lowest bit of one byte of a field of a P-256 certificate."""

    def change(good):
        start, end = field_spans(good)[field]
        blob = bytearray(good)
        blob[(end if at < 0 else start) + at] ^= 1
        return bytes(blob)

    return change


for field in ("serial", "key-id", "principals", "after", "before", "critical", "extensions", "signature"):
    refused(f"bit-flip-in-{field}", f"one bit is changed in {field} after the CA signed", SIGNATURE,
            cert={"critical": {"force-command": "/usr/bin/true"}},
            blob=flipped(field, {"extensions": 40}.get(field, -1)))
refused("service-written-over", "the principal tuns is written over by pgs-, of the same length, after the CA signed",
        SIGNATURE, cert={"principals": ("tuns",)}, blob=lambda good: good.replace(b"tuns", b"pgs-"))
refused("life-written-over", "the certificate's end is written over by all ones after the CA signed", SIGNATURE,
        cert={"valid": (NOW - 60, NOW + 300)},
        blob=lambda good: good.replace((NOW + 300).to_bytes(8, "big"), b"\xff" * 8))

# A CA that no account has
UNKNOWN = "ca-unknown"
refused("ca-of-nobody", "no account has the CA", UNKNOWN, cert={"ca": ("mallory", "ed25519")})
refused("ca-of-nobody-capped", "no account has the CA, whatever another one may grant", UNKNOWN, cap="pgs",
        cert={"ca": ("mallory", "p256"), "principals": ("pgs", "admin")})
refused("ca-in-a-comment", "the CA's line is commented out", UNKNOWN,
        accounts=lambda: "# " + entry(key("ca", "ed25519")))
refused("ca-in-no-file", "there is no file of accounts, and pair.toml names none", UNKNOWN, accounts=DROP)
refused("ca-in-an-empty-file", "the file of accounts is empty", UNKNOWN, accounts="")
refused("ca-sk-of-another-application", "the same security key for another application is another CA", UNKNOWN,
        ca=("ca", "sk-ed25519"),
        accounts=lambda: entry(key("ca", "sk-ed25519")).replace(
            plain_base64(key("ca", "sk-ed25519")),
            base64.b64encode(plain_blob(key("ca", "sk-ed25519"))[:-8] + string("ssh:x")).decode()))
refused("plain-key-as-ca", "a plain account key signed: without cert-authority it cannot", UNKNOWN,
        accounts=lambda: plain(key("ca", "ed25519")))
refused("plain-key-as-ca-of-itself", "a plain account key certified itself: that is the Keys path", "token-missing",
        user="ed25519", accounts=lambda: plain(key("alice", "ed25519")), cert={"ca": ("alice", "ed25519")})
refused("ca-certifies-itself", "the CA certified its own key: that is the Keys path", "token-missing", user="ed25519",
        accounts=lambda: entry(key("alice", "ed25519")), cert={"ca": ("alice", "ed25519")})
refused("signed-by-a-certified-key", "a key that the CA certified signed on", UNKNOWN,
        cert={"ca": ("bob", "ed25519")})
refused("signature-key-is-a-certificate", "the signature key is a certificate of the account's CA", "cert-nested",
        cert={"signature_key": lambda _: certificate(
            key("bob", "ed25519"), None, ca=key("ca", "ed25519"), valid=(0, FOREVER))})
crafted("a18-ca-as-login-key", "the CA's own plain key asks to enter: it never logs in", "key-unknown")(
    lambda: plainly(accounts=lambda: entry(key("alice", "ed25519"))))
crafted("a18-capped-ca-as-login-key", "a capped CA's own plain key asks to enter", "key-unknown")(
    lambda: plainly(accounts=lambda: entry(key("alice", "ed25519"), cap="pgs")))

# Services: principals, the cap, admin
SERVICE, ADMIN = "service-not-granted", "admin-not-granted"
refused("service-beyond-cap", "the CA may grant tuns, and signed for pgs", SERVICE, cap="tuns")
refused("services-beyond-cap", "the CA may grant tuns, signed for both, and LOGIN is pgs's", SERVICE, cap="tuns",
        cert={"principals": ("tuns", "pgs")})
refused("admin-from-capped-ca", "admin from a CA that may grant the very service, and not admin", ADMIN, cap="pgs",
        cert={"principals": ("admin",)})
refused("admin-from-capped-ca-for-its-own-login", "admin from a capped CA, for a login of admin alone", ADMIN,
        cap="pgs,tuns", login="root", cert={"principals": ("pgs", "admin")})
refused("admin-and-service-beyond-cap", "admin and pgs from a CA that may grant tuns", ADMIN, cap="tuns",
        cert={"principals": ("pgs", "admin")})
refused("cap-of-a-longer-name", "the cap is pgs-2, a name that starts with the service's", SERVICE, cap="pgs-2")
refused("service-of-another", "the certificate is for tuns, LOGIN is pgs's", SERVICE, cert={"principals": ("tuns",)})
refused("login-of-another-service", "the certificate is for pgs, LOGIN is tuns's", SERVICE, login="tuns")
refused("login-of-admin-alone", "the certificate is for pgs, LOGIN is admin's", SERVICE, login="root")
refused("login-of-no-service", "no service has LOGIN, whatever the principals say", SERVICE, login="alice",
        cert={"principals": ("pgs", "tuns", "admin", "alice", SENTINEL)})
refused("login-of-no-service-admin-capped", "no service has LOGIN, and a capped CA signed for admin", SERVICE,
        login="alice", cap="pgs", cert={"principals": ("admin",)})
refused("login-in-capitals", "LOGIN differs from the service's in case", SERVICE, login="PGS")
refused("no-services", "pair.toml has no services", SERVICE, services={}, cert={"principals": ("pgs", "admin")})
refused("admin-without-its-service", "admin for a login of no service, where no service admin is configured", SERVICE,
        services={"pgs": SERVICES["pgs"]}, login="root", cert={"principals": ("admin",)})
for name, principal in [("capitals", "PGS"), ("one-capital", "pgS"), ("admin-in-capitals", "ADMIN"),
                        ("admin-with-capital", "Admin"), ("longer", "pgs2"), ("shorter", "pg"), ("sentinel", SENTINEL),
                        ("login", "pgs-2")]:
    refused(f"principal-{name}", f"the only principal is {principal}, LOGIN pgs-2 of the service pgs", SERVICE,
            login="pgs-2", cert={"principals": (principal,)})
refused("principal-with-comma", "one principal that reads x,pgs: before OpenSSH 10.3 sshd could split it",
        "cert-principals", cert={"principals": ("x,pgs",), "hand": True})
refused("principal-with-quote", "a principal that would end the line's quotes, beside pgs", "cert-principals",
        cert={"principals": ("pgs", 'pgs",command="id'), "hand": True})
refused("principal-with-nul", "a principal with a NUL behind pgs", "cert-principals",
        cert={"principals": ("pgs\0",), "hand": True})
refused("principals-none", "no principals", "cert-principals", cert={"principals": ()})

# Expired, not yet valid, and what else holds of any certificate
for name, about, code, valid in [
    ("expired", "ended a second ago", "cert-expired", (NOW - HOUR, NOW - 1)),
    ("expired-just-now", "ends this very second", "cert-expired", (NOW - HOUR, NOW)),
    ("ended-in-1970", "ended in 1970", "cert-expired", (0, 1)),
    ("not-yet-valid", "starts a second later than the skew forgives", "cert-not-yet-valid", (NOW + 31, NOW + HOUR)),
    ("starts-in-2-63", "starts at 2^63, negative where read as signed", "cert-not-yet-valid", (2**63, FOREVER)),
]:
    refused(name, f"the CA's certificate {about}", code, cert={"valid": valid, "hand": True})
refused("expired-within-skew", "the certificate ended ten seconds ago: the skew lengthens no end", "cert-expired",
        cert={"valid": (NOW - HOUR, NOW - 10)}, settings={"clock_skew": "2m"})
refused("host-certificate", "the account's CA signed a host certificate", "cert-host", cert={"kind": 2})
refused("critical-option-unknown", "the CA wrote a critical option that nobody knows", "cert-critical-option",
        cert={"critical": {"no-such-option@example.com": "x"}})
refused("force-command-wrapped-once", "the CA's force-command is not wrapped a second time", "cert-options",
        cert={"critical_bytes": string("force-command") + string("/bin/true")})
refused("critical-options-unsorted", "source-address stands before force-command", "cert-options",
        cert={"critical_bytes": options([("source-address", "10.0.0.0/8"), ("force-command", "/bin/true")])})

# Revoked
for name, about, code, line in [
    ("key", "certified key is", "revoked-key", lambda login: f"key {fingerprint(login.user)}"),
    ("ca", "CA is", "revoked-key", lambda _: f"key {fingerprint(key('ca', 'ed25519'))}"),
    ("serial", "serial is", "revoked-cert", lambda _: f"cert {fingerprint(key('ca', 'ed25519'))} serial=42"),
    ("serial-range", "serial is the last of a range that is", "revoked-cert",
     lambda _: f"cert {fingerprint(key('ca', 'ed25519'))} serial=12-42"),
    ("key-id", "key id is", "revoked-cert",
     lambda _: f'cert {fingerprint(key("ca", "ed25519"))} id="alice@2026-11-22"'),
]:
    refused(f"revoked-{name}", f"the certificate's {about} revoked", code,
            revoked=lambda login, line=line: line(login) + "\n")
refused("revoked-highest-serial", "the serial 2^64 - 1 is revoked by a range up to it", "revoked-cert",
        cert={"serial": 2**64 - 1},
        revoked=lambda _: f"cert {fingerprint(key('ca', 'ed25519'))} serial=43-18446744073709551615\n")

# Plain keys of accounts
crafted("a18-plain-key-login-of-no-service", "a plain account key for a login of no service", SERVICE)(
    lambda: plainly(accounts=lambda: plain(key("alice", "ed25519")), login="alice"))
crafted("a18-plain-key-revoked", "a plain account key that is revoked", "revoked-key")(
    lambda: plainly(accounts=lambda: plain(key("alice", "ed25519")),
                    revoked=lambda login: f"key {fingerprint(login.user)}\n"))
crafted("a18-plain-key-of-nobody", "a plain key that no account has, where others are", "key-unknown")(
    lambda: plainly(accounts=lambda: plain(key("bob", "ed25519")) + entry(key("ca", "ed25519"))))
crafted("a18-plain-key-in-a-comment", "a plain key that is somebody else's comment in accounts", "key-unknown")(
    lambda: plainly(accounts=lambda: plain(key("bob", "p256"), comment=plain_base64(key("alice", "ed25519")))))

# Accounts that cannot be used
for name, about, code, text in [
    ("unknown-option", "an option that there is not", "config-syntax",
     lambda: entry(key("ca", "ed25519")).replace("cert-authority", "cert-authority,no-pty")),
    ("cap-on-a-plain-key", "services on a plain key, which reaches everything", "config-syntax",
     lambda: entry(key("bob", "ed25519"), cap="pgs").replace("cert-authority,", "") + entry(key("ca", "ed25519"))),
    ("cap-empty", "an empty cap", "config-syntax", lambda: entry(key("ca", "ed25519"), cap="")),
    ("cap-in-capitals", "a service's name in capitals in a cap", "config-syntax",
     lambda: entry(key("ca", "ed25519"), cap="PGS")),
    ("account-in-capitals", "an account's name in capitals", "config-syntax",
     lambda: entry(key("ca", "ed25519"), account="Acme")),
    ("account-with-quote", "an account's name with a quote", "config-syntax",
     lambda: entry(key("ca", "ed25519"), account='ac"me')),
    ("key-twice", "the CA stands twice, capped and not", "config-invalid",
     lambda: entry(key("ca", "ed25519"), cap="tuns") + entry(key("ca", "ed25519"))),
    ("key-as-ca-and-plain", "the same key as a CA and as a plain key", "config-invalid",
     lambda: plain(key("ca", "ed25519")) + entry(key("ca", "ed25519"), account="other")),
    ("type-of-another", "a type that is not the key's", "config-syntax",
     lambda: entry(key("ca", "ed25519")).replace("ssh-ed25519", "ssh-rsa")),
    ("certificate", "a certificate where a CA's plain key belongs", "config-syntax",
     lambda: entry(key("ca", "ed25519")).replace("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com")),
    ("key-cut", "a key cut off, behind the CA's good line", "config-syntax",
     lambda: entry(key("ca", "ed25519")) + entry(key("bob", "p256")).replace("= a key", " a key")),
    ("torn", "a last line without its line feed", "config-syntax", lambda: entry(key("ca", "ed25519"))[:-1]),
    ("carriage-return", "lines that end in CR LF", "config-syntax",
     lambda: entry(key("ca", "ed25519")).replace("\n", "\r\n")),
    ("not-utf-8", "a comment that is not UTF-8", "config-syntax",
     lambda: entry(key("ca", "ed25519")).encode().replace(b"a key", b"a \xff")),
]:
    crafted(f"fault-accounts-{name}", f"accounts: {about}", "fault " + code, line=18)(
        lambda text=text: made(accounts=text))
crafted("fault-accounts-named-but-missing", "a file of accounts that pair.toml names is missing",
        "fault config-missing", line=18)(
    lambda: made(accounts=DROP, settings={"accounts": "accounts"}))
crafted("fault-accounts-for-a-stray-key", "accounts is torn, and a plain key of nobody asks", "fault config-syntax",
        line=18)(lambda: plainly(accounts="acme ssh-ed25519"))

# Keys have nothing to do with services
case("a18-keys-for-a-services-login", "Keys of a member are no certificate for a service", "login-not-granted",
     login="pgs", toml=lambda good: good + services_toml(SERVICES))
