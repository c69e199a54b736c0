"""The good login that every case starts from, and how a case's files come of it.

`Login()` is Alice with a P-256 key, an ES256 token of the provider "example" and a certificate, at 12:00. Each keyword
overrides one stage of making her login (see patch.py for how); what comes after that stage is made honestly of it.
"""

import base64
import calendar
import json
import os
import time

from certificates import SENTINEL, certificate, plain_base64, ssh_name, string
from patch import DROP, patched
from tokens import b64u, canonical_json, cic_header, commitment, compact_json, key

NOW = calendar.timegm((2026, 11, 22, 12, 0, 0))
NOW_TEXT = "2026-11-22T12:00:00Z"
HOUR = 3600
IAT = NOW - 60  # 11:59, so Keys of five minutes end at 12:04
ORIGINAL_IAT = NOW - 6 * HOUR  # of Keys that were renewed
REFRESHED_IAT = NOW - 30  # and so end at 12:04:30

PROVIDER = {"name": "example", "issuer": "https://login.example.com", "client_ids": ["pair-ssh"]}
SECOND = {"name": "second", "issuer": "https://id.second.example", "client_ids": ["pair-second"]}
GOOGLE = {"name": "google", "issuer": "https://accounts.google.com", "client_ids": ["1234.apps.googleusercontent.com"]}


def toml_table(members):
    """TOML lines; JSON's strings, numbers, booleans and arrays of strings are TOML's too."""
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in members.items())


def key_set(provider, keys, **members):
    """A cached key set, docs/configuration.md."""
    return {"fetched_at": NOW - HOUR, "issuer": provider["issuer"], "jwks_uri": provider["issuer"] + "/jwks",
            "keys": keys, **members}


class Login:
    """One login attempt, made in the order of the keywords:

    user: the kind of Alice's key, or a Key;  idp, alg: the kind of the provider's key, the JWS algorithm
    cic, cic_json, cic_signer, cic_signature: CIC header, its bytes, what signs, the signature
    commitment, claims, payload: what is hashed to become the nonce, the ID token's claims, their bytes
    op_header, op_json, op_signer, op_signature: the same for the provider's
    refreshed: dict of claims, payload, header, json, signer, signature for a refreshed token, or a function giving it
    segments, token: the list of the token's parts, its compact form or DROP
    cert, blob: settings of certificates.py, the certificate's bytes
    key_text: what the key file says, of the base64 alone;  login, uid, argv: the arguments
    provider, table: the provider, and what pair.toml alone says of it;  second: another provider, with keys
    settings, toml: pair.toml's first members, its text;  jwk, key_set, key_set_text: the provider's key, set, file
    members, revoked, now: text of these (revoked may be a function of the login);  files: any other, or DROP
    fleet: a policy in place of members and revoked: dict of header (its lines), source (of pair.toml), text (the whole)
    """

    def __init__(self, *, user="p256", idp="p256", alg=None, cic=None, cic_json=None, cic_signer=None,
                 cic_signature=None, commitment=None, claims=None, payload=None, op_header=None, op_json=None,
                 op_signer=None, op_signature=None, refreshed=None, segments=None, token=None, cert=None, blob=None,
                 key_text=None, login="alice", uid="1001", argv=None, provider=None, table=None, second=None,
                 settings=None, toml=None, jwk=None, key_set=None, key_set_text=None, members=None, revoked=None,
                 now=None, files=None, fleet=None):
        self.user = key("alice", user) if isinstance(user, str) else user
        self.idp = key("provider", idp) if isinstance(idp, str) else idp
        self.algorithm = alg or self.idp.algorithm
        self.provider = patched(PROVIDER, provider)
        self.login = login
        self._make_cic(cic, cic_json)
        self._make_claims(claims, payload, commitment, refreshed is not None)
        self._sign(op_header, op_json, op_signer, op_signature, cic_signer, cic_signature)
        self._refresh(refreshed)
        self._wrap(segments, token, cert or {}, blob)
        self.files = {}
        self._add_arguments(key_text, uid, argv, now)
        self._add_policy(table, second, settings, toml, members, revoked)
        if fleet is not None:
            self._bundle(**fleet)
        self._add_key_set(jwk, key_set, key_set_text)
        for name, content in (files or {}).items():
            if content is DROP:
                del self.files[name]
            else:
                self.files[name] = content

    def _make_cic(self, cic, cic_json):
        self.cic = patched(cic_header(self.user, os.urandom(32).hex()), cic)
        self.cic_json = patched(canonical_json(self.cic), cic_json)

    def _make_claims(self, claims, payload, nonce, renewed):
        iat = ORIGINAL_IAT if renewed else IAT
        self.commitment = patched(commitment(self.cic_json), nonce)
        self.claims = patched({
            "iss": self.provider["issuer"], "sub": "248289761001", "aud": self.provider["client_ids"][0],
            "iat": iat, "exp": iat + HOUR, "nonce": self.commitment,
            "email": "alice@example.com", "email_verified": True, "groups": ["sre", "staff"]}, claims)
        self.payload = patched(compact_json(self.claims), payload)

    def _sign(self, op_header, op_json, op_signer, op_signature, cic_signer, cic_signature):
        self.op_header = patched({"alg": self.algorithm, "kid": "key-1", "typ": "JWT"}, op_header)
        self.op_json = patched(compact_json(self.op_header), op_json)
        payload, op, cic = b64u(self.payload), b64u(self.op_json), b64u(self.cic_json)
        sign = op_signer or (lambda message: self.idp.sign(message, self.algorithm))
        self.op_signature = patched(sign(f"{op}.{payload}".encode()), op_signature)
        sign = cic_signer or self.user.sign
        self.cic_signature = patched(sign(f"{cic}.{payload}".encode()), cic_signature)
        self.segments = [payload, op, b64u(self.op_signature), cic, b64u(self.cic_signature)]

    def _refresh(self, refreshed):
        self.refreshed = None
        if refreshed is not None:
            self.refreshed = self.refreshed_token(**(refreshed(self) if callable(refreshed) else refreshed))

    def refreshed_token(self, *, claims=None, payload=None, header=None, json=None, signer=None, signature=None):
        """An ID token in ordinary form for the same person, as a provider's refresh gives: without a nonce."""
        good = {name: value for name, value in self.claims.items() if name != "nonce"}
        good |= {"iat": REFRESHED_IAT, "exp": REFRESHED_IAT + HOUR}
        body = b64u(patched(compact_json(patched(good, claims)), payload))
        head = b64u(patched(compact_json(patched({"alg": self.algorithm, "kid": "key-1", "typ": "JWT"}, header)), json))
        sign = signer or (lambda message: self.idp.sign(message, self.algorithm))
        return f"{head}.{body}.{b64u(patched(sign(f'{head}.{body}'.encode()), signature))}"

    def _wrap(self, segments, token, cert, blob):
        compact = ":".join(patched(self.segments, segments))
        if self.refreshed:
            compact += "." + self.refreshed
        self.token = patched(compact, token) if token is not DROP else None
        iat = REFRESHED_IAT if self.refreshed else IAT
        self.cert_settings = {"valid": (iat - 25, iat + 305), **cert}  # made five seconds after the token
        self.blob = patched(certificate(self.user, self.token, **self.cert_settings), blob)

    def _add_arguments(self, key_text, uid, argv, now):
        name = ssh_name(self.user, certificate=True)
        base64_text = base64.b64encode(self.blob).decode()
        if key_text is None and self.blob.startswith(string(name)):
            self.files["key.pub"] = f"{name} {base64_text} fixture\n"  # a whole line, so that ssh-keygen -L reads it
        else:
            self.files["key.pub"] = patched(base64_text + "\n", key_text)  # the base64 alone, as %k has it
        arguments = ["--user", self.login, "--uid", uid, "--key", "@key.pub", "--type", name]
        if uid is None:
            del arguments[2:4]
        self.files["argv"] = json.dumps(patched(arguments, argv)) + "\n"
        self.files["now"] = f"{now or NOW_TEXT}\n"

    def _add_policy(self, table, second, settings, toml, members, revoked):
        settings = {"space": "build-box", "keysets": "keysets", **(settings or {})}
        tables = [patched(self.provider, table)]
        if second is not None:
            self.second = {**SECOND, **second}
            keys = self.second.pop("keys", None) or [key("second", "rsa").jwk(kid="second-1", alg="RS256", use="sig")]
            tables.append(self.second)
            self._write_key_set(self.second, key_set(self.second, keys))
        text = toml_table(settings) + "".join("\n[[provider]]\n" + toml_table(table) for table in tables)
        self.files["pair.toml"] = patched(text, toml)
        good = f"build-box  alice@example.com  {self.provider['name']}  alice,deploy  role=owner\n"
        self.files["members"] = patched(good, members)
        if revoked:
            self.files["revoked"] = revoked if isinstance(revoked, str) else revoked(self)

    def _bundle(self, *, header=None, source=None, text=None):
        """Moves the files that say who enters into one policy, docs/fleet.md "The bundle"."""
        parts = {name: self.files.pop(name, "") for name in ("members", "accounts", "revoked")}
        lines = patched({
            "pair-policy": 1, "serial": 42, "created": "2026-11-22T11:00:00Z", "expires": "2026-11-22T13:00:00Z",
            **{name: len(part.encode()) for name, part in parts.items()}}, header)
        whole = "".join(f"{name} {value}\n" for name, value in lines.items()) + "\n" + "".join(parts.values())
        self.files["policy"] = patched(whole, text)
        settings = patched({"url": "https://policy.example.com/pair/policy.signed", "file": "policy"}, source)
        self.files["pair.toml"] += "\n[policy_source]\n" + toml_table(settings)

    def _add_key_set(self, jwk, members, text):
        public = patched(self.idp.jwk(kid="key-1", alg=self.algorithm, use="sig"), jwk)
        self._write_key_set(self.provider, patched(key_set(self.provider, [public]), members), text)

    def _write_key_set(self, provider, value, text=None):
        good = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
        self.files[f"keysets/{provider['name']}.json"] = patched(good, text)


class Accepted:
    """The line that an accepted case must print. What is not given is as for the good login."""

    def __init__(self, expires="12:04:00", principal=SENTINEL, command=None, from_=None,
                 permits="pty,port-forwarding,agent-forwarding,user-rc"):
        self.expires, self.principal, self.permits = expires, principal, permits
        self.command, self.from_ = command, from_

    def text(self, login):
        """Decision.swift: only configured words, the expiry, one principal and the plain key."""
        words = ["restrict"] + ([self.permits] if self.permits else [])
        for name, value in (("command", self.command), ("from", self.from_)):
            if value is not None:
                escaped = value.replace('"', '\\"')
                words.append(f'{name}="{escaped}"')
        if self.expires:
            date = self.expires if "-" in self.expires else f"2026-11-22T{self.expires}"
            digits = time.strftime("%Y%m%d%H%M%SZ", time.strptime(date, "%Y-%m-%dT%H:%M:%S"))
            words.append(f'expiry-time="{digits}"')
        words += ["cert-authority", f'principals="{self.principal}"']
        return f"{','.join(words)} {ssh_name(login.user)} {plain_base64(login.user)}"


class Refused:
    """The one reason that a refused case must give."""

    def __init__(self, code):
        self.code = code

    def text(self, login):
        return f"refused: {self.code}"


class Fault(Refused):
    """A fault of the host."""

    def text(self, login):
        return f"fault: {self.code}"

