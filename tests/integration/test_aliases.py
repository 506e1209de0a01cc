"""Aliases: what they answer, which rules their routing has, and what runs behind them."""

import json

import pytest
from botocore.exceptions import ClientError

FUNCTIONS = "/2015-03-31/functions"
WHICH = """
def handler(event, context):
    return [context.function_version, context.invoked_function_arn]
"""
REVISION = (
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to"
    " retrieve the latest Revision Id"
)


def clean(answer, status):
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == status
    return answer


def create(lamb, name, alias, version="1", **parameters):
    answer = lamb.client.create_alias(
        FunctionName=name, Name=alias, FunctionVersion=version, **parameters
    )
    return clean(answer, 201)


def get(lamb, name, alias):
    return clean(lamb.client.get_alias(FunctionName=name, Name=alias), 200)


def update(lamb, name, alias, **parameters):
    return clean(lamb.client.update_alias(FunctionName=name, Name=alias, **parameters), 200)


def refusal(call, *args, **parameters):
    with pytest.raises(ClientError) as failed:
        call(*args, **parameters)
    answer = failed.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def weights(**versions):
    return {"AdditionalVersionWeights": {key.removeprefix("v"): value for key, value in versions.items()}}


@pytest.fixture
def function(lamb):
    """One with the versions 1 and 2."""
    name = lamb.create_python(WHICH)
    lamb.client.publish_version(FunctionName=name)
    lamb.update_configuration(name, Timeout=9)
    lamb.client.publish_version(FunctionName=name)
    return name


def test_life_of_an_alias(lamb, function):
    made = create(lamb, function, "live", Description="what customers use")
    assert set(made) == {"AliasArn", "Description", "FunctionVersion", "Name", "RevisionId"}
    assert made["AliasArn"] == lamb.arn(function, "live")
    assert (made["Name"], made["FunctionVersion"]) == ("live", "1")
    assert get(lamb, function, "live") == made

    updated = update(lamb, function, "live", FunctionVersion="2")
    assert updated["FunctionVersion"] == "2"
    assert updated["Description"] == "what customers use"
    assert updated["RevisionId"] != made["RevisionId"]
    assert get(lamb, function, "live") == updated

    for _ in range(2):
        answer = lamb.client.delete_alias(FunctionName=function, Name="live")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204, "deleting it twice is fine"
    assert refusal(lamb.client.get_alias, FunctionName=function, Name="live") == (
        404,
        "ResourceNotFoundException",
        f"Cannot find alias arn: {lamb.arn(function, 'live')}",
    )


def test_every_update_has_a_new_revision(lamb, function):
    first = create(lamb, function, "live")
    second = update(lamb, function, "live")
    assert first["RevisionId"] != second["RevisionId"]
    assert refusal(
        lamb.client.update_alias, FunctionName=function, Name="live", RevisionId=first["RevisionId"]
    ) == (412, "PreconditionFailedException", REVISION)
    third = update(lamb, function, "live", Description="new", RevisionId=second["RevisionId"])
    assert third["Description"] == "new"


def test_routing(lamb, function):
    made = create(lamb, function, "live", RoutingConfig=weights(v2=0.2))
    assert made["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.2}}
    assert get(lamb, function, "live") == made
    assert update(lamb, function, "live", Description="x")["RoutingConfig"] == made["RoutingConfig"]
    updated = update(lamb, function, "live", RoutingConfig=weights())
    assert "RoutingConfig" not in updated
    assert get(lamb, function, "live") == updated
    swapped = update(lamb, function, "live", FunctionVersion="2", RoutingConfig=weights(v1=1.0))
    assert swapped["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 1.0}}


def test_routing_without_a_version_is_none(lamb, function):
    assert "RoutingConfig" not in create(lamb, function, "live", RoutingConfig=weights())
    assert "RoutingConfig" not in create(lamb, function, "also", RoutingConfig={})


def test_weight_as_it_is_written(lamb, function):
    body = json.dumps({"Name": "a", "FunctionVersion": "1", "RoutingConfig": weights(v2=0.1)})
    answer = lamb.request("POST", f"{FUNCTIONS}/{function}/aliases", body)
    assert answer.status == 201
    assert b'"RoutingConfig":{"AdditionalVersionWeights":{"2":0.1}}' in answer.body


@pytest.mark.parametrize(
    "version, routing, status, error, message",
    [
        ("1", weights(v1=0.1, v2=0.1), 400, "InvalidParameterValueException",
         "Number of items in AdditionalVersionWeights cannot be greater than 1"),
        ("1", weights(v1=0.5), 400, "InvalidParameterValueException",
         "Invalid function version 1. Function version 1 is already included in routing configuration."),
        ("$LATEST", weights(v2=0.5), 400, "InvalidParameterValueException",
         "$LATEST is not supported for an alias pointing to more than 1 version"),
        ("10", weights(v2=0.5), 404, "ResourceNotFoundException", "Function not found: {arn}:10"),
        ("1", weights(v10=0.5), 404, "ResourceNotFoundException", "Function not found: {arn}:10"),
        ("1", weights(v2=2.0), 400, "ValidationException",
         "1 validation error detected: Value '{{2=2.0}}' at 'routingConfig.additionalVersionWeights' failed"
         " to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or"
         " equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]"),
        ("1", {"AdditionalVersionWeights": {"$LATEST": 0.5}}, 400, "ValidationException",
         "1 validation error detected: Value '{{$LATEST=0.5}}' at 'routingConfig.additionalVersionWeights'"
         " failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less"
         " than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy"
         " regular expression pattern: [0-9]+]"),
    ],
)  # fmt: skip
def test_routing_that_is_refused(lamb, function, version, routing, status, error, message):
    assert refusal(
        lamb.client.create_alias,
        FunctionName=function,
        Name="a",
        FunctionVersion=version,
        RoutingConfig=routing,
    ) == (status, error, message.format(arn=lamb.arn(function)))
    assert lamb.client.list_aliases(FunctionName=function)["Aliases"] == []


def test_refusal_of_latest_beside_another_has_no_type(lamb, function):
    body = json.dumps({"Name": "a", "FunctionVersion": "$LATEST", "RoutingConfig": weights(v2=0.5)})
    answer = lamb.request("POST", f"{FUNCTIONS}/{function}/aliases", body)
    assert answer.json == {
        "message": "$LATEST is not supported for an alias pointing to more than 1 version"
    }


def test_update_obeys_the_rules_of_routing(lamb, function):
    create(lamb, function, "live", RoutingConfig=weights(v2=0.5))
    assert refusal(lamb.client.update_alias, FunctionName=function, Name="live", FunctionVersion="2") == (
        400,
        "InvalidParameterValueException",
        "Invalid function version 2. Function version 2 is already included in routing configuration.",
    )
    assert get(lamb, function, "live")["FunctionVersion"] == "1"


def test_alias_of_latest(lamb, function):
    assert create(lamb, function, "newest", "$LATEST")["FunctionVersion"] == "$LATEST"
    answer = lamb.invoke(function, Qualifier="newest")
    assert answer.version == "$LATEST"
    assert answer.json == ["$LATEST", lamb.arn(function, "newest")]


def test_same_name_twice(lamb, function):
    create(lamb, function, "custom")
    assert refusal(
        lamb.client.create_alias, FunctionName=function, Name="custom", FunctionVersion="1"
    ) == (
        409,
        "ResourceConflictException",
        f"Alias already exists: {lamb.arn(function, 'custom')}",
    )


def test_update_of_what_is_not_there(lamb, function):
    assert refusal(lamb.client.update_alias, FunctionName=function, Name="non-existent") == (
        404,
        "ResourceNotFoundException",
        f"Alias not found: {lamb.arn(function, 'non-existent')}",
    )


def test_alias_of_a_function_that_is_not_there(lamb):
    assert refusal(
        lamb.client.create_alias, FunctionName="nowhere", Name="a", FunctionVersion="1"
    ) == (404, "ResourceNotFoundException", f"Function not found: {lamb.arn('nowhere', '1')}")


def test_name_that_is_a_number(lamb, function):
    body = json.dumps({"Name": "2024", "FunctionVersion": "1"})
    answer = lamb.request("POST", f"{FUNCTIONS}/{function}/aliases", body)
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert answer.message == (
        "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member must"
        " satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
    )


def test_list_by_name_version_and_page(lamb, function):
    made = {name: create(lamb, function, name, "2" if name in "bd" else "1") for name in "dacbe"}
    made["a"] = update(lamb, function, "a", RoutingConfig=weights(v2=0.5))

    def listed(**parameters):
        return lamb.client.list_aliases(FunctionName=function, **parameters)

    assert listed()["Aliases"] == [made[name] for name in "abcde"]
    assert [item["Name"] for item in listed(FunctionVersion="1")["Aliases"]] == ["a", "c", "e"]
    assert [item["Name"] for item in listed(FunctionVersion="2")["Aliases"]] == ["b", "d"]
    assert listed(FunctionVersion="7")["Aliases"] == []
    pages = lamb.client.get_paginator("list_aliases").paginate(
        FunctionName=function, PaginationConfig={"PageSize": 2}
    )
    assert [[item["Name"] for item in page["Aliases"]] for page in pages] == [
        ["a", "b"],
        ["c", "d"],
        ["e"],
    ]


def test_alias_as_a_qualifier(lamb, function):
    create(lamb, function, "live", "1")
    shown = lamb.configuration(function, Qualifier="live")
    assert (shown["Version"], shown["FunctionArn"]) == ("1", lamb.arn(function, "live"))
    assert lamb.configuration(f"{function}:live") == shown
    configuration = lamb.client.get_function(FunctionName=function, Qualifier="live")["Configuration"]
    assert configuration == shown
    for reference in (f"{function}:live", lamb.arn(function, "live")):
        answer = lamb.invoke(reference)
        assert answer.version == "1"
        assert answer.json == ["1", lamb.arn(function, "live")]


def test_alias_moves_at_once(lamb, function):
    create(lamb, function, "live", "1")
    assert lamb.invoke(function, Qualifier="live").json[0] == "1"
    update(lamb, function, "live", FunctionVersion="2")
    assert lamb.invoke(function, Qualifier="live").json[0] == "2"


def test_calls_are_split(lamb, function):
    create(lamb, function, "live", "1", RoutingConfig=weights(v2=0.5))
    seen = set()
    for _ in range(64):  # all alike once in 2**63 runs
        answer = lamb.invoke(function, Qualifier="live")
        assert answer.json == [answer.version, lamb.arn(function, "live")]
        seen.add(answer.version)
    assert seen == {"1", "2"}


def test_aliases_are_not_deleted_as_functions(lamb, function):
    create(lamb, function, "live")
    assert refusal(lamb.client.delete_function, FunctionName=function, Qualifier="live") == (
        400,
        "InvalidParameterValueException",
        "Deletion of aliases is not currently supported.",
    )


def test_aliases_go_with_their_function(lamb, function):
    create(lamb, function, "live")
    lamb.client.delete_function(FunctionName=function)
    lamb.create_python(WHICH, name=function)
    assert lamb.client.list_aliases(FunctionName=function)["Aliases"] == []


def test_aliases_outlive_a_crash(new_daemon):
    lamb = new_daemon()
    name = lamb.create_python(WHICH)
    lamb.client.publish_version(FunctionName=name)
    lamb.update_configuration(name, Timeout=9)
    lamb.client.publish_version(FunctionName=name)
    made = create(
        lamb, name, "live", Description='"quoted" \u00e9', RoutingConfig=weights(v2=0.3333333333333333)
    )
    create(lamb, name, "gone")
    lamb.client.delete_alias(FunctionName=name, Name="gone")
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    assert lamb.client.list_aliases(FunctionName=name)["Aliases"] == [made]
    assert lamb.invoke(name, Qualifier="live").json[1] == lamb.arn(name, "live")


def test_command_line(lamb, function):
    made = lamb.aws(
        "lambda", "create-alias", "--function-name", function, "--name", "live",
        "--function-version", "1", "--routing-config", "AdditionalVersionWeights={2=0.25}",
    )  # fmt: skip
    assert made["RoutingConfig"]["AdditionalVersionWeights"] == {"2": 0.25}
    assert lamb.aws("lambda", "list-aliases", "--function-name", function)["Aliases"] == [made]
    updated = lamb.aws(
        "lambda", "update-alias", "--function-name", function, "--name", "live",
        "--routing-config", "AdditionalVersionWeights={}",
    )  # fmt: skip
    assert "RoutingConfig" not in updated
