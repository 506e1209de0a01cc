/* An HTTP API as requests are served by it: its stages, each with the routes, integrations and authorizers of
 * its deployment, read once. A value that never changes but for what authorizers have cached; a change of the
 * API makes another one, and requests under way keep theirs. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/gateway/authorizer_cache.h"
#include "api/gateway/documents.h"
#include "api/gateway/routes.h"
#include "api/web/cors.h"
#include "api/web/event.h"
#include "model/function_ref.h"

#define GATEWAY_TIMEOUT_MS 30000 /* of an integration at most, and the default: quotas of HTTP APIs */

struct gateway_integration {
    char *id;
    bool is_format_1; /* PayloadFormatVersion 1.0 */
    int64_t timeout_ms;
    bool is_callable; /* its URI names a function, with the variables of this stage */
    struct function_ref function;
};

/* What an authorizer looks at: "$request.header.Authorization". */
enum gateway_source_place { GATEWAY_HEADER, GATEWAY_QUERY, GATEWAY_CONTEXT, GATEWAY_VARIABLE };

struct gateway_source {
    enum gateway_source_place place;
    char *name;
};

/* False for what is no source. */
bool gateway_source_parse(const char *text, enum gateway_source_place *ret_place, const char **ret_name);

struct gateway_authorizer {
    char *id;
    bool is_format_1;
    bool is_simple; /* answers {"isAuthorized":...}, not a policy */
    int64_t ttl_s;  /* 0: nothing is cached */
    bool is_callable;
    struct function_ref function;
    struct gateway_source *sources;
    size_t source_count;
    struct authorizer_cache cache;
};

enum gateway_authorization { GATEWAY_OPEN, GATEWAY_IAM, GATEWAY_CUSTOM };

struct gateway_route {
    char *key_text;
    struct route_key key;
    enum gateway_authorization authorization;
    struct gateway_integration *integration; /* NULL: it has no target */
    struct gateway_authorizer *authorizer;   /* of GATEWAY_CUSTOM; NULL: it is gone, nobody gets in */
};

struct gateway_stage {
    char *name;
    struct web_pair *variable_items; /* their texts are owned */
    struct web_pairs variables;
    struct gateway_integration *integrations;
    size_t integration_count;
    struct gateway_authorizer *authorizers;
    size_t authorizer_count;
    struct gateway_route *route_items;
    size_t route_count;
    struct routes *routes;
};

struct gateway_api {
    uint32_t references;
    char id[GATEWAY_ID_CHARS + 1];
    char account[ACCOUNT_BYTES];
    bool is_disabled; /* disableExecuteApiEndpoint */
    struct web_cors *cors;
    struct gateway_stage *stages;
    size_t stage_count;
};

/* From the records. The caller has the first reference. */
struct gateway_api *gateway_compile(const struct records *records, const char *account, const char *api_id);

struct gateway_api *gateway_api_ref(struct gateway_api *api);
void gateway_api_unref(struct gateway_api *api); /* NULL is fine */

/* The stage that a path leads to, and the path without it: a named stage by its first segment, else $default.
 * NULL when there is none. */
struct gateway_stage *gateway_stage_find(const struct gateway_api *api, struct http_text path,
                                         struct http_text *ret_path);
