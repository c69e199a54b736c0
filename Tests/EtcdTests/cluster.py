#!/usr/bin/env python3
"""A cluster of three etcd members on loopback, for EtcdTests.

    cluster.py DIR [--until-terminated]

Makes certificates and data folders in DIR, starts the members, has them ask for a user, and prints one line of JSON.
Then it reads commands, a line each, and answers each by a line: `ok`, or what was asked for.

    kill NAME     SIGKILL; returns when the member is gone
    start NAME    with the data that it had
    stop NAME     SIGSTOP: it holds its connections, and says nothing
    continue NAME returns when all take part, unless another is stopped still
    leader        the name of the member that leads

When its standard input ends, so do the members; with --until-terminated only by SIGTERM. Nothing but Python's own library, openssl, etcd and etcdctl.
"""

import contextlib
import http.client
import http.server
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

NAMES = ["a", "b", "c"]
# etcdctl reads a password up to a space.
ROOT = ("root", "root's-password")


def make_certificates(folder, addresses=("127.0.0.1",)):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    for name in ["ca", "other-ca"]:
        openssl("req", "-x509", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    openssl("req", "-x509", *new_key, "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "member.key", "-out",
            "member.pem", "-subj", "/CN=etcd", "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "subjectAltName=" + ",".join(f"IP:{address}" for address in addresses))


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def kill(process):
    """Ends a member, also one that is run by another program: that ends with it."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            for child in file.read().split():
                os.kill(int(child), signal.SIGKILL)
    process.kill()
    process.wait()


class Cluster:
    def __init__(self, folder, places=None):
        """`places`: of each member its addresses for clients and for the others, each with the port; on loopback by
        default."""
        self.folder = folder
        if places is None:
            addresses = [("127.0.0.1", port) for port in free_ports(2 * len(NAMES))]
            places = dict(zip(NAMES, zip(addresses, addresses[len(NAMES):])))
        self.clients = {name: client for name, (client, _) in places.items()}
        self.peers = {name: peer for name, (_, peer) in places.items()}
        # The command that each member is run by.
        self.under = {name: [] for name in NAMES}
        self.processes = {}
        self.stopped = set()
        self.context = ssl.create_default_context(cafile=f"{folder}/ca.pem")

    def url(self, name):
        return "https://{}:{}".format(*self.clients[name])

    def start(self, name):
        peers = {one: "http://{}:{}".format(*address) for one, address in self.peers.items()}
        command = [
            *self.under[name],
            "etcd", "--name", name, "--data-dir", f"{self.folder}/{name}", "--logger", "zap", "--log-level", "warn",
            "--log-outputs", f"{self.folder}/{name}.log",
            "--listen-client-urls", self.url(name), "--advertise-client-urls", self.url(name),
            "--cert-file", f"{self.folder}/member.pem", "--key-file", f"{self.folder}/member.key",
            "--listen-peer-urls", peers[name], "--initial-advertise-peer-urls", peers[name],
            "--initial-cluster", ",".join(f"{one}={url}" for one, url in peers.items()),
            # A member that is stopped is not to be waited for long; a password's check costs little here.
            "--heartbeat-interval", "100", "--election-timeout", "1000", "--bcrypt-cost", "4",
            # As from etcd 3.5 on: a member that comes back does not have a new leader elected.
            "--pre-vote",
        ]
        self.processes[name] = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"]})

    def ask(self, name, path, body=None, headers={}):
        return json.loads(self.read(name, path, body, headers))

    def read(self, name, path, body=None, headers={}):
        connection = http.client.HTTPSConnection(*self.clients[name], timeout=5, context=self.context)
        with contextlib.closing(connection):
            connection.request("POST" if body else "GET", path, body, headers)
            return connection.getresponse().read().decode()

    def wait(self, name):
        """Until the member takes part: it knows a leader."""
        end = time.monotonic() + 60
        while True:
            try:
                if self.ask(name, "/health").get("health") == "true":
                    return
            except (OSError, http.client.HTTPException, ValueError):
                pass
            if self.processes[name].poll() is not None or time.monotonic() > end:
                raise SystemExit(f"etcd {name} did not start; see {self.folder}/{name}.log")
            time.sleep(0.05)

    def etcdctl(self, *arguments, input=None, names=NAMES, user=None):
        environment = {"PATH": os.environ["PATH"], "ETCDCTL_API": "3", "ETCDCTL_CACERT": f"{self.folder}/ca.pem",
                       "ETCDCTL_ENDPOINTS": ",".join(map(self.url, names))}
        if user:
            environment["ETCDCTL_USER"] = ":".join(user)
        subprocess.run(["etcdctl", *arguments], check=True, env=environment, input=input, text=True,
                       stdout=subprocess.DEVNULL)

    def enable_users(self):
        self.etcdctl("user", "add", ROOT[0], "--interactive=false", input=ROOT[1] + "\n")
        self.etcdctl("user", "grant-role", "root", "root")
        self.etcdctl("auth", "enable")

    def leader(self):
        for name in NAMES:
            try:
                status = self.ask(name, "/v3/maintenance/status", "{}")
            except (OSError, http.client.HTTPException):
                continue
            if status.get("leader") and status["leader"] == status["header"]["member_id"]:
                return name
        return "none"

    def obey(self, command, name=None):
        if command == "leader":
            return self.leader()
        process = self.processes[name]
        if command == "start":
            self.start(name)
            self.wait(name)
        elif command == "kill":
            kill(process)
        elif command == "stop":
            process.send_signal(signal.SIGSTOP)
            self.stopped.add(name)
        elif command == "continue":
            process.send_signal(signal.SIGCONT)
            self.stopped.discard(name)
            if not self.stopped:
                for one in NAMES:
                    self.wait(one)
        else:
            return f"no such command: {command}"
        return "ok"

    def end(self):
        for process in self.processes.values():
            kill(process)


def serve_without_watch(cluster):
    """A proxy before member a, over plain http, that knows nothing of watches; returns its port."""

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v3/watch":
                status, answer = 404, b"no such path"
            else:
                connection = http.client.HTTPSConnection(
                    *cluster.clients["a"], timeout=10, context=cluster.context)
                with contextlib.closing(connection):
                    headers = {name: self.headers[name] for name in ["Authorization"] if name in self.headers}
                    connection.request("POST", self.path, body, headers)
                    response = connection.getresponse()
                    status, answer = response.status, response.read()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main(folder, until=None):
    make_certificates(folder)
    cluster = Cluster(folder)
    try:
        for name in NAMES:
            cluster.start(name)
        for name in NAMES:
            cluster.wait(name)
        cluster.enable_users()
        print(json.dumps({
            "members": {name: cluster.url(name) for name in NAMES}, "ca": f"{folder}/ca.pem",
            "otherCA": f"{folder}/other-ca.pem", "user": ROOT[0], "password": ROOT[1],
            "withoutWatch": f"http://127.0.0.1:{serve_without_watch(cluster)}",
        }), flush=True)
        if until:
            signal.pause()
        for line in sys.stdin:
            print(cluster.obey(*line.split()), flush=True)
    finally:
        cluster.end()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main(*sys.argv[1:])
