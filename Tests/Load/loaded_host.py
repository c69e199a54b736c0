"""The lab's host (Tests/Lab/host.py) under load: sshd with raised limits, one beside it with authorized_keys alone."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import host
import processes

LAB = Path(host.__file__).with_name("lab")

SPACE = "load"
WANTED = Path("/run/pair/refresh-wanted")

RAISED = """\
MaxStartups 1000
MaxAuthTries 1000
LoginGraceTime 600
"""

PLAIN = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/sshd/host_key
PidFile none
LogLevel VERBOSE
AuthorizedKeysFile {folder}/authorized/%u
AuthenticationMethods publickey
PermitRootLogin no
UsePAM no
"""

# The lightest key exchange and cipher, for both alike: what is left to compare is the way to the key.
CLIENT = """\
Host pair
    Port {pair}
Host plain
    Port {plain}
Host *
    HostName 127.0.0.1
    HostKeyAlias lab
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    HostKeyAlgorithms ssh-ed25519
    KexAlgorithms curve25519-sha256
    Ciphers aes128-gcm@openssh.com
    ControlMaster no
    IdentitiesOnly yes
    IdentityAgent none
    PreferredAuthentications publickey
    BatchMode yes
    ConnectTimeout 60
"""

CONFIGURATION = """\
space = "{space}"
keysets = "{folder}/keysets"
[[provider]]
name = "lab"
issuer = "{issuer}"
client_ids = ["pair-cli"]
keys_lifetime = "4h"
[[provider]]
name = "example"
issuer = "https://login.example.com"
client_ids = ["pair-ssh"]
keys_lifetime = "1h"
[[service]]
name = "pgs"
logins = ["{pgs}"]
[[service]]
name = "tuns"
logins = ["{tuns}"]
[log]
file = "{log}"
syslog = false
unverified_cap = "{cap}"
"""


class Host:
    """Made by `with`, and gone after it, in a mount namespace whose /run is empty."""

    def __init__(self, helper, pair):
        self.helper, self.program = helper, pair

    def __enter__(self):
        own_run()
        self.folder = Path(tempfile.mkdtemp(prefix="pair-lab-", dir=host.PARENT))
        try:
            self.furnish()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        processes.stop("plain-sshd", self.folder / "sshd")
        host.remove(self.folder)

    def furnish(self):
        host.furnish(self.folder)
        self.asker = pwd.getpwnam(host.COMMAND_USER)
        WANTED.touch(mode=0o644)
        os.chown(WANTED, self.asker.pw_uid, self.asker.pw_gid)
        os.utime(WANTED, (0, 0))  # the last request is long ago
        suffix = self.folder.name.rpartition("-")[2]
        self.people, self.pgs, self.tuns = (f"pair-{name}-{suffix}" for name in ("people", "pgs", "tuns"))
        host.add_logins(self.folder, [self.people, self.pgs, self.tuns])
        (self.folder / "authorized").mkdir(mode=0o755)
        self.pair = self.folder / "bin/pair"
        shutil.copy(self.program, self.pair)
        self.issuer = self.lab("provider", "start", self.folder / "provider", "--id-token-life", "14400")
        self.access_log = self.folder / "log/access.jsonl"
        self.configure(self.access_log, "16MiB")
        self.lab("keyset", self.issuer, self.folder / "keysets/lab.json")

    def start(self):
        pair = host.start(self.folder, self.helper, RAISED)
        plain = processes.free_port()
        host.serve(self.folder, "plain-sshd", plain, RAISED + PLAIN.format(folder=self.folder, port=plain))
        self.client = self.folder / "client_config"
        self.client.write_text(CLIENT.format(folder=self.folder, pair=pair, plain=plain))

    def configure(self, log, cap):
        """Writes pair.toml; `log` is made where it is not there."""
        if not log.exists():
            log.touch(mode=0o640)
            os.chown(log, self.asker.pw_uid, self.asker.pw_gid)
        self.config = self.replace("etc/pair.toml", CONFIGURATION.format(
            space=SPACE, folder=self.folder, issuer=self.issuer, pgs=self.pgs, tuns=self.tuns, log=log, cap=cap))

    def replace(self, name, text):
        """Replaces a file of the host's, or makes it, in one step."""
        file = self.folder / name
        part = file.with_name(f".{file.name}.part")
        part.write_text(text)
        part.chmod(0o644)
        part.replace(file)
        return file

    def lab(self, *command):
        done = subprocess.run([LAB, *map(str, command)], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def sshd_log(self, name):
        return self.folder / f"sshd/{name}.log"

    def sshd_cpu(self, name):
        """Seconds of CPU that all ended connections of that sshd took, with what ran for them."""
        pid = (self.folder / f"sshd/{name}.pid").read_text().split()[0]
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def asking(self, login, kind, key):
        """The helper as sshd runs it."""
        uid = str(pwd.getpwnam(login).pw_uid)
        return [str(self.folder / "bin/pair-authkeys"), "--user", login, "--uid", uid, "--key", key, "--type", kind,
                "--config", str(self.config)]


def own_run():
    """An empty /run for this mount namespace: requests for a refresh are of this run alone."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "pair-load", "/run"], check=True)
    for name in ("sshd", "pair"):
        Path("/run", name).mkdir(mode=0o755)
