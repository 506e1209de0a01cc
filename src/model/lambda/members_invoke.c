/* The members of the three ways to invoke a function. */
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

static const char *const invocation_types[] = {"DryRun", "RequestResponse", "Event", NULL};
static const char *const log_types[] = {"Tail", "None", NULL};
static const char *const stream_invocation_types[] = {"DryRun", "RequestResponse", NULL};

const struct constraint invoke_members[] = {
    FUNCTION_NAME_READ,
    TEXT("InvocationType", IN_HEADER("x-amz-invocation-type"), ONE_OF(invocation_types)),
    TEXT("LogType", IN_HEADER("x-amz-log-type"), ONE_OF(log_types)),
    TEXT("ClientContext", IN_HEADER("x-amz-client-context")),
    TEXT("DurableExecutionName", IN_HEADER("x-amz-durable-execution-name"), SIZE(1, 64), MATCH(word)),
    BLOB("Payload", IS_BODY, SENSITIVE),
    QUALIFIER,
    TEXT("TenantId", IN_HEADER("x-amz-tenant-id"), SIZE(1, 256), MATCH(tenant)),
    END,
};

const struct constraint invoke_async_members[] = {
    FUNCTION_NAME_READ,
    BLOB("InvokeArgs", IS_BODY, REQUIRED),
    END,
};

const struct constraint invoke_with_response_stream_members[] = {
    FUNCTION_NAME_READ,
    TEXT("LogType", IN_HEADER("x-amz-log-type"), ONE_OF(log_types)),
    TEXT("ClientContext", IN_HEADER("x-amz-client-context")),
    QUALIFIER,
    BLOB("Payload", IS_BODY, SENSITIVE),
    TEXT("TenantId", IN_HEADER("x-amz-tenant-id"), SIZE(1, 256), MATCH(tenant)),
    TEXT("InvocationType", IN_HEADER("x-amz-invocation-type"), ONE_OF(stream_invocation_types)),
    END,
};
