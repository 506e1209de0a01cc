/* See provision.h. Events only wind the timer of what they belong to: the work is done in a turn of its own,
 * when no environment or pool is in the middle of something. */
#include "invoke/provision.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* After so many failures in a row it is said that it failed; trying goes on. */
#define FAILED_AFTER 3
#define RETRY_FIRST_MS 500
#define RETRY_LAST_MS 60000

/* As recorded from the service. */
#define REASON_INIT_FAILURE "FUNCTION_ERROR_INIT_FAILURE"

/* One version of it. */
struct part {
    struct list link;
    const struct function *function;
    uint32_t wanted;
    bool is_leaving;
    struct provisioned *environments; /* the pool's; NULL before the first start */
};

struct provision {
    struct list link;
    struct provisions *provisions;
    struct loop_timer *timer;
    char account[ACCOUNT_BYTES];
    char *name;
    char *qualifier;
    uint32_t count;
    struct admission_share share;
    struct list parts;
    unsigned failures;
    bool is_backing_off; /* the timer runs until the next try */
    char reason[ERR_TEXT_BYTES];
};

/* ---- parts ---- */

static bool part_open(struct provision *provision, struct part *part, struct err *err) {
    struct pool_set *set = provision->provisions->set;
    struct pool *pool = pool_find(set, part->function->epoch);
    if (!pool) {
        struct admission_group *group = admission_group_take(&set->admission, provision->account,
                                                             provision->name);
        if (!pool_new(set, part->function, group, &pool, err)) {
            admission_group_release(group);
            return false;
        }
    }
    part->environments = pool_provision(pool, provision->qualifier, &provision->share, provision);
    return true;
}

static void part_free(struct part *part) {
    list_remove(&part->link);
    function_unref(part->function);
    free(part);
}

static void part_end(struct part *part) {
    if (part->environments)
        pool_unprovision(part->environments);
    part_free(part);
}

/* After a failure one environment at a time is enough to see whether it goes better now. */
static bool part_fill(struct provision *provision, struct part *part, struct err *err) {
    if (!part->environments && !part_open(provision, part, err))
        return false;
    struct provisioned *environments = part->environments;
    if (environments->pool->is_retired)
        return true;
    if (environments->pool->dirs.lacks_bootstrap)
        return err_set(err, ERR_NOT_FOUND, REASON_INIT_FAILURE);
    provisioned_set(environments, part->wanted);
    bool started = true;
    while (started && provisioned_count(environments) < part->wanted) {
        if (provision->failures > 0 && environment_counts_starting(&environments->counts) > 0)
            return true;
        if (!pool_start_provisioned(environments, &started, err))
            return false;
    }
    return true;
}

static struct part *find_part(const struct provision *provision, const struct function *function) {
    list_each (link, &provision->parts) {
        struct part *part = list_item(link, struct part, link);
        if (part->function->epoch == function->epoch)
            return part;
    }
    return NULL;
}

/* ---- one version or alias ---- */

static struct provision_status measure(const struct provision *provision) {
    struct provision_status status = {0};
    list_each (link, &provision->parts) {
        const struct part *part = list_item(link, struct part, link);
        uint32_t ready = part->environments ? (uint32_t)provisioned_count_ready(part->environments) : 0;
        status.allocated += ready;
        if (!part->is_leaving)
            status.available += ready < part->wanted ? ready : part->wanted;
    }
    status.is_failed = status.available < provision->count && provision->failures >= FAILED_AFTER;
    memcpy(status.reason, provision->reason, sizeof status.reason);
    return status;
}

static void wake(struct provision *provision) {
    provision->is_backing_off = false;
    loop_timer_start(provision->timer, 0);
}

static void back_off(struct provision *provision, const char *reason) {
    int64_t delay_ms = RETRY_FIRST_MS;
    for (unsigned i = 0; i < provision->failures && delay_ms < RETRY_LAST_MS; i++)
        delay_ms *= 2;
    if (delay_ms > RETRY_LAST_MS)
        delay_ms = RETRY_LAST_MS;
    provision->failures++;
    snprintf(provision->reason, sizeof provision->reason, "%s", reason);
    provision->is_backing_off = true;
    loop_timer_start(provision->timer, delay_ms);
    log_warn("provision.failed", "function=%s qualifier=%s reason=\"%s\" failures=%u retry_ms=%lld",
             provision->name, provision->qualifier, reason, provision->failures, (long long)delay_ms);
}

/* Versions that are not wanted any more go when they are replaced, or never will be. */
static void end_leaving(struct provision *provision) {
    const struct provision_status status = measure(provision);
    if (status.available < provision->count && !status.is_failed)
        return;
    list_each (link, &provision->parts) {
        struct part *part = list_item(link, struct part, link);
        if (part->is_leaving)
            part_end(part);
    }
}

static void on_timer(void *arg) {
    struct provision *provision = arg;
    struct err err;
    provision->is_backing_off = false;
    if (provision->provisions->set->is_draining)
        return;
    list_each (link, &provision->parts) {
        struct part *part = list_item(link, struct part, link);
        if (part->is_leaving || part_fill(provision, part, &err))
            continue;
        back_off(provision, err.text);
        break;
    }
    end_leaving(provision);
}

static void on_changed(void *owner, bool is_ready) {
    struct provision *provision = owner;
    if (is_ready)
        provision->failures = 0;
    if (is_ready || !provision->is_backing_off)
        wake(provision);
}

static void on_failed(void *owner, const struct err *failure) {
    struct provision *provision = owner;
    if (!provision->is_backing_off)
        back_off(provision, failure ? failure->text : REASON_INIT_FAILURE);
}

const struct provisioned_events provision_events = {.changed = on_changed, .failed = on_failed};

static struct provision *provision_new(struct provisions *provisions, const char *account, const char *name,
                                       const char *qualifier) {
    struct provision *provision = mem_alloc(sizeof *provision);
    provision->provisions = provisions;
    provision->timer = loop_timer_new(provisions->set->context.loop, on_timer, provision);
    snprintf(provision->account, sizeof provision->account, "%s", account);
    provision->name = mem_text(name);
    provision->qualifier = mem_text(qualifier);
    admission_share_init(&provision->share, &provisions->set->admission, account, name);
    list_init(&provision->parts);
    list_push_back(&provisions->all, &provision->link);
    return provision;
}

static void provision_free(struct provision *provision) {
    list_remove(&provision->link);
    loop_timer_free(provision->timer);
    admission_share_done(&provision->share);
    free(provision->name);
    free(provision->qualifier);
    free(provision);
}

static void provision_end(struct provision *provision) {
    struct provisions *provisions = provision->provisions;
    list_each (link, &provision->parts)
        part_end(list_item(link, struct part, link));
    loop_timer_stop(provision->timer);
    admission_share_set(&provision->share, 0);
    list_remove(&provision->link);
    list_push_back(&provisions->ended, &provision->link);
    if (provision->share.running == 0)
        provision_free(provision);
}

/* Whether the part was not there before, or with another number. */
static bool want_part(struct provision *provision, const struct provision_target *target) {
    struct part *part = find_part(provision, target->function);
    bool is_same = part && part->wanted == target->count;
    if (!part) {
        part = mem_alloc(sizeof *part);
        part->function = function_ref(target->function);
        list_push_back(&provision->parts, &part->link);
    }
    part->is_leaving = false;
    part->wanted = target->count;
    return !is_same;
}

static void provision_set(struct provision *provision, const struct provision_wish *wish) {
    bool has_changed = provision->count != wish->count;
    provision->count = wish->count;
    admission_share_set(&provision->share, wish->count);
    list_each (link, &provision->parts)
        list_item(link, struct part, link)->is_leaving = true;
    for (size_t i = 0; i < wish->target_count; i++)
        has_changed |= want_part(provision, &wish->targets[i]);
    if (has_changed)
        provision->failures = 0;
    if (has_changed || !provision->is_backing_off)
        wake(provision);
}

/* ---- all ---- */

void provisions_init(struct provisions *provisions, struct pool_set *set) {
    provisions->set = set;
    list_init(&provisions->all);
    list_init(&provisions->ended);
}

void provisions_done(struct provisions *provisions) {
    list_each (link, &provisions->all) {
        struct provision *provision = list_item(link, struct provision, link);
        list_each (part, &provision->parts)
            part_free(list_item(part, struct part, link));
        provision_free(provision);
    }
    list_each (link, &provisions->ended)
        provision_free(list_item(link, struct provision, link));
}

static bool is_of(const struct provision *provision, const char *account, const char *name) {
    return strcmp(provision->name, name) == 0 && strcmp(provision->account, account) == 0;
}

static struct provision *find(const struct provisions *provisions, const char *account, const char *name,
                              const char *qualifier) {
    list_each (link, &provisions->all) {
        struct provision *provision = list_item(link, struct provision, link);
        if (is_of(provision, account, name) && strcmp(provision->qualifier, qualifier) == 0)
            return provision;
    }
    return NULL;
}

static bool is_wanted(const struct provision *provision, const struct provision_wish *wishes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(wishes[i].qualifier, provision->qualifier) == 0)
            return true;
    return false;
}

void provisions_set(struct provisions *provisions, const char *account, const char *name,
                    const struct provision_wish *wishes, size_t count) {
    list_each (link, &provisions->all) {
        struct provision *provision = list_item(link, struct provision, link);
        if (is_of(provision, account, name) && !is_wanted(provision, wishes, count))
            provision_end(provision);
    }
    for (size_t i = 0; i < count; i++) {
        struct provision *provision = find(provisions, account, name, wishes[i].qualifier);
        if (!provision)
            provision = provision_new(provisions, account, name, wishes[i].qualifier);
        provision_set(provision, &wishes[i]);
    }
}

bool provisions_status(const struct provisions *provisions, const char *account, const char *name,
                       const char *qualifier, struct provision_status *ret_status) {
    const struct provision *provision = find(provisions, account, name, qualifier);
    if (!provision)
        return false;
    *ret_status = measure(provision);
    return true;
}

void provisions_retry(struct provisions *provisions, const char *account, const char *name,
                      const char *qualifier) {
    struct provision *provision = find(provisions, account, name, qualifier);
    if (!provision)
        return;
    provision->failures = 0;
    wake(provision);
}

void provisions_upkeep(struct provisions *provisions) {
    list_each (link, &provisions->all) {
        struct provision *provision = list_item(link, struct provision, link);
        list_each (at, &provision->parts) {
            struct part *part = list_item(at, struct part, link);
            if (part->environments)
                provisioned_retire_expired(part->environments);
        }
    }
    list_each (link, &provisions->ended) {
        struct provision *provision = list_item(link, struct provision, link);
        if (provision->share.running == 0)
            provision_free(provision);
    }
}
