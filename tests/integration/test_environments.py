"""Execution environments: which call gets which one, how many there are, when they go, and that old code
is never served."""

import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from support import packages, processes, settings
from support.fixtures import strange_processes
from support.waiting import wait_until

# Answers which environment it is, after as many seconds as the event says.
WHO_PY = """import time, uuid
me = str(uuid.uuid4())
def handler(event, context):
    time.sleep(event or 0)
    return me
"""

# The same in C: starts so fast that 64 of them are nothing.
WHO_C = """
    static char me[40];
    if (!me[0]) {
        FILE *random = fopen("/proc/sys/kernel/random/uuid", "r");
        if (!random || !fgets(me, 37, random))
            me[0] = '?';
    }
    usleep((unsigned)(atof(event->data) * 1e6));
    lamb_respondf(response, "\\"%s\\"", me);
"""


def is_cold(answer):
    return "\tInit Duration: " in answer.log


def call_together(lamb, name, event, count):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: lamb.invoke(name, event), range(count)))


def test_first_call_is_cold_and_the_second_warm(lamb):
    name = lamb.create_python(WHO_PY)
    first, second = (lamb.invoke(name, 0, LogType="Tail") for _ in range(2))
    assert first.json == second.json
    assert is_cold(first) and not is_cold(second)


def test_calls_after_each_other_share_one_environment(lamb):
    name = lamb.create_python(WHO_PY)
    assert len({lamb.invoke(name, 0).json for _ in range(20)}) == 1


def test_calls_at_once_get_environments_of_their_own(lamb):
    name = lamb.create_python(WHO_PY)
    answers = call_together(lamb, name, 1, 4)
    assert len({answer.json for answer in answers}) == 4


def test_newest_environment_is_used_first(lamb):
    """The one that ended last is the warmest; the others get a chance to become idle and go."""
    name = lamb.create_c(WHO_C, "#include <unistd.h>")
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(lamb.invoke, name, seconds) for seconds in (0.3, 0.6, 0.9)]
        last = [call.result().json for call in calls][2]
    assert {lamb.invoke(name, 0).json for _ in range(10)} == {last}


def test_burst_of_64_sleepers(lamb):
    name = lamb.create_c(WHO_C, "#include <unistd.h>")
    began = time.monotonic()
    answers = call_together(lamb, name, 2, 64)
    took = time.monotonic() - began
    assert len({answer.json for answer in answers}) == 64
    assert all(answer.error is None for answer in answers)
    assert took < 8, f"64 calls of 2 s took {took:.1f} s: they did not run side by side"


def test_cold_start_is_not_held_up_by_a_burst(lamb):
    sleeper = lamb.create_c(WHO_C, "#include <unistd.h>", Timeout=30)
    other = lamb.create_c(packages.ECHO_C)
    with ThreadPoolExecutor(64) as pool:
        burst = [pool.submit(lamb.invoke, sleeper, 4) for _ in range(64)]
        began = time.monotonic()
        answer = lamb.invoke(other, {}, LogType="Tail")
        took = time.monotonic() - began
        assert not any(call.done() for call in burst), "the burst was still running"
        for call in burst:
            assert call.result().error is None
    assert is_cold(answer)
    assert took < 2, f"the cold start took {took:.2f} s beside the burst"


def test_slow_cold_start_of_one_function_does_not_delay_another(lamb):
    slow = lamb.create_python(
        "import time\ntime.sleep(4)\ndef handler(e, c):\n    return 'slow'\n", Timeout=20
    )
    quick = lamb.create_c(packages.ECHO_C)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lamb.invoke, slow)
        began = time.monotonic()
        assert lamb.invoke(quick, {}).json == {}
        assert time.monotonic() - began < 2
        assert not waiting.done()
        assert waiting.result().json == "slow"


def version(word):
    return packages.python_zip(f"def handler(event, context):\n    return {word!r}\n")


def test_update_of_code_never_serves_old_code(lamb):
    """Calls run all the time; each that begins after an update was acknowledged as done sees the new code."""
    name = lamb.create(version(0), runtime="python3.11")
    wrong, stop = [], threading.Event()
    newest = [0]

    def call():
        while not stop.is_set():
            expected = newest[0]
            answer = lamb.invoke(name, {})
            if answer.error or answer.json < expected:
                wrong.append((expected, answer.payload))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 8):
        lamb.update_code(name, version(number))
        newest[0] = number
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_update_of_configuration_never_serves_the_old_one(lamb):
    source = "import os\ndef handler(event, context):\n    return int(os.environ['NUMBER'])\n"
    name = lamb.create_python(source, Environment={"Variables": {"NUMBER": "0"}})
    for number in range(1, 6):
        lamb.invoke(name)
        lamb.update_configuration(name, Environment={"Variables": {"NUMBER": str(number)}})
        assert lamb.invoke(name).json == number


def test_call_that_runs_during_an_update_ends_with_the_code_it_began_with(lamb):
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'old'\n"
    name = lamb.create_python(source, Timeout=20)
    lamb.invoke(name, 0)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lamb.invoke, name, 2)
        wait_until(lambda: lamb.logs(name).count("START RequestId") == 2, 10, "the call has begun")
        lamb.update_code(name, version("new"))
        assert lamb.invoke(name, {}).json == "new"
        assert running.result().json == "old"


def test_delete_while_a_call_runs(lamb):
    name = lamb.create_python(WHO_PY, Timeout=20)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lamb.invoke, name, 1)
        wait_until(lambda: "START RequestId" in lamb.logs(name), 10, "the call has begun")
        lamb.client.delete_function(FunctionName=name)
        assert running.result().error is None
    wait_until(lambda: not strange_processes(lamb.daemon), 5, "its environment is gone")


def test_deleted_version_keeps_its_code_until_its_last_call_ends(lamb):
    """Also when the version was given another revision since its environment began."""
    source = """
        import time
        def handler(event, context):
            time.sleep(event)
            return open("/var/task/app.py").read().count("handler")
    """
    name = lamb.create_python(textwrap.dedent(source), Timeout=20, Publish=True)
    lamb.update_code(name, version("new"))
    wait_until(
        lambda: lamb.configuration(name, Qualifier="1")["State"] == "Active", 10, "version 1 is active"
    )
    lamb.invoke(name, 0, Qualifier="1")
    lamb.client.add_permission(
        FunctionName=name,
        Qualifier="1",
        StatementId="one",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lamb.invoke, name, 2, Qualifier="1")
        wait_until(lambda: lamb.logs(name).count("START RequestId") == 2, 10, "the call has begun")
        lamb.client.delete_function(FunctionName=name, Qualifier="1")
        assert running.result().json == 2


def test_versions_have_environments_of_their_own(lamb):
    name = lamb.create_python(WHO_PY, Publish=True)
    wait_until(
        lambda: lamb.configuration(name, Qualifier="1")["State"] == "Active", 10, "version 1 is active"
    )
    assert lamb.invoke(name, 0).json != lamb.invoke(name, 0, Qualifier="1").json


def test_concurrency_limit(new_daemon):
    lamb = new_daemon(*settings.concurrency(2))
    assert lamb.client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 2
    name = lamb.create_python(WHO_PY, Timeout=20)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(lamb.invoke, name, 3) for _ in range(2)]
        wait_until(lambda: lamb.logs(name).count("START RequestId") == 2, 10, "both calls have begun")
        answer = lamb.request("POST", f"/2015-03-31/functions/{name}/invocations", "0")
        assert (answer.status, answer.error) == (429, "TooManyRequestsException")
        assert answer.json == {
            "Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."
        }  # fmt: skip
        for call in running:
            assert call.result().error is None
    assert lamb.invoke(name, 0).error is None


def call_raw(lamb, name, event="0"):
    return lamb.request("POST", f"/2015-03-31/functions/{name}/invocations", event)


def assert_reserved_is_used_up(answer):
    assert (answer.status, answer.error) == (429, "TooManyRequestsException")
    assert answer.json == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


def test_reserved_concurrency(lamb):
    name = lamb.create_python(WHO_PY, Timeout=20)
    other = lamb.create_c(packages.ECHO_C)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lamb.invoke, name, 3)
        wait_until(lambda: lamb.logs(name).count("START RequestId") == 1, 10, "the call has begun")
        assert_reserved_is_used_up(call_raw(lamb, name))
        assert lamb.invoke(other, {}).error is None
        assert running.result().error is None
    assert lamb.invoke(name, 0).error is None
    lamb.client.delete_function_concurrency(FunctionName=name)
    assert len({answer.json for answer in call_together(lamb, name, 1, 2)}) == 2


def test_nothing_reserved_stops_a_function(lamb):
    name = lamb.create_python(WHO_PY)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert_reserved_is_used_up(call_raw(lamb, name))
    lamb.client.delete_function_concurrency(FunctionName=name)
    assert lamb.invoke(name, 0).error is None


def test_reservation_leaves_less_to_the_others(new_daemon):
    lamb = new_daemon(*settings.concurrency(102))
    reserving = lamb.create_c(packages.ECHO_C)
    name = lamb.create_c(WHO_C, "#include <unistd.h>", Timeout=30)
    lamb.client.put_function_concurrency(FunctionName=reserving, ReservedConcurrentExecutions=2)
    with ThreadPoolExecutor(100) as pool:
        running = [pool.submit(lamb.invoke, name, 5) for _ in range(100)]
        wait_until(lambda: lamb.logs(name).count("START RequestId") == 100, 20, "all calls have begun")
        assert call_raw(lamb, name).json["Reason"] == "ConcurrentInvocationLimitExceeded"
        assert call_raw(lamb, reserving, "{}").status == 200
        for call in running:
            assert call.result().error is None


def test_throttled_calls_do_not_leak_slots(new_daemon):
    lamb = new_daemon(*settings.concurrency(1))
    name = lamb.create_c(WHO_C, "#include <unistd.h>")
    path = f"/2015-03-31/functions/{name}/invocations"
    with ThreadPoolExecutor(16) as pool:
        statuses = [
            answer.status for answer in pool.map(lambda _: lamb.request("POST", path, "0.02"), range(200))
        ]
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 1
    assert lamb.request("POST", path, "0").status == 200


def test_idle_environment_is_retired(new_daemon):
    lamb = new_daemon(*settings.idle_timeout(1))
    name = lamb.create_python(WHO_PY)
    first = lamb.invoke(name, 0).json
    assert strange_processes(lamb.daemon)
    wait_until(lambda: not strange_processes(lamb.daemon), 10, "the idle environment is gone")
    second = lamb.invoke(name, 0, LogType="Tail")
    assert second.json != first
    assert is_cold(second)


def test_environment_in_use_is_not_idle(new_daemon):
    lamb = new_daemon(*settings.idle_timeout(1))
    name = lamb.create_python(WHO_PY, Timeout=20)
    first = lamb.invoke(name, 0).json
    assert lamb.invoke(name, 3).json == first


def test_idle_environments_go_when_memory_is_short(new_daemon):
    lamb = new_daemon(*settings.always_short_of_memory())
    name = lamb.create_python(WHO_PY)
    first = lamb.invoke(name, 0).json
    wait_until(lambda: not strange_processes(lamb.daemon), 10, "the idle environment is gone")
    assert lamb.invoke(name, 0).json != first


def test_everything_of_an_environment_ends_with_it(lamb):
    source = """import subprocess, os
def handler(event, context):
    for _ in range(5):
        subprocess.Popen(['/bin/sleep', '1000'], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                pass
        os._exit(0)
    return 'started'
"""
    name = lamb.create_python(source)
    assert lamb.invoke(name).json == "started"
    wait_until(lambda: len(strange_processes(lamb.daemon)) >= 7, 5, "the children run")
    lamb.client.delete_function(FunctionName=name)
    wait_until(lambda: not strange_processes(lamb.daemon), 5, "all of them are gone")


def test_threads_of_the_daemon_do_not_grow_with_environments(lamb):
    before = processes.threads(lamb.daemon.pid)
    name = lamb.create_c(WHO_C, "#include <unistd.h>")
    call_together(lamb, name, 0.5, 32)
    assert processes.threads(lamb.daemon.pid) <= before + 2
