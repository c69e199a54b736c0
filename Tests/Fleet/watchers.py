#!/usr/bin/env python3
"""Many processes of `pair host watch` at once, and how long a publication takes to all of them.

    watchers.py --program PAIR [--watchers N] [--publications N] [--members N] [--idle SECONDS]

Starts three members of etcd (Tests/EtcdTests/cluster.py) and the watchers, each with its own folder, user and name. Then
it publishes, time and again, and once more right after the leader was killed. All is in a folder of the home, since a host's
files are in folders that nobody else can write to. Prints a table; fails where the 99th
percentile of the time from before the publication to a watcher's word that it is applied is over two seconds (ten after
the leader was killed: finding a new one takes etcd one to three), where a watcher has another policy in its place, or
where the status does not show all of them at the end.
"""

import argparse
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from http.client import HTTPException

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "EtcdTests"))
import cluster as etcd  # noqa: E402


class Fleet:
    def __init__(self, folder, program, count, grants):
        self.folder, self.program, self.grants = folder, program, grants
        etcd.make_certificates(folder)
        self.cluster = etcd.Cluster(folder)
        self.watchers = []
        self.selector = selectors.DefaultSelector()
        self.count = count

    def start_members(self):
        for name in etcd.NAMES:
            self.cluster.start(name)
        for name in etcd.NAMES:
            self.cluster.wait(name)
        self.cluster.enable_users()

    # Publishing

    def make_signer(self):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], cwd=self.folder, check=True)
        with open(f"{self.folder}/key.pub") as key, open(f"{self.folder}/allowed_signers", "w") as file:
            file.write(f'ops@example.com namespaces="pair-policy" {key.read()}')
        with open(f"{self.folder}/pair.toml", "w") as file:
            file.write('space = "box"\n[[provider]]\nname = "p"\nissuer = "https://idp.example"\nclient_ids = ["a"]\n')
        with open(f"{self.folder}/members", "w") as file:
            for number in range(self.grants):
                file.write(f"box person{number}@example.com p deploy\n")

    def sign(self, serial):
        """The signed policy's file; made beforehand, so that only the publication is timed."""
        def pair(*arguments):
            subprocess.run([self.program, "fleet", *arguments], cwd=self.folder, check=True, capture_output=True)

        pair("build", "--config", "pair.toml", "--serial", str(serial), "--out", f"policy-{serial}")
        pair("sign", "--key", "key", f"policy-{serial}")
        return f"{self.folder}/policy-{serial}.signed"

    def publish(self, serial):
        """One transaction, as `pair fleet publish` makes it; returns when it began."""
        with open(f"{self.folder}/policy-{serial}.signed") as file:
            policy = file.read()
        start = time.monotonic()
        end = start + 30
        while True:
            for name in etcd.NAMES:
                try:
                    if self.transact(name, serial, policy):
                        return start
                except (OSError, KeyError, ValueError, HTTPException):
                    pass
            if time.monotonic() > end:
                raise SystemExit("nobody takes the policy")

    def transact(self, name, serial, policy):
        def base64(text):
            return b64encode(text.encode()).decode()

        token = self.cluster.ask(name, "/v3/auth/authenticate", json.dumps(
            {"name": etcd.ROOT[0], "password": etcd.ROOT[1]}))["token"]
        puts = [("/pair/serial", f"{serial:020}"), ("/pair/policy", policy)]
        body = {"success": [{"request_put": {"key": base64(key), "value": base64(value)}} for key, value in puts]}
        return self.cluster.ask(name, "/v3/kv/txn", json.dumps(body), {"Authorization": token}).get("succeeded")

    # Watching

    def start_watchers(self):
        with open(f"{self.folder}/password", "w") as file:
            os.chmod(file.fileno(), 0o600)
            file.write(etcd.ROOT[1] + "\n")
        members = list(map(self.cluster.url, etcd.NAMES))
        for number in range(self.count):
            configuration = f"{self.folder}/host{number}.toml"
            with open(configuration, "w") as file:
                file.write(f"""space = "box"
[policy_source]
etcd = {json.dumps(members)}
ca = "ca.pem"
user = "{etcd.ROOT[0]}"
password_file = "password"
file = "web{number}/policy"
""")
            process = subprocess.Popen(
                [self.program, "host", "watch", "--config", configuration, "--name", f"web{number}", "--no-doctor"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            os.set_blocking(process.stderr.fileno(), False)
            process.number, process.rest = number, b""
            self.watchers.append(process)
            self.selector.register(process.stderr, selectors.EVENT_READ, process)

    def wait(self, line, patience):
        """When each watcher has said `line` (its beginning); by number."""
        times, end = {}, time.monotonic() + patience
        while len(times) < self.count:
            left = end - time.monotonic()
            if left < 0:
                raise SystemExit(f"{self.count - len(times)} of {self.count} watchers did not say: {line}")
            for key, _ in self.selector.select(left):
                process, part = key.data, key.fileobj.read() or b""
                now = time.monotonic()
                if not part:
                    raise SystemExit(f"watcher {process.number} ended with status {process.wait()}")
                *lines, process.rest = (process.rest + part).split(b"\n")
                if any(one.decode().startswith(f"pair: {line}") for one in lines):
                    times.setdefault(process.number, now)
        return times

    def delays(self, serial, patience=60):
        start = self.publish(serial)
        return [moment - start for moment in self.wait(f"policy {serial} is applied", patience).values()]

    def differing(self, serial):
        with open(f"{self.folder}/policy-{serial}.signed", "rb") as file:
            policy = file.read()
        differing = []
        for number in range(self.count):
            with open(f"{self.folder}/web{number}/policy", "rb") as file:
                if file.read() != policy:
                    differing.append(number)
        return differing

    def status(self):
        members = ",".join(map(self.cluster.url, etcd.NAMES))
        command = [self.program, "fleet", "status", "--etcd", members, "--etcd-ca", f"{self.folder}/ca.pem",
                   "--etcd-user", etcd.ROOT[0], "--etcd-password-file", f"{self.folder}/password", "--json"]
        return json.loads(subprocess.run(command, capture_output=True, check=False).stdout)

    def memory(self, processes):
        """Of all of them, in MiB, what they share counted once."""
        kilobytes = 0
        for process in processes:
            with open(f"/proc/{process.pid}/smaps_rollup") as file:
                kilobytes += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        return kilobytes / 1024

    def end(self):
        for process in self.watchers:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.cluster.end()


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(fleet, options):
    """What the members and the watchers do while nothing is published."""
    members = [process for process in fleet.cluster.processes.values() if process.poll() is None]
    before = [sum(map(processor_seconds, group)) for group in (members, fleet.watchers)]
    time.sleep(options.idle)
    busy = [sum(map(processor_seconds, group)) - start for group, start in zip((members, fleet.watchers), before)]
    each = [1000 * seconds / options.idle / options.watchers for seconds in busy]
    print(f"in {options.idle} s without a publication the members took {each[0]:.3f} ms of a processor a second for each "
          f"watcher, and each watcher {each[1]:.3f} ms; the members have "
          f"{fleet.memory(members) / len(members):.0f} MiB each")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def row(name, delays):
    shown = [f"{1000 * percentile(delays, share):8.0f}" for share in (0.5, 0.99)] + [f"{1000 * max(delays):8.0f}"]
    print(f"{name:44}{''.join(shown)}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--publications", type=int, default=10)
    parser.add_argument("--members", type=int, default=100, help="lines of the policy's members")
    parser.add_argument("--idle", type=int, default=0, help="seconds to see what watchers cost that wait")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pair-fleet-", dir=os.path.expanduser("~")) as folder:
        os.chmod(folder, 0o755)
        fleet = Fleet(folder, os.path.abspath(options.program), options.watchers, options.members)
        try:
            return run(fleet, options)
        finally:
            fleet.end()


def run(fleet, options):
    fleet.make_signer()
    serials = range(1, options.publications + 3)
    for serial in serials:
        fleet.sign(serial)
    fleet.start_members()
    fleet.publish(1)
    fleet.start_watchers()
    start = time.monotonic()
    fleet.wait("watching", 300)
    print(f"{options.watchers} watchers follow after {time.monotonic() - start:.1f} s")
    print(f"{'milliseconds to all watchers':44}{'p50':>8}{'p99':>8}{'most':>8}")

    before = sum(map(processor_seconds, fleet.cluster.processes.values()))
    delays = []
    for serial in serials[1:-1]:
        delays += fleet.delays(serial)
    row(f"{options.publications} publications", delays)
    busy = sum(map(processor_seconds, fleet.cluster.processes.values())) - before
    wrong = fleet.differing(serials[-2])

    fleet.cluster.obey("kill", fleet.cluster.leader())
    after = fleet.delays(serials[-1])
    row("one right after the leader was killed", after)
    wrong += fleet.differing(serials[-1])
    size = os.path.getsize(f"{fleet.folder}/policy-{serials[-1]}.signed")
    print(f"a policy has {size} bytes; a watcher takes {fleet.memory(fleet.watchers) / options.watchers:.1f} MiB; "
          f"the members took {busy / options.publications * 1000:.0f} ms of a processor for a publication")

    if options.idle:
        idle(fleet, options)

    states = {}
    end = time.monotonic() + 60
    while states != {"current": options.watchers} and time.monotonic() < end:
        states = {}
        for host in fleet.status()["hosts"]:
            states[host["state"]] = states.get(host["state"], 0) + 1
    print(f"status: {states}")
    isWell = not wrong and states == {"current": options.watchers}
    isWell = isWell and percentile(delays, 0.99) < 2 and percentile(after, 0.99) < 10
    if wrong:
        print(f"another policy is in place at {wrong}")
    print("1 passed, 0 failed" if isWell else "0 passed, 1 failed")
    return 0 if isWell else 1


if __name__ == "__main__":
    sys.exit(main())
