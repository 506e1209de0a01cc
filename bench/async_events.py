"""The figures of asynchronous calls: how fast they are acknowledged, each once it is on disk, and how soon
the function begins after that."""

import itertools
import json
import os
import re
import statistics
import tempfile
import time

from deployment import zip_bytes
from figures import Row, Target, median_of

CLIENTS = 32
IDLE_MS = 30

BEGINS_PY = b"""import time
def handler(event, context):
    print("BEGAN", event["n"], time.time_ns())
"""


def asynchronous(bench):
    return accept_rows(bench) + [start_row(bench)]


def accept_rows(bench):
    """Of a function whose events wait, and of one that runs them on the same processors meanwhile. The floor
    writes as many events in each transaction as there are clients."""
    numbers = itertools.count()
    with tempfile.TemporaryDirectory(prefix="lamb-bench-", dir=bench.work_dir) as directory, \
            bench.daemon() as daemon:
        daemon.start()
        deployed = bench.deploy(daemon, "c")
        deployed.create("waits", "c", bench.package("c", daemon.work_dir), {"SLEEP_MS": "25000"})
        deployed.wait_ready("waits")
        deployed.client.put_function_concurrency(FunctionName="waits", ReservedConcurrentExecutions=1)

        def accept(function):
            return bench.load(daemon, function, "--event", "--connections", CLIENTS,
                              "--seconds", bench.seconds)

        results = bench.take_turns({
            "floor": lambda: bench.programs.run_any(
                "floor_queue", os.path.join(directory, f"file-{next(numbers)}"), CLIENTS, bench.seconds),
            "waits": lambda: accept("waits"), "runs": lambda: accept("c")})
    return [Row(f"events accepted, {CLIENTS} clients, {name}; floor: {CLIENTS} per commit", "/s",
                median_of(results[key], "rate"), median_of(results["floor"], "rate"), None,
                {"p50_us": median_of(results[key], "p50_us"), "p99_us": median_of(results[key], "p99_us")})
            for key, name in (("waits", "none run"), ("runs", "all run"))]


def start_row(bench):
    """From the answer to the first line of the function, which was idle and frozen."""
    with bench.daemon() as daemon:
        daemon.start()
        deployed = bench.deploy(daemon)
        deployed.create("begins", "python", zip_bytes({"echo.py": (BEGINS_PY, 0o644)}))
        deployed.wait_ready("begins")
        acknowledged = []
        for number in range(1 + bench.samples):
            deployed.client.invoke(FunctionName="begins", InvocationType="Event",
                                   Payload=json.dumps({"n": number}).encode())
            acknowledged.append(time.time_ns())
            time.sleep(1 if number == 0 else IDLE_MS / 1000)
        began = read_starts(daemon.data_dir)
    delays = [(began[number] - acknowledged[number]) / 1e6 for number in range(1, len(acknowledged))]
    return Row("event, from 202 to the function's start, p50", "ms", statistics.median(delays), None,
               Target("≤ 5 ms", "lamb", 5), {"worst_ms": max(delays), "samples": len(delays)})


def read_starts(data_dir):
    """{number of the event: when the function began with it}, once the log is written."""
    time.sleep(0.5)
    found = {}
    for folder, _, names in os.walk(os.path.join(data_dir, "logs")):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for number, at_ns in re.findall(r"BEGAN (\d+) (\d+)", file.read()):
                    found[int(number)] = int(at_ns)
    return found
