/* See request.h. Forms and texts of names: IAM User Guide, "IAM and AWS STS quotas"; texts of refusals as the
 * service words them. */
#include "api/iam/request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/context.h"
#include "api/query.h"
#include "base/mem.h"

#define EMPTY_ANSWER_BYTES 1024

/* ---- whom it is about ---- */

enum identity_kind iam_kind(const struct api_call *call) {
    const char *name = call->match.operation->name;
    if (strstr(name, "Role"))
        return IDENTITY_ROLE;
    return strstr(name, "User") || strstr(name, "AccessKey") ? IDENTITY_USER : IDENTITY_POLICY;
}

const char *iam_text(const struct api_call *call, const char *name) {
    for (size_t i = 0; i < call->input.member_count; i++)
        if (strcmp(call->input.members[i].name, name) == 0)
            return input_text(&call->input, name);
    return NULL;
}

/* NULL: none was sent, and the caller has none. */
static const char *subject_name(const struct api_call *call) {
    enum identity_kind kind = iam_kind(call);
    const char *name = iam_text(call, identity_words(kind)->name_member);
    if (name || kind != IDENTITY_USER || strncmp(call->match.operation->name, "ListUsers", 9) == 0)
        return name;
    return call->caller->kind == PRINCIPAL_USER ? call->caller->name : NULL;
}

const struct identity *iam_subject(const struct api_call *call, struct err *err) {
    const char *name = subject_name(call);
    enum identity_kind kind = iam_kind(call);
    if (!name) {
        err_set(err, ERR_VALIDATION, "Must specify userName when calling with non-User credentials");
        return NULL;
    }
    const struct identity *identity = identities_find(&call->api->identities, kind, call->caller->account,
                                                      name);
    if (!identity)
        err_set(err, ERR_NOT_FOUND, "The %s with name %s cannot be found.", identity_words(kind)->arn_word,
                name);
    return identity;
}

const struct identity *iam_policy(const struct api_call *call, const char *words, struct err *err) {
    const char *arn = iam_text(call, "PolicyArn");
    if (strncmp(arn, "arn:", 4) != 0) {
        err_set(err, ERR_PRECONDITION, "ARN %s is not valid.", arn);
        return NULL;
    }
    const struct identity *policy = identities_find_arn(&call->api->identities, IDENTITY_POLICY, arn);
    if (policy &&
        (strcmp(policy->account, call->caller->account) == 0 || strcmp(policy->account, IDENTITIES_AWS) == 0))
        return policy;
    err_set(err, ERR_NOT_FOUND, "Policy %s %s", arn, words);
    return NULL;
}

/* ---- forms ---- */

static bool is_name(const char *text) {
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("+=,.@_-", *text))
            return false;
    return true;
}

static bool is_path_text(const char *text) {
    for (; *text; text++)
        if (*text < '!' || *text > '~')
            return false;
    return true;
}

static bool check_name(const char *member, const char *text, struct err *err) {
    return is_name(text) ||
           err_set(err, ERR_VALIDATION,
                   "The specified value for %c%s is invalid. It must contain only alphanumeric characters "
                   "and/or the following: +=,.@_-",
                   tolower((unsigned char)member[0]), member + 1);
}

static bool check_path(const char *member, const char *text, struct err *err) {
    bool is_whole = strcmp(member, "Path") == 0;
    bool ok = is_path_text(text) && text[0] == '/' && (!is_whole || text[strlen(text) - 1] == '/');
    return ok || err_set(err, ERR_VALIDATION,
                         "The specified value for %c%s is invalid. It must begin and end with / and contain "
                         "only alphanumeric characters and/or / characters.",
                         tolower((unsigned char)member[0]), member + 1);
}

static bool check_forms(const struct api_call *call, struct err *err) {
    static const struct {
        const char *member;
        bool (*check)(const char *member, const char *text, struct err *err);
    } forms[] = {
        {"RoleName", check_name}, {"UserName", check_name},   {"PolicyName", check_name},
        {"Path", check_path},     {"PathPrefix", check_path},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *text = iam_text(call, forms[i].member);
        if (text && !forms[i].check(forms[i].member, text, err))
            return false;
    }
    return true;
}

/* ---- permission ---- */

/* The ARN that permissions are written for: of the thing, or of all of its kind. */
static char *resource_of(const struct api_call *call) {
    enum identity_kind kind = iam_kind(call);
    const char *policy_arn = iam_text(call, "PolicyArn");
    const char *name = subject_name(call);
    const char *path = iam_text(call, "Path");
    const char *account = call->caller->account;
    if (kind == IDENTITY_POLICY && policy_arn)
        return mem_text(policy_arn);
    const struct identity *known = name ? identities_find(&call->api->identities, kind, account, name) : NULL;
    return known ? mem_text(known->arn) : identity_arn(kind, account, path ? path : "/", name ? name : "");
}

bool iam_authorize(struct api_call *call, struct err *err) {
    if (!check_forms(call, err))
        return false;
    OWN_MEM char *action = mem_format("iam:%s", call->match.operation->name);
    OWN_MEM char *resource = resource_of(call);
    const struct policy_fact facts[] = {{"iam:PolicyARN", iam_text(call, "PolicyArn")}};
    const struct access_request request = {
        .principal = call->caller,
        .action = action,
        .resource = resource,
        .resource_account = call->caller->account,
        .facts = facts,
        .fact_count = sizeof facts / sizeof facts[0],
        .call = call,
    };
    return access_check(call->api, &request, err);
}

/* ---- changes ---- */

struct iam_edit {
    bool (*prepare)(struct edit *edit, struct err *err);
};

static bool prepare(struct edit *edit, struct err *err) {
    const struct iam_edit *own = edit->state;
    return own->prepare(edit, err);
}

static void committed(struct edit *edit) {
    struct api *api = edit->call->api;
    for (size_t i = 0; i < edit->step_count; i++) {
        identities_refresh(&api->identities, &api->records, &edit->steps[i].key);
        auth_refresh(&api->auth, &api->records, &edit->steps[i].key);
    }
}

static void finished(struct edit *edit) {
    free(edit->state);
}

void iam_change(struct api_call *call, bool (*prepare_change)(struct edit *edit, struct err *err)) {
    static const struct edit_actions actions = {
        .prepare = prepare, .committed = committed, .finished = finished};
    const struct iam_edit own = {prepare_change};
    edit_start(call, &call->api->identities.turns, NULL, NULL, mem_copy(&own, sizeof own), &actions);
}

bool iam_copy_subject(const struct edit *edit, struct identity *ret_identity, struct err *err) {
    const struct identity *subject = iam_subject(edit->call, err);
    if (!subject)
        return false;
    OWN_MEM char *document = identity_encode(subject);
    return identity_decode(subject->kind, subject->account, document, ret_identity, err);
}

static struct record_key record_of(const struct identity *identity, const char *record_name) {
    return (struct record_key){.account = identity->account,
                               .scope = "",
                               .kind = identity_words(identity->kind)->record,
                               .name = record_name};
}

bool iam_put(struct edit *edit, const struct identity *identity, struct err *err) {
    OWN_MEM char *name = identities_record_name(identity->name);
    OWN_MEM char *document = identity_encode(identity);
    if (!document)
        return err_set(
            err, ERR_LIMIT,
            "The policies of %s %s, with their white space, have more than %u bytes: take the white "
            "space out.",
            identity_words(identity->kind)->arn_word, identity->name, IDENTITY_DOCUMENT_BYTES);
    const struct record_key key = record_of(identity, name);
    edit_put(edit, &key, document);
    return true;
}

void iam_delete(struct edit *edit, const struct identity *identity) {
    OWN_MEM char *name = identities_record_name(identity->name);
    const struct record_key key = record_of(identity, name);
    edit_delete(edit, &key);
}

bool iam_done(struct edit *edit) {
    query_put_empty(edit_answer_raw(edit, EMPTY_ANSWER_BYTES), edit->call);
    return true;
}
