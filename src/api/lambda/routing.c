/* See routing.h. */
#include "api/lambda/routing.h"

const struct function *routing_pick(const struct catalogue_entry *entry, const char *qualifier) {
    const struct alias *alias = entry_alias(entry, qualifier);
    return entry_version(entry, alias ? alias_pick(alias) : qualifier);
}

const struct function *routing_runnable(const struct catalogue_entry *entry, const struct function *shown) {
    const struct function *function = shown == entry->latest ? entry->runnable : shown;
    return function && function->state == FUNCTION_ACTIVE ? function : NULL;
}
