"""A package of the changed modules, what they import, their tests, and pair-authkeys: the rest is not built."""

import pathlib
import re
import subprocess

MANIFEST = """// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"), .unsafeFlags(["-suppress-warnings"]),
]

let package = Package(
    name: "mutants",
    targets: [
%s
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
"""
# Those that are not Swift, as Package.swift has them.
FOREIGN = {
    "CLibcrypto": '.target(name: "CLibcrypto")',
    "CLibsodium": '.systemLibrary(name: "CLibsodium", pkgConfig: "libsodium")',
    "CTOML": '.target(name: "CTOML", exclude: ["link"], cxxSettings: [.define("TOML_EXCEPTIONS", to: "0"),'
    ' .define("TOML_ENABLE_FORMATTERS", to: "0")])',
    "CSandbox": '.target(name: "CSandbox")',
    "CTraps": '.target(name: "CTraps")',
}
PROGRAM = "pair-authkeys"
SUPPORT = "TestSupport"
# What asks which change is to be made.
SWITCH = "Mutants"
DECLARED = re.compile(
    r'(?:stage|suite|target|executableTarget)\(\s*(?:name: )?"([\w-]+)"(?:,\s*(?:imports|dependencies): \[([^\]]*)\])?'
)


class Package:
    """The package in `folder`; changed modules have files of their own there, all else is a link."""

    def __init__(self, repository, folder, modules):
        self.repository, self.folder, self.modules = repository, folder, modules
        declared = {
            name: re.findall(r'"([\w-]+)"', imports or "")
            for name, imports in DECLARED.findall((repository / "Package.swift").read_text())
        }
        for module in modules:
            declared[module].append(SWITCH)
        self.suites = [module + "Tests" for module in modules]
        wanted, todo = [], [*self.suites, SUPPORT, PROGRAM]
        while todo:
            name = todo.pop()
            if name not in wanted:
                wanted.append(name)
                todo += declared.get(name, [])
        folder.mkdir(exist_ok=True)
        targets = []
        for name in sorted(wanted):
            imports = ", ".join(f'"{each}"' for each in declared.get(name, []))
            rest = f'dependencies: [{imports}], %sswiftSettings: settings'
            if name in FOREIGN:
                targets.append(FOREIGN[name])
            elif name in self.suites:
                targets.append(f'.testTarget(name: "{name}", dependencies: [{imports}, "{SUPPORT}"],'
                               " swiftSettings: settings)")
            elif name == SUPPORT:
                targets.append(f'.target(name: "{name}", {rest % f"""path: "Tests/{name}", """})')
            else:
                kind = "executableTarget" if name == PROGRAM else "target"
                targets.append(f'.{kind}(name: "{name}", {rest % ""})')
            self.place(name)
        write(folder / "Package.swift", MANIFEST % "".join(f"        {target},\n" for target in targets).rstrip())
        for name in ("Fixtures", "docs"):
            link(folder / name, repository / name)

    def place(self, name):
        below = "Tests" if name in self.suites or name == SUPPORT else "Sources"
        (self.folder / below).mkdir(exist_ok=True)
        if name in [*self.modules, SWITCH]:
            (self.folder / below / name).mkdir(exist_ok=True)
        else:
            link(self.folder / below / name, self.repository / below / name)

    def write(self, module, files):
        """Puts `files`, text by name, in place of what is there; what has not changed is not built again."""
        place = self.folder / "Sources" / module
        for file in place.iterdir():
            if file.name not in files:
                file.unlink()
        for name, text in files.items():
            write(place / name, text)

    def build(self):
        """What the compiler had to say, `None` where it built."""
        run = subprocess.run(
            ["swift", "build", "--build-tests", "-j", "2", "--package-path", self.folder],
            capture_output=True, text=True, check=False,
        )
        return run.stdout + run.stderr if run.returncode else None

    @property
    def tests(self):
        """The program of all tests."""
        return next((self.folder / ".build/debug").glob("*.xctest"))

    @property
    def program(self):
        return self.folder / ".build/debug" / PROGRAM


def write(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def link(path: pathlib.Path, target):
    if not path.is_symlink():
        path.symlink_to(target)
