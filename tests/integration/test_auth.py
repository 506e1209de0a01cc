"""SigV4: what is let in, what is refused and with which words, and what a browser page may not do."""

import datetime
import hashlib
import http.client

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from support import packages, settings
from support.clients import boto_client, request, sign, signing_at

LIST = "/2015-03-31/functions"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def get(lamb, headers, path=LIST):
    return lamb.request("GET", path, headers=headers, signed=False)


def presign(lamb, path=LIST, expires=60, secret=None):
    """Path and query of a presigned URL."""
    keys = lamb.daemon.keys
    credentials = botocore.credentials.Credentials(
        keys["AWS_ACCESS_KEY_ID"], secret or keys["AWS_SECRET_ACCESS_KEY"]
    )
    unsigned = botocore.awsrequest.AWSRequest(method="GET", url=lamb.daemon.url.rstrip("/") + path)
    signer = botocore.auth.SigV4QueryAuth(credentials, "lambda", lamb.region, expires=expires)
    signer.add_auth(unsigned)
    return unsigned.url.split(lamb.daemon.host, 1)[1]


def test_signed_request(lamb):
    assert lamb.request("GET", LIST).status == 200


def test_every_request_is_checked_also_on_a_known_connection(lamb):
    connection = http.client.HTTPConnection("127.0.0.1", lamb.daemon.port)
    assert lamb.request("GET", LIST, connection=connection).status == 200
    assert lamb.request("GET", LIST, connection=connection, signed=False).status == 403
    assert lamb.request("GET", LIST, connection=connection).status == 200
    connection.close()


def test_no_signature(lamb):
    answer = get(lamb, {})
    assert (answer.status, answer.error) == (403, "MissingAuthenticationTokenException")
    assert answer.message == "Missing Authentication Token"


def test_unknown_key(lamb):
    answer = lamb.request("GET", LIST, access_key="AKIAIOSFODNN7EXAMPLE")
    assert (answer.status, answer.error) == (403, "UnrecognizedClientException")
    assert answer.message == "The security token included in the request is invalid."


def test_wrong_secret(lamb):
    answer = lamb.request("GET", LIST, secret="wrong" * 8)
    assert (answer.status, answer.error) == (403, "InvalidSignatureException")
    assert answer.message.startswith(
        "The request signature we calculated does not match the signature you provided."
    )


@pytest.mark.parametrize("part", ["path", "query", "header", "method", "body"])
def test_anything_changed_after_signing(lamb, part):
    name = lamb.create_python(packages.ECHO_PY)
    path, body, method = f"{LIST}/{name}/invocations", b'{"a":1}', "POST"
    extra = {"X-Amz-Log-Type": "None"}
    headers = sign(lamb.daemon, method, path, extra, body)
    assert lamb.request(method, path, body, headers=headers, signed=False).status == 200
    if part == "path":
        path = path.replace("invocations", "invocation%73")
    elif part == "query":
        path += "?Qualifier=1"
    elif part == "header":
        headers["X-Amz-Log-Type"] = "Tail"
    elif part == "method":
        method = "PUT"
    else:
        body = b'{"a":2}'
    answer = lamb.request(method, path, body, headers=headers, signed=False)
    assert (answer.status, answer.error) == (403, "InvalidSignatureException")


def test_header_of_amz_that_was_not_signed(lamb):
    headers = sign(lamb.daemon, "GET", LIST)
    headers["X-Amz-Meta-Added"] = "later"
    assert get(lamb, headers).status == 403


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24 * 3])
def test_clock_skew_over_five_minutes(lamb, minutes):
    moment = datetime.datetime.utcnow() + datetime.timedelta(minutes=minutes)
    answer = lamb.request("GET", LIST, at=moment)
    assert (answer.status, answer.error) == (403, "InvalidSignatureException")
    assert "Signature expired" in answer.message or "Signature not yet current" in answer.message


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clock_skew_under_five_minutes(lamb, minutes):
    moment = datetime.datetime.utcnow() + datetime.timedelta(minutes=minutes)
    assert lamb.request("GET", LIST, at=moment).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e",
        "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=AKIA, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
        "AWS4-HMAC-SHA256 " + "x" * 4000,
        "Bearer something",
        "Basic dXNlcjpwYXNzd29yZA==",
    ],
)
def test_malformed_authorization(lamb, authorization):
    answer = get(lamb, {"Authorization": authorization, "X-Amz-Date": "20260101T000000Z"})
    assert answer.status in (400, 403)
    assert answer.error in (
        "IncompleteSignatureException",
        "MissingAuthenticationTokenException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    )
    assert answer.message


def test_scope_of_another_region_or_service(lamb):
    assert lamb.request("GET", LIST, region="eu-west-1").status == 403
    assert lamb.request("GET", LIST, service="s3").status in (400, 403, 404)


def test_session_token_that_nobody_gave_out(lamb):
    answer = lamb.request("GET", LIST, token="FwoGZXIvYXdzEBYaD")
    assert answer.status == 403


def test_hashed_body(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    body = b'{"a":1}'
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}
    path = f"{LIST}/{name}/invocations"
    assert lamb.request("POST", path, body, headers=headers).status == 200


def test_hash_of_another_body(lamb):
    """botocore signs the hash it is given; the body differs."""
    name = lamb.create_python(packages.ECHO_PY)
    path = f"{LIST}/{name}/invocations"
    headers = sign(lamb.daemon, "POST", path, {"X-Amz-Content-SHA256": EMPTY_HASH}, b"")
    answer = lamb.request("POST", path, b'{"a":1}', headers=headers, signed=False)
    assert answer.status in (400, 403)
    assert answer.error


def test_unsigned_payload(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    path = f"{LIST}/{name}/invocations"
    answer = lamb.request("POST", path, b'{"a":1}', headers=unsigned_payload(lamb, path), signed=False)
    assert (answer.status, answer.json) == (200, {"a": 1})


def unsigned_payload(lamb, path):
    class Auth(botocore.auth.SigV4Auth):
        def payload(self, request):
            return "UNSIGNED-PAYLOAD"

    keys = lamb.daemon.keys
    unsigned = botocore.awsrequest.AWSRequest(
        method="POST",
        url=lamb.daemon.url.rstrip("/") + path,
        headers={"Host": lamb.daemon.host, "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
    )
    credentials = botocore.credentials.Credentials(
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]
    )
    Auth(credentials, "lambda", lamb.region).add_auth(unsigned)
    return dict(unsigned.headers.items())


def test_presigned_url(lamb):
    answer = lamb.request("GET", presign(lamb), signed=False)
    assert (answer.status, answer.json) == (200, {"Functions": []})


def test_presigned_url_with_the_wrong_secret(lamb):
    assert lamb.request("GET", presign(lamb, secret="wrong" * 8), signed=False).status == 403


def test_presigned_url_after_its_time(lamb):
    with signing_at(datetime.datetime.utcnow() - datetime.timedelta(seconds=61)):
        path = presign(lamb, expires=60)
    answer = lamb.request("GET", path, signed=False)
    assert answer.status == 403
    with signing_at(datetime.datetime.utcnow() - datetime.timedelta(seconds=30)):
        path = presign(lamb, expires=60)
    assert lamb.request("GET", path, signed=False).status == 200


def test_presigned_url_changed(lamb):
    path = presign(lamb)
    assert (
        lamb.request("GET", path.replace("X-Amz-Expires=60", "X-Amz-Expires=600"), signed=False).status
        == 403
    )
    assert lamb.request("GET", path + "&MaxItems=1", signed=False).status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "169.254.169.254", "localhost.evil.example", "127.0.0.1.nip.io"]
)
def test_foreign_host(lamb, host):
    """A page can point a name of its own at 127.0.0.1; the Host it then sends gives it away."""
    headers = sign(lamb.daemon, "GET", LIST)
    headers["Host"] = f"{host}:{lamb.daemon.port}"
    answer = get(lamb, headers)
    assert answer.status in (400, 403, 421)
    assert (
        host in answer.body.decode() or "hosts" in answer.body.decode()
    ), "names the setting or the host"


@pytest.mark.parametrize(
    "host", ["localhost", "lambda.localhost", "127.0.0.1", "127.8.9.10", "LOCALHOST"]
)
def test_loopback_host(lamb, host):
    headers = {"Host": f"{host}:{lamb.daemon.port}"}
    assert lamb.request("GET", LIST, headers=headers).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null", "file://"])
def test_foreign_origin(lamb, origin):
    answer = lamb.request("GET", LIST, headers={"Origin": origin})
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers


def test_preflight_of_a_browser(lamb):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = lamb.request("OPTIONS", LIST, headers=headers, signed=False)
    assert answer.status >= 400
    assert "access-control-allow-origin" not in answer.headers


def test_configured_host(new_daemon):
    lamb = new_daemon(*settings.hosts("lamb.internal"))
    answer = lamb.request("GET", LIST, headers={"Host": f"lamb.internal:{lamb.daemon.port}"})
    assert answer.status == 200
    answer = lamb.request("GET", LIST, headers={"Host": f"other.internal:{lamb.daemon.port}"})
    assert answer.status in (400, 403, 421)


def test_auth_off_lets_everybody_in_and_says_so(new_daemon):
    lamb = new_daemon(*settings.no_auth())
    assert lamb.request("GET", LIST, signed=False).status == 200
    assert lamb.request("GET", LIST, access_key="whoever").status == 200
    assert " warn " in lamb.daemon.stderr()
    assert "auth" in lamb.daemon.stderr()


def test_auth_off_still_refuses_browser_pages(new_daemon):
    lamb = new_daemon(*settings.no_auth())
    headers = {"Origin": "https://evil.example"}
    assert lamb.request("GET", LIST, headers=headers, signed=False).status == 403
    headers = {"Host": "evil.example"}
    assert lamb.request("GET", LIST, headers=headers, signed=False).status in (400, 403, 421)


def test_key_is_made_once_and_kept(new_daemon):
    lamb = new_daemon()
    keys = dict(lamb.daemon.keys)
    lamb.daemon.stop_and_check()
    lamb.daemon.start()
    assert lamb.daemon.keys["AWS_ACCESS_KEY_ID"] == keys["AWS_ACCESS_KEY_ID"]
    assert lamb.daemon.keys["AWS_SECRET_ACCESS_KEY"] == keys["AWS_SECRET_ACCESS_KEY"]
    assert request(lamb.daemon, "GET", LIST).status == 200


def test_two_daemons_have_two_keys(new_daemon):
    one, two = new_daemon(), new_daemon()
    keys = one.daemon.keys
    stranger = boto_client(
        two.daemon, access_key=keys["AWS_ACCESS_KEY_ID"], secret=keys["AWS_SECRET_ACCESS_KEY"]
    )
    with pytest.raises(stranger.exceptions.ClientError, match="UnrecognizedClientException"):
        stranger.list_functions()
    stranger.close()
