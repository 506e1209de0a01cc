"""Layers: versions, lists and policies."""

import base64
import io
import json
import os
import re
import stat
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import botocore.exceptions
import pytest

from support import packages, settings
from support.layers import (  # noqa: F401 (pytest finds the fixture here)
    ACCOUNT,
    Layers,
    VERSION_ARN_PATTERN,
    fetch,
    layer_arn,
    layers,
    refused,
    tree_of,
)
from support.s3 import FakeS3

CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LIMIT = 262144000

CREATABLE = (
    "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, "
    "python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, "
    "dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2"
)
KNOWN = (
    "ruby3.5, ruby2.6, dotnetcore1.0, python3.7, nodejs8.10, nasa, ruby2.7, python2.7-greengrass, "
    "dotnetcore2.0, python3.8, java21, dotnet6, dotnetcore2.1, python3.9, java11, nodejs6.10, provided, "
    "dotnetcore3.1, dotnet8, java25, java17, nodejs, nodejs4.3, java8.al2, go1.x, dotnet10, nodejs20.x, "
    "go1.9, byol, nodejs10.x, provided.al2023, nodejs22.x, python3.10, java8, nodejs12.x, python3.11, "
    "nodejs24.x, nodejs8.x, python3.12, nodejs14.x, nodejs8.9, nodejs26.x, python3.13, python3.14, "
    "nodejs16.x, python3.15, provided.al2, nodejs4.3-edge, nodejs18.x, ruby3.2, python3.4, ruby3.3, "
    "ruby3.4, ruby2.5, python3.6, python2.7"
)


# ---- publishing and reading ----


def test_publish_and_get(lamb, layers):
    name = lamb.new_name("layer")
    code = packages.zip_files({"python/one.py": "one = 1\n"})
    published = layers.publish(name=name, Content={"ZipFile": code})
    assert CREATED.fullmatch(published.pop("CreatedDate"))
    content = published.pop("Content")
    assert published == {
        "LayerArn": layer_arn(lamb, name),
        "LayerVersionArn": layer_arn(lamb, name, 1),
        "Description": "",
        "Version": 1,
    }
    assert content.pop("Location").startswith("http://")
    assert content == {"CodeSha256": packages.sha256_base64(code), "CodeSize": len(code)}

    for got in (
        lamb.client.get_layer_version(LayerName=name, VersionNumber=1),
        lamb.client.get_layer_version(LayerName=layer_arn(lamb, name), VersionNumber=1),
        lamb.client.get_layer_version_by_arn(Arn=layer_arn(lamb, name, 1)),
    ):
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert got["Version"] == 1 and got["LayerVersionArn"] == layer_arn(lamb, name, 1)
        assert fetch(got["Content"]["Location"]) == code


def test_everything_is_echoed(lamb, layers):
    fields = {
        "Description": 'a "layer" \u00e9',
        "LicenseInfo": "MIT",
        "CompatibleRuntimes": ["python3.8", "nodejs16.x"],
        "CompatibleArchitectures": ["x86_64", "arm64"],
    }
    published = layers.publish(**fields)
    assert {key: published[key] for key in fields} == fields
    got = lamb.client.get_layer_version_by_arn(Arn=published["LayerVersionArn"])
    assert {key: got[key] for key in fields} == fields
    [listed] = lamb.client.list_layer_versions(LayerName=published["LayerArn"])["LayerVersions"]
    assert {key: listed[key] for key in fields} == fields
    assert "Content" not in listed and "LayerArn" not in listed

    empty = layers.publish(CompatibleRuntimes=[], CompatibleArchitectures=[])
    assert empty["CompatibleRuntimes"] == [] and empty["CompatibleArchitectures"] == []
    assert "LicenseInfo" not in empty


def test_raw_answer(lamb, layers):
    name = lamb.new_name("layer")
    body = {"Content": {"ZipFile": base64.b64encode(packages.zip_files({"a": "b"})).decode()}}
    answer = lamb.request("POST", f"/2018-10-31/layers/{name}/versions", json.dumps(body))
    assert answer.status == 201
    assert set(answer.json) == {
        "Content",
        "CreatedDate",
        "Description",
        "LayerArn",
        "LayerVersionArn",
        "Version",
    }


def test_versions_count_and_are_never_given_twice(lamb, layers):
    name = lamb.new_name("layer")
    assert [layers.publish(name=name)["Version"] for _ in range(3)] == [1, 2, 3]
    for version in (3, 1, 2):
        answer = lamb.client.delete_layer_version(LayerName=name, VersionNumber=version)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert lamb.client.list_layer_versions(LayerName=name)["LayerVersions"] == []
    assert layers.publish(name=name)["Version"] == 4


def test_parallel_publications_get_numbers_of_their_own(lamb, layers):
    name = lamb.new_name("layer")
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda n: layers.publish({"n": str(n)}, name=name)["Version"], range(16)))
    assert sorted(versions) == list(range(1, 17))
    listed = lamb.client.list_layer_versions(LayerName=name)["LayerVersions"]
    assert [item["Version"] for item in listed] == list(range(16, 0, -1))


def test_content_from_s3(new_daemon):
    code = packages.zip_files({"python/far.py": "far = True\n"})
    server = FakeS3()
    try:
        server.objects[("bucket", "path/layer.zip")] = code
        lamb = new_daemon(*settings.s3(server.url))
        layers = Layers(lamb)
        got = layers.publish(Content={"S3Bucket": "bucket", "S3Key": "path/layer.zip"})
        assert got["Content"]["CodeSha256"] == packages.sha256_base64(code)
        _, message, _ = refused(layers.publish, Content={"S3Bucket": "bucket", "S3Key": "absent"})
        assert "NoSuchKey" in message
    finally:
        server.close()


@pytest.mark.parametrize(
    "content, words",
    [
        ({"ZipFile": b"no zip"}, "Could not unzip uploaded file"),
        ({"ZipFile": b""}, "Uploaded file must be a non-empty zip"),
        ({}, "Please provide a source for layer content."),
        ({"ZipFile": b"x", "S3Bucket": "bucket", "S3Key": "key"}, "when providing a ZipFile"),
    ],
)
def test_bad_content_is_refused_and_leaves_nothing(lamb, layers, content, words):
    before = tree_of(lamb.daemon.data_dir, "blobs")
    code, message, status = refused(layers.publish, name="bad", Content=content)
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert words in message
    assert lamb.client.list_layers()["Layers"] == []
    assert tree_of(lamb.daemon.data_dir, "blobs") == before


def test_the_limits_of_a_zip(lamb, layers):
    wide = io.BytesIO()
    with zipfile.ZipFile(wide, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("zeros", bytes(LIMIT + 1))
    code, message, _ = refused(layers.publish, Content={"ZipFile": wide.getvalue()})
    assert (code, message) == (
        "InvalidParameterValueException",
        "Unzipped size must be smaller than 262144000 bytes",
    )


def test_a_link_out_of_a_layer_is_refused(lamb, layers):
    info = zipfile.ZipInfo("link", packages.FIXED_DATE)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(info, "../etc/passwd")
    code, message, _ = refused(layers.publish, Content={"ZipFile": data.getvalue()})
    assert code == "InvalidParameterValueException" and "link" in message


def test_killed_after_publishing(new_daemon):
    lamb = new_daemon()
    layers = Layers(lamb)
    codes = {}
    for number in range(4):
        for version in (1, 2):
            code = packages.zip_files({"number": f"{number}.{version}"})
            codes[layers.arn(name=f"kill-{number}", Content={"ZipFile": code})] = code
        if number == 1:
            layers.delete(layer_arn(lamb, "kill-1", 2))
            codes.pop(layer_arn(lamb, "kill-1", 2))
        lamb.daemon.kill()
        lamb.daemon.start()
        lamb.close()
        layers.client = lamb.client
        for arn, code in codes.items():
            assert fetch(lamb.client.get_layer_version_by_arn(Arn=arn)["Content"]["Location"]) == code
    assert len(tree_of(lamb.daemon.data_dir, "blobs")) == len(codes)
    assert tree_of(lamb.daemon.data_dir, "code") == []
    assert layers.publish(name="kill-1")["Version"] == 3


def publish_until_it_dies(layers, acknowledged):
    try:
        while True:
            code = packages.zip_files({"noise": os.urandom(100_000)})
            acknowledged[layers.arn(name="dying", Content={"ZipFile": code})] = code
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        pass


def test_killed_while_publishing(new_daemon):
    lamb = new_daemon()
    acknowledged = {}
    for number in range(5):
        publisher = threading.Thread(target=publish_until_it_dies, args=(Layers(lamb), acknowledged))
        publisher.start()
        time.sleep(0.05 + 0.03 * number)
        lamb.daemon.kill()
        publisher.join()
        lamb.daemon.start()
        lamb.close()
        pages = lamb.client.get_paginator("list_layer_versions").paginate(LayerName="dying")
        listed = [version["LayerVersionArn"] for version in pages.search("LayerVersions")]
        assert set(acknowledged) <= set(listed)
        digests = set()
        for arn in listed:
            content = lamb.client.get_layer_version_by_arn(Arn=arn)["Content"]
            code = fetch(content["Location"])
            assert packages.sha256_base64(code) == content["CodeSha256"]
            assert acknowledged.get(arn, code) == code
            digests.add(content["CodeSha256"])
        assert len(tree_of(lamb.daemon.data_dir, "blobs")) == len(digests)
    assert acknowledged


# ---- lists ----


def names(answer):
    return [layer["LayerName"] for layer in answer["Layers"]]


def test_lists_and_filters(lamb, layers):
    layers.publish(name="list-a", CompatibleRuntimes=["python3.8"], CompatibleArchitectures=["arm64"])
    layers.publish(name="list-a", CompatibleRuntimes=["nodejs16.x"])
    layers.publish(name="list-b", CompatibleRuntimes=["python3.8"], CompatibleArchitectures=["x86_64"])
    layers.publish(name="list-c")
    answer = lamb.client.list_layers()
    assert names(answer) == ["list-a", "list-b", "list-c"]
    latest = answer["Layers"][0]["LatestMatchingVersion"]
    assert latest["Version"] == 2 and latest["LayerVersionArn"] == layer_arn(lamb, "list-a", 2)
    assert answer["Layers"][0]["LayerArn"] == layer_arn(lamb, "list-a")
    assert "Content" not in latest

    answer = lamb.client.list_layers(CompatibleRuntime="python3.8")
    assert names(answer) == ["list-a", "list-b"]
    assert answer["Layers"][0]["LatestMatchingVersion"]["Version"] == 1
    path = "/2018-10-31/layers?CompatibleRuntime=python3.8&CompatibleArchitecture=x86_64"
    assert names(lamb.request("GET", path).json) == ["list-b"]
    assert names(lamb.client.list_layers(CompatibleArchitecture="arm64")) == ["list-a"]

    versions = lamb.client.list_layer_versions
    assert [v["Version"] for v in versions(LayerName="list-a")["LayerVersions"]] == [2, 1]
    filtered = versions(LayerName="list-a", CompatibleRuntime="python3.8")["LayerVersions"]
    assert [v["Version"] for v in filtered] == [1]
    assert versions(LayerName="absent")["LayerVersions"] == []


def test_pages(lamb, layers):
    for number in range(5):
        layers.publish(name=f"page-{number}")
    for _ in range(6):
        layers.publish(name="page-2")
    paginate = lamb.client.get_paginator("list_layers").paginate
    pages = list(paginate(PaginationConfig={"PageSize": 2}))
    assert [names(page) for page in pages] == [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]]
    assert "NextMarker" not in pages[-1]
    paginate = lamb.client.get_paginator("list_layer_versions").paginate
    pages = list(paginate(LayerName="page-2", PaginationConfig={"PageSize": 3}))
    assert [[v["Version"] for v in page["LayerVersions"]] for page in pages] == [
        [7, 6, 5],
        [4, 3, 2],
        [1],
    ]
    # A page goes on where the last one ended, though that item is gone.
    first = lamb.client.list_layer_versions(LayerName="page-2", MaxItems=2)
    lamb.client.delete_layer_version(LayerName="page-2", VersionNumber=6)
    rest = lamb.client.list_layer_versions(LayerName="page-2", Marker=first["NextMarker"])
    assert [v["Version"] for v in rest["LayerVersions"]] == [5, 4, 3, 2, 1]


def test_with_the_command_line(lamb, layers, tmp_path):
    code = packages.zip_files({"bin/tool.sh": "#!/bin/sh\necho tool\n"})
    (tmp_path / "layer.zip").write_bytes(code)
    published = lamb.aws(
        "lambda", "publish-layer-version", "--layer-name", "cli", "--zip-file", "fileb://layer.zip",
        "--compatible-runtimes", "python3.9", "--license-info", "MIT", cwd=tmp_path,
    )  # fmt: skip
    assert published["Version"] == 1 and published["LicenseInfo"] == "MIT"
    assert fetch(published["Content"]["Location"]) == code
    lamb.aws(
        "lambda", "add-layer-version-permission", "--layer-name", "cli", "--version-number", "1",
        "--statement-id", "all", "--action", "lambda:GetLayerVersion", "--principal", "*",
    )  # fmt: skip
    policy = lamb.aws("lambda", "get-layer-version-policy", "--layer-name", "cli", "--version-number", "1")
    assert json.loads(policy["Policy"])["Statement"][0]["Sid"] == "all"
    assert len(lamb.aws("lambda", "list-layers")["Layers"]) == 1
    got = lamb.aws("lambda", "get-layer-version-by-arn", "--arn", layer_arn(lamb, "cli", 1))
    assert got["CompatibleRuntimes"] == ["python3.9"]
    lamb.aws("lambda", "delete-layer-version", "--layer-name", "cli", "--version-number", "1")
    assert lamb.aws("lambda", "list-layers")["Layers"] == []


# ---- refusals, as recorded ----


def test_messages_about_layers(lamb, layers):
    client = lamb.client
    gone = ("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    below = ("InvalidParameterValueException", "Layer Version Cannot be less than 1", 400)
    layers.publish(name="msg")
    assert refused(client.get_layer_version, LayerName="absent", VersionNumber=1) == gone
    assert refused(client.get_layer_version, LayerName="msg", VersionNumber=2) == gone
    assert refused(client.get_layer_version, LayerName="msg", VersionNumber=10**15) == gone
    assert refused(client.get_layer_version, LayerName="msg", VersionNumber=-1) == below
    assert refused(client.get_layer_version, LayerName="msg", VersionNumber=0) == below
    assert refused(client.delete_layer_version, LayerName="msg", VersionNumber=-1) == below
    other = layer_arn(lamb, "absent", 1)
    assert refused(client.get_layer_version_by_arn, Arn=other) == gone
    far = f"arn:aws:lambda:eu-west-3:{ACCOUNT}:layer:msg:1"
    assert refused(client.get_layer_version_by_arn, Arn=far) == gone
    odd = f"arn:aws:lambda:aa-{'b' * 90}-1:{ACCOUNT}:layer:m"
    assert refused(client.get_layer_version, LayerName=odd, VersionNumber=1)[2] in (403, 404)
    client.delete_layer_version(LayerName="absent", VersionNumber=1)
    client.delete_layer_version(LayerName="msg", VersionNumber=2)

    arn = layer_arn(lamb, "msg")
    assert refused(client.get_layer_version_by_arn, Arn=arn) == (
        "ValidationException",
        f"1 validation error detected: Value '{arn}' at 'arn' failed to satisfy constraint: Member must "
        f"satisfy regular expression pattern: {VERSION_ARN_PATTERN}",
        400,
    )
    assert refused(client.list_layers, CompatibleRuntime="runtimedoesnotexist") == (
        "ValidationException",
        "1 validation error detected: Value 'runtimedoesnotexist' at 'compatibleRuntime' failed to satisfy "
        f"constraint: Member must satisfy enum value set: [{KNOWN}]",
        400,
    )
    assert refused(client.list_layers, CompatibleArchitecture="archdoesnotexist") == (
        "ValidationException",
        "1 validation error detected: Value 'archdoesnotexist' at 'compatibleArchitecture' failed to "
        "satisfy constraint: Member must satisfy enum value set: [x86_64, arm64]",
        400,
    )
    assert refused(
        layers.publish, CompatibleRuntimes=["invalidruntime"], CompatibleArchitectures=["invalidarch"]
    ) == (
        "ValidationException",
        "2 validation errors detected: Value '[invalidruntime]' at 'compatibleRuntimes' failed to satisfy "
        f"constraint: Member must satisfy enum value set: [{CREATABLE}]; Value '[invalidarch]' at "
        "'compatibleArchitectures' failed to satisfy constraint: Member must satisfy constraint: [Member "
        "must satisfy enum value set: [x86_64, arm64], Member must not be null]",
        400,
    )


def test_policy(lamb, layers):
    client, name = lamb.client, "policy"
    arn = layers.arn(name=name)
    here = {"LayerName": name, "VersionNumber": 1}
    add = {**here, "Action": "lambda:GetLayerVersion"}
    none = ("ResourceNotFoundException", "No policy is associated with the given resource.", 404)
    assert refused(client.get_layer_version_policy, **here) == none

    first = client.add_layer_version_permission(**add, StatementId="s1", Principal="*")
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    statement = (
        '{"Sid":"s1","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion",'
        f'"Resource":"{arn}"}}'
    )
    assert first["Statement"] == statement
    assert UUID.fullmatch(first["RevisionId"])
    got = client.get_layer_version_policy(**here)
    assert got["Policy"] == f'{{"Version":"2012-10-17","Id":"default","Statement":[{statement}]}}'
    assert got["RevisionId"] == first["RevisionId"]

    second = client.add_layer_version_permission(
        **add, StatementId="s2", Principal="123456789012", RevisionId=first["RevisionId"]
    )
    assert json.loads(second["Statement"])["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    third = client.add_layer_version_permission(
        **add, StatementId="s3", Principal="*", OrganizationId="o-abcdefghij"
    )
    assert third["Statement"].endswith('"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}}')
    document = json.loads(client.get_layer_version_policy(**here)["Policy"])
    assert [item["Sid"] for item in document["Statement"]] == ["s1", "s2", "s3"]

    wrong = (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to "
        "retrieve the latest Revision Id",
        412,
    )
    old = {"RevisionId": first["RevisionId"]}
    assert refused(client.add_layer_version_permission, **add, StatementId="s4", Principal="*", **old) == (
        wrong
    )
    assert refused(client.remove_layer_version_permission, **here, StatementId="s1", **old) == wrong
    assert refused(client.add_layer_version_permission, **add, StatementId="s1", Principal="*") == (
        "ResourceConflictException",
        "The statement id (s1) provided already exists. Please provide a new statement id, or remove the "
        "existing statement.",
        409,
    )
    removal = client.remove_layer_version_permission(**here, StatementId="s1", RevisionId=third["RevisionId"])
    assert removal["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(client.remove_layer_version_permission, **here, StatementId="s1") == (
        "ResourceNotFoundException",
        "Statement s1 is not found in resource policy.",
        404,
    )
    client.remove_layer_version_permission(**here, StatementId="s2")
    client.remove_layer_version_permission(**here, StatementId="s3")
    assert refused(client.get_layer_version_policy, **here) == none
    assert refused(client.remove_layer_version_permission, **here, StatementId="s3") == none


def test_policy_messages(lamb, layers):
    client = lamb.client
    layers.publish(name="policy-msg")
    add = {"Action": "lambda:GetLayerVersion", "StatementId": "s1", "Principal": "*"}
    for layer, version in (("policy-msg-doesnotexist", 1), ("policy-msg", 2)):
        expected = (
            "ResourceNotFoundException",
            f"Layer version {layer_arn(lamb, layer, version)} does not exist.",
            404,
        )
        here = {"LayerName": layer, "VersionNumber": version}
        assert refused(client.add_layer_version_permission, **here, **add) == expected
        assert refused(client.remove_layer_version_permission, **here, StatementId="s1") == expected
        assert refused(client.get_layer_version_policy, **here) == expected
    here = {"LayerName": "policy-msg", "VersionNumber": 1}
    assert refused(client.add_layer_version_permission, **here, **{**add, "Action": "*"}) == (
        "ValidationException",
        "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: lambda:GetLayerVersion",
        400,
    )


def test_policy_length(lamb, layers):
    layers.publish(name="long")
    add = {
        "LayerName": "long",
        "VersionNumber": 1,
        "Action": "lambda:GetLayerVersion",
        "Principal": "123456789012",
    }
    for number in range(200):
        try:
            lamb.client.add_layer_version_permission(**add, StatementId=f"{'s' * 90}{number}")
        except lamb.client.exceptions.PolicyLengthExceededException as refusal:
            message = refusal.response["Error"]["Message"]
            assert re.fullmatch(
                r"The final policy size \(\d+\) is bigger than the limit \(20480\)\.", message
            )
            return
    pytest.fail("a policy can grow without bound")


def test_policy_goes_with_its_version(lamb, layers):
    layers.publish(name="gone")
    here = {"LayerName": "gone", "VersionNumber": 1}
    lamb.client.add_layer_version_permission(
        **here, StatementId="s1", Action="lambda:GetLayerVersion", Principal="*"
    )
    lamb.client.delete_layer_version(**here)
    assert refused(lamb.client.get_layer_version_policy, **here)[2] == 404
