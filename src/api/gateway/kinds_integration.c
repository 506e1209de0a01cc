/* Integrations: with Lambda functions, AWS_PROXY, alone. Source: API Gateway V2 API, CreateIntegration. */
#include <string.h>

#include "api/context.h"
#include "api/gateway/change.h"
#include "api/gateway/function_uri.h"
#include "api/lambda/body.h"
#include "base/mem.h"

#define ONLY_HTTP "it is for other types of integration than AWS_PROXY with a function."
#define ONLY_WEBSOCKET "it is for WebSocket APIs."

static const struct gateway_field fields[] = {
    {"apiGatewayManaged", NULL, NULL},
    {"connectionId", NULL, ONLY_HTTP},
    {"connectionType", "\"INTERNET\"", NULL},
    {"contentHandlingStrategy", NULL, ONLY_WEBSOCKET},
    {"credentialsArn", NULL, "functions are called by their resource policies."},
    {"description", NULL, NULL},
    {"integrationId", NULL, NULL},
    {"integrationMethod", "\"POST\"", NULL},
    {"integrationSubtype", NULL, ONLY_HTTP},
    {"integrationType", NULL, NULL},
    {"integrationUri", NULL, NULL},
    {"passthroughBehavior", NULL, ONLY_WEBSOCKET},
    {"payloadFormatVersion", NULL, NULL},
    {"requestParameters", NULL, "Lamb does not map parameters yet."},
    {"requestTemplates", NULL, ONLY_WEBSOCKET},
    {"responseParameters", NULL, "Lamb does not map parameters yet."},
    {"templateSelectionExpression", NULL, ONLY_WEBSOCKET},
    {"timeoutInMillis", "30000", NULL},
    {"tlsConfig", NULL, ONLY_HTTP},
    {0},
};

static bool check_uri(struct json_value document, struct err *err) {
    struct function_ref function;
    OWN_MEM char *uri = body_text(document, "integrationUri");
    if (!uri)
        return err_set(err, ERR_PARAMETER, "IntegrationUri is a required parameter for integration");
    return function_uri_varies(uri) || function_uri_parse(uri, &function, err);
}

static bool check(const struct gateway_change *change, struct json_value document, struct err *err) {
    (void)change;
    struct json_value version = json_member(document, "payloadFormatVersion");
    if (!json_string_is(json_member(document, "integrationType"), "AWS_PROXY"))
        return err_set(err, ERR_PARAMETER,
                       "Lamb does not support this integrationType: it can only be AWS_PROXY, with a Lambda "
                       "function.");
    if (!json_string_is(json_member(document, "connectionType"), "INTERNET"))
        return err_set(err, ERR_PARAMETER,
                       "Lamb does not support VPC links: connectionType can only be "
                       "INTERNET.");
    if (!json_string_is(json_member(document, "integrationMethod"), "POST"))
        return err_set(err, ERR_PARAMETER, "integrationMethod of a Lambda function can only be POST.");
    if (!json_is_present(version))
        return err_set(err, ERR_PARAMETER, "PayloadFormatVersion is a required parameter for integration");
    if (!json_string_is(version, "1.0") && !json_string_is(version, "2.0"))
        return err_set(err, ERR_PARAMETER, "Invalid payload format version specified: it is 1.0 or 2.0.");
    return check_uri(document, err);
}

/* The routes of the API that lead to it, as "id, id". */
static void list_routes(const struct gateway_change *change, struct buf *ids) {
    const struct records *records = &change->edit->call->api->records;
    OWN_MEM char *target = mem_format("integrations/%s", change->name);
    const struct record *record;
    struct json_doc doc;
    size_t place = 0;
    while ((record = gateway_next(records, change->account, change->api_id, GATEWAY_ROUTE_KIND, &place))) {
        if (!json_parse(&doc, record->document, strlen(record->document), GATEWAY_SNAPSHOT_TOKENS, NULL))
            continue;
        if (json_string_is(json_member(json_root(&doc), "target"), target))
            buf_append_format(ids, "%s%s", ids->len ? ", " : "", record->key.name);
        json_doc_done(&doc);
    }
}

/* Source: API Gateway V2 API, Integration: "You can update a managed integration, but you can't delete it."
 */
static bool let_go(struct gateway_change *change, struct err *err) {
    OWN(buf) struct buf ids;
    buf_init(&ids, 8192);
    list_routes(change, &ids);
    if (ids.len > 0)
        return err_set(err, ERR_CONFLICT,
                       "Cannot delete Integration because it is referenced by the following Routes "
                       "with Ids: [%s]",
                       buf_text(&ids));
    return !body_is_true(change->old, "apiGatewayManaged") ||
           err_set(err, ERR_PARAMETER, "An integration that API Gateway manages can't be deleted");
}

const struct gateway_kind gateway_integration_kind = {
    .word = "Integration",
    .record = GATEWAY_INTEGRATION_KIND,
    .id = "integrationId",
    .id_chars = 7,
    .most = 300,
    .fields = fields,
    .check = check,
    .let_go = let_go,
};
