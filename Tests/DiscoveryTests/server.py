#!/usr/bin/env python3
"""A provider on loopback, or many: whose documents are good or bad, for DiscoveryTests.

    server.py

Prints its port once it listens, and ends when its standard input does. Below /NAME stands a provider whose issuer is
http://127.0.0.1:PORT/NAME unless its document says otherwise, and below /keys/NAME a key set.
"""

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WELL_KNOWN = "/.well-known/openid-configuration"
JSON, HTML, TEXT = "application/json", "text/html; charset=utf-8", "text/plain"
PAGE = b"\n <!DOCTYPE html>\n<html><body><h1>Sign in to the network</h1></body></html>"

# P-256's generator (SEC 2), and an RSA modulus of 2048 bits that is none.
EC = {"kty": "EC", "crv": "P-256", "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
      "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}
RSA = {"kty": "RSA", "n": base64.urlsafe_b64encode(b"\x81" * 256).decode().rstrip("="), "e": "AQAB"}
ED = {"kty": "OKP", "crv": "Ed25519", "x": EC["x"]}


def keys(*members):
    return 200, JSON, json.dumps({"keys": members}).encode()


KEY_SETS = {
    "good": keys({**EC, "kid": "ec", "alg": "ES256", "use": "sig"}),
    "without-alg": keys({**RSA, "kid": "rsa"}, {**EC, "kid": "ec"}),
    "ed25519": keys({**ED, "kid": "ed", "alg": "Ed25519", "use": "sig"}),
    "mixed": keys({"kty": "OKP", "crv": "Ed448", "x": "AA", "kid": "448"}, {"kty": "NEW", "kid": "new"},
                  {**RSA, "use": "enc", "alg": "RSA-OAEP", "kid": "enc"}, {"kid": 1}, {**EC, "kid": "ec"}),
    "jwk-set-json": (200, "application/jwk-set+json", keys({**EC, "kid": "ec"})[2]),
    "without-type": (200, None, keys({**EC, "kid": "ec"})[2]),
    "secret": keys({**EC, "kid": "ec"}, {"kty": "oct", "k": "AAAA"}),
    "none": keys(),
    "empty": (200, JSON, b""),
    "page": (200, HTML, PAGE),
    "cut": (200, JSON, b'{"keys":['),
    "list": (200, JSON, b"[]"),
    "gone": (410, HTML, PAGE),
    "missing": (404, JSON, b'{\n  "error": "not found"\n}\n'),
    "large": (200, JSON, b'{"keys":[{}]}' + b" " * (256 << 10)),
    "tagged": keys({**EC, "kid": "ec"}),
    "nameless": keys({**EC, "kid": "ec"}),
    "untagged": keys({**EC, "kid": "ec"}),
}
# More of the header, and what is not sent again to who has it.
TAGS = {"tagged": '"v1"', "nameless": '"v1"'}
TERMS = {"Cache-Control": "public, max-age=600", "Age": "100"}


def document(issuer, **members):
    return {"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
            "jwks_uri": issuer + "/jwks", **members}


def provider(name, origin):
    """What the server answers for a provider's document."""
    issuer = f"{origin}/{name}"
    answers = {
        "good": document(issuer, scopes_supported=["openid", "email"]),
        "slash": document(issuer + "/"),
        "other": document("https://evil.example"),
        "tenants": document(origin + "/{tenantid}"),
        "empty": (200, JSON, b""),
        "blank": (200, TEXT, b"\r\n"),
        "page": (200, HTML, PAGE),
        "words": (200, TEXT, b"It works!"),
        "list": (200, JSON, b"[]"),
        "missing": (404, TEXT, b"404 page\tnot found\n"),
        "missing-page": (404, HTML, PAGE),
        "forbidden": (403, JSON, b""),
        "broken": (500, JSON, b'{"error":\n"database"}'),
        "binary": (502, "application/octet-stream", b"\x00\xff\x1b[2J"),
        "colours": (503, TEXT, b"\x1b[31mbusy\x1b[0m"),
        "long": (503, TEXT, "zu beschäftigt ".encode() * 10_000),
        "no-content": (204, None, b""),
        "large": (200, JSON, json.dumps(document(issuer)).encode() + b" " * (256 << 10)),
        "huge": (200, JSON, b"[" * (2 << 20)),
        "moved": (301, None, b""),
    }
    answer = answers[name]
    return (200, JSON, json.dumps(answer).encode()) if isinstance(answer, dict) else answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        origin = f"http://127.0.0.1:{self.server.server_port}"
        if "accept" in self.path:
            answer = 404, TEXT, self.headers.get("Accept", "").encode()
        elif "no-cache" in self.path:
            answer = 404, TEXT, self.headers.get("Cache-Control", "none").encode()
        elif self.path.startswith("/keys/"):
            name = self.path.removeprefix("/keys/")
            answer = KEY_SETS[name]
            if name == "untagged" or name in TAGS and self.headers.get("If-None-Match") == TAGS[name]:
                answer = 304, None, b""
        else:
            answer = provider(self.path.removesuffix(WELL_KNOWN).removeprefix("/"), origin)
        status, media_type, body = answer
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "https://elsewhere.example" + WELL_KNOWN)
        if media_type:
            self.send_header("Content-Type", media_type)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        name = self.path.removeprefix("/keys/")
        if name in TAGS:
            for field, value in TERMS.items():
                self.send_header(field, value)
            if status == 200 or name == "tagged":
                self.send_header("ETag", TAGS[name])
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the client had enough

    def log_message(self, *arguments):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
