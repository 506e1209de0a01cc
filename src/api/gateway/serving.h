/* What serve.c and serve_answer.c share: a request to an HTTP API in work. */
#pragma once

#include "api/call.h"
#include "api/gateway/authorizer.h"
#include "api/gateway/function_call.h"
#include "api/gateway/gateway.h"
#include "api/web/arrival.h"

/* "JKJaXmPLvHcESHA=", as the service has them. */
#define SERVING_ID_CHARS 16

struct serving {
    struct api_call *call;
    struct web_host host;
    struct gateway_api *api; /* NULL: there is none with that id */
    const struct gateway_stage *stage;
    const struct gateway_route *route;
    struct web_pair parameter_items[ROUTES_MAX_PARAMETERS];
    struct web_pairs parameters;
    char *parameter_space; /* their decoded values */
    char *path;            /* that of the request, decoded; NULL before that */
    char *source_arn;      /* of the route: what the function's policy is asked for */
    char *route_arn;       /* of the request: what its caller is authorized for */
    struct identity_values identity;
    struct authorization *authorization; /* what the authorizer said; NULL */
    struct buf event;
    struct function_call function_call;
    char request_id[SERVING_ID_CHARS + 1];
    char trace_id[TRACE_ID_BYTES];
};

/* The answers: each ends the call and frees the state. */
void serving_answer(struct serving *serving, int status, const char *message);
void serving_answer_preflight(struct serving *serving);
void serving_answer_function(struct serving *serving, const void *document, size_t len);

/* Frees the state, not the call. */
void serving_free(struct serving *serving);
