"""Published versions: what is frozen in them, when a new one is made, how they are listed, run and
deleted."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from support import packages

FUNCTIONS = "/2015-03-31/functions"
WHERE = """
import os

def handler(event, context):
    return [context.function_version, os.environ.get("COLOR"), context.invoked_function_arn]
"""

# What lists leave out of a configuration.
NOT_LISTED = {
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RuntimeVersionConfig",
}


def publish(lamb, name, **parameters):
    answer = lamb.client.publish_version(FunctionName=name, **parameters)
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    return answer


def refusal(call, *args, **parameters):
    """(status, exception, message) of a call that must fail."""
    with pytest.raises(ClientError) as failed:
        call(*args, **parameters)
    answer = failed.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_version_is_a_frozen_copy(lamb):
    name = lamb.create_python(WHERE, Environment={"Variables": {"COLOR": "blue"}}, Description="first")
    latest = lamb.configuration(name)
    version = publish(lamb, name)
    assert version["Version"] == "1"
    assert version["FunctionArn"] == lamb.arn(name, "1")
    assert version["State"] == "Active"
    assert version["LastUpdateStatus"] == "Successful"
    assert version["Description"] == "first"
    kept = set(latest) - {"Version", "FunctionArn", "RevisionId", "LastModified"}
    assert {key: version[key] for key in kept} == {key: latest[key] for key in kept}

    lamb.update_configuration(name, Environment={"Variables": {"COLOR": "green"}}, MemorySize=256)
    assert lamb.configuration(name, Qualifier="1") == version, "nothing of it changes"
    assert lamb.invoke(name, Qualifier="1").json == ["1", "blue", lamb.arn(name, "1")]
    assert lamb.invoke(name).json == ["$LATEST", "green", lamb.arn(name)]


def test_invoke_of_a_version_tells_which_ran(lamb):
    name = lamb.create_python(WHERE)
    publish(lamb, name)
    assert lamb.invoke(name, Qualifier="1").version == "1"
    assert lamb.invoke(f"{name}:1").version == "1"
    assert lamb.invoke(lamb.arn(name, "1")).version == "1"
    assert lamb.invoke(name).version == "$LATEST"


def test_publishing_the_same_gives_the_same_version(lamb):
    name = lamb.create_python(WHERE)
    first = publish(lamb, name, Description="one")
    again = publish(lamb, name, Description="two")
    assert again == first, "same RevisionId, old description"
    lamb.update_configuration(name, Timeout=9)
    assert publish(lamb, name)["Version"] == "2"
    lamb.update_configuration(name, Timeout=3)
    assert publish(lamb, name)["Version"] == "3", "only the last one counts"


def test_description_is_the_versions_own(lamb):
    name = lamb.create_python(WHERE, Description="of the function")
    assert publish(lamb, name, Description="of the version")["Description"] == "of the version"
    assert lamb.configuration(name)["Description"] == "of the function"
    assert publish(lamb, name)["Version"] == "1", "the description alone is no difference"


def test_publishing_revises_latest(lamb):
    name = lamb.create_python(WHERE)
    before = lamb.configuration(name)["RevisionId"]
    version = publish(lamb, name)
    after = lamb.configuration(name)["RevisionId"]
    assert len({before, after, version["RevisionId"]}) == 3
    publish(lamb, name)
    assert lamb.configuration(name)["RevisionId"] == after, "nothing was published"


def test_preconditions(lamb):
    name = lamb.create_python(WHERE)
    latest = lamb.configuration(name)
    wrong = "a" * 43 + "="
    assert refusal(lamb.client.publish_version, FunctionName=name, CodeSha256=wrong) == (
        400,
        "InvalidParameterValueException",
        f"CodeSHA256 ({wrong}) is different from current CodeSHA256 in $LATEST ({latest['CodeSha256']})."
        " Please try again with the CodeSHA256 in $LATEST.",
    )
    assert refusal(lamb.client.publish_version, FunctionName=name, RevisionId="wrong") == (
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias"
        " API to retrieve the latest Revision Id",
    )
    version = publish(lamb, name, CodeSha256=latest["CodeSha256"], RevisionId=latest["RevisionId"])
    assert version["Version"] == "1"


def test_publish_of_what_is_not_there(lamb):
    assert refusal(lamb.client.publish_version, FunctionName="nowhere") == (
        404,
        "ResourceNotFoundException",
        f"Function not found: {lamb.arn('nowhere')}",
    )


def test_update_code_with_publish(lamb):
    name = lamb.create_python(WHERE)
    answer = lamb.client.update_function_code(
        FunctionName=name, ZipFile=packages.python_zip(packages.ECHO_PY), Publish=True
    )
    assert (answer["Version"], answer["FunctionArn"]) == ("1", lamb.arn(name, "1"))
    lamb.wait_updated(name)
    assert lamb.invoke(name, {"x": 1}, Qualifier="1").json == {"x": 1}


def test_list_is_latest_then_versions_in_order(lamb):
    name = lamb.create_python(WHERE)
    for timeout in range(4, 16):
        lamb.update_configuration(name, Timeout=timeout)
        publish(lamb, name)
    listed = lamb.client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [item["Version"] for item in listed] == ["$LATEST"] + [str(n) for n in range(1, 13)]
    assert [item["FunctionArn"] for item in listed] == [
        lamb.arn(name, item["Version"]) for item in listed
    ]
    assert not any(NOT_LISTED & set(item) for item in listed)
    assert [item["Timeout"] for item in listed[1:]] == list(range(4, 16))

    pages = lamb.client.get_paginator("list_versions_by_function").paginate(
        FunctionName=name, PaginationConfig={"PageSize": 5}
    )
    sizes = [page["Versions"] for page in pages]
    assert [len(page) for page in sizes] == [5, 5, 3]
    assert [item for page in sizes for item in page] == listed


def test_list_of_a_full_last_page_has_no_marker(lamb):
    name = lamb.create_python(WHERE)
    publish(lamb, name)
    answer = lamb.client.list_versions_by_function(FunctionName=name, MaxItems=2)
    assert len(answer["Versions"]) == 2 and "NextMarker" not in answer
    answer = lamb.client.list_versions_by_function(FunctionName=name, MaxItems=1)
    assert len(answer["Versions"]) == 1 and answer["NextMarker"]


def test_list_of_what_is_not_there(lamb):
    assert refusal(lamb.client.list_versions_by_function, FunctionName="nowhere") == (
        404,
        "ResourceNotFoundException",
        f"Function not found: {lamb.arn('nowhere')}",
    )


def test_deleted_version_is_gone_and_its_number_with_it(lamb):
    name = lamb.create_python(WHERE)
    publish(lamb, name)
    lamb.client.delete_function(FunctionName=name, Qualifier="1")
    assert refusal(lamb.client.get_function, FunctionName=name, Qualifier="1") == (
        404,
        "ResourceNotFoundException",
        f"Function not found: {lamb.arn(name, '1')}",
    )
    assert publish(lamb, name)["Version"] == "2"
    assert refusal(lamb.client.delete_function, FunctionName=name, Qualifier="1") == (
        404,
        "ResourceNotFoundException",
        f"Function not found: {lamb.arn(name)}",
    )


def test_version_that_aliases_use_is_kept(lamb):
    name = lamb.create_python(WHERE)
    publish(lamb, name)
    lamb.update_configuration(name, Timeout=9)
    publish(lamb, name)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lamb.client.create_alias(
        FunctionName=name,
        Name="canary",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    for number, names in (("1", "canary, live"), ("2", "canary")):
        assert refusal(lamb.client.delete_function, FunctionName=name, Qualifier=number) == (
            409,
            "ResourceConflictException",
            f"Unable to delete version because the following aliases reference it: [{names}]",
        )
    lamb.client.delete_alias(FunctionName=name, Name="canary")
    lamb.client.delete_function(FunctionName=name, Qualifier="2")


def test_get_function_of_a_version(lamb):
    name = lamb.create_python(WHERE, Tags={"team": "a"})
    version = publish(lamb, name)
    answer = lamb.client.get_function(FunctionName=name, Qualifier="1")
    assert answer["Configuration"] == version
    assert answer["Code"]["RepositoryType"] == "S3"


def test_versions_outlive_a_crash(new_daemon):
    lamb = new_daemon()
    name = lamb.create_python(WHERE, Environment={"Variables": {"COLOR": "blue"}})
    version = publish(lamb, name, Description="kept")
    latest = lamb.configuration(name)
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    assert lamb.configuration(name, Qualifier="1") == version
    assert lamb.configuration(name) == latest
    assert lamb.invoke(name, Qualifier="1").json[:2] == ["1", "blue"]
    assert publish(lamb, name) == version, "it is still known to be the same"


def test_publishing_at_once_makes_one_version(lamb):
    name = lamb.create_python(WHERE)
    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(lambda _: publish(lamb, name)["Version"], range(16)))
    assert numbers == ["1"] * 16


def test_publish_while_an_update_is_in_progress(lamb):
    name = lamb.create_python(WHERE)
    bodies = [json.dumps({"Timeout": 9}), b"{}"]
    with ThreadPoolExecutor(8) as pool:
        update = pool.submit(
            lamb.request, "PUT", f"{FUNCTIONS}/{name}/configuration", bodies[0]
        )
        answers = [
            pool.submit(lamb.request, "POST", f"{FUNCTIONS}/{name}/versions", bodies[1]) for _ in range(8)
        ]
        assert update.result().status == 200
    for answer in (pending.result() for pending in answers):
        if answer.status == 201:
            continue
        assert (answer.status, answer.error) == (409, "ResourceConflictException")
        assert answer.message == (
            "The operation cannot be performed at this time. An update is in progress for resource: "
            + lamb.arn(name)
        )


def test_command_line(lamb):
    name = lamb.create_python(WHERE)
    version = lamb.aws("lambda", "publish-version", "--function-name", name)
    assert version["Version"] == "1"
    listed = lamb.aws("lambda", "list-versions-by-function", "--function-name", name)["Versions"]
    assert [item["Version"] for item in listed] == ["$LATEST", "1"]
