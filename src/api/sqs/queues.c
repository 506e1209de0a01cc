/* CreateQueue, DeleteQueue, PurgeQueue. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/sqs/answer.h"
#include "api/sqs/attributes.h"
#include "api/sqs/handlers.h"
#include "api/sqs/move_run.h"
#include "base/log.h"
#include "base/mem.h"

#define URL_ANSWER_BYTES 4096
#define PURGE_PAUSE_US (60 * 1000000ll) /* SQS API, PurgeQueue */

/* ---- CreateQueue ---- */

static bool check_name(const char *name, bool is_fifo, struct err *err) {
    static const char suffix[] = ".fifo";
    size_t len = strlen(name);
    size_t suffix_len = strlen(suffix);
    bool has_suffix = len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
    bool is_fine = len >= 1 && len <= LIMIT_QUEUE_NAME_CHARS && has_suffix == is_fifo;
    for (size_t i = 0; is_fine && i < (is_fifo ? len - suffix_len : len); i++)
        is_fine = isalnum((unsigned char)name[i]) || name[i] == '-' || name[i] == '_';
    if (is_fine)
        return true;
    return err_set(err, ERR_PARAMETER,
                   is_fifo ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                             "underscores, must end with .fifo suffix and be 1 to 80 in length."
                           : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                             "length");
}

static bool answer_url(struct edit *edit, const struct queue_location *location) {
    OWN_MEM char *url = location_url(location, edit->call);
    struct answer answer;
    answer_begin(&answer, edit_answer_raw(edit, URL_ANSWER_BYTES), edit->call);
    answer_text(&answer, "QueueUrl", url);
    answer_end(&answer);
    return true;
}

/* The same queue once more is fine. */
static bool check_existing(const struct queue_definition *definition, struct json_value map,
                           struct err *err) {
    enum queue_attribute attribute;
    return !queue_attributes_differ(&definition->document.attributes, map, &attribute) ||
           err_set(err, ERR_CONFLICT,
                   "A queue already exists with the same name and a different value for attribute %s",
                   queue_attribute_name(attribute));
}

static bool create_new(struct edit *edit, const struct queue_location *location,
                       struct queue_document *document, struct err *err) {
    const struct input *input = &edit->call->input;
    struct json_value tags = input_member(input, "tags");
    document->created_s = document->modified_s = clock_wall_us(edit->call->api->clock) / 1000000;
    if (!attributes_check_outside(edit->call, location, &document->attributes,
                                  input_member(input, "Attributes"), err))
        return false;
    if (json_size(tags) > 0 && (!sqs_allows(edit->call, "sqs:tagqueue", location, err) ||
                                !sqs_check_tags(tags, err) || !tags_add(&document->tags, tags, err)))
        return false;
    return sqs_put(edit, location, document, err) && answer_url(edit, location);
}

static bool create_queue(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    struct json_value map = input_member(&call->input, "Attributes");
    struct queue_location location = {0};
    struct queue_document document = {0};
    OWN_MEM char *name = sqs_text(call, "QueueName");
    bool ok = queue_attributes_create(&document.attributes, map, err) &&
              check_name(name, queue_attributes_flag(&document.attributes, QUEUE_FIFO), err);
    if (ok) {
        memcpy(location.account, call->caller->account, sizeof location.account);
        memcpy(location.name, name, strlen(name));
        const struct queue_definition *existing = definitions_find(call->api->sqs, &location);
        ok = existing ? check_existing(existing, map, err) && answer_url(edit, &location)
                      : create_new(edit, &location, &document, err);
    }
    queue_document_done(&document);
    return ok;
}

static void created(struct edit *edit) {
    struct queue_location location = {0};
    OWN_MEM char *name = sqs_text(edit->call, "QueueName");
    memcpy(location.account, edit->call->caller->account, sizeof location.account);
    memcpy(location.name, name, strlen(name));
    definitions_refresh(edit->call->api->sqs, &location);
}

void sqs_create_queue(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = create_queue, .committed = created};
    edit_start(call, &call->api->sqs->turns, NULL, NULL, NULL, &actions);
}

/* ---- DeleteQueue ---- */

/* Messages that could not be dropped are dropped at the next start, where nobody knows their queue. */
static void dropped(void *arg, const struct err *err) {
    (void)arg;
    if (err)
        log_error("sqs.drop_failed", "text=\"%s\"", err->text);
}

struct deletion {
    struct sqs *sqs;
    struct queue_location location; /* "" until the messages were dropped */
};

/* The messages went before; this takes those that were sent since, in the order of all that is asked of the
 * engine. A new queue of the name does not have them. */
static bool delete_queue(struct edit *edit, struct err *err) {
    struct deletion *deletion = edit->state;
    struct queue_definition *definition = sqs_queue(edit->call, err);
    if (!definition)
        return false;
    if (!queue_drop(definition->queue, dropped, NULL, err)) {
        err->code = err->code == ERR_LIMIT ? ERR_THROTTLED : err->code;
        return false;
    }
    deletion->location = definition->location;
    definition->queue = NULL;
    move_run_free(take_ptr(definition->run));
    const struct record_key key = definitions_record(&deletion->location);
    edit_delete(edit, &key);
    return sqs_edit_done(edit);
}

static void deleted(struct edit *edit) {
    const struct deletion *deletion = edit->state;
    definitions_refresh(deletion->sqs, &deletion->location);
}

/* A queue whose end could not be stored lives on. */
static void delete_finished(struct edit *edit) {
    struct deletion *deletion = edit->state;
    struct queue_definition *left = deletion->location.name[0]
                                        ? definitions_reopen(deletion->sqs, &deletion->location)
                                        : NULL;
    if (left)
        move_run_start(deletion->sqs, left);
    free(deletion);
}

static void emptied(void *arg, const struct err *err) {
    static const struct edit_actions actions = {
        .prepare = delete_queue, .committed = deleted, .finished = delete_finished};
    struct api_call *call = arg;
    const struct deletion deletion = {.sqs = call->api->sqs};
    if (err)
        sqs_fail(call, err);
    else
        edit_start(call, &call->api->sqs->turns, NULL, NULL, mem_copy(&deletion, sizeof deletion), &actions);
}

/* That the messages are gone is on disk before the queue is: after a crash between, it is there and empty. */
void sqs_delete_queue(struct api_call *call) {
    struct err err;
    const struct queue_definition *definition = sqs_queue(call, &err);
    if (!definition || !queue_purge(definition->queue, emptied, call, &err))
        sqs_fail(call, &err);
}

/* ---- PurgeQueue ---- */

static void purged(void *arg, const struct err *err) {
    struct api_call *call = arg;
    if (err)
        sqs_fail(call, err);
    else
        sqs_answer_done(call);
}

static bool purge(struct api_call *call, struct err *err) {
    struct queue_definition *definition = sqs_queue(call, err);
    if (!definition)
        return false;
    int64_t now_us = clock_mono_us(call->api->clock);
    if (definition->purged_us && now_us - definition->purged_us < PURGE_PAUSE_US)
        return err_set(err, ERR_PRECONDITION,
                       "Only one PurgeQueue operation on %s is allowed every 60 seconds.",
                       definition->location.name);
    if (!queue_purge(definition->queue, purged, call, err))
        return false;
    definition->purged_us = now_us;
    return true;
}

void sqs_purge_queue(struct api_call *call) {
    struct err err;
    if (!purge(call, &err))
        sqs_fail(call, &err);
}
