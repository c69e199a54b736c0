"""Who can sign in at the lab's providers; the password is NAME-pw. Used by openid_provider.py and glewlwyd.py."""

#: Name, e-mail address, groups. `carol` is of another domain.
PEOPLE = [
    ("alice", "alice@example.org", ["dev", "ops"]),
    ("bob", "bob@example.org", ["dev"]),
    ("carol", "carol@other.example", ["sales"]),
    ("dave", "dave@example.org", ["dev"]),
]

#: Who never proved his address, where a provider tells.
UNVERIFIED = {"dave"}


def password(name):
    return f"{name}-pw"
