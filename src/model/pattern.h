/* Building blocks of the matchers that stand for the regular expressions of the service model: written by
 * hand, linear in the text, and safe on bytes from outside. They know no particular member. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A piece of a text; not terminated, not owned. */
struct pattern_span {
    const char *text;
    size_t len;
};

/* Character classes, to be joined with |. */
enum pattern_class {
    PATTERN_LOWER = 1,
    PATTERN_UPPER = 2,
    PATTERN_DIGIT = 4,
    PATTERN_LETTER = PATTERN_LOWER | PATTERN_UPPER,
    PATTERN_ALNUM = PATTERN_LETTER | PATTERN_DIGIT,
};

/* Cuts at every `separator`. Returns the number of pieces (at least 1), or 0 when there are more than `max`.
 */
size_t pattern_split(struct pattern_span span, char separator, struct pattern_span *ret_pieces, size_t max);

bool pattern_is(struct pattern_span span, const char *literal);

/* Takes `prefix` off the front of *span when it is there. */
bool pattern_skip(struct pattern_span *span, const char *prefix);

/* Every byte is in a class or in `extra`. An empty span is. */
bool pattern_all(struct pattern_span span, unsigned classes, const char *extra);

/* The same, and there is at least one byte. */
bool pattern_some(struct pattern_span span, unsigned classes, const char *extra);

bool pattern_partition(struct pattern_span span); /* "aws[a-zA-Z-]*" */
bool pattern_region(struct pattern_span span);  /* "(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}" */
bool pattern_account(struct pattern_span span); /* "\d{12}" */
