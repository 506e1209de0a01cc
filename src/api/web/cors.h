/* Cross-origin resource sharing as function URLs and HTTP APIs have it: configured, and answered by the front
 * in place of the function. Values without I/O. Sources: Lambda API, Cors; API Gateway API, Cors; Fetch
 * standard, "CORS protocol". */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"
#include "http/request.h"

struct web_cors; /* read once; immutable */

/* Members in the names of either API ("AllowOrigins", "allowOrigins"). NULL when it is absent or empty. */
struct web_cors *web_cors_new(struct json_value cors);
void web_cors_free(struct web_cors *cors); /* NULL is fine */

/* OPTIONS with Origin and Access-Control-Request-Method: answered by the front where CORS is configured. */
bool web_cors_is_preflight(const struct http_request *request);

/* Appends the header lines for the answer to this request: none when it has no Origin, or one that is not
 * allowed. The headers that only preflights have (-Allow-Methods, -Allow-Headers, -Max-Age) come where
 * `is_preflight`. */
void web_cors_write(const struct web_cors *cors, const struct http_request *request, bool is_preflight,
                    struct buf *headers);
