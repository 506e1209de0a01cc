/* Code.Location: the deployment package behind a presigned URL of our own, "/_lamb/code/<digest>?X-Amz-...".
 * The signature was verified before; it must be that of location_make(), because to know a package's digest
 * is no right to have it. The file goes out piece by piece, each read in a job and written once the client
 * has taken the one before. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "api/context.h"
#include "api/lambda/handlers.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "package/blob.h"
#include "sys/fd.h"
#include "sys/work.h"

#define PIECE_BYTES (256u * 1024)

struct download {
    struct api_call *call;
    char digest[DIGEST_SHA256_HEX_BYTES];
    int fd;
    uint64_t size_bytes;
    uint64_t sent_bytes;
    bool is_working; /* a job is running */
    bool is_gone;
    bool ok; /* of the job */
    struct err err;
    size_t piece_len;
    char piece[PIECE_BYTES];
};

static void finish(struct download *download) {
    call_free(download->call);
    fd_close(&download->fd);
    free(download);
}

static void run_job(struct download *download, void (*run)(void *job), void (*done)(void *job)) {
    download->is_working = true;
    work_run(download->call->api->loop, run, done, download);
}

static void read_run(void *job) {
    struct download *download = job;
    ssize_t len;
    do
        len = pread(download->fd, download->piece, sizeof download->piece, (off_t)download->sent_bytes);
    while (len < 0 && errno == EINTR);
    download->ok = len > 0;
    if (len < 0)
        err_set_errno(&download->err, errno, "read the package %s", download->digest);
    else if (len == 0)
        err_set(&download->err, ERR_CORRUPT, "the package %s is shorter than it was", download->digest);
    else
        download->piece_len = (size_t)len;
}

static void read_next(void *arg);

static void read_done(void *job) {
    struct download *download = job;
    struct http_exchange *exchange = download->call->exchange;
    download->is_working = false;
    if (download->is_gone) {
        finish(download);
        return;
    }
    if (!download->ok) {
        log_error("code.not_sent", "text=\"%s\"", download->err.text);
        http_abort(exchange);
        finish(download);
        return;
    }
    download->sent_bytes += download->piece_len;
    size_t waiting = http_write(exchange, download->piece, download->piece_len);
    if (download->sent_bytes >= download->size_bytes) {
        http_end(exchange);
        finish(download);
    } else if (waiting > HTTP_HIGH_WATER) {
        http_on_drained(exchange, read_next, download);
    } else {
        read_next(download);
    }
}

static void read_next(void *arg) {
    run_job(arg, read_run, read_done);
}

static void open_run(void *job) {
    struct download *download = job;
    const char *dir = download->call->api->options.blob_dir;
    download->ok = blob_open(dir, download->digest, &download->fd, &download->size_bytes, &download->err);
}

static void open_done(void *job) {
    struct download *download = job;
    download->is_working = false;
    if (download->is_gone) {
        finish(download);
        return;
    }
    if (!download->ok) {
        /* The answer ends the call. */
        struct api_call *call = download->call;
        fd_close(&download->fd);
        call->gone = NULL;
        call_fail(call, &download->err);
        free(download);
        return;
    }
    request_totals_count(&download->call->api->requests, download->call->service, false, 200);
    http_start(download->call->exchange, 200, "Content-Type: application/zip\r\n",
               (int64_t)download->size_bytes);
    read_next(download);
}

static void gone(struct api_call *call) {
    struct download *download;
    memcpy(&download, call->space, sizeof download);
    download->is_gone = true;
    if (!download->is_working)
        finish(download);
}

static bool is_digest(const char *text) {
    return strspn(text, "0123456789abcdef") == DIGEST_SHA256_HEX_BYTES - 1 &&
           !text[DIGEST_SHA256_HEX_BYTES - 1];
}

/* Of the root user of the main account, who signs the URLs. */
static bool check_caller(const struct api_call *call, struct err *err) {
    const struct principal *caller = call->caller;
    return (caller->kind == PRINCIPAL_ROOT && strcmp(caller->account, call->api->auth.root->account) == 0) ||
           err_set(err, ERR_DENIED,
                   "Packages can be had from the Location alone that GetFunction and GetLayerVersion give.");
}

void lambda_download_code(struct api_call *call) {
    char digest[2 * DIGEST_SHA256_HEX_BYTES];
    struct err err;
    if (!check_caller(call, &err)) {
        call_fail(call, &err);
        return;
    }
    if (!call_label(call, 0, digest, sizeof digest, &err) || !is_digest(digest)) {
        err_set(&err, ERR_NOT_FOUND, "There is no such package.");
        call_fail(call, &err);
        return;
    }
    struct download *download = mem_alloc(sizeof *download);
    download->call = call;
    download->fd = -1;
    memcpy(download->digest, digest, sizeof download->digest);
    call->gone = gone;
    memcpy(call->space, &download, sizeof download);
    run_job(download, open_run, open_done);
}
