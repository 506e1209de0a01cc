"""IAM with boto3 and the AWS CLI: users, roles, managed and embedded policies, access keys; what is refused
and with which words; what is left after kill -9."""

import json
import re

import pytest

from support import clients
from support.clients import TRUST, boto_client

READ = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "lambda:Get*", "Resource": "*"},
}
READ_TEXT = json.dumps(READ)
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture
def iam(lamb):
    """The shared daemon's; what a test made is deleted again."""
    client = boto_client(lamb.daemon, "iam", parameter_validation=False)
    before = names(client)
    yield client
    sweep(client, before)
    client.close()


def names(iam):
    return (
        {user["UserName"] for user in iam.list_users()["Users"]},
        {role["RoleName"] for role in iam.list_roles()["Roles"]},
        {policy["Arn"] for policy in iam.list_policies(Scope="Local", MaxItems=1000)["Policies"]},
    )


def sweep(iam, before):
    users, roles, policies = (now - then for now, then in zip(names(iam), before))
    for user in users:
        for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
            iam.delete_user_policy(UserName=user, PolicyName=name)
        for policy in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])
        iam.delete_user(UserName=user)
    for role in roles:
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        iam.delete_role(RoleName=role)
    for arn in policies:
        iam.delete_policy(PolicyArn=arn)


def refused(call, **parameters):
    """(status, code, message) of a call that must fail."""
    with pytest.raises(call.__self__.exceptions.ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return (
        answer["ResponseMetadata"]["HTTPStatusCode"],
        answer["Error"]["Code"],
        answer["Error"]["Message"],
    )


def test_role_from_beginning_to_end(iam, lamb):
    created = iam.create_role(
        RoleName="Worker",
        Path="/team/",
        AssumeRolePolicyDocument=TRUST,
        Description="does work",
        MaxSessionDuration=7200,
        Tags=[{"Key": "team", "Value": "a & b"}],
    )["Role"]
    assert created["Arn"] == f"arn:aws:iam::{lamb.account}:role/team/Worker"
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", created["RoleId"])
    assert created["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert created["Tags"] == [{"Key": "team", "Value": "a & b"}]
    role = iam.get_role(RoleName="worker")["Role"]
    assert role["RoleName"] == "Worker", "names are compared without case"
    assert role["RoleId"] == created["RoleId"]
    assert role["CreateDate"] == created["CreateDate"]
    assert (role["Description"], role["MaxSessionDuration"], role["Path"]) == (
        "does work",
        7200,
        "/team/",
    )
    assert role["RoleLastUsed"] == {}
    assert iam.list_role_tags(RoleName="Worker")["Tags"] == created["Tags"]
    assert iam.list_instance_profiles_for_role(RoleName="Worker")["InstanceProfiles"] == []
    listed = [each["RoleName"] for each in iam.list_roles(PathPrefix="/team/")["Roles"]]
    assert listed == ["Worker"]
    trust = json.loads(TRUST)
    trust["Statement"][0]["Principal"] = {"AWS": lamb.account}
    iam.update_assume_role_policy(RoleName="Worker", PolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName="Worker")["Role"]["AssumeRolePolicyDocument"] == trust
    iam.delete_role(RoleName="Worker")
    assert refused(iam.get_role, RoleName="Worker") == (
        404,
        "NoSuchEntity",
        "The role with name Worker cannot be found.",
    )


def test_user_and_keys(iam, lamb):
    user = iam.create_user(UserName="ada", Tags=[{"Key": "k", "Value": ""}])["User"]
    assert user["Arn"] == f"arn:aws:iam::{lamb.account}:user/ada"
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", user["UserId"])
    assert iam.get_user(UserName="ada")["User"]["Tags"] == [{"Key": "k", "Value": ""}]
    assert iam.list_user_tags(UserName="ada")["Tags"] == [{"Key": "k", "Value": ""}]
    keys = [iam.create_access_key(UserName="ada")["AccessKey"] for _ in range(2)]
    assert {key["Status"] for key in keys} == {"Active"}
    assert refused(iam.create_access_key, UserName="ada") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    listed = iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]
    assert {key["AccessKeyId"] for key in listed} == {key["AccessKeyId"] for key in keys}
    assert all("SecretAccessKey" not in key for key in listed)
    mine = {"access_key": keys[0]["AccessKeyId"], "secret": keys[0]["SecretAccessKey"]}
    answer = clients.query(lamb.daemon, "sts", "GetCallerIdentity", **mine)
    assert user["Arn"] in answer.body.decode() and user["UserId"] in answer.body.decode()
    for key in keys:
        iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])
    answer = clients.query(lamb.daemon, "sts", "GetCallerIdentity", **mine)
    assert answer.status == 403
    assert "<Code>InvalidClientTokenId</Code>" in answer.body.decode()
    assert refused(iam.delete_access_key, UserName="ada", AccessKeyId=keys[0]["AccessKeyId"]) == (
        404,
        "NoSuchEntity",
        f"The Access Key with id {keys[0]['AccessKeyId']} cannot be found.",
    )


def test_managed_policy(iam, lamb):
    policy = iam.create_policy(
        PolicyName="Readers", PolicyDocument=READ_TEXT, Description="reads", Path="/p/"
    )["Policy"]
    arn = f"arn:aws:iam::{lamb.account}:policy/p/Readers"
    assert (policy["Arn"], policy["DefaultVersionId"], policy["AttachmentCount"]) == (arn, "v1", 0)
    assert re.fullmatch(r"ANPA[A-Z2-7]{17}", policy["PolicyId"])
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Description"] == "reads"
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == READ and version["IsDefaultVersion"]
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1"]
    assert refused(iam.get_policy_version, PolicyArn=arn, VersionId="v2")[:2] == (404, "NoSuchEntity")
    iam.create_user(UserName="grace")
    iam.attach_user_policy(UserName="grace", PolicyArn=arn)
    iam.attach_user_policy(UserName="grace", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    assert [user["UserName"] for user in entities["PolicyUsers"]] == ["grace"]
    assert entities["PolicyRoles"] == []
    assert refused(iam.delete_policy, PolicyArn=arn) == (
        409,
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    iam.detach_user_policy(UserName="grace", PolicyArn=arn)
    assert refused(iam.detach_user_policy, UserName="grace", PolicyArn=arn) == (
        404,
        "NoSuchEntity",
        f"Policy {arn} was not found.",
    )
    iam.delete_policy(PolicyArn=arn)
    assert refused(iam.get_policy, PolicyArn=arn)[1:] == ("NoSuchEntity", f"Policy {arn} was not found.")


def test_entities_of_a_policy_come_in_pages(iam):
    arn = iam.create_policy(PolicyName="Shared", PolicyDocument=READ_TEXT)["Policy"]["Arn"]
    for name in ("anna", "Zoe"):
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)

    def pages(**members):
        pager = iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn, **members)
        return [
            (
                [user["UserName"] for user in page["PolicyUsers"]],
                [role["RoleName"] for role in page.get("PolicyRoles", [])],
            )
            for page in pager
        ]

    assert pages() == [(["anna", "Zoe"], ["anna", "Zoe"])]
    three = {"PageSize": 3}
    assert pages(PaginationConfig=three) == [(["anna", "Zoe"], ["anna"]), ([], ["Zoe"])]
    one = {"PageSize": 1}
    assert pages(EntityFilter="User", PaginationConfig=one) == [(["anna"], []), (["Zoe"], [])]
    assert refused(iam.list_entities_for_policy, PolicyArn=arn, Marker="?")[1] == "ValidationError"


@pytest.mark.parametrize(
    "path",
    [
        "service-role/AWSLambdaBasicExecutionRole",
        "AWSLambda_FullAccess",
        "AWSLambda_ReadOnlyAccess",
        "service-role/AWSLambdaRole",
        "service-role/AWSLambdaSQSQueueExecutionRole",
        "service-role/AWSLambdaKinesisExecutionRole",
        "service-role/AWSLambdaDynamoDBExecutionRole",
        "service-role/AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "AdministratorAccess",
    ],
)
def test_policies_of_aws(iam, path):
    arn = f"arn:aws:iam::aws:policy/{path}"
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = policy["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert document["Version"] == "2012-10-17"
    listed = {each["Arn"] for each in iam.list_policies(Scope="AWS")["Policies"]}
    assert arn in listed
    assert refused(iam.delete_policy, PolicyArn=arn)[1] == "AccessDenied"


def test_lists_of_policies(iam, lamb):
    iam.create_policy(PolicyName="aaa", PolicyDocument=READ_TEXT)
    iam.create_role(RoleName="lister", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="lister", PolicyArn=BASIC)
    local = [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]]
    assert local == ["aaa"]
    everything = [
        policy["Arn"]
        for page in iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 3})
        for policy in page["Policies"]
    ]
    assert len(everything) == len(set(everything)) == 11
    attached = iam.list_policies(OnlyAttached=True)["Policies"]
    assert [policy["Arn"] for policy in attached] == [BASIC]
    answer = iam.list_attached_role_policies(RoleName="lister")["AttachedPolicies"]
    assert answer == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC}]


@pytest.mark.parametrize("kind", ["role", "user"])
def test_embedded_policies(iam, kind):
    owner = {f"{kind.title()}Name": "owner"}
    if kind == "role":
        iam.create_role(AssumeRolePolicyDocument=TRUST, **owner)
    else:
        iam.create_user(**owner)
    put, get = getattr(iam, f"put_{kind}_policy"), getattr(iam, f"get_{kind}_policy")
    listing, delete = getattr(iam, f"list_{kind}_policies"), getattr(iam, f"delete_{kind}_policy")
    put(PolicyName="b", PolicyDocument=READ_TEXT, **owner)
    put(PolicyName="a", PolicyDocument=READ_TEXT, **owner)
    changed = json.dumps(
        {**READ, "Statement": {**READ["Statement"], "Resource": "arn:aws:lambda:*:*:*+%<&>"}}
    )
    put(PolicyName="b", PolicyDocument=changed, **owner)
    answer = get(PolicyName="b", **owner)
    assert answer["PolicyDocument"] == json.loads(changed) and answer["PolicyName"] == "b"
    first = listing(MaxItems=1, **owner)
    assert (first["PolicyNames"], first["IsTruncated"]) == (["a"], True)
    rest = listing(Marker=first["Marker"], **owner)
    assert (rest["PolicyNames"], rest["IsTruncated"]) == (["b"], False)
    remove = getattr(iam, f"delete_{kind}")
    assert refused(remove, **owner) == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
    )
    delete(PolicyName="a", **owner)
    delete(PolicyName="b", **owner)
    assert refused(get, PolicyName="b", **owner) == (
        404,
        "NoSuchEntity",
        f"The {kind} policy with name b cannot be found.",
    )


def test_what_keeps_a_role_and_a_user(iam):
    iam.create_role(RoleName="kept", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="kept", PolicyArn=BASIC)
    assert refused(iam.delete_role, RoleName="kept") == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    )
    iam.create_user(UserName="kept")
    iam.create_access_key(UserName="kept")
    assert refused(iam.delete_user, UserName="kept") == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must delete access keys first.",
    )


def test_duplicates(iam):
    iam.create_role(RoleName="same", AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName="same")
    iam.create_policy(PolicyName="same", PolicyDocument=READ_TEXT)
    code = (409, "EntityAlreadyExists")
    assert refused(iam.create_role, RoleName="SAME", AssumeRolePolicyDocument=TRUST) == (
        *code,
        "Role with name SAME already exists.",
    )
    assert refused(iam.create_user, UserName="same") == (*code, "User with name same already exists.")
    assert refused(iam.create_policy, PolicyName="same", PolicyDocument=READ_TEXT) == (
        *code,
        "A policy called same already exists. Duplicate names are not allowed.",
    )


def test_refused_members(iam, lamb):
    def create(**members):
        return refused(
            iam.create_role, **{"RoleName": "r", "AssumeRolePolicyDocument": TRUST, **members}
        )

    assert create(RoleName="a b") == (
        400,
        "ValidationError",
        "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or "
        "the following: +=,.@_-",
    )
    assert create(RoleName="x" * 65) == (
        400,
        "ValidationError",
        f"1 validation error detected: Value '{'x' * 65}' at 'roleName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64",
    )
    assert create(Path="/a")[1:] == (
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only "
        "alphanumeric characters and/or / characters.",
    )
    assert create(MaxSessionDuration=3599)[1] == "ValidationError"
    assert create(AssumeRolePolicyDocument="{}")[:2] == (400, "MalformedPolicyDocument")
    assert create(AssumeRolePolicyDocument="no JSON")[:2] == (400, "MalformedPolicyDocument")
    assert create(AssumeRolePolicyDocument=READ_TEXT)[:2] == (400, "MalformedPolicyDocument")
    assert create(PermissionsBoundary=BASIC)[1] == "UnsupportedOperationException"
    assert create(Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])[1] == "InvalidInput"
    assert refused(
        iam.attach_role_policy, RoleName="lamb-test", PolicyArn="arn:aws:iam::aws:policy/No"
    ) == (
        404,
        "NoSuchEntity",
        "Policy arn:aws:iam::aws:policy/No does not exist or is not attachable.",
    )
    assert refused(iam.get_policy, PolicyArn="x" * 20) == (
        400,
        "InvalidInput",
        f"ARN {'x' * 20} is not valid.",
    )
    assert refused(iam.list_roles, Marker="never given")[1] == "ValidationError"
    assert refused(iam.list_groups)[:2] == (400, "InvalidAction")
    answer = clients.query(lamb.daemon, "iam", "CreateRole")
    assert "2 validation errors detected: Value null at 'roleName'" in answer.body.decode()


def test_sizes_of_documents(iam):
    iam.create_user(UserName="long")
    statement = {
        "Effect": "Allow",
        "Action": ["lambda:" + "x" * 100 for _ in range(30)],
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    assert refused(iam.put_user_policy, UserName="long", PolicyName="p", PolicyDocument=document) == (
        409,
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user long",
    )
    iam.create_policy(PolicyName="fits", PolicyDocument=document + " " * 10000)


def test_many_roles_in_pages(iam):
    made = {f"page-{i:02}" for i in range(25)}
    for name in made:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Path="/pages/")
    pages = list(
        iam.get_paginator("list_roles").paginate(PathPrefix="/pages/", PaginationConfig={"PageSize": 10})
    )
    assert [len(page["Roles"]) for page in pages] == [10, 10, 5]
    listed = [role["RoleName"] for page in pages for role in page["Roles"]]
    assert listed == sorted(made)


def test_cli(lamb, iam, tmp_path):
    """What every tutorial types."""
    (tmp_path / "trust.json").write_text(TRUST)
    role = lamb.aws(
        "iam",
        "create-role",
        "--role-name",
        "tutorial",
        "--assume-role-policy-document",
        "file://trust.json",
        cwd=tmp_path,
    )["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    lamb.aws("iam", "attach-role-policy", "--role-name", "tutorial", "--policy-arn", BASIC)
    lamb.aws("iam", "wait", "role-exists", "--role-name", "tutorial")
    assert lamb.aws("iam", "get-user")["User"]["Arn"] == f"arn:aws:iam::{lamb.account}:root"
    identity = lamb.aws("sts", "get-caller-identity")
    assert identity == {
        "UserId": lamb.account,
        "Account": lamb.account,
        "Arn": f"arn:aws:iam::{lamb.account}:root",
    }


def test_everything_acknowledged_is_there_after_kill(new_daemon):
    lamb = new_daemon()
    iam = boto_client(lamb.daemon, "iam")
    iam.create_user(UserName="kept", Path="/p/")
    key = iam.create_access_key(UserName="kept")["AccessKey"]
    iam.put_user_policy(UserName="kept", PolicyName="inline", PolicyDocument=READ_TEXT)
    arn = iam.create_policy(PolicyName="managed", PolicyDocument=READ_TEXT)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="kept", PolicyArn=arn)
    iam.create_user(UserName="gone")
    iam.delete_user(UserName="gone")
    before = iam.get_user(UserName="kept")["User"]
    iam.close()
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    iam = boto_client(lamb.daemon, "iam")
    assert iam.get_user(UserName="kept")["User"] == before
    assert iam.list_user_policies(UserName="kept")["PolicyNames"] == ["inline"]
    attached = iam.list_attached_user_policies(UserName="kept")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]
    assert refused(iam.get_user, UserName="gone")[1] == "NoSuchEntity"
    iam.close()
    user = boto_client(lamb.daemon, access_key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert user.get_account_settings()["AccountLimit"]
    assert refused(user.list_functions)[:2] == (403, "AccessDeniedException")
    user.close()
