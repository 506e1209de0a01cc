/* The metadata before a streamed body, in pieces of all sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/web/prelude.h"

#define NULS "\0\0\0\0\0\0\0\0"

/* Feeds all of it in pieces of `size`, and gives the state and the number of bytes that were metadata. */
static enum web_prelude_state feed(struct web_prelude *prelude, const char *data, size_t len, size_t size,
                                   size_t *ret_used) {
    enum web_prelude_state state = WEB_PRELUDE_MORE;
    web_prelude_init(prelude);
    *ret_used = 0;
    for (size_t at = 0; at < len && state == WEB_PRELUDE_MORE; at += size) {
        size_t used, piece = len - at < size ? len - at : size;
        state = web_prelude_feed(prelude, data + at, piece, &used);
        assert_true(used <= piece && (used == piece || state != WEB_PRELUDE_MORE));
        *ret_used += used;
    }
    return state;
}

static void pieces_of_all_sizes(void **state) {
    (void)state;
    static const char data[] = "{\"statusCode\":200}" NULS "\0body" NULS;
    static const size_t metadata = sizeof "{\"statusCode\":200}" - 1;
    for (size_t size = 1; size <= sizeof data; size++) {
        struct web_prelude prelude;
        size_t used;
        assert_int_equal(feed(&prelude, data, sizeof data - 1, size, &used), WEB_PRELUDE_DONE);
        assert_int_equal(used, metadata + 8);
        assert_string_equal(buf_text(&prelude.metadata), "{\"statusCode\":200}");
        web_prelude_done(&prelude);
    }
}

static void random_borders(void **state) {
    (void)state;
    static const char data[] = "{\"headers\":{\"a\":\"b\"}}" NULS "rest";
    uint32_t random = 1;
    for (int round = 0; round < 1000; round++) {
        struct web_prelude prelude;
        enum web_prelude_state found = WEB_PRELUDE_MORE;
        size_t at = 0, used = 0;
        web_prelude_init(&prelude);
        while (found == WEB_PRELUDE_MORE) {
            random = random * 1664525u + 1013904223u;
            size_t piece = (random >> 16) % 7;
            piece = piece < sizeof data - 1 - at ? piece : sizeof data - 1 - at;
            found = web_prelude_feed(&prelude, data + at, piece, &used);
            at += used;
        }
        assert_int_equal(found, WEB_PRELUDE_DONE);
        assert_string_equal(data + at, "rest");
        web_prelude_done(&prelude);
    }
}

static void is(const char *data, size_t len, enum web_prelude_state expected) {
    for (size_t size = 1; size <= len; size++) {
        struct web_prelude prelude;
        size_t used;
        assert_int_equal(feed(&prelude, data, len, size, &used), expected);
        web_prelude_done(&prelude);
    }
}

static void nuls_are_eight(void **state) {
    (void)state;
    is("{}\0\0\0\0\0\0\0", 9, WEB_PRELUDE_MORE);
    is("{}\0\0\0\0\0\0\0x", 10, WEB_PRELUDE_BAD);
    is("{}\0x\0\0\0\0\0\0\0", 11, WEB_PRELUDE_BAD);
    is(NULS, 8, WEB_PRELUDE_DONE);
    is("{}", 2, WEB_PRELUDE_MORE);
}

static void it_is_bounded(void **state) {
    (void)state;
    struct web_prelude prelude;
    char *data = malloc(WEB_PRELUDE_BYTES + 16);
    size_t used;
    memset(data, ' ', WEB_PRELUDE_BYTES + 16);
    assert_int_equal(feed(&prelude, data, WEB_PRELUDE_BYTES, 1000, &used), WEB_PRELUDE_MORE);
    assert_int_equal(web_prelude_feed(&prelude, "x", 1, &used), WEB_PRELUDE_BAD);
    web_prelude_done(&prelude);
    assert_int_equal(feed(&prelude, data, WEB_PRELUDE_BYTES + 16, WEB_PRELUDE_BYTES + 16, &used),
                     WEB_PRELUDE_BAD);
    web_prelude_done(&prelude);
    free(data);
}

static void types(void **state) {
    (void)state;
    assert_true(web_prelude_is_announced(WEB_PRELUDE_TYPE));
    assert_true(web_prelude_is_announced("Application/vnd.awslambda.HTTP-integration-response; a=b"));
    assert_false(web_prelude_is_announced(WEB_PRELUDE_TYPE "s"));
    assert_false(web_prelude_is_announced("application/json"));
    assert_false(web_prelude_is_announced(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_all_sizes),
        cmocka_unit_test(random_borders),
        cmocka_unit_test(nuls_are_eight),
        cmocka_unit_test(it_is_bounded),
        cmocka_unit_test(types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
