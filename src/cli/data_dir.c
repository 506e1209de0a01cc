/* See data_dir.h. */
#include "cli/data_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

char *data_dir_default(void) {
    const char *own = getenv("LAMB_DATA_DIR");
    const char *home = getenv("HOME");
    const char *data_home = getenv("XDG_DATA_HOME");
    if (own)
        return mem_text(own);
    if (geteuid() == 0 || (!data_home && !home))
        return mem_text("/var/lib/lamb");
    return data_home ? mem_format("%s/lamb", data_home) : mem_format("%s/.local/share/lamb", home);
}

static void remove_args(const char *args[], size_t at, size_t count) {
    while (args[at + count]) {
        args[at] = args[at + count];
        at++;
    }
    args[at] = NULL;
}

char *data_dir_take(const char *args[]) {
    static const char option[] = "--data-dir";
    const size_t len = sizeof option - 1;
    for (size_t i = 0; args[i]; i++) {
        if (strncmp(args[i], option, len) != 0)
            continue;
        const char *value = args[i][len] == '=' ? args[i] + len + 1 : args[i + 1];
        if (!value) {
            fprintf(stderr, "lamb: --data-dir needs a value: DIR\n");
            return NULL;
        }
        char *dir = mem_text(value);
        remove_args(args, i, args[i][len] == '=' ? 1 : 2);
        return dir;
    }
    return data_dir_default();
}
