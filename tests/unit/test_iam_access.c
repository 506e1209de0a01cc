/* api/access: the two sides of a decision, within an account and across accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/access.h"
#include "api/context.h"
#include "base/mem.h"

#define HOME "000000000000"
#define AWAY "111111111111"
#define FUNCTION "arn:aws:lambda:us-east-1:" HOME ":function:f"
#define ACTION "lambda:InvokeFunction"

#define DOCUMENT(effect, more)                                                                               \
    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"" effect "\",\"Action\":\"" ACTION              \
    "\",\"Resource\":\"" FUNCTION "\"" more "}}"

static int64_t now_us(void *context) {
    (void)context;
    return 1700000000000000;
}

static const struct clock fixed = {.wall_us = now_us, .mono_us = now_us};
static struct api api;
static struct err err;

/* A user or a role of that name with one embedded policy, or none. */
static void add(struct records *records, enum identity_kind kind, const char *account, const char *name,
                const char *text, struct principal *ret_principal) {
    struct identity identity;
    identity_init(&identity, kind, account, "/", name);
    if (kind == IDENTITY_ROLE)
        assert_true(identity_set_document(
            &identity,
            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"
            "\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}}",
            &err));
    if (text)
        assert_true(identity_put_inline(&identity, "p", text, &err));
    OWN_MEM char *document = identity_encode(&identity);
    const struct record_key key = {account, "", identity_words(kind)->record, name};
    records_put(records, &key, document);
    *ret_principal = (struct principal){.kind = kind == IDENTITY_USER ? PRINCIPAL_USER : PRINCIPAL_SESSION};
    snprintf(ret_principal->account, sizeof ret_principal->account, "%s", account);
    snprintf(ret_principal->name, sizeof ret_principal->name, "%s", name);
    snprintf(ret_principal->arn, sizeof ret_principal->arn, "%s", identity.arn);
    snprintf(ret_principal->id, sizeof ret_principal->id, "%s", identity.id);
    identity_done(&identity);
}

static struct principal root(const char *account) {
    struct principal principal = {.kind = PRINCIPAL_ROOT};
    snprintf(principal.account, sizeof principal.account, "%s", account);
    snprintf(principal.arn, sizeof principal.arn, "arn:aws:iam::%s:root", account);
    snprintf(principal.id, sizeof principal.id, "%s", account);
    return principal;
}

enum { NOTHING, ALLOWED, DENIED, LEVELS };
static const char *const identity_texts[LEVELS] = {
    [ALLOWED] = DOCUMENT("Allow", ""), [DENIED] = DOCUMENT("Deny", "")};
static const char *const resource_texts[LEVELS] = {[ALLOWED] = DOCUMENT("Allow", ",\"Principal\":\"*\""),
                                                   [DENIED] = DOCUMENT("Deny", ",\"Principal\":\"*\"")};

static bool ask(const struct principal *principal, const struct policy *resource) {
    const struct access_request request = {
        .principal = principal,
        .action = ACTION,
        .resource = FUNCTION,
        .resource_account = HOME,
        .resource_policies = &resource,
        .resource_policy_count = resource ? 1 : 0,
    };
    return access_check(&api, &request, &err);
}

static void start(struct records *records) {
    api = (struct api){.clock = &fixed};
    api.options.region = "us-east-1";
    api.options.checks_roles = true;
    assert_true(identities_init(&api.identities, records, &err));
}

static void every_pair_of_sides(void **state) {
    (void)state;
    static const char *const names[LEVELS] = {"nothing", "allowed", "denied"};
    struct records records = {0};
    struct principal home[LEVELS], away[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
        add(&records, IDENTITY_USER, HOME, names[i], identity_texts[i], &home[i]);
        add(&records, IDENTITY_USER, AWAY, names[i], identity_texts[i], &away[i]);
    }
    start(&records);
    struct principal roots[] = {root(HOME), root(AWAY)};
    for (int level = 0; level < LEVELS; level++) {
        struct policy *resource = NULL;
        const char *text = resource_texts[level];
        assert_true(!text || policy_parse(text, strlen(text), POLICY_RESOURCE, &resource, &err));
        for (int i = 0; i < LEVELS; i++) {
            bool no_denial = i != DENIED && level != DENIED;
            assert_int_equal(ask(&home[i], resource), no_denial && (i == ALLOWED || level == ALLOWED));
            assert_int_equal(ask(&away[i], resource), no_denial && i == ALLOWED && level == ALLOWED);
        }
        assert_true(ask(&roots[0], resource));
        assert_int_equal(ask(&roots[1], resource), level == ALLOWED);
        policy_free(resource);
    }
    identities_done(&api.identities);
    records_done(&records);
}

static void words_of_a_refusal(void **state) {
    (void)state;
    struct records records = {0};
    struct principal nobody, denied, stranger;
    add(&records, IDENTITY_USER, HOME, "nobody", NULL, &nobody);
    add(&records, IDENTITY_USER, HOME, "denied", identity_texts[DENIED], &denied);
    add(&records, IDENTITY_USER, AWAY, "stranger", identity_texts[ALLOWED], &stranger);
    start(&records);
    assert_false(ask(&nobody, NULL));
    assert_int_equal(err.code, ERR_DENIED);
    assert_string_equal(
        err.text, "User: arn:aws:iam::" HOME ":user/nobody is not authorized to perform: " ACTION
                  " on resource: " FUNCTION " because no identity-based policy allows the " ACTION " action");
    assert_false(ask(&denied, NULL));
    assert_string_equal(err.text,
                        "User: arn:aws:iam::" HOME ":user/denied is not authorized to perform: " ACTION
                        " on resource: " FUNCTION " with an explicit deny in an identity-based policy");
    assert_false(ask(&stranger, NULL));
    assert_string_equal(
        err.text, "User: arn:aws:iam::" AWAY ":user/stranger is not authorized to perform: " ACTION
                  " on resource: " FUNCTION " because no resource-based policy allows the " ACTION " action");
    identities_done(&api.identities);
    records_done(&records);
}

static void who_was_made_again_is_another(void **state) {
    (void)state;
    struct records records = {0};
    struct principal session, user;
    add(&records, IDENTITY_ROLE, HOME, "role", identity_texts[ALLOWED], &session);
    add(&records, IDENTITY_USER, HOME, "user", identity_texts[ALLOWED], &user);
    start(&records);
    snprintf(session.id + strlen(session.id), 9, ":session");
    assert_true(ask(&session, NULL));
    assert_true(ask(&user, NULL));
    session.id[5] ^= 1;
    user.id[5] ^= 1;
    assert_false(ask(&session, NULL));
    assert_false(ask(&user, NULL));
    session.id[0] = '\0';
    assert_false(ask(&session, NULL));
    identities_done(&api.identities);
    records_done(&records);
}

/* A user with one policy, asked once. */
static bool may(const char *condition, struct tags tags, struct principal *principal,
                enum identity_kind kind) {
    struct records records = {0};
    OWN_MEM char *text = mem_format(
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
        "\"Resource\":\"*\",\"Condition\":%s}}",
        condition);
    add(&records, kind, HOME, "who", text, principal);
    if (kind == IDENTITY_ROLE)
        snprintf(principal->id + strlen(principal->id), 9, ":session");
    principal->issued_s = 1699999000;
    start(&records);
    struct identity *who = (struct identity *)identities_find(&api.identities, kind, HOME, "who");
    who->tags = tags_copy(&tags);
    bool ok = ask(principal, NULL);
    identities_done(&api.identities);
    records_done(&records);
    return ok;
}

static void facts_about_the_caller(void **state) {
    (void)state;
    struct tag tag = {.key = "Team", .value = "red"};
    const struct tags tags = {&tag, 1};
    static const struct {
        const char *condition;
        bool user, session;
    } rows[] = {
        {"{\"StringEquals\":{\"aws:PrincipalTag/team\":\"red\"}}", true, true},
        {"{\"StringEquals\":{\"aws:PrincipalTag/team\":\"blue\"}}", false, false},
        {"{\"DateLessThan\":{\"aws:TokenIssueTime\":\"2023-11-14T22:00:00Z\"}}", false, true},
        {"{\"DateLessThan\":{\"aws:TokenIssueTime\":\"2023-11-14T21:00:00Z\"}}", false, false},
        {"{\"Null\":{\"aws:TokenIssueTime\":\"true\"}}", true, false},
        {"{\"Bool\":{\"aws:ViaAWSService\":\"false\",\"aws:PrincipalIsAWSService\":\"false\"}}", true, true},
        {"{\"ArnLike\":{\"aws:PrincipalArn\":\"arn:aws:iam::*:role/who\"}}", false, true},
        {"{\"StringEquals\":{\"aws:username\":\"who\"}}", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct principal principal;
        if (may(rows[i].condition, tags, &principal, IDENTITY_USER) != rows[i].user ||
            may(rows[i].condition, tags, &principal, IDENTITY_ROLE) != rows[i].session)
            fail_msg("%s", rows[i].condition);
    }
}

/* Ten policies whose patterns match almost everywhere. */
static void costs_are_bounded(void **state) {
    (void)state;
    struct records records = {0};
    struct principal user;
    OWN(buf) struct buf text;
    buf_init(&text, 100000);
    buf_append_text(
        &text,
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[");
    for (int i = 0; i < 100; i++)
        buf_append_format(&text, "%s\"arn:aws:lambda:us-east-1:000000000000:function:*%0500dx\"",
                          i ? "," : "", 0);
    buf_append_text(&text, "]}}");
    add(&records, IDENTITY_USER, HOME, "user", buf_text(&text), &user);
    start(&records);
    char resource[2049] = "arn:aws:lambda:us-east-1:000000000000:function:";
    for (size_t len = strlen(resource); len < sizeof resource - 1; len++)
        resource[len] = '0';
    const struct access_request request = {
        .principal = &user, .action = ACTION, .resource = resource, .resource_account = HOME};
    assert_false(access_check(&api, &request, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_non_null(strstr(err.text, "take too long to evaluate"));
    identities_done(&api.identities);
    records_done(&records);
}

static void roles_of_functions(void **state) {
    (void)state;
    struct records records = {0};
    struct principal role, user;
    struct principal boss = root(HOME);
    static const char arn[] = "arn:aws:iam::" HOME ":role/role";
    add(&records, IDENTITY_ROLE, HOME, "role", NULL, &role);
    add(&records, IDENTITY_USER, HOME, "user", identity_texts[ALLOWED], &user);
    start(&records);
    assert_true(access_check_lambda_role(&api, &boss, arn, &err));
    assert_false(access_check_lambda_role(&api, &boss, "arn:aws:iam::" HOME ":role/other", &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_false(access_check_lambda_role(&api, &boss, "arn:aws:iam::" AWAY ":role/role", &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_string_equal(err.text, "Cross-account pass role is not allowed.");
    assert_false(access_check_lambda_role(&api, &user, arn, &err));
    assert_int_equal(err.code, ERR_DENIED);
    assert_non_null(strstr(err.text, "iam:PassRole on resource: arn:aws:iam::" HOME ":role/role because"));
    api.options.checks_roles = false;
    assert_true(access_check_lambda_role(&api, &user, "anything", &err));
    identities_done(&api.identities);
    records_done(&records);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_sides),
        cmocka_unit_test(words_of_a_refusal),
        cmocka_unit_test(who_was_made_again_is_another),
        cmocka_unit_test(facts_about_the_caller),
        cmocka_unit_test(costs_are_bounded),
        cmocka_unit_test(roles_of_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
