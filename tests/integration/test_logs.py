"""Function logs: the platform's lines, what functions print, `lamb logs`, following live, rotation."""

import json
import re
import subprocess

import pytest

from support import packages, settings
from support.daemon import clean_environment
from support.waiting import wait_until

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
REPORT = re.compile(
    rf"REPORT RequestId: ({UUID})\tDuration: (\d+\.\d\d) ms\tBilled Duration: (\d+) ms\t"
    r"Memory Size: (\d+) MB\tMax Memory Used: (\d+) MB\t(?:Init Duration: (\d+\.\d\d) ms\t)?"
)


class Report:
    """A REPORT line as numbers."""

    def __init__(self, text):
        found = REPORT.search(text)
        assert found, text
        self.request_id = found.group(1)
        self.duration_ms = float(found.group(2))
        self.billed_ms = int(found.group(3))
        self.memory_mb = int(found.group(4))
        self.used_mb = int(found.group(5))
        self.init_ms = float(found.group(6)) if found.group(6) else None


def tail(answer):
    return answer.log.split("\n")


def test_lines_around_a_call(lamb):
    name = lamb.create_python("def handler(event, context):\n    print('hello')\n")
    answer = lamb.invoke(name, LogType="Tail")
    start = f"START RequestId: {answer.request_id} Version: $LATEST"
    lines = tail(answer)
    at = lines.index(start)
    assert lines[at + 1] == "hello"
    assert lines[at + 2] == f"END RequestId: {answer.request_id}"
    assert REPORT.fullmatch(lines[at + 3])
    assert lines[at + 4 :] == [""]


def test_init_start_line(lamb):
    """The first line of every environment; it belongs to no invocation."""
    name = lamb.create_python("print('loading')\ndef handler(event, context):\n    pass\n")
    tails = [lamb.invoke(name, LogType="Tail").log for _ in range(2)]
    lamb.update_configuration(name, Timeout=4)
    tails.append(lamb.invoke(name, LogType="Tail").log)
    text = wait_until(lambda: lamb.logs(name).count("REPORT") == 3 and lamb.logs(name), 5, "written")
    lines = [line.split(" ", 2)[2] for line in text.splitlines()]
    path = f"/2015-03-31/functions/{name}/configuration"
    arn = json.loads(lamb.request("GET", path).body)["RuntimeVersionConfig"]["RuntimeVersionArn"]
    assert re.fullmatch(r"arn:aws:lambda:[a-z0-9-]+::runtime:[0-9a-f]{64}", arn)
    expected = f"INIT_START Runtime Version: python:3.11.v1\tRuntime Version ARN: {arn}"
    assert [line for line in lines if "INIT_START" in line] == [expected] * 2
    assert lines[:2] == [expected, "loading"]
    assert not any("INIT_START" in tail for tail in tails)


def test_start_line_names_the_version(lamb):
    name = lamb.create_python(packages.ECHO_PY, Publish=True)
    wait_until(
        lambda: lamb.configuration(name, Qualifier="1")["State"] == "Active", 10, "version 1 is active"
    )
    answer = lamb.invoke(name, {}, Qualifier="1", LogType="Tail")
    assert f"START RequestId: {answer.request_id} Version: 1\n" in answer.log


def test_report_of_a_cold_and_a_warm_call(lamb):
    source = "import time\ntime.sleep(0.3)\ndef handler(event, context):\n    time.sleep(0.2)\n"
    name = lamb.create_python(source, MemorySize=192)
    cold, warm = (Report(lamb.invoke(name, LogType="Tail").log) for _ in range(2))
    assert cold.memory_mb == warm.memory_mb == 192
    assert 300 <= cold.init_ms < 3000
    assert warm.init_ms is None
    assert 200 <= warm.duration_ms < 700
    assert 200 <= cold.duration_ms < 700, "the time of init is not the call's"
    assert warm.billed_ms in (int(warm.duration_ms) + 1, int(warm.duration_ms))
    assert cold.billed_ms >= cold.duration_ms + cold.init_ms, "init is billed too"


def test_max_memory_used_is_true(lamb):
    body = """size_t size = (size_t)atol(event->data) << 20;
    volatile char *data = malloc(size);
    for (size_t i = 0; i < size; i += 4096)
        data[i] = 7;
    lamb_respondf(response, "%d", data[4096]);
    free((void *)data);"""
    name = lamb.create_c(body, MemorySize=256)
    small = Report(lamb.invoke(name, 1, LogType="Tail").log).used_mb
    large = Report(lamb.invoke(name, 150, LogType="Tail").log).used_mb
    assert small < 32
    assert 150 <= large < 190


def test_both_streams_and_partial_lines(lamb):
    source = r"""import os, sys
def handler(event, context):
    os.write(1, b'to stdout\n')
    os.write(2, b'to stderr\n')
    os.write(1, b'first half, ')
    os.write(1, b'second half\n')
"""
    answer = lamb.invoke(lamb.create_python(source), LogType="Tail")
    lines = tail(answer)
    at = lines.index(f"START RequestId: {answer.request_id} Version: $LATEST")
    assert lines[at + 1 : at + 4] == ["to stdout", "to stderr", "first half, second half"]


def test_line_without_a_newline_belongs_to_the_call_that_wrote_it(lamb):
    name = lamb.create_python("import os\ndef handler(event, context):\n    os.write(1, b'not ended')\n")
    answer = lamb.invoke(name, LogType="Tail")
    assert f"not ended\nEND RequestId: {answer.request_id}\n" in answer.log
    assert lamb.invoke(name, LogType="Tail").log.count("not ended") == 1


def test_output_of_init_is_in_the_log(lamb):
    name = lamb.create_python(
        "print('while loading')\ndef handler(event, context):\n    print('in the call')\n"
    )
    lamb.invoke(name)
    text = wait_until(lambda: "REPORT" in lamb.logs(name) and lamb.logs(name), 5, "the log is written")
    assert text.index("while loading") < text.index("START RequestId") < text.index("in the call")


def test_logger_of_python(lamb):
    source = """import logging
logger = logging.getLogger()
logger.setLevel('INFO')
def handler(event, context):
    logger.info('an info')
"""
    answer = lamb.invoke(lamb.create_python(source), LogType="Tail")
    pattern = rf"\[INFO\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{answer.request_id}\tan info"
    assert any(re.fullmatch(pattern, line) for line in tail(answer)), answer.log


@pytest.mark.skipif(
    packages.node_major() not in (16, 18, 20, 22, 24), reason="no node that is a Lambda runtime"
)
def test_console_of_node(lamb):
    source = "exports.handler = async () => { console.log('a log', 1); console.error('an error'); };\n"
    name = lamb.create_node(source, runtime=f"nodejs{packages.node_major()}.x")
    answer = lamb.invoke(name, LogType="Tail")
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    for level, message in (("INFO", "a log 1"), ("ERROR", "an error")):
        pattern = rf"{time}\t{answer.request_id}\t{level}\t{message}"
        assert any(re.fullmatch(pattern, line) for line in tail(answer)), answer.log


def test_log_file_has_time_stream_and_text(lamb):
    name = lamb.create_python(
        "def handler(event, context):\n    print('hello', context.log_stream_name)\n"
    )
    lamb.invoke(name)
    pattern = (
        r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}) hello (\S+)"
    )
    found = wait_until(lambda: re.search(pattern, lamb.logs(name)), 5, "the line is in the file")
    assert found.group(2) == found.group(3)


def test_environments_have_streams_of_their_own(lamb):
    name = lamb.create_python("def handler(event, context):\n    return context.log_stream_name\n")
    first = lamb.invoke(name).json
    assert lamb.invoke(name).json == first
    lamb.update_configuration(name, Timeout=4)
    assert lamb.invoke(name).json != first


def test_lines_are_written_as_they_happen(lamb):
    """`lamb logs -f` shows a line while the call that printed it still runs."""
    source = """import time
def handler(event, context):
    print('early line', flush=True)
    time.sleep(4)
    print('late line', flush=True)
"""
    name = lamb.create_python(source, Timeout=30)
    command = [lamb.daemon.program, "logs", "--data-dir", str(lamb.daemon.data_dir), "-f", name]
    call = subprocess.Popen(
        ["/usr/bin/python3", "-c", CALLER, lamb.daemon.url, name],
        env=clean_environment(lamb.daemon.keys), stdout=subprocess.PIPE,
    )  # fmt: skip
    wait_until(lambda: "START RequestId" in lamb.logs(name), 20, "the call has begun")
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment())
    try:
        seen = []
        for line in follower.stdout:
            seen.append(line)
            if "early line" in line:
                assert call.poll() is None, "the call ended before its first line was shown"
            if "REPORT RequestId" in line:
                break
        assert any("late line" in line for line in seen)
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()
        call.wait()
        call.stdout.close()
    assert call.returncode == 0


CALLER = """import sys, boto3
client = boto3.client('lambda', endpoint_url=sys.argv[1])
assert client.invoke(FunctionName=sys.argv[2])['StatusCode'] == 200
"""


def test_logs_of_a_function_that_never_ran(lamb):
    done = lamb.daemon.run_cli("logs", "--data-dir", str(lamb.daemon.data_dir), "nowhere", check=False)
    assert done.returncode != 0
    assert "nowhere" in done.stderr


def test_long_line(lamb):
    name = lamb.create_python(
        "def handler(event, context):\n    print('x' * 300000)\n    print('after')\n"
    )
    lamb.invoke(name)
    wait_until(lambda: "REPORT" in lamb.logs(name), 5, "written")
    text = lamb.logs(name)
    assert text.count("x" * 1000) >= 290
    assert "after" in text


def test_bytes_of_any_kind_do_not_forge_lines(lamb):
    """What looks like a platform line is told apart by its stream and time; terminals are not driven."""
    source = "import os\ndef handler(event, context):\n    os.write(1, bytes(range(256)) * 4 + b'\\n')\n"
    name = lamb.create_python(source)
    answer = lamb.request(
        "POST", f"/2015-03-31/functions/{name}/invocations", "{}", headers={"X-Amz-Log-Type": "Tail"}
    )
    assert answer.status == 200
    assert "x-amz-log-result" in answer.headers


def test_function_that_floods_the_log(lamb):
    source = """import os
line = b'y' * 1023 + b'\\n'
def handler(event, context):
    for _ in range(20 * 1024):
        os.write(1, line)
    return 'done'
"""
    name = lamb.create_python(source, Timeout=60)
    answer = lamb.invoke(name, LogType="Tail")
    assert answer.json == "done"
    assert "REPORT RequestId" in answer.log
    assert lamb.invoke(lamb.create_bash("echo 7"), {}).json == 7, "others are served on"


def test_rotation(new_daemon):
    lamb = new_daemon(*settings.log_files_of_1_mb(2))
    source = "def handler(event, context):\n    for i in range(700):\n        print(event, 'z' * 1000)\n"
    name = lamb.create_python(source, Timeout=30)
    for number in range(6):
        lamb.invoke(name, number)
    wait_until(lambda: lamb.logs(name).count("REPORT") >= 1 and "5 zzz" in lamb.logs(name), 10, "written")
    files = sorted(path for path in (lamb.daemon.data_dir).rglob(f"{name}.log*"))
    assert [path.name for path in files] == [f"{name}.log", f"{name}.log.1"]
    sizes = [path.stat().st_size for path in files]
    assert all(size < 4 * 1024 * 1024 for size in sizes), sizes
    assert "0 zzz" not in lamb.logs(name), "the oldest lines are gone"


def test_logs_survive_a_restart(new_daemon):
    lamb = new_daemon()
    name = lamb.create_python("def handler(event, context):\n    print('before')\n")
    lamb.invoke(name)
    lamb.close()
    lamb.daemon.stop_and_check()
    assert "before" in lamb.logs(name), "reading needs no daemon; stopping wrote everything"
    assert "REPORT" in lamb.logs(name)
    lamb.daemon.start()
    lamb.invoke(name)
    wait_until(lambda: lamb.logs(name).count("before") == 2, 5, "appended")


def test_deleted_function_leaves_its_log(lamb):
    """As on AWS, where the log group stays."""
    name = lamb.create_python("def handler(event, context):\n    print('was here')\n")
    lamb.invoke(name)
    wait_until(lambda: "was here" in lamb.logs(name), 5, "written")
    lamb.client.delete_function(FunctionName=name)
    assert "was here" in lamb.logs(name)
