/* Serving a function's URL: from the request to its event, and from the result, whole or streamed, to the
 * response. Called by api/dispatch.c. Loop thread. */
#pragma once

#include "api/call.h"
#include "api/web/host.h"

/* Takes the call, whose host is WEB_HOST_URL. */
void url_handle(struct api_call *call, const struct web_host *host);

/* The same for a request whose body is too large. */
void url_refuse_size(struct api_call *call, const struct web_host *host);
