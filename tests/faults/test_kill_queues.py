"""kill -9 of the daemon while queues are made, filled and emptied: what was acknowledged is there afterwards,
messages and settings; what was deleted does not come back; FIFO queues keep their order."""

import http.client
import random
import threading
import time

import pytest

from support.daemon import Daemon
from support.queues import Json, Queues
from support.waiting import wait_until

ROUNDS = 8
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
GONE = (OSError, http.client.HTTPException, KeyError, ValueError)


class Ledger:
    """Bodies of one queue: acknowledged, perhaps sent, deleted, perhaps deleted."""

    def __init__(self, name, fifo):
        self.name, self.fifo = name, fifo
        self.sent, self.tried, self.deleted, self.doubtful = [], set(), set(), set()
        self.problems = []

    def url(self):
        return f"/000000000000/{self.name}"

    def send_all(self, client, stop):
        number = len(self.tried)
        while not stop.is_set():
            body = f"{number:06}"
            members = {"MessageGroupId": "g", "MessageDeduplicationId": body} if self.fifo else {}
            self.tried.add(body)
            try:
                client.call("SendMessage", QueueUrl=self.url(), MessageBody=body, **members)
            except GONE:
                return
            self.sent.append(body)
            number += 1

    def delete_some(self, client, stop):
        while not stop.is_set():
            body = None
            try:
                answer = client.call(
                    "ReceiveMessage", QueueUrl=self.url(), MaxNumberOfMessages=3, WaitTimeSeconds=1
                )
                for message in answer.get("Messages", []):
                    body = message["Body"]
                    if body not in self.tried or body in self.deleted:
                        self.problems.append(f"{body} came back")
                    client.call(
                        "DeleteMessage", QueueUrl=self.url(), ReceiptHandle=message["ReceiptHandle"]
                    )
                    self.deleted.add(body)
                    body = None
            except GONE:
                if body:
                    self.doubtful.add(body)
                return
            time.sleep(random.random() / 100)  # the pace of the client: the queue is to have some depth

    def check(self, queues):
        """Everything that is left, in order."""
        got = []

        def is_empty():
            messages = queues.receive(self.url(), WaitTimeSeconds=0, VisibilityTimeout=30)
            for message in messages:
                got.append(message["Body"])
                queues.delete(self.url(), message)
            return not messages and set(queues.attributes(self.url(), *COUNTS).values()) == {"0"}

        wait_until(is_empty, 30, f"{self.name} is empty")
        assert not self.problems
        must = set(self.sent) - self.deleted - self.doubtful
        assert must - set(got) == set(), "lost"
        assert set(got) - (self.tried - self.deleted) == set(), "came back"
        assert len(got) == len(set(got)), "doubled"
        if self.fifo:
            assert got == sorted(got)
        self.deleted.update(got)


def run_round(daemon, ledgers, rng):
    stop = threading.Event()
    clients = [Json(daemon) for _ in range(2)]
    threads = [
        threading.Thread(target=step, args=(client, stop))
        for ledger in ledgers
        for client, step in zip(clients, (ledger.send_all, ledger.delete_some))
    ]
    for thread in threads:
        thread.start()
    time.sleep(rng.uniform(0.1, 0.5))  # the moment of the kill, in the middle of anything
    daemon.kill()
    stop.set()
    for thread in threads:
        thread.join(20)
    daemon.start()


@pytest.mark.parametrize("seed", [1])
def test_messages(seed):
    rng = random.Random(seed)
    daemon = Daemon().start()
    queues = Queues(daemon)
    ledgers = [Ledger("plain", False), Ledger("ordered.fifo", True)]
    for ledger in ledgers:
        queues.create(ledger.name, fifo=ledger.fifo, VisibilityTimeout="2")
    for _ in range(ROUNDS):
        run_round(daemon, ledgers, rng)
        queues = Queues(daemon)
        for ledger in ledgers:
            ledger.check(queues)
    assert min(len(ledger.sent) for ledger in ledgers) > ROUNDS
    daemon.stop_and_check()
    daemon.remove()


def test_queues():
    """What exists afterwards is what was acknowledged; a queue made again has none of the old messages."""
    rng = random.Random(7)
    daemon = Daemon().start()
    known = {}
    for _ in range(ROUNDS):
        client, stop = Json(daemon), threading.Event()
        doubtful = set()

        def change(client=client, stop=stop, doubtful=doubtful):
            while not stop.is_set():
                name = f"q{rng.randint(0, 5)}"
                members = {"QueueUrl": f"/000000000000/{name}"}
                doubtful.add(name)
                try:
                    if name in known:
                        client.call("DeleteQueue", **members)
                        del known[name]
                    else:
                        delay = str(rng.randint(0, 9))
                        client.call("CreateQueue", QueueName=name, Attributes={"DelaySeconds": delay})
                        client.call("SendMessage", **members, MessageBody=name, DelaySeconds=0)
                        known[name] = delay
                except GONE:
                    return
                doubtful.discard(name)

        thread = threading.Thread(target=change)
        thread.start()
        time.sleep(rng.uniform(0.05, 0.3))
        daemon.kill()
        stop.set()
        thread.join(20)
        daemon.start()
        queues = Queues(daemon)
        there = {url.rsplit("/", 1)[1] for url in queues.json.call("ListQueues").get("QueueUrls", [])}
        assert there - doubtful == set(known) - doubtful
        for name in there - doubtful:
            assert queues.attribute(f"/000000000000/{name}", "DelaySeconds") == known[name]
            assert queues.attribute(f"/000000000000/{name}", "ApproximateNumberOfMessages") == "1"
        queues.delete_all()
        known.clear()
    daemon.stop_and_check()
    daemon.remove()
