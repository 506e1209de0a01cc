/* See resource_tags.h. */
#include "api/lambda/resource_tags.h"

#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "base/mem.h"

#define TAGS_BYTES (256u * 1024)

void resource_arn(const struct api_call *call, const char *type, const char *id,
                  char arn[FUNCTION_ARN_BYTES]) {
    char function[FUNCTION_ARN_BYTES]; /* for partition and region */
    function_arn_format(call->api->options.region, call->caller->account, "f", NULL, function);
    size_t home = strlen(function) - strlen("function:f");
    snprintf(arn, FUNCTION_ARN_BYTES, "%.*s%s:%s", (int)home, function, type, id);
}

static struct record_key key_of(const struct api_call *call, const char *arn) {
    return (struct record_key){.account = call->caller->account, .scope = "", .kind = "tags", .name = arn};
}

bool resource_tags_read(const struct api_call *call, const char *arn, struct tags *ret_tags,
                        struct err *err) {
    const struct record_key key = key_of(call, arn);
    const char *document = records_get(&call->api->records, &key);
    *ret_tags = (struct tags){0};
    return !document || tags_decode(document, ret_tags, err);
}

void resource_tags_replace(struct edit *edit, const char *arn, const struct tags *tags) {
    const struct record_key key = key_of(edit->call, arn);
    OWN(buf) struct buf document;
    buf_init(&document, TAGS_BYTES);
    tags_encode(tags, &document);
    edit_put(edit, &key, buf_text(&document));
}

bool resource_tags_put(struct edit *edit, const char *arn, struct json_value map, struct err *err) {
    struct tags tags = {0};
    if (!json_is_present(map) || json_size(map) == 0)
        return true;
    bool ok = tags_add(&tags, map, err);
    if (ok)
        resource_tags_replace(edit, arn, &tags);
    tags_done(&tags);
    return ok;
}

void resource_tags_delete(struct edit *edit, const char *arn) {
    const struct record_key key = key_of(edit->call, arn);
    edit_delete(edit, &key);
}
