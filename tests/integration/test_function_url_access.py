"""Who may call function URLs: NONE by the policy alone, AWS_IAM by signatures and policies of both sides."""

import base64
import json

import pytest

from support import clients, urls
from support.accounts import Accounts, allow

ECHO_EVENT = "def handler(event, context):\n    return event\n"


@pytest.fixture
def iam_role(lamb):
    """Gives the keys of a session of a role that may do the actions."""
    iam, sts = clients.boto_client(lamb.daemon, "iam"), clients.boto_client(lamb.daemon, "sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": lamb.account}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=document)["Role"]["Arn"]

    def start(actions):
        policy = json.dumps({"Version": "2012-10-17", "Statement": allow(actions)})
        iam.put_role_policy(RoleName="caller", PolicyName="own", PolicyDocument=policy)
        session = sts.assume_role(RoleArn=role, RoleSessionName="here")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }

    yield start
    iam.delete_role_policy(RoleName="caller", PolicyName="own")
    iam.delete_role(RoleName="caller")
    iam.close()
    sts.close()


def test_none_needs_both_permissions(lamb):
    name = lamb.create_python(ECHO_EVENT)
    url = urls.configure(lamb, name, AuthType="NONE")
    for permission in urls.PERMISSIONS:
        answer = url.send()
        assert (answer.status, answer.json) == (403, urls.FORBIDDEN)
        assert answer.header("x-amzn-errortype") == "AccessDeniedException"
        urls.permit(lamb, name, permission)
    assert url.send().status == 200
    lamb.client.remove_permission(FunctionName=name, StatementId="url")
    assert url.send().status == 403


def test_iam(lamb):
    name = lamb.create_python(ECHO_EVENT)
    url = urls.create(lamb, name, auth="AWS_IAM")
    assert (url.send().status, url.send().json) == (403, urls.FORBIDDEN)
    body = b"\x00binary\xff"
    answer = url.send_signed("POST", "/a%20b/%C3%BC?z=1&a=b%20c", body, {"X-Amz-Own": "1"})
    assert answer.status == 200, answer.body
    event = answer.json
    assert base64.b64decode(event["body"]) == body
    assert "authorization" not in event["headers"] and "x-amz-date" in event["headers"]
    assert event["requestContext"]["accountId"] == lamb.account
    keys = lamb.daemon.keys
    assert event["requestContext"]["authorizer"] == {
        "iam": {
            "accessKey": keys["AWS_ACCESS_KEY_ID"],
            "accountId": lamb.account,
            "callerId": lamb.account,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": f"arn:aws:iam::{lamb.account}:root",
            "userId": lamb.account,
        }
    }
    tampered = url.send("GET", "/other", headers=url.sign("GET", "/"))
    assert (tampered.status, tampered.header("x-amzn-errortype")) == (403, "InvalidSignatureException")
    other = url.send_signed(service="execute-api")
    assert other.status == 403 and "correct service" in other.json["message"]


def test_iam_and_the_payload(lamb):
    """What is not signed could be anybody's."""
    url = urls.create(lamb, lamb.create_python(ECHO_EVENT), auth="AWS_IAM")
    headers = url.sign("POST", "/", b"x", {"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"})
    refused = url.send("POST", "/", b"x", headers)
    assert (refused.status, refused.header("x-amzn-errortype")) == (403, "InvalidSignatureException")
    assert refused.json == {"message": "Function URLs take no unsigned payload."}
    other = url.send("POST", "/", b"y", url.sign("POST", "/", b"x"))
    assert (other.status, other.header("x-amzn-errortype")) == (403, "InvalidSignatureException")


def test_iam_in_the_query(lamb):
    url = urls.create(lamb, lamb.create_python(ECHO_EVENT), auth="AWS_IAM")
    path = url.presign("/a?x=1")
    event = url.send(path=path).json
    assert event["queryStringParameters"]["x"] == "1"
    assert event["requestContext"]["authorizer"]["iam"]["accountId"] == lamb.account
    for other in (path.replace("x=1", "x=2"), path.replace("/a?", "/b?")):
        assert url.send(path=other).header("x-amzn-errortype") == "InvalidSignatureException"
    unsigned = url.presign("/a?X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", method="POST")
    assert url.send("POST", unsigned, b"anything").status == 403


def test_iam_sessions(lamb, iam_role):
    url = urls.create(lamb, lamb.create_python(ECHO_EVENT), auth="AWS_IAM")
    keys = iam_role(["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
    iam = url.send_signed(keys=keys).json["requestContext"]["authorizer"]["iam"]
    assert iam["userArn"].endswith(":assumed-role/caller/here") and iam["callerId"].endswith(":here")
    wrong = url.send_signed(keys={**keys, "AWS_SESSION_TOKEN": "other"})
    assert (wrong.status, wrong.header("x-amzn-errortype")) == (403, "UnrecognizedClientException")


def test_iam_users_and_accounts(new_daemon):
    lamb = new_daemon("--accounts", "111111111111")
    accounts = Accounts(lamb)
    accounts.function("f", ECHO_EVENT)
    url = urls.configure(lamb, "f", AuthType="AWS_IAM")
    both = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]
    one = accounts.user("one", allow(both[0], lamb.arn("f")))
    two = accounts.user("two", allow(both, lamb.arn("f")))
    assert url.send_signed(keys=one.credentials).json == urls.FORBIDDEN
    context = url.send_signed(keys=two.credentials).json["requestContext"]
    assert context["authorizer"]["iam"]["userArn"] == f"arn:aws:iam::{lamb.account}:user/two"
    stranger = accounts.other.credentials
    assert url.send_signed(keys=stranger).json == urls.FORBIDDEN
    for number, action in enumerate(both):
        permission = {"StatementId": f"s{number}", "Action": action, "Principal": "111111111111"}
        urls.permit(lamb, "f", permission)
    context = url.send_signed(keys=stranger).json["requestContext"]
    assert (context["accountId"], context["authorizer"]["iam"]["accountId"]) == (lamb.account, "111111111111")


def test_kind_of_url_is_a_condition(new_daemon):
    """A permission for URLs without signature is none for those with one."""
    lamb = new_daemon("--accounts", "111111111111")
    accounts = Accounts(lamb)
    accounts.function("f", ECHO_EVENT)
    url = urls.configure(lamb, "f", AuthType="AWS_IAM")
    invoke = {"StatementId": "i", "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
    urls.permit(lamb, "f", invoke, Principal="111111111111")
    for kind, expected in (("NONE", 403), ("AWS_IAM", 200)):
        permission = {"StatementId": kind, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": kind}
        urls.permit(lamb, "f", permission, Principal="111111111111")
        assert url.send_signed(keys=accounts.other.credentials).status == expected, kind


CALLER = """import os, urllib.error, urllib.request

def handler(event, context):
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], headers={"Host": event["host"]})
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
"""


def test_without_signatures(new_daemon):
    """Whoever reaches the port may; code in a function may not, without a permission."""
    lamb = new_daemon("--auth", "off")
    name = lamb.create_python(ECHO_EVENT)
    url = urls.configure(lamb, name, AuthType="NONE")
    signed = urls.configure(lamb, lamb.create_python(ECHO_EVENT), AuthType="AWS_IAM")
    assert (url.send().status, signed.send().status) == (200, 200)
    caller = lamb.create_python(CALLER, Timeout=20)
    assert lamb.invoke(caller, {"host": url.host}).json == 403
    assert lamb.invoke(caller, {"host": signed.host}).json == 403
    urls.permit(lamb, name)
    assert lamb.invoke(caller, {"host": url.host}).json == 200
