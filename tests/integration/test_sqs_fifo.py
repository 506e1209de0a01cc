"""FIFO queues: order in a group with parallel consumers, duplicates, receipts, attempts; and move tasks."""

import json
import random
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.queues import QueueError, Queues, md5
from support.waiting import wait_until


@pytest.fixture
def queues(lamb):
    queues = Queues(lamb.daemon)
    yield queues
    queues.delete_all()


def put(queues, url, body, group="g", dedup=None, **members):
    return queues.send(
        url, body, MessageGroupId=group, MessageDeduplicationId=dedup or f"{group}-{body}", **members
    )


def test_attributes_of_a_fifo_message(queues):
    url = queues.create(fifo=True)
    sent = put(queues, url, "one", "group-1", "dedup-1")
    assert len(sent["SequenceNumber"]) == 20
    (message,) = queues.receive(url, MessageSystemAttributeNames=["All"])
    attributes = message["Attributes"]
    assert attributes["MessageGroupId"] == "group-1"
    assert attributes["MessageDeduplicationId"] == "dedup-1"
    assert attributes["SequenceNumber"] == sent["SequenceNumber"]
    assert int(put(queues, url, "two")["SequenceNumber"]) > int(sent["SequenceNumber"])


def test_groups_keep_their_order_with_parallel_consumers(queues):
    url = queues.create(fifo=True, VisibilityTimeout="30")
    groups, each = 8, 25
    seen, busy, lock = defaultdict(list), set(), threading.Lock()

    def consume(number):
        chance = random.Random(number)
        while True:
            messages = queues.receive(
                url, chance.randint(1, 10), WaitTimeSeconds=2, AttributeNames=["MessageGroupId"]
            )
            if not messages:
                return
            mine = {message["Attributes"]["MessageGroupId"] for message in messages}
            with lock:
                assert not mine & busy, "two consumers have one group"
                busy.update(mine)
                for message in messages:
                    seen[message["Attributes"]["MessageGroupId"]].append(int(message["Body"]))
                busy.difference_update(mine)
            for message in messages:
                queues.delete(url, message)

    with ThreadPoolExecutor(12) as pool:
        consumers = [pool.submit(consume, number) for number in range(4)]
        senders = [
            pool.submit(lambda g=group: [put(queues, url, str(i), f"g{g}") for i in range(each)])
            for group in range(groups)
        ]
        for future in senders + consumers:
            future.result(60)
    assert seen == {f"g{group}": list(range(each)) for group in range(groups)}


def test_a_group_with_a_leased_message_gives_nothing(queues):
    url = queues.create(fifo=True)
    for body in "ab":
        put(queues, url, body)
    put(queues, url, "other", "h")
    (first,) = queues.receive(url, 1)
    assert first["Body"] == "a"
    assert [message["Body"] for message in queues.receive(url)] == ["other"]
    assert queues.receive(url) == []
    queues.delete(url, first)
    assert [message["Body"] for message in queues.receive(url)] == ["b"]


@pytest.mark.parametrize("by_content", [True, False])
def test_duplicates_arrive_once(queues, by_content):
    url = queues.create(fifo=True, ContentBasedDeduplication=str(by_content).lower())
    members = {"MessageGroupId": "g"}
    if not by_content:
        members["MessageDeduplicationId"] = "d"
    first = queues.send(url, "same", **members)
    again = queues.send(url, "same", **{**members, "MessageGroupId": "h"})
    assert again["MessageId"] == first["MessageId"]
    assert again["SequenceNumber"] == first["SequenceNumber"]
    (message,) = queues.receive(url)
    queues.delete(url, message)
    queues.send(url, "same", **members)
    assert queues.receive(url) == []


def test_duplicates_within_a_group(queues):
    url = queues.create(
        fifo=True, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId"
    )
    put(queues, url, "1", "g", "d")
    put(queues, url, "2", "h", "d")
    put(queues, url, "3", "g", "d")
    messages = queues.receive(url, AttributeNames=["MessageDeduplicationId"])
    assert sorted(message["Body"] for message in messages) == ["1", "2"]
    assert {message["Attributes"]["MessageDeduplicationId"] for message in messages} == {"d"}


def test_batch_keeps_its_order(queues):
    url = queues.create(fifo=True)
    entries = [
        {"Id": str(i), "MessageBody": str(i), "MessageGroupId": "g", "MessageDeduplicationId": str(i)}
        for i in range(10)
    ]
    answer = queues.json.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    numbers = [entry["SequenceNumber"] for entry in answer["Successful"]]
    assert numbers == sorted(numbers) and len(set(numbers)) == 10
    assert [message["Body"] for message in queues.receive(url)] == [str(i) for i in range(10)]


def test_receipt_that_has_expired(queues):
    url = queues.create(fifo=True, VisibilityTimeout="1")
    put(queues, url, "m")
    (message,) = queues.receive(url)
    time.sleep(1.2)
    with pytest.raises(QueueError) as caught:
        queues.delete(url, message)
    assert caught.value.code == "InvalidParameterValue"
    assert caught.value.message == (
        f"Value {message['ReceiptHandle']} for parameter ReceiptHandle is invalid. "
        "Reason: The receipt handle has expired."
    )


def test_the_same_attempt_gives_the_same_messages(queues):
    url = queues.create(fifo=True, VisibilityTimeout="60")
    for body in "abc":
        put(queues, url, body)
    attempt = {"ReceiveRequestAttemptId": "try-1"}
    first = queues.receive(url, 2, **attempt)
    assert [message["Body"] for message in first] == ["a", "b"]
    assert queues.receive(url, 2) == []
    again = queues.receive(url, 2, **attempt)
    assert [message["MessageId"] for message in again] == [message["MessageId"] for message in first]
    for message in again:
        queues.delete(url, message)
    assert [message["Body"] for message in queues.receive(url, 2, **attempt)] == ["c"]


def test_dead_letters_of_a_fifo_queue(queues):
    dead = queues.create("dead.fifo", fifo=True)
    redrive = json.dumps({"deadLetterTargetArn": queues.arn(dead), "maxReceiveCount": 1})
    url = queues.create("live.fifo", fifo=True, RedrivePolicy=redrive, VisibilityTimeout="0")
    for body in "ab":
        put(queues, url, body)
    queues.receive(url)
    wait_until(
        lambda: not queues.receive(url) and queues.attribute(dead, "ApproximateNumberOfMessages") == "2",
        5,
        "both are dead letters",
    )
    assert [message["Body"] for message in queues.receive(dead)] == ["a", "b"]


# ---- move tasks ----


def bury(queues, count, dead_name="dead"):
    """`count` messages in a dead letter queue; (source, dead)."""
    dead = queues.create(dead_name)
    redrive = json.dumps({"deadLetterTargetArn": queues.arn(dead), "maxReceiveCount": 1})
    url = queues.create("source", RedrivePolicy=redrive, VisibilityTimeout="0")
    for i in range(count):
        queues.send(url, str(i))

    def are_buried():
        queues.receive(url)
        return queues.attribute(dead, "ApproximateNumberOfMessages") == str(count)

    wait_until(are_buried, 20, "all are dead letters")
    return url, dead


def task_of(queues, dead):
    return queues.json.call("ListMessageMoveTasks", SourceArn=queues.arn(dead))["Results"][0]


def test_move_task_with_a_rate_and_its_end(queues):
    _, dead = bury(queues, 10)
    target = queues.create("target")
    start = {
        "SourceArn": queues.arn(dead),
        "DestinationArn": queues.arn(target),
        "MaxNumberOfMessagesPerSecond": 2,
    }
    handle = queues.json.call("StartMessageMoveTask", **start)["TaskHandle"]
    with pytest.raises(QueueError) as caught:
        queues.json.call("StartMessageMoveTask", **start)
    assert caught.value.message == (
        "There is already a task running. Only one active task is allowed for a source queue arn at a "
        "given time."
    )
    task = task_of(queues, dead)
    assert (task["Status"], task["TaskHandle"]) == ("RUNNING", handle)
    assert task["MaxNumberOfMessagesPerSecond"] == 2
    assert task["ApproximateNumberOfMessagesToMove"] == 10
    wait_until(
        lambda: task_of(queues, dead)["ApproximateNumberOfMessagesMoved"] >= 2, 10, "two were moved"
    )
    moved = queues.json.call("CancelMessageMoveTask", TaskHandle=handle)
    assert 2 <= moved["ApproximateNumberOfMessagesMoved"] < 10
    wait_until(lambda: task_of(queues, dead)["Status"] == "CANCELLED", 10, "it is cancelled")
    task = task_of(queues, dead)
    assert "TaskHandle" not in task
    assert len(queues.receive(target)) == task["ApproximateNumberOfMessagesMoved"]
    with pytest.raises(QueueError) as caught:
        queues.json.call("CancelMessageMoveTask", TaskHandle=handle)
    assert caught.value.code == "AWS.SimpleQueueService.UnsupportedOperation"


def test_move_task_whose_destination_goes(queues):
    _, dead = bury(queues, 10)
    target = queues.create("target")
    queues.json.call(
        "StartMessageMoveTask",
        SourceArn=queues.arn(dead),
        DestinationArn=queues.arn(target),
        MaxNumberOfMessagesPerSecond=5,
    )
    queues.json.call("DeleteQueue", QueueUrl=target)
    wait_until(lambda: task_of(queues, dead)["Status"] == "FAILED", 10, "it failed")
    assert task_of(queues, dead)["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_move_task_goes_on_after_a_restart(new_daemon):
    daemon = new_daemon().daemon
    queues = Queues(daemon)
    _, dead = bury(queues, 12)
    target = queues.create("target")
    queues.json.call(
        "StartMessageMoveTask",
        SourceArn=queues.arn(dead),
        DestinationArn=queues.arn(target),
        MaxNumberOfMessagesPerSecond=4,
    )
    wait_until(
        lambda: task_of(queues, dead)["ApproximateNumberOfMessagesMoved"] >= 2, 10, "some were moved"
    )
    daemon.kill()
    daemon.start()
    queues = Queues(daemon)
    target = queues.json.call("GetQueueUrl", QueueName="target")["QueueUrl"]
    dead = queues.json.call("GetQueueUrl", QueueName="dead")["QueueUrl"]
    wait_until(lambda: task_of(queues, dead)["Status"] == "COMPLETED", 70, "it is done")
    got = [message["Body"] for _ in range(3) for message in queues.receive(target)]
    assert sorted(got, key=int) == [str(i) for i in range(12)]
    assert all(message["MD5OfBody"] == md5(message["Body"]) for message in queues.receive(target))
