/* Policy documents from strangers, asked about requests from strangers. An input is a letter for the kind (I,
 * R, T), a document, a NUL, and lines: action, resource, then pairs of key and value. What must hold: a
 * refusal says why; the answer is the same twice; only who can be delegated to ever is. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/policy.h"

#define MAX_FACTS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct policy_principal principals[] = {
    {POLICY_PRINCIPAL_AWS, "123456789012", "arn:aws:iam::123456789012:root", NULL, NULL},
    {POLICY_PRINCIPAL_AWS, "123456789012", "arn:aws:iam::123456789012:user/alice", NULL, NULL},
    {POLICY_PRINCIPAL_AWS, "123456789012", "arn:aws:sts::123456789012:assumed-role/r/s",
     "arn:aws:iam::123456789012:role/r", NULL},
    {POLICY_PRINCIPAL_SERVICE, "", NULL, NULL, "lambda.amazonaws.com"},
    {POLICY_PRINCIPAL_ANONYMOUS, "", NULL, NULL, NULL},
};

/* The next line, whose end becomes a NUL; "" behind the last. */
static const char *take_line(char **at) {
    char *line = *at;
    char *end = strchr(line, '\n');
    *at = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    return line;
}

static void ask(const struct policy *policy, enum policy_kind kind, char *text) {
    struct policy_fact facts[MAX_FACTS];
    struct policy_request request = {.facts = facts};
    request.action = take_line(&text);
    request.resource = take_line(&text);
    while (*text && request.fact_count < MAX_FACTS) {
        struct policy_fact *fact = &facts[request.fact_count++];
        fact->key = take_line(&text);
        fact->value = take_line(&text);
    }
    for (size_t i = 0; i < sizeof principals / sizeof principals[0]; i++) {
        request.principal = &principals[i];
        enum policy_decision decision = policy_evaluate(policy, &request);
        assert(decision == policy_evaluate(policy, &request));
        if (decision == POLICY_DELEGATE)
            assert(kind != POLICY_IDENTITY && (i == 1 || i == 2));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    enum policy_kind kind = data[0] == 'I'   ? POLICY_IDENTITY
                            : data[0] == 'R' ? POLICY_RESOURCE
                                             : POLICY_TRUST;
    const uint8_t *end = memchr(data + 1, '\0', size - 1);
    size_t document_len = end ? (size_t)(end - data) - 1 : size - 1;
    /* A block of just this size: reading past it is seen. */
    OWN_MEM char *document = mem_copy(data + 1, document_len);
    OWN_MEM char *question = end ? mem_copy_text((const char *)end + 1, size - document_len - 2)
                                 : mem_text("");
    struct policy *policy = NULL;
    struct err err = {0};
    if (policy_parse(document, document_len, kind, &policy, &err)) {
        ask(policy, kind, question);
    } else {
        assert(!policy && err.text[0] != '\0');
        assert(err.code == ERR_PARAMETER || err.code == ERR_LIMIT);
    }
    policy_free(policy);
    return 0;
}
