"""What is particular to runtimes that were started before their function was known. That they behave as
others do is shown by the tests of the runtimes, which run both ways."""

import os
import pathlib
import re

import pytest

from conftest import ENVIRONMENT, NODES, PYTHONS, Parked
from fake_api import FakeApi

HANDLERS = {
    "python": (
        "app.py",
        """
import os, subprocess, sys
def handler(event, context):
    return {
        "variables": dict(os.environ),
        "inherited": subprocess.check_output(["/usr/bin/env", "-0"]).decode().split("\\0")[:-1],
        "folder": os.getcwd(),
        "descriptors": sorted(os.readlink("/proc/self/fd/" + fd) for fd in os.listdir("/proc/self/fd")
                              if os.path.exists("/proc/self/fd/" + fd)),
        "argv": sys.argv,
    }
""",
    ),
    "nodejs": (
        "app.js",
        """
const fs = require('fs');
exports.handler = async () => ({
    variables: { ...process.env },
    inherited: require('child_process').execFileSync('/usr/bin/env', ['-0']).toString().split('\\0')
        .slice(0, -1),
    folder: process.cwd(),
    descriptors: fs.readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
            return [fs.readlinkSync(`/proc/self/fd/${fd}`)];
        } catch {
            return [];
        }
    }),
    argv: process.argv.slice(1),
});
""",
    ),
}


@pytest.fixture(params=["python", "nodejs"])
def language(request):
    return request.param


@pytest.fixture
def argv(language, runtimes):
    if language == "python":
        return [PYTHONS[0], "-S", str(runtimes / "python" / "lambda_bootstrap.py")]
    return [NODES[0], "--max-http-header-size=81920", str(runtimes / "nodejs" / "index.cjs")]


@pytest.fixture
def variables(api, language, tmp_path):
    """Of a function that tells what it sees. Its folder is made when it is asked for, as in a sandbox."""
    name, text = HANDLERS[language]
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / name).write_text(text)
    return dict(
        ENVIRONMENT,
        AWS_LAMBDA_RUNTIME_API=api.address,
        LAMBDA_TASK_ROOT=str(folder),
        _HANDLER="app.handler",
        OWN="é=\n x",
        EMPTY="",
    )


@pytest.fixture
def park(argv):
    started = []

    def start(variables):
        started.append(Parked(argv, variables))
        return started[-1]

    yield start
    for parked in started:
        parked.process.stop()


def test_its_environment_is_the_functions_alone(api, park, variables):
    parked = park(dict(ENVIRONMENT, PATH="/nowhere"))
    parked.wait_ready()
    parked.hand_over(variables)
    got = api.invoke().json
    assert got["variables"] == variables
    assert sorted(got["inherited"]) == sorted("%s=%s" % item for item in variables.items())
    assert got["folder"] == variables["LAMBDA_TASK_ROOT"]


def test_a_plain_start_sees_the_same(api, park, start, argv, variables):
    folder = variables["LAMBDA_TASK_ROOT"]
    process = start(argv, {}, "app.handler", **without_underscores(variables))
    plain = api.invoke().json
    process.stop()
    other_api = FakeApi()
    parked = park(ENVIRONMENT)
    parked.wait_ready()
    parked.hand_over(dict(variables, AWS_LAMBDA_RUNTIME_API=other_api.address))
    after_parking = other_api.invoke().json
    parked.process.stop()
    other_api.close()
    for got in (plain, after_parking):
        assert got["folder"] == folder
        del got["variables"], got["inherited"]  # Shown by the test before.
        # Numbers in "pipe:[1234]" are those of the process.
        got["descriptors"] = sorted(re.sub(r"[0-9]+", "N", name) for name in got["descriptors"])
    assert plain == after_parking


def without_underscores(variables):
    return {name: value for name, value in variables.items() if not name.startswith("_")}


def test_variables_that_come_before_it_is_ready(api, park, variables):
    park(ENVIRONMENT).hand_over(variables)
    assert api.invoke().json["variables"] == variables


def test_as_many_variables_as_there_may_be(api, park, variables):
    variables["LONG"] = "x" * 60000
    parked = park(ENVIRONMENT)
    parked.wait_ready()
    parked.hand_over(variables)
    assert api.invoke().json["variables"] == variables


def test_it_ends_quietly_when_nobody_claims_it(park):
    parked = park(ENVIRONMENT)
    parked.wait_ready()
    parked.forget()
    assert parked.process.wait() == 0
    assert parked.process.output() == ""


def test_waiting_costs_no_processor_time(park):
    parked = park(ENVIRONMENT)
    parked.wait_ready()
    state = pathlib.Path("/proc/%d/wchan" % parked.process.popen.pid)
    status = pathlib.Path("/proc/%d/status" % parked.process.popen.pid)
    for _ in range(100):
        if "State:\tS" in status.read_text():
            break
        os.sched_yield()
    assert "State:\tS" in status.read_text(), state.read_text()


def test_a_module_of_the_function_wins_over_a_loaded_one(api, run_python):
    run_python(
        "import json, logging\ndef handler(event, context): return [json.NAME, logging.__name__]",
        files={"json.py": "NAME = 'own'"},
    )
    outcome = api.invoke()
    assert outcome.json == ["own", "logging"]


def test_a_package_of_the_function_wins_over_a_loaded_one(api, run_python):
    run_python(
        "import uuid\ndef handler(event, context): return uuid.NAME",
        files={"uuid/__init__.py": "NAME = 'own'"},
    )
    assert api.invoke().json == "own"
