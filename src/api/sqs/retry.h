/* ReceiveRequestAttemptId: a consumer of a FIFO queue that did not get an answer asks again with the same id
 * and gets the same messages, though they are leased. What was leased under an id is remembered; the second
 * attempt first gives it back, so that the receive that follows finds it at the head of its groups. The
 * messages have new receipt handles then: nobody got the old ones. Source: SQS API, ReceiveMessage. Loop
 * thread. */
#pragma once

#include <stdbool.h>

#include "api/sqs/request.h"

/* ERR_PARAMETER for an id that is none, and in a standard queue. */
bool retry_check(const struct api_call *call, const struct queue_definition *definition, struct err *err);

/* Gives back what was leased under the request's id and calls `next(call)`, now or later; it is answered if
 * that fails. */
void retry_release(struct api_call *call, const struct queue_definition *definition,
                   void (*next)(struct api_call *call));

/* Remembers what was leased now, if the request has an id. */
void retry_keep(const struct api_call *call, const struct queue_location *location,
                const struct queue_message *messages, size_t count);
