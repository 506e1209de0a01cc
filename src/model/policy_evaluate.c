/* Deciding by a policy document. See policy.h for who may call it; how documents are checked and read is in
 * policy_check.c and policy_read.c.
 *
 * A statement applies when its principal, action, resource and every condition do. The principal tells how
 * strong an Allow is: naming an account only lets that account's own policies decide, unless the caller is
 * its root user. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/policy_parts.h"

void policy_free(struct policy *policy) {
    free(policy);
}

static bool is_equal(const char *a, const char *b) {
    return a && b && strcmp(a, b) == 0;
}

static bool is_root(const struct policy_principal *principal) {
    static const char suffix[] = ":root";
    size_t len = principal->arn ? strlen(principal->arn) : 0;
    return len >= sizeof suffix - 1 && strcmp(principal->arn + len - (sizeof suffix - 1), suffix) == 0;
}

/* What one principal of a statement is to the caller. */
static enum policy_decision decide_who(const char *text, const struct policy_principal *principal) {
    bool is_aws = principal->type == POLICY_PRINCIPAL_AWS;
    bool is_service = principal->type == POLICY_PRINCIPAL_SERVICE;
    const char *name = text + 1;
    switch ((enum policy_who)text[0]) {
    case POLICY_WHO_ANYBODY: return POLICY_ALLOW;
    case POLICY_WHO_ACCOUNT:
        if (!is_aws || !is_equal(name, principal->account))
            return POLICY_NONE;
        return is_root(principal) ? POLICY_ALLOW : POLICY_DELEGATE;
    case POLICY_WHO_ARN:
        return is_aws && (is_equal(name, principal->arn) || is_equal(name, principal->role_arn))
                   ? POLICY_ALLOW
                   : POLICY_NONE;
    case POLICY_WHO_SERVICE:
        return is_service && is_equal(name, principal->service) ? POLICY_ALLOW : POLICY_NONE;
    }
    return POLICY_NONE;
}

/* Whether NotPrincipal leaves the caller out. All that he is must be named: the account, the role if he acts
 * as one, and the user or session. Source: IAM User Guide, "AWS JSON policy elements: NotPrincipal". */
static bool is_excepted(const struct policy *policy, struct policy_texts names,
                        const struct policy_principal *principal) {
    bool has_account = false, has_arn = is_root(principal), has_role = !principal->role_arn;
    for (const char *text; (text = policy_texts_take(policy, &names));) {
        if (text[0] == POLICY_WHO_ACCOUNT) {
            has_account = has_account || is_equal(text + 1, principal->account);
        } else if (text[0] == POLICY_WHO_ARN) {
            has_arn = has_arn || is_equal(text + 1, principal->arn);
            has_role = has_role || is_equal(text + 1, principal->role_arn);
        } else if (decide_who(text, principal) == POLICY_ALLOW) {
            return true;
        }
    }
    return has_account && has_arn && has_role && principal->type == POLICY_PRINCIPAL_AWS;
}

/* How strongly a statement's principals include the caller. */
static enum policy_decision decide_principal(const struct policy *policy,
                                             const struct policy_statement *statement,
                                             const struct policy_principal *principal) {
    if (policy->kind == POLICY_IDENTITY)
        return POLICY_ALLOW;
    struct policy_texts names = statement->principals;
    if (statement->is_not_principal)
        return is_excepted(policy, names, principal) ? POLICY_NONE : POLICY_ALLOW;
    enum policy_decision best = POLICY_NONE;
    for (const char *text; (text = policy_texts_take(policy, &names));) {
        enum policy_decision decision = decide_who(text, principal);
        best = decision > best ? decision : best;
    }
    return best;
}

static bool applies_to_action(const struct policy *policy, const struct policy_statement *statement,
                              const struct policy_request *request) {
    struct policy_texts actions = statement->actions;
    for (const char *text; (text = policy_texts_take(policy, &actions));)
        if (policy_text_matches(text, request->action, true, request))
            return !statement->is_not_action;
    return statement->is_not_action;
}

static bool applies_to_resource(const struct policy *policy, const struct policy_statement *statement,
                                const struct policy_request *request, struct buf *space) {
    if (policy->kind == POLICY_TRUST)
        return true;
    struct policy_texts resources = statement->resources;
    bool is_resolved = true;
    for (const char *text; (text = policy_texts_take(policy, &resources));) {
        text = policy_text_resolve(text, request, space);
        if (!text)
            is_resolved = false;
        else if (policy_text_matches(text, request->resource, false, request))
            return !statement->is_not_resource;
    }
    /* A variable without value must not open more than was written. */
    return statement->is_not_resource && (is_resolved || statement->is_deny);
}

static bool conditions_hold(const struct policy *policy, const struct policy_statement *statement,
                            const struct policy_request *request, struct buf *space) {
    const struct policy_condition *conditions = policy->conditions + statement->first_condition;
    for (uint32_t i = 0; i < statement->condition_count; i++)
        if (!policy_condition_holds(policy, &conditions[i], request, space))
            return false;
    return true;
}

static enum policy_decision decide(const struct policy *policy, const struct policy_statement *statement,
                                   const struct policy_request *request, struct buf *space) {
    enum policy_decision decision = decide_principal(policy, statement, request->principal);
    if (decision == POLICY_NONE || !applies_to_action(policy, statement, request) ||
        !applies_to_resource(policy, statement, request, space) ||
        !conditions_hold(policy, statement, request, space))
        return POLICY_NONE;
    return statement->is_deny ? POLICY_DENY : decision;
}

enum policy_decision policy_evaluate(const struct policy *policy, const struct policy_request *request) {
    OWN(buf) struct buf space; /* for texts with variables */
    buf_init(&space, LIMIT_POLICY_BYTES);
    enum policy_decision best = POLICY_NONE;
    for (uint32_t i = 0; i < policy->statement_count && best != POLICY_DENY && policy_spend(request, 1);
         i++) {
        enum policy_decision decision = decide(policy, &policy->statements[i], request, &space);
        best = decision > best ? decision : best;
    }
    return policy_spend(request, 0) ? best : POLICY_DENY;
}
