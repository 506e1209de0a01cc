/* The managed policies of AWS itself that the guides of Lambda name. Constant. */
#pragma once

#include "api/iam/identity.h"

struct managed_policy {
    const char *name;
    const char *path;
    const char *id;
    const char *version; /* the default one */
    const char *created; /* "20150206T183946Z" */
    const char *updated;
    const char *description;
    const char *document;
};

/* Sorted by name, without case. */
extern const struct managed_policy managed_policies[];
extern const size_t managed_policy_count;

/* As an identity that the caller frees with identity_done(). */
bool managed_policy_read(const struct managed_policy *policy, struct identity *ret_identity, struct err *err);
