"""The policy of a fleet: logins by one that is not as it should be, and `pair host refresh` that applies the next."""

import http.server
import os
import pathlib
import re
import shutil
import subprocess
import threading

import machine as m
import trace
from admin import DONE, ENDED, ENVIRONMENT, FAILED, PAIR, sampled, touching
from judging import FAULTED, REFUSED, SERVED, judge, outcome_of

ALICE_OUT = b"identity example alice@example.com\n"


# Logins

def policies(host, report, is_short):
    """An applied policy that is torn, gone, not root's, or replaced while it is read."""
    user = (host.uid, host.gid)
    _torn(host, report, is_short, user)
    _wrong(host, report, user)
    _swapped(host, report, is_short, user)


def _torn(host, report, is_short, user):
    """Cut at each byte, the signature behind it too, which a login does not look at."""
    whole = m.bundle(m.GRANT, b"# nobody\n")
    signed = whole + b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"
    for cut in list(range(len(signed) + 1))[:: 11 if is_short else 1]:
        host.reset(policy=signed[:cut])
        run = trace.run(host.question, user=user)
        outcome, problems = judge(host, run, {SERVED} if cut >= len(whole) else {REFUSED})
        report.add("policy torn", outcome, problems, f"cut at {cut}", run)


def _link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _folder(path):
    path.unlink()
    path.mkdir()


def _fifo(path):
    path.unlink()
    os.mkfifo(path, 0o644)


def _folder_removed(path):
    shutil.rmtree(path.parent)


# What becomes of the file, and what a login is then.
WRONG = {
    "removed": (lambda path: path.unlink(), REFUSED),
    "its folder removed": (_folder_removed, REFUSED),
    "emptied": (lambda path: os.truncate(path, 0), REFUSED),
    "cut in half": (lambda path: os.truncate(path, path.stat().st_size // 2), REFUSED),
    "other bytes": (lambda path: path.write_bytes(os.urandom(100_000)), REFUSED),
    "readable to root alone": (lambda path: path.chmod(0o600), FAULTED),
    "in a folder that is root's alone": (lambda path: path.parent.chmod(0o700), FAULTED),
    "opened to all": (lambda path: path.chmod(0o666), FAULTED),
    "in a folder that is opened to all": (lambda path: path.parent.chmod(0o777), FAULTED),
    "given away": (lambda path: os.chown(path, 65534, 65534), FAULTED),
    "a link": (_link, FAULTED),
    "a folder": (_folder, FAULTED),
    "a pipe": (_fifo, FAULTED),
}


def _wrong(host, report, user):
    for name, (change, right) in WRONG.items():
        host.reset(policy=m.bundle(m.OTHERS + m.GRANT))
        change(m.APPLIED)
        run = trace.run(host.question, user=user)
        outcome, problems = judge(host, run, {right})
        if run.seconds > 2:
            problems.append(f"took {run.seconds:.1f} s")
        report.add("policy missing or not as it should be", outcome, problems, name, run)


def _replace(path, text):
    new = path.with_name("new")
    m.Machine.put(new, text)
    os.rename(new, path)


def _swapped(host, report, is_short, user):
    """Another policy put in its place, as a refresh does it, while the program stands still at each step of reading it.

    One of the two has the person among its members and revokes them, the other has neither: only a mixture would let
    them in. Of those that do and do not let them in, the one counts that was there when it was opened.
    """
    granting, empty = m.bundle(m.OTHERS + m.GRANT), m.bundle(m.OTHERS)
    revoking = m.bundle(m.OTHERS + m.GRANT, m.OTHERS.replace(b"else", b"# else") + ALICE_OUT)
    pairs = [("mixed", revoking, empty), ("mixed", empty, revoking), ("in, then out", granting, empty),
             ("out, then in", empty, granting), ("in, then cut", granting, granting[:-1])]
    for name, old, new in pairs:
        host.reset(policy=old)
        found, _ = trace.calls(host.question, user=user)
        mine = [call.place for call in found if re.search(rf'"{m.APPLIED.name}"|{m.APPLIED}>', call.text)]
        opened, last = mine[0], mine[-1]
        host.reset(policy=new)
        after, _ = outcome_of(host, trace.run(host.question, user=user))
        host.reset(policy=old)
        before, _ = outcome_of(host, trace.run(host.question, user=user))
        steps = range(opened - 1, last + 1)
        for place in (opened - 1, opened, (opened + last) // 2, last) if is_short else steps:
            host.reset(policy=old)
            run = trace.halted(found[place], host.question, lambda: _replace(m.APPLIED, new), user)
            outcome, problems = judge(host, run, {after if place < opened else before})
            report.add("policy replaced while it is read", outcome, problems, f"{name}: after {found[place]}", run)


# Applying

class Store:
    """A web server on loopback with the policy of a fleet."""

    def __init__(self):
        self.policy = b""
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = store.policy
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", f'"{hash(body)}"')
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/policy"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


FLEET = m.POLICY / "fleet.toml"


class Applying:
    """A host that has one policy applied, and is served the next."""

    def __init__(self, host):
        self.host, self.store = host, Store()
        key = pathlib.Path("/mnt/signer")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        self.signers = f'ops@example.com namespaces="pair-policy" {key.with_suffix(".pub").read_text()}'.encode()
        self.policies = {}
        for serial in (1, 2):
            text = m.bundle(m.OTHERS + m.GRANT, serial=serial)
            file = pathlib.Path("/mnt/to-sign")
            file.write_bytes(text)
            file.with_name("to-sign.sig").unlink(missing_ok=True)
            subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "pair-policy", "-f", str(key), str(file)],
                           check=True)
            self.policies[serial] = text + file.with_name("to-sign.sig").read_bytes()
        # Without a provider, whose key set would be refreshed as well.
        self.command = [PAIR, "host", "refresh", "--config", str(FLEET)]

    def reset(self):
        """With the first one applied, and the second one served."""
        self.host.reset(policy=b"")
        m.APPLIED.unlink()
        m.Machine.put(m.POLICY / "allowed_signers", self.signers)
        m.Machine.put(FLEET, f'space = "build-box"\n[policy_source]\nurl = "{self.store.url}"\n'.encode())
        self.store.policy = self.policies[1]
        run = self.run()
        if run.status or self.serial() != 1:
            raise RuntimeError(f"no policy to begin with: {run}")
        self.store.policy = self.policies[2]

    def run(self):
        return trace.run(self.command, env=ENVIRONMENT)

    @staticmethod
    def state():
        """Bytes, mode and owner; None where there is nothing."""
        if not m.APPLIED.is_file():
            return None
        status = m.APPLIED.stat()
        return m.APPLIED.read_bytes(), status.st_mode & 0o7777, status.st_uid, status.st_gid

    def serial(self):
        """Of the policy that is applied, whole, root's and readable to all; else None."""
        return next((serial for serial, text in self.policies.items() if self.state() == (text, 0o644, 0, 0)), None)

    def problems(self):
        """What a refresh that went well leaves otherwise."""
        left = sorted(os.listdir(m.APPLIED.parent))
        if self.serial() != 2 or left != [".refresh", "policy"]:
            return [f"the next refresh does not put it right: policy {self.serial()}, {left}"]
        return []

    def is_served(self):
        return outcome_of(self.host, trace.run(self.host.question, user=(self.host.uid, self.host.gid))) == (SERVED, [])


def applying(host, report, is_short):
    """`pair host refresh` of a policy: an error or its end at each call, a full disk, and what stands in its way."""
    site = Applying(host)
    _at_each_call(site, report, is_short)
    _full(site, report)
    _in_the_way(site, report)


def _at_each_call(site, report, is_short):
    states = m.APPLIED.parent / ".refresh"
    files = [m.APPLIED.parent, m.APPLIED, states, states / "policy.json", states / "policy.lock", FLEET,
             m.POLICY / "allowed_signers"]
    found = touching(site.command, list(map(str, files)), site.reset)
    site.reset()
    for call, what in sampled(found, is_short, 10):
        site.reset()
        run = trace.inject(call, what, site.command, follow=True, env=ENVIRONMENT)
        problems = []
        now = site.serial()
        outcome = ENDED if run.status < 0 else DONE if run.status == 0 else FAILED
        if now is None:
            problems.append("what is applied is neither the old policy nor the new one")
        if outcome == DONE and now != 2:
            problems.append("status 0 without the new policy")
        # A thread counts for itself: what meets the writing of the policy may meet that of the reason, too.
        if outcome == FAILED and not run.error + run.output:
            problems.append("failed, and nobody is told why")
        if run.status > 3:
            problems.append(f"status {run.status}")
        if not site.is_served():
            problems.append("who was let in before is not")
        if outcome != DONE:
            again = site.run()
            problems += site.problems() if again.status == 0 else [f"the next refresh fails: {again}"]
        report.add(f"policy applied: {what.partition('=')[2]}", outcome, problems, f"{call}", run)


def _full(site, report):
    """A disk that has room for the state, for a part of the policy, or for nothing."""
    size = len(site.policies[2])
    for room in (0, 4096, 8192, 16384, size // 2, size - 1):
        site.reset()
        saved = site.policies[1]
        m.mount("-t", "tmpfs", "-o", "mode=755,size=4m", "faults", m.APPLIED.parent)
        site.store.policy = saved
        begun = site.run()
        site.store.policy = site.policies[2]
        filler = m.APPLIED.parent / "filler"
        problems = [] if begun.status == 0 else [f"nothing to begin with: {begun}"]
        free = os.statvfs(m.APPLIED.parent)
        with open(filler, "wb") as file:
            file.write(bytes(max(0, free.f_bavail * free.f_frsize - room // 4096 * 4096)))
        run = site.run()
        left = sorted(name for name in os.listdir(m.APPLIED.parent) if name != "filler")
        if site.serial() != 1:
            problems.append(f"policy {site.serial()} is in place")
        if run.status != 1 or "No space left" not in run.error:
            problems.append("nobody is told that the disk is full")
        if left != [".refresh", "policy"]:
            problems.append(f"left behind: {left}")
        if not site.is_served():
            problems.append("who was let in before is not")
        filler.unlink()
        again = site.run()
        problems += site.problems() if again.status == 0 else [f"the next refresh fails: {again}"]
        m.unmount(m.APPLIED.parent)
        report.add("policy applied: disk full", FAILED, problems, f"room for {room} bytes", run)


def _in_the_way(site, report):
    """What stands where the policy is to be: a refresh puts it right by itself where that is a file, or nothing.

    Whom the folder is open to is the admin's to say, as long as nobody else can write there.
    """
    mended = {"removed", "its folder removed", "emptied", "cut in half", "other bytes", "readable to root alone",
              "in a folder that is root's alone", "opened to all", "given away"}
    for name, (change, _) in WRONG.items():
        site.reset()
        change(m.APPLIED)
        run = site.run()
        problems = []
        if name in mended:
            outcome = DONE if run.status == 0 else FAILED
            problems += site.problems() if run.status == 0 else [f"status {run.status}"]
        else:
            outcome = FAILED
            if run.status not in (1, 2) or not run.error:
                problems.append(f"status {run.status}, and not a fault that is told")
        report.add("policy applied where another is not as it should be", outcome, problems, name, run)
