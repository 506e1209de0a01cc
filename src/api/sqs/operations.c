/* The operations of SQS, and how its failures are called. */
#include "api/sqs/handlers.h"
#include "api/sqs/request.h"
#include "api/service.h"
#include "model/sqs/members.h"

#define ROW(operation, its_members, function)                                                                \
    {                                                                                                        \
        .name = operation, .method = "POST", .path = "/", .status = 200, .members = its_members,             \
        .run = function                                                                                      \
    }

static const struct api_operation operations[] = {
    ROW("AddPermission", sqs_add_permission_members, sqs_add_permission),
    ROW("CancelMessageMoveTask", sqs_cancel_message_move_task_members, sqs_cancel_message_move_task),
    ROW("ChangeMessageVisibility", sqs_change_message_visibility_members, sqs_change_message_visibility),
    ROW("ChangeMessageVisibilityBatch", sqs_change_message_visibility_batch_members, sqs_settle_batch),
    ROW("CreateQueue", sqs_create_queue_members, sqs_create_queue),
    ROW("DeleteMessage", sqs_delete_message_members, sqs_delete_message),
    ROW("DeleteMessageBatch", sqs_delete_message_batch_members, sqs_settle_batch),
    ROW("DeleteQueue", sqs_queue_members, sqs_delete_queue),
    ROW("GetQueueAttributes", sqs_get_queue_attributes_members, sqs_get_queue_attributes),
    ROW("GetQueueUrl", sqs_get_queue_url_members, sqs_get_queue_url),
    ROW("ListDeadLetterSourceQueues", sqs_list_dead_letter_source_queues_members,
        sqs_list_dead_letter_source_queues),
    ROW("ListMessageMoveTasks", sqs_list_message_move_tasks_members, sqs_list_message_move_tasks),
    ROW("ListQueueTags", sqs_queue_members, sqs_list_queue_tags),
    ROW("ListQueues", sqs_list_queues_members, sqs_list_queues),
    ROW("PurgeQueue", sqs_queue_members, sqs_purge_queue),
    ROW("ReceiveMessage", sqs_receive_message_members, sqs_receive_message),
    ROW("RemovePermission", sqs_remove_permission_members, sqs_remove_permission),
    ROW("SendMessage", sqs_send_message_members, sqs_send_message),
    ROW("SendMessageBatch", sqs_send_message_batch_members, sqs_send_message_batch),
    ROW("SetQueueAttributes", sqs_set_queue_attributes_members, sqs_set_queue_attributes),
    ROW("StartMessageMoveTask", sqs_start_message_move_task_members, sqs_start_message_move_task),
    ROW("TagQueue", sqs_tag_queue_members, sqs_tag_queue),
    ROW("UntagQueue", sqs_untag_queue_members, sqs_untag_queue),
};

static const size_t operation_count = sizeof operations / sizeof operations[0];

static enum api_exception exception_of(enum err_code code) {
    static const struct {
        enum err_code code;
        enum api_exception exception;
    } own[] = {
        {ERR_NOT_FOUND, API_QUEUE_DOES_NOT_EXIST},
        {ERR_NOT_FOUND_UNTYPED, API_QUEUE_RESOURCE_NOT_FOUND},
        {ERR_CONFLICT, API_QUEUE_NAME_EXISTS},
        {ERR_VALIDATION, API_MISSING_PARAMETER},
        {ERR_PARAMETER, API_INVALID_PARAMETER_VALUE},
        {ERR_PARAMETER_UNTYPED, API_INVALID_ADDRESS},
        {ERR_PRECONDITION, API_PURGE_QUEUE_IN_PROGRESS},
        {ERR_UNSUPPORTED, API_QUEUE_UNSUPPORTED_OPERATION},
        {ERR_LIMIT, API_OVER_LIMIT},
        {ERR_THROTTLED, API_REQUEST_THROTTLED},
        {ERR_TOO_LARGE, API_BATCH_REQUEST_TOO_LONG},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i].code == code)
            return own[i].exception;
    return error_exception(code);
}

const struct api_service sqs_service = {
    .name = "sqs",
    .title = "SQS",
    .protocol = ERROR_QUERY_JSON,
    .target = "AmazonSQS",
    .xmlns = "http://queue.amazonaws.com/doc/2012-11-05/",
    .operations = operations,
    .operation_count = &operation_count,
    .exception = exception_of,
    .check = sqs_check_input,
    .authorize = sqs_authorize,
};
