"""The configuration of a function, also the members that Debian's boto3 does not know: as they are sent,
stored and answered, what is refused, and what the daemon's log says about settings without effect."""

import base64
import json

import pytest

from support import packages
from support.clients import ROLE, allow_test_role

FUNCTIONS = "/2015-03-31/functions"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0"
TEXT_LEVELS = (
    'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or '
    'change the LogFormat to "JSON" and try again.'
)
ALL = {
    "Architectures": ["arm64"],
    "DeadLetterConfig": {"TargetArn": QUEUE},
    "EphemeralStorage": {"Size": 1024},
    "Environment": {"Variables": {"NAME": "ä\n\"'"}},
    "LoggingConfig": {
        "ApplicationLogLevel": "TRACE",
        "LogFormat": "JSON",
        "LogGroup": "/team/own",
        "SystemLogLevel": "WARN",
    },
    "TracingConfig": {"Mode": "Active"},
}


@pytest.fixture(autouse=True)
def dead_letters(allow):
    """The role may write to the queue."""
    allow("sqs:SendMessage")


def create(lamb, name, **members):
    """The answer to CreateFunction, sent as JSON."""
    body = {
        "FunctionName": name,
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Role": ROLE,
        "Code": {"ZipFile": base64.b64encode(packages.python_zip(packages.ECHO_PY)).decode()},
        **members,
    }
    return lamb.request("POST", FUNCTIONS, json.dumps(body))


def created(lamb, **members):
    """A new function, active, by its name."""
    name = lamb.new_name()
    answer = create(lamb, name, **members)
    assert answer.status == 201, answer.body
    lamb.wait_active(name)
    return name


def update(lamb, name, **members):
    return lamb.request("PUT", f"{FUNCTIONS}/{name}/configuration", json.dumps(members))


def updated(lamb, name, **members):
    """The configuration that an update answers, once it has taken effect."""
    answer = update(lamb, name, **members)
    assert answer.status == 200, answer.body
    lamb.wait_updated(name)
    return json.loads(answer.body)


def configuration(lamb, name):
    return json.loads(lamb.request("GET", f"{FUNCTIONS}/{name}/configuration").body)


def warned(daemon, name):
    """The settings without effect that the log names for a function."""
    mark = f"setting_without_effect function={name} "
    lines = [line for line in daemon.stderr().splitlines() if mark in line]
    return sorted(line.split("setting=")[1].split()[0] for line in lines)


def test_settings_are_answered_as_they_were_sent(lamb):
    name = created(lamb, **ALL)
    found = configuration(lamb, name)
    assert {member: found[member] for member in ALL} == ALL
    listed = json.loads(lamb.request("GET", FUNCTIONS).body)["Functions"]
    entry = next(entry for entry in listed if entry["FunctionName"] == name)
    assert {member: entry[member] for member in ALL} == ALL


def test_settings_live_in_versions_and_through_a_restart(new_daemon):
    lamb = new_daemon()
    allow_test_role(lamb.daemon, "sqs:SendMessage")
    name = created(lamb, **ALL)
    lamb.client.publish_version(FunctionName=name, Description="the first")
    updated(
        lamb,
        name,
        Description="new",
        LoggingConfig={"LogFormat": "Text"},
        DeadLetterConfig={"TargetArn": ""},
        TracingConfig={"Mode": "PassThrough"},
    )
    before = [configuration(lamb, name), configuration(lamb, f"{name}:1")]
    assert {member: before[1][member] for member in ALL} == ALL
    assert before[1]["Description"] == "the first"
    assert before[0]["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/team/own"}
    assert "DeadLetterConfig" not in before[0]
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    assert [configuration(lamb, name), configuration(lamb, f"{name}:1")] == before


def test_logging_defaults_and_partial_updates(lamb):
    name = created(lamb)
    own = f"/aws/lambda/{name}"
    assert configuration(lamb, name)["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": own}
    found = updated(lamb, name, LoggingConfig={"LogFormat": "JSON"})["LoggingConfig"]
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    assert found == {"LogFormat": "JSON", "LogGroup": own, **levels}
    found = updated(lamb, name, LoggingConfig={"LogGroup": "/g"})["LoggingConfig"]
    assert found == {"LogFormat": "JSON", "LogGroup": "/g", **levels}
    found = updated(lamb, name, LoggingConfig={"SystemLogLevel": "DEBUG"})["LoggingConfig"]
    assert found == {"LogFormat": "JSON", "LogGroup": "/g", **levels, "SystemLogLevel": "DEBUG"}
    found = updated(lamb, name, LoggingConfig={"LogFormat": "Text"})["LoggingConfig"]
    assert found == {"LogFormat": "Text", "LogGroup": "/g"}
    answer = update(lamb, name, LoggingConfig={"ApplicationLogLevel": "WARN"})
    assert (answer.status, answer.error) == (400, "InvalidParameterValueException")
    assert answer.message == TEXT_LEVELS


def test_dead_letter_queue_stays_until_it_is_cleared(lamb):
    name = created(lamb, DeadLetterConfig={"TargetArn": QUEUE})
    assert updated(lamb, name, DeadLetterConfig={})["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert "DeadLetterConfig" not in updated(lamb, name, DeadLetterConfig={"TargetArn": ""})


def test_unused_values_mean_nothing(lamb):
    name = created(
        lamb,
        VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
        KMSKeyArn="",
        FileSystemConfigs=[],
        ImageConfig={},
        DeadLetterConfig={},
        PackageType="Zip",
        SnapStart={"ApplyOn": "None"},
    )
    found = configuration(lamb, name)
    unused = {"VpcConfig", "KMSKeyArn", "FileSystemConfigs", "ImageConfigResponse", "DeadLetterConfig"}
    assert not unused & set(found)
    assert found["SnapStart"] == {"ApplyOn": "None", "OptimizationStatus": "Off"}


@pytest.mark.parametrize(
    "members, message",
    [
        (
            {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
            "Lamb does not isolate functions in a VPC yet: neither its subnets nor its security groups "
            "would apply. Leave VpcConfig out of the request.",
        ),
        (
            {"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef"},
            "Lamb does not encrypt environment variables with a key of KMS yet. Leave KMSKeyArn out of "
            "the request.",
        ),
        (
            {"FileSystemConfigs": [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/a"}]},
            "Lamb does not mount network file systems yet, and what the function wrote there would be "
            "lost. Leave FileSystemConfigs out of the request.",
        ),
        (
            {"SnapStart": {"ApplyOn": "PublishedVersions"}},
            "python3.11 is not supported for SnapStart enabled functions.",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_others_rely_on_is_refused(lamb, members, message):
    name = lamb.new_name()
    answer = create(lamb, name, **members)
    assert (answer.status, answer.error, answer.message) == (
        400,
        "InvalidParameterValueException",
        message,
    )
    assert lamb.request("GET", f"{FUNCTIONS}/{name}").status == 404
    name = created(lamb)
    answer = update(lamb, name, **members)
    assert (answer.status, answer.error, answer.message) == (
        400,
        "InvalidParameterValueException",
        message,
    )


def test_log_names_settings_without_effect(lamb):
    name = created(lamb, TracingConfig={"Mode": "Active"}, Architectures=["arm64"])
    assert warned(lamb.daemon, name) == ["Architectures", "TracingConfig.Mode"]
    updated(lamb, name, Timeout=7)
    assert warned(lamb.daemon, name) == ["Architectures", "TracingConfig.Mode"]
    updated(lamb, name, DeadLetterConfig={"TargetArn": QUEUE}, TracingConfig={"Mode": "PassThrough"})
    assert warned(lamb.daemon, name) == ["Architectures", "TracingConfig.Mode"]


def test_interpreted_function_for_another_machine_runs(lamb):
    name = created(lamb, Architectures=["arm64"])
    assert lamb.invoke(name, {"a": 1}).json == {"a": 1}


def test_publishing_twice_gives_the_version_that_is_there(lamb):
    name = created(lamb)
    first = lamb.client.publish_version(FunctionName=name, Description="mine")
    again = lamb.client.publish_version(FunctionName=name, Description="another")
    assert (again["Version"], again["Description"]) == ("1", "mine")
    assert again["RevisionId"] == first["RevisionId"]
    updated(lamb, name, Description="mine")
    assert lamb.client.publish_version(FunctionName=name)["Version"] == "2"
    updated(lamb, name, LoggingConfig={"LogFormat": "JSON"})
    assert lamb.client.publish_version(FunctionName=name)["Version"] == "3"
