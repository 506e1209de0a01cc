/* Two jobs: read and check the package; then, once its digest is held (see code_store.h), write it. */
#include "api/lambda/intake.h"

#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/code_fetch.h"
#include "base/limits.h"
#include "base/mem.h"
#include "package/blob.h"
#include "package/unzip.h"
#include "sys/work.h"

/* The text of a base64 member as it stands; escapes (some clients write "\/") are resolved into `space`. */
static char *base64_text(struct json_value zip, struct buf *space, size_t *ret_len) {
    size_t len;
    const char *raw = json_raw(zip, &len);
    if (!memchr(raw, '\\', len)) {
        *ret_len = len - 2; /* without the quotes */
        return (char *)raw + 1;
    }
    buf_init(space, len);
    json_append_string(zip, space);
    *ret_len = space->len;
    return space->data;
}

/* Decodes in place: the request's body is the operation's own, and output never overtakes input. */
static bool read_zip_file(struct intake *intake, struct json_value zip) {
    size_t len;
    char *text = base64_text(zip, &intake->fetched, &len);
    if (!digest_base64_decode(text, len, text, &intake->len))
        return err_set(&intake->err, ERR_SYNTAX, "ZipFile is not valid base64");
    intake->data = text;
    if (intake->len > LIMIT_ZIP_BYTES)
        return err_set(&intake->err, ERR_TOO_LARGE, "Zipped size must be smaller than %u bytes",
                       LIMIT_ZIP_BYTES);
    return true;
}

static bool read_s3(struct intake *intake) {
    const struct api_options *options = &intake->lambda->api->options;
    OWN_MEM char *bucket = body_text(intake->code, "S3Bucket");
    OWN_MEM char *key = body_text(intake->code, "S3Key");
    OWN_MEM char *version = body_text(intake->code, "S3ObjectVersion");
    if (!bucket || !key)
        return err_set(&intake->err, ERR_PARAMETER, "Please provide a source for %s.",
                       intake->verb ? "function code" : "layer content");
    const struct code_location location = {.bucket = bucket, .key = key, .version = version};
    buf_init(&intake->fetched, LIMIT_UNZIPPED_BYTES);
    if (!code_fetch(options, &location, &intake->fetched, &intake->err))
        return false;
    intake->data = intake->fetched.data;
    intake->len = intake->fetched.len;
    return true;
}

static bool read_code(struct intake *intake) {
    struct json_value zip = body_member(intake->code, "ZipFile");
    struct json_value mode = body_member(intake->code, "S3ObjectStorageMode");
    struct json_value key = body_member(intake->code, "SourceKMSKeyArn");
    if (intake->verb && json_is_present(body_member(intake->code, "ImageUri")))
        return err_set(&intake->err, ERR_PARAMETER,
                       "Please don't provide ImageUri when %s a function with packageType Zip.",
                       intake->verb);
    if (json_is_present(mode) && !json_string_is(mode, "COPY"))
        return err_set(&intake->err, ERR_PARAMETER, "Lamb supports no S3ObjectStorageMode but COPY yet.");
    if (json_is_present(key) && !json_string_is(key, ""))
        return err_set(&intake->err, ERR_PARAMETER,
                       "Lamb does not support SourceKMSKeyArn yet. Leave it out of the request.");
    if (!json_is_present(zip))
        return read_s3(intake);
    if (json_is_present(body_member(intake->code, "S3Bucket")) ||
        json_is_present(body_member(intake->code, "S3Key")) ||
        json_is_present(body_member(intake->code, "S3ObjectVersion")))
        return err_set(&intake->err, ERR_PARAMETER,
                       "Please do not provide other %s parameters when providing a ZipFile.",
                       intake->verb ? "FunctionCode" : "LayerVersionContentInput");
    return read_zip_file(intake, zip);
}

static void read_run(void *job) {
    struct intake *intake = job;
    const struct unzip_limits limits = {.unzipped_bytes = LIMIT_UNZIPPED_BYTES, .entries = LIMIT_ZIP_ENTRIES};
    intake->ok = read_code(intake) &&
                 unzip_check(intake->data, intake->len, &limits, &intake->unzipped_bytes, &intake->err);
    if (!intake->ok)
        return;
    uint8_t hash[DIGEST_SHA256_BYTES];
    digest_sha256(intake->data, intake->len, hash);
    digest_hex(hash, sizeof hash, intake->digest);
}

static void write_run(void *job) {
    struct intake *intake = job;
    char digest[DIGEST_SHA256_HEX_BYTES];
    intake->ok = blob_put(intake->lambda->api->options.blob_dir, intake->data, intake->len, digest,
                          &intake->err);
}

static void write_done(void *job) {
    struct intake *intake = job;
    intake->done(intake);
}

static void held(struct code_wait *wait) {
    struct intake *intake = list_item(wait, struct intake, held);
    work_run(intake->lambda->api->loop, write_run, write_done, intake);
}

static void read_done(void *job) {
    struct intake *intake = job;
    if (!intake->ok || intake->is_dry) {
        intake->done(intake);
        return;
    }
    intake->is_held = true;
    intake->held.run = held;
    code_hold(&intake->lambda->codes, intake->digest, &intake->held);
}

void intake_start(struct intake *intake) {
    work_run(intake->lambda->api->loop, read_run, read_done, intake);
}

void intake_finish(struct intake *intake) {
    if (intake->is_held)
        code_release(&intake->lambda->codes, intake->digest);
    intake->is_held = false;
    buf_done(&intake->fetched);
}

bool intake_describe(const struct intake *intake, struct function *function, struct err *err) {
    uint64_t room = LIMIT_UNZIPPED_BYTES;
    for (size_t i = 0; i < function->layer_count; i++)
        room -= function->layers[i].unzipped_bytes;
    if (intake->unzipped_bytes > room)
        return err_set(err, ERR_PARAMETER, "Unzipped size must be smaller than %llu bytes",
                       (unsigned long long)room);
    memcpy(function->code_digest, intake->digest, sizeof intake->digest);
    function->code_size_bytes = intake->len;
    function->code_unzipped_bytes = intake->unzipped_bytes;
    return true;
}
