/* What the ways to call a function and wait for it have in common: the request, read and checked, and the
 * beginning of the invocation. Allocates nothing. Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/call.h"
#include "api/lambda/catalogue.h"
#include "api/lambda/trace.h"
#include "base/limits.h"
#include "invoke/call.h"

/* The members of the operation that are sent as headers, which are checked one by one. NULL: it does not have
 * that one. */
struct invoke_request_headers {
    const struct constraint *type;
    const struct constraint *log_type;
    const struct constraint *execution_name;
    const struct constraint *tenant_id;
};

/* What the request says besides its payload. */
struct invoke_input {
    struct function_ref ref;
    const struct catalogue_entry *entry; /* of the function, which exists */
    const struct function *shown;        /* the version that the call goes to */
    bool is_qualified;
    bool is_dry_run;
    bool is_event;
    bool wants_log_tail;
    const char *client_context;
    char context_space[LIMIT_CLIENT_CONTEXT_BYTES + 1];
};

/* Of a call whose invocation runs; lies in its space. */
struct invoke_state {
    struct invocation *invocation;
    char version[FUNCTION_VERSION_BYTES]; /* that was executed */
    char trace_id[TRACE_ID_BYTES];
    bool is_paused; /* of a streamed response: the function waits for the caller */
};

static inline struct invoke_state *invoke_state_of(struct api_call *call) {
    return (struct invoke_state *)(void *)call->space;
}

/* Order of the checks: names and headers, permission, existence, client context, payload. */
bool invoke_request_read(const struct api_call *call, const struct invoke_request_headers *headers,
                         struct invoke_input *ret_input, struct err *err);

/* Ends the call, or begins the invocation: `done` is called with the call, which it must end, unless the
 * caller goes away before. With `stream` NULL the response comes whole. */
void invoke_request_run(struct api_call *call, const struct invoke_input *input,
                        const struct invoke_stream_events *stream,
                        void (*done)(void *arg, const struct invoke_result *result));
