"""Runs `lamb serve` the way a user does: as root, with a data directory and a port of its own."""

import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from support import clients, processes
from support.environment import clean_environment
from support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
READY_TIMEOUT_S = 20

# Interpreters that wait for a function come and go by themselves, so only their own tests have them. With
# another number all tests do, and nothing is said then of the descriptors that a test left.
PARKED_RUNTIMES = os.environ.get("LAMB_TEST_PARKED", "0")
STOP_TIMEOUT_S = 30

ERROR_LINE = re.compile(r"^\S+ error ", re.MULTILINE)
SANITIZER_REPORT = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer"
)


def build_dir():
    return Path(os.environ.get("LAMB_BUILD") or ROOT / "build").resolve()


def plain_build_dir():
    """A build without sanitizers: for tests of size, memory and time."""
    return ROOT / "build" if is_sanitized() else build_dir()


def is_sanitized():
    return "sanitize=address" in (build_dir() / "build.ninja").read_text(encoding="utf-8")


class Daemon:
    """One daemon on one data directory. It may be killed and started again; the directory and the key
    stay."""

    def __init__(self, *args, env=None, build=None, data_dir=None):
        self.args = list(args)
        self.env = dict(env or {})
        self.build = Path(build or build_dir())
        self.home = Path(tempfile.mkdtemp(prefix="lamb-test-"))
        self.home.chmod(0o755)
        self.data_dir = Path(data_dir) if data_dir else self.home / "data"
        self.stderr_path = self.home / "stderr"
        self.process = None
        self.ready_line = None
        self.url = None
        self.port = 0
        self.ready_after_s = None
        self.allowed_errors = []
        self.stderr_offset = 0
        self.keys = {}
        self.has_role = False

    @property
    def program(self):
        return str(self.build / "lamb")

    @property
    def pid(self):
        return self.process.pid

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        command = [
            self.program,
            "serve",
            "--data-dir",
            str(self.data_dir),
            "--listen",
            "127.0.0.1:0",
            *self.args,
        ]
        began = time.monotonic()
        with self.stderr_path.open("ab") as stderr:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=clean_environment({"LAMB_PARKED_RUNTIMES": PARKED_RUNTIMES, **self.env}),
                cwd="/",
                start_new_session=True,
            )
        self.ready_line = self._read_ready_line(began + READY_TIMEOUT_S)
        self.ready_after_s = time.monotonic() - began
        self.url = re.search(r"url=(https?://\S+)", self.ready_line).group(1)
        self.port = int(self.url.rsplit(":", 1)[1].rstrip("/"))
        self.keys = self.read_keys()
        if not self.has_role:
            clients.create_test_role(self)
            self.has_role = True
        return self

    def _read_ready_line(self, deadline):
        data = b""
        stdout = self.process.stdout
        while time.monotonic() < deadline:
            if select.select([stdout], [], [], 0.05)[0]:
                piece = os.read(stdout.fileno(), 4096)
                if not piece:
                    break
                data += piece
            for line in data.decode().splitlines(keepends=True):
                if "lamb.ready" in line and line.endswith("\n"):
                    return line
        self.process.kill()
        self.process.wait()
        raise AssertionError(
            f"the daemon did not get ready\nstdout: {data.decode()}\nstderr: {self.stderr()}"
        )

    def run_cli(self, *words, timeout_s=30, check=True, env=None):
        """Runs a `lamb` subcommand."""
        done = subprocess.run(
            [self.program, *words],
            env=clean_environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"lamb {' '.join(words)}: status {done.returncode}: {done.stderr}")
        return done

    def read_keys(self):
        """The exports of `lamb env` as a dictionary."""
        keys = {}
        for line in self.run_cli("env", "--data-dir", str(self.data_dir)).stdout.splitlines():
            words = shlex.split(line)
            if len(words) == 2 and words[0] == "export":
                name, value = words[1].split("=", 1)
                keys[name] = value
        return keys

    def stderr(self):
        return (
            self.stderr_path.read_text(encoding="utf-8", errors="replace")
            if self.stderr_path.exists()
            else ""
        )

    def new_complaints(self):
        """Error lines and sanitizer reports since the last call, without those a test said it expects."""
        text = self.stderr()[self.stderr_offset :]
        self.stderr_offset += len(text)
        found = [
            line
            for line in text.splitlines()
            if ERROR_LINE.match(line)
            and not any(re.search(allowed, line) for allowed in self.allowed_errors)
        ]
        report = SANITIZER_REPORT.search(text)
        if report:
            found.append(text[text.rfind("\n", 0, report.start()) + 1 :][:8000])
        self.allowed_errors = []
        return found

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def tree(self):
        """[(pid, start time)] of the daemon and everything below it."""
        pids = [self.pid, *processes.descendants(self.pid)]
        return [(pid, processes.start_time(pid)) for pid in pids]

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s=STOP_TIMEOUT_S):
        status = self.process.wait(timeout_s)
        self.process.stdout.close()
        return status

    def stop(self):
        """SIGTERM, and the exit status."""
        self.terminate()
        return self.wait()

    def kill(self):
        self.process.kill()
        return self.wait()

    def stop_and_check(self):
        """Stops, and fails on anything that is left of it."""
        tree = self.tree()
        groups = {path for pid, _ in tree for path in processes.cgroups(pid) if "/lamb" in path}
        mounts = [line for line in processes.mounts() if str(self.home) in line]
        status = self.stop()
        assert status == 0, f"exit status {status}: {self.stderr()[-4000:]}"
        wait_until(
            lambda: not left_alive(tree),
            5,
            f"processes of the daemon are gone: {describe(left_alive(tree))}",
        )
        left = [path for path in groups if os.path.isdir(path)]
        assert not left, f"cgroups left behind: {left}"
        left = [line for line in processes.mounts() if str(self.home) in line and line not in mounts]
        assert not left, f"mounts left behind: {left}"
        complaints = self.new_complaints()
        assert not complaints, "\n".join(complaints)

    def remove(self):
        if self.is_running():
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)


def left_alive(tree):
    return [pid for pid, started in tree if processes.is_alive(pid, started)]


def describe(pids):
    return [f"{pid} {processes.program(pid)}" for pid in pids]
