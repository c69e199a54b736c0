"""A cluster of three etcd members on loopback, for a fleet's policy (Tests/EtcdTests/cluster.py in the background).

    lab etcd start FOLDER               prints the members' client URLs, with commas
    lab etcd host FOLDER NAME           adds the user of a host, host-NAME; its password is in FOLDER/host-NAME
    lab etcd stop FOLDER

In the folder: ca.pem, publisher (the password of that user), and what the members keep. Users and roles are those of
docs/fleet-etcd.md. Needs `scripts/install-deps fleet`.
"""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import processes

CLUSTER = Path(__file__).parents[1] / "EtcdTests" / "cluster.py"
NAME = "etcd"

ROLES = {
    "pair-host": [["read", "/pair/policy"]],
    "pair-status": [["read", "/pair/serial"], ["read", "--prefix=true", "/pair/hosts/"]],
    "pair-publisher": [["readwrite", "/pair/policy"], ["readwrite", "/pair/serial"]],
}


def start(folder):
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = folder / f"{NAME}.log"
    # It goes on until its standard input ends; here, until it is told to.
    processes.start(NAME, folder, [sys.executable, "-B", CLUSTER, folder, "--until-terminated"],
                    ready=lambda: log.read_text().startswith("{") and log.read_text().endswith("\n"), within=90)
    for name, permissions in ROLES.items():
        add_role(folder, name, permissions)
    add_user(folder, "publisher", ["pair-publisher", "pair-status"])
    print(",".join(told(folder)["members"].values()))


def told(folder):
    return json.loads((folder / f"{NAME}.log").read_text().splitlines()[0])


def etcdctl(folder, *arguments, given=None):
    here = told(folder)
    environment = {
        "PATH": os.environ["PATH"], "ETCDCTL_API": "3", "ETCDCTL_CACERT": here["ca"],
        "ETCDCTL_ENDPOINTS": ",".join(here["members"].values()), "ETCDCTL_USER": f"{here['user']}:{here['password']}",
    }
    subprocess.run(["etcdctl", *arguments], env=environment, input=given, text=True, check=True,
                   stdin=None if given else subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def add_role(folder, name, permissions):
    etcdctl(folder, "role", "add", name)
    for permission in permissions:
        etcdctl(folder, "role", "grant-permission", name, *permission)


def add_user(folder, name, roles):
    password = secrets.token_hex(16)
    file = folder / name
    file.touch(mode=0o600)
    file.write_text(f"{password}\n")
    etcdctl(folder, "user", "add", name, "--interactive=false", given=f"{password}\n")
    for role in roles:
        etcdctl(folder, "user", "grant-role", name, role)


def add_host(folder, name):
    add_role(folder, f"pair-host-{name}", [["write", f"/pair/hosts/{name}"]])
    add_user(folder, f"host-{name}", ["pair-host", f"pair-host-{name}"])


def main():
    match sys.argv[1:]:
        case ["start", folder]:
            start(Path(folder))
        case ["host", folder, name]:
            add_host(Path(folder), name)
        case ["stop", folder]:
            processes.stop(NAME, Path(folder))
        case ["--help"]:
            print(__doc__)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
