"""Function URLs: what events say of requests, what becomes of answers, who may call, errors, restarts."""

import base64
import json
import re
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import packages, urls
from support.environment import clean_environment

ECHO_EVENT = "def handler(event, context):\n    return event\n"
REPLAY = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def echo(lamb):
    """The URL of a function that answers with its event."""
    return urls.create(lamb, lamb.create_python(ECHO_EVENT))


@pytest.fixture
def replay(lamb):
    """The URL of a function that answers with the document in the request's body."""
    return urls.create(lamb, lamb.create_python(REPLAY))


def ask(url, document, **options):
    body = json.dumps(document).encode()
    return url.send("POST", "/", body, {"Content-Type": "application/json"}, **options)


# ---- events ----


def test_event_has_all_members(lamb, echo):
    headers = [
        ("User-Agent", "test/1"),
        ("X-Two", "a"),
        ("x-two", "b"),
        ("Cookie", "c1=v1; c2=v2"),
        ("Content-Type", "application/json"),
        ("X-Forwarded-For", "10.1.2.3"),
        ("X-Forwarded-Proto", "gopher"),
    ]
    answer = echo.send("PUT", "/my%20path/x?p=a&p=b&q=c%20d", b'{"k":1}', headers)
    assert answer.status == 200 and answer.header("content-type") == "application/json"
    event = answer.json
    port = str(lamb.daemon.port)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", event["headers"].pop("x-amzn-trace-id"))
    context = event.pop("requestContext")
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my%20path/x",
        "rawQueryString": "p=a&p=b&q=c%20d",
        "cookies": ["c1=v1", "c2=v2"],
        "headers": {
            "host": echo.host,
            "user-agent": "test/1",
            "x-two": "a,b",
            "cookie": "c1=v1; c2=v2",
            "content-type": "application/json",
            "content-length": "7",
            "x-forwarded-for": "10.1.2.3, 127.0.0.1",
            "x-forwarded-port": port,
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"p": "a,b", "q": "c d"},
        "body": '{"k":1}',
        "isBase64Encoded": False,
    }
    assert abs(context.pop("timeEpoch") / 1000 - time.time()) < 20
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context.pop("time"))
    assert context.pop("requestId") == answer.header("x-amzn-requestid")
    assert context == {
        "accountId": "anonymous",
        "apiId": echo.id,
        "domainName": echo.host.split(":")[0],
        "domainPrefix": echo.id,
        "http": {
            "method": "PUT",
            "path": "/my%20path/x",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "test/1",
        },
        "routeKey": "$default",
        "stage": "$default",
    }


def test_plain_request_has_no_more_than_it_says(echo):
    event = echo.send("GET", "/").json
    assert not {"body", "cookies", "queryStringParameters", "pathParameters"} & set(event)
    assert (event["rawPath"], event["rawQueryString"], event["isBase64Encoded"]) == ("/", "", False)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods(echo, method):
    answer = echo.send(method, "/a")
    assert answer.status == 200
    if method == "HEAD":
        assert answer.body == b"" and int(answer.header("content-length")) > 100
    else:
        assert answer.json["requestContext"]["http"]["method"] == method


@pytest.mark.parametrize(
    "content_type, body, is_base64",
    [
        ("text/plain", b"hello", False),
        ("text/html; charset=utf-8", "grüß".encode(), False),
        ("application/json", b"{}", False),
        ("application/vnd.api+json", b"{}", False),
        ("application/xml", b"<a/>", False),
        ("application/javascript", b"1", False),
        ("application/x-www-form-urlencoded", b"a=b&c=d", True),
        ("application/octet-stream", b"hello", True),
        ("image/png", b"\x89PNG\x00", True),
        ("text/plain", b"\xff\xfe", True),
        (None, b"hello", True),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nfile\r\n--x--\r\n", True),
    ],
)
def test_bodies(echo, content_type, body, is_base64):
    event = echo.send("POST", "/", body, {"Content-Type": content_type} if content_type else {}).json
    assert event["isBase64Encoded"] is is_base64
    sent = base64.b64decode(event["body"]) if is_base64 else event["body"].encode()
    assert sent == body


def test_curl_upload_and_chunked_body(lamb, echo, tmp_path):
    file = tmp_path / "upload.bin"
    file.write_bytes(bytes(range(256)) * 100)
    command = ["curl", "-sS", "--resolve", f"{echo.host}:127.0.0.1", "-F", f"file=@{file}", "-F", "a=b"]
    command += ["-H", "Transfer-Encoding: chunked", f"{echo.text}form?x=%2F"]
    done = subprocess.run(command, capture_output=True, timeout=30, env=clean_environment({}), check=True)
    event = json.loads(done.stdout)
    assert event["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert "transfer-encoding" not in event["headers"]
    assert event["queryStringParameters"] == {"x": "/"}
    body = base64.b64decode(event["body"])
    assert file.read_bytes() in body and b'name="a"\r\n\r\nb\r\n' in body


def test_body_limit(lamb):
    name = lamb.create_c('lamb_respondf(response, "%zu", event->size);')
    url = urls.create(lamb, name)
    assert int(url.send("POST", "/", b"x" * 6291456).body) > 6291456 * 4 / 3
    answer = url.send("POST", "/", b"x" * 6291457)
    assert answer.status == 413 and answer.header("x-amzn-errortype") == "RequestEntityTooLargeException"
    assert answer.json == {
        "Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    }
    assert answer.all("connection") == ["close"], "what is left of the body is not read"
    text = {"Content-Type": "text/plain"}
    assert url.send("POST", "/", b"\x01" * 6291456, text).status == 413, "escaped, it is far longer"


@pytest.mark.parametrize("port, told", [(":8443", "8443"), ("", "80"), (":", "80"), (":99999", "80")])
def test_port_is_the_clients(lamb, echo, port, told):
    """There may be other ports in front of Lamb's."""
    event = echo.send(host=f"{echo.id}.lambda-url.{lamb.region}.localhost{port}").json
    assert event["headers"]["x-forwarded-port"] == told
    assert event["requestContext"]["domainName"] == f"{echo.id}.lambda-url.{lamb.region}.localhost"


def test_http_1_0(lamb, echo):
    with socket.create_connection(("127.0.0.1", lamb.daemon.port), timeout=20) as raw:
        raw.sendall(f"GET /old HTTP/1.0\r\nHost: {echo.host}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK") and b"connection: close" in head.lower()
    assert json.loads(body)["requestContext"]["http"]["protocol"] == "HTTP/1.0"


def test_trace_is_passed_on(lamb):
    name = lamb.create_python(
        "import os\n"
        "def handler(event, context):\n"
        "    return [event['headers']['x-amzn-trace-id'], os.environ['_X_AMZN_TRACE_ID']]\n"
    )
    url = urls.create(lamb, name)
    sent = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    answer = url.send(headers={"X-Amzn-Trace-Id": sent})
    assert answer.json[0] == sent and answer.json[1].startswith(sent)
    assert answer.header("x-amzn-trace-id").startswith(sent)


# ---- answers ----


@pytest.mark.parametrize(
    "document, body",
    [
        ({"hello": "world"}, b'{"hello":"world"}'),
        (["hello", 3, True], b'["hello",3,true]'),
        (3, b"3"),
        (3.1, b"3.1"),
        (True, b"true"),
        (None, b"null"),
        ("hello", b"hello"),
        ({"statusCode": 200, "body": {"a": [1, 2]}}, b'{"a":[1,2]}'),
        ({"statusCode": 200, "body": "text"}, b"text"),
        ({"statusCode": 200}, b""),
        ({"statusCode": 200, "body": "aGVsbG8=", "isBase64Encoded": True}, b"hello"),
    ],
)
def test_values(replay, document, body):
    answer = ask(replay, document)
    assert (answer.status, answer.body) == (200, body)
    assert answer.all("content-type") == ["application/json"]
    assert answer.header("connection") == "keep-alive"
    assert re.fullmatch(UUID, answer.header("x-amzn-requestid"))
    assert answer.header("x-amzn-trace-id").startswith("Root=1-") and answer.header("date")


def test_mapping_of_everything(replay):
    answer = ask(
        replay,
        {
            "statusCode": 418,
            "headers": {"Content-Type": "text/plain", "X-Number": 5, "X-Own": "a", "Content-Length": "999"},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "short and stout",
        },
    )
    assert (answer.status, answer.body) == (418, b"short and stout")
    assert answer.all("content-type") == ["text/plain"]
    assert (answer.header("x-number"), answer.header("x-own")) == ("5", "a")
    assert answer.all("set-cookie") == ["a=1; Path=/", "b=2"]
    assert answer.all("content-length") == ["15"]


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_body(replay, status):
    with_body = {"statusCode": status, "body": "nobody sees this", "headers": {"X-A": "b"}}
    connection = replay.connect()
    for _ in range(2):
        answer = ask(replay, with_body, connection=connection)
        assert (answer.status, answer.body, answer.header("x-a")) == (status, b"", "b")
    connection.close()


@pytest.mark.parametrize(
    "document",
    [
        {"statusCode": "abc", "body": "x"},
        {"statusCode": 42},
        {"statusCode": 101},
        {"statusCode": 200, "headers": {"X-A": ["list"]}},
        {"statusCode": 200, "headers": "none"},
        {"statusCode": 200, "headers": {"X-A": "a\r\nX-Evil: 1"}},
        {"statusCode": 200, "headers": {"X A": "a"}},
        {"statusCode": 200, "cookies": ["a=b\r\nX-Evil: 1"]},
        {"statusCode": 200, "cookies": "a=b"},
        {"statusCode": 200, "body": "not base64!", "isBase64Encoded": True},
    ],
)
def test_malformed_answers(replay, document):
    answer = ask(replay, document)
    assert (answer.status, answer.body) == (502, b"Internal Server Error")
    assert answer.header("x-evil") is None


def test_node_and_c(lamb):
    node = "exports.handler = async (event) => ({statusCode: 201, body: event.rawPath});"
    assert urls.create(lamb, lamb.create_node(node)).send(path="/n").body == b"/n"
    body = 'lamb_respondf(response, "{\\"statusCode\\":202,\\"body\\":\\"c\\"}");'
    answer = urls.create(lamb, lamb.create_c(body)).send()
    assert (answer.status, answer.body) == (202, b"c")


# ---- failures ----


def test_function_error_and_timeout(lamb):
    source = (
        "import time\n"
        "def handler(event, context):\n"
        "    if event['rawPath'] == '/slow':\n        time.sleep(9)\n"
        "    raise ValueError('secret')\n"
    )
    url = urls.create(lamb, lamb.create_python(source, Timeout=1))
    for path in ("/", "/slow", "/"):
        answer = url.send(path=path)
        assert (answer.status, answer.body) == (502, b"Internal Server Error"), path
        assert re.fullmatch(UUID, answer.header("x-amzn-requestid"))


def test_throttle(lamb):
    name = lamb.create_python(ECHO_EVENT)
    url = urls.create(lamb, name)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    answer = url.send()
    assert answer.status == 429 and answer.header("x-amzn-errortype") == "TooManyRequestsException"
    assert answer.json == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


def test_throttle_that_passes(lamb):
    name = lamb.create_python("import time\ndef handler(event, context):\n    time.sleep(1)\n")
    url = urls.create(lamb, name)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: url.send(), range(4)))
    assert sorted(answer.status for answer in answers) == [200, 429, 429, 429]
    assert {answer.header("retry-after") for answer in answers} == {None, "1"}


def call_while_pending(lamb):
    """(function, URL, answer). Unpacking so many files takes long enough for a URL to be made and called, but
    for a test that is held up itself."""
    files = {"app.py": ECHO_EVENT, **{f"f{number}": "" for number in range(20000)}}
    for _ in range(5):
        name = lamb.create(packages.zip_files(files), runtime="python3.11", wait=False)
        url = urls.create(lamb, name)
        answer = url.send()
        if lamb.configuration(name)["State"] == "Pending":
            return name, url, answer
    pytest.fail("it was always active before it could be called")


def test_function_that_is_pending(lamb):
    """Refused as Invoke refuses, with the words that clients retry on."""
    name, url, answer = call_while_pending(lamb)
    assert (answer.status, answer.header("x-amzn-errortype")) == (409, "ResourceConflictException")
    assert answer.json == {
        "Type": "User",
        "message": "The operation cannot be performed at this time. "
        "The function is currently in the following state: Pending",
    }
    lamb.wait_active(name)
    assert url.send().status == 200


def test_loop_is_stopped(lamb, echo):
    trace = {"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=40:00000000:40"}
    answer = echo.send(headers=trace)
    assert (answer.status, answer.header("x-amzn-errortype")) == (400, "RecursiveInvocationException")


def test_unknown_url(lamb, echo):
    strange = f"{'a' * 32}.lambda-url.{lamb.region}.localhost"
    for host in (strange, f"{echo.id}.lambda-url.eu-west-9.localhost"):
        answer = echo.send(host=host)
        assert (answer.status, answer.body) == (403, b'{"Message":null}'), host
        assert answer.header("x-amzn-errortype") == "AccessDeniedException"


def test_host_is_compared_without_case(echo):
    assert echo.send(host=echo.host.upper()).status == 200


def test_web_sockets_are_refused(echo):
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    answer = echo.send(headers=headers)
    assert answer.status == 400 and "WebSocket" in answer.json["message"]


def test_client_that_leaves(lamb):
    source = "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    print('RAN TO ITS END')\n"
    name = lamb.create_python(source)
    url = urls.create(lamb, name)
    with socket.create_connection(("127.0.0.1", lamb.daemon.port)) as raw:
        raw.sendall(f"GET / HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())
        time.sleep(0.2)
    deadline = time.time() + 10
    while "RAN TO ITS END" not in lamb.logs(name) and time.time() < deadline:
        time.sleep(0.1)
    assert "RAN TO ITS END" in lamb.logs(name)
    assert url.send().status == 200


# ---- CORS ----

CORS = {
    "AllowOrigins": ["https://one.example", "https://two.example"],
    "AllowMethods": ["GET", "POST"],
    "AllowHeaders": ["authorization", "x-own"],
    "ExposeHeaders": ["x-shown"],
    "MaxAge": 300,
    "AllowCredentials": True,
}


def cors_of(answer):
    return {
        name.lower(): value
        for name, value in answer.headers
        if name.lower().startswith("access-control-") or name.lower() == "vary"
    }


def test_cors(lamb):
    source = (
        "def handler(event, context):\n"
        "    return {'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': '*', 'X-Shown': '1'}}\n"
    )
    url = urls.create(lamb, lamb.create_python(source), Cors=CORS)
    ours = {
        "access-control-allow-origin": "https://two.example",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-shown",
        "vary": "Origin",
    }
    preflight = {
        "Origin": "https://two.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-Own",
    }
    answer = url.send("OPTIONS", "/", headers=preflight)
    assert (answer.status, answer.body) == (200, b"")
    assert cors_of(answer) == {
        **ours,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization,x-own",
        "access-control-max-age": "300",
    }
    answer = url.send(headers={"Origin": "https://two.example"})
    assert cors_of(answer) == ours and len(answer.all("access-control-allow-origin")) == 1
    assert cors_of(url.send()) == {}
    assert cors_of(url.send(headers={"Origin": "https://three.example"})) == {}
    for wrong in ({"Origin": "https://three.example"}, {"Access-Control-Request-Method": "PUT"}):
        assert cors_of(url.send("OPTIONS", "/", headers={**preflight, **wrong})) == {}


def test_cors_that_is_not_to_be_cached(lamb):
    """Browsers cache a preflight that says nothing for five seconds."""
    url = urls.create(lamb, lamb.create_python(ECHO_EVENT), Cors={**CORS, "MaxAge": 0})
    preflight = {"Origin": "https://one.example", "Access-Control-Request-Method": "GET"}
    assert url.send("OPTIONS", headers=preflight).header("access-control-max-age") == "0"


def test_cors_of_refusals(lamb):
    """A page may read why."""
    name = lamb.create_python(ECHO_EVENT)
    url = urls.create(lamb, name, Cors=CORS)
    origin = {"Origin": "https://two.example"}
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    throttled = url.send(headers=origin)
    assert throttled.status == 429 and cors_of(throttled)["access-control-allow-origin"] == origin["Origin"]
    lamb.client.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    refused = url.send(headers=origin)
    assert refused.status == 403 and cors_of(refused)["access-control-allow-origin"] == origin["Origin"]


def test_without_cors_the_function_answers(lamb, echo):
    headers = {"Origin": "https://one.example", "Access-Control-Request-Method": "GET"}
    answer = echo.send("OPTIONS", "/", headers=headers)
    assert answer.json["headers"]["origin"] == "https://one.example" and cors_of(answer) == {}


# ---- changes ----


def test_aliases_have_urls_of_their_own(lamb):
    source = "def handler(event, context):\n    return [1, context.invoked_function_arn]\n"
    name = lamb.create_python(source)
    lamb.client.publish_version(FunctionName=name)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lamb.update_code(name, packages.python_zip(source.replace("1,", "2,")))
    latest = urls.create(lamb, name)
    live = urls.configure(lamb, name, qualifier="live", AuthType="NONE")
    assert live.send().json == urls.FORBIDDEN, "an alias has a policy of its own"
    urls.permit(lamb, name, qualifier="live")
    assert live.send().json == [1, lamb.arn(name, "live")]
    assert latest.send().json == [2, lamb.arn(name)]
    lamb.client.delete_alias(FunctionName=name, Name="live")
    assert live.send().body == b'{"Message":null}'
    lamb.client.delete_function(FunctionName=name)
    assert latest.send().body == b'{"Message":null}'


def test_url_goes_with_its_function_alone(lamb):
    """Another one of that name is another one; one with a longer name stays."""
    name = lamb.create_python(ECHO_EVENT)
    longer = urls.create(lamb, lamb.create_python(ECHO_EVENT, name=f"{name}2"))
    url = urls.create(lamb, name)
    lamb.client.delete_function(FunctionName=name)
    lamb.create_python(ECHO_EVENT, name=name)
    urls.permit(lamb, name)
    assert (url.send().body, longer.send().status) == (b'{"Message":null}', 200)


def test_new_url_each_time_and_updates_at_once(lamb):
    name = lamb.create_python(ECHO_EVENT)
    first = urls.create(lamb, name)
    assert first.send().status == 200
    lamb.client.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert first.send().status == 403
    lamb.client.delete_function_url_config(FunctionName=name)
    second = urls.configure(lamb, name, AuthType="NONE")
    assert second.id != first.id
    assert (first.send().body, second.send().status) == (b'{"Message":null}', 200)


# ---- the rest of the world ----


def test_pages_of_other_origins_may(lamb, echo):
    answer = echo.send(headers={"Origin": "https://anywhere.example"})
    assert answer.status == 200
    refused = lamb.request("GET", "/2015-03-31/functions/", headers={"Origin": "https://anywhere.example"})
    assert refused.status == 403, "the API itself is not for them"


@pytest.mark.parametrize("path", ["/metrics", "/_lamb/health", "/2015-03-31/functions/", "/v2/apis"])
def test_pages_of_functions_reach_nothing_else(lamb, echo, path):
    """That host leads to the function, whatever the path; its pages are of another origin than the API."""
    page = {"Origin": f"http://{echo.host}"}
    assert echo.send(path=path, headers=page).json["rawPath"] == path
    strange = f"{'a' * 32}.lambda-url.{lamb.region}.localhost:{lamb.daemon.port}"
    assert echo.send(path=path, host=strange).body == b'{"Message":null}'
    assert echo.send(path=path, headers=page, host=f"localhost:{lamb.daemon.port}").status == 403


def test_requests_are_counted(lamb, echo):
    def count():
        text = lamb.request("GET", "/metrics", signed=False).body.decode()
        line = 'lamb_http_requests_total{service="lambda-url",status="2xx"} '
        return int(float(text.split(line)[1].split("\n")[0]))

    before = count()
    echo.send()
    assert count() == before + 1


def test_urls_survive_restart_and_kill(new_daemon):
    lamb = new_daemon()
    url = urls.create(lamb, lamb.create_python(ECHO_EVENT))
    for end in (lamb.daemon.stop, lamb.daemon.kill):
        end()
        lamb.daemon.start()
        assert url.send().json["requestContext"]["apiId"] == url.id


def test_domain(new_daemon):
    lamb = new_daemon("--url-domain", "fn.example.org")
    url = urls.create(lamb, lamb.create_python(ECHO_EVENT))
    assert url.text == f"http://{url.id}.lambda-url.{lamb.region}.fn.example.org:{lamb.daemon.port}/"
    assert url.send().json["requestContext"]["domainName"] == url.host.split(":")[0]
    assert url.send(host=f"{url.id}.lambda-url.{lamb.region}.localhost").status == 200
    assert url.send(host=f"{url.id}.lambda-url.{lamb.region}.example.org").status == 403


def test_many_at_once(lamb):
    url = urls.create(lamb, lamb.create_c('lamb_respondf(response, "\\"ok\\"");'))
    answers = []

    def work():
        connection = url.connect()
        answers.extend(url.send(connection=connection).body for _ in range(25))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"ok"] * 200
