/* base/json: the words and places of faults. The first two were recorded from AWS Lambda; the others are
 * Jackson's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define VALUES "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
#define UNEXPECTED "Unexpected character "
#define SOURCE "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: "

struct fault_case {
    const char *json;
    const char *text;
    size_t line, column;
};

static void run_cases(const struct fault_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(cases[i].json);
        OWN_MEM char *json = mem_copy(cases[i].json, len);
        struct json_fault fault;
        assert_false(json_check(json, len, &fault));
        if (strcmp(fault.text, cases[i].text) != 0 || fault.line != cases[i].line ||
            fault.column != cases[i].column)
            fail_msg("%s: %s at %zu:%zu", cases[i].json, fault.text, fault.line, fault.column);
    }
}

#define RUN(cases) run_cases(cases, sizeof cases / sizeof cases[0])

static void test_recorded(void **state) {
    (void)state;
    static const struct fault_case cases[] = {
        {"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt", "Invalid UTF-8 start byte 0x87", 1, 3},
        {"\x99\xeb,j\x07\xa1zYh", UNEXPECTED "((CTRL-CHAR, code 153)): expected a valid value " VALUES, 1, 1},
    };
    RUN(cases);
}

static void test_values(void **state) {
    (void)state;
    static const struct fault_case cases[] = {
        {"", "No content to map due to end-of-input", 1, 0},
        {" \n ", "No content to map due to end-of-input", 1, 0},
        {"abc", "Unrecognized token 'abc': was expecting " VALUES, 1, 4},
        {"nul", "Unrecognized token 'nul': was expecting " VALUES, 1, 4},
        {"[nul]", "Unrecognized token 'nul': was expecting " VALUES, 1, 6},
        {"nulll", "Unrecognized token 'nulll': was expecting " VALUES, 1, 6},
        {"[truex]", "Unrecognized token 'truex': was expecting " VALUES, 1, 8},
        {"tru\xc3\xa9 1", "Unrecognized token 'tru\xc3\xa9': was expecting " VALUES, 1, 7},
        {"abc\n", "Unrecognized token 'abc': was expecting " VALUES, 1, 5},
        {"\xc3\xa9", "Invalid UTF-8 start byte 0xa9", 1, 3},
        {"x\xc3", "Unrecognized token 'x': was expecting " VALUES, 1, 2},
        {"NaN", "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow", 1,
         4},
        {"[-Infinity]",
         "Non-standard token '-Infinity': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow", 1,
         11},
        {"NaNa", "Unrecognized token 'NaNa': was expecting " VALUES, 1, 5},
        {"'a'", UNEXPECTED "(''' (code 39)): expected a valid value " VALUES, 1, 1},
        {"[?]", UNEXPECTED "('?' (code 63)): expected a valid value " VALUES, 1, 2},
        {"[\xa7", UNEXPECTED "('\xc2\xa7' (code 167)): expected a valid value " VALUES, 1, 2},
        {"[1,]", UNEXPECTED "(']' (code 93)): expected a value", 1, 4},
        {"[,1]", UNEXPECTED "(',' (code 44)): expected a value", 1, 2},
        {"{\"a\":}", UNEXPECTED "('}' (code 125)): expected a value", 1, 6},
        {"{\"a\":]", UNEXPECTED "(']' (code 93)): expected a valid value " VALUES, 1, 6},
        {"{}x", "Unrecognized token 'x': was expecting " VALUES, 1, 4},
        {"{} {}",
         "Trailing token (of type START_OBJECT) found after value (bound as "
         "`com.fasterxml.jackson.databind.JsonNode`): not allowed as per "
         "`DeserializationFeature.FAIL_ON_TRAILING_TOKENS`",
         1, 4},
    };
    RUN(cases);
}

static void test_numbers(void **state) {
    (void)state;
    static const struct fault_case cases[] = {
        {"01", "Invalid numeric value: Leading zeroes not allowed", 1, 2},
        {"[-01]", "Invalid numeric value: Leading zeroes not allowed", 1, 4},
        {"-x",
         UNEXPECTED "('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid "
                    "numeric value",
         1, 2},
        {"[1.]", UNEXPECTED "(']' (code 93)) in numeric value: Decimal point not followed by a digit", 1, 4},
        {"1.", UNEXPECTED "('.' (code 46)) in numeric value: Decimal point not followed by a digit", 1, 2},
        {"[1e+]", UNEXPECTED "(']' (code 93)) in numeric value: Exponent indicator not followed by a digit",
         1, 5},
        {"1e", "Unexpected end-of-input in a Number value", 1, 3},
        {"-", "Unexpected end-of-input in a Number value", 1, 2},
        {"+", "Unexpected end-of-input in a Number value", 1, 2},
        {"+1",
         UNEXPECTED "('+' (code 43)) in numeric value: JSON spec does not allow numbers to have plus signs: "
                    "enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow",
         1, 2},
        {"20000;x", UNEXPECTED "(';' (code 59)): Expected space separating root-level values", 1, 6},
        {"[1x]", UNEXPECTED "('x' (code 120)): was expecting comma to separate Array entries", 1, 3},
    };
    RUN(cases);
}

static void test_structure(void **state) {
    (void)state;
    static const struct fault_case cases[] = {
        {"{",
         "Unexpected end-of-input: expected close marker for Object (start marker at " SOURCE
         "1, column: 1])",
         1, 2},
        {"{\n",
         "Unexpected end-of-input: expected close marker for Object (start marker at " SOURCE
         "1, column: 1])",
         2, 1},
        {"{\n \"a\":\r\n [1",
         "Unexpected end-of-input: expected close marker for Array (start marker at " SOURCE "3, column: 2])",
         3, 4},
        {"[1,", "Unexpected end-of-input within/between Array entries", 1, 4},
        {"{\"a\"", "Unexpected end-of-input within/between Object entries", 1, 5},
        {"{\"a\":", "Unexpected end-of-input within/between Object entries", 1, 6},
        {"{\"a\":1,", "Unexpected end-of-input within/between Object entries", 1, 8},
        {"]", "Unexpected close marker ']': expected '}' (for root starting at " SOURCE "1, column: 0])", 1,
         1},
        {"{}}", "Unexpected close marker '}': expected ']' (for root starting at " SOURCE "1, column: 0])", 1,
         3},
        {" [1}", "Unexpected close marker '}': expected ']' (for Array starting at " SOURCE "1, column: 2])",
         1, 4},
        {"{]", "Unexpected close marker ']': expected '}' (for Object starting at " SOURCE "1, column: 1])",
         1, 2},
        {"[1 2]", UNEXPECTED "('2' (code 50)): was expecting comma to separate Array entries", 1, 4},
        {"{\"a\":1 \"b\"", UNEXPECTED "('\"' (code 34)): was expecting comma to separate Object entries", 1,
         8},
        {"{\"a\" 1}", UNEXPECTED "('1' (code 49)): was expecting a colon to separate field name and value", 1,
         6},
        {"{a:1}", UNEXPECTED "('a' (code 97)): was expecting double-quote to start field name", 1, 2},
        {"{\"a\":1,}", UNEXPECTED "('}' (code 125)): was expecting double-quote to start field name", 1, 8},
        {"{\xe2\x82\xac",
         UNEXPECTED "('\xe2\x82\xac' (code 8364 / 0x20ac)): was expecting double-quote to "
                    "start field name",
         1, 4},
        {"[1,\f2]",
         "Illegal character ((CTRL-CHAR, code 12)): only regular white space (\\r, \\n, \\t) is allowed "
         "between tokens",
         1, 4},
        {"// c",
         UNEXPECTED "('/' (code 47)): maybe a (non-standard) comment? (not recognized as one since Feature "
                    "'ALLOW_COMMENTS' not enabled for parser)",
         1, 1},
    };
    RUN(cases);
}

static void test_strings(void **state) {
    (void)state;
    static const struct fault_case cases[] = {
        {"\"abc", "Unexpected end-of-input in VALUE_STRING", 1, 5},
        {"\"\xe2\x82", "Unexpected end-of-input in VALUE_STRING", 1, 4},
        {"{\"", "Unexpected end-of-input: was expecting closing '\"' for name", 1, 3},
        {"{\"a", "Unexpected end-of-input in field name", 1, 4},
        {"\"a\nb\"",
         "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be "
         "included in string value",
         1, 3},
        {"{\"a\tb\"",
         "Illegal unquoted character ((CTRL-CHAR, code 9)): has to be escaped using backslash to be included "
         "in name",
         1, 4},
        {"\"\\x\"", "Unrecognized character escape 'x' (code 120)", 1, 3},
        {"\"\\", "Unexpected end-of-input in character escape sequence", 1, 3},
        {"\"\\u12", "Unexpected end-of-input in character escape sequence", 1, 6},
        {"\"\\u12g4\"", UNEXPECTED "('g' (code 103)): expected a hex-digit for character escape sequence", 1,
         6},
        {"\"\x80\"", "Invalid UTF-8 start byte 0x80", 1, 3},
        {"\"\xff\"", "Invalid UTF-8 start byte 0xff", 1, 3},
        {"\"\xc3(\"", "Invalid UTF-8 middle byte 0x28", 1, 4},
        {"\"\xe2\x82(\"", "Invalid UTF-8 middle byte 0x28", 1, 5},
        {"\"\xed\xa0\x80\"", "Invalid UTF-8 middle byte 0xa0", 1, 4},
        {"\"\xc0\xaf\"", "Invalid UTF-8 start byte 0xc0", 1, 3},
    };
    RUN(cases);
}

static void test_depth(void **state) {
    (void)state;
    char text[JSON_MAX_DEPTH + 1];
    memset(text, '[', sizeof text);
    struct json_fault fault;
    assert_false(json_check(text, sizeof text, &fault));
    assert_string_equal(fault.text, "Document nesting depth (1001) exceeds the maximum allowed (1000, from "
                                    "`StreamReadConstraints.getMaxNestingDepth()`)");
}

static void test_long_tokens_are_cut(void **state) {
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof text);
    struct json_fault fault;
    assert_false(json_check(text, sizeof text, &fault));
    assert_non_null(strstr(fault.text, "xxx...': was expecting " VALUES));
    assert_true(strlen(fault.text) < 400);
}

static void test_the_whole_message(void **state) {
    (void)state;
    struct json_fault fault;
    struct json_doc doc;
    struct err err;
    assert_false(json_check("n\x87", 2, &fault));
    assert_int_equal(fault.offset, 2);
    assert_false(json_parse(&doc, "n\x87", 2, 1, &err));
    assert_string_equal(err.text, "Invalid UTF-8 start byte 0x87\n at " SOURCE "1, column: 3]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_long_tokens_are_cut),
        cmocka_unit_test(test_the_whole_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
