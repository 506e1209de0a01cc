/* sandbox/stock: how many parked sandboxes are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sandbox/stock.h"

#define START_MS 1000000

static void claim(struct stock *stock, int count, int64_t now_ms) {
    for (int i = 0; i < count; i++)
        stock_note_claim(stock, now_ms);
}

static void test_idle_is_least(void **state) {
    (void)state;
    struct stock stock;
    stock_init(&stock, 3, 64, START_MS);
    assert_int_equal(stock_target(&stock, START_MS), 3);
    assert_int_equal(stock_target(&stock, START_MS + 86400000), 3);
}

static void test_grows_with_use_to_most(void **state) {
    (void)state;
    struct stock stock;
    stock_init(&stock, 3, 64, START_MS);
    claim(&stock, 2, START_MS);
    assert_int_equal(stock_target(&stock, START_MS), 3);
    claim(&stock, 10, START_MS + 1500);
    assert_int_equal(stock_target(&stock, START_MS + 1500), 12);
    claim(&stock, 100, START_MS + 2000);
    assert_int_equal(stock_target(&stock, START_MS + 2000), 64);
}

static void test_shrinks_as_claims_age(void **state) {
    (void)state;
    struct stock stock;
    stock_init(&stock, 1, 64, START_MS);
    claim(&stock, 5, START_MS);
    claim(&stock, 7, START_MS + 4000);
    assert_int_equal(stock_target(&stock, START_MS + 9999), 12);
    assert_int_equal(stock_target(&stock, START_MS + 10000), 7);
    assert_int_equal(stock_target(&stock, START_MS + 13999), 7);
    assert_int_equal(stock_target(&stock, START_MS + 14000), 1);
}

static void test_long_silence_forgets_all(void **state) {
    (void)state;
    struct stock stock;
    stock_init(&stock, 0, 64, START_MS);
    claim(&stock, 5, START_MS);
    claim(&stock, 1, START_MS + 3600000);
    assert_int_equal(stock_target(&stock, START_MS + 3600000), 1);
}

static void test_least_above_most(void **state) {
    (void)state;
    struct stock stock;
    stock_init(&stock, 10, 4, START_MS);
    assert_int_equal(stock_target(&stock, START_MS), 4);
    stock_init(&stock, 0, 0, START_MS);
    claim(&stock, 5, START_MS);
    assert_int_equal(stock_target(&stock, START_MS), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_is_least),         cmocka_unit_test(test_grows_with_use_to_most),
        cmocka_unit_test(test_shrinks_as_claims_age), cmocka_unit_test(test_long_silence_forgets_all),
        cmocka_unit_test(test_least_above_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
