/* Loops of functions that call each other, told by the tracing header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/lineage.h"

#define TEXT_BYTES 200

static void call(char trace_id[TEXT_BYTES], const char *function) {
    char before[TEXT_BYTES];
    memcpy(before, trace_id, sizeof before);
    lineage_extend(before, function, trace_id, TEXT_BYTES);
}

static void the_lineage_is_the_last_field_or_replaced_in_its_place(void **state) {
    (void)state;
    char trace_id[TEXT_BYTES] = "Root=1-a;Sampled=0";
    call(trace_id, "f");
    assert_non_null(strstr(trace_id, "Root=1-a;Sampled=0;Lineage=1:"));
    assert_int_equal(lineage_returns(trace_id), 0);
    char other[TEXT_BYTES] = "Root=1-a;Lineage=5:0000002a:3;Sampled=0";
    assert_int_equal(lineage_returns(other), 3);
    call(other, "f");
    assert_string_equal(other, "Root=1-a;Lineage=6:0000002a:3;Sampled=0");
}

/* How often the first function has run when a chain around `length` functions is stopped; 0 if it never is.
 */
static int runs_until_stopped(int before, int length) {
    char trace_id[TEXT_BYTES] = "Root=1-a";
    for (int i = 0; i < 10000; i++) {
        char name[32];
        if (i < before)
            snprintf(name, sizeof name, "before-%d", i);
        else
            snprintf(name, sizeof name, "loop-%d", (i - before) % length);
        call(trace_id, name);
        if (lineage_returns(trace_id) >= LINEAGE_MAX_RETURNS)
            return (i - before) / length + 1;
    }
    return 0;
}

static void a_function_that_calls_itself_runs_sixteen_times(void **state) {
    (void)state;
    assert_int_equal(runs_until_stopped(0, 1), LINEAGE_MAX_RETURNS + 1);
}

static void loops_are_noticed_soon_wherever_they_begin(void **state) {
    (void)state;
    for (int before = 0; before < 40; before++)
        for (int length = 1; length <= LINEAGE_LENGTH; length++) {
            int runs = runs_until_stopped(before, length);
            assert_in_range(runs, LINEAGE_MAX_RETURNS, 6 * LINEAGE_MAX_RETURNS + 100);
        }
}

static void a_loop_is_noticed_after_another_one_was_left(void **state) {
    (void)state;
    char trace_id[TEXT_BYTES] = "Root=1-a";
    call(trace_id, "a");
    call(trace_id, "a");
    for (int i = 0; i < 1000 && lineage_returns(trace_id) < LINEAGE_MAX_RETURNS; i++)
        call(trace_id, i % 2 ? "b" : "c");
    assert_int_equal(lineage_returns(trace_id), LINEAGE_MAX_RETURNS);
}

static void a_chain_without_a_loop_is_never_stopped(void **state) {
    (void)state;
    assert_int_equal(runs_until_stopped(20000, 1), 0);
}

static void what_strangers_send_is_bounded(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Lineage=",       "Lineage=1",       "Lineage=99999:0:0", "Lineage=1:zz:0",
        "Lineage=1:0:-1", "Lineage=1:0:256", "Lineage=+1:0:1",    ";;;"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char trace_id[TEXT_BYTES] = "";
        snprintf(trace_id, sizeof trace_id, "%s", texts[i]);
        assert_int_equal(lineage_returns(trace_id), 0);
        call(trace_id, "f");
        assert_non_null(strstr(trace_id, "Lineage=1:"));
    }
    char small[12];
    lineage_extend("Root=1-abcdefgh", "f", small, sizeof small);
    assert_string_equal(small, "Root=1-abcd");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lineage_is_the_last_field_or_replaced_in_its_place),
        cmocka_unit_test(a_function_that_calls_itself_runs_sixteen_times),
        cmocka_unit_test(loops_are_noticed_soon_wherever_they_begin),
        cmocka_unit_test(a_loop_is_noticed_after_another_one_was_left),
        cmocka_unit_test(a_chain_without_a_loop_is_never_stopped),
        cmocka_unit_test(what_strangers_send_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
