"""The Python runtime: events, results, contexts, failures, the search path."""

import json
import re
import subprocess
import time

import pytest

NBSP = "\u00a0"


@pytest.fixture
def run(run_python):
    return run_python


@pytest.fixture
def version(run):
    """Of the interpreter that `run` starts."""
    text = subprocess.run([run.python, "-V"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return tuple(int(part) for part in text.split()[1].split(".")[:2])


ECHO = "def handler(event, context): return event"


def test_response(api, run):
    run(ECHO)
    outcome = api.invoke({"a": [1, 2.5, True, None, "x"]})
    assert outcome.kind == "response"
    assert outcome.body == b'{"a": [1, 2.5, true, null, "x"]}'
    assert outcome.headers["content-type"] == "application/json"
    assert outcome.headers["user-agent"].startswith("lamb-python/")


def test_context(api, run):
    run(
        """
        import os
        def handler(event, context):
            client = context.client_context
            return {
                "id": context.aws_request_id, "arn": context.invoked_function_arn,
                "name": context.function_name, "version": context.function_version,
                "memory": context.memory_limit_in_mb, "group": context.log_group_name,
                "stream": context.log_stream_name, "tenant": context.tenant_id,
                "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
                "client": client and [client.client.app_title, client.client.installation_id, client.custom,
                                      client.env],
                "remaining": context.get_remaining_time_in_millis(),
                "trace": os.environ.get("_X_AMZN_TRACE_ID"),
                "text": repr(context),
            }
        """
    )
    deadline_ms = int(time.time() * 1000) + 5000
    got = api.invoke(
        Deadline_Ms=str(deadline_ms),
        Trace_Id="Root=1-2-3;Sampled=1",
        Client_Context='{"client":{"app_title":"é"},"custom":{"k":"v"},"env":{"e":"1"}}',
        Cognito_Identity='{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
        Aws_Tenant_Id="t",
    ).json
    assert 0 < got.pop("remaining") <= 5000
    text = got.pop("text")
    assert text.startswith("LambdaContext([aws_request_id=8476a536-e9f4-11e8-9739-2dfe598c0001,log_gr")
    assert "client_context=ClientContext([custom={'k': 'v'},env={'e': '1'},client=Client([" in text
    assert got == {
        "id": "8476a536-e9f4-11e8-9739-2dfe598c0001",
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "name": "f",
        "version": "$LATEST",
        "memory": "128",
        "group": "/aws/lambda/f",
        "stream": "2025/11/25/[$LATEST]0123456789abcdef0123456789abcdef",
        "tenant": "t",
        "identity": ["i", "p"],
        "client": ["é", None, {"k": "v"}, {"e": "1"}],
        "trace": "Root=1-2-3;Sampled=1",
    }
    bare = api.invoke(Deadline_Ms="1").json
    assert (bare["remaining"], bare["trace"], bare["client"], bare["tenant"]) == (0, None, None, None)
    assert bare["identity"] == [None, None]


def test_trace_reaches_child_processes(api, run):
    run(
        """
        import subprocess
        def handler(event, context):
            command = ["sh", "-c", "echo $_X_AMZN_TRACE_ID"]
            return subprocess.run(command, stdout=subprocess.PIPE).stdout.decode()
        """
    )
    assert api.invoke(Trace_Id="one").json == "one\n"
    assert api.invoke(Trace_Id="two").json == "two\n"
    assert api.invoke().json == "\n"


def test_bad_client_context(api, run):
    run(ECHO)
    error = api.invoke(Client_Context="{").json
    assert error["errorType"] == "Runtime.LambdaContextUnmarshalError"
    assert error["errorMessage"].startswith("Unable to parse Client Context JSON: Expecting property name")


def test_handler_error(api, run, version):
    process = run(
        """
        def handler(event, context):
            print("before")
            raise ValueError("Grüße")
        """
    )
    outcome = api.invoke()
    frame = '  File "%s", line 4, in handler\n    raise ValueError("Grüße")\n'
    path = re.search('File "(.*)"', outcome.json["stackTrace"][0]).group(1)
    assert path.endswith("/task/app.py")
    expected = {
        "errorMessage": "Grüße",
        "errorType": "ValueError",
        "requestId": "8476a536-e9f4-11e8-9739-2dfe598c0001",
        "stackTrace": [frame % path],
    }
    if version == (3, 8):
        del expected["requestId"]
    assert (outcome.kind, outcome.json) == ("error", expected)
    assert list(outcome.json) == list(expected)
    assert outcome.headers["lambda-runtime-function-error-type"] == "ValueError"
    cause = json.loads(outcome.headers["lambda-runtime-function-xray-error-cause"])
    assert cause["exceptions"] == [
        {
            "message": "Grüße",
            "type": "ValueError",
            "stack": [{"label": "handler", "path": path, "line": 4}],
        }
    ]
    assert cause["paths"] == [path]
    assert process.output() == (
        "before\n[ERROR] ValueError: Grüße\nTraceback (most recent call last):\n"
        + NBSP * 2
        + 'File "%s", line 4, in handler\n' % path
        + NBSP * 4
        + 'raise ValueError("Grüße")\n'
    )
    assert api.invoke().kind == "error"


def test_error_with_a_huge_message_reaches_the_caller(api, run):
    run("def handler(event, context): raise Exception('m' * 40000)")
    outcome = api.invoke()
    assert len(outcome.json["errorMessage"]) == 40000
    assert "lambda-runtime-function-xray-error-cause" not in outcome.headers


def test_error_whose_text_fails_and_deep_recursion(api, run):
    run(
        """
        class Odd(Exception):
            def __str__(self): raise KeyError
        def deep(n): return deep(n + 1)
        def handler(event, context):
            if event: deep(0)
            raise Odd()
        """
    )
    assert api.invoke(b"0").json["errorMessage"] == "<Odd whose text can't be made>"
    error = api.invoke(b"1").json
    assert error["errorType"] == "RecursionError"
    assert len(error["stackTrace"]) < 20


def test_modules_of_the_function_do_not_break_errors(api, run):
    run(
        """
        import token
        def handler(event, context): raise Exception(token.NAME)
        """,
        files={"token.py": "NAME = 'mine'", "linecache.py": "raise Exception('not this one')"},
    )
    error = api.invoke().json
    assert (error["errorType"], error["errorMessage"]) == ("Exception", "mine")
    assert "/task/app.py" in error["stackTrace"][0]


@pytest.mark.parametrize(
    "handler, files, kind, message",
    [
        (
            "app",
            {},
            "Runtime.MalformedHandlerName",
            "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "gone.handler",
            {},
            "Runtime.ImportModuleError",
            "Unable to import module 'gone': No module named 'gone'",
        ),
        (
            "dir/gone.handler",
            {},
            "Runtime.ImportModuleError",
            "Unable to import module 'dir/gone': No module named 'dir'",
        ),
        (
            "needs.handler",
            {"needs.py": "import not_there"},
            "Runtime.ImportModuleError",
            "Unable to import module 'needs': No module named 'not_there'",
        ),
        ("app.gone", {}, "Runtime.HandlerNotFound", "Handler 'gone' missing on module 'app'"),
        (
            "sys.exit",
            {},
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module sys as a handler module",
        ),
        (
            "./app.handler",
            {},
            "TypeError",
            "the 'package' argument is required to perform a relative import for '..app'",
        ),
        (".handler", {}, "ValueError", "Empty module name"),
        ("boom.handler", {"boom.py": "raise OSError('at start')"}, "OSError", "at start"),
    ],
)
def test_init_errors(api, run, handler, files, kind, message):
    process = run(ECHO, handler, files)
    request = api.init_error()
    error = request.json
    assert (error["errorType"], error["errorMessage"], error.get("requestId", "")) == (kind, message, "")
    assert request.headers["lambda-runtime-function-error-type"] == kind
    assert process.wait() == 1
    logged = "[ERROR] %s: %s\nTraceback (most recent call last):\n" % (kind, message)
    assert process.output().startswith(logged)
    if kind == "OSError":
        assert len(error["stackTrace"]) == 1 and "boom.py\", line 1, in <module>" in error["stackTrace"][0]
    assert all("lamb_runtime" not in frame for frame in error["stackTrace"])


def test_syntax_error(api, run):
    process = run("def handler(event, context)\n    return 1\n")
    error = api.init_error().json
    assert error["errorType"] == "Runtime.UserCodeSyntaxError"
    assert error["errorMessage"].startswith("Syntax error in module 'app': ")
    assert error["errorMessage"].endswith("(app.py, line 1)")
    frame = r'  File ".*/app.py" Line 1\n    def handler\(event, context\)\n'
    assert re.fullmatch(frame, error["stackTrace"][0])
    assert process.wait() == 1


@pytest.mark.parametrize("where", ["init", "handler"])
def test_exit(api, run, where):
    body = "import sys\n%sdef handler(event, context): exit(4)"
    process = run(body % ("sys.exit(3)\n" if where == "init" else ""))
    api.send_event()
    assert process.wait() == (3 if where == "init" else 4)
    assert [request.kind for request in api.requests] == ([] if where == "init" else ["next"])


def test_handler_in_a_folder_and_package(api, run):
    run(ECHO, "src/deep/mod.go", {"src/deep/mod.py": "def go(event, context): return __name__"})
    assert api.invoke().json == "src.deep.mod"


def test_results(api, run):
    run(
        """
        import collections, datetime, decimal
        Point = collections.namedtuple("Point", "x y")
        ring = []
        ring.append(ring)
        results = {
            "none": None, "text": "Grüße \\u20ac \\U0001f411", "bytes": b"\\x00raw\\xff",
            "inner": {"b": b"text", b"key": 1},
            "decimals": [decimal.Decimal("1.10"), decimal.Decimal("1E+3")],
            "nan": decimal.Decimal("NaN"), "point": [Point(1, (2, Point(3, 4)))], "tuple": (1, (2,)),
            "keys": {1: 1, None: 2, True: 3, 1.5: 4}, "ordered": collections.OrderedDict(a=1),
            "set": {1}, "ring": ring, "date": datetime.date(2024, 1, 1), "badbytes": [b"\\xff"],
            "key": {(1,): 1},
            "float": float("inf"),
        }
        def handler(event, context): return results[event]
        """
    )

    def body(name):
        outcome = api.invoke(name)
        return outcome.json if outcome.kind == "error" else outcome.body

    assert body("none") == b"null"
    assert json.loads(body("text")) == "Grüße € \U0001f411"
    raw = api.invoke("bytes")
    assert (raw.body, raw.headers["content-type"]) == (b"\x00raw\xff", "application/unknown")
    assert body("inner") == b'{"b": "text", "key": 1}'
    assert body("decimals") == b"[1.10, 1E+3]"
    assert body("nan") == b"NaN"
    assert body("point") == b'[{"x": 1, "y": [2, {"x": 3, "y": 4}]}]'
    assert body("tuple") == b"[1, [2]]"
    assert body("keys") == b'{"1": 3, "null": 2, "1.5": 4}'
    assert body("ordered") == b'{"a": 1}'
    assert body("float") == b"Infinity"
    for name, message in {
        "set": "Object of type set is not JSON serializable",
        "ring": "Circular reference detected",
        "date": "Object of type date is not JSON serializable",
        "badbytes": "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
    }.items():
        error = body(name)
        assert error["errorType"] == "Runtime.MarshalError"
        assert error["errorMessage"] == "Unable to marshal response: " + message
        assert error["stackTrace"] == []
    assert body("key")["errorMessage"].startswith("Unable to marshal response: keys must be str")


def test_non_ascii_text_as_the_runtime_version_writes_it(api, run, version):
    run("def handler(event, context): return 'é'")
    assert api.invoke().body == ('"é"' if version >= (3, 12) else '"\\u00e9"').encode()


@pytest.mark.parametrize(
    "payload, message",
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b" {} x", "Extra data: line 1 column 5 (char 4)"),
        (b'"\xff"', "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"),
    ],
)
def test_bad_events(api, run, payload, message):
    run(ECHO)
    error = api.invoke(payload).json
    assert error["errorType"] == "Runtime.UnmarshalError"
    assert error["errorMessage"] == "Unable to unmarshal input: " + message


def test_events_with_blanks_and_big_numbers(api, run):
    run(ECHO)
    assert api.invoke(b' \r\n\t[1, -0.0, 123456789012345678901234567890, "\\ud83d\\udc11"]\n ').json == [
        1,
        -0.0,
        123456789012345678901234567890,
        "\U0001f411",
    ]


def test_events_of_another_type_come_as_bytes(api, run):
    run("def handler(event, context): return [type(event).__name__, len(event)]")
    assert api.invoke(b"\x00\xff", Content_Type="application/octet-stream").json == ["bytes", 2]


def test_one_connection_and_pipelining(api, run):
    run(ECHO)
    for number in range(30):
        assert api.invoke(number).json == number
    assert {request.connection for request in api.requests} == {1}
    assert all(request.pipelined for request in api.requests if request.kind == "response")


@pytest.mark.parametrize("size", [0, 60000, 262142, 262143, 6 * 1024 * 1024 - 2])
def test_sizes_both_ways(api, run, size):
    run(ECHO)
    payload = b'"' + b"x" * size + b'"'
    for _ in range(2):
        assert api.invoke(payload).body == payload
    assert api.invoke(1).json == 1


def test_answers_byte_by_byte(api, run):
    api.dribble = True
    run(ECHO)
    for number in range(3):
        assert api.invoke({"é" * 100: number}).json == {"é" * 100: number}


@pytest.mark.parametrize("size", [10, 1 << 20])
@pytest.mark.parametrize("close", [False, True])
def test_refused_response_is_not_the_end(api, run, size, close):
    run("def handler(event, context): return 'x' * event")
    answer = b'{"errorType":"RequestEntityTooLarge"}'
    api.refusals.append(("response", "413 Payload Too Large", answer, close))
    api.invoke(size)
    assert api.invoke(3).json == "xxx"
    assert api.requests[-1].connection == (2 if close else 1)


def test_connection_lost_with_the_response(api, run):
    run(ECHO)
    api.refusals.append(("response", None, b"", True))
    api.invoke(1)
    assert api.invoke(2).json == 2


def test_platform_that_fails_ends_the_runtime(api, run):
    process = run(ECHO)
    api.refusals.append(("response", "500 Internal Server Error", b"{}", False))
    api.invoke()
    assert process.wait() == 1
    assert "lamb: the platform failed: 500" in process.output()


def test_next_is_asked_for_three_times(api, run):
    for _ in range(3):
        api.refusals.append(("next", "403 Forbidden", b'{"errorType":"InvalidStateTransition"}', False))
    process = run(ECHO)
    assert process.wait() == 1
    assert len(api.requests) == 3
    assert "lamb: the Runtime API gives no event: 403" in process.output()


def test_output_is_out_before_the_response(api, run):
    process = run(
        """
        import sys
        def handler(event, context):
            print("out ü", end="")
            sys.stderr.write(" err")
        """
    )
    api.invoke()
    assert sorted(process.output().split()) == ["err", "out", "ü"]


def test_closed_output_is_no_failure(api, run):
    run("import sys\ndef handler(event, context): sys.stdout.close(); sys.stderr = None; return 1")
    assert api.invoke().json == 1
    assert api.invoke().json == 1


def test_search_path(api, run):
    run(
        """
        import sys
        def handler(event, context): return [sys.path, list(sys.version_info[:2]), "site" in sys.modules]
        """,
        PYTHONPATH="/var/runtime",
    )
    path, (major, minor), has_site = api.invoke().json
    assert path[0].endswith("/task")
    assert path[1:4] == [
        "/opt/python/lib/python%d.%d/site-packages" % (major, minor),
        "/opt/python",
        "/var/runtime",
    ]
    assert not [folder for folder in path if folder.endswith("runtime/python")]
    assert any(folder.endswith("-packages") for folder in path[4:])
    assert not has_site


def test_own_python_path_and_sitecustomize(api, run, tmp_path):
    extra = tmp_path / "extra"
    extra.mkdir()
    (extra / "sitecustomize.py").write_text("import logging, builtins; builtins.customized = True")
    (extra / "helper.py").write_text("VALUE = 'helped'")
    process = run(
        """
        import helper, logging
        def handler(event, context):
            logging.warning("x")
            return [helper.VALUE, customized]
        """,
        PYTHONPATH=str(extra),
    )
    assert api.invoke().json == ["helped", True]
    assert process.output().count("[WARNING]") == 1


def test_no_runtime_api(run):
    process = run(ECHO, AWS_LAMBDA_RUNTIME_API="127.0.0.1:1")
    assert process.wait() == 1
    assert "lamb: the Runtime API gives no event: [Errno 111] Connection refused" in process.output()


def test_signal_handlers_run_while_waiting(api, run):
    process = run(
        """
        import signal, sys
        signal.signal(signal.SIGTERM, lambda number, frame: (print("bye"), sys.exit(0)))
        def handler(event, context): pass
        """
    )
    api.invoke()
    process.popen.terminate()
    assert process.wait() == 0
    assert process.output() == "bye\n"


def test_memory_does_not_grow_with_traces(api, run):
    run(
        """
        def handler(event, context):
            with open("/proc/self/statm") as file: return int(file.read().split()[1])
        """
    )
    trace = "Root=1-%08x-" + "0" * 4000
    before = [api.invoke(Trace_Id=trace % number).json for number in range(200)][-1]
    after = [api.invoke(Trace_Id=trace % number).json for number in range(200, 1200)][-1]
    assert (after - before) * 4096 < 1000 * 2000
