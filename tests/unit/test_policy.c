/* model/policy: what a document decides about actions, resources, principals and variables. */
#include "policy_fixture.h"

#include "base/buf.h"
#include "base/limits.h"

#define FUNCTION "arn:aws:lambda:us-east-1:123456789012:function:f"
#define ALLOW(members) "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\"," members "}}"
#define DENY(members) "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\"," members "}}"

struct row {
    const char *document;
    const char *action;
    const char *resource;
    const char *facts;
    enum policy_decision decision;
};

static void check_rows(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct policy *policy = policy_fixture_parse(rows[i].document, POLICY_IDENTITY);
        enum policy_decision decision = policy_fixture_ask(policy, rows[i].action, rows[i].resource,
                                                           &policy_fixture_alice, rows[i].facts);
        policy_free(policy);
        if (decision != rows[i].decision)
            fail_msg("%s asked for %s on %s: %d", rows[i].document, rows[i].action, rows[i].resource,
                     decision);
    }
}

static void test_actions(void **state) {
    (void)state;
#define ACTION(actions, action, decision)                                                                    \
    { ALLOW("\"Action\":" actions ",\"Resource\":\"*\""), action, FUNCTION, NULL, decision }
#define NOT_ACTION(actions, action, decision)                                                                \
    { ALLOW("\"NotAction\":" actions ",\"Resource\":\"*\""), action, FUNCTION, NULL, decision }
    static const struct row rows[] = {
        ACTION("\"*\"", "lambda:InvokeFunction", POLICY_ALLOW),
        ACTION("\"lambda:*\"", "lambda:InvokeFunction", POLICY_ALLOW),
        ACTION("\"lambda:*\"", "iam:GetUser", POLICY_NONE),
        ACTION("\"lambda:InvokeFunction\"", "lambda:InvokeFunction", POLICY_ALLOW),
        ACTION("\"lambda:InvokeFunction\"", "lambda:InvokeFunctionUrl", POLICY_NONE),
        ACTION("\"lambda:InvokeFunction\"", "lambda:Invoke", POLICY_NONE),
        ACTION("\"LAMBDA:invokefunction\"", "lambda:InvokeFunction", POLICY_ALLOW),
        ACTION("\"lambda:Get*\"", "lambda:GetFunction", POLICY_ALLOW),
        ACTION("\"lambda:Get*\"", "lambda:ListFunctions", POLICY_NONE),
        ACTION("\"lambda:*Function\"", "lambda:GetFunction", POLICY_ALLOW),
        ACTION("\"lambda:*Function\"", "lambda:GetFunctionConfiguration", POLICY_NONE),
        ACTION("\"lambda:*Func*ion*\"", "lambda:GetFunctionConfiguration", POLICY_ALLOW),
        ACTION("\"lambda:Get????tion\"", "lambda:GetFunction", POLICY_ALLOW),
        ACTION("\"lambda:Get?\"", "lambda:Get", POLICY_NONE),
        ACTION("\"lambda:**\"", "lambda:Get", POLICY_ALLOW),
        ACTION("\"*:GetFunction\"", "lambda:GetFunction", POLICY_ALLOW),
        ACTION("[\"iam:*\",\"lambda:Get*\"]", "lambda:GetFunction", POLICY_ALLOW),
        ACTION("[\"iam:*\",\"lambda:Get*\"]", "lambda:DeleteFunction", POLICY_NONE),
        NOT_ACTION("\"iam:*\"", "lambda:GetFunction", POLICY_ALLOW),
        NOT_ACTION("\"iam:*\"", "iam:GetUser", POLICY_NONE),
        NOT_ACTION("[\"iam:*\",\"lambda:Delete*\"]", "lambda:DeleteFunction", POLICY_NONE),
        NOT_ACTION("[\"iam:*\",\"lambda:Delete*\"]", "lambda:GetFunction", POLICY_ALLOW),
        {DENY("\"Action\":\"lambda:*\",\"Resource\":\"*\""), "lambda:GetFunction", "*", NULL, POLICY_DENY},
        {DENY("\"Action\":\"lambda:*\",\"Resource\":\"*\""), "iam:GetUser", "*", NULL, POLICY_NONE},
        {DENY("\"NotAction\":\"lambda:*\",\"Resource\":\"*\""), "iam:GetUser", "*", NULL, POLICY_DENY},
    };
    check_rows(rows, COUNT(rows));
}

static void test_resources(void **state) {
    (void)state;
#define RESOURCE(resources, resource, decision)                                                              \
    { ALLOW("\"Action\":\"*\",\"Resource\":" resources), "lambda:GetFunction", resource, NULL, decision }
#define NOT_RESOURCE(resources, resource, decision)                                                          \
    { ALLOW("\"Action\":\"*\",\"NotResource\":" resources), "lambda:GetFunction", resource, NULL, decision }
    static const struct row rows[] = {
        RESOURCE("\"*\"", FUNCTION, POLICY_ALLOW),
        RESOURCE("\"*\"", "*", POLICY_ALLOW),
        RESOURCE("\"" FUNCTION "\"", FUNCTION, POLICY_ALLOW),
        RESOURCE("\"" FUNCTION "\"", FUNCTION ":1", POLICY_NONE),
        RESOURCE("\"" FUNCTION "\"", "*", POLICY_NONE),
        RESOURCE("\"" FUNCTION "*\"", FUNCTION ":1", POLICY_ALLOW),
        RESOURCE("\"" FUNCTION ":?\"", FUNCTION ":1", POLICY_ALLOW),
        RESOURCE("\"" FUNCTION ":?\"", FUNCTION ":12", POLICY_NONE),
        RESOURCE("\"arn:aws:lambda:us-east-1:123456789012:function:F\"", FUNCTION, POLICY_NONE),
        RESOURCE("\"arn:aws:lambda:*:*:function:*\"", FUNCTION, POLICY_ALLOW),
        RESOURCE("\"arn:aws:lambda:*:*:layer:*\"", FUNCTION, POLICY_NONE),
        RESOURCE("\"arn:*:lambda:*:*:*\"", FUNCTION, POLICY_ALLOW),
        RESOURCE("\"arn:aws:lambda:*\"", FUNCTION, POLICY_ALLOW),
        RESOURCE("\"arn:aws:lambda:*:f\"", FUNCTION, POLICY_ALLOW),
        RESOURCE("[\"arn:aws:s3:::b\",\"" FUNCTION "\"]", FUNCTION, POLICY_ALLOW),
        NOT_RESOURCE("\"" FUNCTION "\"", FUNCTION, POLICY_NONE),
        NOT_RESOURCE("\"" FUNCTION "\"", FUNCTION ":1", POLICY_ALLOW),
        NOT_RESOURCE("[\"arn:aws:s3:::*\",\"" FUNCTION "\"]", "arn:aws:s3:::b", POLICY_NONE),
        NOT_RESOURCE("\"*\"", FUNCTION, POLICY_NONE),
    };
    check_rows(rows, COUNT(rows));
}

static void test_statements(void **state) {
    (void)state;
#define TWO(first, second) "{\"Version\":\"2012-10-17\",\"Statement\":[{" first "},{" second "}]}"
#define ALLOW_ALL "\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\""
#define DENY_DELETE "\"Effect\":\"Deny\",\"Action\":\"lambda:Delete*\",\"Resource\":\"*\""
    static const struct row rows[] = {
        {TWO(ALLOW_ALL, DENY_DELETE), "lambda:GetFunction", "*", NULL, POLICY_ALLOW},
        {TWO(ALLOW_ALL, DENY_DELETE), "lambda:DeleteFunction", "*", NULL, POLICY_DENY},
        {TWO(DENY_DELETE, ALLOW_ALL), "lambda:DeleteFunction", "*", NULL, POLICY_DENY},
        {TWO(DENY_DELETE, DENY_DELETE), "lambda:GetFunction", "*", NULL, POLICY_NONE},
        {TWO(ALLOW_ALL, DENY_DELETE ",\"Condition\":{\"Bool\":{\"k\":\"true\"}}"), "lambda:DeleteFunction",
         "*", "k=false", POLICY_ALLOW},
        {TWO(ALLOW_ALL, DENY_DELETE ",\"Condition\":{\"Bool\":{\"k\":\"true\"}}"), "lambda:DeleteFunction",
         "*", "k=true", POLICY_DENY},
        {TWO(ALLOW_ALL ",\"Condition\":{\"Bool\":{\"k\":\"true\"}}", DENY_DELETE), "lambda:GetFunction", "*",
         "k=false", POLICY_NONE},
    };
    check_rows(rows, COUNT(rows));
}

static void test_variables(void **state) {
    (void)state;
#define AT(resource, asked, facts, decision)                                                                 \
    { ALLOW("\"Action\":\"*\",\"Resource\":\"" resource "\""), "a:b", asked, facts, decision }
#define LIKE(value, facts, decision)                                                                         \
    {                                                                                                        \
        ALLOW("\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"StringLike\":{\"k\":\"" value "\"}}"),   \
            "a:b", "*", facts, decision                                                                      \
    }
#define EQUALS(value, facts, decision)                                                                       \
    {                                                                                                        \
        ALLOW("\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"k\":\"" value "\"}}"), \
            "a:b", "*", facts, decision                                                                      \
    }
#define NOT_EQUALS(value, facts, decision)                                                                   \
    {                                                                                                        \
        ALLOW("\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"StringNotEquals\":{\"k\":\"" value       \
              "\"}}"),                                                                                       \
            "a:b", "*", facts, decision                                                                      \
    }
    static const struct row rows[] = {
        AT("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/alice/x", "aws:username=alice", POLICY_ALLOW),
        AT("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bob/x", "aws:username=alice", POLICY_NONE),
        AT("arn:aws:s3:::b/${AWS:UserName}/*", "arn:aws:s3:::b/alice/x", "aws:username=alice", POLICY_ALLOW),
        AT("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b//x", NULL, POLICY_NONE),
        AT("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${aws:username}/x", NULL, POLICY_NONE),
        AT("arn:aws:s3:::${a}${b}", "arn:aws:s3:::xy", "a=x|b=y", POLICY_ALLOW),
        AT("arn:aws:s3:::${a}", "arn:aws:s3:::anything", "a=*", POLICY_NONE),
        AT("arn:aws:s3:::${a}", "arn:aws:s3:::*", "a=*", POLICY_ALLOW),
        AT("arn:aws:s3:::${a}", "arn:aws:s3:::x", "a=?", POLICY_NONE),
        AT("arn:aws:s3:::${a}", "arn:aws:s3:::x", "a=\xff", POLICY_NONE),
        AT("arn:aws:s3:::${a}", "arn:aws:s3:::x", "a=x|a=y", POLICY_NONE),
        AT("arn:aws:s3:::${a}", "arn:aws:s3:::x", "a=y|a=x", POLICY_NONE),
        AT("arn:aws:s3:::${a, 'team'}", "arn:aws:s3:::team", NULL, POLICY_ALLOW),
        AT("arn:aws:s3:::${a,'team'}", "arn:aws:s3:::team", "a=", POLICY_ALLOW),
        AT("arn:aws:s3:::${a, 'team'}", "arn:aws:s3:::team", "a=other", POLICY_NONE),
        AT("arn:aws:s3:::${a, 'team'}", "arn:aws:s3:::other", "a=other", POLICY_ALLOW),
        AT("arn:aws:s3:::${a, '*'}", "arn:aws:s3:::x", NULL, POLICY_NONE),
        AT("arn:aws:s3:::${*}", "arn:aws:s3:::*", NULL, POLICY_ALLOW),
        AT("arn:aws:s3:::${*}", "arn:aws:s3:::x", NULL, POLICY_NONE),
        AT("arn:aws:s3:::${?}", "arn:aws:s3:::?", NULL, POLICY_ALLOW),
        AT("arn:aws:s3:::${?}", "arn:aws:s3:::x", NULL, POLICY_NONE),
        AT("arn:aws:s3:::${$}{a}", "arn:aws:s3:::${a}", "a=x", POLICY_ALLOW),
        AT("arn:aws:s3:::$a", "arn:aws:s3:::$a", "a=x", POLICY_ALLOW),
        AT("arn:aws:s3:::${aws:PrincipalTag/cost center}", "arn:aws:s3:::x", "aws:PrincipalTag/cost center=x",
           POLICY_ALLOW),
        LIKE("home/${u}/*", "k=home/alice/x|u=alice", POLICY_ALLOW),
        LIKE("home/${u}/*", "k=home/bob/x|u=alice", POLICY_NONE),
        LIKE("home/${u}/*", "k=home/alice/x", POLICY_NONE),
        LIKE("home/${u}/*", "k=home/bob/x|u=*", POLICY_NONE),
        LIKE("${*}x", "k=*x", POLICY_ALLOW),
        LIKE("${*}x", "k=ax", POLICY_NONE),
        EQUALS("${aws:PrincipalAccount}", "k=1|aws:PrincipalAccount=1", POLICY_ALLOW),
        EQUALS("${aws:PrincipalAccount}", "k=1|aws:PrincipalAccount=2", POLICY_NONE),
        EQUALS("${aws:PrincipalAccount}", "k=1", POLICY_NONE),
        EQUALS("${a, 'x'}", "k=x", POLICY_ALLOW),
        NOT_EQUALS("${a}", "k=1|a=1", POLICY_NONE),
        NOT_EQUALS("${a}", "k=1|a=2", POLICY_ALLOW),
        NOT_EQUALS("${a}", "k=1", POLICY_ALLOW),
        /* What can't be told opens nothing, and closes. */
        {ALLOW("\"Action\":\"*\",\"NotResource\":\"arn:aws:s3:::${a}\""), "a:b", "*", NULL, POLICY_NONE},
        {ALLOW("\"Action\":\"*\",\"NotResource\":\"arn:aws:s3:::${a}\""), "a:b", "*", "a=x", POLICY_ALLOW},
        {DENY("\"Action\":\"*\",\"NotResource\":\"arn:aws:s3:::${a}\""), "a:b", "*", NULL, POLICY_DENY},
    };
    check_rows(rows, COUNT(rows));
}

/* The language of 2008 has no variables. */
static void test_old_version(void **state) {
    (void)state;
    struct policy *policy = policy_fixture_parse(
        "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"a:b\",\"Resource\":"
        "\"arn:aws:s3:::${u}*\"}}",
        POLICY_RESOURCE);
    const struct policy_principal *alice = &policy_fixture_alice;
    assert_int_equal(policy_fixture_ask(policy, "a:b", "arn:aws:s3:::x", alice, "u=x"), POLICY_NONE);
    assert_int_equal(policy_fixture_ask(policy, "a:b", "arn:aws:s3:::${u}x", alice, "u=x"), POLICY_ALLOW);
    policy_free(policy);
}

static const struct policy_principal root = {POLICY_PRINCIPAL_AWS, "123456789012",
                                             "arn:aws:iam::123456789012:root", NULL, NULL};
static const struct policy_principal bob = {POLICY_PRINCIPAL_AWS, "111111111111",
                                            "arn:aws:iam::111111111111:user/team/bob", NULL, NULL};
static const struct policy_principal session = {POLICY_PRINCIPAL_AWS, "123456789012",
                                                "arn:aws:sts::123456789012:assumed-role/r/s",
                                                "arn:aws:iam::123456789012:role/path/r", NULL};
static const struct policy_principal service = {POLICY_PRINCIPAL_SERVICE, "", NULL, NULL, "s3.amazonaws.com"};
static const struct policy_principal anonymous = {POLICY_PRINCIPAL_ANONYMOUS, "", NULL, NULL, NULL};

static void check_principal(const char *principal, const char *effect, const struct policy_principal *caller,
                            enum policy_decision expected) {
    OWN_MEM char *document = mem_format(
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"%s\",%s,\"Action\":"
        "\"lambda:InvokeFunction\",\"Resource\":\"" FUNCTION "\"}}",
        effect, principal);
    struct policy *policy = policy_fixture_parse(document, POLICY_RESOURCE);
    enum policy_decision decision = policy_fixture_ask(policy, "lambda:InvokeFunction", FUNCTION, caller,
                                                       NULL);
    enum policy_decision other = policy_fixture_ask(policy, "lambda:GetFunction", FUNCTION, caller, NULL);
    policy_free(policy);
    if (decision != expected || other != POLICY_NONE)
        fail_msg("%s %s, %s: %d", effect, principal, caller->arn ? caller->arn : "-", decision);
}

static void test_principals(void **state) {
    (void)state;
    static const struct policy_principal *const callers[] = {
        &root, &policy_fixture_alice, &bob, &session, &service, &anonymous};
    /* N, D, A: NONE, DELEGATE, ALLOW, one for each caller. */
    static const struct {
        const char *principal;
        const char *decisions;
    } rows[] = {
        {"\"*\"", "AAAAAA"},
        {"{\"AWS\":\"*\"}", "AAAAAA"},
        {"{\"AWS\":\"123456789012\"}", "ADNDNN"},
        {"{\"AWS\":\"arn:aws:iam::123456789012:root\"}", "ADNDNN"},
        {"{\"AWS\":\"111111111111\"}", "NNDNNN"},
        {"{\"AWS\":\"222222222222\"}", "NNNNNN"},
        {"{\"AWS\":\"arn:aws:iam::123456789012:user/alice\"}", "NANNNN"},
        {"{\"AWS\":\"arn:aws:iam::123456789012:user/Alice\"}", "NNNNNN"},
        {"{\"AWS\":\"arn:aws:iam::111111111111:user/team/bob\"}", "NNANNN"},
        {"{\"AWS\":\"arn:aws:iam::111111111111:user/bob\"}", "NNNNNN"},
        {"{\"AWS\":\"arn:aws:iam::123456789012:role/path/r\"}", "NNNANN"},
        {"{\"AWS\":\"arn:aws:sts::123456789012:assumed-role/r/s\"}", "NNNANN"},
        {"{\"AWS\":\"arn:aws:sts::123456789012:assumed-role/r/other\"}", "NNNNNN"},
        {"{\"AWS\":[\"123456789012\",\"arn:aws:iam::123456789012:user/alice\"]}", "AANDNN"},
        {"{\"AWS\":[\"arn:aws:iam::123456789012:user/alice\",\"123456789012\"]}", "AANDNN"},
        {"{\"Service\":\"s3.amazonaws.com\"}", "NNNNAN"},
        {"{\"Service\":[\"sns.amazonaws.com\",\"s3.amazonaws.com\"]}", "NNNNAN"},
        {"{\"Service\":\"sns.amazonaws.com\"}", "NNNNNN"},
        {"{\"Service\":\"s3.amazonaws.com\",\"AWS\":\"111111111111\"}", "NNDNAN"},
        {"{\"Federated\":\"cognito-identity.amazonaws.com\"}", "NNNNNN"},
        {"{\"CanonicalUser\":\"79a59df900b949e5\"}", "NNNNNN"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWN_MEM char *member = mem_format("\"Principal\":%s", rows[i].principal);
        for (size_t j = 0; j < COUNT(callers); j++) {
            char letter = rows[i].decisions[j];
            enum policy_decision allowed = letter == 'A'   ? POLICY_ALLOW
                                           : letter == 'D' ? POLICY_DELEGATE
                                                           : POLICY_NONE;
            check_principal(member, "Allow", callers[j], allowed);
            check_principal(member, "Deny", callers[j], letter == 'N' ? POLICY_NONE : POLICY_DENY);
        }
    }
}

static void test_not_principal(void **state) {
    (void)state;
    static const char only_alice[] = "\"NotPrincipal\":{\"AWS\":[\"arn:aws:iam::123456789012:root\","
                                     "\"arn:aws:iam::123456789012:user/alice\"]}";
    static const char only_session[] =
        "\"NotPrincipal\":{\"AWS\":[\"123456789012\",\"arn:aws:iam::123456789012:role/path/r\","
        "\"arn:aws:sts::123456789012:assumed-role/r/s\"]}";
    static const struct {
        const char *principal;
        const struct policy_principal *caller;
        enum policy_decision decision;
    } rows[] = {
        {only_alice, &policy_fixture_alice, POLICY_NONE},
        {only_alice, &root, POLICY_NONE},
        {only_alice, &bob, POLICY_DENY},
        {only_alice, &session, POLICY_DENY},
        {only_alice, &service, POLICY_DENY},
        {only_alice, &anonymous, POLICY_DENY},
        {only_session, &session, POLICY_NONE},
        {only_session, &policy_fixture_alice, POLICY_DENY},
        {"\"NotPrincipal\":{\"AWS\":\"arn:aws:iam::123456789012:user/alice\"}", &policy_fixture_alice,
         POLICY_DENY},
        {"\"NotPrincipal\":{\"AWS\":[\"123456789012\",\"arn:aws:iam::123456789012:role/path/r\"]}", &session,
         POLICY_DENY},
        {"\"NotPrincipal\":{\"AWS\":[\"123456789012\",\"arn:aws:sts::123456789012:assumed-role/r/s\"]}",
         &session, POLICY_DENY},
        {"\"NotPrincipal\":{\"Service\":\"s3.amazonaws.com\"}", &service, POLICY_NONE},
        {"\"NotPrincipal\":{\"Service\":\"s3.amazonaws.com\"}", &root, POLICY_DENY},
        {"\"NotPrincipal\":\"*\"", &anonymous, POLICY_NONE},
        {"\"NotPrincipal\":{\"Federated\":\"x\"}", &root, POLICY_DENY},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check_principal(rows[i].principal, "Deny", rows[i].caller, rows[i].decision);
}

static void test_trust(void **state) {
    (void)state;
    struct policy *policy = policy_fixture_parse(
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"
        "\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"},{\"Effect\":\"Allow\",\"Principal\":"
        "{\"AWS\":\"123456789012\"},\"Action\":\"sts:AssumeRole\",\"Condition\":"
        "{\"StringEquals\":{\"sts:ExternalId\":\"7\"}}}]}",
        POLICY_TRUST);
    static const struct policy_principal lambda = {POLICY_PRINCIPAL_SERVICE, "", NULL, NULL,
                                                   "lambda.amazonaws.com"};
    static const char role[] = "arn:aws:iam::123456789012:role/r";
    static const char action[] = "sts:AssumeRole";
    const struct policy_principal *alice = &policy_fixture_alice;
    assert_int_equal(policy_fixture_ask(policy, action, role, &lambda, NULL), POLICY_ALLOW);
    assert_int_equal(policy_fixture_ask(policy, "sts:TagSession", role, &lambda, NULL), POLICY_NONE);
    assert_int_equal(policy_fixture_ask(policy, action, role, &service, NULL), POLICY_NONE);
    assert_int_equal(policy_fixture_ask(policy, action, role, alice, NULL), POLICY_NONE);
    assert_int_equal(policy_fixture_ask(policy, action, role, alice, "sts:ExternalId=7"), POLICY_DELEGATE);
    assert_int_equal(policy_fixture_ask(policy, action, role, &root, "sts:ExternalId=7"), POLICY_ALLOW);
    assert_int_equal(policy_fixture_ask(policy, action, role, &bob, "sts:ExternalId=7"), POLICY_NONE);
    policy_free(policy);
}

/* The way StringLike does. */
static bool matches(const char *pattern, const char *text) {
    OWN_MEM char *document = mem_format(
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
        "\"Resource\":\"*\",\"Condition\":{\"StringLike\":{\"k\":\"%s\"}}}}",
        pattern);
    OWN_MEM char *fact = mem_format("k=%s", text);
    struct policy *policy = policy_fixture_parse(document, POLICY_IDENTITY);
    enum policy_decision decision = policy_fixture_ask(policy, "s3:GetObject", "*", &policy_fixture_alice,
                                                       fact);
    policy_free(policy);
    return decision == POLICY_ALLOW;
}

static void test_matches(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"?", "", false},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "abcbc", true},
        {"a*b*c", "acb", false},
        {"*ab", "aab", true},
        {"*ab*", "xxabyy", true},
        {"a?*", "a", false},
        {"*?", "", false},
        {"**??**", "ab", true},
        {"**??**", "a", false},
        {"A", "a", false},
        {"?", "\xe2\x82\xac", true},
        {"??", "\xe2\x82\xac", false},
        {"*??", "\xe2\x82\xac", false},
        {"*??b*",
         "\xe2\x82\xac"
         "b\xe2\x82\xac",
         false},
        {"?*b",
         "\xe2\x82\xac\xe2\x82\xac"
         "b",
         true},
        {"?", "\xff", true},
        {"*.*.txt", "a.b.c.txt", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (matches(rows[i].pattern, rows[i].text) != rows[i].matches)
            fail_msg("%s and %s", rows[i].pattern, rows[i].text);
}

/* Where trying every way would take longer than the test may. */
static void test_many_stars(void **state) {
    (void)state;
    char pattern[1001], text[20001];
    for (size_t i = 0; i < sizeof pattern - 1; i += 2)
        memcpy(pattern + i, "*a", 2);
    memcpy(pattern + sizeof pattern - 3, "*b", 3);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(matches(pattern, text));
    text[sizeof text - 2] = 'b';
    assert_true(matches(pattern, text));
}

/* Each statement keeps to its own resources and conditions. */
static void test_many_statements(void **state) {
    (void)state;
    OWN(buf) struct buf document;
    buf_init(&document, LIMIT_POLICY_BYTES);
    buf_append_text(&document, "{\"Version\":\"2012-10-17\",\"Statement\":[");
    for (unsigned i = 0; i < LIMIT_POLICY_STATEMENTS; i++)
        buf_append_format(&document,
                          "%s{\"Effect\":\"Allow\",\"Action\":\"a:b\",\"Resource\":\"arn:aws:s3:::%u\","
                          "\"Condition\":{\"StringEquals\":{\"k\":\"%u\"}}}",
                          i > 0 ? "," : "", i, i);
    buf_append_text(&document, "]}");
    struct policy *policy = policy_fixture_parse(buf_text(&document), POLICY_IDENTITY);
    const struct policy_principal *alice = &policy_fixture_alice;
    assert_int_equal(policy_fixture_ask(policy, "a:b", "arn:aws:s3:::399", alice, "k=399"), POLICY_ALLOW);
    assert_int_equal(policy_fixture_ask(policy, "a:b", "arn:aws:s3:::399", alice, "k=398"), POLICY_NONE);
    assert_int_equal(policy_fixture_ask(policy, "a:b", "arn:aws:s3:::400", alice, "k=400"), POLICY_NONE);
    policy_free(policy);
}

/* Documents whose patterns cost the most are not followed to their end. */
static void test_costs(void **state) {
    (void)state;
    static const char resource_head[] = "arn:aws:s3:::";
    OWN(buf) struct buf document;
    buf_init(&document, LIMIT_POLICY_BYTES);
    buf_append_text(&document, "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","
                               "\"Action\":\"a:b\",\"Resource\":[\"arn:aws:s3:::x\"");
    for (int i = 0; i < 50; i++)
        buf_append_format(&document, ",\"arn:aws:s3:::*%01000dx\"", 0);
    buf_append_text(&document, "]}}");
    struct policy *policy = policy_fixture_parse(buf_text(&document), POLICY_IDENTITY);
    char resource[2049];
    memset(resource, '0', sizeof resource - 1);
    memcpy(resource, resource_head, sizeof resource_head - 1);
    resource[sizeof resource - 1] = '\0';
    uint64_t steps_left = 100000;
    struct policy_request request = {
        .action = "a:b", .resource = resource, .principal = &policy_fixture_alice};
    assert_int_equal(policy_evaluate(policy, &request), POLICY_NONE);
    request.steps_left = &steps_left;
    assert_int_equal(policy_evaluate(policy, &request), POLICY_DENY);
    assert_int_equal(steps_left, 0);
    assert_int_equal(policy_evaluate(policy, &request), POLICY_DENY);
    steps_left = 1000;
    request.resource = "arn:aws:s3:::x";
    assert_int_equal(policy_evaluate(policy, &request), POLICY_ALLOW);
    assert_in_range(steps_left, 900, 990);
    policy_free(policy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions),         cmocka_unit_test(test_resources),
        cmocka_unit_test(test_statements),      cmocka_unit_test(test_variables),
        cmocka_unit_test(test_old_version),     cmocka_unit_test(test_principals),
        cmocka_unit_test(test_not_principal),   cmocka_unit_test(test_trust),
        cmocka_unit_test(test_matches),         cmocka_unit_test(test_many_stars),
        cmocka_unit_test(test_many_statements), cmocka_unit_test(test_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
