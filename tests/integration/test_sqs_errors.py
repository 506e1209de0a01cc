"""What SQS refuses, each by the call that causes it, in both protocols: codes, statuses and messages of the
service."""

import json
import time

import pytest

from support import clients
from support.queue_refusals import CORAL, KINDS, REFUSALS, SQS, value_rule
from support.queues import Boto, Json, QueueError, Queues
from support.waiting import wait_until

@pytest.fixture(scope="module")
def setting():
    """One daemon's queues q and f.fifo, and the two protocols."""
    from support.daemon import Daemon

    daemon = Daemon().start()
    queues = Queues(daemon)
    urls = {"Q": queues.create("q"), "F": queues.create("f.fifo", fifo=True)}
    boto = Boto(daemon)
    yield queues, urls, {"json": Json(daemon), "query": boto}
    boto.close()
    daemon.stop_and_check()
    daemon.remove()


def filled(value, queues, urls):
    if isinstance(value, dict):
        return {key: filled(item, queues, urls) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    if value in ("Q", "F", "Qx"):
        return urls[value[0]] + value[1:]
    return value.replace("{q}", queues.arn(urls["Q"]))


@pytest.mark.parametrize("protocol", ["json", "query"])
def test_refusals(setting, protocol):
    queues, urls, protocols = setting
    wrong = []
    for operation, members, code, message in REFUSALS:
        if code is None:
            continue
        members = filled(members, queues, urls)
        message = filled(message, queues, urls)
        with pytest.raises(QueueError) as caught:
            protocols[protocol].call(operation, **members)
        error = caught.value
        kind, status = KINDS[code]
        got = (error.code, error.status, message if message is None else error.message)
        if got != (code, status, message) or (error.kind and error.kind != kind):
            wrong.append((operation, str(members)[:200], got, error.kind, (code, status, message)))
    assert not wrong


def test_absent_queue_in_the_words_of_each_protocol(setting):
    queues, urls, protocols = setting
    for protocol, tail in (("json", "."), ("query", " for this wsdl version.")):
        with pytest.raises(QueueError) as caught:
            protocols[protocol].call("GetQueueUrl", QueueName="nobody")
        assert caught.value.message == "The specified queue does not exist" + tail


def test_batches_need_entries(setting):
    queues, urls, protocols = setting
    for operation in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility"):
        with pytest.raises(QueueError) as caught:
            queues.json.call(f"{operation}Batch", QueueUrl=urls["Q"], Entries=[])
        assert caught.value.code == "AWS.SimpleQueueService.EmptyBatchRequest"
        assert caught.value.message == (
            f"There should be at least one {operation}BatchRequestEntry in the request."
        )


def test_bodies_that_are_none(setting):
    queues, urls, protocols = setting
    for body, kind in (
        ("{", "SerializationException"),
        ('{"QueueName":5}', "SerializationException"),
        ('{"QueueName":"a\\u0000"}', "SerializationException"),
        ("[]", "SerializationException"),
    ):
        answer = queues.json.send("CreateQueue", body)
        assert (answer.status, answer.json["__type"]) == (400, CORAL + kind), body
    for name in ("AttributeNames", "MessageSystemAttributeNames"):
        answer = queues.json.send("ReceiveMessage", json.dumps({"QueueUrl": urls["Q"], name: [None]}))
        assert answer.json["__type"] == SQS + "InvalidAttributeName"
    queues.send(urls["Q"], MessageAttributes={"a": {"DataType": "String", "StringValue": "v"}})
    (message,) = queues.receive(urls["Q"], MessageAttributeNames=[None])
    assert "MessageAttributes" not in message
    queues.delete(urls["Q"], message)
    answer = queues.json.send("Nonsense", "{}")
    assert (answer.status, answer.json["__type"]) == (400, CORAL + "InvalidAction")
    answer = queues.json.send("SendMessage", b" " * (4 * 1024 * 1024 + 1))
    assert answer.status == 413


def test_purge_twice(setting):
    queues, urls, protocols = setting
    queues.json.call("PurgeQueue", QueueUrl=urls["F"])
    for protocol in protocols.values():
        with pytest.raises(QueueError) as caught:
            protocol.call("PurgeQueue", QueueUrl=urls["F"])
        assert caught.value.code == "AWS.SimpleQueueService.PurgeQueueInProgress"
        assert caught.value.status == 403
        assert caught.value.message == (
            "Only one PurgeQueue operation on f.fifo is allowed every 60 seconds."
        )


def test_receipts_that_are_over(setting):
    queues, urls, protocols = setting
    url = queues.create("receipts", VisibilityTimeout="0")
    queues.send(url)
    (message,) = queues.receive(url, VisibilityTimeout=60)
    handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    queues.json.call("ChangeMessageVisibility", **handle, VisibilityTimeout=0)
    queues.json.call("ChangeMessageVisibility", **handle, VisibilityTimeout=5)
    assert len(queues.receive(url)) == 1, "the message stayed visible"
    queues.json.call("DeleteMessage", **handle)
    queues.json.call("DeleteMessage", **handle)
    with pytest.raises(QueueError) as caught:
        queues.json.call("ChangeMessageVisibility", **handle, VisibilityTimeout=5)
    assert caught.value.message == value_rule(
        handle["ReceiptHandle"],
        "ReceiptHandle",
        "Message does not exist or is not available for visibility timeout change.",
    )


def test_longest_visibility(setting):
    queues, urls, protocols = setting
    url = queues.create("longest", VisibilityTimeout="0")
    queues.send(url)
    (message,) = queues.receive(url, VisibilityTimeout=60)
    handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    received = time.monotonic()

    def is_refused():
        try:
            queues.json.call("ChangeMessageVisibility", **handle, VisibilityTimeout=43200)
        except QueueError as error:
            assert error.message == (
                "Value 43200 for parameter VisibilityTimeout is invalid. Reason: "
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
            )
            return True
        return False

    assert not is_refused() or time.monotonic() > received + 1
    wait_until(is_refused, 5, "a second of the twelve hours is over")


def test_unknown_queue_policy(setting):
    queues, urls, protocols = setting
    with pytest.raises(QueueError) as caught:
        queues.json.call(
            "SetQueueAttributes", QueueUrl=urls["Q"], Attributes={"Policy": '{"Statement":[]}'}
        )
    assert caught.value.code == "InvalidAttributeValue"
    assert caught.value.message.startswith("Invalid value for the parameter Policy.")


def test_redrive_allow_policy(setting):
    queues, urls, protocols = setting
    dead = queues.create("closed", RedriveAllowPolicy='{"redrivePermission":"denyAll"}')
    redrive = json.dumps({"deadLetterTargetArn": queues.arn(dead), "maxReceiveCount": 3})
    with pytest.raises(QueueError) as caught:
        queues.create("wants-closed", RedrivePolicy=redrive)
    assert "does not allow this queue" in caught.value.message
    allowed = json.dumps(
        {"redrivePermission": "byQueue", "sourceQueueArns": [queues.arn(dead).replace("closed", "w")]}
    )
    queues.json.call("SetQueueAttributes", QueueUrl=dead, Attributes={"RedriveAllowPolicy": allowed})
    queues.create("w", RedrivePolicy=redrive)
    with pytest.raises(QueueError):
        queues.create("x", RedrivePolicy=redrive)


def test_unsigned_requests_are_refused(setting):
    queues, urls, protocols = setting
    answer = clients.request(
        queues.daemon,
        "POST",
        "/",
        '{"QueueName":"q"}',
        {"X-Amz-Target": "AmazonSQS.GetQueueUrl", "Content-Type": "application/x-amz-json-1.0"},
        signed=False,
    )
    assert answer.status == 403
