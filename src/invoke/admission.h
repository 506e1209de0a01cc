/* How many invocations may run at once: of each account, and of each function that has a share reserved.
 * Running totals: one comparison and two additions per call.
 *
 * What counts together is a group: all versions of one function. A group with reserved concurrency runs up to
 * that many, whatever the others do; all others of the account share what is not reserved.
 * Source: Lambda Developer Guide, "Understanding Lambda function scaling" and "Configuring reserved
 * concurrency". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"

struct admission {
    uint32_t limit;      /* of each account */
    uint32_t running;    /* of all: admitted and not finished, waiting for an environment included */
    struct map accounts; /* account to struct admission_account */
    struct map groups;   /* "account:name" to struct admission_group */
};

struct admission_group;

void admission_init(struct admission *admission, uint32_t limit);

/* All groups must have been let go; reservations end with it. */
void admission_done(struct admission *admission);

/* A reference to the function's group, found once for many calls. The account and the name are copied. */
struct admission_group *admission_group_take(struct admission *admission, const char *account,
                                             const char *name);

/* Nothing that was admitted through this reference may be running. */
void admission_group_release(struct admission_group *group);

/* False when a limit is reached; *ret_reason is then the service's Reason. */
bool admission_enter(struct admission_group *group, const char **ret_reason);
void admission_leave(struct admission_group *group);

/* -1: nothing is reserved. What runs already goes on and counts where it belongs from now on. */
void admission_reserve(struct admission *admission, const char *account, const char *name, int64_t reserved);
