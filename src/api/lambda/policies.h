/* Resource policies of a function, of its versions and of its aliases, as they are kept in its catalogue
 * entry: parsed once. Their documents are records (kind "policy") named by the qualifier, "" for the function
 * itself. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/policy.h"

#define POLICY_RECORD_KIND "policy"

struct qualified_policy {
    struct policy *policy;
    char qualifier[]; /* "" for the function itself */
};

struct policies {
    size_t count;
    struct qualified_policy *items[];
};

/* NULL when there is none. Versions and aliases do not inherit that of the function. */
const struct policy *policies_find(const struct policies *policies, const char *qualifier);

/* Sets the policy, which it takes; NULL removes the one that is there. Without any policy *policies is
 * NULL. */
void policies_set(struct policies **policies, const char *qualifier, struct policy *policy);
void policies_free(struct policies *policies); /* NULL is fine */
