"""Who may use queues: users with narrow policies, queue policies, other accounts."""

import json

import pytest

from support.accounts import MAIN, OTHER, accounts, allow, deny, policy  # noqa: F401
from support.queues import Json, QueueError, Queues


def arn(name, account=MAIN):
    return f"arn:aws:sqs:us-east-1:{account}:{name}"


def caller(daemon, keys):
    return Json(
        daemon,
        access_key=keys.credentials["AWS_ACCESS_KEY_ID"],
        secret=keys.credentials["AWS_SECRET_ACCESS_KEY"],
    )


def denied(client, operation, **members):
    with pytest.raises(QueueError) as caught:
        client.call(operation, **members)
    assert (caught.value.code, caught.value.status) == ("AccessDenied", 403)
    return caught.value.message


@pytest.fixture
def queues(accounts):  # noqa: F811
    return Queues(accounts.daemon)


def test_users_with_narrow_policies(accounts, queues):  # noqa: F811
    url = queues.create("jobs")
    other = queues.create("other")
    sender = caller(accounts.daemon, accounts.user("sender", allow("sqs:SendMessage", arn("jobs"))))
    reader = caller(
        accounts.daemon,
        accounts.user(
            "reader", allow("sqs:*", arn("jobs")), deny(["sqs:Purge*", "sqs:DeleteQueue"], arn("*"))
        ),
    )
    entry = {"Id": "1", "MessageBody": "two"}
    sender.call("SendMessage", QueueUrl=url, MessageBody="one")
    sender.call("SendMessageBatch", QueueUrl=url, Entries=[entry])
    assert denied(sender, "SendMessage", QueueUrl=other, MessageBody="m") == (
        f"User: arn:aws:iam::{MAIN}:user/sender is not authorized to perform: sqs:sendmessage on resource: "
        f"{arn('other')} because no identity-based policy allows the sqs:sendmessage action"
    )
    denied(sender, "ReceiveMessage", QueueUrl=url)
    denied(sender, "GetQueueUrl", QueueName="jobs")
    denied(sender, "CreateQueue", QueueName="mine")
    denied(sender, "ListQueues")
    denied(sender, "StartMessageMoveTask", SourceArn=arn("jobs"))

    messages = reader.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == ["one", "two"]
    reader.call(
        "DeleteMessageBatch",
        QueueUrl=url,
        Entries=[{"Id": "1", "ReceiptHandle": messages[0]["ReceiptHandle"]}],
    )
    assert reader.call("GetQueueUrl", QueueName="jobs")["QueueUrl"] == url
    assert denied(reader, "PurgeQueue", QueueUrl=url).endswith(
        "with an explicit deny in an identity-based policy"
    )
    denied(reader, "DeleteQueue", QueueUrl=url)


def test_sender_is_told(accounts, queues):  # noqa: F811
    url = queues.create("jobs")
    sender = caller(accounts.daemon, accounts.user("sender", allow("sqs:SendMessage")))
    sender.call("SendMessage", QueueUrl=url, MessageBody="m")
    (message,) = queues.receive(url, AttributeNames=["SenderId"])
    assert message["Attributes"]["SenderId"].startswith("AIDA")


def test_queue_policy_opens_a_queue_to_another_account(accounts, queues):  # noqa: F811
    url = queues.create("shared")
    other = caller(accounts.daemon, accounts.other)
    assert "because no resource-based policy allows" in denied(
        other, "SendMessage", QueueUrl=url, MessageBody="m"
    )
    denied(other, "GetQueueUrl", QueueName="shared", QueueOwnerAWSAccountId=MAIN)
    queues.json.call(
        "AddPermission",
        QueueUrl=url,
        Label="let-in",
        AWSAccountIds=[OTHER],
        Actions=["SendMessage", "GetQueueUrl"],
    )
    found = other.call("GetQueueUrl", QueueName="shared", QueueOwnerAWSAccountId=MAIN)
    assert found["QueueUrl"] == url
    other.call("SendMessage", QueueUrl=url, MessageBody="from afar")
    other.call("SendMessageBatch", QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "m"}])
    denied(other, "ReceiveMessage", QueueUrl=url)
    (message, _) = queues.receive(url, AttributeNames=["All"])
    assert message["Attributes"]["SenderId"] == OTHER

    narrow = caller(accounts.daemon, accounts.user("theirs", by=accounts.other))
    denied(narrow, "SendMessage", QueueUrl=url, MessageBody="m")

    queues.json.call("RemovePermission", QueueUrl=url, Label="let-in")
    denied(other, "SendMessage", QueueUrl=url, MessageBody="m")


def test_what_a_policy_can_not_open(accounts, queues):  # noqa: F811
    url = queues.create("open")
    everything = policy(allow("sqs:*", arn("open"), Principal="*"))
    queues.json.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": everything})
    other = caller(accounts.daemon, accounts.other)
    other.call("SendMessage", QueueUrl=url, MessageBody="m")
    for operation, members in (
        ("DeleteQueue", {}),
        ("TagQueue", {"Tags": {"a": "b"}}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("AddPermission", {"Label": "a", "AWSAccountIds": [OTHER], "Actions": ["*"]}),
    ):
        denied(other, operation, QueueUrl=url, **members)


def test_accounts_have_queues_of_their_own(accounts, queues):  # noqa: F811
    other = caller(accounts.daemon, accounts.other)
    url = queues.create("same")
    theirs = other.call("CreateQueue", QueueName="same")["QueueUrl"]
    assert theirs == url.replace(MAIN, OTHER)
    other.call("SendMessage", QueueUrl=theirs, MessageBody="theirs")
    assert queues.receive(url) == []
    assert other.call("ListQueues")["QueueUrls"] == [theirs]
    dead = json.dumps({"deadLetterTargetArn": arn("same"), "maxReceiveCount": 1})
    with pytest.raises(QueueError) as caught:
        other.call("SetQueueAttributes", QueueUrl=theirs, Attributes={"RedrivePolicy": dead})
    assert caught.value.message.endswith("Dead letter target does not exist.")


def test_explicit_deny_of_a_queue(accounts, queues):  # noqa: F811
    url = queues.create("guarded")
    user = caller(accounts.daemon, accounts.user("u", allow("sqs:*")))
    user.call("SendMessage", QueueUrl=url, MessageBody="m")
    document = policy(
        deny(
            "SQS:SendMessage",
            arn("guarded"),
            Principal="*",
            Condition={"Bool": {"aws:SecureTransport": "false"}},
        )
    )
    queues.json.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": document})
    assert denied(user, "SendMessage", QueueUrl=url, MessageBody="m").endswith(
        "with an explicit deny in a resource-based policy"
    )
    queues.json.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})
    user.call("SendMessage", QueueUrl=url, MessageBody="m")


def test_move_task_needs_both_queues(accounts, queues):  # noqa: F811
    dead = queues.create("dead")
    queues.create("target")
    redrive = json.dumps({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1})
    queues.create("source", RedrivePolicy=redrive)
    user = caller(accounts.daemon, accounts.user("mover", allow("sqs:*", arn("dead"))))
    start = {"SourceArn": queues.arn(dead), "DestinationArn": arn("target")}
    assert "sqs:sendmessage" in denied(user, "StartMessageMoveTask", **start)
    assert arn("source") in denied(user, "StartMessageMoveTask", SourceArn=queues.arn(dead))
    both = [allow("sqs:*", arn("dead")), allow("sqs:SendMessage", arn("source"))]
    user = caller(accounts.daemon, accounts.user("mover-back", *both))
    denied(user, "StartMessageMoveTask", **start)
    user.call("StartMessageMoveTask", SourceArn=queues.arn(dead))


def test_tags_of_a_new_queue_need_their_own_permission(accounts, queues):  # noqa: F811
    maker = caller(accounts.daemon, accounts.user("maker", allow("sqs:CreateQueue")))
    assert "sqs:tagqueue" in denied(maker, "CreateQueue", QueueName="tagged", tags={"a": "b"})
    maker.call("CreateQueue", QueueName="plain")
    tagger = caller(accounts.daemon, accounts.user("tagger", allow(["sqs:CreateQueue", "sqs:TagQueue"])))
    tagger.call("CreateQueue", QueueName="tagged", tags={"a": "b"})


def test_permission_that_makes_a_policy_too_long(accounts, queues):  # noqa: F811
    url = queues.create("long")
    user = caller(accounts.daemon, accounts.user("u", allow("sqs:*")))
    long = json.loads(policy(deny("SQS:SendMessage", arn("long"), Principal="*")))
    long["Id"] = "x" * 64000
    queues.json.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": json.dumps(long)})
    before = queues.attribute(url, "Policy")
    with pytest.raises(QueueError) as caught:
        queues.json.call(
            "AddPermission",
            QueueUrl=url,
            Label="more",
            AWSAccountIds=[f"1111111111{n}" for n in range(10, 60)],
            Actions=["*"],
        )
    assert caught.value.code == "OverLimit"
    assert queues.attribute(url, "Policy") == before
    denied(user, "SendMessage", QueueUrl=url, MessageBody="m")
