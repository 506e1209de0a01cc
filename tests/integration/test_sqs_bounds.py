"""SQS at its limits: requests that are made to cost much, documents at their longest, a database that can't
be written."""

import json
import sqlite3

import pytest

from support.queues import QueueError, Queues


@pytest.fixture
def queues(new_daemon):
    return Queues(new_daemon().daemon)


def test_lists_of_names_are_short(queues):
    url = queues.create("q")
    many = [f"n{n}" for n in range(101)]
    for operation, member in (
        ("ReceiveMessage", "MessageAttributeNames"),
        ("GetQueueAttributes", "AttributeNames"),
        ("UntagQueue", "TagKeys"),
    ):
        with pytest.raises(QueueError) as caught:
            queues.json.call(operation, QueueUrl=url, **{member: many})
        assert caught.value.code == "InvalidParameterValue"
        assert f"{member} is invalid. Reason: It has 101 items" in caught.value.message
    queues.json.call("ReceiveMessage", QueueUrl=url, MessageAttributeNames=many[:100])


def test_body_that_is_far_too_long(queues):
    url = queues.create("q")
    long = "x" * (3 << 20)
    with pytest.raises(QueueError) as caught:
        queues.json.call("SendMessage", QueueUrl=url, MessageBody=long)
    assert caught.value.message.endswith("Message must be shorter than 1048576 bytes.")
    with pytest.raises(QueueError) as caught:
        queues.json.call("SendMessageBatch", QueueUrl=url, Entries=[{"Id": "1", "MessageBody": long}])
    assert caught.value.code == "AWS.SimpleQueueService.BatchRequestTooLong"


def padded(padding):
    return json.dumps({"redrivePermission": "allowAll"}) + " " * padding


def start_with(queues, name, padding):
    """Whether a move task can be started for a dead letter queue whose attributes are that long."""
    dead = queues.create(name)
    redrive = json.dumps({"deadLetterTargetArn": queues.arn(dead), "maxReceiveCount": 1})
    queues.create("s" + name, RedrivePolicy=redrive)
    try:
        attributes = {"RedriveAllowPolicy": padded(padding)}
        queues.json.call("SetQueueAttributes", QueueUrl=dead, Attributes=attributes)
        queues.json.call("StartMessageMoveTask", SourceArn=queues.arn(dead))
    except QueueError as error:
        assert error.code == "OverLimit"
        return False
    return True


def test_move_task_of_a_queue_with_the_longest_attributes(queues):
    """The end of the task is longer than its beginning, and must have room."""
    fits, too_long = 0, 512 * 1024
    count = 0
    while too_long - fits > 1:
        count += 1
        middle = (fits + too_long) // 2
        if start_with(queues, f"d{count:02}", middle):
            fits = middle
        else:
            too_long = middle
    assert start_with(queues, "last", fits)
    queues.daemon.stop()
    queues.daemon.start()
    queues = Queues(queues.daemon)
    url = queues.json.call("GetQueueUrl", QueueName="last")["QueueUrl"]
    (task,) = queues.json.call("ListMessageMoveTasks", SourceArn=queues.arn(url))["Results"]
    assert task["Status"] == "COMPLETED"


def test_queue_whose_messages_can_not_be_removed_is_not_deleted(queues):
    """What was in a deleted queue must not be in a new one of its name."""
    url = queues.create("q")
    queues.send(url, "old")
    blocker = sqlite3.connect(queues.daemon.data_dir / "queues.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(QueueError) as caught:
            queues.json.call("DeleteQueue", QueueUrl=url)
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert caught.value.status == 500
    assert queues.attribute(url, "ApproximateNumberOfMessages") == "1"
    queues.json.call("DeleteQueue", QueueUrl=url)
    queues.create("q")
    queues.daemon.kill()
    queues.daemon.start()
    assert queues.receive(url) == []
