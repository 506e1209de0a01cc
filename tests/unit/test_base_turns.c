/* base/turns: whoever wants to change a thing does so one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/turns.h"

struct taker {
    struct turn turn;
    struct turns *turns;
    int *order;
    int number;
    bool ends_at_once;
};

static void take(struct turn *turn) {
    struct taker *taker = list_item(turn, struct taker, turn);
    taker->number = ++*taker->order;
    if (taker->ends_at_once)
        turns_pass_on(taker->turns);
}

static void turns_come_in_order(void **state) {
    (void)state;
    struct turns turns;
    turns_init(&turns);
    int order = 0;
    struct taker takers[3];
    for (int i = 0; i < 3; i++) {
        takers[i] = (struct taker){.turn.run = take, .turns = &turns, .order = &order};
        turns_take(&turns, &takers[i].turn);
    }
    assert_int_equal(order, 1);
    turns_pass_on(&turns);
    assert_int_equal(takers[1].number, 2);
    turns_pass_on(&turns);
    assert_int_equal(takers[2].number, 3);
    turns_pass_on(&turns);
    assert_false(turns.is_taken);
}

/* Turns that end at once must not nest: so many would need more stack than there is. */
static void many_short_turns(void **state) {
    (void)state;
    enum { COUNT = 200000 };
    struct turns turns;
    turns_init(&turns);
    int order = 0;
    struct taker *takers = mem_alloc_array(COUNT, sizeof *takers);
    for (int i = 0; i < COUNT; i++) {
        takers[i] = (struct taker){.turn.run = take, .turns = &turns, .order = &order, .ends_at_once = i > 0};
        turns_take(&turns, &takers[i].turn);
    }
    turns_pass_on(&turns);
    assert_int_equal(order, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(takers[i].number, i + 1);
    free(takers);
}

static void maker_has_the_first_turn(void **state) {
    (void)state;
    struct turns turns;
    turns_init(&turns);
    int order = 0;
    struct taker taker = {.turn.run = take, .turns = &turns, .order = &order, .ends_at_once = true};
    turns_take_first(&turns);
    turns_take(&turns, &taker.turn);
    assert_int_equal(order, 0);
    turns_pass_on(&turns);
    assert_int_equal(order, 1);
    assert_false(turns.is_taken);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_come_in_order),
        cmocka_unit_test(many_short_turns),
        cmocka_unit_test(maker_has_the_first_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
