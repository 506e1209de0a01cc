"""Each static check must be able to fail: every test builds a small tree with one offence and expects
that one alone."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import house

HEAD = "/* What it is. */\n"


def offences(tmp_path, files):
    for path, text in files.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return [(offence.rule, offence.path, offence.line) for offence in house.check_tree(tmp_path)]


def test_clean_tree_has_no_offence(tmp_path):
    files = {
        "src/base/err.h": HEAD + "#pragma once\nint err_code(void);\n",
        "src/base/err.c": HEAD + '#include "base/err.h"\n\nint err_code(void) {\n    return 0;\n}\n',
        "src/sys/loop.c": HEAD
        + '#include <uv.h>\n\n#include "base/err.h"\n\nstatic const int size = 3;\n',
        "scripts/test": "#!/bin/sh\nexit 0\n",
    }
    assert offences(tmp_path, files) == []


@pytest.mark.parametrize(
    "path, limit", [("src/base/a.c", 600), ("src/base/a.h", 150), ("scripts/a", 600)]
)
def test_file_size(tmp_path, path, limit):
    head = "#!/bin/sh\n" if path.startswith("scripts") else HEAD
    text = head + ("#pragma once\n" if path.endswith(".h") else "")
    fits = text + "\n" * (limit - text.count("\n"))
    assert offences(tmp_path, {path: fits}) == []
    assert offences(tmp_path, {path: fits + "\n"}) == [("file-size", path, limit)]


def test_line_size(tmp_path):
    assert offences(tmp_path, {"src/base/a.c": HEAD + "// " + "x" * 107 + "\n"}) == []
    assert offences(tmp_path, {"src/base/a.c": HEAD + "// " + "x" * 108 + "\n"}) == [
        ("line-size", "src/base/a.c", 2)
    ]


def test_line_size_holds_for_scripts(tmp_path):
    text = "#!/bin/sh\n# " + "x" * 109 + "\n"
    assert offences(tmp_path, {"scripts/a": text}) == [("line-size", "scripts/a", 2)]


def test_white_space(tmp_path):
    assert offences(tmp_path, {"src/base/a.c": HEAD + "int a; \n"}) == [
        ("white-space", "src/base/a.c", 2)
    ]
    assert offences(tmp_path, {"src/base/a.c": HEAD + "int a;"}) == [("white-space", "src/base/a.c", 2)]


@pytest.mark.parametrize(
    "head", ["int f(void) {", "static int *f(int a,\n      int b) {", "int f(void)\n{"]
)
def test_function_size(tmp_path, head):
    def function(lines):
        return HEAD + head + "\n" + "    g();\n" * (lines - head.count("\n") - 2) + "}\n"

    assert offences(tmp_path, {"src/base/a.c": function(70)}) == []
    assert offences(tmp_path, {"src/base/a.c": function(71)}) == [("function-size", "src/base/a.c", 2)]


def test_table_is_no_function(tmp_path):
    text = HEAD + "static const int table[] = {\n" + "    1,\n" * 100 + "};\n"
    assert offences(tmp_path, {"src/base/a.c": text}) == []


def test_header_without_pragma_once(tmp_path):
    assert offences(tmp_path, {"src/base/a.h": HEAD}) == [("pragma-once", "src/base/a.h", 1)]


def test_file_without_head(tmp_path):
    assert offences(tmp_path, {"src/base/a.c": "int a;\n"}) == [("file-head", "src/base/a.c", 1)]


@pytest.mark.parametrize("folder", sorted(house.LAYERS))
def test_layers_hold_for_every_folder(tmp_path, folder):
    upper = {name: HEAD + "#pragma once\n" for name in house.LAYERS if name != folder}
    files = {f"src/{name}/{name}.h": text for name, text in upper.items()}
    allowed = house.LAYERS[folder].split()
    good = "".join(f'#include "{name}/{name}.h"\n' for name in allowed)
    assert offences(tmp_path, {**files, f"src/{folder}/x.c": HEAD + good}) == []
    for name in sorted(set(upper) - set(allowed)):
        bad = {f"src/{folder}/x.c": HEAD + f'#include "{name}/{name}.h"\n'}
        assert offences(tmp_path, bad) == [("layer", f"src/{folder}/x.c", 2)]


def test_file_allowance_is_for_that_file_alone(tmp_path):
    files = {
        "src/init/init.h": HEAD + "#pragma once\n",
        "src/sandbox/spawner_main.c": HEAD + '#include "init/init.h"\n',
        "src/sandbox/host.c": HEAD + '#include "init/init.h"\n',
    }
    assert offences(tmp_path, files) == [("layer", "src/sandbox/host.c", 2)]


def test_unknown_folder(tmp_path):
    assert offences(tmp_path, {"src/utils/a.c": HEAD}) == [("layer", "src/utils/a.c", 1)]


@pytest.mark.parametrize(
    "header", ["uv.h", "sqlite3.h", "archive.h", "seccomp.h", "curl/curl.h", "llhttp.h"]
)
def test_wrapped_library(tmp_path, header):
    text = HEAD + f"#include <{header}>\n"
    assert offences(tmp_path, {"src/model/a.c": text}) == [("layer", "src/model/a.c", 2)]


def test_include_without_folder(tmp_path):
    files = {"src/base/err.h": HEAD + "#pragma once\n", "src/base/err.c": HEAD + '#include "err.h"\n'}
    assert offences(tmp_path, files) == [("include", "src/base/err.c", 2)]


def test_runtimes_do_not_include_src(tmp_path):
    files = {
        "src/base/err.h": HEAD + "#pragma once\n",
        "runtimes/c/a.c": HEAD + '#include "base/err.h"\n',
    }
    assert offences(tmp_path, files) == [("layer", "runtimes/c/a.c", 2)]


def test_ring_of_headers(tmp_path):
    files = {
        "src/base/a.h": HEAD + '#pragma once\n#include "base/b.h"\n',
        "src/base/b.h": HEAD + '#pragma once\n#include "base/c.h"\n',
        "src/base/c.h": HEAD + '#pragma once\n#include "base/a.h"\n',
    }
    assert offences(tmp_path, files) == [("ring", "src/base/a.h", 1)]


def test_ring_through_sources(tmp_path):
    files = {
        "src/base/a.h": HEAD + "#pragma once\n",
        "src/base/b.h": HEAD + "#pragma once\n",
        "src/base/a.c": HEAD + '#include "base/a.h"\n#include "base/b.h"\n',
        "src/base/b.c": HEAD + '#include "base/a.h"\n#include "base/b.h"\n',
    }
    assert offences(tmp_path, files) == [("ring", "src/base/a.h", 1)]


@pytest.mark.parametrize("mark", ["TODO", "FIXME", "XXX"])
def test_marks(tmp_path, mark):
    assert offences(tmp_path, {"src/base/a.c": HEAD + f"/* {mark}: later */\n"}) == [
        ("mark", "src/base/a.c", 2)
    ]
    assert offences(tmp_path, {"src/base/a.c": HEAD + f"int {mark}S;\n"}) == []


@pytest.mark.parametrize("name", sorted({**house.FORBIDDEN_CALLS, **house.FORBIDDEN_CALLS_SRC}))
def test_forbidden_call(tmp_path, name):
    text = HEAD + f"void f(void) {{\n    {name}(0);\n}}\n"
    assert offences(tmp_path, {"src/sys/a.c": text}) == [("call", "src/sys/a.c", 3)]


def test_names_in_comments_and_texts_are_no_calls(tmp_path):
    text = HEAD + '/* strcpy(a, b) */\nvoid f(void) {\n    puts("system(x)");\n    h->system(1);\n}\n'
    assert offences(tmp_path, {"src/sys/a.c": text}) == []


def test_malloc_belongs_to_base(tmp_path):
    text = HEAD + "void f(void) {\n    malloc(1);\n}\n"
    assert offences(tmp_path, {"src/base/mem.c": text}) == []
    assert offences(tmp_path, {"src/sys/a.c": text}) == [("call", "src/sys/a.c", 3)]


@pytest.mark.parametrize(
    "line", ["static int count;", "static char buf[3] = {0};", "    static struct x *last;"]
)
def test_mutable_global(tmp_path, line):
    assert offences(tmp_path, {"src/base/a.c": HEAD + line + "\n"}) == [("global", "src/base/a.c", 2)]


@pytest.mark.parametrize(
    "line",
    [
        "static const char *const names[] = {0};",
        "static int f(int a);",
        "static _Thread_local int a;",
        "static inline int f(void) {",
        "static void (*const table[])(int) = {0};",
    ],
)
def test_fixed_static(tmp_path, line):
    assert offences(tmp_path, {"src/base/a.c": HEAD + line + "\n"}) == []


def test_exception_excuses_one_rule_of_one_file(tmp_path):
    files = {
        "src/base/a.c": "int a; \n",
        "tests/tools/exceptions.txt": "white-space src/base/a.c  # why\n",
    }
    assert offences(tmp_path, files) == [("file-head", "src/base/a.c", 1)]


def test_exception_that_excuses_nothing(tmp_path):
    files = {"src/base/a.c": HEAD, "tests/tools/exceptions.txt": "ring src/base/a.c  # why\n"}
    assert offences(tmp_path, files) == [("exception", "tests/tools/exceptions.txt", 1)]


def test_exception_list_may_only_shrink(tmp_path):
    def git(*words):
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True
        )

    listed = "tests/tools/exceptions.txt"
    files = {"src/base/a.c": "int a;\n", "src/base/b.c": "int b;\n", listed: "file-head src/base/a.c\n"}
    git("init", "-q")
    offences(tmp_path, files)
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    assert offences(tmp_path, {"src/base/b.c": HEAD}) == []
    grown = {"src/base/b.c": "int b;\n", listed: "file-head src/base/a.c\nfile-head src/base/b.c\n"}
    assert offences(tmp_path, grown) == [("exception", listed, 2)]
