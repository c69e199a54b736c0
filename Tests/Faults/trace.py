"""Runs a program under strace, which can have a system call fail, take long, or be met by a signal.

Source: strace(1), "Tampering". It works on what has a filter of its own (seccomp), too: the tracer comes first.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import time

LINE = re.compile(r"^(?:(\d+) +)?(\w+)\(")
OUTPUT = pathlib.Path("/mnt/trace")


@dataclasses.dataclass
class Run:
    """How a program ended. `status` is negative for a signal."""

    status: int
    output: str
    error: str
    seconds: float


@dataclasses.dataclass
class Call:
    """The system call that is the `number`th of its name in a run, from 1; `place` counts all of them."""

    name: str
    number: int
    place: int
    text: str
    # What strace was told to look at alone; counted then are only calls that name one of them.
    paths: tuple = ()

    def __str__(self):
        return f"{self.name} {self.number}: {re.sub(r'0x[0-9a-f]+', '0x…', self.text)[:100]}"


# The status of what had to be ended.
HUNG = 124


def run(command, user=None, limits=None, timeout=120, **more):
    """Runs `command` to its end; `limits` is a setting of ulimit, as in `-v 1000`."""
    if limits:
        command = ["bash", "-c", f'ulimit {limits} && exec "$@"', "bash", *command]
    groups = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
    streams = {name: more.pop(name, subprocess.PIPE) for name in ("stdout", "stderr")}
    start = time.monotonic()
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=timeout, check=False, cwd="/", **streams, **groups,
                              **more)
    except subprocess.TimeoutExpired:
        return Run(HUNG, "", f"did not end within {timeout} s", timeout)
    output, error = ((text or b"").decode() for text in (done.stdout, done.stderr))
    return Run(done.returncode, output, error, time.monotonic() - start)


def strace(*rules, follow=False, paths=()):
    """The command under which `rules` hold; what it traces goes to `OUTPUT`."""
    options = [part for path in paths for part in ("-P", path)] + [part for rule in rules for part in ("-e", rule)]
    return ["strace", "-qq", *(["-f"] if follow else []), "-o", str(OUTPUT), *options]


def prepare():
    """Lets whoever is traced write what is traced."""
    OUTPUT.unlink(missing_ok=True)
    OUTPUT.touch()
    os.chmod(OUTPUT, 0o666)


def calls(command, names="all", follow=False, paths=(), **more):
    """The calls of an undisturbed run, in order, and the run; with descriptors shown as paths.

    Each thread counts for itself, as `when` of an injection does. Children that are other programs are left out.
    """
    prepare()
    done = run([*strace(f"trace={names}", follow=follow, paths=paths), "-y", *command], **more)
    found, counts, children = [], {}, set()
    for line in OUTPUT.read_text(errors="replace").splitlines():
        match = LINE.match(line)
        if not match:
            continue
        thread = match[1]
        count = counts[thread, match[2]] = counts.get((thread, match[2]), 0) + 1
        if match[2] == "execve" and found:
            children.add(thread)
        found.append((thread, Call(match[2], count, len(found), line, tuple(paths))))
    return [call for thread, call in found if thread not in children], done


def inject(call, what, command, follow=False, **more):
    """Runs `command`, with `what` befalling `call`."""
    prepare()
    rules = (f"trace={call.name}", f"inject={call.name}:{what}:when={call.number}")
    return run([*strace(*rules, follow=follow, paths=call.paths), *command], **more)


def is_stopped():
    """Whether what is traced stands still."""
    return OUTPUT.exists() and "--- stopped by SIGSTOP ---" in OUTPUT.read_text(errors="replace")


def halted(call, command, meanwhile, user):
    """Runs `command`, has it stand still after `call`, calls `meanwhile`, and has it go on."""
    prepare()
    rules = (f"trace={call.name}", f"inject={call.name}:signal=STOP:when={call.number}")
    start = time.monotonic()
    # -qq would leave out that it stopped.
    traced = [part for part in strace(*rules) if part != "-qq"]
    process = subprocess.Popen([*traced, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, user=user[0], group=user[1], extra_groups=[], cwd="/")
    try:
        while not is_stopped() and process.poll() is None:
            time.sleep(0.001)
        if process.poll() is not None:
            raise RuntimeError(f"never came to {call}: {process.communicate()}")
        meanwhile()
        child = int(pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        os.kill(child, 18)  # SIGCONT
        output, error = process.communicate(timeout=30)
    finally:
        process.kill()
    return Run(process.returncode, output.decode(), error.decode(), time.monotonic() - start)
