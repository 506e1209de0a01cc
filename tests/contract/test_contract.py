"""The API against the public service model of Lambda in an installed botocore: operations, shapes of
answers and errors, waiters, paginators. The model may be older than Lamb's table; what it has must be in
it."""

import base64
import io
import itertools
import json
import re
import zipfile

import botocore.exceptions
import botocore.session
import pytest

from conftest import REGION

ROLE = "arn:aws:iam::000000000000:role/contract"
MODEL = botocore.session.get_session().get_service_model("lambda")

# Members of answers that came after the oldest model these tests run with.
YOUNGER_MEMBERS = {"LoggingConfig", "RuntimeVersionConfig"}

# What the service itself answers beside its model.
UNMODELLED_VALUES = {("LastUpdateStatusReasonCode", "Creating")}

FUNCTIONS = "/2015-03-31/functions"

numbers = itertools.count()


def package(content="#!/bin/sh\n"):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("bootstrap", content)
    return data.getvalue()


def wait(client, name, waiter="function_active_v2", **parameters):
    client.get_waiter(waiter).wait(
        FunctionName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 2000}, **parameters
    )


def create(client, name=None, **members):
    name = name or f"contract-{next(numbers)}"
    client.create_function(
        FunctionName=name,
        Runtime="provided.al2",
        Handler="h",
        Role=ROLE,
        Code={"ZipFile": package()},
        **members,
    )
    wait(client, name)
    return name


@pytest.fixture(scope="module")
def client(front):
    return front.client()


# ---- operations ----


def plain(path):
    """Without the names of labels, the query and a slash at the end, in which models differ."""
    return re.sub(r"\{[^}]*\}", "{}", path.split("?")[0]).rstrip("/")


def test_operations_of_the_model_are_in_the_table(operations):
    wrong = []
    for name in MODEL.operation_names:
        http = MODEL.operation_model(name).http
        # A model without a code means 200; DeleteFunction answers 204 whatever the model says.
        status = 204 if name == "DeleteFunction" else http.get("responseCode", 200)
        if name == "ListTags" or name == "Invoke":
            status = 200
        wanted = (http["method"], plain(http["requestUri"]), status)
        method, path, _, table_status, _ = operations.get(name, ("", "", "", 0, False))
        if (method, plain(path), table_status) != wanted:
            wrong.append((name, wanted, operations.get(name)))
    assert not wrong


def test_table_is_complete_and_unambiguous(operations):
    assert len(operations) == 85
    seen = {(method, plain(path), query) for method, path, query, _, _ in operations.values()}
    assert len(seen) == 85


def example(shape):
    """The smallest value of a shape that a request can carry."""
    if shape.type_name == "structure":
        return {name: example(shape.members[name]) for name in shape.required_members}
    return {
        "string": "x",
        "integer": 1,
        "long": 1,
        "boolean": True,
        "double": 1.0,
        "blob": b"x",
        "timestamp": 0,
        "list": [],
        "map": {},
    }[shape.type_name]


def test_what_is_not_supported_says_so(client, operations):
    for name in MODEL.operation_names:
        if operations[name][4] or name in ("GetLayerVersionByArn",):
            continue
        method = getattr(client, botocore.xform_name(name))
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            method(**example(MODEL.operation_model(name).input_shape))
        assert refused.value.response["Error"] == {
            "Code": "UnsupportedOperationException",
            "Message": f"Lamb does not support {name} yet.",
        }
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_operations_told_apart_by_their_query(front):
    for path, name in (
        ("/2018-10-31/layers?find=LayerVersion&Arn=a", "GetLayerVersionByArn"),
        ("/2018-10-31/layers", "ListLayers"),
        ("/2018-10-31/layers/?Marker=m", "ListLayers"),
        ("/2019-09-30/functions/f/provisioned-concurrency?List=ALL", "ListProvisionedConcurrencyConfigs"),
        (
            "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=1",
            "GetProvisionedConcurrencyConfig",
        ),
    ):
        answer = front.send("GET", path)
        assert json.loads(answer.content)["message"] == f"Lamb does not support {name} yet."


@pytest.mark.parametrize("service", ["sts", "sqs", "s3", "logs", "dynamodb", "iam"])
def test_other_services_are_refused_in_their_protocol(front, service):
    operation = {
        "sts": "get_caller_identity",
        "sqs": "list_queues",
        "s3": "list_buckets",
        "logs": "describe_log_groups",
        "dynamodb": "list_tables",
        "iam": "list_users",
    }[service]
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        getattr(front.client(service), operation)()
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"
    assert f"'{service}'" in refused.value.response["Error"]["Message"]


# ---- shapes of answers ----


def faults(shape, value, path):
    """Where a JSON value is not what the shape says."""
    kinds = {"string": str, "integer": int, "long": int, "boolean": bool, "structure": dict, "map": dict}
    kinds.update({"list": list, "double": (int, float), "timestamp": (int, float, str), "blob": str})
    if not isinstance(value, kinds[shape.type_name]):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                yield from faults(shape.members[name], member, f"{path}.{name}")
            elif name not in YOUNGER_MEMBERS:
                yield f"{path}.{name} is not in the model"
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from faults(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from faults(shape.value, item, f"{path}[{key}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        if (shape.name, value) not in UNMODELLED_VALUES:
            yield f"{path}: {value!r} is none of {shape.enum}"


def assert_shape(operation, answer):
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-amzn-requestid"])
    shape = MODEL.operation_model(operation).output_shape
    assert not list(faults(shape, json.loads(answer.content), operation))


def test_answers_have_the_shapes_of_the_model(front, client):
    name = f"contract-{next(numbers)}"
    arn = f"arn:aws:lambda:{REGION}:000000000000:function:{name}"
    document = {
        "FunctionName": name,
        "Runtime": "provided.al2",
        "Handler": "h",
        "Role": ROLE,
        "Code": {"ZipFile": encoded(package())},
        "Environment": {"Variables": {"AA": "b"}},
        "Tags": {"a": "b"},
        "Publish": True,
    }
    answer = front.send("POST", FUNCTIONS, json.dumps(document))
    assert answer.status_code == 201
    assert_shape("CreateFunction", answer)
    wait(client, name)
    for operation, path in (
        ("GetFunction", f"{FUNCTIONS}/{name}"),
        ("GetFunction", f"{FUNCTIONS}/{name}?Qualifier=1"),
        ("GetFunctionConfiguration", f"{FUNCTIONS}/{name}/configuration"),
        ("ListFunctions", FUNCTIONS + "/"),
        ("ListFunctions", FUNCTIONS + "?FunctionVersion=ALL&MaxItems=1"),
        ("GetAccountSettings", "/2016-08-19/account-settings/"),
        ("ListTags", f"/2017-03-31/tags/{arn.replace(':', '%3A')}"),
    ):
        answer = front.send("GET", path)
        assert answer.status_code == 200, answer.content
        assert_shape(operation, answer)
    for operation, path, body in (
        ("UpdateFunctionConfiguration", "configuration", {"Timeout": 5}),
        ("UpdateFunctionCode", "code", {"ZipFile": encoded(package("other")), "Publish": True}),
    ):
        answer = front.send("PUT", f"{FUNCTIONS}/{name}/{path}", json.dumps(body))
        assert answer.status_code == 200, answer.content
        assert_shape(operation, answer)
        wait(client, name, "function_updated_v2")


def encoded(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("operation", ["TagResource", "UntagResource", "DeleteFunction"])
def test_answers_without_content(client, operation):
    name = create(client)
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    parameters = {
        "TagResource": {"Resource": arn, "Tags": {"a": "b"}},
        "UntagResource": {"Resource": arn, "TagKeys": ["a"]},
        "DeleteFunction": {"FunctionName": name},
    }[operation]
    answer = getattr(client, botocore.xform_name(operation))(**parameters)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


# ---- Invoke ----


def test_invoke_has_the_headers_of_the_model(client):
    name = create(client)
    answer = client.invoke(FunctionName=name, Payload=b'{"a": 1}', LogType="Tail")
    assert answer["Payload"].read() == b'{"a": 1}'
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["LogResult"] and "FunctionError" not in answer
    trace = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", trace)
    assert client.invoke(FunctionName=name)["Payload"].read() == b"{}"
    assert client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_invoke_of_a_failing_function(client):
    answer = client.invoke(FunctionName=create(client, f"failing-{next(numbers)}"), Payload=b"1")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")


def test_trace_id_of_the_caller_is_kept(front, client):
    name = create(client)
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    answer = front.send("POST", f"{FUNCTIONS}/{name}/invocations", b"{}", {"X-Amzn-Trace-Id": trace})
    assert answer.headers["x-amzn-trace-id"] == trace


@pytest.mark.parametrize(
    "context, is_fine",
    [
        (b'{"client":{}}', True),
        (b'{"a":\n1}', True),
        (b"no json", False),
        (b'"' + b"x" * 3000 + b'"', False),
    ],
)
def test_client_context(front, client, context, is_fine):
    name = create(client)
    answer = front.send(
        "POST",
        f"{FUNCTIONS}/{name}/invocations",
        b"{}",
        {"X-Amz-Client-Context": encoded(context)},
    )
    assert answer.status_code == (200 if is_fine else 400)
    if not is_fine:
        assert answer.headers["x-amzn-errortype"] == "InvalidRequestContentException"


# ---- errors ----


NOT_JSON = b"{"
PROVOCATIONS = {
    "ResourceNotFoundException": ("GET", FUNCTIONS + "/nowhere", None),
    "ResourceConflictException": (
        "POST",
        FUNCTIONS,
        {"FunctionName": "{name}", "Role": ROLE, "Code": {}, "Runtime": "provided.al2", "Handler": "h"},
    ),
    "InvalidParameterValueException": ("PUT", FUNCTIONS + "/{name}/code", {"ZipFile": "bm8="}),
    "PreconditionFailedException": ("PUT", FUNCTIONS + "/{name}/configuration", {"RevisionId": "other"}),
    "InvalidRequestContentException": ("POST", FUNCTIONS + "/{name}/invocations", NOT_JSON),
    "TooManyRequestsException": ("POST", FUNCTIONS + "/{name}/invocations", {}),
}


@pytest.mark.parametrize("exception", PROVOCATIONS)
def test_errors_have_status_and_members_of_the_model(front, client, exception):
    throttles = exception == "TooManyRequestsException"
    name = create(client, f"throttled-{next(numbers)}" if throttles else None)
    method, path, body = PROVOCATIONS[exception]
    if body is not NOT_JSON:
        body = json.dumps(body).replace("{name}", name) if body is not None else b""
    answer = front.send(method, path.replace("{name}", name), body)
    shape = MODEL.shape_for(exception)
    assert answer.status_code == shape.metadata["error"]["httpStatusCode"]
    assert answer.headers["x-amzn-errortype"] == exception
    told = json.loads(answer.content)
    in_headers = {n for n, member in shape.members.items() if member.serialization.get("location")}
    assert set(told) <= set(shape.members) - in_headers
    assert told["Type"] == "User"
    assert told["message" if "message" in shape.members else "Message"]
    if throttles:
        assert told["Reason"] == "ConcurrentInvocationLimitExceeded"
        assert int(answer.headers["retry-after"]) > 0


# ---- waiters and paginators ----


@pytest.mark.parametrize("waiter", ["function_exists", "function_active", "function_active_v2"])
def test_waiters_after_create(client, waiter):
    name = f"contract-{next(numbers)}"
    client.create_function(
        FunctionName=name, Runtime="provided.al2", Handler="h", Role=ROLE, Code={"ZipFile": package()}
    )
    wait(client, name, waiter)


@pytest.mark.parametrize("waiter", ["function_updated", "function_updated_v2"])
def test_waiters_after_update(client, waiter):
    name = create(client)
    client.update_function_configuration(FunctionName=name, Timeout=7)
    wait(client, name, waiter)
    assert client.get_function_configuration(FunctionName=name)["Timeout"] == 7


def test_waiter_of_a_published_version(client):
    name = create(client, Publish=True)
    wait(client, name, "published_version_active", Qualifier="1")


def test_paginator_of_list_functions(client):
    names = {create(client) for _ in range(5)}
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    found = [function["FunctionName"] for page in pages for function in page["Functions"]]
    assert names <= set(found)
    assert found == sorted(set(found))
    assert all(len(page["Functions"]) == 2 for page in pages[:-1])
    assert all("NextMarker" in page for page in pages[:-1]) and "NextMarker" not in pages[-1]
