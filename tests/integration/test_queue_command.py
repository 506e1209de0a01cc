"""lamb queue: what waits in a running daemon, and moving dead letters back."""

import json

from support import settings
from support.events import TELLS_PY, Queue, send
from support.waiting import wait_until


def table(lamb):
    """{queue: [visible, in flight, delayed]}."""
    lines = lamb.daemon.run_cli("queue", "--data-dir", str(lamb.daemon.data_dir)).stdout.splitlines()
    assert lines[0].split()[:2] == ["QUEUE", "VISIBLE"]
    rows = {}
    for line in lines[1:]:
        name, rest = line[:40].strip(), line[40:].split()
        rows[name] = [int(number) for number in rest[:3]]
    return rows


def test_list_tells_what_is_in_queues(new_daemon):
    lamb = new_daemon(*settings.fast_retries(first_ms=60000))
    assert set(table(lamb)) == {"(events of functions)", "(results on their way)", "(all queues)"}
    queue = Queue(lamb, "q1")
    for i in range(3):
        queue.client.send_message(QueueUrl=queue.url, MessageBody=str(i))
    queue.client.receive_message(QueueUrl=queue.url)
    name = lamb.create_python(TELLS_PY)
    send(lamb, name, {"fail": "no"})
    wait_until(lambda: table(lamb)["(events of functions)"] == [0, 0, 1], 10, "the event waits")
    assert table(lamb)["q1"] == [2, 1, 0]
    queue.close()


def test_redrive_moves_messages_back(new_daemon):
    lamb = new_daemon()
    dead = Queue(lamb, "dead")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "1"})
    queue = Queue(lamb, "source", RedrivePolicy=policy, VisibilityTimeout="0")
    queue.client.send_message(QueueUrl=queue.url, MessageBody="again")
    for _ in range(3):
        queue.client.receive_message(QueueUrl=queue.url)
    assert table(lamb)["dead"] == [1, 0, 0]
    lamb.daemon.run_cli("queue", "--data-dir", str(lamb.daemon.data_dir), "redrive", "dead")
    wait_until(lambda: table(lamb)["source"] == [1, 0, 0], 10, "it is back")
    assert table(lamb)["dead"] == [0, 0, 0]
    queue.close()
    dead.close()


def test_words_that_make_no_sense(new_daemon):
    lamb = new_daemon()
    where = ("--data-dir", str(lamb.daemon.data_dir))
    assert lamb.daemon.run_cli("queue", *where, "empty", check=False).returncode == 2
    missing = lamb.daemon.run_cli("queue", *where, "redrive", "missing", check=False)
    assert missing.returncode == 1
    assert "NonExistentQueue" in missing.stderr or "does not exist" in missing.stderr
    nowhere = lamb.daemon.run_cli("queue", "--data-dir", "/nonexistent", check=False)
    assert nowhere.returncode == 1 and "--data-dir" in nowhere.stderr
