/* Deployment packages, stored once by content: DIR/<sha256 in hex>. Calls block: they belong into jobs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

/* Writes durably (temporary name, fsync, rename); one that is there and intact is left alone. */
bool blob_put(const char *dir, const void *data, size_t len, char ret_digest[DIGEST_SHA256_HEX_BYTES],
              struct err *err);

/* Opens for reading. ERR_NOT_FOUND, ERR_IO. */
bool blob_open(const char *dir, const char *digest, int *ret_fd, uint64_t *ret_size_bytes, struct err *err);

/* Something missing is fine. */
bool blob_remove(const char *dir, const char *digest, struct err *err);
