/* sandbox/seats: low descriptors that processes in the making take along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/seats.h"
#include "sys/fd.h"

static bool is_same(int left, int right) {
    struct stat of_left;
    struct stat of_right;
    return fstat(left, &of_left) == 0 && fstat(right, &of_right) == 0 && of_left.st_ino == of_right.st_ino &&
           of_left.st_dev == of_right.st_dev;
}

static int open_root(void) {
    int fd = open("/", O_RDONLY | O_CLOEXEC);
    assert_int_not_equal(fd, -1);
    return fd;
}

static void test_seat_has_a_copy_until_it_is_left(void **state) {
    (void)state;
    struct seats seats;
    assert_true(seats_open(&seats, NULL));
    OWN_FD int fd = open_root();
    int seat = seats_take(&seats, fd);
    assert_int_not_equal(seat, -1);
    assert_true(is_same(seats.fds[seat], fd));
    assert_true(fcntl(seats.fds[seat], F_GETFD) & FD_CLOEXEC);
    seats_leave(&seats, seat);
    assert_false(is_same(seats.fds[seat], fd));
    seats_close(&seats);
}

static void test_taken_seats_are_not_given_again(void **state) {
    (void)state;
    struct seats seats;
    assert_true(seats_open(&seats, NULL));
    OWN_FD int fd = open_root();
    bool is_given[SEATS] = {false};
    for (int i = 0; i < SEATS; i++) {
        int seat = seats_take(&seats, fd);
        assert_in_range(seat, 0, SEATS - 1);
        assert_false(is_given[seat]);
        is_given[seat] = true;
    }
    assert_int_equal(seats_take(&seats, fd), -1);
    seats_leave(&seats, 2);
    seats_leave(&seats, -1);
    assert_int_equal(seats_take(&seats, fd), 2);
    seats_close(&seats);
}

static void test_seats_lie_below_their_end(void **state) {
    (void)state;
    struct seats seats;
    assert_true(seats_open(&seats, NULL));
    OWN_FD int later = open_root();
    for (int i = 0; i < SEATS; i++)
        assert_true((unsigned)seats.fds[i] < seats_end(&seats));
    assert_true((unsigned)later >= seats_end(&seats));
    seats_close(&seats);
    assert_int_equal(seats.fds[0], -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seat_has_a_copy_until_it_is_left),
        cmocka_unit_test(test_taken_seats_are_not_given_again),
        cmocka_unit_test(test_seats_lie_below_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
