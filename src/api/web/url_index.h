/* The function URLs that there are, by the first label of their host: what every request to one is looked up
 * in. Kept in step with the records (kind "url"), which api/change.c tells of. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/records.h"
#include "api/web/cors.h"
#include "base/map.h"
#include "http/request.h"
#include "model/function_ref.h"

/* The kind of their records, which belong to functions. */
#define WEB_URL_RECORD "url"

/* A configuration, parsed. Immutable; a change makes another one. */
struct web_url {
    uint32_t references; /* the index's and those of calls */
    char id[64];
    char account[ACCOUNT_BYTES];
    char function[FUNCTION_NAME_BYTES];
    char qualifier[FUNCTION_QUALIFIER_BYTES]; /* "" for the function itself */
    bool needs_signature;                     /* AuthType AWS_IAM */
    bool is_streamed;                         /* InvokeMode RESPONSE_STREAM */
    struct web_cors *cors;                    /* NULL: the function's own business */
};

struct web_urls {
    struct map by_id;
    struct map by_place; /* "account/function/qualifier" */
};

void web_urls_init(struct web_urls *urls);
void web_urls_done(struct web_urls *urls);

/* From all records: start-up. */
void web_urls_load(struct web_urls *urls, const struct records *records);

/* After a record was put (its document) or deleted (NULL). Records of other kinds are fine. */
void web_urls_take(struct web_urls *urls, const struct record_key *key, const char *document);

/* After all records of a function were deleted. */
void web_urls_drop_function(struct web_urls *urls, const char *account, const char *function);

/* NULL when there is none. Upper case is fine. */
struct web_url *web_urls_find(const struct web_urls *urls, struct http_text id);

struct web_url *web_url_ref(struct web_url *url);
void web_url_unref(struct web_url *url);
