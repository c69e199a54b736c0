"""The lab's host: a throw-away sshd on a loopback port with logins of its own, all under one folder in /opt.

    lab host new                        makes the folder and prints it
    lab host login FOLDER NAME…         adds local users
    lab host start FOLDER PROGRAM       starts sshd with a copy of PROGRAM (pair-authkeys) as AuthorizedKeysCommand
    lab host watch FOLDER PROGRAM NAME  starts PROGRAM (pair) as `host watch --name NAME`; its words go to FOLDER/watch.log
    lab host stop FOLDER
    lab host remove FOLDER              ends and removes everything, what runs in FOLDER/provider and the like too

In the folder: etc/ (pair.toml and what it names; yours to write), keysets/, log/access.jsonl, sshd/sshd.log, and
ssh_config: `ssh -F FOLDER/ssh_config -i KEY LOGIN@lab`. What was made outside of it stands in FOLDER/made. Needs root.
"""

import grp
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import processes

SSHD = "/usr/sbin/sshd"
COMMAND_USER = "_pair"
PARENT = Path("/opt")  # root's alone: sshd refuses a command under /tmp

SSHD_CONFIG = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/sshd/host_key
PidFile none
LogLevel VERBOSE
AuthorizedKeysCommand {folder}/bin/pair-authkeys --user %u --uid %U --key %k --type %t --config {folder}/etc/pair.toml
AuthorizedKeysCommandUser {user}
AuthorizedKeysFile none
AuthenticationMethods publickey
PermitRootLogin no
UsePAM no
MaxStartups 100
"""

SSH_CONFIG = """\
Host lab
    HostName 127.0.0.1
    Port {port}
    HostKeyAlias lab
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    IdentitiesOnly yes
    IdentityAgent none
    PreferredAuthentications publickey
    BatchMode yes
    ConnectTimeout 10
"""


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


# What stands outside of the folder: noted before it is made, so that nothing is left behind


def note(folder, kind, name):
    with (folder / "made").open("a") as made:
        made.write(f"{kind} {name}\n")


def make_user(folder, kind, name, *options):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        note(folder, kind, name)
        run("useradd", *options, name)
        return pwd.getpwnam(name)


def make_folder(folder, path):
    """Whether it had to be made."""
    if path.exists():
        return False
    note(folder, "folder", path)
    path.mkdir(mode=0o755)
    return True


def unmake(kind, name):
    if kind in ("login", "user"):
        end_processes_of(name)
        subprocess.run(["userdel", name], stderr=subprocess.DEVNULL)
    elif kind == "folder":
        shutil.rmtree(name, ignore_errors=True)


def end_processes_of(name, within=10):
    """Ends every process of a user that the lab made: sessions outlive their sshd."""
    try:
        uid = pwd.getpwnam(name).pw_uid
    except KeyError:
        return
    deadline = time.monotonic() + within
    while theirs := [pid for pid in filter(str.isdigit, os.listdir("/proc")) if owner(pid) == uid]:
        if time.monotonic() > deadline:
            sys.exit(f"processes of {name} do not end: {' '.join(theirs)}")
        for pid in theirs:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)


def owner(pid):
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except FileNotFoundError:
        return None


# The commands


def new():
    folder = Path(tempfile.mkdtemp(prefix="pair-lab-", dir=PARENT))
    try:
        furnish(folder)
    except BaseException:  # Ctrl-C too: nobody else knows of the folder yet
        remove(folder)
        raise
    print(folder)


def furnish(folder):
    folder.chmod(0o755)
    for name in ("bin", "etc", "keysets", "log", "home"):
        (folder / name).mkdir(mode=0o755)
    for name in ("sshd", "provider", "keys"):
        (folder / name).mkdir(mode=0o700)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder / "sshd/host_key")

    helper = make_user(folder, "user", COMMAND_USER, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin")
    access_log = folder / "log/access.jsonl"
    access_log.touch(mode=0o640)
    os.chown(access_log, helper.pw_uid, grp.getgrnam("adm").gr_gid)

    make_folder(folder, Path("/run/sshd"))
    if make_folder(folder, Path("/run/pair")):
        refresh_wanted = Path("/run/pair/refresh-wanted")
        refresh_wanted.touch(mode=0o644)
        os.chown(refresh_wanted, helper.pw_uid, helper.pw_gid)


def add_logins(folder, names):
    for name in names:
        # The password `*` matches none; the default `!` would count as a locked account.
        make_user(folder, "login", name, "-m", "-d", folder / "home" / name, "-s", "/bin/bash", "-p", "*")


def start(folder, program, settings=""):
    """Starts sshd; its `settings` go first, and so count instead of the lab's own. Gives the port."""
    stop(folder)
    shutil.copy(program, folder / "bin/pair-authkeys")
    (folder / "bin/pair-authkeys").chmod(0o755)

    port = processes.free_port()
    serve(folder, "sshd", port, settings + SSHD_CONFIG.format(folder=folder, port=port, user=COMMAND_USER))
    (folder / "ssh_config").write_text(SSH_CONFIG.format(folder=folder, port=port))
    (folder / "known_hosts").write_text(f"lab {(folder / 'sshd/host_key.pub').read_text()}")
    return port


def serve(folder, name, port, settings):
    """An sshd with these settings; processes.stop(name, FOLDER/sshd) ends it."""
    config = folder / f"sshd/{name}_config"
    config.write_text(settings)
    command = [SSHD, "-D", "-f", config, "-E", folder / f"sshd/{name}.log"]
    # From 9.8 on sshd shuts out an address that fails often, and here all fail from one.
    no_penalties = ["-o", "PerSourcePenalties=no"]
    if subprocess.run([SSHD, "-t", "-f", config, *no_penalties], stderr=subprocess.DEVNULL).returncode == 0:
        command += no_penalties
    processes.start(name, folder / "sshd", command, ready=lambda: processes.accepts(port))


def watch(folder, program, name):
    """Returns once it follows the policy in etcd."""
    command = [program, "host", "watch", "--config", folder / "etc/pair.toml", "--name", name, "--no-doctor"]
    log = folder / "watch.log"
    processes.start("watch", folder, command, ready=lambda: "pair: watching " in log.read_text())


def stop(folder):
    processes.stop("watch", folder)
    processes.stop("sshd", folder / "sshd")


def remove(folder):
    if not folder.is_dir():
        return
    stop(folder)
    for server in ("provider", "glewlwyd", "etcd"):
        processes.stop(server, folder / server)
    made = (folder / "made").read_text().splitlines() if (folder / "made").exists() else []
    others = [other for other in PARENT.glob("pair-lab-*") if other != folder]
    for line in reversed(made):
        kind, name = line.split(" ", 1)
        if kind != "login" and others:
            note(others[0], kind, name)  # still in use there: the last one removes it
        else:
            unmake(kind, name)
    shutil.rmtree(folder)


def main():
    match sys.argv[1:]:
        case ["new"]:
            new()
        case ["login", folder, *names] if names:
            add_logins(Path(folder), names)
        case ["start", folder, program]:
            start(Path(folder), program)
        case ["watch", folder, program, name]:
            watch(Path(folder), program, name)
        case ["stop", folder]:
            stop(Path(folder))
        case ["remove", folder] if Path(folder).parent == PARENT and Path(folder).name.startswith("pair-lab-"):
            remove(Path(folder))
        case ["--help"]:
            print(__doc__)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
