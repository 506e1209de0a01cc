"""Invoke when all goes well: what comes back, what reaches the function, which calls are checked without
running it."""

import base64
import json
import re

import botocore.exceptions
import pytest

from support import packages
from support.waiting import wait_until

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def invoke_path(name):
    return f"/2015-03-31/functions/{name}/invocations"


def test_answer_of_a_call(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    answer = lamb.request("POST", invoke_path(name), '{"a":1}')
    assert answer.status == 200
    assert answer.body == b'{"a": 1}'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-amz-executed-version"] == "$LATEST"
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    assert re.match(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", answer.headers["x-amzn-trace-id"])
    assert "x-amz-function-error" not in answer.headers
    assert "x-amz-log-result" not in answer.headers


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":1}', b"[1,2,3]", b'"text"', b"7", b"-1.5e300", b"true", b"null", b"{}",
        b' {"a" : 1}\n', b"1e999",
        '{"ü":"\U0001f40d"}'.encode(), b'{"a":"\\ud800"}', b'{"a":123456789012345678901234567890}',
        b'{"a":1,"a":2}', b"[" * 100 + b"]" * 100,
    ],
)  # fmt: skip
def test_payload_bytes_pass_through_unchanged(lamb, payload):
    """In C, so that no runtime parses and prints them anew."""
    name = lamb.create_c(packages.ECHO_C)
    assert lamb.request("POST", invoke_path(name), payload).body == payload


def test_no_payload_is_an_empty_object(lamb):
    name = lamb.create_c(packages.ECHO_C)
    assert lamb.request("POST", invoke_path(name)).body == b"{}"


def test_answer_bytes_pass_through_unchanged(lamb):
    """The service does not look at what a custom runtime answers."""
    body = 'lamb_respond(response, "\\x01 not json \\xff", 12); (void)event;'
    name = lamb.create_c(body)
    assert lamb.request("POST", invoke_path(name), "{}").body == b"\x01 not json \xff"


def test_no_return_value_is_null(lamb):
    assert lamb.invoke(lamb.create_python("def handler(event, context):\n    pass\n")).payload == b"null"


@pytest.mark.parametrize("size", [1, 1000, 65536, 1024 * 1024, 6291456])
def test_payload_sizes(lamb, size):
    name = lamb.create_c('lamb_respondf(response, "%zu", event->size);', MemorySize=256)
    payload = b'"' + b"x" * (size - 2) + b'"' if size > 1 else b"1"
    assert lamb.request("POST", invoke_path(name), payload).body == str(size).encode()


def test_payload_over_6_mb(lamb):
    name = lamb.create_c(packages.ECHO_C)
    answer = lamb.request("POST", invoke_path(name), b'"' + b"x" * 6291455 + b'"')
    assert (answer.status, answer.error) == (413, "RequestEntityTooLargeException")
    assert answer.message == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"


@pytest.mark.parametrize(
    "payload, text",
    [
        (b'"a\x87"', "Invalid UTF-8 start byte 0x87"),
        (b"\x99", "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value (JSON String, "
         "Number, Array, Object or token 'null', 'true' or 'false')"),
    ],
)  # fmt: skip
def test_payload_that_is_no_json_in_the_words_of_the_service(lamb, payload, text):
    name = lamb.create_c(packages.ECHO_C)
    answer = lamb.request("POST", invoke_path(name), payload)
    assert (answer.status, answer.error) == (400, "InvalidRequestContentException")
    assert answer.json["Type"] == "User"
    start = "Could not parse request body into json: Could not parse payload into json: "
    assert answer.message.startswith(start + text)
    assert (
        "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1"
        in answer.message
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"nul",
        b'{"a":}',
        b"{'a':1}",
        b"01",
        b"[1,]",
        b'"\n"',
        b"{} {}",
        b"NaN",
        b" ",
        b'"\xff"',
        b"\xef\xbb\xbf{}",
    ],
)
def test_payload_that_is_no_json(lamb, payload):
    name = lamb.create_c(packages.ECHO_C)
    answer = lamb.request("POST", invoke_path(name), payload)
    assert (answer.status, answer.error) == (400, "InvalidRequestContentException")
    assert answer.message.startswith("Could not parse request body into json: ")


def test_log_tail(lamb):
    name = lamb.create_python("def handler(event, context):\n    print('from the function')\n")
    answer = lamb.invoke(name, {}, LogType="Tail")
    lines = answer.log.split("\n")
    assert lines[-1] == ""
    start = lines.index(f"START RequestId: {answer.request_id} Version: $LATEST")
    assert lines[start + 1 : start + 3] == ["from the function", f"END RequestId: {answer.request_id}"]
    assert lines[start + 3].startswith(f"REPORT RequestId: {answer.request_id}\tDuration: ")


def test_log_tail_is_the_last_4096_bytes(lamb):
    source = "def handler(event, context):\n    for i in range(1000):\n        print('line', i)\n"
    answer = lamb.invoke(lamb.create_python(source), {}, LogType="Tail")
    assert len(answer.log) == 4096
    assert "line 999\nEND RequestId: " in answer.log
    assert "line 0\n" not in answer.log


def test_log_tail_has_only_this_call(lamb):
    name = lamb.create_python("def handler(event, context):\n    print('call', event['n'])\n")
    lamb.invoke(name, {"n": 1}, LogType="Tail")
    second = lamb.invoke(name, {"n": 2}, LogType="Tail")
    assert "call 2" in second.log
    assert "call 1" not in second.log


def test_dry_run(lamb):
    name = lamb.create_python("def handler(event, context):\n    print('ran')\n")
    answer = lamb.request("POST", invoke_path(name), "{}", headers={"X-Amz-Invocation-Type": "DryRun"})
    assert (answer.status, answer.body) == (204, b"")
    missing = lamb.request(
        "POST", invoke_path("nowhere"), "{}", headers={"X-Amz-Invocation-Type": "DryRun"}
    )
    assert missing.status == 404
    bad = lamb.request("POST", invoke_path(name), "{", headers={"X-Amz-Invocation-Type": "DryRun"})
    assert bad.error == "InvalidRequestContentException"
    lamb.invoke(name)
    wait_until(lambda: "END" in lamb.logs(name), 5, "the log is written")
    assert lamb.logs(name).count("ran") == 1


def test_client_context_python(lamb):
    source = """def handler(event, context):
    client = context.client_context
    return [client.custom, client.env, client.client.app_title, client.client.installation_id]
"""
    document = {
        "custom": {"a": "ü"},
        "env": {"locale": "de"},
        "client": {"app_title": "t", "installation_id": "i"},
    }
    encoded = base64.b64encode(json.dumps(document).encode()).decode()
    name = lamb.create_python(source)
    assert lamb.invoke(name, {}, ClientContext=encoded).json == [{"a": "ü"}, {"locale": "de"}, "t", "i"]


def test_client_context_is_passed_as_it_was_sent(lamb):
    name = lamb.create_c(
        'lamb_respondf(response, "%s", context->client_context ? context->client_context : "none");'
    )
    headers = {"X-Amz-Client-Context": base64.b64encode(b'{"b" : [1, 2]}').decode()}
    assert lamb.request("POST", invoke_path(name), "{}", headers=headers).body == b'{"b" : [1, 2]}'
    assert lamb.request("POST", invoke_path(name), "{}").body == b"none"


@pytest.mark.parametrize("value", ["not base64!", base64.b64encode(b"no json").decode(), "e30=" * 900])
def test_refused_client_context(lamb, value):
    name = lamb.create_python(packages.ECHO_PY)
    answer = lamb.request("POST", invoke_path(name), "{}", headers={"X-Amz-Client-Context": value})
    assert answer.status in (400, 413)
    assert answer.error


def test_trace_id_is_passed_on(lamb):
    name = lamb.create_c('lamb_respondf(response, "\\"%s\\"", context->trace_id);')
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    answer = lamb.request("POST", invoke_path(name), "{}", headers={"X-Amzn-Trace-Id": trace})
    assert answer.json.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;")
    assert answer.headers["x-amzn-trace-id"].startswith("Root=1-5759e988-bd862e3fe1be46a994272793")
    assert lamb.request("POST", invoke_path(name), "{}").json.startswith("Root=1-")


def test_trace_id_that_would_break_a_header(lamb):
    name = lamb.create_c('lamb_respondf(response, "\\"%s\\"", context->trace_id);')
    answer = lamb.request("POST", invoke_path(name), "{}", headers={"X-Amzn-Trace-Id": "x" * 5000})
    assert answer.status in (200, 400)


def test_request_ids_differ_and_are_the_functions_own(lamb):
    name = lamb.create_python("def handler(event, context):\n    return context.aws_request_id\n")
    answers = [lamb.invoke(name) for _ in range(5)]
    assert all(answer.json == answer.request_id for answer in answers)
    assert len({answer.request_id for answer in answers}) == 5


def test_deadline(lamb):
    source = "def handler(event, context):\n    return context.get_remaining_time_in_millis()\n"
    name = lamb.create_python(source, Timeout=42)
    lamb.invoke(name)
    assert 41_000 < lamb.invoke(name).json <= 42_000


def test_invoke_while_pending_says_so(lamb):
    """Creation takes a moment; a call in it is refused with the words the SDKs retry on."""
    name = lamb.new_name()
    archive = packages.zip_files({"app.py": packages.ECHO_PY, **{f"f{i}": str(i) for i in range(3000)}})
    lamb.create(archive, runtime="python3.11", name=name, wait=False)
    answer = lamb.request("POST", invoke_path(name), "{}")
    if answer.status == 409:
        assert answer.error == "ResourceConflictException"
        assert answer.message == (
            "The operation cannot be performed at this time. "
            "The function is currently in the following state: Pending"
        )
    else:
        assert lamb.configuration(name)["State"] == "Active"
    lamb.wait_active(name)
    assert lamb.invoke(name, {"a": 1}).json == {"a": 1}


def test_invoke_of_a_missing_function(lamb):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        lamb.invoke("nowhere")
    assert refused.value.response["Error"] == {
        "Code": "ResourceNotFoundException",
        "Message": f"Function not found: {lamb.arn('nowhere')}:$LATEST",
    }
