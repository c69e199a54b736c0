#!/usr/bin/env python3
"""A watcher that is killed at each step of applying a policy.

    killed.py --program PAIR [--every N]

Before each call with which `pair host watch` changes a file, once a policy has been published, it is killed in the
middle of it (Tests/UpkeepTests/killing.c); with --every N before each Nth. What is in place then must be the old
policy or the new one, byte by byte, and the person, who is in one of them only, must enter by it or not. The
heartbeat, which lasts, may not claim more than that. Another watcher, started then, must get to the new policy, say
so in the heartbeat, and leave nothing behind.
"""

import argparse
import os
import pathlib
import subprocess
import sys

from fleet import REPOSITORY, PERSON, Ended, Fleet, check, conclude, scratch, until

OTHERS = "build-box bob@example.com example bob\n"


class Host(Fleet):
    """One host; policies of odd serials let the person in."""

    def prepare(self):
        self.library = f"{self.folder}/killing.so"
        self.mark = pathlib.Path(self.folder, "publishing")
        source = REPOSITORY / "Tests/UpkeepTests/killing.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.library, source, "-ldl"], check=True)
        self.make_signer()
        self.configure(0)
        self.start_members()

    def make(self, serial):
        # Large enough for a write to be cut in the middle of it.
        lines = "".join(f"# policy {serial}, line {number}\n" for number in range(20_000))
        self.sign(serial, (PERSON if serial % 2 else OTHERS) + lines)

    def right(self, serial):
        return "accepted" if serial % 2 else "not-a-member"

    def start(self, step):
        """A watcher that dies at the step."""
        environment = dict(os.environ, LD_PRELOAD=self.library, KILL_AT=str(step), KILL_ONCE=str(self.mark))
        return self.start_watcher(0, env=environment)

    def is_killed(self, watcher, serial):
        """Whether it died in applying what is published now."""
        self.mark.touch()
        self.publish(serial)
        try:
            self.wait(f"policy {serial} is applied", watchers=[watcher])
        except Ended as end:
            check(end.status == -9, str(end))
            return True
        finally:
            self.mark.unlink()
        return False

    def heartbeat(self):
        return self.status().get("web0", {})


def run(host, every):
    host.prepare()
    host.make(1)
    host.publish(1)
    serial, step, old, new, leftovers = 1, 1, 0, 0, 0
    watcher = host.start(step)
    while True:
        host.wait(f"policy {serial} is applied", watchers=[watcher])
        host.wait("watching", watchers=[watcher])
        until(lambda: host.heartbeat().get("serial") == serial, f"the heartbeat says {serial} at step {step}")
        host.make(serial + 1)
        isKilled = host.is_killed(watcher, serial + 1)

        found = [one for one in (serial, serial + 1) if host.applied(0) == host.policy(one)]
        check(found, f"step {step}: what is in place is neither the old policy nor the new one")
        decision = host.decision(0)
        check(decision == host.right(found[0]), f"step {step}: by policy {found[0]} the person is {decision}")
        if not isKilled:
            check(found == [serial + 1], f"policy {serial + 1} was said to be applied, and is not")
            break
        old, new = old + (found == [serial]), new + (found == [serial + 1])
        said = host.heartbeat()
        check(said["serial"] <= found[0], f"step {step}: the heartbeat says {said}, and {found[0]} is in place")
        leftovers += any(name.endswith(".new") for name in os.listdir(f"{host.folder}/web0"))

        host.forget(watcher)
        step, serial = step + every, serial + 1
        watcher = host.start(step)
        host.wait(f"policy {serial} is applied", watchers=[watcher])
        check(host.applied(0) == host.policy(serial), f"policy {serial} was said to be applied, and is not")
        beat = until(lambda: (one := host.heartbeat()).get("serial") == serial and one, f"the heartbeat says {serial}")
        check(beat["state"] == "current" and "problem" not in beat, f"the heartbeat says {beat}")
        files = sorted(os.listdir(f"{host.folder}/web0"))
        check(files == [".refresh", "policy"], f"files are left behind: {files}")
    print(f"killed before each of {step - every} calls: {old} times the old policy was in place, {new} times the new "
          f"one, {leftovers} times something was left for the next watcher to remove")
    check(old >= 6 // every and new >= 6 // every and leftovers, "so few steps cannot be all")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    with scratch() as folder:
        host = Host(folder, options.program)
        try:
            return conclude(lambda: run(host, options.every))
        finally:
            host.end()


if __name__ == "__main__":
    sys.exit(main())
