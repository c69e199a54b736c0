"""The list of cases, and how one is declared."""

import dataclasses
import re
import typing

from baseline import Accepted, Fault, Login, Refused


@dataclasses.dataclass
class Case:
    """One folder of Fixtures/: what it shows and how its login is made."""

    name: str
    about: str  # one sentence
    expect: Accepted | Refused
    make: typing.Callable[[], Login]
    line: int | None  # of docs/threat-model.md


CASES: dict[str, Case] = {}


def case(name, about, expect, *, line=None, **overrides):
    """Declares a case that is the good login with `overrides` (the keywords of `Login`)."""
    if isinstance(expect, str):
        kind, _, code = expect.rpartition(" ")
        expect = {"": Refused, "fault": Fault}[kind](code)
    numbered = re.match(r"a(\d\d)-", name)
    if name in CASES or not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError(f"case {name}: the name is taken or not of a-z, 0-9 and -")
    line = int(numbered[1]) if numbered else line
    CASES[name] = Case(name, about, expect, lambda: Login(**overrides), line)


def crafted(name, about, expect, *, line=None):
    """Declares a case whose login needs more than overrides: the decorated function returns it."""

    def declare(make):
        case(name, about, expect, line=line)
        CASES[name].make = make
        return make

    return declare


def ok(name, about, *, line=None, expect=None, **overrides):
    """Declares an accepted case; `expect` is a dict of what differs in the line (the keywords of `Accepted`)."""
    case(name, about, Accepted(**(expect or {})), line=line, **overrides)
