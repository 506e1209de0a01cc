"""The figures of the queue engine: events of 1 kB, each answered once it is on disk; a queue of a million."""

import itertools
import os
import statistics
import tempfile

from figures import Row, Target, median_of

PUSHERS = 32
MANY = 1_000_000
SOME = 50_000


def queue(bench):
    """Everything on the disk of the data directories."""
    with tempfile.TemporaryDirectory(prefix="lamb-bench-", dir=bench.work_dir) as directory:
        return accept_rows(bench, directory) + deep_rows(bench, directory)


def accept_rows(bench, directory):
    """The floors: as many events in each transaction as there are pushers, and a fsync for each event."""
    numbers = itertools.count()

    def new_file():
        return os.path.join(directory, f"file-{next(numbers)}")

    def lamb(pushers):
        return bench.programs.run_any("bench_queue", "accept", new_file(), pushers, bench.seconds)

    def floor(events_per_commit):
        return bench.programs.run_any("floor_queue", new_file(), events_per_commit, bench.seconds)

    results = bench.take_turns({
        "lamb": lambda: lamb(PUSHERS), "group": lambda: floor(PUSHERS), "fsync": lambda: floor(0),
        "alone": lambda: lamb(1), "alone floor": lambda: floor(1)})
    rate = median_of(results["lamb"], "rate")
    detail = {"worst_ms": max(result["worst_ms"] for result in results["lamb"]),
              "lamb_rounds": [result["rate"] for result in results["lamb"]],
              "floor_rounds": [result["rate"] for result in results["group"]]}
    return [
        Row(f"queue, durable events, {PUSHERS} pushers; floor: {PUSHERS} per commit", "/s", rate,
            median_of(results["group"], "rate"), Target("≥ 0.5 × floor", "ratio", 0.5, at_least=True),
            detail),
        Row(f"queue, durable events, {PUSHERS} pushers; floor: a fsync for each", "/s", rate,
            median_of(results["fsync"], "rate"), Target("≥ 20 × floor", "ratio", 20, at_least=True)),
        Row("queue, durable events, 1 pusher; floor: 1 per commit", "/s", median_of(results["alone"], "rate"),
            median_of(results["alone floor"], "rate"))]


def deep_rows(bench, directory):
    """A million events, written by a process that dies then; the rate of a short queue is their floor."""
    deep, short = os.path.join(directory, "deep"), os.path.join(directory, "short")

    def use(*arguments):
        return bench.programs.run_any("bench_queue", *arguments)

    filled = use("fill", deep, MANY)
    deep_runs, short_runs = [], []
    for _ in range(max(3, bench.rounds)):
        deep_runs.append(use("drain", deep, SOME))
        use("fill", short, SOME)
        short_runs.append(use("drain", short, SOME))
    grown_kb = max(filled["grown_kb"], *(run["grown_kb"] for run in deep_runs))
    return [
        Row("queue of a million, start after a crash", "ms", deep_runs[0]["open_ms"], None,
            Target("≤ 1,000 ms", "lamb", 1000)),
        Row("queue of a million, memory grows", "MB", grown_kb / 1000, None, Target("≤ 32 MB", "lamb", 32)),
        Row("queue of a million, received and removed; floor: a short queue", "/s",
            statistics.median(run["rate"] for run in deep_runs),
            statistics.median(run["rate"] for run in short_runs), None, {"fill_seconds": filled["seconds"]})]
