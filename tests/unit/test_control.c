/* sandbox/control: what lamb-init is sent, and that nothing it sends is believed for more than it says. The
 * test is lamb-init; the real one is tried in tests/escape. */
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
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox/control.h"
#include "sandbox/control_packet.h"
#include "sys/fd.h"

#define NONE UINT32_MAX

static const char *const argv[] = {"/opt/extensions/x", NULL};
static const char *const envp[] = {"SECRET=1", NULL};
static const struct program program = {.working_dir = "/var/task", .argv = argv, .envp = envp};

static struct loop *loop;
static struct control *control;
static int inside; /* lamb-init's end */
static int null_fd;

/* What was told. */
static uint32_t exited_program;
static struct program_end exited_end;
static int exits;
static int clears;
static int sockets;
static int socket_fd;
static bool frees_itself;

static void free_if_asked(void) {
    if (!frees_itself)
        return;
    control_free(control);
    control = NULL;
}

static void exited(void *arg, uint32_t number, const struct program_end *end) {
    assert_ptr_equal(arg, &exits);
    exited_program = number;
    exited_end = *end;
    exits++;
    free_if_asked();
}

static void cleared(void *arg) {
    (void)arg;
    clears++;
    free_if_asked();
}

static void made_socket(void *arg, int fd) {
    (void)arg;
    sockets++;
    fd_close(&socket_fd);
    socket_fd = fd;
    free_if_asked();
}

static int set_up(void **state) {
    (void)state;
    static const struct control_callbacks callbacks = {exited, cleared, made_socket};
    int pair[2];
    if (!fd_socketpair(pair, NULL) || !fd_set_nonblocking(pair[0], NULL) ||
        !fd_set_nonblocking(pair[1], NULL))
        return -1;
    null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    loop = loop_new();
    inside = pair[1];
    control = control_new(loop, pair[0], &callbacks, &exits);
    exited_program = NONE;
    exits = clears = sockets = 0;
    socket_fd = -1;
    frees_itself = false;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    control_free(control);
    loop_free(loop);
    fd_close(&inside);
    fd_close(&null_fd);
    fd_close(&socket_fd);
    return 0;
}

static void turn(void) {
    for (int i = 0; i < 4; i++)
        loop_turn(loop, false);
}

static void say(struct control_packet packet, int fd) {
    assert_true(fd_send(inside, &packet, sizeof packet, &fd, fd == -1 ? 0 : 1, NULL));
    turn();
}

static char bytes[CONTROL_MAX_BYTES];

/* The next packet that lamb-init gets; what stands behind it is in `bytes`. */
static struct control_packet hear(size_t *ret_len, int *ret_fd) {
    struct control_packet packet;
    struct err err;
    size_t len;
    int fds[FD_MAX_PASSED];
    if (!fd_receive(inside, bytes, sizeof bytes, &len, fds, &err))
        fail_msg("%s", err.text);
    assert_true(len >= sizeof packet);
    memcpy(&packet, bytes, sizeof packet);
    memmove(bytes, bytes + sizeof packet, len - sizeof packet);
    *ret_len = len - sizeof packet;
    *ret_fd = fds[0];
    assert_int_equal(fds[1], -1);
    return packet;
}

static void assert_hears(enum control_type type, uint32_t number, int value) {
    size_t len;
    int fd;
    struct control_packet packet = hear(&len, &fd);
    assert_int_equal(packet.type, type);
    assert_int_equal(packet.program, number);
    assert_int_equal(packet.value, value);
    assert_int_equal(len, 0);
    assert_int_equal(fd, -1);
}

static void run(uint32_t number) {
    struct err err;
    if (!control_run(control, number, &program, null_fd, &err))
        fail_msg("%s", err.text);
}

static void test_run(void **state) {
    (void)state;
    size_t len;
    int fd;
    run(7);
    struct control_packet packet = hear(&len, &fd);
    assert_int_equal(packet.type, CONTROL_RUN);
    assert_int_equal(packet.program, 7);
    assert_true(fd != -1);
    fd_close(&fd);
    struct program *decoded;
    assert_true(program_decode(bytes, len, &decoded, NULL));
    assert_string_equal(decoded->argv[0], argv[0]);
    assert_string_equal(decoded->envp[0], envp[0]);
    program_free(decoded);
    say((struct control_packet){CONTROL_EXITED, 7, W_EXITCODE(3, 0), 0}, -1);
    assert_int_equal(exits, 1);
    assert_int_equal(exited_program, 7);
    assert_true(exited_end.exited);
    assert_int_equal(exited_end.exit_status, 3);
}

static void test_orders(void **state) {
    (void)state;
    control_signal(control, 0, SIGTERM);
    control_signal(control, 9, SIGTERM); /* does not run */
    control_stop(control, true);
    control_stop(control, false);
    control_clear(control);
    control_make_socket(control);
    assert_hears(CONTROL_SIGNAL, 0, SIGTERM);
    assert_hears(CONTROL_STOP, 0, 1);
    assert_hears(CONTROL_STOP, 0, 0);
    assert_hears(CONTROL_CLEAR, 0, 0);
    assert_hears(CONTROL_MAKE_SOCKET, 0, 0);
}

static void test_ends(void **state) {
    (void)state;
    run(1);
    say((struct control_packet){CONTROL_EXITED, 0, SIGKILL, 0}, -1);
    assert_false(exited_end.exited);
    assert_int_equal(exited_end.signal, SIGKILL);
    say((struct control_packet){CONTROL_EXITED, 1, W_EXITCODE(127, 0), ENOENT}, -1);
    assert_int_equal(exited_end.exec_errno, ENOENT);
    assert_int_equal(exits, 2);
}

/* Nobody who got hold of lamb-init's end can tell of what was not asked for. */
static void test_lies(void **state) {
    (void)state;
    say((struct control_packet){CONTROL_EXITED, 5, 0, 0}, -1); /* never ran */
    say((struct control_packet){CONTROL_CLEARED, 0, 0, 0}, -1);
    say((struct control_packet){CONTROL_MADE_SOCKET, 0, 0, 0}, null_fd);
    say((struct control_packet){CONTROL_RUN, 0, 0, 0}, null_fd);
    say((struct control_packet){99, 0, 0, 0}, -1);
    assert_true(fd_send(inside, "x", 1, NULL, 0, NULL));
    memset(bytes, 0, sizeof bytes);
    bytes[0] = CONTROL_CLEARED;
    assert_true(fd_send(inside, bytes, sizeof bytes, NULL, 0, NULL));
    turn();
    assert_int_equal(exits + clears + sockets, 0);
    say((struct control_packet){CONTROL_EXITED, 0, 0, 0}, -1);
    say((struct control_packet){CONTROL_EXITED, 0, 0, 0}, -1); /* a second time */
    assert_int_equal(exits, 1);
}

static void test_cleared_once_for_each(void **state) {
    (void)state;
    control_clear(control);
    say((struct control_packet){.type = CONTROL_CLEARED}, -1);
    say((struct control_packet){.type = CONTROL_CLEARED}, -1);
    assert_int_equal(clears, 1);
}

static void test_socket(void **state) {
    (void)state;
    OWN_FD int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    control_make_socket(control);
    say((struct control_packet){.type = CONTROL_MADE_SOCKET}, tcp);
    assert_int_equal(sockets, 1);
    assert_true(socket_fd != -1);
    assert_true(fcntl(socket_fd, F_GETFL) & O_NONBLOCK);
    say((struct control_packet){.type = CONTROL_MADE_SOCKET}, tcp);
    assert_int_equal(sockets, 1);
}

/* A descriptor that is something else is as good as none. */
static void test_no_socket(void **state) {
    (void)state;
    OWN_FD int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    OWN_FD int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int wrong[] = {-1, null_fd, datagrams, local};
    for (int i = 0; i < 4; i++) {
        control_make_socket(control);
        say((struct control_packet){.type = CONTROL_MADE_SOCKET}, wrong[i]);
        assert_int_equal(sockets, i + 1);
        assert_int_equal(socket_fd, -1);
    }
}

static void test_limits(void **state) {
    (void)state;
    struct err err;
    char *long_text = mem_alloc(LIMIT_PLAN_BYTES);
    memset(long_text, 'x', LIMIT_PLAN_BYTES - 1);
    const struct program too_long = {
        .working_dir = "/", .argv = (const char *const[]){"x", long_text, NULL}, .envp = envp};
    assert_false(control_run(control, 1, &too_long, null_fd, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    free(long_text);
    for (uint32_t i = 1; i < LIMIT_SANDBOX_PROGRAMS; i++)
        run(i);
    assert_false(control_run(control, 100, &program, null_fd, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    say((struct control_packet){CONTROL_EXITED, 3, 0, 0}, -1);
    run(100);
}

/* What a full socket does not take comes later, in order. */
static void test_full_socket(void **state) {
    (void)state;
    enum { ORDERS = 3000 };
    for (int i = 0; i < ORDERS; i++)
        control_signal(control, 0, i);
    control_stop(control, true);
    for (int i = 0; i < ORDERS; i++) {
        assert_hears(CONTROL_SIGNAL, 0, i);
        turn();
    }
    assert_hears(CONTROL_STOP, 0, 1);
}

static void test_broken_line(void **state) {
    (void)state;
    struct err err;
    fd_close(&inside);
    turn();
    assert_false(control_run(control, 1, &program, null_fd, &err));
    control_signal(control, 0, SIGTERM);
    control_clear(control);
    turn();
    assert_int_equal(exits + clears, 0);
}

static void test_free_in_callback(void **state) {
    (void)state;
    frees_itself = true;
    control_clear(control);
    control_make_socket(control);
    const struct control_packet packets[] = {{CONTROL_EXITED, 0, 0, 0}, {CONTROL_CLEARED, 0, 0, 0}};
    for (size_t i = 0; i < 2; i++)
        assert_true(fd_send(inside, &packets[i], sizeof packets[i], NULL, 0, NULL));
    turn();
    assert_null(control);
    assert_int_equal(exits, 1);
    assert_int_equal(clears, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_run),
        TEST(test_orders),
        TEST(test_ends),
        TEST(test_lies),
        TEST(test_cleared_once_for_each),
        TEST(test_socket),
        TEST(test_no_socket),
        TEST(test_limits),
        TEST(test_full_socket),
        TEST(test_broken_line),
        TEST(test_free_in_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
