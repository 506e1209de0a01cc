/* SendMessage and SendMessageBatch. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/sqs/batch.h"
#include "api/sqs/handlers.h"
#include "api/sqs/message.h"
#include "base/limits.h"
#include "base/mem.h"

/* What the answer tells of a message, kept until it is on disk. */
struct sent {
    char body_md5[DIGEST_MD5_HEX_BYTES];
    char attributes_md5[DIGEST_MD5_HEX_BYTES];
    char system_attributes_md5[DIGEST_MD5_HEX_BYTES];
    bool is_fifo;
};

static struct sent sent_of(const struct outgoing *message) {
    struct sent sent = {.is_fifo = message->entry.group != NULL};
    memcpy(sent.body_md5, message->body_md5, sizeof sent.body_md5);
    memcpy(sent.attributes_md5, message->attributes_md5, sizeof sent.attributes_md5);
    memcpy(sent.system_attributes_md5, message->system_attributes_md5, sizeof sent.system_attributes_md5);
    return sent;
}

static const char *text_or_none(const char *text) {
    return text[0] ? text : NULL;
}

static void put_sent(struct answer *answer, const struct sent *sent, const struct queue_pushed *pushed) {
    char sequence[QUEUE_SEQUENCE_BYTES];
    queue_sequence_text(pushed->sequence, sequence);
    answer_text(answer, "MessageId", pushed->message_id);
    answer_text(answer, "MD5OfMessageBody", sent->body_md5);
    answer_text(answer, "MD5OfMessageAttributes", text_or_none(sent->attributes_md5));
    answer_text(answer, "MD5OfMessageSystemAttributes", text_or_none(sent->system_attributes_md5));
    answer_text(answer, "SequenceNumber", sent->is_fifo ? sequence : NULL);
}

/* ---- one ---- */

static void pushed_one(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    struct api_call *call = arg;
    (void)count;
    if (err) {
        sqs_fail(call, err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, call);
    put_sent(&answer, (const struct sent *)(const void *)call->space, pushed);
    answer_end(&answer);
    call_answer(call, &body);
}

static bool push_one(struct api_call *call, const struct queue_definition *definition,
                     const struct outgoing *message, struct err *err) {
    *(struct sent *)(void *)call->space = sent_of(message);
    return queue_push(definition->queue, &message->entry, 1, pushed_one, call, err);
}

void sqs_send_message(struct api_call *call) {
    static_assert(sizeof(struct sent) <= API_CALL_SPACE_BYTES, "no room for what was sent");
    struct err err;
    struct outgoing message = {0};
    const struct queue_definition *definition = sqs_queue(call, &err);
    bool ok = definition && outgoing_read(&message, call, definition, call->input.root, &err) &&
              push_one(call, definition, &message, &err);
    outgoing_done(&message);
    if (!ok)
        sqs_fail(call, &err);
}

/* ---- a batch ---- */

struct sending {
    struct api_call *call;
    struct batch batch;
    struct outgoing messages[LIMIT_QUEUE_BATCH];
    struct err *failures[LIMIT_QUEUE_BATCH]; /* NULL: it goes to the engine */
};

static void sending_free(struct sending *sending) {
    for (size_t i = 0; i < sending->batch.count; i++) {
        outgoing_done(&sending->messages[i]);
        free(sending->failures[i]);
    }
    free(sending);
}

static void put_successful(struct answer *answer, const struct sending *sending,
                           const struct queue_pushed *pushed) {
    static const char element[] = "SendMessageBatchResultEntry";
    answer_open_list(answer, "Successful");
    for (size_t i = 0; i < sending->batch.count; i++) {
        if (sending->failures[i])
            continue;
        const struct sent sent = sent_of(&sending->messages[i]);
        answer_open_item(answer, element);
        answer_text(answer, "Id", sending->batch.ids[i]);
        put_sent(answer, &sent, pushed++);
        answer_close_item(answer, element);
    }
    answer_close_list(answer);
}

static void answer_batch(const struct sending *sending, const struct queue_pushed *pushed) {
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, sending->call);
    put_successful(&answer, sending, pushed);
    answer_open_list(&answer, "Failed");
    for (size_t i = 0; i < sending->batch.count; i++)
        if (sending->failures[i])
            batch_put_failed(&answer, sending->batch.ids[i], sending->failures[i]);
    answer_close_list(&answer);
    answer_end(&answer);
    call_answer(sending->call, &body);
}

static void pushed_batch(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    struct sending *sending = arg;
    (void)count;
    if (err)
        sqs_fail(sending->call, err);
    else
        answer_batch(sending, pushed);
    sending_free(sending);
}

/* Messages of a FIFO queue that don't say where they belong make the whole batch fail, as on AWS. */
static bool is_for_all(const struct queue_definition *definition, const struct outgoing *message) {
    return queue_attributes_flag(&definition->document.attributes, QUEUE_FIFO) && message->body &&
           !message->entry.group;
}

static bool read_batch(struct sending *sending, const struct queue_definition *definition, struct err *err) {
    struct json_value entry;
    size_t i = 0;
    size_t size_bytes = 0;
    for (uint32_t cursor = 0; json_each(sending->batch.entries, &cursor, NULL, &entry); i++) {
        struct outgoing *message = &sending->messages[i];
        if (!outgoing_read(message, sending->call, definition, entry, err)) {
            if (is_for_all(definition, message))
                return false;
            sending->failures[i] = mem_copy(err, sizeof *err);
        }
        size_bytes += message->size_bytes;
    }
    if (size_bytes <= LIMIT_MESSAGE_BYTES)
        return true;
    return err_set(err, ERR_TOO_LARGE,
                   "Batch requests cannot be longer than %u bytes. You have sent %zu bytes.",
                   LIMIT_MESSAGE_BYTES, size_bytes);
}

/* Those that are fit to be sent, all in one transaction. */
static bool push_batch(struct sending *sending, const struct queue_definition *definition, struct err *err) {
    struct queue_entry entries[LIMIT_QUEUE_BATCH];
    size_t count = 0;
    for (size_t i = 0; i < sending->batch.count; i++)
        if (!sending->failures[i])
            entries[count++] = sending->messages[i].entry;
    if (count > 0)
        return queue_push(definition->queue, entries, count, pushed_batch, sending, err);
    answer_batch(sending, NULL);
    sending_free(sending);
    return true;
}

void sqs_send_message_batch(struct api_call *call) {
    struct err err;
    struct sending *sending = mem_alloc(sizeof *sending);
    sending->call = call;
    if (!batch_begin(&sending->batch, call)) {
        sending_free(sending);
        return;
    }
    const struct queue_definition *definition = sqs_queue(call, &err);
    if (!definition || !read_batch(sending, definition, &err) || !push_batch(sending, definition, &err)) {
        sending_free(sending);
        sqs_fail(call, &err);
    }
}
