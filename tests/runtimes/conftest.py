"""Runtime clients as processes, each against a Runtime API of its own. Needs no daemon and no privilege.

Every test of the Python and Node.js runtimes is run twice: started for its function, and parked, which is
started before the function is known.

LAMB_TEST_PYTHONS and LAMB_TEST_NODES name the interpreters to test with, separated by colons."""

import os
import pathlib
import select
import shutil
import socket
import subprocess
import textwrap

import pytest

from fake_api import TIMEOUT_S, FakeApi

SOURCE = pathlib.Path(__file__).resolve().parents[2]
RUNTIMES = SOURCE / "runtimes"
PYTHONS = os.environ.get("LAMB_TEST_PYTHONS", "/usr/bin/python3").split(":")
NODES = os.environ.get("LAMB_TEST_NODES", "/usr/bin/node").split(":")

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2025/11/25/[$LATEST]0123456789abcdef0123456789abcdef",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}


# What a parked runtime is started with, and what a function can't set then: it is read at the start alone.
START_VARIABLES = ("LANG", "NODE_PATH", "PATH", "TZ")
START_PREFIXES = ("AWS_LAMBDA_EXEC_WRAPPER", "NODE_OPTIONS", "PYTHON", "TZ")


class Process:
    """A runtime. Its output is read through pipes, as the daemon does."""

    def __init__(self, argv, environment, folder, pass_fds=()):
        self._output = b""
        self.popen = subprocess.Popen(
            argv,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
        )

    def output(self):
        """What it has written by now, without waiting."""
        pipe = self.popen.stdout
        while select.select([pipe], [], [], 0)[0]:
            data = os.read(pipe.fileno(), 1 << 16)
            if not data:
                break
            self._output += data
        return self._output.decode()

    def wait(self):
        """Its exit status, once it has ended."""
        self.popen.wait(TIMEOUT_S)
        self.output()
        return self.popen.returncode

    def stop(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait(TIMEOUT_S)
        self.popen.stdout.close()


class Parked:
    """A runtime that waits for its function."""

    def __init__(self, argv, variables, pass_fds=()):
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(TIMEOUT_S)
        first = {name: variables[name] for name in START_VARIABLES if name in variables}
        first["_LAMB_HANDOVER_FD"] = str(theirs.fileno())
        self.process = Process(argv, first, "/", (*pass_fds, theirs.fileno()))
        theirs.close()

    def wait_ready(self):
        assert self._socket.recv(2) == b"\0", self.process.output()

    def hand_over(self, variables):
        message = b"".join(
            b"%s=%s\0" % (os.fsencode(name), os.fsencode(value)) for name, value in variables.items()
        )
        self._socket.send(message)
        self.forget()

    def forget(self):
        self._socket.shutdown(socket.SHUT_RD)
        self._socket.close()


def start_parked(argv, variables, pass_fds):
    parked = Parked(argv, variables, pass_fds)
    parked.wait_ready()
    parked.hand_over(variables)
    return parked.process


@pytest.fixture
def api():
    server = FakeApi()
    yield server
    server.close()


@pytest.fixture
def start(api, tmp_path):
    """start(argv, files, handler, **environment): writes the files into the task root, runs argv there."""
    processes = []
    folder = tmp_path / "task"

    def start_process(argv, files, handler, pass_fds=(), is_parked=False, **environment):
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(textwrap.dedent(text))
        variables = dict(
            ENVIRONMENT,
            AWS_LAMBDA_RUNTIME_API=api.address,
            LAMBDA_TASK_ROOT=str(folder),
            _HANDLER=handler,
        )
        variables.update(environment)
        argv = [str(word) for word in argv]
        if is_parked and not any(name.startswith(START_PREFIXES) for name in environment):
            process = start_parked(argv, variables, pass_fds)
        else:
            process = Process(argv, variables, folder, pass_fds)
        processes.append(process)
        return process

    yield start_process
    for process in processes:
        process.stop()


@pytest.fixture(scope="session")
def runtimes(tmp_path_factory):
    """A copy of the runtimes, as installed: Python writes its compiled modules there."""
    copy = tmp_path_factory.mktemp("var") / "runtime"
    shutil.copytree(RUNTIMES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(params=[False, True], ids=["plain", "parked"])
def is_parked(request):
    return request.param


@pytest.fixture(params=PYTHONS)
def run_python(request, start, runtimes, is_parked):
    """run_python(source of app.py, handler, other files, **environment)."""
    argv = [request.param, "-S", runtimes / "python" / "lambda_bootstrap.py"]

    def run(source, handler="app.handler", files=None, pass_fds=(), **environment):
        files = dict({"app.py": source}, **(files or {}))
        return start(argv, files, handler, pass_fds, is_parked, **environment)

    run.python = request.param
    return run


@pytest.fixture(params=NODES)
def run_nodejs(request, start, runtimes, is_parked):
    """run_nodejs(source of `name`, handler, other files, **environment); as nodejs20.x by default."""
    argv = [request.param, "--max-http-header-size=81920", runtimes / "nodejs" / "index.cjs"]

    def run(source, handler="app.handler", files=None, name="app.js", pass_fds=(), **environment):
        environment.setdefault("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x")
        files = dict({name: source}, **(files or {}))
        return start(argv, files, handler, pass_fds, is_parked, **environment)

    return run
