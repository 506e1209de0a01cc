/* The operations on event source mappings. A mapping is a record of kind "mapping", named by its UUID, whose
 * document is the answer of GetEventSourceMapping. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/edit.h"
#include "api/lambda/body.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/mapping_document.h"
#include "api/lambda/page.h"
#include "api/lambda/resource_tags.h"
#include "api/lambda/target.h"
#include "base/log.h"
#include "base/mem.h"

#define PAGE_ITEMS 100

static struct record_key key_of(const struct api_call *call, const char *uuid) {
    return (struct record_key){
        .account = call->caller->account, .scope = "", .kind = MAPPING_RECORD_KIND, .name = uuid};
}

static void format_arn(const struct api_call *call, const char *uuid, char arn[FUNCTION_ARN_BYTES]) {
    resource_arn(call, "event-source-mapping", uuid, arn);
}

/* ---- reading what is there ---- */

/* A mapping's document, parsed. */
struct stored {
    struct json_doc doc;
    struct json_value root; /* absent when there is none */
};

static void stored_done(struct stored *stored) {
    json_doc_done(&stored->doc);
}

static void stored_read(struct stored *stored, const char *document) {
    *stored = (struct stored){0};
    if (document && json_parse(&stored->doc, document, strlen(document), LIMIT_CONTROL_JSON_TOKENS, NULL))
        stored->root = json_root(&stored->doc);
}

static bool not_found(struct err *err) {
    return err_set(err, ERR_NOT_FOUND, "The resource you requested does not exist.");
}

/* ---- the function ---- */

/* The ARN of the function that a request names, in fresh memory; NULL with an error when there is none. */
static char *function_arn_of(const struct api_call *call, const char *name, struct err *err) {
    struct function_ref ref;
    if (!function_ref_parse(name, FUNCTION_REF_READ, &ref, err))
        return NULL;
    if (!ref.account[0])
        memcpy(ref.account, call->caller->account, sizeof ref.account);
    const char *region = call->api->options.region;
    if (!function_ref_check_home(&ref, region, call->caller->account, err))
        return NULL;
    struct catalogue_entry *entry = target_find(call, &ref);
    if (!entry || !target_check_qualifier(call, &ref, entry, err)) {
        err_set(err, ERR_PARAMETER, "Function does not exist");
        return NULL;
    }
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(region, ref.account, ref.name, ref.qualifier, arn);
    return mem_text(arn);
}

/* ---- one mapping per source and function ---- */

static bool is_same(struct json_value a, struct json_value b, const char *member) {
    size_t a_len = 0;
    size_t b_len = 0;
    struct json_value a_member = json_member(a, member);
    struct json_value b_member = json_member(b, member);
    if (!json_is_present(a_member) || !json_is_present(b_member))
        return json_is_present(a_member) == json_is_present(b_member);
    const char *a_raw = json_raw(a_member, &a_len);
    const char *b_raw = json_raw(b_member, &b_len);
    return a_len == b_len && memcmp(a_raw, b_raw, a_len) == 0;
}

/* "kafka:1000,kafka:1001" */
static void append_endpoints(struct buf *text, struct json_value root) {
    struct json_value lists = json_member(json_member(root, "SelfManagedEventSource"), "Endpoints");
    struct json_value list, endpoint;
    const char *separator = "";
    for (uint32_t cursor = 0; json_each(lists, &cursor, NULL, &list);)
        for (uint32_t inner = 0; json_each(list, &inner, NULL, &endpoint); separator = ",") {
            buf_append_text(text, separator);
            json_append_string(endpoint, text);
        }
}

static bool refuse_duplicate(const struct mapping *mapping, struct json_value new, struct json_value old,
                             struct err *err) {
    OWN_MEM char *uuid = json_string(json_member(old, "UUID"));
    const char *function = mapping->function_arn;
    const char *name = strstr(function, ":function:");
    const char *arn = mapping->source_arn;
    if (mapping->source.type == EVENT_SOURCE_SQS)
        return err_set(
            err, ERR_CONFLICT,
            "An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. "
            "Please update or delete the existing mapping with UUID %s",
            arn, name ? name + strlen(":function:") : function, uuid);
    if (mapping->source.is_stream)
        return err_set(
            err, ERR_CONFLICT,
            "The event source arn (\" %s \") and function (\" %s \") provided mapping already exists. "
            "Please update or delete the existing mapping with UUID %s",
            arn, name ? name + strlen(":function:") : function, uuid);
    OWN(buf) struct buf source;
    buf_init(&source, 4096);
    if (arn)
        buf_append_text(&source, arn);
    else
        append_endpoints(&source, new);
    struct json_value topic;
    uint32_t cursor = 0;
    bool has_topic = json_each(json_member(new, "Topics"), &cursor, NULL, &topic);
    OWN_MEM char *topic_text = has_topic ? json_string(topic) : NULL;
    return err_set(
        err, ERR_CONFLICT,
        "An event source mapping with event source (\"%s\"), function (\"%s\"), topics (\"%s\") already "
        "exists. Please update or delete the existing mapping with UUID %s",
        buf_text(&source), function, topic_text ? topic_text : "", uuid);
}

static bool check_unique(const struct api_call *call, const struct mapping *mapping,
                         const struct buf *document, struct err *err) {
    static const char *const identity[] = {"EventSourceArn", "FunctionArn", "SelfManagedEventSource",
                                           "Topics", "Queues"};
    const struct record_key first = key_of(call, "");
    const struct record *record;
    struct stored new;
    bool is_unique = true;
    stored_read(&new, buf_text(document));
    for (size_t place = records_after(&call->api->records, &first);
         is_unique && (record = records_at(&call->api->records, place, &first)); place++) {
        if (!strstr(record->document, mapping->function_arn))
            continue;
        struct stored old;
        stored_read(&old, record->document);
        size_t same = 0;
        while (same < sizeof identity / sizeof identity[0] && is_same(new.root, old.root, identity[same]))
            same++;
        if (same == sizeof identity / sizeof identity[0])
            is_unique = refuse_duplicate(mapping, new.root, old.root, err);
        stored_done(&old);
    }
    stored_done(&new);
    return is_unique;
}

/* ---- changing ---- */

static void answer_document(struct edit *edit, const struct buf *document) {
    buf_append(edit_answer_raw(edit, MAPPING_DOCUMENT_BYTES), document->data, document->len);
}

/* The record with the state it settles in, the answer with a transitional one. */
static bool put(struct edit *edit, const struct mapping *mapping, const char *state, struct buf *document,
                struct err *err) {
    const struct record_key key = key_of(edit->call, mapping->uuid);
    if (!mapping_write(mapping, NULL, document, err))
        return false;
    edit_put(edit, &key, buf_text(document));
    if (!mapping_write(mapping, state, document, err))
        return false;
    answer_document(edit, document);
    if (mapping->is_enabled)
        log_warn("mapping.setting_without_effect", "uuid=%s function=%s effect=\"the source is not polled\"",
                 mapping->uuid, mapping->function_arn);
    return true;
}

static bool refuse_key(struct json_value root, struct err *err) {
    struct json_value key = body_member(root, "KMSKeyArn");
    return !json_is_present(key) || json_string_is(key, "") ||
           err_set(err, ERR_PARAMETER,
                   "Lamb does not encrypt filter criteria with keys of KMS yet. Leave KMSKeyArn out.");
}

static bool prepare_creation(struct edit *edit, struct err *err) {
    struct json_value root = edit->call->input.root;
    char uuid[IDENT_UUID_BYTES];
    char group[IDENT_UUID_BYTES];
    char arn[FUNCTION_ARN_BYTES];
    ident_uuid(uuid);
    ident_uuid(group);
    format_arn(edit->call, uuid, arn);
    OWN_MEM char *source_arn = body_text(root, "EventSourceArn");
    OWN_MEM char *function_name = body_text(root, "FunctionName");
    struct mapping mapping = {
        .uuid = uuid,
        .arn = arn,
        .source_arn = source_arn,
        .is_enabled = !json_is_present(body_member(root, "Enabled")) || body_is_true(root, "Enabled"),
        .consumer_group = group,
        .modified_us = lambda_now_us(lambda_of(edit->call)),
        .sent = root,
    };
    if (!refuse_key(root, err) ||
        !event_source_read(source_arn, body_member(root, "SelfManagedEventSource"), &mapping.source, err))
        return false;
    OWN(buf) struct buf document;
    buf_init(&document, MAPPING_DOCUMENT_BYTES);
    mapping.function_arn = ""; /* what is wrong with the settings is told first */
    if (!mapping_write(&mapping, NULL, &document, err))
        return false;
    OWN_MEM char *function_arn = function_arn_of(edit->call, function_name, err);
    if (!function_arn)
        return false;
    mapping.function_arn = function_arn;
    return mapping_write(&mapping, NULL, &document, err) &&
           check_unique(edit->call, &mapping, &document, err) &&
           resource_tags_put(edit, arn, body_member(root, "Tags"), err) &&
           put(edit, &mapping, "Creating", &document, err);
}

void lambda_create_event_source_mapping(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_creation};
    edit_start(call, &lambda_of(call)->turns, NULL, NULL, NULL, &actions);
}

static bool update(struct edit *edit, const char *uuid, struct json_value old, struct err *err) {
    struct json_value root = edit->call->input.root;
    char arn[FUNCTION_ARN_BYTES];
    format_arn(edit->call, uuid, arn);
    OWN_MEM char *source_arn = json_string(json_member(old, "EventSourceArn"));
    OWN_MEM char *function_name = body_text(root, "FunctionName");
    OWN_MEM char *function_arn = function_name ? function_arn_of(edit->call, function_name, err)
                                               : json_string(json_member(old, "FunctionArn"));
    bool was_enabled = json_string_is(json_member(old, "State"), "Enabled");
    struct mapping mapping = {
        .uuid = uuid,
        .arn = arn,
        .function_arn = function_arn,
        .source_arn = source_arn,
        .is_enabled = json_is_present(body_member(root, "Enabled")) ? body_is_true(root, "Enabled")
                                                                    : was_enabled,
        .modified_us = lambda_now_us(lambda_of(edit->call)),
        .sent = root,
        .old = old,
    };
    if (!function_arn || !refuse_key(root, err) ||
        !event_source_read(source_arn, json_member(old, "SelfManagedEventSource"), &mapping.source, err))
        return false;
    OWN(buf) struct buf document;
    buf_init(&document, MAPPING_DOCUMENT_BYTES);
    const char *state = mapping.is_enabled == was_enabled ? "Updating"
                        : mapping.is_enabled              ? "Enabling"
                                                          : "Disabling";
    return put(edit, &mapping, state, &document, err);
}

static bool prepare_update(struct edit *edit, struct err *err) {
    const char *uuid = input_text(&edit->call->input, "UUID");
    const struct record_key key = key_of(edit->call, uuid);
    struct stored old;
    stored_read(&old, records_get(&edit->call->api->records, &key));
    bool ok = json_is_present(old.root) ? update(edit, uuid, old.root, err) : not_found(err);
    stored_done(&old);
    return ok;
}

void lambda_update_event_source_mapping(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_update};
    edit_start(call, &lambda_of(call)->turns, NULL, NULL, NULL, &actions);
}

/* The document with another State. */
static void write_deleting(struct edit *edit, struct json_value root) {
    struct json_writer *writer = edit_answer(edit, MAPPING_DOCUMENT_BYTES);
    struct json_value key, value;
    json_open_object(writer);
    for (uint32_t cursor = 0; json_each(root, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        json_key(writer, name);
        if (strcmp(name, "State") == 0)
            json_put_string(writer, "Deleting");
        else
            json_put_value(writer, value);
    }
    json_close_object(writer);
}

static bool prepare_deletion(struct edit *edit, struct err *err) {
    const char *uuid = input_text(&edit->call->input, "UUID");
    const struct record_key key = key_of(edit->call, uuid);
    struct stored old;
    stored_read(&old, records_get(&edit->call->api->records, &key));
    if (!json_is_present(old.root))
        return not_found(err);
    char arn[FUNCTION_ARN_BYTES];
    format_arn(edit->call, uuid, arn);
    write_deleting(edit, old.root);
    edit_delete(edit, &key);
    resource_tags_delete(edit, arn);
    stored_done(&old);
    return true;
}

void lambda_delete_event_source_mapping(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_deletion};
    edit_start(call, &lambda_of(call)->turns, NULL, NULL, NULL, &actions);
}

/* ---- showing ---- */

void lambda_get_event_source_mapping(struct api_call *call) {
    const struct record_key key = key_of(call, input_text(&call->input, "UUID"));
    const char *document = records_get(&call->api->records, &key);
    if (!document) {
        struct err err;
        not_found(&err);
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, MAPPING_DOCUMENT_BYTES);
    buf_append_text(&body, document);
    call_answer(call, &body);
}

static bool matches(const char *document, const char *source_arn, const char *function_arn) {
    struct stored stored;
    if ((source_arn && !strstr(document, source_arn)) || (function_arn && !strstr(document, function_arn)))
        return false;
    stored_read(&stored, document);
    bool is_match = (!source_arn || json_string_is(json_member(stored.root, "EventSourceArn"), source_arn)) &&
                    (!function_arn || json_string_is(json_member(stored.root, "FunctionArn"), function_arn));
    stored_done(&stored);
    return is_match;
}

/* The ARN that the filter FunctionName stands for, whether or not there is such a function; "" for none. */
static bool read_function_filter(const struct api_call *call, char arn[FUNCTION_ARN_BYTES], struct err *err) {
    const char *name = input_text(&call->input, "FunctionName");
    struct function_ref ref;
    arn[0] = '\0';
    if (!name)
        return true;
    if (!function_ref_parse(name, FUNCTION_REF_READ, &ref, err))
        return false;
    function_arn_format(call->api->options.region, ref.account[0] ? ref.account : call->caller->account,
                        ref.name, ref.qualifier, arn);
    return true;
}

void lambda_list_event_source_mappings(struct api_call *call) {
    const char *source_arn = input_text(&call->input, "EventSourceArn");
    char function_arn[FUNCTION_ARN_BYTES];
    struct page page;
    struct err err;
    if (!read_function_filter(call, function_arn, &err) ||
        !page_begin(&page, call, "EventSourceMappings", PAGE_ITEMS, MAPPING_DOCUMENT_BYTES, &err)) {
        call_fail(call, &err);
        return;
    }
    const struct record_key first = key_of(call, page.after);
    const struct record *record;
    bool filters = source_arn || function_arn[0];
    for (size_t place = records_after(&call->api->records, &first);
         (record = records_at(&call->api->records, place, &first)); place++) {
        if (filters && !matches(record->document, source_arn, function_arn[0] ? function_arn : NULL))
            continue;
        if (!page_take(&page, record->key.name))
            break;
        json_put_raw(&page.writer, record->document, strlen(record->document));
    }
    page_answer(&page, call);
}
