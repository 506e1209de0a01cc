/* One signed GET, path style (https://server/bucket/key), and S3's error document when it fails. */
#include "api/lambda/code_fetch.h"

#include <ctype.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "http/client.h"
#include "http/request.h"

#define FETCH_TIMEOUT_MS 120000
#define URL_BYTES (8u * 1024)

/* RFC 3986: everything but unreserved characters, and '/' where the key's own slashes stay. */
static void append_encoded(struct buf *url, const char *text, bool keeps_slash) {
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        bool is_plain = byte < 0x80 &&
                        (isalnum(byte) || strchr("-._~", byte) || (keeps_slash && byte == '/'));
        if (is_plain)
            buf_append_byte(url, *text);
        else
            buf_append_format(url, "%%%02X", byte);
    }
}

static void append_url(struct buf *url, const char *endpoint, const struct code_location *location) {
    size_t len = strlen(endpoint);
    while (len && endpoint[len - 1] == '/')
        len--;
    buf_append(url, endpoint, len);
    buf_append_byte(url, '/');
    append_encoded(url, location->bucket, false);
    buf_append_byte(url, '/');
    append_encoded(url, location->key, true);
    if (location->version) {
        buf_append_text(url, "?versionId=");
        append_encoded(url, location->version, false);
    }
}

/* The text between <name> and </name>; "" when it is not there. */
static struct http_text xml_text(const struct buf *document, const char *name) {
    char tag[32];
    char *end = stpcpy(stpcpy(stpcpy(tag, "<"), name), ">");
    const char *start = strstr(buf_text(document), tag);
    if (!start)
        return (struct http_text){"", 0};
    start += end - tag;
    const char *stop = strchr(start, '<');
    return (struct http_text){start, stop ? (size_t)(stop - start) : 0};
}

#define SHOWN_CHARS 512

static int shown(struct http_text text) {
    return (int)(text.len < SHOWN_CHARS ? text.len : SHOWN_CHARS);
}

static bool refuse_status(int status, const struct buf *document, struct err *err) {
    struct http_text code = xml_text(document, "Code");
    struct http_text message = xml_text(document, "Message");
    if (!code.len)
        return err_set(err, ERR_PARAMETER,
                       "Error occurred while GetObject. S3 Error Code: %d. S3 Error Message: none", status);
    return err_set(err, ERR_PARAMETER,
                   "Error occurred while GetObject. S3 Error Code: %.*s. S3 Error Message: %.*s", shown(code),
                   code.data, shown(message), message.data);
}

bool code_fetch(const struct api_options *options, const struct code_location *location, struct buf *package,
                struct err *err) {
    if (!options->s3_endpoint)
        return err_set(
            err, ERR_PARAMETER,
            "Lamb can't get s3://%s/%s: no S3 server is configured. Set `s3-endpoint` to an S3-compatible "
            "one, or send the package as ZipFile.",
            location->bucket, location->key);
    OWN(buf) struct buf url;
    buf_init(&url, URL_BYTES);
    append_url(&url, options->s3_endpoint, location);
    const struct http_client_request request = {
        .method = "GET",
        .url = buf_text(&url),
        .sign_service = options->s3_access_key && options->s3_access_key[0] ? "s3" : NULL,
        .sign_region = options->region,
        .sign_access_key = options->s3_access_key,
        .sign_secret = options->s3_secret_key,
        .timeout_ms = FETCH_TIMEOUT_MS,
    };
    int status;
    struct err reason;
    if (!http_client_run(&request, &status, package, &reason)) {
        if (reason.code == ERR_TOO_LARGE)
            return err_set(err, ERR_PARAMETER, "Unzipped size must be smaller than %u bytes",
                           LIMIT_UNZIPPED_BYTES);
        return err_set(err, ERR_PARAMETER,
                       "Lamb can't get s3://%s/%s from the server in the setting `s3-endpoint` (%s): %s",
                       location->bucket, location->key, options->s3_endpoint, reason.text);
    }
    return status == 200 || refuse_status(status, package, err);
}
