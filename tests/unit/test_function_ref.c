/* model/function_ref: every form a caller may use, the service's refusals, and ARNs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/function_ref.h"

static const char read_words[] = "Member must satisfy regular expression pattern: "
                                 "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-["
                                 "a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
                                 "([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
static const char write_words[] = "Member must satisfy regular expression pattern: "
                                  "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-["
                                  "a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
                                  "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";

struct form {
    const char *text;
    const char *region;
    const char *account;
    const char *name;
    const char *qualifier;
};

static const struct form forms[] = {
    {"f", "", "", "f", ""},
    {"f:1", "", "", "f", "1"},
    {"f:$LATEST", "", "", "f", "$LATEST"},
    {"my-fn_2:prod", "", "", "my-fn_2", "prod"},
    {"function:f", "", "", "f", ""},
    {"function:f:prod", "", "", "f", "prod"},
    {"123456789012:function:f", "", "123456789012", "f", ""},
    {"123456789012:f", "", "123456789012", "f", ""},
    {"123456789012:function:f:7", "", "123456789012", "f", "7"},
    {"us-east-1:123456789012:function:f", "us-east-1", "123456789012", "f", ""},
    {"arn:aws:lambda:us-east-1:123456789012:function:f", "us-east-1", "123456789012", "f", ""},
    {"arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", "us-east-1", "123456789012", "f", "$LATEST"},
    {"arn:aws-cn:lambda:cn-north-1:123456789012:function:f:9", "cn-north-1", "123456789012", "f", "9"},
    {"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f", "us-gov-west-1", "123456789012", "f", ""},
    {"arn:aws-iso-b:lambda:us-isob-east-1:123456789012:function:f", "us-isob-east-1", "123456789012", "f",
     ""},
    {"arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:f", "eusc-de-east-1", "123456789012", "f", ""},
    {"arn::lambda:us-east-1:123456789012:function:f", "us-east-1", "123456789012", "f", ""},
    {"arn:aws:lambda:f", "", "", "f", ""},
    /* A prefix that nothing follows is the name. */
    {"function", "", "", "function", ""},
    {"function:function", "", "", "function", ""},
    {"function:$LATEST", "", "", "function", "$LATEST"},
    {"function:function:function", "", "", "function", "function"},
    {"123456789012", "", "", "123456789012", ""},
    {"123456789012:$LATEST", "", "", "123456789012", "$LATEST"},
    {"123456789012:function:$LATEST", "", "123456789012", "function", "$LATEST"},
    {"us-east-1", "", "", "us-east-1", ""},
    {"us-east-1:$LATEST", "", "", "us-east-1", "$LATEST"},
    {"us-east-1:f", "us-east-1", "", "f", ""},
    {"arn:aws", "", "", "arn", "aws"},
};

static void test_accepted_forms(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        for (enum function_ref_kind kind = FUNCTION_REF_READ; kind <= FUNCTION_REF_WRITE; kind++) {
            struct err err;
            struct function_ref ref;
            if (!function_ref_parse(forms[i].text, kind, &ref, &err))
                fail_msg("%s: %s", forms[i].text, err.text);
            assert_string_equal(ref.region, forms[i].region);
            assert_string_equal(ref.account, forms[i].account);
            assert_string_equal(ref.name, forms[i].name);
            assert_string_equal(ref.qualifier, forms[i].qualifier);
        }
    }
}

static void expect_refused(const char *text, enum function_ref_kind kind, const char *words) {
    struct err err;
    struct function_ref ref;
    if (function_ref_parse(text, kind, &ref, &err))
        fail_msg("%s was accepted", text);
    assert_int_equal(err.code, ERR_VALIDATION);
    char expected[ERR_TEXT_BYTES];
    snprintf(expected, sizeof expected,
             "1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: %s",
             text, words);
    assert_string_equal(err.text, expected);
}

static void test_refused_forms(void **state) {
    (void)state;
    static const char *const texts[] = {
        "invalid:function:name",
        "a:b:c",
        "f:",
        ":f",
        "f:$latest",
        "f:$LATEST.",
        "f name",
        "f/x",
        "f\n",
        "arn:aws:lambda:us-east-1:123456789012@function:f",
        "arn:aws:lambda:us-east-1:12345678901:function:f",
        "arn:aws:sqs:us-east-1:123456789012:f",
        "arn:aws:lambda:us-east-1:123456789012:function:f:1:2",
        "arn:aws:lambda:us-east-1:123456789012:function:",
        "arn:aws:lambda:",
        "Function:f:1",
        "f:a.b",
        "::::::::",
        "us-east-12:123456789012:function:f",
        "us-xyz-east-1:123456789012:function:f",
        "\xc3\xa9",
        "$LATEST",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect_refused(texts[i], FUNCTION_REF_READ, read_words);
        expect_refused(texts[i], FUNCTION_REF_WRITE, write_words);
    }
}

static void test_writes_are_stricter(void **state) {
    (void)state;
    struct err err;
    struct function_ref ref;
    assert_true(function_ref_parse("a.b", FUNCTION_REF_READ, &ref, &err));
    assert_true(function_ref_parse("f:$LATEST.PUBLISHED", FUNCTION_REF_READ, &ref, &err));
    assert_string_equal(ref.qualifier, "$LATEST.PUBLISHED");
    assert_false(function_ref_parse("a.b", FUNCTION_REF_WRITE, &ref, &err));
    assert_false(function_ref_parse("f:$LATEST.PUBLISHED", FUNCTION_REF_WRITE, &ref, &err));
}

static void test_lengths(void **state) {
    (void)state;
    char text[300];
    struct err err;
    struct function_ref ref;
    memset(text, 'a', sizeof text);
    text[140] = '\0';
    assert_true(function_ref_parse(text, FUNCTION_REF_WRITE, &ref, &err));
    assert_false(function_ref_check_new_name(&ref, &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_non_null(
        strstr(err.text, "failed to satisfy constraint: Member must have length less than or equal to 64"));
    text[140] = 'a';
    text[141] = '\0';
    expect_refused(text, FUNCTION_REF_WRITE, "Member must have length less than or equal to 140");
    text[141] = 'a';
    text[256] = '\0';
    assert_true(function_ref_parse(text, FUNCTION_REF_READ, &ref, &err));
    assert_string_equal(ref.name, text);
    text[256] = 'a';
    text[257] = '\0';
    expect_refused(text, FUNCTION_REF_READ, "Member must have length less than or equal to 256");
    assert_false(function_ref_parse("", FUNCTION_REF_READ, &ref, &err));
    assert_non_null(strstr(err.text, "Member must have length greater than or equal to 1"));
    text[64] = '\0';
    assert_true(function_ref_parse(text, FUNCTION_REF_WRITE, &ref, &err));
    assert_true(function_ref_check_new_name(&ref, &err));
}

static void test_qualify(void **state) {
    (void)state;
    struct err err;
    struct function_ref ref;
    assert_true(function_ref_parse("f", FUNCTION_REF_READ, &ref, &err));
    assert_true(function_ref_qualify(&ref, "", &err));
    assert_string_equal(ref.qualifier, "");
    assert_true(function_ref_qualify(&ref, "$LATEST", &err));
    assert_string_equal(ref.qualifier, "$LATEST");
    assert_true(function_ref_qualify(&ref, "$LATEST", &err));
    assert_false(function_ref_qualify(&ref, "1", &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_string_equal(
        err.text, "The derived qualifier from the function name does not match the specified qualifier.");
    assert_false(function_ref_qualify(&ref, "invalid-qualifier-with-?-char", &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    assert_string_equal(
        err.text,
        "1 validation error detected: Value 'invalid-qualifier-with-?-char' at 'qualifier' failed to "
        "satisfy constraint: Member must satisfy regular expression pattern: "
        "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+");
    char longest[200];
    memset(longest, 'q', sizeof longest);
    longest[129] = '\0';
    assert_false(function_ref_qualify(&ref, longest, &err));
    assert_non_null(strstr(err.text, "length less than or equal to 128"));
}

static void test_home(void **state) {
    (void)state;
    struct err err;
    struct function_ref ref;
    assert_true(function_ref_parse("f", FUNCTION_REF_READ, &ref, &err));
    assert_true(function_ref_check_home(&ref, "us-east-1", "000000000000", &err));
    assert_true(function_ref_parse("arn:aws:lambda:eu-west-1:000000000000:function:f", FUNCTION_REF_READ,
                                   &ref, &err));
    assert_true(function_ref_check_home(&ref, "eu-west-1", "000000000000", &err));
    assert_false(function_ref_check_home(&ref, "us-east-1", "000000000000", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_string_equal(err.text,
                        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')");
    assert_false(function_ref_check_home(&ref, "eu-west-1", "111111111111", &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_string_equal(err.text, "");
}

static void test_versions_and_arns(void **state) {
    (void)state;
    assert_true(function_qualifier_is_version("12"));
    assert_false(function_qualifier_is_version(""));
    assert_false(function_qualifier_is_version("$LATEST"));
    assert_false(function_qualifier_is_version("1a"));
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format("us-east-1", "000000000000", "f", NULL, arn);
    assert_string_equal(arn, "arn:aws:lambda:us-east-1:000000000000:function:f");
    function_arn_format("cn-north-1", "000000000000", "f", "$LATEST", arn);
    assert_string_equal(arn, "arn:aws-cn:lambda:cn-north-1:000000000000:function:f:$LATEST");
    function_arn_format("us-gov-west-1", "000000000000", "f", "", arn);
    assert_string_equal(arn, "arn:aws-us-gov:lambda:us-gov-west-1:000000000000:function:f");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_forms),
        cmocka_unit_test(test_refused_forms),
        cmocka_unit_test(test_writes_are_stricter),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_qualify),
        cmocka_unit_test(test_home),
        cmocka_unit_test(test_versions_and_arns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
