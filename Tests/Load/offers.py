"""Who logs in, with what, and what must come of it: known here, before anything runs."""

import base64
import dataclasses
import pathlib
import subprocess
import time

import baseline
import certificates
from tokens import Key

HOUR = 3600
ACCEPTED, UNKNOWN = "accepted", "key-unknown"


@dataclasses.dataclass(frozen=True)
class Offer:
    """A key, alone or with a certificate, offered for a login."""

    kind: str  # of the report's row
    login: str
    key: pathlib.Path
    certificate: pathlib.Path | None
    fingerprint: str
    reason: str

    @property
    def is_accepted(self):
        return self.reason == ACCEPTED

    @property
    def records(self):
        """How many records of the access log one login leaves: sshd asks again once it has a signature."""
        if self.reason == UNKNOWN:
            return 0
        return 2 if self.is_accepted else 1

    def ssh(self, client, server):
        certificate = ["-o", f"CertificateFile={self.certificate}"] if self.certificate and server == "pair" else []
        return ["ssh", "-F", str(client), "-i", str(self.key), *certificate, f"{self.login}@{server}"]


class Offers:
    """All offers, and what the host's files must say for them."""

    def __init__(self, host, each):
        """`each`: how many different keys of each kind of offer."""
        self.host, self.folder, self.now = host, host.folder / "keys", int(time.time())
        baseline.NOW, baseline.IAT = self.now, self.now - 5
        baseline.ORIGINAL_IAT, baseline.REFRESHED_IAT = self.now - 2 * HOUR, self.now - 5
        self.idp = {"key-1": Key("rsa"), "key-2": Key("p256")}
        self.withdrawn = Key("rsa")
        self.authority, self.capped, self.stranger = Key("ed25519"), Key("p256"), Key("ed25519")
        self.accounts = [self.authority_line("ci", "cert-authority", self.authority),
                         self.authority_line("apps", 'cert-authority,services="pgs"', self.capped)]
        self.revoked = [f"cert {certificates.fingerprint(self.authority)} serial=100-199",
                        "identity example revoked@example.com"]
        self.accepted, self.refused = [], []
        self.held = []  # certificates.py knows keys by their place in memory: none may be given to another
        for number in range(each):
            self.make_keys(number)
            self.make_refused_keys(number)
            self.make_certificates(number)
            self.make_plain_keys(number)
        for person in ("alice", "bob"):
            self.sign_in(person)
        self.authorize()

    def plan(self, count, draw):
        """`count` offers, a fifth of them to be refused, each kind as often as any other, in random order."""
        fifth = count // 5
        plan = [offers[number % len(offers)] for offers, size in
                ((self.refused, fifth), (self.accepted, count - fifth)) for number in range(size)]
        draw.shuffle(plan)
        return plan

    # Keys

    def make_keys(self, number):
        people = self.host.people
        self.keys("ed25519", "key-1", "mail@example.com")
        self.keys("p256", "key-2", "mail@example.com")
        self.keys("p256", "key-1", f"crew{number}@example.com", groups=["crew"], login=self.host.pgs)
        self.keys("ed25519", "key-2", f"moving{number}@example.com", groups=["moving"])
        self.keys("p256", "key-1", "mail@example.com", refreshed={})
        self.keys("ed25519", "key-1", "both@example.com", login=people)

    def make_refused_keys(self, number):
        now = self.now
        old = {"iat": now - 3 * HOUR, "exp": now + HOUR}
        self.keys("p256", "key-1", "mail@example.com", "keys-expired", times=old, valid=(now - 3 * HOUR, now + HOUR))
        self.keys("ed25519", "key-2", "mail@example.com", "token-expired", times={"iat": now - 600, "exp": now - 60})
        self.keys("ed25519", "key-1", "mail@example.com", "cert-expired", valid=(now - 600, now - 60))
        self.keys("p256", "key-1", f"nobody{number}@example.com", "not-a-member")
        self.keys("ed25519", "key-1", "mail@example.com", "login-not-granted", login=self.host.tuns)
        self.keys("ed25519", "key-2", "denied@example.com", "denied")
        self.keys("p256", "key-2", "revoked@example.com", "revoked-identity")
        self.keys("ed25519", None, "mail@example.com", "kid-unknown")

    def keys(self, user, kid, email, reason=ACCEPTED, *, login=None, groups=(), times=None, valid=None, **more):
        user, now = self.key(user), self.now
        made = baseline.Login(
            user=user, idp=self.idp[kid] if kid else self.withdrawn, op_header={"kid": kid or "withdrawn"},
            claims={"email": email, "sub": email, "groups": list(groups), **(times or {})},
            cert={"valid": valid or (now - 60, now + 2 * HOUR)}, **more)
        self.add("Keys", login or self.host.people, user, made.files["key.pub"], reason)

    def sign_in(self, person):
        """Keys of the lab's own provider, by its own pages."""
        key = self.folder / person
        self.host.lab("sign-in", "--issuer", self.host.issuer, "--user", person, "--out", key, "--lifetime", 4 * HOUR)
        listed = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], capture_output=True, text=True, check=True).stdout
        self.accepted.append(Offer(
            "Keys", self.host.people, key, pathlib.Path(f"{key}-cert.pub"), listed.split()[1], ACCEPTED))

    # Certificates and plain keys

    def make_certificates(self, number):
        host, now = self.host, self.now
        self.certify(self.authority, ["pgs"], host.pgs, serial=number)
        self.certify(self.capped, ["pgs", "tuns"], host.pgs, user="p256")
        self.certify(self.authority, ["admin"], host.tuns, user="p256")
        self.certify(self.capped, ["pgs", "tuns"], host.tuns, "service-not-granted")
        self.certify(self.stranger, ["pgs", "admin"], host.pgs, "ca-unknown")
        self.certify(self.authority, ["pgs"], host.pgs, "revoked-cert", serial=100 + number)
        self.certify(self.authority, ["pgs"], host.pgs, "cert-expired", valid=(now - 600, now - 60))

    def certify(self, authority, principals, login, reason=ACCEPTED, *, user="ed25519", serial=0, valid=None):
        user = self.key(user)
        blob = certificates.certificate(
            user, None, ca=authority, principals=principals, serial=serial, key_id=f"job-{serial}",
            valid=valid or (self.now - 60, self.now + 2 * HOUR))
        name = certificates.ssh_name(user, certificate=True)
        self.add("certificate", login, user, f"{name} {base64.b64encode(blob).decode()}\n", reason)

    def make_plain_keys(self, number):
        for user in (self.key("ed25519"), self.key("p256")):
            self.accounts.append(self.authority_line("ops", "", user))
            self.add("plain key", self.host.pgs, user, None, ACCEPTED)
        stolen = self.key("ed25519")
        self.accounts.append(self.authority_line("ops", "", stolen))
        self.revoked.append(f"key {certificates.fingerprint(stolen)}")
        self.add("plain key", self.host.tuns, stolen, None, "revoked-key")
        self.add("plain key", self.host.tuns, self.key("p256"), None, UNKNOWN)

    def authority_line(self, account, options, key):
        words = (account, options, certificates.ssh_name(key), certificates.plain_base64(key))
        return " ".join(word for word in words if word)

    # Files

    def key(self, kind):
        self.held.append(Key(kind))
        return self.held[-1]

    def add(self, kind, login, user, certificate, reason):
        key = self.folder / f"{len(self.accepted) + len(self.refused)}-{reason}"
        key.touch(mode=0o600)
        key.write_bytes(certificates.private_file(user).read_bytes())
        file = None
        if certificate is not None:
            file = key.with_name(f"{key.name}.certificate")
            file.write_text(certificate)
        offer = Offer(kind, login, key, file, certificates.fingerprint(user), reason)
        (self.accepted if offer.is_accepted else self.refused).append(offer)

    def authorize(self):
        """The same people in authorized_keys, for the sshd that has nothing else."""
        lines = {}
        for offer in self.accepted:
            public = subprocess.run(["ssh-keygen", "-yf", offer.key], capture_output=True, text=True, check=True).stdout
            lines.setdefault(offer.login, []).append(public)
        for login, keys in lines.items():
            file = self.host.folder / "authorized" / login
            file.write_text("".join(keys))
            file.chmod(0o644)
