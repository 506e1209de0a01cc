/* Create, Get, Gets, Update and Delete, for all kinds alike; see change.h. */
#include "api/gateway/handlers.h"

#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "api/gateway/operation_common.h"
#include "api/lambda/body.h"
#include "base/digest.h"
#include "base/mem.h"

#define LIST_MOST 500
#define LIST_BYTES (32u * 1024 * 1024)
#define LIST_ENOUGH_BYTES (8u * 1024 * 1024) /* a page that is as long ends */
#define TOKEN_BYTES 256

static const struct gateway_kind *const kinds[] = {
    &gateway_authorizer_kind, &gateway_deployment_kind, &gateway_integration_kind,
    &gateway_route_kind,      &gateway_stage_kind,      &gateway_api_kind,
};

static const struct gateway_kind *kind_of(const struct api_call *call) {
    size_t i = 0;
    while (!strstr(call->match.operation->name, kinds[i]->word))
        i++;
    return kinds[i];
}

static const char *label(const struct api_call *call, const struct gateway_kind *kind) {
    return input_text(&call->input, kind->id);
}

/* ---- edits ---- */

void gateway_edited(struct edit *edit, const char *api_id) {
    free(edit->state);
    edit->state = mem_text(api_id);
}

void gateway_edit(struct api_call *call, const struct edit_actions *actions) {
    struct gateway *gateway = call->api->gateway;
    edit_start(call, &gateway->turns, gateway, NULL, NULL, actions);
}

void gateway_edit_committed(struct edit *edit) {
    const struct api_call *call = edit->call;
    if (edit->state)
        gateway_refresh(call->api->gateway, call->caller->account, edit->state);
}

void gateway_edit_finished(struct edit *edit) {
    free(edit->state);
}

/* ---- Create ---- */

bool gateway_check_room(const struct gateway_change *change, struct err *err) {
    const struct records *records = &change->edit->call->api->records;
    if (gateway_count(records, change->account, change->api_id, change->kind->record) < change->kind->most)
        return true;
    return err_set(err, ERR_LIMIT, "Maximum number of %ss for this API has been reached. Limit: %zu",
                   change->kind->word, change->kind->most);
}

/* As the request wants it; what it has become is the answer. */
static bool make(struct gateway_change *change, struct err *err) {
    const struct api_call *call = change->edit->call;
    change->request = call->input.root;
    if (!gateway_change_make(change, err))
        return false;
    gateway_answer(edit_answer(change->edit, GATEWAY_ANSWER_BYTES), call, change->kind,
                   buf_text(&change->document));
    gateway_edited(change->edit, change->api_id);
    return true;
}

static bool prepare_create(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    const char *api_id = label(call, &gateway_api_kind);
    if (!gateway_require(call, &gateway_api_kind, api_id, "", err))
        return false;
    OWN(gateway_change) struct gateway_change change;
    gateway_change_begin(&change, edit, kind_of(call), api_id);
    if (change.kind->id_chars)
        gateway_change_set(&change, change.kind->id, change.name);
    return gateway_check_room(&change, err) && make(&change, err);
}

void gateway_create(struct api_call *call) {
    static const struct edit_actions actions = GATEWAY_EDIT(prepare_create);
    gateway_edit(call, &actions);
}

/* ---- Update ---- */

bool gateway_change_begin_old(struct gateway_change *change, struct edit *edit,
                              const struct gateway_kind *kind, const char *api_id, const char *name,
                              struct err *err) {
    const char *document = gateway_require(edit->call, kind, api_id, name, err);
    gateway_change_begin(change, edit, kind, api_id);
    if (!document || !json_parse(&change->old_doc, document, strlen(document), GATEWAY_SNAPSHOT_TOKENS, err))
        return false;
    snprintf(change->name, sizeof change->name, "%s", name);
    change->old = json_root(&change->old_doc);
    return true;
}

/* Of what the path names. */
static bool begin_named(struct gateway_change *change, struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    const struct gateway_kind *kind = kind_of(call);
    return gateway_change_begin_old(change, edit, kind, label(call, &gateway_api_kind), label(call, kind),
                                    err);
}

static bool prepare_update(struct edit *edit, struct err *err) {
    OWN(gateway_change) struct gateway_change change;
    return begin_named(&change, edit, err) && make(&change, err);
}

void gateway_update(struct api_call *call) {
    static const struct edit_actions actions = GATEWAY_EDIT(prepare_update);
    gateway_edit(call, &actions);
}

static bool prepare_delete_cors(struct edit *edit, struct err *err) {
    const char *api_id = label(edit->call, &gateway_api_kind);
    OWN(gateway_change) struct gateway_change change;
    if (!gateway_change_begin_old(&change, edit, &gateway_api_kind, api_id, api_id, err))
        return false;
    gateway_change_set_json(&change, "corsConfiguration", "");
    gateway_change_write(&change);
    gateway_edited(edit, api_id);
    return true;
}

void gateway_delete_cors(struct api_call *call) {
    static const struct edit_actions actions = GATEWAY_EDIT(prepare_delete_cors);
    gateway_edit(call, &actions);
}

/* ---- Delete ---- */

static bool prepare_delete(struct edit *edit, struct err *err) {
    OWN(gateway_change) struct gateway_change change;
    if (!begin_named(&change, edit, err) || (change.kind->let_go && !change.kind->let_go(&change, err)))
        return false;
    if (change.kind != &gateway_api_kind)
        gateway_change_delete(&change, change.kind->record, change.name);
    gateway_edited(edit, change.api_id);
    return true;
}

void gateway_delete(struct api_call *call) {
    static const struct edit_actions actions = GATEWAY_EDIT(prepare_delete);
    gateway_edit(call, &actions);
}

/* ---- Get ---- */

void gateway_get(struct api_call *call) {
    const struct gateway_kind *kind = kind_of(call);
    struct err err;
    const char *document = gateway_require(call, kind, label(call, &gateway_api_kind), label(call, kind),
                                           &err);
    if (!document) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, GATEWAY_ANSWER_BYTES);
    json_writer_init(&writer, &body);
    gateway_answer(&writer, call, kind, document);
    call_answer(call, &body);
}

struct list_page {
    int64_t most;
    char after[TOKEN_BYTES + 2]; /* the last name of the page before */
};

static bool read_page(const struct api_call *call, struct list_page *page, struct err *err) {
    const char *most = input_text(&call->input, "maxResults");
    const char *token = input_text(&call->input, "nextToken");
    size_t len = token ? strlen(token) : 0;
    *page = (struct list_page){.most = LIST_MOST};
    if (most && (!constraint_read_integer(most, &page->most) || page->most < 1))
        return err_set(err, ERR_PARAMETER, "Invalid value for maxResults: %.100s", most);
    if (page->most > LIST_MOST)
        page->most = LIST_MOST;
    if (token && (digest_base64_decoded_bytes(len) >= TOKEN_BYTES ||
                  !digest_base64_decode(token, len, page->after, &len) || memchr(page->after, '\0', len)))
        return err_set(err, ERR_PARAMETER, "Invalid pagination token specified");
    page->after[token ? len : 0] = '\0';
    return true;
}

/* `first` is the key to begin behind. */
static void write_page(struct json_writer *writer, const struct api_call *call,
                       const struct gateway_kind *kind, const struct record_key *first, int64_t most) {
    const struct records *records = &call->api->records;
    const struct record *record, *last = NULL;
    size_t place = records_after(records, first);
    json_open_object(writer);
    json_key(writer, "items");
    json_open_array(writer);
    for (; most > 0 && writer->buf->len < LIST_ENOUGH_BYTES && (record = records_at(records, place, first));
         place++, most--) {
        gateway_answer(writer, call, kind, record->document);
        last = record;
    }
    json_close_array(writer);
    if (last && records_at(records, place, first)) {
        OWN_MEM char *token = mem_alloc(digest_base64_encoded_bytes(strlen(last->key.name)));
        digest_base64_encode(last->key.name, strlen(last->key.name), token);
        json_put_member(writer, "nextToken", token);
    }
    json_close_object(writer);
}

void gateway_list(struct api_call *call) {
    const struct gateway_kind *kind = kind_of(call);
    const char *account = call->caller->account;
    char scope[GATEWAY_SCOPE_BYTES];
    struct list_page page;
    struct err err;
    bool is_apis = kind == &gateway_api_kind;
    const char *api_id = is_apis ? "" : label(call, &gateway_api_kind);
    if (!read_page(call, &page, &err) ||
        (!is_apis && !gateway_require(call, &gateway_api_kind, api_id, "", &err))) {
        call_fail(call, &err);
        return;
    }
    struct record_key first = {.account = account, .scope = "", .kind = GATEWAY_API_KIND, .name = page.after};
    if (!is_apis)
        first = gateway_key(account, api_id, kind->record, page.after, scope);
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, LIST_BYTES);
    json_writer_init(&writer, &body);
    write_page(&writer, call, kind, &first, page.most);
    call_answer(call, &body);
}

/* ---- what authorizers have cached ---- */

void gateway_reset_authorizers_cache(struct api_call *call) {
    const char *api_id = label(call, &gateway_api_kind);
    const char *stage = input_text(&call->input, "stageName");
    struct err err;
    if (!gateway_require(call, &gateway_stage_kind, api_id, stage, &err)) {
        call_fail(call, &err);
        return;
    }
    struct gateway_api *api = gateway_find(call->api->gateway, (struct http_text){api_id, strlen(api_id)});
    for (size_t i = 0; api && i < api->stage_count; i++)
        for (size_t k = 0; strcmp(api->stages[i].name, stage) == 0 && k < api->stages[i].authorizer_count;
             k++)
            authorizer_cache_clear(&api->stages[i].authorizers[k].cache);
    call_answer_empty(call);
}
