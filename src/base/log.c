/* Lamb's own log. May be called on any thread; keeps errno; never fails: a line that stderr refuses is lost,
 * since there is nowhere left to say so. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_BYTES 4096

/* Control characters (C0, DEL, and C1 in UTF-8) could forge a line or drive a terminal. */
static void replace_controls(char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f) {
            text[i] = '?';
        } else if (byte == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] <= 0x9f) {
            text[i] = '?';
            text[i + 1] = '?';
        }
    }
}

static void log_line(const char *level, const char *event, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void log_line(const char *level, const char *event, const char *format, va_list args) {
    int saved_errno = errno;
    struct clock clock = clock_system();
    char now[CLOCK_TEXT_BYTES];
    clock_format_iso(clock_wall_us(&clock), now);

    char line[LINE_BYTES];
    /* snprintf gives what it would have written; the last byte is kept for the line's end. */
    size_t len = (size_t)snprintf(line, sizeof line, "%s %s %s ", now, level, event);
    if (len < sizeof line) {
        int added = vsnprintf(line + len, sizeof line - len, format, args);
        len += added > 0 ? (size_t)added : 0;
    }
    if (len > sizeof line - 1)
        len = sizeof line - 1;
    replace_controls(line, len);
    line[len++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
    errno = saved_errno;
}

void log_info(const char *event, const char *format, ...) {
    va_list args;
    va_start(args, format);
    log_line("info", event, format, args);
    va_end(args);
}

void log_warn(const char *event, const char *format, ...) {
    va_list args;
    va_start(args, format);
    log_line("warn", event, format, args);
    va_end(args);
}

void log_error(const char *event, const char *format, ...) {
    va_list args;
    va_start(args, format);
    log_line("error", event, format, args);
    va_end(args);
}
