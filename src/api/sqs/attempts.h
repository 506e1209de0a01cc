/* What was leased under which ReceiveRequestAttemptId, in all FIFO queues, for five minutes, in memory. Loop
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/sqs/location.h"
#include "base/limits.h"
#include "queue/message.h"

#define ATTEMPT_BYTES 129

struct attempt {
    struct queue_location location;
    char id[ATTEMPT_BYTES];
    int64_t at_us; /* monotonic */
    struct queue_receipt receipts[LIMIT_QUEUE_BATCH];
    size_t count;
};

struct attempts;

/* NULL when there is none, or none within five minutes before. `attempts` may be NULL. */
struct attempt *attempts_find(struct attempts *attempts, const struct queue_location *location,
                              const char *id, int64_t now_us);

/* Remembers a lease of ten messages at most under an id that fits; makes *attempts when it is NULL. */
void attempts_keep(struct attempts **attempts, const struct queue_location *location, const char *id,
                   const struct queue_message *messages, size_t count, int64_t now_us);

void attempts_free(struct attempts *attempts); /* NULL is fine */
