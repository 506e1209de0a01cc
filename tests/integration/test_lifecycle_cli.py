"""The AWS CLI v2 of Debian: what a user types, from create-function to delete-function."""

import base64
import json
import os

import pytest

from support import packages
from support.clients import ROLE
from support.waiting import wait_until

ONE = "def handler(event, context):\n    print('one was called')\n    return {'version': 1, 'event': event}\n"
TWO = "def handler(event, context):\n    print('two was called')\n    return {'version': 2, 'event': event}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one.zip").write_bytes(packages.python_zip(ONE))
    (tmp_path / "two.zip").write_bytes(packages.python_zip(TWO))
    return tmp_path


def create(lamb, folder, name):
    return lamb.aws(
        "lambda",
        "create-function",
        "--function-name",
        name,
        "--runtime",
        "python3.11",
        "--role",
        ROLE,
        "--handler",
        "app.handler",
        "--zip-file",
        "fileb://one.zip",
        cwd=folder,
    )


def invoke(lamb, folder, name, payload, *words):
    answer = lamb.aws(
        "lambda",
        "invoke",
        "--function-name",
        name,
        "--cli-binary-format",
        "raw-in-base64-out",
        "--payload",
        payload,
        *words,
        "out.json",
        cwd=folder,
    )
    return answer, json.loads((folder / "out.json").read_text())


def test_whole_life(lamb, folder):
    name = lamb.new_name()
    created = create(lamb, folder, name)
    assert created["State"] == "Pending"
    lamb.aws("lambda", "wait", "function-active-v2", "--function-name", name)

    answer, payload = invoke(lamb, folder, name, '{"a": 1}', "--log-type", "Tail")
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert payload == {"version": 1, "event": {"a": 1}}
    assert "one was called" in base64.b64decode(answer["LogResult"]).decode()

    updated = lamb.aws(
        "lambda",
        "update-function-code",
        "--function-name",
        name,
        "--zip-file",
        "fileb://two.zip",
        cwd=folder,
    )
    assert updated["LastUpdateStatus"] == "InProgress"
    lamb.aws("lambda", "wait", "function-updated-v2", "--function-name", name)
    _, payload = invoke(lamb, folder, name, '{"b": 2}')
    assert payload == {"version": 2, "event": {"b": 2}}

    changed = lamb.aws(
        "lambda",
        "update-function-configuration",
        "--function-name",
        name,
        "--timeout",
        "7",
        "--environment",
        "Variables={COLOUR=red}",
    )
    assert changed["Timeout"] == 7
    lamb.aws("lambda", "wait", "function-updated-v2", "--function-name", name)

    listed = lamb.aws("lambda", "list-functions")["Functions"]
    assert [function["FunctionName"] for function in listed] == [name]
    assert lamb.aws("lambda", "get-function", "--function-name", name)["Configuration"]["Timeout"] == 7
    wait_until(lambda: "two was called" in lamb.logs(name), 5, "the log is written")

    lamb.aws("lambda", "delete-function", "--function-name", name)
    gone = lamb.aws("lambda", "get-function", "--function-name", name, check=False)
    assert gone.returncode != 0
    assert f"Function not found: {lamb.arn(name)}" in gone.stderr


def test_create_with_tags_and_a_file_of_arguments(lamb, folder):
    name = lamb.new_name()
    arguments = {
        "FunctionName": name,
        "Runtime": "python3.11",
        "Role": ROLE,
        "Handler": "app.handler",
        "Tags": {"team": "a b"},
    }
    (folder / "arguments.json").write_text(json.dumps(arguments))
    lamb.aws(
        "lambda",
        "create-function",
        "--cli-input-json",
        "file://arguments.json",
        "--zip-file",
        "fileb://one.zip",
        cwd=folder,
    )
    assert lamb.aws("lambda", "list-tags", "--resource", lamb.arn(name)) == {"Tags": {"team": "a b"}}


def test_large_package_is_sent_with_expect_100_continue(lamb, folder):
    """The CLI asks before it sends a body like this one."""
    archive = packages.zip_files({"app.py": ONE, "data.bin": os.urandom(3 * 1024 * 1024)})
    (folder / "one.zip").write_bytes(archive)
    name = lamb.new_name()
    assert create(lamb, folder, name)["CodeSize"] == len(archive)


def test_get_account_settings(lamb):
    settings = lamb.aws("lambda", "get-account-settings")
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000


def test_error_is_readable(lamb):
    done = lamb.aws("lambda", "invoke", "--function-name", "no-such-function", "/dev/null", check=False)
    assert done.returncode == 254
    assert (
        "(ResourceNotFoundException) when calling the Invoke operation: Function not found: "
        in done.stderr
    )


def test_invoke_tells_of_a_function_error(lamb, folder):
    name = lamb.create_python("def handler(event, context):\n    raise ValueError('no')\n")
    answer, payload = invoke(lamb, folder, name, "{}")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "ValueError"
