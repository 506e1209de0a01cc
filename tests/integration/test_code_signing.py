"""Code signing configurations and the functions that use them. Signatures are not verified yet: Warn is
accepted with a warning, Enforce refused."""

import json
import re

import pytest

from support import clients, packages
from support.refusals import CONFLICT, INVALID_PARAMETER, RESOURCE_NOT_FOUND, body, refusal, status

DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000"


def profile(lamb, name="test"):
    return f"arn:aws:signer:{lamb.region}:{lamb.account}:/signing-profiles/{name}"


def missing(arn):
    return (*RESOURCE_NOT_FOUND, f"The Lambda code signing configuration {arn} can not be found.")


def missing_for_function(arn):
    return (
        404,
        "CodeSigningConfigNotFoundException",
        "The code signing configuration cannot be found. Check that the provided configuration is not "
        f"deleted: {arn}.",
    )


@pytest.fixture
def create(lamb):
    """create(**members) gives a new configuration; they are deleted afterwards, with their uses."""
    arns = []

    def make(**members):
        members.setdefault("AllowedPublishers", {"SigningProfileVersionArns": [profile(lamb)]})
        answer = lamb.client.create_code_signing_config(**members)
        arns.append(answer["CodeSigningConfig"]["CodeSigningConfigArn"])
        return answer

    yield make
    for arn in arns:
        try:
            users = lamb.client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)
            for function in users["FunctionArns"]:
                lamb.client.delete_function_code_signing_config(FunctionName=function)
            lamb.client.delete_code_signing_config(CodeSigningConfigArn=arn)
        except lamb.client.exceptions.ResourceNotFoundException:
            pass


@pytest.fixture
def arn(create):
    return create()["CodeSigningConfig"]["CodeSigningConfigArn"]


@pytest.fixture
def missing_arn(arn):
    return arn[:-1] + ("y" if arn.endswith("x") else "x")


@pytest.fixture
def name(lamb):
    return lamb.create_bash("echo '{}'")


def test_create_and_get(lamb, create):
    answer = create(
        Description="Testing CodeSigning Config",
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"},
    )
    config = answer["CodeSigningConfig"]
    assert status(answer) == 201
    assert re.fullmatch(r"csc-[a-z0-9]{17}", config["CodeSigningConfigId"])
    assert re.fullmatch(DATE, config["LastModified"])
    assert config == {
        "AllowedPublishers": {"SigningProfileVersionArns": [profile(lamb)]},
        "CodeSigningConfigArn": f"arn:aws:lambda:{lamb.region}:{lamb.account}:code-signing-config:"
        + config["CodeSigningConfigId"],
        "CodeSigningConfigId": config["CodeSigningConfigId"],
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
        "Description": "Testing CodeSigning Config",
        "LastModified": config["LastModified"],
    }
    got = lamb.client.get_code_signing_config(CodeSigningConfigArn=config["CodeSigningConfigArn"])
    assert (status(got), body(got)) == (200, body(answer))
    assert "code_signing.setting_without_effect" in lamb.daemon.stderr()


def test_policy_is_warn_by_default(create):
    config = create()["CodeSigningConfig"]
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}


def test_update(lamb, arn):
    update = lamb.client.update_code_signing_config
    before = lamb.client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    answer = update(CodeSigningConfigArn=arn)
    assert status(answer) == 200
    assert {**answer["CodeSigningConfig"], "LastModified": before["LastModified"]} == before
    publishers = {"SigningProfileVersionArns": [profile(lamb, "a"), profile(lamb, "b")]}
    update(CodeSigningConfigArn=arn, AllowedPublishers=publishers)
    answer = update(CodeSigningConfigArn=arn, Description="new")
    config = answer["CodeSigningConfig"]
    assert (config["Description"], config["AllowedPublishers"]) == ("new", publishers)
    assert body(lamb.client.get_code_signing_config(CodeSigningConfigArn=arn)) == body(answer)


def test_enforce_is_refused(lamb, create, arn):
    enforce = {"UntrustedArtifactOnDeployment": "Enforce"}
    text = (
        "Lamb does not verify the signatures of code yet, so that it can not enforce them: unsigned code "
        "would be deployed all the same. Use Warn for UntrustedArtifactOnDeployment."
    )
    assert refusal(create, CodeSigningPolicies=enforce) == (*INVALID_PARAMETER, text)
    update = lamb.client.update_code_signing_config
    found = refusal(update, CodeSigningConfigArn=arn, CodeSigningPolicies=enforce)
    assert found == (*INVALID_PARAMETER, text)


def test_use_and_leave(lamb, arn, name):
    client = lamb.client
    put = client.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName=name)
    expected = {"CodeSigningConfigArn": arn, "FunctionName": name}
    assert (status(put), body(put)) == (200, expected)
    got = client.get_function_code_signing_config(FunctionName=lamb.arn(name))
    assert (status(got), body(got)) == (200, expected)
    users = client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)
    assert body(users) == {"FunctionArns": [lamb.arn(name)]}
    assert f"function={name} setting=CodeSigningConfigArn" in lamb.daemon.stderr()
    found = refusal(client.delete_code_signing_config, CodeSigningConfigArn=arn)
    assert found[:2] == CONFLICT
    assert name in found[2]
    for _ in range(2):
        assert status(client.delete_function_code_signing_config(FunctionName=name)) == 204
    assert body(client.get_function_code_signing_config(FunctionName=name)) == {}
    users = client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)
    assert body(users) == {"FunctionArns": []}
    assert status(client.delete_code_signing_config(CodeSigningConfigArn=arn)) == 204
    assert refusal(client.get_code_signing_config, CodeSigningConfigArn=arn) == missing(arn)


def test_function_that_goes_leaves_it(lamb, arn, name):
    lamb.client.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName=name)
    lamb.client.delete_function(FunctionName=name)
    assert status(lamb.client.delete_code_signing_config(CodeSigningConfigArn=arn)) == 204


def test_function_made_with_it(lamb, arn):
    name = lamb.create_bash("echo '{}'", CodeSigningConfigArn=arn)
    got = lamb.client.get_function_code_signing_config(FunctionName=name)
    assert got["CodeSigningConfigArn"] == arn
    assert lamb.invoke(name, {}).status == 200


def test_function_made_with_a_missing_one(lamb, missing_arn):
    name = lamb.new_name()
    found = refusal(
        lamb.client.create_function,
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="h",
        Role=clients.ROLE,
        Code={"ZipFile": packages.bash_zip("echo '{}'")},
        CodeSigningConfigArn=missing_arn,
    )
    assert found == missing_for_function(missing_arn)
    assert refusal(lamb.client.get_function, FunctionName=name)[:2] == RESOURCE_NOT_FOUND


def test_what_is_not_there(lamb, arn, missing_arn, name):
    client = lamb.client
    for call in (
        client.get_code_signing_config,
        client.update_code_signing_config,
        client.delete_code_signing_config,
        client.list_functions_by_code_signing_config,
    ):
        assert refusal(call, CodeSigningConfigArn=missing_arn) == missing(missing_arn)
        elsewhere = arn.replace(lamb.account, "111122223333")
        assert refusal(call, CodeSigningConfigArn=elsewhere)[0] in (403, 404)
    no_function = (*RESOURCE_NOT_FOUND, f"Function not found: {lamb.arn('nowhere')}")
    put = client.put_function_code_signing_config
    assert refusal(put, FunctionName="nowhere", CodeSigningConfigArn=arn) == no_function
    for function in (name, "nowhere"):
        found = refusal(put, FunctionName=function, CodeSigningConfigArn=missing_arn)
        assert found == missing_for_function(missing_arn)
    for call in (client.get_function_code_signing_config, client.delete_function_code_signing_config):
        assert refusal(call, FunctionName="nowhere") == no_function


def test_pages(lamb, create):
    arns = sorted(create()["CodeSigningConfig"]["CodeSigningConfigArn"] for _ in range(3))
    paginator = lamb.client.get_paginator("list_code_signing_configs")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
    found = [config["CodeSigningConfigArn"] for page in pages for config in page["CodeSigningConfigs"]]
    assert [len(page["CodeSigningConfigs"]) for page in pages] == [2, 1]
    assert found == arns


def test_pages_of_functions(lamb, arn):
    names = sorted(lamb.create_bash("echo '{}'", CodeSigningConfigArn=arn) for _ in range(3))
    lamb.create_bash("echo '{}'")
    paginator = lamb.client.get_paginator("list_functions_by_code_signing_config")
    pages = list(paginator.paginate(CodeSigningConfigArn=arn, PaginationConfig={"PageSize": 2}))
    assert [page["FunctionArns"] for page in pages] == [
        [lamb.arn(names[0]), lamb.arn(names[1])],
        [lamb.arn(names[2])],
    ]


def test_tags(lamb):
    document = {
        "AllowedPublishers": {"SigningProfileVersionArns": [profile(lamb)]},
        "Tags": {"one": "1"},
    }
    answer = lamb.request("POST", "/2020-04-22/code-signing-configs", json.dumps(document))
    arn = answer.json["CodeSigningConfig"]["CodeSigningConfigArn"]
    lamb.client.tag_resource(Resource=arn, Tags={"two": "2"})
    assert lamb.client.list_tags(Resource=arn)["Tags"] == {"one": "1", "two": "2"}
    lamb.client.delete_code_signing_config(CodeSigningConfigArn=arn)
    assert refusal(lamb.client.list_tags, Resource=arn)[:2] == RESOURCE_NOT_FOUND


def test_survives_the_daemon(new_daemon):
    lamb = new_daemon()
    publishers = {"SigningProfileVersionArns": [profile(lamb)]}
    made = lamb.client.create_code_signing_config(AllowedPublishers=publishers)["CodeSigningConfig"]
    arn = made["CodeSigningConfigArn"]
    name = lamb.create_bash("echo '{}'", CodeSigningConfigArn=arn)
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    assert lamb.client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == made
    users = lamb.client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)
    assert users["FunctionArns"] == [lamb.arn(name)]


def test_by_the_aws_cli(lamb, arn, name):
    words = ("--function-name", name, "--code-signing-config-arn", arn)
    lamb.aws("lambda", "put-function-code-signing-config", *words)
    answer = lamb.aws("lambda", "list-functions-by-code-signing-config", "--code-signing-config-arn", arn)
    assert answer == {"FunctionArns": [lamb.arn(name)]}
