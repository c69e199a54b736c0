#!/usr/bin/env python3
"""Members of etcd, and hosts, that are cut off from the others.

    partition.py --program PAIR [--short]

Each of three members and each group of hosts is in a network namespace of its own, with a cable to a bridge for
clients, and members with another to one for themselves. A cable that is pulled lets nothing through and says nothing.

one member    is cut off from the others, and not from clients, once as the leader and once not: who watches it leaves
              it and gets what the majority publishes; writing through it fails, and what was to be written so is
              nowhere later; when it is back, a policy that is published through it reaches everybody
one place     a member and a host are cut off from all others: that host keeps its policy, and has the latest
              afterwards; who watched that member leaves it
one host      is cut off from all: it keeps its policy, by which people enter until it expires and for `grace` beyond,
              and nobody afterwards; when it is back it has the latest

With --short the leader and the host are cut off, and `pair fleet publish` is not waited for, which tries to write
through the member for half a minute. Needs root; all of it is in namespaces that end with the program.
"""

import argparse
import concurrent.futures
import json
import re
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from datetime import datetime, timedelta

from fleet import PERSON, Fleet, check, conclude, etcd, heading, row, scratch, until
from network import HOSTS, LONE, NEAR, Network, move_apart

GRACE = timedelta(hours=1)


class Partitioned(Fleet):
    """Policies of odd serials let the person in."""

    def __init__(self, folder, program, isShort):
        self.isShort = isShort
        self.network = Network()
        places = self.network.members()
        etcd.make_certificates(folder, [client[0] for client, _ in places.values()])
        super().__init__(folder, program, etcd.Cluster(folder, places))
        for name in etcd.NAMES:
            self.cluster.under[name] = self.network.inside(name)
        self.serial = 0

    def make(self, serial, expires="30d"):
        self.sign(serial, PERSON if serial % 2 else "", expires=expires)

    def next(self, members=None):
        """Publishes the next policy by the command, the members asked in this order; returns when that began."""
        self.serial += 1
        self.make(self.serial)
        start = time.monotonic()
        self.pair("fleet", "publish", "--to", "etcd", *self.options(members or etcd.NAMES),
                  f"policy-{self.serial}.signed")
        return start

    def arrives(self, watchers=None):
        """Waits until it is applied; when it was, by number."""
        watchers = self.watchers if watchers is None else watchers
        times = self.wait(f"policy {self.serial} is applied", watchers=watchers)
        for watcher in watchers:
            self.has(watcher, self.serial)
        return times

    def has(self, watcher, serial):
        check(self.applied(watcher.number) == self.policy(serial), f"web{watcher.number} does not have policy {serial}")
        right = "accepted" if serial % 2 else "not-a-member"
        decision = self.decision(watcher.number)
        check(decision == right, f"web{watcher.number} has policy {serial}, by which the person is {right}: {decision}")

    def start(self, number, place, more=""):
        self.configure(number, more=more)
        watcher = self.start_watcher(number, under=self.network.inside(place))
        self.wait("watching", watchers=[watcher])
        return watcher

    def watched(self, watcher):
        """The name of the member that it watches, or watched last."""
        urls = [line.split()[1] for _, line in watcher.said if line.startswith("watching ")]
        return next(name for name in etcd.NAMES if self.cluster.url(name) == urls[-1])

    def at(self, name, least=0):
        """Those that watch a member; as many more are started as there are to be at least."""
        while True:
            found = [one for one in self.watchers if one.number < 100 and self.watched(one) == name]
            if len(found) >= least:
                return found
            self.start(len(self.watchers), HOSTS)

    def holds(self, name, token):
        """The policy that a member has itself, whatever the others say."""
        body = json.dumps({"key": b64encode(b"/pair/policy").decode(), "serializable": True})
        answer = self.cluster.ask(name, "/v3/kv/range", body, {"Authorization": token})
        return b64decode(answer["kvs"][0]["value"])

    def barring(self, name, token, serial):
        """Writes through a member that is cut off; what is to be called for how that ended."""
        if self.isShort:
            pool = concurrent.futures.ThreadPoolExecutor(1)
            writing = pool.submit(self.put, name, token, serial)

            def answer():
                try:
                    return str(writing.result())
                except OSError as error:
                    return f"no answer: {error}"

            return lambda: ("succeeded" in (said := answer()), said)
        publishing = subprocess.Popen(
            [self.program, "fleet", "publish", "--to", "etcd", *self.options([name]), f"policy-{serial}.signed"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

        def end():
            said = publishing.communicate()[1]
            return publishing.returncode == 0, said

        return end

    # What is cut off

    def member(self, name, role):
        others = [one for one in etcd.NAMES if one != name]
        behind = self.at(name, least=2)
        token = self.token(name)
        before = self.serial
        # A serial that would bar the way for all that follow.
        self.make(1000 + before)
        self.network.cut(name, "peers")
        start = time.monotonic()
        barring = self.barring(name, token, 1000 + before)
        left = self.wait(f"the watch at {self.cluster.url(name)} is over", watchers=behind, since=start)
        row(f"{role} cut off: its {len(behind)} watchers leave it", [moment - start for moment in left.values()])
        began = self.next([name, *others])
        arrived = self.arrives()
        row("    what is published then is applied by all", [moment - began for moment in arrived.values()])
        self.wait("watching", watchers=behind, since=start)
        check(not self.at(name), f"{name} is cut off, and watched")
        check(self.holds(name, token) == self.policy(before), f"{name} has what the others published")
        isPublished, said = barring()
        check(not isPublished, f"a policy could be published through {name}: {said}")

        self.network.heal(name, "peers")
        start = time.monotonic()
        self.cluster.wait(name)
        began = self.next([name])
        arrived = self.arrives()
        row(f"    {name} is back; published through it, by all", [moment - began for moment in arrived.values()])
        self.is_current([name])

    def is_current(self, names=etcd.NAMES):
        numbers = {f"web{watcher.number}" for watcher in self.watchers}

        def current():
            status = self.status(names)
            well = {host for host, one in status.items() if one["state"] == "current" and "problem" not in one}
            return well == numbers

        until(current, "the status shows all as current")

    def host(self, isWithPlace):
        if self.serial % 2 == 0:
            self.next()
        lone = self.start(100, LONE, f'grace = "{GRACE.seconds}s"')
        alone = [lone]
        moved = []
        if isWithPlace:
            near = self.start(101, NEAR)
            alone.append(near)
            name = self.watched(near)
            moved = self.at(name, least=2)
        self.arrives()
        before = self.serial

        self.network.cut(LONE, "clients")
        start = time.monotonic()
        if isWithPlace:
            self.network.cut(name, "peers")
            self.network.put_apart(name)
            self.network.put_apart(NEAR)
        others = [one for one in self.watchers if one not in alone]
        began = self.next([one for one in etcd.NAMES if not isWithPlace or one != name])
        arrived = self.arrives(others)
        row(f"{'a place and ' * isWithPlace}a host cut off: the others apply",
            [moment - began for moment in arrived.values()])
        if moved:
            row(f"    of these the {len(moved)} that watched the member there",
                [arrived[watcher.number] - began for watcher in moved])
        for watcher in alone:
            self.has(watcher, before)
        self.ends(lone.number, before)

        self.network.heal(LONE, "clients")
        if isWithPlace:
            self.network.heal(name, "peers")
            self.network.heal(name, "clients")
            self.network.heal(NEAR, "clients")
        start = time.monotonic()
        arrived = self.arrives(alone)
        row("    they are back, and have it", [moment - start for moment in arrived.values()])
        self.is_current()

    def ends(self, number, serial):
        """What a host that is cut off says of the person, at the end of its policy and around it."""
        expires = re.search(r"^expires (\S+)$", self.policy(serial).decode(), re.M)[1]
        expires = datetime.strptime(expires, "%Y-%m-%dT%H:%M:%SZ")
        second = timedelta(seconds=1)
        for moment, right in ((expires, "accepted"), (expires + GRACE - second, "accepted"),
                              (expires + GRACE, "policy-expired")):
            decision = self.decision(number, at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
            check(decision == right, f"web{number} says of the person at {moment}: {decision}")


def run(fleet):
    fleet.make_signer()
    fleet.start_members()
    fleet.next()
    for number in range(6):
        fleet.start(number, HOSTS)
    heading("milliseconds")
    leader = fleet.cluster.leader()
    fleet.member(leader, "the leader")
    if not fleet.isShort:
        leader = fleet.cluster.leader()
        fleet.member(next(name for name in etcd.NAMES if name != leader), "another member")
    fleet.host(isWithPlace=not fleet.isShort)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        move_apart()
    with scratch() as folder:
        fleet = Partitioned(folder, options.program, options.short)
        try:
            return conclude(lambda: run(fleet))
        finally:
            fleet.end()


if __name__ == "__main__":
    sys.exit(main())
