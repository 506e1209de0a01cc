"""The Python runtime: logging."""

import json
import os
import re
import time

import pytest


@pytest.fixture
def run(run_python):
    return run_python


LOGGING = """
    import logging
    logger = logging.getLogger()
    log = logging.getLogger("my.log")
    logger.warning("at start")
    def handler(event, context):
        logger.setLevel(logging.INFO) if event == "info" else None
        logger.info("info %s", event)
        log.warning("two\\nlines", extra={"user": "ü"})
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("failed")
        context.log("from the context")
"""


def test_text_logs(api, run):
    process = run(LOGGING)
    api.invoke("quiet")
    lines = process.output().splitlines()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    request = "8476a536-e9f4-11e8-9739-2dfe598c0001"
    assert re.fullmatch(r"\[WARNING\]\t%s\t\tat start" % stamp, lines[0])
    assert re.fullmatch(r"\[WARNING\]\t%s\t%s\ttwo" % (stamp, request), lines[1])
    assert lines[2] == "lines"
    assert re.fullmatch(r"\[ERROR\]\t%s\t%s\tfailed" % (stamp, request), lines[3])
    assert lines[4] == "Traceback (most recent call last):"
    assert lines[-2:] == ["ZeroDivisionError: division by zero", "from the context"]
    api.invoke("info")
    second = process.output().splitlines()[len(lines)]
    assert re.fullmatch(r"\[INFO\]\t%s\t8476a536-e9f4-11e8-9739-2dfe598c0002\tinfo info" % stamp, second)


def test_json_logs(api, run):
    process = run(LOGGING, AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="INFO")
    api.invoke("x", Aws_Tenant_Id="t")
    text, last = process.output().rsplit("\n", 2)[:2]
    assert last == "from the context"
    first, info, warning, failed = map(json.loads, text.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("timestamp"))
    assert first == {"level": "WARNING", "message": "at start", "logger": "root", "requestId": ""}
    assert list(info) == ["timestamp", "level", "message", "logger", "requestId", "tenantId"]
    assert (info["level"], info["message"], info["tenantId"]) == ("INFO", "info x", "t")
    assert warning["requestId"] == "8476a536-e9f4-11e8-9739-2dfe598c0001"
    assert (warning["message"], warning["logger"], warning["user"]) == ("two\nlines", "my.log", "ü")
    assert (failed["errorType"], failed["errorMessage"]) == ("ZeroDivisionError", "division by zero")
    assert "1 / 0" in failed["stackTrace"][0]
    assert re.search(r"/app.py:handler:\d+$", failed["location"])


@pytest.mark.parametrize(
    "level, count", [("TRACE", 5), ("DEBUG", 5), ("warn", 3), ("FATAL", 1), ("", 3), ("odd", 3)]
)
@pytest.mark.parametrize("form", ["JSON", "Text"])
def test_log_level(api, run, level, count, form):
    process = run(
        """
        import logging
        def handler(event, context):
            for level in (10, 20, 30, 40, 50): logging.log(level, "line")
        """,
        AWS_LAMBDA_LOG_LEVEL=level,
        AWS_LAMBDA_LOG_FORMAT=form,
    )
    api.invoke()
    assert len(process.output().splitlines()) == count


def test_json_log_of_an_error(api, run):
    process = run("def handler(event, context): raise Exception('é')", AWS_LAMBDA_LOG_FORMAT="JSON")
    outcome = api.invoke()
    record = json.loads(process.output())
    assert record.pop("level") == "ERROR"
    assert record.pop("timestamp").endswith("Z")
    assert record == outcome.json


def test_framed_logs(api, run):
    reader, writer = os.pipe()
    process = run(
        LOGGING + "        import os; assert '_LAMBDA_TELEMETRY_LOG_FD' not in os.environ; 1 / 0\n",
        pass_fds=(writer,),
        _LAMBDA_TELEMETRY_LOG_FD=str(writer),
    )
    os.close(writer)
    assert api.invoke("x").json["errorType"] == "ZeroDivisionError"
    data = os.read(reader, 1 << 16)
    os.close(reader)
    frames = []
    while data:
        size = int.from_bytes(data[4:8], "big")
        assert abs(int.from_bytes(data[8:16], "big") / 1e6 - time.time()) < 60
        frames.append((data[:4].hex(), data[16 : 16 + size].decode()))
        data = data[16 + size :]
    assert [kind for kind, _ in frames] == ["a55a0013", "a55a0013", "a55a0017", "a55a0003", "a55a0017"]
    assert frames[1][1].endswith("\ttwo\nlines\n")
    assert frames[4][1].startswith("[ERROR] ZeroDivisionError: division by zero\nTraceback")
    assert process.output() == ""


def test_logging_of_the_standard_library_wins(api, run):
    run(
        "import logging, sys\ndef handler(event, context): return hasattr(logging, 'getLogger')",
        files={"logging.py": ""},
    )
    assert api.invoke().json is True
