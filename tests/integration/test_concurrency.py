"""Reserved and provisioned concurrency: what is promised to a function, and what the account has left."""

import re
from concurrent.futures import ThreadPoolExecutor

import botocore.exceptions
import pytest

from support import packages, settings
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
from support.waiting import wait_until

LIMIT = 1000
MINIMUM = 100

ONLY_FUNCTIONS = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
    "operation. Please specify either a function name or an unqualified function ARN."
)
NO_CONFIG = (
    404,
    "ProvisionedConcurrencyConfigNotFoundException",
    "No Provisioned Concurrency Config found for this function",
)


def reserve(lamb, name, count):
    return lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=count)


def refused_reserve(lamb, name, count):
    return refusal(
        lamb.client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=count
    )


def unreserved(lamb):
    return lamb.client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]


def provision(lamb, name, qualifier, count):
    return lamb.client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


def refused_provision(lamb, name, qualifier, count=1):
    return refusal(
        lamb.client.put_provisioned_concurrency_config,
        FunctionName=name,
        Qualifier=qualifier,
        ProvisionedConcurrentExecutions=count,
    )


def provisioned_path(name, qualifier):
    return f"/2019-09-30/functions/{name}/provisioned-concurrency?Qualifier={qualifier}"


@pytest.fixture
def name(lamb):
    return lamb.create_bash("echo '{}'")


@pytest.fixture
def published(lamb, name):
    """A function with a version 1 and an alias `live` of it."""
    lamb.client.publish_version(FunctionName=name)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


# ---- reserved


def test_reserve_show_and_release(lamb, name):
    assert body(lamb.client.get_function_concurrency(FunctionName=name)) == {}
    assert "Concurrency" not in lamb.client.get_function(FunctionName=name)
    for count in (0, 1, LIMIT - MINIMUM):
        answer = reserve(lamb, name, count)
        assert (status(answer), body(answer)) == (200, {"ReservedConcurrentExecutions": count})
        assert body(lamb.client.get_function_concurrency(FunctionName=name)) == body(answer)
        assert lamb.client.get_function(FunctionName=name)["Concurrency"] == body(answer)
    for _ in range(2):
        assert status(lamb.client.delete_function_concurrency(FunctionName=name)) == 204
    assert body(lamb.client.get_function_concurrency(FunctionName=name)) == {}


def test_raw_answers(lamb, name):
    path = f"/functions/{name}/concurrency"
    answer = lamb.request("PUT", "/2017-10-31" + path, '{"ReservedConcurrentExecutions":7}')
    assert (answer.status, answer.body) == (200, b'{"ReservedConcurrentExecutions":7}')
    assert lamb.request("DELETE", "/2017-10-31" + path).status == 204
    assert lamb.request("GET", "/2019-09-30" + path).body == b"{}"


def test_function_without_any_is_throttled(lamb, name):
    lamb.invoke(name, {})
    reserve(lamb, name, 0)
    answer = lamb.request("POST", f"/2015-03-31/functions/{name}/invocations", "{}")
    assert (answer.status, answer.error) == (429, "TooManyRequestsException")
    assert answer.json["message"] == "Rate Exceeded."
    assert answer.json["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert answer.headers["retry-after"] == "1"
    lamb.client.delete_function_concurrency(FunctionName=name)
    assert lamb.invoke(name, {}).status == 200


def test_reservation_outlives_the_daemon_but_not_the_function(new_daemon):
    lamb = new_daemon()
    name = lamb.create_bash("echo '{}'")
    reserve(lamb, name, 0)
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    path = f"/2015-03-31/functions/{name}/invocations"
    assert lamb.request("POST", path, "{}").status == 429
    assert unreserved(lamb) == LIMIT
    reserve(lamb, name, 300)
    assert unreserved(lamb) == LIMIT - 300
    lamb.client.delete_function(FunctionName=name)
    assert unreserved(lamb) == LIMIT
    lamb.create_bash("echo '{}'", name=name)
    assert body(lamb.client.get_function_concurrency(FunctionName=name)) == {}
    assert lamb.request("POST", path, "{}").status == 200


def test_account_keeps_its_minimum(lamb, name):
    below = "Specified ReservedConcurrentExecutions for function decreases account's " + (
        f"UnreservedConcurrentExecution below its minimum value of [{MINIMUM}]."
    )
    for count in (LIMIT + 1, LIMIT, LIMIT - MINIMUM + 1, 2**31 - 1):
        assert refused_reserve(lamb, name, count) == (*INVALID_PARAMETER, below)
    other = lamb.create_bash("echo '{}'")
    reserve(lamb, other, 500)
    assert unreserved(lamb) == LIMIT - 500
    assert refused_reserve(lamb, name, 401) == (*INVALID_PARAMETER, below)
    reserve(lamb, name, 400)
    assert unreserved(lamb) == MINIMUM
    reserve(lamb, name, 399)  # its own share counts once
    reserve(lamb, name, 400)


def test_reservations_at_the_same_time_keep_to_the_account(lamb):
    names = [lamb.create_bash("echo '{}'", wait=False) for _ in range(20)]

    def try_to_reserve(name):
        try:
            reserve(lamb, name, 100)
        except botocore.exceptions.ClientError:
            return 0
        return 100

    with ThreadPoolExecutor(len(names)) as pool:
        assert sum(pool.map(try_to_reserve, names)) == LIMIT - MINIMUM
    assert unreserved(lamb) == MINIMUM


def test_small_account_keeps_half(new_daemon):
    lamb = new_daemon(*settings.concurrency(10))
    name = lamb.create_bash("echo '{}'")
    reserve(lamb, name, 5)
    assert refused_reserve(lamb, name, 6)[2].endswith("below its minimum value of [5].")


def test_reserved_of_what_is_not_there(lamb):
    missing = f"Function not found: {lamb.arn('nowhere')}"
    for count in (0, 1):
        assert refused_reserve(lamb, "nowhere", count) == (*RESOURCE_NOT_FOUND, missing + ":$LATEST")
    for call in (lamb.client.get_function_concurrency, lamb.client.delete_function_concurrency):
        assert refusal(call, FunctionName="nowhere") == (*RESOURCE_NOT_FOUND, missing)


@pytest.mark.parametrize("qualifier", ["$LATEST", "1", "live"])
def test_reserved_is_for_whole_functions(lamb, published, qualifier):
    assert refused_reserve(lamb, lamb.arn(published, qualifier), 0) == (*INVALID_PARAMETER, ONLY_FUNCTIONS)


def test_reserved_below_zero(lamb, name):
    found = raw_refusal(
        lamb, "PUT", f"/2017-10-31/functions/{name}/concurrency", {"ReservedConcurrentExecutions": -1}
    )
    assert found == (
        *VALIDATION,
        "1 validation error detected: Value '-1' at 'reservedConcurrentExecutions' failed to satisfy "
        "constraint: Member must have value greater than or equal to 0",
    )


# ---- provisioned


def shown(lamb, name, qualifier):
    return body(lamb.client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier))


def wait_status(lamb, name, qualifier, wanted="READY", timeout_s=20):
    def has_status():
        config = shown(lamb, name, qualifier)
        return config if config["Status"] == wanted else None

    return wait_until(has_status, timeout_s, f"{name}:{qualifier} is {wanted}")


def test_provisioned_becomes_ready(lamb, published):
    answer = provision(lamb, published, "1", 2)
    assert status(answer) == 202
    modified = answer["LastModified"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", modified)
    assert body(answer) == {
        "AllocatedProvisionedConcurrentExecutions": 0,
        "AvailableProvisionedConcurrentExecutions": 0,
        "LastModified": modified,
        "RequestedProvisionedConcurrentExecutions": 2,
        "Status": "IN_PROGRESS",
    }
    ready = wait_status(lamb, published, "1")
    assert ready == {
        "AllocatedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": 2,
        "LastModified": modified,
        "RequestedProvisionedConcurrentExecutions": 2,
        "Status": "READY",
    }
    listed = lamb.client.list_provisioned_concurrency_configs(FunctionName=published)
    assert listed["ProvisionedConcurrencyConfigs"] == [{"FunctionArn": lamb.arn(published, "1"), **ready}]


def test_provisioned_is_replaced_and_deleted(lamb, published):
    provision(lamb, published, "1", 2)
    provision(lamb, published, "1", 3)
    got = lamb.client.get_provisioned_concurrency_config(FunctionName=published, Qualifier="1")
    assert got["RequestedProvisionedConcurrentExecutions"] == 3
    assert unreserved(lamb) == LIMIT - 3
    for _ in range(2):
        answer = lamb.client.delete_provisioned_concurrency_config(FunctionName=published, Qualifier="1")
        assert status(answer) == 204
    assert unreserved(lamb) == LIMIT


def test_version_and_its_alias_exclude_each_other(lamb, published):
    provision(lamb, published, "1", 1)
    assert refused_provision(lamb, published, "live") == (
        *CONFLICT,
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    )
    lamb.client.delete_provisioned_concurrency_config(FunctionName=published, Qualifier="1")
    provision(lamb, published, "live", 1)
    assert refused_provision(lamb, published, "1") == (
        *CONFLICT,
        "Version is pointed by a Provisioned Concurrency alias",
    )


def test_provisioned_goes_with_its_alias(lamb, published):
    provision(lamb, published, "live", 5)
    assert unreserved(lamb) == LIMIT - 5
    lamb.client.delete_alias(FunctionName=published, Name="live")
    got = refusal(
        lamb.client.get_provisioned_concurrency_config, FunctionName=published, Qualifier="live"
    )
    assert got == (*RESOURCE_NOT_FOUND, f"Cannot find alias arn: {lamb.arn(published, 'live')}")
    listed = lamb.client.list_provisioned_concurrency_configs(FunctionName=published)
    assert listed["ProvisionedConcurrencyConfigs"] == []
    assert unreserved(lamb) == LIMIT
    lamb.client.create_alias(FunctionName=published, Name="live", FunctionVersion="1")
    got = refusal(
        lamb.client.get_provisioned_concurrency_config, FunctionName=published, Qualifier="live"
    )
    assert got == NO_CONFIG


def test_provisioned_goes_with_its_version(lamb, name):
    lamb.client.publish_version(FunctionName=name)
    provision(lamb, name, "1", 5)
    lamb.client.delete_function(FunctionName=name, Qualifier="1")
    assert unreserved(lamb) == LIMIT
    assert not lamb.client.list_provisioned_concurrency_configs(FunctionName=name)[
        "ProvisionedConcurrencyConfigs"
    ]


def test_provisioned_comes_out_of_what_is_reserved(lamb, published):
    reserve(lamb, published, 4)
    provision(lamb, published, "1", 3)
    assert unreserved(lamb) == LIMIT - 4
    lamb.client.update_function_configuration(FunctionName=published, Description="another")
    lamb.wait_updated(published)
    lamb.client.publish_version(FunctionName=published)
    assert refused_provision(lamb, published, "2", 2) == (
        *INVALID_PARAMETER,
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
        "function",
    )
    provision(lamb, published, "2", 1)
    assert refused_reserve(lamb, published, 1) == (
        *INVALID_PARAMETER,
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency "
        "[4].",
    )
    lamb.client.delete_function_concurrency(FunctionName=published)
    assert unreserved(lamb) == LIMIT - 4


def test_provisioned_keeps_to_the_account(lamb):
    published = lamb.create(packages.zip_files({"no-bootstrap": ""}))  # so that none of 900 is started
    lamb.client.publish_version(FunctionName=published)
    assert refused_provision(lamb, published, "1", LIMIT + 1) == (
        *INVALID_PARAMETER,
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
        f"[{LIMIT}].",
    )
    assert refused_provision(lamb, published, "1", LIMIT) == (
        *INVALID_PARAMETER,
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        f"its minimum value of [{MINIMUM}].",
    )
    provision(lamb, published, "1", LIMIT - MINIMUM)
    other = lamb.create_bash("echo '{}'")
    assert refused_reserve(lamb, other, 1)[:2] == INVALID_PARAMETER
    provision(lamb, published, "1", LIMIT - MINIMUM - 1)
    reserve(lamb, other, 1)


def test_latest_can_not_be_provisioned(lamb, published):
    unpublished = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    lamb.client.create_alias(FunctionName=published, Name="newest", FunctionVersion="$LATEST")
    for qualifier in ("$LATEST", "newest"):
        assert refused_provision(lamb, published, qualifier) == (*INVALID_PARAMETER, unpublished)
    for call in (
        lamb.client.get_provisioned_concurrency_config,
        lamb.client.delete_provisioned_concurrency_config,
    ):
        assert refusal(call, FunctionName=published, Qualifier="$LATEST") == (
            *INVALID_PARAMETER,
            "The function resource provided must be an alias or a published version.",
        )


def test_provisioned_of_what_is_not_there(lamb, published):
    client = lamb.client
    get = client.get_provisioned_concurrency_config
    delete = client.delete_provisioned_concurrency_config
    assert refusal(get, FunctionName=published, Qualifier="1") == NO_CONFIG
    for function in (published, "nowhere"):
        no_alias = f"Cannot find alias arn: {lamb.arn(function, 'noalias')}"
        no_version = f"Function not found: {lamb.arn(function, '10')}"
        for call in (get, delete):
            found = refusal(call, FunctionName=function, Qualifier="noalias")
            assert found == (*RESOURCE_NOT_FOUND, no_alias)
            found = refusal(call, FunctionName=function, Qualifier="10")
            assert found == (*RESOURCE_NOT_FOUND, no_version)
        assert refused_provision(lamb, function, "noalias") == (*RESOURCE_NOT_FOUND, no_alias)
        assert refused_provision(lamb, function, "10") == (*RESOURCE_NOT_FOUND, no_version)
    listing = client.list_provisioned_concurrency_configs
    assert body(listing(FunctionName=published)) == {"ProvisionedConcurrencyConfigs": []}
    assert refusal(listing, FunctionName="nowhere") == (
        *RESOURCE_NOT_FOUND,
        f"Function not found: {lamb.arn('nowhere')}",
    )


def test_none_provisioned_is_no_number(lamb, published):
    found = raw_refusal(
        lamb, "PUT", provisioned_path(published, "1"), {"ProvisionedConcurrentExecutions": 0}
    )
    assert found == (
        *VALIDATION,
        "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy "
        "constraint: Member must have value greater than or equal to 1",
    )


def test_pages_of_provisioned(lamb, published):
    for alias in ("a", "b", "c"):
        lamb.client.create_alias(FunctionName=published, Name=alias, FunctionVersion="1")
        provision(lamb, published, alias, 1)
    pages = lamb.client.get_paginator("list_provisioned_concurrency_configs").paginate(
        FunctionName=published, PaginationConfig={"PageSize": 2}
    )
    found = [
        [config["FunctionArn"].rsplit(":", 1)[1] for config in page["ProvisionedConcurrencyConfigs"]]
        for page in pages
    ]
    assert found == [["a", "b"], ["c"]]


def test_by_the_aws_cli(lamb, published):
    answer = lamb.aws(
        "lambda",
        "put-function-concurrency",
        "--function-name",
        published,
        "--reserved-concurrent-executions",
        "3",
    )
    assert answer == {"ReservedConcurrentExecutions": 3}
    answer = lamb.aws("lambda", "list-provisioned-concurrency-configs", "--function-name", published)
    assert answer == {"ProvisionedConcurrencyConfigs": []}
