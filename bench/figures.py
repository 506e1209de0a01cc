"""The figures of the benchmark. Each is measured beside its floor in the same run, in turns (A B A B), and is
the median of its rounds: absolute figures drift on a shared machine, ratios hold."""

import dataclasses
import os
import shutil
import statistics
import subprocess
import time
import typing

import deployment
from floors import InvokeFloor, MeasureError, time_to_line
from lamb_daemon import LambDaemon

LANGUAGES = {"c": "C", "python": "Python", "node": "Node"}
BURST = 100
BURST_SLEEP_MS = 300
MANY_FUNCTIONS = 1000
# Idle time before a cold call: the old environments are gone and the stock of parked sandboxes is full again.
COLD_GAP_MS = 100
READY_STARTS = 5


@dataclasses.dataclass
class Target:
    """What a figure must reach; the limit is for the ratio, Lamb's figure or its excess over the floor."""

    text: str
    of: str  # "ratio", "lamb" or "excess"
    limit: float
    at_least: bool = False

    def is_met(self, row):
        value = {"ratio": row.ratio, "lamb": row.lamb, "excess": row.lamb - (row.floor or 0)}[self.of]
        return value >= self.limit if self.at_least else value <= self.limit


@dataclasses.dataclass
class Row:
    """One line of the result."""

    name: str
    unit: str
    lamb: float
    floor: typing.Optional[float] = None
    target: typing.Optional[Target] = None
    detail: dict = dataclasses.field(default_factory=dict)

    @property
    def ratio(self):
        return self.lamb / self.floor if self.floor else None

    @property
    def met(self):
        return self.target.is_met(self) if self.target else None

    def as_json(self):
        return {"name": self.name, "unit": self.unit, "lamb": self.lamb, "floor": self.floor,
                "ratio": self.ratio, "target": self.target.text if self.target else None, "met": self.met,
                "detail": self.detail}


@dataclasses.dataclass
class Bench:
    """What every figure needs."""

    programs: object
    lamb: str
    serve_arguments: list
    work_dir: typing.Optional[str]
    rounds: int
    seconds: float
    samples: int
    packages: dict = dataclasses.field(default_factory=dict)

    def daemon(self, *more_arguments):
        return LambDaemon(self.lamb, [*self.serve_arguments, *more_arguments], self.work_dir)

    def package(self, runtime, work_dir):
        if runtime not in self.packages:
            self.packages[runtime] = deployment.package(runtime, work_dir)
        return self.packages[runtime]

    def deploy(self, daemon, *runtimes):
        """One echo function per runtime, named as the runtime is."""
        deployed = deployment.Deployment(daemon.port, daemon.key)
        for runtime in runtimes:
            deployed.create(runtime, runtime, self.package(runtime, daemon.work_dir))
        for runtime in runtimes:
            deployed.wait_ready(runtime)
        return deployed

    def load(self, daemon, function, *arguments, cpus=None):
        return self.programs.load(daemon.port, function, *arguments, key=daemon.key, cpus=cpus)

    def take_turns(self, sources):
        """Calls each of {name: function} once per round and returns {name: [result of every round]}."""
        results = {name: [] for name in sources}
        for _ in range(self.rounds):
            for name, measure in sources.items():
                results[name].append(measure())
        return results


def median_of(results, field):
    return statistics.median(result[field] for result in results)


def warm_row(name, lamb, floor, target=None):
    detail = {"lamb_p99_us": median_of(lamb, "p99_us"), "floor_p99_us": median_of(floor, "p99_us"),
              "lamb_p50_rounds": [result["p50_us"] for result in lamb],
              "floor_p50_rounds": [result["p50_us"] for result in floor]}
    return Row(name, "µs", median_of(lamb, "p50_us"), median_of(floor, "p50_us"), target, detail)


def warm_latency(bench):
    """One connection. The floor is the C one for every language: what the language costs is in the ratio."""
    seconds = ("--seconds", bench.seconds)
    with InvokeFloor(bench.programs, 1) as floor, bench.daemon() as daemon:
        daemon.start()
        bench.deploy(daemon, *LANGUAGES)
        sources = {"floor": lambda: floor.load(*seconds)}
        for runtime in LANGUAGES:
            sources[runtime] = lambda runtime=runtime: bench.load(daemon, runtime, *seconds)
        free = bench.take_turns(sources)
        # Once more with everything on one CPU: the work alone, without the luck of the scheduler's placement.
        one_cpu = {min(os.sched_getaffinity(0))}
        floor.pin(one_cpu)
        daemon.pin(one_cpu)
        pinned = bench.take_turns({"floor": lambda: floor.load(*seconds, cpus=one_cpu),
                                   "c": lambda: bench.load(daemon, "c", *seconds, cpus=one_cpu)})
    target = Target("≤ 1.6 × floor", "ratio", 1.6)
    rows = [warm_row(f"warm p50, {language}, 1 connection", free[runtime], free["floor"],
                     target if runtime == "c" else None) for runtime, language in LANGUAGES.items()]
    rows.append(warm_row("warm p50, C, 1 connection, all on one CPU", pinned["c"], pinned["floor"]))
    return rows


def throughput(bench):
    """16 connections make 16 environments: that is the like floor. The one with 4 runtimes is beside it."""
    def arguments(connections):
        return "--seconds", bench.seconds, "--connections", connections, "--warmup-ms", 1000
    with InvokeFloor(bench.programs, 16) as floor_16, InvokeFloor(bench.programs, 4) as floor_4, \
            bench.daemon() as daemon:
        daemon.start()
        bench.deploy(daemon, *LANGUAGES)
        sources = {
            "floor 16/16": lambda: floor_16.load(*arguments(16)),
            "c 16": lambda: bench.load(daemon, "c", *arguments(16)),
            "floor 16/4": lambda: floor_4.load(*arguments(16)),
            "floor 4/4": lambda: floor_4.load(*arguments(4)),
            "c 4": lambda: bench.load(daemon, "c", *arguments(4)),
            "python 16": lambda: bench.load(daemon, "python", *arguments(16)),
            "node 16": lambda: bench.load(daemon, "node", *arguments(16)),
        }
        results = bench.take_turns(sources)
        environments = daemon.environments()
    target = Target("≥ 0.6 × floor", "ratio", 0.6, at_least=True)
    lines = (("C, 16 connections, 16 environments", "c 16", "floor 16/16", target),
             ("C, 16 connections; floor with 4 runtimes", "c 16", "floor 16/4", target),
             ("C, 4 connections, 4 environments", "c 4", "floor 4/4", target),
             ("Python, 16 connections", "python 16", "floor 16/16", None),
             ("Node, 16 connections", "node 16", "floor 16/16", None))
    return [Row(f"throughput, {name}", "/s", median_of(results[lamb], "rate"),
                median_of(results[floor], "rate"), wanted,
                {"lamb_p50_us": median_of(results[lamb], "p50_us"),
                 "lamb_p99_us": median_of(results[lamb], "p99_us"),
                 "c_environments_at_end": environments,
                 "lamb_rounds": [result["rate"] for result in results[lamb]],
                 "floor_rounds": [result["rate"] for result in results[floor]]})
            for name, lamb, floor, wanted in lines]


def memory(bench):
    """Of the daemon's process alone. Floor: what floor_invoke holds per runtime for doing the same."""
    variables = {"SLEEP_MS": str(BURST_SLEEP_MS)}
    floor_kb = []
    for runtimes in (1, BURST + 1):
        with InvokeFloor(bench.programs, runtimes) as floor:
            for _ in range(3):
                floor.load("--burst", runtimes)
            floor_kb.append(floor.rss_kb())
    with bench.daemon() as daemon:
        daemon.start()
        deployed = bench.deploy(daemon, "c")
        deployed.make_cold("c", variables)
        bench.load(daemon, "c", "--cold")
        time.sleep(1)
        before_kb, before_count = daemon.rss_kb(), daemon.environments()
        bench.load(daemon, "c", "--burst", BURST)
        time.sleep(1)
        after_kb, after_count = daemon.rss_kb(), daemon.environments()
    if after_count <= before_count:
        raise MeasureError(f"the burst left {after_count} environments, there were {before_count} before it")
    added = after_count - before_count
    return [Row("daemon memory per idle environment", "kB", (after_kb - before_kb) / added,
                (floor_kb[1] - floor_kb[0]) / BURST, None,
                {"environments": added, "rss_before_kb": before_kb, "rss_after_kb": after_kb})]


def floor_start(bench, records_path=None):
    """(seconds to its ready line, RSS in kB) of the start floor."""
    command = [bench.programs.path("floor_start"), *([records_path] if records_path else [])]
    process, seconds, _ = time_to_line(command, "floor.ready")
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
    process.terminate()
    process.communicate()
    return seconds, rss


def start_times(bench, daemon, records_path=None):
    """[(Lamb's, floor's)] seconds to ready, of several starts over the data that is there."""
    pairs = []
    for _ in range(READY_STARTS):
        floor_s, _ = floor_start(bench, records_path)
        pairs.append((daemon.start(), floor_s))
        daemon.stop()
    return pairs


def start_row(name, pairs):
    return Row(name, "ms", statistics.median(pair[0] for pair in pairs) * 1000,
               statistics.median(pair[1] for pair in pairs) * 1000, Target("≤ 50 ms", "lamb", 50),
               {"lamb_rounds_ms": [pair[0] * 1000 for pair in pairs],
                "floor_rounds_ms": [pair[1] * 1000 for pair in pairs]})


def write_records(path):
    """A record of 1 kB for each function: what no start with a catalogue can do without reading."""
    with open(path, "w", encoding="ascii") as file:
        for number in range(MANY_FUNCTIONS):
            file.write(f"many-{number:05d} {'x' * 1000}\n")


def start(bench):
    """Time to the ready line on the first start, with no and 1,000 functions; memory of the idle daemon."""
    with bench.daemon() as daemon:
        floor_s, floor_rss = floor_start(bench)
        first = [(daemon.start(), floor_s)]
        time.sleep(1)
        rss = daemon.rss_kb()
        daemon.stop()
        empty = start_times(bench, daemon)
        daemon.start()
        began = time.monotonic()
        deployment.Deployment(daemon.port, daemon.key).create_many(MANY_FUNCTIONS)
        create_s = time.monotonic() - began
        daemon.stop()
        records_path = os.path.join(daemon.work_dir, "records")
        write_records(records_path)
        many = start_times(bench, daemon, records_path)
        daemon.start()
        time.sleep(1)
        many_rss = daemon.rss_kb()
    many_row = start_row(f"ready with {MANY_FUNCTIONS:,} functions", many)
    many_row.detail["creates_per_s"] = MANY_FUNCTIONS / create_s
    return [start_row("ready, first start", first), start_row("ready, no functions", empty), many_row,
            Row("idle RSS of the daemon", "MB", rss / 1024, floor_rss / 1024, Target("≤ 12 MB", "lamb", 12),
                {"with_1000_functions_mb": many_rss / 1024})]


def size(bench):
    """The stripped program; its floor is the stripped start floor."""
    def stripped_bytes(path):
        copy = os.path.join(bench.work_dir or "/tmp", f"lamb-bench-strip-{os.getpid()}")
        try:
            shutil.copyfile(path, copy)
            done = subprocess.run(["strip", copy], capture_output=True, text=True, check=False)
            if done.returncode:
                raise MeasureError(f"strip {path}: {done.stderr.strip()}")
            return os.path.getsize(copy)
        finally:
            if os.path.exists(copy):
                os.remove(copy)
    mb = 1024 * 1024
    return [Row("stripped binary", "MB", stripped_bytes(bench.lamb) / mb,
                stripped_bytes(bench.programs.path("floor_start")) / mb, Target("≤ 2 MB", "lamb", 2))]


ALL = {"warm": warm_latency, "throughput": throughput, "memory": memory, "start": start,
       "size": size}
