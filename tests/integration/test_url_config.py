"""Configurations of function URLs. Where InvokeMode matters requests are raw: boto3 is older than it."""

import json
import re
from urllib.parse import urlsplit

import pytest

from support.refusals import (
    CONFLICT,
    INVALID_PARAMETER,
    RESOURCE_NOT_FOUND,
    VALIDATION,
    body,
    raw_refusal,
    refusal,
    status,
)

DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
NO_FUNCTION = (*RESOURCE_NOT_FOUND, "Function does not exist")
NO_CONFIG = (*RESOURCE_NOT_FOUND, "The resource you requested does not exist.")
MISMATCH = (
    *INVALID_PARAMETER,
    "The derived qualifier from the function name does not match the specified qualifier.",
)
CORS = {
    "AllowCredentials": True,
    "AllowHeaders": ["x-one", "x-two"],
    "AllowMethods": ["GET", "POST"],
    "AllowOrigins": ["https://example.com", "*"],
    "ExposeHeaders": ["x-three"],
    "MaxAge": 60,
}


def path(name):
    return f"/2021-10-31/functions/{name}/url"


def create(lamb, name, **members):
    return lamb.client.create_function_url_config(FunctionName=name, **{"AuthType": "NONE", **members})


def send(lamb, method, name, document=None):
    answer = lamb.request(method, path(name), json.dumps(document) if document is not None else b"")
    assert answer.status in (200, 201), answer.body
    return answer.json


def refused_create(lamb, name, **members):
    members = {"FunctionName": name, "AuthType": "NONE", **members}
    return refusal(lamb.client.create_function_url_config, **members)


@pytest.fixture
def name(lamb):
    return lamb.create_bash("echo '{}'")


@pytest.fixture
def published(lamb, name):
    """A function with a version 1 and an alias `urlalias` of it."""
    lamb.client.publish_version(FunctionName=name)
    lamb.client.create_alias(FunctionName=name, Name="urlalias", FunctionVersion="1")
    return name


def test_life(lamb, name):
    created = create(lamb, name)
    assert status(created) == 201
    assert set(body(created)) == {"AuthType", "CreationTime", "FunctionArn", "FunctionUrl"}
    assert (created["AuthType"], created["FunctionArn"]) == ("NONE", lamb.arn(name))
    assert re.fullmatch(DATE, created["CreationTime"])
    got = send(lamb, "GET", name)
    expected = {**body(created), "InvokeMode": "BUFFERED", "LastModifiedTime": created["CreationTime"]}
    assert got == expected
    updated = send(lamb, "PUT", name, {"AuthType": "AWS_IAM"})
    assert re.fullmatch(DATE, updated["LastModifiedTime"])
    assert updated["LastModifiedTime"] > created["CreationTime"]
    assert {**updated, "LastModifiedTime": got["LastModifiedTime"]} == {**expected, "AuthType": "AWS_IAM"}
    assert status(lamb.client.delete_function_url_config(FunctionName=name)) == 204
    assert refusal(lamb.client.get_function_url_config, FunctionName=name) == NO_CONFIG
    assert "setting=FunctionUrlConfig" not in lamb.daemon.stderr()


def test_url_leads_to_this_port(lamb, name):
    url = urlsplit(create(lamb, name)["FunctionUrl"])
    assert re.fullmatch(r"[a-z0-9]{32}\.lambda-url\." + re.escape(lamb.region) + r"\.localhost", url.hostname)
    assert (url.scheme, url.port, url.path) == ("http", lamb.daemon.port, "/")


def test_each_url_is_new(lamb, name):
    first = create(lamb, name)["FunctionUrl"]
    lamb.client.delete_function_url_config(FunctionName=name)
    assert create(lamb, name)["FunctionUrl"] != first


def test_mode_is_shown_when_it_was_sent(lamb, name):
    document = {"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"}
    assert send(lamb, "POST", name, document)["InvokeMode"] == "RESPONSE_STREAM"
    assert send(lamb, "PUT", name, {"AuthType": "AWS_IAM"})["InvokeMode"] == "RESPONSE_STREAM"
    assert send(lamb, "PUT", name, {"InvokeMode": "BUFFERED"})["InvokeMode"] == "BUFFERED"
    assert send(lamb, "GET", name)["AuthType"] == "AWS_IAM"


def test_cors_comes_and_goes(lamb, name):
    assert create(lamb, name, Cors=CORS)["Cors"] == CORS
    update, get = lamb.client.update_function_url_config, lamb.client.get_function_url_config
    assert update(FunctionName=name, AuthType="AWS_IAM")["Cors"] == CORS
    assert get(FunctionName=name)["Cors"] == CORS
    update(FunctionName=name, Cors={"AllowOrigins": ["*"], "MaxAge": 0})
    assert get(FunctionName=name)["Cors"] == {"AllowOrigins": ["*"], "MaxAge": 0}
    assert "Cors" not in update(FunctionName=name, Cors={})
    assert "Cors" not in get(FunctionName=name)


def test_largest_cors(lamb, name):
    cors = {
        "AllowHeaders": ["h" * 1024] * 100,
        "ExposeHeaders": ["\u00e9" * 1024] * 100,
        "AllowOrigins": ["o" * 253] * 100,
    }
    create(lamb, name, Cors=cors)
    assert lamb.client.get_function_url_config(FunctionName=name)["Cors"] == cors


def test_method_that_is_none(lamb, name):
    found = refused_create(lamb, name, Cors={"AllowMethods": ["GET", "FETCH"]})
    assert found[:2] == INVALID_PARAMETER
    assert "'FETCH'" in found[2]


def test_function_and_alias_have_one_each(lamb, published):
    for qualifier, members in ((None, {}), ("urlalias", {"Qualifier": "urlalias"})):
        arn = lamb.arn(published, qualifier)
        assert create(lamb, published, **members)["FunctionArn"] == arn
        assert refused_create(lamb, published, **members) == (
            *CONFLICT,
            f"Failed to create function url config for [functionArn = {arn}]. Error message:  "
            "FunctionUrlConfig exists for this Lambda function",
        )
    assert refused_create(lamb, f"{published}:urlalias", Qualifier="urlalias")[:2] == CONFLICT
    listing = lamb.client.list_function_url_configs
    found = listing(FunctionName=published)["FunctionUrlConfigs"]
    assert [config["FunctionArn"] for config in found] == [
        lamb.arn(published),
        lamb.arn(published, "urlalias"),
    ]
    assert {"CreationTime", "FunctionUrl", "LastModifiedTime"} <= set(found[0])
    first = listing(FunctionName=published, MaxItems=1)
    second = listing(FunctionName=published, MaxItems=1, Marker=first["NextMarker"])
    assert first["FunctionUrlConfigs"] + second["FunctionUrlConfigs"] == found
    assert "NextMarker" not in second


def test_goes_with_alias_and_function(lamb, published):
    create(lamb, published)
    create(lamb, published, Qualifier="urlalias")
    lamb.client.delete_alias(FunctionName=published, Name="urlalias")
    lamb.client.create_alias(FunctionName=published, Name="urlalias", FunctionVersion="1")
    get = lamb.client.get_function_url_config
    assert refusal(get, FunctionName=published, Qualifier="urlalias") == NO_CONFIG
    lamb.client.delete_function(FunctionName=published)
    lamb.create_bash("echo '{}'", name=published)
    assert refusal(get, FunctionName=published) == NO_CONFIG
    assert lamb.client.list_function_url_configs(FunctionName=published)["FunctionUrlConfigs"] == []


@pytest.mark.parametrize("operation", ["create", "get", "update", "delete"])
def test_what_is_not_there(lamb, published, operation):
    call = getattr(lamb.client, f"{operation}_function_url_config")
    more = {"AuthType": "NONE"} if operation in ("create", "update") else {}
    missing = NO_FUNCTION if operation in ("create", "update") else NO_CONFIG
    assert refusal(call, FunctionName="doesnotexist", **more) == missing
    assert refusal(call, FunctionName=lamb.arn("doesnotexist"), **more) == missing
    assert refusal(call, FunctionName=published, Qualifier="v1", **more) == missing
    if operation != "create":
        assert refusal(call, FunctionName=published, **more) == NO_CONFIG
    found = refusal(call, FunctionName=f"{published}:urlalias-not", Qualifier="urlalias", **more)
    assert found == MISMATCH


def test_list_of_what_is_not_there(lamb, name):
    listing = lamb.client.list_function_url_configs
    assert body(listing(FunctionName=name)) == {"FunctionUrlConfigs": []}
    assert refusal(listing, FunctionName="doesnotexist") == NO_FUNCTION


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("qualifier", ["1", "2", "$LATEST"])
def test_versions_have_none(lamb, name, method, qualifier):
    document = {"AuthType": "NONE"} if method in ("POST", "PUT") else None
    found = raw_refusal(lamb, method, f"{path(name)}?Qualifier={qualifier.replace('$', '%24')}", document)
    assert found == (
        *VALIDATION,
        f"1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)",
    )


def test_unknown_mode(lamb, name):
    found = raw_refusal(lamb, "POST", path(name), {"AuthType": "NONE", "InvokeMode": "UNKNOWN"})
    assert found == (
        *VALIDATION,
        "1 validation error detected: Value 'UNKNOWN' at 'invokeMode' failed to satisfy constraint: Member "
        "must satisfy enum value set: [RESPONSE_STREAM, BUFFERED]",
    )


def test_by_the_aws_cli(lamb, name):
    words = ("--function-name", name)
    lamb.aws("lambda", "create-function-url-config", *words, "--auth-type", "NONE", "--cors", "MaxAge=5")
    answer = lamb.aws("lambda", "get-function-url-config", *words)
    assert (answer["AuthType"], answer["Cors"]) == ("NONE", {"MaxAge": 5})
