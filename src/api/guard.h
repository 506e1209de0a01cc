/* Who may talk to the port at all. A page in a browser can reach every port of its user's machine: by
 * rebinding a DNS name of its own to 127.0.0.1 (then Host has that name), or by a cross-site request (then
 * Origin has the page's address). Both are refused before a request is looked at in any other way. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "http/request.h"

/* `hosts` are names accepted in Host beside localhost, *.localhost and loopback addresses; NULL-terminated,
 * or NULL. ERR_DENIED with a text for the person at the other end. */
bool guard_check(const struct http_request *request, const char *const *hosts, struct err *err);
