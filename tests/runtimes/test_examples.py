"""The examples do what their files say, built as their READMEs say."""

import json
import re
import shutil
import subprocess

import pytest

from conftest import SOURCE

EXAMPLES = SOURCE / "examples"
EVENT = b'{"name":"Zo\xc3\xab"}'
GREETING = {"greeting": "Hello, Zoë!"}


def build_c(folder, program, name, example="c"):
    """The command of its README.md, for another place and without insisting on musl."""
    shutil.copytree(EXAMPLES / example, folder / "examples" / example)
    (folder / "runtimes").symlink_to(SOURCE / "runtimes")
    readme = (EXAMPLES / example / "README.md").read_text()
    command = re.search(r"^musl-gcc .*$", readme, re.MULTILINE).group()
    if shutil.which("musl-gcc") is None:
        command = command.replace("musl-gcc", "gcc")
    command = command.replace("hello.c", name)
    command = command.replace("-o bootstrap", "-Wall -Wextra -Werror -o %s" % program)
    subprocess.run(command, shell=True, cwd=folder / "examples" / example, check=True)


def test_c_hello(api, start, tmp_path):
    build_c(tmp_path, tmp_path / "bootstrap", "hello.c")
    process = start([tmp_path / "bootstrap"], {}, "hello")
    assert api.invoke(EVENT).json == GREETING
    assert " ms\n" in process.output()
    assert api.invoke(b"{}").json["errorType"] == "Function.NoName"


def test_c_echo(api, start, tmp_path):
    build_c(tmp_path, tmp_path / "bootstrap", "echo.c")
    start([tmp_path / "bootstrap"], {}, "echo")
    assert api.invoke(EVENT).body == EVENT


def test_python(api, start, runtimes):
    argv = ["/usr/bin/python3", "-S", runtimes / "python" / "lambda_bootstrap.py"]
    environment = {"LAMBDA_TASK_ROOT": str(EXAMPLES / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    process = start(argv, {}, "app.handler", **environment)
    assert api.invoke(EVENT).json == GREETING
    assert process.output().startswith("[INFO]\t")
    assert api.invoke(b"{}").json["errorType"] == "KeyError"


@pytest.mark.parametrize("folder", ["esm", "commonjs"])
def test_nodejs(api, start, runtimes, folder):
    argv = ["/usr/bin/node", runtimes / "nodejs" / "index.cjs"]
    process = start(argv, {}, "index.handler", LAMBDA_TASK_ROOT=str(EXAMPLES / "nodejs" / folder))
    assert api.invoke(EVENT).json == GREETING
    assert "\tINFO\t" in process.output()
    assert api.invoke(b"{}").json["errorType"] == "TypeError"


@pytest.mark.parametrize("language", ["c", "python", "nodejs"])
def test_streaming(api, start, runtimes, tmp_path, language):
    environment = {"LAMBDA_TASK_ROOT": str(EXAMPLES / "streaming"), "PYTHONDONTWRITEBYTECODE": "1"}
    if language == "c":
        argv = [tmp_path / "bootstrap"]
        build_c(tmp_path, tmp_path / "bootstrap", "counter.c", "streaming")
    elif language == "python":
        argv = ["/usr/bin/python3", "-S", runtimes / "python" / "lambda_bootstrap.py"]
    else:
        argv = ["/usr/bin/node", runtimes / "nodejs" / "index.cjs"]
    start(argv, {}, "counter.handler", PAUSE_MS="1", **environment)
    outcome = api.invoke()
    prelude, body = outcome.body.split(bytes(8))
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    metadata = json.loads(prelude)
    assert (metadata["statusCode"], metadata["headers"]) == (200, headers)
    assert body.decode() == "".join("data: %d\n\n" % number for number in range(1, 11))
    chunks = [api.chunks.get(timeout=1) for _ in range(api.chunks.qsize())]
    assert chunks[-10:] == [b"data: %d\n\n" % number for number in range(1, 11)]


def test_bash(api, start):
    folder = EXAMPLES / "bash"
    process = start([folder / "bootstrap"], {}, "function.greet", LAMBDA_TASK_ROOT=str(folder))
    for _ in range(3):
        outcome = api.invoke(EVENT, Trace_Id="Root=1")
        assert (outcome.kind, outcome.json) == ("response", GREETING)
    assert process.output() == "greeting Zoë\n" * 3
    failed = api.invoke(b"{}")
    assert (failed.kind, failed.json["errorMessage"]) == ("error", "greet ended with status 1")
    assert failed.headers["lambda-runtime-function-error-type"] == "Function.Failed"
    assert {request.connection for request in api.requests} == {1}
    # The function logs the name: it has to fit into the pipe that nobody reads meanwhile.
    assert api.invoke({"name": "x" * 50000}).json["greeting"] == "Hello, " + "x" * 50000 + "!"


def test_bash_without_its_function(api, start):
    process = start([EXAMPLES / "bash" / "bootstrap"], {}, "gone.greet")
    assert api.init_error().json["errorMessage"] == "gone.sh can't be read"
    assert process.wait() == 1
