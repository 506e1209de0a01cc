/* The report of a refused request, put together piece by piece. */
#include "model/violations.h"

#include <string.h>

void violations_put_bytes(struct violations *violations, const char *text, size_t len) {
    size_t space = sizeof violations->text - violations->len;
    size_t taken = len < space ? len : space;
    if (taken > 0)
        memcpy(violations->text + violations->len, text, taken);
    violations->len += taken;
}

void violations_put(struct violations *violations, const char *text) {
    violations_put_bytes(violations, text, strlen(text));
}

void violations_begin(struct violations *violations) {
    if (violations->count++ > 0)
        violations_put(violations, "; ");
}

bool violations_is_full(const struct violations *violations) {
    return violations->len == sizeof violations->text;
}

bool violations_finish(const struct violations *violations, struct err *err) {
    if (violations->count == 0)
        return true;
    return err_set(err, ERR_VALIDATION, "%zu validation error%s detected: %.*s", violations->count,
                   violations->count == 1 ? "" : "s", (int)violations->len, violations->text);
}
