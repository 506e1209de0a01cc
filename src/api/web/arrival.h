/* What an event says of a request by the way it came: from whom, to which host and port, when, in which
 * trace. Loop thread. */
#pragma once

#include "api/call.h"
#include "api/lambda/trace.h"
#include "api/web/event.h"
#include "api/web/host.h"

/* Holds the texts that the event points to. */
struct web_arrival {
    char source_ip[HTTP_PEER_BYTES];
    char scheme[8];
    char trace_id[TRACE_ID_BYTES];
};

/* Sets those members and zeroes the others. `trace_id` is the call's, as trace_set() made it. */
void web_arrival_read(const struct api_call *call, const struct web_host *host, const char *trace_id,
                      struct web_arrival *arrival, struct web_request *ret_request);
