"""Every operation of the service model that Lamb supports, called once and more in one story, and its raw
answer held against the model: status, members, types, enumerations, bounds and patterns; then read by
botocore's own parser. What Lamb does not support says so."""

import contextlib
import json
import re
from urllib.parse import quote

import botocore.exceptions
import botocore.parsers
import pytest

from world import ACCOUNT, ARN, ROLE, SIGNERS, call, encoded, faults, package, wait
from younger import todays_model

MODEL = todays_model()

NAME = "story"
LAYER = f"{ARN}layer:story-layer"
FUNCTION = f"{ARN}function:{NAME}"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:story-queue"
STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/story"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/story/stream/2026-01-01T00:00:00.000"
CLUSTER = f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/story/11111111-2222-3333-4444-555555555555-1"
BROKER = f"arn:aws:mq:us-east-1:{ACCOUNT}:broker:story:b-11111111-2222-3333-4444-555555555555"
DOCUMENTS = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:story"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:story"

# Top-level members that an answer has.
CONFIGURATION = """
    Architectures CodeSha256 CodeSize DeadLetterConfig Description Environment EphemeralStorage FunctionArn
    FunctionName Handler LastModified Layers LoggingConfig MemorySize PackageType RevisionId Role Runtime
    RuntimeVersionConfig SnapStart State Timeout TracingConfig Version
"""
CREATED = CONFIGURATION + "StateReason StateReasonCode"
UPDATED = CONFIGURATION + "LastUpdateStatus LastUpdateStatusReason LastUpdateStatusReasonCode"
SETTLED = CONFIGURATION + "LastUpdateStatus"
ALIAS = "AliasArn Description FunctionVersion Name RevisionId"
LAYER_VERSION = """
    CompatibleArchitectures CompatibleRuntimes Content CreatedDate Description LayerArn LayerVersionArn
    LicenseInfo Version
"""
PROVISIONED = """
    AllocatedProvisionedConcurrentExecutions AvailableProvisionedConcurrentExecutions LastModified
    RequestedProvisionedConcurrentExecutions Status
"""
ASYNC = "DestinationConfig FunctionArn LastModified MaximumEventAgeInSeconds MaximumRetryAttempts"
URL = "AuthType CreationTime FunctionArn FunctionUrl"
MAPPING = "BatchSize EventSourceMappingArn FunctionArn LastModified State StateTransitionReason UUID "
QUEUED = (
    MAPPING
    + "EventSourceArn FilterCriteria FunctionResponseTypes MaximumBatchingWindowInSeconds ScalingConfig"
)
STREAMED = (
    MAPPING
    + """
    BisectBatchOnFunctionError DestinationConfig EventSourceArn FunctionResponseTypes LastProcessingResult
    MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds MaximumRetryAttempts ParallelizationFactor
    StartingPosition TumblingWindowInSeconds
"""
)

ON = {"FunctionName": NAME}
ON_ONE = {"FunctionName": NAME, "Qualifier": "1"}
LAYER_ONE = {"LayerName": "story-layer", "VersionNumber": 1}
CORS = {
    "AllowCredentials": True,
    "AllowHeaders": ["x-a"],
    "AllowMethods": ["GET", "POST"],
    "AllowOrigins": ["https://example.com"],
    "ExposeHeaders": ["x-b"],
    "MaxAge": 60,
}
TOPIC = {"Topics": ["topic"], "StartingPosition": "TRIM_HORIZON"}
PASSWORD = {"SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET}]}


def signing(story):
    return {
        "CodeSigningConfigArn": story["CreateCodeSigningConfig"]["CodeSigningConfig"][
            "CodeSigningConfigArn"
        ]
    }


def mapping(story):
    """The one made last."""
    return {"UUID": story["CreateEventSourceMapping"]["UUID"]}


# operation, its parameters (or a function of the answers so far), the members of its answer; in an order in
# which each succeeds. A row without members waits.
STORY = [
    ("CreateCodeSigningConfig", {"AllowedPublishers": SIGNERS, "Description": "d"}, "CodeSigningConfig"),
    ("GetCodeSigningConfig", signing, "CodeSigningConfig"),
    (
        "UpdateCodeSigningConfig",
        lambda story: {
            **signing(story),
            "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
        },
        "CodeSigningConfig",
    ),
    ("ListCodeSigningConfigs", {"MaxItems": 10}, "CodeSigningConfigs"),
    (
        "PublishLayerVersion",
        {
            "LayerName": "story-layer",
            "Description": "d",
            "Content": {"ZipFile": package("text", "text")},
            "CompatibleRuntimes": ["python3.11"],
            "CompatibleArchitectures": ["x86_64", "arm64"],
            "LicenseInfo": "MIT",
        },
        LAYER_VERSION,
    ),
    ("GetLayerVersion", LAYER_ONE, LAYER_VERSION),
    ("GetLayerVersionByArn", {"Arn": f"{LAYER}:1"}, LAYER_VERSION),
    ("ListLayers", {"CompatibleRuntime": "python3.11", "CompatibleArchitecture": "arm64"}, "Layers"),
    ("ListLayerVersions", {"LayerName": "story-layer"}, "LayerVersions"),
    (
        "AddLayerVersionPermission",
        {**LAYER_ONE, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"},
        "RevisionId Statement",
    ),
    ("GetLayerVersionPolicy", LAYER_ONE, "Policy RevisionId"),
    ("RemoveLayerVersionPermission", {**LAYER_ONE, "StatementId": "s"}, ""),
    (
        "CreateFunction",
        {
            **ON,
            "Runtime": "python3.12",
            "Handler": "h.h",
            "Role": ROLE,
            "Code": {"ZipFile": package()},
            "DeadLetterConfig": {"TargetArn": QUEUE},
            "Environment": {"Variables": {"AA": "b"}},
            "EphemeralStorage": {"Size": 1024},
            "Layers": [f"{LAYER}:1"],
            "LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN", "LogGroup": "/story"},
            "SnapStart": {"ApplyOn": "PublishedVersions"},
            "Tags": {"a": "b"},
            "TracingConfig": {"Mode": "Active"},
        },
        CREATED,
    ),
    ("function_active_v2", ON, None),
    ("GetFunctionConfiguration", ON, SETTLED),
    ("UpdateFunctionConfiguration", {**ON, "Description": "d", "Timeout": 5}, UPDATED),
    ("function_updated_v2", ON, None),
    ("PublishVersion", {**ON, "Description": "one"}, SETTLED),
    ("UpdateFunctionCode", {**ON, "ZipFile": package("other")}, UPDATED),
    ("function_updated_v2", ON, None),
    ("PublishVersion", {**ON, "Description": "two"}, SETTLED),
    ("ListVersionsByFunction", {**ON, "MaxItems": 2}, "NextMarker Versions"),
    ("ListFunctions", {"FunctionVersion": "ALL", "MaxItems": 1}, "Functions NextMarker"),
    (
        "CreateAlias",
        {
            **ON,
            "Name": "live",
            "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}},
        },
        ALIAS + " RoutingConfig",
    ),
    ("GetAlias", {**ON, "Name": "live"}, ALIAS + " RoutingConfig"),
    ("ListAliases", {**ON, "FunctionVersion": "1"}, "Aliases"),
    (
        "UpdateAlias",
        {**ON, "Name": "live", "RoutingConfig": {"AdditionalVersionWeights": {}}},
        ALIAS,
    ),
    (
        "AddPermission",
        {
            **ON_ONE,
            "StatementId": "s",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": "arn:aws:s3:::bucket",
            "SourceAccount": ACCOUNT,
        },
        "Statement",
    ),
    ("GetPolicy", ON_ONE, "Policy RevisionId"),
    ("RemovePermission", {**ON_ONE, "StatementId": "s"}, ""),
    (
        "PutFunctionConcurrency",
        {**ON, "ReservedConcurrentExecutions": 5},
        "ReservedConcurrentExecutions",
    ),
    ("GetFunctionConcurrency", ON, "ReservedConcurrentExecutions"),
    ("GetFunction", ON, "Code Concurrency Configuration Tags"),
    ("PutProvisionedConcurrencyConfig", {**ON_ONE, "ProvisionedConcurrentExecutions": 1}, PROVISIONED),
    ("GetProvisionedConcurrencyConfig", ON_ONE, PROVISIONED + "StatusReason"),
    ("ListProvisionedConcurrencyConfigs", ON, "ProvisionedConcurrencyConfigs"),
    ("DeleteProvisionedConcurrencyConfig", ON_ONE, ""),
    ("DeleteFunctionConcurrency", ON, ""),
    ("GetFunctionConcurrency", ON, ""),
    (
        "PutFunctionEventInvokeConfig",
        {
            **ON,
            "MaximumEventAgeInSeconds": 60,
            "MaximumRetryAttempts": 0,
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
        },
        ASYNC,
    ),
    ("UpdateFunctionEventInvokeConfig", {**ON, "MaximumRetryAttempts": 1}, ASYNC),
    ("GetFunctionEventInvokeConfig", ON, ASYNC),
    ("ListFunctionEventInvokeConfigs", ON, "FunctionEventInvokeConfigs"),
    ("DeleteFunctionEventInvokeConfig", ON, ""),
    (
        "CreateFunctionUrlConfig",
        {**ON, "AuthType": "AWS_IAM", "Cors": CORS, "InvokeMode": "BUFFERED"},
        URL + " Cors InvokeMode",
    ),
    ("GetFunctionUrlConfig", ON, URL + " Cors InvokeMode LastModifiedTime"),
    ("UpdateFunctionUrlConfig", {**ON, "AuthType": "NONE"}, URL + " Cors InvokeMode LastModifiedTime"),
    ("ListFunctionUrlConfigs", ON, "FunctionUrlConfigs"),
    ("DeleteFunctionUrlConfig", ON, ""),
    (
        "PutFunctionCodeSigningConfig",
        lambda story: {**ON, **signing(story)},
        "CodeSigningConfigArn FunctionName",
    ),
    ("GetFunctionCodeSigningConfig", ON, "CodeSigningConfigArn FunctionName"),
    ("ListFunctionsByCodeSigningConfig", signing, "FunctionArns"),
    ("DeleteFunctionCodeSigningConfig", ON, ""),
    ("DeleteCodeSigningConfig", signing, ""),
    (
        "CreateEventSourceMapping",
        {
            **ON,
            "EventSourceArn": QUEUE,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "FilterCriteria": {"Filters": [{"Pattern": '{"body":["a"]}'}]},
            "ScalingConfig": {"MaximumConcurrency": 2},
        },
        QUEUED,
    ),
    (
        "CreateEventSourceMapping",
        {
            **ON,
            "EventSourceArn": TABLE,
            "StartingPosition": "LATEST",
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
        },
        STREAMED,
    ),
    (
        "CreateEventSourceMapping",
        {
            **ON,
            "EventSourceArn": CLUSTER,
            **TOPIC,
            "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"},
        },
        MAPPING + "AmazonManagedKafkaEventSourceConfig EventSourceArn StartingPosition Topics",
    ),
    (
        "CreateEventSourceMapping",
        {
            **ON,
            **TOPIC,
            **PASSWORD,
            "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}},
        },
        MAPPING + "SelfManagedEventSource SelfManagedKafkaEventSourceConfig SourceAccessConfigurations"
        " StartingPosition Topics",
    ),
    (
        "CreateEventSourceMapping",
        {**ON, "EventSourceArn": BROKER, "Queues": ["queue"], **PASSWORD},
        MAPPING + "EventSourceArn Queues SourceAccessConfigurations",
    ),
    (
        "CreateEventSourceMapping",
        {
            **ON,
            "EventSourceArn": DOCUMENTS,
            "StartingPosition": "LATEST",
            "DocumentDBEventSourceConfig": {"DatabaseName": "d", "CollectionName": "c"},
            **PASSWORD,
        },
        MAPPING
        + "DocumentDBEventSourceConfig EventSourceArn SourceAccessConfigurations StartingPosition",
    ),
    (
        "CreateEventSourceMapping",
        {
            **ON,
            "EventSourceArn": STREAM,
            "StartingPosition": "AT_TIMESTAMP",
            "StartingPositionTimestamp": 1e9,
        },
        STREAMED + "StartingPositionTimestamp",
    ),
    ("GetEventSourceMapping", mapping, STREAMED + "StartingPositionTimestamp"),
    ("ListEventSourceMappings", ON, "EventSourceMappings"),
    (
        "UpdateEventSourceMapping",
        lambda story: {**mapping(story), "Enabled": False, "BatchSize": 7},
        STREAMED + "StartingPositionTimestamp",
    ),
    ("DeleteEventSourceMapping", mapping, STREAMED + "StartingPositionTimestamp"),
    ("TagResource", {"Resource": FUNCTION, "Tags": {"c": "d"}}, ""),
    ("ListTags", {"Resource": FUNCTION}, "Tags"),
    ("UntagResource", {"Resource": FUNCTION, "TagKeys": ["a", "c"]}, ""),
    ("PutFunctionRecursionConfig", {**ON, "RecursiveLoop": "Allow"}, "RecursiveLoop"),
    ("GetFunctionRecursionConfig", ON, "RecursiveLoop"),
    (
        "PutRuntimeManagementConfig",
        {**ON, "UpdateRuntimeOn": "FunctionUpdate"},
        "FunctionArn RuntimeVersionArn UpdateRuntimeOn",
    ),
    ("GetRuntimeManagementConfig", ON_ONE, "FunctionArn RuntimeVersionArn UpdateRuntimeOn"),
    ("Invoke", {**ON, "Qualifier": "live", "LogType": "Tail", "Payload": b'{"a": 1}'}, "a"),
    ("InvokeAsync", {**ON, "InvokeArgs": b'{"a": 1}'}, ""),
    (
        "InvokeWithResponseStream",
        {**ON, "Qualifier": "live", "LogType": "Tail", "Payload": b'{"a": 1}'},
        "PayloadChunk InvokeComplete",
    ),
    ("GetAccountSettings", {}, "AccountLimit AccountUsage"),
    ("DeleteAlias", {**ON, "Name": "live"}, ""),
    ("DeleteFunction", ON_ONE, ""),
    ("DeleteFunction", ON, ""),
    ("DeleteLayerVersion", LAYER_ONE, ""),
]

class EventBody:
    """The body of an answer as the parser of event streams wants it."""

    def __init__(self, content):
        self.content = content

    def stream(self):
        yield self.content

    def close(self):
        pass


CALLS = [index for index, row in enumerate(STORY) if row[2] is not None]


def send(front, story, name, parameters):
    operation = MODEL.operation_model(name)
    answer = call(front, operation, parameters(story) if callable(parameters) else parameters)
    body = EventBody(answer.content) if operation.has_event_stream_output else answer.content
    answer.parsed = botocore.parsers.create_parser("rest-json").parse(
        {"status_code": answer.status_code, "headers": answer.headers, "body": body, "context": {}},
        operation.output_shape,
    )
    if operation.has_event_stream_output:
        answer.parsed["EventStream"] = list(answer.parsed["EventStream"])
    story[name] = answer.parsed
    return answer


@pytest.fixture(scope="module")
def answers(front, client):
    """The raw answers, by their index in the story. What can't be tried because of an earlier refusal has
    none."""
    found, story = {}, {}
    for index, (name, parameters, members) in enumerate(STORY):
        with contextlib.suppress(botocore.exceptions.WaiterError, KeyError):
            if members is None:
                wait(client, waiter=name, name=parameters["FunctionName"])
            else:
                found[index] = send(front, story, name, parameters)
    return found


@pytest.mark.parametrize("index", CALLS, ids=lambda index: f"{index}-{STORY[index][0]}")
def test_answer_is_what_the_model_says(answers, operations, index):
    name, _, members = STORY[index]
    answer, shape = answers[index], MODEL.operation_model(name).output_shape
    assert answer.status_code == operations[name][3], answer.content
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.headers["x-amzn-requestid"])
    if answer.status_code == 204 or name == "InvokeAsync":  # its only member is the status
        assert answer.content == b""
        return
    if MODEL.operation_model(name).has_event_stream_output:
        assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert [key for event in answer.parsed["EventStream"] for key in event] == members.split()
        return
    assert answer.headers["content-type"] == "application/json"
    document = json.loads(answer.content)
    assert set(document) == set(members.split())
    if "payload" not in shape.serialization:
        assert not list(faults(shape, document, name))
        assert {member for member in document if document[member] is not None} <= set(answer.parsed)


@pytest.mark.parametrize(
    "name, changes, found",
    [
        ("GetFunctionUrlConfig", {"AuthType": "SOME"}, ".AuthType: 'SOME' is none of"),
        (
            "GetFunctionUrlConfig",
            {"FunctionUrl": "short"},
            ".FunctionUrl: 'short' is not within 40 and 100",
        ),
        ("GetFunctionUrlConfig", {"FunctionArn": "x"}, ".FunctionArn: 'x' does not match"),
        ("GetFunctionUrlConfig", {"FunctionArn": None}, ".FunctionArn: None is no string"),
        ("GetFunctionUrlConfig", {"Url": ""}, ".Url is not in the model"),
        ("GetFunctionUrlConfig", {"Cors": {"MaxAge": True}}, ".Cors.MaxAge: True is no integer"),
        ("ListTags", {"Tags": {"a": 1}}, ".Tags[a]: 1 is no string"),
        ("ListLayers", {"Layers": [{"LayerName": 1}]}, ".Layers[0].LayerName: 1 is no string"),
        ("GetEventSourceMapping", {"LastModified": "2026"}, ".LastModified: '2026' is no timestamp"),
    ],
)
def test_the_comparison_finds_what_differs(answers, name, changes, found):
    index = next(index for index in CALLS if STORY[index][0] == name)
    document, shape = json.loads(answers[index].content), MODEL.operation_model(name).output_shape
    assert [fault for fault in faults(shape, {**document, **changes}, "") if fault.startswith(found)]
    for member in shape.required_members:
        less = {key: value for key, value in document.items() if key != member}
        assert list(faults(shape, less, "")) == [f".{member} is missing"]


def test_invoke_answers_in_headers(answers):
    index = next(index for index in CALLS if STORY[index][0] == "Invoke")
    parsed = answers[index].parsed
    assert (parsed["StatusCode"], parsed["ExecutedVersion"]) == (200, "1")
    assert parsed["LogResult"] == encoded(b"START\nEND\n")
    assert "FunctionError" not in parsed


def test_stream_answers_in_headers_and_events(answers):
    index = next(index for index in CALLS if STORY[index][0] == "InvokeWithResponseStream")
    parsed = answers[index].parsed
    assert (parsed["StatusCode"], parsed["ExecutedVersion"]) == (200, "1")
    assert parsed["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    assert parsed["EventStream"] == [
        {"PayloadChunk": {"Payload": b'{"a": 1}'}},
        {"InvokeComplete": {"LogResult": encoded(b"START\nEND\n")}},
    ]


def test_story_has_every_supported_operation(operations):
    supported = {name for name, row in operations.items() if row[4]}
    assert supported == {STORY[index][0] for index in CALLS}


def test_every_operation_of_the_model_is_known(operations):
    assert set(MODEL.operation_names) <= set(operations)


# Bodies for operations that need more than the names in their path.
BODIES = {
    "CheckpointDurableExecution": {"CheckpointToken": "token"},
    "CreateCapacityProvider": {
        "CapacityProviderName": "provider",
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": ROLE},
    },
}
EXECUTION = f"{FUNCTION}:1/durable-execution/name/id"
LABELS = {
    "CallbackId": "Y2FsbGJhY2s=",
    "CapacityProviderName": "provider",
    "DurableExecutionArn": EXECUTION,
    "FunctionName": "f",
}
QUERIES = {
    "GetDurableExecutionState": "?CheckpointToken=dG9rZW4=",
    "GetFunctionScalingConfig": "?Qualifier=1",
    "PutFunctionScalingConfig": "?Qualifier=1",
}


def test_what_is_not_supported_says_so(front, operations):
    refused = {name for name, row in operations.items() if not row[4]}
    assert len(refused) == 85 - len({STORY[index][0] for index in CALLS})
    for name in refused:
        method, path = operations[name][:2]
        path = re.sub(r"\{(\w+)\}", lambda found: quote(LABELS[found[1]], safe=""), path)
        body = json.dumps(BODIES.get(name, {})) if method in ("POST", "PUT") else b""
        answer = front.send(method, path + QUERIES.get(name, ""), body)
        assert (answer.status_code, answer.headers["x-amzn-errortype"], json.loads(answer.content)) == (
            400,
            "UnsupportedOperationException",
            {"Type": "User", "message": f"Lamb does not support {name} yet."},
        ), name
