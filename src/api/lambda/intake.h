/* A deployment package on its way in: read from the request or from S3, checked, and written to the blob
 * directory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/lambda/lambda.h"
#include "base/json.h"

/* Embedded in the state of an operation. Starts as {0} and the inputs. */
struct intake {
    struct lambda *lambda;
    struct json_value code; /* the object with ZipFile, S3Bucket, ...; its text is the operation's and is
                               decoded in place */
    const char *verb;       /* "creating" or "updating" a function; NULL for a layer: for texts */
    bool is_dry;            /* checks only */
    void (*done)(struct intake *intake);

    /* For `done`. */
    bool ok;
    struct err err;
    size_t len;
    uint64_t unzipped_bytes;
    char digest[DIGEST_SHA256_HEX_BYTES];

    const void *data;
    struct buf fetched; /* from S3 */
    struct code_wait held;
    bool is_held;
};

/* Jobs do the work; `done` is called on the loop with the package held (unless is_dry) or an error. */
void intake_start(struct intake *intake);

/* Lets go of the package; call it after `done`, once the hold of what it is for is there or will never be. */
void intake_finish(struct intake *intake);

/* Sets what a function records about its package. ERR_PARAMETER when it does not fit in beside the function's
 * layers. */
bool intake_describe(const struct intake *intake, struct function *function, struct err *err);
