"""What came of the runs: a row a fault, and whatever is wrong in full."""

import sys

COLUMNS = ("served", "refused", "faulted", "ended")


class Report:
    def __init__(self):
        self.rows = {}
        self.wrong = []

    def add(self, fault, outcome, problems, label, run=None):
        """Counts one run: its `outcome` is one of `COLUMNS`; `problems` says what should have been otherwise."""
        row = self.rows.setdefault(fault, dict.fromkeys(("runs", *COLUMNS, "wrong"), 0))
        row["runs"] += 1
        row[outcome] += 1
        if problems:
            row["wrong"] += 1
            said = " ".join(run.error.split())[:400] if run else None
            told = run and f"status {run.status}, printed {run.output[:80]!r}, said {said!r}"
            self.wrong.append((fault, label, problems, told))

    def merge(self, part):
        """Takes over what another report has, as JSON keeps it."""
        self.rows |= part["rows"]
        self.wrong += part["wrong"]

    def table(self):
        heads = ("runs", *COLUMNS, "wrong")
        width = max(map(len, self.rows), default=0)
        lines = [f"{'fault':{width}}" + "".join(f"{head:>9}" for head in heads)]
        total = dict.fromkeys(heads, 0)
        for fault, row in self.rows.items():
            lines.append(f"{fault:{width}}" + "".join(f"{row[head]:9}" for head in heads))
            for head in heads:
                total[head] += row[head]
        lines.append(f"{'all':{width}}" + "".join(f"{total[head]:9}" for head in heads))
        return "\n".join(lines)

    def tell_wrong(self, most=20):
        for fault, label, problems, told in self.wrong[:most]:
            print(f"\nwrong: {fault}: {label}", file=sys.stderr)
            for problem in [*problems, *([told] if told else [])]:
                print(f"    {problem}", file=sys.stderr)
        if len(self.wrong) > most:
            print(f"\nand {len(self.wrong) - most} more", file=sys.stderr)
