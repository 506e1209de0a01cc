"""The API front under test: tests/contract/control_plane.c, which is everything of the daemon but the
sandboxes. LAMB_BUILD names the build directory."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))

from support.s3 import FakeS3  # noqa: E402 (it is found there)
from world import REGION, ROLE_NAME, package  # noqa: E402


def program():
    build = os.environ.get("LAMB_BUILD", str(Path(__file__).resolve().parents[2] / "build"))
    return Path(build) / "tests" / "control_plane"


def trust_in(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class Front:
    url: str
    access_key: str
    secret: str
    allowed_errors: list = field(default_factory=list)  # events that its log may have

    def client(self, service="lambda"):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret,
            config=Config(retries={"max_attempts": 0}, parameter_validation=False),
        )

    def send(self, method, path, body=b"", headers=None, service="lambda"):
        """A signed request as it is; the answer with .status_code, .headers and .content."""
        request = AWSRequest(method=method, url=self.url + path, data=body, headers=headers or {})
        SigV4Auth(Credentials(self.access_key, self.secret), service, REGION).add_auth(request)
        return URLLib3Session().send(request.prepare())

    def add_role(self, name, service):
        """Gives its ARN."""
        document = trust_in(service)
        role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
        return role["Role"]["Arn"]


@pytest.fixture(scope="session")
def s3():
    fake = FakeS3()
    fake.objects["contract", "package.zip"] = package()
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def front(tmp_path_factory, s3):
    data = tmp_path_factory.mktemp("front")
    log = (data / "log").open("w")
    process = subprocess.Popen(
        [program(), "serve", data / "data"],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={**os.environ, "S3_ENDPOINT": s3.url},
    )
    word, port, access_key, secret = process.stdout.readline().split()
    assert word == "ready"
    front = Front(f"http://127.0.0.1:{port}", access_key, secret)
    front.add_role(ROLE_NAME, "lambda.amazonaws.com")
    front.client("iam").attach_role_policy(
        RoleName=ROLE_NAME, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    front.add_role("powerless", "lambda.amazonaws.com")
    yield front
    process.send_signal(signal.SIGTERM)
    status = process.wait(30)
    process.stdout.close()
    log.close()
    assert status == 0, (data / "log").read_text()
    errors = [line for line in (data / "log").read_text().splitlines() if " error " in line]
    assert not [line for line in errors if not any(event in line for event in front.allowed_errors)]


@pytest.fixture(scope="session")
def client(front):
    return front.client()


@pytest.fixture(scope="session")
def operations():
    """name -> (method, path, query, status, is_supported)"""
    lines = subprocess.run([program(), "--operations"], capture_output=True, text=True, check=True)
    rows = [line.split() for line in lines.stdout.splitlines()]
    assert rows == sorted(rows)
    return {
        name: (method, path, None if query == "-" else query, int(status), supported == "yes")
        for name, method, path, query, status, supported in rows
    }
