/* See gateway.h. */
#include "api/gateway/gateway.h"

#include <string.h>

#include "api/context.h"
#include "base/mem.h"

struct gateway *gateway_new(struct api *api) {
    struct gateway *gateway = mem_alloc(sizeof *gateway);
    gateway->api = api;
    map_init(&gateway->apis);
    turns_init(&gateway->turns);
    for (size_t i = 0; i < api->records.count; i++) {
        const struct record_key *key = &api->records.items[i]->key;
        if (strcmp(key->kind, GATEWAY_API_KIND) == 0 && !key->scope[0])
            gateway_refresh(gateway, key->account, key->name);
    }
    return gateway;
}

void gateway_free(struct gateway *gateway) {
    if (!gateway)
        return;
    size_t cursor = 0;
    const char *id;
    void *api;
    while (map_next(&gateway->apis, &cursor, &id, &api))
        gateway_api_unref(api);
    map_done(&gateway->apis);
    free(gateway);
}

struct gateway_api *gateway_find(const struct gateway *gateway, struct http_text id) {
    char text[GATEWAY_ID_CHARS];
    if (id.len != sizeof text)
        return NULL;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(id.data[i] >= 'A' && id.data[i] <= 'Z' ? id.data[i] + ('a' - 'A') : id.data[i]);
    return map_get_bytes(&gateway->apis, text, sizeof text);
}

void gateway_refresh(struct gateway *gateway, const char *account, const char *api_id) {
    struct gateway_api *api = gateway_compile(&gateway->api->records, account, api_id);
    gateway_api_unref(api ? map_put(&gateway->apis, api_id, api) : map_remove(&gateway->apis, api_id));
}
