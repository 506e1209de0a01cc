"""boto3: what becomes of a function from CreateFunction to DeleteFunction, member by member."""

import re

import botocore.exceptions
import pytest

from support import packages
from support.clients import ROLE
from support.waiting import wait_until

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MODIFIED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def version_one(word):
    return f"def handler(event, context):\n    return {word!r}\n"


def create(lamb, name, **fields):
    answer = lamb.client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": packages.python_zip(version_one("one"))},
        **fields,
    )
    answer.pop("ResponseMetadata")
    return answer


def test_create_answers_every_default(lamb):
    name = lamb.new_name()
    code = packages.python_zip(version_one("one"))
    answer = create(lamb, name)
    assert UUID.fullmatch(answer.pop("RevisionId"))
    assert MODIFIED.fullmatch(answer.pop("LastModified"))
    answer.pop("RuntimeVersionConfig", None)
    answer.pop("LoggingConfig", None)
    assert answer == {
        "FunctionName": name,
        "FunctionArn": lamb.arn(name),
        "Runtime": "python3.11",
        "Role": ROLE,
        "Handler": "app.handler",
        "CodeSize": len(code),
        "CodeSha256": packages.sha256_base64(code),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    }


def test_members_that_the_boto3_of_debian_is_too_old_for(lamb):
    name = lamb.create_python(version_one("one"))
    answer = lamb.request("GET", f"/2015-03-31/functions/{name}/configuration").json
    assert answer["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    arn = answer["RuntimeVersionConfig"]["RuntimeVersionArn"]
    assert re.fullmatch(rf"arn:aws:lambda:{lamb.region}::runtime:[0-9a-f]{{64}}", arn)


def test_create_echoes_what_was_sent(lamb):
    answer = create(
        lamb,
        lamb.new_name(),
        Description="what it is",
        Timeout=17,
        MemorySize=256,
        EphemeralStorage={"Size": 600},
        Environment={"Variables": {"COLOUR": "red", "EMPTY": ""}},
    )
    assert answer["Description"] == "what it is"
    assert answer["Timeout"] == 17
    assert answer["MemorySize"] == 256
    assert answer["EphemeralStorage"] == {"Size": 600}
    assert answer["Environment"] == {"Variables": {"COLOUR": "red", "EMPTY": ""}}


def test_empty_environment_is_kept_and_absent_one_is_absent(lamb):
    assert create(lamb, lamb.new_name(), Environment={"Variables": {}})["Environment"] == {
        "Variables": {}
    }
    assert "Environment" not in create(lamb, lamb.new_name())


def test_becomes_active_with_a_new_revision(lamb):
    name = lamb.new_name()
    first = create(lamb, name)
    lamb.client.get_waiter("function_active_v2").wait(FunctionName=name)
    active = lamb.configuration(name)
    assert active["State"] == "Active"
    assert active["LastUpdateStatus"] == "Successful"
    assert "StateReason" not in active and "StateReasonCode" not in active
    assert active["RevisionId"] != first["RevisionId"]


@pytest.mark.parametrize(
    "waiter", ["function_exists", "function_active", "function_active_v2", "function_updated_v2"]
)
def test_waiters_of_the_sdk(lamb, waiter):
    name = lamb.new_name()
    create(lamb, name)
    lamb.client.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_get_function(lamb):
    name = lamb.create_python(version_one("one"))
    answer = lamb.client.get_function(FunctionName=name)
    assert answer["Code"]["RepositoryType"] == "S3"
    assert answer["Configuration"] == lamb.configuration(name)
    assert "Tags" not in answer
    assert "Concurrency" not in answer


def test_get_function_configuration_with_qualifier(lamb):
    name = lamb.create_python(version_one("one"))
    assert lamb.configuration(name)["FunctionArn"] == lamb.arn(name)
    assert lamb.configuration(name, Qualifier="$LATEST")["FunctionArn"] == lamb.arn(name, "$LATEST")


def test_update_code_answers_in_progress_and_ends_successful(lamb):
    name = lamb.create_python(version_one("one"))
    before = lamb.configuration(name)
    code = packages.python_zip(version_one("two"))
    answer = lamb.client.update_function_code(FunctionName=name, ZipFile=code)
    assert answer["State"] == "Active"
    assert answer["LastUpdateStatus"] == "InProgress"
    assert answer["LastUpdateStatusReason"] == "The function is being created."
    assert answer["LastUpdateStatusReasonCode"] == "Creating"
    assert answer["CodeSha256"] == packages.sha256_base64(code)
    assert answer["CodeSize"] == len(code)
    assert answer["RevisionId"] != before["RevisionId"]
    lamb.client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    after = lamb.configuration(name)
    assert "LastUpdateStatusReason" not in after
    assert after["RevisionId"] not in (before["RevisionId"], answer["RevisionId"])
    assert lamb.invoke(name, {}).json == "two"


def test_update_code_dry_run_changes_nothing(lamb):
    name = lamb.create_python(version_one("one"))
    before = lamb.configuration(name)
    code = packages.python_zip(version_one("two"))
    answer = lamb.client.update_function_code(FunctionName=name, ZipFile=code, DryRun=True)
    assert answer["CodeSha256"] == packages.sha256_base64(code)
    assert lamb.configuration(name) == before
    assert lamb.invoke(name, {}).json == "one"


def test_update_code_dry_run_still_checks_the_package(lamb):
    name = lamb.create_python(version_one("one"))
    with pytest.raises(botocore.exceptions.ClientError, match="Could not unzip uploaded file"):
        lamb.client.update_function_code(FunctionName=name, ZipFile=b"no zip at all", DryRun=True)


def test_update_code_with_revision(lamb):
    name = lamb.create_python(version_one("one"))
    code = packages.python_zip(version_one("two"))
    revision = lamb.configuration(name)["RevisionId"]
    lamb.update_code(name, code, RevisionId=revision)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        lamb.client.update_function_code(FunctionName=name, ZipFile=code, RevisionId=revision)
    assert refused.value.response["Error"]["Code"] == "PreconditionFailedException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert refused.value.response["Error"]["Message"] == (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )


def test_update_configuration_changes_only_what_was_sent(lamb):
    name = lamb.create_python(
        version_one("one"), Description="first", Environment={"Variables": {"AA": "1"}}
    )
    answer = lamb.client.update_function_configuration(FunctionName=name, Timeout=9)
    assert answer["LastUpdateStatus"] == "InProgress"
    lamb.wait_updated(name)
    changed = lamb.configuration(name)
    assert changed["Timeout"] == 9
    assert changed["Description"] == "first"
    assert changed["Environment"] == {"Variables": {"AA": "1"}}


def test_update_configuration_replaces_the_environment_as_a_whole(lamb):
    source = "import os\ndef handler(event, context):\n    return [os.getenv('AA'), os.getenv('BB')]\n"
    name = lamb.create_python(source, Environment={"Variables": {"AA": "1"}})
    assert lamb.invoke(name).json == ["1", None]
    lamb.update_configuration(name, Environment={"Variables": {"BB": "2"}})
    assert lamb.invoke(name).json == [None, "2"]
    lamb.update_configuration(name, Environment={"Variables": {}})
    assert lamb.invoke(name).json == [None, None]
    assert lamb.configuration(name)["Environment"] == {"Variables": {}}


def test_update_configuration_with_revision(lamb):
    name = lamb.create_python(version_one("one"))
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        lamb.client.update_function_configuration(
            FunctionName=name, Timeout=9, RevisionId="00000000-0000-4000-8000-000000000000"
        )
    assert refused.value.response["Error"]["Code"] == "PreconditionFailedException"
    assert lamb.configuration(name)["Timeout"] == 3


def test_update_configuration_can_change_the_handler(lamb):
    source = "def handler(e, c):\n    return 'handler'\n\ndef other(e, c):\n    return 'other'\n"
    name = lamb.create_python(source)
    assert lamb.invoke(name).json == "handler"
    lamb.update_configuration(name, Handler="app.other")
    assert lamb.invoke(name).json == "other"


def test_publish_on_create(lamb):
    name = lamb.new_name()
    answer = create(lamb, name, Publish=True)
    assert answer["Version"] == "1"
    assert answer["FunctionArn"] == lamb.arn(name)
    lamb.wait_active(name)
    wait_until(
        lambda: lamb.configuration(name, Qualifier="1")["State"] == "Active", 10, "version 1 is active"
    )
    assert lamb.configuration(name, Qualifier="1")["FunctionArn"] == lamb.arn(name, "1")
    assert lamb.configuration(name)["Version"] == "$LATEST"


def test_published_version_keeps_its_code(lamb):
    name = lamb.new_name()
    create(lamb, name, Publish=True)
    lamb.wait_active(name)
    code = packages.python_zip(version_one("two"))
    answer = lamb.client.update_function_code(FunctionName=name, ZipFile=code, Publish=True)
    assert answer["Version"] == "2"
    assert answer["FunctionArn"] == lamb.arn(name, "2")
    lamb.wait_updated(name)
    wait_until(
        lambda: lamb.configuration(name, Qualifier="2")["State"] == "Active", 10, "version 2 is active"
    )
    assert lamb.invoke(name, Qualifier="1").json == "one"
    assert lamb.invoke(name, Qualifier="2").json == "two"
    assert lamb.invoke(name, Qualifier="1").version == "1"
    assert lamb.invoke(name).version == "$LATEST"


def test_delete_one_version(lamb):
    name = lamb.new_name()
    create(lamb, name, Publish=True)
    lamb.wait_active(name)
    answer = lamb.client.delete_function(FunctionName=name, Qualifier="1")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(lamb.client.exceptions.ResourceNotFoundException):
        lamb.configuration(name, Qualifier="1")
    assert lamb.configuration(name)["Version"] == "$LATEST"


def test_delete(lamb):
    name = lamb.create_python(version_one("one"))
    lamb.invoke(name)
    answer = lamb.client.delete_function(FunctionName=name)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    for call in (
        lamb.client.get_function,
        lamb.client.get_function_configuration,
        lamb.client.delete_function,
        lamb.client.invoke,
    ):
        with pytest.raises(lamb.client.exceptions.ResourceNotFoundException):
            call(FunctionName=name)


def test_name_can_be_used_again_after_delete(lamb):
    name = lamb.create_python(version_one("one"))
    assert lamb.invoke(name).json == "one"
    lamb.client.delete_function(FunctionName=name)
    lamb.create_python(version_one("two"), name=name)
    assert lamb.invoke(name).json == "two"


def test_same_name_twice(lamb):
    name = lamb.create_python(version_one("one"))
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        create(lamb, name)
    assert refused.value.response["Error"] == {
        "Code": "ResourceConflictException",
        "Message": f"Function already exist: {name}",
    }
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
