/* See admission.h. */
#include "invoke/admission.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/function_ref.h"

#define KEY_BYTES (ACCOUNT_BYTES + LIMIT_FUNCTION_NAME_CHARS + 1)

struct admission_account {
    char id[ACCOUNT_BYTES];
    uint32_t groups;   /* that are part of it: it goes with the last one */
    uint64_t reserved; /* of all of them together */
    uint32_t running;  /* of those that have nothing reserved */
};

struct admission_group {
    struct admission *admission;
    struct admission_account *account;
    char key[KEY_BYTES];
    uint32_t references;
    uint32_t running;
    int64_t reserved; /* -1: none, a reservation is a reference too */
};

void admission_init(struct admission *admission, uint32_t limit) {
    *admission = (struct admission){.limit = limit};
    map_init(&admission->accounts);
    map_init(&admission->groups);
}

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
        map_put(&admission->groups, key, group);
    }
    group->references++;
    return group;
}

void admission_group_release(struct admission_group *group) {
    if (--group->references > 0)
        return;
    assert(group->running == 0);
    map_remove(&group->admission->groups, group->key);
    account_release(group->admission, group->account);
    free(group);
}

bool admission_enter(struct admission_group *group, const char **ret_reason) {
    struct admission_account *account = group->account;
    uint32_t limit = group->admission->limit;
    if (group->reserved >= 0) {
        if (group->running >= group->reserved) {
            *ret_reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
            return false;
        }
    } else {
        if (account->running + account->reserved >= limit) {
            *ret_reason = "ConcurrentInvocationLimitExceeded";
            return false;
        }
        account->running++;
    }
    group->running++;
    group->admission->running++;
    return true;
}

void admission_leave(struct admission_group *group) {
    assert(group->running > 0);
    group->running--;
    group->admission->running--;
    if (group->reserved < 0)
        group->account->running--;
}

void admission_reserve(struct admission *admission, const char *account, const char *name, int64_t reserved) {
    struct admission_group *group = admission_group_take(admission, account, name);
    if (group->reserved >= 0) {
        group->account->reserved -= (uint64_t)group->reserved;
        group->account->running += group->running;
        group->references--;
    }
    group->reserved = reserved;
    if (reserved >= 0) {
        group->account->reserved += (uint64_t)reserved;
        group->account->running -= group->running;
        group->references++;
    }
    admission_group_release(group);
}

void admission_done(struct admission *admission) {
    size_t cursor = 0;
    void *value;
    while (map_next(&admission->groups, &cursor, NULL, &value)) {
        struct admission_group *group = value;
        assert(group->reserved >= 0 && group->references == 1);
        admission_group_release(group);
    }
    map_done(&admission->accounts);
    map_done(&admission->groups);
}
