/* An asynchronous event as a value, and how it lies in its function's queue: the payload is the body of an
 * entry, all else its attributes, a JSON object. What changes from attempt to attempt is the entry's mark. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ident.h"
#include "queue/retry.h"

#define EVENT_ATTRIBUTES_BYTES 4096

struct event {
    char request_id[IDENT_UUID_BYTES]; /* the same for all attempts */
    char *qualifier;                   /* as the caller used it: "" for none */
    char *trace_id;                    /* tracing header to pass on */
    char *payload;                     /* checked JSON, NUL-terminated */
    size_t payload_len;
    struct retry_history history;
};

void event_done(struct event *event);

/* The attributes. */
void event_write(const struct event *event, struct buf *buf);

/* Texts become the event's own, the payload a copy. ERR_CORRUPT. */
bool event_read(const char *attributes, size_t attributes_len, const char *payload, size_t payload_len,
                int64_t mark, struct event *ret_event, struct err *err);

/* The attempts as the mark of an entry. */
int64_t event_mark(const struct event *event);
