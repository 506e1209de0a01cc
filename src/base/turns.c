/* See turns.h. */
#include "base/turns.h"

#include <assert.h>

void turns_init(struct turns *turns) {
    *turns = (struct turns){0};
    list_init(&turns->waiting);
}

void turns_take(struct turns *turns, struct turn *turn) {
    if (turns->is_taken) {
        list_push_back(&turns->waiting, &turn->link);
        return;
    }
    turns->is_taken = true;
    turn->run(turn);
}

void turns_take_first(struct turns *turns) {
    assert(!turns->is_taken);
    turns->is_taken = true;
}

/* A turn that ends at once passes on inside run(); the flag keeps such turns from nesting ever deeper. */
void turns_pass_on(struct turns *turns) {
    turns->is_taken = false;
    if (turns->is_passing_on)
        return;
    turns->is_passing_on = true;
    while (!turns->is_taken && !list_is_empty(&turns->waiting)) {
        struct turn *next = list_item(turns->waiting.next, struct turn, link);
        list_remove(&next->link);
        turns->is_taken = true;
        next->run(next);
    }
    turns->is_passing_on = false;
}
