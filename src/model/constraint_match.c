/* Patterns are compiled when they are first needed in a check and forgotten with it: only the control plane
 * gets here, and it has no state to keep them in. Two bounds keep hostile texts cheap: the steps of the
 * matcher, and how far it may have to come back, which is also what bounds its memory. */
#include "model/constraint_match.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* Some milliseconds. No text within the length of its member comes near. */
#define MAX_STEPS 100000
#define MAX_DEPTH 20000

/* Line ends are those of Unicode, which `.` does not match. Java also counts only them, but for VT and FF. */
static pcre2_code *compile(const char *text) {
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    assert(context);
    pcre2_set_newline(context, PCRE2_NEWLINE_ANY);
    int error;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, strlen(text),
                                     PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NO_AUTO_CAPTURE,
                                     &error, &offset, context);
    pcre2_compile_context_free(context);
    assert(code);
    return code;
}

static const pcre2_code *find_code(struct constraint_match *match, const struct constraint_pattern *pattern) {
    for (size_t i = 0; i < CONSTRAINT_MATCH_KEPT; i++)
        if (match->kept[i].pattern == pattern)
            return match->kept[i].code;
    size_t place = match->next;
    match->next = (place + 1) % CONSTRAINT_MATCH_KEPT;
    pcre2_code_free(match->kept[place].code);
    match->kept[place].pattern = pattern;
    match->kept[place].code = compile(pattern->text);
    return match->kept[place].code;
}

static void set_bounds(struct constraint_match *match) {
    match->data = pcre2_match_data_create(1, NULL);
    match->bounds = pcre2_match_context_create(NULL);
    assert(match->data && match->bounds);
    pcre2_set_match_limit(match->bounds, MAX_STEPS);
    pcre2_set_depth_limit(match->bounds, MAX_DEPTH);
}

bool constraint_match_text(struct constraint_match *match, const struct constraint_pattern *pattern,
                           const char *text, size_t len) {
    if (pattern->matches)
        return pattern->matches(text, len);
    if (!match->data)
        set_bounds(match);
    return pcre2_match(find_code(match, pattern), (PCRE2_SPTR)text, len, 0, 0, match->data, match->bounds) >=
           0;
}

void constraint_match_done(struct constraint_match *match) {
    for (size_t i = 0; i < CONSTRAINT_MATCH_KEPT; i++)
        pcre2_code_free(match->kept[i].code);
    pcre2_match_data_free(match->data);
    pcre2_match_context_free(match->bounds);
}
