"""liblamb: the Runtime API client of functions written in C, built here with the address and undefined
behaviour sanitizers."""

import shutil
import socket
import subprocess
import time

import pytest

from conftest import RUNTIMES, SOURCE

LIBRARY = [RUNTIMES / "c" / name for name in ("lamb.c", "stream.c", "http.c", "arena.c", "text.c")]
FUNCTIONS = SOURCE / "tests" / "runtimes" / "functions.c"
BASE = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-I", RUNTIMES / "c"]


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory):
    program = tmp_path_factory.mktemp("c") / "bootstrap"
    flags = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["gcc", *BASE, *flags, "-o", program, FUNCTIONS, *LIBRARY], check=True)
    return program


@pytest.fixture
def run(start, bootstrap):
    return lambda handler, **environment: start([bootstrap], {}, handler, **environment)


def test_builds_as_a_static_binary_with_musl(api, start, tmp_path):
    if shutil.which("musl-gcc") is None:
        pytest.skip("musl-gcc isn't installed (package musl-tools)")
    program = tmp_path / "bootstrap"
    subprocess.run(["musl-gcc", "-static", "-O2", *BASE, "-o", program, FUNCTIONS, *LIBRARY], check=True)
    start([program], {}, "echo")
    assert api.invoke(b'{"a":1}').body == b'{"a":1}'


def test_response_and_its_headers(api, run):
    run("echo")
    outcome = api.invoke(b'{"text":"\xc3\xa9"}')
    assert (outcome.kind, outcome.body) == ("response", b'{"text":"\xc3\xa9"}')
    assert outcome.headers["content-type"] == "application/json"
    assert outcome.headers["user-agent"] == "lamb-c/1"


def test_context(api, run):
    run("describe")
    deadline_ms = int(time.time() * 1000) + 5000
    got = api.invoke(
        Deadline_Ms=str(deadline_ms),
        Trace_Id="Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        Client_Context='{"custom":{"é":1}}',
        Cognito_Identity='{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
        Aws_Tenant_Id="tenant",
    ).json
    assert 0 < got.pop("remaining") <= 5000
    assert got == {
        "request_id": "8476a536-e9f4-11e8-9739-2dfe598c0001",
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "trace": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        "trace_variable": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        "client_context": '{"custom":{"é":1}}',
        "identity": '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
        "tenant": "tenant",
        "name": "f",
        "version": "$LATEST",
        "memory": "128",
        "group": "/aws/lambda/f",
        "stream": "2025/11/25/[$LATEST]0123456789abcdef0123456789abcdef",
        "deadline": deadline_ms,
        "count": 1,
    }
    bare = api.invoke(Deadline_Ms="1").json
    assert (bare["trace"], bare["trace_variable"], bare["client_context"], bare["tenant"]) == (None,) * 4
    assert (bare["remaining"], bare["count"]) == (0, 2)


def test_error(api, run):
    run("fail")
    outcome = api.invoke(b'Function.NoSuchRow\nrow "7" is\tgone \\ \xe2\x82\xac \x01')
    assert outcome.kind == "error"
    message = r'row \"7\" is\tgone \\ € \u0001'
    assert outcome.body == (
        '{"errorMessage":"%s","errorType":"Function.NoSuchRow","stackTrace":[]}' % message
    ).encode()
    assert outcome.headers["lambda-runtime-function-error-type"] == "Function.NoSuchRow"
    assert outcome.headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["x\r\nInjected: 1", "", "é", "T" * 201])
def test_error_type_that_no_header_can_carry(api, run, kind):
    run("fail")
    kind = kind.replace("\n", "\v")
    outcome = api.invoke(kind.encode() + b"\nm")
    assert outcome.json["errorType"] == kind
    assert outcome.headers["lambda-runtime-function-error-type"] == "Function.Unknown"


@pytest.mark.parametrize(
    "bad, good",
    [
        (b"\xff", "�"),
        (b"\xc0\xaf", "��"),  # overlong
        (b"\xed\xa0\x80", "���"),  # a surrogate
        (b"\xf4\x90\x80\x80", "����"),  # beyond U+10FFFF
        (b"\xe2\x82", "��"),  # cut off
        (b"\xf0\x9f\x90\x91", "\U0001f411"),
    ],
)
def test_error_message_is_valid_utf8(api, run, bad, good):
    run("fail")
    assert api.invoke(b"T\n" + bad).json["errorMessage"] == good


def test_silent_handler_answers_null(api, run):
    process = run("say")
    assert api.invoke(b"hello").body == b"null"
    assert process.output() == "hello without a newline"  # out before the response


def test_content_type(api, run):
    run("type")
    outcome = api.invoke(b"text/plain; charset=utf-8")
    assert (outcome.body, outcome.headers["content-type"]) == (b"accepted", "text/plain; charset=utf-8")
    for bad in (b"a\r\nb: c", b"x" * 201):
        outcome = api.invoke(bad)
        assert (outcome.body, outcome.headers["content-type"]) == (b"refused", "application/json")


def test_init_error(api, run):
    process = run("nothing")
    error = api.init_error()
    assert error.json == {"errorMessage": "nothing", "errorType": "Function.NoHandler", "stackTrace": []}
    assert error.headers["lambda-runtime-function-error-type"] == "Function.NoHandler"
    assert process.wait() == 1


def test_exit_in_handler(api, run):
    process = run("give_up")
    api.send_event()
    assert process.wait() == 7


def test_one_connection_and_pipelining(api, run):
    run("echo")
    for number in range(50):
        assert api.invoke(b"%d" % number).body == b"%d" % number
    assert {request.connection for request in api.requests} == {1}
    assert [request.kind for request in api.requests[:4]] == ["next", "response", "next", "response"]
    assert all(request.pipelined for request in api.requests if request.kind == "response")


@pytest.mark.parametrize("size", [0, 1, 32767, 32768, 65536, 262144, 262145, 6 * 1024 * 1024])
def test_sizes_both_ways(api, run, size):
    run("echo")
    payload = b"x" * size
    for _ in range(3):
        assert api.invoke(payload).body == payload
    assert api.invoke(b"after").body == b"after"


def test_response_from_the_functions_own_memory(api, run):
    run("fill")
    for size in (1, 100000, 6 * 1024 * 1024 + 200):
        assert api.invoke(b"%d" % size).body == b"x" * size


def test_answers_byte_by_byte(api, run):
    api.dribble = True
    run("echo")
    for payload in (b"1", b"a" * 3000, b""):
        assert api.invoke(payload).body == payload


@pytest.mark.parametrize("dribble", [False, True])
def test_chunked_events(api, run, dribble):
    api.chunked_events = True
    api.dribble = dribble
    run("echo")
    for size in (0, 1, 2, 5000):
        assert api.invoke(b"z" * size).body == b"z" * size


def test_large_chunked_event(api, run):
    api.chunked_events = True
    run("echo")
    payload = bytes(range(256)) * 4096 * 6
    assert api.invoke(payload).body == payload


@pytest.mark.parametrize("size", [10, 1 << 20])
@pytest.mark.parametrize("close", [False, True])
def test_refused_response_is_not_the_end(api, run, size, close):
    process = run("fill")
    answer = b'{"errorType":"RequestEntityTooLarge"}'
    api.refusals.append(("response", "413 Payload Too Large", answer, close))
    assert len(api.invoke(b"%d" % size).body) == size
    assert api.invoke(b"3").body == b"xxx"
    assert "413" in process.output()
    assert api.requests[-1].connection == (2 if close else 1)


def test_connection_lost_with_the_response(api, run):
    run("echo")
    api.refusals.append(("response", None, b"", True))
    api.invoke(b"1")
    assert api.invoke(b"2").body == b"2"


def test_platform_that_fails_ends_the_runtime(api, run):
    process = run("echo")
    api.refusals.append(("response", "500 Internal Server Error", b"{}", False))
    api.invoke(b"1")
    assert process.wait() == 1


def test_next_is_asked_for_three_times(api, run):
    for _ in range(3):
        api.refusals.append(("next", "403 Forbidden", b'{"errorType":"InvalidStateTransition"}', False))
    process = run("echo")
    assert process.wait() == 1
    assert len(api.requests) == 3
    assert "403" in process.output() and "InvalidStateTransition" in process.output()


def test_next_recovers(api, run):
    api.refusals.append(("next", "500 Internal Server Error", b"", False))
    api.refusals.append(("next", None, b"", True))
    run("echo")
    assert api.invoke(b"1").body == b"1"


@pytest.mark.parametrize(
    "address", ["", "nonsense", "127.0.0.1:0", "127.0.0.1:99999", "example.com:80", "x" * 70 + ":1"]
)
def test_bad_address(run, address):
    process = run("echo", AWS_LAMBDA_RUNTIME_API=address)
    assert process.wait() == 1
    assert "AWS_LAMBDA_RUNTIME_API is" in process.output()


def test_nobody_listens(run):
    process = run("echo", AWS_LAMBDA_RUNTIME_API="127.0.0.1:1")
    assert process.wait() == 1
    assert "can't be reached: Connection refused" in process.output()


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 65 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\nContent-Length: 2\r\n\r\n{}more",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=lambda answer: repr(answer[:80]),
)
def test_answers_that_make_no_sense(run, answer):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = run("echo", AWS_LAMBDA_RUNTIME_API="127.0.0.1:%d" % listener.getsockname()[1])
        first, _ = listener.accept()
        with first:
            first.recv(65536)
            first.sendall(answer)
            first.shutdown(socket.SHUT_WR)
            listener.close()
            while first.recv(65536):
                pass
        assert process.wait() == 1
        assert process.output().startswith("lamb: ")
