"""Runs the steps of a check, tells how each went and how long it took, and adds up the tests that ran in
them.

A step's output goes to build/check/<step>.log; only a failed step shows it. The last line a check prints is
`N passed, N failed` (with `, N skipped` when there were any, each skip shown with its reason). A step
that fails without having run tests (a build, a linter) counts as one failed."""

import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

SHOWN_LINES = 80

CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.MULTILINE)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (\d+) test", re.MULTILINE)


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


def count_meson(testlog):
    """Counts of meson-logs/testlog.json: cmocka programs by the tests in them, any other program as one
    test."""
    counts = Counts()
    for line in Path(testlog).read_text(encoding="utf-8").splitlines():
        program = json.loads(line)
        output = (program.get("stdout") or "") + "\n" + (program.get("stderr") or "")
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


def skip_reasons(junit):
    for case in xml.parse(junit).iter("testcase"):
        for skipped in case.iter("skipped"):
            yield f"{case.get('name')}: {skipped.get('message')}"


class Report:
    def __init__(self, root):
        self.root = Path(root)
        self.logs = self.root / "build" / "check"
        self.counts = Counts()
        self.failed_steps = []
        self.started = time.monotonic()

    def run(self, title, command, env=None, count=None):
        """Runs `command`; `count(log)`, when given, says afterwards which tests ran. True when it
        succeeded."""
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
        self._finish(title, log, status == 0, seconds, self._count(count))
        return status == 0

    @staticmethod
    def _count(count):
        if count is None:
            return None
        try:
            return count()
        except (OSError, ValueError, xml.ParseError):
            return None  # the program died before it wrote its result

    def _finish(self, title, log, succeeded, seconds, counts):
        counts = counts or Counts()
        if not succeeded:
            counts.failed = max(counts.failed, 1)
        self.counts.add(counts)
        ran = f", {counts}" if counts.passed or counts.skipped or (counts.failed and succeeded) else ""
        print(f"{'ok' if succeeded else 'FAILED'} ({seconds:.1f} s{ran})", flush=True)
        if not succeeded:
            self.failed_steps.append(title)
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
        return self.run(title, command, env, lambda: count_meson(testlog))

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
        succeeded = self.run(title, command, env, lambda: count_pytest(junit))
        if junit.is_file():
            for reason in skip_reasons(junit):
                print(f"    skipped: {reason}", flush=True)
        return succeeded

    def end(self):
        """Prints the last lines and gives the exit status."""
        print(f"took {time.monotonic() - self.started:.0f} s")
        for title in self.failed_steps:
            print(f"failed: {title}")
        print(self.counts, flush=True)
        return 1 if self.counts.failed else 0


if __name__ == "__main__":
    sys.exit("this is a module of ./check")
