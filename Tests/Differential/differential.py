"""scripts/differential: pair beside implementations that share nothing with it; see there for what each part is."""

import argparse
import pathlib
import random
import secrets
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
for folder in ("Tests/Lab", "scripts/fixtures.d"):
    sys.path.append(str(ROOT / folder))

import by_cryptography  # noqa: E402 (these import from there)
import by_joserfc  # noqa: E402
import by_sshd  # noqa: E402
from programs import Broken, Programs  # noqa: E402

# For each part how many inputs: in full, and in short.
PARTS = {
    "certificates": (by_cryptography.run, 20_000, 2_500), "tokens": (by_joserfc.run, 6_000, 1_500),
    "sshd": (by_sshd.run, 400, 24),
}
SHOWN = 10


def tell(differences):
    """The table, and what must not be: the first of each kind with its input, to be tried again."""
    print(differences.table(), flush=True)
    shown = set()
    for why, what in differences.unexplained:
        if len(shown) < SHOWN and why not in shown:
            shown.add(why)
            print(f"   DIFFERENCE {why}\n      {what}")
    if differences.unexplained:
        print(f"   {len(differences.unexplained):,} differences in all", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/differential")
    parser.add_argument("--pair", required=True, help="the program pair")
    parser.add_argument("--helper", required=True, help="the program pair-authkeys")
    parser.add_argument("--short", action="store_true", help="a sample, below a minute")
    parser.add_argument("--seed", type=int, help="for the same changes again; keys are others each time")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part")
    parser.add_argument("cases", type=int, nargs="?", help="so many inputs for each part")
    options = parser.parse_args()

    seed = secrets.randbits(32) if options.seed is None else options.seed
    print(f"differential: seed {seed}", flush=True)
    programs, found, began, sizes = Programs(options.pair, options.helper), 0, time.monotonic(), []
    for name in options.only or PARTS:
        run, full, short = PARTS[name]
        count = options.cases or (short if options.short else full)
        start = time.monotonic()
        # A string: each part's changes are the same whether others ran before it or not.
        differences = run(programs, random.Random(f"{seed} {name}"), count)
        tell(differences)
        found += len(differences.unexplained)
        sizes.append(f"{sum(differences.cells.values()):,} {name} in {time.monotonic() - start:.0f} s")
    print(f"differential: {', '.join(sizes)}; {found} unexplained; seed {seed}, {time.monotonic() - began:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    # What was made for sshd is removed then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except Broken as error:
        sys.exit(f"differential: {error}")
