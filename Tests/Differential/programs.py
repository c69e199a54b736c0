"""pair and pair-authkeys, asked about many keys at a time."""

import base64
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

AT_ONCE = 4_000
# For thousands of folders that live for seconds.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
ANSWER = re.compile(r"^FAIL .*/(\d+)\n     expected  \?\n     found     (.*)\n     (.*)$", re.MULTILINE)
UNREADABLE = re.compile(r"^pair: standard input:(\d+): (.*)$", re.MULTILINE)


class Broken(Exception):
    """A program did not do what it does; nothing can be compared."""


class Programs:
    def __init__(self, pair, helper):
        self.pair, self.helper = pair, helper

    def inspect(self, certificates):
        """For each (type, blob): what `pair keys inspect --json` shows, or why it cannot be read."""
        shown = []
        for start in range(0, len(certificates), AT_ONCE):
            shown += self._inspect(certificates[start:start + AT_ONCE])
        return shown

    def _inspect(self, certificates):
        lines = [f"{kind} {base64.b64encode(blob).decode()} {number}\n" for number, (kind, blob) in
                 enumerate(certificates)]
        done = subprocess.run([self.pair, "keys", "inspect", "--json", "-"], input="".join(lines).encode(),
                              capture_output=True)
        if done.returncode not in (0, 1):
            raise Broken(f"pair keys inspect ended with {done.returncode}: {done.stderr[-500:]}")
        shown = [None] * len(certificates)
        for line in done.stdout.splitlines():
            one = json.loads(line)
            shown[int(one["comment"])] = one
        for number, message in UNREADABLE.findall(done.stderr.decode()):
            shown[int(number) - 1] = message
        if None in shown:
            raise Broken("pair keys inspect says nothing about a line")
        return shown

    def decide(self, host, questions):
        """For each (login, type, blob): the line or `refused: REASON`, and the detail.

        Time and files are those of `host`: `now`, and texts by name, pair.toml among them; FOLDER in pair.toml is where
        those are that stand in folders. By `pair-authkeys replay`, which decides as sshd would have it decided, but
        thousands of times in one process.
        """
        answers = []
        for start in range(0, len(questions), AT_ONCE):
            answers += self._decide(host, questions[start:start + AT_ONCE])
        return answers

    def _decide(self, host, questions):
        with tempfile.TemporaryDirectory(prefix="pair-differential-", dir=MEMORY) as name:
            shared, cases = Path(name, "shared"), Path(name, "cases")
            for file, text in {**host, "expect": "?\n"}.items():
                Path(shared, file).parent.mkdir(parents=True, exist_ok=True)
                Path(shared, file).write_text(text.replace("FOLDER", str(shared)))
            beside = [file.name for file in shared.iterdir() if file.is_file()]
            for number, (login, kind, blob) in enumerate(questions):
                case = cases / str(number)
                case.mkdir(parents=True)
                for file in beside:
                    os.link(shared / file, case / file)
                key = base64.b64encode(blob).decode()
                arguments = ["--user", login, "--uid", "1001", "--key", key, "--type", kind]
                (case / "argv").write_text(json.dumps(arguments))
            done = subprocess.run([self.helper, "replay", cases], capture_output=True)
        answers = [None] * len(questions)
        for number, found, detail in ANSWER.findall(done.stdout.decode()):
            answers[int(number)] = (found, detail)
        if done.returncode != 1 or None in answers:
            raise Broken(f"pair-authkeys replay ended with {done.returncode}, {answers.count(None)} not answered")
        return answers


def reason(answer):
    """The code of a refusal, `fault: …`, or None where there is a line."""
    found, _ = answer
    return found.removeprefix("refused: ") if found.startswith(("refused: ", "fault: ")) else None
