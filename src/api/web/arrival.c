/* See arrival.h. */
#include "api/web/arrival.h"

#include <stdio.h>
#include <string.h>

#include "api/context.h"

/* That of the URLs that clients are given, "http://127.0.0.1:4566", unless Lamb itself speaks TLS here. */
static void read_scheme(const char *endpoint, bool is_tls, char scheme[8]) {
    const char *text = is_tls ? "https" : endpoint;
    snprintf(scheme, 8, "%.*s", (int)strcspn(text, ":"), text);
}

/* As the client names it: there may be several listeners, and another port in front of them. */
static uint16_t read_port(struct http_text port, const char *scheme) {
    uint32_t number = 0;
    for (size_t i = 0; i < port.len; i++)
        number = number * 10 + (uint32_t)(port.data[i] - '0');
    if (number > 0 && number <= UINT16_MAX)
        return (uint16_t)number;
    return strcmp(scheme, "https") == 0 ? 443 : 80;
}

/* The header as it came, or of a new trace its root alone. */
static void read_trace(const struct api_call *call, const char *trace_id, char text[TRACE_ID_BYTES]) {
    const struct http_text *sent = http_header_get(call->request, "x-amzn-trace-id");
    bool is_sent = sent && sent->len > 0 && sent->len < TRACE_ID_BYTES &&
                   strncmp(trace_id, sent->data, sent->len) == 0;
    size_t len = is_sent ? sent->len : strcspn(trace_id, ";");
    memcpy(text, trace_id, len);
    text[len] = '\0';
}

void web_arrival_read(const struct api_call *call, const struct web_host *host, const char *trace_id,
                      struct web_arrival *arrival, struct web_request *ret_request) {
    *ret_request = (struct web_request){
        .http = call->request,
        .body = call->request->body,
        .source_ip = arrival->source_ip,
        .domain_name = host->name,
        .domain_prefix = host->id,
        .scheme = arrival->scheme,
        .request_id = call->request_id,
        .time_us = clock_wall_us(call->api->clock),
        .path = call->request->path,
        .trace_id = arrival->trace_id,
    };
    bool is_tls = http_exchange_tls(call->exchange, &ret_request->tls_version, &ret_request->tls_cipher);
    read_scheme(call->api->options.public_endpoint, is_tls, arrival->scheme);
    ret_request->port = read_port(host->port, arrival->scheme);
    if (!http_exchange_peer(call->exchange, arrival->source_ip))
        arrival->source_ip[0] = '\0';
    read_trace(call, trace_id, arrival->trace_id);
}
