/* See url_index.h. */
#include "api/web/url_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#define SCOPE_PREFIX (sizeof RECORD_FUNCTION_SCOPE - 1)

void web_urls_init(struct web_urls *urls) {
    map_init(&urls->by_id);
    map_init(&urls->by_place);
}

void web_urls_done(struct web_urls *urls) {
    size_t cursor = 0;
    void *url;
    while (map_next(&urls->by_id, &cursor, NULL, &url))
        web_url_unref(url);
    map_done(&urls->by_id);
    map_done(&urls->by_place);
}

struct web_url *web_url_ref(struct web_url *url) {
    url->references++;
    return url;
}

void web_url_unref(struct web_url *url) {
    if (!url || --url->references > 0)
        return;
    web_cors_free(url->cors);
    free(url);
}

struct web_url *web_urls_find(const struct web_urls *urls, struct http_text id) {
    char lower[sizeof((struct web_url *)0)->id];
    if (id.len >= sizeof lower)
        return NULL;
    for (size_t i = 0; i < id.len; i++)
        lower[i] = id.data[i] >= 'A' && id.data[i] <= 'Z' ? (char)(id.data[i] | 0x20) : id.data[i];
    return map_get_bytes(&urls->by_id, lower, id.len);
}

static bool copy_member(struct json_value document, const char *name, char *text, size_t size) {
    OWN_MEM char *value = body_text(document, name);
    int len = value ? snprintf(text, size, "%s", value) : 0;
    return len > 0 && (size_t)len < size;
}

/* NULL when it has no id: nothing that Lamb ever stored. */
static struct web_url *read(const struct record_key *key, const char *text) {
    struct web_url *url = mem_alloc(sizeof *url);
    struct json_doc doc = {0};
    bool is_json = json_parse(&doc, text, strlen(text), LIMIT_CONTROL_JSON_TOKENS, NULL);
    struct json_value document = is_json ? json_root(&doc) : (struct json_value){0};
    bool is_alias = strcmp(key->name, FUNCTION_LATEST) != 0;
    url->references = 1;
    snprintf(url->account, sizeof url->account, "%s", key->account);
    snprintf(url->function, sizeof url->function, "%s", key->scope + SCOPE_PREFIX);
    snprintf(url->qualifier, sizeof url->qualifier, "%s", is_alias ? key->name : "");
    url->needs_signature = !json_string_is(body_member(document, "AuthType"), "NONE");
    url->is_streamed = json_string_is(body_member(document, "InvokeMode"), "RESPONSE_STREAM");
    url->cors = web_cors_new(body_member(document, "Cors"));
    bool ok = copy_member(document, "Id", url->id, sizeof url->id);
    json_doc_done(&doc);
    if (ok)
        return url;
    web_url_unref(url);
    log_error("url.unreadable", "function=%s", key->scope + SCOPE_PREFIX);
    return NULL;
}

static char *place_of(const struct record_key *key) {
    return mem_format("%s/%s/%s", key->account, key->scope + SCOPE_PREFIX, key->name);
}

static void drop(struct web_urls *urls, struct web_url *url) {
    if (!url)
        return;
    map_remove(&urls->by_id, url->id);
    web_url_unref(url);
}

void web_urls_take(struct web_urls *urls, const struct record_key *key, const char *document) {
    if (strcmp(key->kind, WEB_URL_RECORD) != 0 ||
        strncmp(key->scope, RECORD_FUNCTION_SCOPE, SCOPE_PREFIX) != 0)
        return;
    OWN_MEM char *place = place_of(key);
    drop(urls, map_remove(&urls->by_place, place));
    struct web_url *url = document ? read(key, document) : NULL;
    if (!url)
        return;
    map_put(&urls->by_id, url->id, url);
    map_put(&urls->by_place, place, url);
}

void web_urls_load(struct web_urls *urls, const struct records *records) {
    for (size_t i = 0; i < records->count; i++)
        web_urls_take(urls, &records->items[i]->key, records->items[i]->document);
}

/* A function has few: deleting one may look at all that there are. */
void web_urls_drop_function(struct web_urls *urls, const char *account, const char *function) {
    OWN_MEM char *prefix = mem_format("%s/%s/", account, function);
    size_t cursor = 0;
    const char *place;
    void *url;
    while (map_next(&urls->by_place, &cursor, &place, &url)) {
        if (strncmp(place, prefix, strlen(prefix)) != 0)
            continue;
        map_remove(&urls->by_place, place);
        drop(urls, url);
    }
}
