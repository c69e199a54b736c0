"""Times an accepted login while one thing at a time grows, and draws it; run by scripts/bench --plots.

Each size in turn, over and over, so that a machine that slows down slows all; medians. The slope is a straight line's
through them, by least squares. Drawn by gnuplot into one SVG file.
"""

import argparse
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import measure

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "fixtures.d"))
import certificates  # noqa: E402
import logins  # noqa: E402
import tokens  # noqa: E402


class Growth:
    """What grows: how it is called, the sizes, and the login at a size, as a command."""

    def __init__(self, title, unit, sizes, login):
        self.title, self.unit, self.sizes, self.login = title, unit, sizes, login
        self.medians = []

    @property
    def slope(self):
        """Microseconds for one more of the unit."""
        return statistics.linear_regression(self.sizes, self.medians).slope * 1000


def others(count, space):
    for number in range(count):
        yield f"{space}\tperson{number}@example.com\texample\tdeploy,person{number}\trole=member\n"


def keys(count):
    """The provider's key set, with so many keys besides its own in front."""
    made = [tokens.Key("p256") for _ in range(count - 1)]
    return lambda served: served | {
        "keys": [key.jwk(kid=f"old-{number}", alg="ES256", use="sig") for number, key in enumerate(made)]
        + served["keys"]}


def principals(count):
    return [certificates.SENTINEL, *(f"principal-{number:04d}" for number in range(count - 1))]


GROWTHS = (
    Growth("members, of other Spaces", "1,000 lines", (1, 250, 500, 750, 1000),
           lambda folder, size: logins.make_login(folder, others(size * 1000, "space"))),
    Growth("members, of this Space", "1,000 lines", (1, 250, 500, 750, 1000),
           lambda folder, size: logins.make_login(folder, others(size * 1000, "build-box"))),
    Growth("groups in the token", "100 groups", (0, 2.5, 5, 7.5, 10),
           lambda folder, size: logins.make_login(
               folder, claims={"groups": [f"team-{number:05d}" for number in range(round(size * 100))]})),
    Growth("principals in the certificate", "100 principals", (0.01, 0.64, 1.28, 1.92, 2.56),
           lambda folder, size: logins.make_login(folder, cert={"principals": principals(round(size * 100))})),
    Growth("keys in the key set", "10 keys", (0.1, 2.5, 5, 7.5, 10),
           lambda folder, size: logins.make_login(folder, key_set=keys(round(size * 10)))),
)


def take(growth, program, folder, rounds):
    commands = []
    for number, size in enumerate(growth.sizes):
        command = [str(program), *growth.login(folder / str(number), size)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True)
        if not printed.stdout:
            raise SystemExit(f"{growth.title}, {size}: the login is not accepted: {printed.stderr}")
        commands.append(command)
    times = [[] for _ in commands]
    for turn in range(rounds):
        order = range(len(commands))
        for index in order if turn % 2 == 0 else reversed(order):
            times[index].append(measure.run(commands[index])[0] * 1000)
    growth.medians = [statistics.median(taken) for taken in times]
    shutil.rmtree(folder)
    print(f"{growth.title:<32} {growth.medians[0]:7.2f} ms to {growth.medians[-1]:7.2f} ms   "
          f"{growth.slope:8.1f} µs for each {growth.unit}", flush=True)


def draw(growths, file):
    columns = 2
    rows = -(-len(growths) // columns)
    script = [f"set terminal svg size 960,{rows * 300} font 'sans-serif,13' background '#ffffff'",
              f"set output '{file}'", f"set multiplot layout {rows},{columns}", "set grid lc '#dddddd'", "set yrange [0:]",
              "set xrange [0:]", "set offsets 0, 0, graph 0.1, 0", "set ylabel 'milliseconds'", "set key off", "set border lc '#555555'"]
    for growth in growths:
        points = "\n".join(f"{size} {value}" for size, value in zip(growth.sizes, growth.medians))
        line = statistics.linear_regression(growth.sizes, growth.medians)
        script += [f"set title '{growth.title}: {growth.slope:.1f} µs for each {growth.unit}'",
                   f"set xlabel '× {growth.unit}'", f"$points << END\n{points}\nEND",
                   f"plot {line.intercept} + {line.slope} * x lc '#9bb8d3' lw 2, $points pt 7 ps 0.7 lc '#1f4e79'"]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--program", type=pathlib.Path, required=True)
    options.add_argument("--plot", type=pathlib.Path, required=True)
    options = options.parse_args()
    print(f"machine: {measure.machine()}\n")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pair-bench-", dir="/opt"))
    folder.chmod(0o755)
    try:
        program = folder / "pair-authkeys"
        shutil.copy(options.program, program)
        subprocess.run(["strip", program], check=True)
        for growth in GROWTHS:
            take(growth, program, folder / "grows", options.rounds)
        draw(GROWTHS, options.plot)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
