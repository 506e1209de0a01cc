/* The handler of the front's listener. What is checked, in this order: Host and Origin, size of the body,
 * signature, service, operation. Services are told apart by what the signature was made for; unsigned
 * requests (where they are accepted) by X-Amz-Target and path. Loop thread. */
#include "api/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "api/context.h"
#include "api/guard.h"
#include "api/lambda/handlers.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "sys/work.h"

#define OWN_PREFIX "/_lamb/"

static void answer_health(struct api_call *call) {
    OWN(buf) struct buf body;
    buf_init(&body, 64);
    buf_append_text(&body, "{\"status\":\"ready\"}");
    call_answer_json(call, &body);
}

static const struct api_operation own_operations[] = {
    {"DownloadCode", "GET", OWN_PREFIX "code/{Digest}", .status = 200, .run = lambda_download_code},
    {"Health", "GET", OWN_PREFIX "health", .status = 200, .run = answer_health, .is_open = true},
};

struct operation_tree *dispatch_own_operations(void) {
    return operation_tree_new(own_operations, sizeof own_operations / sizeof own_operations[0]);
}

static bool is_own(const struct http_request *request) {
    return request->path.len >= strlen(OWN_PREFIX) &&
           memcmp(request->path.data, OWN_PREFIX, strlen(OWN_PREFIX)) == 0;
}

static bool find(const struct api *api, const struct http_request *request,
                 struct operation_match *ret_match) {
    return operation_find(is_own(request) ? api->own_operations : api->lambda_operations, request, ret_match);
}

static uint32_t body_limit(const struct api *api, const struct http_request *request) {
    struct operation_match match;
    bool is_special = find(api, request, &match) && match.operation->body_bytes;
    return is_special ? match.operation->body_bytes : LIMIT_CONTROL_REQUEST_BYTES;
}

static size_t begin(void *arg, struct http_exchange *exchange) {
    struct api *api = arg;
    const struct http_request *request = http_exchange_request(exchange);
    struct err err;
    struct auth_refusal refusal;
    if (!guard_check(request, api->options.hosts, &err)) {
        http_respond_and_close(exchange, 403, "Content-Type: text/plain; charset=utf-8\r\n", err.text,
                               strlen(err.text));
        return 0;
    }
    uint32_t limit = body_limit(api, request);
    if (limit > LIMIT_PAYLOAD_BYTES && !auth_check_claim(&api->auth, request, &refusal)) {
        call_refuse(call_new(api, exchange), refusal.exception, refusal.err.text);
        return 0;
    }
    return limit;
}

static void too_large(void *arg, struct http_exchange *exchange) {
    struct api *api = arg;
    struct api_call *call = call_new(api, exchange);
    const char *action = "called";
    if (find(api, call->request, &call->match))
        action = call->match.operation->action ? call->match.operation->action : call->match.operation->name;
    char text[160];
    snprintf(text, sizeof text, "Request must be smaller than %u bytes for the %s operation",
             body_limit(api, call->request), action);
    call_refuse(call, API_REQUEST_ENTITY_TOO_LARGE, text);
}

/* The service that an unsigned request is for, as far as it says. */
static void guess_service(const struct http_request *request, char service[AUTH_SERVICE_BYTES]) {
    const struct http_text *target = http_header_get(request, "x-amz-target");
    if (!target) {
        memcpy(service, "lambda", sizeof "lambda");
        return;
    }
    const char *dot = memchr(target->data, '.', target->len);
    size_t len = dot ? (size_t)(dot - target->data) : target->len;
    snprintf(service, AUTH_SERVICE_BYTES, "%.*s",
             (int)(len < AUTH_SERVICE_BYTES ? len : AUTH_SERVICE_BYTES - 1), target->data);
}

static void refuse_service(struct api_call *call, const char *service) {
    char text[256];
    snprintf(text, sizeof text, "Lamb does not offer the service '%s' yet. It offers: lambda.", service);
    call->speaks_xml = strcmp(service, "s3") == 0;
    call_refuse(call, API_UNKNOWN_OPERATION, text);
}

static void refuse_operation(struct api_call *call) {
    struct http_text method = call->request->method;
    struct http_text path = call->request->path;
    char text[256];
    snprintf(text, sizeof text, "Lambda has no operation %.*s %.*s", (int)(method.len < 16 ? method.len : 16),
             method.data, (int)(path.len < 160 ? path.len : 160), path.data);
    call_refuse(call, API_UNKNOWN_OPERATION, text);
}

static void run(struct api_call *call) {
    const struct api_operation *operation = call->match.operation;
    if (operation->run) {
        operation->run(call);
        return;
    }
    struct err err;
    err_set(&err, ERR_UNSUPPORTED, "Lamb does not support %s yet.", operation->name);
    call_fail(call, &err);
}

static void admit(struct api_call *call, const struct http_request *request) {
    struct api *api = call->api;
    struct auth_refusal refusal;
    char service[AUTH_SERVICE_BYTES];
    if (!auth_check(&api->auth, request, clock_wall_us(api->clock) / 1000000, &call->caller, service,
                    &refusal)) {
        call_refuse(call, refusal.exception, refusal.err.text);
        return;
    }
    if (!service[0])
        guess_service(request, service);
    if (strcmp(service, "lambda") != 0)
        refuse_service(call, service);
    else if (!call->match.operation)
        refuse_operation(call);
    else
        run(call);
}

/* Hashing a large upload for its signature takes too long for the loop. */
struct hashing {
    struct api_call *call;
    char hash[DIGEST_SHA256_HEX_BYTES];
};

static void hash_run(void *job) {
    struct hashing *hashing = job;
    uint8_t hash[DIGEST_SHA256_BYTES];
    digest_sha256(hashing->call->body, hashing->call->body_len, hash);
    digest_hex(hash, sizeof hash, hashing->hash);
}

static void hash_done(void *job) {
    struct hashing *hashing = job;
    struct api_call *call = hashing->call;
    if (call->exchange) {
        struct http_request request = *call->request;
        request.body_sha256 = hashing->hash;
        admit(call, &request);
    } else {
        call_free(call);
    }
    free(hashing);
}

static void hash_apart(struct api_call *call) {
    call->body = call_take_body(call, &call->body_len);
    struct hashing *hashing = mem_alloc(sizeof *hashing);
    hashing->call = call;
    work_run(call->api->loop, hash_run, hash_done, hashing);
}

static void handle(void *arg, struct http_exchange *exchange) {
    struct api *api = arg;
    struct api_call *call = call_new(api, exchange);
    bool is_open = find(api, call->request, &call->match) && call->match.operation->is_open;
    if (is_open)
        run(call);
    else if (call->request->body.len > LIMIT_PAYLOAD_BYTES && api->auth.requires_signature)
        hash_apart(call);
    else
        admit(call, call->request);
}

/* From call_new() to the answer an exchange's context is its call. */
static void gone(void *arg, struct http_exchange *exchange) {
    (void)arg;
    call_gone(http_exchange_context(exchange));
}

const struct http_handler dispatch_handler = {
    .begin = begin, .handle = handle, .gone = gone, .too_large = too_large};
