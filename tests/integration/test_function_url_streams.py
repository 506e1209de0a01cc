"""Responses of function URLs that come while the function makes them."""

import http.client
import json
import re
import socket
import time
from pathlib import Path

import pytest

from support import urls
from support.streams import processes_of, wait_for_log
from support.waiting import wait_until

REPLAY = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"
STREAM = """
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  if (event.rawPath === "/plain") {
    stream.setContentType("text/plain");
  } else if (event.rawPath === "/evil") {
    const headers = {"x-a": "b\\r\\nX-Evil: 1"};
    stream = awslambda.HttpResponseStream.from(stream, {statusCode: 200, headers});
  } else {
    const headers = {"Content-Type": "text/event-stream", "X-Own": "a"};
    stream = awslambda.HttpResponseStream.from(stream, {statusCode: 203, headers, cookies: ["a=1", "b=2"]});
  }
  for (let i = 0; i < 4; i++) {
    stream.write(`data: ${i}\\n\\n`);
    await sleep(300);
    if (i === 1 && event.rawPath === "/broken") throw new Error("no more");
  }
  stream.end();
});
"""


@pytest.fixture
def stream(lamb):
    return urls.create(lamb, lamb.create_node(STREAM), InvokeMode="RESPONSE_STREAM")


def test_events_arrive_one_by_one(stream):
    stream.send()
    connection = stream.connect()
    answer = stream.start("GET", connection=connection)
    assert (answer.status, answer.headers["content-type"]) == (203, "text/event-stream")
    assert answer.headers["x-own"] == "a" and answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["transfer-encoding"] == "chunked"
    moments = []
    for number in range(4):
        assert answer.fp.readline().strip() != b""  # the size of the chunk
        assert answer.fp.readline() == b"data: %d\n" % number
        moments.append(time.monotonic())
        answer.fp.readline(), answer.fp.readline()
    assert all(later - earlier > 0.15 for earlier, later in zip(moments, moments[1:])), moments
    connection.close()


def test_stream_without_metadata(stream):
    answer = stream.send(path="/plain")
    assert (answer.status, answer.header("content-type")) == (200, "text/plain")
    assert answer.body == b"".join(b"data: %d\n\n" % i for i in range(4))


def test_stream_that_breaks_off(stream):
    connection = stream.connect()
    answer = stream.start("GET", "/broken", connection=connection)
    assert answer.status == 203
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        answer.read()
    connection.close()
    assert stream.send(path="/plain").status == 200


def test_stream_with_hostile_metadata(stream):
    answer = stream.send(path="/evil")
    assert (answer.status, answer.body) == (502, b"Internal Server Error")
    assert answer.header("x-evil") is None
    assert stream.send(path="/plain").status == 200


def test_buffered_function_behind_streaming_url(lamb):
    url = urls.create(lamb, lamb.create_python(REPLAY), InvokeMode="RESPONSE_STREAM")
    document = {"statusCode": 201, "headers": {"X-A": "b"}, "body": "whole"}
    answer = url.send("POST", "/", json.dumps(document).encode(), {"Content-Type": "application/json"})
    assert (answer.status, answer.header("x-a"), answer.body) == (201, "b", b"whole")


def test_streaming_function_behind_buffered_url(lamb):
    url = urls.create(lamb, lamb.create_node(STREAM))
    answer = url.send()
    assert (answer.status, answer.header("x-own")) == (203, "a")
    assert answer.body == b"".join(b"data: %d\n\n" % i for i in range(4))
    answer = url.send(path="/plain")
    assert (answer.status, answer.header("content-type")) == (200, "application/octet-stream")
    assert answer.body == b"".join(b"data: %d\n\n" % i for i in range(4))
    assert url.send(path="/evil").status == 502


def test_head_of_a_stream(stream):
    answer = stream.send("HEAD")
    assert (answer.status, answer.body) == (203, b"")


def writes_nothing(lamb, name, for_s):
    """Of an idle process one can't tell that it stays so: it must have had some time."""

    def written():
        fields = [Path(f"/proc/{pid}/io").read_text() for pid in processes_of(lamb.daemon, name)]
        return [re.search(r"wchar: (\d+)", text).group(1) for text in fields]

    before = written()
    time.sleep(for_s)
    return before == written()


def test_slow_reader_stops_the_function(new_daemon):
    lamb = new_daemon("--response-stream-mb", "200", "--response-stream-rate-kb", "0")
    body = (
        'static char page[65536]; lamb_set_content_type(response, "application/x-own");'
        "for (int i = 0; i < 1024 && lamb_stream_write(response, page, sizeof page); i++)"
        ' if (i % 256 == 0) { printf("AT %d\\n", i); fflush(stdout); }'
    )
    name = lamb.create_c(body, Timeout=30)
    url = urls.create(lamb, name, InvokeMode="RESPONSE_STREAM")
    connection = url.connect()
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    answer = url.start("GET", connection=connection)
    wait_for_log(lamb, name, "AT 0")
    wait_until(lambda: writes_nothing(lamb, name, for_s=0.5), 10, "the function is stopped")
    log = lamb.logs(name)
    assert "AT 0" in log and "AT 512" not in log, "32 MB of 64 fit in no buffer of sockets"
    total = sum(len(piece) for piece in iter(lambda: answer.read(65536), b""))
    assert (total, answer.headers["content-type"]) == (1024 * 65536, "application/x-own")
    connection.close()
