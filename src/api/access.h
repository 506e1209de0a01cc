/* Whether a principal may do something to a resource: identity policies, resource policies and who owns the
 * resource, decided the way IAM does. Every service asks here. Source: IAM User Guide, "Policy evaluation
 * logic". Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/principal.h"
#include "base/err.h"
#include "model/policy.h"

struct api;
struct api_call;
struct identity;

/* A question; all it points to lives during the call. */
struct access_request {
    const struct principal *principal;
    const char *action;                            /* "lambda:InvokeFunction" */
    const char *resource;                          /* its ARN, or "*" */
    const char *resource_account;                  /* who owns it */
    const struct policy *const *resource_policies; /* attached to it; NULL when there are none */
    size_t resource_policy_count;
    bool needs_resource_policy;      /* as roles do: it must allow callers of its own account too */
    const struct policy_fact *facts; /* particular to the action; those of every request are added */
    size_t fact_count;
    const struct api_call *call; /* for facts about the request itself; may be NULL */
};

#define ACCESS_MAX_FACTS 192 /* of the caller's; more are an error of ours */

/* True when it is allowed. ERR_DENIED with the services' words: "User: ARN is not authorized to perform:
 * ACTION on resource: ARN because no identity-based policy allows the ACTION action". For the root user of
 * the resource's account this costs two comparisons. */
bool access_check(const struct api *api, const struct access_request *request, struct err *err);

/* Whether requests without identity may do all of these actions (NULL-terminated): by the resource's policies
 * alone. The request has no principal, and its action is not looked at. */
bool access_allows_anybody(const struct api *api, const struct access_request *request,
                           const char *const *actions);

/* Whether the role's trust policy lets functions have it. */
bool access_trusts_lambda(const struct identity *role);

/* Whether `caller` may give a function the role: it is of the caller's account, the caller may iam:PassRole
 * it (ERR_DENIED), it exists and trusts lambda.amazonaws.com (ERR_PARAMETER). Always true with the setting
 * role-check off. */
bool access_check_lambda_role(const struct api *api, const struct principal *caller, const char *role_arn,
                              struct err *err);
