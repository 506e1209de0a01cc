/* Routes. Source: API Gateway V2 API, CreateRoute. */
#include <string.h>

#include "api/context.h"
#include "api/gateway/change.h"
#include "api/gateway/routes.h"
#include "api/lambda/body.h"
#include "base/mem.h"

#define TARGET_BEGIN "integrations/"
#define ONLY_WEBSOCKET "it is for WebSocket APIs."

static const struct gateway_field fields[] = {
    {"apiGatewayManaged", NULL, NULL},
    {"apiKeyRequired", "false", "API keys are for WebSocket APIs."},
    {"authorizationScopes", NULL, "Lamb does not support JWT authorizers yet."},
    {"authorizationType", "\"NONE\"", NULL},
    {"authorizerId", NULL, NULL},
    {"modelSelectionExpression", NULL, ONLY_WEBSOCKET},
    {"operationName", NULL, NULL},
    {"requestModels", NULL, ONLY_WEBSOCKET},
    {"requestParameters", NULL, ONLY_WEBSOCKET},
    {"routeId", NULL, NULL},
    {"routeKey", NULL, NULL},
    {"routeResponseSelectionExpression", NULL, ONLY_WEBSOCKET},
    {"target", NULL, NULL},
    {0},
};

/* Source: API Gateway V2 API, Route: "You can't modify the $default route key." */
static bool check_managed(const struct gateway_change *change, struct err *err) {
    OWN_MEM char *old = body_text(change->old, "routeKey");
    struct json_value key = gateway_change_sent(change, "routeKey");
    return !body_is_true(change->old, "apiGatewayManaged") || !json_is_present(key) ||
           json_string_is(key, old ? old : "") ||
           err_set(err, ERR_PARAMETER, "The key of a route that API Gateway manages can't be changed");
}

/* What is open, or for IAM, has no authorizer any more. */
static bool complete(struct gateway_change *change, struct err *err) {
    if (!check_managed(change, err))
        return false;
    struct json_value type = gateway_change_sent(change, "authorizationType");
    bool is_dropped = json_is_present(type) && !json_string_is(type, "CUSTOM") &&
                      !json_is_present(gateway_change_sent(change, "authorizerId"));
    if (is_dropped)
        gateway_change_set_json(change, "authorizerId", "");
    return true;
}

static bool has(const struct gateway_change *change, const char *kind, const char *id) {
    const struct records *records = &change->edit->call->api->records;
    return gateway_document(records, change->account, change->api_id, kind, id) != NULL;
}

static bool check_target(const struct gateway_change *change, struct json_value document, struct err *err) {
    OWN_MEM char *target = body_text(document, "target");
    if (!target || !target[0])
        return true;
    if (strncmp(target, TARGET_BEGIN, strlen(TARGET_BEGIN)) != 0)
        return err_set(err, ERR_PARAMETER, "Invalid target specified: it is integrations/<integration id>.");
    const char *id = target + strlen(TARGET_BEGIN);
    return has(change, GATEWAY_INTEGRATION_KIND, id) ||
           err_set(err, ERR_NOT_FOUND, "Invalid Integration identifier specified %.100s", id);
}

static bool check_authorization(const struct gateway_change *change, struct json_value document,
                                struct err *err) {
    struct json_value type = json_member(document, "authorizationType");
    OWN_MEM char *id = body_text(document, "authorizerId");
    if (json_string_is(type, "JWT"))
        return err_set(err, ERR_PARAMETER,
                       "Lamb does not support JWT authorizers yet: authorizationType can be NONE, AWS_IAM or "
                       "CUSTOM.");
    if (!json_string_is(type, "CUSTOM"))
        return !id || !id[0] ||
               err_set(err, ERR_PARAMETER, "authorizerId needs the authorizationType CUSTOM.");
    if (!id || !id[0])
        return err_set(err, ERR_PARAMETER, "The authorizationType CUSTOM needs an authorizerId.");
    return has(change, GATEWAY_AUTHORIZER_KIND, id) ||
           err_set(err, ERR_NOT_FOUND, "Invalid Authorizer identifier specified %.100s", id);
}

static bool is_taken_by(const char *document, const struct route_key *key) {
    struct json_doc doc;
    struct route_key other;
    if (!json_parse(&doc, document, strlen(document), GATEWAY_SNAPSHOT_TOKENS, NULL))
        return false;
    OWN_MEM char *text = body_text(json_root(&doc), "routeKey");
    bool is_same = text && route_key_parse(text, &other, NULL) && route_key_is_same(key, &other);
    json_doc_done(&doc);
    return is_same;
}

static bool check_key(const struct gateway_change *change, struct json_value document, struct err *err) {
    const struct records *records = &change->edit->call->api->records;
    OWN_MEM char *text = body_text(document, "routeKey");
    const struct record *record;
    struct route_key key;
    size_t place = 0;
    if (!route_key_parse(text ? text : "", &key, err))
        return false;
    while ((record = gateway_next(records, change->account, change->api_id, GATEWAY_ROUTE_KIND, &place)))
        if (strcmp(record->key.name, change->name) != 0 && is_taken_by(record->document, &key))
            return err_set(err, ERR_CONFLICT, "Route with key %s already exists for this API", text);
    return true;
}

static bool check(const struct gateway_change *change, struct json_value document, struct err *err) {
    return check_key(change, document, err) && check_target(change, document, err) &&
           check_authorization(change, document, err);
}

const struct gateway_kind gateway_route_kind = {
    .word = "Route",
    .record = GATEWAY_ROUTE_KIND,
    .id = "routeId",
    .id_chars = 7,
    .most = 300,
    .fields = fields,
    .complete = complete,
    .check = check,
};
