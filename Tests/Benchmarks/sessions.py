"""Times whole logins by ssh at an sshd that asks pair-authkeys, against one that has authorized_keys; run by scripts/bench.

The same logins, certificates and all: authorized_keys has the very lines that pair-authkeys prints. Both sshds, their logins and their keys are those of scripts/load (Tests/Load); ssh and sshd agree on what they would by
themselves. What sshd takes to ask any program at all is in the ratios, too: a C program that copies those lines out shows
it. Wall time of `ssh … true`, from before the fork to after the exit, pair by pair; then of many at once, from
before the first fork to after the last exit.
"""

import argparse
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

import measure

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
for folder in ("Tests/Load", "Tests/Lab", "scripts/fixtures.d"):
    sys.path.append(str(ROOT / folder))

from loaded_host import Host  # noqa: E402 (it imports from there)
from offers import Offers  # noqa: E402
from replacing import Replacing  # noqa: E402

AT_ONCE = 32
KINDS = ("Keys", "certificate", "plain key")
SERVERS = ("pair", "plain")


def authorize(host, offers):
    """Has the sshd without pair-authkeys find in its files what that prints."""
    lines = {}
    for offer in offers:
        kind, key = (offer.certificate or public(offer.key)).read_text().split()[:2]
        line = subprocess.run(host.asking(offer.login, kind, key), capture_output=True, text=True, check=True).stdout
        if not line:
            raise SystemExit(f"pair-authkeys refuses {offer.kind} for {offer.login}")
        lines.setdefault(offer.login, []).append(line)
    for login, printed in lines.items():
        (host.folder / "authorized" / login).write_text("".join(printed))


# What sshd can ask that takes the least time: it copies the login's file of authorized_keys out.
PRINTER = """
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
    static char path[4096], lines[1 << 20];
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--user") == 0) snprintf(path, sizeof path, "%s/%s", FOLDER, argv[i + 1]);
    int file = open(path, O_RDONLY);
    ssize_t count = read(file, lines, sizeof lines);
    return count > 0 && write(1, lines, count) == count ? 0 : 1;
}
"""


def replace_helper(host):
    """Has the first sshd ask the program that only prints."""
    folder = host.folder / "authorized"
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    program = host.folder / "bin" / "printer"
    subprocess.run(["cc", "-O2", "-static", f'-DFOLDER="{folder}"', "-x", "c", "-", "-o", program],
                   input=PRINTER, text=True, check=True)
    program.replace(host.folder / "bin" / "pair-authkeys")


def public(key):
    file = key.with_name(f"{key.name}.pub")
    with file.open("w") as opened:
        subprocess.run(["ssh-keygen", "-yf", key], stdout=opened, check=True)
    return file


def command(offer, client, server):
    certificate = ["-o", f"CertificateFile={offer.certificate}"] if offer.certificate else []
    return ["ssh", "-F", str(client), "-i", str(offer.key), *certificate, f"{offer.login}@{server}", "true"]


def session(commands):
    """Seconds until all of `commands`, started together, have ended well."""
    start = time.perf_counter()
    running = {}
    for arguments in commands:
        running[os.posix_spawnp("ssh", arguments, os.environ, file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, measure.OUTPUT.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, measure.OUTPUT.fileno(), 2)])] = arguments
    while running:
        pid, status = os.wait()
        ended = running.pop(pid)
        if status:
            measure.OUTPUT.seek(0)
            raise SystemExit(f"{ended[-2]}: a login failed: {measure.OUTPUT.read().decode(errors='replace')}")
    return time.perf_counter() - start


def compare(title, offers, client, pairs):
    """`offers`: one for each login of those at once."""
    commands = [[command(offer, client, server) for offer in offers] for server in SERVERS]
    for side in commands:
        session(side)
    ratios, times = [], ([], [])
    for turn in measure.turns(pairs):
        taken = [0.0, 0.0]
        for index in turn:
            taken[index] = session(commands[index])
        ratios.append(taken[0] / taken[1])
        for index in (0, 1):
            times[index].append(taken[index] * 1000)
    low, _, high = statistics.quantiles(ratios, n=4)
    ours, theirs = map(statistics.median, times)
    print(f"{title:<32} {statistics.median(ratios):5.2f}   {low:.2f} to {high:.2f}   {ours:7.1f} ms  {theirs:7.1f} ms",
          flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--pairs", type=int, default=200)
    options.add_argument("--pair", type=pathlib.Path, required=True)
    options.add_argument("--helper", type=pathlib.Path, required=True)
    options = options.parse_args()
    # Ended from outside, it still removes what it has made.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    version = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr.strip()
    print(f"ssh and sshd: {version}\n")
    with Host(options.helper, options.pair) as host:
        offers = Offers(host, 1)
        Replacing(host, offers)  # writes the files once; what replaces them is never begun
        host.start()
        mine = {kind: next(offer for offer in offers.accepted if offer.kind == kind) for kind in KINDS}
        authorize(host, mine.values())
        subprocess.run(["strip", host.folder / "bin/pair-authkeys"], check=True)
        own = ("KexAlgorithms", "Ciphers", "HostKeyAlgorithms")
        settings = host.client.read_text().splitlines()
        host.client.write_text("".join(f"{line}\n" for line in settings if not line.strip().startswith(own)))
        print(f"{'ssh … true / authorized_keys':<32} {'ratio':>5}   {'quartiles':<12}   {'ours':>10}  {'the other':>10}")
        for kind in KINDS:
            compare(kind, [mine[kind]], host.client, options.pairs)
        for kind in KINDS:
            compare(f"{kind}, {AT_ONCE} at once", [mine[kind]] * AT_ONCE, host.client, max(10, options.pairs // 10))
        replace_helper(host)
        compare("a program that only prints", [mine["Keys"]], host.client, options.pairs)
        compare(f"the same, {AT_ONCE} at once", [mine["Keys"]] * AT_ONCE, host.client, max(10, options.pairs // 10))


main()
