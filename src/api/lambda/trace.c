/* See trace.h. The new ones: "Root=1-<seconds>-<96 random bits>;Parent=<64 random bits>;Sampled=0" (X-Ray
 * Developer Guide, tracing header). */
#include "api/lambda/trace.h"

#include <string.h>

#include "api/lambda/lambda.h"
#include "api/lambda/recursion.h"
#include "model/lineage.h"

/* What a caller sent may be so long that the lineage still has room behind it. */
#define SENT_BYTES 160

static void set_new(const struct api_call *call, char trace_id[SENT_BYTES]) {
    static const char form[] = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0";
    enum { SECONDS_AT = 7, ROOT_AT = 16, ROOT_CHARS = 24, PARENT_AT = 48, PARENT_CHARS = 16 };
    static const char digits[] = "0123456789abcdef";
    char random[ROOT_CHARS + PARENT_CHARS + 1];
    ident_hex(random, ROOT_CHARS + PARENT_CHARS);
    memcpy(trace_id, form, sizeof form);
    memcpy(trace_id + ROOT_AT, random, ROOT_CHARS);
    memcpy(trace_id + PARENT_AT, random + ROOT_CHARS, PARENT_CHARS);
    uint32_t now_s = (uint32_t)(clock_wall_us(call->api->clock) / 1000000);
    for (int i = 7; i >= 0; i--, now_s >>= 4)
        trace_id[SECONDS_AT + i] = digits[now_s & 15];
}

void trace_set(const struct api_call *call, const struct catalogue_entry *entry,
               char ret_trace_id[TRACE_ID_BYTES]) {
    const struct http_text *sent = http_header_get(call->request, "x-amzn-trace-id");
    char trace_id[SENT_BYTES];
    if (sent && sent->len && sent->len < SENT_BYTES) {
        memcpy(trace_id, sent->data, sent->len);
        trace_id[sent->len] = '\0';
    } else {
        set_new(call, trace_id);
    }
    lineage_extend(trace_id, entry->arn, ret_trace_id, TRACE_ID_BYTES);
}

bool trace_is_stopped(const struct api *api, const struct catalogue_entry *entry, const char *trace_id) {
    return lineage_returns(trace_id) >= LINEAGE_MAX_RETURNS && recursion_is_stopped(api, entry);
}

void trace_refuse(struct api_call *call) {
    call_refuse(call, API_RECURSIVE_INVOCATION, TRACE_REFUSAL);
}
