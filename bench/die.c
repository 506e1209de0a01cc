/* See die.h. */
#include "bench/die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_SIZE_MAX = 512 };

/* _exit, not exit: a cloned child that fails must not flush its parent's unwritten output. */
static _Noreturn void say_and_exit(const char *text, const char *cause) {
    dprintf(STDERR_FILENO, "%s: %s%s%s\n", program_invocation_short_name, text, cause ? ": " : "",
            cause ? cause : "");
    _exit(1);
}

void die(const char *format, ...) {
    char text[TEXT_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    say_and_exit(text, NULL);
}

void die_errno(const char *format, ...) {
    const char *cause = strerror(errno);
    char text[TEXT_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    say_and_exit(text, cause);
}
