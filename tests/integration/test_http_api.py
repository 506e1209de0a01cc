"""HTTP APIs of API Gateway V2: made with boto3 and the AWS CLI, called over HTTP."""

import re
import time
import urllib.parse

import pytest

from support import apis as http_apis
from support.apis import ECHO, FAILED, FORBIDDEN, NOT_FOUND, UNAVAILABLE, apis, echo, message  # noqa: F401
from support.refusals import refusal

ID = re.compile(r"[a-z0-9]{10}")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


# ---- quick create ----


def test_quick_create(apis, echo):
    api = apis.quick(echo, Description="d", Tags={"a": "b"}, Version="1")
    made = {**api.made}
    made.pop("ResponseMetadata")
    created = made.pop("CreatedDate")
    assert ID.fullmatch(made.pop("ApiId"))
    assert abs(created.timestamp() - time.time()) < 60
    assert made == {
        "ApiEndpoint": f"http://{api.id}.execute-api.{api.lamb.region}.localhost:{api.lamb.daemon.port}",
        "ApiKeySelectionExpression": "$request.header.x-api-key",
        "Description": "d",
        "DisableExecuteApiEndpoint": False,
        "Name": "test",
        "ProtocolType": "HTTP",
        "RouteSelectionExpression": "$request.method $request.path",
        "Tags": {"a": "b"},
        "Version": "1",
    }
    (route,) = apis.client.get_routes(ApiId=api.id)["Items"]
    (integration,) = apis.client.get_integrations(ApiId=api.id)["Items"]
    (stage,) = apis.client.get_stages(ApiId=api.id)["Items"]
    assert route == {
        "ApiGatewayManaged": True,
        "ApiKeyRequired": False,
        "AuthorizationType": "NONE",
        "RouteId": route["RouteId"],
        "RouteKey": "$default",
        "Target": f"integrations/{integration['IntegrationId']}",
    }
    assert integration == {
        "ApiGatewayManaged": True,
        "ConnectionType": "INTERNET",
        "IntegrationId": integration["IntegrationId"],
        "IntegrationMethod": "POST",
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": api.lamb.arn(echo),
        "PayloadFormatVersion": "2.0",
        "TimeoutInMillis": 30000,
    }
    assert (stage["StageName"], stage["AutoDeploy"], stage["ApiGatewayManaged"]) == ("$default", True, True)
    answer = api.send("POST", "/a/b?x=1&x=2", b"text", {"Content-Type": "text/plain", "Cookie": "a=b; c=d"})
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert re.fullmatch(r"[\w-]{15}=", answer.header("apigw-requestid"))
    event = answer.json
    assert event["version"] == "2.0"
    assert (event["routeKey"], event["rawPath"], event["rawQueryString"]) == ("$default", "/a/b", "x=1&x=2")
    assert event["cookies"] == ["a=b", "c=d"]
    assert "cookie" not in event["headers"]
    assert event["queryStringParameters"] == {"x": "1,2"}
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    assert "pathParameters" not in event and "stageVariables" not in event
    context = event["requestContext"]
    assert (context["apiId"], context["stage"], context["routeKey"]) == (api.id, "$default", "$default")
    assert context["accountId"] == api.lamb.account
    assert context["domainPrefix"] == api.id
    assert context["requestId"] == answer.header("apigw-requestid")
    assert context["http"]["method"] == "POST"
    assert "authorizer" not in context


def test_command_line(lamb, apis, echo):
    made = lamb.aws(
        "apigatewayv2", "create-api", "--name", "x", "--protocol-type", "HTTP", "--target", lamb.arn(echo)
    )
    assert DATE.fullmatch(made["CreatedDate"].replace("+00:00", "Z"))
    api = http_apis.Api(lamb, apis.client, made)
    http_apis.permit(lamb, echo, f"{api.id}/*/$default")
    assert api.send("GET", "/x").json["rawPath"] == "/x"
    (shown,) = lamb.aws("apigatewayv2", "get-apis")["Items"]
    assert shown == made
    lamb.aws("apigatewayv2", "delete-api", "--api-id", api.id)
    assert lamb.aws("apigatewayv2", "get-apis")["Items"] == []
    assert message(api.send("GET", "/x")) == NOT_FOUND


def test_restart_keeps_apis(new_daemon):
    lamb = new_daemon()
    apis = http_apis.Apis(lamb)
    api = apis.quick(lamb.create_python(ECHO))
    before = apis.client.get_api(ApiId=api.id)
    lamb.daemon.kill()
    lamb.daemon.start()
    api.made = before
    apis = http_apis.Apis(lamb)
    port = lamb.daemon.port
    assert apis.client.get_api(ApiId=api.id)["ApiEndpoint"].endswith(f":{port}")
    assert api.send("GET", "/x").json["rawPath"] == "/x"


def test_what_is_not_there(apis, echo):
    api = apis.create()
    account = apis.lamb.account
    wrong = "aaaaaaaaaa"
    no_api = (404, "NotFoundException", f"Invalid API identifier specified {account}:{wrong}")
    assert refusal(apis.client.get_api, ApiId=wrong) == no_api
    assert refusal(apis.client.get_routes, ApiId=wrong) == no_api
    assert refusal(apis.client.delete_api, ApiId=wrong) == no_api
    assert refusal(apis.client.create_route, ApiId=wrong, RouteKey="$default") == no_api
    assert refusal(apis.client.get_route, ApiId=api.id, RouteId="x") == (
        404,
        "NotFoundException",
        "Invalid Route identifier specified x",
    )
    assert refusal(apis.client.create_route, ApiId=api.id, RouteKey="$default", Target="integrations/x") == (
        404,
        "NotFoundException",
        "Invalid Integration identifier specified x",
    )


@pytest.mark.parametrize(
    "members, words",
    [
        ({"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.a"}, "WebSocket"),
        ({"Target": "https://example.com"}, "HTTP_PROXY"),
        ({"Target": "arn:aws:s3:::b"}, "Invalid function ARN"),
        ({"RouteKey": "GET /x"}, "together with target"),
        ({"CredentialsArn": "arn:aws:iam::000000000000:role/r"}, "credentialsArn"),
        ({"RouteSelectionExpression": "x"}, "can only be"),
        ({"CorsConfiguration": {"AllowCredentials": True, "AllowOrigins": ["*"]}}, "wildcard"),
        ({"Name": ""}, "length"),
        ({"Tags": {"aws:a": "b"}}, "aws:"),
        ({"Tags": {str(number): "b" for number in range(51)}}, "tag"),
    ],
)
def test_refused_apis(apis, members, words):
    apis.client.meta.config.parameter_validation = False
    status, code, text = refusal(apis.client.create_api, **{"Name": "n", "ProtocolType": "HTTP", **members})
    assert (status, code) == (400, "BadRequestException")
    assert words in text
    assert apis.client.get_apis()["Items"] == []


def test_refused_integrations(apis, echo):
    api = apis.create()
    arn = apis.lamb.arn(echo)
    for members, words in (
        ({"IntegrationType": "HTTP_PROXY", "IntegrationUri": "https://example.com"}, "AWS_PROXY"),
        ({"IntegrationType": "AWS_PROXY", "IntegrationUri": arn}, "PayloadFormatVersion is a required"),
        ({"PayloadFormatVersion": "3.0"}, "Invalid payload format version"),
        ({"IntegrationUri": "arn:aws:sqs:us-east-1:000000000000:q"}, "Invalid function ARN"),
        ({"TimeoutInMillis": 30001}, "30000"),
        ({"ConnectionType": "VPC_LINK", "ConnectionId": "x"}, "connectionId"),
        ({"RequestParameters": {"append:header.a": "b"}}, "requestParameters"),
        ({"ResponseParameters": {"200": {"append:header.a": "b"}}}, "responseParameters"),
        ({"TlsConfig": {"ServerNameToVerify": "x"}}, "tlsConfig"),
        ({"CredentialsArn": "arn:aws:iam::000000000000:role/r"}, "credentialsArn"),
    ):
        whole = {"IntegrationType": "AWS_PROXY", "IntegrationUri": arn, "PayloadFormatVersion": "2.0"}
        sent = members if "IntegrationType" in members else {**whole, **members}
        status, code, text = refusal(apis.client.create_integration, ApiId=api.id, **sent)
        assert (status, code) == (400, "BadRequestException")
        assert words in text
    assert apis.client.get_integrations(ApiId=api.id)["Items"] == []


# ---- routes ----


def test_routes(apis, echo):
    api = apis.create()
    http_apis.permit(apis.lamb, echo, f"{api.id}/*")
    target = api.integrate(echo)
    api.stage()
    keys = [
        "GET /pets/dog/1",
        "GET /pets/dog/{id}",
        "GET /pets/{proxy+}",
        "ANY /pets/dog/{id}",
        "ANY /{proxy+}",
    ]
    for key in keys:
        api.route(key, target)
    assert message(api.send("GET", "/")) == NOT_FOUND
    api.route("$default", target)
    for method, path, key, parameters in (
        ("GET", "/pets/dog/1", keys[0], None),
        ("GET", "/pets/dog/2", keys[1], {"id": "2"}),
        ("GET", "/pets/dog/a%20b%2Fc", keys[1], {"id": "a b/c"}),
        ("POST", "/pets/dog/1", keys[3], {"id": "1"}),
        ("GET", "/pets/cat/1", keys[2], {"proxy": "cat/1"}),
        ("POST", "/test/5", keys[4], {"proxy": "test/5"}),
        ("GET", "/", "$default", None),
    ):
        event = api.send(method, path).json
        assert (event["routeKey"], event.get("pathParameters")) == (key, parameters), path
        assert event["requestContext"]["routeKey"] == key
        assert event["rawPath"] == urllib.parse.unquote(path)


def test_refused_routes(apis, echo):
    api = apis.create()
    target = api.integrate(echo)
    api.route("GET /a/{b}", target)
    conflict = (409, "ConflictException", "Route with key GET /a/{c} already exists for this API")
    assert refusal(apis.client.create_route, ApiId=api.id, RouteKey="GET /a/{c}") == conflict
    for members in (
        {"RouteKey": "GET"},
        {"RouteKey": "BREW /x"},
        {"RouteKey": "GET /{a+}/b"},
        {"RouteKey": "GET /x{a}"},
        {"RouteKey": "GET /1", "AuthorizationType": "JWT", "AuthorizerId": "x"},
        {"RouteKey": "GET /1", "AuthorizationType": "CUSTOM"},
        {"RouteKey": "GET /1", "ApiKeyRequired": True},
        {"RouteKey": "GET /1", "AuthorizationScopes": ["a"]},
        {"RouteKey": "GET /1", "RequestModels": {"a": "b"}},
        {"RouteKey": "GET /1", "Target": "http://x"},
    ):
        assert refusal(apis.client.create_route, ApiId=api.id, **members)[:2] == (400, "BadRequestException")
    assert len(apis.client.get_routes(ApiId=api.id)["Items"]) == 1


def test_update_and_delete(apis, echo):
    api = apis.quick(echo)
    (route,) = apis.client.get_routes(ApiId=api.id)["Items"]
    (integration,) = apis.client.get_integrations(ApiId=api.id)["Items"]
    in_use = (
        409,
        "ConflictException",
        f"Cannot delete Integration because it is referenced by the following Routes with Ids: "
        f"[{route['RouteId']}]",
    )
    named = {"ApiId": api.id, "IntegrationId": integration["IntegrationId"]}
    assert refusal(apis.client.delete_integration, **named) == in_use
    assert apis.client.update_integration(**named, PayloadFormatVersion="1.0")["TimeoutInMillis"] == 30000
    http_apis.permit(apis.lamb, echo, f"{api.id}/*/GET/x")
    apis.client.delete_route(ApiId=api.id, RouteId=route["RouteId"])
    own = api.route("GET /z", integration["IntegrationId"])
    apis.client.update_route(ApiId=api.id, RouteId=own, RouteKey="GET /x")
    assert message(api.send("GET", "/y")) == NOT_FOUND
    assert message(api.send("GET", "/x")) == FAILED  # the echo has no statusCode
    assert apis.client.update_api(ApiId=api.id, Name="other")["Name"] == "other"
    apis.client.update_api(ApiId=api.id, DisableExecuteApiEndpoint=True)
    assert message(api.send("GET", "/x")) == NOT_FOUND
    apis.client.delete_route(ApiId=api.id, RouteId=own)
    other = api.integrate(echo)
    apis.client.delete_integration(ApiId=api.id, IntegrationId=other)
    assert len(apis.client.get_integrations(ApiId=api.id)["Items"]) == 1  # the managed one
    apis.client.delete_stage(ApiId=api.id, StageName="$default")
    for items in ("routes", "stages", "deployments", "authorizers"):
        assert getattr(apis.client, f"get_{items}")(ApiId=api.id)["Items"] == []


def test_pages(apis):
    made = {apis.create(Name=str(index)).id for index in range(3)}
    first = apis.client.get_apis(MaxResults="2")
    second = apis.client.get_apis(MaxResults="2", NextToken=first["NextToken"])
    assert "NextToken" not in second
    assert [len(first["Items"]), len(second["Items"])] == [2, 1]
    assert {item["ApiId"] for item in first["Items"] + second["Items"]} == made


def test_tags(apis):
    api = apis.create(Tags={"a": "b"})
    arn = f"arn:aws:apigateway:{apis.lamb.region}::/apis/{api.id}"
    apis.client.tag_resource(ResourceArn=arn, Tags={"c": "d"})
    assert apis.client.get_tags(ResourceArn=arn)["Tags"] == {"a": "b", "c": "d"}
    apis.client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert apis.client.get_api(ApiId=api.id)["Tags"] == {"c": "d"}


# ---- stages and deployments ----


def test_stages(apis, echo):
    api = apis.quick(echo)
    made = api.stage("dev", StageVariables={"color": "red", "size": "1"})
    assert made["StageVariables"] == {"color": "red", "size": "1"}
    event = api.send("GET", "/dev/x/y").json
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/dev/x/y"
    assert (event["requestContext"]["stage"], event["stageVariables"]) == (
        "dev",
        {"color": "red", "size": "1"},
    )
    changed = apis.client.update_stage(
        ApiId=api.id, StageName="dev", StageVariables={"size": "", "color": "blue"}
    )
    assert changed["StageVariables"] == {"color": "blue"}
    assert api.send("GET", "/dev").json["stageVariables"] == {"color": "blue"}
    assert api.send("GET", "/devil").json["requestContext"]["stage"] == "$default"
    assert refusal(api.stage, name="dev") == (409, "ConflictException", "Stage already exists")
    assert refusal(api.stage, name="a/b")[:2] == (400, "BadRequestException")


def test_stage_settings_without_effect(apis, echo):
    api = apis.quick(echo)
    for members in (
        {"DefaultRouteSettings": {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 1.0}},
        {"RouteSettings": {"GET /x": {"ThrottlingRateLimit": 1.0}}},
        {"AccessLogSettings": {"DestinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:x"}},
    ):
        assert refusal(api.stage, name="x", **members)[:2] == (400, "BadRequestException")


def test_deployments(apis, echo):
    """A stage without AutoDeploy serves what there was when its deployment was made."""
    api = apis.create()
    http_apis.permit(apis.lamb, echo, f"{api.id}/*")
    api.stage("prod", AutoDeploy=False)
    no_routes = (400, "BadRequestException", "Unable to deploy API because no routes exist in this API")
    assert refusal(apis.client.create_deployment, ApiId=api.id, StageName="prod") == no_routes
    route = api.route("GET /x", api.integrate(echo))
    assert message(api.send("GET", "/prod/x")) == NOT_FOUND
    first = apis.client.create_deployment(ApiId=api.id, StageName="prod")
    assert (first["DeploymentStatus"], first["AutoDeployed"]) == ("DEPLOYED", False)
    assert api.send("GET", "/prod/x").json["routeKey"] == "GET /x"
    apis.client.update_route(ApiId=api.id, RouteId=route, RouteKey="GET /y")
    assert api.send("GET", "/prod/x").json["routeKey"] == "GET /x"
    second = apis.client.create_deployment(ApiId=api.id)["DeploymentId"]
    assert api.send("GET", "/prod/x").status == 200
    apis.client.update_stage(ApiId=api.id, StageName="prod", DeploymentId=second)
    assert message(api.send("GET", "/prod/x")) == NOT_FOUND
    assert api.send("GET", "/prod/y").status == 200
    assert len(apis.client.get_deployments(ApiId=api.id)["Items"]) == 2
    assert refusal(apis.client.delete_deployment, ApiId=api.id, DeploymentId=second)[0] == 400
    apis.client.delete_deployment(ApiId=api.id, DeploymentId=first["DeploymentId"])


def test_end_of_auto_deploy(apis, echo):
    api = apis.quick(echo)
    apis.client.update_stage(ApiId=api.id, StageName="$default", AutoDeploy=False)
    (route,) = apis.client.get_routes(ApiId=api.id)["Items"]
    apis.client.delete_route(ApiId=api.id, RouteId=route["RouteId"])
    assert api.send("GET", "/x").status == 200
    apis.client.update_stage(ApiId=api.id, StageName="$default", AutoDeploy=True)
    assert message(api.send("GET", "/x")) == NOT_FOUND


def test_stage_variable_in_uri(apis, lamb):
    for color in ("red", "blue"):
        lamb.create_python(f"def handler(event, context):\n    return '{color}'\n", name=f"stage-{color}")
    api = apis.create()
    uri = lamb.arn("stage-${stageVariables.color}")
    api.route("$default", api.integrate(uri))
    for color in ("red", "blue"):
        api.stage(color, StageVariables={"color": color})
        http_apis.permit(lamb, f"stage-{color}", f"{api.id}/{color}/$default")
        assert api.send("GET", f"/{color}").body == color.encode()
    api.stage("none")
    assert message(api.send("GET", "/none")) == FAILED


# ---- events and responses ----


def test_event_of_format_1(apis, echo, lamb):
    source = """import json
def handler(event, context):
    return {"statusCode": 201, "body": json.dumps(event), "headers": {"a": "1", "b": "2"},
            "multiValueHeaders": {"b": ["3", "4"], "Set-Cookie": ["x=1", "y=2"]}}
"""
    name = lamb.create_python(source)
    api = apis.create()
    http_apis.permit(lamb, name, f"{api.id}/*")
    api.route("GET /pets/{id}", api.integrate(name, "1.0"))
    api.stage("v1", StageVariables={"k": "v"})
    headers = [("X-Two", "1"), ("X-Two", "2"), ("User-Agent", "me")]
    answer = api.send("GET", "/v1/pets/a%20b?q=1&q=2&r=%C3%A9", headers=headers)
    assert answer.status == 201
    assert answer.header("content-type") == "text/plain;charset=UTF-8"
    assert (answer.all("a"), answer.all("b"), answer.all("set-cookie")) == (["1"], ["3", "4"], ["x=1", "y=2"])
    event = answer.json
    context = event.pop("requestContext")
    single, multi = event.pop("headers"), event.pop("multiValueHeaders")
    assert single["x-two"] == "2" and multi["x-two"] == ["1", "2"]
    assert single["Host"] == api.host and multi["User-Agent"] == ["me"]
    assert single["X-Forwarded-For"] == "127.0.0.1"
    assert event == {
        "version": "1.0",
        "resource": "/pets/{id}",
        "path": "/v1/pets/a b",
        "httpMethod": "GET",
        "queryStringParameters": {"q": "2", "r": "é"},
        "multiValueQueryStringParameters": {"q": ["1", "2"], "r": ["é"]},
        "pathParameters": {"id": "a b"},
        "stageVariables": {"k": "v"},
        "body": None,
        "isBase64Encoded": False,
    }
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userArn"] is None
    assert (context["resourcePath"], context["path"], context["stage"]) == (
        "/pets/{id}",
        "/v1/pets/a b",
        "v1",
    )
    assert context["requestId"] == context["extendedRequestId"] == answer.header("apigw-requestid")
    assert context["protocol"] == "HTTP/1.1" and context["httpMethod"] == "GET"


def test_binary(apis, lamb):
    source = """import base64
def handler(event, context):
    body = base64.b64decode(event["body"])[::-1]
    return {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(body).decode(),
            "headers": {"content-type": "image/png"}, "cookies": ["a=1", "b=2"]}
"""
    api = apis.quick(lamb.create_python(source))
    body = bytes(range(256))
    answer = api.send("PUT", "/x", body, {"Content-Type": "application/octet-stream"})
    assert (answer.status, answer.body, answer.header("content-type")) == (200, body[::-1], "image/png")
    assert answer.all("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    "source, expected",
    [
        ("raise Exception('x')", FAILED),
        ("return {'statusCode': 'x'}", FAILED),
        ("return {'statusCode': 200, 'headers': {'a': ['b']}}", FAILED),
    ],
)
def test_broken_functions(apis, lamb, source, expected):
    api = apis.quick(lamb.create_python(f"def handler(event, context):\n    {source}\n"))
    assert message(api.send("GET", "/")) == expected


def test_timeout(apis, lamb):
    source = "import time\ndef handler(event, context):\n    time.sleep(2)\n    return 1\n"
    api = apis.quick(lamb.create_python(source, Timeout=5))
    (integration,) = apis.client.get_integrations(ApiId=api.id)["Items"]
    apis.client.update_integration(
        ApiId=api.id, IntegrationId=integration["IntegrationId"], TimeoutInMillis=200
    )
    began = time.monotonic()
    assert message(api.send("GET", "/")) == UNAVAILABLE
    assert time.monotonic() - began < 1.5


def test_throttle(apis, lamb, echo):
    api = apis.quick(echo)
    lamb.client.put_function_concurrency(FunctionName=echo, ReservedConcurrentExecutions=0)
    assert message(api.send("GET", "/")) == UNAVAILABLE


def test_too_large(apis, echo):
    api = apis.quick(echo)
    answer = api.send("POST", "/", b"x" * (6 * 1024 * 1024))
    assert message(answer) == (413, "Request Entity Too Large")


def test_web_sockets(apis, echo):
    api = apis.quick(echo)
    answer = api.send("GET", "/", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert message(answer) == (400, "HTTP APIs have no WebSockets.")


# ---- permission ----


def test_permission(apis, lamb, echo):
    """The function's policy must let API Gateway call it for this route."""
    api = apis.create()
    integration = api.integrate(echo)
    api.stage()
    for path in ("/a", "/b/{c}"):
        api.route(f"GET {path}", integration)
    assert message(api.send("GET", "/a")) == FAILED
    http_apis.permit(lamb, echo, f"{api.id}/*/GET/b/*")
    assert message(api.send("GET", "/a")) == FAILED
    assert api.send("GET", "/b/1").status == 200
    http_apis.permit(lamb, echo, f"{api.id}/$default/GET/a")
    assert api.send("GET", "/a").status == 200
    assert api.send("GET", "/a", host=api.host.upper()).status == 200
    api.route("GET /d/{e}", integration)
    http_apis.permit(lamb, echo, f"{api.id}/*/GET/d/{{e}}")
    assert api.send("GET", "/d/1").status == 200


def test_latest(apis, lamb, echo):
    """The function's own policy is that of $LATEST too."""
    api = apis.create(Target=lamb.arn(echo, "$LATEST"))
    assert message(api.send("GET", "/a")) == FAILED
    http_apis.permit(lamb, echo, f"{api.id}/*")
    assert api.send("GET", "/a").status == 200
    head = api.send("HEAD", "/a")
    assert (head.status, head.body) == (200, b"")


def test_alias(apis, lamb, echo):
    lamb.client.publish_version(FunctionName=echo)
    lamb.client.create_alias(FunctionName=echo, Name="live", FunctionVersion="1")
    api = apis.create(Target=lamb.arn(echo, "live"))
    assert message(api.send("GET", "/a")) == FAILED
    http_apis.permit(lamb, echo, f"{api.id}/*", qualifier="live")
    assert api.send("GET", "/a").status == 200


def test_iam(apis, echo):
    api = apis.create()
    http_apis.permit(apis.lamb, echo, f"{api.id}/*")
    api.route("GET /x", api.integrate(echo), AuthorizationType="AWS_IAM")
    api.stage()
    assert message(api.send("GET", "/x")) == FORBIDDEN
    assert message(api.send_signed("GET", "/x")) == FORBIDDEN  # for Lambda
    event = api.send_signed("GET", "/x", service="execute-api").json
    iam = event["requestContext"]["authorizer"]["iam"]
    assert iam["accessKey"] == apis.lamb.daemon.keys["AWS_ACCESS_KEY_ID"]
    assert iam["accountId"] == apis.lamb.account


def test_text_of_base64_is_no_body(apis, lamb):
    answer = "{'statusCode': 200, 'isBase64Encoded': True, 'body': '*'}"
    api = apis.quick(lamb.create_python(f"def handler(event, context):\n    return {answer}\n"))
    assert message(api.send("GET", "/")) == FAILED
