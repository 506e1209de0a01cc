/* See compiled.h. The documents were checked when they were stored. */
#include "api/gateway/compiled.h"

#include <stdio.h>
#include <string.h>

#include "api/gateway/function_uri.h"
#include "api/lambda/body.h"
#include "base/mem.h"

#define URI_BYTES (16u * 1024)
#define TARGET_BEGIN "integrations/"

/* ---- parts of a stage ---- */

static bool resolve(struct json_value part, const char *member, struct json_value variables,
                    struct function_ref *ret_function) {
    OWN_MEM char *uri = body_text(part, member);
    OWN(buf) struct buf expanded;
    buf_init(&expanded, URI_BYTES);
    return uri && function_uri_expand(uri, variables, &expanded) &&
           function_uri_parse(buf_text(&expanded), ret_function, NULL);
}

static bool is_format_1(struct json_value part, const char *member) {
    return json_string_is(json_member(part, member), "1.0");
}

static void read_integration(struct json_value part, struct json_value variables,
                             struct gateway_integration *integration) {
    integration->id = body_text(part, "integrationId");
    integration->is_format_1 = is_format_1(part, "payloadFormatVersion");
    integration->timeout_ms = GATEWAY_TIMEOUT_MS;
    json_integer(json_member(part, "timeoutInMillis"), &integration->timeout_ms);
    integration->is_callable = resolve(part, "integrationUri", variables, &integration->function);
}

bool gateway_source_parse(const char *text, enum gateway_source_place *ret_place, const char **ret_name) {
    static const struct {
        const char *prefix;
        enum gateway_source_place place;
    } rows[] = {
        {"$request.header.", GATEWAY_HEADER},
        {"$request.querystring.", GATEWAY_QUERY},
        {"$context.", GATEWAY_CONTEXT},
        {"$stageVariables.", GATEWAY_VARIABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].prefix);
        if (strncmp(text, rows[i].prefix, len) != 0 || !text[len])
            continue;
        *ret_place = rows[i].place;
        *ret_name = text + len;
        return true;
    }
    return false;
}

static void read_sources(struct json_value list, struct gateway_authorizer *authorizer) {
    struct json_value item;
    authorizer->sources = mem_alloc_array(json_is_present(list) ? json_size(list) + 1 : 1,
                                          sizeof *authorizer->sources);
    for (uint32_t cursor = 0; json_is_present(list) && json_each(list, &cursor, NULL, &item);) {
        OWN_MEM char *text = json_string(item);
        struct gateway_source *source = &authorizer->sources[authorizer->source_count];
        const char *name;
        if (!text || !gateway_source_parse(text, &source->place, &name))
            continue;
        source->name = mem_text(name);
        for (char *at = source->name; source->place == GATEWAY_HEADER && *at; at++)
            *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
        authorizer->source_count++;
    }
}

static void read_authorizer(struct json_value part, struct json_value variables,
                            struct gateway_authorizer *authorizer) {
    authorizer->id = body_text(part, "authorizerId");
    authorizer->is_format_1 = is_format_1(part, "authorizerPayloadFormatVersion");
    authorizer->is_simple = body_is_true(part, "enableSimpleResponses");
    json_integer(json_member(part, "authorizerResultTtlInSeconds"), &authorizer->ttl_s);
    authorizer->is_callable = resolve(part, "authorizerUri", variables, &authorizer->function);
    read_sources(json_member(part, "identitySource"), authorizer);
    authorizer_cache_init(&authorizer->cache);
}

static struct gateway_integration *find_integration(const struct gateway_stage *stage, const char *target) {
    const char *id = target && strncmp(target, TARGET_BEGIN, strlen(TARGET_BEGIN)) == 0
                         ? target + strlen(TARGET_BEGIN)
                         : "";
    for (size_t i = 0; i < stage->integration_count; i++)
        if (strcmp(stage->integrations[i].id, id) == 0)
            return &stage->integrations[i];
    return NULL;
}

static struct gateway_authorizer *find_authorizer(const struct gateway_stage *stage, const char *id) {
    for (size_t i = 0; id && i < stage->authorizer_count; i++)
        if (strcmp(stage->authorizers[i].id, id) == 0)
            return &stage->authorizers[i];
    return NULL;
}

static void read_route(struct json_value part, struct gateway_stage *stage) {
    struct gateway_route *route = &stage->route_items[stage->route_count];
    OWN_MEM char *target = body_text(part, "target");
    OWN_MEM char *authorizer_id = body_text(part, "authorizerId");
    struct json_value type = json_member(part, "authorizationType");
    OWN_MEM char *key = body_text(part, "routeKey");
    if (!key || !route_key_parse(key, &route->key, NULL))
        return;
    route->key_text = take_ptr(key);
    route->integration = find_integration(stage, target);
    route->authorizer = find_authorizer(stage, authorizer_id);
    if (json_string_is(type, "NONE"))
        route->authorization = GATEWAY_OPEN;
    else
        route->authorization = json_string_is(type, "AWS_IAM") ? GATEWAY_IAM : GATEWAY_CUSTOM;
    routes_add(stage->routes, &route->key, route);
    stage->route_count++;
}

/* ---- a stage ---- */

static void read_variables(struct json_value variables, struct gateway_stage *stage) {
    struct json_value key, value;
    size_t most = json_is_present(variables) ? json_size(variables) : 0;
    stage->variable_items = mem_alloc_array(most + 1, sizeof *stage->variable_items);
    for (uint32_t cursor = 0; most > 0 && json_each(variables, &cursor, &key, &value);) {
        struct web_pair *pair = &stage->variable_items[stage->variables.count++];
        char *name_text = json_string(key);
        char *value_text = json_string(value);
        pair->name = (struct http_text){name_text, name_text ? strlen(name_text) : 0};
        pair->value = (struct http_text){value_text, value_text ? strlen(value_text) : 0};
    }
    stage->variables.items = stage->variable_items;
}

static void read_parts(struct json_value root, struct json_value variables, struct gateway_stage *stage) {
    struct json_value integrations = json_member(root, "integrations");
    struct json_value authorizers = json_member(root, "authorizers");
    struct json_value routes = json_member(root, "routes");
    struct json_value part;
    if (!json_is_present(integrations) || !json_is_present(authorizers) || !json_is_present(routes))
        return;
    stage->integrations = mem_alloc_array(json_size(integrations) + 1, sizeof *stage->integrations);
    stage->authorizers = mem_alloc_array(json_size(authorizers) + 1, sizeof *stage->authorizers);
    stage->route_items = mem_alloc_array(json_size(routes) + 1, sizeof *stage->route_items);
    for (uint32_t cursor = 0; json_each(integrations, &cursor, NULL, &part);)
        read_integration(part, variables, &stage->integrations[stage->integration_count++]);
    for (uint32_t cursor = 0; json_each(authorizers, &cursor, NULL, &part);)
        read_authorizer(part, variables, &stage->authorizers[stage->authorizer_count++]);
    for (uint32_t cursor = 0; json_each(routes, &cursor, NULL, &part);)
        read_route(part, stage);
}

/* What the stage serves: what there is now, or its deployment's snapshot, or nothing. */
static void read_deployment(const struct records *records, const struct gateway_api *api,
                            struct json_value document, const char *live, struct gateway_stage *stage) {
    const char *text = live;
    struct json_doc doc;
    if (!body_is_true(document, "autoDeploy")) {
        OWN_MEM char *id = body_text(document, "deploymentId");
        text = id ? gateway_document(records, api->account, api->id, GATEWAY_SNAPSHOT_KIND, id) : NULL;
    }
    if (!text || !json_parse(&doc, text, strlen(text), GATEWAY_SNAPSHOT_TOKENS, NULL))
        return;
    read_parts(json_root(&doc), json_member(document, "stageVariables"), stage);
    json_doc_done(&doc);
}

static void read_stage(const struct records *records, const struct gateway_api *api,
                       const struct record *record, const char *live, struct gateway_stage *stage) {
    struct json_doc doc;
    stage->name = mem_text(record->key.name);
    stage->routes = routes_new();
    if (!json_parse(&doc, record->document, strlen(record->document), GATEWAY_SNAPSHOT_TOKENS, NULL))
        return;
    read_variables(json_member(json_root(&doc), "stageVariables"), stage);
    read_deployment(records, api, json_root(&doc), live, stage);
    json_doc_done(&doc);
}

static void stage_done(struct gateway_stage *stage) {
    for (size_t i = 0; i < stage->variables.count; i++) {
        free((char *)stage->variable_items[i].name.data);
        free((char *)stage->variable_items[i].value.data);
    }
    for (size_t i = 0; i < stage->integration_count; i++)
        free(stage->integrations[i].id);
    for (size_t i = 0; i < stage->authorizer_count; i++) {
        struct gateway_authorizer *authorizer = &stage->authorizers[i];
        for (size_t k = 0; k < authorizer->source_count; k++)
            free(authorizer->sources[k].name);
        free(authorizer->sources);
        free(authorizer->id);
        authorizer_cache_done(&authorizer->cache);
    }
    for (size_t i = 0; i < stage->route_count; i++)
        free(stage->route_items[i].key_text);
    routes_free(stage->routes);
    free(stage->variable_items);
    free(stage->integrations);
    free(stage->authorizers);
    free(stage->route_items);
    free(stage->name);
}

/* ---- the API ---- */

static void read_api(const char *document, struct gateway_api *api) {
    struct json_doc doc;
    if (!json_parse(&doc, document, strlen(document), GATEWAY_SNAPSHOT_TOKENS, NULL))
        return;
    struct json_value root = json_root(&doc);
    api->is_disabled = body_is_true(root, "disableExecuteApiEndpoint");
    api->cors = web_cors_new(body_member(root, "corsConfiguration"));
    json_doc_done(&doc);
}

struct gateway_api *gateway_compile(const struct records *records, const char *account, const char *api_id) {
    const char *document = gateway_api_document(records, account, api_id);
    if (!document)
        return NULL;
    struct gateway_api *api = mem_alloc(sizeof *api);
    api->references = 1;
    snprintf(api->id, sizeof api->id, "%s", api_id);
    snprintf(api->account, sizeof api->account, "%s", account);
    read_api(document, api);
    OWN(buf) struct buf live;
    buf_init(&live, GATEWAY_SNAPSHOT_BYTES);
    gateway_snapshot(records, account, api_id, &live);
    api->stages = mem_alloc_array(gateway_count(records, account, api_id, GATEWAY_STAGE_KIND) + 1,
                                  sizeof *api->stages);
    size_t place = 0;
    const struct record *record;
    while ((record = gateway_next(records, account, api_id, GATEWAY_STAGE_KIND, &place)))
        read_stage(records, api, record, buf_text(&live), &api->stages[api->stage_count++]);
    return api;
}

struct gateway_api *gateway_api_ref(struct gateway_api *api) {
    api->references++;
    return api;
}

void gateway_api_unref(struct gateway_api *api) {
    if (!api || --api->references > 0)
        return;
    for (size_t i = 0; i < api->stage_count; i++)
        stage_done(&api->stages[i]);
    free(api->stages);
    web_cors_free(api->cors);
    free(api);
}

static struct gateway_stage *find_named(const struct gateway_api *api, struct http_text name) {
    for (size_t i = 0; i < api->stage_count; i++)
        if (http_text_is(name, api->stages[i].name))
            return &api->stages[i];
    return NULL;
}

struct gateway_stage *gateway_stage_find(const struct gateway_api *api, struct http_text path,
                                         struct http_text *ret_path) {
    const char *slash = path.len > 1 ? memchr(path.data + 1, '/', path.len - 1) : NULL;
    size_t end = slash ? (size_t)(slash - path.data) : path.len;
    bool has_name = end > 1 && path.data[1] != '$'; /* nobody asks for $default by its name */
    struct gateway_stage *stage = has_name ? find_named(api, (struct http_text){path.data + 1, end - 1})
                                           : NULL;
    if (stage) {
        *ret_path = end < path.len ? (struct http_text){path.data + end, path.len - end}
                                   : (struct http_text){"/", 1};
        return stage;
    }
    *ret_path = path;
    return find_named(api, (struct http_text){ROUTES_DEFAULT, strlen(ROUTES_DEFAULT)});
}
