"""LoggingConfig: JSON logs, log levels, log groups."""

import json
import re
import subprocess

import pytest

from support import packages
from support.daemon import clean_environment
from support.waiting import wait_until

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LEVELS_PY = """import logging
def handler(event, context):
    for level in (10, 20, 30, 40, 50):
        logging.getLogger().log(level, 'level %d', level)
    print('printed')
    return 'ok'
"""


def runtime_version_arn(lamb, name):
    answer = lamb.request("GET", f"/2015-03-31/functions/{name}/configuration")
    return json.loads(answer.body)["RuntimeVersionConfig"]["RuntimeVersionArn"]


def configure(lamb, name, **logging):
    """boto3 1.26 does not know LoggingConfig yet."""
    path = f"/2015-03-31/functions/{name}/configuration"
    answer = lamb.request("PUT", path, json.dumps({"LoggingConfig": logging}))
    assert answer.status == 200, answer.body
    lamb.wait_updated(name)


def records(text):
    """The platform's, by type; others are left out."""
    found = {}
    for line in text.splitlines():
        if line.startswith('{"time":'):
            record = json.loads(line)
            assert list(record) == ["time", "type", "record"]
            assert re.fullmatch(STAMP, record["time"])
            found.setdefault(record["type"], []).append(record["record"])
    return found


def written(lamb, name, mark):
    """The log's texts, without times and streams, once `mark` is in it."""
    text = wait_until(lambda: mark in lamb.logs(name) and lamb.logs(name), 5, f"{mark} is written")
    return "\n".join(line.split(" ", 2)[2] for line in text.splitlines())


def test_platform_records(lamb):
    name = lamb.create_python("def handler(event, context):\n    return 'x' * 38\n", MemorySize=256)
    configure(lamb, name, LogFormat="JSON", SystemLogLevel="DEBUG")
    answer = lamb.invoke(name, LogType="Tail")
    found = records(written(lamb, name, "platform.report"))
    assert list(found) == [
        "platform.initStart",
        "platform.initRuntimeDone",
        "platform.initReport",
        "platform.start",
        "platform.runtimeDone",
        "platform.report",
    ]
    (init_start,) = found["platform.initStart"]
    arn = lamb.configuration(name)["FunctionArn"]
    version_arn = init_start.pop("runtimeVersionArn")
    assert version_arn == runtime_version_arn(lamb, name)
    instance = init_start.pop("instanceId")
    assert re.fullmatch(rf"\d{{4}}/\d\d/\d\d/{name}\[\$LATEST\][0-9a-f]{{32}}", instance)
    assert init_start == {
        "initializationType": "on-demand",
        "phase": "init",
        "runtimeVersion": "python:3.11.v1",
        "functionName": name,
        "functionVersion": "$LATEST",
        "instanceMaxMemory": 256 * 1024 * 1024,
    }
    expected = {"initializationType": "on-demand", "phase": "init", "status": "success"}
    assert found["platform.initRuntimeDone"] == [expected]
    (init_report,) = found["platform.initReport"]
    init_ms = init_report.pop("metrics")["durationMs"]
    assert init_report == expected
    start = {"requestId": answer.request_id, "functionArn": arn, "version": "$LATEST"}
    assert found["platform.start"] == [start]
    (done,) = found["platform.runtimeDone"]
    assert (done["requestId"], done["status"]) == (answer.request_id, "success")
    assert done["metrics"]["producedBytes"] == 40
    (report,) = found["platform.report"]
    assert list(report) == ["requestId", "metrics", "status"]
    metrics = report["metrics"]
    assert metrics["durationMs"] == done["metrics"]["durationMs"]
    assert metrics["initDurationMs"] == init_ms
    assert metrics["billedDurationMs"] >= metrics["durationMs"] + init_ms
    assert metrics["memorySizeMB"] == 256
    assert 0 <= metrics["maxMemoryUsedMB"] <= 256
    tail = records(answer.log)
    assert list(tail) == ["platform.start", "platform.runtimeDone", "platform.report"]
    assert "START RequestId" not in answer.log


@pytest.mark.parametrize(
    "level, types",
    [
        ("INFO", ["platform.initStart", "platform.start", "platform.report"]),
        ("WARN", []),
    ],
)
def test_system_log_level(lamb, level, types):
    name = lamb.create_python("def handler(event, context):\n    print('printed')\n")
    configure(lamb, name, LogFormat="JSON", SystemLogLevel=level)
    answer = lamb.invoke(name, LogType="Tail")
    assert "printed\n" in answer.log
    assert list(records(written(lamb, name, "printed"))) == types


def test_failures_are_warnings(lamb):
    """They are in the log at every level of system logs."""
    name = lamb.create_python("import os\ndef handler(event, context):\n    os._exit(3)\n")
    configure(lamb, name, LogFormat="JSON", SystemLogLevel="WARN")
    answer = lamb.invoke(name, LogType="Tail")
    assert answer.error == "Unhandled"
    found = records(answer.log)
    assert list(found) == ["platform.runtimeDone", "platform.report"]
    for record in (found["platform.runtimeDone"][0], found["platform.report"][0]):
        assert (record["status"], record["errorType"]) == ("error", "Runtime.ExitError")


def test_failed_init_as_json(lamb):
    name = lamb.create_python("import nothing_of_that_name\n")
    configure(lamb, name, LogFormat="JSON", SystemLogLevel="WARN")
    answer = lamb.invoke(name)
    assert answer.json["errorType"] == "Runtime.ImportModuleError"
    found = records(written(lamb, name, "platform.report"))
    assert [record["phase"] for record in found["platform.initReport"]] == ["init", "invoke"]
    for record in found["platform.initRuntimeDone"] + found["platform.initReport"]:
        assert (record["status"], record["errorType"]) == ("error", "Runtime.ImportModuleError")


def test_timeout_as_json(lamb):
    name = lamb.create_python("import time\ndef handler(event, context):\n    time.sleep(9)\n", Timeout=1)
    configure(lamb, name, LogFormat="JSON")
    (report,) = records(lamb.invoke(name, LogType="Tail").log)["platform.report"]
    assert report["status"] == "timeout"
    assert "errorType" not in report
    assert report["metrics"]["durationMs"] >= 1000


def test_custom_runtime_without_bootstrap_as_json(lamb):
    files = packages.zip_files({"other": "x"})
    name = lamb.create(files, runtime="provided.al2023")
    configure(lamb, name, LogFormat="JSON")
    (report,) = records(lamb.invoke(name, LogType="Tail").log)["platform.report"]
    assert report["errorType"] == "Runtime.InvalidEntrypoint"


def test_python_logs_json(lamb):
    source = """import logging
logger = logging.getLogger()
def handler(event, context):
    logger.info('hello %s', 'there', extra={'user': 'u'})
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception('failed')
"""
    name = lamb.create_python(source)
    configure(lamb, name, LogFormat="JSON")
    answer = lamb.invoke(name, LogType="Tail")
    lines = [json.loads(line) for line in answer.log.splitlines()]
    info, error = (line for line in lines if "level" in line)
    assert re.fullmatch(STAMP, info.pop("timestamp"))
    assert info == {
        "level": "INFO",
        "message": "hello there",
        "logger": "root",
        "requestId": answer.request_id,
        "user": "u",
    }
    assert (error["level"], error["errorType"]) == ("ERROR", "ZeroDivisionError")
    assert "1 / 0" in error["stackTrace"][0]


@pytest.mark.parametrize(
    "level, count", [("TRACE", 5), ("DEBUG", 5), ("INFO", 4), ("WARN", 3), ("ERROR", 2), ("FATAL", 1)]
)
def test_application_log_level(lamb, level, count):
    name = lamb.create_python(LEVELS_PY)
    configure(lamb, name, LogFormat="JSON", ApplicationLogLevel=level)
    log = lamb.invoke(name, LogType="Tail").log
    assert log.count('"message": "level ') == count
    assert ("printed" in log) == (count >= 4), "what has no level is INFO"


def test_level_of_json_that_any_program_prints(lamb):
    time = "2024-11-02T16:51:31.587199Z"
    lines = [
        {"level": "debug", "msg": "dropped", "timestamp": time},
        {"level": "Warning", "msg": "kept", "time": time},
        {"level": "debug", "msg": "without a time"},
    ]
    script = "\n".join(f"echo '{json.dumps(line)}' >&2" for line in lines)
    name = lamb.create_bash(f"{script}\necho 7")
    configure(lamb, name, LogFormat="JSON")
    log = lamb.invoke(name, LogType="Tail").log
    assert [text in log for text in ("dropped", "kept", "without a time")] == [False, True, True]
    assert json.dumps(lines[1]) in log.splitlines(), "the line itself is not changed"


def test_a_logger_that_says_more_than_it_may(lamb):
    """The platform filters what the function let through."""
    source = """import logging
def handler(event, context):
    logging.getLogger().setLevel(logging.DEBUG)
    logging.debug('too much')
    logging.error('enough')
"""
    name = lamb.create_python(source)
    configure(lamb, name, LogFormat="JSON", ApplicationLogLevel="ERROR")
    log = lamb.invoke(name, LogType="Tail").log
    assert "enough" in log
    assert "too much" not in log


@pytest.mark.skipif(
    packages.node_major() not in (16, 18, 20, 22, 24), reason="no node that is a Lambda runtime"
)
def test_node_logs_json(lamb):
    source = """exports.handler = async () => {
    console.debug('quiet');
    console.info('hello', 1);
    process.stdout.write('raw\\n');
    throw new RangeError('outside');
};
"""
    name = lamb.create_node(source, runtime=f"nodejs{packages.node_major()}.x")
    configure(lamb, name, LogFormat="JSON")
    answer = lamb.invoke(name, LogType="Tail")
    assert "raw" in answer.log.splitlines()
    lines = [json.loads(line) for line in answer.log.splitlines() if '"level"' in line]
    assert [(line["level"], line["requestId"]) for line in lines] == [
        ("INFO", answer.request_id),
        ("ERROR", answer.request_id),
    ]
    assert lines[0]["message"] == "hello 1"
    assert lines[1]["message"]["errorType"] == "RangeError"
    assert "outside" in lines[1]["message"]["stackTrace"][0]


def test_text_is_as_it_was(lamb):
    name = lamb.create_python(LEVELS_PY)
    configure(lamb, name, LogFormat="JSON", ApplicationLogLevel="FATAL", SystemLogLevel="WARN")
    configure(lamb, name, LogFormat="Text")
    log = lamb.invoke(name, LogType="Tail").log
    assert log.startswith("START RequestId: ")
    assert "[WARNING]" in log
    assert "printed" in log
    assert not records(log)


# ---- log groups ----


def group(lamb, name, *flags):
    return lamb.daemon.run_cli(
        "logs", "--data-dir", str(lamb.daemon.data_dir), "--group", name, *flags, check=False
    ).stdout


SAYING_PY = "def handler(event, context):\n    print('said', event, context.log_stream_name)\n"


def test_functions_share_a_group(lamb):
    names = [lamb.create_python(SAYING_PY) for _ in range(2)]
    for name in names:
        configure(lamb, name, LogGroup="/team/own")
        lamb.invoke(name, name)
    for name in names:
        text = wait_until(lambda: "REPORT" in lamb.logs(name) and lamb.logs(name), 5, "written")
        assert f"said {name} " in text, "found by its function"
        assert text.count("said ") == 1
    text = group(lamb, "/team/own")
    assert text.count("REPORT") == 2
    for name in names:
        found = re.search(rf"{STAMP} (\S+) said {name} (\S+)\n", text)
        assert found.group(1) == found.group(2)
        assert re.fullmatch(
            rf"\d{{4}}/\d\d/\d\d/{name}\[\$LATEST\][0-9a-f]{{32}}", found.group(1)
        ), "in a shared group streams name the function"
    files = sorted(path.name for path in lamb.daemon.data_dir.rglob("*team*"))
    assert files == ["@+team+own.log"]


def test_the_group_of_another_function(lamb):
    first, second = (lamb.create_python(SAYING_PY) for _ in range(2))
    configure(lamb, second, LogGroup=f"/aws/lambda/{first}")
    lamb.invoke(first, "one")
    lamb.invoke(second, "two")
    text = wait_until(
        lambda: group(lamb, f"/aws/lambda/{first}").count("REPORT") == 2 and lamb.logs(first), 5, "written"
    )
    assert "said one" in text
    assert "said two" not in text, "the function's log has the function's lines alone"
    assert "said two" in group(lamb, f"/aws/lambda/{first}")


def test_a_change_of_group_keeps_both_parts(lamb):
    name = lamb.create_python(SAYING_PY)
    lamb.invoke(name, "before")
    configure(lamb, name, LogGroup="elsewhere")
    lamb.invoke(name, "after")
    text = wait_until(lambda: "said after" in lamb.logs(name) and lamb.logs(name), 5, "written")
    assert "said before" in text
    assert "said before" not in group(lamb, "elsewhere")
    assert "said after" not in group(lamb, f"/aws/lambda/{name}")


@pytest.mark.parametrize("by", ["function", "group"])
def test_following_a_group_that_is_not_there_yet(lamb, by):
    name = lamb.create_python(SAYING_PY)
    configure(lamb, name, LogGroup=f"/late/{by}")
    words = [name] if by == "function" else ["--group", f"/late/{by}"]
    follower = subprocess.Popen(
        [lamb.daemon.program, "logs", "--data-dir", str(lamb.daemon.data_dir), "-f", *words],
        stdout=subprocess.PIPE, text=True, env=clean_environment(),
    )  # fmt: skip
    try:
        for event in ("first", "second"):
            lamb.invoke(name, event)
            for line in follower.stdout:
                if f"said {event}" in line:
                    break
            assert f"said {event}" in line
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()


def test_a_group_cannot_leave_the_directory(lamb):
    name = lamb.create_python(SAYING_PY)
    configure(lamb, name, LogGroup="/../../../" + "x" * 400)
    lamb.invoke(name, "here")
    wait_until(lambda: "said here" in lamb.logs(name), 5, "written")
    (path,) = lamb.daemon.data_dir.rglob("*xxxx*.log")
    assert path.parent.parent == lamb.daemon.data_dir / "logs"


def test_logs_of_no_group(lamb):
    for words in (["--group", "/nowhere"], ["nowhere"], []):
        done = lamb.daemon.run_cli("logs", "--data-dir", str(lamb.daemon.data_dir), *words, check=False)
        assert done.returncode != 0
        assert "nowhere" in done.stderr or "usage" in done.stderr
