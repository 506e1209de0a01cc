/* The answer of the running invocation: what the loop (lamb.c) and streams (stream.c) share. For liblamb
 * only. */
#pragma once

#include "arena.h"
#include "http.h"
#include "lamb.h"

#define API "/2018-06-01/runtime"
#define COMMON_HEADERS "Host: lambda\r\nUser-Agent: lamb-c/1\r\n"

struct lamb_response {
    struct lamb_arena arena;
    struct lamb_http *http;
    const char *request_id;
    const struct lamb_event *event;
    const char *data;
    size_t size;
    const char *error_type;    /* NULL: the invocation succeeded */
    const char *short_message; /* of that error */
    const char *prelude;       /* of a stream: status and headers; NULL for none */
    bool is_stream;
    bool has_begun; /* bytes of the stream were sent */
    bool is_lost;   /* the platform takes no more of it, and the connection is closed */
    char content_type[201];
};

void lamb_stream_reset(struct lamb_response *response, struct lamb_http *http, const char *request_id);

/* Whether the response is a stream to be ended; a failure before the first byte is not. */
bool lamb_stream_is_open(const struct lamb_response *response);

/* What is to be sent at its end: a text that lives as long as the invocation. */
const char *lamb_stream_end(struct lamb_response *response);
