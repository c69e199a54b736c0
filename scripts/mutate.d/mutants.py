"""Finds what can be changed in a Swift file, and writes the file with every change in it, each behind a switch.

The file is cut into tokens, and no more: this is no parser. What comes of a wrong guess does not compile, and is left
out then. A string with what is interpolated in it is one token, so nothing inside is changed.
"""

import dataclasses
import re

TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<text>\#*")
    |(?P<number>0x[0-9A-Fa-f_]+|[0-9][0-9_]*)
    |(?P<word>[$#@]?\w+|`\w+`)
    |(?P<operator>[-+*/%<>=!&|^~?]+|\.\.[.<]|->)
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
OPEN, CLOSE = "([{", ")]}"
OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&"}


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int
    line: int


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change; `line` is 1 for the first, `change` says what becomes of `code`."""

    number: int
    file: str
    line: int
    last_line: int
    code: str
    change: str

    @property
    def name(self):
        return f"{self.file}: {self.code}: {self.change}"


def end_of_text(source, at):
    """The index behind the string that starts at `at`."""
    hashes = re.match("#*", source[at:])[0]
    quote = '"""' if source.startswith('"""', at + len(hashes)) else '"'
    at += len(hashes) + len(quote)
    while not source.startswith(quote + hashes, at):
        if source.startswith("\\" + hashes + "(", at):
            at = end_of_interpolation(source, at + 2 + len(hashes))
        elif source[at] == "\\" and not hashes:
            at += 2
        else:
            at += 1
    return at + len(quote) + len(hashes)


def end_of_interpolation(source, at):
    depth = 1
    while depth:
        if source[at] == '"':
            at = end_of_text(source, at)
            continue
        depth += {"(": 1, ")": -1}.get(source[at], 0)
        at += 1
    return at


def tokens(source):
    """Every token but blanks and comments."""
    found, at, line = [], 0, 1
    while at < len(source):
        match = TOKEN.match(source, at)
        end = end_of_text(source, at) if match.lastgroup == "text" else match.end()
        text = source[at:end]
        if match.lastgroup not in ("space", "comment"):
            found.append(Token(match.lastgroup, text, at, end, line))
        line += text.count("\n")
        at = end
    return found


class Mutation:
    """The changes of one file. `skipped` are names of mutants that are not to be made."""

    def __init__(self, file, source, first, skipped):
        self.file, self.source, self.skipped = file, source, skipped
        self.tokens = tokens(source)
        self.first = self.number = first
        self.mutants = []
        self.edits = []  # (position, order, end, text): what stands up to `end` is replaced
        self.alone = set()  # operators that are a whole condition: both its outcomes are forced
        self.bind()
        self.conditions()
        self.statements()
        for index in range(len(self.tokens)):
            self.token(index)

    def bind(self):
        """The partner of each bracket, by the tokens' indices."""
        self.partner, stack = {}, []
        for index, token in enumerate(self.tokens):
            if token.text in OPEN and token.kind == "mark":
                stack.append(index)
            elif token.text in CLOSE and token.kind == "mark":
                self.partner[stack.pop()] = index

    def add(self, start, end, *changes):
        """The numbers of mutants of the tokens from `start` up to `end`, `None` where each is to be left out."""
        first, last = self.tokens[start], self.tokens[end - 1]
        code = " ".join(self.source[first.start : last.end].split())
        made = []
        for change in changes:
            mutant = Mutant(self.number, self.file, first.line, self.line_of_end(last), code, change)
            if mutant.name in self.skipped:
                return None
            made.append(mutant)
            self.number += 1
        # The same change of the same code elsewhere in the file has a name of its own.
        names = {mutant.name for mutant in self.mutants}
        for index, mutant in enumerate(made):
            count = 2
            while mutant.name in names:
                mutant = dataclasses.replace(mutant, change=f"{changes[index]} ({count})")
                count += 1
            if mutant.name in self.skipped:
                self.number -= len(changes)
                return None
            made[index] = mutant
        self.mutants += made
        return made[0].number

    @staticmethod
    def line_of_end(token):
        return token.line + token.text.count("\n")

    def wrap(self, start, end, before, after):
        first, last = self.tokens[start], self.tokens[end - 1]
        self.edits.append((first.start, 1, first.start, before))
        self.edits.append((last.end, 0, last.end, after))

    # What is changed

    def conditions(self):
        """The parts of each guard, if, while, and of where behind for and case."""
        header = None
        for index, token in enumerate(self.tokens):
            if token.kind != "word":
                continue
            if token.text in ("for", "case", "catch"):
                header = token.text
            elif token.text in ("func", "extension", "struct", "init", "class", "enum", "protocol"):
                header = None
            if token.text in ("guard", "if", "while") or token.text == "where" and header:
                if self.tokens[index + 1].text == ":":
                    continue  # first(where:)
                if token.text == "while" and self.tokens[index - 1].text == "}":
                    continue  # repeat {} while, whose end no token marks
                ends = {"guard": ("else",), "where": ("{", ":", ",")}.get(token.text, ("{",))
                self.parts(index + 1, ends)

    def parts(self, start, ends):
        """Each of the conditions from `start`, separated by commas, up to one of `ends`."""
        at = start
        while True:
            text = self.tokens[at].text
            if text in ends or text == ",":
                self.condition(start, at)
                if text in ends:
                    return
                start = at + 1
            at = self.partner[at] + 1 if at in self.partner else at + 1

    def condition(self, start, end):
        words = [token.text for token in self.tokens[start:end]]
        if words[0] in ("case", "#available"):
            return
        if words[0] in ("let", "var"):
            if "=" not in words:
                return  # `if let name`
            start += words.index("=") + 1
            begin = start + (self.tokens[start].text == "try" and self.tokens[start + 1].text != "?")
            if (number := self.add(start, end, "is nil")) is not None:
                self.wrap(begin, end, f"Mutant.none({number}, ", ")")
            return
        begin = start + (words[0] == "try")
        operators = [at for at in range(start, end) if self.tokens[at].text in OTHER]
        self.alone.update(at for at in operators if len(operators) == 1 and self.tokens[at].text in ("==", "!="))
        if words[0] == "!":
            self.alone.add(start)
        if (number := self.add(start, end, "is true", "is false")) is not None:
            self.wrap(begin, end, f"Mutant.bool({number}, ", ")")

    def statements(self):
        """Each `try` that starts a line: a check that somebody else makes."""
        for index, token in enumerate(self.tokens):
            before = self.tokens[index - 1]
            starts = token.text == "try" or token.text == "_" and self.tokens[index + 1].text == "="
            if not starts or before.line == token.line or before.text in ("=", ",", "(", "[", "return", "in", "?", ":"):
                continue
            end = index
            while True:
                end = self.partner[end] + 1 if end in self.partner else end + 1
                after = self.tokens[end]
                if after.line > self.line_of_end(self.tokens[end - 1]) and after.text != "." or after.text == "}":
                    break
            if "try" in [part.text for part in self.tokens[index : index + 3]] and not self.is_needed(index, end):
                if (number := self.add(index, end, "is left out")) is not None:
                    self.wrap(index, end, f"if !Mutant.isActive({number}) {{ ", " }")

    def is_needed(self, start, end):
        """Whether the statement hands on to another initializer, or is all of a body, and so what it returns."""
        if [token.text for token in self.tokens[start + 1 : start + 4]] == ["self", ".", "init"]:
            return True
        if self.tokens[start - 1].text != "{" or self.tokens[end].text != "}":
            return False
        for token in reversed(self.tokens[: start - 1]):
            if token.text in ("->", "get"):
                return True
            if token.text in ("{", "}", "do", "init"):
                return False
        return False

    def token(self, index):
        token = self.tokens[index]
        before, after = self.tokens[index - 1], self.tokens[min(index + 1, len(self.tokens) - 1)]
        spaced = before.end < token.start and token.end < after.start
        if token.text in OTHER and token.kind == "operator" and spaced and before.text != "func":
            if index not in self.alone and (number := self.add_line(index, f"{token.text} is {OTHER[token.text]}")):
                sign = {"&&": "&", "||": "|"}.get(token.text, "?")
                ask = f".{sign}?." if sign != "?" else ".?."
                self.edits.append((token.start, 2, token.end, f"{ask} {number} .{token.text}."))
        elif token.text == "!" and before.end < token.start or token.text == "!" and before.text in OPEN:
            if index not in self.alone and (number := self.add_line(index, "! is left out")):
                self.edits.append((token.start, 2, token.end, f"{number} .!. "))
        elif token.text in ("true", "false"):
            if number := self.add_line(index, f"{token.text} is {'false' if token.text == 'true' else 'true'}"):
                self.edits.append((token.start, 2, token.end, f"({number} .!!. {token.text})"))
        elif token.text in ("min", "max") and after.text == "(" and before.text != "func":
            if number := self.add_line(index, f"{token.text} is {'max' if token.text == 'min' else 'min'}"):
                name = token.text.capitalize()
                if before.text == ".":
                    self.edits.append((token.start, 2, after.end, f"mutant{name}({number}"))
                else:
                    self.edits.append((token.start, 2, after.end, f"mutant{name}({number}, "))
        elif token.kind == "number" and before.text != "." and "case" not in (self.tokens[at].text for at in (index - 3, index - 1)):
            more = f"{token.text} is {token.text} + 1"
            changes = [more] if int(token.text.replace("_", ""), 0) == 0 else [more, f"{token.text} is {token.text} - 1"]
            if number := self.add_line(index, *changes):
                self.edits.append((token.start, 2, token.end, f"Mutant.number({number}, {token.text})"))

    def add_line(self, index, *changes):
        """Mutants of one token, named by what stands on its line."""
        token = self.tokens[index]
        line = self.source.splitlines()[token.line - 1].strip()
        made = []
        for change in changes:
            name, count = change, 2
            taken = {mutant.name for mutant in self.mutants}
            while f"{self.file}: {line}: {name}" in taken:
                name, count = f"{change} ({count})", count + 1
            made.append(Mutant(self.number + len(made), self.file, token.line, token.line, line, name))
        if any(mutant.name in self.skipped for mutant in made):
            return None
        self.number += len(made)
        self.mutants += made
        return made[0].number

    @property
    def text(self):
        """The file with every change in it; no line becomes another."""
        out, at = [], 0
        for start, _, end, text in sorted(self.edits, key=lambda edit: edit[:2]):
            out += [self.source[at:start], text]
            at = end
        return "import Mutants; " + "".join(out) + self.source[at:]
