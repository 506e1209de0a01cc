/* lamb version */
#include <stdio.h>

#include "cli/command.h"

int command_version(const char *const args[]) {
    (void)args;
    printf("lamb %s\n", LAMB_VERSION);
    return 0;
}
