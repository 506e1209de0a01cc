"""What SQS refuses: each call, with the code and the message that the service answers."""

CORAL = "com.amazon.coral.service#"
SQS = "com.amazonaws.sqs#"

# Code in the query protocol -> type in JSON, status.
KINDS = {
    "AWS.SimpleQueueService.BatchEntryIdsNotDistinct": (SQS + "BatchEntryIdsNotDistinct", 400),
    "AWS.SimpleQueueService.BatchRequestTooLong": (SQS + "BatchRequestTooLong", 400),
    "AWS.SimpleQueueService.EmptyBatchRequest": (SQS + "EmptyBatchRequest", 400),
    "AWS.SimpleQueueService.InvalidBatchEntryId": (SQS + "InvalidBatchEntryId", 400),
    "AWS.SimpleQueueService.NonExistentQueue": (SQS + "QueueDoesNotExist", 400),
    "AWS.SimpleQueueService.PurgeQueueInProgress": (SQS + "PurgeQueueInProgress", 403),
    "AWS.SimpleQueueService.TooManyEntriesInBatchRequest": (
        SQS + "TooManyEntriesInBatchRequest",
        400,
    ),
    "AWS.SimpleQueueService.UnsupportedOperation": (SQS + "UnsupportedOperation", 400),
    "InvalidAction": (CORAL + "InvalidAction", 400),
    "InvalidAddress": (SQS + "InvalidAddress", 404),
    "InvalidAttributeName": (SQS + "InvalidAttributeName", 400),
    "InvalidAttributeValue": (SQS + "InvalidAttributeValue", 400),
    "InvalidMessageContents": (SQS + "InvalidMessageContents", 400),
    "InvalidParameterValue": (CORAL + "InvalidParameterValueException", 400),
    "MalformedInput": (CORAL + "SerializationException", 400),
    "MissingParameter": (CORAL + "MissingRequiredParameterException", 400),
    "OverLimit": (SQS + "OverLimit", 403),
    "QueueAlreadyExists": (SQS + "QueueNameExists", 400),
    "ReceiptHandleIsInvalid": (SQS + "ReceiptHandleIsInvalid", 404),
    "ResourceNotFoundException": (SQS + "ResourceNotFoundException", 404),
}

NAME_RULE = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
FIFO_NAME_RULE = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end "
    "with .fifo suffix and be 1 to 80 in length."
)
ID_RULE = (
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most "
    "80 letters long."
)
TEXT_RULE = (
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
    "#xFFFD | #x10000 to #x10FFFF"
)
TYPE_RULE = "The request include parameter that is not valid for this queue type."
DEDUP_RULE = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
    "explicitly"
)
DUMMY = '{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}'


def attribute(**value):
    return {"a": {"DataType": "String", **value}}


def entries(count, **members):
    return [{"Id": str(i), "MessageBody": "m", **members} for i in range(count)]


def value_rule(value, name, reason):
    return f"Value {value} for parameter {name} is invalid. Reason: {reason}"


def attributes(**values):
    return {"Attributes": values}


# operation, members, code, message. Q, F: the URLs of a standard and a FIFO queue; {q}, {f}: their ARNs.
REFUSALS = [
    ("CreateQueue", {"QueueName": "a b"}, "InvalidParameterValue", NAME_RULE),
    ("CreateQueue", {"QueueName": "x" * 81}, "InvalidParameterValue", NAME_RULE),
    ("CreateQueue", {"QueueName": "a.fifo"}, "InvalidParameterValue", NAME_RULE),
    ("CreateQueue", {"QueueName": ""}, "InvalidParameterValue", NAME_RULE),
    (
        "CreateQueue",
        {"QueueName": "a", **attributes(FifoQueue="true")},
        "InvalidParameterValue",
        FIFO_NAME_RULE,
    ),
    (
        "CreateQueue",
        {"QueueName": "a", **attributes(FifoQueue="false")},
        "InvalidAttributeName",
        "Unknown Attribute FifoQueue.",
    ),
    (
        "CreateQueue",
        {"QueueName": "a", **attributes(DeduplicationScope="queue")},
        "InvalidAttributeName",
        "Unknown Attribute DeduplicationScope.",
    ),
    (
        "CreateQueue",
        {"QueueName": "a", **attributes(Nonsense="1")},
        "InvalidAttributeName",
        "Unknown Attribute Nonsense.",
    ),
    (
        "CreateQueue",
        {"QueueName": "q", **attributes(DelaySeconds="1")},
        "QueueAlreadyExists",
        "A queue already exists with the same name and a different value for attribute DelaySeconds",
    ),
    (
        "CreateQueue",
        {"QueueName": "a", **attributes(KmsMasterKeyId="alias/aws/sqs")},
        "AWS.SimpleQueueService.UnsupportedOperation",
        "Lamb does not encrypt queues with keys of KMS. Leave KmsMasterKeyId out, and put the data "
        "directory on an encrypted disk.",
    ),
    (
        "CreateQueue",
        {
            "QueueName": "a.fifo",
            **attributes(FifoQueue="true", FifoThroughputLimit="perMessageGroupId"),
        },
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoThroughputLimit. Reason: DeduplicationScope must be "
        "messageGroup.",
    ),
    ("CreateQueue", {}, "MissingParameter", "The request must contain the parameter QueueName."),
    *[
        (
            "SetQueueAttributes",
            {"QueueUrl": "Q", **attributes(**{name: value})},
            "InvalidAttributeValue",
            f"Invalid value for the parameter {name}.",
        )
        for name, value in [
            ("DelaySeconds", "901"),
            ("DelaySeconds", "-1"),
            ("DelaySeconds", "x"),
            ("DelaySeconds", ""),
            ("MaximumMessageSize", "1023"),
            ("MaximumMessageSize", "1048577"),
            ("MessageRetentionPeriod", "59"),
            ("MessageRetentionPeriod", "1209601"),
            ("ReceiveMessageWaitTimeSeconds", "21"),
            ("VisibilityTimeout", "43201"),
            ("KmsDataKeyReusePeriodSeconds", "59"),
            ("SqsManagedSseEnabled", "yes"),
        ]
    ],
    (
        "SetQueueAttributes",
        {"QueueUrl": "Q", **attributes(FifoQueue="true")},
        "InvalidAttributeName",
        "Unknown Attribute FifoQueue.",
    ),
    (
        "SetQueueAttributes",
        {"QueueUrl": "F", **attributes(FifoQueue="false")},
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    ),
    (
        "SetQueueAttributes",
        {"QueueUrl": "Q", **attributes(QueueArn="x")},
        "InvalidAttributeName",
        "Unknown Attribute QueueArn.",
    ),
    (
        "SetQueueAttributes",
        {"QueueUrl": "Q", **attributes(RedrivePolicy=DUMMY)},
        "InvalidParameterValue",
        value_rule(DUMMY, "RedrivePolicy", "Invalid value for deadLetterTargetArn."),
    ),
    (
        "SetQueueAttributes",
        {"QueueUrl": "Q", **attributes(RedrivePolicy="x")},
        "InvalidParameterValue",
        value_rule("x", "RedrivePolicy", "Redrive policy is not a valid JSON map."),
    ),
    (
        "SetQueueAttributes",
        {"QueueUrl": "Q", **attributes(RedrivePolicy="{}")},
        "InvalidParameterValue",
        value_rule(
            "{}",
            "RedrivePolicy",
            "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
        ),
    ),
    (
        "SetQueueAttributes",
        {
            "QueueUrl": "Q",
            **attributes(RedrivePolicy='{"maxReceiveCount":1,"deadLetterTargetArn":"{q}x"}'),
        },
        "InvalidParameterValue",
        value_rule(
            '{"maxReceiveCount":1,"deadLetterTargetArn":"{q}x"}',
            "RedrivePolicy",
            "Dead letter target does not exist.",
        ),
    ),
    (
        "SetQueueAttributes",
        {
            "QueueUrl": "F",
            **attributes(RedrivePolicy='{"maxReceiveCount":1,"deadLetterTargetArn":"{q}"}'),
        },
        "InvalidParameterValue",
        value_rule(
            '{"maxReceiveCount":1,"deadLetterTargetArn":"{q}"}',
            "RedrivePolicy",
            "Dead-letter queue must be same type of queue as the source.",
        ),
    ),
    (
        "SetQueueAttributes",
        {
            "QueueUrl": "Q",
            **attributes(RedrivePolicy='{"maxReceiveCount":0,"deadLetterTargetArn":"{q}"}'),
        },
        "InvalidParameterValue",
        value_rule(
            '{"maxReceiveCount":0,"deadLetterTargetArn":"{q}"}',
            "RedrivePolicy",
            "Invalid value for maxReceiveCount. Valid values are from 1 to 1000 both inclusive.",
        ),
    ),
    (
        "GetQueueAttributes",
        {"QueueUrl": "Q", "AttributeNames": ["Nonsense"]},
        "InvalidAttributeName",
        "Unknown Attribute Nonsense.",
    ),
    ("GetQueueUrl", {"QueueName": "nobody"}, "AWS.SimpleQueueService.NonExistentQueue", None),
    (
        "SendMessage",
        {"QueueUrl": "Qx", "MessageBody": "m"},
        "AWS.SimpleQueueService.NonExistentQueue",
        None,
    ),
    (
        "SendMessage",
        {"MessageBody": "m"},
        "MissingParameter",
        "The request must contain the parameter QueueUrl.",
    ),
    (
        "SendMessage",
        {"QueueUrl": "here", "MessageBody": "m"},
        "InvalidAddress",
        "The address here is not valid for this endpoint.",
    ),
    (
        "SendMessage",
        {"QueueUrl": "Q"},
        "MissingParameter",
        "The request must contain the parameter MessageBody.",
    ),
    (
        "SendMessage",
        {"QueueUrl": "Q", "MessageBody": ""},
        "MissingParameter",
        "The request must contain the parameter MessageBody.",
    ),
    ("SendMessage", {"QueueUrl": "Q", "MessageBody": "a\x02"}, "InvalidMessageContents", TEXT_RULE),
    (
        "SendMessage",
        {"QueueUrl": "Q", "MessageBody": "\ufffe"},
        "InvalidMessageContents",
        TEXT_RULE,
    ),
    (
        "SendMessage",
        {"QueueUrl": "Q", "MessageBody": "m", "DelaySeconds": 901},
        "InvalidParameterValue",
        value_rule(901, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."),
    ),
    (
        "SendMessage",
        {"QueueUrl": "Q", "MessageBody": "m", "MessageDeduplicationId": "d"},
        "InvalidParameterValue",
        value_rule("d", "MessageDeduplicationId", TYPE_RULE),
    ),
    (
        "SendMessage",
        {"QueueUrl": "Q", "MessageBody": "x" * 1048577},
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    ),
    (
        "SendMessage",
        {
            "QueueUrl": "Q",
            "MessageBody": "x" * 1048576,
            "MessageAttributes": attribute(StringValue="1"),
        },
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    ),
    (
        "SendMessage",
        {"QueueUrl": "F", "MessageBody": "m", "MessageDeduplicationId": "d"},
        "MissingParameter",
        "The request must contain the parameter MessageGroupId.",
    ),
    (
        "SendMessage",
        {"QueueUrl": "F", "MessageBody": "m", "MessageGroupId": "g"},
        "InvalidParameterValue",
        DEDUP_RULE,
    ),
    (
        "SendMessage",
        {
            "QueueUrl": "F",
            "MessageBody": "m",
            "MessageGroupId": "g",
            "MessageDeduplicationId": "d",
            "DelaySeconds": 2,
        },
        "InvalidParameterValue",
        value_rule(2, "DelaySeconds", TYPE_RULE),
    ),
    (
        "SendMessage",
        {"QueueUrl": "F", "MessageBody": "m", "MessageGroupId": "g g"},
        "InvalidParameterValue",
        value_rule(
            "g g",
            "MessageGroupId",
            "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        ),
    ),
    (
        "SendMessage",
        {"QueueUrl": "Q", "MessageBody": "m", "MessageAttributes": attribute(StringValue="")},
        "InvalidParameterValue",
        "Message (user) attribute 'a' must contain a non-empty value of type 'String'.",
    ),
    (
        "SendMessage",
        {
            "QueueUrl": "Q",
            "MessageBody": "m",
            "MessageAttributes": attribute(DataType="Number", StringValue="x"),
        },
        "InvalidParameterValue",
        "Can't cast the value of message (user) attribute 'a' to a number.",
    ),
    (
        "SendMessage",
        {
            "QueueUrl": "Q",
            "MessageBody": "m",
            "MessageAttributes": attribute(DataType="Text", StringValue="x"),
        },
        "InvalidParameterValue",
        "The type of message (user) attribute 'a' is invalid. You must use only the following supported type "
        "prefixes: Binary, Number, String.",
    ),
    (
        "SendMessage",
        {
            "QueueUrl": "Q",
            "MessageBody": "m",
            "MessageAttributes": {"a b": {"DataType": "String", "StringValue": "x"}},
        },
        "InvalidParameterValue",
        "The message attribute name 'a b' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore "
        "(_), hyphen (-), and period (.) characters.",
    ),
    (
        "SendMessage",
        {
            "QueueUrl": "Q",
            "MessageBody": "m",
            "MessageAttributes": {
                f"n{i}": {"DataType": "String", "StringValue": "x"} for i in range(11)
            },
        },
        "InvalidParameterValue",
        "Number of message attributes [11] exceeds the allowed maximum [10].",
    ),
    ("SendMessageBatch", {"QueueUrl": "Q", "Entries": []}, None, None),
    (
        "SendMessageBatch",
        {"QueueUrl": "Q", "Entries": entries(20)},
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10. You have sent 20.",
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "Q", "Entries": entries(1) + entries(1)},
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "Id 0 repeated.",
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "Q", "Entries": [{"Id": "a:b", "MessageBody": "m"}]},
        "AWS.SimpleQueueService.InvalidBatchEntryId",
        ID_RULE,
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "Q", "Entries": [{"Id": "a" * 81, "MessageBody": "m"}]},
        "AWS.SimpleQueueService.InvalidBatchEntryId",
        ID_RULE,
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "Q", "Entries": entries(2, MessageBody="x" * 524289)},
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048578 bytes.",
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "F", "Entries": entries(1, MessageDeduplicationId="d")},
        "InvalidParameterValue",
        "The request must contain the parameter MessageGroupId.",
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "F", "Entries": entries(1, MessageGroupId="d")},
        "InvalidParameterValue",
        DEDUP_RULE,
    ),
    (
        "ReceiveMessage",
        {"QueueUrl": "Q", "MaxNumberOfMessages": 11},
        "InvalidParameterValue",
        value_rule(11, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."),
    ),
    (
        "ReceiveMessage",
        {"QueueUrl": "Q", "VisibilityTimeout": 43201},
        "InvalidParameterValue",
        value_rule(43201, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided."),
    ),
    (
        "ReceiveMessage",
        {"QueueUrl": "Q", "WaitTimeSeconds": 21},
        "InvalidParameterValue",
        value_rule(21, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."),
    ),
    (
        "ReceiveMessage",
        {"QueueUrl": "Q", "AttributeNames": ["Nonsense"]},
        "InvalidAttributeName",
        "Unknown Attribute Nonsense.",
    ),
    (
        "ReceiveMessage",
        {"QueueUrl": "Q", "ReceiveRequestAttemptId": "a"},
        "InvalidParameterValue",
        value_rule("a", "ReceiveRequestAttemptId", TYPE_RULE),
    ),
    (
        "DeleteMessage",
        {"QueueUrl": "Q", "ReceiptHandle": "garbage"},
        "ReceiptHandleIsInvalid",
        'The input receipt handle "garbage" is not a valid receipt handle.',
    ),
    (
        "DeleteMessage",
        {"QueueUrl": "Q"},
        "MissingParameter",
        "The request must contain the parameter ReceiptHandle.",
    ),
    (
        "DeleteMessageBatch",
        {"QueueUrl": "Q", "Entries": [{"Id": str(i), "ReceiptHandle": "x"} for i in range(11)]},
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10. You have sent 11.",
    ),
    ("ListQueues", {"MaxResults": 1001}, "InvalidParameterValue", None),
    ("TagQueue", {"QueueUrl": "Q", "Tags": {"k" * 129: "v"}}, "InvalidParameterValue", None),
    (
        "AddPermission",
        {"QueueUrl": "Q", "Label": "a b", "AWSAccountIds": ["111111111111"], "Actions": ["*"]},
        "InvalidParameterValue",
        None,
    ),
    (
        "AddPermission",
        {"QueueUrl": "Q", "Label": "a", "AWSAccountIds": ["bob"], "Actions": ["*"]},
        "InvalidParameterValue",
        value_rule("bob", "PrincipalId", "Unable to verify."),
    ),
    (
        "AddPermission",
        {
            "QueueUrl": "Q",
            "Label": "a",
            "AWSAccountIds": ["111111111111"],
            "Actions": ["SendMessage"] * 8,
        },
        "OverLimit",
        "8 Actions were found, maximum allowed is 7.",
    ),
    (
        "RemovePermission",
        {"QueueUrl": "Q", "Label": "nobody"},
        "InvalidParameterValue",
        value_rule("nobody", "Label", "can't find label."),
    ),
    (
        "StartMessageMoveTask",
        {"SourceArn": "{q}"},
        "InvalidParameterValue",
        "Source queue must be configured as a Dead Letter Queue.",
    ),
    (
        "StartMessageMoveTask",
        {"SourceArn": "{q}", "DestinationArn": "{q}x"},
        "ResourceNotFoundException",
        "The resource that you specified for the DestinationArn parameter doesn't exist.",
    ),
    (
        "ListMessageMoveTasks",
        {"SourceArn": "{q}x"},
        "ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    ),
    (
        "CancelMessageMoveTask",
        {"TaskHandle": "foobared"},
        "InvalidParameterValue",
        "Value for parameter TaskHandle is invalid.",
    ),
]
