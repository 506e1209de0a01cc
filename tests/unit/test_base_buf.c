/* base/buf: growth, the limit, and what every way of appending leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void test_appends_are_terminated(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 1000);
    assert_string_equal(buf_text(&buf), "");
    assert_true(buf_append(&buf, "abc", 2));
    assert_true(buf_append_text(&buf, "-"));
    assert_true(buf_append_byte(&buf, 'z'));
    assert_true(buf_append_number(&buf, -12));
    assert_true(buf_append_format(&buf, "[%s]", "f"));
    assert_string_equal(buf_text(&buf), "ab-z-12[f]");
    assert_int_equal(buf.len, 10);
    assert_true(buf_ok(&buf));
}

static void test_numbers(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 1000);
    buf_append_number(&buf, 0);
    buf_append_byte(&buf, ' ');
    buf_append_number(&buf, LLONG_MIN);
    buf_append_byte(&buf, ' ');
    buf_append_number(&buf, LLONG_MAX);
    assert_string_equal(buf_text(&buf), "0 -9223372036854775808 9223372036854775807");
}

static void test_long_format(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 5000);
    char word[1000];
    memset(word, 'w', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_true(buf_append_format(&buf, "%s%s", word, word));
    assert_int_equal(buf.len, 1998);
    assert_int_equal(strlen(buf_text(&buf)), 1998);
}

static void test_limit_is_exact_and_remembered(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 5);
    assert_true(buf_append(&buf, "12345", 5));
    assert_true(buf_ok(&buf));
    assert_false(buf_append_byte(&buf, '6'));
    assert_false(buf_ok(&buf));
    assert_string_equal(buf_text(&buf), "12345");
    assert_false(buf_append_format(&buf, "%d", 1));
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_string_equal(buf_text(&buf), "12345");

    buf_clear(&buf);
    assert_true(buf_ok(&buf));
    assert_string_equal(buf_text(&buf), "");
    assert_true(buf_append_text(&buf, "ok"));
}

static void test_every_size_up_to_the_limit(void **state) {
    (void)state;
    for (size_t limit = 0; limit < 200; limit++) {
        OWN(buf) struct buf buf;
        buf_init(&buf, limit);
        size_t fitted = 0;
        while (buf_append_byte(&buf, 'x'))
            fitted++;
        assert_int_equal(fitted, limit);
        assert_int_equal(strlen(buf_text(&buf)), limit);
    }
}

static void test_reserved_room_is_written_by_the_caller(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 100);
    buf_append_text(&buf, "head ");
    char *place = buf_reserve(&buf, 95);
    assert_non_null(place);
    memset(place, 't', 95);
    buf.len += 4;
    assert_string_equal(buf_text(&buf), "head tttt");
    assert_null(buf_reserve(&buf, 92));
    assert_false(buf_ok(&buf));
}

static void test_consume(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 100);
    buf_consume(&buf, 3);
    buf_append_text(&buf, "abcdef");
    buf_consume(&buf, 2);
    assert_string_equal(buf_text(&buf), "cdef");
    buf_consume(&buf, 100);
    assert_string_equal(buf_text(&buf), "");
    assert_int_equal(buf.len, 0);
}

static void test_shrink_gives_memory_back(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 10000);
    for (int i = 0; i < 5000; i++)
        buf_append_byte(&buf, 'x');
    buf_shrink(&buf, 10000);
    assert_non_null(buf.data);
    assert_int_equal(buf.len, 0);
    buf_shrink(&buf, 1000);
    assert_null(buf.data);
    assert_int_equal(buf.limit, 10000);
    assert_true(buf_append_text(&buf, "again"));
}

static void test_take(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    char *empty = buf_take(&buf);
    assert_string_equal(empty, "");
    free(empty);
    char *place = buf_reserve(&buf, 2);
    memcpy(place, "ok", 2);
    buf.len += 2;
    char *text = buf_take(&buf);
    assert_string_equal(text, "ok");
    assert_null(buf.data);
    free(text);
    buf_done(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_are_terminated),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_long_format),
        cmocka_unit_test(test_limit_is_exact_and_remembered),
        cmocka_unit_test(test_every_size_up_to_the_limit),
        cmocka_unit_test(test_reserved_room_is_written_by_the_caller),
        cmocka_unit_test(test_consume),
        cmocka_unit_test(test_shrink_gives_memory_back),
        cmocka_unit_test(test_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
