"""The runtime clients' ways to answer in a stream, through InvokeWithResponseStream and through Invoke: the
same function in C, Python and Node.js. It goes on past a piece only when the test has read it: release() says
so."""

import json

import pytest

from support import packages
from support.packages import ROOT
from support.streams import Stream, release

# Event: {"write": …, "wait": …, "then": …, "fail": …, "metadata": …}, each optional.
PYTHON = """
import lamb_runtime, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})

class Broken(Exception): pass

@lamb_runtime.streaming
def handler(event, response_stream, context):
    if "metadata" in event:
        response_stream.set_http_metadata(201, {"X-A": "b"}, ["a=1"])
    if "write" in event:
        yield event["write"]
    if "wait" in event:
        signal.sigwait({signal.SIGUSR2})
        yield event["then"]
    if "fail" in event:
        raise Broken(event["fail"])
"""

NODEJS = """
class Broken extends Error { name = 'Broken'; }

// A handler that only waits for a signal has nothing to do in the eyes of Node.
const released = () => new Promise((resolve) => {
    const timer = setInterval(() => {}, 1000);
    process.once('SIGUSR2', () => { clearInterval(timer); resolve(); });
});

exports.handler = awslambda.streamifyResponse(async (event, stream) => {
    if (event.metadata !== undefined)
        stream = awslambda.HttpResponseStream.from(stream, {
            statusCode: 201, headers: { 'X-A': 'b' }, cookies: ['a=1'],
        });
    if (event.write !== undefined) {
        const going = event.wait === undefined ? undefined : released();
        await new Promise((resolve) => stream.write(event.write, resolve));
        await going;
        if (going !== undefined)
            await new Promise((resolve) => stream.write(event.then, resolve));
    }
    if (event.fail !== undefined)
        throw new Broken(event.fail);
    stream.end();
});
"""

# It looks for the names of the members alone: their values are those of the tests.
C = """
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    const struct lamb_header headers[] = {{"X-A", "b"}, {"Set-Cookie", "a=1"}, {NULL, NULL}};
    int caught;
    if (strstr(event->data, "metadata"))
        lamb_stream_http(response, 201, headers);
    if (strstr(event->data, "write"))
        lamb_stream_write(response, "one", 3);
    if (strstr(event->data, "wait")) {
        sigwait(&signals, &caught);
        lamb_stream_printf(response, "%s", "zwei \\xc3\\xbc");
    }
    if (strstr(event->data, "fail"))
        lamb_fail(response, "Broken", "no more");
"""

LIVE = {"write": "one", "wait": True, "then": "zwei ü"}


@pytest.fixture(params=["c", "python", "nodejs"])
def language(request):
    return request.param


@pytest.fixture
def function(lamb, language):
    if language == "c":
        return lamb.create_c(C, "#include <signal.h>", Timeout=20)
    if language == "python":
        return lamb.create_python(PYTHON, Timeout=20)
    return lamb.create_node(NODEJS, Timeout=20)


def test_pieces_arrive_while_the_function_runs(lamb, function):
    for _ in range(2):
        with Stream(lamb.daemon, function, LIVE) as answer:
            assert answer.next() == b"one"
            release(lamb.daemon, function)
            assert answer.next() == "zwei ü".encode()
            assert answer.next() == {}
            assert answer.next() is None


def test_failure_in_the_middle(lamb, function):
    for _ in range(2):
        with Stream(lamb.daemon, function, {**LIVE, "fail": "no more"}) as answer:
            assert answer.next() == b"one"
            release(lamb.daemon, function)
            data, end = answer.rest()
        details = json.loads(end["ErrorDetails"])
        assert (data.decode(), end["ErrorCode"]) == ("zwei ü", "Broken")
        assert (details["errorType"], details["errorMessage"]) == ("Broken", "no more")


def test_failure_before_the_first_byte(lamb, function):
    event = {"metadata": True, "fail": "no more"}
    with Stream(lamb.daemon, function, event) as answer:
        data, end = answer.rest()
    assert (data, end["ErrorCode"]) == (b"", "Unhandled")
    assert json.loads(end["ErrorDetails"])["errorMessage"] == "no more"
    answer = lamb.invoke(function, event)
    assert (answer.error, answer.json["errorType"]) == ("Unhandled", "Broken")


@pytest.mark.parametrize("rest", ["one", ""])
def test_metadata_is_in_front(lamb, function, rest):
    with Stream(lamb.daemon, function, {"metadata": True, **({"write": rest} if rest else {})}) as answer:
        data, end = answer.rest()
    prelude, body = data.split(bytes(8))
    assert json.loads(prelude) == {"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["a=1"]}
    assert (body.decode(), end) == (rest, {})


def test_invoke_gets_it_whole(lamb, function):
    answer = lamb.invoke(function, {"write": "one"})
    assert (answer.status, answer.payload, answer.error) == (200, b"one", None)
    answer = lamb.invoke(function, {"write": "one", "fail": "no more"})
    assert (answer.error, answer.json["errorMessage"]) == ("Unhandled", "no more")


def test_example(lamb, language):
    source = {"c": "counter.c", "python": "counter.py", "nodejs": "counter.mjs"}[language]
    text = (ROOT / "examples" / "streaming" / source).read_text()
    if language == "c":
        fields = {"zip_file": packages.c_zip(text)}
    else:
        runtime = {"python": "python3.11", "nodejs": "nodejs20.x"}[language]
        fields = {"zip_file": packages.zip_files({source: text}), "runtime": runtime}
    environment = {"Variables": {"PAUSE_MS": "1"}}
    function = lamb.create(handler="counter.handler", Environment=environment, Timeout=20, **fields)
    with Stream(lamb.daemon, function, {}) as answer:
        data, end = answer.rest()
    prelude, body = data.split(bytes(8))
    assert json.loads(prelude)["headers"]["Content-Type"] == "text/event-stream"
    assert body.decode() == "".join(f"data: {number}\n\n" for number in range(1, 11))
    assert end == {}
