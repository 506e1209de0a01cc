"""InvokeWithResponseStream: what is framed as events, what is refused before there are any, and what it
shares with Invoke. The events are read by botocore's own decoder, which checks the sums of each."""

import json
import re
import socket
from urllib.parse import urlsplit

import pytest
from botocore.eventstream import EventStreamBuffer

from world import create, encoded, new_name, update, wait

PATH = "/2021-11-15/functions/{}/response-streaming-invocations"


def stream(front, name, payload=b"{}", headers=None, qualifier=""):
    query = f"?Qualifier={qualifier}" if qualifier else ""
    return front.send("POST", PATH.format(name) + query, payload, headers)


def events(answer):
    """[(event, content)]: bytes of a piece, a dict of the end."""
    assert answer.status_code == 200, answer.content
    buffer = EventStreamBuffer()
    buffer.add_data(answer.content)
    found = []
    for event in buffer:
        headers = event.headers
        assert headers[":message-type"] == "event"
        is_piece = headers[":event-type"] == "PayloadChunk"
        assert headers[":content-type"] == "application/" + ("octet-stream" if is_piece else "json")
        found.append((headers[":event-type"], event.payload if is_piece else json.loads(event.payload)))
    return found


def test_streamed_response(front, client):
    answer = stream(front, create(client, new_name("streaming")), b'"abcdef"')
    assert events(answer) == [
        ("PayloadChunk", b'"abc'),
        ("PayloadChunk", b'def"'),
        ("InvokeComplete", {}),
    ]
    assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-amz-executed-version"] == "$LATEST"
    assert re.match(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", answer.headers["x-amzn-trace-id"])
    assert "x-amz-function-error" not in answer.headers


def test_buffered_response_is_one_piece(front, client):
    payload = b'"' + b"x" * (6 * 1024 * 1024 - 2) + b'"'
    answer = stream(front, create(client), payload)
    assert events(answer) == [("PayloadChunk", payload), ("InvokeComplete", {})]


def test_no_payload(front, client):
    assert events(stream(front, create(client), b""))[0] == ("PayloadChunk", b"{}")


def test_function_that_fails(front, client):
    """Without a piece, and the document as a string, whatever bytes it has."""
    answer = stream(front, create(client, new_name("failing")), b'{"errorMessage":"\\n\xc3\xbc"}')
    assert events(answer) == [
        (
            "InvokeComplete",
            {"ErrorCode": "Unhandled", "ErrorDetails": '{"errorMessage":"\\nü"}'},
        )
    ]


def test_function_that_fails_with_a_huge_document(front, client):
    """What does not fit into an event is cut."""
    payload = b'"' + b"\x7f" * (6 * 1024 * 1024 - 2) + b'"'
    ((event, end),) = events(stream(front, create(client, new_name("failing")), payload))
    assert (event, end["ErrorCode"]) == ("InvokeComplete", "Unhandled")
    assert payload.decode().startswith(end["ErrorDetails"]) and len(end["ErrorDetails"]) > 2_500_000


def test_function_that_fails_in_the_middle(front, client):
    answer = stream(front, create(client, new_name("breaking")), b'"abcdef"', {"X-Amz-Log-Type": "Tail"})
    document = '{"errorType":"Bad","errorMessage":"\\u00fc"}'
    assert events(answer) == [
        ("PayloadChunk", b'"abc'),
        (
            "InvokeComplete",
            {
                "ErrorCode": "Runtime.Bad",
                "ErrorDetails": document,
                "LogResult": encoded(b"START\nEND\n"),
            },
        ),
    ]


def test_lamb_that_fails_in_the_middle(front, client):
    """The caller learns that it is no fault of the function, and where the reason is; not what it was."""
    front.allowed_errors.append("api.stream_failed")
    answer = stream(front, create(client, new_name("lost")), b'"abcdef"', {"X-Amz-Log-Type": "Tail"})
    assert events(answer) == [
        ("PayloadChunk", b'"abc'),
        (
            "InvokeComplete",
            {
                "ErrorCode": "ServiceException",
                "ErrorDetails": "Lamb could not finish this call. The log of `lamb serve` tells why.",
                "LogResult": encoded(b"START\nEND\n"),
            },
        ),
    ]


@pytest.mark.parametrize("kind", ["echo", "streaming", "failing"])
@pytest.mark.parametrize("log_type, has_log", [("Tail", True), ("None", False), (None, False)])
def test_log_is_in_the_end(front, client, kind, log_type, has_log):
    headers = {"X-Amz-Log-Type": log_type} if log_type else {}
    answer = stream(front, create(client, new_name(kind)), b"{}", headers)
    end = events(answer)[-1][1]
    assert end.get("LogResult") == (encoded(b"START\nEND\n") if has_log else None)
    assert "x-amz-log-result" not in answer.headers


def test_qualifiers(front, client):
    name = create(client, new_name("streaming"))
    client.publish_version(FunctionName=name)
    update(client, name, Timeout=9)
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for qualifier, version in (("", "$LATEST"), ("$LATEST", "$LATEST"), ("2", "2"), ("live", "1")):
        answer = stream(front, name, qualifier=qualifier)
        assert answer.headers["x-amz-executed-version"] == version
    answer = stream(front, name, qualifier="3")
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")


def test_dry_run(front, client):
    answer = stream(front, create(client), b"{}", {"X-Amz-Invocation-Type": "DryRun"})
    assert (answer.status_code, answer.content) == (204, b"")


REFUSALS = {
    "missing": ("nowhere", b"{}", {}, 404, "ResourceNotFoundException"),
    "throttled": ("throttled", b"{}", {}, 429, "TooManyRequestsException"),
    "no-json": ("echo", b"{", {}, 400, "InvalidRequestContentException"),
    "context": ("echo", b"{}", {"X-Amz-Client-Context": "!"}, 400, "InvalidRequestContentException"),
    "asynchronous": ("echo", b"{}", {"X-Amz-Invocation-Type": "Event"}, 400, "ValidationException"),
    "log-type": ("echo", b"{}", {"X-Amz-Log-Type": "Head"}, 400, "ValidationException"),
    "tenant": ("echo", b"{}", {"X-Amz-Tenant-Id": "t"}, 400, "InvalidParameterValueException"),
    "too-large": ("echo", b"1" * (6 * 1024 * 1024 + 1), {}, 413, "RequestEntityTooLargeException"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_before_the_stream(front, client, case):
    """In JSON, in the very words of Invoke."""
    kind, payload, headers, status, exception = REFUSALS[case]
    name = "nowhere" if kind == "nowhere" else create(client, new_name(kind))
    answer = stream(front, name, payload, headers)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (status, exception)
    assert answer.headers["content-type"] == "application/json"
    message = json.loads(answer.content)
    if case == "asynchronous":
        assert "Value 'Event' at 'invocationType' failed" in message["message"]
        assert message["message"].endswith("enum value set: [DryRun, RequestResponse]")
        return
    like = front.send("POST", f"/2015-03-31/functions/{name}/invocations", payload, headers)
    assert message == json.loads(like.content)


def test_durable_executions_are_not_its_matter(front, client):
    """The operation has no such header."""
    headers = {"X-Amz-Durable-Execution-Name": "x y"}
    assert stream(front, create(client), b"{}", headers).status_code == 200


def test_reserved_concurrency_of_none(front, client):
    name = create(client)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    answer = stream(front, name)
    assert answer.status_code == 429
    assert json.loads(answer.content)["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_loop_of_functions_is_stopped(front, client):
    name = create(client)
    trace = stream(front, name).headers["x-amzn-trace-id"]
    for _ in range(40):
        answer = stream(front, name, headers={"X-Amzn-Trace-Id": trace})
        if answer.status_code != 200:
            break
        trace = answer.headers["x-amzn-trace-id"]
    assert answer.headers["x-amzn-errortype"] == "RecursiveInvocationException"


def test_other_methods(front, client):
    name = create(client)
    for method in ("GET", "HEAD", "PUT"):
        answer = front.send(method, PATH.format(name))
        assert answer.status_code == 404
        assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"


@pytest.fixture
def signed_head(front, client):
    """Makes the head of a request as HTTP of that version."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    from world import REGION

    def make(name, version):
        request = AWSRequest(method="POST", url=front.url + PATH.format(name), data=b"{}")
        SigV4Auth(Credentials(front.access_key, front.secret), "lambda", REGION).add_auth(request)
        lines = [f"POST {PATH.format(name)} HTTP/{version}", f"Host: {urlsplit(front.url).netloc}"]
        lines += [f"{key}: {value}" for key, value in request.headers.items()]
        return "\r\n".join([*lines, "Content-Length: 2", "", "{}"]).encode()

    return make


def test_http_1_0_reads_to_the_end_of_the_connection(front, client, signed_head):
    name = create(client, new_name("streaming"))
    parts = urlsplit(front.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
        wire.sendall(signed_head(name, "1.0"))
        data = b""
        while piece := wire.recv(65536):
            data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n") and b"chunked" not in head
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    assert [event.headers[":event-type"] for event in buffer][-1] == "InvokeComplete"


def test_client_that_leaves_does_no_harm(front, client, signed_head):
    name = create(client, new_name("silent"))
    parts = urlsplit(front.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
        wire.sendall(signed_head(name, "1.1"))
    assert stream(front, create(client)).status_code == 200
    wait(client, name)
