/* Packages from an S3-compatible server. Blocks: for jobs. */
#pragma once

#include <stdbool.h>

#include "api/options.h"
#include "base/buf.h"
#include "base/err.h"

struct code_location {
    const char *bucket;
    const char *key;
    const char *version; /* or NULL */
};

/* GetObject from the configured server into `package`, whose limit bounds it. ERR_PARAMETER for everything
 * the caller can mend, with the server's own words where it gave some. */
bool code_fetch(const struct api_options *options, const struct code_location *location, struct buf *package,
                struct err *err);
