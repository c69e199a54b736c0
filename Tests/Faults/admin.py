"""pair, as an admin or a timer runs it, with an error or its end at each system call that touches a host's files.

After each: every file is the old one or the new one, whole, with its owner and mode; a change that is there left the
file before it beside it (`members-`); one that failed changed nothing, said so and left nothing behind; whoever may
enter still does; and the same command, undisturbed, then does what it is for.
"""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import machine as m
import trace
from judging import SERVED, outcome_of

PAIR = "/usr/local/bin/pair"
DONE, FAILED, ENDED = "served", "faulted", "ended"
BEFALLS = ("error=EIO", "error=ENOSPC", "error=EMFILE", "error=EINTR", "signal=KILL", "signal=TERM")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "SWIFT_BACKTRACE": "enable=no"}


def _pair(*arguments):
    return trace.run([PAIR, *arguments], env=ENVIRONMENT)


# These are few, whoever makes them; a new file's name is not known beforehand.
WRITING = "write,fsync,fchmod,fchown,flock,renameat,renameat2,unlinkat,unlink,mkdirat,mkdir,ftruncate"


def touching(command, places, reset):
    """The calls of an undisturbed run that write, or touch one of `places`; one for each count of a thread's own."""
    found = {}
    for names, paths in ((WRITING, ()), (f"!{WRITING}", places)):
        reset()
        calls, run = trace.calls(command, names, follow=True, paths=paths, env=ENVIRONMENT)
        if run.status != 0:
            raise RuntimeError(f"{command}: {run}")
        # By these the run-time's threads wake each other, and wait for ever where they cannot.
        waking = {(call.name, call.number) for call in calls if "<anon_inode" in call.text}
        numbered = {(call.name, call.number): call for call in calls if call.name != "execve"}
        found |= {number: call for number, call in numbered.items() if number not in waking}
    return list(found.values())


def _befallen(call, what, command):
    return trace.inject(call, what, command, follow=True, env=ENVIRONMENT)


def _state(path):
    """Bytes, mode and owner, None where there is nothing."""
    if not path.is_file():
        return None
    status = path.stat()
    return path.read_bytes(), status.st_mode, status.st_uid, status.st_gid


def sampled(found, is_short, most):
    """Which calls meet with what: all with all, or in the short form about `most` of them, each with one."""
    pairs = [(call, what) for call in found for what in BEFALLS]
    if not is_short:
        return pairs
    step = max(1, len(found) // most)
    return [(call, BEFALLS[place % len(BEFALLS)]) for place, call in enumerate(found[::step])]


def edits(host, report, is_short):
    """An edit of members, and one of accounts."""
    key = pathlib.Path("/mnt/admin.pub")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key.with_suffix(""))], check=True)
    for path, arguments in ((m.MEMBERS, ["spaces", "allow", "carol@example.com", "--login", "alice"]),
                            (m.ACCOUNTS, ["accounts", "add-key", "ops", str(key)])):
        _edit(host, report, is_short, path, [PAIR, *arguments])


def _edit(host, report, is_short, path, command):
    user = (host.uid, host.gid)
    backup = path.with_name(path.name + "-")

    def reset():
        host.reset(members=b"# ours\n" + m.GRANT)
        if path == m.ACCOUNTS:
            key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
            m.Machine.put(path, f"# ours\nold {key} old\n".encode())
        # Neither the mode nor the owner that a new file would get.
        os.chmod(path, 0o640)
        os.chown(path, 0, host.gid)

    files = [str(m.POLICY), str(m.CONFIGURATION), str(m.MEMBERS), str(m.ACCOUNTS), str(m.REVOKED), str(backup)]
    found = touching(command, files, reset)
    new = _state(path)
    reset()
    old = _state(path)
    if new is None or new[0] == old[0]:
        raise RuntimeError(f"{command} changes nothing")
    for call, what in sampled(found, is_short, 12):
        reset()
        run = _befallen(call, what, command)
        problems = []
        now, before = _state(path), _state(backup)
        leftovers = [name for name in os.listdir(m.POLICY) if name.endswith(".new")]
        if now not in (old, new):
            problems.append(f"{path} is neither the old one nor the new one: {now}")
        if now == new and before != old:
            problems.append(f"{path} was replaced and {backup} is not what it was: {before}")
        if before not in (None, old):
            problems.append(f"{backup} is not whole: {before}")
        outcome = ENDED if run.status < 0 else DONE if run.status == 0 else FAILED
        if outcome == DONE and now != new:
            problems.append("status 0, and nothing was changed")
        if outcome == FAILED:
            # Only where the folder cannot be synchronized, or nobody can be told, is it there already.
            if now == new and call.name not in ("fsync", "write"):
                problems.append("failed, and changed it all the same")
            if not run.error:
                problems.append("failed, and nobody is told why")
            if leftovers and "unlink" not in call.name:
                problems.append(f"left {leftovers} behind")
        if outcome == ENDED and run.status != {"signal=KILL": -9, "signal=TERM": -15}.get(what):
            problems.append(f"status {run.status}")
        if "EINTR" in what and outcome != DONE and call.name in ("openat", "read", "write", "flock"):
            problems.append("not done for a signal that it could have gone past")
        login = trace.run(host.question, user=user)
        if outcome_of(host, login) != (SERVED, []):
            problems.append(f"who was let in before is not: {login}")
        if now == old:
            again = _pair(*command[1:])
            if again.status or _state(path) != new:
                problems.append(f"the same, undisturbed, does not do it then: {again.error}")
        report.add(f"{path.name} edited: {what.partition('=')[2]}", outcome, problems, f"{call}", run)
    for stream in ("stdout", "stderr"):
        reset()
        with open("/dev/full", "wb") as full:
            run = trace.run(command, env=ENVIRONMENT, **{stream: full})
        problems = [] if _state(path) == new and _state(backup) == old else ["not done"]
        # What is done is done, whoever cannot be told.
        if run.status < 0:
            problems.append(f"status {run.status}")
        outcome = FAILED if problems else DONE
        report.add(f"{path.name} edited, and nobody can be told", outcome, problems, stream, run)


class Provider:
    """A provider on loopback, whose key set has a version."""

    def __init__(self):
        self.version = 1
        provider = self
        curve = json.loads((m.FIXTURE / "keysets/example.json").read_text())["keys"][0]

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path == "/jwks":
                    answer = {"keys": [dict(curve, kid=f"{provider.version}-{number}") for number in range(40)]}
                else:
                    answer = {"issuer": provider.issuer, "jwks_uri": provider.issuer + "/jwks",
                              "authorization_endpoint": provider.issuer + "/authorize",
                              "token_endpoint": provider.issuer + "/token", "response_types_supported": ["code"],
                              "subject_types_supported": ["public"],
                              "id_token_signing_alg_values_supported": ["ES256"]}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def _version(path):
    """The version of a key set that is whole, else None."""
    try:
        keys = json.loads(path.read_bytes())["keys"]
    except (OSError, ValueError, KeyError):
        return None
    versions = {key["kid"].split("-")[0] for key in keys}
    return int(versions.pop()) if len(keys) == 40 and len(versions) == 1 else None


def refresh(host, report, is_short):
    """A refresh of a provider's key set."""
    provider = Provider()
    toml = m.TOML + f'[[provider]]\nname = "idp"\nissuer = "{provider.issuer}"\nclient_ids = ["pair-ssh"]\n'
    path = m.KEY_SETS / "idp.json"
    command = [PAIR, "host", "refresh", "--force", "idp"]
    user = (host.uid, host.gid)

    def reset():
        host.reset(toml=toml)
        provider.version = 1
        if _pair(*command[1:]).status or _version(path) != 1:
            raise RuntimeError("no key set to begin with")
        provider.version = 2

    states = m.KEY_SETS / ".refresh"
    files = [m.KEY_SETS, path, states, states / "idp.json", states / "idp.lock", m.CONFIGURATION]
    found = touching(command, list(map(str, files)), reset)
    reset()
    for call, what in sampled(found, is_short, 10):
        if _version(path) != 1:
            reset()
        run = _befallen(call, what, command)
        problems = []
        now = _version(path)
        outcome = ENDED if run.status < 0 else DONE if run.status == 0 else FAILED
        if now not in (1, 2):
            problems.append("the key set is neither the old one nor the new one")
        if outcome == DONE and now != 2:
            problems.append("status 0 without a new key set")
        if outcome == FAILED and not run.error + run.output:
            problems.append("failed, and nobody is told why")
        if run.status > 3:
            problems.append(f"status {run.status}")
        if outcome_of(host, trace.run(host.question, user=user)) != (SERVED, []):
            problems.append("who was let in before is not")
        if outcome != DONE:
            again = _pair(*command[1:])
            left = sorted(name for name in os.listdir(path.parent) if name != "example.json")
            if again.status or _version(path) != 2 or left != [".refresh", "idp.json"]:
                problems.append(f"the next refresh does not put it right: {again}, {left}")
        report.add(f"key set refreshed: {what.partition('=')[2]}", outcome, problems, f"{call}", run)


SET_UP = ("/etc/pair", "/etc/ssh", "/etc/cron.d", "/etc/tmpfiles.d", "/var/lib/pair", "/var/cache/pair",
          "/var/log/pair", "/run/pair")


def _listing():
    """Everything that set-up could touch: kind, mode, owner and bytes of each."""
    found = {}
    for top in map(pathlib.Path, SET_UP):
        for path in ([top] if top.exists() else []) + sorted(top.rglob("*")):
            status = path.lstat()
            contents = path.read_bytes() if path.is_file() else None
            found[str(path)] = (status.st_mode, status.st_uid, status.st_gid, contents)
    return found


def setup(host, report, is_short):
    """`pair host setup` on a host that has files of its admin's already."""
    provider = Provider()
    saved = pathlib.Path("/mnt/saved")
    os.makedirs("/run/sshd", exist_ok=True)
    subprocess.run(["ssh-keygen", "-A"], check=True, stdout=subprocess.DEVNULL)
    toml = (f'# ours\nspace = "build-box"\n[[provider]]\nname = "idp"\nissuer = "{provider.issuer}"\n'
            'client_ids = ["pair-ssh"]\n')
    command = [PAIR, "host", "setup", "--no-trial", "--yes", "--issuer", provider.issuer, "--client-id", "pair-ssh",
               "--provider", "idp", "--member", "dora@example.com", "--login", "alice"]

    def reset():
        for folder in SET_UP:
            shutil.rmtree(folder, ignore_errors=True)
            kept = saved / folder.lstrip("/")
            if kept.exists():
                shutil.copytree(kept, folder, symlinks=True)

    host.reset(members=b"# ours\nbuild-box carol@example.com idp alice\n", toml=toml)
    os.chmod(m.MEMBERS, 0o600)
    pathlib.Path("/etc/ssh/sshd_config.d").mkdir(exist_ok=True)
    pathlib.Path("/etc/ssh/sshd_config.d/50-ours.conf").write_text("# ours\nLogLevel VERBOSE\n")
    for folder in (m.LOG.parent, m.WANTED.parent, m.KEY_SETS.parent):
        shutil.rmtree(folder)
    for folder in SET_UP:
        if os.path.exists(folder):
            shutil.copytree(folder, saved / folder.lstrip("/"), symlinks=True)
    reset()
    before = _listing()
    state = "/var/lib/pair"
    drop_ins = "/etc/ssh/sshd_config.d"
    files = ["/etc/pair", str(m.CONFIGURATION), str(m.MEMBERS), drop_ins, f"{drop_ins}/00-pair.conf", state,
             f"{state}/setup.journal", f"{state}/setup.json", f"{state}/setup.lock", "/etc/cron.d/pair"]
    found = touching(command, files, reset)
    after = _listing()
    # The copy of sshd's configuration is opened by its name in that folder, by which strace does not find it.
    reset()
    opened, _ = trace.calls(command, "openat", follow=True, env=ENVIRONMENT)
    found += [call for call in opened if '"copy"' in call.text]
    changed = {path for path in after if before.get(path) != after[path]}
    ours = [path for path in before if path not in changed]
    for call, what in sampled(found, is_short, 6):
        if not is_short and what in ("error=EMFILE", "signal=TERM", "error=EINTR"):
            continue
        reset()
        run = _befallen(call, what, command)
        problems = []
        now = _listing()
        outcome = ENDED if run.status < 0 else DONE if run.status == 0 else FAILED
        for path in before:
            if now.get(path) not in ((before[path], after[path]) if path in after else (before[path],)):
                problems.append(f"{path} is neither what it was nor what it is to be")
        if outcome == FAILED:
            # Its own folder, and the lock in it, may stay: the one is made before the other can be had.
            differing = sorted(path for path in {*before, *now} - {state, f"{state}/setup.lock"}
                               if before.get(path) != now.get(path))
            if differing:
                problems.append(f"failed, and left changed: {differing}")
            if not run.error:
                problems.append("failed, and nobody is told why")
        again = trace.run(command, env=ENVIRONMENT)
        then = _listing()
        lasting = (*ours, str(m.MEMBERS), str(m.CONFIGURATION))
        if again.status or any(then.get(path) != after[path] for path in lasting):
            problems.append(f"the same, undisturbed, does not do it then: {again.error[:300]}")
        report.add(f"host set up: {what.partition('=')[2]}", outcome, problems, f"{call}", run)
