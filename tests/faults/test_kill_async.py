"""kill -9 of the daemon while clients send asynchronous events: each one that was acknowledged comes to its
end, and its outcome is in a queue. LAMB_KILL_ROUNDS=200 makes it longer; what it drove is printed."""

import collections
import json
import os
import random
import threading
import time

import botocore.exceptions

from support import clients, events, settings
from support.events import Queue
from support.waiting import wait_until

ROUNDS = int(os.environ.get("LAMB_KILL_ROUNDS", "20"))
SENDERS = 4

DOES_PY = """
import time

def handler(event, context):
    print("RAN", context.aws_request_id)
    if event["do"] == "fail":
        raise ValueError("as it was asked to")
    if event["do"] == "sleep":
        time.sleep(60)
    return event["n"]
"""


class Sender(threading.Thread):
    """Sends events until the daemon is gone, and keeps what was acknowledged."""

    def __init__(self, daemon, names, seed, acknowledged):
        super().__init__()
        self.client = clients.boto_client(daemon, read_timeout=20, connect_timeout=5)
        self.names = names
        self.random = random.Random(seed)
        self.acknowledged = acknowledged  # request id -> what the function was asked to do
        self.surprise = None
        self.stop = threading.Event()

    def run(self):
        while not self.stop.is_set():
            do = self.random.choices(("return", "fail", "sleep"), (80, 19, 1))[0]
            event = {"do": do, "n": self.random.randrange(10**6), "pad": "x" * self.random.randrange(3000)}
            try:
                answer = self.client.invoke(
                    FunctionName=self.random.choice(self.names),
                    InvocationType="Event",
                    Payload=json.dumps(event).encode(),
                )
            except botocore.exceptions.ClientError as error:
                self.surprise = str(error)
                return
            except botocore.exceptions.BotoCoreError:
                break  # the daemon is gone
            self.acknowledged[answer["ResponseMetadata"]["RequestId"]] = do
        self.client.close()


def play_round(lamb, names, turn, acknowledged):
    senders = [Sender(lamb.daemon, names, turn * 100 + i, acknowledged) for i in range(SENDERS)]
    for sender in senders:
        sender.start()
    time.sleep(random.Random(turn).uniform(0.02, 0.7))  # the moment of the kill, in the middle of anything
    lamb.daemon.kill()
    for sender in senders:
        sender.stop.set()
        sender.join()
        assert sender.surprise is None, sender.surprise
    lamb.close()
    lamb.daemon.start()


def drain(queue):
    """All messages, which are deleted."""
    found = []
    while True:
        answer = queue.client.receive_message(
            QueueUrl=queue.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        if not messages:
            return found
        found += messages
        queue.client.delete_message_batch(
            QueueUrl=queue.url,
            Entries=[
                {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                for i, message in enumerate(messages)
            ],
        )


def undone(lamb):
    return sum(
        number
        for (family, labels), number in events.metrics.read(lamb.daemon).items()
        if family == "lamb_queue_messages" and ("kind", "async") in labels
    )


def create(lamb, results, dead):
    name = lamb.create_python(DOES_PY, Timeout=1, DeadLetterConfig={"TargetArn": dead.arn})
    lamb.client.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnSuccess": {"Destination": results.arn}},
    )
    return name


def test_kill_during_asynchronous_traffic_loses_nothing_acknowledged(new_daemon):
    lamb = new_daemon(*settings.fast_retries(), *settings.concurrency(40))
    clients.allow_test_role(lamb.daemon, "sqs:SendMessage")
    results, dead = Queue(lamb, "results"), Queue(lamb, "dead")
    names = [create(lamb, results, dead) for _ in range(3)]
    acknowledged = {}
    for turn in range(ROUNDS):
        play_round(lamb, names, turn, acknowledged)
    for queue in (results, dead):
        queue.close()
        queue.client = clients.boto_client(lamb.daemon, "sqs")
    wait_until(lambda: undone(lamb) == 0, 120 + 10 * ROUNDS, f"all is done but {undone(lamb)}")
    succeeded = collections.Counter(
        json.loads(message["Body"])["requestContext"]["requestId"] for message in drain(results)
    )
    failed = collections.Counter(
        message["MessageAttributes"]["RequestID"]["StringValue"] for message in drain(dead)
    )
    lost = [key for key in acknowledged if key not in succeeded and key not in failed]
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged events are lost: {lost[:5]}"
    wrong = [
        request_id
        for request_id, do in acknowledged.items()
        if (do == "return") != (request_id in succeeded)
    ]
    assert not wrong, f"the outcome of {len(wrong)} events is another one: {wrong[:5]}"
    twice = [key for key, count in (succeeded + failed).items() if count > 1]
    assert not twice, f"{len(twice)} outcomes came twice: an outcome and its event's end are one change"
    report(lamb, names, acknowledged, succeeded, failed)
    for queue in (results, dead):
        queue.close()


def report(lamb, names, acknowledged, succeeded, failed):
    """Events run twice are as they must be: the daemon died between the run and its outcome."""
    seen = collections.Counter()
    for name in names:
        for line in lamb.logs(name).splitlines():
            if " RAN " in line:
                seen[line.split(" RAN ", 1)[1].strip()] += 1
    repeated = sum(1 for key, count in seen.items() if count > (1 if key in succeeded else 2))
    unheard = len(succeeded) + len(failed) - len(acknowledged)
    print(
        f"\n{ROUNDS} kills, {len(acknowledged)} events acknowledged: {len(succeeded)} succeeded, "
        f"{len(failed)} in the dead letter queue ({unheard} of them whose answer was not heard), 0 lost; "
        f"{repeated} ran more often than their outcome took"
    )
    assert len(acknowledged) >= ROUNDS * 5, "too few events to show anything"
