/* See change.h. */
#include "api/gateway/change.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "api/gateway/endpoint.h"
#include "api/lambda/body.h"
#include "base/mem.h"
#include "model/tags.h"

void gateway_change_begin(struct gateway_change *change, struct edit *edit, const struct gateway_kind *kind,
                          const char *api_id) {
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    *change = (struct gateway_change){.edit = edit, .kind = kind, .account = edit->call->caller->account};
    buf_init(&change->document, GATEWAY_DOCUMENT_BYTES);
    if (kind->id_chars)
        ident_from_alphabet(change->name, kind->id_chars, alphabet);
    snprintf(change->api_id, sizeof change->api_id, "%.*s", GATEWAY_ID_CHARS, api_id ? api_id : change->name);
}

void gateway_change_done(struct gateway_change *change) {
    for (size_t i = 0; i < change->own_count; i++)
        free(change->own[i].json);
    json_doc_done(&change->old_doc);
    buf_done(&change->document);
}

void gateway_change_set_json(struct gateway_change *change, const char *member, const char *json) {
    assert(change->own_count < GATEWAY_MOST_OWN);
    change->own[change->own_count].member = member;
    change->own[change->own_count++].json = mem_text(json);
}

void gateway_change_set(struct gateway_change *change, const char *member, const char *text) {
    OWN(buf) struct buf json;
    struct json_writer writer;
    buf_init(&json, 6 * strlen(text) + 16);
    json_writer_init(&writer, &json);
    json_put_string(&writer, text);
    gateway_change_set_json(change, member, buf_text(&json));
}

void gateway_change_set_now(struct gateway_change *change, const char *member) {
    char iso[CLOCK_TEXT_BYTES];
    char text[CLOCK_TEXT_BYTES + 1];
    clock_format_iso(clock_wall_us(change->edit->call->api->clock), iso);
    snprintf(text, sizeof text, "%.*sZ", (int)strcspn(iso, ".Z"), iso);
    gateway_change_set(change, member, text);
}

struct json_value gateway_change_sent(const struct gateway_change *change, const char *member) {
    const struct input *input = &change->edit->call->input;
    for (size_t i = 0; i < input->member_count; i++)
        if (input->members[i].place == CONSTRAINT_IN_BODY && strcmp(input->members[i].name, member) == 0)
            return body_member(change->request, member);
    return (struct json_value){0};
}

static const char *find_own(const struct gateway_change *change, const char *member) {
    for (size_t i = 0; i < change->own_count; i++)
        if (strcmp(change->own[i].member, member) == 0)
            return change->own[i].json;
    return NULL;
}

bool gateway_change_is_true(const struct gateway_change *change, const char *member) {
    const char *json = find_own(change, member);
    struct json_value value = gateway_change_sent(change, member);
    if (json)
        return strcmp(json, "true") == 0;
    if (!json_is_present(value))
        value = body_member(change->old, member);
    return json_is_present(value) && json_type_of(value) == JSON_TRUE;
}

/* ---- the document ---- */

static void put_field(struct json_writer *writer, const struct gateway_change *change,
                      const struct gateway_field *field) {
    const char *json = find_own(change, field->name);
    struct json_value value = gateway_change_sent(change, field->name);
    if (!json && !json_is_present(value))
        value = body_member(change->old, field->name);
    if (!json && json_is_present(value)) {
        json_put_member_value(writer, field->name, value);
        return;
    }
    json = json ? json : field->fallback;
    if (!json || !json[0])
        return;
    json_key(writer, field->name);
    json_put_raw(writer, json, strlen(json));
}

void gateway_change_put(struct gateway_change *change, const char *kind, const char *name,
                        const char *document) {
    char scope[GATEWAY_SCOPE_BYTES];
    const struct record_key key = gateway_key(change->account, change->api_id, kind, name, scope);
    edit_put(change->edit, &key, document);
}

void gateway_change_delete(struct gateway_change *change, const char *kind, const char *name) {
    char scope[GATEWAY_SCOPE_BYTES];
    const struct record_key key = gateway_key(change->account, change->api_id, kind, name, scope);
    edit_delete(change->edit, &key);
}

static void write(struct gateway_change *change) {
    struct json_writer writer;
    json_writer_init(&writer, &change->document);
    json_open_object(&writer);
    for (const struct gateway_field *field = change->kind->fields; field->name; field++)
        put_field(&writer, change, field);
    json_close_object(&writer);
}

static void put(struct gateway_change *change) {
    const char *document = buf_text(&change->document);
    const struct record_key api_key = {
        .account = change->account, .scope = "", .kind = GATEWAY_API_KIND, .name = change->api_id};
    if (change->kind == &gateway_api_kind)
        edit_put(change->edit, &api_key, document);
    else
        gateway_change_put(change, change->kind->record, change->name, document);
}

void gateway_change_write(struct gateway_change *change) {
    write(change);
    put(change);
}

/* ---- what can be accepted ---- */

/* "", false, [] and {} ask for nothing. */
static bool says_nothing(struct json_value value) {
    if (!json_is_present(value))
        return true;
    switch (json_type_of(value)) {
    case JSON_NULL:
    case JSON_FALSE: return true;
    case JSON_STRING: return json_string_is(value, "");
    case JSON_ARRAY: return json_size(value) == 0;
    case JSON_OBJECT: break;
    case JSON_TRUE:
    case JSON_NUMBER: return false;
    }
    struct json_value member;
    for (uint32_t cursor = 0; json_each(value, &cursor, NULL, &member);)
        if (!says_nothing(member))
            return false;
    return true;
}

static bool check_fields(const struct gateway_change *change, struct err *err) {
    for (const struct gateway_field *field = change->kind->fields; field->name; field++)
        if (field->refusal && !says_nothing(gateway_change_sent(change, field->name)))
            return err_set(err, ERR_PARAMETER, "Lamb can't accept %s of %s: %s", field->name,
                           change->kind->word, field->refusal);
    return true;
}

static bool check_tags(struct json_value tags_sent, struct err *err) {
    struct tags tags = {0};
    bool ok = !json_is_present(tags_sent) || json_size(tags_sent) == 0 || tags_add(&tags, tags_sent, err);
    tags_done(&tags);
    return ok;
}

static bool check_document(const struct gateway_change *change, struct err *err) {
    struct json_doc doc;
    if (!buf_ok(&change->document))
        return err_set(err, ERR_PARAMETER, "The %s is too long.", change->kind->word);
    const char *text = buf_text(&change->document);
    if (!json_parse(&doc, text, strlen(text), GATEWAY_SNAPSHOT_TOKENS, err))
        return false;
    struct json_value root = json_root(&doc);
    bool ok = check_tags(body_member(root, "tags"), err) &&
              (!change->kind->check || change->kind->check(change, root, err));
    json_doc_done(&doc);
    return ok;
}

bool gateway_change_make(struct gateway_change *change, struct err *err) {
    if (!check_fields(change, err) || (change->kind->complete && !change->kind->complete(change, err)))
        return false;
    write(change);
    if (!check_document(change, err))
        return false;
    put(change);
    return true;
}

/* ---- answers ---- */

void gateway_answer(struct json_writer *writer, const struct api_call *call, const struct gateway_kind *kind,
                    const char *document) {
    struct json_doc doc;
    struct json_value key, value;
    if (kind != &gateway_api_kind) {
        json_put_raw(writer, document, strlen(document));
        return;
    }
    if (!json_parse(&doc, document, strlen(document), GATEWAY_SNAPSHOT_TOKENS, NULL))
        return;
    struct json_value root = json_root(&doc);
    OWN_MEM char *id = body_text(root, kind->id);
    OWN_MEM char *endpoint = endpoint_format(&call->api->options, id ? id : "");
    json_open_object(writer);
    json_put_member(writer, "apiEndpoint", endpoint);
    for (uint32_t cursor = 0; json_each(root, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        json_put_member_value(writer, name ? name : "", value);
    }
    json_close_object(writer);
    json_doc_done(&doc);
}

const char *gateway_require(const struct api_call *call, const struct gateway_kind *kind, const char *api_id,
                            const char *name, struct err *err) {
    const struct records *records = &call->api->records;
    const char *account = call->caller->account;
    const char *api = gateway_api_document(records, account, api_id);
    const char *document = kind == &gateway_api_kind ? api : NULL;
    if (!api) {
        err_set(err, ERR_NOT_FOUND, "Invalid API identifier specified %s:%.100s", account, api_id);
        return NULL;
    }
    if (!document && kind != &gateway_api_kind)
        document = gateway_document(records, account, api_id, kind->record, name);
    if (!document)
        err_set(err, ERR_NOT_FOUND, "Invalid %s identifier specified %.130s", kind->word, name);
    return document;
}
