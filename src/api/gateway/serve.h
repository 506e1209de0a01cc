/* Serving HTTP APIs: from the request to its route, its authorization, the event and the response. Called by
 * api/dispatch.c. Loop thread. */
#pragma once

#include "api/call.h"
#include "api/web/host.h"

/* Takes the call, whose host is WEB_HOST_API. */
void gateway_handle(struct api_call *call, const struct web_host *host);

/* The same for a request whose body is too large. */
void gateway_refuse_size(struct api_call *call, const struct web_host *host);
