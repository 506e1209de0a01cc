"""Small settings beside a function's configuration: runtime updates and recursive loops. Requests are raw:
boto3 is older than some of them."""

import json

import pytest

from support.refusals import INVALID_PARAMETER, RESOURCE_NOT_FOUND, VALIDATION, raw_refusal

RUNTIME_ARN = "arn:aws:lambda:us-east-1::runtime:" + "0" * 64


def recursion_path(name):
    return f"/2024-08-31/functions/{name}/recursion-config"


def runtime_path(name, qualifier=None):
    query = f"?Qualifier={qualifier.replace('$', '%24')}" if qualifier else ""
    return f"/2021-07-20/functions/{name}/runtime-management-config{query}"


def put(lamb, path, document):
    answer = lamb.request("PUT", path, json.dumps(document))
    assert answer.status == 200, answer.body
    return answer.json


def get(lamb, path):
    answer = lamb.request("GET", path)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.fixture
def name(lamb):
    return lamb.create_bash("echo '{}'")


# ---- recursion


def test_loops_are_ended_by_default(lamb, name):
    assert get(lamb, recursion_path(name)) == {"RecursiveLoop": "Terminate"}


def test_recursion_can_be_allowed(lamb, name):
    for loop in ("Allow", "Terminate"):
        assert put(lamb, recursion_path(name), {"RecursiveLoop": loop}) == {"RecursiveLoop": loop}
        assert get(lamb, recursion_path(name)) == {"RecursiveLoop": loop}


def test_recursion_goes_with_the_function(lamb, name):
    put(lamb, recursion_path(name), {"RecursiveLoop": "Allow"})
    lamb.client.delete_function(FunctionName=name)
    lamb.create_bash("echo '{}'", name=name)
    assert get(lamb, recursion_path(name)) == {"RecursiveLoop": "Terminate"}


def test_unknown_recursion(lamb, name):
    found = raw_refusal(lamb, "PUT", recursion_path(name), {"RecursiveLoop": "InvalidValue"})
    assert found == (
        *VALIDATION,
        "1 validation error detected: Value 'InvalidValue' at 'recursiveLoop' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Terminate, Allow]",
    )


def test_recursion_of_what_is_not_there(lamb):
    missing = (*RESOURCE_NOT_FOUND, f"Function not found: {lamb.arn('nowhere')}")
    assert raw_refusal(lamb, "GET", recursion_path("nowhere")) == missing
    assert raw_refusal(lamb, "PUT", recursion_path("nowhere"), {"RecursiveLoop": "Allow"}) == missing


# ---- runtime updates


def test_runtime_is_updated_by_default(lamb, name):
    assert get(lamb, runtime_path(name)) == {
        "UpdateRuntimeOn": "Auto",
        "FunctionArn": lamb.arn(name),
        "RuntimeVersionArn": None,
    }


def test_runtime_of_each_version(lamb, name):
    lamb.client.publish_version(FunctionName=name)
    on_update = {"UpdateRuntimeOn": "FunctionUpdate"}
    manual = {"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": RUNTIME_ARN}
    answer = put(lamb, runtime_path(name), on_update)
    assert answer == {**on_update, "FunctionArn": lamb.arn(name), "RuntimeVersionArn": None}
    answer = put(lamb, runtime_path(name, "1"), manual)
    assert answer == {**manual, "FunctionArn": lamb.arn(name, "1")}
    assert get(lamb, runtime_path(name, "1")) == answer
    assert get(lamb, runtime_path(name, "$LATEST")) == {
        **on_update,
        "FunctionArn": lamb.arn(name, "$LATEST"),
        "RuntimeVersionArn": None,
    }
    assert f"function={name} setting=RuntimeManagementConfig" in lamb.daemon.stderr()


def test_manual_needs_a_runtime_and_others_must_have_none(lamb, name):
    found = raw_refusal(lamb, "PUT", runtime_path(name), {"UpdateRuntimeOn": "Manual"})
    assert found == (*INVALID_PARAMETER, "UpdateRuntimeOn Manual needs a RuntimeVersionArn.")
    found = raw_refusal(
        lamb, "PUT", runtime_path(name), {"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": RUNTIME_ARN}
    )
    assert found == (
        *INVALID_PARAMETER,
        "RuntimeVersionArn can be given with UpdateRuntimeOn Manual alone.",
    )


def test_runtime_of_what_is_not_there(lamb, name):
    for function, qualifier in (("nowhere", None), (name, "7"), (name, "noalias")):
        missing = (*RESOURCE_NOT_FOUND, f"Function not found: {lamb.arn(function, qualifier)}")
        path = runtime_path(function, qualifier)
        assert raw_refusal(lamb, "GET", path) == missing
        assert raw_refusal(lamb, "PUT", path, {"UpdateRuntimeOn": "Auto"}) == missing


# ---- operations that stay unsupported


@pytest.mark.parametrize(
    "method, path, operation",
    [
        ("GET", "/2025-11-30/functions/f/function-scaling-config?Qualifier=1", "GetFunctionScalingConfig"),
        ("GET", "/2025-11-30/capacity-providers", "ListCapacityProviders"),
        ("GET", "/2025-12-01/functions/f/durable-executions", "ListDurableExecutionsByFunction"),
    ],
)
def test_what_is_not_supported_says_so(lamb, method, path, operation):
    answer = lamb.request(method, path)
    assert (answer.status, answer.error) == (400, "UnsupportedOperationException")
    assert answer.message == f"Lamb does not support {operation} yet."
