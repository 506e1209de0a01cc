"""Layers in functions: what is refused, what stands at /opt, and how long it stays."""

import io
import re
import zipfile

import pytest

from support import clients, packages
from support.clients import boto_client
from support.layers import (  # noqa: F401 (pytest finds the fixture here)
    ACCOUNT,
    Layers,
    VERSION_ARN_PATTERN,
    layer_arn,
    layers,
    refused,
    tree_of,
)
from support.waiting import wait_until

OTHER = "111111111111"


def test_messages_about_functions(lamb, layers):
    code = packages.python_zip(packages.ECHO_PY)
    one, two = layers.arn(name="two-a"), layers.arn(name="two-a")
    six = [layers.arn() for _ in range(6)]
    missing = layer_arn(lamb, "two-a", 9)
    bare = layer_arn(lamb, "two-a")
    invalid = "InvalidParameterValueException"

    def create(arns):
        return refused(lamb.create, zip_file=code, runtime="python3.11", name="never", Layers=arns)

    expected = {
        "six": (six, invalid, "Cannot reference more than 5 layers."),
        "missing": ([missing], invalid, f"Layer version {missing} does not exist."),
        "absent": (
            [layer_arn(lamb, "absent", 1)],
            invalid,
            f"Layer version {layer_arn(lamb, 'absent', 1)} does not exist.",
        ),
        "elsewhere": (
            [f"arn:aws:lambda:eu-west-3:{ACCOUNT}:layer:two-a:1"],
            invalid,
            "Layers are not in the same region as the function. Layers are expected to be in region "
            f"{lamb.region}.",
        ),
        "twice": (
            [one, two],
            invalid,
            "Two different versions of the same layer are not allowed to be referenced in the same "
            f"function. {one} and {two} are versions of the same layer.",
        ),
        "bare": (
            [bare],
            "ValidationException",
            f"1 validation error detected: Value '[{bare}]' at 'layers' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must have length less than or equal to 2048, Member "
            "must have length greater than or equal to 1, Member must satisfy regular expression pattern: "
            f"{VERSION_ARN_PATTERN}, Member must not be null]",
        ),
    }
    for arns, error, message in expected.values():
        assert create(arns) == (error, message, 400)
    name = lamb.create(code, runtime="python3.11", Layers=[one])
    for arns, error, message in expected.values():
        assert refused(lamb.client.update_function_configuration, FunctionName=name, Layers=arns) == (
            error,
            message,
            400,
        )
    assert lamb.configuration(name)["Layers"][0]["Arn"] == one


# Answers what stands in the files that the event names, null for those that aren't there.
READ_PY = """
def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None

def handler(event, context):
    return {path: read(path) for path in event}
"""


def test_shown_in_the_configuration(lamb, layers):
    published = [layers.publish({f"f{n}": "x" * n}) for n in range(2)]
    name = lamb.create_python(READ_PY, Layers=[layer["LayerVersionArn"] for layer in published])
    expected = [
        {"Arn": layer["LayerVersionArn"], "CodeSize": layer["Content"]["CodeSize"]} for layer in published
    ]
    assert lamb.configuration(name)["Layers"] == expected
    assert lamb.client.get_function(FunctionName=name)["Configuration"]["Layers"] == expected
    [listed] = lamb.client.list_functions()["Functions"]
    assert listed["Layers"] == expected
    lamb.update_configuration(name, Description="keeps its layers")
    assert lamb.configuration(name)["Layers"] == expected
    lamb.update_configuration(name, Layers=[])
    assert "Layers" not in lamb.configuration(name)
    assert lamb.invoke(name, ["/opt/f1"]).json == {"/opt/f1": None}


@pytest.fixture
def two_accounts(new_daemon):
    """A view of the daemon, with its layers, and a client of the other account."""
    lamb = new_daemon("--accounts", OTHER)
    lines = lamb.daemon.run_cli("env", "--data-dir", str(lamb.daemon.data_dir), "--account", OTHER).stdout
    keys = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", lines, re.MULTILINE))
    access = {"access_key": keys["AWS_ACCESS_KEY_ID"], "secret": keys["AWS_SECRET_ACCESS_KEY"]}
    role = clients.query(
        lamb.daemon, "iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=clients.TRUST, **access
    )
    assert role.status == 200, role.body
    client = boto_client(lamb.daemon, **access)
    yield lamb, Layers(lamb), client
    client.close()


def test_a_layer_of_another_account(two_accounts):
    lamb, layers, other = two_accounts
    arn = layers.arn({"number": "1"}, name="shared")
    function = {
        "FunctionName": "f",
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Role": f"arn:aws:iam::{OTHER}:role/r",
        "Code": {"ZipFile": packages.python_zip(READ_PY)},
        "Layers": [arn],
    }
    denied = (
        "AccessDeniedException",
        f"User: arn:aws:iam::{OTHER}:root is not authorized to perform: lambda:GetLayerVersion on resource: "
        f"{arn} because no resource-based policy allows the lambda:GetLayerVersion action",
        403,
    )
    grant = {"LayerName": "shared", "VersionNumber": 1, "StatementId": "s1"}
    assert refused(other.create_function, **function) == denied
    assert refused(other.get_layer_version_by_arn, Arn=arn)[2] == 403
    lamb.client.add_layer_version_permission(
        **grant, Action="lambda:GetLayerVersion", Principal="222222222222"
    )
    assert refused(other.create_function, **function) == denied
    lamb.client.remove_layer_version_permission(**grant)
    lamb.client.add_layer_version_permission(**grant, Action="lambda:GetLayerVersion", Principal=OTHER)
    other.create_function(**function)
    wait_until(
        lambda: other.get_function_configuration(FunctionName="f")["State"] == "Active", 10, "f is active"
    )
    assert clients.invoke(other, "f", ["/opt/number"]).json == {"/opt/number": "1"}
    assert other.get_layer_version_by_arn(Arn=arn)["Version"] == 1
    assert other.list_layers()["Layers"] == []
    # What was allowed once keeps working.
    lamb.client.remove_layer_version_permission(**grant)
    assert clients.invoke(other, "f", ["/opt/number"]).json == {"/opt/number": "1"}
    update = other.update_function_configuration
    assert refused(update, FunctionName="f", Layers=[arn]) == denied
    assert refused(other.delete_layer_version, LayerName=arn.rsplit(":", 1)[0], VersionNumber=1)[2] == 403
    other.delete_function(FunctionName="f")


def test_later_over_earlier(lamb, layers):
    arns = [
        layers.arn({"all": str(n), f"only-{n}": str(n), f"dir/{n}": str(n), "dir/all": str(n)})
        for n in range(5)
    ]
    paths = ["/opt/all", "/opt/dir/all"] + [f"/opt/only-{n}" for n in range(5)] + ["/opt/dir/0"]
    name = lamb.create_python(READ_PY, Layers=arns)
    expected = dict(zip(paths, ["4", "4", "0", "1", "2", "3", "4", "0"]))
    assert lamb.invoke(name, paths).json == expected
    lamb.update_configuration(name, Layers=arns[::-1])
    assert lamb.invoke(name, paths).json == {**expected, "/opt/all": "0", "/opt/dir/all": "0"}
    lamb.update_configuration(name, Layers=arns[1:2])
    shown = lamb.invoke(name, paths).json
    assert shown["/opt/all"] == "1" and shown["/opt/only-0"] is None


def test_versions_keep_their_layers(lamb, layers):
    one, two = layers.arn({"number": "1"}), layers.arn({"number": "2"})
    name = lamb.create_python(READ_PY, Layers=[one], Publish=True)
    lamb.update_configuration(name, Layers=[two])
    version = lamb.client.publish_version(FunctionName=name)["Version"]
    assert version == "2"
    lamb.update_configuration(name, Layers=[])
    for qualifier, number in (("1", "1"), ("2", "2"), ("$LATEST", None)):
        answer = lamb.invoke(name, ["/opt/number"], Qualifier=qualifier)
        assert answer.json == {"/opt/number": number}
    assert lamb.configuration(name, Qualifier="1")["Layers"][0]["Arn"] == one


def test_deleted_layer_keeps_working(new_daemon):
    lamb = new_daemon()
    layers = Layers(lamb)
    arns = [layers.arn({f"number-{n}": str(n)}, name=f"dying-{n}") for n in range(2)]
    name = lamb.create_python(READ_PY, Layers=arns)
    other = lamb.create_python(READ_PY, Layers=arns[:1])
    for arn in arns:
        layers.delete(arn)
    paths = ["/opt/number-0", "/opt/number-1"]
    expected = {"/opt/number-0": "0", "/opt/number-1": "1"}
    assert lamb.invoke(name, paths).json == expected
    assert refused(lamb.client.update_function_configuration, FunctionName=name, Layers=arns) == (
        "InvalidParameterValueException",
        f"Layer version {arns[0]} does not exist.",
        400,
    )
    lamb.update_configuration(name, MemorySize=256)
    assert lamb.invoke(name, paths).json == expected
    lamb.update_code(name, packages.python_zip(READ_PY + "# more\n"))
    assert lamb.invoke(name, paths).json == expected

    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    assert lamb.invoke(name, paths).json == expected
    assert [layer["Arn"] for layer in lamb.configuration(name)["Layers"]] == arns
    # With the last function the packages go.
    data_dir = lamb.daemon.data_dir
    lamb.client.delete_function(FunctionName=name)
    assert lamb.invoke(other, paths).json == {**expected, "/opt/number-1": None}
    lamb.client.delete_function(FunctionName=other)
    for folder in ("blobs", "code"):
        wait_until(lambda f=folder: tree_of(data_dir, f) == [], 10, f"{folder} is empty")


def test_the_same_list_is_shared_on_disk(lamb, layers):
    arns = [layers.arn({f"shared-{n}": str(n)}) for n in range(2)]
    data_dir = lamb.daemon.data_dir
    before = tree_of(data_dir, "code")
    one = lamb.create_python(READ_PY, Layers=arns)
    with_one = tree_of(data_dir, "code")
    assert len(with_one) == len(before) + 4  # the code, two layers, the two together
    two = lamb.create_python(READ_PY, Layers=arns)
    assert tree_of(data_dir, "code") == with_one
    lamb.client.delete_function(FunctionName=one)
    assert lamb.invoke(two, ["/opt/shared-1"]).json == {"/opt/shared-1": "1"}
    lamb.client.delete_function(FunctionName=two)
    wait_until(lambda: tree_of(data_dir, "code") == before, 10, "the layouts are gone")


# ---- sizes ----


def zeros(size):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("zeros", "w") as file:
            for _ in range(size // 1_000_000):
                file.write(bytes(1_000_000))
    return data.getvalue()


def test_unzipped_size_counts_together(lamb, layers):
    big = layers.arn(Content={"ZipFile": zeros(150_000_000)})
    other = layers.arn(Content={"ZipFile": zeros(120_000_000)})
    code = packages.zip_files({"app.py": READ_PY, "zeros": bytes(1)})
    name = lamb.create(zeros(130_000_000), runtime="python3.11", Layers=[])
    update = lamb.client.update_function_configuration
    invalid = "InvalidParameterValueException"
    assert refused(update, FunctionName=name, Layers=[big, other]) == (
        invalid,
        "Layers consume more than the available size of 262144000 bytes",
        400,
    )
    assert refused(update, FunctionName=name, Layers=[big]) == (
        invalid,
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The "
        "actual size is 280000000 bytes.",
        400,
    )
    lamb.update_configuration(name, Layers=[other])
    too_large = (invalid, "Unzipped size must be smaller than 142144000 bytes", 400)
    assert (
        refused(lamb.client.update_function_code, FunctionName=name, ZipFile=zeros(150_000_000)) == too_large
    )
    assert (
        refused(lamb.create, zip_file=zeros(143_000_000), runtime="python3.11", Layers=[other], name="never")
        == too_large
    )
    lamb.update_code(name, code)
    usage = lamb.client.get_account_settings()["AccountUsage"]
    published = sum(
        lamb.client.get_layer_version_by_arn(Arn=arn)["Content"]["CodeSize"] for arn in (big, other)
    )
    assert usage["TotalCodeSize"] == published + len(code)


# ---- where languages and programs look ----


def test_python_paths(lamb, layers):
    arn = layers.arn(
        {
            "python/top.py": "where = 'python'\n",
            "python/both.py": "where = 'python'\n",
            "python/lib/python3.11/site-packages/deep.py": "where = 'site-packages'\n",
            "python/lib/python3.11/site-packages/both.py": "where = 'site-packages'\n",
            "python/app.py": "raise Exception('the code comes first')\n",
        }
    )
    name = lamb.create_python(
        "import top, deep, both\n\ndef handler(event, context):\n"
        "    return [top.where, deep.where, both.where]\n",
        Layers=[arn],
    )
    assert lamb.invoke(name, {}).json == ["python", "site-packages", "site-packages"]


@pytest.mark.skipif(packages.node_major() is None, reason="this machine has no Node")
def test_node_paths(lamb, layers):
    major = packages.node_major()
    arn = layers.arn(
        {
            "nodejs/node_modules/plain/index.js": "module.exports = 'node_modules';\n",
            f"nodejs/node{major}/node_modules/exact/index.js": "module.exports = 'exact';\n",
        }
    )
    name = lamb.create_node(
        "exports.handler = async () => [require('plain'), require('exact')];\n",
        runtime=f"nodejs{major}.x",
        Layers=[arn],
    )
    assert lamb.invoke(name, {}).json == ["node_modules", "exact"]


def test_programs_and_libraries(lamb, layers):
    arn = layers.arn({"bin/tool.sh": "#!/bin/sh\necho '\"from the layer\"'\n", "lib/libx.so": "x"})
    name = lamb.create_bash("tool.sh", Layers=[arn])
    assert lamb.invoke(name, {}).json == "from the layer"
    name = lamb.create_bash('echo "[\\"$PATH\\",\\"$LD_LIBRARY_PATH\\"]"', Layers=[arn])
    path, library_path = lamb.invoke(name, {}).json
    assert "/opt/bin" in path.split(":")
    assert "/opt/lib" in library_path.split(":")


def test_bootstrap_in_a_layer(lamb, layers):
    runtime = packages.BASH_RUNTIME.replace("HANDLER", 'cat "$LAMBDA_TASK_ROOT/answer"')
    arn = layers.arn({"bootstrap": runtime})
    name = lamb.create(packages.zip_files({"answer": '"the layer runs"'}), Layers=[arn])
    assert lamb.invoke(name, {}).json == "the layer runs"


def test_opt_is_read_only(lamb, layers):
    arns = [layers.arn({f"file-{n}": "kept"}) for n in range(2)]
    name = lamb.create_python(
        "import os\n\ndef handler(event, context):\n    failed = 0\n"
        "    for path in ('/opt/file-0', '/opt/new', '/opt/file-1'):\n        try:\n"
        "            open(path, 'w')\n        except OSError:\n            failed += 1\n"
        "    return [failed, open('/opt/file-0').read()]\n",
        Layers=arns,
    )
    assert lamb.invoke(name, {}).json == [3, "kept"]
