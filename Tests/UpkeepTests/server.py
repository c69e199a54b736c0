#!/usr/bin/env python3
"""Providers on loopback that answer well or badly, for UpkeepTests.

    server.py DIR

Makes a CA and certificates in DIR, prints one line of JSON (the port, the port of a proxy that leads every name here, the
CA's file) once it listens, and ends when its standard input does. Nothing but Python's own library and openssl.

https://localhost:PORT/NAME is the issuer of the provider NAME, for any NAME, and https://login.example.com behind the
proxy. How it behaves is said by GET /control/NAME?document=…&keys=…&version=…, each a behaviour of `BEHAVIOURS`; what
`version` says is in its keys, and `cache`, `retry` and `tag` in its headers. GET /requests/NAME tells what it was asked.

/store/NAME is a file: what is PUT there is served with an entity tag, and If-Match and If-None-Match hold. How it is
served is said by `store` of the provider NAME. The same file stands at the key /NAME/policy of an etcd whose JSON gateway
is at /v3/; it lets in whoever has the password `password` of the user `host`, and anybody who names no user.
"""

import hashlib
import base64
import json
import socket
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

WELL_KNOWN = "/.well-known/openid-configuration"
PAGE = b"<!DOCTYPE html>\n<html><body><h1>Sign in to the network</h1></body></html>"
HOST = "login.example.com"  # has its name in a certificate too


def make_certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2")
    with open(f"{folder}/names", "w") as file:
        file.write(f"subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:{HOST}\n")
    openssl("req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.pem")


class Provider:
    def __init__(self, name):
        self.name = name
        self.document, self.keys, self.store = "good", "good", "tagged"
        self.file = None
        self.version, self.cache, self.age, self.jwks = "1", None, None, None
        self.requests = []

    def jwks_body(self):
        if self.jwks:
            return self.jwks.encode()
        digest = hashlib.sha256(f"{self.name} {self.version}".encode()).digest()
        coordinate = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        # More than a page, so that half of a file can be written; members that nobody reads are kept.
        keys = [{"kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate, "kid": f"{self.version}-{index}",
                 "alg": "ES256", "use": "sig", "x-more": [1.5, None]} for index in range(40)]
        return json.dumps({"keys": keys, "more": True}).encode()


providers = {}
lock = threading.Lock()


def provider(name):
    with lock:
        return providers.setdefault(name, Provider(name))


def good(handler, body):
    handler.answer(200, body)


def tagged(handler, body, tag=None):
    """With an entity tag, and 304 where that is sent back."""
    tag = tag or '"%s"' % hashlib.sha256(body).hexdigest()[:16]
    if handler.headers.get("If-None-Match") == tag:
        handler.answer(304, b"", ETag=tag)
    else:
        handler.answer(200, body, ETag=tag)


def stale(handler, body):
    """With the entity tag of what was there before."""
    handler.answer(200, body, ETag='"stale"')


def always_304(handler, body):
    handler.answer(304, b"", ETag='"any"')


def odd_tag(handler, body):
    handler.answer(200, body, ETag="no quotes\u00e9")


def truncated(handler, body):
    handler.answer(200, body[: len(body) // 2], length=len(body))


def torn(handler, body):
    """Half of it, and nothing shows that there was more."""
    handler.answer(200, body[: len(body) // 2])


def silent(handler, body):
    handler.rfile.read(1)  # until the other side goes


def trickle(handler, body):
    handler.begin(200, 100_000)
    try:
        while True:
            handler.wfile.write(b" ")
            handler.connection.settimeout(0.05)
            try:
                if not handler.connection.recv(1):
                    return
            except (TimeoutError, ssl.SSLWantReadError):
                pass
    except OSError:
        pass


def html(handler, body):
    handler.answer(200, PAGE, **{"Content-Type": "text/html"})


def empty(handler, body):
    handler.answer(200, b"")


def huge(handler, body):
    handler.answer(200, body + b" " * (3 << 20))


def large(handler, body):
    """Less than the client takes, and more than a key set may have."""
    handler.answer(200, body + b" " * (300 << 10))


def status_500(handler, body):
    handler.answer(500, b"database")


def missing(handler, body):
    handler.answer(404, b"no such thing")


def elsewhere(handler, body):
    handler.answer(302, b"", Location="https://elsewhere.example/keys")


def redirected(handler, body):
    """To another path of the same host, which is good."""
    if handler.path.endswith("?moved"):
        handler.answer(200, body)
    else:
        handler.answer(302, b"", Location=handler.path + "?moved")


def other_issuer(handler, body):
    document = json.loads(body)
    handler.answer(200, json.dumps({**document, "issuer": "https://evil.example"}).encode())


def other_keys(handler, body):
    document = json.loads(body)
    handler.answer(200, json.dumps({**document, "jwks_uri": document["jwks_uri"] + "?other"}).encode())


def secret(handler, body):
    handler.answer(200, json.dumps({"keys": [*json.loads(body)["keys"], {"kty": "oct", "k": "AAAA"}]}).encode())


def no_keys(handler, body):
    handler.answer(200, b'{"keys":[]}')


def for_encryption(handler, body):
    keys = [{**key, "use": "enc", "alg": "ECDH-ES"} for key in json.loads(body)["keys"]]
    handler.answer(200, json.dumps({"keys": keys}).encode())


barriers = {}


def together(handler, body):
    """Answers once two such requests have come."""
    with lock:
        barrier = barriers.setdefault("all", threading.Barrier(2))
    barrier.wait(20)
    handler.answer(200, body)


BEHAVIOURS = {behaviour.__name__: behaviour for behaviour in [
    good, tagged, stale, always_304, odd_tag, truncated, torn, silent, trickle, html, empty, huge, large, status_500, missing,
    elsewhere, redirected, other_issuer, other_keys, secret, no_keys, for_encryption, together]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    cache = age = None

    def do_GET(self):
        split = urlsplit(self.path)
        if split.path.startswith("/control/"):
            self.control(provider(split.path.split("/")[2]), dict(parse_qsl(split.query)))
        elif split.path.startswith("/requests/"):
            self.answer(200, json.dumps(provider(split.path.split("/")[2]).requests).encode())
        elif split.path.startswith("/store/"):
            self.serve_file(provider(split.path.split("/")[2]))
        else:
            self.serve(split.path)

    def serve_file(self, subject):
        with lock:
            subject.requests.append(
                {"what": "store", "headers": {name.lower(): value for name, value in self.headers.items()}})
            file = subject.file
        self.cache = subject.cache
        if file is None:
            self.answer(404, b"")
        else:
            BEHAVIOURS[subject.store](self, file)

    def do_PUT(self):
        subject = provider(urlsplit(self.path).path.split("/")[2])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            tag = None if subject.file is None else '"%s"' % hashlib.sha256(subject.file).hexdigest()[:16]
            wanted = self.headers.get("If-Match")
            fits = (wanted is None or wanted == tag) and not (self.headers.get("If-None-Match") == "*" and tag)
            if fits:
                subject.file = body
        self.answer(204 if fits and tag else 201 if fits else 412, b"")

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v3/auth/authenticate":
            if (asked["name"], asked["password"]) == ("host", "password"):
                self.answer(200, b'{"token":"of-the-host"}')
            else:
                self.refuse(3, "etcdserver: authentication failed, invalid user ID or password")
            return
        if self.path != "/v3/kv/range":
            self.refuse(12, "not here: whoever wants to watch has to read now and then")
            return
        key = base64.b64decode(asked["key"])
        subject = provider(key.decode().split("/")[1])
        with lock:
            subject.requests.append(
                {"what": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}})
            file = subject.file
        if subject.store == "status_500":
            self.refuse(14, "etcdserver: no leader")
            return
        answer = {"header": {"revision": "7"}}
        if file is not None and key.decode() == f"/{subject.name}/policy":
            pair = {"key": asked["key"], "value": base64.b64encode(file).decode(), "mod_revision": "7"}
            answer |= {"kvs": [pair], "count": "1"}
        self.answer(200, json.dumps(answer).encode())

    def refuse(self, code, words):
        self.answer(503 if code == 14 else 400, json.dumps({"error": words, "code": code, "message": words}).encode())

    def control(self, subject, settings):
        for name, value in settings.items():
            assert hasattr(subject, name) and (name not in ("document", "keys", "store") or value in BEHAVIOURS), name
            setattr(subject, name, value)
        self.answer(200, b"")

    def serve(self, path):
        if self.headers["Host"].split(":")[0] == HOST:
            issuer, subject = f"https://{HOST}", provider(HOST)
        else:
            name = path.split("/")[1]
            issuer, subject = f"https://localhost:{self.server.port}/{name}", provider(name)
        is_document = path.endswith(WELL_KNOWN)
        headers = {name.lower(): value for name, value in self.headers.items()}
        with lock:
            subject.requests.append({"what": "document" if is_document else "keys", "headers": headers})
        if is_document:
            document = {"issuer": issuer, "authorization_endpoint": issuer + "/authorize",
                        "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/keys"}
            BEHAVIOURS[subject.document](self, json.dumps(document).encode())
        else:
            self.cache, self.age = subject.cache, subject.age
            BEHAVIOURS[subject.keys](self, subject.jwks_body())

    def answer(self, status, body, length=None, **headers):
        self.begin(status, len(body) if length is None else length, **headers)
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the client had enough
        if length is not None:
            self.close_connection = True

    def begin(self, status, length, **headers):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        if self.cache is not None:
            self.send_header("Cache-Control", self.cache)
        if self.age is not None:
            self.send_header("Age", self.age)
        if status != 304:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")

    def finish_request(self, request, client_address):
        request.settimeout(30)
        with self.context.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request, client_address):
        pass  # the other side went, which is what many tests are about


def serve_proxy(server):
    """A proxy by which every name leads to `server`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def handle(connection):
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                part = connection.recv(65536)
                if not part:
                    return
                data += part
            if not data.startswith(b"CONNECT "):
                return
            with socket.create_connection(("127.0.0.1", server.port)) as target:
                connection.sendall(b"HTTP/1.1 200 X\r\n\r\n")
                back = threading.Thread(target=copy, args=(target, connection), daemon=True)
                back.start()
                copy(connection, target)
                back.join()

    def accept():
        while True:
            threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main(folder):
    make_certificates(folder)
    server = Server(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.port, "proxy": serve_proxy(server), "ca": f"{folder}/ca.pem"}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
