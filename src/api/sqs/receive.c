/* ReceiveMessage: a lease, perhaps after a wait. A client that goes away while it waits gives back what was
 * leased for it. */
#include "api/sqs/receive.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/sqs/answer.h"
#include "api/sqs/handlers.h"
#include "api/sqs/message.h"
#include "api/sqs/retry.h"
#include "base/mem.h"

#define KEPT_TOKENS 256

/* In the call's space, from the call of the engine to its answer. */
struct receiving {
    struct list link; /* of sqs->waiting */
    struct api_call *call;
    struct queue_receive *receive;
    struct queue_location location;
    int64_t most;
    int64_t visibility_s;
    int64_t wait_s;
};

static struct receiving *receiving_of(struct api_call *call) {
    static_assert(sizeof(struct receiving) <= API_CALL_SPACE_BYTES, "no room for what is waited for");
    return (struct receiving *)(void *)call->space;
}

/* ---- what is answered ---- */

static bool is_wanted(const struct api_call *call, const char *name) {
    static const char *const lists[] = {"AttributeNames", "MessageSystemAttributeNames"};
    struct json_value wanted;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (uint32_t cursor = 0; json_each(input_member(&call->input, lists[i]), &cursor, NULL, &wanted);)
            if (json_string_is(wanted, "All") || json_string_is(wanted, name))
                return true;
    return false;
}

static void put_text(struct answer *answer, const char *name, const char *text) {
    if (text && is_wanted(answer->call, name))
        answer_entry(answer, "Attribute", "Name", name, text);
}

static void put_number(struct answer *answer, const char *name, int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    put_text(answer, name, text);
}

static void put_kept(struct answer *answer, const char *name, struct json_value value) {
    OWN_MEM char *text = json_string(value);
    put_text(answer, name, text);
}

static void put_source(struct answer *answer, const char *key) {
    struct queue_location location;
    char arn[QUEUE_ARN_BYTES];
    if (!key || !location_from_key(key, &location))
        return;
    location_arn(&location, answer->call->api->options.region, arn);
    put_text(answer, "DeadLetterQueueSourceArn", arn);
}

static void put_system_attributes(struct answer *answer, const struct queue_message *message,
                                  struct json_value kept) {
    char sequence[QUEUE_SEQUENCE_BYTES];
    queue_sequence_text(message->receipt.sequence, sequence);
    answer_open_map(answer, "Attributes");
    put_kept(answer, "SenderId", json_member(kept, KEPT_SENDER));
    put_number(answer, "ApproximateFirstReceiveTimestamp", message->first_receive_ms);
    put_number(answer, "ApproximateReceiveCount", message->receipt.receives);
    put_number(answer, "SentTimestamp", message->sent_ms);
    put_text(answer, "SequenceNumber", message->group ? sequence : NULL);
    put_text(answer, "MessageGroupId", message->group);
    put_kept(answer, "MessageGroupId", json_member(kept, KEPT_GROUP));
    put_kept(answer, "MessageDeduplicationId", json_member(kept, KEPT_DEDUP));
    put_kept(answer, "AWSTraceHeader", json_member(kept, KEPT_TRACE));
    put_source(answer, message->source);
    answer_close_map(answer);
}

static void put_attribute(struct answer *answer, const struct message_attribute *attribute) {
    OWN_MEM char *base64 = attribute->is_binary ? message_attribute_base64(attribute) : NULL;
    answer_open_entry(answer, "MessageAttribute", attribute->name);
    answer_text(answer, "StringValue", base64 ? NULL : attribute->value);
    answer_text(answer, "BinaryValue", base64);
    answer_text(answer, "DataType", attribute->type);
    answer_close_entry(answer, "MessageAttribute");
}

static void put_message_attributes(struct answer *answer, struct json_value kept) {
    struct message_attributes attributes = {0};
    char md5[DIGEST_MD5_HEX_BYTES];
    if (message_attributes_read(&attributes, json_member(kept, KEPT_ATTRIBUTES), NULL))
        message_attributes_filter(&attributes, input_member(&answer->call->input, "MessageAttributeNames"));
    if (attributes.count > 0) {
        message_attributes_md5(&attributes, md5);
        answer_text(answer, "MD5OfMessageAttributes", md5);
        answer_open_map(answer, "MessageAttributes");
        for (size_t i = 0; i < attributes.count; i++)
            put_attribute(answer, &attributes.items[i]);
        answer_close_map(answer);
    }
    message_attributes_done(&attributes);
}

static bool wants_any(const struct api_call *call, const char *list) {
    return json_size(input_member(&call->input, list)) > 0;
}

static void put_all_attributes(struct answer *answer, const struct queue_message *message) {
    const struct api_call *call = answer->call;
    struct json_doc doc;
    bool wants_system = wants_any(call, "AttributeNames") || wants_any(call, "MessageSystemAttributeNames");
    if (!wants_system && !wants_any(call, "MessageAttributeNames"))
        return;
    if (!json_parse(&doc, message->attributes, message->attributes_len, KEPT_TOKENS, NULL))
        return;
    if (wants_system)
        put_system_attributes(answer, message, json_root(&doc));
    put_message_attributes(answer, json_root(&doc));
    json_doc_done(&doc);
}

static void put_message(struct answer *answer, const struct queue_message *message) {
    char receipt[QUEUE_RECEIPT_BYTES];
    char md5[DIGEST_MD5_HEX_BYTES];
    queue_receipt_write(answer->call->api->queues, message->receipt, receipt);
    digest_md5_hex(message->body, message->body_len, md5);
    answer_open_item(answer, "Message");
    answer_text(answer, "MessageId", message->message_id);
    answer_text(answer, "ReceiptHandle", receipt);
    answer_text(answer, "MD5OfBody", md5);
    answer_text(answer, "Body", message->body);
    put_all_attributes(answer, message);
    answer_close_item(answer, "Message");
}

static void answer_messages(struct api_call *call, const struct queue_message *messages, size_t count) {
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, call);
    if (count > 0) {
        answer_open_list(&answer, "Messages");
        for (size_t i = 0; i < count; i++)
            put_message(&answer, &messages[i]);
        answer_close_list(&answer);
    }
    answer_end(&answer);
    call_answer(call, &body);
}

/* ---- the lease ---- */

static void received(void *arg, const struct queue_message *messages, size_t count, const struct err *err) {
    struct receiving *receiving = arg;
    struct api_call *call = receiving->call;
    struct err failure;
    list_remove(&receiving->link);
    call->gone = NULL;
    if (!err) {
        retry_keep(call, &receiving->location, messages, count);
        answer_messages(call, messages, count);
    } else if (err->code == ERR_CLOSED) {
        answer_messages(call, NULL, 0);
    } else if (err->code == ERR_NOT_FOUND) {
        sqs_no_queue(call, &failure);
        call_fail(call, &failure);
    } else {
        sqs_fail(call, err);
    }
}

static void client_gone(struct api_call *call) {
    struct receiving *receiving = receiving_of(call);
    list_remove(&receiving->link);
    queue_receive_cancel(receiving->receive);
    call_free(call);
}

void receive_end_waiting(struct sqs *sqs) {
    list_each (link, &sqs->waiting) {
        struct receiving *receiving = list_item(link, struct receiving, link);
        list_remove(link);
        queue_receive_cancel(receiving->receive);
        receiving->call->gone = NULL;
        answer_messages(receiving->call, NULL, 0);
    }
}

static void start(struct api_call *call) {
    struct receiving *receiving = receiving_of(call);
    struct sqs *sqs = call->api->sqs;
    const struct queue_definition *definition = definitions_find(sqs, &receiving->location);
    struct err err;
    if (!definition) {
        sqs_no_queue(call, &err);
        call_fail(call, &err);
        return;
    }
    receiving->receive = queue_receive(
        definition->queue, (size_t)receiving->most, receiving->visibility_s * 1000,
        sqs->is_draining ? 0 : receiving->wait_s * 1000, received, receiving, &err);
    if (!receiving->receive) {
        sqs_fail(call, &err);
        return;
    }
    call->gone = client_gone;
    list_push_back(&sqs->waiting, &receiving->link);
    if (!call->exchange)
        client_gone(call);
}

/* ---- the request ---- */

static bool read_numbers(struct receiving *receiving, const struct queue_definition *definition,
                         struct json_value root, struct err *err) {
    static const struct sqs_bounds most = {"MaxNumberOfMessages", 1, LIMIT_QUEUE_BATCH,
                                           "Must be between 1 and 10, if provided."};
    static const struct sqs_bounds visibility = {"VisibilityTimeout", 0, 43200,
                                                 "Must be >= 0 and <= 43200, if provided."};
    static const struct sqs_bounds wait = {"WaitTimeSeconds", 0, 20, "Must be >= 0 and <= 20, if provided."};
    const struct queue_attributes *attributes = &definition->document.attributes;
    return sqs_integer(root, &most, 1, &receiving->most, err) &&
           sqs_integer(root, &visibility, queue_attributes_number(attributes, QUEUE_VISIBILITY_SECONDS),
                       &receiving->visibility_s, err) &&
           sqs_integer(root, &wait, queue_attributes_number(attributes, QUEUE_WAIT_SECONDS),
                       &receiving->wait_s, err);
}

static bool is_system_attribute(struct json_value name) {
    static const char *const names[] = {
        "All",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
        "MessageDeduplicationId",
        "MessageGroupId",
        "SenderId",
        "SentTimestamp",
        "SequenceNumber",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_string_is(name, names[i]))
            return true;
    return false;
}

/* The list AttributeNames may name attributes of the queue too, of which messages have none. */
static bool check_names(const struct api_call *call, struct err *err) {
    struct json_value name;
    enum queue_attribute attribute;
    for (uint32_t cursor = 0;
         json_each(input_member(&call->input, "MessageSystemAttributeNames"), &cursor, NULL, &name);)
        if (!is_system_attribute(name)) {
            OWN_MEM char *text = json_string(name);
            return err_set(err, ERR_ATTRIBUTE_NAME, "Unknown Attribute %s.", text ? text : "null");
        }
    for (uint32_t cursor = 0;
         json_each(input_member(&call->input, "AttributeNames"), &cursor, NULL, &name);) {
        OWN_MEM char *text = json_string(name);
        if (!text || (!is_system_attribute(name) && !queue_attribute_find(text, &attribute)))
            return err_set(err, ERR_ATTRIBUTE_NAME, "Unknown Attribute %s.", text ? text : "null");
    }
    return true;
}

/* Past the limit a FIFO queue gives nothing, without an error. Source: SQS API, ChangeMessageVisibility. */
static bool check_in_flight(const struct queue_definition *definition, bool *ret_is_full, struct err *err) {
    struct queue_counts counts;
    queue_count(definition->queue, &counts);
    *ret_is_full = counts.in_flight >= LIMIT_QUEUE_IN_FLIGHT;
    bool is_fifo = queue_attributes_flag(&definition->document.attributes, QUEUE_FIFO);
    return !*ret_is_full || is_fifo ||
           err_set(err, ERR_LIMIT,
                   "Too many messages are in flight. Delete those that were received, or wait until their "
                   "visibility timeouts are over.");
}

void sqs_receive_message(struct api_call *call) {
    struct receiving *receiving = receiving_of(call);
    struct err err;
    bool is_full;
    const struct queue_definition *definition = sqs_queue(call, &err);
    if (!definition || !check_names(call, &err) ||
        !read_numbers(receiving, definition, call->input.root, &err) ||
        !retry_check(call, definition, &err) || !check_in_flight(definition, &is_full, &err)) {
        call_fail(call, &err);
        return;
    }
    list_init(&receiving->link);
    receiving->call = call;
    receiving->location = definition->location;
    if (is_full)
        answer_messages(call, NULL, 0);
    else
        retry_release(call, definition, start);
}
