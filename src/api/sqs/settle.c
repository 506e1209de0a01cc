/* DeleteMessage, ChangeMessageVisibility and their batches: what becomes of a message that was received. */
#include <string.h>

#include "api/sqs/batch.h"
#include "api/sqs/handlers.h"
#include "base/mem.h"

/* A handle of a message that is not there any more is fine to delete it by, and in a standard queue so is one
 * from an earlier receive; but not in a FIFO queue, nor to change anything. After its timeout a message stays
 * visible, whatever is said: the service answers so (it never says MessageNotInflight). Source: SQS API;
 * recorded from the service. */
static bool outcome_check(enum queue_outcome outcome, const struct queue_settlement *settlement, bool is_fifo,
                          const char *handle, struct err *err) {
    bool is_removal = settlement->action == QUEUE_REMOVE;
    switch (outcome) {
    case QUEUE_SETTLED:
    case QUEUE_NOT_LEASED: return true;
    case QUEUE_TOO_LONG:
        return err_set(
            err, ERR_PARAMETER,
            "Value %lld for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout "
            "for the message is beyond the limit [%lld seconds]",
            (long long)(settlement->delay_ms / 1000), LIMIT_QUEUE_LEASE_MS / 1000);
    case QUEUE_GONE:
        if (is_removal)
            return true;
        break;
    case QUEUE_STALE:
        if (is_removal && !is_fifo)
            return true;
        break;
    }
    return err_set(err, ERR_PARAMETER, "Value %s for parameter ReceiptHandle is invalid. Reason: %s", handle,
                   is_removal ? "The receipt handle has expired."
                              : "Message does not exist or is not available for visibility timeout change.");
}

static bool read_settlement(const struct api_call *call, struct json_value object,
                            struct queue_settlement *ret_settlement, struct err *err) {
    static const struct sqs_bounds bounds = {"VisibilityTimeout", 0, 43200,
                                             "Must be >= 0 and <= 43200, if provided."};
    struct queue_settlement settlement = {.action = QUEUE_REMOVE};
    OWN_MEM char *handle = json_string(json_member(object, "ReceiptHandle"));
    if (!handle || handle[0] == '\0')
        return err_set(err, ERR_VALIDATION, "The request must contain the parameter ReceiptHandle.");
    if (!queue_receipt_read(call->api->queues, handle, &settlement.receipt, NULL))
        return err_set(err, ERR_RECEIPT,
                       "The input receipt handle \"%.1024s\" is not a valid receipt handle.", handle);
    if (call->match.operation->name[0] == 'C') {
        int64_t seconds;
        if (!sqs_integer(object, &bounds, INT64_MIN, &seconds, err))
            return false;
        if (seconds == INT64_MIN)
            return err_set(err, ERR_VALIDATION, "The request must contain the parameter VisibilityTimeout.");
        settlement.action = QUEUE_EXTEND;
        settlement.delay_ms = seconds * 1000;
    }
    *ret_settlement = settlement;
    return true;
}

static bool is_fifo(const struct queue_definition *definition) {
    return queue_attributes_flag(&definition->document.attributes, QUEUE_FIFO);
}

/* ---- one ---- */

struct settling_one {
    struct queue_settlement settlement;
    bool is_fifo;
};

static void settled_one(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    struct api_call *call = arg;
    const struct settling_one *settling = (const struct settling_one *)(const void *)call->space;
    OWN_MEM char *handle = sqs_text(call, "ReceiptHandle");
    struct err failure;
    (void)count;
    if (err)
        sqs_fail(call, err);
    else if (outcome_check(outcomes[0], &settling->settlement, settling->is_fifo, handle, &failure))
        sqs_answer_done(call);
    else
        call_fail(call, &failure);
}

static void settle_one(struct api_call *call) {
    struct settling_one *settling = (struct settling_one *)(void *)call->space;
    struct queue_settlement *settlement = &settling->settlement;
    struct err err;
    const struct queue_definition *definition = sqs_queue(call, &err);
    if (!definition || !read_settlement(call, call->input.root, settlement, &err)) {
        call_fail(call, &err);
        return;
    }
    settling->is_fifo = is_fifo(definition);
    if (!queue_settle(definition->queue, settlement, 1, settled_one, call, &err))
        sqs_fail(call, &err);
}

void sqs_delete_message(struct api_call *call) {
    settle_one(call);
}

void sqs_change_message_visibility(struct api_call *call) {
    settle_one(call);
}

/* ---- a batch ---- */

struct settling {
    struct api_call *call;
    struct batch batch;
    bool is_removal;
    bool is_fifo;
    struct err *failures[LIMIT_QUEUE_BATCH]; /* NULL: it was done */
    struct queue_settlement settlements[LIMIT_QUEUE_BATCH];
    size_t places[LIMIT_QUEUE_BATCH]; /* of the settlements, among the entries */
    size_t settlement_count;
};

static void settling_free(struct settling *settling) {
    for (size_t i = 0; i < settling->batch.count; i++)
        free(settling->failures[i]);
    free(settling);
}

static void answer_batch(const struct settling *settling) {
    const char *element = settling->is_removal ? "DeleteMessageBatchResultEntry"
                                               : "ChangeMessageVisibilityBatchResultEntry";
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, settling->call);
    answer_open_list(&answer, "Successful");
    for (size_t i = 0; i < settling->batch.count; i++) {
        if (settling->failures[i])
            continue;
        answer_open_item(&answer, element);
        answer_text(&answer, "Id", settling->batch.ids[i]);
        answer_close_item(&answer, element);
    }
    answer_close_list(&answer);
    answer_open_list(&answer, "Failed");
    for (size_t i = 0; i < settling->batch.count; i++)
        if (settling->failures[i])
            batch_put_failed(&answer, settling->batch.ids[i], settling->failures[i]);
    answer_close_list(&answer);
    answer_end(&answer);
    call_answer(settling->call, &body);
}

static struct json_value entry_at(const struct settling *settling, size_t place) {
    struct json_value entry = {0};
    uint32_t cursor = 0;
    for (size_t i = 0; i <= place; i++)
        json_each(settling->batch.entries, &cursor, NULL, &entry);
    return entry;
}

static void settled_batch(void *arg, const enum queue_outcome *outcomes, size_t count,
                          const struct err *err) {
    struct settling *settling = arg;
    if (err) {
        sqs_fail(settling->call, err);
        settling_free(settling);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct err failure;
        size_t place = settling->places[i];
        OWN_MEM char *handle = json_string(json_member(entry_at(settling, place), "ReceiptHandle"));
        if (!outcome_check(outcomes[i], &settling->settlements[i], settling->is_fifo, handle, &failure))
            settling->failures[place] = mem_copy(&failure, sizeof failure);
    }
    answer_batch(settling);
    settling_free(settling);
}

static void read_batch(struct settling *settling) {
    struct json_value entry;
    struct err err;
    size_t place = 0;
    for (uint32_t cursor = 0; json_each(settling->batch.entries, &cursor, NULL, &entry); place++) {
        size_t next = settling->settlement_count;
        if (read_settlement(settling->call, entry, &settling->settlements[next], &err)) {
            settling->places[next] = place;
            settling->settlement_count++;
        } else {
            settling->failures[place] = mem_copy(&err, sizeof err);
        }
    }
}

static bool settle_batch(struct settling *settling, struct err *err) {
    const struct queue_definition *definition = sqs_queue(settling->call, err);
    if (!definition)
        return false;
    settling->is_removal = settling->call->match.operation->name[0] == 'D';
    settling->is_fifo = is_fifo(definition);
    read_batch(settling);
    if (settling->settlement_count > 0)
        return queue_settle(definition->queue, settling->settlements, settling->settlement_count,
                            settled_batch, settling, err);
    answer_batch(settling);
    settling_free(settling);
    return true;
}

void sqs_settle_batch(struct api_call *call) {
    struct err err;
    struct settling *settling = mem_alloc(sizeof *settling);
    settling->call = call;
    if (!batch_begin(&settling->batch, call)) {
        settling_free(settling);
    } else if (!settle_batch(settling, &err)) {
        settling_free(settling);
        sqs_fail(call, &err);
    }
}
