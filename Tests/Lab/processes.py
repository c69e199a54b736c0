"""Starting, awaiting and ending the lab's servers. Used by provider.py and host.py."""

import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def free_port():
    """A loopback TCP port that nothing listens on, below those that outgoing connections take in passing."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def accepts(port):
    """Whether something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start(name, folder, command, *, ready, within=30):
    """Runs `command` in the background until stop(); returns once `ready()`, ends the program if it never is.

    Its output goes to FOLDER/NAME.log, its process id to FOLDER/NAME.pid.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd="/", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    _pid_file(name, folder).write_text(f"{process.pid} {_started(process.pid)}\n")
    deadline = time.monotonic() + within
    while not ready():
        if process.poll() is not None:
            sys.exit(f"{name} ended at once:\n{log.read_text()}")
        if time.monotonic() > deadline:
            stop(name, folder)
            sys.exit(f"{name} did not answer within {within} s:\n{log.read_text()}")
        time.sleep(0.02)


def is_running(name, folder):
    """Whether what start() started still runs."""
    return _handle(name, folder) is not None


def stop(name, folder, within=10):
    """Ends what start() started and waits for it to be gone; nothing if it is not running."""
    handle = _handle(name, folder)
    if handle is not None:
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not _ended(handle, within):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            _ended(handle, within)
    _pid_file(name, folder).unlink(missing_ok=True)


def _pid_file(name, folder):
    return Path(folder) / f"{name}.pid"


def _handle(name, folder):
    """A descriptor of the process that start() started; None if it has ended."""
    try:
        pid, started = _pid_file(name, folder).read_text().split()
        handle = os.pidfd_open(int(pid))
    except (FileNotFoundError, ProcessLookupError):
        return None
    # A process that was given the same id later is not ours; one that ended and awaits its parent is gone.
    return handle if _started(pid) == started and not _ended(handle, within=0) else None


def _started(pid):
    """When the process started, as the kernel counts it: with the id it names one process for good."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return stat.rpartition(")")[2].split()[19]


def _ended(handle, within):
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(within * 1000))
