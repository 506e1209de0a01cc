"""Runs the steps of a check, tells how each went and how long it took, and adds up the tests that ran in
them.

A step's output goes to build/check/<step>.log; only a failed step shows it. The end names each test that
failed, with what it said, since the step's own output may be long gone by then. The last line a check prints
is `N passed, N failed` (with `, N skipped` when there were any, each skip shown with its reason). A step that
fails without having run tests (a build, a linter) counts as one failed."""

import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

SHOWN_LINES = 80
REASON_LINES = 12  # of one failed test, at the end

CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.MULTILINE)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (\d+) test", re.MULTILINE)
CMOCKA_REASON = re.compile(r"^\[ +(?:FAILED|ERROR|LINE) +\] .*$", re.MULTILINE)


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def meson_programs(testlog):
    """Each program of meson-logs/testlog.json, with its output."""
    for line in Path(testlog).read_text(encoding="utf-8").splitlines():
        program = json.loads(line)
        yield program, (program.get("stdout") or "") + "\n" + (program.get("stderr") or "")


def count_meson(testlog):
    """Counts of cmocka programs by the tests in them, of any other program as one test."""
    counts = Counts()
    for program, output in meson_programs(testlog):
        passed = sum(int(number) for number in CMOCKA_PASSED.findall(output))
        failed = sum(int(number) for number in CMOCKA_FAILED.findall(output))
        if program["result"] == "SKIP":
            counts.add(Counts(skipped=1))
        elif program["result"] in ("OK", "EXPECTEDFAIL"):
            counts.add(Counts(passed=max(passed, 1)))
        else:
            counts.add(Counts(passed=passed, failed=max(failed, 1)))
    return counts


def count_pytest(junit):
    """Counts of a JUnit file. A test whose body passed and whose clean-up failed is one failed."""
    outcome = {}
    for case in xml.parse(junit).iter("testcase"):
        name = (case.get("classname"), case.get("name"))
        kinds = {child.tag for child in case}
        worst = (
            "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        )
        if outcome.get(name) != "failed":
            outcome[name] = worst
    values = list(outcome.values())
    return Counts(values.count("passed"), values.count("failed"), values.count("skipped"))


def meson_failures(testlog):
    """(name, what it said) of each program that failed."""
    for program, output in meson_programs(testlog):
        if program["result"] not in ("OK", "EXPECTEDFAIL", "SKIP"):
            said = CMOCKA_REASON.findall(output) or output.strip().splitlines()[-REASON_LINES:]
            yield f"{program.get('name')} ({program['result']})", said


def pytest_failures(junit):
    """(name, what it said) of each test that failed, or whose clean-up did."""
    for case in xml.parse(junit).iter("testcase"):
        for child in case:
            if child.tag in ("failure", "error"):
                name = f"{case.get('classname')}::{case.get('name')}"
                yield name, (child.text or child.get("message") or "").strip().splitlines()


def skip_reasons(junit):
    for case in xml.parse(junit).iter("testcase"):
        for skipped in case.iter("skipped"):
            yield f"{case.get('name')}: {skipped.get('message')}"


class Report:
    def __init__(self, root):
        self.root = Path(root)
        self.logs = self.root / "build" / "check"
        self.counts = Counts()
        self.failed_steps = []  # (title, [(name of a test, lines it said)])
        self.started = time.monotonic()

    def run(self, title, command, env=None, count=None, failures=None):
        """Runs `command`; `count()` and `failures()`, when given, say afterwards which tests ran, and which
        failed. True when it succeeded."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".log")
        print(f"{title} ... ", end="", flush=True)
        began = time.monotonic()
        with log.open("w", encoding="utf-8") as file:
            file.write(" ".join(map(str, command)) + "\n")
            file.flush()
            environment = {**os.environ, **(env or {})}
            try:
                done = subprocess.run(
                    [str(word) for word in command],
                    cwd=self.root,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
                status = done.returncode
            except OSError as error:
                file.write(
                    f"{command[0]}: {error.strerror}: scripts/setup --tests installs what the checks need\n"
                )
                status = 127
        seconds = time.monotonic() - began
        self._finish(title, log, status == 0, seconds, self._read(count) or Counts())
        if status != 0:
            self.failed_steps.append((title, self._read(lambda: list(failures())) if failures else []))
        return status == 0

    @staticmethod
    def _read(results):
        """What the program left of its results, if it lived to."""
        try:
            return results() if results else None
        except (OSError, ValueError, xml.ParseError):
            return None

    def _finish(self, title, log, succeeded, seconds, counts):
        if not succeeded:
            counts.failed = max(counts.failed, 1)
        self.counts.add(counts)
        ran = f", {counts}" if counts.passed or counts.skipped or (counts.failed and succeeded) else ""
        print(f"{'ok' if succeeded else 'FAILED'} ({seconds:.1f} s{ran})", flush=True)
        if not succeeded:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
            print("\n".join("    " + line for line in lines[-SHOWN_LINES:]))
            print(f"    (all of it: {log.relative_to(self.root)})", flush=True)

    def skip(self, title, reason):
        print(f"{title} ... skipped: {reason}", flush=True)
        self.counts.add(Counts(skipped=1))

    def run_meson(self, title, build, env=None, args=()):
        testlog = self.root / build / "meson-logs" / "testlog.json"
        testlog.unlink(missing_ok=True)
        command = ["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", *args]
        return self.run(
            title, command, env, lambda: count_meson(testlog), lambda: meson_failures(testlog)
        )

    def run_pytest(self, title, paths, env=None, args=()):
        self.logs.mkdir(parents=True, exist_ok=True)
        junit = self.logs / (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".xml")
        junit.unlink(missing_ok=True)
        command = [
            "/usr/bin/python3",
            "-B",
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-v",
            "--tb=short",
            "-o",
            "junit_family=xunit1",
            f"--junitxml={junit}",
            *args,
            *paths,
        ]
        succeeded = self.run(
            title, command, env, lambda: count_pytest(junit), lambda: pytest_failures(junit)
        )
        if junit.is_file():
            for reason in skip_reasons(junit):
                print(f"    skipped: {reason}", flush=True)
        return succeeded

    def end(self):
        """Prints the last lines and gives the exit status."""
        print(f"took {time.monotonic() - self.started:.0f} s")
        for title, failures in self.failed_steps:
            print(f"failed: {title}")
            for name, said in failures or []:
                print("\n".join(["    " + name, *("        " + line for line in said[-REASON_LINES:])]))
        print(self.counts, flush=True)
        return 1 if self.counts.failed else 0


if __name__ == "__main__":
    sys.exit("this is a module of ./check")
