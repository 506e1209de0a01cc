/* Names of blobs and layouts: a SHA-256 in lower-case hex, and nothing else. */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "base/digest.h"

static inline bool digest_name_is_valid(const char *name) {
    size_t len = DIGEST_SHA256_HEX_BYTES - 1;
    return strlen(name) == len && strspn(name, "0123456789abcdef") == len;
}
