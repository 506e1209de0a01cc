"""The real clients: boto3, the AWS CLI, the JavaScript SDK; and raw signed requests where a client is too
polite."""

import base64
import http.client
import json
import os
import subprocess
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials

from support.environment import clean_environment

ROLE = "arn:aws:iam::000000000000:role/lamb-test"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
NODE_DIR = Path(__file__).resolve().parents[1] / "node"


def boto_client(daemon, service="lambda", region=None, access_key=None, secret=None, **config):
    options = {
        "retries": {"total_max_attempts": 1},
        "read_timeout": 120,
        "max_pool_connections": 80,
        **config,
    }
    return boto3.session.Session().client(
        service,
        endpoint_url=daemon.url,
        region_name=region or daemon.keys["AWS_REGION"],
        aws_access_key_id=access_key or daemon.keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret or daemon.keys["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(**options),
    )


def client_environment(daemon):
    """What `eval "$(lamb env)"` gives a shell, and nothing else."""
    return clean_environment(
        {
            **daemon.keys,
            "AWS_PAGER": "",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
    )


def aws(daemon, *words, check=True, cwd=None):
    """Runs the AWS CLI v2 of Debian, which is older than AWS_ENDPOINT_URL and takes --endpoint-url
    instead."""
    done = subprocess.run(
        ["/usr/bin/aws", "--endpoint-url", daemon.url, "--output", "json", *words],
        env=client_environment(daemon),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        check=False,
    )
    if not check:
        return done
    assert done.returncode == 0, f"aws {' '.join(words)}: {done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip() else None


def node(daemon, script, *words):
    """Runs one of node/*.mjs with the JavaScript SDK; it prints one JSON document."""
    done = subprocess.run(
        ["node", NODE_DIR / script, *words],
        env=client_environment(daemon),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=NODE_DIR,
        check=False,
    )
    assert done.returncode == 0, f"{script}: {done.stderr}"
    return json.loads(done.stdout)


@dataclass
class Answer:
    """What came back for one raw request."""

    status: int
    headers: dict
    body: bytes
    connection: object = field(repr=False, default=None)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.headers.get("x-amzn-errortype", "").split(":")[0]

    @property
    def message(self):
        document = self.json
        return document.get("message", document.get("Message"))


def sign(
    daemon,
    method,
    path,
    headers=None,
    body=b"",
    access_key=None,
    secret=None,
    token=None,
    region=None,
    service="lambda",
    at=None,
):
    """Headers of a request signed by botocore. `at` is a datetime to sign at instead of now."""
    request = botocore.awsrequest.AWSRequest(
        method=method,
        url=f"http://{daemon.host}{path}",
        headers={"Host": daemon.host, **(headers or {})},
        data=body,
    )
    credentials = botocore.credentials.Credentials(
        access_key or daemon.keys["AWS_ACCESS_KEY_ID"],
        secret or daemon.keys["AWS_SECRET_ACCESS_KEY"],
        token,
    )
    signer = botocore.auth.SigV4Auth(credentials, service, region or daemon.keys["AWS_REGION"])
    if at is None:
        signer.add_auth(request)
    else:
        with signing_at(at):
            signer.add_auth(request)
    return dict(request.headers.items())


class signing_at:
    """Within it botocore believes that it is another time."""

    def __init__(self, moment):
        self.moment = moment

    def __enter__(self):
        moment, real = self.moment, botocore.auth.datetime

        class Frozen(real.datetime):
            @classmethod
            def utcnow(cls):
                return moment

        class Module:
            datetime = Frozen

        self.real = real
        botocore.auth.datetime = Module

    def __exit__(self, *_):
        botocore.auth.datetime = self.real


def request(daemon, method, path, body=b"", headers=None, signed=True, connection=None, **signing):
    """One raw request. Give `connection` (an http.client.HTTPConnection) to reuse it."""
    body = body.encode() if isinstance(body, str) else body
    headers = dict(headers or {})
    if signed:
        headers = sign(daemon, method, path, headers, body, **signing)
    own = connection is None
    connection = connection or http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, content
        )
    finally:
        if own:
            connection.close()


def query(daemon, service, action, headers=None, **parameters):
    """One request of the query protocol: IAM's and STS's."""
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **(headers or {})}
    version = {"iam": "2010-05-08", "sts": "2011-06-15"}[service]
    signing = {
        name: parameters.pop(name) for name in ("access_key", "secret", "token") if name in parameters
    }
    body = urllib.parse.urlencode({"Action": action, "Version": version, **parameters})
    return request(daemon, "POST", "/", body, headers, service=service, **signing)


def create_test_role(daemon, name="lamb-test"):
    """The execution role of the tests' functions."""
    answer = query(daemon, "iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=TRUST)
    assert answer.status in (200, 409), answer.body


def allow_test_role(daemon, action, policy="test"):
    """Lets the role of the tests' functions do that with everything."""
    document = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"},
    }
    answer = query(
        daemon,
        "iam",
        "PutRolePolicy",
        RoleName="lamb-test",
        PolicyName=policy,
        PolicyDocument=json.dumps(document),
    )
    assert answer.status == 200, answer.body


def forbid_test_role(daemon, policy="test"):
    query(daemon, "iam", "DeleteRolePolicy", RoleName="lamb-test", PolicyName=policy)


@dataclass
class Invocation:
    """What Invoke gave, from boto3."""

    status: int
    payload: bytes
    error: str
    version: str
    log: str
    headers: dict

    @property
    def json(self):
        return json.loads(self.payload)

    @property
    def request_id(self):
        return self.headers["x-amzn-requestid"]


def invoke(client, name, event=None, payload=None, **parameters):
    if payload is None and event is not None:
        payload = json.dumps(event).encode()
    if payload is not None:
        parameters["Payload"] = payload
    answer = client.invoke(FunctionName=name, **parameters)
    log = base64.b64decode(answer["LogResult"]).decode() if "LogResult" in answer else None
    return Invocation(
        answer["StatusCode"],
        answer["Payload"].read(),
        answer.get("FunctionError"),
        answer.get("ExecutedVersion"),
        log,
        answer["ResponseMetadata"]["HTTPHeaders"],
    )


def has_node_sdk():
    return os.path.isdir(NODE_DIR / "node_modules" / "@aws-sdk" / "client-lambda")
