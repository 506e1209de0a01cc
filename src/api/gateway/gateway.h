/* The HTTP APIs of API Gateway V2: made and ended with the API. Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/gateway/compiled.h"
#include "base/turns.h"

struct api;

struct gateway {
    struct api *api;
    struct map apis;    /* id -> struct gateway_api */
    struct turns turns; /* changes are made one after the other */
};

/* Reads them from the records. */
struct gateway *gateway_new(struct api *api);
void gateway_free(struct gateway *gateway); /* NULL is fine */

/* NULL when there is none; the id is compared without case, as hosts are. The pointer is the gateway's. */
struct gateway_api *gateway_find(const struct gateway *gateway, struct http_text id);

/* After a change of the API's records. */
void gateway_refresh(struct gateway *gateway, const char *account, const char *api_id);
