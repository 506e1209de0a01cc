/* Authorizers: Lambda functions, of the type REQUEST, alone. Source: API Gateway V2 API, CreateAuthorizer. */
#include <string.h>

#include "api/context.h"
#include "api/gateway/change.h"
#include "api/gateway/compiled.h"
#include "api/gateway/function_uri.h"
#include "api/lambda/body.h"
#include "base/mem.h"

static const struct gateway_field fields[] = {
    {"authorizerCredentialsArn", NULL, "functions are called by their resource policies."},
    {"authorizerId", NULL, NULL},
    {"authorizerPayloadFormatVersion", NULL, NULL},
    {"authorizerResultTtlInSeconds", "0", NULL},
    {"authorizerType", NULL, NULL},
    {"authorizerUri", NULL, NULL},
    {"enableSimpleResponses", "false", NULL},
    {"identitySource", NULL, NULL},
    {"identityValidationExpression", NULL, "it is for WebSocket APIs."},
    {"jwtConfiguration", NULL, "Lamb does not support JWT authorizers yet."},
    {"name", NULL, NULL},
    {0},
};

/* $context variables that Lamb knows: see authorizer.c. */
static bool is_known_context(const char *name) {
    static const char *const known[] = {"accountId",  "apiId",     "domainName",        "domainPrefix",
                                        "httpMethod", "path",      "identity.sourceIp", "identity.userAgent",
                                        "protocol",   "requestId", "routeKey",          "stage"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

static bool check_sources(struct json_value document, struct err *err) {
    struct json_value list = body_member(document, "identitySource");
    struct json_value item;
    for (uint32_t cursor = 0; json_is_present(list) && json_each(list, &cursor, NULL, &item);) {
        OWN_MEM char *text = json_string(item);
        enum gateway_source_place place;
        const char *name;
        if (!text || !gateway_source_parse(text, &place, &name) ||
            (place == GATEWAY_CONTEXT && !is_known_context(name)))
            return err_set(err, ERR_PARAMETER, "Invalid identity source specified: %.200s", text ? text : "");
    }
    return true;
}

/* All callers would share one answer. */
static bool check_cache(struct json_value document, struct err *err) {
    struct json_value sources = body_member(document, "identitySource");
    int64_t ttl_s = 0;
    json_integer(json_member(document, "authorizerResultTtlInSeconds"), &ttl_s);
    return ttl_s == 0 || (json_is_present(sources) && json_size(sources) > 0) ||
           err_set(err, ERR_PARAMETER,
                   "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)");
}

static bool check_uri(struct json_value document, struct err *err) {
    struct function_ref function;
    OWN_MEM char *uri = body_text(document, "authorizerUri");
    if (!uri)
        return err_set(err, ERR_PARAMETER, "AuthorizerUri is a required parameter for REQUEST authorizers");
    return function_uri_varies(uri) || function_uri_parse(uri, &function, err);
}

static bool check(const struct gateway_change *change, struct json_value document, struct err *err) {
    (void)change;
    struct json_value version = json_member(document, "authorizerPayloadFormatVersion");
    if (!json_string_is(json_member(document, "authorizerType"), "REQUEST"))
        return err_set(err, ERR_PARAMETER,
                       "Lamb does not support JWT authorizers yet: authorizerType can only be REQUEST.");
    if (!json_is_present(version))
        return err_set(err, ERR_PARAMETER,
                       "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer");
    if (!json_string_is(version, "1.0") && !json_string_is(version, "2.0"))
        return err_set(err, ERR_PARAMETER, "AuthorizerPayloadFormatVersion is not valid: it is 1.0 or 2.0.");
    if (json_string_is(version, "1.0") && body_is_true(document, "enableSimpleResponses"))
        return err_set(err, ERR_PARAMETER,
                       "EnableSimpleResponses flag is only supported when AuthorizerPayloadFormatVersion is "
                       "2.0");
    return check_uri(document, err) && check_sources(document, err) && check_cache(document, err);
}

static bool is_used_by(const char *document, const char *id) {
    struct json_doc doc;
    if (!json_parse(&doc, document, strlen(document), GATEWAY_SNAPSHOT_TOKENS, NULL))
        return false;
    bool is_used = json_string_is(json_member(json_root(&doc), "authorizerId"), id);
    json_doc_done(&doc);
    return is_used;
}

static bool let_go(struct gateway_change *change, struct err *err) {
    const struct records *records = &change->edit->call->api->records;
    const struct record *record;
    size_t place = 0;
    while ((record = gateway_next(records, change->account, change->api_id, GATEWAY_ROUTE_KIND, &place)))
        if (is_used_by(record->document, change->name))
            return err_set(err, ERR_CONFLICT,
                           "Cannot delete Authorizer because it is referenced by the Route with Id: [%s]",
                           record->key.name);
    return true;
}

const struct gateway_kind gateway_authorizer_kind = {
    .word = "Authorizer",
    .record = GATEWAY_AUTHORIZER_KIND,
    .id = "authorizerId",
    .id_chars = 6,
    .most = 10,
    .fields = fields,
    .check = check,
    .let_go = let_go,
};
