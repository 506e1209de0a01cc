/* See arrival.h. */
#include "api/web/arrival.h"

#include <stdlib.h>
#include <string.h>

#include "api/context.h"

/* Scheme and port of the URLs that clients are given: "http://127.0.0.1:4566". */
static uint16_t read_endpoint(const char *endpoint, char scheme[8]) {
    size_t len = strcspn(endpoint, ":");
    len = len < 7 ? len : 7;
    memcpy(scheme, endpoint, len);
    scheme[len] = '\0';
    const char *host = strstr(endpoint, "://");
    const char *port = host ? strrchr(host + 3, ':') : NULL;
    if (port && !strchr(port, ']'))
        return (uint16_t)strtoul(port + 1, NULL, 10);
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
        .port = read_endpoint(call->api->options.public_endpoint, arrival->scheme),
        .request_id = call->request_id,
        .time_us = clock_wall_us(call->api->clock),
        .path = call->request->path,
        .trace_id = arrival->trace_id,
    };
    if (http_exchange_tls(call->exchange, &ret_request->tls_version, &ret_request->tls_cipher))
        memcpy(arrival->scheme, "https", sizeof "https");
    if (!http_exchange_peer(call->exchange, arrival->source_ip))
        arrival->source_ip[0] = '\0';
    read_trace(call, trace_id, arrival->trace_id);
}
