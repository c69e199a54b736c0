"""Judges Keys: are files and certificate what docs/token.md says, field by field?

    lab check-keys FILE --keyset KEYSET [--client-id ID] [--lifetime SECONDS]

FILE is the private key, FILE.pub and FILE-cert.pub stand beside it; an agent's Keys have no FILE. KEYSET is the cached
key set of the provider that signed. The certificate is to end SECONDS (default: 300) after the newest token began.
Prints what the Keys say, as JSON; or each field that is not as it should be, with status 1.
Certificate and token are taken apart here a second time, and the signatures verified by `cryptography` and joserfc.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import warnings
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from joserfc import jwk, jws
from joserfc.errors import JoseError

import sign_in

warnings.filterwarnings("ignore", module="joserfc")  # it advises against EdDSA, which is wanted here

PERMITS = ["X11-forwarding", "agent-forwarding", "port-forwarding", "pty", "user-rc"]
SKEW = 30
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


class Wire:
    """RFC 4251 §5, read from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Defect(f"byte {self.at}: {count} bytes expected, {len(self.data) - self.at} left")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def string(self):
        return self.take(self.number(">I"))

    def rest(self):
        return len(self.data) - self.at

    def strings(self):
        while self.rest():
            yield self.string()


class Defect(Exception):
    """Something of which nothing behind it can be judged."""


class Judge:
    def __init__(self):
        self.defects, self.facts = [], {}

    def equal(self, what, found, expected):
        if found != expected:
            self.defects.append(f"{what}: {expected!r} expected, {found!r} found")

    def holds(self, what, condition):
        if not condition:
            self.defects.append(what)

    # The files

    def line(self, file):
        """Type and blob in a file of one line."""
        text = file.read_text()
        self.holds(f"{file.name}: one line expected", text.count("\n") == 1 and text.endswith("\n"))
        words = text.rstrip("\n").split(" ", 2)
        self.equal(f"{file.name}: words", len(words), 3)
        blob = base64.b64decode(words[1], validate=True)
        self.equal(f"{file.name}: base64", base64.b64encode(blob).decode(), words[1])
        self.equal(f"{file.name}: outer type", words[0].encode(), Wire(blob).string())
        self.facts["comment"] = words[2]
        return words[0], blob

    def private_key(self, file, public):
        """OpenSSH's own form, of the same key."""
        key = serialization.load_ssh_private_key(file.read_bytes(), password=None)
        self.equal("private key's public half", blob_of(key.public_key()), public)

    # The certificate, in the order of its fields (PROTOCOL.certkeys)

    def certificate(self, blob, key_type, public, arguments):
        wire = Wire(blob)
        self.equal("type", wire.string().decode(), f"{key_type}-cert-v01@openssh.com")
        self.equal("nonce's length", len(wire.string()), 32)
        plain = Wire(public)
        plain.string()
        self.equal("key", [wire.string() for _ in plain.strings()], list(Wire(public).strings())[1:])
        self.equal("serial", wire.number(">Q"), 0)
        self.equal("kind", wire.number(">I"), 1)
        key_id = wire.string().decode()
        self.equal("principals", list(Wire(wire.string()).strings()), [b"opkssh-wildcard"])
        start, end = wire.number(">Q"), wire.number(">Q")
        self.equal("critical options", wire.string(), b"")
        token = self.extensions(wire.string())
        self.equal("reserved", wire.string(), b"")
        self.equal("signature key", wire.string(), public)
        self.signature(wire.string(), key_type)
        self.equal("bytes behind the certificate", wire.rest(), 0)
        self.holds("certificate: larger than 64 KiB", len(blob) <= 65536)

        newest = self.token(token, public, arguments)
        self.equal("key id", key_id, newest.get("email", newest["sub"]))
        self.equal("valid before", end, newest["iat"] + arguments.lifetime)
        self.holds(f"valid after: {newest['iat']} - {SKEW} expected, or as much later as signing took, {start} found",
                   newest["iat"] - SKEW <= start <= newest["iat"])
        self.facts.update(key_type=key_type, key_id=key_id, valid_after=start, valid_before=end)

    def extensions(self, data):
        """The token, which stands in a string within the string that is the option's data."""
        fields = list(Wire(data).strings())
        names, values = [name.decode() for name in fields[::2]], fields[1::2]
        self.equal("extensions", names, sorted(["openpubkey-pkt", *(f"permit-{what}" for what in PERMITS)]))
        self.equal("data of the permits", set(values[1:]), {b""})
        inner = Wire(values[0])
        token = inner.string()
        self.equal("bytes behind the token", inner.rest(), 0)
        return token.decode("ascii")

    def signature(self, blob, key_type):
        wire = Wire(blob)
        self.equal("signature's type", wire.string().decode(), key_type)
        wire.string()
        self.equal("bytes behind the signature", wire.rest(), 0)
        try:
            self.identity.verify_cert_signature()
        except InvalidSignature:
            self.defects.append("signature: not by the key over all that precedes it")

    # The token

    def token(self, text, public, arguments):
        """The newest claims."""
        self.holds("token: larger than 32 KiB", len(text) <= 32768)
        body, _, tail = text.partition(".")
        parts = body.split(":")
        self.equal("segments of the token", len(parts), 5)
        for segment in [*parts, *(tail.split(".") if tail else [])]:
            self.holds(f"segment {segment[:8]}…: not strict base64url",
                       sign_in.base64url(sign_in.from_base64url(segment)) == segment)
        payload, header, signature, client_header, client_signature = parts
        claims = json.loads(sign_in.from_base64url(payload))
        self.provider_signature("token", f"{header}.{payload}.{signature}", arguments)
        commitment = self.client_claims(client_header, payload, client_signature, public)
        self.equal("nonce", claims.get("nonce"), commitment)
        self.claims("token", claims, arguments)
        self.facts["renewed"] = bool(tail)
        newest = self.refreshed(tail, claims, arguments) if tail else claims
        self.facts["claims"] = newest
        return newest

    def provider_signature(self, what, text, arguments):
        header = json.loads(sign_in.from_base64url(text.split(".")[0]))
        self.holds(f"{what}: typ {header.get('typ')!r}", header.get("typ", "JWT") == "JWT")
        self.holds(f"{what}: crit or b64 in its header", not {"crit", "b64"} & set(header))
        self.facts["algorithm"] = header["alg"]
        keys = jwk.KeySet.import_key_set({"keys": arguments.keyset["keys"]})
        self.jws(f"{what}: the provider's signature", text, keys, algorithms=ALGORITHMS)

    def jws(self, what, text, key, **options):
        try:
            jws.deserialize_compact(text, key, **options)
        except (JoseError, ValueError) as error:
            self.defects.append(f"{what}: {error}")

    def client_claims(self, header, payload, signature, public):
        """The commitment to them."""
        data = sign_in.from_base64url(header)
        claims = json.loads(data)
        canonical = json.dumps(claims, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        self.equal("CIC header", data, canonical)
        self.equal("CIC header's members", sorted(claims), ["alg", "rz", "typ", "upk"])
        self.equal("CIC typ", claims["typ"], "CIC")
        self.holds(f"rz: {claims['rz']}", re.fullmatch(r"[0-9a-f]{64}", claims["rz"]))
        self.equal("upk", claims["upk"], jwk_of(public))
        self.equal("CIC alg", claims["alg"], claims["upk"]["alg"])
        # joserfc knows neither `rz` nor `upk`, and would refuse what it does not know.
        registry = jws.JWSRegistry(algorithms=[claims["alg"]], strict_check_header=False)
        self.jws("CIC signature", f"{header}.{payload}.{signature}", jwk.import_key(claims["upk"]), registry=registry)
        return sign_in.base64url(hashlib.sha3_256(data).digest())

    def refreshed(self, text, original, arguments):
        claims = sign_in.payload(text)
        self.provider_signature("refreshed token", text, arguments)
        self.claims("refreshed token", claims, arguments)
        for name in ("iss", "sub", "aud"):
            self.equal(f"refreshed {name}", claims[name], original[name])
        self.holds("refreshed nonce: another", claims.get("nonce", original["nonce"]) == original["nonce"])
        self.holds("refreshed iat: before the original's", claims["iat"] >= original["iat"])
        return claims

    def claims(self, what, claims, arguments):
        self.equal(f"{what}: iss", claims["iss"], arguments.keyset["issuer"])
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        self.equal(f"{what}: aud", audience, [arguments.client_id])


def jwk_of(public):
    """With exactly the members that `upk` has."""
    key_type, *_, key = Wire(public).strings()
    if key_type == b"ssh-ed25519":
        return {"alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "x": sign_in.base64url(key)}
    x, y = (sign_in.base64url(half) for half in (key[1:33], key[33:]))
    return {"alg": "ES256", "crv": "P-256", "kty": "EC", "x": x, "y": y}


def blob_of(key):
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def judge(arguments):
    judge = Judge()
    path = arguments.file
    key_type, public = judge.line(path.with_name(f"{path.name}.pub"))
    certificate = path.with_name(f"{path.name}-cert.pub")
    outer, blob = judge.line(certificate)
    judge.equal("outer type", outer, f"{key_type}-cert-v01@openssh.com")
    if path.exists():
        judge.private_key(path, public)
    judge.identity = serialization.load_ssh_public_identity(certificate.read_bytes().strip())
    judge.certificate(blob, key_type, public, arguments)
    return judge


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--keyset", required=True, type=lambda path: json.loads(Path(path).read_text()))
    parser.add_argument("--client-id", default="pair-cli")
    parser.add_argument("--lifetime", type=int, default=300)
    try:
        judged = judge(parser.parse_args())
    except (Defect, KeyError, ValueError, FileNotFoundError) as error:
        sys.exit(f"check-keys: {type(error).__name__}: {error}")
    if judged.defects:
        sys.exit("\n".join(f"check-keys: {defect}" for defect in judged.defects))
    print(json.dumps(judged.facts))


if __name__ == "__main__":
    main()
