"""Certificates at a real sshd: whoever gets a line gets in, and whom sshd by itself would refuse gets none.

Two of them: one asks pair-authkeys, the other trusts the same CAs by itself (`TrustedUserCAKeys`), for the same names.
"""

import base64
import concurrent.futures
import json
import pwd
import subprocess
import tempfile
import time
from pathlib import Path

import host
import processes
from certificates import plain_base64, plain_blob, private_file, ssh_name
from changed_certificates import AUTHORITIES, USERS, Made, good_ones, key, mutated, resigned
from differences import Differences, Known
from fields import KEY_FIELDS, changed, plain_name, string, strings_in, take_apart

AT_ONCE = 4
# Far enough from now that it does not matter when in the test sshd looks, but for 15: within the skew.
SHIFTS = (-86_400, -3600, -60, 15, 3600, 86_400)
LIKELY = ["kind", "principals", "valid_after", "valid_before", "critical", "extensions"]

PAIR_TOML = """\
space = "differential"
[[service]]
name = "pgs"
logins = ["{login}"]
[[service]]
name = "admin"
logins = ["root"]
[log]
file = "{folder}/log/access.jsonl"
syslog = false
"""

TRUSTING = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/sshd/host_key
PidFile none
LogLevel VERBOSE
TrustedUserCAKeys {folder}/etc/authorities
AuthorizedPrincipalsFile {folder}/etc/principals
AuthorizedKeysFile none
AuthenticationMethods publickey
PermitRootLogin no
UsePAM no
MaxStartups 100
"""

ELSEWHERE = "source-address: sshd holds the session to it, whoever gave the line"
SKEW = "valid from within the clock skew, which sshd does not forgive"
KNOWN = [
    Known(ELSEWHERE, "line", "refused$", lambda case: case.has_foreign_source),
    Known("a force-command with a zero byte, which sshd cannot run", "line", "refused$",
          lambda case: b"\0" in case.critical(b"force-command")),
    Known(SKEW, "line", "refused$", lambda case: case.starts_later),
    Known("a certificate of a key that the client has not", "line", "refused$", lambda case: case.is_of_another_key),
    Known("an option's name that is not printable ASCII", "key-malformed: .*printable ASCII expected", "in"),
    Known("a key id that ends in a zero byte", "key-malformed: key id: a zero byte", "in"),
    Known("options out of order, PROTOCOL.certkeys", "cert-options: (critical options|extensions): .*out of order",
          "in"),
    Known("a principal that cannot be one", "cert-principals: ", "in"),
]


class Offer:
    """A certificate of somebody's, and what it says that only sshd looks at."""

    def __init__(self, made, user):
        self.made, self.user = made, user
        try:
            self.fields = take_apart(made.blob)
        except Exception:
            self.fields = None

    def critical(self, name):
        pairs = strings_in(self.fields["critical"])
        return dict(zip(pairs[::2], pairs[1::2])).get(name, b"")[4:]

    @property
    def has_foreign_source(self):
        return b"127.0.0" not in (self.critical(b"source-address") or b"127.0.0")

    @property
    def is_of_another_key(self):
        kind = plain_name(self.made.kind)
        numbers = [self.fields[name] for name in KEY_FIELDS[kind]]
        return b"".join(map(string, [kind.encode(), *numbers])) != plain_blob(self.user)

    @property
    def starts_later(self):
        after = int.from_bytes(self.fields["valid_after"], "big")
        return 0 <= after - time.time() + 600 <= 630


class Hosts:
    """Made by `with`, and gone after it."""

    def __init__(self, helper):
        self.helper = helper

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pair-lab-", dir=host.PARENT))
        try:
            self.furnish()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        processes.stop("trusting-sshd", self.folder / "sshd")
        host.remove(self.folder)

    def furnish(self):
        host.furnish(self.folder)
        self.login = f"pair-pgs-{self.folder.name.rpartition('-')[2]}"
        host.add_logins(self.folder, [self.login])
        etc = self.folder / "etc"
        lines = [f"{ssh_name(ca)} {plain_base64(ca)}\n" for ca in (key("ca", kind) for kind in AUTHORITIES)]
        (etc / "pair.toml").write_text(PAIR_TOML.format(login=self.login, folder=self.folder))
        (etc / "accounts").write_text("".join(f"acme cert-authority {line}" for line in lines))
        (etc / "authorities").write_text("".join(lines))
        (etc / "principals").write_text("pgs\nadmin\n")
        port = processes.free_port()
        host.serve(self.folder, "trusting-sshd", port, TRUSTING.format(folder=self.folder, port=port))
        self.ports = {"pair": host.start(self.folder, self.helper), "trusting": port}

    def line(self, offer):
        """What pair-authkeys answers: `line`, or the reason and what was compared."""
        uid = str(pwd.getpwnam(self.login).pw_uid)
        done = subprocess.run(
            [self.folder / "bin/pair-authkeys", "--user", self.login, "--uid", uid, "--key",
             base64.b64encode(offer.made.blob), "--type", offer.made.kind, "--config", self.folder / "etc/pair.toml",
             "--json"], capture_output=True, text=True)
        answer = json.loads(done.stdout)
        return "line" if answer["decision"] == "accept" else f"{answer['reason']}: {answer['detail']}"

    def lets_in(self, name, offer, certificate):
        """Whether the sshd of that name does, when ssh offers the certificate, and the key without it."""
        done = subprocess.run(
            ["ssh", "-F", self.folder / "ssh_config", "-p", str(self.ports[name]), "-i", private_file(offer.user),
             "-o", f"CertificateFile={certificate}", "-o", "LogLevel=VERBOSE", f"{self.login}@lab", "true"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=120)
        return "Authenticated to" in done.stderr


def is_readable(certificate):
    """Whether OpenSSH can read it and verifies its signature: the same code as sshd's; others ssh does not offer."""
    return subprocess.run(["ssh-keygen", "-lf", certificate], capture_output=True).returncode == 0


def holder(made):
    return next(user for user in (key("user", kind) for kind in USERS) if ssh_name(user, certificate=True) == made.kind)


def an_offer(random, bases):
    made = random.choice(bases)
    user = holder(made)
    if random.random() < 0.15:
        return Offer(mutated(made, bases, random), user)
    fields = take_apart(made.blob)
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        name = random.choice(LIKELY if random.random() < 0.8 else ["nonce", "serial", "key_id", "reserved"])
        fields[name] = changed(fields, name, random, int(time.time()), SHIFTS)
    return Offer(Made(resigned(fields, made, random), made.kind, made.authority), user)


def certain_offers(random, bases):
    """One for each ground on which sshd refuses a certificate by itself, and a good one."""
    now = int(time.time())
    grounds = [
        ("kind", (2).to_bytes(4, "big")), ("valid_before", (now - 3600).to_bytes(8, "big")),
        ("valid_after", (now + 3600).to_bytes(8, "big")), ("principals", string(b"tuns")), ("principals", b""),
        ("critical", string(b"limit@example.com") + string(b"")), ("reserved", b""),
    ]
    for name, value in grounds:
        made = random.choice(bases)
        fields = take_apart(made.blob) | {name: value}
        yield Offer(Made(resigned(fields, made, random, "rsa-sha2-512"), made.kind, made.authority), holder(made))


def run(programs, random, count):
    bases = [made for made in good_ones(random, max(len(USERS) * len(AUTHORITIES), count // 4), int(time.time()))
             if made.authority in (key("ca", kind) for kind in AUTHORITIES)]
    differences = Differences("sshd", "sshd by itself", KNOWN)
    with Hosts(programs.helper) as hosts, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        offers = list(certain_offers(random, bases))
        offers += [an_offer(random, bases) for _ in range(count - len(offers))]
        for offer, results in zip(offers, pool.map(lambda offer: attempt(hosts, offer), offers)):
            judge(differences, offer, *results)
    return differences


def attempt(hosts, offer):
    with tempfile.TemporaryDirectory(prefix="pair-differential-") as folder:
        certificate = Path(folder, "offered-cert.pub")
        certificate.write_text(f"{offer.made.kind} {base64.b64encode(offer.made.blob).decode()}\n")
        return (hosts.line(offer), is_readable(certificate), hosts.lets_in("pair", offer, certificate),
                hosts.lets_in("trusting", offer, certificate))


def judge(differences, offer, answer, readable, by_pair, by_itself):
    what = f"{offer.made.kind} {base64.b64encode(offer.made.blob).decode()}"
    theirs = "in" if by_itself else "refused" if readable else "refused, unread"
    differences.count(answer, theirs, answer == "line")
    if by_pair and answer != "line":
        differences.add(what, f"let in without a line: {answer}")
    if answer == "line" and by_pair != by_itself:
        differences.add(what, f"with our line {'in' if by_pair else 'refused'}, by itself {theirs}")
    elif answer == "line" and not by_pair:
        differences.judge(offer, what, answer, theirs if readable else "refused with our line, unread")
    elif (answer == "line") != by_itself:
        differences.judge(offer, what, answer, theirs)
