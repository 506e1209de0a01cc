/* See event.h. A mark has the errors in its lowest byte and the times of being put back above. */
#include "queue/event.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"

#define MAX_TOKENS 32

void event_done(struct event *event) {
    free(event->qualifier);
    free(event->trace_id);
    free(event->payload);
    *event = (struct event){0};
}

void event_write(const struct event *event, struct buf *buf) {
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    json_put_member(&writer, "requestId", event->request_id);
    json_put_member(&writer, "qualifier", event->qualifier);
    json_put_member(&writer, "traceId", event->trace_id);
    json_put_member_integer(&writer, "acceptedUs", event->history.accepted_us);
    json_close_object(&writer);
}

static bool read_members(struct json_value root, struct event *event) {
    OWN_MEM char *request_id = json_string(json_member(root, "requestId"));
    event->qualifier = json_string(json_member(root, "qualifier"));
    event->trace_id = json_string(json_member(root, "traceId"));
    if (!request_id || !event->qualifier || !event->trace_id)
        return false;
    int len = snprintf(event->request_id, sizeof event->request_id, "%s", request_id);
    return len < (int)sizeof event->request_id &&
           json_integer(json_member(root, "acceptedUs"), &event->history.accepted_us);
}

bool event_read(const char *attributes, size_t attributes_len, const char *payload, size_t payload_len,
                int64_t mark, struct event *ret_event, struct err *err) {
    struct event event = {.history = {.errors = (uint32_t)(mark & 0xff), .put_backs = (uint32_t)(mark >> 8)}};
    struct json_doc doc = {0};
    bool ok = json_parse(&doc, attributes, attributes_len, MAX_TOKENS, NULL) &&
              read_members(json_root(&doc), &event);
    json_doc_done(&doc);
    if (!ok) {
        event_done(&event);
        return err_set(err, ERR_CORRUPT, "an event in the queue has unreadable attributes");
    }
    event.payload = mem_copy_text(payload, payload_len);
    event.payload_len = payload_len;
    *ret_event = event;
    return true;
}

int64_t event_mark(const struct event *event) {
    return (int64_t)event->history.put_backs << 8 | event->history.errors;
}
