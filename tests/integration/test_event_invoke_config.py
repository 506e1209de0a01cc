"""The settings of asynchronous invocation, and where its results may go."""

import datetime
import json

import pytest

from support import clients
from support.refusals import (
    INVALID_PARAMETER,
    RESOURCE_NOT_FOUND,
    VALIDATION,
    body,
    raw_refusal,
    refusal,
    status,
)

NO_DESTINATIONS = {"OnSuccess": {}, "OnFailure": {}}
NO_FUNCTION = (*RESOURCE_NOT_FOUND, "The function doesn't exist.")
NOTHING_SAID = (
    *INVALID_PARAMETER,
    "You must specify at least one of error handling or destination setting.",
)
MISMATCH = (
    *INVALID_PARAMETER,
    "The derived qualifier from the function name does not match the specified qualifier.",
)


def path(name):
    return f"/2019-09-25/functions/{name}/event-invoke-config"


def no_config(lamb, name, qualifier):
    return (
        *RESOURCE_NOT_FOUND,
        f"The function {lamb.arn(name, qualifier)} doesn't have an EventInvokeConfig",
    )


def put(lamb, name, **members):
    return lamb.client.put_function_event_invoke_config(FunctionName=name, **members)


def refused_put(lamb, name, **members):
    return refusal(lamb.client.put_function_event_invoke_config, FunctionName=name, **members)


def without_date(answer):
    found = body(answer)
    assert isinstance(found.pop("LastModified"), datetime.datetime)
    return found


SENDING = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "events:PutEvents",
                "lambda:InvokeFunction",
                "s3:PutObject",
                "sns:Publish",
                "sqs:SendMessage",
            ],
            "Resource": "*",
        }
    ],
}


def create_sending_role(lamb):
    """A role whose functions may send their results anywhere."""
    name = "may-send"
    clients.create_test_role(lamb.daemon, name)
    answer = clients.query(
        lamb.daemon,
        "iam",
        "PutRolePolicy",
        RoleName=name,
        PolicyName="send",
        PolicyDocument=json.dumps(SENDING),
    )
    assert answer.status == 200, answer.body
    return f"arn:aws:iam::{lamb.account}:role/{name}"


@pytest.fixture
def name(lamb):
    return lamb.create_bash("echo '{}'", Role=create_sending_role(lamb))


@pytest.fixture
def published(lamb, name):
    """A function with a version 1 and an alias `live` of it."""
    lamb.client.publish_version(FunctionName=name)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


def test_put_replaces(lamb, name):
    arn = lamb.arn(name, "$LATEST")
    answer = put(lamb, name, MaximumRetryAttempts=0)
    expected = {"DestinationConfig": NO_DESTINATIONS, "FunctionArn": arn, "MaximumRetryAttempts": 0}
    assert (status(answer), without_date(answer)) == (200, expected)
    answer = put(lamb, name, MaximumEventAgeInSeconds=60)
    expected = {"DestinationConfig": NO_DESTINATIONS, "FunctionArn": arn, "MaximumEventAgeInSeconds": 60}
    assert without_date(answer) == expected
    got = lamb.client.get_function_event_invoke_config(FunctionName=name, Qualifier="$LATEST")
    assert (status(got), body(got)) == (200, body(answer))


def test_update_merges(lamb, name):
    update = lamb.client.update_function_event_invoke_config
    topic = f"arn:aws:sns:{lamb.region}:{lamb.account}:results"
    queue = f"arn:aws:sqs:{lamb.region}:{lamb.account}:failures"
    put(lamb, name, MaximumEventAgeInSeconds=60, DestinationConfig={"OnSuccess": {"Destination": topic}})
    update(FunctionName=name, MaximumRetryAttempts=1)
    answer = update(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": queue}})
    assert without_date(answer) == {
        "DestinationConfig": {"OnSuccess": {"Destination": topic}, "OnFailure": {"Destination": queue}},
        "FunctionArn": lamb.arn(name, "$LATEST"),
        "MaximumEventAgeInSeconds": 60,
        "MaximumRetryAttempts": 1,
    }
    answer = update(FunctionName=name, DestinationConfig={"OnSuccess": {}})
    assert answer["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {"Destination": queue}}


def test_date_is_a_number(lamb, name):
    put(lamb, name, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=21600)
    modified = lamb.request("GET", path(name)).json["LastModified"]
    assert abs(modified - datetime.datetime.now().timestamp()) < 60


def test_each_qualifier_has_its_own(lamb, published):
    for qualifier in ("$LATEST", "1", "live"):
        answer = put(lamb, published, Qualifier=qualifier, MaximumRetryAttempts=1)
        assert answer["FunctionArn"] == lamb.arn(published, qualifier)
    answer = put(lamb, lamb.arn(published, "live"), MaximumRetryAttempts=0)
    assert answer["FunctionArn"] == lamb.arn(published, "live")
    put(lamb, f"{published}:live", Qualifier="live", MaximumRetryAttempts=0)
    listing = lamb.client.list_function_event_invoke_configs
    found = listing(FunctionName=published)["FunctionEventInvokeConfigs"]
    assert [config["FunctionArn"] for config in found] == [
        lamb.arn(published, qualifier) for qualifier in ("$LATEST", "1", "live")
    ]
    assert [config["MaximumRetryAttempts"] for config in found] == [1, 1, 0]
    pages = lamb.client.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName=published, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["FunctionEventInvokeConfigs"]) for page in pages] == [2, 1]
    for qualifier in ("$LATEST", "1", "live"):
        answer = lamb.client.delete_function_event_invoke_config(
            FunctionName=published, Qualifier=qualifier
        )
        assert status(answer) == 204
    assert listing(FunctionName=published)["FunctionEventInvokeConfigs"] == []


def test_new_version_inherits_nothing(lamb, name):
    put(lamb, name, MaximumRetryAttempts=1)
    lamb.client.publish_version(FunctionName=name)
    get = lamb.client.get_function_event_invoke_config
    assert refusal(get, FunctionName=name, Qualifier="1") == no_config(lamb, name, "1")


def test_goes_with_version_alias_and_function(lamb, published):
    get = lamb.client.get_function_event_invoke_config
    put(lamb, published, MaximumRetryAttempts=1)
    put(lamb, published, Qualifier="live", MaximumRetryAttempts=1)
    lamb.client.delete_alias(FunctionName=published, Name="live")
    put(lamb, published, Qualifier="1", MaximumRetryAttempts=1)
    lamb.client.delete_function(FunctionName=published, Qualifier="1")
    for qualifier in ("live", "1"):
        assert refusal(get, FunctionName=published, Qualifier=qualifier) == no_config(
            lamb, published, qualifier
        )
    lamb.client.delete_function(FunctionName=published)
    lamb.create_bash("echo '{}'", name=published)
    assert refusal(get, FunctionName=published) == no_config(lamb, published, "$LATEST")


def test_what_is_not_there(lamb, published):
    client = lamb.client
    for call in (client.get_function_event_invoke_config, client.delete_function_event_invoke_config):
        assert refusal(call, FunctionName=published) == no_config(lamb, published, "$LATEST")
        assert refusal(call, FunctionName="nowhere") == no_config(lamb, "nowhere", "$LATEST")
        for qualifier in ("1", "1221", "live", "noalias"):
            found = refusal(call, FunctionName=published, Qualifier=qualifier)
            assert found == no_config(lamb, published, qualifier)
    update = client.update_function_event_invoke_config
    assert refusal(update, FunctionName=published, MaximumRetryAttempts=0) == no_config(
        lamb, published, "$LATEST"
    )
    found = refusal(update, FunctionName=lamb.arn(published, "live"), MaximumRetryAttempts=0)
    assert found == no_config(lamb, published, "live")
    for call in (client.put_function_event_invoke_config, update):
        assert refusal(call, FunctionName="nowhere", MaximumRetryAttempts=0) == NO_FUNCTION
        found = refusal(call, FunctionName=published, Qualifier="noalias", MaximumRetryAttempts=0)
        assert found == NO_FUNCTION
    assert refusal(client.list_function_event_invoke_configs, FunctionName="nowhere") == NO_FUNCTION


def test_something_must_be_said(lamb, name):
    assert refused_put(lamb, name) == NOTHING_SAID
    assert refusal(lamb.client.update_function_event_invoke_config, FunctionName=name) == NOTHING_SAID


@pytest.mark.parametrize("names", [("1", "$LATEST"), ("$LATEST", "1"), ("1", "live"), ("live", "liver")])
def test_qualifiers_that_contradict(lamb, published, names):
    found = refused_put(lamb, f"{published}:{names[0]}", Qualifier=names[1], MaximumRetryAttempts=1)
    assert found == MISMATCH


@pytest.mark.parametrize(
    "members, path_of_member, constraint",
    [
        ({"MaximumRetryAttempts": 3}, "maximumRetryAttempts", "less than or equal to 2"),
        ({"MaximumRetryAttempts": -1}, "maximumRetryAttempts", "greater than or equal to 0"),
        ({"MaximumEventAgeInSeconds": 59}, "maximumEventAgeInSeconds", "greater than or equal to 60"),
        ({"MaximumEventAgeInSeconds": 21601}, "maximumEventAgeInSeconds", "less than or equal to 21600"),
    ],
)
def test_ranges(lamb, name, members, path_of_member, constraint):
    value = next(iter(members.values()))
    assert raw_refusal(lamb, "PUT", path(name), members) == (
        *VALIDATION,
        f"1 validation error detected: Value '{value}' at '{path_of_member}' failed to satisfy constraint: "
        f"Member must have value {constraint}",
    )


# ---- destinations


def test_destinations_that_are_fine(lamb, name):
    other = lamb.create_bash("echo '{}'")
    lamb.client.publish_version(FunctionName=other)
    here = f"{lamb.region}:{lamb.account}"
    for arn in (
        f"arn:aws:sqs:{here}:queue",
        f"arn:aws:sns:{here}:topic",
        f"arn:aws:events:{here}:event-bus/bus",
        lamb.arn(other),
        lamb.arn(other, "$LATEST"),
        lamb.arn(other, "1"),
    ):
        for part in ("OnSuccess", "OnFailure"):
            answer = put(lamb, name, DestinationConfig={part: {"Destination": arn}})
            assert answer["DestinationConfig"] == {**NO_DESTINATIONS, part: {"Destination": arn}}
    bucket = "arn:aws:s3:::bucket"
    answer = put(lamb, name, DestinationConfig={"OnFailure": {"Destination": bucket}})
    assert answer["DestinationConfig"]["OnFailure"] == {"Destination": bucket}
    for part in ("OnSuccess", "OnFailure"):
        for nothing in ({}, {"Destination": ""}):
            answer = put(lamb, name, DestinationConfig={part: nothing})
            assert answer["DestinationConfig"] == NO_DESTINATIONS


def test_function_is_no_destination_of_itself(lamb, name):
    for arn in (lamb.arn(name), lamb.arn(name, "$LATEST")):
        found = refused_put(lamb, name, DestinationConfig={"OnSuccess": {"Destination": arn}})
        assert found == (*INVALID_PARAMETER, "You can't specify the function as a destination for itself.")


def test_destination_function_must_exist(lamb, name):
    other = lamb.create_bash("echo '{}'")
    for arn in (
        lamb.arn("doesnotexist"),
        lamb.arn(other, "7"),
        lamb.arn(other, "noalias"),
        lamb.arn(other).replace(lamb.region, "xx-north-1"),
        f"arn:aws:lambda:{lamb.region}:{lamb.account}:layer:a:1",
    ):
        found = refused_put(lamb, name, DestinationConfig={"OnFailure": {"Destination": arn}})
        assert found == (*INVALID_PARAMETER, f"The destination ARN {arn} is invalid.")


def test_destinations_of_other_kinds(lamb, name):
    iam = lamb.arn(name).replace(":lambda:", ":iam:")
    found = refused_put(lamb, name, DestinationConfig={"OnSuccess": {"Destination": iam}})
    assert found == (
        *INVALID_PARAMETER,
        "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
        f"{iam}), onFailure=null) is invalid.",
    )
    here = f"{lamb.region}:{lamb.account}"
    for arn in (
        f"arn:aws:sqs:{here}:queue.fifo",
        f"arn:aws:sns:{here}:topic.fifo",
        "arn:aws:s3:::bucket",
        "kafka://topic",
    ):
        queue = f"arn:aws:sqs:{here}:queue"
        found = refused_put(
            lamb,
            name,
            DestinationConfig={"OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": queue}},
        )
        assert found == (
            *INVALID_PARAMETER,
            f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={arn}), "
            f"onFailure=OnFailure(destination={queue})) is invalid.",
        )


def test_role_must_be_allowed_to_send(lamb):
    name = lamb.create_bash("echo '{}'")
    other = lamb.create_bash("echo '{}'")
    here = f"{lamb.region}:{lamb.account}"
    for verb, arn in (
        ("InvokeFunction", lamb.arn(other)),
        ("Publish", f"arn:aws:sns:{here}:topic"),
        ("PutEvents", f"arn:aws:events:{here}:event-bus/bus"),
        ("PutObject", "arn:aws:s3:::bucket"),
        ("SendMessage", f"arn:aws:sqs:{here}:queue"),
    ):
        found = refused_put(lamb, name, DestinationConfig={"OnFailure": {"Destination": arn}})
        assert found == (
            *INVALID_PARAMETER,
            f"The function's execution role does not have permissions to call {verb} on {arn}",
        )
    put(lamb, name, MaximumRetryAttempts=1)


def test_destination_that_is_no_arn(lamb, name):
    arn = lamb.arn(name).replace(":lambda:", ":_-/!lambda:")
    pattern = (
        r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
        r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
    )
    found = raw_refusal(
        lamb, "PUT", path(name), {"DestinationConfig": {"OnFailure": {"Destination": arn}}}
    )
    assert found == (
        *VALIDATION,
        f"1 validation error detected: Value '{arn}' at 'destinationConfig.onFailure.destination' failed to "
        f"satisfy constraint: Member must satisfy regular expression pattern: {pattern}",
    )


def test_by_the_aws_cli(lamb, name):
    words = ("--function-name", name)
    lamb.aws("lambda", "put-function-event-invoke-config", *words, "--maximum-retry-attempts", "1")
    answer = lamb.aws("lambda", "get-function-event-invoke-config", *words)
    assert answer["MaximumRetryAttempts"] == 1
    assert lamb.aws("lambda", "delete-function-event-invoke-config", *words) is None


def test_survives_the_daemon(new_daemon):
    lamb = new_daemon()
    name = lamb.create_bash("echo '{}'")
    put(lamb, name, MaximumRetryAttempts=1)
    before = lamb.request("GET", path(name)).json
    lamb.daemon.kill()
    lamb.daemon.start()
    assert json.loads(lamb.request("GET", path(name)).body) == before
