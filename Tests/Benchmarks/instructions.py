"""Counts what pair-authkeys executes of its own for one login of each kind, against instructions.txt; run by scripts/test.

The same program with the same files executes the same instructions, whatever else the machine does: by valgrind's
callgrind, of the program's own code alone, since libcrypto and the C library are another on each system. The logins are
those of Fixtures, decided as sshd has them decided, at the fixture's time. More than 5% over its budget fails.
valgrind has no seccomp and no Landlock, so that the program is not confined here, and says so with --explain.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUDGETS = pathlib.Path(__file__).with_suffix(".txt")
SLACK = 1.05
SAME_SPACE = "build-box  person{}@example.com  example  deploy,person{}  role=member\n"
OTHER_SPACE = "space-{}  person{}@example.com  example  deploy\n"

# What a login is called here, its fixture, and what goes above each of the fixture's files.
LOGINS = [
    ("stray key", "a18-plain-key-of-nobody", {}),
    ("Keys, RS256", "ok-rs256-p256", {}),
    ("Keys, ES256", "ok-es256-p256", {}),
    ("certificate", "ok-ca-p256", {}),
    ("10,000 members of this Space", "ok-es256-p256", {"members": (SAME_SPACE, 10_000)}),
    ("10,000 members of others", "ok-es256-p256", {"members": (OTHER_SPACE, 10_000)}),
    ("stray key, 10,000 accounts", "a18-plain-key-of-nobody", {
        "accounts": ("acme{} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A{:042d}\n", 10_000)}),
    ("10,000 keys revoked", "ok-es256-p256", {"revoked": ("key SHA256:{:042d}A\n", 10_000)}),
]


def make_case(folder, fixture, above):
    """The fixture with more lines in its files; the arguments, and what should come out."""
    shutil.copytree(ROOT / "Fixtures" / fixture, folder)
    for name, (line, count) in above.items():
        file = folder / name
        rest = file.read_text() if file.exists() else ""
        fields = line.count("{")
        file.write_text("".join(line.format(*[number] * fields) for number in range(count)) + rest)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    arguments = [text.replace("@", f"@{folder}/", 1) if text.startswith("@") else text
                 for text in json.loads((folder / "argv").read_text())]
    arguments += ["--config", str(folder / "pair.toml"), "--at", (folder / "now").read_text().strip()]
    expected = (folder / "expect").read_text()
    return arguments, "" if expected.startswith("refused") else expected


def count(program, arguments, expected, folder):
    """Instructions of the program's own code."""
    output = folder / "callgrind.out"
    environment = {"PATH": os.environ["PATH"]}
    for attempt in range(3):
        output.unlink(missing_ok=True)
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", program, *arguments],
            capture_output=True, text=True, env=environment)
        # On a machine with much else to do valgrind may need longer than the five seconds that a decision has.
        if run.stdout == expected and output.exists():
            return own(output, program)
    sys.exit(f"instructions: status {run.returncode}, not the fixture's answer or no count:\n{run.stdout}{run.stderr}")


def own(output, program):
    """How many instructions of `program`.

    Callgrind's format gives an object's name once, then its number; the line behind `calls=` is the callee's cost.
    """
    names, executed, current, is_call = {}, 0, None, False
    for line in output.read_text().splitlines():
        if match := re.fullmatch(r"ob=\((\d+)\)(?: (.*))?", line):
            number, name = match.groups()
            current = names.setdefault(number, name)
        elif match := re.fullmatch(r"cob=\((\d+)\) (.*)", line):
            names[match[1]] = match[2]
        elif line.startswith("calls="):
            is_call = True
        elif re.match(r"[0-9+*-]", line):
            if not is_call and current == str(program):
                executed += int(line.split()[1])
            is_call = False
    return executed


def budgets():
    lines = (line.rsplit(None, 1) for line in BUDGETS.read_text().splitlines() if line and not line.startswith("#"))
    return {name.strip(): int(number.replace(",", "")) for name, number in lines}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--program", type=pathlib.Path, required=True)
    options.add_argument("--renew", action="store_true", help="write the counts as the budgets")
    options = options.parse_args()
    if platform.machine() != "x86_64":
        print(f"instructions are skipped: the budgets are those of x86_64, this is {platform.machine()}")
        return
    # Not below /tmp: a folder that anybody may write to is no place for a host's files.
    cache = pathlib.Path(os.environ.get("PAIR_LAB_CACHE", pathlib.Path.home() / ".cache" / "pair-lab"))
    cache.mkdir(parents=True, exist_ok=True)
    counts, is_over = {}, False
    with tempfile.TemporaryDirectory(prefix="instructions-", dir=cache) as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        program = folder / "pair-authkeys"
        # valgrind cannot read this kind of debug information, and without any it has the functions' names.
        subprocess.run(["strip", "--strip-debug", "-o", program, options.program], check=True)
        for number, (name, fixture, above) in enumerate(LOGINS):
            arguments, expected = make_case(folder / str(number), fixture, above)
            counts[name] = count(program, arguments, expected, folder)
    allowed = {} if options.renew else budgets()
    for name, executed in counts.items():
        budget = allowed.get(name, executed)
        is_over = is_over or executed > budget * SLACK
        verdict = "  too many" if executed > budget * SLACK else "  fewer: renew the budget" if executed * SLACK < budget else ""
        print(f"{name:<30} {executed:>12,}  {executed / budget:6.1%} of its budget{verdict}", flush=True)
    if options.renew:
        text = "".join(f"{name:<30} {executed:>12,}\n" for name, executed in counts.items())
        BUDGETS.write_text("# Instructions of pair-authkeys' own code for one login, on x86_64. Renewed by:\n"
                           "# python3 -B Tests/Benchmarks/instructions.py --program .build-release/release/pair-authkeys --renew\n" + text)
    if is_over:
        sys.exit("instructions: what a login costs has grown; see docs/speed.md for how to find where")


main()
