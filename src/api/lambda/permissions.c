/* AddPermission, RemovePermission and GetPolicy on functions, versions and aliases. A policy has no revision
 * of its own: it shows that of what it belongs to, which each change renews. Texts are those of the service.
 */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/policy_document.h"
#include "api/lambda/target.h"
#include "base/mem.h"

/* A statement whose members all are at their limits, and escaped. */
#define STATEMENT_BYTES (160u * 1024)

/* The longest document while it is being put together: the longest one that is stored, and one statement. */
#define DOCUMENT_BYTES (STATEMENT_BYTES + POLICY_DOCUMENT_BYTES)

/* A document as the text of a JSON member, each byte of it escaped. */
#define ANSWER_BYTES (2 * DOCUMENT_BYTES)

/* What an edit keeps from its request to its end. */
struct grant {
    struct function_ref ref; /* the qualifier is "" for $LATEST: the function's own policy */
    struct policy *policy;   /* the new one; NULL: none is left */
    struct alias *alias;     /* the alias with its new RevisionId, when it is an alias's policy */
};

static const char *find_document(const struct api_call *call, const struct catalogue_entry *entry,
                                 const char *qualifier) {
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(entry, POLICY_RECORD_KIND, qualifier, scope);
    return records_get(&call->api->records, &key);
}

/* Of what the qualifier names, which exists. */
static const char *revision_of(const struct catalogue_entry *entry, const char *qualifier) {
    const struct alias *alias = entry_alias(entry, qualifier);
    return alias ? alias->revision_id : entry_version(entry, qualifier)->revision_id;
}

static bool parse_target(const struct api_call *call, struct function_ref *ref, struct err *err) {
    if (!target_parse(call, FUNCTION_REF_READ, TARGET_WITH_QUALIFIER, ref, err))
        return false;
    if (strcmp(ref->qualifier, FUNCTION_LATEST) == 0)
        ref->qualifier[0] = '\0';
    return true;
}

/* ---- changes ---- */

static void revise(struct edit *edit, struct grant *grant) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    const struct alias *alias = entry_alias(entry, grant->ref.qualifier);
    if (!alias) {
        function_edit_revise_version(edit, entry_version(entry, grant->ref.qualifier));
        return;
    }
    grant->alias = alias_revise(alias, NULL);
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(entry, ALIAS_RECORD_KIND, alias->name, scope);
    OWN(buf) struct buf document;
    buf_init(&document, ALIAS_DOCUMENT_BYTES);
    alias_encode(grant->alias, &document);
    edit_put(edit, &key, buf_text(&document));
}

/* Steps for the new document; NULL when no statement is left. */
static bool put_document(struct edit *edit, const char *document, struct err *err) {
    struct grant *grant = edit->state;
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(function_edit_entry(edit), POLICY_RECORD_KIND,
                                                  grant->ref.qualifier, scope);
    if (document && !policy_parse(document, strlen(document), POLICY_RESOURCE, &grant->policy, err))
        return false;
    if (document)
        edit_put(edit, &key, document);
    else
        edit_delete(edit, &key);
    revise(edit, grant);
    return true;
}

static void committed(struct edit *edit) {
    struct grant *grant = edit->state;
    struct catalogue_entry *entry = function_edit_entry(edit);
    policies_set(&entry->policies, grant->ref.qualifier, take_ptr(grant->policy));
    if (grant->alias)
        aliases_put(&entry->aliases, take_ptr(grant->alias));
    function_edit_swap(edit);
}

static void finished(struct edit *edit) {
    struct grant *grant = edit->state;
    policy_free(grant->policy);
    alias_free(grant->alias);
    free(grant);
}

/* ---- AddPermission ---- */

static bool write_statement(const struct edit *edit, struct buf *statement, struct err *err) {
    struct json_value root = edit->call->input.root;
    const struct grant *grant = edit->state;
    char arn[FUNCTION_ARN_BYTES];
    target_arn(edit->call, &grant->ref, arn);
    OWN_MEM char *sid = body_text(root, "StatementId");
    OWN_MEM char *action = body_text(root, "Action");
    OWN_MEM char *principal = body_text(root, "Principal");
    OWN_MEM char *source_arn = body_text(root, "SourceArn");
    OWN_MEM char *source_account = body_text(root, "SourceAccount");
    OWN_MEM char *organization = body_text(root, "PrincipalOrgID");
    OWN_MEM char *token = body_text(root, "EventSourceToken");
    OWN_MEM char *auth_type = body_text(root, "FunctionUrlAuthType");
    const char *via_url = NULL;
    if (json_is_present(body_member(root, "InvokedViaFunctionUrl")))
        via_url = body_is_true(root, "InvokedViaFunctionUrl") ? "true" : "false";
    const struct permission permission = {
        .sid = sid,
        .action = action,
        .principal = principal,
        .resource = arn,
        .source_arn = source_arn,
        .source_account = source_account,
        .organization = organization,
        .event_source_token = token,
        .url_auth_type = auth_type,
        .via_url = via_url,
    };
    return permission_write(&permission, statement, err);
}

static bool check_addition(const struct edit *edit, const char *document, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    const struct grant *grant = edit->state;
    OWN_MEM char *revision = body_text(edit->call->input.root, "RevisionId");
    OWN_MEM char *sid = body_text(edit->call->input.root, "StatementId");
    if (!target_check_revision(revision_of(entry, grant->ref.qualifier), revision, "GetPolicy", err))
        return false;
    return !policy_document_has(document, sid) ||
           err_set(err, ERR_CONFLICT,
                   "The statement id (%s) provided already exists. Please provide a new statement id, or "
                   "remove the existing statement.",
                   sid);
}

static bool prepare_addition(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    const struct grant *grant = edit->state;
    if (entry->is_deleted)
        return target_not_found(edit->call, &grant->ref, err);
    if (!target_check_qualifier(edit->call, &grant->ref, entry, err))
        return false;
    const char *document = find_document(edit->call, entry, grant->ref.qualifier);
    OWN(buf) struct buf statement;
    buf_init(&statement, STATEMENT_BYTES);
    OWN(buf) struct buf next;
    buf_init(&next, DOCUMENT_BYTES);
    if (!check_addition(edit, document, err) || !write_statement(edit, &statement, err))
        return false;
    policy_document_add(document, buf_text(&statement), &next);
    if (!policy_document_check_length(next.len, err))
        return false;
    if (!put_document(edit, buf_text(&next), err))
        return policy_document_refuse_principal(err); /* all else was checked before */
    struct json_writer *answer = edit_answer(edit, ANSWER_BYTES);
    json_open_object(answer);
    json_put_member(answer, "Statement", buf_text(&statement));
    json_close_object(answer);
    return true;
}

static void start(struct api_call *call, struct catalogue_entry *entry, const struct function_ref *ref,
                  const struct edit_actions *actions) {
    struct grant *grant = mem_alloc(sizeof *grant);
    grant->ref = *ref;
    function_edit_start(call, entry, grant, actions);
}

void lambda_add_permission(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_addition, .committed = committed, .finished = finished};
    struct function_ref ref;
    struct catalogue_entry *entry;
    struct err err;
    bool ok = target_parse(call, FUNCTION_REF_READ, TARGET_WITH_QUALIFIER, &ref, &err);
    if (ok && strcmp(ref.qualifier, FUNCTION_LATEST) == 0)
        ok = err_set(&err, ERR_PARAMETER, "We currently do not support adding policies for $LATEST.");
    if (ok && target_entry(call, &ref, &entry, &err))
        start(call, entry, &ref, &actions);
    else
        call_fail(call, &err);
}

/* ---- RemovePermission ---- */

static bool prepare_removal(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    const struct grant *grant = edit->state;
    const struct input *input = &edit->call->input;
    const char *sid = input_text(input, "StatementId");
    if (entry->is_deleted)
        return target_not_found(edit->call, &grant->ref, err);
    if (!target_check_qualifier(edit->call, &grant->ref, entry, err))
        return false;
    const char *document = find_document(edit->call, entry, grant->ref.qualifier);
    if (!document)
        return err_set(err, ERR_NOT_FOUND, "No policy is associated with the given resource.");
    if (!policy_document_has(document, sid))
        return err_set(err, ERR_NOT_FOUND, "Statement %s is not found in resource policy.", sid);
    if (!target_check_revision(revision_of(entry, grant->ref.qualifier), input_text(input, "RevisionId"),
                               "GetPolicy", err))
        return false;
    OWN(buf) struct buf next;
    buf_init(&next, DOCUMENT_BYTES);
    bool is_left = policy_document_remove(document, sid, &next);
    return put_document(edit, is_left ? buf_text(&next) : NULL, err);
}

void lambda_remove_permission(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_removal, .committed = committed, .finished = finished};
    struct function_ref ref;
    struct err err;
    if (!parse_target(call, &ref, &err)) {
        call_fail(call, &err);
        return;
    }
    struct catalogue_entry *entry = target_find(call, &ref);
    if (entry) {
        start(call, entry, &ref, &actions);
        return;
    }
    char arn[FUNCTION_ARN_BYTES];
    target_arn(call, &ref, arn);
    err_set(&err, ERR_NOT_FOUND, "No policy found for: %s", arn);
    call_fail(call, &err);
}

/* ---- GetPolicy ---- */

void lambda_get_policy(struct api_call *call) {
    struct function_ref ref;
    struct err err;
    if (!parse_target(call, &ref, &err)) {
        call_fail(call, &err);
        return;
    }
    const struct catalogue_entry *entry = target_find(call, &ref);
    const char *document = entry ? find_document(call, entry, ref.qualifier) : NULL;
    if (!document) {
        call_refuse(call, API_RESOURCE_NOT_FOUND, "The resource you requested does not exist.");
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    json_put_member(&writer, "Policy", document);
    json_put_member(&writer, "RevisionId", revision_of(entry, ref.qualifier));
    json_close_object(&writer);
    call_answer(call, &body);
}
