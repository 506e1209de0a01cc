/* See attempts.h. */
#include "api/sqs/attempts.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

#define ATTEMPT_LIFE_US (300 * 1000000ll) /* SQS API, ReceiveMessage */

/* Past it the oldest is forgotten, and its messages come back when their leases are over. */
#define ATTEMPTS_KEPT 4096

/* A ring. */
struct attempts {
    struct attempt items[ATTEMPTS_KEPT];
    size_t next;
};

void attempts_free(struct attempts *attempts) {
    free(attempts);
}

static bool is_of(const struct attempt *attempt, const struct queue_location *location, const char *id) {
    return strcmp(attempt->id, id) == 0 && strcmp(attempt->location.name, location->name) == 0 &&
           strcmp(attempt->location.account, location->account) == 0;
}

struct attempt *attempts_find(struct attempts *attempts, const struct queue_location *location,
                              const char *id, int64_t now_us) {
    size_t count = !attempts ? 0 : attempts->next < ATTEMPTS_KEPT ? attempts->next : ATTEMPTS_KEPT;
    for (size_t i = 0; i < count; i++)
        if (attempts->items[i].count > 0 && is_of(&attempts->items[i], location, id) &&
            now_us - attempts->items[i].at_us < ATTEMPT_LIFE_US)
            return &attempts->items[i];
    return NULL;
}

void attempts_keep(struct attempts **attempts, const struct queue_location *location, const char *id,
                   const struct queue_message *messages, size_t count, int64_t now_us) {
    size_t len = strlen(id);
    assert(len < ATTEMPT_BYTES && count <= LIMIT_QUEUE_BATCH);
    if (!*attempts)
        *attempts = mem_alloc(sizeof **attempts);
    struct attempt *attempt = &(*attempts)->items[(*attempts)->next++ % ATTEMPTS_KEPT];
    *attempt = (struct attempt){.location = *location, .at_us = now_us, .count = count};
    memcpy(attempt->id, id, len + 1);
    for (size_t i = 0; i < count; i++)
        attempt->receipts[i] = messages[i].receipt;
}
