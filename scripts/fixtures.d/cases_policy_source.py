"""Hosts that follow a fleet's policy: one file with members, accounts and revoked, as `pair host refresh` applies it."""

import functools
import pathlib
import tempfile

from baseline import DROP
from cases_19_20 import line
from certificates import fingerprint, private_file, ssh_keygen
from registry import case, ok
from tokens import key


def signed(text):
    """What is published: the text with the signature of ssh-keygen behind it."""
    with tempfile.TemporaryDirectory() as folder:
        policy = pathlib.Path(folder, "policy")
        policy.write_text(text)
        ssh_keygen("-q", "-Y", "sign", "-n", "pair-policy", "-f", private_file(key("fleet", "ed25519")), policy)
        return text + pathlib.Path(f"{policy}.sig").read_text()


ok("ok-policy-source", "the policy of a fleet, its signature behind it", fleet={"text": signed})
ok("ok-policy-source-without-signature", "the policy of a fleet by itself: the signature is for whoever applies it",
   fleet={})
ok("ok-policy-source-revoked", "the policy of a fleet with others revoked", fleet={"text": signed},
   revoked="identity example sub:1\n")
ok("ok-policy-source-grace", "a policy that has expired, within its grace",
   fleet={"header": {"expires": "2026-11-22T12:00:00Z"}, "source": {"grace": "1s"}})
ok("ok-policy-source-all-members", "all members of [policy_source]", fleet={"source": {
    "allowed_signers": "signers", "grace": "12h", "min_serial": 1 << 53}})
ok("ok-policy-source-etcd", "a policy that comes by way of etcd, with all members that are for etcd", fleet={"source": {
    "url": DROP, "etcd": ["https://a.example.com:2379", "https://b.example.com:2379"], "prefix": "/fleet/",
    "ca": "ca.pem", "user": "host", "password_file": "password"}})
ok("ok-policy-source-below-min-serial", "min_serial is for whoever applies a policy", fleet={
    "source": {"min_serial": 43}})

refused = functools.partial(case, fleet={})
refused("policy-own-members", "a members file beside pair.toml says nothing where there is a policy", "not-a-member",
        members="", files={"members": "build-box  alice@example.com  example  alice,deploy\n"})
refused("policy-revoked-key", "the certified key is revoked by the policy", "revoked-key",
        revoked=lambda login: f"key {fingerprint(login.user)}\n")
refused("policy-revoked-identity", "the subject is revoked by the policy", "revoked-identity",
        revoked="identity example sub:248289761001\n")
refused("policy-denied", "a line of the policy's members denies", "denied",
        members=lambda good: good + line("sub:248289761001", "deny"))
refused("policy-missing", "no policy has been applied", "policy-missing", files={"policy": DROP})
for name, about, fleet in [
    ("now", "the policy expires now", {"header": {"expires": "2026-11-22T12:00:00Z"}}),
    ("grace", "the grace of a policy is over now",
     {"header": {"expires": "2026-11-22T11:30:00Z"}, "source": {"grace": "30m"}}),
]:
    case(f"policy-expired-{name}", about, "policy-expired", fleet=fleet)
for name, about, fleet in [
    ("empty", "an empty file", {"text": lambda _: ""}),
    ("cut-header", "cut within its header", {"text": lambda good: good[:60]}),
    ("cut", "cut by a byte", {"text": lambda good: good[:-1]}),
    ("version", "of a version that we do not know", {"header": {"pair-policy": 2}}),
    ("order", "its header's lines in another order",
     {"text": lambda good: good.replace("serial 42\ncreated 2026-11-22T11:00:00Z\n",
                                        "created 2026-11-22T11:00:00Z\nserial 42\n")}),
    ("serial", "a serial of 0", {"header": {"serial": 0}}),
    ("serial-large", "a serial above 2^53", {"header": {"serial": (1 << 53) + 1}}),
    ("number", "a length with a leading zero", {"header": {"accounts": "00"}}),
    ("length", "lengths whose sum is too large for any number", {"header": {
        "members": 10**18 - 1, "accounts": 10**18 - 1, "revoked": 10**18 - 1}}),
    ("times", "it expired before it was created", {"header": {"created": "2026-11-22T14:00:00Z"}}),
    ("crlf", "lines that end in CR LF", {"text": lambda good: good.replace("\n", "\r\n")}),
    ("signature-only", "nothing but the signature", {"text": lambda good: signed(good)[len(good):]}),
]:
    case(f"policy-malformed-{name}", f"the applied policy: {about}", "policy-malformed", fleet=fleet)
case("fault-policy-torn", "a part of the policy that does not end with its line", "fault config-syntax",
     revoked="identity example sub:1\n", fleet={"header": {"members": lambda good: good - 1,
                                                           "revoked": lambda good: good + 1}})
case("fault-policy-line", "a line of the policy that does not parse", "fault config-syntax", fleet={},
     members=lambda good: good + "build-box  bob\n")

# pair.toml
for name in ("members", "accounts", "revoked"):
    case(f"fault-policy-beside-{name}", f"{name} are named beside [policy_source]", "fault config-invalid", fleet={},
         settings={name: name})
for name, about, source in [
    ("without-url", "no url", {"url": DROP}),
    ("both", "url and etcd", {"etcd": ["https://a.example.com:2379"]}),
    ("etcd-http", "an http member on another machine", {"url": DROP, "etcd": ["http://a.example.com:2379"]}),
    ("etcd-empty", "no member", {"url": DROP, "etcd": []}),
    ("url-prefix", "a prefix beside url", {"prefix": "/pair/"}),
    ("password-alone", "a password and no user", {"url": DROP, "etcd": ["https://a.example.com:2379"],
                                                 "password_file": "password"}),
    ("http", "an http url of another machine", {"url": "http://policy.example.com/policy"}),
    ("unknown-member", "a member that there is not", {"urls": "https://policy.example.com/policy"}),
    ("grace", "a negative grace", {"grace": "-1s"}),
    ("serial", "a negative min_serial", {"min_serial": -1}),
    ("signers", "an empty path of the signers", {"allowed_signers": ""}),
]:
    case(f"fault-policy-source-{name}", f"[policy_source]: {about}", "fault config-invalid", fleet={"source": source})
