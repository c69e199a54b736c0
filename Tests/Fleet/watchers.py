#!/usr/bin/env python3
"""Many processes of `pair host watch` at once, and how long a publication takes to all of them.

    watchers.py --program PAIR [--watchers N] [--publications N] [--members N] [--idle SECONDS]

Starts three members of etcd (Tests/EtcdTests/cluster.py) and the watchers, each with its own folder and name. Then it
publishes, time and again; removes and revokes a person, whose key each host's pair-authkeys (beside PAIR, or
$PAIR_AUTHKEYS) accepted before and is asked about as soon as the host has said that the policy is applied; and
publishes once more right after the leader was killed.

Prints a table; fails where the 99th percentile of the time from before the publication to a watcher's word that it is
applied is over two seconds (ten after the leader was killed: finding a new one takes etcd one to three), where a
watcher has another policy in its place, where a host lets in who is out or keeps out who is in, or where the status
does not show all of them at the end.
"""

import argparse
import concurrent.futures
import os
import sys
import time

from fleet import (Fleet, PERSON, REVOKED_PERSON, check, conclude, heading, memory, percentile, processor_seconds, row,
                   scratch, until)


class Watchers(Fleet):
    def delays(self, serial):
        start = self.publish(serial)
        return [moment - start for moment in self.wait(f"policy {serial} is applied").values()]

    def refusals(self, serial, reason):
        """Publishes what puts the person out, and asks each host right after it has applied it.

        Returns how long it took to the watchers' words, and to the answers.
        """
        numbers = [watcher.number for watcher in self.watchers]
        before = self.decisions(numbers)
        check(before == {"accepted": len(numbers)}, f"before policy {serial} hosts say of the person: {before}")
        pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        asked = []

        def ask(number):
            return self.decision(number), time.monotonic()

        with pool:
            start = self.publish(serial)
            applied = self.wait(
                f"policy {serial} is applied", then=lambda watcher: asked.append(pool.submit(ask, watcher.number)))
        answers = [one.result() for one in asked]
        wrong = [answer for answer, _ in answers if answer != reason]
        check(not wrong, f"{len(wrong)} hosts say of the person, who is out: {set(wrong)}, and not {reason}")
        return [moment - start for moment in applied.values()], [moment - start for _, moment in answers]

    def differing(self, serial):
        policy = self.policy(serial)
        return [watcher.number for watcher in self.watchers if self.applied(watcher.number) != policy]


def idle(fleet, seconds):
    """What the members and the watchers do while nothing is published."""
    members = [process for process in fleet.cluster.processes.values() if process.poll() is None]
    before = [sum(map(processor_seconds, group)) for group in (members, fleet.watchers)]
    time.sleep(seconds)
    busy = [sum(map(processor_seconds, group)) - start for group, start in zip((members, fleet.watchers), before)]
    each = [1000 * one / seconds / len(fleet.watchers) for one in busy]
    print(f"in {seconds} s without a publication the members took {each[0]:.3f} ms of a processor a second for each "
          f"watcher, and each watcher {each[1]:.3f} ms; the members have {memory(members) / len(members):.0f} MiB each")


def run(fleet, options):
    fleet.make_signer()
    others = "".join(f"build-box person{number}@example.com example deploy\n" for number in range(options.members - 1))
    last = options.publications + 1
    for serial in range(1, last + 1):
        fleet.sign(serial, others + PERSON)
    removed, again, revoked, end = range(last + 1, last + 5)
    fleet.sign(removed, others)
    fleet.sign(again, others + PERSON)
    fleet.sign(revoked, others + PERSON, REVOKED_PERSON)
    fleet.sign(end, others + PERSON)

    fleet.start_members()
    fleet.publish(1)
    for number in range(options.watchers):
        fleet.configure(number)
        fleet.start_watcher(number)
    start = time.monotonic()
    fleet.wait("watching", 300)
    print(f"{options.watchers} watchers follow after {time.monotonic() - start:.1f} s")
    heading("milliseconds to all watchers")

    before = sum(map(processor_seconds, fleet.cluster.processes.values()))
    delays = []
    for serial in range(2, last + 1):
        delays += fleet.delays(serial)
    busy = sum(map(processor_seconds, fleet.cluster.processes.values())) - before
    row(f"{options.publications} publications", delays)
    wrong = fleet.differing(last)

    slow = {"publications": (delays, 2)}
    for serial, what, reason in ((removed, "removed", "not-a-member"), (revoked, "revoked", "revoked-identity")):
        applied, refused = fleet.refusals(serial, reason)
        row(f"one with a person {what}, to its application", applied)
        row("    to the refusal of the person's key", refused)
        slow[what] = (applied, 2)
        if serial == removed:
            fleet.delays(again)

    fleet.cluster.obey("kill", fleet.cluster.leader())
    after = fleet.delays(end)
    row("one right after the leader was killed", after)
    slow["the leader's death"] = (after, 10)
    wrong += fleet.differing(end)
    print(f"a policy has {len(fleet.policy(end))} bytes; a watcher takes "
          f"{memory(fleet.watchers) / options.watchers:.1f} MiB; the members took "
          f"{busy / options.publications * 1000:.0f} ms of a processor for a publication")
    if options.idle:
        idle(fleet, options.idle)

    def is_current():
        states = [host["state"] for host in fleet.status().values()]
        return states == ["current"] * options.watchers

    until(is_current, "the status shows all of them as current")
    check(not wrong, f"another policy is in place at {wrong}")
    for what, (times, most) in slow.items():
        check(percentile(times, 0.99) < most, f"after {what} the 99th percentile is over {most} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--publications", type=int, default=10)
    parser.add_argument("--members", type=int, default=100, help="lines of the policy's members")
    parser.add_argument("--idle", type=int, default=0, help="seconds to see what watchers cost that wait")
    options = parser.parse_args()
    with scratch() as folder:
        fleet = Watchers(folder, options.program)
        try:
            return conclude(lambda: run(fleet, options))
        finally:
            fleet.end()


if __name__ == "__main__":
    sys.exit(main())
