"""What the benchmarks share: processes that are timed, and a word on the machine. Used by logins.py and keys.py."""

import os
import platform
import tempfile
import time

OUTPUT = tempfile.TemporaryFile()  # not /dev/null: grep -c then stops at the first match


def run(command, environment=None):
    """Seconds from before the fork to after the exit, and those of CPU that the process and its children used."""
    OUTPUT.seek(0)
    OUTPUT.truncate()
    start = time.perf_counter()
    pid = os.posix_spawn(
        command[0], command, os.environ if environment is None else environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, OUTPUT.fileno(), 1), (os.POSIX_SPAWN_DUP2, OUTPUT.fileno(), 2)])
    _, status, usage = os.wait4(pid, 0)
    elapsed = time.perf_counter() - start
    if status:
        OUTPUT.seek(0)
        raise SystemExit(f"{command[0]} failed, status {status}: {OUTPUT.read().decode(errors='replace')}")
    return elapsed, usage.ru_utime + usage.ru_stime


def turns(count):
    """The order of two in each pair: A B, B A, A B …"""
    return [(0, 1) if number % 2 == 0 else (1, 0) for number in range(count)]


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}"
