/* The part of the metrics that tells of queues and asynchronous invocation. Loop thread. */
#pragma once

#include "base/buf.h"

struct api;

void queue_metrics_write(struct buf *buf, const struct api *api);
