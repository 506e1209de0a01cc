/* base/list: order, removal inside a walk, and removing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/list.h"

struct item {
    int number;
    struct list link;
};

static int sum(struct list *head) {
    int digits = 0;
    list_each (link, head) {
        digits = digits * 10 + list_item(link, struct item, link)->number;
    }
    return digits;
}

static void test_order(void **state) {
    (void)state;
    struct list head;
    list_init(&head);
    assert_true(list_is_empty(&head));
    struct item items[4] = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
    list_push_back(&head, &items[1].link);
    list_push_back(&head, &items[3].link);
    list_push_front(&head, &items[0].link);
    list_insert_before(&items[3].link, &items[2].link);
    assert_int_equal(sum(&head), 1234);
    list_remove(&items[1].link);
    list_remove(&items[1].link);
    assert_int_equal(sum(&head), 134);
}

static void test_removal_inside_a_walk(void **state) {
    (void)state;
    struct list head;
    list_init(&head);
    struct item items[4];
    for (int i = 0; i < 4; i++) {
        items[i].number = i + 1;
        list_push_back(&head, &items[i].link);
    }
    list_each (link, &head) {
        if (list_item(link, struct item, link)->number % 2 == 0)
            list_remove(link);
    }
    assert_int_equal(sum(&head), 13);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_removal_inside_a_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
