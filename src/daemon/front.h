/* Where clients reach the daemon: the addresses of the setting `listen`, plain or with TLS, and the
 * certificates. Opened with the privileges of the start, used without; made by daemon/serve.c and
 * daemon/assemble.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "daemon/config.h"
#include "http/server.h"
#include "sys/loop.h"

struct front;

/* Addresses are at most so many. */
#define FRONT_PLACES 16

/* Opens every address and reads the certificates. */
bool front_open(const struct config *config, struct front **ret_front, struct err *err);

/* The URL of the first plain address, else of the first; and those of all others, with commas between them,
 * "" when there is only one. A wildcard address is the loopback one, which clients on this machine can reach.
 */
const char *front_endpoint(const struct front *front);
const char *front_other_endpoints(const struct front *front);

/* Accepts clients. With TLS, SIGHUP reads the certificates again from now on: for new connections, and when
 * that fails the old ones stay in use. */
void front_start(struct front *front, struct loop *loop, const struct clock *clock,
                 const struct http_handler *handler, void *arg);

/* One per address, NULL-terminated; once started. */
const struct http_listener *const *front_listeners(const struct front *front);

/* As http_listener_drain(), for all of them. */
void front_drain(struct front *front, void (*closed)(void *arg), void *arg);

/* Closes every connection now. Certificates may still be being read: the loop must turn until that is over.
 */
void front_close(struct front *front);
bool front_is_pending(const struct front *front);
void front_free(struct front *front); /* NULL and one that was never started are fine */
