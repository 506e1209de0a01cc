/* base/map: every operation against growth, removal and walking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

static void *number(uintptr_t value) {
    return (void *)value;
}

static void test_put_get_remove(void **state) {
    (void)state;
    struct map map;
    map_init(&map);
    assert_null(map_get(&map, "a"));
    assert_null(map_remove(&map, "a"));
    assert_null(map_put(&map, "a", number(1)));
    assert_null(map_put(&map, "b", number(2)));
    assert_ptr_equal(map_get(&map, "a"), number(1));
    assert_ptr_equal(map_put(&map, "a", number(3)), number(1));
    assert_ptr_equal(map_get(&map, "a"), number(3));
    assert_int_equal(map.count, 2);
    assert_ptr_equal(map_remove(&map, "a"), number(3));
    assert_null(map_get(&map, "a"));
    assert_ptr_equal(map_get(&map, "b"), number(2));
    assert_int_equal(map.count, 1);
    map_done(&map);
    assert_null(map_get(&map, "b"));
    map_done(&map);
}

static void test_keys_are_copied_bytes(void **state) {
    (void)state;
    struct map map;
    map_init(&map);
    char key[] = {'k', '\0', '1'};
    map_put_bytes(&map, key, 3, number(1));
    key[2] = '2';
    assert_null(map_get_bytes(&map, key, 3));
    map_put_bytes(&map, key, 3, number(2));
    assert_ptr_equal(map_get_bytes(&map, "k\0001", 3), number(1));
    assert_null(map_get(&map, "k"));
    map_put(&map, "", number(4));
    assert_ptr_equal(map_get_bytes(&map, NULL, 0), number(4));
    assert_ptr_equal(map_remove_bytes(&map, "k\0001", 3), number(1));
    assert_int_equal(map.count, 2);
    map_done(&map);
}

static void test_many(void **state) {
    (void)state;
    struct map map;
    map_init(&map);
    char key[32];
    for (uintptr_t i = 1; i <= 10000; i++) {
        snprintf(key, sizeof key, "key-%ju", (uintmax_t)i);
        assert_null(map_put(&map, key, number(i)));
    }
    for (uintptr_t i = 2; i <= 10000; i += 2) {
        snprintf(key, sizeof key, "key-%ju", (uintmax_t)i);
        assert_ptr_equal(map_remove(&map, key), number(i));
    }
    assert_int_equal(map.count, 5000);
    for (uintptr_t i = 1; i <= 10000; i++) {
        snprintf(key, sizeof key, "key-%ju", (uintmax_t)i);
        assert_ptr_equal(map_get(&map, key), i % 2 ? number(i) : NULL);
    }
    map_done(&map);
}

static void test_coming_and_going_does_not_grow(void **state) {
    (void)state;
    struct map map;
    map_init(&map);
    char key[32];
    for (uintptr_t i = 1; i <= 20000; i++) {
        snprintf(key, sizeof key, "key-%ju", (uintmax_t)i);
        map_put(&map, key, number(i));
        assert_non_null(map_remove(&map, key));
    }
    assert_int_equal(map.count, 0);
    assert_true(map.capacity <= 32);
    map_done(&map);
}

static void test_walk_removing(void **state) {
    (void)state;
    struct map map;
    map_init(&map);
    char key[32];
    for (uintptr_t i = 1; i <= 100; i++) {
        snprintf(key, sizeof key, "%ju", (uintmax_t)i);
        map_put(&map, key, number(i));
    }
    uintptr_t sum = 0;
    size_t cursor = 0;
    const char *name;
    void *value;
    while (map_next(&map, &cursor, &name, &value)) {
        assert_int_equal(strtoull(name, NULL, 10), (uintptr_t)value);
        sum += (uintptr_t)value;
        snprintf(key, sizeof key, "%s", name);
        assert_ptr_equal(map_remove(&map, key), value);
    }
    assert_int_equal(sum, 5050);
    assert_int_equal(map.count, 0);
    cursor = 0;
    assert_false(map_next(&map, &cursor, NULL, NULL));
    map_done(&map);
}

static void test_each_map_has_its_own_seed(void **state) {
    (void)state;
    struct map one, two;
    map_init(&one);
    map_init(&two);
    assert_memory_not_equal(one.seed, two.seed, sizeof one.seed);
    map_done(&one);
    map_done(&two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_remove), cmocka_unit_test(test_keys_are_copied_bytes),
        cmocka_unit_test(test_many),           cmocka_unit_test(test_coming_and_going_does_not_grow),
        cmocka_unit_test(test_walk_removing),  cmocka_unit_test(test_each_map_has_its_own_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
