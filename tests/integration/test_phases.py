"""The phases of an environment for real: what Init, Invoke and Shutdown wait for, how long, and what is left
after each way of failing."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import packages, settings
from support.extensions import TELL_EVENTS, Extended, extended  # noqa: F401
from support.fixtures import strange_processes
from support.waiting import wait_until

# The first start in an environment goes wrong, as FIRST says; the second finds a mark in /tmp.
SECOND_TIME_LUCKY_PY = """import os, time
mark = "/tmp/mark"
def first():
    FIRST
if not os.path.exists(mark):
    open(mark, "w").write("was here")
    first()
def handler(event, context):
    return open(mark).read()
"""

# Does what its event says; knows which process it is, and what /tmp knows.
OBEY_PY = """import os, time, uuid
me = str(uuid.uuid4())
def handler(event, context):
    answer = {"me": me, "tmp": sorted(os.listdir("/tmp"))}
    if event == "note":
        open("/tmp/note", "w").close()
    elif event == "crash":
        os._exit(3)
    elif event == "sleep":
        time.sleep(60)
    return answer
"""


def exits(answer, status):
    return answer.json == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited with error: "
        f"exit status {status}",
    }


def init_reports(extended, function):
    return [text.split("\t", 1) for text in extended.texts(function, "INIT_REPORT")]


def milliseconds(text):
    """Of "INIT_REPORT Init Duration: 10.00 ms", and of others that have one."""
    return float(re.search(r"Duration: (\S+) ms", text).group(1))


def streams(extended, function):
    return {line.stream for line in extended.log(function)}


def report(extended, function, answer):
    return extended.wait_for(function, f"REPORT RequestId: {answer.request_id}")[0].text


# ---- Init ----


def test_init_has_ten_seconds_and_is_tried_again(extended):
    """Of a function that hangs while it is loaded, and of an extension that does not register."""
    functions = {
        "code": extended.lamb.create_python(
            SECOND_TIME_LUCKY_PY.replace("FIRST", "time.sleep(60)"), Timeout=5
        ),
        "extension": extended.with_scripts(
            SECOND_TIME_LUCKY_PY.replace("FIRST", "pass"),
            scripts={
                "lazy": """
if not os.path.exists("/tmp/lazy"):
    open("/tmp/lazy", "w").close()
    time.sleep(60)
register()
next_event()
"""
            },
            Timeout=5,
        ),
    }
    with ThreadPoolExecutor(2) as pool:
        began = time.monotonic()
        calls = [pool.submit(extended.invoke, function) for function in functions.values()]
        answers = [call.result() for call in calls]
        took = time.monotonic() - began
    assert 10 <= took < 15
    for function, answer in zip(functions.values(), answers):
        assert answer.json == "was here"
        ((duration, rest),) = init_reports(extended, function)
        assert 10000 <= milliseconds(duration) < 11000
        assert rest == "Phase: init\tStatus: timeout"
        assert "Init Duration" not in report(extended, function, answer)
        assert len(streams(extended, function)) == 1


def test_init_that_crashes_is_tried_again(extended):
    function = extended.lamb.create_python(SECOND_TIME_LUCKY_PY.replace("FIRST", "os._exit(3)"))
    answer = extended.invoke(function)
    assert answer.json == "was here"
    ((_, rest),) = init_reports(extended, function)
    assert rest == "Phase: init\tStatus: error\tError Type: Runtime.ExitError"
    assert len(streams(extended, function)) == 1
    texts = extended.texts(function)
    assert texts.index(f"START RequestId: {answer.request_id} Version: $LATEST") > next(
        at for at, text in enumerate(texts) if text.startswith("INIT_REPORT")
    )


def test_init_that_crashes_twice_fails_the_call(extended):
    function = extended.lamb.create_python("import os\nos._exit(3)\n")
    answers = [extended.invoke(function) for _ in range(2)]
    assert all(exits(answer, 3) for answer in answers)
    rests = [rest for _, rest in init_reports(extended, function)]
    assert rests == [
        "Phase: init\tStatus: error\tError Type: Runtime.ExitError",
        "Phase: invoke\tStatus: error\tError Type: Runtime.ExitError",
        "Phase: invoke\tStatus: error\tError Type: Runtime.ExitError",
    ]


def test_second_init_has_the_time_of_the_function(extended):
    source = SECOND_TIME_LUCKY_PY.replace("FIRST", "os._exit(3)") + "\ntime.sleep(60)\n"
    function = extended.lamb.create_python(source, Timeout=1)
    began = time.monotonic()
    answer = extended.invoke(function)
    assert 1 <= time.monotonic() - began < 3
    assert answer.json["errorType"] == "Sandbox.Timedout"
    assert answer.json["errorMessage"].endswith("Task timed out after 1.00 seconds")
    (_, first), (duration, second) = init_reports(extended, function)
    assert first == "Phase: init\tStatus: error\tError Type: Runtime.ExitError"
    assert second == "Phase: invoke\tStatus: timeout"
    assert milliseconds(duration) >= 990


# ---- Invoke ----


@pytest.mark.parametrize(("event", "status"), [("crash", "error"), ("sleep", "timeout")])
def test_failed_call_leaves_tmp_and_the_log_stream(extended, event, status):
    function = extended.lamb.create_python(OBEY_PY, Timeout=2)
    before = extended.invoke(function, "note").json
    failed = extended.invoke(function, event)
    assert failed.error == "Unhandled"
    assert f"\tStatus: {status}" in report(extended, function, failed)
    after = extended.invoke(function).json
    assert "note" in after["tmp"]
    assert after["me"] != before["me"]
    assert len(streams(extended, function)) == 1
    assert len(strange_processes(extended.lamb.daemon)) == 1


def test_answer_is_there_before_a_slow_extension_is_back(extended):
    function = extended.with_scripts(
        OBEY_PY,
        scripts={
            "slow": """
register("INVOKE")
while True:
    event = next_event()
    time.sleep(1.5)
    say(event["requestId"])
"""
        },
    )
    extended.invoke(function)
    began = time.monotonic()
    answer = extended.lamb.invoke(function)
    assert time.monotonic() - began < 1
    text = report(extended, function, answer)
    assert 1500 <= milliseconds(text) < 2500
    texts = extended.texts(function)
    assert texts.index(f"slow {answer.request_id}") < texts.index(f"END RequestId: {answer.request_id}")
    assert extended.invoke(function).json["me"] == answer.json["me"]


def test_two_calls_around_a_slow_extension_need_two_environments(extended):
    function = extended.with_scripts(
        OBEY_PY, scripts={"slow": 'register("INVOKE")\nwhile True:\n    next_event()\n    time.sleep(1)\n'}
    )
    first, second = (extended.lamb.invoke(function) for _ in range(2))
    assert first.json["me"] != second.json["me"]
    for answer in (first, second):
        report(extended, function, answer)


def test_extension_that_hangs_runs_into_the_time_out(extended):
    function = extended.with_scripts(
        OBEY_PY,
        scripts={
            "hang": """
register("INVOKE")
next_event()
if not os.path.exists("/tmp/hung"):
    open("/tmp/hung", "w").close()
    time.sleep(60)
next_event()
""",
            "tell": TELL_EVENTS,
        },
        Timeout=2,
    )
    began = time.monotonic()
    answer = extended.lamb.invoke(function)
    assert time.monotonic() - began < 1.5
    assert answer.error is None, "the answer was there"
    text = report(extended, function, answer)
    assert 2000 <= milliseconds(text) < 2500
    assert "\tStatus: timeout" in text
    (event,) = extended.wait_for(function, '"SHUTDOWN"')
    assert event.json["shutdownReason"] == "timeout"
    after = extended.invoke(function)
    assert after.error is None
    assert after.json["me"] != answer.json["me"]
    assert "hung" in after.json["tmp"]


# ---- extensions that fail ----


def failing(extended, script, source=OBEY_PY, **fields):
    return extended.with_scripts(source, scripts={"bad": script, "tell": TELL_EVENTS}, **fields)


def assert_failed(extended, function, answer, kind, message):
    assert answer.error == "Unhandled"
    assert answer.json == {
        "errorType": kind,
        "errorMessage": f"RequestId: {answer.request_id} Error: {message}",
    }
    assert f"\tStatus: error\tError Type: {kind}" in report(extended, function, answer)


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        ("sys.exit(0)", "Extension.Crash", "exit code 0"),
        ("sys.exit(7)", "Extension.Crash", "exit code 7"),
        ('register("INVOKE")\nsys.exit(1)', "Extension.Crash", "exit code 1"),
        ("os.kill(os.getpid(), 9)", "Extension.Crash", "signal: killed"),
        (
            'register("INVOKE")\ntell(post_error("init", "Extension.NoConfig"))',
            "Extension.InitError",
            "Extension.NoConfig",
        ),
        (
            'register("INVOKE")\ntell(post_error("exit", "Extension.Broken"))',
            "Extension.ExitError",
            "Extension.Broken",
        ),
    ],
)
def test_extension_that_fails_in_init(extended, script, kind, message):
    function = failing(extended, script)
    answer = extended.invoke(function)
    assert_failed(extended, function, answer, kind, message)
    rests = [rest for _, rest in init_reports(extended, function)]
    assert rests == [f"Phase: {phase}\tStatus: error\tError Type: {kind}" for phase in ("init", "invoke")]


@pytest.mark.parametrize(
    ("end", "kind", "message"),
    [
        ("sys.exit(7)", "Extension.Crash", "exit code 7"),
        ('post_error("exit", "Extension.Broken")', "Extension.ExitError", "Extension.Broken"),
    ],
)
def test_extension_that_fails_in_invoke(extended, end, kind, message):
    """While the function runs, which ends with it."""
    function = failing(extended, f'register("INVOKE")\nnext_event()\ntime.sleep(0.2)\n{end}\n')
    answer = extended.invoke(function, "sleep")
    assert_failed(extended, function, answer, kind, message)
    (event,) = [event for event in extended.told(function, "tell") if event["eventType"] == "SHUTDOWN"]
    assert event["shutdownReason"] == "failure"


def test_extension_that_fails_after_the_answer(extended):
    """The caller has its answer; the environment starts anew all the same."""
    function = failing(extended, 'register("INVOKE")\nnext_event()\ntime.sleep(0.5)\nsys.exit(7)\n')
    answer = extended.invoke(function, "note")
    assert answer.error is None
    assert "\tStatus: error\tError Type: Extension.Crash" in report(extended, function, answer)
    after = extended.invoke(function)
    assert "note" in after.json["tmp"]
    assert after.json["me"] != answer.json["me"]


def test_extension_that_fails_between_calls(extended):
    """Its request has arrived, so that the invocation is over; the next call is served."""
    function = failing(
        extended,
        """
register("INVOKE")
next_event()
time.sleep(0.2)
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api.request("GET", "/2020-01-01/extension/event/next", headers=identity)
os._exit(7)
""",
        MemorySize=1769,
    )
    answer = extended.invoke(function, "note")
    assert answer.error is None
    (event,) = extended.wait_for(function, '"SHUTDOWN"')
    assert event.json["shutdownReason"] == "failure"
    after = extended.invoke(function)
    assert after.error is None
    assert "note" in after.json["tmp"]


# ---- Shutdown ----

# Goes on after SHUTDOWN as long as it may; tells the time.
STUBBORN = """
register("INVOKE", "SHUTDOWN")
event = {}
while event.get("eventType") != "SHUTDOWN":
    event = next_event()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    tell({"deadline": event["deadlineMs"], "now": time.time() * 1000})
    time.sleep(0.02)
"""

# A runtime that goes on after SIGTERM as long as it may.
STUBBORN_PY = """import signal, time
def on_signal(number, frame):
    while True:
        print("runtime", time.time())
        time.sleep(0.02)
signal.signal(signal.SIGTERM, on_signal)
EXTENSION
def handler(event, context):
    pass
"""

REGISTER_PY = """
import http.client, os, threading
def call(method, path, headers, body=None):
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.request(method, "/2020-01-01/extension/" + path, body, headers)
    answer = api.getresponse()
    answer.read()
    return {"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}
identity = call("POST", "register", {"Lambda-Extension-Name": "inside"}, '{"events":[]}')
threading.Thread(target=call, args=("GET", "event/next", identity), daemon=True).start()
"""


def shut_down(extended, function):
    """Until nothing of it is left."""
    began = time.monotonic()
    extended.retire(function)
    wait_until(lambda: not strange_processes(extended.lamb.daemon), 10, "it is gone")
    return time.monotonic() - began


def span_of_runtime(extended, function):
    """How long the runtime lived after SIGTERM, in seconds; None when it got none."""
    times = [float(text.split()[1]) for text in extended.texts(function, "runtime ")]
    return times[-1] - times[0] if times else None


def test_extension_that_outlives_shutdown_is_killed(extended):
    function = extended.with_scripts(scripts={"stay": STUBBORN})
    extended.invoke(function)
    assert 1.5 < shut_down(extended, function) < 3
    told = extended.told(function, "stay")
    assert 1.8 < (told[-1]["now"] - told[0]["now"]) / 1000 < 2.1, "what the runtime did not need is theirs"
    assert abs(told[-1]["now"] - told[-1]["deadline"]) < 200


def test_runtime_gets_no_signal_without_extensions(extended):
    function = extended.lamb.create_python(STUBBORN_PY.replace("EXTENSION", ""))
    extended.invoke(function)
    shut_down(extended, function)
    assert span_of_runtime(extended, function) is None


def test_runtime_has_half_a_second_with_an_internal_extension(extended):
    function = extended.lamb.create_python(STUBBORN_PY.replace("EXTENSION", REGISTER_PY))
    extended.invoke(function)
    shut_down(extended, function)
    assert 0.35 < span_of_runtime(extended, function) < 0.6


def test_runtime_goes_before_external_extensions(extended):
    function = extended.with_scripts(STUBBORN_PY.replace("EXTENSION", ""), scripts={"tell": TELL_EVENTS})
    extended.invoke(function)
    shut_down(extended, function)
    assert 0.15 < span_of_runtime(extended, function) < 0.4
    texts = extended.texts(function)
    (event,) = [at for at, text in enumerate(texts) if '"SHUTDOWN"' in text]
    assert not [text for text in texts[event:] if text.startswith("runtime ")]


def test_shutdown_is_over_when_all_are_done(extended):
    """Who is killed then has no time to notice, and to complain."""
    function = extended.with_scripts(
        scripts={"tell": TELL_EVENTS, "invokes": "register()\nnext_event()\n"}
    )
    extended.invoke(function)
    assert shut_down(extended, function) < 1
    assert not [text for text in extended.texts(function) if "Traceback" in text]


def test_reasons_of_shutdown(extended):
    function = extended.with_scripts(OBEY_PY, scripts={"tell": TELL_EVENTS}, Timeout=2)
    for event in (None, "crash", "sleep"):
        extended.invoke(function, event)
        if event:
            wait_until(lambda: not strange_processes(extended.lamb.daemon), 5, "it is reset")
    extended.invoke(function)
    shut_down(extended, function)
    events = extended.told(function, "tell")
    reasons = [event["shutdownReason"] for event in events if event["eventType"] == "SHUTDOWN"]
    assert reasons == ["failure", "timeout", "spindown"]
    assert sum(event["eventType"] == "INVOKE" for event in events) == 4


def test_update_of_code_shuts_old_environments_down(extended):
    """Those that wait at once, one that runs when it is done."""
    function = extended.with_scripts(
        "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'old'\n",
        scripts={"tell": TELL_EVENTS},
    )
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(extended.invoke, function, 1.5)
        extended.wait_for(function, "START RequestId")
        extended.invoke(function, 0)
        package = packages.python_zip("def handler(event, context):\n    return 'new'\n")
        extended.lamb.update_code(function, package)
        (event,) = extended.wait_for(function, '"SHUTDOWN"')
        assert event.json["shutdownReason"] == "spindown"
        assert not running.done()
        assert extended.invoke(function, 0).json == "new"
        assert running.result().json == "old"
    streams = [line.stream for line in extended.wait_for(function, '"SHUTDOWN"', 2)]
    assert len(set(streams)) == 2


def test_deleted_function_shuts_down(extended):
    function = extended.with_scripts(scripts={"stay": STUBBORN})
    extended.invoke(function)
    began = time.monotonic()
    extended.lamb.client.delete_function(FunctionName=function)
    wait_until(lambda: not strange_processes(extended.lamb.daemon), 5, "it is gone")
    assert 1.5 < time.monotonic() - began < 3


def test_idle_environment_is_shut_down(new_daemon):
    extended = Extended(new_daemon(*settings.idle_timeout(1)))
    function = extended.with_scripts(scripts={"tell": TELL_EVENTS})
    extended.invoke(function)
    extended.wait_for(function, '"shutdownReason": "spindown"')


def test_stop_of_the_daemon_shuts_down(new_daemon):
    """All at the same time, frozen ones too; what they say is in the log."""
    extended = Extended(new_daemon())
    functions = [extended.with_scripts(scripts={name: STUBBORN}) for name in ("one", "two")]
    for function in functions:
        extended.invoke(function)
    time.sleep(0.2)
    began = time.monotonic()
    extended.lamb.daemon.stop_and_check()
    assert 1.5 < time.monotonic() - began < 3.5
    for function, name in zip(functions, ("one", "two")):
        assert len(extended.told(function, name)) > 50
