/* Stages and deployments. A stage with AutoDeploy serves what there is; it has one deployment, which Lamb
 * keeps for as long as the stage does so. Any other stage serves the snapshot of its deployment. Source: API
 * Gateway V2 API, CreateStage, CreateDeployment. */
#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "api/gateway/operation_common.h"
#include "api/lambda/body.h"
#include "base/mem.h"

#define DEPLOYED "Successfully deployed stage with deployment ID '%s'"
#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define VARIABLES_MOST 100
#define VARIABLE_NAME_MOST 64
#define VARIABLE_VALUE_MOST 512
#define NO_SETTINGS "Lamb does not throttle, log or measure routes yet."

static const struct gateway_field stage_fields[] = {
    {"accessLogSettings", NULL, "Lamb does not write access logs yet."},
    {"apiGatewayManaged", NULL, NULL},
    {"autoDeploy", "false", NULL},
    {"clientCertificateId", NULL, "it is for WebSocket APIs."},
    {"createdDate", NULL, NULL},
    {"defaultRouteSettings", "{\"detailedMetricsEnabled\":false}", NO_SETTINGS},
    {"deploymentId", NULL, NULL},
    {"description", NULL, NULL},
    {"lastDeploymentStatusMessage", NULL, NULL},
    {"lastUpdatedDate", NULL, NULL},
    {"routeSettings", "{}", NO_SETTINGS},
    {"stageName", NULL, NULL},
    {"stageVariables", "{}", NULL},
    {"tags", "{}", NULL},
    {0},
};

static const struct gateway_field deployment_fields[] = {
    {"autoDeployed", "false", NULL}, {"createdDate", NULL, NULL},
    {"deploymentId", NULL, NULL},    {"deploymentStatus", "\"DEPLOYED\"", NULL},
    {"description", NULL, NULL},     {0},
};

static const struct records *records_of(const struct gateway_change *change) {
    return &change->edit->call->api->records;
}

/* ---- deployments of stages ---- */

static void put_snapshot(struct gateway_change *change, const char *deployment_id) {
    OWN(buf) struct buf snapshot;
    buf_init(&snapshot, GATEWAY_SNAPSHOT_BYTES);
    gateway_snapshot(records_of(change), change->account, change->api_id, &snapshot);
    gateway_change_put(change, GATEWAY_SNAPSHOT_KIND, deployment_id, buf_text(&snapshot));
}

static void set_deployment(struct gateway_change *stage, const char *deployment_id) {
    OWN_MEM char *message = mem_format(DEPLOYED, deployment_id);
    gateway_change_set(stage, "deploymentId", deployment_id);
    gateway_change_set(stage, "lastDeploymentStatusMessage", message);
}

/* The one that a stage with AutoDeploy has. */
static bool begin_automatic(struct gateway_change *stage, struct err *err) {
    struct gateway_change deployment;
    gateway_change_begin(&deployment, stage->edit, &gateway_deployment_kind, stage->api_id);
    if (!gateway_check_room(&deployment, err)) {
        gateway_change_done(&deployment);
        return false;
    }
    gateway_change_set_json(&deployment, "autoDeployed", "true");
    gateway_change_set(&deployment, "deploymentId", deployment.name);
    gateway_change_set(&deployment, "description",
                       "Automatic deployment triggered by changes to the Api configuration");
    gateway_change_set_now(&deployment, "createdDate");
    gateway_change_write(&deployment);
    set_deployment(stage, deployment.name);
    gateway_change_done(&deployment);
    return true;
}

static bool choose_deployment(struct gateway_change *change, struct err *err) {
    bool was_automatic = body_is_true(change->old, "autoDeploy");
    bool is_automatic = gateway_change_is_true(change, "autoDeploy");
    bool is_chosen = json_is_present(gateway_change_sent(change, "deploymentId"));
    if (is_automatic && is_chosen)
        return err_set(err, ERR_PARAMETER, "deploymentId can't be set for a stage with autoDeploy.");
    if (is_automatic && !was_automatic)
        return begin_automatic(change, err);
    if (was_automatic && !is_automatic) {
        OWN_MEM char *id = body_text(change->old, "deploymentId");
        put_snapshot(change, id ? id : "");
    }
    return true;
}

/* ---- stages ---- */

static bool is_made_of(const char *text, const char *allowed, size_t most) {
    return text && text[0] && strspn(text, allowed) == strlen(text) && strlen(text) <= most;
}

static bool is_stage_name(const char *name) {
    return strcmp(name, "$default") == 0 || is_made_of(name, ALPHANUMERIC "_-", GATEWAY_NAME_BYTES - 1);
}

static bool name_stage(struct gateway_change *change, struct err *err) {
    OWN_MEM char *name = body_text(change->request, "stageName");
    if (!change->name[0])
        snprintf(change->name, sizeof change->name, "%s", name ? name : "");
    if (!is_stage_name(change->name))
        return err_set(err, ERR_PARAMETER, "Stage name only allows a-zA-Z0-9_-, or is $default");
    if (gateway_document(records_of(change), change->account, change->api_id, GATEWAY_STAGE_KIND,
                         change->name))
        return err_set(err, ERR_CONFLICT, "Stage already exists");
    gateway_change_set_now(change, "createdDate");
    return true;
}

/* An update adds to them; one that is sent empty is taken away. */
static void merge_variables(struct gateway_change *change) {
    struct json_value sent = gateway_change_sent(change, "stageVariables");
    struct json_value old = body_member(change->old, "stageVariables");
    struct json_value key, value;
    struct json_writer writer;
    if (!json_is_present(sent))
        return;
    OWN(buf) struct buf merged;
    buf_init(&merged, GATEWAY_DOCUMENT_BYTES);
    json_writer_init(&writer, &merged);
    json_open_object(&writer);
    for (uint32_t cursor = 0; json_is_present(old) && json_each(old, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        if (name && !json_is_present(json_member(sent, name)))
            json_put_member_value(&writer, name, value);
    }
    for (uint32_t cursor = 0; json_each(sent, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        if (name && json_type_of(value) == JSON_STRING && !json_string_is(value, ""))
            json_put_member_value(&writer, name, value);
    }
    json_close_object(&writer);
    gateway_change_set_json(change, "stageVariables", buf_text(&merged));
}

static bool complete_stage(struct gateway_change *change, struct err *err) {
    if (gateway_change_is_new(change) && !name_stage(change, err))
        return false;
    gateway_change_set(change, "stageName", change->name);
    gateway_change_set_now(change, "lastUpdatedDate");
    merge_variables(change);
    return choose_deployment(change, err);
}

/* Source: quotas of HTTP APIs; API Gateway V2 API, CreateStage. */
static bool check_variables(struct json_value variables, struct err *err) {
    struct json_value key, value;
    if (json_is_present(variables) && json_size(variables) > VARIABLES_MOST)
        return err_set(err, ERR_PARAMETER, "A stage can have %d stage variables at most", VARIABLES_MOST);
    for (uint32_t cursor = 0; json_is_present(variables) && json_each(variables, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        OWN_MEM char *text = json_string(value);
        if (!is_made_of(name, ALPHANUMERIC "_", VARIABLE_NAME_MOST))
            return err_set(
                err, ERR_PARAMETER,
                "Stage variable names only allow alphanumeric characters and underscores, %d at most",
                VARIABLE_NAME_MOST);
        if (!is_made_of(text, ALPHANUMERIC "-._~:/?#&=,", VARIABLE_VALUE_MOST))
            return err_set(
                err, ERR_PARAMETER,
                "Stage variable values must match [A-Za-z0-9-._~:/?#&=,]+, %d characters at most: %s",
                VARIABLE_VALUE_MOST, name);
    }
    return true;
}

static bool check_stage(const struct gateway_change *change, struct json_value document, struct err *err) {
    const struct records *records = records_of(change);
    OWN_MEM char *chosen = gateway_change_is_true(change, "autoDeploy")
                               ? NULL
                               : json_string(gateway_change_sent(change, "deploymentId"));
    if (chosen &&
        !gateway_document(records, change->account, change->api_id, GATEWAY_DEPLOYMENT_KIND, chosen))
        return err_set(err, ERR_NOT_FOUND, "Invalid Deployment identifier specified %.100s", chosen);
    if (chosen && !gateway_document(records, change->account, change->api_id, GATEWAY_SNAPSHOT_KIND, chosen))
        return err_set(err, ERR_PARAMETER,
                       "The deployment %.100s is the automatic one of another stage. Make one with "
                       "CreateDeployment.",
                       chosen);
    return check_variables(body_member(document, "stageVariables"), err);
}

static bool let_stage_go(struct gateway_change *change, struct err *err) {
    (void)err;
    OWN_MEM char *deployment = body_text(change->old, "deploymentId");
    if (deployment && body_is_true(change->old, "autoDeploy"))
        gateway_change_delete(change, GATEWAY_DEPLOYMENT_KIND, deployment);
    return true;
}

const struct gateway_kind gateway_stage_kind = {
    .word = "Stage",
    .record = GATEWAY_STAGE_KIND,
    .id = "stageName",
    .most = 10,
    .fields = stage_fields,
    .complete = complete_stage,
    .check = check_stage,
    .let_go = let_stage_go,
};

/* ---- deployments ---- */

/* Of the stage that CreateDeployment names. */
static bool deploy(struct gateway_change *deployment, const char *stage_name, struct err *err) {
    OWN(gateway_change) struct gateway_change stage;
    if (!gateway_change_begin_old(&stage, deployment->edit, &gateway_stage_kind, deployment->api_id,
                                  stage_name, err))
        return false;
    if (body_is_true(stage.old, "autoDeploy"))
        return err_set(err, ERR_PARAMETER, "The stage %.128s has autoDeploy: it can't be given a deployment.",
                       stage_name);
    set_deployment(&stage, deployment->name);
    gateway_change_set_now(&stage, "lastUpdatedDate");
    gateway_change_write(&stage);
    return true;
}

static bool complete_deployment(struct gateway_change *change, struct err *err) {
    OWN_MEM char *stage = json_string(gateway_change_sent(change, "stageName"));
    if (!gateway_change_is_new(change))
        return true;
    if (gateway_count(records_of(change), change->account, change->api_id, GATEWAY_ROUTE_KIND) == 0)
        return err_set(err, ERR_PARAMETER, "Unable to deploy API because no routes exist in this API");
    gateway_change_set_now(change, "createdDate");
    put_snapshot(change, change->name);
    return !stage || deploy(change, stage, err);
}

static bool let_deployment_go(struct gateway_change *change, struct err *err) {
    const struct records *records = records_of(change);
    const struct record *record;
    struct json_doc doc;
    size_t place = 0;
    while ((record = gateway_next(records, change->account, change->api_id, GATEWAY_STAGE_KIND, &place))) {
        if (!json_parse(&doc, record->document, strlen(record->document), GATEWAY_SNAPSHOT_TOKENS, NULL))
            continue;
        bool is_used = json_string_is(json_member(json_root(&doc), "deploymentId"), change->name);
        json_doc_done(&doc);
        if (is_used)
            return err_set(err, ERR_PARAMETER,
                           "Active stages pointing to this deployment must be moved or deleted");
    }
    gateway_change_delete(change, GATEWAY_SNAPSHOT_KIND, change->name);
    return true;
}

const struct gateway_kind gateway_deployment_kind = {
    .word = "Deployment",
    .record = GATEWAY_DEPLOYMENT_KIND,
    .id = "deploymentId",
    .id_chars = 6,
    .most = 300,
    .fields = deployment_fields,
    .complete = complete_deployment,
    .let_go = let_deployment_go,
};
