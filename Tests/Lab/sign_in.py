"""A person's sign-in: an authorization code flow with PKCE through the provider's own login pages, ending in Keys.

    lab sign-in --issuer URL --user NAME --out FILE [--client-id ID] [--password PW] [--key-type ecdsa|ed25519]
                [--lifetime SECONDS] [--principal NAME]… [--renew]

Writes FILE, FILE.pub and FILE-cert.pub, and prints the token's subject, e-mail and times as JSON. --renew also uses
the refresh token once and adds the refreshed ID token. The formats are OpenPubkey's and opkssh's, written here a second
time.
"""

import argparse
import base64
import hashlib
import json
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import pages

REDIRECT = "http://127.0.0.1:8765/callback"  # nothing listens there: the code is taken from the redirect itself
SENTINEL = "opkssh-wildcard"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# The key and what commits to it


def make_key(path, key_type):
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    bits = ["-b", "256"] if key_type == "ecdsa" else []
    subprocess.run(["ssh-keygen", "-q", "-t", key_type, *bits, "-N", "", "-C", "", "-f", path], check=True)
    return serialization.load_ssh_private_key(path.read_bytes(), password=None)


def public_jwk(key):
    public = key.public_key()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = public.public_numbers()
        x, y = (base64url(number.to_bytes(32, "big")) for number in (point.x, point.y))
        return {"alg": "ES256", "crv": "P-256", "kty": "EC", "x": x, "y": y}
    return {"alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "x": base64url(public.public_bytes_raw())}


def client_claims(key):
    """The CIC header as canonical JSON: members sorted, no white space."""
    jwk = public_jwk(key)
    claims = {"alg": jwk["alg"], "rz": secrets.token_hex(32), "typ": "CIC", "upk": jwk}
    return json.dumps(claims, sort_keys=True, separators=(",", ":")).encode()


def sign(key, message):
    """The JWS signature: r ‖ s for ES256."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return key.sign(message)


# The code flow


def code_flow(browser, discovery, arguments, nonce):
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    query = urlencode({
        "response_type": "code", "client_id": arguments.client_id, "redirect_uri": REDIRECT,
        "scope": "openid email groups offline_access", "state": state, "nonce": nonce,
        "code_challenge": base64url(hashlib.sha256(verifier.encode()).digest()), "code_challenge_method": "S256",
    })
    answer = pages.parameters(pages.authorize(
        browser, f"{discovery['authorization_endpoint']}?{query}", REDIRECT,
        pages.Person(arguments.user, arguments.password)))
    if answer.get("state") != state or "code" not in answer:
        sys.exit(f"sign-in: the provider answered {answer}")
    return token_request(browser, discovery, arguments, {
        "grant_type": "authorization_code", "code": answer["code"], "redirect_uri": REDIRECT,
        "code_verifier": verifier})


def token_request(browser, discovery, arguments, form):
    response = browser.post(discovery["token_endpoint"], data={"client_id": arguments.client_id, **form})
    if not response.ok:
        sys.exit(f"sign-in: the provider answered {response.status_code} {response.text}")
    return response.json()


def payload(token):
    return json.loads(from_base64url(token.split(".")[1]))


# The token and the certificate around it


def compact_token(key, claims, id_token, refreshed):
    header, body, signature = id_token.split(".")
    client_header = base64url(claims)
    client_signature = base64url(sign(key, f"{client_header}.{body}".encode()))
    compact = ":".join([body, header, signature, client_header, client_signature])
    return f"{compact}.{refreshed}" if refreshed else compact


def certify(path, key_id, principals, lifetime, token):
    """Signs the key with itself; ssh-keygen adds the five permits and sorts the extensions."""
    subprocess.run([
        "ssh-keygen", "-q", "-s", path, "-I", key_id, "-n", ",".join(principals), "-V", f"-30s:+{lifetime}s",
        "-O", f"extension:openpubkey-pkt={token}", f"{path}.pub",
    ], check=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--client-id", default="pair-cli")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--key-type", choices=["ecdsa", "ed25519"], default="ed25519")
    parser.add_argument("--lifetime", type=int, default=300)
    parser.add_argument("--principal", action="append")
    parser.add_argument("--renew", action="store_true")
    arguments = parser.parse_args()

    browser = requests.Session()
    discovery = browser.get(f"{arguments.issuer}/.well-known/openid-configuration").json()
    key = make_key(arguments.out, arguments.key_type)
    claims = client_claims(key)
    commitment = base64url(hashlib.sha3_256(claims).digest())

    answer = code_flow(browser, discovery, arguments, commitment)
    token = answer["id_token"]
    identity = payload(token)
    if identity.get("nonce") != commitment or identity.get("iss") != arguments.issuer:
        sys.exit("sign-in: the ID token is not the one asked for")
    refreshed = None
    if arguments.renew:
        answer = token_request(browser, discovery, arguments, {
            "grant_type": "refresh_token", "refresh_token": answer["refresh_token"]})
        refreshed = answer["id_token"]

    certify(
        arguments.out, identity["email"], arguments.principal or [SENTINEL], arguments.lifetime,
        compact_token(key, claims, token, refreshed))
    print(json.dumps({name: identity[name] for name in ("sub", "email", "groups", "iat", "exp")}))


if __name__ == "__main__":
    try:
        main()
    except requests.ConnectionError as error:
        sys.exit(f"sign-in: the provider does not answer: {error}")
    except pages.DeadEnd as error:
        sys.exit(f"sign-in: {error}")
