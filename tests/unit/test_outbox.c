/* sandbox/outbox: order, descriptors that outlive the sender's, cancelling, and what can't be sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "sandbox/outbox.h"
#include "sys/fd.h"

static struct outbox outbox;
static int ends[2];
static char packet[60000];

static int set_up(void **state) {
    (void)state;
    if (!fd_socketpair(ends, NULL) || !fd_set_nonblocking(ends[0], NULL) ||
        !fd_set_nonblocking(ends[1], NULL))
        return -1;
    outbox_init(&outbox, ends[0]);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    outbox_done(&outbox);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    return 0;
}

static enum outbox_result send_number(uint32_t number, uint64_t tag, const int *fds, size_t fd_count) {
    struct err err;
    memcpy(packet, &number, sizeof number);
    return outbox_send(&outbox, tag, packet, sizeof packet, fds, fd_count, &err);
}

/* Until something waits; gives the number of the first that does. */
static uint32_t fill(void) {
    uint32_t number = 0;
    while (send_number(number, number + 1, NULL, 0) == OUTBOX_SENT)
        number++;
    return number;
}

/* False when nothing has come. */
static bool receive(uint32_t *ret_number, int *ret_fd) {
    static char bytes[sizeof packet];
    size_t len;
    int fds[FD_MAX_PASSED];
    if (!fd_receive(ends[1], bytes, sizeof bytes, &len, fds, NULL))
        return false;
    memcpy(ret_number, bytes, sizeof *ret_number);
    *ret_fd = fds[0];
    return true;
}

static enum outbox_result flush(void) {
    uint64_t tag;
    struct err err;
    return outbox_flush(&outbox, &tag, &err);
}

static void assert_receives(uint32_t expected, int *ret_fd) {
    uint32_t number;
    if (!receive(&number, ret_fd)) {
        flush();
        assert_true(receive(&number, ret_fd));
    }
    assert_int_equal(number, expected);
}

static void test_waits_in_order(void **state) {
    (void)state;
    int pair[2];
    int fd;
    uint32_t first = fill();
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(send_number(first + 1, 0, pair, 1), OUTBOX_KEPT);
    close(pair[0]);
    for (uint32_t i = 0; i <= first; i++)
        assert_receives(i, &fd);
    assert_receives(first + 1, &fd);
    char byte = 0;
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(read(fd, &byte, 1), 1);
    close(pair[1]);
    close(fd);
    assert_int_equal(flush(), OUTBOX_SENT);
    assert_int_equal(send_number(0, 0, NULL, 0), OUTBOX_SENT);
}

static void test_cancel(void **state) {
    (void)state;
    int fd;
    uint32_t first = fill();
    assert_int_equal(send_number(first + 1, 77, NULL, 0), OUTBOX_KEPT);
    assert_int_equal(send_number(first + 2, 0, NULL, 0), OUTBOX_KEPT);
    assert_true(outbox_cancel(&outbox, 77));
    assert_false(outbox_cancel(&outbox, 77));
    assert_false(outbox_cancel(&outbox, 1)); /* sent already */
    assert_false(outbox_cancel(&outbox, 0)); /* no name */
    for (uint32_t i = 0; i <= first; i++)
        assert_receives(i, &fd);
    assert_receives(first + 2, &fd);
}

static void test_refused(void **state) {
    (void)state;
    struct err err;
    uint64_t tag = 0;
    uint32_t first = fill();
    assert_int_equal(send_number(0, 9, NULL, 0), OUTBOX_KEPT);
    fd_close(&ends[1]);
    assert_int_equal(outbox_flush(&outbox, &tag, &err), OUTBOX_REFUSED);
    assert_int_equal(tag, first + 1);
    assert_int_equal(outbox_flush(&outbox, &tag, &err), OUTBOX_REFUSED);
    assert_int_equal(tag, 9);
    assert_int_equal(outbox_flush(&outbox, &tag, &err), OUTBOX_SENT);
    assert_int_equal(send_number(0, 1, NULL, 0), OUTBOX_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_waits_in_order),
        TEST(test_cancel),
        TEST(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
