/* A receive in a transaction. On the lane's thread. For queue/. */
#pragma once

#include "queue/place.h"
#include "queue/step.h"

/* Leases what is due, as much as the receive may have, and reads it. Too old messages are removed on the way,
 * those that were received too often become dead letters; when the transaction may do no more of that, the
 * receive ends with what it has, and more is due. */
bool take_messages(struct transaction *transaction, struct queue_receive *receive, struct err *err);
