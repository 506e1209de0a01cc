/* The program lamb-spawner. lamb serve starts it with
 *
 *   lamb-spawner INSTANCE STOCK STOCK_MAX RUNTIME_DIR [DIRECTORY...]
 *
 * and a socket as descriptor 3; sandbox/message.h is what they speak. It joins the spawner
 * (sandbox/spawner.h) and lamb-init (init/init.h), which is the same program's code in the processes that the
 * spawner clones. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/init.h"
#include "sandbox/message.h"
#include "sandbox/spawner.h"

static bool is_socket(int fd) {
    struct stat facts;
    return fstat(fd, &facts) == 0 && S_ISSOCK(facts.st_mode);
}

int main(int argc, char **argv) {
    if (argc < 5 || !is_socket(MESSAGE_SPAWNER_SOCKET)) {
        fputs("lamb-spawner makes sandboxes for `lamb serve`, which starts it; alone it is of no use.\n",
              stderr);
        return 2;
    }
    close_range(MESSAGE_SPAWNER_SOCKET + 1, ~0U, 0);
    umask(0);
    if (chdir("/") == -1)
        return 1;
    struct spawner_options options = {
        .instance = argv[1],
        .stock = (uint32_t)strtoul(argv[2], NULL, 10),
        .stock_max = (uint32_t)strtoul(argv[3], NULL, 10),
        .runtime_dir = argv[4],
        .extra_dirs = (const char *const *)argv + 5,
        .entry =
            {
                .run = init_run,
                .command_line = argv[0],
                .command_line_bytes = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) + 1 - argv[0]),
            },
    };
    return spawner_run(MESSAGE_SPAWNER_SOCKET, &options);
}
