"""Logins by an account that must be let in, with the exact line: the other side of line 18 of docs/threat-model.md."""

from baseline import DROP, HOUR, NOW, Accepted
from cases_18 import COMMAND, entry, made, plain, plainly
from certificates import FOREVER, PERMITS, fingerprint, plain_base64, ssh_name
from registry import crafted, ok
from tokens import key

class Granted(Accepted):
    """The line for a service's login: the CA's key and the principal that matched, or an account's plain key."""

    def __init__(self, signer, *, principal="pgs", expires="12:05:00", command=None, **line):
        super().__init__(expires=expires if principal else None, principal=principal, command=command, **line)
        self.signer = signer

    def text(self, login):
        signer = key(*self.signer)
        words = super().text(login).split(" ssh-")[0].split(" ecdsa-")[0].split(" sk-")[0]
        if self.principal is None:
            words = words.removesuffix(',cert-authority,principals="None"')
        return f"{words} {ssh_name(signer)} {plain_base64(signer)}"


def command_for(login, account="acme", service="pgs"):
    return COMMAND.format(account=account, service=service, login=login)


def granted(name, about, *, expect=None, ca=("ca", "ed25519"), login="pgs", **settings):
    wanted = {"command": command_for(login), **(expect or {})}
    crafted(f"ok-{name}", about, Granted(ca, **wanted), line=18)(lambda: made(ca=ca, login=login, **settings))


# Let in: every kind of CA and of key
for kind in ("ed25519", "p256", "p384", "rsa", "rsa-4096", "sk-ed25519", "sk-p256"):
    granted(f"ca-{kind}", f"the CA is a {kind} key", ca=("ca", kind))
for kind in ("ed25519", "p384", "rsa", "sk-ed25519", "sk-p256"):
    granted(f"ca-for-{kind}", f"the certified key is a {kind} key", user=kind)
granted("ca-rsa-sha2-256", "an RSA CA signed with rsa-sha2-256", ca=("ca", "rsa"), cert={"hash": "rsa-sha2-256"})
granted("ca-certificate-packed-by-hand", "the certificate that the refused ones are compared with",
        cert={"hand": True})

# Which principal, which service
ADMIN_LINE = {"principal": "admin"}
granted("ca-among-principals", "the service among other principals: it alone is printed",
        cert={"principals": ("tuns", "nobody", "pgs", "deploy")})
granted("ca-256-principals", "256 principals, the service last",
        cert={"principals": [*(f"p{number}" for number in range(255)), "pgs"]})
granted("ca-capped", "the CA may grant the service", cap="tuns,pgs")
granted("ca-capped-admin-unused", "admin from a CA that may not grant it, beside the service, which it may", cap="pgs",
        cert={"principals": ("admin", "pgs")})
granted("ca-admin", "admin reaches the service, whose command runs", cert={"principals": ("admin",)}, expect=ADMIN_LINE)
granted("ca-admin-beside-service", "the service's own name is printed before admin",
        cert={"principals": ("admin", "pgs")})
granted("ca-capped-to-admin", "a CA that may grant admin alone, and pgs is a principal too", cap="admin",
        cert={"principals": ("pgs", "admin")}, expect=ADMIN_LINE)
granted("ca-admin-login", "admin reaches a login of admin alone, which has no command", login="root",
        cert={"principals": ("admin",)}, expect={"principal": "admin", "command": None})
granted("ca-login-of-service-and-admin", "a login of a service and of admin: the service's command runs", login="pgs-2")
granted("ca-admin-for-login-of-both", "admin for a login of a service and of admin: the service's command runs",
        login="pgs-2", cert={"principals": ("admin",)}, expect=ADMIN_LINE)
granted("ca-service-without-command", "a service without a command", login="tuns", cert={"principals": ("tuns",)},
        expect={"principal": "tuns", "command": None})
granted("ca-admin-command", "the command of the service admin, for its own login", login="root",
        services={"admin": (["root"], COMMAND)}, cert={"principals": ("admin",)},
        expect={"principal": "admin", "command": command_for("root", service="admin")})
QUOTED = '/bin/sh -c "echo \\"{account}\\" \'{login}\' {other} {service}{service}"'.replace('\\"', "'")
granted("ca-command-with-quotes", "placeholders within quotes, side by side, and one that there is not", login="a.b-c$",
        services={"x.y_z-1": (["a.b-c$"], QUOTED)}, accounts=lambda: entry(key("ca", "ed25519"), account="0.a-b_c"),
        cert={"principals": ("x.y_z-1",)}, expect={
            "principal": "x.y_z-1", "command": QUOTED.replace("{account}", "0.a-b_c").replace(
                "{login}", "a.b-c$").replace("{service}", "x.y_z-1")})
granted("ca-of-the-second-account", "two accounts, comments, tabs and blank lines; the CA is the last one's",
        accounts=lambda: "# ours\n\n" + entry(key("bob", "p256"), account="first", cap="tuns") + plain(
            key("bob", "rsa"), account="first") + "  " + entry(key("ca", "ed25519"), account="second").replace(
                " ", "\t", 1), expect={"command": command_for("pgs", account="second")})
granted("ca-for-an-accounts-plain-key", "the certified key is a plain account key too", user="ed25519",
        accounts=lambda: plain(key("alice", "ed25519"), account="other") + entry(key("ca", "ed25519")))

# Its end
granted("ca-for-ever", "a certificate without an end: the line has none", cert={"valid": (0, FOREVER)},
        expect={"expires": None})
granted("ca-until-2-63", "a certificate that ends far behind the year 9999", expect={"expires": None},
        cert={"valid": (0, 2**63 + 1), "hand": True})
granted("ca-until-9999", "a certificate that ends with the year 9999", expect={"expires": "9999-12-31T23:59:59"},
        cert={"valid": (0, 253402300799)})
granted("ca-for-a-year", "a certificate of a year: no keys_lifetime shortens it",
        cert={"valid": (NOW, NOW + 365 * 24 * HOUR)}, expect={"expires": "2027-11-22T12:00:00"})
granted("ca-starts-at-skew", "the certificate starts as late as the skew forgives",
        cert={"valid": (NOW + 30, NOW + 300)})
granted("ca-expiry-time-none", "expiry_time none", toml='\n[line]\nexpiry_time = "none"\n', expect={"expires": None})

# What else stands in it
granted("ca-critical-options", "force-command, source-address and verify-required are sshd's to enforce", cert={
    "critical": {"force-command": "/usr/bin/id", "source-address": "10.0.0.0/8,::1/128", "verify-required": None}})
granted("ca-without-permits", "a certificate without any permit: sshd ands them itself",
        cert={"extensions": {name: DROP for name in PERMITS}})
granted("ca-unknown-extension", "an extension that nobody knows is ignored",
        cert={"extensions": {"login@github.com": "alice"}})
granted("ca-token-ignored", "a token in a CA's certificate means nothing", cert={
    "extensions": {"openpubkey-pkt": "a:b:c"}})
granted("ca-highest-serial", "the serial is 2^64 - 1 and the key id empty", cert={"serial": 2**64 - 1, "key_id": ""})
granted("ca-key-id-of-any-bytes", "a key id that would forge a log line and colour a terminal",
        cert={"key_id": 'x"\n{"decision":"accept"}\x1b[2J', "hand": True})
granted("ca-key-id-not-utf-8", "a key id that is not UTF-8", cert={"key_id": b"alice\xff\xfe", "hand": True})
granted("ca-session-permits", "[session] permit holds for certificates too", toml='\n[session]\npermit = ["pty"]\n',
        expect={"permits": "pty"})
granted("ca-others-revoked", "other keys, and other serials and key ids of the CA, are revoked",
        revoked=lambda _: f"key {fingerprint(key('bob', 'p256'))}\n"
        + "".join(f"cert {fingerprint(key('ca', 'ed25519'))} {words}\n" for words in
                  ("serial=41", "serial=43-99", 'id="alice@2026-11-2"', 'id="ALICE@2026-11-22"'))
        + f"cert {fingerprint(key('bob', 'p256'))} serial=42\n")


def granted_plainly(name, about, *, owner=("alice", "ed25519"), login="pgs", command=COMMAND, **settings):
    text = command and command_for(login)
    crafted(f"ok-{name}", about, Granted(owner, principal=None, command=text), line=18)(
        lambda: plainly(owner=owner, login=login, **{"accounts": lambda: plain(key(*owner)), **settings}))


# Plain keys
for kind in ("ed25519", "p256", "p384", "rsa", "sk-ed25519", "sk-p256"):
    granted_plainly(f"account-key-{kind}", f"an account's plain {kind} key reaches a service", owner=("alice", kind))
granted_plainly("account-key-for-admin-login", "an account's plain key reaches a login of admin", login="root",
                command=None)
granted_plainly("account-key-for-service-without-command", "an account's plain key reaches a service without a command",
                login="tuns", command=None)
granted_plainly("account-key-beside-cas", "an account's plain key among CAs and other keys", accounts=lambda: entry(
    key("ca", "ed25519"), cap="tuns") + plain(key("bob", "ed25519"), account="other") + plain(key("alice", "ed25519")))

# The Keys path knows nothing of accounts
ok("ok-keys-beside-broken-accounts", "Keys enter while accounts is torn: their path does not read it", line=18,
   files={"accounts": "acme ssh-ed25519"})
