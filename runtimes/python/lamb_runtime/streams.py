"""Responses in a stream: what a handler marked with lamb_runtime.streaming writes to. Imported by such
functions only.

Until the first write nothing is sent, so that a handler may still fail with an ordinary error. Later, a
failure is told in the trailers of the chunked body.
"""

import _thread
import binascii
import io

from . import codec
from .client import error_type

METADATA_TYPE = "application/vnd.awslambda.http-integration-response"
METADATA_END = bytes(8)
TRAILER_BYTES = 48 * 1024  # The platform keeps 64 KiB of trailers.
COPIED_BYTES = 64 * 1024


class ResponseStream(io.RawIOBase):
    """A binary file that is the response. Each write is on its way to the caller when it returns; it waits
    for a caller who reads slowly, and raises OSError when nobody takes any more. Threads may share it.

    Closing it says that no more will be written; the response itself ends with the handler.
    """

    def __init__(self, client, request_id):
        super().__init__()
        self._client = client
        self._request_id = request_id
        self._content_type = ""
        self._metadata = None
        self._lock = _thread.allocate_lock()
        self.started = False
        self._is_over = False

    def writable(self):
        return True

    def set_content_type(self, content_type):
        """application/octet-stream unless set; before the first write."""
        self._check_unstarted()
        if not (content_type.isascii() and content_type.isprintable()):
            raise ValueError("not a content type: %r" % content_type)
        self._content_type = content_type

    def set_http_metadata(self, status_code=200, headers=None, cookies=None):
        """Status, headers (a dict) and cookies (a list of Set-Cookie texts) of the answer, for a function
        that is called through a function URL; before the first write."""
        self._check_unstarted()
        metadata = {"statusCode": status_code}
        if headers:
            metadata["headers"] = dict(headers)
        if cookies:
            metadata["cookies"] = list(cookies)
        codec.dump(metadata)
        self._metadata = metadata

    def write(self, data):
        """Sends bytes, or text in UTF-8, as one chunk. An empty one begins the response."""
        if self.closed:
            raise ValueError("write to a closed response stream")
        chunk = data.encode() if isinstance(data, str) else memoryview(data).cast("B")
        with self._lock:
            if self._is_over:
                raise ValueError("write to a response stream whose invocation has ended")
            self._send(chunk)
        return len(data) if isinstance(data, str) else len(chunk)

    def write_all(self, pieces):
        """Writes what a generator yields."""
        try:
            for piece in pieces:
                self.write(piece)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def finish(self, error=None):
        """Ends the response, with the document of an error or without."""
        with self._lock:
            self._is_over = True
            trailers = b"" if error is None else _trailers(error)
            self._client.end_chunks(b"" if self.started else self._head(), trailers)

    def abandon(self):
        """Nothing was written, and nothing will be."""
        with self._lock:
            self._is_over = True

    def _check_unstarted(self):
        if self.started:
            raise ValueError("the response has begun: its type and metadata can't be set any more")

    def _send(self, chunk):
        head = b"" if self.started else self._head()
        self.started = True
        if len(chunk) > COPIED_BYTES:
            self._client.send_chunk(b"%s%x\r\n" % (head, len(chunk)), chunk, b"\r\n")
        elif len(chunk):
            self._client.send_chunk(b"%s%x\r\n%s\r\n" % (head, len(chunk), chunk))
        elif head:
            self._client.send_chunk(head)

    def _head(self):
        if self._metadata is None:
            return self._client.chunks_head(self._request_id, self._content_type)
        if self._content_type:
            headers = self._metadata.setdefault("headers", {})
            if "content-type" not in [name.lower() for name in headers]:
                headers["Content-Type"] = self._content_type
        prelude = codec.dump(self._metadata).encode() + METADATA_END
        head = self._client.chunks_head(self._request_id, METADATA_TYPE)
        return b"%s%x\r\n%s\r\n" % (head, len(prelude), prelude)


def _trailers(error):
    kind = error_type(error["errorType"])
    body = _encode(error)
    if len(body) > TRAILER_BYTES:
        body = _encode(dict(error, errorType=kind, errorMessage=error["errorMessage"][:5000], stackTrace=[]))
    return b"Lambda-Runtime-Function-Error-Type: %s\r\nLambda-Runtime-Function-Error-Body: %s\r\n" % (
        kind.encode(),
        body,
    )


def _encode(error):
    return binascii.b2a_base64(codec.dump(error).encode("utf-8"), newline=False)
