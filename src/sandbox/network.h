/* The network of a sandbox: an own namespace that holds a loopback interface and nothing else. Called inside
 * it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Where every runtime finds its Runtime API (AWS_LAMBDA_RUNTIME_API), and SDKs Lamb's own (AWS_ENDPOINT_URL).
 */
#define NETWORK_RUNTIME_PORT 9001
#define NETWORK_API_PORT 9002

bool network_raise_loopback(struct err *err);

/* A listening, non-blocking, close-on-exec socket at 127.0.0.1:`port`. It stays of this namespace wherever it
 * is sent. */
bool network_listen(uint16_t port, int *ret_fd, struct err *err);
