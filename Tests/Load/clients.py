"""Logs in by ssh, and compares what ssh says, what sshd's log says and what the access log says with what must be."""

import collections
import concurrent.futures
import functools
import json
import re
import subprocess
import threading
import time

import aside

SERVERS = ("pair", "plain")
LOGS = {"pair": "sshd", "plain": "plain-sshd"}
ACCEPTED = re.compile(r"^Accepted publickey for (\S+) from \S+ port \d+ ssh2: \S+ (SHA256:\S+)", re.MULTILINE)
COMMAND_FAILED = re.compile(r"^.*AuthorizedKeysCommand .*(?:failed|signal|returned status).*$", re.MULTILINE)


class Outcome:
    """What came of one login."""

    def __init__(self, offer, server, seconds, problem):
        self.offer, self.server, self.seconds, self.problem = offer, server, seconds, problem


def log_in(client, offer, server):
    """By ssh, with the settings of the file `client`."""
    began = time.perf_counter()
    try:
        done = subprocess.run(
            [*offer.ssh(client, server), 'echo "in as $USER"'], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=900)
        status, said, complaint = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        status, said, complaint = None, "", "no end within 900 s"
    seconds = time.perf_counter() - began
    if status == 0 and said == f"in as {offer.login}\n":
        came_in = True
    elif status == 255 and not said and "Permission denied (publickey)" in complaint:
        came_in = False
    else:
        return Outcome(offer, server, seconds, f"status {status}: {said}{complaint}")
    right = came_in == offer.is_accepted
    return Outcome(offer, server, seconds, None if right else "let in" if came_in else "not let in")


def run(host, plan, servers, at_once, progress=None):
    """Each offer at each of the servers, one after the other in turns, many at once."""
    jobs = [(offer, server) for number, offer in enumerate(plan) for server in
            (servers if number % 2 == 0 else servers[::-1])]
    outcomes = []
    # Processes: threads would wait for each other's start of ssh, and count it as the login's time.
    with concurrent.futures.ProcessPoolExecutor(at_once, mp_context=aside.context) as pool:
        for outcome in pool.map(functools.partial(log_in, host.client), *zip(*jobs)):
            outcomes.append(outcome)
            if progress:
                progress(len(outcomes), len(jobs), sum(outcome.problem is not None for outcome in outcomes))
    return outcomes


class Background:
    """Logins one after the other, over and over, until the end of `with`; each offer once at least."""

    def __init__(self, host, plan):
        self.host, self.plan = host, plan
        self.outcomes = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.repeat)

    def repeat(self):
        while not self.ended.is_set() or len(self.outcomes) < len(self.plan):
            offer = self.plan[len(self.outcomes) % len(self.plan)]
            self.outcomes.append(log_in(self.host.client, offer, "pair"))
            self.ended.wait(0.2)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


class Logs:
    """What has been added to the logs since this was made."""

    def __init__(self, host, access_log):
        self.host, self.access_log = host, access_log
        self.began = {file: file.stat().st_size for file in self.files()}

    def files(self):
        return [self.access_log, *(self.host.sshd_log(name) for name in LOGS.values())]

    def added(self, file):
        with file.open("rb") as opened:
            opened.seek(self.began[file])
            return opened.read().decode(errors="replace")

    def accepted(self, server):
        """How often that sshd let whom in with which key."""
        return collections.Counter(ACCEPTED.findall(self.added(self.host.sshd_log(LOGS[server]))))

    def records(self):
        return [json.loads(line) for line in self.added(self.access_log).splitlines()]

    def failures(self):
        """Where sshd says that the helper failed; with the command line, so only how often, and its end."""
        return COMMAND_FAILED.findall(self.added(self.host.sshd_log("sshd")))


def judge(outcomes, logs, is_alone=True):
    """All that came out wrong, a line each. Where these are not alone, only records of accepting are theirs."""
    wrong = [f"{outcome.offer.kind} at {outcome.server}, to be {outcome.offer.reason}: {outcome.problem}"
             for outcome in outcomes if outcome.problem]
    for server in {outcome.server for outcome in outcomes}:
        let_in = collections.Counter(
            (outcome.offer.login, outcome.offer.fingerprint) for outcome in outcomes
            if outcome.server == server and outcome.offer.is_accepted)
        wrong += differences(f"sshd's log at {server}", let_in, logs.accepted(server))
    expected = collections.Counter()
    for outcome in outcomes:
        if outcome.server == "pair" and outcome.offer.records:
            offer = outcome.offer
            expected[offer.login, offer.fingerprint, offer.reason] += offer.records
    found = collections.Counter(
        (record.get("login"), record.get("key"), record["reason"]) for record in logs.records()
        if is_alone or record["decision"] == "accept")
    wrong += differences("access log", expected, found)
    wrong += [f"sshd's log: {line[:60]} … {line[-60:]}" for line in logs.failures()]
    return wrong


def differences(where, expected, found):
    return [f"{where}: {' '.join(map(str, what))}: {expected[what]} expected, {found[what]} found"
            for what in sorted(expected.keys() | found.keys(), key=str) if expected[what] != found[what]]
