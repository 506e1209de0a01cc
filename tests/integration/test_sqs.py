"""SQS: every operation with every client, checksums checked by the SDK and by hand; messages that wait, come
back, expire into dead letters, and are moved."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.queues import CLIENTS, Json, Queues, md5, md5_of_attributes
from support.waiting import wait_until

BODY = 'héllo \U0001f600 <&> "x"\r\n\t\''
ATTRIBUTES = {
    "Name": {"DataType": "String", "StringValue": "ünï & <x>"},
    "count": {"DataType": "Number.int", "StringValue": "-17"},
    "zz.bytes": {"DataType": "Binary.png", "BinaryValue": "AAH/gCs="},
}
TRACE = {
    "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
}


@pytest.fixture
def queues(lamb):
    queues = Queues(lamb.daemon)
    yield queues
    queues.delete_all()


@pytest.fixture(params=sorted(CLIENTS))
def client(request, lamb):
    client = CLIENTS[request.param](lamb.daemon)
    yield client
    client.close()


def test_messages_by_every_client(queues, client):
    url = client.call("CreateQueue", QueueName="story", Attributes={"DelaySeconds": "0"})["QueueUrl"]
    assert url == f"{queues.daemon.url}/000000000000/story"
    assert client.call("GetQueueUrl", QueueName="story")["QueueUrl"] == url
    assert client.call("ListQueues", QueueNamePrefix="sto")["QueueUrls"] == [url]
    assert (
        "QueueUrls" not in client.call("ListQueues", QueueNamePrefix="x")
        or not client.call("ListQueues", QueueNamePrefix="x")["QueueUrls"]
    )

    sent = client.call(
        "SendMessage",
        QueueUrl=url,
        MessageBody=BODY,
        MessageAttributes=ATTRIBUTES,
        MessageSystemAttributes=TRACE,
    )
    assert sent["MD5OfMessageBody"] == md5(BODY)
    assert sent["MD5OfMessageAttributes"] == md5_of_attributes(ATTRIBUTES)
    assert sent["MD5OfMessageSystemAttributes"] == md5_of_attributes(TRACE)
    assert "SequenceNumber" not in sent

    (message,) = client.call(
        "ReceiveMessage", QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"]
    )["Messages"]
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == BODY
    assert message["MD5OfBody"] == md5(BODY)
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == md5_of_attributes(ATTRIBUTES)
    system = message["Attributes"]
    assert set(system) == {
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SentTimestamp",
        "AWSTraceHeader",
    }
    assert system["ApproximateReceiveCount"] == "1"
    assert system["AWSTraceHeader"] == TRACE["AWSTraceHeader"]["StringValue"]
    assert abs(int(system["SentTimestamp"]) / 1000 - time.time()) < 60

    handle = message["ReceiptHandle"]
    client.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    (message,) = client.call("ReceiveMessage", QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])[
        "Messages"
    ]
    assert message["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert "MessageAttributes" not in message and "MD5OfMessageAttributes" not in message
    client.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert not client.call("ReceiveMessage", QueueUrl=url).get("Messages")
    client.call("DeleteQueue", QueueUrl=url)
    assert not client.call("ListQueues").get("QueueUrls")


def test_batches_by_every_client(queues, client):
    url = queues.create()
    entries = [
        {"Id": "a", "MessageBody": BODY, "MessageAttributes": ATTRIBUTES},
        {"Id": "b-2", "MessageBody": "late", "DelaySeconds": 901},
        {"Id": "c_3", "MessageBody": "x\x01"},
        {"Id": "d", "MessageBody": "four"},
    ]
    answer = client.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    first, second = answer["Successful"]
    assert (first["Id"], second["Id"]) == ("a", "d")
    assert first["MD5OfMessageBody"] == md5(BODY)
    assert first["MD5OfMessageAttributes"] == md5_of_attributes(ATTRIBUTES)
    assert second["MD5OfMessageBody"] == md5("four")
    late, strange = answer["Failed"]
    assert late == {
        "Id": "b-2",
        "SenderFault": True,
        "Code": "InvalidParameterValue",
        "Message": "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 "
        "and <= 900.",
    }
    assert (strange["Id"], strange["Code"]) == ("c_3", "InvalidMessageContents")

    messages = client.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == [BODY, "four"]
    changes = [
        {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        for i, message in enumerate(messages)
    ]
    changes.append({"Id": "bad", "ReceiptHandle": "no", "VisibilityTimeout": 0})
    answer = client.call("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=changes)
    assert answer["Successful"] == [{"Id": "0"}, {"Id": "1"}]
    assert [(failed["Id"], failed["Code"]) for failed in answer["Failed"]] == [
        ("bad", "ReceiptHandleIsInvalid")
    ]
    messages = client.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    answer = client.call(
        "DeleteMessageBatch",
        QueueUrl=url,
        Entries=[
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(messages)
        ],
    )
    assert answer["Successful"] == [{"Id": "0"}, {"Id": "1"}] and not answer.get("Failed")
    assert queues.attribute(url, "ApproximateNumberOfMessagesNotVisible") == "0"


def test_settings_by_every_client(queues, client):
    url = client.call(
        "CreateQueue",
        QueueName="settings",
        Attributes={"VisibilityTimeout": "20"},
        tags={"team": "a & b", "empty": ""},
    )["QueueUrl"]
    arn = queues.arn(url)
    everything = client.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    created = everything.pop("CreatedTimestamp")
    assert everything.pop("LastModifiedTimestamp") == created
    assert everything == {
        "QueueArn": arn,
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "VisibilityTimeout": "20",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "false",
    }
    client.call(
        "SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "5", "MaximumMessageSize": "1024"}
    )
    names = ["DelaySeconds", "MaximumMessageSize", "Policy"]
    assert client.call("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"] == {
        "DelaySeconds": "5",
        "MaximumMessageSize": "1024",
    }

    assert client.call("ListQueueTags", QueueUrl=url)["Tags"] == {"team": "a & b", "empty": ""}
    client.call("TagQueue", QueueUrl=url, Tags={"team": "c", "more": "1"})
    client.call("UntagQueue", QueueUrl=url, TagKeys=["empty", "nobody"])
    assert client.call("ListQueueTags", QueueUrl=url)["Tags"] == {"team": "c", "more": "1"}

    client.call(
        "AddPermission",
        QueueUrl=url,
        Label="share",
        AWSAccountIds=["111111111111"],
        Actions=["SendMessage"],
    )
    policy = client.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(policy["Policy"]) == {
        "Version": "2008-10-17",
        "Id": f"{arn}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "share",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": "SQS:SendMessage",
                "Resource": arn,
            }
        ],
    }
    client.call("RemovePermission", QueueUrl=url, Label="share")
    answer = client.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])
    assert not answer.get("Attributes")
    client.call("PurgeQueue", QueueUrl=url)
    client.call("DeleteQueue", QueueUrl=url)


def test_dead_letters_and_redrive_by_every_client(queues, client):
    dead = client.call("CreateQueue", QueueName="dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": queues.arn(dead), "maxReceiveCount": "1"})
    url = client.call(
        "CreateQueue",
        QueueName="source",
        Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"},
    )["QueueUrl"]
    listed = client.call("ListDeadLetterSourceQueues", QueueUrl=dead)
    assert listed["queueUrls"] == [url]
    sent = {client.call("SendMessage", QueueUrl=url, MessageBody=str(i))["MessageId"] for i in range(2)}
    for _ in range(2):
        client.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)
    letters = client.call(
        "ReceiveMessage",
        QueueUrl=dead,
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        AttributeNames=["All"],
    )["Messages"]
    assert {letter["MessageId"] for letter in letters} == sent
    if client.name in ("json", "node"):  # the others are older than this attribute
        assert letters[0]["Attributes"]["DeadLetterQueueSourceArn"] == queues.arn(url)

    handle = client.call("StartMessageMoveTask", SourceArn=queues.arn(dead))["TaskHandle"]
    assert handle

    def tasks():
        return client.call("ListMessageMoveTasks", SourceArn=queues.arn(dead))["Results"]

    wait_until(lambda: tasks()[0]["Status"] == "COMPLETED", 10, "the task is done")
    (task,) = tasks()
    assert task.pop("StartedTimestamp") > 1.6e12
    assert task == {
        "Status": "COMPLETED",
        "SourceArn": queues.arn(dead),
        "ApproximateNumberOfMessagesMoved": 2,
        "ApproximateNumberOfMessagesToMove": 2,
    }
    back = client.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in back) == ["0", "1"]


# ---- time ----


def test_long_poll_is_woken_in_order(queues):
    url = queues.create()
    with ThreadPoolExecutor(12) as pool:
        waiting = []
        for _ in range(10):
            waiting.append(pool.submit(queues.receive, url, 1, WaitTimeSeconds=20))
            time.sleep(0.05)
        began = time.monotonic()
        for i in range(10):
            queues.send(url, str(i))
        got = [future.result(10) for future in waiting]
    assert time.monotonic() - began < 5
    assert [messages[0]["Body"] for messages in got] == [str(i) for i in range(10)]


def test_every_message_goes_to_one_of_parallel_consumers(queues):
    url = queues.create()
    total, got, lock = 300, [], threading.Lock()

    def consume():
        while True:
            messages = queues.receive(url, WaitTimeSeconds=2)
            if not messages:
                return
            with lock:
                got.extend(message["Body"] for message in messages)
            for message in messages:
                queues.delete(url, message)

    with ThreadPoolExecutor(10) as pool:
        consumers = [pool.submit(consume) for _ in range(6)]
        list(pool.map(lambda i: queues.send(url, str(i)), range(total)))
        for consumer in consumers:
            consumer.result(60)
    assert sorted(got, key=int) == [str(i) for i in range(total)]


def test_long_poll_ends_empty_and_a_client_may_leave(queues):
    url = queues.create(ReceiveMessageWaitTimeSeconds="1")
    began = time.monotonic()
    assert queues.receive(url) == []
    assert 0.9 < time.monotonic() - began < 5

    impatient = Json(queues.daemon)
    thread = threading.Thread(
        target=lambda: impatient.call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=1), daemon=True
    )
    thread.start()
    thread.join()
    queues.send(url, "for who stays")
    assert [message["Body"] for message in queues.receive(url)] == ["for who stays"]


def test_visibility_delay_and_extension(queues):
    url = queues.create()
    queues.send(url, "late", DelaySeconds=1)
    assert queues.attribute(url, "ApproximateNumberOfMessagesDelayed") == "1"
    assert queues.receive(url) == []
    (message,) = queues.receive(url, WaitTimeSeconds=5, VisibilityTimeout=1)
    assert queues.attribute(url, "ApproximateNumberOfMessagesNotVisible") == "1"
    queues.json.call(
        "ChangeMessageVisibility",
        QueueUrl=url,
        ReceiptHandle=message["ReceiptHandle"],
        VisibilityTimeout=3,
    )
    began = time.monotonic()
    (again,) = queues.receive(url, WaitTimeSeconds=10)
    assert 2 < time.monotonic() - began < 8
    assert again["MessageId"] == message["MessageId"]
    assert again["ReceiptHandle"] != message["ReceiptHandle"]


def test_messages_outlive_the_daemon(new_daemon):
    daemon = new_daemon().daemon
    queues = Queues(daemon)
    url = queues.create("kept", VisibilityTimeout="60")
    queues.json.call("TagQueue", QueueUrl=url, Tags={"a": "b"})
    queues.send(url, "leased", MessageAttributes=ATTRIBUTES)
    queues.receive(url)
    queues.send(url, "there", MessageAttributes=ATTRIBUTES)
    daemon.kill()
    daemon.start()
    queues = Queues(daemon)
    url = queues.json.call("GetQueueUrl", QueueName="kept")["QueueUrl"]
    assert queues.attribute(url, "VisibilityTimeout") == "60"
    assert queues.json.call("ListQueueTags", QueueUrl=url)["Tags"] == {"a": "b"}
    assert queues.attribute(url, "ApproximateNumberOfMessagesNotVisible") == "1"
    (message,) = queues.receive(url, MessageAttributeNames=["All"])
    assert (message["Body"], message["MessageAttributes"]) == ("there", ATTRIBUTES)


# ---- attributes of messages ----


@pytest.mark.parametrize(
    "names, expected",
    [
        ([], []),
        (["All"], ["General", "Hello", "Help.Me"]),
        ([".*"], ["General", "Hello", "Help.Me"]),
        (["Foo", "Help"], []),
        (["Hello", "General"], ["General", "Hello"]),
        (["Hello", "Foo"], ["Hello"]),
        (["Hel.*"], ["Hello", "Help.Me"]),
        (["AWS."], []),
        (["..foo"], []),
    ],
)
def test_filter_of_message_attributes(queues, names, expected):
    url = queues.create()
    texts = {"Hello": "There", "General": "Kenobi", "Help.Me": "Me"}
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
    queues.send(url, "msg", MessageAttributes=attributes)
    (message,) = queues.receive(url, MessageAttributeNames=names)
    chosen = {name: attributes[name] for name in expected}
    assert message.get("MessageAttributes", {}) == chosen
    assert message.get("MD5OfMessageAttributes") == (md5_of_attributes(chosen) if chosen else None)


def test_big_messages(queues, client):
    url = queues.create()
    body = "é" * (512 * 1024)
    if client.name == "aws":
        body = body[: 20 * 1024]  # what fits on a command line
    sent = client.call("SendMessage", QueueUrl=url, MessageBody=body)
    assert sent["MD5OfMessageBody"] == md5(body)
    (message,) = client.call("ReceiveMessage", QueueUrl=url)["Messages"]
    assert message["Body"] == body and message["MD5OfBody"] == md5(body)


# ---- what a queue is named by ----


def test_queue_urls_are_looked_at_for_account_and_name(queues):
    url = queues.create("named")
    for other in (
        "https://sqs.us-east-1.amazonaws.com/000000000000/named",
        "http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/named",
        "/000000000000/named",
    ):
        queues.json.call("SendMessage", QueueUrl=other, MessageBody="m")
    answer = queues.json.send("ReceiveMessage", '{"MaxNumberOfMessages":10}', "/000000000000/named")
    assert len(answer.json["Messages"]) == 3
    escaped = queues.json.send("GetQueueAttributes", '{"QueueUrl":"%s"}' % url.replace("/", "\\/"))
    assert escaped.status == 200


def test_form_to_the_queue_itself(queues, lamb):
    queues.create("form")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = "Action=SendMessage&Version=2012-11-05&MessageBody=a+b%2B"
    answer = lamb.request("POST", "/000000000000/form", body, headers=headers, service="sqs")
    assert answer.status == 200 and b"<SendMessageResult>" in answer.body
    answer = lamb.request(
        "GET", "/000000000000/form?Action=ReceiveMessage&Version=2012-11-05", service="sqs"
    )
    assert b"<Body>a b+</Body>" in answer.body


def test_pages_of_queues(queues):
    urls = [queues.create(f"page-{i}") for i in range(5)]
    got, token = [], {}
    while True:
        page = queues.json.call("ListQueues", MaxResults=2, QueueNamePrefix="page-", **token)
        got += page["QueueUrls"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert got == urls
    assert "NextToken" not in queues.json.call("ListQueues", MaxResults=5, QueueNamePrefix="page-")


def test_create_twice_and_again_after_delete(queues):
    url = queues.create("again", DelaySeconds="3")
    assert queues.create("again", DelaySeconds="3") == url
    assert queues.create("again") == url
    queues.send(url, "lost")
    queues.json.call("DeleteQueue", QueueUrl=url)
    assert queues.create("again", DelaySeconds="0") == url
    assert queues.attribute(url, "ApproximateNumberOfMessages") == "0"
    assert queues.receive(url) == []
