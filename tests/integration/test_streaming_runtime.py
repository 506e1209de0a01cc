"""Streamed responses as a runtime writes them by hand: how they can end, what is refused in the middle, how
large and how fast they may be, and what they cost."""

import json
import time

import pytest

from support import metrics, packages, processes
from support.daemon import plain_build_dir
from support.streams import Stream, processes_of, release, steps_zip, wait_for_log

MB = 1024 * 1024
NEXT = "/2018-06-01/runtime/invocation/next"
DOCUMENT = '{"errorType":"Bad","errorMessage":"worse"}'


@pytest.fixture
def steps(lamb):
    """A function that does the steps of its event."""
    return lamb.create(steps_zip())


def run(lamb, name, *event, **options):
    """(all bytes, the document of the end)"""
    with Stream(lamb.daemon, name, list(event), **options) as stream:
        return stream.rest()


def read_raw(lamb, name, *event):
    """[(seconds since the first byte, bytes so far)] of the whole stream, framing included, undecoded."""
    with Stream(lamb.daemon, name, list(event)) as stream:
        began, total, marks = time.monotonic(), 0, []
        while data := stream.response.read1(65536):
            total += len(data)
            marks.append((time.monotonic() - began, total))
    return marks


def error_type(end):
    return json.loads(end["ErrorDetails"])["errorType"]


def assert_lives_on(lamb, name, pids):
    """The same environment answers the next call."""
    assert run(lamb, name, ["start"], ["write", "again"], ["end"]) == (b"again", {})
    assert processes_of(lamb.daemon, name) == pids


# ---- how a stream ends ----


@pytest.mark.parametrize("last", [["cut"], ["send", "zz\r\n"]], ids=["cut", "malformed"])
def test_response_that_breaks_off(lamb, steps, last):
    data, end = run(lamb, steps, ["start"], ["write", "one"], last)
    pids = processes_of(lamb.daemon, steps)
    assert (data, end["ErrorCode"]) == (b"one", "Runtime.TruncatedResponse"), end
    assert error_type(end) == "Runtime.TruncatedResponse"
    assert_lives_on(lamb, steps, pids)
    wait_for_log(lamb, steps, "Status: error\tError Type: Runtime.TruncatedResponse")


def test_response_that_breaks_off_while_the_function_goes_on(lamb, steps):
    """It is not known before whether the runtime is about to end."""
    lamb.update_configuration(steps, Timeout=10)
    _, end = run(lamb, steps, ["start"], ["write", "one"], ["cut"], ["wait"])
    assert end["ErrorCode"] == "Runtime.TruncatedResponse"
    pids = processes_of(lamb.daemon, steps)
    release(lamb.daemon, steps)
    assert_lives_on(lamb, steps, pids)


def test_error_told_in_the_middle(lamb, steps):
    data, end = run(lamb, steps, ["start"], ["write", "one"], ["end", "Function.Bad", DOCUMENT])
    assert (data, end) == (b"one", {"ErrorCode": "Function.Bad", "ErrorDetails": DOCUMENT})
    pids = processes_of(lamb.daemon, steps)
    wait_for_log(lamb, steps, "status 202")
    assert_lives_on(lamb, steps, pids)


def test_error_told_at_the_end_of_a_gathered_response(lamb, steps):
    answer = lamb.invoke(steps, [["start"], ["write", "one"], ["end", "Function.Bad", DOCUMENT]])
    assert (answer.error, answer.payload.decode()) == ("Unhandled", DOCUMENT)


def test_time_of_the_function_ends_a_stream(lamb, steps):
    lamb.update_configuration(steps, Timeout=1)
    event = [["start"], ["write", "one"], ["wait"]]
    began = time.monotonic()
    data, end = run(lamb, steps, *event, headers={"X-Amz-Log-Type": "Tail"})
    assert time.monotonic() - began < 5
    assert data == b"one" and "Task timed out after 1.00 seconds" in end["ErrorDetails"]
    assert "LogResult" in end
    assert run(lamb, steps, ["start"], ["write", "again"], ["end"]) == (b"again", {})


def test_reader_too_slow_for_the_time_of_the_function(lamb, steps):
    """Its writes wait, and its time goes by."""
    lamb.update_configuration(steps, Timeout=1)
    with Stream(lamb.daemon, steps, [["start"], ["fill", 1000, 16384], ["end"]]) as stream:
        wait_for_log(lamb, steps, "Status: timeout")
        data, end = stream.rest()
    assert 0 < len(data) < 16384000
    assert "Task timed out after 1.00 seconds" in end["ErrorDetails"]


FAILING_PY = r"""#!/usr/bin/python3
import http.client, json, os

def call(method, path, body=None):
    connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
    connection.request(method, '/2018-06-01/runtime/invocation/' + path, body)
    answer = connection.getresponse()
    return answer, answer.read()

while True:
    event, body = call('GET', 'next')
    call('POST', event.headers['Lambda-Runtime-Aws-Request-Id'] + '/error', bytes(json.loads(body)) * 2**20)
"""


@pytest.mark.parametrize("unit", [b"abcd", b"\x01\x02\x03\x04"], ids=["plain", "escaped"])
def test_error_document_is_cut_to_what_an_event_holds(lamb, unit):
    """An event has 16 MB at most, a byte of the document up to six characters, and the log of the call comes
    beside it."""
    name = lamb.create(packages.zip_files({"bootstrap": FAILING_PY}), Timeout=20)
    data, end = run(lamb, name, *unit, headers={"X-Amz-Log-Type": "Tail"})
    details = end["ErrorDetails"].encode()
    assert (data, end["ErrorCode"]) == (b"", "Unhandled") and "LogResult" in end
    assert len(details) == 16 * MB // 6 - 8192
    assert (unit * MB).startswith(details)


# ---- what a runtime may not do meanwhile ----


def test_calls_in_the_middle_of_a_response(lamb, steps):
    calls = [
        ["other", "POST", "RESULT/response"],
        ["other", "POST", "RESULT/error"],
        ["other", "POST", "RESULT/error", 100000],
        ["other", "GET", NEXT],
    ]
    event = [["start"], ["write", "one "], *calls, ["write", "two"], ["end"]]
    assert run(lamb, steps, *event) == (b"one two", {})
    wait_for_log(lamb, steps, "other 403", len(calls))
    targets = ["InvocationResponse", "InvocationErrorResponse", "InvocationErrorResponse", "Ready"]
    refusals = [line.split("other ", 1)[1] for line in lamb.logs(steps).splitlines() if "other " in line]
    assert refusals == [
        f'403 {{"errorMessage":"State transition from InvocationResponse to {target} failed for runtime. '
        'Error: State transition is not allowed","errorType":"InvalidStateTransition"}'
        for target in targets
    ]


# ---- size, rate, cost ----


def test_size_is_limited(new_daemon):
    lamb = new_daemon("--response-stream-mb", "1", "--response-stream-burst-mb", "2")
    name = lamb.create(steps_zip())
    assert run(lamb, name, ["start"], ["fill", 64, 16384], ["end"]) == (b"x" * MB, {})
    pids = processes_of(lamb.daemon, name)
    data, end = run(lamb, name, ["start"], ["fill", 64, 16384], ["write", "!"], ["end"])
    assert len(data) <= MB
    assert end == {
        "ErrorCode": "Function.ResponseSizeTooLarge",
        "ErrorDetails": '{"errorMessage":"Response payload size exceeded maximum allowed payload size '
        '(1048576 bytes).","errorType":"Function.ResponseSizeTooLarge"}',
    }
    wait_for_log(lamb, name, "status 413")
    assert_lives_on(lamb, name, pids)


def test_gathered_response_keeps_its_own_limit(lamb, steps):
    lamb.update_configuration(steps, Timeout=10)
    answer = lamb.invoke(steps, [["start"], ["fill", 400, 16384], ["say", "written"]])
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Function.ResponseSizeTooLarge"


def test_rate_after_the_burst(new_daemon):
    """A megabyte at once, and 3 more at 2 MB/s, evenly."""
    lamb = new_daemon("--response-stream-burst-mb", "1")
    name = lamb.create(steps_zip(), Timeout=30)
    run(lamb, name, ["start"], ["write", "warm"], ["end"])
    marks = read_raw(lamb, name, ["start"], ["fill", 256, 16384], ["end"])
    at_burst = next(at for at, total in marks if total >= MB)
    assert at_burst < 0.5
    assert 1.4 < marks[-1][0] < 3
    half = [at for at, total in marks if total >= 2.5 * MB][0]
    assert 0.6 < half < 1.5
    assert max(after - before for (before, _), (after, _) in zip(marks, marks[1:])) < 0.5


def test_long_streams_cost_no_memory(new_daemon):
    unbounded = ("--response-stream-mb", "200", "--response-stream-rate-kb", "0")
    lamb = new_daemon(*unbounded, build=plain_build_dir())
    name = lamb.create(steps_zip(), Timeout=60)
    run(lamb, name, ["start"], ["write", "warm"], ["end"])
    before = processes.rss_kb(lamb.daemon.pid)
    since = metrics.Difference(lamb.daemon)
    marks = read_raw(lamb, name, ["start"], ["fill", 12800, 16384], ["end"])
    assert marks[-1][1] > 200 * MB
    assert processes.rss_kb(lamb.daemon.pid) - before < 2048
    grown = since.now()
    assert grown("lamb_response_streams_total") == 1
    assert grown("lamb_response_stream_bytes_total") == 200 * MB
