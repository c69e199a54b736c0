"""Logins that must be let in, with the exact line. More of them stand beside the refusals that they border on."""

import base64
import json

from baseline import DROP, GOOGLE, HOUR, IAT, NOW, PROVIDER, Accepted, Login
from cases_19_20 import line
from certificates import FOREVER, fingerprint, ssh_name
from patch import NULL
from registry import crafted, ok
from tokens import key

OPKSSH = {"valid": (0, FOREVER)}

# Keys of both sides
for name, about, settings in [
    ("rs256", "RS256", {"idp": "rsa"}),
    ("ps256", "PS256", {"idp": "rsa", "alg": "PS256"}),
    ("es256", "ES256", {}),
    ("eddsa", "EdDSA", {"idp": "ed25519"}),
    ("ed25519-spelled-out", "EdDSA spelled Ed25519", {"idp": "ed25519", "alg": "Ed25519"}),
]:
    for user in ("p256", "ed25519", "rsa") if name in ("rs256", "es256") else ("p256", "ed25519"):
        ok(f"ok-{name}-{user}", f"the provider signs with {about}, the user's key is {user}", user=user, **settings)
ok("ok-rsa-3072-provider", "the provider's RSA key has 3,072 bits", idp="rsa-3072")
ok("ok-rsa-4096-user", "the user's RSA key has 4,096 bits", user="rsa-4096")
ok("ok-rsa-sha2-256-certificate", "the certificate's own signature is rsa-sha2-256", user="rsa",
   cert={"hash": "rsa-sha2-256"})
ok("ok-certificate-packed-by-hand", "the certificate that the others are compared with, packed field by field",
   cert={"hand": True})

# Key sets as providers serve them
ok("ok-jwk-without-alg-and-use", "the provider's key has neither alg nor use", jwk={"alg": DROP, "use": DROP})
ok("ok-jwk-with-key-ops", "the provider's key has key_ops verify instead of use",
   jwk={"use": DROP, "key_ops": ["verify"]})
ok("ok-no-kid-one-key-fits", "no kid, and one key of three fits the algorithm", idp="rsa",
   op_header={"kid": DROP}, key_set={"keys": lambda keys: [
       key("provider", "p256").jwk(kid="key-2"), *keys, key("provider-2", "rsa").jwk(use="enc")]})
ok("ok-no-kid-one-key-by-alg", "no kid, and one RSA key of two is for the algorithm", idp="rsa",
   op_header={"kid": DROP}, key_set={
       "keys": lambda keys: [key("provider-2", "rsa").jwk(kid="key-2", alg="PS256"), *keys]})
ok("ok-no-kid-anywhere", "no kid in the header nor in the set's only key", op_header={"kid": DROP}, jwk={"kid": DROP})
ok("ok-unknown-keys-in-set", "keys of unknown kinds stand in the set", key_set={"keys": lambda keys: [
    {"kty": "AKP", "alg": "ML-DSA-44", "kid": "key-9", "pub": "AAAA"}, {"kty": "OKP", "crv": "X448", "x": "AAAA"},
    key("other", "secp256k1").jwk(kid="key-8"), key("other", "p384").jwk(alg="ES384"),
    key("other", "rsa").jwk(kid="key-7", use="enc"),
    {"kty": "future", "kid": "key-6", "x": {"y": [1.5, None]}}, *keys]})
ok("ok-key-set-with-more-members", "the key set has members that nobody knows",
   key_set={"etag": 'W/"1"', "expires": 1})
ok("ok-no-typ", "the provider's header has no typ", op_header={"typ": DROP})

# Claims as providers send them
ok("ok-aud-list-of-one", "aud is a list of ours alone, without azp", claims={"aud": ["pair-ssh"]})
ok("ok-aud-list-with-azp", "aud is a list with ours, and azp is ours", claims={"aud": ["grafana", "pair-ssh"],
                                                                               "azp": "pair-ssh"})
ok("ok-aud-string-with-azp", "aud and azp are ours", claims={"azp": "pair-ssh"})
ok("ok-second-client-id", "aud is the second of our client ids",
   provider={"client_ids": ["pair-web", "pair-ssh"]}, claims={"aud": "pair-ssh"})
ok("ok-float-iat", "iat and exp are floats with a fraction; the line's end is rounded down",
   claims={"iat": IAT + 0.25, "exp": IAT + HOUR + 0.5})
ok("ok-whole-float-iat", "iat is a float without a fraction", claims={"iat": float(IAT)})
ok("ok-iat-with-exponent", "iat is written with an exponent",
   payload=lambda good: good.replace(b"%d" % IAT, b"%.9fe9" % (IAT / 1e9)))
ok("ok-auth-time-0", "auth_time is 0, amr a list, and other claims of all shapes", claims={
    "auth_time": 0, "amr": ["pwd", "otp"], "address": {"country": "DE"}, "picture": NULL, "updated_at": 1.5e9})
ok("ok-payload-with-white-space", "the payload is JSON with indentation, as the provider signed it",
   payload=lambda good: json.dumps(json.loads(good), indent=2).encode() + b"\n")
ok("ok-payload-with-escapes", "the payload's e-mail has escaped letters",
   payload=lambda good: good.replace(b"alice@example.com", b"\\u0061lice@ex\\u0061mple.com"))
ok("ok-issuer-http-localhost", "an http issuer on the loopback interface",
   provider={"issuer": "http://localhost:8080/realms/test"})

# Certificates and client headers as other tools make them
ok("ok-opkssh-certificate", "a certificate as opkssh makes it, valid from 0 for ever", cert=OPKSSH)
ok("ok-openpubkey-act-ignored", "an access token in openpubkey-act is ignored",
   cert={"extensions": {"openpubkey-act": "eyJhbGciOiJub25lIn0.e30."}})
ok("ok-unknown-extensions-ignored", "extensions that nobody knows are ignored",
   cert={"extensions": {"login@github.com": "alice", "zz-flag@example.com": NULL}})
ok("ok-login-as-principal", "LOGIN instead of the sentinel", cert={"principals": ("alice",)},
   expect={"principal": "alice"})
ok("ok-login-among-principals", "LOGIN among other names", cert={"principals": ("deploy", "alice", "bob")},
   expect={"principal": "alice"})
ok("ok-sentinel-before-login", "the sentinel beside LOGIN: the sentinel is printed",
   cert={"principals": ("alice", "opkssh-wildcard")})
ok("ok-certificate-without-permits", "a certificate without any permit: sshd ands them itself",
   cert={"extensions": {f"permit-{name}": DROP for name in (
       "X11-forwarding", "agent-forwarding", "port-forwarding", "pty", "user-rc")}})
ok("ok-critical-options", "force-command, source-address and verify-required are sshd's to enforce",
   cert={"critical": {"force-command": "/usr/bin/id", "source-address": "10.0.0.0/8", "verify-required": None}})
ok("ok-certificate-ends-sooner", "the certificate's own end is the earliest", cert={"valid": (IAT, NOW + 90)},
   expect={"expires": "12:01:30"})
ok("ok-serial-and-key-id", "serial and key id are free", cert={"serial": 2**64 - 1, "key_id": ""})
ok("ok-cic-extra-member", "an extra string member in the client's header", cic={"extra": "yes"})
ok("ok-cic-extra-members-sorted", "extra string members that sort first and last", cic={"Zeta": "", "zone": "\u00e9"})

# Times and their settings
ok("ok-keys-lifetime", "keys_lifetime of an hour; the token's own exp is the earliest end", cert=OPKSSH,
   provider={"keys_lifetime": "2h"}, expect={"expires": "12:59:00"})
ok("ok-beyond-token-expiry", "beyond_token_expiry: Keys of a day outlive the token", cert=OPKSSH,
   claims={"iat": NOW - 2 * HOUR, "exp": NOW - HOUR}, provider={"keys_lifetime": "24h", "beyond_token_expiry": True},
   expect={"expires": "2026-11-23T10:00:00"})
ok("ok-expiry-time-none", "expiry_time none, for an sshd that lacks the option",
   toml=lambda good: good + '\n[line]\nexpiry_time = "none"\n', expect={"expires": None})
ok("ok-clock-skew-configured", "iat two minutes ahead where the skew forgives as much", claims={"iat": NOW + 120},
   settings={"clock_skew": "2m"}, cert=OPKSSH, expect={"expires": "12:07:00"})
ok("ok-now-in-unix-seconds", "the clock is given in Unix seconds", now=str(NOW))
for name, about, permit, permits in [
    ("subset", "two permits, not in the line's order", ["user-rc", "pty"], "pty,user-rc"),
    ("none", "no permit", [], ""),
    ("all", "all five permits", ["X11-forwarding", "user-rc", "agent-forwarding", "port-forwarding", "pty"],
     "pty,port-forwarding,agent-forwarding,X11-forwarding,user-rc"),
]:
    ok(f"ok-session-permit-{name}", f"[session] permit: {about}", expect={"permits": permits},
       toml=lambda good, permit=permit: good + f"\n[session]\npermit = {json.dumps(permit)}\n")
FULL = """space = "build-box"
members = "members"
revoked = "revoked"
keysets = "keysets"
clock_skew = "30s"
template_min_uid = 1000

[[provider]]
name = "example"
issuer = "https://login.example.com"
client_ids = ["pair-ssh"]
algorithms = ["RS256", "PS256", "ES256", "EdDSA"]
token_types = ["JWT"]
keys_lifetime = "5m"
renewable_for = "12h"
beyond_token_expiry = false
max_key_set_age = "24h"
groups_claim = "groups"

[[service]]
name = "pgs"
logins = ["pgs"]
command = "/usr/bin/pgs --account {account}"

[session]
permit = ["pty", "port-forwarding", "agent-forwarding", "user-rc"]

[line]
expiry_time = "utc"

[log]
file = "/var/log/pair/access.jsonl"
syslog = true
required = false
unverified_cap = "16MiB"
"""
ok("ok-every-setting-spelled-out", "pair.toml with every setting at its default", toml=FULL, revoked="# nobody yet\n")

# Who is a member, and the line's options
ok("ok-sub", "a member by subject, without any e-mail", members=line("sub:248289761001"),
   claims={"email": DROP, "email_verified": DROP})
ok("ok-email-in-capitals", "e-mails are compared without ASCII case", members=line("Alice@EXAMPLE.com"))
ok("ok-group", "a member by group", members=line("group:staff"))
ok("ok-group-with-space", "a quoted group with a space", members=line('"group:Domain Admins"'),
   claims={"groups": ["Domain Users", "Domain Admins"]})
ok("ok-group-with-quote", "a group with a quote and a backslash, escaped", members=line('"group:a\\"b\\\\c"'),
   claims={"groups": ['a"b\\c']})
ok("ok-group-string", "one string is one group", members=line("group:sre"), claims={"groups": "sre"})
ok("ok-groups-claim", "groups stand in another claim by configuration", members=line("group:sre"),
   provider={"groups_claim": "https://example.com/roles"},
   claims={"groups": DROP, "https://example.com/roles": ["sre"]})
ok("ok-claim", "a member by another claim", members=line("claim:department=infra"), claims={"department": "infra"})
ok("ok-require", "both required claims hold", claims={"department": "infra", "country": "DE"},
   members=line("alice@example.com", options="require=department:infra,require=country:DE"))
ok("ok-domain", "a member by domain, at a provider that verifies only its own addresses", members=line("*@example.com"))
ok("ok-google-domain", "a member by domain at Google, where hd is that domain", provider=GOOGLE,
   claims={"hd": "example.com"}, members=line("*@example.com", provider="google"))
ok("ok-google-email", "a member by e-mail at Google needs no hd", provider=GOOGLE)
ok("ok-email-local", "{email-local}, lower-cased, is LOGIN with uid 1000", uid="1000",
   claims={"email": "Alice@example.com"}, members=line("*@example.com", "{email-local}"))
ok("ok-email-local-minimum", "a lower template_min_uid", uid="500", settings={"template_min_uid": 500},
   members=line("alice@example.com", "{email-local}"))
ok("ok-claim-template", "{claim:preferred_username} is LOGIN", claims={"preferred_username": "alice"},
   members=line("group:sre", "{claim:preferred_username}"))
ok("ok-exact-login-without-uid", "an exact login needs no --uid", uid=None)
ok("ok-exact-login-of-uid-0", "an exact login may be root", login="root", uid="0",
   members=line("alice@example.com", "root"))
ok("ok-machine-account-login", "a login that ends in a dollar sign", login="backup$",
   members=line("alice@example.com", "backup$"))
ok("ok-every-space", "a line for every Space", members=line("alice@example.com", space="*"))
ok("ok-other-spaces-passed-over", "lines of other Spaces are passed over, whatever they say",
   members="staging  nonsense\nstaging alice@example.com nowhere deny no-such-option\n" + line("alice@example.com"))
ok("ok-every-space-unknown-provider", "a line for every Space with an unknown provider is passed over",
   members=line("alice@example.com", "deny", "nowhere", "*") + line("alice@example.com"))
ok("ok-comments-blank-lines-tabs", "comments, blank lines, tabs and spaces around",
   members="# who\n\n   \t\n\t# what\n\tbuild-box\t alice@example.com\texample \t alice,deploy\t role=owner \n")
ok("ok-second-line-names-login", "the first line that matches does not name LOGIN, the second does",
   members=line("alice@example.com", "deploy", options="no-pty") + line("group:sre"))
ok("ok-first-line-wins", "the first matching line's options count, and nothing is merged",
   members=line("alice@example.com", options="no-pty") + line("group:sre", options="no-user-rc"),
   expect={"permits": "port-forwarding,agent-forwarding,user-rc"})
ok("ok-expired-grant-passed-over", "a grant past its until is passed over for the next",
   members=line("alice@example.com", options="until=2026-01-01T00:00:00Z,no-pty") + line("group:sre"))
ok("ok-until", "until is the earliest end", expect={"expires": "12:00:30"},
   members=line("alice@example.com", options="until=2026-11-22T12:00:30Z"))
ok("ok-from", "from= on the line", expect={"from_": "10.0.0.0/8,::1"},
   members=line("alice@example.com", options='from="10.0.0.0/8,::1"'))
ok("ok-command", "command= on the line", expect={"command": "/usr/bin/rbash"},
   members=line("alice@example.com", options="command=/usr/bin/rbash"))
ok("ok-command-with-quotes", "a command with quotes, commas, spaces and a backslash within",
   members=line("alice@example.com", options='command="/bin/echo \\"a, b\\" \\\\n",no-pty'),
   expect={"command": '/bin/echo "a, b" \\n', "permits": "port-forwarding,agent-forwarding,user-rc"})
ok("ok-all-options", "every option of a grant at once",
   members=line("alice@example.com", options='role=guest,until=2026-12-31T00:00:00Z,from="::1",command="id",'
                'require=country:DE,no-pty,no-port-forwarding,no-agent-forwarding,no-user-rc'),
   claims={"country": "DE"}, expect={"permits": "", "command": "id", "from_": "::1"})
ok("ok-deny-of-another-provider", "a deny at another provider neither matches nor needs deciding", second={},
   members=lambda good: good + line("alice@example.com", "deny", "second") + line("claim:x=y", "deny", "second"))
ok("ok-deny-of-another-space", "a deny in another Space", members=lambda good: good + line(
    "alice@example.com", "deny", space="staging"))
ok("ok-deny-decided", "denies on groups, e-mails and claims that the token lets decide", claims={"department": "infra"},
   members=lambda good: good + line("group:suspended", "deny") + line("mallory@example.com", "deny")
   + line("claim:department=sales", "deny") + line("sub:1", "deny"))

# Providers side by side
ok("ok-two-providers-one-issuer", "two providers share an issuer; the client id tells them apart",
   provider={"client_ids": ["pair-ssh"]}, second={"issuer": PROVIDER["issuer"], "client_ids": ["pair-ci"]})


@crafted("ok-second-of-two-providers-of-one-issuer", "two providers share an issuer, and the token is the second's",
         Accepted())
def _():
    keys = [key("provider", "p256").jwk(kid="key-1")]
    second = {"issuer": PROVIDER["issuer"], "client_ids": ["pair-ci"], "keys": keys}
    return Login(second=second, claims={"aud": "pair-ci"}, members=line("alice@example.com", provider="second"),
                 key_set={"keys": [key("another", "p256").jwk(kid="key-1")]})


# Arguments
ok("ok-without-type", "no --type", argv=lambda good: good[:-2])
ok("ok-bare-base64-file", "a key file of base64 alone", key_text=lambda good: good)
ok("ok-whole-line-without-comment", "a key file of type and base64",
   key_text=lambda good: "ecdsa-sha2-nistp256-cert-v01@openssh.com " + good)


@crafted("ok-key-inline", "the key as an argument and all flags, as sshd passes them", Accepted())
def _():
    login = Login(files={"key.pub": DROP})
    flags = {"--user": "alice", "--uid": "1001", "--key": base64.b64encode(login.blob).decode(),
             "--type": ssh_name(login.user, certificate=True), "--fingerprint": fingerprint(login.user)}
    login.files["argv"] = json.dumps([word for pair in flags.items() for word in pair]) + "\n"
    return login
