"""Invoke when the function fails: status 200, X-Amz-Function-Error, and the documents of the service,
word for word."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import packages
from support.waiting import wait_until

NODE_MAJOR = packages.node_major()
needs_node = pytest.mark.skipif(
    NODE_MAJOR not in (16, 18, 20, 22, 24), reason="no node that is a Lambda runtime"
)


def fail(lamb, name, event=None, **parameters):
    answer = lamb.invoke(name, {} if event is None else event, **parameters)
    assert answer.status == 200
    assert answer.error == "Unhandled"
    return answer


def report_of(answer):
    return [line for line in answer.log.split("\n") if line.startswith("REPORT RequestId: ")][-1]


def test_exception_in_python(lamb):
    name = lamb.create_python(
        "def handler(event, context):\n    raise ValueError('it is ' + event['what'])\n"
    )
    answer = fail(lamb, name, {"what": "wrong"})
    assert answer.json == {
        "errorMessage": "it is wrong",
        "errorType": "ValueError",
        "requestId": answer.request_id,
        "stackTrace": [
            '  File "/var/task/app.py", line 2, in handler\n    raise '
            "ValueError('it is ' + event['what'])\n"
        ],
    }
    assert (
        lamb.invoke(name, {"what": "fine"}, LogType="Tail").log.count("Init Duration") == 0
    ), "it lives on"


@needs_node
def test_exception_in_node(lamb):
    source = "exports.handler = async () => { throw new TypeError('it is wrong'); };\n"
    answer = fail(lamb, lamb.create_node(source, runtime=f"nodejs{NODE_MAJOR}.x"))
    assert answer.json["errorType"] == "TypeError"
    assert answer.json["errorMessage"] == "it is wrong"
    assert answer.json["trace"][0] == "TypeError: it is wrong"
    assert "/var/task/index.js:1" in answer.json["trace"][1]


def test_failure_in_c(lamb):
    answer = fail(lamb, lamb.create_c('lamb_fail(response, "Function.Wrong", "it is \\"wrong\\"");'))
    assert answer.json == {
        "errorMessage": 'it is "wrong"',
        "errorType": "Function.Wrong",
        "stackTrace": [],
    }


def test_error_of_a_custom_runtime_is_passed_unchanged(lamb):
    handler = """
    curl -sS -o /dev/null -H 'Lambda-Runtime-Function-Error-Type: Runtime.Whatever' \\
        --data-binary '{"my": "own", "words":1}' "$api/invocation/$REQUEST_ID/error"
    """
    assert fail(lamb, lamb.create_bash(handler)).payload == b'{"my": "own", "words":1}'


def test_timeout(lamb):
    source = (
        "import time\ndef handler(event, context):\n    print('began', flush=True)\n    time.sleep(60)\n"
    )
    answer = fail(lamb, lamb.create_python(source, Timeout=1), LogType="Tail")
    assert answer.json == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {answer.request_id} Error: Task timed out after 1.00 seconds",
    }
    assert "began\n" in answer.log
    report = report_of(answer)
    assert "\tStatus: timeout" in report
    duration = float(report.split("Duration: ")[1].split(" ms")[0])
    assert 1000 <= duration < 1500


def test_timeout_ends_just_that_environment(lamb):
    source = """import time, os
def handler(event, context):
    time.sleep(event)
    return open('/proc/sys/kernel/random/boot_id').read() and os.stat('/tmp').st_ino
"""
    name = lamb.create_python(source, Timeout=2)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(lamb.invoke, name, 60)
        good = pool.submit(lamb.invoke, name, 1)
        assert good.result().error is None
        assert slow.result().error == "Unhandled"
    after = lamb.invoke(name, 0, LogType="Tail")
    assert after.error is None
    assert "Init Duration" not in after.log, "the environment of the good call is still there"


def test_call_after_a_timeout_works(lamb):
    name = lamb.create_python(
        "import time\ndef handler(event, context):\n    time.sleep(event)\n", Timeout=1
    )
    fail(lamb, name, 60)
    assert lamb.invoke(name, 0).payload == b"null"


@pytest.mark.parametrize(
    "code, text",
    [
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os._exit(127)", "Runtime exited with error: exit status 127"),
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), 6)", "Runtime exited with error: signal: aborted"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_exit_of_the_runtime(lamb, code, text):
    name = lamb.create_python(
        f"import os, sys\ndef handler(event, context):\n    if event: {code}\n    return 'fine'\n"
    )
    answer = fail(lamb, name, {"now": True}, LogType="Tail")
    assert answer.json["errorType"] == "Runtime.ExitError"
    assert answer.json["errorMessage"].startswith(f"RequestId: {answer.request_id} Error: {text}")
    assert "Status: error\tError Type: Runtime.ExitError" in report_of(answer)
    assert lamb.invoke(name, {}).json == "fine"


def test_exit_is_noticed_at_once(lamb):
    name = lamb.create_python("import os\ndef handler(event, context):\n    os._exit(1)\n", Timeout=60)
    answer = fail(lamb, name, LogType="Tail")
    assert float(report_of(answer).split("Duration: ")[1].split(" ms")[0]) < 5000


def test_exit_between_calls(lamb):
    """The environment dies while it waits: the next call gets a new one and no error."""
    source = """import os, threading
def handler(event, context):
    threading.Timer(0.05, os._exit, [1]).start()
    return os.getpid()
"""
    name = lamb.create_python(source)
    for _ in range(3):
        assert lamb.invoke(name).error is None
        wait_until(lambda: lamb.configuration(name)["State"] == "Active", 5, "active")


def test_exit_during_init(lamb):
    name = lamb.create_python("import os\nos._exit(5)\n")
    answer = fail(lamb, name, LogType="Tail")
    assert answer.json["errorType"] == "Runtime.ExitError"
    assert answer.json["errorMessage"].endswith("Error: Runtime exited with error: exit status 5")
    lines = wait_until(lambda: "REPORT RequestId" in lamb.logs(name) and lamb.logs(name), 5, "it is written")
    assert "INIT_REPORT Init Duration: " in lines
    assert "Status: error\tError Type: Runtime.ExitError" in lines


def test_exception_during_init(lamb):
    answer = fail(lamb, lamb.create_python("raise RuntimeError('not today')\n"))
    assert answer.json["errorType"] == "RuntimeError"
    assert answer.json["errorMessage"] == "not today"
    assert answer.json["requestId"] == ""
    assert (
        answer.json["stackTrace"][-1]
        == "  File \"/var/task/app.py\", line 1, in <module>\n    raise RuntimeError('not today')\n"
    )


def test_init_is_tried_twice(lamb):
    """A failed init is tried again inside the first call, which then gets the error of the second."""
    name = lamb.create_python("import os\nprint('loading', flush=True)\nos._exit(5)\n")
    fail(lamb, name)
    wait_until(lambda: "REPORT RequestId" in lamb.logs(name), 5, "the log is written")
    assert lamb.logs(name).count("loading") == 2


@pytest.mark.parametrize(
    "handler, error, message",
    [
        ("app.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'"),
        ("nothing.handler", "Runtime.ImportModuleError",
         "Unable to import module 'nothing': No module named 'nothing'"),
        ("app", "Runtime.MalformedHandlerName",
         "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
    ],
)  # fmt: skip
def test_bad_handler_in_python(lamb, handler, error, message):
    answer = fail(lamb, lamb.create_python(packages.ECHO_PY, handler=handler))
    assert (answer.json["errorType"], answer.json["errorMessage"]) == (error, message)


def test_syntax_error_in_python(lamb):
    answer = fail(lamb, lamb.create_python("def handler(:\n"))
    assert answer.json["errorType"] == "Runtime.UserCodeSyntaxError"
    assert answer.json["errorMessage"].startswith("Syntax error in module 'app': ")


@needs_node
@pytest.mark.parametrize(
    "source, name, error",
    [
        ("exports.other = 1;\n", "index.js", "Runtime.HandlerNotFound"),
        ("exports.handler = 1;\n", "other.js", "Runtime.ImportModuleError"),
        ("exports.handler = (;\n", "index.js", "Runtime.UserCodeSyntaxError"),
    ],
)
def test_bad_handler_in_node(lamb, source, name, error):
    archive = packages.node_zip(source, name)
    function = lamb.create(archive, runtime=f"nodejs{NODE_MAJOR}.x", handler="index.handler")
    assert fail(lamb, function).json["errorType"] == error


def test_no_bootstrap(lamb):
    answer = fail(lamb, lamb.create(packages.zip_files({"readme": "nothing to run"})))
    assert answer.json == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"RequestId: {answer.request_id} Error: "
        "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
    }


@pytest.mark.parametrize("content, mode", [(b"#!/bin/sh\nexit 0\n", 0o644), (b"\x7fELF garbage", 0o755)])
def test_bootstrap_that_cannot_run(lamb, content, mode):
    answer = fail(lamb, lamb.create(packages.zip_entry("bootstrap", content, mode)))
    assert answer.json["errorType"] in ("Runtime.InvalidEntrypoint", "Runtime.ExitError")
    assert answer.request_id in answer.json["errorMessage"]


@pytest.mark.parametrize("size, fits", [(6291556, True), (6291557, False)])
def test_size_of_the_answer(lamb, size, fits):
    body = f"""char *data = lamb_alloc(response, {size});
    memset(data, 'x', {size});
    data[0] = data[{size} - 1] = '"';
    lamb_respond(response, data, {size});"""
    answer = lamb.invoke(lamb.create_c(body, MemorySize=256), {})
    if fits:
        assert (answer.error, len(answer.payload)) == (None, size)
    else:
        assert answer.error == "Unhandled"
        assert answer.json == {
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            "errorType": "Function.ResponseSizeTooLarge",
        }


def test_too_large_an_answer_does_not_cost_the_environment(lamb):
    """It is back as soon as it has sent what nobody reads; a call that comes earlier may get another one."""
    source = """import uuid
me = str(uuid.uuid4())
def handler(event, context):
    print("environment", me)
    return 'x' * event if event > 3 else me
"""
    name = lamb.create_python(source, MemorySize=1769)
    failed = fail(lamb, name, 7 * 1024 * 1024, LogType="Tail")
    environment = re.search("environment (.*)", failed.log)[1]
    wait_until(lambda: lamb.invoke(name, 3).json == environment, 10, "the environment is back")


def test_out_of_memory(lamb):
    name = lamb.create_c(
        """if (event->size > 2) {
        volatile char *data = malloc(400u << 20);
        for (size_t i = 0; i < 400u << 20; i += 4096)
            data[i] = 1;
        lamb_respondf(response, "%d", data[4096]);
    } else {
        lamb_respondf(response, "\\"small\\"");
    }""",
        MemorySize=128,
        Timeout=30,
    )
    answer = fail(lamb, name, {"grow": True}, LogType="Tail")
    assert answer.json == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited with error: signal: killed",
    }
    report = report_of(answer)
    assert "Error Type: Runtime.OutOfMemory" in report
    assert int(report.split("Max Memory Used: ")[1].split(" MB")[0]) >= 120
    assert lamb.invoke(name, {}).json == "small"


def test_out_of_memory_in_a_child_of_the_runtime(lamb):
    source = """import subprocess, sys
def handler(event, context):
    if event:
        return subprocess.call([sys.executable, '-c', 'x = bytearray(400 << 20); x[::4096] = x[::4096]'])
    return 'small'
"""
    name = lamb.create_python(source, MemorySize=128, Timeout=20)
    answer = lamb.invoke(name, {"grow": True})
    assert answer.error == "Unhandled" or answer.json != 0
    assert lamb.invoke(name, {}).json == "small"


def test_function_that_never_asks_for_work(lamb):
    """Init has ten seconds, then the function's own timeout inside the call."""
    name = lamb.create(packages.zip_files({"bootstrap": "#!/bin/sh\nexec sleep 1000\n"}), Timeout=1)
    answer = fail(lamb, name)
    assert answer.json["errorType"] in ("Sandbox.Timedout", "Runtime.ExitError")
    wait_until(lambda: "REPORT RequestId" in lamb.logs(name), 5, "the log is written")
    assert "INIT_REPORT Init Duration: " in lamb.logs(name)
    assert "Phase: init\tStatus: timeout" in lamb.logs(name)
