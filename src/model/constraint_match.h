/* Runs the regular expressions of constraints with PCRE2, as Java's Matcher.matches() decides them. For
 * constraint_rule.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/constraint.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* As many as the members of one structure need, so that a list of structures compiles each pattern once. */
#define CONSTRAINT_MATCH_KEPT 4

/* What one check keeps compiled. Starts as {0}. */
struct constraint_match {
    struct {
        const struct constraint_pattern *pattern;
        pcre2_code *code;
    } kept[CONSTRAINT_MATCH_KEPT];
    size_t next; /* to be replaced */
    pcre2_match_data *data;
    pcre2_match_context *bounds;
};

void constraint_match_done(struct constraint_match *match);

/* True when the pattern matches the whole text. Text that is no UTF-8, or that would take too much work, does
 * not match. */
bool constraint_match_text(struct constraint_match *match, const struct constraint_pattern *pattern,
                           const char *text, size_t len);
