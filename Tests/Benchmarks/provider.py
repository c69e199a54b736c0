"""A stand-in for an OpenID provider that is as quick as can be, and tells when it was at work. Used by keys.py.

Everyone is signed in at once: the code is the nonce. Over TLS, with a certificate of its own.
"""

import base64
import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

CLIENT = "pair-cli"
LIFE = 300


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Provider:
    def __init__(self, folder):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.work = []  # (begin, end) of each request, in ns of the monotonic clock
        self.certificate = folder / "provider.pem"
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.make_certificate(folder))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.issuer = f"https://127.0.0.1:{self.server.server_port}"
        self.metadata = json.dumps({
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "scopes_supported": ["openid", "email"]})
        public = self.key.public_key().public_numbers()
        self.jwks = json.dumps({"keys": [
            {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": number(public.n), "e": number(public.e)}]})
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def make_certificate(self, folder):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pair-bench")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256()))
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = folder / "provider.key"
        private.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return self.certificate, private

    def token(self, form):
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "1", "aud": CLIENT, "iat": now, "exp": now + LIFE, "nonce": form["code"],
            "email": "alice@example.org", "email_verified": True}
        signed = ".".join(
            base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1", "typ": "JWT"}, claims))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return json.dumps({
            "access_token": "none", "token_type": "Bearer", "expires_in": LIFE,
            "refresh_token": "the lab's", "id_token": f"{signed}.{base64url(signature)}"})


def handler(provider):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # as every provider's server does: else an answer waits 40 ms for an ACK

        def parse_request(self):  # the request's first line is here
            self.began = time.monotonic_ns()
            return super().parse_request()

        def do_GET(self):
            self.answer({
                "/.well-known/openid-configuration": provider.metadata, "/jwks": provider.jwks}[self.path])

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.answer(provider.token(dict(urllib.parse.parse_qsl(body))))

        def answer(self, body):
            self.send_response_only(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self._headers_buffer.append(b"\r\n" + body.encode())  # all in one write
            self.flush_headers()
            provider.work.append((self.began, time.monotonic_ns()))

    return Handler
