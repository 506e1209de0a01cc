/* base/mem: zeroed, never NULL, copies, hand-over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"

static void test_alloc_is_zeroed_and_never_null(void **state) {
    (void)state;
    unsigned char *bytes = mem_alloc(100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 0);
    free(bytes);
    void *nothing = mem_alloc(0);
    assert_non_null(nothing);
    free(nothing);
    nothing = mem_alloc_array(0, 8);
    assert_non_null(nothing);
    free(nothing);
}

static void test_resize_keeps_content(void **state) {
    (void)state;
    char *text = mem_resize(NULL, 4);
    memcpy(text, "abc", 4);
    text = mem_resize(text, 4000);
    assert_string_equal(text, "abc");
    free(text);
}

static void test_copies(void **state) {
    (void)state;
    OWN_MEM char *copy = mem_copy("a\0b", 3);
    assert_memory_equal(copy, "a\0b", 3);
    OWN_MEM char *text = mem_copy_text("abcdef", 3);
    assert_string_equal(text, "abc");
    OWN_MEM char *empty = mem_copy_text(NULL, 0);
    assert_string_equal(empty, "");
    OWN_MEM char *whole = mem_text("whole");
    assert_string_equal(whole, "whole");
    assert_null(mem_text(NULL));
    OWN_MEM char *formatted = mem_format("%d-%s", 7, "x");
    assert_string_equal(formatted, "7-x");
}

static char *make_text(void) {
    OWN_MEM char *text = mem_text("handed over");
    return take_ptr(text);
}

static void test_take_ptr_outlives_the_scope(void **state) {
    (void)state;
    OWN_MEM char *text = make_text();
    assert_string_equal(text, "handed over");
    char *taken = take_ptr(text);
    assert_null(text);
    free(taken);
}

static void test_wipe(void **state) {
    (void)state;
    char secret[8] = "secret";
    mem_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0\0\0", 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_is_zeroed_and_never_null),
        cmocka_unit_test(test_resize_keeps_content),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_take_ptr_outlives_the_scope),
        cmocka_unit_test(test_wipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
