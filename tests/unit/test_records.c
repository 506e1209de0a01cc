/* api/records: the records in memory, in order, one by one and by scope. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/records.h"
#include "base/buf.h"
#include "base/mem.h"

static struct records records;

static int drop(void **state) {
    (void)state;
    records_done(&records);
    return 0;
}

static struct record_key key(const char *account, const char *scope, const char *kind, const char *name) {
    return (struct record_key){account, scope, kind, name};
}

static void put(const char *account, const char *scope, const char *kind, const char *name,
                const char *document) {
    const struct record_key where = key(account, scope, kind, name);
    records_put(&records, &where, document);
}

static const char *get(const char *account, const char *scope, const char *kind, const char *name) {
    const struct record_key where = key(account, scope, kind, name);
    return records_get(&records, &where);
}

static void expect_walk(const char *scope, const char *kind, const char *after, const char *expected) {
    OWN(buf) struct buf seen;
    buf_init(&seen, 1024);
    const struct record_key where = key("1", scope, kind, after);
    const struct record *record;
    for (size_t place = records_after(&records, &where); (record = records_at(&records, place, &where));
         place++)
        buf_append_format(&seen, "%s=%s ", record->key.name, record->document);
    assert_string_equal(buf_text(&seen), expected);
}

static void finds_by_the_whole_key(void **state) {
    (void)state;
    assert_null(get("1", "", "role", "r"));
    put("1", "", "role", "r", "a");
    put("1", "", "role", "s", "b");
    put("2", "", "role", "r", "c");
    put("1", "", "user", "r", "d");
    put("1", "function/r", "role", "r", "e");
    put("1", "", "role", "r", "new");
    assert_string_equal(get("1", "", "role", "r"), "new");
    assert_string_equal(get("1", "", "role", "s"), "b");
    assert_string_equal(get("2", "", "role", "r"), "c");
    assert_string_equal(get("1", "", "user", "r"), "d");
    assert_string_equal(get("1", "function/r", "role", "r"), "e");
    const struct record_key where = key("1", "", "role", "r");
    records_delete(&records, &where);
    records_delete(&records, &where);
    assert_null(get("1", "", "role", "r"));
    assert_int_equal(records.count, 4);
}

static void walks_one_kind_in_order(void **state) {
    (void)state;
    expect_walk("", "role", "", "");
    put("1", "", "role", "b", "2");
    put("1", "", "role", "c", "3");
    put("1", "", "role", "a", "1");
    put("1", "", "roles", "a", "x");
    put("1", "", "rol", "z", "x");
    put("0", "", "role", "z", "x");
    put("1", "function/f", "role", "a", "x");
    expect_walk("", "role", "", "a=1 b=2 c=3 ");
    expect_walk("", "role", "a", "b=2 c=3 ");
    expect_walk("", "role", "aa", "b=2 c=3 ");
    expect_walk("", "role", "c", "");
}

static void scope_goes_as_a_whole(void **state) {
    (void)state;
    put("1", "function/f", "alias", "a", "1");
    put("1", "function/f", "policy", "", "2");
    put("1", "function/ff", "alias", "a", "3");
    put("1", "function/e", "alias", "a", "4");
    put("2", "function/f", "alias", "a", "5");
    records_delete_scope(&records, "1", "function/f");
    records_delete_scope(&records, "1", "function/nothing");
    assert_null(get("1", "function/f", "alias", "a"));
    assert_null(get("1", "function/f", "policy", ""));
    assert_string_equal(get("1", "function/ff", "alias", "a"), "3");
    assert_string_equal(get("1", "function/e", "alias", "a"), "4");
    assert_string_equal(get("2", "function/f", "alias", "a"), "5");
}

static void many_in_any_order(void **state) {
    (void)state;
    enum { COUNT = 4001 }; /* a prime: the steps below reach every number */
    char name[16];
    for (int i = 0, number = 0; i < COUNT; i++, number = (number + 1009) % COUNT) {
        snprintf(name, sizeof name, "%05d", number);
        put("1", "", "k", name, name);
    }
    assert_int_equal(records.count, COUNT);
    const struct record_key first = key("1", "", "k", "");
    size_t place = records_after(&records, &first);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%05d", i);
        assert_string_equal(records_at(&records, place + (size_t)i, &first)->document, name);
    }
    assert_null(records_at(&records, place + COUNT, &first));
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, drop)
    const struct CMUnitTest tests[] = {
        TEST(finds_by_the_whole_key),
        TEST(walks_one_kind_in_order),
        TEST(scope_goes_as_a_whole),
        TEST(many_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
