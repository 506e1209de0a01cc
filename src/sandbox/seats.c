/* See seats.h. */
#include "sandbox/seats.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys/fd.h"

static int open_nothing(void) {
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

bool seats_open(struct seats *ret_seats, struct err *err) {
    struct seats seats = {0};
    for (size_t i = 0; i < SEATS; i++)
        seats.fds[i] = open_nothing();
    *ret_seats = seats;
    return seats.fds[SEATS - 1] != -1 || err_set_errno(err, errno, "can't open /dev/null");
}

int seats_take(struct seats *seats, int fd) {
    int seat = 0;
    while (seat < SEATS && seats->is_taken[seat])
        seat++;
    if (seat == SEATS || dup3(fd, seats->fds[seat], O_CLOEXEC) == -1)
        return -1;
    seats->is_taken[seat] = true;
    return seat;
}

/* The place stays occupied, so that nothing else comes to lie there. */
void seats_leave(struct seats *seats, int seat) {
    if (seat == -1)
        return;
    OWN_FD int nothing = open_nothing();
    if (nothing != -1)
        dup3(nothing, seats->fds[seat], O_CLOEXEC);
    seats->is_taken[seat] = false;
}

unsigned seats_end(const struct seats *seats) {
    int last = 0;
    for (size_t i = 0; i < SEATS; i++)
        last = seats->fds[i] > last ? seats->fds[i] : last;
    return (unsigned)last + 1;
}

void seats_close(struct seats *seats) {
    for (size_t i = 0; i < SEATS; i++)
        fd_close(&seats->fds[i]);
}
