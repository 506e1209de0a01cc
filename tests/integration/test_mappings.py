"""Event source mappings: what each source knows, defaults, states, duplicates, lists and tags."""

import json
import time
import uuid
from urllib.parse import quote

import botocore.exceptions
import pytest

from support import clients, packages

MAPPINGS = "/2015-03-31/event-source-mappings"
REASON = "Lamb does not poll event sources yet: nothing is read from this one."
ACCOUNT = "000000000000"


def queue(suffix=""):
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{uuid.uuid4().hex}{suffix}"


def stream():
    return f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{uuid.uuid4().hex}"


def table():
    return f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{uuid.uuid4().hex}/stream/2026-01-01T00:00:00.000"


@pytest.fixture
def function(lamb):
    return lamb.create_bash("echo '{}'")


@pytest.fixture
def mappings(lamb):
    """Makes mappings and deletes them afterwards."""
    made = []

    class Mappings:
        def create(self, **members):
            answer = lamb.client.create_event_source_mapping(**members)
            assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 202
            made.append(answer["UUID"])
            return answer

        def get(self, identifier):
            answer = lamb.client.get_event_source_mapping(UUID=identifier)
            answer.pop("ResponseMetadata")
            return answer

    yield Mappings()
    for identifier in made:
        try:
            lamb.client.delete_event_source_mapping(UUID=identifier)
        except lamb.client.exceptions.ResourceNotFoundException:
            pass


def refused(call, **members):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**members)
    response = error.value.response
    return (
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Code"],
        response["Error"]["Message"],
    )


def test_queue_has_its_defaults(lamb, function, mappings):
    arn = queue()
    created = mappings.create(FunctionName=function, EventSourceArn=arn)
    identifier = created["UUID"]
    expected = {
        "BatchSize": 10,
        "EventSourceArn": arn,
        "FunctionArn": lamb.arn(function),
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "StateTransitionReason": REASON,
        "UUID": identifier,
    }
    assert abs(created.pop("LastModified").timestamp() - time.time()) < 60
    created.pop("EventSourceMappingArn", None)
    assert created == {**expected, "State": "Creating"}
    shown = mappings.get(identifier)
    shown.pop("LastModified")
    shown.pop("EventSourceMappingArn", None)
    assert shown == {**expected, "State": "Enabled"}


def test_stream_has_its_defaults(lamb, function, mappings):
    arn = stream()
    created = mappings.create(
        FunctionName=function, EventSourceArn=arn, StartingPosition="TRIM_HORIZON", Enabled=False
    )
    created.pop("LastModified")
    created.pop("EventSourceMappingArn", None)
    assert created == {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "EventSourceArn": arn,
        "FunctionArn": lamb.arn(function),
        "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "StartingPosition": "TRIM_HORIZON",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
        "UUID": created["UUID"],
    }
    assert mappings.get(created["UUID"])["State"] == "Disabled"


def test_self_managed_kafka(lamb, function, mappings):
    members = {
        "FunctionName": function,
        "Topics": ["topic"],
        "StartingPosition": "LATEST",
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}},
        "SourceAccessConfigurations": [
            {"Type": "BASIC_AUTH", "URI": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:s"}
        ],
    }
    created = mappings.create(**members)
    for name in ("Topics", "SelfManagedEventSource", "SourceAccessConfigurations", "StartingPosition"):
        assert created[name] == members[name]
    assert created["BatchSize"] == 100
    assert "EventSourceArn" not in created
    assert uuid.UUID(created["SelfManagedKafkaEventSourceConfig"]["ConsumerGroupId"])
    assert refused(lamb.client.create_event_source_mapping, **members) == (
        409,
        "ResourceConflictException",
        f'An event source mapping with event source ("kafka:1000"), function ("{lamb.arn(function)}"), '
        f'topics ("topic") already exists. Please update or delete the existing mapping with UUID '
        f"{created['UUID']}",
    )
    del members["SourceAccessConfigurations"]
    assert refused(lamb.client.create_event_source_mapping, **members) == (
        400,
        "InvalidParameterValueException",
        "Required 'sourceAccessConfigurations' parameter is missing.",
    )


def test_kafka_keeps_its_consumer_group(lamb, function, mappings):
    """Whatever is sent for the structure that the group is a part of."""
    members = {
        "FunctionName": function,
        "Topics": ["topic"],
        "StartingPosition": "LATEST",
        "EventSourceArn": f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/{uuid.uuid4()}/{uuid.uuid4()}-1",
    }
    registry = {"SchemaRegistryURI": "https://registry.example.com", "EventRecordFormat": "JSON"}
    name = "AmazonManagedKafkaEventSourceConfig"
    made = clients.request(
        lamb.daemon,
        "POST",
        MAPPINGS,
        json.dumps({**members, name: {"SchemaRegistryConfig": registry}}),
    ).json
    group = made[name]["ConsumerGroupId"]
    assert uuid.UUID(group)
    assert made[name]["SchemaRegistryConfig"] == registry
    path = f"{MAPPINGS}/{made['UUID']}"
    body = json.dumps({name: {}, "BatchSize": 7})
    assert clients.request(lamb.daemon, "PUT", path, body).json[name] == {"ConsumerGroupId": group}
    assert mappings.get(made["UUID"])[name] == {"ConsumerGroupId": group}
    lamb.client.delete_event_source_mapping(UUID=made["UUID"])


def test_only_what_the_api_knows_is_kept(lamb, function, mappings):
    made = clients.request(
        lamb.daemon,
        "POST",
        MAPPINGS,
        json.dumps({"FunctionName": function, "EventSourceArn": queue()})[:-1]
        + ', "ScalingConfig": {"Other": [1], "MaximumConcurrency": "x", "MaximumConcurrency": 5}}',
    )
    assert b'"ScalingConfig":{"MaximumConcurrency":5}' in made.body
    lamb.client.delete_event_source_mapping(UUID=made.json["UUID"])


def test_filter_criteria_are_kept_and_taken_back(lamb, function, mappings):
    criteria = {"Filters": [{"Pattern": json.dumps({"body": {"a": ["b"]}})}]}
    created = mappings.create(FunctionName=function, EventSourceArn=queue(), FilterCriteria=criteria)
    assert created["FilterCriteria"] == criteria
    assert mappings.get(created["UUID"])["FilterCriteria"] == criteria
    lamb.client.update_event_source_mapping(UUID=created["UUID"], FilterCriteria={})
    assert "FilterCriteria" not in mappings.get(created["UUID"])


def test_update_changes_what_was_sent(lamb, function, mappings):
    created = mappings.create(FunctionName=function, EventSourceArn=queue())
    other = lamb.create_bash("echo '{}'")
    answer = lamb.client.update_event_source_mapping(
        UUID=created["UUID"], BatchSize=5, FunctionName=other
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (answer["State"], answer["BatchSize"]) == ("Updating", 5)
    assert mappings.get(created["UUID"])["FunctionArn"] == lamb.arn(other)
    answer = lamb.client.update_event_source_mapping(UUID=created["UUID"], Enabled=False)
    assert (answer["State"], answer["BatchSize"]) == ("Disabling", 5)
    shown = mappings.get(created["UUID"])
    assert (shown["State"], shown["StateTransitionReason"]) == ("Disabled", "USER_INITIATED")
    answer = lamb.client.update_event_source_mapping(UUID=created["UUID"], Enabled=True)
    assert answer["State"] == "Enabling"
    assert mappings.get(created["UUID"])["State"] == "Enabled"


def test_large_batches_need_a_window(lamb, function, mappings):
    created = mappings.create(FunctionName=function, EventSourceArn=queue())
    assert refused(
        lamb.client.update_event_source_mapping, UUID=created["UUID"], BatchSize=9999
    ) == (
        400,
        "InvalidParameterValueException",
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
    )
    assert mappings.get(created["UUID"])["BatchSize"] == 10
    lamb.client.update_event_source_mapping(
        UUID=created["UUID"], BatchSize=9999, MaximumBatchingWindowInSeconds=1
    )
    assert mappings.get(created["UUID"])["BatchSize"] == 9999


def test_delete(lamb, function, mappings):
    created = mappings.create(FunctionName=function, EventSourceArn=queue())
    answer = lamb.client.delete_event_source_mapping(UUID=created["UUID"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["State"] == "Deleting"
    missing = (404, "ResourceNotFoundException", "The resource you requested does not exist.")
    assert refused(lamb.client.get_event_source_mapping, UUID=created["UUID"]) == missing
    assert refused(lamb.client.delete_event_source_mapping, UUID=created["UUID"]) == missing
    assert refused(lamb.client.update_event_source_mapping, UUID=created["UUID"], BatchSize=1) == missing


def test_a_mapping_stays_when_its_function_goes(lamb, function, mappings):
    created = mappings.create(FunctionName=function, EventSourceArn=queue())
    lamb.client.delete_function(FunctionName=function)
    assert mappings.get(created["UUID"])["FunctionArn"] == lamb.arn(function)


@pytest.mark.parametrize(
    "make, members, text",
    [
        (
            queue,
            {},
            'An event source mapping with SQS arn (" {arn} ") and function (" {name} ") already exists. '
            "Please update or delete the existing mapping with UUID {uuid}",
        ),
        (
            stream,
            {"StartingPosition": "LATEST"},
            'The event source arn (" {arn} ") and function (" {name} ") provided mapping already exists. '
            "Please update or delete the existing mapping with UUID {uuid}",
        ),
        (
            table,
            {"StartingPosition": "LATEST"},
            'The event source arn (" {arn} ") and function (" {name} ") provided mapping already exists. '
            "Please update or delete the existing mapping with UUID {uuid}",
        ),
    ],
)
def test_duplicates_are_refused(lamb, function, mappings, make, members, text):
    arn = make()
    created = mappings.create(FunctionName=function, EventSourceArn=arn, **members)
    assert refused(
        lamb.client.create_event_source_mapping, FunctionName=function, EventSourceArn=arn, **members
    ) == (
        409,
        "ResourceConflictException",
        text.format(arn=arn, name=function, uuid=created["UUID"]),
    )
    other = lamb.create_bash("echo '{}'")
    mappings.create(FunctionName=other, EventSourceArn=arn, **members)


@pytest.mark.parametrize(
    "members, message",
    [
        ({"FunctionName": "nowhere", "EventSourceArn": queue()}, "Function does not exist"),
        ({"FunctionName": "{name}"}, "Unrecognized event source."),
        (
            {"FunctionName": "{name}", "EventSourceArn": "arn:aws:sns:us-east-1:000000000000:t"},
            "Unrecognized event source.",
        ),
        (
            {
                "FunctionName": "{name}",
                "EventSourceArn": queue(),
                "DestinationConfig": {"OnFailure": {"Destination": queue()}},
            },
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
        (
            {"FunctionName": "{name}", "EventSourceArn": stream()},
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null.",
        ),
        (
            {
                "FunctionName": "{name}",
                "EventSourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/s",
                "StartingPosition": "AT_TIMESTAMP",
                "StartingPositionTimestamp": 1741010802,
            },
            "Unsupported starting position for arn type: "
            "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/s",
        ),
        (
            {
                "FunctionName": "{name}",
                "EventSourceArn": queue(),
                "FilterCriteria": {"Filters": [{"Pattern": '"single-string"'}]},
            },
            "Invalid filter pattern definition.",
        ),
    ],
)
def test_what_is_refused(lamb, function, members, message):
    members["FunctionName"] = members["FunctionName"].replace("{name}", function)
    assert refused(lamb.client.create_event_source_mapping, **members) == (
        400,
        "InvalidParameterValueException",
        message,
    )


def test_unknown_starting_position(lamb, function):
    body = {"FunctionName": function, "EventSourceArn": stream(), "StartingPosition": "invalid"}
    answer = lamb.request("POST", MAPPINGS, json.dumps(body))
    assert (answer.status, answer.error, answer.message) == (
        400,
        "ValidationException",
        "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: "
        "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
    )


def test_lists_are_filtered_and_paged(lamb, function, mappings):
    other = lamb.create_bash("echo '{}'")
    arns = [queue() for _ in range(5)]
    for arn in arns:
        mappings.create(FunctionName=function, EventSourceArn=arn)
    mappings.create(FunctionName=other, EventSourceArn=arns[0])
    paginator = lamb.client.get_paginator("list_event_source_mappings")
    pages = list(paginator.paginate(FunctionName=function, PaginationConfig={"PageSize": 2}))
    assert [len(page["EventSourceMappings"]) for page in pages] == [2, 2, 1]
    found = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    assert sorted(mapping["EventSourceArn"] for mapping in found) == sorted(arns)
    assert [mapping["UUID"] for mapping in found] == sorted(mapping["UUID"] for mapping in found)
    by_source = lamb.client.list_event_source_mappings(EventSourceArn=arns[0])["EventSourceMappings"]
    assert {mapping["FunctionArn"] for mapping in by_source} == {lamb.arn(function), lamb.arn(other)}
    both = lamb.client.list_event_source_mappings(EventSourceArn=arns[0], FunctionName=lamb.arn(other))
    assert len(both["EventSourceMappings"]) == 1


def test_tags(lamb, function, mappings):
    body = {"FunctionName": function, "EventSourceArn": queue(), "Tags": {"a": "b"}}
    answer = lamb.request("POST", MAPPINGS + "/", json.dumps(body))
    assert answer.status == 202
    arn = answer.json["EventSourceMappingArn"]
    assert arn == f"arn:aws:lambda:us-east-1:{ACCOUNT}:event-source-mapping:{answer.json['UUID']}"
    assert lamb.client.list_tags(Resource=arn)["Tags"] == {"a": "b"}
    lamb.client.tag_resource(Resource=arn, Tags={"c": "d"})
    lamb.client.untag_resource(Resource=arn, TagKeys=["a"])
    assert lamb.client.list_tags(Resource=arn)["Tags"] == {"c": "d"}
    version = arn.replace(":event-source-mapping:", ":function:event-source-mapping:")
    answer_of_version = lamb.request("GET", "/2017-03-31/tags/" + quote(version, safe=""))
    assert answer_of_version.status == 400
    assert answer_of_version.message.startswith("Tags on function aliases and versions are not supported.")
    lamb.client.delete_event_source_mapping(UUID=answer.json["UUID"])
    answer = lamb.request("GET", "/2017-03-31/tags/" + quote(arn, safe=""))
    assert (answer.status, answer.message) == (404, f"Event source mapping not found: {arn}")


def test_mappings_survive_a_restart(new_daemon):
    lamb = new_daemon()
    name = lamb.create_bash("echo '{}'")
    created = lamb.client.create_event_source_mapping(FunctionName=name, EventSourceArn=queue())
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    shown = lamb.client.get_event_source_mapping(UUID=created["UUID"])
    assert (shown["State"], shown["EventSourceArn"]) == ("Enabled", created["EventSourceArn"])


def test_cli(lamb, function, mappings):
    arn = queue()
    created = lamb.aws(
        "lambda", "create-event-source-mapping", "--function-name", function, "--event-source-arn", arn
    )
    listed = lamb.aws("lambda", "list-event-source-mappings", "--function-name", function)
    assert [mapping["UUID"] for mapping in listed["EventSourceMappings"]] == [created["UUID"]]
    deleted = lamb.aws("lambda", "delete-event-source-mapping", "--uuid", created["UUID"])
    assert deleted["State"] == "Deleting"
