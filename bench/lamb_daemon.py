"""A `lamb serve` of the benchmarks: its start, its key, its memory, its end."""

import collections
import glob
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading

import processes
from floors import MeasureError, time_to_line

STOP_TIMEOUT_S = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_lamb(build_dir):
    candidates = [path for pattern in ("lamb", "src/lamb", "src/*/lamb")
                  for path in glob.glob(os.path.join(build_dir, pattern))
                  if os.path.isfile(path) and os.access(path, os.X_OK)]
    if not candidates:
        raise MeasureError(f"no program `lamb` in {build_dir}: build it with `ninja -C {build_dir}`, "
                           "or name it with --lamb")
    return os.path.abspath(candidates[0])


def clean_environment():
    """Ours without anybody's AWS or Lamb settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAMB_"))}


# The usual 1,000 would let no more than 10,000 calls a second through, which is less than a machine can do.
UNTHROTTLED = ("--concurrency", "10000")


class LambDaemon:
    """Owns a temporary data directory over several starts; a context manager that removes it."""

    def __init__(self, program, serve_arguments=(), work_dir=None):
        self.program = program
        self.serve_arguments = list(serve_arguments)
        self.work_dir = tempfile.mkdtemp(prefix="lamb-bench-", dir=work_dir)
        # Started by root the daemon runs as an unprivileged user, who must be able to reach its data.
        os.chmod(self.work_dir, 0o755)
        self.data_dir = os.path.join(self.work_dir, "data")
        self.log_path = os.path.join(self.work_dir, "lamb.log")
        self.process = None
        self.port = None
        self.key = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.work_dir, ignore_errors=True)

    def start(self):
        """Starts the daemon on a free port and returns the seconds until it was ready."""
        self.port = free_port()
        command = [self.program, "serve", "--data-dir", self.data_dir, "--listen", f"127.0.0.1:{self.port}",
                   *UNTHROTTLED, *self.serve_arguments]
        with open(self.log_path, "ab") as log:
            try:
                self.process, seconds, _ = time_to_line(command, "lamb.ready", stderr=log,
                                                        env=clean_environment())
            except MeasureError as error:
                raise MeasureError(f"{error}; its log ends:\n{self.log_tail()}") from None
        # Whatever else it prints must not fill the pipe.
        threading.Thread(target=collections.deque, args=(self.process.stdout, 0), daemon=True).start()
        self.key = self.read_key()
        return seconds

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def read_key(self):
        done = subprocess.run([self.program, "env", "--data-dir", self.data_dir], capture_output=True,
                              text=True, env=clean_environment(), check=False)
        exports = {}
        for word in shlex.split(done.stdout.replace(";", "\n"), comments=True):
            name, separator, value = word.partition("=")
            if separator:
                exports[name] = value
        try:
            return tuple(exports[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION"))
        except KeyError as missing:
            raise MeasureError(f"`lamb env` does not export {missing}: {done.stdout}{done.stderr}") from None

    def log_tail(self, lines=20):
        return "\n".join(processes.read_text(self.log_path).splitlines()[-lines:])

    def rss_kb(self):
        """Of the one process that listens, as the API's clients see the daemon."""
        return processes.rss_kb(processes.listening_pid(self.process.pid, self.port))

    def environments(self):
        """How many environments of C functions live: processes that execute a package's bootstrap."""
        return sum(processes.exe_name(pid) == "bootstrap" for pid in processes.descendants(self.process.pid))

    def pin(self, cpus):
        processes.pin(self.process.pid, cpus)
