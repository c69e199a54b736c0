"""The lab's OpenID provider (openid_provider.py) in the background, on a loopback port.

    lab provider start FOLDER [--port N] [--id-token-life SECONDS] [--ODDITY]…
    lab provider rotate FOLDER [--drop]
    lab provider stop FOLDER

`start` prints the issuer; where it runs already it goes on with these settings, and where it ran before it takes the
same port, people and keys again. ID tokens live 300 s by default. `rotate` makes a new signing key and restarts; the
old public keys stay in the JWKS unless --drop withdraws them.
People: alice, bob, carol, dave (password NAME-pw). Public client: pair-cli, answered at any port of 127.0.0.1,
localhost or [::1], at /callback, /login-callback or /. prompt=none is answered login_required, consent_required or by
a code. A used refresh token is refused: invalid_grant; its successor stays good.

Oddities, on from this `start` to the next (or write FOLDER/oddities, one a line, at any time):
{oddities}
"""

import argparse
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import oddities
import processes

SERVER = Path(__file__).with_name("openid_provider.py")
NAME = "provider"


def make_key(file):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def set_up(folder, port):
    (folder / "port").write_text(f"{port or processes.free_port()}\n")
    make_key(folder / "key.pem")
    subprocess.run([sys.executable, "-B", SERVER, folder, "set-up"], check=True)


def start(folder, port, id_token_life, odd):
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    oddities.replace(folder / "id-token-life", f"{id_token_life}\n")
    oddities.write(folder, odd)
    if not (folder / "db.sqlite3").exists():
        set_up(folder, port)
    if not processes.is_running(NAME, folder):
        serve(folder)
    print(issuer(folder))


def rotate(folder, drop):
    processes.stop(NAME, folder)
    if drop:
        for old in [folder / "key.pem", *folder.glob("retired-*.pem")]:
            old.unlink()
    else:
        retired = len(list(folder.glob("retired-*.pem")))
        (folder / "key.pem").rename(folder / f"retired-{retired}.pem")
    make_key(folder / "key.pem")
    serve(folder)


def serve(folder):
    def answers():
        try:
            with urllib.request.urlopen(f"{issuer(folder)}/.well-known/openid-configuration", timeout=5) as response:
                return response.status == 200
        except urllib.error.URLError:
            return False

    processes.start(NAME, folder, [sys.executable, "-B", SERVER, folder, "serve"], ready=answers)


def issuer(folder):
    return f"http://127.0.0.1:{(folder / 'port').read_text().strip()}"


def main():
    lines = "\n".join(f"    --{name:20}{what}" for name, what in oddities.ODDITIES.items())
    parser = argparse.ArgumentParser(usage=__doc__.format(oddities=lines))
    parser.add_argument("action", choices=["start", "rotate", "stop"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--id-token-life", type=int, default=300)
    parser.add_argument("--drop", action="store_true")
    for name in oddities.ODDITIES:
        parser.add_argument(
            f"--{name}", dest="odd", action="append_const", const=name, default=[], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    match arguments.action:
        case "start":
            start(arguments.folder, arguments.port, arguments.id_token_life, arguments.odd)
        case "rotate":
            rotate(arguments.folder, arguments.drop)
        case "stop":
            processes.stop(NAME, arguments.folder)


if __name__ == "__main__":
    main()
