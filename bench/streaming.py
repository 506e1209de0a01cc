"""The figures of streamed responses: how soon the first byte comes, how fast a large one is, and what readers
cost who don't read."""

import json
import os
import subprocess
import tempfile
import threading
import time

import deployment
from figures import Row, Target, median_of
from floors import MeasureError

FUNCTION = "stream"
MB = 1024 * 1024
WHOLE_MB = 200
PIECE_BYTES = 64 * 1024
SLOW_READERS = 200
SETTLE_S = 2
# What the daemon itself would hold back.
UNBOUNDED = ("--response-stream-mb", str(WHOLE_MB), "--response-stream-rate-kb", "0")


def event(size, piece):
    return json.dumps([size, piece])


WHOLE = event(WHOLE_MB * MB, PIECE_BYTES)
SMALL = event(64, 64)


class Pipe:
    """A running floor_stream with the benchmark's function behind it; a context manager."""

    def __init__(self, bench, bootstrap):
        self.bench = bench
        self.bootstrap = bootstrap

    def __enter__(self):
        self.floor = subprocess.Popen([self.bench.programs.path("floor_stream")], stdout=subprocess.PIPE,
                                      text=True)
        self.port = json.loads(self.floor.stdout.readline())["port"]
        self.folder = tempfile.TemporaryDirectory(prefix="lamb-bench-pipe-")
        path = os.path.join(self.folder.name, "bootstrap")
        with open(path, "wb") as file:
            file.write(self.bootstrap)
        os.chmod(path, 0o755)
        self.function = subprocess.Popen(
            [path], env={"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.port}"}, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        for process in (self.function, self.floor):
            process.terminate()
            process.communicate()
        self.folder.cleanup()

    def measure(self, *arguments):
        return self.bench.programs.run("bench_stream", "--port", self.port, "--function", "f", *arguments)


class Peak:
    """The most memory that the daemon held within it; a context manager."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.kb = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.is_over.wait(0.01):
            self.kb = max(self.kb, self.daemon.rss_kb())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


def signed(daemon, function):
    return ("--port", daemon.port, "--function", function, "--access-key", daemon.key[0],
            "--secret-key", daemon.key[1], "--region", daemon.key[2])


def deploy(bench, daemon, bootstrap):
    deployed = deployment.Deployment(daemon.port, daemon.key)
    deployed.create(FUNCTION, "c", deployment.zip_bytes({"bootstrap": (bootstrap, 0o755)}))
    deployed.create("echo", "c", bench.package("c", daemon.work_dir))
    for name in (FUNCTION, "echo"):
        deployed.wait_ready(name)


def first_byte_row(name, results):
    stream, buffered = results["stream"], results["buffered"]
    return Row(name, "µs", median_of(stream, "p50_us"), median_of(buffered, "p50_us"),
               Target("≤ 1.3 × buffered", "ratio", 1.3),
               {"lamb_p99_us": median_of(stream, "p99_us"), "buffered_p99_us": median_of(buffered, "p99_us"),
                "lamb_rounds": [result["p50_us"] for result in stream],
                "buffered_rounds": [result["p50_us"] for result in buffered]})


def first_byte(bench, daemon):
    """The second time with everything on one CPU: the work alone, without the luck of the scheduler's
    placement. It comes last, as it can't be undone."""
    def run(function, *arguments, **options):
        return bench.programs.run("bench_stream", *signed(daemon, function), "--payload", SMALL,
                                  "--first", bench.seconds, *arguments, **options)

    def turns(**options):
        return bench.take_turns({"buffered": lambda: run("echo", "--buffered", **options),
                                 "stream": lambda: run(FUNCTION, **options)})
    free = turns()
    one_cpu = {min(os.sched_getaffinity(0))}
    daemon.pin(one_cpu)
    return [first_byte_row("stream, first byte p50, C; floor: a warm buffered call", free),
            first_byte_row("the same, all on one CPU", turns(cpus=one_cpu))]


def whole(bench, daemon, pipe):
    """The floor's bytes are the payload alone, Lamb's have the event stream around them."""
    def run(measure):
        result = measure("--payload", WHOLE, "--whole")
        if result["bytes"] < WHOLE_MB * MB:
            raise MeasureError(f"a stream of {WHOLE_MB} MB ended after {result['bytes']} bytes")
        return {"rate": WHOLE_MB / result["seconds"]}

    def of_lamb(*arguments):
        return bench.programs.run("bench_stream", *signed(daemon, FUNCTION), *arguments)
    before_kb = daemon.rss_kb()
    with Peak(daemon) as peak:
        results = bench.take_turns({"pipe": lambda: run(pipe.measure), "lamb": lambda: run(of_lamb)})
    return [Row(f"stream of {WHOLE_MB} MB; floor: a plain pipe", "MB/s", median_of(results["lamb"], "rate"),
                median_of(results["pipe"], "rate"), Target("≥ 0.5 × floor", "ratio", 0.5, at_least=True),
                {name: [result["rate"] for result in rounds] for name, rounds in results.items()}),
            Row("daemon memory meanwhile; floor: before", "MB", peak.kb / 1024, before_kb / 1024,
                Target("≤ 1 MB more", "excess", 1), {"after_kb": daemon.rss_kb()})]


def slow_readers(bench, daemon):
    """What the daemon's memory grows by with so many streams begun that nobody reads; an environment for each
    is in it."""
    def begin():
        command = [bench.programs.path("bench_stream"), *map(str, signed(daemon, FUNCTION)),
                   "--payload", WHOLE, "--slow", str(SLOW_READERS)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    before_kb = daemon.rss_kb()
    process = begin()
    try:
        if not process.stdout.readline():
            raise MeasureError(f"the slow readers ended with {process.wait()}")
        time.sleep(SETTLE_S)
        with_kb, environments = daemon.rss_kb(), daemon.environments()
    finally:
        process.communicate()
    time.sleep(SETTLE_S)
    return [Row(f"daemon memory for {SLOW_READERS} slow readers", "MB", (with_kb - before_kb) / 1024, None,
                Target("≤ 64 MB", "lamb", 64),
                {"before_kb": before_kb, "with_kb": with_kb, "after_kb": daemon.rss_kb(),
                 "environments": environments})]


def streaming(bench):
    with bench.daemon(*UNBOUNDED) as daemon:
        daemon.start()
        bootstrap = deployment.build_bootstrap(daemon.work_dir, "stream.c")
        deploy(bench, daemon, bootstrap)
        with Pipe(bench, bootstrap) as pipe:
            large = whole(bench, daemon, pipe)
        large += slow_readers(bench, daemon)
    with bench.daemon() as daemon:
        daemon.start()
        deploy(bench, daemon, bootstrap)
        return [*first_byte(bench, daemon), *large]
