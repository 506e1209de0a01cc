"""Runs the compiled programs of the benchmarks: the load client and the floors."""

import glob
import json
import os
import signal
import subprocess
import threading
import time

import processes

PROGRAMS = ("bench_catalogue_fill", "bench_load", "bench_queue", "bench_stream", "floor_invoke", "floor_cold",
            "floor_page", "floor_queue", "floor_start", "floor_stream", "floor_runtime")


class MeasureError(Exception):
    """A figure could not be taken; the text says why."""


class Programs:
    """The compiled programs of one build directory."""

    def __init__(self, build_dir):
        self.directory = os.path.join(os.path.abspath(build_dir), "bench")
        missing = [name for name in PROGRAMS if not os.access(os.path.join(self.directory, name), os.X_OK)]
        if missing:
            raise MeasureError(f"{self.directory} lacks {', '.join(missing)}: "
                               f"build them with `ninja -C {build_dir}`")

    def path(self, name):
        return os.path.join(self.directory, name)

    def run_any(self, name, *arguments, cpus=None):
        """Runs a program that prints one JSON line and returns it as a dict."""
        command = [self.path(name), *map(str, arguments)]
        before = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, preexec_fn=before,
                              check=False)
        if not done.stdout.strip():
            raise MeasureError(f"{name}: {done.stderr.strip() or f'exit code {done.returncode}'}")
        return json.loads(done.stdout)

    def run(self, name, *arguments, cpus=None):
        """The same; no request may have failed."""
        result = self.run_any(name, *arguments, cpus=cpus)
        if result.get("errors"):
            raise MeasureError(f"{name}: {result['errors']} failed requests, "
                               f"the first: {result['first_error']}")
        return result

    def load(self, port, function, *arguments, key=None, cpus=None):
        """Drives one function. key is (access key, secret key, region), or None for unsigned requests."""
        signing = ["--access-key", key[0], "--secret-key", key[1], "--region", key[2]] if key else []
        return self.run("bench_load", "--port", port, "--function", function, *signing, *arguments, cpus=cpus)

    def floor_cold(self, *arguments):
        return self.run("floor_cold", *arguments)


class InvokeFloor:
    """A running floor_invoke; a context manager."""

    def __init__(self, programs, runtimes):
        self.programs = programs
        self.runtimes = runtimes

    def __enter__(self):
        command = [self.programs.path("floor_invoke"), "--runtimes", str(self.runtimes), "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise MeasureError(f"floor_invoke: {self.process.stderr.read().strip()}")
        self.port = json.loads(line)["port"]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)

    def load(self, *arguments, cpus=None):
        return self.programs.load(self.port, "floor", *arguments, cpus=cpus)

    def rss_kb(self):
        return processes.rss_kb(self.process.pid)

    def pin(self, cpus):
        processes.pin(self.process.pid, cpus)


def time_to_line(command, prefix, timeout_s=30, **popen):
    """Starts a program; returns (process, seconds until a line that begins with prefix, that line)."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **popen)
    silence = threading.Timer(timeout_s, process.kill)
    silence.start()
    try:
        for line in process.stdout:
            if line.startswith(prefix):
                return process, time.monotonic() - started, line
    finally:
        silence.cancel()
    raise MeasureError(f"{command[0]} ended or was silent for {timeout_s} s before it printed '{prefix}' "
                       f"(exit code {process.wait()})")


def remove_stale_cgroups():
    """Removes what a floor_cold that died in the middle left; a running one's groups are busy and stay."""
    for path in sorted(glob.glob("/sys/fs/cgroup/lamb-floor.*") + glob.glob("/sys/fs/cgroup/*/lamb-floor.*")):
        for directory, _, _ in os.walk(path, topdown=False):
            try:
                os.rmdir(directory)
            except OSError:
                pass
