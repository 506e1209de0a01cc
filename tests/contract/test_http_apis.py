"""The operations on HTTP APIs against the public service model of API Gateway V2 in an installed botocore:
every operation with its method, path and status; of those that Lamb has, the members with their places,
types, bounds and enumerations, and answers that hold what the model says and nothing else."""

import json
import re
import subprocess

import botocore.session
import pytest
from botocore.exceptions import ClientError

from conftest import program
from model import TYPES

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
PLACES = {None: "body", "uri": "uri", "querystring": "querystring"}


@pytest.fixture(scope="module")
def model():
    loader = botocore.session.get_session().get_component("data_loader")
    return loader.load_service_model("apigatewayv2", "service-2")


@pytest.fixture(scope="module")
def tables():
    printed = subprocess.run(
        [program(), "--members", "apigateway"], capture_output=True, text=True, check=True
    )
    return json.loads(printed.stdout)


@pytest.fixture(scope="module")
def rows():
    printed = subprocess.run(
        [program(), "--operations", "apigateway"], capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in printed.stdout.splitlines()]
    assert lines == sorted(lines)
    return {
        name: (method, path, int(status), supported == "yes")
        for name, method, path, _, status, supported in lines
    }


def test_operations(rows, model):
    assert {name: row[:3] for name, row in rows.items()} == {
        name: (o["http"]["method"], o["http"]["requestUri"], o["http"]["responseCode"])
        for name, o in model["operations"].items()
    }


# ---- members ----


def bounds(name, shape):
    """The model has those of texts in the names of their shapes alone."""
    found = re.search(r"LengthBetween(\d+)And(\d+)(K?)", name)
    if shape["type"] == "string" and found:
        return int(found[1]), int(found[2]) * (1024 if found[3] else 1)
    return shape.get("min"), shape.get("max")


def compare_value(model, name, row, path):
    shape = model["shapes"][name]
    ours = (row.get("min"), row.get("max"), set(row.get("enum", ())))
    theirs = (*bounds(name, shape), set(shape.get("enum", ())))
    if row["type"] not in TYPES[shape["type"]] or ours != theirs:
        yield path, (row["type"], ours), (shape["type"], theirs)
    elif shape["type"] == "structure":
        yield from compare(model, name, row["members"], path)
    elif shape["type"] == "list":
        yield from compare_value(model, shape["member"]["shape"], row["item"], path + "[]")
    elif shape["type"] == "map":
        yield from compare_value(model, shape["key"]["shape"], row["key"], path + "{key}")
        yield from compare_value(model, shape["value"]["shape"], row["item"], path + "{}")


def compare(model, name, rows, path):
    shape = model["shapes"][name]
    rows = {row["name"]: row for row in rows}
    members = {member["locationName"]: (key, member) for key, member in shape["members"].items()}
    if set(rows) != set(members):
        yield path, sorted(rows), sorted(members)
        return
    for wire, (key, member) in members.items():
        row = rows[wire]
        ours = (row["place"], row["required"])
        theirs = (PLACES[member.get("location")], key in shape.get("required", ()))
        if ours != theirs:
            yield f"{path}.{wire}", ours, theirs
        yield from compare_value(model, member["shape"], row, f"{path}.{wire}")


def test_members(tables, rows, model):
    wrong = []
    for name, operation in model["operations"].items():
        assert (tables[name] is not None) == rows[name][3]
        if rows[name][3]:
            wrong += compare(model, operation["input"]["shape"], tables[name], name)
    assert not wrong


# ---- answers ----


def check_value(model, name, value, path):
    """Everything in a raw answer is something that the model knows, of its type."""
    shape = model["shapes"][name]
    kind = {
        "string": str,
        "timestamp": str,
        "integer": int,
        "boolean": bool,
        "list": list,
        "map": dict,
        "structure": dict,
    }[shape["type"]]
    assert type(value) is kind, path
    assert value in shape.get("enum", [value]), path
    if shape["type"] == "structure":
        check(model, name, value, path)
    elif shape["type"] == "list":
        for item in value:
            check_value(model, shape["member"]["shape"], item, path + "[]")


def check(model, name, document, path):
    members = {m["locationName"]: m["shape"] for m in model["shapes"][name]["members"].values()}
    for member, value in document.items():
        assert member in members, f"{path}.{member}"
        check_value(model, members[member], value, f"{path}.{member}")


@pytest.fixture
def call(front, model, rows):
    client = front.client("apigatewayv2")
    called = set()
    raw = []
    client.meta.events.register(
        "response-received.apigatewayv2", lambda response_dict, **_: raw.append(response_dict)
    )

    def run(name, **parameters):
        answer = client._make_api_call(name, parameters)
        called.add(name)
        status, body = raw[-1]["status_code"], raw[-1]["body"]
        operation = model["operations"][name]
        assert status == operation["http"]["responseCode"]
        if "output" in operation:
            document = json.loads(body)
            check(model, operation["output"]["shape"], document, name)
            assert len(document) == len(answer) - 1
        else:
            assert body == b""
        return answer

    run.client = client
    run.called = called
    return run


CORS = {
    "AllowCredentials": True,
    "AllowHeaders": ["a"],
    "AllowMethods": ["GET"],
    "AllowOrigins": ["https://a"],
    "ExposeHeaders": ["b"],
    "MaxAge": 5,
}
AUTHORIZER = {
    "AuthorizerType": "REQUEST",
    "Name": "a",
    "AuthorizerUri": FUNCTION,
    "AuthorizerPayloadFormatVersion": "2.0",
    "IdentitySource": ["$request.header.a"],
}


def test_story(call, rows):
    """Each operation that is there, in an order in which it succeeds."""
    of = {"ApiId": call("CreateApi", Name="n", ProtocolType="HTTP", CorsConfiguration=CORS)["ApiId"]}
    quick = {"ApiId": call("CreateApi", Name="q", ProtocolType="HTTP", Target=FUNCTION)["ApiId"]}
    call("GetApi", **of)
    call("GetApis")
    call("UpdateApi", **of, Description="d", CorsConfiguration=CORS)
    call("DeleteCorsConfiguration", **of)
    integration = call(
        "CreateIntegration",
        **of,
        IntegrationType="AWS_PROXY",
        IntegrationUri=FUNCTION,
        PayloadFormatVersion="1.0",
        Description="d",
    )["IntegrationId"]
    authorizer = call("CreateAuthorizer", **of, **AUTHORIZER)["AuthorizerId"]
    route = call(
        "CreateRoute",
        **of,
        RouteKey="GET /x",
        Target=f"integrations/{integration}",
        AuthorizationType="CUSTOM",
        AuthorizerId=authorizer,
        OperationName="o",
    )["RouteId"]
    call("CreateStage", **of, StageName="s", StageVariables={"a": "b"}, Tags={"a": "b"})
    deployment = call("CreateDeployment", **of, StageName="s", Description="d")["DeploymentId"]
    for kind, named in (
        ("Authorizer", {"AuthorizerId": authorizer}),
        ("Deployment", {"DeploymentId": deployment}),
        ("Integration", {"IntegrationId": integration}),
        ("Route", {"RouteId": route}),
        ("Stage", {"StageName": "s"}),
    ):
        call(f"Get{kind}", **of, **named)
        call(f"Get{kind}s", **of)
        call(f"Update{kind}", **of, **named, **({"Name": "b"} if kind == "Authorizer" else {}))
    call("ResetAuthorizersCache", **of, StageName="s")
    arn = f"arn:aws:apigateway:us-east-1::/apis/{of['ApiId']}/stages/s"
    call("TagResource", ResourceArn=arn, Tags={"c": "d"})
    assert call("GetTags", ResourceArn=arn)["Tags"] == {"a": "b", "c": "d"}
    call("UntagResource", ResourceArn=arn, TagKeys=["a"])
    call("DeleteStage", **of, StageName="s")
    call("DeleteDeployment", **of, DeploymentId=deployment)
    call("DeleteRoute", **of, RouteId=route)
    call("DeleteAuthorizer", **of, AuthorizerId=authorizer)
    call("DeleteIntegration", **of, IntegrationId=integration)
    call("DeleteApi", **of)
    call("DeleteApi", **quick)
    assert call.called == {name for name, row in rows.items() if row[3]}


def test_what_is_not_there_says_so(call, rows):
    for name, parameters in (
        ("CreateVpcLink", {"Name": "n", "SubnetIds": ["s"]}),
        ("GetDomainNames", {}),
        ("ImportApi", {"Body": "{}"}),
        ("ExportApi", {"ApiId": "a", "Specification": "OAS30", "OutputType": "JSON"}),
    ):
        assert not rows[name][3]
        with pytest.raises(ClientError) as failed:
            call.client._make_api_call(name, parameters)
        assert failed.value.response["Error"]["Code"] == "UnsupportedOperationException"
        assert name in failed.value.response["Error"]["Message"]


def test_signed_for_another_service(front):
    """Paths of one service are not served to those who signed for another."""
    answer = front.send("GET", "/v2/apis")
    assert answer.status_code == 404
    assert json.loads(answer.content)["message"] == "Lambda has no operation GET /v2/apis"


def test_members_that_are_not_of_the_operation(front, call):
    """A body may have any members: ids and dates are ours all the same."""
    api = call("CreateApi", Name="n", ProtocolType="HTTP")
    body = json.dumps({"apiId": "x", "createdDate": "y", "tags": 5, "name": "m", "apiGatewayManaged": True})
    answer = front.send("PATCH", f"/v2/apis/{api['ApiId']}", body.encode(), service="apigateway")
    assert answer.status_code == 200
    after = call("GetApi", ApiId=api["ApiId"])
    assert after["Name"] == "m"
    assert {**after, "Name": "n", "ResponseMetadata": 0} == {**api, "ResponseMetadata": 0}
    call("DeleteApi", ApiId=api["ApiId"])
