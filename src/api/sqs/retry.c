/* See retry.h. */
#include "api/sqs/retry.h"

#include "api/sqs/attempts.h"
#include "base/mem.h"

#define MEMBER "ReceiveRequestAttemptId"

bool retry_check(const struct api_call *call, const struct queue_definition *definition, struct err *err) {
    OWN_MEM char *id = sqs_text(call, MEMBER);
    if (!id)
        return true;
    return queue_attributes_flag(&definition->document.attributes, QUEUE_FIFO)
               ? sqs_check_id(MEMBER, id, err)
               : sqs_refuse_for_type(MEMBER, id, err);
}

struct release {
    struct api_call *call;
    void (*next)(struct api_call *call);
};

/* Those that were settled since have been dealt with: the rest was given back. */
static void released(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    struct release *release = arg;
    (void)outcomes;
    (void)count;
    if (err)
        sqs_fail(release->call, err);
    else
        release->next(release->call);
    free(release);
}

static void give_back(struct api_call *call, const struct queue_definition *definition,
                      struct attempt *attempt, void (*next)(struct api_call *call)) {
    const struct release release = {call, next};
    struct release *copy = mem_copy(&release, sizeof release);
    struct queue_settlement settlements[LIMIT_QUEUE_BATCH] = {0};
    struct err err;
    for (size_t i = 0; i < attempt->count; i++)
        settlements[i] = (struct queue_settlement){.receipt = attempt->receipts[i], .action = QUEUE_EXTEND};
    if (queue_settle(definition->queue, settlements, attempt->count, released, copy, &err)) {
        attempt->count = 0;
        return;
    }
    free(copy);
    sqs_fail(call, &err);
}

void retry_release(struct api_call *call, const struct queue_definition *definition,
                   void (*next)(struct api_call *call)) {
    OWN_MEM char *id = sqs_text(call, MEMBER);
    struct attempt *attempt = id ? attempts_find(call->api->sqs->attempts, &definition->location, id,
                                                 clock_mono_us(call->api->clock))
                                 : NULL;
    if (attempt)
        give_back(call, definition, attempt, next);
    else
        next(call);
}

void retry_keep(const struct api_call *call, const struct queue_location *location,
                const struct queue_message *messages, size_t count) {
    OWN_MEM char *id = sqs_text(call, MEMBER);
    if (id && count > 0)
        attempts_keep(&call->api->sqs->attempts, location, id, messages, count,
                      clock_mono_us(call->api->clock));
}
