"""Lines 19 and 20 of docs/threat-model.md: the login that is asked for, and who is a member."""

import re

from baseline import DROP, GOOGLE, NOW_TEXT
from registry import case, ok


def line(identity, logins="alice", provider="example", space="build-box", options=""):
    """One line of a membership file."""
    return f"{space}  {identity}  {provider}  {logins}  {options}".rstrip() + "\n"


# 19. LOGIN with /, .., newline, NUL, non-ASCII, over 32 bytes; LOGIN the grant does not name; templates giving root.
for name, about, login in [
    ("slash", "a slash", "alice/../root"), ("dots", "two dots", "ali..ce"), ("only-dots", "two dots alone", ".."),
    ("line-feed", "a line feed", "alice\nroot"), ("nul", "a NUL", "alice\0"),
    ("non-ascii", "a letter beyond ASCII", "\N{LATIN SMALL LETTER A WITH DIAERESIS}lice"),
    ("33-bytes", "33 bytes", "a" * 33), ("empty", "nothing", ""), ("space", "a space", "alice root"),
    ("leading-dot", "a leading dot", ".alice"), ("asterisk", "an asterisk", "*"), ("quote", "a quote", 'alice"'),
    ("comma", "a comma", "alice,root"), ("braces", "a template", "{email-local}"),
    ("inner-dollar-sign", "a dollar sign that is not its last", "al$ce"),
]:
    granted = login if re.fullmatch(r"[\w.$/]+", login) else "alice"  # where a membership file can say it at all
    case(f"a19-login-{name}", f"LOGIN has {about}", "login-malformed", login=login,
         members=line("alice@example.com", granted))
NOT_GRANTED = "login-not-granted"
case("a19-login-not-named", "LOGIN is none of those that the grant names", NOT_GRANTED, login="root", uid="0")
case("a19-login-in-capitals", "LOGIN differs from the granted one in case", NOT_GRANTED, login="Alice")
case("a19-login-longer", "the granted login is the head of LOGIN", NOT_GRANTED, login="alice2")
LOCAL = "build-box  *@example.com  example  {email-local}\n"
USERNAME = "build-box  *@example.com  example  {claim:preferred_username}\n"
case("a19-email-local-root", "{email-local} of root@example.com is root", "login-uid", login="root", uid="0",
     members=LOCAL, claims={"email": "root@example.com"})
case("a19-email-local-with-uid-0", "{email-local} is another login of uid 0", "login-uid", uid="0", members=LOCAL)
case("a19-email-local-uid-below-minimum", "{email-local} is a login of uid 999", "login-uid", uid="999", members=LOCAL)
case("a19-email-local-uid-below-configured-minimum", "the uid is below a higher template_min_uid", "login-uid",
     uid="1999", members=LOCAL, settings={"template_min_uid": 2000})
case("a19-email-local-nobody", "{email-local} is nobody, uid 65534", "login-uid", login="nobody", uid="65534",
     members=LOCAL, claims={"email": "nobody@example.com"})
case("a19-email-local-uid-minus-one", "{email-local} is a login of uid 4294967295, (uid_t) -1", "login-uid",
     uid="4294967295", members=LOCAL)
case("a19-email-local-without-uid", "a template where no --uid is given", "login-uid", uid=None, members=LOCAL)
case("a19-email-local-of-another", "LOGIN is not the e-mail's local part", NOT_GRANTED, login="bob", uid="1002",
     members=LOCAL)
case("a19-email-local-in-capitals", "{email-local} is lower-cased, LOGIN is not", NOT_GRANTED, login="Alice",
     members=LOCAL, claims={"email": "Alice@example.com"})
case("a19-email-local-with-tag", "the local part is alice+root, LOGIN is alice", NOT_GRANTED, members=LOCAL,
     claims={"email": "alice+root@example.com"})
case("a19-claim-template-absent", "{claim:preferred_username} where the token lacks it", NOT_GRANTED, members=USERNAME)
case("a19-claim-template-of-another", "{claim:preferred_username} is another login", NOT_GRANTED, members=USERNAME,
     claims={"preferred_username": "bob"})
case("a19-claim-template-root", "{claim:preferred_username} is root", "login-uid", login="root", uid="0",
     members=USERNAME, claims={"preferred_username": "root"})
ok("ok-login-of-32-bytes", "LOGIN has 32 bytes", line=19, login="a" * 32,
   members=f"build-box  alice@example.com  example  {'a' * 32}\n")

# 20. Member removed, denied, past until, of another Space; e-mail unverified, look-alike, of another provider; ...
NOBODY = "not-a-member"
case("a20-removed", "the member was removed", NOBODY, members="# alice left\n" + line("bob@example.com"))
case("a20-members-empty", "the membership file is empty", NOBODY, members="")
case("a20-members-file-absent", "a membership file that pair.toml does not name is missing: nobody is a member", NOBODY,
     files={"members": DROP})
case("a20-line-commented-out", "Alice's line is a comment", NOBODY, members="  # " + line("alice@example.com"))
for name, identity in [("sub", "sub:248289761001"), ("email", "alice@example.com"), ("email-in-capitals",
                       "ALICE@Example.COM"), ("group", "group:staff"), ("domain", "*@example.com")]:
    case(f"a20-denied-by-{name}", f"a deny on {identity} stands behind the grant", "denied",
         members=lambda good, identity=identity: good + line(identity, "deny"))
case("a20-denied-by-claim", "a deny on a claim's value", "denied", claims={"department": "sales"},
     members=lambda good: good + line("claim:department=sales", "deny"))
case("a20-denied-in-every-space", "a deny for every Space and every provider", "denied",
     members=lambda good: good + line("sub:248289761001", "deny", "*", "*"))
case("a20-denied-by-unverified-email", "a deny on an e-mail matches although it is not verified", "denied",
     claims={"email_verified": False}, members=line("sub:248289761001") + line("alice@example.com", "deny"))
case("a20-denied-by-unverified-domain", "a deny on a domain matches although the e-mail is not verified", "denied",
     claims={"email_verified": DROP}, members=line("sub:248289761001") + line("*@example.com", "deny"))
for name, identity, claims in [
    ("group-without-groups", "group:suspended", {"groups": DROP}),
    ("group-with-groups-as-object", "group:suspended", {"groups": {"sre": True}}),
    ("group-with-a-number-among-groups", "group:suspended", {"groups": ["sre", 7]}),
    ("email-without-email", "mallory@example.com", {"email": DROP, "email_verified": DROP}),
    ("domain-without-email", "*@evil.example", {"email": DROP, "email_verified": DROP}),
    ("email-that-is-a-list", "mallory@example.com", {"email": ["mallory@example.com"]}),
    ("claim-without-claim", "claim:department=sales", {}),
    ("claim-of-another-shape", "claim:department=sales", {"department": {"name": "sales"}}),
]:
    case(f"a20-deny-undecidable-{name}", f"a deny on {identity} that this token does not let decide",
         "deny-undecidable", claims=claims, members=line("sub:248289761001") + line(identity, "deny"))
case("a20-deny-undecidable-of-configured-claim", "the deny's groups stand in another claim by configuration",
     "deny-undecidable", provider={"groups_claim": "roles"}, members=lambda good: good + line("group:sre", "deny"))
case("a20-past-until", "the grant ended a second ago", "grant-expired",
     members=line("alice@example.com", options="until=2026-11-22T11:59:59Z"))
case("a20-until-just-now", "the grant ends this very second: an end is exclusive", "grant-expired",
     members=line("alice@example.com", options=f"until={NOW_TEXT}"))
case("a20-of-another-space", "the grant is for another Space", NOBODY,
     members=line("alice@example.com", space="staging"))
case("a20-of-a-space-with-longer-name", "the grant is for a Space whose name begins with ours", NOBODY,
     members=line("alice@example.com", space="build-box-2"))
for name, about, verified in [("false", "false", False), ("missing", "missing", DROP), ("string", '"true"', "true"),
                              ("number", "1", 1)]:
    case(f"a20-email-verified-{name}", f"email_verified is {about}", NOBODY, claims={"email_verified": verified})
    if name != "missing":
        case(f"a20-domain-email-verified-{name}", f"*@DOMAIN, and email_verified is {about}", NOBODY,
             claims={"email_verified": verified}, members=line("*@example.com"))
for name, about, email, member in [
    ("kelvin-sign", "the Kelvin sign for k", "\N{KELVIN SIGN}ate@example.com", "kate@example.com"),
    ("long-s", "long s for s", "\N{LATIN SMALL LETTER LONG S}am@example.com", "sam@example.com"),
    ("long-s-in-domain", "long s in the domain", "alice@\N{LATIN SMALL LETTER LONG S}tart.example",
     "alice@start.example"),
    ("dotless-i", "dotless i for i", "al\N{LATIN SMALL LETTER DOTLESS I}ce@example.com", "alice@example.com"),
    ("full-width", "a full-width letter", "\N{FULLWIDTH LATIN SMALL LETTER A}lice@example.com", "alice@example.com"),
    ("decomposed", "an accent as a character of its own", "ame\N{COMBINING ACUTE ACCENT}lie@example.com",
     "am\N{LATIN SMALL LETTER E WITH ACUTE}lie@example.com"),
    ("space-behind", "a space behind", "alice@example.com ", "alice@example.com"),
    ("dot-behind", "a dot behind the domain", "alice@example.com.", "alice@example.com"),
    ("tag", "a tag in the local part", "alice+x@example.com", "alice@example.com"),
]:
    case(f"a20-email-{name}", f"an e-mail that equals a member's but for {about}", NOBODY, claims={"email": email},
         members=line(member))
case("a20-domain-of-another", "*@DOMAIN where the e-mail is of a subdomain", NOBODY, members=line("*@example.com"),
     claims={"email": "alice@sub.example.com"})
case("a20-domain-as-tail", "*@DOMAIN where the e-mail's domain ends in it", NOBODY, members=line("*@example.com"),
     claims={"email": "alice@evilexample.com"})
case("a20-domain-before-second-at", "*@DOMAIN where it stands before a second @", NOBODY,
     members=line("*@example.com"), claims={"email": "alice@example.com@evil.example"})
case("a20-domain-long-s", "*@DOMAIN where the domain has a long s", NOBODY, members=line("*@start.example"),
     claims={"email": "alice@\N{LATIN SMALL LETTER LONG S}tart.example"})
case("a20-same-email-at-another-provider", "the grant is for the same e-mail at another provider", NOBODY, second={},
     members=line("alice@example.com", provider="second"))
case("a20-same-sub-at-another-provider", "the grant is for the same subject at another provider", NOBODY, second={},
     members=line("sub:248289761001", provider="second"))
case("a20-other-client-of-the-same-issuer", "two providers share an issuer; the grant is for the other's client",
     NOBODY, second={"issuer": "https://login.example.com"}, members=line("alice@example.com", provider="second"))
case("a20-sub-empty", "an empty sub", "token-claims", claims={"sub": ""})
case("a20-sub-in-other-case", "a subject that differs only in case", NOBODY, claims={"sub": "abc"},
     members=line("sub:ABC"))
case("a20-sub-as-email", "the e-mail of a member stands in sub", NOBODY, claims={
     "sub": "alice@example.com", "email": DROP, "email_verified": DROP})
case("a20-group-in-other-case", "a group that differs only in case", NOBODY, members=line("group:SRE"))
case("a20-group-not-held", "a group that the person is not in", NOBODY, members=line("group:admins"))
case("a20-group-string-not-split", "one string of groups is one group", NOBODY, claims={"groups": "sre,admins"},
     members=line("group:admins"))
case("a20-group-string-with-spaces-not-split", "one string of groups is one group, spaces or not", NOBODY,
     claims={"groups": "sre admins"}, members=line("group:admins"))
case("a20-group-among-non-strings", "groups with a number among them count as absent", NOBODY,
     claims={"groups": ["sre", 7]}, members=line("group:sre"))
case("a20-group-in-unconfigured-claim", "the group stands in roles, which is not the groups claim", NOBODY,
     claims={"groups": DROP, "roles": ["sre"]}, members=line("group:sre"))
case("a20-claim-of-another-value", "a claim of another value", NOBODY, claims={"department": "sales"},
     members=line("claim:department=infra"))
case("a20-require-not-held", "the grant requires a claim's value that the token lacks", NOBODY,
     claims={"department": "sales"}, members=line("alice@example.com", options="require=department:infra"))
case("a20-require-one-of-two-held", "the grant requires two values of which one holds", NOBODY,
     claims={"department": "infra"},
     members=line("alice@example.com", options="require=department:infra,require=country:DE"))
GMAIL = {"provider": GOOGLE, "members": line("*@example.com", provider="google")}
case("a20-google-consumer-account", "a consumer account at Google with a verified address of our domain: no hd", NOBODY,
     **GMAIL)
case("a20-google-other-domain", "an account of another organisation at Google with a verified address of our domain",
     NOBODY, claims={"hd": "evil.example"}, **GMAIL)
case("a20-google-domain-list", "hd at Google is a list that holds our domain", NOBODY, claims={"hd": ["example.com"]},
     **GMAIL)
case("a20-google-unverified", "hd is ours, but the e-mail is not verified", NOBODY,
     claims={"hd": "example.com", "email_verified": False}, **GMAIL)
case("a20-template-system-account", "{email-local} is www-data, uid 33", "login-uid", login="www-data", uid="33",
     members=LOCAL, claims={"email": "www-data@example.com"})
case("a20-command-ending-in-backslash", "a command that ends in a backslash would swallow the closing quote",
     "fault config-syntax", members=line("alice@example.com", options='command="/bin/echo \\\\"'))
case("a20-command-with-backslash-quote", "a command with backslash and quote would end the quoting early",
     "fault config-syntax", members=line("alice@example.com", options='command="/bin/echo \\\\\\"x"'))
