/* Groups of FIFO queues. At the *front* of a group stands what is not parked: the messages that are leased or
 * that may be received again, and if there are none its first one. The others are parked, so that however
 * many a group that gives nothing has, no receive looks at them. On the lane's thread. For queue/. */
#pragma once

#include "store/queue_rows.h"

/* A group has a front as long as it has messages. */
bool group_has_front(struct db *db, int64_t queue, const char *group, bool *ret_has_front, struct err *err);

/* After something left the group: its first message becomes its front, if nothing else is there. */
bool group_move_up(struct db *db, int64_t queue, const char *group, struct err *err);

/* Whether nothing of the group is leased: then all of it is parked, for the caller to take from the first one
 * on and to call group_move_up() in the end. Otherwise only what may be received again is: it waits for the
 * lease, too. */
bool group_open(struct db *db, int64_t queue, const char *group, int64_t now_ms, bool *ret_is_open,
                struct err *err);
