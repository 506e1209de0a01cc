/* All of SQS: made and ended with the API. Loop thread. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct api;
struct queues;
struct sqs;

/* Reads the definitions of queues, drops messages of queues that nobody knows, goes on with move tasks.
 * ERR_CORRUPT. Blocks: start-up. */
bool sqs_new(struct api *api, struct queues *queues, struct sqs **ret_sqs, struct err *err);
void sqs_free(struct sqs *sqs); /* NULL is fine */

/* Answers the calls that wait for messages, with none. Later ones don't wait, and no message is moved. */
void sqs_drain(struct sqs *sqs);
