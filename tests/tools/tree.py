"""The source tree as the static checks see it: which files there are, and what each C file includes."""

import re
from dataclasses import dataclass
from pathlib import Path

C_FOLDERS = ("src", "runtimes/c", "examples", "bench", "tests")
SCRIPT_FOLDERS = ("scripts", ".ci", "runtimes", "examples", "bench", "tests")
SCRIPT_SUFFIXES = (".py", ".js", ".mjs", ".cjs", ".sh")
SKIPPED = {"node_modules", "__pycache__", "corpus", "data"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">]', re.MULTILINE)


@dataclass(frozen=True)
class Include:
    line: int
    name: str
    is_system: bool


@dataclass(frozen=True)
class Source:
    """One text file. `path` is relative to the root of the project."""

    path: str
    text: str

    @property
    def lines(self):
        return self.text.split("\n")[:-1] if self.text.endswith("\n") else self.text.split("\n")

    @property
    def is_c(self):
        return self.path.endswith((".c", ".h"))

    @property
    def is_header(self):
        return self.path.endswith(".h")

    @property
    def includes(self):
        return [
            Include(self.text.count("\n", 0, found.start(2)) + 1, found.group(2), found.group(1) == "<")
            for found in INCLUDE.finditer(self.text)
        ]


def _walk(root, folders, wanted):
    seen = set()
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if (
                relative in seen
                or SKIPPED & set(relative.parts)
                or not path.is_file()
                or path.is_symlink()
            ):
                continue
            if wanted(path):
                seen.add(relative)
                yield Source(relative.as_posix(), path.read_text(encoding="utf-8"))


def _is_script(path):
    if path.suffix in SCRIPT_SUFFIXES:
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def read_c(root):
    return list(_walk(Path(root), C_FOLDERS, lambda path: path.suffix in (".c", ".h")))


def read_scripts(root):
    root = Path(root)
    found = list(_walk(root, SCRIPT_FOLDERS, _is_script))
    check = root / "check"
    if check.is_file():
        found.append(Source("check", check.read_text(encoding="utf-8")))
    return found


def without_comments(text):
    """C text with comments and the content of literals blanked; every character keeps its place."""

    def blank(found):
        token = found.group(0)
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]

    pattern = r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    return re.sub(pattern, blank, text, flags=re.DOTALL)
