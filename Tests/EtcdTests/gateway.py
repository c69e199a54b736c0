#!/usr/bin/env python3
"""Members of etcd that are none, for EtcdTests: each says over the JSON gateway whatever it is told to say.

    gateway.py

Reads orders from its standard input, a line of JSON each, and answers each by a line of JSON. All is plain http on
loopback. When its standard input ends, so does it. Nothing but Python's own library.

    {"do": "member"}                                       a new member's port
    {"do": "say", "port": P, "path": "…", "answers": […]}  what it answers there, one after the other; the last one stays
    {"do": "push", "port": P, "line": "…"}                 a line more of each watch that it holds
    {"do": "requests", "port": P}                          what it was asked: [[path, authorization, body], …]
    {"do": "wait", "port": P, "path": "…", "count": N}     waits until it was asked there so many times

An answer is an object: `status` (200), `body`, of which @KEY@ becomes base64 of `key` and the number of the request;
`lines` in place of a body, after which the connection is held; `close` to end it without a word; `hold` to say nothing
at all; `drip` to send so many bytes of the body at a time, with a hundredth of a second between.
"""

import base64
import contextlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

condition = threading.Condition()


class Member(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {}
        self.requests = []
        self.pushed = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next(self, path):
        """What to answer, and the number of the request at that path."""
        answers = self.answers.get(path) or [{"status": 404, "body": "{}"}]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer, sum(1 for request in self.requests if request[0] == path)

    def handle_error(self, *_):
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with condition:
            self.server.requests.append([self.path, self.headers.get("Authorization"), body])
            answer, number = self.server.next(self.path)
            condition.notify_all()
        if answer.get("close"):
            self.close_connection = True
            return
        if answer.get("hold"):
            self.hold()
            return
        if "lines" in answer:
            self.send_lines(answer["lines"])
            return
        text = answer.get("body", "{}")
        if "key" in answer:
            text = text.replace("@KEY@", base64.b64encode(f"{answer['key']}{number:09}".encode()).decode())
        bytes = text.encode()
        self.send_response(answer.get("status", 200))
        self.send_header("Content-Length", str(len(bytes)))
        self.end_headers()
        part = answer.get("drip", len(bytes) or 1)
        for start in range(0, len(bytes), part):
            if start:
                time.sleep(0.01)
            self.wfile.write(bytes[start:start + part])

    def send_lines(self, lines):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with condition:
            sent = len(self.server.pushed)
        while True:
            for line in lines:
                bytes = line.encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(bytes), bytes))
            with condition:
                condition.wait_for(lambda: len(self.server.pushed) > sent)
                lines, sent = self.server.pushed[sent:], len(self.server.pushed)

    def hold(self):
        with contextlib.suppress(OSError):
            self.rfile.read(1)
        self.close_connection = True

    def log_message(self, *_):
        pass


def obey(members, order):
    what = order["do"]
    if what == "member":
        member = Member()
        members[member.server_address[1]] = member
        return member.server_address[1]
    member = members[order["port"]]
    with condition:
        if what == "say":
            member.answers[order["path"]] = list(order["answers"])
        elif what == "push":
            member.pushed.append(order["line"])
            condition.notify_all()
        elif what == "requests":
            return member.requests
        elif what == "wait":
            condition.wait_for(
                lambda: sum(1 for path, *_ in member.requests if path == order["path"]) >= order["count"])
        else:
            raise SystemExit(f"no such order: {what}")
    return "ok"


def main():
    members = {}
    for line in sys.stdin:
        print(json.dumps(obey(members, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
