"""Who may do what: users with narrow policies, roles and their sessions, several accounts, execution roles
and the credentials inside of functions. Calls are those of the AWS CLI."""

import json

import pytest

from support import clients, packages, settings
from support.accounts import (  # noqa: F401 (pytest finds the fixture here)
    MAIN,
    OTHER,
    Accounts,
    Caller,
    accounts,
    allow,
    arn,
    deny,
    invoke,
    policy,
    trust,
)
from support.clients import TRUST

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def test_users_with_narrow_policies(accounts):
    accounts.function("f")
    accounts.function("g")
    reader = accounts.user("reader", allow(["lambda:Get*", "lambda:List*"]))
    invoker = accounts.user("invoker", allow("lambda:InvokeFunction", arn("f")), path="/team/")
    careful = accounts.user("careful", allow("lambda:*"), deny("lambda:DeleteFunction", arn("f")))
    nobody = accounts.user("nobody")
    get, list_all = ("lambda", "get-function", "--function-name"), ("lambda", "list-functions")
    delete = ("lambda", "delete-function", "--function-name")
    reader.may(*get, "f")
    reader.may(*list_all)
    invoker.may(*invoke("f"))
    invoker.may(*invoke(arn("f")))
    careful.may(*invoke("g"))
    careful.may(*list_all)
    careful.may(*delete, "g")
    table = [
        (reader, "reader", invoke("f"), "lambda:InvokeFunction", arn("f"), None),
        (reader, "reader", (*delete, "f"), "lambda:DeleteFunction", arn("f"), None),
        (invoker, "team/invoker", (*get, "f"), "lambda:GetFunction", arn("f"), None),
        (invoker, "team/invoker", list_all, "lambda:ListFunctions", "*", None),
        (invoker, "team/invoker", invoke("f2"), "lambda:InvokeFunction", arn("f2"), None),
        (careful, "careful", (*delete, "f"), "lambda:DeleteFunction", arn("f"), "deny"),
        (nobody, "nobody", (*get, "f"), "lambda:GetFunction", arn("f"), None),
        (nobody, "nobody", ("iam", "list-users"), "iam:ListUsers", f"arn:aws:iam::{MAIN}:user/", None),
        (
            nobody,
            "nobody",
            ("iam", "get-role", "--role-name", "lamb-test"),
            "iam:GetRole",
            f"arn:aws:iam::{MAIN}:role/lamb-test",
            None,
        ),
    ]
    for caller, name, words, action, resource, how in table:
        because = (
            " with an explicit deny in an identity-based policy"
            if how
            else f" because no identity-based policy allows the {action} action"
        )
        assert caller.may_not(*words) == (
            f"User: arn:aws:iam::{MAIN}:user/{name} is not authorized to perform: {action} on resource: "
            f"{resource}{because}"
        )
    assert nobody.may("sts", "get-caller-identity")["Arn"] == f"arn:aws:iam::{MAIN}:user/nobody"


def test_managed_policies_of_aws_decide(accounts):
    accounts.function("f")
    iam = accounts.client(accounts.root, "iam")
    full, reader, admin = (accounts.user(name) for name in ("full", "reader", "admin"))
    iam.attach_user_policy(UserName="full", PolicyArn="arn:aws:iam::aws:policy/AWSLambda_FullAccess")
    iam.attach_user_policy(
        UserName="reader", PolicyArn="arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"
    )
    iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    full.may(*invoke("f"))
    full.may_not("iam", "create-user", "--user-name", "x")
    reader.may("lambda", "get-function", "--function-name", "f")
    reader.may_not(*invoke("f"))
    admin.may("iam", "create-user", "--user-name", "x")
    iam.detach_user_policy(UserName="full", PolicyArn="arn:aws:iam::aws:policy/AWSLambda_FullAccess")
    full.may_not(*invoke("f"))
    iam.close()


def test_facts_of_the_request(accounts):
    """Conditions on who asks, when, and how."""
    table = [
        ("StringEquals", "aws:username", "u0", True),
        ("StringEquals", "aws:PrincipalType", "User", True),
        ("StringEquals", "aws:PrincipalAccount", OTHER, False),
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{MAIN}:user/u*", True),
        ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", True),
        ("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", False),
        ("NumericGreaterThan", "aws:EpochTime", "1600000000", True),
        ("Bool", "aws:SecureTransport", "true", False),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", True),
        ("StringLike", "aws:UserAgent", "aws-cli/*", True),
        ("StringEquals", "aws:ResourceAccount", MAIN, True),
    ]
    for i, (operator, key, value, is_allowed) in enumerate(table):
        value = f"u{i}" if key == "aws:username" else value
        user = accounts.user(f"u{i}", allow("lambda:ListFunctions", Condition={operator: {key: value}}))
        (user.may if is_allowed else user.may_not)("lambda", "list-functions")


def test_assume_role(accounts):
    accounts.function("f")
    iam = accounts.client(accounts.root, "iam")
    role = f"arn:aws:iam::{MAIN}:role/team/operator"
    caller = accounts.user("caller", allow("sts:AssumeRole", role))
    stranger = accounts.user("stranger")
    iam.create_role(
        RoleName="operator",
        Path="/team/",
        AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{MAIN}:root"}),
        MaxSessionDuration=7200,
    )
    iam.put_role_policy(
        RoleName="operator",
        PolicyName="p",
        PolicyDocument=policy(allow("lambda:InvokeFunction", arn("f"))),
    )
    operator, answer = accounts.session(caller, role, "Session-1")
    role_id = iam.get_role(RoleName="operator")["Role"]["RoleId"]
    session_arn = f"arn:aws:sts::{MAIN}:assumed-role/operator/Session-1"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{role_id}:Session-1", "Arn": session_arn}
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert len(answer["Credentials"]["SessionToken"]) <= 2048
    assert operator.may("sts", "get-caller-identity") == {
        "UserId": f"{role_id}:Session-1",
        "Account": MAIN,
        "Arn": session_arn,
    }
    operator.may(*invoke("f"))
    assert operator.may_not(*invoke("g")).startswith(
        f"User: {session_arn} is not authorized to perform: "
    )
    asking = ("sts", "assume-role", "--role-session-name", "ss", "--role-arn")
    assert stranger.may_not(*asking, role) == (
        f"User: arn:aws:iam::{MAIN}:user/stranger is not authorized to perform: sts:AssumeRole on resource: "
        f"{role}"
    )
    stranger.may_not(*asking, f"arn:aws:iam::{MAIN}:role/none")
    refused = caller.run(*asking, role, "--duration-seconds", "7201").stderr
    assert "(ValidationError)" in refused
    assert "The requested DurationSeconds exceeds the MaxSessionDuration set for this role." in refused
    accounts.session(caller, role, **{"duration-seconds": 7200})
    refused = caller.run(*asking, role, "--policy", policy(allow("*"))).stderr
    assert "session policies" in refused
    iam.update_assume_role_policy(
        RoleName="operator",
        PolicyDocument=trust(
            {"AWS": f"arn:aws:iam::{MAIN}:user/stranger"},
            Condition={"StringEquals": {"sts:ExternalId": "secret-id"}},
        ),
    )
    caller.may_not(*asking, role)
    stranger.may_not(*asking, role)
    stranger.may(*asking, role, "--external-id", "secret-id")
    iam.delete_role_policy(RoleName="operator", PolicyName="p")
    operator.may_not(*invoke("f"))
    iam.delete_role(RoleName="operator")
    iam.create_role(RoleName="operator", Path="/team/", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="operator", PolicyName="p", PolicyDocument=policy(allow("*")))
    operator.may_not(*invoke("f"))  # the new role of that name is another one
    iam.close()


def test_session_tokens_that_are_wrong(accounts):
    iam = accounts.client(accounts.root, "iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": MAIN}))
    iam.close()
    session, answer = accounts.session(accounts.root, f"arn:aws:iam::{MAIN}:role/r")
    keys = session.credentials
    token = keys["AWS_SESSION_TOKEN"]
    good = {"access_key": keys["AWS_ACCESS_KEY_ID"], "secret": keys["AWS_SECRET_ACCESS_KEY"]}
    daemon = accounts.daemon
    ask = lambda **options: clients.request(daemon, "GET", "/2015-03-31/functions", **options)
    assert ask(token=token, **good).error == "AccessDeniedException"
    changed = token[:100] + ("A" if token[100] != "A" else "B") + token[101:]
    wrong = [
        {"token": changed, **good},
        {"token": "FwoGZXIvYXdzEBYaD", **good},
        {"token": token[:-4], **good},
        {"token": token + "AAAA", **good},
        good,
        {"token": token, "access_key": "ASIA" + "A" * 16, "secret": good["secret"]},
        {"token": token, "access_key": daemon.keys["AWS_ACCESS_KEY_ID"], "secret": good["secret"]},
    ]
    for options in wrong:
        refused = ask(**options)
        assert (refused.status, refused.error) == (403, "UnrecognizedClientException"), options
        refused = clients.query(daemon, "sts", "GetCallerIdentity", **options)
        assert refused.status == 403 and b"<Code>InvalidClientTokenId</Code>" in refused.body
    refused = ask(token=token, access_key=good["access_key"], secret="x" * 40)
    assert (refused.status, refused.error) == (403, "InvalidSignatureException")
    daemon.kill()
    daemon.start()
    assert ask(token=token, **good).error == "AccessDeniedException", "valid after a restart"


def test_accounts_are_separate(accounts):
    root, other = accounts.root, accounts.other
    accounts.function("f")
    accounts.function("f", by=other)
    assert other.may("sts", "get-caller-identity")["Account"] == OTHER
    assert root.may("lambda", "get-function", "--function-name", "f")["Configuration"][
        "FunctionArn"
    ] == arn("f")
    found = other.may("lambda", "get-function", "--function-name", "f")["Configuration"]["FunctionArn"]
    assert found == arn("f", OTHER)
    other.may_not("lambda", "get-function", "--function-name", arn("f"))
    other.may_not(*invoke(arn("f")))
    other.may("iam", "create-user", "--user-name", "only-here")
    assert root.may("iam", "list-users")["Users"] == []
    done = accounts.daemon.run_cli(
        "env", "--data-dir", str(accounts.daemon.data_dir), "--account=222222222222", check=False
    )
    assert done.returncode == 1 and "--accounts" in done.stderr
    directory = ("--data-dir", str(accounts.daemon.data_dir))
    named = accounts.daemon.run_cli("env", *directory, "--account", "000000000000").stdout
    assert named == accounts.daemon.run_cli("env", *directory).stdout


def test_keys_of_an_account_that_is_served_no_more(accounts):
    user = accounts.user("reader", allow("sts:*"), by=accounts.other)
    daemon, args = accounts.daemon, accounts.daemon.args
    daemon.stop()
    daemon.args = []
    daemon.start()
    for caller in (accounts.other, user):
        assert "(InvalidClientTokenId)" in caller.run("sts", "get-caller-identity").stderr
    accounts.root.may("sts", "get-caller-identity")
    daemon.stop()
    daemon.args = args
    daemon.start()
    for caller in (accounts.other, user):
        assert caller.may("sts", "get-caller-identity")["Account"] == OTHER


def test_accounts_without_signatures(new_daemon):
    """With --auth off the key that is named still tells the account."""
    accounts = Accounts(new_daemon(*settings.accounts(OTHER), *settings.no_auth()))
    accounts.other.credentials["AWS_SECRET_ACCESS_KEY"] = "anything"
    assert accounts.other.may("sts", "get-caller-identity")["Account"] == OTHER
    stranger = Caller(accounts.daemon, "test", "test")
    assert stranger.may("sts", "get-caller-identity")["Account"] == MAIN


def test_cross_account_invoke(accounts):
    accounts.function("shared")
    user = accounts.user("guest", allow("lambda:InvokeFunction", arn("shared")), by=accounts.other)
    bare = accounts.user("bare", by=accounts.other)
    accounts.other.may_not(*invoke(arn("shared")))
    accounts.root.may(
        "lambda",
        "add-permission",
        "--function-name",
        "shared",
        "--statement-id",
        "s",
        "--action",
        "lambda:InvokeFunction",
        "--principal",
        OTHER,
    )
    accounts.other.may(*invoke(arn("shared")))
    user.may(*invoke(arn("shared")))
    bare.may_not(*invoke(arn("shared")))
    accounts.other.may_not("lambda", "get-function", "--function-name", arn("shared"))
    accounts.root.may("lambda", "remove-permission", "--function-name", "shared", "--statement-id", "s")
    accounts.other.may_not(*invoke(arn("shared")))


# ---- execution roles ----


def create_function(caller, name, role, zip_path):
    return caller.run(
        "lambda",
        "create-function",
        "--function-name",
        name,
        "--runtime",
        "python3.11",
        "--handler",
        "app.handler",
        "--role",
        role,
        "--zip-file",
        f"fileb://{zip_path}",
    )


@pytest.fixture
def zip_path(tmp_path):
    path = tmp_path / "function.zip"
    path.write_bytes(packages.python_zip(packages.ECHO_PY))
    return path


def test_roles_that_lambda_can_not_assume(accounts, zip_path):
    iam = accounts.client(accounts.root, "iam")
    iam.create_role(RoleName="ec2", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    iam.create_role(RoleName="good", Path="/p/", AssumeRolePolicyDocument=TRUST)
    role = f"arn:aws:iam::{MAIN}:role"
    message = "The role defined for the function cannot be assumed by Lambda."
    for wrong in ("none", "ec2", "good"):
        done = create_function(accounts.root, "f", f"{role}/{wrong}", zip_path)
        assert "(InvalidParameterValueException)" in done.stderr and message in done.stderr, wrong
    assert create_function(accounts.root, "f", f"{role}/p/good", zip_path).returncode == 0
    accounts.root.may("lambda", "wait", "function-active-v2", "--function-name", "f")
    update = ("lambda", "update-function-configuration", "--function-name", "f", "--role")
    done = accounts.root.run(*update, f"{role}/ec2")
    assert "(InvalidParameterValueException)" in done.stderr and message in done.stderr
    accounts.root.may(*update, f"{role}/lamb-test")
    done = create_function(accounts.root, "g", f"arn:aws:iam::{OTHER}:role/lamb-test", zip_path)
    assert "(AccessDeniedException)" in done.stderr
    assert "Cross-account pass role is not allowed." in done.stderr
    creator = accounts.user("creator", allow("lambda:*"))
    done = create_function(creator, "h", f"{role}/lamb-test", zip_path)
    assert (
        f"User: arn:aws:iam::{MAIN}:user/creator is not authorized to perform: iam:PassRole on resource: "
        f"{role}/lamb-test because no identity-based policy allows the iam:PassRole action"
    ) in done.stderr
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    iam.put_user_policy(
        UserName="creator",
        PolicyName="pass",
        PolicyDocument=policy(allow("iam:PassRole", f"{role}/lamb-*", Condition=to_lambda)),
    )
    assert create_function(creator, "h", f"{role}/lamb-test", zip_path).returncode == 0
    assert "iam:PassRole" in create_function(creator, "i", f"{role}/p/good", zip_path).stderr
    iam.close()


def test_role_check_off(new_daemon, zip_path):
    lamb = new_daemon(*settings.no_role_check())
    root = Caller(
        lamb.daemon, lamb.daemon.keys["AWS_ACCESS_KEY_ID"], lamb.daemon.keys["AWS_SECRET_ACCESS_KEY"]
    )
    assert create_function(root, "f", f"arn:aws:iam::{MAIN}:role/none", zip_path).returncode == 0
    root.may("lambda", "wait", "function-active-v2", "--function-name", "f")
    root.may(*invoke("f"))


def test_tutorial(lamb, tmp_path, zip_path):
    """The Lambda Developer Guide's first steps with the AWS CLI, to the letter but for names."""
    (tmp_path / "trust-policy.json").write_text(TRUST)
    lamb.aws(
        "iam",
        "create-role",
        "--role-name",
        "lambda-ex",
        "--assume-role-policy-document",
        "file://trust-policy.json",
        cwd=tmp_path,
    )
    lamb.aws("iam", "attach-role-policy", "--role-name", "lambda-ex", "--policy-arn", BASIC)
    lamb.aws(
        "lambda",
        "create-function",
        "--function-name",
        "my-function",
        "--zip-file",
        f"fileb://{zip_path}",
        "--handler",
        "app.handler",
        "--runtime",
        "python3.11",
        "--role",
        f"arn:aws:iam::{lamb.account}:role/lambda-ex",
    )
    lamb.aws("lambda", "wait", "function-active-v2", "--function-name", "my-function")
    lamb.aws(
        "lambda",
        "invoke",
        "--function-name",
        "my-function",
        "--cli-binary-format",
        "raw-in-base64-out",
        "--payload",
        '{"key": "value"}',
        "out",
        cwd=tmp_path,
    )
    assert json.loads((tmp_path / "out").read_text()) == {"key": "value"}
    lamb.aws("lambda", "delete-function", "--function-name", "my-function")
    lamb.aws("iam", "detach-role-policy", "--role-name", "lambda-ex", "--policy-arn", BASIC)
    lamb.aws("iam", "delete-role", "--role-name", "lambda-ex")


# ---- inside of functions ----

# The host's boto3 is older than the variable AWS_ENDPOINT_URL.
CALLING_PY = """
import json, os, sys
sys.path.append("/usr/lib/python3/dist-packages")
import boto3, botocore.config
options = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"],
           "config": botocore.config.Config(retries={"max_attempts": 0})}
def handler(event, context):
    try:
        if "invoke" in event:
            client = boto3.client("lambda", **options)
            answer = client.invoke(FunctionName=event["invoke"], Payload=b'{"from": "inside"}')
            return json.load(answer["Payload"])
        answer = boto3.client("sts", **options).get_caller_identity()
        return {name: answer[name] for name in ("Arn", "Account", "UserId")}
    except Exception as error:
        return {"refused": str(error)}
"""


def test_function_calls_with_its_role(accounts):
    iam = accounts.client(accounts.root, "iam")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(
        RoleName="worker",
        PolicyName="p",
        PolicyDocument=policy(allow("lambda:InvokeFunction", arn("friend"))),
    )
    role_id = iam.get_role(RoleName="worker")["Role"]["RoleId"]
    accounts.function("friend")
    accounts.function("foe")
    accounts.function("caller", CALLING_PY, role="worker")
    client = accounts.client(accounts.root)
    ask = lambda **event: clients.invoke(client, "caller", event).json
    session_arn = f"arn:aws:sts::{MAIN}:assumed-role/worker/caller"
    assert ask() == {"Arn": session_arn, "Account": MAIN, "UserId": f"{role_id}:caller"}
    assert ask(invoke="friend") == {"from": "inside"}
    refused = ask(invoke="foe")["refused"]
    assert "(AccessDeniedException)" in refused
    assert refused.endswith(
        f"User: {session_arn} is not authorized to perform: lambda:InvokeFunction on resource: {arn('foe')} "
        "because no identity-based policy allows the lambda:InvokeFunction action"
    )
    iam.put_role_policy(RoleName="worker", PolicyName="q", PolicyDocument=policy(allow("lambda:*")))
    assert ask(invoke="foe") == {"from": "inside"}, "a change counts at once"
    iam.close()
    client.close()
