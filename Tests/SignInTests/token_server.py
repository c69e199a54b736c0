#!/usr/bin/env python3
"""Token endpoints on loopback that answer as they are told to, for SignInTests.

    token_server.py

Prints its port once it listens, and ends when its standard input does. Nothing but Python's own library.

    POST /prepare?id=ID     raw=HEX: these bytes are what the endpoint with that id answers from now on, and then closes
    POST /token?id=ID       the endpoint; it never answers where nothing was prepared
    GET  /received?id=ID    what came to the endpoint, each request as {"fields": ["Name: value"…], "body": "…"}
"""

import json
import socket
import sys
import threading
from urllib.parse import parse_qs, urlsplit

OK = b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n"
prepared = {}
received = {}


def receive(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    line, *fields = head.decode("latin-1").split("\r\n")
    lengths = [int(field.split(":")[1]) for field in fields if field.lower().startswith("content-length:")]
    while lengths and len(body) < lengths[0]:
        body += connection.recv(65536)
    return line, fields, body.decode("latin-1")


def handle(connection):
    with connection:
        request = receive(connection)
        if request is None:
            return
        line, fields, body = request
        target = urlsplit(line.split(" ")[1])
        endpoint = parse_qs(target.query)["id"][0]
        if target.path == "/prepare":
            prepared[endpoint] = bytes.fromhex(parse_qs(body, keep_blank_values=True)["raw"][0])
            connection.sendall(OK % 0)
            return
        if target.path == "/received":
            answer = json.dumps(received.get(endpoint, [])).encode()
            connection.sendall(OK % len(answer) + answer)
            return
        received.setdefault(endpoint, []).append({"fields": fields, "body": body})
        if endpoint in prepared:
            connection.sendall(prepared[endpoint])
            connection.shutdown(socket.SHUT_WR)
        # Until the other side has read it all, or given up.
        while connection.recv(65536):
            pass


def serve(connection):
    try:
        handle(connection)
    except OSError:
        pass  # the other side went, as it does from what is slow


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
