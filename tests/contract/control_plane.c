/* The API front for tests: everything of the real daemon but the sandboxes. Invocations are answered here, by
 * the name of the function: "throttled...", "failing...", "silent..." (never answers), "streaming..." (its
 * payload in two pieces, where a stream is wanted), "breaking..." (fails after the first of them), "lost..."
 * (Lamb itself fails then); every other one gives its payload back, unless no concurrency is reserved for it.
 *
 *   control_plane --operations [SERVICE]   prints the operation table, Lambda's by default: name, method,
 *                                          path, query, status, `yes` when it is supported
 *   control_plane --members SERVICE                prints the members of every operation as JSON
 *   control_plane serve DIR [sigv4|off]    serves on a free port of 127.0.0.1, prints one line `ready <port>
 * <key> <secret>` and ends with SIGTERM; gets code from S3 at $S3_ENDPOINT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "api/lambda/operations.h"
#include "api/services.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "model/constraint.h"
#include "queue/async.h"
#include "queue/queue.h"
#include "sys/fs.h"

#define REGION "us-east-1"
#define ACCOUNT "000000000000"

#define ROLE_CREDENTIALS_MS 3600000

/* Stands for the module: knows which functions may not run at all, by "account/name". */
struct invoke {
    struct loop *loop;
    struct map blocked;
};

struct invocation {
    const struct invoke *invoke;
    void (*done)(void *arg, const struct invoke_result *result);
    void *arg;
    const struct function *function;
    const void *payload;
    size_t payload_len;
    bool wants_log_tail;
    bool is_abandoned;
    const struct invoke_stream_events *stream;
};

static bool is_blocked(const struct invocation *invocation) {
    const struct function *function = invocation->function;
    OWN_MEM char *key = mem_format("%s/%s", function->account, function->name);
    return map_get(&invocation->invoke->blocked, key) != NULL;
}

static bool is_named(const struct invocation *invocation, const char *beginning) {
    return strncmp(invocation->function->name, beginning, strlen(beginning)) == 0;
}

static void invocation_free(struct invocation *invocation) {
    function_unref(invocation->function);
    free(invocation);
}

static void stream(const struct invocation *invocation, struct invoke_result *result) {
    static const char document[] = "{\"errorType\":\"Bad\",\"errorMessage\":\"\\u00fc\"}";
    size_t half = invocation->payload_len / 2;
    invocation->stream->begin(invocation->arg, "text/plain");
    invocation->stream->piece(invocation->arg, invocation->payload, half);
    *result = (struct invoke_result){.is_streamed = true};
    if (is_named(invocation, "streaming")) {
        invocation->stream->piece(invocation->arg, (const char *)invocation->payload + half,
                                  invocation->payload_len - half);
        return;
    }
    if (is_named(invocation, "lost")) {
        static const struct err failure = {.code = ERR_CLOSED, .text = "its sandbox is gone"};
        result->outcome = INVOKE_FAILED;
        result->failure = &failure;
        return;
    }
    result->outcome = INVOKE_FUNCTION_ERROR;
    result->error_type = "Runtime.Bad";
    result->payload = document;
    result->payload_len = strlen(document);
}

static void answer(void *arg) {
    struct invocation *invocation = arg;
    struct invoke_result result = {.payload = invocation->payload, .payload_len = invocation->payload_len};
    if (is_blocked(invocation)) {
        result.outcome = INVOKE_THROTTLED;
        result.reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
        result.retry_after_s = 1;
    } else if (is_named(invocation, "throttled")) {
        result.outcome = INVOKE_THROTTLED;
        result.reason = "ConcurrentInvocationLimitExceeded";
        result.retry_after_s = 1;
    } else if (is_named(invocation, "failing")) {
        result.outcome = INVOKE_FUNCTION_ERROR;
    } else if (invocation->stream && !invocation->is_abandoned &&
               (is_named(invocation, "streaming") || is_named(invocation, "breaking") ||
                is_named(invocation, "lost"))) {
        stream(invocation, &result);
    }
    if (invocation->wants_log_tail) {
        result.log_tail = "START\nEND\n";
        result.log_tail_len = strlen(result.log_tail);
    }
    if (!invocation->is_abandoned)
        invocation->done(invocation->arg, &result);
    invocation_free(invocation);
}

void invoke_start(struct invoke *invoke, const struct invoke_request *request,
                  void (*done)(void *arg, const struct invoke_result *result), void *arg,
                  struct invocation **ret_invocation) {
    struct invocation *invocation = mem_alloc(sizeof *invocation);
    *invocation = (struct invocation){
        .invoke = invoke,
        .done = done,
        .arg = arg,
        .function = function_ref(request->function),
        .payload = request->payload,
        .payload_len = request->payload_len,
        .wants_log_tail = request->wants_log_tail,
        .stream = request->stream,
    };
    *ret_invocation = invocation;
    if (!is_named(invocation, "silent"))
        loop_defer(invoke->loop, answer, invocation);
}

void invocation_abandon(struct invocation *invocation) {
    invocation->is_abandoned = true;
    if (is_named(invocation, "silent"))
        invocation_free(invocation);
}

/* What is streamed here is short. */
void invocation_pause(struct invocation *invocation, bool is_paused) {
    (void)invocation;
    (void)is_paused;
}

uint32_t invoke_room(const struct invoke *invoke, const char *account, const char *name) {
    (void)invoke;
    (void)account;
    (void)name;
    return LIMIT_CONCURRENCY;
}

void invoke_retire(struct invoke *invoke, const struct function *function) {
    (void)invoke;
    (void)function;
}

bool invoke_has_epoch(const struct invoke *invoke, const struct function *function) {
    (void)invoke;
    (void)function;
    return false;
}

void invoke_expect(struct invoke *invoke, const struct function *function) {
    (void)invoke;
    (void)function;
}

void invoke_read(const struct invoke *invoke, struct invoke_figures *ret_figures) {
    (void)invoke;
    *ret_figures = (struct invoke_figures){0};
}

bool invoke_read_parked(const struct invoke *invoke, size_t index, struct parked_counts *ret_counts) {
    (void)invoke;
    (void)index;
    (void)ret_counts;
    return false;
}

void invoke_set_upper(struct invoke *invoke, const struct invoke_upper *upper) {
    (void)invoke;
    (void)upper;
}

void invoke_set_reserved(struct invoke *invoke, const char *account, const char *name, int64_t reserved) {
    OWN_MEM char *key = mem_format("%s/%s", account, name);
    if (reserved == 0)
        map_put(&invoke->blocked, key, invoke);
    else
        map_remove(&invoke->blocked, key);
}

void invoke_provision(struct invoke *invoke, const char *account, const char *name,
                      const struct provision_wish *wishes, size_t count) {
    (void)invoke;
    (void)account;
    (void)name;
    (void)wishes;
    (void)count;
}

/* Nothing can be initialised here. */
bool invoke_provision_status(const struct invoke *invoke, const char *account, const char *name,
                             const char *qualifier, struct provision_status *ret_status) {
    (void)invoke;
    (void)account;
    (void)name;
    (void)qualifier;
    *ret_status = (struct provision_status){.is_failed = true, .reason = "FUNCTION_ERROR_INIT_FAILURE"};
    return true;
}

void invoke_provision_retry(struct invoke *invoke, const char *account, const char *name,
                            const char *qualifier) {
    (void)invoke;
    (void)account;
    (void)name;
    (void)qualifier;
}

static int print_operations(const struct api_service *service) {
    for (size_t i = 0; i < *service->operation_count; i++) {
        const struct api_operation *row = &service->operations[i];
        printf("%s %s %s %s %d %s\n", row->name, row->method, row->path, row->query ? row->query : "-",
               row->status, row->run ? "yes" : "no");
    }
    return 0;
}

static void put_constraint(struct json_writer *writer, const struct constraint *constraint);

static void put_members(struct json_writer *writer, const struct constraint *members) {
    json_open_array(writer);
    for (const struct constraint *member = members; member->name; member++)
        put_constraint(writer, member);
    json_close_array(writer);
}

static void put_part(struct json_writer *writer, const char *name, const struct constraint *part) {
    if (!part)
        return;
    json_key(writer, name);
    put_constraint(writer, part);
}

static void put_rules(struct json_writer *writer, const struct constraint *constraint) {
    json_key(writer, "required");
    json_put_bool(writer, constraint->required);
    json_key(writer, "sensitive");
    json_put_bool(writer, constraint->sensitive);
    if (constraint->max != 0)
        json_put_member_integer(writer, "min", constraint->min);
    if (constraint->max != 0 && constraint->max != CONSTRAINT_NO_MAX)
        json_put_member_integer(writer, "max", constraint->max);
    json_put_member(writer, "pattern", constraint->pattern ? constraint->pattern->text : NULL);
    if (!constraint->values)
        return;
    json_key(writer, "enum");
    json_open_array(writer);
    for (const char *const *value = constraint->values; *value; value++)
        json_put_string(writer, *value);
    json_close_array(writer);
}

static void put_constraint(struct json_writer *writer, const struct constraint *constraint) {
    static const char *const types[] = {
        [CONSTRAINT_TEXT] = "text",     [CONSTRAINT_BLOB] = "blob",        [CONSTRAINT_INTEGER] = "integer",
        [CONSTRAINT_DOUBLE] = "double", [CONSTRAINT_BOOLEAN] = "boolean",  [CONSTRAINT_LIST] = "list",
        [CONSTRAINT_MAP] = "map",       [CONSTRAINT_STRUCT] = "structure",
    };
    static const char *const places[] = {
        [CONSTRAINT_IN_BODY] = "body",         [CONSTRAINT_IN_PATH] = "uri",
        [CONSTRAINT_IN_QUERY] = "querystring", [CONSTRAINT_IN_HEADER] = "header",
        [CONSTRAINT_IS_BODY] = "payload",
    };
    json_open_object(writer);
    json_put_member(writer, "name", constraint->name);
    json_put_member(writer, "type", types[constraint->type]);
    json_put_member(writer, "place", places[constraint->place]);
    json_put_member(writer, "wire", constraint->wire);
    put_rules(writer, constraint);
    put_part(writer, "key", constraint->key);
    put_part(writer, "item", constraint->item);
    if (constraint->members) {
        json_key(writer, "members");
        put_members(writer, constraint->members);
    }
    json_close_object(writer);
}

static int print_members(const struct api_service *service) {
    OWN(buf) struct buf text;
    struct json_writer writer;
    buf_init(&text, 1 << 20);
    json_writer_init(&writer, &text);
    json_open_object(&writer);
    for (size_t i = 0; i < *service->operation_count; i++) {
        json_key(&writer, service->operations[i].name);
        if (service->operations[i].members)
            put_members(&writer, service->operations[i].members);
        else
            json_put_null(&writer);
    }
    json_close_object(&writer);
    puts(buf_text(&text));
    return buf_ok(&text) ? 0 : 1;
}

static void stop(void *arg) {
    loop_stop(arg);
}

static void check(bool ok, const struct err *err) {
    if (ok)
        return;
    fprintf(stderr, "control_plane: %s\n", err->text);
    exit(1);
}

static void fill_runtimes(struct runtime_set *runtimes) {
    static const char *const names[] = {"provided.al2", "provided.al2023", "python3.11", "python3.12",
                                        "nodejs20.x"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        runtime_set_add(runtimes, runtime_find(names[i]),
                        strncmp(names[i], "provided", 8) == 0 ? "" : "/bin/true");
}

static void run_until_idle(struct loop *loop, const struct api *api, struct work_lane *lane) {
    while (api_pending(api) > 0 || work_lane_pending(lane) > 0)
        loop_turn(loop, true);
}

static void set_true(void *arg) {
    *(bool *)arg = true;
}

static void close_queues(struct loop *loop, struct queues *queues) {
    bool is_closed = false;
    queues_close(queues, set_true, &is_closed);
    while (!is_closed)
        loop_turn(loop, true);
}

static int serve(const char *dir, bool requires_signature) {
    struct err err;
    OWN_MEM char *queues_database = fs_join(dir, "queues.db");
    OWN_MEM char *blobs = fs_join(dir, "blobs");
    OWN_MEM char *code = fs_join(dir, "code");
    OWN_MEM char *database = fs_join(dir, "lamb.db");
    check(fs_make_dirs(blobs, 0700, &err) && fs_make_dirs(code, 0700, &err), &err);
    struct db *db;
    check(db_open(database, &db, &err), &err);
    int fd;
    check(http_listen("127.0.0.1", 0, &fd, &err), &err);
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u", http_listen_port(fd));

    struct runtime_set runtimes = {0};
    fill_runtimes(&runtimes);
    const struct api_options options = {
        .region = REGION,
        .account = ACCOUNT,
        .requires_signature = requires_signature,
        .public_endpoint = endpoint,
        .url_domain = "localhost",
        .blob_dir = blobs,
        .code_dir = code,
        .s3_endpoint = getenv("S3_ENDPOINT"),
        .runtimes = &runtimes,
        .concurrency = LIMIT_CONCURRENCY,
        .event_bytes = LIMIT_EVENT_DEFAULT_BYTES,
        .checks_roles = true,
        .role_credentials_ms = ROLE_CREDENTIALS_MS,
    };
    struct clock clock = clock_system();
    struct loop *loop = loop_new();
    struct work_lane *lane = work_lane_new(loop);
    struct invoke invoke = {.loop = loop};
    map_init(&invoke.blocked);
    struct queues *queues;
    check(queues_open(loop, &clock, queues_database, &queues, &err), &err);
    const struct async_options async_options = {.region = REGION};
    struct async *async = async_new(loop, &clock, &invoke, queues, &async_options);
    struct api *api;
    check(api_new(loop, &clock, &options, db, lane, &invoke, queues, &api, &err), &err);
    api_use_async(api, async);
    const struct http_options http = {.send_date = true, .idle_timeout_ms = 60000};
    struct http_listener *listener = http_listener_new(loop, fd, api_http_handler(), api_http_arg(api), &http,
                                                       &clock);
    struct loop_signal *term = loop_signal_new(loop, SIGTERM, stop, loop);

    struct access_key key;
    api_root_key(api, ACCOUNT, &key);
    printf("ready %u %s %s\n", http_listen_port(fd), key.id, key.secret);
    fflush(stdout);
    loop_run(loop);

    loop_signal_free(term);
    http_listener_free(listener);
    async_stop(async);
    run_until_idle(loop, api, lane);
    close_queues(loop, queues);
    api_free(api);
    async_free(async);
    map_done(&invoke.blocked);
    work_lane_free(lane);
    loop_free(loop);
    db_close(db);
    runtime_set_done(&runtimes);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--operations") == 0)
        return print_operations(&lambda_service);
    if (argc == 3 && strcmp(argv[1], "--operations") == 0 && service_find(argv[2]))
        return print_operations(service_find(argv[2]));
    if (argc == 3 && strcmp(argv[1], "--members") == 0 && service_find(argv[2]))
        return print_members(service_find(argv[2]));
    if (argc >= 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2], argc < 4 || strcmp(argv[3], "off") != 0);
    fprintf(stderr,
            "usage: control_plane --operations [SERVICE] | --members SERVICE | serve DIR [sigv4|off]\n");
    return 2;
}
