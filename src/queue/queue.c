/* What others ask of queues. See queue.h; the work is in engine.c. */
#include "queue/queue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "queue/engine.h"

/* Of the signature of a receipt: what is guessed is asked for over the network. */
#define SIGNATURE_BYTES 9

static void load_queue(void *arg, int64_t id, const char *key, int64_t messages) {
    struct queues *queues = arg;
    if (!key) {
        engine_add_retired(queues, id);
        return;
    }
    struct queue *queue = queues_get(queues, key);
    queue->id = id;
    queue->messages = messages;
}

static void load_second(void *arg, int64_t second, bool is_leased, int64_t messages) {
    struct queue *queue = arg;
    due_counts_add(&queue->hidden, second, is_leased, messages);
}

/* Looks at what is leased or delayed, not at what is visible. */
static bool load_times(struct queues *queues, struct err *err) {
    int64_t now_ms = engine_now_ms(queues);
    size_t cursor = 0;
    const char *key;
    void *value;
    while (map_next(&queues->by_key, &cursor, &key, &value)) {
        struct queue *queue = value;
        due_counts_pass(&queue->hidden, now_ms);
        if (!queue_rows_next_due(queues->db, queue->id, &queue->next_due_ms, err) ||
            !queue_rows_oldest_sent(queues->db, queue->id, &queue->oldest_sent_ms, err) ||
            !queue_rows_each_second(queues->db, queue->id, now_ms, load_second, queue, err))
            return false;
    }
    return true;
}

bool queues_open(struct loop *loop, const struct clock *clock, const char *path, struct queues **ret_queues,
                 struct err *err) {
    struct queues *queues = engine_new(loop, clock);
    if (!db_open_queues(path, &queues->db, err) || !db_open_queues(path, &queues->checkpoint_db, err) ||
        !queue_rows_read_sequence(queues->db, &queues->numbers.next, queues->secret, err) ||
        !queue_rows_each_queue(queues->db, load_queue, queues, err) || !load_times(queues, err)) {
        engine_free(queues);
        return false;
    }
    queues->numbers.end = queues->numbers.next;
    if (queues->is_retired_due)
        engine_wake(queues);
    *ret_queues = queues;
    return true;
}

void queues_close(struct queues *queues, void (*closed)(void *arg), void *arg) {
    assert(!queues->closed);
    queues->closed = closed;
    queues->closed_arg = arg;
    size_t cursor = 0;
    const char *key;
    void *queue;
    while (map_next(&queues->by_key, &cursor, &key, &queue))
        engine_refuse_all(queue);
    engine_wake(queues);
}

struct queue *queues_get(struct queues *queues, const char *key) {
    struct queue *queue = map_get(&queues->by_key, key);
    if (!queue) {
        queue = engine_queue_new(queues, key);
        map_put(&queues->by_key, key, queue);
    }
    return queue;
}

void queue_configure(struct queue *queue, const struct queue_settings *settings) {
    char *dead_letter_key = mem_text(settings->dead_letter_key);
    free((void *)(uintptr_t)queue->settings.dead_letter_key);
    queue->settings = *settings;
    queue->settings.dead_letter_key = dead_letter_key;
    if (queue->place)
        engine_seal(queue->queues);
    engine_look(queue);
}

bool queue_release_all(struct queue *queue, struct err *err) {
    struct queues *queues = queue->queues;
    int64_t now_ms = engine_now_ms(queues);
    assert(queues->batch_count == 0);
    due_counts_clear(&queue->hidden);
    return queue_rows_release(queues->db, queue->id, now_ms, err) &&
           queue_rows_next_due(queues->db, queue->id, &queue->next_due_ms, err) &&
           queue_rows_each_second(queues->db, queue->id, now_ms, load_second, queue, err);
}

bool queue_push(struct queue *queue, const struct queue_entry *entries, size_t count,
                void (*done)(void *arg, const struct queue_pushed *pushed, size_t count,
                             const struct err *err),
                void *arg, struct err *err) {
    if (!engine_admit(queue->queues, err))
        return false;
    struct push_step *push = step_push(queue, entries, count);
    push->done = done;
    push->step.arg = arg;
    engine_submit(queue->queues, &push->step);
    return true;
}

struct queue_receive *queue_receive(struct queue *queue, size_t most, int64_t visibility_ms, int64_t wait_ms,
                                    void (*done)(void *arg, const struct queue_message *messages,
                                                 size_t count, const struct err *err),
                                    void *arg, struct err *err) {
    struct queues *queues = queue->queues;
    if (!engine_admit(queues, err))
        return NULL;
    if (queues->receiver_count >= LIMIT_QUEUE_RECEIVERS) {
        err_set(err, ERR_LIMIT, "%zu receives are waiting for messages already", queues->receiver_count);
        return NULL;
    }
    struct queue_receive *receive = step_receive(queue, most);
    receive->done = done;
    receive->step.arg = arg;
    receive->visibility_ms = visibility_ms;
    receive->number = queues->receives++;
    receive->deadline_ms = engine_now_ms(queues) + wait_ms;
    if (wait_ms > 0 && !list_is_empty(&queue->waiting))
        engine_wait(receive); /* those who wait come first */
    else
        engine_submit(queues, &receive->step);
    return receive;
}

void queue_receive_cancel(struct queue_receive *receive) {
    switch (receive->state) {
    case RECEIVE_ASKED: engine_forget(receive); return;
    case RECEIVE_RUNNING: receive->is_cancelled = true; return;
    case RECEIVE_WAITING:
        engine_stop_waiting(receive);
        step_free(&receive->step);
        return;
    }
}

bool queue_settle(struct queue *queue, const struct queue_settlement *settlements, size_t count,
                  void (*done)(void *arg, const enum queue_outcome *outcomes, size_t count,
                               const struct err *err),
                  void *arg, struct err *err) {
    if (!engine_admit(queue->queues, err))
        return false;
    struct settle_step *settle = step_settle(queue, settlements, count);
    settle->done = done;
    settle->step.arg = arg;
    engine_submit(queue->queues, &settle->step);
    return true;
}

bool queue_purge(struct queue *queue, void (*done)(void *arg, const struct err *err), void *arg,
                 struct err *err) {
    if (!engine_admit(queue->queues, err))
        return false;
    struct purge_step *purge = step_purge(queue);
    purge->done = done;
    purge->step.arg = arg;
    engine_submit(queue->queues, &purge->step);
    return true;
}

bool queue_drop(struct queue *queue, void (*done)(void *arg, const struct err *err), void *arg,
                struct err *err) {
    if (!queue_purge(queue, done, arg, err))
        return false;
    map_remove(&queue->queues->by_key, queue->key);
    queue->is_dropped = true;
    engine_refuse_all(queue);
    return true;
}

/* The numbers, and a part that only who has received the message can know. */
static void write_receipt(const struct queues *queues, struct queue_receipt receipt,
                          char ret_plain[QUEUE_RECEIPT_BYTES]) {
    uint8_t signature[DIGEST_SHA256_BYTES];
    char hex[DIGEST_SHA256_HEX_BYTES];
    int len = snprintf(ret_plain, QUEUE_RECEIPT_BYTES, "%lld.%lld.", (long long)receipt.sequence,
                       (long long)receipt.receives);
    digest_hmac_sha256(queues->secret, sizeof queues->secret, ret_plain, (size_t)len, signature);
    digest_hex(signature, SIGNATURE_BYTES, hex);
    snprintf(ret_plain + len, QUEUE_RECEIPT_BYTES - (size_t)len, "%s", hex);
}

void queue_receipt_write(const struct queues *queues, struct queue_receipt receipt,
                         char ret_text[QUEUE_RECEIPT_BYTES]) {
    char plain[QUEUE_RECEIPT_BYTES];
    write_receipt(queues, receipt, plain);
    digest_base64_encode(plain, strlen(plain), ret_text);
}

/* Up to the next dot; 0 for what is none. What is written in another way is refused with the signature. */
static int64_t read_number(const char **text) {
    char *end;
    long long number = strtoll(*text, &end, 10);
    bool is_number = *end == '.';
    *text = is_number ? end + 1 : end;
    return is_number ? number : 0;
}

bool queue_receipt_read(const struct queues *queues, const char *text, struct queue_receipt *ret_receipt,
                        struct err *err) {
    char plain[QUEUE_RECEIPT_BYTES + 1];
    char own[QUEUE_RECEIPT_BYTES];
    size_t len = strlen(text);
    bool is_base64 = len < QUEUE_RECEIPT_BYTES && digest_base64_decode(text, len, plain, &len);
    plain[is_base64 ? len : 0] = '\0';
    const char *place = plain;
    struct queue_receipt receipt = {.sequence = read_number(&place)};
    receipt.receives = read_number(&place);
    write_receipt(queues, receipt, own);
    if (!is_base64 || strlen(own) != len || !digest_equal(own, plain, len))
        return err_set(err, ERR_PARAMETER, "The receipt handle is not one that a receive has given");
    *ret_receipt = receipt;
    return true;
}

void queue_count(struct queue *queue, struct queue_counts *ret_counts) {
    due_counts_pass(&queue->hidden, engine_now_ms(queue->queues));
    *ret_counts = (struct queue_counts){
        .visible = queue->messages - queue->hidden.leased - queue->hidden.delayed,
        .in_flight = queue->hidden.leased,
        .delayed = queue->hidden.delayed,
        .oldest_sent_ms = queue->oldest_sent_ms == QUEUE_ROWS_NEVER ? 0 : queue->oldest_sent_ms,
        .receivers = queue->receiver_count,
    };
}

void queues_each(struct queues *queues, void (*each)(void *arg, const char *key, struct queue *queue),
                 void *arg) {
    size_t cursor = 0;
    const char *key;
    void *queue;
    while (map_next(&queues->by_key, &cursor, &key, &queue))
        each(arg, key, queue);
}
