"""pair-authkeys with an error, a signal or a delay at each of its system calls."""

import concurrent.futures
import re

import machine as m
import trace
from judging import ENDED, FAULTED, REFUSED, SERVED, judge, outcome_of

ANY = {SERVED, REFUSED, FAULTED}
ERRORS = ("EIO", "ENOSPC", "EMFILE", "EINTR", "ENOMEM")
# What no call of these can answer, or what is not a call that fails.
UNFAILING = {"exit_group", "rt_sigreturn", "execve"}
# A signal never interrupts these.
UNINTERRUPTED = {"newfstatat", "fstat", "statx", "brk", "mmap", "mprotect", "getpid", "rt_sigaction",
                 "rt_sigprocmask", "fcntl", "ioctl", "alarm", "sigaltstack", "prctl", "socket", "seccomp", "munmap"}
MEMORY = {"brk", "mmap", "mremap", "futex"}

# Hosts, and what is right on each where nothing goes wrong.
HOSTS = {
    "entitled": (dict(), SERVED),
    "denied": (dict(members=m.GRANT + m.OTHERS + m.DENY), REFUSED),
    "revoked": (dict(revoked=m.OTHERS.replace(b"else", b"# else") + b"identity example alice@example.com\n"), REFUSED),
    "of a fleet": (dict(policy=m.bundle(m.OTHERS + m.GRANT)), SERVED),
    "required": (dict(toml=m.TOML + "[log]\nrequired = true\n"), SERVED),
}


class Kind:
    """What a call is for."""

    def __init__(self, call):
        text = call.text.replace("AT_FDCWD</>", "AT_FDCWD")
        self.name = call.name
        self.is_log = "/var/log/pair" in text
        self.is_answer = call.name == "write" and text.split("write(")[1].startswith("1<")
        self.is_settings = "openssl.cnf" in text
        # By its flags: what a decision rests on is opened without following links.
        sandbox = re.search(r"O_RDONLY\|O_CLOEXEC\|O_PATH\|O_DIRECTORY|landlock", text)
        walk = re.search(r"</(>|etc>|etc/pair|var>|var/cache|var/lib)|AT_FDCWD, \"/\"", text)
        self.is_needed = bool(walk) and not sandbox and call.name != "close"
        self.is_memory = call.name in MEMORY


def from_main(found):
    """The calls from the program's own first on; before are the loader's and the run-time's."""
    start = next(call.place for call in found if call.name == "fcntl" and "F_GETFD" in call.text)
    return [call for call in found if call.place >= start and call.name not in UNFAILING]


def looks_at_log(found):
    """Where the log's last byte is read: what fails there costs nothing, not even where the log is required."""
    opened = next(call.place for call in found if re.search(r'"/var/log/pair/\S+, O_RDONLY', call.text))
    return range(opened, next(call.place for call in found if call.place > opened and call.name == "close"))


def loading(found):
    """Where the dynamic loader is at work on libcrypto: what fails there ends the program, as it does before its start.

    Nobody is let in then, which standard error says; there is no record yet.
    """
    began = next(call.place for call in found if re.search(r"^openat\(.*/libcrypto\.so", call.text))
    end = began
    while re.search(r"\.so|^(mmap|mprotect|munmap|read|pread64|close|newfstatat)\(", found[end].text) and not (
            found[end].name == "openat" and ".so" not in found[end].text):
        end += 1
    return range(began, end)


def allowed_after(error, kind, right, host):
    """The outcomes that are right where a call of a kind has failed."""
    if error == "EINTR":
        return {right} if not kind.is_memory else ANY
    if kind.is_answer:
        return {REFUSED}
    if kind.is_log and host == "required" and kind.name != "close":
        return {FAULTED}
    if kind.is_needed or kind.is_memory or kind.is_settings:
        # Never more than without the fault.
        return ANY if right == SERVED else {REFUSED, FAULTED}
    return {right}


def decisions_after(kind, host):
    """What may be recorded: the decision; it is not known to the record that it never arrived."""
    return {SERVED: {"accept"}, REFUSED: {"refuse", "accept"} if kind.is_answer else {"refuse", "fault"},
            FAULTED: {"accept", "fault"} if host == "required" else {"fault"}}


def errors(host, report, is_short):
    """Each error at each call, on each host."""
    user = (host.uid, host.gid)
    for name, (state, right) in HOSTS.items():
        host.reset(**state)
        found, run = trace.calls(host.question, user=user)
        outcome, problems = judge(host, run, {right})
        report.add("none", outcome, problems, name, run)
        looks, loads = looks_at_log(found), loading(found)
        for place, call in enumerate(from_main(found)):
            kind = Kind(call)
            kind.is_log = kind.is_log and call.place not in looks
            for number, error in enumerate(ERRORS):
                if error == "EINTR" and call.name in UNINTERRUPTED:
                    continue
                # The short form takes one error for each call, and elsewhere only some that the decision needs.
                is_left_out = name != "entitled" and (place % 4 != 0 or not kind.is_needed)
                if is_short and (is_left_out or number != place % len(ERRORS)):
                    continue
                host.reset(**state)
                # A break that could not be moved is told by the old one.
                what = "retval=0" if call.name == "brk" else f"error={error}"
                run = trace.inject(call, what, host.question, user=user)
                recorded = None if kind.is_memory or call.name in ("write", "sendto") else True
                if call.place in loads:
                    outcome, problems = judge(host, run, {right, REFUSED}, None)
                    if outcome != right and not run.error:
                        problems.append("nobody is told why")
                else:
                    outcome, problems = judge(host, run, allowed_after(error, kind, right, name), recorded,
                                              decisions_after(kind, name))
                report.add(f"{error} at each call", outcome, problems, f"{name}: {call}", run)


def signals(host, report, is_short):
    """A signal from outside, the deadline, and a fault of the program's own, at each call."""
    user = (host.uid, host.gid)
    host.reset()
    found, _ = trace.calls(host.question, user=user)
    own = from_main(found)
    # From here on a signal of a fault is answered, and the deadline is set.
    handled = next(call.place for call in own if call.name == "alarm")
    ignored = next(call.place for call in own if "SIGXFSZ" in call.text)
    outside, inside = {ENDED, SERVED}, {REFUSED, SERVED}
    signals = (("TERM", 0, outside, -15), ("KILL", 0, outside, -9), ("ALRM", handled, inside, 0),
               ("SEGV", handled, inside, 0), ("PIPE", ignored, {SERVED}, 0))
    for signal, first, allowed, status in signals:
        met = [call for call in found if call.place >= first and call.name != "execve"]
        for call in met[::12] + met[-6:] if is_short else met:
            host.reset()
            run = trace.inject(call, f"signal={signal}", host.question, user=user)
            any_record = {outcome: {"accept"} for outcome in (SERVED, REFUSED, ENDED)}
            outcome, problems = judge(host, run, allowed, None, any_record)
            if run.status not in (status, 0):
                problems.append(f"status {run.status}, and not {status}")
            report.add(f"SIG{signal} at each call", outcome, problems, f"{call}", run)


def slow(host, report, is_short):
    """A disk that answers late: each reading a little, or one call for longer than anybody waits."""
    user = (host.uid, host.gid)
    host.reset()
    found, _ = trace.calls(host.question, user=user)
    own = from_main(found)
    first = {name: next(call.number for call in own if call.name == name) for name in ("read", "newfstatat")}
    # Not what the loader reads: nobody can set a deadline before that.
    trickle = [rule for name, number in first.items() for rule in
               ("-e", f"inject={name}:delay_enter=450000:when={number}+")]
    cases = [("each reading takes 0.45 s", ["-e", "trace=read,newfstatat", *trickle], 4.5, 7)]
    for call in own:
        # A pipe is no disk: what waits for its reader is ended by the deadline's signal.
        looked_for = r'read\(.*/members|"example.json", O_|write\(|"pair.toml", O_'
        if not Kind(call).is_answer and re.search(looked_for, call.text):
            rule = f"inject={call.name}:delay_enter=7000000:when={call.number}"
            cases.append((f"7 s for {call}", ["-e", f"trace={call.name}", "-e", rule], 4.5, 9))

    def one(case):
        command = ["strace", "-qq", "-o", "/dev/null", *case[1], *host.question]
        return case, trace.run(command, user=user)

    cases = cases[:1] + cases[-2:] if is_short else cases
    host.reset()
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        for (label, _, least, most), run in pool.map(one, cases):
            outcome, problems = outcome_of(host, run)
            if outcome != REFUSED:
                problems.append(f"{outcome} after the deadline")
            if not least <= run.seconds <= most:
                problems.append(f"ended after {run.seconds:.1f} s")
            report.add("slow disk, past the deadline", outcome, problems, label, run)
