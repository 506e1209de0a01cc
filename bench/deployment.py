"""The functions the benchmarks call: their packages, and their deployment through the public API."""

import concurrent.futures
import glob
import io
import json
import os
import shutil
import subprocess
import time
import zipfile

import boto3
from botocore.config import Config

from floors import MeasureError

HERE = os.path.dirname(os.path.abspath(__file__))
ROLE = "arn:aws:iam::000000000000:role/lambda"

# 1,769 MB is one whole vCPU. A smaller function is throttled: the figure would be the limit's.
MEMORY_MB = 1769

RUNTIMES = {
    "c": ("provided.al2023", "bootstrap"),
    "python": ("python3.11", "echo.handler"),
    "node": ("nodejs20.x", "echo.handler"),
}


def zip_bytes(files):
    """A zip of {name: (bytes, mode)}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (content, mode) in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def build_bootstrap(work_dir, name="echo.c"):
    """Compiles one of functions/ with the C runtime library, static; with musl if there is one."""
    library = os.path.join(HERE, "..", "runtimes", "c")
    sources = sorted(glob.glob(os.path.join(library, "*.c")))
    if not sources:
        raise MeasureError(f"no C runtime library in {library}")
    target = os.path.join(work_dir, "bootstrap")
    command = [shutil.which("musl-gcc") or "gcc", "-std=gnu17", "-O2", "-D_GNU_SOURCE", "-static", "-s",
               "-I", library, "-o", target, os.path.join(HERE, "functions", name), *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasureError(f"functions/{name} does not compile:\n{done.stderr}")
    with open(target, "rb") as file:
        return file.read()


def package(runtime, work_dir):
    if runtime == "c":
        return zip_bytes({"bootstrap": (build_bootstrap(work_dir), 0o755)})
    name = {"python": "echo.py", "node": "echo.js"}[runtime]
    with open(os.path.join(HERE, "functions", name), "rb") as file:
        return zip_bytes({name: (file.read(), 0o644)})


def soak_files(language, work_dir):
    """The function of bench/soak, without the file that tells its number."""
    if language == "c":
        return {"bootstrap": (build_bootstrap(work_dir, "soak.c"), 0o755)}
    name = {"python": "soak.py", "node": "soak.js"}[language]
    with open(os.path.join(HERE, "functions", name), "rb") as file:
        return {name: (file.read(), 0o644)}


def create_role(iam):
    """The functions' execution role, which a daemon that was started again may have already."""
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    try:
        iam.create_role(RoleName=ROLE.split("/")[1], AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        pass


class Deployment:
    """The functions of one running daemon."""

    def __init__(self, port, key):
        options = {
            "endpoint_url": f"http://127.0.0.1:{port}", "region_name": key[2], "aws_access_key_id": key[0],
            "aws_secret_access_key": key[1],
            "config": Config(retries={"max_attempts": 0}, read_timeout=60, max_pool_connections=16)}
        self.client = boto3.client("lambda", **options)
        self.changes = 0
        create_role(boto3.client("iam", **options))

    def create(self, name, runtime, code, variables=None):
        identifier, handler = RUNTIMES[runtime]
        self.client.create_function(
            FunctionName=name, Runtime=identifier, Handler=handler, Role=ROLE, Code={"ZipFile": code},
            Timeout=30, MemorySize=MEMORY_MB, Environment={"Variables": variables or {}})

    def wait_ready(self, name, timeout_s=30):
        """Until the function is active and its last update has taken effect."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            facts = self.client.get_function_configuration(FunctionName=name)
            if facts["State"] == "Active" and facts.get("LastUpdateStatus", "Successful") == "Successful":
                return
            if facts["State"] == "Failed":
                raise MeasureError(f"function {name} failed: {facts.get('StateReason')}")
            time.sleep(0.01)
        raise MeasureError(f"function {name} was not active after {timeout_s} s")

    def make_cold(self, name, variables=None):
        """Changes the configuration, after which no environment that exists may serve the function."""
        self.changes += 1
        self.client.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**(variables or {}), "CHANGE": str(self.changes)}})
        self.wait_ready(name)

    def create_many(self, count, runtime="python"):
        """count small functions, each with a package of its own, over eight connections."""
        def create_one(number):
            name = f"many-{number:05d}"
            source = f"def handler(event, context):\n    return {number}\n".encode()
            self.create(name, runtime, zip_bytes({"echo.py": (source, 0o644)}), {"NUMBER": str(number)})
            return name
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            names = list(pool.map(create_one, range(count)))
        self.wait_ready(names[-1])
