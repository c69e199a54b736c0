"""The lab's larger OpenID provider: glewlwyd, with login and consent pages that need a real browser.

    lab glewlwyd start FOLDER [--port N] [--redirect-port P]… [--id-token-life SECONDS]
    lab glewlwyd rotate FOLDER [--drop]
    lab glewlwyd stop FOLDER

`start` prints the issuer. Where it runs already it goes on with these settings, and where it ran before it takes the
same port, people, consents and keys again. It answers to http://127.0.0.1:P/callback and nowhere else (default: 8765).
ID tokens live 300 s by default. `rotate` makes new signing keys; the old public keys stay in the JWKS unless --drop
withdraws them.
People: alice, bob, carol, dave (password NAME-pw). Public clients: pair-rs256, pair-es256, pair-eddsa, pair-ps256, by
the algorithm of their ID tokens. A session is kept by a cookie for four weeks, a consent for good; even with both there
is a page with a Continue button, unless the request has prompt=none and a former ID token as id_token_hint.

What it does to a client, as tried: prompt=none without a session is answered interaction_required, with one but without
the hint invalid_request. Nobody can refuse their consent: they log out or close the page, and the client hears nothing.
A refresh gives a new refresh token and no ID token; a used one is refused by status 400 without a body, and so is, from
then on, its successor.
"""

import argparse
import json
import shutil
import sqlite3
import sys
from pathlib import Path

import requests
from joserfc.jwk import ECKey, OKPKey, RSAKey

import people
import processes

PROGRAM = "glewlwyd"
NAME = "glewlwyd"
DEBIAN = Path("/usr/share")
SCHEMA = DEBIAN / "dbconfig-common/data/glewlwyd/install/sqlite3"
PAGES = DEBIAN / "glewlwyd/webapp"
SCOPES = ["openid", "email", "groups", "offline_access"]

#: The signing key of each client, by the end of its name.
ALGORITHMS = {"rs256": "RS256", "es256": "ES256", "eddsa": "EdDSA", "ps256": "PS256"}

# It refuses to start without the secure_connection files, which it never reads.
CONFIG = """\
port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="WARNING"
log_file="{folder}/glewlwyd.log"
cookie_secure=0
cookie_same_site="empty"
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
allow_multiple_user_per_session=true
login_api_enabled=true
max_post_size=1048576
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=false
secure_connection_key_file="/nonexistent"
secure_connection_pem_file="/nonexistent"
secure_connection_ca_file="/nonexistent"
hash_algorithm="SHA512"
database={{ type="sqlite3"; path="{folder}/db" }};
static_files_path="{folder}/webapp/"
static_files_mime_types=(
    {{ extension=".html"; mime_type="text/html" }},
    {{ extension=".css"; mime_type="text/css" }},
    {{ extension=".js"; mime_type="application/javascript" }},
    {{ extension=".json"; mime_type="application/json" }},
    {{ extension=".woff2"; mime_type="font/woff2" }}
)
"""


class API:
    """glewlwyd's administration, as its own pages use it."""

    def __init__(self, folder):
        self.base = f"{origin(folder)}/api"
        self.session = requests.Session()
        self.session.trust_env = False
        self("POST", "auth/", {"username": "admin", "password": "password"})

    def __call__(self, method, path, body=None):
        response = self.session.request(method, f"{self.base}/{path}", json=body, timeout=10)
        if not response.ok:
            sys.exit(f"glewlwyd: {method} {path}: {response.status_code} {response.text[:600]}")
        return response.json() if response.content else None

    def change(self, path, **changes):
        """Overwrites members of what stands at `path`."""
        self("PUT", path, {**self("GET", path), **changes})

    def change_module(self, path, **parameters):
        """Overwrites parameters of a module, which reads them when it is reset."""
        module = self("GET", path)
        module["parameters"].update(parameters)
        self("PUT", path, module)
        self("PUT", f"{path}/reset")


# What it is made of, once


def make_key(algorithm):
    about = {"alg": algorithm, "use": "sig"}
    match algorithm:
        case "ES256":
            key = ECKey.generate_key("P-256", about)
        case "EdDSA":
            key = OKPKey.generate_key("Ed25519", about)
        case _:
            key = RSAKey.generate_key(2048, about)
    key.ensure_kid()
    return key.as_dict(private=True)


def make_keys(folder, retired=()):
    """A key for each algorithm, before those that no longer sign."""
    file = folder / "keys.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"keys": [*map(make_key, ALGORITHMS.values()), *retired]}))


def keys(folder):
    return json.loads((folder / "keys.json").read_text())["keys"]


def signing_kid(folder, name):
    return next(key["kid"] for key in keys(folder) if key["alg"] == ALGORITHMS[name])


def furnish(folder, port):
    """The files that it starts from."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "port").write_text(f"{port or processes.free_port()}\n")
    (folder / "config").write_text(CONFIG.format(folder=folder, port=(folder / "port").read_text().strip()))
    # Debian links config.json to a folder that holds the file: the login page would stay blank.
    not_needed = shutil.ignore_patterns("config.json", "admin.js", "profile.js")
    shutil.copytree(PAGES, folder / "webapp", ignore=not_needed, dirs_exist_ok=True)
    shutil.copy(PAGES / "config.json/config.json", folder / "webapp/config.json")
    make_keys(folder)
    for left in folder.glob("db*"):  # by a start that was ended halfway
        left.unlink()
    with sqlite3.connect(folder / "db") as database:
        database.execute("PRAGMA journal_mode=WAL")  # kept in the file; a fourth of the waits for the disk
        database.executescript(SCHEMA.read_text())


def set_up(folder, ports, life):
    """Scopes, people, the plugin that speaks OpenID Connect, and clients, through its administration."""
    api = API(folder)
    groups = {"multiple": True, "read": True, "write": True, "profile-read": True, "profile-write": False}
    formats = api("GET", "mod/user/database")["parameters"]["data-format"]
    api.change_module("mod/user/database", **{"data-format": {**formats, "groups": groups}})
    formats = api("GET", "mod/client/database")["parameters"]["data-format"]
    sign_kid = {"multiple": False, "read": True, "write": True}
    api.change_module("mod/client/database", **{"data-format": {**formats, "sign_kid": sign_kid}})

    for scope in SCOPES[1:]:
        api("POST", "scope/", {
            "name": scope, "display_name": scope, "password_required": False, "password_max_age": 0, "scheme": {}})
    api.change("scope/openid", password_required=True, password_max_age=0)
    for name, email, groups in people.PEOPLE:
        api("POST", "user/", {
            "username": name, "name": name, "email": email, "password": people.password(name), "enabled": True,
            "scope": [*SCOPES, "g_profile"], "groups": groups})
    api("POST", "mod/plugin/", {
        "module": "oidc", "name": "oidc", "display_name": "OIDC", "enabled": True, "parameters": plugin(folder, life)})
    for name in ALGORITHMS:
        api("POST", "client/", client(name, ports, signing_kid(folder, name)))


def plugin(folder, life):
    return {
        "iss": issuer(folder), "subject-type": "public",
        "jwks-private": (folder / "keys.json").read_text(), "jwks-show": True,
        "default-kid": signing_kid(folder, "rs256"), "client-sign_kid-parameter": "sign_kid",
        "jwt-type": "rsa", "jwt-key-size": "256",
        "access-token-duration": life,  # the ID token's too
        "refresh-token-duration": 1209600, "code-duration": 60,
        "refresh-token-rolling": True, "refresh-token-one-use": "always",
        "auth-type-code-enabled": True, "auth-type-refresh-enabled": True, "auth-type-device-enabled": False,
        "auth-type-token-enabled": False, "auth-type-password-enabled": False,
        "pkce-allowed": True, "pkce-method-plain-allowed": False,
        "pkce-required": True, "pkce-required-public-client": True,
        "email-claim": "mandatory", "name-claim": "mandatory", "scope-claim": "no",
        "claims": [{"name": "groups", "user-property": "groups", "type": "string", "mandatory": True}],
        "allowed-scope": SCOPES,
    }


def client(name, ports, kid):
    return {
        "client_id": f"pair-{name}", "name": f"pair-{name}", "enabled": True, "confidential": False,
        "redirect_uri": redirects(ports), "authorization_type": ["code", "refresh_token"],
        "token_endpoint_auth_method": ["none"], "scope": [], "sign_kid": kid,
    }


def redirects(ports):
    return [f"http://127.0.0.1:{port}/callback" for port in ports]


# The commands


def start(folder, port, ports, life):
    if not shutil.which(PROGRAM):
        sys.exit(f"glewlwyd: needs {PROGRAM}: scripts/install-deps browser")
    new = not (folder / "set-up").exists()
    if new:
        processes.stop(NAME, folder)
        furnish(folder, port)
    if not processes.is_running(NAME, folder):
        serve(folder)
    wanted = json.dumps({"redirect-ports": ports, "id-token-life": life})
    if new:
        set_up(folder, ports, life)
    elif (folder / "set-up").read_text() != wanted:
        api = API(folder)
        for name in ALGORITHMS:
            api.change(f"client/pair-{name}", redirect_uri=redirects(ports))
        api.change_module("mod/plugin/oidc", **{"access-token-duration": life})
    (folder / "set-up").write_text(wanted)
    print(issuer(folder))


def rotate(folder, drop):
    make_keys(folder, retired=[] if drop else keys(folder))
    api = API(folder)
    api.change_module("mod/plugin/oidc", **{
        "jwks-private": (folder / "keys.json").read_text(), "default-kid": signing_kid(folder, "rs256")})
    for name in ALGORITHMS:
        api.change(f"client/pair-{name}", sign_kid=signing_kid(folder, name))


def serve(folder):
    port = int((folder / "port").read_text())
    processes.start(
        NAME, folder, [PROGRAM, f"--config-file={folder}/config"], ready=lambda: processes.accepts(port))


def origin(folder):
    return f"http://127.0.0.1:{(folder / 'port').read_text().strip()}"


def issuer(folder):
    return f"{origin(folder)}/api/oidc"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("action", choices=["start", "rotate", "stop"])
    parser.add_argument("folder", type=lambda path: Path(path).absolute())
    parser.add_argument("--port", type=int)
    parser.add_argument("--redirect-port", type=int, action="append")
    parser.add_argument("--id-token-life", type=int, default=300)
    parser.add_argument("--drop", action="store_true")
    arguments = parser.parse_args()
    match arguments.action:
        case "start":
            start(arguments.folder, arguments.port, arguments.redirect_port or [8765], arguments.id_token_life)
        case "rotate":
            rotate(arguments.folder, arguments.drop)
        case "stop":
            processes.stop(NAME, arguments.folder)


if __name__ == "__main__":
    main()
