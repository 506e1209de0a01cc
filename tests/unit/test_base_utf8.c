/* base/utf8: every code point both ways, and every two bytes that must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"

static void test_every_code_point(void **state) {
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (code >= 0xd800 && code < 0xe000)
            continue;
        char bytes[UTF8_MAX_BYTES];
        size_t size = utf8_encode(code, bytes);
        if (utf8_sequence(bytes, size) != size || utf8_decode(bytes, size) != code)
            fail_msg("U+%04X", code);
        if (utf8_sequence(bytes, size - 1) != 0)
            fail_msg("U+%04X cut short", code);
    }
}

static void test_what_is_not_utf8(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe1\x80\x41",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf1\x80\x80\x41",
        "\xff\xff\xff\xff",
        "\xfe",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(utf8_sequence(wrong[i], 4), 0);
    assert_int_equal(utf8_sequence("", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_what_is_not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
