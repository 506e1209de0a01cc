/* base/shared: holders, texts, and the empty one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/shared.h"

/* Freed too early or too late is what the address sanitizer sees. */
static void test_lives_while_it_is_held(void **state) {
    (void)state;
    char *block = shared_new(100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(block[i], 0);
    assert_int_equal((uintptr_t)block % sizeof(void *), 0);
    assert_ptr_equal(shared_hold(block), block);
    memset(block, 'x', 100);
    shared_drop(block);
    assert_int_equal(block[99], 'x');
    shared_drop(block);
}

static void test_texts_are_copies(void **state) {
    (void)state;
    char original[] = "text";
    const char *text = shared_text(original);
    original[0] = 'n';
    assert_string_equal(text, "text");
    const char *part = shared_text_bytes(text, 2);
    assert_string_equal(part, "te");
    shared_drop(text);
    assert_string_equal(part, "te");
    shared_drop(part);
}

static void test_nothing(void **state) {
    (void)state;
    assert_null(shared_text(NULL));
    assert_null(shared_hold(NULL));
    shared_drop(NULL);
    const char *empty = shared_text("");
    assert_string_equal(empty, "");
    assert_ptr_equal(shared_text_bytes(NULL, 0), empty);
    assert_ptr_equal(shared_hold(empty), empty);
    shared_drop(empty);
    shared_drop(empty);
    shared_drop(empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lives_while_it_is_held),
        cmocka_unit_test(test_texts_are_copies),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
