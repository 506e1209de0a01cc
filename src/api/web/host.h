/* Hosts that lead to a function instead of the AWS API: "<id>.lambda-url.<region>.<domain>[:port]" and
 * "<id>.execute-api.<region>.<domain>[:port]". Pure. */
#pragma once

#include <stdbool.h>

#include "http/request.h"

#define WEB_LABEL_URL "lambda-url"
#define WEB_LABEL_API "execute-api"

enum web_host_kind {
    WEB_HOST_OTHER,
    WEB_HOST_URL, /* of a function */
    WEB_HOST_API, /* of an HTTP API */
};

/* Points into the authority. */
struct web_host {
    enum web_host_kind kind;
    struct http_text name; /* without port */
    struct http_text port; /* digits; "" for the one of the scheme */
    struct http_text id;   /* its first label, as it was sent: compare without case */
};

/* Looks at Host. What follows the region must be `domain`, or "localhost", which always works; in another
 * region than `region` there are no ids: then it is "". OTHER for every other host. */
enum web_host_kind web_host_split(const struct http_request *request, const char *region, const char *domain,
                                  struct web_host *ret_host);
