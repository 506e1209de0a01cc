"""The cold start, seen by the client on an open connection: in parked sandboxes, and for Python and Node also
with parked runtimes. The floor ends when the runtime asks for its first event."""

import dataclasses
import statistics
import time
import typing

from figures import COLD_GAP_MS, LANGUAGES, Row, Target, median_of
from lamb_daemon import LambDaemon

# An interpreter that was claimed is replaced by then.
PARKED_GAP_MS = 400


@dataclasses.dataclass
class Kind:
    """One way of starting."""

    runtime: str
    name: str
    floor_options: tuple
    parked_runtimes: int
    target: typing.Optional[Target]


PLAIN = Target("≤ floor + 10 ms", "excess", 10)
PARKED = Target("≤ 2 × floor", "ratio", 2)
KINDS = (
    Kind("c", "parked sandbox", ("--parked",), 0, Target("≤ 1.5 × floor", "ratio", 1.5)),
    Kind("python", "plain", (), 0, PLAIN),
    Kind("python", "parked runtime", ("--waiting",), 4, PARKED),
    Kind("node", "plain", (), 0, PLAIN),
    Kind("node", "parked runtime", ("--waiting",), 4, PARKED),
)


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def call_ms(bench, daemon, deployed, kind):
    deployed.make_cold(kind.runtime)
    time.sleep((PARKED_GAP_MS if kind.parked_runtimes else COLD_GAP_MS) / 1000)
    return bench.load(daemon, kind.runtime, "--cold")["max_us"] / 1000


def measure(bench, kind):
    per_round = max(1, bench.samples // bench.rounds)

    def floor(*options):
        return bench.programs.floor_cold("--runtime", kind.runtime, "--samples", per_round, "--gap-ms",
                                         COLD_GAP_MS, *options)

    arguments = [*bench.serve_arguments, "--parked-runtimes", str(kind.parked_runtimes)]
    with LambDaemon(bench.lamb, arguments, bench.work_dir) as daemon:
        daemon.start()
        deployed = bench.deploy(daemon, kind.runtime)
        # The stock follows the use of the last seconds.
        for _ in range(1 + kind.parked_runtimes):
            call_ms(bench, daemon, deployed, kind)
        results = bench.take_turns({
            "floor": lambda: floor(*kind.floor_options),
            "lamb": lambda: [call_ms(bench, daemon, deployed, kind) for _ in range(per_round)]})
    calls = [call for calls in results["lamb"] for call in calls]
    detail = {"lamb_p99_ms": percentile(calls, 99), "lamb_min_ms": min(calls), "samples": len(calls),
              "floor_p99_ms": median_of(results["floor"], "next_p99_us") / 1000}
    if kind.runtime == "c":
        detail["floor_to_answer_ms"] = median_of(results["floor"], "answer_p50_us") / 1000
        detail["floor_unparked_ms"] = floor()["next_p50_us"] / 1000
    return Row(f"cold p50, {LANGUAGES[kind.runtime]}, {kind.name}", "ms", statistics.median(calls),
               median_of(results["floor"], "next_p50_us") / 1000, kind.target, detail)


def cold_start(bench):
    return [measure(bench, kind) for kind in KINDS]
