/* The members of the operations on durable executions. */
#include "base/limits.h"
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define EXECUTION_ARN                                                                                        \
    TEXT("DurableExecutionArn", IN_PATH("DurableExecutionArn"), REQUIRED, SIZE(1, 1024),                     \
         MATCH(durable_execution))
#define CALLBACK_ID TEXT("CallbackId", IN_PATH("CallbackId"), REQUIRED, SIZE(1, 1024), MATCH(base64))
#define INCLUDE_DATA BOOLEAN("IncludeExecutionData", IN_QUERY("IncludeExecutionData"))
#define REVERSE_ORDER BOOLEAN("ReverseOrder", IN_QUERY("ReverseOrder"))
#define ITEM_COUNT INTEGER("MaxItems", IN_QUERY("MaxItems"), SIZE(0, 1000))

static const char *const operation_types[] = {"CALLBACK",       "STEP",      "CONTEXT", "WAIT",
                                              "CHAINED_INVOKE", "EXECUTION", NULL};
static const char *const operation_actions[] = {"START", "SUCCEED", "RETRY", "CANCEL", "FAIL", NULL};
static const char *const execution_statuses[] = {"SUCCEEDED", "TIMED_OUT", "STOPPED",
                                                 "FAILED",    "RUNNING",   NULL};

static const struct constraint error_object_members[] = {
    TEXT("ErrorMessage", SENSITIVE),
    TEXT("ErrorType", SENSITIVE),
    TEXT("ErrorData", SENSITIVE),
    LIST("StackTrace", SENSITIVE, OF(part_plain_text)),
    END,
};

static const struct constraint context_options_members[] = {
    BOOLEAN("ReplayChildren"),
    END,
};

static const struct constraint step_options_members[] = {
    INTEGER("NextAttemptDelaySeconds", SIZE(1, 31622400)),
    END,
};

static const struct constraint wait_options_members[] = {
    INTEGER("WaitSeconds", SIZE(1, 31622400)),
    END,
};

static const struct constraint callback_options_members[] = {
    INTEGER("TimeoutSeconds", SIZE(0, 99999999)),
    INTEGER("HeartbeatTimeoutSeconds", SIZE(0, 99999999)),
    END,
};

static const struct constraint chained_invoke_options_members[] = {
    TEXT("FunctionName", REQUIRED, SIZE(1, LIMIT_FUNCTION_READ_REFERENCE_CHARS), MATCH(function_read)),
    TEXT("TenantId", SIZE(1, 256), MATCH(tenant)),
    END,
};

static const struct constraint operation_update_members[] = {
    TEXT("Id", REQUIRED, SIZE(1, 64), MATCH(word)),
    TEXT("ParentId", SIZE(1, 64), MATCH(word)),
    TEXT("Name", SIZE(1, 256), MATCH(printable)),
    TEXT("Type", REQUIRED, ONE_OF(operation_types)),
    TEXT("SubType", SIZE(1, 32), MATCH(word)),
    TEXT("Action", REQUIRED, ONE_OF(operation_actions)),
    TEXT("Payload", SENSITIVE, SIZE(0, 6291456)),
    STRUCT("Error", MEMBERS(error_object_members)),
    STRUCT("ContextOptions", MEMBERS(context_options_members)),
    STRUCT("StepOptions", MEMBERS(step_options_members)),
    STRUCT("WaitOptions", MEMBERS(wait_options_members)),
    STRUCT("CallbackOptions", MEMBERS(callback_options_members)),
    STRUCT("ChainedInvokeOptions", MEMBERS(chained_invoke_options_members)),
    END,
};

static const struct constraint operation_update = STRUCT(NULL, MEMBERS(operation_update_members));

const struct constraint checkpoint_durable_execution_members[] = {
    EXECUTION_ARN,
    TEXT("CheckpointToken", REQUIRED, SIZE(1, 2048), MATCH(base64)),
    LIST("Updates", OF(operation_update)),
    TEXT("ClientToken", SIZE(1, 64), MATCH(client_token)),
    END,
};

const struct constraint get_durable_execution_members[] = {EXECUTION_ARN, INCLUDE_DATA, END};

const struct constraint get_durable_execution_history_members[] = {
    EXECUTION_ARN, INCLUDE_DATA, ITEM_COUNT, MARKER, REVERSE_ORDER, END,
};

const struct constraint get_durable_execution_state_members[] = {
    EXECUTION_ARN,
    TEXT("CheckpointToken", IN_QUERY("CheckpointToken"), REQUIRED, SIZE(1, 2048), MATCH(base64)),
    MARKER,
    ITEM_COUNT,
    END,
};

static const struct constraint execution_status = TEXT(NULL, REQUIRED, ONE_OF(execution_statuses));

const struct constraint list_durable_executions_by_function_members[] = {
    FUNCTION_NAME_READ,
    QUALIFIER,
    TEXT("DurableExecutionName", IN_QUERY("DurableExecutionName"), SIZE(1, 64), MATCH(word)),
    LIST("Statuses", IN_QUERY("Statuses"), SIZE(1, 10), OF(execution_status)),
    TEXT("StartedAfter", IN_QUERY("StartedAfter")),
    TEXT("StartedBefore", IN_QUERY("StartedBefore")),
    REVERSE_ORDER,
    MARKER,
    ITEM_COUNT,
    END,
};

const struct constraint stop_durable_execution_members[] = {
    EXECUTION_ARN,
    STRUCT("Error", IS_BODY, MEMBERS(error_object_members)),
    END,
};

const struct constraint send_durable_execution_callback_success_members[] = {
    CALLBACK_ID,
    BLOB("Result", IS_BODY, SENSITIVE),
    END,
};

const struct constraint send_durable_execution_callback_failure_members[] = {
    CALLBACK_ID,
    STRUCT("Error", IS_BODY, MEMBERS(error_object_members)),
    END,
};

const struct constraint send_durable_execution_callback_heartbeat_members[] = {CALLBACK_ID, END};
