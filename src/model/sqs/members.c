/* See members.h. */
#include "model/sqs/members.h"

#include "model/lambda/members_parts.h"

#define IN_FORM(name) .wire = name
#define QUEUE_URL TEXT("QueueUrl", REQUIRED)

static const struct constraint text = {.type = CONSTRAINT_TEXT};
static const struct constraint blob = {.type = CONSTRAINT_BLOB};
static const struct constraint name = {.type = CONSTRAINT_TEXT, .wire = "Name"};
static const struct constraint key = {.type = CONSTRAINT_TEXT, .wire = "Key"};
static const struct constraint value = {.type = CONSTRAINT_TEXT, .wire = "Value"};

static const struct constraint message_attribute_members[] = {
    TEXT("StringValue"),
    BLOB("BinaryValue"),
    LIST("StringListValues", IN_FORM("StringListValue"), OF(text)),
    LIST("BinaryListValues", IN_FORM("BinaryListValue"), OF(blob)),
    TEXT("DataType", REQUIRED),
    END,
};
static const struct constraint message_attribute = {
    .type = CONSTRAINT_STRUCT, .wire = "Value", MEMBERS(message_attribute_members)};

#define ATTRIBUTES MAP("Attributes", IN_FORM("Attribute"), KEYS(name), OF(value))
#define MESSAGE                                                                                              \
    TEXT("MessageBody", REQUIRED), INTEGER("DelaySeconds"),                                                  \
        MAP("MessageAttributes", IN_FORM("MessageAttribute"), KEYS(name), OF(message_attribute)),            \
        MAP("MessageSystemAttributes", IN_FORM("MessageSystemAttribute"), KEYS(name),                        \
            OF(message_attribute)),                                                                          \
        TEXT("MessageDeduplicationId"), TEXT("MessageGroupId")

static const struct constraint change_visibility_entry_members[] = {
    TEXT("Id", REQUIRED),
    TEXT("ReceiptHandle", REQUIRED),
    INTEGER("VisibilityTimeout"),
    END,
};
static const struct constraint delete_entry_members[] = {
    TEXT("Id", REQUIRED),
    TEXT("ReceiptHandle", REQUIRED),
    END,
};
static const struct constraint send_entry_members[] = {
    TEXT("Id", REQUIRED),
    MESSAGE,
    END,
};
static const struct constraint change_visibility_entry = STRUCT(NULL,
                                                                MEMBERS(change_visibility_entry_members));
static const struct constraint delete_entry = STRUCT(NULL, MEMBERS(delete_entry_members));
static const struct constraint send_entry = STRUCT(NULL, MEMBERS(send_entry_members));

const struct constraint sqs_add_permission_members[] = {
    QUEUE_URL,
    TEXT("Label", REQUIRED),
    LIST("AWSAccountIds", IN_FORM("AWSAccountId"), REQUIRED, OF(text)),
    LIST("Actions", IN_FORM("ActionName"), REQUIRED, OF(text)),
    END,
};

const struct constraint sqs_cancel_message_move_task_members[] = {TEXT("TaskHandle", REQUIRED), END};

const struct constraint sqs_change_message_visibility_members[] = {
    QUEUE_URL,
    TEXT("ReceiptHandle", REQUIRED),
    INTEGER("VisibilityTimeout", REQUIRED),
    END,
};

const struct constraint sqs_change_message_visibility_batch_members[] = {
    QUEUE_URL,
    LIST("Entries", IN_FORM("ChangeMessageVisibilityBatchRequestEntry"), REQUIRED,
         OF(change_visibility_entry)),
    END,
};

const struct constraint sqs_create_queue_members[] = {
    TEXT("QueueName", REQUIRED),
    ATTRIBUTES,
    MAP("tags", IN_FORM("Tag"), KEYS(key), OF(value)),
    END,
};

const struct constraint sqs_delete_message_members[] = {QUEUE_URL, TEXT("ReceiptHandle", REQUIRED), END};

const struct constraint sqs_delete_message_batch_members[] = {
    QUEUE_URL,
    LIST("Entries", IN_FORM("DeleteMessageBatchRequestEntry"), REQUIRED, OF(delete_entry)),
    END,
};

const struct constraint sqs_get_queue_attributes_members[] = {
    QUEUE_URL,
    LIST("AttributeNames", IN_FORM("AttributeName"), OF(text)),
    END,
};

const struct constraint sqs_get_queue_url_members[] = {
    TEXT("QueueName", REQUIRED),
    TEXT("QueueOwnerAWSAccountId"),
    END,
};

const struct constraint sqs_list_dead_letter_source_queues_members[] = {
    QUEUE_URL,
    TEXT("NextToken"),
    INTEGER("MaxResults"),
    END,
};

const struct constraint sqs_list_message_move_tasks_members[] = {
    TEXT("SourceArn", REQUIRED),
    INTEGER("MaxResults"),
    END,
};

const struct constraint sqs_list_queues_members[] = {
    TEXT("QueueNamePrefix"),
    TEXT("NextToken"),
    INTEGER("MaxResults"),
    END,
};

const struct constraint sqs_queue_members[] = {QUEUE_URL, END};

const struct constraint sqs_receive_message_members[] = {
    QUEUE_URL,
    LIST("AttributeNames", IN_FORM("AttributeName"), OF(text)),
    LIST("MessageSystemAttributeNames", IN_FORM("MessageSystemAttributeName"), OF(text)),
    LIST("MessageAttributeNames", IN_FORM("MessageAttributeName"), OF(text)),
    INTEGER("MaxNumberOfMessages"),
    INTEGER("VisibilityTimeout"),
    INTEGER("WaitTimeSeconds"),
    TEXT("ReceiveRequestAttemptId"),
    END,
};

const struct constraint sqs_remove_permission_members[] = {QUEUE_URL, TEXT("Label", REQUIRED), END};

const struct constraint sqs_send_message_members[] = {QUEUE_URL, MESSAGE, END};

const struct constraint sqs_send_message_batch_members[] = {
    QUEUE_URL,
    LIST("Entries", IN_FORM("SendMessageBatchRequestEntry"), REQUIRED, OF(send_entry)),
    END,
};

const struct constraint sqs_set_queue_attributes_members[] = {
    QUEUE_URL,
    MAP("Attributes", IN_FORM("Attribute"), REQUIRED, KEYS(name), OF(value)),
    END,
};

const struct constraint sqs_start_message_move_task_members[] = {
    TEXT("SourceArn", REQUIRED),
    TEXT("DestinationArn"),
    INTEGER("MaxNumberOfMessagesPerSecond"),
    END,
};

const struct constraint sqs_tag_queue_members[] = {
    QUEUE_URL,
    MAP("Tags", IN_FORM("Tag"), REQUIRED, KEYS(key), OF(value)),
    END,
};

const struct constraint sqs_untag_queue_members[] = {
    QUEUE_URL,
    LIST("TagKeys", IN_FORM("TagKey"), REQUIRED, OF(text)),
    END,
};
