#!/usr/bin/python3
"""The static rules of the house: sizes, layers, rings, words. `./check quick` runs them; so does

    tests/tools/house.py [ROOT]

which prints one line per offence and ends with status 1 when there is any. What each rule is for: HACKING.md.

An offence may be excused by a line of tests/tools/exceptions.txt: `<rule> <path>  # why`. The list may
only shrink: a line that is not in the last commit, or that excuses nothing, is an offence of its own."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tree import read_c, read_scripts, without_comments

FILE_LINES = 600
HEADER_LINES = 150
FUNCTION_LINES = 70
LINE_COLUMNS = 110

# folder -> folders that its files may include, beside itself.
LAYERS = {
    "base": "",
    "sys": "base",
    "model": "base",
    "http": "base sys",
    "store": "base sys model",
    "package": "base sys model",
    "sandbox": "base sys",
    "init": "base sys sandbox",
    "invoke": "base sys model http package sandbox",
    "queue": "base sys model http store invoke",
    "poll": "base sys model http store invoke queue",
    "api": "base sys model http store package sandbox invoke queue poll",
    "console": "base http",
    "daemon": "base sys model http store package sandbox invoke queue poll api console cli",
    "cli": "base sys http model",
}

# Single files with more than their folder has, each with its reason.
FILE_LAYERS = {
    "src/sandbox/spawner_main.c": "init"  # the spawner becomes lamb-init in the child it clones
}

# Libraries that one folder wraps for all others: header prefix -> folders of src/ that may include it.
LIBRARIES = {
    "uv.h": "sys",
    "llhttp": "http",
    "pcre2.h": "model",
    "curl/": "http",
    "sqlite3.h": "store",
    "libpq": "store",
    "archive": "package",
    "seccomp.h": "sandbox init",
    "openssl/": "base http",
    "cmocka.h": "",
}

FORBIDDEN_MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

# function -> what to use instead.
FORBIDDEN_CALLS = {
    "strcpy": "snprintf or memcpy with a checked length",
    "strncpy": "snprintf",
    "strcat": "buf_append_text",
    "strncat": "buf_append_text",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "gets": "fgets",
    "scanf": "a parser that checks its input",
    "sscanf": "a parser that checks its input",
    "strtok": "strtok_r, or a loop over strchr",
    "alloca": "a buffer with a limit",
    "system": "child_run",
    "popen": "child_run",
    "tmpnam": "mkstemp",
    "mktemp": "mkstemp",
    "rand": "ident_random",
    "srand": "ident_random",
    "localtime": "gmtime_r",
    "gmtime": "gmtime_r",
    "ctime": "clock_format_iso",
    "asctime": "clock_format_iso",
    "longjmp": "a return value",
    "usleep": "a timer of the loop",
}

# The same, in src/ alone.
FORBIDDEN_CALLS_SRC = {
    "atoi": "strtol with checks",
    "atol": "strtol with checks",
    "atof": "strtod with checks",
    "strdup": "mem_text",
    "strndup": "mem_copy_text",
    "asprintf": "mem_format",
}


@dataclass(frozen=True)
class Offence:
    rule: str
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


def check_sizes(sources):
    for source in sources:
        lines = source.lines
        limit = HEADER_LINES if source.is_header else FILE_LINES
        if len(lines) > limit:
            yield Offence("file-size", source.path, limit, f"{len(lines)} lines, the limit is {limit}")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_COLUMNS:
                yield Offence(
                    "line-size", source.path, number, f"{len(line)} columns, the limit is {LINE_COLUMNS}"
                )
            if line.endswith((" ", "\t")):
                yield Offence("white-space", source.path, number, "ends with white space")
        if source.text and not source.text.endswith("\n"):
            yield Offence("white-space", source.path, len(lines), "no newline at the end of the file")


FUNCTION_HEAD = re.compile(r"^[A-Za-z_][^\n;={}#]*\([^;{}]*\)\s*\{", re.MULTILINE)


def functions(source):
    """(first line, last line, head) of each function; a definition starts in column one and ends with a
    lone `}`."""
    text = without_comments(source.text)
    for head in FUNCTION_HEAD.finditer(text):
        end = text.find("\n}", head.end() - 1)
        if end >= 0:
            yield text.count("\n", 0, head.start()) + 1, text.count("\n", 0, end + 1) + 1, head.group(0)


def check_functions(sources):
    for source in sources:
        if source.is_c:
            for first, last, _ in functions(source):
                if last - first + 1 > FUNCTION_LINES:
                    size = last - first + 1
                    yield Offence(
                        "function-size",
                        source.path,
                        first,
                        f"{size} lines, the limit is {FUNCTION_LINES}",
                    )


def check_headers(sources):
    for source in sources:
        if source.is_header and not re.search(r"^#pragma once$", source.text, re.MULTILINE):
            yield Offence("pragma-once", source.path, 1, "a header begins with #pragma once")
        if source.is_c and not source.text.startswith("/*"):
            yield Offence(
                "file-head", source.path, 1, "the file does not begin with a comment that says what it is"
            )


def folder_of(path):
    """ "api" for "src/api/lambda/create.c"; None outside src/."""
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def check_layers(sources):
    paths = {source.path for source in sources}
    for source in sources:
        folder = folder_of(source.path)
        if folder is not None and folder not in LAYERS:
            yield Offence("layer", source.path, 1, f"src/{folder} is no folder of the house")
            continue
        for include in source.includes:
            if include.is_system:
                yield from check_library(source, folder, include)
            elif folder is not None:
                yield from check_include(source, folder, include, paths)
            elif source.path.startswith("runtimes/") and "src/" + include.name in paths:
                yield Offence(
                    "layer", source.path, include.line, f"runtimes/ may not include src/{include.name}"
                )


def check_library(source, folder, include):
    for prefix, allowed in LIBRARIES.items():
        if folder is not None and include.name.startswith(prefix) and folder not in allowed.split():
            where = " and ".join(f"src/{name}" for name in allowed.split()) or "tests/"
            yield Offence("layer", source.path, include.line, f"<{include.name}> belongs to {where}")


def check_include(source, folder, include, paths):
    if "src/" + include.name not in paths:
        yield Offence(
            "include",
            source.path,
            include.line,
            f'"{include.name}": write the folder, as in "base/err.h"',
        )
        return
    target = folder_of("src/" + include.name)
    allowed = {folder, *LAYERS[folder].split(), *FILE_LAYERS.get(source.path, "").split()}
    if target not in allowed:
        yield Offence("layer", source.path, include.line, f"src/{folder} may not include {include.name}")


def module_of(path):
    return re.sub(r"\.[ch]$", "", path)


def check_rings(sources):
    """A module is a .c file and its header. Modules that need each other, however indirectly, are a ring."""
    paths = {source.path for source in sources}
    needs = {}
    for source in sources:
        if folder_of(source.path) is None:
            continue
        edges = needs.setdefault(module_of(source.path), set())
        for include in source.includes:
            target = "src/" + include.name
            if not include.is_system and target in paths and module_of(target) != module_of(source.path):
                edges.add(module_of(target))
    for ring in rings(needs):
        names = " -> ".join([*ring, ring[0]])
        yield Offence("ring", ring[0] + ".h", 1, f"modules include each other in a ring: {names}")


def rings(needs):
    """One shortest ring per group of modules that reach each other."""
    done = set()
    for start in sorted(needs):
        if start in done:
            continue
        came_from, queue, ring = {start: None}, [start], None
        while queue and ring is None:
            module = queue.pop(0)
            for target in sorted(needs.get(module, ())):
                if target == start:
                    ring = [module]
                    break
                if target not in came_from:
                    came_from[target] = module
                    queue.append(target)
        if ring is not None:
            while came_from[ring[0]] is not None:
                ring.insert(0, came_from[ring[0]])
            done.update(ring)
            yield ring


def check_words(sources):
    for source in sources:
        if source.path.startswith("tests/tools/"):
            continue
        for number, line in enumerate(source.lines, 1):
            mark = FORBIDDEN_MARKS.search(line)
            if mark:
                yield Offence("mark", source.path, number, f"{mark.group(1)}: finish it, or leave it out")
        if source.is_c:
            yield from check_calls(source)


def check_calls(source):
    forbidden = dict(FORBIDDEN_CALLS)
    if source.path.startswith("src/"):
        forbidden.update(FORBIDDEN_CALLS_SRC)
    if source.path.startswith("src/") and not source.path.startswith("src/base/"):
        forbidden.update(dict.fromkeys(("malloc", "calloc", "realloc", "reallocarray"), "base/mem.h"))
    pattern = re.compile(r"(?<![\w.>])(?<!void )(" + "|".join(sorted(forbidden)) + r")[ \t]*\(")
    for number, line in enumerate(without_comments(source.text).split("\n"), 1):
        for found in pattern.finditer(line):
            name = found.group(1)
            yield Offence("call", source.path, number, f"{name}() is forbidden: use {forbidden[name]}")


STATIC = re.compile(r"^[ \t]*static\b(?P<rest>[^;={]*)(?P<end>[;={])", re.MULTILINE)


def check_globals(sources):
    """No mutable globals in src/: state hangs from a context that is passed down."""
    for source in sources:
        if folder_of(source.path) is None:
            continue
        text = without_comments(source.text)
        for found in STATIC.finditer(text):
            rest = found.group("rest")
            is_function = "(" in re.sub(
                r"\(\s*\*[^)]*\)|__attribute__\s*\(\([^)]*\)\)|\bOWN\(\w+\)", "", rest
            )
            is_fixed = (
                re.search(
                    r"\bconst\b|_Thread_local|volatile sig_atomic_t|pthread_once_t|pthread_key_t", rest
                )
                is not None
            )
            if not is_function and not is_fixed and not re.match(r"\s*(inline|_Static_assert)\b", rest):
                line = text.count("\n", 0, found.start()) + 1
                yield Offence(
                    "global",
                    source.path,
                    line,
                    "mutable state outside a context: " + " ".join(rest.split()),
                )


def read_exceptions(text):
    """{(rule, path): line number}"""
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split("#")[0].split()
        if len(words) == 2:
            found[(words[0], words[1])] = number
    return found


def committed_exceptions(root, path):
    """The list of the last commit, or None where there is none to compare with."""
    shown = subprocess.run(
        ["git", "-C", str(root), "show", f"HEAD:{path}"], capture_output=True, text=True
    )
    return read_exceptions(shown.stdout) if shown.returncode == 0 else None


EXCEPTIONS = "tests/tools/exceptions.txt"


def apply_exceptions(offences, exceptions, committed):
    used = set()
    for offence in offences:
        key = (offence.rule, offence.path)
        if key in exceptions:
            used.add(key)
        else:
            yield offence
    for key, line in exceptions.items():
        if key not in used:
            yield Offence("exception", EXCEPTIONS, line, f"{key[0]} {key[1]}: excuses nothing, remove it")
        if committed is not None and key not in committed:
            yield Offence("exception", EXCEPTIONS, line, f"{key[0]} {key[1]}: the list may only shrink")


CHECKS_OF_C = (check_functions, check_headers, check_layers, check_rings, check_globals)
CHECKS_OF_ALL = (check_sizes, check_words)


def check_tree(root):
    root = Path(root)
    c_sources = read_c(root)
    all_sources = c_sources + read_scripts(root)
    offences = [offence for check in CHECKS_OF_C for offence in check(c_sources)]
    offences += [offence for check in CHECKS_OF_ALL for offence in check(all_sources)]
    listed = root / EXCEPTIONS
    exceptions = read_exceptions(listed.read_text(encoding="utf-8")) if listed.is_file() else {}
    return sorted(apply_exceptions(offences, exceptions, committed_exceptions(root, EXCEPTIONS)), key=str)


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    offences = check_tree(root)
    for offence in offences:
        print(offence)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
