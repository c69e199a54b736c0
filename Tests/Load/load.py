"""Many logins at once while the host's files are replaced, then a flood of keys of nobody; run by scripts/load."""

import argparse
import collections
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
for folder in ("Tests/Lab", "Tests/Benchmarks", "scripts/fixtures.d"):
    sys.path.append(str(ROOT / folder))

import clients  # noqa: E402 (these import from there)
import flood  # noqa: E402
import measure  # noqa: E402
from loaded_host import Host  # noqa: E402
from offers import Offers  # noqa: E402
from replacing import Replacing  # noqa: E402

SHOWN = 40  # of what is wrong


class Size:
    def __init__(self, is_short):
        self.logins, self.at_once, self.keys = (300, 8, 1_000) if is_short else (3_000, 32, 20_000)
        self.each = 1 if is_short else 4
        self.connections = self.keys // 4 // flood.FOR_EACH_CONNECTION
        self.logins_in_flood = 20 if is_short else 100


def progress(what):
    """Says how far it is: on a terminal in place, else now and then."""
    state = {"said": time.monotonic()}

    def tell(done, count, wrong):
        now = time.monotonic()
        if now - state["said"] < (0.2 if sys.stdout.isatty() else 20) and done != count:
            return
        state["said"] = now
        end = "\r" if sys.stdout.isatty() and done != count else "\n"
        print(f"   {what}: {done:,} of {count:,}, {wrong} wrong", end=end, flush=True)

    return tell


def percentiles(outcomes):
    """p50, p90, p99 and the longest, in milliseconds."""
    times = sorted(outcome.seconds * 1000 for outcome in outcomes)
    cuts = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    return cuts[49], cuts[89], cuts[98], times[-1]


def latencies(outcomes):
    """Each row: by pair, by authorized_keys, and their ratio."""
    print(f"\n{'':<24} {'':>6} {'p50':>8} {'p90':>8} {'p99':>8} {'max':>8}")
    rows = [("all", lambda offer: True), ("accepted: Keys", lambda offer: offer.is_accepted and offer.kind == "Keys"),
            ("accepted: certificates", lambda offer: offer.is_accepted and offer.kind == "certificate"),
            ("accepted: plain keys", lambda offer: offer.is_accepted and offer.kind == "plain key"),
            ("refused", lambda offer: not offer.is_accepted)]
    for title, belongs in rows:
        taken = {}
        for server in clients.SERVERS:
            mine = [outcome for outcome in outcomes if outcome.server == server and belongs(outcome.offer)]
            taken[server] = percentiles(mine)
            name = "pair" if server == "pair" else "authorized_keys"
            print(f"{title:<24} {len(mine):>6,} " + " ".join(f"{value:>8.0f}" for value in taken[server])
                  + f"  ms   {name}")
        ratios = [ours / theirs for ours, theirs in zip(*taken.values())]
        print(f"{'':<24} {'':>6} " + " ".join(f"{ratio:>8.2f}" for ratio in ratios) + "       ratio")


def log_in(host, offers, size):
    print(f"\nlogins: {size.logins:,}, and as many with authorized_keys alone; {size.at_once} at once")
    plan = offers.plan(size.logins, random.Random(1))
    logs = clients.Logs(host, host.access_log)
    with flood.PokeWatch() as pokes, Replacing(host, offers) as replacing:
        outcomes = clients.run(host, plan, clients.SERVERS, size.at_once, progress("logins"))
    latencies(outcomes)
    print(f"\nreplaced meanwhile, in {replacing.seconds:.0f} s:")
    for what, count in replacing.counts.items():
        print(f"   {what:<24} {count:>7,}   {count / replacing.seconds:6.1f}/s")
    wrong = clients.judge(outcomes, logs) + pokes.judge() + replacing.errors
    wrong += [f"{what} never happened" for what in replacing.expected if not replacing.counts.get(what)]
    refused = sum(not offer.is_accepted for offer in plan)
    print(f"   records of the access log: {len(logs.records()):,}; {pokes.requests} requests for a refresh, "
          f"{len(pokes.times)} writes")
    print(f"   {size.logins - refused:,} to be let in, {refused:,} to be refused for "
          f"{len({offer.reason for offer in offers.refused})} reasons; wrong: {len(wrong)}")
    return wrong


def flood_host(host, offers, size):
    print(f"\nflood: {size.keys:,} keys of nobody")
    log = host.folder / "log/flood.jsonl"
    host.configure(log, f"{flood.CAP >> 10}KiB")
    garbage = flood.Garbage(host, offers)
    wrong = flood.check(garbage)
    logs = clients.Logs(host, log)
    plan = [offers.accepted[number % len(offers.accepted)] for number in range(size.logins_in_flood)]
    # Requests are a minute apart whatever came before, so this flood's first one must not wait for the last's.
    flood.forget_requests()
    with flood.PokeWatch() as pokes, clients.Background(host, plan) as people:
        refused, cpu = flood.offer_by_ssh(garbage, size.connections, progress("connections of ssh"))
        attempts, nothing = flood.ask_directly(
            garbage, size.keys - size.connections * flood.FOR_EACH_CONNECTION, progress("keys to the helper"))
    wrong += refused + [attempt.wrong for attempt in attempts if attempt.wrong]
    wrong += clients.judge(people.outcomes, logs, is_alone=False)
    in_log, size_of_strangers, strangers = flood.judge_log(logs.records(), flood.AT_ONCE + 2)
    wrong += in_log + pokes.judge()
    costs(garbage, attempts, nothing)
    print(f"\nsshd with all that it runs, each key offered: {cpu['pair'] * 1000:.1f} ms of CPU, "
          f"{cpu['pair'] / cpu['plain']:.1f} × authorized_keys")
    print(f"access log: {strangers:,} records of strangers, {size_of_strangers:,} bytes of them; unverified_cap "
          f"{flood.CAP:,}, largest record {max(map(len, logs.added(log).encode().splitlines()), default=0):,}")
    print(f"refresh: {pokes.requests} requests in {pokes.seconds:.0f} s, {len(pokes.times)} writes")
    print(f"people: {len(people.outcomes)} logins meanwhile; wrong: {len(wrong)}")
    return wrong


def costs(garbage, attempts, nothing):
    nothing = statistics.median(attempt.cpu for attempt in nothing)
    print(f"\n{'pair-authkeys, each':<36} {'keys':>6} {'CPU p50':>9} {'max':>9}  {'× true':>7}  {'peak':>9}")
    for kind in garbage.kinds:
        taken = sorted(attempt.cpu for attempt in attempts if attempt.kind == kind.name)
        peak = max(flood.peak_kib(garbage.host, garbage.command(kind)) for _ in range(5))
        median = statistics.median(taken)
        print(f"{kind.name:<36} {len(taken):>6,} {median * 1000:>6.2f} ms {taken[-1] * 1000:>6.2f} ms "
              f"{median / nothing:>8.1f}  {peak / 1024:>5.1f} MiB")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--short", action="store_true")
    options.add_argument("--pair", type=pathlib.Path, required=True)
    options.add_argument("--helper", type=pathlib.Path, required=True)
    options = options.parse_args()
    # Ended from outside, it still removes what it has made.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    size, began = Size(options.short), time.monotonic()
    version = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr.strip()
    print(f"machine: {measure.machine()}\nssh and sshd: {version}", flush=True)
    with Host(options.helper, options.pair) as host:
        offers = Offers(host, size.each)
        host.start()
        wrong = log_in(host, offers, size)
        wrong += flood_host(host, offers, size)
    tally = collections.Counter(wrong)
    for line, count in list(tally.items())[:SHOWN]:
        print(f"WRONG {line}" + (f"   × {count:,}" if count > 1 else ""))
    if len(tally) > SHOWN:
        print(f"… and {len(tally) - SHOWN} others")
    print(f"\nload: {size.logins:,} logins, {size.keys:,} keys of nobody in {time.monotonic() - began:.0f} s: "
          f"{len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
