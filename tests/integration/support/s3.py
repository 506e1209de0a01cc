"""A small S3-compatible server: GetObject of a few objects, and the errors S3 gives for what it does not
have."""

import http.server
import threading
from urllib.parse import unquote


class FakeS3:
    """Objects by (bucket, key). `requests` keeps what was asked, so that a test can look at signatures."""

    def __init__(self):
        self.objects = {}
        self.requests = []
        self.status = None
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.requests.append((self.path, dict(self.headers)))
                status, content = fake.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.send_header(
                    "Content-Type", "application/xml" if status != 200 else "application/zip"
                )
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path):
        bucket, _, key = unquote(path.split("?")[0]).lstrip("/").partition("/")
        if self.status is not None:
            return self.status, error_document("InternalError", "We encountered an internal error.")
        if (bucket, key) in self.objects:
            return 200, self.objects[(bucket, key)]
        if any(known == bucket for known, _ in self.objects):
            return 404, error_document("NoSuchKey", "The specified key does not exist.")
        return 404, error_document("NoSuchBucket", "The specified bucket does not exist")

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def error_document(code, message):
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()
