/* Failure as a value: fills `struct err`. Anybody may call it; nothing here allocates or fails. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts at the end of the space. `text` may be the old text: it is formatted aside by every caller. */
static void fill(struct err *err, enum err_code code, int errnum, const char *text) {
    size_t len = strnlen(text, sizeof err->text - 1);
    err->code = code;
    err->errnum = errnum;
    memcpy(err->text, text, len);
    err->text[len] = '\0';
}

bool err_set(struct err *err, enum err_code code, const char *format, ...) {
    if (!err)
        return false;
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fill(err, code, 0, text);
    return false;
}

/* Puts ": <reason>" behind a text, cutting the text where both don't fit: the reason matters more than a long
 * path. */
static void append_reason(char text[ERR_TEXT_BYTES], const char *reason) {
    size_t reason_len = strnlen(reason, ERR_TEXT_BYTES / 2);
    size_t len = strnlen(text, ERR_TEXT_BYTES - 1 - 2 - reason_len);
    memcpy(text + len, ": ", 2);
    memcpy(text + len + 2, reason, reason_len);
    text[len + 2 + reason_len] = '\0';
}

bool err_set_errno(struct err *err, int errnum, const char *format, ...) {
    if (!err)
        return false;
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char space[128];
    append_reason(text, strerror_r(errnum, space, sizeof space));
    fill(err, ERR_IO, errnum, text);
    return false;
}

bool err_wrap(struct err *err, const char *format, ...) {
    if (!err)
        return false;
    char context[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    append_reason(context, err->text);
    fill(err, err->code, err->errnum, context);
    return false;
}

const char *err_code_name(enum err_code code) {
    static const char *const names[] = {
#define ERR_NAME(name) [ERR_##name] = #name,
        ERR_CODES(ERR_NAME)
#undef ERR_NAME
    };
    size_t index = (size_t)code;
    return index < sizeof names / sizeof names[0] ? names[index] : "UNKNOWN";
}
