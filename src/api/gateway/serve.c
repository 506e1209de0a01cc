/* See serve.h. Order: the API, its path, upgrades, preflights, stage and route, authorization, the function.
 */
#include "api/gateway/serve.h"

#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/context.h"
#include "api/gateway/event_v1.h"
#include "api/gateway/serving.h"
#include "api/web/fronts.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/sigv4.h"

/* For logs. */
static const struct api_operation operation = {.name = "InvokeHttpApi", .status = 200};

#define AUTHORIZER_TIMEOUT_MS 10000 /* quotas of HTTP APIs */

static struct serving **place_of(struct api_call *call) {
    return (struct serving **)(void *)call->space;
}

static struct serving *begin(struct api_call *call, const struct web_host *host) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct serving *serving = mem_alloc(sizeof *serving);
    struct gateway_api *api = gateway_find(call->api->gateway, host->id);
    *place_of(call) = serving;
    serving->call = call;
    serving->host = *host;
    serving->api = api && !api->is_disabled ? gateway_api_ref(api) : NULL;
    ident_from_alphabet(serving->request_id, SERVING_ID_CHARS - 1, alphabet);
    serving->request_id[SERVING_ID_CHARS - 1] = '=';
    call->service = &web_api_front;
    call->match.operation = &operation;
    return serving;
}

static void gone(struct api_call *call) {
    serving_free(*place_of(call));
    call_free(call);
}

static bool is_open(const struct api_call *call) {
    return !call->api->options.requires_signature && !call->is_from_sandbox;
}

/* ---- the route ---- */

static void read_parameters(struct serving *serving, const struct route_match *match) {
    const struct route_key *key = match->key;
    size_t bytes = 1;
    for (size_t i = 0; i < key->parameter_count; i++)
        bytes += match->values[i].len + 1;
    char *end = serving->parameter_space = mem_alloc(bytes);
    for (size_t i = 0; i < key->parameter_count; i++) {
        struct http_text value = match->values[i];
        if (http_percent_decode(value, end, value.len + 1)) {
            value = (struct http_text){end, strlen(end)};
            end += value.len + 1;
        }
        serving->parameter_items[i] = (struct web_pair){key->parameters[i], value};
    }
    serving->parameters = (struct web_pairs){serving->parameter_items, key->parameter_count};
}

/* "arn:aws:execute-api:<region>:<account>:<api>/<stage>/" */
static char *format_arn(const struct serving *serving) {
    const char *region = serving->call->api->options.region;
    return mem_format("arn:%s:execute-api:%s:%s:%s/%s/", function_arn_partition(region), region,
                      serving->api->account, serving->api->id, serving->stage->name);
}

/* Events and policies have the path decoded, as those of the service: else an escape would lead around what a
 * policy says of it. */
static bool decode_path(struct serving *serving) {
    struct http_text path = serving->call->request->path;
    serving->path = mem_alloc(path.len + 1);
    return http_percent_decode(path, serving->path, path.len + 1);
}

/* `path` is that of the request without its stage. */
static bool name_route(struct serving *serving, struct http_text path) {
    const struct route_key *key = &serving->route->key;
    struct http_text method = serving->call->request->method;
    OWN_MEM char *begin_text = format_arn(serving);
    OWN_MEM char *decoded = mem_alloc(path.len + 1);
    if (!http_percent_decode(path, decoded, path.len + 1))
        return false;
    serving->route_arn = mem_format("%s%.*s%s", begin_text, (int)method.len, method.data, decoded);
    if (key->is_default)
        serving->source_arn = mem_format("%s" ROUTES_DEFAULT, begin_text);
    else
        serving->source_arn = mem_format("%s%.*s%.*s", begin_text, (int)method.len, method.data,
                                         (int)key->path.len, key->path.data);
    return true;
}

static bool find_route(struct serving *serving) {
    const struct http_request *request = serving->call->request;
    struct http_text path;
    struct route_match match;
    serving->stage = gateway_stage_find(serving->api, request->path, &path);
    if (!serving->stage || !routes_find(serving->stage->routes, request->method, path, &match))
        return false;
    serving->route = match.value;
    read_parameters(serving, &match);
    return name_route(serving, path);
}

static const char *resource_of(const struct gateway_route *route) {
    return route->key.is_default ? ROUTES_DEFAULT : route->key.path.data;
}

/* ---- the event ---- */

static void describe(struct serving *serving, struct web_arrival *arrival, struct web_request *request) {
    web_arrival_read(serving->call, &serving->host, serving->trace_id, arrival, request);
    request->path = (struct http_text){serving->path, strlen(serving->path)};
    request->request_id = serving->request_id;
    request->account_id = serving->api->account;
    request->api_id = serving->api->id;
    request->route_key = serving->route->key_text;
    request->stage = serving->stage->name;
    request->path_parameters = serving->parameters.count ? &serving->parameters : NULL;
    request->stage_variables = serving->stage->variables.count ? &serving->stage->variables : NULL;
}

static struct json_writer begin_event(struct serving *serving) {
    struct json_writer writer;
    buf_done(&serving->event);
    buf_init(&serving->event, WEB_EVENT_BYTES);
    json_writer_init(&writer, &serving->event);
    return writer;
}

static bool is_event_whole(const struct serving *serving) {
    return buf_ok(&serving->event) && serving->event.len <= LIMIT_PAYLOAD_BYTES;
}

static void write_event(struct serving *serving, const struct web_iam *iam) {
    struct web_arrival arrival;
    struct web_request request;
    struct json_writer writer = begin_event(serving);
    struct json_writer authorizer_writer;
    bool is_format_1 = serving->route->integration->is_format_1;
    OWN(buf) struct buf authorizer;
    buf_init(&authorizer, LIMIT_RESPONSE_BYTES * 2);
    json_writer_init(&authorizer_writer, &authorizer);
    if (serving->authorization)
        authorization_write(&authorizer_writer, serving->authorization, is_format_1);
    describe(serving, &arrival, &request);
    request.iam = iam;
    request.authorizer = serving->authorization ? buf_text(&authorizer) : NULL;
    const struct event_v1 event = {
        .request = &request, .resource = resource_of(serving->route), .authorizer = request.authorizer};
    if (is_format_1)
        event_v1_write(&writer, &event);
    else
        web_event_write(&writer, &request);
}

/* ---- the function ---- */

static void answered(void *arg, enum function_call_outcome outcome, const void *answer, size_t len) {
    struct serving *serving = arg;
    switch (outcome) {
    case FUNCTION_CALL_DONE: serving_answer_function(serving, answer, len); break;
    case FUNCTION_CALL_THROTTLED:
    case FUNCTION_CALL_TIMED_OUT: serving_answer(serving, 503, "Service Unavailable"); break;
    case FUNCTION_CALL_FAILED: serving_answer(serving, 500, "Internal Server Error"); break;
    }
}

static void call_function(struct serving *serving, const struct web_iam *iam) {
    const struct gateway_integration *integration = serving->route->integration;
    if (!integration) {
        log_warn("http_api.no_target", "request=%s route=\"%s\"", serving->request_id,
                 serving->route->key_text);
        serving_answer(serving, 500, "Internal Server Error");
        return;
    }
    const struct function_ref *function = integration->is_callable ? &integration->function : NULL;
    function_call_trace(serving->call, function, serving->trace_id);
    write_event(serving, iam);
    if (!is_event_whole(serving)) {
        serving_answer(serving, 413, "Request Entity Too Large");
        return;
    }
    const struct function_call_request request = {
        .function = function,
        .source_arn = serving->source_arn,
        .account = serving->api->account,
        .request_id = serving->call->request_id,
        .trace_id = serving->trace_id,
        .event = &serving->event,
        .timeout_ms = integration->timeout_ms,
    };
    function_call_start(&serving->function_call, serving->call, &request, answered, serving);
}

/* ---- a signature ---- */

static bool is_signed_well(struct serving *serving, struct sigv4_claim *claim) {
    struct api_call *call = serving->call;
    struct auth_refusal refusal;
    char service[AUTH_SERVICE_BYTES];
    if (sigv4_parse(call->request, claim, NULL) == SIGV4_MISSING ||
        !auth_check(&call->api->auth, call->request, clock_wall_us(call->api->clock) / 1000000, true,
                    &call->principal, service, &refusal))
        return false;
    call->caller = &call->principal;
    return strcmp(service, "execute-api") == 0;
}

static bool is_permitted(const struct serving *serving) {
    const struct access_request request = {
        .principal = serving->call->caller,
        .action = "execute-api:Invoke",
        .resource = serving->route_arn,
        .resource_account = serving->api->account,
        .call = serving->call,
    };
    return access_check(serving->call->api, &request, NULL);
}

static void check_signature(struct serving *serving) {
    struct sigv4_claim claim;
    const struct principal *principal = &serving->call->principal;
    if (!is_signed_well(serving, &claim) || !is_permitted(serving)) {
        serving_answer(serving, 403, "Forbidden");
        return;
    }
    const struct web_iam iam = {
        .access_key = claim.access_key,
        .account = principal->account,
        .caller_id = principal->id,
        .user_arn = principal->arn,
    };
    call_function(serving, &iam);
}

/* ---- an authorizer ---- */

static void decide(struct serving *serving) {
    char source_ip[HTTP_PEER_BYTES];
    bool is_known = http_exchange_peer(serving->call->exchange, source_ip);
    if (authorization_allows(serving->authorization, serving->route_arn, is_known ? source_ip : NULL))
        call_function(serving, NULL);
    else
        serving_answer(serving, 403, "Forbidden");
}

static void authorizer_answered(void *arg, enum function_call_outcome outcome, const void *answer,
                                size_t len) {
    struct serving *serving = arg;
    struct gateway_authorizer *authorizer = serving->route->authorizer;
    struct err err = {.text = "it did not answer"};
    if (outcome == FUNCTION_CALL_DONE)
        serving->authorization = authorizer_answer_parse(authorizer, answer, len, &err);
    if (!serving->authorization) {
        log_warn("http_api.authorizer_failed", "request=%s authorizer=%s text=\"%s\"", serving->request_id,
                 authorizer->id, err.text);
        serving_answer(serving, 500, "Internal Server Error");
        return;
    }
    if (authorizer->ttl_s > 0)
        authorizer_cache_put(&authorizer->cache, &serving->identity.key, serving->authorization,
                             clock_mono_us(serving->call->api->clock) + authorizer->ttl_s * 1000000);
    decide(serving);
}

static void call_authorizer(struct serving *serving, const struct web_request *request) {
    const struct gateway_authorizer *authorizer = serving->route->authorizer;
    const struct gateway_api *api = serving->api;
    const char *region = serving->call->api->options.region;
    const struct authorizer_question question = {
        .authorizer = authorizer,
        .request = request,
        .identity = &serving->identity,
        .resource = resource_of(serving->route),
        .route_arn = serving->route_arn,
    };
    char request_id[IDENT_UUID_BYTES];
    struct json_writer writer = begin_event(serving);
    ident_uuid(request_id);
    authorizer_event_write(&writer, &question);
    OWN_MEM char *source_arn = mem_format("arn:%s:execute-api:%s:%s:%s/authorizers/%s",
                                          function_arn_partition(region), region, api->account, api->id,
                                          authorizer->id);
    const struct function_call_request call_request = {
        .function = authorizer->is_callable ? &authorizer->function : NULL,
        .source_arn = source_arn,
        .account = api->account,
        .request_id = request_id,
        .trace_id = serving->trace_id,
        .event = &serving->event,
        .timeout_ms = AUTHORIZER_TIMEOUT_MS,
    };
    function_call_start(&serving->function_call, serving->call, &call_request, authorizer_answered, serving);
}

static void ask_authorizer(struct serving *serving) {
    struct gateway_authorizer *authorizer = serving->route->authorizer;
    struct web_arrival arrival;
    struct web_request request;
    if (!authorizer) {
        serving_answer(serving, 500, "Internal Server Error");
        return;
    }
    function_call_trace(serving->call, authorizer->is_callable ? &authorizer->function : NULL,
                        serving->trace_id);
    describe(serving, &arrival, &request);
    if (!identity_read(authorizer, &request, &serving->identity)) {
        serving_answer(serving, 401, "Unauthorized");
        return;
    }
    struct authorization *cached = authorizer_cache_find(&authorizer->cache, &serving->identity.key,
                                                         clock_mono_us(serving->call->api->clock));
    if (!cached) {
        call_authorizer(serving, &request);
        return;
    }
    serving->authorization = authorization_ref(cached);
    decide(serving);
}

/* ---- the request ---- */

static bool wants_web_socket(const struct http_request *request) {
    const struct http_text *upgrade = http_header_get(request, "upgrade");
    return upgrade && http_text_is_nocase(*upgrade, "websocket");
}

static void authorize(struct serving *serving) {
    switch (serving->route->authorization) {
    case GATEWAY_OPEN: call_function(serving, NULL); break;
    case GATEWAY_IAM:
        if (is_open(serving->call))
            call_function(serving, NULL);
        else
            check_signature(serving);
        break;
    case GATEWAY_CUSTOM: ask_authorizer(serving); break;
    }
}

void gateway_handle(struct api_call *call, const struct web_host *host) {
    struct serving *serving = begin(call, host);
    call->gone = gone;
    if (!serving->api)
        serving_answer(serving, 404, "Not Found");
    else if (!decode_path(serving))
        serving_answer(serving, 400, "Bad Request");
    else if (wants_web_socket(call->request))
        serving_answer(serving, 400, "HTTP APIs have no WebSockets.");
    else if (serving->api->cors && web_cors_is_preflight(call->request))
        serving_answer_preflight(serving);
    else if (!find_route(serving))
        serving_answer(serving, 404, "Not Found");
    else
        authorize(serving);
}

void gateway_refuse_size(struct api_call *call, const struct web_host *host) {
    serving_answer(begin(call, host), 413, "Request Entity Too Large");
}
