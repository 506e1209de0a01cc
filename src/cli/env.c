/* lamb env: prints shell exports for clients of a running daemon, from a file that it keeps in its data
 * directory (lines "NAME=value"; see daemon/access_file.c): `access`, or `access-ID` for the account of that
 * id. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/data_dir.h"
#include "sys/fs.h"

#define ACCESS_FILE_BYTES 4096

/* Takes "--account ID" or "--account=ID" from the front; "" when there is none, NULL when it is wrong. */
static const char *take_account(const char *const *args, size_t *ret_count) {
    static const char option[] = "--account";
    const size_t len = sizeof option - 1;
    *ret_count = 0;
    if (!args[0] || strncmp(args[0], option, len) != 0)
        return "";
    const char *id = args[0][len] == '=' ? args[0] + len + 1 : args[1];
    *ret_count = args[0][len] == '=' ? 1 : 2;
    return id && strlen(id) == 12 && strspn(id, "0123456789") == 12 ? id : NULL;
}

int command_env(const char *const args[]) {
    const char *rest[8] = {0};
    for (size_t i = 0; i < 7 && args[i]; i++)
        rest[i] = args[i];
    OWN_MEM char *dir = data_dir_take(rest);
    if (!dir)
        return 2;
    size_t taken;
    const char *account = take_account(rest, &taken);
    if (!account || rest[taken]) {
        fprintf(stderr, "usage: lamb env [--data-dir DIR] [--account ID]\n");
        return 2;
    }
    OWN_MEM char *name = mem_format("access%s%s", account[0] ? "-" : "", account);
    OWN_MEM char *path = fs_join(dir, name);
    OWN(buf) struct buf text;
    buf_init(&text, ACCESS_FILE_BYTES);
    struct err err;
    if (!fs_read(path, &text, &err)) {
        fprintf(stderr, "lamb env: %s (was lamb serve started with this data directory%s? see --%s)\n",
                err.text, account[0] ? " and this account" : "", account[0] ? "accounts" : "data-dir");
        return 1;
    }
    OWN_MEM char *lines = buf_take(&text);
    char *left = lines;
    for (char *line = strsep(&left, "\n"); line; line = strsep(&left, "\n"))
        if (line[0] != '\0')
            printf("export %s\n", line);
    return 0;
}
