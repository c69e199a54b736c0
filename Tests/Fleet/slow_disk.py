#!/usr/bin/env python3
"""An etcd member whose disk is slow.

    slow_disk.py --program PAIR [--watchers N] [--publications N] [--delay MILLISECONDS]

strace has each fsync and fdatasync of the member take so much longer. Policies are published while the member is a
follower, through the leader and through the member itself, and while it is the leader; then it goes on with its disk
as it is. Prints how long a publication takes from before the transaction to a watcher's word that it is applied; fails
where one does not come through, where a watcher has another policy in its place, or where the status does not show
all of them as current.
"""

import argparse
import contextlib
import subprocess
import sys

from fleet import Fleet, check, conclude, etcd, heading, row, scratch, until


class SlowFleet(Fleet):
    def start_slowly(self, name, milliseconds):
        """Has a member go on with a slow disk."""
        self.cluster.obey("kill", name)
        self.trace = f"{self.folder}/trace"
        self.cluster.under[name] = [
            "strace", "--follow-forks", "--seccomp-bpf", "-qq", "-o", self.trace, "-e", "trace=fsync,fdatasync", "-e",
            f"inject=fsync,fdatasync:delay_enter={1000 * milliseconds}"]
        self.cluster.obey("start", name)

    def end_slowness(self, name):
        self.cluster.obey("kill", name)
        self.cluster.under[name] = []
        self.cluster.obey("start", name)

    def delayed(self):
        with open(self.trace) as file:
            return sum("DELAYED" in line for line in file)

    def lead(self, name):
        """Has a member lead."""
        member = int(self.cluster.ask(name, "/v3/maintenance/status", "{}")["header"]["member_id"])

        def leads():
            leader = self.cluster.leader()
            if leader not in (name, "none"):
                with contextlib.suppress(subprocess.CalledProcessError):
                    self.cluster.etcdctl("move-leader", f"{member:x}", names=[leader], user=etcd.ROOT)
            return self.cluster.leader() == name

        until(leads, f"{name} leads")

    def publications(self, what, count, through=None):
        """Through the leader, unless another member is named."""
        through = through or self.cluster.leader()
        names = [through, *(name for name in etcd.NAMES if name != through)]
        delays = []
        for _ in range(count):
            self.serial += 1
            self.sign(self.serial)
            start = self.publish(self.serial, names)
            times = self.wait(f"policy {self.serial} is applied")
            delays += [moment - start for moment in times.values()]
            differing = [watcher.number for watcher in self.watchers
                         if self.applied(watcher.number) != self.policy(self.serial)]
            check(not differing, f"{what}: another policy is in place at {differing}")
        row(what, delays)


def run(fleet, options):
    fleet.make_signer()
    fleet.start_members()
    fleet.serial = 1
    fleet.sign(1)
    fleet.publish(1)
    for number in range(options.watchers):
        fleet.configure(number)
        fleet.start_watcher(number)
    fleet.wait("watching")
    heading(f"milliseconds to {options.watchers} watchers")
    fleet.publications("disks as they are", options.publications)
    leader = fleet.cluster.leader()
    slow = next(name for name in etcd.NAMES if name != leader)
    fleet.start_slowly(slow, options.delay)
    before = fleet.delayed()
    fleet.publications(f"a follower's takes {options.delay} ms longer", options.publications)
    check(fleet.delayed() > before, "no fsync was delayed")
    fleet.publications("    and it is the one that is asked to publish", options.publications, slow)
    fleet.lead(slow)
    before = fleet.delayed()
    fleet.publications(f"the leader's takes {options.delay} ms longer", options.publications)
    print(f"{fleet.delayed() - before} calls were delayed meanwhile; {fleet.cluster.leader()} leads, {slow} is slow")
    fleet.end_slowness(slow)
    fleet.publications("disks as they are", options.publications)

    def is_current():
        return [host["state"] for host in fleet.status().values()] == ["current"] * options.watchers

    until(is_current, "the status shows all of them as current")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--watchers", type=int, default=30)
    parser.add_argument("--publications", type=int, default=10)
    parser.add_argument("--delay", type=int, default=200)
    options = parser.parse_args()
    with scratch() as folder:
        fleet = SlowFleet(folder, options.program)
        try:
            return conclude(lambda: run(fleet, options))
        finally:
            fleet.end()


if __name__ == "__main__":
    sys.exit(main())
