"""Where results of asynchronous calls go: destinations and dead letter queues of every kind."""

import json
import re
import time
from urllib.parse import parse_qs

import pytest

from support import clients, events, settings
from support.endpoints import Endpoint
from support.events import TELLS_PY, Queue, runs, send, wait_for_runs, wait_until_over
from support.waiting import wait_until

ALL_ACTIONS = [
    "sqs:SendMessage",
    "lambda:InvokeFunction",
    "sns:Publish",
    "events:PutEvents",
    "s3:PutObject",
]
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def start(new_daemon, *args):
    lamb = new_daemon(*settings.fast_retries(), *args)
    for action in ALL_ACTIONS:
        clients.allow_test_role(lamb.daemon, action, action.replace(":", "-"))
    return lamb


@pytest.fixture
def own(new_daemon):
    return start(new_daemon)


@pytest.fixture
def endpoint():
    made = []

    def make(*args):
        made.append(Endpoint(*args))
        return made[-1]

    yield make
    for one in made:
        one.close()


def configure(lamb, name, on_success=None, on_failure=None, **members):
    destinations = {}
    if on_success:
        destinations["OnSuccess"] = {"Destination": on_success}
    if on_failure:
        destinations["OnFailure"] = {"Destination": on_failure}
    members.setdefault("MaximumRetryAttempts", 0)
    lamb.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig=destinations, **members
    )


def deliveries(lamb):
    found = events.totals(lamb, "lamb_async_deliveries_total", "to")
    failed = events.totals(lamb, "lamb_async_delivery_failures_total", "to")
    return found["destination"], found["dead-letters"], failed["destination"], failed["dead-letters"]


# ---- queues


def test_record_of_a_success(own):
    queue = Queue(own, "results")
    name = own.create_python(TELLS_PY)
    configure(own, name, on_success=queue.arn)
    request_id = send(own, name, {"k": "v"})
    message = queue.receive()
    record = json.loads(message["Body"])
    assert list(record) == [
        "version",
        "timestamp",
        "requestContext",
        "requestPayload",
        "responseContext",
        "responsePayload",
    ]
    assert ISO.fullmatch(record.pop("timestamp"))
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": own.arn(name, "$LATEST"),
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"k": "v"},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"was": {"k": "v"}},
    }
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-")
    assert "MessageAttributes" not in message
    assert deliveries(own) == (1, 0, 0, 0)
    queue.close()


@pytest.mark.skipif(
    not clients.has_node_sdk(), reason="@aws-sdk/client-lambda is not installed (scripts/test does it)"
)
def test_call_and_record_with_the_javascript_sdk(own):
    queue = Queue(own, "results")
    name = own.create_python(TELLS_PY)
    configure(own, name, on_success=queue.arn)
    seen = own.node("event.mjs", name, queue.url)
    assert (seen["status"], seen["error"], seen["payload"]) == (202, None, "")
    (record,) = seen["records"]
    assert record["requestContext"]["requestId"] == seen["requestId"]
    assert record["responsePayload"] == {"was": {"n": 1}}
    queue.close()


def test_record_of_a_failure_tells_the_qualifier_and_the_version(own):
    queue = Queue(own, "failures")
    name = own.create_python(TELLS_PY, Publish=True)
    own.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    configure(own, name, on_failure=queue.arn, Qualifier="live", MaximumRetryAttempts=1)
    request_id = send(own, name, {"fail": "boom"}, Qualifier="live")
    record = json.loads(queue.receive()["Body"])
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": own.arn(name, "live"),
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 2,
    }
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "1",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorMessage"] == "boom"
    assert record["responsePayload"]["errorType"] == "ValueError"
    send(own, name, {"fine": 1}, Qualifier="live")
    wait_until_over(own, {"Success": 1, "RetriesExhausted": 1})
    assert queue.is_empty()
    queue.close()


def test_dead_letter_is_the_event_with_its_attributes(own):
    queue = Queue(own, "dead")
    name = own.create_python(TELLS_PY, DeadLetterConfig={"TargetArn": queue.arn})
    configure(own, name)
    request_id = send(own, name, {"fail": "x" * 2000})
    message = queue.receive()
    assert json.loads(message["Body"]) == {"fail": "x" * 2000}
    attributes = {
        key: (value["DataType"], value["StringValue"])
        for key, value in message["MessageAttributes"].items()
    }
    assert attributes == {
        "RequestID": ("String", request_id),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "x" * 1024),
    }
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-")
    assert message["Attributes"]["SenderId"].endswith(f":{name}")
    queue.close()


def test_both_fire(own):
    dead, failures = Queue(own, "dead"), Queue(own, "failures")
    name = own.create_python(TELLS_PY, DeadLetterConfig={"TargetArn": dead.arn})
    configure(own, name, on_failure=failures.arn)
    send(own, name, {"fail": "no"})
    assert json.loads(failures.receive()["Body"])["requestPayload"] == {"fail": "no"}
    assert json.loads(dead.receive()["Body"]) == {"fail": "no"}
    assert deliveries(own) == (1, 1, 0, 0)
    dead.close()
    failures.close()


def test_no_concurrency_goes_straight_to_both(own):
    dead, failures = Queue(own, "dead"), Queue(own, "failures")
    name = own.create_python(TELLS_PY, DeadLetterConfig={"TargetArn": dead.arn})
    configure(own, name, on_failure=failures.arn, MaximumRetryAttempts=2)
    own.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    request_id = send(own, name, {"n": 1})
    record = json.loads(failures.receive()["Body"])
    assert set(record) == {"version", "timestamp", "requestContext", "requestPayload"}
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": own.arn(name, "$LATEST"),
        "condition": "ZeroReservedConcurrency",
        "approximateInvokeCount": 0,
    }
    attributes = dead.receive()["MessageAttributes"]
    assert attributes["ErrorCode"]["StringValue"] == "429"
    assert attributes["ErrorMessage"]["StringValue"] == "Rate Exceeded."
    for i in range(30):
        send(own, name, {"n": i})
    wait_until_over(own, {"ZeroReservedConcurrency": 31})
    assert runs(own, name) == []
    dead.close()
    failures.close()


def test_loop_is_a_failure_of_the_event(own):
    failures = Queue(own, "failures")
    functions = [own.create_python("def handler(event, context):\n    return 1\n") for _ in range(2)]
    for name, other in (functions, reversed(functions)):
        configure(own, name, on_failure=failures.arn, on_success=own.arn(other))
    send(own, functions[0], {})
    record = json.loads(failures.receive(20)["Body"])
    assert record["requestContext"]["condition"] == "RecursiveInvocation"
    assert 32 <= events.over(own)["Success"] <= 36
    failures.close()


# ---- functions


def test_function_gets_the_record_as_its_event(own):
    target = own.create_python(TELLS_PY, Publish=True)
    name = own.create_python(TELLS_PY)
    configure(own, name, on_success=own.arn(target, "1"))
    request_id = send(own, name, {"k": 1})
    ((own_id, arn, event),) = wait_for_runs(own, target, 1)
    assert arn == own.arn(target, "1") and own_id != request_id
    assert event["requestContext"]["requestId"] == request_id
    assert event["responsePayload"] == {"was": {"k": 1}}
    wait_until_over(own, {"Success": 2})


# ---- services elsewhere


def test_topic(new_daemon, endpoint):
    sns = endpoint()
    lamb = start(new_daemon, "--sns-endpoint", sns.url)
    topic = f"arn:aws:sns:{lamb.region}:{lamb.account}:topic"
    name = lamb.create_python(TELLS_PY, DeadLetterConfig={"TargetArn": topic})
    configure(lamb, name, on_failure=topic)
    request_id = send(lamb, name, {"fail": "a&b=c"})
    wait_until(lambda: len(sns.requests) == 2, 10, "both were published")
    forms = [parse_qs(request[3].decode()) for request in sns.requests]
    (record,) = [form for form in forms if "MessageAttributes.entry.1.Name" not in form]
    (dead,) = [form for form in forms if form is not record]
    assert record["Action"] == ["Publish"] and record["TopicArn"] == [topic]
    assert json.loads(record["Message"][0])["requestContext"]["requestId"] == request_id
    assert json.loads(dead["Message"][0]) == {"fail": "a&b=c"}
    assert dead["MessageAttributes.entry.3.Value.StringValue"] == ["a&b=c"]
    signature = sns.requests[0][2]["Authorization"]
    assert "/sns/aws4_request" in signature and "Credential=test/" in signature


def test_event_bus(new_daemon, endpoint):
    bus = endpoint((200, b'{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}'))
    lamb = start(new_daemon, "--events-endpoint", bus.url)
    arn = f"arn:aws:events:{lamb.region}:{lamb.account}:event-bus/default"
    name = lamb.create_python(TELLS_PY)
    configure(lamb, name, on_success=arn)
    send(lamb, name, {"k": 1})
    wait_until(lambda: bus.requests, 10, "the event was put")
    _, _, headers, body = bus.requests[0]
    assert headers["X-Amz-Target"] == "AWSEvents.PutEvents"
    (entry,) = json.loads(body)["Entries"]
    assert json.loads(entry.pop("Detail"))["responsePayload"] == {"was": {"k": 1}}
    assert entry.pop("TraceHeader").startswith("Root=1-")
    assert entry == {
        "Source": "lambda",
        "Resources": [arn, lamb.arn(name, "$LATEST")],
        "DetailType": "Lambda Function Invocation Result - Success",
        "EventBusName": arn,
    }


def test_bucket(new_daemon, endpoint):
    s3 = endpoint((200, b""))
    lamb = start(new_daemon, *settings.s3(s3.url))
    name = lamb.create_python(TELLS_PY)
    configure(lamb, name, on_failure="arn:aws:s3:::bucket")
    send(lamb, name, {"fail": "no"})
    wait_until(lambda: s3.requests, 10, "the object was put")
    method, path, _, body = s3.requests[0]
    day = time.strftime("%Y/%m/%d", time.gmtime())
    assert method == "PUT" and path.startswith(f"/bucket/aws/lambda/async/{name}/{day}/")
    assert json.loads(body)["requestContext"]["condition"] == "RetriesExhausted"


def test_queue_of_another_service_with_a_checked_signature(new_daemon):
    there = new_daemon()
    keys = there.daemon.keys
    here = start(
        new_daemon,
        *("--sqs-endpoint", there.daemon.url),
        *("--destination-access-key", keys["AWS_ACCESS_KEY_ID"]),
        *("--destination-secret-key", keys["AWS_SECRET_ACCESS_KEY"]),
    )
    queue = Queue(there, "far")
    name = here.create_python(TELLS_PY, DeadLetterConfig={"TargetArn": queue.arn})
    configure(here, name, on_failure=queue.arn)
    request_id = send(here, name, {"fail": "no \u20ac"})
    messages = [queue.receive(), queue.receive()]
    (dead,) = [message for message in messages if "MessageAttributes" in message]
    (record,) = [message for message in messages if message is not dead]
    assert json.loads(dead["Body"]) == {"fail": "no \u20ac"}
    assert dead["MessageAttributes"]["RequestID"]["StringValue"] == request_id
    assert dead["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no \u20ac"
    assert json.loads(record["Body"])["requestContext"]["requestId"] == request_id
    assert record["Attributes"]["AWSTraceHeader"].startswith("Root=1-")
    queue.close()


def test_delivery_is_tried_again(new_daemon, endpoint):
    sns = endpoint([(500, b"later"), (503, b"later"), (200, b"")])
    lamb = start(new_daemon, "--sns-endpoint", sns.url)
    name = lamb.create_python(TELLS_PY)
    configure(lamb, name, on_success=f"arn:aws:sns:{lamb.region}:{lamb.account}:topic")
    send(lamb, name, {})
    wait_until(lambda: len(sns.requests) == 3, 10, "three tries")
    time.sleep(0.5)
    assert len(sns.requests) == 3 and deliveries(lamb) == (1, 0, 0, 0)


# ---- what can't be delivered


def test_failed_delivery_is_counted_and_said(new_daemon, endpoint):
    sns = endpoint((403, b"not you"))
    lamb = start(new_daemon, "--sns-endpoint", sns.url)
    name = lamb.create_python(TELLS_PY)
    configure(lamb, name, on_success=f"arn:aws:sns:{lamb.region}:{lamb.account}:topic")
    send(lamb, name, {})
    wait_until(lambda: deliveries(lamb)[2] == 1, 10, "it was given up")
    assert len(sns.requests) == 3
    assert re.search(r"async.delivery_failed .*tries=3 .*answered 403: not you", lamb.daemon.stderr())


def test_place_that_is_not_there(own):
    missing = f"arn:aws:sqs:{own.region}:{own.account}:missing"
    name = own.create_python(TELLS_PY, DeadLetterConfig={"TargetArn": missing})
    configure(own, name, on_failure=f"arn:aws:sns:{own.region}:{own.account}:topic")
    send(own, name, {"fail": "no"})
    wait_until(lambda: deliveries(own) == (0, 0, 1, 1), 10, f"both failed: {deliveries(own)}")
    assert "setting sns-endpoint" in own.daemon.stderr()
    assert "setting sqs-endpoint" in own.daemon.stderr()


def test_role_that_lost_its_permission(own):
    queue = Queue(own, "results")
    name = own.create_python(TELLS_PY)
    configure(own, name, on_success=queue.arn)
    clients.forbid_test_role(own.daemon, "sqs-SendMessage")
    send(own, name, {})
    wait_until(lambda: deliveries(own)[2] == 1, 10, "it failed")
    assert re.search(r"async.delivery_failed .*may not sqs:SendMessage", own.daemon.stderr())
    assert queue.is_empty()
    queue.close()


def test_record_that_is_too_long_for_the_queue(own):
    queue = Queue(own, "small", MaximumMessageSize="1024")
    name = own.create_python(TELLS_PY)
    configure(own, name, on_success=queue.arn)
    send(own, name, {"long": "x" * 1000})
    wait_until(lambda: deliveries(own)[2] == 1, 10, "it failed")
    assert re.search(r"async.delivery_failed .*1024 is the most", own.daemon.stderr())
    queue.close()


def test_record_that_is_too_long_for_anything(own):
    queue = Queue(own, "results")
    name = own.create_python("def handler(event, context):\n    return 'x' * 2000000\n")
    configure(own, name, on_success=queue.arn)
    send(own, name, {})
    wait_until(lambda: deliveries(own)[2] == 1, 10, "it failed")
    assert re.search(r"async.delivery_failed .*more than 1048576 bytes", own.daemon.stderr())
    queue.close()
