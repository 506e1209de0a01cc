/* Answers of HTTP APIs. Whatever the answer is, the headers of CORS are Lamb's where it is configured. */
#include <stdlib.h>
#include <string.h>

#include "api/gateway/serving.h"
#include "api/web/response.h"
#include "base/log.h"
#include "base/mem.h"

/* Beside those of the function: CORS, whose lists are a part of one request of the control plane. */
#define LINES_BYTES (WEB_RESPONSE_HEAD_BYTES + 1024u * 1024)

void serving_free(struct serving *serving) {
    function_call_drop(&serving->function_call);
    identity_values_done(&serving->identity);
    authorization_unref(serving->authorization);
    gateway_api_unref(serving->api);
    buf_done(&serving->event);
    free(serving->parameter_space);
    free(serving->path);
    free(serving->source_arn);
    free(serving->route_arn);
    free(serving);
}

static void answer(struct serving *serving, int status, const char *own, const void *body, size_t len,
                   bool is_preflight) {
    struct api_call *call = serving->call;
    OWN(buf) struct buf lines;
    buf_init(&lines, LINES_BYTES);
    buf_append_text(&lines, own);
    buf_append_format(&lines, "Apigw-Requestid: %s\r\n", serving->request_id);
    if (serving->api && serving->api->cors && call->request)
        web_cors_write(serving->api->cors, call->request, is_preflight, &lines);
    serving_free(serving);
    call_answer_with(call, status, buf_text(&lines), body, len);
}

void serving_answer(struct serving *serving, int status, const char *message) {
    OWN_MEM char *body = mem_format("{\"message\":\"%s\"}", message);
    answer(serving, status, "Content-Type: application/json\r\n", body, strlen(body), false);
}

void serving_answer_preflight(struct serving *serving) {
    answer(serving, 204, "", NULL, 0, true);
}

void serving_answer_function(struct serving *serving, const void *document, size_t len) {
    const struct web_response_rules rules = {
        .format = serving->route->integration->is_format_1 ? WEB_FORMAT_1 : WEB_FORMAT_2,
        .omits_cors = serving->api->cors != NULL,
        .type = "text/plain;charset=UTF-8",
    };
    struct web_response response;
    struct err err;
    if (web_response_parse(&response, &rules, document, len, &err)) {
        answer(serving, response.status, buf_text(&response.headers), response.body, response.body_len,
               false);
    } else {
        log_warn("http_api.malformed_response", "request=%s text=\"%s\"", serving->request_id, err.text);
        serving_answer(serving, 500, "Internal Server Error");
    }
    web_response_done(&response);
}
