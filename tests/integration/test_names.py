"""How functions may be named: bare, partial and whole ARNs, qualifiers; and what is found, or not, under
them."""

import json
from urllib.parse import quote

import pytest

from support import packages

FUNCTIONS = "/2015-03-31/functions"
READS = [("GET", ""), ("GET", "/configuration"), ("DELETE", ""), ("POST", "/invocations")]


def references(lamb, name):
    return [
        name,
        f"function:{name}",
        f"{lamb.account}:function:{name}",
        f"{lamb.region}:{lamb.account}:function:{name}",
        lamb.arn(name),
    ]


def test_every_form_names_the_function(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    for reference in references(lamb, name):
        assert lamb.configuration(reference)["FunctionArn"] == lamb.arn(name), reference
        assert lamb.invoke(reference, {"a": 1}).json == {"a": 1}, reference


def test_every_form_takes_a_qualifier(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    for reference in references(lamb, name):
        assert lamb.configuration(reference + ":$LATEST")["FunctionArn"] == lamb.arn(
            name, "$LATEST"
        ), reference


@pytest.mark.parametrize("form", range(5))
def test_create_by_every_form(lamb, form):
    name = lamb.new_name()
    lamb.create(
        packages.python_zip(packages.ECHO_PY), runtime="python3.11", name=references(lamb, name)[form]
    )
    assert lamb.configuration(name)["FunctionName"] == name


def test_slashes_and_escapes_in_the_path(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    for path in (f"{FUNCTIONS}/{quote(lamb.arn(name), safe='')}", f"{FUNCTIONS}/{name}%3A%24LATEST"):
        assert lamb.request("GET", path).status == 200, path
    assert lamb.request("GET", FUNCTIONS + "/").status == 200, "old SDKs send a slash at the end"


def test_name_and_qualifier_that_agree(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    assert lamb.configuration(f"{name}:$LATEST", Qualifier="$LATEST")["Version"] == "$LATEST"


@pytest.mark.parametrize("method, suffix", READS)
def test_name_and_qualifier_that_differ(lamb, method, suffix):
    path = f"{FUNCTIONS}/{quote('some-function:1', safe='')}{suffix}?Qualifier=%24LATEST"
    answer = lamb.request(method, path, "{}" if method == "POST" else b"")
    assert (answer.status, answer.error) == (400, "InvalidParameterValueException")
    assert (
        answer.message
        == "The derived qualifier from the function name does not match the specified qualifier."
    )


@pytest.mark.parametrize(
    "method, suffix, query, printed",
    [
        ("GET", "", "", ""),
        ("GET", "", "?Qualifier=%24LATEST", ":$LATEST"),
        ("GET", "", "?Qualifier=7", ":7"),
        ("GET", "", "?Qualifier=blue", ":blue"),
        ("GET", "/configuration", "", ""),
        ("DELETE", "", "", ""),
        ("DELETE", "", "?Qualifier=7", ""),
        ("POST", "/invocations", "", ":$LATEST"),
        ("POST", "/invocations", "?Qualifier=blue", ":blue"),
        ("PUT", "/configuration", "", ""),
    ],
)
def test_not_found_says_what_it_looked_for(lamb, method, suffix, query, printed):
    body = "{}" if method in ("POST", "PUT") else b""
    answer = lamb.request(method, f"{FUNCTIONS}/nowhere{suffix}{query}", body)
    assert (answer.status, answer.error) == (404, "ResourceNotFoundException")
    assert answer.message == f"Function not found: {lamb.arn('nowhere')}{printed}"


def test_unknown_version_and_alias_of_a_function(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    for qualifier in ("7", "blue"):
        answer = lamb.request("GET", f"{FUNCTIONS}/{name}?Qualifier={qualifier}")
        assert answer.message == f"Function not found: {lamb.arn(name, qualifier)}"
        answer = lamb.request("POST", f"{FUNCTIONS}/{name}/invocations?Qualifier={qualifier}", "{}")
        assert answer.message == f"Function not found: {lamb.arn(name, qualifier)}"


def test_alias_in_every_form(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    lamb.client.publish_version(FunctionName=name)
    lamb.client.create_alias(FunctionName=name, Name="blue", FunctionVersion="1")
    for reference in references(lamb, name):
        shown = lamb.configuration(f"{reference}:blue")
        assert (shown["Version"], shown["FunctionArn"]) == ("1", lamb.arn(name, "blue")), reference
        answer = lamb.invoke(f"{reference}:blue", {"a": 1}, Qualifier="blue")
        assert (answer.version, answer.json) == ("1", {"a": 1}), reference


def test_latest_in_small_letters_is_nothing(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    answer = lamb.request("GET", f"{FUNCTIONS}/{name}?Qualifier=%24latest")
    assert (answer.status, answer.error) == (404, "ResourceNotFoundException")


def test_other_region(lamb):
    arn = lamb.arn("f").replace(lamb.region, "ap-southeast-2")
    answer = lamb.request("GET", f"{FUNCTIONS}/{quote(arn, safe='')}")
    assert (answer.status, answer.error) == (404, "ResourceNotFoundException")
    assert answer.message == (
        f"Functions from 'ap-southeast-2' are not reachable in this region ('{lamb.region}')"
    )


def test_other_account(lamb):
    arn = lamb.arn("f").replace(lamb.account, "123456789012")
    answer = lamb.request("GET", f"{FUNCTIONS}/{quote(arn, safe='')}")
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert json.loads(answer.body).get("Message") is None


def test_delete_of_latest(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    answer = lamb.request("DELETE", f"{FUNCTIONS}/{name}?Qualifier=%24LATEST")
    assert (answer.status, answer.error) == (400, "InvalidParameterValueException")
    assert answer.message == "$LATEST version cannot be deleted without deleting the function."
    assert lamb.configuration(name)["State"] == "Active"


def test_invoked_arn_is_as_the_caller_wrote_it(lamb):
    name = lamb.create_python("def handler(event, context):\n    return context.invoked_function_arn\n")
    assert lamb.invoke(name).json == lamb.arn(name)
    assert lamb.invoke(name, Qualifier="$LATEST").json == lamb.arn(name, "$LATEST")
    assert lamb.invoke(f"{name}:$LATEST").json == lamb.arn(name, "$LATEST")
