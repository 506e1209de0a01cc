"""The last line of a check is what people and machines trust: it has to count right, and failures above
all."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import report


def meson_log(tmp_path, *programs):
    path = tmp_path / "testlog.json"
    path.write_text("".join(json.dumps(program) + "\n" for program in programs))
    return path


@pytest.mark.parametrize(
    "program, expected",
    [
        ({"result": "OK", "stdout": "[  PASSED  ] 12 test(s).\n"}, "12 passed, 0 failed"),
        ({"result": "OK", "stdout": "", "stderr": "[  PASSED  ] 3 test(s).\n"}, "3 passed, 0 failed"),
        ({"result": "OK", "stdout": "fine\n"}, "1 passed, 0 failed"),
        (
            {"result": "FAIL", "stdout": "[  PASSED  ] 4 test(s).\n[  FAILED  ] 2 test(s)\n"},
            "4 passed, 2 failed",
        ),
        ({"result": "FAIL", "stdout": ""}, "0 passed, 1 failed"),
        ({"result": "TIMEOUT", "stdout": "[  PASSED  ] 4 test(s).\n"}, "4 passed, 1 failed"),
        ({"result": "SKIP", "stdout": ""}, "0 passed, 0 failed, 1 skipped"),
    ],
)
def test_count_meson(tmp_path, program, expected):
    assert str(report.count_meson(meson_log(tmp_path, program))) == expected


def test_count_meson_adds_up(tmp_path):
    program = {"result": "OK", "stdout": "[  PASSED  ] 12 test(s).\n"}
    assert str(report.count_meson(meson_log(tmp_path, program, program))) == "24 passed, 0 failed"


def test_count_pytest(tmp_path):
    path = tmp_path / "junit.xml"
    path.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="a" name="good"/>'
        '<testcase classname="a" name="bad"><failure/></testcase>'
        '<testcase classname="a" name="dirty"/><testcase classname="a" name="dirty"><error/></testcase>'
        '<testcase classname="a" name="left"><skipped message="no node"/></testcase>'
        "</testsuite></testsuites>"
    )
    assert str(report.count_pytest(path)) == "1 passed, 2 failed, 1 skipped"
    assert list(report.skip_reasons(path)) == ["left: no node"]


def test_failed_step_without_tests_counts(tmp_path, capsys):
    checks = report.Report(tmp_path)
    assert not checks.run("build", ["sh", "-c", "echo why it failed; exit 1"])
    assert checks.end() == 1
    out = capsys.readouterr().out
    assert "why it failed" in out
    assert out.splitlines()[-1] == "0 passed, 1 failed"


def test_dead_pytest_counts(tmp_path, capsys):
    checks = report.Report(tmp_path)
    assert not checks.run_pytest("nothing", [tmp_path / "missing"])
    assert checks.end() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_missing_program_counts(tmp_path, capsys):
    checks = report.Report(tmp_path)
    assert not checks.run("linter", ["lamb-no-such-program"])
    assert checks.end() == 1
    assert "scripts/setup" in capsys.readouterr().out


def test_the_end_names_what_failed(tmp_path, capsys):
    (tmp_path / "test_bad.py").write_text(
        "def test_bad():\n    assert 1 == 2, 'why it failed'\n" + "\n" * 200 + "def test_good():\n    pass\n"
    )
    checks = report.Report(tmp_path)
    assert not checks.run_pytest("tests", [tmp_path / "test_bad.py"])
    capsys.readouterr()
    checks.end()
    out = capsys.readouterr().out
    assert "test_bad::test_bad" in out and "why it failed" in out
    assert "test_good" not in out


def test_meson_failures(tmp_path):
    said = "[ RUN      ] a\n[  ERROR   ] --- 1 != 2\n[   LINE   ] --- a.c:3: error\n[  FAILED  ] a\n"
    path = meson_log(
        tmp_path,
        {"name": "good", "result": "OK", "stdout": "[  PASSED  ] 12 test(s).\n"},
        {"name": "bad", "result": "FAIL", "stdout": said},
        {"name": "dead", "result": "FAIL", "stdout": "", "stderr": "ERROR: AddressSanitizer\nwhere\n"},
    )
    assert list(report.meson_failures(path)) == [
        ("bad (FAIL)", ["[  ERROR   ] --- 1 != 2", "[   LINE   ] --- a.c:3: error", "[  FAILED  ] a"]),
        ("dead (FAIL)", ["ERROR: AddressSanitizer", "where"]),
    ]


def test_good_run(tmp_path, capsys):
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n")
    checks = report.Report(tmp_path)
    assert checks.run("build", ["true"])
    assert checks.run_pytest("tests", [tmp_path / "test_one.py"])
    assert checks.end() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"
