/* GET /metrics: what an operator asks of the daemon, as Prometheus reads it; docs/metrics.md lists it. Needs
 * no signature, since it tells nothing of any one function, but the Host and Origin rules of all requests
 * hold, and functions can't read it. */
#pragma once

struct api_call;

#define METRICS_PATH "/metrics"

/* The operation. */
void metrics_answer(struct api_call *call);
