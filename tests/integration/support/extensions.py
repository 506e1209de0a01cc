"""Extensions for tests: those of the examples, and scripts of a test's own; and what they write into the
function's log."""

import functools
import io
import json
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from support import packages
from support.layers import Layers
from support.waiting import wait_until

WATCHERS = packages.ROOT / "examples" / "extensions"
LANGUAGES = {"bash": "watch.sh", "python": "watch.py", "node": "watch.mjs", "c": "watch"}

# What scripts begin with: the Extensions API as a user of the standard library calls it.
PRELUDE = r"""#!/usr/bin/python3 -S
import http.client, http.server, json, os, signal, socket, sys, threading, time
name = os.path.basename(__file__)
identity = {}

def call(method, path, body=None, headers=None):
    # One call over a connection of its own: status, headers, text.
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    connection.request(method, path, text, {**identity, **(headers or {})})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text

def register(*events, name=name, **headers):
    headers = {"Lambda-Extension-Name": name, **headers}
    status, headers, text = call("POST", "/2020-01-01/extension/register", {"events": events}, headers)
    if status == 200:
        identity["Lambda-Extension-Identifier"] = headers["Lambda-Extension-Identifier"]
    return status, json.loads(text)

def next_event():
    status, headers, text = call("GET", "/2020-01-01/extension/event/next")
    return json.loads(text) if status == 200 else (status, text)

def post_error(which, kind):
    body = {"errorMessage": "it went wrong", "errorType": kind, "stackTrace": []}
    header = {"Lambda-Extension-Function-Error-Type": kind}
    return call("POST", f"/2020-01-01/extension/{which}/error", body, header)[0]

def subscribe(body, api="2022-07-01/telemetry"):
    status, _, text = call("PUT", "/" + api, body)
    return status, json.loads(text)

def say(*words):
    print(name, *words, flush=True)

def tell(value):
    say(json.dumps(value))
"""

# Registers, and tells each event.
TELL_EVENTS = """
register("INVOKE", "SHUTDOWN")
event = {}
while event.get("eventType") != "SHUTDOWN":
    event = next_event()
    tell(event)
"""

# A runtime of its own, for functions whose initialisation is to be fast.
ECHO_BASH = 'echo "$EVENT"'


@functools.lru_cache(maxsize=None)
def watcher(language):
    """(name, content) of an example."""
    name = LANGUAGES[language]
    if language != "c":
        return name, (WATCHERS / name).read_bytes()
    with tempfile.TemporaryDirectory(prefix="lamb-c-") as folder:
        program = Path(folder, name)
        command = ["musl-gcc", "-static", "-O2", "-o", program, WATCHERS / "watch.c"]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr
        return name, program.read_bytes()


def watchers():
    return dict(watcher(language) for language in LANGUAGES)


def executables(files, mode=0o755):
    """A zip of programs."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            packages.add_file(archive, name, content, mode)
    return data.getvalue()


@dataclass
class Line:
    time: datetime
    stream: str
    text: str

    @property
    def json(self):
        """Of an extension's line: what it told."""
        return json.loads(self.text.split(" ", 1)[1])


class Extended:
    """Functions with extensions, on one daemon."""

    def __init__(self, lamb):
        self.lamb = lamb
        self.layers = Layers(lamb)

    def layer(self, programs, folder="extensions/", mode=0o755):
        """The ARN of a layer with programs of these names."""
        files = {folder + name: content for name, content in programs.items()}
        return self.layers.arn(Content={"ZipFile": executables(files, mode)})

    def scripts(self, **sources):
        return self.layer({name: PRELUDE + source for name, source in sources.items()})

    def create(self, layers, source=packages.ECHO_PY, **fields):
        """A Python function with these layers."""
        fields.setdefault("Timeout", 10)
        fields.setdefault("MemorySize", 512)
        return self.lamb.create_python(source, Layers=layers, **fields)

    def with_scripts(self, source=packages.ECHO_PY, *, scripts, **fields):
        return self.create([self.scripts(**scripts)], source, **fields)

    def invoke(self, function, event=None, **parameters):
        """Comes back when all of its log is there."""
        answer = self.lamb.invoke(function, event, **parameters)
        self.wait_for(function, f"REPORT RequestId: {answer.request_id}")
        return answer

    def log(self, function):
        """Lines as they were written."""
        lines = []
        for line in self.lamb.logs(function).splitlines():
            time, stream, text = line.split(" ", 2)
            lines.append(Line(datetime.fromisoformat(time.replace("Z", "+00:00")), stream, text))
        return lines

    def texts(self, function, beginning=""):
        return [line.text for line in self.log(function) if line.text.startswith(beginning)]

    def told(self, function, name):
        """What the extension of this name told, in order."""
        return [line.json for line in self.log(function) if line.text.startswith(name + " ")]

    def wait_for(self, function, text, count=1, timeout_s=10):
        """Until that many lines of the log have the text; gives them."""

        def found():
            lines = [line for line in self.log(function) if text in line.text]
            return lines if len(lines) >= count else None

        return wait_until(found, timeout_s, f"{count} x {text!r} in {self.lamb.logs(function)}")

    def retire(self, function):
        """Its environments are outdated now, and those that have nothing to do are shut down."""
        self.lamb.update_configuration(function, Description=self.lamb.new_name())

    def close(self):
        self.lamb.delete_all()
        self.layers.delete_all()


@pytest.fixture
def extended(lamb):
    extended = Extended(lamb)
    yield extended
    extended.close()
