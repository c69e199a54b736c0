"""Certificates: what pair reads and holds to be signed, Python's `cryptography` does too, and the other way round."""

import base64
import time
import warnings

from certificates import plain_base64, ssh_name
from changed_certificates import AUTHORITIES, NOW, USERS, good_ones, key, mutated
from cryptography.hazmat.primitives.serialization import ssh
from differences import Differences, Known
from fields import string
from programs import reason

warnings.filterwarnings("ignore", module="cryptography")  # it advises against SHA-1 and short keys; both are tried here

PAIR_TOML = """\
space = "build-box"
[[service]]
name = "pgs"
logins = ["pgs"]
[[service]]
name = "admin"
logins = ["root"]
"""
# Grounds other than what is read and who signed; found before the signature is looked at, so that may be good or not.
BEFORE_SIGNATURE = {"cert-host", "cert-options", "cert-principals", "key-too-large"}
UNSIGNED = {"cert-signature", "cert-nested", "key-base64", "key-malformed", "key-type-mismatch", "key-type-unsupported"}
CRITICAL = {b"force-command", b"source-address", b"verify-required"}

KNOWN = [
    Known("an option's data is no `string`: kept as it is, and counts only in options that are known",
          "signed", "unread: .*(Unexpected extra data after value|Invalid data)",
          lambda case: case.has_odd_option_data),
    Known("a key id with a zero byte", "unread: key id: a zero byte", "signed"),
    Known("an option's name that is not printable ASCII",
          "unread: (critical options|extensions): .*printable ASCII expected", "signed"),
    Known("more than 256 principals, as sshd has it", "unread: valid principals: more than 256", "signed"),
    Known("a number with zero bytes in front, RFC 4251 §5", "unread: .*an integer with leading zero bytes", "signed"),
    Known("an RSA key of fewer than 2048 bits", "bad: an RSA modulus of 2048 to 16384 bits expected", "signed"),
    Known("an RSA exponent over 64 bits", "bad: an odd RSA exponent of 3 to 2\\^64 expected", "signed"),
    Known("an RSA CA that signs by SHA-1", "bad: .*ssh-rsa", "signed"),
]


# Judges


def by_pair(shown, answer):
    why = reason(answer)
    if isinstance(shown, str):
        return f"unread: {shown}" if why else "a line for what inspect cannot read"
    if why in BEFORE_SIGNATURE:
        return f"refused before: {why}"
    return f"bad: {answer[1]}" if why in UNSIGNED else "signed"


def by_cryptography(kind, blob):
    """What it makes of the certificate, and the certificate where it could be read."""
    try:
        found = ssh.load_ssh_public_identity(f"{kind} {base64.b64encode(blob).decode()}".encode())
        found.signature_key()
    except Exception as error:  # whatever it is, it is a refusal
        return f"unread: {type(error).__name__} {error}", None
    try:
        found.verify_cert_signature()
    except Exception as error:
        return f"bad: {type(error).__name__}", found
    return "signed", found


def text(data):
    return data.decode(errors="replace")


def fields_differ(shown, found):
    """The names of fields that the two read otherwise."""
    ours = shown["certificate"]
    theirs = {
        "serial": found.serial, "kind": found.type.name.lower(), "key_id": text(found.key_id),
        "principals": [text(name) for name in found.valid_principals],
        "critical_options": {text(name): data for name, data in found.critical_options.items()},
        "extensions": {text(name): data for name, data in found.extensions.items()},
    }
    differ = [name for name in ("kind", "key_id", "principals") if ours[name] != theirs[name]]
    if int(ours["serial"]) != theirs["serial"]:
        differ.append("serial")
    for name, seconds in (("valid_after", found.valid_after), ("valid_before", found.valid_before)):
        if ours[name] != rfc3339(seconds):
            differ.append(name)
    for name in ("critical_options", "extensions"):
        if ours[name].keys() != theirs[name].keys():
            differ.append(name)
        elif any(not is_shown(option, ours[name][option], data) for option, data in theirs[name].items()):
            differ.append(name)
    return differ


def is_shown(option, ours, data):
    """pair shows `true` for an option without data, and for what lets somebody in."""
    if ours is True:
        return data == b"" or option in ("openpubkey-pkt", "openpubkey-act")
    try:
        return ours == data.decode()
    except UnicodeDecodeError:
        return ours == base64.b64encode(string(data)).decode()


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds <= 253402300799 else None


def may_enter(found):
    """Whether a certificate that was read and verified should let its holder in as pgs, by what stands in it."""
    return (found.type is ssh.SSHCertificateType.USER and found.valid_after <= NOW + 30 and NOW < found.valid_before
            and {b"pgs", b"admin"} & set(found.valid_principals) and set(found.critical_options) <= CRITICAL)


def run(programs, random, count):
    bases = good_ones(random, max(len(USERS) * len(AUTHORITIES), count // 100))
    cases = bases + [mutated(random.choice(bases), bases, random) for _ in range(count - len(bases))]
    questions = [(case.kind, case.blob) for case in cases]
    shown = programs.inspect(questions)
    accounts = "".join(f"acme cert-authority {ssh_name(ca)} {plain_base64(ca)}\n" for ca in
                       (key("ca", kind) for kind in AUTHORITIES))
    host = {"pair.toml": PAIR_TOML, "accounts": accounts, "now": f"{NOW}\n"}
    answers = programs.decide(host, [("pgs", kind, blob) for kind, blob in questions])

    differences = Differences("certificates", "cryptography", KNOWN)
    for number, (case, ours, answer) in enumerate(zip(cases, shown, answers)):
        judge(differences, case, ours, answer, is_good=number < len(bases))
    return differences


def judge(differences, case, ours, answer, is_good):
    theirs, found = by_cryptography(case.kind, case.blob)
    verdict = by_pair(ours, answer)
    what = f"{case.kind} {base64.b64encode(case.blob).decode()}"
    differences.count(verdict, theirs, reason(answer) is None)
    if answer[0].startswith("fault: "):
        differences.add(what, f"pair: {answer}")
    elif is_good and (verdict, theirs) != ("signed", "signed"):
        differences.add(what, f"a good certificate; pair: {verdict}; cryptography: {theirs}")
    elif (verdict == "signed") != (theirs == "signed") and not verdict.startswith("refused before"):
        differences.judge(case, what, verdict, theirs)
    if found is None:
        return
    if isinstance(ours, dict) and (names := fields_differ(ours, found)):
        differences.add(what, f"read otherwise: {', '.join(names)}")
    if reason(answer) is None and not may_enter(found):
        differences.add(what, f"a line for what should not enter: {answer[0]}")
