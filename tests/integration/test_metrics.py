"""/metrics: what Prometheus reads is well-formed, counts exactly, and is told to those alone who may know."""

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import daemon, metrics, packages, processes, settings
from support.waiting import wait_until

DOES_PY = """
import os, time

def handler(event, context):
    if event == "raise":
        raise ValueError("no")
    if event == "exit":
        os._exit(3)
    if isinstance(event, (int, float)):
        time.sleep(event)
    print("a line")
    return event
"""

GETS_PY = """
import urllib.error, urllib.request

def handler(event, context):
    try:
        return [200, urllib.request.urlopen("http://127.0.0.1:9002/metrics").read().decode()]
    except urllib.error.HTTPError as refused:
        return [refused.code, refused.read().decode()]
"""


@pytest.fixture
def own(new_daemon):
    return new_daemon()


def get(lamb, **headers):
    return lamb.request("GET", "/metrics", headers=headers, signed=False)


# ---- who may read it


def test_needs_no_signature_and_takes_one(own):
    assert metrics.value(metrics.read(own.daemon), "lamb_build_info") == 1
    assert own.request("GET", "/metrics").status == 200
    assert own.request("GET", "/metrics?format=text", signed=False).status == 200


def test_web_pages_are_refused(own):
    assert get(own, Host="evil.example").status == 403
    assert get(own, Host=own.daemon.host, Origin="http://evil.example").status == 403


def test_only_get(own):
    for method in ("POST", "PUT", "DELETE"):
        assert own.request(method, "/metrics", signed=False).status == 403
    assert own.request("GET", "/metrics/more", signed=False).status == 403


def test_functions_can_not_read_it(own):
    name = own.create_python(GETS_PY)
    status, text = own.invoke(name).json
    assert status == 403
    assert "lamb_" not in text


def test_off(new_daemon):
    lamb = new_daemon(*settings.no_metrics())
    answer = get(lamb)
    assert (answer.status, answer.body) == (404, b"The metrics are switched off: setting `metrics`.\n")
    assert lamb.request("GET", "/_lamb/health", signed=False).status == 200


# ---- what it tells


def test_outcomes_are_counted_exactly(own):
    name = own.create_python(DOES_PY, Timeout=1)
    broken = own.create_python("raise RuntimeError('no')")
    empty = own.create(packages.zip_files({"no-bootstrap": ""}))
    since = metrics.Difference(own.daemon)
    for event in ("a", "b", "raise", "raise", "exit", 3, "c"):
        own.invoke(name, event)
    own.invoke(broken, {})
    own.invoke(empty, {})
    own.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    for _ in range(4):
        own.request("POST", f"/2015-03-31/functions/{name}/invocations", "{}")
    grown = since.now()
    outcomes = ("success", "function-error", "crash", "timeout", "init-error", "throttled", "failed")
    assert [grown("lamb_invocations_total", outcome=outcome) for outcome in outcomes] == [
        3,
        2,
        1,
        1,
        2,
        4,
        0,
    ]
    assert grown("lamb_invocation_duration_seconds_count") == 7 + 1
    assert 1 <= grown("lamb_invocation_duration_seconds_sum") < 20
    assert grown("lamb_throttles_total") == 4
    assert grown("lamb_throttles_total", limit="reserved") == 4
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert grown("lamb_throttles_total", reason=reason) == 4


def test_environments_are_counted(new_daemon):
    lamb = new_daemon(*settings.idle_timeout(1))
    name = lamb.create_python(DOES_PY, Timeout=10)
    since = metrics.Difference(lamb.daemon)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(lamb.invoke, name, 2) for _ in range(3)]
        wait_until(lambda: since.now()("lamb_environments", state="running") == 3, 10, "three run")
        assert since.now()("lamb_invocations_running") == 3
        for call in calls:
            call.result()
    grown = since.now()
    assert grown("lamb_cold_starts_total") == 3
    assert grown("lamb_environments_started_total", type="on-demand") == 3
    assert grown("lamb_init_duration_seconds_count") == 3
    assert grown("lamb_invocations_running") == 0
    wait_until(lambda: since.now()("lamb_environment_freezes_total") == 3, 5, "all are frozen")
    lamb.invoke(name, "warm")
    assert since.now()("lamb_cold_starts_total") == 3
    wait_until(lambda: metrics.value(metrics.read(lamb.daemon), "lamb_environments") == 0, 10, "none is left")
    grown = since.now()
    assert grown("lamb_environments_ended_total") == 3
    assert grown("lamb_environments_ended_total", reason="idle") == 3
    assert grown("lamb_environment_freezes_total") == 3 + 1
    assert grown("lamb_environment_thaws_total") == 1
    assert grown("lamb_log_lines_total") >= 4 * 4
    assert grown("lamb_log_lines_dropped_total") == 0


def test_changes_end_environments(own):
    name = own.create_python(DOES_PY)
    own.invoke(name, 0)
    since = metrics.Difference(own.daemon)
    own.update_configuration(name, Description="another")

    def is_ended():
        return since.now()("lamb_environments_ended_total", reason="outdated") == 1

    wait_until(is_ended, 10, "the old one is gone")


def test_failed_environments_are_counted(own):
    """Ended, or initialised again in place."""
    name = own.create_python(DOES_PY, Timeout=1)
    own.invoke(name, 0)
    since = metrics.Difference(own.daemon)
    for event in ("exit", 3):
        own.invoke(name, event)
        own.invoke(name, 0)

    def failed():
        grown = since.now()
        name = "lamb_environments_ended_total"
        ended = grown(name, reason="crash") + grown(name, reason="timeout")
        return ended + grown("lamb_environment_resets_total") == 2

    wait_until(failed, 10, "both failures are counted")


def test_provisioned_are_told_apart(own):
    name = own.create_python(DOES_PY)
    own.client.publish_version(FunctionName=name)
    since = metrics.Difference(own.daemon)
    own.client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=2
    )
    kind = "provisioned-concurrency"
    wait_until(lambda: since.now()("lamb_environments", state="idle") == 2, 20, "two are ready")
    assert since.now()("lamb_environments_started_total", type=kind) == 2
    own.invoke(name, 0, Qualifier="1")
    assert since.now()("lamb_cold_starts_total") == 0


def test_requests_by_service_and_status(own):
    since = metrics.Difference(own.daemon)
    for _ in range(3):
        own.request("GET", "/2015-03-31/functions")
    own.request("GET", "/2015-03-31/functions/nowhere")
    own.request("GET", "/2015-03-31/functions", signed=False)
    own.request("GET", "/_lamb/health", signed=False)
    get(own, Host="evil.example")
    name = "lamb_http_requests_total"
    grown = since.now()
    found = {
        (service, status): grown(name, service=service, status=status)
        for service in ("lambda", "iam", "lamb", "none")
        for status in ("2xx", "4xx", "5xx")
    }
    assert {key: count for key, count in found.items() if count} == {
        ("lambda", "2xx"): 3,
        ("lambda", "4xx"): 1,
        ("none", "4xx"): 2,
        ("lamb", "2xx"): 2,  # of the health, and of the metrics read at first
    }


def test_catalogue(own):
    name = own.create_bash("echo '{}'")
    own.create_bash("echo '{}'")
    own.client.publish_version(FunctionName=name)
    own.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    samples = metrics.read(own.daemon)
    names = ("lamb_functions", "lamb_function_versions", "lamb_function_aliases")
    assert [metrics.value(samples, name) for name in names] == [2, 1, 1]
    own.client.delete_function(FunctionName=name)
    samples = metrics.read(own.daemon)
    assert [metrics.value(samples, name) for name in names] == [1, 0, 0]


def test_process(own):
    samples = metrics.read(own.daemon)
    pid = own.daemon.pid
    counted = len(os.listdir(f"/proc/{pid}/fd"))
    assert abs(metrics.value(samples, "process_open_fds") - counted) <= 2  # the asking connection
    assert metrics.value(samples, "process_max_fds") >= 1024
    resident = processes.rss_kb(pid) * 1024
    assert 0.8 * resident < metrics.value(samples, "process_resident_memory_bytes") < 1.2 * resident
    assert metrics.value(samples, "process_virtual_memory_bytes") > resident
    assert abs(time.time() - metrics.value(samples, "process_start_time_seconds")) < 60
    assert 0 < metrics.value(samples, "process_cpu_seconds_total") < 60
    assert metrics.value(samples, "lamb_http_connections") >= 1


def test_series_do_not_grow_with_functions(own):
    def names():
        return {name for name, _ in metrics.read(own.daemon).items()}

    own.invoke(own.create_bash("echo '{}'"), {})
    before = names()
    for _ in range(5):
        own.invoke(own.create_bash("echo '{}'"), {})
    assert names() == before


def test_parked_runtimes(new_daemon):
    lamb = new_daemon(*settings.parked_runtimes(1))
    name = lamb.create_python(DOES_PY)
    since = metrics.Difference(lamb.daemon)

    def count(name, **labels):
        return metrics.value(metrics.read(lamb.daemon), name, runtime="python3.11", **labels)

    wait_until(lambda: count("lamb_parked_runtimes", state="ready") == 1, 10, "one is ready")
    lamb.invoke(name, 0)
    assert count("lamb_parked_runtimes_taken_total") == 1
    assert count("lamb_parked_runtimes_missed_total") == 0
    assert since.now()("lamb_cold_starts_total") == 1


def test_every_metric_is_documented(new_daemon):
    """docs/metrics.md lists them all, with the types and labels they have, and no other."""
    own = new_daemon(*settings.parked_runtimes(1))
    own.create_python(DOES_PY)  # so that there is a runtime in use
    lines = (daemon.ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.startswith(("| `lamb_", "| `process_"))]
    documented = {row[1].strip(" `"): (row[2].strip(), set(re.findall(r"`(\w+)`", row[3]))) for row in rows}
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", get(own).body.decode(), re.MULTILINE))
    labels = {name: set() for name in kinds}
    for name, pairs in metrics.read(own.daemon):
        labels[re.sub(r"_(bucket|sum|count)$", "", name)] |= {label for label, _ in pairs}
    assert documented == {name: (kind, labels[name]) for name, kind in kinds.items()}
