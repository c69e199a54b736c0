"""pair-authkeys on hosts whose files, limits, logs and clocks are not as they should be."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess

import machine as m
import trace
from judging import FAULTED, REFUSED, SERVED, judge, outcome_of

STRANGER = b"build-box  bob@example.com  example  alice\n"


def torn(host, report, is_short):
    """Each file of the decision cut at each byte, as a copy that never ended leaves it."""
    user = (host.uid, host.gid)
    small = dict(members=STRANGER + m.GRANT + STRANGER, revoked=b"# nobody\nidentity example bob@example.com\n")
    for path in (m.CONFIGURATION, m.MEMBERS, m.REVOKED, m.KEY_SET):
        host.reset(**small)
        whole = path.read_bytes()
        for cut in list(range(len(whole)))[:: 29 if is_short else 1]:
            part = whole[:cut]
            host.reset(**small)
            host.put(path, part)
            run = trace.run(host.question, user=user)
            ends_whole = not part or part.endswith(b"\n")
            if path in (m.MEMBERS, m.REVOKED):
                # Where a line ends nobody can tell.
                is_in = path != m.MEMBERS or m.GRANT in part
                allowed = {FAULTED} if not ends_whole else {SERVED} if is_in else {REFUSED}
            elif part.rstrip() == whole.rstrip():
                allowed = {SERVED}
            else:
                allowed = {REFUSED, FAULTED}
            outcome, problems = judge(host, run, allowed)
            report.add("file torn", outcome, problems, f"{path} cut at {cut}", run)


def _rewritten(path, text):
    """Another file under the same name, as an editor or `pair` puts it there."""
    new = path.with_name("new")
    m.Machine.put(new, text)
    os.rename(new, path)


def _linked(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


# What each file is replaced by: with it nobody is let in.
REPLACEMENTS = {
    m.CONFIGURATION: m.TOML.replace("build-box", "other-box").encode(),
    m.MEMBERS: m.OTHERS + STRANGER,
    m.KEY_SET: (m.FIXTURE / "keysets/example.json").read_bytes().replace(b'"kid": "', b'"kid": "other-'),
}

# What becomes of a file, and where that is seen once it has been read: by the last look but one, at the file itself, by
# the last, at what stands at its path, or not at all.
FILE, PATH = 1, 0
CHANGES = {
    "replaced": (lambda path: _rewritten(path, REPLACEMENTS[path]), PATH),
    "cut in half": (lambda path: os.truncate(path, path.stat().st_size // 2), FILE),
    "emptied": (lambda path: os.truncate(path, 0), FILE),
    "removed": (lambda path: path.unlink(), PATH),
    "made a link": (_linked, PATH),
    "opened to all": (lambda path: path.chmod(0o666), None),
    "given away": (lambda path: os.chown(path, 65534, 65534), None),
}


def swapped(host, report, is_short):
    """Each file of the decision changed while the program stands still at each step of reading it.

    Before it is opened the new one counts; after the last look at it the old one; in between what the change shows.
    """
    user = (host.uid, host.gid)
    host.reset()
    found, _ = trace.calls(host.question, user=user)
    for path in REPLACEMENTS:
        mine = [call.place for call in found if re.search(rf'"{path.name}"|{path}>', call.text)]
        opened, looked = mine[0], mine[-2]
        steps = range(opened - 1, looked + 2)
        for name, (change, seen) in CHANGES.items():
            host.reset()
            change(path)
            after, _ = outcome_of(host, trace.run(host.question, user=user))
            if after == SERVED:
                raise RuntimeError(f"{path} {name} changes nothing")
            for place in (opened - 1, opened, looked - 1, looked) if is_short else steps:
                host.reset()
                run = trace.halted(found[place], host.question, lambda: change(path), user)
                # It stands still after its call.
                if place < opened:
                    allowed = {after}
                elif place >= looked - (seen or 0):
                    allowed = {SERVED}
                else:
                    allowed = {after, SERVED} if seen is None else {after}
                outcome, problems = judge(host, run, allowed)
                report.add("file changed between open and read", outcome, problems,
                           f"{path} {name} after {found[place]}", run)


def limits(host, report, is_short):
    """Too little memory, too few descriptors, too small files: from far too little up to enough."""
    user = (host.uid, host.gid)
    least, enough = _memory(host, user)
    step = max(4, (enough - least) // 12) if is_short else 4
    steps = [("out of memory", "-v", [*range(1_000, least, 4_000), *range(least, enough + step, step)]),
             ("out of descriptors", "-n", range(0, 20)),
             ("little stack", "-s", range(64, 1100, 256 if is_short else 64)),
             ("file size limit", "-f", (0, 1))]
    for fault, flag, sizes in steps:
        for size in sizes:
            host.reset()
            run = trace.run(host.question, user=user, limits=f"{flag} {size}")
            outcome, problems = outcome_of(host, run)
            if run.status not in (0, 2) and not run.output and not _began(host, user, f"{flag} {size}"):
                # The loader, or the kernel for want of room: the program was never there.
                report.add(f"{fault}, before the program", "ended", [], f"{flag} {size}", run)
                continue
            if run.status < 0:
                problems.append(f"status {run.status}")
            if size == sizes[-1] and outcome != SERVED:
                problems.append("not served with enough")
            if flag == "-f" and outcome != SERVED:
                problems.append("the log's limit is no reason")
            report.add(fault, outcome, problems, f"{flag} {size}", run)


def _memory(host, user):
    """The least memory in KiB with which the program itself is reached, and the least with which it serves."""

    def first(least, most, holds):
        while most - least > 4:
            middle = (least + most) // 2
            least, most = (least, middle) if holds(middle) else (middle, most)
        return most

    host.reset()
    least = first(0, 400_000, lambda size: _began(host, user, f"-v {size}"))
    return least, first(least, 400_000, lambda size: trace.run(host.question, user=user, limits=f"-v {size}").output)


def _began(host, user, limits):
    """Whether the program's own first call is reached under the limits."""
    trace.prepare()
    script = f'ulimit {limits} && exec "$@"'
    trace.run([*trace.strace("trace=fcntl,execve"), "bash", "-c", script, "bash", *host.question], user=user)
    text = trace.OUTPUT.read_text(errors="replace")
    return "F_GETFD" in text[text.rfind("execve("):]


def _mounted(folder, *options):
    m.mount("-t", "tmpfs", "-o", ",".join(("mode=755", *options)), "faults", folder)


class Logs:
    """A log that cannot be written, each way, and what puts it right again."""

    def __init__(self, host):
        self.host = host

    def _own(self):
        m.Machine.put(m.LOG, b"", 0o640)
        os.chown(m.LOG, self.host.uid, self.host.gid)

    def full(self):
        _mounted(m.LOG.parent, "size=16k")
        self._own()
        filler = os.open(m.LOG.parent / "filler", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(filler, bytes(4096))
        except OSError:
            os.close(filler)
        return lambda: m.unmount(m.LOG.parent)

    def removed(self):
        m.LOG.unlink()

    def folder_removed(self):
        shutil.rmtree(m.LOG.parent)

    def a_folder(self):
        m.LOG.unlink()
        m.LOG.mkdir()

    def a_fifo(self):
        m.LOG.unlink()
        os.mkfifo(m.LOG, 0o666)

    def not_ours(self):
        os.chown(m.LOG, 0, 0)

    def read_only_var(self):
        m.mount("--bind", "/var", "/var")
        m.mount("-o", "remount,bind,ro", "/var")
        return lambda: m.unmount("/var")


class Syslogs:
    """A syslog that does not listen, each way."""

    def __init__(self, host):
        self.host = host

    def there(self):
        pass

    def gone(self):
        self.host.deafen()

    def dead(self):
        self.host.syslog.close()
        self.host.syslog = None

    def full(self):
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sender.setblocking(False)
        sender.connect(m.SYSLOG)
        try:
            while True:
                sender.send(b'{"decision": "filler"}')
        except BlockingIOError:
            return


def records(host, report, is_short):
    """Each log beside each syslog; with and without `required`."""
    user = (host.uid, host.gid)
    ways = [None, "full", "removed", "folder_removed", "a_folder", "a_fifo", "not_ours", "read_only_var"]
    for required in (False, True):
        toml = m.TOML + ("[log]\nrequired = true\n" if required else "")
        for log in ways:
            for syslog in ("there", "gone", "dead", "full"):
                host.reset(toml=toml)
                getattr(Syslogs(host), syslog)()
                mend = getattr(Logs(host), log)() if log else None
                run = trace.run(host.question, user=user)
                listens = syslog == "there"
                if syslog == "full":
                    host.listen()
                allowed = {FAULTED} if required and log else {SERVED}
                accepts = {SERVED: {"accept"}, FAULTED: {"accept"}}
                outcome, problems = judge(host, run, allowed, bool(listens or not log), accepts)
                if log and "access log: " not in run.error:
                    problems.append("nobody is told that the log's file was not written")
                if run.seconds > 2:
                    problems.append(f"took {run.seconds:.1f} s")
                if mend:
                    mend()
                what = f"log {log.replace('_', ' ')}" if log else "syslog out of order"
                report.add(what + (", required" if required else ""), outcome, problems, f"syslog {syslog}", run)
    _after_half_a_record(host, report, user)


def _after_half_a_record(host, report, user):
    """A disk that took half a record: the next one, when there is room again, is a line of its own."""
    host.reset()
    _mounted(m.LOG.parent, "size=8k")
    m.Machine.put(m.LOG, b"x" * 3995 + b"\n", 0o640)
    os.chown(m.LOG, host.uid, host.gid)
    (m.LOG.parent / "filler").write_bytes(bytes(4096))
    first = trace.run(host.question, user=user)
    left = m.LOG.read_bytes()[3996:]
    (m.LOG.parent / "filler").unlink()
    second = trace.run(host.question, user=user)
    lines = m.LOG.read_bytes().split(b"\n")[1:]
    problems = [] if 0 < len(left) < 200 and b"\n" not in left else [f"{len(left)} bytes of the record were taken"]
    if lines[-1] or not lines[-2].startswith(b'{"time":') or _is_no_record(lines[-2]):
        problems.append("the record after half a record cannot be read")
    m.unmount(m.LOG.parent)
    for run in (first, second):
        outcome, more = outcome_of(host, run)
        if outcome != SERVED:
            more.append("not served")
        report.add("log full in the middle of a record", outcome, more + problems, "half a record", run)
        problems = []


def _is_no_record(line):
    try:
        return not isinstance(json.loads(line), dict)
    except ValueError:
        return True


def clock(host, report, is_short):
    """Clocks that are set while the program runs, or are wrong."""
    user = (host.uid, host.gid)
    shim = pathlib.Path("/mnt/shim.so")
    if not shim.exists():
        source = m.REPOSITORY / "Tests/Faults/shim.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(source), "-ldl"], check=True)
    toml = m.TOML.replace('"99999d"', '"24h"').replace('clock_skew = "24h"', 'clock_skew = "30s"')
    toml = toml.replace('keys_lifetime = "24h"', 'keys_lifetime = "5m"').replace("beyond_token_expiry = true\n", "")
    noon = 1795348800  # The fixture's `now`; its Keys end at 12:04, and its key set is of 11:00.
    steps = [
        ("right", [0], SERVED), ("a second before the end", [239], SERVED), ("at the end", [240], REFUSED),
        ("a day on", [86400 * 2], REFUSED), ("half a minute early", [-88], SERVED),
        ("two minutes early", [-120], REFUSED),
        ("before the key set", [-3700], REFUSED), ("1970", [-noon], REFUSED), ("before 1970", [-noon - 1], REFUSED),
        ("2106", [2**32 - noon], REFUSED), ("the year 9999", [253402300799 - noon], REFUSED),
        ("beyond all years", [2**62 - noon], REFUSED), ("before all years", [-(2**62)], REFUSED),
        ("set on by a year after the decision", [0, 31536000], SERVED),
        ("set back by a year after the decision", [0, -31536000], SERVED),
        ("set on by a year before the decision", [31536000, 0], REFUSED),
        ("set to 1970 after the decision", [0, -noon], SERVED),
        ("set beyond all years after the decision", [0, 2**62 - noon], SERVED),
        ("set before all years after the decision", [0, -(2**62)], SERVED),
    ]
    for name, offsets, right in steps:
        host.reset(toml=toml)
        times = ",".join(str(noon + offset) for offset in offsets)
        environment = dict(os.environ, LD_PRELOAD=str(shim), FAULTS_CLOCK=times)
        run = trace.run(host.question, user=user, env=environment)
        outcome, problems = judge(host, run, {right})
        report.add("clock wrong or set", outcome, problems, name, run)
