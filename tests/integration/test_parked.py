"""Parked runtimes: environments whose interpreter had started before their function was known."""

import os
import signal
import subprocess
import time

import pytest

from support import packages, processes, settings
from support.layers import Layers
from support.waiting import wait_until

NODE = packages.node_major()
RUNTIMES = [
    "python3.11",
    pytest.param(
        f"nodejs{NODE}.x",
        marks=pytest.mark.skipif(NODE not in (16, 18, 20, 22, 24), reason="no node that is a Lambda runtime"),
    ),
]

# Every function here tells whether its runtime was parked: what its process was started with says so.
TELL_PYTHON = """
import os, sys
def was_parked():
    return b"_LAMB_HANDOVER_FD=" in open("/proc/self/environ", "rb").read()
def handler(event, context):
    return {"parked": was_parked(), "variables": dict(os.environ), "folder": os.getcwd(),
            "argv": sys.argv, "executable": sys.executable}
"""
TELL_NODE = """
const fs = require('fs');
exports.wasParked = () => fs.readFileSync('/proc/self/environ').includes('_LAMB_HANDOVER_FD=');
exports.handler = async () => ({
    parked: exports.wasParked(), variables: { ...process.env }, folder: process.cwd(), argv: process.argv,
});
"""
FILES = {"python3.11": {"app.py": TELL_PYTHON}, f"nodejs{NODE}.x": {"app.js": TELL_NODE}}


@pytest.fixture
def lamb(new_daemon):
    return new_daemon(*settings.parked_runtimes(2))


def parked_processes(lamb):
    return [pid for pid in processes.descendants(lamb.daemon.pid) if processes.is_parked(pid)]


def wait_parked(lamb, count=1):
    wait_until(lambda: len(parked_processes(lamb)) >= count, 10, "an interpreter is parked")
    # What is seen from outside may still be on its way to the daemon.
    time.sleep(0.3)


def create(lamb, runtime="python3.11", files=None, **fields):
    """A function whose first call finds a parked runtime."""
    zip_file = packages.zip_files(dict(FILES[runtime], **(files or {})))
    name = lamb.create(zip_file, runtime=runtime, **fields)
    wait_parked(lamb)
    return name


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_parked_environment_is_like_a_plain_one(lamb, new_daemon, runtime):
    plain_lamb = new_daemon(*settings.parked_runtimes(0))
    fields = {"Environment": {"Variables": {"OWN": "é", "NODE_ENV": "production"}}, "Timeout": 20}
    parked = lamb.invoke(create(lamb, runtime, name="same", **fields)).json
    plain_name = plain_lamb.create(
        packages.zip_files(FILES[runtime]), runtime=runtime, name="same", **fields
    )
    plain = plain_lamb.invoke(plain_name).json
    assert (parked.pop("parked"), plain.pop("parked")) == (True, False)
    for got in (parked, plain):
        for name in (
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "_X_AMZN_TRACE_ID",
        ):
            got["variables"].pop(name, None)
    assert parked == plain


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_one_runtime_serves_one_environment(lamb, runtime):
    first, second = create(lamb, runtime), create(lamb, runtime)
    wait_parked(lamb)
    assert lamb.invoke(first).json["parked"]
    wait_parked(lamb)
    variables = lamb.invoke(second).json["variables"]
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == second
    assert first not in str(variables)


def test_the_stock_is_refilled_and_bounded(lamb):
    names = [create(lamb) for _ in range(4)]
    for name in names:
        assert lamb.invoke(name).json["parked"]
        wait_parked(lamb)
    wait_until(lambda: len(parked_processes(lamb)) == 2, 10, "the stock has grown to its bound")
    time.sleep(1)
    assert len(parked_processes(lamb)) == 2


def test_its_limits_are_the_functions(lamb):
    source = """
import os
def handler(event, context):
    size = os.statvfs("/tmp")
    block = b"x" * (event["mb"] << 20)
    from app import was_parked
    return {"parked": was_parked(), "tmp_mb": size.f_blocks * size.f_frsize >> 20}
"""
    fields = {"handler": "big.handler", "files": {"big.py": source}}
    large = create(lamb, MemorySize=512, EphemeralStorage={"Size": 1024}, **fields)
    assert lamb.invoke(large, {"mb": 300}).json == {"parked": True, "tmp_mb": 1024}
    small = create(lamb, MemorySize=160, Timeout=30, **fields)
    assert lamb.invoke(small, {"mb": 100}).json == {"parked": True, "tmp_mb": 512}
    answer = lamb.invoke(small, {"mb": 300})
    assert answer.json["errorType"] == "Runtime.ExitError"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A shared library that answers 42."""
    path = tmp_path_factory.mktemp("library")
    (path / "answer.c").write_text("int answer(void) { return 42; }")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", path / "libanswer.so", path / "answer.c"], check=True, timeout=60
    )
    return (path / "libanswer.so").read_bytes()


LIBRARY_USER = """
import ctypes
from app import was_parked
def handler(event, context):
    return [was_parked(), ctypes.CDLL("libanswer.so").answer()]
"""


def test_libraries_beside_the_code(lamb, library):
    files = {"use.py": LIBRARY_USER, "lib/libanswer.so": library}
    assert lamb.invoke(create(lamb, files=files, handler="use.handler")).json == [True, 42]


def test_libraries_and_modules_of_layers(lamb, library):
    layers = Layers(lamb)
    arn = layers.arn({"lib/libanswer.so": library, "python/layered.py": "VALUE = 7"})
    source = LIBRARY_USER.replace("return [", "import layered\n    return [layered.VALUE, ")
    name = create(lamb, files={"use.py": source}, handler="use.handler", Layers=[arn])
    assert lamb.invoke(name).json == [7, True, 42]


@pytest.mark.skipif(NODE not in (16, 18, 20, 22, 24), reason="no node that is a Lambda runtime")
@pytest.mark.parametrize("form", ["js", "mjs"])
def test_modules_of_layers_in_node(lamb, form):
    arn = Layers(lamb).arn({"nodejs/node_modules/layered/index.js": "exports.value = 7;"})
    source = {
        "js": "exports.handler = async () => [require('./app').wasParked(), require('layered').value];",
        "mjs": "import { createRequire } from 'module';\nconst require = createRequire(import.meta.url);\n"
        "export const handler = async () => [require('./app').wasParked(), require('layered').value];",
    }[form]
    name = create(
        lamb, f"nodejs{NODE}.x", files={f"use.{form}": source}, handler="use.handler", Layers=[arn]
    )
    assert lamb.invoke(name).json == [True, 7]


def test_modules_of_the_function_win(lamb):
    source = "import json\ndef handler(event, context): return json.NAME"
    files = {"use.py": source, "json.py": "NAME = 'own'"}
    assert lamb.invoke(create(lamb, files=files, handler="use.handler")).json == "own"


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONPATH": "/var/task/more"}, {"LD_LIBRARY_PATH": "/var/task/more"}, {"TZ": "Asia/Tokyo"}],
)
def test_variables_that_are_read_at_the_start(lamb, variables):
    name = create(lamb, Environment={"Variables": variables})
    got = lamb.invoke(name).json
    assert not got["parked"]
    assert got["variables"].items() >= variables.items()


def test_failures_of_the_code(lamb):
    name = create(lamb, files={"bad.py": "import nowhere"}, handler="bad.handler")
    answer = lamb.invoke(name)
    assert answer.json["errorType"] == "Runtime.ImportModuleError"
    assert answer.json["errorMessage"] == "Unable to import module 'bad': No module named 'nowhere'"


def test_one_that_dies_is_replaced_and_missed_by_nobody(lamb):
    name = create(lamb)
    victims = parked_processes(lamb)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: "parked.failed" in lamb.daemon.stderr(), 10, "the death was noticed")
    assert "parked" in lamb.invoke(name).json
    wait_until(lambda: set(parked_processes(lamb)) - set(victims), 10, "it is replaced")


def test_none(new_daemon):
    lamb = new_daemon(*settings.parked_runtimes(0))
    name = lamb.create(packages.zip_files(FILES["python3.11"]), runtime="python3.11")
    assert not lamb.invoke(name).json["parked"]
    assert not parked_processes(lamb)
