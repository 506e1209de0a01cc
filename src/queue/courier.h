/* Delivers letters to services elsewhere: SQS, SNS, EventBridge and S3 endpoints of the settings. A letter
 * waits in a durable queue of its service until the endpoint has accepted it; after LIMIT_LETTER_TRIES tries
 * it is dropped, counted and logged, as the service does. Requests are signed, and made by jobs. Loop thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "queue/async_totals.h"
#include "queue/courier_request.h"
#include "queue/queue.h"
#include "sys/loop.h"

struct courier_endpoint {
    const char *url; /* "http://127.0.0.1:9324"; NULL: none */
    const char *access_key;
    const char *secret_key;
};

struct courier_options {
    struct courier_endpoint endpoints[COURIER_SERVICES];
    const char *region;
    int64_t retry_ms; /* between tries */
};

struct courier;

/* Counts failures in `totals`. */
struct courier *courier_new(struct loop *loop, const struct clock *clock, struct queues *queues,
                            const struct courier_options *options, struct async_totals *totals);

/* The queue for letters to that ARN. False: no endpoint of its service is set; the text names the setting. */
bool courier_queue(const struct courier *courier, const char *arn, struct queue **ret_queue, struct err *err);

/* Begins to deliver; what was under way when the daemon ended is delivered again. */
void courier_start(struct courier *courier);
void courier_stop(struct courier *courier);
size_t courier_pending(const struct courier *courier); /* requests under way */
void courier_free(struct courier *courier);            /* NULL is fine */
