/* The rules that a constraint can have: whether a value breaks one, and the service's words for it. For
 * constraint.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "model/constraint.h"
#include "model/constraint_match.h"
#include "model/violations.h"

/* In the order the service lists them. */
enum constraint_rule {
    RULE_MOST,
    RULE_LEAST,
    RULE_PATTERN,
    RULE_VALUES,
    RULE_KEYS,  /* what the keys of a map must satisfy */
    RULE_ITEMS, /* what the items of a list or the values of a map must satisfy */
    RULE_NOT_NULL,
    RULE_COUNT,
};

/* What rules look at: a value of the request, measured. */
struct constraint_subject {
    bool is_null;
    double size;
    const char *text; /* of texts, not terminated; "" for everything else */
    size_t len;
    struct json_value items;              /* of a list or map in the body; or */
    const struct constraint_texts *texts; /* of a list in the query */
};

/* Working space of one check. */
struct constraint_space {
    struct buf text; /* of the subject that was measured last */
    struct constraint_match match;
};

void constraint_space_init(struct constraint_space *space);
void constraint_space_done(struct constraint_space *space);

struct constraint_subject constraint_measure_text(const char *text);
struct constraint_subject constraint_measure_json(const struct constraint *constraint,
                                                  struct json_value value, struct constraint_space *space);

bool constraint_breaks(const struct constraint *constraint, enum constraint_rule rule,
                       const struct constraint_subject *subject, struct constraint_space *space);

/* "Member must not be null" and so on. */
void constraint_put_rule(struct violations *violations, const struct constraint *constraint,
                         enum constraint_rule rule);
