"""HTTP by hand, for what client libraries refuse to send."""

import socket


class Wire:
    """One TCP connection to the daemon."""

    def __init__(self, daemon, timeout_s=20):
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), timeout=timeout_s)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError("the daemon closed the connection")
        self.data += piece

    def _until(self, mark):
        while mark not in self.data:
            self._more()
        found, self.data = self.data.split(mark, 1)
        return found

    def read_head(self):
        """(status, headers) of the next response; names in lower case."""
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        return int(lines[0].split()[1]), headers

    def read_response(self):
        """(status, headers, body); skips 1xx."""
        status, headers = self.read_head()
        while status < 200:
            status, headers = self.read_head()
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, self._read_chunks()
        length = int(headers.get("content-length", 0))
        while len(self.data) < length:
            self._more()
        body, self.data = self.data[:length], self.data[length:]
        return status, headers, body

    def _read_chunks(self):
        body = b""
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            while len(self.data) < size + 2:
                self._more()
            body, self.data = body + self.data[:size], self.data[size + 2 :]
            if size == 0:
                return body

    def is_closed(self):
        """Waits for the other side to close; False when it sends something instead."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def head(method, path, headers):
    """Request line and headers as bytes."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(*pieces):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return body + b"0\r\n\r\n"
