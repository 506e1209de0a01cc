"""Who may call HTTP APIs and manage them: authorizers, pages of other origins, users."""

import json
import time

import pytest

from support import apis as http_apis
from support.accounts import accounts, allow, deny  # noqa: F401 (a fixture)
from support.apis import FAILED, FORBIDDEN, UNAUTHORIZED, apis, echo, message  # noqa: F401 (fixtures)
from support.refusals import refusal
from support.waiting import wait_until


# ---- authorizers ----


SIMPLE = """import json
def handler(event, context):
    print(json.dumps(event))
    token = event["identitySource"][0]
    return {"isAuthorized": token == "good", "context": {"who": token, "list": [1, {"a": None}]}}
"""
POLICY = """def handler(event, context):
    arn = event.get("routeArn") or event["methodArn"]
    if event["headers"]["authorization"] == "bad":
        return {}
    effect = "Allow" if event["headers"]["authorization"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}
    return {"principalId": "me", "context": {"n": 1, "type": event["type"], "version": event["version"]},
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""


def guarded(apis, echo, source, payload="2.0", **members):
    """An API whose routes /x and /y have an authorizer."""
    api = apis.create()
    http_apis.permit(apis.lamb, echo, f"{api.id}/*")
    api.guard = apis.lamb.create_python(source)
    authorizer = api.authorize(api.guard, **members)
    integration = api.integrate(echo, payload)
    for key in ("GET /x/{id}", "GET /y"):
        api.route(key, integration, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    api.stage()
    api.authorizer_id = authorizer
    return api


def with_token(api, token, path="/x/1"):
    return api.send("GET", path, headers={"Authorization": token})


def test_authorizer(apis, echo):
    api = guarded(apis, echo, SIMPLE)
    assert message(api.send("GET", "/x/1")) == UNAUTHORIZED
    assert message(with_token(api, "")) == UNAUTHORIZED
    assert message(with_token(api, "bad")) == FORBIDDEN
    event = with_token(api, "good").json
    assert event["requestContext"]["authorizer"] == {"lambda": {"who": "good", "list": [1, {"a": None}]}}
    assert event["pathParameters"] == {"id": "1"}
    wait_until(lambda: apis.lamb.logs(api.guard).count("routeArn") == 2, 5, "both events are in the log")
    line = [line for line in apis.lamb.logs(api.guard).splitlines() if "routeArn" in line][-1]
    event = json.loads(line[line.index("{") :])
    assert event["version"] == "2.0" and event["type"] == "REQUEST"
    assert event["routeArn"].endswith(f":{api.id}/$default/GET/x/1")
    assert event["identitySource"] == ["good"]
    assert event["pathParameters"] == {"id": "1"}
    assert "body" not in event
    in_use = refusal(apis.client.delete_authorizer, ApiId=api.id, AuthorizerId=api.authorizer_id)
    assert in_use[:2] == (409, "ConflictException")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_policies_of_authorizers(apis, echo, version):
    """Only what the policy names; what is no answer is an error."""
    api = guarded(
        apis,
        echo,
        POLICY,
        EnableSimpleResponses=False,
        AuthorizerPayloadFormatVersion=version,
        AuthorizerResultTtlInSeconds=60,
    )
    authorizer = with_token(api, "good").json["requestContext"]["authorizer"]
    assert authorizer == {"lambda": {"n": 1, "type": "REQUEST", "version": version}}
    assert message(with_token(api, "good", "/y")) == FORBIDDEN  # cached: the policy is for the other route
    assert message(with_token(api, "other")) == FORBIDDEN
    assert message(with_token(api, "bad")) == FAILED


def test_context_in_format_1(apis, lamb):
    source = """import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["authorizer"])}
"""
    api = guarded(apis, lamb.create_python(source), POLICY, "1.0", EnableSimpleResponses=False)
    assert with_token(api, "good").json == {
        "n": 1,
        "type": "REQUEST",
        "version": "2.0",
        "principalId": "me",
    }


def expect_calls(lamb, name, count):
    wait_until(lambda: lamb.logs(name).count("START RequestId") == count, 5, f"{count} calls")


def test_authorizer_cache(apis, echo):
    api = guarded(
        apis,
        echo,
        SIMPLE,
        AuthorizerResultTtlInSeconds=300,
        IdentitySource=["$request.header.Authorization", "$request.querystring.q"],
    )

    def send(token, query):
        return api.send("GET", f"/y?q={query}", headers={"Authorization": token}).status

    assert [send("good", "1"), send("good", "1"), send("bad", "1"), send("bad", "1")] == [200, 200, 403, 403]
    expect_calls(apis.lamb, api.guard, 2)
    assert send("good", "2") == 200
    assert send("good", "") == 401
    expect_calls(apis.lamb, api.guard, 3)
    apis.client.reset_authorizers_cache(ApiId=api.id, StageName="$default")
    assert send("good", "1") == 200
    expect_calls(apis.lamb, api.guard, 4)


def test_end_of_what_is_cached(apis, echo):
    api = guarded(apis, echo, SIMPLE, AuthorizerResultTtlInSeconds=1)
    for _ in range(2):
        assert with_token(api, "good").status == 200
    expect_calls(apis.lamb, api.guard, 1)
    time.sleep(1.1)  # its time is the daemon's
    assert with_token(api, "good").status == 200
    expect_calls(apis.lamb, api.guard, 2)


def test_authorizer_without_permission(apis, lamb, echo):
    api = guarded(apis, echo, SIMPLE)
    statements = json.loads(lamb.client.get_policy(FunctionName=api.guard)["Policy"])["Statement"]
    for statement in statements:
        lamb.client.remove_permission(FunctionName=api.guard, StatementId=statement["Sid"])
    assert message(with_token(api, "good")) == FAILED


def test_slow_authorizer(apis, echo):
    """An authorizer has ten seconds, whatever its function has."""
    source = "import time\ndef handler(event, context):\n    time.sleep(14)\n"
    api = apis.create()
    http_apis.permit(apis.lamb, echo, f"{api.id}/*")
    guard = apis.lamb.create_python(source, Timeout=20)
    authorizer = api.authorize(guard)
    api.route("GET /x", api.integrate(echo), AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    api.stage()
    began = time.monotonic()
    assert message(with_token(api, "good", "/x")) == FAILED
    assert 9.5 < time.monotonic() - began < 12


def test_cache_needs_an_identity(apis, echo):
    """Else one caller's answer would be that of all."""
    api = apis.create()
    refused = (
        400,
        "BadRequestException",
        "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)",
    )
    assert refusal(api.authorize, function=echo, IdentitySource=[], AuthorizerResultTtlInSeconds=1) == refused
    without = api.authorize(echo, IdentitySource=[])
    named = {"ApiId": api.id, "AuthorizerId": without}
    assert refusal(apis.client.update_authorizer, **named, AuthorizerResultTtlInSeconds=1) == refused
    with_one = api.authorize(echo, AuthorizerResultTtlInSeconds=1)
    named = {"ApiId": api.id, "AuthorizerId": with_one}
    assert refusal(apis.client.update_authorizer, **named, IdentitySource=[]) == refused


def test_refused_authorizers(apis, echo):
    api = apis.create()
    for members in (
        {"AuthorizerType": "JWT", "JwtConfiguration": {"Audience": ["a"], "Issuer": "https://i"}},
        {"AuthorizerPayloadFormatVersion": "1.0"},
        {"AuthorizerPayloadFormatVersion": "3.0"},
        {"IdentitySource": ["Authorization"]},
        {"AuthorizerResultTtlInSeconds": 3601},
        {"AuthorizerUri": "arn:aws:s3:::b"},
        {"AuthorizerCredentialsArn": "arn:aws:iam::000000000000:role/r"},
    ):
        assert refusal(api.authorize, function=echo, **members)[:2] == (400, "BadRequestException")


# ---- CORS ----


CORS = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"], "MaxAge": 5}


def test_cors(apis, lamb):
    source = """def handler(event, context):
    return {"statusCode": 200, "body": "", "headers": {"Access-Control-Allow-Origin": "https://function"}}
"""
    api = apis.quick(lamb.create_python(source), CorsConfiguration=CORS)
    asking = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    preflight = api.send("OPTIONS", "/x", headers=asking)
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.header("access-control-allow-origin") == "https://a.example"
    assert preflight.header("access-control-max-age") == "5"
    answer = api.send("GET", "/x", headers={"Origin": "https://a.example"})
    assert answer.all("access-control-allow-origin") == ["https://a.example"]
    answer = api.send("GET", "/x", headers={"Origin": "https://b"})
    assert answer.header("access-control-allow-origin") is None
    apis.client.delete_cors_configuration(ApiId=api.id)
    assert "CorsConfiguration" not in apis.client.get_api(ApiId=api.id)
    answer = api.send("GET", "/x", headers={"Origin": "https://b"})
    assert answer.all("access-control-allow-origin") == ["https://function"]


def test_options(apis, echo):
    """A preflight is answered before any route; other OPTIONS, and all without CORS, go to theirs."""
    api = apis.quick(echo)
    asking = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    assert api.send("OPTIONS", "/x", headers=asking).json["requestContext"]["http"]["method"] == "OPTIONS"
    apis.client.update_api(ApiId=api.id, CorsConfiguration=CORS)
    assert api.send("OPTIONS", "/x", headers=asking).status == 204
    assert api.send("OPTIONS", "/x").json["routeKey"] == "$default"


# ---- users ----


def test_users(accounts):
    """Routes with AWS_IAM, and the operations: an action for each method, on the path."""
    lamb = accounts.lamb
    root = http_apis.Apis(lamb)
    name = lamb.create_python("def handler(event, context):\n    return event\n")
    api = root.create()
    http_apis.permit(lamb, name, f"{api.id}/*")
    for key in ("GET /x/{id}", "POST /x/{id}"):
        api.route(key, api.integrate(name), AuthorizationType="AWS_IAM")
    api.stage()
    arn = f"arn:aws:execute-api:{lamb.region}:{lamb.account}:{api.id}"
    manage = f"arn:aws:apigateway:{lamb.region}::/apis"
    user = accounts.user(
        "caller",
        allow("execute-api:Invoke", f"{arn}/$default/GET/x/1"),
        allow("apigateway:GET", f"{manage}/{api.id}/*"),
    )

    def status(method, path):
        return api.send_signed(method, path, keys=user.credentials, service="execute-api").status

    assert status("GET", "/x/1") == 200
    assert status("GET", "/x/2") == 403
    assert status("POST", "/x/1") == 403
    client = accounts.client(user, "apigatewayv2")
    assert len(client.get_routes(ApiId=api.id)["Items"]) == 2
    denied = refusal(client.create_route, ApiId=api.id, RouteKey="GET /y")
    assert denied[:2] == (403, "AccessDeniedException")
    assert f"apigateway:POST on resource: {manage}/{api.id}/routes" in denied[2]
    assert refusal(client.get_apis)[:2] == (403, "AccessDeniedException")
    client.close()
    root.delete_all()


def test_escapes_do_not_lead_around_policies(accounts):
    """A path is what it is decoded, for policies as for routes."""
    lamb = accounts.lamb
    root = http_apis.Apis(lamb)
    name = lamb.create_python("def handler(event, context):\n    return event\n")
    api = root.create()
    http_apis.permit(lamb, name, f"{api.id}/*")
    for key in ("GET /", "GET /admin", "GET /admin/{id}"):
        api.route(key, api.integrate(name), AuthorizationType="AWS_IAM")
    api.stage()
    api.stage("dev")
    arn = f"arn:aws:execute-api:{lamb.region}:{lamb.account}:{api.id}"
    user = accounts.user(
        "escaping",
        allow("execute-api:Invoke"),
        deny("execute-api:Invoke", [f"{arn}/*/GET/{path}" for path in ("", "admin", "admin/secret")]),
    )

    def status(path):
        return api.send_signed("GET", path, keys=user.credentials, service="execute-api").status

    for stage in ("", "/dev"):
        assert status(f"{stage}/admin/else") == 200
        for path in ("", "/", "/admin", "/%61dmin", "/admin/secret", "/admin/secre%74", "/%61dmin/secret"):
            assert status(stage + path) == 403, path
    for path in ("/admin/%zz", "/%61dmin/%00", "/admin/%"):
        assert message(api.send("GET", path)) == (400, "Bad Request")
    root.delete_all()


def test_function_of_another_account(accounts):
    """Its policy must let API Gateway in for the API of the first account."""
    lamb = accounts.lamb
    root = http_apis.Apis(lamb)
    source = "def handler(event, context):\n    return event['requestContext']['accountId']\n"
    accounts.function("theirs", source, by=accounts.other)
    target = lamb.arn("theirs").replace(lamb.account, "111111111111")
    api = root.create(Target=target)
    assert message(api.send("GET", "/")) == FAILED
    client = accounts.client(accounts.other)
    members = {
        "FunctionName": "theirs",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }
    client.add_permission(StatementId="own", SourceAccount="111111111111", **members)
    assert message(api.send("GET", "/")) == FAILED
    client.add_permission(StatementId="api", SourceAccount=lamb.account, **members)
    assert api.send("GET", "/").body == lamb.account.encode()
    client.close()
    root.delete_all()


def test_accounts_are_apart(accounts):
    root = http_apis.Apis(accounts.lamb)
    api = root.create()
    other = accounts.client(accounts.other, "apigatewayv2")
    assert other.get_apis()["Items"] == []
    assert refusal(other.get_api, ApiId=api.id)[1] == "NotFoundException"
    assert refusal(other.delete_api, ApiId=api.id)[1] == "NotFoundException"
    other.close()
    root.delete_all()
