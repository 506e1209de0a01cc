"""InvokeWithResponseStream: pieces while the function still runs, how a stream ends, slow readers and readers
that leave; read by the JavaScript SDK and by botocore's decoder, which check the sums of every event."""

import base64
import contextlib
import http.client
import json
import re
import shutil
import subprocess

import pytest

from support import clients, metrics, packages, processes
from support.http1 import Wire, head
from support.streams import Stream, path_of, processes_of, release, steps_zip, wait_for_log
from support.waiting import wait_until

STREAMING = ["start"]
MB = 1024 * 1024


@pytest.fixture
def steps(lamb):
    """A function that does the steps of its event."""
    return lamb.create(steps_zip(), Timeout=20)


def stream(lamb, name, *event, **options):
    return Stream(lamb.daemon, name, list(event), **options)


# A handler that only waits for a signal has nothing to do in the eyes of Node.
RELEASED_JS = """const released = () => new Promise((resolve) => {
    const timer = setInterval(() => {}, 1000);
    process.once('SIGUSR2', () => { clearInterval(timer); resolve(); });
});
"""

# ---- pieces ----


def test_pieces_arrive_while_the_function_runs(lamb, steps):
    begun = [STREAMING, ["write", "one"], ["wait"], ["write", "two"], ["wait"], ["end"]]
    with stream(lamb, steps, *begun) as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert answer.headers["x-amz-executed-version"] == "$LATEST"
        assert re.match(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", answer.headers["x-amzn-trace-id"])
        assert answer.next() == b"one"
        release(lamb.daemon, steps)
        assert answer.next() == b"two"
        release(lamb.daemon, steps)
        assert answer.next() == {}
        assert answer.next() is None


def test_head_comes_before_the_first_piece(lamb, steps):
    """The client has its status, and the function has written nothing yet."""
    with stream(lamb, steps, STREAMING, ["wait"], ["write", "late"], ["end"]) as answer:
        assert answer.status == 200
        release(lamb.daemon, steps)
        assert answer.rest() == (b"late", {})


def test_request_id_is_the_invocations(lamb, steps):
    with stream(lamb, steps, STREAMING, ["write", "x"], ["end"]) as answer:
        answer.rest()
        wait_for_log(lamb, steps, f"END RequestId: {answer.headers['x-amzn-requestid']}")


def test_empty_stream(lamb, steps):
    with stream(lamb, steps, STREAMING, ["end"]) as answer:
        assert answer.rest() == (b"", {})


def test_buffered_response_is_one_piece(lamb):
    with Stream(lamb.daemon, lamb.create_c(packages.ECHO_C), "x" * MB) as answer:
        assert answer.next() == json.dumps("x" * MB).encode()
        assert answer.next() == {}
        assert answer.next() is None


def test_streamed_response_through_invoke(lamb, steps):
    """Whoever asks for it whole gets it whole."""
    event = [STREAMING, ["write", '{"a":'], ["write", "1}"], ["end"]]
    answer = lamb.invoke(steps, event)
    assert (answer.status, answer.payload, answer.error) == (200, b'{"a":1}', None)


def test_node_function_that_streams(lamb):
    name = lamb.create_node(
        RELEASED_JS
        + """exports.handler = awslambda.streamifyResponse(async (event, stream) => {
               stream.setContentType('text/plain');
               stream.write('one');
               await released();
               stream.write('two');
               stream.end();
           });"""
    )
    with Stream(lamb.daemon, name, {}) as answer:
        assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert answer.next() == b"one"
        release(lamb.daemon, name)
        assert answer.rest() == (b"two", {})


def test_node_function_that_fails_in_the_middle(lamb):
    name = lamb.create_node(
        RELEASED_JS
        + """exports.handler = awslambda.streamifyResponse(async (event, stream) => {
               stream.write('one');
               await released();
               throw new TypeError('no more');
           });"""
    )
    with Stream(lamb.daemon, name, {}) as answer:
        assert answer.next() == b"one"
        release(lamb.daemon, name)
        data, end = answer.rest()
    assert (data, end["ErrorCode"]) == (b"", "TypeError")
    assert json.loads(end["ErrorDetails"])["errorMessage"] == "no more"


# ---- ends ----

DOCUMENT = '{"errorType":"Bad","errorMessage":"worse"}'


def test_error_before_the_response(lamb, steps):
    with stream(lamb, steps, ["fail", DOCUMENT]) as answer:
        assert answer.status == 200
        assert "x-amz-function-error" not in answer.headers
        assert answer.rest() == (b"", {"ErrorCode": "Unhandled", "ErrorDetails": DOCUMENT})


def test_error_in_the_middle(lamb, steps):
    with stream(lamb, steps, STREAMING, ["write", "one"], ["end", "Runtime.Bad", DOCUMENT]) as answer:
        assert answer.rest() == (b"one", {"ErrorCode": "Runtime.Bad", "ErrorDetails": DOCUMENT})


def test_end_of_the_runtime_before_the_response(lamb, steps):
    with stream(lamb, steps, ["exit", 3]) as answer:
        data, end = answer.rest()
    assert (data, end["ErrorCode"]) == (b"", "Unhandled")
    assert json.loads(end["ErrorDetails"])["errorType"] == "Runtime.ExitError"


def test_end_of_the_runtime_in_the_middle(lamb, steps):
    with stream(lamb, steps, STREAMING, ["write", "one"], ["exit", 3]) as answer:
        data, end = answer.rest()
    assert data == b"one" and end["ErrorCode"]
    assert json.loads(end["ErrorDetails"])["errorType"] == "Runtime.ExitError"


def test_timeout_in_the_middle(lamb, steps):
    lamb.update_configuration(steps, Timeout=1)
    with stream(lamb, steps, STREAMING, ["write", "one"], ["wait"]) as answer:
        data, end = answer.rest()
    assert data == b"one" and end["ErrorCode"]
    assert "Task timed out after 1.00 seconds" in json.loads(end["ErrorDetails"])["errorMessage"]


@pytest.mark.parametrize("log_type", ["Tail", "None", None])
def test_log_is_in_the_end(lamb, steps, log_type):
    headers = {"X-Amz-Log-Type": log_type} if log_type else {}
    event = ["say", "hello log"], STREAMING, ["write", "one"], ["end"]
    with stream(lamb, steps, *event, headers=headers) as answer:
        _, end = answer.rest()
    if log_type != "Tail":
        assert end == {}
        return
    log = base64.b64decode(end["LogResult"]).decode()
    assert log.startswith("START RequestId: ") and "hello log\n" in log


def test_log_of_a_failure(lamb, steps):
    event = ["say", "hello log"], ["fail", DOCUMENT]
    with stream(lamb, steps, *event, headers={"X-Amz-Log-Type": "Tail"}) as answer:
        _, end = answer.rest()
    assert (end["ErrorCode"], end["ErrorDetails"]) == ("Unhandled", DOCUMENT)
    assert "hello log\n" in base64.b64decode(end["LogResult"]).decode()


def test_qualifiers(lamb, steps):
    lamb.client.publish_version(FunctionName=steps)
    lamb.client.create_alias(FunctionName=steps, Name="live", FunctionVersion="1")
    for qualifier, version in ((None, "$LATEST"), ("1", "1"), ("live", "1")):
        event = STREAMING, ["write", "x"], ["end"]
        with stream(lamb, steps, *event, qualifier=qualifier) as answer:
            assert answer.headers["x-amz-executed-version"] == version
            assert answer.rest() == (b"x", {})


def test_connection_is_kept(lamb, steps):
    """The end of a stream is not the end of its connection."""
    connection = http.client.HTTPConnection("127.0.0.1", lamb.daemon.port, timeout=30)
    with contextlib.closing(connection):
        for _ in range(3):
            body = json.dumps([STREAMING, ["write", "x"], ["end"]])
            lamb.request("POST", path_of(steps), body, connection=connection)
            own = connection.sock
            assert own is not None
        assert connection.sock is own


# ---- refusals: answers like those of any other operation ----


def refused(lamb, name, body="{}", headers=None):
    answer = lamb.request("POST", path_of(name), body, headers=headers or {})
    assert answer.headers["content-type"] == "application/json"
    return answer.status, answer.error


def test_refused_before_the_stream(lamb, steps):
    assert refused(lamb, "nowhere") == (404, "ResourceNotFoundException")
    assert refused(lamb, steps, "{") == (400, "InvalidRequestContentException")
    assert refused(lamb, steps, headers={"X-Amz-Invocation-Type": "Event"}) == (400, "ValidationException")
    assert refused(lamb, steps, b"1" * (6 * MB + 1)) == (413, "RequestEntityTooLargeException")
    lamb.client.put_function_concurrency(FunctionName=steps, ReservedConcurrentExecutions=0)
    assert refused(lamb, steps) == (429, "TooManyRequestsException")


def test_dry_run_runs_nothing(lamb, steps):
    answer = lamb.request("POST", path_of(steps), "{}", headers={"X-Amz-Invocation-Type": "DryRun"})
    assert (answer.status, answer.body) == (204, b"")
    assert lamb.logs(steps) == ""


def test_permission_is_that_of_invoke(lamb, steps):
    """A user who may invoke may also stream; another one may not."""
    iam = clients.boto_client(lamb.daemon, "iam")
    iam.create_user(UserName="streamer")
    key = iam.create_access_key(UserName="streamer")["AccessKey"]
    signing = {"access_key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    event = json.dumps([STREAMING, ["write", "x"], ["end"]])
    try:
        answer = lamb.request("POST", path_of(steps), event, **signing)
        assert (answer.status, answer.error) == (403, "AccessDeniedException")
        assert "lambda:InvokeFunction on resource" in answer.message
        policy = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": lamb.arn(steps)}
        document = json.dumps({"Version": "2012-10-17", "Statement": policy})
        iam.put_user_policy(UserName="streamer", PolicyName="p", PolicyDocument=document)
        assert lamb.request("POST", path_of(steps), event, **signing).status == 200
        iam.delete_user_policy(UserName="streamer", PolicyName="p")
    finally:
        iam.delete_access_key(UserName="streamer", AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName="streamer")
        iam.close()


# ---- slow readers, and readers that leave ----

LARGE = ["fill", 1100, 16384]  # far more than all buffers on the way hold
LARGE_BYTES = 1100 * 16384


@pytest.fixture
def fast(new_daemon):
    """A daemon that holds no stream to a rate."""
    return new_daemon("--response-stream-rate-kb", "0")


def test_slow_reader_stops_the_function(fast):
    """It has not finished writing when the reader has read nothing, and goes on as that reads."""
    lamb, steps = fast, fast.create(steps_zip(), Timeout=20)
    before = processes.rss_kb(lamb.daemon.pid)
    with stream(lamb, steps, STREAMING, LARGE, ["end"], ["say", "written"]) as answer:
        first = answer.next()
        wait_until(lambda: is_waiting(lamb, steps), 10, "the function waits for its reader")
        assert "written" not in lamb.logs(steps)
        assert processes.rss_kb(lamb.daemon.pid) - before < 4096
        rest, end = answer.rest()
        assert end == {}
        assert first + rest == b"x" * LARGE_BYTES
    wait_for_log(lamb, steps, "written")


SENDTO = (b"44", b"206")  # the system call on x86_64, on arm64


def is_waiting(lamb, name):
    """Does the function wait in a write, whenever one looks?"""
    looks = []
    for _ in range(20):
        for pid in processes_of(lamb.daemon, name):
            looks.append(read(f"/proc/{pid}/syscall").split(b" ")[0] in SENDTO)
    return bool(looks) and all(looks)


def read(path):
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read()
    return b""


def test_reader_that_leaves_does_not_stop_the_function(lamb, steps):
    """Nobody waits for what it writes: no rate either."""
    with stream(lamb, steps, STREAMING, ["write", "x"], ["wait"], LARGE, ["end"], ["say", "done"]) as answer:
        assert answer.next() == b"x"
    release(lamb.daemon, steps)
    wait_for_log(lamb, steps, "done")
    with stream(lamb, steps, STREAMING, ["write", "again"], ["end"]) as answer:
        assert answer.rest() == (b"again", {})


def test_reader_that_leaves_while_the_function_waits_for_it(fast):
    lamb, steps = fast, fast.create(steps_zip(), Timeout=20)
    with stream(lamb, steps, STREAMING, LARGE, ["end"], ["say", "done"]) as answer:
        assert answer.next()
        wait_until(lambda: is_waiting(lamb, steps), 10, "the function waits for its reader")
    wait_for_log(lamb, steps, "done")


def test_http_1_0(lamb, steps):
    """The end of the stream is that of the connection."""
    body = json.dumps([STREAMING, ["write", "one"], ["end"]]).encode()
    headers = clients.sign(lamb.daemon, "POST", path_of(steps), body=body)
    start = head("POST", path_of(steps), {**headers, "Content-Length": len(body)})
    with Wire(lamb.daemon) as wire:
        wire.send(start.replace(b"HTTP/1.1", b"HTTP/1.0") + body)
        status, got = wire.read_head()
        assert (status, got["connection"]) == (200, "close") and "transfer-encoding" not in got
        with contextlib.suppress(EOFError):
            while True:
                wire._more()
        assert b"one" in wire.data and b"InvokeComplete" in wire.data


def test_streams_are_counted(lamb, steps):
    since = metrics.Difference(lamb.daemon)
    with stream(lamb, steps, STREAMING, ["write", "x"], ["end", "Bad", DOCUMENT]) as answer:
        answer.rest()
    with stream(lamb, steps, STREAMING, ["write", "x"], ["end"]) as answer:
        answer.rest()
    grown = since.now()
    assert grown("lamb_invocations_total", outcome="success") == 1
    assert grown("lamb_invocations_total", outcome="function-error") == 1


# ---- SDKs ----

CALLER_PY = """import json, os, urllib.request
import botocore.auth, botocore.awsrequest, botocore.session
from botocore.eventstream import EventStreamBuffer

def handler(event, context):
    url = os.environ['AWS_ENDPOINT_URL'] + event['path']
    body = json.dumps(event['event']).encode()
    request = botocore.awsrequest.AWSRequest(method='POST', url=url, data=body)
    credentials = botocore.session.Session().get_credentials()
    botocore.auth.SigV4Auth(credentials, 'lambda', os.environ['AWS_REGION']).add_auth(request)
    answer = urllib.request.urlopen(urllib.request.Request(url, body, dict(request.headers)))
    buffer = EventStreamBuffer()
    buffer.add_data(answer.read())
    return [message.payload.decode() for message in buffer]
"""


def test_function_calls_a_function_that_streams(lamb, allow, steps):
    allow("lambda:InvokeFunction")
    caller = lamb.create_python(CALLER_PY, Timeout=20, MemorySize=512)
    inner = [STREAMING, ["write", "from"], ["end"]]
    answer = lamb.invoke(caller, {"path": path_of(steps), "event": inner})
    assert answer.json == ["from", "{}"]


def start_node(lamb, *words):
    return subprocess.Popen(
        ["node", "stream.mjs", *words],
        env=clients.client_environment(lamb.daemon),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=clients.NODE_DIR,
    )


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed (scripts/setup --tests)")
@pytest.mark.skipif(
    not clients.has_node_sdk(), reason="@aws-sdk/client-lambda is not installed (scripts/test does it)"
)
class TestJavaScriptSdk:
    def test_events_as_they_come(self, lamb, steps):
        event = [STREAMING, ["write", "one"], ["wait"], ["write", "zwei ü"], ["end"]]
        with start_node(lamb, steps, json.dumps(event)) as process:
            assert json.loads(process.stdout.readline()) == {
                "status": 200,
                "version": "$LATEST",
                "type": "application/vnd.amazon.eventstream",
            }
            assert json.loads(process.stdout.readline()) == {"chunk": "one"}
            release(lamb.daemon, steps)
            assert json.loads(process.stdout.readline()) == {"chunk": "zwei ü"}
            end = json.loads(process.stdout.readline())["end"]
            assert base64.b64decode(end["LogResult"]).startswith(b"START RequestId: ")
            assert set(end) == {"LogResult"}
            assert process.wait(20) == 0

    def test_error_in_the_middle(self, lamb, steps):
        event = [STREAMING, ["write", "one"], ["end", "Runtime.Bad", DOCUMENT]]
        with start_node(lamb, steps, json.dumps(event)) as process:
            lines = [json.loads(line) for line in process.stdout]
        assert lines[1] == {"chunk": "one"}
        assert lines[2]["end"]["ErrorCode"] == "Runtime.Bad"
        assert lines[2]["end"]["ErrorDetails"] == DOCUMENT

    def test_errors_before_the_stream(self, lamb, steps):
        with start_node(lamb, "nowhere", "{}") as process:
            assert json.loads(process.stdout.read())["error"] == "ResourceNotFoundException"
        lamb.client.put_function_concurrency(FunctionName=steps, ReservedConcurrentExecutions=0)
        with start_node(lamb, steps, "{}") as process:
            told = json.loads(process.stdout.read())
        assert told["error"] == "TooManyRequestsException"
        assert told["reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
