/* Makes the modules of a running daemon, hands callbacks down, and takes everything apart again. Begin a tour
 * here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "daemon/config.h"
#include "daemon/front.h"
#include "sandbox/host.h"

struct daemon;

/* What was prepared while the process was privileged; both are taken. */
struct daemon_inputs {
    const struct config *config; /* must outlive the daemon */
    struct front *front;
    struct sandbox_spawner spawner;
};

bool daemon_new(const struct daemon_inputs *inputs, struct daemon **ret_daemon, struct err *err);

/* "http://127.0.0.1:4566" */
const char *daemon_endpoint(const struct daemon *daemon);

/* The other URLs it can be reached by, with commas between them; or "". */
const char *daemon_other_endpoints(const struct daemon *daemon);

/* Serves until SIGTERM or SIGINT, then drains: running invocations end, log lines and changes reach the disk.
 * A second signal, or the setting drain-timeout, cuts that short. Returns the exit status. */
int daemon_run(struct daemon *daemon);

void daemon_free(struct daemon *daemon); /* NULL and half-built ones are fine */
