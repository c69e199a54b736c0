"""A machine of its own for a run of scripts/faults, as far as files go.

Overlays over the folders that pair touches, a /dev with a log that is read here, and a host that knows one member. What
is done to it is gone with the mount namespace.
"""

import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = REPOSITORY / "Fixtures/ok-opkssh-certificate"
POLICY = pathlib.Path("/etc/pair")
MEMBERS = POLICY / "members"
ACCOUNTS = POLICY / "accounts"
REVOKED = POLICY / "revoked"
CONFIGURATION = POLICY / "pair.toml"
# The policy of a fleet, as it was applied last, and what a refresh keeps beside it.
APPLIED = pathlib.Path("/var/lib/pair/policy")
KEY_SETS = pathlib.Path("/var/cache/pair/keysets")
KEY_SET = KEY_SETS / "example.json"
LOG = pathlib.Path("/var/log/pair/access.jsonl")
WANTED = pathlib.Path("/run/pair/refresh-wanted")
SYSLOG = "/dev/log"

# Two centuries, so that the fixture's token counts today.
TOML = """\
space = "build-box"
clock_skew = "99999d"
[[provider]]
name = "example"
issuer = "https://login.example.com"
client_ids = ["pair-ssh"]
keys_lifetime = "99999d"
max_key_set_age = "99999d"
beyond_token_expiry = true
"""
SOURCE = '[policy_source]\nurl = "https://policy.example.com/policy"\n'
GRANT = b"build-box  alice@example.com  example  alice,deploy  role=owner\n"
DENY = b"build-box  alice@example.com  *  deny\n"
# More than is read at once, so that what is at the end comes with a later reading.
OTHERS = b"".join(b"elsewhere-%05d  somebody-%05d@example.com  example  deploy\n" % (n, n) for n in range(12000))


def bundle(members, revoked=b"", serial=42):
    """A policy of a fleet, for two centuries, signed by nobody: that is looked at where it is applied."""
    header = (f"pair-policy 1\nserial {serial}\ncreated 2026-11-22T11:00:00Z\nexpires 2226-11-22T11:00:00Z\n"
              f"members {len(members)}\naccounts 0\nrevoked {len(revoked)}\n\n")
    return header.encode() + members + revoked


# In namespaces of its own: what is mounted is gone, and what runs has ended, with the process.
APART = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc")


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def unmount(path):
    subprocess.run(["umount", "--lazy", str(path)], check=True)


class Machine:
    """The machine, with `pair` and `pair-authkeys` at their places and a user _pair."""

    def __init__(self, programs):
        mount("-t", "tmpfs", "-o", "mode=755", "faults", "/mnt")
        shutil.copytree(programs, "/mnt/programs", ignore=lambda _, names: set(names) - {"pair", "pair-authkeys"})
        self._overlays()
        self._devices()
        for name in ("pair", "pair-authkeys"):
            shutil.move(f"/mnt/programs/{name}", f"/usr/local/bin/{name}")
            os.chmod(f"/usr/local/bin/{name}", 0o755)
        subprocess.run(["sed", "-i", "s/^_pair:/_pair-there:/", "/etc/passwd", "/etc/group", "/etc/shadow"], check=True)
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["useradd", "--system", "--no-create-home", "_pair"], **quiet)
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", "alice"], **quiet)
        self.uid, self.gid = pwd.getpwnam("_pair")[2:4]
        self.syslog = None
        self.key = (FIXTURE / "key.pub").read_text().split()[1]
        self.line = (FIXTURE / "expect").read_text().strip()
        # The same with an end two centuries off.
        head, tail = self.line.split("20261122120400Z")
        self.line_parts = (head, tail + "\n")

    @staticmethod
    def _overlays():
        for folder in ("etc", "var", "run", "home", "root", "usr/local"):
            name = folder.replace("/", "_")
            for kind in ("new", "work"):
                os.mkdir(f"/mnt/{name}.{kind}")
            options = f"lowerdir=/{folder},upperdir=/mnt/{name}.new,workdir=/mnt/{name}.work"
            mount("-t", "overlay", "-o", options, "faults", f"/{folder}")
        for folder in ("/etc/pair", "/var/lib/pair", "/var/cache/pair", "/var/log/pair", "/run/pair"):
            shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def _devices():
        os.mkdir("/mnt/dev")
        mount("--rbind", "/dev", "/mnt/dev")
        mount("-t", "tmpfs", "-o", "mode=755", "faults", "/dev")
        for node in ("null", "zero", "full", "random", "urandom", "tty"):
            pathlib.Path("/dev", node).touch()
            mount("--bind", f"/mnt/dev/{node}", f"/dev/{node}")
        os.mkdir("/dev/pts")

    # How the host is before each fault.

    def reset(self, members=OTHERS + GRANT, revoked=b"", toml=TOML, key_set=(FIXTURE / "keysets/example.json"),
              policy=None):
        """With a `policy` the host follows a fleet's, which has been applied."""
        for folder in (POLICY, KEY_SETS, LOG.parent, WANTED.parent, APPLIED.parent):
            if folder.is_symlink() or folder.is_file():
                folder.unlink()
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder, mode=0o755)
        self.put(CONFIGURATION, (toml + (SOURCE if policy is not None else "")).encode())
        if policy is None:
            self.put(MEMBERS, members)
            self.put(REVOKED, revoked)
        else:
            self.put(APPLIED, policy)
        self.put(KEY_SET, key_set.read_bytes())
        self.put(LOG, b"", 0o640)
        os.chown(LOG, self.uid, self.gid)
        self.put(WANTED, b"", 0o660)
        os.chown(WANTED, 0, self.gid)
        os.utime(WANTED, (0, 0))
        self.listen()

    @staticmethod
    def put(path, contents, mode=0o644):
        path.write_bytes(contents)
        os.chmod(path, mode)

    # syslog

    def listen(self):
        """Has a socket where syslog listens, with nothing in it."""
        self.deafen()
        self.syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.syslog.setblocking(False)
        self.syslog.bind(SYSLOG)
        os.chmod(SYSLOG, 0o666)

    def deafen(self):
        """Has nobody listen, and no socket."""
        if self.syslog:
            self.syslog.close()
        self.syslog = None
        pathlib.Path(SYSLOG).unlink(missing_ok=True)

    def told_syslog(self):
        """What syslog was told since the last time, a record each."""
        found = []
        while self.syslog:
            try:
                text = self.syslog.recv(1 << 16).decode()
            except BlockingIOError:
                break
            found.append(json.loads(text[text.index("{"):]))
        return found

    # What is asked.

    @property
    def question(self):
        return ["/usr/local/bin/pair-authkeys", "--user", "alice", "--uid", "1001", "--key", self.key,
                "--type", "ecdsa-sha2-nistp256-cert-v01@openssh.com"]

    def is_line(self, text):
        """Whether it is the one line, whole; of its end only that it is a time."""
        head, tail = self.line_parts
        middle = text[len(head):len(text) - len(tail)]
        return text.startswith(head) and text.endswith(tail) and len(middle) == 15 and middle[:14].isdigit()
