"""Between invocations an environment does not run; for its functions only the clock jumps."""

import time
from pathlib import Path

from support import packages, processes
from support.daemon import left_alive
from support.fixtures import strange_processes
from support.waiting import wait_until

# A thread counts the milliseconds it got; the handler tells how many, after the seconds that the event says.
COUNTER_PY = """import threading, time
count = 0
def go_on():
    global count
    while True:
        time.sleep(0.001)
        count += 1
threading.Thread(target=go_on, daemon=True).start()
def handler(event, context):
    time.sleep(event)
    return {"count": count, "time": time.time(), "left_ms": context.get_remaining_time_in_millis()}
"""

# Threads and a process that never rest.
SPIN_PY = """import os, threading
def spin():
    while True:
        pass
threading.Thread(target=spin, daemon=True).start()
if os.fork() == 0:
    spin()
def handler(event, context):
    return event
"""

# Begins a call of Lamb's own API whose end it does not wait for, and tells how the last one went.
CALL_PY = """import http.client, os, threading, time, boto3
client = boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
took = []
is_sent = threading.Event()
end = http.client.HTTPConnection.endheaders
def end_and_tell(*args, **kwargs):
    end(*args, **kwargs)
    is_sent.set()
http.client.HTTPConnection.endheaders = end_and_tell
def call(name):
    began = time.monotonic()
    client.invoke(FunctionName=name)
    took.append(time.monotonic() - began)
def handler(event, context):
    if event:
        threading.Thread(target=call, args=(event,)).start()
        is_sent.wait()
    return took
"""


def used_s(pids):
    """Processor time in seconds."""
    total = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(thread.read_text().split()[0])
    return total / 1e9


def test_background_thread_stands_still_between_invocations(lamb):
    name = lamb.create_python(COUNTER_PY, MemorySize=1769)
    before = lamb.invoke(name, 0).json
    time.sleep(1.5)
    after = lamb.invoke(name, 0).json
    assert after["count"] - before["count"] < 200, "it ran on for 1.5 s"
    during = lamb.invoke(name, 1).json
    assert during["count"] - after["count"] > 300, "it ran in an invocation of a second"


def test_clock_and_deadline_are_right_after_a_pause(lamb):
    name = lamb.create_python(COUNTER_PY, Timeout=2)
    for pause in (0, 2.5, 0.1):
        time.sleep(pause)
        answer = lamb.invoke(name, 0)
        assert answer.error is None
        assert abs(answer.json["time"] - time.time()) < 0.5
        assert 1500 < answer.json["left_ms"] <= 2000


def test_frozen_environment_uses_no_processor(lamb):
    name = lamb.create_python(SPIN_PY, MemorySize=1769)
    for _ in range(2):
        assert lamb.invoke(name, 1).json == 1
        pids = strange_processes(lamb.daemon)
        time.sleep(0.2)
        before = used_s(pids)
        time.sleep(1)
        assert used_s(pids) - before < 0.01


def test_every_pause_is_survived(lamb):
    """Around the moment at which an environment is frozen."""
    functions = [lamb.create_c(packages.ECHO_C), lamb.create_bash('echo "$EVENT"')]
    for name in functions:
        lamb.invoke(name, 0)
    for pause_ms in range(0, 30):
        for name in functions:
            time.sleep(pause_ms / 1000)
            assert lamb.invoke(name, pause_ms).json == pause_ms


def test_own_call_to_lamb_is_not_frozen(lamb, allow):
    allow("lambda:InvokeFunction")
    slow = lamb.create_python("import time\ndef handler(e, c):\n    time.sleep(1)\n")
    name = lamb.create_python(CALL_PY, MemorySize=1769, Timeout=20)
    assert lamb.invoke(name, slow).json == []
    time.sleep(4)
    took = lamb.invoke(name, None).json
    assert len(took) == 1 and took[0] < 3, "its answer came when the callee was done, not with the next event"


def test_frozen_environment_ends_with_its_function(lamb):
    name = lamb.create_python(SPIN_PY)
    lamb.invoke(name, 1)
    tree = [(pid, processes.start_time(pid)) for pid in strange_processes(lamb.daemon)]
    assert tree
    time.sleep(0.2)
    lamb.client.delete_function(FunctionName=name)
    wait_until(lambda: not left_alive(tree), 5, "the environment is gone")


def test_frozen_environment_is_retired_when_idle_for_long(new_daemon):
    view = new_daemon("--idle-timeout", "1")
    view.invoke(view.create_python(COUNTER_PY), 0)
    assert strange_processes(view.daemon)
    wait_until(lambda: not strange_processes(view.daemon), 10, "the environment is gone")


def test_stop_leaves_nothing_frozen(new_daemon):
    view = new_daemon()
    view.invoke(view.create_python(SPIN_PY), 1)
    time.sleep(0.2)
    view.daemon.stop_and_check()


def test_killed_daemon_leaves_nothing_frozen(new_daemon):
    view = new_daemon()
    name = view.create_python(SPIN_PY)
    view.invoke(name, 1)
    time.sleep(0.2)
    tree = view.daemon.tree()
    groups = {path for pid, _ in tree for path in processes.cgroups(pid) if "/lamb" in path}
    assert groups
    view.daemon.kill()
    wait_until(lambda: not left_alive(tree), 10, "processes of the daemon are gone")
    wait_until(lambda: not any(Path(path).is_dir() for path in groups), 10, "control groups are gone")
    view.daemon.start()
    view.close()
    assert view.invoke(name, 2).json == 2
