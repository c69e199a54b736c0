"""Keys of nobody by the thousand: through ssh and sshd, and to the helper as sshd asks it."""

import base64
import collections
import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import queue
import random
import subprocess
import sys
import threading
import time

import baseline
import certificates
import clients
from aside import Aside
from loaded_host import WANTED
from offers import HOUR
from tokens import Key

ASKER = pathlib.Path(__file__).with_name("asker.py")
CAP = 64 << 10
AT_ONCE = 4
FOR_EACH_CONNECTION = 50


@dataclasses.dataclass
class Kind:
    """One sort of key of nobody."""

    name: str
    reason: str
    type: str
    make: object  # a blob, or text that is none, new each time
    by_ssh: bool = True  # whether ssh offers it and sshd takes it: it verifies a certificate's signature first


@dataclasses.dataclass
class Attempt:
    kind: str
    cpu: float
    wrong: str | None


class Garbage:
    """What strangers offer."""

    def __init__(self, host, offered):
        self.host, self.draw = host, random.Random(3)
        self.now = offered.now
        self.user, self.stranger = Key("ed25519"), Key("ed25519")
        name = certificates.ssh_name(self.user, certificate=True)
        plain = certificates.ssh_name(self.user)
        forged = baseline.Login(user=self.user, idp=Key("rsa"), **self.valid)
        withdrawn = baseline.Login(user=self.user, idp=Key("rsa"), op_header={"kid": "withdrawn"}, **self.valid)
        foreign = baseline.Login(user=self.user, claims={"iss": "https://id.example.net"}, **self.valid)
        good = baseline.Login(user=self.user, idp=offered.idp["key-1"], **self.valid).blob
        self.kinds = [
            Kind("plain key", "key-unknown", plain, self.plain),
            Kind("certificate of an unknown CA", "ca-unknown", name,
                 lambda: self.certificate(ca=self.stranger, principals=("pgs", "admin"))),
            Kind("Keys, token is noise", "token-structure", name, lambda: self.keys(self.noise(900))),
            Kind("Keys, token of 60 KB", "token-too-large", name, lambda: self.keys(self.noise(45_000)), by_ssh=False),
            Kind("Keys, provider unknown", "provider-unknown", name, lambda: self.keys(foreign.token)),
            Kind("Keys, key id unknown", "kid-unknown", name, lambda: self.keys(withdrawn.token)),
            Kind("Keys, provider's signature forged", "op-signature", name, lambda: self.keys(forged.token)),
            Kind("Keys, a bit flipped", "cert-signature", name, lambda: self.flipped(good), by_ssh=False),
            Kind("Keys, cut short", "key-malformed", name, lambda: self.cut(good), by_ssh=False),
            Kind("noise", "key-malformed", name, lambda: self.draw.randbytes(600), by_ssh=False),
            Kind("noise of 120 KB", "key-too-large", name, lambda: self.draw.randbytes(90_000), by_ssh=False)]

    @functools.cached_property
    def valid(self):
        return {"cert": {"valid": (self.now - 60, self.now + 2 * HOUR)}}

    def noise(self, size):
        return base64.b64encode(self.draw.randbytes(size)).decode()

    def plain(self):
        return certificates.string("ssh-ed25519") + certificates.string(self.draw.randbytes(32))

    def certificate(self, **more):
        return certificates.certificate(
            self.user, None, hand=True, nonce=self.draw.randbytes(32), **self.valid["cert"], **more)

    def keys(self, token):
        return self.certificate(extensions={"openpubkey-pkt": token})

    def flipped(self, blob):
        """One bit of the signature, which ends the blob; its lengths stand before."""
        bit = self.draw.randrange(64 * 8)
        flipped = bytearray(blob)
        flipped[-1 - bit // 8] ^= 1 << bit % 8
        return bytes(flipped)

    def cut(self, blob):
        return blob[:self.draw.randrange(60, len(blob) - 1)]

    def command(self, kind):
        return self.host.asking(self.host.pgs, kind.type, base64.b64encode(kind.make()).decode())


def forget_requests():
    """Makes the last request for a refresh one of long ago."""
    os.utime(WANTED, (0, 0))


class PokeWatch(Aside):
    """Each time that the file changes whose mtime asks for a refresh."""

    def go(self):
        began, times, last = time.monotonic(), [], WANTED.stat().st_mtime_ns
        while not self.ended.wait(0.002):
            mtime = WANTED.stat().st_mtime_ns
            if mtime != last:
                last = mtime
                times.append(mtime / 1e9)
        return times, time.monotonic() - began

    def take(self, result):
        self.times, self.seconds = result

    def judge(self):
        """Those who read the old mtime at one moment may all set it anew at the next: that is one request yet.

        The helper counts in whole seconds, so that 60 of its are more than 59.
        """
        requests = [self.times[0]] if self.times else []
        wrong = [] if self.times else ["refresh: a request for one expected, none found"]
        for moment in self.times[1:]:
            since = moment - requests[-1]
            if since > 59:
                requests.append(moment)
            elif since > 5:  # no login lives longer
                wrong.append(f"refresh: asked for again after {since:.1f} s")
        self.requests = len(requests)
        return wrong


class Askers:
    """Small processes of the helper's user that run it as sshd does (asker.py)."""

    def __init__(self, host):
        self.free = queue.SimpleQueue()
        self.processes = [subprocess.Popen(
            [*as_user(host), sys.executable, "-I", "-S", ASKER], cwd="/", env={"PATH": "/usr/bin:/bin"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(AT_ONCE)]
        for process in self.processes:
            self.free.put(process)

    def ask(self, kind, command):
        process = self.free.get()
        try:
            process.stdin.write(json.dumps(command) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
        finally:
            self.free.put(process)
        wrong = None
        if answer["said"] or answer["status"]:
            wrong = f"{kind} to the helper: nothing and status 0 expected, {answer} found"
        return Attempt(kind, answer["cpu"], wrong)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.communicate()


def as_user(host):
    return ["setpriv", f"--reuid={host.asker.pw_uid}", f"--regid={host.asker.pw_gid}", "--clear-groups"]


def check(garbage):
    """That each kind is refused for what it is made for."""
    wrong = []
    for kind in garbage.kinds:
        done = subprocess.run([*garbage.command(kind), "--json"], capture_output=True, text=True)
        reason = json.loads(done.stdout)["reason"] if done.stdout else f"status {done.returncode}"
        if reason != kind.reason:
            wrong.append(f"{kind.name}: {kind.reason} expected, {reason} found")
    return wrong


def ask_directly(garbage, count, progress):
    """`count` keys, of each kind as many as of any other, and `true` beside them."""
    attempts, nothing, making = [], [], threading.Lock()

    def attempt(number):
        kind = garbage.kinds[number % len(garbage.kinds)]
        with making:
            command = garbage.command(kind)
        if number % 10 == 0:
            nothing.append(askers.ask("true", ["/bin/true"]))
        return askers.ask(kind.name, command)

    with Askers(garbage.host) as askers, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for made in pool.map(attempt, range(count)):
            attempts.append(made)
            progress(len(attempts), count, sum(attempt.wrong is not None for attempt in attempts))
    return attempts, nothing


def peak_kib(host, command):
    """Peak memory by getrusage, of a process that a small one started."""
    run = subprocess.run(
        ["/usr/bin/time", "-f", "%M", *as_user(host), *command], capture_output=True, text=True, check=True)
    return int(run.stderr.split()[-1])


def offer_by_ssh(garbage, connections, progress):
    """Connections that offer many keys each, to either sshd; CPU of sshd and all that it ran, for each key offered."""
    host, wrong = garbage.host, []
    folder = host.folder / "keys/garbage"
    folder.mkdir(exist_ok=True)
    kinds = [kind for kind in garbage.kinds if kind.by_ssh]
    cpu = {server: host.sshd_cpu(name) for server, name in clients.LOGS.items()}
    for connection in range(connections):
        identities = []
        for number in range(FOR_EACH_CONNECTION):
            kind, file = kinds[number % len(kinds)], folder / f"{number}.pub"
            file.write_text(f"{kind.type} {base64.b64encode(kind.make()).decode()}\n")
            identities += ["-i", str(file)]
        for server in clients.SERVERS:
            done = subprocess.run(
                ["ssh", "-v", "-F", host.client, *identities, f"{host.pgs}@{server}", "true"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True)
            offered = done.stderr.count("Offering public key:")
            if done.returncode != 255 or "Permission denied (publickey)" not in done.stderr:
                wrong.append(f"strangers at {server}: to be refused, status {done.returncode} found")
            if offered != FOR_EACH_CONNECTION:
                wrong.append(f"strangers at {server}: {FOR_EACH_CONNECTION} keys to be offered, {offered} were")
        progress(connection + 1, connections, len(wrong))
    count = connections * FOR_EACH_CONNECTION
    return wrong, {server: (host.sshd_cpu(name) - cpu[server]) / count for server, name in clients.LOGS.items()}


def judge_log(records, at_once):
    """The access log's bound: strangers' records end at the cap, but for one more of each that was at it already."""
    lines = [json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for record in records]
    mine = [(record, line) for record, line in zip(records, lines) if record["decision"] == "refuse"]
    size = sum(len(line) for _, line in mine)
    longest = max((len(line) for _, line in mine), default=0)
    bound = CAP + at_once * longest
    wrong = []
    if size > bound:
        wrong.append(f"access log: strangers' records take {size} bytes, at most {bound} expected")
    if not mine or sum(map(len, lines)) < CAP:
        wrong.append(f"access log: never reached its cap of {CAP} bytes, {sum(map(len, lines))} found")
    reasons = collections.Counter(record["reason"] for record, _ in mine)
    if reasons["key-unknown"]:
        wrong.append(f"access log: no key-unknown expected, {reasons['key-unknown']} found")
    wrong += [f"access log: {record['reason']}: {record}" for record in records if record["decision"] == "fault"]
    return wrong, size, len(mine)
