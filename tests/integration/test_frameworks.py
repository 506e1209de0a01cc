"""Web frameworks from npm as functions behind URLs, with curl and a browser in front of them."""

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from support import packages, urls
from support.daemon import Daemon
from support.fixtures import Lamb

FOLDER = Path(__file__).parent / "frameworks"
BUFFERED = ("express_serverless_express", "express_serverless_http", "fastify_buffered", "hono_buffered")
STREAMING = ("fastify_streaming", "hono_streaming")
ALL = BUFFERED + STREAMING

# Of the browser alone; the functions don't need them.
LEFT_OUT = {"puppeteer-core", "@puppeteer", "chromium-bidi", "devtools-protocol", "zod", ".bin"}
WORD = "größer & 2"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "node_modules" / "express").is_dir(), reason=f"npm ci --prefix {FOLDER} was not run"
)


def package():
    files = {}
    for path in sorted(FOLDER.rglob("*")):
        name = path.relative_to(FOLDER)
        is_code = path.suffix not in (".map", ".md", ".ts")
        if path.is_file() and is_code and not LEFT_OUT.intersection(name.parts):
            files[str(name)] = path.read_bytes()
    return packages.zip_files(files)


class Site:
    """A framework behind an URL."""

    def __init__(self, lamb, framework, zip_file):
        mode = "RESPONSE_STREAM" if framework in STREAMING else "BUFFERED"
        self.name = lamb.create(
            zip_file, runtime="nodejs20.x", handler=f"{framework}.handler", MemorySize=512, Timeout=20
        )
        self.url = urls.create(lamb, self.name, InvokeMode=mode)
        self.is_streaming = mode == "RESPONSE_STREAM"

    def curl(self, path, *options):
        """(status, headers as pairs, body). Names below localhost lead to this machine, for curl too."""
        written = subprocess.run(
            ["curl", "--silent", "--show-error", "--include", "--max-time", "20", *options,
             self.url.text.rstrip("/") + path],
            capture_output=True,
            check=True,
        ).stdout  # fmt: skip
        head, _, body = written.partition(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100"):
            head, _, body = body.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        return int(status.split()[1]), [(name.lower(), value) for name, value in headers], body


@pytest.fixture(scope="module")
def sites():
    """sites(framework), each made once, on a daemon of their own."""
    lamb = Lamb(Daemon().start())
    zip_file = package()
    made = {}

    def find(framework):
        if framework not in made:
            made[framework] = Site(lamb, framework, zip_file)
        return made[framework]

    yield find
    lamb.close()
    try:
        lamb.daemon.stop_and_check()
    finally:
        lamb.daemon.remove()


@pytest.fixture(params=ALL)
def site(request, sites):
    return sites(request.param)


def test_page(site):
    status, headers, body = site.curl("/")
    assert status == 200
    assert dict(headers)["content-type"].startswith("text/html")
    assert b"<title>Lamb</title>" in body


def test_query(site):
    status, headers, body = site.curl("/json?one=1&many=a&many=b&odd=%C3%A4%26%3D+x")
    assert status == 200
    assert dict(headers)["content-type"].startswith("application/json")
    query = json.loads(body)["query"]
    assert (query["one"], query["odd"]) == ("1", "ä&= x")
    assert query["many"] in (["a", "b"], "a,b")


def test_path(site):
    status, _, body = site.curl("/items/a%20b%2Fc")
    assert (status, json.loads(body)) == (200, {"id": "a b/c"})


def test_form(site):
    status, _, body = site.curl("/form", "--data-urlencode", f"word={WORD}")
    assert (status, json.loads(body)) == (200, {"word": WORD})


def test_upload(site, tmp_path):
    content = os.urandom(300_000)
    (tmp_path / "file.bin").write_bytes(content)
    status, _, body = site.curl("/upload", "--form", f"file=@{tmp_path}/file.bin")
    assert status == 200, body
    assert json.loads(body) == {
        "name": "file.bin",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_bytes_both_ways(site, tmp_path):
    content = bytes(range(256)) * 512
    (tmp_path / "raw").write_bytes(content)
    status, _, body = site.curl(
        "/raw", "--upload-file", f"{tmp_path}/raw", "--header", "Content-Type: application/octet-stream"
    )
    assert (status, body) == (200, content)


def test_cookies(site):
    status, headers, body = site.curl("/cookies", "--cookie", "a=1; b=2")
    assert status == 200
    assert [value for name, value in headers if name == "set-cookie"] == [
        "one=1; Path=/; HttpOnly",
        "two=2; Path=/",
    ]
    assert json.loads(body)["cookie"].replace(" ", "") == "a=1;b=2"


def test_picture(site):
    status, headers, body = site.curl("/pixel")
    assert (status, dict(headers)["content-type"]) == (200, "image/png")
    assert body.startswith(b"\x89PNG") and len(body) == 70


def test_status(site):
    assert site.curl("/redirect")[0] == 302
    assert dict(site.curl("/redirect")[1])["location"] == "/json"
    status, _, body = site.curl("/empty")
    assert (status, body) == (204, b"")
    assert site.curl("/nothing-here")[0] == 404
    assert site.curl("/error")[0] == 500


@pytest.mark.parametrize("framework", STREAMING)
def test_events_arrive_one_by_one(sites, framework):
    response = sites(framework).url.start("GET", "/events")
    assert response.status == 200
    assert response.getheader("Content-Type").startswith("text/event-stream")
    events = []
    lines = []
    while line := response.readline():
        lines.append(line.decode().strip())
        if line == b"\n" and any(lines):
            fields = dict(text.split(": ", 1) for text in lines if ": " in text)
            events.append((int(fields["id"]), int(fields["data"]), time.time() * 1000))
            lines = []
    response.close()
    assert_one_by_one([{"id": str(id), "made": made, "came": came} for id, made, came in events])


def assert_one_by_one(events):
    """Each had come before the one after the next was made."""
    assert [event["id"] for event in events] == ["1", "2", "3", "4", "5"]
    for event, later in zip(events, events[2:]):
        assert event["came"] < later["made"], events


def test_large_body_is_streamed_whole(sites):
    status, _, body = sites("hono_streaming").curl("/large")
    assert status == 200
    assert body == b"".join(bytes([number]) * 65536 for number in range(128))


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
@pytest.mark.skipif(
    not (FOLDER / "node_modules" / "puppeteer-core").is_dir(), reason=f"npm ci --prefix {FOLDER} was not run"
)
@pytest.mark.parametrize("framework", ["express_serverless_express", "hono_streaming"])
def test_browser(sites, framework, tmp_path):
    content = os.urandom(100_000)
    (tmp_path / "file.bin").write_bytes(content)
    seen = json.loads(
        subprocess.run(
            ["node", FOLDER / "browser.mjs", sites(framework).url.text, sites("hono_streaming").url.text,
             tmp_path / "file.bin"],
            capture_output=True,
            check=True,
            timeout=90,
        ).stdout
    )  # fmt: skip
    assert (seen["status"], seen["title"]) == (200, "Lamb")
    assert seen["form"] == {"word": WORD}
    assert seen["upload"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert sorted(seen["cookies"].split("; ")) == ["one=1", "two=2"]
    assert_one_by_one(seen["events"][:5])
