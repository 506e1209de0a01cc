"""The errors of Lambda's control plane, word for word. Those with a number were recorded from the service;
others are quoted as its answers in public places. In their texts ARN: stands for what every ARN of Lambda
begins with, <word> and … for what the call was about, «word» for one of PATTERNS."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    status: int
    code: str
    message: str
    is_typed: bool = True  # has the member Type


def parameter(message, is_typed=True):
    return Row(400, "InvalidParameterValueException", message, is_typed)


def validation(message):
    return Row(400, "ValidationException", message, is_typed=False)


def not_found(message, is_typed=True):
    return Row(404, "ResourceNotFoundException", message, is_typed)


def conflict(message):
    return Row(409, "ResourceConflictException", message)


def precondition(message):
    return Row(412, "PreconditionFailedException", message)


REGION = r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"
NAME = rf"(arn:(aws[a-zA-Z-]*)?:lambda:)?{REGION}:)?(\d{{12}}:)?(function:)?"
UUID = "-".join("[0-9a-fA-F]{%d}" % length for length in (8, 4, 4, 4, 12))

PATTERNS = {
    "R1": NAME + r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    "R2": NAME + r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    "R3": r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
    "R4": r"((?!^\d+$)^[0-9a-zA-Z-_]+$)",
    "R5": rf"arn:(aws[a-zA-Z-]*):lambda:{REGION[1:]}:\d{{12}}:"
    r"(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|"
    rf"code-signing-config:csc-[a-z0-9]{{17}}|event-source-mapping:{UUID}|capacity-provider:[a-zA-Z0-9-_]+)",
    "R6": rf"(arn:(aws[a-zA-Z-]*)?:lambda:{REGION[1:]}:\d{{12}}:layer:[a-zA-Z0-9-_]+:[0-9]+)|"
    r"(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)",
    "R7": r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    rf"{REGION})?:(\d{{12}})?:(.*)",
    "R8": r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    "RT1": (
        "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, "
        "java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, "
        "java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, "
        "java8.al2"
    ),
    "RT2": (
        "ruby3.5, ruby2.6, dotnetcore1.0, python3.7, nodejs8.10, nasa, ruby2.7, "
        "python2.7-greengrass, dotnetcore2.0, python3.8, java21, dotnet6, dotnetcore2.1, "
        "python3.9, java11, nodejs6.10, provided, dotnetcore3.1, dotnet8, java25, java17, nodejs, "
        "nodejs4.3, java8.al2, go1.x, dotnet10, nodejs20.x, go1.9, byol, nodejs10.x, "
        "provided.al2023, nodejs22.x, python3.10, java8, nodejs12.x, python3.11, nodejs24.x, "
        "nodejs8.x, python3.12, nodejs14.x, nodejs8.9, nodejs26.x, python3.13, python3.14, "
        "nodejs16.x, python3.15, provided.al2, nodejs4.3-edge, nodejs18.x, ruby3.2, python3.4, "
        "ruby3.3, ruby3.4, ruby2.5, python3.6, python2.7"
    ),
}

ROWS = {
    1: Row(403, "AccessDeniedException", None, is_typed=False),
    2: Row(
        404,
        "CodeSigningConfigNotFoundException",
        "The code signing configuration cannot be found. Check that the provided configuration is "
        "not deleted: <csc_arn_invalid>.",
    ),
    3: parameter(
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned "
        "concurrency [2].",
        is_typed=False,
    ),
    4: parameter(
        "$LATEST is not supported for an alias pointing to more than 1 version",
        is_typed=False,
    ),
    5: parameter("$LATEST version cannot be deleted without deleting the function."),
    6: parameter(
        "1 validation error detected: Value 'aaa…' at 'functionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64",
    ),
    7: parameter(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
        "Member must not be null.",
    ),
    8: parameter("An error occurred and the request cannot be processed."),
    9: parameter("Cannot reference more than 5 layers."),
    10: parameter(
        "CodeSHA256 (aaa…) is different from current CodeSHA256 in $LATEST (<code-sha256:1>). Please "
        "try again with the CodeSHA256 in $LATEST.",
    ),
    11: parameter("Could not unzip uploaded file. Please check your file, then try to upload again."),
    12: parameter(
        "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 "
        "Error Message: The security group '<security_group_id_1>' does not exist",
    ),
    13: parameter(
        "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error "
        "Message: The subnet ID '<subnet_id_1>' does not exist",
    ),
    14: parameter(
        "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The "
        "specified bucket does not exist",
    ),
    15: parameter(
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified "
        "key does not exist.",
    ),
    16: parameter(
        "Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not "
        "exist.",
    ),
    17: parameter("Function does not exist"),
    18: parameter("Invalid filter pattern definition."),
    19: parameter(
        "Invalid function version 1. Function version 1 is already included in routing configuration.",
    ),
    20: parameter(
        "Lambda was unable to configure your environment variables because the environment variables "
        'you have provided exceeded the 4KB limit. String measured: {"LARGE_VAR":"x…"}',
    ),
    21: parameter("Layer Version Cannot be less than 1"),
    22: parameter("Layer version ARN:layer:<res>:9 does not exist."),
    23: parameter(
        "Layers are not in the same region as the function. Layers are expected to be in region "
        "<region>.",
    ),
    24: parameter(
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
        "than 10",
    ),
    25: parameter("Number of items in AdditionalVersionWeights cannot be greater than 1"),
    26: parameter("Number of tags exceeds resource tag limit."),
    27: parameter("Please don't provide ImageUri when updating a function with packageType Zip."),
    28: parameter("Please provide ImageUri when updating a function with packageType Image."),
    29: parameter("Provisioned Concurrency Configs cannot be applied to unpublished function versions."),
    30: parameter(
        "Requested Provisioned Concurrency should not be greater than the "
        "reservedConcurrentExecution for function",
    ),
    31: parameter("Required 'sourceAccessConfigurations' parameter is missing."),
    32: parameter(
        "Specified ConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [<min_unreserved_concurrency>].",
        is_typed=False,
    ),
    33: parameter(
        "Specified ConcurrentExecutions for function is greater than account's unreserved "
        "concurrency [<unreserved_concurrency>].",
        is_typed=False,
    ),
    34: parameter(
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [<min_unreserved_concurrency>].",
        is_typed=False,
    ),
    35: parameter(
        "Stream not found: arn:aws:dynamodb:<region>:111111111111:"
        "table/test-table-4a53f4e8/stream/2025-02-22T03:03:25.490",
    ),
    36: parameter("Stream not found: arn:aws:kinesis:<region>:111111111111:stream/test-foobar-81ded7e8"),
    37: parameter(
        "Tags on function aliases and versions are not supported. Please specify a function ARN.",
    ),
    38: parameter(
        "The derived qualifier from the function name does not match the specified qualifier.",
    ),
    39: parameter("The destination ARN ARN:function:doesnotexist is invalid."),
    40: parameter("The function resource provided must be an alias or a published version."),
    41: parameter(
        "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:"
        "iam:<region>:111111111111:function:<fn>), onFailure=null) is invalid.",
    ),
    42: parameter("The provided principal was invalid. Please check the principal and try again."),
    43: parameter(
        "The runtime parameter of java8 is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions.",
    ),
    44: parameter(
        "This operation is permitted on Lambda functions only. Aliases and versions do not support "
        "this operation. Please specify either a function name or an unqualified function ARN.",
    ),
    45: parameter(
        "Two different versions of the same layer are not allowed to be referenced in the same "
        "function. ARN:layer:<res>:1 and ARN:layer:<res>:2 are versions of the same layer.",
    ),
    46: parameter("Unrecognized event source."),
    47: parameter("Unsupported DestinationConfig parameter for given event source mapping type."),
    48: parameter(
        "Unsupported starting position for arn type: arn:aws:dynamodb:<region>:111111111111:"
        "table/<table-name>/stream/<stream-name>",
    ),
    49: parameter("Unzipped size must be smaller than 262144000 bytes"),
    50: parameter(
        "Value non-existent-runtime at 'runtime' failed to satisfy constraint: Member must satisfy "
        "enum value set: [«RT1»] or be a valid ARN",
    ),
    51: parameter("We currently do not support adding policies for $LATEST."),
    52: parameter("You can't specify the function as a destination for itself."),
    53: parameter("You must specify at least one of error handling or destination setting."),
    54: Row(
        400,
        "InvalidRequestContentException",
        "Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 "
        "start byte 0x87\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` "
        "disabled); line: 1, column: 3]",
    ),
    55: Row(
        400,
        "InvalidRequestContentException",
        "Could not parse request body into json: Could not parse payload into json: Unexpected "
        "character ((CTRL-CHAR, code 153)): expected a valid value (JSON String, Number, Array, "
        "Object or token 'null', 'true' or 'false')\n at [Source: REDACTED ("
        "`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]",
    ),
    56: Row(
        404,
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
    ),
    57: precondition(
        "The Revision Id provided does not match the latest Revision Id. Call the "
        "GetFunction/GetAlias API to retrieve the latest Revision Id",
    ),
    58: precondition(
        "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API "
        "to retrieve the latest Revision Id",
    ),
    59: precondition(
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to "
        "retrieve the latest Revision Id",
    ),
    60: conflict("Alias already exists: ARN:function:<fn>:custom"),
    61: conflict(
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned "
        "version",
    ),
    62: conflict(
        'An event source mapping with SQS arn (" arn:aws:sqs:<region>:111111111111:<res> ") and '
        'function (" <res> ") already exists. Please update or delete the existing mapping with '
        "UUID <uuid:1>",
    ),
    63: conflict(
        'An event source mapping with event source ("kafka:1000"), function ("ARN:function:'
        '<res>"), topics ("topic") already exists. Please update or delete the existing mapping '
        "with UUID <uuid:1>",
    ),
    64: conflict(
        "Failed to create function url config for [functionArn = ARN:function:<res>]. Error message: "
        " FunctionUrlConfig exists for this Lambda function",
    ),
    65: conflict(
        'The event source arn (" arn:aws:dynamodb:<region>:111111111111:table/<res>/stream/<res> '
        '") and function (" <res> ") provided mapping already exists. Please update or delete the '
        "existing mapping with UUID <uuid:2>",
    ),
    66: conflict(
        'The event source arn (" arn:aws:kinesis:<region>:111111111111:stream/<res> ") and '
        'function (" <res> ") provided mapping already exists. Please update or delete the '
        "existing mapping with UUID <uuid:1>",
    ),
    67: conflict(
        "The operation cannot be performed at this time. An update is in progress for resource: ARN:"
        "function:<fn>",
    ),
    68: conflict(
        "The statement id (s1) provided already exists. Please provide a new statement id, or remove "
        "the existing statement.",
    ),
    69: conflict("Version is pointed by a Provisioned Concurrency alias"),
    70: not_found("Alias not found: ARN:function:<fn>:non-existent"),
    71: not_found("Cannot find alias arn: ARN:function:<fn>:<alias-name>"),
    72: not_found("Cannot find alias arn: ARN:function:<fn>:non-existent"),
    73: not_found("Capacity provider not found: ARN:capacity-provider:<res>"),
    74: not_found("Event source mapping not found: ARN:event-source-mapping:<res>"),
    75: not_found("Function not found: ARN:function:<fn>"),
    76: not_found("Function not found: ARN:function:some-function:$LATEST"),
    77: not_found("Functions from '<wrong-region>' are not reachable in this region ('<region>')"),
    78: not_found("Layer version ARN:layer:<res>-doesnotexist:1 does not exist."),
    79: not_found("Layer version ARN:layer:<res>:2 does not exist."),
    80: not_found("No policy found for: ARN:function:doesnotexist"),
    81: not_found("No policy is associated with the given resource."),
    82: not_found("Statement non-existent is not found in resource policy."),
    83: not_found(
        "The Lambda code signing configuration <csc_arn_invalid> can not be found.",
        is_typed=False,
    ),
    84: not_found("The function ARN:function:<fn>:1221 doesn't have an EventInvokeConfig"),
    85: not_found("The function ARN:function:doesnotexist:$LATEST doesn't have an EventInvokeConfig"),
    86: not_found("The function doesn't exist."),
    87: not_found("The resource you requested does not exist."),
    88: Row(
        413,
        "RequestEntityTooLargeException",
        "Request must be smaller than 70167211 bytes for the CreateFunction operation",
        is_typed=False,
    ),
    89: Row(
        413,
        "RequestEntityTooLargeException",
        "Zipped size must be smaller than 52428800 bytes",
        is_typed=False,
    ),
    90: Row(429, "TooManyRequestsException", "Rate Exceeded."),
    91: validation(
        "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: lambda:GetLayerVersion",
    ),
    92: validation(
        "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to "
        "satisfy constraint: Member must have value greater than or equal to 1",
    ),
    93: validation(
        "1 validation error detected: Value '2' at 'qualifier' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: «R4»",
    ),
    94: validation(
        "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
    ),
    95: validation(
        "1 validation error detected: Value 'ARN:foobar:<res>' at 'resource' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: «R5»",
    ),
    96: validation(
        "1 validation error detected: Value 'ARN:function:<fn>' at 'functionName' failed to satisfy "
        "constraint: Member must have length less than or equal to 140",
    ),
    97: validation(
        "1 validation error detected: Value 'ARN:layer:<res>' at 'arn' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: «R6»",
    ),
    98: validation(
        "1 validation error detected: Value 'InvalidValue' at 'recursiveLoop' failed to satisfy "
        "constraint: Member must satisfy enum value set: [Terminate, Allow]",
    ),
    99: validation(
        "1 validation error detected: Value 'UNKNOWN' at 'invokeMode' failed to satisfy constraint: "
        "Member must satisfy enum value set: [RESPONSE_STREAM, BUFFERED]",
    ),
    100: validation(
        "1 validation error detected: Value '[<security_group_id_2>]' at "
        "'vpcConfig.securityGroupIds' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 1024, Member must have length greater than "
        "or equal to 0, Member must satisfy regular expression pattern: sg-[0-9a-zA-Z]*]",
    ),
    101: validation(
        "1 validation error detected: Value '[<subnet_id_2>]' at 'vpcConfig.subnetIds' failed to "
        "satisfy constraint: Member must satisfy constraint: [Member must have length less than or "
        "equal to 1024, Member must have length greater than or equal to 0, Member must satisfy "
        "regular expression pattern: subnet-[0-9a-z]*]",
    ),
    102: validation(
        "1 validation error detected: Value '[ARN:layer:<res>]' at 'layers' failed to satisfy "
        "constraint: Member must satisfy constraint: [Member must have length less than or equal to "
        "2048, Member must have length greater than or equal to 1, Member must satisfy regular "
        "expression pattern: «R6», Member must not be null]",
    ),
    103: validation(
        "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy "
        "constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, "
        "arm64], Member must not be null]",
    ),
    104: validation(
        "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy "
        "constraint: Member must have length less than or equal to 1",
    ),
    105: validation(
        "1 validation error detected: Value 'archdoesnotexist' at 'compatibleArchitecture' failed to "
        "satisfy constraint: Member must satisfy enum value set: [x86_64, arm64]",
    ),
    106: validation(
        "1 validation error detected: Value 'arn:aws:_-/!lambda:<region>:111111111111:function:<fn>' "
        "at 'destinationConfig.onFailure.destination' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: «R7»",
    ),
    107: validation(
        "1 validation error detected: Value 'arn:aws:lambda:<region>:123400000000@function:myfn' at "
        "'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern:"
        " «R1»",
    ),
    108: validation(
        "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
    ),
    109: validation(
        "1 validation error detected: Value 'invalid' at 'functionVersion' failed to satisfy "
        "constraint: Member must satisfy enum value set: [ALL]",
    ),
    110: validation(
        "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy "
        "constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
    ),
    111: validation(
        "1 validation error detected: Value 'invalid-qualifier-with-?-char' at 'qualifier' failed to "
        "satisfy constraint: Member must satisfy regular expression pattern: «R3»",
    ),
    112: validation(
        "1 validation error detected: Value 'invalid:function:name' at 'functionName' failed to "
        "satisfy constraint: Member must satisfy regular expression pattern: «R2»",
    ),
    113: validation(
        "1 validation error detected: Value 'invalidOption' at 'snapStart.applyOn' failed to satisfy "
        "constraint: Member must satisfy enum value set: [PublishedVersions, None]",
    ),
    114: validation(
        "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: «R8»",
    ),
    115: validation(
        "1 validation error detected: Value 'runtimedoesnotexist' at 'compatibleRuntime' failed to "
        "satisfy constraint: Member must satisfy enum value set: [«RT2»]",
    ),
    116: validation(
        "1 validation error detected: Value '{$LATEST=0.5}' at "
        "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must "
        "satisfy constraint: [Member must have length less than or equal to 1024, Member must have "
        "length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]",
    ),
    117: validation(
        "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' "
        "failed to satisfy constraint: Map value must satisfy constraint: [Member must have value "
        "less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must "
        "not be null]",
    ),
    118: validation(
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member "
        "must not be null",
    ),
    119: validation(
        "2 validation errors detected: Value '[invalidruntime]' at 'compatibleRuntimes' failed to "
        "satisfy constraint: Member must satisfy enum value set: [«RT1»]; Value '[invalidarch]' at "
        "'compatibleArchitectures' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
    ),
    "alias deletion": parameter("Deletion of aliases is not currently supported."),
    "code storage": Row(400, "CodeStorageExceededException", "Code storage limit exceeded."),
    "dead letters": parameter(
        "The provided execution role does not have permissions to call SendMessage on SQS"
    ),
    "destination": parameter(
        "The function's execution role does not have permissions to call SendMessage on <arn>"
    ),
    "empty zip": parameter("Uploaded file must be a non-empty zip"),
    "exists": conflict("Function already exist: <fn>"),
    "handler": parameter(
        "Runtime and Handler are mandatory parameters for functions created with deployment packages."
    ),
    "memory": validation(
        "1 validation error detected: Value '5555555' at 'memorySize' failed to satisfy constraint: "
        "Member must have value less than or equal to 10240"
    ),
    "memory of the account": parameter(
        "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008"
    ),
    "payload": Row(
        413,
        "RequestEntityTooLargeException",
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        is_typed=False,
    ),
    "pending": conflict(
        "The operation cannot be performed at this time. The function is currently in the following state: "
        "Pending"
    ),
    "policy": Row(
        400,
        "PolicyLengthExceededException",
        "The final policy size (<size>) is bigger than the limit (20480).",
    ),
    "role": parameter("The role defined for the function cannot be assumed by Lambda."),
    "timeout": validation(
        "1 validation error detected: Value '1200' at 'timeout' failed to satisfy constraint: Member must "
        "have value less than or equal to 900"
    ),
}
