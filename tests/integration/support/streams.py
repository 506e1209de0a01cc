"""Streamed responses: functions that write what the event tells them to, by the wire, and a client that reads
events as they come."""

import http.client
import json
import os
import signal
from pathlib import Path

from botocore.eventstream import EventStreamBuffer

from support import clients, packages, processes
from support.waiting import wait_until

# A runtime whose function does the steps of its event. `wait` goes on when the test says so: see release().
STEPS_PY = r"""#!/usr/bin/python3
import base64, http.client, json, os, signal, socket
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
api = os.environ['AWS_LAMBDA_RUNTIME_API']

def post(path, body):
    connection = http.client.HTTPConnection(api)
    connection.request('POST', path, body)
    connection.getresponse().read()

class Response:
    def __init__(self, path):
        self.path, self.wire = path, None

    def start(self, headers=''):
        host, port = api.split(':')
        self.wire = socket.create_connection((host, int(port)))
        self.send(f'POST {self.path}/response HTTP/1.1\r\nHost: {api}\r\n{headers}Transfer-Encoding: chunked'
                  '\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTrailer: Lambda-Runtime-Function-'
                  'Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n')

    def send(self, data):
        self.wire.sendall(data.encode() if isinstance(data, str) else data)

    def write(self, text):
        data = text.encode()
        self.send(b'%x\r\n%s\r\n' % (len(data), data))

    def fill(self, count, size):
        piece = b'%x\r\n%s\r\n' % (size, b'x' * size)
        for _ in range(count):
            self.send(piece)

    def end(self, error_type=None, document=None):
        trailers = ''
        if error_type:
            body = base64.b64encode(document.encode()).decode()
            trailers = (f'Lambda-Runtime-Function-Error-Type: {error_type}\r\n'
                        f'Lambda-Runtime-Function-Error-Body: {body}\r\n')
        self.send(f'0\r\n{trailers}\r\n')
        print('status', self.wire.recv(4096).split()[1].decode(), flush=True)
        self.wire.close()

    def cut(self):
        self.wire.close()
        for _ in range(3):  # until that is known: a call on another connection could overtake it
            connection = http.client.HTTPConnection(api)
            connection.request('GET', '/2018-06-01/ping')
            connection.getresponse().read()

    def other(self, method, path, size=0):
        connection = http.client.HTTPConnection(api)
        connection.request(method, path.replace('RESULT', self.path), b' ' * size)
        answer = connection.getresponse()
        print('other', answer.status, answer.read().decode().strip(), flush=True)

    def answer(self, text):
        post(self.path + '/response', text.encode())

    def fail(self, document):
        post(self.path + '/error', document.encode())

    def say(self, text):
        print(text, flush=True)

    def wait(self):
        signal.sigwait({signal.SIGUSR2})

    def exit(self, status):
        os._exit(status)

while True:
    connection = http.client.HTTPConnection(api)
    connection.request('GET', '/2018-06-01/runtime/invocation/next')
    event = connection.getresponse()
    steps = json.load(event)
    request_id = event.headers['Lambda-Runtime-Aws-Request-Id']
    response = Response('/2018-06-01/runtime/invocation/' + request_id)
    for name, *words in steps:
        getattr(response, name)(*words)
"""


def steps_zip():
    return packages.zip_files({"bootstrap": STEPS_PY})


def processes_of(daemon, name):
    """The processes of that function's environments."""
    mark = f"AWS_LAMBDA_FUNCTION_NAME={name}\0".encode()
    found = []
    for pid in processes.descendants(daemon.pid):
        try:
            if mark in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def release(daemon, name):
    """Lets the function go on that waits, or will wait."""
    pids = processes_of(daemon, name)
    assert pids, f"nothing of {name} runs"
    for pid in pids:
        os.kill(pid, signal.SIGUSR2)


def path_of(name, qualifier=None):
    query = f"?Qualifier={qualifier}" if qualifier else ""
    return f"/2021-11-15/functions/{name}/response-streaming-invocations{query}"


class Stream:
    """One call with InvokeWithResponseStream, whose events are read one by one. A context manager."""

    def __init__(self, daemon, name, event=None, headers=None, qualifier=None, timeout_s=30):
        path, body = path_of(name, qualifier), json.dumps(event).encode()
        headers = clients.sign(daemon, "POST", path, headers, body)
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=timeout_s)
        self.connection.request("POST", path, body, headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.headers = {name.lower(): value for name, value in self.response.getheaders()}
        self.buffer = EventStreamBuffer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.connection.close()

    def next(self):
        """The next event: bytes of a piece, the document of the end, None behind it."""
        while True:
            for message in self.buffer:
                assert message.headers[":message-type"] == "event"
                if message.headers[":event-type"] == "PayloadChunk":
                    return message.payload
                assert message.headers[":event-type"] == "InvokeComplete"
                return json.loads(message.payload)
            data = self.response.read1(65536)
            if not data:
                return None
            self.buffer.add_data(data)

    def read(self, size):
        """At least so many bytes of the payload."""
        data = b""
        while len(data) < size:
            data += self.next()
        return data

    def rest(self):
        """(all bytes that are still to come, the document of the end)"""
        pieces = []  # joined once: adding each to what is there takes longer than some functions may
        while isinstance(event := self.next(), bytes):
            pieces.append(event)
        assert event is not None, "the stream ended without InvokeComplete"
        assert self.next() is None
        return b"".join(pieces), event


def wait_for_log(lamb, name, text, count=1):
    wait_until(lambda: lamb.logs(name).count(text) >= count, 10, f"{name} logs {text!r}")
