"""Grants that want the login in a group of the host's. On every host root is in root; the other group is on none."""

import functools

from cases_19_20 import line
from registry import case, ok

NOWHERE = "pair-no-such-group"
root = {"login": "root", "uid": "0", "settings": {"unix_groups": True}}


def grant(options, logins="root"):
    return line("alice@example.com", logins, options=options)


accepted = functools.partial(ok, **root)
accepted("ok-unix-group", "the login is in the group that the grant wants", members=grant("unix-group=root,no-pty"),
         expect={"permits": "port-forwarding,agent-forwarding,user-rc"})
accepted("ok-unix-group-quoted", "the group in quotes, beside other options",
         members=grant('role=ops,unix-group="root",no-user-rc'),
         expect={"permits": "pty,port-forwarding,agent-forwarding"})
accepted("ok-unix-group-next", "the first grant wants another group, and the next one counts with its own options",
         members=grant(f"unix-group={NOWHERE},no-pty") + grant("no-user-rc"),
         expect={"permits": "pty,port-forwarding,agent-forwarding"})
accepted("ok-unix-group-behind", "a grant that wants no group stands in front",
         members=grant("no-pty") + grant(f"unix-group={NOWHERE}"),
         expect={"permits": "port-forwarding,agent-forwarding,user-rc"})
ok("ok-unix-group-of-another", "a grant of another login wants a group, and pair.toml wants nobody asked",
   members=lambda good: grant("unix-group=root") + good)

refused = functools.partial(case, **root)
refused("unix-group-none", "there is no such group", "unix-group", members=grant(f"unix-group={NOWHERE}"))
refused("unix-group-spelling", "a group's name is compared byte for byte", "unix-group",
        members=grant("unix-group=Root"))
refused("unix-group-before-login-not-granted", "the group of one line, and the login of another", "unix-group",
        members=grant("", "alice") + grant(f"unix-group={NOWHERE}"))
refused("unix-group-denied", "a deny behind a grant whose group the login is in", "denied",
        members=grant("unix-group=root") + line("sub:248289761001", "deny"))
refused("unix-group-expired", "a grant that is over wants a group", "grant-expired",
        members=grant("unix-group=root,until=2026-11-22T11:59:59Z"))
refused("unix-group-login-missing", "there is no user of the login's name", "unix-group", login="pair-no-such-user",
        uid="4000000000", members=grant("unix-group=root", "pair-no-such-user"))
case("unix-group-off", "the grant wants a group, and pair.toml wants nobody asked", "unix-group-unavailable",
     login="root", uid="0", members=grant("unix-group=root"))
case("unix-group-off-false", "the grant wants a group, and pair.toml wants nobody asked by name",
     "unix-group-unavailable", login="root", uid="0", settings={"unix_groups": False},
     members=grant("unix-group=root") + grant(""))
for name, about, options in [
    ("without-value", "unix-group without a value", "unix-group"),
    ("empty", "an empty group", "unix-group="),
    ("twice", "two groups", "unix-group=root,unix-group=adm"),
    ("long", "a group's name of 257 bytes", "unix-group=" + "g" * 257),
]:
    refused(f"fault-unix-group-{name}", about, "fault config-syntax", members=grant(options))
case("fault-unix-groups-string", "unix_groups as a string", "fault config-invalid", settings={"unix_groups": "true"})
