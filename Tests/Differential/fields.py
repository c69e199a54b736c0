"""A certificate as a list of its fields (PROTOCOL.certkeys), to be changed one by one, and bytes to be damaged."""

import struct

from certificates import string

KEY_FIELDS = {
    "ssh-ed25519": ["point"], "ssh-rsa": ["e", "n"], "ecdsa-sha2-nistp256": ["curve", "point"],
    "ecdsa-sha2-nistp384": ["curve", "point"], "ecdsa-sha2-nistp521": ["curve", "point"],
}
BEHIND_KEY = ["serial", "kind", "key_id", "principals", "valid_after", "valid_before", "critical", "extensions",
              "reserved", "signature_key"]
WIDTHS = {"serial": 8, "kind": 4, "valid_after": 8, "valid_before": 8}
SHIFTS = (-3600, -31, -30, -1, 0, 1, 29, 30, 31, 3600)
HOSTILE = [b"", b" ", b"\n", b"\0", b"\"", b"\\", b",", b"*", b"?", b"!pgs", b"pgs\0", b"pgs\n", b"PGS", b"pgs,admin",
           "p\u0433s".encode(), b"admin", b"root", b"pgs", b"a" * 128, b"a" * 129, b"\xff", b"\xc3", b"-pgs", b".pgs"]
OPTIONS = [b"force-command", b"source-address", b"verify-required", b"permit-pty", b"permit-X11-forwarding",
           b"no-touch-required", b"permit-user-rc", b"limit@example.com", b"openpubkey-pkt", b"", b"permit pty",
           b"permit-pty\0", b"\xc3\xa9", b"zzz"]


def text_of(blob):
    (size,) = struct.unpack_from(">I", blob)
    return blob[4:4 + size].decode()


def plain_name(certificate_name):
    return certificate_name.removesuffix("-cert-v01@openssh.com")


def take_apart(blob):
    """The fields by name, in order; strings without their lengths. The blob is a good one."""
    kind = text_of(blob)
    names = ["type", "nonce", *KEY_FIELDS[plain_name(kind)], *BEHIND_KEY, "signature"]
    fields, at = {}, 0
    for name in names:
        size = WIDTHS.get(name)
        if size is None:
            (size,) = struct.unpack_from(">I", blob, at)
            at += 4
        fields[name] = blob[at:at + size]
        at += size
    assert at == len(blob)
    return fields


def put_together(fields):
    return b"".join(value if name in WIDTHS else string(value) for name, value in fields.items())


def strings_in(data):
    """The strings one after another; what is left at the end and is none is left out."""
    found, at = [], 0
    while at + 4 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        found.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return found


# Damage


def damaged(data, random):
    """Bytes with something flipped, put in, taken out, doubled or cut."""
    data = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        at = random.randrange(len(data) + 1)
        match random.randrange(9 if data else 1):
            case 0:
                data[at:at] = random.randbytes(random.choice((1, 1, 4, 20)))
            case 1 | 2 | 3:
                at = min(at, len(data) - 1)
                data[at] ^= 1 << random.randrange(8)
            case 4:
                data[min(at, len(data) - 1)] = random.choice((0, 1, 2, 0x7F, 0x80, 0xFF, 0x2C, 0x0A))
            case 5:
                del data[at:at + random.choice((1, 1, 4, 20))]
            case 6:
                data[at:at] = data[at:at + random.choice((1, 4, 8, 24))]
            case 7:
                del data[at:]
            case 8:
                data[at:at + 4] = struct.pack(">I", random.choice((0, 1, 3, 4, len(data), 1 << 31, (1 << 32) - 1)))
    return bytes(data)


def changed_list(data, random):
    """A list of names, changed as a list."""
    names = strings_in(data)
    match random.randrange(5):
        case 0:
            names.insert(random.randrange(len(names) + 1), random.choice(HOSTILE))
        case 1:
            random.shuffle(names)
        case 2:
            names = names * 2
        case 3:
            names = [random.choice(HOSTILE)]
        case _:
            names = names[:1] * random.choice((0, 255, 256, 257))
    return b"".join(map(string, names))


def changed_options(data, random):
    """A list of options, changed as a list; mostly left in order."""
    pairs = strings_in(data)
    pairs = list(zip(pairs[::2], pairs[1::2]))
    for _ in range(random.choice((1, 1, 2))):
        name = random.choice(OPTIONS)
        value = random.choice((b"", string(b""), string(b"a"), string(b"127.0.0.0/8"), b"a", string(b"a") + b"b",
                               string(b"\xff"), string(string(b"a"))))
        pairs.append((name, value))
    if random.random() < 0.2 and pairs:
        pairs.append(random.choice(pairs))
    if random.random() < 0.85:
        pairs = sorted(dict(pairs).items())
    return b"".join(string(name) + string(value) for name, value in pairs)


def changed(fields, name, random, now, shifts=SHIFTS):
    """The field, changed within what its kind can be, or damaged; times are so far from `now`."""
    value = fields[name]
    if name in WIDTHS:
        numbers = [0, 1, 2, 3, 1 << 31, (1 << 32) - 1, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
                   *(now + shift for shift in shifts), 253402300799, 253402300800]
        limit = 1 << 8 * WIDTHS[name]
        return random.choice([number for number in numbers if number < limit]).to_bytes(WIDTHS[name], "big")
    if name == "principals" and random.random() < 0.7:
        return changed_list(value, random)
    if name in ("critical", "extensions") and random.random() < 0.8:
        return changed_options(value, random)
    if name == "key_id" and random.random() < 0.7:
        return random.choice(HOSTILE)
    if name in ("nonce", "reserved") and random.random() < 0.5:
        return random.randbytes(random.choice((0, 1, 31, 33, 400)))
    return damaged(value, random)


