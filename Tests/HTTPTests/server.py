#!/usr/bin/env python3
"""Servers on loopback that answer well or badly, for HTTPTests.

    server.py DIR

Makes a CA and certificates in DIR, prints one line of JSON (ports by name, the CA's file) once all of them listen, and
ends when its standard input does. Every path of `ANSWERS` is served over http and by each of the https servers, which
differ in their certificates. Nothing but Python's own library and the openssl command.
"""

import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
from urllib.parse import parse_qs, urlsplit

CA_CONFIG = """
[ca]
default_ca = it
[it]
dir = {0}
database = {0}/index
new_certs_dir = {0}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
CERTIFICATES = {  # name: subject's alternative names, start, end
    "https": ("DNS:localhost,IP:127.0.0.1,IP:::1,DNS:*.pair.test", "20200101000000Z", "20991231235959Z"),
    "otherHost": ("DNS:elsewhere.pair.test", "20200101000000Z", "20991231235959Z"),
    "expired": ("IP:127.0.0.1", "20200101000000Z", "20200102000000Z"),
    "notYetValid": ("IP:127.0.0.1", "20980101000000Z", "20991231235959Z"),
}
# Has OpenSSL agree to what a Debian machine's own configuration would refuse.
PERMISSIVE_CONFIG = """
openssl_conf = it
[it]
ssl_conf = ssl
[ssl]
system_default = any
[any]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""
PORTS = {}


def make_certificates(folder):
    def openssl(*arguments):
        command = ["openssl", arguments[0], *("-batch",) * (arguments[0] == "ca"), *arguments[1:]]
        subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    with open(f"{folder}/ca.cnf", "w") as file:
        file.write(CA_CONFIG.format(folder))
    with open(f"{folder}/permissive.cnf", "w") as file:
        file.write(PERMISSIVE_CONFIG)
    open(f"{folder}/index", "w").close()
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2")
    for name, (names, start, end) in CERTIFICATES.items():
        openssl("req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
                "-addext", f"subjectAltName={names}")
        openssl("ca", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr",
                "-out", f"{name}.pem", "-startdate", start, "-enddate", end, "-notext")


# Answers

class Request:
    def __init__(self, connection, head, body):
        line, *fields = head.split(b"\r\n")
        self.connection = connection
        self.method, self.target, _ = line.decode("latin-1").split(" ", 2)
        self.headers = {}
        for field in fields:
            name, value = field.decode("latin-1").split(":", 1)
            self.headers.setdefault(name.lower(), []).append(value.strip())
        self.body = body
        split = urlsplit(self.target)
        self.path = split.path
        self.query = {name: values[0] for name, values in parse_qs(split.query).items()}

    def send(self, data):
        self.connection.sendall(data)

    def answer(self, status, body=b"", *fields):
        head = [f"HTTP/1.1 {status} X".encode(), b"Content-Length: %d" % len(body), *fields, b"", b""]
        self.send(b"\r\n".join(head) + body)

    def until_closed(self):
        """Waits for the other side to give up."""
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass


def ok(request):
    request.answer(200, b'{"keys":[]}', b'ETag: "v1"', b"Cache-Control: public, max-age=300",
                   b"Date: Sun, 22 Nov 2026 12:00:00 GMT", b"Content-Type: Application/JSON; charset=utf-8")


def echo(request):
    what = {"method": request.method, "target": request.target, "headers": request.headers,
            "body": request.body.decode("latin-1"),
            "peer": request.connection.getpeername()[1]}
    request.answer(200, json.dumps(what).encode())


def status(request):
    request.answer(request.query["is"], b"<html><body>No.</body></html>", b"Content-Type: text/html")


def empty(request):
    request.answer(request.query["is"])


def conditional(request):
    if request.headers.get("if-none-match") == ['"v1"']:
        request.send(b'HTTP/1.1 304 X\r\nETag: "v1"\r\n\r\n')
    else:
        ok(request)


def redirect(request):
    request.answer(request.query["is"], b"gone", b"Location: " + request.query["to"].encode())


def loop(request):
    left = int(request.query["left"])
    if "pause" in request.query:
        pause(request, float(request.query["pause"]))
    target = request.target.replace(f"left={left}", f"left={left - 1}")
    ok(request) if left == 0 else request.answer(302, b"", f"Location: {target}".encode())


def pause(request, seconds):
    """Waits, but not for somebody who went."""
    request.connection.settimeout(seconds)
    try:
        if not request.connection.recv(1):
            raise ConnectionAbortedError
    except TimeoutError:
        pass


def silent(request):
    request.until_closed()


def trickle(request):
    request.send(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
    while True:
        request.send(b"x")
        pause(request, 0.05)


def sized(request):
    count = int(request.query["count"])
    request.send(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % count + b"x" * count)


def endless(request):
    request.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        request.send(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def endless_header(request):
    request.send(b"HTTP/1.1 200 X\r\n")
    while True:
        request.send(b"X-More: " + b"x" * 1000 + b"\r\n")


def endless_interim(request):
    while True:
        request.send(b"HTTP/1.1 103 X\r\nX-More: " + b"x" * 1000 + b"\r\n\r\n")


def truncated(request):
    request.send(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nnot much")


def truncated_chunk(request):
    request.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nnot much")


def closed(request):
    pass


def reset(request):
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def cut(request):
    """Ends the connection, even below TLS, so that nobody can tell whether the body was whole."""
    request.send(b"HTTP/1.1 200 X\r\n\r\nperhaps whole")
    socket.socket(fileno=os.dup(request.connection.fileno())).shutdown(socket.SHUT_RDWR)


def old(request):
    request.send(b"no header at all")


def ssh(request):
    request.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    request.until_closed()


def packed(request):
    request.answer(200, b"\x1f\x8b\x08", b"Content-Encoding: gzip")


def odd_fields(request):
    request.answer(200, b"", b"X-Odd: \xff\xfe", b"X-Twice: one", b"x-twice:  two\t", b"Not a name: x", b"X-Empty:")


def no_colon(request):
    request.answer(200, b"", b"nothing")


def interim(request):
    request.send(b'HTTP/1.1 103 X\r\nETag: "early"\r\nX-Early: 1\r\n\r\n')
    ok(request)


def trailer(request):
    request.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nTrailer: ETag\r\n\r\n2\r\nok\r\n0\r\n"
                 b'ETag: "late"\r\n\r\n')


together_barriers = {}


def together(request):
    """Answers once as many requests as it says have come."""
    count = int(request.query["count"])
    together_barriers.setdefault(count, threading.Barrier(count)).wait()
    ok(request)


def chunks(request, *parts):
    request.send(b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts))


def parts(request):
    """Lines, but not in the parts that they are sent in."""
    request.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    for part in [b"on", b"e\r\ntwo\n\n\r\nth", b"ree\nlast"]:
        chunks(request, part)
    request.send(b"0\r\n\r\n")


steps = threading.Semaphore(0)


def step(request):
    steps.release()
    ok(request)


def stepwise(request):
    """A line for each request for /step."""
    request.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(3):
        steps.acquire()
        chunks(request, b"line %d\n" % number)
    request.send(b"0\r\n\r\n")


def begun(request):
    request.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunks(request, b"line\n")
    request.until_closed()


ANSWERS = {"/" + answer.__name__: answer for answer in [
    ok, echo, status, empty, conditional, redirect, loop, silent, trickle, sized, endless, endless_header,
    endless_interim, truncated, truncated_chunk, closed, reset, cut, old, ssh, packed, odd_fields, no_colon, interim,
    trailer, together, parts, step, stepwise, begun]}


# After these the connection stays for another request; after the others it is closed without a word about it.
KEPT = [ok, echo, conditional, redirect, loop, step]


def missing(request):
    request.answer(404, b"no such path")


def receive(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    request = Request(connection, head, body)
    rest = int(request.headers.get("content-length", ["0"])[0]) - len(body)
    if request.path == "/reset":
        rest = 0  # without reading what comes
    while rest > 0:
        part = connection.recv(65536)
        request.body += part
        rest -= len(part)
    return request


def serve_http(connection):
    answer = ok
    while answer in KEPT and (request := receive(connection)):
        answer = ANSWERS.get(request.path, missing)
        answer(request)


def serve_https(context):
    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as wrapped:
            serve_http(wrapped)
            wrapped.unwrap()
    return serve


def serve_nothing(connection):
    Request(connection, b"GET / HTTP/1.1", b"").until_closed()


def serve_plain(connection):
    connection.sendall(b"HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n")
    serve_nothing(connection)


def serve_closing(connection):
    """Closes at once."""


# A proxy that records what it is asked; every name leads to our own https server

recorded = []


def serve_proxy(connection):
    request = receive(connection)
    if request.target == "/recorded":
        request.answer(200, json.dumps(recorded).encode())
        return
    recorded.append(f"{request.method} {request.target}")
    if request.method != "CONNECT" or request.target.startswith("refused."):
        request.answer(407, b"", b'Proxy-Authenticate: Basic realm="x"')
        return
    with socket.create_connection(("127.0.0.1", PORTS["https"])) as server:
        request.send(b'HTTP/1.1 200 X\r\nETag: "of the proxy"\r\n\r\n')

        def copy(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        back = threading.Thread(target=copy, args=(server, connection), daemon=True)
        back.start()
        copy(connection, server)
        back.join()


def listen(name, serve, family=socket.AF_INET, address="127.0.0.1"):
    listener = socket.create_server((address, 0), family=family, backlog=64)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited by what it accepts
    PORTS[name] = listener.getsockname()[1]

    def handle(connection):
        with connection:
            try:
                serve(connection)
            except (OSError, threading.BrokenBarrierError):
                pass  # the other side went, which is what many tests are about

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def main(folder):
    make_certificates(folder)
    listen("http", serve_http)
    if socket.has_ipv6:
        try:
            listen("http6", serve_http, socket.AF_INET6, "::1")
        except OSError:
            pass
    for name in CERTIFICATES:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
        listen(name, serve_https(context))
    outdated = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    outdated.load_cert_chain(f"{folder}/https.pem", f"{folder}/https.key")
    outdated.set_ciphers("ALL:@SECLEVEL=0")
    outdated.minimum_version = ssl.TLSVersion.TLSv1
    outdated.maximum_version = ssl.TLSVersion.TLSv1_1
    listen("outdated", serve_https(outdated))
    listen("mute", serve_nothing)
    listen("plain", serve_plain)
    listen("closing", serve_closing)
    listen("proxy", serve_proxy)

    # Nobody listens: bound, so that nobody else will.
    unused = socket.socket()
    unused.bind(("127.0.0.1", 0))
    PORTS["unused"] = unused.getsockname()[1]
    # Nobody accepts, and the queue is full: a connection gets no answer at all.
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    PORTS["full"] = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(full.getsockname())

    print(json.dumps({"ports": PORTS, "ca": f"{folder}/ca.pem"}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
