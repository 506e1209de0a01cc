/* lamb env: prints shell exports for clients of a running daemon, from the file `access` that it keeps in its
 * data directory (lines "NAME=value"; see daemon/access_file.c). */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/data_dir.h"
#include "sys/fs.h"

#define ACCESS_FILE_BYTES 4096

int command_env(const char *const args[]) {
    const char *rest[8] = {0};
    for (size_t i = 0; i < 7 && args[i]; i++)
        rest[i] = args[i];
    OWN_MEM char *dir = data_dir_take(rest);
    if (!dir)
        return 2;
    if (rest[0]) {
        fprintf(stderr, "usage: lamb env [--data-dir DIR]\n");
        return 2;
    }
    OWN_MEM char *path = fs_join(dir, "access");
    OWN(buf) struct buf text;
    buf_init(&text, ACCESS_FILE_BYTES);
    struct err err;
    if (!fs_read(path, &text, &err)) {
        fprintf(stderr, "lamb env: %s (was lamb serve started with this data directory? see --data-dir)\n",
                err.text);
        return 1;
    }
    OWN_MEM char *lines = buf_take(&text);
    char *left = lines;
    for (char *line = strsep(&left, "\n"); line; line = strsep(&left, "\n"))
        if (line[0] != '\0')
            printf("export %s\n", line);
    return 0;
}
