/* See message.h. */
#include "api/sqs/message.h"

#include <string.h>

#include "base/mem.h"

#define KEPT_BYTES (8u * 1024 * 1024)
#define TRACE_CHARS 1024

void outgoing_done(struct outgoing *message) {
    free(message->body);
    free(message->group);
    free(message->dedup);
    free(message->engine_dedup);
    buf_done(&message->kept);
}

static bool check_size(const struct outgoing *message, const struct queue_attributes *attributes,
                       struct err *err) {
    int64_t limit = queue_attributes_number(attributes, QUEUE_MAXIMUM_MESSAGE_SIZE);
    return message->size_bytes <= (size_t)limit ||
           err_set(err, ERR_PARAMETER,
                   "One or more parameters are invalid. Reason: Message must be shorter than %lld bytes.",
                   (long long)limit);
}

/* Its length comes first: looking at each byte of what is far too long would take the loop's time. */
static bool read_body(struct outgoing *message, const struct queue_attributes *attributes,
                      struct json_value object, struct err *err) {
    OWN(buf) struct buf body;
    buf_init(&body, LIMIT_QUEUE_REQUEST_BYTES);
    json_append_string(json_member(object, "MessageBody"), &body);
    if (body.len == 0)
        return err_set(err, ERR_VALIDATION, "The request must contain the parameter MessageBody.");
    message->entry.body_len = message->size_bytes = body.len;
    if (!check_size(message, attributes, err))
        return false;
    if (!message_text_is_valid(body.data, body.len))
        return err_set(err, ERR_CONTENTS, MESSAGE_TEXT_RULE);
    message->entry.body = message->body = buf_take(&body);
    digest_md5_hex(message->body, message->entry.body_len, message->body_md5);
    return true;
}

/* ---- groups and duplicates ---- */

static char *hash_body(const struct outgoing *message) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    char *text = mem_alloc(DIGEST_SHA256_HEX_BYTES);
    digest_sha256(message->body, message->entry.body_len, hash);
    digest_hex(hash, sizeof hash, text);
    return text;
}

/* Where duplicates are looked for within a group, the group is part of what they are told by. */
static void name_dedup(struct outgoing *message, const struct queue_attributes *attributes) {
    const char *scope = queue_attributes_text(attributes, QUEUE_DEDUPLICATION_SCOPE);
    if (strcmp(scope, "messageGroup") == 0)
        message->engine_dedup = mem_format("%s %s", message->group, message->dedup);
    message->entry.dedup = message->engine_dedup ? message->engine_dedup : message->dedup;
}

static bool read_fifo(struct outgoing *message, const struct queue_attributes *attributes, bool is_batch,
                      struct err *err) {
    if (!message->group)
        return err_set(err, is_batch ? ERR_PARAMETER : ERR_VALIDATION,
                       "The request must contain the parameter MessageGroupId.");
    if (!message->dedup && !queue_attributes_flag(attributes, QUEUE_CONTENT_BASED_DEDUPLICATION))
        return err_set(err, ERR_PARAMETER,
                       "The queue should either have ContentBasedDeduplication enabled or "
                       "MessageDeduplicationId provided explicitly");
    if (message->dedup && !sqs_check_id("MessageDeduplicationId", message->dedup, err))
        return false;
    if (!message->dedup)
        message->dedup = hash_body(message);
    message->entry.group = message->group;
    name_dedup(message, attributes);
    return true;
}

static bool read_order(struct outgoing *message, const struct queue_attributes *attributes,
                       struct json_value object, struct err *err) {
    bool is_batch = json_is_present(json_member(object, "Id"));
    message->group = json_string(json_member(object, "MessageGroupId"));
    message->dedup = json_string(json_member(object, "MessageDeduplicationId"));
    if (message->group && !sqs_check_id("MessageGroupId", message->group, err))
        return false;
    if (queue_attributes_flag(attributes, QUEUE_FIFO))
        return read_fifo(message, attributes, is_batch, err);
    return !message->dedup || sqs_refuse_for_type("MessageDeduplicationId", message->dedup, err);
}

static bool read_delay(struct outgoing *message, const struct queue_attributes *attributes,
                       struct json_value object, struct err *err) {
    static const struct sqs_bounds bounds = {"DelaySeconds", 0, 900, "DelaySeconds must be >= 0 and <= 900."};
    int64_t delay_s;
    if (!sqs_integer(object, &bounds, INT64_MIN, &delay_s, err))
        return false;
    if (delay_s > 0 && queue_attributes_flag(attributes, QUEUE_FIFO)) {
        OWN_MEM char *text = mem_format("%lld", (long long)delay_s);
        return sqs_refuse_for_type(bounds.name, text, err);
    }
    bool is_own = delay_s >= 0 && !queue_attributes_flag(attributes, QUEUE_FIFO);
    message->entry.delay_ms = is_own ? delay_s * 1000 : -1;
    return true;
}

/* ---- attributes ---- */

static void keep(struct outgoing *message, const struct api_call *call,
                 const struct message_attributes *attributes, const struct message_attributes *system) {
    struct json_writer json;
    buf_init(&message->kept, KEPT_BYTES);
    json_writer_init(&json, &message->kept);
    json_open_object(&json);
    json_put_member(&json, KEPT_SENDER, call->caller->id);
    json_put_member(&json, KEPT_GROUP, message->entry.group ? NULL : message->group);
    json_put_member(&json, KEPT_DEDUP, message->dedup);
    json_put_member(&json, KEPT_TRACE, system->count ? system->items[0].value : NULL);
    if (attributes->count) {
        json_key(&json, KEPT_ATTRIBUTES);
        message_attributes_write(attributes, &json);
    }
    json_close_object(&json);
    message->entry.attributes = message->kept.data;
    message->entry.attributes_len = message->kept.len;
}

static bool read_both(struct message_attributes *attributes, struct message_attributes *system,
                      struct json_value object, struct err *err) {
    if (!message_attributes_read(attributes, json_member(object, "MessageAttributes"), err) ||
        !message_attributes_read_system(system, json_member(object, "MessageSystemAttributes"), err))
        return false;
    return message_attributes_bytes(system) <= TRACE_CHARS ||
           err_set(err, ERR_PARAMETER,
                   "The message system attribute 'AWSTraceHeader' is longer than %d bytes.", TRACE_CHARS);
}

static bool read_attributes(struct outgoing *message, const struct api_call *call, struct json_value object,
                            struct err *err) {
    struct message_attributes attributes = {0};
    struct message_attributes system = {0};
    bool ok = read_both(&attributes, &system, object, err);
    if (ok) {
        if (attributes.count)
            message_attributes_md5(&attributes, message->attributes_md5);
        if (system.count)
            message_attributes_md5(&system, message->system_attributes_md5);
        message->size_bytes += message_attributes_bytes(&attributes);
        keep(message, call, &attributes, &system);
    }
    message_attributes_done(&attributes);
    message_attributes_done(&system);
    return ok;
}

bool outgoing_read(struct outgoing *message, const struct api_call *call,
                   const struct queue_definition *definition, struct json_value object, struct err *err) {
    const struct queue_attributes *attributes = &definition->document.attributes;
    return read_body(message, attributes, object, err) && read_order(message, attributes, object, err) &&
           read_delay(message, attributes, object, err) && read_attributes(message, call, object, err) &&
           check_size(message, attributes, err);
}
