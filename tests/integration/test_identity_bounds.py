"""What users, roles, policies and functions can't get out of Lamb: more than they were given, or all of its
memory and time."""

import json
import xml.etree.ElementTree

from support import clients
from support.accounts import (  # noqa: F401 (pytest finds the fixture here)
    MAIN,
    accounts,
    allow,
    arn,
    deny,
    policy,
    refused,
    trust,
)
from support.clients import TRUST, boto_client

LAMBDA = {"Service": "lambda.amazonaws.com"}

LIST_PY = """import os, boto3, botocore.exceptions
def handler(event, context):
    client = boto3.client('lambda', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
    try:
        return len(client.list_functions()['Functions'])
    except botocore.exceptions.ClientError as error:
        return error.response['Error']['Code']
"""

UPLOAD_PY = """import os, socket, boto3, botocore.auth, botocore.awsrequest
held = []
def handler(event, context):
    url = os.environ['AWS_ENDPOINT_URL'] + '/2015-03-31/functions'
    request = botocore.awsrequest.AWSRequest(
        method='POST', url=url, headers={'Host': '127.0.0.1:9002', 'X-Amz-Content-Sha256': '0' * 64})
    botocore.auth.SigV4Auth(boto3.Session().get_credentials(), 'lambda', 'us-east-1').add_auth(request)
    head = ''.join(f'{name}: {value}\\r\\n' for name, value in request.headers.items())
    head = f'POST /2015-03-31/functions HTTP/1.1\\r\\n{head}Content-Length: 60000000\\r\\n\\r\\n'
    answers = []
    for _ in range(2):
        connection = socket.create_connection(('127.0.0.1', 9002))
        connection.sendall(head.encode())
        connection.settimeout(1)
        held.append(connection)
        try:
            answers.append(connection.recv(100).decode().split('\\r\\n')[0])
        except TimeoutError:
            answers.append('waits')
    return answers
"""


def test_white_space_in_policies_is_bounded(new_daemon):
    """It does not count for IAM's quotas, and must fit into what is stored nevertheless."""
    lamb = new_daemon()
    iam = boto_client(lamb.daemon, "iam")
    document = policy(allow("lambda:Get*")).replace("{", "{" + "\n" * 60_000, 1)
    iam.create_role(RoleName="spacious", AssumeRolePolicyDocument=TRUST)
    names = []
    for number in range(12):
        name = f"p{number:02}"
        try:
            iam.put_role_policy(RoleName="spacious", PolicyName=name, PolicyDocument=document)
        except iam.exceptions.LimitExceededException as refusal:
            assert "white space" in str(refusal)
            break
        names.append(name)
    assert len(names) == 2
    assert iam.list_role_policies(RoleName="spacious")["PolicyNames"] == names
    iam.close()
    lamb.daemon.stop_and_check()
    lamb.daemon.start()
    iam = boto_client(lamb.daemon, "iam")
    assert iam.list_role_policies(RoleName="spacious")["PolicyNames"] == names
    iam.close()


def test_what_is_said_of_a_function_is_said_of_its_latest(accounts):
    """Operations on whole functions take f:$LATEST for f."""
    accounts.function("f")
    careful = accounts.client(accounts.user("u", allow("lambda:*"), deny("lambda:*", arn("f"))))
    for name in ("f", "f:$LATEST", arn("f"), arn("f") + ":$LATEST", "function:f:$LATEST"):
        for call, members in (
            (careful.update_function_configuration, {"Description": "mine"}),
            (careful.publish_version, {}),
        ):
            assert refused(call, FunctionName=name, **members) == "AccessDeniedException", name
    narrow = accounts.client(accounts.user("n", allow("lambda:UpdateFunctionConfiguration", arn("f"))))
    assert narrow.update_function_configuration(FunctionName="f:$LATEST", Description="ours")
    careful.close()
    narrow.close()


def test_where_requests_come_from(accounts):
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    elsewhere = {"NotIpAddress": {"aws:SourceIp": ["127.0.0.1/32", "10.0.0.0/8"]}}
    local = accounts.user("local", allow("lambda:List*", Condition=here))
    local.may("lambda", "list-functions")
    kept_out = accounts.user("out", allow("lambda:*"), deny("*", Condition=here))
    kept_out.may_not("lambda", "list-functions")
    let_in = accounts.user("in", allow("lambda:*"), deny("*", Condition=elsewhere))
    let_in.may("lambda", "list-functions")


def test_sessions_are_revoked_by_their_age(accounts):
    """The policy with which the console of IAM revokes the sessions of a role."""
    iam = accounts.client(accounts.root, "iam")
    iam.create_role(
        RoleName="worker", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{MAIN}:root"})
    )
    for name, statement in (
        ("work", allow("lambda:List*")),
        ("kept", deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}})),
    ):
        iam.put_role_policy(RoleName="worker", PolicyName=name, PolicyDocument=policy(statement))
    session, _ = accounts.session(accounts.root, f"arn:aws:iam::{MAIN}:role/worker")
    session.may("lambda", "list-functions")
    revoked = deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2090-01-01T00:00:00Z"}})
    iam.put_role_policy(RoleName="worker", PolicyName="kept", PolicyDocument=policy(revoked))
    session.may_not("lambda", "list-functions")
    iam.close()


def test_tags_of_the_caller(accounts):
    iam = accounts.client(accounts.root, "iam")
    iam.create_role(
        RoleName="worker",
        AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{MAIN}:root"}),
        Tags=[{"Key": "stage", "Value": "test"}],
    )
    rule = deny("lambda:*", Condition={"StringEquals": {"aws:PrincipalTag/stage": "test"}})
    iam.put_role_policy(
        RoleName="worker", PolicyName="p", PolicyDocument=policy(allow("*"), rule)
    )
    session, _ = accounts.session(accounts.root, f"arn:aws:iam::{MAIN}:role/worker")
    session.may("iam", "list-roles")
    session.may_not("lambda", "list-functions")
    iam.close()


def test_role_that_stops_trusting_lambda(accounts):
    """New environments get nothing of it."""
    iam = accounts.client(accounts.root, "iam")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(
        RoleName="worker", PolicyName="p", PolicyDocument=policy(allow("lambda:List*"))
    )
    client = accounts.client(accounts.root)
    accounts.function("f", source=LIST_PY, role="worker")
    assert clients.invoke(client, "f").json == 1
    iam.update_assume_role_policy(
        RoleName="worker", PolicyDocument=trust({"AWS": f"arn:aws:iam::{MAIN}:root"})
    )
    accounts.function("g", source=LIST_PY)
    client.update_function_configuration(FunctionName="f", Description="a new environment")
    client.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0.1})
    assert clients.invoke(client, "f").json == "AccessDeniedException"
    client.close()
    iam.close()


def test_policies_that_take_too_long(accounts):
    user = accounts.user("slow")
    iam = accounts.client(accounts.root, "iam")
    costly = policy(allow("*", [f"arn:aws:iam::{MAIN}:policy/*{'a' * 900}{number}" for number in range(6)]))
    for number in range(10):
        made = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=costly)["Policy"]["Arn"]
        iam.attach_user_policy(UserName="slow", PolicyArn=made)
    credentials = {
        "access_key": user.credentials["AWS_ACCESS_KEY_ID"],
        "secret": user.credentials["AWS_SECRET_ACCESS_KEY"],
    }
    asked = f"arn:aws:iam::{MAIN}:policy/{'a' * 2000}"
    answer = clients.query(accounts.daemon, "iam", "GetPolicy", PolicyArn=asked, **credentials)
    assert answer.status == 403 and b"take too long to evaluate" in answer.body
    iam.close()


def test_what_xml_can_not_express(lamb):
    answer = clients.query(
        lamb.daemon,
        "iam",
        "CreateRole",
        RoleName="odd",
        AssumeRolePolicyDocument=TRUST,
        Description=b"a\xffb\xef\xbf\xbf\x01\xe2\x82\xac<",
    )
    description = xml.etree.ElementTree.fromstring(answer.body).find(".//{*}Description").text
    assert description == "a\ufffdb\ufffd\u20ac<"
    clients.query(lamb.daemon, "iam", "DeleteRole", RoleName="odd")


def test_forms_with_too_many_parameters(lamb):
    answer = clients.request(
        lamb.daemon,
        "POST",
        "/",
        "Action=ListUsers&Version=2010-05-08" + "&a=b" * 1_000,
        {"Content-Type": "application/x-www-form-urlencoded"},
        service="iam",
    )
    assert answer.status == 400 and b"too many parameters" in answer.body


def test_what_sessions_do_not_have_is_refused(lamb):
    for member, words in (
        ("Policy", "session policies"),
        ("Tags.member.1.Key", "session tags"),
        ("SourceIdentity", "source identities"),
        ("TokenCode", "multi-factor authentication"),
    ):
        answer = clients.query(
            lamb.daemon,
            "sts",
            "AssumeRole",
            RoleArn=clients.ROLE,
            RoleSessionName="session",
            **{member: "x"},
        )
        assert answer.status == 400 and words.encode() in answer.body


def test_uploads_from_inside_are_bounded(accounts):
    """Of one environment the largest request fits in once; what others send is no matter of it."""
    accounts.function("uploader", source=UPLOAD_PY)
    accounts.function("lister", source=LIST_PY)
    client = accounts.client(accounts.root)
    assert clients.invoke(client, "uploader").json == ["waits", "HTTP/1.1 503 Service Unavailable"]
    big = json.dumps("x" * 2_000_000).encode()
    assert clients.invoke(client, "lister", payload=big).status == 200
    client.delete_function(FunctionName="uploader")
    client.close()
