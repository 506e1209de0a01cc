/* sys/fd: ownership, whole writes, and messages with descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fd.h"

static bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

/* How many descriptors are open: a leak shows as a change. */
static int count_open(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += is_open(fd);
    return count;
}

static int open_null(void) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void test_close(void **state) {
    (void)state;
    int fd = open_null();
    int number = fd;
    errno = ENOENT;
    fd_close(&fd);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(fd, -1);
    assert_false(is_open(number));
    fd_close(&fd);
}

static int scoped(bool keep) {
    OWN_FD int fd = open_null();
    int number = fd;
    return keep ? take_fd(&fd) : number;
}

static void test_scope(void **state) {
    (void)state;
    assert_false(is_open(scoped(false)));
    OWN_FD int kept = scoped(true);
    assert_true(is_open(kept));
}

static void test_flags(void **state) {
    (void)state;
    OWN_FD int fd = open_null();
    assert_true(fd_set_nonblocking(fd, NULL));
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    struct err err;
    assert_false(fd_set_nonblocking(-1, &err));
    assert_int_equal(err.errnum, EBADF);
}

static void test_write_all(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fd_write_all(ends[1], "hello", 5, NULL));
    char text[8] = "";
    assert_int_equal(read(ends[0], text, sizeof text), 5);
    assert_string_equal(text, "hello");
    close(ends[0]);
    struct err err;
    assert_false(fd_write_all(ends[1], "x", 1, &err));
    assert_int_equal(err.errnum, EPIPE);
    close(ends[1]);
}

static void test_messages(void **state) {
    (void)state;
    int before = count_open();
    int pair[2];
    assert_true(fd_socketpair(pair, NULL));
    assert_true(fcntl(pair[0], F_GETFD) & FD_CLOEXEC);
    assert_true(fd_send(pair[0], "one", 3, NULL, 0, NULL));
    assert_true(fd_send(pair[0], "two", 3, NULL, 0, NULL));
    char text[16];
    size_t len;
    int fds[FD_MAX_PASSED];
    assert_true(fd_receive(pair[1], text, sizeof text, &len, fds, NULL));
    assert_int_equal(len, 3);
    assert_memory_equal(text, "one", 3);
    for (size_t i = 0; i < FD_MAX_PASSED; i++)
        assert_int_equal(fds[i], -1);
    assert_true(fd_receive(pair[1], text, sizeof text, &len, fds, NULL));
    assert_memory_equal(text, "two", 3);
    fd_close(&pair[0]);
    assert_true(fd_receive(pair[1], text, sizeof text, &len, fds, NULL));
    assert_int_equal(len, 0);
    fd_close(&pair[1]);
    assert_int_equal(count_open(), before);
}

static void test_descriptors_travel(void **state) {
    (void)state;
    int before = count_open();
    int pair[2], ends[2];
    assert_true(fd_socketpair(pair, NULL));
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int sent[FD_MAX_PASSED];
    for (size_t i = 0; i < FD_MAX_PASSED; i++)
        sent[i] = ends[1];
    assert_true(fd_send(pair[0], "x", 1, sent, FD_MAX_PASSED, NULL));
    assert_true(is_open(ends[1]));
    close(ends[1]);
    char text[16];
    size_t len;
    int fds[FD_MAX_PASSED];
    assert_true(fd_receive(pair[1], text, sizeof text, &len, fds, NULL));
    for (size_t i = 0; i < FD_MAX_PASSED; i++) {
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        assert_true(fd_write_all(fds[i], "y", 1, NULL));
        fd_close(&fds[i]);
    }
    char received[32];
    assert_int_equal(read(ends[0], received, sizeof received), FD_MAX_PASSED);
    close(ends[0]);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(count_open(), before);
}

static void test_what_does_not_fit_leaks_nothing(void **state) {
    (void)state;
    int before = count_open();
    int pair[2];
    assert_true(fd_socketpair(pair, NULL));
    int null = open_null();
    int sent[] = {null, null};
    assert_true(fd_send(pair[0], "too long", 8, sent, 2, NULL));
    char text[4];
    size_t len = 77;
    int fds[FD_MAX_PASSED];
    struct err err;
    assert_false(fd_receive(pair[1], text, sizeof text, &len, fds, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(len, 77);
    assert_int_equal(count_open(), before + 3);

    /* More descriptors than fd_send allows, as a stranger would send them. */
    int many[FD_MAX_PASSED + 4];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof many)];
    } control = {0};
    struct iovec part = {.iov_base = "x", .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    for (size_t i = 0; i < FD_MAX_PASSED + 4; i++)
        many[i] = null;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof many);
    memcpy(CMSG_DATA(header), many, sizeof many);
    assert_int_equal(sendmsg(pair[0], &message, 0), 1);
    assert_false(fd_receive(pair[1], text, sizeof text, &len, fds, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(count_open(), before + 3);

    assert_false(fd_send(pair[0], "x", 1, many, FD_MAX_PASSED + 4, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    close(null);
    close(pair[0]);
    close(pair[1]);
}

static void test_nothing_there_yet(void **state) {
    (void)state;
    int pair[2];
    assert_true(fd_socketpair(pair, NULL));
    assert_true(fd_set_nonblocking(pair[1], NULL));
    char text[4];
    size_t len;
    int fds[FD_MAX_PASSED];
    struct err err;
    assert_false(fd_receive(pair[1], text, sizeof text, &len, fds, &err));
    assert_int_equal(err.errnum, EAGAIN);
    fd_close(&pair[1]);
    assert_false(fd_send(pair[0], "x", 1, NULL, 0, &err));
    assert_int_equal(err.errnum, EPIPE);
    fd_close(&pair[0]);
}

int main(void) {
    /* Writing into a closed pipe is an error here, as it is under a loop. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_write_all),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_descriptors_travel),
        cmocka_unit_test(test_what_does_not_fit_leaks_nothing),
        cmocka_unit_test(test_nothing_there_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
