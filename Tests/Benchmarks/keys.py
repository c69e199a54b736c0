"""Times `pair keys create` and `pair keys renew --if-expiring`; run by scripts/bench.

create: a whole sign-in at a stand-in for a provider (provider.py, over TLS, beside the system's trusted certificates)
with a stand-in for a browser (browser.c). Own wall time is that of the process less all of it during which the provider
worked on a request, or the browser had not sent its answer yet; starting the browser, TLS, and waiting for the disk are
in it. CPU is that of the process and of what it waited for.

renew: with Keys that are good for a day yet, in turn with `true`, which only starts and ends.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import measure
import provider

TRUSTED = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def union(spans):
    """How long at least one of the spans lasts."""
    total, reached = 0, 0
    for begin, end in sorted(spans):
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total


class Person:
    """A home of its own, a browser and a provider."""

    def __init__(self, folder, program):
        self.program, self.folder = str(program), folder
        self.times = folder / "times"
        browser = folder / "browser"
        source = pathlib.Path(__file__).with_name("browser.c")
        subprocess.run(["cc", "-O2", source, "-o", browser], check=True)
        self.provider = provider.Provider(folder)
        trusted = folder / "trusted.pem"
        trusted.write_bytes(TRUSTED.read_bytes() + self.provider.certificate.read_bytes())
        self.environment = {
            "HOME": str(folder), "PATH": "/usr/bin:/bin", "BROWSER": str(browser), "BENCH_TIMES": str(self.times),
            "SSL_CERT_FILE": str(trusted)}

    def create(self):
        """Wall time and CPU of our own, in seconds."""
        self.provider.work.clear()
        self.times.write_text("")
        wall, cpu = measure.run(
            [self.program, "keys", "create", "--issuer", self.provider.issuer, "--client-id", provider.CLIENT, "bench"],
            self.environment)
        if len(self.provider.work) != 3:
            raise SystemExit(f"three requests expected at the provider, {len(self.provider.work)} found")
        return wall - union([*self.provider.work, self.browser_time()]) / 1e9, cpu

    def browser_time(self, within=10):
        """From the browser's begin to its answer; it may end a little after the process that opened it."""
        deadline = time.monotonic() + within
        while not (text := self.times.read_text()).endswith("\n"):
            if time.monotonic() > deadline:
                raise SystemExit("the browser was not shown that it is signed in")
            time.sleep(0.001)
        began, sent = map(int, text.split())
        return began, sent

    def renew(self):
        return measure.run([self.program, "keys", "renew", "--if-expiring", "--quiet", "bench"], self.environment)

    def prolong(self):
        """Has the Keys' state say that they are good for a day yet."""
        file = self.folder / ".ssh/pair/bench.json"
        state = json.loads(file.read_text())
        state["expires"] = int(time.time()) + 86_400
        file.write_text(json.dumps(state))


def row(title, seconds, mark, ratio=""):
    times = [second * 1000 for second in seconds]
    low, median, high = statistics.quantiles(times, n=4)
    print(f"{title:<32} {median:7.2f} ms   {low:6.2f} to {high:6.2f}   < {mark:3} ms   {ratio}", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--pairs", type=int, default=200)
    options.add_argument("--program", type=pathlib.Path, required=True)
    options = options.parse_args()
    if not TRUSTED.exists():
        raise SystemExit(f"there is no {TRUSTED}: scripts/install-deps build")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="pair-bench-", dir="/opt"))
    try:
        program = folder / "pair"
        shutil.copy(options.program, program)
        # As a package ships it.
        subprocess.run(["strip", program], check=True)
        person = Person(folder, program)

        print(f"machine: {measure.machine()}")
        print(f"program: {program.stat().st_size / 1e6:.1f} MB stripped; {options.pairs} runs, medians\n")
        print(f"{'':<32} {'ours':>7}      {'quartiles':<16}   mark")
        person.create()
        creations = [person.create() for _ in range(options.pairs)]
        row("keys create: wall", [wall for wall, _ in creations], 150)
        row("keys create: CPU", [cpu for _, cpu in creations], 150)

        person.prolong()
        true = [shutil.which("true")]
        commands = (person.renew, lambda: measure.run(true))
        taken = ([], [])
        for turn in measure.turns(options.pairs):
            for index in turn:
                taken[index].append(commands[index]()[0])
        ratio = statistics.median(ours / theirs for ours, theirs in zip(*taken))
        row("keys renew, nothing due: wall", taken[0], 15, f"{ratio:.1f} × true")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
