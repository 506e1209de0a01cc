"""HTTP APIs at their bounds: what one may make of them, what they keep in memory, changes while calls run."""

import sqlite3
import threading
import time

import pytest

from support import apis as http_apis
from support.apis import NOT_FOUND, apis, echo, message  # noqa: F401 (fixtures)
from support.refusals import refusal
from support.waiting import wait_until

BAD = (400, "BadRequestException")


# ---- quotas ----


def test_variables_of_stages(apis):
    """Quotas of HTTP APIs: 100 for a stage, names of 64 characters, values of 512."""
    api = apis.create()
    good = {
        **{f"v{number}": "1" for number in range(98)},
        "n" * 64: "v" * 512,
        "letters": "aZ09-._~:/?#&=,",
    }
    assert api.stage("good", StageVariables=good)["StageVariables"] == good
    for variables in (
        {**good, "more": "1"},
        {"n" * 65: "1"},
        {"a": "v" * 513},
        {"a": "with space"},
        {"a": "$"},
        {"a-b": "1"},
    ):
        assert refusal(api.stage, name="bad", StageVariables=variables)[:2] == BAD
    one_more = refusal(
        apis.client.update_stage, ApiId=api.id, StageName="good", StageVariables={"more": "1"}
    )
    assert one_more[:2] == BAD
    changed = apis.client.update_stage(
        ApiId=api.id, StageName="good", StageVariables={"letters": "", "more": "1"}
    )
    assert len(changed["StageVariables"]) == 100


def test_quotas(apis, echo):
    api = apis.create()
    for number in range(10):
        api.stage(f"s{number}")
        api.authorize(echo)
    full = refusal(api.stage, name="more")
    assert full[:2] == BAD and "Limit: 10" in full[2]
    full = refusal(api.authorize, function=echo)
    assert full[:2] == BAD and "Limit: 10" in full[2]
    for number in range(300):
        api.route(f"GET /{number}")
    full = refusal(api.route, key="GET /more")
    assert full[:2] == BAD and "Limit: 300" in full[2]
    shown = []
    for page in apis.client.get_paginator("get_routes").paginate(
        ApiId=api.id, PaginationConfig={"PageSize": 7}
    ):
        shown += [route["RouteKey"] for route in page["Items"]]
    assert sorted(shown) == sorted(f"GET /{number}" for number in range(300))


def test_deployments_are_bounded(apis, echo):
    """A stage that stops and starts with AutoDeploy leaves a deployment behind each time."""
    api = apis.create()
    api.route("$default", api.integrate(echo))
    api.stage("s")
    for _ in range(298):
        apis.client.create_deployment(ApiId=api.id)
    named = {"ApiId": api.id, "StageName": "s"}
    for automatic in (False, True, False):
        apis.client.update_stage(**named, AutoDeploy=automatic)
    full = refusal(apis.client.update_stage, **named, AutoDeploy=True)
    assert full[:2] == BAD and "Maximum number of Deployments" in full[2]
    assert refusal(apis.client.create_deployment, ApiId=api.id)[:2] == BAD
    shown = apis.client.get_deployments(ApiId=api.id)["Items"]
    assert len(shown) == 300
    apis.client.delete_stage(ApiId=api.id, StageName="s")
    for deployment in shown:
        apis.client.delete_deployment(ApiId=api.id, DeploymentId=deployment["DeploymentId"])
    database = sqlite3.connect(f"file:{apis.lamb.daemon.data_dir}/lamb.db?mode=ro", uri=True)
    (left,) = database.execute(
        "SELECT count(*) FROM record WHERE kind = 'snapshot' AND scope = ?", [f"http-api/{api.id}"]
    ).fetchone()
    database.close()
    assert left == 0


def test_pages_of_long_items(apis):
    """A page ends before it is too long to be answered."""
    long = ["x" * 1000000]
    for _ in range(36):
        apis.create(CorsConfiguration={"AllowHeaders": long, "AllowOrigins": ["*"]})
    shown, token = set(), {}
    while True:
        page = apis.client.get_apis(**token)
        shown |= {item["ApiId"] for item in page["Items"]}
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(shown) == 36


@pytest.mark.parametrize("token", ["x", "????", "AA==", "A" * 400])
def test_tokens_of_nobody(apis, token):
    status, code, text = refusal(apis.client.get_apis, NextToken=token)
    assert (status, code) == BAD


@pytest.mark.parametrize("most", ["0", "-1", "x", "99999999999999999999"])
def test_bad_page_sizes(apis, most):
    assert refusal(apis.client.get_apis, MaxResults=most)[:2] == BAD


def test_cors_that_is_no_header(apis):
    """What can't stand in a header line is refused, not left out."""
    for member in ("AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders"):
        for text in ("a\r\nX-Evil: 1", ""):
            cors = {"AllowOrigins": ["https://a"], member: [text]}
            assert refusal(apis.create, CorsConfiguration=cors)[:2] == BAD, (member, text)


# ---- quick create ----


def test_managed_parts(apis, echo):
    """CreateApi: a managed integration can be updated, not deleted; the managed route keeps its key."""
    api = apis.quick(echo)
    (route,) = apis.client.get_routes(ApiId=api.id)["Items"]
    (integration,) = apis.client.get_integrations(ApiId=api.id)["Items"]
    named = {"ApiId": api.id, "IntegrationId": integration["IntegrationId"]}
    named_route = {"ApiId": api.id, "RouteId": route["RouteId"]}
    assert refusal(apis.client.update_route, **named_route, RouteKey="GET /x")[:2] == BAD
    assert apis.client.update_route(**named_route, RouteKey="$default")["RouteKey"] == "$default"
    apis.client.update_route(**named_route, OperationName="o")
    assert apis.client.update_integration(**named, TimeoutInMillis=1000)["TimeoutInMillis"] == 1000
    apis.client.delete_route(ApiId=api.id, RouteId=route["RouteId"])
    assert refusal(apis.client.delete_integration, **named)[:2] == BAD
    assert message(api.send("GET", "/")) == NOT_FOUND


def test_command_line_of_stages(apis, lamb, echo):
    """Names with a dollar in paths, and tags by the ARN of a stage."""
    api = apis.quick(echo)
    of_stage = ("--api-id", api.id, "--stage-name", "$default")
    lamb.aws("apigatewayv2", "update-stage", *of_stage, "--description", "d", "--stage-variables", "a=b")
    arn = f"arn:aws:apigateway:{lamb.region}::/apis/{api.id}/stages/$default"
    lamb.aws("apigatewayv2", "tag-resource", "--resource-arn", arn, "--tags", "k=v")
    assert lamb.aws("apigatewayv2", "get-tags", "--resource-arn", arn) == {"Tags": {"k": "v"}}
    shown = lamb.aws("apigatewayv2", "get-stage", *of_stage)
    assert (shown["Description"], shown["StageVariables"], shown["Tags"]) == ("d", {"a": "b"}, {"k": "v"})
    lamb.aws("apigatewayv2", "untag-resource", "--resource-arn", arn, "--tag-keys", "k")
    assert lamb.aws("apigatewayv2", "get-tags", "--resource-arn", arn) == {"Tags": {}}
    lamb.aws("apigatewayv2", "delete-stage", *of_stage)
    assert lamb.aws("apigatewayv2", "get-stages", "--api-id", api.id) == {"Items": []}


# ---- paths ----


def test_paths_are_decoded(apis, lamb, echo):
    """The event's path is decoded in both formats; which route is taken was decided before."""
    source = """import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps([event["path"], event["requestContext"]["path"]])}
"""
    name = lamb.create_python(source)
    api = apis.create()
    for function in (echo, name):
        http_apis.permit(lamb, function, f"{api.id}/*")
    api.route("GET /two/{p}", api.integrate(echo))
    api.route("GET /one/{p}", api.integrate(name, "1.0"))
    api.stage("dev")
    event = api.send("GET", "/dev/two/a%20b%2Fc%C3%A9?q=%20").json
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/dev/two/a b/cé"
    assert event["pathParameters"] == {"p": "a b/cé"}
    assert event["rawQueryString"] == "q=%20"
    assert api.send("GET", "/dev/one/a%20b").json == ["/dev/one/a b"] * 2


@pytest.mark.parametrize(
    "path, stage, raw",
    [
        ("/dev", "dev", "/dev"),
        ("/dev/", "dev", "/dev/"),
        ("/dev/x", "dev", "/dev/x"),
        ("/devx", "$default", "/devx"),
        ("/DEV/x", "$default", "/DEV/x"),
        ("//dev/x", "$default", "//dev/x"),
        ("/$default/x", "$default", "/$default/x"),
        ("/x/dev", "$default", "/x/dev"),
        ("/", "$default", "/"),
        ("/?dev", "$default", "/"),
    ],
)
def test_stages_side_by_side(apis, echo, path, stage, raw):
    api = apis.quick(echo)
    (integration,) = apis.client.get_integrations(ApiId=api.id)["Items"]
    api.route("GET /x", integration["IntegrationId"])
    api.stage("dev")
    event = api.send("GET", path).json
    assert event["routeKey"] == ("GET /x" if path == "/dev/x" else "$default")
    assert (event["requestContext"]["stage"], event["rawPath"]) == (stage, raw)


# ---- changes while calls run ----

SLOW = """import time
def handler(event, context):
    time.sleep(0.3)
    return {"isAuthorized": True, "context": {"a": "b"}} if event.get("type") == "REQUEST" else event
"""


def test_changes_while_calls_run(apis, lamb):
    """Whatever is changed or deleted meanwhile, a call is answered as it began, or refused whole."""
    name = lamb.create_python(SLOW)
    seen = set()
    stop = threading.Event()
    api = apis.create()
    http_apis.permit(lamb, name, f"{api.id}/*")

    def call():
        while not stop.is_set():
            answer = api.send("GET", "/x/1", headers={"Authorization": "t"})
            seen.add(answer.status)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for round in range(8):
            integration = api.integrate(name)
            authorizer = api.authorize(name, AuthorizerResultTtlInSeconds=round % 2)
            route = api.route("GET /x/{id}", integration, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
            api.stage("$default", StageVariables={"round": str(round)})
            time.sleep(0.4 if round % 2 else 0.8)
            apis.client.update_route(ApiId=api.id, RouteId=route, RouteKey="ANY /x/{other}")
            named = {"ApiId": api.id, "IntegrationId": integration}
            apis.client.update_integration(**named, TimeoutInMillis=100 + round)
            apis.client.reset_authorizers_cache(ApiId=api.id, StageName="$default")
            time.sleep(0.2)
            apis.client.update_route(ApiId=api.id, RouteId=route, AuthorizationType="NONE")
            apis.client.delete_authorizer(ApiId=api.id, AuthorizerId=authorizer)
            apis.client.delete_route(ApiId=api.id, RouteId=route)
            apis.client.delete_integration(**named)
            apis.client.delete_stage(ApiId=api.id, StageName="$default")
        api.integrate(name)
    finally:
        apis.client.delete_api(ApiId=api.id)
        time.sleep(0.2)
        stop.set()
        for thread in threads:
            thread.join()
    assert {200, 404, 503} <= seen <= {200, 404, 500, 503}
    assert message(api.send("GET", "/x/1")) == NOT_FOUND


def test_the_function_goes_on(apis, lamb):
    """The client was told 503; the function runs to its end."""
    source = 'import time\ndef handler(event, context):\n    time.sleep(1)\n    print("the end")\n'
    name = lamb.create_python(source, Timeout=5)
    api = apis.quick(name)
    (integration,) = apis.client.get_integrations(ApiId=api.id)["Items"]
    apis.client.update_integration(
        ApiId=api.id, IntegrationId=integration["IntegrationId"], TimeoutInMillis=200
    )
    assert api.send("GET", "/").status == 503
    assert "the end" not in lamb.logs(name)
    wait_until(lambda: "the end" in lamb.logs(name), 5, "the function ended")

