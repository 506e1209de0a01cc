/* model/policy: documents that are accepted, and the words for those that are not. */
#include "policy_fixture.h"

#include "base/buf.h"
#include "base/limits.h"

/* A statement, or several, in a document of today's version. */
#define OF(statements) "{\"Version\":\"2012-10-17\",\"Statement\":" statements "}"
#define ON_B "\"Resource\":\"arn:aws:s3:::b\""
#define LIST "\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\""
#define WHERE(condition) OF("{" LIST "," ON_B ",\"Condition\":" condition "}")
#define RESOURCE(resource) OF("{" LIST ",\"Resource\":" resource "}")
#define ACTION(action) OF("{\"Effect\":\"Allow\",\"Action\":" action "," ON_B "}")

struct refusal {
    const char *document;
    const char *words; /* which the message begins with */
};

static void check_refusals(const struct refusal *rows, size_t count, enum policy_kind kind) {
    for (size_t i = 0; i < count; i++) {
        struct policy *policy = NULL;
        struct err err = {0};
        if (policy_parse(rows[i].document, strlen(rows[i].document), kind, &policy, &err))
            fail_msg("%s was accepted", rows[i].document);
        assert_null(policy);
        assert_int_equal(err.code, ERR_PARAMETER);
        if (strncmp(err.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s\ngot: %s\nnot: %s", rows[i].document, err.text, rows[i].words);
    }
}

#define SYNTAX "Syntax errors in policy."
#define VALUE "The policy failed legacy parsing"
#define VERSION "Policy document must be version 2012-10-17 or greater."
#define NO_ACTION "Policy statement must contain actions."
#define NO_RESOURCE "Policy statement must contain resources."
#define SAME_SID "Statement IDs (SID) in a single policy must be unique."
#define VENDOR "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
#define COLON "Actions/Condition can contain only one colon."
#define LACKS "Resource vendor must be fully qualified and cannot contain regexes."
#define IAM_PATH                                                                                             \
    "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, "

static void test_identity_syntax(void **state) {
    (void)state;
    static const struct refusal rows[] = {
        {"", SYNTAX},
        {"This is not a json document", SYNTAX " (line 1, column "},
        {"[]", SYNTAX " (a policy is an object"},
        {"\"x\"", SYNTAX},
        {"{}", SYNTAX},
        {"{\"Version\":\"2012-10-17\"}", SYNTAX},
        {"{\"Version\":\"2013-10-17\",\"Statement\":{" LIST "," ON_B "}}", SYNTAX},
        {"{\"Version\":2012,\"Statement\":{" LIST "," ON_B "}}", SYNTAX},
        {OF("[\"afd\"]"), SYNTAX " (Statement 1: a statement is an object: \"afd\""},
        {OF("\"hello\""), SYNTAX},
        {OF("null"), SYNTAX},
        {OF("[]"), SYNTAX},
        {"{\"Version\":\"2012-10-17\",\"Statement\":{" LIST "," ON_B "},\"Extra field\":\"value\"}",
         SYNTAX " (unknown element: \"Extra field\""},
        {OF("{" LIST "," ON_B ",\"Extra field\":\"value\"}"), SYNTAX " (Statement 1: unknown element"},
        {OF("{" LIST "," ON_B ",\"effect\":\"Allow\"}"), SYNTAX},
        {OF("{" LIST "," ON_B ",\"Effect\":\"Allow\"}"), SYNTAX " (Statement 1: an element comes twice"},
        {"{\"Version\":\"2012-10-17\",\"Id\":[\"x\"],\"Statement\":{" LIST "," ON_B "}}", SYNTAX},
        {"{\"Version\":\"2012-10-17\",\"Id\":{},\"Statement\":{" LIST "," ON_B "}}", SYNTAX},
        {OF("{\"Effect\":\"invalid\",\"Action\":\"s3:ListBucket\"," ON_B "}"),
         SYNTAX " (Statement 1: Effect is neither Allow nor Deny: \"invalid\""},
        {OF("[{" LIST "," ON_B "},{\"Effect\":true}]"), SYNTAX " (Statement 2: Effect"},
        {OF("{\"Action\":\"s3:ListBucket\"," ON_B "}"), SYNTAX},
        {RESOURCE("{\"a\":\"arn:aws:s3:::b\"}"), SYNTAX},
        {RESOURCE("[\"adfdf\",{}]"), SYNTAX},
        {RESOURCE("\"\\u0000\""), SYNTAX},
        {RESOURCE("7"), SYNTAX},
        {RESOURCE("null"), SYNTAX},
        {OF("{" LIST "," ON_B ",\"NotResource\":[]}"), SYNTAX},
        {OF("{" LIST "," ON_B ",\"NotResource\":\"*\"}"), SYNTAX},
        {OF("{" LIST ",\"NotAction\":\"iam:dsf\"," ON_B "}"), SYNTAX},
        {OF("{\"Effect\":\"Allow\",\"NotAction\":\"a:b\",\"Action\":[]," ON_B "}"), SYNTAX},
        {ACTION("[[]]"), SYNTAX},
        {ACTION("{}"), SYNTAX},
        {ACTION("123"), SYNTAX},
        {OF("{\"Sid\":{}," LIST "," ON_B "}"), SYNTAX},
        {OF("{\"Sid\":[]," LIST "," ON_B "}"), SYNTAX},
        {WHERE("[]"), SYNTAX},
        {WHERE("\"a\""), SYNTAX},
        {WHERE("{\"a\":\"b\"}"), SYNTAX},
        {WHERE("{\"DateGreaterThan\":\"b\"}"), SYNTAX},
        {WHERE("{\"DateGreaterThan\":[]}"), SYNTAX},
        {WHERE("{\"DateGreaterThan\":{\"a\":{}}}"), SYNTAX},
        {WHERE("{\"StringEquals\":{\"a\":null}}"), SYNTAX},
        {WHERE("{\"StringEquals\":{\"a\":[[\"b\"]]}}"), SYNTAX},
        {WHERE("{\"StringEquals\":{\"a\\u0000\":\"b\"}}"), SYNTAX},
        {WHERE("{\"x\":{\"a\":\"1\"}}"), SYNTAX " (Statement 1: unknown condition operator: \"x\""},
        {WHERE("{\"StringEqual\":{\"a\":\"1\"}}"), SYNTAX},
        {WHERE("{\"StringEqualsIfExistsIfExists\":{\"a\":\"1\"}}"), SYNTAX},
        {WHERE("{\"NullIfExists\":{\"a\":\"true\"}}"), SYNTAX},
        {WHERE("{\"ForAnyValue::StringEqualsIfExists\":{\"a\":\"asf\"}}"), SYNTAX},
        {WHERE("[{\"ForAllValues:StringEquals\":{\"aws:TagKeys\":\"Department\"}}]"), SYNTAX},
    };
    check_refusals(rows, COUNT(rows), POLICY_IDENTITY);
}

static void test_identity_words(void **state) {
    (void)state;
    static const struct refusal rows[] = {
        {"{\"Statement\":{" LIST "," ON_B "}}", VERSION},
        {"{\"Version\":\"2008-10-17\",\"Statement\":{" LIST "," ON_B "}}", VERSION},
        {"{\"Statement\":[{\"Sid\":\"a\"," LIST "," ON_B "},{\"Sid\":\"a\",\"Effect\":\"Allow\"}]}", VERSION},
        {OF("{" LIST "," ON_B ",\"Principal\":\"*\"}"), "Policy document should not specify a principal."},
        {OF("{" LIST ",\"NotPrincipal\":{}}"), "Policy document should not specify a principal."},
        {OF("{\"Effect\":\"denY\",\"Action\":\"s3:ListBucket\"," ON_B "}"), VALUE},
        {OF("[{\"Sid\":\"a\",\"Effect\":\"aLLow\"},{\"Sid\":\"a\",\"Effect\":\"Allow\"}]"), VALUE},
        {OF("{\"Effect\":\"Allow\",\"Condition\":{\"DateGreaterThan\":{\"a\":\"sdfdsf\"}}}"),
         VALUE " (Statement 1: not a value that its condition operator takes: \"sdfdsf\""},
        {OF("[{\"Sid\":\"a\"," LIST "," ON_B "},{\"Sid\":\"a\",\"Effect\":\"Allow\"}]"), SAME_SID},
        {OF("{\"Sid\":\"a-b\"," LIST "," ON_B "}"),
         "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
         "[0-9A-Za-z]*"},
        {OF("{\"Effect\":\"Allow\"}"), NO_ACTION},
        {OF("{\"Effect\":\"Allow\"," ON_B "}"), NO_ACTION},
        {OF("[{\"Effect\":\"Deny\"},{" LIST "," ON_B "}]"), NO_ACTION},
        {ACTION("[]"), NO_ACTION},
        {OF("{" LIST "}"), NO_RESOURCE},
        {OF("{\"Effect\":\"Allow\",\"Action\":\"invalid\"}"), NO_RESOURCE},
        {RESOURCE("[]"), NO_RESOURCE},
        {ACTION("\"invalid\""), VENDOR},
        {ACTION("\"\""), VENDOR},
        {ACTION("[\"s3:*\",\"GetObject\"]"), VENDOR},
        {OF("{\"Effect\":\"Allow\",\"NotAction\":\"\"," ON_B "}"), VENDOR},
        {ACTION("\"a a:ListBucket\""), "Vendor a a is not valid"},
        {ACTION("\":GetObject\""), "Vendor  is not valid"},
        {ACTION("\"s3:List:Bucket\""), COLON},
        {RESOURCE("\"invalid resource\""), "Resource invalid resource must be in ARN format or \"*\"."},
        {RESOURCE("\"\""), "Resource  must be in ARN format or \"*\"."},
        {RESOURCE("[\"*\",\"adf\"]"), "Resource adf must be in ARN format or \"*\"."},
        {OF("{" LIST ",\"NotResource\":\"x\"}"), "Resource x must be in ARN format or \"*\"."},
        {RESOURCE("\"a:bsdfdsafsad\""),
         "Partition \"bsdfdsafsad\" is not valid for resource \"arn:bsdfdsafsad:*:*:*:*\"."},
        {RESOURCE("\"a:b:cadfsdf\""), "Partition \"b\" is not valid for resource \"arn:b:cadfsdf:*:*:*\"."},
        {RESOURCE("\"a:b:c:d:e:f:g:h\""), "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\"."},
        {RESOURCE("\"aws:s3:::b\""), "Partition \"s3\" is not valid for resource \"arn:s3:::b:*\"."},
        {RESOURCE("[\"arn:error:s3:::b\",\"arn:error:s3::b\"]"),
         "Partition \"error\" is not valid for resource \"arn:error:s3:::b\"."},
        {RESOURCE("\"s3::b/*\""), "Partition \"\" is not valid for resource \"arn::b/*:*:*:*\"."},
        {RESOURCE("\"arn:awss3::b/*\""), VALUE},
        {RESOURCE("\"arn:aws:s3::b\""), VALUE " (Statement 1: the ARN lacks sections: \"arn:aws:s3::b\""},
        {OF("{\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3::b\"}"), VALUE},
        {OF("{" LIST ",\"NotResource\":\"arn:aws:s3::b\"}"), VALUE},
        {RESOURCE("\"arn:aws::::b\""), VALUE},
        {RESOURCE("\"arn:aws::fdsasf\""), VALUE},
        {RESOURCE("\"arn:aws:s3:::${aws:username\""), VALUE " (Statement 1: a variable is written as ${key}"},
        {RESOURCE("\"arn:aws:s3:::${}\""), VALUE},
        {RESOURCE("\"arn:aws:s3:::${a, b}\""), VALUE},
        {RESOURCE("\"arn:aws:s3:::${a, 'b}\""), VALUE},
        {RESOURCE("\"arn:aws:s3:::${a, 'b'\""), VALUE},
        {WHERE("{\"StringLike\":{\"a\":\"${b\"}}"), VALUE},
        {RESOURCE("\"arn:aws\""), LACKS},
        {RESOURCE("\"arn:aws:iam:::b\""), IAM_PATH},
        {RESOURCE("\"arn:aws:iam::*:x*\""), IAM_PATH},
        {RESOURCE("\"arn:aws:iam:us-east-1::b\""),
         "IAM resource arn:aws:iam:us-east-1::b cannot contain region information."},
        {RESOURCE("\"arn:aws:s3:us-east-1::b\""),
         "Resource arn:aws:s3:us-east-1::b can not contain region information."},
    };
    check_refusals(rows, COUNT(rows), POLICY_IDENTITY);
}

static void test_values(void **state) {
    (void)state;
    static const struct {
        const char *operators;
        const char *value;
    } rows[] = {
        {"DateLessThanEquals", "\"234-13\""},
        {"DateLessThanEquals", "\"2016-12-13t2:00:00.593194+1\""},
        {"DateLessThanEquals", "\"2016-12-13t2:00:00.1999999999+10:59\""},
        {"DateLessThan", "\"9223372036854775808\""},
        {"DateLessThan", "\"2016-12-32\""},
        {"DateLessThan", "\"2016-12-13T24:00:00Z\""},
        {"DateLessThan", "\"2016-12-13T23:00:00ZZ\""},
        {"DateLessThan", "\"-292275055\""},
        {"DateLessThan", "\"292278994-01-01\""},
        {"DateLessThan", "\"\""},
        {"DateEquals", "[\"2016-12-13\",true]"},
        {"DateEquals", "\"${aws:CurrentTime}\""},
        {"NumericEquals", "\"ten\""},
        {"NumericEquals", "\"\""},
        {"NumericEquals", "\".\""},
        {"NumericEquals", "\"1 \""},
        {"NumericEquals", "\"0x10\""},
        {"NumericEquals", "\"${a}\""},
        {"Bool", "\"yes\""},
        {"Bool", "1"},
        {"Null", "\"${a}\""},
        {"Null", "\"\""},
        {"IpAddress", "\"10.0.0.0/33\""},
        {"IpAddress", "\"10.0.0/8\""},
        {"IpAddress", "\"10.0.0.0/\""},
        {"IpAddress", "\"::/129\""},
        {"IpAddress", "\"10.0.0.*\""},
        {"IpAddress", "\"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000/64\""},
        {"BinaryEquals", "\"QmluYXJ\""},
        {"BinaryEquals", "\"**\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWN_MEM char *document = mem_format(WHERE("{\"%s\":{\"a\":%s}}"), rows[i].operators, rows[i].value);
        struct refusal refusal = {document, VALUE};
        check_refusals(&refusal, 1, POLICY_IDENTITY);
    }
}

#define TRUSTED(members) OF("{\"Effect\":\"Allow\"," members "}")
#define ASSUME "\"Action\":\"sts:AssumeRole\""
#define ANYBODY "\"Principal\":{\"AWS\":\"*\"}"
#define STS "AssumeRole policy may only specify STS AssumeRole actions."

static void test_trust_words(void **state) {
    (void)state;
    static const struct refusal rows[] = {
        {"{invalid", "This policy contains invalid Json"},
        {"[]", "Syntax error in policy."},
        {"{\"probe\":1}", "Unknown field probe"},
        {"{\"Version\":\"2020-01-01\",\"Statement\":[]}", "The policy must contain a valid version string"},
        {OF("[]"), "Could not parse the policy: Statement is empty!"},
        {"{\"Version\":\"2012-10-17\"}", "Could not parse the policy: Statement is empty!"},
        {OF("{" ANYBODY "," ASSUME "}"), "Missing required field Effect"},
        {OF("{\"Effect\":\"Maybe\"," ANYBODY "," ASSUME "}"), "Invalid effect: Maybe"},
        {OF("{\"Effect\":\"allow\"," ANYBODY "," ASSUME "}"), "Invalid effect: allow"},
        {TRUSTED(ANYBODY "," ASSUME ",\"_comment\":1"), "Unknown field _comment"},
        {TRUSTED(ASSUME), "Missing required field Principal"},
        {TRUSTED("\"Principal\":{}," ASSUME), "Missing required field Principal cannot be empty!"},
        {TRUSTED("\"Principal\":{\"AWS\":[]}," ASSUME), "Missing required field Principal cannot be empty!"},
        {TRUSTED("\"Principal\":\"*\"," ASSUME),
         "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\"."},
        {TRUSTED("\"NotPrincipal\":{\"AWS\":\"*\"}," ASSUME), "Allow with NotPrincipal is not allowed."},
        {OF("{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":\"*\"}," ASSUME "}"),
         "AssumeRole policy must not contain NotPrincipal field."},
        {TRUSTED(ANYBODY), "Missing required field Action"},
        {TRUSTED(ANYBODY ",\"Action\":\"*\""), STS},
        {TRUSTED(ANYBODY ",\"Action\":[\"sts:AssumeRole\",\"s3:GetObject\"]"), STS},
        {TRUSTED(ANYBODY ",\"NotAction\":\"s3:GetObject\""), STS},
        {TRUSTED(ANYBODY "," ASSUME ",\"NotAction\":\"sts:X\""), "Syntax error in policy."},
        {TRUSTED(ASSUME ",\"Resource\":\"*\""), "Has prohibited field Resource"},
        {TRUSTED(ANYBODY "," ASSUME ",\"NotResource\":\"*\""),
         "AssumeRole policy must not contain resources."},
        {OF("[{\"Sid\":\"D\",\"Effect\":\"Allow\"," ANYBODY "," ASSUME
            "},{\"Sid\":\"D\",\"Effect\":\"Allow\"," ANYBODY "," ASSUME "}]"),
         "The Statement Ids in the policy are not unique"},
        {TRUSTED(ANYBODY "," ASSUME ",\"Condition\":{\"x\":{\"a\":\"b\"}}"), "Syntax error in policy."},
        {TRUSTED(ANYBODY "," ASSUME ",\"Condition\":{\"Bool\":{\"a\":\"b\"}}"), "Syntax error in policy."},
    };
    check_refusals(rows, COUNT(rows), POLICY_TRUST);
}

static void test_principal_words(void **state) {
    (void)state;
    static const struct {
        const char *principal;
        const char *shown;
    } rows[] = {
        {"{\"AWS\":\"alice\"}", "\"AWS\":\"alice\""},
        {"{\"AWS\":\"\"}", "\"AWS\":\"\""},
        {"{\"AWS\":7}", "\"AWS\":\"\""},
        {"{\"AWS\":\"12345678901\"}", "\"AWS\":\"12345678901\""},
        {"{\"AWS\":[\"*\",\"arn:aws:iam::1:root\"]}", "\"AWS\":\"arn:aws:iam::1:root\""},
        {"{\"AWS\":\"arn:aws:iam::123456789012:user/*\"}", "\"AWS\":\"arn:aws:iam::123456789012:user/*\""},
        {"{\"AWS\":\"arn:aws:iam::123456789012:user/\"}", "\"AWS\":\"arn:aws:iam::123456789012:user/\""},
        {"{\"AWS\":\"arn:aws:iam::123456789012:group/g\"}", "\"AWS\":\"arn:aws:iam::123456789012:group/g\""},
        {"{\"AWS\":\"arn:aws:iam::123456789012\"}", "\"AWS\":\"arn:aws:iam::123456789012\""},
        {"{\"AWS\":\"arn:aws:sts::123456789012:root\"}", "\"AWS\":\"arn:aws:sts::123456789012:root\""},
        {"{\"AWS\":\"arn:aws:s3:::b\"}", "\"AWS\":\"arn:aws:s3:::b\""},
        {"{\"AWS\":\"arn::iam::123456789012:root\"}", "\"AWS\":\"arn::iam::123456789012:root\""},
        {"{\"Service\":\"lambda\"}", "\"SERVICE\":\"lambda\""},
        {"{\"Service\":\"*\"}", "\"SERVICE\":\"*\""},
        {"{\"Service\":\"*.amazonaws.com\"}", "\"SERVICE\":\"*.amazonaws.com\""},
        {"{\"Federated\":\"\"}", "\"FEDERATED\":\"\""},
        {"{\"Robot\":\"x\"}", "\"Robot\""},
        {"\"alice\"", "\"STAR\":\"alice\"."},
        {"[\"*\"]", "\"STAR\":\"\"."},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWN_MEM char *document = mem_format(TRUSTED("\"Principal\":%s," ASSUME ",\"Resource\":\"*\""),
                                            rows[i].principal);
        OWN_MEM char *words = mem_format("Invalid principal in policy: %s", rows[i].shown);
        struct refusal refusal = {document, words};
        check_refusals(&refusal, 1, POLICY_RESOURCE);
    }
}

static void test_resource_words(void **state) {
    (void)state;
    static const struct refusal rows[] = {
        {"{", "The policy is not in the valid JSON format."},
        {TRUSTED(ASSUME ",\"Resource\":\"*\""), "Missing required field Principal"},
        {TRUSTED(ANYBODY ",\"Resource\":\"*\""), "Missing required field Action"},
        {TRUSTED(ANYBODY "," ASSUME), "Missing required field Resource"},
        {TRUSTED(ANYBODY ",\"Action\":\"Invoke\",\"Resource\":\"*\""), VENDOR},
        {TRUSTED(ANYBODY "," ASSUME ",\"Resource\":\"x\""), "Resource x must be in ARN format or \"*\"."},
        {TRUSTED("\"NotPrincipal\":\"*\"," ASSUME ",\"Resource\":\"*\""),
         "Allow with NotPrincipal is not allowed."},
        {TRUSTED(ANYBODY "," ASSUME ",\"Resource\":\"*\",\"Comment\":\"\""), "Unknown field Comment"},
    };
    check_refusals(rows, COUNT(rows), POLICY_RESOURCE);
}

static void test_accepted(void **state) {
    (void)state;
    static const struct {
        enum policy_kind kind;
        const char *document;
    } rows[] = {
        {POLICY_IDENTITY, " \n" OF("{" LIST "," ON_B "}") "\n"},
        {POLICY_IDENTITY,
         OF("[{" LIST "," ON_B "},{\"Sid\":\"\"," LIST "," ON_B "},{\"Sid\":\"\"," LIST "," ON_B "}]")},
        {POLICY_IDENTITY, "{\"Version\":\"2012-10-17\",\"Id\":\"x y\",\"Statement\":{" LIST "," ON_B "}}"},
        {POLICY_IDENTITY, "{\"\\u0056ersion\":\"2012-10-17\",\"Statement\":{" LIST "," ON_B "}}"},
        {POLICY_IDENTITY, ACTION("\"iam: asdf safdsf af \"")},
        {POLICY_IDENTITY, ACTION("\"aaaaaadsfdsafsadfsadfaaaaa:ListBucket\"")},
        {POLICY_IDENTITY, ACTION("[\"s3-s:ListBucket\",\"s3.s:x\",\"*\",\"*:*\"]")},
        {POLICY_IDENTITY, RESOURCE("[\"arn:aws:s3:::b\",\"*\"]")},
        {POLICY_IDENTITY, RESOURCE("\"arn:aws:iam:::user/b\"")},
        {POLICY_IDENTITY,
         RESOURCE("[\"arn:aws:iam::*:user/${aws:username}\",\"arn:aws:iam::1:*\",\"arn:aws:iam::1:r*\"]")},
        {POLICY_IDENTITY, RESOURCE("\"arn:aws:fdsasf\"")},
        {POLICY_IDENTITY, RESOURCE("\"arn:aws:invalid-service:us-east-1::b\"")},
        {POLICY_IDENTITY, RESOURCE("[\"arn:aws-cn:s3:::b\",\"arn:aws-us-gov:s3:::b\",\"arn:*:s3:::b\"]")},
        {POLICY_IDENTITY, OF("{\"Effect\":\"Allow\",\"NotAction\":\"s3:x\",\"NotResource\":\"*\"}")},
        {POLICY_IDENTITY, WHERE("{}")},
        {POLICY_IDENTITY, WHERE("{\"x\":{},\"y\":{}}")},
        {POLICY_IDENTITY, WHERE("{\"DateGreaterThan\":{}}")},
        {POLICY_IDENTITY, WHERE("{\"DateGreaterThan\":{\"a\":[]}}")},
        {POLICY_IDENTITY, WHERE("{\"DateGreaterThan\":{\"a\":\"01T\"}}")},
        {POLICY_IDENTITY,
         WHERE("{\"DateLessThan\":{\"a\":[\"-292275054\",\"2016-12-13t2:00:00.593194+23\"]}}")},
        {POLICY_IDENTITY, WHERE("{\"DateLessThan\":{\"a\":\"2016-12-13T21:20:37.593194+00:00\"}}")},
        {POLICY_IDENTITY, WHERE("{\"ForAnyValue:StringEqualsIfExists\":{\"a\":\"asf\"}}")},
        {POLICY_IDENTITY, WHERE("{\"ForAllValues:StringEquals\":{\"aws:TagKeys\":\"Department\"}}")},
        {POLICY_IDENTITY,
         WHERE("{\"Bool\":{\"a\":[true,\"FALSE\",\"${b}\"]},\"NumericEquals\":{\"a\":-1.5}}")},
        {POLICY_TRUST, "{\"Statement\":[{\"Effect\":\"Allow\"," ANYBODY "," ASSUME "}]}"},
        {POLICY_TRUST, "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Deny\"," ANYBODY
                       ",\"NotAction\":\"sts:*\"}]}"},
        {POLICY_TRUST,
         TRUSTED("\"Sid\":\"with spaces\",\"Principal\":{\"Federated\":\"accounts.google.com\","
                 "\"Service\":[\"lambda.amazonaws.com\",\"edgelambda.amazonaws.com\"]}," ASSUME)},
        {POLICY_TRUST,
         TRUSTED(
             "\"Principal\":{\"AWS\":[\"arn:aws:sts::123456789012:federated-user/u\","
             "\"arn:aws-cn:iam::123456789012:root\"]},\"Action\":[\"sts:AssumeRole\",\"STS:TagSession\"]")},
        {POLICY_RESOURCE,
         TRUSTED("\"Sid\":\"a-b_c\",\"Principal\":\"*\",\"Action\":\"lambda:InvokeFunction\","
                 "\"Resource\":\"arn:aws:lambda:us-east-1:123456789012:function:f:live\","
                 "\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:s3:::b\"}}")},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        policy_free(policy_fixture_parse(rows[i].document, rows[i].kind));
}

static void check_limit(struct buf *document, const char *words) {
    struct policy *policy = NULL;
    struct err err = {0};
    assert_true(buf_ok(document));
    assert_false(policy_parse(buf_text(document), document->len, POLICY_IDENTITY, &policy, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_non_null(strstr(err.text, words));
}

static void test_limits(void **state) {
    (void)state;
    OWN(buf) struct buf document;
    buf_init(&document, 2 * LIMIT_POLICY_BYTES);
    buf_append_text(&document, OF("{" LIST "," ON_B "}"));
    while (document.len <= LIMIT_POLICY_BYTES)
        buf_append_byte(&document, ' ');
    check_limit(&document, "65537 bytes");

    buf_clear(&document);
    buf_append_text(&document, "{\"Version\":\"2012-10-17\",\"Statement\":[{" LIST "," ON_B "}");
    for (unsigned i = 0; i < LIMIT_POLICY_STATEMENTS; i++)
        buf_append_text(&document, ",{" LIST "," ON_B "}");
    buf_append_text(&document, "]}");
    check_limit(&document, "401 statements");

    buf_clear(&document);
    buf_append_text(&document, "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\"," ON_B
                               ",\"Action\":[\"a:b\"");
    for (unsigned i = 1; i < LIMIT_POLICY_VALUES; i++)
        buf_append_text(&document, ",\"a:b\"");
    buf_append_text(&document, "]}}");
    check_limit(&document, "at most 2000");

    buf_clear(&document);
    for (int i = 0; i < 20000; i++)
        buf_append_text(&document, i == 0 ? "[0" : ",0");
    buf_append_text(&document, "]");
    check_limit(&document, "20000");
}

/* The longest text that a message shows ends with a whole character. */
static void test_long_culprit(void **state) {
    (void)state;
    OWN(buf) struct buf document;
    buf_init(&document, LIMIT_POLICY_BYTES);
    buf_append_text(&document, "{\"x");
    for (int i = 0; i < 100; i++)
        buf_append_text(&document, "\xe2\x82\xac");
    buf_append_text(&document, "\":1}");
    struct policy *policy = NULL;
    struct err err = {0};
    assert_false(policy_parse(buf_text(&document), document.len, POLICY_IDENTITY, &policy, &err));
    const char *shown = strstr(err.text, "\"x");
    assert_non_null(shown);
    assert_string_equal(shown + 95, "\xe2\x82\xac)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_syntax), cmocka_unit_test(test_identity_words),
        cmocka_unit_test(test_values),          cmocka_unit_test(test_trust_words),
        cmocka_unit_test(test_principal_words), cmocka_unit_test(test_resource_words),
        cmocka_unit_test(test_accepted),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_long_culprit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
