"""Resource policies of functions, versions and aliases: their statements to the letter, their rules, and
whom they let in."""

import json
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from support import clients, packages

OTHER = "111111111111"
FUNCTIONS = "/2015-03-31/functions"
REVISION = (
    "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the"
    " latest Revision Id"
)


def add(lamb, name, sid="s3", **parameters):
    parameters = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **parameters}
    answer = lamb.client.add_permission(FunctionName=name, StatementId=sid, **parameters)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    return json.loads(answer["Statement"])


def policy(lamb, name, **parameters):
    """(document, RevisionId)"""
    answer = lamb.client.get_policy(FunctionName=name, **parameters)
    return json.loads(answer["Policy"]), answer["RevisionId"]


def refusal(call, *args, **parameters):
    with pytest.raises(ClientError) as failed:
        call(*args, **parameters)
    answer = failed.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def not_found(message):
    return 404, "ResourceNotFoundException", message


NO_POLICY = not_found("The resource you requested does not exist.")


@pytest.fixture
def function(lamb):
    """One with version 1 and the alias live."""
    name = lamb.create_python(packages.ECHO_PY)
    lamb.client.publish_version(FunctionName=name)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


# ---- statements ----


def test_statement_to_the_letter(lamb, function):
    body = json.dumps(
        {
            "StatementId": "s3",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": "arn:aws:s3:::bucket",
        }
    )
    answer = lamb.request("POST", f"{FUNCTIONS}/{function}/policy", body)
    statement = (
        '{"Sid":"s3","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},'
        f'"Action":"lambda:InvokeFunction","Resource":"{lamb.arn(function)}",'
        '"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}'
    )
    assert answer.status == 201
    assert answer.json == {"Statement": statement}
    shown = lamb.request("GET", f"{FUNCTIONS}/{function}/policy").json
    assert shown["Policy"] == (
        '{"Version":"2012-10-17","Id":"default","Statement":[' + statement + "]}"
    )


@pytest.mark.parametrize(
    "principal, written",
    [
        ("*", "*"),
        ("events.amazonaws.com", {"Service": "events.amazonaws.com"}),
        (OTHER, {"AWS": f"arn:aws:iam::{OTHER}:root"}),
        (f"arn:aws:iam::{OTHER}:user/u", {"AWS": f"arn:aws:iam::{OTHER}:user/u"}),
        (f"arn:aws:iam::{OTHER}:role/path/r", {"AWS": f"arn:aws:iam::{OTHER}:role/path/r"}),
    ],
)
def test_principals(lamb, function, principal, written):
    assert add(lamb, function, Principal=principal)["Principal"] == written


@pytest.mark.parametrize(
    "members, condition",
    [
        ({"SourceArn": "arn:aws:s3:::b"}, {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}}),
        ({"SourceAccount": OTHER}, {"StringEquals": {"AWS:SourceAccount": OTHER}}),
        ({"EventSourceToken": "t"}, {"StringEquals": {"lambda:EventSourceToken": "t"}}),
        ({"PrincipalOrgID": "o-0123456789"}, {"StringEquals": {"aws:PrincipalOrgID": "o-0123456789"}}),
        ({"FunctionUrlAuthType": "NONE"}, {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        ({"InvokedViaFunctionUrl": True}, {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
    ],
)
def test_conditions(lamb, function, members, condition):
    body = {"StatementId": "s", "Action": "lambda:InvokeFunctionUrl", "Principal": "*", **members}
    answer = lamb.request("POST", f"{FUNCTIONS}/{function}/policy", json.dumps(body))
    assert answer.status == 201, answer.body
    assert json.loads(answer.json["Statement"])["Condition"] == condition


def test_policies_of_versions_and_aliases_are_their_own(lamb, function):
    for qualifier in ("1", "live"):
        statement = add(lamb, function, Qualifier=qualifier)
        assert statement["Resource"] == lamb.arn(function, qualifier)
        assert policy(lamb, function, Qualifier=qualifier)[0]["Statement"] == [statement]
        assert refusal(lamb.client.get_policy, FunctionName=function) == NO_POLICY
    statement = add(lamb, f"{function}:live", "other")
    assert statement["Resource"] == lamb.arn(function, "live")
    assert len(policy(lamb, f"{function}:live")[0]["Statement"]) == 2


def test_several_statements_and_their_removal(lamb, function):
    first, second = add(lamb, function, "s3"), add(lamb, function, "sqs", Principal="sqs.amazonaws.com")
    assert policy(lamb, function)[0] == {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [first, second],
    }
    assert refusal(lamb.client.remove_permission, FunctionName=function, StatementId="non-existent") == (
        not_found("Statement non-existent is not found in resource policy.")
    )
    answer = lamb.client.remove_permission(FunctionName=function, StatementId="s3")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert policy(lamb, function)[0]["Statement"] == [second]
    lamb.client.remove_permission(FunctionName=function, StatementId="sqs")
    assert refusal(lamb.client.get_policy, FunctionName=function) == NO_POLICY
    assert refusal(lamb.client.remove_permission, FunctionName=function, StatementId="sqs") == (
        not_found("No policy is associated with the given resource.")
    )


# ---- rules ----


def test_revision_is_that_of_the_function(lamb, function):
    before = lamb.configuration(function)["RevisionId"]
    add(lamb, function, RevisionId=before)
    after = policy(lamb, function)[1]
    assert after == lamb.configuration(function)["RevisionId"] != before
    wrong = (412, "PreconditionFailedException", REVISION)
    call = lamb.client.add_permission
    members = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    assert refusal(call, FunctionName=function, StatementId="b", RevisionId=before, **members) == wrong
    remove = lamb.client.remove_permission
    assert refusal(remove, FunctionName=function, StatementId="s3", RevisionId=before) == wrong
    remove(FunctionName=function, StatementId="s3", RevisionId=after)
    assert lamb.configuration(function)["RevisionId"] != after


def test_revision_is_that_of_the_version_or_alias(lamb, function):
    latest = lamb.configuration(function)["RevisionId"]
    version = lamb.configuration(function, Qualifier="1")
    add(lamb, function, Qualifier="1", RevisionId=version["RevisionId"])
    revised = lamb.configuration(function, Qualifier="1")
    assert policy(lamb, function, Qualifier="1")[1] == revised.pop("RevisionId") != version.pop("RevisionId")
    assert revised == version

    alias = lamb.client.get_alias(FunctionName=function, Name="live")["RevisionId"]
    add(lamb, function, Qualifier="live", RevisionId=alias)
    assert refusal(
        lamb.client.add_permission,
        FunctionName=function,
        Qualifier="live",
        StatementId="b",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        RevisionId=alias,
    ) == (412, "PreconditionFailedException", REVISION)
    revised = lamb.client.get_alias(FunctionName=function, Name="live")["RevisionId"]
    assert policy(lamb, function, Qualifier="live")[1] == revised != alias
    assert lamb.configuration(function)["RevisionId"] == latest


def test_same_statement_id_twice(lamb, function):
    add(lamb, function)
    assert refusal(add, lamb, function) == (
        409,
        "ResourceConflictException",
        "The statement id (s3) provided already exists. Please provide a new statement id, or remove the"
        " existing statement.",
    )
    add(lamb, function, Qualifier="live")


@pytest.mark.parametrize(
    "members, status, error, message",
    [
        ({"Principal": "invalid.nonaws.com"}, 400, "InvalidParameterValueException",
         "The provided principal was invalid. Please check the principal and try again."),
        ({"Qualifier": "$LATEST"}, 400, "InvalidParameterValueException",
         "We currently do not support adding policies for $LATEST."),
        ({"Qualifier": "42"}, 404, "ResourceNotFoundException", "Function not found: {arn}:42"),
        ({"Qualifier": "no"}, 404, "ResourceNotFoundException", "Cannot find alias arn: {arn}:no"),
        ({"Qualifier": "invalid-qualifier-with-?-char"}, 400, "ValidationException",
         "1 validation error detected: Value 'invalid-qualifier-with-?-char' at 'qualifier' failed to"
         " satisfy constraint: Member must satisfy regular expression pattern:"
         r" \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"),
        ({"sid": "example.com"}, 400, "ValidationException",
         "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint:"
         " Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"),
    ],
)  # fmt: skip
def test_what_is_refused(lamb, function, members, status, error, message):
    assert refusal(add, lamb, function, **members) == (
        status,
        error,
        message.format(arn=lamb.arn(function)) if "{arn}" in message else message,
    )


def test_functions_that_are_not_there(lamb):
    assert refusal(add, lamb, "doesnotexist") == not_found(
        f"Function not found: {lamb.arn('doesnotexist')}"
    )
    assert refusal(lamb.client.remove_permission, FunctionName="doesnotexist", StatementId="s3") == (
        not_found(f"No policy found for: {lamb.arn('doesnotexist')}")
    )
    assert refusal(lamb.client.get_policy, FunctionName="doesnotexist") == NO_POLICY


def test_policy_that_is_too_long(lamb, function):
    size = 0
    for number in range(1000):
        try:
            add(lamb, function, f"{number:04}" + "x" * 90, SourceArn="arn:aws:s3:::" + "b" * 700)
        except ClientError as refused:
            answer = refused.response
            break
        size = len(lamb.client.get_policy(FunctionName=function)["Policy"])
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (
        400,
        "PolicyLengthExceededException",
    )
    statement = (size - len('{"Version":"2012-10-17","Id":"default","Statement":[]}') + 1) // number
    assert answer["Error"]["Message"] == (
        f"The final policy size ({size + statement}) is bigger than the limit (20480)."
    )


# ---- life ----


def test_policies_go_with_what_they_belong_to(lamb, function):
    for parameters in ({}, {"Qualifier": "1"}, {"Qualifier": "live"}):
        add(lamb, function, **parameters)
    lamb.client.delete_alias(FunctionName=function, Name="live")
    lamb.client.create_alias(FunctionName=function, Name="live", FunctionVersion="$LATEST")
    assert refusal(lamb.client.get_policy, FunctionName=function, Qualifier="live") == NO_POLICY
    lamb.client.delete_function(FunctionName=function, Qualifier="1")
    assert refusal(lamb.client.get_policy, FunctionName=function, Qualifier="1") == NO_POLICY
    lamb.client.delete_function(FunctionName=function)
    lamb.create_python(packages.ECHO_PY, name=function)
    assert refusal(lamb.client.get_policy, FunctionName=function) == NO_POLICY


def test_command_line(lamb, function):
    lamb.aws(
        "lambda", "add-permission", "--function-name", function, "--statement-id", "s3",
        "--action", "lambda:InvokeFunction", "--principal", "s3.amazonaws.com",
        "--source-account", OTHER, "--source-arn", "arn:aws:s3:::b",
    )  # fmt: skip
    document = json.loads(lamb.aws("lambda", "get-policy", "--function-name", function)["Policy"])
    assert document["Statement"][0]["Condition"] == {
        "StringEquals": {"AWS:SourceAccount": OTHER},
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
    }
    lamb.aws("lambda", "remove-permission", "--function-name", function, "--statement-id", "s3")


# ---- whom they let in ----


class Caller:
    """Somebody with keys of his own."""

    def __init__(self, lamb, access_key, secret):
        self.daemon, self.keys = lamb.daemon, {"access_key": access_key, "secret": secret}
        self.client = clients.boto_client(lamb.daemon, **self.keys)

    def request(self, method, path, body=b""):
        return clients.request(self.daemon, method, path, body, **self.keys)

    def invoke(self, reference):
        """The status, as a raw request has it."""
        path = f"{FUNCTIONS}/{quote(reference, safe='')}/invocations"
        return self.request("POST", path, "{}").status


@pytest.fixture
def two_accounts(new_daemon):
    lamb = new_daemon("--accounts", OTHER)
    words = ("env", "--data-dir", str(lamb.daemon.data_dir), "--account", OTHER)
    lines = lamb.daemon.run_cli(*words).stdout.splitlines()
    keys = dict(line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)
    caller = Caller(lamb, keys["AWS_ACCESS_KEY_ID"].strip("'"), keys["AWS_SECRET_ACCESS_KEY"].strip("'"))
    yield lamb, caller
    caller.client.close()


def new_user(lamb, name, statement=None, iam=None):
    iam = iam or clients.boto_client(lamb.daemon, "iam")
    iam.create_user(UserName=name)
    if statement:
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.close()
    return Caller(lamb, key["AccessKeyId"], key["SecretAccessKey"])


def test_other_account_needs_a_permission(two_accounts):
    lamb, other = two_accounts
    name = lamb.create_python(packages.ECHO_PY)
    arn = lamb.arn(name)
    assert other.invoke(arn) == 403
    answer = other.request("GET", f"{FUNCTIONS}/{quote(arn, safe='')}")
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert answer.json == {"Message": None}
    assert other.invoke(name) == 404, "without an ARN it is their own account"

    add(lamb, name, Principal=OTHER)
    assert other.invoke(arn) == 200
    assert other.request("GET", f"{FUNCTIONS}/{quote(arn, safe='')}").status == 403
    lamb.client.remove_permission(FunctionName=name, StatementId="s3")
    assert other.invoke(arn) == 403


def test_permission_of_an_alias_is_for_the_alias(two_accounts):
    lamb, other = two_accounts
    name = lamb.create_python(packages.ECHO_PY)
    lamb.client.publish_version(FunctionName=name)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    add(lamb, name, Principal=OTHER, Qualifier="live")
    assert other.invoke(lamb.arn(name, "live")) == 200
    assert other.invoke(lamb.arn(name, "1")) == 403
    assert other.invoke(lamb.arn(name)) == 403


def test_permissions_outlive_a_crash(two_accounts):
    lamb, other = two_accounts
    name = lamb.create_python(packages.ECHO_PY)
    add(lamb, name, Principal=OTHER)
    before = policy(lamb, name)
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    assert policy(lamb, name) == before
    assert other.invoke(lamb.arn(name)) == 200


def test_user_may_do_what_his_policy_says(new_daemon):
    lamb = new_daemon()
    name, secret = lamb.create_python(packages.ECHO_PY), lamb.create_python(packages.ECHO_PY)
    lamb.client.publish_version(FunctionName=name)
    user = new_user(
        lamb,
        "ann",
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction", "lambda:Get*"], "Resource": lamb.arn(name)},
    )
    assert user.invoke(name) == 200
    assert user.invoke(f"{name}:1") == 403, "the ARN of a version is another"
    assert user.invoke(secret) == 403
    assert user.client.get_function(FunctionName=name)["Configuration"]["FunctionName"] == name
    account = lamb.account
    for call, parameters, action, resource in [
        ("get_function", {"FunctionName": secret}, "GetFunction", lamb.arn(secret)),
        ("get_function", {"FunctionName": name, "Qualifier": "1"}, "GetFunction", lamb.arn(name, "1")),
        ("get_function", {"FunctionName": "nowhere"}, "GetFunction", lamb.arn("nowhere")),
        ("delete_function", {"FunctionName": name}, "DeleteFunction", lamb.arn(name)),
        ("list_functions", {}, "ListFunctions", "*"),
        ("list_layers", {}, "ListLayers", "*"),
        ("get_account_settings", {}, "GetAccountSettings", "*"),
        ("list_tags", {"Resource": lamb.arn(name)}, "ListTags", lamb.arn(name)),
        (
            "get_layer_version_by_arn",
            {"Arn": f"arn:aws:lambda:{lamb.region}:{account}:layer:l:3"},
            "GetLayerVersion",
            f"arn:aws:lambda:{lamb.region}:{account}:layer:l:3",
        ),
        (
            "get_event_source_mapping",
            {"UUID": "12345678-1234-1234-1234-123456789012"},
            "GetEventSourceMapping",
            f"arn:aws:lambda:{lamb.region}:{account}:event-source-mapping:"
            "12345678-1234-1234-1234-123456789012",
        ),
    ]:
        assert refusal(getattr(user.client, call), **parameters) == (
            403,
            "AccessDeniedException",
            f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: lambda:{action} on"
            f" resource: {resource} because no identity-based policy allows the lambda:{action} action",
        ), call
    user.client.close()


def test_user_whom_the_function_lets_in(new_daemon):
    lamb = new_daemon()
    name = lamb.create_python(packages.ECHO_PY)
    user = new_user(lamb, "bob")
    assert user.invoke(name) == 403
    add(lamb, name, Principal=f"arn:aws:iam::{lamb.account}:user/bob")
    assert user.invoke(name) == 200
    user.client.close()


def test_denial_wins(new_daemon):
    lamb = new_daemon()
    name = lamb.create_python(packages.ECHO_PY)
    user = new_user(lamb, "eve", {"Effect": "Deny", "Action": "lambda:*", "Resource": "*"})
    add(lamb, name, Principal=f"arn:aws:iam::{lamb.account}:user/eve")
    assert user.invoke(name) == 403
    user.client.close()


def test_conditions_on_tags_layers_and_principals(new_daemon):
    lamb = new_daemon()
    red, blue = (lamb.create_python(packages.ECHO_PY, Tags={"team": team}) for team in ("red", "blue"))
    user = new_user(
        lamb,
        "ann",
        {
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction", "lambda:AddPermission"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}},
        },
    )
    assert (user.invoke(red), user.invoke(blue)) == (200, 403)
    user.client.close()
    user = new_user(
        lamb,
        "bob",
        {
            "Effect": "Allow",
            "Action": "lambda:AddPermission",
            "Resource": "*",
            "Condition": {"StringEquals": {"lambda:Principal": "s3.amazonaws.com"}},
        },
    )
    members = {"FunctionName": red, "Action": "lambda:InvokeFunction"}
    user.client.add_permission(StatementId="a", Principal="s3.amazonaws.com", **members)
    with pytest.raises(ClientError):
        user.client.add_permission(StatementId="b", Principal="*", **members)
    user.client.close()
