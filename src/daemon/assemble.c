/* See assemble.h. Modules are made from the bottom up; each is told what lies above it only through
 * callbacks. */
#include "daemon/assemble.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "api/inside.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/access_file.h"
#include "daemon/runtimes.h"
#include "daemon/texts.h"
#include "invoke/invoke.h"
#include "queue/async.h"
#include "queue/queue.h"
#include "store/db.h"
#include "sys/fd.h"
#include "sys/fs.h"
#include "sys/work_lane.h"

struct daemon {
    const struct config *config;
    struct clock clock;
    struct loop *loop;
    struct loop_signal *signals[2];
    struct loop_timer *drain_timer;

    char *blob_dir, *code_dir, *log_dir;
    char *endpoint;
    char **hosts;
    char **accounts;
    struct runtime_set runtimes;

    struct sandbox_host *host;
    struct invoke *invoke;
    struct db *db;
    struct work_lane *lane;
    struct queues *queues;
    struct async_options async_options;
    struct async *async;
    struct api *api;
    struct front *front;

    bool is_draining;
    int exit_status;
};

/* ---- ending ---- */

static void stop(void *arg) {
    struct daemon *daemon = arg;
    loop_stop(daemon->loop);
}

static void on_invocations_over(void *arg) {
    struct daemon *daemon = arg;
    work_lane_drain(daemon->lane, stop, daemon);
}

static void on_front_closed(void *arg) {
    struct daemon *daemon = arg;
    async_stop(daemon->async);
    invoke_drain(daemon->invoke, on_invocations_over, daemon);
}

static void on_drain_timeout(void *arg) {
    struct daemon *daemon = arg;
    log_warn("lamb.drain_timeout", "setting=drain-timeout seconds=%lld",
             (long long)daemon->config->drain_timeout_s);
    loop_stop(daemon->loop);
}

static void on_signal(void *arg) {
    struct daemon *daemon = arg;
    if (daemon->is_draining) {
        loop_stop(daemon->loop);
        return;
    }
    daemon->is_draining = true;
    log_info("lamb.draining", "timeout_s=%lld", (long long)daemon->config->drain_timeout_s);
    loop_timer_start(daemon->drain_timer, daemon->config->drain_timeout_s * 1000);
    api_drain(daemon->api);
    front_drain(daemon->front, on_front_closed, daemon);
}

static void on_spawner_lost(void *arg) {
    struct daemon *daemon = arg;
    daemon->exit_status = 1;
    loop_stop(daemon->loop);
}

/* ---- making ---- */

static bool make_dirs(struct daemon *daemon, struct err *err) {
    const char *data_dir = daemon->config->data_dir;
    daemon->blob_dir = fs_join(data_dir, "blobs");
    daemon->code_dir = fs_join(data_dir, "code");
    daemon->log_dir = fs_join(data_dir, "logs");
    return fs_make_dirs(daemon->blob_dir, 0700, err) && fs_make_dirs(daemon->code_dir, 0700, err) &&
           fs_make_dirs(daemon->log_dir, 0750, err);
}

/* Enough to keep every processor busy while some of them wait for a disk. */
static uint32_t starts_at_once(void) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors > 2 ? (uint32_t)processors * 2 : 4;
}

static void make_invoke(struct daemon *daemon, struct sandbox_spawner *spawner) {
    const struct config *config = daemon->config;
    struct invoke_options options = {
        .region = config->region,
        .code_dir = daemon->code_dir,
        .log_dir = daemon->log_dir,
        .runtimes = &daemon->runtimes,
        .starts_at_once = starts_at_once(),
        .concurrency = (uint32_t)config->concurrency,
        .scaling_rate = (uint32_t)config->scaling_rate,
        .idle_timeout_ms = config->idle_timeout_s * 1000,
        .min_available_mb = (uint64_t)config->min_available_mb,
        .parked_runtimes = (uint32_t)config->parked_runtimes,
        .init_timeout_ms = LIMIT_INIT_MS,
        .log_file_bytes = (uint64_t)config->log_file_mb * 1024 * 1024,
        .log_files = (uint32_t)config->log_files,
        .streams = {.size_bytes = (size_t)config->response_stream_mb * 1024 * 1024,
                    .burst_bytes = config->response_stream_burst_mb * 1024 * 1024,
                    .rate_bytes = config->response_stream_rate_kb * 1024},
        .lost = on_spawner_lost,
        .lost_arg = daemon,
    };
    daemon->invoke = invoke_new(daemon->loop, &daemon->clock, &options);
    daemon->host = sandbox_host_new(daemon->loop, spawner, invoke_sandbox_callbacks(), daemon->invoke);
    invoke_set_host(daemon->invoke, daemon->host);
}

/* The root key of an account under a name in the data directory. */
static bool write_access(const struct daemon *daemon, const char *name, const char *account,
                         struct err *err) {
    const struct config *config = daemon->config;
    struct access_key key;
    bool ok = api_root_key(daemon->api, account, &key) &&
              access_file_write(config->data_dir, name, &key, config->region, daemon->endpoint, err);
    mem_wipe(&key, sizeof key);
    return ok;
}

static bool write_access_of(const struct daemon *daemon, const char *account, struct err *err) {
    OWN_MEM char *name = mem_format("access-%s", account);
    return write_access(daemon, name, account, err);
}

static bool write_access_of_all(const struct daemon *daemon, struct err *err) {
    const char *main_account = daemon->config->account_id;
    if (!write_access(daemon, "access", main_account, err) || !write_access_of(daemon, main_account, err))
        return false;
    for (size_t i = 0; daemon->accounts[i]; i++)
        if (!write_access_of(daemon, daemon->accounts[i], err))
            return false;
    return true;
}

/* NULL for a setting that is not set. */
static const char *given(const char *text) {
    return text[0] ? text : NULL;
}

static bool make_async(struct daemon *daemon, struct err *err) {
    const struct config *config = daemon->config;
    const char *key = config->destination_access_key;
    const char *secret = config->destination_secret_key;
    OWN_MEM char *path = fs_join(config->data_dir, "queues.db");
    if (!queues_open(daemon->loop, &daemon->clock, path, &daemon->queues, err))
        return false;
    daemon->async_options = (struct async_options){
        .region = config->region,
        .delays = {.first_ms = config->first_retry_ms,
                   .second_ms = config->second_retry_ms,
                   .put_back_ms = config->back_off_ms,
                   .put_back_most_ms = config->back_off_max_ms},
        .endpoints = {.endpoints = {[COURIER_SQS] = {given(config->sqs_endpoint), key, secret},
                                    [COURIER_SNS] = {given(config->sns_endpoint), key, secret},
                                    [COURIER_EVENTS] = {given(config->events_endpoint), key, secret},
                                    [COURIER_S3] = {given(config->s3_endpoint), config->s3_access_key,
                                                    config->s3_secret_key}},
                      .region = config->region,
                      .retry_ms = config->back_off_ms},
    };
    daemon->async = async_new(daemon->loop, &daemon->clock, daemon->invoke, daemon->queues,
                              &daemon->async_options);
    return true;
}

static bool make_api(struct daemon *daemon, struct err *err) {
    const struct config *config = daemon->config;
    OWN_MEM char *db_path = fs_join(config->data_dir, "lamb.db");
    if (!db_open(db_path, &daemon->db, err) || !make_async(daemon, err))
        return false;
    daemon->lane = work_lane_new(daemon->loop);
    struct api_options options = {
        .region = config->region,
        .account = config->account_id,
        .accounts = (const char *const *)daemon->accounts,
        .requires_signature = strcmp(config->auth, "sigv4") == 0,
        .hosts = (const char *const *)daemon->hosts,
        .public_endpoint = daemon->endpoint,
        .url_domain = config->url_domain,
        .blob_dir = daemon->blob_dir,
        .code_dir = daemon->code_dir,
        .s3_endpoint = config->s3_endpoint[0] ? config->s3_endpoint : NULL,
        .s3_access_key = config->s3_access_key,
        .s3_secret_key = config->s3_secret_key,
        .runtimes = &daemon->runtimes,
        .concurrency = (uint32_t)config->concurrency,
        .event_bytes = (uint32_t)config->event_size_kb * 1024,
        .shows_metrics = strcmp(config->metrics, "on") == 0,
        .checks_roles = strcmp(config->role_check, "on") == 0,
        .role_credentials_ms = config->role_credentials_minutes * 60000,
    };
    if (!api_new(daemon->loop, &daemon->clock, &options, daemon->db, daemon->lane, daemon->invoke,
                 daemon->queues, &daemon->api, err))
        return false;
    struct invoke_upper upper = inside_upper(daemon->api);
    invoke_set_upper(daemon->invoke, &upper);
    api_use_async(daemon->api, daemon->async);
    return write_access_of_all(daemon, err);
}

static void start_front(struct daemon *daemon) {
    front_start(daemon->front, daemon->loop, &daemon->clock, api_http_handler(), api_http_arg(daemon->api));
    api_set_listeners(daemon->api, front_listeners(daemon->front));
}

bool daemon_new(const struct daemon_inputs *inputs, struct daemon **ret_daemon, struct err *err) {
    struct daemon *daemon = mem_alloc(sizeof *daemon);
    struct sandbox_spawner spawner = inputs->spawner;
    daemon->config = inputs->config;
    daemon->front = inputs->front;
    daemon->clock = clock_system();
    daemon->loop = loop_new();
    daemon->drain_timer = loop_timer_new(daemon->loop, on_drain_timeout, daemon);
    daemon->signals[0] = loop_signal_new(daemon->loop, SIGTERM, on_signal, daemon);
    daemon->signals[1] = loop_signal_new(daemon->loop, SIGINT, on_signal, daemon);
    daemon->hosts = texts_split(inputs->config->hosts);
    daemon->accounts = texts_split(inputs->config->accounts);
    const char *public = inputs->config->public_endpoint;
    daemon->endpoint = public[0] ? mem_text(public) : mem_text(front_endpoint(daemon->front));
    OWN_MEM char *cache = fs_join(inputs->config->data_dir, "runtimes.cache");
    if (!make_dirs(daemon, err) || !runtimes_find(inputs->config->runtimes, inputs->config->runtime_dirs,
                                                  cache, &daemon->runtimes, err)) {
        fd_close(&spawner.socket_fd);
        daemon_free(daemon);
        return false;
    }
    make_invoke(daemon, &spawner);
    if (!make_api(daemon, err)) {
        daemon_free(daemon);
        return false;
    }
    start_front(daemon);
    *ret_daemon = daemon;
    return true;
}

const char *daemon_endpoint(const struct daemon *daemon) {
    return daemon->endpoint;
}

const char *daemon_other_endpoints(const struct daemon *daemon) {
    return front_other_endpoints(daemon->front);
}

int daemon_run(struct daemon *daemon) {
    loop_run(daemon->loop);
    return daemon->exit_status;
}

/* ---- taking apart ---- */

/* Jobs of the API hold pointers into it, into the store and into invoke: they must end first. Nobody waits
 * for their answers any more. */
static void wait_for_jobs(struct daemon *daemon) {
    while ((daemon->api && api_pending(daemon->api) > 0) ||
           (daemon->async && async_pending(daemon->async) > 0) ||
           (daemon->lane && work_lane_pending(daemon->lane) > 0) || front_is_pending(daemon->front))
        loop_turn(daemon->loop, true);
}

static void set_true(void *arg) {
    *(bool *)arg = true;
}

/* What was asked for is still done, and answered. */
static void close_queues(struct daemon *daemon) {
    bool is_closed = !daemon->queues;
    if (daemon->queues)
        queues_close(take_ptr(daemon->queues), set_true, &is_closed);
    while (!is_closed)
        loop_turn(daemon->loop, true);
}

void daemon_free(struct daemon *daemon) {
    if (!daemon)
        return;
    if (daemon->api) {
        api_set_listeners(daemon->api, NULL);
        api_drain(daemon->api);
    }
    front_close(daemon->front);
    if (daemon->invoke)
        invoke_leave_upper(daemon->invoke);
    if (daemon->async)
        async_stop(daemon->async);
    wait_for_jobs(daemon);
    sandbox_host_free(daemon->host);
    invoke_free(daemon->invoke);
    close_queues(daemon);
    api_free(daemon->api);
    async_free(daemon->async);
    if (daemon->lane)
        work_lane_free(daemon->lane);
    db_close(daemon->db);
    runtime_set_done(&daemon->runtimes);
    loop_timer_free(daemon->drain_timer);
    for (size_t i = 0; i < 2; i++)
        loop_signal_free(daemon->signals[i]);
    loop_free(daemon->loop);
    front_free(daemon->front);
    texts_free(daemon->hosts);
    texts_free(daemon->accounts);
    free(daemon->endpoint);
    free(daemon->blob_dir);
    free(daemon->code_dir);
    free(daemon->log_dir);
    free(daemon);
}
