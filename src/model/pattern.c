/* Matchers over spans of bytes. Anybody may call them; they keep nothing and allocate nothing. */
#include "model/pattern.h"

#include <string.h>

size_t pattern_split(struct pattern_span span, char separator, struct pattern_span *ret_pieces, size_t max) {
    size_t count = 0;
    while (count < max) {
        const char *stop = span.len > 0 ? memchr(span.text, separator, span.len) : NULL;
        size_t len = stop ? (size_t)(stop - span.text) : span.len;
        ret_pieces[count++] = (struct pattern_span){span.text, len};
        if (!stop)
            return count;
        span.text += len + 1;
        span.len -= len + 1;
    }
    return 0;
}

bool pattern_is(struct pattern_span span, const char *literal) {
    return span.len == strlen(literal) && (span.len == 0 || memcmp(span.text, literal, span.len) == 0);
}

bool pattern_skip(struct pattern_span *span, const char *prefix) {
    size_t len = strlen(prefix);
    if (span->len < len || memcmp(span->text, prefix, len) != 0)
        return false;
    span->text += len;
    span->len -= len;
    return true;
}

static bool is_in(char c, unsigned classes, const char *extra) {
    if (c >= 'a' && c <= 'z')
        return classes & PATTERN_LOWER || strchr(extra, c);
    if (c >= 'A' && c <= 'Z')
        return classes & PATTERN_UPPER || strchr(extra, c);
    if (c >= '0' && c <= '9')
        return classes & PATTERN_DIGIT || strchr(extra, c);
    return c != '\0' && strchr(extra, c);
}

bool pattern_all(struct pattern_span span, unsigned classes, const char *extra) {
    for (size_t i = 0; i < span.len; i++)
        if (!is_in(span.text[i], classes, extra))
            return false;
    return true;
}

bool pattern_some(struct pattern_span span, unsigned classes, const char *extra) {
    return span.len > 0 && pattern_all(span, classes, extra);
}

bool pattern_partition(struct pattern_span span) {
    return pattern_skip(&span, "aws") && pattern_all(span, PATTERN_LETTER, "-");
}

bool pattern_account(struct pattern_span span) {
    return span.len == 12 && pattern_all(span, PATTERN_DIGIT, "");
}

/* "gov", "iso" or "iso" and a letter. */
static bool is_region_kind(struct pattern_span span) {
    if (pattern_is(span, "gov"))
        return true;
    return pattern_skip(&span, "iso") && span.len <= 1 && pattern_all(span, PATTERN_LOWER, "");
}

bool pattern_region(struct pattern_span span) {
    pattern_skip(&span, "eusc-");
    struct pattern_span pieces[4];
    size_t count = pattern_split(span, '-', pieces, 4);
    if (count < 3 || (count == 4 && !is_region_kind(pieces[1])))
        return false;
    return pieces[0].len == 2 && pattern_all(pieces[0], PATTERN_LOWER, "") &&
           pattern_some(pieces[count - 2], PATTERN_LOWER, "") && pieces[count - 1].len == 1 &&
           pattern_all(pieces[count - 1], PATTERN_DIGIT, "");
}
