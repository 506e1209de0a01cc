/* Layers: how they and their versions are named, and what is recorded of a version. Values without I/O. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "model/function_ref.h"

#define LAYER_NAME_BYTES 141 /* Lambda API, LayerName, and NUL */
#define LAYER_ARN_BYTES 384
#define LAYER_MAX_VERSION 999999999999ll

/* "<name>", "arn:<partition>:lambda:<region>:<account>:layer:<name>", or that with ":<version>". */
struct layer_ref {
    char region[LAYER_NAME_BYTES]; /* "" when not given */
    char account[ACCOUNT_BYTES];   /* likewise */
    char name[LAYER_NAME_BYTES];
    int64_t version; /* 0 when not given */
};

/* False for a text of another form, and for what no layer can be called. */
bool layer_ref_parse(const char *text, struct layer_ref *ret_ref);

/* Of a version, or of the layer itself when `version` is 0. */
void layer_arn_format(const char *region, const char *account, const char *name, int64_t version,
                      char ret_arn[LAYER_ARN_BYTES]);

/* What is recorded of a version:
 *
 *   {"description":"","license":"MIT","runtimes":["python3.12"],"architectures":["x86_64"],
 *    "digest":"<64 hex>","size_bytes":1234,"unzipped_bytes":5678,"created_us":1764037610123456}
 *
 * License and the two lists are there only when they were sent. */
struct layer_version {
    struct json_value description;
    struct json_value license;
    struct json_value runtimes;
    struct json_value architectures;
    char digest[DIGEST_SHA256_HEX_BYTES]; /* of the zip: names its blob */
    uint64_t size_bytes;                  /* of the zip */
    uint64_t unzipped_bytes;              /* of what is in it */
    int64_t created_us;

    struct json_doc doc;
};

/* The first four may be absent; their texts may come from anywhere. */
void layer_version_encode(const struct layer_version *version, struct buf *document);

/* The document must outlive the value, which must stay where it is. ERR_CORRUPT. */
bool layer_version_decode(const char *document, struct layer_version *ret_version, struct err *err);
void layer_version_done(struct layer_version *version);

/* Whether the list (absent: no) has that text. */
bool layer_lists(struct json_value list, const char *text);
