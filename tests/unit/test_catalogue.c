/* api/lambda/catalogue: functions by name and in order, versions by number, and turns to change one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/lambda/catalogue.h"
#include "base/mem.h"

#define ACCOUNT "000000000000"

static struct catalogue catalogue;

static int make(void **state) {
    (void)state;
    catalogue_init(&catalogue, "us-east-1");
    return 0;
}

static int drop(void **state) {
    (void)state;
    catalogue_done(&catalogue);
    return 0;
}

static struct function *new_version(const char *number, uint64_t code_bytes) {
    struct function *function = function_new();
    snprintf(function->version, sizeof function->version, "%s", number);
    function->code_size_bytes = code_bytes;
    return function;
}

static void finds_by_account_and_name(void **state) {
    (void)state;
    struct catalogue_entry *entry = catalogue_add(&catalogue, ACCOUNT, "f");
    struct catalogue_entry *other = catalogue_add(&catalogue, "111111111111", "f");
    assert_ptr_equal(catalogue_find(&catalogue, ACCOUNT, "f"), entry);
    assert_ptr_equal(catalogue_find(&catalogue, "111111111111", "f"), other);
    assert_null(catalogue_find(&catalogue, ACCOUNT, "F"));
    assert_null(catalogue_find(&catalogue, ACCOUNT, ""));
    assert_string_equal(entry->arn, "arn:aws:lambda:us-east-1:000000000000:function:f");
    catalogue_remove(&catalogue, entry);
    assert_null(catalogue_find(&catalogue, ACCOUNT, "f"));
    assert_ptr_equal(catalogue_find(&catalogue, "111111111111", "f"), other);
}

static void name_longer_than_any_is_not_found(void **state) {
    (void)state;
    char name[FUNCTION_NAME_BYTES];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_null(catalogue_find(&catalogue, ACCOUNT, name));
}

static void keeps_the_order_of_names(void **state) {
    (void)state;
    static const char *const names[] = {"m", "a", "z", "ab", "m-1", "M"};
    static const char *const sorted[] = {"M", "a", "ab", "m", "m-1", "z"};
    for (size_t i = 0; i < 6; i++)
        catalogue_add(&catalogue, ACCOUNT, names[i]);
    catalogue_add(&catalogue, "999999999999", "b");
    catalogue_add(&catalogue, "000000000001", "b");
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(catalogue.sorted[i]->name, sorted[i]);
    assert_int_equal(catalogue_place_after(&catalogue, ACCOUNT, ""), 0);
    assert_int_equal(catalogue_place_after(&catalogue, ACCOUNT, "ab"), 3);
    assert_int_equal(catalogue_place_after(&catalogue, ACCOUNT, "b"), 3);
    assert_int_equal(catalogue_place_after(&catalogue, ACCOUNT, "zz"), 6);
    assert_int_equal(catalogue_place_after(&catalogue, "999999999999", ""), 7);
    catalogue_remove(&catalogue, catalogue_find(&catalogue, ACCOUNT, "m"));
    assert_string_equal(catalogue.sorted[3]->name, "m-1");
    assert_int_equal(catalogue.count, 7);
}

static void removed_entry_lives_while_it_is_held(void **state) {
    (void)state;
    struct catalogue_entry *entry = entry_ref(catalogue_add(&catalogue, ACCOUNT, "f"));
    catalogue_remove(&catalogue, entry);
    assert_true(entry->is_deleted);
    assert_string_equal(entry->name, "f");
    entry_unref(entry);
}

static void versions_are_found_by_number(void **state) {
    (void)state;
    struct catalogue_entry *entry = catalogue_add(&catalogue, ACCOUNT, "f");
    assert_null(entry_version(entry, ""));
    entry->latest = new_version(FUNCTION_LATEST, 1);
    static const char *const numbers[] = {"10", "9", "2", "100"};
    for (size_t i = 0; i < 4; i++)
        entry_add_version(entry, new_version(numbers[i], 1));
    assert_ptr_equal(entry_version(entry, ""), entry->latest);
    assert_ptr_equal(entry_version(entry, "$LATEST"), entry->latest);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(entry_version(entry, numbers[i])->version, numbers[i]);
    static const char *const absent[] = {"1", "3", "101", "blue", "02", " 2", "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        assert_null(entry_version(entry, absent[i]));
    assert_string_equal(entry->versions[0]->version, "2");
    assert_string_equal(entry->versions[3]->version, "100");
    function_unref(entry_replace_version(entry, new_version("9", 7)));
    assert_int_equal(entry_version(entry, "9")->code_size_bytes, 7);
    function_unref(entry_remove_version(entry, "9"));
    assert_null(entry_version(entry, "9"));
    assert_null(entry_remove_version(entry, "9"));
    assert_int_equal(entry->version_count, 3);
}

static void usage_counts_every_version(void **state) {
    (void)state;
    struct catalogue_entry *entry = catalogue_add(&catalogue, ACCOUNT, "f");
    entry->latest = new_version(FUNCTION_LATEST, 100);
    entry_add_version(entry, new_version("1", 20));
    catalogue_add(&catalogue, ACCOUNT, "being-created");
    catalogue_add(&catalogue, "111111111111", "g")->latest = new_version(FUNCTION_LATEST, 3);
    struct catalogue_usage usage = catalogue_measure(&catalogue, ACCOUNT);
    assert_int_equal(usage.functions, 1);
    assert_int_equal(usage.code_bytes, 120);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(finds_by_account_and_name),    TEST(name_longer_than_any_is_not_found),
        TEST(keeps_the_order_of_names),     TEST(removed_entry_lives_while_it_is_held),
        TEST(versions_are_found_by_number), TEST(usage_counts_every_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
