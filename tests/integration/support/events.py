"""Asynchronous calls and what becomes of them, seen from outside."""

import json

from support import clients, metrics
from support.waiting import wait_until

# Says in its log what it was called with; does what the event says.
TELLS_PY = """
import json, os, time

def handler(event, context):
    print("RAN", json.dumps([context.aws_request_id, context.invoked_function_arn, event]))
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError(event["fail"])
    if isinstance(event, dict) and event.get("exit"):
        os._exit(1)
    time.sleep(event.get("sleep", 0) if isinstance(event, dict) else 0)
    return {"was": event}
"""


def send(lamb, name, event=None, **parameters):
    """Invoke with the type Event. Gives the request id."""
    payload = {} if event is None else {"Payload": json.dumps(event).encode()}
    answer = lamb.client.invoke(FunctionName=name, InvocationType="Event", **payload, **parameters)
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    return answer["ResponseMetadata"]["RequestId"]


def runs(lamb, name):
    """[[request id, invoked ARN, event], ...] of TELLS_PY, in order."""
    return [
        json.loads(line.split(" RAN ", 1)[1]) for line in lamb.logs(name).splitlines() if " RAN " in line
    ]


def wait_for_runs(lamb, name, count, timeout_s=10):
    wait_until(lambda: len(runs(lamb, name)) >= count, timeout_s, f"{name} ran {count} times")
    return runs(lamb, name)


def all_runs(lamb, name, count):
    """The same once all is over, of which the log tells a little later; they must be so many."""
    found = wait_for_runs(lamb, name, count)
    assert len(found) == count, found
    return found


def wait_for_line(lamb, name, text):
    wait_until(lambda: text in lamb.logs(name), 10, f"{name} says {text}")


def totals(lamb, name, label):
    """{value of the label: number} of one family of the metrics."""
    return {
        dict(labels)[label]: number
        for (family, labels), number in metrics.read(lamb.daemon).items()
        if family == name
    }


def over(lamb):
    """How many events are over, by condition; those of no event left out."""
    found = totals(lamb, "lamb_async_events_over_total", "condition")
    return {condition: int(number) for condition, number in found.items() if number}


def wait_until_over(lamb, expected, timeout_s=10):
    wait_until(lambda: over(lamb) == expected, timeout_s, f"{expected}, not {over(lamb)}")


class Queue:
    """A queue of the daemon's own, as boto3 sees it."""

    def __init__(self, lamb, name, daemon=None, **attributes):
        self.client = clients.boto_client(daemon or lamb.daemon, "sqs")
        self.url = self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{lamb.region}:{lamb.account}:{name}"

    def receive(self, timeout_s=10):
        """One message, which is deleted."""
        answer = self.client.receive_message(
            QueueUrl=self.url,
            WaitTimeSeconds=timeout_s,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        assert answer.get("Messages"), f"nothing came to {self.arn}"
        (message,) = answer["Messages"]
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return message

    def is_empty(self):
        return not self.client.receive_message(QueueUrl=self.url).get("Messages")

    def close(self):
        self.client.close()
