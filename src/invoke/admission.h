/* How many invocations may run at once and begin per second, and how many environments may be started for
 * them: of each account, and of each function. Running totals: a few comparisons and additions per call,
 * nothing allocated.
 *
 * What counts together is a group: all versions of one function. A group with reserved concurrency runs up to
 * that many, whatever the others do; all others of the account share what is not reserved. What is
 * provisioned for one version or alias is a share: taken from its group's reservation or from what the
 * account has unreserved, used or not, and open only to calls through that version or alias. Such a call that
 * finds its share in use counts like any other.
 *
 * Invocations per second: ten times the concurrency that they share. Environments: so many of one function at
 * once, and again as they are made good over ten seconds.
 * Source: Lambda Developer Guide, "Understanding Lambda function scaling", "Configuring reserved concurrency"
 * and "Configuring provisioned concurrency". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"

/* What may refuse a call. */
enum admission_limit {
    ADMISSION_ACCOUNT,
    ADMISSION_RESERVED,
    ADMISSION_ACCOUNT_RATE,
    ADMISSION_RESERVED_RATE,
    ADMISSION_STARTS,
    ADMISSION_LIMITS
};

/* As in ThrottleReason of the Lambda API. */
extern const char *const admission_reasons[ADMISSION_LIMITS];

struct admission {
    uint32_t limit;      /* of each account */
    uint32_t starts;     /* environments of one function within LIMIT_SCALING_WINDOW_S */
    uint32_t running;    /* of all: admitted and not finished, waiting for an environment included */
    struct map accounts; /* account to struct admission_account */
    struct map groups;   /* "account:name" to struct admission_group */
    struct list unused;  /* groups without a reference that have rates to remember */
    uint64_t refused[ADMISSION_LIMITS];
};

struct admission_group;

/* What is provisioned for one version or alias. */
struct admission_share {
    struct admission_group *group;
    uint32_t wanted;
    uint32_t count; /* what it holds: more than is wanted until so many have left */
    uint32_t running;
};

struct admission_refusal {
    const char *reason;     /* of admission_reasons */
    uint32_t retry_after_s; /* when a rate lets the next one through; 1 for other limits */
};

void admission_init(struct admission *admission, uint32_t limit, uint32_t starts);

/* All groups must have been let go; reservations end with it. */
void admission_done(struct admission *admission);

/* Forgets functions that were not called lately. To be called now and then. */
void admission_tidy(struct admission *admission, int64_t now_us);

/* A reference to the function's group, found once for many calls. The account and the name are copied. */
struct admission_group *admission_group_take(struct admission *admission, const char *account,
                                             const char *name);

/* Nothing that was admitted through this reference may be running. */
void admission_group_release(struct admission_group *group);

/* False when a limit is reached. `*share` is that of the version or alias which is called, or NULL; it
 * becomes NULL when the call does not run in it. `now_us` is monotonic, as in all of these. */
bool admission_enter(struct admission_group *group, struct admission_share **share, int64_t now_us,
                     struct admission_refusal *ret_refusal);

/* The same for asynchronous calls, whose number per second has no limit. Source: Lambda quotas. */
bool admission_enter_event(struct admission_group *group, struct admission_share **share,
                           struct admission_refusal *ret_refusal);

/* How many more calls of the function could run now, if all of them went to what is provisioned for it. */
uint32_t admission_room(const struct admission *admission, const char *account, const char *name);

/* `share` as admission_enter() left it. */
void admission_leave(struct admission_group *group, struct admission_share *share);

/* One environment is going to be started for a call. False when that would be one too many. */
bool admission_start(struct admission_group *group, int64_t now_us, struct admission_refusal *ret_refusal);

/* It was not needed. */
void admission_start_undo(struct admission_group *group);

/* -1: nothing is reserved. What runs already goes on and counts where it belongs from now on. */
void admission_reserve(struct admission *admission, const char *account, const char *name, int64_t reserved);

/* An empty share takes a reference to its group, and gives it back when it is let go; nothing may run in it
 * then. */
void admission_share_init(struct admission_share *share, struct admission *admission, const char *account,
                          const char *name);
void admission_share_done(struct admission_share *share);
void admission_share_set(struct admission_share *share, uint32_t wanted);
