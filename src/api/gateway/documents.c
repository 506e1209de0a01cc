/* See documents.h. */
#include "api/gateway/documents.h"

#include <stdio.h>
#include <string.h>

struct record_key gateway_key(const char *account, const char *api_id, const char *kind, const char *name,
                              char scope[GATEWAY_SCOPE_BYTES]) {
    snprintf(scope, GATEWAY_SCOPE_BYTES, GATEWAY_API_KIND "/%.*s", GATEWAY_ID_CHARS, api_id);
    return (struct record_key){.account = account, .scope = scope, .kind = kind, .name = name};
}

const char *gateway_document(const struct records *records, const char *account, const char *api_id,
                             const char *kind, const char *name) {
    char scope[GATEWAY_SCOPE_BYTES];
    if (strlen(api_id) != GATEWAY_ID_CHARS)
        return NULL;
    const struct record_key key = gateway_key(account, api_id, kind, name, scope);
    return records_get(records, &key);
}

const char *gateway_api_document(const struct records *records, const char *account, const char *api_id) {
    const struct record_key key = {.account = account, .scope = "", .kind = GATEWAY_API_KIND, .name = api_id};
    return records_get(records, &key);
}

/* *place is one more than the place in the records, so that 0 means the first. */
const struct record *gateway_next(const struct records *records, const char *account, const char *api_id,
                                  const char *kind, size_t *place) {
    char scope[GATEWAY_SCOPE_BYTES];
    const struct record_key key = gateway_key(account, api_id, kind, "", scope);
    if (*place == 0)
        *place = records_after(records, &key) + 1;
    const struct record *record = records_at(records, *place - 1, &key);
    ++*place;
    return record;
}

size_t gateway_count(const struct records *records, const char *account, const char *api_id,
                     const char *kind) {
    size_t place = 0;
    size_t count = 0;
    while (gateway_next(records, account, api_id, kind, &place))
        count++;
    return count;
}

static void put_all(struct json_writer *writer, const char *name, const struct records *records,
                    const char *account, const char *api_id, const char *kind) {
    size_t place = 0;
    const struct record *record;
    json_key(writer, name);
    json_open_array(writer);
    while ((record = gateway_next(records, account, api_id, kind, &place)))
        json_put_raw(writer, record->document, strlen(record->document));
    json_close_array(writer);
}

void gateway_snapshot(const struct records *records, const char *account, const char *api_id,
                      struct buf *ret_text) {
    struct json_writer writer;
    json_writer_init(&writer, ret_text);
    json_open_object(&writer);
    put_all(&writer, "authorizers", records, account, api_id, GATEWAY_AUTHORIZER_KIND);
    put_all(&writer, "integrations", records, account, api_id, GATEWAY_INTEGRATION_KIND);
    put_all(&writer, "routes", records, account, api_id, GATEWAY_ROUTE_KIND);
    json_close_object(&writer);
}
