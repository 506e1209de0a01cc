/* AddLayerVersionPermission, RemoveLayerVersionPermission and GetLayerVersionPolicy. The policy of a version
 * is two records: the document, and its RevisionId, which each change renews. Texts are those of the service.
 */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/handlers.h"
#include "api/lambda/layers.h"
#include "api/lambda/policy_document.h"
#include "base/ident.h"
#include "base/mem.h"

/* The longest statement: its members at their limits. */
#define STATEMENT_BYTES (16u * 1024)
#define DOCUMENT_BYTES (POLICY_DOCUMENT_BYTES + STATEMENT_BYTES)

/* A document as the text of a JSON member, each byte of it escaped. */
#define ANSWER_BYTES (2 * DOCUMENT_BYTES)

static bool check_exists(const struct api_call *call, const struct layer_target *target, struct err *err) {
    return layer_find(call->api, target) ||
           err_set(err, ERR_NOT_FOUND, "Layer version %s does not exist.", target->arn);
}

static const char *find_record(const struct api_call *call, const struct layer_target *target,
                               const char *kind) {
    struct layer_key_space space;
    const struct record_key key = layer_key(&target->ref, kind, &space);
    return records_get(&call->api->records, &key);
}

static bool check_revision(const struct edit *edit, struct err *err) {
    const char *sent = input_text(&edit->call->input, "RevisionId");
    const char *current = find_record(edit->call, edit->state, LAYER_POLICY_REVISION_KIND);
    size_t len = sent ? strlen(sent) : 0;
    if (!sent || !sent[0])
        return true;
    if (current && strlen(current) == len + 2 && memcmp(current + 1, sent, len) == 0)
        return true;
    return err_set(err, ERR_PRECONDITION,
                   "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy "
                   "API to retrieve the latest Revision Id");
}

/* Steps for the new document; NULL when no statement is left. */
static void put_document(struct edit *edit, const char *document, const char *revision) {
    const struct layer_target *target = edit->state;
    struct layer_key_space space;
    OWN_MEM char *quoted = mem_format("\"%s\"", revision);
    const struct record_key policy = layer_key(&target->ref, LAYER_POLICY_KIND, &space);
    struct record_key revised = policy;
    revised.kind = LAYER_POLICY_REVISION_KIND;
    if (document) {
        edit_put(edit, &policy, document);
        edit_put(edit, &revised, quoted);
    } else {
        edit_delete(edit, &policy);
        edit_delete(edit, &revised);
    }
}

static bool write_statement(const struct edit *edit, struct buf *statement, struct err *err) {
    const struct layer_target *target = edit->state;
    struct json_value root = edit->call->input.root;
    OWN_MEM char *sid = body_text(root, "StatementId");
    OWN_MEM char *action = body_text(root, "Action");
    OWN_MEM char *principal = body_text(root, "Principal");
    OWN_MEM char *organization = body_text(root, "OrganizationId");
    const struct permission permission = {
        .sid = sid,
        .action = action,
        .principal = principal,
        .resource = target->arn,
        .organization = organization,
    };
    return permission_write(&permission, statement, err);
}

static bool prepare_addition(struct edit *edit, struct err *err) {
    const struct layer_target *target = edit->state;
    OWN_MEM char *sid = body_text(edit->call->input.root, "StatementId");
    if (!check_exists(edit->call, target, err))
        return false;
    const char *document = find_record(edit->call, target, LAYER_POLICY_KIND);
    if (policy_document_has(document, sid))
        return err_set(err, ERR_CONFLICT,
                       "The statement id (%s) provided already exists. Please provide a new statement id, or "
                       "remove the existing statement.",
                       sid);
    OWN(buf) struct buf statement;
    buf_init(&statement, STATEMENT_BYTES);
    OWN(buf) struct buf next;
    buf_init(&next, DOCUMENT_BYTES);
    if (!check_revision(edit, err) || !write_statement(edit, &statement, err))
        return false;
    policy_document_add(document, buf_text(&statement), &next);
    if (!policy_document_check_length(next.len, err))
        return false;
    char revision[IDENT_UUID_BYTES];
    ident_uuid(revision);
    put_document(edit, buf_text(&next), revision);
    struct json_writer *answer = edit_answer(edit, ANSWER_BYTES);
    json_open_object(answer);
    json_put_member(answer, "RevisionId", revision);
    json_put_member(answer, "Statement", buf_text(&statement));
    json_close_object(answer);
    return true;
}

static bool prepare_removal(struct edit *edit, struct err *err) {
    const struct layer_target *target = edit->state;
    const char *sid = input_text(&edit->call->input, "StatementId");
    if (!check_exists(edit->call, target, err))
        return false;
    const char *document = find_record(edit->call, target, LAYER_POLICY_KIND);
    if (!document)
        return err_set(err, ERR_NOT_FOUND, "No policy is associated with the given resource.");
    if (!policy_document_has(document, sid))
        return err_set(err, ERR_NOT_FOUND, "Statement %s is not found in resource policy.", sid);
    if (!check_revision(edit, err))
        return false;
    OWN(buf) struct buf next;
    buf_init(&next, DOCUMENT_BYTES);
    bool is_left = policy_document_remove(document, sid, &next);
    char revision[IDENT_UUID_BYTES];
    ident_uuid(revision);
    put_document(edit, is_left ? buf_text(&next) : NULL, revision);
    return true;
}

static void finished(struct edit *edit) {
    free(edit->state);
}

static void start(struct api_call *call, const struct edit_actions *actions) {
    struct layer_target *target = mem_alloc(sizeof *target);
    struct err err;
    if (layer_target_read_version(call, target, &err)) {
        edit_start(call, &lambda_of(call)->turns, NULL, NULL, target, actions);
        return;
    }
    call_fail(call, &err);
    free(target);
}

void lambda_add_layer_version_permission(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_addition, .finished = finished};
    start(call, &actions);
}

void lambda_remove_layer_version_permission(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_removal, .finished = finished};
    start(call, &actions);
}

void lambda_get_layer_version_policy(struct api_call *call) {
    struct layer_target target;
    struct err err;
    if (!layer_target_read_version(call, &target, &err) || !check_exists(call, &target, &err)) {
        call_fail(call, &err);
        return;
    }
    const char *document = find_record(call, &target, LAYER_POLICY_KIND);
    const char *revision = find_record(call, &target, LAYER_POLICY_REVISION_KIND);
    if (!document || !revision) {
        call_refuse(call, API_RESOURCE_NOT_FOUND, "No policy is associated with the given resource.");
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    json_put_member(&writer, "Policy", document);
    json_key(&writer, "RevisionId");
    json_put_raw(&writer, revision, strlen(revision));
    json_close_object(&writer);
    call_answer(call, &body);
}
