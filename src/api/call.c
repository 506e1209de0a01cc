/* Answering: every header and body of the API front is put together here. */
#include "api/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/headers.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

/* Longest body of an error: a text of ERR_TEXT_BYTES, each byte escaped, and the members around it. */
#define ERROR_BODY_BYTES (ERR_TEXT_BYTES * 6 + 256)

struct api_call *call_new(struct api *api, struct http_exchange *exchange) {
    struct api_call *call = api->free_calls;
    if (call) {
        api->free_calls = call->next_free;
        api->free_call_count--;
    } else {
        call = mem_alloc(sizeof *call);
    }
    *call = (struct api_call){.api = api, .exchange = exchange, .request = http_exchange_request(exchange)};
    ident_uuid(call->request_id);
    http_exchange_set_context(exchange, call);
    api->live_calls++;
    return call;
}

void call_free(struct api_call *call) {
    struct api *api = call->api;
    free(call->body);
    input_done(&call->input);
    api->inner_budget.used_bytes -= call->held_bytes;
    api->live_calls--;
    if (api->free_call_count >= API_FREE_CALLS) {
        free(call);
        return;
    }
    call->next_free = api->free_calls;
    api->free_calls = call;
    api->free_call_count++;
}

void call_gone(struct api_call *call) {
    call->exchange = NULL;
    call->request = NULL;
    if (call->gone)
        call->gone(call);
}

char *call_take_body(struct api_call *call, size_t *ret_len) {
    if (call->body) {
        *ret_len = call->body_len;
        return take_ptr(call->body);
    }
    char *body = http_exchange_take_body(call->exchange, ret_len);
    if (call->is_from_sandbox) {
        call->held_bytes += *ret_len;
        call->api->inner_budget.used_bytes += *ret_len;
    }
    return body;
}

bool call_label(const struct api_call *call, size_t index, char *text, size_t size, struct err *err) {
    if (http_percent_decode(call->match.labels[index], text, size))
        return true;
    return err_set(err, ERR_VALIDATION,
                   "The path of the request is badly encoded or longer than %zu characters.", size - 1);
}

bool call_query(const struct api_call *call, const char *name, char *value, size_t size, struct err *err) {
    bool present;
    if (!http_query_get(call->request->query, name, value, size, &present))
        return err_set(err, ERR_VALIDATION,
                       "The parameter %s is badly encoded or longer than %zu characters.", name, size - 1);
    if (!present)
        value[0] = '\0';
    return true;
}

/* The exception's name and the type of the body are left out when NULL. */
static void begin_headers(struct headers *headers, const char *request_id, const char *exception,
                          const char *content_type) {
    headers->len = 0;
    headers_put(headers, "x-amzn-RequestId", request_id);
    if (exception)
        headers_put(headers, "x-amzn-ErrorType", exception);
    if (content_type)
        headers_put(headers, "Content-Type", content_type);
}

static void count(struct api_call *call, int status) {
    const struct api_operation *operation = call->match.operation;
    request_totals_count(&call->api->requests, call->service, operation && operation->is_open, status);
}

void call_answer_with(struct api_call *call, int status, const char *headers, const void *body, size_t len) {
    count(call, status);
    if (call->exchange)
        http_respond(call->exchange, status, headers, body, len);
    call_free(call);
}

void call_start(struct api_call *call, int status, const char *headers) {
    count(call, status);
    http_start(call->exchange, status, headers, -1);
}

void call_end(struct api_call *call) {
    http_end(call->exchange);
    call_free(call);
}

/* Told by what every client of a protocol sends. */
static enum error_protocol protocol_of(const struct api_call *call) {
    static const char form[] = "application/x-www-form-urlencoded";
    if (call->service && call->speaks_xml)
        return ERROR_QUERY;
    if (call->service)
        return call->service->protocol;
    if (!call->request)
        return ERROR_REST_JSON;
    const struct http_text *type = http_header_get(call->request, "content-type");
    if (call->speaks_xml ||
        (type && type->len >= strlen(form) && memcmp(type->data, form, strlen(form)) == 0))
        return ERROR_QUERY;
    return http_header_get(call->request, "x-amz-target") ? ERROR_JSON : ERROR_REST_JSON;
}

void call_answer(struct api_call *call, const struct buf *body) {
    if (!buf_ok(body)) {
        struct err err;
        err_set(&err, ERR_INTERNAL, "the answer of %s is longer than %zu bytes", call->match.operation->name,
                body->limit);
        call_fail(call, &err);
        return;
    }
    struct headers headers;
    begin_headers(&headers, call->request_id, NULL,
                  error_content_type(call->service ? protocol_of(call) : ERROR_REST_JSON));
    call_answer_with(call, call->match.operation->status, headers.text, body->data, body->len);
}

void call_answer_empty(struct api_call *call) {
    struct headers headers;
    begin_headers(&headers, call->request_id, NULL, NULL);
    call_answer_with(call, call->match.operation->status, headers.text, NULL, 0);
}

/* `retry_after_s`: 0 for no such header. */
static void refuse(struct api_call *call, enum api_exception exception, const char *text, const char *reason,
                   uint32_t retry_after_s) {
    const struct error_body error = {
        .protocol = protocol_of(call),
        .exception = exception,
        .text = text,
        .reason = reason,
        .request_id = call->request_id,
        .xmlns = call->service ? call->service->xmlns : NULL,
    };
    OWN(buf) struct buf body;
    buf_init(&body, ERROR_BODY_BYTES);
    error_write(&error, &body);
    struct headers headers;
    begin_headers(&headers, call->request_id, error_name(exception), error_content_type(error.protocol));
    if (error.protocol == ERROR_QUERY_JSON) {
        headers_put_text(&headers, "x-amzn-query-error: ");
        headers_put_text(&headers, error_query_code(exception));
        headers_put_text(&headers, error_status(exception) < 500 ? ";Sender\r\n" : ";Receiver\r\n");
    }
    if (retry_after_s > 0) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", retry_after_s);
        headers_put(&headers, "Retry-After", seconds);
    }
    call_answer_with(call, error_status(exception), headers.text, body.data, body.len);
}

void call_refuse(struct api_call *call, enum api_exception exception, const char *text) {
    refuse(call, exception, text, NULL, exception == API_TOO_MANY_REQUESTS);
}

void call_throttle(struct api_call *call, const char *reason, uint32_t retry_after_s) {
    refuse(call, API_TOO_MANY_REQUESTS, "Rate Exceeded.", reason, retry_after_s);
}

void call_fail(struct api_call *call, const struct err *err) {
    enum api_exception exception = call->service && call->service->exception
                                       ? call->service->exception(err->code)
                                       : error_exception(err->code);
    if (!error_is_internal(err->code)) {
        refuse(call, exception, err->text, NULL, exception == API_TOO_MANY_REQUESTS);
        return;
    }
    log_error("api.failed", "operation=%s request=%s code=%s text=\"%s\"", call->match.operation->name,
              call->request_id, err_code_name(err->code), err->text);
    char text[160];
    snprintf(text, sizeof text,
             "Lamb could not do this. The log of `lamb serve` tells why; look for request %s.",
             call->request_id);
    refuse(call, exception, text, NULL, 0);
}
