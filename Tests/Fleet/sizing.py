#!/usr/bin/env python3
"""What a fleet costs: bytes, requests, processor and memory, for a host and for what serves it (docs/fleet-sizing.md).

    sizing.py --program PAIR [--watchers N] [--idle SECONDS] [--publications N]

Three members of etcd and the hosts have network namespaces of their own, so that what goes over the hosts' cable can be
counted: all bytes, with TLS and the headers of packets (but one header for what the kernel hands over at once). Beside
them nginx serves a policy by https. Prints tables, and what follows from them for more hosts. Needs root, and nginx.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time

from fleet import (Fleet, PERSON, check, conclude, etcd, memory, percentile, processor_seconds, scratch, until)
from network import HOSTS, Network, move_apart

ETCD_LINES = (100, 1_000, 10_000)
URL_LINES = (1_000, 10_000, 100_000)
BEAT = 300  # seconds between two runs of pair-refresh.timer


class Sized(Fleet):
    def __init__(self, folder, program):
        self.network = Network()
        places = self.network.members()
        etcd.make_certificates(folder, [self.network.own, *(client[0] for client, _ in places.values())])
        super().__init__(folder, program, etcd.Cluster(folder, places))
        for name in etcd.NAMES:
            self.cluster.under[name] = self.network.inside(name)
        self.serial, self.nginx = 0, None

    def make(self, lines):
        self.serial += 1
        others = "".join(f"build-box person{number:06}@example.com example deploy\n" for number in range(lines - 1))
        self.sign(self.serial, others + PERSON)
        return self.serial

    # Meters

    def requests(self):
        """How many calls members were asked for since they began, streams too."""
        count = 0
        for name in etcd.NAMES:
            for line in self.cluster.read(name, "/metrics").splitlines():
                # What a maintenance call counts is ours.
                if line.startswith("grpc_server_started_total{") and "Maintenance" not in line:
                    count += int(float(line.split()[-1]))
        return count

    def meter(self):
        sent, received = self.network.bytes(HOSTS)
        return {"sent": sent, "received": received, "requests": self.requests(),
                "members": sum(map(processor_seconds, self.cluster.processes.values())),
                "watchers": sum(map(processor_seconds, self.watchers)), "time": time.monotonic()}

    def since(self, before):
        now = self.meter()
        return {name: now[name] - before[name] for name in now}

    def rest(self, seconds):
        """What is spent while nothing is published."""
        before = self.meter()
        time.sleep(seconds)
        return self.since(before)

    # By https

    def start_nginx(self):
        os.mkdir(f"{self.folder}/www")
        temporary = " ".join(f"{one}_temp_path {self.folder}/{one};"
                             for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{self.folder}/nginx.conf", "w") as file:
            file.write(f"""user root; daemon off; master_process off; pid {self.folder}/pid; events {{}}
http {{
    access_log {self.folder}/access.log; {temporary}
    server {{
        listen {self.network.own}:443 ssl;
        ssl_certificate {self.folder}/member.pem; ssl_certificate_key {self.folder}/member.key;
        root {self.folder}/www;
    }}
}}
""")
        self.nginx = subprocess.Popen(["nginx", "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf"])
        until(lambda: os.path.exists(f"{self.folder}/pid"), "nginx runs")
        with open(f"{self.folder}/url.toml", "w") as file:
            file.write(f'space = "build-box"\n[policy_source]\n'
                       f'url = "https://{self.network.own}/policy.signed"\nfile = "url/policy"\n')

    def serve(self, serial):
        path = f"{self.folder}/www/policy.signed"
        with open(path, "wb") as file:
            file.write(self.policy(serial))
        # An ETag of nginx's has the time in it, to the second.
        os.utime(path, (serial * 10, serial * 10))

    def refresh(self, configuration, status, serial):
        """One `pair host refresh` at the hosts' place: bytes both ways, processor seconds of it and of nginx, time."""
        sent, received = self.network.bytes(HOSTS)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        served = processor_seconds(self.nginx)
        start = time.monotonic()
        done = subprocess.run([*self.network.inside(HOSTS), self.program, "host", "refresh", "--config",
                               f"{self.folder}/{configuration}.toml"], check=False, capture_output=True, text=True,
                              env=dict(os.environ, SSL_CERT_FILE=f"{self.folder}/ca.pem"))
        check(done.returncode == 0, f"pair host refresh: {done.stderr}")
        took = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        now = self.network.bytes(HOSTS)
        with open(f"{self.folder}/{'url' if configuration == 'url' else 'webetcd'}/policy", "rb") as file:
            check(file.read() == self.policy(serial), "another policy is in place")
        if configuration == "url":
            with open(f"{self.folder}/access.log") as file:
                check(f'" {status} ' in file.read().splitlines()[-1], f"status {status} expected")
        busy = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
        return now[0] - sent, now[1] - received, busy, processor_seconds(self.nginx) - served, took

    def end(self):
        if self.nginx:
            self.nginx.kill()
            self.nginx.wait()
        super().end()


def watching(fleet, options):
    """Hosts that watch etcd."""
    fleet.publish(fleet.make(100))
    alone = fleet.rest(options.idle / 2)
    before = memory(fleet.cluster.processes.values())
    count = options.watchers
    for number in range(count):
        fleet.configure(number)
        fleet.start_watcher(number, under=fleet.network.inside(HOSTS))
    fleet.wait("watching", 300)
    # Until the last heartbeat is written.
    until(lambda: len(fleet.status()) == count, "all are there")
    after = memory(fleet.cluster.processes.values())
    # Hosts that begin all at once do nothing for a while.
    fleet.rest(options.idle)
    idle = fleet.rest(options.idle)
    base = alone["members"] / alone["time"]
    each = {
        "requests": (idle["requests"] / idle["time"] - alone["requests"] / alone["time"]) / count,
        "bytes": (idle["sent"] + idle["received"]) / idle["time"] / count,
        "members": (idle["members"] / idle["time"] - base) / count,
        "memory": (after - before) / 3 / count,
    }
    print(f"the members alone take {1000 * base:.1f} ms of a processor a second together, and {before / 3:.0f} MiB "
          f"each\neach of {count} watchers, while nothing is published: {each['requests']:.4f} requests a second, "
          f"{each['bytes']:.0f} bytes a second; {1000 * each['members']:.3f} ms of a processor a second for the "
          f"members together, {1024 * each['memory']:.0f} KiB in each; "
          f"{1000 * idle['watchers'] / idle['time'] / count:.3f} ms and {memory(fleet.watchers) / count:.1f} MiB for "
          f"the host\n")

    print(f"{'a publication to a watcher':30}{'bytes':>10}{'to it':>10}{'from it':>10}{'members ms':>12}{'host ms':>10}"
          f"{'p50 ms':>8}{'p99 ms':>8}")
    published = {}
    for lines in ETCD_LINES:
        serials = [fleet.make(lines) for _ in range(options.publications)]
        before, delays = fleet.meter(), []
        for serial in serials:
            start = fleet.publish(serial)
            delays += [moment - start for moment in fleet.wait(f"policy {serial} is applied").values()]
        spent = fleet.since(before)
        one = {name: value / count / len(serials) for name, value in spent.items()}
        published[lines] = one
        size = len(fleet.policy(serials[-1]))
        print(f"{f'{lines:,} lines of members':30}{size:10,}{one['received']:10,.0f}{one['sent']:10,.0f}"
              f"{1000 * one['members']:12.2f}{1000 * one['watchers']:10.2f}{1000 * percentile(delays, 0.5):8.0f}"
              f"{1000 * percentile(delays, 0.99):8.0f}", flush=True)
    for watcher in list(fleet.watchers):
        fleet.forget(watcher)
    return base, each, published


def refreshing(fleet, options):
    """Hosts that ask a web server, or etcd without a watch."""
    fleet.start_nginx()
    print(f"\n{'pair host refresh':44}{'bytes':>12}{'to it':>12}{'from it':>9}{'nginx ms':>10}{'host ms':>9}{'ms':>7}")
    found = {}
    # Without a provider, whose key set would be fetched as well.
    fleet.configure("etcd", provider="")
    for source, configuration in (("https", "url"), ("etcd", "hostetcd")):
        for lines in URL_LINES if source == "https" else ETCD_LINES:
            news, olds = [], []
            for _ in range(options.publications):
                serial = fleet.make(lines)
                if source == "https":
                    fleet.serve(serial)
                else:
                    fleet.publish(serial)
                news.append(fleet.refresh(configuration, 200, serial))
                olds += [fleet.refresh(configuration, 304, serial) for _ in range(3)]
            for what, runs in (("new", news), ("the same", olds)):
                sent, received, busy, served, took = (statistics.mean(one) for one in zip(*runs))
                found[source, lines, what] = sent + received
                shown = f"{1000 * served:10.1f}" if source == "https" else f"{'':10}"
                print(f"{f'by {source}, {lines:,} lines, {what}':44}{len(fleet.policy(serial)):12,}{received:12,.0f}"
                      f"{sent:9,.0f}{shown}{1000 * busy:9.1f}{1000 * took:7.0f}", flush=True)
    return found


def shown(count):
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            break
        count /= 1000
    return f"{count:.3g} {unit}"


def extrapolating(watched, asked, options):
    """What follows for more hosts; on their own machines, so without what they do themselves."""
    base, each, published = watched
    print(f"\n{'extrapolated to hosts':52}{100:>12,}{1_000:>12,}{10_000:>12,}")

    def row(name, text):
        print(f"{name:52}" + "".join(f"{text(hosts):>12}" for hosts in (100, 1_000, 10_000)))

    row("etcd: requests a second", lambda hosts: f"{hosts * each['requests']:.3g}")
    row("    bytes a second", lambda hosts: shown(hosts * each["bytes"]))
    row("    of one processor, members together", lambda hosts: f"{100 * (base + hosts * each['members']):.3g} %")
    row("    memory more in each member", lambda hosts: shown(hosts * each["memory"] * (1 << 20)))
    for lines, one in published.items():
        row(f"    a publication of {lines:,} lines: bytes",
            lambda hosts: shown(hosts * (one["received"] + one["sent"])))
        row("        of one processor", lambda hosts: f"{hosts * one['members']:.3g} s")
    row("https: requests a second, each 5 min", lambda hosts: f"{hosts / BEAT:.3g}")
    for lines in URL_LINES:
        row(f"    {lines:,} lines: bytes a second, unchanged",
            lambda hosts: shown(hosts * asked["https", lines, "the same"] / BEAT))
        row("        bytes for a new one", lambda hosts: shown(hosts * asked["https", lines, "new"]))


def run(fleet, options):
    fleet.make_signer()
    fleet.start_members()
    watched = watching(fleet, options)
    asked = refreshing(fleet, options)
    extrapolating(watched, asked, options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--idle", type=int, default=60)
    parser.add_argument("--publications", type=int, default=5)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        move_apart()
    with scratch() as folder:
        fleet = Sized(folder, options.program)
        try:
            return conclude(lambda: run(fleet, options))
        finally:
            fleet.end()


if __name__ == "__main__":
    sys.exit(main())
