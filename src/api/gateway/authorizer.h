/* What an authorizer of an HTTP API is asked, and what its answer means. Values without I/O; any thread.
 * Source: API Gateway Developer Guide, "Control access to HTTP APIs with AWS Lambda authorizers". */
#pragma once

#include <stdbool.h>

#include "api/gateway/compiled.h"

/* The values of an authorizer's identity sources, in their order. */
struct identity_values {
    struct buf *items;
    size_t count;
    struct buf key; /* all of them, for the cache: no two lists have the same */
};

/* False when one is missing or empty: nobody is asked then. The caller frees in any case. */
bool identity_read(const struct gateway_authorizer *authorizer, const struct web_request *request,
                   struct identity_values *ret_values);
void identity_values_done(struct identity_values *values);

/* What is asked about, as its events and policies name it. */
struct authorizer_question {
    const struct gateway_authorizer *authorizer;
    const struct web_request *request;
    const struct identity_values *identity;
    const char *resource;  /* "/pets/{id}" */
    const char *route_arn; /* "arn:aws:execute-api:...:<api>/<stage>/GET/pets/1" */
};

/* The event, in the format that the authorizer has. */
void authorizer_event_write(struct json_writer *writer, const struct authorizer_question *question);

/* NULL, with what is wrong for a log, when it is no answer of the form that the authorizer must have. The
 * caller has the reference. */
struct authorization *authorizer_answer_parse(const struct gateway_authorizer *authorizer, const void *answer,
                                              size_t len, struct err *err);

/* `source_ip`: NULL when it is not known. */
bool authorization_allows(const struct authorization *authorization, const char *route_arn,
                          const char *source_ip);

/* requestContext.authorizer of the integration's event. */
void authorization_write(struct json_writer *writer, const struct authorization *authorization,
                         bool is_format_1);
