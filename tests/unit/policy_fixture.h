/* For the tests of model/policy: documents and requests out of short texts. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "model/policy.h"

#define POLICY_FIXTURE_FACTS 16
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* "aws:a=x|aws:a=y" as facts, cut out of *space, which the caller frees. */
static inline size_t policy_fixture_facts(const char *text, struct policy_fact *ret_facts, char **ret_space) {
    size_t count = 0;
    char *at = *ret_space = mem_text(text ? text : "");
    for (char *pair; (pair = strsep(&at, "|")) && *pair;) {
        char *equals = strchr(pair, '=');
        assert_non_null(equals);
        assert_true(count < POLICY_FIXTURE_FACTS);
        *equals = '\0';
        ret_facts[count++] = (struct policy_fact){.key = pair, .value = equals + 1};
    }
    return count;
}

static inline struct policy *policy_fixture_parse(const char *document, enum policy_kind kind) {
    struct policy *policy = NULL;
    struct err err = {0};
    if (!policy_parse(document, strlen(document), kind, &policy, &err))
        fail_msg("%s\nrefused: %s", document, err.text);
    return policy;
}

/* Who calls where it does not matter. */
static const struct policy_principal policy_fixture_alice = {
    POLICY_PRINCIPAL_AWS, "123456789012", "arn:aws:iam::123456789012:user/alice", NULL, NULL};

static inline enum policy_decision policy_fixture_ask(const struct policy *policy, const char *action,
                                                      const char *resource,
                                                      const struct policy_principal *principal,
                                                      const char *facts_text) {
    struct policy_fact facts[POLICY_FIXTURE_FACTS];
    OWN_MEM char *space = NULL;
    struct policy_request request = {
        .action = action,
        .resource = resource,
        .principal = principal,
        .facts = facts,
        .fact_count = policy_fixture_facts(facts_text, facts, &space),
    };
    return policy_evaluate(policy, &request);
}
