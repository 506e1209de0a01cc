"""The AWS SDK for JavaScript, v3: create, wait active, invoke, update, invoke new code, tail log, delete."""

import shutil

import pytest

from support import packages
from support.clients import has_node_sdk

ONE = "def handler(event, context):\n    print('from one')\n    return {'version': 1, 'event': event}\n"
TWO = "def handler(event, context):\n    print('from two')\n    return {'version': 2, 'event': event}\n"


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed (scripts/setup --tests)")
@pytest.mark.skipif(
    not has_node_sdk(), reason="@aws-sdk/client-lambda is not installed (scripts/test does it)"
)
def test_whole_life(lamb, tmp_path):
    (tmp_path / "one.zip").write_bytes(packages.python_zip(ONE))
    (tmp_path / "two.zip").write_bytes(packages.python_zip(TWO))
    name = lamb.new_name()
    steps = lamb.node("lifecycle.mjs", name, str(tmp_path / "one.zip"), str(tmp_path / "two.zip"))
    assert steps["created"] == {
        "state": "Pending",
        "logging": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }
    assert steps["first"]["status"] == 200
    assert steps["first"]["version"] == "$LATEST"
    assert steps["first"]["payload"] == {"version": 1, "event": {"a": 1}}
    assert "from one\n" in steps["first"]["log"]
    assert steps["updated"] == "InProgress"
    assert steps["second"]["payload"] == {"version": 2, "event": {"a": 1}}
    assert "from two\n" in steps["second"]["log"]
    assert steps["gone"] == {"isRightClass": True, "message": f"Function not found: {lamb.arn(name)}"}
