"""What the tests of a fleet have in common: an etcd of three members, who publishes, and hosts that watch.

All is in a folder of the home, since a host's files are in folders that nobody else can write to.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from http.client import HTTPException

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Tests/EtcdTests"))
import cluster as etcd  # noqa: E402

# Somebody with Keys, who may enter where members has this line.
FIXTURE = REPOSITORY / "Fixtures/ok-opkssh-certificate"
PERSON = "build-box alice@example.com example alice\n"
REVOKED_PERSON = "identity example alice@example.com\n"
# The fixture's token counts today, too.
PROVIDER = """
clock_skew = "99999d"
[[provider]]
name = "example"
issuer = "https://login.example.com"
client_ids = ["pair-ssh"]
keys_lifetime = "99999d"
max_key_set_age = "99999d"
beyond_token_expiry = true
"""


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="pair-fleet-", dir=os.path.expanduser("~")) as folder:
        os.chmod(folder, 0o755)
        yield folder


class Failed(Exception):
    """What did not happen, or was otherwise; the test's last word."""


def check(holds, what):
    if not holds:
        raise Failed(what)


def until(condition, what, patience=60):
    """Asks until it holds, and returns what it said; `what` is that in words."""
    end = time.monotonic() + patience
    while not (said := condition()):
        if time.monotonic() > end:
            raise Failed(f"not within {patience} s: {what}")
        time.sleep(0.02)
    return said


def conclude(test):
    """Runs a test, and says how it ended as all tests here do; for sys.exit."""
    try:
        test()
    except Failed as failure:
        print(f"{failure}\n0 passed, 1 failed")
        return 1
    print("1 passed, 0 failed")
    return 0


class Ended(Failed):
    """A watcher is there no more; `status` is negative for a signal."""

    def __init__(self, number, status):
        super().__init__(f"watcher {number} ended with status {status}")
        self.status = status


class Watcher:
    """A process of `pair host watch`, and what it said, with the time."""

    def __init__(self, process, number):
        self.process, self.number = process, number
        self.said, self._rest = [], b""
        os.set_blocking(process.stderr.fileno(), False)

    @property
    def pid(self):
        return self.process.pid

    def hear(self):
        """The lines that came by now; ends the test where the process has ended."""
        part = self.process.stderr.read() or b""
        now = time.monotonic()
        if not part:
            raise Ended(self.number, self.process.wait())
        *lines, self._rest = (self._rest + part).split(b"\n")
        new = [(now, line.decode().removeprefix("pair: ")) for line in lines]
        self.said += new
        return new

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Fleet:
    def __init__(self, folder, program, cluster=None):
        self.folder, self.program = folder, os.path.abspath(program)
        self.authkeys = os.environ.get("PAIR_AUTHKEYS") or os.path.join(os.path.dirname(self.program), "pair-authkeys")
        if cluster is None:
            etcd.make_certificates(folder)
            cluster = etcd.Cluster(folder)
        self.cluster = cluster
        self.watchers = []
        self.selector = selectors.DefaultSelector()
        shutil.copytree(FIXTURE / "keysets", f"{folder}/keysets")
        with open(f"{folder}/password", "w") as file:
            os.chmod(file.fileno(), 0o600)
            file.write(etcd.ROOT[1] + "\n")

    def start_members(self):
        for name in etcd.NAMES:
            self.cluster.start(name)
        for name in etcd.NAMES:
            self.cluster.wait(name)
        self.cluster.enable_users()

    def end(self):
        for watcher in self.watchers:
            watcher.kill()
        self.cluster.end()

    # Publishing

    def make_signer(self):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], cwd=self.folder, check=True)
        with open(f"{self.folder}/key.pub") as key, open(f"{self.folder}/allowed_signers", "w") as file:
            file.write(f'ops@example.com namespaces="pair-policy" {key.read()}')
        with open(f"{self.folder}/pair.toml", "w") as file:
            file.write('space = "build-box"' + PROVIDER)

    def pair(self, *arguments, isChecked=True, **more):
        done = subprocess.run([self.program, *arguments], cwd=self.folder, check=False, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, **more)
        check(not isChecked or done.returncode == 0, f"pair {arguments}: {done.stderr}")
        return done

    def sign(self, serial, members=PERSON, revoked="", expires="30d"):
        """Makes the signed policy `policy-SERIAL.signed`."""
        for name, text in (("members", members), ("revoked", revoked)):
            with open(f"{self.folder}/{name}", "w") as file:
                file.write(text)
        self.pair("fleet", "build", "--config", "pair.toml", "--serial", str(serial), "--out", f"policy-{serial}",
                  "--expires", expires)
        self.pair("fleet", "sign", "--key", "key", f"policy-{serial}")

    def policy(self, serial):
        return pathlib.Path(self.folder, f"policy-{serial}.signed").read_bytes()

    def publish(self, serial, names=etcd.NAMES):
        """One transaction, as `pair fleet publish` makes it; returns when it began."""
        start = time.monotonic()
        end = start + 30
        while True:
            for name in names:
                try:
                    if self.put(name, self.token(name), serial).get("succeeded"):
                        return start
                except (OSError, KeyError, ValueError, HTTPException):
                    pass
            if time.monotonic() > end:
                raise Failed("nobody takes the policy")

    def token(self, name):
        """Root's, at a member."""
        body = json.dumps({"name": etcd.ROOT[0], "password": etcd.ROOT[1]})
        return self.cluster.ask(name, "/v3/auth/authenticate", body)["token"]

    def put(self, name, token, serial):
        """Puts a policy into etcd through a member; what that answers."""
        def base64(text):
            return b64encode(text.encode()).decode()

        puts = [("/pair/serial", f"{serial:020}"), ("/pair/policy", self.policy(serial).decode())]
        body = {"success": [{"request_put": {"key": base64(key), "value": base64(value)}} for key, value in puts]}
        return self.cluster.ask(name, "/v3/kv/txn", json.dumps(body), {"Authorization": token})

    def options(self, names=etcd.NAMES):
        """Of the commands that talk to etcd."""
        return ["--etcd", ",".join(map(self.cluster.url, names)), "--etcd-ca", f"{self.folder}/ca.pem",
                "--etcd-user", etcd.ROOT[0], "--etcd-password-file", f"{self.folder}/password"]

    def status(self, names=etcd.NAMES):
        """Each host that is not silent: its name, and what the status says of it."""
        done = self.pair("fleet", "status", *self.options(names), "--json", isChecked=False)
        return {host["host"]: host for host in json.loads(done.stdout or '{"hosts": []}')["hosts"]}

    # Hosts

    def configure(self, number, names=etcd.NAMES, more="", provider=PROVIDER):
        with open(f"{self.folder}/host{number}.toml", "w") as file:
            file.write(f"""space = "build-box"
keysets = "keysets"
{provider}
[policy_source]
etcd = {json.dumps(list(map(self.cluster.url, names)))}
ca = "ca.pem"
user = "{etcd.ROOT[0]}"
password_file = "password"
file = "web{number}/policy"
{more}
""")

    def start_watcher(self, number, under=(), **more):
        process = subprocess.Popen(
            [*under, self.program, "host", "watch", "--config", f"{self.folder}/host{number}.toml",
             "--name", f"web{number}", "--no-doctor"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
        watcher = Watcher(process, number)
        self.watchers.append(watcher)
        self.selector.register(process.stderr, selectors.EVENT_READ, watcher)
        return watcher

    def forget(self, watcher):
        """One that has ended, or is to."""
        watcher.kill()
        self.selector.unregister(watcher.process.stderr)
        watcher.process.stderr.close()
        self.watchers.remove(watcher)

    def hear(self, patience):
        """What watchers say next, if anything: each line with who says it, and when."""
        for key, _ in self.selector.select(max(0, patience)):
            for moment, line in key.data.hear():
                yield key.data, moment, line

    def wait(self, line, patience=60, watchers=None, then=lambda watcher: None, since=0):
        """When each watcher has said `line` (its beginning), by number; calls `then` for each.

        Where it was said before, that counts, unless it was before `since`.
        """
        watchers = self.watchers if watchers is None else watchers
        times, end = {}, time.monotonic() + patience

        def note(watcher, moment, text):
            if text.startswith(line) and moment >= since and watcher in watchers and watcher.number not in times:
                times[watcher.number] = moment
                then(watcher)

        for watcher in watchers:
            for moment, text in watcher.said:
                note(watcher, moment, text)
        while len(times) < len(watchers):
            left = end - time.monotonic()
            check(left > 0, f"{len(watchers) - len(times)} of {len(watchers)} watchers did not say: {line}")
            for heard in self.hear(left):
                note(*heard)
        return times

    def applied(self, number):
        """The policy that is in place, or nothing."""
        path = pathlib.Path(self.folder, f"web{number}/policy")
        return path.read_bytes() if path.exists() else None

    def decision(self, number, at=None):
        """What the person's key meets with at a host now: `accepted`, or the reason to refuse it."""
        done = subprocess.run(
            [self.authkeys, "--user", "alice", "--uid", "1001", "--key", f"@{FIXTURE}/key.pub", "--json", "--config",
             f"{self.folder}/host{number}.toml", *(["--at", at] if at else [])],
            stdin=subprocess.DEVNULL, capture_output=True, check=False)
        try:
            return json.loads(done.stdout)["reason"]
        except ValueError:
            return f"{done.returncode}: {done.stderr.decode()}"

    def decisions(self, numbers):
        """Of many hosts, counted."""
        counts = {}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for reason in pool.map(self.decision, numbers):
                counts[reason] = counts.get(reason, 0) + 1
        return counts


# Figures

def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def row(name, delays):
    shown = [f"{1000 * percentile(delays, share):8.0f}" for share in (0.5, 0.99)] + [f"{1000 * max(delays):8.0f}"]
    print(f"{name:56}{''.join(shown)}", flush=True)


def heading(name):
    print(f"{name:56}{'p50':>8}{'p99':>8}{'most':>8}", flush=True)


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(processes):
    """Of all of them, in MiB, what they share counted once."""
    kilobytes = 0
    for process in processes:
        with open(f"/proc/{process.pid}/smaps_rollup") as file:
            kilobytes += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return kilobytes / 1024
