"""Times certificates and tokens by themselves, where no program starts for each; run by scripts/bench.

By InProcess, what a login checks against the signatures in it alone: certificates of each type of CA, and Keys with
tokens of 2, 10 and 1,000 groups. By `pair keys inspect --json -`, 100,000 certificates in one file against
`ssh-keygen -L`, which checks their signatures too.
"""

import argparse
import base64
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import measure

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "fixtures.d"))
import baseline  # noqa: E402
import certificates  # noqa: E402
import tokens  # noqa: E402

CERTIFICATES, DIFFERENT = 100_000, 5_000
TYPES = {"ed25519": "Ed25519", "p256": "ECDSA P-256", "rsa": "RSA 2048"}


def base(number):
    return base64.b64encode(number).decode()


def certificate_lines(authority, count):
    now = int(time.time())
    for number in range(count):
        user = certificates_users[number % len(certificates_users)]
        blob = certificates.certificate(
            user, None, ca=authority, principals=["pgs", f"job-{number}"], serial=number, key_id=f"job {number}",
            valid=(now - 60, now + 3600))
        yield f"{certificates.ssh_name(user, certificate=True)} {base(blob)}\n"


certificates_users = [tokens.Key(kind) for kind in ("ed25519", "p256") * 10]


def check(key, signature, message):
    """A signature with its key's numbers, as InProcess has them."""
    numbers = key.private.public_key().public_numbers()
    if key.base == "rsa":
        public = {"modulus": base(numbers.n.to_bytes(256, "big")), "exponent": base(numbers.e.to_bytes(3, "big"))}
    else:
        public = {"point": base(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))}
    return public | {"signature": base(signature), "message": base(message)}


def make_keys(folder, groups):
    """Keys that are good now, with an RS256 token of so many groups, and the signatures to check in them."""
    now = int(time.time())
    baseline.NOW, baseline.IAT = now, now - 5
    # By hand, for ssh-keygen takes no extension of more than 128 KiB on its command line.
    login = baseline.Login(idp="rsa", table={"keys_lifetime": "1h"},
                           cert={"valid": (now - 60, now + 3600), "hand": groups >= 10_000},
                           claims={"groups": [f"team-{number:05d}" for number in range(groups)]})
    for name, content in login.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    payload, op, op_signature, cic, cic_signature = login.segments
    # What the certificate's own signature covers is as long as the certificate; it is made once more, over that.
    signed = login.blob[:-101]
    checks = [
        check(login.idp, tokens.unb64u(op_signature), f"{op}.{payload}".encode()),
        check(login.user, tokens.unb64u(cic_signature), f"{cic}.{payload}".encode()),
        check(login.user, login.user.sign(signed), signed)]
    (folder / "checks").write_text(json.dumps(checks))
    return login


def inspect(program, folder):
    # ssh-keygen checks signatures too, those of RSA in the least time.
    lines = list(certificate_lines(tokens.Key("rsa"), DIFFERENT))
    file = folder / "certificates"
    file.write_text("".join(lines) * (CERTIFICATES // DIFFERENT))
    commands = ([str(program), "keys", "inspect", "--json", "-"], ["ssh-keygen", "-L", "-f", "-"])
    ratios, times = [], ([], [])
    for turn in measure.turns(3):
        taken = [0.0, 0.0]
        for index in turn:
            start = time.perf_counter()
            with file.open() as given:
                shown = subprocess.run(commands[index], stdin=given, stdout=subprocess.PIPE, check=True).stdout
            taken[index] = time.perf_counter() - start
            count = shown.count(b"\n") if index == 0 else shown.count(b"Signing CA:")
            if count != CERTIFICATES:
                raise SystemExit(f"{commands[index][0]} showed {count} certificates")
        ratios.append(taken[0] / taken[1])
        for index in (0, 1):
            times[index].append(taken[index] * 1000)
    ours, theirs = map(statistics.median, times)
    title = f"{CERTIFICATES:,} certificates / ssh-keygen -L"
    print(f"{title:<32} {statistics.median(ratios):5.2f}   {min(ratios):.2f} to {max(ratios):.2f}   {ours:7.0f} ms  "
          f"{theirs:7.0f} ms", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--in-process", type=pathlib.Path, required=True)
    options.add_argument("--pair", type=pathlib.Path, required=True)
    options = options.parse_args()
    print(f"{'':<33} {'ratio':>5}  {'quartiles':<12}   {'ours':>9}  {'signatures':>10}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for kind, name in TYPES.items():
            file = folder / kind
            file.write_text("".join(certificate_lines(tokens.Key(kind), 200)))
            subprocess.run([options.in_process, "certificates", f"certificate, CA {name}", file], check=True)
        for groups in (2, 10, 1_000):
            keys = folder / f"keys-{groups}"
            keys.mkdir()
            login = make_keys(keys, groups)
            title = f"Keys, {groups:,} groups, {len(login.token):,} bytes"
            subprocess.run([options.in_process, "token", title, keys], check=True)
        keys = folder / "keys-10000"
        keys.mkdir()
        login = make_keys(keys, 10_000)
        refused = subprocess.run([options.in_process, "token", "", keys], capture_output=True, text=True)
        title = f"Keys, 10,000 groups, {len(login.token):,} bytes"
        print(f"{title:<33}  {'refused: ' + refused.stderr.strip() if refused.returncode else 'taken'}")
        print(f"\n{'':<32} {'ratio':>5}   {'range':<12}   {'ours':>10}  {'the other':>10}")
        inspect(options.pair, folder)


main()
