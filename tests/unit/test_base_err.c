/* base/err: codes, texts, and texts that don't fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void test_set_returns_false_and_fills(void **state) {
    (void)state;
    struct err err = {0};
    assert_false(err_set(&err, ERR_NOT_FOUND, "no %s with %d", "function", 7));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(err.errnum, 0);
    assert_string_equal(err.text, "no function with 7");
}

static void test_null_err_is_fine(void **state) {
    (void)state;
    assert_false(err_set(NULL, ERR_IO, "x"));
    assert_false(err_set_errno(NULL, ENOENT, "x"));
    assert_false(err_wrap(NULL, "x"));
}

static void test_errno_is_kept_and_told(void **state) {
    (void)state;
    struct err err = {0};
    assert_false(err_set_errno(&err, ENOENT, "Can't open %s", "/x"));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(err.errnum, ENOENT);
    assert_string_equal(err.text, "Can't open /x: No such file or directory");
}

static void test_wrap_keeps_code_and_errnum(void **state) {
    (void)state;
    struct err err = {0};
    err_set_errno(&err, EACCES, "inner");
    assert_false(err_wrap(&err, "outer %d", 1));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(err.errnum, EACCES);
    assert_string_equal(err.text, "outer 1: inner: Permission denied");
}

static void test_old_text_may_be_an_argument(void **state) {
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_IO, "first");
    err_set(&err, ERR_LIMIT, "second after %s", err.text);
    assert_string_equal(err.text, "second after first");
}

static void test_long_texts_are_cut(void **state) {
    (void)state;
    char path[3 * ERR_TEXT_BYTES];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    struct err err;

    err_set(&err, ERR_SYNTAX, "%s", path);
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);

    /* The reason outlives the path. */
    err_set_errno(&err, ENOENT, "%s", path);
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
    assert_non_null(strstr(err.text, "p: No such file or directory"));

    err_wrap(&err, "%s", path);
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
    assert_non_null(strstr(err.text, "p: ppp"));
}

static void test_every_code_has_its_name(void **state) {
    (void)state;
    assert_string_equal(err_code_name(ERR_NONE), "NONE");
    assert_string_equal(err_code_name(ERR_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(err_code_name(ERR_INTERNAL), "INTERNAL");
    assert_string_equal(err_code_name((enum err_code)(ERR_INTERNAL + 1)), "UNKNOWN");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_returns_false_and_fills), cmocka_unit_test(test_null_err_is_fine),
        cmocka_unit_test(test_errno_is_kept_and_told),      cmocka_unit_test(test_wrap_keeps_code_and_errnum),
        cmocka_unit_test(test_old_text_may_be_an_argument), cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_every_code_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
