/* Log groups, their files, and whose lines are in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/log_group.h"

static char file[LOG_GROUP_FILE_BYTES];

static const char *file_of(const char *group) {
    log_group_file(group, file);
    return file;
}

static void a_function_has_a_group_of_its_own(void **state) {
    (void)state;
    char group[LOG_GROUP_BYTES];
    struct function *function = function_new();
    function_set_text(&function->name, "f");
    log_group_of(function, group);
    assert_string_equal(group, "/aws/lambda/f");
    function_set_text(&function->log_group, "/team/own");
    log_group_of(function, group);
    assert_string_equal(group, "/team/own");
    function_unref(function);
}

static void no_two_groups_share_a_file(void **state) {
    (void)state;
    assert_string_equal(file_of("/aws/lambda/f"), "f");
    assert_string_equal(file_of("f"), "@f");
    assert_string_equal(file_of("/team/own"), "@+team+own");
    assert_string_equal(file_of("/aws/lambda/"), "@+aws+lambda+");
    assert_string_equal(file_of("/aws/lambda/../f"), "@+aws+lambda+..+f");
    assert_string_equal(file_of("/aws/lambda/.."), "@+aws+lambda+..");
    assert_string_equal(file_of(".."), "@..");
}

static void long_names_end_in_a_hash(void **state) {
    (void)state;
    char group[LOG_GROUP_BYTES], other[LOG_GROUP_BYTES], first[LOG_GROUP_FILE_BYTES];
    memset(group, 'g', sizeof group - 1);
    group[sizeof group - 1] = '\0';
    memcpy(other, group, sizeof group);
    other[sizeof other - 2] = '/';
    memcpy(first, file_of(group), sizeof first);
    assert_true(strlen(first) < LOG_GROUP_FILE_BYTES);
    assert_string_not_equal(first, file_of(other));
    assert_null(strchr(first, '/'));
    group[LOG_GROUP_FILE_BYTES - 2] = '\0';
    assert_null(strchr(file_of(group), '~'));
    group[LOG_GROUP_FILE_BYTES - 2] = 'g';
    group[LOG_GROUP_FILE_BYTES - 1] = '\0';
    assert_non_null(strchr(file_of(group), '~'));
}

static bool is_of(const char *line, const char *function, bool is_own_group) {
    return log_group_line_is_of(line, strlen(line), function, is_own_group);
}

static void streams_say_whose_a_line_is(void **state) {
    (void)state;
    assert_true(is_of("2026-01-31T12:34:56.123Z 2026/01/31/[1]01 text", "f", true));
    assert_false(is_of("2026-01-31T12:34:56.123Z 2026/01/31/[1]01 text", "f", false));
    assert_true(is_of("2026-01-31T12:34:56.123Z 2026/01/31/f[1]01 text", "f", true));
    assert_true(is_of("2026-01-31T12:34:56.123Z 2026/01/31/f[1]01 text", "f", false));
    assert_false(is_of("2026-01-31T12:34:56.123Z 2026/01/31/ff[1]01 text", "f", false));
    assert_false(is_of("2026-01-31T12:34:56.123Z 2026/01/31/f[1]01 text", "ff", false));
    assert_false(is_of("2026-01-31T12:34:56.123Z 2026/01/31/f", "f", true));
    assert_false(is_of("2026-01-31T12:34:56.123Z", "f", true));
    assert_false(is_of("", "f", true));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_has_a_group_of_its_own),
        cmocka_unit_test(no_two_groups_share_a_file),
        cmocka_unit_test(long_names_end_in_a_hash),
        cmocka_unit_test(streams_say_whose_a_line_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
