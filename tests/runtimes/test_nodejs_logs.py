"""The Node.js runtime: the console."""

import json
import os
import re
import time

import pytest

FIRST_ID = "8476a536-e9f4-11e8-9739-2dfe598c0001"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def run(run_nodejs):
    return run_nodejs


CONSOLE = """
    console.warn('at start');
    exports.handler = async () => {
        console.log('two\\nlines %d %j', 7, { a: 1 }, 'é');
        for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) console[level](level);
        process.stdout.write('raw\\n');
    };
"""


def test_text_logs(api, run):
    process = run(CONSOLE)
    api.invoke()
    lines = process.output().splitlines()
    assert re.fullmatch(STAMP + r"\tundefined\tWARN\tat start", lines[0])
    assert re.fullmatch(STAMP + r"\t%s\tINFO\ttwo" % FIRST_ID, lines[1])
    assert lines[2] == 'lines 7 {"a":1} é'
    levels = ["trace", "debug", "info", "warn", "error", "fatal"]
    assert [line.split("\t")[2:] for line in lines[3:-1]] == [[level.upper(), level] for level in levels]
    assert lines[-1] == "raw"


def test_json_logs(api, run):
    process = run(
        """
        exports.handler = async () => {
            console.info({ a: [1] });
            console.log('text %s', 'ü');
            console.error('failed', new RangeError('inner'));
            console.error(Object.assign(new Error('alone'), { code: 'E1' }));
            const ring = { name: 'ring' }; ring.ring = ring;
            console.log(ring);
            console.log();
        };
        """,
        AWS_LAMBDA_LOG_FORMAT="JSON",
    )
    api.invoke(Aws_Tenant_Id="t")
    records = [json.loads(line) for line in process.output().splitlines()]
    assert all(re.fullmatch(STAMP, record.pop("timestamp")) for record in records)
    assert records[0] == {"level": "INFO", "requestId": FIRST_ID, "tenantId": "t", "message": {"a": [1]}}
    assert records[1]["message"] == "text ü"
    assert (records[2]["errorType"], records[2]["errorMessage"]) == ("RangeError", "inner")
    assert records[2]["message"].startswith("failed RangeError: inner\n")
    assert "app.js" in records[2]["stackTrace"][1]
    assert records[3]["message"]["errorMessage"] == "alone"
    assert records[3]["message"]["code"] == "E1"
    assert "[Circular *1]" in records[4]["message"]
    assert records[5]["message"] == ""


@pytest.mark.parametrize("form", ["JSON", "Text"])
@pytest.mark.parametrize(
    "level, count", [("TRACE", 6), ("debug", 5), ("INFO", 4), ("WARN", 3), ("FATAL", 1), ("x", 6)]
)
def test_log_level(api, run, form, level, count):
    process = run(
        "exports.handler = async () => { for (const m of ['trace','debug','log','warn','error','fatal'])"
        " console[m](m) };",
        AWS_LAMBDA_LOG_FORMAT=form,
        AWS_LAMBDA_LOG_LEVEL=level,
    )
    api.invoke()
    assert len(process.output().splitlines()) == count


def test_json_log_of_an_error(api, run):
    source = "exports.handler = async () => { throw new RangeError('é') };"
    process = run(source, AWS_LAMBDA_LOG_FORMAT="JSON")
    outcome = api.invoke()
    record = json.loads(process.output())
    assert (record["level"], record["requestId"]) == ("ERROR", FIRST_ID)
    assert record["message"] == {
        "errorType": "RangeError",
        "errorMessage": "é",
        "stackTrace": outcome.json["trace"],
    }


def test_framed_logs(api, run):
    reader, writer = os.pipe()
    process = run(
        "console.log('é\\nx'); exports.handler = async () => process.env._LAMBDA_TELEMETRY_LOG_FD ?? null;",
        pass_fds=(writer,),
        _LAMBDA_TELEMETRY_LOG_FD=str(writer),
    )
    os.close(writer)
    assert api.invoke().json is None
    data = os.read(reader, 1 << 16)
    os.close(reader)
    assert data[:4].hex() == "a55a000f"
    assert int.from_bytes(data[4:8], "big") == len(data) - 16
    assert abs(int.from_bytes(data[8:16], "big") / 1e6 - time.time()) < 60
    assert data.endswith("\tINFO\té\nx".encode())
    assert process.output() == ""


def test_a_full_log_pipe_loses_nothing(api, run):
    process = run(
        "process.stdout; exports.handler = async () => "
        "{ for (let i = 0; i < 5000; i++) console.log('x'.repeat(50)) };"
    )
    api.send_event()
    seen = ""
    deadline = time.monotonic() + 20
    while seen.count("\n") < 5000 and time.monotonic() < deadline:
        seen = process.output()
    assert seen.count("\n") == 5000
    assert api.outcomes.get(timeout=20).kind == "response"
