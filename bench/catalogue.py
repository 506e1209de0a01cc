"""The figures of a large catalogue: 10,000 functions with three versions each, unused. The store is filled
directly (catalogue_fill.c), packages and layouts are written beside it as the daemon would have."""

import hashlib
import http.client
import os
import statistics
import subprocess
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import deployment
from figures import READY_STARTS, Row, Target, floor_start
from floors import MeasureError

FUNCTIONS = 10000
VERSIONS = 3
CALLS = 200
PAGE = 50
ACCOUNT = "000000000000"


def name_of(number):
    return f"many-{number:05d}"


def write_package(data_dir, number, owner):
    """The zip and its layout; returns digest and size."""
    source = f"def handler(event, context):\n    return {number}\n".encode()
    package = deployment.zip_bytes({"echo.py": (source, 0o644)})
    digest = hashlib.sha256(package).hexdigest()
    layout = os.path.join(data_dir, "code", digest)
    os.mkdir(layout, 0o755)
    for path, content in ((os.path.join(layout, "echo.py"), source),
                          (os.path.join(data_dir, "blobs", digest), package)):
        with open(path, "wb") as file:
            file.write(content)
        os.chown(path, *owner)
    os.chown(layout, *owner)
    return digest, len(package)


def fill(bench, daemon):
    status = os.stat(os.path.join(daemon.data_dir, "blobs"))
    lines = []
    for number in range(FUNCTIONS):
        digest, size = write_package(daemon.data_dir, number, (status.st_uid, status.st_gid))
        lines.append(f"{name_of(number)} {digest} {size}\n")
    command = [bench.programs.path("bench_catalogue_fill"), os.path.join(daemon.data_dir, "lamb.db"), ACCOUNT]
    done = subprocess.run(command, input="".join(lines), capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasureError(f"bench_catalogue_fill: {done.stderr.strip()}")


class Caller:
    """Signed requests on one connection, without a client library's own work in the figure."""

    def __init__(self, daemon):
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port)
        self.auth = SigV4Auth(Credentials(daemon.key[0], daemon.key[1]), "lambda", daemon.key[2])
        self.url = f"http://127.0.0.1:{daemon.port}"

    def get(self, target):
        """(milliseconds, body)."""
        request = AWSRequest("GET", self.url + target)
        self.auth.add_auth(request)
        began = time.perf_counter()
        self.connection.request("GET", target, headers=dict(request.headers))
        response = self.connection.getresponse()
        body = response.read()
        elapsed_ms = (time.perf_counter() - began) * 1000
        if response.status != 200:
            raise MeasureError(f"GET {target}: {response.status} {body[:200]}")
        return elapsed_ms, body


def call_row(name, caller, target, limit_ms, has_to_contain):
    calls = []
    for _ in range(CALLS):
        elapsed_ms, body = caller.get(target)
        calls.append(elapsed_ms)
        if has_to_contain not in body:
            raise MeasureError(f"GET {target} does not contain {has_to_contain}: {body[:200]}")
    return Row(name, "ms", statistics.median(calls), None, Target(f"≤ {limit_ms} ms", "lamb", limit_ms),
               {"max_ms": max(calls), "answer_bytes": len(body)})


def settled_rss_kb(daemon):
    time.sleep(1)
    return daemon.rss_kb()


def catalogue(bench):
    """Time to the ready line, memory of a function with its versions, a page of the list, one function."""
    with bench.daemon() as daemon:
        daemon.start()
        daemon.stop()
        daemon.start()
        empty_kb = settled_rss_kb(daemon)
        daemon.stop()
        fill(bench, daemon)
        records = os.path.join(daemon.work_dir, "records")
        with open(records, "w", encoding="ascii") as file:
            file.writelines(f"{name_of(number)} {'x' * 500}\n" for number in range(FUNCTIONS)
                            for _ in range(VERSIONS))
        ready_ms, floor_ms = [], []
        for _ in range(READY_STARTS):
            floor_ms.append(floor_start(bench, records)[0] * 1000)
            ready_ms.append(daemon.start() * 1000)
            daemon.stop()
        daemon.start()
        full_kb = settled_rss_kb(daemon)
        caller = Caller(daemon)
        middle = name_of(FUNCTIONS // 2)
        calls = [call_row("ListFunctions, a page of 50 of 10,000", caller,
                          f"/2015-03-31/functions?MaxItems={PAGE}", 5, name_of(PAGE - 1).encode()),
                 call_row("GetFunction of 10,000", caller, f"/2015-03-31/functions/{middle}", 1,
                          middle.encode())]
    of = f"{FUNCTIONS:,} functions x {VERSIONS} versions"
    return [Row(f"ready with {of}", "ms", statistics.median(ready_ms), statistics.median(floor_ms),
                Target("≤ 100 ms", "lamb", 100), {"lamb_rounds_ms": ready_ms, "floor_rounds_ms": floor_ms}),
            Row(f"daemon memory per unused function, {of}", "kB", (full_kb - empty_kb) / FUNCTIONS, None,
                Target("≤ 3 kB", "lamb", 3), {"rss_empty_kb": empty_kb, "rss_full_kb": full_kb}), *calls]
