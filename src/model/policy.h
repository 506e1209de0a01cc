/* Permission policies: reading the JSON documents of IAM and of resources, and deciding by them. Values
 * without I/O; any thread. Source: IAM User Guide, "IAM JSON policy reference" and "Policy evaluation
 * logic". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What a document is attached to decides which elements it must and must not have. */
enum policy_kind {
    POLICY_IDENTITY, /* of a user or a role: Resource, no Principal */
    POLICY_RESOURCE, /* of a function or a layer version: Principal and Resource */
    POLICY_TRUST,    /* of a role, who may assume it: Principal, no Resource */
};

/* A document that was read; immutable. */
struct policy;

/* Reads and checks a whole document: elements, effects, principals, action and resource forms, operators and
 * their values. ERR_PARAMETER with IAM's words ("Syntax errors in policy.", "Policy document must be version
 * 2012-10-17 or greater.", ...) and what is wrong where; ERR_LIMIT past a bound. The text may be freed
 * afterwards. */
bool policy_parse(const char *text, size_t len, enum policy_kind kind, struct policy **ret_policy,
                  struct err *err);
void policy_free(struct policy *policy); /* NULL is fine */

enum policy_principal_type {
    POLICY_PRINCIPAL_AWS,       /* a root user, a user, or the session of a role */
    POLICY_PRINCIPAL_SERVICE,   /* an AWS service acting: "lambda.amazonaws.com" */
    POLICY_PRINCIPAL_ANONYMOUS, /* a request without identity */
};

struct policy_principal {
    enum policy_principal_type type;
    const char *account;  /* twelve digits; "" for services and anonymous */
    const char *arn;      /* of the user or of the session; NULL when there is none */
    const char *role_arn; /* of the role behind a session; NULL otherwise */
    const char *service;  /* "lambda.amazonaws.com"; NULL otherwise */
};

/* What a condition can look at: "aws:SourceArn" and its value. Keys are compared without case. A key that
 * comes more than once has several values. */
struct policy_fact {
    const char *key;
    const char *value;
};

struct policy_request {
    const char *action;   /* "lambda:InvokeFunction" */
    const char *resource; /* the ARN it is about, or "*" */
    const struct policy_principal *principal;
    const struct policy_fact *facts;
    size_t fact_count;

    /* What all evaluations with this request may still cost together: about one for each character that is
     * compared. Once it is 0 they say POLICY_DENY. NULL: as much as it takes. */
    uint64_t *steps_left;
};

enum policy_decision {
    POLICY_NONE,     /* says nothing about it */
    POLICY_DELEGATE, /* allows the caller's account as a whole: its own policies must allow the caller too */
    POLICY_ALLOW,
    POLICY_DENY, /* an explicit deny, which wins over everything */
};

/* The strongest statement of one document: DENY, else ALLOW, else DELEGATE, else NONE. Matching a pattern
 * takes time in the product of its length and the text's at most. Policy variables (${aws:username}) are
 * replaced from the facts; what a fact brings in is never a wildcard. */
enum policy_decision policy_evaluate(const struct policy *policy, const struct policy_request *request);
