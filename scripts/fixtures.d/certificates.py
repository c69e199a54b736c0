"""SSH certificates: by ssh-keygen where it makes them, else packed here field by field (PROTOCOL.certkeys)."""

import base64
import hashlib
import itertools
import os
import pathlib
import struct
import subprocess
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from patch import patched

SENTINEL = "opkssh-wildcard"
FOREVER = 2**64 - 1
PERMITS = ("permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc")
SSH_NAMES = {"rsa": "ssh-rsa", "p256": "ecdsa-sha2-nistp256", "p384": "ecdsa-sha2-nistp384",
             "p521": "ecdsa-sha2-nistp521", "ed25519": "ssh-ed25519", "sk-p256": "sk-ecdsa-sha2-nistp256@openssh.com",
             "sk-ed25519": "sk-ssh-ed25519@openssh.com"}
SK_APPLICATION = b"ssh:"
BY_SSH_KEYGEN = {"ca", "principals", "valid", "key_id", "serial", "critical", "extensions", "hash"}
work = tempfile.TemporaryDirectory(prefix="pair-fixtures-")  # holds this run's private keys for ssh-keygen; 0700
numbers = itertools.count()


def string(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">I", len(data)) + data


def mpint(number):
    """RFC 4251 §5: two's complement, shortest, so a set top bit gets a zero byte in front."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")


def options(pairs):
    """Critical options or extensions; `data` None is a flag, else a string that is wrapped once more."""
    return b"".join(string(name) + string(b"" if data is None else string(data)) for name, data in pairs)


def ssh_name(key, certificate=False):
    name = SSH_NAMES[key.kind if key.kind.startswith("sk-") else key.base]
    if not certificate:
        return name
    stem, at, domain = name.partition("@")
    return f"{stem}-cert-v01{at or '@'}{domain or 'openssh.com'}"


def key_fields(key):
    """The fields of a public key after its type name."""
    public = key.private.public_key()
    if key.base == "rsa":
        return [mpint(public.public_numbers().e), mpint(public.public_numbers().n)]
    if key.base == "ed25519":
        fields = [string(public.public_bytes_raw())]
    else:
        point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        fields = [string("nist" + key.base), string(point)]
    return fields + ([string(SK_APPLICATION)] if key.kind.startswith("sk-") else [])


def plain_blob(key):
    return string(ssh_name(key)) + b"".join(key_fields(key))


def plain_base64(key):
    """The plain public key as an authorized_keys line has it."""
    return base64.b64encode(plain_blob(key)).decode()


def fingerprint(key):
    return "SHA256:" + base64.b64encode(hashlib.sha256(plain_blob(key)).digest()).decode().rstrip("=")


def signature_blob(key, message, algorithm=None, raw=None):
    """An SSH signature (RFC 4253 §6.6); `raw` replaces or changes its inner bytes, `algorithm` its label."""
    tail = b""
    if key.kind.startswith("sk-"):  # PROTOCOL.u2f: what an authenticator signs; flag 1 is "user present"
        tail = struct.pack(">BI", 1, 7)
        message = hashlib.sha256(SK_APPLICATION).digest() + tail + hashlib.sha256(message).digest()
    if key.base == "rsa":
        algorithm = algorithm or "rsa-sha2-512"
        digest = {"ssh-rsa": hashes.SHA1, "rsa-sha2-256": hashes.SHA256}.get(algorithm, hashes.SHA512)
        inner = key.private.sign(message, padding.PKCS1v15(), digest())
    elif key.base == "ed25519":
        inner = key.private.sign(message)
    else:
        digest = {"p256": hashes.SHA256, "p384": hashes.SHA384, "p521": hashes.SHA512}[key.base]
        r, s = decode_dss_signature(key.private.sign(message, ec.ECDSA(digest())))
        inner = mpint(r) + mpint(s)
    return string(algorithm or ssh_name(key)) + string(patched(inner, raw)) + tail


def private_file(key):
    # The key has it: by its id, a later key in the same place of memory would be taken for it.
    if not hasattr(key, "file"):
        pem = key.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH,
                                        serialization.NoEncryption())
        path = pathlib.Path(work.name) / f"{next(numbers)}"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        path.with_suffix(".pub").write_text(f"{ssh_name(key)} {plain_base64(key)}\n")
        key.file = path
    return key.file


def ssh_keygen(*arguments, **keywords):
    return subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, **keywords).stdout


def by_ssh_keygen(key, extensions, *, ca=None, principals=(SENTINEL,), valid, key_id="alice@example.com", serial=0,
                  critical=(), hash=None):
    private = private_file(key)
    after, before = (f"{time:#x}" if time < FOREVER else "forever" for time in valid)
    command = ["-q", "-s", str(private_file(ca or key)), "-I", key_id, "-V", f"{after}:{before}", "-z", str(serial),
               "-O", "clear"]
    command += ["-n", ",".join(principals)] if principals else []
    command += ["-t", hash] if hash else []
    shorthand = {name: name for name in PERMITS}  # permit-… are ssh-keygen's own names
    for kind, pairs in (("extension", extensions), ("critical", critical)):
        for name, data in dict(pairs).items():
            option = shorthand.get(name) or f"{kind}:{name}"
            command += ["-O", option if data is None else f"{option}={data}"]
    made = private.with_name(private.name + "-cert.pub")
    ssh_keygen(*command, str(private.with_suffix(".pub")))
    blob = base64.b64decode(made.read_text().split()[1])
    made.unlink()
    return blob


def by_hand(key, extensions, *, ca=None, principals=(SENTINEL,), valid, key_id="alice@example.com", serial=0,
            critical=(), type_name=None, fields=None, nonce=None, kind=1, critical_bytes=None, extension_bytes=None,
            reserved=b"", signature_key=None, algorithm=None, raw_signature=None, signature=None):
    """Any certificate at all. What is not given is as ssh-keygen would have it; `hash` is called `algorithm` here."""
    signer = ca or key
    body = string(type_name or ssh_name(key, certificate=True)) + string(nonce or os.urandom(32))
    body += patched(b"".join(key_fields(key)), fields)
    body += struct.pack(">QI", serial, kind) + string(key_id)
    body += string(b"".join(string(name) for name in principals))
    body += struct.pack(">QQ", *valid)
    body += string(patched(options(sorted(dict(critical).items())), critical_bytes))
    body += string(patched(options(sorted(dict(extensions).items())), extension_bytes))
    body += string(reserved) + string(patched(plain_blob(signer), signature_key))
    return body + string(patched(signature_blob(signer, body, algorithm, raw_signature), signature))


def certificate(key, token, **settings):
    """A certificate for `key`, signed by itself unless `ca` says otherwise, with `token` in it unless that is None.

    ssh-keygen makes it unless `hand` is true or a setting is one that ssh-keygen lacks.
    """
    good = dict.fromkeys(PERMITS) | ({} if token is None else {"openpubkey-pkt": token})
    extensions = patched(good, settings.pop("extensions", None))
    hand = settings.pop("hand", False)
    if set(settings) <= BY_SSH_KEYGEN and not hand and not key.kind.startswith("sk-"):
        return by_ssh_keygen(key, extensions, **settings)
    return by_hand(key, extensions, **settings)


def field_spans(blob):
    """Where each field of a well-formed P-256 certificate stands: name to (start, end), lengths of strings left out."""
    spans, at = {}, 0
    names = "type nonce curve point serial kind key-id principals after before critical extensions reserved " \
            "signature-key signature"
    for name in names.split():
        size = {"serial": 8, "kind": 4, "after": 8, "before": 8}.get(name)
        if size is None:
            (size,) = struct.unpack_from(">I", blob, at)
            at += 4
        spans[name] = (at, at + size)
        at += size
    assert at == len(blob)
    return spans


def as_ssh_keygen_shows(key, blob):
    """What `ssh-keygen -L` prints of a certificate for `key`; nothing where it cannot read or verify it."""
    line = f"{ssh_name(key, certificate=True)} {base64.b64encode(blob).decode()}\n"
    done = subprocess.run(["ssh-keygen", "-L", "-f", "-"], input=line, capture_output=True, text=True,
                          errors="replace")
    return done.stdout if done.returncode == 0 else ""

