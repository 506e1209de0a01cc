"""Every paginator and every waiter that botocore has for Lambda, by boto3."""

import botocore.exceptions
import botocore.session
import pytest

from world import ACCOUNT, ARN, ROLE, SIGNERS, create, new_name, package, slow_package, update, wait

LOADER = botocore.session.get_session().get_component("data_loader")
PAGINATORS = {
    botocore.xform_name(name): row
    for name, row in LOADER.load_service_model("lambda", "paginators-1")["pagination"].items()
}
WAITERS = {
    botocore.xform_name(name) for name in LOADER.load_service_model("lambda", "waiters-2")["waiters"]
}

COUNT = 5

# ---- what there is to list ----
#
# Each makes COUNT things. It gives the parameters of their list, the member that an item is known by (None:
# the item is a text itself), and that member of the things made, in the order of the list.


def aliases(client):
    name = create(client, Publish=True)
    names = [f"a{number}" for number in range(COUNT)]
    for alias in reversed(names):
        client.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
    return name, names


def list_aliases(client):
    name, names = aliases(client)
    return {"FunctionName": name}, "Name", names


def list_code_signing_configs(client):
    made = [client.create_code_signing_config(AllowedPublishers=SIGNERS) for _ in range(COUNT)]
    return {}, "CodeSigningConfigArn", [one["CodeSigningConfig"]["CodeSigningConfigArn"] for one in made]


def list_event_source_mappings(client):
    name = create(client)
    made = [
        client.create_event_source_mapping(
            FunctionName=name, EventSourceArn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{new_name('queue')}"
        )["UUID"]
        for _ in range(COUNT)
    ]
    return {"FunctionName": name}, "UUID", made


def list_function_event_invoke_configs(client):
    name, names = aliases(client)
    for alias in names:
        client.put_function_event_invoke_config(
            FunctionName=name, Qualifier=alias, MaximumRetryAttempts=0
        )
    return {"FunctionName": name}, "FunctionArn", [f"{ARN}function:{name}:{alias}" for alias in names]


def list_function_url_configs(client):
    name, names = aliases(client)
    for alias in names:
        client.create_function_url_config(FunctionName=name, Qualifier=alias, AuthType="NONE")
    return {"FunctionName": name}, "FunctionArn", [f"{ARN}function:{name}:{alias}" for alias in names]


def list_functions(client):
    return {}, "FunctionName", [create(client) for _ in range(COUNT)]


def list_functions_by_code_signing_config(client):
    config = client.create_code_signing_config(AllowedPublishers=SIGNERS)["CodeSigningConfig"]
    arn = config["CodeSigningConfigArn"]
    names = [create(client) for _ in range(COUNT)]
    for name in names:
        client.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=arn)
    return {"CodeSigningConfigArn": arn}, None, [f"{ARN}function:{name}" for name in names]


def publish_layer(client, name):
    return client.publish_layer_version(LayerName=name, Content={"ZipFile": package()})["Version"]


def list_layer_versions(client):
    name = new_name("layer")
    versions = [publish_layer(client, name) for _ in range(COUNT)]
    return {"LayerName": name}, "Version", versions[::-1]


def list_layers(client):
    names = [new_name("layer") for _ in range(COUNT)]
    for name in names:
        publish_layer(client, name)
    return {}, "LayerName", names


def list_provisioned_concurrency_configs(client):
    name, names = aliases(client)
    for alias in names:
        client.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=alias, ProvisionedConcurrentExecutions=1
        )
    return {"FunctionName": name}, "FunctionArn", [f"{ARN}function:{name}:{alias}" for alias in names]


def list_versions_by_function(client):
    name = create(client, Publish=True)
    for number in range(2, COUNT):
        update(client, name, Description=f"{number}")
        client.publish_version(FunctionName=name)
    return {"FunctionName": name}, "Version", ["$LATEST", *map(str, range(1, COUNT))]


LISTS = {
    maker.__name__: maker
    for maker in (
        list_aliases,
        list_code_signing_configs,
        list_event_source_mappings,
        list_function_event_invoke_configs,
        list_function_url_configs,
        list_functions,
        list_functions_by_code_signing_config,
        list_layer_versions,
        list_layers,
        list_provisioned_concurrency_configs,
        list_versions_by_function,
    )
}

# Their order is that of identifiers that are drawn.
UNORDERED = {"list_code_signing_configs", "list_event_source_mappings"}


def test_every_paginator_is_tried():
    assert set(LISTS) == set(PAGINATORS)


def pages_of(client, operation, parameters, size):
    row = PAGINATORS[operation]
    paginator = client.get_paginator(operation)
    pages = list(paginator.paginate(**parameters, PaginationConfig={"PageSize": size}))
    assert [bool(page.get(row["output_token"])) for page in pages] == [True] * (len(pages) - 1) + [False]
    return [page[row["result_key"]] for page in pages]


@pytest.mark.parametrize("operation", LISTS)
def test_paginator(client, operation):
    parameters, key, expected = LISTS[operation](client)
    found = {}
    for size in (1, 2, 50):
        pages = pages_of(client, operation, parameters, size)
        assert all(len(page) == size for page in pages[:-1]) and len(pages[-1]) <= size
        items = [item for page in pages for item in page]
        assert len(items) < 2 * size or len(pages) > 1
        found[size] = [item[key] if key else item for item in items]
    assert found[1] == found[2] == found[50]
    assert len(set(found[1])) == len(found[1])
    ours = [item for item in found[1] if item in expected]
    if operation in UNORDERED:
        ours, expected = sorted(ours), sorted(expected)
    assert ours == expected
    assert not parameters or len(found[1]) == COUNT


@pytest.mark.parametrize("operation", ["list_functions", "list_layers"])
def test_whole_lists_are_sorted(client, operation):
    parameters, key, _ = LISTS[operation](client)
    names = [item[key] for page in pages_of(client, operation, parameters, 2) for item in page]
    assert names == sorted(names)


def test_what_is_deleted_between_two_pages_is_all_that_is_missing(client):
    name, names = aliases(client)
    first = client.list_aliases(FunctionName=name, MaxItems=2)
    for alias in names[1:3]:  # what the marker may stand on, on either side
        client.delete_alias(FunctionName=name, Name=alias)
    second = client.list_aliases(FunctionName=name, Marker=first["NextMarker"])
    assert [alias["Name"] for alias in second["Aliases"]] == names[3:]


# ---- waiters ----


@pytest.fixture
def polls(front):
    """A client of the test's own, and the questions it asked."""
    client, asked = front.client(), []
    for operation in ("GetFunction", "GetFunctionConfiguration"):
        client.meta.events.register(
            f"before-send.lambda.{operation}", lambda request, **_: asked.append(request.url)
        )
    return client, asked


def create_slowly(client, **members):
    name = new_name()
    client.create_function(
        FunctionName=name,
        Runtime="provided.al2",
        Handler="h",
        Role=ROLE,
        Code={"ZipFile": slow_package()},
        **members,
    )
    return name


def state(client, name, member, **parameters):
    return client.get_function_configuration(FunctionName=name, **parameters)[member]


def test_every_waiter_is_tried():
    assert WAITERS == {"function_exists", "published_version_active"} | {
        f"function_{event}{version}" for event in ("active", "updated") for version in ("", "_v2")
    }


@pytest.mark.parametrize("waiter", ["function_active", "function_active_v2"])
def test_waiter_for_a_new_function(client, polls, waiter):
    name = create_slowly(client)
    wait(polls[0], name, waiter)
    assert len(polls[1]) > 1
    assert state(client, name, "State") == "Active"


@pytest.mark.parametrize("waiter", ["function_updated", "function_updated_v2"])
def test_waiter_for_an_update(client, polls, waiter):
    name = create(client)
    client.update_function_code(FunctionName=name, ZipFile=slow_package())
    wait(polls[0], name, waiter)
    assert len(polls[1]) > 1
    assert state(client, name, "LastUpdateStatus") == "Successful"


def test_waiter_for_a_published_version(client, polls):
    name = create_slowly(client, Publish=True)
    wait(polls[0], name, "published_version_active", Qualifier="1")
    assert len(polls[1]) > 1
    assert state(client, name, "State", Qualifier="1") == "Active"


def test_waiter_for_existence(client, front):
    name, waiting = new_name(), front.client()
    answers = []

    def create_after_the_first(http_response, **_):
        answers.append(http_response.status_code)
        if len(answers) == 1:
            create(client, name)

    waiting.meta.events.register("after-call.lambda.GetFunction", create_after_the_first)
    wait(waiting, name, "function_exists")
    assert answers == [404, 200]


@pytest.mark.parametrize("waiter", sorted(WAITERS - {"function_exists"}))
def test_waiter_fails_at_once_without_a_function(client, polls, waiter):
    with pytest.raises(botocore.exceptions.WaiterError):
        wait(polls[0], "nowhere", waiter)
    assert len(polls[1]) == 1
