"""The Python runtime: what is its own about responses in a stream."""

import base64
import gzip
import json
import signal

import pytest

from fake_api import TIMEOUT_S, progress, wait_until


@pytest.fixture
def run(run_python):
    def run(body, handler="app.handler", **options):
        return run_python("import lamb_runtime\n" + body, handler, **options)

    return run


def trailing_error(outcome):
    return json.loads(base64.b64decode(outcome.trailers["lambda-runtime-function-error-body"]))


GENERATOR = """
@lamb_runtime.streaming
def handler(event, response_stream, context):
    try:
        response_stream.set_content_type("text/plain")
        if event == "early": raise KeyError("early")
        yield "one"
        yield b"two"
        if event == "late": raise KeyError("late")
        if event == "odd": yield 3
        yield context.aws_request_id
    finally:
        print("cleaned up")
"""


def test_generator(api, run):
    process = run(GENERATOR)
    outcome = api.invoke()
    assert [api.chunks.get(timeout=TIMEOUT_S) for _ in range(3)] == [
        b"one",
        b"two",
        b"8476a536-e9f4-11e8-9739-2dfe598c0001",
    ]
    assert outcome.headers["content-type"] == "text/plain"
    assert outcome.pipelined
    assert process.output() == "cleaned up\n"


@pytest.mark.parametrize("event, kind", [("late", "KeyError"), ("odd", "TypeError")])
def test_generator_that_fails(api, run, event, kind):
    process = run(GENERATOR)
    for count in (1, 2):
        outcome = api.invoke(event)
        assert outcome.body == b"onetwo"
        error = trailing_error(outcome)
        assert error["errorType"] == kind
        assert outcome.trailers["lambda-runtime-function-error-type"] == kind
        if event == "late":
            assert "app.py" in error["stackTrace"][0] and "raise KeyError" in error["stackTrace"][0]
        assert process.output().count("cleaned up\n") == count
        assert process.output().count("[ERROR] " + kind) == count


def test_generator_that_fails_early(api, run):
    run(GENERATOR)
    outcome = api.invoke("early")
    assert (outcome.kind, outcome.json["errorType"]) == ("error", "KeyError")


def test_it_is_a_file(api, run):
    run(
        """
import gzip, io, shutil
@lamb_runtime.streaming
def handler(event, response_stream, context):
    assert response_stream.writable() and not response_stream.readable()
    print("printed", file=response_stream)
    shutil.copyfileobj(io.BytesIO(b"copied"), response_stream)
    with gzip.GzipFile(fileobj=response_stream, mode="wb", mtime=0) as file: file.write(b"packed")
    response_stream.writelines(["a", b"b"])
    assert response_stream.write("\\u00e9\\u00e9") == 2
    assert response_stream.write(bytearray(3)) == 3
    response_stream.flush()
"""
    )
    body = api.invoke().body
    head, packed = body[:14], body[14:-9]
    assert head == b"printed\ncopied"
    assert gzip.decompress(packed) == b"packed"
    assert body[-9:] == b"ab\xc3\xa9\xc3\xa9\0\0\0"


def test_text_files_around_it(api, run):
    """A `with` closes the stream before the failure is known."""
    run(
        """
import csv, io
@lamb_runtime.streaming
def handler(event, response_stream, context):
    with io.TextIOWrapper(response_stream, "utf-8", newline="") as file:
        csv.writer(file).writerows([[1, 2], [3, "\\u00e9"]])
        if event: raise ValueError("inside")
    try:
        response_stream.write("more")
    except ValueError as error:
        print(error)
"""
    )
    outcome = api.invoke(0)
    assert (outcome.body, outcome.trailers) == ("1,2\r\n3,é\r\n".encode(), {})
    outcome = api.invoke(1)
    assert outcome.body == "1,2\r\n3,é\r\n".encode()
    assert trailing_error(outcome)["errorMessage"] == "inside"


def test_metadata_and_types_come_first(api, run):
    run(
        """
def refused(call, *args):
    try:
        call(*args)
    except (TypeError, ValueError) as error:
        return type(error).__name__

@lamb_runtime.streaming
def handler(event, response_stream, context):
    early = [refused(response_stream.set_content_type, "a/b\\r\\nX: y"),
             refused(response_stream.set_content_type, "a/\\u00e9"),
             refused(response_stream.set_http_metadata, 200, {"a": object()})]
    response_stream.set_content_type("text/plain")
    response_stream.set_http_metadata(headers={"content-TYPE": "text/html"})
    response_stream.write("")
    late = [refused(response_stream.set_content_type, "a/b"), refused(response_stream.set_http_metadata)]
    response_stream.write(repr(early + late))
"""
    )
    outcome = api.invoke()
    prelude, body = outcome.body.split(bytes(8))
    assert json.loads(prelude) == {"statusCode": 200, "headers": {"content-TYPE": "text/html"}}
    assert body.decode() == repr(["ValueError", "ValueError", "TypeError", "ValueError", "ValueError"])


@pytest.mark.parametrize("handler", ["app.wrapped", "app.method", "app.instance"])
def test_what_can_be_marked(api, run, handler):
    run(
        """
import functools
def decorated(inner):
    @functools.wraps(inner)
    def outer(*args): return inner(*args)
    return outer

@decorated
@lamb_runtime.streaming
def wrapped(event, response_stream, context): yield "streamed"

class App:
    def handle(self, event, response_stream, context): yield "streamed"
    def __call__(self, event, response_stream, context): yield "streamed"

method = lamb_runtime.streaming(App().handle)
instance = lamb_runtime.streaming(App())
""",
        handler,
    )
    outcome = api.invoke()
    assert (outcome.body, outcome.headers["transfer-encoding"]) == (b"streamed", "chunked")


def test_return_values_are_ignored(api, run):
    process = run(
        """
@lamb_runtime.streaming
def handler(event, response_stream, context):
    response_stream.write("streamed")
    return "returned"
"""
    )
    assert api.invoke().body == b"streamed"
    assert "Streaming handlers ignore return values.\n" in process.output()


@pytest.mark.parametrize("fails", [False, True])
def test_stream_of_an_earlier_invocation(api, run, fails):
    run(
        """
kept = []
@lamb_runtime.streaming
def handler(event, response_stream, context):
    kept.append(response_stream)
    if event: raise KeyError
    try:
        kept[0].write("x" * 100)
    except ValueError as error:
        yield str(error)
"""
        if fails
        else """
kept = []
@lamb_runtime.streaming
def handler(event, response_stream, context):
    kept.append(response_stream)
    try:
        if not event: kept[0].write("x" * 100)
    except ValueError as error:
        response_stream.write(str(error))
"""
    )
    api.invoke(1)
    assert api.invoke(0).body == b"write to a response stream whose invocation has ended"


def test_threads_share_it(api, run):
    run(
        """
import threading
@lamb_runtime.streaming
def handler(event, response_stream, context):
    def work(letter):
        for _ in range(50): response_stream.write(letter * 70000)
    threads = [threading.Thread(target=work, args=(letter,)) for letter in "abcd"]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    )
    api.invoke()
    chunks = [api.chunks.get(timeout=TIMEOUT_S) for _ in range(200)]
    assert sorted(chunks) == [letter * 70000 for letter in (b"a", b"b", b"c", b"d") for _ in range(50)]


def test_write_that_a_signal_cuts(api, run, tmp_path):
    """Nobody knows which part of the chunk is out: the connection can't be used any more."""
    api.shrink_buffers()
    api.reads_chunks.clear()
    process = run(
        """
import signal
class TimeUp(Exception): pass
def ring(number, frame): raise TimeUp
signal.signal(signal.SIGUSR1, ring)
@lamb_runtime.streaming
def handler(event, response_stream, context):
    count = 0
    while event:
        response_stream.write(b"x" * 50000)
        count += 1
        with open(event, "w") as file: file.write(str(count))
    response_stream.write("next")
"""
    )
    api.send_event(str(tmp_path / "count"))
    assert int(progress(tmp_path / "count")) > 0
    process.popen.send_signal(signal.SIGUSR1)
    wait_until(lambda: len(api.requests) == 2)
    api.reads_chunks.set()
    api.send_event("")
    assert api.outcomes.get(timeout=TIMEOUT_S).body == b"next"
    assert api.requests[-1].connection == 2


def test_exit_in_the_middle(api, run):
    process = run(
        """
@lamb_runtime.streaming
def handler(event, response_stream, context):
    response_stream.write("part")
    exit(3)
"""
    )
    api.send_event()
    assert process.wait() == 3
    assert api.outcomes.empty()
