/* api/iam/identity and identities: what a record keeps, and how things are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/iam/identities.h"
#include "base/mem.h"

#define ACCOUNT "000000000000"
#define TRUST                                                                                                \
    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"            \
    "\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}}"
#define ALL                                                                                                  \
    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"
#define BASIC "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

static struct err err;

static void make_role(struct identity *role) {
    identity_init(role, IDENTITY_ROLE, ACCOUNT, "/team/", "Worker");
    role->created_us = 1700000000000000;
    role->description = mem_text("does \"work\"");
    role->max_session_s = 7200;
    assert_true(identity_set_document(role, TRUST, &err));
    assert_true(identity_put_inline(role, "b", ALL, &err));
    assert_true(identity_put_inline(role, "a", ALL, &err));
    identity_attach(role, BASIC);
    identity_attach(role, BASIC);
}

static void a_record_keeps_everything(void **state) {
    (void)state;
    OWN(identity) struct identity role;
    OWN(identity) struct identity read;
    make_role(&role);
    assert_string_equal(role.arn, "arn:aws:iam::" ACCOUNT ":role/team/Worker");
    assert_int_equal(strlen(role.id), 21);
    assert_int_equal(strncmp(role.id, "AROA", 4), 0);
    OWN_MEM char *document = identity_encode(&role);
    assert_true(identity_decode(IDENTITY_ROLE, ACCOUNT, document, &read, &err));
    OWN_MEM char *again = identity_encode(&read);
    assert_string_equal(document, again);
    assert_string_equal(read.arn, role.arn);
    assert_string_equal(read.description, "does \"work\"");
    assert_int_equal(read.inline_count, 2);
    assert_string_equal(read.inlines[0].name, "a");
    assert_int_equal(read.attached_count, 1);
    assert_non_null(read.document.policy);
}

static void records_that_are_none_are_refused(void **state) {
    (void)state;
    static const char *const documents[] = {
        "",
        "{}",
        "[]",
        "{\"name\":\"r\",\"path\":\"/\"}",
        ("{\"name\":\"r\",\"path\":\"/\",\"id\":\"AROA\",\"created\":1,\"updated\":1,\"version\":\"v1\","
         "\"maxSession\":1,\"document\":\"{}\",\"inlines\":{},\"attached\":[],\"tags\":{}}"),
    };
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        struct identity read;
        assert_false(identity_decode(IDENTITY_ROLE, ACCOUNT, documents[i], &read, &err));
    }
}

static void embedded_policies_come_and_go(void **state) {
    (void)state;
    OWN(identity) struct identity role;
    make_role(&role);
    assert_non_null(identity_inline(&role, "a"));
    assert_null(identity_inline(&role, "A"));
    assert_true(identity_remove_inline(&role, "a"));
    assert_false(identity_remove_inline(&role, "a"));
    assert_false(identity_put_inline(&role, "c", "{}", &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_int_equal(role.inline_count, 1);
    assert_true(identity_detach(&role, BASIC));
    assert_false(identity_detach(&role, BASIC));
}

static void a_document_has_a_limit_that_white_space_does_not_use_up(void **state) {
    (void)state;
    OWN(identity) struct identity role;
    make_role(&role);
    OWN_MEM char *spaced = mem_format("%3000s%s", "", TRUST);
    assert_true(identity_set_document(&role, spaced, &err));
    char letters[2100];
    memset(letters, 'x', sizeof letters - 1);
    letters[sizeof letters - 1] = '\0';
    assert_false(identity_set_document(&role, letters, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_string_equal(err.text, "Cannot exceed quota for ACLSizePerRole: 2048");
    assert_int_equal(identity_count_chars(" a\t\xc3\xa9\n"), 2);
}

static void put(struct records *records, const struct identity *identity) {
    OWN_MEM char *name = identities_record_name(identity->name);
    OWN_MEM char *document = identity_encode(identity);
    const struct record_key key = {identity->account, "", identity_words(identity->kind)->record, name};
    records_put(records, &key, document);
}

static void things_are_found_by_name_and_arn(void **state) {
    (void)state;
    struct records records = {0};
    struct identities identities;
    struct identity role;
    make_role(&role);
    put(&records, &role);
    assert_true(identities_init(&identities, &records, &err));
    assert_non_null(identities_find(&identities, IDENTITY_ROLE, ACCOUNT, "wORKER"));
    assert_null(identities_find(&identities, IDENTITY_USER, ACCOUNT, "Worker"));
    assert_null(identities_find(&identities, IDENTITY_ROLE, "111111111111", "Worker"));
    assert_non_null(identities_find_arn(&identities, IDENTITY_ROLE, role.arn));
    static const char *const wrong[] = {"",
                                        "arn:aws:iam::",
                                        "Worker",
                                        "arn:aws:iam::" ACCOUNT ":role/Worker",
                                        "arn:aws:iam::" ACCOUNT ":role/team/worker",
                                        "a:b:c:d:/"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(identities_find_arn(&identities, IDENTITY_ROLE, wrong[i]));
    assert_non_null(identities_find_arn(&identities, IDENTITY_POLICY, BASIC));
    assert_int_equal(identities_count_attached(&identities, ACCOUNT, BASIC), 1);
    assert_int_equal(identities_count_attached(&identities, "111111111111", BASIC), 0);

    const struct record_key key = {ACCOUNT, "", "iam-role", "worker"};
    records_delete(&records, &key);
    identities_refresh(&identities, &records, &key);
    assert_null(identities_find(&identities, IDENTITY_ROLE, ACCOUNT, "Worker"));
    identity_done(&role);
    identities_done(&identities);
    records_done(&records);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_keeps_everything),
        cmocka_unit_test(records_that_are_none_are_refused),
        cmocka_unit_test(embedded_policies_come_and_go),
        cmocka_unit_test(a_document_has_a_limit_that_white_space_does_not_use_up),
        cmocka_unit_test(things_are_found_by_name_and_arn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
