/* Payload format 1.0 of HTTP APIs: the event of an integration and of an authorizer. Values without I/O.
 * Source: API Gateway Developer Guide, "Working with AWS Lambda proxy integrations for HTTP APIs" and
 * "Control access to HTTP APIs with AWS Lambda authorizers". */
#pragma once

#include "api/web/event.h"

struct event_v1 {
    const struct web_request *request;
    const char *resource;   /* "/pets/{id}", "$default" */
    const char *authorizer; /* the JSON of requestContext.authorizer; NULL */

    /* Of an authorizer's event alone: what it is asked about, and with what. */
    const char *method_arn;
    const char *identity;
};

void event_v1_write(struct json_writer *writer, const struct event_v1 *event);
void event_v1_write_authorizer(struct json_writer *writer, const struct event_v1 *event);
