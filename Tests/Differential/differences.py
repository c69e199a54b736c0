"""What two judges made of the same inputs, and which of their differences are known."""

import collections
import re


class Known:
    """A difference that is meant: how what pair says begins, what the other says, and what must hold besides."""

    def __init__(self, why, ours, theirs, holds=lambda case: True):
        self.why, self.ours, self.theirs, self.holds = why, re.compile(ours), re.compile(theirs), holds

    def explains(self, case, ours, theirs):
        return bool(self.ours.match(ours)) and bool(self.theirs.match(theirs)) and self.holds(case)


class Differences:
    """Of one part: how often each of pair's verdicts met each of the other's, and what of that must not be."""

    def __init__(self, name, other, known):
        self.name, self.other, self.known = name, other, known
        self.cells = collections.Counter()
        self.lines = 0
        self.explained = collections.Counter()
        self.unexplained = []

    def count(self, ours, theirs, is_line):
        self.cells[ours.partition(":")[0], theirs.partition(":")[0]] += 1
        self.lines += is_line

    def judge(self, case, what, ours, theirs):
        """A difference: a known one, or not."""
        for known in self.known:
            if known.explains(case, ours, theirs):
                self.explained[known.why] += 1
                return
        self.add(what, f"pair: {ours}; {self.other}: {theirs}")

    def add(self, what, why):
        """What must not be, with the input at which it is."""
        self.unexplained.append((why, what))

    def table(self):
        total = sum(self.cells.values())
        rows = [f"{self.name}: {total:,}, {self.lines:,} with a line", f"   {'pair':<18} {self.other:<18}"]
        rows += [f"   {ours:<18} {theirs:<18} {count:>7,}" for (ours, theirs), count in sorted(self.cells.items())]
        rows += [f"   known: {count:,} × {why}" for why, count in self.explained.most_common()]
        return "\n".join(rows)
