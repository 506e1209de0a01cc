"""The burst: 1,000 cold environments of one C function at once, what they cost while they idle, and how they
end; then once more while another function is called as fast as it answers, for what its calls notice. Fails
when anything of them is left."""

import concurrent.futures
import os
import statistics
import time

from figures import COLD_GAP_MS, Row, Target
from floors import MeasureError
from holdings import Holdings, count_environments, read_metrics
from lamb_daemon import LambDaemon

BURST = 1000
# Longer than making them all takes, so that each call needs an environment of its own.
SLEEP_MS = 15000
ROUNDS_MAX = 2
RETIRE_TIMEOUT_S = 60


def settle(daemon, seconds=1.5):
    """Until none but the other function's environment is left; the stock of sandboxes then has time to
    follow. Gives the moment."""
    deadline = time.monotonic() + RETIRE_TIMEOUT_S
    while count_environments(read_metrics(daemon)) > 1:
        if time.monotonic() > deadline:
            raise MeasureError(f"environments are left after {RETIRE_TIMEOUT_S} s")
        time.sleep(0.005)
    done = time.monotonic()
    time.sleep(seconds)
    return done


class Burst:
    """One daemon; each round makes, keeps and retires the environments."""

    def __init__(self, bench, daemon, deployed):
        self.bench = bench
        self.daemon = daemon
        self.deployed = deployed
        self.rounds = []

    def warm(self, seconds):
        return self.bench.load(self.daemon, "python", "--seconds", seconds, "--warmup-ms", 0)

    def make_cold(self):
        self.deployed.make_cold("c", {"SLEEP_MS": str(SLEEP_MS)})
        time.sleep(COLD_GAP_MS / 1000)

    def load(self):
        return self.bench.load(self.daemon, "c", "--burst", BURST)

    def disturb(self, floor_s):
        """The other function is called for as long as the floor takes: all of it falls into the burst."""
        self.make_cold()
        self.warm(0.2)
        self.quiet = self.warm(floor_s)
        settle(self.daemon)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            loaded = pool.submit(self.load)
            time.sleep(0.1)
            self.during = self.warm(floor_s)
            loaded.result()
        self.make_cold()
        settle(self.daemon)

    def run(self):
        self.make_cold()
        self.warm(0.2)
        settle(self.daemon)
        before = Holdings(self.daemon)
        result = self.load()
        time.sleep(1)
        idle = Holdings(self.daemon)
        made = idle.environments - before.environments
        if made != BURST:
            raise MeasureError(f"{BURST} calls at once made {made} environments; SLEEP_MS is too short")
        began = time.monotonic()
        self.make_cold()
        self.rounds.append({
            "create_ms": result["elapsed_us"] / 1000 - SLEEP_MS, "before": before, "idle": idle,
            "retire_ms": (settle(self.daemon) - began) * 1000,
            "left": before.left_in(Holdings(self.daemon), MARGINS)})

    def median(self, value):
        return statistics.median(value(round_) for round_ in self.rounds)

    def per_environment(self, name):
        def added(round_):
            return getattr(round_["idle"], name) - getattr(round_["before"], name)
        return self.median(added) / BURST


# Parked sandboxes, of two processes and up to four groups each, come and go.
MARGINS = {"fds": 8, "processes": 34 * 2, "mounts": 0, "groups": 34 * 4}


def burst(bench):
    arguments = [*bench.serve_arguments, "--scaling-rate", "100000"]
    with LambDaemon(bench.lamb, arguments, bench.work_dir) as daemon:
        daemon.start()
        run = Burst(bench, daemon, bench.deploy(daemon, "c", "python"))
        floors = []
        for _ in range(min(bench.rounds, ROUNDS_MAX)):
            one_us = bench.programs.floor_cold("--runtime", "c", "--samples", 30)["next_p50_us"]
            all_us = bench.programs.floor_cold("--burst", BURST, "--samples", 1)["next_p50_us"]
            floors.append({"one_us": one_us, "all_ms": all_us / 1000,
                           "ms": one_us * BURST / (os.cpu_count() or 1) / 1000})
            run.run()
        run.disturb(floors[-1]["ms"] / 1000)
    left = [line for round_ in run.rounds for line in round_["left"]]
    if left:
        raise MeasureError("something is left of the burst: " + "; ".join(left))
    return rows(run, floors)


def rows(run, floors):
    floor_ms = statistics.median(floor["ms"] for floor in floors)
    create_ms = run.median(lambda round_: round_["create_ms"])
    found = [Row(f"{BURST:,} cold starts at once, C; floor: one sandbox × {BURST:,} / CPUs", "ms", create_ms,
                 floor_ms, Target("≤ 2 × floor", "ratio", 2),
                 {"per_s": BURST / create_ms * 1000, "floors": floors,
                  "rounds_ms": [round_["create_ms"] for round_ in run.rounds]})]
    for field in ("p50_us", "p99_us"):
        found.append(Row(f"warm {field[:3]}, another function, during a burst; floor: quiet", "µs",
                         run.during[field], run.quiet[field], None, {"calls": run.during["requests"]}))
    found.append(Row(f"daemon memory per idle environment of {BURST:,}", "kB",
                     run.per_environment("daemon_kb"), None, Target("≤ 32 kB", "lamb", 32),
                     {"fds": run.per_environment("fds")}))
    found.append(Row(f"memory of the machine per idle environment of {BURST:,}", "kB",
                     run.per_environment("machine_kb"), None, None,
                     {"kernel_kb": run.per_environment("kernel_kb"),
                      "processes": run.per_environment("processes")}))
    found.append(Row(f"{BURST:,} environments ended", "ms", run.median(lambda round_: round_["retire_ms"])))
    return found
