/* GetTags, TagResource and UntagResource: of an API or a stage, by its ARN
 * "arn:aws:apigateway:<region>::/apis/<id>[/stages/<name>]". */
#include "model/tags.h"

#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "api/gateway/handlers.h"
#include "api/gateway/operation_common.h"
#include "api/lambda/body.h"
#include "base/mem.h"

#define TAGS_BYTES (512u * 1024)

struct tagged {
    const struct gateway_kind *kind;
    char api_id[GATEWAY_ID_CHARS + 1];
    char name[GATEWAY_NAME_BYTES];
};

static bool read_arn(const struct api_call *call, struct tagged *ret_tagged, struct err *err) {
    static const char apis[] = "::/apis/", stages[] = "/stages/";
    const char *arn = input_text(&call->input, "resource-arn");
    const char *region = call->api->options.region;
    OWN_MEM char *begin = mem_format("arn:%s:apigateway:%s%s", function_arn_partition(region), region, apis);
    size_t len = strlen(begin);
    struct tagged tagged = {.kind = &gateway_api_kind};
    bool ok = strncmp(arn, begin, len) == 0 && strlen(arn) >= len + GATEWAY_ID_CHARS;
    if (ok) {
        const char *rest = arn + len + GATEWAY_ID_CHARS;
        memcpy(tagged.api_id, arn + len, GATEWAY_ID_CHARS);
        bool is_stage = strncmp(rest, stages, strlen(stages)) == 0;
        ok = !rest[0] || is_stage;
        if (is_stage)
            tagged.kind = &gateway_stage_kind;
        snprintf(tagged.name, sizeof tagged.name, "%s", is_stage ? rest + strlen(stages) : tagged.api_id);
    }
    *ret_tagged = tagged;
    return ok || err_set(err, ERR_PARAMETER, "Invalid resource ARN specified in the request: %.300s", arn);
}

static bool read_tags(struct json_value document, struct tags *ret_tags, struct err *err) {
    struct json_value stored = body_member(document, "tags");
    *ret_tags = (struct tags){0};
    return !json_is_present(stored) || json_size(stored) == 0 || tags_add(ret_tags, stored, err);
}

static bool change_tags(const struct api_call *call, struct tags *tags, struct err *err) {
    if (strcmp(call->match.operation->name, "TagResource") == 0) {
        struct json_value sent = input_member(&call->input, "tags");
        return !json_is_present(sent) || json_size(sent) == 0 || tags_add(tags, sent, err);
    }
    const struct constraint_texts *keys = input_texts(&call->input, "tagKeys");
    for (size_t i = 0; i < keys->count; i++)
        tags_remove(tags, keys->items[i]);
    return true;
}

static bool store(struct gateway_change *change, struct err *err) {
    OWN(buf) struct buf json;
    struct tags tags;
    buf_init(&json, TAGS_BYTES);
    bool ok = read_tags(change->old, &tags, err) && change_tags(change->edit->call, &tags, err);
    if (ok) {
        tags_encode(&tags, &json);
        gateway_change_set_json(change, "tags", buf_text(&json));
        gateway_change_write(change);
        gateway_edited(change->edit, change->api_id);
    }
    tags_done(&tags);
    return ok;
}

static bool prepare(struct edit *edit, struct err *err) {
    struct tagged tagged;
    if (!read_arn(edit->call, &tagged, err))
        return false;
    OWN(gateway_change) struct gateway_change change;
    if (!gateway_change_begin_old(&change, edit, tagged.kind, tagged.api_id, tagged.name, err) ||
        !store(&change, err))
        return false;
    if (edit->call->match.operation->status == 201)
        buf_append_text(edit_answer_raw(edit, 16), "{}");
    return true;
}

void gateway_tag(struct api_call *call) {
    static const struct edit_actions actions = GATEWAY_EDIT(prepare);
    gateway_edit(call, &actions);
}

void gateway_untag(struct api_call *call) {
    gateway_tag(call);
}

void gateway_get_tags(struct api_call *call) {
    struct tagged tagged;
    struct json_doc doc;
    struct err err;
    const char *document = read_arn(call, &tagged, &err)
                               ? gateway_require(call, tagged.kind, tagged.api_id, tagged.name, &err)
                               : NULL;
    if (!document || !json_parse(&doc, document, strlen(document), GATEWAY_SNAPSHOT_TOKENS, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, TAGS_BYTES);
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    json_put_member_value(&writer, "tags", body_member(json_root(&doc), "tags"));
    json_close_object(&writer);
    json_doc_done(&doc);
    call_answer(call, &body);
}
