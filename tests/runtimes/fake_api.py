"""A Lambda Runtime API on loopback that tests script by hand: real HTTP/1.1, nothing of Lamb.

A test hands in events and reads outcomes; the server keeps every request with what is worth asserting about
it. It can also misbehave on demand: answer in single bytes, refuse, close.
"""

import collections
import json
import queue
import socket
import threading
import time

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c%04x"
TIMEOUT_S = 20


def wait_until(condition):
    """For what nobody tells."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.001)


def progress(file):
    """What the function says of its writes, once it says nothing new any more."""
    last, since = None, time.monotonic()
    while last is None or time.monotonic() - since < 0.3:
        now = file.read_text() if file.exists() else None
        if now and now != last:
            last, since = now, time.monotonic()
    return last


class Request:
    def __init__(self, connection, method, path, headers):
        self.connection = connection  # number of the connection it came on
        self.method = method
        self.path = path
        self.headers = headers  # names in lower case
        self.body = b""
        self.trailers = {}
        self.raw = b""  # all of it as it came
        self.pipelined = False  # the next request was there before this one was answered

    @property
    def kind(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def json(self):
        return json.loads(self.body)


class Reader:
    """Buffered reads from one connection."""

    def __init__(self, connection):
        self._connection = connection
        self.data = b""
        self.taken = bytearray()  # what was given out

    def _fill(self):
        more = self._connection.recv(1 << 18)
        if not more:
            raise ConnectionError("closed by the runtime")
        self.data += more

    def line(self):
        while b"\r\n" not in self.data:
            self._fill()
        line, self.data = self.data.split(b"\r\n", 1)
        self.taken += line + b"\r\n"
        return line.decode()

    def exactly(self, size):
        parts = [self.data]
        have = len(self.data)
        while have < size:
            parts.append(self._connection.recv(1 << 18))
            if not parts[-1]:
                raise ConnectionError("closed by the runtime")
            have += len(parts[-1])
        data = b"".join(parts)
        self.data = data[size:]
        self.taken += data[:size]
        return data[:size]

    def interrupt(self, answer):
        self._connection.sendall(answer)
        while True:
            self._fill()
            self.data = b""

    def headers(self):
        headers = {}
        for line in iter(self.line, ""):
            name, value = line.split(":", 1)
            assert name.lower() not in headers, "sent twice: " + name
            headers[name.lower()] = value.strip()
        return headers


class FakeApi:
    def __init__(self):
        self.dribble = False  # answers leave byte by byte
        self.chunked_events = False
        self.refusals = collections.deque()  # (kind of request, status, body, close) for requests to come
        self.requests = []
        self.chunks = queue.Queue()  # of streamed responses, as they arrive
        self.reads_chunks = threading.Event()  # while clear, streamed responses are not read
        self.reads_chunks.set()
        self.hangs_up = False  # at the next chunk
        self.interruption = b""  # an answer for the next chunk; what follows that is thrown away
        self.outcomes = queue.Queue()
        self.init_errors = queue.Queue()
        self._events = queue.Queue()
        self._invocations = 0
        self._connections = []
        self._threads = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._start(self._accept)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self):
        """Ends every thread: shutdown wakes those that wait for the network, None those for events."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self.reads_chunks.set()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # The runtime was faster.
            self._events.put(None)
        for thread in self._threads:
            thread.join(TIMEOUT_S)
            assert not thread.is_alive()

    def send_event(self, payload=b"{}", **headers):
        """Queues an event; headers as Trace_Id="Root=…". Gives its request id."""
        self._invocations += 1
        request_id = REQUEST_ID % self._invocations
        named = {}
        for name, value in headers.items():
            name = name.replace("_", "-")
            named[name if name == "Content-Type" else "Lambda-Runtime-" + name] = value
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        self._events.put((request_id, payload, named))
        return request_id

    def invoke(self, payload=b"{}", **headers):
        """One event and its outcome, a request of kind `response` or `error`."""
        request_id = self.send_event(payload, **headers)
        outcome = self.outcomes.get(timeout=TIMEOUT_S)
        assert outcome.path == "/2018-06-01/runtime/invocation/%s/%s" % (request_id, outcome.kind)
        return outcome

    def shrink_buffers(self):
        """What comes on later connections waits at the sender's side."""
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def init_error(self):
        return self.init_errors.get(timeout=TIMEOUT_S)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                self._listener.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            number = len(self._connections)
            self._start(self._serve, connection, number)

    def _serve(self, connection, number):
        reader = Reader(connection)
        try:
            while True:
                request = self._read(reader, number)
                request.pipelined = bool(reader.data)
                self.requests.append(request)
                if not self._answer(connection, request):
                    break
        except (ConnectionError, OSError):
            pass
        connection.close()

    def _read(self, reader, number):
        reader.taken.clear()
        method, path, version = reader.line().split(" ")
        assert version == "HTTP/1.1"
        request = Request(number, method, path, reader.headers())
        assert "host" in request.headers
        if request.headers.get("transfer-encoding") == "chunked":
            self._read_chunks(reader, request)
        else:
            request.body = reader.exactly(int(request.headers.get("content-length", 0)))
        request.raw = bytes(reader.taken)
        return request

    def _read_chunks(self, reader, request):
        body = []
        self.reads_chunks.wait(TIMEOUT_S)
        for size in iter(lambda: int(reader.line(), 16), 0):
            body.append(reader.exactly(size))
            assert reader.line() == ""
            self.chunks.put(body[-1])
            self.reads_chunks.wait(TIMEOUT_S)
            if self.hangs_up:
                raise ConnectionError("hung up by the test")
            if self.interruption:
                reader.interrupt(self.interruption)
        request.body = b"".join(body)
        request.trailers = reader.headers()

    def _answer(self, connection, request):
        refusal = None
        if self.refusals and self.refusals[0][0] == request.kind:
            refusal = self.refusals.popleft()
        if request.kind == "next" and refusal is None:
            event = self._events.get()
            if event is None:
                return False
            self._send_event(connection, *event)
            return True
        if refusal is not None:
            _, status, body, close = refusal
            if status:
                self._send(connection, status, {}, body)
            self._keep(request)
            return not close
        self._send(connection, "202 Accepted", {"Content-Type": "application/json"}, b'{"status":"OK"}')
        self._keep(request)
        return True

    def _keep(self, request):
        if request.path == "/2018-06-01/runtime/init/error":
            self.init_errors.put(request)
        elif request.kind != "next":
            self.outcomes.put(request)

    def _send_event(self, connection, request_id, payload, headers):
        defaults = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": "4102444800000",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "Content-Type": "application/json",
        }
        self._send(connection, "200 OK", dict(defaults, **headers), payload, self.chunked_events)

    def _send(self, connection, status, headers, body, chunked=False):
        if chunked:
            headers = dict(headers, **{"Transfer-Encoding": "chunked"})
            middle = len(body) // 2
            parts = [part for part in (body[:middle], body[middle:]) if part]
            body = b"".join(b"%x;x=1\r\n%s\r\n" % (len(part), part) for part in parts)
            body += b"0\r\nX-Trailer: 1\r\n\r\n"
        else:
            headers = dict(headers, **{"Content-Length": str(len(body))})
        lines = "".join("%s: %s\r\n" % item for item in headers.items())
        message = ("HTTP/1.1 %s\r\n%s\r\n" % (status, lines)).encode() + body
        step = 1 if self.dribble else max(1, len(message))
        for start in range(0, len(message), step):
            connection.sendall(message[start : start + step])
