/* The file `access` in the data directory: how clients on this machine reach the daemon, as lines
 * "NAME=value" for a shell. `lamb env` prints it. Readable by the daemon's user and root alone: it holds the
 * root key's secret. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "store/keys.h"

bool access_file_write(const char *data_dir, const struct access_key *key, const char *region,
                       const char *endpoint, struct err *err);
