"""What the control plane refuses, with the service's own status, exception and words.

The requests are raw: SDKs check some of this themselves and would never send it."""

import base64
import json

import pytest

from support import packages
from support.clients import ROLE

CODE = base64.b64encode(packages.python_zip(packages.ECHO_PY)).decode()
FUNCTIONS = "/2015-03-31/functions"

NAME_READ = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?"
    r")))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
NAME_WRITE = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?"
    r")))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
QUALIFIER = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
ROLE_PATTERN = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
RUNTIMES = (
    "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, "
    "nodejs24.x, nodejs22.x, java25, python3.10, "
    "python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, "
    "java17, nodejs16.x, dotnet10, dotnet8, java11, "
    "dotnet6, nodejs18.x, provided.al2, java8.al2"
)


def constraint(path, value, text):
    return (
        f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {text}"
    )


def arguments(**changes):
    """Arguments of CreateFunction that would do, with changes; a change to None leaves the member out."""
    members = {
        "FunctionName": "never-made",
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Role": ROLE,
        "Code": {"ZipFile": CODE},
        **changes,
    }
    return json.dumps({name: value for name, value in members.items() if value is not None})


def create(lamb, **changes):
    return lamb.request("POST", FUNCTIONS, arguments(**changes))


def assert_refused(answer, status, error, message, kind="User"):
    assert (answer.status, answer.error, answer.message) == (status, error, message)
    if error != "ValidationException":
        assert answer.json["Type"] == kind
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-amzn-requestid"]


VALIDATION = [
    (
        {"FunctionName": "invalid:function:name"},
        constraint(
            "functionName",
            "invalid:function:name",
            f"Member must satisfy regular expression pattern: {NAME_WRITE}",
        ),
    ),
    (
        {"FunctionName": None},
        "1 validation error detected: Value null at 'functionName' failed to "
        "satisfy constraint: Member must not be null",
    ),
    (
        {"Role": None},
        "1 validation error detected: Value null at 'role' failed to satisfy "
        "constraint: Member must not be null",
    ),
    (
        {"Code": None},
        "1 validation error detected: Value null at 'code' failed to satisfy "
        "constraint: Member must not be null",
    ),
    (
        {"Role": "r1"},
        constraint("role", "r1", f"Member must satisfy regular expression pattern: {ROLE_PATTERN}"),
    ),
    (
        {"Timeout": 1200},
        constraint("timeout", "1200", "Member must have value less than or equal to 900"),
    ),
    ({"Timeout": 0}, constraint("timeout", "0", "Member must have value greater than or equal to 1")),
    (
        {"MemorySize": 5555555},
        constraint("memorySize", "5555555", "Member must have value less than or equal to 10240"),
    ),
    (
        {"MemorySize": 127},
        constraint("memorySize", "127", "Member must have value greater than or equal to 128"),
    ),
    (
        {"EphemeralStorage": {"Size": 511}},
        constraint("ephemeralStorage.size", "511", "Member must have value greater than or equal to 512"),
    ),
    (
        {"EphemeralStorage": {"Size": 10241}},
        constraint(
            "ephemeralStorage.size", "10241", "Member must have value less than or equal to 10240"
        ),
    ),
    (
        {"Architectures": ["X86_64"]},
        constraint(
            "architectures",
            "[X86_64]",
            "Member must satisfy constraint: "
            "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
        ),
    ),
    (
        {"Architectures": ["x86_64", "arm64"]},
        constraint("architectures", "[x86_64, arm64]", "Member must have length less than or equal to 1"),
    ),
    (
        {"SnapStart": {"ApplyOn": "invalidOption"}},
        constraint(
            "snapStart.applyOn",
            "invalidOption",
            "Member must satisfy enum value set: [PublishedVersions, None]",
        ),
    ),
    (
        {"Description": "d" * 257},
        constraint("description", "d" * 257, "Member must have length less than or equal to 256"),
    ),
    (
        {"Handler": "h" * 129},
        constraint("handler", "h" * 129, "Member must have length less than or equal to 128"),
    ),
    (
        {"Handler": "a b"},
        constraint("handler", "a b", r"Member must satisfy regular expression pattern: [^\s]+"),
    ),
]


@pytest.mark.parametrize("changes, message", VALIDATION, ids=lambda value: str(value)[:40])
def test_constraint_of_a_member(lamb, changes, message):
    assert_refused(create(lamb, **changes), 400, "ValidationException", message)
    assert lamb.request("GET", f"{FUNCTIONS}/never-made").status == 404


def test_several_violations_are_told_together(lamb):
    answer = create(lamb, Timeout=1200, Role="r1")
    assert answer.error == "ValidationException"
    assert answer.message.startswith("2 validation errors detected: Value '")
    for part in (
        "Value '1200' at 'timeout' failed to satisfy constraint: Member must "
        "have value less than or equal to 900",
        f"Value 'r1' at 'role' failed to satisfy constraint: Member must "
        f"satisfy regular expression pattern: {ROLE_PATTERN}",
    ):
        assert part in answer.message
    assert answer.message.count("; ") == 1


PARAMETER = [
    (
        {"FunctionName": "a" * 65},
        constraint("functionName", "a" * 65, "Member must have length less than or equal to 64"),
    ),
    (
        {"Runtime": "non-existent-runtime"},
        "Value non-existent-runtime at 'runtime' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{RUNTIMES}] or be a valid ARN",
    ),
    (
        {"Runtime": "java8"},
        "The runtime parameter of java8 is no longer supported for creating or "
        "updating AWS Lambda functions. "
        "We recommend you use a supported runtime while creating or updating functions.",
    ),
    (
        {"Runtime": None, "Handler": None},
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    ),
    (
        {"Handler": None},
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    ),
    (
        {"Code": {"ZipFile": base64.b64encode(b"this is no zip").decode()}},
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
    ),
    ({"Code": {"ZipFile": ""}}, "Uploaded file must be a non-empty zip"),
    (
        {"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}},
        "Lambda was unable to configure your environment variables because the "
        "environment variables you have provided "
        "contains reserved keys that are currently not supported for modification. "
        "Reserved keys used in this request: AWS_REGION",
    ),
    (
        {"Environment": {"Variables": {"LARGE_VAR": "x" * 4096}}},
        "Lambda was unable to configure your environment variables because the "
        "environment variables you have provided "
        'exceeded the 4KB limit. String measured: {"LARGE_VAR":"' + "x" * 4096 + '"}',
    ),
]


@pytest.mark.parametrize("changes, message", PARAMETER, ids=lambda value: str(value)[:40])
def test_refused_parameter(lamb, changes, message):
    assert_refused(create(lamb, **changes), 400, "InvalidParameterValueException", message)


RESERVED = (
    "_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME "
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE "
    "AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY "
    "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY "
    "AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR"
).split()


@pytest.mark.parametrize("name", [name for name in RESERVED if not name.startswith("_")])
def test_reserved_variable(lamb, name):
    answer = create(lamb, Environment={"Variables": {name: "x"}})
    assert (answer.status, answer.error) == (400, "InvalidParameterValueException")
    assert answer.message.endswith(f"Reserved keys used in this request: {name}")


@pytest.mark.parametrize("name", ["A", "1A", "A-B", "_HANDLER", "A B", ""])
def test_name_of_a_variable(lamb, name):
    answer = create(lamb, Environment={"Variables": {name: "x"}})
    assert answer.status == 400
    assert answer.error in ("ValidationException", "InvalidParameterValueException")


@pytest.mark.parametrize(
    "name", ["PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LANG", "TZ", "AWS_XRAY_CONTEXT_MISSING"]
)
def test_allowed_variable(lamb, name):
    function = lamb.new_name()
    answer = create(lamb, FunctionName=function, Environment={"Variables": {name: "x"}})
    assert answer.status == 201
    assert answer.json["Environment"] == {"Variables": {name: "x"}}


def test_environment_of_exactly_4_kb_is_fine(lamb):
    value = "x" * (4096 - len('{"LARGE_VAR":""}'))
    answer = create(lamb, FunctionName=lamb.new_name(), Environment={"Variables": {"LARGE_VAR": value}})
    assert answer.status == 201


def test_name_of_140_characters_is_measured_as_a_whole(lamb):
    name = lamb.arn("f" * 100)
    answer = create(lamb, FunctionName=name)
    assert len(name) > 140
    message = constraint("functionName", name, "Member must have length less than or equal to 140")
    assert_refused(answer, 400, "ValidationException", message)


def test_runtime_that_is_not_installed_says_what_is(lamb):
    answer = create(lamb, Runtime="java21", Handler="a.B::c")
    assert (answer.status, answer.error) == (400, "InvalidParameterValueException")
    assert "java21" in answer.message
    assert "python3.11" in answer.message, "names what is installed"
    assert "runtimes" in answer.message, "names the setting"


@pytest.mark.parametrize(
    "members",
    [
        {
            "PackageType": "Image",
            "Code": {"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/i:1"},
        },
        {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
        {"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"]},
        {
            "FileSystemConfigs": [
                {
                    "Arn": ""
                    "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0",
                    "LocalMountPath": "/mnt/a",
                }
            ]
        },
    ],
    ids=lambda members: next(iter(members)),
)
def test_what_is_not_there_yet_is_refused_and_never_ignored(lamb, members):
    changes = dict(members)
    if "PackageType" in members:
        changes.update(Runtime=None, Handler=None)
    answer = create(lamb, **changes)
    assert 400 <= answer.status < 500, answer.body
    assert answer.message
    assert lamb.request("GET", f"{FUNCTIONS}/never-made").status == 404


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"FunctionName":1}', b"\xff\xfe", b'{"a":1}{"b":2}']
)
def test_body_that_is_no_document(lamb, body):
    answer = lamb.request("POST", FUNCTIONS, body)
    assert answer.status == 400
    assert answer.error in (
        "SerializationException",
        "ValidationException",
        "InvalidRequestContentException",
    )


def test_update_with_image_for_a_zip_function(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    body = json.dumps({"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/i:1"})
    answer = lamb.request("PUT", f"{FUNCTIONS}/{name}/code", body)
    message = "Please don't provide ImageUri when updating a function with packageType Zip."
    assert_refused(answer, 400, "InvalidParameterValueException", message)


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"Timeout": 901},
            constraint("timeout", "901", "Member must have value less than or equal to 900"),
        ),
        (
            {"MemorySize": 64},
            constraint("memorySize", "64", "Member must have value greater than or equal to 128"),
        ),
        (
            {"Role": "x"},
            constraint("role", "x", f"Member must satisfy regular expression pattern: {ROLE_PATTERN}"),
        ),
    ],
    ids=["timeout", "memory", "role"],
)
def test_update_configuration_constraints(lamb, changes, message):
    name = lamb.create_python(packages.ECHO_PY)
    answer = lamb.request("PUT", f"{FUNCTIONS}/{name}/configuration", json.dumps(changes))
    assert_refused(answer, 400, "ValidationException", message)


def test_get_with_a_name_of_65_characters_is_only_not_found(lamb):
    answer = lamb.request("GET", f"{FUNCTIONS}/{'a' * 65}")
    message = f"Function not found: {lamb.arn('a' * 65)}"
    assert_refused(answer, 404, "ResourceNotFoundException", message)


def test_invoke_with_a_malformed_name(lamb):
    name = "arn:aws:lambda:us-east-1:123400000000@function:myfn"
    path = f"{FUNCTIONS}/arn%3Aaws%3Alambda%3Aus-east-1%3A123400000000%40function%3Amyfn/invocations"
    message = constraint(
        "functionName", name, f"Member must satisfy regular expression pattern: {NAME_READ}"
    )
    assert_refused(lamb.request("POST", path, "{}"), 400, "ValidationException", message)


def test_malformed_qualifier(lamb):
    answer = lamb.request("GET", f"{FUNCTIONS}/f?Qualifier=invalid-qualifier-with-%3F-char")
    value = "invalid-qualifier-with-?-char"
    message = constraint(
        "qualifier", value, f"Member must satisfy regular expression pattern: {QUALIFIER}"
    )
    assert_refused(answer, 400, "ValidationException", message)


def test_unknown_invocation_type(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    answer = lamb.request(
        "POST", f"{FUNCTIONS}/{name}/invocations", "{}", headers={"X-Amz-Invocation-Type": "Later"}
    )
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert "Value 'Later' at 'invocationType' failed to satisfy constraint" in answer.message


def test_request_over_the_limit_of_create_function(lamb):
    answer = lamb.request("POST", FUNCTIONS, b"x" * 70167212)
    message = "Request must be smaller than 70167211 bytes for the CreateFunction operation"
    assert (answer.status, answer.error, answer.message) == (
        413,
        "RequestEntityTooLargeException",
        message,
    )


def test_zip_over_the_limit(lamb):
    code = base64.b64encode(b"PK\x03\x04" + bytes(52428800)).decode()
    answer = create(lamb, Code={"ZipFile": code})
    message = "Zipped size must be smaller than 52428800 bytes"
    assert (answer.status, answer.error, answer.message) == (
        413,
        "RequestEntityTooLargeException",
        message,
    )


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/2025-11-30/capacity-providers"),
        ("GET", "/2025-12-01/functions/f/durable-executions"),
        ("GET", "/2025-11-30/functions/f/function-scaling-config"),
    ],
)
def test_operation_that_is_not_there_yet_says_so(lamb, method, path):
    answer = lamb.request(method, path, "{}" if method != "GET" else b"")
    assert (answer.status, answer.error) == (400, "UnsupportedOperationException")
    assert answer.message.startswith("Lamb does not support ")


def test_path_of_no_operation(lamb):
    answer = lamb.request("GET", "/2015-03-31/nothing-here")
    assert answer.status in (403, 404)
    assert answer.error
