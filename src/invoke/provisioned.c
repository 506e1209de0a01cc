/* See provisioned.h. */
#include "invoke/provisioned.h"

#include <stdlib.h>

#include "base/mem.h"
#include "invoke/life.h"

struct provisioned *provisioned_new(struct pool *pool, const char *qualifier, struct admission_share *share,
                                    void *owner) {
    struct provisioned *provisioned = mem_alloc(sizeof *provisioned);
    *provisioned = (struct provisioned){.pool = pool, .qualifier = qualifier, .share = share, .owner = owner};
    list_init(&provisioned->link);
    list_init(&provisioned->starting);
    list_init(&provisioned->idle);
    return provisioned;
}

size_t provisioned_count_ready(const struct provisioned *provisioned) {
    const size_t *by_state = provisioned->counts.by_state;
    return by_state[ENVIRONMENT_IDLE] + by_state[ENVIRONMENT_RUNNING] + by_state[ENVIRONMENT_RESPONDED];
}

size_t provisioned_count(const struct provisioned *provisioned) {
    return provisioned_count_ready(provisioned) + environment_counts_starting(&provisioned->counts);
}

static void dismiss_above(const struct provisioned *provisioned, struct list *environments) {
    while (provisioned_count(provisioned) > provisioned->wanted && !list_is_empty(environments))
        life_dismiss(list_item(environments->prev, struct environment, idle_link), TOTALS_END_OUTDATED);
}

void provisioned_set(struct provisioned *provisioned, size_t wanted) {
    provisioned->wanted = wanted;
    dismiss_above(provisioned, &provisioned->starting);
    dismiss_above(provisioned, &provisioned->idle);
}

void provisioned_retire_expired(struct provisioned *provisioned) {
    list_each (link, &provisioned->idle) {
        struct environment *environment = list_item(link, struct environment, idle_link);
        if (environment_is_expired(environment))
            life_dismiss(environment, TOTALS_END_EXPIRED);
    }
}

void provisioned_disown(struct provisioned *provisioned) {
    provisioned->owner = NULL;
    provisioned_set(provisioned, 0);
}

void provisioned_free_if_over(struct provisioned *provisioned) {
    if (provisioned->owner || environment_counts_all(&provisioned->counts) > 0)
        return;
    list_remove(&provisioned->link);
    free(provisioned);
}
