"""Replaces the host's files while people log in: each version differs from the last, and none for those who log in."""

import json
import os
import random
import subprocess
import threading
import time

import baseline
from aside import Aside
from loaded_host import SPACE
from tokens import Key

PAUSE = 0.02  # between two versions, in seconds


class Replacing(Aside):
    """Runs from `with` to its end, and counts what it has replaced."""

    def __init__(self, host, offers):
        self.host, self.offers, self.draw = host, offers, random.Random(2)
        self.spare = [Key("rsa"), Key("p256")]
        self.counts = {}
        for step in (self.members, self.accounts, self.revoked, self.key_set):
            step()
        self.counts.clear()
        self.expected = [
            *(f"{what} by rename" for what in ("members", "accounts", "revoked", "key sets")),
            *(f"pair {what}" for what in ("spaces allow", "spaces remove", "host refresh"))]

    def go(self):
        began, self.errors = time.monotonic(), []
        os.nice(-10)  # the logins take all that they can have
        # What `pair` edits is renamed by the thread that runs it: renames in between would be the test's own fault.
        threads = [threading.Thread(target=self.repeat, args=(steps,)) for steps in (
            (self.members,) * 20 + (self.allow, self.remove), (self.accounts, self.revoked),
            (self.key_set,) * 20 + (self.refresh,))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.counts, self.errors, time.monotonic() - began

    def take(self, result):
        self.counts, self.errors, self.seconds = result

    def repeat(self, steps):
        try:
            while True:
                for step in steps:
                    step()
                    if self.ended.wait(PAUSE):
                        return
        except Exception as error:
            self.errors.append(f"replacing: {error}")

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    # What is replaced

    def members(self):
        """The same people let in, by other lines, among others, in another order."""
        host = self.host
        lines = [
            f"{SPACE} mail@example.com example {host.people}",
            f"{SPACE} group:crew example {host.pgs},{host.people} role=crew",
            f"{SPACE} denied@example.com example {host.people},{host.pgs}",
            f"{SPACE} denied@example.com example deny",
            f"{SPACE} alice@example.org lab {host.people}", f"{SPACE} bob@example.org lab {host.people}",
            *self.draw.choice([
                [f"{SPACE} both@example.com example {host.people}"],
                [f"{SPACE} sub:another@example.com * deny",
                 f"{SPACE} sub:both@example.com example {host.people} no-pty"]]),
            *self.draw.choice([
                [f"{SPACE} group:moving example {host.people}"],
                [f"{SPACE} moving{number}@example.com example {host.people} role=moved" for number in range(9)]])]
        for number in range(self.draw.choice((0, 3, 100, 2000))):
            space = self.draw.choice((SPACE, "other", "another"))
            lines.append(f"{space} filler{number}@example.com example {host.people},{host.tuns} role=filler")
        self.draw.shuffle(lines)
        self.put("members", "etc/members", lines)

    def accounts(self):
        self.put("accounts", "etc/accounts", self.mixed(self.offers.accounts))

    def revoked(self):
        more = [f"identity example filler{number}@example.com" for number in range(self.draw.randrange(50))]
        self.put("revoked", "etc/revoked", self.mixed(self.offers.revoked + more))

    def mixed(self, lines):
        return self.draw.sample(lines, len(lines))

    def put(self, what, name, lines):
        self.host.replace(name, "".join(f"{line}\n" for line in lines))
        self.count(f"{what} by rename")

    def key_set(self):
        """The keys in use, in any order, with or without others, fetched at another time."""
        keys = [key.jwk(kid=kid, alg=key.algorithm, use="sig") for kid, key in self.offers.idp.items()]
        keys += [key.jwk(kid=f"spare-{number}") for number, key in enumerate(self.spare[:self.draw.randrange(3)])]
        self.draw.shuffle(keys)
        served = baseline.key_set(
            baseline.PROVIDER, keys, fetched_at=int(time.time()) - self.draw.randrange(3600))
        self.host.replace("keysets/example.json", json.dumps(served))
        self.count("key sets by rename")

    def refresh(self):
        self.run("pair host refresh", "host", "refresh", "--force", "--quiet", "lab")

    def allow(self):
        self.run("pair spaces allow", "spaces", "allow", "guest@example.com", "--provider", "example", "--login",
                 f"{self.host.people},{self.host.tuns}", "--yes")

    def remove(self):
        self.run("pair spaces remove", "spaces", "remove", "guest@example.com", "--yes")

    def run(self, what, *command):
        done = subprocess.run(
            [self.host.pair, *command[:2], "--config", self.host.config, *command[2:]], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"{what} failed, status {done.returncode}: {done.stdout}")
        self.count(what)
