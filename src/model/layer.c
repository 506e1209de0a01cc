/* See layer.h. */
#include "model/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The longest document: description and license of 256 and 512 characters, 15 runtimes, 2 architectures. */
#define MAX_TOKENS 64u

/* ---- names ---- */

enum {
    ARN_WORD,
    ARN_PARTITION,
    ARN_SERVICE,
    ARN_REGION,
    ARN_ACCOUNT,
    ARN_TYPE,
    ARN_NAME,
    ARN_VERSION,
    ARN_PARTS
};

struct part {
    const char *text;
    size_t len;
};

/* The number of parts; more than fit count as one more. */
static size_t split(const char *text, struct part parts[ARN_PARTS]) {
    for (size_t count = 0; count < ARN_PARTS; text++) {
        size_t len = strcspn(text, ":");
        parts[count++] = (struct part){text, len};
        text += len;
        if (!*text)
            return count;
    }
    return ARN_PARTS + 1;
}

static bool is(struct part part, const char *text) {
    return part.len == strlen(text) && memcmp(part.text, text, part.len) == 0;
}

static bool copy(struct part part, char *place, size_t size) {
    if (part.len == 0 || part.len >= size)
        return false;
    memcpy(place, part.text, part.len);
    place[part.len] = '\0';
    return true;
}

static bool read_number(struct part part, int64_t *ret_number) {
    int64_t number = 0;
    for (size_t i = 0; i < part.len; i++) {
        if (part.text[i] < '0' || part.text[i] > '9')
            return false;
        number = number * 10 + (part.text[i] - '0');
        if (number > LAYER_MAX_VERSION)
            return false;
    }
    *ret_number = number;
    return number > 0;
}

bool layer_ref_parse(const char *text, struct layer_ref *ret_ref) {
    struct part parts[ARN_PARTS];
    struct layer_ref ref = {0};
    size_t count = split(text, parts);
    if (count == 1) {
        if (!copy(parts[0], ref.name, sizeof ref.name))
            return false;
    } else if (count < ARN_VERSION || count > ARN_PARTS || !is(parts[ARN_WORD], "arn") ||
               !is(parts[ARN_SERVICE], "lambda") || !is(parts[ARN_TYPE], "layer") ||
               !copy(parts[ARN_REGION], ref.region, sizeof ref.region) ||
               !copy(parts[ARN_ACCOUNT], ref.account, sizeof ref.account) ||
               !copy(parts[ARN_NAME], ref.name, sizeof ref.name) ||
               (count == ARN_PARTS && !read_number(parts[ARN_VERSION], &ref.version))) {
        return false;
    }
    *ret_ref = ref;
    return true;
}

void layer_arn_format(const char *region, const char *account, const char *name, int64_t version,
                      char ret_arn[LAYER_ARN_BYTES]) {
    int len = snprintf(ret_arn, LAYER_ARN_BYTES, "arn:%s:lambda:%s:%s:layer:%s",
                       function_arn_partition(region), region, account, name);
    if (version && len > 0 && len < LAYER_ARN_BYTES)
        snprintf(ret_arn + len, LAYER_ARN_BYTES - (size_t)len, ":%lld", (long long)version);
}

/* ---- the record of a version ---- */

/* `fallback`, perhaps NULL, for a text that is absent. */
static void put_text(struct json_writer *writer, const char *name, struct json_value text,
                     const char *fallback) {
    OWN_MEM char *copied = json_is_present(text) ? json_string(text) : NULL;
    json_put_member(writer, name, copied ? copied : fallback);
}

static void put_list(struct json_writer *writer, const char *name, struct json_value list) {
    struct json_value item;
    if (!json_is_present(list))
        return;
    json_key(writer, name);
    json_open_array(writer);
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &item);) {
        OWN_MEM char *text = json_string(item);
        json_put_string(writer, text ? text : "");
    }
    json_close_array(writer);
}

void layer_version_encode(const struct layer_version *version, struct buf *document) {
    struct json_writer writer;
    json_writer_init(&writer, document);
    json_open_object(&writer);
    put_text(&writer, "description", version->description, "");
    put_text(&writer, "license", version->license, NULL);
    put_list(&writer, "runtimes", version->runtimes);
    put_list(&writer, "architectures", version->architectures);
    json_put_member(&writer, "digest", version->digest);
    json_put_member_integer(&writer, "size_bytes", (int64_t)version->size_bytes);
    json_put_member_integer(&writer, "unzipped_bytes", (int64_t)version->unzipped_bytes);
    json_put_member_integer(&writer, "created_us", version->created_us);
    json_close_object(&writer);
}

static bool read_size(struct json_value object, const char *name, uint64_t *ret_size) {
    int64_t number;
    if (!json_integer(json_member(object, name), &number) || number < 0)
        return false;
    *ret_size = (uint64_t)number;
    return true;
}

static bool read_digest(struct json_value object, char ret_digest[DIGEST_SHA256_HEX_BYTES]) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    OWN_MEM char *text = json_string(json_member(object, "digest"));
    if (!text || !digest_unhex(text, hash, sizeof hash))
        return false;
    memcpy(ret_digest, text, DIGEST_SHA256_HEX_BYTES);
    return true;
}

bool layer_version_decode(const char *document, struct layer_version *ret_version, struct err *err) {
    struct layer_version version = {0};
    if (!json_parse(&version.doc, document, strlen(document), MAX_TOKENS, NULL))
        return err_set(err, ERR_CORRUPT, "A stored layer version can't be read");
    *ret_version = version; /* where the values point to */
    struct json_value root = json_root(&ret_version->doc);
    ret_version->description = json_member(root, "description");
    ret_version->license = json_member(root, "license");
    ret_version->runtimes = json_member(root, "runtimes");
    ret_version->architectures = json_member(root, "architectures");
    if (read_digest(root, ret_version->digest) && read_size(root, "size_bytes", &ret_version->size_bytes) &&
        read_size(root, "unzipped_bytes", &ret_version->unzipped_bytes) &&
        json_integer(json_member(root, "created_us"), &ret_version->created_us))
        return true;
    layer_version_done(ret_version);
    return err_set(err, ERR_CORRUPT, "A stored layer version is not complete");
}

void layer_version_done(struct layer_version *version) {
    json_doc_done(&version->doc);
}

bool layer_lists(struct json_value list, const char *text) {
    struct json_value item;
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &item);)
        if (json_string_is(item, text))
            return true;
    return false;
}
