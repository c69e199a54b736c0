"""A network of namespaces, for tests that cut members of etcd and hosts off, or count what goes over a cable."""

import os
import pathlib
import subprocess
import sys

from fleet import etcd

HOSTS, NEAR, LONE = "hosts", "near", "lone"


def move_apart():
    """Runs the program anew, with `--inside`, in namespaces that end with it, and all that is in them."""
    os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                          "--mount-proc", sys.executable, "-B", *sys.argv, "--inside"])


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Network:
    """Places with an address on the bridge `clients`, members of etcd on the bridge `peers` besides."""

    # The program's own, beside those of places.
    own = "10.83.0.254"
    addresses = dict(zip([*etcd.NAMES, HOSTS, NEAR, LONE], range(1, 100)))

    def __init__(self):
        # For `ip netns`, which keeps its names there.
        subprocess.run(["mount", "-t", "tmpfs", "fleet", "/run"], check=True)
        # Of this network, where its counters are.
        subprocess.run(["mount", "-t", "sysfs", "fleet", "/sys"], check=True)
        ip("link", "set", "lo", "up")
        for bridge in ("clients", "peers", "apart"):
            ip("link", "add", bridge, "type", "bridge")
            ip("link", "set", bridge, "up")
        ip("address", "add", f"{self.own}/24", "dev", "clients")
        for place, number in self.addresses.items():
            ip("netns", "add", place)
            ip("-n", place, "link", "set", "lo", "up")
            self._connect(place, "clients", f"10.83.0.{number}/24")
            if place in etcd.NAMES:
                self._connect(place, "peers", f"10.84.0.{number}/24")

    @staticmethod
    def _connect(place, bridge, address):
        cable = f"{place}-{bridge}"
        ip("link", "add", cable, "type", "veth", "peer", "name", bridge, "netns", place)
        ip("link", "set", cable, "master", bridge, "up")
        ip("-n", place, "address", "add", address, "dev", bridge)
        ip("-n", place, "link", "set", bridge, "up")

    def members(self):
        """Where members are, for `Cluster`."""
        return {name: ((f"10.83.0.{self.addresses[name]}", 2379), (f"10.84.0.{self.addresses[name]}", 2380))
                for name in etcd.NAMES}

    @staticmethod
    def bytes(place):
        """Bytes that came out of a place by its cable to the clients' bridge, and that went in; with headers."""
        counts = pathlib.Path(f"/sys/class/net/{place}-clients/statistics")
        return tuple(int((counts / name).read_text()) for name in ("rx_bytes", "tx_bytes"))

    @staticmethod
    def inside(place):
        return ["nsenter", f"--net=/run/netns/{place}"]

    @staticmethod
    def cut(place, bridge):
        ip("link", "set", f"{place}-{bridge}", "nomaster")

    @staticmethod
    def put_apart(place):
        """Together with who else is apart."""
        ip("link", "set", f"{place}-clients", "master", "apart")

    @staticmethod
    def heal(place, bridge):
        ip("link", "set", f"{place}-{bridge}", "master", bridge)
