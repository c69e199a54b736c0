"""Certificates as ssh-keygen makes them, and ways for them to go wrong."""

import functools

from certificates import PERMITS, SENTINEL, certificate, signature_blob, ssh_name
from fields import changed, damaged, put_together, string, strings_in, take_apart
from tokens import Key

NOW = 1_795_348_800  # 2026-11-22T12:00:00Z
FOREVER = (1 << 64) - 1
# No keys of authenticators: `cryptography` does not know the names of their certificates.
USERS = ["ed25519", "p256", "p384", "p521", "rsa"]
AUTHORITIES = ["ed25519", "p256", "p384", "p521", "rsa", "rsa-3072"]
PRINCIPALS = [("pgs",), ("admin", "pgs"), ("pgs", "tuns", "alice"), (*(f"p{number}" for number in range(255)), "pgs")]


@functools.cache
def key(owner, kind):
    return Key(kind)


class Made:
    """A certificate, and which of its bytes are a CA's own."""

    def __init__(self, blob, kind, authority):
        self.blob, self.kind, self.authority = blob, kind, authority

    @property
    def has_odd_option_data(self):
        """Whether an option that neither is known nor has to be has data that is no one `string`."""
        try:
            fields = take_apart(self.blob)
            pairs = [strings_in(fields[name]) for name in ("critical", "extensions")]
        except Exception:
            return False
        return any(is_odd(data) for pair in pairs for data in pair[1::2])


def is_odd(data):
    return data != b"" and (len(data) < 4 or data[:4] != (len(data) - 4).to_bytes(4, "big"))


def good_ones(random, count, now=NOW):
    """Certificates of all kinds, by ssh-keygen."""
    made = []
    pairs = [(user, authority) for user in USERS for authority in AUTHORITIES]
    for number in range(count):
        user, authority = pairs[number % len(pairs)]
        user, ca = key("user", user), key("ca", authority)
        if random.random() < 0.1:
            ca = user
        critical = {name: data for name, data in (("force-command", "id"), ("source-address", "127.0.0.0/8"))
                    if random.random() < 0.1}
        extensions = {name: None for name in random.sample(PERMITS, random.randrange(len(PERMITS)))}
        extensions |= {"name@example.com": "value"} if random.random() < 0.2 else {}
        settings = {
            "ca": ca, "principals": (SENTINEL,) if ca is user else random.choice(PRINCIPALS),
            "valid": random.choice(((0, FOREVER), (now - 60, now + 86_400), (now - 60, 1 << 40))),
            "key_id": random.choice(("alice@example.com", "", "Größe \"x\"", "a" * 300)),
            "serial": random.choice((0, 1, 1 << 53, random.getrandbits(64))),
            "critical": critical, "extensions": lambda _, chosen=extensions: chosen}
        if ca.base == "rsa":
            settings["hash"] = random.choice(("rsa-sha2-256", "rsa-sha2-512"))
        made.append(Made(certificate(user, None, **settings), ssh_name(user, certificate=True), ca))
    return made


def resigned(fields, made, random, rsa=None):
    """Signed by the same CA over what the fields are now, with a signature that an RSA CA may make by SHA-1."""
    body = put_together({name: value for name, value in fields.items() if name != "signature"})
    algorithm = None
    if made.authority.base == "rsa":
        algorithm = rsa or random.choice(("rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"))
    return body + string(signature_blob(made.authority, body, algorithm))


def mutated(made, others, random):
    """One of four ways to go wrong."""
    fields = take_apart(made.blob)
    way = random.random()
    if way < 0.35:
        return Made(damaged(made.blob, random), made.kind, made.authority)
    name = random.choice(list(fields))
    if way < 0.5:
        name = "signature" if random.random() < 0.5 else "signature_key"
        fields[name] = damaged(fields[name], random)
        return Made(put_together(fields), made.kind, made.authority)
    if way < 0.6:
        other = take_apart(random.choice(others).blob)
        if name in other:
            fields[name] = other[name]
    else:
        for _ in range(random.choice((1, 1, 2))):
            name = random.choice(list(fields)[:-1])
            fields[name] = changed(fields, name, random, NOW)
    if way < 0.7:
        return Made(put_together(fields), made.kind, made.authority)
    return Made(resigned(fields, made, random), made.kind, made.authority)
