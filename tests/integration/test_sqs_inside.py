"""A function uses queues with its own credentials, at the endpoint that its environment names."""

import json

from support import clients

USER_PY = """import os, boto3
sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
def handler(event, context):
    url = sqs.get_queue_url(QueueName=event["queue"])["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody=event["body"])["MessageId"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return {"sent": sent, "got": message["MessageId"], "body": message["Body"]}
"""


def test_function_uses_a_queue(lamb, allow):
    sqs = clients.boto_client(lamb.daemon, "sqs")
    url = sqs.create_queue(QueueName="inside")["QueueUrl"]
    name = lamb.create_python(USER_PY, MemorySize=1769, Timeout=20)
    event = {"queue": "inside", "body": "från insidan"}
    refused = lamb.invoke(name, event)
    assert refused.error == "Unhandled" and "AccessDenied" in json.dumps(refused.json)
    allow("sqs:*")
    answer = lamb.invoke(name, event)
    assert answer.error is None, answer.json
    assert answer.json["sent"] == answer.json["got"] and answer.json["body"] == event["body"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    sqs.delete_queue(QueueUrl=url)
