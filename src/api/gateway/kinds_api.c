/* APIs. Quick create, CreateApi with a target, makes an integration, a route and the stage $default too.
 * Source: API Gateway V2 API, CreateApi. */
#include <string.h>

#include "api/context.h"
#include "api/gateway/function_uri.h"
#include "api/gateway/handlers.h"
#include "api/gateway/operation_common.h"
#include "api/lambda/body.h"
#include "base/mem.h"

#define APIS_MOST 600 /* of an account: quotas of HTTP APIs */

static const struct gateway_field fields[] = {
    {"apiId", NULL, NULL},
    {"apiKeySelectionExpression", "\"$request.header.x-api-key\"", NULL},
    {"corsConfiguration", NULL, NULL},
    {"createdDate", NULL, NULL},
    {"credentialsArn", NULL, "functions are called by their resource policies."},
    {"description", NULL, NULL},
    {"disableExecuteApiEndpoint", "false", NULL},
    {"disableSchemaValidation", NULL, "it is for WebSocket APIs."},
    {"name", NULL, NULL},
    {"protocolType", NULL, NULL},
    {"routeSelectionExpression", "\"$request.method $request.path\"", NULL},
    {"tags", "{}", NULL},
    {"version", NULL, NULL},
    {0},
};

static bool is_fixed(struct json_value document, const char *member, const char *only, struct err *err) {
    if (json_string_is(json_member(document, member), only))
        return true;
    return err_set(err, ERR_PARAMETER, "%s of an HTTP API can only be %s.", member, only);
}

/* Each becomes a part of a header line. */
static bool check_cors_list(struct json_value cors, const char *member, struct err *err) {
    struct json_value list = body_member(cors, member);
    struct json_value item;
    for (uint32_t cursor = 0; json_is_present(list) && json_each(list, &cursor, NULL, &item);) {
        OWN_MEM char *text = json_string(item);
        bool is_good = text && text[0];
        for (const char *at = text; is_good && *at; at++)
            is_good = (unsigned char)*at >= ' ' && *at != 0x7f;
        if (!is_good)
            return err_set(err, ERR_PARAMETER, "Invalid value in %s: it must be a part of a header line.",
                           member);
    }
    return true;
}

static bool check_cors(struct json_value cors, struct err *err) {
    static const char *const lists[] = {"allowHeaders", "allowMethods", "allowOrigins", "exposeHeaders"};
    bool allows_all = false;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (!check_cors_list(cors, lists[i], err))
            return false;
    struct json_value origins = body_member(cors, "allowOrigins");
    struct json_value origin;
    for (uint32_t cursor = 0; json_is_present(origins) && json_each(origins, &cursor, NULL, &origin);)
        allows_all = allows_all || json_string_is(origin, "*");
    if (allows_all && body_is_true(cors, "allowCredentials"))
        return err_set(err, ERR_PARAMETER,
                       "allowCredentials is not supported when allowOrigins contains the wildcard '*'.");
    return true;
}

static bool check(const struct gateway_change *change, struct json_value document, struct err *err) {
    if (!json_string_is(json_member(document, "protocolType"), "HTTP"))
        return err_set(err, ERR_PARAMETER,
                       "Lamb does not support WebSocket APIs: protocolType can only be HTTP.");
    if (!gateway_change_is_new(change) && (json_is_present(gateway_change_sent(change, "target")) ||
                                           json_is_present(gateway_change_sent(change, "routeKey"))))
        return err_set(err, ERR_PARAMETER,
                       "Lamb can't change target and routeKey with UpdateApi. Use UpdateIntegration and "
                       "UpdateRoute.");
    return is_fixed(document, "routeSelectionExpression", "$request.method $request.path", err) &&
           is_fixed(document, "apiKeySelectionExpression", "$request.header.x-api-key", err) &&
           check_cors(body_member(document, "corsConfiguration"), err);
}

static bool let_go(struct gateway_change *change, struct err *err) {
    (void)err;
    char scope[GATEWAY_SCOPE_BYTES];
    const struct record_key key = {
        .account = change->account, .scope = "", .kind = GATEWAY_API_KIND, .name = change->api_id};
    const struct record_key all = gateway_key(change->account, change->api_id, "", "", scope);
    edit_delete(change->edit, &key);
    edit_delete_scope(change->edit, &all);
    return true;
}

const struct gateway_kind gateway_api_kind = {
    .word = "Api",
    .record = GATEWAY_API_KIND,
    .id = "apiId",
    .id_chars = GATEWAY_ID_CHARS,
    .most = APIS_MOST,
    .fields = fields,
    .check = check,
    .let_go = let_go,
};

/* ---- CreateApi ---- */

struct quick {
    const char *api_id;
    const char *target;
    const char *route_key;
};

static void write_managed(struct gateway_change *change) {
    gateway_change_set_json(change, "apiGatewayManaged", "true");
    gateway_change_write(change);
}

static void make_integration(struct edit *edit, const struct quick *quick, char **ret_target) {
    struct gateway_change change;
    gateway_change_begin(&change, edit, &gateway_integration_kind, quick->api_id);
    gateway_change_set(&change, "integrationId", change.name);
    gateway_change_set(&change, "integrationType", "AWS_PROXY");
    gateway_change_set(&change, "integrationUri", quick->target);
    gateway_change_set(&change, "payloadFormatVersion", "2.0");
    write_managed(&change);
    *ret_target = mem_format("integrations/%s", change.name);
    gateway_change_done(&change);
}

static void make_route(struct edit *edit, const struct quick *quick, const char *target) {
    struct gateway_change change;
    gateway_change_begin(&change, edit, &gateway_route_kind, quick->api_id);
    gateway_change_set(&change, "routeId", change.name);
    gateway_change_set(&change, "routeKey", quick->route_key);
    gateway_change_set(&change, "target", target);
    write_managed(&change);
    gateway_change_done(&change);
}

static bool make_stage(struct edit *edit, const struct quick *quick, struct err *err) {
    struct gateway_change change;
    gateway_change_begin(&change, edit, &gateway_stage_kind, quick->api_id);
    memcpy(change.name, ROUTES_DEFAULT, sizeof ROUTES_DEFAULT);
    gateway_change_set_json(&change, "apiGatewayManaged", "true");
    gateway_change_set_json(&change, "autoDeploy", "true");
    bool ok = gateway_change_make(&change, err);
    gateway_change_done(&change);
    return ok;
}

static bool check_target(const char *target, struct err *err) {
    struct function_ref function;
    if (strncmp(target, "http://", 7) == 0 || strncmp(target, "https://", 8) == 0)
        return err_set(
            err, ERR_PARAMETER,
            "Lamb does not support HTTP_PROXY integrations: the target must be a Lambda function's "
            "ARN.");
    return function_uri_parse(target, &function, err);
}

static bool make_quickly(struct edit *edit, const char *api_id, struct err *err) {
    OWN_MEM char *target = body_text(edit->call->input.root, "target");
    OWN_MEM char *route_key = body_text(edit->call->input.root, "routeKey");
    struct route_key key;
    if (!target && route_key)
        return err_set(err, ERR_PARAMETER, "routeKey can only be sent together with target.");
    if (!target)
        return true;
    const struct quick quick = {api_id, target, route_key ? route_key : ROUTES_DEFAULT};
    if (!check_target(target, err) || !route_key_parse(quick.route_key, &key, err))
        return false;
    OWN_MEM char *route_target = NULL;
    make_integration(edit, &quick, &route_target);
    make_route(edit, &quick, route_target);
    return make_stage(edit, &quick, err);
}

static bool check_room(const struct api_call *call, struct err *err) {
    const struct record_key first = {
        .account = call->caller->account, .scope = "", .kind = GATEWAY_API_KIND, .name = ""};
    size_t count = 0;
    for (size_t at = records_after(&call->api->records, &first); records_at(&call->api->records, at, &first);
         at++)
        count++;
    return count < APIS_MOST ||
           err_set(err, ERR_LIMIT, "Maximum number of APIs has been reached. Limit: %d", APIS_MOST);
}

static bool prepare(struct edit *edit, struct err *err) {
    struct gateway_change change;
    if (!check_room(edit->call, err))
        return false;
    gateway_change_begin(&change, edit, &gateway_api_kind, NULL);
    change.request = edit->call->input.root;
    gateway_change_set(&change, "apiId", change.api_id);
    gateway_change_set_now(&change, "createdDate");
    bool ok = gateway_change_make(&change, err) && make_quickly(edit, change.api_id, err);
    if (ok) {
        gateway_answer(edit_answer(edit, GATEWAY_ANSWER_BYTES), edit->call, change.kind,
                       buf_text(&change.document));
        gateway_edited(edit, change.api_id);
    }
    gateway_change_done(&change);
    return ok;
}

void gateway_create_api(struct api_call *call) {
    static const struct edit_actions actions = GATEWAY_EDIT(prepare);
    gateway_edit(call, &actions);
}
