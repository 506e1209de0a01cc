/* model/policy: every condition operator, with and without its key, with IfExists and the set operators. */
#include "policy_fixture.h"

struct row {
    const char *condition; /* the inside of the Condition object */
    const char *facts;
    bool holds;
};

static void check_rows(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        OWN_MEM char *document = mem_format(
            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
            "\"Resource\":\"*\",\"Condition\":{%s}}}",
            rows[i].condition);
        struct policy *policy = policy_fixture_parse(document, POLICY_IDENTITY);
        enum policy_decision decision = policy_fixture_ask(policy, "a:b", "*", &policy_fixture_alice,
                                                           rows[i].facts);
        policy_free(policy);
        if ((decision == POLICY_ALLOW) != rows[i].holds)
            fail_msg("%s with %s: %d", rows[i].condition, rows[i].facts, decision);
    }
}

/* One key "k": operator, values, facts. */
#define IS(op, values, facts, holds)                                                                         \
    { "\"" op "\":{\"k\":" values "}", facts, holds }

static void test_strings(void **state) {
    (void)state;
    static const struct row rows[] = {
        IS("StringEquals", "\"a\"", "k=a", true),
        IS("StringEquals", "\"a\"", "k=A", false),
        IS("StringEquals", "\"a\"", "k=ab", false),
        IS("StringEquals", "\"a\"", "k=", false),
        IS("StringEquals", "\"\"", "k=", true),
        IS("StringEquals", "\"a\"", NULL, false),
        IS("StringEquals", "\"a\"", "other=a", false),
        IS("StringEquals", "\"a\"", "K=a", true),
        IS("StringEquals", "\"a*\"", "k=ab", false),
        IS("StringEquals", "\"a*\"", "k=a*", true),
        IS("StringEquals", "[\"a\",\"b\"]", "k=b", true),
        IS("StringEquals", "[\"a\",\"b\"]", "k=c", false),
        IS("StringEquals", "[]", "k=c", false),
        IS("StringEquals", "true", "k=true", true),
        IS("StringEquals", "12", "k=12", true),
        IS("StringEquals", "\"\\u00e9\"", "k=\xc3\xa9", true),
        IS("stringequals", "\"a\"", "k=a", true),
        IS("StringEqualsIfExists", "\"a\"", "k=a", true),
        IS("StringEqualsIfExists", "\"a\"", "k=b", false),
        IS("StringEqualsIfExists", "\"a\"", NULL, true),
        IS("StringNotEquals", "\"a\"", "k=a", false),
        IS("StringNotEquals", "\"a\"", "k=b", true),
        IS("StringNotEquals", "\"a\"", NULL, true),
        IS("StringNotEquals", "[\"a\",\"b\"]", "k=b", false),
        IS("StringNotEquals", "[\"a\",\"b\"]", "k=c", true),
        IS("StringNotEqualsIfExists", "\"a\"", "k=a", false),
        IS("StringNotEqualsIfExists", "\"a\"", "k=b", true),
        IS("StringNotEqualsIfExists", "\"a\"", NULL, true),
        IS("StringEqualsIgnoreCase", "\"aB\"", "k=Ab", true),
        IS("StringEqualsIgnoreCase", "\"aB\"", "k=Ac", false),
        IS("StringEqualsIgnoreCase", "\"aB\"", NULL, false),
        IS("StringEqualsIgnoreCaseIfExists", "\"aB\"", "k=AB", true),
        IS("StringEqualsIgnoreCaseIfExists", "\"aB\"", "k=x", false),
        IS("StringEqualsIgnoreCaseIfExists", "\"aB\"", NULL, true),
        IS("StringNotEqualsIgnoreCase", "\"aB\"", "k=Ab", false),
        IS("StringNotEqualsIgnoreCase", "\"aB\"", "k=Ac", true),
        IS("StringNotEqualsIgnoreCase", "\"aB\"", NULL, true),
        IS("StringLike", "\"a*\"", "k=abc", true),
        IS("StringLike", "\"a*\"", "k=Abc", false),
        IS("StringLike", "\"a?c\"", "k=abc", true),
        IS("StringLike", "\"a?c\"", "k=ac", false),
        IS("StringLike", "\"a?c\"",
           "k=a\xc3\xa9"
           "c",
           true),
        IS("StringLike", "\"*\"", "k=", true),
        IS("StringLike", "\"*\"", NULL, false),
        IS("StringLike", "[\"x\",\"*b\"]", "k=ab", true),
        IS("StringLikeIfExists", "\"a*\"", "k=b", false),
        IS("StringLikeIfExists", "\"a*\"", "k=ab", true),
        IS("StringLikeIfExists", "\"a*\"", NULL, true),
        IS("StringNotLike", "\"a*\"", "k=abc", false),
        IS("StringNotLike", "\"a*\"", "k=b", true),
        IS("StringNotLike", "\"a*\"", NULL, true),
        IS("StringNotLike", "[\"a*\",\"b*\"]", "k=bx", false),
    };
    check_rows(rows, COUNT(rows));
}

static void test_numbers(void **state) {
    (void)state;
    static const struct row rows[] = {
        IS("NumericEquals", "\"10\"", "k=10", true),
        IS("NumericEquals", "\"10\"", "k=10.00", true),
        IS("NumericEquals", "10", "k=+010", true),
        IS("NumericEquals", "10.5", "k=10.50", true),
        IS("NumericEquals", "\"0\"", "k=-0.0", true),
        IS("NumericEquals", "\".5\"", "k=0.5", true),
        IS("NumericEquals", "\"5.\"", "k=5", true),
        IS("NumericEquals", "\"10\"", "k=11", false),
        IS("NumericEquals", "\"10\"", "k=ten", false),
        IS("NumericEquals", "\"10\"", "k=", false),
        IS("NumericEquals", "\"10\"", NULL, false),
        IS("NumericEquals", "\"9007199254740993\"", "k=9007199254740992", false),
        IS("NumericEquals", "[\"1\",\"2\"]", "k=2", true),
        IS("NumericEqualsIfExists", "\"10\"", NULL, true),
        IS("NumericEqualsIfExists", "\"10\"", "k=1", false),
        IS("NumericNotEquals", "\"10\"", "k=10.0", false),
        IS("NumericNotEquals", "\"10\"", "k=9", true),
        IS("NumericNotEquals", "\"10\"", NULL, true),
        IS("NumericNotEquals", "[\"1\",\"2\"]", "k=2", false),
        IS("NumericNotEqualsIfExists", "\"10\"", "k=10", false),
        IS("NumericLessThan", "\"10\"", "k=9.999", true),
        IS("NumericLessThan", "\"10\"", "k=10", false),
        IS("NumericLessThan", "\"10\"", "k=11", false),
        IS("NumericLessThan", "\"10\"", "k=9", true),
        IS("NumericLessThan", "\"10\"", "k=-11", true),
        IS("NumericLessThan", "\"-10\"", "k=-11", true),
        IS("NumericLessThan", "\"-10\"", "k=-9", false),
        IS("NumericLessThan", "\"-10\"", "k=9", false),
        IS("NumericLessThan", "\"0.25\"", "k=0.249", true),
        IS("NumericLessThan", "\"0.25\"", "k=0.2501", false),
        IS("NumericLessThan", "\"10\"", NULL, false),
        IS("NumericLessThanIfExists", "\"10\"", NULL, true),
        IS("NumericLessThanIfExists", "\"10\"", "k=10", false),
        IS("NumericLessThanEquals", "\"10\"", "k=10", true),
        IS("NumericLessThanEquals", "\"10\"", "k=10.1", false),
        IS("NumericLessThanEquals", "\"10\"", NULL, false),
        IS("NumericGreaterThan", "\"10\"", "k=10", false),
        IS("NumericGreaterThan", "\"10\"", "k=100000000000000000000000000000", true),
        IS("NumericGreaterThan", "\"10\"", "k=0x20", false),
        IS("NumericGreaterThan", "\"10\"", NULL, false),
        IS("NumericGreaterThanEquals", "\"10\"", "k=10", true),
        IS("NumericGreaterThanEquals", "\"10\"", "k=9", false),
        IS("NumericGreaterThanEqualsIfExists", "\"10\"", NULL, true),
    };
    check_rows(rows, COUNT(rows));
}

static void test_dates(void **state) {
    (void)state;
    static const struct row rows[] = {
        IS("DateEquals", "\"2026-01-31T12:34:56Z\"", "k=2026-01-31T12:34:56Z", true),
        IS("DateEquals", "\"2026-01-31T12:34:56Z\"", "k=2026-01-31t14:34:56+02:00", true),
        IS("DateEquals", "\"2026-01-31T12:34:56Z\"", "k=2026-01-31T10:04:56.000-02:30", true),
        IS("DateEquals", "\"2026-01-31T12:34:56Z\"", "k=1769862896", true),
        IS("DateEquals", "\"1769862896\"", "k=2026-01-31T12:34:56", true),
        IS("DateEquals", "1769862896", "k=1769862896", true),
        IS("DateEquals", "\"2026-01-31T12:34:56Z\"", "k=2026-01-31T12:34:56.001Z", false),
        IS("DateEquals", "\"2026-01\"", "k=2026-01-01T00:00Z", true),
        IS("DateEquals", "\"0\"", "k=1970-01-01T00:00:00Z", true),
        IS("DateEquals", "\"951782400\"", "k=2000-02-29", true),
        IS("DateEquals", "\"4107542400\"", "k=2100-03-01", true),
        IS("DateEquals", "\"1970-01-01T\"", "k=0", true),
        IS("DateEquals", "\"2026-01-31\"", "k=yesterday", false),
        IS("DateEquals", "\"2026-01-31\"", NULL, false),
        IS("DateEqualsIfExists", "\"2026-01-31\"", NULL, true),
        IS("DateNotEquals", "\"2026-01-31\"", "k=2026-01-31", false),
        IS("DateNotEquals", "\"2026-01-31\"", "k=2026-01-30", true),
        IS("DateNotEquals", "\"2026-01-31\"", NULL, true),
        IS("DateLessThan", "\"2026-01-31\"", "k=2026-01-30T23:59:59.999999999Z", true),
        IS("DateLessThan", "\"2026-01-31\"", "k=2026-01-31", false),
        IS("DateLessThan", "\"1969-12-31T23:59:59Z\"", "k=1969-12-31T23:59:58Z", true),
        IS("DateLessThan", "\"2026-01-31T00:00:00.5Z\"", "k=2026-01-31T00:00:00.49Z", true),
        IS("DateLessThan", "\"2026-01-31\"", "k=-0044-03-15", true),
        IS("DateLessThan", "\"2026-01-31\"", NULL, false),
        IS("DateLessThanEquals", "\"2026-01-31\"", "k=2026-01-31", true),
        IS("DateLessThanEquals", "\"2026-01-31\"", "k=2026-01-31T00:00:01Z", false),
        IS("DateGreaterThan", "\"2026-01-31\"", "k=2026-01-31", false),
        IS("DateGreaterThan", "\"2026-01-31\"", "k=2026-01-31T00:00:00.000000001Z", true),
        IS("DateGreaterThan", "\"2020-01-01T00:00:01Z\"", "k=1577836801", false),
        IS("DateGreaterThan", "\"2020-01-01T00:00:01Z\"", "k=1577836802", true),
        IS("DateGreaterThanEquals", "\"2026-01-31\"", "k=2026-01-31", true),
        IS("DateGreaterThanEquals", "\"2026-01-31\"", "k=2026-01-30", false),
        IS("DateGreaterThanEqualsIfExists", "\"2026-01-31\"", NULL, true),
    };
    check_rows(rows, COUNT(rows));
}

static void test_booleans_and_bytes(void **state) {
    (void)state;
    static const struct row rows[] = {
        IS("Bool", "\"true\"", "k=true", true),
        IS("Bool", "\"true\"", "k=True", true),
        IS("Bool", "true", "k=true", true),
        IS("Bool", "false", "k=true", false),
        IS("Bool", "[true,false]", "k=false", true),
        IS("Bool", "\"false\"", NULL, false),
        IS("BoolIfExists", "\"false\"", NULL, true),
        IS("BoolIfExists", "\"false\"", "k=true", false),
        IS("Bool", "\"${v}\"", "k=true|v=true", true),
        IS("Bool", "\"${v}\"", "k=true", false),
        IS("BinaryEquals", "\"QmluYXJ5\"", "k=QmluYXJ5", true),
        IS("BinaryEquals", "\"QmluYXJ5\"", "k=qmluYXJ5", false),
        IS("BinaryEquals", "\"QmluYXJ5\"", NULL, false),
        IS("BinaryEqualsIfExists", "\"QmluYXJ5\"", NULL, true),
        IS("Null", "\"true\"", NULL, true),
        IS("Null", "\"true\"", "k=x", false),
        IS("Null", "\"false\"", NULL, false),
        IS("Null", "\"false\"", "k=x", true),
        IS("Null", "false", "K=x", true),
        IS("Null", "\"true\"", "k=", true),
        IS("Null", "[\"true\",\"false\"]", "k=x", true),
    };
    check_rows(rows, COUNT(rows));
}

static void test_addresses(void **state) {
    (void)state;
    static const struct row rows[] = {
        IS("IpAddress", "\"203.0.113.0/24\"", "k=203.0.113.1", true),
        IS("IpAddress", "\"203.0.113.0/24\"", "k=203.0.114.1", false),
        IS("IpAddress", "\"203.0.113.7/24\"", "k=203.0.113.1", true),
        IS("IpAddress", "\"10.0.0.0/9\"", "k=10.127.255.255", true),
        IS("IpAddress", "\"10.0.0.0/9\"", "k=10.128.0.0", false),
        IS("IpAddress", "\"0.0.0.0/0\"", "k=1.2.3.4", true),
        IS("IpAddress", "\"0.0.0.0/0\"", "k=::1", false),
        IS("IpAddress", "\"127.0.0.1\"", "k=127.0.0.1", true),
        IS("IpAddress", "\"127.0.0.1\"", "k=127.0.0.2", false),
        IS("IpAddress", "\"127.0.0.1/31\"", "k=127.0.0.0", true),
        IS("IpAddress", "\"2001:DB8:1234:5678::/64\"", "k=2001:db8:1234:5678::9", true),
        IS("IpAddress", "\"2001:DB8:1234:5678::/64\"", "k=2001:db8:1234:5679::9", false),
        IS("IpAddress", "\"2001:db8::/33\"", "k=2001:db8:7fff::", true),
        IS("IpAddress", "\"2001:db8::/33\"", "k=2001:db8:8000::", false),
        IS("IpAddress", "\"::1\"", "k=::1", true),
        IS("IpAddress", "\"::1\"", "k=::2", false),
        IS("IpAddress", "[\"10.0.0.0/8\",\"::1/128\"]", "k=::1", true),
        IS("IpAddress", "\"10.0.0.0/8\"", "k=10.0.0.0/8", false),
        IS("IpAddress", "\"10.0.0.0/8\"", "k=localhost", false),
        IS("IpAddress", "\"10.0.0.0/8\"", NULL, false),
        IS("IpAddressIfExists", "\"10.0.0.0/8\"", NULL, true),
        IS("NotIpAddress", "\"10.0.0.0/8\"", "k=10.1.1.1", false),
        IS("NotIpAddress", "\"10.0.0.0/8\"", "k=11.1.1.1", true),
        IS("NotIpAddress", "\"10.0.0.0/8\"", "k=::1", true),
        IS("NotIpAddress", "\"10.0.0.0/8\"", NULL, true),
        IS("NotIpAddress", "[\"10.0.0.0/8\",\"11.0.0.0/8\"]", "k=11.1.1.1", false),
        IS("NotIpAddressIfExists", "\"10.0.0.0/8\"", "k=10.1.1.1", false),
    };
    check_rows(rows, COUNT(rows));
}

static void test_arns(void **state) {
    (void)state;
#define TOPIC "arn:aws:sns:us-east-1:123456789012:topic"
    static const struct row rows[] = {
        IS("ArnEquals", "\"" TOPIC "\"", "k=" TOPIC, true),
        IS("ArnEquals", "\"" TOPIC "\"", "k=arn:aws:sns:us-east-1:777788889999:topic", false),
        IS("ArnEquals", "\"arn:aws:sns:*:123456789012:t*\"", "k=" TOPIC, true),
        IS("ArnEquals", "\"arn:aws:sns:*:topic\"", "k=" TOPIC, false),
        IS("ArnEquals", "\"arn:aws:SNS:*:*:*\"", "k=" TOPIC, false),
        IS("ArnEquals", "\"" TOPIC "\"", NULL, false),
        IS("ArnEqualsIfExists", "\"" TOPIC "\"", NULL, true),
        IS("ArnLike", "\"arn:aws:s3:::b*\"", "k=arn:aws:s3:::bucket", true),
        IS("ArnLike", "\"arn:aws:s3:::b*\"", "k=arn:aws:s3:::other", false),
        IS("ArnLike", "\"arn:aws:s3:::b?\"", "k=arn:aws:s3:::bu", true),
        IS("ArnLike", "\"arn:aws:s3:::b?\"", "k=arn:aws:s3:::bucket", false),
        IS("ArnLike", "\"arn:aws:iam::*:role/a:*\"", "k=arn:aws:iam::1:role/a:b:c", true),
        IS("ArnLike", "\"arn:aws:iam::*\"", "k=arn:aws:iam::1:role/a", true),
        IS("ArnLike", "\"arn:aws:sns:us-east-1:123456789012\"", "k=" TOPIC, false),
        IS("ArnLike", "\"arn:aws:sns:us-east-1:123456789012:topic\"", "k=topic", false),
        IS("ArnLike", "\"*\"", "k=not-an-arn", false),
        IS("ArnLike", "\"*\"", "k=" TOPIC, true),
        IS("ArnLike", "\"arn:aws:sns:us-east-1:${a}:*\"", "k=" TOPIC "|a=123456789012", true),
        IS("ArnLike", "\"arn:aws:sns:us-east-1:${a}:*\"", "k=" TOPIC "|a=*", false),
        IS("ArnNotEquals", "\"" TOPIC "\"", "k=" TOPIC, false),
        IS("ArnNotEquals", "\"" TOPIC "\"", "k=" TOPIC "2", true),
        IS("ArnNotEquals", "\"" TOPIC "\"", NULL, true),
        IS("ArnNotLike", "\"arn:aws:sns:*:*:*\"", "k=" TOPIC, false),
        IS("ArnNotLike", "\"arn:aws:sqs:*:*:*\"", "k=" TOPIC, true),
        IS("ArnNotLike", "\"arn:aws:sqs:*:*:*\"", NULL, true),
        IS("ArnNotLikeIfExists", "\"arn:aws:sns:*:*:*\"", "k=" TOPIC, false),
    };
    check_rows(rows, COUNT(rows));
}

static void test_sets(void **state) {
    (void)state;
    static const struct row rows[] = {
        /* Every value must match; nothing to look at is fine. */
        IS("ForAllValues:StringEquals", "[\"a\",\"b\"]", "k=a|k=b", true),
        IS("ForAllValues:StringEquals", "[\"a\",\"b\"]", "k=a", true),
        IS("ForAllValues:StringEquals", "[\"a\",\"b\"]", "k=a|k=c", false),
        IS("ForAllValues:StringEquals", "[\"a\",\"b\"]", NULL, true),
        IS("ForAllValues:StringEquals", "[\"a\",\"b\"]", "k=", true),
        IS("ForAllValues:StringEqualsIfExists", "\"a\"", NULL, true),
        IS("ForAllValues:StringNotEquals", "[\"a\",\"b\"]", "k=c|k=d", true),
        IS("ForAllValues:StringNotEquals", "[\"a\",\"b\"]", "k=c|k=a", false),
        IS("ForAllValues:StringNotEquals", "[\"a\",\"b\"]", NULL, true),
        IS("ForAllValues:StringLike", "\"a*\"", "k=a1|k=a2", true),
        IS("ForAllValues:StringLike", "\"a*\"", "k=a1|k=b", false),
        IS("ForAllValues:Bool", "true", "k=true|k=true", true),
        IS("ForAllValues:Bool", "true", "k=true|k=false", false),
        IS("ForAllValues:ArnLike", "\"arn:aws:s3:::a*\"", "k=arn:aws:s3:::ab|k=arn:aws:s3:::ac", true),
        IS("ForAllValues:NumericLessThan", "5", "k=1|k=7", false),
        IS("ForAllValues:DateLessThan", "\"2026-01-01\"", "k=2025-01-01|k=2024-01-01", true),
        IS("ForAllValues:IpAddress", "\"10.0.0.0/8\"", "k=10.0.0.1|k=11.0.0.1", false),
        IS("forallvalues:StringEquals", "\"a\"", "k=b", false),
        /* One value is enough; nothing to look at is not. */
        IS("ForAnyValue:StringEquals", "[\"a\",\"b\"]", "k=c|k=b", true),
        IS("ForAnyValue:StringEquals", "[\"a\",\"b\"]", "k=c|k=d", false),
        IS("ForAnyValue:StringEquals", "[\"a\",\"b\"]", NULL, false),
        IS("ForAnyValue:StringEquals", "[\"\"]", "k=", false),
        IS("ForAnyValue:StringEqualsIfExists", "\"a\"", NULL, true),
        IS("ForAnyValue:StringEqualsIfExists", "\"a\"", "k=b", false),
        IS("ForAnyValue:StringNotEquals", "[\"a\",\"b\"]", "k=a|k=c", true),
        IS("ForAnyValue:StringNotEquals", "[\"a\",\"b\"]", "k=a|k=b", false),
        IS("ForAnyValue:StringNotEquals", "[\"a\",\"b\"]", NULL, false),
        IS("ForAnyValue:StringNotLike", "\"a*\"", "k=a1|k=b", true),
        IS("ForAnyValue:StringNotLike", "\"a*\"", "k=a1|k=a2", false),
        IS("ForAnyValue:ArnNotEquals", "\"arn:aws:s3:::a\"", "k=arn:aws:s3:::a|k=arn:aws:s3:::b", true),
        IS("ForAnyValue:NumericGreaterThan", "5", "k=1|k=7", true),
        IS("ForAnyValue:Bool", "true", "k=false|k=true", true),
        IS("ForAnyValue:Null", "false", "k=x", true),
        /* Without a set operator: any, or none when negated. */
        IS("StringEquals", "\"a\"", "k=b|k=a", true),
        IS("StringNotEquals", "\"a\"", "k=b|k=a", false),
        IS("StringNotEquals", "\"a\"", "k=b|k=c", true),
    };
    check_rows(rows, COUNT(rows));
}

static void test_together(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"", NULL, true},
        {"\"StringEquals\":{\"a\":\"1\",\"b\":\"2\"}", "a=1|b=2", true},
        {"\"StringEquals\":{\"a\":\"1\",\"b\":\"2\"}", "a=1|b=3", false},
        {"\"StringEquals\":{\"a\":\"1\"},\"NumericLessThan\":{\"n\":5}", "a=1|n=4", true},
        {"\"StringEquals\":{\"a\":\"1\"},\"NumericLessThan\":{\"n\":5}", "a=1|n=6", false},
        {"\"StringEquals\":{\"a\":\"1\"},\"NumericLessThan\":{\"n\":5}", "a=2|n=4", false},
        {"\"StringEquals\":{}", NULL, true},
        {"\"x\":{},\"y\":{}", NULL, true},
        {"\"ForAllValues:StringEquals\":{\"k\":\"a\"},\"Null\":{\"k\":\"false\"}", NULL, false},
        {"\"ForAllValues:StringEquals\":{\"k\":\"a\"},\"Null\":{\"k\":\"false\"}", "k=", false},
        {"\"ForAllValues:StringEquals\":{\"k\":\"a\"},\"Null\":{\"k\":\"false\"}", "k=a", true},
    };
    check_rows(rows, COUNT(rows));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),   cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_dates),     cmocka_unit_test(test_booleans_and_bytes),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_arns),
        cmocka_unit_test(test_sets),      cmocka_unit_test(test_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
