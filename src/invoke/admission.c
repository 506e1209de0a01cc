/* See admission.h. */
#include "invoke/admission.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/function_ref.h"

#define SECOND_NS 1000000000ll
#define SCALING_WINDOW_NS (LIMIT_SCALING_WINDOW_S * SECOND_NS)
#define KEY_BYTES (ACCOUNT_BYTES + LIMIT_FUNCTION_NAME_CHARS + 1)

/* Lets `count` through at once, and is as it was a window later. All there is to remember is the moment of
 * that. */
struct bucket {
    int64_t full_ns; /* monotonic */
};

struct admission_account {
    char id[ACCOUNT_BYTES];
    uint32_t groups;      /* that are part of it: it goes with the last one */
    uint64_t reserved;    /* of all of them together */
    uint64_t provisioned; /* of those that have nothing reserved, like all that follows */
    uint32_t running;
    struct bucket calls;
};

struct admission_group {
    struct list unused_link;
    struct admission *admission;
    struct admission_account *account;
    char key[KEY_BYTES];
    uint32_t references;
    uint32_t running; /* outside of shares */
    uint32_t running_in_shares;
    uint32_t provisioned; /* of all its shares */
    int64_t reserved;     /* -1: none, a reservation is a reference too */
    struct bucket calls;  /* while something is reserved */
    struct bucket starts;
};

/* The service has no reason of its own for environments that start too fast: it is the concurrency that can't
 * grow so fast. */
const char *const admission_reasons[ADMISSION_LIMITS] = {
    [ADMISSION_ACCOUNT] = "ConcurrentInvocationLimitExceeded",
    [ADMISSION_RESERVED] = "ReservedFunctionConcurrentInvocationLimitExceeded",
    [ADMISSION_ACCOUNT_RATE] = "FunctionInvocationRateLimitExceeded",
    [ADMISSION_RESERVED_RATE] = "ReservedFunctionInvocationRateLimitExceeded",
    [ADMISSION_STARTS] = "ConcurrentInvocationLimitExceeded",
};

void admission_init(struct admission *admission, uint32_t limit, uint32_t starts) {
    *admission = (struct admission){.limit = limit, .starts = starts};
    map_init(&admission->accounts);
    map_init(&admission->groups);
    list_init(&admission->unused);
}

/* ---- rates ---- */

static int64_t bucket_step_ns(uint64_t count, int64_t window_ns) {
    return window_ns / (int64_t)count;
}

static bool bucket_take(struct bucket *bucket, uint64_t count, int64_t window_ns, int64_t now_us,
                        uint32_t *ret_wait_s) {
    *ret_wait_s = 1;
    if (count == 0)
        return false;
    int64_t now_ns = now_us * 1000;
    int64_t full_ns = bucket->full_ns > now_ns ? bucket->full_ns : now_ns;
    full_ns += bucket_step_ns(count, window_ns);
    int64_t early_ns = full_ns - (now_ns + window_ns);
    if (early_ns > 0) {
        *ret_wait_s = (uint32_t)((early_ns + SECOND_NS - 1) / SECOND_NS);
        return false;
    }
    bucket->full_ns = full_ns;
    return true;
}

static bool bucket_is_full(const struct bucket *bucket, int64_t now_us) {
    return bucket->full_ns <= now_us * 1000;
}

/* ---- groups ---- */

static struct admission_account *account_take(struct admission *admission, const char *id) {
    struct admission_account *account = map_get(&admission->accounts, id);
    if (!account) {
        account = mem_alloc(sizeof *account);
        snprintf(account->id, sizeof account->id, "%s", id);
        map_put(&admission->accounts, id, account);
    }
    account->groups++;
    return account;
}

static void account_release(struct admission *admission, struct admission_account *account) {
    if (--account->groups > 0)
        return;
    map_remove(&admission->accounts, account->id);
    free(account);
}

struct admission_group *admission_group_take(struct admission *admission, const char *account,
                                             const char *name) {
    char key[KEY_BYTES];
    snprintf(key, sizeof key, "%s:%s", account, name);
    struct admission_group *group = map_get(&admission->groups, key);
    if (!group) {
        group = mem_alloc(sizeof *group);
        group->admission = admission;
        group->account = account_take(admission, account);
        memcpy(group->key, key, sizeof key);
        group->reserved = -1;
        list_init(&group->unused_link);
        map_put(&admission->groups, key, group);
    }
    list_remove(&group->unused_link);
    group->references++;
    return group;
}

static void group_free(struct admission_group *group) {
    list_remove(&group->unused_link);
    map_remove(&group->admission->groups, group->key);
    account_release(group->admission, group->account);
    free(group);
}

/* A function that nothing runs of keeps its rates all the same: one whose environments all crash would have
 * no limit else. */
void admission_group_release(struct admission_group *group) {
    if (--group->references > 0)
        return;
    assert(group->running == 0 && group->provisioned == 0);
    list_push_back(&group->admission->unused, &group->unused_link);
}

void admission_tidy(struct admission *admission, int64_t now_us) {
    list_each (link, &admission->unused) {
        struct admission_group *group = list_item(link, struct admission_group, unused_link);
        if (bucket_is_full(&group->starts, now_us) && bucket_is_full(&group->account->calls, now_us))
            group_free(group);
    }
}

/* ---- calls ---- */

static bool refuse(struct admission *admission, enum admission_limit limit, uint32_t retry_after_s,
                   struct admission_refusal *ret_refusal) {
    admission->refused[limit]++;
    *ret_refusal = (struct admission_refusal){admission_reasons[limit], retry_after_s};
    return false;
}

static bool has_room(const struct admission_group *group, struct admission_refusal *ret_refusal) {
    const struct admission_account *account = group->account;
    if (group->reserved >= 0) {
        if ((int64_t)group->running + group->provisioned < group->reserved)
            return true;
        return refuse(group->admission, ADMISSION_RESERVED, 1, ret_refusal);
    }
    if (account->running + account->provisioned + account->reserved < group->admission->limit)
        return true;
    return refuse(group->admission, ADMISSION_ACCOUNT, 1, ret_refusal);
}

static bool take_rate(struct admission_group *group, int64_t now_us, struct admission_refusal *ret_refusal) {
    struct admission_account *account = group->account;
    bool is_reserved = group->reserved >= 0;
    uint64_t limit = group->admission->limit;
    uint64_t unreserved = limit > account->reserved ? limit - account->reserved : 0;
    uint64_t concurrency = is_reserved ? (uint64_t)group->reserved : unreserved;
    uint32_t wait_s;
    return bucket_take(is_reserved ? &group->calls : &account->calls, concurrency * LIMIT_CALLS_PER_SECOND,
                       SECOND_NS, now_us, &wait_s) ||
           refuse(group->admission, is_reserved ? ADMISSION_RESERVED_RATE : ADMISSION_ACCOUNT_RATE, wait_s,
                  ret_refusal);
}

static bool choose_share(const struct admission_group *group, struct admission_share **share,
                         struct admission_refusal *ret_refusal) {
    if (*share && (*share)->running >= (*share)->count)
        *share = NULL;
    return *share || has_room(group, ret_refusal);
}

static void enter(struct admission_group *group, struct admission_share *share) {
    group->admission->running++;
    if (share) {
        share->running++;
        group->running_in_shares++;
        return;
    }
    group->running++;
    if (group->reserved < 0)
        group->account->running++;
}

bool admission_enter(struct admission_group *group, struct admission_share **share, int64_t now_us,
                     struct admission_refusal *ret_refusal) {
    if (!choose_share(group, share, ret_refusal) || !take_rate(group, now_us, ret_refusal))
        return false;
    enter(group, *share);
    return true;
}

bool admission_enter_event(struct admission_group *group, struct admission_share **share,
                           struct admission_refusal *ret_refusal) {
    if (!choose_share(group, share, ret_refusal))
        return false;
    enter(group, *share);
    return true;
}

static uint64_t left(uint64_t limit, uint64_t used) {
    return limit > used ? limit - used : 0;
}

uint32_t admission_room(const struct admission *admission, const char *account, const char *name) {
    char key[KEY_BYTES];
    snprintf(key, sizeof key, "%s:%s", account, name);
    const struct admission_group *group = map_get(&admission->groups, key);
    const struct admission_account *of = map_get(&admission->accounts, account);
    if (group && group->reserved >= 0)
        return (uint32_t)(left((uint64_t)group->reserved, (uint64_t)group->running + group->provisioned) +
                          left(group->provisioned, group->running_in_shares));
    uint64_t unreserved = of ? left(admission->limit, of->running + of->provisioned + of->reserved)
                             : admission->limit;
    return (uint32_t)(unreserved + (group ? left(group->provisioned, group->running_in_shares) : 0));
}

static void share_resize(struct admission_share *share, uint32_t count) {
    struct admission_group *group = share->group;
    if (group->reserved < 0)
        group->account->provisioned += (uint64_t)count - share->count;
    group->provisioned += count - share->count;
    share->count = count;
}

void admission_leave(struct admission_group *group, struct admission_share *share) {
    group->admission->running--;
    if (share) {
        assert(share->running > 0);
        share->running--;
        group->running_in_shares--;
        if (share->count > share->wanted)
            share_resize(share, share->count - 1);
        return;
    }
    assert(group->running > 0);
    group->running--;
    if (group->reserved < 0)
        group->account->running--;
}

bool admission_start(struct admission_group *group, int64_t now_us, struct admission_refusal *ret_refusal) {
    uint32_t wait_s;
    return bucket_take(&group->starts, group->admission->starts, SCALING_WINDOW_NS, now_us, &wait_s) ||
           refuse(group->admission, ADMISSION_STARTS, wait_s, ret_refusal);
}

void admission_start_undo(struct admission_group *group) {
    group->starts.full_ns -= bucket_step_ns(group->admission->starts, SCALING_WINDOW_NS);
}

/* ---- reserved and provisioned ---- */

void admission_reserve(struct admission *admission, const char *account, const char *name, int64_t reserved) {
    struct admission_group *group = admission_group_take(admission, account, name);
    if (group->reserved >= 0) {
        group->account->reserved -= (uint64_t)group->reserved;
        group->account->provisioned += group->provisioned;
        group->account->running += group->running;
        group->references--;
    }
    group->reserved = reserved;
    if (reserved >= 0) {
        group->account->reserved += (uint64_t)reserved;
        group->account->provisioned -= group->provisioned;
        group->account->running -= group->running;
        group->references++;
    }
    admission_group_release(group);
}

void admission_share_init(struct admission_share *share, struct admission *admission, const char *account,
                          const char *name) {
    *share = (struct admission_share){.group = admission_group_take(admission, account, name)};
}

void admission_share_set(struct admission_share *share, uint32_t wanted) {
    share->wanted = wanted;
    share_resize(share, wanted > share->running ? wanted : share->running);
}

void admission_share_done(struct admission_share *share) {
    assert(share->running == 0);
    admission_share_set(share, 0);
    admission_group_release(share->group);
}

void admission_done(struct admission *admission) {
    size_t cursor = 0;
    void *value;
    while (map_next(&admission->groups, &cursor, NULL, &value)) {
        struct admission_group *group = value;
        assert(group->references == (group->reserved >= 0));
        group_free(group);
    }
    map_done(&admission->accounts);
    map_done(&admission->groups);
}
