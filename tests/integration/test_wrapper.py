"""Wrapper scripts (AWS_LAMBDA_EXEC_WRAPPER), in the code and in a layer."""

import pytest

from support import packages
from support.layers import Layers
from support.waiting import wait_until

SOURCE = """
import os, sys
def handler(event, context):
    return [os.environ.get("WRAPPED"), sys.flags.dont_write_bytecode, os.environ["AWS_LAMBDA_EXEC_WRAPPER"]]
"""

# Puts an option of the interpreter before the last argument, as the Developer Guide shows it.
WRAPPER = """#!/bin/bash
args=("$@")
export WRAPPED=yes
exec "${args[@]:0:$#-1}" -B "${args[@]: -1}"
"""


def create(lamb, path, files=None, **fields):
    zip_file = packages.zip_files(dict({"app.py": SOURCE}, **(files or {})))
    fields["Environment"] = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": path}}
    return lamb.create(zip_file, runtime="python3.11", **fields)


def test_wrapper_in_the_code(lamb):
    name = create(lamb, "/var/task/wrapper.sh", {"wrapper.sh": WRAPPER})
    assert lamb.invoke(name).json == ["yes", 1, "/var/task/wrapper.sh"]


def test_wrapper_in_a_layer(lamb):
    layers = Layers(lamb)
    arn = layers.arn({"wrapper.sh": WRAPPER})
    assert lamb.invoke(create(lamb, "/opt/wrapper.sh", Layers=[arn])).json == ["yes", 1, "/opt/wrapper.sh"]
    layers.delete_all()


@pytest.mark.parametrize(
    "path, status, text",
    [
        ("/opt/nowhere", 127, "/opt/nowhere: does not exist"),
        ("/var/task/app.py", 126, "/var/task/app.py: is not an executable"),
    ],
)
def test_wrapper_that_can_not_be_run(lamb, path, status, text):
    name = create(lamb, path)
    error = lamb.invoke(name).json
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(f"Error: Runtime exited with error: exit status {status}")
    wait_until(lambda: text in lamb.logs(name), 10, "the log is written")


def test_custom_runtimes_have_none(lamb):
    name = lamb.create_bash(
        "echo '\"plain\"'", Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/nowhere"}}
    )
    assert lamb.invoke(name).json == "plain"
