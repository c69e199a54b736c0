"""scripts/faults: `faults.py PROGRAMS [--short] [GROUP…]`. Exits with 1 where anything was wrong.

Groups run in two lanes at the same time, each on a machine of its own.
"""

import json
import os
import subprocess
import sys
import time

import admin
import login_calls
import login_files
import machine
import policies
from report import Report

# What can befall, by what is done about it; in the order of the table.
GROUPS = {
    "errors": login_calls.errors, "signals": login_calls.signals, "slow": login_calls.slow, "torn": login_files.torn,
    "swapped": login_files.swapped, "limits": login_files.limits, "records": login_files.records,
    "clock": login_files.clock, "policies": policies.policies, "edits": admin.edits, "refresh": admin.refresh,
    "applying": policies.applying, "setup": admin.setup,
}
LANES = (
    ("errors", "torn", "clock", "limits", "slow", "policies"),
    ("signals", "swapped", "records", "edits", "refresh", "applying", "setup"),
)
# A set-up takes seconds each.
NOT_SHORT = ("setup",)


def lane(programs, is_short, names):
    """Runs groups on a machine of this process's own, and prints what came of them as JSON."""
    host, report, times = machine.Machine(programs), Report(), {}
    for name in names:
        began = time.monotonic()
        GROUPS[name](host, report, is_short)
        times[name] = round(time.monotonic() - began, 1)
        print(f"   {name}: {times[name]:.0f} s", file=sys.stderr, flush=True)
    print(json.dumps({"rows": report.rows, "wrong": report.wrong, "times": times}))


def main(programs, *words):
    flags = [word for word in words if word.startswith("--")]
    names = [word for word in words if not word.startswith("--")]
    unknown = [word for word in words if word not in (*GROUPS, "--short", "--lane")]
    if unknown:
        print(f"faults: no {unknown[0]!r}; there are: --short {' '.join(GROUPS)}", file=sys.stderr)
        return 64
    is_short = "--short" in flags
    if "--lane" in flags:
        return lane(programs, is_short, names)
    names = names or [name for name in GROUPS if not (is_short and name in NOT_SHORT)]
    began = time.monotonic()
    lanes = []
    for groups in LANES:
        mine = [name for name in groups if name in names]
        if mine:
            command = [*machine.APART, sys.executable, "-B", __file__, programs, "--lane", *flags, *mine]
            lanes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    report, times, status = Report(), {}, 0
    for process in lanes:
        output, _ = process.communicate()
        if process.returncode:
            status = 1
            print(f"faults: a part ended early, with {process.returncode}", file=sys.stderr)
            continue
        part = json.loads(output)
        report.merge(part)
        times |= part["times"]
    print(report.table())
    parts = ", ".join(f"{name} {times[name]}" for name in GROUPS if name in times)
    print(f"\n{time.monotonic() - began:.0f} s: {parts}")
    report.tell_wrong()
    return 1 if report.wrong or not report.rows else status


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(*sys.argv[1:]))
