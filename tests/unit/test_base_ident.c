/* base/ident: shapes, spread, and that threads don't share their randomness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/ident.h"
#include "base/map.h"

static void test_uuid_shape(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char text[IDENT_UUID_BYTES];
        ident_uuid(text);
        assert_int_equal(strlen(text), 36);
        assert_true(ident_is_uuid(text, 36));
        assert_int_equal(text[14], '4');
        assert_non_null(strchr("89ab", text[19]));
        assert_int_equal(strspn(text, "0123456789abcdef-"), 36);
    }
}

static void test_uuids_differ(void **state) {
    (void)state;
    struct map seen;
    map_init(&seen);
    for (int i = 0; i < 5000; i++) {
        char text[IDENT_UUID_BYTES];
        ident_uuid(text);
        assert_null(map_put(&seen, text, &seen));
    }
    map_done(&seen);
}

static void test_is_uuid(void **state) {
    (void)state;
    assert_true(ident_is_uuid("01234567-89AB-cdef-0123-456789abcdef", 36));
    assert_false(ident_is_uuid("01234567-89AB-cdef-0123-456789abcdef", 35));
    assert_false(ident_is_uuid("01234567-89AB-cdef-0123-456789abcdeg", 36));
    assert_false(ident_is_uuid("0123456789AB-cdef-0123-456789abcdef--", 36));
    assert_false(ident_is_uuid("012345678-9AB-cdef-0123-456789abcdef", 36));
    assert_false(ident_is_uuid("", 0));
}

static void test_random_of_every_size(void **state) {
    (void)state;
    static unsigned char bytes[10001];
    for (size_t size = 0; size <= 10000; size += 499) {
        memset(bytes, 0, sizeof bytes);
        ident_random(bytes, size);
        assert_int_equal(bytes[size], 0);
        size_t zeros = 0;
        for (size_t i = 0; i < size; i++)
            zeros += bytes[i] == 0;
        assert_true(zeros <= size / 16 + 2);
    }
}

static void test_hex(void **state) {
    (void)state;
    char text[33];
    ident_hex(text, 32);
    assert_int_equal(strlen(text), 32);
    assert_int_equal(strspn(text, "0123456789abcdef"), 32);
    ident_hex(text, 0);
    assert_string_equal(text, "");
}

static void test_alphabet_is_evenly_used(void **state) {
    (void)state;
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-"; /* 37 letters don't divide 256 */
    static char text[37001];
    ident_from_alphabet(text, 37000, alphabet);
    assert_int_equal(strspn(text, alphabet), 37000);
    size_t counts[256] = {0};
    for (size_t i = 0; i < 37000; i++)
        counts[(unsigned char)text[i]]++;
    /* 1000 each on average, with a deviation of 31: seven of them either way. */
    for (size_t i = 0; i < 37; i++)
        assert_in_range(counts[(unsigned char)alphabet[i]], 780, 1220);
}

static void *draw_uuid(void *text) {
    ident_uuid(text);
    return NULL;
}

static void test_threads_draw_for_themselves(void **state) {
    (void)state;
    char texts[8][IDENT_UUID_BYTES];
    pthread_t threads[8];
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_uuid, texts[i]), 0);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid_shape),
        cmocka_unit_test(test_uuids_differ),
        cmocka_unit_test(test_is_uuid),
        cmocka_unit_test(test_random_of_every_size),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_alphabet_is_evenly_used),
        cmocka_unit_test(test_threads_draw_for_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
