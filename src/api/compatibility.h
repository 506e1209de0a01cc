/* Which operations and settings of AWS Lamb has: docs/compatibility.md, from the tables that requests are
 * served by. */
#pragma once

/* A command of `lamb`, without arguments: prints markdown. Returns the exit status. */
int compatibility_print(const char *const args[]);
