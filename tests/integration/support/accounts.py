"""Callers of one daemon with two accounts: root users, users with policies, sessions of roles."""

import json
import subprocess

import botocore.exceptions
import pytest

from support import clients, packages, settings
from support.clients import TRUST, boto_client
from support.environment import clean_environment

MAIN, OTHER = "000000000000", "111111111111"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(principal, **more):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
            ],
        }
    )


def refused(call, **members):
    """The exception's name."""
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**members)
    return error.value.response["Error"]["Code"]


class Caller:
    """Somebody with keys, who calls with the AWS CLI."""

    def __init__(self, daemon, key, secret, token=None):
        self.daemon = daemon
        self.credentials = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        if token:
            self.credentials["AWS_SESSION_TOKEN"] = token

    def run(self, *words):
        environment = {
            **self.daemon.keys,
            **self.credentials,
            "AWS_PAGER": "",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        return subprocess.run(
            ["/usr/bin/aws", "--endpoint-url", self.daemon.url, "--output", "json", *words],
            env=clean_environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def may(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, f"aws {' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def may_not(self, *words):
        """The message."""
        done = self.run(*words)
        assert "(AccessDenied" in done.stderr, f"aws {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stderr.strip().split("operation: ", 1)[1]


class Accounts:
    """One daemon with two accounts, each with a function `f`."""

    def __init__(self, lamb):
        self.daemon = lamb.daemon
        self.lamb = lamb
        self.root = self.root_of(None)
        self.other = self.root_of(OTHER)
        clients.query(
            self.daemon,
            "iam",
            "CreateRole",
            access_key=self.other.credentials["AWS_ACCESS_KEY_ID"],
            secret=self.other.credentials["AWS_SECRET_ACCESS_KEY"],
            RoleName="lamb-test",
            AssumeRolePolicyDocument=TRUST,
        )

    def root_of(self, account):
        words = ["--account", account] if account else []
        done = self.daemon.run_cli("env", "--data-dir", str(self.daemon.data_dir), *words)
        keys = dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines())
        return Caller(self.daemon, keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])

    def client(self, caller, service="lambda"):
        return boto_client(
            self.daemon,
            service,
            access_key=caller.credentials["AWS_ACCESS_KEY_ID"],
            secret=caller.credentials["AWS_SECRET_ACCESS_KEY"],
        )

    def user(self, name, *statements, path="/", by=None):
        """A new user with one embedded policy."""
        iam = self.client(by or self.root, "iam")
        iam.create_user(UserName=name, Path=path)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.close()
        return Caller(self.daemon, key["AccessKeyId"], key["SecretAccessKey"])

    def function(self, name, source=packages.ECHO_PY, by=None, role="lamb-test"):
        caller = by or self.root
        account = OTHER if caller is self.other else MAIN
        client = self.client(caller)
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="app.handler",
            Role=f"arn:aws:iam::{account}:role/{role}",
            Code={"ZipFile": packages.python_zip(source)},
            Timeout=20,
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
        client.close()

    def session(self, caller, role, name="session", **parameters):
        done = caller.may(
            "sts",
            "assume-role",
            "--role-arn",
            role,
            "--role-session-name",
            name,
            *[word for key, value in parameters.items() for word in (f"--{key}", str(value))],
        )
        made = done["Credentials"]
        return (
            Caller(self.daemon, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]),
            done,
        )


def arn(name, account=MAIN):
    return f"arn:aws:lambda:us-east-1:{account}:function:{name}"


def invoke(name):
    return ("lambda", "invoke", "--function-name", name, "/dev/null")


@pytest.fixture
def accounts(new_daemon):
    return Accounts(new_daemon(*settings.accounts(OTHER)))
