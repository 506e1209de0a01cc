/* See batch.h. */
#include "api/sqs/batch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* What an entry is called when nothing in it was sent: by the operation. */
static bool refuse_empty(struct api_call *call) {
    char text[160];
    const struct constraint *entries = call->match.operation->members;
    while (strcmp(entries->name, "Entries") != 0)
        entries++;
    snprintf(text, sizeof text, "There should be at least one %s in the request.", entries->wire);
    call_refuse(call, API_EMPTY_BATCH_REQUEST, text);
    return false;
}

static bool is_id(const char *text) {
    size_t len = strlen(text);
    for (const char *at = text; *at; at++)
        if (!isalnum((unsigned char)*at) && *at != '-' && *at != '_')
            return false;
    return len >= 1 && len < BATCH_ID_BYTES;
}

static bool read_ids(struct batch *batch, struct api_call *call) {
    struct json_value entry;
    for (uint32_t cursor = 0; json_each(batch->entries, &cursor, NULL, &entry); batch->count++) {
        OWN_MEM char *id = json_string(json_member(entry, "Id"));
        if (!id || !is_id(id)) {
            call_refuse(call, API_INVALID_BATCH_ENTRY_ID,
                        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                        "It can be at most 80 letters long.");
            return false;
        }
        for (size_t i = 0; i < batch->count; i++)
            if (strcmp(batch->ids[i], id) == 0) {
                char text[128];
                snprintf(text, sizeof text, "Id %s repeated.", id);
                call_refuse(call, API_BATCH_ENTRY_IDS_NOT_DISTINCT, text);
                return false;
            }
        memcpy(batch->ids[batch->count], id, strlen(id) + 1);
    }
    return true;
}

bool batch_begin(struct batch *batch, struct api_call *call) {
    *batch = (struct batch){.entries = input_member(&call->input, "Entries")};
    uint32_t count = json_size(batch->entries);
    if (count == 0)
        return refuse_empty(call);
    if (count > LIMIT_QUEUE_BATCH) {
        char text[128];
        snprintf(text, sizeof text, "Maximum number of entries per request are %d. You have sent %u.",
                 LIMIT_QUEUE_BATCH, count);
        call_refuse(call, API_TOO_MANY_ENTRIES_IN_BATCH_REQUEST, text);
        return false;
    }
    return read_ids(batch, call);
}

void batch_put_failed(struct answer *answer, const char *id, const struct err *err) {
    enum api_exception exception = answer->call->service->exception(err->code);
    answer_open_item(answer, "BatchResultErrorEntry");
    answer_text(answer, "Id", id);
    answer_bool(answer, "SenderFault", error_status(exception) < 500);
    answer_text(answer, "Code", error_query_code(exception));
    answer_text(answer, "Message", err->text);
    answer_close_item(answer, "BatchResultErrorEntry");
}
