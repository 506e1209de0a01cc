/* One request by libcurl, which is found with dlopen() each time: it stays loaded, so that only the first
 * time costs anything, and nothing has to be kept here. */
#include "http/client.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

#define LIBRARY "libcurl.so.4"

struct library {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *handle, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *handle);
    CURLcode (*easy_getinfo)(CURL *handle, CURLINFO info, ...);
    void (*easy_cleanup)(CURL *handle);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
};

/* dlsym() gives a data pointer; POSIX lets it stand for a function. */
static bool find(void *handle, const char *name, void *place, struct err *err) {
    void *symbol = dlsym(handle, name);
    if (symbol)
        memcpy(place, &symbol, sizeof symbol);
    else
        err_set(err, ERR_UNSUPPORTED, "%s has no %s; install a newer package libcurl4", LIBRARY, name);
    return symbol != NULL;
}

static bool load(struct library *curl, struct err *err) {
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        err_set(err, ERR_UNSUPPORTED, "%s can't be loaded: %s; install the package libcurl4", LIBRARY,
                dlerror());
    bool ok = handle && find(handle, "curl_global_init", &curl->global_init, err) &&
              find(handle, "curl_easy_init", &curl->easy_init, err) &&
              find(handle, "curl_easy_setopt", &curl->easy_setopt, err) &&
              find(handle, "curl_easy_perform", &curl->easy_perform, err) &&
              find(handle, "curl_easy_getinfo", &curl->easy_getinfo, err) &&
              find(handle, "curl_easy_cleanup", &curl->easy_cleanup, err) &&
              find(handle, "curl_easy_strerror", &curl->easy_strerror, err) &&
              find(handle, "curl_slist_append", &curl->slist_append, err) &&
              find(handle, "curl_slist_free_all", &curl->slist_free_all, err);
    if (ok && curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(err, ERR_INTERNAL, "%s can't be initialised", LIBRARY);
        ok = false;
    }
    return ok;
}

/* A short count makes libcurl give up with CURLE_WRITE_ERROR. */
static size_t receive(char *data, size_t size, size_t count, void *arg) {
    struct buf *body = arg;
    return buf_append(body, data, size * count) ? size * count : 0;
}

/* What one run needs until libcurl is done with it. */
struct transfer {
    struct library curl;
    CURL *handle;
    struct curl_slist *headers;
    char *signing; /* "aws:amz:us-east-1:s3" */
    char error[CURL_ERROR_SIZE];
};

static void add_header(struct transfer *transfer, const char *line) {
    struct curl_slist *longer = transfer->curl.slist_append(transfer->headers, line);
    if (!longer)
        abort();
    transfer->headers = longer;
}

static void set_method_and_body(struct transfer *transfer, const struct http_client_request *request) {
    CURL *handle = transfer->handle;
    bool has_body = request->body_len > 0 || strcmp(request->method, "POST") == 0 ||
                    strcmp(request->method, "PUT") == 0;
    if (has_body) {
        transfer->curl.easy_setopt(handle, CURLOPT_POSTFIELDS, request->body_len > 0 ? request->body : "");
        transfer->curl.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        /* No "Expect:" here: libcurl 7.88 would sign the header that it is asked to leave out. */
        const char *type = request->content_type ? request->content_type : "application/octet-stream";
        OWN_MEM char *line = mem_format("Content-Type: %s", type);
        add_header(transfer, line);
    }
    if (request->target) {
        OWN_MEM char *target = mem_format("X-Amz-Target: %s", request->target);
        add_header(transfer, target);
    }
    if (strcmp(request->method, "HEAD") == 0)
        transfer->curl.easy_setopt(handle, CURLOPT_NOBODY, 1L);
    else
        transfer->curl.easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
}

/* S3 wants the payload's hash in a header too, which older versions of libcurl leave to their callers. */
static void add_payload_hash(struct transfer *transfer, const struct http_client_request *request) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    char hex[DIGEST_SHA256_HEX_BYTES];
    digest_sha256(request->body_len > 0 ? request->body : "", request->body_len, hash);
    digest_hex(hash, sizeof hash, hex);
    OWN_MEM char *line = mem_format("x-amz-content-sha256: %s", hex);
    add_header(transfer, line);
}

static void set_signing(struct transfer *transfer, const struct http_client_request *request) {
    CURL *handle = transfer->handle;
    if (!request->sign_service)
        return;
    if (strcmp(request->sign_service, "s3") == 0)
        add_payload_hash(transfer, request);
    transfer->signing = mem_format("aws:amz:%s:%s", request->sign_region, request->sign_service);
    transfer->curl.easy_setopt(handle, CURLOPT_AWS_SIGV4, transfer->signing);
    transfer->curl.easy_setopt(handle, CURLOPT_USERNAME, request->sign_access_key);
    transfer->curl.easy_setopt(handle, CURLOPT_PASSWORD, request->sign_secret);
}

static void set_options(struct transfer *transfer, const struct http_client_request *request,
                        struct buf *body) {
    CURL *handle = transfer->handle;
    transfer->curl.easy_setopt(handle, CURLOPT_URL, request->url);
    transfer->curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    transfer->curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    transfer->curl.easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    transfer->curl.easy_setopt(handle, CURLOPT_USERAGENT, "lamb");
    transfer->curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
    transfer->curl.easy_setopt(handle, CURLOPT_WRITEDATA, body);
    transfer->curl.easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->error);
    set_method_and_body(transfer, request);
    set_signing(transfer, request);
    transfer->curl.easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
}

static bool explain(const struct transfer *transfer, CURLcode code, const struct http_client_request *request,
                    const struct buf *body, struct err *err) {
    if (code == CURLE_WRITE_ERROR && !buf_ok(body))
        return err_set(err, ERR_TOO_LARGE, "%s answered with more than %zu bytes", request->url, body->limit);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(err, ERR_TIMEOUT, "%s did not answer within %d ms", request->url, request->timeout_ms);
    return err_set(err, ERR_IO, "%s %s: %s", request->method, request->url,
                   transfer->error[0] ? transfer->error : transfer->curl.easy_strerror(code));
}

bool http_client_run(const struct http_client_request *request, int *ret_status, struct buf *body,
                     struct err *err) {
    struct transfer transfer = {0};
    if (!load(&transfer.curl, err))
        return false;
    transfer.handle = transfer.curl.easy_init();
    if (!transfer.handle)
        return err_set(err, ERR_INTERNAL, "%s has no handle left", LIBRARY);
    set_options(&transfer, request, body);
    CURLcode code = transfer.curl.easy_perform(transfer.handle);
    long status = 0;
    bool ok = code == CURLE_OK;
    if (ok)
        transfer.curl.easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    else
        explain(&transfer, code, request, body, err);
    transfer.curl.easy_cleanup(transfer.handle);
    transfer.curl.slist_free_all(transfer.headers);
    free(transfer.signing);
    if (ok)
        *ret_status = (int)status;
    return ok;
}
