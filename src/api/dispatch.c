/* The handler of the listeners. What is checked, in this order: Host and Origin, size of the body, signature,
 * service, operation, input, permission. Services are told apart by what the signature was made for; unsigned
 * requests (where they are accepted) by X-Amz-Target, the form's Action, and path. Loop thread. */
#include "api/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/context.h"
#include "api/gateway/serve.h"
#include "api/guard.h"
#include "api/lambda/handlers.h"
#include "api/metrics.h"
#include "api/services.h"
#include "api/web/host.h"
#include "api/web/url.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "sys/work.h"

#define OWN_PREFIX "/_lamb/"

/* Longer names of actions are cut: no operation has them. */
#define ACTION_BYTES 129

/* Each one is looked at for each member that an operation has. */
#define FORM_MAX_PARAMETERS 1000

static void answer_health(struct api_call *call) {
    OWN(buf) struct buf body;
    buf_init(&body, 64);
    buf_append_text(&body, "{\"status\":\"ready\"}");
    call_answer(call, &body);
}

static const struct api_operation own_operations[] = {
    {"DownloadCode", "GET", OWN_PREFIX "code/{Digest}", .status = 200, .run = lambda_download_code,
     .is_raw = true},
    {"Health", "GET", OWN_PREFIX "health", .status = 200, .run = answer_health, .is_open = true},
    {"Metrics", "GET", METRICS_PATH, .status = 200, .run = metrics_answer, .is_open = true},
};

struct operation_tree *dispatch_own_operations(void) {
    return operation_tree_new(own_operations, sizeof own_operations / sizeof own_operations[0]);
}

static bool is_own(const struct http_request *request) {
    return http_text_is(request->path, METRICS_PATH) ||
           (request->path.len >= strlen(OWN_PREFIX) &&
            memcmp(request->path.data, OWN_PREFIX, strlen(OWN_PREFIX)) == 0);
}

/* No path of Lambda's begins so. */
static bool is_for_gateway(const struct http_request *request) {
    static const char version[] = "/v2/";
    return request->path.len >= strlen(version) && memcmp(request->path.data, version, strlen(version)) == 0;
}

static bool find(const struct api *api, const struct http_request *request,
                 struct operation_match *ret_match) {
    const struct operation_tree *tree = api->lambda_operations;
    if (is_own(request))
        tree = api->own_operations;
    else if (is_for_gateway(request))
        tree = api->gateway_operations;
    return operation_find(tree, request, ret_match);
}

static bool is_form(const struct http_request *request) {
    static const char form[] = "application/x-www-form-urlencoded";
    const struct http_text *type = http_header_get(request, "content-type");
    return type && type->len >= strlen(form) && memcmp(type->data, form, strlen(form)) == 0;
}

/* How long the part of X-Amz-Target is that stands for this service; 0: it is another one's. */
static size_t find_target(const struct api_service *service, const struct http_text *target) {
    size_t len = service->target ? strlen(service->target) : 0;
    bool is_own = len > 0 && target->len > len && memcmp(target->data, service->target, len) == 0 &&
                  target->data[len] == '.';
    return is_own ? len + 1 : 0;
}

/* A form may be for any service that has them. */
static bool may_be_for_queues(const struct http_request *request) {
    const struct http_text *target = http_header_get(request, "x-amz-target");
    return is_form(request) || (target && find_target(&sqs_service, target) > 0);
}

static uint32_t body_limit(const struct api *api, const struct http_request *request) {
    struct operation_match match;
    bool is_special = find(api, request, &match) && match.operation->body_bytes;
    if (is_special)
        return match.operation->body_bytes;
    return may_be_for_queues(request) ? LIMIT_QUEUE_REQUEST_BYTES : LIMIT_CONTROL_REQUEST_BYTES;
}

static bool requires_signature(const struct api_front *front) {
    return front->is_in_sandbox || front->api->options.requires_signature;
}

static int64_t now_s(const struct api *api) {
    return clock_wall_us(api->clock) / 1000000;
}

/* Whether the host is that of a function. */
static enum web_host_kind find_host(const struct api *api, const struct http_request *request,
                                    struct web_host *ret_host) {
    return web_host_split(request, api->options.region, api->options.url_domain, ret_host);
}

static size_t begin(void *arg, struct http_exchange *exchange) {
    const struct api_front *front = arg;
    struct api *api = front->api;
    const struct http_request *request = http_exchange_request(exchange);
    struct web_host host;
    struct err err;
    struct auth_refusal refusal;
    if (find_host(api, request, &host) != WEB_HOST_OTHER) /* made for browsers of any page: no guard */
        return LIMIT_PAYLOAD_BYTES;
    if (!guard_check(request, api->options.hosts, &err)) {
        request_totals_count(&api->requests, NULL, false, 403);
        http_respond_and_close(exchange, 403, "Content-Type: text/plain; charset=utf-8\r\n", err.text,
                               strlen(err.text));
        return 0;
    }
    uint32_t limit = body_limit(api, request);
    if (limit > LIMIT_PAYLOAD_BYTES && requires_signature(front) &&
        !auth_check_claim(&api->auth, request, now_s(api), &refusal)) {
        call_refuse(call_new(api, exchange), refusal.exception, refusal.err.text);
        return 0;
    }
    return limit;
}

static void too_large(void *arg, struct http_exchange *exchange) {
    struct api *api = ((const struct api_front *)arg)->api;
    struct api_call *call = call_new(api, exchange);
    const char *action = "called";
    struct web_host host;
    enum web_host_kind kind = find_host(api, call->request, &host);
    if (kind != WEB_HOST_OTHER) {
        (kind == WEB_HOST_URL ? url_refuse_size : gateway_refuse_size)(call, &host);
        return;
    }
    if (find(api, call->request, &call->match))
        action = call->match.operation->action ? call->match.operation->action : call->match.operation->name;
    char text[160];
    snprintf(text, sizeof text, "Request must be smaller than %u bytes for the %s operation",
             body_limit(api, call->request), action);
    call_refuse(call, API_REQUEST_ENTITY_TOO_LARGE, text);
}

/* ---- the service ---- */

static bool has_version(const struct http_request *request, const char *version) {
    return memmem(request->body.data, request->body.len, version, strlen(version));
}

/* Services with forms are told by their versions. */
static const char *guess_form(const struct http_request *request) {
    if (has_version(request, "Version=2012-11-05"))
        return "sqs";
    return has_version(request, "Version=2011-06-15") ? "sts" : "iam";
}

/* The service that an unsigned request is for, as far as it says. */
static void guess_service(const struct http_request *request, char service[AUTH_SERVICE_BYTES]) {
    const struct http_text *target = http_header_get(request, "x-amz-target");
    if (!target) {
        const char *by_path = is_for_gateway(request) ? gateway_service.name : lambda_service.name;
        snprintf(service, AUTH_SERVICE_BYTES, "%s", is_form(request) ? guess_form(request) : by_path);
        return;
    }
    for (size_t i = 0; i < service_count; i++)
        if (find_target(services[i], target)) {
            snprintf(service, AUTH_SERVICE_BYTES, "%s", services[i]->name);
            return;
        }
    const char *dot = memchr(target->data, '.', target->len);
    size_t len = dot ? (size_t)(dot - target->data) : target->len;
    snprintf(service, AUTH_SERVICE_BYTES, "%.*s",
             (int)(len < AUTH_SERVICE_BYTES ? len : AUTH_SERVICE_BYTES - 1), target->data);
}

static void refuse_service(struct api_call *call, const char *service) {
    OWN(buf) struct buf text;
    buf_init(&text, 512);
    buf_append_format(&text, "Lamb does not offer the service '%s' yet. It offers: ", service);
    for (size_t i = 0; i < service_count; i++)
        buf_append_format(&text, "%s%s", i ? ", " : "", services[i]->name);
    buf_append_byte(&text, '.');
    call->speaks_xml = strcmp(service, "s3") == 0;
    call_refuse(call, API_UNKNOWN_OPERATION, buf_text(&text));
}

/* ---- the operation ---- */

static void refuse_operation(struct api_call *call, const char *action) {
    struct http_text method = call->request->method;
    struct http_text path = call->request->path;
    char text[256];
    if (action)
        snprintf(text, sizeof text, "%s has no operation %s, or Lamb does not have it yet",
                 call->service->title, action);
    else
        snprintf(text, sizeof text, "%s has no operation %.*s %.*s", call->service->title,
                 (int)(method.len < 16 ? method.len : 16), method.data,
                 (int)(path.len < 160 ? path.len : 160), path.data);
    call_refuse(call, action ? API_INVALID_ACTION : API_UNKNOWN_OPERATION, text);
}

/* Takes the form over, with '+' as the space it stands for. The path may have let a larger body in than any
 * form has: each parameter that is looked for is a walk over all of it. */
static bool take_form(struct api_call *call) {
    size_t len = call->body ? call->body_len : call->request->body.len;
    bool is_for_queues = call->service->protocol == ERROR_QUERY_JSON;
    uint32_t limit = is_for_queues ? LIMIT_QUEUE_REQUEST_BYTES : INPUT_INLINE_BYTES;
    if (len > limit) {
        char text[64];
        snprintf(text, sizeof text, "Request must be smaller than %u bytes", limit);
        call_refuse(call, API_REQUEST_ENTITY_TOO_LARGE, text);
        return false;
    }
    struct input *input = &call->input;
    if (len) {
        input->form = call_take_body(call, &input->form_len);
    } else {
        input->form_len = call->request->query.len;
        input->form = mem_copy_text(call->request->query.data, input->form_len);
    }
    size_t parameters = 1;
    for (size_t i = 0; i < input->form_len; i++) {
        parameters += input->form[i] == '&';
        if (input->form[i] == '+')
            input->form[i] = ' ';
    }
    if (parameters <= FORM_MAX_PARAMETERS)
        return true;
    call_refuse(call, API_VALIDATION, "The request has too many parameters.");
    return false;
}

/* Sets the operation of that name of the call's service, or refuses. */
static bool name_operation(struct api_call *call, const char *name) {
    const struct api_service *service = call->service;
    call->match = (struct operation_match){0};
    for (size_t i = 0; i < *service->operation_count; i++)
        if (strcmp(service->operations[i].name, name) == 0)
            call->match.operation = &service->operations[i];
    if (call->match.operation)
        return true;
    char shown[ACTION_BYTES];
    snprintf(shown, sizeof shown, "%s", name);
    refuse_operation(call, shown);
    return false;
}

static bool find_action(struct api_call *call) {
    if (!take_form(call))
        return false;
    OWN_MEM char *action = input_form(&call->input, "Action");
    return name_operation(call, action ? action : "without a name");
}

/* The operation that X-Amz-Target names: "AmazonSQS.SendMessage". */
static bool take_target(struct api_call *call, struct http_text name) {
    char action[ACTION_BYTES];
    snprintf(action, sizeof action, "%.*s", (int)(name.len < ACTION_BYTES ? name.len : ACTION_BYTES - 1),
             name.data);
    return name_operation(call, action);
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

/* ---- the input ---- */

struct reading {
    struct api_call *call;
    bool ok;
    struct err err;
};

static void run_checked(struct reading *reading) {
    struct api_call *call = reading->call;
    if (reading->ok && (call->service->authorize(call, &reading->err)))
        run(call);
    else
        call_fail(call, &reading->err);
}

static void read_run(void *job) {
    struct reading *reading = job;
    bool (*check)(struct input * input, struct err * err) = reading->call->service->check;
    reading->ok = (check ? check : input_check)(&reading->call->input, &reading->err);
}

static void read_done(void *job) {
    run_checked(job);
    free(job);
}

static void read_input(struct api_call *call) {
    struct reading reading = {.call = call};
    struct input *input = &call->input;
    if (!input_collect(input, call->request, &call->match, &reading.err)) {
        call_fail(call, &reading.err);
        return;
    }
    if (!input->form)
        input->body = call_take_body(call, &input->body_len);
    if (input->body_len > INPUT_INLINE_BYTES || input->form_len > INPUT_INLINE_BYTES) {
        work_run(call->api->loop, read_run, read_done, mem_copy(&reading, sizeof reading));
        return;
    }
    read_run(&reading);
    run_checked(&reading);
}

/* ---- the request ---- */

static bool is_named_apart(enum error_protocol protocol) {
    return protocol == ERROR_QUERY || protocol == ERROR_QUERY_JSON;
}

/* Operations that neither method nor path tells. */
static bool find_named(struct api_call *call, const struct http_request *request) {
    const struct http_text *target = http_header_get(request, "x-amz-target");
    size_t prefix = target ? find_target(call->service, target) : 0;
    if (prefix > 0)
        return take_target(call, (struct http_text){target->data + prefix, target->len - prefix});
    call->speaks_xml = true;
    return find_action(call);
}

static void admit(struct api_call *call, const struct http_request *request, bool needs_signature) {
    struct api *api = call->api;
    struct auth_refusal refusal;
    char service[AUTH_SERVICE_BYTES];
    if (!auth_check(&api->auth, request, now_s(api), needs_signature, &call->principal, service, &refusal)) {
        call_refuse(call, refusal.exception, refusal.err.text);
        return;
    }
    call->caller = &call->principal;
    if (!service[0])
        guess_service(request, service);
    call->service = service_find(service);
    if (!call->service) {
        refuse_service(call, service);
        return;
    }
    if (is_named_apart(call->service->protocol)) {
        if (find_named(call, request))
            read_input(call);
    } else if (!call->match.operation || is_for_gateway(request) != (call->service == &gateway_service)) {
        refuse_operation(call, NULL);
    } else if (call->match.operation->is_raw || !call->match.operation->run) {
        run(call);
    } else {
        read_input(call);
    }
}

/* Hashing a large upload for its signature takes too long for the loop. */
struct hashing {
    struct api_call *call;
    bool needs_signature;
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
        admit(call, &request, hashing->needs_signature);
    } else {
        call_free(call);
    }
    free(hashing);
}

static void hash_apart(struct api_call *call, bool needs_signature) {
    call->body = call_take_body(call, &call->body_len);
    struct hashing *hashing = mem_alloc(sizeof *hashing);
    hashing->call = call;
    hashing->needs_signature = needs_signature;
    work_run(call->api->loop, hash_run, hash_done, hashing);
}

static void handle(void *arg, struct http_exchange *exchange) {
    const struct api_front *front = arg;
    struct api *api = front->api;
    struct api_call *call = call_new(api, exchange);
    bool needs_signature = requires_signature(front);
    call->is_from_sandbox = front->is_in_sandbox;
    struct web_host host;
    enum web_host_kind kind = find_host(api, call->request, &host);
    if (kind != WEB_HOST_OTHER) {
        (kind == WEB_HOST_URL ? url_handle : gateway_handle)(call, &host);
        return;
    }
    bool is_open = find(api, call->request, &call->match) && call->match.operation->is_open;
    if (is_open)
        run(call);
    else if (call->request->body.len > LIMIT_PAYLOAD_BYTES && needs_signature)
        hash_apart(call, needs_signature);
    else
        admit(call, call->request, needs_signature);
}

/* From call_new() to the answer an exchange's context is its call. */
static void gone(void *arg, struct http_exchange *exchange) {
    (void)arg;
    call_gone(http_exchange_context(exchange));
}

const struct http_handler dispatch_handler = {
    .begin = begin, .handle = handle, .gone = gone, .too_large = too_large};
