"""Every error that was recorded from the service, caused by a real call: its status, exception and body to
the letter. The errors are in recorded.py."""

import json
import re
import zipfile

import pytest

from recorded import PATTERNS, ROWS
from world import ACCOUNT, ARN, REGION, ROLE, call, create, new_name, package, slow_package, update
from younger import todays_model

MODEL = todays_model()

SKIPPED = {
    12: "Lamb refuses VpcConfig, and asks no EC2 for the group",
    13: "Lamb refuses VpcConfig, and asks no EC2 for the subnet",
    16: "no queue is asked for when a mapping is made: Lamb does not poll sources yet",
    28: "there are no functions made of images yet",
    35: "there are no DynamoDB streams to ask for the stream yet",
    36: "there is no Kinesis to ask for the stream yet",
    "memory of the account": "Lamb's accounts have no lower quota of memory than Lambda itself",
}

OTHER = "123456789012"
LONG = "a" * 65
MISSING_SIGNER = f"{ARN}code-signing-config:csc-{'0' * 17}"
# Key of the text of exceptions that the model has not.
UNMODELLED = {
    "AccessDeniedException": "Message",
    "RequestEntityTooLargeException": "Message",
    "ValidationException": "message",
}


class Case:
    """One call with what must come before it, and the words that its error is about. <fn> is a function with
    the versions 1 and 2, made when it is first spoken of; other words are names that nobody has yet."""

    def __init__(self, front, client):
        self.front, self.client = front, client
        self.words = {
            "<csc_arn_invalid>": MISSING_SIGNER,
            "<min_unreserved_concurrency>": "100",
            "<region>": REGION,
            "<wrong-region>": "ap-southeast-2",
        }

    def word(self, name):
        if name == "<fn>" and name not in self.words:
            self.words[name] = published(self.client)
        return self.words.setdefault(name, new_name())

    def fill(self, value):
        if callable(value):
            return self.fill(value(self))
        if isinstance(value, dict):
            return {self.fill(key): self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if not isinstance(value, str):
            return value
        value = re.sub("«(R[^»]*)»", lambda found: PATTERNS[found[1]], value)
        value = re.sub(r"(?<![\w/:-])ARN:", ARN, value)
        value = value.replace("111111111111", ACCOUNT)
        return re.sub(r"<[a-z0-9_:-]+>|aaa…|x…", lambda found: self.word(found[0]), value)

    def send(self, operation, parameters):
        answer = call(self.front, MODEL.operation_model(operation), self.fill(parameters))
        if answer.status_code < 300 and b'"UUID"' in answer.content:
            self.words["<uuid:1>"] = self.words["<uuid:2>"] = json.loads(answer.content)["UUID"]
        return answer


def published(client):
    name = create(client, Publish=True)
    update(client, name, Description="another")
    client.publish_version(FunctionName=name)
    return name


# ---- calls: an operation and its parameters ----


def do(operation, **parameters):
    return operation, parameters


def on(operation, **parameters):
    return operation, {"FunctionName": "<fn>", **parameters}


def new(**changes):
    members = {
        "FunctionName": "<new>",
        "Runtime": "provided.al2",
        "Handler": "h",
        "Role": ROLE,
        "Code": {"ZipFile": package()},
        **changes,
    }
    return "CreateFunction", {name: value for name, value in members.items() if value is not None}


def new_alias(name="custom", version="1", weights=None):
    members = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
    return on("CreateAlias", Name=name, FunctionVersion=version, **members)


def allow(**changes):
    members = {"StatementId": "s1", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    return on("AddPermission", **{**members, **changes})


def share(**changes):
    members = {
        "LayerName": "<res>",
        "VersionNumber": 1,
        "StatementId": "s1",
        "Action": "lambda:GetLayerVersion",
        "Principal": "*",
    }
    return "AddLayerVersionPermission", {**members, **changes}


def new_layer(**changes):
    return do(
        "PublishLayerVersion", **{"LayerName": "<res>", "Content": {"ZipFile": package()}, **changes}
    )


def provision(qualifier, count=1):
    return on(
        "PutProvisionedConcurrencyConfig", Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


def reserve(count, name="<fn>"):
    return on("PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=count)


def send_to(destination, event="OnFailure"):
    return on("PutFunctionEventInvokeConfig", DestinationConfig={event: {"Destination": destination}})


def mapped(arn, **members):
    """The function is called <res> in what is recorded of mappings."""
    return lambda case: do(
        "CreateEventSourceMapping",
        FunctionName=case.words.setdefault("<res>", case.word("<fn>")),
        EventSourceArn=arn,
        **members,
    )


QUEUE = "arn:aws:sqs:<region>:111111111111:<res>"
STREAM = "arn:aws:kinesis:<region>:111111111111:stream/<res>"
TABLE = "arn:aws:dynamodb:<region>:111111111111:table/<res>/stream/<res>"
KAFKA = {
    "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}},
    "StartingPosition": "LATEST",
    "Topics": ["topic"],
}
SECRET = {"Type": "BASIC_AUTH", "URI": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:s"}
NEW_URL = on("CreateFunctionUrlConfig", AuthType="NONE")


def unreserved(case):
    return case.client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]


def beyond_what_is_left(case):
    left = unreserved(case)
    case.words["<unreserved_concurrency>"] = str(left)
    return left + 1


def below_the_minimum(case):
    return unreserved(case) - 100 + 1


def current_hash(case):
    case.words["<code-sha256:1>"] = case.client.get_function(FunctionName=case.word("<fn>"))[
        "Configuration"
    ]["CodeSha256"]
    return case.words.setdefault("aaa…", "a" * 44)


def long_name(case):
    return case.words.setdefault("aaa…", LONG)


POWERLESS = f"arn:aws:iam::{ACCOUNT}:role/powerless"


def send_without_permission(case):
    case.words["<arn>"] = case.fill(QUEUE)
    return send_to(QUEUE)


def long_arn(case):
    case.words["<fn>"] = "a" * 120
    return "ARN:function:<fn>"


def large_value(case):
    return case.words.setdefault("x…", "x" * 4096)


def zeros(size):
    """A package that is small, of a file that is not."""
    return lambda case: package(bytes(size), compression=zipfile.ZIP_DEFLATED)


def of_size(size):
    return lambda case: bytes(size)


# What must come before, and at last the call that is refused.
CAUSES = {
    1: [do("GetFunction", FunctionName=f"arn:aws:lambda:<region>:{OTHER}:function:<fn>")],
    2: [on("PutFunctionCodeSigningConfig", CodeSigningConfigArn="<csc_arn_invalid>")],
    3: [provision("1", 2), reserve(1)],
    4: [new_alias(version="$LATEST", weights={"1": 0.5})],
    5: [on("DeleteFunction", Qualifier="$LATEST")],
    6: [new(FunctionName=long_name)],
    7: [mapped(STREAM)],
    8: [do("TagResource", Resource="ARN:function:<fn>", Tags={})],
    9: [new(Layers=[f"ARN:layer:<res>-{number}:1" for number in range(6)])],
    10: [on("PublishVersion", CodeSha256=current_hash)],
    11: [new(Code={"ZipFile": b"this is no zip"})],
    14: [new(Code={"S3Bucket": "nowhere", "S3Key": "package.zip"})],
    15: [new(Code={"S3Bucket": "contract", "S3Key": "nowhere"})],
    17: [do("CreateEventSourceMapping", FunctionName="<res>", EventSourceArn=QUEUE)],
    18: [
        mapped(
            TABLE,
            StartingPosition="LATEST",
            FilterCriteria={"Filters": [{"Pattern": '"single-string"'}]},
        )
    ],
    19: [new_alias(weights={"1": 0.5})],
    20: [new(Environment={"Variables": {"LARGE_VAR": large_value}})],
    21: [new_layer(), do("GetLayerVersion", LayerName="<res>", VersionNumber=-1)],
    22: [new_layer(), on("UpdateFunctionConfiguration", Layers=["ARN:layer:<res>:9"])],
    23: [new(Layers=["arn:aws:lambda:<wrong-region>:111111111111:layer:<res>:1"])],
    24: [mapped(QUEUE), do("UpdateEventSourceMapping", UUID="<uuid:1>", BatchSize=11)],
    25: [new_alias(weights={"1": 0.5, "2": 0.5})],
    26: [do("TagResource", Resource="ARN:function:<fn>", Tags={f"{key}": "" for key in range(51)})],
    27: [on("UpdateFunctionCode", ImageUri=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/i:1")],
    29: [provision("$LATEST")],
    30: [reserve(1), provision("1"), provision("2")],
    31: [do("CreateEventSourceMapping", FunctionName="<fn>", **KAFKA)],
    32: [provision("1", below_the_minimum)],
    33: [provision("1", beyond_what_is_left)],
    34: [reserve(below_the_minimum)],
    37: [do("TagResource", Resource="ARN:function:<fn>:doesnotexist", Tags={"a": "b"})],
    38: [do("DeleteFunction", FunctionName="some-function:1", Qualifier="$LATEST")],
    39: [send_to("ARN:function:doesnotexist")],
    40: [on("GetProvisionedConcurrencyConfig", Qualifier="$LATEST")],
    41: [send_to("arn:aws:iam:<region>:111111111111:function:<fn>", "OnSuccess")],
    42: [allow(Principal="invalid.nonaws.com")],
    43: [new(Runtime="java8")],
    44: [reserve(1, "<fn>:1")],
    45: [new_layer(), new_layer(), new(Layers=["ARN:layer:<res>:1", "ARN:layer:<res>:2"])],
    46: [on("CreateEventSourceMapping")],
    47: [
        mapped(
            QUEUE,
            DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:<region>:111111111111:q"}},
        )
    ],
    48: [
        mapped(
            "arn:aws:dynamodb:<region>:111111111111:table/<table-name>/stream/<stream-name>",
            StartingPosition="AT_TIMESTAMP",
        )
    ],
    49: [new(Code={"ZipFile": zeros(262144001)})],
    50: [new(Runtime="non-existent-runtime")],
    51: [allow(Qualifier="$LATEST")],
    52: [send_to("ARN:function:<fn>")],
    53: [on("PutFunctionEventInvokeConfig")],
    54: [on("Invoke", Payload=b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt")],
    55: [on("Invoke", Payload=b"\x99")],
    56: [on("GetProvisionedConcurrencyConfig", Qualifier="1")],
    57: [on("PublishVersion", RevisionId="wrong")],
    58: [new_layer(), share(), share(StatementId="s2", RevisionId="wrong")],
    59: [
        new_alias(),
        allow(Qualifier="custom"),
        allow(Qualifier="custom", StatementId="s2", RevisionId="wrong"),
    ],
    60: [new_alias(), new_alias()],
    61: [new_alias(), provision("1"), provision("custom")],
    62: [mapped(QUEUE), mapped(QUEUE)],
    63: [mapped(None, **KAFKA, SourceAccessConfigurations=[SECRET])] * 2,
    64: [
        lambda case: (
            NEW_URL[0],
            {**NEW_URL[1], "FunctionName": case.words.setdefault("<res>", case.word("<fn>"))},
        )
    ]
    * 2,
    65: [mapped(TABLE, StartingPosition="LATEST")] * 2,
    66: [mapped(STREAM, StartingPosition="LATEST")] * 2,
    67: [
        on("UpdateFunctionCode", ZipFile=lambda case: slow_package()),
        on("UpdateFunctionConfiguration", Timeout=9),
    ],
    68: [new_layer(), share(), share()],
    69: [new_alias(), provision("custom"), provision("1")],
    70: [on("UpdateAlias", Name="non-existent", Description="d")],
    71: [
        new_alias("<alias-name>"),
        on("DeleteAlias", Name="<alias-name>"),
        on("GetProvisionedConcurrencyConfig", Qualifier="<alias-name>"),
    ],
    72: [on("GetAlias", Name="non-existent")],
    73: [do("TagResource", Resource="ARN:capacity-provider:<res>", Tags={"a": "b"})],
    74: [
        lambda case: do(
            "TagResource",
            Resource=f"ARN:event-source-mapping:{case.words.setdefault('<res>', UNKNOWN)}",
            Tags={"a": "b"},
        )
    ],
    75: [on("DeleteFunction"), on("GetFunction")],
    76: [do("GetFunction", FunctionName="some-function:$LATEST", Qualifier="$LATEST")],
    77: [do("GetFunction", FunctionName="arn:aws:lambda:<wrong-region>:111111111111:function:<fn>")],
    78: [new_layer(), share(LayerName="<res>-doesnotexist")],
    79: [new_layer(), share(VersionNumber=2)],
    80: [do("RemovePermission", FunctionName="doesnotexist", StatementId="s3")],
    81: [on("RemovePermission", StatementId="s3")],
    82: [allow(), on("RemovePermission", StatementId="non-existent")],
    83: [do("DeleteCodeSigningConfig", CodeSigningConfigArn="<csc_arn_invalid>")],
    84: [on("GetFunctionEventInvokeConfig", Qualifier="1221")],
    85: [do("DeleteFunctionEventInvokeConfig", FunctionName="doesnotexist")],
    86: [do("PutFunctionEventInvokeConfig", FunctionName="doesnotexist", MaximumRetryAttempts=0)],
    87: [do("GetFunctionUrlConfig", FunctionName="doesnotexist")],
    88: [new(Code={"ZipFile": of_size(52700000)})],
    89: [new(Code={"ZipFile": of_size(52428801)})],
    90: [reserve(0), on("Invoke", Payload=b"{}")],
    91: [new_layer(), share(Action="*")],
    92: [provision("1", 0)],
    93: [on("CreateFunctionUrlConfig", AuthType="NONE", Qualifier="2")],
    94: [new_alias("2024")],
    95: [do("TagResource", Resource="ARN:foobar:<res>", Tags={"a": "b"})],
    96: [new(FunctionName=long_arn)],
    97: [do("GetLayerVersionByArn", Arn="ARN:layer:<res>")],
    98: [on("PutFunctionRecursionConfig", RecursiveLoop="InvalidValue")],
    99: [on("CreateFunctionUrlConfig", AuthType="NONE", InvokeMode="UNKNOWN")],
    100: [new(VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["<security_group_id_2>"]})],
    101: [new(VpcConfig={"SubnetIds": ["<subnet_id_2>"], "SecurityGroupIds": ["sg-1"]})],
    102: [on("UpdateFunctionConfiguration", Layers=["ARN:layer:<res>"])],
    103: [new(Architectures=["X86_64"])],
    104: [new(Architectures=["x86_64", "arm64"])],
    105: [do("ListLayers", CompatibleArchitecture="archdoesnotexist")],
    106: [send_to("arn:aws:_-/!lambda:<region>:111111111111:function:<fn>")],
    107: [do("Invoke", FunctionName="arn:aws:lambda:<region>:123400000000@function:myfn")],
    108: [allow(StatementId="example.com")],
    109: [do("ListFunctions", FunctionVersion="invalid")],
    110: [mapped(STREAM, StartingPosition="invalid")],
    111: [allow(Qualifier="invalid-qualifier-with-?-char")],
    112: [new(FunctionName="invalid:function:name")],
    113: [new(SnapStart={"ApplyOn": "invalidOption"})],
    114: [new(Role="r1")],
    115: [do("ListLayers", CompatibleRuntime="runtimedoesnotexist")],
    116: [new_alias(weights={"$LATEST": 0.5})],
    117: [new_alias(weights={"2": 2.0})],
    118: [do("UntagResource", Resource="ARN:function:<fn>", TagKeys=[])],
    119: [new_layer(CompatibleRuntimes=["invalidruntime"], CompatibleArchitectures=["invalidarch"])],
    "alias deletion": [new_alias(), on("DeleteFunction", Qualifier="custom")],
    "empty zip": [new(Code={"ZipFile": b""})],
    "dead letters": [new(Role=POWERLESS, DeadLetterConfig={"TargetArn": QUEUE})],
    "destination": [on("UpdateFunctionConfiguration", Role=POWERLESS), send_without_permission],
    "exists": [new(FunctionName="<fn>")],
    "handler": [new(Runtime=None, Handler=None)],
    "memory": [new(MemorySize=5555555)],
    "payload": [on("Invoke", Payload=of_size(6291457))],
    "pending": [
        new(Code={"ZipFile": lambda case: slow_package()}),
        do("UpdateFunctionConfiguration", FunctionName="<new>", Timeout=9),
    ],
    "role": [new(Role=lambda case: case.front.add_role(new_name("role"), "ec2.amazonaws.com"))],
    "timeout": [new(Timeout=1200)],
}

UNKNOWN = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def case(front, client):
    return Case(front, client)


def text_key(row, told):
    """How the member with the text is called; the rest of the answer must be of the model, too."""
    if row.code in UNMODELLED:
        return UNMODELLED[row.code]
    shape = MODEL.shape_for(row.code)
    assert row.status == shape.metadata["error"]["httpStatusCode"]
    assert set(told) <= set(shape.members)
    return "message" if "message" in shape.members else "Message"


def check(case, row, answer):
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (
        row.status,
        row.code,
    ), answer.content
    told = json.loads(answer.content)
    text = {text_key(row, told): case.fill(row.message)}
    if row.code == "TooManyRequestsException":
        assert told.pop("Reason") and int(answer.headers["retry-after"]) > 0
    assert told == ({"Type": "User", **text} if row.is_typed else text)


@pytest.mark.parametrize(
    "number", [number for number in ROWS if number not in ("code storage", "policy")]
)
def test_recorded_error(case, number):
    if number in SKIPPED:
        pytest.skip(SKIPPED[number])
    *before, cause = CAUSES[number]
    for step in before:
        answer = case.send(*(step(case) if callable(step) else step))
        assert answer.status_code < 300, answer.content
    check(case, ROWS[number], case.send(*(cause(case) if callable(cause) else cause)))


def test_policy_that_is_too_long(case):
    """The size that the error tells is that of the document it would have become."""
    for number in range(400):
        step = allow(StatementId=f"{number}-".ljust(100, "x"))
        answer = case.send(*step)
        if answer.status_code != 201:
            break
        statement = json.loads(answer.content)["Statement"]
    policy = json.loads(case.send(*on("GetPolicy")).content)["Policy"]
    assert len(policy) <= 20480
    case.words["<size>"] = str(len(policy) + len(",") + len(statement))
    check(case, ROWS["policy"], answer)


def test_code_storage_that_is_used_up(case):
    """Each version counts whole, though all have the same package."""
    size = 52_000_000
    case.words["<fn>"] = name = create(case.client, Code={"ZipFile": package(bytes(size))})
    try:
        for number in range(2000):
            update(case.client, name, Description=str(number))
            answer = case.send(*on("PublishVersion"))
            if answer.status_code != 201:
                break
        check(case, ROWS["code storage"], answer)
        account = case.client.get_account_settings()
        left = account["AccountLimit"]["TotalCodeSize"] - account["AccountUsage"]["TotalCodeSize"]
        assert 0 <= left < size + 1000
    finally:
        case.client.delete_function(FunctionName=name)


def test_every_row_is_caused_or_says_why_not():
    assert not set(SKIPPED) & set(CAUSES)
    assert set(ROWS) == set(SKIPPED) | set(CAUSES) | {"code storage", "policy"}
    assert set(range(1, 120)) <= set(ROWS)
