/* The line from lamb serve to lamb-init, process 1 of one sandbox: what runs in it besides, and instead of,
 * the first program. Bytes: sandbox/control_packet.h. On the loop thread; what comes from inside is checked
 * and is never believed for more than this sandbox. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/program.h"
#include "sys/loop.h"

struct control;

/* After the sandbox has ended none of them is called any more: it is sandbox_callbacks.ended that tells. Each
 * may call control_free(). */
struct control_callbacks {
    /* Once for every program, also for one that could not be executed; the first one's number is 0. */
    void (*exited)(void *arg, uint32_t program, const struct program_end *end);
    /* After control_clear(): no process but lamb-init is left, and `exited` was told of every program. */
    void (*cleared)(void *arg);
    /* Once for every control_make_socket(), in order. The descriptor is the receiver's; -1: it could not. */
    void (*made_socket)(void *arg, int fd);
};

/* Takes the descriptor (sandbox_fds.control). Closing it ends the sandbox: see control_free(). */
struct control *control_new(struct loop *loop, int fd, const struct control_callbacks *callbacks, void *arg);

/* Starts a program in a session of its own, with the limits of the sandbox's plan. `number` is the caller's
 * and not that of a running one. `output_fd` becomes stdout and stderr and stays the caller's. Never blocks:
 * what the socket does not take is queued. Fails with ERR_LIMIT when LIMIT_SANDBOX_PROGRAMS run or the
 * command line is too long; what fails inside is told by `exited`. */
bool control_run(struct control *control, uint32_t number, const struct program *program, int output_fd,
                 struct err *err);

/* To the process of the program alone; none when it has ended. */
void control_signal(struct control *control, uint32_t number, int signum);

/* SIGKILL to every process but lamb-init, whatever it does; `exited` and then `cleared` follow. /tmp and the
 * listeners stay. What is asked for before `cleared` is done after it. */
void control_clear(struct control *control);

/* Stops every process but lamb-init by signals, or lets them go on: where there is no freezer. */
void control_stop(struct control *control, bool is_stopped);

/* Asks for a non-blocking TCP socket in the sandbox's network namespace, to connect from outside to what
 * listens inside; `made_socket` follows. */
void control_make_socket(struct control *control);

/* Closes the line, and with it ends the sandbox: lamb-init does not live without. NULL is fine; safe from
 * inside a callback. */
void control_free(struct control *control);
