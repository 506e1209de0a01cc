/* The body of a subscription to the Telemetry API or the Logs API: read, checked, and if need be refused in
 * the words of the service. Pure. Source: Lambda Developer Guide, "Telemetry API reference" and "Using the
 * Lambda Logs API"; texts of refusals recorded from the service where they are public. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "invoke/notice.h"
#include "invoke/telemetry_kinds.h"
#include "invoke/telemetry_queue.h"

struct telemetry_destination {
    bool is_http;
    uint16_t port;
    const char *method; /* HTTP: "POST" or "PUT"; static */
    char *authority;    /* HTTP: "sandbox.localdomain:8080"; owned */
    char *target;       /* HTTP: "/", path and query; owned */
};

struct telemetry_request {
    enum notice_schema schema;
    unsigned sources;                /* 1 << enum telemetry_source each */
    const char *words[NOTICE_WORDS]; /* the same as the request said it; static */
    size_t word_count;
    struct telemetry_limits limits;
    struct telemetry_destination destination;
};

struct telemetry_refusal {
    int status;
    char type[48];
    char message[512];
};

/* Fills one of the two. */
bool telemetry_request_parse(enum telemetry_api api, const char *body, size_t len,
                             struct telemetry_request *ret_request, struct telemetry_refusal *ret_refusal);
void telemetry_request_done(struct telemetry_request *request);

bool telemetry_request_equals(const struct telemetry_request *a, const struct telemetry_request *b);

/* Each with its API's name: 403, the window for subscribing is over; 400, it is subscribed to the other
 * API. */
void telemetry_refuse_closed(enum telemetry_api api, struct telemetry_refusal *ret_refusal);
void telemetry_refuse_other(enum telemetry_api api, const char *extension_name,
                            struct telemetry_refusal *ret_refusal);
