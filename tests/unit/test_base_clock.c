/* base/clock: formats of the wire and the parsing of x-amz-date. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/clock.h"

#define SECOND INT64_C(1000000)

static void test_formats(void **state) {
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    int64_t wall_us = INT64_C(1769862896) * SECOND + 123999; /* 2026-01-31T12:34:56.123999 */
    clock_format_modified(wall_us, text);
    assert_string_equal(text, "2026-01-31T12:34:56.123+0000");
    clock_format_iso(wall_us, text);
    assert_string_equal(text, "2026-01-31T12:34:56.123Z");
    clock_format_http(wall_us, text);
    assert_string_equal(text, "Sat, 31 Jan 2026 12:34:56 GMT");
}

static void test_before_1970(void **state) {
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    clock_format_iso(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_format_iso(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
}

static void test_amz_dates(void **state) {
    (void)state;
    assert_int_equal(clock_parse_amz_date("20260131T123456Z", 16), INT64_C(1769862896));
    assert_int_equal(clock_parse_amz_date("19700101T000000Z", 16), 0);
    assert_int_equal(clock_parse_amz_date("20240229T235959Z", 16), INT64_C(1709251199));
}

static void test_anything_else_is_no_amz_date(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "20260131T123456",
        "20260131T123456Zx",
        "2026-01-31T12:34",
        "20260131 123456Z",
        "20260131T123456z",
        "20260131T1234567",
        "20260231T123456Z", /* no 31 February */
        "20250229T123456Z",
        "20261301T123456Z",
        "20260100T123456Z",
        "20260131T240000Z",
        "20260131T126056Z",
        "20260131T123460Z",
        "19691231T235959Z",
        "+0260131T123456Z",
        "2026013-T123456Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(clock_parse_amz_date(wrong[i], strlen(wrong[i])), -1);
}

static void test_the_machines_clocks(void **state) {
    (void)state;
    struct clock clock = clock_system();
    assert_true(clock_wall_us(&clock) > INT64_C(1700000000) * SECOND);
    int64_t before = clock_mono_us(&clock);
    assert_true(clock_mono_us(&clock) >= before);
}

static int64_t fake_us(void *context) {
    return *(int64_t *)context;
}

static void test_a_fake_clock(void **state) {
    (void)state;
    int64_t now = 5;
    struct clock clock = {.wall_us = fake_us, .mono_us = fake_us, .context = &now};
    assert_int_equal(clock_wall_us(&clock), 5);
    now = 9;
    assert_int_equal(clock_mono_us(&clock), 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_before_1970),
        cmocka_unit_test(test_amz_dates),
        cmocka_unit_test(test_anything_else_is_no_amz_date),
        cmocka_unit_test(test_the_machines_clocks),
        cmocka_unit_test(test_a_fake_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
