"""The members of every operation, as tables of Lamb, against the public service model of an installed
botocore: place, type, required, enumeration, pattern, length and range. The model may be older than the
tables: what came since is listed here, with what it is now; everything else must be equal."""

import copy
import json
import re
import subprocess

import botocore.session
import pytest

import model
from conftest import program

REGION = r"(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"
OLD_REGIONS = (r"[a-z]{2}(-gov)?-[a-z]+-\d{1}", r"[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}")
NAME = rf"(arn:(aws[a-zA-Z-]*)?:lambda:)?({REGION}:)?(\d{{12}}:)?(function:)?"
ARN = rf"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:({REGION})?:(\d{{12}})?:(.*)"
READ = NAME + r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
LAYER = rf"(aws[a-zA-Z-]*)?:lambda:{REGION}:\d{{12}}:layer:[a-zA-Z0-9-_]+"
TAG = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
UUID = "-".join("[0-9a-fA-F]{%d}" % length for length in (8, 4, 4, 4, 12))

# shape -> its patterns now, one for each of the shapes that it was split into.
PATTERNS = {
    "DestinationArn": [r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|" + ARN],
    "FileSystemArn": [
        rf"arn:aws[a-zA-Z-]*:elasticfilesystem:{REGION}:\d{{12}}:access-point/fsap-[a-f0-9]{{17}}$|"
        r"^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/"
        r"access-point/fsap-[0-9a-f]{17,40}"
    ],
    "FunctionArn": [
        rf"arn:(aws[a-zA-Z-]*):lambda:{REGION}:\d{{12}}:"
        r"(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|"
        rf"code-signing-config:csc-[a-z0-9]{{17}}|event-source-mapping:{UUID}|"
        r"capacity-provider:[a-zA-Z0-9-_]+)"
    ],
    "FunctionName": [READ, NAME + r"([a-zA-Z0-9-_]{1,64})(:((?!\d+$)[0-9a-zA-Z-_]+))?"],
    "FunctionUrlQualifier": [r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"],
    "LayerName": [f"(arn:{LAYER})|[a-zA-Z0-9-_]+"],
    "LayerVersionArn": [f"(arn:{LAYER}:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)"],
    "LicenseInfo": [".*"],
    "NamespacedFunctionName": [READ],
    "Pattern": [r"[\s\S]*"],
    "Qualifier": [r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"],
    "S3Key": [".*"],
    "S3ObjectVersion": [".*"],
    "SecurityGroupId": ["sg-[0-9a-zA-Z]*"],
    "SubnetId": ["subnet-[0-9a-z]*"],
    "TagKey": [TAG],
    "TagValue": [TAG],
    "TaggableResource": [],
    "URI": [r"[ a-zA-Z0-9-\/*:_+=.@-]*"],
    "Version": [r"(\$LATEST(\.PUBLISHED)?|[0-9]+)"],
}
PATTERNS["TaggableResource"] = PATTERNS["FunctionArn"]

# shape -> its bounds now.
SIZES = {
    "Action": (0, 10000),
    "Arn": (0, 10000),
    "FileSystemArn": (0, 256),
    "FunctionArn": (1, 10000),
    "FunctionName": (1, 256),  # of those that became NamespacedFunctionName
    "KMSKeyArn": (0, 10000),
    "LayerPermissionAllowedPrincipal": (0, 10000),
    "LayerVersionArn": (1, 2048),
    "MasterRegion": (1, 50),
    "MemorySize": (128, 10240),  # on standard compute; the model goes up to that of managed instances
    "NamespacedFunctionName": (1, 256),
    "Principal": (0, 2048),
    "ResourceArn": (0, 10000),
    "RoleArn": (0, 10000),
    "SecurityGroupId": (0, 1024),
    "SourceAccessConfigurations": (0, 23),
    "String": (36, 36),  # of those that became UUIDString
    "SubnetId": (0, 1024),
    "TagKey": (1, 128),
    "TagValue": (0, 256),
    "Timeout": (1, 900),  # as MemorySize
}

# Members that came since, by the last two names of their path.
MEMBERS = """
    AddPermission.InvokedViaFunctionUrl
    AmazonManagedKafkaEventSourceConfig.SchemaRegistryConfig
    Code.S3ObjectStorageMode
    Code.SourceKMSKeyArn
    Content.S3ObjectStorageMode
    CreateCodeSigningConfig.Tags
    CreateEventSourceMapping.DocumentDBEventSourceConfig
    CreateEventSourceMapping.KMSKeyArn
    CreateEventSourceMapping.LoggingConfig
    CreateEventSourceMapping.MetricsConfig
    CreateEventSourceMapping.ProvisionedPollerConfig
    CreateEventSourceMapping.ScalingConfig
    CreateEventSourceMapping.Tags
    CreateFunction.CapacityProviderConfig
    CreateFunction.DurableConfig
    CreateFunction.LoggingConfig
    CreateFunction.PublishTo
    CreateFunction.TenancyConfig
    CreateFunctionUrlConfig.InvokeMode
    Invoke.DurableExecutionName
    Invoke.TenantId
    PublishVersion.PublishTo
    SelfManagedKafkaEventSourceConfig.SchemaRegistryConfig
    UpdateEventSourceMapping.AmazonManagedKafkaEventSourceConfig
    UpdateEventSourceMapping.DocumentDBEventSourceConfig
    UpdateEventSourceMapping.KMSKeyArn
    UpdateEventSourceMapping.LoggingConfig
    UpdateEventSourceMapping.MetricsConfig
    UpdateEventSourceMapping.ProvisionedPollerConfig
    UpdateEventSourceMapping.ScalingConfig
    UpdateEventSourceMapping.SelfManagedKafkaEventSourceConfig
    UpdateFunctionCode.PublishTo
    UpdateFunctionCode.S3ObjectStorageMode
    UpdateFunctionCode.SourceKMSKeyArn
    UpdateFunctionConfiguration.CapacityProviderConfig
    UpdateFunctionConfiguration.DurableConfig
    UpdateFunctionConfiguration.LoggingConfig
    UpdateFunctionUrlConfig.InvokeMode
    VpcConfig.Ipv6AllowedForDualStack
""".split()

# Enumerations that are no rule of the member: Runtime has one with words of its own where functions are made,
# and layers are published for the runtimes of today alone.
UNLISTED = {"CreateFunction.Runtime", "UpdateFunctionConfiguration.Runtime"}
UNLISTED.add("PublishLayerVersion.CompatibleRuntimes[]")


@pytest.fixture(scope="module")
def tables():
    printed = subprocess.run([program(), "--members", "lambda"], capture_output=True, text=True, check=True)
    return json.loads(printed.stdout)


@pytest.fixture(scope="module")
def service_model():
    return (
        botocore.session.get_session()
        .get_component("data_loader")
        .load_service_model("lambda", "service-2")
    )


def modern(pattern):
    """Without anchors, which mean nothing where the whole text must match, and with today's regions."""
    if pattern is None:
        return None
    for region in OLD_REGIONS:
        pattern = pattern.replace(region, REGION)
    return re.sub(r"^\^(?!\$)|(?<!\\)\$$", "", pattern)


def is_explained(difference):
    if difference.rule == "pattern":
        return difference.ours in [modern(difference.modelled), *PATTERNS.get(difference.shape, ())]
    if difference.rule in ("min", "max"):
        bounds = SIZES.get(difference.shape)
        return bounds is not None and difference.ours == bounds[difference.rule == "max"]
    if difference.rule == "presence":
        return difference.ours and ".".join(difference.path.split(".")[-2:]) in MEMBERS
    return difference.rule == "enum" and difference.path in UNLISTED


def test_members_are_those_of_the_model(service_model, tables):
    wrong = [
        difference
        for difference in model.differences(service_model, tables)
        if not is_explained(difference)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_every_operation_has_members(tables, operations):
    assert sorted(tables) == sorted(operations)


def test_labels_are_those_of_the_paths(tables, operations):
    for name, (_, path, _, _, _) in operations.items():
        labels = [row["wire"] for row in tables[name] if row["place"] == "uri"]
        assert sorted(labels) == sorted(re.findall(r"\{([^}]*)\}", path)), name
        assert all(row["required"] for row in tables[name] if row["place"] == "uri"), name


# operation, member, change to its row, rule that must be found broken
CHANGES = [
    ("PutFunctionEventInvokeConfig", "MaximumRetryAttempts", {"max": 3}, "max"),
    ("PutFunctionEventInvokeConfig", "MaximumRetryAttempts", {"min": 1}, "min"),
    ("CreateAlias", "Name", {"pattern": "x"}, "pattern"),
    ("CreateAlias", "Name", {"required": False}, "required"),
    ("CreateAlias", "Name", {"type": "integer"}, "type"),
    ("CreateAlias", "Name", {"name": "Nom"}, "presence"),
    ("Invoke", "LogType", {"enum": ["None"]}, "enum"),
    ("Invoke", "LogType", {"wire": "x-amz-log"}, "wire"),
    ("UntagResource", "TagKeys", {"place": "body"}, "place"),
    ("UpdateFunctionCode", "ZipFile", {"sensitive": False}, "sensitive"),
]


@pytest.mark.parametrize("operation, member, change, rule", CHANGES)
def test_the_comparison_finds_what_differs(service_model, tables, operation, member, change, rule):
    changed = copy.deepcopy(tables)
    next(row for row in changed[operation] if row["name"] == member).update(change)
    found = {
        (difference.path, difference.rule)
        for difference in model.differences(service_model, changed)
        if not is_explained(difference)
    }
    assert (f"{operation}.{member}", rule) in found
