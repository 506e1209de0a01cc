/* See sandbox_fake.h. */
#include "sandbox_fake.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/fd.h"

uint64_t started_count;
bool is_killed[MAX_SANDBOXES + 1];
bool is_frozen[MAX_SANDBOXES + 1];
bool is_fitted[MAX_SANDBOXES + 1];
int clears[MAX_SANDBOXES + 1];
int runs[MAX_SANDBOXES + 1];
int signals[MAX_SANDBOXES + 1];
int sockets[MAX_SANDBOXES + 1];
uint32_t cpus_millis[MAX_SANDBOXES + 1];
bool is_full;
int last_output[MAX_SANDBOXES + 1];
uint32_t last_run[MAX_SANDBOXES + 1];
struct launched launched;

struct control {
    uint64_t id;
    struct loop *loop;
    struct control_callbacks callbacks;
    void *arg;
    uint32_t running; /* a bit for each number */
    uint32_t killed;  /* the number that got SIGKILL last */
};

static struct control *controls[MAX_SANDBOXES + 1];
static int control_fds[MAX_SANDBOXES + 1];

void fake_reset(void) {
    started_count = 0;
    memset(is_killed, 0, sizeof is_killed);
    memset(is_frozen, 0, sizeof is_frozen);
    memset(is_fitted, 0, sizeof is_fitted);
    memset(clears, 0, sizeof clears);
    memset(runs, 0, sizeof runs);
    memset(signals, 0, sizeof signals);
    memset(sockets, 0, sizeof sockets);
    memset(cpus_millis, 0, sizeof cpus_millis);
    is_full = false;
    memset(last_run, 0, sizeof last_run);
    memset(control_fds, 0, sizeof control_fds);
    for (size_t i = 0; i <= MAX_SANDBOXES; i++)
        last_output[i] = -1;
}

static void note_program(const struct program *program) {
    snprintf(launched.program, sizeof launched.program, "%s", program->argv[0]);
    size_t len = 0;
    launched.variables[0] = '\0';
    for (size_t i = 0; program->envp[i]; i++) {
        len += (size_t)snprintf(launched.variables + len, sizeof launched.variables - len, "%s\n",
                                program->envp[i]);
        assert_true(len < sizeof launched.variables);
    }
}

static void note_mounts(const struct plan *plan, const int *mount_fds) {
    launched.mount_count = plan->mount_count;
    for (size_t i = 0; i < plan->mount_count; i++) {
        snprintf(launched.targets[i], sizeof launched.targets[i], "%s", plan->mounts[i].target);
        assert_true(mount_fds[i] >= 0);
    }
}

uint64_t sandbox_start(struct sandbox_host *host, const struct plan *plan, const int *mount_fds,
                       int handover_fd) {
    (void)host;
    assert_int_equal(handover_fd, -1);
    note_program(&plan->program);
    note_mounts(plan, mount_fds);
    assert_true(started_count < MAX_SANDBOXES);
    return ++started_count;
}

void sandbox_fit(struct sandbox_host *host, uint64_t id, const struct plan *plan, const int *mount_fds) {
    (void)host;
    note_mounts(plan, mount_fds);
    is_fitted[id] = true;
}

void sandbox_kill(struct sandbox_host *host, uint64_t id) {
    (void)host;
    is_killed[id] = true;
}

void sandbox_limit_cpu(struct sandbox_host *host, uint64_t id, uint32_t cpu_millis) {
    (void)host;
    assert_true(id <= started_count);
    cpus_millis[id] = cpu_millis;
}

void sandbox_freeze(struct sandbox_host *host, uint64_t id, int freezer_fd, bool is_frozen_now) {
    (void)host, (void)id, (void)freezer_fd, (void)is_frozen_now;
    fail();
}

bool sandbox_count_oom_kills(int memory_events_fd, uint64_t *ret_count) {
    (void)memory_events_fd, (void)ret_count;
    return false;
}

void sandbox_fds_close(struct sandbox_fds *fds) {
    fd_close(&fds->runtime_listener);
    fd_close(&fds->api_listener);
    fd_close(&fds->output);
    fd_close(&fds->memory_peak);
    fd_close(&fds->freezer);
    fd_close(&fds->control);
    fd_close(&fds->memory_events);
}

int fake_control(uint64_t id) {
    control_fds[id] = open("/dev/null", O_RDWR | O_CLOEXEC);
    return control_fds[id];
}

/* The sandbox may be gone by then, and what is told may end it. */
static void end_all(void *arg) {
    uint64_t id = (uintptr_t)arg;
    struct control *control = controls[id];
    for (uint32_t number = 0; number < 32 && control && controls[id] == control; number++)
        if (control->running & 1u << number)
            exit_program(id, number, (struct program_end){.signal = SIGKILL});
    if (control && controls[id] == control)
        control->callbacks.cleared(control->arg);
}

struct control *control_new(struct loop *loop, int fd, const struct control_callbacks *callbacks, void *arg) {
    struct control *control = mem_alloc(sizeof *control);
    for (uint64_t id = 1; id <= MAX_SANDBOXES; id++)
        if (control_fds[id] == fd)
            control->id = id;
    assert_true(control->id > 0);
    control->loop = loop;
    control->callbacks = *callbacks;
    control->arg = arg;
    control->running = 1;
    controls[control->id] = control;
    close(fd);
    return control;
}

bool control_run(struct control *control, uint32_t number, const struct program *program, int output_fd,
                 struct err *err) {
    if (is_full)
        return err_set(err, ERR_LIMIT, "too many programs");
    note_program(program);
    assert_false(control->running & 1u << number);
    control->running |= 1u << number;
    runs[control->id]++;
    last_run[control->id] = number;
    fd_close(&last_output[control->id]);
    last_output[control->id] = dup(output_fd);
    return true;
}

/* As in end_all(). */
static void end_killed(void *arg) {
    uint64_t id = (uintptr_t)arg;
    struct control *control = controls[id];
    if (control && control->running & 1u << control->killed)
        exit_program(id, control->killed, (struct program_end){.signal = SIGKILL});
}

void control_signal(struct control *control, uint32_t number, int signum) {
    if (!(control->running & 1u << number))
        return;
    signals[control->id] = signum;
    if (signum != SIGKILL)
        return;
    control->killed = number;
    loop_defer(control->loop, end_killed, (void *)(uintptr_t)control->id);
}

void control_clear(struct control *control) {
    clears[control->id]++;
    loop_defer(control->loop, end_all, (void *)(uintptr_t)control->id);
}

void control_stop(struct control *control, bool is_stopped) {
    assert_true(is_frozen[control->id] != is_stopped);
    is_frozen[control->id] = is_stopped;
}

void control_make_socket(struct control *control) {
    sockets[control->id]++;
}

void control_free(struct control *control) {
    if (!control)
        return;
    controls[control->id] = NULL;
    fd_close(&last_output[control->id]);
    free(control);
}

void exit_program(uint64_t id, uint32_t number, struct program_end end) {
    struct control *control = controls[id];
    assert_non_null(control);
    assert_true(control->running & 1u << number);
    control->running &= ~(1u << number);
    control->callbacks.exited(control->arg, number, &end);
}
