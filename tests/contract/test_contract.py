"""The API against the public service model of Lambda in an installed botocore: its operations, Invoke, and
the shapes of errors. The model may be older than Lamb's table; what it has must be in it."""

import json
import re

import botocore.exceptions
import botocore.session
import pytest

from world import ROLE, create, encoded, new_name

MODEL = botocore.session.get_session().get_service_model("lambda")

FUNCTIONS = "/2015-03-31/functions"


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


# An answer that only the operation wanted gives.
TWINS = [
    ("/2018-10-31/layers?find=LayerVersion&Arn=a", "GetLayerVersionByArn", "Value 'a' at 'arn' failed"),
    ("/2018-10-31/layers", "ListLayers", '"Layers":['),
    (
        "/2018-10-31/layers/?CompatibleArchitecture=a",
        "ListLayers",
        "Value 'a' at 'compatibleArchitecture' failed",
    ),
    (
        "/2019-09-30/functions/{name}/provisioned-concurrency?List=ALL",
        "ListProvisionedConcurrencyConfigs",
        '{"ProvisionedConcurrencyConfigs":[]}',
    ),
    (
        "/2019-09-30/functions/{name}/provisioned-concurrency?Qualifier=1",
        "GetProvisionedConcurrencyConfig",
        "No Provisioned Concurrency Config found for this function",
    ),
]


@pytest.mark.parametrize("path, name, part", TWINS, ids=[row[1] for row in TWINS])
def test_operations_told_apart_by_their_query(front, client, operations, path, name, part):
    function = create(client, Publish=True)
    assert part in front.send("GET", path.replace("{name}", function)).content.decode()
    assert plain(operations[name][1]) == plain(path)


@pytest.mark.parametrize("service", ["sns", "s3", "logs", "dynamodb"])
def test_other_services_are_refused_in_their_protocol(front, service):
    operation = {
        "sns": "list_topics",
        "s3": "list_buckets",
        "logs": "describe_log_groups",
        "dynamodb": "list_tables",
    }[service]
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        getattr(front.client(service), operation)()
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"
    assert f"'{service}'" in refused.value.response["Error"]["Message"]


def test_services_beside_lambda(front):
    assert front.client("sts").get_caller_identity()["Arn"].endswith(":root")
    roles = front.client("iam").list_roles()["Roles"]
    assert ROLE in [role["Arn"] for role in roles]


# ---- Invoke ----


def test_invoke_has_the_headers_of_the_model(client):
    name = create(client)
    answer = client.invoke(FunctionName=name, Payload=b'{"a": 1}', LogType="Tail")
    assert answer["Payload"].read() == b'{"a": 1}'
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["LogResult"] and "FunctionError" not in answer
    trace = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]
    own = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0"
    assert re.fullmatch(own + ";Lineage=1:[0-9a-f]{8}:0", trace)
    assert client.invoke(FunctionName=name)["Payload"].read() == b"{}"
    assert client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_invoke_of_a_failing_function(client):
    answer = client.invoke(FunctionName=create(client, new_name("failing")), Payload=b"1")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")


def test_trace_id_of_the_caller_is_kept(front, client):
    name = create(client)
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    answer = front.send("POST", f"{FUNCTIONS}/{name}/invocations", b"{}", {"X-Amzn-Trace-Id": trace})
    assert re.fullmatch(re.escape(trace) + ";Lineage=1:[0-9a-f]{8}:0", answer.headers["x-amzn-trace-id"])


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
    name = create(client, new_name("throttled") if throttles else None)
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
