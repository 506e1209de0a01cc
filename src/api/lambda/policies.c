/* See policies.h. A function has few of them: they are found by looking at each. */
#include "api/lambda/policies.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static size_t count_of(const struct policies *policies) {
    return policies ? policies->count : 0;
}

/* Index of the policy of that qualifier, or the number of policies. */
static size_t place_of(const struct policies *policies, const char *qualifier) {
    size_t i = 0;
    while (i < count_of(policies) && strcmp(policies->items[i]->qualifier, qualifier) != 0)
        i++;
    return i;
}

const struct policy *policies_find(const struct policies *policies, const char *qualifier) {
    size_t place = place_of(policies, qualifier);
    return place < count_of(policies) ? policies->items[place]->policy : NULL;
}

static void add(struct policies **policies, const char *qualifier, struct policy *policy) {
    size_t count = count_of(*policies);
    size_t qualifier_bytes = strlen(qualifier) + 1;
    struct qualified_policy *item = mem_alloc(sizeof *item + qualifier_bytes);
    item->policy = policy;
    memcpy(item->qualifier, qualifier, qualifier_bytes);
    *policies = mem_resize(*policies, sizeof **policies + (count + 1) * sizeof item);
    (*policies)->items[count] = item;
    (*policies)->count = count + 1;
}

static void remove_at(struct policies **policies, size_t place) {
    struct qualified_policy **items = (*policies)->items;
    policy_free(items[place]->policy);
    free(items[place]);
    items[place] = items[--(*policies)->count];
    if ((*policies)->count == 0)
        free(take_ptr(*policies));
}

void policies_set(struct policies **policies, const char *qualifier, struct policy *policy) {
    size_t place = place_of(*policies, qualifier);
    if (place < count_of(*policies))
        remove_at(policies, place);
    if (policy)
        add(policies, qualifier, policy);
}

void policies_free(struct policies *policies) {
    for (size_t i = 0; i < count_of(policies); i++) {
        policy_free(policies->items[i]->policy);
        free(policies->items[i]);
    }
    free(policies);
}
