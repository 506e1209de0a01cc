/* See probe.h. */
#include "probe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void say(const char *format, ...) {
    char line[4096];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    size_t used = len < (int)sizeof line - 1 ? (size_t)len : sizeof line - 2;
    line[used] = '\n';
    ssize_t ignored = write(STDOUT_FILENO, line, used + 1);
    (void)ignored;
}

void say_result(long result) {
    const char *name = strerrorname_np(errno);
    say("%s", result != -1 ? "ok" : name ? name : "unknown");
}

int main(int argc, char **argv) {
    static const struct probe *const lists[] = {probes_of_calls, probes_of_files, probes_of_limits};
    for (size_t i = 0; argc > 1 && i < sizeof lists / sizeof lists[0]; i++) {
        for (const struct probe *probe = lists[i]; probe->name; probe++) {
            if (strcmp(probe->name, argv[1]) == 0) {
                probe->run(argv + 2);
                return 0;
            }
        }
    }
    say("no such probe");
    return 2;
}
