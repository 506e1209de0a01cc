/* The files `access` (of the main account) and `access-ACCOUNT` in the data directory: how clients on this
 * machine reach the daemon, as lines "NAME=value" for a shell. `lamb env` prints them. Readable by the
 * daemon's user and root alone: they hold the secret of a root key. */
#pragma once

#include <stdbool.h>

#include "api/keys.h"
#include "base/err.h"

/* `name` is that of the file. */
bool access_file_write(const char *data_dir, const char *name, const struct access_key *key,
                       const char *region, const char *endpoint, struct err *err);
