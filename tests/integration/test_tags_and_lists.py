"""Tags, account settings, ListFunctions and its pages."""

import json
from urllib.parse import quote

import pytest

from support import packages

TAGS = "/2017-03-31/tags/"


def tag_path(arn, keys=()):
    query = "&".join(f"tagKeys={quote(key, safe='')}" for key in keys)
    return TAGS + quote(arn, safe="") + (f"?{query}" if query else "")


def test_tags_come_and_go(lamb):
    name = lamb.create_python(packages.ECHO_PY, Tags={"one": "1"})
    arn = lamb.arn(name)
    assert lamb.client.list_tags(Resource=arn)["Tags"] == {"one": "1"}
    answer = lamb.client.tag_resource(Resource=arn, Tags={"two": "2", "one": "uno"})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert lamb.client.list_tags(Resource=arn)["Tags"] == {"one": "uno", "two": "2"}
    assert lamb.client.get_function(FunctionName=name)["Tags"] == {"one": "uno", "two": "2"}
    lamb.client.untag_resource(Resource=arn, TagKeys=["one", "never there"])
    assert lamb.client.list_tags(Resource=arn)["Tags"] == {"two": "2"}
    lamb.client.untag_resource(Resource=arn, TagKeys=["two"])
    assert lamb.client.list_tags(Resource=arn)["Tags"] == {}
    assert "Tags" not in lamb.client.get_function(FunctionName=name)


def test_tags_may_hold_any_text(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    tags = {"a b/c:d=e+f-g@h_i.j": "ünï 東京 7/:=+-@_.", "empty": ""}
    lamb.client.tag_resource(Resource=lamb.arn(name), Tags=tags)
    assert lamb.client.list_tags(Resource=lamb.arn(name))["Tags"] == tags
    lamb.client.untag_resource(Resource=lamb.arn(name), TagKeys=["a b/c:d=e+f-g@h_i.j"])
    assert lamb.client.list_tags(Resource=lamb.arn(name))["Tags"] == {"empty": ""}


def test_tagging_makes_a_new_revision(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    before = lamb.configuration(name)["RevisionId"]
    lamb.client.tag_resource(Resource=lamb.arn(name), Tags={"a": "b"})
    between = lamb.configuration(name)["RevisionId"]
    lamb.client.untag_resource(Resource=lamb.arn(name), TagKeys=["a"])
    assert len({before, between, lamb.configuration(name)["RevisionId"]}) == 3


def test_tagging_keeps_environments_warm(lamb):
    name = lamb.create_c(packages.ECHO_C)
    first = lamb.invoke(name, LogType="Tail")
    assert "Init Duration" in first.log
    lamb.client.tag_resource(Resource=lamb.arn(name), Tags={"a": "b"})
    assert "Init Duration" not in lamb.invoke(name, LogType="Tail").log


@pytest.mark.parametrize(
    "method, suffix, body, status, error, message",
    [
        (
            "POST",
            "",
            {"Tags": {}},
            400,
            "InvalidParameterValueException",
            "An error occurred and the request cannot be processed.",
        ),
        (
            "POST",
            "",
            {"Tags": {f"k{i}": "v" for i in range(51)}},
            400,
            "InvalidParameterValueException",
            "Number of tags exceeds resource tag limit.",
        ),
        (
            "POST",
            ":$LATEST",
            {"Tags": {"a": "b"}},
            400,
            "InvalidParameterValueException",
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ),
        (
            "DELETE",
            "",
            None,
            400,
            "ValidationException",
            "1 validation error detected: Value null at 'tagKeys' failed to "
            "satisfy constraint: Member must not be null",
        ),
    ],
    ids=["none", "too many", "version", "no keys"],
)
def test_refused_tags(lamb, method, suffix, body, status, error, message):
    name = lamb.create_python(packages.ECHO_PY)
    answer = lamb.request(method, tag_path(lamb.arn(name) + suffix), json.dumps(body) if body else b"")
    assert (answer.status, answer.error, answer.message) == (status, error, message)


def test_limit_counts_tags_that_are_there(lamb):
    name = lamb.create_python(packages.ECHO_PY, Tags={f"k{i}": "v" for i in range(50)})
    with pytest.raises(
        lamb.client.exceptions.InvalidParameterValueException, match="exceeds resource tag limit"
    ):
        lamb.client.tag_resource(Resource=lamb.arn(name), Tags={"one more": "v"})
    lamb.client.tag_resource(Resource=lamb.arn(name), Tags={"k7": "replaced"})


def test_tags_of_something_that_is_no_arn_of_lambda(lamb):
    arn = f"arn:aws:lambda:{lamb.region}:{lamb.account}:foobar:x"
    answer = lamb.request("GET", tag_path(arn))
    assert (answer.status, answer.error) == (400, "ValidationException")
    start = f"1 validation error detected: Value '{arn}' at 'resource' failed to satisfy constraint: "
    assert answer.message.startswith(
        start + r"Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:"
    )


def test_tags_of_a_function_that_is_not_there(lamb):
    answer = lamb.request("GET", tag_path(lamb.arn("nowhere")))
    assert (answer.status, answer.error) == (404, "ResourceNotFoundException")
    assert answer.message == f"Function not found: {lamb.arn('nowhere')}"


def test_account_settings(lamb):
    before = lamb.client.get_account_settings()
    before.pop("ResponseMetadata")
    assert before == {
        "AccountLimit": {
            "TotalCodeSize": 80530636800,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": 52428800,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 1000,
        },
        "AccountUsage": {"TotalCodeSize": 0, "FunctionCount": 0},
    }
    code = packages.python_zip(packages.ECHO_PY)
    lamb.create(code, runtime="python3.11")
    lamb.create(code, runtime="python3.11")
    usage = lamb.client.get_account_settings()["AccountUsage"]
    assert usage == {"TotalCodeSize": 2 * len(code), "FunctionCount": 2}


def create_some(lamb, count):
    names = sorted(lamb.new_name(f"list-{i:03}") for i in range(count))
    code = packages.python_zip(packages.ECHO_PY)
    for name in names:
        lamb.create(code, runtime="python3.11", name=name, wait=False)
    return names


def test_list_is_empty_at_first(lamb):
    assert lamb.request("GET", "/2015-03-31/functions").json == {"Functions": []}


def test_list_leaves_out_what_the_service_leaves_out(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    entry = lamb.client.list_functions()["Functions"][0]
    assert entry["FunctionName"] == name
    assert entry["FunctionArn"] == lamb.arn(name)
    assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & set(entry)


def test_pages(lamb):
    names = create_some(lamb, 7)
    pages = list(lamb.client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Functions"]) for page in pages] == [3, 3, 1]
    assert sorted(function["FunctionName"] for page in pages for function in page["Functions"]) == names
    assert "NextMarker" not in pages[-1]


def test_page_has_at_most_50(lamb):
    names = create_some(lamb, 53)
    first = lamb.client.list_functions(MaxItems=10000)
    assert len(first["Functions"]) == 50
    rest = lamb.client.list_functions(Marker=first["NextMarker"])
    found = [function["FunctionName"] for function in first["Functions"] + rest["Functions"]]
    assert sorted(found) == names


def test_page_whose_last_function_was_deleted_goes_on_behind_it(lamb):
    names = create_some(lamb, 4)
    first = lamb.client.list_functions(MaxItems=2)
    listed = [function["FunctionName"] for function in first["Functions"]]
    lamb.client.delete_function(FunctionName=listed[-1])
    rest = lamb.client.list_functions(Marker=first["NextMarker"])["Functions"]
    assert sorted(listed + [function["FunctionName"] for function in rest]) == names


def test_list_of_all_versions(lamb):
    name = lamb.create(packages.python_zip(packages.ECHO_PY), runtime="python3.11", Publish=True)
    entries = lamb.client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [(entry["Version"], entry["FunctionArn"]) for entry in entries] == [
        ("$LATEST", lamb.arn(name, "$LATEST")),
        ("1", lamb.arn(name, "1")),
    ]


def test_pages_of_all_versions(lamb):
    names = create_some(lamb, 3)
    for number in (1, 2):
        lamb.update_configuration(names[1], Description=str(number))
        lamb.client.publish_version(FunctionName=names[1])
    expected = [f"{name}:{version}" for name in names for version in ("$LATEST", "1", "2")]
    expected = [one for one in expected if one.startswith(names[1]) or one.endswith("$LATEST")]
    for size in (1, 2, 3, 4):
        pages = lamb.client.get_paginator("list_functions").paginate(
            FunctionVersion="ALL", PaginationConfig={"PageSize": size}
        )
        found = [entry["FunctionArn"] for page in pages for entry in page["Functions"]]
        assert found == [lamb.arn(*one.split(":")) for one in expected]


@pytest.mark.parametrize(
    "query, message",
    [
        (
            "MaxItems=0",
            "Value '0' at 'maxItems' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            "MaxItems=10001",
            "Value '10001' at 'maxItems' failed to satisfy constraint: "
            "Member must have value less than or equal to 10000",
        ),
        (
            "FunctionVersion=invalid",
            "Value 'invalid' at 'functionVersion' failed to satisfy constraint: "
            "Member must satisfy enum value set: [ALL]",
        ),
    ],
)
def test_refused_list_parameters(lamb, query, message):
    answer = lamb.request("GET", f"/2015-03-31/functions?{query}")
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert answer.message == f"1 validation error detected: {message}"


@pytest.mark.parametrize("marker", ["nonsense", "%00", "AAAA", "x" * 3000])
def test_marker_that_was_never_given(lamb, marker):
    answer = lamb.request("GET", f"/2015-03-31/functions?Marker={marker}")
    assert answer.status in (200, 400)
