/* Low descriptors for the sockets of processes that are being made. Such a process begins with the spawner's
 * own table of descriptors, of which it takes along the few below SEATS' end when it parts with it
 * (close_range(2), CLOSE_RANGE_UNSHARE): with a thousand sandboxes running, a copy of all that it then closes
 * again would be a tenth of the work of making one. Until it has parted its seat must not change. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* Sandboxes that are made at the same time. */
#define SEATS 4

struct seats {
    int fds[SEATS];
    bool is_taken[SEATS];
};

/* Opens them; what is opened before is what the processes take along. */
bool seats_open(struct seats *ret_seats, struct err *err);

/* Puts a copy of the descriptor on a free seat. -1 when there is none, or none can be had. */
int seats_take(struct seats *seats, int fd);

/* -1 is fine. */
void seats_leave(struct seats *seats, int seat);

/* The first descriptor that none of the processes may have. */
unsigned seats_end(const struct seats *seats);

void seats_close(struct seats *seats);
