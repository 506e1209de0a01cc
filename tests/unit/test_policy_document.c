/* api/lambda/policy_document and policies: statements as the service writes them, documents that grow and
 * shrink, and the parsed policies of a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/lambda/catalogue.h"
#include "api/lambda/policies.h"
#include "api/lambda/policy_document.h"
#include "base/mem.h"

#define ARN "arn:aws:lambda:us-east-1:000000000000:function:f"
#define HEAD "{\"Version\":\"2012-10-17\",\"Id\":\"default\",\"Statement\":["

static void assert_statement(const struct permission *permission, const char *expected) {
    OWN(buf) struct buf statement;
    buf_init(&statement, 4096);
    struct err err;
    assert_true(permission_write(permission, &statement, &err));
    assert_string_equal(buf_text(&statement), expected);
}

static struct permission permission_of(const char *principal) {
    return (struct permission){
        .sid = "s", .action = "lambda:InvokeFunction", .principal = principal, .resource = ARN};
}

static void writes_every_form_of_principal(void **state) {
    (void)state;
    static const struct {
        const char *principal;
        const char *written;
    } cases[] = {
        {"*", "\"*\""},
        {"s3.amazonaws.com", "{\"Service\":\"s3.amazonaws.com\"}"},
        {"ec2.amazonaws.com.cn", "{\"Service\":\"ec2.amazonaws.com.cn\"}"},
        {"111111111111", "{\"AWS\":\"arn:aws:iam::111111111111:root\"}"},
        {"arn:aws:iam::111111111111:root", "{\"AWS\":\"arn:aws:iam::111111111111:root\"}"},
        {"arn:aws:iam::111111111111:user/a/b", "{\"AWS\":\"arn:aws:iam::111111111111:user/a/b\"}"},
        {"arn:aws:sts::111111111111:assumed-role/r/s",
         "{\"AWS\":\"arn:aws:sts::111111111111:assumed-role/r/s\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct permission permission = permission_of(cases[i].principal);
        OWN_MEM char *expected = mem_format("{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Principal\":%s,\"Action\":"
                                            "\"lambda:InvokeFunction\",\"Resource\":\"" ARN "\"}",
                                            cases[i].written);
        assert_statement(&permission, expected);
    }
}

static void account_is_of_the_partition_of_the_resource(void **state) {
    (void)state;
    struct permission permission = permission_of("111111111111");
    permission.resource = "arn:aws-cn:lambda:cn-north-1:000000000000:function:f";
    assert_statement(&permission, "{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                                  "\"arn:aws-cn:iam::111111111111:root\"},\"Action\":"
                                  "\"lambda:InvokeFunction\",\"Resource\":"
                                  "\"arn:aws-cn:lambda:cn-north-1:000000000000:function:f\"}");
}

static void refuses_other_principals(void **state) {
    (void)state;
    static const char *const principals[] = {"",
                                             "invalid.nonaws.com",
                                             ".amazonaws.com",
                                             "11111111111",
                                             "1111111111111",
                                             "arn:aws:s3:::bucket",
                                             "arn:aws:iam::1:root",
                                             "arn:aws:iam::111111111111:",
                                             "arn:aws:iam"};
    for (size_t i = 0; i < sizeof principals / sizeof principals[0]; i++) {
        struct permission permission = permission_of(principals[i]);
        OWN(buf) struct buf statement;
        buf_init(&statement, 4096);
        struct err err;
        assert_false(permission_write(&permission, &statement, &err));
        assert_int_equal(err.code, ERR_PARAMETER);
        assert_string_equal(err.text,
                            "The provided principal was invalid. Please check the principal and try again.");
    }
}

static void writes_conditions_by_operator(void **state) {
    (void)state;
    struct permission permission = permission_of("*");
    permission.source_arn = "arn:aws:s3:::b";
    assert_statement(&permission, "{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":"
                                  "\"lambda:InvokeFunction\",\"Resource\":\"" ARN
                                  "\",\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:s3:::b\"}}}");
    permission.source_account = "111111111111";
    permission.organization = "o-0123456789";
    permission.event_source_token = "token";
    permission.url_auth_type = "NONE";
    permission.via_url = "true";
    assert_statement(&permission,
                     "{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":"
                     "\"lambda:InvokeFunction\",\"Resource\":\"" ARN
                     "\",\"Condition\":{\"StringEquals\":{\"lambda:FunctionUrlAuthType\":\"NONE\","
                     "\"aws:PrincipalOrgID\":\"o-0123456789\",\"AWS:SourceAccount\":\"111111111111\","
                     "\"lambda:EventSourceToken\":\"token\"},\"ArnLike\":{\"AWS:SourceArn\":"
                     "\"arn:aws:s3:::b\"},\"Bool\":{\"lambda:InvokedViaFunctionUrl\":\"true\"}}}");
}

static void documents_grow_and_shrink(void **state) {
    (void)state;
    OWN(buf) struct buf one;
    OWN(buf) struct buf two;
    OWN(buf) struct buf rest;
    buf_init(&one, 1024);
    buf_init(&two, 1024);
    buf_init(&rest, 1024);
    assert_false(policy_document_has(NULL, "a"));
    policy_document_add(NULL, "{\"Sid\":\"a\"}", &one);
    assert_string_equal(buf_text(&one), HEAD "{\"Sid\":\"a\"}]}");
    policy_document_add(buf_text(&one), "{\"Sid\":\"b\"}", &two);
    assert_string_equal(buf_text(&two), HEAD "{\"Sid\":\"a\"},{\"Sid\":\"b\"}]}");
    assert_true(policy_document_has(buf_text(&two), "b"));
    assert_false(policy_document_has(buf_text(&two), "c"));
    assert_true(policy_document_remove(buf_text(&two), "a", &rest));
    assert_string_equal(buf_text(&rest), HEAD "{\"Sid\":\"b\"}]}");
    buf_clear(&one);
    assert_false(policy_document_remove(buf_text(&rest), "b", &one));
}

static void too_long_documents_are_refused(void **state) {
    (void)state;
    struct err err;
    assert_true(policy_document_check_length(20480, &err));
    assert_false(policy_document_check_length(20588, &err));
    assert_int_equal(err.code, ERR_POLICY_TOO_LONG);
    assert_string_equal(err.text, "The final policy size (20588) is bigger than the limit (20480).");
}

static struct policy *parse(const char *sid) {
    struct permission permission = permission_of("*");
    permission.sid = sid;
    OWN(buf) struct buf statement;
    OWN(buf) struct buf document;
    buf_init(&statement, 4096);
    buf_init(&document, 4096);
    assert_true(permission_write(&permission, &statement, NULL));
    policy_document_add(NULL, buf_text(&statement), &document);
    struct policy *policy;
    assert_true(policy_parse(buf_text(&document), document.len, POLICY_RESOURCE, &policy, NULL));
    return policy;
}

static void function_keeps_a_policy_for_each_qualifier(void **state) {
    (void)state;
    struct catalogue catalogue;
    catalogue_init(&catalogue, "us-east-1");
    struct catalogue_entry *entry = catalogue_add(&catalogue, "000000000000", "f");
    assert_null(entry->policies);
    assert_null(policies_find(entry->policies, ""));
    struct policy *own = parse("own");
    struct policy *first = parse("first");
    policies_set(&entry->policies, "", own);
    policies_set(&entry->policies, "1", first);
    assert_ptr_equal(policies_find(entry->policies, ""), own);
    assert_ptr_equal(policies_find(entry->policies, "1"), first);
    assert_null(policies_find(entry->policies, "blue"));
    struct policy *next = parse("next");
    policies_set(&entry->policies, "", next);
    assert_ptr_equal(policies_find(entry->policies, ""), next);
    policies_set(&entry->policies, "", NULL);
    policies_set(&entry->policies, "blue", NULL);
    assert_null(policies_find(entry->policies, ""));
    assert_ptr_equal(policies_find(entry->policies, "1"), first);
    policies_set(&entry->policies, "1", NULL);
    assert_null(entry->policies);
    policies_set(&entry->policies, "blue", parse("left behind"));
    catalogue_done(&catalogue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_every_form_of_principal),
        cmocka_unit_test(account_is_of_the_partition_of_the_resource),
        cmocka_unit_test(refuses_other_principals),
        cmocka_unit_test(writes_conditions_by_operator),
        cmocka_unit_test(documents_grow_and_shrink),
        cmocka_unit_test(too_long_documents_are_refused),
        cmocka_unit_test(function_keeps_a_policy_for_each_qualifier),
    };
    return cmocka_run_group_tests_name("policy_document", tests, NULL, NULL);
}
