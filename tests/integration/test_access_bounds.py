"""What is nobody else's business: holes that a policy, another ARN, a digest or a form must not be."""

from support import clients, packages
from support.accounts import MAIN, OTHER, accounts, allow, arn, deny, refused  # noqa: F401 (a fixture)


def test_what_a_policy_can_not_open_to_other_accounts(accounts):
    """Whoever may do everything with a function of another account still can't give it a role or a code
    signing configuration of its own, or share it further."""
    accounts.function("open")
    main, other = accounts.client(accounts.root), accounts.client(accounts.other)
    main.add_permission(FunctionName="open", StatementId="s", Action="lambda:*", Principal=OTHER)
    assert other.get_function(FunctionName=arn("open"))["Configuration"]["FunctionArn"] == arn("open")
    other.tag_resource(Resource=arn("open"), Tags={"a": "b"})
    signing = other.create_code_signing_config(
        AllowedPublishers={
            "SigningProfileVersionArns": [f"arn:aws:signer:us-east-1:{OTHER}:/signing-profiles/p/abcdefghij"]
        }
    )["CodeSigningConfig"]["CodeSigningConfigArn"]
    role = f"arn:aws:iam::{OTHER}:role/lamb-test"
    for call, members in (
        (other.update_function_configuration, {"Role": role}),
        (other.put_function_code_signing_config, {"CodeSigningConfigArn": signing}),
        (
            other.add_permission,
            {"StatementId": "t", "Action": "lambda:InvokeFunction", "Principal": "*"},
        ),
        (other.create_function_url_config, {"AuthType": "NONE"}),
    ):
        assert refused(call, FunctionName=arn("open"), **members) == "AccessDeniedException"
    main.close()
    other.close()


def test_layers_of_other_accounts(accounts):
    client, other = accounts.client(accounts.root), accounts.client(accounts.other)
    client.publish_layer_version(
        LayerName="secret", Content={"ZipFile": packages.zip_files({"a": "b"})}
    )
    layer = f"arn:aws:lambda:us-east-1:{MAIN}:layer:secret"
    assert refused(other.list_layer_versions, LayerName=layer) == "AccessDeniedException"
    assert len(client.list_layer_versions(LayerName=layer)["LayerVersions"]) == 1
    user = accounts.client(
        accounts.user("u", allow("lambda:*"), deny("lambda:GetLayerVersion", f"{layer}:*"))
    )
    for found in (f"{layer}:1", f"{layer}:1".replace("arn:aws:", "arn:aws-x:")):
        assert refused(user.get_layer_version_by_arn, Arn=found) == "AccessDeniedException", found
    for made in (client, other, user):
        made.close()


def test_packages_are_had_by_location_alone(accounts):
    """To know a digest is no right to the package."""
    accounts.function("f")
    client = accounts.client(accounts.root)
    location = client.get_function(FunctionName="f")["Code"]["Location"]
    client.close()
    path = location[location.index("/_lamb/") :]
    assert clients.request(accounts.daemon, "GET", path, signed=False).status == 200
    bare = path.split("?", 1)[0]
    for caller in (accounts.other, accounts.user("nobody")):
        answer = clients.request(
            accounts.daemon,
            "GET",
            bare,
            access_key=caller.credentials["AWS_ACCESS_KEY_ID"],
            secret=caller.credentials["AWS_SECRET_ACCESS_KEY"],
        )
        assert (answer.status, answer.error) == (403, "AccessDeniedException")


def test_a_mapping_is_as_open_as_its_function(accounts):
    accounts.function("f")
    client = accounts.client(accounts.root)
    only_others = deny("lambda:*Mapping", Condition={"ArnEquals": {"lambda:FunctionArn": arn("f")}})
    user = accounts.client(accounts.user("u", allow("lambda:*"), only_others))
    queue = f"arn:aws:sqs:us-east-1:{MAIN}:q"
    made = client.create_event_source_mapping(EventSourceArn=queue, FunctionName="f")["UUID"]
    assert refused(user.update_event_source_mapping, UUID=made, BatchSize=2) == "AccessDeniedException"
    assert refused(user.delete_event_source_mapping, UUID=made) == "AccessDeniedException"
    client.delete_event_source_mapping(UUID=made)
    client.close()
    user.close()


def test_forms_are_bounded(accounts):
    """A path that takes large bodies makes no large form."""
    form = "Action=ListUsers&Version=2010-05-08" + "&" * 300_000
    answer = clients.request(
        accounts.daemon,
        "POST",
        "/2015-03-31/functions",
        form,
        {"Content-Type": "application/x-www-form-urlencoded"},
        service="iam",
    )
    assert answer.status == 413 and b"RequestEntityTooLarge" in answer.body
