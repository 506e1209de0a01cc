/* The running of message move tasks. The messages are moved a few at a time, each in one transaction, and are
 * new ones in their new queue, as on AWS. Loop thread. */
#pragma once

#include "api/sqs/definitions.h"

/* Runs the definition's newest task, when it is one that is MOVE_RUNNING, until it is done, and stores how it
 * ended. */
void move_run_start(struct sqs *sqs, struct queue_definition *definition);

/* How far it is. */
const struct move_task *move_run_task(const struct move_run *run);

void move_run_cancel(struct move_run *run);

/* Before its definition ends. NULL is fine. */
void move_run_free(struct move_run *run);
