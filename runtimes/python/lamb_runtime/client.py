"""The Runtime API over one keep-alive connection.

A raw socket, because the standard library's HTTP client costs more time to import than the
interpreter to start. The platform on the other side always sends Content-Length.

The outcome of an invocation and the request for the next event leave in one write. HTTP/1.1 answers
requests of one connection in their order (RFC 9112, 9.3.2), so the platform has taken the outcome
before it looks at the request behind it, and a refused outcome doesn't void that request. Long
outcomes go alone.
"""

import _socket

API = "/2018-06-01/runtime/"
COMMON_HEADERS = "Host: lambda\r\nUser-Agent: lamb-python/1\r\n"
NEXT = ("GET %sinvocation/next HTTP/1.1\r\n%s\r\n" % (API, COMMON_HEADERS)).encode()
NEXT_ATTEMPTS = 3
HEAD_BYTES = 64 * 1024
PIPELINED_BYTES = 256 * 1024
TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


class Broken(Exception):
    """The connection can't be used any more."""


class Client:
    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._socket = None
        self._unread = b""
        self._next_sent = False

    def next(self):
        """Waits for an event; gives its headers (names in lower case) and its body. Exits if there are
        none."""
        for _ in range(NEXT_ATTEMPTS):
            try:
                if not self._next_sent:
                    self._send(NEXT)
                self._next_sent = False
                status, headers, body = self._receive()
                if status == 200 and "lambda-runtime-aws-request-id" in headers:
                    return headers, body
                problem = "%d %s" % (status, bytes(body[:80]).decode("utf-8", "replace"))
            except (OSError, Broken) as error:
                self._close()
                problem = str(error)
        raise SystemExit("lamb: the Runtime API gives no event: " + problem)

    def respond(self, request_id, body, content_type):
        headers = "Content-Type: %s\r\n" % content_type
        self._post("invocation/%s/response" % request_id, body, headers, True)

    def fail(self, request_id, document, kind, cause):
        headers = _error_headers(kind)
        if cause:
            headers += "Lambda-Runtime-Function-XRay-Error-Cause: %s\r\n" % cause
        self._post("invocation/%s/error" % request_id, document, headers, True)

    def chunks_head(self, request_id, content_type):
        """Of an outcome in pieces, to be sent with the first of them."""
        return (
            "POST %sinvocation/%s/response HTTP/1.1\r\n%sContent-Type: %s\r\n"
            "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
            "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
            % (API, request_id, COMMON_HEADERS, content_type or "application/octet-stream")
        ).encode()

    def send_chunk(self, *parts):
        """Raises OSError when the platform takes no more; then and later on."""
        if self._socket is None:
            raise BrokenPipeError("the platform takes no more of the response")
        try:
            for part in parts:
                self._socket.sendall(part)
        except BaseException:  # Of a signal handler, too: who knows where the chunk was cut.
            self._close()
            raise

    def end_chunks(self, head, trailers):
        if self._socket is not None:
            self._exchange(b"%s0\r\n%s\r\n" % (head, trailers), True)

    def fail_init(self, document, kind):
        self._post("init/error", document, _error_headers(kind), False)

    def _post(self, path, body, headers, then_next):
        then_next = then_next and len(body) <= PIPELINED_BYTES
        head = "POST %s%s HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n"
        self._exchange((head % (API, path, COMMON_HEADERS, headers, len(body))).encode() + body, then_next)

    def _exchange(self, message, then_next):
        try:
            self._send(message + NEXT if then_next else message)
            self._next_sent = then_next
            status, _, answer = self._receive()
        except (OSError, Broken):
            # The event will be given again if the platform hasn't got its outcome.
            self._close()
            return
        if status >= 500:
            problem = bytes(answer).decode("utf-8", "replace")
            raise SystemExit("lamb: the platform failed: %d %s" % (status, problem))

    def _send(self, message):
        if self._socket is None:
            connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
            connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            connection.connect(self._address)
            self._socket = connection
        self._socket.sendall(message)

    def _close(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._unread = b""
        self._next_sent = False

    def _receive(self):
        """One whole answer: status, headers with names in lower case, body."""
        data = self._unread
        end = data.find(b"\r\n\r\n")
        while end < 0:
            if len(data) > HEAD_BYTES:
                raise Broken("an endless header")
            more = self._socket.recv(65536)
            if not more:
                raise Broken("the Runtime API closed the connection")
            data += more
            end = data.find(b"\r\n\r\n")
        lines = data[:end].decode("utf-8", "replace").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        size = int(headers.get("content-length", 0))
        body = data[end + 4 : end + 4 + size]
        if len(body) < size:
            body = self._receive_rest(body, size)
        self._unread = data[end + 4 + size :]
        return int(lines[0][9:12]), headers, body

    def _receive_rest(self, start, size):
        body = bytearray(size)
        have = len(start)
        body[:have] = start
        view = memoryview(body)
        while have < size:
            got = self._socket.recv_into(view[have:])
            if not got:
                raise Broken("the Runtime API closed the connection")
            have += got
        return body


def _error_headers(kind):
    return "Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: %s\r\n" % error_type(kind)


def error_type(kind):
    """For a header or trailer; what a function calls its errors may be anything."""
    return kind if kind and TOKEN.issuperset(kind) and len(kind) <= 200 else "Function.Unknown"
