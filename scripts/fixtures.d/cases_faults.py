"""Faults of the host: arguments, pair.toml, the files it names; and what `revoked` refuses."""

import functools

from baseline import DROP
from cases_19_20 import line
from certificates import fingerprint
from registry import case, ok

# Nothing of the key is read before the faults of arguments and pair.toml: a small one will do.
early = functools.partial(case, user="ed25519", token=DROP)

# Arguments: judged before any file is read
for name, about, argv in [
    ("unknown-flag", "a flag that there is not", lambda good: good + ["--verbose"]),
    ("stray-argument", "an argument without a flag", lambda good: good + ["alice"]),
    ("flag-without-value", "--type without its value", lambda good: good[:-1]),
    ("user-missing", "no --user", lambda good: good[2:]),
    ("key-missing", "no --key", lambda good: good[:4] + good[6:]),
    ("uid-not-a-number", "--uid of letters", lambda good: [*good[:3], "alice", *good[4:]]),
    ("uid-negative", "--uid -1", lambda good: [*good[:3], "-1", *good[4:]]),
    ("explain-and-json", "--explain together with --json", lambda good: good + ["--explain", "--json"]),
    ("empty", "no argument at all", []),
]:
    early(f"fault-usage-{name}", f"usage: {about}", "fault usage", argv=argv)

# pair.toml
early("fault-config-missing", "no pair.toml", "fault config-missing", files={"pair.toml": DROP})
for name, about, text in [
    ("not-toml", "not TOML", "space: build-box\n"),
    ("string-open", "a string that is not closed", lambda good: good.replace('"build-box"', '"build-box')),
    ("member-twice", "a member stands twice", lambda good: 'space = "other"\n' + good),
    ("table-twice", "a table stands twice", lambda good: good + "[log]\nsyslog = true\n[log]\nrequired = true\n"),
    ("three-brackets", "a header with three brackets", "[[[provider]]]\n"),
    ("array-closed-by-brace", "an array that ends in a brace", "a = [}\n"),
    ("array-of-a-comma", "an array of a comma", "a = [,\n"),
    ("dots", "a header with more dots than the stack is deep", "[" + ".".join("a" * 2_500) + "]\n"),
    ("cut", "cut in the middle of a string", lambda good: good[:15]),
    ("not-utf-8", "a byte that is not UTF-8", lambda good: good.encode().replace(b"build-box", b"build-\xff")),
]:
    early(f"fault-config-syntax-{name}", f"pair.toml: {about}", "fault config-syntax", toml=text)
TOP = {
    "unknown-member": ("a member that there is not", {"spaces": "build-box"}),
    "space-number": ("the Space's name as a number", {"space": 7}),
    "skew-number": ("a duration as a number", {"clock_skew": 30}),
    "skew-unit": ("a duration of an unknown unit", {"clock_skew": "30 parsecs"}),
    "skew-negative": ("a negative duration", {"clock_skew": "-30s"}),
    "min-uid-string": ("template_min_uid as a string", {"template_min_uid": "1000"}),
    "min-uid-negative": ("a negative template_min_uid", {"template_min_uid": -1}),
}
for name, (about, settings) in TOP.items():
    early(f"fault-config-{name}", f"pair.toml: {about}", "fault config-invalid", settings=settings)
PROVIDERS = {
    "provider-unknown-member": ("a provider with a member that there is not", {"client_id": "pair-ssh"}),
    "provider-without-issuer": ("a provider without an issuer", {"issuer": DROP}),
    "provider-without-clients": ("a provider without client ids", {"client_ids": DROP}),
    "provider-name-in-capitals": ("a provider's name in capitals", {"name": "Example"}),
    "provider-name-path": ("a provider's name that leaves the folder of key sets", {"name": "../example"}),
    "provider-name-long": ("a provider's name of 33 characters", {"name": "a" * 33}),
    "clients-string": ("client ids as one string", {"client_ids": "pair-ssh"}),
    "issuer-http": ("an http issuer that is not on the loopback interface", {"issuer": "http://login.example.com"}),
    "issuer-http-look-alike": ("an http issuer whose host begins with localhost",
                               {"issuer": "http://localhost.evil.example"}),
    "issuer-http-user-info": ("an http issuer with localhost as user name", {"issuer": "http://localhost@evil.example"}),
    "issuer-not-a-url": ("an issuer without a scheme", {"issuer": "login.example.com"}),
    "algorithm-none": ("algorithm none", {"algorithms": ["RS256", "none"]}),
    "algorithm-hs256": ("algorithm HS256", {"algorithms": ["HS256"]}),
    "algorithm-gq256": ("algorithm GQ256, not supported yet", {"algorithms": ["GQ256"]}),
    "lifetime-number": ("keys_lifetime as a number", {"keys_lifetime": 300}),
    "beyond-string": ("beyond_token_expiry as a string", {"beyond_token_expiry": "true"}),
}
for name, (about, table) in PROVIDERS.items():
    early(f"fault-config-{name}", f"pair.toml: {about}", "fault config-invalid", table=table)
early("fault-config-space-missing", "pair.toml: no Space", "fault config-invalid",
     toml=lambda good: good.replace('space = "build-box"\n', ""))
early("fault-config-provider-twice", "pair.toml: two providers of one name", "fault config-invalid",
     second={"name": "example", "issuer": "https://login.example.com"})
TAILS = {
    "unknown-table": ("a table that there is not", "[logging]\nsyslog = true"),
    "session-unknown-member": ("a member of [session] that there is not", '[session]\nforbid = ["pty"]'),
    "session-unknown-permit": ("a permit that there is not", '[session]\npermit = ["pty", "tunnel"]'),
    "line-unknown-value": ("an expiry_time that there is not", '[line]\nexpiry_time = "cet"'),
    "log-size": ("an unverified_cap without a number", '[log]\nunverified_cap = "lots"'),
    "log-syslog-string": ("syslog as a string", '[log]\nsyslog = "yes"'),
    "service-name": ("a service's name with a quote", "[[service]]\nname = 'p\"gs'\nlogins = [\"pgs\"]"),
    "service-unknown-member": ("a service with a member that there is not",
                               '[[service]]\nname = "pgs"\nlogins = ["pgs"]\nuser = "pgs"'),
    "login-in-two-services": ("a login that belongs to two services", '[[service]]\nname = "a"\nlogins = ["git"]\n'
                              '[[service]]\nname = "b"\nlogins = ["git"]'),
}
for name, (about, tail) in TAILS.items():
    early(f"fault-config-{name}", f"pair.toml: {about}", "fault config-invalid",
         toml=lambda good, tail=tail: f"{good}\n{tail}\n")
case("fault-members-named-but-missing", "a membership file that pair.toml names is missing", "fault config-missing",
     settings={"members": "members"}, files={"members": DROP})

# members: a line for this Space that does not parse
ALICE = "alice@example.com"
for name, about, text in [
    ("torn-last-line", "the last line has no line feed", lambda good: good + line("bob@example.com")[:-1]),
    ("byte-order-mark", "a byte order mark", lambda good: "\ufeff" + good),
    ("crlf", "lines end in CR LF", lambda good: good.replace("\n", "\r\n")),
    ("not-utf-8", "a byte that is not UTF-8",
     lambda good: good.encode() + b"build-box  al\xffce@example.com  example  a\n"),
    ("unknown-option", "an option that there is not", line(ALICE, options="no-x11")),
    ("option-twice", "an option twice", line(ALICE, options="no-pty,no-pty")),
    ("until-twice", "until twice", line(ALICE, options="until=2026-12-31T00:00:00Z,until=2027-12-31T00:00:00Z")),
    ("option-empty", "an empty option", line(ALICE, options="no-pty,,no-user-rc")),
    ("flag-with-value", "a flag with a value", line(ALICE, options="no-pty=yes")),
    ("until-not-a-time", "an until that is not a time", line(ALICE, options="until=tomorrow")),
    ("until-without-zone", "an until without Z", line(ALICE, options="until=2026-12-31T00:00:00")),
    ("until-29-february", "an until on a day that 2027 lacks", line(ALICE, options="until=2027-02-29T00:00:00Z")),
    ("require-without-value", "a require without a value", line(ALICE, options="require=department")),
    ("command-with-carriage-return", "a carriage return in a command", line(ALICE, options='command="a\rb"')),
    ("command-with-nul", "a NUL in a command", line(ALICE, options='command="a\0b"')),
    ("quote-open", "a quote that is not closed", line(ALICE, options='command="/bin/id')),
    ("quote-bytes-behind", "a letter behind a closed quote", line(ALICE, options='command="/bin/id"x')),
    ("unknown-escape", "an escape that there is not", line('"group:a\\nb"')),
    ("three-columns", "three columns", f"build-box  {ALICE}  example\n"),
    ("six-columns", "six columns", line(ALICE, options="no-pty no-user-rc")),
    ("identity-unknown", "an identity of no kind", line("user:alice")),
    ("identity-empty-sub", "an empty subject", line("sub:")),
    ("identity-empty-domain", "an empty domain", line("*@")),
    ("identity-claim-without-value", "a claim without a value", line("claim:department")),
    ("deny-beside-login", "deny beside a login", line(ALICE, "deny,alice")),
    ("any-provider-on-grant", "any provider on a line that grants", line(ALICE, provider="*")),
    ("email-local-on-group", "{email-local} where the identity is a group", line("group:sre", "{email-local}")),
    ("unknown-template", "a template that there is not", line(ALICE, "{sub}")),
    ("login-empty", "an empty login", line(ALICE, "alice,,deploy")),
    ("broken-line-behind", "a broken line behind the one that grants", lambda good: good + "build-box  bob\n"),
]:
    case(f"fault-members-{name}", f"members: {about}", "fault config-syntax", members=text)
# An e-mail counts only together with email_verified, which no comparison of the bare claim asks for.
for name, text in [("claim", line("claim:email=alice@example.com")),
                   ("require", line("sub:248289761001", options="require=email:alice@example.com")),
                   ("template", line("sub:248289761001", logins="{claim:email}"))]:
    case(f"fault-members-bare-email-{name}", f"members: the claim email compared by itself, in a {name}",
         "fault config-syntax", claims={"email_verified": False}, members=text)
case("fault-members-unknown-provider", "members: a line of this Space names a provider that pair.toml lacks",
     "fault config-invalid", members=lambda good: good + line("bob@example.com", provider="okta"))

# revoked: refused whatever else says yes
ANOTHER = "SHA256:uNiVztksCsDhcc0u9e8BrrXbfWGZ0kBKGs6x1mLuvJk"
case("revoked-key", "the certified key is revoked", "revoked-key",
     revoked=lambda login: f"# lost laptop\nkey {fingerprint(login.user)}\n")
case("revoked-identity-by-sub", "the subject is revoked", "revoked-identity",
     revoked="identity example sub:248289761001\n")
case("revoked-identity-by-email", "the e-mail is revoked, without ASCII case", "revoked-identity",
     revoked="identity example ALICE@example.com\n")
case("revoked-identity-by-unverified-email", "the e-mail is revoked, and that holds although it is not verified",
     "revoked-identity", claims={"email_verified": False}, members=line("sub:248289761001"),
     revoked="identity example alice@example.com\n")
for name, about, words in [("serial", "serial", "serial=42"), ("serial-range", "range of serials", "serial=12-42"),
                           ("key-id", "key id", 'id="alice@2026-11-22"')]:
    case(f"revoked-certificate-by-{name}", f"the certificate's {about} is revoked", "revoked-cert",
         cert={"serial": 42, "key_id": "alice@2026-11-22"},
         revoked=lambda login, words=words: f"cert {fingerprint(login.user)} {words}\n")
ok("ok-others-revoked", "other keys, identities and certificates are revoked", cert={"serial": 42}, second={},
   revoked=lambda login: f"key {ANOTHER}\nidentity example sub:1\nidentity second {ALICE}\n"
   f"cert {ANOTHER} serial=42\ncert {fingerprint(login.user)} serial=43-99\n"
   f'cert {fingerprint(login.user)} id="bob"\n')
case("fault-revoked-unknown-word", "revoked: a line of no known kind", "fault config-syntax",
     revoked="user alice\n")
case("fault-revoked-named-but-missing", "a file of revocations that pair.toml names is missing", "fault config-missing",
     settings={"revoked": "revoked"})
