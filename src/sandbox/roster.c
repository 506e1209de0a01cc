/* See roster.h. */
#include "sandbox/roster.h"

void roster_init(struct roster *roster) {
    for (int i = 0; i < SANDBOX_STATES; i++)
        list_init(&roster->states[i]);
}

bool roster_find_slot(struct roster *roster, uint32_t *ret_slot) {
    for (uint32_t i = 0; i < LIMIT_SANDBOXES; i++) {
        uint32_t slot = (roster->next_slot + i) % LIMIT_SANDBOXES;
        if (!roster->slots[slot]) {
            roster->next_slot = slot + 1;
            *ret_slot = slot;
            return true;
        }
    }
    return false;
}

void roster_add(struct roster *roster, struct sandbox *sandbox) {
    roster->slots[sandbox->slot] = sandbox;
    roster_enlist(roster, sandbox);
}

void roster_free_sandbox(struct roster *roster, struct sandbox *sandbox) {
    roster->slots[sandbox->slot] = NULL;
    roster_delist(roster, sandbox);
    sandbox_free(sandbox);
}

void roster_enlist(struct roster *roster, struct sandbox *sandbox) {
    list_push_back(&roster->states[sandbox->state], &sandbox->link);
    roster->counts[sandbox->state]++;
}

void roster_delist(struct roster *roster, struct sandbox *sandbox) {
    list_remove(&sandbox->link);
    roster->counts[sandbox->state]--;
}

struct sandbox *roster_oldest(struct roster *roster, enum sandbox_state state) {
    struct list *head = &roster->states[state];
    return list_is_empty(head) ? NULL : list_item(head->next, struct sandbox, link);
}

struct sandbox *roster_find_running(struct roster *roster, uint64_t id) {
    list_each (link, &roster->states[SANDBOX_RUNNING]) {
        struct sandbox *sandbox = list_item(link, struct sandbox, link);
        if (sandbox->id == id)
            return sandbox;
    }
    return NULL;
}

bool roster_is_empty(const struct roster *roster) {
    for (int i = 0; i < SANDBOX_STATES; i++)
        if (roster->counts[i] > 0)
            return false;
    return true;
}
