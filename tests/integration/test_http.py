"""HTTP/1.1 as clients and attackers speak it: keep-alive, pipelining, chunks, Expect, limits, malformed
requests."""

import http.client
import json
import socket
import threading

import pytest

from support import packages, processes
from support.clients import sign
from support.http1 import Wire, chunked, head
from support.waiting import wait_until

LIST = "/2015-03-31/functions"


def list_request(lamb, **extra):
    return head("GET", LIST, {**sign(lamb.daemon, "GET", LIST), **extra})


def test_keep_alive(lamb):
    with Wire(lamb.daemon) as wire:
        for _ in range(50):
            wire.send(list_request(lamb))
            assert wire.read_response()[0] == 200
    wait_until(lambda: processes.front_connections(lamb.daemon.pid, lamb.daemon.port) == 0, 5, "closed")


def test_connection_close(lamb):
    with Wire(lamb.daemon) as wire:
        wire.send(list_request(lamb, Connection="close"))
        status, headers, _ = wire.read_response()
        assert (status, headers["connection"]) == (200, "close")
        assert wire.is_closed()


def test_http_1_0_is_closed_after_the_answer(lamb):
    headers = sign(lamb.daemon, "GET", LIST)
    with Wire(lamb.daemon) as wire:
        wire.send(head("GET", LIST, headers).replace(b"HTTP/1.1", b"HTTP/1.0"))
        status, _ = wire.read_head()
        assert status in (200, 505)
        wait_until(
            lambda: processes.front_connections(lamb.daemon.pid, lamb.daemon.port) == 0, 5, "closed"
        )


def test_pipelined_requests_are_answered_in_order(lamb):
    name = lamb.create_python(
        "import time\ndef handler(event, c):\n    time.sleep(event['s'])\n    return event['n']\n"
    )
    path = f"{LIST}/{name}/invocations"

    def invocation(number, seconds):
        body = json.dumps({"n": number, "s": seconds}).encode()
        headers = sign(lamb.daemon, "POST", path, {}, body)
        return head("POST", path, {**headers, "Content-Length": len(body)}) + body

    with Wire(lamb.daemon) as wire:
        wire.send(invocation(0, 0.3) + list_request(lamb) + invocation(1, 0) + invocation(2, 0))
        bodies = [wire.read_response()[2] for _ in range(4)]
    assert [json.loads(body) for body in (bodies[0], bodies[2], bodies[3])] == [0, 1, 2]
    assert [function["FunctionName"] for function in json.loads(bodies[1])["Functions"]] == [name]


def test_request_in_single_bytes(lamb):
    with Wire(lamb.daemon) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in list_request(lamb):
            wire.send(bytes([byte]))
        assert wire.read_response()[0] == 200


def test_chunked_request_body(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    path, body = f"{LIST}/{name}/invocations", b'{"chunked":"' + b"x" * 50000 + b'"}'
    headers = {**sign(lamb.daemon, "POST", path, {}, body), "Transfer-Encoding": "chunked"}
    with Wire(lamb.daemon) as wire:
        wire.send(head("POST", path, headers) + chunked(body[:1], body[1:7], body[7:40000], body[40000:]))
        status, _, answer = wire.read_response()
    assert (status, json.loads(answer)) == (200, json.loads(body))


def test_expect_100_continue(lamb):
    name = lamb.create_c(packages.ECHO_C)
    path, body = f"{LIST}/{name}/invocations", b'{"a":1}'
    headers = {
        **sign(lamb.daemon, "POST", path, {}, body),
        "Content-Length": len(body),
        "Expect": "100-continue",
    }
    with Wire(lamb.daemon) as wire:
        wire.send(head("POST", path, headers))
        assert wire.read_head()[0] == 100
        wire.send(body)
        status, _, answer = wire.read_response()
    assert (status, answer) == (200, body)


def test_expect_100_continue_of_a_body_over_the_limit_gets_no_continue(lamb):
    path = f"{LIST}/anything/invocations"
    headers = {
        **sign(lamb.daemon, "POST", path),
        "Content-Length": 100 * 1024 * 1024,
        "Expect": "100-continue",
    }
    with Wire(lamb.daemon) as wire:
        wire.send(head("POST", path, headers))
        assert wire.read_head()[0] == 413
        assert wire.is_closed()


def test_body_over_the_limit_is_refused_before_it_is_read(lamb):
    path = f"{LIST}/anything/invocations"
    headers = {**sign(lamb.daemon, "POST", path), "Content-Length": 6291456 + 1}
    with Wire(lamb.daemon) as wire:
        wire.send(head("POST", path, headers))
        status, _, body = wire.read_response()
    assert status == 413
    assert (
        json.loads(body)["Message"]
        == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    )


def test_chunked_body_over_the_limit_is_cut_off(lamb):
    path = f"{LIST}/anything/invocations"
    headers = {**sign(lamb.daemon, "POST", path), "Transfer-Encoding": "chunked"}
    piece = b"%x\r\n%s\r\n" % (65536, b"x" * 65536)
    with Wire(lamb.daemon) as wire:
        wire.send(head("POST", path, headers))
        try:
            for _ in range(200):
                wire.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            assert wire.read_head()[0] == 413
        except (EOFError, ConnectionResetError):
            pass  # it may close before we have read why


def test_memory_is_not_reserved_for_announced_bodies(lamb):
    before = processes.rss_kb(lamb.daemon.pid)
    wires = [Wire(lamb.daemon) for _ in range(50)]
    headers = {**sign(lamb.daemon, "POST", LIST), "Content-Length": 60 * 1024 * 1024}
    for wire in wires:
        wire.send(head("POST", LIST, headers) + b"{")
    assert lamb.request("GET", LIST).status == 200
    grown_kb = processes.rss_kb(lamb.daemon.pid) - before
    for wire in wires:
        wire.socket.close()
    assert grown_kb < 50 * 1024, f"50 announced bodies of 60 MB cost {grown_kb} kB"


MALFORMED = {
    "no request line": b"\r\n\r\n\r\n\r\nGARBAGE\r\n\r\n",
    "unknown version": b"GET / HTTP/3.7\r\nHost: localhost\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "folded line": b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n",
    "bare line feed": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "NUL in header": b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "length with sign": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +3\r\n\r\nabc",
    "negative length": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -3\r\n\r\n",
    "length without end": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
    b"99999999999999999999\r\n\r\n",
    "unknown coding": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity, "
    b"chunked\r\n\r\n0\r\n\r\n",
    "chunk size of nothing": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
    b"chunked\r\n\r\nzz\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_request_is_refused_and_the_connection_closed(lamb, request_bytes):
    with Wire(lamb.daemon) as wire:
        wire.send(request_bytes)
        try:
            status, _, _ = wire.read_response()
            assert 400 <= status < 600
            assert wire.is_closed()
        except (EOFError, ConnectionResetError):
            pass  # closed without a word is fine too
    assert lamb.request("GET", LIST).status == 200, "everybody else is served on"


def test_too_many_headers(lamb):
    with Wire(lamb.daemon) as wire:
        wire.send(list_request(lamb, **{f"X-Header-{i}": "x" for i in range(101)}))
        assert wire.read_response()[0] == 431
        assert wire.is_closed()


def test_headers_without_end(lamb):
    with Wire(lamb.daemon) as wire:
        try:
            wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 200 * 1024)
            assert wire.read_response()[0] == 431
        except (EOFError, ConnectionResetError, BrokenPipeError):
            pass


def test_target_without_end(lamb):
    answer = lamb.request("GET", LIST + "?Marker=" + "x" * 9000, signed=False)
    assert answer.status in (403, 414, 431)


def test_half_a_request_and_gone(lamb):
    for piece in (
        b"G",
        b"GET / HTTP/1.1\r\nHo",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab",
    ):
        with Wire(lamb.daemon) as wire:
            wire.send(piece)
    wait_until(lambda: processes.front_connections(lamb.daemon.pid, lamb.daemon.port) == 0, 5, "closed")


def test_client_that_leaves_while_its_function_runs(lamb):
    """As on AWS the function runs to its end, and its environment is used again."""
    source = """import time
def handler(event, context):
    print('began', flush=True)
    time.sleep(event['s'])
    print('ended', flush=True)
    return 'done'
"""
    name = lamb.create_python(source)
    path, body = f"{LIST}/{name}/invocations", b'{"s":0.5}'
    headers = sign(lamb.daemon, "POST", path, {}, body)
    with Wire(lamb.daemon) as wire:
        wire.send(head("POST", path, {**headers, "Content-Length": len(body)}) + body)
        wait_until(lambda: "began" in lamb.logs(name), 10, "the function has begun")
    wait_until(
        lambda: "ended" in lamb.logs(name) and "REPORT" in lamb.logs(name), 10, "it went on to its end"
    )
    again = lamb.invoke(name, {"s": 0}, LogType="Tail")
    assert again.json == "done"
    assert "Init Duration" not in again.log


def test_idle_connection_does_not_hold_others_up(lamb):
    idle = [Wire(lamb.daemon) for _ in range(200)]
    assert lamb.request("GET", LIST).status == 200
    for wire in idle:
        wire.socket.close()


def test_response_headers(lamb):
    answer = lamb.request("GET", LIST)
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers["x-amzn-requestid"]) == 36
    assert answer.headers["date"].endswith(" GMT")
    assert int(answer.headers["content-length"]) == len(answer.body)


def test_large_answer_to_a_client_that_reads_slowly(lamb):
    name = lamb.create_python(
        "def handler(event, context):\n    return 'x' * (5 * 1024 * 1024)\n", MemorySize=256
    )
    path = f"{LIST}/{name}/invocations"
    headers = {**sign(lamb.daemon, "POST", path, {}, b"{}"), "Content-Length": 2}
    with Wire(lamb.daemon) as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.send(head("POST", path, headers) + b"{}")
        wait_until(lambda: "REPORT" in lamb.logs(name), 20, "the function is done")
        assert lamb.request("GET", LIST).status == 200, "others are not held up"
        status, _, body = slow.read_response()
    assert (status, len(body)) == (200, 5 * 1024 * 1024 + 2)


def test_many_connections_at_once(lamb):
    failures = []

    def call():
        try:
            connection = http.client.HTTPConnection("127.0.0.1", lamb.daemon.port, timeout=60)
            for _ in range(20):
                if lamb.request("GET", LIST, connection=connection).status != 200:
                    failures.append("status")
            connection.close()
        except OSError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=call) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
