"""Times whole logins by pair-authkeys against other programs, pair by pair; run by scripts/bench.

A run of each program in turn, A B B A A B …, so that a machine that slows down slows both; the ratio of each pair, and
the median of the ratios. Wall time from before the fork to after the exit. Peak memory by GNU time, which starts from a
small process of its own.
"""

import argparse
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import measure

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "fixtures.d"))
import baseline  # noqa: E402

SPACES, LINES = 9_000, 1_000_000


def make_login(folder, lines=None, cert=None, **more):
    """A host's files, with a login that is good now, and the command by which sshd would ask; `lines` go above its grant.

    `cert` and `more` are settings of its Keys, as scripts/fixtures.d/baseline.py has them.
    """
    now = int(time.time())
    baseline.NOW, baseline.IAT = now, now - 5
    login = baseline.Login(
        idp="rsa", toml=lambda text: text + f'\n[log]\nfile = "{folder}/access.jsonl"\nsyslog = false\n',
        table={"keys_lifetime": "1h"}, cert={"valid": (now - 60, now + 3600), **(cert or {})}, **more)
    for name, content in login.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "access.jsonl").touch()
    if lines:
        members = folder / "members"
        grant = members.read_text()
        with members.open("w") as file:
            file.writelines(lines)
            file.write(grant)
    kind, key, *_ = login.files["key.pub"].split()
    return ["--user", login.login, "--uid", "1001", "--key", key, "--type", kind, "--config", str(folder / "pair.toml")]


def fleet():
    """The lines of a file that serves a fleet: one Space in 9,000 is this host's."""
    draw = random.Random(1)
    for number in range(LINES - 1):
        space = draw.randrange(SPACES)
        name = "build-box" if space == 0 else f"space-{space:04d}"
        yield f"{name}\tperson{number}@example.com\texample\tdeploy,person{number}\trole=member\n"


def same_space():
    """As many lines, each of them of this host."""
    return (f"build-box\tperson{number}@example.com\texample\tdeploy,person{number}\trole=member\n"
            for number in range(LINES - 1))


def lengthen(folder):
    """Gives a host 10,000 accounts, 10,000 revoked keys, and a provider 99 keys more."""
    accounts = (f"acme{number} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA{number:042d}\n" for number in range(10_000))
    (folder / "accounts").write_text("".join(accounts))
    (folder / "revoked").write_text("".join(f"key SHA256:{number:042d}A\n" for number in range(10_000)))
    file = folder / "keysets" / "example.json"
    key_set = json.loads(file.read_text())
    more = [key_set["keys"][0] | {"kid": f"other-{number}"} for number in range(99)]
    file.write_text(json.dumps(key_set | {"keys": more + key_set["keys"]}))


def peak_kib(command):
    run = subprocess.run(
        ["/usr/bin/time", "-f", "%M", *command], stdout=measure.OUTPUT, stderr=subprocess.PIPE, text=True, check=True)
    return int(run.stderr.split()[-1])


def compare(title, ours, theirs, pairs):
    for command in (ours, theirs):
        measure.run(command)
    ratios, times = [], ([], [])
    for turn in measure.turns(pairs):
        taken = [0.0, 0.0]
        for index in turn:
            taken[index], _ = measure.run((ours, theirs)[index])
        ratios.append(taken[0] / taken[1])
        for index in (0, 1):
            times[index].append(taken[index] * 1000)
    low, _, high = statistics.quantiles(ratios, n=4)
    print(f"{title:<32} {statistics.median(ratios):5.2f}   {low:.2f} to {high:.2f}   "
          f"{statistics.median(times[0]):7.2f} ms  {statistics.median(times[1]):7.2f} ms   {peak_kib(ours) / 1024:5.1f} MiB",
          flush=True)


def more(title, long, short, pairs):
    """What a login at the host with long files takes longer, in milliseconds."""
    differences = []
    for turn in measure.turns(pairs):
        taken = [0.0, 0.0]
        for index in turn:
            taken[index], _ = measure.run((long, short)[index])
        differences.append((taken[0] - taken[1]) * 1000)
    low, middle, high = statistics.quantiles(differences, n=4)
    print(f"{title:<32} {middle:5.2f} ms more   {low:.2f} to {high:.2f}", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--pairs", type=int, default=200)
    options.add_argument("--program", type=pathlib.Path, required=True)
    options.add_argument("--floor", type=pathlib.Path, required=True)
    options = options.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="pair-bench-", dir="/opt"))
    folder.chmod(0o755)
    try:
        program = folder / "pair-authkeys"
        shutil.copy(options.program, program)
        # As a package ships it.
        subprocess.run(["strip", program], check=True)
        login = [str(program), *make_login(folder / "one")]
        accepted = subprocess.run(login, capture_output=True, text=True, check=True)
        if "cert-authority" not in accepted.stdout:
            raise SystemExit(f"the login is not accepted: {accepted.stderr}")

        def stray(name):
            # With the type, as sshd gives it: a plain key then needs no libcrypto.
            return [str(program), "--user", "alice", "--key", baseline.plain_base64(baseline.key("stray", "p256")),
                    "--type", "ecdsa-sha2-nistp256", "--config", str(folder / name / "pair.toml")]

        print(f"machine: {measure.machine()}")
        print(f"program: {program.stat().st_size / 1e6:.1f} MB stripped; {options.pairs} pairs, medians\n")
        print(f"{'':<32} {'ratio':>5}   {'quartiles':<12}   {'ours':>10}  {'the other':>10}   {'our peak':>9}")
        if options.floor.exists():
            floor = folder / "floor"
            subprocess.run(["cc", "-O2", options.floor, "-o", floor, "-lcrypto", "-lsodium"], check=True)
            subprocess.run([floor, "make", folder], check=True)
            compare("accepted login / floor.c", login, [str(floor), str(folder)], options.pairs)
            compare("stray key / floor.c", stray("one"), [str(floor), str(folder)], options.pairs)
        else:
            print(f"skipped, there is no {options.floor} (see PAIR_FLOOR): accepted login and stray key / floor.c")
        for title, lines in (("1,000,000 members / grep", fleet), ("the same, of one Space / grep", same_space)):
            name = lines.__name__
            large = [str(program), *make_login(folder / name, lines())]
            grep = [shutil.which("grep"), "-c", "-F", "build-box", str(folder / name / "members")]
            compare(title, large, grep, max(20, options.pairs // 4))
        print("\n10,000 accounts, 10,000 revoked keys and a key set of 100 keys together")
        long = [str(program), *make_login(folder / "long")]
        lengthen(folder / "long")
        more("accepted login", long, login, options.pairs)
        more("stray key", stray("long"), stray("one"), options.pairs)
        print("\nunix_groups = true")
        asking = {"settings": {"unix_groups": True}}
        more("no grant wants a group", [str(program), *make_login(folder / "asking", **asking)], login, options.pairs)
        grant = "build-box alice@example.com example root unix-group=root\n"
        asked = [str(program), *make_login(folder / "asked", login="root", members=grant, **asking)]
        more("the grant wants one of files", asked, login, options.pairs)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
