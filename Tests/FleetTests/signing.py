#!/usr/bin/env python3
"""Signatures over messages (PROTOCOL.sshsig), made by `cryptography`, for keys of every type that may sign a policy.

    signing.py DIR

Signs DIR/message. Writes NAME.sig, the signature, and NAME.allowed, the lines of allowed_signers that are to be
asked; and prints a JSON array of rows: `name`, `signer`, who that is by these lines, or null where it is to be
refused, and why so. Certificates are ssh-keygen's, for the keys made here, by CAs made here.
"""

import hashlib
import json
import pathlib
import struct
import subprocess
import sys
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CURVES = {"nistp256": (ec.SECP256R1(), hashes.SHA256()), "nistp384": (ec.SECP384R1(), hashes.SHA384()),
          "nistp521": (ec.SECP521R1(), hashes.SHA512())}
APPLICATION = b"ssh:"
NAMESPACE = b"pair-policy"


def string(text):
    return struct.pack(">I", len(text)) + text


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def point(key):
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def raw(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


class Ed25519:
    name = "ssh-ed25519"

    def __init__(self):
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.blob = string(self.name.encode()) + string(raw(self.key))

    def sign(self, message):
        return string(self.name.encode()) + string(self.key.sign(message))


class ECDSA:
    def __init__(self, curve):
        self.curve, self.name = curve, f"ecdsa-sha2-{curve}"
        self.key = ec.generate_private_key(CURVES[curve][0])
        self.blob = string(self.name.encode()) + string(curve.encode()) + string(point(self.key))

    def sign(self, message):
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(CURVES[self.curve][1])))
        return string(self.name.encode()) + string(mpint(r) + mpint(s))


class RSA:
    name = "ssh-rsa"

    def __init__(self, bits, algorithm="rsa-sha2-512"):
        self.algorithm = algorithm
        self.key = rsa.generate_private_key(65537, bits)
        numbers = self.key.public_key().public_numbers()
        self.blob = string(b"ssh-rsa") + mpint(numbers.e) + mpint(numbers.n)

    def sign(self, message):
        digest = {"rsa-sha2-256": hashes.SHA256(), "rsa-sha2-512": hashes.SHA512(), "ssh-rsa": hashes.SHA1()}
        signature = self.key.sign(message, padding.PKCS1v15(), digest[self.algorithm])
        return string(self.algorithm.encode()) + string(signature)


class SecurityKey:
    """What an authenticator does, without one. Source: PROTOCOL.u2f "SSH U2F Signatures"."""

    def __init__(self, kind, flags=1, application=APPLICATION):
        self.kind, self.flags, self.application = kind, flags, application
        if kind == "ed25519":
            self.name, self.key = "sk-ssh-ed25519@openssh.com", ed25519.Ed25519PrivateKey.generate()
            part = string(raw(self.key))
        else:
            self.name, self.key = "sk-ecdsa-sha2-nistp256@openssh.com", ec.generate_private_key(ec.SECP256R1())
            part = string(b"nistp256") + string(point(self.key))
        self.blob = string(self.name.encode()) + part + string(APPLICATION)

    def sign(self, message):
        data = struct.pack(">BI", self.flags, 7)
        covered = hashlib.sha256(self.application).digest() + data + hashlib.sha256(message).digest()
        if self.kind == "ed25519":
            signature = self.key.sign(covered)
        else:
            r, s = decode_dss_signature(self.key.sign(covered, ec.ECDSA(hashes.SHA256())))
            signature = mpint(r) + mpint(s)
        return string(self.name.encode()) + string(signature) + data


def signature(key, message, digest="sha512", blob=None, namespace=NAMESPACE, covered=None):
    """`blob` is the certificate where there is one; `covered` another namespace that is signed than is said."""
    hashed = string(digest.encode()) + string(hashlib.new(digest, message).digest())
    signed = key.sign(b"SSHSIG" + string(covered or namespace) + string(b"") + hashed)
    whole = (b"SSHSIG" + struct.pack(">I", 1) + string(blob or key.blob) + string(namespace) + string(b"")
             + string(digest.encode()) + string(signed))
    text = b64encode(whole).decode()
    lines = [text[start:start + 70] for start in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


class Rows:
    def __init__(self, folder):
        self.folder, self.rows = folder, []
        self.message = (folder / "message").read_bytes()

    def add(self, name, key, options="", authority=None, line=None, refused=None, **more):
        """`authority` is the path of the CA's key, by which a certificate is signed; `refused` says why, for people."""
        path = self.folder / name
        public = f"{key.name} {b64encode(key.blob).decode()}"
        if authority:
            path.with_suffix(".pub").write_text(public + "\n")
            subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", "id", "-n", more.pop("principals", "admin"),
                            *more.pop("certificate", []), path.with_suffix(".pub")], check=True)
            certificate = self.folder / f"{name}-cert.pub"
            more["blob"] = b64decode(certificate.read_text().split()[1])
            public = authority.with_suffix(".pub").read_text().strip()
            options = "cert-authority"
        path.with_suffix(".sig").write_text(signature(key, self.message, **more))
        path.with_suffix(".allowed").write_text((line or f"admin {options} {public}") + "\n")
        self.rows.append({"name": name, "signer": None if refused else "admin", "refused": refused})


def main(folder):
    rows = Rows(folder)
    # Many of the curves', of which one in 256 begins with a zero byte.
    kinds = {f"{curve}-{number}": ECDSA(curve) for curve in CURVES for number in range(8)}
    kinds |= {f"ed25519-{number}": Ed25519() for number in range(4)}
    kinds |= {f"rsa-{bits}-{name[9:]}": RSA(bits, name)
              for bits in (2048, 3072) for name in ("rsa-sha2-256", "rsa-sha2-512")}
    kinds |= {f"sk-{kind}-{number}": SecurityKey(kind) for kind in ("ed25519", "ecdsa") for number in range(4)}
    for name, key in kinds.items():
        rows.add(name, key, digest="sha256" if name.endswith(("1", "256")) else "sha512")
    for kind in ("ed25519", "ecdsa"):
        rows.add(f"sk-{kind}-verified", SecurityKey(kind, flags=5))
        rows.add(f"sk-{kind}-elsewhere", SecurityKey(kind, application=b"ssh:other"), refused="for another application")

    authorities = {"ed25519": [], "ecdsa-256": ["-b", "256"], "ecdsa-384": ["-b", "384"], "ecdsa-521": ["-b", "521"],
                   "rsa-2048": ["-b", "2048"]}
    for name, flags in authorities.items():
        subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", name.split("-")[0], *flags, "-f", folder / f"ca-{name}"],
                       check=True)
        rows.add(f"by-a-ca-{name}", Ed25519(), authority=folder / f"ca-{name}")
    authority = folder / "ca-ed25519"
    certified = {"nistp256": ECDSA("nistp256"), "nistp384": ECDSA("nistp384"), "nistp521": ECDSA("nistp521"),
                 "rsa": RSA(2048), "rsa-256": RSA(2048, "rsa-sha2-256"), "sk-ed25519": SecurityKey("ed25519"),
                 "sk-ecdsa": SecurityKey("ecdsa")}
    for name, key in certified.items():
        rows.add(f"certified-{name}", key, authority=authority)
    rows.add("certified-rsa-by-rsa-256", RSA(2048), authority=folder / "ca-rsa-2048",
             certificate=["-t", "rsa-sha2-256"])
    for name, more in {
        "another-principal": {"principals": "other"}, "expired": {"certificate": ["-V", "20200101:20200102"]},
        "not-yet-valid": {"certificate": ["-V", "20980101:20990101"]}, "of-a-host": {"certificate": ["-h"]},
    }.items():
        rows.add(f"certificate-{name}", Ed25519(), authority=authority, refused="the certificate", **more)

    other = b64encode(Ed25519().blob).decode()
    rows.add("another-key", Ed25519(), line=f"admin ssh-ed25519 {other}", refused="another key")
    rows.add("sha-1", RSA(2048, "ssh-rsa"), refused="SHA-1")
    rows.add("another-use-signed", Ed25519(), covered=b"file", refused="another namespace is signed")
    rows.add("another-use", Ed25519(), namespace=b"file", refused="another namespace")
    rows.add("a-use-that-is-not-allowed", Ed25519(), options='namespaces="file,git"', refused="the line's namespaces")
    print(json.dumps(rows.rows))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
