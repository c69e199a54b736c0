"""Runs a program by which records come about, on a host whose rsyslog sends them to a collector, and tells what is there.

    collecting.py EXAMPLES BURST COMMAND…

Both run rsyslogd with the files rsyslog-host.conf and rsyslog-collector.conf of the folder EXAMPLES as they are; the host
has Debian's own rsyslog.conf besides. COMMAND, which must leave one record of its own each time, is run once while all is
well; BURST times while the collector is killed; and once when it is back; $RUN counts them from 0. In namespaces of its own, so that nothing of
this machine is touched; needs root. Prints one object of JSON:

    records   the lines of /var/log/pair-fleet.jsonl, each once: one for each run, that of `long`, and what was sent by hand:
              without a certificate, with one of a name that is not a host's, and with the host's
    twice     how many of them came twice
    long      a record of 20 KiB, which was sent to /dev/log by itself
    rejected  the lines of /var/log/pair-fleet.rejected
    spooled   the files in which records waited while the collector was away
"""

import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time

RECORDS = pathlib.Path("/var/log/pair-fleet.jsonl")
REJECTED = pathlib.Path("/var/log/pair-fleet.rejected")
SPOOL = pathlib.Path("/var/spool/rsyslog")
HOST, COLLECTOR = "web1.hosts.example.com", "logs.example.com"


def run(*command, **options):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, **options)


def set_apart(examples):
    """A machine of its own, as far as rsyslog sees: with the host's configuration in place."""
    scratch = pathlib.Path("/mnt")
    run("mount", "-t", "tmpfs", "none", scratch)
    devices = scratch / "dev"
    devices.mkdir()
    for node in ("null", "urandom"):
        (devices / node).touch()
        run("mount", "--bind", f"/dev/{node}", devices / node)
    configuration = scratch / "etc"
    configuration.mkdir()
    for name in ("rsyslog.conf", "ld.so.cache", "passwd", "group", "nsswitch.conf", "localtime"):
        (configuration / name).write_bytes(pathlib.Path("/etc", name).read_bytes())
    (configuration / "ssl").mkdir()
    (configuration / "ssl/openssl.cnf").touch()
    (configuration / "hosts").write_text("127.0.0.1 localhost logs.example.com\n")
    for name in ("rsyslog.d", "rsyslog-pair"):
        (configuration / name).mkdir()
    (configuration / "rsyslog.d/10-pair.conf").write_bytes((examples / "rsyslog-host.conf").read_bytes())
    (scratch / "certificates").mkdir()
    make_certificates(scratch / "certificates")
    run("mount", "--bind", configuration, "/etc")
    run("mount", "--rbind", devices, "/dev")
    for folder in ("/var/log", SPOOL):
        run("mount", "-t", "tmpfs", "none", folder)
    run("ip", "link", "set", "lo", "up")
    socket.sethostname("web1")


def make_certificates(folder):
    def openssl(*arguments):
        run("openssl", *arguments, cwd=folder, capture_output=True)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    for name in (HOST, COLLECTOR, "web1.example.net"):
        openssl("req", "-x509", *new_key, "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", f"{name}.key",
                "-out", f"{name}.pem", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                "-addext", "basicConstraints=critical,CA:FALSE")


def certificates(name):
    """A folder as /etc/rsyslog-pair of the one called that."""
    folder = pathlib.Path("/mnt", name)
    folder.mkdir()
    for source, target in (("ca.pem", "ca.pem"), (f"{name}.pem", "cert.pem"), (f"{name}.key", "key.pem")):
        (folder / target).write_bytes(pathlib.Path("/mnt/certificates", source).read_bytes())
    return folder


class Daemon:
    """An rsyslogd, with certificates of its own in the usual place."""

    def __init__(self, name, configuration):
        self.name, self.configuration, self.certificates = name, configuration, certificates(name)
        self.process = None

    def start(self, ready):
        script = f'mount --bind {self.certificates} /etc/rsyslog-pair && exec "$@"'
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh",
             "rsyslogd", "-n", "-f", self.configuration, "-i", self.certificates / "pid"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=sys.stderr)

        def is_ready():
            if self.process.poll() is not None:
                raise SystemExit(f"the rsyslogd of {self.name} ended with status {self.process.returncode}")
            return ready()

        until(f"{self.name} is ready", is_ready)

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait()


def until(what, condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"not within a minute: {what}")
        time.sleep(0.02)


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def lines(file):
    return file.read_bytes().decode().splitlines() if file.exists() else []


def takes_syslog():
    try:
        log(b"<86>none of ours")
        return True
    except OSError:
        return False


def log(datagram):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect("/dev/log")
        sender.send(datagram)


def send_as(name):
    """Sends a record as one with that certificate, or as somebody who has none; waits for the answer."""
    context = ssl.create_default_context(cafile="/mnt/certificates/ca.pem")
    if name:
        context.load_cert_chain(f"/mnt/certificates/{name}.pem", f"/mnt/certificates/{name}.key")
    record = f'<86>1 2026-11-22T12:00:00Z web1 pair-authkeys 1 - - {json.dumps({"from": name})}'
    try:
        with socket.create_connection(("127.0.0.1", 2514)) as plain:
            with context.wrap_socket(plain, server_hostname=COLLECTOR) as session:
                offers = "relp_version=0\nrelp_software=by hand\ncommands=syslog"
                for number, (command, data) in enumerate([("open", offers), ("syslog", record)], 1):
                    session.sendall(f"{number} {command} {len(data)} {data}\n".encode())
                    session.recv(4096)
    except OSError:
        pass


def ask(command, number):
    run(*command, stdout=subprocess.DEVNULL, env=os.environ | {"RUN": str(number)})


def main(examples, burst, *command):
    examples = pathlib.Path(examples)
    set_apart(examples)
    collector = Daemon(COLLECTOR, examples / "rsyslog-collector.conf")
    host = Daemon(HOST, "/etc/rsyslog.conf")
    daemons = [collector, host]
    try:
        collector.start(lambda: accepts(2514))
        host.start(takes_syslog)
        ask(command, 0)
        until("a record is collected", lambda: len(lines(RECORDS)) == 1)
        log(b"<86>pair-authkeys[1]: no record\n")
        long = json.dumps({"long": "x" * (20 << 10)}, separators=(",", ":"))
        log(b"<86>pair-authkeys[1]: " + long.encode())
        until("a long record is collected", lambda: len(lines(RECORDS)) == 2)
        for name in (None, "web1.example.net", HOST):
            send_as(name)
        until("a host's record by hand is collected", lambda: len(lines(RECORDS)) == 3)

        collector.end(signal.SIGKILL)
        for number in range(1, int(burst) + 1):
            ask(command, number)
        until("records wait on disk", lambda: any(SPOOL.glob("pair.0*")))
        spooled = sorted(file.name for file in SPOOL.iterdir())
        collector.start(lambda: accepts(2514))
        ask(command, int(burst) + 1)
        count = int(burst) + 4
        until("all records are collected", lambda: len(set(lines(RECORDS))) >= count)
        collected = lines(RECORDS)
        records = list(dict.fromkeys(collected))
        print(json.dumps({"records": records, "twice": len(collected) - len(records), "long": long,
                          "rejected": lines(REJECTED), "spooled": spooled}))
    finally:
        for daemon in daemons:
            if daemon.process and daemon.process.poll() is None:
                daemon.end(signal.SIGKILL)


if __name__ == "__main__":
    if not os.environ.pop("IS_APART", None):
        os.environ |= {"IS_APART": "1", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        os.execvp("unshare", ["unshare", "--mount", "--net", "--uts", "--propagation", "private", sys.executable, "-B",
                              *sys.argv])
    main(*sys.argv[1:])
