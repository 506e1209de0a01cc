/* A zip archive in memory: the entries of its central directory, and the data of each. Knows the format
 * alone: names, modes and limits are judged by unzip.c. Source: PKWARE APPNOTE 6.3.10. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct zip {
    const uint8_t *data;
    size_t len;
    size_t shift;         /* bytes in front of the archive: a self-extracting one begins with a program */
    size_t directory;     /* the central directory: where it begins */
    size_t directory_end; /* and ends */
};

enum zip_method { ZIP_STORED = 0, ZIP_DEFLATED = 8 };

struct zip_entry {
    const char *name; /* as it stands in the archive: any bytes, not terminated */
    size_t name_len;
    bool is_encrypted;
    unsigned method;    /* enum zip_method, or one that zip_read() can't do */
    uint32_t unix_mode; /* 0 when the archive tells none */
    uint32_t checksum;
    uint64_t packed_bytes;
    uint64_t unpacked_bytes; /* as the archive claims */
    uint64_t offset;         /* of the local header */
};

/* Finds the central directory. Bytes before and after the archive are fine. ERR_SYNTAX when there is none. */
bool zip_open(struct zip *ret_zip, const void *data, size_t len, struct err *err);

bool zip_is_empty(const struct zip *zip);

/* The next entry: start with *cursor = 0. *ret_any is false at the end. ERR_SYNTAX for a damaged directory.
 */
bool zip_next(const struct zip *zip, size_t *cursor, struct zip_entry *ret_entry, bool *ret_any,
              struct err *err);

/* Unpacks the entry in pieces of at most 64 KiB and compares size and checksum with what the archive claims;
 * never gives more bytes than claimed. ERR_SYNTAX for damaged data, ERR_UNSUPPORTED for another method; a
 * failure of `sink` ends it. */
bool zip_read(const struct zip *zip, const struct zip_entry *entry,
              bool (*sink)(void *arg, const void *data, size_t len, struct err *err), void *arg,
              struct err *err);
