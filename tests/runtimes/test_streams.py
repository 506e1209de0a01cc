"""Responses in a stream, as every runtime client sends them: the bytes on the wire, back-pressure, failures.

The same handlers in three languages; what only one of them has is tested in a file of its own."""

import base64
import json
import os
import subprocess

import pytest

from conftest import NODES, PYTHONS, RUNTIMES, SOURCE
from fake_api import TIMEOUT_S, progress

PIECE_BYTES = 65536
PIECES = 512
METADATA_TYPE = "application/vnd.awslambda.http-integration-response"

PYTHON = """
import lamb_runtime

class Early(Exception): pass
class Late(Exception): pass

def make(write):
    @lamb_runtime.streaming
    def handler(event, response_stream, context):
        return write(event, response_stream)
    return handler

@make
def pieces(event, stream):
    stream.set_content_type("text/plain")
    stream.write("one")
    stream.write(b"")
    stream.write("t\\u00e9o")
    stream.write(memoryview(b"\\0\\r\\n"))

@make
def live(event, stream):
    stream.write("first")
    with open(event) as fifo:
        stream.write(fifo.read())

@make
def http(event, stream):
    stream.set_http_metadata(201, {"X-A": "\\"\\u00e9", "X-B": "b"}, ["a=1", "b=2; Path=/"])
    stream.set_content_type("text/html")
    if event:
        stream.write("body")

@make
def http_fails(event, stream):
    stream.set_http_metadata()
    raise Early("early")

@make
def fail(event, stream):
    stream.write("part")
    raise Late("l\\u00e4te")

# The message is in the log, too: that has to fit into a pipe which nobody reads meanwhile.
@make
def fail_at_length(event, stream):
    stream.write("part")
    raise Late("m" * 40000)

@make
def fail_early(event, stream):
    raise Early("early")

@make
def empty(event, stream):
    stream.write("")

@make
def flood(event, stream):
    try:
        for i in range(1, %d + 1):
            stream.write(b"z" * %d)
            with open(event, "w") as file: file.write(str(i))
    except OSError:
        with open(event, "w") as file: file.write("lost")
        raise

def buffered(event, context):
    return event
""" % (PIECES, PIECE_BYTES)

NODEJS = """
const fs = require('fs');
const { pipeline } = require('stream/promises');

class Early extends Error { name = 'Early'; }
class Late extends Error { name = 'Late'; }

const handlers = {
    pieces(event, stream) {
        stream.setContentType('text/plain');
        stream.write('one');
        stream.write('');
        stream.write('t\\u00e9o');
        stream.end(new Uint8Array([0, 13, 10]));
    },
    async live(event, stream) {
        stream.write('first');
        stream.end(await fs.promises.readFile(event));
    },
    http(event, stream) {
        stream = awslambda.HttpResponseStream.from(stream, {
            statusCode: 201,
            headers: { 'X-A': '"\\u00e9', 'X-B': 'b', 'Content-Type': 'text/html' },
            cookies: ['a=1', 'b=2; Path=/'],
        });
        stream.end(event ? 'body' : undefined);
    },
    http_fails(event, stream) {
        stream = awslambda.HttpResponseStream.from(stream, { statusCode: 200 });
        throw new Early('early');
    },
    async fail(event, stream) {
        await new Promise((resolve) => stream.write('part', resolve));
        throw new Late('l\\u00e4te');
    },
    async fail_at_length(event, stream) {
        await new Promise((resolve) => stream.write('part', resolve));
        throw new Late('m'.repeat(20000));
    },
    fail_early() {
        throw new Early('early');
    },
    empty(event, stream) {
        stream.end();
    },
    async flood(event, stream) {
        const piece = Buffer.alloc(%d, 'z');
        async function* make() {
            for (let i = 1; i <= %d; i++) {
                yield piece;
                fs.writeFileSync(event, String(i));
            }
        }
        try {
            await pipeline(make(), stream);
        } catch (error) {
            fs.writeFileSync(event, 'lost');
            throw error;
        }
    },
};
for (const [name, handler] of Object.entries(handlers))
    exports[name] = awslambda.streamifyResponse(async (event, stream) => handler(event, stream));
exports.buffered = async (event) => event;
""" % (PIECE_BYTES, PIECES)


@pytest.fixture(scope="session")
def c_functions(tmp_path_factory):
    program = tmp_path_factory.mktemp("c") / "bootstrap"
    flags = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fsanitize=address,undefined"]
    sources = [SOURCE / "tests/runtimes/stream_functions.c", *sorted((RUNTIMES / "c").glob("*.c"))]
    command = ["gcc", *flags, "-fno-sanitize-recover=all", "-I", RUNTIMES / "c", "-o", program, *sources]
    subprocess.run(command, check=True)
    return program


RUNS = [("c", None, False)]
RUNS += [("python", python, is_parked) for python in PYTHONS for is_parked in (False, True)]
RUNS += [("nodejs", node, is_parked) for node in NODES for is_parked in (False, True)]


@pytest.fixture(params=RUNS, ids=lambda run: run[0] + ("-parked" if run[2] else ""))
def how(request):
    return request.param


@pytest.fixture
def language(how):
    return how[0]


@pytest.fixture
def run(how, start, runtimes, request):
    """run(handler): starts the function that has this handler."""
    language, interpreter, is_parked = how
    if language == "c":
        return lambda name: start([request.getfixturevalue("c_functions")], {}, name)
    if language == "python":
        argv = [interpreter, "-S", runtimes / "python" / "lambda_bootstrap.py"]
        files = {"app.py": PYTHON}
    else:
        argv = [interpreter, runtimes / "nodejs" / "index.cjs"]
        files = {"app.js": NODEJS}
    return lambda name: start(argv, files, "app." + name, (), is_parked)


def errors(language, kind):
    """The name of an error: C has no classes."""
    return "Function." + kind if language == "c" else kind


def trailing_error(outcome):
    assert set(outcome.trailers) == {
        "lambda-runtime-function-error-type",
        "lambda-runtime-function-error-body",
    }
    return json.loads(base64.b64decode(outcome.trailers["lambda-runtime-function-error-body"]))


def split_prelude(body):
    """The metadata, and the body after it."""
    prelude, body = body.split(bytes(8), 1)
    return json.loads(prelude), body


def test_bytes_on_the_wire(api, run, language):
    run("pieces")
    for _ in range(2):
        outcome = api.invoke()
        expected = (
            "POST %s HTTP/1.1\r\nHost: lambda\r\nUser-Agent: lamb-%s/1\r\nContent-Type: text/plain\r\n"
            "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
            "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
            "3\r\none\r\n4\r\nt\u00e9o\r\n3\r\n\0\r\n\r\n0\r\n\r\n"
        )
        assert outcome.raw == (expected % (outcome.path, language)).encode()
    assert {request.connection for request in api.requests} == {1}


def test_each_piece_leaves_at_once(api, run, tmp_path):
    run("live")
    os.mkfifo(tmp_path / "fifo")
    api.send_event(str(tmp_path / "fifo"))
    assert api.chunks.get(timeout=TIMEOUT_S) == b"first"
    assert api.outcomes.empty()
    (tmp_path / "fifo").write_text("second")
    assert api.chunks.get(timeout=TIMEOUT_S) == b"second"
    assert api.outcomes.get(timeout=TIMEOUT_S).body == b"firstsecond"


def test_metadata(api, run):
    run("http")
    for event, rest in ((True, b"body"), (False, b"")):
        outcome = api.invoke(event)
        assert outcome.headers["content-type"] == METADATA_TYPE
        metadata, body = split_prelude(outcome.body)
        assert body == rest
        assert metadata == {
            "statusCode": 201,
            "headers": {"X-A": '"é', "X-B": "b", "Content-Type": "text/html"},
            "cookies": ["a=1", "b=2; Path=/"],
        }


@pytest.mark.parametrize("handler", ["fail_early", "http_fails"])
def test_failure_before_the_first_byte(api, run, language, handler):
    run(handler)
    for _ in range(2):
        outcome = api.invoke()
        assert (outcome.kind, outcome.json["errorMessage"]) == ("error", "early")
        assert outcome.json["errorType"] == errors(language, "Early")
        assert outcome.headers["lambda-runtime-function-error-type"] == errors(language, "Early")
        assert "transfer-encoding" not in outcome.headers


def test_failure_later(api, run, language):
    run("fail")
    for _ in range(2):
        outcome = api.invoke()
        assert (outcome.kind, outcome.body) == ("response", b"part")
        error = trailing_error(outcome)
        assert (error["errorType"], error["errorMessage"]) == (errors(language, "Late"), "läte")
        assert outcome.trailers["lambda-runtime-function-error-type"] == errors(language, "Late")


def test_long_failure_fits_into_trailers(api, run, language):
    run("fail_at_length")
    outcome = api.invoke()
    assert len(outcome.trailers["lambda-runtime-function-error-body"]) <= 48 * 1024
    error = trailing_error(outcome)
    kind = "Function.Long" if language == "c" else "Late"
    assert (error["errorType"], error["errorMessage"]) == (kind, "m" * 5000)


def test_empty_stream(api, run):
    run("empty")
    for _ in range(2):
        outcome = api.invoke()
        assert outcome.kind == "response"
        assert outcome.raw.endswith(b"\r\n\r\n0\r\n\r\n")
        assert outcome.headers["content-type"] == "application/octet-stream"


def test_slow_reader_stops_the_function(api, run, tmp_path):
    api.shrink_buffers()
    api.reads_chunks.clear()
    run("flood")
    api.send_event(str(tmp_path / "count"))
    assert 0 < int(progress(tmp_path / "count")) < PIECES * 3 // 4
    api.reads_chunks.set()
    outcome = api.outcomes.get(timeout=TIMEOUT_S)
    assert outcome.body == b"z" * PIECE_BYTES * PIECES
    assert (tmp_path / "count").read_text() == str(PIECES)
    assert outcome.trailers == {}


def test_reader_that_goes_away_ends_the_function(api, run, tmp_path):
    run("flood")
    api.hangs_up = True
    api.send_event(str(tmp_path / "count"))
    assert progress(tmp_path / "count") == "lost"
    api.hangs_up = False
    api.send_event(str(tmp_path / "count"))
    assert len(api.outcomes.get(timeout=TIMEOUT_S).body) == PIECE_BYTES * PIECES
    assert api.requests[-1].connection == 2


def test_plain_handlers_are_as_ever(api, run, language):
    run("buffered")
    for _ in range(2):
        outcome = api.invoke({"a": 1})
        assert outcome.json == {"a": 1}
        assert "lambda-runtime-function-response-mode" not in outcome.headers
        assert outcome.headers["content-type"] == "application/json"


def test_texts_of_any_length_in_c(api, start, c_functions):
    start([c_functions], {}, "text_of_any_length")
    sizes = [510, 511, 512, 513]
    assert api.invoke(7).body == b"".join(b"%0*d" % (size, 7) for size in sizes)
    assert [api.chunks.get(timeout=TIMEOUT_S) for _ in sizes] == [b"%0*d" % (size, 7) for size in sizes]
